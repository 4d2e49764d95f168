# SPDX-License-Identifier: GPL-3.0-or-later
"""What operators meet in AWX with the objects of the data: when jobs run, on which inventory, and what is mailed about them.

The rows A1 to A13 are what a real AWX 24.6 showed.
"""

from __future__ import annotations

from typing import Any

import pytest

from . import awx_rules as rules
from .conftest import PROJECT
from .fake_awx import FakeAwx, Refused
from .fake_jobs import UPDATE_SECONDS, Outcome, Run
from .made import id_of, make_all

STATUS, DEPLOY = "Eucalyptus gateway: status", "Eucalyptus gateway: deploy"
MINUTE, HOUR = 60.0, 3600.0
BAD = {"cc_gateway_verdicts": [{"sentence": "Nobody holds 192.0.2.10.", "advice": "Start keepalived on cc1."}]}


@pytest.fixture
def awx(data) -> FakeAwx:
    return make_all(data)


@pytest.fixture
def unwatched(awx) -> FakeAwx:
    """Without the schedule, for tests of what people launch."""
    awx.objects["schedules"].clear()
    return awx


def run(awx: FakeAwx, name: str, **answers: Any) -> Run:
    job = awx.jobs.launch(name, answers=answers)
    awx.jobs.advance(2 * UPDATE_SECONDS + 5 * MINUTE)
    assert not job.active
    return job


# --- A2: at the same time


def test_a2_awx_holds_back_a_job_of_the_same_template_only(unwatched):
    awx = unwatched
    names = [DEPLOY, "Eucalyptus gateway: maintenance", "Eucalyptus gateway: route node controllers", DEPLOY]
    jobs = [awx.jobs.launch(name) for name in names]
    drill = awx.jobs.launch("Eucalyptus gateway: drill", answers={"drill_confirm": "true"})
    awx.jobs.advance(2 * UPDATE_SECONDS + 1)
    assert [job.status for job in [*jobs, drill]] == ["running", "running", "running", "pending", "running"]
    awx.jobs.advance(2 * MINUTE)
    assert jobs[3].status == "successful"


# --- A5: the inventory of the newest commit


@pytest.mark.parametrize("name", [DEPLOY, STATUS])
def test_a5_a_job_reads_the_inventory_of_the_newest_commit(unwatched, name):
    awx = unwatched
    assert run(awx, name).inventory == ["the first inventory"]
    awx.jobs.repository.append("a changed inventory")
    assert run(awx, name).inventory == ["a changed inventory"]


def test_a5_sync_of_the_inventory_source_alone_reads_the_newest_commit(unwatched):
    awx = unwatched
    run(awx, DEPLOY)
    awx.jobs.repository.append("a changed inventory")
    awx.jobs.update_source("Project file")
    awx.jobs.advance(2 * UPDATE_SECONDS + 1)
    assert list(awx.jobs.read.values()) == ["a changed inventory"]


@pytest.mark.parametrize(("project_cache", "source_cache"), [(3600, 0), (0, 3600)])
def test_a5_either_cache_gives_an_old_inventory(unwatched, project_cache, source_cache):
    awx = unwatched
    (project,) = awx.objects["projects"].values()
    (source,) = awx.objects["inventory_sources"].values()
    project["scm_update_cache_timeout"], source["update_cache_timeout"] = project_cache, source_cache
    run(awx, DEPLOY)
    awx.jobs.repository.append("a changed inventory")
    assert run(awx, DEPLOY).inventory == ["the first inventory"]
    awx.jobs.advance(HOUR)
    assert run(awx, DEPLOY).inventory == ["a changed inventory"]


# --- A6: what is mailed


def test_a6_the_mail_of_a_red_status_job_has_the_verdict(unwatched):
    awx = unwatched
    awx.jobs.outcome = lambda job: Outcome("failed", BAD)
    run(awx, STATUS)
    ((subject, body),) = awx.jobs.mails
    assert STATUS in subject
    assert body.startswith("Nobody holds 192.0.2.10. Start keepalived on cc1.\n"), body
    assert "https://awx/#/jobs/" in body


def test_a6_the_mail_of_a_job_without_a_verdict_has_where_to_look(unwatched):
    awx = unwatched
    awx.jobs.outcome = lambda job: Outcome("failed")
    run(awx, DEPLOY)
    ((dummy, body),) = awx.jobs.mails
    assert body.startswith(f"{DEPLOY} failed. "), body
    assert "https://awx/#/jobs/" in body


def test_a6_awx_refuses_a_message_that_needs_a_verdict(awx):
    (template,) = awx.objects["notification_templates"].values()
    text = "{{ job.artifacts.cc_gateway_verdicts | map(attribute='sentence') | join(' ') }}"
    with pytest.raises(Refused) as refused:
        awx.change("notification_templates", template["id"], {"messages": {"error": {"body": text}}})
    assert refused.value.status == 400


# --- A10: a project that cannot be fetched


def test_a10_the_mail_of_a_job_whose_project_cannot_be_fetched_has_the_reason(unwatched):
    awx = unwatched
    awx.jobs.sync_error = "fatal: unable to access 'https://git.example.org/'"
    awx.jobs.outcome = lambda job: pytest.fail("the job ran")
    job = run(awx, STATUS)
    assert job.status == "failed"
    ((dummy, body),) = awx.jobs.mails
    assert 'Previous Task Failed: {"job_type": "project_update", "job_name": "Eucalyptus HA"' in body


# --- A11: before the first deployment


def test_a11_nothing_runs_and_nothing_is_mailed_before_the_first_deployment(awx):
    awx.jobs.outcome = lambda job: Outcome("failed", BAD)
    awx.jobs.advance(HOUR)
    assert awx.jobs.mails == []
    assert [r for r in awx.jobs.runs if r.kind == "job"] == []


def test_a11_the_first_deployment_mails_nothing(unwatched):
    awx = unwatched
    deployed = []

    def outcome(job: dict[str, Any]) -> Outcome:
        if job["name"] == DEPLOY:
            deployed.append(job)
        return Outcome() if deployed else Outcome("failed", BAD)

    awx.jobs.outcome = outcome
    workflow = awx.jobs.launch("Eucalyptus gateway: deploy and check")
    awx.jobs.advance(10 * MINUTE)
    assert workflow.status == "successful"
    assert awx.jobs.mails == []
    assert [r.shown["name"] for r in awx.jobs.runs if r.kind == "job"] == [DEPLOY, STATUS]


def test_a11_a_status_that_fails_after_the_deployment_is_mailed(unwatched):
    awx = unwatched
    awx.jobs.outcome = lambda job: Outcome() if job["name"] == DEPLOY else Outcome("failed", BAD)
    workflow = awx.jobs.launch("Eucalyptus gateway: deploy and check")
    awx.jobs.advance(10 * MINUTE)
    assert workflow.status == "failed"
    assert any("Nobody holds 192.0.2.10." in body for dummy, body in awx.jobs.mails)


def test_the_schedule_runs_status_every_five_minutes_once_it_is_on(awx):
    (schedule,) = awx.objects["schedules"].values()
    schedule["enabled"] = True
    awx.jobs.advance(HOUR)
    assert len([r for r in awx.jobs.runs if r.shown["name"] == STATUS]) == 12


# --- A13: what can be launched


def test_a13_awx_offers_as_playbooks_what_the_templates_launch_and_nothing_else(data):
    assert set(rules.playbooks(PROJECT)) == {template["playbook"] for template in data["awx_job_templates"]}


@pytest.mark.parametrize("playbook", ["configure.yml", "export.yml"])
def test_a13_no_template_can_launch_what_is_for_a_workstation(awx, playbook):
    number = id_of(awx, "job_templates", STATUS)
    with pytest.raises(Refused) as refused:
        awx.change("job_templates", number, {"playbook": playbook})
    assert refused.value.body == {"playbook": ["Playbook not found for project."]}


def test_a13_awx_offers_the_inventory_file(data):
    assert rules.inventories(PROJECT) == [data["awx_inventory_source_path"]]
