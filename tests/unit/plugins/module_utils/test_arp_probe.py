# SPDX-License-Identifier: GPL-3.0-or-later
"""Who answers for the VIP: the frames, the names, and the question asked on a real network."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes", allow_module_level=True)

import json
import subprocess
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _arp_probe, _vip_probe
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import netns_lab
from hypothesis import given
from hypothesis import strategies as st

OWN, PRIVATE, OTHER = b"\x52\x54\x00\x00\x00\x01", b"\x02\x11\x22\x33\x44\x55", b"\x52\x54\x00\x00\x00\x02"
VIP = b"\x0a\x00\x00\x0a"
CANDIDATES = {"cc1": "10.0.0.1", "cc2": "10.0.0.2"}


def reply(sender_mac=OTHER, sender=VIP, target_mac=PRIVATE, operation=2, ethernet_type=0x0806):
    head = target_mac + sender_mac + ethernet_type.to_bytes(2, "big") + bytes.fromhex("0001 0800 06 04")
    return head + operation.to_bytes(2, "big") + sender_mac + sender + target_mac + b"\0" * 4


def test_the_question_is_the_probe_of_rfc_5227():
    frame = _arp_probe.question(OWN, PRIVATE, VIP)
    assert frame.hex() == (
        "ffffffffffff" "525400000001" "0806"  # Ethernet: to everybody, from the interface itself
        "0001" "0800" "06" "04" "0001"  # a request
        "021122334455" "00000000"  # from nobody: an address of 0.0.0.0 is not to be learnt
        "000000000000" "0a00000a"
    )  # fmt: skip


def test_the_private_address_is_no_makers_and_no_groups():
    seen = {_arp_probe.private_mac() for _dummy in range(50)}
    assert len(seen) == 50
    assert {mac[0] & 0x03 for mac in seen} == {0x02}


def test_an_answer_to_us_counts():
    assert _arp_probe.answer(reply(), PRIVATE) == (VIP, OTHER)


@pytest.mark.parametrize(
    "frame",
    [
        reply(operation=1),
        reply(target_mac=OWN),  # an answer to somebody else
        reply(target_mac=b"\xff" * 6),  # an announcement
        reply(ethernet_type=0x0800),
        reply()[:41],
        b"",
    ],
)
def test_nothing_else_counts(frame):
    assert _arp_probe.answer(frame, PRIVATE) is None


@given(st.binary(max_size=80))
def test_garbage_on_the_wire_is_no_answer_and_no_error(data):
    found = _arp_probe.answer(data, PRIVATE)
    assert found is None or data[32:38] == PRIVATE


A, B, C = b"\x02" * 6, b"\x04" * 6, b"\x06" * 6
VIRTUAL = bytes.fromhex("00005e00012d")


@pytest.mark.parametrize(
    ("macs", "candidates", "holders_unnamed_foreign_possible"),
    [
        ([], [("cc1", [A]), ("cc2", [B])], ([], [], [], [])),
        ([A], [("cc1", [A]), ("cc2", [B])], (["cc1"], [], [], [])),
        ([B, A], [("cc1", [A]), ("cc2", [B])], (["cc1", "cc2"], [], [], [])),
        ([A, C], [("cc1", [A, C]), ("cc2", [B])], (["cc1"], [], [], [])),  # one host with two interfaces
        ([C], [("cc1", [A]), ("cc2", [B])], ([], [], [C], [])),
        ([C], [("cc1", [A]), ("cc2", [])], ([], [C], [], ["cc2"])),  # may be that of the one that is silent
        ([C], [], ([], [C], [], None)),
        ([A], [("cc1", [A]), ("cc2", [A, B])], ([], [A], [], ["cc1", "cc2"])),  # a router that answers for everybody
        ([VIRTUAL], [("cc1", [A]), ("cc2", [B])], ([], [VIRTUAL], [], ["cc1", "cc2"])),
    ],
)
def test_the_answers_get_names(macs, candidates, holders_unnamed_foreign_possible):
    assert _arp_probe.name_holders(macs, candidates) == holders_unnamed_foreign_possible


def link(**changes):
    return dict({"name": "eth0", "mac": OWN, "up": True, "carrier": True, "loopback": False, "ethernet": True}, **changes)


@pytest.mark.parametrize(
    ("changes", "message"),
    [({"ethernet": False}, "is not an Ethernet interface"), ({"mac": None}, "is not an Ethernet"), ({"up": False}, "is down")],
)
def test_interfaces_that_cannot_ask_are_refused(changes, message):
    with pytest.raises(_arp_probe.ProbeError, match="probe_interface: eth0 {}".format(message)):
        _arp_probe.ask(2, link(**changes), [VIP], 1.0)


def test_without_rights_the_message_says_what_to_do(monkeypatch):
    def refuse(*arguments):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(_arp_probe.socket, "socket", refuse)
    with pytest.raises(_arp_probe.ProbeError, match="need root.*use become: true"):
        _arp_probe.ask(2, link(), [VIP], 1.0)


def test_an_interface_that_goes_away_while_it_asks_is_told(monkeypatch):
    class Gone:
        def send(self, frame):
            raise OSError(100, "Network is down")

        def close(self):
            closed.append(True)

    closed = []
    monkeypatch.setattr(_arp_probe, "open_socket", lambda *arguments: Gone())
    with pytest.raises(_arp_probe.ProbeError, match="probe: sending on interface eth0 failed: Network is down"):
        _arp_probe.ask(2, link(), [VIP], 1.0)
    assert closed == [True]


def address(text, prefix, index):
    return {"packed": _addresses.pack(text)[1], "prefix": prefix, "index": index, "state": "usable"}


class TestTheInterface:
    LINKS = {1: link(name="lo", loopback=True), 2: link(), 3: link(name="eth1"), 4: link(name="eth2", up=False)}
    VIP = _addresses.parse_vip("10.0.0.10")

    def choose(self, addresses, wanted=None):
        return _vip_probe.choose_interface(self.VIP, self.LINKS, addresses, wanted)

    def test_is_the_one_whose_network_has_the_vip(self):
        assert self.choose([address("10.0.1.1", 24, 2), address("10.0.0.21", 24, 3), address("10.0.0.9", 24, 4)]) == 3

    def test_of_two_it_is_the_narrower(self):
        assert self.choose([address("10.9.9.9", 8, 2), address("10.0.0.21", 24, 3)]) == 3

    def test_of_two_equals_it_is_the_first(self):
        assert self.choose([address("10.0.0.22", 24, 3), address("10.0.0.21", 24, 2)]) == 2

    def test_the_vips_own_entry_does_not_count_while_another_does(self):
        assert self.choose([address("10.0.0.10", 32, 3), address("10.0.0.21", 24, 2)]) == 2

    def test_the_vips_own_entry_counts_when_it_is_all_there_is(self):
        assert self.choose([address("10.0.0.10", 32, 3)]) == 3

    def test_can_be_named(self):
        assert self.choose([address("10.0.0.21", 24, 3)], "eth0") == 2
        with pytest.raises(_arp_probe.ProbeError, match="probe_interface: this host has no interface eth7"):
            self.choose([], "eth7")

    @pytest.mark.parametrize("route", [None, 1, 99])
    def test_none_is_an_error_with_a_way_out(self, monkeypatch, route):
        monkeypatch.setattr(_addresses, "route_interface", lambda packed: route)
        with pytest.raises(_arp_probe.ProbeError, match=r"network of 10\.0\.0\.10; set probe_interface"):
            self.choose([])


def test_a_vip_on_an_interface_that_cannot_ask_has_an_error_of_its_own(monkeypatch):
    """The other VIPs are asked for all the same."""
    links = {2: link(), 4: link(name="eth2", up=False), 5: link(name="tun0", ethernet=False, mac=None)}
    addresses = [address("10.0.0.21", 24, 2), address("10.2.0.10", 32, 4), address("10.3.0.1", 24, 5)]
    vips = [_addresses.parse_vip(text) for text in ("10.2.0.10", "10.0.0.10", "10.3.0.10")]
    asked = []

    def ask(index, link, targets, timeout):
        asked.append(index)
        return {target: [] for target in targets}, "private"

    monkeypatch.setattr(_arp_probe, "ask", ask)
    params = {"probe_timeout": 1.0, "candidates": {}, "probe_interface": None}
    down, good, tunnel = _vip_probe.probe(vips, links, addresses, params)["answers"]
    assert asked == [2]
    assert (good["state"], good["error"]) == ("absent", None)
    assert (down["state"], down["self"]) == (None, True)
    assert "eth2 is down" in down["error"]
    assert "tun0 is not an Ethernet interface" in tunnel["error"]


@pytest.mark.parametrize("timeout", [0, -1, 60.1, float("nan")])
def test_a_time_limit_that_makes_no_sense_is_refused(timeout):
    with pytest.raises(_arp_probe.ProbeError, match="probe_timeout"):
        _vip_probe.probe([], {}, [], {"probe_timeout": timeout, "candidates": {}, "probe_interface": None})


@pytest.mark.parametrize("bad", ["cc1.example.org", "fd00::1", "", 7, None])
def test_a_candidate_without_an_ipv4_address_is_refused_by_name(bad):
    params = {"probe_timeout": 1.0, "candidates": {"cc7": bad}, "probe_interface": None}
    with pytest.raises(_arp_probe.ProbeError, match="candidates: cc7: .*IPv4"):
        _vip_probe.probe([], {}, [], params)


@netns_lab.NEEDS_ROOT
class TestOnARealNetwork:
    @pytest.fixture
    def network(self):
        network = netns_lab.Network("nc1", "cc1", "cc2")
        for host, own in (("nc1", "10.0.0.21/24"), ("cc1", "10.0.0.1/24"), ("cc2", "10.0.0.2/24")):
            network.ip(host, "addr", "add", own, "dev", "eth0")
        yield network
        network.close()

    def ask(self, network, host="nc1", **params):
        facts = network.gather(host, **dict({"probe": True, "candidates": CANDIDATES}, **params))
        return facts["probe"]["answers"][0]

    def take(self, network, host, interface="eth0"):
        network.ip(host, "addr", "add", "10.0.0.10/32", "dev", interface)

    def test_nobody(self, network):
        found = self.ask(network)
        assert (found["state"], found["holders"], found["macs"]) == ("absent", [], [])
        assert found["asked_as"] == "private"  # the candidates answered, so the network carries such questions

    @pytest.mark.parametrize("holder", ["cc1", "cc2"])
    def test_one(self, network, holder):
        self.take(network, holder)
        found = self.ask(network)
        assert (found["state"], found["holders"], found["macs"]) == ("held", [holder], [network.mac(holder)])
        assert (found["interface"], found["self"], found["error"]) == ("eth0", False, None)

    def test_two_are_split_brain(self, network):
        self.take(network, "cc1")
        self.take(network, "cc2")
        found = self.ask(network)
        assert (found["state"], found["holders"]) == ("split", ["cc1", "cc2"])
        assert sorted(found["macs"]) == sorted([network.mac("cc1"), network.mac("cc2")])

    def test_without_candidates_two_are_seen_all_the_same(self, network):
        self.take(network, "cc1")
        self.take(network, "cc2")
        found = self.ask(network, candidates={})
        assert (found["state"], found["holders"], len(found["unnamed_macs"])) == ("split", [], 2)

    def test_a_stranger_is_one(self, network):
        network.ip("cc2", "addr", "del", "10.0.0.2/24", "dev", "eth0")
        self.take(network, "cc2")
        found = self.ask(network, candidates={"cc1": "10.0.0.1"})
        assert (found["state"], found["holders"], found["foreign_macs"]) == ("held", [], [network.mac("cc2")])

    def test_a_host_with_two_interfaces_is_one_holder(self, network):
        network.cable("cc1", "eth1")  # Linux answers on both (arp_ignore 0)
        self.take(network, "cc1")
        found = self.ask(network)
        assert sorted(found["macs"]) == sorted([network.mac("cc1"), network.mac("cc1", "eth1")])
        assert (found["state"], found["holders"]) == ("held", ["cc1"])

    def test_an_address_that_looks_alike_does_not_answer(self, network):
        network.ip("cc1", "addr", "add", "10.0.0.100/32", "dev", "eth0")
        assert self.ask(network)["state"] == "absent"

    def test_the_holder_itself_says_so_and_sees_a_second_one(self, network):
        self.take(network, "cc1")
        found = self.ask(network, "cc1")
        assert (found["state"], found["self"], found["self_name"], found["holders"]) == ("held", True, "cc1", ["cc1"])
        self.take(network, "cc2")
        found = self.ask(network, "cc1")
        assert (found["state"], found["holders"]) == ("split", ["cc1", "cc2"])
        found = self.ask(network, "cc1", candidates={})
        assert (found["state"], found["self"], found["self_name"], len(found["macs"])) == ("split", True, None, 1)

    def test_no_cache_anywhere_changes(self, network):
        """Neither the answering hosts' nor the asker's own, stale as its entry may be."""
        self.take(network, "cc1")
        for host, who in (("nc1", "10.0.0.10"), ("cc1", "10.0.0.21"), ("cc2", "10.0.0.21")):
            network.ip(host, "neigh", "add", who, "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "stale")
        time.sleep(1.1)  # a fresh entry is locked for a second (neigh/default/locktime)
        before = {host: network.neighbours(host) for host in ("nc1", "cc1", "cc2")}
        assert before["nc1"] == {"10.0.0.10": ("02:00:00:00:00:99", "STALE")}
        found = self.ask(network)
        assert found["holders"] == ["cc1"]
        assert {host: network.neighbours(host) for host in ("nc1", "cc1", "cc2")} == before

    def test_the_same_test_would_see_a_cache_that_changes(self, network):
        """An ordinary question in the asker's own name does leave its trace, so the test above can fail."""
        network.ip("cc1", "neigh", "add", "10.0.0.21", "lladdr", "02:00:00:00:00:99", "dev", "eth0", "nud", "stale")
        time.sleep(1.1)
        frame = "ff" * 6 + network.mac("nc1").replace(":", "") + "08060001080006040001" + network.mac("nc1").replace(":", "")
        code = (
            "import socket; s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0); s.bind(('eth0', 0x0806));"
            "s.send(bytes.fromhex('{}0a000015' + '00' * 6 + '0a000001'))".format(frame)
        )
        netns_lab.run("ip", "netns", "exec", network.prefix + "nc1", sys.executable, "-c", code)
        deadline = time.monotonic() + 30
        while network.neighbours("cc1")["10.0.0.21"][0] != network.mac("nc1"):
            assert time.monotonic() < deadline
            time.sleep(0.05)

    def test_where_private_questions_are_swallowed_it_asks_in_its_own_name(self, network):
        self.take(network, "cc1")
        # A switch that knows the addresses of its ports and forwards to no others.
        for port in network_ports(network):
            netns_lab.run("bridge", "-n", network.bridge, "link", "set", "dev", port, "flood", "off")
        found = self.ask(network, probe_timeout=0.5)
        assert (found["asked_as"], found["state"], found["holders"]) == ("own", "held", ["cc1"])

    def test_an_interface_outside_the_network_can_be_named(self, network):
        self.take(network, "cc1")
        network.ip("nc1", "addr", "flush", "dev", "eth0")
        found = self.ask(network)
        assert (found["state"], "probe_interface" in found["error"]) == (None, True)
        assert self.ask(network, probe_interface="eth0")["holders"] == ["cc1"]

    def test_a_route_names_the_interface(self, network):
        self.take(network, "cc1")
        network.ip("nc1", "addr", "flush", "dev", "eth0")
        network.ip("nc1", "route", "add", "10.0.0.0/24", "dev", "eth0")
        assert self.ask(network)["holders"] == ["cc1"]
        network.ip("nc1", "route", "flush", "dev", "eth0")
        network.ip("nc1", "addr", "add", "10.1.0.21/24", "dev", "eth0")
        network.ip("nc1", "route", "add", "10.0.0.0/24", "via", "10.1.0.1")
        assert "probe_interface" in self.ask(network)["error"]

    def test_an_ipv6_vip_is_said_to_be_out_of_reach(self, network):
        facts = network.gather("nc1", probe=True, vips=["fd00::10", "10.0.0.10"])
        first, second = facts["probe"]["answers"]
        assert (first["vip"], first["state"]) == ("fd00::10", None)
        assert "IPv6" in first["unsupported"]
        assert second["unsupported"] is None

    def test_the_time_limit_holds(self, network):
        begin = time.monotonic()
        self.ask(network, probe_timeout=0.4, candidates={})
        assert time.monotonic() - begin >= 0.4

    def test_nothing_but_questions_is_sent(self, network):
        """What arrives at cc2 from nc1 while it asks: ARP probes, and no promiscuous interface afterwards."""
        script = (
            "import select, socket, sys\n"
            "s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3)); s.bind(('eth0', 0))\n"
            "print('ready', flush=True)\n"
            "while True:\n"
            "    ready = select.select([s, sys.stdin], [], [])[0]\n"
            "    if s not in ready: break\n"  # standard input was closed, and all that came has been read
            "    f, a = s.recvfrom(2048)\n"
            "    if f[6:12].hex(':') == '{}' and f[12:14] != b'\\x86\\xdd': print(f.hex(), flush=True)\n".format(network.mac("nc1"))
        )
        listener = subprocess.Popen(
            ["ip", "netns", "exec", network.prefix + "cc2", sys.executable, "-c", script],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        assert listener.stdout.readline() == "ready\n"
        self.ask(network)
        frames = listener.communicate(timeout=60)[0].split()
        asked = {bytes.fromhex(frame)[38:42] for frame in frames}
        assert asked == {VIP, b"\x0a\x00\x00\x01", b"\x0a\x00\x00\x02"}
        for frame in map(bytes.fromhex, frames):
            assert frame[:6] == b"\xff" * 6
            assert frame[12:22].hex() == "08060001080006040001"
            assert frame[28:32] == b"\0" * 4
        assert len(frames) <= 3 * (2 * _arp_probe.ROUNDS)
        assert '"promiscuity":0' in network.ip("nc1", "-j", "-d", "link", "show", "eth0")


def network_ports(network):
    return [one["ifname"] for one in json.loads(network.ip("bridge", "-j", "link", "show", "type", "veth"))]
