# SPDX-License-Identifier: GPL-3.0-or-later
"""The lock by which runs exclude each other: one gets it, a stale one is replaced, nobody gives back what is not his."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes", allow_module_level=True)

import json
import multiprocessing
import os

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


def _race(path, run, barrier, results):
    barrier.wait()
    results.put(take(path, run)["run"] == run)


def test_of_many_that_start_together_exactly_one_gets_it(tmp_path):
    context = multiprocessing.get_context("fork")
    for attempt in range(20):
        path, barrier, results = str(tmp_path / "lock{}".format(attempt)), context.Barrier(4), context.Queue()
        runs = [context.Process(target=_race, args=(path, "run{}".format(number), barrier, results), daemon=True) for number in range(4)]
        for run in runs:
            run.start()
        assert sorted(results.get(timeout=60) for _run in runs) == [False, False, False, True]
        for run in runs:
            run.join()


def test_a_waiting_run_gets_it_when_the_other_ends(path):
    take(path, "one")
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    waiting = context.Process(target=lambda: results.put(take(path, "two", wait=60)["run"]), daemon=True)
    waiting.start()
    _run_lock.release("one", path)
    assert results.get(timeout=60) == "two"
    waiting.join()
