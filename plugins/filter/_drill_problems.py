# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter that finds what keeps a drill from being run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

DOCUMENTATION = r"""
name: _drill_problems
short_description: "[INTERNAL] Find what keeps a drill from being run"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role drill.) It can change or go at any time.
options:
  _input:
    description: C(clusters), C(members), C(vip), C(trigger), C(command), C(observer) and C(hosts), all hosts of the inventory.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show why there is no drill
  ansible.builtin.debug:
    msg: "{{ settings | eucalyptus.ha._drill_problems }}"
  vars:
    settings:
      clusters: [eucalyptus_cc]
      members: [cc1]
      vip: 10.0.0.10
      trigger: keepalived
      command: []
      observer: localhost
      hosts: [cc1]
"""

RETURN = r"""
_value:
  description: A sentence for each condition that is not met.
  type: list
  elements: str
  sample: ["The inventory group eucalyptus_cc must have two hosts for a drill (got cc1)."]
"""


def _drill_problems(settings: Mapping[str, Any]) -> list[str]:
    """A sentence for each condition that is not met. What only follows from another one is left out."""
    problems = []
    clusters, members = list(settings["clusters"]), list(settings["members"])
    if len(clusters) != 1:
        problems.append(f"cc_gateway_clusters must name one cluster for a drill (got {', '.join(clusters)}).")
    elif len(members) != 2:
        found = ", ".join(members) or "none; the group is empty or does not exist"
        problems.append(f"The inventory group {clusters[0]} must have two hosts for a drill (got {found}).")
    elif not settings["vip"]:
        problems.append(f"cc_gateway_vip must be set for the hosts of {clusters[0]}. Set it in the inventory, for that group.")
    if settings["trigger"] == "command" and not settings["command"]:
        problems.append("drill_command must be set with drill_trigger=command.")
    observer = settings["observer"]
    if observer != "localhost" and observer not in settings["hosts"]:
        problems.append(f"drill_observer must be a host of the inventory, or empty (got {observer!r}).")
    return problems


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_drill_problems": _drill_problems}
