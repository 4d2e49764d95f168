# SPDX-License-Identifier: GPL-3.0-or-later
"""The role keepalived, as far as it can be tried without a host: its settings, its scripts, its discretion."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_verdict import NAMES, OURS

ROLE = Path(__file__).parents[4] / "roles" / "keepalived"
DEFAULTS = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
SPECS = yaml.safe_load((ROLE / "meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]
VARS = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
README = (ROLE / "README.md").read_text(encoding="utf-8")

Run = Callable[..., "subprocess.CompletedProcess[str]"]


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


def test_the_readme_names_every_variable_with_its_default() -> None:
    for name, value in DEFAULTS.items():
        row = re.search(rf"^\| `{name}` \| `?([^|`]*)`? \|", README, re.MULTILINE)
        assert row, name
        shown = yaml.safe_load(row.group(1)) if row.group(1).strip() else None
        assert shown == value, name


def test_all_that_is_optional_is_off() -> None:
    off = {
        name: value
        for name, value in DEFAULTS.items()
        if re.match("keepalived_(unit_|firewall$|selinux|nonlocal|sysctl)", name)
    }
    assert len(off) == 9
    assert not any(off.values())
    assert DEFAULTS["keepalived_daemon_options"] is None
    assert DEFAULTS["keepalived_networkd_files"] == []
    assert DEFAULTS["keepalived_restart_allowed"] is False


# -- discretion ------------------------------------------------------------------------------------------------


def test_the_configuration_is_readable_by_root_only() -> None:
    assert (
        DEFAULTS["keepalived_config_mode"],
        DEFAULTS["keepalived_config_owner"],
        DEFAULTS["keepalived_config_group"],
    ) == (
        "0640",
        "root",
        "root",
    )


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
    assert "keepalived_restart_allowed | bool" in asking[0]["when"]


def test_reload_is_what_starts_a_stopped_unit() -> None:
    """The module starts what is not active when told to reload; see its documentation."""
    states = [
        task["ansible.builtin.systemd_service"]["state"]
        for task in tasks(ROLE / "tasks/reload.yml")
        if "ansible.builtin.systemd_service" in task
    ]
    assert states == ["reloaded"]


def test_the_second_run_asks_the_host_once() -> None:
    """Everything but one look is behind a condition."""
    always = "true | eucalyptus.ha._supported_core"
    unconditional = [task for task in tasks(ROLE / "tasks/main.yml") if task.get("when", always) == always]
    assert [task["ansible.builtin.include_tasks"] for task in unconditional] == ["inspect.yml", "problems.yml"]
    assert len(list(tasks(ROLE / "tasks/inspect.yml"))) == 1
    # The other one is judged on the control node.
    assert all("ansible.builtin.fail" in task for task in tasks(ROLE / "tasks/problems.yml"))


# -- scripts ---------------------------------------------------------------------------------------------------


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Runs one of the role's scripts with a keepalived that does what the test says."""
    programs = tmp_path / "bin"
    programs.mkdir()

    def start(
        script: str, *arguments: object, keepalived: str = "exit 0", systemctl: str = "exit 0", stdin: str = ""
    ) -> subprocess.CompletedProcess[str]:
        for name, body in (("keepalived", keepalived), ("systemctl", systemctl), ("journalctl", "echo journal")):
            program = programs / name
            program.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
            program.chmod(0o755)
        return subprocess.run(
            ["/bin/sh", "-c", VARS[script], "sh", *map(str, arguments)],
            check=False,
            capture_output=True,
            text=True,
            input=stdin,
            timeout=30,
            env={"PATH": f"{programs}:/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C.UTF-8"},
        )

    return start


def facts(result: subprocess.CompletedProcess[str]) -> dict[str, str]:
    return dict(line.split("=", 1) for line in result.stdout.splitlines())


def test_look(run: Run, tmp_path: Path) -> None:
    conf = tmp_path / "etc" / "keepalived.conf"
    conf.parent.mkdir()
    conf.write_text("x\n", encoding="utf-8")
    conf.chmod(0o640)
    seen = facts(
        run(
            "__keepalived_look_script",
            "keepalived",
            conf,
            tmp_path / "none",
            keepalived="echo 'Keepalived v2.2.7 (01/16,2022)' >&2",
            systemctl="echo ActiveState=active; echo UnitFileState=enabled",
        )
    )
    assert seen["version"] == "2.2.7"
    assert seen["ActiveState"] == "active"
    assert seen["UnitFileState"] == "enabled"
    assert seen["directory"] == "yes"
    assert int(seen["capabilities"], 16) > 0
    assert re.fullmatch(
        r"73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac 640 \w+ \w+", seen[str(conf)]
    )
    assert str(tmp_path / "none") not in seen


def test_only_what_can_be_read_without_a_change_comes_before_the_config_test() -> None:
    """A host whose configuration is refused stays as it was."""
    included = [
        task["ansible.builtin.include_tasks"]
        for task in tasks(ROLE / "tasks/main.yml")
        if "ansible.builtin.include_tasks" in task
    ]
    before = included[: included.index("test.yml")]
    assert before == ["inspect.yml", "problems.yml", "install.yml", "set_vars.yml"]


def test_look_without_keepalived(run: Run, tmp_path: Path) -> None:
    seen = facts(
        run(
            "__keepalived_look_script",
            "keepalived",
            tmp_path / "none" / "keepalived.conf",
            keepalived="echo 'keepalived: not found' >&2; exit 127",
            systemctl="exit 1",
        )
    )
    assert seen["version"] == ""
    assert "directory" not in seen


def test_config_test_leaves_nothing_behind_and_names_the_real_file(run: Run, tmp_path: Path) -> None:
    target = tmp_path / "keepalived.conf"
    copy = tmp_path / "seen"
    result = run(
        "__keepalived_test_script",
        target,
        "keepalived",
        stdin="secret text\n",
        keepalived=f'file=${{2#--use-file=}}; cat "$file" > {copy}; stat -c %a "$file" >> {copy}; echo "($file: Line 1) bad"; exit 5',
    )
    assert result.returncode == 5
    assert result.stdout == f"({target}: Line 1) bad\n"
    assert copy.read_text(encoding="utf-8") == "secret text\n600\n"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "seen"]


def test_config_test_outlives_the_signal_that_keepalived_sends_itself(run: Run, tmp_path: Path) -> None:
    """2.2.7 with a script that runs as another user: without the guard every such test ends with SIGTERM."""
    result = run("__keepalived_test_script", tmp_path / "keepalived.conf", "keepalived", keepalived="kill -TERM $$; exit 0")
    assert result.returncode == 0


def checked(run: Run, tmp_path: Path, *checks: str, tester: str = "keepalived") -> str:
    return run("__keepalived_test_script", tmp_path / "keepalived.conf", tester, *checks).stdout.strip()


@pytest.mark.skipif(shutil.which("ip") is None, reason="needs iproute2")
def test_a_peer_that_is_the_host_itself_is_found(run: Run, tmp_path: Path) -> None:
    assert checked(run, tmp_path, "peer 127.0.0.1") == "@own_peer the peer 127.0.0.1 is this host itself"
    assert checked(run, tmp_path, "peer 192.0.2.1") == ""
    # Whole addresses, not beginnings of them.
    assert checked(run, tmp_path, "peer 127.0.0.11") == ""


@pytest.mark.skipif(shutil.which("ip") is None, reason="needs iproute2")
def test_k7_a_source_address_that_the_host_does_not_have(run: Run, tmp_path: Path) -> None:
    assert checked(run, tmp_path, "source 127.0.0.1") == ""
    if Path("/proc/sys/net/ipv4/ip_nonlocal_bind").read_text(encoding="utf-8").strip() == "1":
        pytest.skip("this host binds to addresses that it does not have")
    assert checked(run, tmp_path, "source 192.0.2.77") == "@source_address the source address 192.0.2.77 is not configured on this host"


@pytest.mark.skipif(os.geteuid() != 0 or shutil.which("ip") is None, reason="needs root and iproute2, for a network namespace")
def test_k7_the_address_is_looked_for_in_keepalived_own_namespace(run: Run, tmp_path: Path) -> None:
    name = f"kad{os.getpid()}"
    subprocess.run(["ip", "netns", "add", name], check=True)
    try:
        subprocess.run(["ip", "-n", name, "address", "add", "192.0.2.78/32", "dev", "lo"], check=True)
        assert checked(run, tmp_path, f"namespace {name}", "source 192.0.2.78") == ""
        assert checked(run, tmp_path, f"namespace {name}", "peer 192.0.2.78").startswith("@own_peer")
        assert checked(run, tmp_path, f"namespace {name}", "source 192.0.2.79").startswith("@source_address")
        subprocess.run(["ip", "netns", "exec", name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind"], check=True)
        assert checked(run, tmp_path, f"namespace {name}", "source 192.0.2.79") == ""
    finally:
        subprocess.run(["ip", "netns", "delete", name], check=True)


def test_k9_an_include_file_that_does_not_exist(run: Run, tmp_path: Path) -> None:
    (tmp_path / "there.conf").touch()
    assert checked(run, tmp_path, "include there.conf", f"include {tmp_path}/there.conf") == ""
    assert checked(run, tmp_path, "include no.conf") == f"@missing_include the include file {tmp_path}/no.conf does not exist"


def test_k13_what_the_host_is_asked_is_asked_without_a_config_test_too(run: Run, tmp_path: Path) -> None:
    """EL 7: keepalived 1.3.5 has none."""
    result = run("__keepalived_test_script", tmp_path / "keepalived.conf", "", "include no.conf", keepalived="echo run; exit 3")
    assert result.returncode == 0
    assert result.stdout.startswith("@missing_include")
    [test] = [task for task in tasks(ROLE / "tasks/test.yml") if "ansible.builtin.command" in task]
    assert test["when"] == "__keepalived_version != ''"


@pytest.fixture
def program(tmp_path: Path) -> Iterator[Path]:
    """A program on a path that only root can write."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to own the path to the program")
    directory = Path("/opt") / f"eucalyptus-ha-test-{os.getpid()}"
    directory.mkdir()
    directory.chmod(0o755)
    file = directory / "check"
    file.write_text("#!/bin/sh\n", encoding="utf-8")
    file.chmod(0o755)
    yield file
    shutil.rmtree(directory)


def test_a_good_program_is_not_found_fault_with(run: Run, tmp_path: Path, program: Path) -> None:
    assert checked(run, tmp_path, f"program root {program}") == ""
    assert checked(run, tmp_path, f"program nobody {program}") == ""
    assert checked(run, tmp_path, "program root /usr/bin/python3") == ""
    # Names without a path are looked up by keepalived.
    assert checked(run, tmp_path, "program root true") == ""


def test_k3_missing_notify_program(run: Run, tmp_path: Path, program: Path) -> None:
    """Keepalived looks for the scripts of tracks and checks only, and not for those of notifications."""
    assert checked(run, tmp_path, f"program root {program}-none") == f"@missing_program {program}-none does not exist"
    spaced = program.with_name("a program")
    spaced.write_text("#!/bin/sh\n", encoding="utf-8")
    assert checked(run, tmp_path, f"program - {spaced}") == f"@not_executable {spaced} is not an executable file"


def test_k3_a_user_who_does_not_exist(run: Run, tmp_path: Path, program: Path) -> None:
    """Keepalived ignores such a script, and prints nothing."""
    assert checked(run, tmp_path, f"program nosuchuser {program}") == (
        f"@unknown_user there is no user nosuchuser, who is to run {program}"
    )


def test_a_program_that_cannot_be_executed_is_found(run: Run, tmp_path: Path, program: Path) -> None:
    program.chmod(0o644)
    assert checked(run, tmp_path, f"program root {program}") == f"@not_executable {program} is not an executable file"
    program.chmod(0o744)
    assert checked(run, tmp_path, f"program nobody {program}") == f"@not_executable {program} cannot be executed by nobody"
    assert checked(run, tmp_path, f"program root {program.parent}") == (
        f"@not_executable {program.parent} is not an executable file"
    )


def test_a_path_that_others_can_write_is_found(run: Run, tmp_path: Path, program: Path) -> None:
    program.chmod(0o757)
    assert (
        checked(run, tmp_path, f"program root {program}")
        == f"@insecure_program {program}, on the way to {program}, can be written by everyone"
    )
    program.chmod(0o755)
    program.parent.chmod(0o775)
    # The group root is no other.
    assert checked(run, tmp_path, f"program root {program}") == ""
    os.chown(program.parent, 0, 1)
    assert checked(run, tmp_path, f"program root {program}").endswith("can be written by its group")
    program.parent.chmod(0o755)
    os.chown(program.parent, 1, 0)
    assert checked(run, tmp_path, f"program root {program}").endswith("which root runs, belongs to another user")
    assert checked(run, tmp_path, f"program nobody {program}") == ""


def test_a_link_is_followed(run: Run, tmp_path: Path, program: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(program)
    program.chmod(0o757)
    assert "can be written by everyone" in checked(run, tmp_path, f"program root {link}")


def test_every_finding_has_a_name_that_can_be_accepted() -> None:
    """What the script prints, and the names in the filter."""
    found = set(re.findall(r'echo "@(\w+) ', VARS["__keepalived_test_script"]))
    assert found == {*OURS, "missing_program", "insecure_program", "missing_include"}
    assert found <= set(NAMES)


def test_waiting_ends_when_the_unit_stays_active(run: Run) -> None:
    result = run("__keepalived_wait_script", "keepalived", 5, systemctl="echo ActiveState=active")
    assert result.returncode == 0


def test_waiting_sits_out_a_reload(run: Run, tmp_path: Path) -> None:
    count = tmp_path / "count"
    result = run(
        "__keepalived_wait_script",
        "keepalived",
        5,
        systemctl=f"echo x >> {count}; if [ $(wc -l < {count}) -le 2 ]; then echo ActiveState=reloading; else echo ActiveState=active; fi",
    )
    assert result.returncode == 0
    assert len(count.read_text(encoding="utf-8").split()) == 5


@pytest.mark.parametrize("state", ["failed", "inactive"])
def test_waiting_says_what_is_wrong(run: Run, state: str) -> None:
    result = run("__keepalived_wait_script", "keepalived", 1, systemctl=f"echo ActiveState={state}")
    assert result.returncode == 1
    assert f"keepalived is not active: ActiveState={state}" in result.stdout
    assert "journal" in result.stdout
