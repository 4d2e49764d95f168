# SPDX-License-Identifier: GPL-3.0-or-later
"""drill.yml on the lab: consent, every trigger, both observers, limits that are missed, and a drill whose run is killed.

One story, in this order. The machine that runs the tests is shared: the limits are wide, except where one must be missed.
"""

from __future__ import annotations

import json
import os
import re
import signal

import pytest
from system_helpers import wait_for

WIDE = {"drill_limit_takeover": 20, "drill_limits": dict.fromkeys(("gap", "gap_beyond", "overlap"), 20)}
TIMER = "systemctl is-active --quiet eucalyptus-drill-restore.timer"


@pytest.fixture
def drill(deployed, tmp_path):
    """Runs a drill: its run, and its report if it wrote one."""

    def run(**variables):
        done = deployed.play("drill", "-e", json.dumps(settings(deployed, tmp_path, **variables)))
        return done, report_of(tmp_path)

    return run


def settings(deployed, directory, **variables):
    return {
        "drill_confirm": True,
        "drill_report": {"directory": str(directory / "drills"), "picture": False},
        "drill_beyond": [deployed.address["outside"]],
        "drill_times": {"record": 2},
        **WIDE,
        **variables,
    }


def report_of(directory):
    found = list((directory / "drills").glob("*.json"))
    return json.loads(found[0].read_text(encoding="utf-8"))["report"] if found else None


def as_before(deployed, holder="cc1"):
    """The VIP is back, keepalived runs and nothing of the drill is left."""
    wait_for(lambda: deployed.holders() == [holder])
    for host in ("cc1", "cc2"):
        assert deployed.status(host, "systemctl is-active --quiet keepalived") == 0
        assert deployed.status(host, TIMER) != 0
        assert deployed.status(host, "test -e /etc/eucalyptus-ha/maintenance") != 0
    for host in ("cc1", "cc2", "nc1"):
        assert deployed.sh(host, "ls -d /tmp/eucalyptus-drill-* 2>&1 || true").endswith("No such file or directory\n")


@pytest.mark.parametrize("arguments", [[], ["-e", "drill_confirm=true", "--check"]], ids=["no word", "check mode"])
def test_nothing_is_done_without_consent(deployed, arguments):
    run = deployed.play("drill", *arguments)
    assert run.status != 0
    assert "Drill not started, nothing was moved" in " ".join(run.output.split())
    assert "drill_confirm=true" in run.output
    as_before(deployed)


def test_a_wrong_trigger_is_told_before_anything_is_asked(deployed, drill):
    run, report = drill(drill_trigger="cable")
    assert run.status != 0
    assert "Drill not started, nothing was moved" in " ".join(run.output.split())
    words = " ".join(run.output.split())
    assert "drill_trigger must be one of operator, keepalived, maintenance, command (got 'cable')." in words
    assert "cc_gateway_vip" not in words, "only what is wrong"
    assert report is None
    as_before(deployed)


def test_a_misspelt_limit_is_told_and_not_taken_for_none(deployed, drill):
    run, report = drill(drill_limit_takover=0.5, drill_limits={"gapp": 1})
    assert run.status != 0
    assert "Drill not started, nothing was moved" in " ".join(run.output.split())
    assert "Did you mean drill_limit_takeover?" in " ".join(run.output.split())
    assert "drill_limits.gapp is not an option of this role. Did you mean drill_limits.gap?" in " ".join(run.output.split())
    assert report is None
    as_before(deployed)


@pytest.mark.parametrize("trigger", ["keepalived", "maintenance"])
def test_the_vip_goes_and_comes_back(deployed, drill, trigger):
    run, report = drill(drill_trigger=trigger)
    assert run.status == 0, run.output
    assert report["passed"]
    assert (report["from"], report["to"], report["observer"]) == ("cc1", "cc2", "nc1")
    assert 0 < report["takeover"] < 20
    assert 0 < report["back"]["returned"] < 30
    # keepalived writes its log beside what it does, so that a line may be an instant later than the deed.
    assert 0 < report["detection"] < report["takeover"] + 0.05
    vip, beyond = report["targets"]
    assert (vip["name"], beyond["name"]) == ("VIP", deployed.address["outside"])
    # Some 20 probes a second for the 2 s before the trigger at least.
    assert min(vip["sent"], beyond["sent"]) > 20
    assert vip["lost"] < vip["sent"] / 2
    # nc1 saw first the one, then the other, then the one answer for the VIP.
    answered = [one["host"] for one in sorted(report["answers"], key=lambda one: one["begin"])]
    assert answered[0] == "cc1"
    assert "cc2" in answered
    as_before(deployed)


def test_limits_too_tight_fail_by_so_much_and_all_is_put_back(deployed, drill):
    run, report = drill(drill_limit_takeover=0.001)
    assert run.status != 0
    assert not report["passed"]
    (missed,) = (limit for limit in report["limits"] if not limit["met"])
    assert missed["name"] == "takeover"
    assert missed["by"] == pytest.approx(missed["measured"] - 0.001)
    words = f"time until the other host holds the VIP: {missed['measured']:.2f} s, {missed['by']:.2f} s over the limit of 0.001 s"
    assert words in report["sentence"]
    assert re.sub(r"\s+", " ", run.output).count(words)
    as_before(deployed)


def test_the_picture_is_drawn(deployed, tmp_path):
    wanted = settings(deployed, tmp_path, drill_report={"directory": str(tmp_path / "drills")})
    run = deployed.play("drill", "-e", json.dumps(wanted))
    assert run.status == 0, run.output
    (png,) = (tmp_path / "drills").glob("*.png")
    (svg,) = (tmp_path / "drills").glob("*.svg")
    assert png.read_bytes().startswith(b"\x89PNG")
    assert "cc2" in svg.read_text(encoding="utf-8")
    as_before(deployed)


def test_from_the_control_node_where_no_node_controller_may_be_asked(deployed, drill):
    run, report = drill(drill_observer="localhost", drill_beyond=[])
    assert run.status == 0, run.output
    assert report["observer"] == "localhost"
    assert [target["name"] for target in report["targets"]] == ["VIP"]
    assert report["targets"][0]["sent"] > 20
    as_before(deployed)


def test_a_command_that_provokes_nothing_fails_the_drill(deployed, drill):
    run, report = drill(drill_trigger="command", drill_command=["true"], drill_times={"record": 2, "failover": 3})
    assert run.status != 0
    assert report["to"] is None
    assert f"no other host took over the VIP {deployed.vip} from cc1" in report["sentence"]
    as_before(deployed)


def under_way(deployed, words, tmp_path, **variables):
    return deployed.playing(words, "drill", "-e", json.dumps(settings(deployed, tmp_path, **variables)))


def test_an_operator_provokes_it_in_his_own_way(deployed, tmp_path):
    with under_way(deployed, "Now trigger the failover of", tmp_path, drill_trigger="operator") as process:
        deployed.flip("cc1", "cc2")
        rest = process.stdout.read()
    held = deployed.holders()
    deployed.flip("cc2", "cc1")
    assert process.wait() == 0, rest
    assert held == ["cc2"], "what the operator did is his to undo"
    report = report_of(tmp_path)
    assert (report["to"], report["back"]) == ("cc2", None)
    assert any("times are counted from the first sign of it" in note for note in report["notes"])
    as_before(deployed)


def test_when_the_run_is_killed_the_host_restores_itself(deployed, tmp_path):
    seconds = 3
    times = {"failover": seconds, "record": 1}
    with under_way(deployed, "Record the time of the trigger", tmp_path, drill_times=times) as process:
        os.killpg(process.pid, signal.SIGKILL)
    assert deployed.status("cc1", "systemctl is-active --quiet keepalived") != 0
    assert deployed.status("cc1", TIMER) == 0
    wait_for(lambda: deployed.holders() == ["cc2"])
    # 60 s more than the drill would have taken, and a second for the timer.
    wait_for(lambda: deployed.holders() == ["cc1"], seconds + 1 + 60 + 15)
    assert deployed.status("cc1", "systemctl is-active --quiet keepalived") == 0
    assert deployed.status("cc1", TIMER) != 0
