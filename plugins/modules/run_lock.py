#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: run_lock
version_added: 0.2.0
short_description: "[INTERNAL] Lock a host against other runs of this collection"
description:
  - B(This is an internal tool of the roles of this collection.) It can change or go at any time.
  - Runs that act on a cluster exclude each other by a lock on its hosts. A run that finds the lock of another one ends at once.
  - The action plugin of the same name fills in who runs, and replaces the lock of a run of the same control node that has ended.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  state:
    description: V(present) takes the lock, V(absent) gives it back if this run holds it.
    type: str
    choices: [present, absent]
    default: present
  what:
    description: What the run does, such as V(deploy).
    type: str
    required: true
  longest:
    description: Seconds after which such a run cannot be at work any more, so that its lock is stale.
    type: float
    default: 3600
  wait:
    description: Seconds to wait for the lock of another run.
    type: float
    default: 0
  run:
    description: The run, unlike any other. Set by the action plugin.
    type: str
  who:
    description: Who runs it and where. Set by the action plugin.
    type: str
  replace:
    description: A run whose lock is replaced, since it is known to be gone. Set by the action plugin.
    type: str
    default: ""
extends_documentation_fragment:
  - eucalyptus.ha._attributes
attributes:
  check_mode:
    support: full
    details:
      - In check mode nothing is locked.
  diff_mode:
    support: none
  idempotent:
    support: full
    details:
      - It never reports a change, as the lock is removed when the run ends.
"""

EXAMPLES = r"""
- name: Lock the host against other runs
  eucalyptus.ha.run_lock:
    what: deploy
  become: true
"""

RETURN = r"""
acquired:
  description: Whether this run holds the lock now.
  returned: success
  type: bool
  sample: true
lock:
  description: The lock that is in force, V(null) for none.
  returned: success
  type: dict
  sample: {run: "control:4711:88", what: deploy, who: root at control, since: 1795358405.1, longest: 3600.0, age: 0.0, stale: false}
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _run_lock
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            state=dict(type="str", choices=["present", "absent"], default="present"),
            what=dict(type="str", required=True),
            longest=dict(type="float", default=3600),
            wait=dict(type="float", default=0),
            run=dict(type="str"),
            who=dict(type="str"),
            replace=dict(type="str", default=""),
        ),
        supports_check_mode=True,
    )
    given = module.params
    try:
        if module.check_mode:
            lock = _run_lock.read()
            acquired = lock is None or lock["stale"] or lock["run"] == given["run"]
        elif given["state"] == "present":
            lock = _run_lock.acquire(given["run"], given["what"], given["who"], given["longest"], given["replace"], given["wait"])
            acquired = lock["run"] == given["run"]
        else:
            _run_lock.release(given["run"])
            lock, acquired = _run_lock.read(), False
    except (IOError, OSError) as error:
        module.fail_json(msg="The lock %s cannot be used: %s. Is become set?" % (_run_lock.PATH, error.strerror))
    module.exit_json(changed=False, acquired=acquired, lock=lock)


if __name__ == "__main__":
    main()
