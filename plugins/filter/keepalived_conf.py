# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: data to the text of keepalived.conf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_mask import mask
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import (
    HEADER,
    KeepalivedDataError,
    render,
)

DOCUMENTATION = r"""
name: keepalived_conf
short_description: Write data as keepalived.conf
version_added: 0.1.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Turns nested data into the text of C(keepalived.conf), for the whole grammar of C(man keepalived.conf(5)).
  - Keywords are written in a fixed order, nearly that of the man page, and names of blocks in natural order, whatever the order in the
    data; lists keep their order. The same data always gives the same bytes.
  - Values are quoted where keepalived would misread them. What keepalived.conf cannot express, a double quote or a line
    feed in a value for example, is an error.
  - A keyword that keepalived does not have at its place is an error too. Write it in C(raw) if your keepalived knows it.
positional: header
options:
  _input:
    description:
      - The configuration. Keys are the keywords of the block. V(null) leaves a keyword out.
      - A keyword without arguments takes V(true), or V(false) to leave it out. A keyword that takes C(on) or C(off) writes
        C(off) for V(false). V(yes), V(no), V(on) and V(off) as text are the same.
      - An empty list of words, lines or blocks leaves its keyword out. What must not be empty, as C(unicast_peer), is an error.
      - A keyword with several words takes a string with spaces or a list of words.
      - A block with a name, such as C(vrrp_instance), takes a mapping of names to blocks, or a list of blocks with C(name).
      - A block that can stand several times, such as C(HTTP_GET) or C(url), takes one mapping or a list of them.
      - A block of lines, such as C(virtual_ipaddress), takes a list. A line is a string, a mapping of its first word to its
        options, or a mapping with C(address), C(name), C(interface), C(route) or C(rule) and options.
      - A script takes a command line, a list of arguments, or a mapping with C(command), C(user) and C(group).
      - Every block takes C(comment), C(include) and its variants, C(raw_first) and C(raw), which is text written as it is.
      - Include files stand after what can be tracked (C(vrrp_script), C(track_file) and so on) and before the sync groups and
        instances; in C(global_defs) after C(script_user); everywhere else last.
    type: dict
    required: true
  header:
    description:
      - Comment at the top of the text. Empty for none.
    type: str
    default: Written by Ansible (eucalyptus.ha.keepalived_conf). Changes made here are lost.
  mask:
    description:
      - Replace the secrets, C(auth_pass) and the C(password) of C(SSL), so that the text can be shown to people.
    type: bool
    default: false
  version:
    description:
      - Version of keepalived on the host. What only tunes keepalived and is newer is left out then; filter
        P(eucalyptus.ha.keepalived_problems#filter) reports it with V(warnings). Empty when it is not known.
    type: str
    default: ''
notes:
  - An error names the path in the data, and all errors are reported at once.
"""

EXAMPLES = r"""
- name: Show a configuration
  ansible.builtin.debug:
    msg: "{{ keepalived_config | eucalyptus.ha.keepalived_conf(mask=true) }}"
  vars:
    keepalived_config:
      global_defs:
        router_id: cc1
        enable_script_security: true
        script_user: eucalyptus
      vrrp_script:
        cc_enabled:
          script: "/usr/bin/python3 /usr/libexec/keepalived/cc-enabled-check --port 8774"
          interval: 2
          weight: 100
      vrrp_instance:
        eucalyptus:
          interface: eth0
          virtual_router_id: 45
          priority: 100
          virtual_ipaddress:
            - 10.0.0.10/32 dev eth0
          track_script:
            - cc_enabled
"""

RETURN = r"""
_value:
  description: The text of keepalived.conf.
  type: str
"""


def keepalived_conf(data: Any, header: str | None = HEADER, mask: bool = False, version: str = "") -> str:
    """The text of keepalived.conf for ``data``.

    :raises AnsibleFilterError: naming every path in the data that cannot be written.
    """
    try:
        text = render(data, header, version)
    except KeepalivedDataError as error:
        raise AnsibleFilterError(f"keepalived_conf: {error}") from error
    return _mask(text) if mask else text


_mask = mask


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"keepalived_conf": keepalived_conf}
