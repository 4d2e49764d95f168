# SPDX-License-Identifier: GPL-3.0-or-later
"""A model of two gateway hosts: their controllers, the check's own decisions, keepalived's election, and a cloud that enables one
controller at a time. `explore` plays all orders of events up to a depth and reports what must not happen.

Time goes in ticks of one second. In each, the check of each host runs once, in either order where something has just happened, and
VRRP elects after each of them: an election takes 0.4 s at an advert interval of 0.1 s. A state of the model is a tuple in which
times are ages, and ages beyond which nothing depends on them are cut, so that states that behave alike are the same.

What the cloud can do: it enables one controller and disables the other one before, if that one can be reached. One that is dead, or
whose core or httpd hangs, cannot: it keeps the state that it has, and so does its state file.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import NamedTuple

from ansible_collections.eucalyptus.ha.roles.cc_gateway.files.cc_enabled_check import decision

# The role's defaults.
GRACE, LIVE_EVERY, NEWLY, RECENT = 5, 5, 2.4, decision.RECENT["state_file"]
BASE, WEIGHT, NEWLY_WEIGHT = 100, 100, 40
NOW = 1000.0
ENABLED, DISABLED = "ENABLED", "DISABLED"
HOSTS = (0, 1)  # the second one has the higher address
NAMES = ("a", "b")


class Memory(NamedTuple):
    """The check's memory; ages in seconds, None for none."""

    answered: float | None = None  # of ENABLED, while grace can use it
    seen: str | None = None
    other: float | None = None
    enabled: float | None = None
    live: float | None = None
    timeouts: int = 0
    wait: float = 0  # still to go


class Host(NamedTuple):
    """One host. `file` None: missing."""

    up: bool = True
    cc: str = "ok"  # ok, slow (GET times out, orders arrive), core (hangs, GET answers), httpd (hangs), dead
    file: str | None = DISABLED
    memory: Memory = Memory()
    enabled: bool = False  # script cc_enabled
    newly: bool = False  # script cc_newly_enabled
    new: bool = False  # its file has just come, after a clean start


class World(NamedTuple):
    """Both hosts and what is between and above them. The hosts are numbers of the model's table of hosts, for speed."""

    hosts: tuple[int, int]
    vrrp: tuple[str, str] = ("B", "B")  # M, B, F, or - while the host is down
    cut: bool = False
    chosen: int | None = None  # whom the cloud enabled last, unless it disabled that one since
    # Of the chosen one, since it was enabled: what the named exceptions depend on.
    age: int = RECENT + 1  # how long ago that was, as far as it matters
    visible: bool = True  # its file showed another state before
    failed: bool = False  # its check has reported something else than ENABLED
    was_cut: bool = False  # VRRP was cut
    at: int | None = None  # who held the VIP alone last
    credit: int = 0  # moves that events may still cause


def pack(memory: dict, now: float) -> Memory:
    """The part of the check's memory that anything still depends on."""

    def age(name: str, limit: float) -> float | None:
        return now - memory[name] if memory[name] and now - memory[name] <= limit else None

    answered = age("answered", GRACE) if memory["answer"] == ENABLED else None
    return Memory(
        answered=answered if answered is not None and answered < GRACE else None,
        seen=memory["seen"],
        other=age("other", RECENT),
        enabled=min(now - memory["enabled"], 3) if memory["enabled"] else None,
        live=age("live", LIVE_EVERY),
        timeouts=min(memory["timeouts"], len(decision.PAUSES)),
        wait=max(memory["wait_until"] - now, 0),
    )


def unpack(memory: Memory, now: float) -> dict:
    """A memory for the check that pack() makes the same of."""

    def when(age: float | None) -> float:
        return 0 if age is None else now - age

    return {
        **decision.NOTHING, "answer": None if memory.answered is None else ENABLED, "answered": when(memory.answered), "seen": memory.seen,
        "other": when(memory.other), "enabled": when(memory.enabled), "live": when(memory.live),
        "timeouts": memory.timeouts, "wait_until": now + memory.wait if memory.wait else 0,
    }  # fmt: skip


def observation(host: Host, memory: dict) -> dict:
    """What observe_state_file() makes of the host."""
    seen = {"seen": host.file, "state": None, "definite": False, "asked": None, "message": ""}
    if host.file is None:
        return seen
    need = decision.request_needed(memory, host.file, NOW, LIVE_EVERY)
    if need == decision.WAIT:
        return seen
    if need == decision.ASK:
        if host.cc == "dead":
            return {**seen, "seen": None, "asked": decision.FAILED}
        if host.cc in ("httpd", "slow"):
            return {**seen, "asked": decision.TIMED_OUT}
        seen["asked"] = decision.ANSWERED
    return {**seen, "state": host.file, "definite": True}


def aged(memory: Memory) -> Memory:
    """A second later."""
    return pack(unpack(memory, NOW), NOW + 1)


class Model:
    """The rules of one `when_none_enabled`: hold or release. The preferred host, if any, has `spread` more priority."""

    def __init__(self, when_none_enabled: str, preferred: int | None = None, spread: int = 10):
        self.hold = when_none_enabled == "hold"
        self.spread = {preferred: spread}
        self.table: list[Host] = []
        self._numbers: dict[Host, int] = {}
        self.ran = lru_cache(maxsize=None)(self._ran)
        self.later = lru_cache(maxsize=None)(self._later)
        self.elected = lru_cache(maxsize=None)(self._elected)
        self.rests: dict[World, tuple[World, int, bool]] = {}  # where a world ends, the moves on the way, whether it is at rest there
        self.ticks = 0

    def number(self, host: Host) -> int:
        """The host's place in the table."""
        if host not in self._numbers:
            self._numbers[host] = len(self.table)
            self.table.append(host)
        return self._numbers[host]

    def host(self, world: World, number: int) -> Host:
        """One of the world's hosts."""
        return self.table[world.hosts[number]]

    def with_host(self, world: World, number: int, **changes: object) -> World:
        """The world with another state of one host."""
        new = self.number(self.host(world, number)._replace(**changes))
        return world._replace(hosts=(new, world.hosts[1]) if number == 0 else (world.hosts[0], new))

    # --- what happens by itself ----------------------------------------------------------------------

    def _ran(self, number: int) -> int:
        """The host after a run of both scripts."""
        host = self.table[number]
        if not host.up:
            return number
        before = unpack(host.memory, NOW)
        memory, result = decision.decide(before, observation(host, before), NOW, GRACE, RECENT)
        newly = decision.newly_enabled_left(memory, NOW, NEWLY) != 0
        return self.number(host._replace(memory=pack(memory, NOW), enabled=result["enabled"], newly=newly))

    def _later(self, number: int) -> int:
        """The host a second later. A controller that was started clean gets its file by the cloud's heartbeat, and is started."""
        host = self.table[number]
        new = host.file is None and host.up and host.cc in ("ok", "slow")
        return self.number(host._replace(memory=aged(host.memory), file=DISABLED if new else host.file, new=new))

    def priority(self, host: Host, number: int) -> int:
        """Of an instance that is not in state FAULT."""
        return BASE + self.spread.get(number, 0) + (WEIGHT if host.enabled and self.hold else 0) + (NEWLY_WEIGHT if host.newly else 0)

    def _elected(self, hosts: tuple[int, int], vrrp: tuple[str, str], cut: bool) -> tuple[str, str]:
        """The outcome of VRRP."""
        able = []
        states = list(vrrp)
        for number in HOSTS:
            host = self.table[hosts[number]]
            # With release, the script has no weight: an instance is in state FAULT while it fails.
            if host.up and (self.hold or host.enabled):
                able.append(number)
            else:
                states[number] = "F" if host.up else "-"
        masters = [number for number in able if states[number] == "M"]
        # A backup takes over from a lower priority only; of two masters, or two backups at once, the higher address wins a tie.
        rank = {number: (self.priority(self.table[hosts[number]], number), [number] == masters, number) for number in able}
        for number in able:
            alone = cut or len(able) == 1
            states[number] = "M" if alone or rank[number] == max(rank.values()) else "B"
        return states[0], states[1]

    def tick(self, world: World, order: tuple[int, int] = HOSTS) -> World:
        """A second: both checks, an election after each."""
        self.ticks += 1
        hosts, vrrp, cut, chosen, age, visible, failed, was_cut, at, credit = world
        for number in order:
            ran = self.ran(hosts[number])
            hosts = (ran, hosts[1]) if number == 0 else (hosts[0], ran)
            vrrp = self.elected(hosts, vrrp, cut)
            holders = holders_of(vrrp)
            if len(holders) == 1 and holders[0] != at:
                credit -= at is not None
                at = holders[0]
        if chosen is not None:
            failed = failed or not self.table[hosts[chosen]].enabled
            was_cut = was_cut or cut
        hosts = self.later(hosts[0]), self.later(hosts[1])
        return World(hosts, vrrp, cut, chosen, min(age + 1, RECENT + 1), visible, failed, was_cut, at, credit)

    def settle(self, world: World) -> tuple[World, bool]:
        """Ticks until the world comes back to what it was; False if something that matters changes meanwhile.

        Nothing at all changes in most of them; a controller that hangs is asked every 30 s for ever.
        """
        passed: dict[World, int] = {}  # without its credit, which it had then
        while (still := World(*world[:-1], 0)) not in passed and still not in self.rests:
            passed[still] = world.credit
            world = self.tick(world)
        if still in self.rests:
            rest, moves, good = self.rests[still]
        else:
            circle = list(passed)[list(passed).index(still):]
            rest, moves, good = still, 0, world.credit == passed[still] and len({self.outside(one) for one in circle}) == 1
        end = world.credit - moves
        for one, credit in passed.items():
            self.rests[one] = rest, credit - end, good
        first = self.rests[next(iter(passed), still)]
        return first[0]._replace(credit=end), first[2]

    def outside(self, world: World) -> tuple:
        """What does not change in a world at rest."""
        hosts = (self.host(world, number) for number in HOSTS)
        return world.vrrp, *((host.enabled, host.newly, host.file) for host in hosts)


@cache
def holders_of(vrrp: tuple[str, str]) -> tuple[int, ...]:
    """Who holds the VIP."""
    return tuple(number for number in HOSTS if vrrp[number] == "M")


# --- what may happen -------------------------------------------------------------------------------------


def events(model: Model, world: World) -> Iterator[tuple[str, World]]:
    """Every event that is possible now: its name, and the world right after it."""
    for number in HOSTS:
        for name, changed in host_events(model, world, number):
            yield f"{name} {NAMES[number]}", changed
    yield ("heal" if world.cut else "cut"), world._replace(cut=not world.cut)


def host_events(model: Model, world: World, number: int) -> Iterator[tuple[str, World]]:
    """Those of one host."""
    host = model.host(world, number)

    def become(**changes: object) -> World:
        return model.with_host(world, number, **changes)

    if not host.up:
        on = {"up": True, "memory": Memory(), "enabled": False, "newly": False}
        yield "boots", become(**on, cc="ok")
        yield "boots without its controller", become(**on, cc="dead")
        return
    yield "power off", become(up=False, cc="dead", memory=Memory(), enabled=False, newly=False)
    if takes_orders(host):
        if may_enable(model, world, number):
            yield "enable", enable(model, world, number)
        if host.file == ENABLED:
            disabled = become(file=DISABLED)
            yield "disable", disabled._replace(chosen=None) if world.chosen == number else disabled
    if host.cc == "ok":
        yield "core hangs", become(cc="core")
        yield "gets slow", become(cc="slow")
    else:
        yield ("is quick again" if host.cc == "slow" else "resumes"), become(cc="ok")
    if host.cc in ("ok", "slow", "core"):
        yield "httpd hangs", become(cc="httpd")
    if host.cc != "dead":
        yield "dies", become(cc="dead")
    else:
        clean = become(cc="ok", file=None)
        yield "is started clean", clean._replace(chosen=None) if world.chosen == number else clean


def takes_orders(host: Host) -> bool:
    """Whether the cloud can enable and disable it."""
    return host.up and host.cc in ("ok", "slow")


def may_enable(model: Model, world: World, number: int) -> bool:
    """Whether the cloud may enable it now.

    A controller that was started clean is enabled by a later heartbeat than the one that started it. And the cloud takes some
    heartbeats, of 10 to 20 s each, to give up the one that it has enabled; that the check counts on.
    """
    host, other = (model.host(world, one) for one in (number, 1 - number))
    given_up = takes_orders(other) or world.chosen != 1 - number or world.age > RECENT
    return host.file is not None and not host.new and given_up


def enable(model: Model, world: World, number: int) -> World:
    """The cloud enables this controller, and disables the other one before if it can."""
    other = model.host(world, 1 - number)
    if takes_orders(other) and other.file == ENABLED:
        world = model.with_host(world, 1 - number, file=DISABLED)
    visible = model.host(world, number).file != ENABLED
    return model.with_host(world, number, file=ENABLED)._replace(chosen=number, age=0, visible=visible, failed=False, was_cut=world.cut)


# --- what must be ----------------------------------------------------------------------------------------


def shows_enabled(host: Host) -> bool:
    """Whether a check can find it ENABLED: it is, or its core hangs."""
    return host.up and host.cc in ("ok", "core") and host.file == ENABLED


def expected(model: Model, world: World) -> list[tuple[int, ...]]:
    """Who may hold the VIP in a world at rest: any of these."""
    up = tuple(number for number in HOSTS if model.host(world, number).up)
    enabled = tuple(number for number in up if shows_enabled(model.host(world, number)))
    if world.cut:
        return [up if model.hold else enabled]
    if world.chosen in enabled:
        return [(world.chosen,)]
    if enabled:
        return [(number,) for number in enabled]
    return [(number,) for number in up] or [()] if model.hold else [()]


UNSEEN = "enabled without a visible change"
RESUMED = "resumed after the one that hangs got the VIP"
HEALED = "healed with equal priorities"


def exception(model: Model, world: World, holders: tuple[int, ...]) -> str | None:
    """The name of the exception that this is, None if it is none.

    In all of them the one that the cloud enabled last and the other one both show ENABLED, though the other one hangs or has not
    been disabled yet, and nothing that a check on one host can see tells which of them is right. The VIP is at the other one.
    """
    if world.chosen is None or world.cut:
        return None
    other = 1 - world.chosen
    if holders != (other,) or not all(shows_enabled(model.host(world, number)) for number in HOSTS):
        return None
    if not world.visible:
        # The cloud enabled a controller that showed ENABLED already.
        return UNSEEN
    if world.failed:
        # It was down or did not answer, the other one, which hangs, got the VIP, and a controller that resumes does not count as new.
        return RESUMED
    if world.was_cut and other == max(HOSTS):
        # Both held the VIP during the cut; with equal priorities the higher address stays.
        return HEALED
    return None


@dataclass
class Findings:
    """What `explore` found."""

    states: int = 0
    orders: int = 0
    ticks: int = 0
    exceptions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    violations: list[tuple[str, tuple[str, ...]]] = field(default_factory=list)


def beginnings(model: Model) -> Iterator[tuple[str, World]]:
    """Worlds at rest to begin with: nobody is enabled, a is, b is."""
    cold = model.settle(World(hosts=(model.number(Host()), model.number(Host()))))[0]
    yield "none enabled", cold
    for number in HOSTS:
        yield f"{NAMES[number]} enabled", model.settle(enable(model, cold._replace(credit=1), number))[0]


def explore(model: Model, depth: int, most: int = 20) -> Findings:
    """All orders of up to `depth` events, each soon after the one before or when all is at rest again."""
    found = Findings()
    level: dict[World, tuple[int, tuple[str, ...]]] = {}
    for name, world in beginnings(model):
        level[world._replace(credit=0)] = (1, (name,))
    seen = set(level)
    for _number in range(depth):
        following: dict[World, tuple[int, tuple[str, ...]]] = {}
        for world, (count, path) in level.items():
            for name, after_event in events(model, world):
                for gap, after in outcomes(model, after_event, found, (*path, name)):
                    if len(found.violations) >= most:
                        return found
                    found.orders += count
                    known = following.get(after)
                    following[after] = (count + (known[0] if known else 0), known[1] if known else (*path, f"{name}, {gap}"))
                    seen.add(after)
        level = following
    found.states = len(seen)
    found.ticks = model.ticks
    return found


def outcomes(model: Model, world: World, found: Findings, path: tuple[str, ...]) -> Iterator[tuple[str, World]]:
    """What may follow an event: a second later, and when all is at rest; with either check first."""
    world = world._replace(credit=world.credit + 1)
    results = {}
    for order in (HOSTS, HOSTS[::-1]):
        soon = model.tick(world, order)
        results["next", soon] = None
        late, rests = model.settle(soon)
        if not rests:
            found.violations.append(("never comes to rest", path))
        judge(model, late, found, path)
        # All that was caused has happened.
        results["at rest", late._replace(credit=0)] = None
        if soon.credit < 0 or late.credit < 0:
            found.violations.append(("moves more often than there are causes", path))
        judge_speed(model, soon, found, path)
    yield from results


def judge(model: Model, world: World, found: Findings, path: tuple[str, ...]) -> None:
    """A world at rest."""
    holders = holders_of(world.vrrp)
    if holders in expected(model, world):
        return
    name = exception(model, world, holders)
    if name:
        found.exceptions.setdefault(name, path)
    else:
        found.violations.append((f"held by {[NAMES[number] for number in holders]}", path))


def judge_speed(model: Model, world: World, found: Findings, path: tuple[str, ...]) -> None:
    """The VIP is where it belongs in the second of the change, unless the other one is newly enabled as well, or there is no answer."""
    chosen = world.chosen
    if chosen is None or world.cut or not world.visible or model.host(world, 1 - chosen).newly or model.host(world, chosen).cc != "ok":
        return
    if path[-1] == f"enable {NAMES[chosen]}" and holders_of(world.vrrp) != (chosen,):
        found.violations.append(("not moved at once", path))


# --- single orders, and by hand --------------------------------------------------------------------------


def play(model: Model, beginning: str, *names: str) -> World:
    """The world at rest after these events, each at rest or, where the name ends in ", next", a second before the next one."""
    world = dict(beginnings(model))[beginning]
    for name in names:
        event, _comma, gap = name.partition(", ")
        soon = model.tick(dict(events(model, world))[event])
        world = soon if gap == "next" else model.settle(soon)[0]
    return model.settle(world)[0]


def main(arguments: list[str]) -> int:
    """`make model`, or python gateway_model.py [DEPTH]: what `explore` finds, for hold and release."""
    depth = int(arguments[0]) if arguments else 4
    violations = 0
    for when_none_enabled in ("hold", "release"):
        found = explore(Model(when_none_enabled), depth)
        violations += len(found.violations)
        print(report(when_none_enabled, depth, found))
    return 1 if violations else 0


def report(when_none_enabled: str, depth: int, found: Findings) -> str:
    """Lines about what was found."""
    lines = [
        f"{when_none_enabled}: {found.states} states, {found.orders} orders of up to {depth} events, "
        f"{len(found.violations)} violations, {len(found.exceptions)} exceptions"
    ]
    lines += [f"  VIOLATION {what}: {'; '.join(path)}" for what, path in found.violations]
    lines += [f"  exception {name}: {'; '.join(path)}" for name, path in found.exceptions.items()]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
