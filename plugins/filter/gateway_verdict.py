# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _verdict, _verdict_evidence

DOCUMENTATION = r"""
name: gateway_verdict
version_added: 0.1.0
short_description: Whether the node controllers of a cluster have the right gateway, and what to do if not
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Joins what the cluster controllers say of their state, what their hosts say of the VIP, and what other hosts see, into one
    verdict with a sentence for people, an advice and a severity.
  - What is certainly wrong comes first, in the order V(split), V(absent), V(two_controllers_enabled), V(wrong_holder),
    V(no_controller_enabled). Then comes V(unknown). V(maintenance) and V(ok) are said only when everybody was asked and
    answered, but for what a host in maintenance does not say.
  - A host that could not be reached counts as one that may hold the VIP, whatever it said earlier.
  - A view in which two machines answer is V(split), even if the hosts' own facts do not show it. A view that names a host that
    itself says that it does not hold the VIP is V(unknown), for the VIP may have moved in between.
options:
  _input:
    description:
      - One cluster, or a list of clusters.
    type: raw
    required: true
    suboptions:
      name:
        description: The name of the cluster.
        type: str
        required: true
      vip:
        description: The VIP.
        type: str
        required: true
      hosts:
        description:
          - A dictionary of the names of the cluster controllers' hosts to what is known of each.
          - C(reachable) (bool), whether the host could be asked. C(local_state) (str or null), the C(localState) of its cluster
            controller, null if that could not be asked. C(state_source) and C(state_message) (str or null), from where, and what was
            said instead. C(vip_fact) (dict or null), its C(eucalyptus_vip) fact from M(eucalyptus.ha.vip_facts).
            C(keepalived_running) and C(maintenance) (bool or null), from the fact when not given.
            C(certificate_days_left) (number or null).
        type: dict
        required: true
      views:
        description:
          - A dictionary of the names of other hosts, as a rule node controllers, to what each saw. Either its whole
            C(eucalyptus_vip) fact, with a probe in it, or C(holders) (list of host names that answered), C(macs) (list of all
            MAC addresses that answered), C(foreign_macs) (those that belong to no cluster controller),
            C(unnamed_macs) and C(unnamed_may_be) (those without a name, and whose they may be) and
            C(error) (str or null, why it could not be asked).
          - A view with C(unsupported) (str) stands for a question that cannot be asked, as for an IPv6 VIP. It is only a warning.
        type: dict
        default: {}
  certificate_warning_days:
    description: Warn of a certificate that has fewer days left than this.
    type: float
    default: 30
seealso:
  - module: eucalyptus.ha.vip_facts
  - plugin: eucalyptus.ha.vip_holder
    plugin_type: filter
  - plugin: eucalyptus.ha.gateway_table
    plugin_type: filter
  - plugin: eucalyptus.ha.gateway_page
    plugin_type: filter
  - plugin: eucalyptus.ha.gateway_metrics
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Say whether the node controllers have their gateway
  ansible.builtin.debug:
    msg: "{{ (cluster | eucalyptus.ha.gateway_verdict).sentence }}"
  vars:
    cluster:
      name: one
      vip: 10.0.0.10
      hosts:
        cc1:
          reachable: true
          local_state: ENABLED
          vip_fact: "{{ hostvars['cc1']['ansible_facts']['eucalyptus_vip'] | default(none) }}"
        cc2:
          reachable: true
          local_state: DISABLED
          vip_fact: "{{ hostvars['cc2']['ansible_facts']['eucalyptus_vip'] | default(none) }}"
      views:
        nc1: "{{ hostvars['nc1']['ansible_facts']['eucalyptus_vip'] | default(none) }}"
"""

RETURN = r"""
_value:
  description: The verdict; for a list of clusters the list of verdicts in the same order.
  type: dict
  contains:
    cluster:
      description: The name of the cluster.
      type: str
      sample: one
    vip:
      description: The VIP in its canonical form.
      type: str
      sample: 10.0.0.10
    verdict:
      description:
        - V(ok), V(absent), V(split), V(wrong_holder), V(no_controller_enabled), V(two_controllers_enabled), V(maintenance) or
          V(unknown).
      type: str
      sample: ok
    severity:
      description:
        - V(0) ok, V(1) warning, V(2) critical, V(3) unknown, as monitoring plugins count.
        - V(ok) with warnings is V(1), V(maintenance) is V(1), V(unknown) is V(3), everything else is V(2).
      type: int
      sample: 0
    severity_name:
      description: The same as a word, V(ok), V(warning), V(critical) or V(unknown).
      type: str
      sample: ok
    sentence:
      description: What is the case and what it means for the node controllers.
      type: str
      sample: cc1 is ENABLED and holds 10.0.0.10, and nc1 sees it there. Node controllers have their gateway.
    advice:
      description: What to do.
      type: str
      sample: Nothing to do.
    holder:
      description: The one host that holds the VIP. V(null) when it is none, several, or not known.
      type: str
      sample: cc1
    holders:
      description: All hosts that hold it by their own word, or were seen answering while they could not be asked.
      type: list
      elements: str
      sample: [cc1]
    strangers:
      description: The MAC addresses that answered and certainly belong to none of the cluster controllers.
      type: list
      elements: str
      sample: []
    enabled:
      description: The hosts whose cluster controller is ENABLED.
      type: list
      elements: str
      sample: [cc1]
    maintenance:
      description: The hosts in maintenance.
      type: list
      elements: str
      sample: []
    rows:
      description:
        - One entry for each host and each view, C(kind) being V(controller) or V(view), with what it said. V(null) is what
          it did not say.
      type: list
      elements: dict
      sample:
        - kind: controller
          name: cc1
          reachable: true
          local_state: ENABLED
          held: true
          seen_by: [nc1]
    warnings:
      description: What else should be known, such as a certificate that expires soon.
      type: list
      elements: str
      sample: [the cloud's certificate on cc2 expires in 12 days]
"""


def gateway_verdict(clusters: Any, certificate_warning_days: Any = _verdict.CERTIFICATE_WARNING_DAYS) -> Any:
    """See DOCUMENTATION. Raises AnsibleFilterError, which names the cluster and the key, for input it does not take."""
    try:
        days = float(certificate_warning_days)
    except (TypeError, ValueError):
        raise AnsibleFilterError(
            f"gateway_verdict: certificate_warning_days must be a number, not {certificate_warning_days!r}"
        ) from None
    try:
        if isinstance(clusters, (list, tuple)):
            return [_verdict.judge(one, days) for one in clusters]
        return _verdict.judge(clusters, days)
    except _verdict_evidence.EvidenceError as e:
        raise AnsibleFilterError(f"gateway_verdict: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"gateway_verdict": gateway_verdict}
