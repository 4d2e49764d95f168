# SPDX-License-Identifier: GPL-3.0-or-later
"""The breakages that `make test-mutants` applies still fit the code: it runs for long, and not for every change."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).resolve().parents[3]
MUTANTS = yaml.safe_load((REPO / "tests/mutants/mutants.yml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("mutant", MUTANTS, ids=[mutant["name"] for mutant in MUTANTS])
def test_a_mutant_finds_its_place_and_its_tests(mutant):
    assert (REPO / mutant["file"]).read_text(encoding="utf-8").count(mutant["old"]) == 1
    assert mutant["new"] != mutant["old"]
    assert [test for test in mutant["tests"] if not (REPO / test).exists()] == []
