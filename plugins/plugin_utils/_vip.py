# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""VIPs and holders on the controller's side: what the filters share. Private to the collection."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Any


def canonical(vip: Any) -> str:
    """A VIP as people write it (with or without prefix or %interface) -> its canonical text. Raises ValueError."""
    words = str(vip).split() if isinstance(vip, str) else []
    if not words:
        raise ValueError(f"'{vip}' is not an IPv4 or IPv6 address")
    address = words[0].partition("/")[0].partition("%")[0]
    return str(ipaddress.ip_address(address))


def entry(fact: Any, vip: str) -> Mapping | None:
    """The part of a host's eucalyptus_vip fact about a VIP (canonical text); None if it has none."""
    if not isinstance(fact, Mapping) or not isinstance(fact.get("vips"), (list, tuple)):
        return None
    for one in fact["vips"]:
        if not isinstance(one, Mapping) or not isinstance(one.get("held"), bool):
            continue
        try:
            if canonical(one.get("vip")) == vip:
                return one
        except ValueError:
            continue
    return None


def holder(facts: Mapping[str, Any], vip: str) -> dict[str, Any]:
    """Which of the hosts holds a VIP (canonical text), by their own facts; see filter vip_holder."""
    entries = {name: entry(fact, vip) for name, fact in facts.items()}
    holders = [name for name, one in entries.items() if one is not None and one["held"]]
    unknown = [name for name, one in entries.items() if one is None]
    return {
        "vip": vip,
        "holder": holders[0] if len(holders) == 1 else None,
        "holders": holders,
        "state": "absent" if not holders else "held" if len(holders) == 1 else "split",
        "unknown": unknown,
        "complete": not unknown,
    }
