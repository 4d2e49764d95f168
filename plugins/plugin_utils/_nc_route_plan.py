# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What has to change on a node controller so that its way out is the VIP, or is again what it was before.

Every file that any backend knows is first thought back to what it was without us, then the wanted backend's text is put on
top: so that a changed backend, a changed VIP and the removal are all the same computation, and no two mechanisms are left.
"""

from __future__ import annotations

import fnmatch
import json
import posixpath
import re
from typing import Any

import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _nc_route_text as text_of
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_look import Look, is_ipv4, read_record
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_script import (
    apply_script,
    ours_alone,
    revert_script,
)

BACKENDS = ("networkd", "netplan", "ifupdown", "networkmanager", "ifcfg", "unit")
UNIT = "/etc/systemd/system/eucalyptus-nc-route.service"
HOOK = "/etc/network/if-up.d/eucalyptus-nc-route"
DHCLIENT_HOOK = "/etc/dhcp/dhclient-enter-hooks.d/eucalyptus-nc-route"
NETPLAN_FILE = "/etc/netplan/90-eucalyptus-ha-nc-route.yaml"
DROP_IN = "90-eucalyptus-ha-nc-route.conf"
RECORD = "/var/lib/eucalyptus-ha/nc_route.json"
# NetworkManager gives its own default routes metric 100 and up, by the kind of device.
NM_METRIC = 1
COPY = "# eucalyptus.ha: a copy without its default gateway of "


def make_plan(look: Look, settings: dict) -> dict:
    """The plan as a dictionary: problems, backend, files, and the scripts that make the change and take it back."""
    state, vip = settings["state"], settings["vip"]
    record = read_record(look.files.get(RECORD, ""))
    problems = _problems(look, settings)
    backend, reason = "", ""
    if not problems and state == "present":
        backend, reason, problems = choose_backend(look, settings)
    if problems:
        return {"problems": problems, "backend": backend, "reason": reason, "needed": False, "files": []}

    base = {path: _before_us(path, text) for path, text in look.files.items()}
    target = dict(base)
    ours_is_there = any(base[path] != text for path, text in look.files.items())
    earlier = record.get("earlier_routes")
    if not isinstance(earlier, list):
        earlier = [
            r for r in look.default_routes if not (ours_is_there and re.search(rf"\bvia {re.escape(vip or '-')}\b", r))
        ]
    old_nm = record.get("nm") if isinstance(record.get("nm"), dict) else None
    nm = None
    if state == "present":
        try:
            target.update(_wanted(backend, look, base, vip))
        except text_of.ByHand as by_hand:
            return {
                "problems": [f"{by_hand}. Take it out by hand, or choose another nc_route_backend"],
                "backend": backend,
                "reason": reason,
                "needed": False,
                "files": [],
            }
        if backend == "networkmanager":
            nm = _nm_record(look, vip, old_nm)
        target[RECORD] = _record(backend, look, vip, earlier, nm)

    files: list[dict[str, Any]] = [
        {"path": path, "text": target[path], "before": look.files.get(path), "mode": _mode(path, look)}
        for path in sorted(target)
        if target[path] != look.files.get(path)
    ]
    change = {
        "state": state,
        # What is taken away is what was deployed, whatever the settings name by now.
        "vip": vip if state == "present" else record.get("vip") or vip,
        "old_vip": record.get("vip", ""),
        "interface": look.interface if state == "present" else record.get("interface", look.interface),
        "backend": backend or record.get("backend", ""),
        "old_backend": record.get("backend", ""),
        "earlier": earlier,
        "nm": nm,
        "old_nm": old_nm,
        "nm_change": _nm_changes(look, nm, old_nm),
        "files": files,
        "kernel": state == "present" and look.gateway != vip,
        "enable": backend == "unit" and "eucalyptus-nc-route" not in look.enabled,
    }
    needed = bool(files or change["nm_change"] or change["kernel"] or change["enable"])
    return {
        "problems": [],
        "backend": change["backend"],
        "reason": reason,
        "needed": needed,
        "vip": change["vip"],
        "interface": change["interface"],
        "earlier_routes": earlier,
        "files": [{"path": f["path"], "text": f["text"], "mode": f["mode"]} for f in files],
        "directories": sorted(
            {posixpath.dirname(f["path"]) for f in files if f["text"] is not None and ours_alone(f["path"])}
        ),
        "apply": apply_script(look, change) if needed else "",
        "revert": revert_script(look, change) if needed else "",
    }


# --- refusals --------------------------------------------------------------------------------------------


def _problems(look: Look, settings: dict) -> list[str]:
    vip, state, control = settings["vip"], settings["state"], look.control
    if state not in ("present", "absent"):
        return [f"nc_route_state is {state!r}; it must be present or absent"]
    if not look.systemd:
        return ["the host does not run systemd, which the role needs"]
    if state == "absent":
        return []
    if not is_ipv4(vip):
        return [f"nc_route_vip is {vip!r}; it must be an IPv4 address (the cluster's cc_gateway_vip)"]
    found = []
    if settings["backend"] not in ("auto", *BACKENDS):
        found.append(f"nc_route_backend is {settings['backend']!r}; it must be auto or one of {', '.join(BACKENDS)}")
    if vip in look.addresses:
        found.append(f"nc_route_vip {vip} is an address of this host itself, which cannot be its own gateway")
    elif " via " in look.to_vip or not re.match(rf"{re.escape(vip)} ", look.to_vip):
        found.append(
            f"nc_route_vip {vip} is on no network that this host is connected to ({look.to_vip}), so it cannot be a gateway "
            "here. Check cc_gateway_vip and this host's addresses"
        )
    elif not re.search(rf" dev {re.escape(look.interface)}(\s|$)", look.to_vip):
        found.append(f"nc_route_interface is {look.interface}, but the way to {vip} is another: {look.to_vip}")
    if (
        is_ipv4(control)
        and look.gateway != vip
        and not settings["allow_cut_off"]
        and all(route.startswith("default") for route in look.way_back)
    ):
        found.append(
            f"Ansible connects from {control}, which this host reaches over its default route only; once the VIP is the default "
            f"gateway, answers would leave through it and the connection may be lost. Add a route to {control} first, or connect "
            "over the private network, or set nc_route_allow_cut_off to true if the way back through the VIP is known to work"
        )
    return found


# --- which backend -----------------------------------------------------------------------------------------


def choose_backend(look: Look, settings: dict) -> tuple[str, str, list[str]]:
    """(backend, why, problems): who manages the interface, or the one that was asked for if it can do it."""
    interface = look.interface
    reasons = {
        "netplan": _why_netplan(look),
        "networkd": _why_networkd(look),
        "networkmanager": f"NetworkManager has the connection {look.connection_name!r} active on {interface}"
        if look.connection
        else "",
        "ifupdown": _why_ifupdown(look),
        "ifcfg": _why_ifcfg(look),
        "unit": f"no network manager that the role knows manages {interface}",
    }
    asked = settings["backend"]
    if asked == "auto":
        backend = next(name for name, reason in reasons.items() if reason)
        return backend, reasons[backend], []
    if not reasons[asked]:
        other = next(name for name, reason in reasons.items() if reason)
        return (
            asked,
            "",
            [f"nc_route_backend is {asked}, but it does not manage {interface}: {reasons[other]}. Use auto or {other}"],
        )
    if asked == "networkd" and _why_netplan(look):
        return (
            asked,
            "",
            [
                f"nc_route_backend is networkd, but {_why_netplan(look)}: netplan would write over it. Use auto or netplan"
            ],
        )
    return asked, "nc_route_backend says so", []


def _why_networkd(look: Look) -> str:
    if "systemd-networkd" not in look.active or not look.network_file:
        return ""
    return f"systemd-networkd manages {look.interface} by {look.network_file}"


def _why_netplan(look: Look) -> str:
    if not look.netplan:
        return ""
    if _why_networkd(look) and posixpath.basename(look.network_file).startswith("10-netplan-"):
        return f"netplan writes {look.network_file} for {look.interface}"
    if look.connection and look.connection_name.startswith("netplan-"):
        return f"netplan writes NetworkManager's connection {look.connection_name!r} for {look.interface}"
    return ""


def _why_ifupdown(look: Look) -> str:
    if "networking" not in look.enabled | look.active:
        return ""
    for path, text in sorted(look.files.items()):
        if path.startswith("/etc/network/interfaces") and look.interface in dict(text_of.interfaces_stanzas(text)):
            return f"{path} has a stanza for {look.interface}"
    return ""


def _why_ifcfg(look: Look) -> str:
    path = f"/etc/sysconfig/network-scripts/ifcfg-{look.interface}"
    if path in look.files and not look.connection and "network" in look.enabled | look.active:
        return f"the network service reads {path}"
    return ""


# --- the files of each backend --------------------------------------------------------------------------------


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


def _wanted(backend: str, look: Look, base: dict, vip: str) -> dict:
    """{path: text} of what the backend wants to differ from the files without us."""
    there = {path: text for path, text in base.items() if text is not None}
    return {
        "networkd": _networkd,
        "netplan": _netplan,
        "ifupdown": _ifupdown,
        "networkmanager": lambda *_args: {},
        "ifcfg": _ifcfg,
        "unit": _unit,
    }[backend](look, there, vip)


def _networkd(look: Look, base: dict, vip: str) -> dict:
    wanted = {}
    for path, text in base.items():
        if path.startswith("/etc/systemd/network/"):
            wanted[path] = text_of.networkd_without_gateway(text)
    # networkd reports the copy of ours once there is one.
    main = base.get(look.network_file, look.files.get(look.network_file, ""))
    original = look.network_file
    if main.startswith(COPY):
        wanted[look.network_file] = main
    elif not original.startswith("/etc/") and text_of.networkd_without_gateway(main) != main:
        wanted[f"/etc/systemd/network/{posixpath.basename(original)}"] = (
            f"{COPY}{original}\n" + text_of.networkd_without_gateway(main)
        )
    lines = [text_of.HEADER.rstrip(), "[Route]", "Destination=0.0.0.0/0", f"Gateway={vip}", "GatewayOnLink=yes"]
    if any(text_of.networkd_has_dhcp(text) for text in [main, *_drop_ins(look, base)]):
        # Known since systemd 246; an older one leaves DHCP's gateway behind ours, with metric 1024.
        lines += ["[DHCPv4]", "UseGateway=no"]
    wanted[f"/etc/systemd/network/{posixpath.basename(original)}.d/{DROP_IN}"] = "".join(f"{line}\n" for line in lines)
    return wanted


def _drop_ins(look: Look, base: dict) -> list[str]:
    folder = f"/etc/systemd/network/{posixpath.basename(look.network_file)}.d/"
    return [text for path, text in base.items() if path.startswith(folder)]


def _netplan(look: Look, base: dict, vip: str) -> dict:
    mine = {path: text for path, text in base.items() if path.startswith("/etc/netplan/")}
    wanted = {path: text_of.netplan_without_gateway(path, text) for path, text in mine.items()}
    kind, name = _netplan_definition(look, mine)
    # 0.0.0.0/0 since older releases do not know "default".
    route: dict[str, Any] = {"to": "0.0.0.0/0", "via": vip, "on-link": True}
    if look.connection:
        # NetworkManager gives a route without a metric that of the device, 100, which DHCP's default route has too.
        # Without it networkd makes metric 0, which comes before DHCP's 100.
        route["metric"] = NM_METRIC
    data = {"network": {"version": 2, kind: {name: {"routes": [route]}}}}
    wanted[NETPLAN_FILE] = text_of.HEADER + yaml.safe_dump(data, sort_keys=False)
    return wanted


def _netplan_definition(look: Look, files: dict) -> tuple[str, str]:
    """(kind, name) of the definition that is this interface."""
    known = posixpath.basename(look.network_file).removeprefix("10-netplan-").removesuffix(".network")
    if look.connection_name.startswith("netplan-"):
        known = look.connection_name.removeprefix("netplan-")
    fallback = None
    for _path, text in sorted(files.items()):
        network = (yaml.safe_load(text) or {}).get("network") or {}
        for kind, definitions in network.items():
            for name, definition in definitions.items() if isinstance(definitions, dict) else ():
                match = (
                    (definition or {}).get("match") or {} if isinstance(definition, dict) or definition is None else {}
                )
                if name == known:
                    return kind, name
                if (
                    (name == look.interface and not match)
                    or (isinstance(definition, dict) and definition.get("set-name") == look.interface)
                    or ("name" in match and fnmatch.fnmatchcase(look.interface, str(match["name"])))
                    or ("macaddress" in match and str(match["macaddress"]).lower() == look.mac)
                ):
                    fallback = kind, name
    if fallback is None:
        raise text_of.ByHand(f"no definition of {look.interface} in {', '.join(sorted(files)) or '/etc/netplan'}")
    return fallback


def _ifupdown(look: Look, base: dict, vip: str) -> dict:
    mine = {path: text for path, text in base.items() if path.startswith("/etc/network/interfaces")}
    wanted = {path: text_of.interfaces_without_gateway(path, text) for path, text in mine.items()}
    command = f"ip -4 route replace default via {vip} dev {look.interface} proto static onlink"
    # A hook, since the stanza may be anywhere, and may use any method.
    wanted[HOOK] = f'#!/bin/sh\n{text_of.HEADER}[ "$IFACE" = {look.interface} ] || exit 0\nexec {command}\n'
    if look.dhclient and any(
        method == "dhcp" for text in mine.values() for _name, method in text_of.interfaces_stanzas(text)
    ):
        wanted[DHCLIENT_HOOK] = (
            f"{text_of.HEADER}# dhclient's own gateway would come back with each lease.\nunset new_routers\n"
        )
    return wanted


def _ifcfg(look: Look, base: dict, vip: str) -> dict:
    scripts = "/etc/sysconfig/network-scripts/"
    wanted = {}
    for path, text in base.items():
        if path == "/etc/sysconfig/network":
            wanted[path] = text_of.ifcfg_without_gateway(text)
        elif path.startswith(scripts + "ifcfg-"):
            new = text_of.ifcfg_without_gateway(text)
            wanted[path] = text_of.with_block(new, ["DEFROUTE=no"]) if text_of.ifcfg_has_dhcp(text) else new
        elif path.startswith(scripts + "route-"):
            wanted[path] = text_of.ifcfg_routes(path, text, None, look.interface)
    own = f"{scripts}route-{look.interface}"
    wanted[own] = text_of.ifcfg_routes(own, base.get(own, ""), vip, look.interface)
    return wanted


def _unit(look: Look, _base: dict, vip: str) -> dict:
    return {
        UNIT: f"""{text_of.HEADER}[Unit]
Description=Default route through the cluster controllers' virtual IP
Wants=network-online.target
After=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
# No metric: it comes before the default routes that DHCP or a network manager may have left.
ExecStart=/sbin/ip -4 route replace default via {vip} dev {look.interface} proto static onlink

[Install]
WantedBy=multi-user.target
"""
    }


def _mode(path: str, look: Look) -> str:
    if path in look.modes:
        return look.modes[path]
    return {HOOK: "0755", NETPLAN_FILE: "0600", RECORD: "0600"}.get(path, "0644")


# --- NetworkManager -----------------------------------------------------------------------------------------


def _nm_route(vip: str) -> str:
    return f"0.0.0.0/0 {vip} {NM_METRIC}"


def _nm_record(look: Look, vip: str, old: dict | None) -> dict:
    known = look.connection_settings
    before = old if old is not None and old.get("uuid") == look.connection else None
    return {
        "uuid": look.connection,
        "interface": look.interface,
        # What was before the first deployment, not what we have made of it since.
        "gateway": before["gateway"] if before is not None else known.get("ipv4.gateway", "").replace("--", ""),
        "never_default": before["never_default"] if before is not None else known.get("ipv4.never-default", "no"),
        "route": _nm_route(vip),
    }


def _nm_changes(look: Look, nm: dict | None, old: dict | None) -> list[list[str]]:
    """Arguments of `nmcli connection modify`, one list for each call."""
    calls = []
    if old and (nm is None or old["uuid"] != nm["uuid"] or old["route"] != nm["route"]):
        back = [old["uuid"], "-ipv4.routes", old["route"]]
        if nm is None or old["uuid"] != nm["uuid"]:
            back += ["ipv4.gateway", old["gateway"], "ipv4.never-default", old["never_default"]]
        calls.append(back)
    if nm:
        known = look.connection_settings
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


def _record(backend: str, look: Look, vip: str, earlier: list[str], nm: dict | None) -> str:
    data: dict[str, Any] = {"backend": backend, "vip": vip, "interface": look.interface, "earlier_routes": earlier}
    if nm:
        data["nm"] = nm
    return json.dumps(data, indent=2, sort_keys=True) + "\n"
