# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP without a library, for servers of tests that must say what no library would."""

from __future__ import annotations

import re
import socket


def read_request(connection: socket.socket) -> tuple[bytes, bytes] | None:
    """Head and body of one request; what came of the body if the client left, None if it left before the head was whole."""
    data = b""
    while b"\r\n\r\n" not in data:
        piece = connection.recv(65536)
        if not piece:
            return None
        data += piece
    head, dummy, body = data.partition(b"\r\n\r\n")
    size = re.search(rb"(?i)content-length: *(\d+)", head)
    while size and len(body) < int(size[1]):
        piece = connection.recv(65536)
        if not piece:
            break
        body += piece
    return head, body
