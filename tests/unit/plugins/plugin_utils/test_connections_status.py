# SPDX-License-Identifier: GPL-3.0-or-later
"""conntrackd in the verdict and its reports."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_report import gateway_report
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_verdict import gateway_verdict
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _verdict_evidence
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.gateway_cases import cluster, gone, host, saw

WELL = {"running": True, "synchronised": True, "age": 0.4, "entries": 1204, "own": 1200, "liberal": True}


def verdict(first, second):
    hosts = (host("ENABLED", True, deployed=True, connections=first), host(deployed=True, connections=second))
    return gateway_verdict(cluster(*hosts, nc1=saw("cc1")))


def texts(found):
    return [one["text"] for one in found["warnings"]]


def test_without_the_option_nothing_is_said():
    found = verdict(None, None)
    assert (found["severity_name"], texts(found)) == ("ok", [])
    assert all("connections" not in row for row in found["rows"])
    assert "connections" not in gateway_report(found) + gateway_report(found, "metrics")


def test_a_pair_that_is_well():
    found = verdict(WELL, {**WELL, "entries": 1200, "own": 0})
    assert (found["severity_name"], texts(found)) == ("ok", [])
    assert [row.get("connections") for row in found["rows"]] == [WELL, {**WELL, "entries": 1200, "own": 0}, None]
    assert "1204 connections synchronised" in gateway_report(found)
    metrics = gateway_report(found, "metrics")
    labels = '{cluster="one",vip="10.0.0.10",host="cc1"}'
    for line in ("running{} 1", "synchronised{} 1", "entries{} 1204", "age_seconds{} 0.4"):
        assert f"eucalyptus_gateway_host_connections_{line.format(labels)}\n" in metrics


@pytest.mark.parametrize(
    ("first", "second", "text", "note"),
    [
        ({}, {"running": False, "synchronised": False}, "conntrackd is not running on cc2", "conntrackd not running"),
        ({"synchronised": False, "age": None}, {}, "conntrackd on cc1 receives nothing", "connections not synchronised"),
        ({"liberal": False}, {}, "nf_conntrack_tcp_be_liberal is not 1 on cc1", "connections synchronised"),
    ],
)
def test_what_is_wrong_is_an_alarm(first, second, text, note):
    found = verdict({**WELL, **first}, {**WELL, **second})
    assert found["severity_name"] == "warning"
    assert [text in one for one in texts(found)] == [True]
    assert note in gateway_report(found)


def test_it_is_said_of_both_in_one_sentence():
    dead = {**WELL, "running": False, "synchronised": False, "age": None}
    assert [one.startswith("conntrackd is not running on cc1 and cc2:") for one in texts(verdict(dead, dead))] == [True]


def test_a_peer_that_is_down_sends_nothing_and_that_is_its_own_alarm():
    alone = {**WELL, "synchronised": False, "age": None}
    found = gateway_verdict(cluster(host("ENABLED", True, deployed=True, connections=alone), gone(), nc1=saw("cc1")))
    assert not any("conntrackd" in one for one in texts(found))
    dead = {**WELL, "running": False, "synchronised": False}
    assert texts(verdict(alone, dead)) == ["conntrackd is not running on cc2: connections will break at the next failover"]


def test_one_host_with_it_and_one_without():
    assert texts(verdict(WELL, None)) == ["connections are synchronised on cc1 but not on cc2"]


@pytest.mark.parametrize("value", [[], "yes", {"running": "yes"}, {"entries": "many"}])
def test_what_is_no_state_is_refused_with_its_place(value):
    with pytest.raises(_verdict_evidence.EvidenceError, match="cc1: connections"):
        _verdict_evidence.collect(cluster(host("ENABLED", True, connections=value), host()))
