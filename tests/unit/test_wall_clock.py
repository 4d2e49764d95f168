# SPDX-License-Identifier: GPL-3.0-or-later
"""Tests that use the date of this host must be marked, and what `make other-dates` does reaches every process."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree

import pytest

HERE = Path(__file__).resolve().parent
SETTINGS = f"""
[pytest]
addopts = --strict-markers --import-mode=importlib -p no:cacheprovider
pythonpath = {HERE.parents[1]}/.cache/collections
"""
TESTS = """
import datetime, subprocess, time
import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys
from ansible_collections.eucalyptus.ha.tests.unit import wall_clock

@pytest.fixture(scope="module")
def made():
    return time.time()

@pytest.fixture
@wall_clock.harmless("why")
def harmless():
    return time.time()

def test_time():
    assert time.time()
def test_gmtime():
    assert time.gmtime()
def test_strftime():
    assert time.strftime("%Y")
def test_now():
    assert datetime.datetime.now(datetime.timezone.utc)
def test_today():
    assert datetime.date.today()
def test_openssl():
    subprocess.run(["openssl", "req", "-help"], check=True)
def test_keys(tmp_path):
    keys.make_once(tmp_path)
def test_the_collection():
    assert _addresses.local_addresses(_addresses.links())
def test_first_of_a_fixture(made):
    pass
def test_second_of_a_fixture(made):
    pass

def test_of_a_harmless_fixture(harmless):
    pass
@pytest.mark.wall_clock
def test_marked():
    assert time.time()
@pytest.mark.today_only("why")
def test_left_out(made):
    assert time.time()
def test_no_use():
    assert time.gmtime(0).tm_year == 1970
    assert time.strftime("%Y", time.gmtime(0)) == "1970"
    made = datetime.datetime(2026, 11, 22)
    assert isinstance(made, datetime.datetime) and isinstance(made, datetime.date)
    assert type(made) is type(datetime.datetime.fromtimestamp(0))
    assert time.monotonic()
    subprocess.run(["openssl", "version"], check=True)
"""
USES = {
    "test_time": "time.time in ",
    "test_gmtime": "time.gmtime in ",
    "test_strftime": "time.strftime in ",
    "test_now": "datetime.now in ",
    "test_today": "date.today in ",
    "test_openssl": "openssl req",
    "test_keys": "cc_simulator.keys",
    "test_the_collection": "time.time in ",
    "test_first_of_a_fixture": "fixture made: time.time in ",
    "test_second_of_a_fixture": "fixture made: time.time in ",
}


def run(folder, tests):
    """pytest with the guard on these tests; its exit status and what failed: {test: message}."""
    (folder / "conftest.py").write_text((HERE / "conftest.py").read_text())
    (folder / "test_it.py").write_text(tests)
    (folder / "pytest.ini").write_text(SETTINGS)
    command = [sys.executable, "-m", "pytest", "-c", folder / "pytest.ini", "--rootdir", folder, "--junit-xml", folder / "out.xml", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    cases = ElementTree.parse(folder / "out.xml").iter("testcase") if (folder / "out.xml").exists() else []  # noqa: S314 (written by pytest)
    return done.returncode, {case.get("name"): case.find("failure").get("message") for case in cases if case.find("failure") is not None}


def test_uses_of_the_date_must_be_marked(tmp_path):
    status, failed = run(tmp_path, TESTS)
    assert status == pytest.ExitCode.TESTS_FAILED
    assert set(failed) == set(USES)
    for name, use in USES.items():
        assert failed[name].startswith("Failed: This test uses the date of this host ("), name
        assert use in failed[name], name


def test_a_reason_must_be_given(tmp_path):
    status, _failed = run(tmp_path, "import pytest\n@pytest.mark.today_only\ndef test_it():\n    pass\n")
    assert status == pytest.ExitCode.USAGE_ERROR


@pytest.mark.wall_clock
def test_children_have_the_date_of_this_process():
    """Those that start with a clean environment too."""
    told = subprocess.run(["date", "+%s"], env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=True).stdout
    assert abs(int(told) - time.time()) < 60


@pytest.mark.wall_clock
def test_sleeping_and_waiting_take_their_time():
    begun = time.monotonic()
    time.sleep(0.2)
    with pytest.raises(subprocess.TimeoutExpired):
        subprocess.run(["sleep", "60"], timeout=0.2, check=False)
    assert 0.4 <= time.monotonic() - begun < 50


@pytest.mark.wall_clock
@pytest.mark.parametrize("environment", [None, {"PATH": os.environ["PATH"]}], ids=["this one", "a clean one"])
def test_children_can_sleep(environment):
    subprocess.run([sys.executable, "-c", "import time; time.sleep(0.1)"], env=environment, check=True)
