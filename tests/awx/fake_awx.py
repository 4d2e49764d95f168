# SPDX-License-Identifier: GPL-3.0-or-later
"""A stand-in for the API of AWX 24: enough of it that the modules of awx.awx work against it, and stricter than the real one.

It keeps objects in memory and refuses what AWX refuses (awx_rules.py, and here: unknown references, wrong types, names in use,
a playbook that the project has not got, filters that a list does not know). Beyond AWX it also refuses unknown fields in what
is sent: AWX drops them silently, and the sender never learns. It runs no jobs.

What it says back has AWX's own additions, since they decide whether a second run finds differences: defaults of fields,
secrets as "$encrypted$", empty secrets gone, "type" in the fields of credential types, missing keys of notifications.
"""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

from . import awx_rules as rules
from .fake_jobs import ACTIVE, UPDATE_SECONDS, Jobs

TOKEN = "token-of-the-test"
PREFIX = "/api/v2/"
PAGE = 25


class Refused(Exception):
    """An answer with an HTTP status other than 200."""

    def __init__(self, status: int, body: Any):
        super().__init__(f"{status}: {body}")
        self.status = status
        self.body = body


@dataclass(frozen=True)
class Field:
    kind: str  # str, bool, int, dict, json (a text with JSON or YAML) or the name of a list that it refers to
    default: Any = None
    required: bool = False
    choices: tuple = ()
    readonly: bool = False
    longest: int | None = None


TEXT = Field("str", "")
NO, YES = Field("bool", False), Field("bool", True)
NAME = Field("str", required=True, longest=rules.NAME_LENGTH)
ORGANIZATION = Field("organizations")
ZERO = Field("int", 0)
NOTIFIED = ("notification_templates_started", "notification_templates_success", "notification_templates_error")
ASK = {
    f"ask_{what}_on_launch": NO
    for what in (
        "scm_branch", "diff_mode", "variables", "limit", "tags", "skip_tags", "job_type", "verbosity", "inventory",
        "credential", "execution_environment", "forks", "instance_groups", "job_slice_count", "labels", "timeout",
    )
}  # fmt: skip

MODELS: dict[str, dict[str, Field]] = {
    "organizations": {
        "name": NAME, "description": TEXT, "max_hosts": ZERO, "custom_virtualenv": Field("str"),
        "default_environment": Field("execution_environments"),
    },
    "credential_types": {
        "name": NAME, "description": TEXT, "kind": Field("str", required=True, choices=("cloud", "net")),
        "namespace": Field("str", readonly=True), "managed": Field("bool", False),
        "inputs": Field("dict", {}), "injectors": Field("dict", {}),
    },
    "credentials": {
        "name": NAME, "description": TEXT, "organization": ORGANIZATION,
        "credential_type": Field("credential_types", required=True), "managed": Field("bool", False, readonly=True),
        "inputs": Field("dict", {}), "kind": Field("str", readonly=True),
    },
    "execution_environments": {
        "name": NAME, "description": TEXT, "organization": ORGANIZATION,
        "image": Field("str", required=True, longest=1024), "managed": Field("bool", False, readonly=True),
        "credential": Field("credentials"), "pull": Field("str", "", choices=("", "always", "missing", "never")),
    },
    "projects": {
        "name": NAME, "description": TEXT, "organization": ORGANIZATION, "local_path": TEXT,
        "scm_type": Field("str", "", choices=("", "git", "svn", "insights", "archive")),
        "scm_url": Field("str", "", longest=1024), "scm_branch": Field("str", "", longest=256), "scm_refspec": TEXT,
        "scm_clean": NO, "scm_track_submodules": NO, "scm_delete_on_update": NO, "credential": Field("credentials"),
        "timeout": ZERO, "scm_revision": Field("str", "", readonly=True), "scm_update_on_launch": NO,
        "scm_update_cache_timeout": ZERO, "allow_override": NO, "custom_virtualenv": Field("str"),
        "default_environment": Field("execution_environments"), "signature_validation_credential": Field("credentials"),
        "status": Field("str", "never updated", readonly=True),
    },
    "inventories": {
        "name": NAME, "description": TEXT, "organization": Field("organizations", required=True),
        "kind": Field("str", "", choices=("", "smart", "constructed")), "host_filter": Field("str"),
        "variables": Field("json", ""), "prevent_instance_group_fallback": NO,
    },
    "inventory_sources": {
        "name": NAME, "description": TEXT, "inventory": Field("inventories", required=True),
        "source": Field("str", required=True, choices=("scm", "ec2", "openstack", "controller")), "source_path": TEXT,
        "source_vars": Field("json", ""), "scm_branch": TEXT, "credential": Field("credentials"), "enabled_var": TEXT,
        "enabled_value": TEXT, "host_filter": TEXT, "overwrite": NO, "overwrite_vars": NO, "timeout": ZERO,
        "verbosity": Field("int", 1), "limit": TEXT, "custom_virtualenv": Field("str"),
        "execution_environment": Field("execution_environments"), "update_on_launch": NO, "update_cache_timeout": ZERO,
        "source_project": Field("projects"),
    },
    "notification_templates": {
        "name": NAME, "description": TEXT, "organization": Field("organizations", required=True),
        "notification_type": Field("str", required=True, choices=("email", "webhook", "slack")),
        "notification_configuration": Field("dict", required=True),
        "messages": Field("dict", dict.fromkeys(rules.MESSAGE_EVENTS)),
    },
    "job_templates": {
        "name": NAME, "description": TEXT, "job_type": Field("str", "run", choices=("run", "check")),
        "inventory": Field("inventories"), "project": Field("projects"), "playbook": TEXT, "scm_branch": TEXT,
        "forks": ZERO, "limit": TEXT, "verbosity": Field("int", 0), "extra_vars": Field("json", ""), "job_tags": TEXT,
        "force_handlers": NO, "skip_tags": TEXT, "start_at_task": TEXT, "timeout": ZERO, "use_fact_cache": NO,
        "organization": Field("organizations", readonly=True), "execution_environment": Field("execution_environments"),
        "host_config_key": TEXT, "survey_enabled": NO, "become_enabled": NO, "diff_mode": NO, "allow_simultaneous": NO,
        "custom_virtualenv": Field("str"), "job_slice_count": Field("int", 1), "webhook_service": TEXT,
        "webhook_credential": Field("credentials"), "prevent_instance_group_fallback": NO, **ASK,
    },
    "schedules": {
        "name": NAME, "description": TEXT, "rrule": Field("str", required=True),
        "unified_job_template": Field("unified_job_templates", required=True), "enabled": YES,
        "extra_data": Field("dict", {}), "inventory": Field("inventories"), "limit": Field("str"),
    },
    "workflow_job_templates": {
        "name": NAME, "description": TEXT, "organization": ORGANIZATION, "extra_vars": Field("json", ""),
        "survey_enabled": NO, "allow_simultaneous": NO, "inventory": Field("inventories"), "limit": Field("str"),
        "scm_branch": Field("str"), "job_tags": Field("str"), "skip_tags": Field("str"), "webhook_service": TEXT,
        "webhook_credential": Field("credentials"),
        **{k: v for k, v in ASK.items() if k[4:-10] in ("variables", "inventory", "limit", "scm_branch", "labels", "tags", "skip_tags")},
    },
    "workflow_job_template_nodes": {
        "identifier": NAME, "workflow_job_template": Field("workflow_job_templates", required=True),
        "unified_job_template": Field("unified_job_templates"), "extra_data": Field("dict", {}),
        "all_parents_must_converge": NO, "inventory": Field("inventories"), "limit": Field("str"),
    },
}  # fmt: skip
LINKS: dict[str, dict[str, str]] = {
    "organizations": {"galaxy_credentials": "credentials"},
    "projects": dict.fromkeys(NOTIFIED, "notification_templates"),
    "inventory_sources": dict.fromkeys(NOTIFIED, "notification_templates"),
    "job_templates": {"credentials": "credentials", **dict.fromkeys(NOTIFIED, "notification_templates")},
    "workflow_job_templates": dict.fromkeys(NOTIFIED, "notification_templates"),
    "workflow_job_template_nodes": dict.fromkeys(
        ("success_nodes", "failure_nodes", "always_nodes"), "workflow_job_template_nodes"
    ),
}
UNIFIED = ("projects", "inventory_sources", "job_templates", "workflow_job_templates")
# What makes an object the same as another one, beside its name.
UNIQUE = {
    "credentials": ("organization", "credential_type"), "projects": ("organization",), "inventories": ("organization",),
    "inventory_sources": ("inventory",), "notification_templates": ("organization",), "job_templates": ("organization",),
    "schedules": ("unified_job_template",), "workflow_job_templates": ("organization",),
    "workflow_job_template_nodes": ("workflow_job_template",),
}  # fmt: skip
SINGULAR = {"inventories": "inventory"}


def singular(model: str) -> str:
    return SINGULAR.get(model, model[:-1])


@dataclass
class FakeAwx:
    """The objects, and what can be done with them. `project` is the directory whose playbooks every project has."""

    project: Path
    superuser: bool = True
    objects: dict[str, dict[int, dict[str, Any]]] = field(default_factory=lambda: {m: {} for m in MODELS})
    links: dict[tuple[str, int, str], list[int]] = field(default_factory=dict)
    surveys: dict[int, dict] = field(default_factory=dict)
    secrets: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)
    writes: list[str] = field(default_factory=list)  # method and path of each request that was not a GET
    last_id: int = 40

    def __post_init__(self):
        self.jobs = Jobs(self)
        secret = {"type": "string", "secret": True}
        for name, namespace, kind, fields in (
            ("Machine", "ssh", "ssh", [
                {"id": "username", "label": "Username", "type": "string"}, {"id": "password", "label": "Password", **secret},
                {"id": "ssh_key_data", "label": "Key", "format": "ssh_private_key", "multiline": True, **secret},
                {"id": "become_password", "label": "Password", **secret}]),
            ("Source Control", "scm", "scm", [{"id": "username", "label": "Username", "type": "string"}]),
            ("Ansible Galaxy/Automation Hub API Token", "galaxy_api_token", "galaxy", [
                {"id": "url", "label": "URL", "type": "string"}]),
        ):  # fmt: skip
            self._add(
                "credential_types",
                {"name": name, "kind": kind, "namespace": namespace, "managed": True, "inputs": {"fields": fields}},
            )
        self._add(
            "credentials",
            {
                "name": "Ansible Galaxy",
                "credential_type": self.last_id,
                "inputs": {"url": "https://galaxy.ansible.com/"},
            },
        )

    # --- lists and details

    def _add(self, model: str, values: dict[str, Any]) -> dict[str, Any]:
        self.last_id += 1
        times = dict.fromkeys(("created", "modified"), self.jobs.time())
        item = {"id": self.last_id, **times, **{name: spec.default for name, spec in MODELS[model].items()}, **values}
        self.objects[model][self.last_id] = json.loads(json.dumps(item))
        return self.objects[model][self.last_id]

    def find(self, model: str, number: int) -> dict[str, Any]:
        for name in UNIFIED if model == "unified_job_templates" else (model,):
            if number in self.objects[name]:
                return self.objects[name][number]
        raise Refused(404, {"detail": "Not found."})

    def shown(self, model: str, item: dict[str, Any]) -> dict[str, Any]:
        url = f"{PREFIX}{model}/{item['id']}/"
        related = {link: f"{url}{link}/" for link in LINKS.get(model, {})}
        if model in ("job_templates", "workflow_job_templates"):
            related["survey_spec"] = f"{url}survey_spec/"
        if model == "projects":
            related["update"] = f"{url}update/"
        summary = {
            name: {"id": item[name], "name": self._name(spec.kind, item[name])}
            for name, spec in MODELS[model].items()
            if spec.kind not in ("str", "bool", "int", "dict", "json") and item[name] is not None
        }
        if model == "workflow_job_template_nodes":
            item = item | {link: self.links.get((model, item["id"], link), []) for link in LINKS[model]}
        if model == "projects":
            updates = self.jobs.listed("project_update", {"project": str(item["id"]), "order_by": "-id"})
            if updates and updates[0]["status"] in ACTIVE:
                summary["current_update"] = {"id": updates[0]["id"], "status": updates[0]["status"]}
        return {**item, "type": singular(model), "url": url, "related": related, "summary_fields": summary}

    def _name(self, model: str, number: int) -> str:
        item = self.find(model, number)
        return item.get("name") or item.get("identifier", "")

    def listed(self, model: str, query: dict[str, str]) -> dict[str, Any]:
        models = UNIFIED if model == "unified_job_templates" else (model,)
        page = int(query.pop("page", "1"))
        size = int(query.pop("page_size", str(PAGE)))
        found = [
            self.shown(m, self._with_organization(m, item))
            for m in models
            for item in self.objects[m].values()
            if self._matches(m, item, query)
        ]
        rest = urlencode({**query, "page": page + 1, "page_size": size})
        return {
            "count": len(found),
            "next": f"{PREFIX}{model}/?{rest}" if len(found) > page * size else None,
            "previous": None,
            "results": found[(page - 1) * size : page * size],
        }

    def _with_organization(self, model: str, item: dict[str, Any]) -> dict[str, Any]:
        # A job template is in its project's organization, an inventory source in its inventory's.
        if model == "job_templates" and item["project"]:
            item["organization"] = self.objects["projects"][item["project"]]["organization"]
        return item

    def _matches(self, model: str, item: dict[str, Any], query: dict[str, str]) -> bool:
        item = self._with_organization(model, item)
        either = []
        for key, wanted in query.items():
            name = key.removeprefix("or__")
            attribute, dummy, sub = name.partition("__")
            if attribute == "type":
                value: Any = singular(model)
            elif attribute == "organization" and model == "inventory_sources":
                value = self.objects["inventories"][item["inventory"]]["organization"]
            elif attribute == "id" or attribute in MODELS[model]:
                value = item[attribute]
            else:
                raise Refused(400, {"detail": f"{singular(model)} has no field named '{attribute}'"})
            if sub:
                value = self._look_up(MODELS[model][attribute].kind, value, sub)
            elif (attribute == "id" or isinstance(value, int)) and not wanted.isdigit():
                raise Refused(400, {"detail": f"{attribute}: {wanted!r} is no number"})
            same = str(value) == wanted
            if key.startswith("or__"):
                either.append(same)
            elif not same:
                return False
        return any(either) if either else True

    def _look_up(self, model: str, number: int | None, path: str) -> Any:
        attribute, dummy, rest = path.partition("__")
        known = ("name", "organization") if model == "unified_job_templates" else MODELS.get(model, {})
        if attribute not in known:
            raise Refused(400, {"detail": f"{model} has no field named '{attribute}'"})
        if number is None:
            return None
        value = self._with_organization(model, self.find(model, number))[attribute]
        return self._look_up(MODELS[model][attribute].kind, value, rest) if rest else value

    # --- writing

    def create(self, model: str, body: dict[str, Any]) -> dict[str, Any]:
        values = self._checked(model, body, {})
        errors = {
            n: ["This field is required."]
            for n, s in MODELS[model].items()
            if s.required and values.get(n) in (None, "")
        }
        if errors:
            raise Refused(400, errors)
        given = {name: spec.default for name, spec in MODELS[model].items()} | values
        self._check_as_a_whole(model, given, {})
        item = self._add(model, values)
        self._keep_secrets(model, item)
        if model == "projects" and item["scm_type"]:
            item["local_path"] = f"_{item['id']}__{re.sub(r'[^a-z0-9]+', '_', item['name'].lower())}"
            self.jobs.update_project(item["id"])
        return self.shown(model, self._with_organization(model, item))

    def change(self, model: str, number: int, body: dict[str, Any]) -> dict[str, Any]:
        item = self.find(model, number)
        if item.get("managed"):
            raise Refused(403, {"detail": "Modifications not allowed for managed objects"})
        values = self._checked(model, body, item)
        self._check_as_a_whole(model, {**item, **values}, item)
        moved = model == "projects" and any(item[n] != values.get(n, item[n]) for n in ("scm_type", "scm_url", "scm_branch", "credential"))
        if model == "notification_templates" and "messages" in values:
            values["messages"] = self._merged_messages(item["messages"], values["messages"])
        item.update(values)
        item["modified"] = self.jobs.time()
        if moved and item["scm_type"]:
            self.jobs.update_project(number)
        self._keep_secrets(model, item)
        return self.shown(model, self._with_organization(model, item))

    @staticmethod
    def _merged_messages(before: dict[str, Any] | None, now: dict[str, Any] | None) -> dict[str, Any] | None:
        """At a change AWX keeps what the new messages leave out, and adds every event."""
        if before is None or now is None:
            return now
        merged = {event: now.get(event) or before.get(event) for event in rules.MESSAGE_EVENTS}
        for event, texts in merged.items():
            if texts and before.get(event):
                merged[event] = {kind: text for kind, text in before[event].items() if text} | texts
        return merged

    def _checked(self, model: str, body: dict[str, Any], item: dict[str, Any]) -> dict[str, Any]:
        errors: dict[str, list[str]] = {}
        values = {}
        for name, value in body.items():
            spec = MODELS[model].get(name)
            if spec is None:
                if (model, name) != ("workflow_job_template_nodes", "type"):
                    errors[name] = ["is unknown (AWX would drop it silently)"]
                continue
            if spec.readonly:
                # The module job_template sends the organization; AWX takes it from the project.
                continue
            complaint = self._complaint(spec, value)
            if complaint:
                errors[name] = [complaint]
            values[name] = value
        if errors:
            raise Refused(400, errors)
        return values

    def _complaint(self, spec: Field, value: Any) -> str:
        kinds: dict[str, type] = {"str": str, "json": str, "bool": bool, "int": int, "dict": dict}
        if value is None:
            return "This field may not be null." if spec.default is not None or spec.required else ""
        kind = kinds.get(spec.kind, int)
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            return f"{value!r} is no {spec.kind}"
        if spec.choices and value not in spec.choices:
            return f"{value!r} is not a valid choice."
        if spec.longest and len(value) > spec.longest:
            return f"has more than {spec.longest} characters"
        if spec.kind == "json" and value:
            try:
                json.loads(value)
            except ValueError:
                return "is not JSON"
        if spec.kind not in kinds:
            try:
                self.find(spec.kind, value)
            except Refused:
                return f"Invalid pk {value} - object does not exist."
        return ""

    def _check_as_a_whole(self, model: str, item: dict[str, Any], before: dict[str, Any]) -> None:
        label = "identifier" if model == "workflow_job_template_nodes" else "name"
        keys = (label, *UNIQUE.get(model, ()))
        if model == "job_templates":
            self._check_job_template(item)
        self._with_organization(model, item)
        for other in self.objects[model].values():
            if other["id"] != before.get("id") and all(other[key] == item[key] for key in keys):
                raise Refused(400, {"__all__": [f"{model} with this {', '.join(keys)} already exists."]})
        errors: list[str] = []
        if model == "credential_types" and not item["managed"]:
            errors = rules.credential_type_errors(item["inputs"], item["injectors"])
            for one in item["inputs"].get("fields", []):
                one.setdefault("type", "string")
        elif model == "credentials":
            errors = self._credential_errors(item, before)
        elif model == "execution_environments" and re.search(r"\s|^https?://", item["image"]):
            errors = ["image: not a name of an image"]
        elif model == "schedules":
            errors = rules.rrule_errors(item["rrule"])
            survey = self._survey_of(item["unified_job_template"])
            errors += rules.answer_errors(survey, item["extra_data"]) if survey else []
        elif model == "notification_templates":
            errors = rules.notification_errors(item["notification_type"], item["notification_configuration"])
            errors += rules.message_errors(item["messages"])
        elif model == "inventory_sources":
            project = self.objects["projects"].get(item["source_project"] or 0)
            if item["source"] == "scm" and (not project or not project["scm_type"]):
                errors = ["source_project: a project with source control is required for scm type sources"]
        elif model == "workflow_job_template_nodes" and item["unified_job_template"] and item["extra_data"]:
            survey = self._survey_of(item["unified_job_template"])
            errors = rules.answer_errors(survey or {"spec": []}, item["extra_data"], check_required=False)
        if errors:
            raise Refused(400, {"__all__": ["; ".join(errors)]})

    def _survey_of(self, number: int) -> dict | None:
        item = self.find("unified_job_templates", number)
        return self.surveys.get(number) if item.get("survey_enabled") else None

    def _check_job_template(self, item: dict[str, Any]) -> None:
        project = self.objects["projects"].get(item["project"] or 0)
        if not project:
            raise Refused(400, {"project": ["This field is required."]})
        if project["status"] != "successful" or item["playbook"] not in rules.playbooks(self.project):
            raise Refused(400, {"playbook": ["Playbook not found for project."]})
        if not item["inventory"] and not item["ask_inventory_on_launch"]:
            raise Refused(400, {"inventory": ["Job Template must provide 'inventory' or allow prompting for it."]})

    def _credential_errors(self, item: dict[str, Any], before: dict[str, Any]) -> list[str]:
        fields = {
            f["id"]: f for f in self.objects["credential_types"][item["credential_type"]]["inputs"].get("fields", [])
        }
        errors = [f"inputs.{name}: is no field of this type" for name in sorted(set(item["inputs"]) - set(fields))]
        for name, value in item["inputs"].items():
            if not isinstance(value, str):
                errors.append(f"inputs.{name}: {value!r} is no string")
            elif value == rules.ENCRYPTED:
                if before.get("inputs", {}).get(name) != rules.ENCRYPTED:
                    errors.append(f"inputs.{name}: {rules.ENCRYPTED} where there is no secret")
            elif fields.get(name, {}).get("format") == "ssh_private_key" and "PRIVATE KEY-----" not in value:
                errors.append(f"inputs.{name}: Invalid certificate or key")
        return errors

    def _keep_secrets(self, model: str, item: dict[str, Any]) -> None:
        """Hide the secrets that an object was given, and remember them for the tests."""
        if model == "credentials":
            fields = self.objects["credential_types"][item["credential_type"]]["inputs"].get("fields", [])
            place, hidden = item["inputs"], [f["id"] for f in fields if f.get("secret")]
        elif model == "notification_templates":
            place = item["notification_configuration"]
            hidden = [n for n, f in rules.NOTIFICATION_FIELDS[item["notification_type"]].items() if f[0] == "password"]
        else:
            return
        kept = self.secrets.setdefault((model, item["id"]), {})
        for name in hidden:
            if not place.get(name):
                kept.pop(name, None)
                if model == "credentials":
                    place.pop(name, None)
            elif place[name] != rules.ENCRYPTED:
                kept[name] = place[name]
                place[name] = rules.ENCRYPTED

    # --- what belongs to an object

    def linked(self, model: str, number: int, link: str) -> dict[str, Any]:
        target = LINKS[model][link]
        self.find(model, number)
        items = [self.shown(target, self.objects[target][n]) for n in self.links.get((model, number, link), [])]
        return {"count": len(items), "next": None, "previous": None, "results": items}

    def link(self, model: str, number: int, link: str, body: dict[str, Any]) -> None:
        target = LINKS[model][link]
        item = self.find(model, number)
        other = self.find(target, body["id"])
        there = self.links.setdefault((model, number, link), [])
        if body.get("disassociate"):
            there.remove(other["id"])
            return
        if (model, link) == ("job_templates", "credentials"):
            kinds = [self.objects["credentials"][n]["credential_type"] for n in there]
            if other["credential_type"] in kinds:
                raise Refused(400, {"error": "Cannot assign multiple credentials of one type."})
            if self.objects["credential_types"][other["credential_type"]]["kind"] not in (
                "ssh",
                "vault",
                "cloud",
                "net",
                "kubernetes",
            ):
                raise Refused(400, {"error": "Cannot assign a Credential of this kind."})
        if (
            link == "galaxy_credentials"
            and self.objects["credential_types"][other["credential_type"]]["kind"] != "galaxy"
        ):
            raise Refused(400, {"msg": "Credential must be a Galaxy credential"})
        if model == "workflow_job_template_nodes":
            self._check_edge(item, other)
        there.append(other["id"])

    def _check_edge(self, parent: dict[str, Any], child: dict[str, Any]) -> None:
        if parent["workflow_job_template"] != child["workflow_job_template"]:
            raise Refused(400, {"detail": "Nodes of different workflows"})
        reached, left = set(), [child["id"]]
        while left:
            node = left.pop()
            reached.add(node)
            left += [
                n
                for (m, number, dummy), ns in self.links.items()
                if m == "workflow_job_template_nodes" and number == node
                for n in ns
            ]
        if parent["id"] in reached:
            raise Refused(400, {"detail": "Cycle detected."})

    def set_survey(self, number: int, body: dict[str, Any]) -> None:
        self.find("unified_job_templates", number)
        errors = rules.survey_errors(body)
        if errors:
            raise Refused(400, {"error": "; ".join(errors)})
        self.surveys[number] = body

    def update_project(self, number: int) -> dict[str, Any]:
        item = self.find("projects", number)
        if not item["scm_type"]:
            raise Refused(405, {"detail": "manual project"})
        update = self.jobs.update_project(number).shown
        return {**update, "project_update": update["id"]}

    # --- HTTP

    def answer(self, method: str, path: str, query: dict[str, str], body: dict[str, Any]) -> tuple[int, Any]:
        if method != "GET":
            self.writes.append(f"{method} {path}")
        parts = path.removeprefix(PREFIX).strip("/").split("/")
        model = parts[0]
        if method == "GET" and model in ("me", "jobs", "project_updates"):
            return 200, self._read(parts, query)
        if method != "GET" and not self.superuser and model in ("organizations", "credential_types"):
            raise Refused(403, {"detail": "You do not have permission to perform this action."})
        if model not in MODELS and not (model == "unified_job_templates" and method == "GET"):
            raise Refused(404, {"detail": "Not found."})
        if len(parts) == 1:
            return (200, self.listed(model, query)) if method == "GET" else (201, self.create(model, body))
        number = int(parts[1]) if parts[1].isdigit() else self._refuse_name()
        if len(parts) == 2:
            return self._detail(method, model, number, body)
        return self._below(method, (model, number, parts[2]), body)

    def _read(self, parts: list[str], query: dict[str, str]) -> Any:
        """What the API has only to be read: who asks, jobs and updates. Time goes on while somebody waits for one."""
        found: list[dict[str, Any]] = [{"id": 1, "username": "somebody", "is_superuser": self.superuser}]
        if parts[0] != "me":
            if len(parts) > 1:
                self.jobs.advance(UPDATE_SECONDS)
            found = self.jobs.listed(parts[0].removesuffix("s"), query if len(parts) == 1 else {"id": parts[1]})
            if len(parts) == 2 and found:
                return found[0]
            if len(parts) == 3 and parts[2] == "events":
                found = [event for event in self.jobs.events(int(parts[1])) if all(str(event[k]) == v for k, v in query.items())]
        return {"count": len(found), "next": None, "previous": None, "results": found}

    @staticmethod
    def _refuse_name() -> int:
        raise Refused(404, {"detail": "named URLs are not known here"})

    def _detail(self, method: str, model: str, number: int, body: dict[str, Any]) -> tuple[int, Any]:
        if method == "GET":
            return 200, self.shown(model, self._with_organization(model, self.find(model, number)))
        if method == "PATCH":
            return 200, self.change(model, number, body)
        if method == "DELETE":
            self.find(model, number)
            del self.objects[model][number]
            return 204, None
        raise Refused(405, {"detail": f"Method {method} not allowed."})

    def _below(self, method: str, place: tuple[str, int, str], body: dict[str, Any]) -> tuple[int, Any]:
        model, number, below = place
        if below == "survey_spec" and model in ("job_templates", "workflow_job_templates"):
            if method == "GET":
                return 200, self.surveys.get(number, {})
            self.set_survey(number, body)
            return 200, None
        if below == "update" and model == "projects" and method == "POST":
            return 202, self.update_project(number)
        if below in LINKS.get(model, {}):
            if method == "GET":
                return 200, self.linked(model, number, below)
            self.link(model, number, below, body)
            return 204, None
        raise Refused(404, {"detail": "Not found."})


@contextmanager
def serving(awx: FakeAwx) -> Iterator[str]:
    """The stand-in at an address of this machine, for as long as the block runs."""
    lock = threading.Lock()

    class Handler(BaseHTTPRequestHandler):
        def log_message(self, *args):  # pytest shows what matters
            pass

        def _serve(self) -> None:
            length = int(self.headers.get("Content-Length") or 0)
            raw = self.rfile.read(length) if length else b"{}"
            split = urlsplit(self.path)
            try:
                if self.headers.get("Authorization") != f"Bearer {TOKEN}":
                    raise Refused(401, {"detail": "Authentication credentials were not provided."})
                with lock:
                    status, body = awx.answer(
                        self.command, split.path, dict(parse_qsl(split.query, keep_blank_values=True)), json.loads(raw)
                    )
            except Refused as refused:
                status, body = refused.status, refused.body
            data = b"" if body is None else json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("X-API-Product-Name", "AWX")
            self.send_header("X-API-Product-Version", "24.6.1")
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        do_GET = do_POST = do_PATCH = do_DELETE = _serve

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
