# SPDX-License-Identifier: GPL-3.0-or-later
"""The modules of role keepalived: their options reach what does the work, and its results come back."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os

import pytest
import yaml
from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_process, _keepalived_unit
from ansible_collections.eucalyptus.ha.plugins.modules import (
    keepalived_config_test,
    keepalived_host_info,
    keepalived_wait,
)


@pytest.fixture
def host(programs, tmp_path, monkeypatch):
    monkeypatch.setattr(_keepalived_process, "SYSTEM_PATH", (programs.directory,))
    monkeypatch.setattr(_keepalived_unit, "PENDING", str(tmp_path / "pending"))
    programs.add("systemctl", u'[ "$2" = vrrp ] && echo ActiveState=active || echo ActiveState=failed')
    programs.add("journalctl", u"echo it ended")
    return programs


def test_what_is_on_the_host(run_module, host, tmp_path):
    (tmp_path / "pending").touch()
    result = run_module(keepalived_host_info, unit="vrrp", files=[str(tmp_path / "none" / "keepalived.conf"), "/etc/passwd"])
    seen = result["seen"]
    assert (seen["version"], seen["ActiveState"], seen["waiting"]) == ("", "active", "together")
    assert seen["/etc/passwd"].endswith(" root root")
    assert set(yaml.safe_load(keepalived_host_info.RETURN)) == {"seen"}


def test_a_configuration_is_tested_by_keepalived_and_by_the_host(run_module, host, tmp_path):
    host.add("keepalived", u'cat "${2#--use-file=}"; exit 5')
    options = {"path": str(tmp_path / "keepalived.conf"), "content": u"some text", "checks": ["include no.conf"]}
    finding = "@missing_include the include file %s/no.conf does not exist" % tmp_path
    result = run_module(keepalived_config_test, **options)
    # What may hold passwords is masked.
    assert (result["rc"], result["stdout"], result["stderr"]) == (5, "********\n" + finding, "")
    result = run_module(keepalived_config_test, config_test=False, **options)
    assert (result["rc"], result["stdout"]) == (0, finding)


@pytest.mark.skipif(not os.path.isdir("/proc/1"), reason="needs /proc, where nobody can make files")
def test_a_copy_that_cannot_be_made_is_no_verdict(run_module, host):
    result = run_module(keepalived_config_test, path="/proc/1/keepalived.conf", content=u"some text")
    assert result["rc"] == 70
    assert result["stderr"]


def test_waiting(run_module, host):
    assert not run_module(keepalived_wait, unit="vrrp", timeout=1).get("failed")
    result = run_module(keepalived_wait, unit="keepalived", timeout=1)
    assert result["failed"]
    assert result["msg"] == "keepalived is not active: ActiveState=failed\nit ended\n"
    assert not run_module(keepalived_wait, unit="keepalived", timeout=1, _ansible_check_mode=True).get("failed")
