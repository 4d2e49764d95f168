# SPDX-License-Identifier: GPL-3.0-or-later
"""Grace, and the memory that it needs."""

from __future__ import annotations

import concurrent.futures
import errno
import os
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check

from .conftest import answer_xml, http

ENABLED = http(answer_xml())
DISABLED = http(answer_xml(state="DISABLED"))
FAULT = http(
    f'<s:Envelope xmlns:s="{check.SOAP}"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>No Error</faultstring>'
    "</s:Fault></s:Body></s:Envelope>",
    "500 Oops",
)


@pytest.fixture
def uptime(monkeypatch):
    """The seconds since boot, to be set by the test; starts at 1000."""
    clock = SimpleNamespace(value=1000.0, boot="b" * 36)
    real = check.read_file

    def read_file(path, what, limit=1 << 16):
        if path == "/proc/uptime":
            return b"%.2f 1.00\n" % clock.value
        if path.endswith("boot_id"):
            return clock.boot.encode() + b"\n"
        return real(path, what, limit)

    monkeypatch.setattr(check, "read_file", read_file)
    return clock


@pytest.fixture
def memory(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir(mode=0o700)
    return directory / "cc"


@pytest.fixture
def graced(ask, wire, memory, uptime):
    """Ask with 5 s of grace; `said` is what the CC says."""

    def run(said, *arguments, grace="5"):
        wire.say = said
        return ask("--memory", str(memory), "--grace", grace, *arguments)

    return run


def test_no_answer_keeps_the_last_enabled_for_the_grace(graced, uptime, wire):
    assert graced(ENABLED).enabled
    uptime.value += 4.5
    result = graced(b"")
    assert (result.local_state, result.enabled, result.definite, result.remembered) == (None, True, False, True)
    assert result.message == f"ENABLED: for 0.5 s more by --grace; now 127.0.0.1:{wire.port}: the connection was closed without an answer"
    uptime.value += 0.5
    result = graced(b"")
    assert (result.enabled, result.remembered) == (False, False)
    assert result.message == f"UNKNOWN: 127.0.0.1:{wire.port}: the connection was closed without an answer"


def test_grace_counts_from_the_last_answer_and_not_from_the_last_run(graced, uptime):
    graced(ENABLED)
    verdicts = []
    for _dummy in range(5):
        uptime.value += 1.5
        verdicts.append(graced(b"").enabled)
    assert verdicts == [True, True, True, False, False]


@pytest.mark.parametrize("said", [b"", FAULT, http("garbage"), http(answer_xml(statuses="")), http("", "404 Not Found")])
def test_everything_that_is_no_answer_has_grace(graced, said):
    graced(ENABLED)
    assert graced(said).remembered


@pytest.mark.parametrize("state", [state for state in check.STATES if state != "ENABLED"])
def test_a_definite_answer_acts_at_once_and_ends_the_grace(graced, state):
    graced(ENABLED)
    result = graced(http(answer_xml(state=state)))
    assert (result.enabled, result.definite, result.remembered) == (False, True, False)
    assert not graced(b"").enabled


def test_failed_initialisation_is_definite(graced):
    graced(ENABLED)
    assert not graced(http(answer_xml(good="false"))).enabled
    assert not graced(b"").enabled


def test_without_grace_the_check_is_strict(graced):
    graced(ENABLED)
    assert not graced(b"", grace="0").enabled


def test_first_run_without_answer(graced):
    assert not graced(b"").enabled


def test_first_seconds_of_a_host(graced, uptime):
    uptime.value = 1.0
    graced(ENABLED)
    uptime.value = 2.0
    assert graced(b"").enabled


def test_wall_clock_is_of_no_account(graced, monkeypatch):
    graced(ENABLED)
    monkeypatch.setattr(check.time, "gmtime", lambda *seconds: (2001, 1, 1, 0, 0, 0, 0, 1, 0))
    monkeypatch.setattr(check.time, "time", lambda: 1.0)
    assert graced(b"").enabled


def test_form_is_the_one_documented(graced, memory, wire):
    graced(DISABLED)
    assert re.fullmatch(
        r"cc-enabled-check memory 1\nboot b{36}\nsource soap 127\.0\.0\.1 \d+\nanswer DISABLED 1000\.00\n"
        r"run 1 1000\.00 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\n"
        r"message DISABLED: 127\.0\.0\.1:\d+: localState of cluster PARTI00/CC_00\nend\n",
        memory.read_text(),
    )
    assert memory.stat().st_mode & 0o777 == 0o600
    assert os.listdir(memory.parent) == ["cc"]
    for line in memory.read_text().splitlines():
        assert f"\n  {line.split(' ')[0]}" in check.__doc__


def test_last_line_is_kept_for_notify_scripts_also_without_answer(graced, memory, wire):
    graced(ENABLED)
    graced(b"")
    lines = memory.read_text().splitlines()
    assert lines[3] == "answer ENABLED 1000.00"
    assert lines[4].startswith("run 0 ")
    assert lines[5] == f"message ENABLED: for 5.0 s more by --grace; now 127.0.0.1:{wire.port}: the connection was closed without an answer"


def test_umask_does_not_open_the_memory(graced, memory):
    old = os.umask(0)
    try:
        graced(ENABLED)
    finally:
        os.umask(old)
    assert memory.stat().st_mode & 0o777 == 0o600


# --- rest ---------------------------------------------------------------------------------------------


@pytest.fixture
def rested(ask, wire, memory, uptime):
    """Ask with 1.5 s of rest and 5 s of grace; `said` is what the CC says, if it is asked."""

    def run(said, *arguments):
        wire.say = said
        return ask("--memory", str(memory), "--rest", "1.5", "--grace", "5", *arguments)

    return run


def test_a_controller_that_said_enabled_is_left_alone_for_the_rest(rested, memory, uptime):
    assert rested(ENABLED).definite
    before = memory.read_text()
    uptime.value += 1
    result = rested(DISABLED)
    assert (result.local_state, result.enabled, result.definite, result.remembered) == (None, True, False, True)
    assert result.message == "ENABLED: said 1.0 s ago, and not asked again yet by --rest"
    assert memory.read_text() == before
    uptime.value += 0.5
    assert (rested(DISABLED).enabled, rested(DISABLED).definite) == (False, True)


def test_every_second_run_asks_and_no_run_of_one_that_is_not_enabled_rests(rested, uptime):
    definite = []
    for said in [ENABLED] * 5 + [DISABLED] * 3 + [ENABLED]:
        definite.append(rested(said).definite)
        uptime.value += 1
    assert definite == [True, False, True, False, True, False, True, True, True]


def test_without_answer_the_rest_is_not_renewed(rested, uptime):
    rested(ENABLED)
    uptime.value += 2
    for _dummy in range(2):
        result = rested(b"")
        assert (result.remembered, result.message[:12]) == (True, "ENABLED: for")
    uptime.value += 3
    assert not rested(b"").enabled


@pytest.mark.parametrize("state", [state for state in check.STATES if state != "ENABLED"])
def test_only_enabled_rests(rested, state):
    rested(http(answer_xml(state=state)))
    assert rested(ENABLED).definite


def test_failed_initialisation_ends_the_rest(rested, uptime):
    rested(ENABLED)
    uptime.value += 2
    rested(http(answer_xml(good="false")))
    assert rested(ENABLED).definite


def test_the_other_source_is_asked(rested, tmp_path):
    rested(ENABLED)
    assert not rested(ENABLED, "--source", "state_file", "--state-file", str(tmp_path / "none")).enabled


def test_without_proc_there_is_no_rest(rested, monkeypatch):
    rested(ENABLED)

    def read_file(path, what, limit=1):
        raise check.Trouble("no /proc")

    monkeypatch.setattr(check, "read_file", read_file)
    assert rested(ENABLED).definite


# --- no memory ----------------------------------------------------------------------------------------


def spoil_text(old, new):
    def spoil(memory, uptime):
        text = memory.read_text()
        assert old in text
        memory.write_text(text.replace(old, new, 1))

    return spoil


def symlink(memory, uptime):
    memory.rename(memory.parent / "other")
    memory.symlink_to(memory.parent / "other")


def hard_link(memory, uptime):
    os.link(memory, memory.parent / "other")


def fifo(memory, uptime):
    memory.unlink()
    os.mkfifo(memory)


def another_boot(memory, uptime):
    uptime.boot = "c" * 36


def before_the_boot(memory, uptime):
    spoil_text("ENABLED 1000.00", "ENABLED -1")(memory, uptime)
    uptime.value = 1.0


def before_it_was_written(memory, uptime):
    uptime.value -= 0.01


NO_MEMORY = {
    "missing": lambda memory, uptime: memory.unlink(),
    "empty": lambda memory, uptime: memory.write_text(""),
    "garbage": lambda memory, uptime: memory.write_bytes(os.urandom(300)),
    "cut": lambda memory, uptime: memory.write_text(memory.read_text()[:-4]),
    "longer": lambda memory, uptime: memory.write_text(memory.read_text() + "x\n"),
    "not ASCII": spoil_text("ENABLED", "ENABLÉD"),
    "other version": spoil_text("memory 1", "memory 2"),
    "other source": spoil_text("source soap", "source state_file"),
    "other host": spoil_text("127.0.0.1", "127.0.0.2"),
    "unknown state": spoil_text("answer ENABLED", "answer enabled"),
    "time not a number": spoil_text("ENABLED 1000.00", "ENABLED x"),
    "time NaN": spoil_text("ENABLED 1000.00", "ENABLED nan"),
    "time negative": before_the_boot,
    "time infinite": spoil_text("ENABLED 1000.00", "ENABLED inf"),
    "in the future": spoil_text("ENABLED 1000.00", "ENABLED 1000.01"),
    "clock before it": before_it_was_written,
    "another boot": another_boot,
    "writable by all": lambda memory, uptime: memory.chmod(0o602),
    "writable by the group": lambda memory, uptime: memory.chmod(0o620),
    "owned by another": lambda memory, uptime: os.chown(memory, 12345, -1),
    "symlink": symlink,
    "hard link": hard_link,
    "FIFO": fifo,
}


@pytest.mark.parametrize("spoil", NO_MEMORY.values(), ids=NO_MEMORY)
def test_spoilt_memory_is_no_memory(graced, memory, uptime, spoil):
    if spoil is NO_MEMORY["owned by another"] and os.geteuid():
        pytest.skip("needs root, to give the file away")
    assert graced(ENABLED).enabled
    assert graced(b"").remembered
    spoil(memory, uptime)
    result = graced(b"", "--rest", "1.5")
    assert (result.enabled, result.remembered) == (False, False)
    # It heals by itself.
    uptime.value += 1
    assert graced(ENABLED).enabled
    assert graced(b"").remembered


def test_memory_of_another_port_or_source_is_no_memory(graced, memory, wire, tmp_path):
    graced(ENABLED)
    result = graced(b"", "--source", "state_file", "--state-file", str(tmp_path / "none"))
    assert not result.enabled


def test_symlink_is_replaced_and_its_target_left_alone(graced, memory):
    target = memory.parent / "target"
    target.write_text("precious")
    memory.symlink_to(target)
    graced(ENABLED)
    assert not memory.is_symlink()
    assert target.read_text() == "precious"


# --- a memory that cannot be written ------------------------------------------------------------------


def test_missing_directory_does_not_turn_enabled_into_failure(ask, wire, tmp_path):
    wire.say = ENABLED
    result = ask("--memory", str(tmp_path / "none/cc"), "--grace", "5")
    assert result.enabled
    assert result.message.endswith(f"(--memory {tmp_path}/none/cc: No such file or directory)")


def test_directory_in_its_place(ask, wire, tmp_path):
    wire.say = ENABLED
    result = ask("--memory", str(tmp_path), "--grace", "5")
    assert result.enabled
    assert str(tmp_path) in result.message
    assert not list(tmp_path.parent.glob(tmp_path.name + ".*"))


@pytest.mark.parametrize("kind", ["error", "short"])
def test_full_disk(graced, memory, uptime, monkeypatch, kind):
    assert graced(ENABLED).enabled

    def full(handle, data):
        if kind == "short":
            return os.write(handle, data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(check.posix, "write", full)
    uptime.value += 1
    result = graced(DISABLED)
    assert result.message.startswith("DISABLED: ")
    assert "--memory" in result.message
    # The ENABLED of before must not come back after the DISABLED that could not be written.
    assert os.listdir(memory.parent) == []
    assert not graced(b"").enabled
    assert graced(ENABLED).enabled


def test_no_proc(ask, wire, tmp_path, monkeypatch):
    def read_file(path, what, limit=1):
        raise check.Trouble("no /proc")

    monkeypatch.setattr(check, "read_file", read_file)
    wire.say = ENABLED
    result = ask("--memory", str(tmp_path / "cc"))
    assert result.enabled
    assert result.notes == ["no memory: no /proc"]


def test_whole_process_remembers(run_check, wire, memory):
    words = ("--port", wire.port, "--no-ws-security", "--memory", memory, "--grace", "60")
    wire.say = ENABLED
    assert run_check(*words).returncode == 0
    wire.say = b""
    done = run_check(*words, "--verbose")
    assert done.returncode == 0
    assert done.stdout.startswith("ENABLED: for ")
    assert "  remembered: True" in done.stdout.splitlines()
    wire.say = DISABLED
    assert run_check(*words).returncode == 1
    boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    assert f"boot {boot}\n" in memory.read_text()


def test_many_at_once_leave_a_whole_memory(run_check, wire, memory):
    wire.say = ENABLED
    words = ("--port", wire.port, "--no-ws-security", "--memory", memory)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert [done.returncode for done in pool.map(lambda _n: run_check(*words), range(12))] == [0] * 12
    assert memory.read_text().endswith("\nend\n")
    assert os.listdir(memory.parent) == ["cc"]
