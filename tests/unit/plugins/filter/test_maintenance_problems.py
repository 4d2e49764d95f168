# SPDX-License-Identifier: GPL-3.0-or-later
"""Maintenance touches the maintenance state only: it needs a gateway that is deployed, and somebody who takes the VIP over."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter._maintenance_problems import maintenance_problems


def fact(configured=True, running=True, maintenance=False):
    return {"vips": [{"configured": configured, "held": False}], "keepalived": {"running": running}, "maintenance": maintenance}


def problems(other, own=None, *, wanted=True, force=False, leaving=("cc1",)):
    return maintenance_problems({"cc1": own or fact(), "cc2": other}, "cc1", wanted, force, list(leaving))


def test_a_pair_that_works_has_no_problem():
    assert problems(fact()) == []


@pytest.mark.parametrize("wanted", [True, False])
def test_a1_maintenance_of_a_gateway_that_is_not_deployed_is_rejected(wanted):
    for own in (fact(configured=False), {"vips": []}):
        found = problems(fact(), own, wanted=wanted, force=True)
        assert found == ["the gateway is not deployed on cc1, so there is no maintenance to set. Run eucalyptus.ha.gateway first."]


@pytest.mark.parametrize(
    ("other", "why"),
    [
        ({}, "cc2 does not respond"),
        (None, "cc2 does not respond"),
        (fact(configured=False), "cc2 has no gateway deployed"),
        (fact(running=False), "cc2 does not run keepalived"),
        (fact(maintenance=True), "cc2 is in maintenance"),
    ],
)
def test_a_host_whose_vip_nobody_would_take_stays_unless_it_is_forced(other, why):
    found = problems(other)
    assert len(found) == 1
    assert why in found[0]
    assert "cc_gateway_maintenance_force=true" in found[0]
    assert problems(other, force=True) == []
    assert problems(other, wanted=False) == [], "coming back needs nobody"


def test_both_at_once_are_rejected():
    assert "cc1 and cc2 into maintenance at once. Use --limit" in problems(fact(), leaving=("cc1", "cc2"))[0]


def test_a_cluster_of_one_host():
    assert "the cluster has no other host" in maintenance_problems({"cc1": fact()}, "cc1", True, False, ["cc1"])[0]
