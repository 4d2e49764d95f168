#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: keepalived_wait
version_added: 0.2.0
short_description: "[INTERNAL] Wait until keepalived has loaded its configuration"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Waits until the unit has been active three times in a row, 0.2 seconds apart. The mark of a change that waits for a reload ends with it.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  unit:
    description: Name of the systemd unit.
    type: str
    default: keepalived
  timeout:
    description: Seconds to wait.
    type: float
    default: 10
extends_documentation_fragment:
  - eucalyptus.ha._attributes
attributes:
  check_mode:
    support: full
    details:
      - It does not wait.
  diff_mode:
    support: N/A
    details:
      - It changes nothing that could be shown.
  idempotent:
    support: full
    details:
      - It never reports a change.
"""

EXAMPLES = r"""
- name: Wait until keepalived has loaded the configuration
  eucalyptus.ha.keepalived_wait:
    timeout: 10
  become: true
"""

RETURN = r"""# """

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_unit
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            unit=dict(type="str", default="keepalived"),
            timeout=dict(type="float", default=10),
        ),
        supports_check_mode=True,
    )
    if not module.check_mode:
        problem = _keepalived_unit.wait(module.run_command, module.params["unit"], module.params["timeout"])
        if problem:
            module.fail_json(msg=problem)
    module.exit_json(changed=False)


if __name__ == "__main__":
    main()
