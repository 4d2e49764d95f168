# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""The state files of the notify script: read whatever state they are in."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes; test_keepalived_files has it for 2.7", allow_module_level=True)

import os
import pwd

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_state
from hypothesis import given
from hypothesis import strategies as st

NOBODY = pwd.getpwnam("nobody").pw_uid
NOW = 1795358500.0
GOOD = """# written by the notify script of eucalyptus.ha
instance=eucalyptus
state=MASTER
since=1795358405.120
priority=200
previous=BACKUP
reason=cc_enabled: ENABLED = yes
pid=713
future_key=whatever
"""


def test_a_good_file_is_read():
    assert _keepalived_state.parse(GOOD, NOW) == {
        "instance": "eucalyptus",
        "state": "MASTER",
        "since": 1795358405.12,
        "priority": 200,
        "previous": "BACKUP",
        "reason": "cc_enabled: ENABLED = yes",
        "pid": 713,
        "problems": [],
    }


def test_only_three_keys_are_needed():
    found = _keepalived_state.parse("instance=a\nstate=FAULT\nsince=1795358405\n", NOW)
    assert found["problems"] == []
    assert (found["priority"], found["previous"], found["reason"], found["pid"]) == (None, None, None, None)


@pytest.mark.parametrize(
    ("line", "key", "problem"),
    [
        ("state=master!", "state", "state is 'MASTER!', not one of"),
        ("state=", "state", "state is missing"),
        ("since=yesterday", "since", "since is 'yesterday', which makes no sense"),
        ("since=nan", "since", "since is 'nan', which makes no sense"),
        ("since=inf", "since", "since is 'inf', which makes no sense"),
        ("since=-5", "since", "since is '-5', which makes no sense"),
        ("since=1795359999", "since", "since is '1795359999', which is in the future"),
        ("since=1e400", "since", "makes no sense"),
        ("priority=256", "priority", "priority is '256', which is too much"),
        ("priority=high", "priority", "priority is 'high', which makes no sense"),
        ("previous=NOTHING", "previous", "previous is 'NOTHING', not one of"),
        ("pid=0", "pid", "pid is '0', which makes no sense"),
        ("instance=", "instance", "instance is missing"),
    ],
)
def test_what_makes_no_sense_is_reported_and_not_used(line, key, problem):
    lines = [one for one in GOOD.splitlines() if not one.startswith("{}=".format(key))]
    found = _keepalived_state.parse("\n".join(list(lines) + [line]), NOW)
    assert found[key] is None
    assert any(problem in one for one in found["problems"]), found["problems"]
    others = _keepalived_state.parse(GOOD, NOW)
    assert {name: value for name, value in found.items() if name not in (key, "problems")} == {
        name: value for name, value in others.items() if name not in (key, "problems")
    }


def test_a_line_that_is_no_pair_and_a_key_given_twice_are_reported():
    found = _keepalived_state.parse(GOOD + "garbage\nstate=BACKUP\n", NOW)
    assert found["state"] == "MASTER"
    assert found["problems"] == ["line 10 is not KEY=VALUE", "state is given twice"]


def test_control_characters_do_not_get_through():
    found = _keepalived_state.parse("instance=a\nstate=MASTER\nsince=1\nreason=\x1b[31mred\u009b\n", NOW)
    assert found["reason"] == "?[31mred?"


@given(st.binary(max_size=300))
def test_any_damage_is_reported_and_none_is_fatal(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("state") / "a.state"
    path.write_bytes(data)
    found = _keepalived_state.read_directory(str(path.parent), NOW)[0][0]
    assert found["state"] in (None,) + tuple(_keepalived_state.STATES)
    assert found["problems"] or None not in (found["instance"], found["state"], found["since"])


@given(st.data())
def test_a_file_cut_off_anywhere_gives_no_wrong_state(data):
    cut = GOOD[: data.draw(st.integers(0, len(GOOD)))]
    found = _keepalived_state.parse(cut, NOW)
    assert found["state"] in (None, "MASTER")
    assert found["instance"] is None or "eucalyptus".startswith(found["instance"])


@pytest.mark.parametrize(
    ("instance", "name"),
    [
        ("eucalyptus", "eucalyptus.state"),
        ("VI_1-a.b", "VI_1-a.b.state"),
        ("a/b", "a%2Fb.state"),
        ("../etc", "%2E.%2Fetc.state"),
        ("grün %", "gr%C3%BCn%20%25.state"),
    ],
)
def test_the_name_of_the_file(instance, name):
    assert _keepalived_state.file_name(instance) == name


@given(st.lists(st.text(min_size=1), unique=True, min_size=2, max_size=2))
def test_two_instances_never_share_a_file(names):
    one, other = (_keepalived_state.file_name(name) for name in names)
    assert one != other
    assert os.path.basename(one) == one
    assert not one.startswith(".")


def test_a_directory_of_states(tmp_path):
    (tmp_path / "a.state").write_text("instance=a\nstate=MASTER\nsince=1795358405\n")
    (tmp_path / "b.state").write_text("instance=b\nstate=what\n")
    (tmp_path / "c.state").write_text("instance=a\nstate=BACKUP\nsince=1795358405\n")
    (tmp_path / "d.state.tmp").write_text("half a fi")
    (tmp_path / "e.state").mkdir()
    states, problems = _keepalived_state.read_directory(str(tmp_path), NOW)
    assert [(one["instance"], one["state"]) for one in states] == [("a", "MASTER"), ("b", None), (None, None)]
    assert [problem.split(": ", 1)[0].rsplit("/", 1)[-1] for problem in problems] == [
        "b.state", "b.state", "c.state", "e.state", "e.state", "e.state", "e.state",
    ][: len(problems)]  # fmt: skip
    assert any("a second file for VRRP instance a is ignored" in problem for problem in problems)
    assert any("e.state must be a regular file (got a directory)" in problem for problem in problems)


def test_no_directory_means_nothing_recorded(tmp_path):
    assert _keepalived_state.read_directory(str(tmp_path / "none"), NOW) == ([], [])


def test_a_file_too_large_is_reported(tmp_path):
    path = tmp_path / "a.state"
    path.write_text(GOOD + "#" * _keepalived_state.SIZE_LIMIT)
    found, problems = _keepalived_state.read_directory(str(tmp_path), NOW)
    assert found[0]["state"] is None
    assert problems == ["{0}: cannot be read: {0} must have at most 8192 bytes".format(path)]


def test_s5_a_fifo_and_a_link_are_reported_and_not_opened(tmp_path):
    os.mkfifo(tmp_path / "x.state")
    (tmp_path / "y.state").symlink_to("x.state")
    states, problems = _keepalived_state.read_directory(str(tmp_path), NOW)
    assert [state["state"] for state in states] == [None, None]
    assert "{0}/x.state: cannot be read: {0}/x.state must be a regular file (got a FIFO)".format(tmp_path) in problems
    assert any("y.state must be a regular file (got a symbolic link)" in problem for problem in problems)


@pytest.mark.skipif(os.geteuid() != 0, reason="makes files of another user, which only root may")
def test_s6_a_file_of_roots_in_the_users_directory_is_not_read(tmp_path):
    (tmp_path / "root").mkdir(mode=0o700)
    (tmp_path / "root" / "a.state").write_text(GOOD)
    (tmp_path / "root" / "a.state").chmod(0o600)
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.link(tmp_path / "root" / "a.state", theirs / "b.state")
    (theirs / "a.state").symlink_to(tmp_path / "root" / "a.state")
    os.chown(theirs, NOBODY, -1)
    states, problems = _keepalived_state.read_directory(str(theirs), NOW)
    assert [(state["state"], state["reason"]) for state in states] == [(None, None)] * 2
    assert any("b.state must be readable by nobody" in problem for problem in problems)
    # A whole directory exchanged for a link.
    (tmp_path / "outer").mkdir()
    (tmp_path / "outer" / "run").symlink_to(tmp_path / "root")
    os.chown(tmp_path / "outer", NOBODY, -1)
    states, problems = _keepalived_state.read_directory(str(tmp_path / "outer" / "run"), NOW)
    assert states == []
    assert "must not be a symbolic link of another user" in problems[0]


def test_too_many_files_are_reported_and_the_rest_not_read(tmp_path):
    for number in range(_keepalived_state.FILE_LIMIT + 5):
        (tmp_path / "{}.state".format(number)).write_text("instance=i{}\nstate=BACKUP\nsince=1\n".format(number))
    states, problems = _keepalived_state.read_directory(str(tmp_path), NOW)
    assert len(states) == _keepalived_state.FILE_LIMIT
    assert problems == ["{}: has 105 state files, of which 100 are read".format(tmp_path)]
