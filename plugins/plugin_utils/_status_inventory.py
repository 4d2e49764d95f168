# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the status report queries on which host, and what the hosts returned, cluster by cluster. Private to the collection."""

from __future__ import annotations

import hashlib
import ipaddress
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.module_utils import _deployed_check
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import (
    _clusters,
    _gateway_programs,
    _role_options,
    _run_identity,
    _verdict,
    _vip,
)

ASK_FROM = ("host", "control_node")
FAIL_AT = tuple(name for name in _verdict.GRAVITY if name not in ("ok", "planned"))
OWN = "cc_gateway_status_"
FAILED = "it failed earlier in this run"

Hostvars = Mapping[str, Mapping[str, Any]]


def choice(option: str, value: Any, choices: tuple[str, ...]) -> list[str]:
    """A sentence if the value is not one of the choices."""
    if value in choices:
        return []
    return [f"{option} must be {', '.join(choices[:-1])} or {choices[-1]} (got {value!r})."]


def _given(variables: Mapping[str, Any], name: str, default: Any = "") -> Any:
    """A variable of a host; an empty text, as AWX sends it, counts as not set."""
    value = variables.get(name)
    return default if value is None or value == "" else value


def _first(hosts: Iterable[str], hostvars: Hostvars, name: str, default: Any = "") -> Any:
    """A variable of a cluster: of the first of its hosts that has it."""
    return next((value for host in hosts if (value := _given(hostvars[host], name)) != ""), default)


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
    return bool(group == name if group else _clusters.without_prefix(_given(variables, "nc_route_vip")) == vip)


def _nc_group_errors(option: str, wanted: list[str], groups: _clusters.Groups) -> list[str]:
    """A site need not have node controllers in its inventory; a group that it names must have hosts."""
    errors = []
    for group in wanted:
        try:
            if group not in (_clusters.NC_GROUP, _clusters.NO_GROUP):
                _clusters.node_controllers(group, groups, option)
        except _clusters.ClusterError as error:
            errors.append(str(error))
    return errors


def _candidates(name: str, cluster: Mapping[str, Any], hostvars: Hostvars) -> tuple[dict[str, str], list[str]]:
    """(the cluster controllers' addresses in the node controllers' network, what is wrong with them)"""
    if ipaddress.ip_address(cluster["vip"]).version == 6 or not cluster["nodes"]:
        return {}, []
    addresses, errors = {}, []
    for host in cluster["hosts"]:
        addresses[host] = _clusters.address_of(host, hostvars[host])
        try:
            ipaddress.IPv4Address(addresses[host])
        except ValueError:
            errors.append(
                f"cc_gateway_address must be the IPv4 address of {host} in the node controllers' network (got {addresses[host]!r}). "
                f"Set it for {host}: its name is not enough to recognise its answer."
            )
    return addresses, errors


def _preload_file(variables: Mapping[str, Any]) -> str:
    """The controller's iptables preload file, as the defaults of role cc_gateway have it."""
    root = str(_given(variables, "cc_gateway_eucalyptus_root", "")).rstrip("/")
    return str(_given(variables, "cc_gateway_preload_file", f"{root}/etc/eucalyptus/iptables-preload"))


def plan(groups: _clusters.Groups, hostvars: Hostvars, options: Mapping[str, Any]) -> dict[str, Any]:
    """Clusters, what is queried on each host, and what is wrong with the inventory and the options.

    :param options: cc_gateway_clusters, nc_route_group, fail_at, and variables, the names of all
    :returns: errors (sentences), fail_on (names of severities), clusters (list of name, vip, hosts, nodes, …), and hosts: arguments
      of module gateway_status_info by host
    """
    nc_groups = _clusters.names(options.get("nc_route_group")) or [_clusters.NC_GROUP]
    known = _role_options.option_names(_role_options.load_specs("cc_gateway_status"))
    errors = _role_options.unknown_options(options["variables"], known, OWN)
    errors += choice("cc_gateway_status_fail_at", options["fail_at"], FAIL_AT)
    errors += _nc_group_errors("nc_route_group", nc_groups, groups)
    clusters: list[dict[str, Any]] = []
    queries: dict[str, dict[str, Any]] = {}
    wanted = _clusters.names(options.get("cc_gateway_clusters")) or [_clusters.CC_GROUP]
    sources = {f"{_deployed_check.FILES}.py": hashlib.sha256(_gateway_programs.check_program().encode()).hexdigest()}
    for name in wanted:
        try:
            hosts = _clusters.controllers(name, groups)[name]
        except _clusters.ClusterError as error:
            errors.append(str(error))
            continue
        vip, wrong = _vip_of(name, hosts, hostvars)
        own = _clusters.names(_first(hosts, hostvars, "cc_gateway_nc_group"))
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
            queries[host] = {
                "vips": [vip],
                "controller": True,
                "query": ask_from == "host",
                "sources": sources,
                "keepalived_conf": str(_given(hostvars[host], "keepalived_config_file", "/etc/keepalived/keepalived.conf")),
                "preload_file": _preload_file(hostvars[host]),
                "address": _clusters.address_of(host, hostvars[host]),
            }
        for host in cluster["nodes"]:
            nc_route_vip = _clusters.without_prefix(_given(hostvars[host], "nc_route_vip", vip))
            queries[host] = {"vips": [nc_route_vip], **queries.get(host, {}), "probe": True, "candidates": candidates}
    fail_on = list(_verdict.GRAVITY[_verdict.GRAVITY.index(options["fail_at"]) :]) if options["fail_at"] in FAIL_AT else []
    return {"errors": errors, "fail_on": fail_on, "clusters": clusters, "hosts": queries}


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
        "lost_rules": inspected.get("lost_rules"),
        "firewalld": inspected.get("firewalld"),
        "connections": inspected.get("connections"),
        "lock": _lock(inspected.get("lock")),
    }


def _view(variables: Mapping[str, Any]) -> Any:
    """What a node controller saw."""
    inspected = _mapping(variables.get("__cc_gateway_status_host"))
    return inspected.get("vip_fact") or {"error": inspected.get("msg") or "the host returned nothing"}


def evidence(
    planned: Mapping[str, Any], hostvars: Hostvars, in_play: Iterable[str], targeted: Iterable[str]
) -> list[dict[str, Any]]:
    """The clusters as filter gateway_verdict takes them.

    :param planned: as returned by plan()
    :param in_play: the hosts that the play inspected; what other hosts have is from another run, or from none
    :param targeted: these, and those that have failed earlier in the same run of ansible-playbook
    """
    present, failed = set(in_play), set(targeted) - set(in_play)
    found = []
    for cluster in planned["clusters"]:
        nodes = cluster["nodes"]
        views = {host: _view(hostvars[host]) for host in nodes if host in present}
        views.update({host: {"error": FAILED} for host in nodes if host in failed})
        nowhere = f"none is in inventory group {', '.join(cluster['nc_groups'])}"
        found.append(
            {
                **{key: cluster[key] for key in ("name", "vip", "keepalived_unit", "certificate_warn_days")},
                "hosts": {
                    host: _host(hostvars[host], cluster["ask_from"])
                    if host in present
                    else {"asked": host in failed, "reachable": False, "error": FAILED if host in failed else None}
                    for host in cluster["hosts"]
                },
                "views": views,
                "not_asked": None if views else "all are outside --limit or nc_route_group" if nodes else nowhere,
            }
        )
    return found
