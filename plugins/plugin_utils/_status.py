# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the formats of filter gateway_report have in common: input, order, words. Private to the collection."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _connections_status, _verdict, _verdict_words

STATE_WORDS = {name: name.upper() for name in _verdict.GRAVITY}

# The verdict in a column of a table, and in a headline.
VERDICT_WORDS = {
    "ok": ("ok", "the gateway works"),
    "maintenance": ("maintenance", "a host is in maintenance"),
    "run_in_progress": ("in progress", "a run is in progress"),
    "no_standby": ("no standby", "the gateway works but could not fail over"),
    "certificate_expired": ("expired", "the gateway works, but a certificate has expired"),
    "absent": ("absent", "nobody holds the VIP"),
    "split": ("split brain", "more than one machine holds the VIP"),
    "wrong_holder": ("wrong holder", "the wrong machine holds the VIP"),
    "no_controller_enabled": ("none ENABLED", "no cluster controller is ENABLED"),
    "two_controllers_enabled": ("two ENABLED", "two cluster controllers are ENABLED"),
    "not_deployed": ("not deployed", "the gateway is not deployed"),
    "unknown": ("unknown", "not everything could be checked"),
}

_DIGITS = re.compile(r"(\d+)")
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_EPOCH = re.compile(r"[0-9]{9,11}(\.[0-9]+)?\Z")  # from 1973 on: fewer digits are a year, or a date
_NEEDED = ("cluster", "vip", "verdict", "severity_name", "sentence", "advice", "holders", "enabled", "rows", "warnings", "notes")


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
        if one["severity_name"] not in STATE_WORDS:
            known = ", ".join(STATE_WORDS)
            raise ValueError(f"cluster {one['cluster']}: severity_name must be one of {known} (got {one['severity_name']!r})")
    return sorted(
        verdicts,
        key=lambda one: (-_verdict.GRAVITY.index(one["severity_name"]), natural(str(one["cluster"])), str(one["vip"])),
    )


def counts(verdicts: list[Mapping]) -> list[tuple[str, int]]:
    """(severity's name, how many), worst first, without those that do not occur."""
    found = [(name, sum(one["severity_name"] == name for one in verdicts)) for name in reversed(_verdict.GRAVITY)]
    return [(name, number) for name, number in found if number]


def summary(verdict: Mapping) -> str:
    """'PROBLEM: nobody holds the VIP', 'WARNING: the gateway works but could not fail over'."""
    kind, words = verdict["severity_name"], verdict_words(verdict)[1]
    if verdict["verdict"] == "ok" and kind != "ok":
        words += ", but something needs attention"
    if verdict["verdict"] == "absent" and verdict["holders"]:
        words = "node controllers cannot reach the VIP"
    return f"{'PROBLEM' if kind == 'critical' else STATE_WORDS[kind]}: {words}"


def headline(verdicts: list[Mapping]) -> str:
    """The summary of one verdict; 'All 3 gateways work.' or '2 of 3 gateways need attention: 1 critical, 1 warning.'"""
    total = len(verdicts)
    if not total:
        return "No gateways."
    if total == 1:
        return summary(verdicts[0])
    bad = [(name, number) for name, number in counts(verdicts) if name != "ok"]
    if not bad:
        return f"All {total} gateways work."
    need = sum(number for _name, number in bad)
    kinds = ", ".join(f"{number} {name}" for name, number in bad)
    return f"{need} of {total} gateways need{'s' if need == 1 else ''} attention: {kinds}."


def verdict_words(verdict: Mapping) -> tuple[str, str]:
    """The verdict in at most 12 characters, and as a clause."""
    name = plain(verdict["verdict"])
    return VERDICT_WORDS.get(verdict["verdict"], (name, name))


def everybody(verdict: Mapping) -> list[str]:
    """All that hold the VIP: hosts by name, unknown machines by MAC address."""
    return [*verdict["holders"], *(verdict.get("strangers") or [])]


def joined(items: Any) -> str:
    """'cc1, cc2', or '-' for none."""
    return ", ".join(plain(one) for one in items) or "-"


def row_cells(row: Mapping) -> dict[str, str]:
    """One controller's row of a verdict as words for people."""
    held = row.get("held")
    holds = "unknown" if held is None else "no"
    if held:
        holds = f"yes, {plain(row['interface'])}" if row.get("interface") else "yes"
    running = row.get("keepalived_running")
    keepalived = {True: "running", False: "not running", None: "unknown"}[running]
    if running and row.get("keepalived_state"):
        keepalived = plain(row["keepalived_state"])
    days = row.get("certificate_days_left")
    certificate = "-"
    if days is not None:
        certificate = f"{days:.0f} days" if days >= 0 else f"expired {-days:.0f} days ago"
    notes = []
    if row.get("asked") is False:
        notes.append("not queried")
    elif not row.get("reachable"):
        notes.append("unreachable")
    if row.get("deployed") is False:
        notes.append("not deployed")
    if row.get("maintenance"):
        notes.append("maintenance")
    if connections := _connections_status.note(row):
        notes.append(connections)
    return {
        "name": plain(row.get("name")),
        "state": plain(row.get("local_state")) if row.get("local_state") else "unknown",
        "holds": holds,
        "since": plain(row.get("since")) if row.get("since") else "-",
        "seen_by": joined(row.get("seen_by") or []),
        "keepalived": keepalived,
        "certificate": certificate,
        "notes": ", ".join(notes) or "-",
    }


def view_sentence(row: Mapping) -> str:
    """One view's row of a verdict as a clause: what it saw."""
    if not row.get("asked"):
        return f"could not be queried: {plain(row.get('error'))}"
    holders = [plain(one) for one in row.get("holders") or []]
    foreign = [plain(one) for one in row.get("foreign_macs") or []]
    macs = [plain(one) for one in row.get("macs") or []]
    if not holders and not macs:
        return "gets no answer from the VIP"
    who = holders + [f"an unknown machine ({mac})" for mac in foreign]
    if not who:
        return f"gets an answer from {_verdict_words.names(macs)}"
    detail = f" ({_verdict_words.names(macs)})" if macs and not foreign else ""
    return f"gets {'an answer' if len(who) == 1 else 'answers'} from {_verdict_words.names(who)}{detail}"


def moment(value: Any) -> tuple[str, float | None]:
    """The time of a report (epoch seconds, ISO 8601 text or a datetime) -> (text for people, epoch seconds).

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
