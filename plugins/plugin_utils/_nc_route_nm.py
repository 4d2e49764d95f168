# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The changes of NetworkManager's connection, and how they are undone. Each call is the arguments of `nmcli connection modify`."""

from __future__ import annotations

import re
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_backends import NM_METRIC
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import Inspection

Record = dict[str, str]


def nm_record(host: Inspection, vip: str, old: Record | None) -> Record:
    """What the record keeps of the connection: its settings before the first deployment, and our route."""
    before = old if old is not None and old.get("uuid") == host.connection else None
    known = host.connection_settings
    return {
        "uuid": host.connection,
        "interface": host.interface,
        # What was before the first deployment, not what we have made of it since.
        "gateway": before["gateway"] if before is not None else known.get("ipv4.gateway", "").replace("--", ""),
        "never_default": before["never_default"] if before is not None else known.get("ipv4.never-default", "no"),
        "route": f"0.0.0.0/0 {vip} {NM_METRIC}",
    }


def nm_changes(host: Inspection, nm: Record | None, old: Record | None) -> list[list[str]]:
    """The calls that make the change."""
    calls = []
    if old and (nm is None or old["uuid"] != nm["uuid"] or old["route"] != nm["route"]):
        back = [old["uuid"], "-ipv4.routes", old["route"]]
        if nm is None or old["uuid"] != nm["uuid"]:
            back += ["ipv4.gateway", old["gateway"], "ipv4.never-default", old["never_default"]]
        calls.append(back)
    if nm:
        known = host.connection_settings
        change = []
        vip = re.escape(nm["route"].split()[1])
        if not re.search(rf"\b0\.0\.0\.0/0,? +(nh = )?{vip}\b", known.get("ipv4.routes", "")):
            change += ["+ipv4.routes", nm["route"]]
        if known.get("ipv4.gateway", "") not in ("", "--"):
            change += ["ipv4.gateway", ""]
        if known.get("ipv4.never-default", "no") not in ("no", ""):
            change += ["ipv4.never-default", "no"]
        if change:
            calls.append([nm["uuid"], *change])
    return calls


def nm_rollback(host: Inspection, change: dict[str, Any]) -> list[list[str]]:
    """The calls that bring the connections back to the settings that the inspection found."""
    known = host.connection_settings
    nm, old = change["nm"], change["old_nm"]
    found: dict[str, list[str]] = {}
    if nm:
        now = [
            "ipv4.gateway",
            known.get("ipv4.gateway", "").replace("--", ""),
            "ipv4.never-default",
            known.get("ipv4.never-default", "no"),
        ]
        had = old and old["uuid"] == host.connection
        if not had or old["route"] != nm["route"]:
            now += ["-ipv4.routes", nm["route"]]
        found[nm["uuid"]] = now
    if old and (not nm or nm["uuid"] != old["uuid"] or nm["route"] != old["route"]):
        found.setdefault(old["uuid"], []).extend(["+ipv4.routes", old["route"]])
        if not nm or nm["uuid"] != old["uuid"]:
            found[old["uuid"]] += ["ipv4.gateway", "", "ipv4.never-default", "no"]
    return [[uuid, *words] for uuid, words in found.items()]
