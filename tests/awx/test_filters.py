# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters of the AWX project, without Ansible and without AWX."""

from __future__ import annotations

import importlib.util
from types import ModuleType

import pytest
import yaml
from ansible.errors import AnsibleFilterError

from . import awx_rules as rules
from .conftest import PROJECT


def filters(name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(name, PROJECT / "filter_plugins" / f"{name}.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


CHECKS, DATA = filters("awx_checks"), filters("awx_data")
ACCESS = (PROJECT / "config" / "access.yml").read_text(encoding="utf-8")

# --- A4: secrets

HOSTS = {"name": "Eucalyptus hosts", "inputs": {"username": "root"}, "required_secrets": {"ssh_key_data": "awx_machine_ssh_key"}}
MAIL = {"name": "Mail", "notification_configuration": {"password": ""}, "required_secrets": {"password": "awx_mail_password"}}


def test_a4_a_secret_that_neither_awx_nor_the_run_has_is_named_by_its_variable():
    assert CHECKS.awx_missing_secrets([HOSTS, MAIL], [[], []]) == [
        "awx_machine_ssh_key is not set (ssh_key_data of Eucalyptus hosts).",
        "awx_mail_password is not set (password of Mail).",
    ]


def test_a4_a_secret_that_awx_has_or_the_run_is_given_is_not_missing():
    there = [{"notification_configuration": {"password": rules.ENCRYPTED}}]
    given = {**HOSTS, "inputs": {"ssh_key_data": "KEY"}}
    assert CHECKS.awx_missing_secrets([given, MAIL], [[], there]) == []


def credential(name: str, kind: str, **inputs: str) -> dict:
    summary = {"credential_type": {"name": kind}, "organization": {"name": "E"}}
    return {"id": 1, "name": name, "credential_type": 1, "organization": 1, "inputs": inputs, "summary_fields": summary}


def exported(*credentials: dict) -> str:
    lists: dict = {source: [] for source, *dummy in DATA.MODELS.values()} | {"workflow_job_template_nodes": []}
    return DATA.awx_data({**lists, "credentials": list(credentials)}, {}, ACCESS)


def test_a4_exported_credentials_refer_to_the_variables_of_secrets():
    text = exported(
        credential("Eucalyptus hosts", "Machine", username="root", ssh_key_data=rules.ENCRYPTED),
        credential("Git (ours)", "Source Control", password=rules.ENCRYPTED),
    )
    assert text.startswith("# Secrets to set in secrets.yml: awx_machine_ssh_key, awx_secret_git_ours_password.\n---\n")
    hosts, git = yaml.safe_load(text)["awx_credentials"]
    assert hosts["inputs"] == {"username": "root", "ssh_key_data": "{{ awx_machine_ssh_key | default('') }}"}
    assert hosts["required_secrets"] == {"ssh_key_data": "awx_machine_ssh_key"}
    assert git["inputs"] == {"password": "{{ awx_secret_git_ours_password | default('') }}"}
    assert git["required_secrets"] == {"password": "awx_secret_git_ours_password"}


def test_a4_credentials_of_one_name_and_two_types_have_variables_of_their_own():
    text = exported(credential("Ours", "Vault", password=rules.ENCRYPTED), credential("Ours", "Network", password=rules.ENCRYPTED))
    variables = [entry["required_secrets"]["password"] for entry in yaml.safe_load(text)["awx_credentials"]]
    assert variables == ["awx_secret_ours_vault_password", "awx_secret_ours_network_password"]


def test_an_export_with_a_hidden_password_in_a_survey_fails():
    spec = {"spec": [{"variable": "pin", "default": rules.ENCRYPTED}]}
    item = {"name": "T", "related": {"survey_spec": "/s/"}}
    with pytest.raises(AnsibleFilterError, match=r"T: the survey has passwords .*\(pin\)"):
        DATA._survey(item, {"/s/": [spec]})


# --- A10: a project that cannot be fetched

UPDATE = {"id": 7, "job_explanation": "", "result_traceback": ""}


def failed(**result: str) -> dict:
    return {"event_data": {"res": result}}


@pytest.mark.parametrize(
    ("update", "events", "reason"),
    [
        ({}, [failed(msg="Failed to download remote objects and refs:  fatal: no\nsuch host.\n")],
         "Failed to download remote objects and refs: fatal: no such host"),
        ({}, [failed(msg="non-zero return code", stderr="ERROR! no such collection\n")], "ERROR! no such collection"),
        ({"job_explanation": "Job terminated due to timeout"}, [], "Job terminated due to timeout"),
        ({"result_traceback": "Traceback:\n  File\nOSError: disk full\n"}, [failed(msg="")], "OSError: disk full"),
        ({}, [{"event_data": {}}], "AWX gives no reason"),
    ],
)  # fmt: skip
def test_a10_the_reason_of_a_failed_sync_and_where_to_look(update, events, reason):
    text = CHECKS.awx_sync_problem({**UPDATE, **update}, events, "https://awx.example.org/")
    assert text == f"{reason}. Its output: https://awx.example.org/#/jobs/project/7/output"


# --- A11: the schedule

SCHEDULE = {"enabled": False, "enabled_after": "deploy"}
JOB = [{"finished": "2026-01-02T00:00:00Z"}]


@pytest.mark.parametrize(
    ("there", "jobs", "enabled"),
    [
        ([], [], False),
        ([], JOB, True),
        ([{"enabled": False, "modified": "2026-01-01T00:00:00Z"}], [], False),
        ([{"enabled": False, "modified": "2026-01-01T00:00:00Z"}], JOB, True),
        ([{"enabled": False, "modified": "2026-01-03T00:00:00Z"}], JOB, False),  # switched off since
        ([{"enabled": True, "modified": "2026-01-03T00:00:00Z"}], [], True),  # AWX deletes old jobs
    ],
)
def test_a11_the_schedule_starts_with_the_first_deployment(there, jobs, enabled):
    assert CHECKS.awx_schedule_enabled(SCHEDULE, there, jobs) is enabled


def test_a_schedule_that_waits_for_nothing_is_what_its_entry_has():
    there = [{"enabled": True, "modified": ""}]
    assert CHECKS.awx_schedule_enabled({}, [], []) is True
    assert CHECKS.awx_schedule_enabled({"enabled": False}, there, JOB) is False
