# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads what a run of the check with --json said."""

from __future__ import annotations

import json
from typing import Any

DOCUMENTATION = r"""
name: check_answer
short_description: What a run of cc-enabled-check said
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Turns the result of a task that ran C(cc-enabled-check --json) into the object that it printed.
  - A run that printed no such object, for whatever reason, becomes one that is not definite and says why. It never fails.
options:
  _input:
    description: The result of M(ansible.builtin.command).
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Ask the cluster controller on this host, as keepalived does
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
    text = str(result.get("stdout") or "")
    try:
        answer = json.loads(text)
    except ValueError:
        answer = None
    if not isinstance(answer, dict) or "definite" not in answer:
        said = [str(one or "").strip() for one in (result.get("stderr"), text, result.get("msg"), "the check said nothing")]
        return {"definite": False, "local_state": None, "message": next(filter(None, said)).splitlines()[-1]}
    return {"local_state": None, "message": "", **answer}


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"check_answer": check_answer}
