# SPDX-License-Identifier: GPL-3.0-or-later
"""From recordings of several clocks to figures, a verdict and sentences."""

from __future__ import annotations

import copy

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.drill_report import RETURN, drill_report
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _drill, _timeline

VIP = "10.0.0.10"
T = 1_795_360_000.0


def samples(lost=(), begin=T - 3, end=T + 10, interval=0.05):
    """One question every 50 ms; those that were sent in one of the stretches `lost` were not answered."""
    found, when = [], begin
    while when < end:
        found.append([when, None if any(first <= when - T < last for first, last in lost) else 0.0004])
        when += interval
    return found


def recording(**changes):
    """cc1's host is left 0.9 s after the trigger, cc2's has the VIP 0.02 s earlier; cc2's clock is 100 s ahead."""
    data = {
        "cluster": "one",
        "vip": VIP,
        "trigger": "keepalived",
        "holder": "cc1",
        "observer": "nc1",
        "addresses": {"cc1": "10.0.0.1", "cc2": "10.0.0.2", "control node": "10.0.0.99"},
        "macs": {"52:54:00:00:00:01": "cc1"},
        "hosts": {
            "cc1": {
                "begin": T - 3,
                "end": T + 10,
                "initial": {VIP: True},
                "moves": [{"vip": VIP, "at": T + 0.9, "held": False}],
            },
            "cc2": {
                "begin": T + 97,
                "end": T + 110,
                "initial": {VIP: False},
                "moves": [{"vip": VIP, "at": T + 100.88, "held": True}],
            },
        },
        "view": {
            "begin": T - 3,
            "end": T + 10,
            "interval": 0.05,
            "samples": {"VIP": samples([(0.5, 0.7)]), "outside": samples([(0.79, 0.84)])},
            "answers": [{"mac": "52:54:00:00:00:01", "from": T - 3, "to": T + 0.88}],
            "clocks": {
                "10.0.0.1": {"offset": 0.0, "uncertainty": 0.001},
                "10.0.0.2": {"offset": 100.0, "uncertainty": 0.002},
                "10.0.0.99": None,
            },
        },
        "log": {"cc2": [f"{T + 100.6:f} cc2 Keepalived_vrrp[9]: (eucalyptus) Changing effective priority from 100 to 200"]},
        "triggered": {"at": T, "clock": "cc1"},
        "restored": None,
        "limits": {"takeover": 2.7, "gap": 0.5, "gap_beyond": "", "overlap": 0.3},
    }
    data = copy.deepcopy(data)
    data.update(changes)
    return data


def test_times_of_all_clocks_are_put_on_the_observers():
    report = drill_report(recording())
    assert report["to"] == "cc2"
    assert report["takeover"] == pytest.approx(0.88, abs=1e-3)
    assert report["released"] == pytest.approx(0.9, abs=1e-3)
    assert report["overlap"] == pytest.approx(0.02, abs=1e-3)
    assert report["absent"] == 0
    assert report["detection"] == pytest.approx(0.6, abs=1e-3)
    assert report["clock_uncertainty"] == 0.002
    assert report["notes"] == []
    assert report["answers"][0]["host"] == "cc1"


def test_losses_are_counted_for_each_target():
    vip, outside = drill_report(recording())["targets"]
    assert (vip["name"], vip["lost"]) == ("VIP", 4)
    assert vip["longest_gap"] == pytest.approx(0.2, abs=0.01)
    assert (outside["name"], outside["lost"]) == ("outside", 1)


@pytest.mark.parametrize("off", ["", None, 0, 0.0, "0"])
def test_kept_limits_pass_and_0_and_an_empty_one_are_no_limit(off):
    report = drill_report(recording(limits={"takeover": 2.7, "gap": 0.5, "gap_beyond": off, "overlap": 0.3}))
    assert report["passed"] is True
    assert {limit["name"] for limit in report["limits"]} == {"takeover", "gap", "overlap"}
    assert report["sentence"] == "The drill passed: 10.0.0.10 went from cc1 to cc2 in 0.88 s, within every limit."
    moved = "cc2 had the VIP after 0.880 s; cc1 released it after 0.900 s."
    assert report["lines"][2] == f"keepalived logged the failure after 0.600 s; {moved}"


def test_a_missed_limit_fails_and_says_by_how_much():
    report = drill_report(recording(limits={"takeover": 0.5, "gap": "0.05", "overlap": 0.3}))
    assert report["passed"] is False
    assert "time until the other host holds the VIP: 0.88 s, 0.38 s over the limit of 0.5 s" in report["sentence"]
    assert "longest time without an answer from the VIP: 0.20 s, 0.15 s over the limit of 0.05 s" in report["sentence"]
    assert "two holders" not in report["sentence"]


def test_no_takeover_is_a_failure_whatever_the_limits():
    data = recording(limits={})
    data["hosts"]["cc2"]["moves"] = []
    data["hosts"]["cc1"]["moves"] = []
    data["log"] = {}
    report = drill_report(data)
    assert report["lines"][2] == "keepalived logged no failed check; no other host got the VIP; cc1 never released it."
    assert report["passed"] is False
    assert report["takeover"] is None
    assert "no other host took over the VIP 10.0.0.10 from cc1" in report["sentence"]


def test_a_clock_that_could_not_be_compared_is_said():
    data = recording(triggered={"at": T, "clock": "control node"})
    report = drill_report(data)
    assert report["notes"] == ["The clock of control node could not be compared with nc1's and was taken as equal."]


def test_without_a_recorded_trigger_the_first_sign_counts():
    report = drill_report(recording(triggered=None, trigger="operator"))
    # The VIP's first lost question, 0.5 s after what nobody recorded.
    assert report["takeover"] == pytest.approx(0.38, abs=0.06)
    assert report["detection"] is None
    assert any("first sign" in note for note in report["notes"])


def test_the_way_back_counts_for_the_limits_too():
    data = recording(restored={"at": T + 5, "clock": "cc1"})
    data["hosts"]["cc1"]["moves"].append({"vip": VIP, "at": T + 6.0, "held": True})
    data["hosts"]["cc2"]["moves"].append({"vip": VIP, "at": T + 106.5, "held": False})
    report = drill_report(data)
    assert report["back"]["returned"] == pytest.approx(1.0, abs=1e-3)
    assert report["back"]["overlap"] == pytest.approx(0.5, abs=1e-3)
    assert report["overlap"] == pytest.approx(0.02, abs=1e-3)
    assert report["passed"] is False
    assert "time with two holders: 0.50 s, 0.20 s over the limit of 0.3 s" in report["sentence"]


def test_what_is_returned_is_what_the_documentation_says():
    report = drill_report(recording(restored={"at": T + 5, "clock": "cc1"}))
    documented = yaml.safe_load(RETURN)["_value"]["contains"]
    assert sorted(report) == sorted(documented)
    assert sorted(report["back"]) == sorted(documented["back"]["sample"])
    for name in ("targets", "limits", "timeline", "events", "answers"):
        for one in report[name]:
            assert sorted(one) == sorted(documented[name]["sample"][0])
    assert report["events"]
    assert report["answers"]


def test_a_host_that_could_not_be_recorded_is_said():
    data = recording()
    data["hosts"]["cc2"] = None
    report = drill_report(data)
    assert report["to"] is None
    assert "cc2 could not be recorded" in report["notes"][0]


@pytest.mark.parametrize(
    ("broken", "words"),
    [
        ([], "expected a dictionary, got list"),
        ({}, "not complete: KeyError 'view'"),
        (recording(limits={"takover": 1}), "takover must be one of takeover"),
        (recording(view=None), "not complete: AttributeError"),
        (recording(hosts={"cc1": None}), "no cluster controller's host was recorded"),
    ],
)
def test_what_cannot_be_judged_is_refused_by_name(broken, words):
    with pytest.raises(AnsibleFilterError, match=words.replace("(", r"\(")):
        drill_report(broken)


def test_only_lines_of_keepalived_that_notice_something_are_events():
    lines = [
        "1795360000.5 cc1 Keepalived_vrrp[7]: (x) Entering MASTER STATE",
        "1795360000.6 cc1 Keepalived[6]: Reloading ...",
        "1795360000.7 cc1 sshd[6]: Entering MASTER STATE",
        "-- No entries --",
    ]
    assert _drill.log_events(lines) == [(1795360000.5, "(x) Entering MASTER STATE")]


# --- the timeline that the drill and the fault suite share


def test_periods_join_what_is_alike_and_ignore_what_came_before():
    moves = [(1.0, "b", True), (0.5, "a", True), (2.0, "a", False), (9.0, "a", True)]
    found = _timeline.periods({"a": True, "b": False}, moves, 0.0, 5.0)
    assert [(one.begin, one.end, one.holders) for one in found] == [(0, 1, ("a",)), (1, 2, ("a", "b")), (2, 5, ("b",))]
    assert _timeline.time_with(found, at_least=2) == 1
    assert _timeline.time_with(found, exactly=0) == 0
    assert _timeline.moves_of(found) == 1


def test_settled_counts_from_the_last_change_and_not_from_a_first_success():
    found = _timeline.periods({"a": True, "b": False}, [(1, "b", True), (1, "a", False), (2, "a", True), (3, "a", False)], 0, 5)
    assert _timeline.first_held(found, 0.0, "b") == 1
    assert _timeline.settled(found, 0.0, ["b"]) == 3
    assert _timeline.settled(found, 0.0, ["a"]) is None


def test_a_gap_lasts_until_the_next_answered_question():
    asked = [[0.0, 0.1], [1.0, None], [2.0, None], [3.0, 0.1], [4.0, None]]
    found = _timeline.gaps(asked, 0.0, 5.0)
    assert [(gap.begin, gap.end, gap.lost) for gap in found] == [(1.0, 3.0, 2), (4.0, 5.0, 1)]
