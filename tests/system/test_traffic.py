# SPDX-License-Identifier: GPL-3.0-or-later
"""What node controllers feel: their way out, through a failover, and through changes of a live pair. One story, in this order."""

from __future__ import annotations

import json
import re
import textwrap
import time

from system_helpers import RULES, Pings, both_for, files, wait_for
from watch import AddressWatch

# Adverts of version 3 with the gateway's own virtual router ID and a higher priority, ten times a second for 4 s.
# Arguments: source, destination, VIP.
STRANGER = textwrap.dedent("""
    import socket, struct, sys, time
    source, destination, vip = (socket.inet_aton(word) for word in sys.argv[1:])
    def advert(checksum):
        return struct.pack("!BBBBHH", 0x31, 45, 250, 1, 10, checksum) + vip
    pseudo = source + destination + struct.pack("!BBH", 0, 112, len(advert(0)))
    total = sum(struct.unpack("!12H", pseudo + advert(0)))
    total = (total & 0xffff) + (total >> 16)
    raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
    raw.setsockopt(socket.IPPROTO_IP, socket.IP_TTL, 255)
    for n in range(40):
        raw.sendto(advert(~total & 0xffff), (sys.argv[2], 0))
        time.sleep(0.1)
""")


def outside(cluster):
    return cluster.address["outside"]


def came_from(cluster):
    return (
        cluster.sh("nc1", f"curl --silent --show-error --fail --max-time 5 {cluster.url}").split()[-1].rsplit(".", 1)[1]
    )


def test_a_page_beyond_is_fetched_through_the_enabled_controller(deployed):
    assert deployed.holders() == ["cc1"]
    assert came_from(deployed) == "11"


def test_a_flip_moves_the_vip_and_the_way_out_with_it(deployed):
    with AddressWatch(deployed.lab, deployed.vip, ["cc1", "cc2"]) as watch:
        flip = deployed.flip("cc1", "cc2")
        arrived = watch.wait_for("cc2", True, flip["disable_sent"], 15)
        watch.wait_for("cc1", False, flip["disable_sent"], 15)
    # The goal is 2.7 s at most on a quiet machine; the bench measures it. Here it must only be no other order of magnitude.
    assert arrived.when - flip["disable_sent"] < 6
    assert deployed.holders() == ["cc2"]
    assert came_from(deployed) == "12"


def moves_while_a_stranger_speaks(cluster):
    """What becomes of the VIP while nc1 sends the adverts of STRANGER to its holder, cc2."""
    with AddressWatch(cluster.lab, cluster.vip, ["cc1", "cc2"]) as watch:
        words = ["python3", "-", cluster.address["nc1"], cluster.address["cc2"], cluster.vip]
        cluster.lab.exec("nc1", *words, input=STRANGER)
    return watch.moves


def test_a_stranger_in_the_network_does_not_get_the_vip_by_adverts(deployed):
    moves = moves_while_a_stranger_speaks(deployed)
    assert "not a unicast peer" in deployed.sh("cc2", "journalctl -u keepalived --no-pager"), "keepalived has seen them"
    # keepalived 2.2.7 is late with its own adverts while it discards others, so that cc1 may take the VIP too, for a moment.
    assert [move for move in moves if move.host == "cc2"] == [], "the holder never gives it up"
    wait_for(lambda: deployed.holders() == ["cc2"])


def dropping(cluster, host):
    """Our rules that drop something."""
    return [rule for rule in cluster.sh(host, RULES).splitlines() if "eucalyptus.ha" in rule and "DROP" in rule]


def test_with_the_packet_filter_set_a_stranger_changes_nothing_at_all(deployed):
    run = deployed.play("gateway", "-e", '{"cc_gateway_vrrp": {"peers_only": true}}')
    assert run.status == 0, run.output
    assert len(dropping(deployed, "cc2")) == 1
    assert moves_while_a_stranger_speaks(deployed) == []
    # And the peer is heard: the VIP goes and comes as ever.
    for source, target in (("cc2", "cc1"), ("cc1", "cc2")):
        deployed.flip(source, target)
        wait_for(lambda to=target: deployed.holders() == [to])
    again = deployed.play("gateway", "-e", '{"cc_gateway_vrrp": {"peers_only": true}}')
    assert {host["changed"] for host in again.recap.values()} == {0}, again.output
    back = deployed.play("gateway")
    assert back.status == 0, back.output
    assert [dropping(deployed, host) for host in ("cc1", "cc2")] == [[], []]


def test_a_changed_weight_is_in_effect_and_costs_no_packet(deployed):
    with Pings(deployed, outside(deployed)) as pings, AddressWatch(deployed.lab, deployed.vip, ["cc1", "cc2"]) as watch:
        run = deployed.play("gateway", "-e", '{"cc_gateway_vrrp": {"weight": 60}}')
    assert run.status == 0, run.output
    assert watch.moves == [], "the VIP must not move"
    assert pings.lost == 0
    assert "from 100 to 160" in deployed.sh("cc2", "journalctl -u keepalived --no-pager")


def test_a_configuration_that_keepalived_refuses_leaves_everything_as_it_was(deployed, tmp_path):
    # Programs of another release, which a run replaces.
    for program in ("cc_enabled_check.py", "eucalyptus-ha-notify"):
        for host in ("cc1", "cc2"):
            deployed.sh(host, f"echo '# of another release' >> /usr/libexec/keepalived/{program}")
    before = {host: files(deployed, host) for host in ("cc1", "cc2")}
    instance = {
        "state": "BACKUP",
        "interface": "nosuch0",
        "virtual_router_id": 7,
        "priority": 9,
        "virtual_ipaddress": ["192.0.2.7"],
    }
    # Beside the lab's own inventory: with -e it would be refused before keepalived sees it.
    bad = tmp_path / "bad.yml"
    variables = {"keepalived_config": {"vrrp_instance": {"other": instance}}}
    keys = {
        name: (deployed.lab.dir / "keys" / f"cloud-{name}.pem").read_text(encoding="utf-8") for name in ("pk", "cert")
    }
    further = {
        # What else this run would change on the hosts.
        "keepalived_unit": {"hardening": True},
        "keepalived_firewall": {"backend": "iptables"},
        "cc_gateway_client_key_content": keys["pk"],
        "cc_gateway_client_cert_content": keys["cert"],
    }
    bad.write_text(json.dumps({"eucalyptus_cc": {"vars": variables | further}}), encoding="utf-8")
    with Pings(deployed, outside(deployed)) as pings, AddressWatch(deployed.lab, deployed.vip, ["cc1", "cc2"]) as watch:
        run = deployed.play("gateway", "-i", str(bad))
    assert run.status != 0, run.output
    assert "nosuch0" in run.output, "keepalived's own words should be shown"
    assert {host: files(deployed, host) for host in ("cc1", "cc2")} == before
    assert (watch.moves, pings.lost) == ([], 0)
    assert deployed.holders() == ["cc2"]
    refused = deployed.play("gateway", "-e", json.dumps(variables))
    assert "keepalived_config was given with -e" in refused.output


def test_a_change_of_the_adverts_is_taken_by_both_at_once(deployed):
    with AddressWatch(deployed.lab, deployed.vip, ["cc1", "cc2"]) as watch:
        run = deployed.play("gateway", "-e", '{"cc_gateway_vrrp": {"advert_interval": 0.2}}')
    assert run.status == 0, run.output
    assert deployed.holders() == ["cc2"]
    assert both_for(watch.moves, ["cc2"]) < 1.5


def test_such_a_change_on_one_host_alone_is_taken_back(deployed):
    before = deployed.sh("cc1", "cat /etc/keepalived/keepalived.conf")
    run = deployed.play("gateway", "-e", '{"cc_gateway_vrrp": {"advert_interval": 0.3}}', "--limit", "cc1")
    assert run.status != 0
    assert "cannot receive each other" in " ".join(run.output.split())
    assert deployed.sh("cc1", "cat /etc/keepalived/keepalived.conf") == before
    assert deployed.holders() == ["cc2"]


def test_maintenance_hands_over_and_keeps_away_also_after_a_restart(deployed):
    before = deployed.sh("cc2", "find /etc/keepalived/keepalived.conf /usr/libexec/keepalived -type f ! -name '*.pyc' -exec sha256sum {} +")
    run = deployed.play("maintenance", "-e", "cc_gateway_maintenance=true", "--limit", "cc2")
    assert run.status == 0, run.output
    assert deployed.holders() == ["cc1"]
    deployed.sh("cc2", "systemctl restart keepalived")
    time.sleep(4)
    assert deployed.holders() == ["cc1"], "cc2 is ENABLED, but in maintenance"
    both = deployed.play("maintenance", "-e", "cc_gateway_maintenance=true", "--limit", "cc1")
    assert both.status != 0
    assert "no other host could take over the VIP (cc2 is in maintenance)" in " ".join(both.output.split())
    assert deployed.holders() == ["cc1"]
    run = deployed.play("maintenance", "-e", "cc_gateway_maintenance=false", "--limit", "cc2")
    assert run.status == 0, run.output
    after = deployed.sh("cc2", "find /etc/keepalived/keepalived.conf /usr/libexec/keepalived -type f ! -name '*.pyc' -exec sha256sum {} +")
    assert after == before, "maintenance deploys nothing"
    deadline = time.monotonic() + 10
    while deployed.holders() != ["cc2"]:
        assert time.monotonic() < deadline
        time.sleep(0.3)


def test_transitions_are_told_with_their_reason(deployed):
    log = deployed.sh("cc2", "journalctl -t eucalyptus-ha --no-pager -o cat")
    assert re.search(r"gateway eucalyptus: \w+ -> FAULT, effective priority \d+; maintenance: set by Ansible", log), log
    assert re.search(r"-> MASTER, effective priority \d+; ENABLED: ", log), log


def test_with_the_state_file_the_vip_follows_with_no_key_on_either_controller(deployed):
    """Last in the story: the keys do not come back."""
    holder = deployed.holders()[0]
    other = {"cc1": "cc2", "cc2": "cc1"}[holder]
    for host in ("cc1", "cc2"):
        deployed.sh(host, "rm -f /var/lib/eucalyptus/keys/cloud-pk.pem")
    run = deployed.play("gateway")
    assert run.status == 0, run.output
    assert "not compared with a SOAP answer" in " ".join(run.output.split())
    assert "--key" not in deployed.sh("cc1", "grep script /etc/keepalived/keepalived.conf")
    with Pings(deployed, outside(deployed)) as pings, AddressWatch(deployed.lab, deployed.vip, ["cc1", "cc2"]) as watch:
        flip = deployed.flip(holder, other)
        watch.wait_for(other, True, flip["disable_sent"], 15)
        watch.wait_for(holder, False, flip["disable_sent"], 15)
    assert deployed.holders() == [other]
    assert came_from(deployed) == {"cc1": "11", "cc2": "12"}[other]
    assert pings.gap < 2
