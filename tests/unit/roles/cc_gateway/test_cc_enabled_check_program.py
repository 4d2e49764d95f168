# SPDX-License-Identifier: GPL-3.0-or-later
"""The check as a program, run in this process: what it prints and returns, and what it does when the system fails it."""

from __future__ import annotations

import _socket
import errno
import json
import os
import posix
import runpy
import signal
import socket
import sys
import time
import types
from subprocess import Popen

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check

from .conftest import CHECK, answer_xml, http

LAUNCHER = CHECK.with_name("cc_enabled_check_launcher.py")


@pytest.fixture
def program(wire, capfd):
    """main() with these words -> (exit status, lines of standard output)."""

    def run(*words):
        status = check.main(["--port", str(wire.port), "--no-ws-security", "--timeout", "20", *words])
        printed = capfd.readouterr()
        assert printed.err == ""
        return status, printed.out.splitlines()

    return run


@pytest.mark.parametrize(("state", "status"), [("ENABLED", 0), ("DISABLED", 1), ("NOTREADY", 1)])
def test_one_line_and_the_exit_status(wire, program, state, status):
    wire.say = http(answer_xml(state=state))
    assert program() == (status, [f"{state}: 127.0.0.1:{wire.port}: localState of cluster PARTI00/CC_00"])


def test_verbose_adds_what_was_done(wire, program, tmp_path):
    wire.say = http(answer_xml())
    status, lines = program("--verbose", "--memory", str(tmp_path / "memory"))
    assert status == 0
    assert lines[0].startswith("ENABLED: ")
    assert lines[1].startswith("  remembered: None since boot, now ")
    assert lines[2:5] == ["  source: soap", "  definite: True", "  remembered: False"]
    assert lines[5].startswith("  elapsed: ")
    assert len(lines) == 6


def test_json_is_one_line_even_with_verbose(wire, program):
    wire.say = http(answer_xml())
    status, lines = program("--json", "--verbose")
    assert (status, len(lines)) == (0, 1)
    said = json.loads(lines[0])
    assert list(said) == sorted(said)
    assert 0 < said.pop("elapsed") < 20
    assert said == {
        "local_state": "ENABLED", "enabled": True, "definite": True, "source": "soap", "remembered": False,
        "message": f"ENABLED: 127.0.0.1:{wire.port}: localState of cluster PARTI00/CC_00",
    }  # fmt: skip


@pytest.mark.parametrize("words", [["--help"], ["--help", "--json"], ["--nonsense", "--help"]])
def test_help_is_never_enabled(capfd, words):
    assert check.main(words) == 1
    assert capfd.readouterr().out == check.__doc__ + "\n"


def test_a_wrong_call_is_one_object_too(capfd):
    assert check.main(["--port", "0", "--json", "--verbose"]) == 1
    assert json.loads(capfd.readouterr().out) == {
        "local_state": None, "enabled": False, "definite": False, "source": "soap", "elapsed": 0.0, "remembered": False,
        "message": "UNKNOWN: wrong call: --port must be a number from 1 to 65535, not '0'",
    }  # fmt: skip
    assert check.main(["--port", "0", "--verbose"]) == 1
    assert capfd.readouterr().out == "UNKNOWN: wrong call: --port must be a number from 1 to 65535, not '0'\n"


def test_run_ends_the_process_with_the_status_of_main(monkeypatch, capfd):
    ended = []
    monkeypatch.setattr(check.posix, "_exit", ended.append)
    monkeypatch.setattr(sys, "argv", ["cc-enabled-check", "--nonsense"])
    check.run()
    assert ended == [1]
    assert capfd.readouterr().out.startswith("UNKNOWN: wrong call: unknown argument '--nonsense'")


def test_a_closed_standard_output_does_not_change_the_status(wire, monkeypatch):
    def write(handle, data):
        if handle == 1:
            raise OSError(errno.EBADF, "Bad file descriptor")
        return posix_write(handle, data)

    posix_write = os.write
    wire.say = http(answer_xml())
    monkeypatch.setattr(check.posix, "write", write)
    assert check.main(["--port", str(wire.port), "--no-ws-security", "--timeout", "20"]) == 0


def test_a_fault_of_the_check_itself_is_no_answer_and_no_traceback(ask, monkeypatch):
    monkeypatch.setattr(check, "plain_request", lambda *arguments: 1 / 0)
    result = ask()
    assert (result.enabled, result.definite, result.local_state) == (False, False, None)
    assert result.message == "UNKNOWN: fault of the check: ZeroDivisionError: division by zero"


def test_no_alarm_is_left_behind(wire, ask):
    wire.say = http(answer_xml())
    assert ask().enabled
    assert signal.getitimer(signal.ITIMER_REAL) == (0.0, 0.0)


def test_an_alarm_that_was_under_way_when_the_answer_came_is_ignored():
    deadline = check.Deadline(5)
    deadline.disarm()
    deadline.ring(signal.SIGALRM, None)
    armed = check.Deadline(5)
    armed.doing = "testing"
    with pytest.raises(check.TimedOut, match="timed out after 5 s while testing"):
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
    result = ask("--timeout", "0.4")
    assert result.message == f"UNKNOWN: timed out after 0.4 s while waiting for an answer from 127.0.0.1:{wire.port}"
    assert 0.3 <= result.elapsed < 3


# --- openssl ---------------------------------------------------------------------------------------------


def signed(ask, keys, *more):
    return ask("--key", str(keys / "cloud-pk.pem"), "--cert", str(keys / "cloud-cert.pem"), *more, signed=True)


def test_without_posix_spawn_a_child_is_forked(wire, ask, keys, monkeypatch):
    """Python 2, and 3 before 3.8."""
    monkeypatch.delattr(check.posix, "posix_spawn")
    wire.say = http(answer_xml())
    assert signed(ask, keys).enabled
    assert b"<ds:SignatureValue>" in wire.requests[0][1]


def test_an_openssl_that_does_not_start_is_named(wire, ask, keys, monkeypatch):
    def refuse(*arguments, **options):
        raise OSError(errno.ENOMEM, "Cannot allocate memory")

    monkeypatch.setattr(check.posix, "posix_spawn", refuse)
    result = signed(ask, keys)
    assert result.message.startswith("UNKNOWN: cannot start /")
    assert result.message.endswith("/openssl: Cannot allocate memory")
    assert wire.requests == []


def test_a_child_that_is_gone_already_is_no_trouble():
    openssl = check.Openssl("key")
    openssl.stop()
    child = Popen(["true"])
    openssl.pid = child.pid
    child.wait()
    openssl.stop()


def test_a_child_that_hangs_is_killed():
    openssl = check.Openssl("key")
    with Popen(["sleep", "60"]) as child:
        openssl.pid = child.pid
        openssl.stop()
        # Killed; and reaped by stop() itself if that was quick.
        assert child.wait(10) in (-signal.SIGKILL, 0)
    with pytest.raises(ProcessLookupError):
        os.kill(child.pid, 0)


@pytest.mark.parametrize("complaint", ["setting digest: invalid digest", "digest not allowed", "inner_evp_generic_fetch: unsupported"])
def test_a_policy_against_sha1_is_told_with_the_way_out(complaint):
    said = check.Openssl("/key").explain(complaint)
    assert said.startswith("openssl may not make SHA-1 signatures here, and the CC takes no others: allow them (EL9: update-crypto-")
    assert said.endswith("or use --source state_file")


def test_other_complaints_are_passed_on_by_their_first_line():
    openssl = check.Openssl("/key")
    assert openssl.explain("\n  no such key\nmore\n") == "openssl cannot sign with --key /key: no such key"
    assert openssl.explain(" \n") == "openssl cannot sign with --key /key: it says nothing"


# --- the connection ----------------------------------------------------------------------------------------


def test_a_name_that_cannot_be_looked_up(ask, monkeypatch):
    real = _socket.getaddrinfo

    def getaddrinfo(name, port, *more):
        if len(more) == 4:  # with AI_NUMERICHOST
            return real(name, port, *more)
        raise _socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(_socket, "getaddrinfo", getaddrinfo)
    assert ask("--host", "cc.example.org").message == "UNKNOWN: cannot look up cc.example.org: Name or service not known"


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
    assert ask(port=port).message == f"UNKNOWN: cannot connect to 127.0.0.1 port {port}: Connection refused"
    monkeypatch.setattr(_socket, "getaddrinfo", lambda *arguments: [])
    assert ask(port=port).message == f"UNKNOWN: cannot connect to 127.0.0.1 port {port}: None"


class Broken:
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
            deadline.end = check.now()
        return Broken(when)

    monkeypatch.setattr(check, "connect", connect)
    said = "timed out after 20 s while waiting for an answer from" if late else "the connection broke: Connection reset by peer"
    assert said in ask().message


def test_an_error_without_a_text_is_told_by_itself(ask, monkeypatch):
    connection = Broken("receiving")
    connection.recv = lambda size: (dummy for dummy in ()).throw(OSError("odd"))
    monkeypatch.setattr(check, "connect", lambda *arguments: connection)
    assert ask().message.endswith("the connection broke: odd")


LIMIT = check.HEAD_LIMIT
START = b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\n"


@pytest.mark.parametrize(
    ("head", "said"),
    [
        (START + b"A: " + b"b" * (LIMIT + 1), "HTTP header has more than 16384 bytes"),
        (START + b"A: b\r\n" * 3000, "HTTP header has more than 16384 bytes"),
        (START + b"A: " + b"b" * (LIMIT - 100) + b"\r\n\r\n", "the answer is not XML"),
        (START + b"\r\n" + b" " * (check.BODY_LIMIT + LIMIT), "the answer has more than 1048576 bytes"),
    ],
    ids=["one line", "many lines", "just so", "body"],
)
def test_the_limits_of_an_answer(wire, ask, head, said):
    wire.say = head
    assert said in ask().message


# --- the launcher --------------------------------------------------------------------------------------------


def test_the_launcher_runs_the_check(monkeypatch):
    ran = []
    monkeypatch.setitem(sys.modules, "cc_enabled_check", types.SimpleNamespace(run=lambda: ran.append(True)))
    runpy.run_path(str(LAUNCHER))
    assert ran == [True]


def test_a_launcher_alone_fails_with_a_line_that_says_so(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cc_enabled_check", None)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(LAUNCHER))
    assert caught.value.code == 1
    line = capsys.readouterr().out
    assert line.startswith("UNKNOWN: the check is not installed completely: ")
    assert line.count("\n") == 1
    assert posix is check.posix
