# SPDX-License-Identifier: GPL-3.0-or-later
"""Gateways beside the main one: what they take from it, and what is rejected."""

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._gateway_further import gateway_further
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.test_gateway_config import MAIN


def test_a_further_gateway_takes_what_it_does_not_name_from_the_main_one():
    further = gateway_further({"instance": "b", "vip": "10.0.0.11", "virtual_router_id": 46}, MAIN, "cc1")
    assert further == {**MAIN, "instance": "b", "vip": "10.0.0.11", "virtual_router_id": 46}


def test_what_is_wrong_with_the_main_gateways_addresses_is_for_gateway_problems_to_name():
    entry = {"instance": "b", "vip": "10.0.0.11", "virtual_router_id": 46}
    assert gateway_further(entry, {**MAIN, "address": "cc1", "peers": [""]}, "cc1")["address"] == "cc1"


def test_an_ipv6_gateway_has_addresses_of_its_own_which_differ_by_host():
    entry = {
        "instance": "six",
        "vip": "fd00::10",
        "virtual_router_id": 46,
        "addresses": {"cc1": "fd00::1", "cc2": "fd00::2"},
    }
    assert (gateway_further(entry, MAIN, "cc1")["address"], gateway_further(entry, MAIN, "cc1")["peers"]) == (
        "fd00::1",
        ["fd00::2"],
    )
    assert gateway_further(entry, MAIN, "cc2")["address"] == "fd00::2"


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ("x", "list of dictionaries"),
        ({"instance": "b", "vip": "10.0.0.11"}, "b must have virtual_router_id"),
        ({"instance": "b", "vip": "10.0.0.11", "virtual_router_id": 1, "vrid": 2}, "b: vrid must not be set"),
        ({"instance": "b", "vip": "fd00::10", "virtual_router_id": 1}, "addresses is needed"),
        ({"instance": "b", "vip": "10.1.0.9", "virtual_router_id": 1, "interface": "eth1"}, "addresses is needed"),
        ({"instance": "b", "vip": "10.0.0.11", "virtual_router_id": 1, "addresses": {"cc1": "10.0.0.1"}}, "at least one other host"),
        ({"instance": "b", "vip": "10.0.0.11", "virtual_router_id": 1, "addresses": {"a": "10.0.0.1", "b": "10.0.0.2"}}, "must name cc1"),
        ({"instance": "b", "vip": "fd00::9", "virtual_router_id": 1, "addresses": {"cc1": "fd00::1", "b": "10.0.0.2"}}, "not of the VIP's"),
        ({"instance": "b", "vip": "ten", "virtual_router_id": 1}, "b: vip: 'ten'"),
        ({"instance": "b", "vip": 5, "virtual_router_id": 1}, "b: vip: '5'"),
        ({"instance": "b", "vip": "10.0.0.11", "virtual_router_id": 1, "addresses": ["cc1", "cc2"]}, "b: addresses must be a dictionary"),
        ({"instance": "b", "vip": "10.0.0.11", "virtual_router_id": 1, "addresses": {"cc1": "cc1", "b": "10.0.0.2"}}, "'cc1' is not"),
    ],
)  # fmt: skip
def test_a_further_gateway_that_cannot_work_is_refused_by_name(entry, words):
    with pytest.raises(AnsibleFilterError, match=f"cc_gateway_further.*{words}"):
        gateway_further(entry, MAIN, "cc1")
