#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: vip_facts
version_added: 0.1.0
short_description: Which virtual IP addresses this host holds, and whom it sees answering for them
description:
  - Returns one fact, C(ansible_facts['eucalyptus_vip']). It tells for each VIP whether this host holds it, where and since
    when, what keepalived is doing here, and whether the host is in maintenance.
  - With O(probe=true), which any host of the network can do, it also asks by ARP who answers for the VIPs. More
    than one answer is split brain, seen by those who suffer from it.
  - Addresses are compared exactly. V(10.0.0.10) is not V(10.0.0.100), and V(fd00::10) is V(FD00:0::10).
  - It reads and asks, and changes nothing.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  vips:
    description:
      - The VIPs to look for. A prefix, as in V(10.0.0.10/32), is allowed and plays no role in the comparison.
        V(fe80::10%eth0) is the address on that interface only.
      - Without it, or when it is empty, those that O(keepalived_conf) configures.
    type: list
    elements: str
  keepalived_conf:
    description:
      - The configuration of keepalived. Its C(include) files are read as well.
      - Usually only root may read it.
    type: path
    default: /etc/keepalived/keepalived.conf
  state_dir:
    description:
      - The directory in which the notify script of role P(eucalyptus.ha.cc_gateway#role) keeps one file for each
        VRRP instance.
    type: path
    default: /run/eucalyptus-ha
  maintenance_file:
    description:
      - The host is in maintenance while this file exists.
    type: path
    default: /etc/eucalyptus-ha/maintenance
  probe:
    description:
      - Ask by ARP who answers for the VIPs. IPv4 only.
      - Needs root, since it takes a raw socket (C(CAP_NET_RAW)).
      - "The question is an address probe as in RFC 5227, with the sender address 0.0.0.0, from which no host learns
        anything. It is asked in the name of a random, locally administered MAC address, so that the answers do not reach
        the neighbour cache of this host either. Only when nobody at all answers that, as in networks that filter MAC
        addresses, it is asked in the name of the interface, see RV(ignore:eucalyptus_vip.probe.asked_as)."
    type: bool
    default: false
  probe_interface:
    description:
      - The interface to ask on.
      - By default the one whose network has the VIP, else the one that the route to it names.
    type: str
  probe_timeout:
    description:
      - How long to wait for answers, in seconds, more than 0 and at most 60. All of it is used, since a second
        answer is what one is afraid of.
    type: float
    default: 1.0
  candidates:
    description:
      - The hosts that may hold the VIPs, as a dictionary of names to IPv4 addresses. They are asked for their MAC addresses
        in the same way, so that the holder has a name. Only with O(probe=true).
    type: dict
    default: {}
notes:
  - Uses Python's standard library only, from Python 2.7 on.
  - "To have the fact with every gathering of facts, set C(ansible_facts_modules: [ansible.builtin.setup, eucalyptus.ha.vip_facts])
    and, where an option is needed, C(module_defaults)."
attributes:
  check_mode:
    description: Can run in check mode and return what it would without it.
    support: full
  diff_mode:
    description: Returns details of what has changed, in diff mode.
    support: N/A
    details: Nothing is changed.
  facts:
    description: Returns an C(ansible_facts) dictionary that updates existing facts of the host.
    support: full
  platform:
    description: The platforms it runs on.
    support: full
    platforms: Linux
"""

EXAMPLES = r"""
- name: Learn which VIPs this cluster controller holds
  eucalyptus.ha.vip_facts:
  become: true

- name: Learn whether this host holds a given VIP
  eucalyptus.ha.vip_facts:
    vips:
      - 10.0.0.10

- name: Ask from a node controller who answers for the VIP
  eucalyptus.ha.vip_facts:
    vips:
      - 10.0.0.10
    probe: true
    candidates:
      cc1: 10.0.0.1
      cc2: 10.0.0.2
  become: true

- name: Gather the fact together with all others
  hosts: cluster_controllers
  become: true
  vars:
    ansible_facts_modules:
      - ansible.builtin.setup
      - eucalyptus.ha.vip_facts
  module_defaults:
    eucalyptus.ha.vip_facts:
      vips:
        - 10.0.0.10
  tasks:
    - name: Show who we are
      ansible.builtin.debug:
        var: ansible_facts['eucalyptus_vip']['vips'][0]['held']
"""

RETURN = r"""
"""

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _vip_facts


def main():
    module = AnsibleModule(
        argument_spec=dict(
            vips=dict(type="list", elements="str"),
            keepalived_conf=dict(type="path", default="/etc/keepalived/keepalived.conf"),
            state_dir=dict(type="path", default="/run/eucalyptus-ha"),
            maintenance_file=dict(type="path", default="/etc/eucalyptus-ha/maintenance"),
            probe=dict(type="bool", default=False),
            probe_interface=dict(type="str"),
            probe_timeout=dict(type="float", default=1.0),
            candidates=dict(type="dict", default={}),
        ),
        supports_check_mode=True,
    )
    try:
        facts = _vip_facts.gather(module.params)
    except (_vip_facts.VipFactsError, _addresses.AddressError) as e:
        module.fail_json(msg=str(e))
    module.exit_json(ansible_facts={"eucalyptus_vip": facts})


if __name__ == "__main__":
    main()
