# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B904 (Python 2.7, which ansible-test compiles this with, has no "raise from")

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""One HTTP POST that ends by its deadline and holds no more than its limits, whatever the server does.

The usual clients bound each read, not the call: a server that sends one byte a second keeps them forever, and
name lookup is not bounded at all. Here every wait (lookup, connection, sending, each read) gets only what is left.
No proxies, no redirects, no cookies, no kept connection (the CC's httpd has MaxClients 8 and KeepAliveTimeout 30).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import io
import socket
import threading
import time

try:
    from http.client import HTTPException, HTTPResponse, IncompleteRead, LineTooLong
except ImportError:  # Python 2.7: imported by ansible-test only, zeep needs Python 3
    from httplib import HTTPException, HTTPResponse, IncompleteRead, LineTooLong

from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import CcTransportError, quote

#: Longest body read (bytes). A CC with 1,024 nodes listed answers less.
MAX_BODY = 1024 * 1024

#: Longest head read (bytes), interim answers (1xx) included.
MAX_HEAD = 64 * 1024
HEAD_TOO_LARGE = 'the head of the answer is longer than %d KiB' % (MAX_HEAD // 1024)

try:
    _monotonic = time.monotonic
except AttributeError:  # Python 2.7
    _monotonic = time.time


class Deadline:
    """The moment a call must be over, I(seconds) from now, on a clock that nobody sets."""

    def __init__(self, seconds):
        self.seconds = seconds
        self.started = _monotonic()

    def elapsed(self):
        """Seconds since the call began."""
        return _monotonic() - self.started

    def left(self, stage):
        """Seconds left (more than 0). Raises when none are: I(stage) is what the call was waiting for."""
        left = self.seconds - self.elapsed()
        if left <= 0:
            raise CcTransportError(
                'timeout', 'no complete answer within %g s: it ran out while %s' % (self.seconds, stage)
            )
        return left


class HttpAnswer:
    """What came back: I(status) (int), I(content_type) (str or None), I(body) (bytes)."""

    def __init__(self, status, content_type, body):
        self.status = status
        self.content_type = content_type
        self.body = body


class _Reader(io.RawIOBase):
    """The socket as a file: each read waits only until the deadline, all reads of the head together are limited."""

    def __init__(self, sock, deadline):
        super(_Reader, self).__init__()
        self._sock = sock
        self._deadline = deadline
        self._received = 0
        self.stage = 'waiting for the answer'
        self.limit = MAX_HEAD

    def readable(self):
        return True

    def readinto(self, buf):
        if self.limit is not None and self._received >= self.limit:
            raise CcTransportError('head_too_large', HEAD_TOO_LARGE)
        self._sock.settimeout(self._deadline.left(self.stage))
        try:
            count = self._sock.recv_into(buf)
        except socket.timeout:
            self._deadline.left(self.stage)
            raise
        self._received += count
        if count and self.stage == 'waiting for the answer':
            self.stage = 'reading the head of the answer'
        return count


class _FileMaker:
    """What HTTPResponse needs of a socket."""

    def __init__(self, reader):
        self._reader = reader

    def makefile(self, *dummy_args, **dummy_kwargs):
        return io.BufferedReader(self._reader, 4096)


def _look_up(host, port, deadline):
    """Addresses of I(host). getaddrinfo cannot be interrupted, so it gets a thread that may be left behind."""
    flags = getattr(socket, 'AI_NUMERICHOST', 0)
    try:
        return socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM, 0, flags)
    except (socket.error, UnicodeError):
        pass  # not an address, so a name
    found = []

    def run():
        try:
            found.append((socket.getaddrinfo(host, port, socket.AF_UNSPEC, socket.SOCK_STREAM), None))
        except (socket.error, UnicodeError) as exc:
            found.append((None, exc))

    thread = threading.Thread(target=run)
    thread.daemon = True
    thread.start()
    stage = 'resolving the name'
    thread.join(deadline.left(stage))
    if not found:
        deadline.left(stage)
        # Only a clock that jumps (Python 2) comes here.
        raise CcTransportError(
            'timeout', 'no complete answer within %g s: it ran out while %s' % (deadline.seconds, stage)
        )
    addresses, trouble = found[0]
    if trouble is not None:
        raise CcTransportError(
            'unresolvable', 'the name cannot be resolved: %s. Check the option host' % quote(trouble)
        )
    return addresses


def _connect(host, port, deadline):
    addresses = _look_up(host, port, deadline)
    trouble = None
    for position, (family, kind, proto, _name, address) in enumerate(addresses):
        left = deadline.left('connecting')
        try:
            sock = socket.socket(family, kind, proto)
        except socket.error as exc:
            trouble = exc
            continue
        try:
            # One address that swallows packets must not use up the time of the others.
            sock.settimeout(left / (len(addresses) - position))
            sock.connect(address)
        except socket.error as exc:
            sock.close()
            trouble = exc
            continue
        return sock
    if isinstance(trouble, socket.timeout):
        deadline.left('connecting')
        raise CcTransportError('timeout', 'no connection within %g s' % deadline.seconds)
    if getattr(trouble, 'errno', None) == errno.ECONNREFUSED:
        raise CcTransportError(
            'refused',
            'connection refused: no Cluster Controller is listening there. Check the options '
            'host and port, and that the CC runs (from Eucalyptus 5 on CC_ADDR may bind it elsewhere)',
        )
    hint = 'Check the options host and port'
    if getattr(trouble, 'errno', None) in (errno.EHOSTUNREACH, errno.EACCES, errno.EPERM):
        # A REJECT of a packet filter is one of these, firewalld's for one.
        hint += ', and that no firewall there rejects the port'
    raise CcTransportError('unreachable', 'no connection: %s. %s' % (quote(trouble), hint))


def _read_body(response, reader, deadline):
    """The body, at most MAX_BODY bytes, never holding more than that and one piece."""
    declared = response.length
    if declared is not None and declared > MAX_BODY:
        raise CcTransportError('too_large', 'the answer is longer than 1 MiB: it announces %d bytes' % declared)
    pieces = []
    size = 0
    while True:
        reader.stage = 'reading the answer, %d bytes of which had come' % size
        try:
            piece = response.read(min(65536, MAX_BODY + 1 - size))
        except IncompleteRead:
            piece = b''
            declared = -1  # in a chunk, or before the last one
        if not piece:
            break
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BODY:
            raise CcTransportError('too_large', 'the answer is longer than 1 MiB')
        deadline.left(reader.stage)
    if declared is not None and size != declared:
        announced = ' of %d' % declared if declared > 0 else ''
        raise CcTransportError(
            'truncated',
            'the answer is truncated: the connection ended after %d%s bytes of the body' % (size, announced),
        )
    return b''.join(pieces)


def post(server, path, headers, body, deadline):
    """POST I(body) (bytes) and return the L(HttpAnswer). Raises CcTransportError.

    I(server): tuple of host and port. I(headers): a dictionary of ASCII texts, to which Host, Content-Length,
    Connection and Accept-Encoding are added.
    """
    lines = [
        'POST %s HTTP/1.1' % path,
        'Host: %s' % host_and_port(*server),
        'Connection: close',
        'Accept-Encoding: identity',
        'Content-Length: %d' % len(body),
    ]
    lines.extend('%s: %s' % (name, headers[name]) for name in sorted(headers))
    head = ('\r\n'.join(lines) + '\r\n\r\n').encode('ascii')
    sock = _connect(server[0], server[1], deadline)
    try:
        # In two parts they would meet Nagle's algorithm and a delayed acknowledgement: 40 ms.
        return _exchange(sock, head + body, deadline)
    finally:
        sock.close()


def _exchange(sock, request, deadline):
    unsent = None
    try:
        sock.settimeout(deadline.left('sending the request'))
        sock.sendall(request)
    except socket.timeout:
        deadline.left('sending the request')
        raise CcTransportError(
            'timeout', 'no complete answer within %g s: it ran out while sending the request' % deadline.seconds
        )
    except socket.error as exc:
        unsent = exc  # a server may reject a request before it has read all: its message is better than "broken pipe"
    reader = _Reader(sock, deadline)
    response = HTTPResponse(_FileMaker(reader), method='POST')
    try:
        try:
            response.begin()
        except CcTransportError:
            raise
        except (HTTPException, ValueError) as exc:
            if unsent is not None:
                raise CcTransportError('disconnected', 'the connection broke: %s' % quote(unsent))
            if type(exc).__name__ == 'RemoteDisconnected':
                raise CcTransportError('disconnected', 'the server closed the connection without an answer')
            if isinstance(exc, LineTooLong):
                # The library's limit for one line is ours for the whole head; which is met first depends on the network.
                raise CcTransportError('head_too_large', HEAD_TOO_LARGE)
            if exc.__class__ is HTTPException:
                raise CcTransportError('head_too_large', 'the head of the answer is too long: %s' % quote(exc))
            raise CcTransportError(
                'not_http', 'the answer is not HTTP: %s' % quote('%s %s' % (type(exc).__name__, exc))
            )
        reader.limit = None
        status = response.status
        if 300 <= status < 400:
            # The place it points to is not followed: it would get a request signed with the cloud's key.
            raise CcTransportError(
                'redirect',
                'HTTP redirect (status %d) to %s is not followed: a Cluster Controller sends none. Check '
                'the options host and port' % (status, quote(response.getheader('Location') or 'nowhere')),
                http_status=status,
            )
        encoding = (response.getheader('Content-Encoding') or 'identity').strip().lower()
        if encoding != 'identity':
            raise CcTransportError(
                'content_encoding',
                'the answer is encoded (%s), which was not requested' % quote(encoding),
                http_status=status,
            )
        return HttpAnswer(status, response.getheader('Content-Type'), _read_body(response, reader, deadline))
    except CcTransportError:
        raise
    except socket.timeout:
        raise CcTransportError(
            'timeout', 'no complete answer within %g s: it ran out while %s' % (deadline.seconds, reader.stage)
        )
    except (HTTPException, ValueError) as exc:
        raise CcTransportError('not_http', 'the answer is not HTTP: %s' % quote('%s %s' % (type(exc).__name__, exc)))
    except (socket.error, EOFError) as exc:
        raise CcTransportError('disconnected', 'the connection broke: %s' % quote(exc))
    finally:
        response.close()


def host_and_port(host, port):
    """I(host):I(port) as it stands in a URL: an IPv6 address in brackets and without its zone, which is of this host only."""
    if ':' in host:
        return '[%s]:%d' % (host.split('%', 1)[0], port)
    return '%s:%d' % (host, port)
