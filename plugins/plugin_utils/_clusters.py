# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clusters there are, by their inventory groups. Private to the collection.

A cluster is the inventory group of its two cluster controllers. `cc_gateway_clusters` names the groups; its node controllers are those of
the group `cc_gateway_nc_group`, a variable of the cluster controllers.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any

CC_GROUP = "eucalyptus_cc"
NC_GROUP = "eucalyptus_nc"
# A controller and its standby: the cloud controller knows no third (Eucalyptus 3.1 to 5.1).
MOST_HOSTS = 2

Groups = Mapping[str, Sequence[str]]


class ClusterError(Exception):
    """The inventory and the options do not fit; the text names the option and what to do."""


def names(value: Any) -> list[str]:
    """Group names from a list, or from a text with commas, as a pattern of hosts has them."""
    entries = [value] if isinstance(value, str) else list(value or [])
    return [name.strip() for entry in entries for name in str(entry).split(",") if name.strip()]


def _hint(name: str, groups: Groups) -> str:
    known = sorted(group for group, hosts in groups.items() if hosts and group not in ("all", "ungrouped"))
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f" Did you mean {close[0]}?"
    return f" Groups with hosts in this inventory: {', '.join(known)}." if known else " The inventory has no group with hosts. Give it with -i."


def _members(name: str, groups: Groups, option: str, content: str, example: str) -> list[str]:
    hosts = list(groups.get(name) or [])
    if not hosts:
        what = "is empty" if name in groups else "does not exist"
        raise ClusterError(
            f"{option} must be an inventory group with {content} (got {name}, which {what}).{_hint(name, groups)} "
            f"Put the hosts into that group, or name yours on the command line: -e {option}={example} (in the inventory it has no effect)"
        )
    return hosts


def controllers(clusters: Any, groups: Groups) -> dict[str, list[str]]:
    """The cluster controllers of each cluster.

    :raises ClusterError: for a group that is missing, empty, or has more hosts than a cluster has controllers
    """
    found = {}
    for name in names(clusters) or [CC_GROUP]:
        hosts = _members(name, groups, "cc_gateway_clusters", "both cluster controllers of a cluster", "GROUP")
        if len(hosts) > MOST_HOSTS:
            raise ClusterError(
                f"The inventory group {name} has {len(hosts)} hosts ({', '.join(hosts)}); a cluster has at most {MOST_HOSTS} cluster controllers. "
                "Make a group for each cluster and name them all in cc_gateway_clusters."
            )
        found[name] = hosts
    return found


def cluster_of(host: str, clusters: Any, groups: Groups) -> str:
    """The cluster of a cluster controller: the first group of `clusters` that it is in."""
    wanted = names(clusters) or [CC_GROUP]
    return next((name for name in wanted if host in (groups.get(name) or [])), wanted[0])


def node_controllers(nc_groups: Any, groups: Groups, option: str = "nc_route_group") -> list[str]:
    """The node controllers of the groups named.

    :raises ClusterError: for a group that is missing or empty
    """
    found: list[str] = []
    for name in names(nc_groups) or [NC_GROUP]:
        found += [host for host in _members(name, groups, option, "node controllers", "GROUP") if host not in found]
    return found
