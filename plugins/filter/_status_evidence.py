# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter that collects what the hosts returned to the status report."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_inventory

DOCUMENTATION = r"""
name: _status_evidence
short_description: "[INTERNAL] Collect what the hosts returned to the status report"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role cc_gateway_status.) It can change or go at any time.
positional: hostvars, in_play, targeted
options:
  _input:
    description: What P(eucalyptus.ha._status_plan#filter) returned.
    type: dict
    required: true
  hostvars:
    description: Ansible's variable of this name.
    type: dict
    required: true
  in_play:
    description: The hosts that the play inspected, C(ansible_play_hosts).
    type: list
    elements: str
    required: true
  targeted:
    description: These, and those that have failed earlier in this run, C(ansible_play_hosts_all).
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show what is known of the clusters
  ansible.builtin.debug:
    msg: "{{ plan | eucalyptus.ha._status_evidence(hostvars, ansible_play_hosts, ansible_play_hosts_all) }}"
  vars:
    plan:
      clusters:
        - name: one
          vip: 10.0.0.10
          hosts: [cc1]
          nodes: []
          nc_groups: [eucalyptus_nc]
          ask_from: host
          keepalived_unit: keepalived
          certificate_warn_days: 30
"""

RETURN = r"""
_value:
  description: The clusters, as P(eucalyptus.ha.gateway_verdict#filter) takes them.
  type: list
  elements: dict
"""


def _status_evidence(
    plan: Mapping[str, Any], hostvars: Mapping[str, Any], in_play: list[str], targeted: list[str]
) -> list[dict[str, Any]]:
    """See DOCUMENTATION."""
    return _status_inventory.evidence(plan, hostvars, in_play, targeted)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_status_evidence": _status_evidence}
