# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder on loopback: what is answered, what is refused, what is lost, and when it ends."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 8):
    pytest.skip("uses socket.create_server; test_packets has it for older Pythons", allow_module_level=True)

import socket
import struct

from ansible_collections.eucalyptus.ha.plugins.module_utils import _address_moves, _addresses, _reachability

pytestmark = pytest.mark.wall_clock


def never():
    return False


def test_a_port_that_answers_and_one_that_refuses_are_both_reached():
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
        closed.close()
        probers = [_reachability.Connect("127.0.0.1", each, 30.0) for each in (server.getsockname()[1], port)]
        begin, end = _reachability.record(probers, 0.05, 0.5, never)
    assert end - begin >= 0.5
    for one in probers:
        assert one.result()
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
        prober = _reachability.Connect("127.0.0.1", server.getsockname()[1], 30.0)

        def asked_three_times():
            """Long before the first question is lost."""
            if len(prober.result()) < 3:
                return False
            prober.samples.limit = 0.05  # nothing is waited for any longer
            return True

        _reachability.record([prober], 0.05, 20.0, asked_three_times)
        assert len(prober.result()) == 3
        assert [rtt for _sent, rtt in prober.result() if rtt is not None] == []
        for filler in fillers:
            filler.close()


def test_stop_ends_a_recording_early():
    answers = [False, False, True]
    _reachability.record([], 0.05, 3600.0, lambda: answers.pop(0))
    assert answers == [], "asked three times, and no more"


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


def notification(kind, address, index=3, flags=0):
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    body = struct.pack("=BBBBi", family, 32, flags, 0, index)
    body += _addresses.attribute(_addresses.IFA_LOCAL, socket.inet_pton(family, address))
    return struct.pack("=IHHII", 16 + len(body), kind, 0, 0, 0) + body


def test_only_the_exact_address_is_a_move_and_a_second_interface_is_none():
    moves = _address_moves.Moves(["192.0.2.10/24"], 1.0)
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


def test_an_ipv6_address_comes_when_the_kernel_has_found_no_duplicate():
    moves = _address_moves.Moves(["fd00::10"], 1.0)
    for flags, now in ((0x40, 1.0), (0x80, 2.0), (0x08, 3.0), (0x44, 4.0)):  # tentative, permanent, dadfailed, optimistic
        moves.read(notification(_addresses.RTM_NEWADDR, "fd00::10", flags=flags), now)
    moves.sock.close()
    assert [(move["at"], move["held"]) for move in moves.result()["moves"]] == [(2.0, True), (3.0, False), (4.0, True)]


def test_a_tentative_address_is_not_held_when_the_recording_begins(monkeypatch):
    there = [{"packed": socket.inet_pton(socket.AF_INET6, "fd00::10"), "index": 3, "state": "tentative"}]
    monkeypatch.setattr(_addresses, "local_addresses", lambda _links: there)
    moves = _address_moves.Moves(["fd00::10"], 0.0)
    assert moves.initial == {"fd00::10": False}
    there[0]["state"] = "usable"
    moves.look(1.0)
    moves.sock.close()
    assert moves.result()["moves"] == [{"vip": "fd00::10", "at": 1.0, "held": True}]


def ping(monkeypatch, address="127.0.0.1"):
    prober = _reachability.Ping(address, 1.0)
    sent = []
    monkeypatch.setattr(prober, "send", lambda data, address=None: sent.append((data, address)))
    return prober, sent


@pytest.mark.parametrize("address", ["127.0.0.1", "::1"])
def test_loopback_answers_a_ping(address):
    prober = _reachability.Ping(address, 30.0)
    _reachability.record([prober], 0.05, 20.0, lambda: len(prober.result()) >= 2)
    prober.sock.close()
    assert len(prober.result()) == 2
    assert all(rtt is not None for _sent, rtt in prober.result())


def test_an_ipv6_address_may_be_written_in_any_way():
    prober = _reachability.Ping("0:0:0::0001", 30.0)
    _reachability.record([prober], 0.05, 20.0, lambda: bool(prober.result()))
    prober.sock.close()
    assert all(rtt is not None for _sent, rtt in prober.result())


def test_a_host_without_ipv6_reaches_nothing_there(monkeypatch):
    def without(family, kind, *more):
        raise OSError(97, "Address family not supported by protocol")

    monkeypatch.setattr(_reachability.socket, "socket", without)
    prober = _reachability.Connect("fd00::10", 80, 1.0)
    prober.tick(100.0)
    assert prober.result() == [[100.0, None]]
    with pytest.raises(_reachability.ReachabilityError, match="this host has no IPv6"):
        _reachability.Ping("fd00::10", 1.0)


@pytest.mark.parametrize("address", ["fd00::1", "cc1.example.org", "localhost", ""])
def test_a_clock_that_has_no_ipv4_address_is_not_asked(monkeypatch, address):
    """A name would be looked up at each question, and a recorder that waits for a name server records nothing meanwhile."""
    prober = _reachability.Clock(address)
    monkeypatch.setattr(prober, "send", lambda *arguments: pytest.fail("it was asked"))
    _reachability.record([prober], 0.05, 0.2, never)
    assert prober.result() is None


def test_only_its_own_answers_count_for_a_ping(monkeypatch):
    prober, sent = ping(monkeypatch)
    prober.tick(100.0)
    [(question, target)] = sent
    assert target == ("127.0.0.1", 0)
    head = b"\x45" + b"\0" * 19
    answer = b"\0" + question[1:]
    others = [
        head + question,  # one's own question, as a raw socket sees it on loopback
        head + answer[:8] + b"\0" * 8 + answer[16:],  # somebody else's ping
        head + answer[:16] + struct.pack("!I", 7),  # a question never asked
        head + answer[:19],
        b"",
    ]
    for packet in others:
        prober.take(packet, ("127.0.0.1", 0), 100.1)
    prober.take(head + answer, ("127.0.0.2", 0), 100.1)
    assert prober.result() == [[100.0, None]]
    prober.take(head + answer, ("127.0.0.1", 0), 100.25)
    assert prober.result() == [[100.0, 0.25]]
    prober.sock.close()


def test_a_network_that_refuses_a_question_is_not_reached(monkeypatch):
    prober = _reachability.Ping("127.0.0.1", 1.0)
    prober.sock.close()
    prober.tick(100.0)
    prober.ready(prober.sock, 100.1)
    assert prober.result() == [[100.0, None]]


def refuse_sockets(monkeypatch, kinds, number=1):
    real = _reachability.socket.socket

    def open_socket(family, kind, *more):
        if kind in kinds:
            raise OSError(number, "refused")
        return real(family, socket.SOCK_DGRAM)

    monkeypatch.setattr(_reachability.socket, "socket", open_socket)


def test_without_root_a_ping_socket_will_do(monkeypatch):
    refuse_sockets(monkeypatch, [socket.SOCK_RAW])
    sock, raw = _reachability._icmp_socket(4, False)
    assert (sock.type, raw) == (socket.SOCK_DGRAM, False)
    sock.close()
    # An answer that comes without the IP header.
    assert _reachability._strip_ip(b"\x45" + b"x" * 30, 4, False) == b"\x45" + b"x" * 30


@pytest.mark.parametrize("raw_only", [True, False])
def test_without_any_icmp_socket_the_way_out_is_told(monkeypatch, raw_only):
    refuse_sockets(monkeypatch, [socket.SOCK_RAW] + ([] if raw_only else [socket.SOCK_DGRAM]))
    with pytest.raises(_reachability.ReachabilityError, match="ICMP needs root here: use become: true, or set a port for the target"):
        _reachability._icmp_socket(4, raw_only)


def test_another_trouble_with_a_socket_is_told_as_it_is(monkeypatch):
    refuse_sockets(monkeypatch, [socket.SOCK_RAW], number=24)
    with pytest.raises(OSError, match="refused"):
        _reachability._icmp_socket(4, True)


def clock(monkeypatch, now):
    prober = _reachability.Clock("127.0.0.1")
    sent = []
    monkeypatch.setattr(prober, "send", lambda data, address=None: sent.append(data))
    prober.tick(now)
    return prober, sent


def stamped(question, received, kind=_reachability.TIMESTAMP_REPLY):
    return b"\x45" + b"\0" * 19 + struct.pack("!B", kind) + question[1:12] + struct.pack("!II", received, received)


def test_the_clock_of_another_host_is_its_stamp_against_the_middle_of_the_way(monkeypatch):
    midnight = 86400.0 * 20000
    prober, [question] = clock(monkeypatch, midnight + 1000.0)
    assert prober.result() is None
    prober.take(stamped(question, 1000250), ("127.0.0.1", 0), midnight + 1000.1)
    assert prober.result() == {"offset": 0.2005, "uncertainty": 0.051}
    # Asked once a second; a worse answer does not replace a better one.
    prober.tick(midnight + 1000.5)
    prober.tick(midnight + 1001.0)
    prober.sock.close()


def test_a_worse_answer_does_not_replace_a_better_one(monkeypatch):
    midnight = 86400.0 * 20000
    prober, sent = clock(monkeypatch, midnight + 10.0)
    prober.take(stamped(sent[0], 10000), ("127.0.0.1", 0), midnight + 10.01)
    best = prober.result()
    prober.tick(midnight + 10.5)
    assert len(sent) == 1
    prober.tick(midnight + 11.0)
    assert len(sent) == 2
    prober.take(stamped(sent[1], 11900), ("127.0.0.1", 0), midnight + 11.9)
    assert prober.result() == best
    prober.sock.close()


def test_midnight_between_two_clocks_is_no_day(monkeypatch):
    midnight = 86400.0 * 20000
    prober, [question] = clock(monkeypatch, midnight - 0.1)
    prober.take(stamped(question, 100), ("127.0.0.1", 0), midnight - 0.1)
    assert prober.result()["offset"] == pytest.approx(0.2005, abs=0.0001)
    prober.sock.close()


def test_stamps_that_are_none_of_ours_do_not_count(monkeypatch):
    prober, [question] = clock(monkeypatch, 1000.0)
    good = stamped(question, 1000)
    for packet, sender in [
        (good, "127.0.0.2"),
        (good[:39], "127.0.0.1"),
        (stamped(question, 1000, kind=13), "127.0.0.1"),
        (good[:24] + b"\xff\xff" + good[26:] if question[4:6] != b"\xff\xff" else good[:30], "127.0.0.1"),
        (good[:26] + b"\x12\x34" + good[28:], "127.0.0.1"),
        (stamped(question, 1 << 31), "127.0.0.1"),
    ]:
        prober.take(packet, (sender, 0), 1000.1)
        assert prober.result() is None
    prober.sock.close()


def test_a_wait_that_is_interrupted_is_gone_on_with(monkeypatch):
    def select(*arguments):
        raise OSError(number, "interrupted")

    monkeypatch.setattr(_reachability.select, "select", select)
    number = 4
    assert _reachability._wait([], 1.0) is None
    number = 9
    with pytest.raises(OSError, match="interrupted"):
        _reachability._wait([], 1.0)


class Socket:
    """What a netlink socket gives, one thing at a time."""

    def __init__(self, *given):
        self.given = list(given)

    def recvfrom(self, size):
        one = self.given.pop(0)
        if isinstance(one, Exception):
            raise one
        return one


def test_notifications_are_taken_from_the_kernel_only_and_lost_ones_are_looked_up(monkeypatch):
    moves = _address_moves.Moves(["127.0.0.1", "192.0.2.10"], 0.0)
    moves.sock.close()
    assert moves.initial == {"127.0.0.1": True, "192.0.2.10": False}
    added = notification(_addresses.RTM_NEWADDR, "192.0.2.10")
    moves.sock = Socket((added, (4711, 0)), (added, (0, 0)), OSError(105, "No buffer space available"), BlockingIOError(11, "empty"))
    assert moves.sockets() == ([moves.sock], [])
    moves.ready(moves.sock, 5.0)
    # Lost notifications: what the kernel lists counts, and there the address is not.
    assert moves.result()["moves"] == [
        {"vip": "192.0.2.10", "at": 5.0, "held": True}, {"vip": "192.0.2.10", "at": 5.0, "held": False},
    ]  # fmt: skip
    assert moves.sock.given == []


def test_a_notification_with_an_impossible_length_is_left(monkeypatch):
    moves = _address_moves.Moves(["192.0.2.10"], 0.0)
    moves.sock.close()
    moves.read(struct.pack("=IHHII", 15, _addresses.RTM_NEWADDR, 0, 0, 0) + notification(_addresses.RTM_NEWADDR, "192.0.2.10"), 1.0)
    assert moves.result()["moves"] == []
