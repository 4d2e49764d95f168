# SPDX-License-Identifier: GPL-3.0-or-later
"""A bench on which both clients meet the same answers."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import STRICT
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator

from .bench import Stand


@pytest.fixture(scope="session")
def key_directory(tmp_path_factory) -> Path:
    """The cloud's and the cluster's keys, made once for all of xdist's processes."""
    base = tmp_path_factory.getbasetemp()
    return keys.make_once((base.parent if base.name.startswith("popen-") else base) / "cc-keys")


@pytest.fixture(scope="session")
def stand(key_directory) -> Iterator[Stand]:
    """Servers for all cases."""
    with contextlib.ExitStack() as stack:
        yield Stand(stack, key_directory, keys.make_once(key_directory.parent / "foreign-keys"))


@pytest.fixture
def simulator(key_directory) -> Iterator[Simulator]:
    """A CC of one's own, ENABLED, which is stricter than any real one."""
    with Simulator(key_directory, state="ENABLED", strict=STRICT) as running:
        yield running
