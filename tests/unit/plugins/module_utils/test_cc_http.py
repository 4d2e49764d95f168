# SPDX-License-Identifier: GPL-3.0-or-later
"""One POST: its bytes, its addresses, its limits. What hostile servers do is in tests/unit/conformance."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses subprocess and socket as later Pythons have them", allow_module_level=True)

import contextlib
import errno
import os
import socket
import threading
import time
from unittest import mock

from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_http
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import CcTransportError


@contextlib.contextmanager
def server(answer):
    """Answers one connection with ``answer`` (bytes); yields its port and the bytes it got."""
    got = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve():
            connection, _peer = listener.accept()
            with connection, contextlib.suppress(OSError):
                got.append(connection.recv(65536))
                connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], got
        thread.join(5)


def post(port, host="127.0.0.1", seconds=5):
    return _cc_http.post((host, port), "/path", {"B": "2", "A": "1"}, b"<x/>", _cc_http.Deadline(seconds))


def answer_of(body, head=b""):
    return b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n%sContent-Length: %d\r\n\r\n%s" % (head, len(body), body)


def test_request():
    """Head and body in one piece, asking for a plain answer and no second one."""
    with server(answer_of(b"<y/>")) as (port, got):
        answer = post(port)
    assert (answer.status, answer.content_type, answer.body) == (200, "text/xml", b"<y/>")
    lines = got[0].decode().split("\r\n")
    assert lines == [
        "POST /path HTTP/1.1",
        "Host: 127.0.0.1:{}".format(port),
        "Connection: close",
        "Accept-Encoding: identity",
        "Content-Length: 4",
        "A: 1",
        "B: 2",
        "",
        "<x/>",
    ]


@pytest.mark.parametrize(("length", "accepted"), [(_cc_http.MAX_BODY, True), (_cc_http.MAX_BODY + 1, False)])
@pytest.mark.parametrize("announced", [True, False])
def test_largest_answer(length, accepted, announced):
    """To the byte."""
    body = b"x" * length
    answer = answer_of(body) if announced else b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n" + body
    with server(answer) as (port, _got):
        if accepted:
            assert len(post(port).body) == length
        else:
            with pytest.raises(CcTransportError) as caught:
                post(port)
            assert caught.value.reason == "too_large"


def test_chunks():
    """Axis2/C answers in chunks when it likes."""
    chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n<y\r\n2;x=y\r\n/>\r\n0\r\n\r\n"
    with server(chunked) as (port, _got):
        assert post(port).body == b"<y/>"


def test_next_address_is_tried():
    """The first refuses, as an IPv6 address does where a CC listens on IPv4 only."""
    real = socket.getaddrinfo

    def both(host, *more):
        if host != "cc1":
            return real(host, *more)
        closed = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]
        return closed + real("127.0.0.1", more[0], socket.AF_INET, socket.SOCK_STREAM)

    def getaddrinfo(host, *more):
        if host == "cc1" and len(more) > 4:
            raise socket.gaierror(-2, "not an address")
        return both(host, *more)

    with server(answer_of(b"<y/>")) as (port, _got), mock.patch.object(_cc_http.socket, "getaddrinfo", getaddrinfo):
        assert post(port, "cc1").body == b"<y/>"


def test_address_that_swallows_packets_leaves_time_for_the_next():
    """A listener whose queue is full does not answer: half of the time is kept for the other address."""
    with socket.socket() as full, contextlib.ExitStack() as stack:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        waiting = []
        for _number in range(4):
            client = stack.enter_context(socket.socket())
            client.setblocking(False)
            with contextlib.suppress(BlockingIOError):
                client.connect(full.getsockname())
            waiting.append(client)
        port, _got = stack.enter_context(server(answer_of(b"<y/>")))
        addresses = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (full.getsockname(), ("127.0.0.1", port))]
        stack.enter_context(mock.patch.object(_cc_http.socket, "getaddrinfo", return_value=addresses))
        started = time.monotonic()
        assert post(port, seconds=6).body == b"<y/>"
        assert time.monotonic() - started >= 2.9, "the first address had its half"


@pytest.mark.parametrize(
    ("host", "shown"), [("cc1", "cc1:1"), ("10.0.0.1", "10.0.0.1:1"), ("fe80::1", "[fe80::1]:1"), ("fe80::1%eth0", "[fe80::1]:1")]
)
def test_host_and_port(host, shown):
    """As in a URL; the zone means something on this host only."""
    assert _cc_http.host_and_port(host, 1) == shown


@pytest.mark.parametrize("code", [errno.EHOSTUNREACH, errno.EACCES, errno.EPERM])
def test_p14_a_packet_filter_that_rejects_the_port_is_named_as_a_likely_cause(code):
    rejected = mock.patch.object(socket.socket, "connect", side_effect=OSError(code, os.strerror(code)))
    with rejected, pytest.raises(CcTransportError, match="no firewall there rejects the port"):
        post(8774)
