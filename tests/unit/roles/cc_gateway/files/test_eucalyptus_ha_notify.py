# SPDX-License-Identifier: GPL-3.0-or-later
"""The notify script: what it records, and that the last transition wins whichever process comes last.

tests/system/test_notify.py plays the race a thousand times.
"""

from __future__ import annotations

import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_state

pytestmark = pytest.mark.wall_clock

SCRIPT = Path(__file__).resolve().parents[5] / "roles" / "cc_gateway" / "files" / "eucalyptus-ha-notify"

# keepalived's processes, by the names that it gives them. A transition is [seconds to wait, its name for the state]; style is how it
# starts a script: "exec", as from 2.0 on; "system", as 1.3 does, by a child of its own and a shell. Prints for each try what the
# file says in the end.
KEEPALIVED = """
import json, os, subprocess, sys, time

def call_myself(name):
    with open("/proc/self/comm", "w") as comm:
        comm.write(name)

def start(style, command):
    child = os.fork()
    if child:
        return child
    if style == "exec":
        os.execv(command[0], command)
    os.system(" ".join(f'"{word}"' for word in command))
    os._exit(0)

plan = json.load(sys.stdin)
call_myself("keepalived")
vrrp = os.fork()
if not vrrp:
    call_myself("keepalived_vrrp")
    for transitions in plan["tries"]:
        try:
            os.unlink(plan["file"])
        except FileNotFoundError:
            pass
        children = []
        for seconds, state in transitions:
            time.sleep(seconds)
            children.append(start(plan["style"], [plan["script"], "INSTANCE", plan["name"], state, "100"]))
        for child in children:
            os.waitpid(child, 0)
        with open(plan["file"]) as stream:
            print(json.dumps([os.getpid(), stream.read()]), flush=True)
    os._exit(0)
os.waitpid(vrrp, 0)
"""


class Place:
    """The script with directories of its own, and programs that are slow now and then."""

    def __init__(self, folder: Path) -> None:
        self.directory, self.maintenance, self.programs = folder / "run", folder / "maintenance", folder / "bin"
        self.directory.mkdir()
        self.programs.mkdir()
        self.script = folder / "notify"
        text = SCRIPT.read_text(encoding="utf-8")
        for old, new in (
            ("/run/eucalyptus-ha", self.directory),
            ("/etc/eucalyptus-ha/maintenance", self.maintenance),
            ("logger ", f"printf '%s\\n' >> {folder}/log "),
        ):
            assert old in text
            text = text.replace(old, str(new))
        self.script.write_text(text, encoding="utf-8")
        self.script.chmod(0o755)
        self.file = self.directory / "gateway.state"
        self.log = folder / "log"
        self.environment = {"PATH": f"{self.programs}:{os.environ['PATH']}"}

    def slow(self, program: str) -> None:
        """Has that program wait up to 25 ms, each time another time."""
        real = subprocess.run(["which", program], check=True, capture_output=True, text=True).stdout.strip()
        wrapper = self.programs / program
        wrapper.write_text(f'#!/bin/sh\nsleep 0.0$(($$ * 7919 % 25 + 10))\nexec {real} "$@"\n')
        wrapper.chmod(0o755)

    def play(self, style: str, tries: list[list[tuple[float, str]]]) -> list[tuple[int, dict[str, Any]]]:
        """(number of the VRRP process, what the state file says) after each try."""
        plan = {"style": style, "tries": tries, "script": str(self.script), "name": "gateway", "file": str(self.file)}
        done = subprocess.run(
            [sys.executable, "-c", KEEPALIVED],
            input=json.dumps(plan), env=self.environment, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert done.stderr == ""
        answers = [json.loads(line) for line in done.stdout.splitlines()]
        return [(pid, _keepalived_state.parse(text, time.time() + 60)) for pid, text in answers]

    def run(self, *words: str) -> dict[str, Any]:
        """The script by itself -> what the state file says."""
        done = subprocess.run(
            [self.script, *words], env=self.environment, capture_output=True, text=True, check=True, umask=0
        )
        assert (done.stdout, done.stderr) == ("", "")
        return _keepalived_state.parse(self.file.read_text(encoding="utf-8"), time.time() + 60)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def race(place: Place, style: str, count: int) -> list[str]:
    """Plays so many tries of two to four transitions within 3 to 20 ms -> a line for each that ended with a wrong state."""
    place.slow("date")
    seed = random.randrange(1 << 32)  # noqa: S311 (not for secrets)
    dice = random.Random(seed)  # noqa: S311 (not for secrets)
    tries = []
    for _number in range(count):
        states = [dice.choice(("MASTER", "BACKUP", "FAULT")) for _transition in range(dice.randint(2, 4))]
        # Never the same twice in a row: then nothing would show.
        states = [one for one, before in zip(states, ["", *states], strict=False) if one != before] + ["STOP"]
        tries.append([(dice.uniform(0.003, 0.02), state) for state in states])
    found = place.play(style, tries)
    assert len(found) == count
    return [
        f"seed {seed}, try {number}: {[state for _seconds, state in wanted]} ended with {state['state']}"
        for number, (wanted, (_pid, state)) in enumerate(zip(tries, found, strict=True))
        if state["state"] != wanted[-1][1] or state["problems"]
    ]


@pytest.mark.today_only("libfaketime 0.9.10 breaks time.sleep() of the Python that it starts")
@pytest.mark.parametrize("style", ["exec", "system"])
def test_p6_the_last_transition_wins(place: Place, style: str) -> None:
    assert race(place, style, 20) == []


@pytest.mark.today_only("libfaketime 0.9.10 breaks time.sleep() of the Python that it starts")
@pytest.mark.parametrize("style", ["exec", "system"])
def test_p6_the_process_is_that_of_keepalived(place: Place, style: str) -> None:
    """By it vip_facts tells whether the keepalived that runs has recorded the state; 1.3's script is a grandchild of it."""
    (pid, state), *_more = place.play(style, [[(0, "MASTER")]])
    assert (state["pid"], state["state"], state["priority"], state["instance"]) == (pid, "MASTER", 100, "gateway")


@pytest.mark.parametrize(
    ("start", "number", "state"),
    [
        (-1, 0, "MASTER"),  # what is there is older
        (1, 0, "BACKUP"),  # it is newer
        (0, -1, "MASTER"),
        (0, 1, "BACKUP"),
        (0, 0, "MASTER"),
        # The numbers of processes have started anew in between.
        (0, "more than half", "MASTER"),
        (0, "half", "BACKUP"),
    ],
)
def test_p6_which_of_two_transitions_was_first(place: Place, start: int, number: int | str, state: str) -> None:
    """Compared with a transition that began `start` hundredths of a second, and `number` processes, after this one."""
    # The shell has the number, and the time of its start, that the script has afterwards.
    command = ["sh", "-c", 'kill -STOP $$; exec "$0" INSTANCE gateway MASTER 100', place.script]
    process = subprocess.Popen(command, env=place.environment)
    child = process.pid
    os.waitpid(child, os.WUNTRACED)
    fields = Path(f"/proc/{child}/stat").read_text().rpartition(") ")[2].split()
    limit = int(Path("/proc/sys/kernel/pid_max").read_text())
    other = {"more than half": child + limit // 2 + 1, "half": child + limit // 2 - 1}.get(str(number)) or child + int(number)
    place.file.write_text(
        f"instance=gateway\nstate=BACKUP\nsince=1795358405.120\norder={int(fields[19]) + start} {other}\n"
    )
    os.kill(child, signal.SIGCONT)
    assert process.wait() == 0
    assert f"state={state}\n" in place.file.read_text()


def test_s8_each_value_is_one_line_whatever_stands_in_it(place: Place) -> None:
    """dash's echo makes line feeds of them."""
    message = r"ENABLED: 10.0.0.1\nstate=MASTER\npid=1\0101\c"
    (place.directory / "cc_enabled.check").write_text(f"cc-enabled-check memory 2\nmessage {message}\nend\n")
    state = place.run("INSTANCE", "gateway", "BACKUP", "100")
    assert (state["state"], state["reason"], state["problems"]) == ("BACKUP", message, [])
    assert len(place.file.read_text().splitlines()) == 8
    logged = place.log.read_text().splitlines()[-1]
    assert logged == f"gateway gateway: started -> BACKUP, effective priority 100; {message}"
    place.maintenance.write_text("new memory\\nstate=MASTER\nstate=MASTER\n")
    assert place.run("INSTANCE", "gateway", "FAULT", "0")["reason"].rstrip() == r"maintenance: new memory\nstate=MASTER state=MASTER"


def test_the_file_is_nobody_elses_to_write_whatever_keepalived_leaves_for_a_umask(place: Place) -> None:
    """1.3 leaves 0 when it runs as a daemon."""
    place.run("INSTANCE", "gateway", "BACKUP", "100")
    assert {path.stat().st_mode & 0o777 for path in place.directory.iterdir()} == {0o644}


@pytest.mark.parametrize("words", [("GROUP", "gateway"), ("INSTANCE", "a/b"), ("INSTANCE", ".a"), ("INSTANCE", "")])
def test_a_name_that_is_not_plain_makes_no_file(place: Place, words: tuple[str, str]) -> None:
    subprocess.run([place.script, *words, "MASTER", "100"], env=place.environment, check=True)
    assert list(place.directory.iterdir()) == []


def test_what_was_before_is_recorded(place: Place) -> None:
    assert place.run("INSTANCE", "gateway", "BACKUP", "100")["previous"] is None
    assert place.run("INSTANCE", "gateway", "MASTER", "200")["previous"] == "BACKUP"
