# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_page

DOCUMENTATION = r"""
name: gateway_page
version_added: 0.1.0
short_description: Verdicts on gateways as an HTML page
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - One page that needs nothing else, no script and nothing from other places, light or dark as the reader's system is.
  - One line for each cluster, worst first, that unfolds to what each host said and what to do.
  - Every text is escaped. Every state has a word and a shape besides its colour.
positional: generated_at
options:
  generated_at:
    description:
      - When the gateways were looked at. Seconds since 1970, or a date and time as in ISO 8601, or any text, which is shown as it is.
    type: raw
    required: true
  title:
    description: The heading of the page.
    type: str
    default: Gateways of the node controllers
extends_documentation_fragment:
  - eucalyptus.ha._verdicts
"""

EXAMPLES = r"""
- name: Write the page
  ansible.builtin.copy:
    content: "{{ clusters | eucalyptus.ha.gateway_verdict | eucalyptus.ha.gateway_page(generated_at=now(utc=true).isoformat() ~ 'Z') }}"
    dest: /var/www/html/gateways.html
    mode: "0644"
  delegate_to: localhost
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
  description: The page.
  type: str
"""


def gateway_page(verdicts: Any, generated_at: Any, title: Any = _status_page.DEFAULT_TITLE) -> str:
    """See DOCUMENTATION. Raises AnsibleFilterError for input that is no verdicts, and without a time."""
    try:
        return _status_page.render(verdicts, generated_at, title or _status_page.DEFAULT_TITLE)
    except ValueError as e:
        raise AnsibleFilterError(f"gateway_page: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"gateway_page": gateway_page}
