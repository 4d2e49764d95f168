# SPDX-License-Identifier: GPL-3.0-or-later
"""Which host is asked about what, and what the clusters look like with what the hosts returned."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_inventory, _verdict

VIP = "10.0.0.10"


def inventory(**changes):
    """(groups, hostvars) of one cluster with a node controller; changes are variables of hosts."""
    hostvars = {
        "cc1": {"ansible_host": "10.0.0.1", "cc_gateway_vip": VIP},
        "cc2": {"ansible_host": "10.0.0.2", "cc_gateway_vip": VIP},
        "nc1": {"ansible_host": "10.0.0.21"},
    }
    for host, variables in changes.items():
        hostvars[host].update(variables)
    return {"all": list(hostvars), "eucalyptus_cc": ["cc1", "cc2"], "eucalyptus_nc": ["nc1"]}, hostvars


def two_clusters():
    groups = {"one_cc": ["a1", "a2"], "two_cc": ["b1", "b2"], "one_nc": ["an"], "two_nc": ["bn"]}
    hostvars = {}
    for letter, name in (("a", "one"), ("b", "two")):
        number = 1 if letter == "a" else 2
        for host in groups[f"{name}_cc"]:
            vip = f"10.{number}.0.10"
            hostvars[host] = {"ansible_host": f"10.{number}.0.{host[1]}", "cc_gateway_vip": vip, "cc_gateway_nc_group": f"{name}_nc"}
        hostvars[f"{letter}n"] = {"nc_route_vip": f"10.{number}.0.10", "cc_gateway_group": f"{name}_cc"}
    return groups, hostvars


def plan(where, **options):
    groups, hostvars = where
    given = {"cc_gateway_clusters": "", "nc_route_group": "", "fail_at": "warning", "variables": [], **options}
    return _status_inventory.plan(groups, hostvars, given)


def test_one_cluster():
    found = plan(inventory())
    assert found["errors"] == []
    (cluster,) = found["clusters"]
    assert (cluster["name"], cluster["vip"], cluster["hosts"], cluster["nodes"]) == ("eucalyptus_cc", VIP, ["cc1", "cc2"], ["nc1"])
    assert found["hosts"]["cc2"] == {
        "vips": [VIP], "controller": True, "query": True, "address": "10.0.0.2", "keepalived_conf": "/etc/keepalived/keepalived.conf",
        "preload_file": "/etc/eucalyptus/iptables-preload",
        "sources": found["hosts"]["cc1"]["sources"],
    }  # fmt: skip
    assert found["hosts"]["nc1"] == {"vips": [VIP], "probe": True, "candidates": {"cc1": "10.0.0.1", "cc2": "10.0.0.2"}}


def test_o24_the_hosts_compare_the_deployed_check_with_the_one_of_this_collection():
    sources = plan(inventory())["hosts"]["cc1"]["sources"]
    assert all(name.startswith("cc_enabled_check") for name in sources)
    assert all(len(checksum) == 64 for checksum in sources.values())
    assert sources


@pytest.mark.parametrize("clusters", ["one_cc,two_cc", " one_cc , two_cc", ["one_cc", "two_cc"]])
def test_several_clusters_with_node_controllers_of_their_own(clusters):
    found = plan(two_clusters(), cc_gateway_clusters=clusters, nc_route_group="one_nc,two_nc")
    assert found["errors"] == []
    assert [(one["name"], one["nodes"]) for one in found["clusters"]] == [("one_cc", ["an"]), ("two_cc", ["bn"])]
    assert found["hosts"]["bn"]["candidates"] == {"b1": "10.2.0.1", "b2": "10.2.0.2"}


@pytest.mark.parametrize("left", ["cc_gateway_group", "nc_route_vip"])
def test_several_clusters_with_one_group_of_node_controllers(left):
    groups, hostvars = two_clusters()
    groups["eucalyptus_nc"] = ["an", "bn"]
    for host in ("a1", "a2", "b1", "b2"):
        del hostvars[host]["cc_gateway_nc_group"]
    for host in ("an", "bn"):
        hostvars[host] = {left: hostvars[host][left]}
    found = plan((groups, hostvars), cc_gateway_clusters="one_cc,two_cc")
    assert [one["nodes"] for one in found["clusters"]] == [["an"], ["bn"]]


@pytest.mark.parametrize(
    ("groups", "options", "words"),
    [
        ({"eucalyptus_cc": []}, {}, "with both cluster controllers of a cluster (got eucalyptus_cc, which is empty)"),
        ({}, {"cc_gateway_clusters": "eucalyptus_ccs"}, "(got eucalyptus_ccs, which does not exist). Did you mean eucalyptus_cc?"),
        ({}, {"cc_gateway_clusters": "x"}, "(got x, which does not exist)."),
        ({"eucalyptus_cc": ["cc1", "cc2", "nc1"]}, {}, "has 3 hosts (cc1, cc2, nc1); a cluster has at most 2 cluster controllers"),
    ],
)
def test_o3_an_empty_or_misspelt_group_of_controllers_is_an_error(groups, options, words):
    known, hostvars = inventory()
    (error,) = plan(({**known, **groups}, hostvars), **options)["errors"]
    assert words in error


@pytest.mark.parametrize(("given", "hosts"), [("eucalyptus_ccs", ["cc1", "cc2"]), ("mine", ["cc1", "cc2"])])
def test_o2_the_name_of_the_group_stands_once(given, hosts):
    """cc_gateway_group need not repeat it."""
    groups, hostvars = inventory()
    groups[given] = groups.pop("eucalyptus_cc")
    found = plan((groups, hostvars), cc_gateway_clusters=given)
    assert (found["errors"], found["clusters"][0]["hosts"]) == ([], hosts)


@pytest.mark.parametrize(
    ("options", "changes", "words"),
    [
        ({"nc_route_group": "nope"}, {}, "nc_route_group must be an inventory group with node controllers (got nope, which does"),
        ({}, {"cc1": {"cc_gateway_nc_group": "nope"}}, "cc_gateway_nc_group must be an inventory group with node controllers (got"),
        ({"nc_route_group": "empty"}, {}, "(got empty, which is empty)"),
    ],
)
def test_a7_an_empty_or_misspelt_group_of_node_controllers_is_an_error(options, changes, words):
    groups, hostvars = inventory(**changes)
    found = plan(({**groups, "empty": []}, hostvars), **options)
    assert any(words in error for error in found["errors"])


def test_a7_an_inventory_without_node_controllers_is_fine_and_the_report_says_so():
    groups, hostvars = inventory()
    del groups["eucalyptus_nc"]
    for name in ("eucalyptus_nc", "none"):
        assert plan((groups, hostvars), nc_route_group=name)["errors"] == []
    found = plan((groups, hostvars), nc_route_group="eucalyptus_nc")
    assert found["errors"] == []
    (cluster,) = _status_inventory.evidence(found, hostvars, ["cc1", "cc2"], [])
    assert cluster["not_asked"] == "none is in inventory group eucalyptus_nc"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"cc1": {"cc_gateway_vip": ""}, "cc2": {"cc_gateway_vip": None}}, "cc_gateway_vip must be set for the hosts of eucalyptus_cc."),
        ({"cc1": {"cc_gateway_vip": "gateway"}}, "cc_gateway_vip must be an IP address (got 'gateway' for cc1)."),
        ({"cc1": {"cc_gateway_vip": "10.0.0.11"}}, "cc_gateway_vip must be the same for all hosts of eucalyptus_cc (got 10.0.0.11 for"),
        ({"cc1": {"cc_gateway_ask_from": "hst"}}, "cc_gateway_ask_from must be host or control_node (got 'hst')."),
        ({"cc1": {"cc_gateway_certificate_warn_days": "soon"}}, "cc_gateway_certificate_warn_days must be a number of days (got 'soon')."),
        ({"cc2": {"ansible_host": "cc2.example.org"}}, "cc_gateway_address must be the IPv4 address of cc2 in the node controllers'"),
    ],
)
def test_o8_an_option_that_is_missing_or_of_a_wrong_type_is_one_sentence(changes, error):
    (found,) = plan(inventory(**changes))["errors"]
    assert found.startswith(error)


@pytest.mark.parametrize("given", ["10.0.0.10/24", "10.0.0.10"])
def test_a_vip_with_a_prefix_on_one_host_is_the_same(given):
    assert plan(inventory(cc1={"cc_gateway_vip": given}))["clusters"][0]["vip"] == VIP


def test_names_are_addresses_enough_where_no_node_controller_is_asked():
    groups, hostvars = inventory(cc2={"ansible_host": "cc2.example.org"})
    del groups["eucalyptus_nc"]
    assert plan((groups, hostvars))["errors"] == []


@pytest.mark.parametrize(
    ("fail_at", "fail_on"),
    [("warning", ["warning", "unknown", "critical"]), ("unknown", ["unknown", "critical"]), ("critical", ["critical"])],
)
def test_o5_the_threshold_goes_by_gravity(fail_at, fail_on):
    """A split brain fails with every threshold; planned work with none."""
    found = plan(inventory(), fail_at=fail_at)["fail_on"]
    assert found == fail_on
    assert _verdict.VERDICTS["split"] in found
    assert not {_verdict.VERDICTS[name] for name in ("ok", "maintenance", "run_in_progress")} & set(found)


def test_o4_the_default_threshold_fails_on_everything_but_ok_and_planned_work():
    passing = {name for name, gravity in _verdict.VERDICTS.items() if gravity not in plan(inventory())["fail_on"]}
    assert passing == {"ok", "maintenance", "run_in_progress"}


@pytest.mark.parametrize("fail_at", ["2", 2, 3, "CRITICAL", "never"])
def test_o5_the_threshold_is_a_name(fail_at):
    (error,) = plan(inventory(), fail_at=fail_at)["errors"]
    assert error == f"cc_gateway_status_fail_at must be warning, unknown or critical (got {fail_at!r})."


def test_a_misspelt_option_is_an_error():
    (error,) = plan(inventory(), variables=["cc_gateway_status_htlm", "cc_gateway_status_json", "cc_gateway_vip"])["errors"]
    assert error == "cc_gateway_status_htlm is not an option of this role. Did you mean cc_gateway_status_html?"


def test_what_the_inventory_says_of_a_cluster_reaches_the_verdict():
    where = inventory(
        cc1={"keepalived_service_name": "cc-vrrp", "keepalived_config_file": "/etc/vrrp.conf", "cc_gateway_address": "10.0.0.3"},
        cc2={"cc_gateway_certificate_warn_days": "60"},
    )
    found = plan(where)
    assert found["hosts"]["cc1"]["keepalived_conf"] == "/etc/vrrp.conf"
    assert found["hosts"]["nc1"]["candidates"]["cc1"] == "10.0.0.3"
    (cluster,) = _status_inventory.evidence(found, where[1], [], [])
    assert (cluster["keepalived_unit"], cluster["certificate_warn_days"]) == ("cc-vrrp", 60.0)


def test_o10_a_node_controller_is_asked_about_its_own_vip():
    found = plan(inventory(nc1={"nc_route_vip": "10.0.0.11/24"}))
    assert found["hosts"]["nc1"]["vips"] == ["10.0.0.11"]


def test_a_controller_that_is_a_node_controller_too_is_asked_both():
    groups, hostvars = inventory()
    groups["eucalyptus_nc"] = ["cc2"]
    found = plan((groups, hostvars))["hosts"]["cc2"]
    assert (found["controller"], found["probe"], found["vips"]) == (True, True, [VIP])


FACT = {"vips": [{"vip": VIP, "held": True}]}
INSPECTED = {
    "vip_fact": FACT, "deployed": True, "check": {"installed": True}, "certificate": {"days_left": 9},
    "answer": {"definite": True, "local_state": "ENABLED", "message": "m"}, "lock": {"what": "drill"},
    "lost_rules": ["nat: -A x"], "firewalld": False, "connections": {"running": True},
}  # fmt: skip


def evidence(in_play=("localhost", "cc1", "cc2", "nc1"), targeted=("localhost", "cc1", "cc2", "nc1"), **changes):
    where = inventory(**changes)
    (cluster,) = _status_inventory.evidence(plan(where), where[1], in_play, targeted)
    return cluster


def test_what_a_host_returned():
    cluster = evidence(cc1={"__cc_gateway_status_host": INSPECTED}, nc1={"__cc_gateway_status_host": {"vip_fact": FACT}})
    assert cluster["hosts"]["cc1"] == {
        "asked": True, "reachable": True, "error": None, "local_state": "ENABLED", "state_source": "host", "state_message": "m",
        "vip_fact": FACT, "deployed": True, "check": {"installed": True}, "certificate_days_left": 9, "lock": {"what": "drill"},
        "lost_rules": ["nat: -A x"], "firewalld": False,
        "connections": {"running": True},
    }  # fmt: skip
    assert (cluster["views"], cluster["not_asked"]) == ({"nc1": FACT}, None)


def test_the_control_nodes_own_query_counts():
    control = {"cc_gateway_ask_from": "control_node", "__cc_gateway_status_host": INSPECTED}
    answered = evidence(cc1={**control, "__cc_gateway_status_controller": {"cluster": {"local_state": "DISABLED"}}})["hosts"]["cc1"]
    assert (answered["local_state"], answered["state_source"]) == ("DISABLED", "control_node")
    failed = evidence(cc1={**control, "__cc_gateway_status_controller": {"failed": True, "msg": "refused"}})["hosts"]["cc1"]
    assert (failed["local_state"], failed["state_message"]) == (None, "refused")


@pytest.mark.parametrize(
    ("returned", "error"), [({"unreachable": True, "msg": "no route to host"}, "no route to host"), ({}, "the host returned nothing")]
)
def test_a12_an_unreachable_host_has_its_reason(returned, error):
    cluster = evidence(cc2={"__cc_gateway_status_host": returned}, nc1={"__cc_gateway_status_host": returned})
    assert (cluster["hosts"]["cc2"]["reachable"], cluster["hosts"]["cc2"]["error"]) == (False, error)
    assert cluster["views"]["nc1"] == {"error": error}


def test_o16_a_host_outside_limit_was_not_asked_whatever_an_earlier_run_left():
    left = {"__cc_gateway_status_host": INSPECTED}
    cluster = evidence(in_play=["cc1"], targeted=["cc1"], cc2=left, nc1=left)
    assert cluster["hosts"]["cc2"] == {"asked": False, "reachable": False, "error": None}
    assert (cluster["views"], cluster["not_asked"]) == ({}, "all are outside --limit or nc_route_group")


def test_a_host_that_failed_earlier_in_the_run_is_not_called_outside_limit_and_what_it_reported_is_old():
    cluster = evidence(in_play=["cc1"], cc2={"__cc_gateway_status_host": INSPECTED}, nc1={"__cc_gateway_status_host": INSPECTED})
    assert cluster["hosts"]["cc2"] == {"asked": True, "reachable": False, "error": "it failed earlier in this run"}
    assert cluster["views"] == {"nc1": {"error": "it failed earlier in this run"}}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"cc_gateway_eucalyptus_root": "/"}, "/etc/eucalyptus/iptables-preload"),
        ({"cc_gateway_eucalyptus_root": "/opt/eucalyptus"}, "/opt/eucalyptus/etc/eucalyptus/iptables-preload"),
        ({"cc_gateway_preload_file": "/var/run/eucalyptus/net/iptables-preload"}, "/var/run/eucalyptus/net/iptables-preload"),
    ],
)
def test_p4_the_preload_file_is_where_the_role_writes_it(given, expected):
    assert plan(inventory(cc1=given))["hosts"]["cc1"]["preload_file"] == expected
