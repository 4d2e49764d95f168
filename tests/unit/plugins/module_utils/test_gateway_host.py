# SPDX-License-Identifier: GPL-3.0-or-later
"""The look at a host as a whole, on a real network with things in the way; and what it takes together."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import json
import os
import pwd
import shutil
import threading
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.module_utils import _gateway_host
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import netns_lab, test_vrrp_listen

USER = pwd.getpwuid(os.getuid()).pw_name
GATEWAY = {
    "instance": "eucalyptus", "vip": "10.0.0.10", "interface": "eth0", "virtual_router_id": 45, "address": "10.0.0.1",
    "peers": ["10.0.0.2"],
}  # fmt: skip
LOOK = """
from __future__ import print_function
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from ansible_collections.eucalyptus.ha.plugins.module_utils import _gateway_host
print(json.dumps(_gateway_host.look(json.loads(sys.argv[2]))))
"""


def parameters(**changes):
    return dict(
        {
            "gateways": [GATEWAY], "listen_time": 0.5, "probe_timeout": 0.5, "keepalived_conf": "/nonexistent/keepalived.conf",
            "check_path": "/usr/libexec/keepalived/cc-enabled-check", "auth_pass_sha256": None, "user": USER, "python": sys.executable,
            "cc_host": "127.0.0.1", "cc_port": 9, "client_key": None, "client_cert": None, "client_key_content": None,
            "client_cert_content": None, "own_cert": None, "preload_file": None, "check_program": "", "check_runs": [],
        }, **changes
    )  # fmt: skip


@pytest.fixture(scope="module")
def network():
    """cc1 and cc2, and a stranger who has the VIP."""
    built = netns_lab.Network("cc1", "cc2", "stranger")
    for host, address in (("cc1", "10.0.0.1/24"), ("cc2", "10.0.0.2/24"), ("stranger", "10.0.0.9/24")):
        built.ip(host, "address", "add", address, "dev", "eth0")
    built.ip("stranger", "address", "add", "10.0.0.10/32", "dev", "eth0")
    yield built
    built.close()


def look(network, interpreter=sys.executable, collections=netns_lab.COLLECTIONS, **changes):
    out = netns_lab.run(
        "ip",
        "netns",
        "exec",
        network.prefix + "cc1",
        interpreter,
        "-c",
        LOOK,
        str(collections),
        json.dumps(parameters(**changes)),
    )
    return json.loads(out)


@netns_lab.NEEDS_ROOT
def test_a_stranger_with_the_vip_and_another_router(network):
    frame = test_vrrp_listen.frame(test_vrrp_listen.ipv4(test_vrrp_listen.vrrp(2, interval=1), source="10.0.0.9"))
    with test_vrrp_listen.sending(network, "stranger", frame):
        found = look(network)
    answers = found["vips"][0]["answers"]
    assert answers["foreign_macs"] == [network.mac("stranger")]
    assert answers["silent"] == []
    assert [(one["interface"], one["source"], one["virtual_router_id"]) for one in found["adverts"]] == [
        ("eth0", "10.0.0.9", 45)
    ]
    assert (
        found["cc"] == {"alive": False, "message": "127.0.0.1 port 9: Connection refused"}
        or "unreachable" in found["cc"]["message"]
    )
    assert found["python"]["works"] is True
    assert found["client_keys"] is None


@pytest.mark.wall_clock
def test_both_questions_are_asked_at_the_same_time(monkeypatch):
    both = threading.Barrier(2, timeout=60)
    monkeypatch.setattr(_gateway_host._vrrp_listen, "listen", lambda *_arguments: [{"others": both.wait() is None}])
    monkeypatch.setattr(_gateway_host, "look_at_vip", lambda *_arguments: both.wait())
    found = _gateway_host.look(parameters())
    assert len(found["adverts"]) == len(found["vips"]) == 1


def test_s4_a_preload_file_that_is_a_link_or_that_others_may_write_is_an_error(tmp_path):
    file = tmp_path / "iptables-preload"
    assert _gateway_host.look_at_preload(str(file)) is None
    file.write_text("*filter\nCOMMIT\n")
    assert _gateway_host.look_at_preload(str(file)) is None
    (tmp_path / "link").symlink_to(file)
    assert "must be a regular file (got a symbolic link)" in _gateway_host.look_at_preload(str(tmp_path / "link"))
    (tmp_path / "all").mkdir()
    (tmp_path / "all").chmod(0o777)
    assert "must not be writable by everyone" in _gateway_host.look_at_preload(str(tmp_path / "all" / "iptables-preload"))


@netns_lab.NEEDS_ROOT
def test_several_gateways_and_odd_ones(network):
    odd = [
        dict(GATEWAY, instance="six", vip="fd00::10", address="fd00::1", peers=["fd00::2"]),
        dict(GATEWAY, instance="none", vip="not an address"),
        dict(GATEWAY, instance="gone", interface="nosuch0"),
    ]
    found = look(network, gateways=[GATEWAY] + list(odd), listen_time=0.2)
    assert [one["instance"] for one in found["vips"]] == ["eucalyptus", "six", "none", "gone"]
    assert found["vips"][0]["answers"]["state"] == "held"
    assert "IPv6" in found["vips"][1]["answers"]["unsupported"]
    assert found["vips"][2]["answers"] is None
    assert found["listen_error"] == "there is no interface nosuch0"
    assert found["adverts"] == []


@netns_lab.NEEDS_ROOT
def test_the_vip_on_this_host_with_and_without_configuration(network, tmp_path):
    network.ip("cc1", "address", "add", "10.0.0.11/32", "dev", "eth0")
    mine = [dict(GATEWAY, vip="10.0.0.11")]
    found = look(network, gateways=mine, listen_time=0, probe_timeout=0)
    assert found["vips"] == [
        {
            "vip": "10.0.0.11",
            "instance": "eucalyptus",
            "here": True,
            "interface": "eth0",
            "configured": False,
            "answers": None,
        }
    ]
    conf = tmp_path / "keepalived.conf"
    conf.write_text(
        "vrrp_instance x {\n virtual_router_id 45\n interface eth0\n virtual_ipaddress {\n 10.0.0.11\n }\n}\n"
    )
    assert (
        look(network, gateways=mine, listen_time=0, probe_timeout=0, keepalived_conf=str(conf))["vips"][0]["configured"]
        is True
    )


@netns_lab.NEEDS_ROOT
def test_who_answers_for_the_outside_vip(network):
    assert look(network)["connections"] is None
    found = look(network, outside_vip="10.0.0.9", outside_interface="eth0", listen_time=0)["connections"]
    assert (found["vip"], found["here"], found["configured"], found["loaded"]) == ("10.0.0.9", False, False, False)
    assert found["answers"]["foreign_macs"] == [network.mac("stranger")]
    assert found["package"] in ("conntrackd", "conntrack-tools")
    peer = look(network, outside_vip="10.0.0.2", outside_interface="eth0", listen_time=0)["connections"]
    assert (peer["answers"]["foreign_macs"], peer["answers"]["holders"]) == ([], ["10.0.0.2"])


@pytest.mark.wall_clock
def test_the_outside_vip_is_loaded_once_no_configuration_waits(tmp_path, monkeypatch):
    mark, conf = tmp_path / "pending", tmp_path / "keepalived.conf"
    conf.write_text(u"vrrp_instance a {\nvirtual_router_id 4\nvirtual_ipaddress_excluded {\n192.0.2.9/32 dev lo\n}\n}\n")
    monkeypatch.setattr(_gateway_host, "PENDING_MARK", str(mark))
    monkeypatch.setattr(_gateway_host._keepalived_process, "find", lambda: {"pid": 7})
    given = parameters(
        gateways=[dict(GATEWAY, interface="lo")], listen_time=0, probe_timeout=0, outside_vip="192.0.2.9", outside_interface="lo",
        keepalived_conf=str(conf),
    )  # fmt: skip
    assert _gateway_host.look(given)["connections"]["loaded"] is True
    mark.touch()
    found = _gateway_host.look(given)["connections"]
    assert (found["configured"], found["loaded"]) == (True, False)
    mark.unlink()
    monkeypatch.setattr(_gateway_host._keepalived_process, "find", lambda: {"pid": None})
    assert _gateway_host.look(given)["connections"]["loaded"] is False


@pytest.mark.wall_clock
def test_it_does_not_listen_where_it_speaks_itself(tmp_path, monkeypatch):
    conf = tmp_path / "keepalived.conf"
    conf.write_text("vrrp_instance x {\n virtual_router_id 45\n interface eth0\n}\n")
    heard = []
    monkeypatch.setattr(_gateway_host._vrrp_listen, "listen", lambda interface, seconds: heard.append(interface) or [])
    for pid, interfaces in ((None, ["eth0", "eth1"]), (7, ["eth1"])):
        heard.clear()
        monkeypatch.setattr(_gateway_host._keepalived_process, "find", lambda pid=pid: {"pid": pid})
        gateways = [
            GATEWAY,
            dict(GATEWAY, instance="y", interface="eth1"),
            dict(GATEWAY, instance="z", interface="eth1"),
        ]
        found = _gateway_host.look(parameters(gateways=gateways, probe_timeout=0, keepalived_conf=str(conf)))
        assert sorted(heard) == interfaces
        assert found["adverts"] == []


@pytest.mark.wall_clock
def test_keys_are_looked_at_when_they_are_named(tmp_path_factory):
    directory = Path(keys.make_once(tmp_path_factory.getbasetemp() / "keys"))
    pair = {"client_key": str(directory / "cloud-pk.pem"), "client_cert": str(directory / "cloud-cert.pem")}
    found = _gateway_host.look(parameters(listen_time=0, probe_timeout=0, own_cert=pair["client_cert"], **pair))
    assert found["client_keys"]["match"] is True
    assert found["adverts"] is None


@pytest.mark.parametrize(
    ("program", "works", "words"),
    [
        ("#!/bin/sh\necho 'ImportError: no expat' >&2; exit 1\n", False, "ImportError: no expat"),
        ("#!/bin/sh\nexit 3\n", False, "exit status 3"),
        ("#!/no/such/interpreter\n", False, "No such file or directory"),
    ],
)
def test_interpreters_that_do_not_work(tmp_path, program, works, words):
    path = tmp_path / "python"
    path.write_text(program)
    path.chmod(0o755)
    found = _gateway_host.look_at_python(USER, str(path))
    assert (found["works"], found["message"]) == (works, words)


def test_users():
    nobody = {"name": "no-such-user", "exists": False, "uid": None, "gid": None, "group_mates": []}
    assert _gateway_host.look_at_user("no-such-user") == nobody
    assert _gateway_host.look_at_user(USER)["uid"] == os.getuid()
    found = _gateway_host.look_at_python("no-such-user", sys.executable)
    assert (found["works"], found["message"]) == (None, "there is no user 'no-such-user' on this host")


@netns_lab.NEEDS_ROOT
@pytest.mark.interpreters
@pytest.mark.today_only("other interpreters; the tests of signing have the dates")
@pytest.mark.parametrize("version", ["2.7.18", "3.6.15", "3.13.0"])
def test_every_python_sees_the_same(network, tmp_path, version):
    # As Ansible sends it: Python 2.7 knows no packages without __init__.py.
    target = tmp_path / "ansible_collections/eucalyptus/ha/plugins/module_utils"
    shutil.copytree(os.path.join(netns_lab.COLLECTIONS, "ansible_collections/eucalyptus/ha/plugins/module_utils"), target)
    for folder in (target,) + tuple(list(target.parents)[:4]):
        (folder / "__init__.py").write_text("")
    python = "/root/.pyenv/versions/{}/bin/python".format(version)
    directory = Path(keys.make_once(tmp_path / "keys"))
    pair = {"client_key": str(directory / "cloud-pk.pem"), "client_cert": str(directory / "cloud-cert.pem")}
    found = look(network, python, tmp_path, python=python, **pair)
    assert found["vips"][0]["answers"]["foreign_macs"] == [network.mac("stranger")]
    assert found["python"]["version"] == version
    assert found["client_keys"]["match"] is True
    assert found["client_keys"]["certificate"]["days_left"] > 3600
    assert found["adverts"] == []


@netns_lab.NEEDS_ROOT
def test_programs_that_differ_are_named_and_not_changed(tmp_path):
    tmp_path.chmod(0o755)
    program = {"path": str(tmp_path / "program"), "content": "new\n", "mode": "0755"}
    wanted = {"directories": [{"path": str(tmp_path)}], "files": [program]}
    assert _gateway_host.differing_programs(wanted) == [program["path"]]
    assert not (tmp_path / "program").exists()
    # What cannot be compared is left to the task that installs it.
    wanted["directories"] = [{"path": str(tmp_path), "owner": "nonesuch"}]
    assert _gateway_host.differing_programs(wanted) is None


@pytest.mark.parametrize(("outcome", "differ"), [({"changed": True}, True), ({"changed": False}, False), (None, None)])
def test_whether_the_rules_differ(monkeypatch, outcome, differ):
    def ensure(path, rules, comment, dry):
        assert (path, rules, comment, dry) == ("/etc/preload", [], "eucalyptus.ha", True)
        if outcome is None:
            raise _gateway_host._gateway_firewall.FirewallError("the file is damaged")
        return outcome

    monkeypatch.setattr(_gateway_host._gateway_firewall, "ensure", ensure)
    assert _gateway_host.rules_differ("/etc/preload", [], "eucalyptus.ha") is differ
