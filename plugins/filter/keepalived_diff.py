# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: the difference between two keepalived.conf, without their secrets."""

from __future__ import annotations

from collections.abc import Callable
from difflib import unified_diff
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_mask import mask

DOCUMENTATION = r"""
name: keepalived_diff
short_description: Show the difference between two keepalived.conf without their secrets
version_added: 0.1.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Compares two texts line by line. Every C(auth_pass) and C(password) is masked on both sides, wherever it stands; in comments, in
    blocks on one line, in definitions and on continued lines too.
positional: new
options:
  _input:
    description:
      - The text before.
    type: str
    required: true
  new:
    description:
      - The text after.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Read the configuration that is there
  ansible.builtin.slurp:
    src: /etc/keepalived/keepalived.conf
  become: true
  register: there

- name: Show what would change
  ansible.builtin.debug:
    msg: "{{ there.content | b64decode | eucalyptus.ha.keepalived_diff(wanted) }}"
  vars:
    wanted: "{{ {'global_defs': {'router_id': 'cc1'}} | eucalyptus.ha.keepalived_conf }}"
"""

RETURN = r"""
_value:
  description: Lines of a unified diff. A single note when only secrets differ; empty when nothing does.
  type: list
  elements: str
"""


def keepalived_diff(old: str, new: str) -> list[str]:
    """The masked difference between ``old`` and ``new``."""
    lines = list(unified_diff(mask(old, new).splitlines(), mask(new, old).splitlines(), "before", "after", lineterm=""))
    if not lines and old != new:
        return ["Only secrets differ."]
    return lines


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"keepalived_diff": keepalived_diff}
