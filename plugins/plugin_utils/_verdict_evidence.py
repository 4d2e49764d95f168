# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What was learnt about one cluster's gateway, made uniform: input of _verdict. Private to the collection.

Two kinds of witness: a cluster controller's host says of itself whether it holds the VIP (vip_facts), and a view, as a rule
a node controller, says who answered when it asked by ARP. A host's own word is exact but silent when the host cannot be
reached; a view sees unreachable hosts too, but by MAC addresses.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _vip

ENABLED = "ENABLED"


class EvidenceError(ValueError):
    """The input is not what gateway_verdict takes; the message says where."""


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


@dataclass
class Host:
    """One cluster controller's host."""

    name: str
    reachable: bool
    local_state: str | None
    state_source: str | None
    state_message: str | None
    held: bool | None  # None: it said nothing about the VIP
    vip_state: str | None
    interface: str | None
    since: str | None
    configured: bool | None
    keepalived_running: bool | None
    keepalived_state: str | None
    maintenance: bool | None
    certificate_days_left: float | None
    problems: list[str]
    seen_by: list[str] = field(default_factory=list)


@dataclass
class View:
    """Who answered one host of the network that asked for the VIP."""

    name: str
    error: str | None  # it could not be asked
    unsupported: str | None  # the question does not exist, as for an IPv6 VIP
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
        return len(self.holders) + len(self.foreign) + len(self.unnamed)


@dataclass
class Evidence:
    """All witnesses of one cluster, and what they have in common."""

    cluster: str
    vip: str
    hosts: list[Host]
    views: list[View]

    def find(self, name: str) -> Host | None:
        """The host of a name that somebody saw; None if it is none of these."""
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
        return all(one.held is not None for one in self.hosts)

    @property
    def states_complete(self) -> bool:
        return all(one.local_state is not None for one in self.hosts)

    @property
    def seen(self) -> list[str]:
        """Everybody whom a view saw answering, by name."""
        return list(dict.fromkeys(name for view in self.asked_views for name in view.holders))

    @property
    def disputed(self) -> list[str]:
        """Those seen answering who say themselves that they do not hold it."""
        return [name for name in self.seen if (host := self.find(name)) is not None and host.held is False]

    @property
    def holders(self) -> list[str]:
        """Those who certainly hold it: by their own word, or seen while they could not be asked.

        Two answers to one question are two holders whatever they say: they answered within the same second.
        """
        at_once = {name for view in self.asked_views if view.answerers > 1 for name in view.holders}
        own = [one.name for one in self.hosts if one.held]
        seen = [name for name in self.seen if name in at_once or name not in self.disputed]
        return list(dict.fromkeys(own + seen))

    @property
    def foreign(self) -> list[str]:
        return sorted({mac for view in self.asked_views for mac in view.foreign})

    @property
    def unnamed(self) -> list[str]:
        return sorted({mac for view in self.asked_views for mac in view.unnamed})

    def elsewhere(self, holder: str) -> list[View]:
        """The views that saw a nameless machine answer which cannot be the holder."""
        return [one for one in self.asked_views if one.unnamed and one.may_be is not None and holder not in one.may_be]

    @property
    def blind(self) -> list[str]:
        """The views to which nobody answered."""
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


def _host(name: str, data: Any, vip: str) -> Host:
    if not isinstance(data, Mapping):
        raise EvidenceError(f"hosts: {name} must be a dictionary")
    where = f"hosts: {name}"
    reachable = bool(_bool_or_none(data.get("reachable"), f"{where}: reachable"))
    # What an unreachable host said is what it said some time ago, from a fact cache.
    fact = _mapping(data.get("vip_fact")) if reachable else {}
    entry = _vip.entry(fact, vip) or {}
    keepalived = _mapping(fact.get("keepalived"))
    running = data.get("keepalived_running")
    maintenance = data.get("maintenance")
    configuration = _mapping(keepalived.get("configuration"))
    return Host(
        name=name,
        reachable=reachable,
        local_state=_text(data.get("local_state")),
        state_source=_text(data.get("state_source")),
        state_message=_text(data.get("state_message")),
        held=entry.get("held"),
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
    )


def _answer(fact: Mapping, vip: str) -> Mapping:
    """What a whole eucalyptus_vip fact says about the VIP in its probe."""
    probe = fact.get("probe")
    if not isinstance(probe, Mapping):
        return {"error": "it did not ask who answers (vip_facts without probe)"}
    for one in probe.get("answers") or []:
        try:
            if isinstance(one, Mapping) and _vip.canonical(one.get("vip")) == vip:
                return one
        except ValueError:
            continue
    return {"error": "it did not ask for this VIP"}


def _view(name: str, data: Any, vip: str) -> View:
    where = f"views: {name}"
    if not isinstance(data, Mapping):
        # An unreachable node controller has nothing to show, and that is a result.
        data = {"error": "it gave no answer"}
    if "probe" in data:
        data = _answer(data, vip)
    holders = _names(data.get("holders"), f"{where}: holders")
    macs = _names(data.get("macs"), f"{where}: macs")
    foreign = _names(data.get("foreign_macs"), f"{where}: foreign_macs")
    if "unnamed_macs" in data:
        unnamed = _names(data.get("unnamed_macs"), f"{where}: unnamed_macs")
    else:
        # Without word of which MAC is whose, each name accounts for one of them.
        rest = [mac for mac in macs if mac not in foreign]
        unnamed = rest[len(holders) :]
    if data.get("self") is True and not data.get("self_name") and name not in holders:
        holders.append(name)
    return View(
        name=name,
        error=_text(data.get("error")),
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
    try:
        evidence = Evidence(
            cluster=name,
            vip=vip,
            hosts=[_host(str(host), data, vip) for host, data in hosts.items()],
            views=[_view(str(view), data, vip) for view, data in views.items()],
        )
    except EvidenceError as e:
        raise EvidenceError(f"cluster {name}: {e}") from e
    for host in evidence.hosts:
        host.seen_by = [view.name for view in evidence.asked_views if host.name in view.holders]
    return evidence
