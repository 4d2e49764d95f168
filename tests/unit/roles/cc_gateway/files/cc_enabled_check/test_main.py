# SPDX-License-Identifier: GPL-3.0-or-later
"""The check as a program, run in this process: what it prints and returns, and what it does when the system fails it."""

from __future__ import annotations

import errno
import json
import os
import posix
import runpy
import sys
import types

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check

from .conftest import CHECK, answer_xml, http

pytestmark = pytest.mark.wall_clock


@pytest.fixture
def program(wire, capfd, pair):
    """main() with these words -> (exit status, lines of standard output)."""

    def run(*words):
        status = check.main.main(["--port", str(wire.port), *pair, "--timeout", "20", *words])
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
    assert lines[1].startswith("  remembered: {'answer': None, ")
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
        "local_state": "ENABLED", "enabled": True, "definite": True, "source": "soap", "remembered": False, "trouble": None,
        "message": f"ENABLED: 127.0.0.1:{wire.port}: localState of cluster PARTI00/CC_00",
    }  # fmt: skip


@pytest.mark.parametrize("words", [["--help"], ["--help", "--json"], ["--nonsense", "--help"]])
def test_help_is_never_enabled(capfd, words):
    assert check.main.main(words) == 1
    assert capfd.readouterr().out == check.command_line.HELP + "\n"


def test_a_wrong_call_is_one_object_too(capfd):
    assert check.main.main(["--port", "0", "--json", "--verbose"]) == 1
    assert json.loads(capfd.readouterr().out) == {
        "local_state": None, "enabled": False, "definite": False, "source": "soap", "elapsed": 0.0, "remembered": False,
        "message": "UNKNOWN: invalid arguments: --port must be a number from 1 to 65535 (got '0')",
    }  # fmt: skip
    assert check.main.main(["--port", "0", "--verbose"]) == 1
    assert capfd.readouterr().out == "UNKNOWN: invalid arguments: --port must be a number from 1 to 65535 (got '0')\n"


def test_run_ends_the_process_with_the_status_of_main(monkeypatch, capfd):
    ended = []
    monkeypatch.setattr(check.common.posix, "_exit", ended.append)
    monkeypatch.setattr(sys, "argv", ["cc-enabled-check", "--nonsense"])
    check.main.run()
    assert ended == [1]
    assert capfd.readouterr().out.startswith("UNKNOWN: invalid arguments: unknown argument '--nonsense'")


def test_a_closed_standard_output_does_not_change_the_status(wire, pair, monkeypatch):
    def write(handle, data):
        if handle == 1:
            raise OSError(errno.EBADF, "Bad file descriptor")
        return posix_write(handle, data)

    posix_write = os.write
    wire.say = http(answer_xml())
    monkeypatch.setattr(check.common.posix, "write", write)
    assert check.main.main(["--port", str(wire.port), *pair, "--timeout", "20"]) == 0


def test_a_fault_of_the_check_itself_is_no_answer_and_no_traceback(ask, monkeypatch):
    monkeypatch.setattr(check.soap, "signed_request", lambda *arguments: 1 / 0)
    result = ask()
    assert (result.enabled, result.definite, result.local_state) == (False, False, None)
    assert result.message == "UNKNOWN: fault of the check: ZeroDivisionError: division by zero"


@pytest.mark.parametrize("memory", [False, True])
def test_what_went_wrong_is_one_short_line(monkeypatch, tmp_path, memory):
    """Also in the memory, whose lines it must not end."""

    def observe(*_arguments):
        raise check.common.Trouble("a\n{{ b }}" + 300 * "c", "unreadable")

    monkeypatch.setattr(check.main, "observe_state_file", observe)
    words = ["--source", "state_file", *(["--memory", str(tmp_path / "memory")] if memory else [])]
    message = check.main.check(check.command_line.parse_arguments(words))[0]["message"]
    assert message == ("UNKNOWN: a?({ b }}" + 300 * "c")[:300] + "..."
    observation = check.main.observe(check.command_line.parse_arguments(words), check.decision.NOTHING, 0)
    assert observation == {
        "seen": None, "state": None, "definite": False, "asked": None, "message": ("a?({ b }}" + 300 * "c")[:300] + "...",
        "trouble": "unreadable",
    }  # fmt: skip


def test_without_a_memory_none_is_told(wire, program):
    wire.say = http(answer_xml())
    assert program("--verbose")[1][1] == "  source: soap"


def seen(state, definite=True, asked=check.decision.ANSWERED):
    """An observation."""
    return {"seen": state, "offset": 0, "state": state if definite else None, "definite": definite, "asked": asked, "message": "said"}


@pytest.mark.parametrize(
    ("observation", "answer", "run"),
    [
        (seen("ENABLED"), "answer ENABLED", "run 0"), (seen("DISABLED"), "answer DISABLED", "run 1"),
        (seen(None), "answer none 0.00", "run 1"), (seen("ENABLED", definite=False), "answer none 0.00", "run 1"),
    ],
)  # fmt: skip
def test_what_a_run_leaves_in_the_memory(tmp_path, monkeypatch, observation, answer, run):
    monkeypatch.setattr(check.main, "observe", lambda *_arguments: observation)
    check.main.check(check.command_line.parse_arguments(["--memory", str(tmp_path / "memory")]))
    lines = (tmp_path / "memory").read_text().splitlines()
    assert lines[3].startswith(answer)
    assert lines[8].startswith(run + " ")


# --- watching ------------------------------------------------------------------------------------------------


class Watched:
    """Runs with --watch 0.7 and --timeout 1.5 on a clock that stands still; what they see and whether the file changes is set."""

    def __init__(self, tmp_path, monkeypatch):
        self.clock, self.boot = 10.0, 1000.0
        self.timeouts, self.ends = [], []
        self.changes = None  # what is seen after a change
        words = ["--source", "state_file", "--watch", "0.7", "--grace", "5", "--memory", str(tmp_path / "memory")]
        self.options = check.command_line.parse_arguments(words)
        monkeypatch.setattr(check.main, "now", lambda: self.clock)
        monkeypatch.setattr(check.main, "moment", lambda: self.boot)
        monkeypatch.setattr(check.memory, "moment", lambda: self.boot)
        monkeypatch.setattr(check.main, "observe", self.observe)
        monkeypatch.setattr(check.main, "watch_state_file", self.watch)

    def observe(self, options, _memory, _since_boot):
        self.timeouts.append(options["timeout"])
        return self.now_seen

    def watch(self, _path, observation, end):
        assert observation == self.now_seen
        self.ends.append(end)
        self.clock += self.passes
        self.boot += self.passes
        if self.changes is None:
            return False
        self.now_seen = self.changes
        return True

    def run(self, observation, changes=None, passes=0.5):
        """The result of one run, the timeouts of its requests and the ends of its watches."""
        self.now_seen, self.changes, self.passes = observation, changes, passes
        self.timeouts.clear()
        self.ends.clear()
        result = check.main.check(self.options)[0]
        return result, list(self.timeouts), [pytest.approx(end - 10) for end in self.ends]


@pytest.fixture
def watched(tmp_path, monkeypatch):
    return Watched(tmp_path, monkeypatch)


def test_the_first_run_does_not_watch(watched):
    assert watched.run(seen("DISABLED"))[1:] == ([1.5], [])


def test_a_run_with_nothing_new_watches_to_the_end(watched):
    watched.run(seen("DISABLED"))
    result, timeouts, ends = watched.run(seen("DISABLED"))
    assert (result["local_state"], timeouts, ends) == ("DISABLED", [1.5], [0.7])


def test_a_second_look_has_what_is_left_of_the_time(watched):
    watched.run(seen("DISABLED"))
    result, timeouts, _ends = watched.run(seen("DISABLED"), seen("ENABLED"))
    assert (result["local_state"], timeouts) == ("ENABLED", [1.5, 1.0])


def test_a_second_look_that_is_late_is_a_short_one(watched):
    watched.run(seen("DISABLED"))
    assert watched.run(seen("DISABLED"), seen("ENABLED"), passes=2)[1] == [1.5, 0.1]


def test_a_second_look_that_timed_out_is_no_reason_to_wait(watched):
    """A slow controller takes most of the time that a request has, and the second look has what is left of it."""
    watched.run(seen("DISABLED"))
    watched.run(seen("DISABLED"), seen("ENABLED", definite=False, asked=check.decision.TIMED_OUT))
    memory = check.memory.MemoryFile(watched.options).recall()[0]
    assert (memory["seen"], memory["timeouts"], memory["wait_until"]) == ("ENABLED", 0, 0)
    watched.run(seen("ENABLED", definite=False, asked=check.decision.TIMED_OUT))
    assert check.memory.MemoryFile(watched.options).recall()[0]["timeouts"] == 1


def test_a_second_look_that_is_answered_saves_a_request(watched):
    watched.run(seen("DISABLED"))
    watched.run(seen("DISABLED"), seen("ENABLED"))
    assert check.memory.MemoryFile(watched.options).recall()[0]["live"] == watched.boot


def test_the_session_is_that_of_whoever_started_the_check(watched):
    watched.run(seen("DISABLED"))
    assert check.memory.MemoryFile(watched.options).recall()[0]["session"] == os.getsid(0)


def test_news_are_reported_without_watching(watched):
    watched.run(seen("DISABLED"))
    assert watched.run(seen("ENABLED"))[2] == []
    assert watched.run(seen("ENABLED"))[2] == [0.7]
    assert watched.run(seen("NOTREADY"))[2] == []


def test_a_keepalived_that_has_just_started_is_answered_at_once(watched, monkeypatch):
    """Otherwise nobody holds the VIP for the time of a watch after keepalived was killed, with `release`."""
    watched.run(seen("ENABLED"))
    assert watched.run(seen("ENABLED"))[2] == [0.7]
    monkeypatch.setattr(check.main.posix, "getsid", lambda _process: 4711)
    assert watched.run(seen("ENABLED"))[2] == []
    assert len(watched.run(seen("ENABLED"))[2]) == 1


def test_without_an_answer_the_file_is_watched_too(watched):
    """So that a change during the pause after a time-out is reported at once."""
    watched.run(seen("DISABLED"))
    assert watched.run(seen("DISABLED", definite=False, asked=check.decision.TIMED_OUT), seen("ENABLED"))[0]["enabled"]


def test_a_file_that_shows_nothing_is_not_watched(watched):
    watched.run(seen(None))
    assert watched.run(seen(None))[2] == []


def test_the_end_of_the_grace_is_not_watched_over(watched):
    watched.run(seen("ENABLED"))
    watched.boot += 4.7
    result, _timeouts, ends = watched.run(seen("ENABLED", definite=False))
    assert ends == [pytest.approx(0.3)]
    assert not result["enabled"]


def test_a_change_that_a_run_watched_counts_as_newly_enabled(watched):
    watched.run(seen("DISABLED"))
    watched.run(seen("DISABLED"), seen("ENABLED"))
    file = check.memory.MemoryFile(watched.options)
    assert file.recall()[0]["enabled"] == watched.boot


# --- newly enabled -------------------------------------------------------------------------------------------


class NewlyEnabled:
    """Runs of --newly-enabled 2.4 on a clock that sleep() moves; `later` is stored when its time comes."""

    def __init__(self, tmp_path, monkeypatch):
        self.boot = 1000.0
        self.later = []
        words = ["--newly-enabled", "2.4", "--memory", str(tmp_path / "memory")]
        self.file = check.memory.MemoryFile(check.command_line.parse_arguments(words))
        self.words = words
        monkeypatch.setattr(check.main, "now", lambda: self.boot)
        monkeypatch.setattr(check.main, "moment", lambda: self.boot)
        monkeypatch.setattr(check.memory, "moment", lambda: self.boot)
        monkeypatch.setattr(check.main.time, "sleep", self.sleep)

    def sleep(self, seconds):
        assert seconds == 0.02
        self.boot = round(self.boot + seconds, 2)
        while self.later and self.later[0][0] <= self.boot:
            self.store(self.later.pop(0)[1])

    def store(self, enabled):
        """The other check has seen the change then; 0: the CC is not ENABLED."""
        state = "ENABLED" if enabled else "DISABLED"
        memory = {**check.decision.NOTHING, "answer": state, "answered": self.boot, "seen": state, "enabled": enabled, "exit": 0}
        assert self.file.store(memory, self.boot, "message") is None

    def run(self, *words):
        """(exit status as it would be, message, how long it took)"""
        start = self.boot
        result = check.main.check(check.command_line.parse_arguments([*self.words, *words]))[0]
        assert "fault" not in result["message"]
        return result["enabled"], result["message"], round(self.boot - start, 2)


@pytest.fixture
def newly(tmp_path, monkeypatch):
    return NewlyEnabled(tmp_path, monkeypatch)


def test_without_a_memory_nothing_is_newly_enabled(newly):
    assert newly.run() == (False, "NO: localState has not changed to ENABLED", 0)


def test_newly_enabled_for_so_many_seconds(newly):
    newly.store(1000.0)
    newly.boot = 1002.38
    assert newly.run() == (True, "YES: localState changed to ENABLED 2.4 s ago", 0)
    newly.boot = 1002.4
    assert newly.run() == (False, "NO: localState has not changed to ENABLED for 2.4 s", 0)


def test_zero_seconds_are_as_long_as_it_stays(newly):
    newly.words = ["--newly-enabled", "0", *newly.words[2:]]
    newly.store(1000.0)
    newly.boot = 50000.0
    assert newly.run()[0]
    newly.store(0)
    assert newly.run() == (False, "NO: localState has not changed to ENABLED", 0)


def test_a_change_is_reported_at_once(newly):
    newly.later = [(1000.3, 1000.3)]
    newly.store(0)
    assert newly.run("--watch", "0.9") == (True, "YES: localState changed to ENABLED 0.0 s ago", 0.3)
    # The next run begins after the change: at once as well.
    newly.boot += 0.7
    assert newly.run("--watch", "0.9")[::2] == (True, 0)


def test_the_end_is_reported_at_once(newly):
    newly.store(1000.0)
    newly.boot = 1002.0
    assert newly.run("--watch", "0.9")[::2] == (False, 0.4)
    newly.store(1000.5)
    newly.later = [(1002.5, 0)]
    newly.boot = 1002.42
    newly.words = ["--newly-enabled", "60", *newly.words[2:]]
    assert newly.run("--watch", "0.9")[::2] == (False, 0.08)


def test_whatever_the_other_check_asks(newly):
    """Both are told the same memory, and the source of it is the other one's."""
    newly.store(1000.0)
    newly.boot = 1001.0
    assert newly.run("--source", "state_file")[0]
    newly.store(0)
    newly.later = [(1001.3, 1001.3)]
    assert newly.run("--source", "state_file", "--watch", "0.9")[0]


def test_a_change_may_count_for_less_than_a_watch_lasts(newly):
    newly.words = ["--newly-enabled", "1", *newly.words[2:], "--timeout", "5"]
    newly.store(1000.0)
    newly.boot = 1001.5
    newly.later = [(1002.5, 1002.5)]
    assert newly.run("--watch", "3") == (True, "YES: localState changed to ENABLED 0.0 s ago", 1.0)


def test_a_memory_that_nobody_changes_is_read_once(newly, monkeypatch):
    newly.store(0)
    recall = check.memory.MemoryFile.recall
    recalled = []
    monkeypatch.setattr(check.memory.MemoryFile, "recall", lambda *words, **more: recalled.append(1) or recall(*words, **more))
    assert newly.run("--watch", "0.9")[::2] == (False, 0.9)
    assert len(recalled) == 1


def test_what_is_reported_of_a_change(newly):
    newly.store(1000.0)
    newly.boot = 1001.0
    assert check.main.check(check.command_line.parse_arguments(newly.words))[0] == {
        "local_state": "ENABLED", "enabled": True, "definite": False, "remembered": False, "source": "soap", "elapsed": 0.0,
        "message": "YES: localState changed to ENABLED 1.0 s ago",
    }  # fmt: skip


@pytest.mark.parametrize("enabled", [0, 998.0])
def test_a_watch_that_sees_no_change_ends(newly, enabled):
    newly.words = ["--newly-enabled", "60", *newly.words[2:]]
    newly.store(enabled)
    assert newly.run("--watch", "0.9")[::2] == (bool(enabled), 0.9)


def test_a_memory_that_is_replaced_while_nothing_changes_is_no_news(newly):
    newly.store(0)
    newly.later = [(1000.1, 0), (1000.2, 0), (1000.3, 0)]
    assert newly.run("--watch", "0.9")[::2] == (False, 0.9)


def test_newly_enabled_as_a_process(run_check, tmp_path):
    memory = tmp_path / "memory"
    words = ("--newly-enabled", "60", "--memory", memory)
    done = run_check(*words)
    assert (done.returncode, done.stdout) == (1, "NO: localState has not changed to ENABLED\n")
    file = check.memory.MemoryFile({"memory": str(memory), "source": "soap", "host": "cc", "port": 8774})
    now = check.memory.moment()
    assert file.store({**check.decision.NOTHING, "answer": "ENABLED", "answered": now, "enabled": now, "exit": 0}, now, "m") is None
    done = run_check(*words, "--json")
    assert done.returncode == 0
    assert json.loads(done.stdout)["enabled"] is True


def test_newly_enabled_without_proc(newly, monkeypatch):
    def read_file(*_arguments):
        raise check.common.Trouble("no /proc")

    monkeypatch.setattr(check.memory, "read_file", read_file)
    assert newly.run()[:2] == (False, "UNKNOWN: no memory: no /proc")


def test_help_asks_nobody(monkeypatch, capfd):
    monkeypatch.setattr(check.main, "check", lambda _options: pytest.fail("asked"))
    assert check.main.main(["--help"]) == 1
    assert capfd.readouterr().out.startswith("Is this host's")


# --- the launcher --------------------------------------------------------------------------------------------


def test_the_launcher_runs_the_check(monkeypatch):
    ran = []
    monkeypatch.setitem(sys.modules, "cc_enabled_check", types.SimpleNamespace(run=lambda: ran.append(True)))
    runpy.run_path(str(CHECK))
    assert ran == [True]


def test_a_launcher_alone_fails_with_a_line_that_says_so(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "cc_enabled_check", None)
    with pytest.raises(SystemExit) as caught:
        runpy.run_path(str(CHECK))
    assert caught.value.code == 1
    line = capsys.readouterr().out
    assert line.startswith("UNKNOWN: the check is not installed completely: ")
    assert line.count("\n") == 1
    assert posix is check.common.posix
