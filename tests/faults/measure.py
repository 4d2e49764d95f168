# SPDX-License-Identifier: GPL-3.0-or-later
"""Measure a failover in a lab: who holds the VIP, by the kernels' notifications, and what nc1 can reach, every 10 ms.

    with Measurement(cluster) as measured:
        t0 = time.time(); ...; measured.wait(...)
    measured.timeline, measured.recording

All hosts of a lab share one clock, so that times can be compared without further ado.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _timeline
from lab import REPO, LabError
from watch import pid_of

CONTROLLERS = ("cc1", "cc2")
PROBE = Path(__file__).with_name("probe.py")


class Holders:
    """When the VIP came to the controllers' hosts and left them. A host that is stopped holds nothing."""

    def __init__(self, cluster):
        self.lab = cluster.lab
        self.vip = cluster.vip
        self.pattern = re.compile(rf"\binet6? {re.escape(self.vip)}/")
        self.moves: list[tuple[float, str, bool]] = []
        self.initial: dict[str, bool] = {}
        self.begin = 0.0
        self._now: dict[str, bool] = {}
        self._processes: dict[str, subprocess.Popen] = {}
        self._threads: list[threading.Thread] = []
        self._changed = threading.Condition()

    def start(self) -> None:
        for host in CONTROLLERS:
            self._listen(host)
        time.sleep(0.2)  # `ip monitor` does not say when it listens
        self.begin = time.time()
        for host in CONTROLLERS:
            self.initial[host] = self._now[host] = self._look(host)

    def _listen(self, host: str) -> None:
        process = subprocess.Popen(
            ["nsenter", "--target", str(pid_of(self.lab, host)), "--net", "ip", "-o", "monitor", "address"],
            stdout=subprocess.PIPE, text=True, bufsize=1,
        )  # fmt: skip
        self._processes[host] = process
        thread = threading.Thread(target=self._read, args=(host, process), daemon=True)
        thread.start()
        self._threads.append(thread)

    def _look(self, host: str) -> bool:
        shown = subprocess.run(
            ["nsenter", "--target", str(pid_of(self.lab, host)), "--net", "ip", "-o", "address", "show"],
            stdout=subprocess.PIPE, text=True, check=True,
        ).stdout  # fmt: skip
        return self.pattern.search(shown) is not None

    def _read(self, host: str, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            now = time.time()
            if self.pattern.search(line):
                self._note(now, host, not line.startswith("Deleted"))

    def _note(self, when: float, host: str, held: bool) -> None:
        with self._changed:
            if self._now.get(host) is not held:
                self._now[host] = held
                self.moves.append((when, host, held))
                self._changed.notify_all()

    def gone(self, host: str, when: float) -> None:
        """The host was stopped at that moment, and its addresses with it."""
        self._end(host)
        self._note(when, host, False)

    def back(self, host: str) -> None:
        """The host was started again: its network is a new one."""
        self._listen(host)
        time.sleep(0.1)
        self._note(time.time(), host, self._look(host))

    def now(self) -> set[str]:
        with self._changed:
            return {host for host, held in self._now.items() if held}

    def wait(self, holders: set[str], limit: float, stable: float = 0.0) -> bool:
        """Whether exactly these hosts came to hold the VIP within the limit, and did so for `stable` seconds on end."""
        deadline = time.monotonic() + limit
        with self._changed:
            while True:
                left = deadline - time.monotonic()
                if {host for host, held in self._now.items() if held} == holders:
                    count = len(self.moves)
                    if not self._changed.wait_for(lambda c=count: len(self.moves) != c, timeout=stable):
                        return True
                elif left <= 0:
                    return False
                else:
                    self._changed.wait(left)

    def _end(self, host: str) -> None:
        process = self._processes.pop(host, None)
        if process:
            process.terminate()
            process.wait()

    def stop(self) -> None:
        for host in list(self._processes):
            self._end(host)
        for thread in self._threads:
            thread.join(timeout=5)

    def timeline(self, end: float) -> list[_timeline.Period]:
        return _timeline.periods(self.initial, self.moves, self.begin, end)


class View:
    """What nc1 reaches, and who answers it for the VIP by ARP, recorded by the code of module reachability_info."""

    def __init__(self, cluster, interval: float):
        self.cluster = cluster
        self.interval = interval
        self.recording: dict = {}
        self._process: subprocess.Popen | None = None

    def start(self) -> None:
        outside = re.sub(r"^http://|/$", "", self.cluster.url)
        options = {
            "targets": {"vip": self.cluster.vip, "outside": outside},
            "vip": self.cluster.vip,
            "interval": self.interval,
            "timeout": 1.0,
        }
        self._process = subprocess.Popen(
            ["nsenter", "--target", str(pid_of(self.cluster.lab, "nc1")), "--net", sys.executable, str(PROBE),
             json.dumps(options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "PYTHONPATH": str(REPO / ".cache/collections")},
        )  # fmt: skip
        if self._process.stdout.readline() != "ready\n":
            raise LabError("nc1 cannot be recorded; the error is above")

    def stop(self) -> None:
        if self._process:
            output, _nothing = self._process.communicate()
            if self._process.returncode:
                raise LabError(f"the recording at nc1 ended with {self._process.returncode}")
            self.recording = json.loads(output)


class Measurement:
    """Both at once, as a context manager."""

    def __init__(self, cluster, interval: float = 0.01):
        self.holders = Holders(cluster)
        self.view = View(cluster, interval)
        self.end = 0.0

    def __enter__(self) -> Measurement:
        self.holders.start()
        self.view.start()
        time.sleep(0.2)
        return self

    def __exit__(self, *_exception) -> None:
        self.end = time.time()
        self.view.stop()
        self.holders.stop()

    @property
    def timeline(self) -> list[_timeline.Period]:
        return self.holders.timeline(self.end or time.time())

    def longest_gap(self, target: str, begin: float, end: float) -> float:
        """Seconds; 0 when nothing was lost."""
        return max(
            (gap.length for gap in _timeline.gaps(self.view.recording["samples"][target], begin, end)), default=0.0
        )

    def two_answer(self, begin: float, end: float) -> float:
        """Seconds in which two machines or more answered nc1 for the VIP; 0 for an answer or two that crossed a move."""
        spells = [
            (max(one["from"], begin), min(one["to"], end)) for one in self.view.recording["answers"]
            if one["to"] > begin and one["from"] < end
        ]  # fmt: skip
        edges = sorted([(first, 1) for first, _last in spells] + [(last, -1) for _first, last in spells])
        total, count, before = 0.0, 0, begin
        for when, change in edges:
            if count >= 2:
                total += when - before
            count, before = count + change, when
        return total
