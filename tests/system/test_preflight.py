# SPDX-License-Identifier: GPL-3.0-or-later
"""What gateway.yml finds out before it touches anything, on hosts where something is in the way; and new keys on a live pair.

Each sentence has a unit test (tests/unit/plugins/plugin_utils/test_gateway_findings.py, …/filter/test_gateway_problems.py); here
is what real hosts make of them. The tests build on each other, in this order, on one lab.
"""

from __future__ import annotations

import json
import shutil
import time
from contextlib import contextmanager

import pytest
from system_helpers import wait_for
from watch import AddressWatch

KEYS = "/var/lib/eucalyptus/keys"
# Adverts of another VRRP router, of version 2 with VRID 45, ten times a second; sent from the node controller.
ROUTER = """
import socket, struct, time
raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, 112)
raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 255)
raw.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton("%s"))
while True:
    raw.sendto(struct.pack("!BBBBBBH4s", 0x21, 45, 150, 1, 0, 1, 0, b"\\xc0\\x00\\x02\\x09"), ("224.0.0.18", 0))
    time.sleep(0.1)
"""


def words(text):
    return " ".join(text.split())


def untouched(cluster, host):
    return cluster.sh(
        host,
        "find /etc /usr/libexec /var/backups -xdev -type f -printf '%p %m %u %s %T@\\n' 2>/dev/null | grep -v /etc/ssh/ | sort | sha256sum",
    )


@contextmanager
def another_router(cluster):
    cluster.lab.exec("nc1", "sh", "-c", "cat > /tmp/router.py", input=ROUTER % cluster.address["nc1"])
    cluster.sh("nc1", "systemd-run --quiet --unit router python3 /tmp/router.py")
    try:
        yield
    finally:
        cluster.sh("nc1", "systemctl stop router; systemctl reset-failed router 2>/dev/null", check=False)


@contextmanager
def vip_in_use(cluster):
    cluster.sh("nc1", f"ip address add {cluster.vip}/32 dev eth0")
    try:
        yield
    finally:
        cluster.sh("nc1", f"ip address delete {cluster.vip}/32 dev eth0")


@pytest.fixture(scope="module")
def pairs(cluster, tmp_path_factory):
    """The lab's own keys, and those after a rotation of the cloud's; the controllers' keys stay."""
    base = tmp_path_factory.mktemp("keys")
    for name in ("old", "new"):
        shutil.copytree(cluster.lab.dir / "keys", base / name)
    fresh = base / "fresh"
    cluster.simulator("keys", str(fresh))
    for name in ("cloud-pk.pem", "cloud-cert.pem"):
        shutil.copy(fresh / name, base / "new" / name)
    return base


def test_all_that_is_in_the_way_comes_in_one_message_for_each_host(cluster, pairs):
    cert = (pairs / "new/cloud-cert.pem").read_text(encoding="ascii")
    cluster.lab.exec("cc1", "sh", "-c", f"cp -p {KEYS}/cloud-cert.pem /root/; cat > {KEYS}/cloud-cert.pem", input=cert)
    cluster.sh(
        "cc2", f"chown root {KEYS}/cloud-pk.pem; mv /usr/bin/openssl /usr/bin/openssl.away; systemctl stop cc-simulator"
    )
    before = {host: untouched(cluster, host) for host in ("cc1", "cc2")}
    with another_router(cluster), vip_in_use(cluster):
        run = cluster.play(
            "gateway", "-e", "cc_gateway_check_source=soap cc_gateway_priority=200 cc_gateway_check_fal=3"
        )
    after = {host: untouched(cluster, host) for host in ("cc1", "cc2")}
    cluster.sh("cc1", f"cp -p /root/cloud-cert.pem {KEYS}/")
    cluster.sh(
        "cc2",
        f"chown eucalyptus {KEYS}/cloud-pk.pem; mv /usr/bin/openssl.away /usr/bin/openssl; systemctl start cc-simulator",
    )
    assert run.status != 0
    assert after == before
    # Ansible 2.19 also prints each error by itself; what counts is the task's result.
    results = [
        words(part.partition("[ERROR]")[0].partition("PLAY RECAP")[0]) for part in run.output.split("fatal: ")[1:]
    ]
    mine = {result[1:4]: result for result in results}
    assert sorted(mine) == ["cc1", "cc2"], run.output
    for host in ("cc1", "cc2"):
        assert f"{host}: nothing was changed; fix these " in mine[host], mine[host]
        assert f"cc_gateway_vip: {cluster.vip} is in use: " in mine[host], mine[host]
        assert (
            f"cc_gateway_virtual_router_id: 45 is in use on eth0 by {cluster.address['nc1']} (VRRP version 2"
            in mine[host]
        )
        assert "cc_gateway_check_fal is not an option of this role" in mine[host], mine[host]
        assert "cc_gateway_priority (200) + cc_gateway_vrrp.weight (100) = 300" in mine[host]
    assert "key and certificate do not belong to each other" in mine["cc1"]
    assert "the openssl command is missing on this host: install the package openssl" in mine["cc2"]
    assert f"{KEYS}/cloud-pk.pem must be readable by eucalyptus" in mine["cc2"]
    assert "the cluster controller does not respond (127.0.0.1 port 8774: Connection refused)" in mine["cc2"]
    assert "openssl" not in mine["cc1"]


def test_half_a_pair_is_a_warning_or_an_error_as_told(cluster):
    run = cluster.play("gateway", "--check", "--limit", "cc1")
    assert run.status == 0, run.output
    assert (
        "cc2 is not part of this run (outside --limit, unreachable or failed): the VIP can fail over to it only"
        in words(run.output)
    )
    run = cluster.play("gateway", "--check", "--limit", "cc1", "-e", '{"cc_gateway_preflight": {"require_both": true}}')
    assert run.status != 0
    assert "and cc_gateway_preflight.require_both is set" in words(run.output)


def test_a_vip_elsewhere_wants_to_be_allowed_and_hosts_to_agree(cluster, tmp_path):
    run = cluster.play("gateway", "--check", "-e", "cc_gateway_vip=192.0.2.10")
    assert "set cc_gateway_preflight.allow_foreign_subnet to true" in words(run.output)
    foreign = {"cc_gateway_vip": "192.0.2.10", "cc_gateway_preflight": {"allow_foreign_subnet": True}}
    run = cluster.play("gateway", "--check", "-e", json.dumps(foreign))
    assert run.status == 0, run.output
    data = json.loads(cluster.lab.inventory.read_text(encoding="utf-8"))
    data["all"]["children"]["eucalyptus_cc"]["hosts"]["cc2"]["cc_gateway_virtual_router_id"] = 46
    other = tmp_path / "inventory.yml"
    other.write_text(json.dumps(data), encoding="utf-8")
    run = cluster.play("gateway", "--check", "-i", str(other))
    assert run.status != 0
    assert "cc_gateway_virtual_router_id must be the same on all hosts" in words(run.output)


def test_a_state_file_that_says_something_else_is_refused(cluster):
    config = "var/lib/eucalyptus/CC/eucalyptusCCConfig"
    for host in ("cc1", "cc2"):
        cluster.sh(
            host,
            "mkdir -p /opt/other/var/lib/eucalyptus/CC && ln -sfn /etc /opt/other/etc "
            f"&& ln -sfn {KEYS} /opt/other/var/lib/eucalyptus/keys "
            f"&& sed 's/ENABLED/STOPPED/; s/DISABLED/STOPPED\\x00/' /{config} > /opt/other/{config} && chown -R eucalyptus /opt/other/var",
        )
    run = cluster.play(
        "gateway", "--check", "-e", "cc_gateway_check_source=state_file cc_gateway_eucalyptus_root=/opt/other"
    )
    assert run.status != 0
    said = words(run.output)
    assert "the state file contains STOPPED and the controller answers ENABLED" in said
    assert "the state file contains STOPPED and the controller answers DISABLED" in said
    run = cluster.play("gateway", "--check", "-e", "cc_gateway_check_source=state_file")
    assert run.status == 0, run.output
    # Without a key there is nothing to compare with, and nothing to refuse.
    keyless = {"cc_gateway_check_source": "state_file", "cc_gateway_controller": {"client_key": "/nonexistent"}}
    run = cluster.play("gateway", "--check", "-e", json.dumps(keyless))
    assert run.status == 0, run.output
    assert run.status == 0


# --- keys ---


def contents(tmp_path, directory, cert=None):
    """An extra-variables file with the pair of a directory."""
    path = tmp_path / "keys.json"
    values = {
        # Keys are for SOAP: the state file needs none.
        "cc_gateway_check_source": "soap",
        "cc_gateway_client_key_content": (directory / "cloud-pk.pem").read_text(encoding="ascii"),
        "cc_gateway_client_cert_content": ((cert or directory) / "cloud-cert.pem").read_text(encoding="ascii"),
        "cc_gateway_control_key": str(directory / "cloud-pk.pem"),
        "cc_gateway_control_cert": str(directory / "cloud-cert.pem"),
    }
    path.write_text(json.dumps(values), encoding="utf-8")
    return f"@{path}"


def test_keys_given_as_content_are_put_in_place_for_the_checks_user_alone(cluster, pairs, tmp_path):
    run = cluster.play("gateway", "-e", contents(tmp_path, pairs / "old"))
    assert run.status == 0, run.output
    assert "PRIVATE KEY" not in run.output
    for host in ("cc1", "cc2"):
        assert (
            cluster.sh(host, "stat -Lc '%a %U %G' /etc/eucalyptus-ha/keys/client-*.pem").splitlines()
            == ["640 root eucalyptus"] * 2
        )
        assert "/etc/eucalyptus-ha/keys/client-key.pem" in cluster.sh(host, "cat /etc/keepalived/keepalived.conf")
    again = cluster.play(
        "gateway", "-e", contents(tmp_path, pairs / "old"), "-e", "cc_gateway_certificate_warn_days=4000"
    )
    assert {host: numbers["changed"] for host, numbers in again.recap.items()} == {"cc1": 0, "cc2": 0}, again.output
    assert "the certificate /etc/eucalyptus-ha/keys/client-cert.pem expires in 36" in words(again.output)
    wait_for(lambda: cluster.holders() == ["cc1"], 20)


def test_a_pair_that_does_not_fit_or_is_not_the_controllers_changes_nothing(cluster, pairs, tmp_path):
    before = cluster.sh("cc1", "readlink /etc/eucalyptus-ha/keys")
    run = cluster.play("gateway", "-e", contents(tmp_path, pairs / "new", cert=pairs / "old"))
    assert "key and certificate do not belong to each other" in words(run.output)
    run = cluster.play("gateway", "-e", contents(tmp_path, pairs / "new"))
    assert run.status != 0
    assert "Put the new one on the controller first" in words(run.output)
    assert cluster.sh("cc1", "readlink /etc/eucalyptus-ha/keys") == before


def test_new_keys_of_the_cloud_do_not_move_the_vip(cluster, pairs, tmp_path, capsys):
    before = cluster.sh("cc1", "readlink /etc/eucalyptus-ha/keys")
    cert = (pairs / "new/cloud-cert.pem").read_text(encoding="ascii")
    with AddressWatch(cluster.lab, cluster.vip, ["cc1", "cc2"]) as watch:
        for host in ("cc1", "cc2"):
            cluster.lab.exec(
                host, "sh", "-c", f"cat > {KEYS}/cloud-cert.pem; systemctl restart cc-simulator", input=cert
            )
        started = time.monotonic()
        run = cluster.play("gateway", "-e", contents(tmp_path, pairs / "new"))
        elapsed = time.monotonic() - started
        time.sleep(3)
        moves = list(watch.moves)
    with capsys.disabled():
        print(f"\nrotation: {len(moves)} moves of the VIP, run {elapsed:.1f} s")
    assert run.status == 0, run.output
    assert moves == []
    assert cluster.holders() == ["cc1"]
    for host in ("cc1", "cc2"):
        pair = cluster.sh(host, "readlink /etc/eucalyptus-ha/keys")
        assert pair != before
        assert cluster.sh(host, "cd /etc/eucalyptus-ha && ls -d keys-*") == pair, "the old pair is gone"
    assert "localState ENABLED;" in run.output


def test_status_tells_the_days_left(cluster, pairs, tmp_path):
    report = tmp_path / "status.json"
    run = cluster.play("status", "-e", contents(tmp_path, pairs / "new"), "-e", f"cc_gateway_status_json={report}")
    assert run.status == 0, run.output
    assert '"certificate_days_left": 36' in report.read_text(encoding="utf-8")
