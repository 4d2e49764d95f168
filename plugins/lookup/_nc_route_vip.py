# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup of the VIP that a node controller uses as its default gateway."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._cluster import cluster_vips, without_prefix

DOCUMENTATION = r"""
name: _nc_route_vip
short_description: "[INTERNAL] Return the VIP that a node controller uses"
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Internal to the roles of the collection C(eucalyptus.ha). It may change at any time without notice.
  - Returns C(nc_route_vip) of the host, or C(cc_gateway_vip) of its cluster where that is not set. Fails if neither is there.
options:
  _terms:
    description: Takes none.
"""

EXAMPLES = r"""
- name: Show the gateway of a node controller
  ansible.builtin.debug:
    msg: "{{ lookup('eucalyptus.ha._nc_route_vip') }}"
"""

RETURN = r"""
_raw:
  description: The address, without a prefix length.
  type: list
  elements: str
"""


class LookupModule(LookupBase):  # type: ignore[misc]
    """The lookup."""

    def run(self, terms: list[Any], variables: dict[str, Any] | None = None, **_options: Any) -> list[str]:
        """See the documentation."""
        variables = variables or {}
        template = self._templar.template
        own = without_prefix(template(variables.get("nc_route_vip")))
        if own:
            return [own]
        cluster = cluster_vips(variables, template)
        if not cluster.vip:
            raise AnsibleLookupError(f"nc_route_vip must be set, or cc_gateway_vip of this host's cluster ({cluster.problem})")
        return [cluster.vip]
