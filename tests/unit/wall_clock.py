# SPDX-License-Identifier: GPL-3.0-or-later
"""A test may use the date of this host only if it is marked. `make other-dates` runs the marked tests at other dates.

``wall_clock`` marks a test whose result could depend on the date. ``today_only("why")`` marks one that `make other-dates` leaves
out, with the reason. Any other test fails when it, or code of this collection that runs in its process, reads the wall clock
(functions of time and datetime) or makes certificates, which begin today. So do tests that use a fixture which does one of these
and is not marked ``harmless("why")``.

Other processes are not watched. Mark tests by hand whose result depends on the date in a child process.
"""

from __future__ import annotations

import datetime
import functools
import os
import subprocess
import sys
import sysconfig
import time
from collections.abc import Callable, Generator
from pathlib import Path
from typing import Any

import pytest

#: Of no interest: who of them reads the clock does so for itself, as http.server for its log.
_LIBRARIES = tuple({sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")})
#: What moves the clock of a process; tools/other-dates sets them.
_MOVED = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC", "FAKETIME_FORCE_MONOTONIC_FIX")


_SLEEP = str(Path(__file__).resolve().parent / "other_dates")


def harmless(reason: str) -> Callable[[Callable], Callable]:
    """Mark the function of a fixture whose use of the date cannot matter to its tests, for this reason."""

    def mark(function: Callable) -> Callable:
        function.harmless = reason  # type: ignore[attr-defined]  # replaced on purpose
        return function

    return mark


class Uses:
    """Who uses the date: names of what did, by the test (node id) or fixture (where it applies, name) at work."""

    def __init__(self) -> None:
        self.at_work: Any = None
        self.found: dict[Any, str] = {}

    def note(self, what: str) -> None:
        self.found.setdefault(self.at_work, what)

    def of_caller(self, what: str) -> None:
        """Note a use, if the function that calls the watched one is no library's."""
        code = sys._getframe(2).f_code
        if not code.co_filename.startswith(("<", *_LIBRARIES)):
            self.note(f"{what} in {os.path.relpath(code.co_filename)}, {code.co_name}()")

    def of_event(self, event: str, arguments: tuple) -> None:
        """Note certificates that begin today. Where cc_simulator.keys keeps those that are there, another worker has made them."""
        if event == "cc_simulator.keys":
            self.note("cc_simulator.keys")
        elif event == "subprocess.Popen":
            command = [os.fspath(word) for word in arguments[1]] if not isinstance(arguments[1], (str, bytes)) else []
            if [os.path.basename(word) for word in command[:2]] in (["openssl", "req"], ["openssl", "ca"]):
                self.note(" ".join(command[:2]))

    def of_item(self, item: pytest.Item) -> str | None:
        """What this test has used, itself or by its fixtures."""
        for name in getattr(item, "fixturenames", ()):
            for (place, fixture), what in [(key, value) for key, value in self.found.items() if isinstance(key, tuple)]:
                if fixture == name and item.nodeid.startswith(place):
                    return f"fixture {name}: {what}"
        return self.found.get(item.nodeid)


def _watch_time(uses: Uses) -> None:
    def watch(name: str, reads: Callable[[tuple], bool]) -> None:
        real = getattr(time, name)

        @functools.wraps(real)
        def watched(*arguments: Any) -> Any:
            if reads(arguments):
                uses.of_caller(f"time.{name}")
            return real(*arguments)

        setattr(time, name, watched)

    for name in ("time", "time_ns"):
        watch(name, lambda arguments: True)
    for name in ("gmtime", "localtime", "ctime", "asctime"):
        watch(name, lambda arguments: not arguments or arguments[0] is None)
    watch("strftime", lambda arguments: len(arguments) < 2)


def _watch_datetime(uses: Uses) -> None:
    """Classes of the same names whose instances are the real ones; C classes cannot be changed."""

    def kind(real: type) -> type:
        class Kind(type(real)):  # type: ignore[misc]  # replaced on purpose
            def __instancecheck__(self, one: object) -> bool:
                return isinstance(one, real)

            def __subclasscheck__(self, one: type) -> bool:
                return issubclass(one, real)

        def reader(name: str) -> Any:
            def read(cls: type, *arguments: Any, **options: Any) -> Any:
                uses.of_caller(f"{real.__name__}.{name}")
                return getattr(real, name)(*arguments, **options)

            return classmethod(read)

        body = {name: reader(name) for name in ("now", "utcnow", "today") if hasattr(real, name)}
        body["__new__"] = lambda cls, *arguments, **options: real(*arguments, **options)
        return Kind(real.__name__, (real,), {**body, "__module__": "datetime"})

    datetime.datetime, datetime.date = kind(datetime.datetime), kind(datetime.date)  # type: ignore[misc]  # replaced on purpose


def _move_the_clock() -> None:
    """Children that start with a clean environment have the moved clock, too; and can sleep (other_dates/sitecustomize.py)."""
    moved = {name: os.environ[name] for name in _MOVED if name in os.environ}
    start = subprocess.Popen.__init__

    def started(self: Any, *arguments: Any, **options: Any) -> None:
        if options.get("env") is not None:
            path = os.pathsep.join(filter(None, (_SLEEP, options["env"].get("PYTHONPATH"))))
            options["env"] = {**moved, **options["env"], "PYTHONPATH": path}
        start(self, *arguments, **options)

    subprocess.Popen.__init__ = started  # type: ignore[method-assign]  # replaced on purpose


def _marker(item: pytest.Item) -> pytest.Mark | None:
    """The closest of the two: a module's is for those of its tests that have none."""
    return next((marker for marker in item.iter_markers() if marker.name in ("wall_clock", "today_only")), None)


class Guard:
    """The plugin: fails tests that use the date and are not marked."""

    def __init__(self) -> None:
        self.uses = Uses()
        _watch_time(self.uses)
        _watch_datetime(self.uses)
        sys.addaudithook(self.uses.of_event)
        if "FAKETIME" in os.environ:
            _move_the_clock()

    def pytest_report_header(self) -> str:
        return time.strftime("date: %Y-%m-%d %H:%M:%S %Z") + (" (moved)" if "FAKETIME" in os.environ else "")

    def pytest_collection_modifyitems(self, config: pytest.Config, items: list[pytest.Item]) -> None:
        left_out = []
        for item in items:
            marker = _marker(item)
            if marker and marker.name == "today_only" and not (len(marker.args) == 1 and isinstance(marker.args[0], str)):
                raise pytest.UsageError(f"{item.nodeid}: today_only must have one argument, the reason.")
            if "FAKETIME" in os.environ and not (marker and marker.name == "wall_clock"):
                left_out.append(item)
        if left_out:
            config.hook.pytest_deselected(items=left_out)
            items[:] = [item for item in items if item not in set(left_out)]

    @pytest.hookimpl(wrapper=True)
    def pytest_fixture_setup(self, fixturedef: Any) -> Generator[None, Any, Any]:
        before, self.uses.at_work = self.uses.at_work, (fixturedef.baseid, fixturedef.argname)
        try:
            return (yield)
        finally:
            if hasattr(fixturedef.func, "harmless"):
                self.uses.found.pop(self.uses.at_work, None)
            self.uses.at_work = before

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        self.uses.at_work = item.nodeid
        try:
            result = yield
        finally:
            self.uses.at_work = None
        what = self.uses.of_item(item)
        if what and not _marker(item):
            pytest.fail(
                f"This test uses the date of this host ({what}) and is not marked. Give it a clock of its own, or mark it with "
                "pytest.mark.wall_clock, so that `make other-dates` runs it at other dates, or with pytest.mark.today_only(REASON).",
                pytrace=False,
            )
        return result
