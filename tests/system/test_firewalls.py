# SPDX-License-Identifier: GPL-3.0-or-later
"""firewalld as it is, on the cluster controllers' hosts and with role keepalived alone."""

from __future__ import annotations

import pytest
from system_helpers import wait_for

INSTALL = "command -v firewall-cmd >/dev/null || { apt-get update -q; apt-get install -y -q --no-install-recommends firewalld; }"
STOP = "systemctl disable --now --quiet firewalld"
# Whoever installs firewalld on a controller opens what a controller needs.
START = (
    "systemctl enable --now --quiet firewalld && firewall-cmd --quiet --add-port=8774/tcp && firewall-cmd --quiet --add-service=ssh "
    "&& firewall-cmd --quiet --add-protocol=vrrp"
)
RULE = 'rule family="ipv4" source address="{}" protocol value="vrrp" accept'
KEEPALIVED = """
- name: Deploy keepalived alone
  hosts: cc1
  gather_facts: false
  roles:
    - role: eucalyptus.ha.keepalived
      keepalived_firewall:
        backend: firewalld
        peers: "{{ peers | split(',') }}"
      keepalived_config:
        global_defs: {router_id: r}
        vrrp_instance:
          x:
            interface: eth0
            virtual_router_id: 51
            priority: 100
            advert_int: 1
            unicast_src_ip: "{{ ansible_host }}"
            unicast_peer: "{{ peers | split(',') }}"
            virtual_ipaddress: ["{{ cc_gateway_vip }}"]
"""


@pytest.fixture(scope="module")
def firewalled(cluster):
    """Both controllers' hosts have firewalld; it does not run."""
    for host in ("cc1", "cc2"):
        cluster.sh(host, f"{INSTALL} >/dev/null 2>&1; {STOP}")
    return cluster


def said(run) -> str:
    return " ".join(run.output.split())


def test_p10_p9_p12_role_keepalived_with_the_real_firewalld(firewalled, tmp_path):
    """Before the gateway, so that nothing of it is in the way."""
    play = tmp_path / "keepalived.yml"
    play.write_text(KEEPALIVED, encoding="utf-8")
    peer, former = firewalled.address["cc2"], firewalled.address["nc1"]

    def run(peers: str, *arguments: str):
        return firewalled.play(str(play), "-e", f"peers={peers}", *arguments)

    def rules(zone: str, mode: str = "") -> list[str]:
        return firewalled.sh("cc1", f"firewall-cmd {mode} --zone={zone} --list-rich-rules").strip().splitlines()

    stopped = run(peer)
    assert stopped.status != 0
    assert "keepalived_firewall.backend=firewalld: firewalld is not running. Start it" in said(stopped), stopped.output

    firewalled.sh("cc1", START)
    try:
        firewalled.sh(
            "cc1",
            "firewall-cmd --quiet --zone=internal --change-interface=eth0; firewall-cmd --quiet --zone=internal --add-service=ssh",
        )
        checked = run(f"{peer},{former}", "--check")
        assert (checked.status, rules("internal")) == (0, []), checked.output
        assert checked.recap["cc1"]["changed"] > 0
        assert run(f"{peer},{former}").status == 0
        wanted = sorted(RULE.format(address) for address in (peer, former))
        assert (sorted(rules("internal")), rules("public")) == (wanted, [])
        assert sorted(rules("internal", "--permanent")) == wanted
        assert run(f"{peer},{former}").recap["cc1"]["changed"] == 0
        # What is only in effect is lost by a reload; what is permanent comes back.
        firewalled.sh(
            "cc1",
            f"firewall-cmd --quiet --permanent --zone=internal --remove-rich-rule='{RULE.format(peer)}'; firewall-cmd --quiet --reload",
        )
        firewalled.sh("cc1", "firewall-cmd --quiet --zone=internal --change-interface=eth0")
        assert run(peer).recap["cc1"]["changed"] > 0
        assert (rules("internal"), rules("internal", "--permanent")) == ([RULE.format(peer)], [RULE.format(peer)])
    finally:
        firewalled.sh("cc1", f"{STOP}; apt-get purge -y -q keepalived >/dev/null 2>&1; rm -rf /etc/keepalived")


def test_p3_a_gateway_is_not_deployed_beside_firewalld(firewalled):
    firewalled.sh("cc1", START)
    try:
        run = firewalled.play("gateway")
        assert run.status != 0
        assert "firewalld is running on this host and would reject the node controllers' forwarded traffic" in said(
            run
        ), run.output
        assert "systemctl disable --now firewalld" in said(run)
        assert firewalled.status("cc1", "test -e /etc/keepalived/keepalived.conf") != 0, "a host with an error keeps what it has"
    finally:
        firewalled.sh("cc1", STOP)


def test_p4_a_firewalld_that_is_started_under_a_running_gateway_is_an_alarm(firewalled):
    for playbook in ("gateway", "nc_route"):
        run = firewalled.play(playbook)
        assert run.status == 0, run.output
    wait_for(lambda: firewalled.holders() == ["cc1"])
    assert firewalled.play("status").status == 0
    fetch = f"curl -sf --max-time 3 {firewalled.url}"
    assert firewalled.status("nc1", fetch) == 0
    firewalled.sh("cc1", START)
    try:
        firewalled.sh("cc1", "firewall-cmd --quiet --reload")
        assert firewalled.status("nc1", fetch) != 0, "firewalld rejects it, so there is something to alarm of"
        run = firewalled.play("status")
        assert run.status == 2, run.output
        assert "firewalld is running on cc1 and rejects what node controllers send through it" in said(run), run.output
    finally:
        firewalled.sh("cc1", STOP)


def test_p4_rules_that_were_flushed_are_an_alarm_and_the_next_run_sets_them_again(firewalled):
    firewalled.sh("cc1", "iptables -t nat -F; iptables -F FORWARD")
    run = firewalled.play("status")
    assert run.status == 2, run.output
    assert "of the gateway's firewall rules" in said(run), run.output
    assert firewalled.play("gateway").status == 0
    run = firewalled.play("status")
    assert run.status == 0, run.output
