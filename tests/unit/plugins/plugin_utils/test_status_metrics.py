# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts as metrics: read back by a parser that is as strict as Prometheus' text format asks for."""

from __future__ import annotations

import re

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_verdict import gateway_verdict
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_metrics
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter import gateway_cases
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.gateway_cases import cluster, gone, host, saw
from hypothesis import given
from hypothesis import strategies as st

render = _status_metrics.render
ALL = [gateway_verdict({**one[0], "name": name}) for name, one in gateway_cases.SCENARIOS.items()]

SAMPLE = re.compile(r'([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{((?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\["\\n])*",?)*)\})? (-?\d+(?:\.\d+)?(?:e[+-]\d+)?)')
LABEL = re.compile(r'([a-zA-Z_]\w*)="((?:[^"\\\n]|\\["\\n])*)"(?:,|$)')


def unescape(text):
    return re.sub(r"\\(.)", lambda found: {"n": "\n"}.get(found.group(1), found.group(1)), text)


def parse(text):
    """{(name, ((label, value), ...)): value}; every metric is announced once, before its samples, which stand together."""
    assert text == "" or text.endswith("\n")
    samples, announced, current = {}, set(), None
    lines = text.split("\n")[:-1]
    for number, line in enumerate(lines):
        if line.startswith("# HELP "):
            current = line.split(" ", 3)[2]
            assert current not in announced
            announced.add(current)
            assert lines[number + 1] == f"# TYPE {current} gauge"
        elif not line.startswith("# TYPE "):
            found = SAMPLE.fullmatch(line)
            assert found, line
            assert found.group(1) == current
            labels = [(key, unescape(value)) for key, value in LABEL.findall(found.group(2) or "")]
            assert len(dict(labels)) == len(labels)
            series = (current, tuple(sorted(labels)))
            assert series not in samples
            samples[series] = float(found.group(3))
    return samples


def value(samples, name, **labels):
    labels = {"cluster": "one", "vip": "10.0.0.10", **labels}
    return samples.get((f"eucalyptus_gateway_{name}", tuple(sorted(labels.items()))))


def test_what_is_known_has_a_value_and_what_is_not_has_none():
    verdict = gateway_verdict(
        cluster(host("ENABLED", True, certificate_days_left=12.5), gone(), nc1=saw("cc1", "cc2"), nc2=gateway_cases.ERROR)
    )
    samples = parse(render(verdict))
    assert value(samples, "severity") == 2
    assert value(samples, "verdict", verdict="split") == 1
    assert value(samples, "verdict", verdict="ok") == 0
    assert value(samples, "holders") == 2
    assert value(samples, "controllers_enabled") == 1
    assert value(samples, "warnings") == len(verdict["warnings"]) > 0
    known = {name: value(samples, f"host_{name}", host="cc1") for name in (
        "reachable", "holds_vip", "enabled", "keepalived_running", "maintenance", "certificate_days_left")}  # fmt: skip
    assert known == {
        "reachable": 1, "holds_vip": 1, "enabled": 1, "keepalived_running": 1, "maintenance": 0, "certificate_days_left": 12.5,
    }  # fmt: skip
    assert value(samples, "host_reachable", host="cc2") == 0
    for name in ("holds_vip", "enabled", "keepalived_running", "maintenance", "certificate_days_left"):
        assert value(samples, f"host_{name}", host="cc2") is None
    assert value(samples, "view_answers", host="nc1") == 2
    assert value(samples, "view_answers", host="nc2") is None


NAMES = {
    "severity", "verdict", "holders", "controllers_enabled", "warnings", "host_reachable", "host_deployed", "host_holds_vip",
    "host_enabled", "host_keepalived_running", "host_maintenance", "host_certificate_days_left", "view_answers",
    "report_timestamp_seconds",
}  # fmt: skip


def test_the_names_are_stable():
    """Alert rules of sites depend on them: none may go or change."""
    assert {name for name, _labels in parse(render(ALL, 1795358405))} == {f"eucalyptus_gateway_{name}" for name in NAMES}


@pytest.mark.parametrize(
    ("verdict", "severity"), [("no_standby", 1), ("not_deployed", 2), ("run_in_progress", 0), ("maintenance", 0),
                              ("certificate_expired", 1)]
)
def test_o4_each_verdict_has_its_sample(verdict, severity):
    found = next(one for one in ALL if one["verdict"] == verdict)
    samples = parse(render(found))
    assert value(samples, "verdict", verdict=verdict, cluster=found["cluster"]) == 1
    assert value(samples, "severity", cluster=found["cluster"]) == severity


def test_o16_a_host_that_was_not_tried_is_not_called_unreachable():
    samples = parse(render(gateway_verdict(cluster(host("ENABLED", True), {"asked": False, "reachable": False}))))
    assert value(samples, "host_reachable", host="cc1") == 1
    assert value(samples, "host_reachable", host="cc2") is None


def test_all_situations_are_valid_and_have_one_verdict_each():
    samples = parse(render(ALL, 1795358405.12))
    given_verdicts = [series for series, number in samples.items() if series[0].endswith("_verdict") and number == 1]
    assert len(given_verdicts) == len(ALL)
    assert samples["eucalyptus_gateway_report_timestamp_seconds", ()] == 1795358405.12


@pytest.mark.parametrize("when", [None, "", "this morning", "2026-11-22T14:40:05"])
def test_a_time_that_is_none_gives_no_time_stamp(when):
    assert "timestamp" not in render(ALL, when)


@given(st.text(max_size=30))
def test_labels_survive(name):
    plain = re.sub(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "\ufffd", name.replace("\n", "\n"))
    samples = parse(render(gateway_verdict(cluster(host("ENABLED", True), host(), name=f"c{name}"))))
    (cluster_name,) = {dict(labels)["cluster"] for _metric, labels in samples}
    assert cluster_name.replace("\n", "\ufffd") == f"c{plain}"


def test_the_same_series_twice_is_rejected_since_prometheus_would_drop_the_file():
    with pytest.raises(ValueError, match=r"cluster normal with VIP 10\.0\.0\.10 occurs twice"):
        render([ALL[0], ALL[0]])


def test_no_clusters_are_no_metrics():
    assert render([]) == ""


def test_what_is_no_verdict_is_rejected():
    with pytest.raises(ValueError, match="expected verdicts"):
        render({"verdict": "ok"})
