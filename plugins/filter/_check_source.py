# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that chooses the source of the check on a host."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.check_answer import check_answer
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _check_source

DOCUMENTATION = r"""
name: _check_source
short_description: "[INTERNAL] Choose the source of the check on a host"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role) P(eucalyptus.ha.cc_gateway#role). It can change or go at any time.
  - Chooses between the state file and SOAP from three runs of the check.
options:
  _input:
    description: The value of C(cc_gateway_check_source).
    type: str
    required: true
  runs:
    description: Results of M(ansible.builtin.command), the check with C(--json) on the state file, by SOAP, and on the state file again.
    type: list
    elements: dict
    required: true
positional: runs
"""

EXAMPLES = r"""
- name: Choose the source of the check
  ansible.builtin.debug:
    msg: "{{ cc_gateway_check_source | eucalyptus.ha._check_source(runs) }}"
"""

RETURN = r"""
_value:
  description: The decision.
  type: dict
  contains:
    source:
      description: V(state_file) or V(soap).
      type: str
    evidence:
      description: Why, in one sentence.
      type: str
    level:
      description: V(ok), V(warning) or V(error).
      type: str
"""


def check_source(requested: str, runs: list[dict]) -> dict[str, str]:
    """The decision of _check_source.decide as a dictionary.

    :raises AnsibleFilterError: when the option has another value
    """
    if requested not in _check_source.SOURCES:
        raise AnsibleFilterError(f"cc_gateway_check_source must be auto, state_file or soap (got {requested!r}). Correct it in the "
                                 f"inventory.")
    if requested == "soap":
        return _check_source.decide(requested, {}, {}, {}).as_dict()
    before, soap, after = (check_answer(run) for run in runs)
    return _check_source.decide(requested, before, soap, after).as_dict()


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_check_source": check_source}
