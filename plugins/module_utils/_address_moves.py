# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Record when addresses come to this host and leave it, by the kernel's own notifications. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import socket
import struct

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses

RTM_DELADDR = 21
RTMGRP_IPV4_IFADDR, RTMGRP_IPV6_IFADDR = 0x10, 0x100  # linux/rtnetlink.h


class Moves:
    """One of the probers of _reachability.record(). `vips` are texts; addresses are compared exactly."""

    def __init__(self, vips, now):
        # Listen first, list then: what happens in between is received, and recorded once.
        self.sock = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, 0)
        self.sock.bind((0, RTMGRP_IPV4_IFADDR | RTMGRP_IPV6_IFADDR))
        self.sock.setblocking(False)
        self.vips = dict((one["packed"], one["vip"]) for one in [_addresses.parse_vip(text) for text in vips])
        self.places = dict((packed, set()) for packed in self.vips)
        self.moves = []
        self.look(now)
        self.initial = dict((vip, bool(self.places[packed])) for packed, vip in self.vips.items())
        self.moves = []

    def look(self, now):
        """Compare what is noted with what the kernel lists; the difference is recorded as of now."""
        found = dict((packed, set()) for packed in self.vips)
        for one in _addresses.local_addresses({}):
            if one["packed"] in found and one["state"] == "usable":
                found[one["packed"]].add(one["index"])
        for packed, places in found.items():
            self.note(packed, places, now)

    def note(self, packed, places, now):
        """Record a change between nowhere and somewhere; a second interface is no move."""
        if bool(places) != bool(self.places[packed]):
            self.moves.append({"vip": self.vips[packed], "at": round(now, 6), "held": bool(places)})
        self.places[packed] = set(places)

    def tick(self, _now):
        """Nothing to query: the kernel sends its changes."""

    def sockets(self):
        return [self.sock], []

    def ready(self, _sock, now):
        while True:
            try:
                data, sender = self.sock.recvfrom(1 << 16)
            except (OSError, IOError) as e:
                if e.errno == errno.ENOBUFS:
                    # Notifications were lost: what there is now counts.
                    self.look(now)
                    continue
                return
            if sender[0] == 0:  # only the kernel has port 0
                self.read(data, now)

    def read(self, data, now):
        offset = 0
        while offset + 16 <= len(data):
            length, kind = struct.unpack_from("=IH", data, offset)
            if length < 16:
                return
            if kind in (_addresses.RTM_NEWADDR, RTM_DELADDR):
                one = _addresses.decode_address(data[offset + 16 : offset + length], {}, now, 0.0)
                if one is not None and one["packed"] in self.places:
                    change = set([one["index"]])
                    places = self.places[one["packed"]]
                    # The kernel reports an IPv6 address again when it has found no duplicate, or one.
                    here = kind == _addresses.RTM_NEWADDR and one["state"] == "usable"
                    self.note(one["packed"], places | change if here else places - change, now)
            offset += (length + 3) & ~3

    def result(self):
        return {"initial": self.initial, "moves": self.moves}
