# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands that set a default route: recognised however they are written, and others left alone."""

from __future__ import annotations

import shlex
import shutil
import subprocess

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_commands import (
    Mixed,
    Route,
    read_route,
    sets_default_route,
)

DEFAULT = [
    "ip route add default via 10.0.0.1",
    "ip r a default via 10.0.0.1",
    "ip ro add default via 10.0.0.1",
    "ip route add to default via 10.0.0.1",
    "ip route add unicast default via 10.0.0.1",
    "ip route add via inet 10.0.0.1 dev eth0 metric 5 default",
    "ip route add dev eth0 default",
    "ip route replace 0/0 via 10.0.0.1",
    "ip route append all via 10.0.0.1 table main",
    "ip route change default via 10.0.0.1",
    "ip route add 0.0/0 via 10.0.0.1 tab 254",
    "ip route add 0.0.0.0/0.0.0.0 via 10.0.0.1",
    "ip route del default",
    "ip route add default mtu lock 1400 via 10.0.0.1",
    "ip route add default nexthop via 10.0.0.1 weight 1 nexthop via 10.0.0.2 weight 2",
    "/usr/sbin/ip -4 -o route add default via 10.0.0.1",
    "ip -f inet route add default via 10.0.0.1",
    "ip route add default via $GW",
    "GW=10.0.0.1 exec ip route add default via $GW",
    "ip route add default via 10.0.0.1 || true",
    "sleep 1; ip route add default via 10.0.0.1 2>/dev/null >&2 || exit 0",
    "sh -c 'ip route add default via 10.0.0.1'",
    "route add default gw 10.0.0.1",
    "route add -net default gw 10.0.0.1 dev eth0",
    "route add -net 0.0.0.0 netmask 0.0.0.0 gw 10.0.0.1",
    "/sbin/route -A inet add default gw 10.0.0.1 metric 3",
    "route del default",
    "ip route add default via 10.0.0.1 # don't",
]
OTHER = [
    "ip route add 203.0.113.0/24 via 10.0.0.1",
    "ip route add default via 10.0.0.1 table 7",
    "ip route add table 7 default via 10.0.0.1",
    "ip route add default via 10.0.0.1 vrf blue",
    "ip route show default",
    "ip -6 route add default via fd00::1",
    "ip route add default via fd00::1",
    "ip -f inet6 route add default dev eth0",
    "ip -n other route add default via 10.0.0.1",
    "ip route add unreachable default metric 9999",
    "ip rule add from 0/0 lookup 7",
    "ip route add any via 10.0.0.1",
    "ip route add via 10.0.0.1",
    "ip link set eth0 up",
    "ip",
    "route add -net 10.1.0.0 netmask 255.255.0.0 gw 10.0.0.1",
    "route add 0.0.0.0 netmask 128.0.0.0 gw 10.0.0.1",
    "route -A inet6 add default gw fd00::1",
    "route -n",
    "echo default route",
    "sh /usr/local/sbin/routes",
    "iptables -A OUTPUT -d 0.0.0.0/0 -j ACCEPT",
    "logger 'unbalanced",
    "",
]


@pytest.mark.parametrize("command", DEFAULT)
def test_a_default_route_is_recognised(command):
    assert sets_default_route(command)


@pytest.mark.parametrize("command", OTHER)
def test_other_commands_are_left_alone(command):
    assert not sets_default_route(command)


def test_the_family_of_the_stanza_decides_where_the_command_does_not():
    assert sets_default_route("ip route add default dev tun0", "inet")
    assert not sets_default_route("ip route add default dev tun0", "inet6")
    assert sets_default_route("ip -4 route add default dev tun0", "inet6")
    assert sets_default_route("ip route add default via 10.0.0.1", "inet6")
    assert sets_default_route("route -4 add default dev tun0", "inet6")


@pytest.mark.parametrize(
    "command",
    [
        "ip route add default via 10.0.0.1; touch /run/up",
        "ip link set eth1 up && ip r add default via 10.0.0.1",
        "sh -c 'touch /run/up; ip r add default via 10.0.0.1'",
        "su root -c 'ip route add default via 10.0.0.1'",
    ],
)
def test_a_default_route_among_other_things_is_not_guessed_at(command):
    with pytest.raises(Mixed):
        sets_default_route(command)


def test_what_a_route_says_is_read_in_any_order():
    assert read_route(["default", "via", "192.168.5.1", "dev", "eth1", "table", "5"]) == Route(True, False, "192.168.5.1", True)
    assert read_route(["table", "5", "via", "192.168.5.1", "default"]) == Route(True, False, "192.168.5.1", True)
    assert read_route(["203.0.113.0/24", "via", "10.0.0.1", "met", "5", "onlink"]) == Route(False, True, "10.0.0.1", True)
    assert read_route(["via"]) == Route(False, True, "", True)


@pytest.mark.skipif(shutil.which("ip") is None or shutil.which("unshare") is None, reason="no iproute2 here")
def test_iproute2_agrees():
    """Each command of the list that is one for iproute2 alone, run in a network namespace, ends in a default route."""
    commands = [one for one in DEFAULT if one.startswith("ip ") and not {"$GW", "del", "change", "nexthop"} & set(one.split())]
    assert len(commands) > 10
    script = "set -e; ip link add eth0 type veth peer name eth1; ip link set eth0 up; ip link set eth1 up\n"
    script += "ip addr add 10.0.0.5/24 dev eth0; set +e\n"
    for command in commands:
        script += f"{command.partition(' # ')[0]} && [ -n \"$(ip -4 route show default)\" ] || {{ echo {shlex.quote(command)}; exit 4; }}\n"
        script += "ip -4 route flush default\n"
    done = subprocess.run(["unshare", "-n", "sh", "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
