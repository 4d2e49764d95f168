# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter that plans what the status report queries on each host."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_inventory

DOCUMENTATION = r"""
name: _status_plan
short_description: "[INTERNAL] Plan what the status report queries on each host"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role cc_gateway_status.) It can change or go at any time.
positional: hostvars, options
options:
  _input:
    description: Ansible's variable C(groups).
    type: dict
    required: true
  hostvars:
    description: Ansible's variable of this name.
    type: dict
    required: true
  options:
    description: C(cc_gateway_clusters), C(nc_route_group) and C(fail_at), as given, and C(variables), the names of all.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show what is wrong with the inventory
  ansible.builtin.debug:
    msg: "{{ (groups | eucalyptus.ha._status_plan(hostvars, options)).errors }}"
  vars:
    options: {cc_gateway_clusters: nonesuch, fail_at: warning, variables: []}
"""

RETURN = r"""
_value:
  description: C(errors), C(fail_on), C(clusters) and C(hosts).
  type: dict
  sample: {errors: [], fail_on: [critical], clusters: [], hosts: {}}
"""


def _status_plan(groups: Mapping[str, Any], hostvars: Mapping[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """See DOCUMENTATION."""
    return _status_inventory.plan(groups, hostvars, options)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_status_plan": _status_plan}
