# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_text import plain
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _drill

DOCUMENTATION = r"""
name: drill_report
version_added: 0.1.0
short_description: "[INTERNAL] Evaluate the recordings of a rehearsed failover against limits"
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role drill.) It can change or go at any time.
  - Joins what the cluster controllers' hosts and an observer recorded during a drill into one report. See role
    P(eucalyptus.ha.drill#role), which makes the recordings.
  - Times of other hosts are put on the observer's clock by the offsets that it measured.
options:
  _input:
    description: What was recorded.
    type: dict
    required: true
    suboptions:
      cluster:
        description: The name of the cluster.
        type: str
        required: true
      vip:
        description: The VIP in its canonical form, without prefix.
        type: str
        required: true
      trigger:
        description: What provoked the failover.
        type: str
        required: true
      holder:
        description: The host that held the VIP before.
        type: str
        required: true
      observer:
        description: The observer.
        type: str
        required: true
      addresses:
        description: The names of the hosts, and C(control node), to the addresses in C(view.clocks).
        type: dict
        required: true
      macs:
        description: MAC addresses, in lower case, to the names of the hosts.
        type: dict
      hosts:
        description: The names of the cluster controllers' hosts to what M(eucalyptus.ha.vip_moves_info) returned there, or null.
        type: dict
        required: true
      view:
        description: What M(eucalyptus.ha.reachability_info) returned on the observer. The target named C(VIP) is the VIP.
        type: dict
        required: true
      log:
        description: The names of hosts to the lines of keepalived's journal there, as C(journalctl -o short-unix) writes them.
        type: dict
      triggered:
        description: The moment of the trigger, as C(at) (seconds since 1970) and C(clock) (whose clock). Null if nobody recorded it.
        type: dict
      restored:
        description: The moment from which everything was as before, in the same form.
        type: dict
      limits:
        description:
          - Seconds that are allowed, by name. C(takeover), until the new host has the VIP. C(gap) and C(gap_beyond), the longest
            silence of the VIP and of what is beyond the gateway. C(overlap), with two holders.
          - V(0) and an empty one are no limit.
        type: dict
seealso:
  - module: eucalyptus.ha.vip_moves_info
  - module: eucalyptus.ha.reachability_info
"""

EXAMPLES = r"""
# recorded is what the example of module vip_moves_info registers, recording that of module reachability_info, once it is done.
- name: Report the result of the drill
  ansible.builtin.debug:
    msg: "{{ (drill | eucalyptus.ha.drill_report).lines }}"
  vars:
    drill:
      cluster: eucalyptus_cc
      vip: 10.0.0.10
      trigger: maintenance
      holder: cc1
      observer: nc1
      addresses: {cc1: 10.0.0.1, cc2: 10.0.0.2}
      hosts:
        cc1: "{{ hostvars['cc1']['recorded'] }}"
        cc2: "{{ hostvars['cc2']['recorded'] }}"
      view: "{{ hostvars['nc1']['recording'] }}"
      limits: {takeover: 2.7, gap: 0.5}
"""

RETURN = r"""
_value:
  description: The report. Times are seconds after the trigger, lengths are seconds.
  type: dict
  contains:
    passed:
      description: Whether another host took the VIP over and every limit was kept.
      type: bool
      sample: true
    sentence:
      description: The verdict; by how much each limit was missed.
      type: str
      sample: "The drill passed: 10.0.0.10 went from cc1 to cc2 in 0.09 s, and every limit was kept."
    lines:
      description: The whole report for people.
      type: list
      elements: str
    cluster:
      description: The name of the cluster.
      type: str
      sample: eucalyptus_cc
    vip:
      description: The VIP.
      type: str
      sample: 10.0.0.10
    trigger:
      description: What provoked the failover.
      type: str
      sample: maintenance
    observer:
      description: The observer.
      type: str
      sample: nc1
    when:
      description: When it was provoked, by the observer's clock, in UTC.
      type: str
      sample: "2026-11-22T14:40:05Z"
    since:
      description: The same in seconds since 1970. Without a recorded trigger, the first sign of it.
      type: float
      sample: 1795358405.12
    from:
      description: The host that held the VIP before.
      type: str
      sample: cc1
    to:
      description: The host that took it over. V(null) if none did.
      type: str
      sample: cc2
    detection:
      description: When keepalived first logged a failure. V(null) if its log does not show one.
      type: float
      sample: 0.91
    takeover:
      description: When the new host had the VIP. V(null) if none came to have it.
      type: float
      sample: 1.22
    released:
      description: When the old host had it no longer.
      type: float
      sample: 1.223
    overlap:
      description: For how long two hosts had it.
      type: float
      sample: 0.003
    absent:
      description: For how long no host had it.
      type: float
      sample: 0.0
    targets:
      description: For each target how many probes were sent and lost, and the longest time without an answer.
      type: list
      elements: dict
      sample: [{"name": VIP, "sent": 120, "lost": 1, "longest_gap": 0.05}]
    back:
      description:
        - C(overlap), C(absent) and C(targets) of the way back. C(since), its beginning in seconds since 1970. C(returned), after how
          many seconds the old host had the VIP again.
        - V(null) if there was none.
      type: dict
      sample: {"since": 1795358412.4, "returned": 0.31, "overlap": 0.0, "absent": 0.004, "targets": []}
    limits:
      description: For each limit what was measured, whether it was met, and by how much it was exceeded.
      type: list
      elements: dict
      sample: [{"name": takeover, "limit": 2.7, "measured": 1.22, "met": true, "by": -1.48}]
    timeline:
      description: Who had the VIP when.
      type: list
      elements: dict
      sample: [{"begin": -3.0, "end": 1.22, "holders": [cc1]}]
    events:
      description: The lines of keepalived's log that show that it detected a failure.
      type: list
      elements: dict
      sample: [{"at": 0.91, "host": cc1, "text": "(eucalyptus) Entering FAULT STATE"}]
    answers:
      description: The periods in which a machine answered the observer for the VIP. C(host) is its MAC address if it has no name.
      type: list
      elements: dict
      sample: [{"host": cc1, "begin": -3.0, "end": 1.22}]
    clock_uncertainty:
      description: By how many seconds times of other hosts may be wrong.
      type: float
      sample: 0.0012
    notes:
      description: What is uncertain about the figures.
      type: list
      elements: str
      sample: []
"""


def drill_report(recording: Any) -> dict[str, Any]:
    """See DOCUMENTATION. Raises AnsibleFilterError, which names what is missing."""
    if not isinstance(recording, Mapping):
        raise AnsibleFilterError(f"drill_report: expected a dictionary, got {type(recording).__name__}")
    try:
        # The log has lines that others may have written.
        report: dict[str, Any] = plain(_drill.report(recording))
        return report
    except _drill.DrillError as e:
        raise AnsibleFilterError(f"drill_report: {e}") from e


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {"drill_report": drill_report}
