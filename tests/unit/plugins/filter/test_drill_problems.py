# SPDX-License-Identifier: GPL-3.0-or-later
"""What keeps a drill from being run."""

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter._drill_problems import FilterModule

drill_problems = FilterModule().filters()["_drill_problems"]
GOOD = {
    "clusters": ["eucalyptus_cc"], "members": ["cc1", "cc2"], "vip": "10.0.0.10", "trigger": "keepalived", "command": [],
    "observer": "nc1", "hosts": ["cc1", "cc2", "nc1"],
}  # fmt: skip


@pytest.mark.parametrize("changes", [{}, {"observer": "localhost"}, {"trigger": "command", "command": ["true"]}, {"trigger": "operator"}])
def test_a_drill_that_can_be_run(changes):
    assert drill_problems({**GOOD, **changes}) == []


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"clusters": ["a", "b"], "members": []}, "cc_gateway_clusters must name one cluster for a drill (got a, b)."),
        ({"members": ["cc1"], "vip": ""}, "The inventory group eucalyptus_cc must have two hosts for a drill (got cc1)."),
        (
            {"members": []},
            "The inventory group eucalyptus_cc must have two hosts for a drill (got none; the group is empty or does not exist).",
        ),
        ({"vip": ""}, "cc_gateway_vip must be set for the hosts of eucalyptus_cc. Set it in the inventory, for that group."),
        ({"trigger": "command"}, "drill_command must be set with drill_trigger=command."),
        ({"observer": "nc9"}, "drill_observer must be a host of the inventory, or empty (got 'nc9')."),
    ],
)
def test_o20_only_the_unmet_condition_is_named(changes, sentence):
    assert drill_problems({**GOOD, **changes}) == [sentence]
