# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbooks nc_route and remove end with an error where their group of node controllers is none; no host is connected to."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
NOWHERE = {"ansible_connection": "ansible.builtin.ssh", "ansible_host": "127.0.0.1", "ansible_port": 9, "ansible_ssh_retries": 0}


def play(tmp_path, name, *arguments, nodes="eucalyptus_nc", **variables):
    inventory = {
        "all": {
            "vars": variables,
            "children": {
                "eucalyptus_cc": {"hosts": {"cc1": NOWHERE}, "vars": {"cc_gateway_vip": "10.0.0.10"}},
                nodes: {"hosts": {"nc1": NOWHERE}},
                "empty_nc": {"hosts": {}},
            },
        }
    }
    path = tmp_path / "inventory.yml"
    path.write_text(yaml.safe_dump(inventory), encoding="utf-8")
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", "-i", path, f"eucalyptus.ha.{name}", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections"),
            "ANSIBLE_CONFIG": str(ROOT / "tests" / "lab" / "ansible.cfg"),
            "ANSIBLE_NOCOLOR": "1",
        },
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


@pytest.mark.parametrize(
    ("name", "arguments", "what"),
    [
        ("nc_route", ["-e", "nc_route_group=empty_nc"], "(got empty_nc, which is empty)"),
        ("nc_route", ["-e", "nc_route_group=eucalyptus_nc,nope", "--limit", "cc1"], "(got nope, which does not exist)"),
        ("remove", ["-e", "nc_route_group=eucalyptus_mc"], "(got eucalyptus_mc, which does not exist). Did you mean eucalyptus_nc?"),
    ],
)
def test_o3_a_group_that_is_misspelt_or_empty_is_an_error(tmp_path, name, arguments, what):
    status, output = play(tmp_path, name, *arguments)
    assert status == 2, output
    assert what in output
    assert "nc1" not in output.partition("PLAY RECAP")[0].replace("inventory", ""), "nothing was tried on it"


def test_o3_a_group_that_is_named_in_the_inventory_is_not_used_and_that_is_an_error(tmp_path):
    status, output = play(tmp_path, "nc_route", nodes="my_nodes", nc_route_group="my_nodes")
    assert status == 2, output
    assert "(got eucalyptus_nc, which does not exist)" in output
    assert "-e nc_route_group=GROUP (in the inventory it has no effect)" in output


def test_an_empty_text_is_the_default_group(tmp_path):
    status, output = play(tmp_path, "nc_route", "-e", "nc_route_group=")
    assert status == 4, "unreachable"
    assert "UNREACHABLE" in output


def test_without_node_controllers_a_removal_names_none(tmp_path):
    _status, output = play(tmp_path, "remove", "-e", "nc_route_group=none", nodes="others")
    assert "nc_route_group must be" not in output
