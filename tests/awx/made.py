# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for AWX with all objects of the data in it, made in no time: without Ansible, where configure.yml itself is not the point.

test_configure.py compares it with what configure.yml makes.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from .conftest import PROJECT, Unsafe
from .fake_awx import LINKS, MODELS, FakeAwx
from .fake_jobs import UPDATE_SECONDS

ORDER = (
    "organizations", "credential_types", "credentials", "notification_templates", "execution_environments", "projects", "inventories",
    "inventory_sources", "job_templates", "schedules", "workflow_job_templates",
)  # fmt: skip


def rendered(value: Any, data: dict[str, Any]) -> Any:
    """The data with its settings filled in; the data uses no more of Jinja than their names."""
    if isinstance(value, dict):
        return {key: rendered(item, data) for key, item in value.items()}
    if isinstance(value, list):
        return [rendered(item, data) for item in value]
    if isinstance(value, str) and not isinstance(value, Unsafe) and "{{" in value:
        match = re.fullmatch(r"\{\{ (\w+) \}\}", value)
        assert match, f"{value!r} is more than a name"
        return rendered(data[match[1]], data)
    return value


def id_of(awx: FakeAwx, model: str, name: str) -> int:
    models = ("job_templates", "workflow_job_templates") if model == "unified_job_templates" else (model,)
    (number,) = [i for m in models for i, item in awx.objects[m].items() if item["name"] == name]
    return number


def make(awx: FakeAwx, model: str, entry: dict[str, Any]) -> int:
    """Make one object with its links and its survey; what the API does not know is for configure.yml."""
    body = {}
    for name, value in entry.items():
        spec = MODELS[model].get(name)
        if spec is None or value in (None, ""):
            continue
        if spec.kind in ("json", "str", "bool", "int", "dict"):
            body[name] = json.dumps(value) if spec.kind == "json" else value
        else:
            body[name] = id_of(awx, spec.kind, value)
    if model == "credentials":
        body["inputs"] = {key: value for key, value in entry["inputs"].items() if value}
    number = awx.create(model, body)["id"]
    for link, target in LINKS.get(model, {}).items():
        for name in entry.get(link, []) if model != "workflow_job_template_nodes" else []:
            awx.link(model, number, link, {"id": id_of(awx, target, name)})
    if "survey_spec" in entry:
        awx.set_survey(number, entry["survey_spec"])
    return number


def make_nodes(awx: FakeAwx, workflow: int, nodes: list[dict[str, Any]]) -> None:
    numbers = {}
    for node in nodes:
        template = id_of(awx, "unified_job_templates", node["unified_job_template"])
        body = {"identifier": node["identifier"], "workflow_job_template": workflow, "unified_job_template": template}
        numbers[node["identifier"]] = awx.create("workflow_job_template_nodes", body)["id"]
    for node in nodes:
        for link in LINKS["workflow_job_template_nodes"]:
            for name in node.get(link, []):
                awx.link("workflow_job_template_nodes", numbers[node["identifier"]], link, {"id": numbers[name]})


def make_all(data: dict[str, Any], project: Path = PROJECT) -> FakeAwx:
    awx = FakeAwx(project)
    data = rendered(data, data)
    for model in ORDER:
        for entry in data[f"awx_{model}"]:
            defaults = data["awx_job_template_defaults"] if model == "job_templates" else {}
            number = make(awx, model, defaults | entry)
            if model == "workflow_job_templates":
                make_nodes(awx, number, entry["nodes"])
        # A job template can name a playbook only once AWX has fetched the project.
        awx.jobs.advance(UPDATE_SECONDS)
    return awx
