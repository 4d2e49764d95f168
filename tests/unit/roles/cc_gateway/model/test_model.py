# SPDX-License-Identifier: GPL-3.0-or-later
"""The VIP ends at the right host and does not go back and forth, in all orders of events up to a depth; see gateway_model.py.

GATEWAY_MODEL_DEPTH=5 looks deeper (minutes), as `make model` does. What is shown with -s: states and orders tried.
"""

from __future__ import annotations

import os

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files.cc_enabled_check import decision

from . import gateway_model
from .gateway_model import HEALED, RESUMED, UNSEEN, Model, exception, explore, holders_of, play, report

DEPTH = int(os.environ.get("GATEWAY_MODEL_DEPTH", "4"))
BOTH = pytest.mark.parametrize("when_none_enabled", ["hold", "release"])


@BOTH
def test_all_orders_of_events(when_none_enabled):
    found = explore(Model(when_none_enabled), DEPTH)
    print(report(when_none_enabled, DEPTH, found))
    assert found.violations == []
    assert set(found.exceptions) <= {UNSEEN, RESUMED, HEALED}
    assert found.orders > 20**DEPTH


# --- the requirement, in single orders -----------------------------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("events", "holder"),
    [
        (["enable b"], "b"),
        (["dies a, next", "enable b"], "b"),
        (["dies a", "enable b"], "b"),
        (["core hangs a, next", "enable b"], "b"),
        (["httpd hangs a, next", "enable b"], "b"),
        (["power off a, next", "enable b"], "b"),
        # The one that hung comes back with its old state, as crashed ones and booted ones do.
        (["core hangs a", "enable b", "resumes a"], "b"),
        (["dies a", "enable b", "resumes a"], "b"),
        (["power off a", "enable b", "boots a"], "b"),
        # And is enabled again, as a standby that hangs meanwhile shows.
        (["core hangs a", "enable b", "resumes a", "disable a", "core hangs b", "enable a"], "a"),
        # httpd of the standby was hung or slow before, or is at the very moment.
        (["core hangs a", "httpd hangs b", "resumes b, next", "enable b"], "b"),
        (["core hangs a", "gets slow b", "is quick again b, next", "enable b"], "b"),
        (["core hangs a", "gets slow b", "enable b, next", "is quick again b"], "b"),
        (["core hangs a", "dies b", "is started clean b", "enable b"], "b"),
        (["core hangs a", "cut", "enable b, next", "heal"], "b"),
        (["cut", "enable b", "heal"], "b"),
    ],
)
def test_the_controller_enabled_last_gets_the_vip(when_none_enabled, events, holder):
    world = play(Model(when_none_enabled), "a enabled", *events)
    assert [gateway_model.NAMES[number] for number in holders_of(world.vrrp)] == [holder]


@pytest.mark.parametrize(("when_none_enabled", "holders"), [("hold", (0,)), ("release", ())])
@pytest.mark.parametrize("event", ["disable a", "dies a", "httpd hangs a"])
def test_none_enabled(when_none_enabled, holders, event):
    assert holders_of(play(Model(when_none_enabled), "a enabled", event).vrrp) == holders


# --- the exceptions: exactly these, and no further than this -------------------------------------------------


@BOTH
@pytest.mark.parametrize(
    ("beginning", "events", "name"),
    [
        # The cloud enables a controller that shows ENABLED all the time: nothing changes that a check could see.
        ("a enabled", ["dies a", "enable b", "resumes a", "core hangs b", "enable a"], UNSEEN),
        # The chosen one was down, the one that hangs took over, and a resume must not count.
        ("a enabled", ["core hangs a", "enable b", "dies b", "resumes b"], RESUMED),
        ("a enabled", ["core hangs a", "enable b", "power off b", "boots b"], RESUMED),
        # VRRP was cut, so that both held the VIP, and is healed when both count as ENABLED: the higher address stays.
        ("b enabled", ["core hangs b", "cut", "enable a", "heal"], HEALED),
        ("b enabled", ["core hangs b", "enable a", "cut", "heal"], HEALED),
    ],
)
def test_an_exception(when_none_enabled, beginning, events, name):
    model = Model(when_none_enabled)
    world = play(model, beginning, *events)
    holders = holders_of(world.vrrp)
    assert holders == (1 - world.chosen,)
    assert exception(model, world, holders) == name
    # It ends when the one that hangs is repaired, so that the cloud can disable it.
    hanging = gateway_model.NAMES[1 - world.chosen]
    ended = play(model, beginning, *events, f"resumes {hanging}", f"disable {hanging}")
    assert holders_of(ended.vrrp) == (world.chosen,)


@BOTH
@pytest.mark.parametrize(
    ("beginning", "events"),
    [
        # The other way round, the higher address is the right one.
        ("a enabled", ["core hangs a", "cut", "enable b", "heal"]),
        ("a enabled", ["core hangs a", "enable b", "cut", "heal"]),
        # Healed while it still counts as new.
        ("b enabled", ["core hangs b", "cut", "enable a, next", "heal"]),
        # Down for less than the grace.
        ("a enabled", ["core hangs a", "enable b", "dies b, next", "resumes b"]),
        ("a enabled", ["core hangs a", "enable b", "httpd hangs b, next", "resumes b"]),
    ],
)
def test_no_exception(when_none_enabled, beginning, events):
    world = play(Model(when_none_enabled), beginning, *events)
    assert holders_of(world.vrrp) == (world.chosen,)


def test_an_exception_needs_two_that_show_enabled():
    model = Model("hold")
    world = play(model, "a enabled", "core hangs a", "enable b", "dies b")
    assert exception(model, world, (0,)) is None
    assert exception(model, play(model, "none enabled"), (0,)) is None


@BOTH
def test_a_preferred_host_that_hangs_takes_the_vip_back(when_none_enabled):
    """What cc_gateway_vrrp.preferred_host costs: once the other one does not count as new any more, it has the lower priority."""
    model = Model(when_none_enabled, preferred=0)
    soon = model.tick(dict(gateway_model.events(model, play(model, "a enabled", "core hangs a")))["enable b"])
    assert holders_of(soon.vrrp) == (1,)
    assert holders_of(model.settle(soon)[0].vrrp) == (0,)
    # One that is dead, or disabled, does not.
    assert holders_of(play(model, "a enabled", "dies a", "enable b").vrrp) == (1,)
    assert holders_of(play(model, "a enabled", "enable b").vrrp) == (1,)


# --- the model notices when the rule is broken ---------------------------------------------------------------


def never(rule):
    """Nothing ever counts as newly enabled."""

    def broken(new, observation, now, recent, keep):
        rule(new, observation, now, recent, keep)
        new["enabled"] = 0

    return broken


def after_no_answer(rule):
    """A change from "no answer" to ENABLED counts as well."""

    def broken(new, observation, now, recent, keep):
        rule(new, observation, now, recent, keep)
        if observation["seen"] is None:
            new["other"] = now

    return broken


def after_a_boot(rule):
    """The first ENABLED of a boot counts as well."""

    def broken(new, observation, now, recent, keep):
        if new["seen"] is None and new["exit"] is None:
            new["other"] = now
        rule(new, observation, now, recent, keep)

    return broken


BROKEN = {"never": (never, 2), "after no answer": (after_no_answer, 3), "after a boot": (after_a_boot, 3)}


@BOTH
@pytest.mark.parametrize(("breaks", "depth"), BROKEN.values(), ids=BROKEN)
def test_a_broken_rule_is_noticed(monkeypatch, when_none_enabled, breaks, depth):
    monkeypatch.setattr(decision, "_newly_enabled", breaks(decision._newly_enabled))
    assert explore(Model(when_none_enabled), depth, most=1).violations


@BOTH
@pytest.mark.parametrize(("name", "value"), [("NEWLY", 0), ("NEWLY_WEIGHT", 0), ("NEWLY_WEIGHT", -40), ("WEIGHT", 0)])
def test_other_numbers_are_noticed(monkeypatch, when_none_enabled, name, value):
    """Newly enabled for ever, of no weight, of a weight that repels; no weight for ENABLED."""
    monkeypatch.setattr(gateway_model, name, value)
    # With release, ENABLED has no weight anyway.
    assert bool(explore(Model(when_none_enabled), 2, most=1).violations) == ((when_none_enabled, name) != ("release", "WEIGHT"))


@BOTH
def test_time_outs_must_not_hide_the_change(monkeypatch, when_none_enabled):
    """Why an answer that is missing by a time-out does not forget the state that the file shows: the standby's pause after
    time-outs may last 30 s, and a controller that is enabled during it would not count as new."""
    rule = decision._newly_enabled

    def forgets(new, observation, now, recent, keep):
        rule(new, observation, now, recent, keep)
        if not observation["definite"]:
            new["other"] = 0

    events = ["core hangs a", "gets slow b", "is quick again b, next", "enable b"]
    assert holders_of(play(Model(when_none_enabled), "a enabled", *events).vrrp) == (1,)
    monkeypatch.setattr(decision, "_newly_enabled", forgets)
    assert holders_of(play(Model(when_none_enabled), "a enabled", *events).vrrp) == (0,)


def test_a_vip_that_goes_back_and_forth_is_noticed(monkeypatch):
    """A script that is newly enabled every other second."""
    monkeypatch.setattr(decision, "newly_enabled_left", lambda memory, now, seconds: memory["timeouts"] + (memory["live"] == now))
    found = explore(Model("hold"), 1)
    assert "never comes to rest" in {what for what, _path in found.violations}
