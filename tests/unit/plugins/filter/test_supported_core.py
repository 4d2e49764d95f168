# SPDX-License-Identifier: GPL-3.0-or-later
"""S2: no playbook and no role runs on an ansible-core that runs templates which hosts send, and all pages agree on which that are."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter import _supported_core
from packaging.specifiers import SpecifierSet
from packaging.version import Version

REPO = Path(__file__).resolve().parents[4]
GUARD = "eucalyptus.ha._supported_core"
ROLES = sorted(path for path in (REPO / "roles").iterdir() if path.is_dir())
PLAYBOOKS = sorted((REPO / "playbooks").glob("*.yml"))
# CVE-2024-11079
UNSAFE = [*(f"2.16.{patch}" for patch in range(14)), *(f"2.17.{patch}" for patch in range(7)), "2.18.0"]
SAFE = ["2.16.14", "2.16.19", "2.17.7", "2.17.14", "2.18.1", "2.18.17", "2.19.0", "2.20.3", "2.21.5", "3.0.0"]


def load(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def entries() -> Iterator[tuple[str, str]]:
    for role in ROLES:
        for entry in load(role / "meta/argument_specs.yml")["argument_specs"]:
            yield role.name, entry
    # Of a playbook of ours, and in no argument specs.
    yield "drill", "confirm"


def first(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """The first task that does something."""
    return first(tasks[0]["block"]) if "block" in tasks[0] else tasks[0]


@pytest.mark.parametrize(("role", "entry"), [*entries()])
def test_each_entry_of_a_role_is_guarded(role: str, entry: str) -> None:
    task = first(load(REPO / "roles" / role / "tasks" / f"{entry}.yml"))
    assert f"true | {GUARD}" in ([task["when"]] if isinstance(task.get("when"), str) else task["when"]), task["name"]


@pytest.mark.parametrize("playbook", PLAYBOOKS, ids=lambda path: path.stem)
def test_each_playbook_is_guarded_before_its_first_host(playbook: Path) -> None:
    play = load(playbook)[0]
    assert GUARD in str(play.get("hosts", "")), play["name"]


@pytest.mark.parametrize("version", [*UNSAFE, "2.15.13", "2.9.27", "2.18.0rc1", "2.17.0b2"])
def test_an_unsafe_core_is_rejected_with_the_version_to_take(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_supported_core, "__version__", version)
    with pytest.raises(AnsibleFilterError) as caught:
        _supported_core.supported_core(True)
    series = ".".join(version.split(".")[:2])
    wanted = {"2.17": "2.17.7", "2.18": "2.18.1"}.get(series, "2.16.14")
    assert f"(got {version})" in str(caught.value)
    assert f"Install ansible-core {wanted} or later." in str(caught.value)


@pytest.mark.parametrize("version", [*SAFE, "2.22.0.dev0", "2.18.1rc1"])
def test_a_safe_core_is_not(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_supported_core, "__version__", version)
    assert _supported_core.supported_core(["a"]) == ["a"]


def test_requires_ansible_says_the_same() -> None:
    wanted = SpecifierSet(load(REPO / "meta/runtime.yml")["requires_ansible"])
    for minor in range(14, 24):
        for patch in range(25):
            version = f"2.{minor}.{patch}"
            assert wanted.contains(version) is (_supported_core.problem(version) is None), version
    assert [version for version in UNSAFE if wanted.contains(version)] == []


def test_pages_roles_and_the_execution_environment_agree() -> None:
    for page in ("README.md", "docs/quick-start.md"):
        assert "ansible-core 2.16.14, 2.17.7, 2.18.1 or newer" in (REPO / page).read_text(encoding="utf-8"), page
    for role in ROLES:
        assert str(load(role / "meta/main.yml")["galaxy_info"]["min_ansible_version"]) == "2.16.14", role.name
    pinned = {
        load(REPO / "execution-environment.yml")["dependencies"]["ansible_core"]["package_pip"],
        *re.findall(r"^ansible-core==.*$", (REPO / "requirements-dev.txt").read_text(encoding="utf-8"), re.MULTILINE),
    }
    for pin in pinned:
        assert _supported_core.problem(pin.removeprefix("ansible-core==")) is None, pin


def test_the_matrix_runs_no_unsafe_core() -> None:
    """tools/ansible-test takes the newest release of each series; docs/matrix.md says which that was."""
    found = set(re.findall(r"^\| (2\.\d+\.\d+) \|", (REPO / "docs/matrix.md").read_text(encoding="utf-8"), re.MULTILINE))
    assert {str(Version(version)) for version in found}
    assert [version for version in found if _supported_core.problem(version)] == []
