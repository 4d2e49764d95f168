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
short_description: Gather which VIPs this host holds and which machines answer for them
description:
  - Returns one fact, C(ansible_facts['eucalyptus_vip']). It has for each VIP whether this host holds it, where and since
    when, what keepalived is doing here, and whether the host is in maintenance.
  - With O(probe=true), which any host of the network can do, it also queries by ARP who answers for the VIPs. More
    than one answer means split brain.
  - Addresses are compared exactly. V(10.0.0.10) is not V(10.0.0.100), and V(fd00::10) is V(FD00:0::10).
  - It changes nothing.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  vips:
    description:
      - The VIPs to search for. A prefix, as in V(10.0.0.10/32), is allowed and plays no role in the comparison.
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
      - Query by ARP which machines answer for the VIPs. IPv4 only.
      - Needs root, since it takes a raw socket (C(CAP_NET_RAW)).
      - "The request is an address probe as in RFC 5227, with the sender address 0.0.0.0, which no host
        caches. It is sent with a random, locally administered MAC address, so that the answers do not reach
        the neighbour cache of this host either. Only when nobody at all answers that, as in networks that filter MAC
        addresses, it is sent with the address of the interface, see C(asked_as) in the answers."
    type: bool
    default: false
  probe_interface:
    description:
      - The interface to send the ARP requests on.
      - By default the one whose network has the VIP, else the one that the route to it names.
    type: str
  probe_timeout:
    description:
      - How long to wait for answers, in seconds, more than 0 and at most 60. All of it is used, since a second
        answer means split brain.
    type: float
    default: 1.0
  candidates:
    description:
      - The hosts that may hold the VIPs, as a dictionary of names to IPv4 addresses. Their MAC addresses are queried
        in the same way, so that the holder has a name. Only with O(probe=true).
    type: dict
    default: {}
notes:
  - Uses Python's standard library only, from Python 2.7 on.
  - "To have the fact with every gathering of facts, set C(ansible_facts_modules: [ansible.builtin.setup, eucalyptus.ha.vip_facts])
    and, where an option is needed, C(module_defaults)."
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
  - eucalyptus.ha._attributes.facts
"""

EXAMPLES = r"""
- name: Gather which VIPs this cluster controller holds
  eucalyptus.ha.vip_facts:
  become: true

- name: Check whether this host holds a given VIP
  eucalyptus.ha.vip_facts:
    vips:
      - 10.0.0.10

- name: Query from a node controller who answers for the VIP
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
ansible_facts:
  description: The one fact.
  returned: always
  type: dict
  contains:
    eucalyptus_vip:
      description: What this host knows of the VIPs.
      returned: always
      type: dict
      contains:
        vips:
          description: One entry for each VIP, in the order of O(vips).
          returned: always
          type: list
          elements: dict
          sample:
            - vip: 10.0.0.10
              family: 4
              held: true
              state: held
              interface: eth0
              prefix: 32
              carrier: true
              interfaces: [eth0]
              since: "2026-11-22T14:40:05Z"
              since_epoch: 1795358405.12
              configured: true
              configured_interface: eth0
              configured_prefix: 32
              instance: eucalyptus
          contains:
            vip:
              description: The VIP in its canonical form, without prefix.
              returned: always
              type: str
              sample: 10.0.0.10
            family:
              description: V(4) or V(6).
              returned: always
              type: int
              sample: 4
            held:
              description: Whether this host has the address and uses it.
              returned: always
              type: bool
              sample: true
            state:
              description:
                - V(held), or why not. V(absent); V(tentative), being checked for a duplicate; V(dadfailed), another machine had it
                  first; V(interface_down).
              returned: always
              type: str
              sample: held
            interface:
              description: The interface that has the address, V(null) when none has.
              returned: always
              type: str
              sample: eth0
            prefix:
              description: The prefix length that the address has there.
              returned: always
              type: int
              sample: 32
            carrier:
              description: Whether that interface has a link.
              returned: always
              type: bool
              sample: true
            interfaces:
              description: All interfaces on which the address is in use. More than one is a mistake.
              returned: always
              type: list
              elements: str
              sample: [eth0]
            since:
              description:
                - Since when the address is here, by the kernel, in UTC, right to a second. For an address that is not here, since
                  when its VRRP instance is in its present state. V(null) when that is not recorded.
              returned: always
              type: str
              sample: "2026-11-22T14:40:05Z"
            since_epoch:
              description: The same in seconds since 1970.
              returned: always
              type: float
              sample: 1795358405.12
            configured:
              description: Whether O(keepalived_conf) has it in a VRRP instance.
              returned: always
              type: bool
              sample: true
            configured_interface:
              description: The interface it is configured for.
              returned: always
              type: str
              sample: eth0
            configured_prefix:
              description: The prefix length in the configuration, V(null) if it has none there.
              returned: always
              type: int
              sample: 32
            instance:
              description: The VRRP instance that has it.
              returned: always
              type: str
              sample: eucalyptus
        keepalived:
          description: What keepalived is doing here.
          returned: always
          type: dict
          sample:
            installed: true
            executable: /usr/sbin/keepalived
            version: 2.2.7
            running: true
            pid: 712
            since: "2026-11-20T08:00:11Z"
            configuration:
              path: /etc/keepalived/keepalived.conf
              exists: true
              readable: true
              error: null
              files: [/etc/keepalived/keepalived.conf]
            instances:
              - name: eucalyptus
                configured: true
                interface: eth0
                virtual_router_id: 45
                base_priority: 100
                vips: [10.0.0.10]
                recorded: true
                current: true
                state: MASTER
                last_state: MASTER
                priority: 200
                since: "2026-11-22T14:40:05Z"
                since_epoch: 1795358405.12
                previous: BACKUP
                reason: "cc_enabled: ENABLED"
            not_running: []
          contains:
            installed:
              description: Whether the program is there.
              returned: always
              type: bool
              sample: true
            executable:
              description: Where it is.
              returned: always
              type: str
              sample: /usr/sbin/keepalived
            version:
              description: Its version.
              returned: always
              type: str
              sample: 2.2.7
            running:
              description: Whether it runs. A keepalived in a container of this host does not count.
              returned: always
              type: bool
              sample: true
            pid:
              description: The process ID of its parent process.
              returned: always
              type: int
              sample: 712
            since:
              description: When that was started, in UTC.
              returned: always
              type: str
              sample: "2026-11-20T08:00:11Z"
            configuration:
              description: The file O(keepalived_conf).
              returned: always
              type: dict
              contains:
                path:
                  description: Its name.
                  returned: always
                  type: str
                  sample: /etc/keepalived/keepalived.conf
                exists:
                  description: Whether it is there, V(null) if that cannot be determined.
                  returned: always
                  type: bool
                  sample: true
                readable:
                  description: Whether it could be read. If not, nothing is known of what is configured.
                  returned: always
                  type: bool
                  sample: true
                error:
                  description: Why it could not be read though it may exist, and what to do.
                  returned: always
                  type: str
                  sample: null
                files:
                  description: All files read, those included as well.
                  returned: always
                  type: list
                  elements: str
                  sample: [/etc/keepalived/keepalived.conf]
            instances:
              description: The VRRP instances that are configured, and those that are not but have a state file.
              returned: always
              type: list
              elements: dict
              contains:
                name:
                  description: The name of the instance.
                  returned: always
                  type: str
                  sample: eucalyptus
                configured:
                  description: Whether O(keepalived_conf) has it.
                  returned: always
                  type: bool
                  sample: true
                interface:
                  description: The interface it is configured for.
                  returned: always
                  type: str
                  sample: eth0
                virtual_router_id:
                  description: Its virtual router ID.
                  returned: always
                  type: int
                  sample: 45
                base_priority:
                  description: The priority in the configuration, before any weight.
                  returned: always
                  type: int
                  sample: 100
                vips:
                  description: Its VIPs in their canonical form, the excluded ones (C(virtual_ipaddress_excluded)) as well.
                  returned: always
                  type: list
                  elements: str
                  sample: [10.0.0.10]
                recorded:
                  description: Whether the notify script has recorded a transition.
                  returned: always
                  type: bool
                  sample: true
                current:
                  description: Whether the keepalived that runs now recorded it.
                  returned: always
                  type: bool
                  sample: true
                state:
                  description: V(MASTER), V(BACKUP), V(FAULT), V(STOP) or V(DELETED). V(null) when it is not known, as when keepalived
                    does not run.
                  returned: always
                  type: str
                  sample: MASTER
                last_state:
                  description: The last recorded state, current or not.
                  returned: always
                  type: str
                  sample: MASTER
                priority:
                  description: The effective priority at the last transition.
                  returned: always
                  type: int
                  sample: 200
                since:
                  description: When the last transition was, in UTC.
                  returned: always
                  type: str
                  sample: "2026-11-22T14:40:05Z"
                since_epoch:
                  description: The same in seconds since 1970.
                  returned: always
                  type: float
                  sample: 1795358405.12
                previous:
                  description: The state before.
                  returned: always
                  type: str
                  sample: BACKUP
                reason:
                  description: What the notify script gives as the reason.
                  returned: always
                  type: str
                  sample: "cc_enabled: ENABLED"
            not_running:
              description: The instances that are configured while keepalived does not run.
              returned: always
              type: list
              elements: str
              sample: []
        maintenance:
          description: Whether O(maintenance_file) exists, V(null) if that cannot be determined.
          returned: always
          type: bool
          sample: false
        maintenance_reason:
          description: The first line of that file.
          returned: always
          type: str
          sample: new memory, ticket 4711
        problems:
          description: What could not be read or made no sense, one line each.
          returned: always
          type: list
          elements: str
          sample: []
        probe:
          description: Who answered, V(null) without O(probe).
          returned: always
          type: dict
          sample:
            timeout: 1.0
            candidates:
              - name: cc1
                address: 10.0.0.1
                self: false
                macs: ["52:54:00:00:00:01"]
              - name: cc2
                address: 10.0.0.2
                self: false
                macs: ["52:54:00:00:00:02"]
            answers:
              - vip: 10.0.0.10
                interface: eth0
                asked_as: private
                self: false
                self_name: null
                holders: [cc2]
                macs: ["52:54:00:00:00:02"]
                unnamed_macs: []
                unnamed_may_be: []
                foreign_macs: []
                virtual_mac: false
                state: held
                error: null
                unsupported: null
          contains:
            timeout:
              description: How long it waited, in seconds.
              returned: always
              type: float
              sample: 1.0
            candidates:
              description: The O(candidates) and the MAC addresses that answered for them.
              returned: always
              type: list
              elements: dict
              contains:
                name:
                  description: The name.
                  returned: always
                  type: str
                  sample: cc1
                address:
                  description: The address.
                  returned: always
                  type: str
                  sample: 10.0.0.1
                self:
                  description: Whether it is an address of this host.
                  returned: always
                  type: bool
                  sample: false
                macs:
                  description: The MAC addresses that answered, in the order of their answers.
                  returned: always
                  type: list
                  elements: str
                  sample: ["52:54:00:00:00:01"]
            answers:
              description: One entry for each VIP.
              returned: always
              type: list
              elements: dict
              contains:
                vip:
                  description: The VIP.
                  returned: always
                  type: str
                  sample: 10.0.0.10
                interface:
                  description: The interface on which the request was sent.
                  returned: always
                  type: str
                  sample: eth0
                asked_as:
                  description: V(private), in the name of a random MAC address, or V(own), in that of the interface.
                  returned: always
                  type: str
                  sample: private
                self:
                  description: Whether this host holds the VIP itself. Then it does not receive its own answer.
                  returned: always
                  type: bool
                  sample: false
                self_name:
                  description: The name that this host has among the candidates, if it holds the VIP itself.
                  returned: always
                  type: str
                  sample: null
                holders:
                  description: The candidates that answered.
                  returned: always
                  type: list
                  elements: str
                  sample: [cc2]
                macs:
                  description: All MAC addresses that answered, in the order of their answers.
                  returned: always
                  type: list
                  elements: str
                  sample: ["52:54:00:00:00:02"]
                unnamed_macs:
                  description:
                    - Those that may be a candidate's, because no candidates were given, one of them did not answer for itself, two
                      of them have it, or it is a virtual router's own address (C(use_vmac)), which all holders share.
                  returned: always
                  type: list
                  elements: str
                  sample: []
                unnamed_may_be:
                  description: The candidates that may be behind the unnamed ones. V(null) without candidates, when it may be anybody.
                  returned: always
                  type: list
                  elements: str
                  sample: []
                foreign_macs:
                  description: Those that certainly belong to none of the candidates.
                  returned: always
                  type: list
                  elements: str
                  sample: []
                virtual_mac:
                  description: Whether a virtual router's own address answered. Then a second holder cannot be seen.
                  returned: always
                  type: bool
                  sample: false
                state:
                  description: V(absent), V(held) by one machine, V(split) between several, V(null) when it was not queried.
                  returned: always
                  type: str
                  sample: held
                error:
                  description: Why it could not be queried.
                  returned: always
                  type: str
                  sample: null
                unsupported:
                  description: Why there is no such question. That is so for IPv6 VIPs.
                  returned: always
                  type: str
                  sample: null
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _arp_probe, _vip_facts
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
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
    except (_vip_facts.VipFactsError, _addresses.AddressError, _arp_probe.ProbeError) as e:
        module.fail_json(msg=str(e))
    module.exit_json(ansible_facts={"eucalyptus_vip": facts})


if __name__ == "__main__":
    main()
