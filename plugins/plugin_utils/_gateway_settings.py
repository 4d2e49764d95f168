# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a gateway on one host, gathered once: role options, eucalyptus.conf, the inventory, and what the host has.

Private to the collection. Everything that role cc_gateway derives from its options is here, in Python that unit tests call; the tasks
take it from the fact that action plugin gateway_preflight sets.
"""

from __future__ import annotations

import ipaddress
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _clusters, _connections
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._gateway_further import gateway_further

CHECK_DIRECTORY = "/usr/libexec/keepalived"
CHECK_PATH = f"{CHECK_DIRECTORY}/cc-enabled-check"
NOTIFY_PATH = f"{CHECK_DIRECTORY}/eucalyptus-ha-notify"
RUN_DIRECTORY = "/run/eucalyptus-ha"
ETC_DIRECTORY = "/etc/eucalyptus-ha"
# Known to module vip_facts and to the notify script by this name too.
MAINTENANCE_FILE = f"{ETC_DIRECTORY}/maintenance"
MEMORY_FILE = f"{RUN_DIRECTORY}/cc_enabled.check"
FIREWALL_COMMENT = "eucalyptus.ha"

# Seconds between GETs of the liveness check while nothing changes. Each writes a line of 95 bytes to the controller's axis2c.log.
LIVE_EVERY = 5
# Seconds before keepalived's next run of the check at which the one before ends: the start of an interpreter, with some to spare.
WATCH_MARGIN = 0.12

# Options of cc_gateway that the hosts of a pair must have in common.
COMMON = ("vip", "outside_vip", "virtual_router_id", "vrrp.version", "vrrp.advert_interval", "auth_pass")
# Those that are a dictionary, complete with defaults (_role_options).
DICTIONARIES = ("controller", "check", "vrrp", "preflight")


def _in_inventory(variables: Mapping[str, Any], name: str) -> Any:
    """What a host has of one of these in the inventory; empty text if nothing."""
    option, _dot, part = name.partition(".")
    value = variables.get(f"cc_gateway_{option}", "")
    if not part:
        return value
    return value.get(part, "") if isinstance(value, Mapping) else ""


def programs(options: Mapping[str, Any]) -> list[str]:
    """The programs that keepalived's configuration names."""
    return [CHECK_PATH, NOTIFY_PATH, *([_connections.PROGRAM] if options.get("cc_gateway_outside_vip") else [])]


@dataclass(frozen=True)
class Inventory:
    """What the inventory has of a cluster; the other host may be down, so no fact of it is here."""

    host: str
    group: str
    members: Mapping[str, Mapping[str, Any]]
    node_controllers: Mapping[str, Any]
    in_run: tuple[str, ...] = ()
    keepalived_unit: str = "keepalived"


@dataclass(frozen=True)
class Host:
    """What the host has, as module gateway_settings_info returns it."""

    interfaces: Mapping[str, list[str]]
    python: str
    firewalld: bool = False
    conf_files: tuple[str, ...] = ("eucalyptus.conf",)
    # That of the default route.
    default_interface: str = ""


class Settings:
    """All that follows from the options of role cc_gateway on one host."""

    def __init__(self, options: Mapping[str, Any], conf: Mapping[str, str], inventory: Inventory, host: Host) -> None:
        self.options = {name.removeprefix("cc_gateway_"): value for name, value in options.items()}
        self.controller, self.check, self.vrrp, self.preflight = (self.options[name] for name in DICTIONARIES)
        self.conf = conf
        self.inventory = inventory
        self.host = host
        # The source of the check, {source, evidence, level}, which is decided when the host has been inspected (_check_source).
        self.source: dict[str, str] = {}

    # --- the cluster controller ---

    def _first(self, given: Any, conf_name: str, otherwise: Any) -> Any:
        return given or self.conf.get(conf_name) or otherwise

    @cached_property
    def root(self) -> str:
        return str(self.options.get("eucalyptus_root") or "/").rstrip("/")

    @cached_property
    def interface(self) -> str:
        return str(self._first(self.options.get("interface"), "VNET_PRIVINTERFACE", "eth0"))

    @cached_property
    def user(self) -> str:
        return str(self._first(self.controller["user"], "EUCA_USER", "eucalyptus"))

    @cached_property
    def cc_port(self) -> Any:
        return self._first(self.controller["port"], "CC_PORT", 8774)

    @cached_property
    def cc_host(self) -> str:
        # CC_ADDR is the address that a 5.x controller binds to; 0.0.0.0 includes loopback.
        bound = self.conf.get("CC_ADDR", "")
        return str(self.controller["host"] or (bound if bound not in ("", "0.0.0.0") else "127.0.0.1"))  # noqa: S104 - compared

    # --- the pair ---

    @cached_property
    def addresses(self) -> dict[str, str]:
        """Each member's address in the node controllers' network."""
        return {name: _clusters.address_of(name, known) for name, known in self.inventory.members.items()}

    @cached_property
    def address(self) -> str:
        return str(self.options.get("address") or self.addresses.get(self.inventory.host, ""))

    @cached_property
    def peers(self) -> Any:
        return self.options.get("peers") or [address for name, address in self.addresses.items() if name != self.inventory.host]

    @cached_property
    def interface_addresses(self) -> list[str]:
        """IPv4 addresses of the interface, with their prefixes."""
        return [address for address in self.host.interfaces.get(self.interface, []) if ":" not in address]

    @cached_property
    def nc_network(self) -> str:
        if self.options.get("nc_network"):
            return str(self.options["nc_network"])
        networks = [ipaddress.ip_interface(address).network for address in self.interface_addresses]
        return str(next((network for network in networks if network.prefixlen < 31), ""))

    # --- keys ---

    @cached_property
    def deploys_keys(self) -> bool:
        return bool(self.options.get("client_key_content"))

    def _key_path(self, given: Any, deployed: str, own: str) -> str:
        if self.deploys_keys:
            return f"{ETC_DIRECTORY}/keys/{deployed}"
        return str(given or f"{self.root}/var/lib/eucalyptus/keys/{own}")

    @cached_property
    def key(self) -> str:
        return self._key_path(self.controller["client_key"], "client-key.pem", "cloud-pk.pem")

    @cached_property
    def cert(self) -> str:
        return self._key_path(self.controller["client_cert"], "client-cert.pem", "cloud-cert.pem")

    @cached_property
    def own_cert(self) -> str:
        """The certificate that the cluster controller itself compares requests with."""
        return f"{self.root}/var/lib/eucalyptus/keys/cloud-cert.pem"

    # --- the check ---

    @property
    def uses_soap(self) -> bool:
        return self.source.get("source") == "soap"

    @property
    def check_interval(self) -> Any:
        return self.check["interval"] or (10 if self.uses_soap else 1)

    @property
    def check_timeout(self) -> Any:
        return self.check["timeout"]

    @property
    def check_grace(self) -> Any:
        """Grace counts from the time at which the next answer is due: with SOAP that is an interval after the last one."""
        grace = self.check["grace"]
        return grace + self.check_interval if grace and self.uses_soap else grace

    def source_arguments(self, source: str) -> list[str]:
        if source == "soap":
            return ["--source", "soap", "--key", self.key, "--cert", self.cert]
        return ["--source", "state_file", "--state-file", f"{self.root}/var/lib/eucalyptus/CC/eucalyptusCCConfig"]

    def _check_words(self, timeout: Any, source: str) -> list[str]:
        return ["--host", self.cc_host, "--port", str(self.cc_port), "--timeout", f"{timeout:g}", *self.source_arguments(source)]

    @property
    def check_words(self) -> list[str]:
        """The check as people call it: its first line names the interpreter."""
        return [CHECK_PATH, *self._check_words(self.check_timeout, self.source.get("source", "state_file"))]

    @property
    def check_argv(self) -> list[str]:
        """The check as keepalived runs it, without its memory.

        -E -s -S: neither the environment nor site packages have any influence, and Python 2.7 knows them too. The interpreter stands in
        front since keepalived takes a missing script with weight 0 for a good one, and a missing argument of a program not.
        """
        return [self.host.python, "-E", "-s", "-S", *self.check_words]

    def probe_arguments(self, source: str) -> list[str]:
        """Arguments of the check for an inspection by hand."""
        return [*self._check_words(3, source), "--json"]

    @property
    def check_command(self) -> list[str]:
        """Always with a memory, grace or not: the notify script takes its reason from it."""
        command = [*self.check_argv, "--grace", f"{self.check_grace:g}", "--memory", MEMORY_FILE]
        if not self.uses_soap:
            watch = max(0.0, min(self.check_interval - WATCH_MARGIN, self.check_timeout - 0.5))
            command += ["--watch", f"{watch:g}", "--live-every", str(LIVE_EVERY)]
        return command

    @property
    def newly_command(self) -> list[str]:
        return [*self.check_argv, "--memory", MEMORY_FILE, "--watch", f"{1 - WATCH_MARGIN:g}"]

    # --- keepalived ---

    @cached_property
    def gateway_defaults(self) -> dict[str, Any]:
        given, vrrp = self.options, self.vrrp
        spread = vrrp["preferred_spread"] if vrrp["preferred_host"] == self.inventory.host else 0
        return {
            "interface": self.interface,
            "priority": (given.get("priority") or 0) + spread,
            "version": vrrp["version"],
            "advert_interval": vrrp["advert_interval"],
            "auth_pass": given.get("auth_pass"),
            "garp_master_delay": vrrp["garp_master_delay"],
            "garp_master_refresh": vrrp["garp_master_refresh"],
            "address": self.address,
            "peers": self.peers,
        }

    @cached_property
    def gateways(self) -> list[dict[str, Any]]:
        """The main gateway and the further ones. Raises AnsibleFilterError for an entry of cc_gateway_further that does not fit."""
        given = self.options
        main = {
            **self.gateway_defaults,
            "instance": self.vrrp["instance"],
            "vip": given.get("vip"),
            "virtual_router_id": given.get("virtual_router_id"),
        }
        if self.connections:
            main |= {"outside": self.connections.line, "notify_master": f"{_connections.PROGRAM} master"}
        further = [gateway_further(entry, self.gateway_defaults, self.inventory.host) for entry in given.get("further") or []]
        return [main, *further]

    @property
    def composition(self) -> dict[str, Any]:
        """What filter gateway_config composes keepalived's configuration from."""
        given = self.options
        return {
            "host": self.inventory.host,
            "user": self.user,
            "rt_priority": self.vrrp["rt_priority"],
            "check_script": shlex.join(self.check_command),
            "newly_script": shlex.join(self.newly_command),
            "check_interval": self.check_interval,
            "check_timeout": self.check_timeout,
            "check_fall": self.check["fall"],
            "check_rise": self.check["rise"],
            "when_none_enabled": given.get("when_none_enabled"),
            "weight": self.vrrp["weight"],
            "maintenance_script": f"/usr/bin/test ! -e {MAINTENANCE_FILE}",
            "notify_script": NOTIFY_PATH,
            "gateways": self.gateways,
        }

    # --- connections that survive a failover, which need cc_gateway_outside_vip ---

    @cached_property
    def outside_interface(self) -> str:
        return str(self.options.get("outside_interface") or self.host.default_interface)

    @cached_property
    def connections(self) -> _connections.Connections | None:
        """None without the option, or where it is wrong, which problems() reports."""
        vip, interfaces = str(self.options.get("outside_vip") or ""), self.host.interfaces
        if not vip or self.outside_problems(None)["errors"]:
            return None
        own = [text for name in dict.fromkeys((self.interface, self.outside_interface)) for text in interfaces.get(name) or []]
        return _connections.Connections(
            vip=vip,
            interface=self.outside_interface,
            address=self.address,
            peer=str(self.peers[0]),
            sync_interface=self.interface,
            nc_network=self.nc_network,
            ignored=_connections.ignored([*own, self.address, *self.peers], self.conf),
            keepalived_unit=self.inventory.keepalived_unit,
            comment=FIREWALL_COMMENT,
        )

    def outside_problems(self, found: Mapping[str, Any] | None) -> dict[str, list[str]]:
        """{errors, warnings} about cc_gateway_outside_vip; found is what module gateway_host_info returned as connections."""
        if not self.options.get("outside_vip"):
            return {"errors": [], "warnings": []}
        given = {
            "option": self.options["outside_vip"],
            "interface": self.outside_interface,
            "interfaces": self.host.interfaces,
            "vip": self.options.get("vip"),
            "hosts": {**self.inventory.node_controllers, **self.addresses},
            "publicips": self.conf.get("VNET_PUBLICIPS", ""),
            "peers": self.peers,
            "sync_interface": self.interface,
            "masquerade": self.options.get("masquerade"),
        }
        errors, warnings = _connections.findings(given, found)
        return {"errors": _connections.errors(given) + errors, "warnings": warnings}

    def connections_fact(self, found: Mapping[str, Any] | None, deployed: bool) -> dict[str, Any]:
        """What the tasks need: connections (None without the option), connections_left, and firewall_first.

        connections_left is whether conntrackd is to be given up. firewall_first is what holds until keepalived has the configuration:
        nobody holds the outside VIP before.
        """
        first = self.firewall_rules
        if self.connections and not (found and found["loaded"]):
            nat = self.connections.nat_rules()
            first = [self._masquerade if rule == nat[0] else rule for rule in first if rule not in nat[1:]]
        return {
            "connections": self.connections.as_dict(found) if self.connections else None,
            "connections_left": deployed and not self.connections,
            "firewall_first": first,
        }

    # --- the packet filter ---

    @cached_property
    def _stranger_rules(self) -> list[dict[str, Any]]:
        # One rule that is enough by itself, whatever stands before or after it: the controller orders the running tables.
        return [
            {
                "table": "filter",
                "chain": "INPUT",
                "source": f"!{self.peers[0] if self.peers else ''}",
                "destination": self.address,
                "protocol": "vrrp",
                "comment": FIREWALL_COMMENT,
                "jump": "DROP",
            }
        ]

    @property
    def _masquerade(self) -> dict[str, Any]:
        return {
            "table": "nat", "chain": "POSTROUTING", "source": self.nc_network, "destination": f"!{self.nc_network}",
            "comment": FIREWALL_COMMENT, "jump": "MASQUERADE",
        }  # fmt: skip

    @cached_property
    def _nc_rules(self) -> list[dict[str, Any]]:
        """The node controllers' own network.

        An ENABLED controller drops forwarding but for VNET_SUBNET, and masquerades only that (cluster/handlers.c, vnetwork.c).
        """
        network, comment = self.nc_network, FIREWALL_COMMENT
        return [
            *(self.connections.nat_rules() if self.connections else [self._masquerade]),
            {"table": "filter", "chain": "FORWARD", "source": network, "comment": comment, "jump": "ACCEPT"},
            {
                "table": "filter", "chain": "FORWARD", "destination": network, "ctstate": ["RELATED", "ESTABLISHED"], "comment": comment,
                "jump": "ACCEPT",
            },
        ]  # fmt: skip

    @cached_property
    def firewall_rules(self) -> list[dict[str, Any]]:
        vrrp = [
            {"table": "filter", "chain": "INPUT", "source": peer, "protocol": "vrrp", "comment": FIREWALL_COMMENT, "jump": "ACCEPT"}
            for peer in self.peers
        ]
        return (
            vrrp
            + (self._stranger_rules if self.vrrp["peers_only"] else [])
            + (self.connections.sync_rules() if self.connections else [])
            + (self._nc_rules if self.options.get("masquerade") else [])
        )

    # --- what filter gateway_problems evaluates ---

    def problems(self) -> dict[str, Any]:
        given, inventory = self.options, self.inventory
        plain = (
            "vip", "virtual_router_id", "priority", "auth_pass", "when_none_enabled", "check_source", "ask_from", "control_key",
            "control_cert", "control_cc_cert", "alone", "certificate_warn_days", "masquerade", "eucalyptus_root",
            "settle_timeout", "ask_timeout",
        )  # fmt: skip
        return {
            **{name: given.get(name) for name in plain},
            **self.vrrp,
            **self.preflight,
            **{f"check_{name}": value for name, value in self.check.items()},
            "host": inventory.host,
            "group": inventory.group,
            "interface": self.interface,
            "interfaces": sorted(self.host.interfaces),
            "interface_addresses": self.interface_addresses,
            "addresses": self.addresses,
            "peers": self.peers,
            "publicips": self.conf.get("VNET_PUBLICIPS", ""),
            "vnet_mode": self.conf.get("VNET_MODE", ""),
            "arbitrators": self.conf.get("CC_ARBITRATORS", ""),
            "source": self.source,
            "firewalld": self.host.firewalld,
            "conf_files": list(self.host.conf_files),
            "check_interval": self.check_interval,
            "check_timeout": self.check_timeout,
            "port": self.cc_port,
            "client_key_content": self.deploys_keys,
            "client_cert_content": bool(given.get("client_cert_content")),
            "gateways": self.gateways,
            "not_in_run": [name for name in inventory.members if name not in inventory.in_run],
            "other_hosts": dict(inventory.node_controllers),
            "pair": {
                name: {host: _in_inventory(known, name) for host, known in inventory.members.items()} for name in COMMON
            },
        }
