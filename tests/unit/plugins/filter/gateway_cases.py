# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters in all kinds of states, as input of gateway_verdict, for the tests of the filters."""

from __future__ import annotations

import itertools
from typing import Any

VIP = "10.0.0.10"
MACS = {"cc1": "52:54:00:00:00:01", "cc2": "52:54:00:00:00:02", "cc3": "52:54:00:00:00:03", "stranger": "52:54:00:00:00:99"}


def fact(held: bool | None = False, *, vip: str = VIP, keepalived: bool | None = True, state: str | None = None, **more: Any) -> dict:
    entry = {
        "vip": vip,
        "held": held,
        "state": more.pop("vip_state", "held" if held else "absent"),
        "interface": "eth1" if held else None,
        "since": "2026-11-22T14:40:05Z" if held else None,
        "configured": more.pop("configured", True),
        "instance": "eucalyptus",
    }
    return {
        "vips": [] if held is None else [entry],
        "keepalived": {
            "running": keepalived,
            "configuration": {"error": more.pop("configuration_error", None)},
            "instances": [{"name": "eucalyptus", "state": state}],
        },
        "maintenance": more.pop("maintenance", False),
        "problems": more.pop("problems", []),
        "probe": None,
        **more,
    }


def host(local_state: str | None = "DISABLED", held: bool | None = False, **more: Any) -> dict:
    own = ("reachable", "state_message", "certificate_days_left", "deployed", "check", "lock", "lost_rules", "firewalld", "connections")
    outer = {key: more.pop(key) for key in list(more) if key in own}
    return {"reachable": True, "local_state": local_state, "vip_fact": fact(held, **more), **outer}


def gone(local_state: str | None = None, **more: Any) -> dict:
    return {"reachable": False, "local_state": local_state, "vip_fact": None, **more}


def missing(**more: Any) -> dict:
    """A host on which nothing of the gateway is deployed."""
    message = "the check is not installed there (run eucalyptus.ha.gateway)"
    return host(None, keepalived=False, configured=False, deployed=False, state_message=message, **more)


def lock(what: str = "drill", *, stale: bool = False) -> dict:
    return {"what": what, "who": "ann at control", "since": 1795358405.3, "stale": stale, "run": "1"}


def saw(*names: str, foreign: tuple[str, ...] = ()) -> dict:
    return {"holders": list(names), "macs": [MACS[one] for one in names] + list(foreign), "foreign_macs": list(foreign), "error": None}


def unnamed(*macs: str) -> dict:
    return {"holders": [], "macs": list(macs), "error": None}


def cluster(cc1: dict, cc2: dict, name: str = "one", **views: dict) -> dict:
    return {"name": name, "vip": VIP, "hosts": {"cc1": cc1, "cc2": cc2}, "views": views}


ERROR = {"holders": [], "macs": [], "error": "ssh: no route to host"}
UNSUPPORTED = {"holders": [], "macs": [], "unsupported": "IPv6 VIPs are not probed"}

CURRENT = {"installed": True, "current": True, "when_none_enabled": "hold"}
OUTSIDE = {"asked": False, "reachable": False}

# name: (cluster, verdict, severity, words of the sentence, words of the advice)
SCENARIOS: dict[str, tuple[dict, str, str, list[str], list[str]]] = {
    "normal": (
        cluster(host("ENABLED", True), host(), nc1=saw("cc1")), "ok", "ok", ["cc1 is ENABLED and holds 10.0.0.10", "confirmed by nc1"],
        ["Nothing to do"]),
    "flipped": (cluster(host(), host("ENABLED", True), nc1=saw("cc2")), "ok", "ok", ["cc2 is ENABLED and holds"], []),
    "keepalived stopped on both": (
        cluster(host("ENABLED", keepalived=False), host(keepalived=False), nc1=saw()), "absent", "critical",
        ["Nobody holds 10.0.0.10", "nobody answers nc1", "keepalived is not running on cc1 and cc2"], ["Start keepalived on cc1 and cc2"]),
    "VRRP blocked": (
        cluster(host("ENABLED", True, state="MASTER"), host(held=True, state="MASTER"), nc1=saw("cc1", "cc2")), "split", "critical",
        ["cc1 and cc2 both hold 10.0.0.10", "confirmed by nc1", "split brain"], ["protocol 112"]),
    "split that only the node controller sees": (
        cluster(host("ENABLED", True), gone(), nc1=saw("cc1", "cc2")), "split", "critical",
        ["cc1 and cc2 both hold", "do not report it"], []),
    "split though both say otherwise": (
        cluster(host("ENABLED"), host(), nc1=saw("cc1", "cc2")), "split", "critical", ["cc1 and cc2 both hold"], []),
    "VIP by hand on the wrong host": (
        cluster(host("ENABLED", state="BACKUP"), host(held=True, state="BACKUP"), nc1=saw("cc2")), "wrong_holder", "critical",
        ["cc2 holds 10.0.0.10 but is DISABLED; cc1 is ENABLED"], ["ip address del 10.0.0.10", "dev eth1"]),
    "VIP by hand beside the right one": (
        cluster(host("ENABLED", True, state="MASTER"), host(held=True, state="BACKUP"), nc1=saw("cc1", "cc2")), "split", "critical",
        ["both hold"], ["keepalived did not put 10.0.0.10 on cc2", "ip address del 10.0.0.10"]),
    "left behind by a killed keepalived": (
        cluster(host("ENABLED", True), host(held=True, keepalived=False), nc1=saw("cc1", "cc2")), "split", "critical", ["both hold"],
        ["keepalived is not running on cc2"]),
    "wrong holder with keepalived dead there": (
        cluster(host("ENABLED"), host(held=True, keepalived=False)), "wrong_holder", "critical", [],
        ["start keepalived there or remove 10.0.0.10 by hand; it will not go away on its own"]),
    "wrong holder since keepalived is dead at the right one": (
        cluster(host("ENABLED", keepalived=False), host(held=True, state="MASTER")), "wrong_holder", "critical", [],
        ["keepalived is not running on cc1: start it"]),
    "both ENABLED": (
        cluster(host("ENABLED", True), host("ENABLED"), nc1=saw("cc1")), "two_controllers_enabled", "critical",
        ["cc1 and cc2 are both ENABLED", "through cc1, which holds 10.0.0.10"], ["stop its cluster controller service"]),
    "both ENABLED and split": (
        cluster(host("ENABLED", True), host("ENABLED", True)), "split", "critical", ["both hold", "cc1 and cc2 are both ENABLED"], []),
    "none ENABLED, hold": (
        cluster(host("DISABLED", True), host("NOTREADY"), nc1=saw("cc1")), "no_controller_enabled", "critical",
        ["No cluster controller is ENABLED (cc1 DISABLED and cc2 NOTREADY)", "cc1 keeps 10.0.0.10"], ["euca-describe-services"]),
    "none ENABLED, release": (
        cluster(host(), host(), nc1=saw()), "absent", "critical", ["Nobody holds", "No cluster controller is ENABLED"],
        ["cc_gateway_when_none_enabled: hold"]),
    "CC dead on the standby": (
        cluster(host("ENABLED", True), host(None, state_message="connection refused"), nc1=saw("cc1")), "no_standby", "warning",
        ["the state of the cluster controller on cc2 is unknown: connection refused", "cc1 is ENABLED and holds 10.0.0.10"],
        ["cluster controller service on cc2"]),
    "CC dead on the holder, not yet moved": (
        cluster(host(None, True), host("ENABLED"), nc1=saw("cc1")), "wrong_holder", "critical", ["cc1 holds", "in an unknown state"], []),
    "CC host unreachable": (
        cluster(host("ENABLED", True), gone(), nc1=saw("cc1")), "unknown", "unknown", ["cc2 could not be reached"],
        ["Check that cc2 is up"]),
    "holder unreachable, seen from outside": (
        cluster(gone("ENABLED"), host(), nc1=saw("cc1")), "unknown", "unknown",
        ["cc1 could not be reached", "cc1 is ENABLED and holds"], []),
    "unreachable host holds it, the other is ENABLED": (
        cluster(gone(), host("ENABLED"), nc1=saw("cc1")), "wrong_holder", "critical", ["cc1 holds", "cc2 is ENABLED"], []),
    "one unreachable and nobody answers": (
        cluster(gone(), host("ENABLED"), nc1=saw()), "absent", "critical", ["Nobody holds", "nobody answers nc1"], []),
    "one unreachable and nobody else to ask": (
        cluster(gone(), host("ENABLED")), "unknown", "unknown", ["cc1 could not be reached", "No host is known to hold 10.0.0.10"], []),
    "nobody reachable": (cluster(gone(), gone()), "unknown", "unknown", ["cc1 and cc2 could not be reached"], []),
    "a view could not be asked": (
        cluster(host("ENABLED", True), host(), nc1=ERROR, nc2=saw("cc1")), "unknown", "unknown",
        ["nc1 could not query who answers for the VIP (ssh: no route to host)"], ["nc1"]),
    "a view saw it somewhere else": (
        cluster(host("ENABLED", True), host(), nc1=saw("cc2")), "unknown", "unknown",
        ["nc1 got an answer for 10.0.0.10 from cc2", "cc2 reports that it is not there"], ["Run status again"]),
    "a view that sees nobody": (
        cluster(host("ENABLED", True), host(), nc1=saw(), nc2=saw("cc1")), "absent", "critical",
        ["cc1 holds 10.0.0.10, but nc1 does not get an answer", "(nc2 does)", "nc1 has no default gateway"], ["arp_ignore"]),
    "no view sees anybody": (
        cluster(host("ENABLED", True), host(), nc1=saw(), nc2=saw()), "absent", "critical", ["nc1 and nc2 do not get an answer"], []),
    "a stranger answers besides": (
        cluster(host("ENABLED", True), host(), nc1=saw("cc1", foreign=(MACS["stranger"],))), "split", "critical",
        ["cc1 holds 10.0.0.10, and so does another machine with MAC address 52:54:00:00:00:99"], ["switches' tables"]),
    "a stranger answers instead": (
        cluster(host("ENABLED"), host(), nc1=saw(foreign=(MACS["stranger"],))), "wrong_holder", "critical",
        ["No cluster controller (cc1 and cc2) holds 10.0.0.10", "52:54:00:00:00:99"], ["remove 10.0.0.10 from that machine"]),
    "a node controller has it itself": (
        cluster(host("ENABLED"), host(), nc1={"self": True, "holders": [], "macs": []}), "wrong_holder", "critical",
        ["nc1, which is not a cluster controller, holds"], ["Remove 10.0.0.10 from nc1"]),
    "answers without names": (
        cluster(host("ENABLED", True), host(), nc1=unnamed(MACS["cc1"])), "ok", "ok", ["cc1 is ENABLED and holds"], []),
    "two answers without names": (
        cluster(host("ENABLED", True), host(), nc1=unnamed(MACS["cc1"], MACS["cc2"])), "split", "critical",
        ["Several machines answer"], []),
    "two views without names differ": (
        cluster(host("ENABLED", True), host(), nc1=unnamed(MACS["cc1"]), nc2=unnamed(MACS["cc2"])), "unknown", "unknown",
        ["answer for 10.0.0.10 but belong to no known host"], ["Set cc_gateway_address"]),
    "maintenance of the standby": (
        cluster(host("ENABLED", True), host(maintenance=True)), "maintenance", "planned",
        ["cc2 is in maintenance", "cc1 is ENABLED and holds", "nothing takes over if cc1 fails"],
        ["end the maintenance of cc2 (eucalyptus.ha.maintenance)"]),
    "maintenance of the ENABLED one": (
        cluster(host("ENABLED", maintenance=True), host(held=True)), "maintenance", "planned",
        ["cc1 is in maintenance", "cc2 (DISABLED) holds", "cc1 is still ENABLED"], []),
    "maintenance, and the host is off": (
        cluster(host("ENABLED", True), gone(maintenance=True)), "maintenance", "planned",
        ["cc2 is in maintenance (cc2 could not be reached)"], []),
    "maintenance, and the other is unreachable": (
        cluster(host("DISABLED", maintenance=True), gone("ENABLED"), nc1=saw("cc2")), "unknown", "unknown",
        ["cc2 could not be reached"], []),
    "maintenance without effect": (
        cluster(host("ENABLED", True, maintenance=True), host()), "wrong_holder", "critical", ["although it is in maintenance"],
        ["Do not touch cc1"]),
    "maintenance everywhere": (
        cluster(host("ENABLED", maintenance=True), host(maintenance=True)), "absent", "critical", ["cc1 and cc2 are in maintenance"],
        ["End the maintenance"]),
    "FAULT on both": (
        cluster(host("ENABLED", state="FAULT"), host(state="FAULT")), "absent", "critical", [], ["state FAULT on cc1 and cc2"]),
    "certificate about to expire": (
        cluster(host("ENABLED", True, certificate_days_left=12), host()), "ok", "warning",
        ["cc1 is ENABLED and holds", "the cloud's certificate on cc1 expires in 12 days"], ["Renew it before then"]),
    "an IPv6 VIP that cannot be probed": (
        cluster(host("ENABLED", True), host(), nc1=UNSUPPORTED), "ok", "ok", ["cc1 is ENABLED and holds"], []),
    "O4: keepalived of the standby is not running": (
        cluster(host("ENABLED", True), host(keepalived=False), nc1=saw("cc1")), "no_standby", "warning",
        ["cc1 is ENABLED and holds 10.0.0.10", "nothing could take over: keepalived is not running on cc2"],
        ["Start keepalived on cc2 and read its log: journalctl -u keepalived."]),
    "O4: the controller of the standby is NOTREADY": (
        cluster(host("ENABLED", True), host("NOTREADY"), nc1=saw("cc1")), "no_standby", "warning",
        ["the cluster controller on cc2 is NOTREADY"], ["euca-describe-services", "cc.log on cc2"]),
    "O4: the standby does not receive VRRP": (
        cluster(host("ENABLED", True, state="MASTER"), host(state="MASTER"), nc1=saw("cc1")), "no_standby", "warning",
        ["cc2 does not receive the VRRP adverts of cc1"], ["protocol 112"]),
    "O4: FAULT on the standby": (
        cluster(host("ENABLED", True), host(state="FAULT", check=CURRENT), nc1=saw("cc1")), "no_standby", "warning",
        ["keepalived is in state FAULT on cc2"], ["interface is down"]),
    "FAULT on the standby, as it is with release": (
        cluster(host("ENABLED", True), host(state="FAULT", check={**CURRENT, "when_none_enabled": "release"}), nc1=saw("cc1")),
        "ok", "ok", ["cc1 is ENABLED and holds"], []),
    "O4: not deployed on the standby": (
        cluster(host("ENABLED", True), missing(), nc1=saw("cc1")), "no_standby", "warning",
        ["nothing could take over: the gateway is not deployed on cc2."], ["Run eucalyptus.ha.gateway."]),
    "O4: the check is not installed on the standby": (
        cluster(host("ENABLED", True), host(check={"installed": False}), nc1=saw("cc1")), "no_standby", "warning",
        ["the check is not installed on cc2"], ["Run eucalyptus.ha.gateway."]),
    "O4: the VIP is not configured on the standby": (
        cluster(host("ENABLED", True), host(configured=False), nc1=saw("cc1")), "no_standby", "warning",
        ["10.0.0.10 is in no VRRP instance of keepalived on cc2"], ["Run eucalyptus.ha.gateway."]),
    "O4: keepalived of the holder is not running": (
        cluster(host("ENABLED", True, keepalived=False), host(keepalived=False), nc1=saw("cc1")), "no_standby", "warning",
        ["keepalived is not running on cc1 and cc2"], ["Start keepalived on cc1 and cc2"]),
    "O4: the certificate has expired": (
        cluster(host("ENABLED", True, certificate_days_left=-3), host(certificate_days_left=-3), nc1=saw("cc1")), "certificate_expired",
        "warning", ["cc1 is ENABLED and holds", "the cloud's certificate on cc1 and cc2 expired 3 days ago"], ["Renew it"]),
    "O4: no standby, and the certificate has expired": (
        cluster(host("ENABLED", True, certificate_days_left=-1), host(keepalived=False)), "no_standby", "warning",
        ["keepalived is not running on cc2"], ["Start keepalived"]),
    "O7: before the first deployment": (
        cluster(missing(), missing(), nc1=saw()), "not_deployed", "critical",
        ["The gateway is not deployed on cc1 and cc2"], ["Run eucalyptus.ha.gateway."]),
    "O7: not deployed, and the VIP is there by hand": (
        cluster(host(None, True, deployed=False), missing(), nc1=saw("cc1")), "not_deployed", "critical",
        ["The gateway is not deployed on cc1 and cc2: cc1 has 10.0.0.10 nevertheless"], ["Run eucalyptus.ha.gateway."]),
    "O7: not deployed, and another machine has the VIP": (
        cluster(missing(), missing(), nc1=saw(foreign=(MACS["stranger"],))), "wrong_holder", "critical",
        ["52:54:00:00:00:99"], ["switches' tables"]),
    "O7: not deployed on one, and the other is gone": (
        cluster(missing(), gone()), "unknown", "unknown", ["cc2 could not be reached", "the check is not installed there"],
        ["Run eucalyptus.ha.gateway."]),
    "a VIP that is deployed nowhere": (
        cluster(host("ENABLED", configured=False, deployed=True), host(configured=False, deployed=True), nc1=saw()), "absent", "critical",
        ["10.0.0.10 is in no VRRP instance of keepalived on cc1 and cc2"], ["Run eucalyptus.ha.gateway."]),
    "O10: a node controller was asked about another address": (
        cluster(host("ENABLED", True), host(), nc1={"other_vip": "10.0.0.11"}), "unknown", "unknown",
        ["nc1 was queried about 10.0.0.11 (its nc_route_vip), not about the cluster's VIP 10.0.0.10"],
        ["Make nc_route_vip of nc1 and cc_gateway_vip equal in the inventory."]),
    "O16: a host outside --limit": (
        cluster(host("ENABLED", True), OUTSIDE, nc1=saw("cc1")), "unknown", "unknown", ["cc2 was not queried (outside --limit)"],
        ["Run status without --limit"]),
    "A3: a drill is in progress": (
        cluster(host("DISABLED", lock=lock()), host("ENABLED", lock=lock()), nc1=saw()), "run_in_progress", "planned",
        ["eucalyptus.ha.drill is in progress on cc1 and cc2, started by ann at control at 2026-11-22 14:40:05 UTC",
         "Nobody holds 10.0.0.10"],
        ["when it has ended"]),
    "A3: the lock of a drill that is not at work any more": (
        cluster(host("DISABLED", lock=lock(stale=True)), host("ENABLED"), nc1=saw()), "absent", "critical", ["Nobody holds"], []),
    "A7: no node controller was asked": (
        {**cluster(host("ENABLED", True), host()), "not_asked": "all are outside --limit"}, "ok", "ok",
        ["No node controller was queried (all are outside --limit)."], ["Nothing to do"]),
    "A12: a host is unreachable, with the reason": (
        cluster(host("ENABLED", True),
                gone(error="Failed to connect to the host via ssh: Warning: Permanently added '10.0.0.2' (ED25519) to the "
                "list of known hosts.\r\nssh: connect to host 10.0.0.2 port 22: No route to host\r\n"), nc1=saw("cc1")),
        "unknown", "unknown", ["cc2 could not be reached (ssh: connect to host 10.0.0.2 port 22: No route to host)"],
        ["Check that cc2 is up"]),
    "O18: keepalived's unit has another name": (
        {**cluster(host("ENABLED", True), host(keepalived=False), nc1=saw("cc1")), "keepalived_unit": "cc-vrrp"}, "no_standby", "warning",
        ["keepalived is not running on cc2"], ["journalctl -u cc-vrrp"]),
    "O17: the site wants to be warned earlier": (
        {**cluster(host("ENABLED", True, certificate_days_left=45), host(), nc1=saw("cc1")), "certificate_warn_days": 60}, "ok", "warning",
        ["the cloud's certificate on cc1 expires in 45 days"], ["Renew it before then"]),
    "O24: an older check is deployed": (
        cluster(host("ENABLED", True, check={**CURRENT, "current": False}), host(check=CURRENT), nc1=saw("cc1")), "ok", "ok",
        ["cc1 is ENABLED and holds"], ["Nothing to do"]),
}  # fmt: skip


def many(*hosts: dict, **views: dict) -> dict:
    """A cluster of any number of controllers."""
    return {"name": "one", "vip": VIP, "hosts": {f"cc{number}": one for number, one in enumerate(hosts, 1)}, "views": views}


def may_be(*macs: str, of: tuple[str, ...]) -> dict:
    return {"holders": [], "macs": list(macs), "unnamed_macs": list(macs), "unnamed_may_be": list(of), "error": None}


STRANGER = MACS["stranger"]
RIGHT = (host("ENABLED", True, state="MASTER"), host(state="BACKUP"))

# Further clusters, for the exact words.
FURTHER: dict[str, dict] = {
    "one controller": many(host("ENABLED", True)),
    "one controller, gone": many(gone()),
    "three, one of them silent": many(*RIGHT, host("DISABLED", None)),
    "three, two of them silent": many(host("ENABLED", True), host("DISABLED", None), host("DISABLED", None)),
    "three, two of them gone": many(host("ENABLED", True), gone(), gone()),
    "three, one gone and one silent": many(host("ENABLED", True), gone(), host(None, None)),
    "three, all of them hold it": many(host("ENABLED", True), host(held=True), host(held=True)),
    "three, all of them ENABLED": many(host("ENABLED", True), host("ENABLED"), host("ENABLED")),
    "three, all ENABLED and a split": many(host("ENABLED", True), host("ENABLED", True), host("ENABLED")),
    "three in maintenance but one": many(host("ENABLED", True), host(maintenance=True), host(maintenance=True)),
    "eight controllers, all gone": many(*[gone()] * 8),
    "seven controllers, all gone": many(*[gone()] * 7),
    "six controllers, all gone": many(*[gone()] * 6),
    "two views are blind": cluster(*RIGHT, nc1=saw(), nc2=saw(), nc3=saw("cc1"), nc4=saw("cc1")),
    "two views see it": cluster(*RIGHT, nc1=saw("cc1"), nc2=saw("cc1")),
    "two views could not be asked": cluster(*RIGHT, nc1=ERROR, nc2=ERROR, nc3=saw("cc1")),
    "all views could not be asked and nobody holds it": cluster(host("ENABLED"), host(), nc1=ERROR),
    "a view could not be asked, another is blind, and nobody holds it": cluster(gone(), host("ENABLED"), nc1=ERROR, nc2=saw()),
    "one view is blind and one has no word of it": cluster(gone(), host("ENABLED"), nc1=saw(), nc2=unnamed(MACS["cc1"])),
    "two views see the wrong one": cluster(*RIGHT, nc1=saw("cc2"), nc2=saw("cc2"), nc3=saw("cc1")),
    "views see two who both deny it": many(host("ENABLED", True), host(), host(), nc1=saw("cc2"), nc2=saw("cc3")),
    "views see one who denies it, and nobody holds it": cluster(host("ENABLED"), host(), nc1=saw("cc2")),
    "a nameless machine answers that cannot be the holder": cluster(*RIGHT, nc1=may_be("a", of=("cc2",)), nc2=may_be("b", of=())),
    "nameless machines answer, and nobody holds it": cluster(gone(), host("ENABLED"), nc1=unnamed("a"), nc2=unnamed("b")),
    "a nameless machine answers, and nobody holds it": cluster(gone(), host("ENABLED"), nc1=unnamed("a")),
    "a nameless machine answers, and all say they do not": cluster(host("ENABLED"), host(), nc1=unnamed("a")),
    "two nameless machines answer one question, and nobody holds it": cluster(host("ENABLED"), host(), nc1=unnamed("a", "b")),
    "a stranger and a split": cluster(
        host("ENABLED", True), host(held=True), nc1=saw("cc1", "cc2", foreign=(STRANGER,)), nc2=saw("cc1")),
    "a stranger and a split by hand": cluster(
        host("ENABLED", True, state="MASTER"), host(held=True, state="BACKUP"), nc1=saw("cc1", foreign=(STRANGER,))),
    "two strangers": cluster(*RIGHT, nc1=saw("cc1", foreign=(STRANGER,)), nc2=saw("cc1", foreign=("52:54:00:00:00:98",))),
    "two strangers and no holder": cluster(host("ENABLED"), host(), nc1=saw(foreign=(STRANGER, "52:54:00:00:00:98"))),
    "a stranger alone at one view": cluster(*RIGHT, nc1=saw("cc1"), nc2=saw(foreign=(STRANGER,))),
    "a split that one of two views sees": cluster(*RIGHT, nc1=saw("cc1", "cc2"), nc2=saw("cc1")),
    "a split that both views see": cluster(*RIGHT, nc1=saw("cc1", "cc2"), nc2=saw("cc1", "cc2")),
    "a split by hand on both": cluster(host("ENABLED", True, state="BACKUP"), host(held=True, state="FAULT")),
    "a split with keepalived dead on both": cluster(host("ENABLED", True, keepalived=False), host(held=True, keepalived=False)),
    "a split with keepalived dead where nobody holds it": many(host("ENABLED", True), host(held=True), host(keepalived=False)),
    "a split beside the node controller itself": cluster(*RIGHT, nc1={"self": True, "holders": ["cc1"], "macs": ["a"]}),
    "absent, and keepalived does not run on one": cluster(host("ENABLED", keepalived=False), host()),
    "absent, FAULT on one": cluster(host("ENABLED", state="FAULT"), host(state="BACKUP")),
    "absent for no reason": cluster(host("ENABLED", state="BACKUP"), host(state="BACKUP")),
    "absent, none ENABLED, FAULT on one": cluster(host("DISABLED", state="FAULT"), host("NOTREADY")),
    "absent, and a state is not known": cluster(host(None), host("DISABLED")),
    "absent, maintenance of one": cluster(host("ENABLED", state="BACKUP", maintenance=True), host(state="BACKUP")),
    "absent, maintenance of one and keepalived dead on the other": cluster(host(maintenance=True), host("ENABLED", keepalived=False)),
    "none ENABLED and one gone": cluster(host("DISABLED", True), gone("NOTREADY")),
    "none ENABLED and nobody said who holds it": cluster(host("DISABLED", None), host("NOTREADY", None)),
    "both ENABLED and nobody said who holds it": cluster(host("ENABLED", None), gone("ENABLED")),
    "both ENABLED, and the holder is neither": many(host("ENABLED"), host("ENABLED"), host("STOPPED", True)),
    "nobody said who is ENABLED": cluster(host(None, True), host(None)),
    "one did not say, and nobody is ENABLED": cluster(host(None, True), host("DISABLED")),
    "gone, and known to be ENABLED": cluster(gone("ENABLED"), host()),
    "wrong holder, not configured there": cluster(host("ENABLED", state="BACKUP"), host(held=True, configured=False)),
    "wrong holder, three of them": many(host("ENABLED"), host(held=True, state="MASTER"), host("STOPPED")),
    "wrong holder, all is as it should be otherwise": cluster(host("ENABLED", state="BACKUP"), host(held=True, state="MASTER")),
    "wrong holder, keepalived dead on both": cluster(host("ENABLED", keepalived=False), host(held=True, keepalived=False)),
    "maintenance, and the state of the holder is not known": cluster(host("ENABLED", maintenance=True), host(None, True)),
    "maintenance, gone, and another one is gone as well": many(host("ENABLED", True), gone(maintenance=True), gone()),
    "maintenance, silent, and another one is silent as well": many(
        host("ENABLED", True), host(None, None, maintenance=True), host(None, None)),
    "one is gone, and the holder's answer has no name": cluster(host("ENABLED", True), gone(), nc1=unnamed(MACS["cc1"])),
    "a maintenance, a state that is not known, and nobody is ENABLED": cluster(host("DISABLED", True), host(None, maintenance=True)),
    "one holds it by its word, another is seen": cluster(host("ENABLED", True), gone(), nc1=saw("cc2")),
    "absent, and both are ENABLED": cluster(host("ENABLED"), host("ENABLED")),
    "maintenance, silent": cluster(host("ENABLED", True), host(None, None, maintenance=True)),
    "maintenance of both, one holds it": cluster(host("ENABLED", True, maintenance=True), host(maintenance=True)),
    "maintenance of the standby, whose keepalived does not run": cluster(host("ENABLED", True), host(maintenance=True, keepalived=False)),
    "maintenance of the standby, which is NOTREADY": cluster(host("ENABLED", True), host("NOTREADY", maintenance=True)),
    "the standby is STOPPED": cluster(host("ENABLED", True), host("STOPPED")),
    "the standby has lost its keepalived": cluster(host("ENABLED", True), host(keepalived=False)),
    "the holder has lost its keepalived": cluster(host("ENABLED", True, keepalived=False), host()),
    "the holder's instance is BACKUP": cluster(host("ENABLED", True, state="BACKUP"), host()),
    "a lock left behind, and an older check": cluster(
        host("ENABLED", True, lock=lock("deploy", stale=True)), host(check={"current": False}), nc1=saw("cc1")),
    "a run of an unknown kind": cluster(host("ENABLED", True), host(lock={"what": "backup", "stale": False})),
    "two hosts unreachable for different reasons": cluster(gone(error="timed out"), gone(error="no route to host")),
    "two node controllers failed for different reasons": cluster(*RIGHT, nc1={"error": "a"}, nc2={"error": "b"},
                                                                 nc3={"other_vip": "10.0.0.11"}),
    "everything to warn of": cluster(
        host("ENABLED", True, vip_state="tentative", certificate_days_left=0, problems=["a", "b"]),
        host("NOTREADY", configured=False, vip_state="dadfailed", certificate_days_left=-1, maintenance=None), nc1=UNSUPPORTED),
}  # fmt: skip

HOSTS = [
    *(host(state, held, maintenance=maintenance)
      for state, held, maintenance in itertools.product(["ENABLED", "DISABLED", "NOTREADY", None], [True, False, None], [False, True])),
    *(gone(state, maintenance=maintenance) for state, maintenance in itertools.product(["ENABLED", "DISABLED", None], [False, True])),
]  # fmt: skip

VIEWS: list[dict | None] = [
    None, ERROR, UNSUPPORTED, saw(), saw("cc1"), saw("cc2"), saw("cc1", "cc2"), saw(foreign=(MACS["stranger"],)),
    saw("cc1", foreign=(MACS["stranger"],)), unnamed(MACS["cc1"]), unnamed(MACS["cc1"], MACS["cc2"]),
]  # fmt: skip
