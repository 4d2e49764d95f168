# SPDX-License-Identifier: GPL-3.0-or-later
"""One HTTP exchange: what is accepted and what is rejected, to the byte; and what a connection that fails is reported as."""

from __future__ import annotations

import _socket
import errno
import os
import socket
import threading
import time
from types import SimpleNamespace

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check

from .conftest import answer_xml, http, refusal

pytestmark = pytest.mark.today_only("how an answer is read, whatever the date; the tests of signing have the dates")

OK = b"HTTP/1.1 200 OK\r\n"


class Connection:
    """Gives these pieces, one at a time, and then the end."""

    def __init__(self, *pieces):
        self.pieces = list(pieces)

    def settimeout(self, seconds):
        assert seconds > 0

    def sendall(self, data):
        pass

    def close(self):
        pass

    def recv(self, size):
        if not self.pieces:
            return b""
        piece, self.pieces[0] = self.pieces[0][:size], self.pieces[0][size:]
        if not self.pieces[0]:
            self.pieces.pop(0)
        return piece


@pytest.fixture
def deadline():
    return SimpleNamespace(left=lambda: 5.0, doing="", passed=lambda: check.common.TimedOut("late"))


@pytest.fixture
def answer(deadline):
    return lambda *pieces: check.http.Answer(Connection(*pieces), deadline)


def test_a_status_needs_no_words(answer):
    assert (answer(b"HTTP/1.1 200\r\n\r\n").status, answer(b"HTTP/1.0 404 \r\n\r\n").status) == (200, 404)


@pytest.mark.parametrize("line", [b"HTTP/1.1", b"HTTP/1.1 2000 OK", b"HTTP/1.1 20 OK", b"HTTP/1.2 200 OK"])
def test_a_status_has_a_version_and_three_digits(answer, line):
    assert refusal(answer, line + b"\r\n\r\n") == "the answer is not HTTP"


def test_headers_that_come_twice_matter_only_where_they_say_how_to_read_the_body(answer):
    assert answer(OK + b"Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n").status == 200
    twice = OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n"
    assert refusal(answer, twice) == "the answer has two different HTTP headers transfer-encoding"


def test_an_answer_may_come_in_any_pieces(answer):
    whole = OK + b"A: b\r\nContent-Length: 2\r\n\r\nok"
    for cut in range(1, len(whole)):
        assert answer(whole[:cut], whole[cut:]).body == b"ok"
    assert answer(*(whole[one : one + 1] for one in range(len(whole)))).body == b"ok"


def test_a_part_of_an_answer_is_told_as_that(deadline):
    """Of what comes in one piece nothing is missing yet when it comes."""
    whys = []

    class Told(Connection):
        def settimeout(self, _seconds):
            whys.append(deadline.why)

    deadline.why = "nothing came"
    check.http.Answer(Told(b"HTTP/1.1 200 OK", b"\r\n\r\n"), deadline)
    assert whys == ["nothing came", "a part of the answer came", "a part of the answer came"]


def test_a_head_is_measured_by_what_is_unread(answer):
    head = OK + b"X: %s\r\n" % (b"x" * 12000)
    assert answer(head + b"Y: ", b"y\r\nContent-Length: 2\r\n\r\nok").body == b"ok"


def test_a_body_of_the_limit_is_taken_and_one_more_byte_not(answer):
    head = OK + b"Content-Length: %d\r\n\r\n"
    body = b"x" * check.http.BODY_LIMIT
    assert answer(head % len(body) + body).body == body
    assert refusal(answer, head % (len(body) + 1) + body) == "the answer has more than 1048576 bytes"


@pytest.mark.parametrize("size", ["", "0X2", "0x2", "+2", ";a=b"])
def test_the_size_of_a_chunk_is_hexadecimal_digits_and_no_less(answer, size):
    said = OK + b"Transfer-Encoding: chunked\r\n\r\n" + size.encode() + b"\r\nok\r\n0\r\n\r\n"
    assert refusal(answer, said) == "the answer has a bad chunk"


def test_what_is_no_redirect_is_left_to_the_reader(deadline):
    options = {"host": "127.0.0.1", "port": 1}

    def told(status):
        said = f"HTTP/1.1 {status} Word\r\nContent-Length: 0\r\n\r\n".encode()
        return check.http.exchange(options, deadline, Connection(said), b"", lambda answer: answer.status)

    assert [told(status) for status in (299, 400)] == [299, 400]
    for status in (300, 399):
        assert "a redirect" in refusal(told, status)


def test_a_request_ends_with_its_head():
    options = {"host": "fe80::1%eth0", "port": 8774}
    request = check.http.http_request(options, "GET /").decode()
    assert request.startswith("GET / HTTP/1.1\r\nHost: [fe80::1]:8774\r\n")
    assert request.endswith("Connection: close\r\n\r\n")


def test_the_first_address_that_fails_is_told(monkeypatch, deadline):
    def error(number):
        raise OSError(number, os.strerror(number))

    numbers = iter([errno.ECONNREFUSED, errno.EACCES])
    monkeypatch.setattr(check.http, "addresses", lambda *_args: [(2, 1, 6, "", "here"), (2, 1, 6, "", "there")])
    monkeypatch.setattr(
        _socket, "socket", lambda *_args: SimpleNamespace(settimeout=print, connect=lambda _to: error(next(numbers)))
    )
    assert refusal(check.http.connect, "cc", 1, deadline) == "cannot connect to cc port 1: Connection refused (httpd is not running)"


@pytest.mark.parametrize("more", [0, 1])
def test_the_limits_are_still_allowed(answer, more):
    head = OK + b"X: %s\r\n" % (b"x" * (check.http.HEAD_LIMIT - len(OK) - 5 + more))
    line = b"H" * (check.http.HEAD_LIMIT + more)
    total = OK + b"\r\n" + b"x" * (check.http.HEAD_LIMIT + check.http.BODY_LIMIT - len(OK) - 2 + more)
    if more:
        assert refusal(answer, head + b"\r\n") == "the answer's HTTP header has more than 16384 bytes"
        assert refusal(answer, line) == "the answer's HTTP header has more than 16384 bytes"
        assert refusal(answer, total) == "the answer has more than 1048576 bytes"
    else:
        assert answer(head + b"\r\n").status == 200
        assert refusal(answer, line) == "the answer was cut short"
        assert len(answer(total).body) == len(total) - len(OK) - 2


LIMIT = check.http.HEAD_LIMIT
START = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (START + b"A: " + b"b" * (LIMIT + 1), "HTTP header has more than 16384 bytes"),
        (START + b"A: b\r\n" * 3000, "HTTP header has more than 16384 bytes"),
        (START + b"A: " + b"b" * (LIMIT - 100) + b"\r\n\r\n", "the answer is not XML"),
        (START + b"\r\n" + b" " * (check.http.BODY_LIMIT + LIMIT), "the answer has more than 1048576 bytes"),
    ],
    ids=["one line", "many lines", "just so", "body"],
)
def test_the_limits_of_an_answer(wire, ask, head, said):
    wire.say = head
    assert said in ask().message


# --- time ---------------------------------------------------------------------------------------------


class Broken(Connection):
    """Breaks at `where`, and notes what it was told of time."""

    def __init__(self, where, error):
        super().__init__(OK)
        self.where, self.error, self.times = where, error, []

    def act(self, what):
        if what == self.where:
            raise self.error

    def settimeout(self, seconds):
        self.times.append(seconds)

    def connect(self, _address):
        self.act("connect")

    def sendall(self, data):
        self.act("send")

    def recv(self, size):
        self.act("receive")
        return super().recv(size)


@pytest.fixture
def breaks(monkeypatch):
    """Connect, send or receive over a Broken with so much time left; the Trouble, and the times that the connection was told."""
    def run(where, left, error):
        connection = Broken(where, error)
        monkeypatch.setattr(_socket, "socket", lambda *_args: connection)
        monkeypatch.setattr(check.http, "addresses", lambda *_args: [(2, 1, 6, "", "here")])
        deadline = SimpleNamespace(left=lambda: left, doing="", passed=lambda: check.common.TimedOut("late"))
        options = {"host": "127.0.0.1", "port": 1}
        with pytest.raises(check.common.Trouble) as caught:
            check.http.exchange(options, deadline, check.http.connect("cc", 1, deadline), b"", lambda answer: answer)
        return caught.value, connection.times

    return run


@pytest.mark.parametrize("where", ["connect", "send", "receive"])
@pytest.mark.parametrize(("left", "told"), [(0.5, 0.5), (0.0, 0.001), (-1.0, 0.001)])
def test_what_breaks_when_time_is_up_is_told_as_that(breaks, where, left, told):
    trouble, times = breaks(where, left, OSError(errno.ECONNRESET, "reset"))
    assert isinstance(trouble, check.common.TimedOut) == (left <= 0)
    assert ("reset" in str(trouble)) == (left > 0)
    assert set(times) == {told}
    assert len(times) == (2 if where == "receive" else 1)


@pytest.mark.parametrize("where", ["connect", "send", "receive"])
@pytest.mark.parametrize(
    ("error", "late"), [(TimeoutError("timed out"), True), (TimeoutError(errno.ETIMEDOUT, "the kernel's"), False)]
)
def test_a_timeout_of_the_connection_is_the_deadline_even_an_instant_before_it(breaks, where, error, late):
    trouble, _times = breaks(where, 0.0004, error)
    assert isinstance(trouble, check.common.TimedOut) == late
    assert str(trouble).endswith("late" if late else ": the kernel's")


@pytest.mark.parametrize("where", ["connect", "send", "receive"])
def test_an_error_without_a_text_of_its_own_is_told_by_what_there_is(breaks, where):
    assert str(breaks(where, 0.5, OSError("odd"))[0]).endswith(": odd")


@pytest.fixture
def look_up(monkeypatch, deadline):
    """addresses() of a name that does `then` when it is looked up, with so much time left."""
    def getaddrinfo(_name, _port, _family, _kind, _protocol=0, flags=0):
        if flags:
            raise _socket.gaierror(-2, "no number")
        return then()

    def run(left, what):
        nonlocal then
        then = what
        deadline.left = lambda: left
        with pytest.raises(check.common.Trouble) as caught:
            check.http.addresses("cc", 1, deadline)
        return caught.value

    then = None
    monkeypatch.setattr(_socket, "getaddrinfo", getaddrinfo)
    return run


def test_a_name_is_not_waited_for_longer_than_there_is_time(look_up):
    answered = threading.Event()
    for left in (0.05, -1.0):
        begun = time.monotonic()
        assert isinstance(look_up(left, lambda: answered.wait(60)), check.common.TimedOut)
        assert time.monotonic() - begun < 20
    answered.set()


def test_without_time_a_name_is_not_waited_for_at_all(look_up, monkeypatch):
    waited = []
    monkeypatch.setattr("select.select", lambda *words: waited.append(words[3]) or ([], [], []))
    for left in (0.05, -1.0):
        look_up(left, list)
    assert waited == [0.05, 0]


def test_a_name_server_that_fails_oddly(look_up):
    def odd():
        raise ValueError("odd")

    assert str(look_up(5.0, odd)) == "cannot resolve cc: odd"


# --- the connection ---------------------------------------------------------------------------------------


def test_a_name_that_cannot_be_looked_up(ask, monkeypatch):
    real = _socket.getaddrinfo

    def getaddrinfo(name, port, *more):
        if len(more) == 4:  # with AI_NUMERICHOST
            return real(name, port, *more)
        raise _socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(_socket, "getaddrinfo", getaddrinfo)
    assert ask("--host", "cc.example.org").message == "UNKNOWN: cannot resolve cc.example.org: Name or service not known"


def test_a_name_is_looked_up_once_and_all_its_addresses_are_tried(wire, ask, monkeypatch):
    asked = []

    def getaddrinfo(name, port, *more):
        if len(more) == 4:
            raise _socket.gaierror(-2, "Name or service not known")
        asked.append(name)
        return [(socket.AF_INET, socket.SOCK_STREAM, 0, "", (address, port)) for address in ("127.0.0.77", "127.0.0.1")]

    monkeypatch.setattr(_socket, "getaddrinfo", getaddrinfo)
    wire.say = http(answer_xml())
    result = ask("--host", "cc.example.org")
    assert result.enabled, result.message
    assert asked == [b"cc.example.org"]
    assert b"Host: cc.example.org:%d\r\n" % wire.port in wire.requests[0][0]


def test_nobody_listens_at_any_address(ask, monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    assert ask(port=port).message == f"UNKNOWN: cannot connect to 127.0.0.1 port {port}: Connection refused (httpd is not running)"
    monkeypatch.setattr(_socket, "getaddrinfo", lambda *arguments: [])
    assert ask(port=port).message == f"UNKNOWN: cannot connect to 127.0.0.1 port {port}: None"


class Dead:
    """A connection on which everything fails."""

    def __init__(self, when):
        self.when = when

    def settimeout(self, seconds):
        assert seconds > 0

    def sendall(self, data):
        if self.when == "sending":
            raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")

    def recv(self, size):
        raise ConnectionResetError(errno.ECONNRESET, "Connection reset by peer")


@pytest.mark.parametrize("when", ["sending", "receiving"])
@pytest.mark.parametrize("late", [False, True])
def test_a_connection_that_breaks(ask, monkeypatch, when, late):
    def connect(host, port, deadline):
        if late:
            deadline.disarm()
            deadline.end = check.deadline.now()
        return Dead(when)

    monkeypatch.setattr(check.soap, "connect", connect)
    said = "timed out after 20 s while waiting for an answer from" if late else "the connection broke: Connection reset by peer"
    assert said in ask().message


def test_an_error_without_a_text_is_told_by_itself(ask, monkeypatch):
    connection = Dead("receiving")
    connection.recv = lambda size: (dummy for dummy in ()).throw(OSError("odd"))
    monkeypatch.setattr(check.soap, "connect", lambda *arguments: connection)
    assert ask().message.endswith("the connection broke: odd")
