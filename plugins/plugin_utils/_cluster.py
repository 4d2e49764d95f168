# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory says of the cluster that a node controller belongs to, and of the groups that a playbook is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleError

CLUSTERS = "eucalyptus_cc"
NODES = "eucalyptus_nc"
NO_GROUP = "none"  # for a site that has none on purpose
CLOSE = 0.6  # of difflib's ratio, from 0 to 1
_PATTERN = "*?[~!&:"


@dataclass(frozen=True)
class ClusterVips:
    """The VIPs of a node controller's cluster as its cluster controllers have them; problem says why there is none."""

    vip: str = ""
    further: tuple[str, ...] = ()
    problem: str = ""


def names(value: Any) -> list[str]:
    """The names in a list, or in a text with commas."""
    values = value if isinstance(value, (list, tuple)) else [value]
    return [name for one in values if one is not None for name in (part.strip() for part in str(one).split(",")) if name]


def without_prefix(vip: Any) -> str:
    """A VIP as people write it, without the prefix length."""
    return str(vip or "").partition("/")[0].strip()


def cluster_vips(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> ClusterVips:
    """The VIPs of the cluster that the host of a task belongs to.

    The cluster's groups are cc_gateway_group of the host, or else those of cc_gateway_clusters; of several clusters it is
    the one whose cc_gateway_nc_group the host is in. A cc_gateway_vip that the host sees itself needs no cluster.

    :param variables: the task's variables
    :param template: gives the value of one that is not templated yet
    """

    def own(name: str) -> Any:
        return template(variables.get(name))

    if own("cc_gateway_vip"):
        return _vips([{name: own(name) for name in ("cc_gateway_vip", "cc_gateway_further")}])
    wanted = names(own("cc_gateway_group")) or names(own("cc_gateway_clusters")) or [CLUSTERS]
    groups, hostvars = variables["groups"], variables["hostvars"]
    members = [hostvars[host] for group in wanted for host in groups.get(group, [])]
    members = [one for one in members if one.get("cc_gateway_vip")]
    if not members:
        return ClusterVips(problem=f"no host of inventory group {' or '.join(wanted)} has cc_gateway_vip")
    found = _vips(members)
    if found.problem:
        mine = variables.get("group_names", [])
        served = [one for one in members if (one.get("cc_gateway_nc_group") or NODES) in mine]
        return _vips(served) if served else found
    return found


def controllers_of(variables: Mapping[str, Any], template: Callable[[Any], Any]) -> list[str]:
    """The cluster controllers of the cluster that the host of a task belongs to; [] where the inventory has none.

    The cluster's group is cc_gateway_group of the host, or else that of cc_gateway_clusters whose cc_gateway_nc_group the host is in.
    """
    wanted = names(template(variables.get("cc_gateway_group"))) or names(template(variables.get("cc_gateway_clusters"))) or [CLUSTERS]
    groups, hostvars, mine = variables["groups"], variables["hostvars"], variables.get("group_names", [])
    found = [list(groups.get(group) or []) for group in wanted]
    served = [hosts for hosts in found if any((hostvars[host].get("cc_gateway_nc_group") or NODES) in mine for host in hosts)]
    return next(iter(served or found), [])


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


def group_problems(given: Any, groups: Mapping[str, Any], option: str) -> list[str]:
    """A sentence for each inventory group of a playbook's option that does not exist or has no hosts.

    :param given: a name, a text with commas, or a list. Patterns are left to Ansible
    :param groups: Ansible's variable of this name
    :param option: the name of the option
    """
    found = []
    # The group of the other kind has nearly the same name.
    others = ("all", "ungrouped", NODES if option.startswith("cc_") else CLUSTERS)
    known = [name for name in groups if name not in others and groups[name]]
    for name in names(given):
        if name == NO_GROUP or name in groups.get("all", []) or any(sign in name for sign in _PATTERN) or groups.get(name):
            continue
        what = "has no hosts" if name in groups else "does not exist"
        close = get_close_matches(name, known, n=1, cutoff=CLOSE)
        meant = f" Did you mean {close[0]}?" if close else ""
        found.append(
            f"{option} must be an inventory group with hosts (got {name}, which {what}).{meant} "
            f"Set it with -e {option}=NAME; it cannot be set in the inventory."
        )
    return found
