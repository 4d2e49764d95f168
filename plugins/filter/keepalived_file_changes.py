# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: which files of the role keepalived are not as they should be."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any

DOCUMENTATION = r"""
name: keepalived_file_changes
short_description: "[INTERNAL] Compare files with their wanted state"
version_added: 0.1.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role keepalived.) It can change or go at any time.
  - Compares wanted files with what was found on the host, so that a role needs no task for a file that is up to date.
positional: seen
options:
  _input:
    description:
      - The wanted files, each with C(path) or, for the same text in several places, C(paths), and with C(text) and
        C(mode). A file with an empty text shall not be there.
    type: list
    elements: dict
    required: true
  seen:
    description:
      - Paths of the files that exist, to their SHA-256, mode, owner and group with blanks between.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show which of the wanted files are not as they should be
  ansible.builtin.debug:
    msg: "{{ wanted | eucalyptus.ha.keepalived_file_changes(seen) }}"
  vars:
    wanted:
      - path: /etc/sysctl.d/60-keepalived.conf
        text: "net.ipv4.ip_nonlocal_bind = 1\n"
        mode: "0644"
    seen:
      /etc/sysctl.d/60-keepalived.conf: "{{ '' | ansible.builtin.hash('sha256') }} 644 root root"
"""

RETURN = r"""
_value:
  description: Those of the wanted files that are missing, differ, or should not be there, each with C(path).
  type: list
  elements: dict
"""


def keepalived_file_changes(wanted: list[Mapping[str, Any]], seen: Mapping[str, str]) -> list[dict[str, Any]]:
    """The files of ``wanted`` that ``seen`` does not show as they should be."""
    changes = []
    for file in wanted:
        digest = hashlib.sha256(file["text"].encode()).hexdigest()
        right = f"{digest} {str(file['mode']).lstrip('0')} root root" if file["text"] else None
        for path in file.get("paths") or [file["path"]]:
            if seen.get(path) != right:
                changes.append({**{key: value for key, value in file.items() if key != "paths"}, "path": path})
    return changes


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"keepalived_file_changes": keepalived_file_changes}
