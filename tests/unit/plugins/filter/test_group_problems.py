# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter _group_problems: groups of a playbook's option that do not exist or have no hosts."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter._group_problems import FilterModule

GROUPS = {"all": ["cc1", "nc1", "nc2"], "eucalyptus_cc": ["cc1"], "eucalyptus_nc": ["nc1"], "other_nc": ["nc2"], "empty": []}


def problems(given):
    return FilterModule().filters()["_group_problems"](given, GROUPS, "nc_route_group")


@pytest.mark.parametrize(
    "given", ["eucalyptus_nc", "eucalyptus_nc, other_nc", ["other_nc"], "nc1", "none", "*_nc", "all:!eucalyptus_cc"]
)
def test_groups_with_hosts_hosts_and_patterns_are_no_problem(given):
    assert problems(given) == []


@pytest.mark.parametrize(
    ("given", "what"),
    [
        ("eucalyptus_mc", "(got eucalyptus_mc, which does not exist). Did you mean eucalyptus_nc?"),
        ("nope", "(got nope, which does not exist). Groups with hosts"),
        ("other_nc,empty", "(got empty, which is empty)"),
    ],
)
def test_o3_a_group_that_is_misspelt_or_empty_is_named(given, what):
    [problem] = problems(given)
    assert problem.startswith("nc_route_group must be an inventory group with node controllers (got ")
    assert what in problem
    assert "-e nc_route_group=GROUP" in problem


def test_groups_must_be_groups():
    with pytest.raises(AnsibleFilterError, match="groups must be the variable groups"):
        FilterModule().filters()["_group_problems"]("x", ["x"], "nc_route_group")
