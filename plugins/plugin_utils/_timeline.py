# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Recorded moves of an address, and answered and lost probes, turned into who held it when and what was lost.

Pure functions; times are seconds on one clock. The drill's report and the fault suite of the tests read their figures here,
so that a drill on a site and a run in the lab mean the same by "two holders".
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Period:
    """A stretch of time in which the same hosts held the address."""

    begin: float
    end: float
    holders: tuple[str, ...]

    @property
    def length(self) -> float:
        return self.end - self.begin


@dataclass(frozen=True)
class Gap:
    """Questions lost in a row.

    `length` is the time in which nothing was sent that was answered: from the first lost question to the next answered one.
    """

    begin: float
    end: float
    lost: int

    @property
    def length(self) -> float:
        return self.end - self.begin


def periods(
    initial: Mapping[str, bool], moves: Iterable[tuple[float, str, bool]], begin: float, end: float
) -> list[Period]:
    """Who held the address, as consecutive periods from begin to end.

    initial: host -> whether it held the address when the recording began; moves: (when, host, whether it came).
    """
    held = {host for host, has in initial.items() if has}
    order = list(initial)
    found: list[Period] = []
    last = begin

    def close(now: float) -> None:
        nonlocal last
        holders = tuple(sorted(held, key=lambda host: order.index(host) if host in order else len(order)))
        if now > last:
            if found and found[-1].holders == holders:
                found[-1] = Period(found[-1].begin, now, holders)
            else:
                found.append(Period(last, now, holders))
            last = now

    for when, host, came in sorted(moves, key=lambda move: move[0]):
        if when > end:
            break
        if when > begin:
            close(when)
        if came:
            held.add(host)
        else:
            held.discard(host)
    close(end)
    return found


def within(timeline: Iterable[Period], begin: float, end: float) -> list[Period]:
    """The part of a timeline between two moments."""
    return [
        Period(max(one.begin, begin), min(one.end, end), one.holders)
        for one in timeline
        if one.end > begin and one.begin < end
    ]


def time_with(timeline: Iterable[Period], at_least: int | None = None, exactly: int | None = None) -> float:
    """Seconds in which that many hosts held the address."""
    return sum(
        one.length
        for one in timeline
        if (at_least is not None and len(one.holders) >= at_least) or (exactly is not None and len(one.holders) == exactly)
    )


def settled(timeline: Sequence[Period], since: float, holders: Iterable[str]) -> float | None:
    """Seconds after `since` from which exactly these hosts held the address to the end; None if at the end they do not."""
    wanted = set(holders)
    if not timeline or set(timeline[-1].holders) != wanted:
        return None
    return max(0.0, timeline[-1].begin - since)


def first_held(timeline: Iterable[Period], since: float, host: str) -> float | None:
    """Seconds after `since` at which the host first held the address; None if it never did."""
    for one in timeline:
        if host in one.holders and one.end > since:
            return max(0.0, one.begin - since)
    return None


def moves_of(timeline: Sequence[Period]) -> int:
    """How often the address came to a host that did not have it in the period before."""
    return sum(
        len(set(after.holders) - set(before.holders)) for before, after in zip(timeline, timeline[1:], strict=False)
    )


def gaps(samples: Iterable[Sequence[float | None]], begin: float, end: float) -> list[Gap]:
    """The runs of lost probes among (sent, round-trip time or None), of those sent between two moments.

    A run that reaches the last question ends at `end`, as nobody knows how it went on.
    """
    found: list[Gap] = []
    first: float | None = None
    lost = 0
    for sent, rtt in samples:
        if sent is None or sent < begin or sent > end:
            continue
        if rtt is None:
            first = sent if first is None else first
            lost += 1
        elif first is not None:
            found.append(Gap(first, sent, lost))
            first, lost = None, 0
    if first is not None:
        found.append(Gap(first, end, lost))
    return found
