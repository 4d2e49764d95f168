# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From evidence to a verdict, a sentence and what to do. Private to the collection.

The order of the tests is the meaning of the verdicts. What is certainly wrong comes first, even if something else could
not be asked, for nothing that is still unknown can make it right. What would be right comes last and only if everybody
was asked. So C(ok) is never said of a cluster about which something is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _verdict_evidence

OK, WARNING, CRITICAL, UNKNOWN = 0, 1, 2, 3
SEVERITY_NAMES = {OK: "ok", WARNING: "warning", CRITICAL: "critical", UNKNOWN: "unknown"}
# Worst first. A known fault is worse than not knowing; monitoring plugins order them so, too.
WORST_FIRST = (CRITICAL, UNKNOWN, WARNING, OK)

VERDICTS = {
    "ok": OK,
    "absent": CRITICAL,
    "split": CRITICAL,
    "wrong_holder": CRITICAL,
    "no_controller_enabled": CRITICAL,
    "two_controllers_enabled": CRITICAL,
    "maintenance": WARNING,
    "unknown": UNKNOWN,
}

CERTIFICATE_WARNING_DAYS = 30


@dataclass
class Finding:
    verdict: str
    sentence: str
    advice: str


def names(items: list[str], limit: int = 6) -> str:
    """'cc1', 'cc1 and cc2', 'cc1, cc2 and cc3', 'a, b, c and 9 more'."""
    if len(items) > limit:
        items = [*items[: limit - 1], f"{len(items) - limit + 1} more"]
    if len(items) < 2:
        return "".join(items)
    return f"{', '.join(items[:-1])} and {items[-1]}"


def _is(items: list[str]) -> str:
    return "is" if len(items) == 1 else "are"


def _says(items: list[str]) -> str:
    return "says" if len(items) == 1 else "say"


def _macs(items: list[str]) -> str:
    return f"MAC address{'' if len(items) == 1 else 'es'} {names(items)}"


def _in_maintenance(evidence: _verdict_evidence.Evidence) -> list[str]:
    return [one.name for one in evidence.hosts if one.maintenance]


def _gaps(evidence: _verdict_evidence.Evidence, leave_out: list[str]) -> list[str]:
    """What could not be learnt, as clauses of a sentence."""
    gaps = []
    hosts = [one for one in evidence.hosts if one.name not in leave_out]
    unreachable = [one.name for one in hosts if not one.reachable]
    if unreachable:
        gaps.append(f"{names(unreachable)} could not be reached")
    silent = [one.name for one in hosts if one.reachable and one.held is None]
    if silent:
        gaps.append(f"{names(silent)} did not tell whether {'it holds' if len(silent) == 1 else 'they hold'} the VIP")
    for one in hosts:
        if one.local_state is None and one.reachable:
            why = f" ({one.state_message})" if one.state_message else ""
            gaps.append(f"the cluster controller on {one.name} did not tell its state{why}")
    views = [one for one in evidence.views if one.error is not None]
    if len(views) == 1:
        gaps.append(f"{views[0].name} could not be asked whom it sees ({views[0].error})")
    elif views:
        gaps.append(
            f"{names([one.name for one in views])} could not be asked whom they see ({views[0].name}: {views[0].error})"
        )
    return gaps


def _known(evidence: _verdict_evidence.Evidence) -> str:
    """What is known all the same, as a sentence."""
    holders, enabled = evidence.holders, evidence.enabled
    if holders and holders == enabled:
        return f"As far as is known, {holders[0]} is ENABLED and holds {evidence.vip}."
    held = f"{names(holders)} holds {evidence.vip}" if holders else f"nobody is known to hold {evidence.vip}"
    if enabled:
        return f"As far as is known, {held} and {names(enabled)} {_is(enabled)} ENABLED."
    return f"As far as is known, {held}, and no cluster controller is known to be ENABLED."


def _unknown(evidence: _verdict_evidence.Evidence, leave_out: list[str]) -> Finding:
    gaps = _gaps(evidence, leave_out)
    disputed, vip = evidence.disputed, evidence.vip
    where = [one.name for one in evidence.hosts if one.name not in leave_out]
    advice = []
    if disputed:
        by = [one.name for one in evidence.asked_views if set(one.holders) & set(disputed)]
        gaps.append(
            f"{names(by)} saw {names(disputed)} answer for {vip}, but {names(disputed)} {_says(disputed)} "
            f"that it is not there"
        )
        advice.append(
            "Ask again: the VIP may have moved in between. If it stays so, look for proxy ARP or a published ARP entry on "
            f"{names(disputed)}."
        )
    elsewhere = evidence.elsewhere(evidence.holders[0]) if evidence.holders else []
    if elsewhere:
        macs = list(dict.fromkeys(mac for one in elsewhere for mac in one.unnamed))
        gaps.append(
            f"{names([one.name for one in elsewhere])} saw {_macs(macs)} answer for {vip}, which is not that of "
            f"{evidence.holders[0]}"
        )
        advice.append("Ask again: the VIP may have moved in between. If it stays so, find that machine in the switches' tables.")
    elif evidence.unnamed and (len(evidence.unnamed) > 1 or not evidence.holders):
        gaps.append(f"{names(evidence.unnamed)} {'answers' if len(evidence.unnamed) == 1 else 'answer'} for {vip} without a name here")
        advice.append("Name the cluster controllers' addresses to the probe (candidates) and ask again.")
    unreachable = [name for name in where if not evidence.host(name).reachable]
    if unreachable:
        advice.append(
            f"See whether {names(unreachable)} {_is(unreachable)} up and whether Ansible can log in there; "
            "a host that cannot be reached may still hold the VIP."
        )
    dead = [name for name in where if name not in unreachable and evidence.host(name).local_state is None]
    if dead:
        advice.append(
            f"Look at the cluster controller service on {names(dead)}; until it answers, it counts as not ENABLED "
            "and the gateway has no proven standby."
        )
    silent = [name for name in where if name not in unreachable and evidence.host(name).held is None]
    if silent:
        advice.append(f"Run eucalyptus.ha.vip_facts on {names(silent)} by hand and see what it says.")
    views = [one.name for one in evidence.views if one.error is not None]
    if views:
        advice.append(f"See why {names(views)} could not ask; node controllers there may have no gateway.")
    return Finding(
        "unknown",
        f"Cannot tell whether node controllers have the right gateway: {'; '.join(gaps)}. {_known(evidence)}",
        " ".join(advice),
    )


def _split(evidence: _verdict_evidence.Evidence) -> Finding | None:
    vip, holders = evidence.vip, evidence.holders
    crowded = [one for one in evidence.asked_views if one.answerers > 1]
    strangers = evidence.foreign
    if len(holders) < 2 and not crowded and not (holders and strangers):
        return None
    by_facts = [one.name for one in evidence.hosts if one.held]
    if len(holders) > 1:
        who = f"{names(holders)} {'both' if len(holders) == 2 else 'all'} hold {vip}"
        if strangers:
            who += f", and so does a machine with {_macs(strangers)}"
    elif holders and strangers:
        who = f"{holders[0]} holds {vip}, and so does another machine with {_macs(strangers)}"
    else:
        macs = list(dict.fromkeys(mac for one in crowded for mac in one.macs))
        who = f"Several machines answer for {vip}, {_macs(macs)}"
        if holders:
            who += f", one of them {holders[0]}"
    witness = [one.name for one in crowded]
    seen = f", as {names(witness)} can see" if witness else ""
    hidden = ""
    if len(by_facts) < 2 and witness and len(holders) > 1:
        hidden = " The hosts' own word does not show it."
    enabled = evidence.enabled
    too_many = f" {names(enabled)} are {'both' if len(enabled) == 2 else 'all'} ENABLED." if len(enabled) > 1 else ""
    advice = (
        f"See whether {names(holders)} hear each other's VRRP: tcpdump -ni INTERFACE proto 112 on each, firewall rules for "
        "protocol 112, the same virtual router ID, version and advert interval on both, unicast peers."
    )
    if len(holders) < 2 or strangers:
        advice = f"Find the machine behind {names(strangers or evidence.unnamed)} in the switches' tables and take {vip} off it."
    by_hand = [name for name in by_facts if evidence.host(name).keepalived_state not in (None, "MASTER")]
    if by_hand and not strangers:
        where = evidence.host(by_hand[0]).interface
        advice = (
            f"keepalived did not put {vip} on {names(by_hand)}: somebody else did. Remove it: ip address del {vip}/PREFIX dev {where}."
        )
    stopped = [name for name in holders if (host := evidence.find(name)) and host.keepalived_running is False]
    if stopped:
        advice = (
            f"keepalived does not run on {names(stopped)}, so nothing will take {vip} off {'it' if len(stopped) == 1 else 'them'}: "
            "start keepalived there, or remove "
            "the address by hand."
        )
    return Finding(
        "split",
        f"{who}{seen}: split brain. Node controllers send their traffic to one or the other by chance and lose connections."
        f"{hidden}{too_many}",
        advice,
    )


def _nobody(evidence: _verdict_evidence.Evidence) -> Finding | None:
    """Nobody is known to hold it."""
    vip = evidence.vip
    hosts = [one.name for one in evidence.hosts]
    if evidence.disputed:
        return None
    strangers = evidence.foreign or (evidence.unnamed if evidence.facts_complete else [])
    if strangers:
        return Finding(
            "wrong_holder",
            f"{vip} is held by none of the cluster controllers ({names(hosts)}); a machine with {_macs(strangers)} answers "
            "for it. Node controllers send their traffic to a stranger.",
            f"Find {names(strangers)} in the switches' tables and take {vip} off that machine.",
        )
    if evidence.unnamed:
        return None
    all_blind = bool(evidence.asked_views)  # with an answer there is a holder, or one of the cases above
    if not evidence.facts_complete and not all_blind:
        return None
    sentence = f"Nobody holds {vip}: node controllers have no default gateway, and so no outside network, time or names."
    if all_blind:
        sentence = (
            f"Nobody holds {vip}, and nobody answers {names(evidence.blind)} for it: node controllers have no default gateway, and "
            "so no outside network, time or names."
        )
    stopped = [one.name for one in evidence.hosts if one.keepalived_running is False]
    maintained = _in_maintenance(evidence)
    able = [one for one in evidence.hosts if one.name not in maintained]
    faulty = [one.name for one in evidence.hosts if one.keepalived_state == "FAULT"]
    if not able:
        sentence += f" {names(maintained)} {_is(maintained)} in maintenance, so nobody may take it."
        advice = f"Clear the maintenance of one of {names(maintained)}."
    elif stopped:
        sentence += f" keepalived does not run on {names(stopped)}."
        advice = f"Start keepalived on {names(stopped)} and read its log: journalctl -u keepalived."
    elif evidence.states_complete and not evidence.enabled:
        sentence += " No cluster controller is ENABLED; with cc_gateway_when_none_enabled: release nobody may hold it then."
        advice = (
            f"Have the cloud controller enable one of {names(hosts)} (euca-describe-services), or choose "
            "cc_gateway_when_none_enabled: hold."
        )
    elif faulty:
        advice = (
            f"keepalived is in state FAULT on {names(faulty)}: its interface is down or its check fails. Read "
            "journalctl -u keepalived there."
        )
    else:
        advice = (
            f"Read journalctl -u keepalived on {names(hosts)}: is {vip} configured in a VRRP instance, is its interface up, "
            "does another program remove the address?"
        )
    return Finding("absent", sentence, advice)


def _blind(evidence: _verdict_evidence.Evidence, holder: str) -> Finding | None:
    """Somebody holds it, but some who asked got no answer."""
    blind = evidence.blind
    if not blind:
        return None
    asked = [one.name for one in evidence.asked_views]
    sighted = [one for one in asked if one not in blind]
    others = f" ({names(sighted)} {'does' if len(sighted) == 1 else 'do'})" if sighted else ""
    return Finding(
        "absent",
        f"{holder} holds {evidence.vip}, but {names(blind)} {'does' if len(blind) == 1 else 'do'} not get an answer from it{others}: "
        f"for {names(blind)} there is no default gateway.",
        f"Check the network between {holder} and {names(blind)}: link, VLAN, bridge, arp_ignore or ARP filters on {holder}, and "
        "whether the address is on the interface that faces the node controllers.",
    )


def _two_enabled(evidence: _verdict_evidence.Evidence) -> Finding | None:
    enabled, holders = evidence.enabled, evidence.holders
    if len(enabled) < 2:
        return None
    held = f"{names(holders)} holds {evidence.vip}" if holders else f"who holds {evidence.vip} is not known"
    return Finding(
        "two_controllers_enabled",
        f"{names(enabled)} are {'both' if len(enabled) == 2 else 'all'} ENABLED; {held}. Node controllers have a gateway only by "
        "whoever holds the VIP, while two cluster controllers work on the same instances and networks.",
        "The cloud controller cannot reach one of them, or one restarted with its old state. Find the one that the cloud controller "
        "does not name ENABLED (euca-describe-services) and stop its cluster controller service; the VIP follows by itself.",
    )


def _none_enabled(evidence: _verdict_evidence.Evidence) -> Finding | None:
    if evidence.enabled or not evidence.states_complete:
        return None
    states = names([f"{one.name} {one.local_state}" for one in evidence.hosts])
    holders = evidence.holders
    if holders:
        held = f"{names(holders)} keeps {evidence.vip}, so node controllers still have a gateway"
    else:
        held = f"whether node controllers have a gateway is not known, since nobody said who holds {evidence.vip}"
    return Finding(
        "no_controller_enabled",
        f"No cluster controller is ENABLED ({states}); {held}, but the cluster takes no requests.",
        "Ask the cloud controller why (euca-describe-services) and look at the cluster controllers' logs (cc.log); if it "
        "has just begun, wait for the failover and ask again.",
    )


def _wrong(evidence: _verdict_evidence.Evidence, holder: str) -> Finding | None:
    """Exactly one holds it: is it one that should not?"""
    vip, enabled, maintained = evidence.vip, evidence.enabled, _in_maintenance(evidence)
    host = evidence.find(holder)
    if host is None:
        return Finding(
            "wrong_holder",
            f"{holder}, which is none of the cluster controllers, holds {vip}: node controllers send their traffic to it.",
            f"Take {vip} off {holder}.",
        )
    if holder in maintained:
        return Finding(
            "wrong_holder",
            f"{holder} holds {vip} although it is in maintenance: node controllers lose their gateway when work on it begins.",
            f"Do not touch {holder} yet. See whether keepalived runs on it and on the other cluster controllers, and set its "
            "maintenance again.",
        )
    if holder in enabled:
        return None
    if all(name in maintained for name in enabled):
        return None
    state = host.local_state or "in an unknown state"
    by_hand = host.keepalived_state not in (None, "MASTER") or host.configured is False
    advice = (
        f"Run the check on {names(enabled)} and {holder} as keepalived does (cc-enabled-check) and compare; then journalctl -u "
        "keepalived on both: the effective priority of the ENABLED one must be the higher."
    )
    if host.keepalived_running is False:
        advice = f"keepalived does not run on {holder}: start it, or remove {vip} there by hand. Nothing else will."
    elif by_hand:
        advice = (
            f"keepalived did not put {vip} on {holder}: somebody else did. Remove it: ip address del {vip}/PREFIX dev {host.interface}."
        )
    elif any(evidence.host(name).keepalived_running is False for name in enabled):
        advice = f"keepalived does not run on {names(enabled)}: start it there."
    return Finding(
        "wrong_holder",
        f"{holder} holds {vip} but is {state}; {names(enabled)} {_is(enabled)} ENABLED. Node controllers send their traffic through a "
        "cluster controller that does not carry the cluster's networks.",
        advice,
    )


def _maintained(evidence: _verdict_evidence.Evidence, holder: str) -> Finding | None:
    maintained = _in_maintenance(evidence)
    if not maintained:
        return None
    gaps = _gaps(evidence, leave_out=[])  # of those in maintenance: the others have none here
    away = f" ({'; '.join(gaps)})" if gaps else ""
    enabled = evidence.enabled
    state = "is ENABLED and" if holder in enabled else f"({evidence.host(holder).local_state or 'state unknown'})"
    note = ""
    if holder not in enabled:
        note = f" {names(enabled)} {_is(enabled)} still ENABLED, so instances' traffic and the gateway part ways."
    return Finding(
        "maintenance",
        f"{names(maintained)} {_is(maintained)} in maintenance{away}; {holder} {state} holds {evidence.vip}. Node controllers have their "
        f"gateway, but nothing takes over if {holder} fails.{note}",
        f"Nothing while the work lasts. Afterwards clear the maintenance of {names(maintained)}.",
    )


def _decide(evidence: _verdict_evidence.Evidence) -> Finding:
    holders, enabled = evidence.holders, evidence.enabled
    split = _split(evidence)
    if split:
        return split
    if not holders:
        return (
            _nobody(evidence) or _two_enabled(evidence) or _none_enabled(evidence) or _unknown(evidence, leave_out=[])
        )
    holder = holders[0]
    wrong = _blind(evidence, holder) or _two_enabled(evidence) or _wrong(evidence, holder) or _none_enabled(evidence)
    if wrong:
        return wrong
    maintained = _in_maintenance(evidence)
    # What a host in maintenance does not say is expected, as long as the one that has the gateway is known to be right.
    leave_out = maintained if enabled else []
    contradicted = evidence.disputed or evidence.elsewhere(holder) or len(evidence.unnamed) > 1
    if contradicted or not enabled or _gaps(evidence, leave_out):
        return _unknown(evidence, leave_out)
    under_work = _maintained(evidence, holder)
    if under_work:
        return under_work
    witness = [one.name for one in evidence.asked_views]
    seen = f", and {names(witness)} {'sees' if len(witness) == 1 else 'see'} it there" if witness else ""
    return Finding(
        "ok",
        f"{holder} is ENABLED and holds {evidence.vip}{seen}. Node controllers have their gateway.",
        "Nothing to do.",
    )


def _warnings(evidence: _verdict_evidence.Evidence, finding: Finding, certificate_warning_days: float) -> list[str]:
    """What does not change the verdict but should be known. What the verdict already says is not repeated."""
    warnings = []
    holders, vip = evidence.holders, evidence.vip
    if len(evidence.hosts) == 1:
        warnings.append(f"{evidence.hosts[0].name} is the only cluster controller known here: nothing can take over")
    for one in evidence.hosts:
        if one.keepalived_running is False and not one.maintenance:
            if one.name in holders:
                warnings.append(f"{one.name} holds {vip} although keepalived does not run there: nothing will move it")
            elif finding.verdict != "absent":
                warnings.append(f"keepalived does not run on {one.name}: it cannot take over")
        standby = one.local_state in (None, "ENABLED", "DISABLED") or one.maintenance
        if not standby and finding.verdict != "no_controller_enabled":
            warnings.append(f"the cluster controller on {one.name} is {one.local_state}: it cannot take over")
        if one.vip_state == "dadfailed":
            warnings.append(f"{one.name} has {vip} but does not use it: another machine had it first (dadfailed)")
        elif one.vip_state in ("tentative", "interface_down"):
            state = "still tentative" if one.vip_state == "tentative" else "on an interface that is down"
            warnings.append(f"{vip} on {one.name} is {state}: it does not answer for it")
        if one.configured is False:
            warnings.append(f"{vip} is in no VRRP instance of keepalived on {one.name}")
        elif one.held and one.keepalived_state not in (None, "MASTER"):
            warnings.append(f"{one.name} holds {vip} while keepalived's VRRP instance there is {one.keepalived_state}")
        days = one.certificate_days_left
        if days is not None and days < 0:
            warnings.append(f"the cloud's certificate on {one.name} expired {-days:.0f} days ago")
        elif days is not None and days < certificate_warning_days:
            warnings.append(f"the cloud's certificate on {one.name} expires in {days:.0f} days")
        if one.maintenance is None and one.reachable:
            warnings.append(f"{one.name} did not tell whether it is in maintenance")
        warnings.extend(f"{one.name}: {problem}" for problem in one.problems)
    warnings.extend(
        f"{one.name} cannot see who answers: {one.unsupported}" for one in evidence.views if one.unsupported is not None
    )
    if finding.verdict not in ("two_controllers_enabled", "split") and len(evidence.enabled) > 1:
        warnings.append(f"more than one cluster controller is ENABLED: {names(evidence.enabled)}")
    if finding.verdict not in ("unknown", "ok", "maintenance"):
        warnings.extend(_gaps(evidence, leave_out=[]))
    maintained = _in_maintenance(evidence)
    if maintained and finding.verdict not in ("maintenance", "unknown"):
        warnings.append(f"{names(maintained)} {_is(maintained)} in maintenance")
    elif maintained and finding.verdict == "unknown":
        warnings.append(f"{names(maintained)} {_is(maintained)} in maintenance, and not everything else is known")
    return warnings


def _rows(evidence: _verdict_evidence.Evidence) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for one in evidence.hosts:
        rows.append(
            {
                "kind": "controller",
                "name": one.name,
                "reachable": one.reachable,
                "local_state": one.local_state,
                "state_source": one.state_source,
                "state_message": one.state_message,
                "held": one.held,
                "interface": one.interface if one.held else None,
                "since": one.since if one.held else None,
                "seen_by": one.seen_by,
                "keepalived_running": one.keepalived_running,
                "keepalived_state": one.keepalived_state,
                "maintenance": one.maintenance,
                "certificate_days_left": one.certificate_days_left,
            }
        )
    for view in evidence.views:
        rows.append(
            {
                "kind": "view",
                "name": view.name,
                "asked": view.asked,
                "error": view.error or view.unsupported,
                "holders": view.holders,
                "macs": view.macs,
                "foreign_macs": view.foreign,
            }
        )
    return rows


def judge(cluster: Any, certificate_warning_days: float = CERTIFICATE_WARNING_DAYS) -> dict[str, Any]:
    """One cluster, as filter gateway_verdict takes it -> its verdict. Raises _verdict_evidence.EvidenceError."""
    evidence = _verdict_evidence.collect(cluster)
    finding = _decide(evidence)
    warnings = list(dict.fromkeys(_warnings(evidence, finding, certificate_warning_days)))
    severity = VERDICTS[finding.verdict]
    if severity == OK and warnings:
        severity = WARNING
    holders = evidence.holders
    return {
        "cluster": evidence.cluster,
        "vip": evidence.vip,
        "verdict": finding.verdict,
        "severity": severity,
        "severity_name": SEVERITY_NAMES[severity],
        "sentence": finding.sentence,
        "advice": finding.advice,
        "holder": holders[0] if len(holders) == 1 and not evidence.foreign else None,
        "holders": holders,
        "strangers": evidence.foreign,
        "enabled": evidence.enabled,
        "maintenance": _in_maintenance(evidence),
        "rows": _rows(evidence),
        "warnings": warnings,
    }
