# SPDX-License-Identifier: GPL-3.0-or-later
"""Watch an address come and go on the hosts of a lab, to the millisecond, without touching them.

The kernel's own notifications are read in each container's network namespace, so nothing polls and nothing runs on the hosts.
"""

from __future__ import annotations

import re
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from lab import Lab, LabError, podman


@dataclass(frozen=True)
class Move:
    """The address appeared on a host, or left it, at `when` (seconds since the epoch)."""

    when: float
    host: str
    held: bool


class AddressWatch:
    """Context manager that records when an address is added to, and taken from, the hosts of a lab."""

    def __init__(self, lab: Lab, address: str, hosts: list[str]):
        self.address = address
        self.moves: list[Move] = []
        self._changed = threading.Condition()
        self._watched = {host: pid_of(lab, host) for host in hosts}
        self._processes: list[subprocess.Popen] = []
        self._threads: list[threading.Thread] = []
        self._pattern = re.compile(rf"\binet6? {re.escape(address)}/")

    def __enter__(self) -> AddressWatch:
        for host, pid in self._watched.items():
            process = subprocess.Popen(
                ["nsenter", "--target", str(pid), "--net", "ip", "-o", "monitor", "address"],
                stdout=subprocess.PIPE,
                text=True,
                bufsize=1,
            )
            thread = threading.Thread(target=self._read, args=(host, process), daemon=True)
            thread.start()
            self._processes.append(process)
            self._threads.append(thread)
        # `ip monitor` says nothing when it is ready to listen.
        time.sleep(0.2)
        return self

    def __exit__(self, *_exception: object) -> None:
        for process in self._processes:
            process.terminate()
            process.wait()
        for thread in self._threads:
            thread.join(timeout=5)

    def _read(self, host: str, process: subprocess.Popen) -> None:
        assert process.stdout is not None
        for line in process.stdout:
            now = time.time()
            if self._pattern.search(line):
                with self._changed:
                    self.moves.append(Move(now, host, not line.startswith("Deleted")))
                    self._changed.notify_all()

    def wait_for(self, host: str, held: bool, since: float, limit: float) -> Move:
        """The first such move after `since`; LabError when there is none within `limit` seconds."""
        deadline = time.monotonic() + limit
        with self._changed:
            while True:
                for move in self.moves:
                    if move.host == host and move.held is held and move.when >= since:
                        return move
                left = deadline - time.monotonic()
                if left <= 0:
                    raise LabError(
                        f"{self.address} did not {'come to' if held else 'leave'} {host} within {limit:g} s; seen: {self.moves}"
                    )
                self._changed.wait(left)


def pid_of(lab: Lab, host: str) -> int:
    return int(podman("inspect", "--format", "{{.State.Pid}}", lab.container(host)).stdout)


def wait_until(condition: Callable[[], bool], limit: float, what: str) -> None:
    deadline = time.monotonic() + limit
    while not condition():
        if time.monotonic() > deadline:
            raise LabError(f"not within {limit:g} s: {what}")
        time.sleep(0.1)
