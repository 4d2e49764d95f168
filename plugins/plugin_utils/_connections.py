# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections that survive a failover: an outside VIP that moves with the VIP, and conntrackd, which gives each host the other's entries.

Private to the collection. Everything that follows from cc_gateway_outside_vip is here, and is empty without it. docs/connections.md
has what was measured, and the reason for each setting.
"""

from __future__ import annotations

import contextlib
import hashlib
import ipaddress
import re
import shlex
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.module_utils import _connections as host_side
from ansible_collections.eucalyptus.ha.plugins.module_utils import _iptables_preload

Rule = dict[str, Any]

# What its configuration can hold (read_config_lex.l; tried with 1.4.7).
_INTERFACE_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*\Z").match

PROGRAM = "/usr/libexec/keepalived/eucalyptus-ha-connections"
# conntrackd's own, and that of its examples.
PORT = 3780
# Bytes. With less, bursts of new connections were lost between the kernel and conntrackd (cases: 2,000 a second).
NETLINK_BUFFER = 4 * 1024 * 1024
NETLINK_BUFFER_MOST = 16 * 1024 * 1024
SOCKET_BUFFER = 4 * 1024 * 1024


@dataclass(frozen=True)
class Connections:
    """What the gateway of one host needs for it."""

    vip: str
    interface: str
    address: str
    peer: str
    sync_interface: str
    nc_network: str
    # Networks and addresses whose connections end on a controller or belong to instances: the other host has no use for them.
    ignored: tuple[str, ...]
    keepalived_unit: str
    comment: str

    @property
    def line(self) -> str:
        """The outside VIP as keepalived has it."""
        address = ipaddress.ip_interface(self.vip)
        prefix = address.network.prefixlen if "/" in self.vip else address.max_prefixlen
        return f"{address.ip}/{prefix} dev {self.interface}"

    @property
    def plain(self) -> str:
        """The outside VIP without a prefix."""
        return str(ipaddress.ip_interface(self.vip).ip)

    # --- the packet filter ---

    def nat_rules(self) -> list[Rule]:
        """The node controllers' network leaves by the outside VIP; by another interface, as without it.

        The two exclude each other, so that their order does not matter: the controller orders the running tables.
        """
        common = {"table": "nat", "chain": "POSTROUTING", "source": self.nc_network, "destination": f"!{self.nc_network}"}
        return [
            {**common, "out_interface": self.interface, "comment": self.comment, "jump": "SNAT", "to_source": self.plain},
            {**common, "out_interface": f"!{self.interface}", "comment": self.comment, "jump": "MASQUERADE"},
        ]

    def standing_rules(self) -> list[Rule]:
        """Rules in mangle, which the controller never flushes; they are not in its preload file, which would flush other rules there.

        The first keeps the kernel tracking connections while the controller flushes filter and nat together. Without it packets of
        running downloads are answered with a reset (cases: 0 of 36 survived, with it 36 of 36). It also drops what arrives
        before its entry does. The second holds while the filter table is empty.
        """
        return [
            {
                "table": "mangle", "chain": "INPUT", "destination": self.plain, "ctstate": "!RELATED,ESTABLISHED",
                "comment": self.comment, "jump": "DROP",
            },
            {
                "table": "mangle", "chain": "INPUT", "source": f"!{self.peer}", "protocol": "udp", "destination_port": str(PORT),
                "comment": self.comment, "jump": "DROP",
            },
        ]  # fmt: skip

    def sync_rules(self) -> list[Rule]:
        """conntrackd authenticates nobody: its datagrams are admitted from the peer only."""
        admitted = {
            "table": "filter", "chain": "INPUT", "source": self.peer, "destination": self.address, "protocol": "udp",
            "destination_port": str(PORT), "comment": self.comment, "jump": "ACCEPT",
        }  # fmt: skip
        return [admitted, *self.standing_rules()]

    # --- conntrackd ---

    def daemon_conf(self) -> str:
        """The configuration of conntrackd. No keyword is newer than release 1.4.4, that of EL 7."""
        ignored = "".join(f"            IPv4_address {one}\n" for one in self.ignored)
        return f"""\
# Written by Ansible (eucalyptus.ha.cc_gateway). Changes made here are lost.
# Keywords: conntrackd.conf(5). The package's own /etc/conntrackd/conntrackd.conf is not used.
Sync {{
    Mode FTFW {{
        # Entries of the peer go into the kernel as they come: nothing is left to do at a takeover.
        DisableExternalCache On
    }}
    UDP {{
        IPv4_address {self.address}
        IPv4_Destination_Address {self.peer}
        Port {PORT}
        Interface {self.sync_interface}
        SndSocketBuffer {SOCKET_BUFFER}
        RcvSocketBuffer {SOCKET_BUFFER}
        Checksum on
    }}
}}
General {{
    HashSize 32768
    HashLimit 262144
    Syslog on
    LockFile {host_side.LOCK_FILE}
    UNIX {{
        Path {host_side.SOCKET}
    }}
    NetlinkBufferSize {NETLINK_BUFFER}
    NetlinkBufferSizeMaxGrowth {NETLINK_BUFFER_MOST}
    Filter From Kernelspace {{
        Protocol Accept {{
            TCP
            UDP
        }}
        Address Ignore {{
{ignored}        }}
    }}
}}
"""

    def unit(self) -> str:
        """The addition to conntrackd's unit, in words of systemd 219 too."""
        program = shlex.quote(PROGRAM)
        rules = "".join(
            f"ExecStartPre={program} rule {rule['table']} {rule['chain']} {' '.join(_iptables_preload.arguments(rule))}\n"
            for rule in self.standing_rules()
        )
        return f"""\
# Written by Ansible (eucalyptus.ha.cc_gateway). Changes made here are lost.
[Unit]
After=network-online.target
Wants=network-online.target
# A host has the peer's entries before it can take the VIP.
Before={self.keepalived_unit}.service

[Service]
# Ready when ExecStartPost has ended: the package's Type=notify needs a keyword that not every release knows.
Type=simple
# Killed, it leaves its lock file and would not start again.
ExecStartPre={program} prepare
{rules}ExecStart=
ExecStart={host_side.DAEMON} -C {host_side.CONFIG}
ExecStartPost={program} joined {self.plain}
Restart=always
RestartSec=1
StartLimitInterval=0
"""

    def as_dict(self, found: Mapping[str, Any] | None) -> dict[str, Any]:
        """What the role's tasks need; found is what module gateway_host_info returned as connections."""
        files = self.daemon_conf() + self.unit()
        return {
            "package": found["package"] if found else None,
            # Of the package's own start, of another configuration, or of one that a run wrote and did not get to apply.
            "restart": not found or found["applied"] != hashlib.sha256(files.encode()).hexdigest(),
            "vip": self.plain,
            "interface": self.interface,
            "peer": self.peer,
            "conf": self.daemon_conf(),
            "unit": self.unit(),
        }


# --- what is wrong with the settings ---


def _interface(text: Any) -> ipaddress.IPv4Interface | ipaddress.IPv6Interface | None:
    try:
        return ipaddress.ip_interface(str(text))
    except ValueError:
        return None


def _in_range(address: Any, entry: str) -> bool:
    first, _dash, last = entry.partition("-")
    low, high = _interface(first), _interface(last or first)
    return bool(low and high and low.version == high.version == address.version and low.ip <= address <= high.ip)


def _network_errors(given: Mapping[str, Any], vip: str, address: Any) -> list[str]:
    interface = given["interface"]
    if not interface:
        return [
            "cc_gateway_outside_interface is not set and this host has no default route. Set it to the interface of the outside network."
        ]
    if interface not in given["interfaces"]:
        known = ", ".join(sorted(given["interfaces"]))
        return [f"cc_gateway_outside_interface must be an interface of this host (got {interface}; there are: {known})."]
    networks = [
        one.network for one in map(_interface, given["interfaces"][interface]) if one and one.version == 4 and one.network.prefixlen < 31
    ]
    home = [network for network in networks if address.ip in network]
    if not home:
        return [
            f"cc_gateway_outside_vip must be in the network of {interface} "
            f"({', '.join(map(str, networks)) or 'no IPv4 address'}; got {vip}). "
            "Choose a free address there, or set cc_gateway_outside_interface."
        ]
    if address.ip in (home[0].network_address, home[0].broadcast_address):
        return [f"cc_gateway_outside_vip: {vip} is the network or broadcast address of {home[0]}. Choose a free host address."]
    return []


def _use_errors(given: Mapping[str, Any], vip: str, address: Any) -> list[str]:
    errors = []
    same = _interface(given.get("vip"))
    if same and same.ip == address.ip:
        errors.append(
            f"cc_gateway_outside_vip must not be cc_gateway_vip (got {vip} for both). Choose a free address in the outside network."
        )
    used = [name for name, text in sorted(given["hosts"].items()) if (one := _interface(text)) and one.ip == address.ip]
    if used:
        errors.append(f"cc_gateway_outside_vip: {vip} is the address of {', '.join(used)}. Choose a free address.")
    if any(_in_range(address.ip, entry) for entry in str(given.get("publicips") or "").split()):
        errors.append(
            f"cc_gateway_outside_vip: {vip} is among VNET_PUBLICIPS of eucalyptus.conf, which the cluster controller gives to instances. "
            "Choose another address."
        )
    return errors


def errors(given: Mapping[str, Any] | None) -> list[str]:
    """What is wrong with the option, a sentence each; none without it.

    :param given: option, interface, interfaces (addresses by name), vip, hosts (addresses by name), publicips, peers, sync_interface
      and masquerade
    """
    if not given:
        return []
    vip = str(given["option"])
    address = _interface(vip)
    if address is None or address.version != 4:
        return [f"cc_gateway_outside_vip must be an IPv4 address (got {vip})."]
    wrong = _network_errors(given, vip, address) + _use_errors(given, vip, address)
    if len(given["peers"]) != 1:
        wrong.append(
            f"cc_gateway_outside_vip works with exactly one peer, but there are {len(given['peers'])}: conntrackd sends to one address. "
            "Leave it empty."
        )
    if not _INTERFACE_NAME(str(given["sync_interface"])):
        wrong.append(
            f"cc_gateway_outside_vip: conntrackd cannot read the interface name {given['sync_interface']} (cc_gateway_interface). "
            "It must begin with a letter and have no other characters than letters, digits, '.', '-' and '_'."
        )
    if not given["masquerade"]:
        wrong.append(
            "cc_gateway_outside_vip needs cc_gateway_masquerade, since it replaces the node controllers' addresses. Set that to true."
        )
    return wrong


def findings(given: Mapping[str, Any] | None, found: Mapping[str, Any] | None) -> tuple[list[str], list[str]]:
    """(errors, warnings) about what was found on the host and in its network."""
    if not given or not found:
        return [], []
    vip, wrong, remarks = str(given["option"]), [], []
    if found["foreign_conf"]:
        wrong.append(
            f"conntrackd already synchronises connections on this host ({found['foreign_conf']} has a section Sync), and this role would "
            "replace that. Leave cc_gateway_outside_vip empty, or remove that section."
        )
    if found["version"] is None and found["candidate"] is False:
        wrong.append(
            f"cc_gateway_outside_vip needs the package {found['package']}, which the host's package sources do not have. Add a source that "
            "has it, or leave cc_gateway_outside_vip empty."
        )
    if found["here"] and not found["configured"]:
        wrong.append(
            f"cc_gateway_outside_vip: {vip} is already on {found['interface']} of this host outside keepalived. "
            "Choose another, free address."
        )
    answers = found["answers"] or {}
    foreign, unnamed = (" and ".join(answers.get(key) or []) for key in ("foreign_macs", "unnamed_macs"))
    if foreign:
        wrong.append(
            f"cc_gateway_outside_vip: {vip} is in use: {foreign} on {answers['interface']} answers for it and is not the other cluster "
            "controller. Find that machine (ip neighbour, the switch's table), or choose another address."
        )
    elif unnamed and not found["configured"]:
        remarks.append(
            f"cc_gateway_outside_vip: {unnamed} on {answers['interface']} answers for {vip}. It may be the other cluster controller, which "
            "does not answer ARP there, or another machine. Make sure that no other machine uses the address."
        )
    if answers.get("error"):
        remarks.append(f"could not check by ARP whether {vip} (cc_gateway_outside_vip) is in use: {answers['error']}.")
    return wrong, remarks


def ignored(own: Iterable[str], conf: Mapping[str, str]) -> tuple[str, ...]:
    """What conntrackd leaves out: the hosts' own addresses and the instances' network.

    An instance's connections are tied to the address of the controller that they began on, so on the other host an entry of theirs
    would only be in the way of new ones. VIPs and the addresses that the controller adds for instances come and go, and are not here.

    :param own: addresses of this host's two interfaces with their prefixes, and those of the pair
    """
    instances = None
    with contextlib.suppress(KeyError, ValueError):
        instances = ipaddress.IPv4Network(f"{conf['VNET_SUBNET']}/{conf['VNET_NETMASK']}", strict=False)
    kept = ["127.0.0.1"]
    for text in own:
        one = _interface(text)
        passing = "/" in text and one is not None and one.network.prefixlen == one.max_prefixlen
        if one and one.version == 4 and not passing and not one.ip.is_link_local and not (instances and one.ip in instances):
            kept.append(str(one.ip))
    return (*dict.fromkeys(kept), *([str(instances)] if instances else []))
