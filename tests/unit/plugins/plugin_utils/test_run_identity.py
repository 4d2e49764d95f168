# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run a lock belongs to, and whether it is still there."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _lock_words, _run_identity


def test_this_process_is_there():
    run = _run_identity.this_run(os.getpid())
    assert run == _run_identity.this_run(os.getpid())
    assert not _run_identity.is_gone(run)


def test_a_process_that_has_ended_is_gone_also_when_its_number_is_used_again():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, text=True)
    run = _run_identity.this_run(child.pid)
    assert not _run_identity.is_gone(run)
    child.communicate("\n")
    assert _run_identity.is_gone(run)
    node, _pid, _started = run.rsplit(":", 2)
    assert _run_identity.is_gone(f"{node}:{os.getpid()}:1")


@pytest.mark.parametrize("run", ["elsewhere/0/1:1:1", "", "x", "a:b:c"])
def test_of_a_run_of_another_control_node_nobody_knows(run):
    assert not _run_identity.is_gone(run)


def test_a2_who_what_and_since_when():
    lock = {"what": "deploy", "who": "ops (AWX job 4711)", "since": 1795358405.0, "longest": 3600.0, "age": 12.4, "stale": False}
    assert _lock_words.describe(lock) == (
        "eucalyptus.ha.gateway is under way, started by ops (AWX job 4711) at 2026-11-22 14:40:05 UTC (12 s ago)"
    )
