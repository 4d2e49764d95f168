# SPDX-License-Identifier: GPL-3.0-or-later
"""What is written as keepalived.conf and read back is the same data, whatever it is: by the reader that hosts use."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_conf
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import GRAMMAR, Rule
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import INCLUDES, render
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.keepalived_judge import DATA
from hypothesis import example, given, settings
from hypothesis import strategies as st

SERVERS = ("virtual_server", "real_server")

# -- reading back ----------------------------------------------------------------------------------------------


def value_of(rule: Rule, words: list[str], children: Any) -> Any:
    if rule.kind in ("flag", "bool", "optional", "optscript") and len(words) == 0:
        return True
    if rule.kind == "bool":
        return words[0] in ("on", "yes", "true")
    if rule.kind in ("word", "secret"):
        [word] = words
        return word
    if rule.kind == "pattern":
        [word] = words
        return word.replace("\\\\", "\\")
    if rule.kind in ("script", "optscript"):
        command = [plain or quoted for quoted, plain in re.findall(r"'([^']*)'|([^\s']+)", words[0])]
        return {"command": command, **dict(zip(("user", "group"), words[1:], strict=False))}
    if rule.kind in ("lines", "named-lines"):
        assert all(inner is None for _words, inner in children)
        return [line for line, _inner in children]
    if rule.kind in ("block", "named"):
        return read_back(children, rule.argument)
    return words


def read_back(blocks: list[Any], table: str = "main") -> dict[str, Any]:
    """The data of nested words."""
    data: dict[str, Any] = {}
    for (key, *words), children in blocks:
        rule = GRAMMAR[table][key]
        if rule.kind in ("named", "named-lines"):
            name = " ".join(words) if key in SERVERS else words[0]
            assert name not in data.setdefault(key, {})
            data[key][name] = value_of(rule, [], children)
        elif rule.kind == "keys":
            number, secret = words
            data.setdefault(key, {})[number] = secret
        elif rule.repeat:
            data.setdefault(key, []).append(value_of(rule, words, children))
        else:
            assert key not in data
            data[key] = value_of(rule, words, children)
    return data


def read(text: str, directory: Path) -> dict[str, Any]:
    file = directory / "keepalived.conf"
    file.write_text(text, encoding="utf-8")
    blocks, source = _keepalived_conf.parse(str(file), "none")
    assert source.error is None
    assert source.problems == []
    return read_back(blocks)


# -- any data --------------------------------------------------------------------------------------------------

LETTERS = st.characters(codec="utf-8", exclude_characters='"{}', exclude_categories=["Cc", "Cs"])
WORD = st.text(LETTERS, min_size=1, max_size=8).filter(lambda text: text.strip() and text[-1] != "\\")
FIRST = WORD.filter(lambda text: text[0] not in "@~" and text not in INCLUDES)
ANY = st.characters(codec="utf-8", exclude_characters='"', exclude_categories=["Cc", "Cs"])
PATTERN = st.text(ANY, min_size=1, max_size=8).filter(lambda text: text.strip() not in ("", "{", "}"))
SECRET = PATTERN.filter(lambda text: text[-1] != "\\")
ARGUMENT = st.text(st.characters(codec="utf-8", exclude_characters="\"'\\", exclude_categories=["Cc", "Cs"]), max_size=8).filter(
    lambda text: text == "" or text.strip()
)
PROGRAM = ARGUMENT.filter(lambda text: text not in ("", "{", "}"))
SCRIPT = st.builds(
    lambda program, rest, identity: {"command": [program, *rest], **dict(zip(("user", "group"), identity, strict=False))},
    PROGRAM,
    st.lists(ARGUMENT, max_size=3),
    st.lists(WORD, max_size=2),
)
LINES = st.lists(st.builds(lambda first, rest: [first, *rest], FIRST, st.lists(WORD, max_size=3)), min_size=1, max_size=3)
SERVER = st.builds(" ".join, st.lists(WORD.filter(lambda word: not re.search(r"\s", word)), min_size=1, max_size=2))
NUMBER = st.one_of(st.integers(), st.integers(-(10**6), 10**6).map(lambda number: number / 8))


def values(key: str, rule: Rule) -> st.SearchStrategy[Any]:
    some = {
        "word": st.one_of(WORD, NUMBER),
        "words": st.lists(WORD, min_size=1, max_size=3),
        "secret": SECRET,
        "pattern": PATTERN,
        "flag": st.just(True),
        "bool": st.booleans(),
        "optional": st.one_of(st.just(True), st.lists(WORD, min_size=1, max_size=3)),
        "script": SCRIPT,
        "optscript": st.one_of(st.just(True), SCRIPT),
        "lines": LINES,
        "named-lines": st.dictionaries(WORD, LINES, min_size=1, max_size=2),
        "keys": st.dictionaries(st.integers(1, 255), SECRET, min_size=1, max_size=2),
    }
    if rule.kind == "block":
        block = blocks(rule.argument)
        return st.lists(block, min_size=1, max_size=2) if rule.repeat else block
    if rule.kind == "named":
        return st.dictionaries(SERVER if key in SERVERS else WORD, blocks(rule.argument), min_size=1, max_size=2)
    return some[rule.kind]


@cache
def blocks(table: str) -> st.SearchStrategy[dict[str, Any]]:
    """A few keywords of a block, with whatever they may have."""
    rules = GRAMMAR[table]

    def filled(keys: list[str]) -> st.SearchStrategy[dict[str, Any]]:
        return st.fixed_dictionaries({key: values(key, rules[key]) for key in keys})

    return st.lists(st.sampled_from(sorted(rules)), max_size=4, unique=True).flatmap(filled)


def written(value: Any) -> Any:
    """The data as text has it: numbers as they are written."""
    if isinstance(value, dict):
        return {str(key): written(item) for key, item in value.items()}
    if isinstance(value, list):
        return [written(item) for item in value]
    if isinstance(value, (bool, str)):
        return value
    return str(value) if isinstance(value, int) else f"{value:.9f}".rstrip("0").ljust(f"{value:.9f}".index(".") + 2, "0")


@given(blocks("main"))
@example({"net_namespace": "a\u2028b"})
@settings(max_examples=100, deadline=None)
def test_what_is_written_and_read_back_is_the_same(tmp_path_factory: pytest.TempPathFactory, data: dict[str, Any]) -> None:
    assert read(render(data), tmp_path_factory.getbasetemp()) == written(data)


@pytest.mark.parametrize("table", [name for name in GRAMMAR if name != "main"])
@given(chance=st.data())
@settings(max_examples=15, deadline=None)
def test_each_block_written_and_read_back_is_the_same(tmp_path_factory: pytest.TempPathFactory, table: str, chance: st.DataObject) -> None:
    """Blocks deep down are rare in the test above: here each with its way to the top."""
    data = chance.draw(blocks(table))
    for key, where in way_to(table):
        rule = GRAMMAR[where][key]
        data = {key: {"x": data} if rule.kind == "named" else [data] if rule.repeat else data}
    assert read(render(data), tmp_path_factory.getbasetemp()) == written(data)


def way_to(table: str) -> list[tuple[str, str]]:
    """The keywords above a block, from the inside to the outside, each with its own block."""
    if table == "main":
        return []
    kinds = ("block", "named")
    above = [(key, name) for name, rules in GRAMMAR.items() for key, rule in rules.items() if rule.argument == table and rule.kind in kinds]
    key, where = above[0]
    return [(key, where), *way_to(where)]


@pytest.mark.parametrize("name", [name for name in DATA if name not in ("main-includes", "main-raw", "global-files")])
def test_the_corpus_read_back_and_written_again_is_the_same(name: str, tmp_path: Path) -> None:
    """Without the three that include files or are text."""
    data = read(render(DATA[name]), tmp_path)
    assert read(render(data), tmp_path) == data
