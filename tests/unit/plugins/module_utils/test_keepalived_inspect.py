# SPDX-License-Identifier: GPL-3.0-or-later
"""What role keepalived has to know of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import getpass
import grp
import io
import os

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _keepalived_inspect,
    _keepalived_process,
    _keepalived_unit,
)
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils.stand_ins import run_command

OWNERS = "%s %s" % (getpass.getuser(), grp.getgrgid(os.getegid()).gr_name)


@pytest.fixture
def host(programs, tmp_path, monkeypatch):
    """gather(files…) on a host with these programs, a directory etc and nothing pending."""
    monkeypatch.setattr(_keepalived_process, "SYSTEM_PATH", (programs.directory,))
    monkeypatch.setattr(_keepalived_unit, "PENDING", str(tmp_path / "pending"))
    (tmp_path / "etc").mkdir()
    programs.add("systemctl", u"echo ActiveState=active; echo UnitFileState=enabled")

    def gather(*files):
        return _keepalived_inspect.gather(run_command, "keepalived", [str(tmp_path / file) for file in files])

    return gather


def write(path, text):
    with io.open(str(path), "w", encoding="utf-8") as stream:
        stream.write(text)


def test_all_that_is_there(host, programs, tmp_path):
    programs.add("keepalived", u"echo 'Keepalived v2.2.7 (01/16,2022)' >&2")
    programs.add("apt-get", u"exit 0")
    write(tmp_path / "etc" / "keepalived.conf", u"x\n")
    (tmp_path / "etc" / "keepalived.conf").chmod(0o640)
    (tmp_path / "pending").touch()
    seen = host("etc/keepalived.conf", "none")
    assert (seen["version"], seen["ActiveState"], seen["UnitFileState"]) == ("2.2.7", "active", "enabled")
    assert (seen["apt"], seen["directory"], seen["pending"], seen["waiting"]) == ("yes", "yes", "yes", "together")
    assert seen["capabilities"] == "" or int(seen["capabilities"], 16) > 0
    digest = "73cb3858a687a8494ca3323053016282f3dad39d42cf62ca4e79dda2aac7d9ac"
    assert seen[str(tmp_path / "etc" / "keepalived.conf")] == "%s 640 %s" % (digest, OWNERS)
    assert str(tmp_path / "none") not in seen


def test_a_host_without_keepalived(host, monkeypatch):
    monkeypatch.setattr(_keepalived_unit, "program", lambda name: None)
    seen = host("nowhere/keepalived.conf")
    assert (seen["version"], seen["waiting"]) == ("", "start")
    assert not {"ActiveState", "directory", "pending", "apt"} & set(seen)


def test_a_release_is_waited_for_on_a_busy_host(host, programs, monkeypatch):
    """To be taken for a host without keepalived would have its package installed and its configuration written untested."""
    asked = []
    monkeypatch.setattr(_keepalived_process, "version", lambda program, seconds: asked.append(seconds))
    programs.add("keepalived", u"exit 0")
    assert host("etc/keepalived.conf")["version"] == ""
    assert asked == [30.0]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (u'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n', ("debian", "debian ", "12", "12")),
        (u'ID="rocky"\nID_LIKE="rhel centos fedora"\nVERSION_ID="9.3"\n', ("rocky", "rocky rhel centos fedora", "9", "9.3")),
        (u"# sid\nID=debian\n", ("debian", "debian ", "", "")),
        (u"ID='arch'\nVERSION_ID='unbalanced\n", ("arch", "arch ", "'unbalanced", "'unbalanced")),
    ],
)
def test_the_distribution_by_os_release(tmp_path, monkeypatch, text, found):
    write(tmp_path / "os-release", text)
    monkeypatch.setattr(_keepalived_inspect, "OS_RELEASE", str(tmp_path / "os-release"))
    platform = _keepalived_inspect.platform()
    assert tuple(platform[name] for name in ("id", "like", "major", "release")) == found


def test_what_is_not_known_is_empty(tmp_path, monkeypatch):
    monkeypatch.setattr(_keepalived_inspect, "OS_RELEASE", str(tmp_path / "none"))
    monkeypatch.setattr(_keepalived_inspect, "INIT_STATUS", str(tmp_path / "none"))
    assert (_keepalived_inspect.platform(), _keepalived_inspect.capabilities()) == ({}, "")
    write(tmp_path / "status", u"Name:\tinit\nCapBnd:\t000001ffffffffff\n")
    monkeypatch.setattr(_keepalived_inspect, "INIT_STATUS", str(tmp_path / "status"))
    assert _keepalived_inspect.capabilities() == "000001ffffffffff"
    write(tmp_path / "status", u"Name:\tinit\n")
    assert _keepalived_inspect.capabilities() == ""


def test_a_link_has_the_mode_of_a_link(tmp_path):
    """So that the role replaces it by a file."""
    write(tmp_path / "real", u"x\n")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    assert _keepalived_inspect.fingerprint(str(tmp_path / "link")).split(" ")[1] == "777"


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root, to give files away")
def test_owners_without_a_name(tmp_path):
    write(tmp_path / "file", u"x\n")
    os.chown(str(tmp_path / "file"), 54321, 54321)
    assert _keepalived_inspect.fingerprint(str(tmp_path / "file")).endswith(" UNKNOWN UNKNOWN")


def test_a_file_that_cannot_be_read_differs_from_every_wanted_one(tmp_path):
    (tmp_path / "directory").mkdir()
    assert _keepalived_inspect.fingerprint(str(tmp_path / "directory")).startswith(" ")
