# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads what a run of the check with --json printed."""

from __future__ import annotations

from typing import Any

from ansible_collections.eucalyptus.ha.plugins.module_utils import _deployed_check

DOCUMENTATION = r"""
name: check_answer
short_description: "[INTERNAL] Read what a run of cc-enabled-check printed"
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role cc_gateway.) It can change or go at any time.
  - Turns the result of a task that ran C(cc-enabled-check --json) into the object that it printed.
  - A run that printed no such object becomes one that is not definite, with the reason. It never fails.
options:
  _input:
    description: The result of M(ansible.builtin.command).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Query the cluster controller on this host, as keepalived does
  ansible.builtin.command: /usr/libexec/keepalived/cc-enabled-check --json
  become: true
  become_user: eucalyptus
  register: check
  changed_when: false
  # Exit status 1 is an answer too.
  failed_when: false

- name: Show the state
  ansible.builtin.debug:
    msg: "{{ (check | eucalyptus.ha.check_answer).local_state }}"
"""

RETURN = r"""
_value:
  description: The check's object, with at least C(definite), C(local_state) and C(message).
  type: dict
  sample: {definite: true, local_state: ENABLED, enabled: true, source: soap, message: "ENABLED", elapsed: 0.03, remembered: false}
"""


def check_answer(result: dict) -> dict[str, Any]:
    """The object that a run of the check printed.

    :param result: the result of a command task
    :returns: dict with at least definite (bool), local_state (str or None) and message (str)
    """
    output, complaint, message = (str(result.get(key) or "") for key in ("stdout", "stderr", "msg"))
    answer: dict[str, Any] = _deployed_check.parse_answer(output, complaint, message)
    return answer


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"check_answer": check_answer}
