# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Verdicts as text for a terminal. Private to the collection."""

from __future__ import annotations

import textwrap
import unicodedata
from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status

DEFAULT_WIDTH = 100
LEAST_WIDTH = 40
# Up to so many clusters are shown in full; of more, those that are ok have a line in the table and no more.
FULL_UP_TO = 3


def text_width(text: str) -> int:
    """The number of columns a text takes in a terminal."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text
    )


def _pad(text: str, width: int) -> str:
    return text + " " * (width - text_width(text))


def _shorten(text: str, width: int) -> str:
    if text_width(text) <= width:
        return text
    kept = ""
    for char in text:
        if text_width(kept + char) > width - 3:
            break
        kept += char
    return kept + "..."


def grid(header: list[str], rows: list[list[str]], width: int, indent: str = "") -> list[str]:
    """Aligned columns. When they are too wide, the widest are cut until they fit; a column never goes below 8 characters."""
    columns = [max(text_width(cell) for cell in column) for column in zip(header, *rows, strict=True)]
    room = width - len(indent) - 2 * (len(columns) - 1)
    while sum(columns) > room and max(columns) > 8:
        columns[columns.index(max(columns))] -= 1
    lines = []
    for row in [header, *rows]:
        cells = [_pad(_shorten(cell, size), size) for cell, size in zip(row, columns, strict=True)]
        lines.append((indent + "  ".join(cells)).rstrip())
    return lines


def _wrapped(text: str, width: int, indent: str, first: str = "") -> list[str]:
    return textwrap.wrap(
        _status.plain(text),
        width=width,
        initial_indent=indent + first,
        subsequent_indent=indent + " " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _hosts(rows: list[Mapping], width: int) -> list[str]:
    keys = ["name", "state", "holds", "seen_by", "keepalived", "certificate", "notes"]
    header = ["HOST", "CC STATE", "HOLDS VIP", "CONFIRMED BY", "KEEPALIVED", "CERTIFICATE", "NOTES"]
    cells = [_status.row_cells(row) for row in rows]
    # A column without any value only takes room.
    used = [index for index, key in enumerate(keys) if key in keys[:3] or any(cell[key] != "-" for cell in cells)]
    return grid([header[index] for index in used], [[cell[keys[index]] for index in used] for cell in cells], width, "  ")


def _cluster(verdict: Mapping, width: int) -> list[str]:
    lines = _wrapped(f"{verdict['cluster']} ({verdict['vip']}): {_status.summary(verdict)}", width, "")
    lines += _wrapped(verdict["sentence"], width, "  ")
    if verdict["severity_name"] != "ok":
        lines += _wrapped(verdict["advice"], width, "  ", "What to do: ")
    for warning in verdict["warnings"]:
        lines += _wrapped(f"{warning['text']}. {warning['advice']}", width, "  ", "Also: ")
    for note in verdict["notes"]:
        lines += _wrapped(note, width, "  ", "Note: ")
    controllers = [row for row in verdict["rows"] if row.get("kind") == "controller"]
    if controllers:
        lines += ["", *_hosts(controllers, width)]
    for row in verdict["rows"]:
        if row.get("kind") == "view":
            lines += _wrapped(f"{_status.plain(row.get('name'))} {_status.view_sentence(row)}", width, "  ")
    return lines


def _overview(verdicts: list[Mapping], width: int) -> list[str]:
    return grid(
        ["STATUS", "CLUSTER", "VIP", "VERDICT", "HELD BY", "ENABLED"],
        [
            [
                _status.STATE_WORDS[one["severity_name"]],
                _status.plain(one["cluster"]),
                _status.plain(one["vip"]),
                _status.verdict_words(one)[0],
                _status.joined(_status.everybody(one)),
                _status.joined(one["enabled"]),
            ]
            for one in verdicts
        ],
        width,
    )


def render(verdicts: Any, width: int = DEFAULT_WIDTH) -> str:
    """Verdicts -> the text, with a line feed at its end. Raises ValueError."""
    if width < LEAST_WIDTH:
        raise ValueError(f"width must be at least {LEAST_WIDTH} (got {width})")
    found = _status.ordered(verdicts)
    parts = []
    if len(found) != 1:  # one cluster has its summary in its first line
        parts.append(_wrapped(_status.headline(found), width, ""))
    if len(found) > 1:
        parts.append(_overview(found, width))
    parts += [_cluster(one, width) for one in found if len(found) <= FULL_UP_TO or one["severity_name"] != "ok"]
    return "\n\n".join("\n".join(part) for part in parts) + "\n"
