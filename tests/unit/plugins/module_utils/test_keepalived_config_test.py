# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""keepalived's own test of a configuration, and the findings of its host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import shutil
import signal
import subprocess

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _as_user, _keepalived_config_test, _keepalived_unit
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils.stand_ins import run_command

NEEDS_IP = pytest.mark.skipif(not os.path.exists("/sbin/ip"), reason="needs iproute2")
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="needs root")


def run_test(programs, target, body, text="secret text\n"):
    return _keepalived_config_test.config_test(run_command, programs.add("keepalived", body), text, str(target))


def test_it_leaves_nothing_behind_and_names_the_real_file(programs, tmp_path):
    copy = tmp_path / "seen"
    body = u"""
        file=${{2#--use-file=}}
        cat "$file" > {0}
        stat -c %a "$file" >> {0}
        echo "($file: Line 1) bad" >&2
        echo "$1"
        exit 5
    """.format(copy)
    status, output = run_test(programs, tmp_path / "keepalived.conf", body, u"secret gr\xfcn\n")
    assert (status, output) == (5, "(%s: Line 1) bad\n--config-test" % (tmp_path / "keepalived.conf"))
    with io.open(str(copy), encoding="utf-8") as stream:
        assert stream.read() == u"secret gr\xfcn\n600\n"
    assert sorted(os.listdir(str(tmp_path))) == ["bin", "seen"]


def test_it_outlives_the_signal_that_keepalived_sends_itself(programs, tmp_path):
    """2.2.7 with a script that runs as another user: without the guard every such test ends with SIGTERM."""
    before = signal.getsignal(signal.SIGTERM)
    assert run_test(programs, tmp_path / "keepalived.conf", u"kill -TERM $$; echo alive; exit 0") == (0, "alive")
    assert signal.getsignal(signal.SIGTERM) == before


def test_before_the_directory_is_there_the_copy_is_elsewhere(programs, tmp_path):
    target = tmp_path / "none" / "keepalived.conf"
    assert run_test(programs, target, u'echo "${2#--use-file=}" | grep -v ^/tmp/.keepalived.conf') == (1, "")
    assert run_test(programs, target, u'echo "at ${2#--use-file=}"') == (0, "at %s" % target)


def test_without_the_program_it_fails(tmp_path):
    status, output = _keepalived_config_test.config_test(run_command, "no-such-keepalived", "", str(tmp_path / "keepalived.conf"))
    assert status == 127
    assert "no-such-keepalived" in output


def checked(tmp_path, *lines):
    checks = _keepalived_config_test.Checks(run_command, str(tmp_path))
    for line in lines:
        checks.check(line)
    return "\n".join(checks.found)


@NEEDS_IP
def test_a_peer_that_is_the_host_itself_is_found(tmp_path):
    assert checked(tmp_path, "peer 127.0.0.1") == "@own_peer the peer 127.0.0.1 is this host itself"
    assert checked(tmp_path, "peer 192.0.2.1") == ""
    # Whole addresses, not beginnings of them.
    assert checked(tmp_path, "peer 127.0.0.11") == ""


@NEEDS_IP
def test_k7_a_source_address_that_the_host_does_not_have(tmp_path):
    assert checked(tmp_path, "source 127.0.0.1") == ""
    with open("/proc/sys/net/ipv4/ip_nonlocal_bind") as stream:
        if stream.read().strip() == "1":
            pytest.skip("this host binds to addresses that it does not have")
    assert checked(tmp_path, "source 192.0.2.77") == "@source_address the source address 192.0.2.77 is not configured on this host"


def test_without_iproute2_nothing_is_known_of_addresses(tmp_path, monkeypatch):
    monkeypatch.setattr(_keepalived_unit, "program", lambda name: None)
    assert checked(tmp_path, "peer 127.0.0.1", "source 192.0.2.77", "namespace no", "source fd00::77") == ""


def test_an_address_of_a_family_that_the_host_has_not(tmp_path, monkeypatch):
    checks = _keepalived_config_test.Checks(lambda *argv, **options: (0, "", ""), str(tmp_path))
    monkeypatch.setattr(_keepalived_unit, "program", lambda name: "/sbin/" + name)
    monkeypatch.setattr(_keepalived_config_test, "open", lambda path: io.open("/nonexistent"), raising=False)
    checks.check("source fd00::77")
    assert checks.found == ["@source_address the source address fd00::77 is not configured on this host"]


@NEEDS_ROOT
@NEEDS_IP
def test_k7_the_address_is_looked_for_in_keepalived_own_namespace(tmp_path):
    name = "kad%d" % os.getpid()
    subprocess.check_call(["ip", "netns", "add", name])
    try:
        subprocess.check_call(["ip", "-n", name, "address", "add", "192.0.2.78/32", "dev", "lo"])
        within = "namespace " + name
        assert checked(tmp_path, within, "source 192.0.2.78") == ""
        assert checked(tmp_path, within, "peer 192.0.2.78").startswith("@own_peer")
        assert checked(tmp_path, within, "source 192.0.2.79").startswith("@source_address")
        subprocess.check_call(["ip", "netns", "exec", name, "sh", "-c", "echo 1 > /proc/sys/net/ipv4/ip_nonlocal_bind"])
        assert checked(tmp_path, within, "source 192.0.2.79") == ""
    finally:
        subprocess.check_call(["ip", "netns", "delete", name])


def test_k9_an_include_file_that_does_not_exist(tmp_path):
    (tmp_path / "there.conf").touch()
    assert checked(tmp_path, "include there.conf", "include %s/there.conf" % tmp_path) == ""
    assert checked(tmp_path, "include no.conf") == "@missing_include the include file %s/no.conf does not exist" % tmp_path


@pytest.fixture
def program():
    """A program on a path that only root can write."""
    if os.geteuid() != 0:
        pytest.skip("needs root, to own the path to the program")
    directory = "/opt/eucalyptus-ha-test-%d" % os.getpid()
    os.mkdir(directory)
    os.chmod(directory, 0o755)
    path = directory + "/check"
    with open(path, "w") as stream:
        stream.write("#!/bin/sh\n")
    os.chmod(path, 0o755)
    yield path
    shutil.rmtree(directory)


def test_a_good_program_is_not_found_fault_with(tmp_path, program):
    assert checked(tmp_path, "program root " + program) == ""
    assert checked(tmp_path, "program nobody " + program) == ""
    assert checked(tmp_path, "program root /bin/sh") == ""
    # Names without a path are looked up by keepalived.
    assert checked(tmp_path, "program root true") == ""


def test_k3_missing_notify_program(tmp_path, program):
    """Keepalived looks for the scripts of tracks and checks only, and not for those of notifications."""
    assert checked(tmp_path, "program root %s-none" % program) == "@missing_program %s-none does not exist" % program
    spaced = os.path.join(os.path.dirname(program), "a program")
    open(spaced, "w").close()
    assert checked(tmp_path, "program - " + spaced) == "@not_executable %s is not an executable file" % spaced


def test_k3_a_user_who_does_not_exist(tmp_path, program):
    """Keepalived ignores such a script, and prints nothing."""
    for nobody in ("nosuchuser", "3999999999", "9" * 30):
        assert checked(tmp_path, "program %s %s" % (nobody, program)) == (
            "@unknown_user there is no user %s, who is to run %s" % (nobody, program)
        )


def test_a_user_by_its_number_is_one(tmp_path, program):
    assert checked(tmp_path, "program 0 " + program) == "@not_executable %s cannot be executed by 0" % program


def test_a_program_that_cannot_be_executed_is_found(tmp_path, program):
    os.chmod(program, 0o644)
    assert checked(tmp_path, "program root " + program) == "@not_executable %s is not an executable file" % program
    os.chmod(program, 0o744)
    assert checked(tmp_path, "program nobody " + program) == "@not_executable %s cannot be executed by nobody" % program
    directory = os.path.dirname(program)
    assert checked(tmp_path, "program root " + directory) == "@not_executable %s is not an executable file" % directory


def test_a_path_that_others_can_write_is_found(tmp_path, program):
    directory = os.path.dirname(program)
    os.chmod(program, 0o757)
    assert checked(tmp_path, "program root " + program) == (
        "@insecure_program {0}, on the way to {0}, can be written by everyone".format(program)
    )
    os.chmod(program, 0o755)
    os.chmod(directory, 0o775)
    # The group root is no other.
    assert checked(tmp_path, "program root " + program) == ""
    os.chown(directory, 0, 1)
    assert checked(tmp_path, "program root " + program).endswith("can be written by its group")
    os.chmod(directory, 0o755)
    os.chown(directory, 1, 0)
    assert checked(tmp_path, "program root " + program).endswith("which root runs, belongs to another user")
    assert checked(tmp_path, "program - " + program).endswith("which root runs, belongs to another user")
    assert checked(tmp_path, "program nobody " + program) == ""


def test_a_link_is_followed(tmp_path, program):
    link = str(tmp_path / "link")
    os.symlink(program, link)
    os.chmod(program, 0o757)
    assert "can be written by everyone" in checked(tmp_path, "program root " + link)


def test_a_path_that_goes_away_meanwhile_is_no_error(tmp_path, program, monkeypatch):
    def gone(path):
        raise OSError(2, "No such file or directory")

    monkeypatch.setattr(_keepalived_config_test.os, "stat", gone)
    checks = _keepalived_config_test.Checks(run_command, str(tmp_path))
    checks._writable(program, "root", program)
    assert checks.found == []


def test_who_may_not_try_finds_nobody_able(monkeypatch):
    def refuse(user, argv):
        raise _as_user.UserError("only root may try")

    monkeypatch.setattr(_as_user, "run", refuse)
    assert _keepalived_config_test._may_execute("nobody", "/bin/sh") is False
