# SPDX-License-Identifier: GPL-3.0-or-later
"""Who holds the VIP, from the facts of many hosts."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.vip_holder import FilterModule
from hypothesis import given
from hypothesis import strategies as st

vip_holder = FilterModule().filters()["vip_holder"]


def fact(*held, absent=()):
    return {"vips": [*({"vip": vip, "held": True} for vip in held), *({"vip": vip, "held": False} for vip in absent)]}


NOT_HERE = fact(absent=["10.0.0.10"])


@pytest.mark.parametrize(
    ("facts", "holder", "holders", "state", "unknown"),
    [
        ({"cc1": fact("10.0.0.10"), "cc2": NOT_HERE}, "cc1", ["cc1"], "held", []),
        ({"cc2": NOT_HERE, "cc1": NOT_HERE}, None, [], "absent", []),
        ({"cc2": fact("10.0.0.10"), "cc1": fact("10.0.0.10")}, None, ["cc2", "cc1"], "split", []),
        ({"cc1": fact("10.0.0.10"), "cc2": None}, "cc1", ["cc1"], "held", ["cc2"]),
        ({"cc1": None, "cc2": {}}, None, [], "absent", ["cc1", "cc2"]),
        ({}, None, [], "absent", []),
        # Facts about other addresses say nothing about this one.
        ({"cc1": fact("10.0.0.100"), "cc2": fact("110.0.0.10")}, None, [], "absent", ["cc1", "cc2"]),
        ({"cc1": fact("10.0.0.100", absent=["10.0.0.10"]), "cc2": NOT_HERE}, None, [], "absent", []),
        # Damaged facts are no facts.
        ({"cc1": {"vips": [{"vip": "10.0.0.10"}]}, "cc2": {"vips": "10.0.0.10"}}, None, [], "absent", ["cc1", "cc2"]),
        ({"cc1": {"vips": [{"vip": "10.0.0.10", "held": "yes"}, {"vip": None, "held": True}, 7]}}, None, [], "absent", ["cc1"]),
        # But what stands beside them counts.
        ({"cc1": {"vips": [7, {"vip": "cc1", "held": True}, {"vip": "10.0.0.10", "held": True}]}}, "cc1", ["cc1"], "held", []),
    ],
)
def test_who_holds_it(facts, holder, holders, state, unknown):
    assert vip_holder(facts, "10.0.0.10") == {
        "vip": "10.0.0.10",
        "holder": holder,
        "holders": holders,
        "state": state,
        "unknown": unknown,
        "complete": not unknown,
    }


@pytest.mark.parametrize("asked", ["fd00::10", "FD00:0::10/128", "fd00:0:0:0:0:0:0:10", " fd00::10%eth0 "])
def test_addresses_are_compared_as_addresses(asked):
    found = vip_holder({"cc1": fact("fd00::10"), "cc2": fact("fd00::1", absent=["FD00::10"])}, asked)
    assert (found["vip"], found["holder"], found["unknown"]) == ("fd00::10", "cc1", [])


@given(st.ip_addresses(), st.ip_addresses())
def test_another_address_is_never_taken_for_it(vip, other):
    found = vip_holder({"cc1": fact(str(other), absent=[str(vip)] if vip != other else [])}, str(vip))
    assert (found["state"] == "held") == (vip == other)


@pytest.mark.parametrize(
    ("facts", "vip", "message"),
    [
        ([], "10.0.0.10", "expected a dictionary of host names"),
        (None, "10.0.0.10", "expected a dictionary of host names"),
        ({}, "10.0.0", "vip: '10.0.0' does not appear to be"),
        ({}, "", "vip: '' is not"),
        ({}, None, "vip: 'None' is not"),
        ({}, 10, "vip: '10' is not"),
    ],
)
def test_bad_input_is_refused(facts, vip, message):
    with pytest.raises(AnsibleFilterError, match=f"vip_holder: {message}"):
        vip_holder(facts, vip)
