# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses as the kernel lists them, and the exact comparison of VIPs."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct
import time

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import netns_lab
from hypothesis import given
from hypothesis import strategies as st

try:
    import ipaddress
except ImportError:  # Python 2.7
    ipaddress = None

LINKS = {
    2: {"name": "eth0", "mac": b"\x02" * 6, "up": True, "carrier": True, "loopback": False, "ethernet": True},
    3: {"name": "eth1", "mac": b"\x04" * 6, "up": False, "carrier": False, "loopback": False, "ethernet": True},
}

NEEDS_IPADDRESS = pytest.mark.skipif(ipaddress is None, reason="this Python has no ipaddress")
PACKED = st.one_of(st.binary(min_size=4, max_size=4), st.binary(min_size=16, max_size=16))


def as_text(packed):
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def message(address, local=None, prefix=24, index=2, flags=0x80, more=b""):
    """An RTM_NEWADDR payload; with local, address is the peer's as on a point-to-point link."""
    family, packed = _addresses.pack(address)
    body = struct.pack("=BBBBi", socket.AF_INET if family == 4 else socket.AF_INET6, prefix, flags & 0xFF, 0, index)
    body += _addresses.attribute(_addresses.IFA_ADDRESS, packed)
    if local:
        body += _addresses.attribute(_addresses.IFA_LOCAL, _addresses.pack(local)[1])
    return body + more


def decode(body, now=1000.0, since_boot=500.0):
    return _addresses.decode_address(body, LINKS, now, since_boot)


@pytest.mark.parametrize(
    ("text", "vip", "prefix", "interface"),
    [
        ("10.0.0.10", "10.0.0.10", None, None),
        (u"10.0.0.10/32", "10.0.0.10", 32, None),
        ("10.0.0.10/24 brd 10.0.0.255 dev eth1", "10.0.0.10", 24, "eth1"),
        ("10.0.0.10/24 brd 10.0.0.255 dev eth1 label eth1:1", "10.0.0.10", 24, "eth1"),
        ("FD00:0:0::0010/64", "fd00::10", 64, None),
        ("fe80::1%eth0", "fe80::1", None, "eth0"),
        ("fe80::1/64 dev eth2", "fe80::1", 64, "eth2"),
        ("0.0.0.0/0", "0.0.0.0", 0, None),
    ],
)
def test_a_vip_is_read_as_people_write_it(text, vip, prefix, interface):
    parsed = _addresses.parse_vip(text)
    assert (parsed["vip"], parsed["prefix"], parsed["interface"]) == (vip, prefix, interface)


@pytest.mark.parametrize(
    "text",
    [
        "", "  ", "cc1", "10.0.0", "10.0.0.256", "10.0.0.010", "10.0.0.10/33", "10.0.0.10/", "10.0.0.10/-1", u"10.0.0.10/\u00b2",
        "fd00::/129", "::g", u"gr\xfcn",
    ],  # fmt: skip
)
def test_what_is_no_vip_is_refused_by_name(text):
    with pytest.raises(_addresses.AddressError) as caught:
        _addresses.parse_vip(text)
    assert text.split("/")[0].strip() in u"%s" % caught.value


@given(PACKED, PACKED)
def test_two_addresses_are_equal_only_if_they_are_the_same(one, other):
    same = _addresses.parse_vip(as_text(one))["packed"] == _addresses.parse_vip(as_text(other))["packed"]
    assert same == (one == other)


@NEEDS_IPADDRESS
@given(st.binary(min_size=16, max_size=16))
def test_all_forms_of_an_ipv6_address_are_one(packed):
    address = ipaddress.ip_address(packed)
    for form in (address.compressed, address.exploded, address.exploded.upper()):
        assert _addresses.parse_vip(form)["packed"] == packed


@NEEDS_IPADDRESS
@given(st.sampled_from([4, 16]).flatmap(
    lambda size: st.tuples(st.binary(min_size=size, max_size=size), st.binary(min_size=size, max_size=size), st.integers(0, 8 * size))
))
def test_networks_contain_what_the_standard_library_says(case):
    address, other, prefix = case
    network = ipaddress.ip_network((other, prefix), strict=False)
    assert _addresses.in_network(address, other, prefix) == (ipaddress.ip_address(address) in network)


@given(st.binary(min_size=16, max_size=16))
def test_an_ipv6_address_comes_back_as_it_was(packed):
    text = _addresses.unpack(packed)
    assert _addresses.pack(text) == (6, packed)
    assert _addresses.pack(text.upper()) == (6, packed)


def test_a_network_is_told_from_its_neighbour():
    network = _addresses.pack("10.0.0.0")[1]
    assert _addresses.in_network(_addresses.pack("10.0.0.255")[1], network, 24)
    assert not _addresses.in_network(_addresses.pack("10.0.1.0")[1], network, 24)
    assert not _addresses.in_network(_addresses.pack("fd00::1")[1], network, 0)


def test_networks_of_another_family_contain_nothing():
    assert not _addresses.in_network(b"\0" * 4, b"\0" * 16, 0)


def test_with_a_peer_the_local_address_counts():
    found = decode(message("192.0.2.1", local="10.0.0.10", prefix=32))
    assert found["address"] == "10.0.0.10"
    assert found["interface"] == "eth0"
    assert found["prefix"] == 32
    assert found["state"] == "usable"


@pytest.mark.parametrize(
    ("flags", "index", "state"),
    [
        (0x80, 2, "usable"),
        (0x81, 2, "usable"),  # secondary
        (0x40, 2, "tentative"),
        (0x44, 2, "usable"),  # optimistic: in use while it is checked
        (0x48, 2, "dadfailed"),
        (0x80, 3, "interface_down"),
    ],
)
def test_the_state_of_an_address(flags, index, state):
    assert decode(message("fd00::10", flags=flags, index=index))["state"] == state


def test_the_wide_flags_replace_the_narrow_ones():
    wide = _addresses.attribute(_addresses.IFA_FLAGS, struct.pack("=I", 0x280))
    assert decode(message("fd00::10", flags=0x40, more=wide))["state"] == "usable"


@pytest.mark.parametrize(
    ("stamp", "since_boot", "age"),
    [(48000, 500.0, 20.0), (50000, 500.0, 0.0), (50002, 500.0, 0.0), (0xFFFFFFFF - 999, 10.0, 20.0)],
)
def test_when_an_address_was_added(stamp, since_boot, age):
    cacheinfo = _addresses.attribute(_addresses.IFA_CACHEINFO, struct.pack("=IIII", 0, 0, stamp, stamp))
    found = decode(message("10.0.0.10", more=cacheinfo), now=1000.0, since_boot=since_boot)
    assert found["since"] == pytest.approx(1000.0 - age, abs=0.02)


def test_an_interface_that_went_away_in_between_is_named_by_its_number():
    assert decode(message("10.0.0.10", index=99))["interface"] == "99"


@given(st.binary(max_size=64))
def test_damaged_attributes_are_no_endless_loop(data):
    assert isinstance(_addresses.attributes(data, 0), dict)


def test_a_dump_that_was_interrupted_is_asked_for_again(monkeypatch):
    answers = iter([([b"old"], False), ([b"new"], True)])
    monkeypatch.setattr(_addresses, "_ask", lambda *arguments: next(answers))
    assert _addresses.ask_kernel(0, 0, b"") == [b"new"]


def test_a_host_without_rtnetlink_is_told_so(monkeypatch):
    def refuse(*arguments):
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(_addresses.socket, "socket", refuse)
    with pytest.raises(_addresses.AddressError, match="rtnetlink is not usable on this host"):
        _addresses.links()


@pytest.mark.wall_clock
def test_this_host_has_its_loopback():
    links = _addresses.links()
    assert {link["name"] for link in links.values() if link["loopback"]} == {"lo"}
    found = _addresses.matches(_addresses.local_addresses(links), _addresses.parse_vip("127.0.0.1"))
    assert [(one["interface"], one["prefix"], one["state"]) for one in found] == [("lo", 8, "usable")]


@netns_lab.NEEDS_ROOT
class TestOnARealHost:
    """A host in a network namespace, its addresses set by iproute2, which is not what reads them."""

    @pytest.fixture
    def host(self):
        network = netns_lab.Network("cc1")
        yield network
        network.close()

    @pytest.mark.parametrize(
        ("present", "asked"),
        [
            ("10.0.0.100/24", "10.0.0.10"),
            ("10.0.0.1/32", "10.0.0.10"),
            ("110.0.0.10/32", "10.0.0.10"),
            ("fd00::10/128", "fd00::1"),
            ("fd00::1/64", "fd00::10"),
            ("10.0.0.10/32", "10.0.0.100"),
        ],
    )
    def test_a_similar_address_is_another(self, host, present, asked):
        host.ip("cc1", "addr", "add", present, "dev", "eth0")
        facts = host.gather("cc1", vips=[asked, present.split("/")[0]])
        assert (facts["vips"][0]["held"], facts["vips"][0]["state"]) == (False, "absent")
        assert facts["vips"][0]["since"] is None
        assert facts["vips"][1]["held"] is True

    @pytest.mark.parametrize("prefix", [32, 24, 8])
    def test_the_prefix_plays_no_role(self, host, prefix):
        host.ip("cc1", "addr", "add", "10.0.0.10/{}".format(prefix), "dev", "eth0")
        found = host.gather("cc1", vips=["10.0.0.10/32"])["vips"][0]
        assert (found["vip"], found["held"], found["interface"], found["prefix"]) == ("10.0.0.10", True, "eth0", prefix)

    def test_a_secondary_address_is_held(self, host):
        host.ip("cc1", "addr", "add", "10.0.0.1/24", "dev", "eth0")
        host.ip("cc1", "addr", "add", "10.0.0.10/24", "dev", "eth0", "label", "eth0:vip")
        assert netns_lab.entry(host.gather("cc1"), "10.0.0.10")["interface"] == "eth0"

    def test_a_peers_address_is_not_held_and_the_own_one_is(self, host):
        host.ip("cc1", "addr", "add", "10.0.0.10", "peer", "10.0.0.99/32", "dev", "eth0")
        host.ip("cc1", "addr", "add", "fd00::10", "peer", "fd00::99/128", "dev", "eth0")
        facts = host.gather("cc1", vips=["10.0.0.10", "10.0.0.99", "fd00::10", "fd00::99"])
        assert [one["held"] for one in facts["vips"]] == [True, False, True, False]

    def test_an_address_on_an_interface_that_is_down_is_not_held(self, host):
        host.ip("cc1", "addr", "add", "10.0.0.10/32", "dev", "eth0")
        host.ip("cc1", "link", "set", "eth0", "down")
        found = netns_lab.entry(host.gather("cc1"), "10.0.0.10")
        assert (found["held"], found["state"], found["interface"]) == (False, "interface_down", "eth0")

    def test_the_same_address_twice_is_told(self, host):
        host.cable("cc1", "eth1")
        for interface in ("eth0", "eth1"):
            host.ip("cc1", "addr", "add", "10.0.0.10/32", "dev", interface)
        assert netns_lab.entry(host.gather("cc1"), "10.0.0.10")["interfaces"] == ["eth0", "eth1"]

    def test_an_address_asked_for_on_one_interface_counts_there_only(self, host):
        host.ip("cc1", "addr", "add", "fe80::10/64", "dev", "eth0")
        facts = host.gather("cc1", vips=["fe80::10%eth0", "fe80::10%lo"])
        assert [one["held"] for one in facts["vips"]] == [True, False]

    @pytest.mark.today_only("libfaketime 0.9.10 breaks time.sleep() of the Python that it starts")
    def test_since_is_when_the_address_came(self, host):
        before = time.time()
        host.ip("cc1", "addr", "add", "10.0.0.10/32", "dev", "eth0")
        after = time.time()
        found = netns_lab.entry(host.gather("cc1"), "10.0.0.10")
        assert before - 1 <= found["since_epoch"] <= after + 1

    def test_a_duplicate_ipv6_address_is_not_held(self, host):
        host.ip("cc1", "link", "add", "eth1", "type", "veth", "peer", "name", "eth2")
        for interface in ("eth1", "eth2"):
            netns_lab.run("ip", "netns", "exec", host.prefix + "cc1", "sysctl", "-qw", "net.ipv6.conf.{}.accept_dad=1".format(interface))
            host.ip("cc1", "link", "set", interface, "up")
        host.ip("cc1", "addr", "add", "fd00::10/64", "dev", "eth1", "nodad")
        host.ip("cc1", "addr", "add", "fd00::10/64", "dev", "eth2")
        deadline = time.monotonic() + 60
        while "dadfailed" not in host.ip("cc1", "addr", "show", "dev", "eth2") and time.monotonic() < deadline:
            time.sleep(0.1)
        facts = host.gather("cc1", vips=["fd00::10%eth2", "fd00::10%eth1"])
        assert [(one["held"], one["state"]) for one in facts["vips"]] == [(False, "dadfailed"), (True, "held")]


class Netlink:
    """A netlink socket that says what a test tells it: (bytes, port of the sender) for each recvfrom()."""

    def __init__(self, *said):
        self.said = list(said)
        self.closed = 0

    def __call__(self, *kind):
        return self

    def settimeout(self, seconds):
        assert seconds == _addresses.REPLY_TIMEOUT

    def bind(self, address):
        assert address == (0, 0)

    def send(self, data):
        return len(data)

    def recvfrom(self, size):
        data, port = self.said.pop(0)
        return data, (port, 0)

    def close(self):
        self.closed += 1


def reply(kind, payload=b"", flags=0):
    data = struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload
    return data + b"\0" * (-len(data) % 4)


DONE = reply(_addresses.NLMSG_DONE)
NEW = _addresses.RTM_NEWADDR


def ask(monkeypatch, *said, **options):
    netlink = Netlink(*said)
    monkeypatch.setattr(_addresses.socket, "socket", netlink)
    return netlink, lambda: _addresses.ask_kernel(22, NEW, b"", dump=options.get("dump", True))


def test_only_the_kernel_is_believed(monkeypatch):
    """Any process may send to a netlink socket; only the kernel has port 0."""
    netlink, run = ask(monkeypatch, (reply(NEW, b"forged") + DONE, 4711), (reply(NEW, b"true") + reply(99, b"other") + DONE, 0))
    assert run() == [b"true"]
    assert netlink.closed == 1


def test_a_dump_that_was_interrupted_is_made_again(monkeypatch):
    torn = reply(NEW, b"old", _addresses.NLM_F_DUMP_INTR) + DONE
    netlink, run = ask(monkeypatch, (torn, 0), (reply(NEW, b"new") + DONE, 0))
    assert run() == [b"new"]
    assert netlink.closed == 2


def test_a_dump_that_is_always_interrupted_ends(monkeypatch):
    torn = reply(NEW, b"some", _addresses.NLM_F_DUMP_INTR) + DONE
    netlink, run = ask(monkeypatch, *[(torn, 0)] * _addresses.DUMP_ATTEMPTS)
    assert run() == [b"some"]
    assert netlink.closed == _addresses.DUMP_ATTEMPTS


@pytest.mark.parametrize(("code", "message"), [(-1, "Operation not permitted"), (-101, "Network is unreachable")])
def test_a_refusal_of_the_kernel_is_an_error(monkeypatch, code, message):
    netlink, run = ask(monkeypatch, (reply(_addresses.NLMSG_ERROR, struct.pack("=i", code)), 0))
    with pytest.raises(_addresses.AddressError, match="the kernel did not list them: {}".format(message)):
        run()
    assert netlink.closed == 1


def test_an_acknowledgement_ends_a_request_without_an_answer(monkeypatch):
    _netlink, run = ask(monkeypatch, (reply(_addresses.NLMSG_ERROR, struct.pack("=i", 0)), 0), dump=False)
    assert run() == []


def test_an_answer_that_is_no_dump_is_one_message(monkeypatch):
    _netlink, run = ask(monkeypatch, (reply(NEW, b"one") + reply(NEW, b"two"), 0), dump=False)
    assert run() == [b"one"]


def test_a_message_with_an_impossible_length_ends_the_reading(monkeypatch):
    broken = struct.pack("=IHHII", 8, NEW, 0, 1, 0)
    _netlink, run = ask(monkeypatch, (broken + DONE, 0), (reply(NEW, b"x") + DONE, 0))
    assert run() == [b"x"]
    assert _addresses.attributes(_addresses.attribute(1, b"abc") + struct.pack("=HH", 3, 2) + b"rest", 0) == {1: b"abc"}


def test_an_address_of_no_known_length_is_none():
    body = struct.pack("=BBBBi", socket.AF_INET, 24, 0, 0, 2) + _addresses.attribute(_addresses.IFA_ADDRESS, b"\x0a\0\0")
    assert decode(body) is None
    assert decode(body[:8]) is None


def test_another_error_than_no_route_is_told(monkeypatch):
    _netlink, run = ask(monkeypatch, (reply(_addresses.NLMSG_ERROR, struct.pack("=i", -22)), 0))
    with pytest.raises(_addresses.AddressError, match="Invalid argument"):
        _addresses.route_interface(socket.inet_aton("192.0.2.1"))


def test_no_route_is_no_interface(monkeypatch):
    _netlink, _run = ask(monkeypatch, (reply(_addresses.NLMSG_ERROR, struct.pack("=i", -101)), 0))
    assert _addresses.route_interface(socket.inet_aton("192.0.2.1")) is None


def test_a_python_without_a_monotonic_clock_reads_the_uptime(monkeypatch):
    """2.7."""
    good = _addresses.clock_since_boot()
    monkeypatch.delattr(_addresses.time, "clock_gettime", raising=False)
    assert _addresses.clock_since_boot() == pytest.approx(good, abs=2)
