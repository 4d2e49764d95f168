# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""From evidence to a verdict, a sentence and what to do. Private to the collection.

The order of the tests is the meaning of the verdicts. What is certainly wrong comes first, even if something else is not
known, for nothing that is still unknown can make it right. What would be right comes last and only if everything is
known. So C(ok) is never given to a cluster about which something is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import (
    _connections_status,
    _verdict_evidence,
    _verdict_remarks,
)
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._verdict_evidence import Evidence
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._verdict_words import (
    DEPLOY,
    Remark,
    both,
    is_are,
    mac_addresses,
    names,
    plural,
)

# By gravity, the least first. A known fault is worse than not knowing; monitoring plugins order them so, too.
GRAVITY = ("ok", "planned", "warning", "unknown", "critical")
# As monitoring plugins count. Planned work is no alarm.
SEVERITIES = {"ok": 0, "planned": 0, "warning": 1, "critical": 2, "unknown": 3}

VERDICTS = {
    "ok": "ok",
    "maintenance": "planned",
    "run_in_progress": "planned",
    "no_standby": "warning",
    "certificate_expired": "warning",
    "absent": "critical",
    "split": "critical",
    "wrong_holder": "critical",
    "no_controller_enabled": "critical",
    "two_controllers_enabled": "critical",
    "not_deployed": "critical",
    "unknown": "unknown",
}


@dataclass
class Finding:
    """The verdict. A remark whose text the sentence has word for word is not repeated beside it."""

    verdict: str
    sentence: str
    advice: str


def _seen_there(evidence: Evidence) -> str:
    """', confirmed by nc1', or nothing."""
    witness = [one.name for one in evidence.asked_views]
    return f", confirmed by {names(witness)}" if witness else ""


def _holds(evidence: Evidence, holder: str) -> str:
    """What is right, as the beginning of a sentence."""
    return f"{holder} is ENABLED and holds {evidence.vip}{_seen_there(evidence)}"


def _nobody_asked(evidence: Evidence) -> str:
    """A sentence, or nothing. Only a node controller can report that it has its gateway."""
    if evidence.asked_views:
        return ""
    why = f" ({evidence.not_asked})" if evidence.not_asked else ""
    return f"No node controller was queried{why}."


# --- what is not known ---


def _known(evidence: Evidence) -> str:
    """What is known nevertheless, as a sentence."""
    holders, enabled, vip = evidence.holders, evidence.enabled, evidence.vip
    if holders and holders == enabled:
        return f"What is known: {holders[0]} is ENABLED and holds {vip}."
    held = f"What is known: {names(holders)} holds {vip}" if holders else f"No host is known to hold {vip}"
    state = f"{names(enabled)} {is_are(enabled)} ENABLED" if enabled else "no cluster controller is known to be ENABLED"
    return f"{held} and {state}."


def _unknown(evidence: Evidence, leave_out: list[str]) -> Finding:
    remarks = _verdict_remarks.gaps(evidence, leave_out) + _verdict_remarks.contradictions(evidence)
    return Finding(
        "unknown",
        f"Cannot determine whether node controllers have the right gateway: {'; '.join(one.text for one in remarks)}. {_known(evidence)}",
        _verdict_remarks.advice_of(remarks),
    )


# --- what is wrong ---


def _remove_by_hand(evidence: Evidence, where: list[str], hosts: str) -> str:
    return (
        f"keepalived did not put {evidence.vip} on {hosts}; it was added by hand or by another program. "
        f"Remove it: ip address del {evidence.vip}/PREFIX dev {evidence.host(where[0]).interface}."
    )


def _split(evidence: Evidence) -> Finding | None:
    vip, holders = evidence.vip, evidence.holders
    crowded = [one for one in evidence.asked_views if one.answerers > 1]
    foreign = evidence.foreign
    if len(holders) < 2 and not crowded and not (holders and foreign):
        return None
    by_facts = [one.name for one in evidence.hosts if one.held]
    if len(holders) > 1:
        who = f"{names(holders)} {both(holders)} hold {vip}"
        if foreign:
            who += f", and so does a machine with {mac_addresses(foreign)}"
    elif holders and foreign:
        who = f"{holders[0]} holds {vip}, and so does another machine with {mac_addresses(foreign)}"
    else:
        macs = list(dict.fromkeys(mac for one in crowded for mac in one.macs))
        who = f"Several machines answer for {vip} ({mac_addresses(macs)}{f'; one of them is {holders[0]}' if holders else ''})"
    witness = [one.name for one in crowded]
    seen = f", confirmed by {names(witness)}" if witness else ""
    hidden = ""
    if len(by_facts) < 2 and witness and len(holders) > 1:
        hidden = " The hosts themselves do not report it."
    enabled = evidence.enabled
    too_many = f" {names(enabled)} are {both(enabled)} ENABLED." if len(enabled) > 1 else ""
    advice = (
        f"Check that {names(holders)} receive each other's VRRP adverts: tcpdump -ni INTERFACE proto 112 on each, firewall rules for "
        "protocol 112, the same virtual router ID, version and advert interval on both, unicast peers."
    )
    if len(holders) < 2 or foreign:
        advice = f"Find the machine behind {names(foreign or evidence.unnamed)} in the switches' tables and remove {vip} from it."
    by_hand = [name for name in by_facts if evidence.host(name).keepalived_state not in (None, "MASTER")]
    if by_hand and not foreign:
        advice = _remove_by_hand(evidence, by_hand, names(by_hand))
    stopped = [name for name in holders if (host := evidence.find(name)) and host.keepalived_running is False]
    if stopped:
        advice = (
            f"keepalived is not running on {names(stopped)}, so nothing removes {vip} from {plural(stopped, 'it', 'them')}: "
            "start keepalived there, or remove the address by hand."
        )
    return Finding(
        "split",
        f"{who}{seen}: split brain. Node controllers send their traffic to one or the other by chance and lose connections."
        f"{hidden}{too_many}",
        advice,
    )


def _not_deployed(evidence: Evidence) -> Finding | None:
    hosts = [one.name for one in evidence.hosts]
    if any(one.deployed is not False for one in evidence.hosts):
        return None
    held = (
        f"{evidence.holders[0]} has {evidence.vip} nevertheless"
        if evidence.holders
        else f"nobody holds {evidence.vip}, and node controllers have no gateway through it"
    )
    return Finding("not_deployed", f"The gateway is not deployed on {names(hosts)}: {held}.", DEPLOY)


def _nobody(evidence: Evidence) -> Finding | None:
    """Nobody is known to hold it."""
    vip = evidence.vip
    hosts = [one.name for one in evidence.hosts]
    if evidence.disputed:
        return None
    foreign = evidence.foreign or (evidence.unnamed if evidence.facts_complete else [])
    if foreign:
        return Finding(
            "wrong_holder",
            f"No cluster controller ({names(hosts)}) holds {vip}; a machine with {mac_addresses(foreign)} answers for it. "
            "Node controllers send their traffic to an unknown machine.",
            f"Find {names(foreign)} in the switches' tables and remove {vip} from that machine.",
        )
    if evidence.unnamed:
        return None
    all_blind = bool(evidence.asked_views)  # with an answer there is a holder, or one of the cases above
    if not evidence.facts_complete and not all_blind:
        return None
    silence = f", and nobody answers {names(evidence.blind)} for it" if all_blind else ""
    sentence = f"Nobody holds {vip}{silence}. Node controllers have no default gateway: no external network, NTP or DNS."
    stopped = [one.name for one in evidence.hosts if one.keepalived_running is False]
    maintained = _verdict_remarks.in_maintenance(evidence)
    able = [one for one in evidence.hosts if one.name not in maintained]
    faulty = [one.name for one in evidence.hosts if one.keepalived_state == "FAULT"]
    unconfigured = [one.name for one in evidence.hosts if one.configured is False]
    if not able:
        sentence += f" {names(maintained)} {is_are(maintained)} in maintenance, so nobody may hold it."
        advice = f"End the maintenance of one of {names(maintained)} (eucalyptus.ha.maintenance)."
    elif len(unconfigured) == len(hosts):
        sentence += f" {vip} is in no VRRP instance of keepalived on {names(hosts)}."
        advice = DEPLOY
    elif stopped:
        sentence += f" keepalived is not running on {names(stopped)}."
        advice = f"Start keepalived on {names(stopped)} and read its log: {_verdict_remarks.log_of(evidence)}."
    elif evidence.states_complete and not evidence.enabled:
        sentence += " No cluster controller is ENABLED; with cc_gateway_when_none_enabled: release nobody may hold it then."
        advice = (
            f"Make the cloud controller enable one of {names(hosts)} (euca-describe-services), or choose "
            "cc_gateway_when_none_enabled: hold."
        )
    elif faulty:
        advice = (
            f"keepalived is in state FAULT on {names(faulty)}: its interface is down or its check fails. Read "
            f"{_verdict_remarks.log_of(evidence)} there."
        )
    else:
        advice = (
            f"Read {_verdict_remarks.log_of(evidence)} on {names(hosts)}: is {vip} configured in a VRRP instance, is its interface up, "
            "does another program remove the address?"
        )
    return Finding("absent", sentence, advice)


def _blind(evidence: Evidence, holder: str) -> Finding | None:
    """Somebody holds it, but some who queried got no answer."""
    blind = evidence.blind
    if not blind:
        return None
    queried = [one.name for one in evidence.asked_views]
    sighted = [one for one in queried if one not in blind]
    others = f" ({names(sighted)} {plural(sighted, 'does', 'do')})" if sighted else ""
    return Finding(
        "absent",
        f"{holder} holds {evidence.vip}, but {names(blind)} {plural(blind, 'does', 'do')} not get an answer from it{others}: "
        f"{names(blind)} {plural(blind, 'has', 'have')} no default gateway.",
        f"Check the network between {holder} and {names(blind)}: link, VLAN, bridge, arp_ignore or ARP filters on {holder}, and "
        "whether the address is on the interface that faces the node controllers.",
    )


def _two_enabled(evidence: Evidence) -> Finding | None:
    enabled, holders = evidence.enabled, evidence.holders
    if len(enabled) < 2:
        return None
    too_many = f"{names(enabled)} are {both(enabled)} ENABLED"
    gateway = (
        f"Node controllers still have a gateway through {names(holders)}, which holds {evidence.vip}, but"
        if holders
        else f"Who holds {evidence.vip}, and whether node controllers have a gateway, is not known, and"
    )
    number = "two" if len(enabled) == 2 else len(enabled)
    return Finding(
        "two_controllers_enabled",
        f"{too_many}. {gateway} {number} cluster controllers now manage the same instances and networks.",
        "The cloud controller cannot reach one of them, or one restarted with its old state. Find the one that the cloud controller "
        "does not list as ENABLED (euca-describe-services) and stop its cluster controller service; the VIP then follows.",
    )


def _none_enabled(evidence: Evidence) -> Finding | None:
    if evidence.enabled or not evidence.states_complete:
        return None
    states = names([f"{one.name} {one.local_state}" for one in evidence.hosts])
    holders = evidence.holders
    if holders:
        held = f"{names(holders)} keeps {evidence.vip}, so node controllers still have a gateway"
    else:
        held = f"whether node controllers have a gateway is not known, since no host reported who holds {evidence.vip}"
    return Finding(
        "no_controller_enabled",
        f"No cluster controller is ENABLED ({states}); {held}, but the cluster takes no requests.",
        "Check why on the cloud controller (euca-describe-services) and in the cluster controllers' logs (cc.log). If a failover "
        "has just begun, wait for it and run status again.",
    )


def _wrong(evidence: Evidence, holder: str) -> Finding | None:
    """Exactly one holds it: is it one that should not?"""
    vip, enabled, maintained = evidence.vip, evidence.enabled, _verdict_remarks.in_maintenance(evidence)
    host = evidence.find(holder)
    if host is None:
        return Finding(
            "wrong_holder",
            f"{holder}, which is not a cluster controller, holds {vip}: node controllers send their traffic to it.",
            f"Remove {vip} from {holder}.",
        )
    if holder in maintained:
        return Finding(
            "wrong_holder",
            f"{holder} holds {vip} although it is in maintenance: node controllers lose their gateway when work on it begins.",
            f"Do not touch {holder} yet. Check that keepalived is running on it and on the other cluster controllers, then set its "
            "maintenance again.",
        )
    if holder in enabled or all(name in maintained for name in enabled):
        return None
    state = host.local_state or "in an unknown state"
    by_hand = host.keepalived_state not in (None, "MASTER") or host.configured is False
    advice = (
        f"Run the check on {names(enabled)} and {holder} as keepalived does (cc-enabled-check) and compare; then read "
        f"{_verdict_remarks.log_of(evidence)} on both: the ENABLED one must have the higher effective priority."
    )
    if host.keepalived_running is False:
        advice = f"keepalived is not running on {holder}: start keepalived there or remove {vip} by hand; it will not go away on its own."
    elif by_hand:
        advice = _remove_by_hand(evidence, [holder], holder)
    elif any(evidence.host(name).keepalived_running is False for name in enabled):
        advice = f"keepalived is not running on {names(enabled)}: start it there."
    return Finding(
        "wrong_holder",
        f"{holder} holds {vip} but is {state}; {names(enabled)} {is_are(enabled)} ENABLED. Node controllers send their traffic through a "
        "cluster controller that does not carry the cluster's networks.",
        advice,
    )


# --- what works, but not as it should ---


def _works_but(evidence: Evidence, holder: str, verdict: str, remarks: list[Remark], but: str = "") -> Finding | None:
    if not remarks:
        return None
    sentence = f"{_holds(evidence, holder)}, but {but}{'; '.join(one.text for one in remarks)}. {_nobody_asked(evidence)}"
    return Finding(verdict, sentence.strip(), _verdict_remarks.advice_of(remarks))


def _maintained(evidence: Evidence, holder: str) -> Finding | None:
    maintained = _verdict_remarks.in_maintenance(evidence)
    if not maintained:
        return None
    gaps = _verdict_remarks.gaps(evidence, leave_out=[])  # of those in maintenance: the others have none here
    away = f" ({'; '.join(one.text for one in gaps)})" if gaps else ""
    enabled = evidence.enabled
    state = "is ENABLED and" if holder in enabled else f"({evidence.host(holder).local_state or 'state unknown'})"
    note = ""
    if holder not in enabled:
        still = f"{names(enabled)} {is_are(enabled)} still ENABLED"
        note = f" {still}, so instance traffic and node controller traffic take different controllers."
    gateway = _nobody_asked(evidence) or "Node controllers have their gateway."
    return Finding(
        "maintenance",
        f"{names(maintained)} {is_are(maintained)} in maintenance{away}. {holder} {state} holds {evidence.vip}; nothing takes over if "
        f"{holder} fails.{note} {gateway}",
        f"Nothing while the work lasts. Afterwards end the maintenance of {names(maintained)} (eucalyptus.ha.maintenance).",
    )


def _ok(evidence: Evidence, holder: str) -> Finding:
    # One fix at a time: the others are beside it.
    return _works_but(evidence, holder, "ok", _verdict_remarks.others(evidence)[:1]) or Finding(
        "ok",
        f"{_holds(evidence, holder)}. {_nobody_asked(evidence) or 'Node controllers have their gateway.'}",
        "Nothing to do.",
    )


def _decide(evidence: Evidence) -> Finding:
    holders, enabled = evidence.holders, evidence.enabled
    wrong = _split(evidence) or (_nobody(evidence) if evidence.foreign and not holders else None) or _not_deployed(evidence)
    if wrong:
        return wrong
    if not holders:
        return (
            _nobody(evidence) or _two_enabled(evidence) or _none_enabled(evidence) or _unknown(evidence, leave_out=[])
        )
    holder = holders[0]
    wrong = _blind(evidence, holder) or _two_enabled(evidence) or _wrong(evidence, holder) or _none_enabled(evidence)
    if wrong:
        return wrong
    # What a host in maintenance does not report is expected, as long as the one that has the gateway is known to be right.
    leave_out = _verdict_remarks.in_maintenance(evidence) if enabled else []
    contradicted = evidence.disputed or evidence.elsewhere(holder) or len(evidence.unnamed) > 1
    # A standby whose controller gives no answer cannot take over, and that is all: its host reports that it does not hold the VIP.
    if contradicted or not enabled or _verdict_remarks.gaps(evidence, leave_out, states=False):
        return _unknown(evidence, leave_out)
    return (
        _works_but(evidence, holder, "no_standby", _verdict_remarks.standby(evidence), "nothing could take over: ")
        or _works_but(evidence, holder, "certificate_expired", _verdict_remarks.expired(evidence))
        or _maintained(evidence, holder)
        or _ok(evidence, holder)
    )


def _in_progress(evidence: Evidence, found: Finding) -> Finding | None:
    """A run acts on the cluster: what is found may be half done, and is no alarm."""
    lock = evidence.lock
    if lock is None or lock.stale:
        return None
    return Finding(
        "run_in_progress",
        f"{lock.what} is in progress on {names(lock.hosts)}, started by {lock.who} at {lock.since}. "
        f"Found meanwhile: {found.sentence}",
        "Run status again when it has ended.",
    )


# --- all together ---


def _remarks(evidence: Evidence, finding: Finding) -> list[Remark]:
    """What needs attention beside the verdict, and what a verdict with C(but) is about."""
    if finding.verdict in ("run_in_progress", "not_deployed"):
        return []
    remarks = _verdict_remarks.standby(evidence) + _verdict_remarks.expired(evidence) + _verdict_remarks.others(evidence)
    remarks += _connections_status.remarks(evidence)
    enabled, maintained = evidence.enabled, _verdict_remarks.in_maintenance(evidence)
    if finding.verdict not in ("two_controllers_enabled", "split") and len(enabled) > 1:
        remarks.append(
            Remark(
                f"more than one cluster controller is ENABLED: {names(enabled)}",
                "Stop the one that the cloud controller does not list as ENABLED.",
            )
        )
    if VERDICTS[finding.verdict] == "critical":
        known = {one.text for one in remarks}
        remarks += [one for one in _verdict_remarks.gaps(evidence, leave_out=[]) if one.text not in known]
    if maintained and finding.verdict != "maintenance":
        remarks.append(
            Remark(
                f"{names(maintained)} {is_are(maintained)} in maintenance",
                "End the maintenance when the work is done (eucalyptus.ha.maintenance).",
            )
        )
    return list({one.text: one for one in remarks}.values())


def _notes(evidence: Evidence, finding: Finding) -> list[str]:
    """What is good to know and no reason for an alarm."""
    notes = []
    old = [one.name for one in evidence.hosts if one.check_current is False]
    if old:
        notes.append(
            f"The check on {names(old)} is not the one of this version of the collection. It was used as it is. "
            "Run eucalyptus.ha.gateway to update it."
        )
    notes.extend(
        f"{one.name} cannot query who answers: {one.unsupported}." for one in evidence.views if one.unsupported is not None
    )
    nobody = _nobody_asked(evidence)
    if nobody and not evidence.views and nobody not in finding.sentence:
        notes.append(nobody)
    lock = evidence.lock
    if lock is not None and lock.stale:
        notes.append(
            f"A lock of {lock.what} is left on {names(lock.hosts)}, by {lock.who} at {lock.since}; that run "
            "is not at work any more. The next run replaces the lock."
        )
    return notes


def _rows(evidence: Evidence) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for one in evidence.hosts:
        rows.append(
            {
                "kind": "controller",
                "name": one.name,
                "asked": one.asked,
                "reachable": one.reachable,
                "error": one.error,
                "deployed": one.deployed,
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
                **({"connections": one.connections} if one.connections else {}),
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


def judge(cluster: Any) -> dict[str, Any]:
    """One cluster, as filter gateway_verdict takes it -> its verdict. Raises _verdict_evidence.EvidenceError."""
    evidence = _verdict_evidence.collect(cluster)
    found = _decide(evidence)
    finding = _in_progress(evidence, found) or found
    remarks = _remarks(evidence, finding)
    known = f"{finding.sentence} {finding.advice}"
    gravity = VERDICTS[finding.verdict]
    if remarks and gravity in ("ok", "planned"):
        gravity = "warning"
    holders = evidence.holders
    return {
        "cluster": evidence.cluster,
        "vip": evidence.vip,
        "verdict": finding.verdict,
        "severity": SEVERITIES[gravity],
        "severity_name": gravity,
        "sentence": finding.sentence,
        "advice": finding.advice,
        "holder": holders[0] if len(holders) == 1 and not evidence.foreign else None,
        "holders": holders,
        "strangers": evidence.foreign,
        "enabled": evidence.enabled,
        "maintenance": _verdict_remarks.in_maintenance(evidence),
        "rows": _rows(evidence),
        "warnings": [{"text": one.text, "advice": one.advice} for one in remarks if one.text not in known],
        "notes": _notes(evidence, finding),
    }
