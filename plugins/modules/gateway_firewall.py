#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: gateway_firewall
version_added: 0.2.0
short_description: "[INTERNAL] Set the gateway's rules in iptables and in the controller's preload file"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - >-
    Compares the rules that are wanted with those in the cluster controller's preload file and with those in effect, and repairs both.
    Rules with another comment are left alone. Rules of other tables than filter and nat are not in the file: the controller does not flush
    them.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  preload_file:
    description: The controller's iptables preload file. It is removed when it would contain nothing.
    type: path
    required: true
  rules:
    description:
      - The rules, as dictionaries with C(table), C(chain), C(jump) and the conditions. An empty list removes ours.
    type: list
    elements: dict
    required: true
  comment:
    description: The comment of our rules, and the mark around them in the file.
    type: str
    default: eucalyptus.ha
notes:
  - Needs root, Python's standard library, from 2.7 on, and the commands of iptables.
extends_documentation_fragment:
  - eucalyptus.ha._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Shows the preload file.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Forward the node controllers' network
  eucalyptus.ha.gateway_firewall:
    preload_file: /etc/eucalyptus/iptables-preload
    rules:
      - {table: filter, chain: FORWARD, source: 10.0.0.0/24, comment: eucalyptus.ha, jump: ACCEPT}
  become: true
"""

RETURN = r"""
missing:
  description: Wanted rules that were not in effect, and were set outside check mode.
  returned: success
  type: list
  elements: dict
  sample: []
obsolete:
  description: Rules that were in effect and not wanted, and were removed outside check mode.
  returned: success
  type: list
  elements: str
  sample: []
file_changed:
  description: Whether the preload file differed.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _gateway_firewall, _packet_filter
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            preload_file=dict(type="path", required=True),
            rules=dict(type="list", elements="dict", required=True),
            comment=dict(type="str", default=_packet_filter.COMMENT),
        ),
        supports_check_mode=True,
    )
    params = module.params
    try:
        result = _gateway_firewall.ensure(params["preload_file"], params["rules"], params["comment"], module.check_mode)
    except _gateway_firewall.FirewallError as error:
        module.fail_json(msg=str(error))
    module.exit_json(**result)


if __name__ == "__main__":
    main()
