# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from cc_gateway_outside_vip: rules, conntrackd's configuration and unit, and what is wrong with it."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_config import gateway_config
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_problems import gateway_problems
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_conf import keepalived_conf
from ansible_collections.eucalyptus.ha.plugins.module_utils import _iptables_preload
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import (
    _connections,
    _gateway_findings,
    _gateway_settings,
    _role_options,
)

SPECS = _role_options.load_specs("cc_gateway")["argument_specs"]["main"]["options"]
CONF = {
    "VNET_MODE": "MANAGED-NOVLAN", "VNET_PRIVINTERFACE": "em1", "VNET_SUBNET": "172.30.0.0", "VNET_NETMASK": "255.255.0.0",
    "VNET_PUBLICIPS": "192.0.2.100-192.0.2.110 192.0.2.120",
}  # fmt: skip
INTERFACES = {
    "lo": ["127.0.0.1/8"],
    "em1": ["10.0.0.1/24", "fd00::1/64", "10.0.0.10/32"],
    "em2": ["192.0.2.1/24", "192.0.2.101/32", "172.30.0.1/27", "169.254.1.1/16"],
    "em3": [],
}
CLEAN = {
    "vip": "192.0.2.9", "here": False, "configured": False, "loaded": False, "interface": None, "answers": None, "version": "1.4.7",
    "package": "conntrackd", "candidate": True, "foreign_conf": None, "applied": "",
}  # fmt: skip

ANSWERS = {"foreign_macs": [], "unnamed_macs": [], "interface": "em2", "error": None}


def settings(
    conf: dict[str, str] | None = None, interfaces: dict[str, list[str]] | None = None, **given: Any
) -> _gateway_settings.Settings:
    variables = {"cc_gateway_vip": "10.0.0.10", "cc_gateway_outside_vip": "192.0.2.9"}
    variables |= {f"cc_gateway_{name}": value for name, value in given.items()}
    options, errors = _role_options.read_options(SPECS, variables, lambda value: value)
    assert errors == []
    members = {"cc1": {"ansible_host": "10.0.0.1"}, "cc2": {"ansible_host": "10.0.0.2"}}
    inventory = _gateway_settings.Inventory("cc1", "eucalyptus_cc", members, {"nc1": "10.0.0.21"}, ("cc1", "cc2"))
    host = _gateway_settings.Host(interfaces or INTERFACES, "/usr/bin/python3", default_interface="em2")
    return _gateway_settings.Settings(options, CONF if conf is None else conf, inventory, host)


def lines(rules: list[dict[str, Any]]) -> list[str]:
    return [" ".join([rule["table"], rule["chain"], *_iptables_preload.arguments(rule)]) for rule in rules]


def errors(found: dict[str, Any] | None = None, **given: Any) -> list[str]:
    return settings(**given).outside_problems(found)["errors"]


# --- without the option ---


def test_without_the_option_nothing_is_there():
    found = settings(outside_vip="")
    assert found.connections is None
    assert found.outside_problems(CLEAN) == {"errors": [], "warnings": []}
    assert found.connections_fact(None, False) == {
        "connections": None, "connections_left": False, "firewall_first": found.firewall_rules,
    }  # fmt: skip
    assert {rule["table"] for rule in found.firewall_rules} == {"filter", "nat"}
    assert [rule["jump"] for rule in found.firewall_rules if rule["table"] == "nat"] == ["MASQUERADE"]
    config = keepalived_conf(gateway_config(found.composition))
    assert "virtual_ipaddress_excluded" not in config
    assert "notify_master" not in config


def test_a_host_that_still_has_it_is_to_give_it_up():
    assert settings(outside_vip="").connections_fact(None, True)["connections_left"] is True
    assert settings().connections_fact(CLEAN, True)["connections_left"] is False


# --- what is composed ---


def test_both_addresses_move_with_one_instance_and_the_adverts_stay_as_they_were():
    with_it, without = (gateway_config(settings(**given).composition)["vrrp_instance"]["eucalyptus"] for given in ({}, {"outside_vip": ""}))
    assert {key: with_it[key] for key in with_it.keys() - without.keys()} == {
        "virtual_ipaddress_excluded": ["192.0.2.9/32 dev em2"],
        "notify_master": {"command": "/usr/libexec/keepalived/eucalyptus-ha-connections master", "user": "root"},
    }
    assert {key: with_it[key] for key in without} == without
    text = keepalived_conf(gateway_config(settings().composition))
    assert 'notify_master "/usr/libexec/keepalived/eucalyptus-ha-connections master" root\n' in text


def test_hosts_with_and_without_it_hear_each_other():
    old = {
        "name": "eucalyptus", "vips": ["10.0.0.10", "192.0.2.9"], "excluded": ["192.0.2.9"], "version": 3, "virtual_router_id": 45,
        "advert_interval": 0.1, "interface": "em1", "peers": ["10.0.0.2"], "auth_type": None, "same_auth_pass": None, "article": False,
    }  # fmt: skip
    for outside in ("192.0.2.9", "192.0.2.8", ""):
        given = {"findings": {"keepalived": {"running": True, "instances": [old]}}, "gateways": settings(outside_vip=outside).gateways}
        assert _gateway_findings.incompatible(given) == []
    shared = {**old, "excluded": []}
    given = {"findings": {"keepalived": {"running": True, "instances": [shared]}}, "gateways": settings().gateways}
    assert "VIPs" in _gateway_findings.incompatible(given)[0]


def test_a_prefix_is_kept_for_keepalived_and_left_out_of_rules():
    found = settings(outside_vip="192.0.2.9/24").connections
    assert (found.line, found.plain) == ("192.0.2.9/24 dev em2", "192.0.2.9")


def test_the_nodes_leave_by_the_outside_vip_and_elsewhere_by_the_hosts_own():
    nat = [line for line in lines(settings().firewall_rules) if line.startswith("nat")]
    assert nat == [
        "nat POSTROUTING -s 10.0.0.0/24 ! -d 10.0.0.0/24 -o em2 -m comment --comment eucalyptus.ha -j SNAT --to-source 192.0.2.9",
        "nat POSTROUTING -s 10.0.0.0/24 ! -d 10.0.0.0/24 ! -o em2 -m comment --comment eucalyptus.ha -j MASQUERADE",
    ]


def test_until_keepalived_has_the_address_the_hosts_use_their_own():
    found = settings()
    first = found.connections_fact(CLEAN, False)["firewall_first"]
    without = settings(outside_vip="").firewall_rules
    assert [rule for rule in first if rule["table"] == "nat"] == [rule for rule in without if rule["table"] == "nat"]
    assert [rule for rule in first if rule["table"] != "nat"] == [rule for rule in found.firewall_rules if rule["table"] != "nat"]
    again = found.connections_fact({**CLEAN, "configured": True, "loaded": True}, True)
    assert again["firewall_first"] == found.firewall_rules
    broken_off = found.connections_fact({**CLEAN, "configured": True}, True)
    assert broken_off["firewall_first"] == first, "written, and not loaded yet"


def test_the_synchronisation_is_admitted_from_the_peer_only():
    found = lines(settings().firewall_rules)
    assert "filter INPUT -s 10.0.0.2 -d 10.0.0.1 -p udp --dport 3780 -m comment --comment eucalyptus.ha -j ACCEPT" in found
    # In mangle: the controller flushes filter each second.
    assert "mangle INPUT ! -s 10.0.0.2 -p udp --dport 3780 -m comment --comment eucalyptus.ha -j DROP" in found


def test_one_rule_in_mangle_keeps_the_kernel_tracking():
    found = lines(settings().firewall_rules)
    assert "mangle INPUT -d 192.0.2.9 -m conntrack ! --ctstate RELATED,ESTABLISHED -m comment --comment eucalyptus.ha -j DROP" in found


def test_the_daemon_talks_to_the_peer_alone_and_leaves_out_what_is_not_forwarded():
    text = settings().connections.daemon_conf()
    words = [line.split() for line in text.splitlines()]
    for wanted in (["IPv4_address", "10.0.0.1"], ["IPv4_Destination_Address", "10.0.0.2"], ["Interface", "em1"], ["Port", "3780"]):
        assert wanted in words
    ignored = text[text.index("Address Ignore") :].split("}", maxsplit=1)[0].split()[3:]
    assert ignored[1::2] == ["127.0.0.1", "10.0.0.1", "192.0.2.1", "10.0.0.2", "172.30.0.0/16"]
    assert text.count("{") == text.count("}")


def test_addresses_that_come_and_go_change_nothing():
    passing = {**INTERFACES, "em2": ["192.0.2.1/24"], "em1": ["10.0.0.1/24"]}
    held = {**INTERFACES, "em2": ["192.0.2.1/24", "192.0.2.9/32"]}
    assert settings(interfaces=passing).connections == settings(interfaces=held).connections == settings().connections


def test_without_an_instances_network_there_is_none_to_leave_out():
    assert settings(conf={"VNET_PRIVINTERFACE": "em1"}).connections.ignored[-1] == "10.0.0.2"


def test_the_unit_starts_ours_before_keepalived_and_again_when_it_was_killed():
    text = settings().connections.unit()
    program = "/usr/libexec/keepalived/eucalyptus-ha-connections"
    for line in (
        "Before=keepalived.service",
        "Restart=always",
        "ExecStart=\nExecStart=/usr/sbin/conntrackd -C /etc/eucalyptus-ha/conntrackd.conf",
        f"ExecStartPre={program} prepare",
        f"ExecStartPre={program} rule mangle INPUT -d 192.0.2.9 -m conntrack ! --ctstate RELATED,ESTABLISHED -m comment --comment "
        "eucalyptus.ha -j DROP",
        f"ExecStartPre={program} rule mangle INPUT ! -s 10.0.0.2 -p udp --dport 3780",
        f"ExecStartPost={program} joined 192.0.2.9",
    ):
        assert line in text


# --- what is wrong with it ---


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"outside_vip": "walrus"}, "must be an IPv4 address (got walrus)"),
        ({"outside_vip": "2001:db8::9"}, "must be an IPv4 address"),
        ({"outside_vip": "198.51.100.9"}, "must be in the network of em2 (192.0.2.0/24"),
        ({"outside_vip": "192.0.2.255"}, "network or broadcast address"),
        ({"outside_vip": "192.0.2.100"}, "among VNET_PUBLICIPS"),
        ({"outside_vip": "192.0.2.105"}, "among VNET_PUBLICIPS"),
        ({"outside_vip": "192.0.2.120"}, "among VNET_PUBLICIPS"),
        ({"outside_vip": "10.0.0.10", "outside_interface": "em1"}, "must not be cc_gateway_vip"),
        ({"outside_vip": "10.0.0.2", "outside_interface": "em1"}, "is the address of cc2"),
        ({"outside_vip": "10.0.0.21", "outside_interface": "em1"}, "is the address of nc1"),
        ({"outside_interface": "em9"}, "must be an interface of this host (got em9; there are: em1, em2, em3, lo)"),
        ({"outside_interface": "em3"}, "must be in the network of em3 (no IPv4 address"),
        ({"peers": ["10.0.0.2", "10.0.0.3"]}, "exactly one peer, but there are 2"),
        ({"interface": "10ge"}, "cannot read the interface name 10ge"),
        ({"masquerade": False}, "needs cc_gateway_masquerade"),
    ],
)
def test_what_cannot_work_is_said_in_one_sentence(given, words):
    found = errors(**given)
    assert len(found) == 1, found
    assert words in found[0]
    assert settings(**given).connections is None
    # And it reaches the one message.
    problems = gateway_problems({**settings(**given).problems(), "outside": settings(**given).outside_problems(None)})
    assert found[0] in problems["errors"]


@pytest.mark.parametrize("vip", ["192.0.2.99", "192.0.2.111", "192.0.2.9/24"])
def test_other_addresses_of_the_outside_network_can_be_taken(vip):
    assert errors(outside_vip=vip) == []


def test_without_a_default_route_the_interface_must_be_named():
    host = _gateway_settings.Host(INTERFACES, "/usr/bin/python3")
    found = settings()
    found.host = host
    assert "cc_gateway_outside_interface is not set" in found.outside_problems(None)["errors"][0]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        ({"here": True, "interface": "em2"}, "is already on em2 of this host outside keepalived"),
        ({"foreign_conf": "/etc/conntrackd/conntrackd.conf"}, "already synchronises connections"),
        ({"version": None, "candidate": False}, "needs the package conntrackd"),
        ({"answers": {**ANSWERS, "foreign_macs": ["02:00:00:00:00:01"]}}, "02:00:00:00:00:01 on em2 answers"),
        ({"configured": True, "answers": {**ANSWERS, "foreign_macs": ["02:00:00:00:00:01"]}}, "02:00:00:00:00:01 on em2 answers"),
    ],
)
def test_what_was_found_on_the_host_and_in_its_network(found, words):
    said = settings().outside_problems({**CLEAN, **found})
    assert (len(said["errors"]), said["warnings"]) == (1, [])
    assert words in said["errors"][0]


def test_what_is_already_so_is_no_problem():
    answers = {**ANSWERS, "unnamed_macs": ["02:00:00:00:00:01"]}
    held = {"here": True, "configured": True, "interface": "em2"}
    for found in ({}, held, {"configured": True, "answers": answers}, {"version": None, "candidate": None}):
        assert settings().outside_problems({**CLEAN, **found}) == {"errors": [], "warnings": []}


def test_what_cannot_be_told_is_a_warning():
    for answers in ({**ANSWERS, "unnamed_macs": ["02:00:00:00:00:01"]}, {"error": "no such device"}):
        said = settings().outside_problems({**CLEAN, "answers": answers})
        assert (said["errors"], len(said["warnings"])) == ([], 1)


def test_the_pair_must_agree_on_it():
    assert "outside_vip" in _gateway_settings.COMMON
    assert set(settings().problems()["pair"]["outside_vip"]) == {"cc1", "cc2"}


def test_the_program_is_there_before_keepalived_tests_its_configuration():
    own = "/usr/libexec/keepalived/eucalyptus-ha-connections"
    assert own not in _gateway_settings.programs({"cc_gateway_outside_vip": ""})
    assert own in _gateway_settings.programs({"cc_gateway_outside_vip": "192.0.2.9"})


def test_the_tasks_get_what_is_written():
    found = settings().connections_fact(CLEAN, False)["connections"]
    assert (found["vip"], found["interface"], found["peer"], found["package"]) == ("192.0.2.9", "em2", "10.0.0.2", "conntrackd")
    assert found["conf"] == settings().connections.daemon_conf()
    assert found["unit"] == settings().connections.unit()
    assert _connections.PORT == 3780
    assert found["restart"] is True, "of the package's own configuration"


def test_a_daemon_that_has_them_is_not_started_again():
    own = settings().connections
    applied = hashlib.sha256((own.daemon_conf() + own.unit()).encode()).hexdigest()
    assert settings().connections_fact({**CLEAN, "applied": applied}, True)["connections"]["restart"] is False
    assert settings(outside_vip="192.0.2.8").connections_fact({**CLEAN, "applied": applied}, True)["connections"]["restart"] is True
