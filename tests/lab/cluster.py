# SPDX-License-Identifier: GPL-3.0-or-later
"""A lab with an operator's words for it: playbooks, shells, the controllers and their states."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from lab import REPO, Lab, LabError


@dataclass(frozen=True)
class Run:
    """One ansible-playbook run: its status, what it printed, and the recap's numbers by host."""

    status: int
    output: str

    @property
    def recap(self) -> dict[str, dict[str, int]]:
        recap = self.output.rpartition("PLAY RECAP")[2]
        return {
            host: {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", numbers)}
            for host, numbers in re.findall(r"^(\S+) +: (ok=.*)$", recap, re.MULTILINE)
        }


class Cluster:
    """A lab with the words of an operator for it."""

    def __init__(self, lab: Lab):
        self.lab = lab
        self.data = json.loads(lab.inventory.read_text(encoding="utf-8"))["all"]
        self.vip = self.data["children"]["eucalyptus_cc"]["vars"]["cc_gateway_vip"]
        self.url = self.data["vars"]["lab_outside_url"]
        self.address = {
            name: host["ansible_host"]
            for group in self.data["children"].values()
            for name, host in group["hosts"].items()
        }

    def _command(self, playbook: str, *args: str) -> dict[str, Any]:
        """How a run is started: what run() and Popen() of subprocess have in common."""
        name = playbook if playbook.endswith(".yml") else f"eucalyptus.ha.{playbook}"
        return {
            "args": ["ansible-playbook", "-i", str(self.lab.inventory), name, *args],
            "cwd": REPO,
            "text": True,
            "stdout": subprocess.PIPE,
            "stderr": subprocess.STDOUT,
            "env": {**os.environ, "ANSIBLE_NOCOLOR": "1"},
        }

    def play(self, playbook: str, *args: str) -> Run:
        done = subprocess.run(**self._command(playbook, *args), check=False)
        return Run(done.returncode, done.stdout)

    @contextmanager
    def playing(self, words: str, playbook: str, *args: str) -> Iterator[subprocess.Popen[str]]:
        """A run that has come to say `words`; at the end all of it is killed with SIGKILL, if it still runs."""
        process = subprocess.Popen(**self._command(playbook, *args), start_new_session=True)
        assert process.stdout is not None
        said = []
        try:
            for line in process.stdout:
                said.append(line)
                if words in line:
                    break
            else:
                raise LabError(f"the run ended before it said {words!r}:\n{''.join(said)}")
            yield process
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.stdout.close()
            process.wait()

    def sh(self, host: str, command: str, check: bool = True) -> str:
        return self.lab.exec(host, "sh", "-c", command, check=check).stdout

    def status(self, host: str, command: str) -> int:
        return self.lab.exec(host, "sh", "-c", command, check=False).returncode

    def simulator(self, *args: str) -> str:
        done = subprocess.run(
            [sys.executable, "-m", "cc_simulator", *args],
            env={**os.environ, "PYTHONPATH": str(REPO / "tests")},
            text=True,
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise LabError(f"cc_simulator {args[0]}: {done.stdout}{done.stderr}")
        return done.stdout

    def flip(self, source: str, target: str, *args: str) -> dict[str, float]:
        keys = str(self.lab.dir / "keys")
        times: dict[str, float] = json.loads(
            self.simulator("flip", "--from", self.address[source], "--to", self.address[target], "--keys", keys, *args)
        )
        return times

    def control(self, host: str, *action: str) -> str:
        return self.sh(
            host, f"cd /opt && python3 -m cc_simulator control --control /run/cc-simulator/control {' '.join(action)}"
        )

    def restart_controller(self, host: str, state: str) -> None:
        """Start the controller (again) in the given state, and wait until it can be talked to."""
        self.sh(
            host,
            f"sed -i 's/--state [A-Z]*/--state {state}/' /etc/default/cc-simulator; systemctl restart cc-simulator; "
            "for try in $(seq 50); do test -S /run/cc-simulator/control && break; sleep 0.1; done",
        )

    def holders(self) -> list[str]:
        """The hosts that have exactly the VIP, by the kernel's word."""
        pattern = re.compile(rf"\binet {re.escape(self.vip)}/")
        return [host for host in ("cc1", "cc2") if pattern.search(self.sh(host, "ip -o -4 address show"))]
