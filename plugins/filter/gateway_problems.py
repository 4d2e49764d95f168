# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that looks for what is wrong with a gateway's settings before anything is touched."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _gateway_findings

DOCUMENTATION = r"""
name: gateway_problems
short_description: What is wrong with the settings of a gateway
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Looks at the settings of role P(eucalyptus.ha.cc_gateway#role) for one host and at what was found on that host.
  - Returns every problem at once, each naming the option and the way out, so that one run shows all there is to mend.
options:
  _input:
    description:
      - The settings, as C(__cc_gateway_settings) of role P(eucalyptus.ha.cc_gateway#role) gathers them.
      - Its key C(findings) is what module M(eucalyptus.ha.gateway_host_info) returned; without it only the settings are judged.
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
      check_source: soap
      check_interval: 2
      check_timeout: 1.5
      check_rest: 0
      check_grace: 5
      check_fall: 1
      check_rise: 1
      ws_security: true
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
      description: What a person should know but may want.
      type: list
      elements: str
    incompatible:
      description:
        - Why this host, once it has the new configuration, and one that still has the old would not hear each other. Both have to
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
        return ["cc_gateway_vip is not set: choose a free address in the node controllers' network"]
    address = _address(vip)
    if address is None:
        return [f"cc_gateway_vip: {vip!r} is not an IP address"]
    errors = []
    if address.version == 6:
        errors.append(f"cc_gateway_vip: {vip} is an IPv6 address; this release makes IPv4 gateways only")
    else:
        errors += _network_errors(given, vip, address, interface_addresses)
    hosts = {**(given.get("other_hosts") or {}), **(given.get("addresses") or {})}
    used_by = [name for name, other in hosts.items() if (found := _address(other)) and found.ip == address.ip]
    if used_by:
        errors.append(
            f"cc_gateway_vip: {vip} is the address of {', '.join(sorted(used_by))}; the VIP must belong to no host"
        )
    if any(_in_public(address.ip, entry) for entry in str(given.get("publicips") or "").split()):
        errors.append(
            f"cc_gateway_vip: {vip} is among VNET_PUBLICIPS of eucalyptus.conf, which the cluster controller gives to instances"
        )
    return errors


def _network_errors(given: dict, vip: str, address: Interface, interface_addresses: list[Interface]) -> list[str]:
    """Whether node controllers could have the VIP as their next hop. /32s are other VIPs, and networks of nobody."""
    networks = [net.network for net in interface_addresses if net.version == 4 and net.network.prefixlen < 31]
    home = [network for network in networks if address.ip in network]
    if home and address.ip in (home[0].network_address, home[0].broadcast_address):
        return [
            f"cc_gateway_vip: {vip} is the network's own or its broadcast address ({home[0]}); choose a free one between them"
        ]
    if not home and interface_addresses and not given.get("allow_foreign_subnet"):
        return [
            f"cc_gateway_vip: {vip} is not in the network of {given.get('interface')} ({', '.join(map(str, networks))}); "
            "node controllers could not reach it. If they have a route of their own to it, set cc_gateway_allow_foreign_subnet to true"
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
            f"cc_gateway_interface: {interface!r} does not exist on this host (there are: {', '.join(sorted(known))}); "
            "it defaults to VNET_PRIVINTERFACE of eucalyptus.conf"
        ]
    if not interface_addresses:
        return [f"cc_gateway_interface: {interface} has no IPv4 address; VRRP needs one"]
    return []


def _peer_errors(given: dict, interface_addresses: list[Interface]) -> list[str]:
    host, errors = given["host"], []
    addresses = dict(given.get("addresses") or {})
    own = addresses.pop(host, None)
    for name, value in sorted({host: own, **addresses}.items()):
        if _address(value) is None:
            errors.append(
                f"cc_gateway_address of {name}: {value!r} is not an IP address; set cc_gateway_address for {name} in the inventory "
                "to its address in the node controllers' network (ansible_host is taken when it is an address)"
            )
    own_address = _address(own)
    if own_address and interface_addresses and own_address.ip not in [net.ip for net in interface_addresses]:
        errors.append(
            f"cc_gateway_address of {host}: {own} is not an address of {given.get('interface')} "
            f"({', '.join(str(net.ip) for net in interface_addresses)}); "
            "set cc_gateway_address for every cluster controller in the inventory"
        )
    peers = given.get("peers") or []
    if isinstance(peers, str):
        return [*errors, f"cc_gateway_peers: {peers!r} is one text; give a list of addresses"]
    if not peers:
        errors.append(
            f"the group {given.get('group')} has no second host and cc_gateway_peers is empty: keepalived would fall back to multicast; "
            "put both cluster controllers into the group (one may be down), or name the other's address in cc_gateway_peers"
        )
    elif given.get("vrrp_peers_only") and len(peers) != 1:
        errors.append(
            f"cc_gateway_vrrp_peers_only: one rule of the packet filter can spare one peer, and there are {len(peers)} "
            f"({', '.join(map(str, peers))}); set it to false, and see to the packet filter yourself"
        )
    errors += [
        f"cc_gateway_peers: {peer!r} is not an IP address"
        for peer in peers
        if _address(peer) is None and peer not in addresses.values()
    ]
    if own_address and any((found := _address(peer)) and found.ip == own_address.ip for peer in peers):
        errors.append(f"cc_gateway_peers: {own} is this host itself; name the other cluster controller")
    return errors


def _vrrp_errors(given: dict) -> list[str]:
    errors = []
    version = _number(given.get("version"), 2, 3)
    if version is None:
        errors.append(f"cc_gateway_vrrp_version: {given.get('version')!r} is neither 2 nor 3")
    if _number(given.get("virtual_router_id"), 1, 255) is None:
        errors.append(f"cc_gateway_virtual_router_id: {given.get('virtual_router_id')!r} is not a number from 1 to 255")
    priority = _number(given.get("priority"), 1, 254)
    weight = _number(given.get("weight"), 1, 253)
    if priority is None:
        errors.append(
            f"cc_gateway_priority: {given.get('priority')!r} is not a number from 1 to 254 (255 is for an address's owner)"
        )
    if weight is None:
        errors.append(
            f"cc_gateway_weight: {given.get('weight')!r} is not a number from 1 to 253: the ENABLED host must come out higher; "
            "for no VIP unless ENABLED, set cc_gateway_when_none_enabled to release"
        )
    if priority and weight and priority + weight > 254:
        errors.append(
            f"cc_gateway_priority {priority} plus cc_gateway_weight {weight} is {priority + weight}; keepalived stops at 254"
        )
    advert = _number(given.get("advert_interval"), 0.01, 255, float)
    if advert is None:
        errors.append(
            f"cc_gateway_advert_interval: {given.get('advert_interval')!r} is not a number of seconds from 0.01 to 255"
        )
    elif version == 3 and advert > 40.95:
        errors.append(f"cc_gateway_advert_interval: VRRP version 3 ends at 40.95 seconds, {advert:g} is more")
    elif version == 2 and (advert < 1 or advert != int(advert)):
        errors.append(f"cc_gateway_advert_interval: VRRP version 2 counts whole seconds, {advert:g} is none")
    password = str(given.get("auth_pass") or "")
    if version == 3 and password:
        errors.append(
            "cc_gateway_auth_pass: VRRP version 3 has no authentication; leave it empty, or set cc_gateway_vrrp_version to 2"
        )
    if version == 2 and not password:
        errors.append(
            "cc_gateway_auth_pass is not set: VRRP version 2 needs it, 1 to 8 characters, the same on both hosts"
        )
    if len(password.encode()) > _AUTH_PASS_LENGTH:
        errors.append(
            f"cc_gateway_auth_pass is longer than {_AUTH_PASS_LENGTH} characters: keepalived would cut it silently"
        )
    return errors


def _check_errors(given: dict) -> list[str]:
    errors = []
    for name, allowed in (
        ("when_none_enabled", ("hold", "release")),
        ("check_source", ("soap", "state_file")),
        ("ask_from", ("host", "control_node")),
    ):
        if given.get(name) not in allowed:
            errors.append(f"cc_gateway_{name}: {given.get(name)!r} is neither {' nor '.join(allowed)}")
    if _number(given.get("check_interval"), 1, 3600) is None:
        errors.append(
            f"cc_gateway_check_interval: {given.get('check_interval')!r} is not a whole number of seconds "
            "from 1 (keepalived's least) to 3600"
        )
    for name, least in (("check_timeout", 0.1), ("check_rest", 0)):
        if _number(given.get(name), least, 60, float) is None:
            errors.append(f"cc_gateway_{name}: {given.get(name)!r} is not a number of seconds from {least} to 60")
    if _number(given.get("check_grace"), 0, 3600, float) is None:
        errors.append(f"cc_gateway_check_grace: {given.get('check_grace')!r} is not a number of seconds")
    for name in ("check_fall", "check_rise"):
        if _number(given.get(name), 1, 1000) is None:
            errors.append(f"cc_gateway_{name}: {given.get(name)!r} is not a number from 1")
    if bool(given.get("client_key_content")) != bool(given.get("client_cert_content")):
        errors.append("cc_gateway_client_key_content and cc_gateway_client_cert_content go together: only one is set")
    if given.get("ask_from") == "control_node" and given.get("ws_security"):
        errors += [
            f"cc_gateway_{name} is not set: with cc_gateway_ask_from=control_node the control node needs the path of its copy "
            f"(or {variable} in its environment)"
            for name, variable in (
                ("control_key", "EUCALYPTUS_CC_CLIENT_KEY"),
                ("control_cert", "EUCALYPTUS_CC_CLIENT_CERT"),
                ("control_cc_cert", "EUCALYPTUS_CC_CERT"),
            )
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
                f"cc_gateway_{name} is not the same on all hosts of the group {given.get('group')}{shown}; "
                "set it for the group, not for a host"
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
            f"cc_gateway_preferred_host: {preferred!r} is not a host of the group {given.get('group')}; give an inventory name"
        )
    spread = _number(given.get("preferred_spread"), 1, 253)
    weight, priority = _number(given.get("weight"), 1, 253), _number(given.get("priority"), 1, 254)
    if spread is None:
        errors.append(f"cc_gateway_preferred_spread: {given.get('preferred_spread')!r} is not a number from 1 to 253")
    elif weight and spread >= weight and given.get("when_none_enabled") == "hold":
        errors.append(
            f"cc_gateway_preferred_spread: {spread} reaches cc_gateway_weight ({weight}), so that the preferred host would hold the VIP "
            "although the other is ENABLED; make it less"
        )
    elif priority and priority + spread + (weight or 0) > 254:
        errors.append(
            f"cc_gateway_priority {priority} plus cc_gateway_preferred_spread {spread} plus cc_gateway_weight {weight} is "
            f"{priority + spread + (weight or 0)}; keepalived stops at 254"
        )
    return errors


def _preflight_errors(given: dict) -> list[str]:
    """Settings of the preflight itself."""
    errors = []
    for name, high in (("certificate_warn_days", 36500), ("listen_time", 60)):
        if given.get(name) is not None and _number(given[name], 0, high, float) is None:
            errors.append(f"cc_gateway_{name}: {given[name]!r} is not a number from 0 to {high}")
    return errors


def _missing_hosts(given: dict) -> tuple[str | None, str | None]:
    """(error or None, warning or None) about hosts of the pair that this run does not reach."""
    missing = sorted(given.get("not_in_run") or [])
    if not missing:
        return None, None
    who = ", ".join(missing)
    if given.get("require_both"):
        return (
            f"{who} is not in this run (outside --limit, unreachable, or failed) and cc_gateway_require_both is set; "
            "mend that, or set it to false",
            None,
        )
    return None, (
        f"{who} is not in this run (outside --limit, unreachable, or failed): the VIP cannot move there until it is deployed as well"
    )


def _mode_warnings(given: dict) -> list[str]:
    mode = given.get("vnet_mode")
    if not mode:
        return ["eucalyptus.conf was not found or names no VNET_MODE; is cc_gateway_eucalyptus_root right?"]
    if mode not in _GATEWAY_MODES:
        return [
            f"VNET_MODE is {mode}: outside {' and '.join(_GATEWAY_MODES)} node controllers do not need the cluster controller as a gateway"
        ]
    return []


def gateway_problems(given: dict) -> dict[str, list[str]]:
    """What is wrong with a gateway's settings on one host, and with the host.

    :param given: settings and findings, see role cc_gateway, vars/main.yml, __cc_gateway_settings, and tasks/preflight.yml
    :returns: {errors: [sentence, …], warnings: [sentence, …], incompatible: [reason, …]}
    """
    if not isinstance(given, dict) or "host" not in given:
        raise AnsibleFilterError("gateway_problems: wants the dictionary of settings that role cc_gateway gathers")
    addresses = [found for found in (_address(text) for text in given.get("interface_addresses") or []) if found]
    errors = list(given.get("unknown_options") or [])
    errors += [f"eucalyptus.conf cannot be used: {error}" for error in given.get("conf_errors") or []]
    errors += _vip_errors(given, addresses)
    errors += _interface_errors(given, addresses)
    errors += _peer_errors(given, addresses)
    errors += _pair_errors(given)
    errors += _vrrp_errors(given)
    errors += _check_errors(given)
    errors += _preferred_errors(given)
    errors += _preflight_errors(given)
    warnings = _mode_warnings(given)
    error, warning = _missing_hosts(given)
    errors += [error] if error else []
    warnings += [warning] if warning else []
    incompatible = []
    if given.get("findings_error"):
        errors.append(f"the host could not be looked at: {given['findings_error']}")
    if given.get("findings"):
        report = _gateway_findings.judge({**given, "certificate_warn_days": _warn_days(given)})
        errors += report.errors
        warnings += report.warnings
        incompatible = _gateway_findings.incompatible(given) if not errors else []
        if incompatible and given.get("not_in_run") and not given.get("alone"):
            errors.append(_deaf(given, incompatible))
    return {"errors": errors, "warnings": warnings, "incompatible": incompatible}


def _deaf(given: dict, incompatible: list[str]) -> str:
    who = ", ".join(sorted(given["not_in_run"]))
    return (
        f"this change ({'; '.join(incompatible)}) makes the hosts deaf to each other until both have it, so that both would hold the VIP, "
        f"and {who} is not in this run; run it for both, or set cc_gateway_alone to true if keepalived on {who} is known to be down"
    )


def _warn_days(given: dict) -> float:
    return _number(given.get("certificate_warn_days", 30), 0, 36500, float) or 0


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"gateway_problems": gateway_problems}
