# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup of the cluster controllers of a node controller's cluster."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_controllers
short_description: "[INTERNAL] Find the cluster controllers of a node controller's cluster"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Internal to the roles of the collection C(eucalyptus.ha). It may change at any time without notice.
  - Returns the hosts of C(cc_gateway_group), or of the group of C(cc_gateway_clusters) that serves the host.
options: {}
"""

EXAMPLES = r"""
- name: Show the cluster controllers
  ansible.builtin.debug:
    msg: "{{ query('eucalyptus.ha.cluster_controllers') }}"
"""

RETURN = r"""
_raw:
  description: The hosts.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._clusters import controllers_of


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no types
    """The lookup."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **_options: Any) -> list[str]:
        """See the documentation."""
        return controllers_of(variables or {}, self._templar.template)
