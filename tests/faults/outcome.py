# SPDX-License-Identifier: GPL-3.0-or-later
"""Run a fault, judge it by its own limits, and keep what was measured."""

from __future__ import annotations

import random
import time
from dataclasses import asdict, dataclass, field
from typing import NamedTuple

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _timeline
from catalogue import Fault, Step
from measure import Measurement
from stage import Stage


@dataclass
class Outcome:
    """One step of one run. Times are seconds; `settled` is None when the right hosts did not hold it at the end."""

    setting: str
    fault: str
    title: str
    step: str
    must_hold: str
    within: float
    two_limit: float
    nobody_limit: float
    why: str
    settled: float | None = None
    two: float = 0.0
    nobody: float = 0.0
    two_seen: float = 0.0
    gap_vip: float = 0.0
    gap_outside: float = 0.0
    moves: int = 0
    trouble: list[str] = field(default_factory=list)

    def as_dict(self) -> dict:
        return asdict(self)


class Mark(NamedTuple):
    """What a step was, when it took effect, until when it was watched, who had to hold, and what else was wrong."""

    step: Step
    moment: float
    end: float
    wanted: set[str]
    wrong: str


def run(stage: Stage, setting: str, fault: Fault) -> list[Outcome]:
    """Play the fault on a lab that is well; one outcome per step."""
    stage.make_well()
    # The checks have their own rhythm; the fault must not know it.
    time.sleep(random.uniform(0, 2))  # noqa: S311 - not for secrets
    marks: list[Mark] = []
    with Measurement(stage.cluster) as measured:
        stage.measured = measured
        try:
            for step in fault.steps:
                moment = step.act(stage)
                wanted = stage.hosts(step.holders)
                measured.holders.wait(wanted, max(step.within, 0.1) + 1.0, step.watch)
                wrong = step.also(stage) if step.also else ""
                marks.append(Mark(step, moment, time.time(), wanted, wrong))
        finally:
            stage.measured = None
    return [_judge(setting, fault, measured, mark) for mark in marks]


def _judge(setting: str, fault: Fault, measured: Measurement, mark: Mark) -> Outcome:
    step, moment, end, wanted, wrong = mark
    timeline = _timeline.within(measured.timeline, moment, end)
    found = Outcome(
        setting, fault.name, fault.title, step.name, _role_words(step), step.within, step.two, step.nobody, step.why,
        settled=_timeline.settled(timeline, moment, wanted),
        two=_timeline.time_with(timeline, at_least=2),
        nobody=_timeline.time_with(timeline, exactly=0),
        two_seen=measured.two_answer(moment, end),
        gap_vip=measured.longest_gap("vip", moment, end),
        gap_outside=measured.longest_gap("outside", moment, end),
        moves=_timeline.moves_of(timeline),
    )  # fmt: skip
    names = " and ".join(sorted(wanted)) or "nobody"
    held = "; ".join(f"{'+'.join(one.holders) or 'nobody'} {one.length:.2f} s" for one in timeline)
    if found.settled is None:
        found.trouble.append(f"{names} should hold the VIP; in fact: {held}")
    elif found.settled > step.within:
        found.trouble.append(
            f"{names} held the VIP only after {found.settled:.2f} s, {step.within:g} s are allowed: {held}"
        )
    for count, limit, words in ((found.two, step.two, "two hosts"), (found.nobody, step.nobody, "nobody")):
        if count > limit:
            found.trouble.append(f"{words} held the VIP for {count:.2f} s, {limit:g} s are allowed: {held}")
    if wrong:
        found.trouble.append(wrong)
    return found


def _role_words(step: Step) -> str:
    return (
        {
            ("holder",): "the ENABLED one's host",
            ("standby",): "the other host",
            ("holder", "standby"): "both (expected)",
        }.get(step.holders, "nobody")
        if step.within
        else "stays"
    )
