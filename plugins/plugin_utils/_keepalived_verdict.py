# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``keepalived --config-test`` means by its exit code and by what it says. Private to this collection.

Source: ``lib/scheduler.h`` and ``keepalived/core/main.c`` of 2.2.7 and 2.3.3, the ChangeLog for 2.0.4 and 2.0.5, and
trying 2.1.5, 2.2.7 and 2.3.3. The manual page of 2.2 and 2.3 still names the codes of 2.0 (3, 4, 5). 2.1.5
(Debian 11) exits with 0 whatever it finds, unless nothing at all is left to run; but it is silent when all is well. The
option came with 2.0.4, which always exits with 0 and reports to syslog only, so the test is of use from 2.0.5 on.
"""

from __future__ import annotations

import re
from typing import Any

_CODES = {0: "good", 4: "fatal", 5: "errors", 6: "security"}
# Releases whose codes and words agree. Before, the words decide.
_RELIABLE_SINCE = (2, 2, 0)

_SAY = {
    "good": "finds no fault with this configuration",
    "errors": "would run with a part of this configuration only",
    "fatal": "would not run with this configuration",
    "security": "has scripts to run but script security is off: set enable_script_security and script_user in global_defs",
    "failed": "did not finish the test",
}
_PLACE = re.compile(r"^\((?:[^()]*: )?Line \d+\) ")
# keepalived repeats a line that it cannot read.
_SECRET = re.compile(r"\b((?:auth_pass|password)\s+).*")
# What the role's own look at the host found, beside keepalived.
OURS = "@ "


def parts(version: str) -> tuple[int, ...]:
    """``2.2.7`` as numbers, for comparison; the empty tuple when there are none."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def _lines(output: str) -> tuple[list[str], list[str]]:
    """What keepalived said and what we found. The file is read more than once, and each time the same is said."""
    said: dict[str, str] = {}
    ours: dict[str, str] = {}
    for line in output.splitlines():
        text = _SECRET.sub(r"\1********", line.strip())
        if text.startswith(OURS.strip()):
            ours.setdefault(text, text[len(OURS) :])
        elif text:
            # Of two equal sentences the one that names the file and line last is the better.
            said[_PLACE.sub("", text)] = text
    return list(said.values()), list(ours.values())


def _by_words(code: int, said: list[str]) -> str:
    serious = [line for line in said if "SECURITY VIOLATION" not in line]
    if code not in (0, 3, 4, 5, 6):
        return "failed"
    if serious:
        return "fatal" if code in (3, 4) else "errors"
    if said:
        return "security"
    return "good" if code == 0 else "errors"


def verdict(code: int, output: str, version: str) -> dict[str, Any]:
    """``state``, ``message`` and ``said`` for one run.

    :param code: exit code; -15 or 143 is a run that ended by a signal.
    :param output: what the run printed.
    :param version: of the keepalived that ran.
    """
    said, ours = _lines(output)
    if parts(version) >= _RELIABLE_SINCE:
        state = _CODES.get(code, "failed")
        # Seen with 2.2.7: it says so and exits with 0 (vrrp_ipsets in a build without iptables).
        if state == "good" and any("Unknown keyword" in line for line in said):
            state = "errors"
    else:
        state = _by_words(code, said)
    message = f"keepalived {version} {_SAY[state]} (exit code {code})" + (
        ", but the host does." if state == "good" and ours else "."
    )
    if said and state != "good":
        message += " It says: " + "; ".join(said) + "."
    if ours:
        message += " On the host: " + "; ".join(ours) + "."
        if state in ("good", "security"):
            state = "errors"
    return {"state": state, "message": message, "said": said + ours}
