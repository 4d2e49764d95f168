# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that sums a deployment up, in the last lines of its run."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = r"""
name: _run_summary
short_description: "[INTERNAL] Summarize a deployment"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Names the hosts on which the gateway is deployed and those on which it is not, in check mode what would change, and the warnings.
positional: in_play, everyone, hostvars, check_mode
options:
  _input:
    description: The hosts of the play that have not failed.
    type: list
    elements: str
    required: true
  in_play:
    description: The hosts that the play began with.
    type: list
    elements: str
    required: true
  everyone:
    description: The hosts of the clusters.
    type: list
    elements: str
    required: true
  hostvars:
    description: The variables of the hosts, with C(__cc_gateway) and what the tasks that change something have registered.
    type: dict
    required: true
  check_mode:
    description: Whether nothing was changed.
    type: bool
    required: true
"""

EXAMPLES = r"""
- name: Sum the run up
  ansible.builtin.debug:
    msg: "{{ ['cc1'] | eucalyptus.ha._run_summary(['cc1'], ['cc1', 'cc2'], hostvars, false) }}"
"""

RETURN = r"""
_value:
  description: Lines of text.
  type: str
"""


# What a task has registered, and what it changes; None for the paths in its result.
_CHANGES: dict[str, str | None] = {
    "__keepalived_missing": "the package keepalived",
    "__keepalived_written": "keepalived.conf",
    "__keepalived_extras": None,
    "__keepalived_extras_gone": None,
    "__keepalived_admitted": "the firewall rules for VRRP",
    "__cc_gateway_keys": "the client key and certificate",
    "__cc_gateway_check_files": None,
    "__cc_gateway_forwarding": "the forwarding rules",
    "__cc_gateway_connections_files": "the configuration of conntrackd",
    "__cc_gateway_connections_gone": None,
}


def _list(names: list[str]) -> str:
    return ", ".join(names)


def _paths(result: dict[str, Any]) -> list[str]:
    looped = [one.get("path") or one.get("dest") or "" for one in result.get("results") or [] if one.get("changed")]
    return [*(result.get("paths") or []), *filter(None, looped)]


def _changes(known: dict[str, Any]) -> list[str]:
    """What would change on a host."""
    found = []
    for name, words in _CHANGES.items():
        result = known.get(name) or {}
        if result.get("changed"):
            found += [words] if words else _paths(result)
    return found


def run_summary(done: list[str], in_play: list[str], everyone: list[str], hostvars: Any, check_mode: bool) -> str:
    """The last lines of a deployment."""
    failed = [name for name in in_play if name not in done]
    outside = [name for name in everyone if name not in in_play]
    lines = []
    if check_mode:
        lines.append(f"Check mode: nothing was changed. A real run would deploy the gateway on {_list(done) or 'no host'}.")
        for name in done:
            changes = _changes(hostvars[name])
            lines.append(f"{name}: would change {_list(changes)}." if changes else f"{name}: nothing to change.")
    else:
        lines.append(f"Gateway deployed on {_list(done) or 'no host'}.")
    if failed:
        lines.append(
            f"NOT deployed on {_list(failed)} (failed or unreachable), so the VIP cannot fail over to "
            f"{'it' if len(failed) == 1 else 'them'} unless an "
            f"earlier run set it up. Fix the cause above, then run this playbook again with --limit {','.join(failed)}."
        )
    if outside:
        lines.append(f"Outside --limit, left as it was: {_list(outside)}.")
    for name in done:
        lines += [f"WARNING: {name}: {warning}" for warning in (hostvars[name].get("__cc_gateway") or {}).get("warnings") or []]
    return "\n".join(lines)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_run_summary": run_summary}
