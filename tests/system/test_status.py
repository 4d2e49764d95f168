# SPDX-License-Identifier: GPL-3.0-or-later
"""status.yml in every state that a gateway can be in, each made real on the lab. One story, in this order.

With VERDICTS_DOC=1 the output of each state goes into docs/verdicts.md, and the page of a split into docs/status/split.html.
"""

from __future__ import annotations

import json
import os
import re
import time
from dataclasses import dataclass

import pytest
import yaml
from lab import REPO, podman
from system_helpers import wait_for

DOC = REPO / "docs" / "verdicts.md"
WRITE = os.environ.get("VERDICTS_DOC") == "1"


@dataclass(frozen=True)
class Look:
    """One run of status.yml."""

    status: int
    verdict: dict
    table: list[str]


@pytest.fixture(scope="module")
def pages():
    """What goes into the document: title, how the state was made, and the look."""
    found: list[tuple[str, str, Look]] = []
    yield found
    if WRITE:
        write_document(found)


@pytest.fixture
def look(deployed, tmp_path):
    def ask(*args):
        report = tmp_path / "status.json"
        run = deployed.play("status", "-e", f"cc_gateway_status_json={report}", "-T", "5", *args)
        assert report.exists(), run.output
        shown = re.search(r"TASK \[.*Show the verdict\] \*+\n.*?msg:\n(.*?)\n\n", run.output, re.DOTALL).group(1)
        verdict = json.loads(report.read_text(encoding="utf-8"))[0]
        return Look(run.status, verdict, table_of(shown))

    return ask


def table_of(shown):
    """The lines of the table as debug prints them: a YAML list, where long lines are folded."""
    return yaml.safe_load("\n".join(line[4:] for line in shown.splitlines()))


def test_normal(deployed, look, pages):
    seen = look()
    assert (seen.status, seen.verdict["verdict"]) == (0, "ok")
    assert "cc1 is ENABLED and holds" in seen.verdict["sentence"]
    assert "nc1 sees it there" in seen.verdict["sentence"]
    pages.append(("In order", "", seen))


def test_reports_are_written_where_asked_for(deployed, look, tmp_path):
    page, metrics = tmp_path / "status.html", tmp_path / "status.prom"
    look("-e", f"cc_gateway_status_html={page}", "-e", f"cc_gateway_status_metrics={metrics}")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<script" not in text
    assert deployed.vip in text
    assert 'eucalyptus_gateway_verdict{cluster="eucalyptus_cc"' in metrics.read_text(encoding="utf-8")


def test_a_limit_that_leaves_a_host_out_is_not_called_ok(look):
    seen = look("--limit", "cc1,nc1")
    assert seen.verdict["verdict"] == "unknown"
    assert seen.status != 0


def test_maintenance(deployed, look, pages):
    assert deployed.play("gateway", "-e", "cc_gateway_maintenance=true", "--limit", "cc2").status == 0
    seen = look()
    assert (seen.status, seen.verdict["verdict"]) == (0, "maintenance")
    assert "cc2" in seen.verdict["sentence"]
    pages.append(("Maintenance", "`gateway.yml -e cc_gateway_maintenance=true --limit cc2`", seen))
    assert deployed.play("gateway", "-e", "cc_gateway_maintenance=false", "--limit", "cc2").status == 0


def test_flipped(deployed, look, pages):
    deployed.flip("cc1", "cc2")
    wait_for(lambda: deployed.holders() == ["cc2"])
    seen = look()
    assert (seen.status, seen.verdict["verdict"]) == (0, "ok")
    assert "cc2 is ENABLED and holds" in seen.verdict["sentence"]
    pages.append(("In order, after a failover", "the cloud controller disabled cc1 and enabled cc2", seen))
    deployed.flip("cc2", "cc1")
    wait_for(lambda: deployed.holders() == ["cc1"])


def test_vrrp_blocked_between_the_hosts(deployed, look, pages, tmp_path):
    for chain in ("INPUT", "OUTPUT"):
        deployed.sh("cc1", f"iptables -I {chain} -p 112 -j DROP")
    wait_for(lambda: deployed.holders() == ["cc1", "cc2"])
    seen = look(
        "-e", f"cc_gateway_status_html={REPO / 'docs' / 'status' / 'split.html' if WRITE else tmp_path / 'split.html'}"
    )
    assert seen.status != 0
    assert seen.verdict["verdict"] == "split"
    assert "nc1" in " ".join(seen.table)
    macs = {deployed.sh(host, "cat /sys/class/net/eth0/address").strip() for host in ("cc1", "cc2")}
    assert macs <= set(re.findall(r"[0-9a-f:]{17}", " ".join(seen.table))), "nc1 sees both, by their MAC addresses"
    pages.append(("Split", "VRRP (IP protocol 112) dropped between the controllers", seen))
    for chain in ("INPUT", "OUTPUT"):
        deployed.sh("cc1", f"iptables -D {chain} -p 112 -j DROP")
    wait_for(lambda: deployed.holders() == ["cc1"])


def test_vip_added_by_hand_on_the_wrong_host(deployed, look, pages):
    deployed.sh("cc1", "systemctl stop keepalived")
    deployed.sh("cc2", "systemctl stop keepalived")
    wait_for(lambda: deployed.holders() == [])
    deployed.sh("cc2", f"ip address add {deployed.vip}/32 dev eth0")
    seen = look()
    assert seen.status != 0
    assert seen.verdict["verdict"] == "wrong_holder"
    assert "cc2" in seen.verdict["sentence"]
    pages.append(("Wrong holder", "keepalived stopped on both hosts, the VIP added by hand on cc2", seen))
    deployed.sh("cc2", f"ip address del {deployed.vip}/32 dev eth0")


def test_keepalived_stopped_on_both(deployed, look, pages):
    seen = look()
    assert seen.status != 0
    assert seen.verdict["verdict"] == "absent"
    pages.append(("Absent", "keepalived stopped on both hosts", seen))
    for host in ("cc2", "cc1"):
        deployed.sh(host, "systemctl start keepalived")
    wait_for(lambda: deployed.holders() == ["cc1"])


def test_both_enabled(deployed, look, pages):
    deployed.control("cc2", "set-state", "ENABLED")
    time.sleep(3)
    seen = look()
    assert seen.status != 0
    assert seen.verdict["verdict"] == "two_controllers_enabled"
    pages.append(("Two controllers ENABLED", "both controllers are ENABLED", seen))
    deployed.control("cc2", "set-state", "DISABLED")


def test_none_enabled(deployed, look, pages):
    deployed.control("cc1", "set-state", "DISABLED")
    time.sleep(4)
    seen = look()
    assert seen.status != 0
    assert seen.verdict["verdict"] == "no_controller_enabled"
    assert len(deployed.holders()) == 1, "hold: the VIP stays somewhere"
    pages.append(("No controller ENABLED", "both controllers are DISABLED", seen))
    deployed.control("cc1", "set-state", "ENABLED")
    wait_for(lambda: deployed.holders() == ["cc1"])


def test_controller_dead(deployed, look, pages):
    deployed.control("cc2", "die")
    seen = look()
    assert seen.status != 0
    assert seen.verdict["verdict"] == "unknown"
    assert "cc2" in seen.verdict["sentence"]
    pages.append(("Unknown: a controller does not answer", "the controller on cc2 is dead", seen))
    deployed.restart_controller("cc2", "DISABLED")


def test_controllers_host_unreachable(deployed, look, pages):
    podman("pause", deployed.lab.container("cc2"))
    try:
        seen = look()
    finally:
        podman("unpause", deployed.lab.container("cc2"))
    assert seen.status != 0
    assert seen.verdict["verdict"] == "unknown"
    assert "cc2" in seen.verdict["sentence"]
    pages.append(("Unknown: a host is unreachable", "the host cc2 is frozen", seen))


def write_document(found):
    parts = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "# Verdicts",
        "",
        "What `eucalyptus.ha.status` says in each state. Made by `VERDICTS_DOC=1 pytest tests/system/test_status.py` from real runs on the",
        "lab: cc1 and cc2 are cluster controllers, cc1 ENABLED unless said otherwise, nc1 is a node controller. The exit status is that of",
        "ansible-playbook. `-e cc_gateway_status_html=FILE` makes a page of it, here that of the split below",
        "([the file](status/split.html)):",
        "",
        "![The page of a split, light](status/split-light.png)",
        "",
    ]
    for title, how, seen in found:
        parts += [f"## {title}", ""]
        parts += [f"Verdict `{seen.verdict['verdict']}`, severity {seen.verdict['severity']} ({seen.verdict['severity_name']}), "
                  f"exit status {seen.status}." + (f" Made so: {how}." if how else ""), ""]  # fmt: skip
        parts += ["```", *[line.rstrip() for line in seen.table], "```", ""]
    DOC.write_text("\n".join(parts), encoding="utf-8")
