# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of the fault suite, its lab, and the table that it leaves."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import pytest
from lab import REPO, Lab

sys.path.insert(0, str(Path(__file__).parent))

import catalogue
import table
from cluster import Cluster
from stage import Stage

RESULTS = REPO / "build" / "faults"
OUTCOMES = pytest.StashKey[list]()


def pytest_addoption(parser):
    group = parser.getgroup("faults")
    group.addoption("--fault-runs", type=int, default=1, help="how often each fault is played (%(default)s)")
    group.addoption(
        "--all-faults", action="store_true", help="all faults and settings, not the short set at the defaults"
    )
    group.addoption("--fault-lab", help="name of a lab that is up and has the gateway; it is left as it is")
    group.addoption("--fault-deployed", help="the setting that this lab has already (default, release, state_file)")
    group.addoption("--fault-docs", action="store_true", help="write docs/faults.md, besides build/faults/")
    group.addoption(
        "--fault-continue", action="store_true",
        help="play only what build/faults/outcomes.json does not have, or has with trouble; the tables have both",
    )  # fmt: skip
    group.addoption(
        "--fault-slack", type=float, default=0.0, metavar="SECONDS",
        help="what a busy machine may add to each limit (%(default)s)",
    )  # fmt: skip


def pytest_configure(config):
    config.stash[OUTCOMES] = _good_before(config.getoption("--fault-runs")) if config.getoption("--fault-continue") else []


def _good_before(runs: int) -> list[dict]:
    """What earlier runs measured of the faults that had no trouble and were played often enough; the others are played again."""
    before = RESULTS / "outcomes.json"
    if not before.exists():
        raise pytest.UsageError(f"--fault-continue: there is no {before.relative_to(REPO)} to go on from")
    found = json.loads(before.read_text(encoding="utf-8"))["outcomes"]
    good = []
    for setting in catalogue.SETTINGS:
        for fault in catalogue.of_setting(setting):
            own = [one for one in found if (one["setting"], one["fault"]) == (setting, fault.name)]
            wanted = len(fault.steps) * (1 if fault.once else runs)
            if len(own) >= wanted and not any(one["trouble"] for one in own):
                good += own
    return good


def pytest_generate_tests(metafunc):
    if "fault" not in metafunc.fixturenames:
        return
    config = metafunc.config
    settings = list(catalogue.SETTINGS) if config.getoption("--all-faults") else ["default", "release"]
    cases = [
        (setting, fault)
        for setting in settings
        for fault in catalogue.of_setting(setting)
        # Of the short set only what differs is played with the other setting.
        if config.getoption("--all-faults") or (fault.short and (setting == "default" or fault.name == "none-enabled"))
    ]
    there = {(one["setting"], one["fault"]) for one in config.stash[OUTCOMES]}
    cases = [(setting, fault) for setting, fault in cases if (setting, fault.name) not in there]
    params = [pytest.param(setting, fault, id=f"{setting}-{fault.name}") for setting, fault in cases]
    # The tables are then written from what there is.
    nothing = pytest.param("default", None, id="nothing", marks=pytest.mark.skip(reason="--fault-continue: nothing is left to be played"))
    metafunc.parametrize(("setting", "fault"), params or [nothing], indirect=["setting"], scope="session")


@pytest.fixture(scope="session")
def stage(pytestconfig):
    given = pytestconfig.getoption("--fault-lab")
    lab = Lab(given or "faults")
    if not given:
        lab.down()
        lab.up(os.environ.get("LAB_RELEASE", "bookworm"))
    try:
        cluster = Cluster(lab)
        built = Stage(cluster)
        built.be_like_a_real_host()
        if not given:
            for playbook in ("gateway", "nc_route"):
                done = cluster.play(playbook)
                assert done.status == 0, done.output
        yield built
        if given:
            built.make_well()
    finally:
        if not given:
            lab.down()


@pytest.fixture(scope="session")
def setting(request, stage, pytestconfig):
    """The gateway deployed with that setting, on hosts that are well."""
    stage.make_well()
    if request.param == pytestconfig.getoption("--fault-deployed"):
        return request.param
    stage.unit(request.param == "el-unit")
    variables = catalogue.SETTINGS[request.param]
    done = stage.cluster.play("gateway", "-e", json.dumps(variables))
    assert done.status == 0, done.output
    return request.param


@pytest.fixture
def keep(pytestconfig):
    outcomes = pytestconfig.stash[OUTCOMES]
    yield outcomes.append
    # After each fault: a run of hours that is stopped goes on with --fault-continue.
    _write("outcomes.json", json.dumps({"machine": table.machine(), "outcomes": outcomes}, indent=1) + "\n")


def _write(name, text):
    RESULTS.mkdir(parents=True, exist_ok=True)
    (RESULTS / name).write_text(text, encoding="utf-8")


def pytest_sessionfinish(session):
    order = [(setting, fault.name) for setting in catalogue.SETTINGS for fault in catalogue.of_setting(setting)]
    outcomes = session.config.stash.get(OUTCOMES, [])
    outcomes.sort(key=lambda one: order.index((one["setting"], one["fault"])))
    if not outcomes or session.config.option.collectonly:
        return
    text = table.page(outcomes, table.machine())
    _write("faults.md", text)
    if session.config.getoption("--fault-docs"):
        (REPO / "docs" / "faults.md").write_text(text, encoding="utf-8")


def pytest_terminal_summary(terminalreporter, config):
    outcomes = config.stash.get(OUTCOMES, [])
    if outcomes:
        terminalreporter.write_sep("=", f"faults ({RESULTS.relative_to(REPO)}/faults.md)")
        for line in table.rows(outcomes):
            terminalreporter.write_line(line)
