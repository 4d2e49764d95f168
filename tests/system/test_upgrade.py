# SPDX-License-Identifier: GPL-3.0-or-later
"""From the manual set-up of the article (Keepalived and Eucalyptus, 2012) to this collection, with node controllers looking on.

The tests build on each other, in this order, on one lab.
"""

from __future__ import annotations

import time

import pytest
from article import CONFIGURATION, SCRIPT, put, set_up
from system_helpers import wait_for
from watch import AddressWatch


def seconds_by_holders(moves, holder):
    """How long none, one or two hosts had the address between the first and the last move, from the kernel's notices."""
    holding, since, total = {holder}, None, {0: 0.0, 1: 0.0, 2: 0.0}
    for move in sorted(moves, key=lambda one: one.when):
        if since is not None:
            total[len(holding)] += move.when - since
        (holding.add if move.held else holding.discard)(move.host)
        since = move.when
    assert len(holding) == 1, f"at the end: {holding}"
    return total


@pytest.fixture(scope="module")
def article(cluster):
    """The lab with the article's set-up on both hosts, running, and the VIP where it should be."""
    set_up(cluster)
    return cluster


def test_check_mode_says_what_would_happen_and_touches_nothing(article):
    run = article.play("gateway", "--check")
    assert run.status == 0, run.output
    assert "found the manual keepalived setup (EUCA-2412" in run.output
    for host in ("cc1", "cc2"):
        assert article.status(host, "test -e /var/backups/eucalyptus-ha") != 0
        assert "CCclient" in article.sh(host, "cat /etc/keepalived/keepalived.conf")
    assert article.holders() == ["cc1"]


def test_the_upgrade_does_not_leave_two_holders(article, capsys):
    with AddressWatch(article.lab, article.vip, ["cc1", "cc2"]) as watch:
        run = article.play("gateway")
        time.sleep(2)
        moves = list(watch.moves)
    seconds = seconds_by_holders(moves, "cc1")
    with capsys.disabled():
        print(
            f"\nupgrade: {seconds[2]:.3f} s with two holders, {seconds[0]:.3f} s with none, {[(m.host, m.held) for m in moves]}"
        )
    assert run.status == 0, run.output
    for words in (
        "found the manual keepalived setup (EUCA-2412",
        "vrrp_script cc-enabled-check runs /usr/local/bin/CCclient-enabled-check.sh",
        "VRRP version 2 → 3",
        "adverts multicast → unicast",
        "remove them when convenient",
    ):
        assert words in " ".join(run.output.split()), words
    assert "kHnx3Qz9" not in run.output
    # Both elect anew at the same moment with equal priorities, so that both may take it before the first advert is heard:
    # 0 to 2 ms were seen. Reloaded one after the other it would be seconds.
    assert seconds[2] < 0.05, moves
    assert len(article.holders()) == 1


def test_the_old_set_up_is_kept_and_the_old_check_is_tracked_no_more(article):
    for host in ("cc1", "cc2"):
        backup = article.sh(host, "ls -d /var/backups/eucalyptus-ha/*").split()
        assert len(backup) == 1
        assert article.sh(host, f"stat -c '%a %U' {backup[0]}").split() == ["700", "root"]
        old = CONFIGURATION.format(host=host, vip=article.vip)
        assert article.sh(host, f"cat {backup[0]}/etc/keepalived/keepalived.conf") == old
        assert article.sh(host, f"cat {backup[0]}/usr/local/bin/CCclient-enabled-check.sh") == SCRIPT
        assert article.status(host, f"test -x {backup[0]}/usr/local/bin/CCclient_full") == 0
        assert "CCclient" not in article.sh(host, "cat /etc/keepalived/*.conf")
        log = article.sh(host, "grep -c . /usr/local/bin/CCclient-enabled-check.sh")
        assert log.strip() == "2", "the files themselves stay"


def test_the_vip_follows_the_controller_with_the_new_set_up(article):
    article.flip("cc1", "cc2")
    wait_for(lambda: article.holders() == ["cc2"], 10)
    article.flip("cc2", "cc1")
    wait_for(lambda: article.holders() == ["cc1"], 10)


def test_the_next_run_finds_its_own_set_up(article):
    run = article.play("gateway")
    assert run.status == 0, run.output
    assert "manual keepalived setup" not in run.output
    assert {host: numbers["changed"] for host, numbers in run.recap.items()} == {"cc1": 0, "cc2": 0}, run.output


def test_an_entry_of_the_site_that_tracks_the_old_check_is_refused(article, tmp_path):
    extra = tmp_path / "extra.yml"
    extra.write_text(
        "keepalived_config: {vrrp_script: {old: {script: /usr/local/bin/CCclient-enabled-check.sh}}}\n",
        encoding="utf-8",
    )
    run = article.play("gateway", "-e", f"@{extra}")
    assert run.status != 0
    assert "keepalived_config still runs the old CCclient script" in run.output
    assert article.holders() == ["cc1"]


def test_somebody_elses_running_instance_is_not_ended_by_the_way(article):
    other = "vrrp_instance VI_9 {\n interface eth0\n virtual_router_id 99\n virtual_ipaddress {\n 192.0.2.9\n }\n}\n"
    put(article, "cc2", "/etc/keepalived/keepalived.conf", other)
    run = article.play("gateway")
    assert run.status != 0
    assert "keepalived already runs VRRP instance VI_9 on this host, which this role would remove" in " ".join(
        run.output.split()
    )
    assert article.sh("cc2", "cat /etc/keepalived/keepalived.conf") == other
