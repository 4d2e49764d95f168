# SPDX-License-Identifier: GPL-3.0-or-later
"""Playbook status in every state that a gateway can be in, each made real on the lab. One story, in this order.

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
from certificates import expired_certificate
from lab import REPO, commit, podman
from system_helpers import wait_for

DOC = REPO / "docs" / "verdicts.md"
WRITE = os.environ.get("VERDICTS_DOC") == "1"
MAINTENANCE = "/etc/eucalyptus-ha/maintenance"
CERTIFICATE = "/var/lib/eucalyptus/keys/cloud-cert.pem"


@dataclass(frozen=True)
class Look:
    """One run of the playbook."""

    status: int
    verdict: dict
    table: list[str]
    output: str


@pytest.fixture(scope="module")
def pages(request):
    """What goes into the document: title, how the state was made, and the look."""
    found: list[tuple[str, str, Look]] = []
    failed = request.session.testsfailed
    yield found
    # Pages of a story that broke off would replace the others.
    if WRITE and request.session.testsfailed == failed:
        write_document(found)


@pytest.fixture
def look(cluster, tmp_path):
    def ask(*args):
        report = tmp_path / "status.json"
        run = cluster.play("status", "-e", f"cc_gateway_status_json={report}", "-T", "5", *args)
        assert report.exists(), run.output
        shown = re.search(r"TASK \[.* : Report\] \*+\n.*?msg:\n(.*?)\n\n", run.output, re.DOTALL).group(1)
        verdict = json.loads(report.read_text(encoding="utf-8"))[0]
        return Look(run.status, verdict, table_of(shown), " ".join(run.output.split()))

    return ask


def table_of(shown):
    """The lines of the table as debug prints them: a YAML list, where long lines are folded."""
    return yaml.safe_load("\n".join(line[4:] for line in shown.splitlines()))


def test_o7_before_the_first_deployment(cluster, look, pages):
    seen = look()
    assert (seen.status, seen.verdict["verdict"]) == (2, "not_deployed")
    assert "The gateway is not deployed on cc1 and cc2" in seen.verdict["sentence"]
    assert seen.verdict["advice"] == "Run eucalyptus.ha.gateway."
    assert "journalctl" not in seen.output
    pages.append(("Not deployed", "before the first deployment", seen))


def test_normal(deployed, look, pages):
    seen = look()
    assert (seen.status, seen.verdict["verdict"]) == (0, "ok")
    assert "cc1 is ENABLED and holds" in seen.verdict["sentence"]
    assert "confirmed by nc1" in seen.verdict["sentence"]
    # One visit to each host: the inspection, and the control node's own query of the controllers.
    for host, number in {"cc1": 2, "cc2": 2, "nc1": 2}.items():
        assert sum(recap_of(seen)[host].values()) <= number
    pages.append(("OK", "", seen))


def recap_of(seen):
    recap = seen.output.rpartition("PLAY RECAP")[2]
    return {
        host: {name: int(number) for name, number in re.findall(r"(\w+)=(\d+)", numbers)}
        for host, numbers in re.findall(r"(\w+) : ((?:\w+=\d+ ?)+)", recap)
    }


def test_the_deployed_check_may_be_asked_instead_of_the_control_node(deployed, look):
    seen = look("-e", "cc_gateway_ask_from=host")
    assert (seen.status, seen.verdict["verdict"]) == (0, "ok")
    assert [row["state_source"] for row in seen.verdict["rows"][:2]] == ["host", "host"]


def test_o24_the_collection_is_upgraded_and_the_hosts_have_the_old_check(deployed, look, pages):
    """It is run with the command line of its own keepalived.conf."""
    check = "find /usr/libexec/keepalived -name '*.py' | grep cc_enabled_check | head -n 1"
    deployed.sh("cc1", f"file=$({check}); cp $file /tmp/check.py; echo '# an older one' >> $file")
    seen = look("-e", "cc_gateway_ask_from=host")
    assert (seen.status, seen.verdict["verdict"]) == (0, "ok")
    assert seen.verdict["notes"][0].startswith("The check on cc1 is not the one of this version of the collection.")
    pages.append(("OK, and a newer check waits", "the collection was upgraded, `eucalyptus.ha.gateway` not run yet", seen))
    deployed.sh("cc1", f"file=$({check}); cp /tmp/check.py $file")


def test_reports_are_written_where_asked_for(deployed, look, tmp_path):
    page, metrics = tmp_path / "status.html", tmp_path / "status.prom"
    look("-e", f"cc_gateway_status_html={page}", "-e", f"cc_gateway_status_metrics={metrics}")
    text = page.read_text(encoding="utf-8")
    assert text.startswith("<!DOCTYPE html>")
    assert "<script" not in text
    assert deployed.vip in text
    assert 'eucalyptus_gateway_verdict{cluster="eucalyptus_cc"' in metrics.read_text(encoding="utf-8")


def test_o16_a_host_outside_limit_was_not_asked(deployed, look, pages):
    seen = look("--limit", "cc1,nc1")
    assert (seen.status, seen.verdict["verdict"]) == (2, "unknown")
    assert "cc2 was not queried (outside --limit)" in seen.verdict["sentence"]
    assert "reached" not in seen.verdict["sentence"]
    pages.append(("Unknown: a host was not asked", "run with `--limit cc1,nc1`", seen))


def test_o10_a_node_controller_has_another_vip(deployed, look, pages):
    other = deployed.vip.rpartition(".")[0] + ".99"
    seen = look("-e", f"nc_route_vip={other}")
    assert (seen.status, seen.verdict["verdict"]) == (2, "unknown")
    assert f"nc1 was queried about {other} (its nc_route_vip), not about the cluster's VIP {deployed.vip}" in seen.verdict["sentence"]
    pages.append(("Unknown: nc_route_vip differs from cc_gateway_vip", f"run with `-e nc_route_vip={other}`", seen))


def test_maintenance(deployed, look, pages):
    deployed.sh("cc2", f"echo new disk > {MAINTENANCE}")
    time.sleep(2)  # keepalived notices within a second
    seen = look()
    assert (seen.status, seen.verdict["verdict"], seen.verdict["severity_name"]) == (0, "maintenance", "planned")
    assert "cc2 is in maintenance" in seen.verdict["sentence"]
    pages.append(("Maintenance", "cc2 is in maintenance", seen))
    deployed.sh("cc2", f"rm {MAINTENANCE}")


def test_o4_keepalived_of_the_standby_is_stopped(deployed, look, pages):
    deployed.sh("cc2", "systemctl stop keepalived")
    seen = look()
    assert (seen.status, seen.verdict["verdict"], seen.verdict["severity_name"]) == (2, "no_standby", "warning")
    assert "nothing could take over: keepalived is not running on cc2" in seen.verdict["sentence"]
    assert "Start keepalived on cc2" in seen.verdict["advice"]
    assert "WARNING: the gateway works but could not fail over" in seen.table[0]
    pages.append(("No standby: keepalived is not running", "keepalived stopped on cc2", seen))
    assert look("-e", "cc_gateway_status_fail_at=critical").status == 0


def test_a9_no_drill_of_a_gateway_that_could_not_fail_over(deployed):
    """The last line is why; nothing has moved."""
    run = deployed.play("drill", "-e", "drill_confirm=true")
    assert run.status == 2
    last = " ".join(run.output.rpartition("TASK [")[2].split())
    assert "Drill not started, nothing was moved: cc1 is ENABLED and holds" in last
    assert "nothing could take over: keepalived is not running on cc2" in last
    assert deployed.holders() == ["cc1"]
    deployed.sh("cc2", "systemctl start keepalived")
    wait_for(lambda: deployed.status("cc2", "grep -q state=BACKUP /run/eucalyptus-ha/*.state") == 0)


def test_a3_a_drill_is_in_progress(deployed, look, pages):
    """It moves the VIP, and a status by schedule meanwhile raises no alarm."""
    with deployed.playing("Now trigger the failover of", "drill", "-e", "drill_confirm=true", "-e", "drill_trigger=operator"):
        seen = look()
    assert (seen.status, seen.verdict["verdict"], seen.verdict["severity_name"]) == (0, "run_in_progress", "planned")
    assert "eucalyptus.ha.drill is in progress on cc1 and cc2, started by" in seen.verdict["sentence"]
    pages.append(("A run is in progress", "a drill", seen))
    # The drill was killed: its lock is stale, and hides nothing.
    after = look()
    assert (after.status, after.verdict["verdict"]) == (0, "ok")
    assert "A lock of eucalyptus.ha.drill is left on cc1 and cc2" in after.verdict["notes"][0]
    for host in ("cc1", "cc2"):
        deployed.sh(host, "rm /run/eucalyptus-ha.lock")


def test_flipped(deployed, look, pages):
    deployed.flip("cc1", "cc2")
    wait_for(lambda: deployed.holders() == ["cc2"])
    seen = look()
    assert (seen.status, seen.verdict["verdict"]) == (0, "ok")
    assert "cc2 is ENABLED and holds" in seen.verdict["sentence"]
    pages.append(("OK, after a failover", "the cloud controller disabled cc1 and enabled cc2", seen))
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


def test_o4_the_controller_of_the_standby_is_dead(deployed, look, pages):
    deployed.control("cc2", "die")
    seen = look()
    assert (seen.status, seen.verdict["verdict"]) == (2, "no_standby")
    assert "the state of the cluster controller on cc2 is unknown" in seen.verdict["sentence"]
    assert "Check the cluster controller service on cc2" in seen.verdict["advice"]
    pages.append(("No standby: its controller does not answer", "the controller on cc2 is dead", seen))
    deployed.restart_controller("cc2", "DISABLED")


def test_controllers_host_unreachable(deployed, look, pages):
    podman("pause", deployed.lab.container("cc2"))
    try:
        seen = look()
    finally:
        podman("unpause", deployed.lab.container("cc2"))
    assert (seen.status, seen.verdict["verdict"]) == (2, "unknown")
    assert re.search(r"cc2 could not be reached \([^)]*timed out", seen.verdict["sentence"], re.IGNORECASE)
    assert "Permanently added" not in seen.output
    pages.append(("Unknown: a host is unreachable", "the host cc2 is frozen", seen))


def test_o17_the_certificate_expires_soon(deployed, look, pages):
    """Only SOAP needs one."""
    assert deployed.play("gateway", "-e", "cc_gateway_check_source=soap").status == 0
    wait_for(lambda: deployed.holders() == ["cc1"])
    assert look().verdict["severity_name"] == "ok"
    seen = look("-e", "cc_gateway_certificate_warn_days=4000")
    assert (seen.status, seen.verdict["verdict"], seen.verdict["severity_name"]) == (2, "ok", "warning")
    assert "but the cloud's certificate on cc1 and cc2 expires in" in seen.verdict["sentence"]
    how = "deployed with `-e cc_gateway_check_source=soap`, and run with `-e cc_gateway_certificate_warn_days=4000`"
    pages.append(("OK, but something needs attention", how, seen))


def test_o4_the_certificate_has_expired(deployed, look, pages):
    expired = expired_certificate(deployed.lab.dir / "keys" / "cloud-pk.pem")
    for host in ("cc1", "cc2"):
        deployed.lab.exec(host, "sh", "-c", f"cp {CERTIFICATE} /tmp/cert.pem; cat > {CERTIFICATE}", input=expired)
    seen = look()
    assert (seen.status, seen.verdict["verdict"], seen.verdict["severity_name"]) == (2, "certificate_expired", "warning")
    assert "the cloud's certificate on cc1 and cc2 expired 36" in seen.verdict["sentence"]
    how = "deployed with `-e cc_gateway_check_source=soap`; the certificate on cc1 and cc2 has expired"
    pages.append(("A certificate has expired", how, seen))
    for host in ("cc1", "cc2"):
        deployed.sh(host, f"cp /tmp/cert.pem {CERTIFICATE}")


def write_document(found):
    parts = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "# Verdicts",
        "",
        "What `eucalyptus.ha.status` reports in each state, from real runs on the lab: cc1 and cc2 are cluster controllers, cc1 ENABLED",
        "unless stated otherwise, nc1 is a node controller. The exit status is that of ansible-playbook with the default",
        "`cc_gateway_status_fail_at: warning`; [cc_gateway_status](../roles/cc_gateway_status/README.md#when-it-fails) has the table of",
        "severities.",
        "",
        "`-e cc_gateway_status_html=FILE` writes a page, here that of the split below ([the file](status/split.html)):",
        "",
        "![The page of a split, light](status/split-light.png)",
        "",
    ]
    for title, how, seen in found:
        parts += [f"## {title}", ""]
        parts += [f"Verdict `{seen.verdict['verdict']}`, severity {seen.verdict['severity_name']} ({seen.verdict['severity']}), "
                  f"exit status {seen.status}." + (f" Situation: {how}." if how else ""), ""]  # fmt: skip
        parts += ["```", *[line.rstrip() for line in seen.table], "```", ""]
    parts += ["---", "", f"*Written by `VERDICTS_DOC=1 pytest tests/system/test_status.py`, {commit()}. Do not edit.*", ""]
    DOC.write_text("\n".join(parts), encoding="utf-8")
