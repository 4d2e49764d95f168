# SPDX-License-Identifier: GPL-3.0-or-later
"""Settings of role nc_route that no host could use, and the VIP that is used where none is set."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._clusters import ClusterVips
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_settings import Settings, read_settings
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._role_options import load_specs, read_options

CLUSTER = ClusterVips("10.0.0.10", ("10.0.0.11",))


def read(cluster=CLUSTER, **given):
    options = load_specs("nc_route")["argument_specs"]["main"]["options"]
    values, problems = read_options(options, {f"nc_route_{name}": value for name, value in given.items()}, lambda value: value)
    assert problems == []
    return read_settings(values, cluster)


def test_o10_without_a_vip_it_is_the_clusters():
    assert read() == (Settings("10.0.0.10"), [], [])
    assert read(vip="")[0].vip == "10.0.0.10"


def test_o10_another_vip_than_the_clusters_is_a_warning_with_both():
    settings, problems, [warning] = read(vip="10.0.0.12/24")
    assert (settings.vip, problems) == ("10.0.0.12", [])
    assert warning.startswith("nc_route_vip is 10.0.0.12, but cc_gateway_vip of the cluster is 10.0.0.10.")
    for same in ("10.0.0.10", "10.0.0.10/32", "10.0.0.11"):
        assert read(vip=same)[2] == []


def test_without_any_vip_the_reason_is_named():
    problem = "nc_route_vip must be set, or cc_gateway_vip of this host's cluster (no host of it has one)"
    assert read(ClusterVips(problem="no host of it has one"))[1] == [problem]


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"vip": "vip.example.com"}, "nc_route_vip must be an IPv4 address (got vip.example.com)"),
        ({"vip": "fd00::10"}, "nc_route_vip must be an IPv4 address (got fd00::10)"),
        ({"revert_after": -1}, "nc_route_revert_after must be 0 or more seconds (got -1)"),
        ({"control_address": "bastion"}, "nc_route_control_address must be an IP address or any (got bastion)"),
        ({"prove": {"url": "file:///etc/shadow"}}, "nc_route_prove.url must be an http or https URL (got file:///etc/shadow)"),
        ({"prove": {"sources": "203.0.113.1"}}, "nc_route_prove.sources needs nc_route_prove.url, the page that has to name them"),
        (
            {"prove": {"url": "http://x/", "sources": "203.0.113.1,gw"}},
            "nc_route_prove.sources must be a list of IPv4 addresses (got gw)",
        ),
    ],
)
def test_what_no_host_could_use_is_rejected(given, problem):
    assert problem in read(**given)[1]
    assert read(state="absent", **given)[1:] == ([], []), "what is removed does not depend on it"


@pytest.mark.parametrize(
    "given",
    [{"control_address": "any"}, {"control_address": "fd00::1"}, {"control_address": "10.0.0.9"}, {"prove": {"url": "https://x/y"}}],
)
def test_what_is_right_passes(given):
    assert read(**given)[1] == []
