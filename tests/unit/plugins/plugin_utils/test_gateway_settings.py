# SPDX-License-Identifier: GPL-3.0-or-later
"""What follows from the role's options, eucalyptus.conf, the inventory and the host: each option reaches what uses it."""

from __future__ import annotations

import shlex
from typing import Any

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_config import gateway_config
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_problems import gateway_problems
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _gateway_settings, _role_options

SPECS = _role_options.load_specs("cc_gateway")["argument_specs"]["main"]["options"]
CONF = {"VNET_MODE": "MANAGED-NOVLAN", "VNET_PRIVINTERFACE": "em2", "EUCA_USER": "euca", "CC_PORT": "8775"}
MEMBERS = {"cc1": {"ansible_host": "10.0.0.1"}, "cc2": {"cc_gateway_address": "10.0.0.2", "ansible_host": "cc2.example.org"}}
SOAP = {"source": "soap", "evidence": "", "level": "ok"}


def settings(conf: dict[str, str] | None = None, members: dict[str, Any] | None = None, **given: Any) -> _gateway_settings.Settings:
    variables: dict[str, Any] = {"cc_gateway_vip": "10.0.0.10"}
    variables |= {f"cc_gateway_{name}": value for name, value in given.items()}
    options, errors = _role_options.read_options(SPECS, variables, lambda value: value)
    assert errors == []
    inventory = _gateway_settings.Inventory("cc1", "eucalyptus_cc", members or MEMBERS, {"nc1": "10.0.0.21"}, ("cc1", "cc2"))
    host = _gateway_settings.Host({"lo": ["127.0.0.1/8"], "em2": ["10.0.0.1/24", "fd00::1/64"], "eth0": []}, "/usr/bin/python3")
    return _gateway_settings.Settings(options, CONF if conf is None else conf, inventory, host)


def test_what_is_not_set_comes_from_eucalyptus_conf():
    found = settings()
    assert (found.interface, found.user, found.cc_port, found.cc_host) == ("em2", "euca", "8775", "127.0.0.1")
    assert settings(interface="eth0").problems()["interface"] == "eth0"
    own = settings(controller={"user": "u", "port": "1", "host": "::1"})
    assert (own.user, own.cc_port, own.cc_host) == ("u", 1, "::1")


def test_without_eucalyptus_conf_it_is_eucalyptus_own_defaults():
    found = settings(conf={})
    assert (found.interface, found.user, found.cc_port, found.cc_host) == ("eth0", "eucalyptus", 8774, "127.0.0.1")


@pytest.mark.parametrize(("bound", "asked"), [("", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("10.0.0.1", "10.0.0.1")])
def test_a_controller_that_binds_to_one_address_is_asked_there(bound, asked):
    assert settings(conf={"CC_ADDR": bound}).cc_host == asked


def test_addresses_of_the_pair_come_from_the_inventory():
    found = settings()
    assert found.addresses == {"cc1": "10.0.0.1", "cc2": "10.0.0.2"}
    assert (found.address, found.peers, found.nc_network) == ("10.0.0.1", ["10.0.0.2"], "10.0.0.0/24")
    assert settings(members={"cc1": {}, "10.0.0.2": {}}).peers == ["10.0.0.2"], "an inventory name may be the address"
    assert settings(peers=["10.0.0.7"], nc_network="10.9.0.0/16").nc_network == "10.9.0.0/16"


def test_the_root_of_the_installation_is_in_front_of_every_path():
    found = settings(eucalyptus_root="/opt/euca/")
    assert found.key == "/opt/euca/var/lib/eucalyptus/keys/cloud-pk.pem"
    assert "/opt/euca/var/lib/eucalyptus/CC/eucalyptusCCConfig" in found.check_command
    assert settings().own_cert == "/var/lib/eucalyptus/keys/cloud-cert.pem"


def test_keys_that_are_deployed_are_used():
    found = settings(client_key_content="k", client_cert_content="c", controller={"client_key": "/elsewhere"})
    assert (found.key, found.cert) == ("/etc/eucalyptus-ha/keys/client-key.pem", "/etc/eucalyptus-ha/keys/client-cert.pem")


def test_the_check_reads_the_state_file_and_asks_seldom_whether_the_controller_lives():
    words = settings().check_command
    assert words[:5] == ["/usr/bin/python3", "-E", "-s", "-S", "/usr/libexec/keepalived/cc-enabled-check"]
    text = shlex.join(words)
    assert "--source state_file" in text
    assert "--key" not in text
    assert text.endswith("--grace 5 --memory /run/eucalyptus-ha/cc_enabled.check --watch 0.88 --live-every 5")
    assert settings(check={"interval": "5", "timeout": "2"}).check_command[-3:] == ["1.5", "--live-every", "5"]


def test_a_dictionary_keeps_the_defaults_of_what_it_does_not_name():
    found = settings(check={"grace": "2"}, vrrp={"weight": 60, "advert_interval": ""})
    assert (found.check_grace, found.check_timeout, found.check_interval) == (2.0, 1.5, 1)
    data = gateway_config(found.composition)
    assert data["vrrp_script"]["cc_enabled"]["weight"] == 60
    main = data["vrrp_instance"]["eucalyptus"]
    assert (main["advert_int"], main["version"], main["garp_master_refresh"]) == (0.1, 3, 10)
    assert found.problems()["listen_time"] == 2.2


def test_the_pair_is_compared_by_suboption():
    """What a host does not name in its dictionary is not what the other one has, even where that is the default."""
    members = {"cc1": {"cc_gateway_vrrp": {"version": 2, "weight": 60}}, "cc2": {"cc_gateway_vrrp": {"weight": 50}}}
    assert settings(members=members).problems()["pair"]["vrrp.version"] == {"cc1": 2, "cc2": ""}
    errors = gateway_problems(settings(members={name: {**MEMBERS[name], **one} for name, one in members.items()}).problems())["errors"]
    assert [error for error in errors if error.startswith("cc_gateway_vrrp.version must be the same")], errors
    assert not [error for error in errors if "cc_gateway_vrrp.advert_interval" in error]


def test_soap_is_asked_every_ten_seconds_and_grace_counts_from_when_an_answer_is_due():
    found = settings()
    found.source = SOAP
    text = shlex.join(found.check_command)
    assert "--source soap --key /var/lib/eucalyptus/keys/cloud-pk.pem" in text
    assert "--watch" not in text
    assert "--grace 15 " in text
    assert found.problems()["check_interval"] == 10
    assert found.composition["check_interval"] == 10


def test_the_second_script_reads_the_memory_of_the_check():
    text = shlex.join(settings().newly_command)
    assert "--memory /run/eucalyptus-ha/cc_enabled.check --watch 0.88" in text


@pytest.mark.parametrize("source", ["state_file", "soap"])
def test_the_whole_passes_its_own_evaluation_and_makes_a_configuration(source):
    found = settings()
    found.source = {**SOAP, "source": source}
    assert gateway_problems(found.problems())["errors"] == []
    data = gateway_config(found.composition)
    assert data["vrrp_instance"]["eucalyptus"]["unicast_peer"] == ["10.0.0.2"]
    assert data["vrrp_script"]["cc_enabled"]["interval"] == (10 if source == "soap" else 1)


def test_a_preferred_host_is_ahead_on_that_host_alone():
    assert settings(vrrp={"preferred_host": "cc1"}).gateway_defaults["priority"] == 110
    assert settings(vrrp={"preferred_host": "cc2", "preferred_spread": 5}).gateway_defaults["priority"] == 100


def test_rules_of_the_packet_filter():
    found = settings(vrrp={"peers_only": True})
    assert [(rule["chain"], rule["jump"]) for rule in found.firewall_rules] == [
        ("INPUT", "ACCEPT"), ("INPUT", "DROP"), ("POSTROUTING", "MASQUERADE"), ("FORWARD", "ACCEPT"), ("FORWARD", "ACCEPT"),
    ]  # fmt: skip
    assert [rule["jump"] for rule in settings(masquerade=False).firewall_rules] == ["ACCEPT"]


class _Recorder(dict):
    """A dictionary that knows which of its keys were read, by their names after the prefix."""

    def __init__(self, values: dict[str, Any], read: set[str], prefix: str = "") -> None:
        super().__init__(values)
        self.names, self.prefix = read, prefix

    def __getitem__(self, key: str) -> Any:
        self.names.add(self.prefix + key)
        return super().__getitem__(key)

    def get(self, key: str, default: Any = None) -> Any:
        self.names.add(self.prefix + key)
        return super().get(key, default)


# What the tasks or the action plugin use themselves.
ELSEWHERE = {
    "group", "clusters", "nc_group", "break_lock", "eucalyptus_root", "client_key_content", "settle_timeout", "ask_timeout", "restart",
    "preload_file", "verify",
}  # fmt: skip
# Given as a whole to filter gateway_problems, whose tests have each of them.
WHOLE = {f"preflight.{name}" for name in SPECS["cc_gateway_preflight"]["options"]}


def test_every_option_of_the_role_reaches_what_uses_it():
    found = settings(vrrp={"preferred_host": "cc1"}, auth_pass="", outside_vip="192.0.2.9")
    read = set(_gateway_settings.DICTIONARIES)
    found.options = _Recorder(found.options, read)
    for name in _gateway_settings.DICTIONARIES:
        setattr(found, name, _Recorder(getattr(found, name), read, f"{name}."))
    found.source = SOAP
    for use in ("composition", "firewall_rules", "check_command", "newly_command", "key", "cert", "nc_network", "address", "cc_host"):
        getattr(found, use)
    assert {f"preflight.{name}" for name in found.problems()} >= WHOLE
    assert read - set(_gateway_settings.DICTIONARIES) <= {name.removeprefix("cc_gateway_") for name in _role_options.names_of(SPECS)}, (
        "add it to roles/cc_gateway/meta/argument_specs.yml"
    )
    unused = {name.removeprefix("cc_gateway_") for name in _role_options.names_of(SPECS)} - read - ELSEWHERE - WHOLE
    assert unused == set()


def _other(value: Any) -> Any:
    return [*value, "192.0.2.77"] if isinstance(value, list) else value + ("1" if isinstance(value, str) else 1)


def test_all_of_the_composition_is_in_the_configuration():
    composition = settings(vrrp={"preferred_host": "cc1"}, outside_vip="192.0.2.9").composition
    (gateway,) = composition["gateways"]
    before = gateway_config(composition)
    without_effect = [name for name, value in composition.items() if name != "gateways"
                      and gateway_config({**composition, name: _other(value)}) == before]  # fmt: skip
    without_effect += [name for name, value in gateway.items()
                       if gateway_config({**composition, "gateways": [{**gateway, name: _other(value)}]}) == before]  # fmt: skip
    # Version 2's alone, and given apart.
    assert without_effect == ["auth_pass"]
