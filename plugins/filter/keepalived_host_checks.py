# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: what has to be checked on the host of a keepalived.conf."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_checks import host_checks

DOCUMENTATION = r"""
name: keepalived_host_checks
short_description: "[INTERNAL] List what has to be checked on the host of a keepalived.conf"
version_added: 0.1.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role keepalived.) It can change or go at any time.
  - Lists the programs that a configuration runs, the addresses that it sends from, its peers, and its include files.
    C(keepalived --config-test) passes a program that is missing, cannot be executed or can be changed by others, a peer that is
    the host itself, a source address that the host does not have, and an include file that does not exist.
options:
  _input:
    description:
      - The configuration, in the form that P(eucalyptus.ha.keepalived_conf#filter) takes.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Show the programs and the peers
  ansible.builtin.debug:
    msg: "{{ keepalived_config | eucalyptus.ha.keepalived_host_checks }}"
  vars:
    keepalived_config:
      vrrp_script:
        web:
          script: /usr/libexec/keepalived/check-web --port 80
          user: nobody
      vrrp_instance:
        gateway:
          interface: eth0
          unicast_peer: [10.0.0.2]
          track_script: [web]
"""

RETURN = r"""
_value:
  description: >-
    Lines of C(program USER FILE), with V(-) for an unknown user, of C(interface NAME), C(peer ADDRESS), C(source ADDRESS) and
    C(include FILE).
    Sorted, each once. C(namespace NAME) comes first, where the configuration has a network namespace.
  type: list
  elements: str
  sample: ["interface eth0", "peer 10.0.0.2", "program eucalyptus /usr/bin/python3"]
"""


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[[Any], list[str]]]:
        return {"keepalived_host_checks": host_checks}
