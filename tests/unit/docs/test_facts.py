# SPDX-License-Identifier: GPL-3.0-or-later
"""What the pages state is what the code has: verdicts, severities, metrics, playbooks, options; and what they offer to copy works."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import promql_parser
import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_conf import keepalived_conf
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_metrics, _verdict
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter import write_verdict_words
from prometheus_client.parser import text_string_to_metric_families

ROOT = Path(__file__).resolve().parents[3]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted(ROOT.glob("roles/*/README.md"))]
METRICS = {
    _status_metrics.PREFIX + name
    for name in [
        *_status_metrics.CLUSTER_METRICS,
        *_status_metrics.HOST_METRICS,
        *_status_metrics.VIEW_METRICS,
        _status_metrics.TIME_METRIC[0],
    ]
}
SPECS = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
# Of the playbooks themselves, besides the options of the roles.
PLAYBOOK_OPTIONS = {"nc_route_group"}
OPTIONS = {name for spec in SPECS for entry in spec["argument_specs"].values() for name in entry.get("options") or {}} | PLAYBOOK_OPTIONS


def page(name: str) -> str:
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def rows(text: str, heading: str) -> list[list[str]]:
    """The cells of the first table whose head has this cell, row by row."""
    found: list[list[str]] = []
    inside = False
    for line in text.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if not cells and inside:
            break
        if inside and set("".join(cells)) - set("-"):
            found.append(cells)
        inside = inside or heading in cells
    assert found, f"no table with {heading}"
    return found


def fenced(text: str, language: str) -> list[str]:
    return re.findall(rf"^ *```{language}\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)


def code(cell: str) -> list[str]:
    return re.findall(r"`([^`]+)`", cell)


# --- verdicts and severities ---


def test_the_runbook_has_every_verdict():
    assert sorted(code(cells[0])[0] for cells in rows(page("operating.md"), "verdict")) == sorted(_verdict.VERDICTS)


@pytest.mark.parametrize("name", ["docs/monitoring.md", "roles/cc_gateway_status/README.md"])
def test_every_verdict_has_its_severity(name):
    table = rows((ROOT / name).read_text(encoding="utf-8"), "severity")
    assert {cells[0] for cells in table} == set(_verdict.SEVERITIES)
    for cells in table:
        number = next(cell for cell in cells if cell.isdigit())
        assert int(number) == _verdict.SEVERITIES[cells[0]]
        listed = next(cell for cell in cells if code(cell))
        # Behind a semicolon is what another severity has with warnings.
        assert code(listed.partition(";")[0]) == [one for one, severity in _verdict.VERDICTS.items() if severity == cells[0]]


# --- metrics and alert rules ---


def test_the_page_has_every_metric_and_no_other():
    assert [code(cells[0])[0] for cells in rows(page("monitoring.md"), "metric")] == [
        _status_metrics.PREFIX + name
        for name in [
            *_status_metrics.CLUSTER_METRICS,
            *_status_metrics.HOST_METRICS,
            *_status_metrics.VIEW_METRICS,
            _status_metrics.TIME_METRIC[0],
        ]
    ]


ALERTS = next(text for text in fenced(page("monitoring.md"), "yaml") if "alert:" in text)
RULES = [rule for group in yaml.safe_load(ALERTS)["groups"] for rule in group["rules"]]


def verdict_of(name: str) -> dict:
    """A verdict of this kind, without warnings if there is one, from the cases of gateway_verdict."""
    found = [one for one in (_verdict.judge(case) for case in write_verdict_words.CASES.values()) if one["verdict"] == name]
    return min(found, key=lambda one: len(one["warnings"]))


def samples(*verdicts: dict) -> dict[str, list[dict[str, str]]]:
    """The labels of the samples of each metric, as Prometheus' own parser reads what is rendered."""
    found: dict[str, list[dict[str, str]]] = {}
    for family in text_string_to_metric_families(_status_metrics.render(list(verdicts), 1795358412)):
        found[family.name] = [dict(sample.labels) for sample in family.samples]
    return found


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule["alert"])
def test_an_alert_rule_selects_metrics_and_labels_that_exist(rule):
    selected = vectors(promql_parser.parse(rule["expr"]))
    assert selected
    known: dict[str, list[dict[str, str]]] = {}
    for verdict in _verdict.VERDICTS:
        for metric, labels in samples(verdict_of(verdict)).items():
            known.setdefault(metric, []).extend(labels)
    for selector in selected:
        assert selector.name in METRICS
        labels = known[selector.name]
        for matcher in selector.matchers.matchers:
            assert matcher.value in {one[matcher.name] for one in labels}, f"{matcher.name}={matcher.value} never occurs"
    # absent() has no labels, and the summary of that rule uses none.
    used = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert all(used <= set(one) for selector in selected for one in known[selector.name])


def vectors(expression) -> list:
    """All vector selectors of an expression."""
    if isinstance(expression, promql_parser.VectorSelector):
        return [expression]
    parts = [getattr(expression, name, None) for name in ("lhs", "rhs", "expr")]
    found = [one for part in parts if part is not None for one in vectors(part)]
    return found + [one for part in getattr(expression, "args", None) or [] for one in vectors(part)]


# Beside these, nothing fires. An old report is the case without a verdict.
FIRING = {
    "ok": [],
    "maintenance": [],  # only after a day
    "run_in_progress": [],
    "no_standby": ["EucalyptusGatewayNoStandby", "EucalyptusGatewayWarning"],
    "certificate_expired": ["EucalyptusGatewayCertificate", "EucalyptusGatewayWarning"],
    "absent": ["EucalyptusGatewayCritical"],
    "split": ["EucalyptusGatewayCritical", "EucalyptusGatewaySplitBrain"],
    "wrong_holder": ["EucalyptusGatewayCritical"],
    "no_controller_enabled": ["EucalyptusGatewayCritical"],
    "two_controllers_enabled": ["EucalyptusGatewayCritical"],
    "not_deployed": ["EucalyptusGatewayCritical"],
    "unknown": ["EucalyptusGatewayUnknown"],
}
PROMTOOL = shutil.which("promtool")


def test_the_alerts_of_every_verdict_are_known():
    assert set(FIRING) == set(_verdict.VERDICTS)
    assert {name for names in FIRING.values() for name in names} | {"EucalyptusGatewayMaintenance", "EucalyptusGatewayReportMissing"} == {
        rule["alert"] for rule in RULES
    }


@pytest.mark.skipif(PROMTOOL is None, reason="no promtool (Debian package prometheus)")
@pytest.mark.parametrize("verdict", [*FIRING, None])
def test_prometheus_fires_the_alerts_of_a_verdict(tmp_path, verdict):
    (tmp_path / "rules.yml").write_text(ALERTS, encoding="utf-8")
    names = FIRING[verdict] if verdict else ["EucalyptusGatewayReportMissing"]
    series = []
    if verdict:
        text = _status_metrics.render([verdict_of(verdict)], 1795358412)
        for family in text_string_to_metric_families(text):
            for one in family.samples:
                labels = ",".join(f"{key}={json.dumps(value)}" for key, value in one.labels.items())
                values = "0+60x60" if family.name.endswith("timestamp_seconds") else f"{one.value}x60"
                series.append({"series": f"{family.name}{{{labels}}}", "values": values})
    firing = {
        "expr": 'count by (alertname) (ALERTS{alertstate="firing"} * 0 + 1 > 0) * 0 + 1',
        "eval_time": "30m",
        "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in names],
    }
    case = {"interval": "1m", "input_series": series, "promql_expr_test": [firing]}
    (tmp_path / "test.yml").write_text(json.dumps({"rule_files": ["rules.yml"], "tests": [case]}), encoding="utf-8")
    for command in (["check", "rules", "rules.yml"], ["test", "rules", "test.yml"]):
        done = subprocess.run([str(PROMTOOL), *command], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


# --- the plugin for Nagios ---


PLUGIN = fenced(page("monitoring.md"), "python")[0]


def run_plugin(tmp_path: Path, text: str | None) -> tuple[int, str]:
    report = tmp_path / "gateway.json"
    if text is not None:
        report.write_text(text, encoding="utf-8")
    program = PLUGIN.replace("/var/tmp/gateway.json", str(report))
    assert program != PLUGIN
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.stderr == ""
    return done.returncode, done.stdout


@pytest.mark.parametrize("verdict", _verdict.VERDICTS)
def test_the_plugin_ends_with_the_severity(tmp_path, verdict):
    one = verdict_of(verdict)
    status, text = run_plugin(tmp_path, json.dumps([one]))
    assert status == _verdict.SEVERITIES[one["severity_name"]]
    assert one["sentence"] in text


@pytest.mark.parametrize(
    ("text", "words"),
    [(None, "No such file"), ("", "Expecting value"), ("[]", "has no cluster")],
)
def test_the_plugin_reports_a_missing_report(tmp_path, text, words):
    status, printed = run_plugin(tmp_path, text)
    assert status == 3
    assert words in printed


def test_critical_comes_before_unknown(tmp_path):
    assert run_plugin(tmp_path, json.dumps([verdict_of("unknown"), verdict_of("split"), verdict_of("ok")]))[0] == 2


# As ansible.builtin.copy: a file that has the content already is left alone.
PLAYBOOK = """#!/bin/sh
for word; do new=${word#cc_gateway_status_json=}; done
[ -e "$new" ] && cmp -s "$new" "$REPORT" || cp "$REPORT" "$new"
"""


def test_the_report_of_a_gateway_that_stays_ok_does_not_become_old(tmp_path):
    (line,) = [one for text in fenced(page("monitoring.md"), "shell") for one in text.splitlines() if "gateway.json" in one]
    command = line.split(maxsplit=6)[6].replace("/var/tmp", str(tmp_path))
    (tmp_path / "ansible-playbook").write_text(PLAYBOOK, encoding="utf-8")
    (tmp_path / "ansible-playbook").chmod(0o755)
    report = json.dumps([verdict_of("ok")])
    (tmp_path / "report").write_text(report, encoding="utf-8")
    written = tmp_path / "gateway.json"
    written.write_text(report, encoding="utf-8")
    os.utime(written, (0, 0))
    assert "s old" in run_plugin(tmp_path, None)[1]
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "REPORT": str(tmp_path / "report")}
    subprocess.run(["sh", "-c", command], env=environment, check=True)
    assert run_plugin(tmp_path, None)[0] == 0


# --- commands ---


def commands() -> list[tuple[str, list[str]]]:
    found = []
    for path in PAGES:
        text = path.read_text(encoding="utf-8")
        shell = "\n".join(fenced(text, "shell") + fenced(text, "")).replace("\\\n", " ")
        inline = re.findall(r"`(ansible-playbook [^`]+)`", text)
        for line in [*re.findall(r"ansible-playbook .*", shell), *inline]:
            # Up to a comment, or to what the shell does with the output.
            words = shlex.split(re.split(r" +#| [>|;]|`", line)[0])
            if any(word.startswith("eucalyptus.ha.") and word != "eucalyptus.ha.NAME" for word in words):
                found.append((str(path.relative_to(ROOT)), words))
    return found


COMMANDS = commands()


def test_commands_are_found():
    assert len(COMMANDS) > 20
    assert {words[3] for _page, words in COMMANDS} >= {f"eucalyptus.ha.{path.stem}" for path in (ROOT / "playbooks").glob("*.yml")}


@pytest.mark.parametrize(("name", "words"), COMMANDS, ids=lambda value: value if isinstance(value, str) else "_".join(value[3:])[:60])
def test_a_command_names_a_playbook_and_options_that_exist(name, words):
    playbook = next(word for word in words if word.startswith("eucalyptus.ha."))
    assert (ROOT / "playbooks" / f"{playbook.removeprefix('eucalyptus.ha.')}.yml").exists()
    given = [words[number + 1] for number, word in enumerate(words) if word == "-e"]
    assert {one.partition("=")[0] for one in given if not one.startswith(("@", "{"))} <= OPTIONS


def test_the_runbook_runs_the_check_and_no_other_script(tmp_path):
    """keepalived runs the same program for cc_newly_enabled, too, whose exit status is 1 as a rule."""
    scripts = {"cc_enabled": {"script": "cc-enabled-check --grace 5"}, "cc_newly_enabled": {"script": "cc-enabled-check --newly-enabled 2"}}
    (tmp_path / "keepalived.conf").write_text(keepalived_conf({"vrrp_script": scripts}, "header"), encoding="utf-8")
    line = next(line.strip() for line in page("operating.md").splitlines() if "script=$(" in line)
    line = line.replace("/etc/keepalived/", f"{tmp_path}/")
    done = subprocess.run(["sh", "-c", f'{line}; echo "$script"'], capture_output=True, text=True, check=True)
    assert done.stdout == "cc-enabled-check --grace 5\n"


INVENTORY = next(text for text in fenced((ROOT / "README.md").read_text(encoding="utf-8"), "yaml") if "eucalyptus_nc" in text)
# Of each playbook the longest one: a check of the syntax does not read the options' values.
DISTINCT = {words[words.index("-i") + 2]: words for _page, words in sorted(COMMANDS, key=lambda one: len(one[1])) if "-i" in words}


@pytest.mark.parametrize("words", DISTINCT.values(), ids=" ".join)
def test_ansible_accepts_a_command(tmp_path, words):
    inventory = yaml.safe_load(INVENTORY)
    inventory["all"]["children"]["eucalyptus_nc"]["hosts"].update(nc5={}, nc6={})
    (tmp_path / "inventory.yml").write_text(yaml.safe_dump(inventory), encoding="utf-8")
    done = subprocess.run(
        [str(Path(sys.executable).with_name("ansible-playbook")), "-i", "inventory.yml", *after_inventory(words), "--syntax-check"],
        cwd=tmp_path, capture_output=True, text=True, check=False,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections")},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def after_inventory(words: list[str]) -> list[str]:
    """The words of a command behind its -i option."""
    return words[words.index("-i") + 2 :]


def test_the_quick_start_has_the_inventory_of_the_readme():
    own = next(text for text in fenced(page("quick-start.md"), "yaml") if "eucalyptus_nc" in text)
    assert yaml.safe_load(own) == yaml.safe_load(INVENTORY)
