# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_metrics, _status_page, _status_table

DOCUMENTATION = r"""
name: gateway_report
version_added: 0.2.0
short_description: Format verdicts on gateways as a table, an HTML page or metrics
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Formats what P(eucalyptus.ha.gateway_verdict#filter) returns. The worst comes first.
  - V(table) is text for a terminal. Each cluster that is not ok is shown in full, with what to do and with each host; with at most
    three clusters all are. Control characters in names and messages are replaced.
  - V(page) is one HTML page that needs no other file, in light or dark colours as the reader's system has it, and readable on a
    phone. Every state has a text and a shape besides its colour.
  - V(metrics) is the text format of Prometheus, for the text file directory of its node exporter. All metrics are gauges. What is
    not known has no sample.
  - For each cluster there are C(eucalyptus_gateway_severity), C(_verdict) (1 for the verdict given, 0 for the others), C(_holders),
    C(_controllers_enabled) and C(_warnings).
  - For each host there are C(_host_reachable), C(_host_deployed), C(_host_holds_vip), C(_host_enabled),
    C(_host_keepalived_running), C(_host_maintenance), C(_host_certificate_days_left), and, where connections survive a failover,
    C(_host_connections_running), C(_host_connections_synchronised), C(_host_connections_entries) and C(_host_connections_age_seconds).
    For each host that queried by ARP there is C(_view_answers).
positional: format, generated_at
options:
  _input:
    description: A verdict of P(eucalyptus.ha.gateway_verdict#filter), or a list of them.
    type: raw
    required: true
  format:
    description: What to make of them.
    type: str
    choices: [table, page, metrics]
    default: table
  generated_at:
    description:
      - The time of the report. Seconds since 1970, or a date and time as in ISO 8601.
      - Required for V(page), which shows any other text as it is. With V(metrics) it becomes
        C(eucalyptus_gateway_report_timestamp_seconds), which shows how old a file is.
    type: raw
  title:
    description: The heading of the page.
    type: str
    default: Gateways of the node controllers
  width:
    description: The number of columns of the table, at least 40. Cells are cut to fit.
    type: int
    default: 100
seealso:
  - plugin: eucalyptus.ha.gateway_verdict
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Show how the gateways are
  ansible.builtin.debug:
    msg: "{{ (clusters | eucalyptus.ha.gateway_verdict | eucalyptus.ha.gateway_report).splitlines() }}"
  vars:
    clusters: &clusters
      - name: one
        vip: 10.0.0.10
        hosts:
          cc1: {reachable: true, local_state: ENABLED, vip_fact: "{{ hostvars['cc1']['ansible_facts']['eucalyptus_vip'] }}"}
          cc2: {reachable: true, local_state: DISABLED, vip_fact: "{{ hostvars['cc2']['ansible_facts']['eucalyptus_vip'] }}"}

- name: Write the page
  ansible.builtin.copy:
    content: "{{ clusters | eucalyptus.ha.gateway_verdict | eucalyptus.ha.gateway_report('page', now(utc=true).isoformat() ~ 'Z') }}"
    dest: /var/www/html/gateways.html
    mode: "0644"
  delegate_to: localhost
  vars:
    clusters: *clusters

- name: Write the metrics for Prometheus' node exporter
  ansible.builtin.copy:
    content: "{{ clusters | eucalyptus.ha.gateway_verdict | eucalyptus.ha.gateway_report('metrics', now(utc=true).isoformat() ~ 'Z') }}"
    dest: /var/lib/prometheus/node-exporter/eucalyptus_gateway.prom
    mode: "0644"
  delegate_to: localhost
  vars:
    clusters: *clusters
"""

RETURN = r"""
_value:
  description: The text, lines ending in a line feed.
  type: str
"""


def gateway_report(
    verdicts: Any,
    format: Any = "table",
    generated_at: Any = None,
    title: Any = _status_page.DEFAULT_TITLE,
    width: Any = _status_table.DEFAULT_WIDTH,
) -> str:
    """See DOCUMENTATION. Raises AnsibleFilterError for input that is not verdicts, and for options that do not fit."""
    formats: dict[str, Callable[[], str]] = {
        "table": lambda: _status_table.render(verdicts, int(width)),
        "page": lambda: _status_page.render(verdicts, generated_at, title or _status_page.DEFAULT_TITLE),
        "metrics": lambda: _status_metrics.render(verdicts, generated_at),
    }
    if format not in formats:
        raise AnsibleFilterError(f"gateway_report: format must be {', '.join(list(formats)[:-1])} or metrics (got {format!r})")
    try:
        return formats[format]()
    except (TypeError, ValueError) as e:
        raise AnsibleFilterError(f"gateway_report: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"gateway_report": gateway_report}
