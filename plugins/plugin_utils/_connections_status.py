# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The state of conntrackd on the hosts of a cluster, for the verdict and its reports. Private to the collection.

Hosts without cc_gateway_outside_vip have none, and are not reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._verdict_evidence import Evidence, Host
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._verdict_words import DEPLOY, Remark, names

# name -> help, as in _status_metrics.
METRICS = {
    "host_connections_running": "1 if conntrackd is running on the host.",
    "host_connections_synchronised": "1 if the host's conntrackd receives from the other host.",
    "host_connections_entries": "Number of connections in the host's kernel.",
    "host_connections_age_seconds": "Upper limit of the seconds since the host's conntrackd received something.",
}


def _on(hosts: list[Host], text: str, advice: str) -> list[Remark]:
    """A remark about these hosts, whose names are put in place of HOSTS; none about none."""
    who = names([one.name for one in hosts])
    return [Remark(text.replace("HOSTS", who), advice.replace("HOSTS", who))] if hosts else []


def remarks(evidence: Evidence) -> list[Remark]:
    """What needs attention about them."""
    known = [one for one in evidence.hosts if one.connections]
    if not known:
        return []
    found: list[Remark] = []
    running = [one for one in known if one.connections["running"]]
    found += _on(
        [one for one in known if one not in running],
        "conntrackd is not running on HOSTS: connections will break at the next failover",
        "Read journalctl -u conntrackd on HOSTS and start it there.",
    )
    # A peer that is down sends nothing.
    if len(running) == len(known) > 1:
        found += _on(
            [one for one in running if not one.connections["synchronised"]],
            "conntrackd on HOSTS receives nothing from the other host: connections will break at the next failover",
            "Check UDP port 3780 between the hosts' addresses in the node controllers' network (tcpdump, firewalls in between).",
        )
    found += _on(
        [one for one in running if one.connections["liberal"] is False],
        "net.netfilter.nf_conntrack_tcp_be_liberal is not 1 on HOSTS: connections may hang after a failover",
        "Find what sets it (sysctl.d), and restart conntrackd on HOSTS.",
    )
    without = [one for one in evidence.hosts if one.reachable and one.deployed and not one.connections]
    return found + _on(
        without, f"connections are synchronised on {names([one.name for one in known])} but not on HOSTS", DEPLOY
    )


def note(row: Mapping[str, Any]) -> str:
    """A host's row as a few words; empty without the option."""
    found = row.get("connections")
    if not found:
        return ""
    if not found["running"]:
        return "conntrackd not running"
    entries = "" if found["entries"] is None else f"{found['entries']:.0f} "
    return f"{entries}connections {'synchronised' if found['synchronised'] else 'not synchronised'}"


def values(row: Mapping[str, Any]) -> dict[str, float | bool | None]:
    """A host's samples."""
    found = row.get("connections") or {}
    return dict(zip(METRICS, (found.get(key) for key in ("running", "synchronised", "entries", "age")), strict=True))
