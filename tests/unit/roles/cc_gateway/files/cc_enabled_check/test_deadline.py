# SPDX-License-Identifier: GPL-3.0-or-later
"""Whatever hangs, drips or floods: the check is over within its timeout, in one line, and stays small."""

from __future__ import annotations

import _socket
import contextlib
import os
import resource
import signal
import socket
import subprocess
import threading
import time

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check

from .conftest import CHECK, PYTHON, answer_xml, http

pytestmark = pytest.mark.today_only("limits of time and memory of a process, whatever the date")

TIMEOUT = 2  # enough to start and to sign on a busy machine
FOR_EVER = 60  # seconds that the other side takes: no test waits for it
SOON = 20  # seconds that a test may take on a busy machine, with TIMEOUT kept
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.fixture
def timed(wire, run_check):
    """Run the whole process; assert that it keeps to TIMEOUT, one line, exit status 1 and 64 MiB; the line."""

    def run(*arguments, timeout=TIMEOUT, **options):
        start = time.monotonic()
        done = run_check("--port", wire.port, "--timeout", timeout, *arguments, **options)
        elapsed = time.monotonic() - start
        assert elapsed < SOON
        assert done.returncode == 1
        assert done.stderr == ""
        assert done.stdout.count("\n") == 1
        return done.stdout.strip()

    return run


def forever(*pieces, pause=0.0, once=b""):
    def say(connection, message_id):
        connection.sendall(once)
        while True:
            for piece in pieces:
                connection.sendall(piece)
                time.sleep(pause)

    return say


HOSTILE = {
    "hangs": (lambda connection, message_id: connection.recv(1), "waiting for an answer from 127.0.0.1:"),
    "one byte a second": (forever(b"H", pause=1), "waiting for an answer"),
    "body drips": (forever(b" ", pause=0.05, once=HEAD + b"\r\n<a>"), "waiting for an answer"),
    "chunks drip": (forever(b"1\r\n \r\n", pause=0.02, once=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), "waiting for"),
}
FLOOD = {
    "endless headers": (forever(b"A: b\r\n" * 1000, once=HEAD), "HTTP header has more than 16384 bytes"),
    "endless line": (forever(b"A" * 65536, once=HEAD), "HTTP header has more than 16384 bytes"),
    "endless body": (forever(b"<a>" * 20000, once=HEAD + b"\r\n"), "more than 1048576 bytes"),
    "endless chunks": (forever(b"10\r\n0123456789abcdef\r\n" * 1000, once=HEAD + b"Transfer-Encoding: chunked\r\n\r\n"), "more than"),
    "2 GB announced": (forever(b"x" * 65536, once=HEAD + b"Content-Length: 2147483647\r\n\r\n"), "more than 1048576 bytes"),
    "2 GB chunk": (forever(b"x" * 65536, once=HEAD + b"Transfer-Encoding: chunked\r\n\r\n7fffffff\r\n"), "more than 1048576 bytes"),
    "deep": (http("<a>" * 300000), "more than 20000 elements"),
    "one large text": (http("<a>" + "x" * 1000000 + "</a>"), "0 elements Envelope"),
    "texts in pieces": (http("<a>" + "x<!---->" * 120000 + "</a>"), "0 elements Envelope"),
    "many attributes": (http("<a " + " ".join(f"a{n}=''" for n in range(90000)) + "/>"), "0 elements Envelope"),
    "many namespaces": (http("<a " + " ".join(f"xmlns:a{n}='u'" for n in range(55000)) + "/>"), "0 elements Envelope"),
    "long name": (http("<" + "a" * 1000000 + "/>"), "0 elements Envelope"),
    "entity bomb": (
        http('<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa">' + "".join(
            f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9)) + "]><a>&j;</a>"),
        "has a DTD, which is rejected",
    ),
    "redirect loop": (http("", "302 Found", "Location: /axis2/services/EucalyptusCC\r\n"), "a redirect (HTTP 302 Found)"),
}


@pytest.mark.parametrize(("say", "message"), HOSTILE.values(), ids=HOSTILE)
def test_slow_server_costs_the_timeout(wire, timed, pair, say, message):
    wire.say = say
    line = timed(*pair)
    assert line.startswith(f"UNKNOWN: timed out after {TIMEOUT} s while ")
    assert message in line


@pytest.mark.parametrize(("say", "message"), FLOOD.values(), ids=FLOOD)
def test_flood_costs_no_more_than_the_timeout_and_64_mib(wire, timed, pair, say, message):
    wire.say = say
    limit = 64 << 20
    # All of the address space, which is more than what is in memory.
    line = timed(*pair, timeout=10, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (limit, limit)))
    assert message in line


def test_server_that_never_accepts(pair):
    # A backlog that is full: SYNs are dropped and connect() hangs.
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(socket.socket())
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        for _dummy in range(3):
            other = stack.enter_context(socket.socket())
            other.setblocking(False)
            other.connect_ex(listener.getsockname())
        start = time.monotonic()
        done = subprocess.run(
            [PYTHON, "-E", "-s", "-S", CHECK, "--port", str(listener.getsockname()[1]), *pair, "--timeout", str(TIMEOUT)],
            capture_output=True, text=True, check=False,
        )
        assert time.monotonic() - start < SOON
        assert done.stdout.startswith(f"UNKNOWN: timed out after {TIMEOUT} s while connecting to 127.0.0.1 port ")
        assert done.stdout.endswith(" (its queue of connections is full, or a firewall drops them)\n")


def test_name_server_that_never_answers(monkeypatch, pair):
    # getaddrinfo cannot be interrupted; a long wait in C with the signal held back is as deaf.
    real = _socket.getaddrinfo
    over = threading.Event()

    def deaf(*arguments):
        if arguments[-1] == _socket.AI_NUMERICHOST:
            return real(*arguments)
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
        over.wait(FOR_EVER)
        return []

    monkeypatch.setattr(_socket, "getaddrinfo", deaf)
    start = time.monotonic()
    result, _notes = check.main.check(check.command_line.parse_arguments(["--host", "cc.example", *pair, "--timeout", str(TIMEOUT)]))
    assert time.monotonic() - start < SOON
    over.set()
    assert result["message"] == f"UNKNOWN: timed out after {TIMEOUT} s while resolving cc.example"


def test_name_that_is_none(timed, pair):
    assert timed(*pair, "--host", "cc.invalid").startswith(
        ("UNKNOWN: cannot resolve cc.invalid: ", f"UNKNOWN: timed out after {TIMEOUT} s while resolving cc.invalid")
    )


def stand_in_openssl(tmp_path, script):
    program = tmp_path / "openssl"
    program.write_text("#!/bin/sh\n" + script)
    program.chmod(0o755)
    return {**os.environ, "PATH": f"{tmp_path}:/usr/bin:/bin"}


@pytest.mark.parametrize("python", [PYTHON, "/root/.pyenv/versions/2.7.18/bin/python", "/root/.pyenv/versions/3.6.15/bin/python"])
def test_openssl_that_hangs_is_killed(timed, keys, tmp_path, python):
    if not os.access(python, os.X_OK):
        pytest.skip(f"no interpreter {python} here")
    environment = stand_in_openssl(tmp_path, f"echo $$ >{tmp_path}/pid; exec sleep 600\n")
    line = timed("--key", keys / "cloud-pk.pem", "--cert", keys / "cloud-cert.pem", env=environment, python=python)
    assert line == f"UNKNOWN: timed out after {TIMEOUT} s while waiting for openssl"
    pid = int((tmp_path / "pid").read_text())
    end = time.monotonic() + SOON
    while time.monotonic() < end and os.path.exists(f"/proc/{pid}") and "sleep" in _command(pid):
        time.sleep(0.01)
    assert "sleep" not in _command(pid)


def _command(pid):
    try:
        with open(f"/proc/{pid}/cmdline") as stream:
            return stream.read()
    except OSError:
        return ""


def test_openssl_that_floods(timed, keys, tmp_path):
    environment = stand_in_openssl(tmp_path, "exec yes >&2\n")
    line = timed("--key", keys / "cloud-pk.pem", "--cert", keys / "cloud-cert.pem", env=environment)
    assert line == f"UNKNOWN: timed out after {TIMEOUT} s while waiting for openssl"


def test_fifo_in_place_of_the_certificate(timed, keys, tmp_path):
    os.mkfifo(tmp_path / "cert")
    assert timed("--key", keys / "cloud-pk.pem", "--cert", tmp_path / "cert").endswith("holds no PEM certificate")


def test_fifo_in_place_of_the_key(timed, keys, tmp_path):
    os.mkfifo(tmp_path / "key")
    line = timed("--key", tmp_path / "key", "--cert", keys / "cloud-cert.pem")
    assert line == f"UNKNOWN: timed out after {TIMEOUT} s while waiting for openssl"


def test_alarm_blocked_by_the_caller(timed, keys, tmp_path):
    # A blocked signal is inherited over exec.
    line = timed(
        "--key", keys / "cloud-pk.pem", "--cert", keys / "cloud-cert.pem", env=stand_in_openssl(tmp_path, f"exec sleep {FOR_EVER}\n"),
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM]),
    )
    assert line.startswith(f"UNKNOWN: timed out after {TIMEOUT} s")


def test_alarm_ignored_by_the_caller(wire, timed, pair):
    wire.say = HOSTILE["body drips"][0]
    line = timed(*pair, preexec_fn=lambda: signal.signal(signal.SIGALRM, signal.SIG_IGN))
    assert line.startswith(f"UNKNOWN: timed out after {TIMEOUT} s")


def test_good_answer_that_takes_its_time_is_taken(wire, run_check, pair):
    def late(connection, message_id):
        time.sleep(0.3)
        connection.sendall(http(answer_xml(message_id.decode())))

    wire.say = late
    assert run_check("--port", wire.port, *pair).returncode == 0


def test_few_file_descriptors_are_said(wire, timed, keys):
    line = timed(
        "--key", keys / "cloud-pk.pem", "--cert", keys / "cloud-cert.pem",
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (6, 6)),
    )
    assert "Too many open files" in line


def test_no_expensive_import_at_every_poll():
    done = subprocess.run([PYTHON, "-E", "-s", "-S", "-X", "importtime", CHECK, "--port", "1", "--no-ws-security"],
                          capture_output=True, text=True, check=False)
    imported = {line.rpartition("|")[2].strip() for line in done.stderr.splitlines()}
    assert not imported & {"os", "re", "socket", "signal", "subprocess", "argparse", "json", "ssl", "hashlib", "xml", "enum"}


@pytest.fixture
def deadline(monkeypatch):
    """A Deadline on a clock that stands still at 100 s; its alarm is taken back."""
    monkeypatch.setattr(check.deadline, "now", lambda: 100.0)
    made = []

    def make(seconds):
        made.append(check.deadline.Deadline(seconds))
        return made[-1]

    yield make
    for one in made:
        one.disarm()


@pytest.mark.parametrize(("seconds", "end"), [(2, 101.95), (0.2, 100.15), (0.12, 100.09), (60, 159.95)])
def test_a_little_is_kept_back_for_start_and_report(deadline, seconds, end):
    made = deadline(seconds)
    assert made.end == pytest.approx(end)
    assert made.left() == pytest.approx(end - 100)
    assert (made.seconds, made.doing, made.armed) == (seconds, "starting", True)


@pytest.mark.parametrize(("seconds", "first"), [(20, 19.95), (4, 3.95)])
def test_the_alarm_rings_at_the_end_and_then_again_and_again(deadline, seconds, first):
    """In case Python swallows the first one in a place that cannot raise."""
    blocked = signal.pthread_sigmask(signal.SIG_BLOCK, [])
    deadline(seconds)
    left, again = signal.getitimer(signal.ITIMER_REAL)
    assert first - 3 < left <= first
    assert again == pytest.approx(0.02, abs=0.001)
    assert signal.pthread_sigmask(signal.SIG_BLOCK, []) == blocked


def test_an_alarm_that_is_overdue_is_set_to_a_millisecond(monkeypatch):
    """0 would be no alarm."""
    late = iter([100.0, 200.0])
    alarms = []
    monkeypatch.setattr(check.deadline, "now", lambda: next(late))
    monkeypatch.setattr("_signal.setitimer", lambda *words: alarms.append(words))
    monkeypatch.setattr("_signal.signal", lambda *_words: None)
    check.deadline.Deadline(5)
    assert alarms == [(signal.ITIMER_REAL, 0.001, 0.02)]


def test_an_alarm_that_is_overdue_rings_at_once(deadline, monkeypatch):
    late = iter([100.0, 200.0, 200.0])
    monkeypatch.setattr(check.deadline, "now", lambda: next(late, 200.0))

    def hang():
        deadline(5)
        time.sleep(FOR_EVER)

    with pytest.raises(check.common.TimedOut, match="timed out after 5 s while starting"):
        hang()
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_deadline_unblocks_the_alarm(deadline):
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    try:
        deadline(5)
        assert signal.SIGALRM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_no_alarm_is_left_behind(wire, ask):
    wire.say = http(answer_xml())
    assert ask().enabled
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_was_under_way_when_the_answer_came_is_ignored():
    deadline = check.deadline.Deadline(5)
    deadline.disarm()
    deadline.ring(signal.SIGALRM, None)
    armed = check.deadline.Deadline(5)
    armed.doing = "testing"
    with pytest.raises(check.common.TimedOut, match="timed out after 5 s while testing"):
        armed.ring(signal.SIGALRM, None)
    assert armed.armed is False
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_a_blocked_alarm_is_unblocked(wire, ask):
    """Whoever starts the check may have the signal blocked, and it would be inherited."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGALRM])
    try:
        wire.say = lambda connection, message_id: connection.recv(1)
        assert "timed out after 0.3 s" in ask("--timeout", "0.3").message
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def test_a_server_that_never_ends_costs_the_timeout(wire, ask):
    def drip(connection, message_id):
        connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n\r\n")
        while True:
            connection.sendall(b" ")
            time.sleep(0.02)

    wire.say = drip
    result = ask("--timeout", str(TIMEOUT))
    asked = f"127.0.0.1:{wire.port}"
    assert result.message == f"UNKNOWN: timed out after {TIMEOUT} s while waiting for an answer from {asked} (a part of the answer came)"
    assert TIMEOUT - 0.1 <= result.elapsed < SOON
