# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply the mutants of mutants.yml one at a time to a copy of the tree, and see that the tests meant for each go red.

    run.py [WORD …]     only mutants whose name has one of the words

First those tests must be green without a mutant; a test that is red anyway proves nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path

import yaml
from tree import REPO, environment, fresh_copy

TREE = REPO / ".cache" / "mutants"


def run_tests(tests: list[str]) -> tuple[bool, str]:
    """Whether they pass; a run that collects nothing is an error, not a red test."""
    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not interpreters", "-p", "no:cacheprovider", *tests]
    done = subprocess.run(
        command, cwd=TREE, env=environment(TREE), text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False
    )
    if done.returncode not in (0, 1):
        raise SystemExit(
            f"mutants: pytest ended with {done.returncode}, which says nothing about the mutant:\n{done.stdout[-3000:]}"
        )
    return done.returncode == 0, done.stdout


def main(words: list[str]) -> int:
    mutants = yaml.safe_load((Path(__file__).parent / "mutants.yml").read_text(encoding="utf-8"))
    mutants = [m for m in mutants if not words or any(word in m["name"] for word in words)]
    if not mutants:
        raise SystemExit(f"mutants: none is named like {words}")
    fresh_copy(TREE)
    for tests in dict.fromkeys(tuple(m["tests"]) for m in mutants):
        green, output = run_tests(list(tests))
        if not green:
            raise SystemExit(f"mutants: {' '.join(tests)} is red without any mutant:\n{output[-3000:]}")
    survivors = []
    for mutant in mutants:
        path = TREE / mutant["file"]
        text = path.read_text(encoding="utf-8")
        if text.count(mutant["old"]) != 1:
            raise SystemExit(
                f"mutants: {mutant['name']}: {mutant['old']!r} occurs {text.count(mutant['old'])} times in {mutant['file']}"
            )
        started = time.monotonic()
        path.write_text(text.replace(mutant["old"], mutant["new"]), encoding="utf-8")
        try:
            green, output = run_tests(mutant["tests"])
        finally:
            path.write_text(text, encoding="utf-8")
        by = next((line for line in output.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
        print(
            f"{'SURVIVED' if green else 'red     '} {mutant['name']} ({time.monotonic() - started:.0f} s) {by}",
            flush=True,
        )
        if green:
            survivors.append(mutant["name"])
    shutil.rmtree(TREE)
    print(f"mutants: {len(mutants) - len(survivors)} passed, {len(survivors)} failed")
    return 1 if survivors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
