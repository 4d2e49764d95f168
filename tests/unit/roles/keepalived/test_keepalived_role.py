# SPDX-License-Identifier: GPL-3.0-or-later
"""The role keepalived, as far as it can be tried without a host: its settings, its scripts, its discretion."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

ROLE = Path(__file__).parents[4] / "roles" / "keepalived"
DEFAULTS = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
SPECS = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
VARS = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))


def tasks(file: Path) -> Iterator[dict[str, Any]]:
    """All tasks of a file, those in blocks too."""

    def walk(items: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        for item in items:
            yield item
            for key in ("block", "rescue", "always"):
                yield from walk(item.get(key, []))

    yield from walk(yaml.safe_load(file.read_text(encoding="utf-8")))


ALL_TASKS = [
    (file, task)
    for file in sorted(ROLE.glob("*/*.yml"))
    if file.parent.name in ("tasks", "handlers")
    for task in tasks(file)
]


# -- settings --------------------------------------------------------------------------------------------------


def test_the_argument_spec_says_what_the_defaults_are() -> None:
    options = SPECS["main"]["options"]
    assert set(options) == set(DEFAULTS)
    assert {name: option.get("default") for name, option in options.items()} == DEFAULTS


@pytest.mark.parametrize("entry", [name for name in SPECS if name != "main"])
def test_every_entry_point_has_a_file_and_the_same_options(entry: str) -> None:
    assert (ROLE / "tasks" / f"{entry}.yml").is_file()
    for name, option in SPECS[entry]["options"].items():
        assert option == SPECS["main"]["options"][name]


def test_all_that_is_optional_is_off() -> None:
    off = ("keepalived_restart_on_failure", "keepalived_unit", "keepalived_sysctl", "keepalived_firewall", "keepalived_selinux")
    assert not any(DEFAULTS[name] for name in off)
    given = VARS["__keepalived_defaults"]
    assert not any(given["unit"].values())
    assert not any([given["firewall"]["backend"], given["selinux"]["label"], given["selinux"]["connect_any"]])
    assert DEFAULTS["keepalived_daemon_options"] is None
    assert given["networkd"]["files"] == []
    assert given["reload"] == {"timeout": 10, "force": False, "restart": False}


DICTIONARIES = {name: option["options"] for name, option in SPECS["main"]["options"].items() if "options" in option}


def test_the_argument_spec_says_what_the_defaults_of_suboptions_are() -> None:
    documented = {
        name.removeprefix("keepalived_"): {key: suboption["default"] for key, suboption in suboptions.items()}
        for name, suboptions in DICTIONARIES.items()
    }
    assert documented == VARS["__keepalived_defaults"]


def run(tmp_path: Path, tasks: list[dict[str, Any]], variables: dict[str, Any], *files: str) -> subprocess.CompletedProcess[str]:
    play = {
        "hosts": "localhost",
        "gather_facts": False,
        "vars": {"ansible_python_interpreter": sys.executable, **variables},
        "vars_files": [str(ROLE / file) for file in files],
        "tasks": tasks,
    }
    (tmp_path / "play.yml").write_text(yaml.safe_dump([play]), encoding="utf-8")
    environment = {**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROLE.parents[1] / ".cache/collections")}
    command = [Path(sys.executable).parent / "ansible-playbook", "-i", "localhost,", "-c", "local", tmp_path / "play.yml"]
    return subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)


def evaluated(tmp_path: Path, *cases: dict[str, Any], what: str) -> list[Any]:
    """The value of an expression in the role, with each case's variables."""
    writes = [
        {"ansible.builtin.copy": {"dest": str(tmp_path / str(number)), "content": f"{{{{ {what} | to_json }}}}"}, "vars": case}
        for number, case in enumerate(cases)
    ]
    done = run(tmp_path, writes, {}, "defaults/main.yml", "vars/main.yml")
    assert done.returncode == 0, done.stdout + done.stderr
    return [json.loads((tmp_path / str(number)).read_text(encoding="utf-8")) for number in range(len(cases))]


def test_a_partial_dictionary_keeps_the_other_defaults(tmp_path: Path) -> None:
    defaults = VARS["__keepalived_defaults"]
    first = {name: next(iter(suboptions)) for name, suboptions in defaults.items()}
    # None and empty text reach it from the inventory where Ansible does not validate the argument spec.
    cases = [
        {f"keepalived_{name}": given for name, given in case.items()}
        for case in ({}, dict.fromkeys(defaults), {name: {key: "x"} for name, key in first.items()})
    ]
    what = "{" + ", ".join(f"'{name}': __keepalived_{name}" for name in defaults) + "}"
    changed = {name: {**suboptions, first[name]: "x"} for name, suboptions in defaults.items()}
    assert evaluated(tmp_path, *cases, what=what) == [defaults, defaults, changed]


def test_wrong_suboptions_are_rejected_before_anything_is_done(tmp_path: Path) -> None:
    """By Ansible; role cc_gateway rejects them earlier, in words of its own (test_gateway_preflight.py)."""
    given = {
        "keepalived_unit": {"hardenning": True},
        "keepalived_reload": {"timeout": "soon"},
        "keepalived_firewall": {"backend": "ufw"},
        "keepalived_selinux": "on",
    }
    done = run(tmp_path, [{"ansible.builtin.include_role": {"name": "eucalyptus.ha.keepalived"}}], given)
    assert done.returncode != 0
    for words in (
        "keepalived_unit.hardenning. Supported parameters include: after_network_online, extra, hardening",
        "argument 'timeout' is of type str found in 'keepalived_reload'",
        "value of backend must be one of",
        "argument 'keepalived_selinux' is of type str",
    ):
        assert words in done.stdout + done.stderr
    assert "Inspect the host" not in done.stdout


# -- discretion ------------------------------------------------------------------------------------------------


def test_the_configuration_is_readable_by_root_only() -> None:
    files = [task["eucalyptus.ha.safe_file"] for _file, task in ALL_TASKS if "eucalyptus.ha.safe_file" in task]
    writes = [file for file in files if file["path"] == "{{ keepalived_config_file }}" and "owner" in file]
    assert len(writes) == 2
    for write in writes:
        assert (write["owner"], write["group"], write["mode"]) == ("root", "root", "0640")
    # What the run after it compares.
    assert VARS["__keepalived_wanted"].endswith(" 640 root root")


def test_whatever_handles_the_configuration_is_hidden_by_the_variable() -> None:
    hidden = []
    for file, task in ALL_TASKS:
        module = {key: value for key, value in task.items() if key.startswith(("ansible.builtin.", "eucalyptus.ha."))}
        text = str(module)
        if "ansible.builtin.debug" in module:
            # What is shown goes through the filter that masks it.
            assert "__keepalived_text" not in text or "keepalived_diff" in text
        elif "__keepalived_text" in text or ".previous" in text or "eucalyptus.ha.safe_file" in module:
            assert task.get("no_log") == "{{ keepalived_secure_logging | bool }}", (file.name, task["name"])
            hidden.append(f"{file.stem}: {task['name']}")
    assert len(hidden) == 5, hidden


def test_nothing_restarts_but_what_was_allowed() -> None:
    restarts = [
        (file, task) for file, task in ALL_TASKS if "restarted" in str(task.get("ansible.builtin.systemd_service"))
    ]
    assert [file.name for file, _task in restarts] == ["restart.yml"]
    users = [file for file in ROLE.glob("*/*.yml") if "restart.yml" in file.read_text(encoding="utf-8")]
    assert [file.parent.name for file in users] == ["handlers"]
    asking = [task for _file, task in ALL_TASKS if task.get("notify") == "Restart keepalived"]
    assert len(asking) == 1
    assert "__keepalived_reload.restart | bool" in asking[0]["when"]
    # The handler does nothing without it: then the run reports what needs a restart.
    assert "keepalived_manage_service | bool" in asking[0]["when"]
    (reporting,) = [task for _file, task in ALL_TASKS if task["name"] == "Report what needs a restart"]
    assert "not (__keepalived_reload.restart | bool and keepalived_manage_service | bool)" in reporting["when"]
    assert "if keepalived_manage_service | bool" in reporting["ansible.builtin.debug"]["msg"]


def test_reload_is_what_starts_a_stopped_unit() -> None:
    """The module starts what is not active when told to reload; see its documentation."""
    states = [
        task["ansible.builtin.systemd_service"]["state"]
        for task in tasks(ROLE / "tasks/reload.yml")
        if "ansible.builtin.systemd_service" in task
    ]
    assert states == ["reloaded"]


def test_the_second_run_asks_the_host_once() -> None:
    """Everything but one look is behind a condition; with nothing to change the rest is one skipped task."""
    always = "true | eucalyptus.ha._supported_core"
    *unconditional, last = [task for task in tasks(ROLE / "tasks/main.yml") if task.get("when", always) == always]
    assert [task["ansible.builtin.import_tasks"] for task in unconditional] == ["inspect.yml", "problems.yml"]
    assert list(last["ansible.builtin.set_fact"]) == ["keepalived_waiting"]
    assert len(list(tasks(ROLE / "tasks/main.yml"))) == 4
    assert len(list(tasks(ROLE / "tasks/inspect.yml"))) == 1
    # The other one is judged on the control node.
    assert all("ansible.builtin.fail" in task for task in tasks(ROLE / "tasks/problems.yml"))


def test_only_what_can_be_read_without_a_change_comes_before_the_config_test() -> None:
    """A host whose configuration is refused stays as it was."""
    included = [
        task["ansible.builtin.include_tasks"]
        for task in tasks(ROLE / "tasks/change.yml")
        if "ansible.builtin.include_tasks" in task
    ]
    assert included[: included.index("test.yml")] == ["install.yml"]


def test_k13_what_the_host_is_asked_is_asked_without_a_config_test_too() -> None:
    """EL 7: keepalived 1.3.5 has none."""
    [test] = [task for task in tasks(ROLE / "tasks/test.yml") if "eucalyptus.ha.keepalived_config_test" in task]
    assert test["when"] == "__keepalived_version != ''"
    assert test["eucalyptus.ha.keepalived_config_test"]["config_test"] == "{{ __keepalived_tests }}"


SOURCES = {"vrrp_instance": {"a": {"unicast_src_ip": "10.0.0.1", "unicast_peer": ["10.0.0.2"]}, "b": {"unicast_src_ip": "fd00::1"}}}
NONLOCAL = [
    ({}, ["source 10.0.0.1", "source fd00::1"]),
    ({"net.ipv4.ip_nonlocal_bind": 1}, ["source fd00::1"]),
    ({"net.ipv4.ip_nonlocal_bind": "1", "net.ipv6.ip_nonlocal_bind": 1}, []),
    ({"net.ipv6.ip_nonlocal_bind": 1, "net.ipv4.ip_nonlocal_bind": 0}, ["source 10.0.0.1"]),
]


def test_a_source_address_need_not_be_there_with_nonlocal_binding(tmp_path: Path) -> None:
    cases = [{"keepalived_config": SOURCES, "keepalived_sysctl": sysctl} for sysctl, _kept in NONLOCAL]
    found = evaluated(tmp_path, *cases, what="__keepalived_host_checks")
    assert found == [["peer 10.0.0.2", *kept] for _sysctl, kept in NONLOCAL]


def test_the_sites_own_text_comes_last_in_the_drop_in() -> None:
    """It may have a TimeoutStopSec of its own."""
    from ansible.template import trust_as_template  # noqa: PLC0415 - new in 2.19

    variables = {
        "keepalived_restart_on_failure": True,
        "__keepalived_unit": {**VARS["__keepalived_defaults"]["unit"], "extra": "[Service]\nTimeoutStopSec=90"},
        "__keepalived_firewall": VARS["__keepalived_defaults"]["firewall"], "__keepalived_header": VARS["__keepalived_header"],
        "__keepalived_seen": {}, "__keepalived_unit_start_limit": "",
    }  # fmt: skip
    template = trust_as_template((ROLE / "templates" / "drop-in.conf.j2").read_text(encoding="utf-8"))
    text = Templar(DataLoader(), variables=variables).template(template)
    assert text.count("TimeoutStopSec=5\n") == 1
    assert text.rstrip().endswith("[Service]\nTimeoutStopSec=90")
