# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""A change of the default route, its confirmation and its rollback, by every Python of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import os
import stat
import subprocess

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _nc_route_change

pytestmark = pytest.mark.wall_clock

UNIT = "eucalyptus-nc-route-rollback"
TIMER = "systemd-run --quiet --unit=%s --on-active=90 --timer-property=AccuracySec=1s /bin/sh " % UNIT


class Machine(object):
    """Runs scripts for real and only notes what systemd would be told."""

    def __init__(self, tmp_path):
        self.called = []
        self.active = ["inactive"]
        self.timer_fails = False
        self.directory = str(tmp_path / "run")
        self.root = tmp_path
        self.changer = _nc_route_change.Changer(self.run, directory=self.directory)

    def run(self, argv):
        self.called.append(" ".join(argv))
        if argv[0] == "systemctl":
            state = self.active.pop(0) if len(self.active) > 1 else self.active[0]
            return (0, state + "\n", "") if argv[1] == "is-active" else (1, "", "no such unit")
        if argv[0] == "systemd-run":
            return (1, "", "no bus\n") if self.timer_fails else (0, "", "")
        process = subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, universal_newlines=True)
        output, complaint = process.communicate()
        return process.returncode, output, complaint

    def plan(self, **values):
        path = str(self.root / "new.d" / "file")
        content = base64.b64encode(b"secret \xe9\n").decode("ascii")
        plan = {
            "files": [{"path": path, "mode": "0640", "content": content}],
            "directories": [os.path.dirname(path)],
            "apply": "echo applied; stat -c %%a %s/rollback\n" % self.directory,
            "rollback": "touch %s/rolled-back\nrm -f %s\n" % (self.directory, path),
            "rollback_after": 90,
        }
        plan.update(values)
        return plan


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def mode(path):
    return stat.S_IMODE(os.stat(path).st_mode)


def test_the_timer_runs_before_anything_is_changed(machine):
    plan = machine.plan()
    assert machine.changer.change(plan) == ["applied", "600"]
    timer = TIMER + machine.directory + "/rollback"
    assert timer in machine.called
    assert machine.called.index(timer) < [call.startswith("/bin/sh -ec") for call in machine.called].index(True)
    path = plan["files"][0]["path"]
    with open(path, "rb") as stream:
        assert stream.read() == b"secret \xe9\n"
    assert (mode(path), mode(os.path.dirname(path))) == (0o640, 0o755)


def test_s3_the_rollback_script_is_never_readable_by_others(machine, monkeypatch):
    """Every file that comes to be on the way has no more rights than in the end, and the directory is root's alone."""
    opened = []
    real = os.open

    def note(path, flags, given=0o777, *more, **named):
        handle = real(path, flags, given, *more, **named)
        if flags & os.O_CREAT:
            opened.append(stat.S_IMODE(os.fstat(handle).st_mode) & 0o077)
        return handle

    before = os.umask(0)
    try:
        monkeypatch.setattr(os, "open", note)
        machine.changer.change(machine.plan())
    finally:
        os.umask(before)
    assert opened == [0, 0]
    assert mode(machine.directory) == 0o700
    assert mode(machine.directory + "/rollback") == 0o600


def test_without_a_time_no_timer_runs(machine):
    machine.changer.change(machine.plan(rollback_after=0))
    assert not [call for call in machine.called if call.startswith("systemd-run")]


def test_a_timer_that_cannot_be_started_ends_the_change_before_it_begins(machine):
    machine.timer_fails = True
    with pytest.raises(_nc_route_change.ChangeError) as caught:
        machine.changer.change(machine.plan())
    assert "cannot start the rollback timer: no bus" in str(caught.value)
    assert not os.path.exists(str(machine.root / "new.d"))
    assert machine.changer.rollback() == "nothing"


def test_a_command_that_fails_is_named(machine):
    with pytest.raises(_nc_route_change.ChangeError) as caught:
        machine.changer.change(machine.plan(apply="echo broken >&2; exit 7\n"))
    assert "failed with exit status 7: broken" in str(caught.value)
    assert machine.changer.rollback() == "run"


def test_files_are_removed_and_links_stay_links(machine):
    gone, target, link = (str(machine.root / name) for name in ("gone", "target", "link"))
    for path in (gone, target):
        with open(path, "w") as stream:
            stream.write("old")
    os.symlink(target, link)
    content = base64.b64encode(b"new").decode("ascii")
    files = [{"path": gone, "mode": "0644", "content": None}, {"path": link, "mode": "0644", "content": content}]
    machine.changer.change(machine.plan(files=files, directories=[]))
    assert not os.path.exists(gone)
    assert os.readlink(link) == target
    with open(target) as stream:
        assert stream.read() == "new"


def test_selinux_labels_are_set_before_a_file_has_its_name(machine):
    labelled = []
    changer = _nc_route_change.Changer(
        machine.run, lambda new, path: labelled.append((os.path.exists(new), path)), directory=machine.directory
    )
    plan = machine.plan()
    path = plan["files"][0]["path"]
    changer.change(plan)
    assert labelled == [(True, os.path.dirname(path)), (True, path)]


def test_a_confirmed_change_leaves_nothing_behind(machine):
    machine.changer.change(machine.plan())
    machine.changer.confirm()
    assert not os.path.exists(machine.directory)
    assert "systemctl stop %s.timer" % UNIT in machine.called


def test_a_confirmation_that_comes_too_late_fails(machine):
    machine.changer.change(machine.plan())
    machine.run(["/bin/sh", machine.directory + "/rollback"])
    with pytest.raises(_nc_route_change.ChangeError):
        machine.changer.confirm()
    assert machine.changer.rollback() == "host"
    assert not os.path.exists(machine.directory)


def test_a_rollback_that_has_just_been_started_counts(machine):
    """The script has not come to its first line yet."""
    machine.changer.change(machine.plan())
    machine.active = ["active"]
    with pytest.raises(_nc_route_change.ChangeError):
        machine.changer.confirm()
    machine.active = ["active", "active", "inactive"]
    assert machine.changer.rollback() == "host"


def test_the_run_takes_a_change_back(machine):
    plan = machine.plan()
    machine.changer.change(plan)
    assert machine.changer.rollback() == "run"
    assert not os.path.exists(plan["files"][0]["path"])
    assert not os.path.exists(machine.directory)
    assert machine.changer.rollback() == "nothing"


def test_what_an_earlier_run_left_is_replaced(machine):
    machine.changer.change(machine.plan())
    machine.run(["/bin/sh", machine.directory + "/rollback"])
    machine.changer.change(machine.plan())
    machine.changer.confirm()
