# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Verdicts in Prometheus' text exposition format, version 0.0.4. Private to the collection.

What is not known has no sample: 0 would be a value. Names are stable; alert rules of sites depend on them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _connections_status, _status, _verdict

PREFIX = "eucalyptus_gateway_"

# name -> help; all are gauges. The order is that of the output.
CLUSTER_METRICS = {
    "severity": "Severity of a cluster's gateway: 0 ok or planned work, 1 warning, 2 critical, 3 unknown.",
    "verdict": "1 for the verdict on a cluster's gateway, 0 for all other verdicts.",
    "holders": "Number of machines that hold the cluster's VIP.",
    "controllers_enabled": "Number of cluster controllers that are ENABLED.",
    "warnings": "Number of warnings beside the verdict.",
}
HOST_METRICS = {
    "host_reachable": "1 if Ansible could log in to the host.",
    "host_deployed": "1 if the gateway is deployed on the host.",
    "host_holds_vip": "1 if the host itself reports that it holds the VIP.",
    "host_enabled": "1 if the host's cluster controller is ENABLED.",
    "host_keepalived_running": "1 if keepalived is running on the host.",
    "host_maintenance": "1 if the host is in maintenance.",
    "host_certificate_days_left": "Days until the cloud's certificate on the host expires, negative when it has expired.",
    **_connections_status.METRICS,
}
VIEW_METRICS = {
    "view_answers": "Number of machines that answered the host's ARP query for the VIP. More than 1 is split brain.",
}
TIME_METRIC = ("report_timestamp_seconds", "Time of the report in seconds since 1970.")


def escape_label(value: Any) -> str:
    """A label value: backslash, double quote and line feed are escaped, other control characters replaced."""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return _status.plain(text)


def _number(value: float) -> str:
    return repr(int(value)) if float(value).is_integer() else repr(float(value))


def _sample(name: str, labels: Mapping[str, Any], value: float) -> str:
    inner = ",".join(f'{key}="{escape_label(text)}"' for key, text in labels.items())
    return f"{PREFIX}{name}{{{inner}}} {_number(value)}" if inner else f"{PREFIX}{name} {_number(value)}"


def _host_values(row: Mapping) -> dict[str, float | bool | None]:
    state = row.get("local_state")
    return {
        # A host outside --limit was not tried.
        "host_reachable": None if row.get("asked") is False else bool(row.get("reachable")),
        "host_deployed": row.get("deployed"),
        "host_holds_vip": row.get("held"),
        "host_enabled": None if state is None else state == "ENABLED",
        "host_keepalived_running": row.get("keepalived_running"),
        "host_maintenance": row.get("maintenance"),
        "host_certificate_days_left": row.get("certificate_days_left"),
        **_connections_status.values(row),
    }


def _add(samples: Mapping[str, list[str]], values: Mapping[str, float | bool | None], labels: Mapping[str, Any]) -> None:
    """A sample for each value that is known."""
    for name, value in values.items():
        if value is not None:
            samples[name].append(_sample(name, labels, value))


def _view_value(row: Mapping) -> int:
    # A host may answer with several MAC addresses, so the names count first.
    holders, foreign = len(row.get("holders") or []), len(row.get("foreign_macs") or [])
    return holders + foreign or len(row.get("macs") or [])


def render(verdicts: Any, generated_at: Any = None) -> str:
    """Verdicts -> the text. generated_at as for _status.moment, or None. Raises ValueError."""
    found = _status.ordered(verdicts)
    samples: dict[str, list[str]] = {name: [] for name in [*CLUSTER_METRICS, *HOST_METRICS, *VIEW_METRICS]}
    seen = set()
    for one in found:
        labels = {"cluster": one["cluster"], "vip": one["vip"]}
        # Prometheus rejects a whole file in which a series occurs twice.
        if (one["cluster"], one["vip"]) in seen:
            raise ValueError(f"cluster {one['cluster']} with VIP {one['vip']} occurs twice")
        seen.add((one["cluster"], one["vip"]))
        values: dict[str, float | bool | None] = {
            "severity": _verdict.SEVERITIES[one["severity_name"]],
            "holders": len(_status.everybody(one)),
            "controllers_enabled": len(one["enabled"]),
            "warnings": len(one["warnings"]),
        }
        _add(samples, values, labels)
        for verdict in _verdict.VERDICTS:
            samples["verdict"].append(_sample("verdict", {**labels, "verdict": verdict}, one["verdict"] == verdict))
        for row in one["rows"]:
            host_labels = {**labels, "host": row.get("name")}
            if row.get("kind") == "controller":
                _add(samples, _host_values(row), host_labels)
            elif row.get("asked"):
                samples["view_answers"].append(_sample("view_answers", host_labels, _view_value(row)))
    lines = []
    for name, text in {**CLUSTER_METRICS, **HOST_METRICS, **VIEW_METRICS}.items():
        if samples[name]:
            lines += [f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} gauge", *samples[name]]
    seconds = _status.moment(generated_at)[1] if generated_at not in (None, "") else None
    if seconds is not None:
        name, text = TIME_METRIC
        lines += [f"# HELP {PREFIX}{name} {text}", f"# TYPE {PREFIX}{name} gauge", _sample(name, {}, round(seconds, 3))]
    return "\n".join(lines) + "\n" if lines else ""
