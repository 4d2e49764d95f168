# SPDX-License-Identifier: GPL-3.0-or-later
"""Objects as the API of AWX shows them -> the data that configure.yml takes."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml
from ansible.errors import AnsibleFilterError

ENCRYPTED = "$encrypted$"
NOTIFIED = ["notification_templates_started", "notification_templates_success", "notification_templates_error"]

# By list of the data: where it comes from, fields as they are, fields that refer to another object by its name, lists of names.
MODELS: dict[str, tuple[str, list[str], list[str], list[str]]] = {
    "awx_organizations": ("organizations", ["max_hosts"], ["default_environment"], ["galaxy_credentials"]),
    "awx_credential_types": ("credential_types", ["kind", "inputs", "injectors"], [], []),
    "awx_credentials": ("credentials", ["inputs"], ["organization", "credential_type"], []),
    "awx_notification_templates": (
        "notification_templates", ["notification_type", "notification_configuration", "messages"], ["organization"], [],
    ),
    "awx_execution_environments": ("execution_environments", ["image", "pull"], ["organization", "credential"], []),
    "awx_projects": (
        "projects",
        ["scm_type", "scm_url", "scm_branch", "scm_clean", "scm_update_on_launch", "scm_update_cache_timeout"],
        ["organization", "credential", "default_environment"],
        [],
    ),
    "awx_inventories": ("inventories", ["kind", "variables"], ["organization"], []),
    "awx_inventory_sources": (
        "inventory_sources",
        ["source", "source_path", "source_vars", "overwrite", "overwrite_vars", "update_on_launch", "update_cache_timeout"],
        ["inventory", "source_project", "credential", "execution_environment"],
        [],
    ),
    "awx_job_templates": (
        "job_templates",
        [
            "job_type", "playbook", "extra_vars", "limit", "forks", "timeout", "verbosity", "diff_mode", "become_enabled",
            "use_fact_cache", "allow_simultaneous", "job_slice_count", "ask_limit_on_launch", "ask_diff_mode_on_launch",
            "ask_job_type_on_launch", "ask_variables_on_launch", "ask_inventory_on_launch", "ask_verbosity_on_launch", "survey_enabled",
        ],
        ["organization", "project", "inventory", "execution_environment"],
        ["credentials", *NOTIFIED],
    ),
    "awx_schedules": ("schedules", ["rrule", "extra_data", "enabled"], ["unified_job_template"], []),
    "awx_workflow_job_templates": ("workflow_job_templates", ["extra_vars", "allow_simultaneous"], ["organization"], NOTIFIED),
}  # fmt: skip
# Where secrets are.
SECRETS = {"awx_credentials": "inputs", "awx_notification_templates": "notification_configuration"}
# AWX keeps these as text with JSON or YAML in it.
TEXTS = ("variables", "source_vars", "extra_vars")


class _Unsafe(str):
    """A text that Ansible must not take for a template."""


class _Template(str):
    """A text that Ansible must take for one."""


class _Dumper(yaml.SafeDumper):
    def ignore_aliases(self, data: Any) -> bool:
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        # As yamllint requires it: the items of a list further in than its key.
        return super().increase_indent(flow, False)


_Dumper.add_representer(_Unsafe, lambda dumper, text: dumper.represent_scalar("!unsafe", str(text), style='"'))
_Dumper.add_representer(_Template, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", str(text), style='"'))


class _Loader(yaml.SafeLoader):
    """The data of this project as text, its templates as they are."""


_Loader.add_constructor("!unsafe", lambda loader, node: loader.construct_scalar(node))


def _plain(value: Any) -> Any:
    """Without Ansible's own kinds of text and number; what could be a template is marked."""
    if isinstance(value, dict):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, _Template):
        return value
    if isinstance(value, str):
        return _Unsafe(value) if "{{" in value or "{%" in value or "{#" in value else str(value)
    return value


def _known_variables(access: str) -> dict[tuple[str, str], str]:
    """(name, field): variable, for the secrets of this project's own credentials and notification templates."""
    data = yaml.load(access, _Loader)  # noqa: S506 - a SafeLoader
    found = {}
    for model, place in SECRETS.items():
        for entry in data[model]:
            for field, value in entry.get(place, {}).items():
                match = re.fullmatch(r"\{\{ (\w+) \}\}", str(value))
                if match:
                    found[entry["name"], field] = match[1]
    return found


def _refer_to_secrets(entry: dict[str, Any], place: str, known: dict[tuple[str, str], str], twice: bool) -> None:
    """AWX shows no secret: the data gets the name of the variable that gives it, and configure.yml requires that variable."""
    name = f"{entry['name']} {entry['credential_type']}" if twice else entry["name"]
    hidden = [field for field, value in entry.get(place, {}).items() if value == ENCRYPTED]
    required = {
        field: known.get((entry["name"], field), "awx_secret_" + re.sub(r"[^a-z0-9]+", "_", f"{name} {field}".lower()))
        for field in hidden
    }
    for field, variable in required.items():
        entry[place][field] = _Template(f"{{{{ {variable} | default('') }}}}")
    if required:
        entry["required_secrets"] = required


def _entry(model: str, item: dict, related: dict[str, Any]) -> dict[str, Any]:
    _source, fields, references, links = MODELS[model]
    entry: dict[str, Any] = {"name": item["name"]}
    if item.get("description"):
        entry["description"] = item["description"]
    for name in references:
        if item.get(name) is not None:
            entry[name] = item["summary_fields"][name]["name"]
    for name in fields:
        value = item.get(name)
        if name in TEXTS:
            value = yaml.safe_load(value) if value else None
        if value not in (None, "", {}) or name == "kind":
            entry[name] = value
    for name in links:
        names = [other["name"] for other in related[item["related"][name]]]
        # AWX has them in the order in which they came; it counts for Galaxy's alone.
        names = names if name == "galaxy_credentials" else sorted(names)
        if names:
            entry[name] = names
    return entry


def _survey(item: dict, related: dict[str, Any]) -> dict[str, Any]:
    (spec,) = related[item["related"]["survey_spec"]] or [{}]
    hidden = [q["variable"] for q in spec.get("spec", []) if q.get("default") == ENCRYPTED]
    if hidden:
        raise AnsibleFilterError(
            f"{item['name']}: the survey has passwords as defaults, which AWX does not show ({', '.join(hidden)}). Take them out"
        )
    return {"survey_spec": spec} if spec else {}


def _nodes(workflow: dict, nodes: list[dict]) -> list[dict]:
    mine = sorted((n for n in nodes if n["workflow_job_template"] == workflow["id"]), key=lambda n: n["id"])
    names = {node["id"]: node["identifier"] for node in mine}
    found = []
    for node in mine:
        template = node["summary_fields"].get("unified_job_template")
        if not template:
            raise AnsibleFilterError(
                f"{workflow['name']}: node {node['identifier']} runs a template that does not exist; fix or remove it in AWX"
            )
        entry: dict[str, Any] = {"identifier": node["identifier"], "unified_job_template": template["name"]}
        if node.get("extra_data"):
            entry["extra_data"] = node["extra_data"]
        if node.get("all_parents_must_converge"):
            entry["all_parents_must_converge"] = True
        for kind in ("always_nodes", "success_nodes", "failure_nodes"):
            if node[kind]:
                entry[kind] = sorted(names[number] for number in node[kind])
        found.append(entry)
    return found


def awx_data(lists: dict[str, list[dict]], related: dict[str, Any], access: str) -> str:
    """The data as YAML text.

    `lists` has the objects by list of the API, `related` what is at their related addresses, `access` is the text of config/access.yml.
    """
    # Through JSON: whatever Ansible's own types are, these are Python's.
    lists, related = json.loads(json.dumps(lists)), json.loads(json.dumps(related))
    data: dict[str, Any] = {}
    for model, (source, *_rest) in MODELS.items():
        data[model] = [_entry(model, item, related) for item in lists[source]]
    known = _known_variables(access)
    for model, place in SECRETS.items():
        names = [entry["name"] for entry in data[model]]
        for entry in data[model]:
            _refer_to_secrets(entry, place, known, names.count(entry["name"]) > 1)
    variables = sorted({v for model in SECRETS for entry in data[model] for v in entry.get("required_secrets", {}).values()})
    organizations = {item["id"]: item["summary_fields"]["organization"]["name"] for item in lists["inventories"]}
    for entry, item in zip(data["awx_inventory_sources"], lists["inventory_sources"], strict=True):
        entry["organization"] = organizations[item["inventory"]]
    for entry, item in zip(data["awx_job_templates"], lists["job_templates"], strict=True):
        entry.update(_survey(item, related))
    owner = {
        e["name"]: e["organization"]
        for model in ("awx_job_templates", "awx_workflow_job_templates")
        for e in data[model]
    }
    for entry in data["awx_schedules"]:
        entry["organization"] = owner[entry["unified_job_template"]]
    for entry, item in zip(data["awx_workflow_job_templates"], lists["workflow_job_templates"], strict=True):
        entry["nodes"] = _nodes(item, lists["workflow_job_template_nodes"])
    # Each job template contains all of it.
    data["awx_job_template_defaults"] = {}
    comment = f"# Secrets to set in secrets.yml: {', '.join(variables) or 'none'}.\n"
    return comment + "---\n" + yaml.dump(_plain(data), Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=140)


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"awx_data": awx_data}
