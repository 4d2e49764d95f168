#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: program_files
version_added: 0.2.0
short_description: "[INTERNAL] Install programs, and the directories that they need"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Does in one run what M(ansible.builtin.file) and M(ansible.builtin.copy) need one for each directory and file.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  directories:
    description: Directories that must exist.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path of the directory.
        type: path
        required: true
      owner:
        description: Name of the user.
        type: str
        default: root
  files:
    description: Files of root's.
    type: list
    elements: dict
    default: []
    suboptions:
      path:
        description: Path of the file.
        type: path
        required: true
      content:
        description: What it must contain.
        type: str
        required: true
      mode:
        description: Octal digits.
        type: str
        default: "0644"
  compile_with:
    description: The Python interpreter that compiles each of the O(files) whose name ends in C(.py), if one of them changed.
    type: path
extends_documentation_fragment:
  - eucalyptus.ha._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
    details:
      - The source of a program is of no use there.
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Install a program
  eucalyptus.ha.program_files:
    directories:
      - path: /usr/libexec/example
      - path: /run/example
        owner: example
    files:
      - path: /usr/libexec/example/example.py
        content: "import sys\n"
    compile_with: /usr/bin/python3
  become: true
"""

RETURN = r"""
paths:
  description: The directories and files that were not as wanted.
  returned: success
  type: list
  elements: str
  sample: [/usr/libexec/example/example.py]
"""

from ansible_collections.eucalyptus.ha.plugins.module_utils import _program_files, _safe_files
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def main():
    module = PlainModule(
        argument_spec=dict(
            directories=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(path=dict(type="path", required=True), owner=dict(type="str", default="root")),
            ),
            files=dict(
                type="list",
                elements="dict",
                default=[],
                options=dict(
                    path=dict(type="path", required=True),
                    content=dict(type="str", required=True),
                    mode=dict(type="str", default="0644"),
                ),
            ),
            compile_with=dict(type="path"),
        ),
        supports_check_mode=True,
    )

    def label(new, path):
        module.set_context_if_different(new, module.selinux_default_context(path), False)

    params = module.params
    try:
        paths = _program_files.ensure(
            params["directories"], params["files"], module.check_mode, label if module.selinux_enabled() else None
        )
    except _safe_files.FileError as e:
        module.fail_json(msg=e.strerror)
    sources = [one["path"] for one in params["files"] if one["path"].endswith(".py")]
    if params["compile_with"] and sources and paths and not module.check_mode:
        module.run_command([params["compile_with"], "-E", "-s", "-S", "-m", "compileall", "-q"] + sources, check_rc=True)
    module.exit_json(changed=bool(paths), paths=paths)


if __name__ == "__main__":
    main()
