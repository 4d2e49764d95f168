#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: gateway_settings_info
version_added: 0.2.0
short_description: "[INTERNAL] Gather what the settings of a gateway are derived from"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Reads C(eucalyptus.conf), lists the interfaces with their addresses, and finds the interpreter that the check runs with.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  root:
    description: The C(EUCALYPTUS) directory of the installation.
    type: path
    default: /
  programs:
    description: Programs to search for.
    type: list
    elements: path
    default: []
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
"""

EXAMPLES = r"""
- name: Gather what the settings are derived from
  eucalyptus.ha.gateway_settings_info:
  become: true
"""

RETURN = r"""
conf:
  description: The settings in C(eucalyptus.conf).
  returned: success
  type: dict
  sample: {VNET_MODE: MANAGED-NOVLAN}
conf_files:
  description: The files that were read.
  returned: success
  type: list
  elements: str
  sample: [/etc/eucalyptus/eucalyptus.conf]
interfaces:
  description: Addresses with their prefixes, by interface.
  returned: success
  type: dict
  sample: {eth0: [10.0.0.1/24]}
python:
  description: The interpreter that the check runs with.
  returned: success
  type: str
  sample: /usr/bin/python3
missing:
  description: Those of the O(programs) that are not there.
  returned: success
  type: list
  elements: str
  sample: []
is_root:
  description: Whether the module ran as root.
  returned: success
  type: bool
  sample: true
keepalived_version:
  description: The release of keepalived, empty when it is not installed.
  returned: success
  type: str
  sample: 2.2.7
firewalld:
  description: Whether firewalld is running.
  returned: success
  type: bool
  sample: false
default_interface:
  description: The interface of the IPv4 default route, empty if there is no default route.
  returned: success
  type: str
  sample: eth1
connections_deployed:
  description: Whether this collection has set up conntrackd on the host.
  returned: success
  type: bool
  sample: false
systemd:
  description: Whether the host runs systemd.
  returned: success
  type: bool
  sample: true
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _gateway_facts, _safe_files
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            root=dict(type="path", default="/"),
            programs=dict(type="list", elements="path", default=[]),
        ),
        supports_check_mode=True,
    )
    try:
        module.exit_json(changed=False, **_gateway_facts.gather(module.params["root"], module.params["programs"]))
    except (_addresses.AddressError, _safe_files.FileError) as error:
        module.fail_json(msg=str(getattr(error, "strerror", None) or error))


if __name__ == "__main__":
    main()
