# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs exclude each other, and what is not asked for does not happen. On one lab, each test a step of the story."""

from __future__ import annotations

import json
import os
import signal
import subprocess

import pytest
from system_helpers import files, wait_for

LOCK = "/run/eucalyptus-ha.lock"
PENDING = "/run/eucalyptus.ha.keepalived.pending"
LEAVE = ["maintenance", "-e", "cc_gateway_maintenance=false"]


def words(text):
    return " ".join(text.split())


def locks(cluster):
    return [cluster.sh(host, f"cat {LOCK} 2>/dev/null || true") for host in ("cc1", "cc2")]


def test_o7_a1_maintenance_where_nothing_is_deployed_is_rejected_and_changes_nothing(cluster):
    before = {host: files(cluster, host) for host in ("cc1", "cc2")}
    for force in ("false", "true"):
        run = cluster.play("maintenance", "--limit", "cc1", "-e", f"cc_gateway_maintenance=true cc_gateway_maintenance_force={force}")
        assert run.status == 2, run.output
        assert "the gateway is not deployed on cc1" in words(run.output)
    assert {host: files(cluster, host) for host in ("cc1", "cc2")} == before
    assert locks(cluster) == ["", ""]


def test_a_run_locks_both_hosts_and_gives_them_back(deployed):
    with deployed.playing("Validate the settings and inspect the host", "gateway"):
        found = [json.loads(text) for text in locks(deployed)]
        assert [lock["what"] for lock in found] == ["deploy", "deploy"]
    # It was killed: its locks are left, and the next run of this control node knows that it is gone.
    assert "" not in locks(deployed)
    run = deployed.play(*LEAVE)
    assert run.status == 0, run.output
    assert locks(deployed) == ["", ""]


def test_a3_status_reports_a_run_that_is_under_way_and_does_not_alarm(deployed):
    with deployed.playing("Validate the settings and inspect the host", "gateway") as first:
        os.killpg(first.pid, signal.SIGSTOP)
        run = deployed.play("status")
    assert run.status == 0, run.output
    assert "eucalyptus.ha.gateway is in progress on" in words(run.output)
    assert deployed.play(*LEAVE).status == 0


def test_a_change_is_written_in_one_run_and_loaded_in_another(deployed):
    change = ("-e", json.dumps({"cc_gateway_vrrp": {"garp_master_delay": 3}}))
    run = deployed.play("gateway", "--tags", "config", *change)
    assert run.status == 0, run.output
    for host in ("cc1", "cc2"):
        assert "garp_master_delay 3" in deployed.sh(host, "cat /etc/keepalived/keepalived.conf")
        assert deployed.status(host, f"test -e {PENDING}") == 0, "keepalived has not loaded it"
    run = deployed.play("gateway", "--tags", "apply", *change)
    assert run.status == 0, run.output
    assert "Load the new configuration on cc2" in run.output
    assert "Write the configuration" not in run.output
    assert [deployed.status(host, f"test -e {PENDING}") for host in ("cc1", "cc2")] == [1, 1]
    assert deployed.holders() == ["cc1"]
    # And back, in one.
    assert deployed.play("gateway").status == 0


@pytest.mark.parametrize(
    ("playbook", "arguments"),
    [
        ("gateway", []),
        ("gateway", ["--limit", "cc2"]),
        ("maintenance", ["--limit", "cc2", "-e", "cc_gateway_maintenance=true"]),
        ("drill", ["-e", "drill_confirm=true"]),
        ("nc_route", ["-e", "nc_route_state=absent"]),
        ("remove", ["-e", "cc_gateway_remove_confirm=true"]),
    ],
)
def test_a2_a_second_run_ends_at_once_with_who_what_and_since_when(deployed, playbook, arguments):
    with deployed.playing("Validate the settings and inspect the host", "gateway") as first:
        # It stands still, so that it is at work however long the other takes to begin.
        os.killpg(first.pid, signal.SIGSTOP)
        run = deployed.play(playbook, *arguments)
        assert first.poll() is None, "the first run has to be at work still"
    assert run.status != 0, run.output
    said = words(run.output)
    assert "eucalyptus.ha.gateway is" in said, run.output
    assert "started by" in said, run.output
    assert deployed.play(*LEAVE).status == 0
    assert deployed.holders() == ["cc1"]


def test_the_lock_of_another_control_node_is_broken_on_request_only(deployed):
    lock = {"run": "elsewhere/0/1:1:1", "what": "drill", "who": "ops at elsewhere", "since": 0, "longest": 3600}
    for host in ("cc1", "cc2"):
        lock["since"] = float(deployed.sh(host, "date +%s"))
        deployed.lab.exec(host, "sh", "-c", f"cat > {LOCK}", input=json.dumps(lock))
    run = deployed.play(*LEAVE)
    assert run.status != 0
    assert "eucalyptus.ha.drill is under way, started by ops at elsewhere" in words(run.output)
    assert "cc_gateway_break_lock=true" in words(run.output)
    run = deployed.play(*LEAVE, "-e", "cc_gateway_break_lock=true")
    assert run.status == 0, run.output
    assert locks(deployed) == ["", ""]


def test_o22_of_two_runs_started_in_the_same_second_exactly_one_goes_on(deployed):
    command = deployed._command(*LEAVE)
    excluded = 0
    for attempt in range(20):
        runs = [subprocess.Popen(**command) for _dummy in range(2)]
        outputs = [run.communicate()[0] for run in runs]
        blocked = ["is under way, started by" in words(output) for output in outputs]
        # One may be over before the other begins: then both went on, one after the other, and nothing excluded anything.
        assert sorted(run.returncode == 0 for run in runs) in ([False, True], [True, True]), (attempt, outputs)
        assert [run.returncode != 0 for run in runs] == blocked, (attempt, outputs)
        excluded += sum(blocked)
        assert locks(deployed) == ["", ""], attempt
    assert excluded >= 15, "they have to meet, or this test shows nothing"
    wait_for(lambda: deployed.holders() == ["cc1"])
