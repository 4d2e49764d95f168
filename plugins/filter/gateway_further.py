# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that completes one entry of cc_gateway_further for one host."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: gateway_further
short_description: Complete a further gateway for one host
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Fills an entry of C(cc_gateway_further) of role P(eucalyptus.ha.cc_gateway#role) up with the settings of the main gateway, and
    takes this host's own address and its peers' from the entry's C(addresses), which are the same on all hosts.
positional: defaults, host
options:
  _input:
    description: The entry, with C(instance), C(vip) and C(virtual_router_id).
    type: dict
    required: true
  defaults:
    description: The settings of the main gateway on this host.
    type: dict
    required: true
  host:
    description: The inventory name of this host.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Complete an IPv6 gateway
  ansible.builtin.debug:
    msg: "{{ entry | eucalyptus.ha.gateway_further(main, 'cc1') }}"
  vars:
    main: {interface: eth0, address: 10.0.0.1, peers: [10.0.0.2], priority: 100}
    entry:
      instance: eucalyptus6
      vip: fd00::10
      virtual_router_id: 46
      addresses: {cc1: "fd00::1", cc2: "fd00::2"}
"""

RETURN = r"""
_value:
  description: The complete gateway.
  type: dict
  sample: {instance: eucalyptus6, address: "fd00::1", peers: ["fd00::2"]}
"""

_NEEDED = ("instance", "vip", "virtual_router_id")
_KNOWN = {*_NEEDED, "interface", "addresses", "version", "advert_interval", "auth_pass"}


def gateway_further(entry: Any, defaults: dict, host: str) -> dict:
    """A gateway beside the main one, complete for one host.

    :raises AnsibleFilterError: naming cc_gateway_further and what is wrong with the entry
    """
    if not isinstance(entry, dict):
        raise AnsibleFilterError(f"cc_gateway_further: wants a list of dictionaries, found {entry!r}")
    name = entry.get("instance", "?")
    missing = [key for key in _NEEDED if not entry.get(key)]
    unknown = sorted(set(entry) - _KNOWN)
    if missing or unknown:
        raise AnsibleFilterError(f"cc_gateway_further: {name}: missing {missing}, unknown {unknown}")
    try:
        family = ipaddress.ip_interface(str(entry["vip"])).version
    except ValueError as error:
        raise AnsibleFilterError(f"cc_gateway_further: {name}: vip: {error}") from error
    addresses = entry.get("addresses") or {}
    if not isinstance(addresses, dict):
        raise AnsibleFilterError(f"cc_gateway_further: {name}: addresses must be a dictionary, host: address")
    if not addresses:
        if family == 6 or entry.get("interface", defaults["interface"]) != defaults["interface"]:
            raise AnsibleFilterError(
                f"cc_gateway_further: {name}: addresses is needed (host: address, for both hosts) for IPv6 or another interface"
            )
        own, peers = defaults["address"], defaults["peers"]
    elif host not in addresses or len(addresses) < 2:
        raise AnsibleFilterError(f"cc_gateway_further: {name}: addresses must name {host} and at least one other host")
    else:
        own, peers = addresses[host], [address for other, address in addresses.items() if other != host]
    for address in (own, *peers):
        try:
            other = ipaddress.ip_address(str(address)).version != family
        except ValueError as error:
            if not addresses:
                continue  # the main gateway's own trouble, which filter gateway_problems names
            raise AnsibleFilterError(f"cc_gateway_further: {name}: addresses: {address!r} is not an IP address") from error
        if other:
            raise AnsibleFilterError(f"cc_gateway_further: {name}: {address} is not of the VIP's family (IPv{family})")
    given = {key: value for key, value in entry.items() if key != "addresses"}
    return {**defaults, **given, "address": own, "peers": peers}


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"gateway_further": gateway_further}
