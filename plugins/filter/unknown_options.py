# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that lists variables which resemble options of a role but are not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: unknown_options
short_description: "[INTERNAL] List variables that resemble options of a role but are not"
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of this collection's roles.) It can change or go at any time.
  - Ansible accepts any variable. A misspelt option is therefore ignored silently, and the default is used.
  - Compares the names of variables with the options in a role's C(meta/argument_specs.yml), those of all its entry points.
  - Used by roles P(eucalyptus.ha.cc_gateway#role), P(eucalyptus.ha.nc_route#role) and P(eucalyptus.ha.drill#role), which reject
    such variables.
positional: specs, prefix
options:
  _input:
    description: Names of variables, such as plugin P(ansible.builtin.varnames#lookup) returns.
    type: list
    elements: str
    required: true
  specs:
    description: What stands in the role's C(meta/argument_specs.yml).
    type: dict
    required: true
  prefix:
    description: The prefix of the role's options. Variables without it are ignored.
    type: str
    required: true
  also:
    description: Further names that are not options of the role but are valid.
    type: list
    elements: str
    default: []
seealso:
  - plugin: ansible.builtin.varnames
    plugin_type: lookup
"""

EXAMPLES = r"""
- name: Show which variables the role would ignore
  ansible.builtin.debug:
    msg: "{{ ['cc_gateway_vip', 'cc_gateway_check_fal'] | eucalyptus.ha.unknown_options(specs, 'cc_gateway_') }}"
  vars:
    specs:
      argument_specs:
        main:
          options:
            cc_gateway_vip: {type: str}
            cc_gateway_check_fall: {type: int}
"""

RETURN = r"""
_value:
  description: A sentence for each variable that is not an option, with the closest option; sorted by name.
  type: list
  elements: str
  sample: ["cc_gateway_check_fal is not an option of this role. Did you mean cc_gateway_check_fall?"]
"""


OWN = "Remove it, or rename it if it is a variable of your own."
CLOSE = 0.75  # of difflib's ratio, from 0 to 1


def _options(specs: Any) -> set[str]:
    try:
        entry_points = specs["argument_specs"].values()
        return {name for entry_point in entry_points for name in entry_point.get("options") or {}}
    except (AttributeError, KeyError, TypeError):
        raise AnsibleFilterError(
            "unknown_options: specs is not what stands in a role's meta/argument_specs.yml (a dictionary with key argument_specs)"
        ) from None


def unknown_options(names: Any, specs: Any, prefix: str, also: Any = ()) -> list[str]:
    """Which of these variables are not options of a role.

    :param names: names of variables
    :param specs: the role's meta/argument_specs.yml, as data
    :param prefix: what the role's options begin with
    :param also: names that are not options but are valid
    :returns: a sentence each
    """
    for what, value in (("the input", names), ("also", also)):
        if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
            raise AnsibleFilterError(f"unknown_options: {what} is {type(value).__name__}, not a list of names")
    options = {name for name in _options(specs) if name.startswith(prefix)}
    # The common prefix would make every option similar.
    ends = [name.removeprefix(prefix) for name in sorted(options)]
    sentences = []
    for name in sorted(set(map(str, names)) - options - set(map(str, also))):
        if not name.startswith(prefix):
            continue
        close = get_close_matches(name.removeprefix(prefix), ends, n=1, cutoff=CLOSE)
        fix = f"Did you mean {prefix}{close[0]}?" if close else OWN
        sentences.append(f"{name} is not an option of this role. {fix}")
    return sentences


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"unknown_options": unknown_options}
