# SPDX-License-Identifier: GPL-3.0-or-later
"""What the settings of a gateway are derived from on a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 6):
    pytest.skip("written for Python 3: pathlib, text and bytes", allow_module_level=True)

import os

from ansible_collections.eucalyptus.ha.plugins.module_utils import _gateway_facts

pytestmark = pytest.mark.wall_clock


def test_p11_the_interpreter_is_the_operating_systems_whoever_deploys(tmp_path):
    first, second = tmp_path / "python3", tmp_path / "python"
    second.write_text("", encoding="utf-8")
    second.chmod(0o755)
    assert _gateway_facts.python([str(first), str(second)]) == str(second)
    assert _gateway_facts.python([str(first)]) == sys.executable


@pytest.mark.parametrize(
    ("cmdline", "found"),
    [
        (b"/usr/bin/python3\0-s\0/usr/sbin/firewalld\0--nofork\0--nopid\0", True),
        (b"/usr/bin/python3\0/usr/bin/firewall-cmd\0", False),
        (b"grep\0-q\0-r\0-x\0firewalld\0", False),
        (b"", False),
    ],
)
def test_p3_firewalld_is_known_by_its_program(tmp_path, cmdline, found):
    (tmp_path / "12").mkdir()
    (tmp_path / "12" / "cmdline").write_bytes(cmdline)
    (tmp_path / "13").mkdir()
    assert _gateway_facts.firewalld(str(tmp_path)) is found


def test_gather(tmp_path):
    conf = tmp_path / "etc" / "eucalyptus"
    conf.mkdir(parents=True)
    (conf / "eucalyptus.conf").write_text('CC_PORT="8775"\nVNET_MODE=MANAGED\n', encoding="utf-8")
    (conf / "eucalyptus.local.conf").write_text("CC_PORT=8776\n", encoding="utf-8")
    found = _gateway_facts.gather(str(tmp_path), [str(conf), str(tmp_path / "none")])
    assert found["conf"] == {"CC_PORT": "8776", "VNET_MODE": "MANAGED"}
    assert [os.path.basename(path) for path in found["conf_files"]] == ["eucalyptus.local.conf", "eucalyptus.conf"]
    assert "127.0.0.1/8" in found["interfaces"]["lo"]
    assert found["missing"] == [str(tmp_path / "none")]
