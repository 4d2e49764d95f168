# SPDX-License-Identifier: GPL-3.0-or-later
"""Every refusal of the gateway's settings, one change from a good set at a time."""

import re

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_problems import gateway_problems
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _role_options

GOOD = {
    "host": "cc1", "group": "eucalyptus_cc", "vip": "10.0.0.10", "interface": "eth0", "interfaces": ["lo", "eth0"],
    "interface_addresses": ["10.0.0.1/24"], "addresses": {"cc1": "10.0.0.1", "cc2": "10.0.0.2"}, "peers": ["10.0.0.2"],
    "publicips": "192.168.1.1-192.168.1.9", "vnet_mode": "MANAGED-NOVLAN", "version": 3, "virtual_router_id": 45,
    "priority": 100, "weight": 100, "advert_interval": 0.1, "auth_pass": "", "when_none_enabled": "hold", "check_source": "auto",
    "source": {"source": "state_file", "evidence": "the check reads the state file", "level": "ok"},
    "check_interval": 1, "check_timeout": 1.5, "check_grace": 5,
    "check_fall": 1, "check_rise": 1, "client_key_content": False,
    "client_cert_content": False, "ask_from": "host", "control_key": "", "control_cert": "", "control_cc_cert": "",
}  # fmt: skip
SOAP = {"source": "soap", "evidence": "", "level": "ok"}


SPECS = _role_options.load_specs("cc_gateway")["argument_specs"]["main"]["options"]
NUMBERS = [
    *(name for name, option in SPECS.items() if option["type"] in ("int", "float")),
    *(f"{name}.{part}" for name, option in SPECS.items() if option["type"] == "dict"
      for part, suboption in option["options"].items() if suboption["type"] in ("int", "float")),
]  # fmt: skip


@pytest.mark.parametrize("value", [-1, 1e9])
@pytest.mark.parametrize("option", NUMBERS)
def test_every_number_has_limits(option, value):
    name = option.removeprefix("cc_gateway_").replace("check.", "check_").rpartition(".")[2]
    # The spread counts for a preferred host alone.
    errors = gateway_problems({**GOOD, "preferred_host": "cc1", "preferred_spread": 10, name: value})["errors"]
    assert any(error.startswith(f"{option} must be") or f" {option} must be" in error for error in errors), errors


def test_good_settings_pass_also_as_the_strings_that_awx_sends():
    assert gateway_problems(GOOD) == {"errors": [], "warnings": [], "incompatible": []}
    numbers = {
        name: str(value)
        for name, value in GOOD.items()
        if isinstance(value, (int, float)) and not isinstance(value, bool)
    }
    assert gateway_problems({**GOOD, **numbers}) == {"errors": [], "warnings": [], "incompatible": []}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"vip": ""}, "cc_gateway_vip is not set"),
        ({"vip": "10.0.0"}, "cc_gateway_vip must be an IPv4 address .got 10.0.0."),
        # O9
        ({"vip": "fd00::1"}, "must be IPv4 .got fd00::1.. Put an IPv6 VIP into cc_gateway_further"),
        ({"vip": "10.0.1.10"}, "not in the network of eth0 .10.0.0.0/24."),
        ({"vip": "10.0.0.0"}, "network or broadcast address of 10.0.0.0/24"),
        ({"vip": "10.0.0.255"}, "broadcast address"),
        (
            {"vip": "10.0.0.21", "other_hosts": {"nc1": "10.0.0.21"}},
            "is the address of nc1. Choose a free address",
        ),
        (
            {"pair": {"virtual_router_id": {"cc1": 45, "cc2": 46}}},
            "cc_gateway_virtual_router_id must be the same on all hosts of the group eucalyptus_cc .cc1: 45, cc2: 46.",
        ),
        (
            {"pair": {"vrrp.advert_interval": {"cc1": 1, "cc2": ""}}},
            "cc_gateway_vrrp.advert_interval must be the same .*cc2: not set",
        ),
        (
            {"pair": {"auth_pass": {"cc1": "one", "cc2": "two"}}},
            "cc_gateway_auth_pass must be the same on all hosts of the group eucalyptus_cc. Set it",
        ),
        (
            {"preferred_host": "cc3", "preferred_spread": 10},
            "cc_gateway_vrrp.preferred_host must be a host of the group .*got cc3",
        ),
        ({"preferred_host": "cc1", "preferred_spread": 0}, r"cc_gateway_vrrp.preferred_spread must be a number from 1 to 39.* \(got 0\)"),
        (
            {"preferred_host": "cc1", "preferred_spread": 30, "weight": 30},
            "must be less than cc_gateway_vrrp.weight .30., or the preferred host",
        ),
        (
            {"preferred_host": "cc1", "preferred_spread": 39, "priority": 120},
            r"cc_gateway_vrrp.preferred_spread \(39\) .* = 259; it must be at most 253",
        ),
        ({"require_both": True, "not_in_run": ["cc2"]}, "cc2 is not part of this run .*, and cc_gateway_preflight.require_both is set"),
        ({"certificate_warn_days": "soon"}, "cc_gateway_certificate_warn_days must be a number from 0 to 36500 .got 'soon'"),
        # O13
        ({"peers": "10.0.0.2"}, "cc_gateway_peers must be a list .got a string.. Write: cc_gateway_peers: .10.0.0.2."),
        ({"virtual_router_id": True}, "cc_gateway_virtual_router_id must be a number from 1 to 255 .got True"),
        ({"priority": float("inf")}, r"cc_gateway_priority must be a number from 1 to 253 \(got inf\)"),
        ({"listen_time": 61}, "cc_gateway_preflight.listen_time must be a number from 0 to 60 .got 61"),
        ({"vip": "10.0.0.1/32"}, "is the address of cc1. Choose a free address"),
        ({"vip": "10.0.0.2"}, "is the address of cc2"),
        ({"vip": "10.0.0.5", "publicips": "10.0.0.4-10.0.0.6"}, "among VNET_PUBLICIPS"),
        ({"vip": "10.0.0.5", "publicips": "1.2.3.4 10.0.0.5"}, "among VNET_PUBLICIPS"),
        ({"interface": "em1"}, "cc_gateway_interface must be an interface of this host .got em1; there are: eth0, lo."),
        ({"interface_addresses": []}, "cc_gateway_interface must have an IPv4 address"),
        (
            {"peers_only": True, "peers": ["10.0.0.2", "10.0.0.3"]},
            "cc_gateway_vrrp.peers_only works with exactly one peer, but there are 2 .10.0.0.2, 10.0.0.3.; set it to false",
        ),
        (
            {"addresses": {"cc1": "10.0.0.1", "cc2": "cc2.example.org"}},
            "cc_gateway_address of cc2 must be an IP address .got 'cc2.example.org'",
        ),
        ({"addresses": {"cc1": "192.0.2.1", "cc2": "10.0.0.2"}}, "cc_gateway_address of cc1 must be an address of eth0 .*got 192.0.2.1"),
        ({"peers": []}, "would fall back to multicast"),
        ({"peers": ["cc-two"]}, "cc_gateway_peers must contain IP addresses .got 'cc-two'"),
        ({"peers": ["10.0.0.1"]}, "must not contain this host itself"),
        ({"version": 4}, "must be 2 or 3"),
        ({"virtual_router_id": 0}, "must be a number from 1 to 255"),
        ({"virtual_router_id": 256}, "must be a number from 1 to 255"),
        ({"priority": 255}, "cc_gateway_priority must be a number from 1 to 253"),
        ({"weight": 0}, "set cc_gateway_when_none_enabled to release"),
        ({"weight": -2}, "so that the ENABLED host comes out higher"),
        ({"priority": 154}, r"cc_gateway_priority \(154\) \+ cc_gateway_vrrp.weight \(100\) = 254; it must be at most 253"),
        ({"advert_interval": "often"}, "must be a number of seconds"),
        ({"advert_interval": 41}, "must be at most 40.95 seconds"),
        ({"version": 2, "auth_pass": "secret"}, "must be a whole number of seconds"),
        ({"version": 2, "advert_interval": 1}, "cc_gateway_auth_pass is not set"),
        ({"version": 2, "advert_interval": 1, "auth_pass": "123456789"}, "must have at most 8 characters"),
        ({"auth_pass": "secret"}, "must be empty with VRRP version 3"),
        ({"when_none_enabled": "drop"}, "must be hold or release .got .drop"),
        ({"check_source": "file"}, "must be auto, state_file or soap .got .file"),
        ({"ask_from": "me"}, "must be host or control_node .got .me"),
        ({"check_interval": 0.5}, "cc_gateway_check.interval"),
        ({"check_timeout": 61}, "cc_gateway_check.timeout must be a number of seconds from 0.1 to 60 .got 61"),
        ({"source": SOAP, "check_interval": 9}, "cc_gateway_check.interval must be a whole number of seconds from 10 with SOAP "
            ".*topology.*got 9"),
        ({"check_timeout": "x"}, "cc_gateway_check.timeout"),
        ({"check_grace": -1}, "cc_gateway_check.grace"),
        ({"check_fall": 0}, "cc_gateway_check.fall"),
        ({"check_rise": "x"}, "cc_gateway_check.rise"),
        ({"client_key_content": True}, "only one is set"),
        ({"ask_from": "control_node"}, "cc_gateway_control_cc_cert is not set"),
    ],
)
def test_each_mistake_is_named(change, words):
    problems = gateway_problems({**GOOD, **change})
    found = [error for error in problems["errors"] if re.search(words, error)]
    assert found, problems["errors"]
    assert gateway_problems(GOOD)["errors"] == []


def test_a_vip_elsewhere_is_allowed_when_it_is_said():
    away = {**GOOD, "vip": "192.0.2.1"}
    assert "set cc_gateway_preflight.allow_foreign_subnet to true" in gateway_problems(away)["errors"][0]
    assert gateway_problems({**away, "allow_foreign_subnet": True})["errors"] == []


def test_a_vip_that_this_host_holds_as_an_address_alone_is_no_network():
    held = {**GOOD, "interface_addresses": ["10.0.0.1/24", "10.0.0.10/32"]}
    assert gateway_problems(held)["errors"] == []


def test_a_pair_that_agrees_is_no_problem():
    assert gateway_problems({**GOOD, "pair": {"vip": {"cc1": "10.0.0.10", "cc2": "10.0.0.10"}}})["errors"] == []


def test_a_preferred_host_within_the_limits_is_no_problem():
    assert gateway_problems({**GOOD, "preferred_host": "cc2", "preferred_spread": "10"})["errors"] == []


def test_one_host_out_of_reach_is_a_warning():
    problems = gateway_problems({**GOOD, "not_in_run": ["cc2"]})
    assert problems["errors"] == []
    assert problems["warnings"] == [
        "cc2 is not part of this run (outside --limit, unreachable or failed): the VIP can fail over to it only if the gateway is "
        "deployed there."
    ]


def test_options_that_are_none_come_first():
    said = "cc_gateway_vipp is not an option of this role"
    assert gateway_problems({**GOOD, "unknown_options": [said], "vip": ""})["errors"] == [
        said,
        "cc_gateway_vip is not set. Choose a free address in the node controllers' network.",
    ]


def test_two_gateways_of_one_name_are_an_error():
    gateways = [{"instance": "eucalyptus"}, {"instance": "six"}]
    assert gateway_problems({**GOOD, "gateways": gateways})["errors"] == []
    assert gateway_problems({**GOOD, "gateways": [*gateways, gateways[0]]})["errors"] == [
        "cc_gateway_further: instance must be different for each gateway, and from cc_gateway_vrrp.instance (got eucalyptus 2 times)."
    ]


def test_all_mistakes_come_in_one_go():
    assert len(gateway_problems({**GOOD, "vip": "", "peers": [], "weight": 0, "check_source": "x"})["errors"]) == 4


def test_half_an_int_is_no_interval():
    for half in ("1.5", 1.5):
        assert gateway_problems({**GOOD, "check_interval": half})["errors"]


@pytest.mark.parametrize(("mode", "words"), [("EDGE", "do not need"), ("", "has no VNET_MODE")])
def test_warnings(mode, words):
    problems = gateway_problems({**GOOD, "vnet_mode": mode})
    assert problems["errors"] == []
    assert words in problems["warnings"][0]


@pytest.mark.parametrize("bad", [None, [], {}])
def test_wants_settings(bad):
    with pytest.raises(AnsibleFilterError, match="settings dictionary"):
        gateway_problems(bad)


FOUND_CHANGED = {"preferred_host": "cc1", "preferred_spread": 20}


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"certificate_warn_days": -1}, "cc_gateway_certificate_warn_days must be a number from 0 to 36500 .got -1"),
        ({"listen_time": "long"}, "cc_gateway_preflight.listen_time must be a number from 0 to 60 .got 'long'"),
        ({"listen_time": 61}, "cc_gateway_preflight.listen_time must be a number from 0 to 60 .got 61"),
        ({"preferred_host": "cc3", "preferred_spread": 20}, "cc_gateway_vrrp.preferred_host must be a host of the group eucalyptus_cc"),
        ({**FOUND_CHANGED, "preferred_spread": 40}, "cc_gateway_vrrp.preferred_spread must be a number from 1 to 39"),
        ({**FOUND_CHANGED, "weight": 20}, r"must be less than cc_gateway_vrrp.weight \(20\)"),
        ({**FOUND_CHANGED, "priority": 134}, r"\(134\) \+ cc_gateway_vrrp.preferred_spread \(20\) \+ cc_gateway_vrrp.weight \(100\) = 254; "
            r"it must be at most 253"),
        ({"findings_error": "no route to host"}, "the host could not be inspected: no route to host"),
        ({"client_key_content": True}, "must both be set, or neither"),
        ({"not_in_run": ["cc2"], "require_both": True}, "cc2 is not part of this run .*, and cc_gateway_preflight.require_both is set"),
    ],
)
def test_further_refusals(change, words):
    errors = gateway_problems({**GOOD, **change})["errors"]
    assert len(errors) == 1, errors
    assert re.search(words, errors[0])


@pytest.mark.parametrize(
    "change",
    [
        {"certificate_warn_days": 0, "listen_time": 0}, {"certificate_warn_days": None, "listen_time": 60}, FOUND_CHANGED,
        {**FOUND_CHANGED, "priority": 133}, {**FOUND_CHANGED, "preferred_spread": 39, "priority": 114}, {"priority": 153},
        # With release the weight is not used.
        {**FOUND_CHANGED, "preferred_spread": 39, "when_none_enabled": "release", "weight": 20},
        {"priority": 253, "when_none_enabled": "release"},
    ],
)  # fmt: skip
def test_limits_of_the_further_settings(change):
    assert gateway_problems({**GOOD, **change}) == {"errors": [], "warnings": [], "incompatible": []}


def test_a_host_that_is_not_there_is_a_warning_unless_both_are_wanted():
    found = gateway_problems({**GOOD, "not_in_run": ["cc2", "cc1b"]})
    assert found["errors"] == []
    assert found["warnings"] == [
        "cc1b and cc2 are not part of this run (outside --limit, unreachable or failed): the VIP can fail over to them only if the "
        "gateway is deployed there."
    ]


@pytest.mark.parametrize(
    ("mode", "words"), [("", "has no VNET_MODE"), (None, "has no VNET_MODE"), ("EDGE", "VNET_MODE is EDGE: outside MANAGED and")]
)
def test_a_mode_that_needs_no_gateway_is_a_warning(mode, words):
    found = gateway_problems({**GOOD, "vnet_mode": mode})
    assert found["errors"] == []
    assert words in found["warnings"][0]


def test_the_networks_of_both_managed_modes_need_it():
    assert gateway_problems({**GOOD, "vnet_mode": "MANAGED"})["warnings"] == []


def test_o12_without_eucalyptus_conf_the_cause_comes_first_and_its_consequences_are_left_out():
    errors = gateway_problems({**GOOD, "interface": "eth9", "vip": "", "conf_files": [], "eucalyptus_root": "/opt"})["errors"]
    assert re.match(r"eucalyptus.conf was not found \(cc_gateway_eucalyptus_root is /opt\)", errors[0])
    assert not [error for error in errors if error.startswith("cc_gateway_interface must")]
    assert [error for error in errors if error.startswith("cc_gateway_vip")], "other mistakes stay"
    assert gateway_problems({**GOOD, "conf_files": []})["errors"] == [], "it need not be there"


def test_p3_firewalld_on_a_cluster_controller_is_rejected_with_what_to_do():
    errors = gateway_problems({**GOOD, "firewalld": True, "masquerade": True})["errors"]
    assert len(errors) == 1
    assert "systemctl disable --now firewalld" in errors[0]
    assert "cc_gateway_masquerade" in errors[0]
    assert gateway_problems({**GOOD, "firewalld": True, "masquerade": False})["errors"] == []
