# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change on a node controller so that its default route is the VIP, or is again what it was before.

Every file that any backend knows is first reduced to what it was without us, then the wanted backend's text is put on
top. So a changed backend, a changed VIP and the removal are the same computation, and no two mechanisms are left.
"""

from __future__ import annotations

import difflib
import json
import posixpath
import re
from dataclasses import dataclass, field
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.module_utils._nc_route_inspect import ANY
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _nc_route_text as text_of
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_backends import (
    COPY,
    DHCLIENT_HOOK,
    DROP_IN,
    HOOK,
    NETPLAN_FILE,
    UNIT,
    choose_backend,
    wanted_files,
)
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import (
    Inspection,
    encoded,
    is_ipv4,
    read_record,
)
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_nm import nm_changes, nm_record
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_script import (
    apply_script,
    ours_alone,
    rollback_script,
)
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_settings import Settings

RECORD = "/var/lib/eucalyptus-ha/nc_route.json"
_MODES = {HOOK: "0755", NETPLAN_FILE: "0600", RECORD: "0600"}


@dataclass(frozen=True)
class Plan:
    """The change. With problems nothing may be done."""

    problems: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    needed: bool = False
    backend: str = ""
    reason: str = ""
    vip: str = ""
    interface: str = ""
    earlier_routes: list[str] = field(default_factory=list)
    # Each path, text (None: remove it), before (None: it is not there) and mode.
    files: list[dict[str, Any]] = field(default_factory=list)
    apply: str = ""
    rollback: str = ""

    @property
    def directories(self) -> list[str]:
        """Those that have to be there first."""
        return sorted({posixpath.dirname(f["path"]) for f in self.files if f["text"] is not None and ours_alone(f["path"])})

    def payload(self, rollback_after: int) -> str:
        """For the module, as JSON."""
        files = [
            {"path": f["path"], "mode": f["mode"], "content": None if f["text"] is None else encoded(f["text"])}
            for f in self.files
        ]
        return json.dumps(
            {
                "files": files,
                "directories": self.directories,
                "apply": self.apply,
                "rollback": self.rollback,
                "rollback_after": rollback_after,
            }
        )

    def diff(self) -> list[dict[str, str]]:
        """For --diff: the lines that change and none around them, which may hold passwords."""
        found = []
        for one in self.files:
            before, after = ((one[key] or "").splitlines(keepends=True) for key in ("before", "text"))
            old, new = (one["path"] if one[key] is not None else "/dev/null" for key in ("before", "text"))
            lines = "".join(difflib.unified_diff(before, after, old, new, n=0))
            found.append({"prepared": lines.encode("utf-8", "replace").decode("utf-8")})
        return found

    def sentence(self, present: bool) -> str:
        """What the change is."""
        files = f"Files to write or remove: {', '.join(f['path'] for f in self.files) or 'none'}"
        if not present:
            return f"the default route will become what it was before: {'; '.join(self.earlier_routes) or 'none'}. {files}"
        by = "a systemd unit" if self.backend == "unit" else self.backend
        return f"the default route will become {self.vip} dev {self.interface}, set by {by} ({self.reason}). {files}"


def make_plan(host: Inspection, settings: Settings) -> Plan:
    """What has to change on the host, by the settings, which are right as far as that is known without a host."""
    vip, present = settings.vip, settings.present
    record = read_record(host.files.get(RECORD, ""))
    problems, warnings = _problems(host, settings)
    backend, reason = "", ""
    if not problems and present:
        backend, reason, problems = choose_backend(host, settings.backend)
    if problems:
        return Plan(problems=problems, warnings=warnings, backend=backend, reason=reason)

    base = {path: _before_us(path, text) for path, text in host.files.items()}
    target = dict(base)
    old_nm = record.get("nm") if isinstance(record.get("nm"), dict) else None
    earlier = _earlier_routes(host, record, base, vip)
    nm = None
    if present:
        try:
            target.update(wanted_files(backend, host, base, vip))
        except text_of.ByHand as by_hand:
            problem = f"{by_hand}. Remove it by hand, or choose another nc_route_backend"
            return Plan(problems=[problem], warnings=warnings, backend=backend, reason=reason)
        if backend == "networkmanager":
            nm = nm_record(host, vip, old_nm)
        target[RECORD] = _record(backend, host, vip, earlier, nm)

    files = [
        {"path": path, "text": target[path], "before": host.files.get(path), "mode": _mode(path, host)}
        for path in sorted(target)
        if target[path] != host.files.get(path)
    ]
    change = {
        "state": settings.state,
        # What is removed is what was deployed, whatever the settings are by now.
        "vip": vip if present else record.get("vip") or vip,
        "old_vip": record.get("vip", ""),
        "interface": host.interface if present else record.get("interface", host.interface),
        "backend": backend or record.get("backend", ""),
        "old_backend": record.get("backend", ""),
        "earlier": earlier,
        "nm": nm,
        "old_nm": old_nm,
        "nm_change": nm_changes(host, nm, old_nm),
        "files": files,
        "kernel": present and host.gateway != vip,
        "enable": backend == "unit" and "eucalyptus-nc-route" not in host.enabled,
    }
    needed = bool(files or change["nm_change"] or change["kernel"] or change["enable"])
    return Plan(
        warnings=warnings,
        needed=needed,
        backend=change["backend"],
        reason=reason,
        vip=change["vip"],
        interface=change["interface"],
        earlier_routes=earlier,
        files=files,
        apply=apply_script(host, change) if needed else "",
        rollback=rollback_script(host, change) if needed else "",
    )


def _problems(host: Inspection, settings: Settings) -> tuple[list[str], list[str]]:
    """(problems, warnings) of the settings on this host."""
    vip, control = settings.vip, host.control
    if not host.systemd:
        return ["the host does not run systemd, which this role requires"], []
    if not settings.present:
        return [], []
    found, warnings = [], []
    device = re.search(r"\bdev (\S+)", host.to_vip)
    if vip in host.addresses:
        found.append(f"nc_route_vip {vip} is an address of this host itself, so it cannot be its gateway")
    elif " via " in host.to_vip or not host.to_vip.startswith(f"{vip} ") or device is None:
        found.append(
            f"nc_route_vip {vip} is not in any network directly connected to this host, so it cannot be its gateway (route found: "
            f"{host.to_vip.removesuffix(' cache').strip() or 'none'}). Check cc_gateway_vip and this host's addresses"
        )
    elif device.group(1) != host.interface:
        found.append(f"nc_route_interface is {host.interface}, but {vip} is reached through {device.group(1)}")
    elif host.answers_error:
        warnings.append(f"could not check by ARP whether a host holds the VIP {vip}: {host.answers_error}")
    elif host.answers is not None and not host.answers:
        found.append(
            f"no host answers ARP for the VIP {vip} on {host.interface}; a default route to it would lead nowhere. Run "
            "eucalyptus.ha.gateway first, then check with eucalyptus.ha.status"
        )
    elif host.answers is not None and len(host.answers) > 1:
        warnings.append(f"several hosts answer ARP for the VIP {vip} ({', '.join(host.answers)}). Run eucalyptus.ha.status")
    if (
        is_ipv4(control)
        and host.gateway != vip
        and all(route.startswith("default") for route in host.way_back)
    ):
        found.append(
            f"Ansible connects from {control}, which this host reaches over its default route only; once the VIP is the default "
            f"gateway, answers would leave through it and the connection may be lost. Add a route to {control} first, or connect "
            f"over the private network, or set nc_route_control_address to {ANY} if the way back through the VIP is known to work"
        )
    return found, warnings


def _before_us(path: str, text: str) -> str | None:
    """The text of a file as it was without us; None where the file would not be there."""
    if (
        path in (UNIT, HOOK, DHCLIENT_HOOK, NETPLAN_FILE, RECORD)
        or posixpath.basename(path) == DROP_IN
        or text.startswith(COPY)
    ):
        return None
    before = text_of.restored(text)
    return None if before == "" and text else before


def _earlier_routes(host: Inspection, record: dict[str, Any], base: dict[str, str | None], vip: str) -> list[str]:
    """The default routes from before the first deployment."""
    earlier = record.get("earlier_routes")
    if isinstance(earlier, list):
        return earlier
    ours_is_there = any(base[path] != text for path, text in host.files.items())
    via = re.compile(rf"\bvia {re.escape(vip or '-')}\b")
    return [route for route in host.default_routes if not (ours_is_there and via.search(route))]


def _mode(path: str, host: Inspection) -> str:
    return host.modes.get(path) or _MODES.get(path, "0644")


def _record(backend: str, host: Inspection, vip: str, earlier: list[str], nm: dict[str, str] | None) -> str:
    data: dict[str, Any] = {"backend": backend, "vip": vip, "interface": host.interface, "earlier_routes": earlier}
    if nm:
        data["nm"] = nm
    return json.dumps(data, indent=2, sort_keys=True) + "\n"
