#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: keepalived_config_test
version_added: 0.2.0
short_description: "[INTERNAL] Test a configuration with keepalived"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Runs C(keepalived --config-test) on a text, and checks what only the host can show. No copy of the text stays behind.
  - The filter P(eucalyptus.ha.keepalived_verdict#filter) evaluates the result.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  path:
    description: The file that the text is for.
    type: path
    required: true
  content:
    description: The text.
    type: str
    required: true
  config_test:
    description: Run C(keepalived --config-test), which keepalived has from release 2.0.5 on.
    type: bool
    default: true
  checks:
    description: What else to check, in the lines of filter P(eucalyptus.ha.keepalived_host_checks#filter).
    type: list
    elements: str
    default: []
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
"""

EXAMPLES = r"""
- name: Test a configuration
  eucalyptus.ha.keepalived_config_test:
    path: /etc/keepalived/keepalived.conf
    content: "{{ keepalived_config | eucalyptus.ha.keepalived_conf }}"
    checks: "{{ keepalived_config | eucalyptus.ha.keepalived_host_checks }}"
  become: true
  register: config_test
  failed_when: false
  vars:
    keepalived_config: {vrrp_instance: {gateway: {interface: eth0, virtual_router_id: 45, unicast_peer: [10.0.0.2]}}}
"""

RETURN = r"""
rc:
  description: Exit status of the config test; 70 when there was no file for it to read, 0 without a test.
  returned: always
  type: int
  sample: 0
stdout:
  description: What keepalived printed, then a line C(@name sentence) for each finding of the host.
  returned: always
  type: str
  sample: "@missing_include the include file /etc/keepalived/more.conf does not exist"
stderr:
  description: Why the test could not be run.
  returned: always
  type: str
  sample: ""
"""

import os

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_config_test, _keepalived_process
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            path=dict(type="path", required=True),
            # It may hold passwords.
            content=dict(type="str", required=True, no_log=True),
            config_test=dict(type="bool", default=True),
            checks=dict(type="list", elements="str", default=[]),
        ),
        supports_check_mode=True,
    )
    params = module.params
    status, printed = 0, []
    if params["config_test"]:
        tester = _keepalived_process.executable() or "keepalived"
        try:
            status, output = _keepalived_config_test.config_test(module.run_command, tester, params["content"], params["path"])
        except (IOError, OSError) as error:
            module.exit_json(changed=False, rc=70, stdout="", stderr=str(error))
        printed.append(output)
    checks = _keepalived_config_test.Checks(module.run_command, os.path.dirname(params["path"]))
    for line in params["checks"]:
        checks.check(line)
    module.exit_json(changed=False, rc=status, stdout="\n".join(printed + checks.found), stderr="")


if __name__ == "__main__":
    main()
