# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that validates the settings of a gateway before anything is changed."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_config import NEWLY_WEIGHT
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _check_source, _gateway_findings

DOCUMENTATION = r"""
name: gateway_problems
short_description: Validate the settings of a gateway
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Validates the settings of role P(eucalyptus.ha.cc_gateway#role) for one host against what was found on that host.
  - Returns all problems at once, each with the option and the fix, so that one run shows everything there is to fix.
options:
  _input:
    description:
      - The settings, as role P(eucalyptus.ha.cc_gateway#role) derives them from its options, C(eucalyptus.conf) and the inventory.
      - Its key C(findings) is what module M(eucalyptus.ha.gateway_host_info) returned; without it only the settings are validated.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what is wrong with a VIP that is one of the hosts' addresses
  ansible.builtin.debug:
    msg: "{{ (settings | eucalyptus.ha.gateway_problems).errors }}"
  vars:
    settings:
      host: cc1
      group: eucalyptus_cc
      vip: 10.0.0.2
      interface: eth0
      interfaces: [lo, eth0]
      interface_addresses: [10.0.0.1/24]
      addresses: {cc1: 10.0.0.1, cc2: 10.0.0.2}
      peers: [10.0.0.2]
      vnet_mode: MANAGED-NOVLAN
      version: 3
      virtual_router_id: 45
      priority: 100
      weight: 100
      advert_interval: 0.1
      when_none_enabled: hold
      check_source: auto
      source: {source: state_file, evidence: the check reads the state file, level: ok}
      check_interval: 1
      check_timeout: 1.5
      check_grace: 5
      check_fall: 1
      check_rise: 1
      ask_from: host
"""

RETURN = r"""
_value:
  description: The problems found.
  type: dict
  contains:
    errors:
      description: What makes the role stop, a sentence each.
      type: list
      elements: str
    warnings:
      description: What is probably unintended, or needs attention later.
      type: list
      elements: str
    incompatible:
      description:
        - Why this host with the new configuration, and one that still has the old, could not receive each other's adverts. Both have to
          reload at once then. Empty when there is no such change, or there are errors.
      type: list
      elements: str
  sample:
    errors: ["cc_gateway_vip is not set: choose a free address in the node controllers' network"]
    warnings: []
    incompatible: []
"""

Interface = ipaddress.IPv4Interface | ipaddress.IPv6Interface
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

# VNET_MODE in which the cluster controller is the node controllers' router (cc-protocol: cluster/handlers.c).
_GATEWAY_MODES = ("MANAGED", "MANAGED-NOVLAN")
# The C code cuts vrrp->auth_data at 8 bytes (keepalived.conf(5), auth_pass).
_AUTH_PASS_LENGTH = 8
# VRRP ends at 254 for a host that does not own the address (RFC 5798, 5.2.4); a newly enabled controller must come out higher.
_HIGHEST = 253


def _address(text: Any) -> Interface | None:
    try:
        return ipaddress.ip_interface(str(text))
    except ValueError:
        return None


def _number(value: Any, low: float, high: float, kind: Callable[[Any], float] = int) -> float | None:
    if isinstance(value, bool):  # YAML's yes; Python would count it as 1
        return None
    try:
        number = kind(value)
        if number != float(value):
            return None
    except (TypeError, ValueError, OverflowError):  # the last for infinity
        return None
    return number if low <= number <= high else None


def _vip_errors(given: dict, interface_addresses: list[Interface]) -> list[str]:
    vip = given.get("vip")
    if not vip:
        return ["cc_gateway_vip is not set. Choose a free address in the node controllers' network."]
    address = _address(vip)
    if address is None:
        return [f"cc_gateway_vip must be an IPv4 address (got {vip})."]
    errors = []
    if address.version == 6:
        errors.append(f"cc_gateway_vip must be IPv4 (got {vip}). Put an IPv6 VIP into cc_gateway_further (docs/inventory.md).")
    else:
        errors += _network_errors(given, vip, address, interface_addresses)
    hosts = {**(given.get("other_hosts") or {}), **(given.get("addresses") or {})}
    used_by = [name for name, other in hosts.items() if (found := _address(other)) and found.ip == address.ip]
    if used_by:
        errors.append(
            f"cc_gateway_vip: {vip} is the address of {', '.join(sorted(used_by))}. Choose a free address: the VIP must belong to no host."
        )
    if any(_in_public(address.ip, entry) for entry in str(given.get("publicips") or "").split()):
        errors.append(
            f"cc_gateway_vip: {vip} is among VNET_PUBLICIPS of eucalyptus.conf, which the cluster controller gives to instances. "
            f"Choose another address."
        )
    return errors


def _network_errors(given: dict, vip: str, address: Interface, interface_addresses: list[Interface]) -> list[str]:
    """Whether node controllers could have the VIP as their next hop. /32s are other VIPs, and networks of nobody."""
    networks = [net.network for net in interface_addresses if net.version == 4 and net.network.prefixlen < 31]
    home = [network for network in networks if address.ip in network]
    if home and address.ip in (home[0].network_address, home[0].broadcast_address):
        return [
            f"cc_gateway_vip: {vip} is the network or broadcast address of {home[0]}. Choose a free host address."
        ]
    if not home and interface_addresses and not given.get("allow_foreign_subnet"):
        return [
            f"cc_gateway_vip: {vip} is not in the network of {given.get('interface')} ({', '.join(map(str, networks))}), so "
            "node controllers could not reach it. Choose an address in that network, or correct cc_gateway_interface. If the node "
            "controllers have a route "
            "of their own to it, set cc_gateway_preflight.allow_foreign_subnet to true."
        ]
    return []


def _in_public(address: Address, entry: str) -> bool:
    first, _dash, last = entry.partition("-")
    low, high = _address(first), _address(last or first)
    same = low and high and low.version == high.version == address.version
    return bool(low and high and same and int(low.ip) <= int(address) <= int(high.ip))


def _interface_errors(given: dict, interface_addresses: list[Interface]) -> list[str]:
    interface = given.get("interface")
    known = given.get("interfaces") or []
    if interface not in known:
        return [
            f"cc_gateway_interface must be an interface of this host (got {interface}; there are: {', '.join(sorted(known))}). "
            "Its default is VNET_PRIVINTERFACE of eucalyptus.conf."
        ]
    if not interface_addresses:
        return [f"cc_gateway_interface must have an IPv4 address, which VRRP needs (got {interface}, which has none)."]
    return []


def _peer_errors(given: dict, interface_addresses: list[Interface]) -> list[str]:
    host, errors = given["host"], []
    addresses = dict(given.get("addresses") or {})
    own = addresses.pop(host, None)
    for name, value in sorted({host: own, **addresses}.items()):
        if _address(value) is None:
            errors.append(
                f"cc_gateway_address of {name} must be an IP address (got {value!r}). Set cc_gateway_address for {name} in the inventory "
                "to its address in the node controllers' network (ansible_host is used when it is an address)."
            )
    own_address = _address(own)
    if own_address and interface_addresses and own_address.ip not in [net.ip for net in interface_addresses]:
        errors.append(
            f"cc_gateway_address of {host} must be an address of {given.get('interface')} "
            f"({', '.join(str(net.ip) for net in interface_addresses)}; got {own}). "
            "Set cc_gateway_address for every cluster controller in the inventory."
        )
    peers = given.get("peers") or []
    if isinstance(peers, str):
        return [*errors, f"cc_gateway_peers must be a list (got a string). Write: cc_gateway_peers: [{peers}]"]
    if not peers:
        errors.append(
            f"the group {given.get('group')} has no second host and cc_gateway_peers is empty, so keepalived would fall back to multicast. "
            "Put both cluster controllers into the group (one may be down), or set cc_gateway_peers to the other's address."
        )
    elif given.get("peers_only") and len(peers) != 1:
        errors.append(
            f"cc_gateway_vrrp.peers_only works with exactly one peer, but there are {len(peers)} "
            f"({', '.join(map(str, peers))}); set it to false and add firewall rules yourself."
        )
    errors += [
        f"cc_gateway_peers must contain IP addresses (got {peer!r})."
        for peer in peers
        if _address(peer) is None and peer not in addresses.values()
    ]
    if own_address and any((found := _address(peer)) and found.ip == own_address.ip for peer in peers):
        errors.append(f"cc_gateway_peers must not contain this host itself ({own}). Set it to the other cluster controller's address.")
    return errors


def _vrrp_errors(given: dict) -> list[str]:
    errors = []
    version = _number(given.get("version"), 2, 3)
    if version is None:
        errors.append(f"cc_gateway_vrrp.version must be 2 or 3 (got {given.get('version')!r}).")
    if _number(given.get("virtual_router_id"), 1, 255) is None:
        errors.append(f"cc_gateway_virtual_router_id must be a number from 1 to 255 (got {given.get('virtual_router_id')!r}).")
    priority = _number(given.get("priority"), 1, _HIGHEST)
    weight = _number(given.get("weight"), 1, _HIGHEST)
    if priority is None:
        errors.append(f"cc_gateway_priority must be a number from 1 to {_HIGHEST} (got {given.get('priority')!r})")
    if weight is None:
        errors.append(
            f"cc_gateway_vrrp.weight must be a number from 1 to {_HIGHEST}, so that the ENABLED host comes out higher (got "
            f"{given.get('weight')!r}). "
            "For no VIP unless ENABLED, set cc_gateway_when_none_enabled to release."
        )
    if priority and weight and given.get("when_none_enabled") == "hold" and priority + weight > _HIGHEST:
        errors.append(
            f"cc_gateway_priority ({priority}) + cc_gateway_vrrp.weight ({weight}) = {priority + weight}; it must be at most {_HIGHEST}, "
            f"so that a newly "
            "enabled controller still comes out higher. Lower one of them."
        )
    advert = _number(given.get("advert_interval"), 0.01, 255, float)
    if advert is None:
        errors.append(
            f"cc_gateway_vrrp.advert_interval must be a number of seconds from 0.01 to 255 (got {given.get('advert_interval')!r})."
        )
    elif version == 3 and advert > 40.95:
        errors.append(f"with VRRP version 3 cc_gateway_vrrp.advert_interval must be at most 40.95 seconds (got {advert:g}).")
    elif version == 2 and (advert < 1 or advert != int(advert)):
        errors.append(f"with VRRP version 2 cc_gateway_vrrp.advert_interval must be a whole number of seconds (got {advert:g}).")
    password = str(given.get("auth_pass") or "")
    if version == 3 and password:
        errors.append(
            "cc_gateway_auth_pass must be empty with VRRP version 3, which has no authentication. Leave it empty, or set "
            "cc_gateway_vrrp.version to 2."
        )
    if version == 2 and not password:
        errors.append(
            "cc_gateway_auth_pass is not set. VRRP version 2 needs it: 1 to 8 characters, the same on both hosts."
        )
    if len(password.encode()) > _AUTH_PASS_LENGTH:
        errors.append(
            f"cc_gateway_auth_pass must have at most {_AUTH_PASS_LENGTH} characters: keepalived would cut it silently."
        )
    return errors


def _check_errors(given: dict) -> list[str]:
    errors = []
    for name, allowed in (
        ("when_none_enabled", ("hold", "release")),
        ("check_source", _check_source.SOURCES),
        ("ask_from", ("host", "control_node")),
    ):
        if given.get(name) not in allowed:
            errors.append(f"cc_gateway_{name} must be {', '.join(allowed[:-1])} or {allowed[-1]} (got {given.get(name)!r})")
    least = _check_source.SOAP_INTERVAL if _gateway_findings.uses_soap(given) else 1
    if _number(given.get("check_interval"), least, 3600) is None:
        why = f" with SOAP ({_check_source.COST})" if _gateway_findings.uses_soap(given) else " (the minimum keepalived accepts)"
        errors.append(
            f"cc_gateway_check.interval must be a whole number of seconds from {least}{why} to 3600 (got {given.get('check_interval')!r})"
        )
    if _number(given.get("check_timeout"), 0.1, 60, float) is None:
        errors.append(f"cc_gateway_check.timeout must be a number of seconds from 0.1 to 60 (got {given.get('check_timeout')!r})")
    if _number(given.get("check_grace"), 0, 3600, float) is None:
        errors.append(f"cc_gateway_check.grace must be a number of seconds from 0 to 3600 (got {given.get('check_grace')!r}).")
    for name in ("fall", "rise"):
        value = given.get(f"check_{name}")
        if _number(value, 1, 1000) is None:
            errors.append(f"cc_gateway_check.{name} must be a number from 1 to 1000 (got {value!r}).")
    if bool(given.get("client_key_content")) != bool(given.get("client_cert_content")):
        errors.append("cc_gateway_client_key_content and cc_gateway_client_cert_content must both be set, or neither (only one is set).")
    if given.get("ask_from") == "control_node":
        errors += [
            f"cc_gateway_{name} is not set. With cc_gateway_ask_from=control_node the control node needs the path of its copy."
            for name in ("control_key", "control_cert", "control_cc_cert")
            if not given.get(name)
        ]
    return errors


def _pair_errors(given: dict) -> list[str]:
    """Settings of the pair that its hosts must have in common, as the inventory gives them to each."""
    errors = []
    for name, values in sorted((given.get("pair") or {}).items()):
        if len(set(map(str, values.values()))) > 1:
            # A password is compared, and not shown.
            shown = (
                ""
                if name == "auth_pass"
                else " (" + ", ".join(f"{host}: {value or 'not set'}" for host, value in sorted(values.items())) + ")"
            )
            errors.append(
                f"cc_gateway_{name} must be the same on all hosts of the group {given.get('group')}{shown}. "
                "Set it for the group, not for a host."
            )
    return errors


def _preferred_errors(given: dict) -> list[str]:
    """A preferred host must still lose against an ENABLED one, or the VIP would not follow the controller."""
    preferred = given.get("preferred_host")
    if not preferred:
        return []
    errors = []
    if preferred not in (given.get("addresses") or {}):
        errors.append(
            f"cc_gateway_vrrp.preferred_host must be a host of the group {given.get('group')}, by its inventory name (got {preferred})."
        )
    hold = given.get("when_none_enabled") == "hold"
    weight, priority = _number(given.get("weight"), 1, _HIGHEST) if hold else 0, _number(given.get("priority"), 1, _HIGHEST)
    most = NEWLY_WEIGHT - 1
    spread = _number(given.get("preferred_spread"), 1, most)
    if spread is None:
        errors.append(
            f"cc_gateway_vrrp.preferred_spread must be a number from 1 to {most}, so that a newly enabled controller comes out higher "
            f"(got {given.get('preferred_spread')!r})"
        )
    elif weight and spread >= weight:
        errors.append(
            f"cc_gateway_vrrp.preferred_spread must be less than cc_gateway_vrrp.weight ({weight}), or the preferred host would hold the "
            f"VIP although the other is ENABLED (got {spread})"
        )
    elif priority and priority + spread + (weight or 0) > _HIGHEST:
        errors.append(
            f"cc_gateway_priority ({priority}) + cc_gateway_vrrp.preferred_spread ({spread}) + cc_gateway_vrrp.weight ({weight or 0}) = "
            f"{priority + spread + (weight or 0)}; it must be at most {_HIGHEST}, so that a newly enabled controller still comes out "
            f"higher. "
            "Lower one of them."
        )
    return errors


def _instance_errors(given: dict) -> list[str]:
    """Two gateways of one name: filter gateway_config fails then, in a task whose message no_log may hide."""
    names = [gateway["instance"] for gateway in given.get("gateways") or []]
    return [
        f"cc_gateway_further: instance must be different for each gateway, and from cc_gateway_vrrp.instance (got {name} "
        f"{names.count(name)} times)."
        for name in sorted(set(names))
        if names.count(name) > 1
    ]


# Numbers whose limits depend on nothing else: option, least, most, whether it is a whole number.
_LIMITS = (
    ("certificate_warn_days", 0, 36500, False),
    ("preflight.listen_time", 0, 60, False),
    ("controller.port", 1, 65535, True),
    # SCHED_RR's, and 0 for none.
    ("vrrp.rt_priority", 0, 99, True),
    ("vrrp.garp_master_delay", 0, 3600, True),
    ("vrrp.garp_master_refresh", 0, 86400, True),
    ("settle_timeout", 1, 3600, False),
    ("ask_timeout", 1, 3600, True),
)


def _limit_errors(given: dict) -> list[str]:
    errors = []
    for option, low, high, whole in _LIMITS:
        value = given.get(option.rpartition(".")[2])
        if value is not None and _number(value, low, high, int if whole else float) is None:
            errors.append(f"cc_gateway_{option} must be a {'whole ' if whole else ''}number from {low} to {high} (got {value!r}).")
    return errors


def _firewalld_errors(given: dict) -> list[str]:
    """firewalld's own chains reject what our rules in FORWARD accept: nftables evaluates both (tried with firewalld 1.3)."""
    if not given.get("firewalld") or not given.get("masquerade"):
        return []
    return [
        "firewalld is running on this host and would reject the node controllers' forwarded traffic; it also conflicts with the "
        "cluster controller, "
        "which manages iptables itself. Run: systemctl disable --now firewalld. Or set cc_gateway_masquerade to false and forward and "
        "masquerade the "
        "node controllers' network in firewalld yourself (docs/firewalls.md)."
    ]


def _are(names: list[str]) -> str:
    return "are" if len(names) > 1 else "is"


def _missing_hosts(given: dict) -> tuple[str | None, str | None]:
    """(error or None, warning or None) about hosts of the pair that this run does not reach."""
    missing = sorted(given.get("not_in_run") or [])
    if not missing:
        return None, None
    who = " and ".join(missing)
    if given.get("require_both"):
        return (
            f"{who} {_are(missing)} not part of this run (outside --limit, unreachable or failed), and cc_gateway_preflight.require_both "
            "is set. Fix that, or set it to false.",
            None,
        )
    return None, (
        f"{who} {_are(missing)} not part of this run (outside --limit, unreachable or failed): the VIP can fail over to "
        f"{'them' if len(missing) > 1 else 'it'} only if the gateway is deployed there."
    )


def _mode_warnings(given: dict) -> list[str]:
    mode = given.get("vnet_mode")
    if not mode:
        return ["eucalyptus.conf was not found or has no VNET_MODE. Check cc_gateway_eucalyptus_root."]
    if mode not in _GATEWAY_MODES:
        return [
            f"VNET_MODE is {mode}: outside {' and '.join(_GATEWAY_MODES)} node controllers do not need the cluster controller as a gateway."
        ]
    return []


def gateway_problems(given: dict) -> dict[str, list[str]]:
    """What is wrong with a gateway's settings on one host, and with the host.

    :param given: settings and findings, see problems() in plugin_utils/_gateway_settings.py, and action plugin gateway_preflight
    :returns: {errors: [sentence, …], warnings: [sentence, …], incompatible: [reason, …]}
    """
    if not isinstance(given, dict) or "host" not in given:
        raise AnsibleFilterError("gateway_problems: expected the settings dictionary built by role cc_gateway")
    addresses = [found for found in (_address(text) for text in given.get("interface_addresses") or []) if found]
    errors = list(given.get("unknown_options") or [])
    errors += _vip_errors(given, addresses)
    errors += _interface_errors(given, addresses)
    errors += _peer_errors(given, addresses)
    errors += _pair_errors(given)
    errors += _vrrp_errors(given)
    errors += _check_errors(given)
    errors += _preferred_errors(given)
    errors += _instance_errors(given)
    errors += _limit_errors(given)
    errors += _firewalld_errors(given)
    # cc_gateway_outside_vip, which _connections evaluates.
    errors += (given.get("outside") or {}).get("errors") or []
    warnings = _mode_warnings(given)
    error, warning = _missing_hosts(given)
    errors += [error] if error else []
    warnings += [warning] if warning else []
    incompatible = []
    if given.get("findings_error"):
        errors.append(f"the host could not be inspected: {given['findings_error']}")
    if given.get("findings"):
        report = _gateway_findings.judge({**given, "certificate_warn_days": _warn_days(given)})
        errors += report.errors
        warnings += report.warnings + ((given.get("outside") or {}).get("warnings") or [])
        incompatible = _gateway_findings.incompatible(given) if not errors else []
        if incompatible and given.get("not_in_run") and not given.get("alone"):
            errors.append(_deaf(given, incompatible))
    return {"errors": _cause_first(given, errors), "warnings": warnings, "incompatible": incompatible}


def _cause_first(given: dict, errors: list[str]) -> list[str]:
    """Without eucalyptus.conf its defaults are used, and what is wrong with them is only a consequence."""
    consequences = [error for error in errors if error.startswith(("cc_gateway_interface must", "cc_gateway_controller.user must"))]
    if given.get("conf_files") != [] or not consequences:
        return errors
    cause = (
        f"eucalyptus.conf was not found (cc_gateway_eucalyptus_root is {given.get('eucalyptus_root') or '/'}), so its defaults are "
        f"used, which this host "
        "does not have. Correct cc_gateway_eucalyptus_root, or set cc_gateway_interface and cc_gateway_controller.user."
    )
    return [cause, *(error for error in errors if error not in consequences)]


def _deaf(given: dict, incompatible: list[str]) -> str:
    who = ", ".join(sorted(given["not_in_run"]))
    return (
        f"until both hosts have this change ({'; '.join(incompatible)}) they cannot receive each other's adverts, so both would hold "
        f"the VIP, "
        f"and {who} is not part of this run. Run it for both, or set cc_gateway_alone to true if keepalived on {who} is known to be down."
    )


def _warn_days(given: dict) -> float:
    return _number(given.get("certificate_warn_days", 30), 0, 36500, float) or 0


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"gateway_problems": gateway_problems}
