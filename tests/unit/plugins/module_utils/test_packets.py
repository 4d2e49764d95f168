# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Packets, made and read by every Python of a host: bytes are what Pythons 2 and 3 disagree on."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _address_moves,
    _addresses,
    _arp_probe,
    _reachability,
    _vrrp_listen,
)
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.wall_clock

OWN, PRIVATE, OTHER = b"\x02" * 6, b"\x06" * 6, b"\x04" * 6
VIP = socket.inet_aton("10.0.0.10")


def advert(version=3, vrid=45, priority=100):
    """An IPv4 packet with a VRRP advert."""
    middle = struct.pack("!BB", 0, 1) if version == 2 else struct.pack("!H", 10)
    payload = struct.pack("!BBBB", version << 4 | 1, vrid, priority, 1) + middle + b"\0\0" + VIP
    head = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + len(payload), 1, 0, 255, 112, 0)
    return head + socket.inet_aton("10.0.0.2") + socket.inet_aton("224.0.0.18") + payload


@pytest.mark.parametrize(("version", "interval"), [(2, 1.0), (3, 0.1)])
def test_an_advert(version, interval):
    found = _vrrp_listen.parse(advert(version))
    assert (found["source"], found["version"], found["virtual_router_id"], found["priority"], found["advert_interval"]) == (
        "10.0.0.2", version, 45, 100, interval,
    )  # fmt: skip
    assert found["addresses"] == ["10.0.0.10"]


@given(st.binary(max_size=120))
def test_any_bytes_give_an_advert_or_nothing(data):
    for packet in (data, advert()[:20] + data):
        found = _vrrp_listen.parse(packet)
        assert found is None or found["version"] in (2, 3)


def test_one_entry_for_each_router_with_its_latest_priority():
    found = _vrrp_listen.gather([advert(priority=100), advert(vrid=46), b"junk", advert(priority=0)])
    assert [(one["virtual_router_id"], one["priority"], one["count"]) for one in found] == [(45, 0, 2), (46, 100, 1)]


def test_an_arp_question_and_its_answer():
    frame = _arp_probe.question(OWN, PRIVATE, VIP)
    assert frame[:6] == b"\xff" * 6
    assert struct.unpack("!H", frame[12:14])[0] == 0x0806
    assert frame[28:32] == b"\0" * 4, "a probe has no sender address"
    assert frame[38:42] == VIP
    reply = PRIVATE + OTHER + frame[12:20] + struct.pack("!H", 2) + OTHER + VIP + PRIVATE + b"\0" * 4
    assert _arp_probe.answer(reply, PRIVATE) is not None
    assert _arp_probe.answer(frame, PRIVATE) is None


def test_a_private_mac_is_unicast_and_local():
    first = bytearray(_arp_probe.private_mac())[0]
    assert first & 1 == 0
    assert first & 2 == 2


@given(st.binary(max_size=80))
def test_garbage_on_the_wire_is_no_error(data):
    assert _arp_probe.answer(data, PRIVATE) is None or data[32:38] == PRIVATE


def test_who_answered_gets_a_name():
    candidates = [("cc1", [OTHER]), ("cc2", [])]
    assert _arp_probe.name_holders([OTHER], candidates)[0] == ["cc1"]
    assert _arp_probe.name_holders([OWN], candidates) == ([], [OWN], [], ["cc2"])


def test_the_checksum_is_that_of_rfc_1071():
    assert _reachability.checksum(b"\x00\x01\xf2\x03\xf4\xf5\xf6\xf7") == 0x220D
    assert _reachability.checksum(_reachability.icmp(8, 0x1234, 1, b"odd")) == 0


def test_a_port_that_answers_and_one_that_refuses_are_both_reached():
    server, closed = socket.socket(), socket.socket()
    for one in (server, closed):
        one.bind(("127.0.0.1", 0))
    server.listen(64)
    ports = [one.getsockname()[1] for one in (server, closed)]
    closed.close()
    probers = [_reachability.Connect("127.0.0.1", port, 1.0) for port in ports]
    begin, end = _reachability.record(probers, 0.05, 0.4, lambda: False)
    server.close()
    assert end > begin
    for one in probers:
        assert len(one.result()) >= 3
        assert [rtt for dummy, rtt in one.result() if rtt is None] == []


def test_a_recording_is_stopped():
    answers = [False, False, True]
    _reachability.record([], 0.05, 3600.0, lambda: answers.pop(0))
    assert answers == [], "asked three times, and no more"


def notification(kind, address):
    body = struct.pack("=BBBBi", socket.AF_INET, 32, 0, 0, 3)
    body += _addresses.attribute(_addresses.IFA_LOCAL, socket.inet_aton(address))
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_only_the_exact_address_is_a_move():
    moves = _address_moves.Moves([u"192.0.2.10/24"], 1.0)
    moves.read(notification(_addresses.RTM_NEWADDR, "192.0.2.100") + notification(_addresses.RTM_NEWADDR, "192.0.2.10"), 1.0)
    moves.read(notification(_address_moves.RTM_DELADDR, "192.0.2.10"), 2.0)
    moves.sock.close()
    assert moves.result() == {
        "initial": {"192.0.2.10": False},
        "moves": [{"vip": "192.0.2.10", "at": 1.0, "held": True}, {"vip": "192.0.2.10", "at": 2.0, "held": False}],
    }
