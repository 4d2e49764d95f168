#!/usr/bin/python
# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: cc_service_info
version_added: 0.1.0
short_description: Query the state of a Eucalyptus cluster controller
description:
  - Queries one Cluster Controller (CC) with C(DescribeServices) for its services and the state of each, above all whether
    the CC itself is C(ENABLED), which is the active one of a pair.
  - The request is signed, the answer is verified, and neither takes longer than O(timeout).
  - B(This is not a pure read for the CC.) It replaces its view of the cloud's topology (the lists of enabled, disabled and not ready
    services) and its epoch by the values in the request, which this module leaves empty and zero. The next heartbeat
    of the cloud controller, every 10 to 20 seconds, restores them. Until then retried C(RunInstances), bundling and
    the VMware broker may see no topology. Do not query it more often than needed, and not in a loop. The state file, which
    the check of role P(eucalyptus.ha.cc_gateway#role) can read, has no such effect.
  - There is no lease. A CC that is cut off from its cloud controller keeps its last state, so both CCs of a pair can be
    C(ENABLED), and neither can.
  - Works on the control node (C(delegate_to=localhost)), where zeep and the keys usually are, as well as on the CC itself.
extends_documentation_fragment:
  - eucalyptus.ha._cc_connection
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
attributes:
  check_mode:
    details:
      - It queries the CC in check mode as well, with the side effects described above.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
notes:
  - A CC understands no other signatures than RSA with SHA-1. Enterprise Linux 9 forbids these by its crypto policy. Where
    xmlsec uses the system's OpenSSL, the module then fails with RV(ignore:reason=sha1_forbidden) and the fix.
  - Certificates outside their dates give a warning and no error, since neither the CC nor this module goes by dates.
    It compares certificates as a whole.
seealso:
  - module: eucalyptus.ha.vip_facts
  - name: Error messages of a cluster controller's answer
    description: Every answer that is rejected, and its error message.
    link: https://github.com/eucalyptus-ha/eucalyptus.ha/blob/main/docs/cc-error-messages.md
"""

EXAMPLES = r"""
- name: Query each cluster controller from the control node
  eucalyptus.ha.cc_service_info:
    host: "{{ ansible_host | default(inventory_hostname) }}"
    client_cert: /etc/eucalyptus-ha/cloud-cert.pem
    client_key: /etc/eucalyptus-ha/cloud-pk.pem
    cc_cert: "/etc/eucalyptus-ha/{{ inventory_hostname }}-cluster-cert.pem"
  delegate_to: localhost
  register: cc

- name: Fail unless this Cluster Controller is the active one
  ansible.builtin.assert:
    that: cc.enabled
    fail_msg: "It is {{ (cc.cluster | default({}, true)).local_state | default('unknown', true) }}"

- name: Query with keys from a vault
  eucalyptus.ha.cc_service_info:
    host: 2001:db8::11
    client_cert_content: "{{ vault_cloud_cert }}"
    client_key_content: "{{ vault_cloud_key }}"
    cc_cert_content: "{{ vault_cluster_cert }}"
    timeout: 3
  delegate_to: localhost
"""

RETURN = r"""
services:
  description: All services that the CC reports, in its order. From Eucalyptus 4 on there may be node controllers among them.
  returned: success
  type: list
  elements: dict
  contains:
    type:
      description: The type of service, V(cluster) for the CC itself, V(node) for a node controller.
      returned: success
      type: str
      sample: cluster
    partition:
      description: The partition of the cloud it belongs to.
      returned: success
      type: str
      sample: PARTI00
    name:
      description: Its name.
      returned: success
      type: str
      sample: CC_00
    uris:
      description: Its addresses.
      returned: success
      type: list
      elements: str
      sample: ["http://10.0.0.1:8774/axis2/services/EucalyptusCC"]
    local_state:
      description:
        - Its state. C(LOADED) (just initialised), C(DISABLED) (standby), C(ENABLED) (active), C(STOPPED), or C(NOTREADY)
          (failed its own check, or shut down).
      returned: success
      type: str
      sample: ENABLED
    local_epoch:
      description: Its epoch. A CC takes it from requests, so it has little value.
      returned: success
      type: int
      sample: 0
    details:
      description: What it adds.
      returned: success
      type: list
      elements: str
      sample: ["ERRORS=0"]
cluster:
  description:
    - The entry in RV(services) of the CC itself, the one of type V(cluster), or V(null) if it is missing.
      More than one is an error.
  returned: success
  type: dict
  sample:
    type: cluster
    partition: PARTI00
    name: CC_00
    uris: ["http://10.0.0.1:8774/axis2/services/EucalyptusCC"]
    local_state: ENABLED
    local_epoch: 0
    details: ["ERRORS=0"]
enabled:
  description: Whether the state of the CC itself is exactly C(ENABLED).
  returned: success
  type: bool
  sample: true
response_verified:
  description: Whether the answer was proven to be the CC's own, fresh answer to this request.
  returned: success
  type: bool
  sample: true
elapsed:
  description: Seconds from the beginning of the call to the end of its verification.
  returned: success
  type: float
  sample: 0.0142
reason:
  description:
    - Why it failed, for comparison, for instance V(timeout), V(refused), V(fault), V(foreign_signed).
    - The file C(docs/cc-error-messages.md) of the collection lists them.
  returned: failure, unless a Python library is missing
  type: str
  sample: foreign_signed
fault:
  description: The SOAP fault that the CC answered with.
  returned: failure with RV(reason=fault)
  type: dict
  contains:
    code:
      description: The fault code, a text. The prefix in it need not mean anything.
      returned: failure
      type: str
      sample: wsse:FailedCheck
    text:
      description: The fault text.
      returned: failure
      type: str
      sample: Timestamp is not valid
    http_status:
      description: The HTTP status it came with.
      returned: failure
      type: int
      sample: 500
    cause:
      description: The likely cause, which the text itself does not contain.
      returned: failure
      type: str
      sample: the clocks of this host and of the CC differ
http_status:
  description: The HTTP status of an answer that is rejected because of its status.
  returned: failure, with some values of RV(reason)
  type: int
  sample: 404
"""

from ansible.module_utils.basic import missing_required_lib
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_api import missing_library
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import CcError, CcOptionError
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_options import argument_spec, make_client
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(argument_spec=argument_spec(), supports_check_mode=True)
    missing = missing_library()
    if missing is not None:
        # A library can be installed but incompatible with others, which only the import shows.
        cause = missing[1].strip().splitlines()[-1]
        module.fail_json(msg='%s. The import failed with: %s' % (missing_required_lib(missing[0]).rstrip('.'), cause), exception=missing[1])
    client = None
    warnings = []
    try:
        client, warnings = make_client(module.params)
        result = client.describe_services()
    except CcError as exc:
        message = exc.message
        if client is not None and not isinstance(exc, CcOptionError):
            message = 'Cluster Controller %s: %s' % (client.address, message)
        if warnings:
            message = '%s. Beside: %s' % (message, '; '.join(warnings))
        module.fail_json(msg=message, reason=exc.reason, **exc.details)
    for warning in warnings:
        module.warn(warning)
    module.exit_json(changed=False, **result)


if __name__ == '__main__':
    main()
