# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters keepalived_problems and keepalived_host_checks: what is refused before any host is touched."""

from __future__ import annotations

import copy
import time
from typing import Any

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_host_checks import FilterModule as HostChecks
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_problems import FilterModule as Problems

problems = Problems().filters()["keepalived_problems"]
host_checks = HostChecks().filters()["keepalived_host_checks"]

GOOD: dict[str, Any] = {
    "global_defs": {"enable_script_security": True, "script_user": "eucalyptus"},
    "vrrp_script": {"check": {"script": "/bin/check", "weight": 100}},
    "vrrp_instance": {
        "a": {
            "state": "BACKUP",
            "interface": "eth0",
            "virtual_router_id": 45,
            "priority": 100,
            "unicast_src_ip": "10.0.0.1",
            "unicast_peer": ["10.0.0.2"],
            "virtual_ipaddress": ["10.0.0.10/32 dev eth0"],
            "track_script": ["check"],
        }
    },
}


def changed(**keywords: Any) -> dict[str, Any]:
    """The good configuration with other keywords in its instance; null takes one out."""
    data = copy.deepcopy(GOOD)
    data["vrrp_instance"]["a"].update(keywords)
    return data


def two(first: dict[str, Any], second: dict[str, Any]) -> dict[str, Any]:
    base = {"interface": "eth0", "virtual_router_id": 1}
    return {
        "vrrp_instance": {
            "a": {**base, "virtual_ipaddress": ["10.0.0.10"], **first},
            "b": {**base, "virtual_ipaddress": ["10.0.0.11"], **second},
        }
    }


def test_a_good_configuration_has_none() -> None:
    assert problems(GOOD) == []
    assert problems(GOOD, "2.2.7", ["10.0.0.1"]) == []


def test_what_cannot_be_written_is_a_problem_too() -> None:
    assert problems({"vrrp_instance": {"i": {"virtual_router_id": 1, "interface": "a\n"}}}) == [
        "vrrp_instance.i.interface contains the control character '\\n'; a value is one line of text"
    ]
    for text in ("nan", "inf"):
        assert problems(changed(advert_int=text)) == [
            f"vrrp_instance.a.advert_int is {text}; VRRP version 2 has whole seconds from 1 to 255 only"
        ]
    assert problems(changed(advert_int=float("nan")))[0] == "vrrp_instance.a.advert_int nan is not a number that keepalived can read"
    data = changed()
    data["vrrp_script"]["check"]["weight"] = ""
    assert problems(data) == ["vrrp_script.check.weight is empty; give it a value, or set it to null to leave it out"]
    assert problems([]) == ["the configuration is of type list; it needs a mapping of keywords to values"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(changed(virtual_router_id=0), "virtual_router_id is 0; it must be from 1 to 255", id="VRID 0"),
        pytest.param(changed(virtual_router_id=256), "virtual_router_id is 256", id="VRID 256"),
        pytest.param(changed(virtual_router_id="x"), "must be a whole number", id="VRID that is none"),
        pytest.param(changed(virtual_router_id=None), "vrrp_instance.a has no virtual_router_id", id="no VRID"),
        pytest.param(changed(priority=0), "priority is 0", id="priority 0"),
        pytest.param(changed(priority=255), "255 is for the owner of the address", id="priority 255"),
        pytest.param(changed(priority="255"), "priority is 255", id="priority as text"),
        pytest.param(changed(state="EQUAL"), "is EQUAL, which keepalived never had", id="EQUAL"),
        pytest.param(changed(state="SLAVE"), "must be MASTER or BACKUP", id="odd state"),
        pytest.param(
            changed(state="MASTER", nopreempt=True, track_script=None),
            "no effect with state MASTER",
            id="nopreempt MASTER",
        ),
        pytest.param(changed(nopreempt=True), "and a weight (check) exclude each other", id="nopreempt and weight"),
        pytest.param(
            changed(nopreempt=True, track_script=[{"check": {"weight": -5}}]),
            "exclude each other",
            id="nopreempt, own weight",
        ),
        pytest.param(
            changed(nopreempt=True, track_script=None, track_interface=["eth1 weight 5"]),
            "exclude each other",
            id="nopreempt and the weight of an interface",
        ),
        pytest.param(
            changed(version=2, authentication={"auth_type": "PASS", "auth_pass": "123456789"}),
            "vrrp_instance.a.authentication.auth_pass has more than 8 characters",
            id="long password",
        ),
        pytest.param(
            changed(authentication={"auth_type": "PASS", "auth_pass": "ééééé"}),
            "more than 8",
            id="password of 10 bytes",
        ),
        pytest.param(changed(version=3, authentication={"auth_pass": "x"}), "is for VRRP version 2 only", id="v3"),
        pytest.param(
            {**changed(authentication={"auth_pass": "x"}), "global_defs": {"vrrp_version": 3}},
            "version 2 only",
            id="global v3",
        ),
        pytest.param(
            changed(
                authentication={"auth_pass": "x"},
                virtual_ipaddress=["fe80::1"],
                unicast_peer=["fe80::2"],
                unicast_src_ip="fe80::3",
            ),
            "version 2 only",
            id="IPv6 is v3",
        ),
        pytest.param(
            changed(unicast_peer=None), "unicast_src_ip needs unicast_peer: with no peer keepalived falls back", id="source, no peers"
        ),
        pytest.param(changed(unicast_peer=[]), "unicast_peer must have at least one entry", id="no peers"),
        pytest.param(changed(unicast_peer={}), "unicast_peer must have at least one entry", id="no peers, mapping"),
        pytest.param(changed(unicast_peer=["10.0.0.1"]), "this host itself", id="own source address as peer"),
        pytest.param(changed(unicast_peer=["10.0.0.2", "10.0.0.2"]), "a second time", id="peer twice"),
        pytest.param(changed(track_script=["check weight -254"]), "has the weight -254; it must be from -253 to 253", id="weight -254"),
        pytest.param(changed(priority=155), "is 155 and its tracks add up to 100: more than 254", id="sum of 255"),
        pytest.param(
            changed(track_script=["check weight -200 reverse"]), "its tracks add up to 200", id="reversed weight counts"
        ),
        pytest.param(changed(track_script=["check weight 300"]), "has the weight 300", id="weight out of range"),
        pytest.param(changed(track_script=["chek"]), "is 'chek', but there is no vrrp_script", id="unknown script"),
        pytest.param(changed(track_file=["f"]), "is 'f', but there is no track_file", id="unknown file"),
        pytest.param(
            changed(virtual_ipaddress=["10.0.0.10", "fe80::1"]),
            "virtual_ipaddress mixes IPv4 and IPv6",
            id="two families",
        ),
        pytest.param(changed(advert_int=0.1), "version 2 has whole seconds", id="fast adverts with v2"),
        pytest.param(changed(version=3, advert_int=50), "0.01 to 40.95 seconds", id="slow adverts with v3"),
        pytest.param(
            two({}, {}), "vrrp_instance.b.virtual_router_id is 1, which vrrp_instance.a has too", id="VRID twice"
        ),
        pytest.param(
            two({"unicast_peer": ["10.0.0.2"]}, {"unicast_peer": ["10.0.0.2", "10.0.0.3"]}),
            "which vrrp_instance.a has too",
            id="VRID twice with a common peer",
        ),
        pytest.param(
            two({}, {"virtual_router_id": 2, "virtual_ipaddress": ["10.0.0.10/24"]}),
            "vrrp_instance.b.virtual_ipaddress[0] is 10.0.0.10 on eth0, which vrrp_instance.a.virtual_ipaddress[0] has too",
            id="VIP twice",
        ),
        pytest.param(
            two({}, {"virtual_router_id": 2, "virtual_ipaddress_excluded": {"10.0.0.10/24": None}}),
            "is 10.0.0.10 on eth0, which",
            id="VIP twice, once excluded",
        ),
        pytest.param(
            changed(virtual_ipaddress=["2001:db8::10", "2001:DB8:0::10/64"]),
            "is 2001:db8::10 on eth0, which",
            id="VIP in two spellings",
        ),
        pytest.param(
            {**GOOD, "vrrp_sync_group": {"g": {"group": ["a"]}}},
            "tracks check with a weight, but the instance is in the sync group g",
            id="weight in a sync group",
        ),
        pytest.param(
            {**GOOD, "vrrp_sync_group": {"g": {"group": ["a", "b"], "sync_group_tracking_weight": True}}},
            "vrrp_sync_group.g.group[1] is 'b', but there is no vrrp_instance",
            id="unknown member",
        ),
        pytest.param(
            {**GOOD, "global_defs": {"enable_script_security": True}},
            "vrrp_script.check.script has no user",
            id="no script user",
        ),
    ],
)
def test_refused(data: dict[str, Any], message: str) -> None:
    found = problems(data)
    assert any(message in problem for problem in found), found


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(changed(priority=154), id="sum of 254"),
        pytest.param(changed(virtual_router_id="$VRID", priority="${PRIORITY}"), id="parameters"),
        pytest.param(changed(virtual_router_id=None, raw="@main virtual_router_id 5"), id="VRID as raw text"),
        pytest.param(changed(unicast_peer=[{"raw": "@main 10.0.0.2"}]), id="peers as raw text"),
        pytest.param(changed(nopreempt=True, track_script=["check weight 0"]), id="nopreempt without a weight"),
        pytest.param(changed(authentication={"auth_type": "PASS", "auth_pass": "12345678"}), id="password of 8"),
        pytest.param(changed(version=3, advert_int=0.1), id="fast adverts with v3"),
        pytest.param({**changed(track_script=["other"]), "include": "other.conf"}, id="script in an include"),
        pytest.param(
            {**GOOD, "vrrp_sync_group": {"g": {"group": ["a"], "sync_group_tracking_weight": True}}}, id="weights"
        ),
        pytest.param(two({}, {"interface": "eth1"}), id="VRID on two interfaces"),
        pytest.param(two({}, {"virtual_ipaddress": ["fe80::1"]}), id="VRID in two families"),
        pytest.param(two({"unicast_peer": ["10.0.0.2"]}, {"unicast_peer": ["10.0.0.3"]}), id="VRID with other peers"),
        pytest.param(two({}, {"mcast_dst_ip": "224.0.0.19"}), id="VRID on two multicast groups"),
    ],
)
def test_not_refused(data: dict[str, Any]) -> None:
    assert problems(data) == []


def test_the_hosts_own_address_is_no_peer() -> None:
    assert "this host itself" in problems(changed(unicast_src_ip=None), "", ["10.0.0.2/24", "fe80::1"])[0]


def test_all_problems_come_at_once() -> None:
    assert len(problems(changed(state="EQUAL", priority=0, virtual_router_id=0, unicast_peer=[]))) == 4


@pytest.mark.parametrize(
    ("version", "data", "message"),
    [
        (
            "1.3.5",
            {"vrrp_track_process": {"p": {"process": "x"}}},
            "vrrp_track_process needs keepalived 2.0.11 (this host has 1.3.5)",
        ),
        ("2.0.10", {"vrrp_track_process": {"p": {"process": "x"}}}, "needs keepalived 2.0.11"),
        ("2.0.11", {"vrrp_track_process": {"p": {"process": "x"}}}, None),
        ("2.1.5", changed(down_timer_adverts=3), "vrrp_instance.a.down_timer_adverts needs keepalived 2.2.3 (this host has 2.1.5)"),
        ("2.2.7", changed(down_timer_adverts=3), None),
        ("2.2.7", changed(timer_expired_backup=True), "needs keepalived 2.2.8"),
        ("2.2.8", changed(timer_expired_backup=True), None),
        ("", changed(timer_expired_backup=True), None),
        ("2.1.5", {"includea": "x"}, "includea needs keepalived 2.2.0"),
        (
            "2.0.6",
            {
                "virtual_server": {
                    "fwmark 1": {"real_server": [{"name": "10.0.0.1", "HTTP_GET": [{"url": {"regex": "x"}}]}]}
                }
            },
            "virtual_server['fwmark 1'].real_server[0].HTTP_GET[0].url.regex needs keepalived 2.0.7",
        ),
    ],
)
def test_keywords_newer_than_the_host(version: str, data: dict[str, Any], message: str | None) -> None:
    found = problems(data, version)
    if message is None:
        assert found == []
    else:
        assert len(found) == 1
        assert message in found[0]


def test_a_thousand_instances_are_looked_at_quickly() -> None:
    data = {
        "vrrp_script": {f"s{n}": {"script": "/bin/x", "weight": 1} for n in range(1000)},
        "vrrp_instance": {
            f"i{n}": {
                "interface": f"eth{n}",
                "virtual_router_id": 1,
                "virtual_ipaddress": [f"10.{n // 250}.{n % 250}.1"],
                "track_script": [f"s{n}"],
            }
            for n in range(1000)
        },
    }
    start = time.process_time()
    assert problems(data) == []
    assert time.process_time() - start < 1


def test_what_the_host_has_to_tell() -> None:
    data = changed(
        notify={"command": ["/bin/notify", "x"], "user": "root"},
        notify_master="/bin/check again",
        notify_deleted=True,
        unicast_peer=["10.0.0.2", {"address": "10.0.0.3", "min_ttl": 255}, "$OTHER"],
    )
    data["vrrp_script"]["check"]["user"] = "nobody nogroup"
    data["vrrp_script"]["more"] = {"script": "${_PWD}/x"}
    data["virtual_server"] = {"fwmark 1": {"real_server": {"10.0.0.5": {"MISC_CHECK": {"misc_path": "/bin/misc"}}}}}
    assert host_checks(data) == [
        "interface eth0",
        "peer 10.0.0.2",
        "peer 10.0.0.3",
        "program eucalyptus /bin/check",
        "program eucalyptus /bin/misc",
        "program nobody /bin/check",
        "program root /bin/notify",
        "source 10.0.0.1",
    ]
    assert host_checks({"vrrp_script": {"a": {"script": "/bin/a"}}}) == ["program - /bin/a"]
    assert host_checks([]) == []
