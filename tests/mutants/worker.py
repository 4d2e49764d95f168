# SPDX-License-Identifier: GPL-3.0-or-later
"""One pytest process that tries many mutants: it collects the tests once, and gives each mutant a child to die in.

    worker.py JOB       JOB is a JSON file: tree, tests, without, files, first, step, done (keys), out (file, a line for each mutant)

Every mutant is written to the file in the copy of the tree, for tests that start processes, and put into the loaded module, for
the others. The tests that came by the changed line run first, quickest first; then those that never came by that file in
this process: they start processes.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
import sys
import time
from pathlib import Path
from typing import Any

import coverage
import pytest
from _pytest.runner import runtestprotocol
from ansible_collections.eucalyptus.ha.tests.mutants import operators, patching
from hypothesis import HealthCheck, settings

SURVIVED, KILLED = 0, 1
BEGUN = b"\0"  # what a child says before each test
BASE = "ansible_collections.eucalyptus.ha."


class _Next:
    """Stands for a next test that needs the fixtures of these nodes, and no others."""

    def __init__(self, nodes: list[Any]) -> None:
        self.nodes = nodes

    def listchain(self) -> list[Any]:
        return self.nodes


class Worker:
    """The pytest plugin."""

    def __init__(self, job: dict[str, Any], out: Any) -> None:
        self.job = job
        self.out = out
        self.trouble = ""
        self.tree = Path(job["tree"])
        self.done = set(job["done"])
        self.seconds: dict[str, float] = {}  # as the clock on the wall goes
        self.work: dict[str, float] = {}  # of this processor, children not counted
        self.by_line: dict[str, dict[int, set[str]]] = {}

    def say(self, **result: Any) -> None:
        print(json.dumps(result), file=self.out, flush=True)

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        slow = set(self.job["without_fixtures"])
        session.items = [item for item in session.items if not slow & set(getattr(item, "fixturenames", ()))]
        if session.testsfailed or not session.items:
            self.trouble = "the tests could not be collected"
            return True
        if self.clean(session):
            for file in self.job["files"]:
                self.file(session, file)
        return True

    # --- without a mutant ------------------------------------------------------------------------------------

    def clean(self, session: pytest.Session) -> bool:
        """Run all tests; note for each how long it takes and by which lines it comes."""
        measured = coverage.Coverage(
            data_file=None, config_file=False, include=[str(self.tree / file) for file in self.job["files"]]
        )
        nothing = _Next([session])
        measured.start()
        for number, item in enumerate(session.items):
            following = session.items[number + 1] if number + 1 < len(session.items) else nothing
            measured.switch_context(item.nodeid)
            begun, worked = time.monotonic(), time.process_time()
            reports = runtestprotocol(item, nextitem=following, log=False)  # type: ignore[arg-type]
            self.seconds[item.nodeid] = time.monotonic() - begun
            self.work[item.nodeid] = time.process_time() - worked
            for report in reports:
                if report.failed:
                    measured.stop()
                    self.trouble = f"{item.nodeid} is red without any mutant:\n{report.longreprtext[-2500:]}"
                    return False
        measured.stop()
        data = measured.get_data()
        for file in self.job["files"]:
            contexts = data.contexts_by_lineno(str(self.tree / file))
            self.by_line[file] = {line: set(tests) - {""} for line, tests in contexts.items()}
        return True

    # --- with one ----------------------------------------------------------------------------------------------

    def choose(self, session: pytest.Session, file: str, mutant: operators.Mutant) -> list[pytest.Item]:
        lines = self.by_line[file]
        known = set().union(*lines.values()) if lines else set()
        wanted = lines.get(mutant.line, set()) if mutant.deferred else known
        inside = [item for item in session.items if item.nodeid in wanted]
        outside = [item for item in session.items if item.nodeid not in known]
        return [*sorted(inside, key=self.wait), *sorted(outside, key=self.wait)]

    def wait(self, item: pytest.Item) -> float:
        return self.seconds[item.nodeid]

    def file(self, session: pytest.Session, file: str) -> None:
        path = self.tree / file
        clean = path.read_bytes()
        module = importlib.import_module(BASE + file.removesuffix(".py").replace("/", "."))
        mutants = operators.mutants_of(clean, path.name)
        mutants = [one for one in mutants if one.key not in self.done]
        for mutant in mutants[self.job["first"] :: self.job["step"]]:
            items = self.choose(session, file, mutant)
            path.write_bytes(mutant.source)
            begun = time.monotonic()
            try:
                result, by = self.one(module, mutant, items)
                if result == "stalled":  # was it the mutant, or a machine that is busy with other things?
                    result, by = self.one(module, mutant, items)
            finally:
                path.write_bytes(clean)
            result = "timeout" if result == "stalled" else result
            self.say(
                key=mutant.key, file=file, line=mutant.line, result=result, by=by, tests=len(items),
                seconds=round(time.monotonic() - begun, 2),
            )  # fmt: skip

    def one(self, module: Any, mutant: operators.Mutant, items: list[pytest.Item]) -> tuple[str, str]:
        """Try a mutant in a child: (killed, survived, timeout or stalled, the test that killed it)."""
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.close(reader)
            result = KILLED
            try:
                result = self.in_child(module, mutant, items, writer)
            finally:
                os._exit(result)
        os.close(writer)
        os.set_blocking(reader, False)
        said, deadline, status = b"", time.monotonic() + 60, None
        while status is None and time.monotonic() < deadline:
            pid, ended = os.waitpid(child, os.WNOHANG)
            if pid:
                status = ended
            else:
                time.sleep(0.01)
            news = self.news(reader)
            said += news
            if BEGUN in news:
                # A test that hangs is not waited for as long as all of them take.
                item = items[said.count(BEGUN) - 1]
                deadline = time.monotonic() + 10 + 20 * self.seconds[item.nodeid]
        if status is None:
            os.killpg(child, signal.SIGKILL)
            os.waitpid(child, 0)
        said += self.news(reader)
        os.close(reader)
        by = said.replace(BEGUN, b"").decode("utf-8", "replace")
        if status is None:
            return "stalled", by
        if os.WIFSIGNALED(status):
            return "timeout", by
        return ("survived", "") if os.WEXITSTATUS(status) == SURVIVED else ("killed", by)

    @staticmethod
    def news(reader: int) -> bytes:
        """What the child has written since the last time."""
        try:
            return os.read(reader, 65536)
        except BlockingIOError:
            return b""

    def in_child(self, module: Any, mutant: operators.Mutant, items: list[pytest.Item], writer: int) -> int:
        os.setsid()
        # A loop without an end is over soon, however busy the machine is.
        limit = int(3 + 3 * sum(self.work[item.nodeid] for item in items))
        resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 1))
        silence = os.open(os.devnull, os.O_RDWR)
        os.dup2(silence, 2)
        try:
            patching.put(module, mutant.source)
        except BaseException as error:  # whatever a mutant does when it is imported
            os.write(writer, f"import: {type(error).__name__}".encode())
            return KILLED
        for number, item in enumerate(items):
            following = items[number + 1] if number + 1 < len(items) else None
            os.write(writer, BEGUN)
            # Red twice: once may be the time-out of a test on a machine that is busy.
            if self.red(item, following):
                os.write(writer, item.nodeid.rpartition("/")[2].encode()[:500])
                return KILLED
        return SURVIVED

    def red(self, item: pytest.Item, following: pytest.Item | None) -> bool:
        same = _Next(item.listchain()[:-1])
        for _attempt in range(2):
            reports = runtestprotocol(item, nextitem=same, log=False)  # type: ignore[arg-type]
            if not any(report.failed for report in reports):
                item.session._setupstate.teardown_exact(following)
                return False
        return True


def main(job: dict[str, Any]) -> int:
    # Examples that are the same in every run: a mutant is killed always or never.
    settings.register_profile(
        "mutants", derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck), print_blob=False
    )
    settings.load_profile("mutants")
    complaints = os.dup(1)
    quiet = os.open(os.devnull, os.O_WRONLY)
    os.dup2(quiet, 1)
    arguments = ["-q", "-m", "not interpreters", "-p", "no:cacheprovider", "-p", "no:xdist", "-p", "no:cov", *job["tests"]]
    for test in job["without"]:
        arguments += ["--deselect", test]
    with Path(job["out"]).open("a", encoding="utf-8") as out:
        worker = Worker(job, out)
        status = int(pytest.main(arguments, plugins=[worker]))
    if worker.trouble:
        os.write(complaints, worker.trouble.encode())
        return 2
    return 0 if status == pytest.ExitCode.NO_TESTS_COLLECTED else status


if __name__ == "__main__":
    sys.exit(main(json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))))
