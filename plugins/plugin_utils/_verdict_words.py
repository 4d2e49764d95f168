# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Words of the verdicts. Private to the collection."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

DEPLOY = "Run eucalyptus.ha.gateway."


@dataclass
class Remark:
    """Something to know beside the verdict, and what to do about it."""

    text: str
    advice: str


def names(items: list[str], limit: int = 6) -> str:
    """'cc1', 'cc1 and cc2', 'cc1, cc2 and cc3', 'a, b, c and 9 more'."""
    if len(items) > limit:
        items = [*items[: limit - 1], f"{len(items) - limit + 1} more"]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def is_are(items: Sequence[Any]) -> str:
    return "is" if len(items) == 1 else "are"


def plural(items: Sequence[Any], one: str, more: str) -> str:
    return one if len(items) == 1 else more


def both(items: Sequence[Any]) -> str:
    return "both" if len(items) == 2 else "all"


def mac_addresses(items: list[str]) -> str:
    return f"MAC address{plural(items, '', 'es')} {names(items)}"
