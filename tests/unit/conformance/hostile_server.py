# SPDX-License-Identifier: GPL-3.0-or-later
"""A server on loopback that means harm: each mode is one way to cost a client time or memory."""

from __future__ import annotations

import contextlib
import functools
import socket
import struct
import threading
import zlib
from collections.abc import Callable
from pathlib import Path

from ansible_collections.eucalyptus.ha.tests.unit.raw_http import read_request

# A good unsigned answer: what trickles in or is hidden in a bomb would be ENABLED, were it ever believed.
_GOOD = (
    Path(__file__).resolve().parents[2].joinpath("cc_simulator", "recorded", "describe-plain.response.xml").read_bytes()
)
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml;charset=UTF-8\r\n"
_ENVELOPE = b'<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Body>%s</soapenv:Body></soapenv:Envelope>'
_GIB = 1024**3


def _whole(body: bytes, head: bytes = _OK) -> bytes:
    return b"%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


class HostileServer:
    """Serves one mode at a time on 127.0.0.1; a context manager.

    ``port``: where it listens. ``requests``: how many requests came, so that a client which follows redirects or
    tries again is seen.
    """

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=16)
        self.port = self._listener.getsockname()[1]
        self.mode = "hang"
        self.requests = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._accept, daemon=True)

    def __enter__(self) -> HostileServer:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(5)

    def _accept(self) -> None:
        while not self._over.is_set():
            try:
                connection, _peer = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection, self.mode), daemon=True).start()

    def _serve(self, connection: socket.socket, mode: str) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            read_request(connection)
            self.requests += 1
            MODES[mode](self, connection)

    # --- the ways to hurt -------------------------------------------------------------------------

    def drip(self, connection: socket.socket, data: bytes, interval: float = 0.05) -> None:
        """One byte at a time: no single read ever times out."""
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for number in range(len(data)):
            connection.sendall(data[number : number + 1])
            if self._over.wait(interval):
                return

    def repeat(self, connection: socket.socket, first: bytes, piece: bytes, length: int) -> None:
        """Send ``piece`` again and again until ``length`` bytes are out or the client has gone."""
        connection.sendall(first)
        sent = 0
        while sent < length and not self._over.is_set():
            connection.sendall(piece)
            sent += len(piece)


def _hang(server: HostileServer, _connection: socket.socket) -> None:
    server._over.wait(300)


def _body_stops(server: HostileServer, connection: socket.socket) -> None:
    connection.sendall(b"%sContent-Length: %d\r\n\r\n%s" % (_OK, len(_GOOD), _GOOD[:200]))
    server._over.wait(300)


def _redirect(server: HostileServer, connection: socket.socket) -> None:
    place = f"http://127.0.0.1:{server.port}/axis2/services/EucalyptusCC"
    connection.sendall(b"HTTP/1.1 307 Temporary Redirect\r\nLocation: %s\r\nContent-Length: 0\r\n\r\n" % place.encode())


def _reset(_server: HostileServer, connection: socket.socket) -> None:
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")


def _entity_bomb() -> bytes:
    """Ten levels of ten: 10 GB of text, had it been expanded."""
    levels = "".join(f'<!ENTITY e{level} "{f"&e{level - 1};" * 10}">' for level in range(1, 11))
    return f'<?xml version="1.0"?><!DOCTYPE bomb [<!ENTITY e0 "ENABLED">{levels}]>'.encode() + _ENVELOPE % b"&e10;"


def _external_entity() -> bytes:
    return b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + _ENVELOPE % b"&e;"


@functools.cache
def _gzip_bomb() -> bytes:
    """256 MiB of blanks in an envelope. One MiB is compressed and repeated: packing it all takes longer than a client waits."""
    blanks, count = b" " * 1024**2, 256
    head, tail = (_ENVELOPE % b"|").split(b"|")
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    # After a full flush nothing refers to what was before.
    first, again, last = (packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH) for part in (head, blanks, tail))
    checksum = zlib.crc32(head)
    for _number in range(count):
        checksum = zlib.crc32(blanks, checksum)
    size = len(head) + count * len(blanks) + len(tail)
    end = struct.pack("<II", zlib.crc32(tail, checksum), size)
    return b"\x1f\x8b\x08\0\0\0\0\0\0\xff" + first + again * count + last + packer.flush() + end


# As much as an answer can be without being refused for its size or its markup.
_MANY_SERVICES = _GOOD.replace(b"</n:DescribeServicesResponse>", b"<n:serviceStatuses/>" * 39900 + b"</n:DescribeServicesResponse>")
_CHUNK = b"10000\r\n" + b" " * 65536 + b"\r\n"
_CHUNKED = _OK + b"Transfer-Encoding: chunked\r\n\r\n"

Mode = Callable[[HostileServer, socket.socket], object]

MODES: dict[str, Mode] = {
    "hang": _hang,
    "body stops": _body_stops,
    "slow drip": lambda server, connection: server.drip(connection, _whole(_GOOD)),
    "slow drip of the body": lambda server, connection: (
        connection.sendall(_whole(_GOOD)[:-1000]),
        server.drip(connection, _GOOD[-1000:]),
    ),
    "endless header": lambda server, connection: server.repeat(connection, _OK + b"X-A: ", b"a" * 65536, 2 * _GIB),
    "endless headers": lambda server, connection: server.repeat(connection, _OK, b"X-A: a\r\n" * 8192, 2 * _GIB),
    "slow headers": lambda server, connection: server.drip(connection, _OK + b"X-A: a\r\n" * 1000),
    "endless interim answers": lambda server, connection: server.repeat(
        connection, b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 2048, 2 * _GIB
    ),
    "2 GB announced": lambda server, connection: server.repeat(
        connection, _OK + b"Content-Length: %d\r\n\r\n" % (2 * _GIB), b" " * 65536, 2 * _GIB
    ),
    "2 GB, unannounced": lambda server, connection: server.repeat(
        connection, _OK + b"Connection: close\r\n\r\n", b" " * 65536, 2 * _GIB
    ),
    "2 GB in chunks": lambda server, connection: server.repeat(connection, _CHUNKED, _CHUNK, 2 * _GIB),
    "one chunk of 2 GB": lambda server, connection: server.repeat(
        connection, _CHUNKED + b"80000000\r\n", b" " * 65536, 2 * _GIB
    ),
    "endless chunk extension": lambda server, connection: server.repeat(
        connection, _CHUNKED + b"1;", b"x" * 65536, 2 * _GIB
    ),
    "endless trailer": lambda server, connection: server.repeat(
        connection, _CHUNKED + b"0\r\n", b"X-A: a\r\n" * 8192, 2 * _GIB
    ),
    "gzip bomb": lambda server, connection: connection.sendall(
        _whole(_gzip_bomb(), _OK + b"Content-Encoding: gzip\r\n")
    ),
    "gzip bomb in disguise": lambda server, connection: connection.sendall(_whole(_gzip_bomb())),
    "redirect loop": _redirect,
    "entity bomb": lambda server, connection: connection.sendall(_whole(_entity_bomb())),
    "external entity": lambda server, connection: connection.sendall(_whole(_external_entity())),
    "deep nesting": lambda server, connection: connection.sendall(_whole(_ENVELOPE % (b"<a>" * 200000))),
    "many elements": lambda server, connection: connection.sendall(_whole(_ENVELOPE % (b"<a/>" * 250000))),
    "many services": lambda server, connection: connection.sendall(_whole(_MANY_SERVICES)),
    "many attributes": lambda server, connection: connection.sendall(
        _whole(_ENVELOPE % (b"<a %s/>" % b" ".join(b'a%d=""' % number for number in range(80000))))
    ),
    "not HTTP": lambda server, connection: connection.sendall(b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n"),
    "no answer": lambda server, connection: None,
    "connection reset": _reset,
    "truncated": lambda server, connection: connection.sendall(_whole(_GOOD)[:-300]),
    "truncated, length unknown": lambda server, connection: connection.sendall(
        _OK + b"Connection: close\r\n\r\n" + _GOOD[:-300]
    ),
    "truncated in a chunk": lambda server, connection: connection.sendall(_CHUNKED + b"800\r\n" + _GOOD[:-300]),
    "HTTP 500 garbage": lambda server, connection: connection.sendall(
        _whole(
            b"<html><body>ENABLED</body></html>",
            b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/html\r\n",
        )
    ),
    "HTTP 500, text/xml garbage": lambda server, connection: connection.sendall(
        _whole(b"\0\1\2 ENABLED <", b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/xml\r\n")
    ),
    "HTTP 500, good answer": lambda server, connection: connection.sendall(
        _whole(_GOOD, b"HTTP/1.1 500 Internal Server Error\r\nContent-Type: text/xml\r\n")
    ),
    "HTTP 404": lambda server, connection: connection.sendall(
        _whole(b"<html>Not Found</html>", b"HTTP/1.1 404 Not Found\r\nContent-Type: text/html\r\n")
    ),
    "HTTP 503": lambda server, connection: connection.sendall(
        _whole(b"<html>busy</html>", b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/html\r\n")
    ),
    "empty answer": lambda server, connection: connection.sendall(_whole(b"")),
}
