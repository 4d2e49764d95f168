# SPDX-License-Identifier: GPL-3.0-or-later
"""A fact lives in one place: defaults, argument specs and READMEs of the roles say the same."""

import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

REPO = Path(__file__).resolve().parents[3]
ROLES = sorted(path for path in (REPO / "roles").iterdir() if (path / "meta" / "argument_specs.yml").exists())


def load(path):
    return yaml.safe_load(path.read_text(encoding="utf-8")) or {}


def specs(role):
    found = {}
    for entry in load(role / "meta" / "argument_specs.yml")["argument_specs"].values():
        for name, option in (entry.get("options") or {}).items():
            found.setdefault(name, option)
    return found


def test_there_are_roles():
    assert {"cc_gateway", "keepalived", "nc_route"} <= {role.name for role in ROLES}


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_each_default_is_the_one_of_the_argument_spec(role):
    defaults, options = load(role / "defaults" / "main.yml"), specs(role)
    for name, value in defaults.items():
        assert name in options, f"{name} is in defaults/main.yml and not in meta/argument_specs.yml"
        assert not options[name].get("required"), f"{name} has a default and is required"
        documented = options[name].get("default")
        assert documented == value or (str(documented) == str(value)), (
            f"{name}: default {value!r}, documented {documented!r}"
        )
    # Without a default in defaults/main.yml a variable is either required or not set at all.
    for name, option in options.items():
        if option.get("default") is not None:
            assert name in defaults, f"{name} is documented with a default that defaults/main.yml does not have"


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_each_variable_is_in_the_readme(role):
    readme = (role / "README.md").read_text(encoding="utf-8")
    missing = [name for name in specs(role) if not re.search(rf"\b{name}\b", readme)]
    assert missing == []


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_each_variable_is_used(role):
    texts = "".join(
        path.read_text(encoding="utf-8", errors="ignore")
        for folder in (REPO / "roles", REPO / "playbooks", REPO / "plugins")
        for path in folder.rglob("*")
        if path.is_file()
        and path.suffix in {".yml", ".j2", ".py"}
        and "defaults" not in path.parts
        and path.name != "argument_specs.yml"
    )
    # Options that Python reads by their names without the prefix; test_gateway_settings shows that each reaches what uses it.
    settings = (REPO / "plugins" / "plugin_utils" / "_gateway_settings.py").read_text(encoding="utf-8")
    unused = [
        name
        for name in specs(role)
        if not re.search(rf"\b{name}\b", texts)
        and f'"{name.removeprefix("cc_gateway_")}"' not in settings
        # As the role reads it by lookup role_options.
        and not re.search(rf"\b__{role.name}_options\.{name.removeprefix(f'{role.name}_')}\b", texts)
    ]
    assert unused == []


DICTIONARIES = [
    (role, name, option)
    for role in ROLES
    for name, option in specs(role).items()
    if option["type"] == "dict" and option.get("options")
]


@pytest.mark.parametrize(("role", "name", "option"), DICTIONARIES, ids=[name for _role, name, _option in DICTIONARIES])
def test_each_suboption_is_in_the_readme_and_has_a_type_and_a_meaning(role, name, option):
    readme = (role / "README.md").read_text(encoding="utf-8")
    assert option["default"] == {}, "the defaults are those of the suboptions"
    for part, suboption in option["options"].items():
        assert f"`{name}.{part}`" in readme
        assert {"type", "description"} <= set(suboption), part


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"weight": "60"}, None),
        ({"weights": 60}, "weights"),
        ({"weight": "much"}, "much"),
    ],
)
def test_ansible_validates_suboptions_where_a_role_is_used_without_the_playbooks(given, problem):
    options = specs(REPO / "roles" / "cc_gateway")
    only = {"cc_gateway_vrrp": options["cc_gateway_vrrp"]}
    found = ArgumentSpecValidator(only).validate({"cc_gateway_vrrp": given}).error_messages
    assert (problem in " ".join(found)) if problem else found == []


def test_the_tables_in_the_readmes_are_up_to_date():
    done = subprocess.run(
        [sys.executable, REPO / "tools" / "role-docs", "--check"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout


# Secrets, and what lies in directories that other users write: the variables that name them.
GUARDED = re.compile(r"__cc_gateway_run_dir|preload_file|__cc_gateway_root|pair_directory|keepalived_config_file|__cc_gateway_backup\b")


def every_task(entries):
    for entry in entries or []:
        yield entry
        for part in ("block", "rescue", "always"):
            yield from every_task(entry.get(part))


@pytest.mark.parametrize("role", ROLES, ids=lambda role: role.name)
def test_s1_nothing_works_by_path_where_others_write_or_on_secrets(role):
    """Module safe_file does: copy, slurp and the like follow links, wait for FIFOs, and write before they set the mode."""
    for file in sorted((role / "tasks").rglob("*.yml")):
        for task in every_task(load(file)):
            assert "ansible.builtin.slurp" not in task, f"{file.name}: {task['name']}"
            for module in ("copy", "template", "fetch", "lineinfile", "blockinfile"):
                told = task.get(f"ansible.builtin.{module}") or {}
                places = f"{told.get('src')} {told.get('dest')} {told.get('path')}"
                assert not GUARDED.search(places), f"{file.name}: {task['name']}"
                assert not re.search("__keepalived_text|_content", str(told.get("content"))), f"{file.name}: {task['name']}"
