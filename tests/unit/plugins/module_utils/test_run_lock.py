# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock by which runs exclude each other: one gets it, a stale one is replaced, nobody gives back what is not his."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes", allow_module_level=True)

import contextlib
import json
import os
import subprocess

from ansible_collections.eucalyptus.ha.plugins.module_utils import _run_lock

pytestmark = pytest.mark.wall_clock


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "lock")


def take(path, run, **more):
    return _run_lock.acquire(run, "deploy", "root at control", more.pop("longest", 3600), path=path, **more)


def test_the_second_run_learns_whose_lock_it_is(path):
    assert take(path, "one")["run"] == "one"
    found = take(path, "two")
    assert (found["run"], found["what"], found["who"], found["stale"]) == ("one", "deploy", "root at control", False)
    assert _run_lock.read(path)["run"] == "one"


def test_the_same_run_may_take_it_again_and_it_keeps_its_age(path):
    since = take(path, "one")["since"]
    assert take(path, "one")["since"] == since


def test_only_its_owner_gives_it_back(path):
    take(path, "one")
    assert not _run_lock.release("two", path)
    assert _run_lock.release("one", path)
    assert _run_lock.read(path) is None
    assert not _run_lock.release("one", path)


def test_a_lock_older_than_its_longest_run_is_stale_and_replaced(path):
    first = take(path, "one", longest=10)
    assert _run_lock.read(path, now=first["since"] + 10)["stale"] is False
    assert _run_lock.read(path, now=first["since"] + 11)["stale"] is True
    with open(path, "w", encoding="utf-8") as lock:
        json.dump({"run": "one", "what": "drill", "who": "x", "since": first["since"] - 11, "longest": 10}, lock)
    assert take(path, "two")["run"] == "two"


def test_a_lock_whose_run_is_known_to_be_gone_is_replaced(path):
    take(path, "one")
    assert take(path, "two", replace="three")["run"] == "one", "another run may have taken it meanwhile"
    assert take(path, "two", replace="one")["run"] == "two"


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": 1}', '{"run": "a", "what": "b", "who": "c", "since": "x", "longest": 1}'])
def test_a_damaged_file_is_no_lock(path, text):
    with open(path, "w", encoding="utf-8") as lock:
        lock.write(text)
    assert _run_lock.read(path) is None
    assert take(path, "one")["run"] == "one"


def test_no_link_and_no_fifo_is_followed(tmp_path, path):
    (tmp_path / "secret").write_text(json.dumps({"run": "a"}), encoding="utf-8")
    os.symlink(tmp_path / "secret", path)
    assert _run_lock.read(path) is None
    os.unlink(path)
    os.mkfifo(path)
    assert _run_lock.read(path) is None


# Reads lines of a path and the seconds to wait, and prints whether it got the lock there.
RUN = """
import sys
from ansible_collections.eucalyptus.ha.plugins.module_utils import _run_lock
print("ready", flush=True)
for line in sys.stdin:
    path, wait = line.split()
    got = _run_lock.acquire(sys.argv[1], "deploy", "root at control", 3600, path=path, wait=float(wait))
    print(got["run"] == sys.argv[1], flush=True)
"""


@contextlib.contextmanager
def runs(*names):
    """Runs in processes of their own. Not forks of this one: a child of many threads has their locks, as they were."""
    with contextlib.ExitStack() as stack:
        environment = dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path))
        pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "universal_newlines": True}
        found = [
            stack.enter_context(subprocess.Popen([sys.executable, "-c", RUN, name], env=environment, **pipes)) for name in names
        ]
        for one in found:
            stack.callback(one.stdin.close)
            assert one.stdout.readline() == "ready\n"
        yield found


def start(run, path, wait=0):
    run.stdin.write("{} {}\n".format(path, wait))
    run.stdin.flush()


def test_of_many_that_start_together_exactly_one_gets_it(tmp_path):
    with runs("a", "b", "c", "d") as together:
        for attempt in range(20):
            for run in together:
                start(run, str(tmp_path / "lock{}".format(attempt)))
            assert sorted(run.stdout.readline() for run in together) == ["False\n"] * 3 + ["True\n"]


def test_a_waiting_run_gets_it_when_the_other_ends(path):
    take(path, "one")
    with runs("two") as (two,):
        start(two, path, wait=60)
        _run_lock.release("one", path)
        assert two.stdout.readline() == "True\n"
