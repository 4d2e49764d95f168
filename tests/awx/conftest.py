# SPDX-License-Identifier: GPL-3.0-or-later
"""What the AWX tests share: the data, and the environment with awx.awx and ansible-runner (requirements-full.txt)."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

REPO = Path(__file__).resolve().parents[2]
PROJECT = REPO / "awx"
FULL = Path(os.environ.get("FULL_VENV", REPO / ".venv-full"))


class Unsafe(str):
    """A text that Ansible does not take for a template."""


class Loader(yaml.SafeLoader):
    """YAML as Ansible reads it, `!unsafe` texts included."""


Loader.add_constructor("!unsafe", lambda loader, node: Unsafe(loader.construct_scalar(node)))


def load(path: Path):
    return yaml.load(path.read_text(encoding="utf-8"), Loader)  # noqa: S506 - a SafeLoader with one more kind of text


@pytest.fixture(scope="session")
def data() -> dict:
    """All of the configuration data, templates unrendered."""
    found: dict = {}
    for name in ("settings", "access", "sources", "jobs"):
        found |= load(PROJECT / "config" / f"{name}.yml")
    return found


@pytest.fixture(scope="session")
def full_venv() -> Path:
    """The programs of requirements-full.txt."""
    if not (FULL / "bin" / "ansible-playbook").exists():
        # `make awx` sets it, and must not be green for want of it.
        assert "FULL_VENV" not in os.environ, f"{FULL} has no ansible-playbook"
        pytest.skip(
            f"{FULL} has no ansible-playbook: `make test-full` makes it from requirements-full.txt (or set FULL_VENV)"
        )
    return FULL / "bin"
