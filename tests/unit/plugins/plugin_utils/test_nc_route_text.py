# SPDX-License-Identifier: GPL-3.0-or-later
"""Default gateways in network managers' files: what is taken out, what is left alone, and that it can all be put back."""

from __future__ import annotations

from functools import partial

import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _nc_route_text as text_of
from hypothesis import given
from hypothesis import strategies as st

OFF = text_of.OFF


def off(before: str, after: str) -> list[str]:
    """The lines that were commented out; everything else must be as it was."""
    pairs = list(zip(before.splitlines(), after.splitlines(), strict=True))
    assert all(new in (old, OFF + old) for old, new in pairs)
    return [old.strip() for old, new in pairs if new != old]


def test_networkd_loses_its_ipv4_default_gateways_and_nothing_else():
    text = """[Match]
Name=eth0
[Network]
Address=10.0.0.5/24
Gateway=10.0.0.1
Gateway=fe80::1
DNS=10.0.0.53
[Route]
# to everywhere
Gateway=10.0.0.2
Metric=50
[Route]
Destination=203.0.113.0/24
Gateway=10.0.0.3
[Route]
Destination=0.0.0.0/0
Gateway=10.0.0.4
Table=77
[Route]
Gateway=_dhcp4
[Route]
Destination=::/0
Gateway=fe80::2
"""
    assert off(text, text_of.networkd_without_gateway(text)) == [
        "Gateway=10.0.0.1",
        "[Route]",
        "Gateway=10.0.0.2",
        "Metric=50",
        "[Route]",
        "Gateway=_dhcp4",
    ]


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("DHCP=yes", True),
        ("DHCP=ipv4", True),
        ("DHCP = true", True),
        ("DHCP=ipv6", False),
        ("DHCP=no", False),
        ("#DHCP=yes", False),
    ],
)
def test_networkd_dhcp_is_seen(line, expected):
    assert text_of.networkd_has_dhcp(f"[Network]\n{line}\n") is expected


def test_ifupdown_loses_gateways_and_route_commands_of_ipv4_stanzas():
    text = """auto eth0
iface eth0 inet static
    address 10.0.0.5/24
    gateway 10.0.0.1
    up ip route add default via 10.0.0.2 \\
        metric 5
    post-up route add default gw 10.0.0.3
    up ip route add default via 10.0.0.4 table 7
    up ip route add 203.0.113.0/24 via 10.0.0.5
    down ip route del default
iface eth0 inet6 static
    address fd00::5/64
    gateway fd00::1
# gateway 10.0.0.9
"""
    assert off(text, text_of.interfaces_without_gateway("/etc/network/interfaces", text)) == [
        "gateway 10.0.0.1",
        "up ip route add default via 10.0.0.2 \\",
        "metric 5",
        "post-up route add default gw 10.0.0.3",
        "down ip route del default",
    ]
    assert text_of.interfaces_stanzas(text) == [("eth0", "static")]


NETPLAN = """network:
  version: 2
  ethernets:
    eth0:
      addresses: [10.0.0.5/24]
      gateway4: 10.0.0.1   # old
      gateway6: fd00::1
    eth1:
      routes:
        - to: default
          via: 10.1.0.1
          metric: 5

        - to: 203.0.113.0/24
          via: 10.1.0.2
        - {to: 0.0.0.0/0, via: 10.1.0.3, table: 77}
    eth2:
      dhcp4: false
      routes:
        # the only one
        - to: 0.0.0.0/0
          via: 10.2.0.1
      mtu: 1400
"""


def test_netplan_loses_its_ipv4_default_gateways_and_stays_yaml():
    after = text_of.netplan_without_gateway("/etc/netplan/x.yaml", NETPLAN)
    assert off(NETPLAN, after) == [
        "gateway4: 10.0.0.1   # old",
        "- to: default",
        "via: 10.1.0.1",
        "metric: 5",
        "routes:",
        "# the only one",
        "- to: 0.0.0.0/0",
        "via: 10.2.0.1",
    ]
    ethernets = yaml.safe_load(after)["network"]["ethernets"]
    assert ethernets["eth0"] == {"addresses": ["10.0.0.5/24"], "gateway6": "fd00::1"}
    assert [route["via"] for route in ethernets["eth1"]["routes"]] == ["10.1.0.2", "10.1.0.3"]
    assert ethernets["eth2"] == {"dhcp4": False, "mtu": 1400}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            "network: {ethernets: {eth0: {gateway4: 10.0.0.1, mtu: 9000}}}\n",
            "line 1: the default gateway shares its line",
        ),
        (
            "network:\n  ethernets:\n    eth0:\n      routes: [{to: default, via: 10.0.0.1}, {to: 10.9.0.0/16, via: 10.0.0.2}]\n",
            "line 4: the default gateway shares its line",
        ),
        ("network:\n  ethernets:\n    eth0:\n      gateway4: 10.0.0.1\n", "is the only setting there"),
        ("network: [\n", "is not valid YAML"),
    ],
)
def test_netplan_that_is_not_safe_to_edit_is_left_to_a_person(text, words):
    with pytest.raises(text_of.ByHand, match="/etc/netplan/x.yaml") as caught:
        text_of.netplan_without_gateway("/etc/netplan/x.yaml", text)
    assert words in str(caught.value)


@pytest.mark.parametrize("text", ["", "network:\n", "# nothing\n", "- a list\n", "network:\n  ethernets:\n    eth0:\n"])
def test_netplan_without_a_gateway_is_left_alone(text):
    assert text_of.netplan_without_gateway("x", text) == text


def test_ifcfg_loses_gateway_lines():
    text = "DEVICE=eth0\nGATEWAY=10.0.0.1\nexport GATEWAYDEV=eth0\nGATEWAY0=10.0.0.2\nIPV6_DEFAULTGW=fd00::1\n"
    assert off(text, text_of.ifcfg_without_gateway(text)) == [
        "GATEWAY=10.0.0.1",
        "export GATEWAYDEV=eth0",
        "GATEWAY0=10.0.0.2",
    ]


def test_ifcfg_routes_in_either_form():
    plain = "203.0.113.0/24 via 10.0.0.3\ndefault via 10.0.0.1\n"
    assert text_of.ifcfg_routes("x", plain, "10.0.0.10", "eth0").endswith(
        f"{OFF}default via 10.0.0.1\n{text_of.BEGIN}\ndefault via 10.0.0.10 dev eth0\n{text_of.END}\n"
    )
    numbered = "ADDRESS0=203.0.113.0\nNETMASK0=255.255.255.0\nGATEWAY0=10.0.0.3\n"
    assert "ADDRESS1=0.0.0.0\nNETMASK1=0.0.0.0\nGATEWAY1=10.0.0.10\n" in text_of.ifcfg_routes(
        "x", numbered, "10.0.0.10", "eth0"
    )
    with pytest.raises(text_of.ByHand):
        text_of.ifcfg_routes("x", "ADDRESS0=0.0.0.0\n", "10.0.0.10", "eth0")


def test_n1_route_file_lines_of_another_table_stay():
    text = (
        "default via 192.168.5.1 dev eth1 table 5\ntable 5 default via 192.168.5.1\ndefault table main via 10.0.0.1\n"
        "0.0.0.0/0 via 10.0.0.2 dev eth1\nto default via 10.0.0.3\nunreachable default metric 4278198272\n"
        "# default via 10.0.0.4\n203.0.113.0/24 via 10.0.0.5\n"
    )
    assert off(text, text_of.ifcfg_routes("x", text, None, "eth1")) == [
        "default table main via 10.0.0.1",
        "0.0.0.0/0 via 10.0.0.2 dev eth1",
        "to default via 10.0.0.3",
    ]


N3_TEXT = """iface eth0 inet static
    address 10.0.0.5/24
    up ip r add default via 10.0.0.1
    up ip ro add default via 10.0.0.1 || true
    up ip route add to default via 10.0.0.1
    up /sbin/ip -4 route replace \\
      default via 10.0.0.1 2>/dev/null
    up ip route add 203.0.113.0/24 via 10.0.0.1
    up ip route add default via 10.0.0.1 table 7
iface eth0 inet6 static
    up ip r add default via fd00::1
    up ip r add default via 10.0.0.1
"""


def test_n3_default_routes_in_any_spelling_of_ifupdown_are_recognised():
    assert off(N3_TEXT, text_of.interfaces_without_gateway("x", N3_TEXT)) == [
        "up ip r add default via 10.0.0.1",
        "up ip ro add default via 10.0.0.1 || true",
        "up ip route add to default via 10.0.0.1",
        "up /sbin/ip -4 route replace \\",
        "default via 10.0.0.1 2>/dev/null",
        "up ip r add default via 10.0.0.1",
    ]


@pytest.mark.parametrize(
    "command",
    [
        "sysctl -w net.ipv4.ip_forward=1; ip r add default via 10.0.0.1",
        "ip route add 203.0.113.0/24 via 10.0.0.1 && ip route add default via 10.0.0.1",
        "su -c 'ip route add default via 10.0.0.1'",
    ],
)
def test_n3_default_routes_set_together_with_other_things_are_rejected(command):
    text = f"auto eth0\niface eth0 inet static\n    up {command}\n"
    with pytest.raises(text_of.ByHand, match="/etc/network/interfaces, line 3: a default route is set together with other things"):
        text_of.interfaces_without_gateway("/etc/network/interfaces", text)


LINES = st.sampled_from(
    [
        "[Network]", "[Route]", "Gateway=10.0.0.1", "Destination=0.0.0.0/0", "# words", "",
        "iface eth0 inet static", "  gateway 10.0.0.1", "  up ip route add default via 10.0.0.2 \\",
        "GATEWAY=10.0.0.1", "default via 10.0.0.1", "DEVICE=eth0", "   ", "\tä",
    ]
)  # fmt: skip
TEXTS = st.lists(LINES, max_size=30).map(lambda lines: "".join(f"{line}\n" for line in lines))


@given(TEXTS)
def test_what_was_taken_out_can_be_put_back_to_the_byte(text):
    for edit in (text_of.networkd_without_gateway, partial(text_of.interfaces_without_gateway, "x"), text_of.ifcfg_without_gateway):
        assert text_of.restored(edit(text)) == text
        assert edit(edit(text)) == edit(text)
    assert text_of.restored(text_of.ifcfg_routes("x", text, "10.0.0.10", "eth0")) == text


def test_what_a_person_changed_since_stays():
    text = "[Network]\nGateway=10.0.0.1\n"
    changed = text_of.networkd_without_gateway(text) + "DNS=10.0.0.53\n"
    assert text_of.restored(changed) == text + "DNS=10.0.0.53\n"
