# SPDX-License-Identifier: GPL-3.0-or-later
"""The module vip_facts as Ansible runs it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("runs ansible-playbook", allow_module_level=True)

import json
import os
import subprocess
from pathlib import Path

import yaml
from ansible_collections.eucalyptus.ha.plugins.modules import vip_facts
from ansible_collections.eucalyptus.ha.tests.unit.plugins.module_utils import netns_lab
from ansible_collections.eucalyptus.ha.tests.unit.plugins.modules.return_paths import documented, returned

from .conftest import NEEDS_ANSIBLE, PLAYBOOK, module_arguments

ROOT = Path(__file__).resolve().parents[4]


def run(capsys, **params):
    """Run the module in this process -> what it prints."""
    with module_arguments(params), pytest.raises(SystemExit) as caught:
        vip_facts.main()
    result = json.loads(capsys.readouterr().out)
    assert bool(caught.value.code) == bool(result.get("failed"))
    return result


@pytest.mark.wall_clock
def test_it_returns_the_one_fact_and_changes_nothing(capsys):
    result = run(capsys, vips=["127.0.0.1"])
    assert list(result["ansible_facts"]) == ["eucalyptus_vip"]
    assert result["ansible_facts"]["eucalyptus_vip"]["vips"][0]["held"] is True
    assert not result.get("changed")


@pytest.mark.wall_clock
def test_check_mode_is_the_same(capsys):
    result = run(capsys, vips=["127.0.0.1"], _ansible_check_mode=True)
    assert result["ansible_facts"]["eucalyptus_vip"]["vips"][0]["held"] is True
    assert "skipped" not in result


@pytest.mark.wall_clock
@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"vips": ["gateway"]}, "vips: 'gateway' is not an IPv4 or IPv6 address. Give addresses such as 10.0.0.10 or fd00::10."),
        ({"vips": ["10.0.0.10"], "probe": True, "probe_timeout": 0}, "probe_timeout must be more than 0 and at most 60 seconds (got 0.0)"),
        ({"vips": ["10.0.0.10"], "probe": True, "probe_interface": "eth77"}, "probe_interface: this host has no interface eth77"),
        ({"vips": ["10.0.0.10"], "probe": True, "candidates": {"cc1": "cc1"}}, "candidates: cc1: 'cc1' is not an IPv4"),
        ({"vips": ["10.0.0.10"], "probe": True, "probe_interface": "lo"}, "lo is not an Ethernet interface"),
    ],
)
def test_errors_name_the_option(capsys, params, message):
    result = run(capsys, **params)
    assert result["failed"] is True
    assert message in result["msg"]


@netns_lab.NEEDS_ROOT
def test_what_is_documented_is_what_is_returned(tmp_path):
    """Every key of a full answer is in RETURN, and the other way round; samples have the form of the answers."""
    conf = tmp_path / "keepalived.conf"
    conf.write_text("vrrp_instance a {\nvirtual_ipaddress {\n10.0.0.10\n}\n}\n")
    network = netns_lab.Network("nc1", "cc1")
    try:
        network.ip("nc1", "addr", "add", "10.0.0.21/24", "dev", "eth0")
        facts = network.gather("nc1", vips=None, keepalived_conf=str(conf), probe=True, candidates={"cc1": "10.0.0.1"})
    finally:
        network.close()
    entries = documented(yaml.safe_load(vip_facts.RETURN)["ansible_facts"]["contains"])
    assert set(entries) == returned({"eucalyptus_vip": facts})
    for path in ("eucalyptus_vip.vips", "eucalyptus_vip.keepalived", "eucalyptus_vip.probe"):
        inner = {name[len(path) + 1 :] for name in entries if name.startswith("{}.".format(path))}
        assert returned(entries[path]["sample"]) == inner, path


def test_the_documented_options_are_those_of_the_module():
    options = yaml.safe_load(vip_facts.DOCUMENTATION)["options"]
    assert set(options) == {
        "vips", "keepalived_conf", "state_dir", "maintenance_file", "probe", "probe_interface", "probe_timeout", "candidates",
    }  # fmt: skip


PLAY = """
- name: Gather facts by the module
  hosts: localhost
  gather_facts: true
  vars:
    ansible_facts_modules:
{modules}
  module_defaults:
    eucalyptus.ha.vip_facts:
      vips:
        - 127.0.0.1/8
        - 127.0.0.10
  tasks:
    - name: Show what became of it
      ansible.builtin.debug:
        msg: "RESULT {{{{ {{'held': ansible_facts['eucalyptus_vip']['vips'] | map(attribute='held'),
          'setup': 'os_family' in ansible_facts, 'others': ansible_facts.keys() | select('match', 'eucalyptus')}} | to_json }}}}"
"""


@NEEDS_ANSIBLE
@pytest.mark.parametrize("modules", [["eucalyptus.ha.vip_facts"], ["ansible.builtin.setup", "eucalyptus.ha.vip_facts"]])
def test_it_works_as_one_of_the_facts_modules(tmp_path, modules):
    """With and without setup beside it, and with the options that a play gives to setup."""
    play = tmp_path / "play.yml"
    play.write_text(PLAY.format(modules="\n".join("      - {}".format(name) for name in modules)).replace(
        "gather_facts: true", "gather_facts: true\n  gather_subset: ['!all', '!min', 'distribution']\n  gather_timeout: 20"))  # fmt: skip
    (tmp_path / "ansible.cfg").write_text("[defaults]\n")
    environment = dict(
        os.environ,
        ANSIBLE_COLLECTIONS_PATH=str(ROOT / ".cache" / "collections"),
        ANSIBLE_LOCAL_TEMP=str(tmp_path / "local"),
        ANSIBLE_REMOTE_TEMP=str(tmp_path / "remote"),
        ANSIBLE_CONFIG=str(tmp_path / "ansible.cfg"),
    )
    done = subprocess.run(
        [PLAYBOOK, "-i", "localhost,", "-c", "local",
         "-e", "ansible_python_interpreter={}".format(sys.executable), str(play)],
        capture_output=True, text=True, timeout=120, check=False, env=environment, cwd=tmp_path,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    line = next(one for one in done.stdout.splitlines() if "RESULT" in one)
    result = json.loads(json.loads("{" + line.strip().rstrip(",") + "}")["msg"].removeprefix("RESULT "))
    assert result == {"held": [True, False], "setup": len(modules) == 2, "others": ["eucalyptus_vip"]}
