# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_metrics

DOCUMENTATION = r"""
name: gateway_metrics
version_added: 0.1.0
short_description: Verdicts on gateways as metrics for Prometheus
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - The text format that Prometheus' node exporter reads from its text file directory.
  - For each cluster C(eucalyptus_gateway_severity), C(_verdict) (1 for the one given, 0 for the others), C(_holders),
    C(_controllers_enabled) and C(_warnings). For each host C(_host_reachable), C(_host_holds_vip), C(_host_enabled),
    C(_host_keepalived_running), C(_host_maintenance) and C(_host_certificate_days_left). For each host that was asked
    whom it sees C(_view_answers). All are gauges.
  - What is not known has no sample.
options:
  generated_at:
    description:
      - When the gateways were looked at, in seconds since 1970 or as in ISO 8601 with a time zone. It becomes
        C(eucalyptus_gateway_report_timestamp_seconds), which tells an old file from a new one.
    type: raw
extends_documentation_fragment:
  - eucalyptus.ha._verdicts
"""

EXAMPLES = r"""
- name: Hand the verdicts to Prometheus' node exporter
  ansible.builtin.copy:
    content: "{{ clusters | eucalyptus.ha.gateway_verdict | eucalyptus.ha.gateway_metrics(generated_at=now(utc=true).isoformat() ~ 'Z') }}"
    dest: /var/lib/prometheus/node-exporter/eucalyptus_gateway.prom
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
  description: The text.
  type: str
"""


def gateway_metrics(verdicts: Any, generated_at: Any = None) -> str:
    """See DOCUMENTATION. Raises AnsibleFilterError for input that is no verdicts."""
    try:
        return _status_metrics.render(verdicts, generated_at)
    except ValueError as e:
        raise AnsibleFilterError(f"gateway_metrics: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"gateway_metrics": gateway_metrics}
