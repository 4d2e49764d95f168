# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is known of one cluster's gateway, made uniform: input of _verdict. Private to the collection.

There are two kinds of source. A cluster controller's host reports whether it holds the VIP itself (vip_facts). A view, as a
rule a node controller, reports who answered its ARP query. A host's own report is exact, but missing when the host cannot be
reached; a view includes unreachable hosts too, but by MAC addresses.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _lock_words, _vip

ENABLED = "ENABLED"
CERTIFICATE_WARN_DAYS = 30.0

# What ssh and Ansible put before the reason.
_NOISE = re.compile(r"^(Task failed: |Module failed: |Failed to connect to the host via \w+: |Data could not be sent to remote host .*?: )")
_NO_REASON = re.compile(r"Permanently added|^Warning: |^\s*$|^Shared connection|^Connection to .* closed|mux_client|ControlSocket|^@+$")


class EvidenceError(ValueError):
    """The input is not what gateway_verdict takes; the message has the place."""


def _bool_or_none(value: Any, where: str) -> bool | None:
    if value is None or isinstance(value, bool):
        return value
    raise EvidenceError(f"{where} must be true, false or null, not {value!r}")


def _names(value: Any, where: str) -> list[str]:
    if value is None:
        return []
    if isinstance(value, (str, Mapping)) or not hasattr(value, "__iter__"):
        raise EvidenceError(f"{where} must be a list, not {value!r}")
    return list(dict.fromkeys(str(one) for one in value))


def _without_noise(line: str) -> str:
    shorter = _NOISE.sub("", line)
    return line if shorter == line else _without_noise(shorter)


def reason(value: Any) -> str | None:
    """An error message of Ansible or ssh, one line without what is not the reason."""
    if value in (None, ""):
        return None
    lines = [_without_noise(line.strip()) for line in re.split(r"[\r\n]+", str(value))]
    reasons = [line for line in lines if not _NO_REASON.search(line)]
    return " ".join(" ".join(reasons or [line for line in lines if line]).split()).rstrip(".") or None


@dataclass
class Lock:
    """A run that acts on the cluster, as its lock on a host describes it."""

    what: str
    who: str
    since: str
    stale: bool
    hosts: list[str]


@dataclass
class Host:
    """One cluster controller's host."""

    name: str
    asked: bool  # False: outside --limit
    reachable: bool
    error: str | None  # why it could not be reached
    deployed: bool | None
    check_installed: bool | None
    check_current: bool | None
    release: bool  # without an ENABLED controller it is in FAULT, as it should be
    local_state: str | None
    state_source: str | None
    state_message: str | None
    held: bool | None  # None: it reported nothing about the VIP
    vip_state: str | None
    interface: str | None
    since: str | None
    configured: bool | None
    keepalived_running: bool | None
    keepalived_state: str | None
    maintenance: bool | None
    certificate_days_left: float | None
    problems: list[str]
    lost_rules: list[str]  # rules of the gateway that are not in effect
    firewalld: bool  # it runs although the gateway has rules of its own
    seen_by: list[str] = field(default_factory=list)
    connections: dict[str, Any] = field(default_factory=dict)  # empty without cc_gateway_outside_vip


@dataclass
class View:
    """Who answered one host of the network that queried for the VIP."""

    name: str
    error: str | None  # it could not query
    other_vip: str | None  # it queried for this address instead
    unsupported: str | None  # there is no such query, as for an IPv6 VIP
    holders: list[str]
    macs: list[str]
    foreign: list[str]  # MAC addresses that belong to none of the cluster controllers
    unnamed: list[str]  # MAC addresses that may belong to one
    may_be: list[str] | None  # of which ones; None: of any

    @property
    def asked(self) -> bool:
        return self.error is None and self.unsupported is None

    @property
    def answerers(self) -> int:
        """How many machines answered."""
        return len(self.holders) + len(self.foreign) + len(self.unnamed)


@dataclass
class Evidence:
    """All sources of one cluster, and what they have in common."""

    cluster: str
    vip: str
    hosts: list[Host]
    views: list[View]
    own: Mapping[str, Any]  # who holds the VIP by the hosts' own facts, as filter vip_holder returns it
    not_asked: str | None  # why no node controller was queried
    unit: str  # of keepalived
    certificate_warn_days: float
    lock: Lock | None

    def find(self, name: str) -> Host | None:
        """The host of a name that a view gives; None for any other machine."""
        return next((one for one in self.hosts if one.name == name), None)

    def host(self, name: str) -> Host:
        """The host of a name that is among these."""
        return next(one for one in self.hosts if one.name == name)

    @property
    def enabled(self) -> list[str]:
        return [one.name for one in self.hosts if one.local_state == ENABLED]

    @property
    def asked_views(self) -> list[View]:
        return [one for one in self.views if one.asked]

    @property
    def facts_complete(self) -> bool:
        return bool(self.own["complete"])

    @property
    def states_complete(self) -> bool:
        return all(one.local_state is not None for one in self.hosts)

    @property
    def seen(self) -> list[str]:
        """All hosts that answered a view."""
        return list(dict.fromkeys(name for view in self.asked_views for name in view.holders))

    @property
    def disputed(self) -> list[str]:
        """Hosts that answered a view and report themselves that they do not hold it."""
        return [name for name in self.seen if (host := self.find(name)) is not None and host.held is False]

    @property
    def holders(self) -> list[str]:
        """Those that certainly hold it: by their own facts, or by a view while they could not be queried.

        Two answers to one query are two holders whatever they report: they answered within the same second.
        """
        at_once = {name for view in self.asked_views if view.answerers > 1 for name in view.holders}
        seen = [name for name in self.seen if name in at_once or name not in self.disputed]
        return list(dict.fromkeys([*self.own["holders"], *seen]))

    @property
    def foreign(self) -> list[str]:
        return sorted({mac for view in self.asked_views for mac in view.foreign})

    @property
    def unnamed(self) -> list[str]:
        return sorted({mac for view in self.asked_views for mac in view.unnamed})

    def elsewhere(self, holder: str) -> list[View]:
        """The views that got an answer from a machine without a name that cannot be the holder."""
        return [one for one in self.asked_views if one.unnamed and one.may_be is not None and holder not in one.may_be]

    @property
    def blind(self) -> list[str]:
        """The views that got no answer."""
        return [one.name for one in self.asked_views if one.answerers == 0]


def _number(value: Any, where: str) -> float | None:
    if value is None or value == "":
        return None
    try:
        return float(value)
    except (TypeError, ValueError):
        raise EvidenceError(f"{where} must be a number or null, not {value!r}") from None


def _text(value: Any) -> str | None:
    return str(value) if value not in (None, "") else None


def _instance_state(fact: Mapping, entry: Mapping) -> str | None:
    keepalived = fact.get("keepalived")
    instances = keepalived.get("instances") if isinstance(keepalived, Mapping) else None
    for one in instances or []:
        if isinstance(one, Mapping) and one.get("name") is not None and one.get("name") == entry.get("instance"):
            return _text(one.get("state"))
    return None


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _fact(data: Any) -> Mapping[str, Any]:
    """A host's eucalyptus_vip fact. What an unreachable host reported is old, from a fact cache: none."""
    return _mapping(data.get("vip_fact")) if isinstance(data, Mapping) and data.get("reachable") is True else {}


def _host(name: str, data: Any, vip: str, own: Mapping[str, Any]) -> Host:
    where = f"hosts: {name}"
    if not isinstance(data, Mapping):
        raise EvidenceError(f"{where} must be a dictionary")
    fact = _fact(data)
    entry = _vip.entry(fact, vip) or {}
    keepalived = _mapping(fact.get("keepalived"))
    check = _mapping(data.get("check"))
    running = data.get("keepalived_running")
    maintenance = data.get("maintenance")
    configuration = _mapping(keepalived.get("configuration"))
    return Host(
        name=name,
        asked=_bool_or_none(data.get("asked"), f"{where}: asked") is not False,
        reachable=_bool_or_none(data.get("reachable"), f"{where}: reachable") is True,
        error=reason(data.get("error")),
        deployed=_bool_or_none(data.get("deployed"), f"{where}: deployed"),
        check_installed=_bool_or_none(check.get("installed"), f"{where}: check: installed"),
        check_current=_bool_or_none(check.get("current"), f"{where}: check: current"),
        release=check.get("when_none_enabled") == "release",
        local_state=_text(data.get("local_state")),
        state_source=_text(data.get("state_source")),
        state_message=reason(data.get("state_message")),
        held=None if name in own["unknown"] else name in own["holders"],
        vip_state=_text(entry.get("state")),
        interface=_text(entry.get("interface")),
        since=_text(entry.get("since")),
        configured=entry.get("configured") if configuration.get("error") is None else None,
        keepalived_running=_bool_or_none(
            keepalived.get("running") if running is None else running, f"{where}: keepalived_running"
        ),
        keepalived_state=_instance_state(fact, entry),
        maintenance=_bool_or_none(
            fact.get("maintenance") if maintenance is None else maintenance, f"{where}: maintenance"
        ),
        certificate_days_left=_number(data.get("certificate_days_left"), f"{where}: certificate_days_left"),
        problems=_names(fact.get("problems"), f"{where}: vip_fact: problems"),
        lost_rules=_names(data.get("lost_rules"), f"{where}: lost_rules"),
        firewalld=_bool_or_none(data.get("firewalld"), f"{where}: firewalld") is True,
        connections=_connections(data.get("connections"), f"{where}: connections"),
    )


def _connections(value: Any, where: str) -> dict[str, Any]:
    """What module gateway_status_info returned as connections."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise EvidenceError(f"{where} must be a dictionary or null, not {value!r}")
    found: dict[str, Any] = {key: _bool_or_none(value.get(key), f"{where}: {key}") for key in ("running", "synchronised", "liberal")}
    return found | {key: _number(value.get(key), f"{where}: {key}") for key in ("entries", "own", "age")}


def _when(value: Any) -> str:
    """Seconds since 1970, or a text, for people."""
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return f"{datetime.datetime.fromtimestamp(value, tz=datetime.timezone.utc):%Y-%m-%d %H:%M:%S} UTC"
    return _text(value) or "an unknown time"


def _lock(hosts: Mapping[str, Any]) -> Lock | None:
    """The lock of the run under way: one that is not stale, if there is one."""
    found: list[Lock] = []
    for name, data in hosts.items():
        lock = data.get("lock") if isinstance(data, Mapping) else None
        if lock is None:
            continue
        if not isinstance(lock, Mapping):
            raise EvidenceError(f"hosts: {name}: lock must be a dictionary or null, not {lock!r}")
        stale = _bool_or_none(lock.get("stale"), f"hosts: {name}: lock: stale") is True
        what, who = (_text(lock.get(key)) or "unknown" for key in ("what", "who"))
        what = _lock_words.NAMES.get(what, what)
        since = _when(lock.get("since"))
        same = next((one for one in found if (one.what, one.who, one.stale) == (what, who, stale)), None)
        if same:
            same.hosts.append(str(name))
        else:
            found.append(Lock(what=what, who=who, since=since, stale=stale, hosts=[str(name)]))
    return min(found, key=lambda one: one.stale, default=None)


def _answer(fact: Mapping, vip: str) -> Mapping:
    """The answer for the VIP in a whole eucalyptus_vip fact with a probe."""
    probe = fact.get("probe")
    if not isinstance(probe, Mapping):
        return {"error": "it did not query (vip_facts without probe)"}
    others = []
    for one in probe.get("answers") or []:
        try:
            other = _vip.canonical(one.get("vip")) if isinstance(one, Mapping) else vip
        except ValueError:
            continue
        if other != vip:
            others.append(other)
        elif isinstance(one, Mapping):
            return one
    return {"other_vip": others[0]} if others else {"error": "it did not query for this VIP"}


def _view(name: str, data: Any, vip: str) -> View:
    where = f"views: {name}"
    if not isinstance(data, Mapping):
        # An unreachable node controller has no result, and that is one.
        data = {"error": "it returned nothing"}
    if "probe" in data:
        data = _answer(data, vip)
    holders = _names(data.get("holders"), f"{where}: holders")
    macs = _names(data.get("macs"), f"{where}: macs")
    foreign = _names(data.get("foreign_macs"), f"{where}: foreign_macs")
    if "unnamed_macs" in data:
        unnamed = _names(data.get("unnamed_macs"), f"{where}: unnamed_macs")
    else:
        # Where it is not given which MAC is whose, each name accounts for one of them.
        rest = [mac for mac in macs if mac not in foreign]
        unnamed = rest[len(holders) :]
    if data.get("self") is True and not data.get("self_name") and name not in holders:
        holders.append(name)
    other_vip = _text(data.get("other_vip"))
    return View(
        name=name,
        error=reason(data.get("error")) or (f"it queried for {other_vip}" if other_vip else None),
        other_vip=other_vip,
        unsupported=_text(data.get("unsupported")),
        holders=holders,
        macs=macs,
        foreign=foreign,
        unnamed=unnamed,
        may_be=None if data.get("unnamed_may_be") is None else _names(data["unnamed_may_be"], f"{where}: unnamed_may_be"),
    )


def collect(cluster: Any) -> Evidence:
    """The input of filter gateway_verdict -> Evidence. Raises EvidenceError, which names the place."""
    if not isinstance(cluster, Mapping):
        raise EvidenceError(f"a cluster must be a dictionary, not {type(cluster).__name__}")
    name = _text(cluster.get("name"))
    if name is None:
        raise EvidenceError("a cluster has no name")
    try:
        vip = _vip.canonical(cluster.get("vip"))
    except ValueError as e:
        raise EvidenceError(f"cluster {name}: vip: {e}") from e
    hosts, views = cluster.get("hosts"), cluster.get("views") or {}
    if not isinstance(hosts, Mapping) or not hosts:
        raise EvidenceError(f"cluster {name}: hosts must be a dictionary with at least one cluster controller")
    if not isinstance(views, Mapping):
        raise EvidenceError(f"cluster {name}: views must be a dictionary")
    own = _vip.holder({str(host): _fact(data) for host, data in hosts.items()}, vip)
    try:
        warn_days = _number(cluster.get("certificate_warn_days"), "certificate_warn_days")
        evidence = Evidence(
            cluster=name,
            vip=vip,
            hosts=[_host(str(host), data, vip, own) for host, data in hosts.items()],
            views=[_view(str(view), data, vip) for view, data in views.items()],
            own=own,
            not_asked=_text(cluster.get("not_asked")),
            unit=_text(cluster.get("keepalived_unit")) or "keepalived",
            certificate_warn_days=CERTIFICATE_WARN_DAYS if warn_days is None else warn_days,
            lock=_lock(hosts),
        )
    except EvidenceError as e:
        raise EvidenceError(f"cluster {name}: {e}") from e
    for host in evidence.hosts:
        host.seen_by = [view.name for view in evidence.asked_views if host.name in view.holders]
    return evidence
