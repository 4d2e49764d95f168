# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The shell scripts that load a plan's files, and that take them back when nobody confirms the change."""

from __future__ import annotations

import posixpath
import shlex

from ansible_collections.eucalyptus.ha.plugins.module_utils._nc_route_change import DIRECTORY, MARKER
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import Inspection, encoded
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_nm import nm_rollback

UNIT_NAME = "eucalyptus-nc-route.service"
# What a script prints of a default route that the kernel does not take any more.
NOT_RESTORED = "could not restore"
# Seconds that a network manager gets to put its route in place before the route is made by hand.
WAIT_SECONDS = 5
_PATH = "PATH=/usr/sbin:/usr/bin:/sbin:/bin; export PATH"


def apply_script(host: Inspection, change: dict) -> str:
    """A `sh -e` script to run after the plan's files were written."""
    vip, interface = change["vip"], change["interface"]
    paths = [item["path"] for item in change["files"]]
    lines = [_PATH]
    switched = change["old_backend"] not in ("", change["backend"]) or change["old_vip"] not in ("", vip)
    if change["state"] == "present" and switched:
        # Another mechanism's route may have a lower metric than the one that comes: it would stay in front of it.
        lines.append(_delete_via(change["old_vip"]))
    lines += _managers(host, change, paths)
    if change["state"] == "present":
        ours = f"ip -4 -o route get 192.0.2.1 2>/dev/null | grep -qF ' via {vip} '"
        if change["backend"] in ("networkd", "netplan", "networkmanager"):
            lines.append(f"for try in $(seq {WAIT_SECONDS * 4}); do {ours} && break; sleep 0.25; done")
        lines.append(
            f"{ours} || ip -4 route replace default via {vip} dev {shlex.quote(interface)} proto static onlink"
        )
    else:
        lines += _put_back(change["earlier"], vip)
    lines += [f"rmdir --ignore-fail-on-non-empty {shlex.quote(folder)}" for folder in _left_over(change)]
    return "".join(f"{line}\n" for line in lines)


def rollback_script(host: Inspection, change: dict) -> str:
    """A `sh` script that restores files, managers and routes as the inspection found them; it never stops half way."""
    lines = [
        "# Restores the default route as it was before a change that nobody confirmed (eucalyptus.ha.nc_route).",
        # First, so that a run that is about to confirm the change detects that it is too late.
        f"touch {DIRECTORY}/{MARKER}",
        "umask 077",
        _PATH,
    ]
    routes = _put_back(list(host.default_routes), change["vip"])
    # First what brings the connection back, then what makes it last.
    lines += routes
    enabled = "eucalyptus-nc-route" in host.enabled
    if change["backend"] == "unit" and not enabled:
        lines.append(f"systemctl --quiet disable {UNIT_NAME}")
    for item in change["files"]:
        path = shlex.quote(item["path"])
        if item["before"] is None:
            lines.append(f"rm -f {path}")
        else:
            lines += [
                f"printf %s {encoded(item['before'])} | base64 -d > {path}",
                f"chmod {host.modes[item['path']]} {path}",
            ]
    lines += [f"rmdir --ignore-fail-on-non-empty {shlex.quote(folder)} 2>/dev/null" for folder in _made(change)]
    if change["nm_change"]:
        lines += [shlex.join(["nmcli", "connection", "modify", *call]) for call in nm_rollback(host, change)]
    back = {**change, "state": "absent", "nm_change": change["nm_change"] and [["reapply"]], "enable": enabled}
    lines += _reload_commands(host, back, [item["path"] for item in change["files"]])
    if enabled:
        lines.append(f"systemctl --quiet enable {UNIT_NAME}")
    lines += routes
    lines.append(
        "logger -t eucalyptus-nc-route 'the change of the default route was not confirmed: the previous one has been restored'"
    )
    return "".join(f"{line}\n" for line in lines)


def _managers(host: Inspection, change: dict, paths: list[str]) -> list[str]:
    lines = [shlex.join(["nmcli", "connection", "modify", *call]) for call in change["nm_change"]]
    lines += _reload_commands(host, change, paths)
    if _unit_changed(paths) or change["enable"] or (change["kernel"] and change["backend"] == "unit"):
        if change["state"] == "present" and change["backend"] == "unit":
            lines += [f"systemctl --quiet enable {UNIT_NAME}", f"systemctl restart {UNIT_NAME}"]
        else:
            # The file is already removed: the link that enabled it, and the unit's memory of having run, are left.
            lines += [
                f"rm -f /etc/systemd/system/multi-user.target.wants/{UNIT_NAME}",
                f"systemctl --quiet stop {UNIT_NAME} 2>/dev/null || true",
                "systemctl daemon-reload",
            ]
    if change["state"] == "present" and change["backend"] == "ifupdown":
        lines.append(f"IFACE={shlex.quote(change['interface'])} /etc/network/if-up.d/eucalyptus-nc-route")
    return lines


def _reload_commands(host: Inspection, change: dict, paths: list[str]) -> list[str]:
    """Make the managers whose files have changed, or whose route is missing, read them again."""
    again = change["kernel"] and change["state"] == "present"
    lines = []
    if _unit_changed(paths):
        lines.append("systemctl daemon-reload")
    if any(path.startswith("/etc/netplan/") for path in paths) or (again and change["backend"] == "netplan"):
        lines += ["netplan generate", *_netplan_apply(host, change["interface"])]
    elif any(path.startswith("/etc/systemd/network/") for path in paths):
        lines.append(
            "networkctl reload" if host.networkctl_reload else "systemctl try-restart systemd-networkd.service"
        )
    elif again and change["backend"] == "networkd" and host.networkctl_reload:
        # The files are as they should be, the route is not: reload alone would find nothing to do.
        lines.append(f"networkctl reconfigure {shlex.quote(change['interface'])}")
    if change["nm_change"] or (again and change["backend"] == "networkmanager"):
        device = (change["nm"] or change["old_nm"] or {}).get("interface", change["interface"])
        lines.append(f"nmcli device reapply {shlex.quote(device)}")
    return lines


def _netplan_apply(host: Inspection, interface: str) -> list[str]:
    # "netplan apply" would touch every interface, and where /sys is read-only it fails: the one who reads what netplan
    # has generated is enough.
    if host.connection:
        return ["nmcli connection reload", f"nmcli device reapply {shlex.quote(interface)}"]
    return ["networkctl reload"] if host.networkctl_reload else ["netplan apply"]


def _unit_changed(paths: list[str]) -> bool:
    return any(posixpath.basename(path) == UNIT_NAME for path in paths)


def _delete_via(vip: str) -> str:
    return f"while ip -4 route del default via {vip} 2>/dev/null; do :; done" if vip else ":"


def _put_back(routes: list[str], vip: str) -> list[str]:
    lines = []
    for route in routes:
        words = shlex.join(route.split())
        lines.append(f"ip -4 route replace {words} || echo {shlex.quote(f'{NOT_RESTORED}: {route}')}")
    if not any(f"via {vip} " in f"{route} " for route in routes):
        lines.append(_delete_via(vip))
    return lines


def _made(change: dict) -> list[str]:
    return sorted(
        {posixpath.dirname(i["path"]) for i in change["files"] if i["before"] is None and ours_alone(i["path"])}
    )


def _left_over(change: dict) -> list[str]:
    return sorted(
        {posixpath.dirname(i["path"]) for i in change["files"] if i["text"] is None and ours_alone(i["path"])}
    )


def ours_alone(path: str) -> bool:
    """Whether the file's directory is one that the role makes, and removes when it is empty."""
    return path.startswith("/var/lib/eucalyptus-ha/") or posixpath.dirname(path).endswith(".network.d")
