# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``keepalived --config-test`` means by its exit code. Private to this collection.

Source: ``lib/scheduler.h`` and ``keepalived/core/main.c`` of the releases. The manual page of 2.2 and 2.3 still
names the codes of 2.0 (3, 4, 5).
"""

from __future__ import annotations

import re
from typing import Any

# From 2.0.4; 2.0.4 itself always exits with 0, 2.0.5 and later do not.
TESTABLE_SINCE = (2, 0, 5)

_OLD = {0: "good", 3: "fatal", 4: "errors", 5: "security"}
_NEW = {0: "good", 4: "fatal", 5: "errors", 6: "security"}
# The first release with the new codes.
_NEW_SINCE = (2, 0, 20)

_SAY = {
    "good": "finds no fault with this configuration",
    "errors": "would run with a part of this configuration only",
    "fatal": "would not run with this configuration",
    "security": "has scripts to run but script security is off: set enable_script_security and script_user in global_defs",
    "failed": "did not finish the test",
}
_PLACE = re.compile(r"^\((?:[^()]*: )?Line \d+\) ")


def parts(version: str) -> tuple[int, ...]:
    """``2.2.7`` as numbers, for comparison; the empty tuple when there are none."""
    return tuple(int(part) for part in re.findall(r"\d+", version)[:3])


def verdict(code: int, output: str, version: str) -> dict[str, Any]:
    """``state``, ``message`` and ``said`` for one run.

    :param code: exit code; -15 or 143 is a run that ended by a signal.
    :param output: what the run printed.
    :param version: of the keepalived that ran.
    """
    said: list[str] = []
    seen = set()
    for line in output.splitlines():
        text = line.strip()
        # The file is read more than once, and each time the same is said.
        bare = _PLACE.sub("", text)
        if text and bare not in seen:
            seen.add(bare)
            said.append(text)
    codes = _NEW if parts(version) >= _NEW_SINCE else _OLD
    state = codes.get(code, "failed")
    message = f"keepalived {version} {_SAY[state]} (exit code {code})."
    if said:
        message += " It says: " + "; ".join(said)
    return {"state": state, "message": message, "said": said}
