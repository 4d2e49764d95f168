# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: what a run of ``keepalived --config-test`` means."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_verdict import NAMES, unknown, verdict

DOCUMENTATION = r"""
name: keepalived_verdict
short_description: "[INTERNAL] Evaluate a run of keepalived --config-test"
version_added: 0.1.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal tool of role keepalived.) It can change or go at any time.
  - The exit codes of C(keepalived --config-test) changed between versions, and its manual page still has the old ones.
    This filter evaluates the code and what keepalived printed.
  - To keepalived each of its complaints is an error, also those that change nothing. Such a complaint has a name, which stands in
    brackets after it in the message, and can be accepted by it.
positional: version, accept
options:
  _input:
    description:
      - The result of the task that ran the test, with C(rc), C(stdout) and C(stderr).
    type: dict
    required: true
  version:
    description:
      - The version of keepalived that was run, for example V(2.2.7).
    type: str
    required: true
  accept:
    description:
      - Complaints that are no error, each by its name or by its whole text without the place in the file.
      - 'Names are V(script_security), V(own_interface), V(one_member), V(deprecated), V(iptables), V(link_local), V(no_address),
        V(server_default), V(server_port), V(quorum), V(rule_preference), V(untracked_route), V(vmac_xmit_base),
        V(missing_program), V(insecure_program), V(missing_include), and for what role P(eucalyptus.ha.keepalived#role) finds on the
        host V(not_executable), V(unknown_user), V(own_peer), V(source_address).'
    type: list
    elements: str
    default: []
"""

EXAMPLES = r"""
- name: Have keepalived test its configuration
  ansible.builtin.command: keepalived --config-test
  become: true
  register: config_test
  changed_when: false
  # Evaluated below.
  failed_when: false

- name: Fail if keepalived would not run the configuration unchanged
  ansible.builtin.fail:
    msg: "{{ verdict.message }}"
  when: verdict.state != 'good'
  vars:
    verdict: "{{ config_test | eucalyptus.ha.keepalived_verdict('2.2.7', ['own_interface', 'deprecated']) }}"
"""

RETURN = r"""
_value:
  description: The meaning of the run.
  type: dict
  contains:
    state:
      description:
        - V(good), V(errors) (keepalived would run with a part of the configuration), V(fatal) (it would not run),
          V(security) (scripts without script security) or V(failed) (the test itself did not work).
      type: str
      sample: errors
    message:
      description: One text for people, with all that keepalived printed.
      type: str
      sample: "keepalived 2.2.7 would run with a part of this configuration only (exit code 5). It printed: …"
    said:
      description: What keepalived printed, line by line, without repetitions.
      type: list
      elements: str
"""


def keepalived_verdict(result: Any, version: str, accept: Iterable[str] = ()) -> dict[str, Any]:
    """The meaning of the registered ``result`` of a config test with keepalived ``version``.

    :raises AnsibleFilterError: when the result is not one of a command, or an accepted name is unknown.
    """
    names = [str(item) for item in accept]
    if unknown(names):
        raise AnsibleFilterError(
            f"keepalived_verdict: accept must have names of complaints, or whole sentences that keepalived prints (got"
            f" {', '.join(map(repr, unknown(names)))}). The names are {', '.join(NAMES)}."
        )
    if not isinstance(result, Mapping) or "rc" not in result:
        raise AnsibleFilterError(
            "keepalived_verdict: needs the registered result of the config test, with rc and stderr"
        )
    output = "\n".join(str(result.get(name) or "") for name in ("stdout", "stderr"))
    return verdict(int(result["rc"]), output, str(version), names)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"keepalived_verdict": keepalived_verdict}
