# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: the programs that a gateway's host gets."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _gateway_programs

DOCUMENTATION = r"""
name: _gateway_programs
short_description: "[INTERNAL] The programs of a gateway, and the directories that they need"
version_added: 0.2.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal filter of role cc_gateway.) It may change or go in any release.
options:
  _input:
    description: The fact C(__cc_gateway), of which C(python), C(user) and C(connections) are used.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: List the programs that a host gets
  ansible.builtin.debug:
    msg: "{{ (__cc_gateway | eucalyptus.ha._gateway_programs).files | map(attribute='path') }}"
"""

RETURN = r"""
_value:
  description: C(directories) and C(files), as module M(eucalyptus.ha.program_files) takes them.
  type: dict
"""


def gateway_programs(gateway: dict[str, Any]) -> dict[str, Any]:
    """The programs of a host, by the fact __cc_gateway."""
    try:
        check = _gateway_programs.check_program()
        return _gateway_programs.programs(check, gateway["python"], gateway["user"], bool(gateway["connections"]))
    except (OSError, ValueError, SyntaxError) as error:
        raise AnsibleFilterError(f"_gateway_programs: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"_gateway_programs": gateway_programs}
