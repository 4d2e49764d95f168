# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster of a node controller, and groups that a playbook is given, from the inventory."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._cluster import (
    ClusterVips,
    cluster_vips,
    controllers_of,
    group_problems,
    names,
    without_prefix,
)

GROUPS = {
    "all": ["cc1", "cc2", "nc1", "other-cc", "other-nc"],
    "ungrouped": [],
    "eucalyptus_cc": ["cc1", "cc2"],
    "eucalyptus_nc": ["nc1"],
    "other_cc": ["other-cc"],
    "other_nc": ["other-nc"],
    "empty": [],
}
HOSTVARS = {
    "cc1": {"cc_gateway_vip": "10.0.0.10/32", "cc_gateway_further": [{"vip": "fd00::10/64"}, {"vip": "10.0.0.11"}]},
    "cc2": {"cc_gateway_vip": "10.0.0.10"},
    "other-cc": {"cc_gateway_vip": "10.2.0.10", "cc_gateway_nc_group": "other_nc"},
    "nc1": {},
    "other-nc": {},
}


def vips(**variables):
    known = {"groups": GROUPS, "hostvars": HOSTVARS, "group_names": ["eucalyptus_nc"], **variables}
    return cluster_vips(known, lambda value: value)


def test_o10_the_vip_is_that_of_the_cluster_controllers():
    assert vips() == ClusterVips("10.0.0.10", ("fd00::10", "10.0.0.11"))


def test_a_vip_that_the_host_sees_itself_needs_no_group():
    assert vips(cc_gateway_vip="10.3.0.10", groups={}, hostvars={}) == ClusterVips("10.3.0.10")


def test_the_cluster_is_named_by_its_group():
    assert vips(cc_gateway_group="other_cc").vip == "10.2.0.10"
    assert vips(cc_gateway_clusters="other_cc").vip == "10.2.0.10"


@pytest.mark.parametrize("clusters", ["eucalyptus_cc,other_cc", ["other_cc", "eucalyptus_cc"]])
def test_of_several_clusters_it_is_the_one_that_names_the_hosts_group(clusters):
    assert vips(cc_gateway_clusters=clusters).vip == "10.0.0.10"
    assert vips(cc_gateway_clusters=clusters, group_names=["other_nc"]).vip == "10.2.0.10"
    problem = "the inventory has several clusters (cc_gateway_vip "
    assert vips(cc_gateway_clusters=clusters, group_names=["third_nc"]).problem.startswith(problem)


def test_without_a_cluster_controller_that_has_one_there_is_none():
    assert vips(groups={}) == ClusterVips(problem="no host of inventory group eucalyptus_cc has cc_gateway_vip")
    assert vips(cc_gateway_group="eucalyptus_nc").problem == "no host of inventory group eucalyptus_nc has cc_gateway_vip"


def test_further_vips_that_cannot_be_evaluated_here_are_left_out():
    class Member(dict):
        def get(self, name, default=None):
            if name == "cc_gateway_further":
                raise AnsibleUndefinedVariable("'ansible_facts' has no key 'eth9'")
            return super().get(name, default)

    assert vips(hostvars={**HOSTVARS, "cc1": Member(HOSTVARS["cc1"])}) == ClusterVips("10.0.0.10")


def test_the_words_of_the_inventory_are_read_as_people_write_them():
    assert names(" a, b,,c ") == names(["a", "b,c"]) == ["a", "b", "c"]
    assert names(None) == names("") == []
    assert (without_prefix(" 10.0.0.10/32 "), without_prefix(None)) == ("10.0.0.10", "")


@pytest.mark.parametrize(
    "given", ["eucalyptus_nc", "eucalyptus_nc,other_nc", ["other_nc"], "nc1", "none", "*_nc", "all:!eucalyptus_cc", ""]
)
def test_groups_with_hosts_are_no_problem(given):
    assert group_problems(given, GROUPS, "nc_route_group") == []


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("eucalyptus_mc", "(got eucalyptus_mc, which does not exist). Did you mean eucalyptus_nc? Set it"),
        ("nope", "(got nope, which does not exist). Set it with -e nc_route_group=NAME; it cannot be set in the inventory."),
        ("other_nc,empty", "(got empty, which has no hosts). Set it"),
    ],
)
def test_o3_a_group_that_is_misspelt_or_empty_is_named(given, what):
    [problem] = group_problems(given, GROUPS, "nc_route_group")
    assert problem.startswith("nc_route_group must be an inventory group with hosts (got ")
    assert what in problem


def test_the_group_of_the_other_kind_is_not_what_was_meant():
    groups = {"all": ["cc1"], "eucalyptus_cc": ["cc1"]}
    assert "Did you mean" not in group_problems("eucalyptus_nc", groups, "nc_route_group")[0]
    assert "Did you mean eucalyptus_cc?" in group_problems("eucalyptus_c", groups, "cc_gateway_clusters")[0]


@pytest.mark.parametrize(
    ("variables", "found"),
    [
        ({}, ["a1", "a2"]),
        ({"cc_gateway_clusters": "a_cc,b_cc", "group_names": ["b_nc"]}, ["b1"]),
        ({"cc_gateway_clusters": "a_cc,b_cc", "group_names": ["eucalyptus_nc"]}, ["a1", "a2"]),
        ({"cc_gateway_group": "b_cc"}, ["b1"]),
        ({"cc_gateway_group": "none_cc"}, []),
    ],
)
def test_the_cluster_controllers_whose_cluster_a_run_locks(variables, found):
    groups = {"eucalyptus_cc": ["a1", "a2"], "a_cc": ["a1", "a2"], "b_cc": ["b1"]}
    hostvars = {"a1": {}, "a2": {}, "b1": {"cc_gateway_nc_group": "b_nc"}}
    assert controllers_of({"groups": groups, "hostvars": hostvars, **variables}, lambda value: value) == found
