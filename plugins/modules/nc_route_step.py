#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: nc_route_step
version_added: 0.1.0
short_description: "[INTERNAL] Make the VIP the default gateway of a node controller"
description:
  - Internal to role P(eucalyptus.ha.nc_route#role). It may change at any time without notice.
  - Is an action plugin and a module of the same name. The action plugin reads the role's options from the variables of the task,
    decides on the control node what has to change, and gives the module what it needs; tasks set O(step) only.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  step:
    description:
      - V(plan) inspects the host, fails if anything is wrong, and returns what has to change. Changes nothing.
      - V(change) starts the rollback timer, writes the files and changes the route.
      - V(prove) fails if the default route does not go through the VIP.
      - V(confirm) cancels the rollback timer. It fails if the timer was faster.
      - V(rollback) takes the change back and fails with the reason.
    type: str
    choices: [plan, change, prove, confirm, rollback]
    required: true
  reason:
    description: For V(rollback), why. Read by the action plugin only.
    type: str
  vip:
    description: The VIP. Set by the action plugin, like all that follow.
    type: str
    default: ""
  interface:
    description: The interface, or empty.
    type: str
    default: ""
  control_address:
    description: The address that Ansible connects from, V(any), or empty.
    type: str
    default: ""
  address:
    description: For V(prove), the address to ping, or empty.
    type: str
    default: ""
  url:
    description: For V(prove), the page to fetch, or empty.
    type: str
    default: ""
  sources:
    description: For V(prove), the addresses of which the page must name one.
    type: list
    elements: str
    default: []
  plan:
    description: For V(change), the plan as JSON. It has the host's network files in it, which may hold passwords.
    type: str
extends_documentation_fragment:
  - eucalyptus.ha._attributes
attributes:
  check_mode:
    support: partial
    details: V(plan) returns what would change. The other steps do not run in check mode.
  diff_mode:
    support: full
    details: Shows the lines that change and no others.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Check the settings and the host, and plan the change
  eucalyptus.ha.nc_route_step:
    step: plan
  become: true
  register: nc_route_plan
"""

RETURN = r"""
msg:
  description: What will change, was changed or was proved.
  returned: success
  type: str
  sample: "nc1: the default route will become 10.0.0.10 dev eth0, set by networkd"
needed:
  description: Whether anything has to change.
  returned: O(step=plan)
  type: bool
  sample: true
state:
  description: The role's option nc_route_state.
  returned: O(step=plan)
  type: str
  sample: present
"""

import json

from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _nc_route_change,
    _nc_route_inspect,
    _nc_route_proof,
    _safe_files,
)
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule

PATH = ["/usr/sbin", "/usr/bin", "/sbin", "/bin"]


def main():
    module = PlainModule(
        argument_spec=dict(
            step=dict(type="str", choices=["plan", "change", "prove", "confirm", "rollback"], required=True),
            reason=dict(type="str"),
            vip=dict(type="str", default=""),
            interface=dict(type="str", default=""),
            control_address=dict(type="str", default=""),
            address=dict(type="str", default=""),
            url=dict(type="str", default=""),
            sources=dict(type="list", elements="str", default=[]),
            plan=dict(type="str", no_log=True),
        ),
        required_if=[("step", "change", ("plan",))],
        supports_check_mode=True,
    )
    given = module.params

    def find(program):
        return module.get_bin_path(program, opt_dirs=PATH)

    def run(argv):
        path = find(argv[0])
        if path is None:
            module.fail_json(msg="this host has no program %s. Install the package that provides it" % argv[0])
        return module.run_command([path] + argv[1:], environ_update={"LC_ALL": "C"}, errors="surrogate_then_replace")

    def label(new, path):
        module.set_context_if_different(new, module.selinux_default_context(path), False)

    changer = _nc_route_change.Changer(run, label if module.selinux_enabled() else None)
    steps = {
        "plan": lambda: {
            "inspection": _nc_route_inspect.Inspector(run, find).inspect(given["vip"], given["interface"], given["control_address"])
        },
        "change": lambda: {"changed": True, "output": changer.change(json.loads(given["plan"]))},
        "prove": lambda: {
            "proof": _nc_route_proof.prove(run, given["vip"], given["address"], given["url"], given["sources"])
        },
        "confirm": lambda: {"confirmed": changer.confirm()},
        "rollback": lambda: {"changed": True, "by": changer.rollback()},
    }
    try:
        result = steps[given["step"]]()
    except (_nc_route_change.ChangeError, _nc_route_proof.ProofError) as e:
        module.fail_json(msg=str(e))
    except _safe_files.FileError as e:
        module.fail_json(msg=e.strerror)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
