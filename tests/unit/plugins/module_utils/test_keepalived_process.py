# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether keepalived runs here, from a /proc made for the purpose."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes; test_keepalived_files has it for 2.7", allow_module_level=True)

import os
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_process


class Proc:
    def __init__(self, root):
        self.root = root
        (root / "stat").write_text("cpu 1 2 3\nbtime 1795000000\nprocesses 9\n")
        self.add("self", "python3", 1)

    def add(self, pid, name, parent, state="S", namespace="pid:[1]", ticks=0):
        directory = self.root / str(pid)
        (directory / "ns").mkdir(parents=True)
        fields = [state, parent] + [0] * 17 + [ticks, 0]
        (directory / "stat").write_text("{} ({}) {}\n".format(pid, name, " ".join(map(str, fields))))
        (directory / "comm").write_text("{}\n".format(name))
        (directory / "ns" / "pid").symlink_to(namespace)

    def find(self, pid_file=None):
        return _keepalived_process.find(str(self.root), [str(pid_file)] if pid_file else [])


@pytest.fixture
def proc(tmp_path):
    root = tmp_path / "proc"
    root.mkdir()
    return Proc(root)


@pytest.fixture
def pid_file(tmp_path):
    path = tmp_path / "keepalived.pid"
    path.write_text("700\n")
    return path


def test_by_the_pid_file(proc, pid_file):
    proc.add(700, "keepalived", 1, ticks=500 * os.sysconf("SC_CLK_TCK"))
    proc.add(701, "keepalived", 700)
    assert proc.find(pid_file) == {"pid": 700, "since": 1795000500.0, "pid_file": str(pid_file)}


def test_without_a_pid_file_the_parent_is_found(proc):
    proc.add(701, "keepalived_vrrp", 900)
    proc.add(900, "keepalived", 1)
    proc.add(35, "sshd", 1)
    assert proc.find()["pid"] == 900


@pytest.mark.parametrize("name", ["sshd", "not-keepalived", "kthread (keepalived)"])
def test_a_pid_that_was_used_again_is_not_believed(proc, pid_file, name):
    proc.add(700, name, 1)
    assert proc.find(pid_file)["pid"] is None


def test_a_dead_or_damaged_pid_file_is_not_believed(proc, pid_file):
    assert proc.find(pid_file)["pid"] is None
    pid_file.write_text("-1; rm")
    assert proc.find(pid_file)["pid"] is None


def test_a_zombie_does_not_run(proc, pid_file):
    proc.add(700, "keepalived", 1, state="Z")
    assert proc.find(pid_file)["pid"] is None


def test_a_containers_keepalived_is_not_this_hosts(proc, pid_file):
    proc.add(700, "keepalived", 1, namespace="pid:[2]")
    assert proc.find(pid_file)["pid"] is None
    assert proc.find()["pid"] is None


def test_a_child_belongs_to_its_parent(proc):
    proc.add(700, "keepalived", 1)
    proc.add(701, "keepalived_vrrp", 700)
    proc.add(702, "sh", 700)
    belongs = [_keepalived_process.belongs_to(pid, 700, str(proc.root)) for pid in (700, 701, 702, 703)]
    assert belongs == [True, True, False, False]


def program(tmp_path, text):
    path = tmp_path / "keepalived"
    path.write_text("#!/bin/sh\n{}\n".format(text))
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("echo 'Keepalived v2.2.7 (01/16,2022)' >&2", "2.2.7"),
        ("echo 'Keepalived v1.3.5 (03/19,2017), git commit v1.3.5-6-g6fa32f2'", "1.3.5"),
        ("echo garbage", None),
        ("exit 3", None),
    ],
)
def test_the_version(tmp_path, text, version):
    assert _keepalived_process.executable([str(tmp_path)]) is None
    path = program(tmp_path, text)
    assert _keepalived_process.executable([str(tmp_path)]) == path
    assert _keepalived_process.version(path) == version


def test_a_program_that_hangs_does_not_hang_the_fact(tmp_path, monkeypatch):
    monkeypatch.setattr(_keepalived_process, "VERSION_TIMEOUT", 0.2)
    begin = time.monotonic()
    assert _keepalived_process.version(program(tmp_path, "exec sleep 30")) is None
    assert time.monotonic() - begin < 25


def test_a_program_that_cannot_be_started_has_no_version(tmp_path):
    assert _keepalived_process.version(str(tmp_path / "none")) is None


def test_a_proc_that_cannot_be_read_has_no_keepalived(tmp_path):
    found = _keepalived_process.find(proc=str(tmp_path / "none"), pid_files=[])
    assert (found["pid"], found["since"]) == (None, None)
    assert _keepalived_process._started_at(str(tmp_path / "none"), 100) is None
