# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that returns why the maintenance state of a host cannot be changed."""

from __future__ import annotations

from typing import Any

DOCUMENTATION = r"""
name: _maintenance_problems
short_description: "[INTERNAL] Validate a change of the maintenance state"
version_added: 0.2.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Maintenance touches the maintenance state only, so it needs a gateway that is deployed.
positional: host, wanted, force, leaving
options:
  _input:
    description: The C(eucalyptus_vip) of each cluster controller of the cluster, by host; empty for one that did not respond.
    type: dict
    required: true
  host:
    description: The host.
    type: str
    required: true
  wanted:
    description: Whether it is to be in maintenance.
    type: bool
    required: true
  force:
    description: Whether to go on without a gateway.
    type: bool
    required: true
  leaving:
    description: The hosts that this run takes into maintenance.
    type: list
    elements: str
    required: true
"""

EXAMPLES = r"""
- name: Show why cc1 cannot be taken into maintenance
  ansible.builtin.debug:
    msg: "{{ answers | eucalyptus.ha._maintenance_problems('cc1', true, false, ['cc1']) }}"
"""

RETURN = r"""
_value:
  description: The reasons, a sentence each; empty when it can be done.
  type: list
  elements: str
"""


def _deployed(fact: dict[str, Any]) -> bool:
    return any(vip.get("configured") for vip in fact.get("vips") or [])


def _ready(fact: dict[str, Any]) -> bool:
    """Whether a host could take over the VIP."""
    return _deployed(fact) and bool((fact.get("keepalived") or {}).get("running")) and not fact.get("maintenance")


def maintenance_problems(facts: dict[str, dict], host: str, wanted: bool, force: bool, leaving: list[str]) -> list[str]:
    """Why `host` cannot be taken into maintenance (wanted) or out of it."""
    if not _deployed(facts.get(host) or {}):
        return [f"the gateway is not deployed on {host}, so there is no maintenance to set. Run eucalyptus.ha.gateway first."]
    if not wanted or force:
        return []
    problems = []
    if len(leaving) > 1:
        problems.append(f"this run would take {' and '.join(leaving)} into maintenance at once. Use --limit for one of them.")
    others = {name: fact or {} for name, fact in facts.items() if name != host}
    if not any(_ready(fact) for fact in others.values()):
        why = [
            f"{name} {_why_not(fact)}" for name, fact in sorted(others.items())
        ]
        problems.append(
            f"no other host could take over the VIP ({'; '.join(why) or 'the cluster has no other host'}). Fix that first. To do it "
            f"anyway and leave "
            "the node controllers without a gateway, set cc_gateway_maintenance_force=true."
        )
    return problems


def _why_not(fact: dict[str, Any]) -> str:
    if not fact:
        return "does not respond"
    if not _deployed(fact):
        return "has no gateway deployed"
    if fact.get("maintenance"):
        return "is in maintenance"
    return "does not run keepalived"


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"_maintenance_problems": maintenance_problems}
