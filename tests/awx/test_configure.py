# SPDX-License-Identifier: GPL-3.0-or-later
"""configure.yml and export.yml with the real modules of awx.awx, against the stand-in for AWX's API."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from .conftest import PROJECT
from .fake_awx import TOKEN, FakeAwx, serving

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n"
SECRETS = {
    "awx_machine_ssh_key": KEY, "awx_client_key": KEY, "awx_client_cert": "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n",
    "awx_cc_cert": "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n", "awx_vrrp_password": "s3cret!",
}  # fmt: skip


class Play:
    """One run of a playbook of the AWX project."""

    def __init__(self, full_venv: Path, url: str, home: Path, playbook: str, *args: str):
        env = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "CONTROLLER_", "TOWER_"))}
        env |= {
            "HOME": str(home), "PATH": f"{full_venv}:{env['PATH']}", "CONTROLLER_HOST": url, "CONTROLLER_OAUTH_TOKEN": TOKEN,
            "ANSIBLE_NOCOLOR": "1", "ANSIBLE_LOCALHOST_WARNING": "false", "ANSIBLE_INVENTORY_UNPARSED_WARNING": "false",
            # Not the repository's own link: the project must do with what awx.awx brings.
            "ANSIBLE_COLLECTIONS_PATH": str(home / "collections"),
        }  # fmt: skip
        done = subprocess.run(
            [full_venv / "ansible-playbook", str(PROJECT / playbook), *args], cwd=home, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        )  # fmt: skip
        self.status, self.output = done.returncode, done.stdout
        numbers = re.search(r"^localhost +: ok=(\d+) +changed=(\d+)", self.output, re.MULTILINE)
        self.changed = int(numbers[2]) if numbers else -1

    def changes(self) -> list[str]:
        """The items that were changed, by label."""
        return re.findall(r"^changed: \[localhost\](?: => \(item=(.*)\))?$", self.output, re.MULTILINE)


@pytest.fixture
def awx():
    return FakeAwx(PROJECT)


@pytest.fixture
def play(full_venv, tmp_path, awx):
    with serving(awx) as url:
        yield lambda playbook="configure.yml", *args: Play(full_venv, url, tmp_path, playbook, *args)


def extra(**values) -> tuple[str, str]:
    return "-e", json.dumps(values)


def test_a_first_run_makes_everything_and_a_second_one_writes_only_secrets(awx, play):
    first = play("configure.yml", *extra(**SECRETS))
    assert first.status == 0, first.output
    assert "WARNING" not in first.output, first.output
    made = {model: len([o for o in objects.values() if not o.get("managed")]) for model, objects in awx.objects.items()}
    assert made == {
        "organizations": 1, "credential_types": 1, "credentials": 3, "execution_environments": 1, "projects": 1, "inventories": 1,
        "inventory_sources": 1, "notification_templates": 1, "job_templates": 6, "schedules": 1, "workflow_job_templates": 1,
        "workflow_job_template_nodes": 3,
    }  # fmt: skip
    for template in awx.objects["job_templates"].values():
        assert template["job_slice_count"] == 1
        assert not template["allow_simultaneous"]
        assert awx.surveys[template["id"]]["spec"]

    awx.writes.clear()
    second = play("configure.yml", *extra(**SECRETS))
    assert second.status == 0, second.output
    credentials = [o["id"] for o in awx.objects["credentials"].values() if o["name"].startswith("Eucalyptus")]
    assert awx.writes == [f"PATCH /api/v2/credentials/{number}/" for number in credentials], second.output
    assert second.changed == 2

    awx.writes.clear()
    third = play("configure.yml", *extra(**SECRETS, update_secrets=False))
    assert third.status == 0, third.output
    assert awx.writes == [], third.output
    assert third.changed == 0, third.output


def test_secrets_that_are_not_given_stay_and_new_ones_are_written(awx, play):
    first = play("configure.yml", *extra(awx_client_key=KEY, awx_client_cert="C"))
    assert first.status == 0, first.output
    (number,) = [o["id"] for o in awx.objects["credentials"].values() if o["name"] == "Eucalyptus cloud keys"]
    assert awx.secrets["credentials", number] == {"client_key": KEY}

    awx.writes.clear()
    assert play("configure.yml", *extra(awx_client_cert="C")).status == 0
    assert awx.writes == [], "no secret was given, so there is none to write"
    assert awx.secrets["credentials", number] == {"client_key": KEY}

    run = play("configure.yml", *extra(awx_client_cert="C", awx_vrrp_password="new", update_secrets=False))
    assert run.status == 0, run.output
    assert awx.secrets["credentials", number] == {"client_key": KEY, "vrrp_password": "new"}


def test_a_mail_password_is_written_with_update_secrets_only(awx, play):
    settings = {"awx_mail_password": "pw", "awx_mail_username": "awx"}
    assert play("configure.yml", *extra(**settings)).status == 0
    again = play("configure.yml", *extra(**settings))
    assert again.status == 0, again.output
    assert again.changed == 1
    awx.writes.clear()
    unchanged = play("configure.yml", *extra(**settings, update_secrets=False))
    assert unchanged.status == 0, unchanged.output
    assert awx.writes == []
    assert list(awx.secrets.values())[-1] == {"password": "pw"}


def test_a_difference_is_put_right(awx, play):
    assert play().status == 0
    (status,) = [o for o in awx.objects["job_templates"].values() if o["name"] == "Eucalyptus gateway: status"]
    status["allow_simultaneous"] = True
    awx.surveys[status["id"]]["spec"].pop()
    awx.links["job_templates", status["id"], "credentials"].pop()
    run = play()
    assert run.status == 0, run.output
    assert not status["allow_simultaneous"]
    assert len(awx.surveys[status["id"]]["spec"]) == 3
    assert len(awx.links["job_templates", status["id"], "credentials"]) == 2
    assert run.changed == 1, run.output


def test_a_project_that_could_not_be_fetched_is_fetched_by_the_next_run(awx, play):
    awx.sync_fails = True
    run = play()
    assert run.status != 0
    assert "Project update failed" in run.output
    awx.sync_fails = False
    run = play()
    assert run.status == 0, run.output
    assert len(awx.objects["job_templates"]) == 6


def test_check_mode_writes_nothing(awx, play):
    assert play().status == 0
    awx.writes.clear()
    run = play("configure.yml", "--check")
    assert run.status == 0, run.output
    assert awx.writes == []


def test_an_export_is_data_again(awx, play, full_venv, tmp_path):
    assert play("configure.yml", *extra(**SECRETS)).status == 0
    exported = tmp_path / "exported.yml"
    run = play("export.yml", *extra(awx_export_file=str(exported), awx_export_organization="Eucalyptus"))
    assert run.status == 0, run.output
    text = exported.read_text(encoding="utf-8")
    assert KEY not in text
    assert "$encrypted$" not in text
    assert exported.stat().st_mode & 0o077 == 0

    awx.writes.clear()
    same = play("configure.yml", "-e", f"@{exported}", *extra(update_secrets=False))
    assert same.status == 0, same.output
    assert awx.writes == [], same.output

    other = FakeAwx(PROJECT)
    with serving(other) as url:
        rebuilt = Play(full_venv, url, tmp_path, "configure.yml", "-e", f"@{exported}")
        assert rebuilt.status == 0, rebuilt.output
        again = tmp_path / "again.yml"
        run = Play(
            full_venv,
            url,
            tmp_path,
            "export.yml",
            *extra(awx_export_file=str(again), awx_export_organization="Eucalyptus"),
        )
        assert run.status == 0, run.output
    assert again.read_text(encoding="utf-8") == text
