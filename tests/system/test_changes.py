# SPDX-License-Identifier: GPL-3.0-or-later
"""What each change of a live pair costs a node controller, and runs that are killed in the middle. One story, in this order.

With CHANGES_DOC=1 the figures go into docs/changes.md.
"""

from __future__ import annotations

import contextlib
import json
import os
import time
from dataclasses import dataclass

import pytest
from article import set_up
from lab import REPO, commit
from system_helpers import Pings, both_for, wait_for
from watch import AddressWatch

WRITE = os.environ.get("CHANGES_DOC") == "1"
DOC = REPO / "docs" / "changes.md"
NOTIFY = "/usr/libexec/keepalived/eucalyptus-ha-notify"
V2 = ("-e", json.dumps({"cc_gateway_vrrp": {"version": 2, "advert_interval": 1}, "cc_gateway_auth_pass": "secret-2"}))


@dataclass(frozen=True)
class Cost:
    """What one change cost: packets of 20 a second that nc1 lost, its longest gap, how long two hosts held the VIP, and where it went."""

    name: str
    lost: int
    gap: float
    two: float
    moves: str


@pytest.fixture(scope="module")
def costs():
    found: list[Cost] = []
    yield found
    if WRITE:
        write_document(found)


@contextlib.contextmanager
def measured(cluster, costs, name, target=None):
    """Measure what happens in the block, by pings to `target` or the host beyond."""
    holder = cluster.holders()
    with (
        Pings(cluster, target or cluster.address["outside"]) as pings,
        AddressWatch(cluster.lab, cluster.vip, ["cc1", "cc2"]) as watch,
    ):
        yield
    path = " → ".join([*holder, *[move.host for move in watch.moves if move.held]])
    costs.append(Cost(name, pings.lost, pings.gap, both_for(watch.moves, holder), path))


def play(cluster, costs, name, *args, book="gateway"):
    with measured(cluster, costs, name):
        run = cluster.play(book, *args)
    assert run.status == 0, run.output
    return costs[-1]


def test_weight(deployed, costs):
    cost = play(deployed, costs, "weight 100 to 60", "-e", '{"cc_gateway_vrrp": {"weight": 60}}')
    assert (cost.lost, cost.two, cost.moves) == (0, 0.0, "cc1")
    assert deployed.play("gateway").status == 0


def test_advert_interval(deployed, costs):
    cost = play(deployed, costs, "advert interval 0.1 s to 0.2 s", "-e", '{"cc_gateway_vrrp": {"advert_interval": 0.2}}')
    assert cost.two < 1.0
    assert deployed.play("gateway").status == 0


def test_version(deployed, costs):
    cost = play(deployed, costs, "VRRP version 3 to 2", *V2)
    assert cost.two < 1.5
    cost = play(deployed, costs, "VRRP version 2 to 3")
    assert cost.two < 1.5
    wait_for(lambda: deployed.holders() == ["cc1"])


def test_maintenance(deployed, costs):
    cost = play(deployed, costs, "maintenance of the holder on", "--limit", "cc1", "-e", "cc_gateway_maintenance=true", book="maintenance")
    assert cost.two == 0.0
    assert deployed.holders() == ["cc2"]
    cost = play(deployed, costs, "maintenance off", "--limit", "cc1", "-e", "cc_gateway_maintenance=false", book="maintenance")
    wait_for(lambda: deployed.holders() == ["cc1"])
    assert cost.two < 0.5


def test_both_forced_into_maintenance_can_still_be_changed(deployed):
    for host in ("cc1", "cc2"):
        force = {"cc_gateway_maintenance": True, "cc_gateway_maintenance_force": True}
        run = deployed.play("maintenance", "--limit", host, "-e", json.dumps(force))
        assert run.status == 0, run.output
    assert deployed.holders() == []
    run = deployed.play("gateway", "-e", '{"cc_gateway_vrrp": {"weight": 50}}')
    assert run.status == 0, run.output
    for host in ("cc1", "cc2"):
        assert "weight 50" in deployed.sh(host, "cat /etc/keepalived/keepalived.conf")
    assert deployed.holders() == []
    run = deployed.play("maintenance", "-e", "cc_gateway_maintenance=false")
    assert run.status == 0, run.output
    wait_for(lambda: deployed.holders() == ["cc1"])


def test_restart_where_it_is_asked_for(deployed, costs):
    cost = play(
        deployed,
        costs,
        "restart of both (cc_gateway_restart=true)",
        "-e",
        "cc_gateway_restart=true",
        "-e",
        '{"cc_gateway_vrrp": {"garp_master_refresh": 29}}',
    )
    assert cost.two < 0.5
    wait_for(lambda: deployed.holders() == ["cc1"])
    assert deployed.play("gateway").status == 0


def test_keys(deployed, costs, tmp_path):
    """The cloud has a new identity: the controllers take it first, then the gateway."""
    new = tmp_path / "keys"
    deployed.simulator("keys", str(new))
    content = {
        "cc_gateway_client_key_content": (new / "cloud-pk.pem").read_text(),
        "cc_gateway_client_cert_content": (new / "cloud-cert.pem").read_text(),
        "cc_gateway_control_key": str(new / "cloud-pk.pem"),
        "cc_gateway_control_cert": str(new / "cloud-cert.pem"),
    }
    with measured(deployed, costs, "new client key and certificate"):
        for host, state in (("cc2", "DISABLED"), ("cc1", "ENABLED")):
            for name in ("cloud-pk.pem", "cloud-cert.pem"):
                deployed.lab.exec(
                    host, "sh", "-c", f"cat > /var/lib/eucalyptus/keys/{name}", input=(new / name).read_text()
                )
            deployed.restart_controller(host, state)
        run = deployed.play("gateway", "-e", json.dumps(content))
    assert run.status == 0, run.output
    assert (costs[-1].two, costs[-1].moves) == (0.0, "cc1")


# In the order in which a run has them.
TASKS = (
    "Validate the settings and inspect the host",
    "Write the configuration",
    "Install the check and the notify script",
    "Set the order, the holder last",
    "Reload keepalived, or start it if it is not running",
)


@pytest.mark.parametrize(("number", "task"), list(enumerate(TASKS)))
def test_a_killed_run_is_finished_by_the_next(deployed, number, task):
    weight = 60 + number
    arguments = ["-e", json.dumps({"cc_gateway_vrrp": {"weight": weight}})]
    for host in ("cc1", "cc2"):
        deployed.sh(host, f"echo '# another edition' >> {NOTIFY}")
    with deployed.playing(task, "gateway", *arguments):
        # A moment, so that the task is under way on the hosts; then all of the run is killed.
        time.sleep(0.2)
    assert len(deployed.holders()) == 1
    run = deployed.play("gateway", *arguments)
    assert run.status == 0, run.output
    for host in ("cc1", "cc2"):
        assert f"weight {weight}\n" in deployed.sh(host, "cat /etc/keepalived/keepalived.conf")
        assert deployed.status(host, "test -e /run/eucalyptus.ha.keepalived.pending") != 0
        assert "another edition" not in deployed.sh(host, f"cat {NOTIFY}")
    # In effect, not only on disk: the holder's effective priority is the base and this weight.
    wait_for(
        lambda: (
            f"to {100 + weight}"
            in deployed.sh("cc1", "journalctl -u keepalived --no-pager -o cat | grep 'effective priority' | tail -n 1")
        )
    )
    assert deployed.holders() == ["cc1"]
    again = deployed.play("gateway", *arguments)
    assert {numbers["changed"] for numbers in again.recap.values()} == {0}, again.output


def test_another_vip(deployed, costs):
    """The way to do it without a gap: the old VIP stays as a further gateway until the node controllers have moved."""
    other = deployed.vip.rsplit(".", 1)[0] + ".20"
    both = {
        "cc_gateway_vip": other,
        "cc_gateway_further": [{"instance": "old", "vip": deployed.vip, "virtual_router_id": 46}],
    }
    with measured(
        deployed, costs, "another VIP, the old one kept as a further gateway until the node controllers have moved"
    ):
        for playbook, arguments in (
            ("gateway", both),
            ("nc_route", {"nc_route_vip": other}),
            ("gateway", {"cc_gateway_vip": other}),
        ):
            run = deployed.play(playbook, "-e", json.dumps(arguments))
            assert run.status == 0, run.output
    assert deployed.holders() == [], "the old VIP is gone"
    assert costs[-1].gap < 1
    for playbook, arguments in (("gateway", {}), ("nc_route", {})):
        assert deployed.play(playbook, "-e", json.dumps(arguments)).status == 0
    wait_for(lambda: deployed.holders() == ["cc1"])


def test_removal(deployed, costs):
    with measured(deployed, costs, "removal (until the end of the recording: nc1 had no default route before)"):
        run = deployed.play("remove", "-e", "cc_gateway_remove_confirm=true")
    assert run.status == 0, run.output
    assert deployed.holders() == []
    assert costs[-1].two == 0.0


def test_upgrade_from_the_article(deployed, costs):
    set_up(deployed)
    with measured(deployed, costs, "replacement of the manual keepalived setup (pings to the VIP itself)", deployed.vip):
        run = deployed.play("gateway")
    assert run.status == 0, run.output
    # Both elect anew at once; one after the other it would be seconds.
    assert costs[-1].two < 0.05
    wait_for(lambda: deployed.holders() == ["cc1"])


def write_document(found):
    lines = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "# Measured: configuration changes on a running pair",
        "",
        "What a node controller (nc1) loses while a playbook changes a pair that is in use, from one run each in a lab of containers.",
        "",
        "| column | what it is |",
        "|---|---|",
        "| packets lost | pings to a host beyond the gateway that got no answer, of 20 a second, during the whole run of the playbook |",
        "| longest gap (s) | the longest time between two answers; 0.05 is the distance between two pings, so it is the least |",
        "| two holders (s) | for how long both hosts had the VIP, by the notifications of their kernels |",
        "| path of the VIP | the hosts that held it, in order; a host named twice got another VIP, or got it back |",
        "",
        "After a removal nothing answers any more if a node controller had no default route before: those packets are lost, and there is",
        "no second answer that would end a gap.",
        "",
        "| change | packets lost | longest gap (s) | two holders (s) | path of the VIP |",
        "|---|---|---|---|---|",
    ]
    lines += [f"| {c.name} | {c.lost} | {c.gap:.2f} | {c.two:.2f} | {c.moves} |" for c in found]
    lines += [
        "",
        "## Interrupted runs",
        "",
        "A run that is killed (SIGKILL of ansible-playbook) is completed by the next one. Tested at these tasks:",
        "",
        *[f"- {task}" for task in TASKS],
        "",
        "---",
        "",
        f"*Written by `CHANGES_DOC=1 pytest tests/system/test_changes.py`, {commit()}. Do not edit.*",
        "",
    ]
    DOC.write_text("\n".join(lines), encoding="utf-8")
