# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup of the cluster that a cluster controller belongs to."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cluster_of
short_description: "[INTERNAL] Find the cluster that a cluster controller belongs to"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Returns the first group of C(cc_gateway_clusters) that the host is in. Without that variable it is C(eucalyptus_cc).
options: {}
"""

EXAMPLES = r"""
- name: Show the cluster of this host
  ansible.builtin.debug:
    msg: "{{ lookup('eucalyptus.ha.cluster_of') }}"
"""

RETURN = r"""
_raw:
  description: The name of the inventory group.
  type: list
  elements: str
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _clusters


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no types
    """The lookup."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_options: Any) -> list[str]:
        given = variables or {}
        clusters = self._templar.template(given.get("cc_gateway_clusters") or "")
        return [_clusters.cluster_of(given["inventory_hostname"], clusters, given["groups"])]
