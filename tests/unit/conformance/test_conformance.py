# SPDX-License-Identifier: GPL-3.0-or-later
"""The same answers for cc_service_info and for cc-enabled-check."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest

from .cases import CASES
from .clients import ask_check, ask_module

TODAY = pytest.mark.today_only("does not turn on a date; the cases of time stamps are run at other dates")
PARAMETERS = [
    pytest.param(case, id=case.name.replace(" ", "-"), marks=pytest.mark.wall_clock if case.name.startswith("Timestamp") else TODAY)
    for case in CASES
]
#: What a client may take beyond its timeout: starting an interpreter on a busy machine. What hangs, hangs for longer.
GRACE = 20.0

PYTHONS = sorted(path for path in Path("/root/.pyenv/versions").glob("*/bin/python") if path.resolve() != Path(sys.executable).resolve())


@pytest.mark.parametrize("case", PARAMETERS)
def test_module(stand, case):
    """cc_service_info believes what the CC says, and says why when it believes nothing."""
    outcome = ask_module(stand.port(case), stand.keys, case.verify, case.timeout)
    expected = (None, case.module[1:]) if case.module.startswith("!") else (case.module or None, None)
    assert (outcome.state, outcome.reason) == expected, outcome
    assert outcome.enabled is (case.module == "ENABLED")
    assert outcome.verified is (case.verify and outcome.reason is None)
    assert outcome.elapsed < case.timeout + GRACE
    assert outcome.message.isascii()
    assert outcome.message.isprintable()


def _check(stand, case, python):
    outcome = ask_check(stand.port(case), stand.keys, case.timeout, python)
    assert outcome.state == case.check, outcome
    assert outcome.enabled is (case.check == "ENABLED")
    assert re.search(case.check_says, outcome.message), outcome
    assert outcome.elapsed < case.timeout + GRACE


@pytest.mark.parametrize("case", PARAMETERS)
def test_check(stand, case):
    """cc-enabled-check, by this interpreter."""
    _check(stand, case, sys.executable)


@pytest.mark.interpreters
@pytest.mark.parametrize("python", PYTHONS, ids=[path.parts[4] for path in PYTHONS])
@pytest.mark.parametrize("case", PARAMETERS)
def test_check_on_other_pythons(stand, case, python):
    """cc-enabled-check, by every other interpreter that this machine has (pyenv)."""
    _check(stand, case, str(python))
