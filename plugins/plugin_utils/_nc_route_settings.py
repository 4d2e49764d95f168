# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of role nc_route that need more than a type to be right."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from ansible_collections.eucalyptus.ha.plugins.module_utils._nc_route_inspect import ANY
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._clusters import ClusterVips, without_prefix
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import is_ipv4


@dataclass(frozen=True)
class Settings:
    """The options, each by its name without the prefix."""

    vip: str
    state: str = "present"
    backend: str = "auto"
    interface: str = ""
    control_address: str = ""
    revert_after: int = 90
    prove_address: str = ""
    prove_url: str = ""
    prove_sources: tuple[str, ...] = ()

    @property
    def present(self) -> bool:
        """Whether the VIP is to be the default gateway."""
        return self.state == "present"


def read_settings(options: dict[str, Any], cluster: ClusterVips) -> tuple[Settings, list[str], list[str]]:
    """(settings, problems, warnings) from the role's options, by name and converted.

    :param cluster: the VIPs of the host's cluster; its first is nc_route_vip where that is not set
    """
    values = {name.removeprefix("nc_route_"): value for name, value in options.items()}
    given = without_prefix(values["vip"])
    prove = values.pop("prove")
    settings = Settings(
        **{**values, "vip": given or cluster.vip},
        prove_address=prove["address"],
        prove_url=prove["url"],
        prove_sources=tuple(prove["sources"]),
    )
    problems, warnings = [], []
    if settings.present and not settings.vip:
        problems.append(f"nc_route_vip must be set, or cc_gateway_vip of this host's cluster ({cluster.problem})")
    else:
        problems += _problems(settings)
    if settings.present and given and cluster.vip and given not in (cluster.vip, *cluster.further):
        warnings.append(
            f"nc_route_vip is {given}, but cc_gateway_vip of the cluster is {cluster.vip}. Remove nc_route_vip from the inventory "
            "to use the cluster's"
        )
    return settings, problems, warnings


def _problems(settings: Settings) -> list[str]:
    """A sentence for each setting that no host could use. What is removed depends on the state alone."""
    if not settings.present:
        return []
    found = []
    if not is_ipv4(settings.vip):
        found.append(f"nc_route_vip must be an IPv4 address (got {settings.vip})")
    if settings.revert_after < 0:
        found.append(f"nc_route_revert_after must be 0 or more seconds (got {settings.revert_after})")
    if settings.control_address not in ("", ANY) and not _is_address(settings.control_address):
        found.append(f"nc_route_control_address must be an IP address or {ANY} (got {settings.control_address})")
    url = urlsplit(settings.prove_url)
    if settings.prove_url and (url.scheme not in ("http", "https") or not url.hostname):
        found.append(f"nc_route_prove.url must be an http or https URL (got {settings.prove_url})")
    if settings.prove_sources and not settings.prove_url:
        found.append("nc_route_prove.sources needs nc_route_prove.url, the page that has to name them")
    found += [
        f"nc_route_prove.sources must be a list of IPv4 addresses (got {source})"
        for source in settings.prove_sources
        if not is_ipv4(source)
    ]
    return found


def _is_address(text: str) -> bool:
    try:
        return ipaddress.ip_address(text) is not None
    except ValueError:
        return False
