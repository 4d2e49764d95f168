#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: client_keys_info
version_added: 0.1.0
short_description: Check a client key and certificate, and when it expires
description:
  - Checks the key and the certificate that sign requests to a cluster controller, C(cloud-pk.pem) and C(cloud-cert.pem).
  - Returns whether they can be read by the user that runs the check, belong to each other, are valid now, are the ones that the
    cluster controller has, and whether this host may make the SHA-1 signatures that a cluster controller demands.
  - Returns what it finds and fails only if it could not check. It changes nothing, and writes no key anywhere.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  client_key:
    description: The path of the private key, PEM.
    type: path
    default: /var/lib/eucalyptus/keys/cloud-pk.pem
  client_cert:
    description: The path of its certificate, PEM.
    type: path
    default: /var/lib/eucalyptus/keys/cloud-cert.pem
  own_cert:
    description: The path of the cluster controller's own copy of the certificate, which it compares requests with.
    type: path
    default: /var/lib/eucalyptus/keys/cloud-cert.pem
  user:
    description:
      - The user who has to be able to read the files. Whether it can is tried, by a process that becomes that user.
      - Without it, that is not checked.
    type: str
notes:
  - Needs the C(openssl) command on the host, and Python's standard library, from 2.7 on.
  - Usually needs root.
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
  - eucalyptus.ha._client_keys
"""

EXAMPLES = r"""
- name: Check the keys of this cluster controller
  eucalyptus.ha.client_keys_info:
    user: eucalyptus
  become: true
  register: keys

- name: Warn a month ahead
  ansible.builtin.debug:
    msg: "The cloud's certificate ends in {{ keys.certificate.days_left }} days"
  when: keys.certificate.days_left | default(0, true) < 30
"""

RETURN = r"""
openssl:
  description: The C(openssl) command that was used, V(null) if it is not installed. Then little else is known.
  returned: success
  type: str
  sample: /usr/bin/openssl
key:
  description: The private key.
  returned: success
  type: dict
  sample: {path: /var/lib/eucalyptus/keys/cloud-pk.pem, error: null, rsa: true}
  contains:
    path:
      description: Where it is, or is to be.
      returned: success
      type: str
      sample: /var/lib/eucalyptus/keys/cloud-pk.pem
    given:
      description: Whether the content was given, and not read from the file.
      returned: success
      type: bool
      sample: false
    error:
      description: Why it is of no use.
      returned: success
      type: str
      sample: null
    encrypted:
      description: Whether a passphrase is needed, which nobody can type in for the check.
      returned: success
      type: bool
      sample: false
    rsa:
      description: Whether it is an RSA key, the only kind that cluster controllers know.
      returned: success
      type: bool
      sample: true
    sha1_error:
      description: Why this host makes no SHA-1 signatures with it.
      returned: success
      type: str
      sample: null
    unreadable:
      description: Why the user cannot read the file.
      returned: success
      type: str
      sample: null
    others_can_read:
      description: Whether its mode lets everybody have it. V(null) without a file.
      returned: success
      type: bool
      sample: false
certificate:
  description: The certificate.
  returned: success
  type: dict
  sample: {path: /var/lib/eucalyptus/keys/cloud-cert.pem, error: null, days_left: 1204}
  contains:
    path:
      description: Where it is, or is to be.
      returned: success
      type: str
      sample: /var/lib/eucalyptus/keys/cloud-cert.pem
    given:
      description: Whether the content was given.
      returned: success
      type: bool
      sample: false
    error:
      description: Why it is of no use.
      returned: success
      type: str
      sample: null
    fingerprint:
      description: Its SHA-256 in hexadecimal.
      returned: success
      type: str
      sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    not_before:
      description: From when it is valid, UTC.
      returned: success
      type: str
      sample: "2026-01-01T00:00:00Z"
    not_after:
      description: Until when.
      returned: success
      type: str
      sample: "2036-01-01T00:00:00Z"
    days_left:
      description: Whole days until then; negative when that is over.
      returned: success
      type: int
      sample: 1204
    expired:
      description: Whether its time is over.
      returned: success
      type: bool
      sample: false
    early:
      description: Whether its time has not begun.
      returned: success
      type: bool
      sample: false
    unreadable:
      description: Why the user cannot read the file.
      returned: success
      type: str
      sample: null
match:
  description: Whether key and certificate belong to each other; V(null) when one of them is of no use.
  returned: success
  type: bool
  sample: true
own:
  description: The cluster controller's own copy.
  returned: success
  type: dict
  sample: {path: /var/lib/eucalyptus/keys/cloud-cert.pem, error: null, same: true}
  contains:
    path:
      description: Where it is.
      returned: success
      type: str
      sample: /var/lib/eucalyptus/keys/cloud-cert.pem
    error:
      description: Why it could not be compared.
      returned: success
      type: str
      sample: null
    fingerprint:
      description: Its SHA-256 in hexadecimal.
      returned: success
      type: str
      sample: 5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef
    same:
      description: Whether it is the certificate above; V(null) when that is not known.
      returned: success
      type: bool
      sample: true
user_error:
  description: Why nothing could be tried as O(user).
  returned: success
  type: str
  sample: null
deployed:
  description:
    - Whether the files have the contents given, belong to root and the group of O(user), and have mode 0640. V(null) when none were given.
  returned: success
  type: bool
  sample: null
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _client_keys
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            client_key=dict(type="path", no_log=False, default="/var/lib/eucalyptus/keys/cloud-pk.pem"),
            client_cert=dict(type="path", default="/var/lib/eucalyptus/keys/cloud-cert.pem"),
            client_key_content=dict(type="str", no_log=True),
            client_cert_content=dict(type="str"),
            own_cert=dict(type="path", default="/var/lib/eucalyptus/keys/cloud-cert.pem"),
            user=dict(type="str"),
        ),
        required_together=[("client_key_content", "client_cert_content")],
        supports_check_mode=True,
    )
    module.exit_json(**_client_keys.look(module.params))


if __name__ == "__main__":
    main()
