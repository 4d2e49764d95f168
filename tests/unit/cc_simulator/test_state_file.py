# SPDX-License-Identifier: GPL-3.0-or-later
"""The stand-in for eucalyptusCCConfig, read as another program would read it."""

from __future__ import annotations

import gzip
import os
import stat
import struct

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import SimulatorError
from ansible_collections.eucalyptus.ha.tests.cc_simulator.operations import ClusterController, Request, Service
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator
from ansible_collections.eucalyptus.ha.tests.cc_simulator.state_file import StateFile, initial, resumed

# cc-protocol.md: offsets of localState on x86-64; the sizes are those of the recorded files.
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
#: Release: localState, as the README of the recordings has it.
RECORDED = {
    "3.1.2": "ENABLED",
    "3.2.2": "STOPPED",
    "3.3.2": "STOPPED",
    "3.4.2": "ENABLED",
    "4.0.2": "STOPPED",
    "4.1.1": "ENABLED",
    "4.2": "ENABLED",
    "4.4": "ENABLED",
}
URI = "http://10.0.0.1:8774/axis2/services/EucalyptusCC"
TOPOLOGY = {"services": [Service("storage", "sc-1", "PARTI00", ["http://192.0.2.1:8773/services/Storage"])]}


@pytest.fixture
def recorded_file(recorded, tmp_path):
    """Unpack the file that a release wrote; returns its path."""

    def unpack(release):
        path = tmp_path / "recorded-config"
        path.write_bytes(gzip.decompress((recorded / "statefiles" / f"eucalyptusCCConfig-{release}.gz").read_bytes()))
        return path

    return unpack


def started(path, *, resume=False, **options):
    """Open the file for a CC, close it, and return the CC."""
    cc = ClusterController(**options)
    (resumed if resume else initial)(cc, path).close()
    return cc


#: Size of the file: how long a service's name is.
LENGTH = {227552: 32, 231752: 32, 235848: 32, 257800: 256, 257808: 256, 257816: 256}


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
        "partition": field(data, p + 1056 + LENGTH[len(data)]),
    }


@pytest.mark.parametrize("release", RECORDED)
def test_a_recorded_file_is_read_as_what_it_is(recorded_file, release):
    path = recorded_file(release)
    before = path.read_bytes()
    state_file = StateFile(path, ClusterController(release=release))
    saved = state_file.saved()
    state_file.close()
    assert (saved.state, saved.epoch, saved.shut_down) == (RECORDED[release], 0, False)
    assert saved.identity == Service("cluster", "cc1", "PARTI01", [URI])
    assert path.read_bytes() == before


@pytest.mark.parametrize("release", RECORDED)
def test_what_it_writes_lies_where_the_real_one_wrote_it(recorded_file, tmp_path, release):
    """Two files by the same words, one of them the real one's: they differ in nothing that a reader knows."""
    real = recorded_file(release)
    cc = ClusterController(release=release, state=RECORDED[release])
    cc.identity = Service("cluster", "cc1", "PARTI01", [URI])
    initial(cc, tmp_path / "config").close()
    assert read(tmp_path / "config") == read(real)
    assert (tmp_path / "config").stat().st_size == real.stat().st_size
    ours, theirs = (tmp_path / "config").read_bytes(), real.read_bytes()
    at = read(real)["at"] - 4 * (6 if release < "4" else 7)
    assert ours[at : at + 4] == theirs[at : at + 4]  # ccState


@pytest.mark.parametrize("release", OFFSETS)
def test_the_layout_of_each_release(tmp_path, release):
    cc = ClusterController(release=release, state="ENABLED", partition="PARTI01", name="CC_01")
    cc.errors, cc.epoch = 3, 17
    initial(cc, tmp_path / "config").close()
    assert read(tmp_path / "config") == {
        "at": OFFSETS[release],
        "state": "ENABLED",
        "epoch": 17,
        "details": "ERRORS=3",
        "type": "cluster",
        "name": "CC_01",
        "partition": "PARTI01",
    }


def test_the_mode_is_0600_whatever_the_umask(tmp_path):
    old = os.umask(0)
    try:
        started(tmp_path / "config")
    finally:
        os.umask(old)
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o600


def test_an_old_file_gets_the_mode_too(tmp_path):
    (tmp_path / "config").write_bytes(b"old")
    (tmp_path / "config").chmod(0o644)
    started(tmp_path / "config")
    assert stat.S_IMODE((tmp_path / "config").stat().st_mode) == 0o600


def test_a_cc_without_a_name_is_a_cluster_too(tmp_path):
    started(tmp_path / "config", name="self")
    found = read(tmp_path / "config")
    assert (found["type"], found["name"], found["partition"]) == ("cluster", "self", "unset")


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
    state_file = initial(cc, tmp_path / "config")
    cc.changed = state_file.update
    cc.state = "LOADED"
    data = (tmp_path / "config").read_bytes()
    assert data[28932 : 28932 + 9] == b"LOADED\0Y\0"
    state_file.close()


def test_overlong_names_stay_in_their_place(tmp_path):
    cc = ClusterController()
    cc.identity = Service(type="cluster", name="n" * 400, partition="p", uris=["u" * 4000] * 20)
    initial(cc, tmp_path / "config").close()
    found = read(tmp_path / "config")
    assert (found["name"], found["partition"]) == ("n" * 255, "p")


# --- a CC that is started again -----------------------------------------------------------------------------------


@pytest.mark.parametrize("release", OFFSETS)
def test_every_release_resumes_and_writes_nothing(tmp_path, release):
    before = ClusterController(release=release, state="ENABLED", name="CC_07")
    state_file = initial(before, tmp_path / "config")
    before.changed = state_file.update
    before.perform("DescribeServices", Request(epoch=4, lists=TOPOLOGY))
    state_file.close()
    left = (tmp_path / "config").read_bytes()
    after = started(tmp_path / "config", resume=True, release=release, state="DISABLED")
    assert (tmp_path / "config").read_bytes() == left
    assert (after.state, after.epoch, after.identity.name) == ("ENABLED", before.epoch, "CC_07")
    assert after.lists["services"] == TOPOLOGY["services"]
    assert after.topology.report()["present"]


@pytest.mark.parametrize("release", RECORDED)
def test_it_resumes_from_a_recorded_file(recorded_file, release):
    cc = started(recorded_file(release), resume=True, release=release, state="DISABLED")
    assert (cc.state, cc.identity.name) == (RECORDED[release], "cc1")


@pytest.mark.parametrize("release", ["3.1", "5.1"])
def test_the_first_request_after_a_resume_finds_no_loaded(tmp_path, key_directory, release):
    path, states = tmp_path / "config", []
    started(path, release=release, state="ENABLED")
    with Simulator(key_directory, release=release, state_file=path, resume=True) as simulator:
        update = simulator.cc.changed
        simulator.cc.changed = lambda: (update(), states.append(read(path)["state"]))
        simulator.cc.perform("DescribeServices", Request())
        assert states == ["ENABLED"]


def test_a_cc_that_was_shut_down_stays_so(tmp_path):
    before = ClusterController(state="ENABLED")
    state_file = initial(before, tmp_path / "config")
    before.changed = state_file.update
    before.perform("ShutdownService", Request())
    state_file.close()
    after = started(tmp_path / "config", resume=True)
    assert (after.state, after.shut_down) == ("NOTREADY", True)
    assert "<n:return>false</n:return>" in after.perform("EnableService", Request())


def test_without_resuming_the_state_is_the_given_one(tmp_path):
    started(tmp_path / "config", state="ENABLED")
    after = started(tmp_path / "config", state="DISABLED")
    assert (after.state, read(tmp_path / "config")["state"]) == ("DISABLED", "DISABLED")


@pytest.mark.parametrize("content", [b"", b"x" * 100, b"\0" * 257816, b"ERRORS=" * 40000])
def test_resuming_from_a_foreign_file_is_a_fresh_start(tmp_path, content):
    (tmp_path / "config").write_bytes(content)
    assert started(tmp_path / "config", resume=True, state="DISABLED").state == "DISABLED"
    assert read(tmp_path / "config")["state"] == "DISABLED"


# --- a clean start ------------------------------------------------------------------------------------------------


@pytest.fixture
def clean(make_caller, tmp_path):
    """A CC after a clean start, where another one has left its file."""
    started(tmp_path / "config", state="ENABLED")
    caller = make_caller(state_file=tmp_path / "config", clean_start=True)
    caller.path = tmp_path / "config"
    return caller


def test_after_a_clean_start_there_is_no_file_until_the_first_soap_request(clean):
    assert not clean.path.exists()
    assert clean.post(None, {}, "/axis2/services", "GET")[0] == 200
    assert clean.post(clean.unsigned())[0] == 500
    assert not clean.path.exists()
    clean.accepted(clean.signed())
    found = read(clean.path)
    assert (found["state"], found["type"], found["name"]) == ("LOADED", "cluster", "self")


def test_the_first_request_may_be_one_that_changes_the_state(clean):
    clean.accepted(clean.signed("EnableService"))
    assert read(clean.path)["state"] == "ENABLED"


def test_a_clean_start_where_nothing_was(make_caller, tmp_path):
    make_caller(state_file=tmp_path / "config", clean_start=True)
    assert not (tmp_path / "config").exists()


@pytest.mark.parametrize(
    "options", [{"resume": True}, {"clean_start": True}, {"resume": True, "clean_start": True, "state_file": "x"}]
)
def test_starts_that_make_no_sense(key_directory, options):
    with pytest.raises(SimulatorError, match="state_file must be given|exclude each other"):
        Simulator(key_directory, **options)


def test_a_directory_that_is_not_there(tmp_path):
    with pytest.raises(SimulatorError, match="cannot open the state file"):
        StateFile(tmp_path / "no" / "config", ClusterController())
