# SPDX-License-Identifier: GPL-3.0-or-later
"""The faults: what is done, who must hold the VIP then, within what time, and for how long two or nobody may.

The figures hold for the settings named with each fault. Where they are larger than a flip's, `why` says what makes them so.
"""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from lab import LabError
from stage import CONTROLLERS, POLL, STANDBY_POLL, Stage
from watch import wait_until

HOLDER, STANDBY, BOTH, NOBODY = ("holder",), ("standby",), ("holder", "standby"), ()

# name -> extra variables of eucalyptus.ha.gateway
SETTINGS = {
    "default": {},
    "release": {"cc_gateway_when_none_enabled": "release"},
    "soap": {"cc_gateway_check_source": "soap"},
    # The defaults, with the systemd unit of Enterprise Linux (Stage.unit).
    "el-unit": {},
}

FLIP = {"default": 0.6, "release": 0.6, "soap": 11.6, "el-unit": 0.6}  # seconds; with soap the interval is 10 s
TWO = 0.3  # seconds for which two may hold it in any orderly move
GRACE = 5.0  # cc_gateway_check.grace
REFRESH = 10.0  # cc_gateway_vrrp.garp_master_refresh
DEATH = 0.6  # three adverts missed, the skew, and a busy machine
LIVE = 5.0  # seconds between two GETs while nothing changes
SILENT = GRACE + LIVE + 2 * POLL + DEATH  # after this a silent controller counts as not ENABLED everywhere


@dataclass(frozen=True)
class Step:
    """One thing done. `act` returns the moment it took effect; roles are those after it."""

    name: str
    act: Callable[[Stage], float]
    holders: tuple[str, ...] = HOLDER
    within: float = 0.0  # 0: no other may hold it, not even for a moment
    two: float = TWO
    nobody: float = TWO
    watch: float = 2.0  # seconds that it must stay so
    why: str = ""
    also: Callable[[Stage], str] | None = None  # what else must be the case: empty, or what is wrong


@dataclass(frozen=True)
class Fault:
    name: str
    title: str
    steps: tuple[Step, ...]
    settings: tuple[str, ...] = ("default",)
    short: bool = False
    once: bool = False  # it is a repetition by itself, and not played --fault-runs times

    def with_slack(self, seconds: float) -> Fault:
        """The same with wider limits; where nobody else may hold the VIP at all, that stays so."""
        steps = (
            replace(
                one, within=one.within and one.within + seconds, two=one.two + seconds, nobody=one.nobody + seconds
            )
            for one in self.steps
        )
        return replace(self, steps=tuple(steps))


def flip_step(setting: str, name: str = "CC flip", **how) -> Step:
    if setting == "release":
        return Step(
            name, lambda stage: stage.flip(**how), within=FLIP[setting] + TWO, nobody=STANDBY_POLL + TWO,
            why="with `release` the old host drops the VIP when its check detects the change, the new one takes it when its own does",
        )  # fmt: skip
    return Step(name, lambda stage: stage.flip(**how), within=FLIP[setting])


def says(role: str, words: str, limit: float = 5.0) -> Callable[[Stage], str]:
    """The check on that host must come to say these words."""

    def look(stage: Stage) -> str:
        host = getattr(stage, role)
        try:
            wait_until(lambda: words in stage.check_says(host), limit, "")
        except LabError:
            return f"the check on {host} says `{stage.check_says(host)}`, without `{words}`"
        return ""

    return look


def neighbour_right(stage: Stage) -> str:
    """Whether nc1 sends to the holder; it may take as long as the holder's announcements of itself are apart.

    The loser may hear the holder first and fall silent: then the holder never learns that there was another, and does not announce itself.
    """
    mac = stage.mac(stage.holder)
    began = time.monotonic()
    while stage.neighbour() != mac:
        if time.monotonic() - began > REFRESH + 1:
            return f"after {time.monotonic() - began:.0f} s nc1 still sends to {stage.neighbour()}, which is not {stage.holder}"
        time.sleep(0.1)
    return ""


def starve(stage: Stage) -> float:
    stage.realtime(True)
    wait_until(lambda: stage.cluster.holders() == [stage.holder], 20, "the holder has the VIP again")
    time.sleep(2.0)
    now = time.time()
    with stage.starved(60):
        time.sleep(61)
    return now


def many_flips(setting: str, count: int) -> tuple[Step, ...]:
    def act(stage: Stage) -> float:
        time.sleep(random.uniform(0, 2))  # noqa: S311 - not for secrets: a moment that no timer knows
        return stage.flip()

    return tuple(
        Step(f"one of {count} flips in a row", act, within=FLIP[setting], watch=0.5) for _dummy in range(count)
    )


def of_setting(setting: str) -> tuple[Fault, ...]:
    """The faults, with the figures of a setting."""
    release = setting == "release"
    flip = FLIP[setting]
    faults = [
        Fault("flip", "The cloud disables one CC and enables the other", (flip_step(setting),), tuple(SETTINGS), True),
        Fault(
            "flip-gap", "The same with 3 s between the two",
            (Step("CC flip, 3 s between", lambda s: s.flip(gap=3.0), within=flip, nobody=3.0 + flip if release else TWO,
                  why="in the gap no CC is ENABLED: `release` drops the VIP" if release else ""),),
            ("default", "release"),
        ),
        Fault(
            "flip-overlap", "The same, enabled first",
            (flip_step(setting, "CC flip, enabled first", overlap=True),),
            ("default", "release"),
        ),
        Fault(
            "cc-killed", "The holder's CC is killed; 3 s later the cloud enables the other",
            (
                Step("CC killed (-9)", lambda s: s.controller(s.holder, signal.SIGKILL), watch=1.0),
                Step("the other CC enabled", lambda s: (time.sleep(2.0), s.swap(), s.enable(s.holder))[2], within=flip,
                     why="the killed CC still counts as ENABLED (grace), and the newly enabled one outranks it"),
            ),
            ("default", "release"), True,
        ),
        Fault(
            "cc-dead-alone", "The holder's CC is killed and no other is enabled",
            (
                Step("CC killed (-9)", lambda s: s.controller(s.holder, signal.SIGKILL), NOBODY if release else HOLDER,
                     within=SILENT if release else 0.0, nobody=60 if release else TWO, watch=2 if release else SILENT,
                     why="no CC is ENABLED: `release`" if release else "no CC is ENABLED: `hold`"),
            ),
            ("default", "release"),
        ),
        Fault(
            "cc-hangs", "The holder's CC hangs; 3 s later the cloud enables the other; the first wakes up and is disabled",
            (
                Step("CC hangs (SIGSTOP)", lambda s: s.controller(s.holder, signal.SIGSTOP), watch=1.0),
                Step("the other CC enabled", lambda s: (time.sleep(2.0), s.swap(), s.enable(s.holder))[2], within=flip, watch=5.0,
                     why="the hanging CC still counts as ENABLED (grace), and the newly enabled one outranks it"),
                Step("the first goes on, is disabled",
                     lambda s: (s.controller(s.standby, signal.SIGCONT), s.disable(s.standby))[1], watch=3.0),
            ),
            ("default", "release"), True,
        ),
        Fault(
            "cc-hangs-at-lock", "The holder's CC hangs at its lock, so that GET answers; the cloud enables the other; the first goes on",
            (
                Step("CC hangs at its lock", lambda s: s.behave(s.holder, "lock"), watch=3.0),
                Step("the other CC enabled", lambda s: (s.swap(), s.enable(s.holder))[1], within=flip, watch=8.0,
                     why="the first one's file has ENABLED for as long as httpd answers, and the newly enabled one outranks it"),
                Step("the first goes on, is disabled", lambda s: (s.behave(s.standby, "normal"), s.disable(s.standby))[1], watch=3.0),
            ),
            ("default", "release"), True,
        ),
        Fault(
            "cc-resumes", "The holder's CC is killed, the cloud enables the other, and the first comes back and resumes ENABLED",
            (
                Step("CC killed (-9)", lambda s: s.controller(s.holder, signal.SIGKILL), watch=1.0),
                Step("the other CC enabled", lambda s: (s.swap(), s.enable(s.holder))[1], within=flip, watch=4.0),
                Step("the first resumes ENABLED", lambda s: s.resume(s.standby, "ENABLED"), watch=8.0,
                     why="a CC that resumes after a restart has not just been enabled"),
                Step("and is disabled", lambda s: s.disable(s.standby), watch=3.0),
            ),
            ("default", "release"),
        ),
        Fault(
            "cc-garbage", "The holder's CC answers garbage for 3 s, which is less than the grace; then until the end",
            (
                Step("garbage for 3 s",
                     lambda s: (s.behave(s.holder, "garbage"), time.sleep(3.0), s.behave(s.holder, "normal"))[0], watch=4.0),
                Step("garbage until the end", lambda s: s.behave(s.holder, "garbage"), watch=SILENT, also=says("holder", "UNKNOWN")),
            ),
        ),
        Fault(
            "cc-slow", "Both CCs take 90 % of the check's time-out to answer; then a flip",
            (
                Step("slow answers", lambda s: [s.behave(h, "slow", "1350") for h in CONTROLLERS][0], watch=SILENT),
                Step("CC flip", lambda s: s.flip(), within=flip + 1.35 + POLL, why="each GET takes 1.35 s"),
            ),
        ),
        Fault(
            "both-enabled", "The cloud enables the standby's CC as well, and later disables the first",
            (
                Step("both ENABLED", lambda s: (s.swap(), s.enable(s.holder))[1], within=flip, watch=5.0,
                     why="the controller enabled last wins, also when the other is not disabled yet"),
                Step("the first disabled", lambda s: s.disable(s.standby), watch=3.0),
            ),
            ("default", "release"), True,
        ),
        Fault(
            "none-enabled", "The cloud disables the holder's CC, and later enables the other",
            (
                Step("none ENABLED", lambda s: s.disable(s.holder), NOBODY if release else HOLDER, within=flip if release else 0.0,
                     nobody=60 if release else TWO, watch=5.0,
                     why="`release`: no CC is ENABLED" if release else "`hold`: stays where it was"),
                Step("the other enabled", lambda s: (s.swap(), s.enable(s.holder))[1], within=flip,
                     nobody=flip if release else TWO, why="`release`: until the check has detected it" if release else ""),
            ),
            ("default", "release"), True,
        ),
        Fault(
            "keepalived-killed", "All of keepalived is killed on the holder",
            (
                Step("keepalived killed (-9)", lambda s: s.keepalived(s.holder, signal.SIGKILL), within=SILENT, two=3.0, nobody=1.0,
                     watch=3.0, why="the kernel keeps the address of the killed keepalived until systemd has started it again; the new one "
                     "takes it off and, when nobody else has it by then, puts it back after its first check"),
            ),
            ("default", "release", "el-unit"), True,
        ),
        # P1 of the list of other platforms.
        Fault(
            "keepalived-parent-killed", "keepalived's first process alone is killed on the holder",
            (
                Step("first process killed (-9)", lambda s: s.keepalived_parent(s.holder, signal.SIGKILL), within=5.0, two=5.0, nobody=5.0,
                     watch=5.0, why="systemd starts it again when the processes that it left have ended"),
            ),
            ("el-unit",),
        ),
        Fault(
            "keepalived-killed-standby", "All of keepalived is killed on the standby",
            (Step("keepalived killed (-9)", lambda s: s.keepalived(s.standby, signal.SIGKILL), watch=5.0),),
        ),
        Fault(
            "frozen", "All processes of the holder's host stand still for 5 s",
            (
                Step("host frozen (podman pause)", lambda s: s.freeze(s.holder), STANDBY if release else BOTH,
                     within=DEATH, two=60.0, watch=4.0,
                     why="a kernel without processes keeps its addresses; nobody is left to remove them"),
                Step("and back", lambda s: s.thaw(s.holder), within=3.0, two=1.0, watch=4.0),
            ),
            ("default",), True,
        ),
        Fault(
            "power", "The holder's host loses its power; the cloud enables the other CC; the host comes back",
            (
                Step("host off", lambda s: s.power_off(s.holder), STANDBY, within=DEATH, nobody=DEATH, watch=3.0),
                Step("the other CC enabled", lambda s: (s.swap(), s.enable(s.holder))[1], watch=4.0),
                Step("the first on again, its CC DISABLED", lambda s: s.power_on(s.standby), watch=12.0),
            ),
        ),
        Fault(
            "link", "The holder's link to the node controllers goes down, and up again",
            (
                Step("link down", lambda s: s.link(s.holder, "down"), STANDBY, within=DEATH, nobody=DEATH, watch=4.0),
                Step("link up", lambda s: s.link(s.holder, "up"), within=flip + 1.0, watch=4.0),
            ),
        ),
        Fault(
            "vrrp-cut", "VRRP does not get through between the hosts for 8 s",
            (
                Step("VRRP blocked", lambda s: s.block_vrrp(True), HOLDER if release else BOTH,
                     within=0.0 if release else DEATH + 0.5, two=0.0 if release else 60.0, watch=8.0,
                     why="" if release else "neither receives the other's adverts: two holders for as long as the cut lasts"),
                Step("VRRP heals", lambda s: s.block_vrrp(False), within=1.0, two=1.0, watch=4.0, also=neighbour_right,
                     why=f"nc1's ARP entry is corrected within {REFRESH:g} s, by the holder's next gratuitous ARP"),
            ),
            ("default", "release"),
        ),
        Fault("starved", "Both hosts are starved of CPU for 60 s", (Step("CPU starved", starve, watch=5.0),), ("default", "release")),
        Fault("flips", "50 flips in a row", many_flips(setting, 50), ("default",), once=True),
        Fault(
            "disk-full", "The holder has no room for the check's memory; then its CC hangs for 3 s",
            (
                Step("disk full", lambda s: s.fill(s.holder), watch=5.0),
                Step("CC hangs for 3 s",
                     lambda s: (s.controller(s.holder, signal.SIGSTOP), time.sleep(3.0), s.controller(s.holder, signal.SIGCONT))[0],
                     watch=5.0, why="without memory there is no grace, but no other CC is ENABLED either"),
            ),
        ),
        Fault(
            "clock", "The holder's CC has a clock 1 h off from the one who asks; then the cloud enables the other CC",
            (
                Step("CC's clock 1 h behind", lambda s: s.wrong_clock(s.holder, -1), watch=SILENT,
                     why="the CC rejects requests made later than its own time; no other CC is ENABLED",
                     # A query each 10 s.
                     also=says("holder", "is the clock right?", 25.0)),
                Step("the other CC enabled", lambda s: (s.swap(), s.enable(s.holder))[1], within=flip),
            ),
            ("soap",),
        ),
        Fault(
            "certificate", "The cloud's certificate has expired on both hosts; then a flip",
            (
                Step("certificate expired", lambda s: s.expire_certificates(), watch=SILENT,
                     why="a CC compares the certificate with its own and ignores its dates; eucalyptus.ha.status warns of it"),
                Step("CC flip", lambda s: (s.set_state(s.holder, "DISABLED"), s.swap(), s.set_state(s.holder, "ENABLED"))[0],
                     within=flip + 1.0, why="the two CCs get their new states one after the other, half a second apart"),
            ),
            ("soap",),
        ),
    ]  # fmt: skip
    return tuple(fault for fault in faults if setting in fault.settings)
