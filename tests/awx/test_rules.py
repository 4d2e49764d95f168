# SPDX-License-Identifier: GPL-3.0-or-later
"""The rules refuse what AWX refuses: without this, data that passes them would prove nothing."""

from __future__ import annotations

import pytest

from . import awx_rules as rules

QUESTION = {"question_name": "Q", "variable": "v", "type": "text", "required": False, "default": "x"}


def survey(**changes):
    return {
        "name": "",
        "description": "",
        "spec": [{k: v for k, v in {**QUESTION, **changes}.items() if v is not None}],
    }


def test_a_good_survey_passes():
    assert rules.survey_errors(survey()) == []
    assert rules.survey_errors(survey(type="multiselect", choices=["a", "b"], default="a\nb")) == []
    assert rules.survey_errors(survey(type="float", default=1.5, min=0, max=2)) == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"type": "boolean"}, "is not one of"),
        ({"required": "true"}, "required is missing, or no bool"),
        ({"variable": "a-b"}, "no name of a variable"),
        ({"type": "integer", "default": "5"}, "is no int"),
        ({"type": "integer", "default": True}, "is no int"),
        ({"type": "float", "default": 1}, "is no float"),
        ({"min": 1.5}, "min is no integer"),
        ({"max": "3"}, "max is no integer"),
        ({"type": "multiplechoice"}, "choices are missing"),
        ({"type": "multiplechoice", "choices": []}, "choices must be texts"),
        ({"type": "multiplechoice", "choices": [True, False], "default": ""}, "choices must be texts"),
        ({"type": "multiplechoice", "choices": ["a"]}, "not one of the choices"),
        ({"type": "multiplechoice", "choices": ["a", "b"], "default": "a\nb"}, "only one default"),
        ({"type": "multiselect", "choices": ["a"], "default": ["a"]}, "is no str"),
        ({"type": "password", "default": "$encrypted$"}, "may not be"),
        ({"default": "x", "min": 2}, "too small"),
        ({"max_length": 5}, "unknown key"),
        ({"question_name": None}, "question_name is missing"),
    ],
)
def test_a_bad_question_is_refused(changes, words):
    (error, *dummy) = rules.survey_errors(survey(**changes))
    assert words in error


def test_a_survey_needs_name_description_and_questions_with_different_variables():
    assert len(rules.survey_errors({})) == 3
    assert rules.survey_errors({"name": "", "description": "", "spec": []}) == ["spec has no questions"]
    twice = survey()
    twice["spec"] *= 2
    assert "twice" in rules.survey_errors(twice)[0]


@pytest.mark.parametrize(
    ("changes", "answer", "words"),
    [
        ({"type": "integer", "default": 1}, "1", "is no integer"),
        ({"type": "integer", "default": 1, "max": 3}, 4, "too large"),
        ({"type": "float", "default": 1.0}, "", "is no float"),
        ({"type": "multiplechoice", "choices": ["a", "x"]}, "", "not one of the choices"),
        ({"type": "multiselect", "choices": ["a", "x"]}, "a", "is no list"),
        ({"type": "multiselect", "choices": ["a", "x"]}, ["b"], "not one of the choices"),
        ({"min": 1}, "", "too small"),
        ({}, 5, "is no text"),
    ],
)
def test_a_bad_answer_is_refused(changes, answer, words):
    (error,) = rules.answer_errors(survey(**changes), {"v": answer})
    assert words in error


def test_a_required_answer_is_wanted_even_with_a_default():
    assert rules.answer_errors(survey(required=True), {}) == ["'v' value missing"]
    assert rules.answer_errors(survey(required=True), {}, check_required=False) == []
    assert rules.answers_by_default(survey(required=True)) == {"v": "x"}


FIELD = {"id": "f", "label": "F", "type": "string"}


@pytest.mark.parametrize(
    ("inputs", "injectors", "words"),
    [
        ({"fields": [FIELD], "dependencies": {}}, {}, "nothing else"),
        ({"fields": [FIELD, FIELD]}, {}, "twice"),
        ({"fields": [{**FIELD, "id": "tower"}]}, {}, "reserved"),
        ({"fields": [{**FIELD, "id": "a-b"}]}, {}, "name of a variable"),
        ({"fields": [{**FIELD, "type": "integer"}]}, {}, "string or boolean"),
        ({"fields": [{**FIELD, "type": "boolean", "secret": True}]}, {}, "type string only"),
        ({"fields": [{**FIELD, "hint": "x"}]}, {}, "unknown key"),
        ({"fields": [FIELD], "required": ["g"]}, {}, "none of the fields"),
        ({"fields": [FIELD]}, {"vars": {}}, "nothing else"),
        ({"fields": [FIELD]}, {"env": {"ANSIBLE_CONFIG": "{{ f }}"}}, "not allowed"),
        ({"fields": [FIELD]}, {"env": {"PYTHONPATH": "{{ f }}"}}, "not allowed"),
        ({"fields": [FIELD]}, {"env": {"A": "{{ g }}"}}, "undefined"),
        ({"fields": [FIELD]}, {"env": {"A": "{{ f"}}, "unexpected end"),
        ({"fields": [FIELD]}, {"env": {"A": "{{ tower.filename.x }}"}}, "no attribute"),
        ({"fields": [FIELD]}, {"file": {"template": "{{ f }}", "template.x": "{{ f }}"}}, "template.NAME"),
        ({"fields": [FIELD]}, {"file": {"key": "{{ f }}"}}, "no name of a file"),
        ({"fields": [FIELD]}, {"extra_vars": {"a-b": "{{ f }}"}}, "no name of a variable"),
        ({"fields": [FIELD]}, {"extra_vars": {"a": True}}, "no text"),
    ],
)
def test_a_bad_credential_type_is_refused(inputs, injectors, words):
    (error, *dummy) = rules.credential_type_errors(inputs, injectors)
    assert words in error


@pytest.mark.parametrize(
    "text",
    [
        "", "RRULE:FREQ=DAILY;INTERVAL=1", "DTSTART:20260101T000000 RRULE:FREQ=DAILY;INTERVAL=1", "DTSTART:20260101T000000Z",
        "DTSTART:20260101T000000Z RRULE:FREQ=DAILY", "DTSTART:20260101T000000Z RRULE:FREQ=SECONDLY;INTERVAL=1",
        "DTSTART:20260101T000000Z DTSTART:20260101T000000Z RRULE:FREQ=DAILY;INTERVAL=1",
        "DTSTART:20260101T000000Z RRULE:FREQ=DAILY;INTERVAL=1;COUNT=1000",
    ],
)  # fmt: skip
def test_a_bad_schedule_is_refused(text):
    assert rules.rrule_errors(text)


def test_a_bad_notification_is_refused_and_defaults_are_added():
    config = {"url": "https://example.org/"}
    assert rules.notification_errors("webhook", config) == []
    assert config["http_method"] == "POST"
    assert rules.notification_errors("email", {"host": "h", "port": "25", "recipients": []}) != []


def text_of_error(**texts):
    return {"started": None, "success": None, "workflow_approval": None, "error": texts}


def test_good_messages_pass():
    assert rules.message_errors(None) == []
    assert rules.message_errors(text_of_error(message="{{ job.name }}", body=None)) == []
    assert rules.message_errors(text_of_error(body="{{ job.artifacts.x | default([]) | map(attribute='y') | join(' ') }}\n{{ url }}")) == []


@pytest.mark.parametrize(
    ("messages", "words"),
    [
        ([], "Expected dict"),
        ({"failed": {}}, "Event 'failed' invalid"),
        ({"error": "text"}, "Expected dict for event 'error'"),
        (text_of_error(subject="x"), "Message type 'subject' invalid"),
        (text_of_error(body=5), "Expected string for 'body'"),
        (text_of_error(message="a\nb"), "newlines"),
        (text_of_error(body="{{ job.artifacts.x | map(attribute='y') | join(' ') }}"), "unavailable"),
        (text_of_error(body="{{ job.artifacts.x }}"), "unavailable"),
        (text_of_error(body="{{ jobs.name }}"), "unavailable"),
        (text_of_error(body="{{ job.name"), "Unable to render"),
        (text_of_error(body="{{ job.name.__class__.mro() }}"), "Security error"),
    ],
)
def test_a_bad_message_is_refused(messages, words):
    (error,) = rules.message_errors(messages)
    assert words in error


def test_a_message_shows_nothing_where_a_job_has_nothing():
    job = {"id": 5, "name": "J", "status": "failed"}
    body = "{{ job.artifacts.x | default([]) | join(' ') }}{{ job.job_explanation }}!"
    assert rules.message(text_of_error(body=body), "error", job, "Job") == ("Job #5 'J' failed: https://awx/#/jobs/5", "!")
    assert rules.message(None, "error", job, "Job")[1].startswith("Job #5 had status failed")


def test_inventories_are_found_as_awx_finds_them(tmp_path):
    for name, text in (
        ("hosts", ""), ("inventory/hosts", "---\n"), ("a.ini", ""), ("group", "[cc]\ncc1\n"), ("prose", "# only\n# comments\n"),
        ("hosts.yml", "cc:\n"), ("group_vars/cc", "x: 1\n"), (".git/config", "[core]\n"), ("README.md", "text\n"),
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "script.py").write_text("#!/usr/bin/python3\n", encoding="utf-8")
    (tmp_path / "script.py").chmod(0o755)
    assert rules.inventories(tmp_path) == ["a.ini", "group", "hosts", "inventory/hosts", "script.py"]


def test_playbooks_are_found_as_awx_finds_them(tmp_path):
    for name, text in (
        ("a.yml", "- import_playbook: b.c.d\n"), ("b.yml", "- name: x\n  hosts: all\n"),
        ("full.yml", "- ansible.builtin.import_playbook: b.c.d\n"), ("tasks/t.yml", "- hosts: all\n"), (".x/h.yml", "- hosts: all\n"),
        ("vars.yml", "x: 1\n"),
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert rules.playbooks(tmp_path) == ["a.yml", "b.yml"]
