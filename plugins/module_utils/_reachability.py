# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Record from a host, many times a second, what it can reach. Private to the collection.

Every question is sent on time, whether earlier ones were answered or not, so that a silence of the network is measured and
not waited out. Each kind of question is a class with the same four parts, run by record():

- tick(now): probe; called once per interval
- sockets(): (sockets to read, sockets to write) to wait for
- ready(socket, now): something came
- result(): what was seen, as plain data
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import select
import socket
import struct
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _arp_probe

ECHO = {4: (8, 0, socket.IPPROTO_ICMP), 6: (128, 129, getattr(socket, "IPPROTO_ICMPV6", 58))}  # RFC 792, RFC 4443
TIMESTAMP, TIMESTAMP_REPLY = 13, 14  # RFC 792
DAY = 86400.0  # seconds; timestamps of RFC 792 begin anew at midnight, UTC
SILENCE = 0.3  # seconds (or three intervals, if that is more) without its answer end the period of a machine
CLOCK_EVERY = 1.0  # seconds
LONGEST = 3600  # seconds of one recording; a forgotten one must end
CONNECTIONS = 500  # open at the same time; select() and the usual limit of a process end at 1024
LINGER_NOT = struct.pack("ii", 1, 0)  # close with RST: hundreds of connections would wait out TIME_WAIT otherwise


class ReachabilityError(Exception):
    """Nothing can be recorded; the message names the option and the fix."""


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total > 0xFFFF:
        total = (total >> 16) + (total & 0xFFFF)
    return total ^ 0xFFFF


def icmp(kind, ident, number, payload):
    """An ICMP message with its checksum (which the kernel computes itself for ICMPv6)."""
    head = struct.pack("!BBHHH", kind, 0, 0, ident, number)
    return struct.pack("!BBHHH", kind, 0, checksum(head + payload), ident, number) + payload


def _icmp_socket(family, raw_only):
    """(socket, whether it is a raw one). Without root, Linux may allow ping sockets (net.ipv4.ping_group_range)."""
    domain = socket.AF_INET if family == 4 else socket.AF_INET6
    problem = None
    for kind in (socket.SOCK_RAW,) if raw_only else (socket.SOCK_RAW, socket.SOCK_DGRAM):
        try:
            sock = socket.socket(domain, kind, ECHO[family][2])
        except (OSError, IOError) as e:
            if e.errno not in (errno.EPERM, errno.EACCES, errno.EAFNOSUPPORT):
                raise
            problem = e.errno
            continue
        sock.setblocking(False)
        return sock, kind == socket.SOCK_RAW
    if problem == errno.EAFNOSUPPORT:
        raise ReachabilityError("this host has no IPv%d, so the target cannot be probed" % family)
    raise ReachabilityError("ICMP needs root here: use become: true, or set a port for the target to probe it by TCP")


def _strip_ip(data, family, raw):
    return data[(bytearray(data[:1])[0] & 0x0F) * 4 :] if raw and family == 4 and data else data


class Samples(object):
    """What one target did: when each probe was sent, and how many seconds later the answer came, if any."""

    def __init__(self, limit):
        self.limit = limit
        self.pairs = []

    def ask(self, now):
        self.pairs.append([now, None])
        return len(self.pairs) - 1

    def answered(self, number, now):
        pair = self.pairs[number]
        if pair[1] is None and now - pair[0] <= self.limit:
            pair[1] = now - pair[0]

    def pending(self, end):
        """Whether an answer to one of the last probes may still come."""
        return any(rtt is None and end - sent < self.limit for sent, rtt in self.pairs[-1000:])

    def result(self):
        return [[round(sent, 6), rtt if rtt is None else round(rtt, 6)] for sent, rtt in self.pairs]


class Packets(object):
    """What probers with one socket for packets have in common; take(data, sender, now) is theirs."""

    sock = None

    def sockets(self):
        return [self.sock], []

    def send(self, data, address=None):
        try:
            if address is None:
                self.sock.send(data)
            else:
                self.sock.sendto(data, address)
        except (OSError, IOError):
            pass  # no route, no neighbour, the link is down: not reached, which is what is recorded

    def ready(self, _sock, now):
        """Take all that has come."""
        while True:
            try:
                data, sender = self.sock.recvfrom(2048)
            except (OSError, IOError):
                return
            self.take(data, sender, now)


class Ping(Packets):
    """ICMP echo to an address."""

    def __init__(self, address, timeout):
        self.family, packed = _addresses.pack(address)
        self.samples = Samples(timeout)
        self.sock, self.raw = _icmp_socket(self.family, False)
        self.ident = struct.unpack("!H", os.urandom(2))[0]
        self.token = os.urandom(8)
        # As the kernel names the sender of an answer, however it was written.
        self.address = _addresses.unpack(packed)

    def tick(self, now):
        number = self.samples.ask(now)
        payload = self.token + struct.pack("!I", number)
        self.send(icmp(ECHO[self.family][0], self.ident, number & 0xFFFF, payload), (self.address, 0))

    def take(self, data, sender, now):
        data = _strip_ip(data, self.family, self.raw)
        # The token, not the identifier: the kernel chooses that for ping sockets.
        if len(data) >= 20 and bytearray(data[:1])[0] == ECHO[self.family][1] and data[8:16] == self.token:
            number = struct.unpack("!I", data[16:20])[0]
            if sender[0] == self.address and number < len(self.samples.pairs):
                self.samples.answered(number, now)

    def result(self):
        return self.samples.result()


class Connect(object):
    """A TCP connection to an address and port; a rejected one is an answer too: the host is there."""

    def __init__(self, address, port, timeout):
        self.domain = socket.AF_INET if _addresses.pack(address)[0] == 4 else socket.AF_INET6
        self.target = (address, port)
        self.samples = Samples(timeout)
        self.open = {}

    def tick(self, now):
        number = self.samples.ask(now)
        try:
            sock = socket.socket(self.domain, socket.SOCK_STREAM)
        except (OSError, IOError):
            return  # a host without IPv6: not reached
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER_NOT)
        status = sock.connect_ex(self.target)
        if status == errno.EINPROGRESS:
            self.open[sock] = number
        else:
            if status in (0, errno.ECONNREFUSED):
                self.samples.answered(number, time.time())
            sock.close()
        for late in [one for one, sent in self.open.items() if now - self.samples.pairs[sent][0] > self.samples.limit]:
            del self.open[late]
            late.close()

    def sockets(self):
        return [], list(self.open)

    def ready(self, sock, now):
        number = self.open.pop(sock)
        if sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) in (0, errno.ECONNREFUSED):
            self.samples.answered(number, now)
        sock.close()

    def result(self):
        return self.samples.result()


class Answerers(Packets):
    """Which machines answer for a VIP by ARP: the observer has one clock, so two at the same time are certain."""

    def __init__(self, vip, interface, interval):
        self.index, self.link = interface
        if not self.link["ethernet"] or self.link["mac"] is None:
            raise ReachabilityError("%s is not an Ethernet interface, so there is no ARP on it" % self.link["name"])
        self.packed = _addresses.pack(vip)[1]
        self.me = _arp_probe.private_mac()
        self.sock = _arp_probe.open_socket(self.index, self.link["name"], self.me, self.link["mac"])
        self.sock.setblocking(False)
        self.silence = max(SILENCE, 3 * interval)
        self.periods = []
        self.current = {}

    def tick(self, _now):
        self.send(_arp_probe.question(self.link["mac"], self.me, self.packed))

    def take(self, data, sender, now):
        found = None if sender[2] == _arp_probe.PACKET_OUTGOING else _arp_probe.answer(data, self.me)
        if found is None or found[0] != self.packed:
            return
        period = self.current.get(found[1])
        if period is None or now - period[2] > self.silence:
            period = self.current[found[1]] = [found[1], now, now]
            self.periods.append(period)
        period[2] = now

    def result(self):
        return [
            {"mac": _addresses.format_mac(mac), "from": round(first, 6), "to": round(last, 6)}
            for mac, first, last in self.periods
        ]


class Clock(Packets):
    """How far another host's clock is ahead of this one's, by ICMP timestamps (RFC 792), which the kernel answers.

    Only an IPv4 address is probed. A name would be resolved at each probe, and nothing else be recorded meanwhile.
    """

    def __init__(self, address):
        self.address = address
        try:
            self.known = _addresses.pack(address)[0] == 4
        except _addresses.AddressError:
            self.known = False
        self.sock, _raw = _icmp_socket(4, True)
        self.ident = struct.unpack("!H", os.urandom(2))[0]
        self.number = 0
        self.sent = {}
        self.last = 0.0
        self.best = None

    def tick(self, now):
        if not self.known or now - self.last < CLOCK_EVERY:
            return
        self.last = now
        self.number = (self.number + 1) & 0xFFFF
        self.sent = {self.number: now}
        payload = struct.pack("!III", int(now % DAY * 1000), 0, 0)
        self.send(icmp(TIMESTAMP, self.ident, self.number, payload), (self.address, 0))

    def take(self, data, sender, now):
        data = _strip_ip(data, 4, True)
        if sender[0] != self.address or len(data) < 20 or bytearray(data[:1])[0] != TIMESTAMP_REPLY:
            return
        ident, number, _origin, received, _sent = struct.unpack("!HHIII", data[4:20])
        # The high bit marks a time that is not milliseconds since midnight, UTC.
        if ident != self.ident or number not in self.sent or received >= 1 << 31:
            return
        sent = self.sent.pop(number)
        offset = (received / 1000.0 - (sent + now) / 2 % DAY + DAY / 2) % DAY - DAY / 2
        half = (now - sent) / 2 + 0.001
        if self.best is None or half < self.best[1]:
            # Their milliseconds are cut, not rounded: on average half of one is missing.
            self.best = (offset + 0.0005, half)

    def result(self):
        if self.best is None:
            return None
        return {"offset": round(self.best[0], 6), "uncertainty": round(self.best[1], 6)}


def interface_of(address):
    """The (index, link) of the interface on which this host resolves an IPv4 address itself."""
    family, packed = _addresses.pack(address)
    index = _addresses.route_interface(packed) if family == 4 else None
    if index is not None:
        return index, _addresses.links()[index]
    raise ReachabilityError(
        "%s is not in an IPv4 network of this host, so ARP cannot be used to find who answers for it" % address
    )


def record(probers, interval, seconds, stop):
    """Run them for so many seconds, or until stop() is true; (begin, end), seconds since the epoch.

    After the end, answers that are on their way are waited for until every question has had its time.
    """
    begin = time.time()
    ticks = 0
    while True:
        now = time.time()
        if now - begin >= seconds or stop():
            break
        if now >= begin + ticks * interval:
            for one in probers:
                one.tick(time.time())
            # A stall leaves out probes; sending them late and all at once would measure nothing.
            ticks = int((time.time() - begin) / interval) + 1
        _wait(probers, begin + ticks * interval)
    end = time.time()
    sampled = [one.samples for one in probers if hasattr(one, "samples")]
    grace = max([samples.limit for samples in sampled] or [0.0])
    while time.time() < end + grace and any(samples.pending(end) for samples in sampled):
        _wait(probers, min(end + grace, time.time() + 0.05))
    return begin, end


def _wait(probers, until):
    owner = {}
    reading, writing = [], []
    for one in probers:
        to_read, to_write = one.sockets()
        reading += to_read
        writing += to_write
        owner.update((sock, one) for sock in to_read + to_write)
    try:
        can_read, can_write, _broken = select.select(reading, writing, [], max(0.0, until - time.time()))
    except select.error as e:
        if e.args[0] == errno.EINTR:
            return
        raise
    now = time.time()
    for sock in can_read + can_write:
        owner[sock].ready(sock, now)
