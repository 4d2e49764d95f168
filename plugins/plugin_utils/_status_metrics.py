# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Verdicts in Prometheus' text exposition format, version 0.0.4. Private to the collection.

What is not known has no sample: a 0 would be an answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status, _verdict

PREFIX = "eucalyptus_gateway_"

# name -> help; all are gauges. The order is that of the output.
CLUSTER_METRICS = {
    "severity": "Severity of the verdict on a cluster's gateway: 0 ok, 1 warning, 2 critical, 3 unknown.",
    "verdict": "Which verdict was given on a cluster's gateway (1) and which were not (0).",
    "holders": "Machines that are known to hold the cluster's virtual IP address.",
    "controllers_enabled": "Cluster controllers that are known to be ENABLED.",
    "warnings": "Warnings beside the verdict.",
}
HOST_METRICS = {
    "host_reachable": "Whether the host could be asked.",
    "host_holds_vip": "Whether the host holds the virtual IP address, by its own word.",
    "host_enabled": "Whether the host's cluster controller is ENABLED.",
    "host_keepalived_running": "Whether keepalived runs on the host.",
    "host_maintenance": "Whether the host is in maintenance.",
    "host_certificate_days_left": "Days until the cloud's certificate on the host expires.",
}
VIEW_METRICS = {
    "view_answers": "Machines that answered a host of the network for the virtual IP address; more than 1 is split brain.",
}
TIME_METRIC = ("report_timestamp_seconds", "When the gateways were looked at, in seconds since 1970.")


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
        "host_reachable": bool(row.get("reachable")),
        "host_holds_vip": row.get("held"),
        "host_enabled": None if state is None else state == "ENABLED",
        "host_keepalived_running": row.get("keepalived_running"),
        "host_maintenance": row.get("maintenance"),
        "host_certificate_days_left": row.get("certificate_days_left"),
    }


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
        # Prometheus refuses a file in which a series occurs twice, the whole of it.
        if (one["cluster"], one["vip"]) in seen:
            raise ValueError(f"cluster {one['cluster']} with VIP {one['vip']} is there twice")
        seen.add((one["cluster"], one["vip"]))
        samples["severity"].append(_sample("severity", labels, one["severity"]))
        for verdict in _verdict.VERDICTS:
            samples["verdict"].append(_sample("verdict", {**labels, "verdict": verdict}, one["verdict"] == verdict))
        samples["holders"].append(_sample("holders", labels, len(_status.everybody(one))))
        samples["controllers_enabled"].append(_sample("controllers_enabled", labels, len(one["enabled"])))
        samples["warnings"].append(_sample("warnings", labels, len(one["warnings"])))
        for row in one["rows"]:
            host_labels = {**labels, "host": row.get("name")}
            if row.get("kind") == "controller":
                for name, value in _host_values(row).items():
                    if value is not None:
                        samples[name].append(_sample(name, host_labels, value))
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
