# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files that keepalived and its notify script leave on a host, read by every Python of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _keepalived_conf,
    _keepalived_process,
    _keepalived_setup,
    _keepalived_state,
)
from hypothesis import given
from hypothesis import strategies as st

NOW = 1795358500.0
STATE = u"""instance=gr\xfcn
state=MASTER
since=1795358405.120
priority=200
reason=cc_enabled: ENABLED = yes
pid=713
"""
CONF = u"""
# gr\xfcn
global_defs {
    lvs_id cc1
}
vrrp_script check {
    script "/usr/local/bin/CCclient-enabled-check.sh"
}
vrrp_instance gateway {
    state EQUAL
    interface eth0
    virtual_router_id 45
    priority 100
    authentication {
        auth_type PASS
        auth_pass s3cret
    }
    virtual_ipaddress {
        10.0.0.10/32 dev eth1   ! the gateway
    }
    track_script {
        check
    }
}
include more/*.conf
"""
MORE = u"vrrp_instance six {\n  interface eth0\n  virtual_ipaddress {\n    FD00::10\n  }\n}\n"


def write(path, text):
    with io.open(str(path), "w", encoding="utf-8") as stream:
        stream.write(text)
    return str(path)


@pytest.fixture
def conf(tmp_path):
    (tmp_path / "more").mkdir()
    write(tmp_path / "more" / "six.conf", MORE)
    return write(tmp_path / "keepalived.conf", CONF)


def test_the_instances_and_their_vips_are_read_across_files(conf):
    found = _keepalived_conf.read(conf)
    assert found["error"] is None
    assert found["problems"] == []
    assert len(found["files"]) == 2
    vips = dict((one["name"], [(vip["vip"], vip["prefix"], vip["interface"]) for vip in one["vips"]]) for one in found["instances"])
    assert vips == {"gateway": [("10.0.0.10", 32, "eth1")], "six": [("fd00::10", None, "eth0")]}


def test_a_file_that_is_not_there_is_an_error_and_no_exception(tmp_path):
    found = _keepalived_conf.read(str(tmp_path / "none"))
    assert (found["error"].errno, found["instances"]) == (2, [])


def test_the_articles_set_up_is_recognised_and_its_password_not_told(conf):
    found = _keepalived_setup.read(conf, "/usr/libexec/keepalived/cc-enabled-check")
    assert found["kind"] == "article"
    assert [one["state"] for one in found["instances"] if one["name"] == "gateway"] == ["EQUAL"]
    assert "s3cret" not in str(found)


def test_a_state_is_read(tmp_path):
    write(tmp_path / "a.state", STATE)
    found = _keepalived_state.read_directory(str(tmp_path), NOW)[0][0]
    assert found["problems"] == []
    assert (found["instance"], found["state"], found["since"], found["priority"], found["pid"]) == (
        u"gr\xfcn", "MASTER", 1795358405.12, 200, 713,
    )  # fmt: skip


@pytest.mark.parametrize("line", ["state=master!", "since=nan", "since=1e400", "priority=256", "pid=0"])
def test_what_makes_no_sense_is_reported(line):
    key = line.partition("=")[0]
    text = "".join(one + "\n" for one in STATE.splitlines() if not one.startswith(key + "=")) + line
    found = _keepalived_state.parse(text, NOW)
    assert found[key] is None
    assert len(found["problems"]) == 1
    assert found["problems"][0].startswith(key + " is ")


@given(st.binary(max_size=200))
def test_any_damage_is_reported_and_none_is_fatal(data):
    found = _keepalived_state.parse(data.decode("utf-8", "replace"), NOW)
    assert found["state"] is None or found["state"] in _keepalived_state.STATES
    assert found["problems"] or None not in (found["instance"], found["state"], found["since"])


@pytest.mark.parametrize(
    ("instance", "name"), [(u"VI_1-a.b", "VI_1-a.b.state"), (u"../etc", "%2E.%2Fetc.state"), (u"gr\xfcn", "gr%C3%BCn.state")]
)
def test_the_name_of_a_state_file(instance, name):
    assert _keepalived_state.file_name(instance) == name


def test_a_directory_of_states(tmp_path):
    write(tmp_path / "a.state", STATE)
    write(tmp_path / "b.state", u"state=what\n")
    states, problems = _keepalived_state.read_directory(str(tmp_path), NOW)
    assert [one["state"] for one in states] == ["MASTER", None]
    assert problems
    assert _keepalived_state.read_directory(str(tmp_path / "none"), NOW) == ([], [])


def test_a_keepalived_is_found_among_processes(tmp_path):
    write(tmp_path / "stat", u"cpu 1 2 3\nbtime 1795000000\n")
    for pid, name, parent in (("self", "python", 1), ("700", "keepalived", 1), ("701", "keepalived", 700), ("35", "sshd", 1)):
        (tmp_path / pid / "ns").mkdir(parents=True)
        (tmp_path / pid / "ns" / "pid").symlink_to("pid:[1]")
        write(tmp_path / pid / "stat", u"%s (%s) S %d %s\n" % (pid, name, parent, " ".join(["0"] * 19)))
        write(tmp_path / pid / "comm", u"%s\n" % name)
    found = _keepalived_process.find(str(tmp_path), [])
    assert (found["pid"], found["since"]) == (700, 1795000000.0)
