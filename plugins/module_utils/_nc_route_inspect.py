# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A node controller's routes and who manages them, before anything is changed. Private to the collection.

Gathers and decides nothing: plugin_utils/_nc_route_plan does, on the control node.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import glob
import os
import re
import stat

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _arp_probe, _vip_probe

# An address reserved for documentation (RFC 5737): the route that it would take is the default route.
OUTSIDE = "192.0.2.1"
PROBE_TIMEOUT = 1.5  # seconds; the VIP may be moving just now
ANY = "any"  # as control_address: Ansible may connect from anywhere

FILES = (
    "etc/network/interfaces",
    "etc/network/interfaces.d/*",
    "etc/network/if-up.d/eucalyptus-nc-route",
    "etc/dhcp/dhclient-enter-hooks.d/eucalyptus-nc-route",
    "etc/netplan/*.yaml",
    "etc/systemd/network/*.network",
    "etc/systemd/network/*.network.d/*.conf",
    "etc/sysconfig/network",
    "etc/sysconfig/network-scripts/ifcfg-*",
    "etc/sysconfig/network-scripts/route-*",
    "etc/systemd/system/eucalyptus-nc-route.service",
    "var/lib/eucalyptus-ha/nc_route.json",
)
ACTIVE = ("systemd-networkd", "NetworkManager", "networking", "network")
ENABLED = ("networking", "network", "eucalyptus-nc-route")
RELOAD_SINCE = 244  # of systemd: networkctl knows "reload"


class Inspector(object):
    """Gathers from one host.

    run: called with an argument list, gives (exit status, standard output, standard error).
    find: called with a program's name, gives its path or None.
    root: where the host's files are.
    """

    def __init__(self, run, find, root="/"):
        self.run = run
        self.find = find
        self.root = root

    def inspect(self, vip, interface, control_address):
        """What _nc_route_inspection.Inspection reads, as plain data. Empty arguments are found out."""
        default_route = self._ip("route", "get", OUTSIDE)
        default_routes = self._ip("route", "show", "default")
        to_vip = self._ip("route", "get", vip) if vip else ""
        interface = interface or _device(to_vip) or _device(default_routes)
        control = "" if control_address == ANY else control_address or self._ssh_client()
        found = {
            "systemd": os.path.isdir(self._path("run/systemd/system")),
            "addresses": re.findall(r" inet ([0-9.]+)", self._ip("address", "show")),
            "default_routes": default_routes.splitlines(),
            "default_route": default_route,
            "to_vip": to_vip,
            "interface": interface,
            "mac": self._first_line("sys/class/net/%s/address" % interface),
            "control": control,
            "way_back": self._ip("route", "show", "match", control).splitlines() if _is_ipv4(control) else [],
            "active": self._active(),
            "enabled": [unit for unit in ENABLED if self._output("systemctl", "is-enabled", unit + ".service")],
            "dhclient": os.path.isdir(self._path("etc/dhcp/dhclient-enter-hooks.d")),
            "netplan": self.find("netplan") is not None,
            "networkctl_reload": self._networkctl_reload(),
            "network_file": self._network_file(interface),
        }
        found.update(self._connection(interface) if "NetworkManager" in found["active"] else {})
        found["files"] = self._files(found["network_file"])
        if vip and " via " not in to_vip and " via %s " % vip not in default_route + " ":
            found["answers"] = who_answers(vip, interface)
        return found

    def _path(self, path):
        return os.path.join(self.root, path.lstrip("/"))

    def _output(self, *argv):
        """Standard output of a program, stripped; an empty text if it fails or is not there."""
        if self.find(argv[0]) is None:
            return ""
        status, output, _complaint = self.run(list(argv))
        return output.strip() if status == 0 else ""

    def _active(self):
        if self.find("systemctl") is None:
            return []
        # One line for each unit; the exit status is that of the worst.
        states = self.run(["systemctl", "is-active"] + [unit + ".service" for unit in ACTIVE])[1].split()
        return [unit for number, unit in enumerate(ACTIVE) if states[number : number + 1] == ["active"]]

    def _ip(self, *arguments):
        status, output, complaint = self.run(["ip", "-4", "-o"] + list(arguments))
        # Why there is no route is as good an answer as a route. With -o backslashes stand for line feeds.
        return re.sub(r"[ \t]*\\[ \t]*", " ", output if status == 0 else complaint).strip()

    def _read(self, path):
        try:
            with open(self._path(path), "rb") as stream:
                return stream.read()
        except (OSError, IOError):
            return b""

    def _first_line(self, path):
        return self._read(path).decode("utf-8", "replace").partition("\n")[0].strip()

    def _ssh_client(self):
        """The address of the SSH client. sudo drops SSH_CONNECTION, but the session it was called from still has it."""
        pid = os.getpid()
        while pid > 1:
            environment = self._read("proc/%d/environ" % pid).decode("utf-8", "replace")
            found = re.search(r"(?:^|\0)SSH_CONNECTION=(\S+) ", environment)
            if found:
                return found.group(1)
            parent = re.search(r"^PPid:\s*([0-9]+)", self._read("proc/%d/status" % pid).decode("utf-8", "replace"), re.MULTILINE)
            pid = int(parent.group(1)) if parent else 0
        return ""

    def _networkctl_reload(self):
        version = re.match(r"systemd ([0-9]+)", self._output("networkctl", "--version"))
        return bool(version) and int(version.group(1)) >= RELOAD_SINCE

    def _network_file(self, interface):
        link = self._read("run/systemd/netif/links/%s" % self._first_line("sys/class/net/%s/ifindex" % interface))
        found = re.search(r"^NETWORK_FILE=(.*)$", link.decode("utf-8", "replace"), re.MULTILINE)
        return found.group(1).strip() if found else ""

    def _connection(self, interface):
        """NetworkManager's connection that is active on the interface."""
        # "connected (externally)": somebody else has configured the device, and NetworkManager only shows it.
        state = self._output("nmcli", "-t", "-f", "GENERAL.STATE", "device", "show", interface)
        if ":100" not in state or "externally" in state:
            return {}
        active = self._output("nmcli", "-t", "-f", "UUID,DEVICE", "connection", "show", "--active")
        uuid = next((line.partition(":")[0] for line in active.splitlines() if line.partition(":")[2] == interface), "")
        if not uuid:
            return {}
        fields = "connection.id,ipv4.method,ipv4.gateway,ipv4.routes,ipv4.never-default"
        settings = {}
        for line in self._output("nmcli", "-t", "-f", fields, "connection", "show", uuid).splitlines():
            name, _colon, value = line.partition(":")
            settings[name] = value.replace("\\:", ":").strip()
        return {"connection": uuid, "connection_name": settings.pop("connection.id", ""), "connection_settings": settings}

    def _files(self, network_file):
        """{path: {mode, content}}; the content in Base64, since a file of other people's need not be text in UTF-8."""
        paths = []
        for pattern in FILES + ((network_file,) if network_file else ()):
            paths += sorted(glob.glob(self._path(pattern)))
        found = {}
        for path in paths:
            if not os.path.isfile(path):
                continue
            name = "/" + os.path.relpath(path, self.root)
            mode = "%04o" % stat.S_IMODE(os.stat(path).st_mode)
            found[name] = {"mode": mode, "content": base64.b64encode(self._read(name)).decode("ascii")}
        return found


def who_answers(vip, interface):
    """Who answers ARP for an IPv4 address -> {macs, error}; error is why it could not be queried."""
    try:
        links = _addresses.links()
        params = {"probe_timeout": PROBE_TIMEOUT, "candidates": {}, "probe_interface": interface or None}
        parsed = _addresses.parse_vip(vip)
        [answer] = _vip_probe.probe([parsed], links, _addresses.local_addresses(links), params)["answers"]
    except (_addresses.AddressError, _arp_probe.ProbeError) as e:
        return {"macs": [], "error": str(e)}
    return {"macs": answer["macs"], "error": answer["error"] or answer["unsupported"]}


def _device(routes):
    found = re.search(r"\bdev (\S+)", routes)
    return found.group(1) if found else ""


def _is_ipv4(text):
    try:
        return _addresses.pack(text)[0] == 4
    except _addresses.AddressError:
        return False
