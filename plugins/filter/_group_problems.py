# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that lists which inventory groups of a playbook's option do not exist or have no hosts."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _clusters

DOCUMENTATION = r"""
name: _group_problems
short_description: "[INTERNAL] Find inventory groups that do not exist or have no hosts"
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Internal to the playbooks of the collection C(eucalyptus.ha). It may change at any time without notice.
  - Ansible skips a play whose hosts do not exist and ends without an error. The playbooks use this filter to fail instead.
positional: groups, option
options:
  _input:
    description: What the option is set to. A name, several with commas, or a list. V(none) stands for no group on purpose.
    type: raw
    required: true
  groups:
    description: The variable C(groups).
    type: dict
    required: true
  option:
    description: The name of the option, for the message.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Show which inventory groups do not exist or have no hosts
  ansible.builtin.debug:
    msg: "{{ 'eucalyptus_mc' | eucalyptus.ha._group_problems(groups, 'nc_route_group') }}"
"""

RETURN = r"""
_value:
  description: A sentence for each group that does not exist or has no hosts.
  type: list
  elements: str
  sample: ["nc_route_group must be an inventory group with node controllers (got eucalyptus_mc, which does not exist)."]
"""


PATTERN = "*?[~!&:"


def _group_problems(given: Any, groups: Any, option: str) -> list[str]:
    """A sentence for each group that does not exist or has no hosts.

    :param given: what the option is set to; names of hosts and patterns are left to Ansible
    :param groups: the variable groups
    :param option: the name of the option
    """
    if not hasattr(groups, "get"):
        raise AnsibleFilterError(f"_group_problems: groups must be the variable groups (got {type(groups).__name__})")
    found = []
    for name in _clusters.names(given):
        if name == _clusters.NO_GROUP or name in groups.get("all", []) or any(sign in name for sign in PATTERN):
            continue
        try:
            _clusters.node_controllers(name, groups, option)
        except _clusters.ClusterError as error:
            found.append(f"{error}.")
    return found


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_group_problems": _group_problems}
