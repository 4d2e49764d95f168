# SPDX-License-Identifier: GPL-3.0-or-later
"""Links and headings of Markdown text, as GitHub reads it. Shared by make_site.py and the test of links."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Callable, Iterator

# What stands in code is no link.
_FENCE = re.compile(r"^ {0,12}(`{3,}|~{3,})")
_CODE = re.compile(r"(`+)(?!`).+?(?<!`)\1(?!`)")
_LINK = re.compile(r"(!?\[(?:[^\[\]]|\[[^\[\]]*\])*\]\()([^()\s]+)((?:\s+\"[^\"]*\")?\))")
_HEADING = re.compile(r"^#{1,6}\s+(.*?)\s*#*\s*$")


def _prose(text: str) -> Iterator[tuple[int, str, bool]]:
    """(number, line, whether it is prose) of each line; numbers from 1."""
    fence = ""
    for number, line in enumerate(text.splitlines(keepends=True), 1):
        found = _FENCE.match(line)
        if fence:
            yield number, line, False
            if found and found.group(1).startswith(fence) and not line.strip().strip(fence[0]):
                fence = ""
        elif found:
            fence = found.group(1)
            yield number, line, False
        else:
            yield number, line, True


def _blank_code(line: str) -> str:
    return _CODE.sub(lambda code: "\0" * len(code.group()), line)


def links(text: str) -> list[tuple[int, str]]:
    """(line number, target) of every inline link and image."""
    return [
        (number, found.group(2))
        for number, line, prose in _prose(text)
        if prose
        for found in _LINK.finditer(_blank_code(line))
    ]


def replace_links(text: str, new_target: Callable[[str], str]) -> str:
    """The text with each link's target replaced by what new_target makes of it."""
    out = []
    for _number, line, prose in _prose(text):
        if prose:
            # From the right, so that what was found stays where it was found.
            for found in reversed(list(_LINK.finditer(_blank_code(line)))):
                begin, end = found.span(2)
                line = line[:begin] + new_target(line[begin:end]) + line[end:]  # noqa: PLW2901 - built up, not looped over
        out.append(line)
    return "".join(out)


def blocks(text: str, language: str) -> list[tuple[int, str]]:
    """(line number, text) of each fenced block in a language, without what it is indented by."""
    found: list[tuple[int, str]] = []
    inside: list[str] | None = None
    for number, line, prose in _prose(text):
        fence = None if prose else _FENCE.match(line)
        if fence and inside is None:
            inside = []
            found.append((number, line.strip().lstrip("`~").strip()))
        elif fence and not line.strip().strip("`~"):
            found[-1] = (found[-1][0], found[-1][1] + "\n" + textwrap.dedent("".join(inside or [])))
            inside = None
        elif inside is not None:
            inside.append(line)
    return [(number, body.partition("\n")[2]) for number, body in found if body.partition("\n")[0] == language]


def headings(text: str) -> list[str]:
    """The text of each heading, with its markup."""
    found = (_HEADING.match(line.rstrip("\n")) for _number, line, prose in _prose(text) if prose)
    return [heading.group(1) for heading in found if heading]


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives the headings."""
    seen: dict[str, int] = {}
    out = set()
    for heading in headings(text):
        plain = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
        slug = re.sub(r"[^\w\- ]", "", plain.strip().lower()).replace(" ", "-")
        count = seen.get(slug, 0)
        seen[slug] = count + 1
        out.add(f"{slug}-{count}" if count else slug)
    return out
