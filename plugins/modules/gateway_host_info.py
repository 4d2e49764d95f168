#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: gateway_host_info
version_added: 0.1.0
short_description: Gather what is needed to deploy a gateway on this host
description:
  - Inspects everything on a host that a gateway depends on. It covers the check's user and interpreter, the keys, the
    cluster controller, the configuration of keepalived that is there, who answers for the VIP, and which VRRP routers send adverts.
  - Filter P(eucalyptus.ha.gateway_problems#filter) evaluates what it returns.
  - It changes nothing.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  gateways:
    description:
      - The gateways that this host is to have. A machine that answers for one of their VIPs and has none of their addresses is a conflict.
      - An IPv6 VIP is searched for on this host only, since a neighbour solicitation would leave an entry in caches.
    type: list
    elements: dict
    required: true
    suboptions:
      instance:
        description: The name of its VRRP instance.
        type: str
        required: true
      vip:
        description: Its VIP.
        type: str
        required: true
      interface:
        description: The interface to the node controllers.
        type: str
        required: true
      virtual_router_id:
        description: Its VRID.
        type: int
        required: true
      address:
        description: This host's own address on that interface.
        type: str
        required: true
      peers:
        description: The addresses of the other cluster controllers.
        type: list
        elements: str
        default: []
  listen_time:
    description:
      - How long to listen for adverts of other VRRP routers, in seconds, at most 60; V(0) for not at all.
      - A router with keepalived's defaults sends one each second.
      - It does not listen for gateways whose VRID keepalived already runs with, on their interface.
    type: float
    default: 2.2
  probe_timeout:
    description: Seconds to wait for ARP replies for the VIP, at most 60; V(0) to send no request.
    type: float
    default: 0.5
  keepalived_conf:
    description: The configuration of keepalived.
    type: path
    default: /etc/keepalived/keepalived.conf
  check_path:
    description: Where this collection's check is, or is to be. A configuration that runs it is the collection's own.
    type: path
    default: /usr/libexec/keepalived/cc-enabled-check
  auth_pass_sha256:
    description:
      - The SHA-256, in hexadecimal, of the password of VRRP version 2 that the configuration's is compared with.
      - Not the password itself. Ansible would blank its few characters wherever they stand in the result.
    type: str
  user:
    description: The user that runs the check.
    type: str
    default: eucalyptus
  python:
    description: The interpreter that the check runs with.
    type: path
    default: /usr/bin/python3
  cc_host:
    description: The address at which to check whether the cluster controller responds.
    type: str
    default: 127.0.0.1
  cc_port:
    description: Its TCP port.
    type: int
    default: 8774
  client_key:
    description: The path of the private key, PEM. If empty or absent, keys are not checked.
    type: path
  client_cert:
    description: The path of its certificate, PEM.
    type: path
  own_cert:
    description: The path of the cluster controller's own copy of the certificate, which it compares requests with.
    type: path
  preload_file:
    description: The file of rules for the packet filter that the cluster controller loads. Absent, it is not inspected.
    type: path
  outside_vip:
    description: The address that connections leave by. Absent, conntrackd and that address are not inspected.
    type: str
  outside_interface:
    description: Its interface.
    type: str
  check_program:
    description: The check as one text, which is not on the host yet.
    type: str
    default: ""
  check_runs:
    description: The arguments of each run of O(check_program), as O(user) and with O(python).
    type: list
    elements: list
    default: []
  programs:
    description: C(directories) and C(files) to compare with those of the host, as module M(eucalyptus.ha.program_files) takes them.
    type: dict
  rules:
    description: Rules to compare with those of the packet filter and of O(preload_file), as M(eucalyptus.ha.gateway_firewall) takes them.
    type: list
    elements: dict
  comment:
    description: The comment by which those rules are recognised.
    type: str
    default: eucalyptus.ha
notes:
  - Needs root, since it takes raw sockets and tries what O(user) can do.
  - Uses Python's standard library, from 2.7 on, and the C(openssl) command.
  - Unicast adverts between two other hosts, and VRRP routers in state BACKUP, are not detected.
seealso:
  - module: eucalyptus.ha.vip_facts
  - module: eucalyptus.ha.client_keys_info
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
  - eucalyptus.ha._client_keys
"""

EXAMPLES = r"""
- name: Inspect the host before anything is changed
  eucalyptus.ha.gateway_host_info:
    gateways:
      - instance: eucalyptus
        vip: 10.0.0.10
        interface: eth0
        virtual_router_id: 45
        address: 10.0.0.1
        peers: [10.0.0.2]
    client_key: /var/lib/eucalyptus/keys/cloud-pk.pem
    client_cert: /var/lib/eucalyptus/keys/cloud-cert.pem
  become: true
  register: found

- name: Show which VRRP routers there are
  ansible.builtin.debug:
    var: found.adverts
"""

RETURN = r"""
time:
  description: When the host was inspected, by its clock, in seconds since 1970.
  returned: success
  type: int
  sample: 1795358405
user:
  description: The user that runs the check.
  returned: success
  type: dict
  sample: {name: eucalyptus, exists: true, uid: 998, gid: 998, group_mates: []}
  contains:
    name:
      description: Its name.
      returned: success
      type: str
      sample: eucalyptus
    exists:
      description: Whether the host knows it.
      returned: success
      type: bool
      sample: true
    uid:
      description: Its number.
      returned: success
      type: int
      sample: 998
    gid:
      description: The number of its own group.
      returned: success
      type: int
      sample: 998
    group_mates:
      description: The other users in that group, but for root.
      returned: success
      type: list
      elements: str
      sample: []
python:
  description: The interpreter of the check.
  returned: success
  type: dict
  sample: {path: /usr/bin/python3, works: true, version: 3.11.2, message: null}
  contains:
    path:
      description: Where it is.
      returned: success
      type: str
      sample: /usr/bin/python3
    works:
      description: Whether the user can start it and it has what the check imports. V(null) when that could not be tried.
      returned: success
      type: bool
      sample: true
    version:
      description: Its version.
      returned: success
      type: str
      sample: 3.11.2
    message:
      description: Why it does not work.
      returned: success
      type: str
      sample: null
openssl:
  description: The C(openssl) command, V(null) if it is not installed.
  returned: success
  type: str
  sample: /usr/bin/openssl
client_keys:
  description: What M(eucalyptus.ha.client_keys_info) returns; V(null) without O(client_key).
  returned: success
  type: dict
  sample: {match: true}
cc:
  description: Whether the cluster controller responds.
  returned: success
  type: dict
  sample: {alive: true, message: 127.0.0.1 port 8774 answers}
  contains:
    alive:
      description: Whether its page of services names EucalyptusCC.
      returned: success
      type: bool
      sample: true
    message:
      description: What was found.
      returned: success
      type: str
      sample: 127.0.0.1 port 8774 answers
vips:
  description: The VIPs of the O(gateways), in their order.
  returned: success
  type: list
  elements: dict
  sample:
    - vip: 10.0.0.10
      instance: eucalyptus
      here: false
      interface: null
      configured: false
      answers: {state: absent, foreign_macs: []}
  contains:
    vip:
      description: The VIP.
      returned: success
      type: str
      sample: 10.0.0.10
    instance:
      description: Its VRRP instance.
      returned: success
      type: str
      sample: eucalyptus
    here:
      description: Whether this host has the address.
      returned: success
      type: bool
      sample: false
    interface:
      description: On which interface.
      returned: success
      type: str
      sample: null
    configured:
      description: Whether O(keepalived_conf) has it in a VRRP instance.
      returned: success
      type: bool
      sample: false
    answers:
      description:
        - Who answers for it, as in the C(probe) of M(eucalyptus.ha.vip_facts), and in C(silent) the addresses of the pair
          that did not answer. V(null) if no request was sent.
      returned: success
      type: dict
      sample: {state: absent, holders: [], foreign_macs: [], unnamed_macs: [], silent: [], error: null}
connections:
  description: The O(outside_vip), and conntrackd; V(null) without O(outside_vip).
  returned: success
  type: dict
  sample: null
  contains:
    vip:
      description: The address.
      returned: success
      type: str
      sample: 192.0.2.9
    instance:
      description: Empty.
      returned: success
      type: str
      sample: ""
    here:
      description: Whether this host has the address.
      returned: success
      type: bool
      sample: false
    interface:
      description: On which interface.
      returned: success
      type: str
      sample: null
    configured:
      description: Whether O(keepalived_conf) has it in a VRRP instance.
      returned: success
      type: bool
      sample: false
    loaded:
      description: Whether keepalived runs with such a configuration.
      returned: success
      type: bool
      sample: false
    answers:
      description: Who answers for it, as in RV(vips).
      returned: success
      type: dict
      sample: null
    version:
      description: The release of conntrackd, V(null) when it is not installed.
      returned: success
      type: str
      sample: 1.4.7
    package:
      description: The name of its package on this host.
      returned: success
      type: str
      sample: conntrackd
    candidate:
      description: Whether it is installed or the package sources have it. V(null) when that is not known.
      returned: success
      type: bool
      sample: true
    foreign_conf:
      description: The configuration of another synchronisation by conntrackd.
      returned: success
      type: str
      sample: null
    applied:
      description: The checksum of the configuration that conntrackd was started with, empty when it is not this collection's.
      returned: success
      type: str
      sample: ""
keepalived:
  description: The configuration of keepalived that is there.
  returned: success
  type: dict
  sample: {kind: none, running: false, reasons: [], files: [], scripts: {}, instances: [], error: null}
  contains:
    kind:
      description:
        - V(none); V(ours), written by this collection; V(article), the manual keepalived setup (EUCA-2412) that this collection replaces;
          V(other), anybody else's.
      returned: success
      type: str
      sample: none
    reasons:
      description: By what the manual keepalived setup (EUCA-2412) was recognised.
      returned: success
      type: list
      elements: str
      sample: []
    running:
      description: Whether keepalived runs.
      returned: success
      type: bool
      sample: false
    error:
      description: Why the configuration could not be read.
      returned: success
      type: str
      sample: null
    files:
      description: The files that a backup should hold, configuration and scripts.
      returned: success
      type: list
      elements: str
      sample: [/etc/keepalived/keepalived.conf]
    scripts:
      description: The commands of its C(vrrp_script) blocks, by their names.
      returned: success
      type: dict
      sample: {}
    instances:
      description: Its VRRP instances, without passwords.
      returned: success
      type: list
      elements: dict
      sample: []
      contains:
        name:
          description: The name of the instance.
          returned: success
          type: str
          sample: eucalyptus
        state:
          description: The state it begins in, V(null) when none is set.
          returned: success
          type: str
          sample: BACKUP
        interface:
          description: Its interface.
          returned: success
          type: str
          sample: eth0
        virtual_router_id:
          description: Its VRID, V(null) when that is no number.
          returned: success
          type: int
          sample: 45
        version:
          description: The VRRP version.
          returned: success
          type: int
          sample: 2
        advert_interval:
          description: Seconds between its adverts.
          returned: success
          type: float
          sample: 1.0
        vips:
          description: Its VIPs in their canonical form, the excluded ones as well.
          returned: success
          type: list
          elements: str
          sample: [10.0.0.10]
        excluded:
          description: Those of them that its adverts leave out.
          returned: success
          type: list
          elements: str
          sample: []
        peers:
          description: The addresses that it sends to. With none it uses multicast.
          returned: success
          type: list
          elements: str
          sample: [10.0.0.2]
        auth_type:
          description: The kind of authentication, V(null) for none.
          returned: success
          type: str
          sample: PASS
        same_auth_pass:
          description: Whether its password has the hash O(auth_pass_sha256), V(null) without authentication.
          returned: success
          type: bool
          sample: true
        track_scripts:
          description: The scripts it tracks.
          returned: success
          type: list
          elements: str
          sample: [cc_enabled]
        article:
          description: Whether it is part of the manual keepalived setup (EUCA-2412) that this collection replaces.
          returned: success
          type: bool
          sample: false
adverts:
  description: The VRRP routers whose adverts were received, V(null) if they were not listened for.
  returned: success
  type: list
  elements: dict
  sample:
    - interface: eth0
      source: 10.0.0.254
      destination: 224.0.0.18
      family: 4
      version: 2
      virtual_router_id: 45
      priority: 100
      advert_interval: 1.0
      authentication: false
      addresses: [10.0.0.253]
      count: 2
  contains:
    interface:
      description: The interface on which its adverts were received.
      returned: success
      type: str
      sample: eth0
    source:
      description: The router's address.
      returned: success
      type: str
      sample: 10.0.0.254
    destination:
      description: Where it sends to, the multicast group or this host.
      returned: success
      type: str
      sample: 224.0.0.18
    family:
      description: V(4) or V(6).
      returned: success
      type: int
      sample: 4
    version:
      description: The VRRP version.
      returned: success
      type: int
      sample: 2
    virtual_router_id:
      description: Its VRID.
      returned: success
      type: int
      sample: 45
    priority:
      description: Its effective priority.
      returned: success
      type: int
      sample: 100
    advert_interval:
      description: Seconds between its adverts, as announced.
      returned: success
      type: float
      sample: 1.0
    authentication:
      description: Whether it uses the authentication of version 2.
      returned: success
      type: bool
      sample: false
    addresses:
      description: The addresses of its virtual router.
      returned: success
      type: list
      elements: str
      sample: [10.0.0.253]
    count:
      description: How many adverts were received.
      returned: success
      type: int
      sample: 2
preload_error:
  description: Why O(preload_file) cannot be read and written safely.
  returned: success
  type: str
  sample: null
check_answers:
  description: What each of the O(check_runs) printed, with C(definite), C(local_state) and C(message) at least.
  returned: success
  type: list
  elements: dict
  sample: []
programs_differ:
  description: The paths of those of O(programs) that are not as wanted. V(null) without O(programs), or if they cannot be compared.
  returned: success
  type: list
  elements: str
  sample: []
rules_differ:
  description: Whether the rules are other ones than O(rules). V(null) without O(rules), or if they cannot be compared.
  returned: success
  type: bool
  sample: false
listen_error:
  description: Why nobody could listen.
  returned: success
  type: str
  sample: null
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _gateway_host, _packet_filter
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            gateways=dict(
                type="list",
                elements="dict",
                required=True,
                options=dict(
                    instance=dict(type="str", required=True),
                    vip=dict(type="str", required=True),
                    interface=dict(type="str", required=True),
                    virtual_router_id=dict(type="int", required=True),
                    address=dict(type="str", required=True),
                    peers=dict(type="list", elements="str", default=[]),
                ),
            ),
            listen_time=dict(type="float", default=2.2),
            probe_timeout=dict(type="float", default=0.5),
            keepalived_conf=dict(type="path", default="/etc/keepalived/keepalived.conf"),
            check_path=dict(type="path", default="/usr/libexec/keepalived/cc-enabled-check"),
            auth_pass_sha256=dict(type="str", no_log=False),
            user=dict(type="str", default="eucalyptus"),
            python=dict(type="path", default="/usr/bin/python3"),
            cc_host=dict(type="str", default="127.0.0.1"),
            cc_port=dict(type="int", default=8774),
            client_key=dict(type="path", no_log=False),
            client_cert=dict(type="path"),
            client_key_content=dict(type="str", no_log=True),
            client_cert_content=dict(type="str"),
            own_cert=dict(type="path"),
            preload_file=dict(type="path"),
            outside_vip=dict(type="str"),
            outside_interface=dict(type="str"),
            check_program=dict(type="str", default=""),
            check_runs=dict(type="list", elements="list", default=[]),
            programs=dict(type="dict"),
            rules=dict(type="list", elements="dict"),
            comment=dict(type="str", default=_packet_filter.COMMENT),
        ),
        required_together=[("client_key", "client_cert"), ("client_key_content", "client_cert_content")],
        supports_check_mode=True,
    )
    listen_time = module.params["listen_time"]
    if not 0 <= listen_time <= _gateway_host.LISTEN_LIMIT:
        module.fail_json(msg="listen_time must be from 0 to %d seconds, not %s" % (_gateway_host.LISTEN_LIMIT, listen_time))
    try:
        found = _gateway_host.look(module.params)
    except _addresses.AddressError as e:
        module.fail_json(msg=str(e))
    module.exit_json(**found)


if __name__ == "__main__":
    main()
