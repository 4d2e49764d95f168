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

pytestmark = pytest.mark.wall_clock

ENABLED = http(answer_xml())
DISABLED = http(answer_xml(state="DISABLED"))
CLOSED = "the connection was closed without an answer (httpd stops or restarts)"
FAULT = http(
    f'<s:Envelope xmlns:s="{check.signing.SOAP}"><s:Body><s:Fault><faultcode>s:Client</faultcode><faultstring>No Error</faultstring>'
    "</s:Fault></s:Body></s:Envelope>",
    "500 Oops",
)


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
    assert result.message == f"ENABLED: for 0.5 s more by --grace; now 127.0.0.1:{wire.port}: {CLOSED}"
    uptime.value += 0.5
    result = graced(b"")
    assert (result.enabled, result.remembered) == (False, False)
    assert result.message == f"UNKNOWN: 127.0.0.1:{wire.port}: {CLOSED}"


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


@pytest.mark.parametrize("state", [state for state in check.common.STATES if state != "ENABLED"])
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
    monkeypatch.setattr(check.common.time, "gmtime", lambda *seconds: (2001, 1, 1, 0, 0, 0, 0, 1, 0))
    monkeypatch.setattr(check.common.time, "time", lambda: 1.0)
    assert graced(b"").enabled


def test_form_is_the_one_documented(graced, memory, wire):
    graced(DISABLED)
    assert re.fullmatch(
        r"cc-enabled-check memory 2\nboot b{36}\nsource soap 127\.0\.0\.1 \d+\nanswer DISABLED 1000\.00\nseen DISABLED 1000\.00\n"
        r"enabled 0\.00\nlive 1000\.00\nfailed 0 0\.00 \n"
        r"run 1 1000\.00 \d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ \d+\n"
        r"message DISABLED: 127\.0\.0\.1:\d+: localState of cluster PARTI00/CC_00\nend\n",
        memory.read_text(),
    )
    assert memory.stat().st_mode & 0o777 == 0o600
    assert os.listdir(memory.parent) == ["cc"]
    for line in memory.read_text().splitlines():
        assert f"\n  {line.split(' ')[0]}" in check.command_line.HELP


def test_last_line_is_kept_for_notify_scripts_also_without_answer(graced, memory, wire):
    graced(ENABLED)
    graced(b"")
    lines = memory.read_text().splitlines()
    assert lines[3] == "answer ENABLED 1000.00"
    assert lines[8].startswith("run 0 ")
    assert lines[9] == f"message ENABLED: for 5.0 s more by --grace; now 127.0.0.1:{wire.port}: {CLOSED}"


def test_umask_does_not_open_the_memory(graced, memory):
    old = os.umask(0)
    try:
        graced(ENABLED)
    finally:
        os.umask(old)
    assert memory.stat().st_mode & 0o777 == 0o600


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
    "other version": spoil_text("memory 2", "memory 1"),
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
    result = graced(b"")
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
        if not data.startswith(check.memory.MEMORY_HEAD.encode()):  # what openssl is to sign
            return write(handle, data)
        if kind == "short":
            return write(handle, data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    write = os.write

    monkeypatch.setattr(check.common.posix, "write", full)
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
        raise check.common.Trouble("no /proc")

    monkeypatch.setattr(check.memory, "read_file", read_file)
    wire.say = ENABLED
    result = ask("--memory", str(tmp_path / "cc"))
    assert result.enabled
    assert result.notes == ["no memory: no /proc"]


def test_whole_process_remembers(run_check, wire, memory, pair):
    words = ("--port", wire.port, *pair, "--memory", memory, "--grace", "60")
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


@pytest.mark.today_only("many processes")
def test_many_at_once_leave_a_whole_memory(run_check, wire, memory, pair):
    wire.say = ENABLED
    words = ("--port", wire.port, *pair, "--memory", memory)
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        assert [done.returncode for done in pool.map(lambda _n: run_check(*words), range(12))] == [0] * 12
    assert memory.read_text().endswith("\nend\n")
    assert os.listdir(memory.parent) == ["cc"]


BOOT = "b" * 36
MEMORY = [
    "cc-enabled-check memory 2", f"boot {BOOT}", "source soap cc 8774", "answer ENABLED 5.00", "seen DISABLED 4.00", "enabled 3.00",
    "live 5.00", "failed 2 9.50 timed out", "run 0 5.00 x 7", "message m", "end", "",
]  # fmt: skip
RECALLED = {
    "answer": "ENABLED", "answered": 5.0, "seen": "DISABLED", "other": 4.0, "enabled": 3.0, "live": 5.0,
    "timeouts": 2, "wait_until": 9.5, "reason": "timed out", "exit": 0, "session": 7,
}  # fmt: skip


@pytest.fixture
def recall(tmp_path, monkeypatch):
    """What a file with these lines is remembered as, 9 s after boot."""
    monkeypatch.setattr(check.memory, "read_file", lambda path, *_args: b"9.00 1\n" if "uptime" in path else BOOT.encode())

    def run(lines, mode=0o600, any_source=False, **options):
        path = tmp_path / "memory"
        path.write_text("\n".join(lines))
        path.chmod(mode)
        file = check.memory.MemoryFile({"memory": str(path), "source": "soap", "host": "cc", "port": 8774, **options})
        remembered, now = file.recall(any_source)
        assert now == 9.0
        return remembered

    return run


def test_a_whole_memory_is_believed(recall):
    assert recall(MEMORY) == RECALLED
    assert recall(MEMORY, 0o701) == RECALLED


def test_a_memory_of_an_earlier_release_has_no_session(recall):
    assert recall([*MEMORY[:8], "run 0 5.00 x", *MEMORY[9:]]) == {**RECALLED, "session": 0}


def test_what_was_stored_is_recalled(recall, tmp_path):
    file = check.memory.MemoryFile({"memory": str(tmp_path / "memory"), "source": "soap", "host": "cc", "port": 8774})
    for memory in (RECALLED, {**check.decision.NOTHING, "exit": 1}):
        assert file.store(memory, 9.0, "message") is None
        assert file.recall() == (memory, 9.0)


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (0, "cc-enabled-check memory 1"), (1, "boot " + "c" * 36), (2, "source soap cc 8775"), (3, "question ENABLED 5.00"),
        (3, "answer BOGUS 5.00"), (3, "answer ENABLED 0.00"), (3, "answer ENABLED 9.01"), (3, "answer ENABLED"),
        (4, "seen BOGUS 4.00"), (4, "seen DISABLED 9.01"), (4, "seen DISABLED -1"), (5, "enabled 9.01"), (5, "enabled x"),
        (6, "live 9.01"), (6, "live nan"), (7, "failed 2 110.00 timed out"), (7, "failed -1 9.50 timed out"),
        (7, "failed 100 9.50 timed out"), (7, "failed 2 9.50"), (8, "run x 5.00 x 7"),
        (8, "run 0 5.00 x y"), (8, "run"), (10, "en"), (11, "more"),
    ],
)  # fmt: skip
def test_one_wrong_line_and_nothing_is_believed(recall, line, text):
    assert recall([*MEMORY[:line], text, *MEMORY[line + 1 :]]) == check.decision.NOTHING


@pytest.mark.parametrize("line", range(len(MEMORY) - 1))
def test_one_line_missing_or_twice_and_nothing_is_believed(recall, line):
    assert recall([*MEMORY[:line], *MEMORY[line + 1 :]]) == check.decision.NOTHING
    assert recall([*MEMORY[:line], MEMORY[line], *MEMORY[line:]]) == check.decision.NOTHING


def test_the_longest_wait_may_still_be_ahead(recall):
    assert recall([*MEMORY[:7], "failed 9 109.00 timed out", *MEMORY[8:]])["wait_until"] == 109
    assert max(check.decision.PAUSES) + 60 < check.memory.LONGEST_WAIT


def test_a_memory_that_has_a_second_name_is_not_believed(recall, tmp_path):
    (tmp_path / "memory").touch()
    os.link(tmp_path / "memory", tmp_path / "elsewhere")
    assert recall(MEMORY) == check.decision.NOTHING


def test_each_state_file_has_a_memory_of_its_own(recall):
    asked = {"source": "state_file", "state-file": "/a"}
    lines = [*MEMORY[:2], "source state_file cc 8774 /a", *MEMORY[3:]]
    assert recall(lines, **asked) == RECALLED
    assert recall(lines, **{**asked, "state-file": "/b"}) == check.decision.NOTHING
    # --newly-enabled asks nobody, and need not know what the other check asks.
    assert recall(lines, any_source=True) == RECALLED


def test_the_time_is_read_after_the_file(tmp_path, monkeypatch):
    """Another run may replace the file between the two; what it writes must not look as if it came from the future."""
    path = tmp_path / "memory"
    clock = SimpleNamespace(value=5.0)
    monkeypatch.setattr(check.memory, "read_file", lambda path, *_args: b"%.2f 1\n" % clock.value if "uptime" in path else BOOT.encode())
    path.write_text("\n".join(MEMORY))
    path.chmod(0o600)
    real = os.open

    def slow(*arguments):
        clock.value = 9.0
        return real(*arguments)

    monkeypatch.setattr(check.common.posix, "open", slow)
    file = check.memory.MemoryFile({"memory": str(path), "source": "soap", "host": "cc", "port": 8774})
    assert file.recall() == (RECALLED, 9.0)
