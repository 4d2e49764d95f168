# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""A Python package as the text of one module, for a host that gets it as one file or by standard input.

The parts keep their text and follow one another, each after those that it imports; only their imports of one another are left
out. So their top-level names must be unique, and a part may import of another only names as they are.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterator
from pathlib import Path

# The tag in two parts: reuse takes a whole one for this file's.
TAG = "-".join(("SPDX", "License", "Identifier"))
HEAD = """\
# {tag}: {licence}
# Put together from the package {name} of {owner} (eucalyptus.ha). Change it there, not here.
\"\"\"{docstring}\"\"\"

from __future__ import absolute_import, division, print_function
"""
TAIL = """\


if __name__ == "__main__":
    run()
"""
LICENCE = "GPL-3.0-or-later"


def python_bundle(package: str) -> str:
    """The text of one module with the contents of the package in this directory.

    :raises ValueError: the package is not one that can be put together, and why
    """
    directory = Path(package)
    trees = {path.stem: ast.parse(path.read_text(encoding="ascii"), str(path)) for path in sorted(directory.glob("*.py"))}
    if "__init__" not in trees:
        raise ValueError(f"{directory} must be the directory of a Python package: there is no __init__.py.")
    docstring = ast.get_docstring(trees["__init__"]) or ""
    order = _in_order(trees)
    _check_names(trees)
    parts = [
        HEAD.format(name=directory.name, owner=_owner(directory), docstring=docstring.splitlines()[0], licence=LICENCE, tag=TAG),
        *(_part(directory, name, trees[name]) for name in order if name != "__init__"),
        TAIL,
    ]
    return "".join(parts)


def _owner(directory: Path) -> str:
    return f"role {directory.parents[1].name}" if directory.parent.name == "files" else directory.parent.name


def _imports(tree: ast.AST) -> Iterator[ast.ImportFrom]:
    """The imports from other parts, in functions too."""
    return (node for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and node.level)


def _in_order(trees: dict[str, ast.Module]) -> list[str]:
    """The parts, each after those that it imports."""
    order: list[str] = []
    under_way: list[str] = []

    def add(name: str) -> None:
        if name in order:
            return
        if name in under_way:
            raise ValueError(f"The parts import each other in a circle: {' -> '.join([*under_way[under_way.index(name):], name])}.")
        under_way.append(name)
        for node in _imports(trees[name]):
            if node.level != 1 or node.module not in trees or any(alias.asname or alias.name == "*" for alias in node.names):
                raise ValueError(
                    f"{name}.py line {node.lineno} must import names of another part as they are: from .PART import NAME, ..."
                )
            add(node.module)
        under_way.pop()
        order.append(name)

    for name in trees:
        add(name)
    return order


def _check_names(trees: dict[str, ast.Module]) -> None:
    """Raise ValueError unless each name at the top level belongs to one part, and none hides one of Python's own."""
    owner: dict[str, str] = {}
    for part, tree in trees.items():
        for name in _top_level(tree):
            if name.startswith("__"):
                continue
            if name in dir(builtins):
                raise ValueError(f"{name} of {part}.py must have another name: Python has one of that name.")
            if owner.setdefault(name, part) != part:
                raise ValueError(f"{name} must be the name of one thing in the package: it is one of {owner[name]}.py and of {part}.py.")


def _top_level(tree: ast.Module) -> Iterator[str]:
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            yield node.name
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                yield from (one.id for one in ast.walk(target) if isinstance(one, ast.Name))


def _part(directory: Path, name: str, tree: ast.Module) -> str:
    """The text of a part below a headline, without its licence, and without what the bundle has once."""
    lines = (directory / f"{name}.py").read_text(encoding="ascii").splitlines()
    left_out: set[int] = set()
    for node in [*_imports(tree), *(one for one in tree.body if isinstance(one, ast.ImportFrom) and one.module == "__future__")]:
        left_out.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    kept = [line for number, line in enumerate(lines, 1) if number not in left_out and not line.startswith("# ruff:")]
    while kept and kept[0].startswith("#"):
        del kept[0]
    text = "\n".join(kept).strip("\n")
    return f"\n\n# --- {name} {'-' * (112 - len(name))}\n\n{text}\n"
