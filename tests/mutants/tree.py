# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies of the tree in which a mutant can live while the tests run, so that the work tree is never touched."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

REPO = Path(__file__).resolve().parents[2]


def fresh_copy(tree: Path) -> None:
    """What git would track, with the collection's link pointing at the copy."""
    shutil.rmtree(tree, ignore_errors=True)
    tree.mkdir(parents=True)
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"],
        cwd=REPO,
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = REPO / name, tree / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(source, target)
    link = tree / ".cache" / "collections" / "ansible_collections" / "eucalyptus" / "ha"
    link.parent.mkdir(parents=True)
    link.symlink_to(tree)


def environment(tree: Path) -> dict[str, str]:
    """The environment of tests in a copy."""
    return {
        **os.environ,
        "ANSIBLE_COLLECTIONS_PATH": str(tree / ".cache" / "collections"),
        "ANSIBLE_CONFIG": str(tree / "tests" / "lab" / "ansible.cfg"),
        "PYTHONDONTWRITEBYTECODE": "1",
    }
