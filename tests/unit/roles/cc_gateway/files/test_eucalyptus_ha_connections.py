# SPDX-License-Identifier: GPL-3.0-or-later
"""What the unit of conntrackd and keepalived run, with stand-ins for the programs that it calls."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
from pathlib import Path

import pytest

pytestmark = pytest.mark.wall_clock

SCRIPT = Path(__file__).resolve().parents[5] / "roles" / "cc_gateway" / "files" / "eucalyptus-ha-connections"
RULE = "INPUT -d 192.0.2.9 -m conntrack ! --ctstate RELATED,ESTABLISHED -m comment --comment e -j DROP"


@pytest.fixture
def host(tmp_path):
    """Call it with the script's words -> (exit status, what the script called, its errors)."""
    conf, liberal, count = tmp_path / "conntrackd.conf", tmp_path / "liberal", tmp_path / "count"
    (tmp_path / "drop-in").write_text("[Service]\n")
    conf.write_text(f"General {{\n\tLockFile {tmp_path}/lock\n\tUNIX {{\n\t\tPath {tmp_path}/ctl\n\t}}\n}}\n")
    liberal.write_text("0\n")
    count.write_text("7\n")
    text = SCRIPT.read_text(encoding="utf-8")
    for old, new in (
        ("/etc/eucalyptus-ha/conntrackd.conf", conf),
        ("/proc/sys/net/netfilter/nf_conntrack_tcp_be_liberal", liberal),
        ("/proc/sys/net/netfilter/nf_conntrack_count", count),
        ("/etc/systemd/system/conntrackd.service.d/50-eucalyptus-ha.conf", tmp_path / "drop-in"),
        ("/run/eucalyptus-ha-conntrackd.applied", tmp_path / "applied"),
        ("/usr/sbin/conntrackd", tmp_path / "bin" / "conntrackd"),
    ):
        assert old in text, f"the script has another {old}"
        text = text.replace(old, str(new))
    script = tmp_path / "script"
    script.write_text(text)
    (tmp_path / "bin").mkdir()

    def program(name, shell="exit 0"):
        path = tmp_path / "bin" / name
        path.write_text(f"#!/bin/sh\ncd {tmp_path}\necho \"{name} $*\" >> calls\n{shell}\n")
        path.chmod(0o755)

    def run(*words):
        (tmp_path / "calls").write_text("")
        environment = {**os.environ, "PATH": f"{tmp_path}/bin:{os.environ['PATH']}"}
        done = subprocess.run(["sh", str(script), *words], capture_output=True, text=True, check=False, env=environment, timeout=30)
        return done.returncode, (tmp_path / "calls").read_text().splitlines(), done.stderr

    for name in ("conntrackd", "modprobe", "ip", "sleep"):
        program(name)
    run.program, run.directory = program, tmp_path
    return run


def daemon(host, *options):
    return [f"conntrackd -C {host.directory}/conntrackd.conf {option}" for option in options]


def test_what_a_killed_one_left_is_taken_away(host):
    (host.directory / "lock").touch()
    (host.directory / "ctl").touch()
    assert host("prepare") == (0, ["modprobe -q nf_conntrack"], "")
    assert not (host.directory / "lock").exists()
    assert not (host.directory / "ctl").exists()
    assert (host.directory / "liberal").read_text() == "1\n"
    both = (host.directory / "conntrackd.conf").read_text() + (host.directory / "drop-in").read_text()
    assert (host.directory / "applied").read_text() == hashlib.sha256(both.encode()).hexdigest() + "\n"
    assert host("prepare")[0] == 0, "also where nothing was left"


def test_a_kernel_that_cannot_be_set_is_reported_and_no_reason_to_stop(host):
    (host.directory / "liberal").unlink()
    (host.directory / "liberal").mkdir()
    status, _calls, complaint = host("prepare")
    assert status == 0
    assert "connections may hang after a failover" in complaint


def test_a_standby_asks_for_the_peers_entries_and_gives_none(host):
    assert host("joined", "192.0.2.9")[:2] == (0, [*daemon(host, "-s", "-n"), "ip -o -4 address show", "sleep 0.5"])


def test_the_holder_gives_its_own_too(host):
    host.program("ip", "echo '3: eth1    inet 192.0.2.9/32 scope global eth1'")
    assert host("joined", "192.0.2.9")[:2] == (0, [*daemon(host, "-s", "-n"), "ip -o -4 address show", *daemon(host, "-R", "-B")])
    assert host("joined", "192.0.2.90")[1][-1] == "sleep 0.5", "an address that begins alike is another"


def test_it_waits_while_entries_come(host):
    # Each pause brings 1,000 more, three times.
    host.program("sleep", f"n=$(cat {host.directory}/count); [ $n -gt 3000 ] || echo $((n + 1000)) > {host.directory}/count")
    _status, calls, _complaint = host("joined", "192.0.2.9")
    assert len([one for one in calls if one.startswith("sleep")]) == 4


def test_a_daemon_that_does_not_come_up_is_a_failure(host):
    host.program("conntrackd", "exit 1")
    status, calls, complaint = host("joined", "192.0.2.9")
    assert (status, complaint) == (1, "conntrackd does not answer\n")
    assert calls.count("sleep 0.1") == 49


def test_a_new_master_takes_stock_and_gives_all(host):
    assert host("master")[:2] == (0, daemon(host, "-R", "-B"))


def test_any_other_word_is_a_wrong_call(host):
    assert host()[0] == host("backup")[0] == 2


@pytest.mark.skipif(os.geteuid() != 0 or not shutil.which("unshare"), reason="needs root and a network namespace")
def test_a_rule_is_set_once(host):
    (host.directory / "bin" / "ip").unlink()
    words = f"sh '{host.directory}/script' rule mangle {RULE}"
    done = subprocess.run(
        ["unshare", "--net", "sh", "-c", f"{words} && {words} && iptables-save -t mangle"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("-A INPUT -d 192.0.2.9/32 -m conntrack ! --ctstate RELATED,ESTABLISHED -m comment --comment e -j DROP") == 1
