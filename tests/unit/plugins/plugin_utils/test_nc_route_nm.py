# SPDX-License-Identifier: GPL-3.0-or-later
"""NetworkManager's connection: what it is told when the VIP or the connection changes, and how that is taken back."""

from __future__ import annotations

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import Inspection
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_nm import nm_changes, nm_record, nm_rollback

OURS = {"ipv4.gateway": "", "ipv4.routes": "0.0.0.0/0 10.0.0.10 1", "ipv4.never-default": "no"}
RECORD = {
    "uuid": "uuid-1",
    "interface": "eth0",
    "gateway": "10.0.0.1",
    "never_default": "yes",
    "route": "0.0.0.0/0 10.0.0.10 1",
}


def host(uuid="uuid-1", **settings):
    return Inspection(interface="eth0", connection=uuid, connection_settings={**OURS, **settings})


def test_another_vip_replaces_the_route_and_keeps_what_was_before():
    nm = nm_record(host(), "10.0.0.11", RECORD)
    assert nm == {**RECORD, "route": "0.0.0.0/0 10.0.0.11 1"}
    assert nm_changes(host(), nm, RECORD) == [
        ["uuid-1", "-ipv4.routes", "0.0.0.0/0 10.0.0.10 1"],
        ["uuid-1", "+ipv4.routes", "0.0.0.0/0 10.0.0.11 1"],
    ]
    assert nm_rollback(host(), {"nm": nm, "old_nm": RECORD}) == [
        ["uuid-1", "ipv4.gateway", "", "ipv4.never-default", "no", "-ipv4.routes", "0.0.0.0/0 10.0.0.11 1", "+ipv4.routes",
         "0.0.0.0/0 10.0.0.10 1"]
    ]  # fmt: skip


def test_another_connection_gives_the_first_one_its_settings_back():
    other = host("uuid-2", **{"ipv4.gateway": "10.0.0.2", "ipv4.routes": "", "ipv4.never-default": "yes"})
    nm = nm_record(other, "10.0.0.10", RECORD)
    assert (nm["uuid"], nm["gateway"], nm["never_default"]) == ("uuid-2", "10.0.0.2", "yes")
    assert nm_changes(other, nm, RECORD) == [
        ["uuid-1", "-ipv4.routes", "0.0.0.0/0 10.0.0.10 1", "ipv4.gateway", "10.0.0.1", "ipv4.never-default", "yes"],
        ["uuid-2", "+ipv4.routes", "0.0.0.0/0 10.0.0.10 1", "ipv4.gateway", "", "ipv4.never-default", "no"],
    ]
    assert nm_rollback(other, {"nm": nm, "old_nm": RECORD}) == [
        ["uuid-2", "ipv4.gateway", "10.0.0.2", "ipv4.never-default", "yes", "-ipv4.routes", "0.0.0.0/0 10.0.0.10 1"],
        ["uuid-1", "+ipv4.routes", "0.0.0.0/0 10.0.0.10 1", "ipv4.gateway", "", "ipv4.never-default", "no"],
    ]


def test_a_removal_gives_the_settings_back_and_its_rollback_takes_them_again():
    assert nm_changes(host(), None, RECORD) == [
        ["uuid-1", "-ipv4.routes", "0.0.0.0/0 10.0.0.10 1", "ipv4.gateway", "10.0.0.1", "ipv4.never-default", "yes"]
    ]
    assert nm_rollback(host(), {"nm": None, "old_nm": RECORD}) == [
        ["uuid-1", "+ipv4.routes", "0.0.0.0/0 10.0.0.10 1", "ipv4.gateway", "", "ipv4.never-default", "no"]
    ]


def test_what_is_as_it_should_be_is_left_alone():
    nm = nm_record(host(), "10.0.0.10", RECORD)
    assert nm_changes(host(), nm, RECORD) == []
    assert nm_changes(host(), None, None) == []
