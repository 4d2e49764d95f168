# SPDX-License-Identifier: GPL-3.0-or-later
"""eucalyptus.ha.nc_route on a node controller under each network manager that runs in a container, across reboots, and undone.

A reboot is a restart of the container: podman gives the address back itself, the managers start anew and set what their
files say. EL's network-scripts are not among them (no such host in the lab): their files are tested as text.
"""

from __future__ import annotations

import base64
import json
import re

import pytest
from lab import podman
from system_helpers import wait_for

# On the private network and alive, so that it can stand for the gateway of before.
EARLIER = "cc2"
SERVICES = ("systemd-networkd", "networking", "NetworkManager")
CONFIGURED = (
    "/etc/systemd/network/* /etc/network/interfaces.d/* /etc/netplan/* /etc/NetworkManager/system-connections/*"
)


@pytest.fixture(scope="module")
def nc(cluster):
    """The lab with a gateway, and a node controller that has every manager installed and none enabled."""
    assert cluster.play("gateway").status == 0
    run = cluster.play("nc_route", *proof(url=cluster.url))
    assert run.status == 0, run.output
    # Also a proof: everything below comes through the gateway.
    cluster.sh(
        "nc1",
        "set -e; printf '#!/bin/sh\\nexit 101\\n' > /usr/sbin/policy-rc.d; chmod 0755 /usr/sbin/policy-rc.d; apt-get update -q;"
        "DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends ifupdown netplan.io network-manager;"
        "rm /usr/sbin/policy-rc.d; mkdir -p /etc/netplan",
    )
    run = cluster.play("nc_route", "-e", "nc_route_state=absent")
    assert run.status == 0, run.output
    return cluster


def earlier(cluster):
    return cluster.address[EARLIER]


def networkd(cluster):
    return {
        "/etc/systemd/network/lan.network": "[Match]\nName=eth0\n\n[Network]\n"
        f"Address={cluster.address['nc1']}/24\nGateway={earlier(cluster)}\n\n"
        f"[Route]\nDestination=203.0.113.0/24\nGateway={cluster.address['cc1']}\n"
    }, ["systemd-networkd"]


def netplan(cluster):
    return {
        "/etc/netplan/01-lan.yaml": "network:\n  version: 2\n  renderer: networkd\n  ethernets:\n    eth0:\n"
        f"      addresses: [{cluster.address['nc1']}/24]\n      routes:\n"
        f"        - to: default\n          via: {earlier(cluster)}  # the old gateway\n"
        f"        - to: 203.0.113.0/24\n          via: {cluster.address['cc1']}\n"
    }, ["systemd-networkd"]


def ifupdown(cluster):
    return {
        "/etc/network/interfaces.d/lan": "auto eth0\niface eth0 inet static\n"
        # podman has set the address already, which ifup takes for a failure of its own.
        f"  pre-up ip -4 address flush dev eth0\n  address {cluster.address['nc1']}/24\n"
        f"  gateway {earlier(cluster)}\n  up ip route add 203.0.113.0/24 via {cluster.address['cc1']}\n"
    }, ["networking"]


def networkmanager(cluster):
    return {
        "/etc/NetworkManager/system-connections/lan.nmconnection": "[connection]\nid=lan\n"
        "uuid=2f9c7d4e-0d2b-4a4b-9d84-0c2f4a9a1b11\ntype=ethernet\ninterface-name=eth0\n[ipv4]\nmethod=manual\n"
        f"address1={cluster.address['nc1']}/24,{earlier(cluster)}\nroute1=203.0.113.0/24,{cluster.address['cc1']}\n"
        "[ipv6]\nmethod=disabled\n",
        # An address that is there already, here podman's, is taken for somebody else's business.
        "/etc/systemd/system/NetworkManager.service.d/lab.conf": "[Service]\n"
        "ExecStartPre=/sbin/ip -4 address flush dev eth0\nExecStartPre=/sbin/ip link set eth0 down\n",
    }, ["NetworkManager"]


def networkmanager_by_dhcp(cluster):
    """netplan writes NetworkManager's connection, and the address and the earlier gateway come by DHCP from cc2."""
    _files, services = networkmanager(cluster)
    return {
        "/etc/netplan/01-lan.yaml": "network:\n  version: 2\n  renderer: NetworkManager\n  ethernets:\n    eth0:\n"
        f"      dhcp4: true\n      routes:\n        - to: 203.0.113.0/24\n          via: {cluster.address['cc1']}\n",
        **{path: text for path, text in _files.items() if path.endswith(".conf")},
    }, services


MANAGERS = {"networkd": networkd, "netplan": netplan, "ifupdown": ifupdown, "networkmanager": networkmanager}


def said(run):
    """What a run printed, without what YAML adds to a text: line breaks, and a second quote to each."""
    return " ".join(run.output.split()).replace("''", "'")


def set_up(cluster, manager):
    """What the operating system's installer would have left: one manager, one static address, one gateway."""
    files, services = (networkmanager_by_dhcp if manager == "dhcp" else MANAGERS[manager])(cluster)
    cluster.sh(
        "nc1", f"rm -rf {CONFIGURED}; systemctl disable {' '.join(SERVICES)} 2>/dev/null; ip -4 route flush default"
    )
    for path, text in files.items():
        cluster.lab.exec(
            "nc1",
            "sh",
            "-c",
            f"umask 077; mkdir -p $(dirname {path}); chmod 755 $(dirname {path}); cat > {path}",
            input=text,
        )
    # networkd runs as its own user, which must be able to read its files.
    cluster.sh("nc1", f"chmod -R go+r /etc/systemd/network; systemctl enable {' '.join(services)}")


def reboot(cluster):
    cluster.lab.close_ssh()
    podman("restart", "--time", "3", cluster.lab.container("nc1"))
    cluster.lab.wait_for_ssh()
    cluster.sh("nc1", "timeout 30 systemctl is-system-running --wait || [ $? -ne 124 ]")


def defaults(cluster):
    """Gateways of nc1's default routes."""
    return [line.split()[2] for line in cluster.sh("nc1", "ip -4 -o route show default").splitlines()]


def fingerprint(cluster):
    """Files and their contents; NetworkManager writes a connection anew in its own form, so its routes must do for it."""
    return cluster.sh(
        "nc1",
        "find /etc /var/lib/eucalyptus-ha -xdev -type f -printf '%p %m %u %g\\n' -exec sha256sum {} + 2>/dev/null"
        " | grep -v -e /etc/ssh/ -e /etc/resolv.conf -e /etc/hosts -e system-connections | sort",
    )


def proof(**suboptions):
    return ["-e", json.dumps({"nc_route_prove": suboptions})]


def outside(cluster, number):
    """The outer address of a cluster controller."""
    return f"{cluster.url.split('/')[2].rsplit('.', 1)[0]}.{number}"


def prove(cluster):
    sources = ",".join(outside(cluster, number) for number in (11, 12))
    return proof(url=cluster.url, sources=sources)


@pytest.mark.parametrize("manager", MANAGERS)
def test_the_manager_keeps_the_vip_over_a_reboot_and_gives_back_what_was_before(nc, manager):
    set_up(nc, manager)
    reboot(nc)
    wait_for(lambda: defaults(nc) == [earlier(nc)])
    before = fingerprint(nc)

    checked = nc.play("nc_route", "--check", "--diff")
    assert checked.status == 0, checked.output
    assert fingerprint(nc) == before
    assert defaults(nc) == [earlier(nc)]

    run = nc.play("nc_route", *prove(nc))
    assert run.status == 0, run.output
    words = " ".join(run.output.split())
    assert f"set by {manager} (" in words, run.output
    assert f"{nc.url} was fetched; it names {outside(nc, 11)}" in words, run.output
    assert defaults(nc)[0] == nc.vip

    run = nc.play("nc_route", *prove(nc))
    assert (run.status, run.recap["nc1"]["changed"]) == (0, 0), run.output

    reboot(nc)
    wait_for(lambda: defaults(nc) == [nc.vip])
    assert "203.0.113.0/24" in nc.sh("nc1", "ip -4 route"), "the site's other routes stay"
    assert "hello" in nc.sh("nc1", f"curl -s -S -m 5 {nc.url}")

    run = nc.play("nc_route", "-e", "nc_route_state=absent")
    assert run.status == 0, run.output
    assert defaults(nc) == [earlier(nc)]
    assert fingerprint(nc) == before
    run = nc.play("nc_route", "-e", "nc_route_state=absent")
    assert (run.status, run.recap["nc1"]["changed"]) == (0, 0), run.output
    reboot(nc)
    wait_for(lambda: defaults(nc) == [earlier(nc)])


def test_without_a_manager_a_unit_does_it_and_a_changed_backend_replaces_it(nc):
    set_up(nc, "networkd")
    nc.sh("nc1", "systemctl disable systemd-networkd")
    reboot(nc)
    nc.sh("nc1", f"ip route add default via {earlier(nc)}")
    before = fingerprint(nc)
    run = nc.play("nc_route", *prove(nc))
    assert run.status == 0, run.output
    assert "set by a systemd unit (" in " ".join(run.output.split())
    reboot(nc)
    wait_for(lambda: defaults(nc) == [nc.vip])

    nc.sh("nc1", "systemctl enable --now systemd-networkd")
    run = nc.play("nc_route", *prove(nc))
    assert run.status == 0, run.output
    assert "set by networkd (" in " ".join(run.output.split())
    assert nc.status("nc1", "systemctl cat eucalyptus-nc-route.service") != 0, "no two mechanisms"
    assert set(defaults(nc)) == {nc.vip}
    run = nc.play("nc_route", "-e", "nc_route_backend=unit")
    assert run.status == 0, run.output
    assert nc.status("nc1", "ls /etc/systemd/network/lan.network.d") != 0, "no two mechanisms"
    run = nc.play("nc_route", "-e", "nc_route_backend=unit")
    assert (run.status, run.recap["nc1"]["changed"]) == (0, 0), run.output

    run = nc.play("nc_route", "-e", "nc_route_state=absent")
    assert run.status == 0, run.output
    assert defaults(nc)[0] == earlier(nc)
    nc.sh("nc1", "systemctl disable --now systemd-networkd")
    assert fingerprint(nc) == before


def test_a_changed_vip_replaces_the_old_one(nc):
    set_up(nc, "networkd")
    reboot(nc)
    wait_for(lambda: defaults(nc) == [earlier(nc)])
    assert nc.play("nc_route").status == 0
    other = nc.address["cc1"]
    run = nc.play("nc_route", "-e", f"nc_route_vip={other}")
    assert run.status == 0, run.output
    both = f"nc_route_vip is {other}, but cc_gateway_vip of the cluster is {nc.vip}"
    assert both in said(run), run.output
    assert set(defaults(nc)) == {other}
    assert nc.status("nc1", f"grep -rF {nc.vip} /etc/systemd/network") != 0
    assert nc.play("nc_route", "-e", "nc_route_state=absent").status == 0
    assert defaults(nc) == [earlier(nc)]


def test_p13_the_route_comes_before_that_of_dhcp(nc):
    """netplan renders for NetworkManager; without a metric of ours both default routes would have 100."""
    nc.sh("cc2", "command -v dnsmasq >/dev/null || { apt-get update -q; apt-get install -y -q --no-install-recommends dnsmasq-base; }")
    own = nc.address["nc1"]
    server = (
        f"dnsmasq --keep-in-foreground --port=0 --interface=eth0 --bind-interfaces --no-ping --leasefile-ro --dhcp-range={own},{own},1h"
        f" --dhcp-option=3,{earlier(nc)}"
    )
    nc.sh("cc2", f"systemd-run --quiet --unit=dhcp {server}")
    try:
        set_up(nc, "dhcp")
        reboot(nc)
        wait_for(lambda: defaults(nc) == [earlier(nc)], 40)
        before = fingerprint(nc)
        run = nc.play("nc_route", *prove(nc))
        assert run.status == 0, run.output
        assert "set by netplan (netplan writes NetworkManager's connection" in said(run), run.output

        def metrics():
            return {
                route.split()[2]: int(f" {route} ".partition(" metric ")[2].split(maxsplit=1)[0])
                for route in nc.sh("nc1", "ip -4 -o route show default").splitlines()
            }

        assert metrics()[nc.vip] < metrics()[earlier(nc)]
        nc.sh("cc2", "systemctl restart dhcp")  # its only address may be leased to the MAC address of before
        reboot(nc)
        wait_for(lambda: nc.vip in defaults(nc) and earlier(nc) in defaults(nc), 40)
        assert metrics()[nc.vip] < metrics()[earlier(nc)]
        run = nc.play("nc_route", *prove(nc))
        assert (run.status, run.recap["nc1"]["changed"]) == (0, 0), run.output
        run = nc.play("nc_route", "-e", "nc_route_state=absent")
        assert run.status == 0, run.output
        assert fingerprint(nc) == before
        assert defaults(nc) == [earlier(nc)]
    finally:
        nc.sh("cc2", "systemctl stop dhcp")
        set_up(nc, "networkd")
        reboot(nc)
        wait_for(lambda: defaults(nc) == [earlier(nc)])


def test_n2_a_host_without_ping_is_asked_and_proved_all_the_same(nc):
    nc.sh("nc1", "mv /usr/bin/ping /usr/bin/ping.away")
    try:
        run = nc.play("nc_route", *proof(address=outside(nc, 11)))
        assert run.status == 0, run.output
        assert f"{outside(nc, 11)} answers ping" in said(run), run.output
    finally:
        nc.sh("nc1", "mv /usr/bin/ping.away /usr/bin/ping")
    assert nc.play("nc_route", "-e", "nc_route_state=absent").status == 0
    assert defaults(nc) == [earlier(nc)]


def test_s3_no_file_of_the_host_is_in_a_log_however_verbose(nc):
    nc.sh("nc1", "printf '# psk hunter2\\n' >> /etc/systemd/network/lan.network")
    for arguments in (("--check", "--diff"), ("--diff",), ("-e", "nc_route_state=absent", "--diff")):
        run = nc.play("nc_route", "-vvvv", *arguments)
        assert run.status == 0, run.output
        assert "hunter2" not in run.output
        encoded = re.findall(r"[A-Za-z0-9+/]{24,}", run.output)
        assert not [text for text in encoded if b"hunter2" in base64.b64decode(text[: len(text) // 4 * 4])]
    assert "hunter2" not in nc.sh("nc1", "journalctl --no-pager")
    assert nc.sh("nc1", "stat -c '%a %U' /etc/systemd/network/lan.network").split()[1] == "root"


def test_a_file_keeps_its_owner_group_and_mode(nc):
    nc.sh("nc1", "chgrp systemd-network /etc/systemd/network/lan.network; chmod 640 /etc/systemd/network/lan.network")
    before = fingerprint(nc)
    assert nc.play("nc_route", *prove(nc)).status == 0
    assert nc.sh("nc1", "stat -c '%a %G' /etc/systemd/network/lan.network").split() == ["640", "systemd-network"]
    assert nc.play("nc_route", "-e", "nc_route_state=absent").status == 0
    assert fingerprint(nc) == before


def test_a_route_that_leads_nowhere_is_rolled_back_before_the_run_fails(nc):
    before = fingerprint(nc)
    run = nc.play("nc_route", *proof(url="http://203.0.113.1/"))
    assert run.status != 0
    words = " ".join(run.output.split())
    assert "nc1: the previous default route has been restored. nc_route_prove.url http://203.0.113.1/ cannot be fetched" in words, words
    assert fingerprint(nc) == before
    assert defaults(nc) == [earlier(nc)]
    run = nc.play("nc_route", *proof(url=nc.url, sources="192.0.2.77"))
    assert run.status != 0
    assert "the traffic does not go through the gateway" in said(run), run.output
    assert fingerprint(nc) == before
    assert defaults(nc) == [earlier(nc)]
    assert nc.status("nc1", "systemctl is-active eucalyptus-nc-route-rollback.timer") != 0
    assert nc.status("nc1", "ls /run/eucalyptus-ha-nc-route") != 0


def test_a_host_that_ansible_no_longer_reaches_restores_its_route_itself(nc):
    """A packet filter stands for a way back that was lost: it falls the moment the route changes."""
    before = fingerprint(nc)
    nc.sh(
        "nc1",
        "printf '#!/bin/sh\\nuntil ip -4 route show default | grep -qF \"%s\"; do sleep 0.1; done\\n"
        "iptables -A INPUT -p tcp --dport 22 -j DROP; sleep 25; iptables -D INPUT -p tcp --dport 22 -j DROP\\n'"
        f" 'via {nc.vip} ' > /run/cut.sh; systemd-run --quiet --unit=cut /bin/sh /run/cut.sh",
    )
    run = nc.play("nc_route", "-e", "nc_route_revert_after=10", "-T", "3", "-e", "ansible_ssh_retries=0")
    assert run.status != 0
    assert "The host restored it itself, because Ansible did not reconnect" in said(run), run.output
    wait_for(lambda: defaults(nc) == [earlier(nc)])
    wait_for(lambda: nc.status("nc1", "systemctl is-active cut.service") != 0, 40)
    wait_for(lambda: fingerprint(nc) == before)
    assert "not confirmed" in nc.sh("nc1", "journalctl -t eucalyptus-nc-route --no-pager")


def test_what_cannot_work_is_rejected_before_anything_is_touched(nc):
    before = fingerprint(nc)
    for variables, words in (
        ("nc_route_vip=203.0.113.99", "is not in any network directly connected to this host"),
        (f"nc_route_vip={nc.address['nc1']}", "is an address of this host itself"),
        (f"nc_route_vip={nc.address['cc1'].rsplit('.', 1)[0]}.77", "no host answers ARP for the VIP"),
        ("nc_route_backnd=ifupdown", "did you mean nc_route_backend?"),
        ("nc_route_vip=elsewhere", "must be an IPv4 address"),
        ("nc_route_backend=ifupdown", "does not manage eth0"),
        ("nc_route_control_address=198.51.100.1", "would leave through it"),
        (proof(url="ftp://example.com/")[1], "nc_route_prove.url must be an http or https URL"),
        (proof(ulr="http://example.com/")[1], "did you mean nc_route_prove.url?"),
        ("nc_route_group=eucalyptus_mc", "did you mean eucalyptus_nc?"),
    ):
        run = nc.play("nc_route", "-e", variables)
        assert run.status != 0, run.output
        assert words.lower() in " ".join(run.output.split()).lower(), run.output
        assert "nothing was changed" in run.output or "nc_route_group" in variables, run.output
    assert fingerprint(nc) == before
    assert defaults(nc) == [earlier(nc)]
