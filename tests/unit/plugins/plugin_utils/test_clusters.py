# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters by their inventory groups: one that is missing, empty or too large is named, with what to do; the cluster of a host."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _clusters

GROUPS = {
    "all": ["a", "b", "c", "n"],
    "ungrouped": [],
    "east_cc": ["a", "b"],
    "west_cc": ["c"],
    "big": ["a", "b", "c"],
    "nobody": [],
    "east_nc": ["n"],
}


@pytest.mark.parametrize("given", ["east_cc,west_cc", " east_cc , west_cc ", ["east_cc", "west_cc"], ["east_cc,west_cc"]])
def test_o2_one_name_for_a_cluster_in_any_of_its_forms(given):
    assert _clusters.controllers(given, GROUPS) == {"east_cc": ["a", "b"], "west_cc": ["c"]}
    assert _clusters.cluster_of("c", given, GROUPS) == "west_cc"


def test_o2_without_a_name_it_is_the_default_group():
    assert _clusters.controllers(None, {"eucalyptus_cc": ["a", "b"]}) == {"eucalyptus_cc": ["a", "b"]}
    assert _clusters.cluster_of("a", "", {"eucalyptus_cc": ["a", "b"]}) == "eucalyptus_cc"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, ["got eucalyptus_cc, which does not exist", "-e cc_gateway_clusters=GROUP"]),
        ("eastcc", ["got eastcc, which does not exist", "Did you mean east_cc?"]),
        ("nobody", ["got nobody, which is empty"]),
        ("zzz", ["Groups with hosts in this inventory: big, east_cc, east_nc, west_cc."]),
    ],
)
def test_o3_a_group_without_hosts_is_an_error(given, words):
    with pytest.raises(_clusters.ClusterError) as error:
        _clusters.controllers(given, GROUPS)
    for word in words:
        assert word in str(error.value)


def test_o3_an_empty_inventory_is_told_as_such():
    with pytest.raises(_clusters.ClusterError, match="no group with hosts. Give it with -i"):
        _clusters.controllers(None, {"all": [], "ungrouped": []})


def test_o3_a_misspelt_group_of_node_controllers_is_an_error():
    assert _clusters.node_controllers("east_nc", GROUPS) == ["n"]
    with pytest.raises(_clusters.ClusterError, match=r"nc_route_group must be an inventory group with node controllers \(got nope"):
        _clusters.node_controllers("nope", GROUPS)


def test_o11_three_hosts_are_no_cluster():
    with pytest.raises(_clusters.ClusterError, match=r"big has 3 hosts \(a, b, c\); a cluster has at most 2"):
        _clusters.controllers("big", GROUPS)


# --- the cluster of a node controller ---------------------------------------------------------------------------------

CLOUD = {
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
    known = {"groups": CLOUD, "hostvars": HOSTVARS, "group_names": ["eucalyptus_nc"], **variables}
    return _clusters.cluster_vips(known, lambda value: value)


def test_o10_the_vip_is_that_of_the_cluster_controllers():
    assert vips() == _clusters.ClusterVips("10.0.0.10", ("fd00::10", "10.0.0.11"))


def test_a_vip_that_the_host_sees_itself_needs_no_group():
    assert vips(cc_gateway_vip="10.3.0.10", groups={}, hostvars={}) == _clusters.ClusterVips("10.3.0.10")


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
    assert vips(groups={}) == _clusters.ClusterVips(problem="no host of inventory group eucalyptus_cc has cc_gateway_vip")
    assert vips(cc_gateway_group="eucalyptus_nc").problem == "no host of inventory group eucalyptus_nc has cc_gateway_vip"


def test_further_vips_that_cannot_be_evaluated_here_are_left_out():
    class Member(dict):
        def get(self, name, default=None):
            if name == "cc_gateway_further":
                raise AnsibleUndefinedVariable("'ansible_facts' has no key 'eth9'")
            return super().get(name, default)

    assert vips(hostvars={**HOSTVARS, "cc1": Member(HOSTVARS["cc1"])}) == _clusters.ClusterVips("10.0.0.10")


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
    assert _clusters.controllers_of({"groups": groups, "hostvars": hostvars, **variables}, lambda value: value) == found


def test_the_group_of_the_other_kind_is_not_what_was_meant():
    groups = {"all": ["a"], "eucalyptus_cc": ["a"]}
    with pytest.raises(_clusters.ClusterError, match="eucalyptus_nc, which does not exist") as error:
        _clusters.node_controllers("", groups)
    assert "Did you mean" not in str(error.value)


def test_the_group_of_a_clusters_node_controllers_is_set_in_the_inventory():
    groups = {"all": ["a", "n"], "eucalyptus_cc": ["a"], "eucalyptus_nc": ["n"]}
    with pytest.raises(_clusters.ClusterError) as error:
        _clusters.node_controllers("eucalyptus_n", groups, "cc_gateway_nc_group")
    assert str(error.value) == (
        "cc_gateway_nc_group must be an inventory group with node controllers (got eucalyptus_n, which does not exist). "
        "Did you mean eucalyptus_nc? Put the hosts into that group, or set cc_gateway_nc_group of the cluster controllers to yours in the "
        "inventory"
    )


def test_a_vip_is_compared_without_its_prefix():
    assert (_clusters.without_prefix(" 10.0.0.10/32 "), _clusters.without_prefix(None)) == ("10.0.0.10", "")
