# SPDX-License-Identifier: GPL-3.0-or-later
"""The cluster controllers' hosts after eucalyptus.ha.gateway, inspected over SSH without Ansible's help."""

import json
import re

import pytest
from testinfra.utils.ansible_runner import AnsibleRunner

GROUP = "eucalyptus_cc"
testinfra_hosts = [f"ansible://{GROUP}"]
CHECK = "/usr/libexec/keepalived/cc-enabled-check"


def addresses(host):
    """Exact addresses on the host's interfaces; no substring can pass for another."""
    return re.findall(r"\binet6? ([0-9a-f.:]+)/", host.check_output("ip -o address show"))


@pytest.fixture
def vip(host):
    return host.ansible.get_variables()["cc_gateway_vip"]


def test_the_hosts_tested_are_the_hosts_expected(request):
    runner = AnsibleRunner(request.config.option.ansible_inventory)
    assert set(runner.get_hosts(GROUP)) == {"cc1", "cc2"}


def test_keepalived_runs_now_and_after_a_reboot(host):
    assert host.service("keepalived").is_running
    assert host.service("keepalived").is_enabled


@pytest.mark.parametrize(
    ("path", "mode", "owner"),
    [
        ("/etc/keepalived/keepalived.conf", 0o640, "root"),
        ("/usr/libexec/keepalived", 0o755, "root"),
        (CHECK, 0o755, "root"),
        ("/run/eucalyptus-ha", 0o755, "eucalyptus"),
    ],
)
def test_modes(host, path, mode, owner):
    found = host.file(path)
    assert found.exists
    assert oct(found.mode) == oct(mode)
    assert found.user == owner


def test_the_check_runs_as_the_user_of_eucalyptus(host):
    config = host.file("/etc/keepalived/keepalived.conf").content_string
    assert re.search(r"^\s*script_user eucalyptus$", config, re.MULTILINE)
    assert re.search(r"^\s*enable_script_security$", config, re.MULTILINE)


def test_the_vip_is_where_the_enabled_controller_is_and_nowhere_else(host, vip):
    """The controller's state comes from its own control socket, not from the code under test."""
    state = host.check_output("cd /opt && python3 -m cc_simulator control --control /run/cc-simulator/control status")
    assert (vip in addresses(host)) is (json.loads(state)["state"] == "ENABLED")


def test_node_controllers_are_masqueraded_by_a_rule_that_the_controller_loads(host):
    preload = host.file("/etc/eucalyptus/iptables-preload").content_string
    assert "-j MASQUERADE" in preload
    assert "-p vrrp" in preload
