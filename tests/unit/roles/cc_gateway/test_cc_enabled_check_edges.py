# SPDX-License-Identifier: GPL-3.0-or-later
"""The last thing that is taken and the first that is refused, part by part; most came out of `make mutation`."""

from __future__ import annotations

import errno
import os
import threading
import time
from types import SimpleNamespace

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check

from .conftest import STATUS, answer_xml
from .test_cc_enabled_check_answer import FAULT
from .test_cc_enabled_check_state_file import state_file

OK = b"HTTP/1.1 200 OK\r\n"
LONG = "a" * 5000 + "\n" + "b" * 5000  # longer than expat's buffer, which a line's end fills: it comes in pieces


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
    return SimpleNamespace(left=lambda: 5.0, doing="", passed=lambda: check.TimedOut("late"))


@pytest.fixture
def answer(deadline):
    return lambda *pieces: check.Answer(Connection(*pieces), deadline)


def refusal(function, *arguments):
    with pytest.raises(check.Trouble) as caught:
        function(*arguments)
    return str(caught.value)


# --- HTTP ---------------------------------------------------------------------------------------------


def test_a_status_needs_no_words(answer):
    assert (answer(b"HTTP/1.1 200\r\n\r\n").status, answer(b"HTTP/1.0 404 \r\n\r\n").status) == (200, 404)


@pytest.mark.parametrize("line", [b"HTTP/1.1", b"HTTP/1.1 2000 OK", b"HTTP/1.1 20 OK", b"HTTP/1.2 200 OK"])
def test_a_status_has_a_version_and_three_digits(answer, line):
    assert refusal(answer, line + b"\r\n\r\n") == "what answered does not speak HTTP"


def test_headers_that_come_twice_matter_only_where_they_say_how_to_read_the_body(answer):
    assert answer(OK + b"Set-Cookie: a\r\nSet-Cookie: b\r\nContent-Length: 0\r\n\r\n").status == 200
    twice = OK + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n\r\n"
    assert refusal(answer, twice) == "the answer has two different HTTP headers transfer-encoding"


def test_an_answer_may_come_in_any_pieces(answer):
    whole = OK + b"A: b\r\nContent-Length: 2\r\n\r\nok"
    for cut in range(1, len(whole)):
        assert answer(whole[:cut], whole[cut:]).body == b"ok"
    assert answer(*(whole[one : one + 1] for one in range(len(whole)))).body == b"ok"


def test_a_head_is_measured_by_what_is_unread(answer):
    head = OK + b"X: %s\r\n" % (b"x" * 12000)
    assert answer(head + b"Y: ", b"y\r\nContent-Length: 2\r\n\r\nok").body == b"ok"


def test_a_body_of_the_limit_is_taken_and_one_more_byte_not(answer):
    head = OK + b"Content-Length: %d\r\n\r\n"
    body = b"x" * check.BODY_LIMIT
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
        return check.exchange(options, deadline, Connection(said), b"", lambda answer: answer.status)

    assert [told(status) for status in (299, 400)] == [299, 400]
    for status in (300, 399):
        assert "a redirect" in refusal(told, status)


def test_a_request_ends_with_its_head():
    options = {"host": "fe80::1%eth0", "port": 8774}
    request = check.http_request(options, "GET /").decode()
    assert request.startswith("GET / HTTP/1.1\r\nHost: [fe80::1]:8774\r\n")
    assert request.endswith("Connection: close\r\n\r\n")


def test_the_first_address_that_fails_is_told(monkeypatch, deadline):
    import _socket  # noqa: PLC0415 - the check's own, for its constants

    def error(number):
        raise OSError(number, os.strerror(number))

    numbers = iter([errno.ECONNREFUSED, errno.EACCES])
    monkeypatch.setattr(check, "addresses", lambda *_args: [(2, 1, 6, "", "here"), (2, 1, 6, "", "there")])
    monkeypatch.setattr(
        _socket, "socket", lambda *_args: SimpleNamespace(settimeout=print, connect=lambda _to: error(next(numbers)))
    )
    assert refusal(check.connect, "cc", 1, deadline) == "cannot connect to cc port 1: Connection refused"


def test_nothing_stands_between_the_headers(deadline):
    text = check.signed_request("http://cc/", "urn:uuid:1", 0, lambda _data: lambda: b"signature", lambda: "token")
    header = check.only(check.only(check.parse_xml(text.encode()), check.SOAP + "}Envelope"), check.SOAP + "}Header")
    assert len(header[1]) == 4
    assert header[2] == []


@pytest.mark.parametrize("more", [0, 1])
def test_the_limits_are_still_allowed(answer, more):
    head = OK + b"X: %s\r\n" % (b"x" * (check.HEAD_LIMIT - len(OK) - 5 + more))
    line = b"H" * (check.HEAD_LIMIT + more)
    total = OK + b"\r\n" + b"x" * (check.HEAD_LIMIT + check.BODY_LIMIT - len(OK) - 2 + more)
    if more:
        assert refusal(answer, head + b"\r\n") == "the answer's HTTP header has more than 16384 bytes"
        assert refusal(answer, line) == "the answer's HTTP header has more than 16384 bytes"
        assert refusal(answer, total) == "the answer has more than 1048576 bytes"
    else:
        assert answer(head + b"\r\n").status == 200
        assert refusal(answer, line) == "the answer was cut short"
        assert len(answer(total).body) == len(total) - len(OK) - 2


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
    import _socket  # noqa: PLC0415 - the check's own

    def run(where, left, error):
        connection = Broken(where, error)
        monkeypatch.setattr(_socket, "socket", lambda *_args: connection)
        monkeypatch.setattr(check, "addresses", lambda *_args: [(2, 1, 6, "", "here")])
        deadline = SimpleNamespace(left=lambda: left, doing="", passed=lambda: check.TimedOut("late"))
        options = {"host": "127.0.0.1", "port": 1}
        with pytest.raises(check.Trouble) as caught:
            check.exchange(options, deadline, check.connect("cc", 1, deadline), b"", lambda answer: answer)
        return caught.value, connection.times

    return run


@pytest.mark.parametrize("where", ["connect", "send", "receive"])
@pytest.mark.parametrize(("left", "told"), [(0.5, 0.5), (0.0, 0.001), (-1.0, 0.001)])
def test_what_breaks_when_time_is_up_is_told_as_that(breaks, where, left, told):
    trouble, times = breaks(where, left, OSError(errno.ECONNRESET, "reset"))
    assert isinstance(trouble, check.TimedOut) == (left <= 0)
    assert ("reset" in str(trouble)) == (left > 0)
    assert set(times) == {told}
    assert len(times) == (2 if where == "receive" else 1)


@pytest.mark.parametrize("where", ["connect", "send", "receive"])
@pytest.mark.parametrize(
    ("error", "late"), [(TimeoutError("timed out"), True), (TimeoutError(errno.ETIMEDOUT, "the kernel's"), False)]
)
def test_a_timeout_of_the_connection_is_the_deadline_even_an_instant_before_it(breaks, where, error, late):
    trouble, _times = breaks(where, 0.0004, error)
    assert isinstance(trouble, check.TimedOut) == late
    assert str(trouble).endswith("late" if late else ": the kernel's")


@pytest.mark.parametrize("where", ["connect", "send", "receive"])
def test_an_error_without_a_text_of_its_own_is_told_by_what_there_is(breaks, where):
    assert str(breaks(where, 0.5, OSError("odd"))[0]).endswith(": odd")


@pytest.fixture
def look_up(monkeypatch, deadline):
    """addresses() of a name that does `then` when it is looked up, with so much time left."""
    import _socket  # noqa: PLC0415 - the check's own

    def getaddrinfo(_name, _port, _family, _kind, _protocol=0, flags=0):
        if flags:
            raise _socket.gaierror(-2, "no number")
        return then()

    def run(left, what):
        nonlocal then
        then = what
        deadline.left = lambda: left
        with pytest.raises(check.Trouble) as caught:
            check.addresses("cc", 1, deadline)
        return caught.value

    then = None
    monkeypatch.setattr(_socket, "getaddrinfo", getaddrinfo)
    return run


def test_a_name_is_not_waited_for_longer_than_there_is_time(look_up):
    answered = threading.Event()
    for left in (0.05, -1.0):
        begun = time.monotonic()
        assert isinstance(look_up(left, lambda: answered.wait(5)), check.TimedOut)
        assert time.monotonic() - begun < 0.9
    answered.set()


def test_a_name_server_that_fails_oddly(look_up):
    def odd():
        raise ValueError("odd")

    assert str(look_up(5.0, odd)) == "cannot look up cc: odd"


# --- XML ----------------------------------------------------------------------------------------------


def test_as_many_elements_as_the_limit_and_not_one_more():
    assert check.parse_xml(b"<a>%s</a>" % (b"<b/>" * 19999))[1]
    assert refusal(check.parse_xml, b"<a>%s</a>" % (b"<b/>" * 20000)) == "the answer has more than 20000 elements"


def test_long_text_is_put_together_as_it_was():
    assert check.text_of(check.parse_xml(f"<a>{LONG}</a>".encode()), "a") == LONG
    fault = FAULT.format(LONG, LONG)
    assert refusal(check.read_services, fault.encode(), "id") == f"the CC answers with the fault {LONG}: {LONG}"
    failed = answer_xml("id", good="false").replace(
        "<n:return>", f"<n:statusMessage>{LONG}</n:statusMessage><n:return>"
    )
    assert check.read_services(failed.encode(), "id")[1].endswith(f"return is false, {LONG}")
    named = answer_xml("id", statuses=STATUS.format(kind="cluster", state="ENABLED").replace("CC_00", LONG))
    assert check.read_services(named.encode(), "id") == ("ENABLED", f"localState of cluster PARTI00/{LONG}")


def test_true_has_two_spellings():
    assert check.read_services(answer_xml("id", good="1").encode(), "id")[0] == "ENABLED"


# --- openssl ------------------------------------------------------------------------------------------


def test_only_a_child_that_runs_is_killed(monkeypatch, keys):
    killed = []
    monkeypatch.setattr(check.posix, "kill", lambda *who: killed.append(who))
    openssl = check.Openssl(str(keys / "cloud-pk.pem"))
    openssl.stop()
    assert openssl.start(b"text")()
    openssl.stop()
    assert killed == []


def program(folder, name, text):
    path = folder / name
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
    return path


def test_a_signature_of_an_openssl_that_fails_is_none(monkeypatch, keys, tmp_path):
    monkeypatch.setitem(check.posix.environ, b"PATH", os.fsencode(tmp_path))
    program(tmp_path, "openssl", "echo signature; echo broken >&2; exit 1")
    sign = check.Openssl(str(keys / "cloud-pk.pem")).start(b"text")
    assert "broken" in refusal(sign)


def test_programs_are_looked_for_in_whole_folders_only(monkeypatch, tmp_path):
    program(tmp_path, "tool", "true")
    monkeypatch.setitem(check.posix.environ, b"PATH", os.fsencode(tmp_path))
    assert check.find_program("tool") == f"{tmp_path}/tool"
    # Whatever lies where keepalived was started is nobody's openssl.
    monkeypatch.chdir(tmp_path.parent)
    monkeypatch.setitem(check.posix.environ, b"PATH", os.fsencode(tmp_path.name))
    assert refusal(check.find_program, "tool") == "there is no program tool: install it"


def test_a_pipe_is_read_to_its_end():
    reader, writer = os.pipe()
    text = b"abcdefgh" * 20000

    def write():
        with os.fdopen(writer, "wb") as pipe:
            pipe.write(text)

    thread = threading.Thread(target=write)
    thread.start()
    assert check.read_all(reader) == text
    thread.join()


# --- the state file, the memory -----------------------------------------------------------------------


def test_a_state_at_the_very_beginning_and_an_end_right_behind_it():
    data = bytes(state_file(b"DISABLED", offset=0, size=4096))
    assert check.read_struct(data) == (0, "DISABLED")
    assert check.read_struct(data[: 36 + 1056]) == (0, "DISABLED")
    assert refusal(check.read_struct, data[: 36 + 1055]) == "the state file is too short around ERRORS="


@pytest.mark.parametrize("size", [check.STATE_FILE_LIMIT, check.STATE_FILE_LIMIT + 1])
def test_a_state_file_of_the_limit_is_read_and_one_more_byte_not(tmp_path, size):
    path = tmp_path / "state"
    path.write_bytes(b"")
    os.truncate(path, size)
    path.chmod(0o600)
    if size > check.STATE_FILE_LIMIT:
        assert refusal(check.open_state_file, str(path)) == "the state file has more than 4194304 bytes"
    else:
        os.close(check.open_state_file(str(path)))


@pytest.mark.parametrize("mode", [0o701, 0o755, 0o644])
def test_who_may_only_read_or_run_the_state_file_cannot_change_it(tmp_path, mode):
    path = tmp_path / "state"
    path.write_bytes(b"")
    path.chmod(mode)
    os.close(check.open_state_file(str(path)))


@pytest.mark.parametrize("owner", [0, 1234])
def test_a_state_file_of_root_may_be_read_by_anybody(tmp_path, monkeypatch, owner):
    path = tmp_path / "state"
    path.write_bytes(b"")
    if owner != path.stat().st_uid:
        real = check.posix.fstat
        monkeypatch.setattr(
            check.posix,
            "fstat",
            lambda handle: SimpleNamespace(st_mode=0o100600, st_uid=owner, st_size=real(handle).st_size),
        )
    monkeypatch.setattr(check.posix, "geteuid", lambda: 999)
    if owner:
        assert refusal(check.open_state_file, str(path)) == "the state file belongs to another user"
    else:
        os.close(check.open_state_file(str(path)))


def test_what_is_wrong_with_the_state_file_is_told_as_it_is(tmp_path, monkeypatch, deadline):
    path = tmp_path / "state"
    path.write_bytes(b"x" * 99)
    monkeypatch.setattr(check, "see_that_it_lives", lambda *_args: None)
    told = refusal(check.ask_state_file, {"state-file": str(path)}, deadline)
    assert told == "the state file has no ERRORS=: it is not a CC's, or not filled in yet"
    assert deadline.doing == f"reading {path}"


def test_a_watch_that_sees_nothing_says_so_and_does_not_run_hot(tmp_path, monkeypatch):
    path = tmp_path / "state"
    path.write_bytes(state_file())
    slept = []
    clock = iter(range(100))
    monkeypatch.setattr(check.time, "sleep", slept.append)
    monkeypatch.setattr(check, "now", lambda: next(clock))
    assert check.says_otherwise({"state-file": str(path)}, "ENABLED", 3) is False
    assert slept == [0.05] * 3
    assert check.says_otherwise({"state-file": str(path)}, "DISABLED", 99) is True


BOOT = "b" * 36
MEMORY = [
    "cc-enabled-check memory 1", f"boot {BOOT}", "source soap cc 8774", "answer ENABLED 5.00", "run 0 5.00 x", "message m", "end", "",
]  # fmt: skip


@pytest.fixture
def recall(tmp_path, monkeypatch):
    """The Memory of a file with these lines, 9 s after boot."""
    monkeypatch.setattr(check, "read_file", lambda path, *_args: b"9.00 1\n" if "uptime" in path else BOOT.encode())

    def run(lines, mode=0o600, **options):
        path = tmp_path / "memory"
        path.write_text("\n".join(lines))
        path.chmod(mode)
        return check.Memory({"memory": str(path), "source": "soap", "host": "cc", "port": 8774, **options})

    return run


def test_a_whole_memory_is_believed(recall):
    assert recall(MEMORY).answer == ("ENABLED", 5.0)
    assert recall(MEMORY, 0o701).answer == ("ENABLED", 5.0)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, "cc-enabled-check memory 2"), (1, "boot " + "c" * 36), (2, "source soap cc 8775"), (3, "question ENABLED 5.00"),
        (3, "answer BOGUS 5.00"), (3, "answer ENABLED 0.00"), (3, "answer ENABLED 9.01"), (6, "en"), (7, "more"),
    ],
)  # fmt: skip
def test_one_wrong_line_and_nothing_is_believed(recall, line, text):
    assert recall([*MEMORY[:line], text, *MEMORY[line + 1 :]]).answer is None


def test_a_memory_that_has_a_second_name_is_not_believed(recall, tmp_path):
    (tmp_path / "memory").touch()
    os.link(tmp_path / "memory", tmp_path / "elsewhere")
    assert recall(MEMORY).answer is None


def test_each_state_file_has_a_memory_of_its_own(recall):
    asked = {"source": "state_file", "state-file": "/a"}
    lines = [*MEMORY[:2], "source state_file cc 8774 /a", *MEMORY[3:]]
    assert recall(lines, **asked).answer == ("ENABLED", 5.0)
    assert recall(lines, **{**asked, "state-file": "/b"}).answer is None


def test_where_there_was_no_answer_the_memory_has_none(recall, tmp_path):
    memory = recall([])
    assert memory.store(1, "message") is None
    assert (tmp_path / "memory").read_text().splitlines()[3] == "answer none 0.00"


@pytest.mark.parametrize(
    ("said", "answer", "run"),
    [
        (("ENABLED", True, "said"), "answer ENABLED", "run 0"), (("DISABLED", True, "said"), "answer DISABLED", "run 1"),
        ((None, True, "not initialised"), "answer none 0.00", "run 1"), ((None, False, "nothing"), "answer none 0.00", "run 1"),
    ],
)  # fmt: skip
def test_what_a_run_leaves_in_the_memory(tmp_path, monkeypatch, said, answer, run):
    monkeypatch.setattr(check, "ask", lambda _options: said)
    options = check.parse_arguments(["--memory", str(tmp_path / "memory")])
    check.check(options)
    lines = (tmp_path / "memory").read_text().splitlines()
    assert lines[3].startswith(answer)
    assert lines[4].startswith(run + " ")


# --- the whole ----------------------------------------------------------------------------------------


@pytest.fixture
def watch(tmp_path, monkeypatch):
    """A run with --watch 0.7 and --timeout 1.5 that begins when the clock says 10; what ask() was told each time."""
    told = []

    def run(said, later):
        clock = iter([10.0, later])
        monkeypatch.setattr(check, "now", lambda: next(clock))
        monkeypatch.setattr(check, "recalled", lambda _options: said[0])
        monkeypatch.setattr(check, "says_otherwise", lambda *_args: True)
        monkeypatch.setattr(check, "ask", lambda options: (told.append(options["timeout"]), said)[1])
        words = ["--source", "state_file", "--watch", "0.7", "--memory", str(tmp_path / "memory")]
        check.ask_and_remember(check.parse_arguments(words))
        return told

    return run


def test_a_second_look_has_what_is_left_of_the_time(watch):
    assert watch(("DISABLED", True, "said"), 10.5) == [1.5, 1.0]


def test_a_second_look_that_is_late_is_a_short_one(watch):
    assert watch(("DISABLED", True, "said"), 12.0) == [1.5, 0.1]


def test_without_an_answer_there_is_nothing_to_watch(watch):
    assert watch((None, False, "nothing"), 10.5) == [1.5]


def test_help_asks_nobody(monkeypatch, capfd):
    monkeypatch.setattr(check, "check", lambda _options: pytest.fail("asked"))
    assert check.main(["--help"]) == 1
    assert capfd.readouterr().out.startswith("Is this host's")
