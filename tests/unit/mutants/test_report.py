# SPDX-License-Identifier: GPL-3.0-or-later
"""What `make mutation` makes of its results: the page, and the exit status."""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

FOLDER = Path(__file__).resolve().parents[2] / "mutants"
TARGETS = "- {name: one, files: [a.py], tests: [t]}\n- {name: two, files: [b.py], tests: [t]}\n"


@pytest.fixture
def mutation(monkeypatch, tmp_path):
    """The program with files of its own, and the results that a test gives it instead of those of mutants."""
    monkeypatch.syspath_prepend(str(FOLDER))
    module = importlib.import_module("mutation")
    monkeypatch.setattr(module, "HERE", tmp_path)
    monkeypatch.setattr(module, "LAST", tmp_path / "last")
    (tmp_path / "mutation.yml").write_text(TARGETS)
    (tmp_path / "accepted.yml").write_text("[]\n")
    given = {}
    monkeypatch.setattr(module, "mutants", lambda target: {one["key"]: ("a.py", 1) for one in given[target["name"]]})
    try_target = module.try_target
    monkeypatch.setattr(module, "try_target", lambda target, again, accepted, jobs: given[target["name"]])

    def run(results, accepted="[]", *words):
        given.update(results)
        (tmp_path / "accepted.yml").write_text(accepted)
        monkeypatch.setattr(sys, "argv", ["mutation.py", *words])
        return module.main()

    run.module, run.path, run.given, run.try_target = module, tmp_path, given, try_target
    return run


def result(key, result="survived"):
    return {"key": key, "file": "a.py", "line": 1, "result": result, "deferred": True}


RESULTS = {"one": [result("a.py f: 1 → 2"), result("a.py f: 3 → 4", "killed"), result("a.py f: 5 → 6", "timeout")], "two": [
    result("b.py g: x → y", "killed")]}  # fmt: skip
ACCEPTED = "- reason: It plays no role.\n  mutants: ['a.py f: 1 → 2']\n"


def test_a_survivor_without_a_reason_fails(mutation, capsys):
    assert mutation(RESULTS) == 1
    assert "survives without a reason: a.py f: 1 → 2" in capsys.readouterr().err
    assert "**no reason yet**" in (mutation.path / "survivors.md").read_text()


def test_with_its_reason_it_is_on_the_page(mutation):
    assert mutation(RESULTS, ACCEPTED) == 0
    page = (mutation.path / "survivors.md").read_text()
    assert "| one | 3 | 1 | 1 | 1 | 66.7 % |" in page
    assert "| two | 1 | 1 | 0 | 0 | 100.0 % |" in page
    assert "## one\n\nIt plays no role.\n\n```text\na.py f: 1 → 2\n```\n" in page
    assert "## two" not in page


def test_a_reason_for_what_is_killed_fails(mutation, capsys):
    assert mutation({**RESULTS, "one": RESULTS["one"][1:]}, ACCEPTED) == 1
    assert "accepted.yml explains what does not survive: a.py f: 1 → 2" in capsys.readouterr().err


def test_a_reason_that_is_there_twice_is_refused(mutation):
    with pytest.raises(SystemExit, match="twice"):
        mutation(RESULTS, ACCEPTED + ACCEPTED)


def test_a_target_that_is_not_there_is_refused(mutation):
    with pytest.raises(SystemExit, match="there is no target three"):
        mutation(RESULTS, "[]", "three")


def test_a_target_that_was_not_tried_to_the_end_is_said_to_be(mutation):
    def page():
        return (mutation.path / "survivors.md").read_text()

    assert mutation(RESULTS, ACCEPTED, "one") == 0
    assert "| two | not tried to the end with these sources |" in page()
    mutation.module.store("two", [result("b.py h: of other sources", "killed")])
    assert mutation(RESULTS, ACCEPTED, "one") == 0
    assert "| two | not tried to the end with these sources |" in page()
    mutation.module.store("two", RESULTS["two"])
    assert mutation(RESULTS, ACCEPTED, "one") == 0
    assert "| two | 1 |" in page()


def test_a_run_that_was_ended_early_is_gone_on_with(mutation):
    module = mutation.module
    module.LAST.mkdir()
    module.store("one", [result("a", "killed")])
    (module.LAST / "one.0.jsonl").write_text(json.dumps(result("b", "killed")) + "\n" + json.dumps(result("a")) + "\n")
    assert {key: one["result"] for key, one in module.load("one").items()} == {"a": "survived", "b": "killed"}
    module.store("one", list(module.load("one").values()))
    assert [path.name for path in module.LAST.iterdir()] == ["one.jsonl"]


@pytest.mark.parametrize(("again", "tried"), [(True, {"unconfirmed", "new"}), (False, {"killed", "accepted", "unconfirmed", "new"})])
def test_again_only_what_survived_without_a_reason_is_tried(mutation, monkeypatch, again, tried):
    module = mutation.module
    module.LAST.mkdir()
    keys = {"killed", "accepted", "unconfirmed", "new"}
    module.store("one", [result("killed", "killed"), {**result("accepted"), "confirmed": True}, result("unconfirmed"), result("new")])
    mutation.given["one"] = [result(key) for key in keys]

    def run_workers(_target, done, _jobs):
        assert keys - done == tried
        (module.LAST / "one.0.jsonl").write_text("".join(json.dumps(result(key)) + "\n" for key in tried))

    monkeypatch.setattr(module, "run_workers", run_workers)
    monkeypatch.setattr(module, "confirm", lambda _target, survivors, _jobs: {one["key"] for one in survivors})
    reasons = {"accepted": "reason", "unconfirmed": "reason"}
    found = {one["key"]: one["result"] for one in mutation.try_target({"name": "one", "files": []}, again, reasons, 1)}
    assert found == {**dict.fromkeys(keys, "killed"), "accepted": "survived" if again else "killed"}


@pytest.mark.parametrize(("status", "said", "killed"), [(0, b"3 passed", False), (1, b"1 failed, 2 passed", True), (0, b"", True)])
def test_only_pytest_that_says_so_has_let_a_mutant_live(mutation, monkeypatch, status, said, killed):
    """A mutant of fork() and exec() makes another program of it, which may end with 0."""
    module = mutation.module
    module.LAST.mkdir()
    (mutation.path / "a.py").write_text("A = 1\n")
    monkeypatch.setattr(module, "REPO", mutation.path)
    monkeypatch.setattr(module, "fresh_copy", lambda tree: tree.mkdir())
    monkeypatch.setattr(module.subprocess, "run", lambda *_words, **_more: SimpleNamespace(returncode=status, stdout=said))
    survivor = {**result("a.py (module): 1 → 2"), "file": "a.py"}
    assert module.confirm({"tests": ["t"]}, [survivor], 1) == ({survivor["key"]} if killed else set())


def test_targets_and_reasons_of_the_tree_can_be_read(mutation, monkeypatch):
    monkeypatch.setattr(mutation.module, "HERE", FOLDER)
    assert all(len(reason) > 20 for reason in mutation.module.reasons().values())
    for target in mutation.module.yaml.safe_load((FOLDER / "mutation.yml").read_text()):
        for path in [*target["files"], *target["tests"], *(test.partition("::")[0] for test in target.get("without", []))]:
            assert (FOLDER.parents[1] / path).exists(), path
