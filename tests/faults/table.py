# SPDX-License-Identifier: GPL-3.0-or-later
"""The outcomes as a table, for docs/faults.md. Every figure in it was measured by the run that wrote it."""

from __future__ import annotations

import os
import platform
import statistics
import subprocess
from datetime import datetime, timezone

from lab import commit

HEAD = (
    "settings", "what happens", "who must hold the VIP", "runs", "in place after", "two holders", "nobody", "nc1: VIP",
    "nc1: outside", "outcome",
)  # fmt: skip

INTRODUCTION = """\
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by tests/faults (make faults-all); do not edit. -->
# Measured: failures

What happens to the VIP and to a node controller's traffic in each failure: controllers, keepalived, hosts and networks that fail, in a
lab of containers (`tests/lab`), several times each. Times are in seconds.

| column | what it is |
|---|---|
| in place after | from the failure until the right host held the VIP, and kept it: median (longest; limit). `-`: the VIP was to stay |
| two holders, nobody | for how long two hosts, or none, held the VIP: the longest of all runs (limit) |
| nc1: VIP, nc1: outside | the longest time in which a node controller got no answer from the VIP, and from a host beyond the gateway;\
 it pings both every 10 ms |
| outcome | `pass`: every figure of every run was within its limit |

"""

FOOTER = """
---

*Written by `make faults-all` on {when}: {machine}, load {load}. Do not edit.*
"""


def machine() -> dict[str, str]:
    """What a page contains of where and when it was measured."""
    release = platform.freedesktop_os_release().get("PRETTY_NAME", "")
    podman = subprocess.run(["podman", "--version"], capture_output=True, text=True, check=False).stdout.strip()
    return {
        "when": datetime.now(timezone.utc).strftime("%Y-%m-%d"),
        "load": f"{os.getloadavg()[0]:.1f}",
        "machine": f"{os.cpu_count()} CPUs, {release}, Linux {platform.release()}, {podman}, {commit()}",
    }


def page(outcomes: list[dict], about: dict[str, str]) -> str:
    lines = rows(outcomes)
    count = len(outcomes)
    bad = sum(1 for one in outcomes if one["trouble"])
    text = INTRODUCTION
    text += (
        f"{count} measurements, {'all' if not bad else f'{count - bad}'} within their limits.\n\n"
    )
    text += "\n".join(lines) + "\n"
    reasons = _unique(
        f"{one['fault']}, {one['step']} ({one['setting']}): {one['why']}." for one in outcomes if one["why"]
    )
    if reasons:
        text += "\n## Why some limits are longer\n\n" + "\n".join(f"- {line}" for line in reasons) + "\n"
    if bad:
        text += "\n## Failed measurements\n\n"
        text += (
            "\n".join(
                f"- {one['setting']}, {one['fault']}, {one['step']}: {words}"
                for one in outcomes
                for words in one["trouble"]
            )
            + "\n"
        )
    return text + FOOTER.format(**about)


def rows(outcomes: list[dict]) -> list[str]:
    keys = _unique((one["setting"], one["fault"], one["step"]) for one in outcomes)
    lines = ["| " + " | ".join(HEAD) + " |", "|" + "---|" * len(HEAD)]
    for key in keys:
        group = [one for one in outcomes if (one["setting"], one["fault"], one["step"]) == key]
        lines.append("| " + " | ".join(_row(group)) + " |")
    return lines


def _row(group: list[dict]) -> list[str]:
    first = group[0]
    in_place = [one["settled"] for one in group if one["settled"] is not None]
    bad = sum(1 for one in group if one["trouble"])
    place = "-"
    if in_place and first["within"]:
        place = f"{statistics.median(in_place):.2f} ({max(in_place):.2f}; {first['within']:g})"
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
        "pass" if not bad else f"**{bad} of {len(group)} failed**",
    ]


def _unique(items) -> list:
    return list(dict.fromkeys(items))
