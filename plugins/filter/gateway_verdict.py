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
short_description: Evaluate whether the node controllers of a cluster have the right gateway
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Combines the states of the cluster controllers, what their hosts report about the VIP, and what other hosts get as answers, into one
    verdict with a sentence, an advice and a severity.
  - What is certainly wrong comes first, in the order V(split), V(not_deployed), V(absent), V(two_controllers_enabled),
    V(wrong_holder), V(no_controller_enabled). Then comes V(unknown). The verdicts after it are only given if everything is known
    but what a host in maintenance does not report. They are V(no_standby) (the gateway works but could not fail over;
    also given if the state of the standby's controller is not known), V(certificate_expired), V(maintenance) and V(ok).
  - V(run_in_progress) replaces all others while a run of the collection holds the cluster's lock, since what is found then may be
    half done. A stale lock does not.
  - A host that could not be reached counts as one that may hold the VIP, whatever it reported earlier.
  - A view in which two machines answer is V(split), even if the hosts' own facts do not show it. A view that names a host that
    itself reports that it does not hold the VIP is V(unknown), for the VIP may have moved in between.
options:
  _input:
    description:
      - One cluster, or a list of clusters.
    type: raw
    required: true
    suboptions:
      name:
        description: The name of the cluster, which is its inventory group.
        type: str
        required: true
      vip:
        description: The VIP.
        type: str
        required: true
      hosts:
        description:
          - A dictionary of the names of the cluster controllers' hosts to what is known of each.
          - C(reachable) (bool), whether the host returned anything, C(error) (str or null), why not, and C(asked) (bool, default
            true), false for a host outside C(--limit).
          - C(local_state) (str or null), the C(localState) of its cluster controller, null if it is not known. C(state_source) and
            C(state_message) (str or null), from where, and why it is not known.
          - C(vip_fact) (dict or null), its C(eucalyptus_vip) fact from M(eucalyptus.ha.vip_facts). C(keepalived_running) and
            C(maintenance) (bool or null), from the fact when not given.
          - C(deployed) (bool or null), false where nothing of the gateway is deployed. C(check) (dict or null), with C(installed)
            (bool), C(current) (bool, whether the deployed check is the one of this version of the collection) and
            C(when_none_enabled) (V(hold) or V(release)).
          - C(certificate_days_left) (number or null), negative for an expired certificate.
          - C(lost_rules) (list or null), the gateway's firewall rules that are not in effect, as text.
            C(firewalld) (bool), whether firewalld runs although the gateway has rules of its own.
          - C(lock) (dict or null), the lock of a run that acts on the cluster, with C(what) (V(deploy), V(maintenance), V(drill),
            V(nc_route), V(remove) or any text), C(who) (str), C(since) (seconds since 1970, or text) and C(stale) (bool, whether
            its run is not at work any more).
          - C(connections) (dict or null), the state of conntrackd, as internal module gateway_status_info returns it.
        type: dict
        required: true
      views:
        description:
          - A dictionary of the names of other hosts, as a rule node controllers, to what each found. Either its whole
            C(eucalyptus_vip) fact, with a probe in it, or C(holders) (list of host names that answered), C(macs) (list of all MAC
            addresses that answered), C(foreign_macs) (those that belong to no cluster controller), C(unnamed_macs) and
            C(unnamed_may_be) (those that match no known host, and whose they may be), C(error) (str or null, why the query failed) and
            C(other_vip) (str or null, the address it was queried about instead).
          - A view with C(unsupported) (str) stands for a query that does not exist, as for an IPv6 VIP. It is only a note.
        type: dict
        default: {}
      not_asked:
        description: Why there are no views, for people.
        type: str
      keepalived_unit:
        description: The systemd unit of keepalived, for the advice.
        type: str
        default: keepalived
      certificate_warn_days:
        description: Warn of a certificate that has fewer days left than this.
        type: float
        default: 30
seealso:
  - module: eucalyptus.ha.vip_facts
  - plugin: eucalyptus.ha.vip_holder
    plugin_type: filter
  - plugin: eucalyptus.ha.gateway_report
    plugin_type: filter
"""

EXAMPLES = r"""
- name: Report whether the node controllers have their gateway
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
        - V(ok), V(maintenance), V(run_in_progress), V(no_standby), V(certificate_expired), V(absent), V(split), V(wrong_holder),
          V(no_controller_enabled), V(two_controllers_enabled), V(not_deployed) or V(unknown).
      type: str
      sample: ok
    severity_name:
      description:
        - V(ok), V(planned), V(warning), V(unknown) or V(critical), the least grave first.
        - V(maintenance) and V(run_in_progress) are V(planned), V(no_standby) and V(certificate_expired) are V(warning), V(unknown)
          is V(unknown), V(ok) is V(ok), everything else is V(critical). V(ok) and V(planned) become V(warning) where something
          needs attention.
      type: str
      sample: ok
    severity:
      description: The same as a number, as monitoring plugins count. V(0) ok or planned, V(1) warning, V(2) critical, V(3) unknown.
      type: int
      sample: 0
    sentence:
      description: The state of the gateway and its consequence for the node controllers.
      type: str
      sample: cc1 is ENABLED and holds 10.0.0.10, confirmed by nc1. Node controllers have their gateway.
    advice:
      description: What to do.
      type: str
      sample: Nothing to do.
    holder:
      description: The one host that holds the VIP. V(null) when no host or several hold it, or when it is not known.
      type: str
      sample: cc1
    holders:
      description: All hosts that hold it by their own facts, or answered for it while they could not be queried.
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
        - One entry for each host and each view, C(kind) being V(controller) or V(view), with what it reported. V(null) is what is
          not known.
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
      description: What else needs attention, beside the sentence. Each has C(text) and C(advice).
      type: list
      elements: dict
      sample:
        - text: the cloud's certificate on cc2 expires in 12 days
          advice: Renew it before then, on the cloud controller and on both cluster controllers.
    notes:
      description: What is good to know and no reason for an alarm, sentences.
      type: list
      elements: str
      sample: []
"""


def gateway_verdict(clusters: Any) -> Any:
    """See DOCUMENTATION. Raises AnsibleFilterError, which names the cluster and the key, for input that does not fit."""
    try:
        if isinstance(clusters, (list, tuple)):
            return [_verdict.judge(one) for one in clusters]
        return _verdict.judge(clusters)
    except _verdict_evidence.EvidenceError as e:
        raise AnsibleFilterError(f"gateway_verdict: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"gateway_verdict": gateway_verdict}
