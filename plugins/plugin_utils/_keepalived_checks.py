# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What is wrong with a configuration before any host is asked. Private to this collection.

Keepalived accepts all of this in one release or another, and does something else than what was meant. What cannot be
seen in the data, because it is raw text, an include or a ``$PARAMETER``, is not judged.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import FIRST_RELEASE, GRAMMAR
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import EXTRAS, Path, place
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_verdict import parts

TRACKED = {
    "track_script": ("vrrp_script",),
    "track_process": ("vrrp_track_process",),
    "track_file": ("track_file", "vrrp_track_file"),
    "track_bfd": ("bfd_instance",),
}
# Weight of a tracked thing that has none itself: man keepalived.conf(5).
DEFAULT_WEIGHT = {"track_script": 0, "track_interface": 0, "track_process": 1, "track_file": 1, "track_bfd": 0}
OPAQUE = ("raw", "raw_first", "include", "includer", "includem", "includew", "includeb", "includea")
SCRIPTS = ("script", "optscript")

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


def named(value: Any, path: Path) -> Iterator[tuple[str, Block, Path]]:
    """The blocks of a named keyword, whichever way they are given."""
    if isinstance(value, Mapping):
        for name, body in value.items():
            if isinstance(body, Mapping):
                yield str(name), body, (*path, str(name))
    elif isinstance(value, (list, tuple)):
        for index, body in enumerate(value):
            if isinstance(body, Mapping) and body.get("name") is not None:
                yield str(body["name"]), body, (*path, index)


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
                words = str(entry[first]).split()
                options: Any = {key: item for key, item in entry.items() if key != first}
            elif len(entry) == 1 and not set(entry) & set(OPAQUE):
                [(name, options)] = entry.items()
                words = [str(name)]
            else:
                continue
            words += _option_words(options)
        else:
            words = str(entry).split()
        if words:
            yield words[0], words[1:], where


def _option_words(options: Any) -> list[str]:
    if isinstance(options, Mapping):
        words = []
        for key, value in options.items():
            if value is not None and value is not False:
                words.append(str(key))
                if value is not True:
                    words += str(value).split()
        return words
    return [] if options is None or options is True else str(options).split()


def address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text.partition("/")[0])
    except ValueError:
        return None


def _weight(words: list[str]) -> tuple[int | None, bool]:
    """The weight among the options of a line, and whether it is reversed."""
    reverse = "reverse" in words
    if "weight" in words[:-1]:
        return _integer(words[words.index("weight") + 1]), reverse
    return None, reverse


class Checker:
    """Looks at one configuration and gathers what is wrong with it."""

    def __init__(self, data: Block, version: str = "", addresses: Iterable[str] = ()) -> None:
        self.data = data
        self.version = version
        self.own = {found for text in addresses if (found := address(str(text)))}
        self.problems: list[str] = []
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

    def run(self) -> list[str]:
        self.routers()
        self.groups_of_instances()
        for name, body, path in self.instances:
            self.instance(name, body, path)
        self.same_address_twice()
        self.scripts()
        if self.version:
            self.releases(self.data, "main", ())
        return self.problems

    # -- one instance ------------------------------------------------------------------------------------------

    def family(self, body: Block) -> int | None:
        for key in ("virtual_ipaddress", "unicast_peer"):
            for word, _words, _where in entries(body.get(key), "address"):
                found = address(word)
                if found:
                    return found.version
        return 6 if body.get("native_ipv6") is True else None

    def vrrp_version(self, body: Block) -> int | None:
        if self.family(body) == 6:
            return 3
        for value in (body.get("version"), self.globals.get("vrrp_version")):
            if value is not None:
                return _integer(value)
        return 2

    def instance(self, name: str, body: Block, path: Path) -> None:
        opaque = any(body.get(key) is not None for key in OPAQUE)
        self.numbers(body, path, opaque)
        self.state(body, path)
        self.authentication(body, path)
        self.peers(body, path, opaque)
        self.weights(name, body, path)
        families = {
            found.version
            for word, _words, _where in entries(body.get("virtual_ipaddress"), "address")
            if (found := address(word))
        }
        if len(families) > 1:
            self.bad(
                (*path, "virtual_ipaddress"),
                "mixes IPv4 and IPv6; keepalived wants one family in it. Make an instance of each, or put those of the"
                " other family into virtual_ipaddress_excluded",
            )

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
                owner = " (255 is for the owner of the address, which can never give it up)" if number == 255 else ""
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
                "is EQUAL, which keepalived never had: it takes it for BACKUP. Say BACKUP on all routers, with the same"
                " priority",
            )
        elif state not in ("MASTER", "BACKUP") and "$" not in state:
            self.bad((*path, "state"), f"is {state!r}; it must be MASTER or BACKUP")
        elif state == "MASTER" and body.get("nopreempt") is True:
            self.bad((*path, "nopreempt"), "has no effect with state MASTER; say BACKUP on all routers")

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
                "has more than 8 characters; keepalived would cut it without refusing it",
            )

    def peers(self, body: Block, path: Path, opaque: bool) -> None:
        wanted = body.get("unicast_peer") is not None or body.get("unicast_src_ip") is not None
        if not wanted or opaque:
            return
        peers = [(address(word), word, where) for word, _w, where in entries(body.get("unicast_peer"), "address")]
        raw = isinstance(body.get("unicast_peer"), (list, tuple, Mapping)) and any(
            key in OPAQUE for item in body["unicast_peer"] for key in (item if isinstance(item, Mapping) else [item])
        )
        if not peers and not raw:
            self.bad(
                (*path, "unicast_peer"),
                "is empty; keepalived would fall back to multicast without a word. Name the other routers, or leave out"
                " unicast_peer and unicast_src_ip",
            )
        source = address(str(body.get("unicast_src_ip")))
        seen = set()
        for found, word, where in peers:
            if found is None:
                continue
            if found == source or found in self.own:
                self.bad(
                    (*path, "unicast_peer", where), f"is {word}, this host itself; a router must not be its own peer"
                )
            if found in seen:
                self.bad((*path, "unicast_peer", where), f"names {word} a second time")
            seen.add(found)

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
        if own is None:
            return DEFAULT_WEIGHT[keyword], False
        words = str(own).split()
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
                weighted.append((keyword, thing, where))
                if keyword != "track_file" and (weight > 0 or reverse):
                    gain += abs(weight)
        base = _integer(body.get("priority", 100))
        if base is not None and 1 <= base <= 254 and base + gain > 254:
            self.bad(
                (*path, "priority"),
                f"is {base} and its tracks add up to {gain}: more than 254, where keepalived cuts it off and routers"
                " become equal that should not. Lower the priority or the weights",
            )
        if weighted and body.get("nopreempt") is True:
            self.bad(
                (*path, "nopreempt"),
                f"and a weight ({', '.join(sorted({thing for _k, thing, _w in weighted}))}) exclude each other: the"
                " address would never move to the router with the higher priority",
            )
        group = self.membership.get(name)
        if group is not None:
            for keyword, thing, where in weighted:
                if keyword != "track_interface":
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
            keeps = body.get("sync_group_tracking_weight") is True or body.get("global_tracking") is True
            members = [(name, where) for name, _words, where in entries(body.get("group"), "name")]
            for name, where in members:
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
            if number is None:
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
                for word, _words, where in entries(body.get(key), "address"):
                    found = address(word)
                    if found is None:
                        continue
                    here = (*path, key, where)
                    if found in seen:
                        self.bad(here, f"is {found}, which {place(seen[found])} has too")
                    else:
                        seen[found] = here

    # -- scripts -----------------------------------------------------------------------------------------------

    def scripts(self) -> None:
        if self.globals.get("enable_script_security") is not True or self.opaque:
            return
        if self.globals.get("script_user") is not None or any(self.globals.get(key) is not None for key in OPAQUE):
            return
        for _program, user, path in programs(self.data):
            if user is None:
                self.bad(
                    path,
                    "has no user: with enable_script_security and no script_user in global_defs it runs as"
                    " keepalived_script, or not at all. Set global_defs.script_user",
                )
                return

    # -- releases ----------------------------------------------------------------------------------------------

    def releases(self, data: Any, table: str, path: Path) -> None:
        """Keywords that came after the release on the host."""
        if not isinstance(data, Mapping):
            return
        rules = GRAMMAR[table]
        for key, value in data.items():
            if value is None or (key not in rules and key not in EXTRAS):
                continue
            first = FIRST_RELEASE.get(key)
            if first is not None and value is not False:
                after = first.startswith("after ")
                if parts(self.version) <= parts(first) if after else parts(self.version) < parts(first):
                    self.bad(
                        (*path, key),
                        f"is not known to keepalived {self.version}, which this host has"
                        f" ({first if after else 'from ' + first})",
                    )
                    continue
            rule = rules.get(key)
            if rule is None:
                continue
            if rule.kind == "block":
                for index, item in enumerate(value if isinstance(value, (list, tuple)) else [value]):
                    where = (*path, key, index) if isinstance(value, (list, tuple)) else (*path, key)
                    self.releases(item, rule.argument, where)
            elif rule.kind == "named":
                for _name, body, where in named(value, (*path, key)):
                    self.releases(body, rule.argument, where)


def _user_of(value: Any) -> str | None:
    words = value if isinstance(value, (list, tuple)) else str(value).split()
    return str(words[0]) if words else None


def programs(data: Any, table: str = "main", path: Path = ()) -> Iterator[tuple[str, str | None, Path]]:
    """Every program that the configuration runs: its file, the user of its own or ``None``, and where it is."""
    if not isinstance(data, Mapping):
        return
    own = _user_of(data["user"]) if data.get("user") is not None else None
    for key, rule in GRAMMAR[table].items():
        value = data.get(key)
        if value is None:
            continue
        if rule.kind in SCRIPTS and not isinstance(value, bool):
            user = own
            if isinstance(value, Mapping):
                user = str(value["user"]) if value.get("user") is not None else own
                value = value.get("command")
            words = value if isinstance(value, (list, tuple)) else str(value).split()
            if words:
                yield str(words[0]), user, (*path, key)
        elif rule.kind == "block":
            for index, item in enumerate(value if isinstance(value, (list, tuple)) else [value]):
                where = (*path, key, index) if isinstance(value, (list, tuple)) else (*path, key)
                yield from programs(item, rule.argument, where)
        elif rule.kind == "named":
            for _name, body, where in named(value, (*path, key)):
                yield from programs(body, rule.argument, where)


def problems(data: Any, version: str = "", addresses: Iterable[str] = ()) -> list[str]:
    """What is wrong with ``data``, each with its path.

    :param version: of keepalived on the host; empty when it is not known, then no keyword is called too new.
    :param addresses: the host's own addresses.
    """
    return Checker(data, version, addresses).run() if isinstance(data, Mapping) else []


def host_checks(data: Any) -> list[str]:
    """What only the host can tell: ``program USER FILE`` and ``peer ADDRESS``, for the role's shell script."""
    if not isinstance(data, Mapping):
        return []
    globals_ = data.get("global_defs")
    user = None
    if isinstance(globals_, Mapping) and globals_.get("script_user") is not None:
        user = _user_of(globals_["script_user"])
    found = {f"program {own or user or '-'} {file}" for file, own, _path in programs(data) if "$" not in file}
    for _name, body, _path in named(data.get("vrrp_instance"), ()):
        for word, _words, _where in entries(body.get("unicast_peer"), "address"):
            if address(word):
                found.add(f"peer {word}")
    return sorted(found)
