# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived on three releases of Debian, seen over SSH."""

import re

from testinfra.utils.ansible_runner import AnsibleRunner

GROUP = "keepalived"
testinfra_hosts = [f"ansible://{GROUP}"]
SECRET = "s3cret-k"
VERSIONS = {"debian11": "2.1.", "debian12": "2.2.", "debian13": "2.3."}


def test_the_hosts_tested_are_the_hosts_expected(request):
    assert set(AnsibleRunner(request.config.option.ansible_inventory).get_hosts(GROUP)) == set(VERSIONS)


def test_each_release_has_the_keepalived_that_it_stands_for(host):
    output = host.run("keepalived --version").stderr
    assert f"Keepalived v{VERSIONS[host.backend.host]}" in output, output


def test_it_runs_now_and_after_a_reboot(host):
    assert host.service("keepalived").is_running
    assert host.service("keepalived").is_enabled


def test_it_holds_its_vip_and_has_the_configuration_that_was_given(host):
    number = host.check_output("ip -4 -o address show dev eth0 primary").split()[3].split("/")[0].rsplit(".", 1)
    held = re.findall(r"inet ([0-9.]+)/32 ", host.check_output("ip -4 -o address show dev eth0"))
    assert held == [f"{number[0]}.1{number[1]}"]
    assert "priority 100" in host.file("/etc/keepalived/keepalived.conf").content_string


def test_the_configuration_is_for_root_alone(host):
    config = host.file("/etc/keepalived/keepalived.conf")
    assert (oct(config.mode), config.user, config.group) == ("0o640", "root", "root")


def test_the_secret_is_nowhere_but_in_the_configuration(host):
    found = host.run(f"grep -rslF {SECRET} /etc /var /tmp /run /root /home").stdout.split()
    assert set(found) - {"/etc/keepalived/keepalived.conf.previous"} == {"/etc/keepalived/keepalived.conf"}, found
    assert host.run(f"journalctl --no-pager | grep -cF {SECRET}").stdout.strip() == "0"
    for path in found:
        assert host.file(path).mode & 0o007 == 0, path


def test_the_firewall_admits_vrrp_from_the_peer(host):
    peer = re.search(r"unicast_peer \{\s+([0-9.]+)", host.file("/etc/keepalived/keepalived.conf").content_string).group(1)
    rules = [line for line in host.check_output("iptables -S INPUT").splitlines() if re.search(r"-p (vrrp|112)\b", line)]
    assert [rule for rule in rules if f"-s {peer}/32 " in rule and rule.endswith("-j ACCEPT")], rules


def test_a_killed_keepalived_is_not_waited_for_long(host):
    assert host.check_output("systemctl show --value --property=TimeoutStopUSec keepalived") == "5s"


def test_networkd_is_told_to_keep_addresses_that_it_did_not_set(host):
    drop_in = host.file("/etc/systemd/network/eth0.network.d/50-eucalyptus-ha.conf")
    assert "KeepConfiguration=yes" in drop_in.content_string
