# SPDX-License-Identifier: GPL-3.0-or-later
"""configure.yml and export.yml with the real modules of awx.awx, against the stand-in for AWX's API."""

from __future__ import annotations

import json
import os
import re
import subprocess
from contextlib import ExitStack
from pathlib import Path

import pytest

from .conftest import PROJECT
from .fake_awx import LINKS, MODELS, TOKEN, FakeAwx, serving
from .fake_jobs import UPDATE_SECONDS
from .made import make_all

KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\n"
SECRETS = {
    "awx_machine_ssh_key": KEY, "awx_client_key": KEY, "awx_client_cert": "-----BEGIN CERTIFICATE-----\nMIIC\n-----END CERTIFICATE-----\n",
    "awx_cc_cert": "-----BEGIN CERTIFICATE-----\nMIID\n-----END CERTIFICATE-----\n", "awx_vrrp_password": "s3cret!",
}  # fmt: skip


# Left out of runs that are about other objects: most of the time of a run goes into them.
NO_TEMPLATES = {"awx_job_templates": [], "awx_workflow_job_templates": []}
NO_JOBS = {**NO_TEMPLATES, "awx_schedules": []}


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
def play(full_venv, tmp_path):
    """Runs a playbook of the project against a stand-in."""
    with ExitStack() as stack:
        urls: dict[int, str] = {}

        def run(awx: FakeAwx, playbook: str = "configure.yml", *args: str) -> Play:
            url = urls.get(id(awx)) or urls.setdefault(id(awx), stack.enter_context(serving(awx)))
            return Play(full_venv, url, tmp_path, playbook, *(args or extra(awx_machine_ssh_key=KEY)))

        yield run


@pytest.fixture
def made(data):
    """A stand-in as configure.yml leaves it, without the time that it takes; the first test compares the two."""
    return lambda **settings: make_all({**data, "awx_machine_ssh_key": KEY, **settings})


def extra(**values) -> tuple[str, str]:
    return "-e", json.dumps(values)


def made_in(awx: FakeAwx) -> dict[str, list]:
    """What an AWX has, by name: with the names in place of numbers, and without times."""
    names = {number: item.get("name") or item["identifier"] for objects in awx.objects.values() for number, item in objects.items()}
    found: dict[str, list] = {}
    for model, fields in MODELS.items():
        found[model] = []
        for number, item in awx.objects[model].items():
            refers = {name for name, spec in fields.items() if spec.kind not in ("str", "json", "bool", "int", "dict")}
            shown = {name: names.get(item[name]) if name in refers else item[name] for name in fields if name != "local_path"}
            links = {link: sorted(names[n] for n in awx.links.get((model, number, link), [])) for link in LINKS.get(model, {})}
            found[model].append({**shown, **links, "survey": awx.surveys.get(number), "secrets": awx.secrets.get((model, number))})
    return found


def test_a_first_run_makes_all_that_the_data_has_and_a_second_one_writes_only_secrets(play, made):
    awx = FakeAwx(PROJECT)
    first = play(awx, "configure.yml", *extra(**SECRETS))
    assert first.status == 0, first.output
    assert "WARNING" not in first.output, first.output
    assert made_in(awx) == made_in(made(**SECRETS))

    awx.writes.clear()
    second = play(awx, "configure.yml", *extra(**SECRETS))
    assert second.status == 0, second.output
    credentials = [o["id"] for o in awx.objects["credentials"].values() if o["name"].startswith("Eucalyptus")]
    assert awx.writes == [f"PATCH /api/v2/credentials/{number}/" for number in credentials], second.output
    assert second.changed == 2

    awx.writes.clear()
    third = play(awx, "configure.yml", *extra(**SECRETS, update_secrets=False))
    assert third.status == 0, third.output
    assert awx.writes == [], third.output
    assert third.changed == 0, third.output


def test_secrets_that_are_not_given_stay_and_new_ones_are_written(play, made):
    awx = made(awx_client_key=KEY, awx_client_cert="C")
    (number,) = [o["id"] for o in awx.objects["credentials"].values() if o["name"] == "Eucalyptus cloud keys"]
    assert play(awx, "configure.yml", *extra(**NO_JOBS, awx_client_cert="C")).status == 0
    assert awx.writes == [], "no secret was given, so there is none to write"
    assert awx.secrets["credentials", number] == {"client_key": KEY}

    run = play(awx, "configure.yml", *extra(**NO_JOBS, awx_client_cert="C", awx_vrrp_password="new", update_secrets=False))
    assert run.status == 0, run.output
    assert awx.secrets["credentials", number] == {"client_key": KEY, "vrrp_password": "new"}


def test_a4_a_key_that_is_typed_in_awx_is_not_wanted_here(play, made):
    awx = made(awx_machine_ssh_key="")
    run = play(awx, "configure.yml", *extra(**NO_JOBS, awx_require_secrets=False))
    assert run.status == 0, run.output
    assert awx.writes == []


def test_a_mail_password_is_written_with_update_secrets_only(play, made):
    settings = {"awx_mail_password": "pw", "awx_mail_username": "awx"}
    awx = made(**settings)
    again = play(awx, "configure.yml", *extra(**NO_JOBS, **settings))
    assert again.status == 0, again.output
    assert again.changed == 1
    awx.writes.clear()
    unchanged = play(awx, "configure.yml", *extra(**NO_JOBS, **settings, update_secrets=False))
    assert unchanged.status == 0, unchanged.output
    assert awx.writes == []
    assert list(awx.secrets.values())[-1] == {"password": "pw"}


def test_a_difference_is_put_right(play, made):
    awx = made()
    (status,) = [o for o in awx.objects["job_templates"].values() if o["name"] == "Eucalyptus gateway: status"]
    status["allow_simultaneous"] = True
    survey = list(awx.surveys[status["id"]]["spec"])
    awx.surveys[status["id"]]["spec"].pop()
    awx.links["job_templates", status["id"], "credentials"].pop()
    run = play(awx, "configure.yml", *extra(update_secrets=False))
    assert run.status == 0, run.output
    assert not status["allow_simultaneous"]
    assert awx.surveys[status["id"]]["spec"] == survey
    assert len(awx.links["job_templates", status["id"], "credentials"]) == 2
    assert run.changed == 1, run.output


def words(run: Play) -> str:
    """What a run printed, without the line breaks of Ansible's output."""
    return re.sub(r"\s+", " ", run.output.replace("\\n", " "))


def test_a10_the_reason_of_a_failed_sync_is_shown_and_the_next_run_fetches_again(play):
    awx = FakeAwx(PROJECT)
    awx.jobs.sync_error = "fatal: unable to access 'https://git.example.org/': Could not resolve host"
    for _dummy in ("the sync that AWX starts by itself", "the one that configure.yml starts"):
        run = play(awx)
        assert run.status != 0
        assert (
            "AWX could not fetch project Eucalyptus HA from https://git.example.org/eucalyptus-awx.git (branch main): "
            f"{awx.jobs.sync_error}. Its output: http://127.0.0.1:"
        ) in words(run), run.output
        (last, *_rest) = awx.jobs.listed("project_update", {"order_by": "-id"})
        assert f"/#/jobs/project/{last['id']}/output" in run.output
    awx.jobs.sync_error = ""
    run = play(awx)
    assert run.status == 0, run.output
    assert awx.objects["job_templates"]


def test_a10_another_problem_of_a_project_keeps_its_own_words(play, made):
    run = play(made(), "configure.yml", *extra(awx_project_scm_credential="nobody's"))
    assert run.status != 0
    assert "nobody" in run.output
    assert "could not fetch" not in run.output


def test_a10_who_is_no_system_administrator_learns_that_before_anything_is_made(play):
    awx = FakeAwx(PROJECT, superuser=False)
    run = play(awx)
    assert run.status != 0
    assert "must be of a system administrator of AWX (got user somebody" in words(run), run.output
    assert awx.writes == []


def test_a11_a_run_after_the_first_deployment_enables_the_schedule(play, made):
    awx = made()
    (schedule,) = awx.objects["schedules"].values()
    run = play(awx, "configure.yml", *extra(**NO_TEMPLATES, update_secrets=False))
    assert run.status == 0, run.output
    assert not schedule["enabled"]
    assert awx.writes == []
    assert f"Schedule {schedule['name']} is off. Launch Eucalyptus gateway: deploy in AWX" in words(run), run.output

    workflow = awx.jobs.launch("Eucalyptus gateway: deploy and check")
    awx.jobs.advance(3 * UPDATE_SECONDS + 600)
    assert workflow.status == "successful"
    run = play(awx, "configure.yml", *extra(**NO_TEMPLATES, update_secrets=False))
    assert run.status == 0, run.output
    assert schedule["enabled"]
    assert run.changed == 1, run.output
    assert f"Schedule {schedule['name']} is off" not in words(run), run.output

    awx.writes.clear()
    again = play(awx, "configure.yml", *extra(**NO_TEMPLATES, update_secrets=False))
    assert again.status == 0, again.output
    assert awx.writes == []


def test_check_mode_writes_nothing(play, made):
    awx = made()
    awx.objects["schedules"].clear()
    run = play(awx, "configure.yml", "--check")
    assert run.status == 0, run.output
    assert awx.writes == []


def test_a4_an_export_is_data_again_and_takes_the_secrets_along(play, made, tmp_path):
    awx = made(**SECRETS)
    exported, again = tmp_path / "exported.yml", tmp_path / "again.yml"
    run = play(awx, "export.yml", *extra(awx_export_file=str(exported), awx_export_organization="Eucalyptus"))
    assert run.status == 0, run.output
    text = exported.read_text(encoding="utf-8")
    assert KEY not in text
    assert "$encrypted$" not in text
    assert text.startswith("# Secrets to set in secrets.yml: awx_client_key, awx_machine_ssh_key, awx_vrrp_password.\n"), text[:200]
    assert exported.stat().st_mode & 0o077 == 0

    same = play(awx, "configure.yml", "-e", f"@{exported}", *extra(update_secrets=False))
    assert same.status == 0, same.output
    assert awx.writes == [], same.output
    renewed = play(awx, "configure.yml", "-e", f"@{exported}", *extra(**NO_JOBS, awx_vrrp_password="renewed"))
    assert renewed.status == 0, renewed.output
    (number,) = [o["id"] for o in awx.objects["credentials"].values() if o["name"] == "Eucalyptus cloud keys"]
    assert awx.secrets["credentials", number] == {"client_key": KEY, "vrrp_password": "renewed"}

    other = FakeAwx(PROJECT)
    without = play(other, "configure.yml", "-e", f"@{exported}", *extra(awx_machine_ssh_key=KEY))
    assert without.status != 0
    for name in ("awx_client_key", "awx_vrrp_password"):
        assert f"{name} is not set" in words(without), without.output
    assert "awx_machine_ssh_key is not set" not in without.output
    assert other.writes == []

    rebuilt = play(other, "configure.yml", "-e", f"@{exported}", *extra(**SECRETS))
    assert rebuilt.status == 0, rebuilt.output
    run = play(other, "export.yml", *extra(awx_export_file=str(again), awx_export_organization="Eucalyptus"))
    assert run.status == 0, run.output
    assert again.read_text(encoding="utf-8") == text
    cloud = {"client_key": KEY, "vrrp_password": SECRETS["awx_vrrp_password"]}
    assert [kept for kept in other.secrets.values() if kept] == [{"ssh_key_data": KEY}, cloud]
