# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Lookup of a role's options, converted and with the defaults of suboptions."""

from __future__ import annotations

DOCUMENTATION = r"""
name: role_options
short_description: "[INTERNAL] Read the options of a role of this collection"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Reads the options of the role's entry point C(main) from the variables. Empty text is the default, and suboptions that are not
    set have their defaults.
options:
  _terms:
    description: The name of the role.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show the limits of a drill
  ansible.builtin.debug:
    msg: "{{ lookup('eucalyptus.ha.role_options', 'drill').options.limits }}"
"""

RETURN = r"""
_raw:
  description: For each role C(options), the values by name without the prefix, and C(problems), a sentence for each that cannot be used.
  type: list
  elements: dict
"""

from typing import Any

from ansible.plugins.lookup import LookupBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _role_options


class LookupModule(LookupBase):  # type: ignore[misc]  # Ansible has no types
    """The lookup."""

    def run(self, terms: list[str], variables: dict[str, Any] | None = None, **_options: Any) -> list[dict[str, Any]]:
        return [self._read(role, variables or {}) for role in terms]

    def _read(self, role: str, variables: dict[str, Any]) -> dict[str, Any]:
        specs = _role_options.load_specs(role)
        values, problems = _role_options.read_options(
            specs["argument_specs"]["main"]["options"], variables, self._templar.template
        )
        unknown = _role_options.unknown_options(variables, _role_options.option_names(specs), f"{role}_")
        return {
            "options": {name.removeprefix(f"{role}_"): value for name, value in values.items()},
            "problems": [_role_options.sentences([problem]) for problem in unknown + problems],
        }
