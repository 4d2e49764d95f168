#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: keepalived_host_info
version_added: 0.2.0
short_description: "[INTERNAL] Gather the state of keepalived on a host"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Queries keepalived's release, its unit, the distribution and the files of the role, in one go.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  unit:
    description: Name of the systemd unit.
    type: str
    default: keepalived
  files:
    description: Files to inspect, keepalived's configuration first.
    type: list
    elements: path
    required: true
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
"""

EXAMPLES = r"""
- name: Gather what is on the host
  eucalyptus.ha.keepalived_host_info:
    files: [/etc/keepalived/keepalived.conf]
  become: true
"""

RETURN = r"""
seen:
  description:
    - Texts by name. What is not there has no name.
    - C(version) of keepalived, empty when it is not installed; C(ActiveState), C(UnitFileState), C(CapabilityBoundingSet), C(Type) and
      C(KillMode) of the unit; C(capabilities) of the host's first process; C(id), C(like), C(major) and C(release) of the distribution.
    - C(apt), C(directory) and C(pending) are V(yes) where there is that program, the configuration's directory, a change that a reload
      has to load.
    - Each of the O(files) that is there has its SHA-256, mode, owner and group, with blanks between.
    - >-
      C(waiting) is what a reload would bring: V(nothing); V(start), since keepalived does not run; V(in_turn), a change that the hosts of a
      pair may load one after the other; or V(together), one after which they do not receive each other's adverts until both have it.
  returned: success
  type: dict
  sample: {version: 2.2.7, ActiveState: active, waiting: nothing}
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_inspect
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            unit=dict(type="str", default="keepalived"),
            files=dict(type="list", elements="path", required=True),
        ),
        supports_check_mode=True,
    )
    module.exit_json(changed=False, seen=_keepalived_inspect.gather(module.run_command, module.params["unit"], module.params["files"]))


if __name__ == "__main__":
    main()
