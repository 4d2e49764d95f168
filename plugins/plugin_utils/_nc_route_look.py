# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What role nc_route saw on a node controller: the output of its look script, as data."""

from __future__ import annotations

import base64
import binascii
import ipaddress
import json
import re
from dataclasses import dataclass, field

from ansible.errors import AnsibleFilterError


@dataclass(frozen=True)
class Look:
    """The host before it is touched. Texts are as the programs printed them; absent things are empty."""

    systemd: bool = False
    addresses: tuple[str, ...] = ()
    to_vip: str = ""
    default_routes: tuple[str, ...] = ()
    way_out: str = ""
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

    @property
    def gateway(self) -> str:
        """Next hop that the kernel takes to an address outside; empty without one."""
        found = re.search(r"\bvia (\S+)", self.way_out)
        return found.group(1) if found else ""


def parse_look(text: str) -> Look:
    """Read the look script's lines, each `KEY BASE64`, or `file MODE PATH-BASE64 BASE64`.

    :raises AnsibleFilterError: for a line that is none of these
    """
    values: dict[str, str] = {}
    files: dict[str, str] = {}
    modes: dict[str, str] = {}
    for line in text.splitlines():
        key, _space, rest = line.partition(" ")
        try:
            if key == "file":
                mode, path, content = (rest.split(" ") + [""])[:3]
                name = _decoded(path)
                files[name], modes[name] = _decoded(content), mode.zfill(4)
            else:
                values[key] = _decoded(rest)
        except (ValueError, binascii.Error) as error:
            raise AnsibleFilterError(
                f"nc_route_plan: cannot read the line {line[:60]!r} of the look at the host: {error}"
            ) from error
    settings = {}
    for line in values.get("settings", "").splitlines():
        name, _colon, value = line.partition(":")
        settings[name] = value.replace("\\:", ":").strip()
    return Look(
        systemd=values.get("systemd", "").strip() == "yes",
        addresses=tuple(values.get("addresses", "").split()),
        to_vip=values.get("to_vip", "").strip(),
        default_routes=_routes(values.get("default_routes", "")),
        way_out=values.get("way_out", "").strip(),
        control=values.get("control", "").strip(),
        way_back=_routes(values.get("way_back", "")),
        interface=values.get("interface", "").strip(),
        mac=values.get("mac", "").strip().lower(),
        active=frozenset(values.get("active", "").split()),
        enabled=frozenset(values.get("enabled", "").split()),
        network_file=values.get("network_file", "").strip(),
        netplan=values.get("netplan", "").strip() == "yes",
        dhclient=values.get("dhclient", "").strip() == "yes",
        networkctl_reload=values.get("networkctl_reload", "").strip() == "yes",
        connection=values.get("connection", "").strip(),
        connection_name=values.get("connection_name", "").strip(),
        connection_settings=settings,
        files=files,
        modes=modes,
    )


def _decoded(text: str) -> str:
    # Other people's configuration need not be UTF-8; what we do not understand must come back byte for byte.
    return base64.b64decode(text, validate=True).decode("utf-8", "surrogateescape")


def encoded(text: str) -> str:
    """The inverse: base64 of a file's text, for a shell script."""
    return base64.b64encode(text.encode("utf-8", "surrogateescape")).decode("ascii")


def _routes(text: str) -> tuple[str, ...]:
    # "linkdown" and "dead" are what the kernel saw, not what one may say to it.
    return tuple(re.sub(r" (linkdown|dead)\b", "", line).strip() for line in text.splitlines() if line.strip())


def is_ipv4(text: object) -> bool:
    """Whether this is one IPv4 address, and nothing else."""
    try:
        return isinstance(text, str) and ipaddress.IPv4Address(text) is not None
    except ValueError:
        return False


def read_record(text: str) -> dict:
    """The record that the first deployment left, {} where there is none or it cannot be read."""
    try:
        record = json.loads(text) if text else {}
    except ValueError:
        return {}
    return record if isinstance(record, dict) else {}
