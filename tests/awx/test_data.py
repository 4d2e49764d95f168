# SPDX-License-Identifier: GPL-3.0-or-later
"""The AWX project and its data against AWX's own rules, and against what the playbooks know. Needs no awx.awx and no AWX."""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from . import awx_rules as rules
from .conftest import PROJECT, REPO, load

TEMPLATES = load(PROJECT / "config" / "jobs.yml")["awx_job_templates"]
QUESTIONS = [(template, question) for template in TEMPLATES for question in template["survey_spec"]["spec"]]


def by_name(template):
    return template["name"].partition(": ")[2]


def by_question(case):
    return case[1]["variable"] + "-" + by_name(case[0]).replace(" ", "_")


def playbook_text(path: Path) -> str:
    """A playbook with all that it imports from the collection."""
    text = path.read_text(encoding="utf-8")
    for name in re.findall(r"import_playbook: eucalyptus\.ha\.(\w+)", text):
        text += playbook_text(REPO / "playbooks" / f"{name}.yml")
    return text


@cache
def role(name: str) -> tuple[dict[str, dict], set[str]]:
    """The options of a role, and what its tasks name of the collection; nothing if there is no such role."""
    found: dict[str, dict] = {}
    specs = REPO / "roles" / name / "meta" / "argument_specs.yml"
    if not specs.exists():
        return found, set()
    for entry in load(specs)["argument_specs"].values():
        found |= entry["options"]
    tasks = "".join(path.read_text(encoding="utf-8") for path in (REPO / "roles" / name / "tasks").rglob("*.yml"))
    return found, set(re.findall(r"eucalyptus\.ha\.(\w+)", tasks))


def role_options(text: str) -> dict[str, dict]:
    """The variables of the roles that a playbook names, and of those that they name, with their argument specs."""
    found: dict[str, dict] = {}
    done: set[str] = set()
    left = set(re.findall(r"eucalyptus\.ha\.(\w+)", text))
    while left:
        name = left.pop()
        done.add(name)
        options, named = role(name)
        found |= options
        left |= named - done
    return found


# --- job templates and surveys


@pytest.mark.parametrize("template", TEMPLATES, ids=by_name)
def test_the_survey_is_one_that_awx_takes(template):
    assert rules.survey_errors(template["survey_spec"]) == []


@pytest.mark.parametrize("case", QUESTIONS, ids=by_question)
def test_the_playbook_knows_the_variable(case):
    template, question = case
    text = playbook_text(PROJECT / template["playbook"])
    known = role_options(text)
    assert question["variable"] in known or re.search(rf"\b{question['variable']}\b", text)


@pytest.mark.parametrize("case", QUESTIONS, ids=by_question)
def test_an_unanswered_question_is_answered_as_without_awx(case):
    template, question = case
    spec = role_options(playbook_text(PROJECT / template["playbook"])).get(question["variable"])
    if question["variable"] == "cc_gateway_maintenance":
        assert question["default"] == "true", "what the job is for; without AWX there is no default"
        return
    if question["variable"] == "cc_gateway_maintenance_reason":
        assert question["default"] == spec["default"].replace("Ansible", "AWX")
        return
    if spec is None or "default" not in spec:
        # Not a role's: groups and consent, in the playbooks' own words.
        text = playbook_text(PROJECT / template["playbook"])
        words = [str(w) for w in re.findall(rf"{question['variable']} \| default\('?(\w+)'?", text)]
        assert words, f"{question['variable']} has no default anywhere"
        assert set(words) == {question["default"]}
        return
    default = str(spec["default"])
    assert str(question["default"]) == (default.lower() if spec.get("type") == "bool" else default)


@pytest.mark.parametrize("case", QUESTIONS, ids=by_question)
def test_all_choices_mean_something_to_the_role(case):
    template, question = case
    spec = role_options(playbook_text(PROJECT / template["playbook"])).get(question["variable"], {})
    if "choices" in question:
        assert set(question["choices"]) <= (set(spec["choices"]) if "choices" in spec else {"true", "false"})


# What messages advise and no survey has, since it is true of a site and not of one run: it belongs in the inventory.
IN_THE_INVENTORY = {
    "cc_gateway_ask_from", "cc_gateway_check_source", "cc_gateway_masquerade", "cc_gateway_peers",
    "cc_gateway_preflight.allow_foreign_subnet", "cc_gateway_vrrp.version", "cc_gateway_when_none_enabled", "nc_route_control_address",
}  # fmt: skip
ADVICE = re.compile(
    r"\b((?:cc_gateway|nc_route|drill)_\w+)=(?:true|false|yes|no|[a-z_]+)\b|\bset ((?:cc_gateway|nc_route|drill)_\w+(?:\.\w+)?) to\b"
)


def advised() -> dict[str, set[str]]:
    """What roles, playbooks and plugins advise to set, and where."""
    found: dict[str, set[str]] = {}
    for path in [*REPO.glob("roles/*/tasks/**/*.yml"), *REPO.glob("playbooks/*.yml"), *REPO.glob("plugins/**/*.py")]:
        lines = [line for line in path.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("#")]
        for names in ADVICE.findall(re.sub(r"[\s\"]+", " ", " ".join(lines))):
            found.setdefault(names[0] or names[1], set()).add(str(path.relative_to(REPO)))
    return found


@pytest.mark.parametrize("name", sorted(set(advised()) - IN_THE_INVENTORY))
def test_a8_what_a_message_advises_can_be_set_in_a_survey(name):
    assert name in {question["variable"] for _dummy, question in QUESTIONS}, advised()[name]


def test_a8_nothing_is_left_to_the_inventory_that_no_message_advises():
    assert set(advised()) >= IN_THE_INVENTORY


def test_consent_is_asked_and_not_assumed():
    consents = {q["variable"]: q for _dummy, q in QUESTIONS if q["variable"].endswith("_confirm")}
    assert set(consents) == {"drill_confirm", "cc_gateway_remove_confirm"}
    for question in consents.values():
        assert question["required"]
        assert question["default"] == "false"


def test_no_slices_no_simultaneous_runs_no_stale_facts(data):
    for template in TEMPLATES:
        merged = data["awx_job_template_defaults"] | template
        assert merged["job_slice_count"] == 1
        assert merged["allow_simultaneous"] is False
        assert merged["use_fact_cache"] is False
    for workflow in data["awx_workflow_job_templates"]:
        assert workflow["allow_simultaneous"] is False


def test_schedules_and_workflows_launch_without_anybody_answering(data):
    surveys = {t["name"]: t["survey_spec"] for t in TEMPLATES}
    launched = [s["unified_job_template"] for s in data["awx_schedules"]]
    launched += [node["unified_job_template"] for w in data["awx_workflow_job_templates"] for node in w["nodes"]]
    for name in launched:
        assert rules.answer_errors(surveys[name], {}) == [], name


def test_each_root_playbook_imports_one_that_the_collection_has():
    for template in TEMPLATES:
        (imported,) = re.findall(
            r"import_playbook: (\S+)", (PROJECT / template["playbook"]).read_text(encoding="utf-8")
        )
        assert imported.startswith("eucalyptus.ha.")
        assert (REPO / "playbooks" / f"{imported.rpartition('.')[2]}.yml").exists()


def test_every_playbook_of_the_collection_can_be_launched():
    here = {
        re.search(r"import_playbook: eucalyptus\.ha\.(\w+)", p.read_text(encoding="utf-8"))
        for p in PROJECT.glob("*.yml")
    }
    assert {m[1] for m in here if m} == {p.stem for p in (REPO / "playbooks").glob("*.yml")}


def test_names_refer_to_what_is_there_and_are_not_too_long(data):
    def names(key):
        return [item["name"] for item in data[key]]

    for key in [
        key
        for key in data
        if key.startswith("awx_") and data[key] and isinstance(data[key], list) and isinstance(data[key][0], dict)
    ]:
        assert len(set(names(key))) == len(names(key)), key
        assert all(0 < len(name) <= rules.NAME_LENGTH for name in names(key)), key
    # The modules look templates up by name alone, among all kinds that can be launched.
    unified = sum(
        (
            names(k)
            for k in ("awx_projects", "awx_inventory_sources", "awx_job_templates", "awx_workflow_job_templates")
        ),
        [],
    )
    assert len(set(unified)) == len(unified)
    for template in TEMPLATES:
        merged = data["awx_job_template_defaults"] | template
        assert merged["project"] in names("awx_projects")
        assert merged["inventory"] in names("awx_inventories")
        assert merged["execution_environment"] in names("awx_execution_environments")
        assert set(merged["credentials"]) <= set(names("awx_credentials"))
        assert set(merged["notification_templates_error"]) <= set(names("awx_notification_templates"))
    for schedule in data["awx_schedules"]:
        assert schedule["unified_job_template"] in unified
    for workflow in data["awx_workflow_job_templates"]:
        nodes = {node["identifier"] for node in workflow["nodes"]}
        for node in workflow["nodes"]:
            assert node["unified_job_template"] in unified
            for kind in ("always_nodes", "success_nodes", "failure_nodes"):
                assert set(node.get(kind, [])) <= nodes


# --- credential types, schedules, notifications


def test_the_credential_types_are_ones_that_awx_takes(data):
    for one in data["awx_credential_types"]:
        assert rules.credential_type_errors(one["inputs"], one["injectors"]) == []
        assert one["kind"] in ("cloud", "net")
        # Otherwise AWX adds it, and every run of configure.yml finds a difference.
        assert all("type" in field for field in one["inputs"]["fields"])


def test_injectors_are_marked_as_no_templates_of_ansible():
    text = (PROJECT / "config" / "access.yml").read_text(encoding="utf-8")
    part = text[text.index("    injectors:") : text.index("awx_credentials:")]
    assert part.count("{{") == part.count('!unsafe "{{') == 10


def test_keys_and_passwords_are_secret_and_certificates_are_not(data):
    (one,) = data["awx_credential_types"]
    secret = {field["id"]: field.get("secret", False) for field in one["inputs"]["fields"]}
    assert secret == {"client_cert": False, "client_key": True, "cc_cert": False, "vrrp_password": True}


def test_the_environment_is_what_the_module_falls_back_to(data):
    (one,) = data["awx_credential_types"]
    source = (REPO / "plugins" / "module_utils" / "_cc_options.py").read_text(encoding="utf-8")
    assert set(one["injectors"]["env"]) == set(re.findall(r"\bEUCALYPTUS_CC_\w+", source))
    options = role_options("eucalyptus.ha.cc_gateway")
    assert set(one["injectors"]["extra_vars"]) <= set(options)


def test_a_full_credential_gives_files_and_an_empty_one_gives_nothing(data, tmp_path):
    (one,) = data["awx_credential_types"]
    full = {field["id"]: f"text of {field['id']}\n" for field in one["inputs"]["fields"]}
    env, variables = rules.inject(one["injectors"], full, tmp_path, str(tmp_path))
    assert Path(env["EUCALYPTUS_CC_CLIENT_KEY"]).read_text(encoding="utf-8") == "text of client_key\n"
    assert Path(env["EUCALYPTUS_CC_CLIENT_KEY"]).stat().st_mode & 0o077 == 0
    assert variables.pop("cc_gateway_auth_pass") == "text of vrrp_password\n"
    assert set(variables.values()) == set(env.values()), "for the role by name, for modules by the environment"
    env, variables = rules.inject(one["injectors"], {}, tmp_path, str(tmp_path))
    assert set(env.values()) == {""}, "empty, so that the module takes it for not set; not the name of an empty file"
    assert set(variables.values()) == {""}


def test_the_schedule_is_one_that_awx_takes_and_runs_every_five_minutes(data):
    (schedule,) = data["awx_schedules"]
    assert rules.rrule_errors(schedule["rrule"]) == []
    assert "FREQ=MINUTELY;INTERVAL=5" in schedule["rrule"]
    assert schedule["unified_job_template"] == "Eucalyptus gateway: status"


def test_the_status_job_cannot_outlast_its_interval(data):
    (status,) = [t for t in TEMPLATES if by_name(t) == "status"]
    assert status["timeout"] < 300


def test_the_notification_has_every_key(data):
    (one,) = data["awx_notification_templates"]
    assert set(one["notification_configuration"]) == set(rules.NOTIFICATION_FIELDS["email"])
    settings = {k: v for k, v in data.items() if k.startswith("awx_mail")}
    rendered = {k: settings.get(str(v).strip("{} "), v) for k, v in one["notification_configuration"].items()}
    assert rules.notification_errors("email", rendered) == []


def test_secrets_are_empty_in_what_is_shipped(data):
    secrets = [name for name in data if re.search(r"_(key|password|cert)$", name)]
    assert len(secrets) == 7
    assert {data[name] for name in secrets} == {""}


# --- the project


def test_s10_the_project_pins_this_version_of_the_collection():
    (wanted,) = load(PROJECT / "collections" / "requirements.yml")["collections"]
    galaxy = load(REPO / "galaxy.yml")
    assert wanted["name"] == f"{galaxy['namespace']}.{galaxy['name']}"
    assert wanted["version"] == galaxy["version"], "S10: no newer one by itself"


def test_the_example_inventory_has_the_groups_that_the_surveys_name():
    inventory = load(PROJECT / "inventory" / "hosts")
    defaults = {q["default"] for _dummy, q in QUESTIONS if q["variable"] in ("cc_gateway_clusters", "nc_route_group")}
    assert defaults == set(inventory)
    assert len(inventory["eucalyptus_cc"]["hosts"]) == 2
    assert inventory["eucalyptus_cc"]["vars"]["cc_gateway_vip"]
    assert "vars" not in inventory["eucalyptus_nc"], "the VIP is set once; nc_route takes the cluster's"


def test_the_execution_environment_files_are_there_and_named():
    named = load(REPO / "meta" / "execution-environment.yml")
    assert named["version"] == 1
    for path in named["dependencies"].values():
        assert (REPO / path).exists()
    bindep = (REPO / named["dependencies"]["system"]).read_text(encoding="utf-8")
    for kind in ("dpkg", "rpm"):
        assert f"platform:{kind}]" in bindep
    image = load(REPO / "execution-environment.yml")
    assert image["version"] == 3


def requirements(path: str) -> list[str]:
    return [line for line in (REPO / path).read_text(encoding="utf-8").splitlines() if line and not line.startswith("#")]


def test_s10_every_python_package_of_the_execution_environment_has_its_tested_version():
    dependencies = load(REPO / "execution-environment.yml")["dependencies"]
    wanted = [dependencies[name]["package_pip"] for name in ("ansible_core", "ansible_runner")] + requirements("meta/ee-requirements.txt")
    tested = requirements("requirements-dev.txt") + requirements("requirements-full.txt")
    assert set(wanted) <= set(tested)
    constraints = requirements("meta/ee-constraints.txt")
    assert set(wanted) <= set(constraints)
    assert all(re.fullmatch(r"[\w.-]+==[\w.]+", line) for line in constraints), "whether the list is whole is for make ee"


def test_s10_the_image_is_named_by_the_version_of_the_collection(data):
    assert data["awx_execution_environment_image"].endswith(f":{load(REPO / 'galaxy.yml')['version']}")


def test_module_defaults_of_the_action_group_reach_the_module(tmp_path):
    playbook = tmp_path / "defaults.yml"
    playbook.write_text(
        "- hosts: localhost\n  gather_facts: false\n"
        "  module_defaults: {group/eucalyptus.ha.cluster_controller: {client_key: /nowhere/cloud-pk.pem}}\n"
        "  tasks: [{eucalyptus.ha.cc_service_info: {host: 127.0.0.1}}]\n",
        encoding="utf-8",
    )
    done = subprocess.run(
        [Path(sys.executable).parent / "ansible-playbook", playbook], cwd=REPO, text=True, check=False, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={"PATH": str(Path(sys.executable).parent) + ":/usr/bin:/bin", "HOME": str(tmp_path),
                                       "ANSIBLE_COLLECTIONS_PATH": str(REPO / ".cache" / "collections")},
    )  # fmt: skip
    assert done.returncode != 0
    assert "/nowhere/cloud-pk.pem" in done.stdout, done.stdout
