# SPDX-License-Identifier: GPL-3.0-or-later
"""docs/dev/architecture.svg is the picture of the code as it is, and the code keeps to its layers."""

from __future__ import annotations

import importlib.machinery
import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

REPO = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def architecture():
    loader = importlib.machinery.SourceFileLoader("architecture", str(REPO / "tools" / "architecture"))
    module = importlib.util.module_from_spec(importlib.util.spec_from_loader("architecture", loader))
    sys.modules["architecture"] = module
    loader.exec_module(module)
    yield module
    del sys.modules["architecture"]


def test_the_picture_is_that_of_the_code():
    done = subprocess.run([sys.executable, REPO / "tools" / "architecture", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


LAYERS = {
    "playbooks": {"roles", "action", "filter", "lookup", "modules"},
    "roles": {"roles", "action", "filter", "lookup", "modules"},
    "action": {"filter", "modules", "plugin_utils", "module_utils"},
    "filter": {"filter", "plugin_utils", "module_utils"},
    "lookup": {"plugin_utils", "module_utils"},
    "plugin_utils": {"plugin_utils", "module_utils"},
    # These go to the hosts, where the rest is not.
    "modules": {"module_utils"},
    "module_utils": {"module_utils"},
}


def test_nothing_uses_what_is_above_it(architecture):
    wrong = [
        f"{one.kind}/{one.name} uses {other.kind}/{other.name}"
        for one, other in architecture.arrows()
        if other.kind not in LAYERS[one.kind]
    ]
    assert wrong == []


def test_role_keepalived_knows_nothing_of_eucalyptus(architecture):
    """Neither do the plugins that it is made of."""
    ours = {"keepalived", "shared", "network"}
    wrong = [
        f"{one.kind}/{one.name} uses {other.kind}/{other.name}"
        for one, other in architecture.arrows()
        if one.subject == "keepalived" and other.subject not in ours
    ]
    assert wrong == []


FILES = {
    "playbooks/gateway.yml": (
        "- hosts: \"{{ lookup('eucalyptus.ha.cluster_hosts') }}\"\n  # eucalyptus.ha.vip_facts is not used here\n"
        "  tasks:\n    - include_role: {name: eucalyptus.ha.cc_gateway}\n"
    ),
    "roles/cc_gateway/tasks/main.yml": (
        "- name: Look\n  eucalyptus.ha.gateway_preflight:\n    text: \"{{ {} | eucalyptus.ha.vip_holder }}\"\n"
    ),
    "roles/cc_gateway/README.md": "eucalyptus.ha.run_lock",
    "roles/cc_gateway/meta/argument_specs.yml": "description: See eucalyptus.ha.run_lock.\n",
    "plugins/lookup/cluster_hosts.py": "",
    "plugins/modules/vip_facts.py": "from ansible_collections.eucalyptus.ha.plugins.module_utils._vip_facts import gather\n",
    "plugins/modules/run_lock.py": "",
    "plugins/filter/vip_holder.py": "from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _vip\nimport json\n",
    "plugins/action/gateway_preflight.py": "self._execute_module(module_name='eucalyptus.ha.vip_facts')\n",
    "plugins/plugin_utils/_vip.py": "",
    "plugins/module_utils/_vip_facts.py": "",
}


@pytest.fixture
def tree(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path


def test_includes_and_imports_are_found(architecture, tree):
    assert {(one.name, other.name) for one, other in architecture.arrows(tree)} == {
        ("gateway", "cluster_hosts"), ("gateway", "cc_gateway"), ("cc_gateway", "gateway_preflight"), ("cc_gateway", "vip_holder"),
        ("gateway_preflight", "vip_facts"), ("vip_facts", "_vip_facts"), ("vip_holder", "_vip"),
    }  # fmt: skip


def test_a_file_without_a_subject_is_named(architecture, tree):
    (tree / "plugins" / "filter" / "weather.py").write_text("")
    with pytest.raises(ValueError, match="filter/weather: no subject of tools/architecture"):
        architecture.picture(tree)
