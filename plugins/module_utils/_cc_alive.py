# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Does a cluster controller live? Private to the collection.

The unauthenticated GET /axis2/services whose page names EucalyptusCC is Eucalyptus' own test of that (cc-protocol.md). It
queries no state and has no side effect.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import socket
import time

# For deadlines: nobody sets it. Python 2.7 has none.
_clock = getattr(time, "monotonic", time.time)

PAGE = "/axis2/services"
PAGE_LIMIT = 1 << 18


def _receive(host, port, timeout):
    """The start of the answer, as bytes; everything within timeout seconds. Raises socket errors."""
    deadline = _clock() + timeout
    sock = socket.create_connection((host, port), timeout)
    try:
        authority = "[%s]" % host if ":" in host else host
        request = "GET %s HTTP/1.0\r\nHost: %s:%d\r\nConnection: close\r\n\r\n" % (PAGE, authority, port)
        sock.sendall(request.encode("ascii"))
        data = b""
        while b"EucalyptusCC" not in data and len(data) < PAGE_LIMIT:
            left = deadline - _clock()
            if left <= 0:
                raise socket.timeout("timed out")
            sock.settimeout(left)
            piece = sock.recv(1 << 16)
            if not piece:
                break
            data += piece
        return data
    finally:
        sock.close()


def ask(host, port, timeout=1.5):
    """-> dict: alive (bool), message (str). Takes no longer than timeout seconds, apart from a name lookup."""
    try:
        data = _receive(host, port, timeout)
    except socket.timeout:
        return {"alive": False, "message": "no answer from %s port %d within %g s" % (host, port, timeout)}
    except (OSError, IOError, UnicodeError) as e:
        cause = os.strerror(e.errno) if getattr(e, "errno", None) in errno.errorcode else str(e)
        return {"alive": False, "message": "%s port %d: %s" % (host, port, cause)}
    if b"EucalyptusCC" in data:
        return {"alive": True, "message": "%s port %d answers" % (host, port)}
    first = data.split(b"\r\n")[0][:80].decode("ascii", "replace")
    return {"alive": False, "message": "what answers on %s port %d is no cluster controller (%s)" % (host, port, first)}
