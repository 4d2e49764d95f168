# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that decides how a node controller's default route becomes the VIP, or what it was before."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_look import parse_look
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_plan import make_plan

DOCUMENTATION = r"""
name: nc_route_plan
short_description: Plan the change of a node controller's default route
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - >-
    Takes what the look script of role C(nc_route) printed on a host and says which network manager has to be told, which
    files change to what, and by which commands the change comes into effect and is taken back. Touches nothing.
positional: settings
options:
  _input:
    description: Output of C(roles/nc_route/files/look.sh).
    type: str
    required: true
  settings:
    description:
      - >-
        C(state) (V(present) or V(absent)), C(vip), C(backend) (V(auto), V(networkd), V(netplan), V(ifupdown),
        V(networkmanager), V(ifcfg) or V(unit)) and C(allow_cut_off) (a boolean).
    type: dict
    required: true
"""

EXAMPLES = r"""
# look.sh is roles/nc_route/files/look.sh of this collection; put a copy into files/ beside the playbook.
- name: Look at the routes and at who manages them
  ansible.builtin.script: look.sh 10.0.0.10
  register: look
  changed_when: false

- name: Say who manages the interface
  ansible.builtin.debug:
    msg: "{{ (look.stdout | eucalyptus.ha.nc_route_plan({'state': 'present', 'vip': '10.0.0.10'})).reason }}"
"""

RETURN = r"""
_value:
  description:
    - >-
      C(problems) (why nothing may be done; a list of sentences), C(needed) (whether anything has to change), C(backend)
      and C(reason), C(vip), C(interface), C(earlier_routes), C(files) (each C(path), C(text), null to remove it, and
      C(mode)), C(directories) to make first, and the shell scripts C(apply) and C(revert).
  type: dict
  sample:
    problems: []
    needed: true
    backend: networkd
    reason: systemd-networkd manages eth0 by /etc/systemd/network/lan.network
"""


def nc_route_plan(look: Any, settings: Any) -> dict[str, Any]:
    """The plan; see make_plan.

    :param look: output of the look script
    :param settings: {state, vip, backend, allow_cut_off}
    :raises AnsibleFilterError: for output of another kind
    """
    if not isinstance(look, str) or not isinstance(settings, dict):
        raise AnsibleFilterError("nc_route_plan: wants the output of the look script and a dictionary of settings")
    return make_plan(
        parse_look(look),
        {
            "state": settings.get("state", "present"),
            "vip": str(settings.get("vip") or ""),
            "backend": settings.get("backend") or "auto",
            "allow_cut_off": boolean(settings.get("allow_cut_off") or False, strict=False),
        },
    )


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"nc_route_plan": nc_route_plan}
