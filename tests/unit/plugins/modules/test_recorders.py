# SPDX-License-Identifier: GPL-3.0-or-later
"""reachability_info and vip_moves_info: what they refuse, when they end, and what they return."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import socket
import subprocess
import sys
import threading
import time

import pytest
from ansible_collections.eucalyptus.ha.plugins.modules import reachability_info, vip_moves_info
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import netns_lab

NEEDS_3_8 = pytest.mark.skipif(sys.version_info < (3, 8), reason="the test uses socket.create_server and time.monotonic")


@NEEDS_3_8
@pytest.mark.wall_clock
def test_a_recording_names_what_was_asked(run_module):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        result = run_module(
            reachability_info,
            targets=[{"address": "127.0.0.1", "port": port}, {"name": "again", "address": "127.0.0.1", "port": port}],
            seconds=0.2,
            interval=0.05,
            timeout=10,
        )
    assert set(result["samples"]) == {"127.0.0.1 port {}".format(port), "again"}
    assert all(rtt is not None for _sent, rtt in result["samples"]["again"])
    assert result["end"] - result["begin"] >= 0.2
    assert (result["interval"], result["answers"], result["clocks"]) == (0.05, [], {})


@NEEDS_3_8
@pytest.mark.wall_clock
def test_a_file_ends_a_recording(run_module, tmp_path):
    stop = tmp_path / "stop"
    timer = threading.Timer(0.2, stop.touch)
    timer.start()
    began = time.monotonic()
    result = run_module(reachability_info, seconds=30, stop_file=str(stop))
    assert time.monotonic() - began < 25
    assert result["samples"] == {}
    timer.join()
    moves = run_module(vip_moves_info, vips=["10.0.0.10/32", "127.0.0.1"], seconds=30, stop_file=str(stop))
    assert (moves["initial"], moves["moves"]) == ({"10.0.0.10": False, "127.0.0.1": True}, [])
    assert moves["end"] - moves["begin"] < 25


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"seconds": 0}, "seconds must be from 0.005 to 3600, not 0.0"),
        ({"seconds": 3601}, "seconds must be from 0.005 to 3600, not 3601.0"),
        ({"seconds": 1, "interval": 0.001}, "interval must be from 0.005 to 10, not 0.001"),
        ({"seconds": 1, "timeout": 11}, "timeout must be from 0.05 to 10, not 11.0"),
        ({"seconds": 1, "targets": [{"address": "gateway"}]}, "targets: 'gateway' is not an IPv4 or IPv6 address"),
        ({"seconds": 1, "targets": [{"address": "127.0.0.1", "port": 0}]}, "targets: port of 127.0.0.1 port 0 must be 1 to 65535 (got 0)"),
        ({"seconds": 1, "targets": [{"address": "127.0.0.1", "port": 65536}]}, "targets: port of 127.0.0.1 port 65536 must be 1 to 65535"),
        (
            {"seconds": 1, "targets": [{"address": "127.0.0.1", "port": 1, "name": "a"}, {"address": "127.0.0.2", "port": 1, "name": "a"}]},
            "targets: a is there twice; give each a name of its own",
        ),
        (
            {"seconds": 1, "interval": 0.005, "timeout": 10, "targets": [{"address": "127.0.0.1", "port": 1}]},
            "targets: up to 2000 connections would be open at the same time, but at most 500 are allowed; set a longer",
        ),
        ({"seconds": 1, "answers_for": "127.0.0.1"}, "answers_for: lo is not an Ethernet interface, so there is no ARP on it"),
        ({"seconds": 1, "answers_for": "fd00::10"}, "answers_for: fd00::10 is not in an IPv4 network of this host"),
    ],
)
def test_reachability_info_refuses_by_the_name_of_the_option(run_module, params, message):
    result = run_module(reachability_info, **params)
    assert result["failed"]
    assert result["msg"].startswith(message)


@pytest.mark.wall_clock
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"vips": ["10.0.0.10"], "seconds": 0}, "seconds must be more than 0 and at most 3600"),
        ({"vips": ["10.0.0.10"], "seconds": 3600.5}, "seconds must be more than 0 and at most 3600"),
        ({"vips": ["gateway"], "seconds": 1}, "vips: 'gateway' is not an IPv4 or IPv6 address"),
    ],
)
def test_vip_moves_info_refuses_by_the_name_of_the_option(run_module, params, message):
    result = run_module(vip_moves_info, **params)
    assert result["failed"]
    assert result["msg"].startswith(message)


_MODULE = """
import json, runpy, sys
_program, collections, module = sys.argv
del sys.argv[1:]
sys.path.insert(0, collections)
runpy.run_module("ansible_collections.eucalyptus.ha.plugins.modules." + module, run_name="__main__")
"""


def start(network, host, module, **params):
    """The module as a process on a host of the network."""
    child = subprocess.Popen(
        ["ip", "netns", "exec", network.prefix + host, sys.executable, "-c", _MODULE, str(netns_lab.COLLECTIONS), module],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    child.stdin.write(json.dumps({"ANSIBLE_MODULE_ARGS": params}))
    child.stdin.close()
    return child


def result_of(child):
    output = child.stdout.read()
    child.stdout.close()
    assert child.wait(60) == 0, output
    return json.loads(output)


def wait_for(condition):
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def listens(network, host):
    """Whether a process on this host is told of changes of addresses: a netlink socket in a group."""
    sockets = netns_lab.run("ip", "netns", "exec", network.prefix + host, "cat", "/proc/net/netlink").splitlines()[1:]
    return any(one.split()[1] == "0" and int(one.split()[3], 16) for one in sockets)


def wait_for_answers(network, host, count=10):
    """Until this host has sent so many frames more: answers, since nobody else speaks there."""

    def sent():
        return json.loads(network.ip(host, "-j", "-s", "link", "show", "eth0"))[0]["stats64"]["tx"]["packets"]

    before = sent()
    wait_for(lambda: sent() >= before + count)


@netns_lab.NEEDS_ROOT
def test_a_vip_that_moves_is_seen_by_its_hosts_and_by_the_one_who_asks(tmp_path):
    """Two machines answer for a while, then one; the hosts' own notes and the observer's say the same, on one clock."""
    network = netns_lab.Network("nc1", "cc1", "cc2")
    try:
        for host, address in (("nc1", "10.0.0.101"), ("cc1", "10.0.0.1"), ("cc2", "10.0.0.2")):
            network.ip(host, "address", "add", "{}/24".format(address), "dev", "eth0")
        network.ip("cc1", "address", "add", "10.0.0.10/32", "dev", "eth0")
        stop = tmp_path / "stop"
        common = {"seconds": 600, "stop_file": str(stop)}
        hosts = {host: start(network, host, "vip_moves_info", vips=["10.0.0.10"], **common) for host in ("cc1", "cc2")}
        wait_for(lambda: all(listens(network, host) for host in hosts))
        targets = [{"name": "gateway", "address": "10.0.0.10"}, {"name": "nobody", "address": "10.0.0.77"}]
        asker = start(
            network, "nc1", "reachability_info", targets=targets, answers_for="10.0.0.10", clocks=["10.0.0.1"], interval=0.02,
            timeout=0.2, **common
        )  # fmt: skip
        wait_for_answers(network, "cc1")
        network.ip("cc2", "address", "add", "10.0.0.10/32", "dev", "eth0")
        wait_for_answers(network, "cc2")
        network.ip("cc1", "address", "del", "10.0.0.10/32", "dev", "eth0")
        wait_for_answers(network, "cc2")
        stop.touch()
        seen = result_of(asker)
        noted = {host: result_of(child) for host, child in hosts.items()}
        macs = {network.mac(host): host for host in ("cc1", "cc2")}
    finally:
        network.close()
    assert {host: one["initial"]["10.0.0.10"] for host, one in noted.items()} == {"cc1": True, "cc2": False}
    assert [(one["vip"], one["held"]) for one in noted["cc1"]["moves"]] == [("10.0.0.10", False)]
    assert [(one["vip"], one["held"]) for one in noted["cc2"]["moves"]] == [("10.0.0.10", True)]
    gone, came = noted["cc1"]["moves"][0]["at"], noted["cc2"]["moves"][0]["at"]
    assert came < gone
    spells = {macs[one["mac"]]: one for one in seen["answers"]}
    assert set(spells) == {"cc1", "cc2"}
    assert spells["cc1"]["from"] < spells["cc2"]["from"]
    assert spells["cc1"]["to"] < spells["cc2"]["to"]
    # The hosts' notes, on the same clock; a busy machine may be late with either.
    assert spells["cc1"]["to"] == pytest.approx(gone, abs=30)
    assert spells["cc2"]["from"] == pytest.approx(came, abs=30)
    assert any(rtt is not None for _sent, rtt in seen["samples"]["gateway"])
    assert [rtt for _sent, rtt in seen["samples"]["nobody"] if rtt is not None] == []
    # One machine, one clock.
    assert abs(seen["clocks"]["10.0.0.1"]["offset"]) <= seen["clocks"]["10.0.0.1"]["uncertainty"] + 0.002
