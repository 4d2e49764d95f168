# SPDX-License-Identifier: GPL-3.0-or-later
"""The data of keepalived's configuration: what makes the VIP follow the ENABLED controller, and nothing else."""

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_config import gateway_config
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_conf import keepalived_conf
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_problems import keepalived_problems

MAIN = {
    "instance": "eucalyptus", "vip": "10.0.0.10", "virtual_router_id": "45", "interface": "eth0", "priority": "100", "version": "3",
    "advert_interval": "0.1", "garp_master_delay": "1", "garp_master_refresh": "30", "address": "10.0.0.1",
    "peers": ["10.0.0.2"],
}  # fmt: skip
GIVEN = {
    "host": "cc1", "user": "eucalyptus", "rt_priority": "50",
    "check_script": "/usr/bin/python3 /check", "newly_script": "/usr/bin/python3 /check", "check_interval": "2", "check_timeout": "1.5",
    "check_fall": "1", "check_rise": "1", "when_none_enabled": "hold",
    "weight": "100", "maintenance_script": "/usr/bin/test ! -e /m", "notify_script": "/notify", "gateways": [MAIN],
}  # fmt: skip


# Of the mail that a site asks for with no more than the addresses.
MAIL = {"notification_email_from": "keepalived@cc1", "smtp_server": "127.0.0.1", "smtp_connect_timeout": 30}


def instance(password="", **changes):
    return gateway_config({**GIVEN, **changes}, password)["vrrp_instance"]["eucalyptus"]


def test_an_enabled_controller_outweighs_one_that_is_not():
    check = gateway_config(GIVEN)["vrrp_script"]["cc_enabled"]
    assert check["weight"] == 100
    assert check["init_fail"] is True, "a host whose check has said nothing yet is not ENABLED"
    assert instance()["track_script"][0] == "cc_enabled"


def test_release_has_no_weight_so_a_failed_check_is_a_fault():
    scripts = gateway_config({**GIVEN, "when_none_enabled": "release"})["vrrp_script"]
    assert "weight" not in scripts["cc_enabled"]


@pytest.mark.parametrize("policy", ["hold", "release"])
def test_a_newly_enabled_controller_outweighs_one_that_still_counts_as_enabled(policy):
    found = gateway_config({**GIVEN, "when_none_enabled": policy})
    newly = found["vrrp_script"]["cc_newly_enabled"]
    assert 0 < newly["weight"] < 100, "less than the weight of the check: ENABLED itself counts more"
    assert newly["init_fail"] is True
    assert newly["interval"] == 1
    assert "cc_newly_enabled" in found["vrrp_instance"]["eucalyptus"]["track_script"]


@pytest.mark.parametrize(("adverts", "seconds"), [([0.1], "2.4"), ([1], "6"), ([0.1, 1], "6")])
def test_it_does_so_until_the_slowest_gateway_has_moved(adverts, seconds):
    gateways = [dict(MAIN, instance=f"g{number}", advert_interval=advert) for number, advert in enumerate(adverts)]
    script = gateway_config({**GIVEN, "gateways": gateways})["vrrp_script"]["cc_newly_enabled"]["script"]
    assert script == f"/usr/bin/python3 /check --newly-enabled {seconds}"


@pytest.mark.parametrize("name", ["cc_newly_enabled", "no_maintenance"])
def test_a_host_that_stood_still_for_seconds_has_no_script_killed_for_it(name):
    assert gateway_config(GIVEN)["vrrp_script"][name]["timeout"] == 10


@pytest.mark.parametrize(("timeout", "expected"), [("0.5", 10), ("1.5", 11), (60, 70)])
def test_keepalived_ends_the_check_only_after_the_check_would_itself(timeout, expected):
    check = gateway_config({**GIVEN, "check_timeout": timeout})["vrrp_script"]["cc_enabled"]
    assert check["timeout"] == expected


@pytest.mark.parametrize("policy", ["hold", "release"])
def test_maintenance_is_a_fault_under_either_policy(policy):
    scripts = gateway_config({**GIVEN, "when_none_enabled": policy})["vrrp_script"]
    assert "weight" not in scripts["no_maintenance"]
    assert "no_maintenance" in instance(when_none_enabled=policy)["track_script"]
    assert scripts["no_maintenance"]["timeout"] >= 10, "on a busy host a timeout would move the VIP"


def test_both_hosts_start_as_backup_and_neither_refuses_to_be_preempted():
    assert instance()["state"] == "BACKUP"
    assert "nopreempt" not in instance()


def test_the_vip_without_prefix_is_the_address_alone():
    assert instance()["virtual_ipaddress"] == ["10.0.0.10/32 dev eth0"]
    assert instance(gateways=[dict(MAIN, vip="10.0.0.10/24")])["virtual_ipaddress"] == ["10.0.0.10/24 dev eth0"]
    assert instance(gateways=[dict(MAIN, vip="fd00::10")])["virtual_ipaddress"] == ["fd00::10/128 dev eth0"]


def test_only_peers_are_believed():
    assert gateway_config(GIVEN)["global_defs"]["vrrp_check_unicast_src"] is True


def test_version_3_counts_in_fractions_and_has_no_password():
    assert instance()["advert_int"] == 0.1
    assert "authentication" not in instance()


def test_version_2_counts_in_seconds_and_has_one():
    two = instance("secret", gateways=[dict(MAIN, version="2", advert_interval="1")])
    assert two["advert_int"] == 1
    assert two["authentication"] == {"auth_type": "PASS", "auth_pass": "secret"}


def test_a_further_gateway_may_have_a_password_of_its_own():
    two = dict(MAIN, version="2", advert_interval="1")
    gateways = [two, dict(two, instance="b", vip="10.0.0.11", virtual_router_id=46), dict(two, instance="c", vip="10.0.0.12")]
    found = gateway_config({**GIVEN, "gateways": gateways}, "secret", [{"instance": "b", "auth_pass": "other"}, {"instance": "c"}])
    passwords = [found["vrrp_instance"][name]["authentication"]["auth_pass"] for name in ("eucalyptus", "b", "c")]
    assert passwords == ["secret", "other", "secret"]


def test_mail_only_where_an_address_is_given():
    for site in (None, {}, {"global_defs": None}, {"global_defs": {"notification_email": []}}):
        found = gateway_config(GIVEN, site=site)
        assert not {"smtp_server", "notification_email_from"} & set(found["global_defs"])
        assert "smtp_alert" not in found["vrrp_instance"]["eucalyptus"]
    mailed = gateway_config(GIVEN, site={"global_defs": {"notification_email": ["root@example.org"]}})
    assert mailed["vrrp_instance"]["eucalyptus"]["smtp_alert"] is True
    assert {name: mailed["global_defs"][name] for name in MAIL} == MAIL


def test_what_the_site_has_in_its_global_defs_stays():
    assert gateway_config(GIVEN)["global_defs"]["router_id"] == "cc1"
    own = {"router_id": "x", "notification_email": "root@example.org", **dict.fromkeys(MAIL, "of the site")}
    found = gateway_config(GIVEN, site={"global_defs": {**own, "script_user": "root"}})["global_defs"]
    assert not set(own) & set(found)
    assert found["script_user"] == "eucalyptus", "what the gateway needs is not the site's to change"


def test_global_defs_of_the_site_that_would_be_lost_are_an_error():
    with pytest.raises(AnsibleFilterError, match=r"keepalived_config: global_defs must be a dictionary \(got \['router_id x'\]\)"):
        gateway_config(GIVEN, site={"global_defs": ["router_id x"]})


def test_scripts_run_as_the_user_of_eucalyptus_and_never_as_root():
    found = gateway_config(GIVEN)["global_defs"]
    assert found["script_user"] == "eucalyptus"
    assert found["enable_script_security"] is True


def test_no_real_time_priority_when_it_is_zero():
    assert gateway_config(GIVEN)["global_defs"]["vrrp_rt_priority"] == 50
    assert "vrrp_rt_priority" not in gateway_config({**GIVEN, "rt_priority": "0"})["global_defs"]


def test_p15_the_kernel_does_not_kill_it_for_a_hundredth_of_a_second():
    assert gateway_config(GIVEN)["global_defs"]["vrrp_rlimit_rttime"] == 1000000
    assert "vrrp_rlimit_rttime" not in gateway_config({**GIVEN, "rt_priority": "0"})["global_defs"]


def test_the_result_is_what_the_renderer_and_the_refusals_accept():
    data = gateway_config(
        {**GIVEN, "gateways": [MAIN, dict(MAIN, instance="second", virtual_router_id=46, vip="10.0.0.11")]}
    )
    text = keepalived_conf(data)
    assert text.count("vrrp_instance ") == 2
    assert "weight 100" in text
    assert keepalived_problems(data) == []


@pytest.mark.parametrize("interval", ["1.0", 1.0, "1", 1])
def test_whole_seconds_of_version_2_may_come_as_any_number(interval):
    found = instance("secret", gateways=[dict(MAIN, version="2", advert_interval=interval)])
    assert (found["advert_int"], type(found["advert_int"])) == (1, int)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"gateways": [MAIN, MAIN]}, "two gateways have the same instance"),
        ({"gateways": [{k: v for k, v in MAIN.items() if k != "vip"}]}, "the setting 'vip' is missing"),
        ({"check_interval": "often"}, "invalid literal"),
        ({"gateways": [dict(MAIN, vip="10.0.0")]}, "10.0.0"),
    ],
)
def test_what_cannot_be_composed_is_said(change, words):
    with pytest.raises(AnsibleFilterError, match=words):
        gateway_config({**GIVEN, **change})


# --- keepalived of different releases ---


@pytest.mark.parametrize(
    ("versions", "checksum"),
    [
        ({}, None),
        ({"cc1": "2.2.7", "cc2": "2.2.7"}, None),
        ({"cc1": "2.2.7", "cc2": "1.3.5"}, True),
        ({"cc1": "1.3.5", "cc2": "2.2.7"}, None),
    ],
)
def test_p5_a_newer_host_computes_the_checksum_that_the_older_one_expects(versions, checksum):
    found = gateway_config(GIVEN, "", [], versions)["vrrp_instance"]["eucalyptus"]
    assert found.get("old_unicast_checksum") is checksum


def test_p5_a_release_without_vrrp_version_3_is_rejected_before_anything_changes():
    with pytest.raises(AnsibleFilterError, match=r"VRRP version 3 needs keepalived 1.2.17 .*VRRP instance eucalyptus"):
        gateway_config(GIVEN, "", [], {"cc1": "2.2.7", "cc2": "1.2.13"})
