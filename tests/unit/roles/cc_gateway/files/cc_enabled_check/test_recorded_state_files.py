# SPDX-License-Identifier: GPL-3.0-or-later
"""The state files that eight releases of the real Cluster Controller wrote: whole, torn, cut, and of another release."""

from __future__ import annotations

import gzip
import os
import sys
import threading

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from cc_simulator.operations import ClusterController, Request, Service
from cc_simulator.server import Simulator
from cc_simulator.state_file import StateFile

from .conftest import ROOT, http, refusal

pytestmark = pytest.mark.today_only("how a state file is read, whatever the date")

FILES = ROOT / "tests/cc_simulator/recorded/statefiles"
#: Release: localState, offset of it (cc-protocol).
RECORDED = {
    "3.1.2": ("ENABLED", 20624),
    "3.2.2": ("STOPPED", 24828),
    "3.3.2": ("STOPPED", 28924),
    "3.4.2": ("ENABLED", 28924),
    "4.0.2": ("STOPPED", 28928),
    "4.1.1": ("ENABLED", 28932),
    "4.2": ("ENABLED", 28932),
    "4.4": ("ENABLED", 28932),
}
STATES = [state.encode() for state in check.common.STATES]
LIVES = http("<h2>Deployed Services</h2><h3>EucalyptusCC</h3>", headers="Content-Type: text/html\r\n")


def recorded(release):
    return gzip.decompress((FILES / f"eucalyptusCCConfig-{release}.gz").read_bytes())


def in_state(release, state):
    """The recorded file after ccChangeState(): snprintf() leaves what is behind the NUL."""
    data, at = bytearray(recorded(release)), RECORDED[release][1]
    data[at : at + len(state) + 1] = state + b"\0"
    return bytes(data)


def verdict(data):
    """(offset, localState), or None where the file is not read."""
    try:
        return check.state_file.read_struct(data)
    except check.common.Trouble:
        return None


def test_every_recorded_file_is_here():
    assert sorted(path.name for path in FILES.glob("*.gz")) == [f"eucalyptusCCConfig-{release}.gz" for release in sorted(RECORDED)]


@pytest.fixture
def path(tmp_path):
    """Where the state file goes."""
    return tmp_path / "eucalyptusCCConfig"


@pytest.fixture
def read(ask, path):
    """Run the whole check on the file that a release wrote: it reports what it must, and leaves the file as it is."""

    def run(release, port):
        result = ask("--source", "state_file", "--state-file", str(path), port=port)
        state, offset = RECORDED[release]
        assert (result.local_state, result.enabled, result.definite) == (state, state == "ENABLED", True)
        assert f"layout of {check.state_file.KNOWN_OFFSETS[offset]}" in result.message
        assert path.read_bytes() == recorded(release)

    return run


@pytest.mark.parametrize("release", RECORDED)
def test_every_release(read, path, wire, release):
    path.write_bytes(recorded(release))
    path.chmod(0o600)
    wire.say = LIVES
    read(release, wire.port)


@pytest.mark.parametrize("release", RECORDED)
def test_both_sources_agree_in_every_release(ask, read, path, keys, release):
    """Under a stand-in that resumes from the recorded file. The file is read first: a SOAP request changes it."""
    path.write_bytes(recorded(release))
    with Simulator(keys, release=release, state_file=path, resume=True) as simulator:
        read(release, simulator.port)
        assert simulator.arrived == {"GET": 1}
        assert ask(port=simulator.port).local_state == RECORDED[release][0]
        assert simulator.arrived == {"GET": 1, "SOAP": 1, "signed": 1}


@pytest.mark.parametrize("release", RECORDED)
@pytest.mark.parametrize("state", STATES)
def test_every_state_in_every_release(release, state):
    assert verdict(in_state(release, state)) == (RECORDED[release][1], state.decode())


@pytest.mark.parametrize("release", RECORDED)
def test_torn_while_the_state_changes(release):
    """A reading in the middle of a change has the first bytes of the new state and the last of the old one.

    It is read as the old state, as the new one, or not at all; never as a third one. Every byte at which it can be torn.
    """
    at = RECORDED[release][1]
    for old in STATES:
        for new in STATES:
            before, after = in_state(release, old), new + b"\0"
            for torn in range(len(after) + 1):
                data = before[:at] + after[:torn] + before[at + torn :]
                assert verdict(data) in {(at, old.decode()), (at, new.decode()), None}, (old, new, torn)


@pytest.mark.parametrize("release", RECORDED)
def test_torn_in_any_other_place(release):
    """A reading that has the bytes of one moment up to some place and those of another behind it: 500 places, and each edge."""
    at, size = RECORDED[release][1], len(recorded(release))
    enabled, disabled = in_state(release, b"ENABLED"), in_state(release, b"DISABLED")
    places = {at, at + 32, at + 36, at + 43, at + 1060, *range(0, size + 1, size // 500)}
    for place in places:
        for first, second in ((enabled, disabled), (disabled, enabled)):
            found = verdict(first[:place] + second[place:])
            assert found in {(at, "ENABLED"), (at, "DISABLED"), None}, place


@pytest.mark.parametrize("release", RECORDED)
def test_cut(release):
    """Cut before the end of the CC's type it is not read; cut behind it, it is what it was. Never anything else."""
    data, (state, at) = recorded(release), RECORDED[release]
    end = at + 36 + 1024 + 32
    for length in [*range(0, end, 997), *range(at - 2, at + 60), *range(end - 40, end)]:
        assert verdict(data[:length]) is None, length
    for length in (end, end + 1, len(data) - 1):
        assert verdict(data[:length]) == (at, state), length


@pytest.mark.parametrize("release", RECORDED)
def test_file_that_is_new_or_being_filled_in(release):
    """ftruncate() makes zeros; init_config() then writes localState, ERRORS= and the type, in this order."""
    data, at = recorded(release), RECORDED[release][1]
    zeros = bytes(len(data))
    assert refusal(check.state_file.read_struct, zeros).startswith("the state file has no ERRORS=")
    with_state = zeros[:at] + b"LOADED\0" + zeros[at + 7 :]
    assert verdict(with_state) is None
    with_details = with_state[: at + 36] + b"ERRORS=0" + with_state[at + 44 :]
    assert verdict(with_details) == (at, "LOADED")


def test_file_of_3_4_2_under_a_cc_of_4_1_1():
    """The new release keeps the bytes and writes to its own places: two ERRORS=, and garbage that is recognised."""
    data = bytearray(recorded("3.4.2").ljust(len(recorded("4.1.1")), b"\0"))
    at = RECORDED["4.1.1"][1]
    assert verdict(bytes(data)) == (RECORDED["3.4.2"][1], "ENABLED")  # before it has written anything
    data[at + 36 : at + 45] = b"ERRORS=0\0"
    data[at : at + 9] = b"NOTREADY\0"
    assert refusal(check.state_file.read_struct, bytes(data)).startswith("the state file has ERRORS= more than once")


@pytest.mark.parametrize("release", ["3.1.2", "3.4.2", "4.4"])
def test_read_while_it_is_written_as_fast_as_possible(path, release):
    """Hundreds of readings against a CC that changes its state and its topology all the time: never a state that was not."""
    at = RECORDED[release][1]
    path.write_bytes(recorded(release))
    cc = ClusterController(release=release, state=RECORDED[release][0])
    kept = StateFile(path, cc)
    cc.changed = kept.update
    over = threading.Event()
    topology = {"services": [Service("storage", "sc-1", "PARTI01", ["http://192.0.2.1:8773/services/Storage"])]}

    def change():
        while not over.is_set():
            cc.perform("EnableService", Request(lists=topology))
            cc.perform("DisableService", Request())

    # The threads take turns in the middle of a change, not only behind it.
    usual = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    writer = threading.Thread(target=change)
    writer.start()
    handle = os.open(path, os.O_RDONLY)
    try:
        found = [verdict(os.pread(handle, len(recorded(release)), 0)) for _reading in range(300)]
    finally:
        sys.setswitchinterval(usual)
        over.set()
        writer.join()
        os.close(handle)
        kept.close()
    assert set(found) <= {(at, "ENABLED"), (at, "DISABLED"), None}
    assert {(at, "ENABLED"), (at, "DISABLED")} <= set(found)
