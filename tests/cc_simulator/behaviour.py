# SPDX-License-Identifier: GPL-3.0-or-later
"""How a CC misbehaves on request."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from .names import SimulatorError

if TYPE_CHECKING:
    from .server import Response

# lock: somebody holds the CC's CONFIG lock. arbitrator: the monitor does, now and then (monitor.py).
# die-port-open: httpd is gone and the monitor, which it started, keeps the listening socket.
MODES = ("normal", "hang", "garbage", "slow", "truncate", "refuse", "lock", "arbitrator", "die-port-open")
# Looks like an answer to a careless reader: the word ENABLED stands in it.
GARBAGE = b"\x00\xff\xfe<soapenv:Envelope>\x80\x81 localState ENABLED </n:local" + bytes(range(256))


class Behaviour:
    """The present mode; ``milliseconds`` is the delay of ``slow``."""

    def __init__(self) -> None:
        self.mode = "normal"
        self.milliseconds = 0
        self._changed = threading.Condition()
        self._generation = 0

    def set(self, mode: str, milliseconds: int = 0) -> None:
        """Change the mode and let go of the connections that hang."""
        if mode not in MODES:
            raise SimulatorError(f"behaviour {mode!r} is none of {', '.join(MODES)}")
        if milliseconds < 0:
            raise SimulatorError("a delay cannot be negative")
        with self._changed:
            self.mode, self.milliseconds = mode, milliseconds if mode == "slow" else 0
            self._generation += 1
            self._changed.notify_all()

    def wait_while(self, mode: str) -> bool:
        """Return True at once unless the mode is ``mode``; then wait for its end and return False."""
        with self._changed:
            if self.mode != mode:
                return True
            generation = self._generation
            self._changed.wait_for(lambda: self._generation != generation)
            return False

    def delay(self) -> None:
        """Be slow, until the mode is changed."""
        with self._changed:
            if self.mode == "slow":
                generation = self._generation
                self._changed.wait_for(lambda: self._generation != generation, self.milliseconds / 1000)

    def spoil(self, response: Response) -> None:
        """Change an answer as the mode demands."""
        if self.mode == "garbage":
            response.status, response.body = 200, GARBAGE
        elif self.mode == "truncate":
            response.truncate_to = len(response.body) // 2


class ConfigLock:
    """The CC's CONFIG semaphore: every operation waits for it, and the worker with it, whether its client is still there or not.

    ``waiting``: how many workers wait.
    """

    def __init__(self) -> None:
        self.waiting = 0
        self._changed = threading.Condition()
        self._held = False
        self._ended = False

    @property
    def held(self) -> bool:
        """Whether somebody holds it."""
        return self._held

    def hold(self) -> None:
        """Take it, for as long as it takes until release()."""
        with self._changed:
            self._held = True

    def release(self) -> None:
        """Let everybody go on who waits."""
        with self._changed:
            self._held = False
            self._changed.notify_all()

    def end(self) -> None:
        """The CC ends: let everybody go who waits, with False."""
        with self._changed:
            self._ended = True
            self._changed.notify_all()

    def wait(self) -> bool:
        """Return True once nobody holds it, False when the CC ended meanwhile."""
        with self._changed:
            self.waiting += 1
            try:
                self._changed.wait_for(lambda: self._ended or not self._held)
            finally:
                self.waiting -= 1
            return not self._ended
