# SPDX-License-Identifier: GPL-3.0-or-later
"""Machine-made mutants of the parts named in mutation.yml, and those of them that no test notices.

    mutation.py [--again] [--jobs N] [NAME …]     only targets of these names

--again tries only what survived last time without a reason, for work on tests; a run that was ended early goes on with it.

Survivors belong into accepted.yml with the reason, or better a test is written. survivors.md is made of both. Exit status 1:
a survivor without a reason, or a reason for a mutant that does not survive.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml
from tree import REPO, environment, fresh_copy

HERE = Path(__file__).parent
LAST = REPO / "build" / "mutation"
HEADER = """<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
# Mutants that survive

Made by `make mutation` (tests/mutants/mutation.py); the reasons are written by hand in accepted.yml. A mutant is one small
change of the source, kinds in operators.py; it is killed when a test goes red (or hangs: time-out), and survives when none does.

"""


def run_workers(target: dict[str, Any], done: set[str], jobs: int) -> None:
    """Try the mutants of a target that are not done; the workers append a line for each to a file of their own."""
    # Short and new: paths of sockets are limited, and another run may be under way.
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=LAST) as folder:
        Path(folder).chmod(0o755)  # some tests run the check as another user
        children = []
        for number in range(jobs):
            tree = Path(folder) / str(number)
            fresh_copy(tree)
            job = {
                "tree": str(tree), "tests": target["tests"], "without": target.get("without", []),
                "without_fixtures": target.get("without_fixtures", []), "files": target["files"],
                "first": number, "step": jobs, "done": sorted(done), "out": str(LAST / f"{target['name']}.{number}.jsonl"),
            }  # fmt: skip
            (tree / "job.json").write_text(json.dumps(job), encoding="utf-8")
            path = {"PYTHONPATH": f"{tree}/.cache/collections:{tree}/tests"}
            log = (tree / "log").open("w+", encoding="utf-8")
            command = [sys.executable, str(tree / "tests" / "mutants" / "worker.py"), str(tree / "job.json")]
            children.append((subprocess.Popen(command, cwd=tree, env={**environment(tree), **path}, stdout=log, stderr=log), log))
        while any(child.poll() is None for child, _log in children):
            if any(child.poll() for child, _log in children):
                break
            time.sleep(0.2)
        for child, log in children:
            if child.poll() is None:
                child.terminate()
            child.wait()
            if child.returncode > 0:
                log.seek(0)
                raise SystemExit(f"mutation: {target['name']}: a worker ended with {child.returncode}:\n{log.read()[-3000:]}")


def confirm(target: dict[str, Any], survivors: list[dict[str, Any]], jobs: int) -> set[str]:
    """The keys of those that all tests of the target, in a process of their own, notice after all.

    In the worker the mutant comes when everything is imported: what was made at import, other modules' tables and lists of
    parameters of tests, is still that of the source without it. And the worker leaves out tests by their fixtures.
    """
    if not survivors:
        return set()
    from ansible_collections.eucalyptus.ha.tests.mutants import operators  # noqa: PLC0415  (try_target has put it there)

    command = [sys.executable, "-m", "pytest", "-q", "-x", "-m", "not interpreters", "-p", "no:cacheprovider", *target["tests"]]
    for test in target.get("without", []):
        command += ["--deselect", test]
    sources = {file: (REPO / file).read_bytes() for file in {one["file"] for one in survivors}}
    keys = {one["key"] for one in survivors}
    found = [
        (file, mutant) for file, clean in sources.items() for mutant in operators.mutants_of(clean, Path(file).name) if mutant.key in keys
    ]  # fmt: skip

    def red(tree: Path) -> bool:
        """Without the summary it was not pytest that ended with 0: a mutant of fork() and exec() makes another program of it."""
        done = subprocess.run(command, cwd=tree, env=environment(tree), capture_output=True, check=False)
        return done.returncode != 0 or b" passed" not in done.stdout

    def notice(number: int) -> set[str]:
        """Of every so many of them, those that go red, twice: once may be a machine that is busy."""
        killed = set()
        tree = Path(folder) / str(number)
        fresh_copy(tree)
        for file, mutant in found[number::trees]:
            (tree / file).write_bytes(mutant.source)
            if all(red(tree) for _attempt in range(2)):
                killed.add(mutant.key)
            (tree / file).write_bytes(sources[file])
        return killed

    # Twice as many as jobs, since these tests wait more than they work.
    trees = min(2 * jobs, len(found))
    with tempfile.TemporaryDirectory(prefix="mutants-", dir=LAST) as folder, ThreadPoolExecutor(trees) as pool:
        Path(folder).chmod(0o755)  # some tests run the check as another user
        return set().union(*pool.map(notice, range(trees)))


def reasons() -> dict[str, str]:
    """Key -> why it may survive."""
    found: dict[str, str] = {}
    for group in yaml.safe_load((HERE / "accepted.yml").read_text(encoding="utf-8")) or []:
        for key in group["mutants"]:
            if key in found:
                raise SystemExit(f"mutation: accepted.yml has {key!r} twice")
            found[key] = group["reason"].strip()
    return found


def page(targets: list[dict[str, Any]], results: dict[str, list[dict[str, Any]]], accepted: dict[str, str]) -> str:
    lines = ["| target | mutants | killed | time-out | survive | killed, of all |", "|---|---|---|---|---|---|"]
    for target in targets:
        of = results[target["name"]]
        if not of:
            lines.append(f"| {target['name']} | not tried to the end with these sources | | | | |")
            continue
        count = Counter(one["result"] for one in of)
        share = 100 * (len(of) - count["survived"]) / len(of)
        lines.append(
            f"| {target['name']} | {len(of)} | {count['killed']} | {count['timeout']} | {count['survived']} | {share:.1f} % |"
        )
    for target in targets:
        by_reason: dict[str, list[str]] = {}
        for one in results[target["name"]]:
            if one["result"] == "survived":
                by_reason.setdefault(accepted.get(one["key"], "**no reason yet**"), []).append(one["key"])
        if by_reason:
            lines += ["", f"## {target['name']}"]
        for reason, keys in by_reason.items():
            lines += ["", " ".join(reason.split()), "", "```text", *keys, "```"]
    return HEADER + "\n".join(lines) + "\n"


def load(name: str) -> dict[str, dict[str, Any]]:
    """What is known of a target's mutants, that of a run that was ended early included: key -> result."""
    found: dict[str, dict[str, Any]] = {}
    for path in (LAST / f"{name}.jsonl", *sorted(LAST.glob(f"{name}.*.jsonl"))):
        if path.exists():
            found.update((one["key"], one) for one in map(json.loads, path.read_text(encoding="utf-8").splitlines()))
    return found


def store(name: str, results: list[dict[str, Any]]) -> None:
    (LAST / f"{name}.jsonl").write_text("".join(json.dumps(one) + "\n" for one in results), encoding="utf-8")
    for path in LAST.glob(f"{name}.*.jsonl"):
        path.unlink()


def mutants(target: dict[str, Any]) -> dict[str, tuple[str, int]]:
    """All mutants of a target as it stands: key -> (file, line)."""
    sys.path[:0] = [str(REPO / ".cache" / "collections")]
    from ansible_collections.eucalyptus.ha.tests.mutants import operators  # noqa: PLC0415  (it is found from here on)

    return {
        mutant.key: (file, mutant.line)
        for file in target["files"]
        for mutant in operators.mutants_of((REPO / file).read_bytes(), Path(file).name)
    }


def try_target(target: dict[str, Any], again: bool, accepted: dict[str, str], jobs: int) -> list[dict[str, Any]]:
    """The results of all mutants of a target; with `again`, that of those killed earlier, and of those accepted, is what it was."""
    name = target["name"]
    there = mutants(target)
    before = load(name) if again else {}
    # What only a worker has let live is not confirmed, whatever reason it has.
    known = {
        key: one
        for key, one in before.items()
        if key in there and (one["result"] != "survived" or (key in accepted and one.get("confirmed")))
    }  # fmt: skip
    store(name, list(known.values()))
    run_workers(target, set(known), jobs)
    results = [one for one in load(name).values() if one["key"] in there]
    if len(results) != len(there):
        raise SystemExit(f"mutation: {name}: {len(there) - len(results)} mutants were not tried; did the sources change meanwhile?")
    noticed = confirm(target, [one for one in results if one["result"] == "survived" and one["key"] not in known], jobs)
    for one in results:
        if one["key"] in noticed:
            one["result"] = "killed"
        one["confirmed"] = True
        one["file"], one["line"] = there[one["key"]]
    results.sort(key=lambda one: (one["file"], one["line"], one["key"]))
    store(name, results)
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--again", action="store_true")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    targets = yaml.safe_load((HERE / "mutation.yml").read_text(encoding="utf-8"))
    unknown = set(given.names) - {target["name"] for target in targets}
    if unknown:
        raise SystemExit(f"mutation: there is no target {', '.join(sorted(unknown))} in mutation.yml")
    LAST.mkdir(parents=True, exist_ok=True)
    accepted = reasons()
    results: dict[str, list[dict[str, Any]]] = {}
    for target in targets:
        name = target["name"]
        if given.names and name not in given.names:
            known = load(name)
            # Of a run that was ended early, or of other sources, nothing can be said here.
            results[name] = list(known.values()) if set(known) == set(mutants(target)) else []
            continue
        begun = time.monotonic()
        fresh = results[name] = try_target(target, given.again, accepted, given.jobs)
        alive = [one for one in fresh if one["result"] == "survived"]
        print(f"mutation: {name}: {len(fresh)} mutants, {len(alive)} survive ({time.monotonic() - begun:.0f} s)", flush=True)
    surviving = {one["key"] for of in results.values() for one in of if one["result"] == "survived"}
    tried = {one["key"] for name, of in results.items() if not given.names or name in given.names for one in of}
    new, stale = sorted(surviving - set(accepted)), sorted(set(accepted) - surviving)
    (HERE / "survivors.md").write_text(page(targets, results, accepted), encoding="utf-8")
    if all(results.values()):
        for key in stale:
            print(f"mutation: accepted.yml explains what does not survive: {key}", file=sys.stderr)
    for key in (one for one in new if one in tried):
        print(f"mutation: survives without a reason: {key}", file=sys.stderr)
    print(f"mutation: {len(surviving)} survive, {len(new)} of them without a reason")
    return 1 if new or (stale and all(results.values())) else 0


if __name__ == "__main__":
    sys.exit(main())
