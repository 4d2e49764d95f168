# SPDX-License-Identifier: GPL-3.0-or-later
"""remove.yml: what is refused, in which order it goes, what is left, and that an install works after it.

The tests build on each other, in this order, on one lab.
"""

from __future__ import annotations

import json
import re
import time

import pytest
from system_helpers import files, wait_for
from watch import AddressWatch

CONFIRM = ("-e", "cc_gateway_remove_confirm=true")
SITE = {
    "keepalived_config": {
        "vrrp_instance": {
            "site": {
                "state": "BACKUP",
                "interface": "eth0",
                "virtual_router_id": 77,
                "priority": 100,
                "advert_int": 1,
                "virtual_ipaddress": ["198.51.100.7/32 dev eth0"],
            }
        }
    }
}


def traces(cluster, host):
    """Names and texts of the collection's that are left."""
    return cluster.sh(
        host,
        "ls -d /etc/eucalyptus-ha /run/eucalyptus-ha /etc/tmpfiles.d/eucalyptus-ha.conf /usr/libexec/keepalived/cc* "
        "/var/lib/eucalyptus-ha /etc/eucalyptus/iptables-preload /run/eucalyptus.ha.keepalived.pending 2>/dev/null;"
        "iptables-save | grep -F eucalyptus.ha; grep -rlF eucalyptus.ha /etc /run/systemd 2>/dev/null; true",
    )


@pytest.fixture(scope="module")
def pair(cluster):
    """A deployed pair and a node controller behind it, and what all three were before."""
    # keepalived is there from the start, so that before and after differ by what the collection did alone.
    for host in ("cc1", "cc2"):
        cluster.sh(
            host,
            "apt-get update -q && DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends keepalived;"
            "systemctl disable --now keepalived; printf '*filter\\n:SITE - [0:0]\\n-A SITE -s 192.0.2.9/32 -j DROP\\nCOMMIT\\n'"
            " > /etc/eucalyptus/iptables-preload",
        )
    time.sleep(2)
    cluster.before = {host: files(cluster, host) for host in ("cc1", "cc2", "nc1")}
    for name in ("gateway", "nc_route"):
        run = cluster.play(name)
        assert run.status == 0, run.output
    wait_for(lambda: cluster.holders() == ["cc1"])
    return cluster


def test_nothing_is_removed_unasked(pair):
    before = {host: files(pair, host) for host in ("cc1", "cc2", "nc1")}
    for limit in ("all", "eucalyptus_cc"):
        run = pair.play("remove", "--limit", limit)
        assert run.status != 0
        assert "nothing was removed" in run.output
        assert "cc_gateway_remove_confirm" in run.output
    run = pair.play("remove", *CONFIRM, "--limit", "eucalyptus_cc")
    assert run.status != 0
    assert "whose default route may still be the VIP: nc1" in " ".join(run.output.split()), run.output
    assert {host: files(pair, host) for host in ("cc1", "cc2", "nc1")} == before
    assert pair.holders() == ["cc1"]


def test_one_host_of_a_pair_hands_over(pair):
    run = pair.play("remove", *CONFIRM, "--limit", "cc1")
    assert run.status == 0, run.output
    assert "removed from cc1. NOT removed from cc2" in " ".join(run.output.split()), run.output
    wait_for(lambda: pair.holders() == ["cc2"])
    assert "hello" in pair.sh("nc1", f"curl -s -S -m 5 {pair.url}"), "the node controller is still served"
    assert pair.play("gateway").status == 0
    wait_for(lambda: pair.holders() == ["cc1"])


def test_check_mode_removes_nothing(pair):
    before = {host: files(pair, host) for host in ("cc1", "cc2", "nc1")}
    run = pair.play("remove", *CONFIRM, "--check")
    assert run.status == 0, run.output
    assert {host: files(pair, host) for host in ("cc1", "cc2", "nc1")} == before


def test_the_node_controllers_go_first_and_the_holder_last(pair):
    with AddressWatch(pair.lab, pair.vip, ["cc1", "cc2"]) as watch:
        run = pair.play("remove", *CONFIRM)
    assert run.status == 0, run.output
    # The other host never took the VIP over: it was removed first.
    assert {(move.host, move.held) for move in watch.moves} == {("cc1", False)}, watch.moves
    positions = [
        run.output.index(text)
        for text in (
            "TASK [eucalyptus.ha.nc_route : Start the rollback timer, write the files and change the route]",
            "TASK [eucalyptus.ha.cc_gateway : Remove the gateway from the hosts that do not hold the VIP]",
            "TASK [eucalyptus.ha.cc_gateway : Remove the gateway from the host that holds it]",
        )
    ]
    assert positions == sorted(positions)
    assert pair.holders() == []


def test_nothing_is_left_and_nothing_else_was_touched(pair):
    time.sleep(2)
    for host in ("cc1", "cc2", "nc1"):
        ours = traces(pair, host).replace("/etc/eucalyptus/iptables-preload\n", "")
        assert ours == "", (host, ours)
        assert files(pair, host) == pair.before[host], host
    assert pair.status("cc1", "command -v keepalived") == 0, "the package stays unless asked"


def test_a_second_removal_changes_nothing(pair):
    run = pair.play("remove", *CONFIRM)
    assert run.status == 0, run.output
    assert {host: numbers["changed"] for host, numbers in run.recap.items()} == {"cc1": 0, "cc2": 0, "nc1": 0}, (
        run.output
    )


def test_an_install_after_it_works_and_the_sites_own_instance_stays(pair, tmp_path):
    # In the inventory: as an extra variable it would win over what the role composes from it.
    site = tmp_path / "site.yml"
    site.write_text(json.dumps({"eucalyptus_cc": {"vars": SITE}}), encoding="utf-8")
    for name in ("gateway", "nc_route"):
        run = pair.play(name, "-i", str(site))
        assert run.status == 0, run.output
    wait_for(lambda: pair.holders() == ["cc1"])
    assert "hello" in pair.sh("nc1", f"curl -s -S -m 5 {pair.url}")
    run = pair.play("remove", *CONFIRM, "-i", str(site), "-e", "cc_gateway_remove_keepalived=true")
    assert run.status != 0
    assert "entries of the site's own" in " ".join(run.output.split()), run.output

    assert pair.holders() == ["cc1"]
    assert "hello" in pair.sh("nc1", f"curl -s -S -m 5 {pair.url}"), "refused before anything was touched"
    run = pair.play("remove", *CONFIRM, "-i", str(site))
    assert run.status == 0, run.output
    assert pair.holders() == []
    for host in ("cc1", "cc2"):
        assert pair.sh(host, "systemctl is-active keepalived").strip() == "active"
        text = pair.sh(host, "cat /etc/keepalived/*")
        assert "vrrp_instance site" in text
        assert "cc-enabled-check" not in text
    addresses = [pair.sh(host, "ip -o -4 address show to 198.51.100.7") for host in ("cc1", "cc2")]
    assert sum(map(bool, addresses)) == 1, "the site's own VIP is where it was, on one host"
    run = pair.play("remove", *CONFIRM, "-i", str(site))
    assert (run.status, sum(numbers["changed"] for numbers in run.recap.values())) == (0, 0), run.output


def test_keepalived_goes_too_when_asked_and_a_dead_host_does_not_hold_it_up(pair):
    for host in ("cc1", "cc2"):
        pair.sh(host, "systemctl stop keepalived; rm -rf /etc/keepalived/*")
    for name in ("gateway", "nc_route"):
        run = pair.play(name)
        assert run.status == 0, run.output
    wait_for(lambda: pair.holders() == ["cc1"])
    pair.sh("cc2", "systemctl stop ssh.socket ssh.service 2>/dev/null; pkill -x sshd || true")
    try:
        run = pair.play(
            "remove", *CONFIRM, "-e", "cc_gateway_remove_keepalived=true", "-T", "3", "-e", "ansible_ssh_retries=0"
        )
        assert run.recap["cc1"]["failed"] == 0, run.output
        assert run.recap["cc2"]["unreachable"] == 1
        assert "removed from cc1. NOT removed from cc2" in " ".join(run.output.split()), run.output
        assert pair.status("cc1", "command -v keepalived") != 0
        assert re.search(rf"\b{re.escape(pair.vip)}/", pair.sh("cc1", "ip -o -4 address show")) is None
    finally:
        pair.sh("cc2", "systemctl start ssh.service")
    run = pair.play("remove", *CONFIRM, "-e", "cc_gateway_remove_keepalived=true")
    assert run.status == 0, run.output
    assert pair.holders() == []
    for host in ("cc1", "cc2", "nc1"):
        assert traces(pair, host).replace("/etc/eucalyptus/iptables-preload\n", "") == "", host
