# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in network configuration that set the IPv4 default route of the main table: `ip route` and `route`.

Read as the programs read them: iproute2 accepts abbreviations (`ip r a`), several words for "everywhere", and its
arguments in any order.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass

_EVERYWHERE = re.compile(r"default|all|0(\.0){0,3}(/0(\.0\.0\.0)?)?")
_MAIN = ("main", "254")
_CHANGES = ("add", "change", "chg", "replace", "prepend", "append", "delete")
# Words of `ip route` that a value follows; the long ones may be abbreviated.
_VALUES = (
    "dev", "oif", "src", "via", "vrf", "tos", "dsfield", "mtu", "advmss", "hoplimit", "rtt", "rttvar", "window", "cwnd",
    "initcwnd", "initrwnd", "ssthresh", "realms", "reordering", "rto_min", "features", "quickack", "congctl", "pref",
    "expires", "nhid", "weight", "table", "protocol", "metric", "preference", "priority", "scope",
)  # fmt: skip
_ABBREVIATED = 3  # letters that identify one of the above
_FLAGS = ("onlink", "pervasive", "notify", "nexthop", "lock")
_TYPES = ("unicast", "local", "broadcast", "multicast", "throw", "unreachable", "prohibit", "blackhole", "nat")
_IP_OPTION_VALUES = ("family", "batch", "rcvbuf", "loops")
_SHELLS = ("sh", "bash", "dash")
_HARMLESS = ("true", ":", "exit", "sleep")
_SEPARATORS = re.compile(r"[();&|]+")
_REDIRECTIONS = re.compile(r"[<>&]*[<>][<>&|]*")
_LOOKS_LIKE_ONE = re.compile(r"\b(ip|route)\b.*\b(default|0\.0\.0\.0|0/0)\b")


class Mixed(Exception):
    """A default route that is set in one command line together with other things."""


@dataclass(frozen=True)
class Route:
    """What matters of a route's arguments."""

    everywhere: bool = False
    main: bool = True
    gateway: str = ""
    unicast: bool = True


def read_route(words: list[str]) -> Route:
    """The arguments of `ip route add`, also those of a line in an EL 7 route file."""
    destination, table, gateway, kind = "", "main", "", "unicast"
    rest = list(words)
    while rest:
        word = rest.pop(0)
        name = next((one for one in _VALUES if one == word or (len(word) >= _ABBREVIATED and one.startswith(word))), "")
        if word == "to":
            continue
        if name:
            value = rest.pop(0) if rest else ""
            if name == "via":
                gateway = gateway or (rest.pop(0) if value in ("inet", "inet6") and rest else value)
            elif name == "mtu" and value == "lock" and rest:
                rest.pop(0)
            elif name in ("table", "vrf"):
                table = value
        elif word in _TYPES:
            kind = word
        elif word not in _FLAGS and not destination:
            destination = word
    return Route(_EVERYWHERE.fullmatch(destination) is not None, table in _MAIN, gateway, kind == "unicast")


def sets_default_route(command: str, family: str = "inet") -> bool:
    """Whether a shell command line makes or deletes the IPv4 default route of the main table, and does nothing else.

    family: that of the stanza the command stands in, which decides where the command itself does not.

    :raises Mixed: when it does so and something else as well
    """
    ours, others = False, False
    for words in _simple_commands(command):
        program = posixpath.basename(words[0])
        if program in _SHELLS and "-c" in words[1:-1]:
            inner = words[words.index("-c") + 1]
            found = sets_default_route(inner, family)
        elif program == "ip":
            found = _ip(words[1:], family)
        elif program == "route":
            found = _net_tools(words[1:], family)
        else:
            if any(" " in word and _LOOKS_LIKE_ONE.search(word) for word in words[1:]):
                raise Mixed(command)
            found = False
            if program in _HARMLESS:
                continue
        ours, others = ours or found, others or not found
    if ours and others:
        raise Mixed(command)
    return ours


def _simple_commands(command: str) -> list[list[str]]:
    lexer = shlex.shlex(command, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    try:
        tokens = list(lexer)
    except ValueError:  # a quotation mark without its other
        tokens = command.split()
    found: list[list[str]] = [[]]
    skip = False
    for number, token in enumerate(tokens):
        following = tokens[number + 1] if number + 1 < len(tokens) else ""
        if skip:
            skip = False
        elif _REDIRECTIONS.fullmatch(token):
            skip = True
        elif token.isdigit() and _REDIRECTIONS.fullmatch(following):
            continue
        elif _SEPARATORS.fullmatch(token):
            found.append([])
        elif found[-1] or not (token in ("!", "exec", "command") or re.match(r"[A-Za-z_]\w*=", token)):
            found[-1].append(token)
    return [words for words in found if words]


def _ip(words: list[str], family: str) -> bool:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        option = rest.pop(0).lstrip("-")
        if option in ("4", "6", "0"):
            family = {"4": "inet", "6": "inet6", "0": "link"}[option]
        elif option and "netns".startswith(option):
            return False  # another network namespace
        elif option and rest and any(name.startswith(option) for name in _IP_OPTION_VALUES):
            value = rest.pop(0)
            family = value if "family".startswith(option) else family
    if len(rest) < 2 or not "route".startswith(rest[0]) or not any(verb.startswith(rest[1]) for verb in _CHANGES):
        return False
    route = read_route(rest[2:])
    return route.everywhere and route.main and route.unicast and _is_ipv4(route.gateway, family)


def _net_tools(words: list[str], family: str) -> bool:
    rest = list(words)
    values: dict[str, str] = {}
    plain: list[str] = []
    while rest:
        word = rest.pop(0)
        if word in ("-A", "--inet", "--inet6", "-4", "-6"):
            family = {"-4": "inet", "-6": "inet6"}.get(word) or (rest.pop(0) if word == "-A" and rest else word.strip("-"))
        elif word in ("gw", "netmask", "metric", "dev", "mss", "window", "irtt"):
            values[word] = rest.pop(0) if rest else ""
        elif not word.startswith("-"):
            plain.append(word)
    if len(plain) < 2 or plain[0] not in ("add", "del", "delete"):
        return False
    if values.get("netmask", "0.0.0.0") != "0.0.0.0":  # noqa: S104 - a netmask
        return False
    return _EVERYWHERE.fullmatch(plain[1]) is not None and _is_ipv4(values.get("gw", ""), family)


def _is_ipv4(gateway: str, family: str) -> bool:
    if ":" in gateway:
        return False
    return family == "inet" or re.fullmatch(r"[0-9.]+", gateway) is not None
