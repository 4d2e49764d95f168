# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tasks and variables of cc_gateway make of facts, groups and names: run by Ansible itself, without a host.

Not in the folder of the check: the mutation run of the check runs what is there, for each mutant.
"""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _gateway_settings, _role_options

REPO = Path(__file__).resolve().parents[4]
# Nothing runs there: it counts as a host that gives no answer.
DEAD = {"ansible_connection": "local", "ansible_python_interpreter": "/nonexistent/python", "ansible_become": False}


def inventory() -> dict[str, Any]:
    """Two clusters, as docs/inventory.md has them."""
    children: dict[str, Any] = {}
    for name in ("one", "two"):
        children[f"{name}_cc"] = {
            "hosts": {f"{name}-cc1": {"ansible_host": "192.0.2.1"}, f"{name}-cc2": {"ansible_host": "192.0.2.2"}},
            "vars": {
                "cc_gateway_group": f"{name}_cc",
                "cc_gateway_nc_group": f"{name}_nc",
                "cc_gateway_vip": "192.0.2.10",
            },
        }
        children[f"{name}_nc"] = {
            "hosts": {f"{name}-nc1": {}, f"{name}-nc2": {}},
            "vars": {"nc_route_vip": "192.0.2.10", "cc_gateway_group": f"{name}_cc"},
        }
    return {"all": {"vars": DEAD, "children": children}}


def play(where: Path, playbook: list[dict[str, Any]], hosts: dict[str, Any], extra: dict[str, Any]) -> str:
    (where / "inventory.yml").write_text(yaml.safe_dump(hosts), encoding="utf-8")
    (where / "play.yml").write_text(yaml.safe_dump(playbook, sort_keys=False), encoding="utf-8")
    run = subprocess.run(
        [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", "play.yml", "-e", json.dumps(extra)],
        cwd=where,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(REPO / ".cache" / "collections"),
            "ANSIBLE_LOCALHOST_WARNING": "false",
        },
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    return run.stdout


@pytest.mark.parametrize(
    ("told", "restored", "stranded"),
    [
        ({"nc_route_group": "one_nc,two_nc"}, {"one-nc1", "two-nc1", "two-nc2"}, ["one-nc2"]),
        ({"nc_route_group": "one_nc, two_nc"}, {"two-nc1", "two-nc2"}, ["one-nc1", "one-nc2"]),
        # The other cluster's are not this one's business.
        ({"nc_route_group": "one_nc,two_nc"}, {"one-nc1", "one-nc2"}, []),
        # Nor does it help that the playbook was not told of them.
        ({"nc_route_group": "two_nc"}, {"two-nc1", "two-nc2"}, ["one-nc1", "one-nc2"]),
        ({}, {"one-nc1"}, ["one-nc2"]),
        # A site that names its group to the playbooks alone.
        ({"nc_route_group": "one_nc", "cc_gateway_nc_group": "eucalyptus_nc"}, {"one-nc1"}, ["one-nc2"]),
    ],
)
def test_who_would_be_left_without_a_way_out(
    tmp_path: Path, told: dict[str, str], restored: set[str], stranded: list[str]
) -> None:
    hosts = inventory()
    for group in ("one_nc", "two_nc"):
        for name, settings in hosts["all"]["children"][group]["hosts"].items():
            if name in restored:
                settings["nc_route_restored"] = True
    look = [
        {
            "hosts": "one-cc1",
            "gather_facts": False,
            "vars_files": [str(REPO / "roles/cc_gateway/vars/remove.yml")],
            "tasks": [{"ansible.builtin.debug": {"msg": "stranded={{ __cc_gateway_stranded | sort | to_json }}."}}],
        }
    ]
    assert f"stranded={json.dumps(stranded)}." in play(tmp_path, look, hosts, told).replace('\\"', '"')


@pytest.mark.parametrize(
    ("role", "words", "variable", "times"),
    [
        ("cc_gateway", r"/etc/keepalived/keepalived\.conf", "keepalived_config_file", 1),
        # Once for the unit, once for the package.
        (
            "cc_gateway",
            r"name: keepalived$|keepalived\.service|unit=keepalived|'keepalived'",
            "keepalived_service_name",
            2,
        ),
        ("drill", r"name: keepalived$|keepalived\.service|systemctl \w+ keepalived", "keepalived_service_name", 0),
    ],
)
def test_a_name_that_role_keepalived_may_be_told_otherwise_stands_where_that_is_asked(
    role: str, words: str, variable: str, times: int
) -> None:
    said = [
        f"{file.relative_to(REPO)}:{number}"
        for folder in ("tasks", "vars")
        for file in sorted((REPO / "roles" / role / folder).glob("*.yml"))
        for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1)
        if re.search(words, line)
    ]
    assert len(said) == times, f"{variable} may name another: " + ", ".join(said)


# --- what the site has in keepalived_config ---

MAIL = {"global_defs": {"notification_email": ["root@example.org"], "smtp_server": "192.0.2.25", "router_id": "mine"}}
INSTANCE = {"vrrp_instance": {"site": {"state": "BACKUP"}}}


def task_of(file: str, name: str) -> dict[str, Any]:
    tasks = yaml.safe_load((REPO / "roles/cc_gateway/tasks" / file).read_text(encoding="utf-8"))
    return next(task for task in [*tasks, *(task for block in tasks for task in block.get("block", []))] if task["name"] == name)


def test_mail_that_the_site_has_in_keepalived_config_is_in_the_configuration_deployed(tmp_path: Path) -> None:
    given = {"cc_gateway_vip": "192.0.2.10", "cc_gateway_controller": {"user": "eucalyptus"}}
    options = _role_options.read_options(
        _role_options.load_specs("cc_gateway")["argument_specs"]["main"]["options"], given, lambda value: value
    )[0]
    members = {"one-cc1": {"ansible_host": "192.0.2.1"}, "one-cc2": {"ansible_host": "192.0.2.2"}}
    settings = _gateway_settings.Settings(
        options, {}, _gateway_settings.Inventory("one-cc1", "one_cc", members, {}), _gateway_settings.Host({"eth0": []}, "/usr/bin/python3")
    )
    variables = {
        "__cc_gateway": {"composition": settings.composition, "keepalived_version": "2.2.7"},
        "__cc_gateway_run_hosts": ["one-cc1"],
        "cc_gateway_auth_pass": "",
        "cc_gateway_further": [],
        "keepalived_config": MAIL | INSTANCE,
        "keepalived_secure_logging": False,
    }
    shown = {"ansible.builtin.debug": {"msg": "composed={{ __cc_gateway_composed | to_json | b64encode }}."}}
    compose = task_of("main.yml", "Compose keepalived's configuration from the site's entries and ours")
    output = play(tmp_path, [{"hosts": "one-cc1", "gather_facts": False, "vars": variables, "tasks": [compose, shown]}], inventory(), {})
    found = re.search(r"composed=([\w+/=]+)", output)
    assert found, output
    composed = json.loads(base64.b64decode(found[1]))
    assert composed["global_defs"] | MAIL["global_defs"] == composed["global_defs"]
    assert composed["global_defs"]["notification_email_from"] == "keepalived@one-cc1"
    assert composed["vrrp_instance"]["eucalyptus"]["smtp_alert"] is True
    assert composed["vrrp_instance"]["site"] == INSTANCE["vrrp_instance"]["site"]


@pytest.mark.parametrize(
    ("site", "entries"),
    [
        ({}, []),
        ("", []),
        # Settings of the others: nothing that keepalived could do without the gateway.
        (MAIL, []),
        (MAIL | INSTANCE, ["vrrp_instance"]),
        ({"virtual_server": {"192.0.2.7 80": {}}, "include": ["/etc/keepalived/more.conf"]}, ["virtual_server", "include"]),
    ],
)
def test_what_of_the_site_needs_keepalived_without_the_gateway(tmp_path: Path, site: Any, entries: list[str]) -> None:
    play_ = {
        "hosts": "one-cc1",
        "gather_facts": False,
        "vars": {"keepalived_config": site},
        "vars_files": [str(REPO / "roles/cc_gateway/vars/main.yml")],
        "tasks": [{"ansible.builtin.debug": {"msg": "entries={{ __cc_gateway_site_entries | to_json }}."}}],
    }
    assert f"entries={json.dumps(entries)}." in play(tmp_path, [play_], inventory(), {}).replace('\\"', '"')


def test_a_removal_decides_by_these_alone() -> None:
    """The three places: whether the package may go, whether the rest of the configuration stays, whether keepalived ends."""
    conditions = [
        str(task_of(file, name)["when" if file == "remove_keepalived.yml" else "ansible.builtin.assert"])
        for file, name in (
            ("remove_ask.yml", "Fail if the site's own entries need keepalived"),
            ("remove_keepalived.yml", "Keep the site's own entries"),
            ("remove_keepalived.yml", "Remove keepalived's service and configuration"),
        )
    ]
    assert all("__cc_gateway_site_entries | length" in condition for condition in conditions), conditions


@pytest.mark.parametrize(
    ("waiting", "incompatible", "strategy"),
    [
        (["nothing", "nothing"], [], "nothing"),
        (["in_turn", "in_turn"], [], "in_turn"),
        (["in_turn", "nothing"], [], "in_turn"),
        # The first start of a pair; one that comes to a pair that runs waits for its turn.
        (["start", "start"], [], "together"),
        (["start", "nothing"], [], "in_turn"),
        (["start", "in_turn"], [], "in_turn"),
        (["together", "together"], [], "together"),
        (["together", "nothing"], [], "together"),
        # What keepalived runs with differs from what was written before.
        (["in_turn", "in_turn"], ["eucalyptus: interface eth0 → eth1"], "together"),
        (["nothing", "nothing"], ["eucalyptus: interface eth0 → eth1"], "nothing"),
    ],
)
def test_a_pair_loads_a_change_together_or_in_turn(tmp_path: Path, waiting: list[str], incompatible: list[str], strategy: str) -> None:
    hosts = {"one-cc1": waiting[0], "one-cc2": waiting[1]}
    facts = {"keepalived_waiting": "{{ known[inventory_hostname] }}", "__cc_gateway": {"incompatible": incompatible}}
    play_ = {
        "hosts": "one-cc1,one-cc2",
        "gather_facts": False,
        "vars": {"cc_gateway_group": "one_cc"},
        "vars_files": [str(REPO / "roles/cc_gateway/vars/main.yml")],
        "tasks": [
            {"ansible.builtin.set_fact": facts, "vars": {"known": hosts}},
            {"ansible.builtin.debug": {"msg": "strategy={{ __cc_gateway_strategy }}."}},
        ],
    }
    assert play(tmp_path, [play_], inventory(), {}).count(f"strategy={strategy}.") == 2


def test_parts_of_a_deployment_have_tags_and_the_lock_is_in_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory()), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(REPO / ".cache" / "collections")}
    command = [sys.executable, "-m", "ansible", "playbook", "-i", "inventory.yml", "eucalyptus.ha.gateway", "--list-tasks", "-e",
               "cc_gateway_clusters=one_cc"]  # fmt: skip
    listed = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=True).stdout
    tags = {found[1]: found[2].split(", ") for found in re.finditer(r"^ +(?:\S+ : )?(\S.*?)\tTAGS: \[(.*)\]$", listed, re.MULTILINE)}
    always = {name for name, of in tags.items() if of == ["always"]}
    assert always == {
        "Lock this host against other runs", "Lock the cluster's hosts that are outside this run", "Fail if another run is under way",
        "Validate the settings and inspect the host",
    }  # fmt: skip
    assert {tag for of in tags.values() for tag in of} == {"", "always", "install", "config", "apply", "verify"}
    assert task_of("main.yml", "Deploy the gateway")["always"][0]["tags"] == "always"
