# SPDX-License-Identifier: GPL-3.0-or-later
"""What YAML calls by the collection's name is there: what only a long run calls is found here when it is renamed."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("roles", "playbooks", "awx", "extensions", "tests/integration")
FILES = sorted(path for folder in FOLDERS for path in (ROOT / folder).rglob("*.yml"))
THERE = {path.stem for folder in ("modules", "action", "filter", "lookup") for path in (ROOT / "plugins" / folder).glob("*.py")}
THERE |= {path.name for path in (ROOT / "roles").iterdir()} | {path.stem for path in (ROOT / "playbooks").glob("*.yml")}
# Not what is in a collection of tests below it (eucalyptus.ha.tests.unit…).
NAME = re.compile(r"\beucalyptus\.ha\.(?!tests\.)(_?[a-z]\w*)")


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_name_is_there(path):
    assert set(NAME.findall(path.read_text(encoding="utf-8"))) <= THERE


def test_names_are_found():
    assert NAME.findall("- eucalyptus.ha.vip_facts:\n  x | eucalyptus.ha._supported_core") == ["vip_facts", "_supported_core"]
