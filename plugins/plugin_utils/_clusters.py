# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which clusters there are, by their inventory groups. Private to the collection.

A cluster is the inventory group of its two cluster controllers. `cc_gateway_clusters` names the groups; its node controllers are those of
the group `cc_gateway_nc_group`, a variable of the cluster controllers.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible.errors import AnsibleError

CC_GROUP = "eucalyptus_cc"
NC_GROUP = "eucalyptus_nc"
NO_GROUP = "none"  # for a site that has no node controllers in its inventory on purpose
# Unlike the others it is a variable of the inventory.
NC_GROUP_OPTION = "cc_gateway_nc_group"
# A controller and its standby: the cloud controller knows no third (Eucalyptus 3.1 to 5.1).
MOST_HOSTS = 2

Groups = Mapping[str, Sequence[str]]


class ClusterError(Exception):
    """The inventory and the options do not fit; the text names the option and what to do."""


@dataclass(frozen=True)
class ClusterVips:
    """The VIPs of a node controller's cluster as its cluster controllers have them; problem is why they are not known."""

    vip: str = ""
    further: tuple[str, ...] = ()
    problem: str = ""


def names(value: Any) -> list[str]:
    """Group names from a list, or from a text with commas, as a pattern of hosts has them."""
    entries = [value] if isinstance(value, str) else list(value or [])
    return [name.strip() for entry in entries for name in str(entry).split(",") if name.strip()]


def _hint(name: str, groups: Groups, option: str) -> str:
    # The group of the other kind has nearly the same name.
    others = ("all", "ungrouped", NC_GROUP if option == "cc_gateway_clusters" else CC_GROUP)
    known = sorted(group for group, hosts in groups.items() if hosts and group not in others)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f" Did you mean {close[0]}?"
    if known:
        return f" Groups with hosts in this inventory: {', '.join(known)}."
    return " The inventory has no group with hosts. Give it with -i."


def _members(name: str, groups: Groups, option: str, content: str, example: str) -> list[str]:
    hosts = list(groups.get(name) or [])
    if not hosts:
        what = "is empty" if name in groups else "does not exist"
        yours = f"name yours on the command line: -e {option}={example} (in the inventory it has no effect)"
        if option == NC_GROUP_OPTION:
            yours = f"set {option} of the cluster controllers to yours in the inventory"
        raise ClusterError(
            f"{option} must be an inventory group with {content} (got {name}, which {what}).{_hint(name, groups, option)} "
            f"Put the hosts into that group, or {yours}"
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
                f"The inventory group {name} has {len(hosts)} hosts ({', '.join(hosts)}); a cluster has at most {MOST_HOSTS} cluster "
                f"controllers. "
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


def address_of(host: str, variables: Mapping[str, Any]) -> str:
    """A cluster controller's address in the node controllers' network, by its variables."""
    return str(variables.get("cc_gateway_address") or variables.get("ansible_host") or host)


def without_prefix(vip: Any) -> str:
    """A VIP as people write it, without the prefix length."""
    return str(vip or "").partition("/")[0].strip()


def cluster_vips(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> ClusterVips:
    """The VIPs of the cluster that the host of a task belongs to.

    The cluster's groups are cc_gateway_group of the host, or else those of cc_gateway_clusters; of several clusters it is
    the one whose cc_gateway_nc_group the host is in. A cc_gateway_vip that is set for the host itself needs no cluster.

    :param variables: the task's variables
    :param template: gives the value of one that is not templated yet
    """

    def own(name: str) -> Any:
        return template(variables.get(name))

    if own("cc_gateway_vip"):
        return _vips([{name: own(name) for name in ("cc_gateway_vip", "cc_gateway_further")}])
    wanted = _wanted(variables, template)
    groups, hostvars = variables["groups"], variables["hostvars"]
    members = [hostvars[host] for group in wanted for host in groups.get(group, [])]
    members = [one for one in members if one.get("cc_gateway_vip")]
    if not members:
        return ClusterVips(problem=f"no host of inventory group {' or '.join(wanted)} has cc_gateway_vip")
    found = _vips(members)
    if found.problem:
        mine = variables.get("group_names", [])
        served = [one for one in members if _nc_group(one) in mine]
        return _vips(served) if served else found
    return found


def controllers_of(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> list[str]:
    """The cluster controllers of the cluster that the host of a task belongs to; [] where the inventory has none.

    The cluster's group is cc_gateway_group of the host, or else that of cc_gateway_clusters whose cc_gateway_nc_group the host is in.
    """
    wanted = _wanted(variables, template)
    groups, hostvars, mine = variables["groups"], variables["hostvars"], variables.get("group_names", [])
    found = [list(groups.get(group) or []) for group in wanted]
    served = [hosts for hosts in found if any(_nc_group(hostvars[host]) in mine for host in hosts)]
    return next(iter(served or found), [])


def _wanted(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> list[str]:
    """The groups of cluster controllers that the host of a task may belong to."""
    given = (names(template(variables.get(name))) for name in ("cc_gateway_group", "cc_gateway_clusters"))
    return next(filter(None, given), [CC_GROUP])


def _nc_group(controller: Mapping[str, Any]) -> Any:
    """The group of the node controllers of a cluster controller, by its variables."""
    return controller.get("cc_gateway_nc_group") or NC_GROUP


def _vips(members: Iterable[Mapping[str, Any]]) -> ClusterVips:
    vips: dict[str, None] = {}
    further: dict[str, None] = {}
    for one in members:
        vips[without_prefix(one.get("cc_gateway_vip"))] = None
        try:
            others = one.get("cc_gateway_further")
        except AnsibleError:  # made of facts that this run has not gathered
            continue
        for other in others if isinstance(others, (list, tuple)) else []:
            if isinstance(other, Mapping):
                further[without_prefix(other.get("vip"))] = None
    if len(vips) > 1:
        return ClusterVips(problem=f"the inventory has several clusters (cc_gateway_vip {', '.join(vips)})")
    return ClusterVips(vip=next(iter(vips)), further=tuple(further))
