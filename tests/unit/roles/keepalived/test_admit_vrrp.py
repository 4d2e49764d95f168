# SPDX-License-Identifier: GPL-3.0-or-later
"""The script that admits VRRP: with the real iptables and nft in a network namespace, and with a stand-in for firewall-cmd."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar

TEMPLATE = Path(__file__).resolve().parents[4] / "roles" / "keepalived" / "templates" / "admit-vrrp.sh.j2"
DEFAULTS = yaml.safe_load((TEMPLATE.parents[1] / "vars" / "main.yml").read_text(encoding="utf-8"))["__keepalived_defaults"]
PEERS = ["10.0.0.2", "fd00:0::2"]
IN_NAMESPACE = pytest.mark.skipif(
    os.geteuid() != 0 or not all(shutil.which(program) for program in ("iptables", "nft", "unshare")),
    reason="needs root, iptables, nft and a network namespace",
)

# Remembers rich rules in files, one for each zone and mode, and spells them as firewalld 1.3 does.
FIREWALL_CMD = r"""#!/bin/sh
zone=public
mode=runtime
for word; do
  case $word in
    --permanent) mode=permanent ;;
    --zone=*) zone=${word#*=} ;;
  esac
done
file=$FIREWALLD/$zone.$mode
for word; do
  case $word in
    --state) test -e "$FIREWALLD/running"; exit ;;
    --get-zone-of-interface=*) cat "$FIREWALLD/${word#*=}.zone" 2>/dev/null || { echo no zone; exit 2; }; exit ;;
    --get-default-zone) echo public; exit ;;
    --list-rich-rules) cat "$file" 2>/dev/null; exit 0 ;;
    --add-rich-rule=*) echo "${word#*=}" >> "$file"; echo success; exit ;;
    --remove-rich-rule=*) grep -vxF "${word#*=}" "$file" > "$file.new"; mv "$file.new" "$file"; echo success; exit ;;
  esac
done
exit 99
"""


def script(firewall: str, zone: str = "", **more: Any) -> str:
    variables = {
        "__keepalived_header": "Written by a test.",
        "__keepalived_firewall": {**DEFAULTS["firewall"], "backend": firewall, "zone": zone},
        "__keepalived_peers": PEERS,
        "__keepalived_interfaces": ["eth0"],
        **more,
    }
    from ansible.template import trust_as_template  # noqa: PLC0415 - new in 2.19

    return str(
        Templar(DataLoader(), variables=variables).template(trust_as_template(TEMPLATE.read_text(encoding="utf-8")))
    )


class Namespace:
    """Runs scripts and commands in one network namespace, one after another."""

    def __init__(self) -> None:
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "600"])
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == os.readlink("/proc/self/ns/net"):
            assert self.holder.poll() is None

    def run(self, text: str, *arguments: str) -> list[str]:
        done = subprocess.run(
            ["nsenter", "--target", str(self.holder.pid), "--net", "sh", "-s", "--", *arguments],
            input=text, text=True, capture_output=True, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        return done.stdout.splitlines()


@pytest.fixture
def namespace():
    made = Namespace()
    yield made
    made.holder.kill()
    made.holder.wait()


CHAIN = (
    "nft add table inet filter; nft add chain inet filter input '{ type filter hook input priority 0; policy drop; }'"
)
BACKENDS = {
    "iptables": (
        "true",
        "iptables -F; ip6tables -F",
        "{ iptables -S INPUT; ip6tables -S INPUT; } | grep -e vrrp -e 112",
    ),
    "nftables": (CHAIN, "nft flush chain inet filter input", "nft list chain inet filter input | grep accept"),
}


@IN_NAMESPACE
@pytest.mark.parametrize("firewall", sorted(BACKENDS))
def test_p8_rules_are_set_once_and_again_after_a_reload_of_the_firewall(namespace, firewall):
    prepare, flush, rules = BACKENDS[firewall]
    namespace.run(prepare)
    wanted = script(firewall)
    assert len(namespace.run(wanted)) == 2
    assert len(namespace.run(rules)) == 2
    assert namespace.run(wanted) == []
    namespace.run(flush)
    assert len(namespace.run(wanted)) == 2
    assert len(namespace.run(rules)) == 2


@IN_NAMESPACE
@pytest.mark.parametrize("firewall", sorted(BACKENDS))
def test_p12_the_rules_of_former_peers_go_and_those_of_others_stay(namespace, firewall):
    prepare, _flush, rules = BACKENDS[firewall]
    namespace.run(prepare)
    namespace.run(script(firewall, __keepalived_peers=["10.0.0.2", "10.0.0.9", "fd00::9"]))
    namespace.run(
        "nft add rule inet filter input ip saddr 10.0.0.9 accept"
        if firewall == "nftables"
        else "iptables -A INPUT -s 10.0.0.9 -p 112 -j ACCEPT"
    )
    changes = namespace.run(script(firewall))
    assert sorted(line.split()[-1] if firewall == "iptables" else line.rpartition("saddr ")[2].split()[0] for line in changes) == [
        "10.0.0.9", "fd00:0::2", "fd00::9",
    ]  # fmt: skip
    left = namespace.run(rules)
    assert [("10.0.0.2" in line, "10.0.0.9" in line, "fd00::2" in line) for line in left].count(
        (False, True, False)
    ) == 1
    assert len(left) == 3


@IN_NAMESPACE
@pytest.mark.parametrize("firewall", sorted(BACKENDS))
def test_p9_a_dry_run_says_the_same_and_changes_nothing(namespace, firewall):
    prepare, _flush, rules = BACKENDS[firewall]
    namespace.run(prepare)
    said = namespace.run(script(firewall), "--dry-run")
    assert namespace.run(f"{rules} || true") == []
    assert namespace.run(script(firewall)) == said


@IN_NAMESPACE
@pytest.mark.parametrize("firewall", sorted(BACKENDS))
def test_multicast_is_admitted_where_there_are_no_peers(namespace, firewall):
    prepare, _flush, rules = BACKENDS[firewall]
    namespace.run(prepare)
    wanted = script(firewall, __keepalived_peers=[])
    assert len(namespace.run(wanted)) == 2
    text = " ".join(namespace.run(rules))
    assert "224.0.0.18" in text
    assert "ff02::12" in text
    assert namespace.run(wanted) == []


@IN_NAMESPACE
def test_a_chain_of_nftables_that_is_not_there_is_an_error(namespace):
    done = subprocess.run(
        ["unshare", "--net", "sh", "-s"], input=script("nftables"), text=True, capture_output=True, check=False
    )
    assert done.returncode == 1
    assert "No such file or directory" in done.stderr


class Firewalld:
    """firewall-cmd with a memory of its own."""

    def __init__(self, place: Path) -> None:
        self.place = place
        command = place / "bin" / "firewall-cmd"
        command.parent.mkdir()
        command.write_text(FIREWALL_CMD, encoding="ascii")
        command.chmod(command.stat().st_mode | stat.S_IXUSR)
        (place / "running").touch()

    def run(self, text: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "PATH": f"{self.place}/bin:{os.environ['PATH']}", "FIREWALLD": str(self.place)}
        return subprocess.run(
            ["sh", "-s", "--", *arguments], input=text, env=environment, text=True, capture_output=True, check=False
        )

    def rules(self, zone: str, mode: str = "runtime") -> list[str]:
        path = self.place / f"{zone}.{mode}"
        return path.read_text(encoding="ascii").splitlines() if path.exists() else []


@pytest.fixture
def firewalld(tmp_path):
    return Firewalld(tmp_path)


def rule(address: str) -> str:
    family = "ipv6" if ":" in address else "ipv4"
    return f'rule family="{family}" source address="{address}" protocol value="vrrp" accept'


def test_p8_firewalld_is_set_now_and_for_good_and_repaired_after_a_loss(firewalld):
    done = firewalld.run(script("firewalld"))
    assert (done.returncode, len(done.stdout.splitlines())) == (0, 4), done.stderr
    assert firewalld.rules("public") == firewalld.rules("public", "permanent") == [rule(peer) for peer in PEERS]
    assert firewalld.run(script("firewalld")).stdout == ""
    (firewalld.place / "public.runtime").unlink()
    assert len(firewalld.run(script("firewalld")).stdout.splitlines()) == 2
    assert firewalld.rules("public") == [rule(peer) for peer in PEERS]


def test_p9_a_dry_run_of_firewalld_says_the_same_and_changes_nothing(firewalld):
    said = firewalld.run(script("firewalld"), "--dry-run").stdout
    assert (firewalld.rules("public"), firewalld.rules("public", "permanent")) == ([], [])
    assert firewalld.run(script("firewalld")).stdout == said


def test_p10_the_zone_is_that_of_the_interface(firewalld):
    (firewalld.place / "eth0.zone").write_text("internal\n", encoding="ascii")
    assert firewalld.run(script("firewalld")).returncode == 0
    assert (firewalld.rules("public"), firewalld.rules("internal")) == ([], [rule(peer) for peer in PEERS])


@pytest.mark.parametrize(("zone", "interfaces"), [("dmz", ["eth0"]), ("", [])])
def test_p10_without_an_interface_it_is_the_default_zone_unless_one_is_named(firewalld, zone, interfaces):
    assert (
        firewalld.run(script("firewalld", zone, __keepalived_interfaces=interfaces)).returncode
        == 0
    )
    assert firewalld.rules(zone or "public") == [rule(peer) for peer in PEERS]


def test_p12_firewalld_that_does_not_run_is_one_sentence(firewalld):
    (firewalld.place / "running").unlink()
    done = firewalld.run(script("firewalld"))
    assert (done.returncode, done.stdout) == (1, "")
    assert (
        done.stderr
        == "firewalld is not running. Start it (systemctl enable --now firewalld), or leave keepalived_firewall.backend empty.\n"
    )


def test_p12_firewalld_loses_the_rules_of_former_peers_and_keeps_those_of_others(firewalld):
    others = [
        'rule family="ipv4" source address="10.0.0.9" port port="22" protocol="tcp" accept',
        'rule protocol value="vrrp" accept',
    ]
    (firewalld.place / "public.runtime").write_text("\n".join([rule("10.0.0.9"), *others]) + "\n", encoding="ascii")
    assert firewalld.run(script("firewalld")).returncode == 0
    assert firewalld.rules("public") == [*others, *(rule(peer) for peer in PEERS)]
