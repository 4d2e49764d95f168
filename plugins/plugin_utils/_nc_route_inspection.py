# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A node controller before it is changed, as module_utils/_nc_route_inspect returned it."""

from __future__ import annotations

import base64
import ipaddress
import json
import re
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Inspection:
    """Texts are as the programs printed them; what is not there is empty."""

    systemd: bool = False
    addresses: tuple[str, ...] = ()
    to_vip: str = ""
    default_routes: tuple[str, ...] = ()
    # The route that an address outside would take, and those that lead back to where Ansible connects from.
    default_route: str = ""
    control: str = ""
    way_back: tuple[str, ...] = ()
    interface: str = ""
    mac: str = ""
    active: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()
    network_file: str = ""
    netplan: bool = False
    dhclient: bool = False
    networkctl_reload: bool = False
    connection: str = ""
    connection_name: str = ""
    connection_settings: dict[str, str] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    modes: dict[str, str] = field(default_factory=dict)
    # Who answers ARP for the VIP, and why it could not be queried. None: there was no need for a query.
    answers: tuple[str, ...] | None = None
    answers_error: str = ""

    @property
    def gateway(self) -> str:
        """Next hop that the kernel takes to an address outside; empty without one."""
        found = re.search(r"\bvia (\S+)", self.default_route)
        return found.group(1) if found else ""

    @classmethod
    def read(cls, found: dict[str, Any]) -> Inspection:
        """From the module's result."""
        values = {name: found[name] for name in cls.__dataclass_fields__ if name in found}
        for name in ("addresses", "active", "enabled"):
            if name in values:
                values[name] = (tuple if name == "addresses" else frozenset)(values[name])
        for name in ("default_routes", "way_back"):
            values[name] = _routes(found.get(name, []))
        files = found.get("files", {})
        # Other people's configuration need not be UTF-8; what we do not understand must come back byte for byte.
        values["files"] = {
            path: base64.b64decode(one["content"]).decode("utf-8", "surrogateescape") for path, one in files.items()
        }
        values["modes"] = {path: one["mode"] for path, one in files.items()}
        values["mac"] = values.get("mac", "").lower()
        if "answers" in found:
            values["answers"] = tuple(found["answers"]["macs"])
            values["answers_error"] = found["answers"]["error"] or ""
        return cls(**values)


def encoded(text: str) -> str:
    """Base64 of a file's text, as it was decoded above."""
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def _routes(lines: list[str]) -> tuple[str, ...]:
    # "linkdown" and "dead" are reported by the kernel and not accepted by it.
    return tuple(re.sub(r" (linkdown|dead)\b", "", line).strip() for line in lines if line.strip())


def is_ipv4(text: object) -> bool:
    """Whether this is one IPv4 address, and nothing else."""
    try:
        return isinstance(text, str) and ipaddress.IPv4Address(text) is not None
    except ValueError:
        return False


def read_record(text: str) -> dict:
    """The record that the first deployment left, {} where it is missing or cannot be read."""
    try:
        record = json.loads(text) if text else {}
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
