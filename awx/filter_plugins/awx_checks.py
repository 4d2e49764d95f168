# SPDX-License-Identifier: GPL-3.0-or-later
"""What configure.yml decides from AWX's answers."""

from __future__ import annotations

from typing import Any

ENCRYPTED = "$encrypted$"


def _fields(item: dict[str, Any]) -> dict[str, Any]:
    """The fields of a credential or of a notification template, whichever it is."""
    return item.get("inputs") or item.get("notification_configuration") or {}


def awx_missing_secrets(entries: list[dict], answers: list[list[dict]]) -> list[str]:
    """One sentence for each required secret that neither AWX has nor this run is given. `answers` has what AWX has of each entry."""
    missing = []
    for entry, there in zip(entries, answers, strict=True):
        in_awx = _fields(there[0]) if there else {}
        given = _fields(entry)
        for field, variable in entry["required_secrets"].items():
            if not given.get(field) and in_awx.get(field) != ENCRYPTED:
                missing.append(f"{variable} is not set ({field} of {entry['name']}).")
    return missing


def awx_sync_problem(update: dict[str, Any], events: list[dict], controller: str) -> str:
    """Why AWX could not fetch a project, and what to check, from its last update and the failed events of that."""
    results = [event["event_data"].get("res") or {} for event in events]
    reasons = [
        result.get("stderr") if result.get("msg", "") in ("", "non-zero return code") else result["msg"]
        for result in results
        if isinstance(result, dict)
    ]
    reasons += [update.get("job_explanation"), (update.get("result_traceback") or "").strip().rpartition("\n")[2]]
    reason = next((" ".join(text.split()) for text in reasons if text and text.strip()), "AWX gives no reason")
    return f"{reason.rstrip('.')}. Its output: {controller.rstrip('/')}/#/jobs/project/{update['id']}/output"


def awx_schedule_enabled(entry: dict[str, Any], there: list[dict], jobs: list[dict]) -> bool:
    """Whether a schedule is to be on. One that waits for a template stays off until that has had a successful job.

    What is on stays on, since AWX deletes old jobs. What somebody switched off stays off until the next such job.
    """
    if "enabled_after" not in entry:
        return bool(entry.get("enabled", True))
    if there and there[0]["enabled"]:
        return True
    since = there[0]["modified"] if there else ""
    return any(job["finished"] > since for job in jobs)


class FilterModule:
    def filters(self) -> dict[str, Any]:
        return {
            "awx_missing_secrets": awx_missing_secrets,
            "awx_schedule_enabled": awx_schedule_enabled,
            "awx_sync_problem": awx_sync_problem,
        }
