#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: vip_moves_info
version_added: 0.1.0
short_description: Record when addresses are added to and removed from this host
description:
  - Listens to the kernel's notifications for some time and returns each coming and going of the addresses, to the millisecond.
  - Run it in the background, with C(async) and C(poll=0), while a failover is provoked. See P(eucalyptus.ha.drill#role).
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
  - eucalyptus.ha._recording
options:
  vips:
    description:
      - The addresses. A prefix, as in V(10.0.0.10/32), plays no role. Addresses are compared exactly.
      - An IPv6 address has come when the kernel has found no duplicate of it, not while it is tentative, as in
        M(eucalyptus.ha.vip_facts).
    type: list
    elements: str
    required: true
notes:
  - Uses Python's standard library only, from Python 2.7 on. Needs no privileges.
  - O(stop_file) is checked every 0.2 seconds.
seealso:
  - module: eucalyptus.ha.reachability_info
  - module: eucalyptus.ha.vip_facts
"""

EXAMPLES = r"""
- name: Record for half a minute whether this host holds the VIP
  eucalyptus.ha.vip_moves_info:
    vips:
      - 10.0.0.10
    seconds: 30
  async: 60
  poll: 0
  register: recording

- name: Fetch the recording
  ansible.builtin.async_status:
    jid: "{{ recording.ansible_job_id }}"
  register: recorded
  until: recorded is finished
  delay: 1
  retries: 60
"""

RETURN = r"""
begin:
  description: When the recording began, by this host's clock, in seconds since 1970.
  returned: success
  type: float
  sample: 1795358405.120001
end:
  description: When it ended.
  returned: success
  type: float
  sample: 1795358435.120034
initial:
  description: For each of the addresses, in its canonical form, whether this host had it at the beginning.
  returned: success
  type: dict
  sample:
    10.0.0.10: true
moves:
  description: Each coming and going, in the order of the notifications.
  returned: success
  type: list
  elements: dict
  contains:
    vip:
      description: The address.
      returned: success
      type: str
      sample: 10.0.0.10
    at:
      description: When it happened, by this host's clock, in seconds since 1970.
      returned: success
      type: float
      sample: 1795358411.870412
    held:
      description: Whether the address came, V(true), or left.
      returned: success
      type: bool
      sample: false
"""

import os
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _address_moves, _addresses, _reachability
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule

LOOK_EVERY = 0.2  # seconds


def main():
    module = PlainModule(
        argument_spec=dict(
            vips=dict(type="list", elements="str", required=True),
            seconds=dict(type="float", required=True),
            stop_file=dict(type="path"),
        ),
        supports_check_mode=True,
    )
    stop_file = module.params["stop_file"]
    if not 0 < module.params["seconds"] <= _reachability.LONGEST:
        module.fail_json(msg="seconds must be more than 0 and at most %d" % _reachability.LONGEST)
    try:
        moves = _address_moves.Moves(module.params["vips"], time.time())
    except _addresses.AddressError as e:
        module.fail_json(msg="vips: %s" % e)
    begin, end = _reachability.record(
        [moves], LOOK_EVERY, module.params["seconds"], lambda: bool(stop_file) and os.path.exists(stop_file)
    )
    module.exit_json(begin=begin, end=end, **moves.result())


if __name__ == "__main__":
    main()
