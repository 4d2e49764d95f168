# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup of the hosts that a playbook of this collection runs on."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_hosts
short_description: "[INTERNAL] Find the hosts that a playbook runs on"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of the playbooks of this collection.) It can change or go at any time.
  - Returns the inventory groups of the clusters as a pattern of hosts.
  - Fails where a group is missing or empty, so that no playbook does nothing and ends well.
options: {}
"""

EXAMPLES = r"""
- name: Deploy the gateway
  hosts: "{{ lookup('eucalyptus.ha.cluster_hosts') }}"
  roles:
    - role: eucalyptus.ha.cc_gateway
"""

RETURN = r"""
_raw:
  description: A pattern of hosts.
  type: list
  elements: str
"""

from typing import Any

from ansible import context
from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _clusters


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no types
    """The lookup."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_options: Any) -> list[str]:
        # Ansible chooses the hosts of a play before it has read any host's variables: it must be an extra variable.
        given = variables or {}
        if context.CLIARGS.get("syntax"):
            # ansible-playbook --syntax-check, which ansible-lint runs too, has no inventory.
            return ["all"]
        clusters = self._templar.template(given.get("cc_gateway_clusters") or "")
        try:
            return [",".join(_clusters.controllers(clusters, given.get("groups") or {}))]
        except _clusters.ClusterError as error:
            raise AnsibleLookupError(str(error)) from error
