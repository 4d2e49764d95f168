# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/cc-error-messages.md says what the clients say today."""

from __future__ import annotations

import pytest

from .cases import CASES
from .write_table import TABLE, table

pytestmark = pytest.mark.today_only("a page made of the cases in test_conformance.py")

#: Every refusal that a user was promised, and a case of it.
PROMISED = {
    "unsigned",
    "foreign-signed",
    "tampered",
    "moved Body (signature wrapping)",
    "Timestamp unsigned",
    "Timestamp stale",
    "RelatesTo not ours",
    "weak or unknown algorithms: signature",
    "weak or unknown algorithms: digests",
    "DTD",
    "entities",
    "more than 1 MiB",
    "wrong content type",
    "truncated",
    "HTTP redirect",
    "several cluster entries",
}


def test_every_promised_refusal_has_a_case():
    """And each refusal is one line of its own."""
    refusals = [case.refusal for case in CASES if case.refusal]
    assert set(refusals) >= PROMISED
    assert len(refusals) == len(set(refusals))
    assert all(case.module.startswith("!") for case in CASES if case.refusal)


def test_table_is_up_to_date(stand):
    """Otherwise: python -m tests.unit.conformance.write_table."""
    assert TABLE.read_text(encoding="ascii") == table(stand)
