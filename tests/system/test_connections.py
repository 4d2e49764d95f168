# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections through the gateway: what becomes of them at flips and power-offs, with and without cc_gateway_outside_vip.

One story, in this order. tests/bench/connections_bench.py measures more of it on a quiet machine.
"""

from __future__ import annotations

import json
import time

import pytest
from connections import CONFIG, LIBERAL, Load, Pair, like_a_real_host
from system_helpers import RULES, Pings, wait_for
from watch import AddressWatch

OURS = "/etc/keepalived/keepalived.conf /etc/eucalyptus/iptables-preload"
LEFT = (
    f"ls -d /etc/systemd/system/conntrackd.service.d {CONFIG} /usr/libexec/keepalived/eucalyptus-ha-connections 2>/dev/null;"
    " iptables-save -t mangle | grep -F eucalyptus.ha; systemctl is-enabled conntrackd 2>/dev/null | grep -v disabled;"
    " pgrep -l conntrackd; true"
)
HOSTS = ("cc1", "cc2")


@pytest.fixture(scope="module")
def pair(deployed):
    """The deployed pair, at the defaults. cc1 holds the VIP."""
    found = Pair(deployed)
    found.before = {host: deployed.sh(host, f"cat {OURS}") for host in HOSTS}
    return found


def flip(pair):
    pair.flip()
    wait_for(lambda: pair.holders() == ([pair.holder], [pair.holder]))
    # The cloud does not flip twice within a second.
    time.sleep(2)


def status(pair, tmp_path):
    report = tmp_path / "status.json"
    run = pair.cluster.play("status", "-e", f"cc_gateway_status_json={report}")
    return run, json.loads(report.read_text(encoding="utf-8"))[0]


def test_without_the_option_a_flip_breaks_every_download(pair):
    with Load(pair.cluster, 6, 2) as load:
        for _number in range(2):
            pair.flip()
            time.sleep(1)
    # The second flip leads back to the host that knows them, too late for a download.
    assert load.alive("download") == 0


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ("{outside}", "is in use|answers for"),
        ("{network}.205", "is among VNET_PUBLICIPS"),
        ("192.0.2.9", "must be in the network of eth1"),
    ],
)
def test_an_address_that_cannot_be_used_is_refused_before_anything_is_changed(pair, option, words):
    outside = pair.cluster.address["outside"]
    value = option.format(outside=outside, network=outside.rsplit(".", 1)[0])
    run = pair.cluster.play("gateway", "-e", f"cc_gateway_outside_vip={value}")
    assert run.status != 0
    said = " ".join(run.output.split())
    assert any(word in said for word in words.split("|")), run.output
    assert "cc_gateway_outside_vip" in said
    assert {host: pair.cluster.sh(host, f"cat {OURS}") for host in HOSTS} == pair.before


def test_it_is_deployed_on_a_live_pair_without_a_move(pair):
    cluster = pair.cluster
    with Pings(cluster, cluster.address["outside"]) as pings, AddressWatch(cluster.lab, cluster.vip, list(HOSTS)) as watch:
        run = cluster.play("gateway", *pair.option)
    assert run.status == 0, run.output
    assert (watch.moves, pings.lost) == ([], 0)
    assert pair.holders() == ([pair.holder], [pair.holder])
    page = cluster.sh("nc1", f"curl --silent --show-error --fail --max-time 5 {cluster.url}")
    assert page.split()[-1] == pair.outside_vip
    again = cluster.play("gateway", *pair.option)
    assert {host["changed"] for host in again.recap.values()} == {0}, again.output
    for host in HOSTS:
        like_a_real_host(cluster, host)
        assert pair.synchronised(host)
        rules = cluster.sh(host, "cat /etc/eucalyptus/iptables-preload")
        assert f"--to-source {pair.outside_vip}" in rules
        assert "*mangle" not in rules, "loading it would flush what others have in that table"


def test_connections_survive_flips(pair):
    with Load(pair.cluster, 6, 6) as load:
        for _number in range(2):
            flip(pair)
    assert (load.alive("download"), load.alive("idle")) == (6, 6), load.results
    # connections.md: 0.06 to 0.16 s on a quiet machine; the bench measures it. Here it must only be no other order of magnitude.
    assert load.stall(0, time.time()) < 2


def test_the_loss_of_the_outside_link_moves_the_vip(pair):
    """keepalived tracks the interface of each of its addresses."""
    with Load(pair.cluster, 6, 6) as load:
        with pair.without_outside(pair.holder):
            wait_for(lambda: pair.holders() == ([pair.standby], [pair.standby]))
            time.sleep(2)
        wait_for(lambda: pair.holders() == ([pair.holder], [pair.holder]))
        time.sleep(2)
    assert (load.alive("download"), load.alive("idle")) == (6, 6), load.results


def flush(pair, host):
    """What a controller does to the tables (lab/cc_network.py), with the time between that the real one takes."""
    pair.cluster.sh(
        host,
        "iptables -w -t filter -F; iptables -w -t nat -F; iptables -w -P FORWARD DROP; sleep 0.05;"
        " iptables-restore -w < /etc/eucalyptus/iptables-preload",
    )


def test_downloads_survive_the_controllers_flush_of_both_tables(pair):
    with Load(pair.cluster, 6, 2) as load:
        for _number in range(3):
            flush(pair, pair.holder)
            time.sleep(1)
    assert (load.alive("download"), load.alive("idle")) == (6, 2), load.results


def test_connections_survive_a_power_off_and_the_host_comes_back_with_them(pair, tmp_path):
    cluster = pair.cluster
    with Load(cluster, 6, 6) as load:
        lost = pair.holder
        pair.power_off()
        time.sleep(2)
        pair.power_on()
        # conntrackd was there first, and so were the entries.
        started = cluster.sh(lost, "systemctl show -p ActiveEnterTimestampMonotonic --value conntrackd keepalived").split()
        assert int(started[0]) <= int(started[1])
        wait_for(lambda: pair.synchronised(lost), 30)
        flip(pair)
        assert pair.holder == lost
    assert (load.alive("download"), load.alive("idle")) == (6, 6), load.results
    run, verdict = status(pair, tmp_path)
    assert (run.status, verdict["severity_name"]) == (0, "ok"), run.output
    for row in verdict["rows"]:
        if row["kind"] == "controller":
            assert row["connections"]["synchronised"] is True


def test_one_that_was_killed_starts_again_and_one_that_is_stopped_is_an_alarm(pair, tmp_path):
    cluster = pair.cluster
    for host in HOSTS:
        cluster.sh(host, "pkill -KILL -x conntrackd")
    # Its lock file is still there; systemd starts it again.
    wait_for(lambda: all(pair.synchronised(host) for host in HOSTS), 30)
    cluster.sh(pair.standby, "systemctl stop conntrackd")
    run, verdict = status(pair, tmp_path)
    assert (run.status, verdict["severity_name"]) == (2, "warning"), run.output
    assert [f"conntrackd is not running on {pair.standby}" in one["text"] for one in verdict["warnings"]] == [True]
    # Not worse than without it: the VIP follows all the same.
    pair.flip()
    wait_for(lambda: pair.holders() == ([pair.holder], [pair.holder]))
    cluster.sh(pair.holder, "systemctl start conntrackd")
    wait_for(lambda: all(pair.synchronised(host) for host in HOSTS), 30)


def test_nobody_but_the_peer_can_put_entries_in(pair):
    cluster = pair.cluster
    counted = "iptables -t mangle -L INPUT -v -x -n | awk '/dpt:3780/ {print $1}'"
    before = int(cluster.sh("cc1", counted))
    own = cluster.sh("cc1", f"awk '/IPv4_address/ {{print $2; exit}}' {CONFIG}").strip()
    cluster.sh("nc1", f"python3 -c \"import socket; socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x' * 64, ('{own}', 3780))\"")
    assert int(cluster.sh("cc1", counted)) == before + 1
    assert pair.synchronised("cc1"), "the peer's are admitted"


def test_a_setting_of_the_kernel_that_was_changed_is_an_alarm(pair, tmp_path):
    like_a_real_host(pair.cluster, "cc2", "0")
    run, verdict = status(pair, tmp_path)
    assert run.status == 2
    assert [LIBERAL in one["text"] for one in verdict["warnings"]] == [True]
    like_a_real_host(pair.cluster, "cc2")


def test_a_deployment_with_the_port_closed_in_between_reports_it(pair):
    cluster = pair.cluster
    closed = "iptables -w -t mangle {} INPUT -p udp --dport 3780 -j DROP"
    cluster.sh("cc1", closed.format("-I"))
    run = cluster.play("gateway", *pair.option)
    cluster.sh("cc1", closed.format("-D"))
    assert run.status != 0, run.output
    assert f"conntrackd receives nothing from {cluster.address['cc2']}" in " ".join(run.output.split())
    assert pair.holders() == ([pair.holder], [pair.holder])
    wait_for(lambda: pair.synchronised("cc1"), 30)


def test_without_the_option_all_of_it_goes_and_the_rest_is_as_it_was(pair):
    cluster = pair.cluster
    with AddressWatch(cluster.lab, cluster.vip, list(HOSTS)) as watch:
        run = cluster.play("gateway")
    assert run.status == 0, run.output
    assert watch.moves == []
    for host in HOSTS:
        assert cluster.sh(host, f"cat {OURS}") == pair.before[host]
        assert cluster.sh(host, LEFT) == ""
    assert pair.holders() == ([pair.holder], [])
    again = cluster.play("gateway")
    assert {host["changed"] for host in again.recap.values()} == {0}, again.output


def test_removal_takes_it_away(pair):
    cluster = pair.cluster
    run = cluster.play("gateway", *pair.option)
    assert run.status == 0, run.output
    cluster.sh("cc2", "apt-get purge -y -q conntrackd")
    run = cluster.play("remove", "-e", "cc_gateway_remove_confirm=true")
    assert run.status == 0, run.output
    for host in HOSTS:
        assert cluster.sh(host, LEFT) == ""
        assert pair.outside_vip not in cluster.sh(host, "ip -4 address; " + RULES)
