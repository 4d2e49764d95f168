# SPDX-License-Identifier: GPL-3.0-or-later
"""VRRP adverts: the packets, and what is heard of them on a real network."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes; test_packets has it for 2.7", allow_module_level=True)

import contextlib
import ipaddress
import json
import os
import socket
import struct
import subprocess
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _vrrp_listen
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import netns_lab
from hypothesis import given
from hypothesis import strategies as st


def vrrp(version=3, vrid=45, priority=100, addresses=("10.0.0.10",), interval=10, kind=1, auth=0):
    packed = b"".join(ipaddress.ip_address(one).packed for one in addresses)
    middle = struct.pack("!BB", auth, interval) if version == 2 else struct.pack("!H", interval)
    return struct.pack("!BBBB", version << 4 | kind, vrid, priority, len(addresses)) + middle + b"\0\0" + packed


def ipv4(payload, source="10.0.0.2", destination="224.0.0.18", ttl=255, protocol=112, options=b""):
    head = bytearray(
        struct.pack(
            "!BBHHHBBH", 0x45 + len(options) // 4, 0xC0, 20 + len(options) + len(payload), 1, 0, ttl, protocol, 0
        )
        + ipaddress.ip_address(source).packed
        + ipaddress.ip_address(destination).packed
        + options
    )
    # Bridges that pass frames by the packet filter drop those with a wrong checksum.
    total = sum(struct.unpack("!{}H".format(len(head) // 2), head))
    total = (total & 0xFFFF) + (total >> 16)
    head[10:12] = struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)
    return bytes(head) + payload


def ipv6(payload, source="fe80::2", destination="ff02::12", limit=255, following=112):
    head = struct.pack("!IHBB", 6 << 28, len(payload), following, limit)
    return head + ipaddress.ip_address(source).packed + ipaddress.ip_address(destination).packed + payload


def test_version_2():
    packet = ipv4(vrrp(2, 51, 150, ("10.0.0.10", "10.0.0.11"), 1, auth=1) + b"password")
    assert _vrrp_listen.parse(packet) == {
        "source": "10.0.0.2", "destination": "224.0.0.18", "family": 4, "version": 2, "virtual_router_id": 51, "priority": 150,
        "advert_interval": 1.0, "authentication": True, "addresses": ["10.0.0.10", "10.0.0.11"],
    }  # fmt: skip


def test_version_3():
    packet = ipv4(vrrp(interval=10), destination="10.0.0.1")
    found = _vrrp_listen.parse(packet)
    assert (found["version"], found["advert_interval"], found["authentication"]) == (3, 0.1, False)
    assert found["destination"] == "10.0.0.1"


def test_ipv6():
    found = _vrrp_listen.parse(ipv6(vrrp(addresses=("fe80::10", "fd00::10"))))
    assert (found["family"], found["source"], found["addresses"]) == (6, "fe80::2", ["fe80::10", "fd00::10"])


def test_header_options_and_padding_are_not_part_of_it():
    assert _vrrp_listen.parse(ipv4(vrrp(), options=b"\x94\x04\0\0"))["virtual_router_id"] == 45
    assert _vrrp_listen.parse(ipv4(vrrp()) + b"\0" * 18)["addresses"] == ["10.0.0.10"]


@pytest.mark.parametrize(
    "packet",
    [
        b"", b"\x45", ipv4(vrrp(), ttl=254), ipv4(vrrp(), protocol=17), ipv4(vrrp(4)), ipv4(vrrp(1)), ipv4(vrrp(kind=2)),
        ipv4(vrrp()[:7]), ipv4(vrrp()[:-1]), ipv4(vrrp())[:30], ipv6(vrrp(addresses=("fe80::1",)), limit=64),
        ipv6(vrrp(addresses=("fe80::1",)), following=58), b"\x55" + ipv4(vrrp())[1:], b"\x41" + ipv4(vrrp())[1:],
    ],
)  # fmt: skip
def test_what_no_router_would_accept_is_nothing(packet):
    assert _vrrp_listen.parse(packet) is None


@given(st.binary(max_size=200))
def test_any_bytes_give_an_advert_or_nothing(data):
    for packet in (data, ipv4(data), ipv6(data)):
        found = _vrrp_listen.parse(packet)
        assert found is None or found["version"] in (2, 3)


def test_one_entry_for_each_router_with_its_latest_priority():
    packets = [
        ipv4(vrrp(priority=100)),
        ipv4(vrrp(vrid=46)),
        b"junk",
        ipv4(vrrp(priority=0)),
        ipv4(vrrp(), source="10.0.0.3"),
    ]
    found = _vrrp_listen.gather(packets)
    assert [(one["source"], one["virtual_router_id"], one["priority"], one["count"]) for one in found] == [
        ("10.0.0.2", 45, 0, 2), ("10.0.0.2", 46, 100, 1), ("10.0.0.3", 45, 100, 1),
    ]  # fmt: skip


def test_an_interface_that_is_not_there():
    with pytest.raises(_vrrp_listen.ListenError, match="no interface nosuch0"):
        _vrrp_listen.listen("nosuch0", 0.1)


# --- on a real network ---

LISTEN = """
from __future__ import print_function
import json, sys
sys.dont_write_bytecode = True
# The file itself: Python 2.7 knows no packages without __init__.py.
sys.path.insert(0, sys.argv[1] + "/ansible_collections/eucalyptus/ha/plugins/module_utils")
import _vrrp_listen
print(json.dumps(_vrrp_listen.listen("eth0", float(sys.argv[2]))))
"""
# Sends frames as they are, beside a stream of others that must not get through the filter.
SEND = """
import binascii, socket, sys, time
raw = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
raw.bind(("eth0", 0))
while True:
    for frame in sys.argv[1:]:
        raw.send(binascii.unhexlify(frame))
    print("sent")
    sys.stdout.flush()
    time.sleep(0.1)
"""


@contextlib.contextmanager
def sending(network, host, *frames):
    """While a host sends these frames; begins when it has done so for the first time."""
    command = ["ip", "netns", "exec", network.prefix + host, sys.executable, "-c", SEND] + list(frames)
    with subprocess.Popen(command, stdout=subprocess.PIPE) as sender:
        try:
            assert sender.stdout.readline() == b"sent\n"
            yield
        finally:
            sender.kill()


def frame(packet, target="01005e000012", kind="0800"):
    return target + "520000000009" + kind + packet.hex()


@pytest.fixture(scope="module")
def network():
    built = netns_lab.Network("cc1", "cc2")
    built.ip("cc1", "address", "add", "10.0.0.1/24", "dev", "eth0")
    built.ip("cc2", "address", "add", "10.0.0.2/24", "dev", "eth0")
    yield built
    built.close()


def hear(network, frames, seconds=0.8, interpreter=sys.executable):
    """What cc1 hears while cc2 sends these frames."""
    within = ["ip", "netns", "exec"]
    with sending(network, "cc2", *frames):
        out = netns_lab.run(*(within + [network.prefix + "cc1", interpreter, "-c", LISTEN, str(netns_lab.COLLECTIONS), str(seconds)]))
    return json.loads(out)


UDP = struct.pack("!HHHH", 1000, 1000, 12, 0) + b"noise"


@netns_lab.NEEDS_ROOT
@pytest.mark.parametrize("blocked", [False, True], ids=["open", "firewall"])
def test_others_are_heard_and_nothing_else(network, blocked):
    rule = ["ip", "netns", "exec", network.prefix + "cc1", "iptables", "-w", "-A", "INPUT", "-p", "112", "-j", "DROP"]
    if blocked:
        subprocess.run(rule, check=True, capture_output=True)
    found = hear(
        network,
        [
            frame(ipv4(vrrp(2, 51, 150, interval=1))),
            frame(ipv4(vrrp(), destination="10.0.0.1"), target=network.mac("cc1").replace(":", "")),
            frame(ipv6(vrrp(vrid=46, addresses=("fe80::10",))), target="333300000012", kind="86dd"),
        ] + [frame(ipv4(UDP, protocol=17)) for _dummy in range(20)],
    )
    heard = sorted((one["family"], one["version"], one["virtual_router_id"]) for one in found)
    assert heard == [(4, 2, 51), (4, 3, 45), (6, 3, 46)]
    assert all(one["count"] >= 1 for one in found)


@netns_lab.NEEDS_ROOT
def test_own_adverts_are_not_others(network):
    listener = [
        "ip",
        "netns",
        "exec",
        network.prefix + "cc1",
        sys.executable,
        "-c",
        LISTEN,
        str(netns_lab.COLLECTIONS),
        "0.6",
    ]
    with sending(network, "cc1", frame(ipv4(vrrp(), source="10.0.0.1"))):
        assert json.loads(netns_lab.run(*listener)) == []


@netns_lab.NEEDS_ROOT
def test_silence_takes_the_time_and_leaves_no_membership(network):
    started = time.monotonic()
    assert hear(network, [frame(ipv4(UDP, protocol=17))], seconds=0.5) == []
    assert time.monotonic() - started >= 0.5
    groups = network.ip("cc1", "maddress", "show", "dev", "eth0")
    assert "224.0.0.18" not in groups
    assert "ff02::12" not in groups


@netns_lab.NEEDS_ROOT
@pytest.mark.interpreters
@pytest.mark.parametrize("version", ["2.7.18", "3.6.15", "3.13.0"])
def test_every_python_hears_the_same(network, version):
    found = hear(
        network, [frame(ipv4(vrrp(2, 51, 150, interval=1)))], interpreter="/root/.pyenv/versions/{}/bin/python".format(version)
    )
    assert [(one["version"], one["virtual_router_id"], one["source"]) for one in found] == [(2, 51, "10.0.0.2")]


class Refusing:
    """Sockets that fail at one thing, and count what is left open."""

    def __init__(self, at, error):
        self.at, self.error, self.left_open = at, error, 0

    def __call__(self, family, *kind):
        if self.at in ("socket", family):
            raise self.error
        self.left_open += 1
        return self

    def close(self):
        self.left_open -= 1

    def fileno(self):
        return -1

    def __getattr__(self, name):
        def call(*arguments):
            if name == self.at:
                raise self.error

        return call


@pytest.mark.parametrize("at", ["socket", "setsockopt", "bind"])
@pytest.mark.parametrize(("number", "hint"), [(1, "Operation not permitted: use become"), (13, "become"), (19, "No such device")])
def test_a_socket_that_is_refused_is_told_and_not_left_open(monkeypatch, at, number, hint):
    sockets = Refusing(at, OSError(number, os.strerror(number)))
    monkeypatch.setattr(_vrrp_listen.socket, "socket", sockets)
    with pytest.raises(_vrrp_listen.ListenError) as caught:
        _vrrp_listen.listen("lo", 0.1)
    assert str(caught.value).startswith("cannot listen on lo: ")
    assert str(caught.value).endswith(hint)
    assert ("become" in str(caught.value)) == (number in (1, 13))
    assert sockets.left_open == 0


def test_an_interface_that_goes_away_meanwhile_is_told(monkeypatch):
    sockets = Refusing("recvfrom", OSError(100, "Network is down"))
    monkeypatch.setattr(_vrrp_listen.socket, "socket", sockets)
    monkeypatch.setattr(_vrrp_listen.select, "select", lambda *arguments: (["ready"], [], []))
    with pytest.raises(_vrrp_listen.ListenError, match="listening on lo broke off: Network is down"):
        _vrrp_listen.listen("lo", 5)
    assert sockets.left_open == 0


def test_a_signal_does_not_end_the_listening(monkeypatch):
    """Python 2's select() is interrupted by one."""
    said = [OSError(4, "Interrupted system call"), OSError(9, "Bad file descriptor")]

    def select(*arguments):
        raise said.pop(0)

    monkeypatch.setattr(_vrrp_listen.socket, "socket", Refusing("nothing", None))
    monkeypatch.setattr(_vrrp_listen.select, "select", select)
    with pytest.raises(_vrrp_listen.ListenError, match="broke off: Bad file descriptor"):
        _vrrp_listen.listen("lo", 5)
    assert said == []


def test_a_host_without_ipv6_or_without_multicast_listens_to_what_there_is(monkeypatch):
    sockets = Refusing(socket.AF_INET6, OSError(97, "Address family not supported by protocol"))
    monkeypatch.setattr(_vrrp_listen.socket, "socket", sockets)
    assert len(_vrrp_listen._join(1)) == 1
    monkeypatch.setattr(_vrrp_listen.socket, "socket", Refusing("setsockopt", OSError(19, "No such device")))
    assert len(_vrrp_listen._join(1)) == 2
