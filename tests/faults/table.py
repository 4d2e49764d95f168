# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcomes as a table, for docs/faults.md. Every figure in it was measured by the run that wrote it."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from datetime import datetime, timezone

HEAD = (
    "settings", "what happens", "who must hold the VIP", "runs", "in place after", "two holders", "nobody", "nc1: VIP",
    "nc1: outside", "outcome",
)  # fmt: skip

INTRODUCTION = """\
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by tests/faults (make test-full); do not edit. -->
# What happens when things break

Each fault was provoked in the lab that the demo uses (tests/lab), and measured there: {when},
{machine}, load {load} when the table was written.
Times are seconds. *In place after*: from the fault to the moment from which the right hosts held the VIP; median and, in
brackets, the longest. *Two holders* and *nobody*: for how long, the longest of all runs, and what was allowed. *nc1*: the
longest time for which a node controller, asking every 10 ms, got no answer from the VIP and from a host beyond the gateway.

"""


def machine() -> dict[str, str]:
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    podman = subprocess.run(["podman", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "load": f"{os.getloadavg()[0]:.1f}",
        "machine": f"{os.cpu_count()} CPUs, {release}, Linux {platform.release()}, {podman}",
    }


def page(outcomes: list[dict], about: dict[str, str]) -> str:
    lines = rows(outcomes)
    count = len(outcomes)
    bad = sum(1 for one in outcomes if one["trouble"])
    text = INTRODUCTION.format(**about)
    text += (
        f"{count} steps were measured; {'all were' if not bad else f'{count - bad} of them were'} as they must be.\n\n"
    )
    text += "\n".join(lines) + "\n"
    reasons = _unique(
        f"{one['fault']}, {one['step']} ({one['setting']}): {one['why']}." for one in outcomes if one["why"]
    )
    if reasons:
        text += "\n## Why some take longer, or have two holders\n\n" + "\n".join(f"- {line}" for line in reasons) + "\n"
    if bad:
        text += "\n## What was not as it must be\n\n"
        text += (
            "\n".join(
                f"- {one['setting']}, {one['fault']}, {one['step']}: {words}"
                for one in outcomes
                for words in one["trouble"]
            )
            + "\n"
        )
    return text


def rows(outcomes: list[dict]) -> list[str]:
    keys = _unique((one["setting"], one["fault"], one["step"]) for one in outcomes)
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for key in keys:
        group = [one for one in outcomes if (one["setting"], one["fault"], one["step"]) == key]
        lines.append("| " + " | ".join(_row(group)) + " |")
    return lines


def _row(group: list[dict]) -> list[str]:
    first = group[0]
    settled = [one["settled"] for one in group if one["settled"] is not None]
    bad = sum(1 for one in group if one["trouble"])
    place = "-"
    if settled and first["within"]:
        place = f"{statistics.median(settled):.2f} ({max(settled):.2f}; {first['within']:g})"
    return [
        first["setting"],
        f"{first['fault']}: {first['step']}",
        first["must_hold"],
        str(len(group)),
        place,
        f"{max(one['two'] for one in group):.2f} ({first['two_limit']:g})",
        f"{max(one['nobody'] for one in group):.2f} ({first['nobody_limit']:g})",
        f"{max(one['gap_vip'] for one in group):.2f}",
        f"{max(one['gap_outside'] for one in group):.2f}",
        "as it must" if not bad else f"**{bad} of {len(group)} not**",
    ]


def _unique(items) -> list:
    return list(dict.fromkeys(items))
