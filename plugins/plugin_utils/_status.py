# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the three ways to show verdicts have in common: input, order, words. Private to the collection."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _verdict

STATE_WORDS = {_verdict.OK: "OK", _verdict.WARNING: "WARNING", _verdict.CRITICAL: "CRITICAL", _verdict.UNKNOWN: "UNKNOWN"}

VERDICT_WORDS = {
    "ok": "ok",
    "absent": "absent",
    "split": "split brain",
    "wrong_holder": "wrong holder",
    "no_controller_enabled": "none ENABLED",
    "two_controllers_enabled": "two ENABLED",
    "maintenance": "maintenance",
    "unknown": "unknown",
}

_DIGITS = re.compile(r"(\d+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EPOCH = re.compile(r"[0-9]{9,11}(\.[0-9]+)?\Z")  # from 1973 on: fewer digits are a year, or a date
_NEEDED = ("cluster", "vip", "verdict", "severity", "sentence", "advice", "holders", "enabled", "rows", "warnings")


def plain(value: Any) -> str:
    """A text without characters that could play tricks on a terminal or a page: they become a replacement character."""
    return _CONTROL.sub("\ufffd", "" if value is None else str(value))


def natural(text: str) -> list[Any]:
    """A sorting key under which cc2 comes before cc10."""
    return [(0, int(part), "") if part.isdecimal() else (1, 0, part) for part in _DIGITS.split(text.casefold())]


def ordered(verdicts: Any) -> list[Mapping]:
    """One verdict or a list of them -> list, worst first, then by the cluster's name. Raises ValueError."""
    if isinstance(verdicts, Mapping):
        verdicts = [verdicts]
    if not isinstance(verdicts, (list, tuple)):
        raise ValueError(f"expected verdicts of eucalyptus.ha.gateway_verdict, got {type(verdicts).__name__}")
    for one in verdicts:
        if not isinstance(one, Mapping) or any(key not in one for key in _NEEDED):
            raise ValueError("expected verdicts of eucalyptus.ha.gateway_verdict, got something else")
        if one["severity"] not in STATE_WORDS:
            raise ValueError(f"cluster {one['cluster']}: {one['severity']!r} is no severity")
    return sorted(
        verdicts,
        key=lambda one: (_verdict.WORST_FIRST.index(one["severity"]), natural(str(one["cluster"])), str(one["vip"])),
    )


def counts(verdicts: list[Mapping]) -> list[tuple[int, int]]:
    """(severity, how many), worst first, without those that do not occur."""
    found = [(severity, sum(one["severity"] == severity for one in verdicts)) for severity in _verdict.WORST_FIRST]
    return [(severity, number) for severity, number in found if number]


def headline(verdicts: list[Mapping]) -> str:
    """'All 3 gateways are ok.' or '2 of 3 gateways need a look: 1 critical, 1 warning.'"""
    total = len(verdicts)
    if not total:
        return "No gateways."
    bad = [(severity, number) for severity, number in counts(verdicts) if severity != _verdict.OK]
    if not bad:
        return "The gateway is ok." if total == 1 else f"All {total} gateways are ok."
    if total == 1:
        words = verdict_words(verdicts[0]) if verdicts[0]["verdict"] != "ok" else STATE_WORDS[bad[0][0]].lower()
        return f"The gateway needs a look: {words}."
    need = sum(number for _severity, number in bad)
    kinds = ", ".join(f"{number} {STATE_WORDS[severity].lower()}" for severity, number in bad)
    return f"{need} of {total} gateways need{'s' if need == 1 else ''} a look: {kinds}."


def verdict_words(verdict: Mapping) -> str:
    """The verdict as words, at most 12 characters."""
    return VERDICT_WORDS.get(verdict["verdict"], plain(verdict["verdict"]))


def state_and_verdict(verdict: Mapping) -> str:
    """'CRITICAL, split brain', or one of the two where they say the same."""
    state, words = STATE_WORDS[verdict["severity"]], verdict_words(verdict)
    return state if state.casefold() == words else f"{state}, {words}"


def everybody(verdict: Mapping) -> list[str]:
    """All who hold the VIP: hosts by name, and strangers by MAC address."""
    return [*verdict["holders"], *(verdict.get("strangers") or [])]


def joined(items: Any) -> str:
    """'cc1, cc2', or '-' for none."""
    return ", ".join(plain(one) for one in items) or "-"


def row_cells(row: Mapping) -> dict[str, str]:
    """One controller's row of a verdict as words for people."""
    held = row.get("held")
    holds = "not known" if held is None else "no"
    if held:
        holds = f"yes, {plain(row['interface'])}" if row.get("interface") else "yes"
    running = row.get("keepalived_running")
    keepalived = {True: "running", False: "stopped", None: "not known"}[running]
    if running and row.get("keepalived_state"):
        keepalived = plain(row["keepalived_state"])
    days = row.get("certificate_days_left")
    certificate = "-"
    if days is not None:
        certificate = f"{days:.0f} days" if days >= 0 else f"expired {-days:.0f} days ago"
    state = plain(row.get("local_state")) if row.get("local_state") else "not known"
    notes = []
    if not row.get("reachable"):
        notes.append("unreachable")
    if row.get("maintenance"):
        notes.append("maintenance")
    if not row.get("local_state") and row.get("state_message"):
        notes.append(plain(row["state_message"]))
    return {
        "name": plain(row.get("name")),
        "state": state,
        "holds": holds,
        "since": plain(row.get("since")) if row.get("since") else "-",
        "seen_by": joined(row.get("seen_by") or []),
        "keepalived": keepalived,
        "certificate": certificate,
        "notes": "; ".join(notes) or "-",
    }


def view_sentence(row: Mapping) -> str:
    """One view's row of a verdict as a clause: what it saw."""
    if not row.get("asked"):
        return f"could not be asked: {plain(row.get('error'))}"
    holders = [plain(one) for one in row.get("holders") or []]
    foreign = [plain(one) for one in row.get("foreign_macs") or []]
    macs = [plain(one) for one in row.get("macs") or []]
    if not holders and not macs:
        return "sees nobody answer for it"
    who = holders + [f"a stranger ({mac})" for mac in foreign]
    if not who:
        return f"sees {_verdict.names(macs)} answer for it"
    detail = f" ({_verdict.names(macs)})" if macs and not foreign else ""
    return f"sees {_verdict.names(who)} answer for it{detail}"


def moment(value: Any) -> tuple[str, float | None]:
    """The time a report was made (epoch seconds, ISO 8601 text or a datetime) -> (text for people, epoch seconds).

    Epoch seconds may come as text, as those of the facts do. Other text that is not ISO 8601 is shown as it is, without epoch seconds.
    """
    if isinstance(value, bool) or value is None or value == "":
        raise ValueError("the time of the report is missing")
    if isinstance(value, str) and _EPOCH.match(value.strip()):
        value = float(value)
    if isinstance(value, (int, float)):
        value = datetime.datetime.fromtimestamp(value, tz=datetime.timezone.utc)
    if isinstance(value, str):
        # Python 3.10 reads neither Z nor a fraction that has not three or six digits.
        text = re.sub(r"[Zz]\Z", "+00:00", value.strip())
        text = re.sub(r"\.(\d{1,6})\d*", lambda found: "." + found[1].ljust(6, "0"), text, count=1)
        try:
            value = datetime.datetime.fromisoformat(text)
        except ValueError:
            return plain(value), None
    if value.tzinfo is None:
        return value.strftime("%Y-%m-%d %H:%M:%S"), None
    value = value.astimezone(datetime.timezone.utc)
    return value.strftime("%Y-%m-%d %H:%M:%S UTC"), value.timestamp()
