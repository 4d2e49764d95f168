# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which source the check uses on a host: the controller's state file, or SOAP.

Private to the collection. Polling by SOAP empties the controller's topology and leaks memory in it (measured with the real controller
of eight releases, docs/dev/cc-protocol.md), so it is used only where the state file cannot serve, or on request.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

SOURCES = ("auto", "state_file", "soap")
# The least interval of SOAP requests, in seconds. The cloud controller restores the topology every 10 to 20 s.
SOAP_INTERVAL = 10
COST = (
    "each SOAP request empties the controller's topology until the cloud controller's next heartbeat (10 to 20 s) and leaks about 9 kB "
    "in its httpd"
)


@dataclass(frozen=True)
class Decision:
    """The source to use, and why: `evidence` is one sentence. `level` is ok, warning or error."""

    source: str
    evidence: str
    level: str = "ok"

    def as_dict(self) -> dict[str, str]:
        return {"source": self.source, "evidence": self.evidence, "level": self.level}


def _said(answer: dict) -> str:
    return str(answer.get("message") or "the check printed nothing")


def _soap(requested: str, why: str) -> Decision:
    if requested == "soap":
        return Decision("soap", f"cc_gateway_check_source is soap: {COST}; state_file does neither", "warning")
    if requested == "state_file":
        return Decision("state_file", f"cc_gateway_check_source must be auto or soap on this host: {why}", "error")
    return Decision("soap", f"the check uses SOAP, since {why}. {COST[0].upper()}{COST[1:]}", "warning")


def decide(requested: str, before: dict[str, Any], soap: dict[str, Any], after: dict[str, Any]) -> Decision:
    """Choose from what the host showed.

    :param requested: cc_gateway_check_source
    :param before: the check's --json with --source state_file
    :param soap: the same with --source soap, once, after `before`
    :param after: the state file once more, after `soap`, so that a change of state in between is no disagreement
    """
    if requested == "soap":
        return _soap(requested, "")
    trouble = after.get("trouble")
    if trouble == "layout":
        return _soap(requested, f"the layout of the state file is not recognised ({_said(after)})")
    if trouble == "unreadable":
        return Decision(
            "state_file",
            f"cc_gateway_controller.user must be the user that the cluster controller runs as, who owns the state file ({_said(after)})",
            "error",
        )
    if trouble == "absent":
        return Decision(
            "state_file", "the check reads the state file, which is not there yet: the controller writes it at the cloud controller's "
            "first heartbeat"
        )
    file_states = [answer["local_state"] for answer in (before, after) if answer.get("definite")]
    if not file_states:
        return Decision("state_file", f"the check reads the state file; the controller does not respond now ({_said(after)})", "warning")
    if not soap.get("definite"):
        return Decision(
            "state_file",
            f"the check reads the state file ({file_states[-1]}); not compared with a SOAP answer ({_said(soap)})",
        )
    if soap["local_state"] in file_states:
        return Decision("state_file", f"the check reads the state file, which agrees with the controller's SOAP answer "
                        f"({soap['local_state']})")
    if len(set(file_states)) > 1:
        return Decision("state_file", "the check reads the state file; not compared, since the state changed meanwhile")
    return _soap(requested, f"the state file contains {file_states[-1]} and the controller answers {soap['local_state']}")
