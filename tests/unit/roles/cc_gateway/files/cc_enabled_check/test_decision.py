# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check concludes, in every order of observations up to a depth; against a judge that reads the whole history."""

from __future__ import annotations

import itertools

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check

GRACE, RECENT = 5, 10
ENABLED, DISABLED, LOADED = "ENABLED", "DISABLED", "LOADED"
ANSWERED, FAILED, TIMED_OUT = check.decision.ANSWERED, check.decision.FAILED, check.decision.TIMED_OUT


def definite(state, asked=ANSWERED):
    return {"seen": state, "state": state, "definite": True, "asked": asked, "message": "the CC"}


def unknown(seen=None, asked=None):
    return {"seen": seen, "state": None, "definite": False, "asked": asked, "message": "no answer"}


OBSERVATIONS = {
    "ENABLED": definite(ENABLED),
    "DISABLED": definite(DISABLED),
    "not initialised": definite(None),
    "time-out, file ENABLED": unknown(ENABLED, TIMED_OUT),
    "time-out, file DISABLED": unknown(DISABLED, TIMED_OUT),
    "pause, file ENABLED": unknown(ENABLED),
    "refused": unknown(None, FAILED),
}


def play(history, grace=GRACE, recent=RECENT):
    """(memory, result) after these (seconds, observation)."""
    memory, result = check.decision.NOTHING, None
    for now, observation in history:
        memory, result = check.decision.decide(memory, observation, now, grace, recent)
    return memory, result


def definitely(observation, state):
    return observation["definite"] and observation["state"] == state


def remembered(history, grace):
    """Whether the last definite answer is ENABLED and young enough, and there is none now."""
    answers = [(now, observation["state"]) for now, observation in history if observation["definite"]]
    return bool(not history[-1][1]["definite"] and answers and answers[-1][1] == ENABLED and history[-1][0] - answers[-1][0] < grace)


def newly_enabled(history, grace, recent):
    """When the change to ENABLED was observed, by the definition and not by steps."""
    last = len(history) - 1
    for index in range(last, -1, -1):
        if not (definitely(history[index][1], ENABLED) or remembered(history[: index + 1], grace)):
            return 0
        if definitely(history[index][1], ENABLED) and changed_at(history, index, recent):
            return history[index][0]
    return 0


def changed_at(history, index, recent):
    """Whether another state was seen before, a short time ago, and nothing unknown and no definite ENABLED since."""
    for earlier in range(index - 1, -1, -1):
        now, observation = history[earlier]
        if observation["seen"] is None or definitely(observation, ENABLED):
            return False
        if observation["seen"] != ENABLED:
            return history[index][0] - now <= recent
    return False


@pytest.mark.parametrize("grace", [0, GRACE])
@pytest.mark.parametrize("gaps", [(1,), (1, 3), (4, 12)])
def test_every_order_of_observations(grace, gaps):
    depth = 5 if len(gaps) == 1 else 4
    tried = 0
    for observations in itertools.product(OBSERVATIONS.values(), repeat=depth):
        for steps in itertools.product(gaps, repeat=depth - 1):
            times = itertools.accumulate(steps, initial=100)
            history = list(zip(times, observations, strict=True))
            memory, result = play(history, grace)
            assert result["remembered"] == remembered(history, grace), history
            assert result["enabled"] == (result["remembered"] or definitely(history[-1][1], ENABLED)), history
            assert result["definite"] == history[-1][1]["definite"]
            assert memory["enabled"] == newly_enabled(history, grace, RECENT), history
            assert memory["exit"] == (0 if result["enabled"] else 1)
            tried += 1
    assert tried == len(OBSERVATIONS) ** depth * len(gaps) ** (depth - 1)


# --- newly enabled, in words --------------------------------------------------------------------------------


def enabled_after(*observations, gap=1, **options):
    memory, _result = play([(100 + gap * number, observation) for number, observation in enumerate(observations)], **options)
    return memory["enabled"]


@pytest.mark.parametrize("state", [state for state in check.common.STATES if state != ENABLED])
def test_a_change_from_any_other_state_counts(state):
    """LOADED too: a resumed CC never shows it (decision.py says why), one that is enabled after a clean start does."""
    assert enabled_after(definite(state), definite(ENABLED)) == 101


def test_the_first_answer_of_a_boot_does_not_count():
    assert enabled_after(definite(ENABLED)) == 0
    assert enabled_after(unknown(), definite(ENABLED)) == 0


@pytest.mark.parametrize("down", [1, 3, 20])
def test_a_controller_that_resumes_enabled_does_not_count(down):
    refused = [unknown(None, FAILED)] * down
    assert enabled_after(definite(ENABLED), *refused, definite(ENABLED)) == 0
    assert enabled_after(definite(DISABLED), definite(ENABLED), *refused, definite(ENABLED), grace=0) == 0
    assert enabled_after(definite(DISABLED), *refused, definite(ENABLED)) == 0


def test_a_clean_start_that_is_enabled_by_the_cloud_counts():
    assert enabled_after(definite(ENABLED), unknown(None, FAILED), unknown(), definite(LOADED), definite(ENABLED)) == 104


def test_it_stays_while_the_grace_lasts_and_not_longer():
    changed = [definite(DISABLED), definite(ENABLED)]
    assert enabled_after(*changed, *[unknown()] * 4) == 101
    assert enabled_after(*changed, *[unknown()] * 5) == 0
    assert enabled_after(*changed, unknown(), grace=0) == 0


def test_a_second_change_counts_anew():
    assert enabled_after(definite(DISABLED), definite(ENABLED), definite(DISABLED), definite(ENABLED)) == 103


def test_time_outs_around_the_change_do_not_hide_it():
    """A CC that is enabled while httpd is slow: the state file shows the change, the answer comes a little later."""
    before, after = unknown(DISABLED, TIMED_OUT), unknown(ENABLED, TIMED_OUT)
    assert enabled_after(definite(DISABLED), before, unknown(DISABLED), definite(ENABLED)) == 103
    assert enabled_after(definite(DISABLED), after, unknown(ENABLED), definite(ENABLED)) == 103
    assert enabled_after(definite(DISABLED), *[after] * 9, definite(ENABLED)) == 110
    # By then the cloud may have enabled the other one.
    assert enabled_after(definite(DISABLED), *[after] * 10, definite(ENABLED)) == 0


def test_with_soap_an_unknown_state_forgets():
    assert enabled_after(definite(DISABLED), unknown(None, TIMED_OUT), definite(ENABLED), gap=10, recent=120) == 0
    assert enabled_after(definite(DISABLED), definite(ENABLED), gap=60, recent=check.decision.RECENT["soap"]) == 160


def test_a_change_while_nobody_looked_does_not_count():
    """keepalived was stopped: the other controller may have been enabled after this one."""
    assert enabled_after(definite(DISABLED), definite(ENABLED), gap=11) == 0


# --- requests -----------------------------------------------------------------------------------------------


def test_pauses_double_up_to_half_a_minute():
    memory, now, pauses = check.decision.NOTHING, 100, []
    for _number in range(120):
        memory, _result = check.decision.decide(memory, unknown(DISABLED, TIMED_OUT), now, GRACE, RECENT)
        pauses.append(memory["wait_until"] - now)
        now = memory["wait_until"]
    assert pauses[:7] == [2, 4, 8, 16, 30, 30, 30]
    assert set(pauses[7:]) == {30}
    assert memory["timeouts"] == 99


def test_a_change_in_the_state_file_begins_the_pauses_anew():
    """Else a change after a long pause would be confirmed only when it does not count as a change any more."""
    history = [(100 + 40 * number, unknown(DISABLED, TIMED_OUT)) for number in range(6)]
    assert play(history)[0]["wait_until"] == 330
    assert play([*history, (301, unknown(ENABLED, TIMED_OUT))])[0]["wait_until"] == 303
    assert play([*history, (301, unknown(ENABLED, TIMED_OUT)), (303, unknown(ENABLED, TIMED_OUT))])[0]["wait_until"] == 307


@pytest.mark.parametrize("asked", [ANSWERED, FAILED])
def test_any_answer_and_a_refused_connection_end_the_pauses(asked):
    history = [(100, unknown(DISABLED, TIMED_OUT)), (102, unknown(DISABLED, TIMED_OUT))]
    assert play(history)[0]["wait_until"] == 106
    memory = play([*history, (106, {**unknown(DISABLED), "asked": asked})])[0]
    assert (memory["timeouts"], memory["wait_until"], memory["reason"]) == (0, 0, "")
    assert memory["live"] == (106 if asked == ANSWERED else 0)


def test_a_run_that_asks_nobody_changes_nothing_about_requests():
    for asked in (ANSWERED, TIMED_OUT):
        before = play([(100, {**definite(DISABLED), "asked": asked})])[0]
        after = check.decision.decide(before, definite(DISABLED, None), 101, GRACE, RECENT)[0]
        assert {name: after[name] for name in ("live", "timeouts", "wait_until", "reason")} == {
            name: before[name] for name in ("live", "timeouts", "wait_until", "reason")
        }


ASK, KNOWN, WAIT = check.decision.ASK, check.decision.KNOWN, check.decision.WAIT


@pytest.mark.parametrize("live", [0, 100])
@pytest.mark.parametrize("wait_until", [0, 103])
@pytest.mark.parametrize("same", [True, False])
@pytest.mark.parametrize("every", [0, 5])
@pytest.mark.parametrize("now", [100, 102.99, 103, 104.99, 105])
def test_when_a_request_is_needed(live, wait_until, same, every, now):
    memory = {**check.decision.NOTHING, "seen": DISABLED, "live": live, "wait_until": wait_until}
    expected = ASK
    if same and now < wait_until:
        expected = WAIT
    elif same and live and now < live + every:
        expected = KNOWN
    assert check.decision.request_needed(memory, DISABLED if same else ENABLED, now, every) == expected


def test_the_pause_is_reported_with_its_reason_and_its_end():
    memory = {**check.decision.NOTHING, "reason": "timed out", "wait_until": 103.25}
    assert check.decision.waiting(memory, 101) == "timed out; next request in 2.2 s"


# --- what is reported ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("observation", "line"),
    [
        (definite(ENABLED), "ENABLED: the CC"),
        (definite(DISABLED), "DISABLED: the CC"),
        (definite(None), "UNKNOWN: the CC"),
        (unknown(DISABLED, TIMED_OUT), "UNKNOWN: no answer"),
    ],
)
def test_lines(observation, line):
    result = play([(100, observation)])[1]
    assert result["message"] == line
    assert result["local_state"] == observation["state"]


def test_line_of_a_grace():
    result = play([(100, definite(ENABLED)), (104.5, unknown(ENABLED, TIMED_OUT))])[1]
    assert result == {
        "local_state": None, "enabled": True, "definite": False, "remembered": True,
        "message": "ENABLED: for 0.5 s more by --grace; now no answer",
    }  # fmt: skip


def test_a_state_that_is_not_definite_is_no_answer():
    memory, result = check.decision.decide(check.decision.NOTHING, {**definite(ENABLED), "definite": False}, 100, GRACE, RECENT)
    assert (memory["exit"], result["enabled"], result["local_state"]) == (1, False, None)
    memory = play([(100, definite(DISABLED)), (101, definite(ENABLED))])[0]
    assert check.decision.decide(memory, {**definite(ENABLED), "definite": False}, 110, GRACE, RECENT)[0]["enabled"] == 0


@pytest.mark.parametrize(("source", "seconds"), [("state_file", 10), ("soap", 120)])
def test_how_long_after_another_state_a_change_counts(source, seconds):
    recent = check.decision.RECENT[source]
    assert play([(1000, definite(DISABLED)), (1000 + seconds, definite(ENABLED))], recent=recent)[0]["enabled"]
    assert not play([(1000, definite(DISABLED)), (1000.5 + seconds, definite(ENABLED))], recent=recent)[0]["enabled"]


def test_all_that_also_holds_in_the_first_seconds_after_boot():
    nothing = check.decision.NOTHING
    assert check.decision.request_needed(nothing, None, 3, every=60) == check.decision.ASK
    assert play([(3, definite(ENABLED))])[0]["enabled"] == 0
    assert play([(3, definite(DISABLED)), (4, definite(ENABLED)), (5, definite(ENABLED))])[0]["enabled"] == 4
    assert play([(3, definite(ENABLED)), (4, unknown(ENABLED, TIMED_OUT))])[0]["live"] == 0


def test_a_memory_is_never_changed_in_place():
    before = dict(check.decision.NOTHING)
    for observation in OBSERVATIONS.values():
        check.decision.decide(check.decision.NOTHING, observation, 100, GRACE, RECENT)
    assert before == check.decision.NOTHING


# --- watching -----------------------------------------------------------------------------------------------


def test_another_session_is_not_watched_for():
    memory = play([(100, definite(DISABLED))])[0]
    new, _result = check.decision.decide(memory, definite(DISABLED), 101, GRACE, RECENT)
    assert check.decision.may_watch(memory, new, definite(DISABLED))
    assert not check.decision.may_watch(memory, {**new, "session": 4711}, definite(DISABLED))


def watches(*history):
    memory = play(history[:-1])[0] if len(history) > 1 else check.decision.NOTHING
    new, _result = check.decision.decide(memory, history[-1][1], history[-1][0], GRACE, RECENT)
    return check.decision.may_watch(memory, new, history[-1][1])


def test_only_a_run_without_news_watches():
    assert not watches((100, definite(DISABLED)))
    assert watches((100, definite(DISABLED)), (101, definite(DISABLED)))
    assert not watches((100, definite(DISABLED)), (101, definite(ENABLED)))
    assert not watches((100, definite(ENABLED)), (101, definite(DISABLED)))
    assert not watches((100, definite(DISABLED)), (101, definite(LOADED)))
    assert not watches((100, unknown()), (101, unknown()))
    assert watches((100, unknown(DISABLED, TIMED_OUT)), (101, unknown(DISABLED)))
    # The end of a time-out and of a grace are news.
    assert not watches((100, unknown(ENABLED, TIMED_OUT)), (102, definite(ENABLED)))
    assert not watches((100, definite(ENABLED)), (101, unknown(ENABLED)), (106, unknown(ENABLED)))
    # "Newly enabled" during a grace: same status, same state, and news for the other script.
    assert not watches((100, definite(ENABLED)), (101, unknown(DISABLED)), (102, unknown(ENABLED)), (103, definite(ENABLED)))


@pytest.mark.parametrize(
    ("enabled", "seconds", "now", "left"),
    [(0, 2, 100, 0), (0, 0, 100, 0), (100, 2, 100, 2), (100, 2, 101.5, 0.5), (100, 2, 102, 0), (100, 2, 500, 0), (100, 0, 500, None)],
)
def test_how_long_newly_enabled_lasts(enabled, seconds, now, left):
    memory = {**check.decision.NOTHING, "enabled": enabled}
    assert check.decision.newly_enabled_left(memory, now, seconds) == left
