# SPDX-License-Identifier: GPL-3.0-or-later
"""The passive source: the CC's own configuration struct, and the sight that the CC lives."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
from types import SimpleNamespace

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from cc_simulator.server import Simulator

from .conftest import http, refusal

pytestmark = pytest.mark.wall_clock

SIZE = 262144
LIVES = http("<h2>Deployed Services</h2><h3>EucalyptusCC</h3>", headers="Content-Type: text/html\r\n")
RELEASES = {"3.1": 20624, "3.2": 24828, "3.3": 28924, "3.4": 28924, "4.0": 28928, "4.1": 28932, "4.4": 28932, "5.1": 28932}


def state_file(state=b"ENABLED", *, offset=28932, details=b"ERRORS=0", kind=b"cluster", size=SIZE):
    data = bytearray(size)
    data[offset:offset + 32] = state.ljust(32, b"\0")
    struct.pack_into("<i", data, offset + 32, 7)
    data[offset + 36:offset + 36 + len(details)] = details
    data[offset + 1060:offset + 1060 + len(kind)] = kind
    return data


@pytest.fixture
def read(ask, wire, tmp_path):
    """Ask the state file with these bytes in it."""
    wire.say = LIVES

    def run(data, *arguments, mode=0o600):
        path = tmp_path / "eucalyptusCCConfig"
        path.write_bytes(data)
        path.chmod(mode)
        port = arguments[arguments.index("--port") + 1] if "--port" in arguments else None
        arguments = [word for word in arguments if word not in ("--port", port)]
        return ask("--source", "state_file", "--state-file", str(path), *arguments, port=port)

    return run


@pytest.mark.parametrize("state", check.common.STATES)
def test_every_state(read, tmp_path, state):
    result = read(state_file(state.encode()))
    assert (result.local_state, result.definite, result.enabled) == (state, True, state == "ENABLED")
    assert result.source == "state_file"
    assert result.message == f"{state}: localState in {tmp_path}/eucalyptusCCConfig, layout of 4.1 to 5.1"


@pytest.mark.parametrize(("release", "offset"), RELEASES.items())
def test_every_known_layout_as_the_simulator_writes_it(ask, keys, tmp_path, release, offset):
    path = tmp_path / "eucalyptusCCConfig"
    with Simulator(str(keys), release=release, state="ENABLED", state_file=str(path)) as simulator:
        assert path.read_bytes()[offset:offset + 8] == b"ENABLED\0"
        result = ask("--source", "state_file", "--state-file", str(path), port=simulator.port)
        assert result.enabled, result.message
        assert check.state_file.KNOWN_OFFSETS[offset] in result.message
        assert not simulator.counts["DescribeServices"]


def test_layout_of_a_fork_is_read_by_its_content(read):
    result = read(state_file(offset=30001))
    assert result.enabled
    assert result.message.endswith("layout of no known release")


def test_leftovers_after_the_nul_do_not_count(read):
    assert read(state_file(b"ENABLED\0Y")).enabled
    assert read(state_file(b"DISABLED\0ENABLED")).local_state == "DISABLED"


def test_not_enabled_needs_no_identity(read):
    assert read(state_file(b"LOADED", kind=b"self")).local_state == "LOADED"


DOUBTFUL = {
    "empty": (b"", "no ERRORS="),
    "zeros": (bytes(SIZE), "no ERRORS="),
    "only the word": (b"ENABLED", "no ERRORS="),
    "ERRORS= at the start": (b"ERRORS=0".ljust(2000, b"\0"), "too short around"),
    "cut": (state_file()[:29500], "too short around"),
    "two of them": (state_file() + state_file(), "ERRORS= more than once"),
    "no state": (state_file(b""), "no localState before"),
    "torn": (state_file(b"DNABLED"), "no localState before"),
    "no NUL": (state_file(b"ENABLED" * 5)[:SIZE], "no localState before"),
    "small": (state_file(b"enabled"), "no localState before"),
    "blank": (state_file(b"ENABLED "), "no localState before"),
    "not ASCII": (state_file(b"ENABLED\xff"), "no localState before"),
    "no number": (state_file(details=b"ERRORS="), "no number after"),
    "not a number": (state_file(details=b"ERRORS=zero"), "no number after"),
    "no end of the number": (state_file(details=b"ERRORS=" + b"1" * 1017), "no number after"),
    "no identity": (state_file(kind=b""), "ENABLED for a service that is no cluster"),
    "of a node": (state_file(kind=b"node"), "ENABLED for a service that is no cluster"),
    "no end of the type": (state_file(kind=b"cluster" + b"x" * 40), "ENABLED for a service that is no cluster"),
    "too large": (state_file(size=(1 << 22) + 1), "more than 4194304 bytes"),
}
_other = state_file(offset=40000)
_other[28932:28940] = b"DISABLED"
DOUBTFUL["another state at a known offset"] = (_other, "one localState where release 4.1 to 5.1 has it, and another")


@pytest.mark.parametrize(("data", "message"), DOUBTFUL.values(), ids=DOUBTFUL)
def test_doubtful(read, data, message):
    result = read(bytes(data))
    assert (result.local_state, result.enabled, result.definite) == (None, False, False)
    assert "state file" in result.message
    assert message in result.message


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_file_that_others_may_write(read, mode):
    assert "may be written by others" in read(state_file(), mode=mode).message


def test_file_of_another_user(read, monkeypatch, tmp_path):
    (tmp_path / "eucalyptusCCConfig").touch()
    os.chown(tmp_path / "eucalyptusCCConfig", 12345, -1)
    assert read(state_file()).enabled  # root may ask about anyone's
    monkeypatch.setattr(check.common.posix, "geteuid", lambda: 999)
    assert "belongs to another user" in read(state_file()).message
    monkeypatch.setattr(check.common.posix, "geteuid", lambda: 12345)
    assert read(state_file()).enabled


def test_missing_directory_and_fifo(ask, tmp_path):
    path = tmp_path / "none"
    assert ask("--source", "state_file", "--state-file", str(path)).message == (
        f"UNKNOWN: --state-file {path}: No such file or directory"
    )
    assert "not a regular file" in ask("--source", "state_file", "--state-file", str(tmp_path)).message
    os.mkfifo(path)
    assert "not a regular file" in ask("--source", "state_file", "--state-file", str(path)).message


# --- liveness -----------------------------------------------------------------------------------------


def test_liveness_is_asked_without_side_effect(read, wire):
    assert read(state_file()).enabled
    assert [head.split(b"\r\n")[0] for head, _body in wire.requests] == [b"GET /axis2/services HTTP/1.1"]


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (b"", "the connection was closed without an answer"),
        (http("EucalyptusNC"), "the service that answers there is not a CC"),
        (http("EucalyptusCC", "404 Not Found"), "HTTP status 404 Not Found"),
        (http("EucalyptusCC", "302 Found"), "a redirect (HTTP 302 Found)"),
        (http("EucalyptusCC" * 100000), "more than 1048576 bytes"),
        (http("EucalyptusCC")[:-1], "cut short"),
    ],
)
def test_file_outlives_a_crash_so_a_dead_cc_is_not_enabled(read, wire, said, message):
    result = read(state_file(), "--timeout", "1")
    assert result.enabled
    wire.say = said
    result = read(state_file())
    assert not result.enabled
    assert not result.definite
    assert message in result.message


def test_nobody_listens(read, wire):
    wire.stop()
    assert "Connection refused" in read(state_file()).message


def test_hung_cc_costs_the_timeout(read, wire):
    wire.say = lambda connection, message_id: connection.recv(1)
    result = read(state_file(), "--timeout", "0.2")
    assert "timed out after 0.2 s while waiting for an answer" in result.message


# --- how often ------------------------------------------------------------------------------------------


class Runs:
    """Runs of source state_file on a clock that the test sets; the requests that each of them makes."""

    def __init__(self, read, wire, memory, uptime):
        self.read, self.wire, self.memory, self.clock = read, wire, memory, uptime

    def __call__(self, state, *arguments, after=1.0, every="5"):
        self.clock.value += after
        before = len(self.wire.requests)
        words = ["--memory", str(self.memory), "--live-every", every, *arguments]
        self.result = self.read(state_file(state), *words)
        asked = self.wire.requests[before:]
        assert all(head.startswith(b"GET /axis2/services ") for head, _body in asked), "the state file is never a reason to ask by SOAP"
        return len(asked)

    def enabled(self):
        """The memory's line of that name."""
        return float(next(line for line in self.memory.read_text().splitlines() if line.startswith("enabled ")).split()[1])


@pytest.fixture
def runs(read, wire, memory, uptime):
    return Runs(read, wire, memory, uptime)


def test_a_get_is_made_every_five_seconds(runs):
    assert [runs(b"ENABLED") for _number in range(11)] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1]
    assert [runs(b"ENABLED", every="0") for _number in range(3)] == [1, 1, 1]


def test_a_state_that_is_confirmed_by_an_earlier_get_is_definite(runs):
    runs(b"ENABLED")
    assert runs(b"ENABLED", after=4.9) == 0
    assert (runs.result.enabled, runs.result.definite) == (True, True)
    assert runs.result.message.endswith("layout of 4.1 to 5.1; httpd answered 4.9 s ago")


def test_a_change_between_two_readings_is_confirmed_too(runs, monkeypatch):
    runs(b"DISABLED")
    states = iter([b"DISABLED", b"ENABLED", b"ENABLED"])
    real = os.read

    def read(handle, size):
        data = real(handle, size)
        return bytes(state_file(next(states))) if len(data) == SIZE else data

    monkeypatch.setattr(check.common.posix, "read", read)
    assert runs(b"DISABLED") == 1
    assert (runs.result.local_state, next(states, None)) == ("ENABLED", None)


def test_a_change_of_the_file_is_confirmed_at_once(runs):
    assert [runs(state) for state in (b"DISABLED", b"DISABLED", b"ENABLED", b"ENABLED", b"NOTREADY")] == [1, 0, 1, 0, 1]


def test_after_a_get_that_failed_every_run_makes_one(runs, wire):
    runs(b"ENABLED")
    wire.say = http("", "503 Busy")
    assert [runs(b"ENABLED", after=5.0), runs(b"ENABLED"), runs(b"ENABLED")] == [1, 1, 1]
    wire.say = LIVES
    assert [runs(b"ENABLED"), runs(b"ENABLED")] == [1, 0]


def hang(connection, _message_id):
    connection.recv(1)


def test_after_time_outs_gets_come_further_apart(runs, wire):
    wire.say = hang
    asked = [runs(b"DISABLED", "--timeout", "0.1") for _number in range(70)]
    # 2, 4, 8, 16 and 30 s between them.
    assert [number for number, one in enumerate(asked) if one] == [0, 2, 6, 14, 30, 60]
    assert "next request in 21.0 s" in runs.result.message
    assert runs.result.message.startswith("UNKNOWN: timed out after 0.1 s while waiting for an answer from 127.0.0.1:")


def test_a_change_of_the_file_ends_the_wait(runs, wire):
    wire.say = hang
    for _number in range(4):
        runs(b"DISABLED", "--timeout", "0.1")
    wire.say = LIVES
    assert runs(b"DISABLED") == 0
    assert runs(b"ENABLED") == 1
    assert runs.result.enabled
    assert runs.enabled() == runs.clock.value


def test_without_an_answer_a_change_is_reported_as_no_answer(runs, wire):
    runs(b"DISABLED")
    wire.say = hang
    assert runs(b"ENABLED", "--timeout", "0.1") == 1
    assert (runs.result.local_state, runs.result.enabled, runs.result.definite) == (None, False, False)
    assert "timed out" in runs.result.message
    # And confirmed by the next answer, while it still counts as a change.
    wire.say = LIVES
    assert runs(b"ENABLED", after=2.0) == 1
    assert runs.enabled() == runs.clock.value


def test_grace_holds_during_the_wait(runs, wire):
    runs(b"ENABLED", "--grace", "5")
    wire.say = hang
    seen = []
    for _number in range(8):
        runs(b"ENABLED", "--grace", "5", "--timeout", "0.1", every="0")
        seen.append(runs.result.enabled)
    assert seen == [True] * 4 + [False] * 4


def test_a_damaged_file_is_no_reason_for_a_request(runs, read, wire, memory):
    assert "no ERRORS=" in read(b"garbage", "--memory", str(memory)).message
    assert wire.requests == []


# --- a controller that runs and does not respond ------------------------------------------------------------

SERVER = """
import os, signal, socket, sys
listener = socket.create_server(("127.0.0.1", int(sys.argv[1])))
child = os.fork()
if not child:
    signal.pause()  # the monitor of the CC, which inherits the socket
print(listener.getsockname()[1], child, flush=True)
body = b"<h3>EucalyptusCC</h3>"
while True:
    connection, peer = listener.accept()
    if connection.recv(65536):
        connection.sendall(b"HTTP/1.1 200 OK\\r\\nContent-Length: %d\\r\\n\\r\\n%s" % (len(body), body))
    connection.close()
"""


class Httpd:
    """A server with one worker and a child that holds the port, as the CC's httpd and its monitor do."""

    def __init__(self, port=0):
        self.process = subprocess.Popen([sys.executable, "-c", SERVER, str(port)], stdout=subprocess.PIPE, text=True)
        self.port, self.child = (int(word) for word in self.process.stdout.readline().split())

    def kill(self):
        self.process.kill()
        self.process.wait(10)

    def stop(self):
        self.kill()
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.child, signal.SIGKILL)
        # Until the kernel has closed the socket of the child, whose parent is somebody else now.
        # Another test's server may have the port by then: it is not waited for.
        with contextlib.suppress(ConnectionRefusedError):
            for _attempt in range(500):
                with contextlib.suppress(ConnectionResetError, socket.timeout), socket.create_connection(("127.0.0.1", self.port), 5):
                    time.sleep(0.01)


@pytest.fixture
def httpd():
    server = Httpd()
    yield server
    server.stop()


@pytest.fixture
def responds(httpd, runs):
    """The message of a run against it, and whether there is an answer."""

    def run(timeout="20", state=b"ENABLED"):
        runs(state, "--port", str(httpd.port), "--timeout", timeout, every="0", after=40.0)
        return runs.result.message, runs.result.definite

    assert run()[1]
    return run


HANGS = "(connected, but no answer: httpd hangs, has no free worker, or has died while its children keep the port)"


def test_httpd_dead_while_its_children_hold_the_port(httpd, responds):
    httpd.kill()
    message, definite = responds("0.5")
    assert message == f"UNKNOWN: timed out after 0.5 s while waiting for an answer from 127.0.0.1:{httpd.port} {HANGS}"
    assert not definite


def test_httpd_that_hangs(httpd, responds):
    httpd.process.send_signal(signal.SIGSTOP)
    os.waitpid(httpd.process.pid, os.WUNTRACED)  # until it has stopped
    assert responds("0.5") == (f"UNKNOWN: timed out after 0.5 s while waiting for an answer from 127.0.0.1:{httpd.port} {HANGS}", False)
    httpd.process.send_signal(signal.SIGCONT)
    assert responds()[1]


def test_httpd_that_is_not_running(httpd, responds):
    httpd.stop()
    assert responds() == (f"UNKNOWN: cannot connect to 127.0.0.1 port {httpd.port}: Connection refused (httpd is not running)", False)


def test_a_controller_that_is_restarted_is_not_newly_enabled(httpd, responds, runs):
    httpd.stop()
    assert not responds()[1]
    again = Httpd(httpd.port)
    try:
        assert responds()[1]
        assert runs.result.enabled
        assert runs.enabled() == 0
    finally:
        again.stop()


def test_a_worker_that_is_blocked_by_an_idle_connection(httpd, responds):
    with socket.create_connection(("127.0.0.1", httpd.port)):
        message, definite = responds("0.5")
        assert message.endswith(HANGS)
        assert not definite
    assert responds()[1]


# --- a file that is written while it is read ------------------------------------------------------------


def rewrite_at_every_answer(wire, path, *states):
    states = iter(states)

    def say(connection, message_id):
        with open(path, "r+b") as stream:
            stream.seek(28932)
            stream.write(next(states))
        connection.sendall(LIVES)

    wire.say = say


def test_state_that_changes_meanwhile_counts_as_it_is_then(read, wire, tmp_path):
    rewrite_at_every_answer(wire, tmp_path / "eucalyptusCCConfig", b"DISABLED\0")
    result = read(state_file(b"ENABLED"))
    assert (result.local_state, result.enabled) == ("DISABLED", False)
    rewrite_at_every_answer(wire, tmp_path / "eucalyptusCCConfig", b"ENABLED\0")
    assert read(state_file(b"DISABLED")).enabled


def test_torn_state_is_never_taken(read, wire, tmp_path):
    rewrite_at_every_answer(wire, tmp_path / "eucalyptusCCConfig", b"DNABLED\0")
    result = read(state_file(b"ENABLED"))
    assert "no localState before ERRORS=" in result.message


def test_state_that_never_stands_still(read, monkeypatch):
    states = iter([b"ENABLED", b"DISABLED", b"ENABLED", b"DISABLED"])
    monkeypatch.setattr(check.common.posix, "read", lambda handle, size: bytes(state_file(next(states))))
    assert "keeps changing while it is read" in read(state_file()).message


@pytest.mark.parametrize("torn", [[b"DISABLED", b"EISABLED"], [b"EISABLED", b"EISABLED"], [b"EISABLED", b"ENISABLED"]])
def test_state_that_is_torn_for_a_moment(read, monkeypatch, torn):
    states = iter([*torn, b"ENABLED", b"ENABLED"])
    monkeypatch.setattr(check.common.posix, "read", lambda handle, size: bytes(state_file(next(states))))
    assert read(state_file()).enabled


# --- watch --------------------------------------------------------------------------------------------


@pytest.fixture
def watched(read, tmp_path, monkeypatch):
    """Ask with 10 s of watch; `later` is written to the file 0.15 s after the start, or deletes it if it is None."""
    path = tmp_path / "eucalyptusCCConfig"

    def run(data, later=b"", *arguments, watch="10"):
        def change():
            if later is None:
                path.unlink()
            elif len(later) == SIZE:
                # As the CC does, which has the file mapped: only what differs, and never a file that is empty for a moment.
                with path.open("r+b", buffering=0) as handle:
                    handle.seek(28932)
                    handle.write(later[28932:28964])
            elif later:
                path.write_bytes(later)

        timer = threading.Timer(0.15, change)
        start = time.monotonic()
        timer.start()
        result = read(data, "--watch", watch, "--memory", str(tmp_path / "memory"), *arguments)
        timer.join()
        return result, time.monotonic() - start

    return run


def test_a_state_that_is_news_is_told_at_once(watched):
    result, seconds = watched(state_file(b"DISABLED"))
    assert result.local_state == "DISABLED"
    assert seconds < 9


def test_the_same_as_before_is_told_when_the_watch_is_over(watched):
    watched(state_file(b"DISABLED"))
    result, seconds = watched(state_file(b"DISABLED"), watch="0.5")
    assert (result.local_state, result.definite) == ("DISABLED", True)
    assert seconds >= 0.5


@pytest.mark.parametrize("states", [(b"DISABLED", b"ENABLED"), (b"ENABLED", b"DISABLED")])
def test_a_change_meanwhile_is_told_at_once(watched, states):
    watched(state_file(states[0]))
    result, seconds = watched(state_file(states[0]), state_file(states[1]))
    assert (result.local_state, result.definite) == (states[1].decode(), True)
    assert 0.15 <= seconds < 9


@pytest.mark.parametrize("later", [None, b"garbage"])
def test_a_file_that_is_gone_or_spoilt_meanwhile_is_no_answer(watched, later):
    watched(state_file(b"ENABLED"))
    result, seconds = watched(state_file(b"ENABLED"), later)
    assert (result.local_state, result.definite, result.enabled) == (None, False, False)
    assert seconds < 9


@pytest.mark.parametrize("hangs", [False, True])
def test_a_cc_that_dies_or_hangs_meanwhile_is_not_believed_when_its_file_changes(watched, wire, hangs):
    watched(state_file(b"DISABLED"))
    asked = []

    def say(connection, _message_id):
        asked.append(connection)
        if len(asked) == 1:
            connection.sendall(LIVES)
        elif hangs:
            connection.recv(1)

    wire.say = say
    result, seconds = watched(state_file(b"DISABLED"), state_file(b"ENABLED"), "--timeout", "3", watch="2.5")
    assert (result.enabled, result.definite) == (False, False)
    assert len(asked) == 2
    # The timeout is for all of it; the server hangs for 10 s.
    assert seconds < 9


def test_releases_are_told_by_their_names():
    """In lists that people read: 3.1 is where localState has stood first."""
    assert check.state_file.KNOWN_OFFSETS == {20624: "3.1", 24828: "3.2", 28924: "3.3 and 3.4", 28928: "4.0", 28932: "4.1 to 5.1"}


def test_a_state_at_the_very_beginning_and_an_end_right_behind_it():
    data = bytes(state_file(b"DISABLED", offset=0, size=4096))
    assert check.state_file.read_struct(data) == (0, "DISABLED")
    assert check.state_file.read_struct(data[: 36 + 1056]) == (0, "DISABLED")
    assert refusal(check.state_file.read_struct, data[: 36 + 1055]) == "the state file is too short around ERRORS="


@pytest.mark.parametrize("size", [check.state_file.STATE_FILE_LIMIT, check.state_file.STATE_FILE_LIMIT + 1])
def test_a_state_file_of_the_limit_is_read_and_one_more_byte_not(tmp_path, size):
    path = tmp_path / "state"
    path.write_bytes(b"")
    os.truncate(path, size)
    path.chmod(0o600)
    if size > check.state_file.STATE_FILE_LIMIT:
        assert refusal(check.state_file.open_state_file, str(path)) == "the state file has more than 4194304 bytes"
    else:
        os.close(check.state_file.open_state_file(str(path)))


@pytest.mark.parametrize("mode", [0o701, 0o755, 0o644])
def test_who_may_only_read_or_run_the_state_file_cannot_change_it(tmp_path, mode):
    path = tmp_path / "state"
    path.write_bytes(b"")
    path.chmod(mode)
    os.close(check.state_file.open_state_file(str(path)))


@pytest.mark.parametrize("owner", [0, 1234])
def test_a_state_file_of_root_may_be_read_by_anybody(tmp_path, monkeypatch, owner):
    path = tmp_path / "state"
    path.write_bytes(b"")
    if owner != path.stat().st_uid:
        real = check.common.posix.fstat
        monkeypatch.setattr(
            check.common.posix,
            "fstat",
            lambda handle: SimpleNamespace(st_mode=0o100600, st_uid=owner, st_size=real(handle).st_size),
        )
    monkeypatch.setattr(check.common.posix, "geteuid", lambda: 999)
    if owner:
        assert refusal(check.state_file.open_state_file, str(path)) == "the state file belongs to another user"
    else:
        os.close(check.state_file.open_state_file(str(path)))


def test_what_is_wrong_with_the_state_file_is_reported_as_it_is(tmp_path):
    path = tmp_path / "state"
    path.write_bytes(b"x" * 99)
    deadline = SimpleNamespace()
    told = refusal(check.state_file.observe_state_file, {"state-file": str(path)}, deadline, check.decision.NOTHING, 1, {})
    assert told == "the state file has no ERRORS=: it is not a CC's, or not filled in yet"
    assert deadline.doing == f"reading {path}"


@pytest.mark.parametrize(
    ("make", "kind"),
    [
        (lambda path: None, "absent"),
        (lambda path: path.parent.joinpath("state").write_bytes(b"x"), "absent"),
        (lambda path: path.write_bytes(b"garbage"), "layout"),
        (lambda path: path.mkdir(), "unreadable"),
        (lambda path: (path.write_bytes(state_file()), path.chmod(0o622)), "unreadable"),
        (lambda path: path.write_bytes(bytes((1 << 22) + 1)), "unreadable"),
    ],
    ids=["none", "not a directory", "garbage", "directory", "mode", "size"],
)
def test_the_kind_of_what_is_wrong_with_the_state_file(tmp_path, monkeypatch, make, kind):
    """The preflight decides by it whether `auto` takes SOAP."""
    path = tmp_path / "state"
    make(path)
    if kind == "absent" and path.exists():
        path = path / "below"
    slept = []
    monkeypatch.setattr(check.state_file.time, "sleep", slept.append)
    options = check.command_line.parse_arguments(["--source", "state_file", "--state-file", str(path), "--timeout", "20"])
    observation = check.main.observe(options, check.decision.NOTHING, 0)
    assert observation["trouble"] == kind, observation["message"]
    assert (observation["state"], observation["definite"]) == (None, False)
    # A moment, for a file that the CC is writing.
    assert slept == ([0.005] * 4 if kind == "layout" else [])


@pytest.mark.parametrize("call", ["open", "fstat"])
def test_a_file_that_is_another_users(tmp_path, monkeypatch, call):
    def refuse(path, *_flags):
        raise PermissionError(13, "Permission denied", path)

    (tmp_path / "state").write_bytes(state_file())
    foreign = SimpleNamespace(st_mode=0o100600, st_uid=4711, st_size=SIZE)
    monkeypatch.setattr(check.common.posix, call, refuse if call == "open" else lambda _handle: foreign)
    monkeypatch.setattr(check.common.posix, "geteuid", lambda: 999)
    options = check.command_line.parse_arguments(["--source", "state_file", "--state-file", str(tmp_path / "state")])
    assert check.main.observe(options, check.decision.NOTHING, 0)["trouble"] == "unreadable"


def test_after_the_answer_nothing_is_told_of_the_connection(tmp_path, monkeypatch):
    """A second reading that hangs is the disk's, not httpd's."""
    path = tmp_path / "state"
    path.write_bytes(state_file())
    path.chmod(0o600)
    deadline = SimpleNamespace(why="")

    def get_services(_options, deadline):
        deadline.doing, deadline.why = "waiting for an answer", "httpd hangs"

    monkeypatch.setattr(check.state_file, "get_services", get_services)
    options = {"state-file": str(path), "live-every": 5}
    check.state_file.observe_state_file(options, deadline, check.decision.NOTHING, 1, {})
    assert (deadline.doing, deadline.why) == (f"reading {path}", "")


# --- watch, step by step ----------------------------------------------------------------------------------


@pytest.fixture
def stepped(tmp_path, monkeypatch):
    """watch() of a file for 0.2 s on a clock that sleep() moves; `steps` are called after the first, second, ... sleep."""
    path = tmp_path / "state"
    path.write_bytes(state_file())
    path.chmod(0o600)
    clock = SimpleNamespace(value=100.0, slept=[])

    def run(*steps, state="ENABLED", offset=28932, watched=path):
        steps = iter(steps)

        def sleep(seconds):
            clock.value += seconds
            clock.slept.append(seconds)
            next(steps, lambda: None)()

        monkeypatch.setattr(check.state_file.time, "sleep", sleep)
        monkeypatch.setattr(check.state_file, "now", lambda: clock.value)
        return check.state_file.watch_state_file(str(watched), {"seen": state, "offset": offset}, 100.19)

    run.path, run.clock = path, clock
    return run


def write_at(path, offset, data):
    with open(path, "r+b") as stream:
        stream.seek(offset)
        stream.write(data)


def test_a_watch_that_sees_no_change_does_not_run_hot(stepped):
    assert stepped() is False
    assert stepped.clock.slept == pytest.approx([0.05, 0.05, 0.05, 0.04])


def test_a_watch_of_a_file_that_has_changed_already_ends_at_once(stepped):
    assert stepped(state="DISABLED") is True
    assert stepped.clock.slept == []


def test_a_watch_of_a_file_that_is_gone_ends_at_once(stepped, tmp_path):
    assert stepped(watched=tmp_path / "none") is True


CHANGES = {
    "another state": lambda path: write_at(path, 28932, b"DISABLED\0"),
    "a torn state": lambda path: write_at(path, 28932, b"D"),
    "gone": lambda path: path.unlink(),
    "replaced by the same": lambda path: (path.rename(f"{path}.old"), path.write_bytes(state_file())),
    "cut": lambda path: os.truncate(path, 100),
    "longer": lambda path: os.truncate(path, SIZE + 1),
    "writable by all": lambda path: path.chmod(0o666),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_watch_ends_when_the_file_changes(stepped, change):
    assert stepped(lambda: None, lambda: change(stepped.path)) is True
    assert stepped.clock.slept == pytest.approx([0.05, 0.05])


def test_a_watch_does_not_mind_what_else_the_cc_writes(stepped):
    """localEpoch at every heartbeat, the topology, and so on."""
    assert stepped(*[lambda: write_at(stepped.path, 28964, b"\1\2"), lambda: write_at(stepped.path, 100, b"x")] * 2) is False


def test_a_watch_reads_32_bytes(stepped, monkeypatch):
    sizes = []
    real = os.read
    monkeypatch.setattr(check.common.posix, "read", lambda handle, size: (sizes.append(size), real(handle, size))[1])
    stepped()
    assert set(sizes) == {32}


@pytest.mark.today_only("libfaketime 0.9.10 breaks time.sleep() of the Python that it starts")
@pytest.mark.parametrize(
    ("make", "trouble"),
    [
        (lambda path: None, "absent"),
        (lambda path: path.write_bytes(b"garbage"), "layout"),
        (lambda path: path.mkdir(), "unreadable"),
    ],
)
def test_json_names_what_is_wrong_with_the_state_file(make, trouble, tmp_path, run_check):
    make(tmp_path / "state")
    done = run_check("--source", "state_file", "--state-file", tmp_path / "state", "--json")
    assert json.loads(done.stdout)["trouble"] == trouble
