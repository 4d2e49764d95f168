# SPDX-License-Identifier: GPL-3.0-or-later
"""Sets up the answer that a case describes."""

from __future__ import annotations

import contextlib
from pathlib import Path

from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import STRICT
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator

from .answers import Bench
from .cases import Case
from .hostile_server import HostileServer


class Stand:
    """A simulator and the hostile server; ``stack`` closes them.

    :arg keys: directory with the cloud's and the cluster's keys. :arg foreign: the same of another cloud.
    """

    def __init__(self, stack: contextlib.ExitStack, keys: Path, foreign: Path):
        self.keys = keys
        self.foreign = foreign
        # Stricter than any real CC: the clients need no leniency.
        self._simulator = stack.enter_context(Simulator(keys, strict=STRICT))
        self.hostile = stack.enter_context(HostileServer())

    def port(self, case: Case) -> int:
        """Make the server of ``case`` answer as it says, and return its port."""
        if case.hostile:
            self.hostile.mode = case.hostile
            return self.hostile.port
        simulator = self._simulator
        simulator.state = case.state
        if case.alter is None:
            simulator.alter = None
        else:
            bench = Bench(simulator, self.keys, self.foreign)
            simulator.alter = lambda response, exchange: case.alter(response, exchange, bench)
        return simulator.port
