# SPDX-License-Identifier: GPL-3.0-or-later
"""The status job by ansible-runner, as AWX runs it, where a program in place of ssh decides what hosts answer. Needs no lab."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .conftest import PROJECT, REPO, load
from .private_data import Job, Launch, lay_out, run

# The stand-in for ssh keeps its arguments and answers as ssh does where AWX's host is unknown to it and the key is not accepted.
SSH = """#!/bin/sh
echo "$PWD: $*" >>{log}
printf "Warning: Permanently added '192.0.2.11' (ED25519) to the list of known hosts.\\r\\n" >&2
printf 'root@192.0.2.11: Permission denied (publickey,password).\\r\\n' >&2
exit 255
"""


@pytest.fixture
def status_job(full_venv, tmp_path):
    (kind,) = load(PROJECT / "config" / "access.yml")["awx_credential_types"]
    (template,) = [t for t in load(PROJECT / "config" / "jobs.yml")["awx_job_templates"] if t["name"].endswith(": status")]
    log, ssh = tmp_path / "ssh.log", tmp_path / "ssh"
    ssh.write_text(SSH.format(log=log), encoding="utf-8")
    ssh.chmod(0o755)

    def launch(**of_the_group: Any) -> tuple[Job, list[str]]:
        inventory = load(PROJECT / "inventory" / "hosts")
        hosts = [name for group in inventory.values() for name in group["hosts"]]
        inventory["eucalyptus_cc"]["vars"] |= of_the_group
        for group in inventory.values():
            group["hosts"] = list(group["hosts"])
        inventory["_meta"] = {"hostvars": {name: {"ansible_host": "192.0.2.11"} for name in hosts}}
        empty = {field["id"]: "" for field in kind["inputs"]["fields"]}
        directory = tmp_path / "job"
        lay_out(
            directory,
            Launch(PROJECT, REPO / ".cache" / "collections", inventory, "", empty, kind["injectors"]),
            template,
            {},
        )
        (directory / "env" / "ssh_key").unlink()
        envvars = directory / "env" / "envvars"
        variables = json.loads(envvars.read_text(encoding="utf-8")) | {"ANSIBLE_SSH_EXECUTABLE": str(ssh)}
        envvars.write_text(json.dumps(variables), encoding="utf-8")
        return run(directory, template["playbook"], full_venv, full_venv), log.read_text(encoding="utf-8").splitlines()

    return launch


def test_a12_the_reason_of_an_unreachable_host_is_there_and_clean(status_job):
    job, _calls = status_job()
    assert job.status != 0
    (verdict,) = job.artifacts["cc_gateway_verdicts"]
    shown = verdict["sentence"] + " ".join(str(row) for row in verdict["rows"])
    assert shown.count("Permission denied (publickey,password)") >= 3, shown
    for dirt in ("Permanently added", "\\r", "Task failed"):
        assert dirt not in shown, shown


def test_a13_the_page_has_how_to_check_host_keys(status_job, tmp_path):
    page = (REPO / "docs" / "awx.md").read_text(encoding="utf-8")
    common = "-o UserKnownHostsFile=known_hosts"
    assert "`ansible_host_key_checking: true`" in page
    assert f"`ansible_ssh_common_args: {common}`" in page
    _job, calls = status_job(ansible_host_key_checking=True, ansible_ssh_common_args=common)
    checked = [call for call in calls if "UserKnownHostsFile=" in call]
    assert checked
    for call in checked:
        assert "StrictHostKeyChecking=no" not in call
        assert call.startswith(f"{tmp_path}/job/project: ")
    # The node controller's group does not have the two variables: AWX's default.
    assert all("StrictHostKeyChecking=no" in call for call in set(calls) - set(checked))
    assert len(calls) > len(checked)
