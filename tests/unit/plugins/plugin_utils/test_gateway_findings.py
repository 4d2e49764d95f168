# SPDX-License-Identifier: GPL-3.0-or-later
"""Every sentence about what was found on a host, one change from a good host at a time."""

from __future__ import annotations

import copy
import re

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_problems import gateway_problems
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.test_gateway_problems import GOOD

KEY = "/var/lib/eucalyptus/keys/cloud-pk.pem"
CERT = "/var/lib/eucalyptus/keys/cloud-cert.pem"
MAIN = {
    "instance": "eucalyptus", "vip": "10.0.0.10", "interface": "eth0", "virtual_router_id": 45, "version": 3, "advert_interval": 0.1,
    "auth_pass": "", "address": "10.0.0.1", "peers": ["10.0.0.2"],
}  # fmt: skip
OLD = {
    "name": "eucalyptus", "state": "BACKUP", "interface": "eth0", "virtual_router_id": 45, "version": 3, "advert_interval": 0.1,
    "vips": ["10.0.0.10"], "peers": ["10.0.0.2"], "auth_type": None, "same_auth_pass": None, "track_scripts": ["cc_enabled"],
    "article": False,
}  # fmt: skip
ARTICLE = {
    **OLD, "name": "cloud_cluster1_gateway", "state": "EQUAL", "version": 2, "advert_interval": 1.0, "peers": [], "auth_type": "PASS",
    "same_auth_pass": False, "article": True,
}  # fmt: skip
ROUTER = {
    "interface": "eth0", "source": "10.0.0.9", "destination": "224.0.0.18", "family": 4, "version": 2, "virtual_router_id": 45,
    "priority": 150, "advert_interval": 1.0, "authentication": False, "addresses": ["10.0.0.99"], "count": 2,
}  # fmt: skip
FOUND = {
    "time": 0,
    "user": {"name": "eucalyptus", "exists": True, "uid": 998, "gid": 998, "group_mates": []},
    "python": {"path": "/usr/bin/python3", "works": True, "version": "3.11.2", "message": None},
    "openssl": "/usr/bin/openssl",
    "cc": {"alive": True, "message": "127.0.0.1 port 8774 answers"},
    "client_keys": {
        "openssl": "/usr/bin/openssl",
        "key": {
            "path": KEY, "given": False, "error": None, "encrypted": False, "rsa": True, "sha1_error": None, "unreadable": None,
            "others_can_read": False,
        },
        "certificate": {
            "path": CERT, "given": False, "error": None, "fingerprint": "aa", "not_before": "2026-01-01T00:00:00Z",
            "not_after": "2036-01-01T00:00:00Z", "days_left": 3000, "expired": False, "early": False, "unreadable": None,
        },
        "match": True,
        "own": {"path": CERT, "error": None, "fingerprint": "aa", "same": True},
        "user_error": None,
        "deployed": None,
    },
    "vips": [{
        "vip": "10.0.0.10", "instance": "eucalyptus", "here": False, "interface": None, "configured": False,
        "answers": {
            "interface": "eth0", "foreign_macs": [], "unnamed_macs": [], "virtual_mac": False, "error": None, "silent": [],
        },
    }],
    "keepalived": {
        "kind": "none", "running": False, "error": None, "reasons": [], "files": [], "scripts": {}, "instances": [],
    },
    "adverts": [],
    "listen_error": None,
    "preload_error": None,
}  # fmt: skip
SETTINGS = {
    **GOOD,
    "gateways": [MAIN],
    "keepalived_conf": "/etc/keepalived/keepalived.conf",
    "certificate_warn_days": 30,
    # The source with the most that can be wrong: it needs keys.
    "source": {"source": "soap", "evidence": "", "level": "ok"},
    "check_interval": 10,
}


def host(**changes):
    """The good host with changes: names are paths with __ between the steps, numbers are places in lists."""
    found = copy.deepcopy(FOUND)
    for name, value in changes.items():
        *steps, last = name.split("__")
        place = found
        for step in steps:
            place = place[int(step) if step.isdigit() else step]
        place[last] = value
    return found


def judge(found, **settings):
    return gateway_problems({**SETTINGS, **settings, "findings": found})


def test_a_good_host_has_no_problems():
    assert judge(host()) == {"errors": [], "warnings": [], "incompatible": []}


ERRORS = {
    "no user": (host(user__exists=False, user__uid=None, python__works=None), "cc_gateway_controller.user must be a user of this host .got "
                "eucalyptus.. Install the cluster"),
    "root": (host(user__uid=0), "cc_gateway_controller.user must not be root"),
    "preload file": (
        host(preload_error="/etc/eucalyptus/iptables-preload must be a regular file (got a symbolic link). Remove it"),
        "cc_gateway_preload_file: /etc/eucalyptus/iptables-preload must be a regular file",
    ),
    "no Python for the user": (
        host(python__works=False, python__message="Permission denied"),
        "/usr/bin/python3, which runs the check, does not work for user eucalyptus .Permission denied.",
    ),
    "no openssl": (host(openssl=None), "openssl command is missing on this host: install the package openssl"),
    "no key": (
        host(client_keys__key__error="does not exist", client_keys__match=None),
        f"cc_gateway_controller.client_key: {KEY} does not exist. Copy the",
    ),
    "no certificate": (host(client_keys__certificate__error="does not exist"), f"cc_gateway_controller.client_cert: {CERT} does not exist"),
    "key with a passphrase": (
        host(client_keys__key__error="is encrypted with a passphrase", client_keys__key__encrypted=True),
        "is encrypted with a passphrase. openssl rsa -in",
    ),
    "key of another owner": (
        host(client_keys__key__error="cannot be read: x must be readable by eucalyptus, who owns a directory above it"),
        "who owns a directory above it. Make eucalyptus its owner, with mode 0600.",
    ),
    "no key at all": (host(client_keys__key__error="holds no PEM private key"), "holds no PEM private key. Use the PEM file"),
    "content that is none": (
        host(client_keys__key__error="holds no PEM private key", client_keys__key__given=True),
        "cc_gateway_client_key_content: the text holds no",
    ),
    "key unreadable": (
        host(client_keys__key__unreadable="Permission denied"),
        f"user eucalyptus cannot read {KEY} .Permission denied.. Make that user the owner",
    ),
    "certificate unreadable": (host(client_keys__certificate__unreadable="Permission denied"), f"cannot read {CERT}"),
    "not root ourselves": (host(client_keys__user_error="only root may"), "could not be tested as user eucalyptus: only root may"),
    "no RSA key": (host(client_keys__key__rsa=False), "cc_gateway_controller.client_key must be an RSA key"),
    "no SHA-1": (host(client_keys__key__sha1_error="invalid digest"), "does not allow SHA-1 signatures.*update-crypto-policies --set "
                 "DEFAULT:SHA1"),
    "mismatch": (host(client_keys__match=False), "do not belong to each other .*Copy both from the cloud controller"),
    "expired": (
        host(client_keys__certificate__expired=True, client_keys__certificate__days_left=-3),
        f"certificate {CERT} expired at 2036-01-01T00:00:00Z. Renew",
    ),
    "not yet valid": (host(client_keys__certificate__early=True), "not valid before 2026-01-01T00:00:00Z. Check the clocks"),
    "not the controller's": (
        host(client_keys__own__same=False),
        "is not the one that the cluster controller has .*on the controller first, or correct cc_gateway_controller.client_cert[.]$",
    ),
    "given, not the controller's": (
        host(client_keys__own__same=False, client_keys__certificate__given=True),
        "or correct cc_gateway_client_cert_content[.]$",
    ),
    "VIP by somebody else": (
        host(vips__0__answers__foreign_macs=["52:54:00:00:00:09"]),
        "10.0.0.10 is in use: 52:54:00:00:00:09 on eth0 answers for it .*choose another VIP",
    ),
    "VIP by this host": (
        host(vips__0__here=True, vips__0__interface="eth0"),
        "already configured on eth0 of this host outside keepalived.*ip address delete 10.0.0.10/32 dev eth0",
    ),
    "VRID in use": (
        host(adverts=[ROUTER]),
        "cc_gateway_virtual_router_id: 45 is in use on eth0 by 10.0.0.9 .VRRP version 2, priority 150, for 10.0.0.99.. Choose a free "
        "cc_gateway_virtual_router_id",
    ),
    "somebody else's keepalived": (
        host(keepalived__kind="other", keepalived__running=True, keepalived__instances=[{**OLD, "name": "VI_1"}]),
        "keepalived already runs VRRP instance VI_1 on this host, which this role would remove. Add it to keepalived_config",
    ),
    "others beside the article's": (
        host(
            keepalived__kind="article",
            keepalived__running=True,
            keepalived__instances=[ARTICLE, {**OLD, "name": "a"}, {**OLD, "name": "b"}],
        ),
        "VRRP instances a, b on this host, which",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", ERRORS)
def test_each_obstacle_is_an_error_with_a_way_out(name):
    found, words = ERRORS[name]
    errors = judge(found)["errors"]
    assert len(errors) == 1, errors
    assert re.search(words, errors[0]), errors


def test_all_obstacles_come_in_one_go_with_those_of_the_settings():
    found = host(openssl=None, client_keys__match=False, adverts=[ROUTER], client_keys__certificate__expired=True)
    assert len(judge(found, vip="", weight=0)["errors"]) == 6


@pytest.mark.parametrize(
    ("settings", "vip"),
    [
        ({}, "10.0.0.1"),
        ({"addresses": {"cc1": "10.0.0.1", "cc2": "10.0.0.10"}}, "10.0.0.10"),
        ({"interface_addresses": ["10.0.0.10/24"]}, "10.0.0.10"),
    ],
)
def test_o1_nobody_is_told_to_delete_an_address_of_a_host_itself(settings, vip):
    found = host(vips__0__here=True, vips__0__interface="eth0", vips__0__vip=vip)
    errors = judge(found, vip=vip, **settings)["errors"]
    assert not any("delete" in error for error in errors), errors
    assert errors


def test_probe_interface_is_no_option_of_the_users():
    text = "no interface of this host is in the network of 10.0.0.10; set probe_interface"
    assert "probe_interface" not in judge(host(vips__0__answers={"error": text}))["warnings"][0]


WARNINGS = {
    "controller down": (host(cc__alive=False, cc__message="refused"), "does not respond .refused.*counts as not ENABLED"),
    "soon expired": (host(client_keys__certificate__days_left=12), f"certificate {CERT} expires in 12 days"),
    "key for everybody": (host(client_keys__key__others_can_read=True), f"{KEY} can be read by everybody.*chmod 0600"),
    "key for a group": (
        host(client_keys__key__given=True, user__group_mates=["ann", "bob"]),
        "readable by the group of eucalyptus, which has other members .ann, bob.",
    ),
    "controller's copy unknown": (
        host(client_keys__own={"path": "/opt/cloud-cert.pem", "error": "does not exist", "same": None}),
        "own copy: /opt/cloud-cert.pem does not exist. Check cc_gateway_eucalyptus_root",
    ),
    "VIP by who knows": (
        host(vips__0__answers__unnamed_macs=["52:54:00:00:00:09"], vips__0__answers__silent=["10.0.0.2"]),
        "52:54:00:00:00:09 on eth0 already answers for the VIP 10.0.0.10.*10.0.0.2 did not answer ARP",
    ),
    "several with one MAC": (
        host(vips__0__answers__unnamed_macs=["52:54:00:00:00:09"]),
        "several have that MAC address",
    ),
    "VIP not asked": (host(vips__0__answers={"error": "eth0 is down"}), "could not check by ARP whether the VIP 10.0.0.10 is already "
                      "in use: eth0 is down. Check cc_gateway_interface"),
    "not listened": (host(listen_error="cannot listen on eth0"), "could not check whether another VRRP router .*: cannot listen"),
    "somebody else's configuration": (
        host(keepalived__kind="other", keepalived__instances=[{**OLD, "name": "VI_1"}]),
        "keepalived.conf was not written by this collection. It is kept in /var/backups/eucalyptus-ha",
    ),
    "unreadable configuration": (
        host(keepalived__kind="other", keepalived__error="Permission denied"),
        "was not written by this collection: Permission denied.",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", WARNINGS)
def test_each_doubt_is_a_warning(name):
    found, words = WARNINGS[name]
    problems = judge(found)
    assert problems["errors"] == []
    assert len(problems["warnings"]) == 1, problems["warnings"]
    assert re.search(words, problems["warnings"][0]), problems["warnings"]


def test_what_is_no_trouble():
    other_id, peer = {**ROUTER, "virtual_router_id": 46}, {**ROUTER, "source": "10.0.0.2"}
    ipv6, elsewhere = {**ROUTER, "family": 6, "source": "fe80::9"}, {**ROUTER, "interface": "eth1"}
    for fine in (
        host(adverts=[other_id, peer, ipv6, elsewhere]),
        host(adverts=None),
        host(vips__0__here=True, vips__0__interface="eth0", vips__0__configured=True),
        host(vips__0__answers=None),
        # All holders share the address of a virtual router (use_vmac).
        host(vips__0__answers__unnamed_macs=["00:00:5e:00:01:2d"], vips__0__answers__virtual_mac=True),
        host(keepalived__kind="ours", keepalived__running=True, keepalived__instances=[{**OLD, "name": "dropped"}]),
        host(keepalived__kind="article", keepalived__running=False, keepalived__instances=[ARTICLE]),
        host(client_keys=None),
    ):
        problems = judge(fine)
        assert problems["errors"] == problems["warnings"] == []


def test_instances_that_the_site_keeps_are_not_lost():
    found = host(keepalived__kind="other", keepalived__running=True, keepalived__instances=[{**OLD, "name": "VI_1"}])
    problems = judge(found, site_instances=["VI_1"])
    assert problems["errors"] == []
    assert "is kept in" in problems["warnings"][0]


@pytest.mark.parametrize("settings", [{"source": {"source": "state_file", "evidence": "", "level": "ok"}}])
def test_keys_that_nobody_needs_are_no_trouble(settings):
    found = host(
        openssl=None, client_keys__match=False, client_keys__certificate__expired=True, client_keys__own__same=False
    )
    assert judge(found, **settings)["errors"] == []


def test_a_further_gateway_is_looked_at_as_well():
    further = {
        **MAIN,
        "instance": "other",
        "vip": "10.0.1.10",
        "interface": "eth1",
        "virtual_router_id": 50,
        "address": "10.0.1.1",
    }
    found = host(adverts=[{**ROUTER, "interface": "eth1", "virtual_router_id": 50}])
    found["vips"].append(
        {
            **found["vips"][0],
            "vip": "10.0.1.10",
            "answers": {"foreign_macs": ["02:00:00:00:00:01"], "interface": "eth1"},
        }
    )
    errors = judge(found, gateways=[MAIN, further])["errors"]
    assert [error[:40] for error in errors] == [
        "cc_gateway_vip: 10.0.1.10 is in use: 02:",
        "cc_gateway_virtual_router_id: 50 is in u",
    ]


def test_the_old_check_is_never_tracked():
    assert "old CCclient script" in judge(host(), site_tracks_old_check=True)["errors"][0]


def test_a_host_that_could_not_be_looked_at():
    problems = gateway_problems({**SETTINGS, "findings": None, "findings_error": "rtnetlink is not usable"})
    assert problems["errors"] == ["the host could not be inspected: rtnetlink is not usable"]


@pytest.mark.parametrize(
    ("old", "settings", "words"),
    [
        (OLD, {}, []),
        ({**OLD, "version": 2}, {}, ["VRRP version 2 → 3"]),
        ({**OLD, "virtual_router_id": 46}, {}, ["virtual_router_id 46 → 45"]),
        ({**OLD, "advert_interval": 1.0}, {}, ["advert interval 1.0 → 0.1"]),
        ({**OLD, "vips": ["10.0.0.11"]}, {}, ["VIPs 10.0.0.11 → 10.0.0.10"]),
        ({**OLD, "peers": []}, {}, ["adverts multicast → unicast"]),
        ({**OLD, "peers": ["10.0.0.2", "10.0.0.3"]}, {}, []),
        ({**OLD, "interface": "eth1"}, {}, ["interface eth1 → eth0"]),
        (
            {**OLD, "version": 2, "advert_interval": 1.0, "auth_type": "PASS", "same_auth_pass": False},
            {"version": 2, "advert_interval": 1, "auth_pass": "secret"},
            ["another password"],
        ),
        (
            {**OLD, "version": 2, "advert_interval": 1.0, "auth_type": "PASS", "same_auth_pass": True},
            {"version": 2, "advert_interval": 1, "auth_pass": "secret"},
            [],
        ),
        (
            ARTICLE,
            {},
            ["VRRP version 2 → 3", "advert interval 1.0 → 0.1", "adverts multicast → unicast", "authentication PASS → NONE"],
        ),
        ({**OLD, "name": "unrelated", "vips": ["10.0.0.77"], "version": 2}, {"site_instances": ["unrelated"]}, []),
    ],
)  # fmt: skip
def test_changes_that_make_hosts_deaf_to_each_other_are_named(old, settings, words):
    main = {**MAIN, **{name: value for name, value in settings.items() if name in MAIN}}
    found = host(keepalived__kind="ours", keepalived__running=True, keepalived__instances=[old])
    problems = judge(found, gateways=[main], **settings)
    assert problems["errors"] == []
    assert problems["incompatible"] == [f"eucalyptus: {word}" for word in words]
    idle = host(keepalived__kind="ours", keepalived__instances=[old])
    assert judge(idle, gateways=[main], **settings)["incompatible"] == []


def test_half_a_pair_is_not_changed_so_that_it_cannot_hear_the_other_half():
    found = host(keepalived__kind="ours", keepalived__running=True, keepalived__instances=[{**OLD, "version": 2}])
    errors = judge(found, not_in_run=["cc2"])["errors"]
    assert len(errors) == 1
    assert re.search(
        "VRRP version 2 → 3.* cannot receive each other.*cc2 is not part of this run. Run it for both, or set cc_gateway_alone",
        errors[0],
    )
    assert judge(found, not_in_run=["cc2"], alone=True)["errors"] == []
    assert judge(host(), not_in_run=["cc2"])["errors"] == []
