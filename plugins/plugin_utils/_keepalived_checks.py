# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a configuration, without querying any host. Private to this collection.

Keepalived accepts all of this in one release or another, but handles it differently than intended. What cannot be
seen in the data, because it is raw text, an include or a ``$PARAMETER``, is not checked.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_interface
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import (
    FIRST_RELEASE,
    GRAMMAR,
    LEFT_OUT,
    Rule,
    left_out,
    release,
)
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import (
    EXTRAS,
    INCLUDES,
    Path,
    is_empty,
    place,
    truth,
)

TRACKED = {
    "track_script": ("vrrp_script",),
    "track_process": ("vrrp_track_process",),
    "track_file": ("track_file", "vrrp_track_file"),
    "track_bfd": ("bfd_instance",),
}
# Weight of a tracked thing that has none itself: man keepalived.conf(5).
DEFAULT_WEIGHT = {"track_script": 0, "track_interface": 0, "track_process": 1, "track_file": 1, "track_bfd": 0}
OPAQUE = ("raw", "raw_first", *INCLUDES)
SCRIPTS = ("script", "optscript")
# What must be an address: keywords of one word, and the first word of the lines of a block.
ADDRESSES = (
    "mcast_src_ip",
    "mcast_dst_ip",
    "unicast_src_ip",
    "vrrp_mcast_group4",
    "vrrp_mcast_group6",
    "neighbor_ip",
    "neighbour_ip",
    "source_ip",
    "connect_ip",
    "bindto",
)
ADDRESS_LINES = ("unicast_peer", "virtual_ipaddress", "virtual_ipaddress_excluded", "static_ipaddress")
WITH_PREFIX = ("virtual_ipaddress", "virtual_ipaddress_excluded", "static_ipaddress")
# A program that keepalived itself opens: a file, or a connection by /dev/tcp.
REDIRECTION = re.compile(r"<[ \t]*[/\w]").match
# What only a shell understands, as an unquoted argument of a command line: operators alone, at its begin or end, or in it.
SHELL_WORD = re.compile(
    r"[|&;].*|.+[|&;]|\d*[<>].*|.*(?:&&|\|\||\d?>&\d|\d?>>?/|`|\$\().*"
).fullmatch
SHELLS = ("sh", "ash", "bash", "dash", "ksh", "mksh", "zsh")
# An argument of a command line, with the quotes that hold it together.
COMMAND_WORD = re.compile(r"(?:'[^']*'|[^\s'])+")

Block = Mapping[str, Any]


def _integer(value: Any) -> int | None:
    """A whole number, also from text; nothing for anything else, a parameter for instance."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int):
        return int(value)
    try:
        return int(str(value).strip())
    except ValueError:
        return None


def words_of(value: Any) -> list[str]:
    """The words of a value, given as text or as a list of words."""
    if isinstance(value, (list, tuple)):
        return [str(word) for word in value]
    return str(value).split()


def named(value: Any, path: Path) -> Iterator[tuple[str, Block, Path]]:
    """The blocks of a named keyword, whichever way they are given."""
    if isinstance(value, Mapping):
        for name, body in value.items():
            if isinstance(body, Mapping):
                yield str(name), body, (*path, str(name))
    elif isinstance(value, (list, tuple)):
        for index, body in enumerate(value):
            if isinstance(body, Mapping) and body.get("name") is not None:
                # Servers may be called by a list of words.
                name = body["name"]
                yield " ".join(words_of(name)) if isinstance(name, (list, tuple)) else str(name), body, (*path, index)


def blocks(value: Any, path: Path) -> Iterator[tuple[Any, Path]]:
    """The blocks of a keyword that has no names, with their places."""
    if isinstance(value, (list, tuple)):
        for index, item in enumerate(value):
            yield item, (*path, index)
    else:
        yield value, path


def inner_blocks(rule: Rule, value: Any, path: Path) -> Iterator[tuple[str, Any, Path]]:
    """The blocks in a keyword: name (empty for one without), content and place."""
    if rule.kind == "block":
        for item, where in blocks(value, path):
            yield "", item, where
    elif rule.kind == "named":
        yield from named(value, path)


def entries(value: Any, first: str) -> Iterator[tuple[str, list[str], Any]]:
    """The lines of a block: first word, the words after it, and where it is."""
    if isinstance(value, str):
        value = [value]
    if isinstance(value, Mapping):
        pairs: Iterable[tuple[Any, Any]] = [(key, {key: value[key]}) for key in value if key not in EXTRAS]
    elif isinstance(value, (list, tuple)):
        pairs = enumerate(value)
    else:
        return
    for where, entry in pairs:
        if isinstance(entry, Mapping):
            if first in entry:
                words = words_of(entry[first])
                options: Any = {key: item for key, item in entry.items() if key != first}
            elif len(entry) == 1 and not set(entry) & set(OPAQUE):
                [(name, options)] = entry.items()
                words = [str(name)]
            else:
                continue
            words += _option_words(options)
        else:
            words = words_of(entry)
        if words:
            yield words[0], words[1:], where


def _option_words(options: Any) -> list[str]:
    if isinstance(options, Mapping):
        words = []
        for key, value in options.items():
            if value is not None and truth(value) is not False and value not in ([], ()):
                words.append(str(key))
                if not truth(value):
                    words += words_of(value)
        return words
    return [] if options is None or options is True else words_of(options)


def address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("/")[0])
    except ValueError:
        return None


def is_address(text: str, prefix: bool) -> bool:
    """Whether keepalived accepts a value as an address, with the length of a prefix where it may have one."""
    if "%" in text:
        return False
    try:
        if prefix and re.search(r"/\d+\Z", text):
            ip_interface(text)
        else:
            ip_address(text)
    except ValueError:
        return False
    return True


def _weight(words: list[str]) -> tuple[int | None, bool]:
    """The weight among the options of a line, and whether it is reversed."""
    reverse = "reverse" in words
    if "weight" in words[:-1]:
        return _integer(words[words.index("weight") + 1]), reverse
    return None, reverse


def forces_fault(keyword: str, weight: int, reverse: bool) -> bool:
    """Whether a weight moves no priority but makes the instance FAULT: a file with 1 in it and this weight."""
    return keyword == "track_file" and weight == (254 if reverse else -254)


class Checker:
    """Checks one configuration and gathers what is wrong with it."""

    def __init__(self, data: Block, version: str = "", addresses: Iterable[str] = ()) -> None:
        self.data = data
        self.version = version
        self.release = release(version)
        self.own = {found for text in addresses if (found := address(str(text)))}
        self.problems: list[str] = []
        self.warnings: list[str] = []
        self.left_out: dict[str, Rule] = {}
        self.without_user = False
        self.opaque = any(data.get(key) is not None for key in OPAQUE)
        self.globals: Block = data["global_defs"] if isinstance(data.get("global_defs"), Mapping) else {}
        self.instances = list(named(data.get("vrrp_instance"), ("vrrp_instance",)))
        self.groups = list(named(data.get("vrrp_sync_group"), ("vrrp_sync_group",)))
        # What can be tracked: keyword of the track to names with the weight of their own.
        self.trackable: dict[str, dict[str, Any]] = {keyword: {} for keyword in TRACKED}
        for keyword, sources in TRACKED.items():
            for source in sources:
                for name, body, _path in named(data.get(source), (source,)):
                    self.trackable[keyword][name] = body.get("weight")

    def bad(self, path: Path, what: str) -> None:
        self.problems.append(f"{place(path)} {what}")

    def before(self, version: str) -> bool:
        """Whether keepalived on the host is known, and older than a release."""
        return bool(self.release) and self.release < release(version)

    def run(self) -> list[str]:
        self.routers()
        self.groups_of_instances()
        for name, body, path in self.instances:
            self.instance(name, body, path)
        self.same_address_twice()
        self.scripts()
        self.walk(self.data, "main", ())
        for keyword, rule in self.left_out.items():
            self.warnings.append(
                f"{keyword} is left out: it needs keepalived {rule.since} (this host has {self.version}). keepalived here"
                f" {LEFT_OUT[keyword]}."
            )
        return self.problems

    # -- one instance ------------------------------------------------------------------------------------------

    def family(self, body: Block) -> int | None:
        for key in ("virtual_ipaddress", "unicast_peer"):
            for word, _words, _where in entries(body.get(key), "address"):
                found = address(word)
                if found:
                    return found.version
        return 6 if truth(body.get("native_ipv6")) else None

    def vrrp_version(self, body: Block) -> int | None:
        if self.family(body) == 6:
            return 3
        for value in (body.get("version"), self.globals.get("vrrp_version")):
            if value is not None:
                return _integer(value)
        return 2

    def instance(self, name: str, body: Block, path: Path) -> None:
        opaque = any(body.get(key) is not None for key in OPAQUE)
        self.interface(body, path, opaque)
        self.no_address(body, path, opaque)
        self.numbers(body, path, opaque)
        self.state(body, path)
        self.authentication(body, path)
        self.peers(body, path, opaque)
        self.weights(name, body, path)
        self.strict(body, path)
        families = {
            found.version
            for word, _words, _where in entries(body.get("virtual_ipaddress"), "address")
            if (found := address(word))
        }
        if len(families) > 1:
            self.bad(
                (*path, "virtual_ipaddress"),
                "mixes IPv4 and IPv6; keepalived allows one address family per instance. Use two instances, or put those of the"
                " other family into virtual_ipaddress_excluded",
            )

    def interface(self, body: Block, path: Path, opaque: bool) -> None:
        if body.get("interface") is not None or opaque:
            return
        # Unicast needs none from 2.1.0 on, where it has a source address; 2.2.5 to 2.2.7 do not start it (tried with 2.2.4 to 2.4.3).
        unicast = body.get("unicast_peer") is not None and body.get("unicast_src_ip") is not None
        if not unicast or self.before("2.1.0") or release("2.2.5") <= self.release < release("2.2.8"):
            self.bad(path, "has no interface; name the one that VRRP runs on")

    def no_address(self, body: Block, path: Path, opaque: bool) -> None:
        # With version 2 keepalived only calls it not sensible.
        given = body.get("virtual_ipaddress")
        wanted = self.vrrp_version(body) == 3 and not truth(body.get("no_virtual_ipaddress")) and not opaque
        if (given is None or is_empty(given)) and wanted:
            self.bad(path, "has no virtual_ipaddress; VRRP version 3 needs at least one")

    def numbers(self, body: Block, path: Path, opaque: bool) -> None:
        if body.get("virtual_router_id") is None and not opaque:
            self.bad(path, "has no virtual_router_id; it needs one from 1 to 255, the same on all its routers")
        for key, highest in (("virtual_router_id", 255), ("priority", 254)):
            value = body.get(key)
            if value is None:
                continue
            number = _integer(value)
            if number is None:
                if "$" not in str(value):
                    self.bad((*path, key), f"is {value!r}; it must be a whole number from 1 to {highest}")
            elif not 1 <= number <= highest:
                owner = " (255 is for the owner of the address, which never releases it)" if number == 255 else ""
                self.bad((*path, key), f"is {number}; it must be from 1 to {highest}{owner}")
        self.advert(body, path)

    def advert(self, body: Block, path: Path) -> None:
        try:
            seconds = float(body.get("advert_int", 1))
        except (TypeError, ValueError):
            return
        version = self.vrrp_version(body)
        if version == 2 and (not 1 <= seconds <= 255 or seconds != int(seconds)):
            self.bad((*path, "advert_int"), f"is {seconds:g}; VRRP version 2 has whole seconds from 1 to 255 only")
        elif version == 3 and not 0.01 <= seconds <= 40.95:
            self.bad((*path, "advert_int"), f"is {seconds:g}; VRRP version 3 has 0.01 to 40.95 seconds")

    def state(self, body: Block, path: Path) -> None:
        state = str(body.get("state", "BACKUP"))
        if state == "EQUAL":
            self.bad(
                (*path, "state"),
                "is EQUAL, which keepalived never had: it takes it for BACKUP. Use BACKUP on all routers, with the same"
                " priority",
            )
        elif state not in ("MASTER", "BACKUP") and "$" not in state:
            self.bad((*path, "state"), f"is {state!r}; it must be MASTER or BACKUP")
        elif state == "MASTER" and truth(body.get("nopreempt")):
            self.bad((*path, "nopreempt"), "has no effect with state MASTER; use BACKUP on all routers")

    def authentication(self, body: Block, path: Path) -> None:
        block = body.get("authentication")
        if not isinstance(block, Mapping):
            return
        if self.vrrp_version(body) == 3:
            self.bad(
                (*path, "authentication"),
                "is for VRRP version 2 only, and this instance is of version 3; leave it out, or set version: 2",
            )
        password = block.get("auth_pass")
        if password is not None and len(str(password).encode()) > 8:
            self.bad(
                (*path, "authentication", "auth_pass"),
                "has more than 8 characters; keepalived would truncate it silently",
            )

    def peers(self, body: Block, path: Path, opaque: bool) -> None:
        given = body.get("unicast_peer")
        if given is None:
            if body.get("unicast_src_ip") is not None and not opaque:
                self.bad(
                    (*path, "unicast_src_ip"),
                    "needs unicast_peer: with no peer keepalived falls back to multicast. Set unicast_peer to the addresses"
                    " of the other routers, or use mcast_src_ip",
                )
            return
        if opaque:
            return
        source = address(str(body.get("unicast_src_ip")))
        seen = set()
        for word, _words, where in entries(given, "address"):
            found = address(word)
            if found is None:
                continue
            if found == source or found in self.own:
                self.bad(
                    (*path, "unicast_peer", where), f"is {word}, this host itself; a router must not be its own peer"
                )
            if found in seen:
                self.bad((*path, "unicast_peer", where), f"names {word} a second time")
            seen.add(found)

    def strict(self, body: Block, path: Path) -> None:
        """VRRP's strict mode accepts no traffic for the virtual addresses, unless version 3 is configured to accept it."""
        own = truth(body.get("strict_mode"))
        where = (*path, "strict_mode") if own else ("global_defs", "vrrp_strict")
        if own is False or not (own or truth(self.globals.get("vrrp_strict"))):
            return
        accepts = truth(body.get("accept")) and self.vrrp_version(body) != 2
        warning = (
            f"{place(where)} makes keepalived drop all traffic to the virtual addresses themselves, pings too. Set it to false,"
            " or accept: true in each instance with VRRP version 3, if anything is to reach them."
        )
        if not accepts and truth(body.get("no_accept")) is not True and warning not in self.warnings:
            self.warnings.append(warning)

    # -- weights -----------------------------------------------------------------------------------------------

    def tracked(self, body: Block) -> Iterator[tuple[str, str, int | None, bool, Any]]:
        """What a block tracks: keyword, name, effective weight, reversed, and where."""
        for keyword in ("track_script", "track_interface", "track_process", "track_file", "track_bfd"):
            for name, words, where in entries(
                body.get(keyword), "interface" if keyword == "track_interface" else "name"
            ):
                weight, reverse = _weight(words)
                if weight is None:
                    weight, reverse = self.default_weight(keyword, name)
                yield keyword, name, weight, reverse, where

    def default_weight(self, keyword: str, name: str) -> tuple[int | None, bool]:
        own = self.trackable.get(keyword, {}).get(name)
        if own is None or is_empty(own):
            return DEFAULT_WEIGHT[keyword], False
        words = words_of(own)
        return _integer(words[0]) if words else None, "reverse" in words

    def weights(self, name: str, body: Block, path: Path) -> None:
        gain = 0
        weighted = []
        for keyword, thing, weight, reverse, where in self.tracked(body):
            if weight is None:
                continue
            highest = 254 if keyword == "track_process" else 253  # keepalived.conf(5)
            if abs(weight) > highest and keyword != "track_file":
                self.bad((*path, keyword, where), f"has the weight {weight}; it must be from -{highest} to {highest}")
            if weight:
                weighted.append((keyword, thing, weight, reverse, where))
                if keyword != "track_file" and (weight > 0 or reverse):
                    gain += abs(weight)
        base = _integer(body.get("priority", 100))
        if base is not None and 1 <= base <= 254 and base + gain > 254:
            self.bad(
                (*path, "priority"),
                f"is {base} and its tracks add up to {gain}: more than 254, where keepalived cuts it off and routers"
                " become equal that should not. Lower the priority or the weights",
            )
        moving = sorted({thing for keyword, thing, weight, reverse, _w in weighted if not forces_fault(keyword, weight, reverse)})
        if moving and truth(body.get("nopreempt")):
            self.bad(
                (*path, "nopreempt"),
                f"and a weight ({', '.join(moving)}) exclude each other: the"
                " address would never move to the router with the higher priority",
            )
        group = self.membership.get(name)
        if group is not None:
            for keyword, thing, _weight, _reverse, where in weighted:
                # Processes keep their weight: vrrp.c of 2.0.11 to 2.4.3.
                if keyword != "track_process":
                    self.bad(
                        (*path, keyword, where),
                        f"tracks {thing} with a weight, but the instance is in the sync group {group}, where keepalived"
                        f" ignores that. Track it in vrrp_sync_group.{group}",
                    )

    # -- across instances --------------------------------------------------------------------------------------

    def groups_of_instances(self) -> None:
        self.membership: dict[str, str] = {}
        known = {name for name, _body, _path in self.instances}
        for group, body, path in self.groups:
            # Before 2.0 global_tracking keeps the weights of the members; after it does nothing.
            keeps = truth(body.get("sync_group_tracking_weight")) or (
                truth(body.get("global_tracking")) and not (self.release and not self.before("2.0.0"))
            )
            for first, more, where in entries(body.get("group"), "name"):
                for name in (first, *more):
                    if name not in known and not self.opaque and "$" not in name:
                        self.bad((*path, "group", where), f"is {name!r}, but there is no vrrp_instance of that name")
                    if not keeps:
                        self.membership[name] = group
        if self.opaque:
            return
        for _name, body, path in [*self.instances, *self.groups]:
            for keyword, thing, _own, _reverse, where in self.tracked(body):
                if keyword in TRACKED and "$" not in thing and thing not in self.trackable[keyword]:
                    self.bad(
                        (*path, keyword, where), f"is {thing!r}, but there is no {TRACKED[keyword][0]} of that name"
                    )

    def routers(self) -> None:
        """The same virtual router ID twice on one interface, in one family."""
        seen: dict[tuple[Any, ...], list[tuple[Block, Path]]] = {}
        for _name, body, path in self.instances:
            number = _integer(body.get("virtual_router_id"))
            if number is None or body.get("interface") is None:
                continue
            key = (str(body.get("interface")), self.family(body) or 4, number, str(body.get("mcast_dst_ip")))
            for other, where in seen.setdefault(key, []):
                mine = {word for word, _w, _x in entries(body.get("unicast_peer"), "address")}
                theirs = {word for word, _w, _x in entries(other.get("unicast_peer"), "address")}
                if not (mine and theirs and not mine & theirs):
                    self.bad(
                        (*path, "virtual_router_id"),
                        f"is {number}, which {place(where)} has too, on the same interface ({key[0]}) and for the same"
                        " address family",
                    )
                    break
            seen[key].append((body, path))

    def same_address_twice(self) -> None:
        seen: dict[Any, Path] = {}
        for _name, body, path in self.instances:
            for key in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
                for word, words, where in entries(body.get(key), "address"):
                    found = address(word)
                    if found is None:
                        continue
                    device = words[words.index("dev") + 1] if "dev" in words[:-1] else str(body.get("interface"))
                    here = (*path, key, where)
                    if (found, device) in seen:
                        self.bad(here, f"is {found} on {device}, which {place(seen[found, device])} has too")
                    else:
                        seen[found, device] = here

    # -- scripts -----------------------------------------------------------------------------------------------

    def scripts(self) -> None:
        for command, user, path in commands(self.data):
            if isinstance(command, str) and not self.before("2.0.0"):
                self.shell(command, path)
            if user is None:
                self.no_user(path)
        if release("2.2.5") <= self.release < release("2.3.0"):
            self.start_scripts()

    def start_scripts(self) -> None:
        """Before such a script the parent checks whether it is its own child, and ends itself. Tried with 2.2.4 to 2.3.4."""
        default = words_of(self.globals["script_user"]) if self.globals.get("script_user") is not None else []
        for key in ("startup_script", "shutdown_script"):
            value = self.globals.get(key)
            if value is None or is_empty(value):
                continue
            given = value if isinstance(value, Mapping) else {}
            identity = [str(given[part]) for part in ("user", "group") if given.get(part) is not None] or default
            if any(name != "root" and "$" not in name for name in identity):
                self.bad(
                    ("global_defs", key),
                    f"must run as root (got {' '.join(identity)}): keepalived {self.version} ends itself before it runs such a"
                    " script as another user or group. Give it user: root, or update keepalived to 2.3.0 or newer",
                )

    def shell(self, command: str, path: Path) -> None:
        """Keepalived runs the program itself; only before 2.0 did it have a shell do that."""
        words = COMMAND_WORD.findall(command)
        for index, word in enumerate(words):
            if not SHELL_WORD(re.sub("'[^']*'", "", word)) or (index == 0 and REDIRECTION(command)):
                continue
            if words[0].rpartition("/")[2] in SHELLS and "-c" in words:
                fix = "Put all that follows -c into single quotes: /bin/sh -c 'a | b'"
            else:
                fix = "Put it into a script, or run it by a shell: /bin/sh -c 'a | b'"
            self.bad(path, f"has {word!r} for a shell, but keepalived runs it without one and passes it on as an argument. {fix}")
            return

    def no_user(self, path: Path) -> None:
        if truth(self.globals.get("enable_script_security")) is not True or self.opaque or self.without_user:
            return
        if self.globals.get("script_user") is not None or any(self.globals.get(key) is not None for key in OPAQUE):
            return
        self.without_user = True
        self.bad(
            path,
            "has no user: with enable_script_security and no script_user in global_defs it runs as"
            " keepalived_script, or not at all. Set global_defs.script_user",
        )

    # -- every keyword -----------------------------------------------------------------------------------------

    def walk(self, data: Any, table: str, path: Path) -> None:
        """Keywords that came after the release on the host, and values that are not addresses."""
        if not isinstance(data, Mapping):
            return
        rules = GRAMMAR[table]
        for key, value in data.items():
            rule = rules.get(key)
            if value is None or (rule is None and key not in INCLUDES):
                continue
            first = rule.since if rule else FIRST_RELEASE["main", key]
            # A keyword that takes on or off is written when it is false, too.
            written = not is_empty(value) and (truth(value) is not False or (rule is not None and rule.kind == "bool"))
            if self.before(first) and written:
                if rule and left_out(key, rule, self.release):
                    self.left_out.setdefault(key, rule)
                else:
                    self.bad((*path, key), f"needs keepalived {first} (this host has {self.version})")
                continue
            if rule is None:
                continue
            self.addresses(key, rule, value, (*path, key))
            for name, body, where in inner_blocks(rule, value, (*path, key)):
                if name and key in ("virtual_server", "real_server"):
                    self.server(key, name, where)
                self.walk(body, rule.argument, where)

    def addresses(self, key: str, rule: Rule, value: Any, path: Path) -> None:
        if key in ADDRESSES and rule.kind == "word":
            self.address(str(value), False, path)
        elif key in ADDRESS_LINES and rule.kind == "lines":
            for word, words, where in entries(value, rule.argument):
                self.address(word, key in WITH_PREFIX, (*path, where))
                for option in ("brd", "peer"):
                    if option in words[:-1] and key in WITH_PREFIX:
                        other = words[words.index(option) + 1]
                        if not (option == "brd" and other in ("+", "-")):
                            self.address(other, option == "peer", (*path, where))

    def server(self, key: str, name: str, path: Path) -> None:
        first, _blank, _rest = name.strip().partition(" ")
        if key == "real_server" or first not in ("fwmark", "group"):
            self.address(first, False, path)

    def address(self, text: str, prefix: bool, path: Path) -> None:
        if "$" not in text and not is_address(text, prefix):
            more = " Write each as an entry of the list." if "," in text else ""
            self.bad(path, f"must be an IP address (got {text!r}).{more}" if more else f"must be an IP address (got {text!r})")


def _user_of(value: Any) -> str | None:
    words = words_of(value)
    return words[0] if words else None


def commands(data: Any, table: str = "main", path: Path = ()) -> Iterator[tuple[Any, str | None, Path]]:
    """Every command that the configuration runs: as it is given, the user of its own or ``None``, and where it is."""
    if not isinstance(data, Mapping):
        return
    own = _user_of(data["user"]) if data.get("user") is not None else None
    for key, rule in GRAMMAR[table].items():
        value = data.get(key)
        if value is None:
            continue
        if rule.kind in SCRIPTS and not (truth(value) is not None and rule.kind == "optscript"):
            user = own
            if isinstance(value, Mapping):
                user = str(value["user"]) if value.get("user") is not None else own
                value = value.get("command")
            if value is not None and not is_empty(value) and str(value).strip():
                yield value, user, (*path, key)
        else:
            for _name, body, where in inner_blocks(rule, value, (*path, key)):
                yield from commands(body, rule.argument, where)


def program(command: Any) -> str:
    """The program of a command: its first word, without quotes."""
    if isinstance(command, (list, tuple)):
        return str(command[0])
    found = COMMAND_WORD.match(str(command).strip())
    return found.group().replace("'", "") if found else ""


def includes(data: Any) -> Iterator[str]:
    """Every include file, in whatever block."""
    if isinstance(data, Mapping):
        for key, value in data.items():
            if key in INCLUDES:
                yield from (str(file) for file in (value if isinstance(value, (list, tuple)) else [value]) if file is not None)
            else:
                yield from includes(value)
    elif isinstance(data, (list, tuple)):
        for item in data:
            yield from includes(item)


def problems(data: Any, version: str = "", addresses: Iterable[str] = ()) -> list[str]:
    """What is wrong with ``data``, each with its path.

    :param version: of keepalived on the host; empty when it is not known, then no keyword is called too new.
    :param addresses: the host's own addresses.
    """
    return Checker(data, version, addresses).run() if isinstance(data, Mapping) else []


def warnings(data: Any, version: str = "") -> list[str]:
    """What keepalived does with ``data`` that is probably unintended, and what its release lacks. Each once."""
    if not isinstance(data, Mapping):
        return []
    checker = Checker(data, version)
    checker.run()
    return checker.warnings


def host_checks(data: Any) -> list[str]:
    """What only the host can report, for the role's shell script.

    ``namespace NAME`` for what follows, ``include FILE``, ``interface NAME``, ``peer ADDRESS``, ``program USER FILE`` and
    ``source ADDRESS``.
    """
    if not isinstance(data, Mapping):
        return []
    globals_ = data.get("global_defs")
    user = None
    if isinstance(globals_, Mapping) and globals_.get("script_user") is not None:
        user = _user_of(globals_["script_user"])
    found = {f"include {file}" for file in includes(data) if not re.search(r"[*?\[{$]", file)}
    for command, own, _path in commands(data):
        file = program(command)
        if file and "$" not in file and not file.startswith("<"):
            found.add(f"program {own or user or '-'} {file}")
    for _name, body, _path in named(data.get("vrrp_instance"), ()):
        if re.fullmatch(r"[^\s/${<]+", str(body.get("interface") or "")):
            found.add(f"interface {body['interface']}")
        for word, _words, _where in entries(body.get("unicast_peer"), "address"):
            if address(word):
                found.add(f"peer {word}")
        for key in ("unicast_src_ip", "mcast_src_ip"):
            if body.get(key) is not None and address(str(body[key])):
                found.add(f"source {body[key]}")
    name = data.get("net_namespace")
    return ([f"namespace {name}"] if name is not None and "$" not in str(name) else []) + sorted(found)
