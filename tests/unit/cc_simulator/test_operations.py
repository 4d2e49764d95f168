# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CC remembers of a request, and how its state changes."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import SimulatorError
from ansible_collections.eucalyptus.ha.tests.cc_simulator.operations import (
    LIST_LIMIT,
    LISTS,
    ClusterController,
    Presence,
    Request,
    Service,
    Status,
)

CLUSTER = Service(type="cluster", name="CC_07", partition="PARTI07", uris=["http://10.0.0.7:8774"])
OTHER = Service(type="cc", name="self")


def lists(services=()):
    return {**{name: [] for name in LISTS}, "services": list(services)}


def statuses(answer):
    return answer.count("<n:serviceStatuses>")


@pytest.mark.parametrize(
    ("operation", "state"),
    [
        ("StartService", "DISABLED"),
        ("StopService", "STOPPED"),
        ("EnableService", "ENABLED"),
        ("DisableService", "DISABLED"),
        ("ShutdownService", "NOTREADY"),
        ("DescribeServices", "LOADED"),
    ],
)
def test_states(operation, state):
    cc = ClusterController(state="LOADED")
    answer = cc.perform(operation, Request(lists=lists()))
    assert "<n:return>true</n:return>" in answer
    assert cc.state == state


def test_after_a_shutdown_nothing_wakes_it():
    cc = ClusterController(state="ENABLED")
    cc.perform("ShutdownService", Request(lists=lists()))
    for operation in ("EnableService", "StartService", "DisableService", "StopService"):
        assert "<n:return>false</n:return>" in cc.perform(operation, Request(lists=lists()))
        assert cc.state == "NOTREADY"
    cc.state = "DISABLED"
    assert "<n:return>true</n:return>" in cc.perform("EnableService", Request(lists=lists()))


@pytest.mark.parametrize("release", ["3.1", "3.2"])
def test_early_releases_overwrite_the_lists_on_any_operation(release):
    cc = ClusterController(release=release)
    cc.lists["services"] = [OTHER]
    cc.perform("DisableService", Request(epoch=5, lists=lists()))
    assert cc.lists["services"] == []
    assert cc.epoch == 0
    assert cc.last_overwritten["services"]["before"][0]["name"] == "self"


LATER = ["3.3", "3.4", "4.0", "4.2", "5.1"]


@pytest.mark.parametrize("release", LATER)
def test_later_releases_overwrite_lists_and_epoch_on_describe_always(release):
    cc = ClusterController(release=release)
    cc.lists["services"], cc.epoch = [OTHER], 9
    answer = cc.perform("DescribeServices", Request(epoch=5, lists=lists([CLUSTER])))
    assert cc.lists["services"] == [CLUSTER]
    assert "<n:localEpoch>5</n:localEpoch>" in answer
    assert set(cc.last_overwritten) == {"services", "epoch"}


@pytest.mark.parametrize("release", LATER)
@pytest.mark.parametrize(
    "operation", ["EnableService", "DisableService", "StartService", "StopService", "ShutdownService"]
)
@pytest.mark.parametrize(("epoch", "overwrites"), [(4, False), (5, True), (6, True)])
def test_later_releases_overwrite_on_other_operations_unless_the_epoch_is_older(release, operation, epoch, overwrites):
    cc = ClusterController(release=release)
    cc.lists["services"], cc.epoch = [OTHER], 5
    cc.perform(operation, Request(epoch=epoch, lists=lists()))
    assert cc.lists["services"] == ([] if overwrites else [OTHER])
    assert cc.epoch == (epoch if overwrites else 5)


@pytest.mark.parametrize(
    ("release", "state"), [("3.1", "DISABLED"), ("3.2", "DISABLED"), ("3.3", "ENABLED"), ("5.1", "ENABLED")]
)
def test_later_releases_leave_the_state_alone_when_another_service_is_meant(release, state):
    cc = ClusterController(release=release, state="ENABLED")
    answer = cc.perform("DisableService", Request(lists=lists(), service_ids=[Service(type="node", name="10.0.0.9")]))
    assert (cc.state, "<n:return>true</n:return>" in answer) == (state, True)
    cc.perform("DisableService", Request(lists=lists(), service_ids=[Service(type="node"), CLUSTER]))
    assert cc.state == "DISABLED"


# --- the topology -------------------------------------------------------------------------------------------------


def test_for_how_much_of_the_time_there_is_a_topology():
    now = [100.0]
    cc = ClusterController()
    cc.topology = Presence(lambda: now[0])
    assert cc.topology.report() == {
        "present": False, "share": 0.0, "present_seconds": 0.0, "seconds": 0.0, "restored": 0, "emptied": 0
    }  # fmt: skip
    for seconds, services in ((5, [CLUSTER]), (3, [CLUSTER, OTHER]), (1, []), (4, []), (6, [OTHER]), (1, None)):
        now[0] += seconds
        if services is not None:
            cc.perform("DescribeServices", Request(lists=lists(services)))
    # 5 s without, 3 + 1 with, 4 + 6 without, 1 with.
    assert cc.topology.report() == {
        "present": True, "share": 0.25, "present_seconds": 5.0, "seconds": 20.0, "restored": 2, "emptied": 1
    }  # fmt: skip
    cc.topology.reset()
    now[0] += 2
    assert cc.topology.report()["share"] == 1.0
    assert cc.topology.report()["restored"] == 0


def test_churn_changes_nothing_in_the_end():
    cc = ClusterController(state="ENABLED")
    cc.perform("DescribeServices", Request(epoch=3, lists=lists([CLUSTER])))
    seen = []
    cc.changed = lambda: seen.append((cc.state, cc.epoch, cc.lists["services"] == [CLUSTER]))
    cc.churn(100)
    assert seen == [("ENABLED", 4, False), ("ENABLED", 3, True)] * 100
    assert (cc.topology.went, cc.topology.present) == (0, True)


def test_lists_are_cut_where_the_struct_ends():
    cc = ClusterController()
    cc.perform("DescribeServices", Request(lists=lists([OTHER] * (LIST_LIMIT + 1))))
    assert len(cc.lists["services"]) == LIST_LIMIT


@pytest.mark.parametrize(
    ("release", "asked", "count"),
    [
        ("3.1", [], 1),
        ("3.2", [OTHER], 1),
        ("3.3", [], 1),
        ("3.3", [OTHER], 0),
        ("5.1", [OTHER], 0),
        ("5.1", [OTHER, CLUSTER], 1),
        ("5.1", [CLUSTER], 1),
    ],
)
def test_the_filter(release, asked, count):
    cc = ClusterController(release=release)
    answer = cc.perform("DescribeServices", Request(lists=lists(), service_ids=asked))
    assert "<n:return>true</n:return>" in answer
    assert statuses(answer) == count


def test_an_entry_of_type_cluster_is_adopted_while_it_calls_itself_self():
    cc = ClusterController(name="self", state="LOADED")
    assert cc.status().service == Service(type="cluster", name="self", partition="unset")
    cc.perform("DescribeServices", Request(lists=lists(), service_ids=[OTHER]))
    assert cc.identity.name == "self"
    cc.perform("DescribeServices", Request(lists=lists(), service_ids=[Service(type="cluster", name="no URI")]))
    assert cc.identity.name == "self"
    cc.perform("DescribeServices", Request(lists=lists(), service_ids=[OTHER, CLUSTER]))
    assert cc.identity == CLUSTER
    assert set(cc.last_overwritten) == {"identity"}
    evil = Service(type="cluster", name="evil", uris=["http://10.0.0.66:8774"])
    cc.perform("DescribeServices", Request(lists=lists(), service_ids=[evil]))
    assert cc.identity == CLUSTER


def test_a_cc_that_could_not_initialise():
    cc = ClusterController()
    cc.init_failure = "cannot <start>"
    answer = cc.perform("DescribeServices", Request(lists=lists(), correlation_id="a&b"))
    assert answer == (
        "<n:correlationId>a&amp;b</n:correlationId><n:statusMessage>cannot &lt;start&gt;</n:statusMessage>"
        "<n:return>false</n:return>"
    )


def test_errors_and_nodes():
    cc = ClusterController(state="NOTREADY")
    cc.errors = 2
    cc.more_statuses = [Status(Service(type="node", name="10.0.0.9"), "ENABLED")]
    answer = cc.perform("DescribeServices", Request(lists=lists()))
    assert "<n:details>ERRORS=2</n:details>" in answer
    assert answer.index("NOTREADY") < answer.index("<n:type>node</n:type>")


@pytest.mark.parametrize(
    "options", [{"state": "enabled"}, {"state": ""}, {"release": "2.0"}, {"release": "five"}, {"release": "5"}]
)
def test_nonsense_is_refused(options):
    with pytest.raises(SimulatorError, match="release|state"):
        ClusterController(**options)


def test_every_change_is_told():
    told = []
    cc = ClusterController()
    cc.changed = lambda: told.append(cc.state)
    cc.perform("EnableService", Request(lists=lists()))
    cc.state = "STOPPED"
    with pytest.raises(SimulatorError):
        cc.state = "BROKEN"
    assert told == ["ENABLED", "STOPPED"]
