# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What was recorded during a drill, turned into figures, a verdict against limits, and sentences. Private to the collection.

Every host recorded by its own clock. All times are put on that of the observer, by the offsets that it measured; where one
could not be measured the clocks are taken as equal, with a note in the report.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _timeline

# Lines of keepalived's log that show it has detected: 1.3 to 2.3 word them differently.
DETECTED = re.compile(
    r"effective priority|now returning|VRRP_Script\(.*\) (succeeded|failed)|Entering (MASTER|FAULT)|"
    r"Master received|master timeout|Transition to (MASTER|FAULT)|forcing (new )?MASTER|lower priority",
    re.IGNORECASE,
)
# The same as short-unix lines of the journal: time, host, program[pid]: text.
JOURNAL = re.compile(r"^(\d+\.\d+) \S+ [^:]*keepalived[^:]*: (.*)$", re.IGNORECASE)
LIMITS = {
    "takeover": "time until the other host holds the VIP",
    "gap": "longest time without an answer from the VIP",
    "gap_beyond": "longest time without an answer from beyond the gateway",
    "overlap": "time with two holders",
}
VIP = "VIP"


class DrillError(Exception):
    """The recording cannot be evaluated; the message names what is missing."""


def log_events(lines: list[str]) -> list[tuple[float, str]]:
    """(time, text) of the journal's lines that show that keepalived detected something."""
    found = []
    for line in lines:
        matched = JOURNAL.match(line)
        if matched and DETECTED.search(matched.group(2)):
            found.append((float(matched.group(1)), matched.group(2)))
    return found


class Clocks:
    """Puts times of other hosts' clocks on the observer's."""

    def __init__(self, observer: str, addresses: Mapping[str, str], measured: Mapping[str, Any]):
        self.observer = observer
        self.offsets = {name: measured.get(address) for name, address in addresses.items()}
        self.missing: set[str] = set()
        self.uncertainty = 0.0

    def convert(self, host: str, when: float) -> float:
        if host == self.observer:
            return when
        offset = self.offsets.get(host)
        if not offset:
            self.missing.add(host)
            return when
        self.uncertainty = max(self.uncertainty, offset["uncertainty"])
        return when - float(offset["offset"])


def report(recording: Mapping[str, Any]) -> dict[str, Any]:
    """The figures of a drill. Raises DrillError."""
    try:
        return _report(recording)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise DrillError(f"the recording is not complete: {type(error).__name__} {error}") from error


def _report(data: Mapping[str, Any]) -> dict[str, Any]:
    view = data["view"]
    clocks = Clocks(data["observer"], data["addresses"], view.get("clocks") or {})
    vip, source = data["vip"], data["holder"]
    notes: list[str] = []

    silent = [host for host, own in data["hosts"].items() if not own or "moves" not in own]
    if silent:
        notes.append(f"{', '.join(silent)} could not be recorded: whether they held the VIP is not known.")
    recorded = {host: own for host, own in data["hosts"].items() if host not in silent}
    if not recorded:
        raise DrillError("no cluster controller's host was recorded")
    moves = [
        (clocks.convert(host, move["at"]), host, bool(move["held"]))
        for host, own in recorded.items() for move in own["moves"] if move["vip"] == vip
    ]  # fmt: skip
    initial = {host: bool(own["initial"].get(vip)) for host, own in recorded.items()}
    begin = max([view["begin"]] + [clocks.convert(host, own["begin"]) for host, own in recorded.items()])
    end = min([view["end"]] + [clocks.convert(host, own["end"]) for host, own in recorded.items()])
    timeline = _timeline.periods(initial, moves, begin, end)

    detected = sorted(
        (clocks.convert(host, when), host, text)
        for host, lines in (data.get("log") or {}).items() for when, text in log_events(lines)
    )  # fmt: skip
    detected = [one for one in detected if begin <= one[0] <= end]
    triggered = data.get("triggered")
    since = clocks.convert(triggered["clock"], triggered["at"]) if triggered else None
    if since is None:
        # The moment of the trigger is not known: the first sign of it is used instead.
        signs = [when for when, _host, _came in moves if when > begin] + [when for when, _host, _text in detected]
        signs += [gap.begin for samples in view["samples"].values() for gap in _timeline.gaps(samples, begin, end)]
        since = min(signs, default=begin)
        notes.append("The time of the trigger is not recorded; times are counted from the first sign of it.")
    restored = data.get("restored")
    until = min(end, clocks.convert(restored["clock"], restored["at"])) if restored else end

    there = _phase(view, timeline, since, until, source)
    back = _back(view, timeline, until, end, source) if restored else None
    detection = next((when - since for when, _host, _text in detected if when >= since), None) if triggered else None
    if clocks.missing:
        notes.append(
            f"The clock of {', '.join(sorted(clocks.missing))} could not be compared with {clocks.observer}'s and was taken as equal."
        )
    result = {
        "cluster": data["cluster"],
        "vip": vip,
        "trigger": data["trigger"],
        "observer": data["observer"],
        "when": datetime.fromtimestamp(since, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "since": since,
        "from": source,
        "to": there.pop("to"),
        "detection": _rounded(detection),
        **there,
        "back": back,
        "clock_uncertainty": round(clocks.uncertainty, 4),
        "timeline": [
            {"begin": round(one.begin - since, 4), "end": round(one.end - since, 4), "holders": list(one.holders)} for one in timeline
        ],
        "events": [{"at": round(when - since, 4), "host": host, "text": text} for when, host, text in detected],
        "answers": _answers(view, data.get("macs") or {}, since),
        "notes": notes,
    }
    result["limits"] = judge(result, data.get("limits") or {})
    result["passed"] = result["to"] is not None and all(limit["met"] for limit in result["limits"])
    result["sentence"] = _sentence(result)
    result["lines"] = _lines(result)
    return result


def _phase(
    view: Mapping[str, Any], timeline: list[_timeline.Period], since: float, until: float, source: str
) -> dict[str, Any]:
    part = _timeline.within(timeline, since, until)
    others = [host for one in part for host in one.holders if host != source]
    to = others[0] if others else None
    return {
        "to": to,
        "takeover": _rounded(_timeline.first_held(part, since, to) if to else None),
        "released": _rounded(next((one.begin - since for one in part if source not in one.holders), None)),
        **_losses(view, part, since, until),
    }


def _back(
    view: Mapping[str, Any], timeline: list[_timeline.Period], since: float, end: float, source: str
) -> dict[str, Any]:
    part = _timeline.within(timeline, since, end)
    return {
        "since": since,
        "returned": _rounded(_timeline.first_held(part, since, source)),
        **_losses(view, part, since, end),
    }


def _losses(view: Mapping[str, Any], part: list[_timeline.Period], begin: float, end: float) -> dict[str, Any]:
    targets = []
    for name, samples in view["samples"].items():
        found = _timeline.gaps(samples, begin, end)
        targets.append(
            {
                "name": name,
                "sent": sum(1 for sent, _rtt in samples if begin <= sent <= end),
                "lost": sum(gap.lost for gap in found),
                "longest_gap": _rounded(max((gap.length for gap in found), default=0.0)),
            }
        )
    return {
        "overlap": _rounded(_timeline.time_with(part, at_least=2)),
        "absent": _rounded(_timeline.time_with(part, exactly=0)),
        "targets": targets,
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4)


def _answers(view: Mapping[str, Any], macs: Mapping[str, str], since: float) -> list[dict[str, Any]]:
    return [
        {
            "host": macs.get(one["mac"].lower(), one["mac"]),
            "begin": round(one["from"] - since, 4),
            "end": round(one["to"] - since, 4),
        }
        for one in view.get("answers") or []
    ]


def judge(result: Mapping[str, Any], limits: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each limit that is set, with what was measured and by how much it is missed. The way back counts as well."""
    for name in limits:
        if name not in LIMITS:
            raise DrillError(f"limits: {name} must be one of {', '.join(LIMITS)}")
    phases = [result] + ([result["back"]] if result.get("back") else [])
    beyond = [target["longest_gap"] for phase in phases for target in phase["targets"] if target["name"] != VIP]
    measured = {
        "takeover": result["takeover"],
        "gap": max(target["longest_gap"] for phase in phases for target in phase["targets"] if target["name"] == VIP),
        "gap_beyond": max(beyond) if beyond else None,
        "overlap": max(phase["overlap"] for phase in phases),
    }
    found = []
    for name, limit in limits.items():
        if not float(limit or 0) or (name == "gap_beyond" and not beyond):
            continue
        value = measured[name]
        found.append(
            {
                "name": name,
                "limit": float(limit),
                "measured": value,
                "met": value is not None and value <= float(limit),
                "by": None if value is None else round(value - float(limit), 4),
            }
        )
    return found


def _sentence(result: Mapping[str, Any]) -> str:
    if result["to"] is None:
        return f"The drill failed: no other host took over the VIP {result['vip']} from {result['from']}."
    missed = [limit for limit in result["limits"] if not limit["met"]]
    moved = f"{result['vip']} went from {result['from']} to {result['to']} in {result['takeover']:.2f} s"
    if not missed:
        return f"The drill passed: {moved}, within every limit."
    words = "; ".join(
        f"{LIMITS[one['name']]}: {one['measured']:.2f} s, {one['by']:.2f} s over the limit of {one['limit']:g} s" for one in missed
    )
    return f"The drill failed: {moved}, but {words}."


def _seconds(value: float | None) -> str:
    return "not seen" if value is None else f"{value:.3f} s"


def _after(words: str, otherwise: str, seconds: float | None) -> str:
    return otherwise if seconds is None else f"{words} after {_seconds(seconds)}"


def _lines(result: Mapping[str, Any]) -> list[str]:
    detected = _after("keepalived logged the failure", "keepalived logged no failed check", result["detection"])
    arrived = _after(f"{result['to']} had the VIP", "no other host got the VIP", result["takeover"])
    left = _after(f"{result['from']} released it", f"{result['from']} never released it", result["released"])
    lines = [
        result["sentence"],
        f"Trigger: {result['trigger']}, {result['when']}; measured from {result['observer']}.",
        f"{detected}; {arrived}; {left}.",
    ]
    for words, phase in (("Failover", result), ("Return", result["back"])):
        if not phase:
            continue
        returned = f" (returned after {_seconds(phase['returned'])})" if "returned" in phase else ""
        lines.append(
            f"{words}{returned}: two holders for {_seconds(phase['overlap'])}, nobody for {_seconds(phase['absent'])}."
        )
        lines += [
            f"  {target['name']}: {target['lost']} of {target['sent']} lost, longest gap {_seconds(target['longest_gap'])}"
            for target in phase["targets"]
        ]
    lines += [
        f"Limit on {LIMITS[one['name']]}: {one['limit']:g} s, {'met' if one['met'] else 'EXCEEDED'} ({_seconds(one['measured'])})"
        for one in result["limits"]
    ]
    return lines + list(result["notes"])
