#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: safe_file
version_added: 0.2.0
short_description: "[INTERNAL] Read, write or remove a file where other users may write as well"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Reads, writes or removes a file relative to its opened directory, so that nobody can exchange a part of the path meanwhile.
  - Follows no link but those that root made in directories of root's. Opens regular files only, and never waits for one.
  - A new file has mode 0600 until it has its owner and group, and its mode before it has its name.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options:
  path:
    description: The absolute path of the file.
    type: path
    required: true
  state:
    description:
      - V(present) writes O(content), or what is in O(src).
      - V(absent) removes the file, or the directory with all that is in it.
      - V(read) changes nothing and returns the content.
    type: str
    choices: [present, absent, read]
    default: present
  content:
    description: What to write, in Base64, so that no release of Ansible changes it on the way.
    type: str
  src:
    description: A file of the host to copy from.
    type: path
  owner:
    description: The owner's name or number. By default that of the file that is there, or of this process.
    type: str
  group:
    description: The group's name or number, likewise.
    type: str
  mode:
    description: The mode, in octal, as text; V(preserve) for that of O(src).
    type: str
    default: "0600"
  as_owner:
    description:
      - Accept a directory that belongs to another user than root. What is done is done with that user's rights, and O(owner) and
        O(group) mean nothing.
      - Reading accepts it always, and reads what that user may read.
    type: bool
    default: false
  secret:
    description: Keep the content out of the difference that C(--diff) shows.
    type: bool
    default: false
notes:
  - Needs Python's standard library, from 2.7 on, and C(/proc).
extends_documentation_fragment:
  - eucalyptus.ha._attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
"""

EXAMPLES = r"""
- name: Write a file that only root may read
  eucalyptus.ha.safe_file:
    path: /etc/example/secret
    content: "{{ vault_example_secret | b64encode }}"
    secret: true
  become: true
  no_log: true

- name: Read a file that another user may exchange
  eucalyptus.ha.safe_file:
    path: /etc/eucalyptus/eucalyptus.conf
    state: read
  become: true
  register: conf
"""

RETURN = r"""
exists:
  description: Whether the file was there.
  returned: success
  type: bool
  sample: true
content:
  description: Its content in Base64.
  returned: O(state=read) and the file is there
  type: str
  sample: RVVDQV9VU0VSPSJldWNhbHlwdHVzIgo=
"""

import base64
import grp
import pwd
import re

from ansible_collections.eucalyptus.ha.plugins.module_utils import _safe_files
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_module import PlainModule


def number(module, option, find, field):
    """The number of a user or group that is given by name or number, or None."""
    text = module.params[option]
    if text is None:
        return None
    if text.isdigit():
        return int(text)
    try:
        return getattr(find(text), field)
    except KeyError:
        return module.fail_json(msg="%s must be a user or group of this host (got '%s')" % (option, text))


def wanted(module):
    """The content to write (bytes), and its mode."""
    params = module.params
    mode = params["mode"]
    if mode != "preserve" and not re.match(r"0[0-7]{3}\Z", mode):
        module.fail_json(msg="mode must be octal digits in quotes, such as \"0640\" (got '%s')" % mode)
    if mode == "preserve" and params["src"] is None:
        module.fail_json(msg="mode must be octal digits where src is not given (got preserve)")
    if params["src"] is not None:
        source = _safe_files.read(params["src"])
        if source is None:
            module.fail_json(msg="src must be a file (got %s, which does not exist)" % params["src"])
        return source.content, source.mode & 0o777 if mode == "preserve" else int(mode, 8)
    try:
        return base64.b64decode(params["content"]), int(mode, 8)
    except (TypeError, ValueError):
        return module.fail_json(msg="content must be Base64. Use filter b64encode.")


def difference(params, before, after):
    """What --diff shows, or None."""
    if before == after:
        return None
    if params["secret"]:
        return {"prepared": "%s: the content differs. It is secret and not shown.\n" % params["path"]}
    texts = dict((name, (data or b"").decode("utf-8", "replace")) for name, data in (("before", before), ("after", after)))
    return dict(texts, before_header=params["path"], after_header=params["path"])


def act(module):
    """What the module returns."""
    params, dry = module.params, module.check_mode
    if params["state"] == "read":
        found = _safe_files.read(params["path"])
        if found is None:
            return {"changed": False, "exists": False}
        return {"changed": False, "exists": True, "content": base64.b64encode(found.content).decode("ascii")}
    if params["state"] == "absent":
        there = _safe_files.remove(params["path"], params["as_owner"], dry)
        return {"changed": there, "exists": there}
    content, mode = wanted(module)

    def label(new):
        module.set_context_if_different(new, module.selinux_default_context(params["path"]), False)

    file = _safe_files.Wanted(
        content,
        mode,
        number(module, "owner", pwd.getpwnam, "pw_uid"),
        number(module, "group", grp.getgrnam, "gr_gid"),
        label if module.selinux_enabled() else None,
    )
    changed, before = _safe_files.write(params["path"], file, params["as_owner"], dry)
    result = {"changed": changed, "exists": before is not None}
    shown = difference(params, before, content)
    return dict(result, diff=shown) if shown else result


def main():
    module = PlainModule(
        argument_spec=dict(
            path=dict(type="path", required=True),
            state=dict(type="str", choices=["present", "absent", "read"], default="present"),
            # Its Base64 form is as secret as the content may be.
            content=dict(type="str", no_log=True),
            src=dict(type="path"),
            owner=dict(type="str"),
            group=dict(type="str"),
            mode=dict(type="str", default="0600"),
            as_owner=dict(type="bool", default=False),
            secret=dict(type="bool", default=False, no_log=False),
        ),
        required_if=[("state", "present", ("content", "src"), True)],
        mutually_exclusive=[("content", "src")],
        supports_check_mode=True,
    )
    try:
        result = act(module)
    except _safe_files.FileError as e:
        module.fail_json(msg=e.strerror)
    module.exit_json(**result)


if __name__ == "__main__":
    main()
