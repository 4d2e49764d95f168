#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: gateway_status_info
version_added: 0.2.0
short_description: "[INTERNAL] Gather what the status report needs of one host"
description:
  - B(This is an internal tool of role cc_gateway_status.) It can change or go at any time. Use M(eucalyptus.ha.vip_facts) in your own
    plays.
  - Returns the VIPs of the host, and, of a cluster controller's host, the check as it is deployed, its answer and its certificate, in
    one visit.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  vips:
    description: The VIPs to search for.
    type: list
    elements: str
    required: true
  controller:
    description: The host is a cluster controller's.
    type: bool
    default: false
  query:
    description: Run the deployed check to query the cluster controller.
    type: bool
    default: true
  sources:
    description: The check's files in this version of the collection, names and SHA-256 sums.
    type: dict
    default: {}
  keepalived_conf:
    description: The configuration of keepalived.
    type: path
    default: /etc/keepalived/keepalived.conf
  preload_file:
    description: The cluster controller's iptables preload file, whose rules of the gateway should be in effect.
    type: path
  probe:
    description: Query by ARP who answers for the VIPs.
    type: bool
    default: false
  probe_timeout:
    description: Seconds to wait for answers.
    type: float
    default: 1.0
  candidates:
    description: The hosts that may hold the VIPs, as a dictionary of names to IPv4 addresses.
    type: dict
    default: {}
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
"""

EXAMPLES = r"""
- name: Inspect a cluster controller's host
  eucalyptus.ha.gateway_status_info:
    vips:
      - 10.0.0.10
    controller: true
  become: true
"""

RETURN = r"""
vip_fact:
  description: As the fact C(eucalyptus_vip) of M(eucalyptus.ha.vip_facts).
  returned: success
  type: dict
  sample: {vips: [{vip: 10.0.0.10, held: true}]}
connections:
  description: The state of conntrackd; V(null) where this collection has not set it up.
  returned: success
  type: dict
  sample: null
  contains:
    running:
      description: Whether it answers.
      returned: success
      type: bool
      sample: true
    synchronised:
      description: Whether something of the other host arrived within the 2.5 seconds that the module waited for it at most.
      returned: success
      type: bool
      sample: true
    age:
      description: Seconds until it arrived, V(null) when nothing did. The one before is no older.
      returned: success
      type: float
      sample: 0.6
    entries:
      description: The number of connections in the kernel.
      returned: success
      type: int
      sample: 1204
    own:
      description: Those of them that this host reports to the other.
      returned: success
      type: int
      sample: 1200
    liberal:
      description: Whether C(net.netfilter.nf_conntrack_tcp_be_liberal) is 1.
      returned: success
      type: bool
      sample: true
lock:
  description: The lock of a run that acts on the cluster, see M(eucalyptus.ha.run_lock); V(null) for none.
  returned: success
  type: dict
  sample: null
deployed:
  description: Whether the gateway is deployed here. V(null) where that is not known, and on hosts that are not a cluster controller's.
  returned: success
  type: bool
  sample: true
check:
  description: The check as it is deployed.
  returned: success
  type: dict
  sample: {installed: true, current: true, when_none_enabled: hold, port: 8774, user: eucalyptus}
  contains:
    program:
      description: Whether the program is there.
      returned: with O(controller=true)
      type: bool
      sample: true
    installed:
      description: Whether it is there and keepalived runs it.
      returned: with O(controller=true)
      type: bool
      sample: true
    current:
      description: Whether it is the one of this version of the collection.
      returned: with O(controller=true)
      type: bool
      sample: true
    argv:
      description: The command line in keepalived's configuration, empty where it is not there.
      returned: with O(controller=true)
      type: list
      elements: str
      sample: [/usr/bin/python3, -E, -s, -S, /usr/libexec/keepalived/cc-enabled-check, --source, state_file]
    user:
      description: The user that keepalived runs it as.
      returned: with O(controller=true)
      type: str
      sample: eucalyptus
    when_none_enabled:
      description: V(hold) with a weight, V(release) without.
      returned: with O(controller=true)
      type: str
      sample: hold
    port:
      description: The cluster controller's port.
      returned: with O(controller=true)
      type: int
      sample: 8774
answer:
  description: What the check printed, at least C(definite), C(local_state) and C(message).
  returned: success
  type: dict
  sample: {definite: true, local_state: ENABLED, message: ENABLED}
lost_rules:
  description: Rules of the gateway that are in O(preload_file) and not in effect. V(null) if the gateway has no rules there.
  returned: success
  type: list
  elements: str
  sample: []
firewalld:
  description: Whether firewalld runs although the gateway has rules of its own.
  returned: success
  type: bool
  sample: false
certificate:
  description: The certificate of the check's requests, V(null) where it uses none.
  returned: success
  type: dict
  sample: {path: /var/lib/eucalyptus/keys/cloud-cert.pem, days_left: 3649, error: null}
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _arp_probe, _gateway_host_status, _vip_facts
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            vips=dict(type="list", elements="str", required=True),
            controller=dict(type="bool", default=False),
            query=dict(type="bool", default=True),
            sources=dict(type="dict", default={}),
            keepalived_conf=dict(type="path", default="/etc/keepalived/keepalived.conf"),
            preload_file=dict(type="path"),
            probe=dict(type="bool", default=False),
            probe_timeout=dict(type="float", default=1.0),
            candidates=dict(type="dict", default={}),
        ),
        supports_check_mode=True,
    )
    try:
        found = _gateway_host_status.gather(module.params)
    except (_vip_facts.VipFactsError, _addresses.AddressError, _arp_probe.ProbeError) as e:
        module.fail_json(msg=str(e))
    module.exit_json(**found)


if __name__ == "__main__":
    main()
