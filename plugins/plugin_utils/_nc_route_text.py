# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Default gateways in the configuration files of network managers: taken out, and put back exactly.

A line that sets a default gateway is commented out behind a marker, and lines of ours stand in a marked block, so that the
text before can always be had from the text after, whatever else a person has changed in the file since.
"""

from __future__ import annotations

import re

import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_commands import (
    Mixed,
    read_route,
    sets_default_route,
)
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import is_ipv4

OFF = "#eucalyptus.ha# "
BEGIN = "# BEGIN eucalyptus.ha"
END = "# END eucalyptus.ha"
EVERYWHERE = "0.0.0.0"  # noqa: S104 - a destination of routes, nothing is bound to it
HEADER = "# Written by Ansible (eucalyptus.ha.nc_route). Changes made here are lost.\n"


class ByHand(Exception):
    """A default gateway that cannot be edited automatically; the message has its place."""


def restored(text: str) -> str:
    """The text without our block and with the lines that we had commented out."""
    kept, inside = [], False
    for line in text.splitlines(keepends=True):
        if line.rstrip("\n") == BEGIN:
            inside = True
        elif inside:
            inside = line.rstrip("\n") != END
        else:
            kept.append(line.removeprefix(OFF))
    return "".join(kept)


def with_block(text: str, lines: list[str]) -> str:
    """The text with a block of ours at its end."""
    newline = "" if not text or text.endswith("\n") else "\n"
    return text + newline + "".join(f"{line}\n" for line in [BEGIN, *lines, END])


def without_lines(text: str, numbers: set[int]) -> str:
    """The text with the lines of these numbers (from 0) commented out."""
    return "".join(
        OFF + line if number in numbers and line.strip() else line
        for number, line in enumerate(text.splitlines(keepends=True))
    )


# --- systemd-networkd (systemd.network(5)) ---------------------------------------------------------------


def networkd_without_gateway(text: str) -> str:
    """A .network file without IPv4 default gateways: Gateway= of [Network], and [Route] sections for everywhere."""
    lines = text.splitlines()
    out: set[int] = set()
    section, start = "", 0
    for number, line in enumerate([*lines, "["]):
        if line.strip().startswith("["):
            if section == "[Route]" and _networkd_default(lines[start:number]):
                out |= {n for n in range(start, number) if not lines[n].lstrip().startswith(("#", ";"))}
            section, start = line.strip(), number
        elif (
            section == "[Network]"
            and (found := re.match(r"\s*Gateway\s*=\s*(\S+)\s*$", line))
            and is_ipv4(found.group(1))
        ):
            out.add(number)
    return without_lines(text, out)


def _networkd_default(lines: list[str]) -> bool:
    values = dict(re.findall(r"^\s*([A-Za-z]+)\s*=\s*(.*?)\s*$", "\n".join(lines), re.MULTILINE))
    gateway = values.get("Gateway", "")
    return (
        (is_ipv4(gateway) or gateway in ("_dhcp4", "_dhcp"))
        and values.get("Destination", "0.0.0.0/0") in (EVERYWHERE + "/0", EVERYWHERE, "")
        and values.get("Table", "main") in ("main", "254")
    )


def networkd_has_dhcp(text: str) -> bool:
    """Whether a .network file gets an IPv4 address by DHCP."""
    return re.search(r"^\s*DHCP\s*=\s*(yes|true|1|on|ipv4|both|v4)\s*$", text, re.MULTILINE | re.IGNORECASE) is not None


# --- ifupdown (interfaces(5)) -----------------------------------------------------------------------------

_STANZA = re.compile(
    r"\s*(iface|mapping|auto|allow-\S+|no-auto-down|no-scripts|source|source-directory|rename|template)\s"
)
_IFACE = re.compile(r"\s*iface\s+(\S+)\s+(\S+)\s+(\S+)")
_COMMAND = re.compile(r"\s*(?:pre-up|up|post-up|down|pre-down|post-down)\s+(.*)", re.DOTALL)


def interfaces_without_gateway(path: str, text: str) -> str:
    """An interfaces file without IPv4 default gateways: gateway options, and commands that make or delete a default route.

    :raises ByHand: for a command line that sets a default route together with other things
    """
    out: set[int] = set()
    family = ""
    for numbers, line in _logical_lines(text):
        if _STANZA.match(line):
            found = _IFACE.match(line)
            family = found.group(2) if found else ""
        command = _COMMAND.match(line) if family else None
        try:
            ours = sets_default_route(command.group(1), family) if command else False
        except Mixed as error:
            raise ByHand(f"{path}, line {numbers[0] + 1}: a default route is set together with other things") from error
        if ours or (family == "inet" and re.match(r"\s*gateway\s", line)):
            out |= set(numbers)
    return without_lines(text, out)


def _logical_lines(text: str) -> list[tuple[list[int], str]]:
    """(numbers, text) of each line, with those it is continued on. A comment is not continued."""
    found: list[tuple[list[int], str]] = []
    joined = False
    for number, line in enumerate(text.splitlines()):
        if joined:
            numbers, before = found[-1]
            found[-1] = ([*numbers, number], before.rstrip()[:-1] + " " + line)
        else:
            found.append(([number], line))
        joined = line.rstrip().endswith("\\") and not found[-1][1].lstrip().startswith("#")
    return found


def interfaces_stanzas(text: str) -> list[tuple[str, str]]:
    """(interface, method) of every IPv4 stanza."""
    found = [_IFACE.match(line) for line in text.splitlines()]
    return [(match.group(1), match.group(3)) for match in found if match and match.group(2) == "inet"]


# --- netplan (netplan(5)) ----------------------------------------------------------------------------------


def netplan_without_gateway(path: str, text: str) -> str:
    """A netplan file without IPv4 default gateways: gateway4, and routes to everywhere.

    :raises ByHand: for a file that is no YAML, or where a gateway shares its line with something else
    """
    try:
        top = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.YAMLError as error:
        raise ByHand(f"{path} is not valid YAML ({str(error).splitlines()[0]}). Fix it first") from error
    out: set[int] = set()
    for kind in _children(_child(top, "network")):
        for definition in _children(kind):
            out |= _netplan_definition(path, definition)
    return without_lines(text, out)


def _netplan_definition(path: str, definition: yaml.Node) -> set[int]:
    out: set[int] = set()
    if not isinstance(definition, yaml.MappingNode):
        return out
    for key, value in definition.value:
        doomed: list[yaml.Node] = []
        if key.value == "gateway4":
            doomed = [value]
        elif key.value == "routes" and isinstance(value, yaml.SequenceNode):
            doomed = [route for route in value.value if _netplan_default(route)]
        if not doomed:
            continue
        whole = key.value == "gateway4" or len(doomed) == len(value.value)
        if definition.flow_style or (not whole and value.flow_style):
            raise ByHand(
                f"{path}, line {doomed[0].start_mark.line + 1}: the default gateway shares its line with other settings"
            )
        if whole and len(definition.value) == 1:
            raise ByHand(f"{path}, line {doomed[0].start_mark.line + 1}: the default gateway is the only setting there")
        for first, last in [(key, value)] if whole else [(route, route) for route in doomed]:
            out |= set(range(first.start_mark.line, _last_line(last) + 1))
    return out


def _netplan_default(route: yaml.Node) -> bool:
    values = {key.value: value.value for key, value in route.value} if isinstance(route, yaml.MappingNode) else {}
    return (
        values.get("to") in ("default", "0.0.0.0/0", "0/0")
        and is_ipv4(values.get("via", ""))
        and str(values.get("table", "254")) == "254"
        and values.get("type", "unicast") == "unicast"
    )


def _child(node: yaml.Node | None, name: str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if key.value == name), None)
    return None


def _children(node: yaml.Node | None) -> list[yaml.Node]:
    return (
        [value for _key, value in node.value if isinstance(value, yaml.MappingNode)]
        if isinstance(node, yaml.MappingNode)
        else []
    )


def _last_line(node: yaml.Node) -> int:
    # The end of a block collection is where the next thing begins, comments and all: its last leaf knows better.
    if not isinstance(node, yaml.CollectionNode) or node.flow_style or not node.value:
        return int(node.end_mark.line)
    last = node.value[-1]
    return _last_line(last[1] if isinstance(last, tuple) else last)


# --- ifcfg files of network-scripts (EL 7: initscripts, sysconfig.txt) -----------------------------------------

_IFCFG_GATEWAY = re.compile(r"\s*(export\s+)?GATEWAY(DEV)?[0-9]*=")


def ifcfg_without_gateway(text: str) -> str:
    """An ifcfg file, or /etc/sysconfig/network, without GATEWAY and GATEWAYDEV."""
    return without_lines(text, {n for n, line in enumerate(text.splitlines()) if _IFCFG_GATEWAY.match(line)})


def ifcfg_has_dhcp(text: str) -> bool:
    """Whether an ifcfg file gets its address by DHCP."""
    return re.search(r"""^\s*BOOTPROTO=['"]?dhcp['"]?\s*$""", text, re.MULTILINE) is not None


def ifcfg_routes(path: str, text: str, vip: str | None, interface: str) -> str:
    """A route-IF file without default routes and, where a VIP is given, with ours; in the file's own of its two forms.

    :raises ByHand: for a default route in the numbered form, where a line left out would hide those after it
    """
    numbered = re.findall(r"^\s*ADDRESS([0-9]+)=(\S+)", text, re.MULTILINE)
    if any(address.strip("\"'") == EVERYWHERE for _number, address in numbered):
        raise ByHand(f"{path}: a default route in the form ADDRESSn=0.0.0.0")
    text = without_lines(text, {n for n, line in enumerate(text.splitlines()) if _is_default(line)})
    if vip is None:
        return text
    if numbered:
        n = max(int(number) for number, _address in numbered) + 1
        return with_block(text, [f"ADDRESS{n}=0.0.0.0", f"NETMASK{n}=0.0.0.0", f"GATEWAY{n}={vip}"])
    return with_block(text, [f"default via {vip} dev {interface}"])


def _is_default(line: str) -> bool:
    # Each line is the end of an `ip route add`; the numbered form has none of its words.
    words = line.split("#", 1)[0].split()
    if not words or "=" in words[0]:
        return False
    route = read_route(words)
    return route.everywhere and route.main and route.unicast and ":" not in route.gateway
