# SPDX-License-Identifier: GPL-3.0-or-later
"""What tasks write with `content` is text on every ansible-core.

Before 2.19 a template whose text begins like a list or dictionary (JSON, or a person's "[rack 7]") becomes one, and `copy` writes it in
another form: other bytes, and a change at every run. A template that ends in one of Ansible's filters for text stays text.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
# As ansible-core's STRING_TYPE_FILTERS has them, and one whose text never begins so.
TEXT = r"string|to_json|to_nice_json|b64encode"
ONE_TEXT = re.compile(r"\s*\{\{((?!\}\}).)*\|\s*(" + TEXT + r")\s*\}\}\s*", re.DOTALL)
FILES = sorted(path for folder in ("roles", "playbooks", "awx", "extensions") for path in (ROOT / folder).rglob("*.yml"))


def contents(node):
    """Every value of a key `content` of module copy, and of what it loops over."""
    if isinstance(node, list):
        for one in node:
            yield from contents(one)
    elif isinstance(node, dict):
        copy = node.get("ansible.builtin.copy")
        if isinstance(copy, dict) and "content" in copy:
            items = [item["content"] for item in node.get("loop", []) if isinstance(item, dict) and "content" in item]
            # A filter after `omit` would make it text. The texts of the loop must do, then: none may begin with a template.
            omitted = "default(omit)" in copy["content"] and items and not any(item.startswith("{") for item in items)
            yield from items if omitted else [copy["content"], *items]
        for one in node.values():
            yield from contents(one)


def is_text(content):
    """Whether it is text whatever the variables in it are."""
    return "{{" not in content or not content.lstrip().startswith(("{", "[")) or ONE_TEXT.fullmatch(content) is not None


def load(path):
    class Loader(yaml.SafeLoader):
        pass

    Loader.add_multi_constructor("!", lambda loader, _suffix, node: loader.construct_scalar(node))
    return list(yaml.load_all(path.read_text(encoding="utf-8"), Loader=Loader))


CASES = [
    pytest.param(content, id=f"{path.relative_to(ROOT)}:{number}")
    for path in FILES
    for number, content in enumerate(contents(load(path)))
]


@pytest.mark.parametrize("content", CASES)
def test_p2_content_is_text_on_every_core(content):
    assert is_text(content), f"end the template with | string: {content}"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("{{ x }}", False),
        ("{{ x | to_nice_json }}\n", True),
        ("{{ (x | to_nice_json ~ '\n') | string }}", True),
        ("{{ x | to_nice_json }} {{ y }}", False),
        ("[{{ x }}]", False),
        ("#!{{ python }}\n", True),
        ("{}", True),
    ],
)
def test_text_is_told_from_what_may_become_something_else(content, expected):
    assert is_text(content) is expected
