# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One entry of cc_gateway_further, completed for one host with the settings of the main gateway."""

from __future__ import annotations

import ipaddress
from typing import Any

from ansible.errors import AnsibleFilterError

_NEEDED = ("instance", "vip", "virtual_router_id")
_KNOWN = {*_NEEDED, "interface", "addresses", "version", "advert_interval", "auth_pass"}


def gateway_further(entry: Any, defaults: dict, host: str) -> dict:
    """A gateway beside the main one, complete for one host.

    :raises AnsibleFilterError: naming cc_gateway_further and what is wrong with the entry
    """
    if not isinstance(entry, dict):
        raise AnsibleFilterError(f"cc_gateway_further must be a list of dictionaries (got {entry!r})")
    name = entry.get("instance", "?")
    missing = [key for key in _NEEDED if not entry.get(key)]
    unknown = sorted(set(entry) - _KNOWN)
    if missing:
        raise AnsibleFilterError(f"cc_gateway_further: {name} must have {' and '.join(missing)}.")
    if unknown:
        raise AnsibleFilterError(
            f"cc_gateway_further: {name}: {' and '.join(unknown)} must not be set. Remove it, or correct the name; there are "
            f"{', '.join(sorted(_KNOWN))}."
        )
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
