# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for eucalyptusCCConfig, read as another program would read it."""

from __future__ import annotations

import os
import stat
import struct

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import SimulatorError
from ansible_collections.eucalyptus.ha.tests.cc_simulator.operations import ClusterController, Request, Service
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator
from ansible_collections.eucalyptus.ha.tests.cc_simulator.state_file import SIZE, StateFile, initial

# cc-protocol.md: offsets of localState on x86-64
OFFSETS = {
    "3.1": 20624,
    "3.2": 24828,
    "3.3": 28924,
    "3.4": 28924,
    "4.0": 28928,
    "4.1": 28932,
    "4.2": 28932,
    "4.3": 28932,
    "4.4": 28932,
    "5.0": 28932,
    "5.1": 28932,
}


def field(data, at):
    return data[at : data.index(b"\0", at)].decode()


def read(path):
    """Read as cc-protocol.md says: by ERRORS=, not by offsets."""
    data = path.read_bytes()
    assert data.count(b"ERRORS=") == 1
    p = data.index(b"ERRORS=")
    return {
        "at": p - 36,
        "state": field(data, p - 36),
        "epoch": struct.unpack_from("<i", data, p - 4)[0],
        "details": field(data, p),
        "type": field(data, p + 1024),
        "name": field(data, p + 1056),
        "partition": field(data, p + 1088),
    }


@pytest.mark.parametrize("release", OFFSETS)
def test_the_layout_of_each_release(tmp_path, release):
    cc = ClusterController(release=release, state="ENABLED", partition="PARTI01", name="CC_01")
    cc.errors, cc.epoch = 3, 17
    initial(cc, tmp_path / "config", resume=False).close()
    assert read(tmp_path / "config") == {
        "at": OFFSETS[release],
        "state": "ENABLED",
        "epoch": 17,
        "details": "ERRORS=3",
        "type": "cluster",
        "name": "CC_01",
        "partition": "PARTI01",
    }
    assert (tmp_path / "config").stat().st_size == SIZE


def test_the_mode_is_0600_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        initial(ClusterController(), tmp_path / "config", resume=False).close()
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o600


def test_an_old_file_gets_the_mode_too(tmp_path):
    (tmp_path / "config").write_bytes(b"old")
    (tmp_path / "config").chmod(0o644)
    initial(ClusterController(), tmp_path / "config", resume=False).close()
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o600


def test_no_identity_no_cluster(tmp_path):
    initial(ClusterController(name="self"), tmp_path / "config", resume=False).close()
    assert (read(tmp_path / "config")["type"], read(tmp_path / "config")["name"]) == ("cc", "self")


def test_it_follows_the_cc_in_place(tmp_path, key_directory):
    path = tmp_path / "config"
    with Simulator(key_directory, state="NOTREADY", state_file=path) as simulator:
        inode = path.stat().st_ino
        assert read(path)["state"] == "NOTREADY"
        simulator.state = "LOADED"
        assert read(path)["state"] == "LOADED"
        simulator.cc.perform("EnableService", Request())
        assert read(path)["state"] == "ENABLED"
        simulator.cc.perform("DescribeServices", Request(epoch=-9, lists={"services": [Service(name="needle")]}))
        assert read(path)["epoch"] == -9
        assert b"needle" in path.read_bytes()
        simulator.cc.perform("DescribeServices", Request(epoch=2**31))
        assert read(path)["epoch"] == -(2**31)
        assert b"needle" not in path.read_bytes()
        assert path.stat().st_ino == inode
    # A CC that ended leaves its last state behind.
    assert read(path)["state"] == "ENABLED"


def test_a_shorter_state_leaves_the_end_of_the_longer_one(tmp_path):
    cc = ClusterController(state="NOTREADY")
    state_file = initial(cc, tmp_path / "config", resume=False)
    cc.changed = state_file.update
    cc.state = "LOADED"
    data = (tmp_path / "config").read_bytes()
    assert data[28932 : 28932 + 9] == b"LOADED\0Y\0"
    state_file.close()


def test_overlong_names_stay_in_their_place(tmp_path):
    cc = ClusterController()
    cc.identity = Service(type="cluster", name="n" * 400, partition="p", uris=["u" * 4000] * 20)
    initial(cc, tmp_path / "config", resume=False).close()
    found = read(tmp_path / "config")
    assert (found["name"], found["partition"]) == ("n" * 31, "p")


def test_resuming_as_up_to_4_2(tmp_path):
    before = ClusterController(release="4.2", state="ENABLED")
    before.epoch = 4
    initial(before, tmp_path / "config", resume=False).close()
    after = ClusterController(release="4.2", state="DISABLED")
    initial(after, tmp_path / "config", resume=True).close()
    assert (after.state, after.epoch) == ("ENABLED", 4)


def test_without_resuming_the_state_is_the_given_one(tmp_path):
    initial(ClusterController(release="4.2", state="ENABLED"), tmp_path / "config", resume=False).close()
    after = ClusterController(release="4.2", state="DISABLED")
    initial(after, tmp_path / "config", resume=False).close()
    assert (after.state, read(tmp_path / "config")["state"]) == ("DISABLED", "DISABLED")


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\0" * SIZE, b"ERRORS=" * 40000])
def test_resuming_from_a_foreign_file_is_a_fresh_start(tmp_path, content):
    (tmp_path / "config").write_bytes(content)
    cc = ClusterController(release="4.2", state="DISABLED")
    StateFile(tmp_path / "config", cc).close()
    initial(cc, tmp_path / "config", resume=True).close()
    assert cc.state == "DISABLED"


def test_later_releases_do_not_resume(tmp_path):
    with pytest.raises(SimulatorError, match="does not resume"):
        initial(ClusterController(release="4.3"), tmp_path / "config", resume=True)


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(SimulatorError, match="cannot open the state file"):
        StateFile(tmp_path / "no" / "config", ClusterController())
