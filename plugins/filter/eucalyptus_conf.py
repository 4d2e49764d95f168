# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that reads eucalyptus.conf as the cluster controller does."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.module_utils import _eucalyptus_conf
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_text import plain

DOCUMENTATION = r"""
name: eucalyptus_conf
short_description: Read C(eucalyptus.conf) as the cluster controller reads it
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Turns the text of C(eucalyptus.conf) into a dictionary of its settings.
  - >-
    The rules are those of the C parser of Eucalyptus 3.1 to 5.1 (C(util/config.c)), which differ from a shell's: the first
    assignment of a name counts, spaces around C(=) are allowed, a value is one bare word or stands in double quotes, and
    nothing is expanded. C(eucalyptus.local.conf) is read before C(eucalyptus.conf), so its values win.
options:
  _input:
    description: The text of one file, or a list of texts in the order in which the cluster controller reads the files.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Read eucalyptus.conf
  ansible.builtin.slurp:
    src: /etc/eucalyptus/eucalyptus.conf
  register: eucalyptus_conf

- name: Show the interface of the node controllers' network
  ansible.builtin.debug:
    msg: "{{ (eucalyptus_conf.content | b64decode | eucalyptus.ha.eucalyptus_conf)['VNET_PRIVINTERFACE'] }}"
"""

RETURN = r"""
_value:
  description: The settings, by name; every value is a string.
  type: dict
  sample:
    CC_PORT: "8774"
    VNET_PRIVINTERFACE: eth1
"""


def eucalyptus_conf(texts: Any) -> dict[str, str]:
    """Settings of eucalyptus.conf; the first assignment of a name counts.

    :param texts: the text of a file, or a list of texts in reading order
    :raises AnsibleFilterError: for anything that is not text
    """
    if isinstance(texts, str):
        texts = [texts]
    if not isinstance(texts, (list, tuple)) or not all(isinstance(text, str) for text in texts):
        raise AnsibleFilterError(
            f"eucalyptus_conf: expected the text of a file or a list of texts, got {type(texts).__name__}"
        )
    found: dict[str, str] = plain(_eucalyptus_conf.parse(texts))
    return found


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"eucalyptus_conf": eucalyptus_conf}
