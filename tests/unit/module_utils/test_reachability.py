# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder on loopback: what is answered, what is refused, what is lost, and when it ends."""

from __future__ import annotations

import socket
import struct
import time

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _address_moves, _addresses, _reachability


def never():
    return False


def test_a_port_that_answers_and_one_that_refuses_are_both_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        probers = [_reachability.Connect("127.0.0.1", server.getsockname()[1], 1.0), _reachability.Connect("127.0.0.1", port, 1.0)]
        begin, end = _reachability.record(probers, 0.05, 0.5, never)
    assert end - begin == pytest.approx(0.5, abs=0.2)
    for one in probers:
        assert len(one.result()) >= 5
        assert all(rtt is not None for _sent, rtt in one.result())


def test_what_never_answers_is_lost_and_does_not_hold_the_questions_up():
    # A listener with a full queue drops further connections.
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(0)
        fillers = []
        for _number in range(4):
            filler = socket.socket()
            filler.setblocking(False)
            filler.connect_ex(server.getsockname())
            fillers.append(filler)
        time.sleep(0.1)
        prober = _reachability.Connect("127.0.0.1", server.getsockname()[1], 0.2)
        began = time.monotonic()
        _reachability.record([prober], 0.05, 0.6, never)
        assert time.monotonic() - began < 2
        assert len(prober.result()) >= 6
        assert [rtt for _sent, rtt in prober.result() if rtt is not None] == []
        for filler in fillers:
            filler.close()


def test_stop_ends_a_recording_early():
    stop_at = time.monotonic() + 0.2
    began = time.monotonic()
    _reachability.record([], 0.05, 60.0, lambda: time.monotonic() > stop_at)
    assert time.monotonic() - began < 2


def test_an_answer_after_the_limit_is_lost():
    samples = _reachability.Samples(1.0)
    first, second = samples.ask(10.0), samples.ask(10.5)
    samples.answered(first, 11.5)
    samples.answered(second, 11.25)
    samples.answered(second, 11.4)
    assert samples.result() == [[10.0, None], [10.5, 0.75]]
    assert samples.pending(10.9) is True
    assert samples.pending(12.0) is False


def test_checksum_is_that_of_rfc_1071():
    assert _reachability.checksum(bytes([0x00, 0x01, 0xF2, 0x03, 0xF4, 0xF5, 0xF6, 0xF7])) == 0x220D
    message = _reachability.icmp(8, 0x1234, 1, b"odd")
    assert _reachability.checksum(message) == 0


def notification(kind, address, index=3):
    body = struct.pack("=BBBBi", socket.AF_INET, 32, 0, 0, index)
    body += _addresses.attribute(_addresses.IFA_LOCAL, socket.inet_aton(address))
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_only_the_exact_address_is_a_move_and_a_second_interface_is_none():
    moves = _address_moves.Moves(["192.0.2.10/24"], time.time())
    added, removed = _addresses.RTM_NEWADDR, _address_moves.RTM_DELADDR
    moves.read(notification(added, "192.0.2.100") + notification(added, "192.0.2.10"), 1.0)
    moves.read(notification(added, "192.0.2.10", 4), 2.0)
    moves.read(notification(removed, "192.0.2.10", 4), 3.0)
    moves.read(notification(removed, "192.0.2.10"), 4.0)
    moves.sock.close()
    assert moves.result() == {
        "initial": {"192.0.2.10": False},
        "moves": [{"vip": "192.0.2.10", "at": 1.0, "held": True}, {"vip": "192.0.2.10", "at": 4.0, "held": False}],
    }
