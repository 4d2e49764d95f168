# SPDX-License-Identifier: GPL-3.0-or-later
"""A package as one module: which packages can be put together, and that nothing gets lost. What the bundle of the check does is
tested on every Python beside the check (test_interpreters.py)."""

from __future__ import annotations

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._python_bundle import TAG, python_bundle

CHECK = Path(__file__).resolve().parents[4] / "roles/cc_gateway/files/cc_enabled_check"
INIT = '"""What it is.\n\nAnd more."""\n\nfrom __future__ import absolute_import\n\nfrom .main import run\n'


@pytest.fixture
def package(tmp_path):
    """The directory of a package with these parts beside __init__.py."""

    def make(init=INIT, **parts):
        directory = tmp_path / "tool"
        directory.mkdir()
        (directory / "__init__.py").write_text(init)
        for name, text in parts.items():
            (directory / f"{name}.py").write_text(f"# {TAG}: GPL-3.0-or-later\n# ruff: noqa: B904\n{text}")
        return str(directory)

    return make


def bundle_runs(text):
    done = subprocess.run([sys.executable, "-"], input=text, capture_output=True, text=True, check=True)
    return done.stdout.split()


def test_parts_follow_those_that_they_import(package):
    """Also where a function imports: a class of one part may be the base of another part's."""
    text = python_bundle(
        package(
            a="from .z import Base\n\n\nclass Child(Base):\n    word = 'child'\n",
            main="import sys\n\nfrom .a import (\n    Child,\n)\n\n\ndef run():\n    from .b import second\n"
            "\n    sys.stdout.write(Child.word + second())\n",
            b="from .z import Base\n\n\ndef second():\n    return ' ' + Base.word\n",
            z="class Base:\n    word = 'base'\n",
        )
    )
    assert bundle_runs(text) == ["child", "base"]
    assert [line.split()[2] for line in text.splitlines() if line.startswith("# --- ")] == ["z", "a", "b", "main"]


def test_a_bundle_begins_with_what_it_is_and_runs_only_as_a_program(package):
    text = python_bundle(package(main="def run():\n    print('ran')\n"))
    assert text.startswith(f"# {TAG}: GPL-3.0-or-later\n# Put together from the package tool of ")
    assert '\n"""What it is."""\n' in text
    assert "And more" not in text
    assert "ruff" not in text
    assert bundle_runs(text) == ["ran"]
    importing = f"import types\nmodule = types.ModuleType('tool')\nexec({text!r}, module.__dict__)\nprint(module.run.__name__)"
    assert bundle_runs(importing) == ["run"]


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"main": "from .a import x\n", "a": "from .main import run\nx = 1\n"}, "import each other in a circle: main -> a -> main."),
        ({"main": "x = 1\n", "a": "def x():\n    pass\n"}, "x must be the name of one thing in the package"),
        ({"main": "def print():\n    pass\n"}, "print of main.py must have another name: Python has one of that name."),
        ({"main": "from . import a\n", "a": ""}, "main.py line 3 must import names of another part as they are"),
        ({"main": "from .a import x as y\n", "a": "x = 1\n"}, "main.py line 3 must import names of another part as they are"),
        ({"main": "from .a import *\n", "a": "x = 1\n"}, "main.py line 3 must import names of another part as they are"),
        ({"main": "from ..a import x\n", "a": "x = 1\n"}, "main.py line 3 must import names of another part as they are"),
        ({"main": "from .other import x\n"}, "main.py line 3 must import names of another part as they are"),
        ({"main": "def run(:\n"}, "invalid syntax"),
        ({"main": "x = '\u00e9'\n"}, "ascii"),
    ],
)
def test_what_cannot_be_put_together(package, parts, message):
    with pytest.raises((ValueError, SyntaxError)) as caught:
        python_bundle(package(**parts))
    assert message in str(caught.value)


def test_a_directory_that_is_no_package(tmp_path):
    with pytest.raises(ValueError, match=r"must be the directory of a Python package: there is no __init__\.py"):
        python_bundle(str(tmp_path))


def test_nothing_of_the_check_gets_lost():
    text = python_bundle(str(CHECK))
    assert "package cc_enabled_check of role cc_gateway (eucalyptus.ha)" in text
    whole = {ast.dump(node) for node in ast.parse(text).body}
    for part in CHECK.glob("*.py"):
        for node in ast.parse(part.read_text()).body:
            if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Assign)) and ast.unparse(node) != "__all__ = ['run']":
                assert ast.dump(node) in whole, f"{part.name}: {ast.unparse(node)[:100]}"


@pytest.mark.skipif(shutil.which("ruff") is None, reason="ruff belongs to `make unit`; ansible-test has an environment of its own")
def test_every_name_of_the_check_is_defined():
    """What a part used without importing it would be found by ruff in the part; what the bundle leaves out, here."""
    done = subprocess.run(
        ["ruff", "check", "--isolated", "--select", "F821,F822,F823", "-"],
        input=python_bundle(str(CHECK)), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout
