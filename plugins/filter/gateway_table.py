# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_table

DOCUMENTATION = r"""
name: gateway_table
version_added: 0.1.0
short_description: Verdicts on gateways as a table for a terminal
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - One line for each cluster, worst first, under a line that sums them up.
  - Below, each cluster that is not in order is told in full, with what to do and with what each host said. With at most three
    clusters all are.
  - Control characters in names and messages are replaced, so that they cannot play tricks on the terminal.
options:
  width:
    description: The number of columns, at least 40. Columns of the tables are cut to fit.
    type: int
    default: 100
extends_documentation_fragment:
  - eucalyptus.ha._verdicts
"""

EXAMPLES = r"""
- name: Show how the gateways are
  ansible.builtin.debug:
    msg: "{{ (clusters | eucalyptus.ha.gateway_verdict | eucalyptus.ha.gateway_table).splitlines() }}"
  vars:
    clusters:
      - name: one
        vip: 10.0.0.10
        hosts:
          cc1: {reachable: true, local_state: ENABLED, vip_fact: "{{ hostvars['cc1']['ansible_facts']['eucalyptus_vip'] }}"}
          cc2: {reachable: true, local_state: DISABLED, vip_fact: "{{ hostvars['cc2']['ansible_facts']['eucalyptus_vip'] }}"}
"""

RETURN = r"""
_value:
  description: The text, several lines, each ending in a line feed.
  type: str
"""


def gateway_table(verdicts: Any, width: Any = _status_table.DEFAULT_WIDTH) -> str:
    """See DOCUMENTATION. Raises AnsibleFilterError for input that is no verdicts."""
    try:
        return _status_table.render(verdicts, int(width))
    except (TypeError, ValueError) as e:
        raise AnsibleFilterError(f"gateway_table: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"gateway_table": gateway_table}
