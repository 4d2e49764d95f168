# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks status and drill, run by Ansible itself with hosts on which nothing can be run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

REPO = Path(__file__).resolve().parents[4]
# Nothing runs there: it counts as a host that gives no answer.
DEAD = {"ansible_connection": "local", "ansible_python_interpreter": "/nonexistent/python", "ansible_become": False}


def inventory(names: tuple[str, ...] = ("eucalyptus",), **variables: Any) -> dict[str, Any]:
    """Clusters with two controllers and a node controller each; variables are those of the controllers."""
    children: dict[str, Any] = {}
    for number, name in enumerate(names, 1):
        children[f"{name}_cc"] = {
            "hosts": {f"{name}-cc{host}": {"ansible_host": f"192.0.{number}.{host}"} for host in (1, 2)},
            "vars": {"cc_gateway_nc_group": f"{name}_nc", "cc_gateway_vip": f"192.0.{number}.10", **variables},
        }
        children[f"{name}_nc"] = {"hosts": {f"{name}-nc1": {}}}
    return {"all": {"vars": DEAD, "children": children}}


class Run:
    """A run of ansible-playbook: exit status, output as one line, and the verdicts if there are any."""

    def __init__(self, where: Path, playbook: list[dict[str, Any]] | str, hosts: dict[str, Any], *arguments: str, **extra: Any) -> None:
        report = where / "verdicts.json"
        report.unlink(missing_ok=True)
        (where / "inventory.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
        (where / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
        name = playbook if isinstance(playbook, str) else "play.yml"
        words = [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", name, *arguments]
        done = subprocess.run(
            [*words, "-e", json.dumps({"cc_gateway_status_json": str(report), **extra})],
            cwd=where,
            env={
                **os.environ,
                "ANSIBLE_COLLECTIONS_PATH": str(REPO / ".cache" / "collections"),
                "ANSIBLE_LOCALHOST_WARNING": "false",
                "ANSIBLE_CONFIG": str(REPO / "tests" / "lab" / "ansible.cfg"),
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        self.status, self.lines = done.returncode, (done.stdout + done.stderr).splitlines()
        self.output = " ".join((done.stdout + done.stderr).split())
        self.verdicts = json.loads(report.read_text(encoding="utf-8")) if report.exists() else []


STATUS, DRILL = "eucalyptus.ha.status", "eucalyptus.ha.drill"


def test_several_clusters_in_one_run_and_nothing_of_an_earlier_one(tmp_path: Path) -> None:
    """A status run after another one in the same run of ansible-playbook, as a drill's, must not report what that one found."""
    hosts = inventory(("one", "two"))
    fact = {"vips": [{"vip": "192.0.1.10", "held": True}]}
    earlier = [
        {
            "hosts": "one_cc",
            "gather_facts": False,
            "tasks": [
                {
                    "name": "What an earlier run leaves behind",
                    "ansible.builtin.set_fact": {
                        "__cc_gateway_status_host": {"vip_fact": fact, "answer": {"local_state": "ENABLED"}},
                        "__cc_gateway_status_plan": {"errors": ["old"]},
                    },
                }
            ],
        },
        {"import_playbook": STATUS},
    ]
    # With a blank behind the comma, as people write it into a survey.
    run = Run(tmp_path, earlier, hosts, cc_gateway_clusters="one_cc, two_cc", nc_route_group="one_nc, two_nc")
    assert run.status == 2, run.output
    assert [one["cluster"] for one in run.verdicts] == ["one_cc", "two_cc"]
    assert all(one["enabled"] == [] and one["verdict"] == "unknown" for one in run.verdicts)


def test_a_host_that_failed_earlier_in_the_run_is_not_reported_as_an_earlier_status_had_it(tmp_path: Path) -> None:
    fact = {"vips": [{"vip": "192.0.1.10", "held": True}]}
    earlier = [
        {
            "hosts": "eucalyptus_cc",
            "gather_facts": False,
            "tasks": [
                {
                    "name": "What an earlier run leaves behind",
                    "ansible.builtin.set_fact": {
                        "__cc_gateway_status_host": {"vip_fact": fact, "answer": {"local_state": "ENABLED"}}
                    },
                },
                {"name": "Fail", "ansible.builtin.fail": {"msg": "x"}, "when": "inventory_hostname == 'eucalyptus-cc1'"},
            ],
        },
        {"import_playbook": STATUS},
    ]
    (verdict,) = Run(tmp_path, earlier, inventory()).verdicts
    assert (verdict["holders"], verdict["enabled"]) == ([], [])
    assert verdict["rows"][0]["error"] == "it failed earlier in this run"


def test_a12_a_host_that_gives_no_answer_is_a_line_of_the_report_with_the_reason(tmp_path: Path) -> None:
    run = Run(tmp_path, STATUS, inventory(), cc_gateway_clusters="eucalyptus_cc")
    (verdict,) = run.verdicts
    assert "could not be reached (" in verdict["sentence"]
    assert "/nonexistent/python" in verdict["rows"][0]["error"]
    assert "\\r" not in verdict["sentence"]


def test_a12_a_host_that_hangs_is_given_up_and_is_not_called_outside_limit(tmp_path: Path) -> None:
    """A frozen host's connection stays open, and Ansible takes a task that timed out for failed whatever failed_when is."""
    interpreter = tmp_path / "python"
    interpreter.write_text("#!/bin/sh\nexec sleep 20\n", encoding="utf-8")
    interpreter.chmod(0o755)
    hosts = inventory()
    hosts["all"]["children"]["eucalyptus_cc"]["hosts"]["eucalyptus-cc2"]["ansible_python_interpreter"] = str(interpreter)
    run = Run(tmp_path, STATUS, hosts, cc_gateway_ask_timeout=2)
    second = run.verdicts[0]["rows"][1]
    assert (second["asked"], second["reachable"]) == (True, False)
    assert "imed out after 2 second" in second["error"]


@pytest.mark.parametrize(("fail_at", "status"), [("", 2), ("warning", 2), ("unknown", 2), ("critical", 0)])
def test_o5_the_threshold_is_a_gravity_by_name(tmp_path: Path, fail_at: str, status: int) -> None:
    run = Run(tmp_path, STATUS, inventory(), cc_gateway_status_fail_at=fail_at)
    assert (run.verdicts[0]["severity_name"], run.status) == ("unknown", status)


@pytest.mark.parametrize(
    ("options", "variables", "words"),
    [
        ({"cc_gateway_clusters": "eucalyptus_ccs"}, {}, "(got eucalyptus_ccs, which does not exist). Did you mean eucalyptus_cc?"),
        ({"nc_route_group": "nope"}, {}, "nc_route_group must be an inventory group with node controllers (got nope, which does"),
        ({"cc_gateway_status_fail_at": 3}, {}, "cc_gateway_status_fail_at must be warning, unknown or critical (got 3)."),
        ({}, {"cc_gateway_vip": None}, "cc_gateway_vip must be set for the hosts of eucalyptus_cc."),
        ({}, {"cc_gateway_vip": ["192.0.1.10"]}, "cc_gateway_vip must be an IP address"),
        ({"cc_gateway_status_htlm": "x"}, {}, "Did you mean cc_gateway_status_html?"),
    ],
)  # fmt: skip
def test_o3_o8_a7_what_does_not_fit_is_one_sentence_before_anything_is_asked(
    tmp_path: Path, options: dict[str, Any], variables: dict[str, Any], words: str
) -> None:
    run = Run(tmp_path, STATUS, inventory(**variables), **options)
    assert run.status == 2
    assert words in run.output
    assert "argument_spec" not in run.output
    assert "is undefined" not in run.output
    assert "Inspect the host" not in run.output
    assert len(run.lines) < 40, "not a page of it"


def test_o16_a_host_outside_limit_is_not_called_unreachable(tmp_path: Path) -> None:
    run = Run(tmp_path, STATUS, inventory(), "--limit", "eucalyptus-cc1")
    (verdict,) = run.verdicts
    assert "eucalyptus-cc2 was not queried (outside --limit)" in verdict["sentence"]
    assert "eucalyptus-cc1 could not be reached" in verdict["sentence"]
    assert [row["asked"] for row in verdict["rows"]] == [True, False]


def test_o16_a_run_for_a_node_controller_alone_reports_too(tmp_path: Path) -> None:
    run = Run(tmp_path, STATUS, inventory(), "--limit", "eucalyptus-nc1")
    assert run.status == 2
    assert "eucalyptus-cc1 and eucalyptus-cc2 were not queried (outside --limit)" in run.verdicts[0]["sentence"]


def test_o20_a9_a_drill_that_does_not_start_says_so_in_its_last_line(tmp_path: Path) -> None:
    run = Run(tmp_path, DRILL, inventory(), drill_confirm=True, nc_route_group="eucalyptus_nc")
    assert run.status == 2
    last = run.output.rpartition("TASK [")[2]
    assert "Drill not started, nothing was moved: Cannot determine whether node controllers have the right gateway" in last
    assert "(here:" not in run.output
    assert "Fail if a gateway needs attention" not in last


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"drill_trigger": "cable"}, "drill_trigger must be one of operator, keepalived, maintenance, command (got 'cable')."),
        ({"cc_gateway_clusters": "nope"}, "The inventory group nope must have two hosts for a drill"),
        ({"drill_observer": "nc9"}, "drill_observer must be a host of the inventory, or empty (got 'nc9')."),
        ({"drill_limit_takover": 0.5}, "drill_limit_takover is not an option of this role. Did you mean drill_limit_takeover?"),
        ({"drill_limits": {"gapp": 1}}, "drill_limits.gapp is not an option of this role. Did you mean drill_limits.gap?"),
        ({"drill_limits": {"gap": "wide"}}, "drill_limits.gap must be a number (got 'wide')."),
        ({"drill_times": 3}, "drill_times must be a dictionary (got 3)."),
        ({"drill_confirm": False}, "To run it, add -e drill_confirm=true"),
    ],
)
def test_o20_only_the_unmet_condition_of_a_drill_is_named(tmp_path: Path, options: dict[str, Any], words: str) -> None:
    run = Run(tmp_path, DRILL, inventory(), **{"drill_confirm": True, **options})
    assert run.status == 2
    said = run.output.partition("Drill not started, nothing was moved")[2].partition("PLAY RECAP")[0]
    assert words in said
    assert sum(f"{name} must" in said for name in ("drill_trigger", "drill_observer", "cc_gateway_vip", "drill_command")) <= 1


def test_a_drill_has_all_its_settings_when_some_are_given(tmp_path: Path) -> None:
    settings = ["__drill_waiting | int", "__drill_longest | int", "__drill_directory"]
    shown = ["__drill_options.limits", *settings, "__drill_options.report.picture"]
    role = REPO / "roles" / "drill"
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars_files": [str(role / "defaults" / "main.yml"), str(role / "vars" / "main.yml")],
        "tasks": [{"ansible.builtin.copy": {"dest": str(tmp_path / "shown"), "content": f"{{{{ [{', '.join(shown)}] | to_json }}}}"}}],
    }
    local = {"ansible_connection": "local", "ansible_python_interpreter": sys.executable}
    given = {"drill_limits": {"gap": 1}, "drill_times": {"record": 2}, "drill_report": {"picture": False}, **local}
    run = Run(tmp_path, [play], inventory(), **given)
    assert run.status == 0, run.output
    limits = {"gap": 1, "gap_beyond": 0.5, "overlap": 0.3}
    found = json.loads((tmp_path / "shown").read_text(encoding="utf-8"))
    assert found == [limits, 30, 30 + 30 + 4 * 2 + 120, os.environ.get("PWD", "") + "/drills", False]
