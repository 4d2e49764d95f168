# SPDX-License-Identifier: GPL-3.0-or-later
"""EXAMPLES can be copied: every variable comes from somewhere, every option exists, filters do what they are shown to do."""

from __future__ import annotations

import ast
import base64
import json
import os
import re
import subprocess
import sys
from pathlib import Path

import jinja2
import jinja2.nodes
import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]
FACT = {
    "vips": [{"vip": "10.0.0.10", "held": True, "interface": "eth0"}],
    "keepalived": {"running": True},
    "probe": None,
}
MOVES = {
    "begin": 1.0,
    "end": 9.0,
    "initial": {"10.0.0.10": True},
    "moves": [{"vip": "10.0.0.10", "at": 3.0, "held": False}],
}
TAKEN = {
    "begin": 1.0,
    "end": 9.0,
    "initial": {"10.0.0.10": False},
    "moves": [{"vip": "10.0.0.10", "at": 3.1, "held": True}],
}
SEEN = {"begin": 1.0, "end": 9.0, "interval": 0.05, "samples": {"VIP": [[2.0, 0.001]]}, "answers": [], "clocks": {}}


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def slurped(text: str) -> dict:
    return {"content": encoded(text)}


# What the earlier tasks of an example register, and other hosts have.
HOSTVARS = {
    "cc1": {"ansible_facts": {"eucalyptus_vip": FACT}, "recorded": MOVES},
    "cc2": {"ansible_facts": {"eucalyptus_vip": dict(FACT, vips=[])}, "recorded": TAKEN},
    "nc1": {"ansible_facts": {}, "recording": SEEN},
}
REGISTERED = {
    "_gateway_programs": {"__cc_gateway": {"python": "/usr/bin/python3", "user": "eucalyptus", "connections": None}},
    "check_answer": {
        "check": {"rc": 0, "stdout": '{"local_state": "ENABLED", "enabled": true, "definite": true, "message": "m"}'}
    },
    "eucalyptus_conf": {"eucalyptus_conf": slurped('VNET_PRIVINTERFACE="eth1"\n')},
    "keepalived_diff": {"there": slurped("global_defs {\n    router_id old\n}\n")},
    "keepalived_verdict": {"config_test": {"rc": 4, "stdout": "", "stderr": "Unknown keyword 'x'"}},
    "_maintenance_problems": {"answers": {"cc1": {"vips": [{"configured": True}]}, "cc2": {}}},
    "_run_summary": {"hostvars": {"cc1": {}, "cc2": {}}},
    "_group_problems": {"groups": {"all": ["nc1"], "eucalyptus_nc": ["nc1"]}},
}
# A word of what must come out.
SHOWS = {
    "_gateway_programs": "/usr/libexec/keepalived/cc-enabled-check",
    "_maintenance_problems": "cc2",
    "_run_summary": "cc1",
    "_drill_problems": "must have two hosts",
    "_supported_core": "cc1",
    "_status_evidence": "certificate_warn_days",
    "_status_plan": "which does not exist",
    "check_answer": "ENABLED",
    "drill_report": "cc2",
    "eucalyptus_conf": "eth1",
    "gateway_config": "virtual_router_id 45",
    "gateway_problems": "cc_gateway_vip",
    "gateway_report": "eucalyptus_gateway_severity",
    "gateway_verdict": "cc1 is ENABLED and holds",
    "iptables_preload": "-j MASQUERADE",
    "keepalived_conf": "router_id cc1",
    "keepalived_diff": "router_id cc1",
    "keepalived_file_changes": "/etc/sysctl.d/60-keepalived.conf",
    "keepalived_host_checks": "10.0.0.2",
    "keepalived_problems": "EQUAL",
    "keepalived_verdict": "Unknown keyword",
    "_group_problems": "Did you mean eucalyptus_nc?",
    "vip_holder": "cc1",
}
# Ansible itself has these, or the inventory has.
ALWAYS = {
    "groups", "hostvars", "ansible_play_hosts", "ansible_play_hosts_all", "inventory_hostname", "ansible_host", "omit", "lookup", "now",
    "role_path",
}  # fmt: skip


def documentation(path: Path) -> dict[str, str]:
    found = {}
    for node in ast.parse(path.read_text(encoding="utf-8")).body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        ):
            found[node.targets[0].id] = node.value.value
    return {name: found[name] for name in ("DOCUMENTATION", "EXAMPLES", "RETURN")}


PLUGINS = {path.stem: path for kind in ("filter", "modules") for path in sorted((ROOT / "plugins" / kind).glob("*.py"))}
FILTERS = sorted(name for name, path in PLUGINS.items() if path.parent.name == "filter")
MODULES = sorted(set(PLUGINS) - set(FILTERS))


def tasks(name: str) -> list[dict]:
    found = yaml.safe_load(documentation(PLUGINS[name])["EXAMPLES"])
    return [task for entry in found for task in entry.get("tasks", [entry])]


def options(name: str) -> set[str]:
    """The options of a module, those of its doc fragments too."""
    spec = yaml.safe_load(documentation(PLUGINS[name])["DOCUMENTATION"])
    found = set(spec.get("options") or {})
    for fragment in spec.get("extends_documentation_fragment", []):
        file, dummy, section = fragment.removeprefix("eucalyptus.ha.").partition(".")
        text = (ROOT / "plugins" / "doc_fragments" / f"{file}.py").read_text(encoding="utf-8")
        body = re.search(rf'\b{(section or "documentation").upper()} = r"""(.*?)"""', text, re.DOTALL)
        found |= set(yaml.safe_load(body.group(1)).get("options") or {})
    return found


def used(value: object) -> set[str]:
    """The names of variables in all templates of a value."""
    if isinstance(value, dict):
        return set().union(*map(used, value.values())) if value else set()
    if isinstance(value, list):
        return set().union(*map(used, value)) if value else set()
    if not isinstance(value, str) or "{{" not in value:
        return set()
    # jinja2.meta would want to know the filters.
    tree = jinja2.Environment(autoescape=True).parse(value)
    return {name.name for name in tree.find_all(jinja2.nodes.Name) if name.ctx == "load"}


@pytest.mark.parametrize("name", sorted(PLUGINS))
def test_every_variable_of_an_example_comes_from_somewhere(name):
    registered = set()
    for task in tasks(name):
        bare = [f"{{{{ {task[word]} }}}}" for word in ("when", "until") if word in task]
        unknown = (used(task) | used(bare)) - set(task.get("vars", {})) - registered - ALWAYS - set(REGISTERED.get(name, {}))
        # Its own result is what a task is done again for.
        unknown -= {task["register"]} if "until" in task else set()
        # A name from a vault is the site's own.
        assert {one for one in unknown if not one.startswith("vault_")} == set(), task["name"]
        registered.add(task.get("register"))


@pytest.mark.parametrize("name", MODULES)
def test_an_example_names_only_options_that_exist(name):
    calls = [task[f"eucalyptus.ha.{name}"] or {} for task in tasks(name) if f"eucalyptus.ha.{name}" in task]
    assert calls
    for call in calls:
        assert set(call) <= options(name)


# In a process of its own: Ansible finds a collection's filters only where nobody has imported the collection before.
TEMPLATE = """
import json, sys
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar
try:
    from ansible.template import trust_as_template
except ImportError:  # before ansible-core 2.19 every text was a template
    trust_as_template = str

def trusted(value):
    if isinstance(value, dict):
        return {name: trusted(inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [trusted(inner) for inner in value]
    return trust_as_template(value) if isinstance(value, str) else value

init_plugin_loader()
shown = {}
for name, (text, own, given) in json.load(sys.stdin).items():
    try:
        shown[name] = str(Templar(loader=DataLoader(), variables={**given, **trusted(own)}).template(trusted(text)))
    except Exception as error:
        shown[name] = f"failed: {error}"
json.dump(shown, sys.stdout)
"""


@pytest.fixture(scope="module")
def shown() -> dict[str, str]:
    """What the last task of each filter's example shows or writes."""
    given = {}
    for name in FILTERS:
        task = tasks(name)[-1]
        action = next(task[word] for word in task if word.startswith("ansible.builtin."))
        before = {"hostvars": HOSTVARS, "groups": {}, "ansible_play_hosts": [], "ansible_play_hosts_all": [], **REGISTERED.get(name, {})}
        given[name] = [action.get("msg", action.get("content")), task.get("vars", {}), before]
    ran = subprocess.run(
        [sys.executable, "-c", TEMPLATE],
        input=json.dumps(given),
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache" / "collections")},
    )
    return json.loads(ran.stdout)


@pytest.mark.parametrize("name", FILTERS)
def test_a_filter_does_what_its_example_shows(name, shown):
    assert SHOWS[name] in shown[name]
    assert not shown[name].startswith("failed: ")
