# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Query by ARP who answers for IPv4 addresses, without leaving a trace in any neighbour cache. Private to the collection.

The request is the address probe of RFC 5227, section 2.1.1: sender address 0.0.0.0, so that no receiver caches
anything. That protects the caches of others; the sender's own would still be updated by the answer, if it has an entry for
the address (Linux net/ipv4/arp.c, arp_process). So the sender hardware address inside the request is a random, locally
administered one: the answer is sent to that, the kernel drops it as addressed to another host, and only the packet socket
receives it. The Ethernet header keeps the interface's own address as its source, since a switch may shut a port down on which
a new one appears.

Networks that filter by MAC address may drop such requests or their answers. When nobody at all answers, not even for
addresses that must exist, the request is sent once more with the interface's own address.

IPv4 only. The like for IPv6, a neighbour solicitation from the unspecified address, is answered to all nodes, which do
update their caches; any other solicitation leaves an entry at the holder.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import select
import socket
import struct

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses

ETH_P_ARP = 0x0806
SOL_PACKET, PACKET_ADD_MEMBERSHIP, PACKET_MR_UNICAST = 263, 1, 3
PACKET_OUTGOING = 4
ARP_REQUEST, ARP_REPLY = 1, 2
BROADCAST = b"\xff" * 6

# The part of the time after which no answer at all counts as a network that drops requests with a private address.
PRIVATE_SHARE = 0.6
ROUNDS = 3  # times each question is sent; one frame may be lost
IPV6_UNSUPPORTED = "IPv6 VIPs are not probed: a neighbour solicitation would leave an entry in caches"


class ProbeError(Exception):
    """The network cannot be probed from here; the message has the cause and the fix."""


def private_mac():
    """A random unicast MAC address with the bit for locally administered ones set."""
    data = bytearray(os.urandom(6))
    data[0] = (data[0] & 0xFC) | 0x02
    return bytes(data)


def question(source_mac, sender_mac, target):
    """The Ethernet frame that requests the owner of an IPv4 address (packed).

    source_mac goes into the Ethernet header, sender_mac into the ARP packet.
    """
    return (
        BROADCAST
        + source_mac
        + struct.pack("!HHHBBH", ETH_P_ARP, 1, 0x0800, 6, 4, ARP_REQUEST)
        + sender_mac
        + b"\0\0\0\0"
        + b"\0" * 6
        + target
    )


def answer(frame, sender_mac):
    """(packed IPv4 address, MAC address) of a frame that answers a question of sender_mac, or None.

    Announcements and answers to others are not counted: while the VIP moves they would count as a second holder.
    """
    if len(frame) < 42 or struct.unpack_from("!HHHBBH", frame, 12) != (ETH_P_ARP, 1, 0x0800, 6, 4, ARP_REPLY):
        return None
    if frame[32:38] != sender_mac:
        return None
    return frame[28:32], frame[22:28]


def open_socket(index, name, sender_mac, own_mac):
    """A packet socket on an interface (its index and name) that receives ARP answers sent to sender_mac; raises ProbeError."""
    sock = None
    try:
        sock = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ARP))
        sock.bind((name, ETH_P_ARP))
        if sender_mac != own_mac:
            # So that the interface lets answers to an address that is not its own pass.
            request = struct.pack("=iHH8s", index, PACKET_MR_UNICAST, 6, sender_mac)
            sock.setsockopt(SOL_PACKET, PACKET_ADD_MEMBERSHIP, request)
        return sock
    except (OSError, IOError) as e:
        problem = e
    if sock is not None:
        sock.close()
    if problem.errno in (errno.EPERM, errno.EACCES):
        raise ProbeError("ARP queries need root (CAP_NET_RAW): use become: true (in the inventory: ansible_become: true)")
    raise ProbeError("probe: cannot open a raw socket on interface %s: %s" % (name, problem.strerror or problem))


def _ask(sock, frames, sender_mac, seconds, answers):
    """Send the frames ROUNDS times within that many seconds and add what comes back to answers."""
    begin = _addresses.clock_since_boot()
    rounds = 0
    while True:
        passed = _addresses.clock_since_boot() - begin
        if passed >= seconds:
            return
        if rounds < ROUNDS and passed >= seconds * rounds / (ROUNDS + 1.0):
            for frame in frames:
                sock.send(frame)
            rounds += 1
        due = seconds * rounds / (ROUNDS + 1.0) if rounds < ROUNDS else seconds
        try:
            ready = select.select([sock], [], [], max(0.0, due - passed))[0]
        except select.error as e:
            if e.args[0] == errno.EINTR:
                continue
            raise
        if not ready:
            continue
        frame, sender = sock.recvfrom(2048)
        if sender[2] == PACKET_OUTGOING:
            continue
        found = answer(frame, sender_mac)
        if found is not None and found[0] in answers and found[1] not in answers[found[0]]:
            answers[found[0]].append(found[1])


def check_link(link):
    """Raise ProbeError for a link (an entry of _addresses.links()) on which nothing can be probed."""
    if not link["ethernet"] or link["mac"] is None:
        raise ProbeError("probe_interface: %s is not an Ethernet interface, so there is no ARP on it" % link["name"])
    if not link["up"]:
        raise ProbeError("probe_interface: %s is down" % link["name"])


def ask(index, link, targets, timeout):
    """Query on one interface who has each of several IPv4 addresses.

    index and link are an entry of _addresses.links(), targets packed addresses, timeout seconds, all of which are used.
    Returns ({target: [MAC addresses as bytes, in the order of their answers]}, 'private' or 'own': which address the
    requests had). Raises ProbeError.
    """
    check_link(link)
    answers = dict((target, []) for target in targets)
    own = link["mac"]
    stages = ((private_mac(), PRIVATE_SHARE, "private"), (own, 1 - PRIVATE_SHARE, "own"))
    asked_as = "private"
    for sender, share, asked_as in stages:
        sock = open_socket(index, link["name"], sender, own)
        frames = [question(own, sender, target) for target in targets]
        problem = None
        try:
            _ask(sock, frames, sender, timeout * share, answers)
            if asked_as == "private" and any(answers.values()):
                # The network passes our requests: the rest of the time is for those who are slower.
                _ask(sock, frames, sender, timeout * (1 - share), answers)
                break
        except (OSError, IOError) as e:
            problem = "probe: sending on interface %s failed: %s" % (link["name"], e.strerror or e)
        finally:
            sock.close()
        if problem:
            raise ProbeError(problem)
    return answers, asked_as


def is_virtual_router(mac):
    """Whether a MAC address is one of those that VRRP gives to the virtual router itself (RFC 5798, 7.3; use_vmac).

    All holders share it, so it names none of them.
    """
    return mac[:5] in (b"\x00\x00\x5e\x00\x01", b"\x00\x00\x5e\x00\x02")


def name_holders(macs, candidates):
    """Match the MAC addresses that answered for a VIP with those of the candidates.

    candidates: list of (name, MAC addresses, none if it did not answer). Returns (holders, unnamed, foreign, possible):
    names in the candidates' order; MAC addresses that may be a candidate's; those that certainly are nobody's of them; and
    the names of those who may be behind the unnamed ones, or None if that may be anybody.
    """
    holders = []
    unnamed = []
    foreign = []
    silent = [name for name, theirs in candidates if not theirs]
    possible = []
    for mac in macs:
        owners = [name for name, theirs in candidates if mac in theirs]
        if len(owners) == 1:
            if owners[0] not in holders:
                holders.append(owners[0])
        elif owners:
            unnamed.append(mac)  # a router that answers for everybody
            possible.extend(owners)
        elif not candidates or is_virtual_router(mac):
            unnamed.append(mac)
            possible.extend(name for name, _theirs in candidates)
        elif silent:
            unnamed.append(mac)
            possible.extend(silent)
        else:
            foreign.append(mac)
    named = [name for name, _theirs in candidates]
    return (
        [name for name in named if name in holders],
        unnamed,
        foreign,
        [name for name in named if name in possible] if candidates else None,
    )
