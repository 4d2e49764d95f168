# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""The proof that the default route goes through the VIP, by every Python of a host. Pages come from loopback."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import socket
import threading

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _nc_route_proof

pytestmark = pytest.mark.wall_clock

VIP = "10.0.0.10"
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="ICMP needs root")


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(_nc_route_proof, "PAGE_PAUSE", 0)
    monkeypatch.setattr(_nc_route_proof, "NEIGHBOUR_LIMIT", 0)


class Server(object):
    """Gives each connection the next of some answers, and the last one again and again."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []
        self.ended = threading.Event()
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(5)
        self.url = "http://127.0.0.1:%d/page" % self.listener.getsockname()[1]
        self.thread = threading.Thread(target=self.serve)
        self.thread.daemon = True
        self.thread.start()

    def serve(self):
        while not self.ended.is_set():
            connection, _address = self.listener.accept()
            self.requests.append(connection.recv(4096))
            answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
            try:
                for part in answer if isinstance(answer, list) else [answer]:
                    if part is None:
                        self.ended.wait(30)
                        break
                    connection.sendall(part)
            except (OSError, IOError):
                pass
            connection.close()

    def close(self):
        self.ended.set()
        try:
            socket.create_connection(self.listener.getsockname(), 1).close()
        except (OSError, IOError):
            pass
        self.thread.join(5)
        self.listener.close()


@pytest.fixture
def serve():
    servers = []

    def start(*answers):
        servers.append(Server(*answers))
        return servers[-1]

    yield start
    for server in servers:
        server.close()


def page(text, status=b"200 OK", head=b""):
    return b"HTTP/1.0 " + status + b"\r\n" + head + b"\r\n" + text


def programs(route="192.0.2.1 via 10.0.0.10 dev eth0 src 10.0.0.21 uid 0 \\    cache \n", neighbour=""):
    def run(argv):
        if "neighbour" in argv:
            return 0, neighbour, ""
        return (0, route, "") if route else (2, "", "RTNETLINK answers: Network is unreachable\n")

    return run


@pytest.mark.usefixtures("quick")
def test_the_route_and_the_neighbour_are_reported():
    neighbour = "10.0.0.10 dev eth0 lladdr 02:00:00:00:00:01 REACHABLE\n"
    assert _nc_route_proof.prove(programs(neighbour=neighbour), VIP, "", "", []) == [
        "the default route goes through 10.0.0.10 dev eth0 (MAC address 02:00:00:00:00:01)"
    ]
    assert _nc_route_proof.prove(programs(), VIP, "", "", []) == [
        "the default route goes through 10.0.0.10 dev eth0 (MAC address unknown)"
    ]


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("route", "found"),
    [
        ("192.0.2.1 via 10.0.0.100 dev eth0 src 10.0.0.21\n", "route found: 192.0.2.1 via 10.0.0.100 dev eth0"),
        ("192.0.2.1 via 10.0.0.1 dev eth0\n", "does not go through 10.0.0.10"),
        ("", "route found: RTNETLINK answers: Network is unreachable"),
    ],
)
def test_another_route_fails(route, found):
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        _nc_route_proof.prove(programs(route), VIP, "", "", [])
    assert found in str(caught.value)


@NEEDS_ROOT
@pytest.mark.usefixtures("quick")
def test_n2_an_address_is_pinged_without_the_program_ping():
    assert _nc_route_proof.prove(programs(), VIP, "127.0.0.1", "", [])[1:] == ["127.0.0.1 answers ping"]


@NEEDS_ROOT
@pytest.mark.usefixtures("quick")
def test_an_address_that_does_not_answer_fails(monkeypatch):
    monkeypatch.setattr(_nc_route_proof, "PING_TIMEOUT", 0.1)
    monkeypatch.setattr(_nc_route_proof, "PING_INTERVAL", 0.05)
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        # Reserved and on no network here; nothing is routed in a test.
        _nc_route_proof.prove(programs(), VIP, "0.0.0.1", "", [])
    assert "nc_route_prove.address 0.0.0.1 does not answer ping through 10.0.0.10" in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_a_name_that_cannot_be_resolved_fails(monkeypatch):
    def fail(*_arguments):
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        _nc_route_proof.prove(programs(), VIP, "nosuch.example.com", "", [])
    assert "nosuch.example.com cannot be resolved: Name or service not known" in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_the_page_names_a_source(serve):
    server = serve(page(b"hello, you came from 203.0.113.11; not 10.0.0.300, 1.2.3.4.5 or 203.0.113.11"))
    sentences = _nc_route_proof.prove(programs(), VIP, "", server.url, ["203.0.113.12", "203.0.113.11"])
    assert sentences[1] == server.url + " was fetched; it names 203.0.113.11"
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        _nc_route_proof.prove(programs(), VIP, "", server.url, ["192.0.2.77"])
    assert "names 203.0.113.11 and none of nc_route_prove.sources (192.0.2.77)" in str(caught.value)
    assert "the traffic does not go through the gateway" in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_s9_redirects_are_not_followed(serve):
    inner = serve(page(b"secret of an internal page, 203.0.113.11"))
    server = serve(page(b"", b"302 Found", b"Location: " + inner.url.encode("ascii") + b"\r\n"))
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        _nc_route_proof.prove(programs(), VIP, "", server.url, ["203.0.113.11"])
    assert "HTTP status 302, a redirect, which is not followed" in str(caught.value)
    assert inner.url not in str(caught.value)
    assert inner.requests == []
    assert len(server.requests) == 1


@pytest.mark.usefixtures("quick")
def test_s9_only_the_beginning_of_a_page_is_read(serve):
    server = serve(page(b"203.0.113.11 " + b"x" * _nc_route_proof.PAGE_LIMIT + b" 203.0.113.12 "))
    assert len(_nc_route_proof.fetch(server.url)) == _nc_route_proof.PAGE_LIMIT
    with pytest.raises(_nc_route_proof.ProofError):
        _nc_route_proof.prove(programs(), VIP, "", server.url, ["203.0.113.12"])


@pytest.mark.usefixtures("quick")
def test_s9_a_server_that_never_ends_is_left(serve, monkeypatch):
    monkeypatch.setattr(_nc_route_proof, "PAGE_TIME", 1)
    monkeypatch.setattr(_nc_route_proof, "PAGE_ATTEMPTS", 1)
    server = serve([page(b"203.0.113.11 "), None])
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        _nc_route_proof.fetch(server.url)
    assert "cannot be fetched" in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_a_server_that_recovers_is_asked_again(serve):
    server = serve(page(b"", b"503 Busy"), b"", page(b"ok"))
    assert _nc_route_proof.fetch(server.url) == "ok"


@pytest.mark.usefixtures("quick")
@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (page(b"", b"404 {{ lookup('pipe', 'id') }}"), "HTTP status 404"),
        (b"{{ lookup('pipe', 'id') }}\r\n\r\n", "no HTTP answer (BadStatusLine)"),
        (b"", "cannot be fetched"),
    ],
)
def test_what_a_server_says_gets_into_no_message(serve, answer, words):
    server = serve(answer)
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        _nc_route_proof.fetch(server.url)
    assert words in str(caught.value)
    assert "{{" not in str(caught.value)


@pytest.mark.usefixtures("quick")
def test_a_refused_connection_is_named():
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    url = "http://127.0.0.1:%d/" % listener.getsockname()[1]
    with pytest.raises(_nc_route_proof.ProofError) as caught:
        _nc_route_proof.fetch(url)
    listener.close()
    assert "Connection refused" in str(caught.value)
