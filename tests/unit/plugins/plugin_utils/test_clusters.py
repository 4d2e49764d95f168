# SPDX-License-Identifier: GPL-3.0-or-later
"""Clusters by their inventory groups: a group that is missing, empty or too large is named, with what to do."""

from __future__ import annotations

import pytest
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
