# SPDX-License-Identifier: GPL-3.0-or-later
"""The fact as a whole: how its sources are joined, on every Python that hosts may have."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes", allow_module_level=True)

import json
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_process, _vip_facts
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import netns_lab

STARTED = 1795000000.0

CONF = """
vrrp_instance eucalyptus {
    interface lo
    virtual_router_id 45
    priority 100
    virtual_ipaddress {
        127.0.0.1/8
        10.0.0.10/32 dev eth7
    }
}
vrrp_instance second {
    interface eth0
    virtual_ipaddress {
        fd00::10
    }
}
"""


@pytest.fixture
def host(tmp_path, monkeypatch):
    """Parameters that point into a directory, and a keepalived that can be made to run."""
    (tmp_path / "states").mkdir()
    (tmp_path / "keepalived.conf").write_text(CONF)

    class Host:
        params = dict(
            netns_lab.DEFAULTS,
            vips=[],
            keepalived_conf=str(tmp_path / "keepalived.conf"),
            state_dir=str(tmp_path / "states"),
            maintenance_file=str(tmp_path / "maintenance"),
        )
        path = tmp_path
        process = {"pid": None, "since": None, "pid_file": None}

        def run(self, since=STARTED):
            self.process.update(pid=700, since=since)

        def record(self, name="eucalyptus", **values):
            values = dict({"instance": name, "state": "MASTER", "since": STARTED + 10, "priority": 200}, **values)
            text = "".join("{}={}\n".format(key, value) for key, value in values.items() if value is not None)
            (tmp_path / "states" / "{}.state".format(name)).write_text(text)

        def gather(self, **params):
            return _vip_facts.gather(dict(self.params, **params))

        def instance(self, name="eucalyptus"):
            return next(one for one in self.gather()["keepalived"]["instances"] if one["name"] == name)

    one = Host()
    one.process = dict(Host.process)
    monkeypatch.setattr(_keepalived_process, "find", lambda: one.process)
    monkeypatch.setattr(_keepalived_process, "executable", lambda: "/usr/sbin/keepalived")
    monkeypatch.setattr(_keepalived_process, "version", lambda program: "2.2.7")
    monkeypatch.setattr(_vip_facts.time, "time", lambda: STARTED + 1000)
    return one


def test_without_vips_those_configured_are_looked_for(host):
    facts = host.gather()
    assert [(one["vip"], one["held"], one["instance"]) for one in facts["vips"]] == [
        ("127.0.0.1", True, "eucalyptus"),
        ("10.0.0.10", False, "eucalyptus"),
        ("fd00::10", False, "second"),
    ]
    assert [one["configured_interface"] for one in facts["vips"]] == ["lo", "eth7", "eth0"]
    assert facts["problems"] == []


@pytest.mark.parametrize("empty", [None, [], [""], ["  "]])
def test_an_empty_list_is_as_none(host, empty):
    assert len(host.gather(vips=empty)["vips"]) == 3


def test_vips_asked_for_are_the_only_ones_and_told_from_those_configured(host):
    facts = host.gather(vips=["10.0.0.100", "127.0.0.1/32", "127.0.0.1/32"])
    assert [(one["vip"], one["held"], one["configured"]) for one in facts["vips"]] == [
        ("10.0.0.100", False, False),
        ("127.0.0.1", True, True),
    ]


def test_an_address_that_is_asked_for_with_and_without_prefix_is_one_vip(host):
    facts = host.gather(vips=["127.0.0.1", "127.0.0.1/32", "127.0.0.1/8", "127.0.0.1%lo"])
    assert [(one["vip"], one["held"]) for one in facts["vips"]] == [("127.0.0.1", True), ("127.0.0.1", True)]


def test_a_vip_that_is_no_address_is_refused(host):
    with pytest.raises(_vip_facts.VipFactsError, match=r"vips: 'cc1' is not an IPv4 or IPv6 address\. Give addresses"):
        host.gather(vips=["10.0.0.10", "cc1"])


def test_the_state_of_an_instance_that_runs(host):
    host.run()
    host.record(previous="BACKUP", reason="cc_enabled: ENABLED")
    assert host.instance() == {
        "name": "eucalyptus",
        "configured": True,
        "interface": "lo",
        "virtual_router_id": 45,
        "base_priority": 100,
        "vips": ["127.0.0.1", "10.0.0.10"],
        "recorded": True,
        "current": True,
        "state": "MASTER",
        "last_state": "MASTER",
        "priority": 200,
        "since": "2026-11-18T11:06:50Z",
        "since_epoch": STARTED + 10,
        "previous": "BACKUP",
        "reason": "cc_enabled: ENABLED",
    }


def test_what_a_dead_keepalived_wrote_is_not_the_state(host):
    host.record()
    found = host.instance()
    assert (found["state"], found["last_state"], found["current"], found["priority"]) == (None, "MASTER", False, None)
    assert host.gather()["keepalived"]["not_running"] == ["eucalyptus", "second"]


def test_what_an_earlier_keepalived_wrote_is_not_the_state(host):
    host.run(since=STARTED + 100)
    host.record()
    assert host.instance()["state"] is None


@pytest.mark.parametrize(("belongs", "state"), [(True, "MASTER"), (False, None)])
def test_a_process_id_in_the_file_decides(host, monkeypatch, belongs, state):
    host.run(since=STARTED + 100)  # by the clock alone it would be old
    host.record(pid=701)
    monkeypatch.setattr(_keepalived_process, "belongs_to", lambda pid, parent: belongs and (pid, parent) == (701, 700))
    assert host.instance()["state"] == state


def test_an_instance_configured_but_never_seen(host):
    host.run()
    host.record()
    found = host.instance("second")
    assert (found["configured"], found["recorded"], found["state"]) == (True, False, None)


def test_an_instance_no_longer_configured_is_shown_as_such(host):
    host.run()
    host.record("old")
    found = host.instance("old")
    assert (found["configured"], found["state"], found["vips"]) == (False, "MASTER", [])


@pytest.mark.parametrize(("state", "since"), [("BACKUP", STARTED + 10), ("FAULT", STARTED + 10), ("MASTER", None)])
def test_since_when_a_vip_is_not_here(host, state, since):
    """A MASTER without the address: when the address went is not recorded."""
    host.run()
    host.record(state=state)
    assert next(one for one in host.gather()["vips"] if one["vip"] == "10.0.0.10")["since_epoch"] == since


def test_a_damaged_state_file_is_a_problem_and_no_failure(host):
    host.run()
    host.record(state="\x00", since="soon")
    facts = host.gather()
    assert host.instance()["state"] is None
    assert len(facts["problems"]) == 2
    assert all("eucalyptus.state: " in problem for problem in facts["problems"])


def test_maintenance(host):
    assert (host.gather()["maintenance"], host.gather()["maintenance_reason"]) == (False, None)
    (host.path / "maintenance").write_text("")
    assert (host.gather()["maintenance"], host.gather()["maintenance_reason"]) == (True, None)
    (host.path / "maintenance").write_text("new memory\nticket 4711\n")
    assert (host.gather()["maintenance"], host.gather()["maintenance_reason"]) == (True, "new memory")


def test_a_host_without_keepalived(host, monkeypatch):
    monkeypatch.setattr(_keepalived_process, "executable", lambda: None)
    facts = host.gather(keepalived_conf=str(host.path / "none.conf"))
    keepalived = facts["keepalived"]
    assert (keepalived["installed"], keepalived["version"], keepalived["running"]) == (False, None, False)
    assert keepalived["configuration"] == {
        "path": str(host.path / "none.conf"), "exists": False, "readable": False, "error": None, "files": [],
    }  # fmt: skip
    assert (facts["vips"], facts["problems"]) == ([], [])


def test_a_configuration_that_only_root_may_read_is_said_to_be(host, monkeypatch):
    def refuse(path, *arguments):
        error = _vip_facts._safe_files.FileError(13, "{}: Permission denied. Usually only root may do this: use become".format(path))
        return {"files": [path], "error": error, "problems": [], "instances": []}

    monkeypatch.setattr(_vip_facts._keepalived_conf, "read", refuse)
    facts = host.gather()
    text = "{}: Permission denied. Usually only root may do this: use become.".format(host.params["keepalived_conf"])
    assert facts["problems"] == [text]
    assert facts["keepalived"]["configuration"]["error"] == text
    assert facts["keepalived"]["configuration"]["exists"] is None


@netns_lab.NEEDS_ROOT
def test_an_ordinary_user_gets_what_can_be_known_and_the_reason_for_the_rest():
    """Really run as nobody, against a configuration of mode 0640, and without the right to a raw socket."""
    network = netns_lab.Network("nc1")
    # Not below pytest's directory, which is root's alone.
    with tempfile.TemporaryDirectory(prefix="vip-facts-") as name:
        directory = Path(name)
        directory.chmod(0o755)
        conf = directory / "keepalived.conf"
        conf.write_text(CONF)
        conf.chmod(0o640)
        collections = copy_of_the_code(directory)
        try:
            network.ip("nc1", "addr", "add", "10.0.0.10/24", "dev", "eth0")

            def as_nobody(**params):
                params = json.dumps(dict(netns_lab.DEFAULTS, keepalived_conf=str(conf), **params))
                return subprocess.run(
                    ["ip", "netns", "exec", network.prefix + "nc1", "setpriv", "--reuid=65534", "--regid=65534", "--clear-groups",
                     "--inh-caps=-all", "/usr/bin/python3", "-c", netns_lab._GATHER, str(collections), params],
                    capture_output=True, text=True, timeout=60, check=False,
                )  # fmt: skip

            facts = json.loads(as_nobody().stdout)
            refused = as_nobody(probe=True)
        finally:
            network.close()
    assert facts["vips"][0]["held"] is True
    assert facts["problems"] == ["{}: Permission denied. Usually only root may do this: use become.".format(conf)]
    assert refused.returncode == 1
    assert "ARP queries need root (CAP_NET_RAW): use become: true" in refused.stderr


def copy_of_the_code(directory):
    """The module's code as packages, which Python 2.7 needs __init__ files for."""
    source = Path(_vip_facts.__file__).resolve().parent
    target = directory / "collections" / "ansible_collections" / "eucalyptus" / "ha" / "plugins" / "module_utils"
    target.mkdir(parents=True)
    for name in ("_addresses", "_arp_probe", "_keepalived_conf", "_keepalived_process", "_keepalived_state", "_safe_files",
                 "_vip_facts", "_vip_probe"):  # fmt: skip
        shutil.copy(source / "{}.py".format(name), target)
    for parent in [target] + list(target.parents)[:5]:
        (parent / "__init__.py").touch()
    return directory / "collections"


INTERPRETERS = sorted(Path("/root/.pyenv/versions").glob("*/bin/python")) if os.access("/root", os.R_OK) else []


@netns_lab.NEEDS_ROOT
@pytest.mark.interpreters
def test_all_pythons_say_the_same(tmp_path):
    """From 2.7 to 3.13, the whole fact with a probe of a network in split brain."""
    assert INTERPRETERS, "no interpreters found: tools/setup-host installs them"
    collections = copy_of_the_code(tmp_path)
    (tmp_path / "keepalived.conf").write_text(CONF)
    network = netns_lab.Network("nc1", "cc1", "cc2")
    try:
        for host, own in (("nc1", "10.0.0.21/24"), ("cc1", "10.0.0.1/24"), ("cc2", "10.0.0.2/24")):
            network.ip(host, "addr", "add", own, "dev", "eth0")
        for host in ("cc1", "cc2"):
            network.ip(host, "addr", "add", "10.0.0.10/32", "dev", "eth0")

        def normal(facts):
            for answer in facts["probe"]["answers"]:
                answer["macs"].sort()  # who is first is chance
            for vip in facts["vips"]:
                vip["since"] = vip["since_epoch"] and True
                vip["since_epoch"] = None
            return facts

        said = {}
        for interpreter in [Path(sys.executable)] + list(INTERPRETERS):
            facts = network.gather(
                "nc1", str(interpreter), collections, probe=True, candidates={"cc2": "10.0.0.2", "cc1": "10.0.0.1"},
                vips=["10.0.0.10", "10.0.0.21", "fd00::10"], keepalived_conf=str(tmp_path / "keepalived.conf"),
            )  # fmt: skip
            said[interpreter] = normal(facts)
    finally:
        network.close()
    reference = said[Path(sys.executable)]
    assert reference["probe"]["answers"][0]["holders"] == ["cc1", "cc2"]
    assert [one["held"] for one in reference["vips"]] == [False, True, False]
    for interpreter, facts in said.items():
        assert facts == reference, interpreter


NOTIFY = """#!/bin/sh
file={directory}/states/$2.state
{{ echo instance=$2; echo state=$3; echo since=$(date +%s.%N); echo priority=$4; echo pid=$PPID; }} > $file.new && mv $file.new $file
"""

REAL_CONF = """
global_defs {{
    enable_script_security
    script_user root
}}
vrrp_instance eucalyptus {{
    interface eth0
    virtual_router_id 45
    priority 100
    version 3
    advert_int 0.1
    virtual_ipaddress {{
        10.0.0.10/32
    }}
    notify {directory}/notify
}}
"""

# In namespaces of its own, so that no other keepalived and no pid file of this machine plays a part.
REAL_RUN = """
ip link add eth0 type veth peer name eth1 && ip link set eth0 up && ip link set eth1 up && ip addr add 10.0.0.1/24 dev eth0
mount -t tmpfs none /run
keepalived -n -f {directory}/keepalived.conf >{directory}/log 2>&1 &
keepalived=$!
tries=0
until grep -qs state=MASTER {directory}/states/eucalyptus.state || [ $tries -gt 100 ]; do sleep 0.1; tries=$((tries + 1)); done
{gather}
kill $keepalived; wait $keepalived
{gather}
"""


@netns_lab.NEEDS_ROOT
@pytest.mark.skipif(_keepalived_process.executable() is None, reason="keepalived is not installed")
def test_beside_a_real_keepalived():
    """While it is MASTER and after it was stopped."""
    with tempfile.TemporaryDirectory(prefix="vip-facts-") as name:
        directory = Path(name)
        (directory / "states").mkdir()
        (directory / "notify").write_text(NOTIFY.format(directory=directory))
        (directory / "notify").chmod(0o755)
        (directory / "keepalived.conf").write_text(REAL_CONF.format(directory=directory))
        (directory / "gather.py").write_text(netns_lab._GATHER)
        params = dict(
            netns_lab.DEFAULTS, vips=None, keepalived_conf="{}/keepalived.conf".format(name), state_dir="{}/states".format(name)
        )
        (directory / "params.json").write_text(json.dumps(params))
        gather = '{0} {1}/gather.py {2} "$(cat {1}/params.json)"'.format(sys.executable, directory, netns_lab.COLLECTIONS)
        script = REAL_RUN.format(directory=directory, gather=gather)
        done = subprocess.run(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", script],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        log = (directory / "log").read_text()
    running, stopped = map(json.loads, done.stdout.splitlines())
    vip, instance = running["vips"][0], running["keepalived"]["instances"][0]
    assert (vip["held"], vip["interface"], vip["instance"]) == (True, "eth0", "eucalyptus"), log
    assert (running["keepalived"]["running"], running["problems"]) == (True, [])
    assert (instance["state"], instance["current"], instance["priority"]) == ("MASTER", True, 100)
    # keepalived writes down the transition right after it has added the address.
    assert abs(instance["since_epoch"] - vip["since_epoch"]) < 2

    vip, instance = stopped["vips"][0], stopped["keepalived"]["instances"][0]
    assert (vip["held"], stopped["keepalived"]["running"]) == (False, False)
    assert (instance["state"], instance["last_state"]) == (None, "STOP")
    assert stopped["keepalived"]["not_running"] == ["eucalyptus"]


@pytest.mark.wall_clock
def test_it_is_quick():
    """50 ms beyond an empty module is the aim; what is measured here is the work itself, without keepalived --version."""
    params = dict(netns_lab.DEFAULTS, vips=["127.0.0.1"])
    times = []
    for _round in range(5):
        begin = time.process_time()  # it does not wait for anything, and other tests run beside it
        _vip_facts.gather(params)
        times.append(time.process_time() - begin)
    assert min(times) < 0.05
