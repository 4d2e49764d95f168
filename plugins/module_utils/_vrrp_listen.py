# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The VRRP routers whose adverts arrive on an interface. Private to the collection.

A packet socket gets adverts before the packet filter drops them and whatever their destination; a filter in the kernel
(classic BPF) keeps everything else from it, so that a busy interface costs nothing. The multicast groups 224.0.0.18 and
ff02::12 are joined meanwhile, since switches with IGMP snooping would not send them here otherwise.

What it cannot detect: unicast adverts between two other hosts, and backups, which send none.

Packet formats: RFC 3768 (version 2), RFC 5798 (version 3).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import ctypes
import errno
import os
import select
import socket
import struct
import time

# For deadlines: nobody sets it. Python 2.7 has none.
_clock = getattr(time, "monotonic", time.time)

PROTOCOL = 112
ETH_P_ALL = 0x0003
SO_ATTACH_FILTER = 26
PACKET_OUTGOING = 4
IP_ADD_MEMBERSHIP, IPV6_JOIN_GROUP = 35, 20
GROUPS = ((socket.AF_INET, "224.0.0.18"), (socket.AF_INET6, "ff02::12"))
VALID_TTL = 255  # a router discards adverts with less: they were forwarded by somebody

# On a datagram packet socket offset 0 is the IP header. IPv4: protocol at 9; IPv6: next header at 6.
_FILTER = (
    (0x30, 0, 0, 0),  # ldb [0]
    (0x74, 0, 0, 4),  # rsh #4
    (0x15, 0, 2, 4),  # jeq #4, next, else to the test for IPv6
    (0x30, 0, 0, 9),  # ldb [9]
    (0x15, 3, 4, PROTOCOL),
    (0x15, 0, 3, 6),  # jeq #6
    (0x30, 0, 0, 6),  # ldb [6]
    (0x15, 0, 1, PROTOCOL),
    (0x06, 0, 0, 0xFFFF),  # take it
    (0x06, 0, 0, 0),  # leave it
)


class ListenError(Exception):
    """The interface cannot be listened on; the message has the cause."""


def parse(packet):
    """An IP packet with a VRRP advert -> dict, or None for anything else and for what no router would accept.

    Gives source, destination, family, version, virtual_router_id, priority, advert_interval (seconds), addresses (of the
    virtual router), authentication (bool).
    """
    data = bytearray(packet)
    if not data:
        return None
    if data[0] >> 4 == 4 and len(data) >= 20 and data[9] == PROTOCOL:
        start, ttl, family, size = (data[0] & 0x0F) * 4, data[8], socket.AF_INET, 4
        ends = bytes(data[12:16]), bytes(data[16:20])
        length = (data[2] << 8) | data[3]
    elif data[0] >> 4 == 6 and len(data) >= 40 and data[6] == PROTOCOL:
        start, ttl, family, size = 40, data[7], socket.AF_INET6, 16
        ends = bytes(data[8:24]), bytes(data[24:40])
        length = 40 + ((data[4] << 8) | data[5])
    else:
        return None
    # Ethernet pads short frames: only what the IP header counts belongs to the packet.
    vrrp = data[start : min(length, len(data))]
    if ttl != VALID_TTL or start < 20 or len(vrrp) < 8 or vrrp[0] & 0x0F != 1:
        return None
    version, count = vrrp[0] >> 4, vrrp[3]
    if version not in (2, 3) or len(vrrp) < 8 + count * size:
        return None
    if version == 2:
        interval, authentication = float(vrrp[5]), vrrp[4] != 0
    else:
        interval, authentication = (((vrrp[4] & 0x0F) << 8) | vrrp[5]) / 100.0, False
    return {
        "source": socket.inet_ntop(family, ends[0]),
        "destination": socket.inet_ntop(family, ends[1]),
        "family": 4 if family == socket.AF_INET else 6,
        "version": version,
        "virtual_router_id": vrrp[1],
        "priority": vrrp[2],
        "advert_interval": interval,
        "authentication": authentication,
        "addresses": [socket.inet_ntop(family, bytes(vrrp[8 + n * size : 8 + (n + 1) * size])) for n in range(count)],
    }


def gather(packets):
    """Packets -> list of adverts, one for each router (source, version, VRID), the latest, with their count; in order."""
    found = {}
    order = []
    for packet in packets:
        advert = parse(packet)
        if advert is None:
            continue
        router = (advert["source"], advert["version"], advert["virtual_router_id"])
        if router not in found:
            order.append(router)
        advert["count"] = found[router]["count"] + 1 if router in found else 1
        found[router] = advert
    return [found[router] for router in order]


def _index(interface):
    try:
        with open(os.path.join("/sys/class/net", interface, "ifindex")) as stream:
            return int(stream.read())
    except (IOError, OSError, ValueError):
        pass
    raise ListenError("there is no interface %s" % interface)


def _open(interface):
    sock = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, 0)
    try:
        program = b"".join(struct.pack("=HBBI", *line) for line in _FILTER)
        kept = ctypes.create_string_buffer(program)
        # struct sock_fprog: the count, and a pointer at its natural alignment.
        sock.setsockopt(socket.SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("HP", len(_FILTER), ctypes.addressof(kept)))
        # Bound after the filter is there, so that nothing else gets in.
        sock.bind((interface, ETH_P_ALL))
    except (OSError, IOError):
        sock.close()
        raise
    return sock


def _join(index):
    """Sockets that keep the groups joined while they are open. A family that the host lacks is left out."""
    joined = []
    for family, group in GROUPS:
        try:
            sock = socket.socket(family, socket.SOCK_DGRAM)
        except (OSError, IOError):
            continue
        joined.append(sock)
        packed = socket.inet_pton(family, group)
        try:
            if family == socket.AF_INET:
                request = packed + struct.pack("=4si", b"\0" * 4, index)  # struct ip_mreqn
                sock.setsockopt(socket.IPPROTO_IP, IP_ADD_MEMBERSHIP, request)
            else:
                sock.setsockopt(socket.IPPROTO_IPV6, IPV6_JOIN_GROUP, packed + struct.pack("=I", index))
        except (OSError, IOError):
            continue  # an interface without that family has no such routers
    return joined


def listen(interface, seconds):
    """The adverts of others that come in on an interface within so many seconds, as gather() gives them. Raises ListenError."""
    index = _index(interface)
    try:
        sock = _open(interface)
    except (OSError, IOError) as e:
        problem = e
    else:
        problem = None
    if problem is not None:
        hint = ": use become" if problem.errno in (errno.EPERM, errno.EACCES) else ""
        raise ListenError("cannot listen on %s: %s%s" % (interface, problem.strerror or problem, hint))
    joined = _join(index)
    packets = []
    deadline = _clock() + seconds
    try:
        while len(packets) < 10000:
            left = deadline - _clock()
            if left <= 0 or left > seconds + 1:  # Python 2.7: the clock may be set back meanwhile
                break
            try:
                ready = select.select([sock], [], [], left)[0]
            except select.error as e:
                if e.args[0] == errno.EINTR:
                    continue
                raise
            if ready:
                packet, sender = sock.recvfrom(2048)
                if sender[2] != PACKET_OUTGOING:
                    packets.append(packet)
    except (OSError, IOError) as e:
        problem = e
    finally:
        for one in joined + [sock]:
            one.close()
    if problem is not None:
        raise ListenError("listening on %s broke off: %s" % (interface, problem.strerror or problem))
    return gather(packets)
