# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The network managers that role nc_route knows: how each is recognised, and which files make the VIP its default gateway.

A backend is an entry of BACKENDS. Its files are computed from the files as they are without us; the commands that load
them are in _nc_route_script.
"""

from __future__ import annotations

import fnmatch
import posixpath
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _nc_route_text as text_of
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import Inspection

UNIT = "/etc/systemd/system/eucalyptus-nc-route.service"
HOOK = "/etc/network/if-up.d/eucalyptus-nc-route"
DHCLIENT_HOOK = "/etc/dhcp/dhclient-enter-hooks.d/eucalyptus-nc-route"
NETPLAN_FILE = "/etc/netplan/90-eucalyptus-ha-nc-route.yaml"
DROP_IN = "90-eucalyptus-ha-nc-route.conf"
COPY = "# eucalyptus.ha: a copy without its default gateway of "
# NetworkManager gives its own default routes metric 100 and up, by the kind of device.
NM_METRIC = 1

Files = dict[str, str]


@dataclass(frozen=True)
class Backend:
    """One way to set the route."""

    name: str
    # Why it is the one that manages the interface; empty if it is not.
    why: Callable[[Inspection], str]
    # (host, files without us, VIP) -> those that have to differ from them.
    files: Callable[[Inspection, Files, str], Files]


def choose_backend(host: Inspection, wanted: str) -> tuple[str, str, list[str]]:
    """(backend, why, problems): who manages the interface, or the one that is set if it does."""
    reasons = {backend.name: reason for backend in BACKENDS if (reason := backend.why(host))}
    first = next(iter(reasons))
    if wanted == "auto":
        return first, reasons[first], []
    if wanted not in reasons:
        return wanted, "", [
            f"nc_route_backend is {wanted}, but {wanted} does not manage {host.interface} ({reasons[first]}). Use auto or {first}"
        ]  # fmt: skip
    if wanted == "networkd" and "netplan" in reasons:
        return wanted, "", [f"nc_route_backend is networkd, but {reasons['netplan']} and would overwrite it. Use auto or netplan"]
    return wanted, "set by nc_route_backend", []


def wanted_files(backend: str, host: Inspection, base: dict[str, str | None], vip: str) -> Files:
    """{path: text} of what has to differ for the backend from the files without us (None: not there).

    :raises ByHand: for a default gateway that is not safe to edit
    """
    there = {path: text for path, text in base.items() if text is not None}
    return next(one for one in BACKENDS if one.name == backend).files(host, there, vip)


# --- systemd-networkd ----------------------------------------------------------------------------------------


def _why_networkd(host: Inspection) -> str:
    if "systemd-networkd" not in host.active or not host.network_file:
        return ""
    return f"systemd-networkd manages {host.interface} by {host.network_file}"


def _networkd(host: Inspection, base: Files, vip: str) -> Files:
    wanted = {}
    for path, text in base.items():
        if path.startswith("/etc/systemd/network/"):
            wanted[path] = text_of.networkd_without_gateway(text)
    # networkd reports the copy of ours once there is one.
    main = base.get(host.network_file, host.files.get(host.network_file, ""))
    original = host.network_file
    if main.startswith(COPY):
        wanted[host.network_file] = main
    elif not original.startswith("/etc/") and text_of.networkd_without_gateway(main) != main:
        wanted[f"/etc/systemd/network/{posixpath.basename(original)}"] = (
            f"{COPY}{original}\n" + text_of.networkd_without_gateway(main)
        )
    lines = [text_of.HEADER.rstrip(), "[Route]", "Destination=0.0.0.0/0", f"Gateway={vip}", "GatewayOnLink=yes"]
    folder = f"/etc/systemd/network/{posixpath.basename(original)}.d/"
    if any(text_of.networkd_has_dhcp(text) for text in [main, *(base[path] for path in base if path.startswith(folder))]):
        # Known since systemd 246; an older one leaves DHCP's gateway behind ours, with metric 1024.
        lines += ["[DHCPv4]", "UseGateway=no"]
    wanted[folder + DROP_IN] = "".join(f"{line}\n" for line in lines)
    return wanted


# --- netplan ---------------------------------------------------------------------------------------------------


def _why_netplan(host: Inspection) -> str:
    if not host.netplan:
        return ""
    if _why_networkd(host) and posixpath.basename(host.network_file).startswith("10-netplan-"):
        return f"netplan writes {host.network_file} for {host.interface}"
    if host.connection and host.connection_name.startswith("netplan-"):
        return f"netplan writes NetworkManager's connection {host.connection_name!r} for {host.interface}"
    return ""


def _netplan(host: Inspection, base: Files, vip: str) -> Files:
    mine = {path: text for path, text in base.items() if path.startswith("/etc/netplan/")}
    wanted = {path: text_of.netplan_without_gateway(path, text) for path, text in mine.items()}
    kind, name = _netplan_definition(host, mine)
    # 0.0.0.0/0 since older releases do not know "default".
    route: dict[str, Any] = {"to": "0.0.0.0/0", "via": vip, "on-link": True}
    if host.connection:
        # NetworkManager gives a route without a metric that of the device, 100, which DHCP's default route has too.
        # Without it networkd makes metric 0, which comes before DHCP's 100.
        route["metric"] = NM_METRIC
    data = {"network": {"version": 2, kind: {name: {"routes": [route]}}}}
    wanted[NETPLAN_FILE] = text_of.HEADER + yaml.safe_dump(data, sort_keys=False)
    return wanted


def _netplan_definition(host: Inspection, files: Files) -> tuple[str, str]:
    """(kind, name) of the definition that is this interface."""
    known = posixpath.basename(host.network_file).removeprefix("10-netplan-").removesuffix(".network")
    if host.connection_name.startswith("netplan-"):
        known = host.connection_name.removeprefix("netplan-")
    fallback = None
    for _path, text in sorted(files.items()):
        network = (yaml.safe_load(text) or {}).get("network") or {}
        for kind, definitions in network.items():
            for name, definition in definitions.items() if isinstance(definitions, dict) else ():
                if name == known:
                    return kind, name
                if _is_definition_of(host, name, definition):
                    fallback = kind, name
    if fallback is None:
        raise text_of.ByHand(f"no definition of {host.interface} in {', '.join(sorted(files)) or '/etc/netplan'}")
    return fallback


def _is_definition_of(host: Inspection, name: str, definition: Any) -> bool:
    definition = definition if isinstance(definition, dict) else {}
    match = definition.get("match") or {}
    return (
        (name == host.interface and not match)
        or definition.get("set-name") == host.interface
        or ("name" in match and fnmatch.fnmatchcase(host.interface, str(match["name"])))
        or ("macaddress" in match and str(match["macaddress"]).lower() == host.mac)
    )


# --- NetworkManager: no files, nmcli does it (_nc_route_nm) ---------------------------------------------------------


def _why_networkmanager(host: Inspection) -> str:
    return f"NetworkManager has connection {host.connection_name!r} active on {host.interface}" if host.connection else ""


def _no_files(_host: Inspection, _base: Files, _vip: str) -> Files:
    return {}


# --- ifupdown ----------------------------------------------------------------------------------------------------


def _why_ifupdown(host: Inspection) -> str:
    if "networking" not in host.enabled | host.active:
        return ""
    for path, text in sorted(host.files.items()):
        if path.startswith("/etc/network/interfaces") and host.interface in dict(text_of.interfaces_stanzas(text)):
            return f"{path} has a stanza for {host.interface}"
    return ""


def _ifupdown(host: Inspection, base: Files, vip: str) -> Files:
    mine = {path: text for path, text in base.items() if path.startswith("/etc/network/interfaces")}
    wanted = {path: text_of.interfaces_without_gateway(path, text) for path, text in mine.items()}
    interface = shlex.quote(host.interface)
    command = f"ip -4 route replace default via {vip} dev {interface} proto static onlink"
    # A hook, since the stanza may be anywhere, and may use any method.
    wanted[HOOK] = f'#!/bin/sh\n{text_of.HEADER}[ "$IFACE" = {interface} ] || exit 0\nexec {command}\n'
    if host.dhclient and any(
        method == "dhcp" for text in mine.values() for _name, method in text_of.interfaces_stanzas(text)
    ):
        wanted[DHCLIENT_HOOK] = (
            f"{text_of.HEADER}# dhclient's own gateway would come back with each lease.\nunset new_routers\n"
        )
    return wanted


# --- EL 7's network service -----------------------------------------------------------------------------------------


def _why_ifcfg(host: Inspection) -> str:
    path = f"/etc/sysconfig/network-scripts/ifcfg-{host.interface}"
    if path in host.files and not host.connection and "network" in host.enabled | host.active:
        return f"the network service reads {path}"
    return ""


def _ifcfg(host: Inspection, base: Files, vip: str) -> Files:
    scripts = "/etc/sysconfig/network-scripts/"
    wanted = {}
    for path, text in base.items():
        if path == "/etc/sysconfig/network":
            wanted[path] = text_of.ifcfg_without_gateway(text)
        elif path.startswith(scripts + "ifcfg-"):
            new = text_of.ifcfg_without_gateway(text)
            wanted[path] = text_of.with_block(new, ["DEFROUTE=no"]) if text_of.ifcfg_has_dhcp(text) else new
        elif path.startswith(scripts + "route-"):
            wanted[path] = text_of.ifcfg_routes(path, text, None, host.interface)
    own = f"{scripts}route-{host.interface}"
    wanted[own] = text_of.ifcfg_routes(own, base.get(own, ""), vip, host.interface)
    return wanted


# --- a unit of systemd ----------------------------------------------------------------------------------------------


def _why_unit(host: Inspection) -> str:
    return f"no known network manager manages {host.interface}"


def _unit(host: Inspection, _base: Files, vip: str) -> Files:
    return {
        UNIT: f"""{text_of.HEADER}[Unit]
Description=Default route through the cluster controllers' virtual IP
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
# No metric: it comes before the default routes that DHCP or a network manager may have left.
ExecStart=/sbin/ip -4 route replace default via {vip} dev {host.interface} proto static onlink

[Install]
WantedBy=multi-user.target
"""
    }


# The first that applies is chosen. netplan before those it writes for, the unit last: it has no manager behind it.
BACKENDS = (
    Backend("netplan", _why_netplan, _netplan),
    Backend("networkd", _why_networkd, _networkd),
    Backend("networkmanager", _why_networkmanager, _no_files),
    Backend("ifupdown", _why_ifupdown, _ifupdown),
    Backend("ifcfg", _why_ifcfg, _ifcfg),
    Backend("unit", _why_unit, _unit),
)
