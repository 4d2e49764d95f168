# SPDX-License-Identifier: GPL-3.0-or-later
"""Whose keepalived.conf it is: the article's as it was published and as people change it, ours, anybody else's."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes; test_keepalived_files has it for older Pythons", allow_module_level=True)

import hashlib

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_setup

CHECK = "/usr/libexec/keepalived/cc-enabled-check"
ARTICLE = """
global_defs {
    notification_email {
        root@localhost
    }
    lvs_id cc1.example.org
}
vrrp_script cc-enabled-check {
    script "/usr/local/bin/CCclient-enabled-check.sh"
    interval 5
    weight 2
}
vrrp_instance cloud_cluster1_gateway {
    state EQUAL
    interface eth0
    virtual_router_id 45
    priority 100
    advert_int 1
    authentication {
        auth_type PASS
        auth_pass longpassword
    }
    virtual_ipaddress {
        10.0.0.10/32 dev eth0
    }
    track_script {
        cc-enabled-check
    }
}
"""
OTHER = """
vrrp_instance VI_1 {
    interface eth0
    virtual_router_id 51
    virtual_ipaddress { 192.168.200.16
                        192.168.200.17 }
}
"""


def read(tmp_path, text, **options):
    path = tmp_path / "keepalived.conf"
    path.write_text(text)
    return _keepalived_setup.read(str(path), CHECK, **options)


def test_the_articles(tmp_path):
    found = read(tmp_path, ARTICLE, auth_pass_sha256=hashlib.sha256(b"longpass").hexdigest())
    assert found["kind"] == "article"
    assert found["reasons"] == [
        "vrrp_script cc-enabled-check runs /usr/local/bin/CCclient-enabled-check.sh",
        "vrrp_instance cloud_cluster1_gateway has state EQUAL",
        "global_defs has lvs_id",
    ]
    assert found["instances"] == [{
        "name": "cloud_cluster1_gateway", "state": "EQUAL", "interface": "eth0", "virtual_router_id": 45, "version": 2,
        "advert_interval": 1.0, "vips": ["10.0.0.10"], "excluded": [], "peers": [], "auth_type": "PASS", "same_auth_pass": True,
        "track_scripts": ["cc-enabled-check"], "article": True,
    }]  # fmt: skip
    assert "longpass" not in str(found)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("state EQUAL", "state BACKUP"),
        ("lvs_id", "router_id"),
        ("/usr/local/bin/CCclient-enabled-check.sh", "/root/bin/cc_check.sh"),  # still EQUAL with lvs_id
        ("/usr/local/bin/CCclient-enabled-check.sh", "/usr/local/bin/CCclient_full 127.0.0.1:8774 describeServices"),
        ("cc-enabled-check", "check_cc"),
    ],
)
def test_the_articles_with_a_change(tmp_path, old, new):
    found = read(tmp_path, ARTICLE.replace(old, new))
    assert found["kind"] == "article"
    assert found["instances"][0]["article"] is True


def test_instances_beside_the_articles_are_told_apart(tmp_path):
    found = read(tmp_path, ARTICLE + OTHER)
    assert [(one["name"], one["article"]) for one in found["instances"]] == [
        ("cloud_cluster1_gateway", True),
        ("VI_1", False),
    ]


def test_somebody_elses(tmp_path):
    found = read(tmp_path, OTHER)
    assert (found["kind"], found["reasons"]) == ("other", [])
    assert found["instances"][0]["vips"] == ["192.168.200.16", "192.168.200.17"]
    assert found["instances"][0]["article"] is False
    assert read(tmp_path, "")["kind"] == "other"
    lone = read(tmp_path, ARTICLE.replace("CCclient", "whatever").replace("lvs_id", "router_id"))
    assert lone["kind"] == "other", "EQUAL alone is a common mistake"


@pytest.mark.skipif(sys.version_info < (3, 10), reason="the filter is for the Pythons of control nodes")
def test_ours(tmp_path):
    config = {
        "global_defs": {"vrrp_version": 3},
        "vrrp_script": {"cc_enabled": {"script": "/usr/bin/python3 -E -s -S {} --host 127.0.0.1".format(CHECK)}},
        "vrrp_instance": {"eucalyptus": {
            "interface": "eth0", "virtual_router_id": 45, "advert_int": 0.1, "unicast_peer": ["10.0.0.2"],
            "virtual_ipaddress": ["10.0.0.10/32 dev eth0"], "track_script": ["cc_enabled"],
        }},
    }  # fmt: skip
    # ansible-test gives the tests of module_utils what hosts have, and no filters: make unit runs this.
    rendered = pytest.importorskip("ansible_collections.eucalyptus.ha.plugins.filter.keepalived_conf").keepalived_conf(config)
    found = read(tmp_path, rendered)
    assert found["kind"] == "ours"
    instance = found["instances"][0]
    assert (instance["version"], instance["advert_interval"], instance["peers"]) == (3, 0.1, ["10.0.0.2"])
    assert read(tmp_path, "# Written by Ansible (eucalyptus.ha.keepalived).\n" + OTHER)["kind"] == "ours"


def test_none_and_one_that_cannot_be_read(tmp_path):
    assert _keepalived_setup.read(str(tmp_path / "missing"), CHECK)["kind"] == "none"
    found = _keepalived_setup.read(str(tmp_path), CHECK)
    assert (found["kind"], found["error"]) == ("other", "{} must be a regular file (got a directory)".format(tmp_path))


def test_what_a_backup_should_hold(tmp_path, monkeypatch):
    for name in ("check.sh", "CCclient_full", "CCclient-enabled-check.sh"):
        (tmp_path / name).write_text("")
    (tmp_path / "more.conf").write_text("")
    monkeypatch.setattr(_keepalived_setup, "OLD_FILES", ("{}/CCclient*".format(tmp_path),))
    text = (
        ARTICLE.replace("/usr/local/bin/CCclient-enabled-check.sh", "{}/check.sh CCclient".format(tmp_path))
        + "include more.conf\n"
    )
    found = read(tmp_path, text)
    names = ["keepalived.conf", "more.conf", "check.sh", "CCclient-enabled-check.sh", "CCclient_full"]
    assert found["files"] == [str(tmp_path / name) for name in names]


def test_numbers_that_are_none(tmp_path):
    found = read(tmp_path, ARTICLE.replace("advert_int 1", "advert_int often").replace("router_id 45", "router_id x"))
    assert found["instances"][0]["advert_interval"] is found["instances"][0]["virtual_router_id"] is None
