# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is gathered from a node controller, by every Python of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import os

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _nc_route_inspect

pytestmark = pytest.mark.wall_clock

VIP = "10.0.0.10"
ROUTES = {
    "ip -4 -o route get 192.0.2.1": "192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.21 uid 0 \\    cache \n",
    "ip -4 -o route get 10.0.0.10": "10.0.0.10 dev eth0 src 10.0.0.21 uid 0 \\    cache \n",
    "ip -4 -o route show default": "default via 10.0.0.1 dev eth0 proto static \ndefault via 10.0.0.2 dev eth1 metric 9 \n",
    "ip -4 -o route show match 198.51.100.7": "default via 10.0.0.1 dev eth0 \n",
    "ip -4 -o address show": "1: lo    inet 127.0.0.1/8 scope host lo\\   valid\n2: eth0    inet 10.0.0.21/24 brd 10.0.0.255\n",
    "systemctl is-active systemd-networkd.service NetworkManager.service networking.service network.service": (
        "active\ninactive\nunknown\nactive\n"
    ),
    "systemctl is-enabled networking.service": "enabled\n",
    "networkctl --version": "systemd 252 (252.39-1)\n+PAM\n",
}
NETWORK_MANAGER = {
    "systemctl is-active systemd-networkd.service NetworkManager.service networking.service network.service": (
        "inactive\nactive\nunknown\nunknown\n"
    ),
    "nmcli -t -f GENERAL.STATE device show eth0": "GENERAL.STATE:100 (connected)\n",
    "nmcli -t -f UUID,DEVICE connection show --active": "uuid-0:lo\nuuid-1:eth0\n",
    "nmcli -t -f connection.id,ipv4.method,ipv4.gateway,ipv4.routes,ipv4.never-default connection show uuid-1": (
        "connection.id:lan\\: main\nipv4.method:manual\nipv4.gateway:10.0.0.1\nipv4.routes:\nipv4.never-default:no\n"
    ),
}


class Machine(object):
    """Programs by their command lines, and a tree of files."""

    def __init__(self, root, outputs, programs=("ip", "systemctl", "networkctl", "nmcli")):
        self.root, self.outputs, self.programs = str(root), dict(outputs), programs
        self.called = []

    def find(self, name):
        return "/usr/bin/" + name if name in self.programs else None

    def run(self, argv):
        command = " ".join(argv)
        self.called.append(command)
        output = self.outputs.get(command)
        return (1, "", "RTNETLINK answers: Network is unreachable\n") if output is None else (0, output, "")

    def put(self, path, text, mode=0o644):
        full = os.path.join(self.root, path)
        if not os.path.isdir(os.path.dirname(full)):
            os.makedirs(os.path.dirname(full))
        with open(full, "wb") as stream:
            stream.write(text)
        os.chmod(full, mode)

    def inspect(self, vip=VIP, interface="", control_address="198.51.100.7"):
        return _nc_route_inspect.Inspector(self.run, self.find, self.root).inspect(vip, interface, control_address)


@pytest.fixture
def asked(monkeypatch):
    """Who was asked for by ARP; the network answers nothing."""
    found = []

    def who_answers(vip, interface):
        found.append((vip, interface))
        return {"macs": [], "error": None}

    monkeypatch.setattr(_nc_route_inspect, "who_answers", who_answers)
    return found


def test_a_host_of_systemd_networkd(tmp_path, asked):
    machine = Machine(tmp_path, ROUTES)
    machine.put("run/systemd/system/x", b"")
    machine.put("sys/class/net/eth0/address", b"02:00:00:00:00:21\n")
    machine.put("sys/class/net/eth0/ifindex", b"2\n")
    machine.put("run/systemd/netif/links/2", b"ADMIN_STATE=configured\nNETWORK_FILE=/usr/lib/systemd/network/80-lan.network\n")
    machine.put("usr/lib/systemd/network/80-lan.network", b"[Network]\nGateway=10.0.0.1\n")
    machine.put("etc/systemd/network/wan.network", b"# gl\xfcck\n", 0o640)
    machine.put("etc/systemd/network/wan.network.d/a.conf", b"")
    machine.put("etc/netplan/ignored.txt", b"")
    found = machine.inspect()
    files = found.pop("files")
    assert found == {
        "systemd": True,
        "addresses": ["127.0.0.1", "10.0.0.21"],
        "default_routes": ["default via 10.0.0.1 dev eth0 proto static ", "default via 10.0.0.2 dev eth1 metric 9"],
        "default_route": "192.0.2.1 via 10.0.0.1 dev eth0 src 10.0.0.21 uid 0 cache",
        "to_vip": "10.0.0.10 dev eth0 src 10.0.0.21 uid 0 cache",
        "interface": "eth0",
        "mac": "02:00:00:00:00:21",
        "control": "198.51.100.7",
        "way_back": ["default via 10.0.0.1 dev eth0"],
        "active": ["systemd-networkd", "network"],
        "enabled": ["networking"],
        "dhclient": False,
        "netplan": False,
        "networkctl_reload": True,
        "network_file": "/usr/lib/systemd/network/80-lan.network",
        "answers": {"macs": [], "error": None},
    }
    assert asked == [(VIP, "eth0")]
    assert sorted(files) == [
        "/etc/systemd/network/wan.network",
        "/etc/systemd/network/wan.network.d/a.conf",
        "/usr/lib/systemd/network/80-lan.network",
    ]
    assert files["/etc/systemd/network/wan.network"]["mode"] == "0640"
    assert base64.b64decode(files["/etc/systemd/network/wan.network"]["content"]) == b"# gl\xfcck\n"


@pytest.mark.usefixtures("asked")
def test_the_active_connection_of_networkmanager(tmp_path):
    outputs = dict(ROUTES, **NETWORK_MANAGER)
    found = Machine(tmp_path, outputs).inspect()
    assert (found["connection"], found["connection_name"]) == ("uuid-1", "lan: main")
    assert found["connection_settings"] == {
        "ipv4.method": "manual",
        "ipv4.gateway": "10.0.0.1",
        "ipv4.routes": "",
        "ipv4.never-default": "no",
    }
    outputs["nmcli -t -f GENERAL.STATE device show eth0"] = "GENERAL.STATE:100 (connected (externally))\n"
    assert "connection" not in Machine(tmp_path, outputs).inspect()
    outputs["nmcli -t -f GENERAL.STATE device show eth0"] = "GENERAL.STATE:100 (connected)\n"
    outputs["nmcli -t -f UUID,DEVICE connection show --active"] = "uuid-0:lo\n"
    assert "connection" not in Machine(tmp_path, outputs).inspect()


def test_nobody_is_asked_for_a_vip_that_is_the_gateway_already_or_is_not_on_a_network_here(tmp_path, asked):
    outputs = dict(ROUTES)
    outputs["ip -4 -o route get 192.0.2.1"] = "192.0.2.1 via 10.0.0.10 dev eth0 src 10.0.0.21\n"
    assert "answers" not in Machine(tmp_path, outputs).inspect()
    outputs = dict(ROUTES)
    outputs["ip -4 -o route get 10.0.0.10"] = "10.0.0.10 via 10.0.0.1 dev eth0 src 10.0.0.21\n"
    assert "answers" not in Machine(tmp_path, outputs).inspect()
    assert "answers" not in Machine(tmp_path, ROUTES).inspect(vip="")
    assert asked == []


@pytest.mark.usefixtures("asked")
def test_a_host_without_routes_and_programs(tmp_path):
    found = Machine(tmp_path, {}, programs=("ip",)).inspect(vip="10.9.9.9")
    assert found["to_vip"] == "RTNETLINK answers: Network is unreachable"
    assert (found["interface"], found["active"], found["enabled"], found["files"]) == ("", [], [], {})
    assert found["networkctl_reload"] is False


@pytest.mark.usefixtures("asked")
def test_a_given_interface_is_not_found_out(tmp_path):
    assert Machine(tmp_path, ROUTES).inspect(interface="br0")["interface"] == "br0"
    assert Machine(tmp_path, ROUTES).inspect(vip="")["interface"] == "eth0"


@pytest.mark.usefixtures("asked")
def test_the_ssh_client_is_found_in_the_session_above_sudo(tmp_path):
    machine = Machine(tmp_path, ROUTES)
    own = os.getpid()
    machine.put("proc/%d/environ" % own, b"PATH=/bin\0SSH_CONNECTION_NOT=1 2\0")
    machine.put("proc/%d/status" % own, b"Name:\tpython\nPPid:\t77\n")
    machine.put("proc/77/environ", b"A=b\0SSH_CONNECTION=198.51.100.7 51000 10.0.0.21 22\0")
    assert machine.inspect(control_address="")["control"] == "198.51.100.7"
    machine.put("proc/77/environ", b"")
    found = machine.inspect(control_address="")
    assert (found["control"], found["way_back"]) == ("", [])


@pytest.mark.usefixtures("asked")
def test_any_control_address_looks_for_no_way_back(tmp_path):
    found = Machine(tmp_path, ROUTES).inspect(control_address="any")
    assert (found["control"], found["way_back"]) == ("", [])


def test_n2_the_vip_is_asked_for_by_arp_without_any_program():
    """On loopback, where there is no ARP: the answer says so, and is not "no answer"."""
    found = _nc_route_inspect.who_answers(VIP, "lo")
    assert found["macs"] == []
    assert "lo is not an Ethernet interface" in found["error"]
    assert "no interface nonesuch0" in _nc_route_inspect.who_answers(VIP, "nonesuch0")["error"]
