# SPDX-License-Identifier: GPL-3.0-or-later
"""tools/figures counts what it says, on a small tree; and each directory of tests has its row in tests/README.md."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import re
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def figures():
    loader = importlib.machinery.SourceFileLoader("figures", str(REPO / "tools" / "figures"))
    spec = importlib.util.spec_from_loader("figures", loader)
    module = importlib.util.module_from_spec(spec)
    # dataclasses looks the module up.
    sys.modules["figures"] = module
    loader.exec_module(module)
    yield module
    del sys.modules["figures"]


FILES = {
    "playbooks/gateway.yml": "- hosts: all\n  roles: [{role: a.b.one}]\n",
    "roles/one/tasks/main.yml": (
        "- ansible.builtin.include_tasks: deep.yml\n- block:\n    - include_role: {name: a.b.two, tasks_from: other}\n"
        "- name: Shell\n  shell: |\n    set -e\n    exit 1\n- name: Text\n  debug:\n    msg: |\n      One line.\n      Another.\n"
        "- name: One-liner\n  shell: |\n    if true; then false; fi\n"
    ),
    "roles/one/tasks/deep.yml": "- include_tasks: 'os-{{ family }}.yml'\n",
    "roles/one/tasks/os-a.yml": "- debug: {}\n",
    "roles/one/tasks/os-b.yml": "- include_tasks: deep.yml\n",
    "roles/one/tasks/unused.yml": "- debug: {}\n",
    "roles/one/README.md": "not counted\n",
    "roles/one/meta/argument_specs.yml": "argument_specs: {main: {options: {one_a: {}, one_b: {}}}, x: {options: {one_a: {}}}}\n",
    "roles/two/tasks/other.yml": "- debug: {}\n",
    "roles/two/meta/argument_specs.yml": "argument_specs: {main: {options: {one_a: {}, two_a: {}}}}\n",
    "plugins/filter/public.py": 'DOCUMENTATION = r"""\nshort_description: x\n"""\nX = 1\n',
    "plugins/filter/_hidden.py": 'DOCUMENTATION = "x"\n',
    "plugins/filter/marked.py": 'DOCUMENTATION = r"""\nshort_description: "[INTERNAL] x"\n"""\n',
    "plugins/modules/m.py": 'DOCUMENTATION = "x"\n',
}


@pytest.fixture(scope="module")
def tree(tmp_path_factory):
    root = tmp_path_factory.mktemp("tree")
    for name, text in FILES.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


def test_what_is_counted(figures, tree):
    found = {figure.what: figure.now for figure in figures.static_figures(tree)}
    lines = sum(text.count("\n") for name, text in FILES.items() if not name.endswith(".md"))
    assert found == {
        "production lines (plugins, roles, playbooks)": str(lines),
        "… without documentation of plugins": str(lines - 8),
        "variables for users, in argument specs": "3",
        "modules and filters in the user's reference": "2",
        "task files of a run of gateway": "5",
        "… their depth": "4",  # a file that comes to itself again counts once more
        "lines of shell in YAML, without one-liners": "2",
    }


def test_the_table_has_a_row_for_each_figure(figures, tree):
    measured = figures.static_figures(tree)
    printed = figures.table(measured).splitlines()
    assert len(printed) == len(measured) + 2
    assert len({len(line) for line in printed}) == 1


def test_tests_readme_has_a_row_for_each_directory():
    rows = re.findall(r"^\| \[?`(\w+)`", (REPO / "tests" / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    directories = [path.name for path in (REPO / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"]
    assert sorted(rows) == sorted(directories)
