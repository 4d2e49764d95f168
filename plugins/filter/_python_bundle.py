# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: a Python package as one file."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _python_bundle

DOCUMENTATION = r"""
name: _python_bundle
short_description: "[INTERNAL] Combine a Python package into one file"
version_added: 0.2.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal filter of role cc_gateway.) It may change or go in any release.
  - Returns the text of one Python module that does what the package does. The role installs the check on hosts in this form, so that a
    deployment replaces it at once while keepalived runs it, and passes it to an interpreter where no file may be written.
options:
  _input:
    description: The directory of the package on the control node.
    type: path
    required: true
"""

EXAMPLES = r"""
- name: Install a package of this role as one file
  ansible.builtin.copy:
    content: "{{ (role_path ~ '/files/cc_enabled_check') | eucalyptus.ha._python_bundle }}"
    dest: /usr/libexec/keepalived/cc_enabled_check.py
    mode: "0644"
"""

RETURN = r"""
_value:
  description: The text of the module.
  type: str
"""


def python_bundle(package: str) -> str:
    """The text of one module with the contents of the package in this directory."""
    try:
        return _python_bundle.python_bundle(package)
    except (OSError, ValueError, SyntaxError) as error:
        raise AnsibleFilterError(f"_python_bundle: {error}") from error


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"_python_bundle": python_bundle}
