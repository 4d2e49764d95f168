# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The addresses and links of this host, as the kernel lists them. Private to the collection.

Queried over rtnetlink (rtnetlink(7), linux/if_addr.h) with nothing but the standard library: no command to start, no
text to parse, and the kernel also reports when each address was added, which is the moment this host took the VIP.
Addresses are compared as packed bytes, so 10.0.0.10 is never 10.0.0.100 and C(fd00::10) equals C(FD00:0:0::10).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import re
import socket
import struct
import time

RTM_NEWLINK, RTM_GETLINK = 16, 18
RTM_NEWADDR, RTM_GETADDR = 20, 22
RTM_NEWROUTE, RTM_GETROUTE = 24, 26
NLMSG_ERROR, NLMSG_DONE = 2, 3
NLM_F_REQUEST, NLM_F_DUMP_INTR, NLM_F_DUMP = 0x01, 0x10, 0x300
IFA_ADDRESS, IFA_LOCAL, IFA_CACHEINFO, IFA_FLAGS = 1, 2, 6, 8
IFLA_ADDRESS, IFLA_IFNAME = 1, 3
RTA_DST, RTA_OIF, RTA_GATEWAY = 1, 4, 5
IFF_UP, IFF_LOOPBACK, IFF_LOWER_UP = 0x1, 0x8, 0x10000
IFA_F_OPTIMISTIC, IFA_F_DADFAILED, IFA_F_TENTATIVE = 0x04, 0x08, 0x40
ARPHRD_ETHER = 1
NLA_TYPE_MASK = 0x3FFF

# A dump that the kernel marks as interrupted by a change is requested again; VIPs do move meanwhile.
DUMP_ATTEMPTS = 5
REPLY_TIMEOUT = 5.0  # seconds; the kernel answers in microseconds


class AddressError(Exception):
    """The kernel could not be queried, or a text is not an address."""


def pack(text):
    """IPv4 or IPv6 address as text -> (family 4 or 6, packed bytes). Raises AddressError for anything else."""
    for family, number in ((socket.AF_INET, 4), (socket.AF_INET6, 6)):
        try:
            return number, socket.inet_pton(family, text)
        except (socket.error, ValueError, TypeError, UnicodeError):
            continue
    raise AddressError("'%s' is not an IPv4 or IPv6 address" % (text,))


def unpack(packed):
    """Packed bytes -> the canonical text of the address."""
    return socket.inet_ntop(socket.AF_INET if len(packed) == 4 else socket.AF_INET6, packed)


def parse_vip(text):
    """A VIP as users and keepalived.conf write it -> dict.

    Understands C(ADDRESS), C(ADDRESS/PREFIX), C(ADDRESS%INTERFACE), and the words that keepalived.conf(5) allows behind
    the address, of which only C(dev INTERFACE) names where the address has to be.
    Returns vip (canonical text), family (4 or 6), packed (bytes), prefix (int or None), interface (str or None).
    Raises AddressError.
    """
    words = text.split()
    if not words:
        raise AddressError("an empty text is not a VIP")
    address, slash, prefix = words[0].partition("/")
    address, percent, interface = address.partition("%")
    family, packed = pack(address)
    bits = 8 * len(packed)
    if slash:
        # Not isdigit(), for which a superscript is a digit too.
        if not re.match("[0-9]+$", prefix) or int(prefix) > bits:
            raise AddressError("'%s': the part after / must be a prefix length of 0 to %d" % (words[0], bits))
        prefix = int(prefix)
    else:
        prefix = None
    if "dev" in words[1:-1]:
        interface = words[words.index("dev", 1) + 1]
    return {
        "vip": unpack(packed),
        "family": family,
        "packed": packed,
        "prefix": prefix,
        "interface": interface or None,
    }


def in_network(packed, network, prefix):
    """Whether an address (packed) lies in the network of another (packed) with that prefix length."""
    if len(packed) != len(network):
        return False
    whole, rest = divmod(prefix, 8)
    if packed[:whole] != network[:whole]:
        return False
    if not rest:
        return True
    mask = (0xFF << (8 - rest)) & 0xFF
    return bytearray(packed)[whole] & mask == bytearray(network)[whole] & mask


def _align(length):
    return (length + 3) & ~3


def attributes(data, offset):
    """The rtattr list of a message from offset on -> {type: bytes}."""
    found = {}
    while offset + 4 <= len(data):
        length, kind = struct.unpack_from("=HH", data, offset)
        if length < 4:
            break
        found[kind & NLA_TYPE_MASK] = data[offset + 4 : offset + length]
        offset += _align(length)
    return found


def attribute(kind, value):
    """One rtattr, padded."""
    length = 4 + len(value)
    return struct.pack("=HH", length, kind) + value + b"\0" * (_align(length) - length)


def _messages(data):
    """Split what one recv() gave into (type, flags, payload)."""
    offset = 0
    while offset + 16 <= len(data):
        length, kind, flags = struct.unpack_from("=IHH", data, offset)
        if length < 16:
            break
        yield kind, flags, data[offset + 16 : offset + length]
        offset += _align(length)


def _raise_for(payload):
    code = -struct.unpack_from("=i", payload)[0] if len(payload) >= 4 else 0
    if code:
        raise AddressError("the kernel did not list them: %s" % os.strerror(code))


def _ask(kind, wanted, payload, dump=True):
    """Send one rtnetlink request -> (payloads of the answers of type wanted, whether the dump was consistent)."""
    answers = []
    consistent = True
    sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
    try:
        sock.settimeout(REPLY_TIMEOUT)
        sock.bind((0, 0))
        flags = NLM_F_REQUEST | (NLM_F_DUMP if dump else 0)
        sock.send(struct.pack("=IHHII", 16 + len(payload), kind, flags, 1, 0) + payload)
        while True:
            data, sender = sock.recvfrom(1 << 18)
            if sender[0] != 0:  # only the kernel has port 0
                continue
            for answer, answer_flags, body in _messages(data):
                if answer_flags & NLM_F_DUMP_INTR:
                    consistent = False
                if answer == NLMSG_DONE:
                    return answers, consistent
                if answer == NLMSG_ERROR:
                    _raise_for(body)
                    return answers, consistent
                if answer == wanted:
                    answers.append(body)
                    if not dump:
                        return answers, consistent
    finally:
        sock.close()


def ask_kernel(kind, wanted, payload, dump=True):
    """As _ask, repeated while the dump was interrupted by a change. Raises AddressError."""
    try:
        for _attempt in range(DUMP_ATTEMPTS):
            answers, consistent = _ask(kind, wanted, payload, dump)
            if consistent:
                break
        return answers
    except (OSError, IOError, AttributeError) as e:
        problem = e
    raise AddressError("rtnetlink is not usable on this host: %s" % (problem,))


def format_mac(data):
    """Six bytes -> 'aa:bb:cc:dd:ee:ff'."""
    return ":".join("%02x" % byte for byte in bytearray(data))


def links():
    """The links of this host: {index: {name, mac (bytes or None), up, carrier, loopback, ethernet}}."""
    found = {}
    for body in ask_kernel(RTM_GETLINK, RTM_NEWLINK, struct.pack("=BxHiII", socket.AF_UNSPEC, 0, 0, 0, 0)):
        kind, index, flags = struct.unpack_from("=2xHiI", body)
        values = attributes(body, 16)
        mac = values.get(IFLA_ADDRESS)
        found[index] = {
            "name": values.get(IFLA_IFNAME, b"").rstrip(b"\0").decode("utf-8", "replace"),
            "mac": mac if mac and len(mac) == 6 else None,
            "up": bool(flags & IFF_UP),
            "carrier": bool(flags & IFF_LOWER_UP),
            "loopback": bool(flags & IFF_LOOPBACK),
            "ethernet": kind == ARPHRD_ETHER,
        }
    return found


def clock_since_boot():
    """Seconds since boot by the clock that the kernel stamps addresses with; it stops while suspended."""
    try:
        return time.clock_gettime(time.CLOCK_MONOTONIC)
    except AttributeError:  # Python 2.7
        with open("/proc/uptime") as stream:
            return float(stream.read().split()[0])


def _added_at(cacheinfo, now, since_boot):
    """The epoch time at which an address was added; the kernel counts hundredths of a second in 32 bits.

    Right to a second: its count began a little later than the clock (by a constant, 0.25 s where it was measured).
    """
    if cacheinfo is None or len(cacheinfo) < 16:
        return None
    stamp = struct.unpack_from("=8xI", cacheinfo)[0]
    age = ((int(since_boot * 100) - stamp) & 0xFFFFFFFF) / 100.0
    # The coarse clock may be a tick ahead, which would wrap to 497 days.
    return now if age > 0xFFFFFF00 / 100.0 else now - age


def _state(flags, link):
    """What the kernel does with an address: usable, or why it is not."""
    if flags & IFA_F_DADFAILED:
        return "dadfailed"
    if flags & IFA_F_TENTATIVE and not flags & IFA_F_OPTIMISTIC:
        return "tentative"
    if link is not None and not link["up"]:
        return "interface_down"
    return "usable"


def decode_address(body, known_links, now, since_boot):
    """One RTM_NEWADDR payload -> dict, or None when it carries no address.

    The address itself is IFA_LOCAL where there is one: with a peer, IFA_ADDRESS is the other end's.
    """
    family, prefix, flags = struct.unpack_from("=BBB", body)
    index = struct.unpack_from("=i", body, 4)[0]
    values = attributes(body, 8)
    packed = values.get(IFA_LOCAL) or values.get(IFA_ADDRESS)
    if packed is None or len(packed) not in (4, 16):
        return None
    if len(values.get(IFA_FLAGS, b"")) >= 4:
        flags = struct.unpack_from("=I", values[IFA_FLAGS])[0]
    link = known_links.get(index)
    return {
        "family": 4 if family == socket.AF_INET else 6,
        "packed": packed,
        "address": unpack(packed),
        "prefix": prefix,
        "interface": link["name"] if link else str(index),
        "index": index,
        "state": _state(flags, link),
        "since": _added_at(values.get(IFA_CACHEINFO), now, since_boot),
    }


def local_addresses(known_links):
    """All addresses of this host, in the kernel's order.

    Each is a dict: family (4 or 6), packed, address, prefix, interface, index, state (usable, tentative, dadfailed or
    interface_down), since (epoch seconds or None). Raises AddressError.
    """
    bodies = ask_kernel(RTM_GETADDR, RTM_NEWADDR, struct.pack("=BBBBi", socket.AF_UNSPEC, 0, 0, 0, 0))
    now, since_boot = time.time(), clock_since_boot()
    decoded = [decode_address(body, known_links, now, since_boot) for body in bodies]
    return [one for one in decoded if one is not None]


def matches(addresses, vip):
    """The entries of local_addresses() that are the VIP (a dict of parse_vip); usable ones first."""
    found = [one for one in addresses if one["packed"] == vip["packed"]]
    return sorted(found, key=lambda one: one["state"] != "usable")


def route_interface(packed):
    """The index of the interface on which the kernel would resolve an address itself, or None if by a gateway.

    Raises AddressError when the kernel knows no way there.
    """
    family = socket.AF_INET if len(packed) == 4 else socket.AF_INET6
    header = struct.pack("=BBBBBBBBI", family, 8 * len(packed), 0, 0, 0, 0, 0, 0, 0)
    try:
        answers = ask_kernel(RTM_GETROUTE, RTM_NEWROUTE, header + attribute(RTA_DST, packed), dump=False)
    except AddressError as e:
        if os.strerror(errno.ENETUNREACH) in str(e):
            return None
        raise
    for body in answers:
        values = attributes(body, 12)
        if RTA_GATEWAY not in values and RTA_OIF in values:
            return struct.unpack_from("=i", values[RTA_OIF])[0]
    return None
