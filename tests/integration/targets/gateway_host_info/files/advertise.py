# SPDX-License-Identifier: GPL-3.0-or-later
"""A VRRP router, version 2, without the rest of one: an advert for VRID 45 and 10.0.0.253 every 0.2 s for argv[1] seconds."""

from __future__ import annotations

import socket
import struct
import sys
import time

GROUP = "224.0.0.18"
ADVERT = struct.pack("!BBBBBBH4s8s", 0x21, 45, 150, 1, 0, 1, 0, socket.inet_aton("10.0.0.253"), b"")


def checksum(data: bytes) -> int:
    """The Internet checksum (RFC 1071)."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


packet = ADVERT[:6] + struct.pack("!H", checksum(ADVERT)) + ADVERT[8:]
router = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
router.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
router.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("10.0.0.2"))
deadline = time.monotonic() + float(sys.argv[1])
while time.monotonic() < deadline:
    router.sendto(packet, (GROUP, 0))
    time.sleep(0.2)
