# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""From data to the text of keepalived.conf. Private to this collection.

What keepalived's reader does with quotes was found by trying it (2.1.5, 2.2.7, 2.3.3): only double quotes protect a
``#``, a ``!`` or a brace; a double quote cannot be written inside them, escaped or not; in everything but scripts and
patterns a backslash stands for itself, and in scripts the releases differ; a line that ends in a backslash swallows
the next one, even when it is a comment.
"""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import (
    GRAMMAR,
    INCLUDE_ORDER,
    Rule,
    left_out,
    release,
)

INDENT = "    "
HEADER = "Written by Ansible (eucalyptus.ha.keepalived_conf). Changes made here are lost."
INCLUDES = ("include", "includer", "includem", "includew", "includeb", "includea")
# Keys of every block that are no keywords of keepalived.
EXTRAS = ("comment", "raw_first", "raw", *INCLUDES)

_PLAIN = re.compile(r"[A-Za-z0-9_./:%+,=*^<>?&|;()\[\]$~@\\-]+(?<!\\)\Z").match
_CONTROL = re.compile(r"[\x00-\x1f\x7f]").search
_CONTROL_BUT_LAYOUT = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]").search
_BRACES_LEFT = re.compile(r"[{}]").search
_PARAMETER = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_ ]*\}")
_DIGITS = re.compile(r"(\d+)")
# Booleans as text, from an AWX survey for example.
_TRUTH = {"true": True, "yes": True, "on": True, "false": False, "no": False, "off": False}
# What is needed in a block that must not be empty.
_NEEDED = {
    "unicast_peer": "the addresses of the other routers; with no peer keepalived falls back to multicast",
    "group": "the names of the members",
    "interfaces": "the names of the interfaces",
    "virtual_server_group": "the addresses of the group",
    "process": "the name of the process",
}

Path = tuple[Any, ...]


class KeepalivedDataError(ValueError):
    """The data cannot be written as a keepalived.conf. ``problems`` has one sentence for each place."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def natural(name: str) -> tuple[list[Any], str]:
    """Sort key that puts eth2 before eth10; the name itself decides a tie (eth1, eth01)."""
    parts: list[Any] = _DIGITS.split(name)
    parts[1::2] = [int(part) for part in parts[1::2]]
    return parts, name


def place(path: Path) -> str:
    """The path in the data, as one would write it in a template."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
        elif re.match(r"[A-Za-z_][A-Za-z0-9_-]*\Z", part):
            text += f".{part}" if text else part
        else:
            text += f"[{part!r}]"
    return text or "the configuration"


class _Bad(Exception):
    """Carries what is wrong with one value up to where its path is known."""


def truth(value: Any) -> bool | None:
    """A boolean, also as text; nothing for anything else."""
    if isinstance(value, bool):
        return value
    return _TRUTH.get(value.lower()) if isinstance(value, str) else None


def is_empty(value: Any) -> bool:
    """Whether a value is a list or mapping with nothing in it, which counts as absent."""
    return isinstance(value, (list, tuple, Mapping)) and not value


def _number(value: float) -> str:
    if isinstance(value, int):
        return str(int(value))
    if not math.isfinite(value):
        raise _Bad(f"{value} is not a number that keepalived can read")
    text = f"{value:.9f}".rstrip("0")
    return text + "0" if text.endswith(".") else text


def _text(value: Any) -> str:
    """A scalar as text, without a thought for quotes."""
    if isinstance(value, str):
        if not value.strip():
            raise _Bad("is empty; give it a value, or set it to null to leave it out")
        found = _CONTROL(value)
        if found:
            raise _Bad(f"contains the control character {found.group()!r}; a value is one line of text")
        return str(value)
    if isinstance(value, bool):
        raise _Bad(f"is {str(value).lower()}, but the keyword needs a value")
    if isinstance(value, (int, float)):
        return _number(value)
    if value is None:
        raise _Bad("is null")
    if isinstance(value, Mapping):
        raise _Bad("is a mapping, but the keyword takes a value")
    if isinstance(value, (list, tuple)):
        raise _Bad("is a list, but the keyword takes one value")
    raise _Bad(f"is of type {type(value).__name__}, which cannot be written; quote it if it is text")


def _word(value: Any) -> str:
    """One word, in double quotes where keepalived would misread it."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    text = _text(value)
    if _PLAIN(text):
        return text
    if '"' in text:
        raise _Bad("contains a double quote, which keepalived.conf cannot express")
    if text.endswith("\\"):
        raise _Bad("ends in a backslash, which keepalived.conf cannot express")
    if _BRACES_LEFT(_PARAMETER.sub("", text)):
        raise _Bad("contains a brace; only ${PARAMETER} may have them")
    return f'"{text}"'


def _secret(value: Any) -> str:
    """As a word, but with any character that double quotes protect."""
    text = _text(value)
    if _PLAIN(text):
        return text
    if '"' in text or text.endswith("\\") or text.strip() in ("{", "}"):
        raise _Bad("contains a double quote, ends in a backslash or is a lone brace, which keepalived.conf cannot express")
    return f'"{text}"'


def _words(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        if not value:
            raise _Bad("is an empty list; set it to null to leave it out")
        return " ".join(_word(item) for item in value)
    if isinstance(value, str):
        text = _text(value)
        if '"' in text:
            raise _Bad("contains a double quote; give the words as a list")
        return " ".join(_word(word) for word in text.split())
    return _word(value)


def _pattern(value: Any) -> str:
    text = _text(value).replace("\\", "\\\\")
    if '"' in text:
        raise _Bad("contains a double quote, which keepalived.conf cannot express; \\x22 means the same in a pattern")
    return f'"{text}"'


def _portable(text: str) -> None:
    """Reject what releases read differently: 2.1 to 2.2.7 undo backslashes in scripts twice, 2.3.3 once."""
    for mark, name in (('"', "a double quote"), ("\\", "a backslash")):
        if mark in text:
            raise _Bad(f"contains {name}, which keepalived's releases read differently; put it into the script itself")


def _argument(value: Any) -> str:
    """One argument of a script, for the inside of double quotes."""
    if value == "":
        return "''"
    text = _text(value)
    _portable(text)
    if "'" in text:
        raise _Bad(
            "contains a single quote, which keepalived does not support inside an argument; put it into the script"
        )
    return f"'{text}'" if re.search(r"\s", text) else text


def _command(value: Any) -> str:
    if isinstance(value, (list, tuple)):
        if not value:
            raise _Bad("is an empty list; it needs at least the program")
        text = " ".join(_argument(item) for item in value)
    else:
        text = _text(value).strip()
        _portable(text)
        if text.count("'") % 2:
            raise _Bad("has a single quote without its partner; keepalived would not run the script")
    if text in ("{", "}"):
        raise _Bad("is a lone brace")
    return f'"{text}"'


def _script(value: Any) -> str:
    """A script: a command line, or a mapping with ``command``, ``user`` and ``group``."""
    if not isinstance(value, Mapping):
        return _command(value)
    unknown = sorted(set(value) - {"command", "user", "group"})
    if unknown:
        raise _Bad(f"has {', '.join(map(repr, unknown))}; a script has command, user and group")
    if value.get("command") is None:
        raise _Bad("has no command")
    if value.get("group") is not None and value.get("user") is None:
        raise _Bad("has a group but no user")
    names = [_word(value[key]) for key in ("user", "group") if value.get(key) is not None]
    return " ".join([_command(value["command"]), *names])


def _options(options: Mapping[str, Any]) -> list[str]:
    """The words after the first of a line: those with a value, then the bare ones, each group by name."""
    valued, bare = [], []
    for name in sorted(options):
        value = options[name]
        if truth(value) is False or value is None or value in ([], ()):
            continue
        keyword = _word(name)
        if truth(value):
            bare.append(keyword)
        else:
            valued.append(f"{keyword} {_words(value)}")
    return valued + bare


def _line(entry: Any, first: str) -> str:
    if isinstance(entry, Mapping):
        if first in entry:
            rest = {key: value for key, value in entry.items() if key != first}
            text = " ".join([_words(entry[first]), *_options(rest)])
        elif len(entry) == 1:
            [(name, options)] = entry.items()
            text = _entry(name, options)
        else:
            raise _Bad(f"needs the key {first!r}")
    else:
        text = _words(entry)
    if text[0] in "@~":
        raise _Bad(f"begins with {text[0]!r}, which keepalived does not accept as text; use raw to write it unchanged")
    if text.partition(" ")[0] in INCLUDES:
        raise _Bad("would include a file; use the key include beside the entries, or raw")
    return text


def _entry(name: Any, options: Any) -> str:
    text = _word(name)
    if options is None or options is True:
        return text
    if isinstance(options, Mapping):
        return " ".join([text, *_options(options)])
    return f"{text} {_words(options)}"


class Renderer:
    """Writes one configuration and gathers all problems on the way."""

    def __init__(self, version: str = "") -> None:
        self.version = release(version)
        self.out: list[str] = []
        self.problems: list[str] = []

    def bad(self, path: Path, what: object) -> None:
        self.problems.append(f"{place(path)} {what}")

    # -- what every block may have -----------------------------------------------------------------------------

    def raw(self, value: Any, indent: str, path: Path) -> None:
        """Text that goes into the file as it is, but for the indentation."""
        for index, text in enumerate(value if isinstance(value, (list, tuple)) else [value]):
            where = (*path, index) if isinstance(value, (list, tuple)) else path
            if not isinstance(text, str):
                self.bad(where, f"is of type {type(text).__name__}; raw is text or a list of texts")
                continue
            found = _CONTROL_BUT_LAYOUT(text)
            if found:
                self.bad(where, f"contains the control character {found.group()!r}")
                continue
            block = textwrap.dedent(str(text)).strip("\n")
            if block.endswith("\\"):
                self.bad(where, "ends in a backslash, which would swallow the next line")
            self.out.extend(indent + line if line.strip() else "" for line in block.split("\n"))

    def comment(self, value: Any, indent: str, path: Path) -> None:
        for text in value if isinstance(value, (list, tuple)) else [value]:
            if not isinstance(text, str) or _CONTROL_BUT_LAYOUT(text):
                self.bad(path, "is not text")
                continue
            for line in text.rstrip("\n").split("\n"):
                stripped = line.rstrip()
                if stripped.endswith("\\"):
                    self.bad(path, "has a line that ends in a backslash, which would swallow the next line")
                self.out.append(f"{indent}# {stripped}" if stripped else f"{indent}#")

    def include(self, keyword: str, value: Any, indent: str, path: Path) -> None:
        for index, name in enumerate(value if isinstance(value, (list, tuple)) else [value]):
            try:
                text = _text(name)
                if re.search(r"[\s\"#!]", text):
                    raise _Bad("is not the name of a file without white space, quotes, # and !")
                self.out.append(f"{indent}{keyword} {text}")
            except _Bad as problem:
                self.bad((*path, index) if isinstance(value, (list, tuple)) else path, problem)

    def includes(self, data: Mapping[str, Any], indent: str, path: Path) -> None:
        for keyword in INCLUDES:
            if data.get(keyword) is not None:
                self.include(keyword, data[keyword], indent, (*path, keyword))

    # -- blocks ------------------------------------------------------------------------------------------------

    def body(self, table: str, data: Any, indent: str, path: Path) -> None:
        if not isinstance(data, Mapping):
            self.bad(path, f"is of type {type(data).__name__}; it needs a mapping of keywords to values")
            return
        rules = GRAMMAR[table]
        known = []
        for key in data:
            if data[key] is None:
                continue
            rule = rules.get(key)
            if rule is not None:
                known.append((rule.order, key, rule))
            elif key not in EXTRAS:
                self.unknown(key, rules, path)
        known.sort()
        if "comment" in data and data["comment"] is not None:
            self.comment(data["comment"], indent, (*path, "comment"))
        if "raw_first" in data and data["raw_first"] is not None:
            self.raw(data["raw_first"], indent, (*path, "raw_first"))
        place_of_includes = INCLUDE_ORDER.get(table, len(rules))
        for order, key, rule in known:
            if order >= place_of_includes:
                self.includes(data, indent, path)
                place_of_includes = len(rules) + 1
            if not left_out(key, rule, self.version):
                self.keyword(key, data[key], rule, indent, path)
        if place_of_includes <= len(rules):
            self.includes(data, indent, path)
        if "raw" in data and data["raw"] is not None:
            self.raw(data["raw"], indent, (*path, "raw"))

    def unknown(self, key: Any, rules: Mapping[str, Rule], path: Path) -> None:
        where = (*path, key if isinstance(key, str) else repr(key))
        close = get_close_matches(str(key), list(rules), n=1)
        hint = f"did you mean {close[0]}?" if close else "if your keepalived knows it, write it as raw text"
        self.bad(where, f"is not a keyword of keepalived at this place; {hint}")

    def keyword(self, key: str, value: Any, rule: Rule, indent: str, path: Path) -> None:
        kind = rule.kind
        try:
            if kind == "word":
                self.out.append(f"{indent}{key} {_word(value)}")
            elif kind == "secret":
                self.out.append(f"{indent}{key} {_secret(value)}")
            elif kind == "pattern":
                self.out.append(f"{indent}{key} {_pattern(value)}")
            elif is_empty(value) and not (kind == "block" and isinstance(value, Mapping)):
                if rule.needed:
                    raise _Bad(f"must have at least one entry (got none). Give it {_NEEDED.get(key, 'the program')}")
            elif kind in ("flag", "bool", "optional", "optscript") and (known := truth(value)) is not None:
                if kind == "bool" and isinstance(value, str):
                    self.out.append(f"{indent}{key} {value.lower()}")
                elif known:
                    self.out.append(indent + key)
                elif kind == "bool":
                    self.out.append(f"{indent}{key} off")
            elif kind in ("words", "optional"):
                self.out.append(f"{indent}{key} {_words(value)}")
            elif kind in ("script", "optscript"):
                self.out.append(f"{indent}{key} {_script(value)}")
            elif kind in ("flag", "bool"):
                raise _Bad(f"must be true or false (got {value!r})")
            elif kind == "keys":
                self.keys(key, value, indent, (*path, key))
            elif kind == "lines":
                self.lines(key, value, rule, indent, (*path, key))
            elif kind == "block":
                self.blocks(key, value, rule, indent, (*path, key))
            else:
                self.named(key, value, rule, indent, (*path, key))
        except _Bad as problem:
            self.bad((*path, key), problem)

    def keys(self, key: str, value: Any, indent: str, path: Path) -> None:
        """One line for each number, with its secret."""
        if not isinstance(value, Mapping):
            raise _Bad(f"is of type {type(value).__name__}; it needs a mapping of numbers to keys")
        for number in sorted(value, key=lambda number: natural(str(number))):
            try:
                self.out.append(f"{indent}{key} {_word(number)} {_secret(value[number])}")
            except _Bad as problem:
                self.bad((*path, str(number)), problem)

    def lines(self, head: str, value: Any, rule: Rule, indent: str, path: Path) -> None:
        if isinstance(value, str):
            value = [value]
        if not isinstance(value, (Mapping, list, tuple)):
            raise _Bad(f"is of type {type(value).__name__}; it takes a list of lines")
        first, inner = rule.argument, indent + INDENT
        begin = len(self.out)
        self.out.append(f"{indent}{head} {{")
        start = len(self.out)
        if isinstance(value, Mapping):
            names = [name for name in value if name not in EXTRAS]
            if value.get("comment") is not None:
                self.comment(value["comment"], inner, (*path, "comment"))
            start = len(self.out)
            for name in sorted(names, key=lambda name: natural(str(name))):
                try:
                    self.out.append(inner + _line({name: value[name]}, first))
                except _Bad as problem:
                    self.bad((*path, str(name)), problem)
            self.includes(value, inner, path)
            if value.get("raw") is not None:
                self.raw(value["raw"], inner, (*path, "raw"))
        else:
            for index, entry in enumerate(value):
                if isinstance(entry, Mapping) and list(entry) == ["raw"]:
                    self.raw(entry["raw"], inner, (*path, index, "raw"))
                    continue
                try:
                    self.out.append(inner + _line(entry, first))
                except _Bad as problem:
                    self.bad((*path, index), problem)
        if len(self.out) == start and not self.problems:
            # keepalived would take an empty block for something else.
            if rule.needed:
                raise _Bad(f"must have at least one entry (got none). Give it {_NEEDED[head.partition(' ')[0]]}")
            del self.out[begin:]
            return
        self.out.append(indent + "}")

    def block(self, head: str, table: str, data: Any, indent: str, path: Path) -> None:
        self.out.append(f"{indent}{head} {{")
        self.body(table, data, indent + INDENT, path)
        self.out.append(indent + "}")

    def blocks(self, key: str, value: Any, rule: Rule, indent: str, path: Path) -> None:
        if value is True:
            value = {}
        if rule.repeat and isinstance(value, (list, tuple)):
            for index, item in enumerate(value):
                self.block(key, rule.argument, item, indent, (*path, index))
        else:
            self.block(key, rule.argument, value, indent, path)

    def named(self, key: str, value: Any, rule: Rule, indent: str, path: Path) -> None:
        """Blocks with a name: a mapping of names, written in natural order, or a list with ``name``, in its order."""
        if isinstance(value, Mapping):
            pairs = [
                (name, value[name], (*path, str(name))) for name in sorted(value, key=lambda name: natural(str(name)))
            ]
        elif isinstance(value, (list, tuple)):
            pairs = []
            for index, item in enumerate(value):
                if not isinstance(item, Mapping) or "name" not in item:
                    self.bad((*path, index), "needs to be a mapping with a name")
                    continue
                body: Any = {k: v for k, v in item.items() if k != "name"}
                if rule.kind == "named-lines":
                    body = item.get("lines")
                pairs.append((item["name"], body, (*path, index)))
        else:
            raise _Bad(f"is of type {type(value).__name__}; it takes a mapping of names to blocks, or a list")
        for name, body, where in pairs:
            if body is None:
                continue
            try:
                # A server is called by address and port; all other names are one word.
                label = _words(name) if key in ("virtual_server", "real_server") else _word(name)
            except _Bad as problem:
                self.bad(where, f"as a name {problem}")
                continue
            if rule.kind == "named-lines":
                try:
                    self.lines(f"{key} {label}", body, rule, indent, where)
                except _Bad as problem:
                    self.bad(where, problem)
            else:
                self.block(f"{key} {label}", rule.argument, body, indent, where)


def render(data: Any, header: str | None = HEADER, version: str = "") -> str:
    """The text of keepalived.conf.

    :param data: blocks and keywords, nested as in the file.
    :param header: comment at the top; empty or ``None`` for none.
    :param version: of keepalived on the host; what only tunes and is newer is left out. Empty when it is not known.
    :raises KeepalivedDataError: with every problem found, each with its path in the data.
    """
    renderer = Renderer(version)
    if header:
        renderer.comment(header, "", ("header",))
    renderer.body("main", data, "", ())
    if renderer.problems:
        raise KeepalivedDataError(renderer.problems)
    # A blank line before each block at the top, for the reader.
    lines: list[str] = []
    for line in renderer.out:
        if line.endswith("{") and line[0] != " " and lines:
            lines.append("")
        lines.append(line)
    return "\n".join(lines) + "\n"
