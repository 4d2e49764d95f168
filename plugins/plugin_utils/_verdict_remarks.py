# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is not known of a cluster's gateway and what needs attention, each with what to do about it. Private to the collection."""

from __future__ import annotations

import math
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._verdict_evidence import Evidence, Host
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._verdict_words import (
    DEPLOY,
    Remark,
    is_are,
    mac_addresses,
    names,
    plural,
)


def advice_of(remarks: list[Remark]) -> str:
    """What to do about all of them."""
    return " ".join(dict.fromkeys(one.advice for one in remarks))


def in_maintenance(evidence: Evidence) -> list[str]:
    """Names of the hosts in maintenance."""
    return [one.name for one in evidence.hosts if one.maintenance]


def log_of(evidence: Evidence) -> str:
    """The command that shows keepalived's log."""
    return f"journalctl -u {evidence.unit}"


def _on(hosts: list[Any], text: str, advice: str) -> list[Remark]:
    """One remark about all of these hosts or views, or none; HOSTS in the texts is their names."""
    where = names([one.name for one in hosts])
    return [Remark(text.replace("HOSTS", where), advice.replace("HOSTS", where))] if hosts else []


def state_remarks(hosts: list[Host]) -> list[Remark]:
    """Of reachable hosts whose cluster controller's state is not known."""
    remarks = []
    for one in hosts:
        if one.reachable and one.local_state is None:
            why = f": {one.state_message}" if one.state_message else ""
            service = "Check the cluster controller service on HOSTS: until it answers, it counts as not ENABLED."
            # Without a check there is nothing that could get an answer.
            advice = DEPLOY if one.deployed is False or one.check_installed is False else service
            remarks += _on([one], f"the state of the cluster controller on HOSTS is unknown{why}", advice)
    return remarks


def gaps(evidence: Evidence, leave_out: list[str], states: bool = True) -> list[Remark]:
    """What is not known."""
    hosts = [one for one in evidence.hosts if one.name not in leave_out]
    outside = [one for one in hosts if not one.asked]
    were = plural(outside, "was", "were")
    found = _on(outside, f"HOSTS {were} not queried (outside --limit)", "Run status without --limit, or with HOSTS in it.")
    unreachable = [one for one in hosts if one.asked and not one.reachable]
    for error in dict.fromkeys(one.error for one in unreachable):
        alike = [one for one in unreachable if one.error == error]
        found += _on(
            alike,
            f"HOSTS could not be reached{f' ({error})' if error else ''}",
            f"Check that HOSTS {is_are(alike)} up and that Ansible can log in; a host that cannot be reached may still hold the VIP.",
        )
    silent = [one for one in hosts if one.reachable and one.held is None]
    found += _on(
        silent,
        f"HOSTS did not report whether {plural(silent, 'it holds', 'they hold')} the VIP",
        "Run module eucalyptus.ha.vip_facts on HOSTS and see what it reports.",
    )
    if states:
        found += state_remarks(hosts)
    for view in evidence.views:
        if view.other_vip:
            found += _on(
                [view],
                f"HOSTS was queried about {view.other_vip} (its nc_route_vip), not about the cluster's VIP {evidence.vip}",
                "Make nc_route_vip of HOSTS and cc_gateway_vip equal in the inventory.",
            )
    failed = [one for one in evidence.views if one.error is not None and not one.other_vip]
    for error in dict.fromkeys(one.error for one in failed):
        found += _on(
            [one for one in failed if one.error == error],
            f"HOSTS could not query who answers for the VIP ({error})",
            "Fix that on HOSTS, or the connection to it: node controllers there may have no gateway.",
        )
    return found


def contradictions(evidence: Evidence) -> list[Remark]:
    """Where a view and the hosts' own facts do not agree."""
    disputed, vip = evidence.disputed, evidence.vip
    remarks = []
    again = "Run status again: the VIP may have moved in between. If it stays so,"
    if disputed:
        by = names([one.name for one in evidence.asked_views if set(one.holders) & set(disputed)])
        who = names(disputed)
        remarks.append(
            Remark(
                f"{by} got an answer for {vip} from {who}, but {who} {plural(disputed, 'reports', 'report')} that it is not there",
                f"{again} check for proxy ARP or a published ARP entry on {who}.",
            )
        )
    elsewhere = evidence.elsewhere(evidence.holders[0]) if evidence.holders else []
    if elsewhere:
        macs = mac_addresses(list(dict.fromkeys(mac for one in elsewhere for mac in one.unnamed)))
        remarks += _on(
            elsewhere,
            f"HOSTS got an answer for {vip} from {macs}, which is not that of {evidence.holders[0]}",
            f"{again} find that machine in the switches' tables.",
        )
    elif evidence.unnamed and (len(evidence.unnamed) > 1 or not evidence.holders):
        macs = mac_addresses(evidence.unnamed)
        answers = plural(evidence.unnamed, "answers for {} but belongs", "answer for {} but belong").format(vip)
        remarks.append(
            Remark(f"the {macs} {answers} to no known host", "Set cc_gateway_address for both cluster controllers and run status again.")
        )
    return remarks


def standby(evidence: Evidence) -> list[Remark]:
    """Why the VIP could not move from its holder to another host."""
    vip, log, holders = evidence.vip, log_of(evidence), evidence.holders
    remarks: list[Remark] = []
    if len(evidence.hosts) == 1:
        remarks = _on(
            evidence.hosts,
            f"HOSTS is the only cluster controller of {evidence.cluster} in the inventory",
            f"Put the other cluster controller into inventory group {evidence.cluster} and run eucalyptus.ha.gateway.",
        )
    working = [one for one in evidence.hosts if not one.maintenance]
    remarks += _on([one for one in working if one.deployed is False], "the gateway is not deployed on HOSTS", DEPLOY)
    working = [one for one in working if one.deployed is not False]
    remarks += _on(
        [one for one in working if one.keepalived_running is False],
        "keepalived is not running on HOSTS",
        f"Start keepalived on HOSTS and read its log: {log}.",
    )
    remarks += _on([one for one in working if one.check_installed is False], "the check is not installed on HOSTS", DEPLOY)
    remarks += _on(
        [one for one in working if one.configured is False], f"{vip} is in no VRRP instance of keepalived on HOSTS", DEPLOY
    )
    standbys = [one for one in working if one.name not in holders]
    for one in standbys:
        # With none ENABLED the states are in the verdict itself.
        if one.local_state not in (None, "ENABLED", "DISABLED") and evidence.enabled:
            remarks += _on(
                [one],
                f"the cluster controller on HOSTS is {one.local_state}",
                "Check why on the cloud controller (euca-describe-services) and in cc.log on HOSTS.",
            )
    remarks += state_remarks([one for one in standbys if one.check_installed is not False])
    remarks += _on(
        [one for one in standbys if one.keepalived_state == "FAULT" and not one.release],
        "keepalived is in state FAULT on HOSTS",
        f"Its interface is down or a script that it tracks fails: read {log} on HOSTS.",
    )
    remarks += _on(
        [one for one in standbys if one.keepalived_state == "MASTER" and one.held is False and holders],
        f"HOSTS does not receive the VRRP adverts of {names(holders)}: its keepalived is MASTER as well, without {vip}",
        f"Check VRRP between {names(holders)} and HOSTS (tcpdump -ni INTERFACE proto 112 on each, firewall rules for protocol 112), and "
        f"what removes {vip} on HOSTS.",
    )
    return remarks


def _certificates(evidence: Evidence, least: float, limit: float, text: str, advice: str) -> list[Remark]:
    """Certificates with so many days left; DAYS in the text is their number, without its sign."""
    left = {one.name: one.certificate_days_left for one in evidence.hosts}
    remarks: list[Remark] = []
    for days in dict.fromkeys(left.values()):
        if days is not None and least <= days < limit:
            number = f"{abs(days):.0f}"
            words = f"{number} day{'' if number == '1' else 's'}"
            remarks += _on([one for one in evidence.hosts if left[one.name] == days], text.replace("DAYS", words), advice)
    return remarks


def expired(evidence: Evidence) -> list[Remark]:
    """Certificates that have expired."""
    advice = "Renew it on the cloud controller and on both cluster controllers, then run eucalyptus.ha.gateway."
    return _certificates(evidence, -math.inf, 0, "the cloud's certificate on HOSTS expired DAYS ago", advice)


def others(evidence: Evidence) -> list[Remark]:
    """What does not change the verdict but needs attention."""
    vip = evidence.vip
    remarks: list[Remark] = []
    for one in evidence.hosts:
        if one.vip_state == "dadfailed":
            remarks += _on(
                [one],
                f"HOSTS has {vip} but does not use it: another machine had it first (dadfailed)",
                f"Find the other machine that uses {vip}.",
            )
        elif one.vip_state in ("tentative", "interface_down"):
            state = "still tentative" if one.vip_state == "tentative" else "on an interface that is down"
            remarks += _on(
                [one], f"{vip} on HOSTS is {state}: HOSTS does not answer for it", "Check the interface on HOSTS."
            )
        if one.configured is not False and one.name in evidence.enabled and one.held and one.keepalived_state not in (None, "MASTER"):
            remarks += _on(
                [one],
                f"HOSTS holds {vip} while keepalived's VRRP instance there is {one.keepalived_state}",
                f"Run status again. If it stays so, {vip} was added by hand: remove it on HOSTS, and read {log_of(evidence)}.",
            )
        if one.maintenance is None and one.reachable:
            remarks += _on([one], "HOSTS did not report whether it is in maintenance", "Check /etc/eucalyptus-ha on HOSTS.")
        if one.firewalld:
            remarks += _on(
                [one],
                "firewalld is running on HOSTS and rejects what node controllers send through it",
                "On HOSTS run: systemctl disable --now firewalld. Then run eucalyptus.ha.gateway.",
            )
        if one.lost_rules:
            are = plural(one.lost_rules, "is", "are")
            remarks += _on(
                [one],
                f"{len(one.lost_rules)} of the gateway's firewall rules {are} not in effect on HOSTS ({one.lost_rules[0]})",
                "Node controllers may not reach other networks through HOSTS. Run eucalyptus.ha.gateway, and find what removes the rules.",
            )
        remarks += [Remark(f"{one.name}: {problem}", f"Fix that on {one.name}.") for problem in one.problems]
    advice = "Renew it before then, on the cloud controller and on both cluster controllers."
    text = "the cloud's certificate on HOSTS expires in DAYS"
    return remarks + _certificates(evidence, 0, evidence.certificate_warn_days, text, advice)
