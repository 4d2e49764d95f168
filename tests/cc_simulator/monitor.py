# SPDX-License-Identifier: GPL-3.0-or-later
"""The CC's monitor, as far as an arbitrator goes that does not answer.

monitor_thread() and ccCheckState() of cluster/handlers.c: once a round, a second after the last one, the CC checks itself
and holds its CONFIG lock meanwhile. In some of the rounds it pings its arbitrators (CC_ARBITRATORS) first, which takes 10 s
when one is silent.
"""

from __future__ import annotations

import threading
import time

from .behaviour import ConfigLock
from .operations import ClusterController

PING = 10.0  # seconds that "ping -c 1" waits for an answer
ROUND = 1.0  # seconds between two rounds
FREQUENCY = 6  # CLC_POLLING_FREQUENCY: rounds up to 4.1, seconds from 4.2 on
TOLERATED = 10  # failures in a row


class SilentArbitrator:
    """Pings one silent arbitrator in a thread, from start() to stop().

    Up to 4.1 in every sixth round of a CC that is ENABLED. From 4.2 on when six seconds have passed since the last ping
    began, so, with a ping that takes longer, in every round. The counters stand still while the CC is not ENABLED:
    it then pings in every round or in none, as it happens. After more than ten failures in a row it is NOTREADY.

    :arg ping: seconds that a ping takes. :arg round_: seconds between two rounds; six of them are the six seconds too.
    """

    def __init__(self, cc: ClusterController, lock: ConfigLock, ping: float = PING, round_: float = ROUND):
        self.cc, self.lock, self.ping, self.round = cc, lock, ping, round_
        self.failures = 0
        self._over = threading.Event()
        self._timer = FREQUENCY + 1
        self._next = 0.0
        self._due = False
        self._thread = threading.Thread(target=self._run, name="cc-monitor", daemon=True)

    def start(self) -> None:
        """Begin with the first round."""
        self._thread.start()

    def stop(self) -> None:
        """The arbitrator answers again; returns when the lock is free."""
        self._over.set()
        self._thread.join()
        self.lock.release()
        if self.failures > TOLERATED:
            self.cc.check_itself(0)

    def _run(self) -> None:
        while not self._over.is_set():
            if self.cc.state == "ENABLED":
                self._due = self._turn()
            if self._due:
                self.lock.hold()
                if not self._over.wait(self.ping):
                    self.failures += 1
                    if self.failures > TOLERATED:
                        self.cc.check_itself(1)
                self.lock.release()
            self._over.wait(self.round)

    def _turn(self) -> bool:
        """Whether the arbitrators' turn has come."""
        if self.cc.release >= (4, 2):
            now = time.monotonic()
            if now < self._next:
                return False
            self._next = now + FREQUENCY * self.round
            return True
        if self._timer >= FREQUENCY:
            self._timer = 0
        self._timer += 1
        return self._timer == 1
