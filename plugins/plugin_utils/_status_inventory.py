# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which host the status report asks about what, and what the hosts returned, cluster by cluster. Private to the collection."""

from __future__ import annotations

import difflib
import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.eucalyptus.ha.plugins.module_utils import _deployed_check
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _python_bundle, _run_identity, _verdict, _vip

CONTROLLERS = "eucalyptus_cc"
NODES = "eucalyptus_nc"
ASK_FROM = ("host", "control_node")
FAIL_AT = tuple(name for name in _verdict.GRAVITY if name not in ("ok", "planned"))
ROLES = Path(__file__).resolve().parents[2] / "roles"
CHECK_FILES = ROLES / "cc_gateway" / "files"
OWN = "cc_gateway_status_"

Groups = Mapping[str, Any]
Hostvars = Mapping[str, Mapping[str, Any]]


def names(value: Any) -> list[str]:
    """Names of groups, from a list or from a text with commas."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [name.strip() for one in values if one is not None for name in str(one).split(",") if name.strip()]


def choice(option: str, value: Any, choices: tuple[str, ...]) -> list[str]:
    """A sentence if the value is not one of the choices."""
    if value in choices:
        return []
    return [f"{option} must be {', '.join(choices[:-1])} or {choices[-1]} (got {value!r})."]


def _unknown_options(variables: Iterable[str]) -> list[str]:
    """A sentence for each variable that looks like an option of this role and is not one: Ansible would ignore it silently."""
    specs = yaml.safe_load((ROLES / "cc_gateway_status" / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    options = [name for name in specs["argument_specs"]["main"]["options"] if name.startswith(OWN)]
    sentences = []
    for name in sorted(set(variables) - set(options)):
        if name.startswith(OWN):
            close = difflib.get_close_matches(name, options, n=1)
            sentences.append(f"{name} is not an option of this role.{f' Did you mean {close[0]}?' if close else ''}")
    return sentences


def _absent(name: str, groups: Groups) -> str:
    """'is empty', 'does not exist; did you mean x', or nothing for a group with hosts."""
    if groups.get(name):
        return ""
    if name in groups:
        return "is empty"
    known = [group for group, hosts in groups.items() if hosts and group not in ("all", "ungrouped")]
    close = difflib.get_close_matches(name, known, n=1)
    return f"does not exist{f'; did you mean {close[0]}?' if close else ''}"


def _given(variables: Mapping[str, Any], name: str, default: Any = "") -> Any:
    """A variable of a host; an empty text, as AWX sends it, counts as not set."""
    value = variables.get(name)
    return default if value is None or value == "" else value


def _first(hosts: Iterable[str], hostvars: Hostvars, name: str, default: Any = "") -> Any:
    """A variable of a cluster: of the first of its hosts that has it."""
    return next((value for host in hosts if (value := _given(hostvars[host], name)) != ""), default)


def _address(host: str, hostvars: Hostvars) -> str:
    return str(_given(hostvars[host], "cc_gateway_address") or _given(hostvars[host], "ansible_host") or host)


def _vip_of(name: str, hosts: list[str], hostvars: Hostvars) -> tuple[str, list[str]]:
    """(the VIP in its canonical form, what is wrong with it)"""
    given = {host: str(value) for host in hosts if (value := _given(hostvars[host], "cc_gateway_vip")) != ""}
    if not given:
        return "", [f"cc_gateway_vip must be set for the hosts of {name}. Set it in the inventory, for that group."]
    vips = set()
    for host, text in given.items():
        try:
            vips.add(_vip.canonical(text))
        except ValueError:
            return "", [f"cc_gateway_vip must be an IP address (got {text!r} for {host})."]
    if len(vips) > 1:
        values = ", ".join(f"{text} for {host}" for host, text in given.items())
        return "", [f"cc_gateway_vip must be the same for all hosts of {name} (got {values})."]
    return vips.pop(), []


def _belongs(variables: Mapping[str, Any], name: str, vip: str) -> bool:
    """Whether a node controller of a group that several clusters share is of this one: by the group that it names, else by its VIP."""
    group = _given(variables, "cc_gateway_group")
    return bool(group == name if group else str(_given(variables, "nc_route_vip")).partition("/")[0] == vip)


def _nc_group_errors(option: str, wanted: list[str], groups: Groups) -> list[str]:
    """A site need not have node controllers in its inventory; a group that it names must have hosts."""
    return [
        f"{option} must be an inventory group of node controllers (got {group}, which {absent})."
        for group in wanted
        if group != NODES and (absent := _absent(group, groups))
    ]


def _candidates(name: str, cluster: Mapping[str, Any], hostvars: Hostvars) -> tuple[dict[str, str], list[str]]:
    """(the cluster controllers' addresses in the node controllers' network, what is wrong with them)"""
    if ipaddress.ip_address(cluster["vip"]).version == 6 or not cluster["nodes"]:
        return {}, []
    addresses, errors = {}, []
    for host in cluster["hosts"]:
        addresses[host] = _address(host, hostvars)
        try:
            ipaddress.IPv4Address(addresses[host])
        except ValueError:
            errors.append(
                f"cc_gateway_address must be the IPv4 address of {host} in the node controllers' network (got {addresses[host]!r}). "
                f"Set it for {host}: its name is not enough to recognise its answer."
            )
    return addresses, errors


def plan(groups: Groups, hostvars: Hostvars, options: Mapping[str, Any]) -> dict[str, Any]:
    """Clusters, what each host is asked, and what is wrong with the inventory and the options.

    :param options: cc_gateway_clusters, nc_route_group, fail_at, and variables, the names of all
    :returns: errors (sentences), fail_on (names of severities), clusters (list of name, vip, hosts, nodes, …), and hosts: arguments
      of module gateway_status_info by host
    """
    nc_groups = names(options.get("nc_route_group")) or [NODES]
    errors = _unknown_options(options["variables"]) + choice("cc_gateway_status_fail_at", options["fail_at"], FAIL_AT)
    errors += _nc_group_errors("nc_route_group", nc_groups, groups)
    clusters: list[dict[str, Any]] = []
    asked: dict[str, dict[str, Any]] = {}
    wanted = names(options.get("cc_gateway_clusters")) or [CONTROLLERS]
    # Hosts have the package as one file (filter _python_bundle).
    bundle = _python_bundle.python_bundle(str(CHECK_FILES / _deployed_check.FILES))
    sources = {f"{_deployed_check.FILES}.py": hashlib.sha256(bundle.encode()).hexdigest()}
    for name in wanted:
        absent = _absent(name, groups)
        if absent:
            errors.append(
                f"cc_gateway_clusters must name inventory groups of cluster controllers (got {name}, which {absent}). "
                "Put both cluster controllers into that group, or name yours with -e cc_gateway_clusters=GROUP."
            )
            continue
        hosts = list(groups[name])
        vip, wrong = _vip_of(name, hosts, hostvars)
        own = names(_first(hosts, hostvars, "cc_gateway_nc_group"))
        nodes = [host for group in own or nc_groups for host in groups.get(group) or []]
        errors += wrong + _nc_group_errors("cc_gateway_nc_group", own, groups)
        ask_from = _first(hosts, hostvars, "cc_gateway_ask_from", ASK_FROM[0])
        errors += choice("cc_gateway_ask_from", ask_from, ASK_FROM)
        days = _first(hosts, hostvars, "cc_gateway_certificate_warn_days", None)
        try:
            days = None if days is None else float(days)
        except (TypeError, ValueError):
            errors.append(f"cc_gateway_certificate_warn_days must be a number of days (got {days!r}).")
        if not vip:
            continue
        cluster = {
            "name": name,
            "vip": vip,
            "hosts": hosts,
            "nodes": [host for host in dict.fromkeys(nodes) if own or len(wanted) == 1 or _belongs(hostvars[host], name, vip)],
            "nc_groups": own or nc_groups,
            "ask_from": ask_from,
            "keepalived_unit": str(_first(hosts, hostvars, "keepalived_service_name", "keepalived")),
            "certificate_warn_days": days,
        }
        candidates, wrong = _candidates(name, cluster, hostvars)
        errors += wrong
        clusters.append(cluster)
        for host in hosts:
            asked[host] = {
                "vips": [vip],
                "controller": True,
                "query": ask_from == "host",
                "sources": sources,
                "keepalived_conf": str(_given(hostvars[host], "keepalived_config_file", "/etc/keepalived/keepalived.conf")),
                "address": _address(host, hostvars),
            }
        for host in cluster["nodes"]:
            own = str(_given(hostvars[host], "nc_route_vip", vip)).partition("/")[0]
            asked[host] = {"vips": [vip], **asked.get(host, {}), "probe": True, "candidates": candidates}
            if host not in hosts:
                asked[host]["vips"] = [own]
    fail_on = list(_verdict.GRAVITY[_verdict.GRAVITY.index(options["fail_at"]) :]) if options["fail_at"] in FAIL_AT else []
    return {"errors": errors, "fail_on": fail_on, "clusters": clusters, "hosts": asked}


# --- what the hosts returned ---


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _lock(found: Any) -> Any:
    """The lock on a host; stale if its run was one of this control node that is not there any more."""
    if isinstance(found, Mapping) and _run_identity.is_gone(str(found.get("run"))):
        return {**found, "stale": True}
    return found


def _host(variables: Mapping[str, Any], ask_from: str) -> dict[str, Any]:
    """One cluster controller's host, as filter gateway_verdict takes it."""
    inspected = _mapping(variables.get("__cc_gateway_status_host"))
    fact = inspected.get("vip_fact")
    answer = _mapping(inspected.get("answer"))
    state, message = answer.get("local_state"), answer.get("message")
    if ask_from == "control_node":
        queried = _mapping(variables.get("__cc_gateway_status_controller"))
        state, message = _mapping(queried.get("cluster")).get("local_state"), queried.get("msg")
    return {
        "asked": True,
        "reachable": fact is not None,
        "error": None if fact is not None else inspected.get("msg") or "the host returned nothing",
        "local_state": state,
        "state_source": ask_from,
        "state_message": message,
        "vip_fact": fact,
        "deployed": inspected.get("deployed"),
        "check": inspected.get("check"),
        "certificate_days_left": _mapping(inspected.get("certificate")).get("days_left"),
        "lock": _lock(inspected.get("lock")),
    }


def _view(variables: Mapping[str, Any]) -> Any:
    """What a node controller saw."""
    inspected = _mapping(variables.get("__cc_gateway_status_host"))
    return inspected.get("vip_fact") or {"error": inspected.get("msg") or "the host returned nothing"}


def evidence(planned: Mapping[str, Any], hostvars: Hostvars, in_play: Iterable[str]) -> list[dict[str, Any]]:
    """The clusters as filter gateway_verdict takes them.

    :param planned: as returned by plan()
    :param in_play: the hosts of the play that inspected them; what other hosts have is from another run, or from none
    """
    present = set(in_play)
    found = []
    for cluster in planned["clusters"]:
        nodes = cluster["nodes"]
        views = {host: _view(hostvars[host]) for host in nodes if host in present}
        groups = ", ".join(cluster["nc_groups"])
        found.append(
            {
                **{key: cluster[key] for key in ("name", "vip", "keepalived_unit", "certificate_warn_days")},
                "hosts": {
                    host: _host(hostvars[host], cluster["ask_from"]) if host in present else {"asked": False, "reachable": False}
                    for host in cluster["hosts"]
                },
                "views": views,
                "not_asked": None if views else "all are outside --limit" if nodes else f"none is in inventory group {groups}",
            }
        )
    return found
