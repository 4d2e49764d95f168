# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: what is wrong with the data of a keepalived.conf."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_checks import problems, warnings
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import KeepalivedDataError, render

DOCUMENTATION = r"""
name: keepalived_problems
short_description: Check the data of a keepalived.conf
version_added: 0.1.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Lists what cannot be written at all, and what keepalived would accept but handle differently than intended.
  - 'A virtual router ID outside of 1 to 255, or twice on one interface for one address family; a priority outside of 1 to
    254; an C(auth_pass) of more than 8 characters, or with VRRP version 3; C(state EQUAL); weights with C(nopreempt); a
    weighted track in a member of a sync group; an empty list of peers, or the host itself among them; priority and weights
    beyond 254; a virtual address twice on one device; words that must be IP addresses but are not; an instance without an
    interface; tracks and members that do not exist; a command line with pipes or redirections, for which keepalived has no shell;
    start and stop scripts that make keepalived 2.2.5 to 2.2.8 end; keywords newer than the keepalived on the host.'
  - With O(kind=warnings) it lists what works but is probably unintended, and what the keepalived on the host lacks, with its consequence.
  - Raw text, includes and C($PARAMETER) are not checked.
positional: version
options:
  _input:
    description:
      - The configuration, in the form that P(eucalyptus.ha.keepalived_conf#filter) takes.
    type: dict
    required: true
  version:
    description:
      - Version of keepalived on the host. Empty when it is not known.
    type: str
    default: ''
  addresses:
    description:
      - The addresses of the host.
    type: list
    elements: str
    default: []
  kind:
    description:
      - What to list.
    type: str
    choices: [errors, warnings]
    default: errors
"""

EXAMPLES = r"""
- name: Fail if the configuration is bad
  ansible.builtin.fail:
    msg: "{{ problems | join(' ') }}"
  when: problems | length > 0
  vars:
    problems: "{{ config | eucalyptus.ha.keepalived_problems('2.2.7') }}"
    config:
      vrrp_instance:
        gateway:
          state: EQUAL
          interface: eth0
          virtual_router_id: 45
          virtual_ipaddress: [10.0.0.10/32]
"""

RETURN = r"""
_value:
  description: One sentence for each problem, with its path in the data. Empty if there are no problems.
  type: list
  elements: str
"""


def keepalived_problems(data: Any, version: str = "", addresses: Iterable[str] = (), kind: str = "errors") -> list[str]:
    """What is wrong with ``data``, or what is probably unintended; empty if nothing."""
    if kind == "warnings":
        return warnings(data, version)
    if kind != "errors":
        raise AnsibleFilterError(f"keepalived_problems: kind must be errors or warnings (got {kind!r})")
    found: list[str] = []
    try:
        render(data)
    except KeepalivedDataError as error:
        found += error.problems
    return found + [problem for problem in problems(data, version, addresses) if problem not in found]


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"keepalived_problems": keepalived_problems}
