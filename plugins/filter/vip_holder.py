# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _vip

DOCUMENTATION = r"""
name: vip_holder
version_added: 0.1.0
short_description: Find which host holds a VIP from the facts of several hosts
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Joins the facts that M(eucalyptus.ha.vip_facts) returned on several hosts into the holder of a VIP.
  - A host without that fact, or whose fact does not contain this VIP, is named in RV(_value.unknown). It is never counted as one
    that does not hold it.
positional: vip
options:
  _input:
    description:
      - A dictionary of host names to the hosts' C(eucalyptus_vip) facts. A host that gave none has V(null) or V({}).
    type: dict
    required: true
  vip:
    description:
      - The VIP. A prefix is ignored. Addresses are compared as addresses, not as text.
    type: str
    required: true
seealso:
  - module: eucalyptus.ha.vip_facts
  - plugin: eucalyptus.ha.gateway_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show which host holds the VIP
  ansible.builtin.debug:
    msg: "{{ facts_of_ccs | eucalyptus.ha.vip_holder('10.0.0.10') }}"
  vars:
    facts_of_ccs:
      cc1:
        vips:
          - vip: 10.0.0.10
            held: true
      cc2:
        vips:
          - vip: 10.0.0.10
            held: false
"""

RETURN = r"""
_value:
  description: Who holds the VIP.
  type: dict
  contains:
    vip:
      description: The VIP in its canonical form, without prefix.
      type: str
      sample: 10.0.0.10
    holder:
      description: The host that holds it. V(null) when none or more than one does.
      type: str
      sample: cc1
    holders:
      description: All hosts that hold it, in the order of the input.
      type: list
      elements: str
      sample: [cc1]
    state:
      description:
        - V(held) by one host, V(absent), or V(split) when two or more hold it, by the facts of the hosts that gave some.
      type: str
      sample: held
    unknown:
      description: The hosts that gave no facts about this VIP. Any of them may hold it.
      type: list
      elements: str
      sample: []
    complete:
      description: Whether all hosts gave facts about it.
      type: bool
      sample: true
"""


def vip_holder(facts: Any, vip: Any) -> dict[str, Any]:
    """See DOCUMENTATION. Raises AnsibleFilterError for input that is no dictionary and a VIP that is no address."""
    if not isinstance(facts, Mapping):
        raise AnsibleFilterError(
            f"vip_holder: expected a dictionary of host names to eucalyptus_vip facts, got {type(facts).__name__}"
        )
    try:
        return _vip.holder(facts, _vip.canonical(vip))
    except ValueError as e:
        raise AnsibleFilterError(f"vip_holder: vip: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"vip_holder": vip_holder}
