#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: reachability_info
version_added: 0.1.0
short_description: Record which targets this host can reach, many times a second
description:
  - Probes each target at a fixed interval, whether earlier probes were answered or not, and returns when each probe was sent and
    how long its answer took.
  - "With O(answers_for) it also probes by ARP, at the same interval, who answers for a VIP. Two machines that answer at the same time
    are two holders, seen by one clock."
  - With O(clocks) it also measures the clock offset of other hosts, so that what was recorded there can be put
    on one time line.
  - Run it in the background, with C(async) and C(poll=0), while a failover is provoked. See P(eucalyptus.ha.drill#role).
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
  - eucalyptus.ha._recording
options:
  targets:
    description:
      - What to reach. Without O(targets[].port) a target is probed by ICMP echo, with it by a TCP connection, which is closed at
        once. A rejected connection counts as reached, for the host has answered.
      - At most 500 connections wait for an answer at the same time, which is O(timeout) divided by O(interval) for each target with a port.
    type: list
    elements: dict
    default: []
    suboptions:
      name:
        description: Its name in the result. By default the address, with the port if there is one.
        type: str
      address:
        description: Its IPv4 or IPv6 address.
        type: str
        required: true
      port:
        description: The TCP port to connect to.
        type: int
  answers_for:
    description:
      - An IPv4 VIP on a network of this host. The requests leave no trace in any neighbour cache, as those of
        M(eucalyptus.ha.vip_facts).
    type: str
  clocks:
    description:
      - IPv4 addresses of hosts whose clocks to compare, once a second, by ICMP timestamps. Anything but an IPv4 address is ignored.
    type: list
    elements: str
    default: []
  interval:
    description:
      - The time between two probes, in seconds, 0.005 to 10.
    type: float
    default: 0.05
  timeout:
    description:
      - A question not answered after this many seconds, 0.05 to 10, counts as lost.
    type: float
    default: 1.0
notes:
  - Uses Python's standard library only, from Python 2.7 on.
  - ICMP needs root, or a group that C(net.ipv4.ping_group_range) allows. O(answers_for) and O(clocks) need root.
seealso:
  - module: eucalyptus.ha.vip_moves_info
  - module: eucalyptus.ha.vip_facts
"""

EXAMPLES = r"""
- name: Record for half a minute how a node controller reaches its gateway and a host beyond it
  eucalyptus.ha.reachability_info:
    targets:
      - name: gateway
        address: 10.0.0.10
      - name: web server
        address: 192.0.2.80
        port: 80
    answers_for: 10.0.0.10
    seconds: 30
  become: true
  async: 60
  poll: 0
  register: recording
"""

RETURN = r"""
begin:
  description: When the recording began, by this host's clock, in seconds since 1970.
  returned: success
  type: float
  sample: 1795358405.120001
end:
  description: When the last probes were sent.
  returned: success
  type: float
  sample: 1795358435.120034
interval:
  description: The time between two probes, in seconds.
  returned: success
  type: float
  sample: 0.05
samples:
  description:
    - For each target, by its name, a list of pairs. When a question was sent, in seconds since 1970, and after how many seconds the
      answer came, V(null) if it did not.
  returned: success
  type: dict
  sample:
    gateway:
      - [1795358405.120101, 0.000312]
      - [1795358405.170104, null]
answers:
  description: For each machine that answered for O(answers_for) the periods in which it answered.
  returned: success
  type: list
  elements: dict
  contains:
    mac:
      description: Its MAC address.
      returned: success
      type: str
      sample: "52:54:00:00:00:01"
    from:
      description: The first answer, in seconds since 1970. A silence of 0.3 seconds (three intervals if that is more) begins a new period.
      returned: success
      type: float
      sample: 1795358405.120402
    to:
      description: The last one.
      returned: success
      type: float
      sample: 1795358411.870311
clocks:
  description: For each of O(clocks) how it compares with this host's clock. V(null) if it did not answer.
  returned: success
  type: dict
  contains:
    offset:
      description: The seconds that it is ahead.
      returned: success
      type: float
      sample: -0.0123
    uncertainty:
      description: By how much that may be wrong, in seconds.
      returned: success
      type: float
      sample: 0.0012
"""

import os

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _arp_probe, _reachability
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def _targets(targets, interval, timeout):
    """[(name, prober)] of the option targets. Raises ReachabilityError and AddressError."""
    found = []
    waiting = timeout / interval * len([one for one in targets if one["port"] is not None])
    if waiting > _reachability.CONNECTIONS:
        raise _reachability.ReachabilityError(
            "up to %d connections would be open at the same time, but at most %d are allowed; set a longer interval or a shorter timeout"
            % (waiting, _reachability.CONNECTIONS)
        )
    for target in targets:
        address, port = target["address"], target["port"]
        name = target["name"] or (address if port is None else "%s port %d" % (address, port))
        if name in dict(found):
            raise _reachability.ReachabilityError("%s is there twice; give each a name of its own" % name)
        if port is not None and not 0 < port < 65536:
            raise _reachability.ReachabilityError("port of %s must be 1 to 65535 (got %d)" % (name, port))
        found.append(
            (name, _reachability.Ping(address, timeout) if port is None else _reachability.Connect(address, port, timeout))
        )
    return found


def main():
    module = PlainModule(
        argument_spec=dict(
            targets=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(name=dict(type="str"), address=dict(type="str", required=True), port=dict(type="int")),
            ),
            answers_for=dict(type="str"),
            clocks=dict(type="list", elements="str", default=[]),
            interval=dict(type="float", default=0.05),
            timeout=dict(type="float", default=1.0),
            seconds=dict(type="float", required=True),
            stop_file=dict(type="path"),
        ),
        supports_check_mode=True,
    )
    given = module.params
    for name, low, high in (("interval", 0.005, 10), ("timeout", 0.05, 10), ("seconds", 0.005, _reachability.LONGEST)):
        if not low <= given[name] <= high:
            module.fail_json(msg="%s must be from %s to %s, not %s" % (name, low, high, given[name]))
    vip, stop_file = given["answers_for"], given["stop_file"]
    doing = "targets"
    try:
        targets = _targets(given["targets"], given["interval"], given["timeout"])
        doing = "answers_for"
        answerers = _reachability.Answerers(vip, _reachability.interface_of(vip), given["interval"]) if vip else None
        doing = "clocks"
        clocks = [(address, _reachability.Clock(address)) for address in given["clocks"]]
    except (_reachability.ReachabilityError, _arp_probe.ProbeError, _addresses.AddressError) as e:
        module.fail_json(msg="%s: %s" % (doing, e))
    probers = [one for _name, one in targets + clocks] + ([answerers] if answerers else [])
    begin, end = _reachability.record(
        probers, given["interval"], given["seconds"], lambda: bool(stop_file) and os.path.exists(stop_file)
    )
    module.exit_json(
        begin=begin,
        end=end,
        interval=given["interval"],
        samples=dict((name, one.result()) for name, one in targets),
        answers=answerers.result() if answerers else [],
        clocks=dict((address, one.result()) for address, one in clocks),
    )


if __name__ == "__main__":
    main()
