# SPDX-License-Identifier: GPL-3.0-or-later
"""The node controller after eucalyptus.ha.nc_route: its default route is the VIP, and it works."""

import re

from testinfra.utils.ansible_runner import AnsibleRunner

GROUP = "eucalyptus_nc"
testinfra_hosts = [f"ansible://{GROUP}"]


def test_the_hosts_tested_are_the_hosts_expected(request):
    runner = AnsibleRunner(request.config.option.ansible_inventory)
    assert set(runner.get_hosts(GROUP)) == {"nc1"}


def test_the_default_route_is_the_vip_now_and_after_a_reboot(host, request):
    vip = _vip(request)
    routes = host.check_output("ip -4 -o route show default").splitlines()
    assert re.match(rf"default via {re.escape(vip)} ", routes[0])
    assert host.service("eucalyptus-nc-route").is_enabled


def test_a_page_beyond_the_gateway_is_fetched_through_the_enabled_controller(host, request):
    url = host.ansible.get_variables()["lab_outside_url"]
    page = host.check_output(f"curl --silent --show-error --fail --max-time 5 {url}")
    came_from = page.split()[-1]
    runner = AnsibleRunner(request.config.option.ansible_inventory)
    # Both controllers have the same host part on either network.
    holders = [
        name
        for name in runner.get_hosts("eucalyptus_cc")
        if _last(runner.get_variables(name)["ansible_host"]) == _last(came_from)
    ]
    assert len(holders) == 1, page
    vip = _vip(request)
    held = runner.get_host(holders[0]).check_output("ip -o address show")
    assert re.search(rf"\binet {re.escape(vip)}/", held)


def _vip(request):
    runner = AnsibleRunner(request.config.option.ansible_inventory)
    return runner.get_variables(runner.get_hosts("eucalyptus_cc")[0])["cc_gateway_vip"]


def _last(address):
    return address.rsplit(".", 1)[1]
