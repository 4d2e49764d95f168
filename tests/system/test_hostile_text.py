# SPDX-License-Identifier: GPL-3.0-or-later
"""S2: templates in every text that others can write, on releases of ansible-core with the fault of CVE-2024-11079 and without.

The host is this machine, in namespaces of its own, with files under /etc and /run that say TEMPLATE wherever they can. First all modules
that return text of others, taken through expressions that lose the mark of such text on some releases. Then the playbooks. A template that
runs leaves a file named after its field. Text must be harmless on any release, so where the playbooks reject a release they are run
without that guard too.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter import _supported_core
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys

REPO = Path(__file__).resolve().parents[2]
IMPOSTOR = REPO / "tests/lab/impostor.py"
WON = "/run/won"
TEMPLATE = f"{{{{ lookup('pipe', 'mkdir -p {WON}; touch {WON}/FIELD') }}}}"
KINDS = ("services", "type", "reason", "fault", "location")
# Release and the Python that it runs with.
CORES = {"2.16.0": "3.11", "2.16.14": "3.11", "2.18.0": "3.11", "2.18.1": "3.11", "newest": "3.13"}
USER = "nobody"


def template(field: str) -> str:
    return TEMPLATE.replace("FIELD", field)


def python(version: str) -> str | None:
    """An interpreter of that version: pyenv's, or one on the path."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv")) / "versions"
    found = [str(path) for path in sorted(root.glob(f"{version}.*/bin/python{version}"))]
    return found[0] if found else shutil.which(f"python{version}")


@pytest.fixture(params=CORES, scope="module")
def core(request: pytest.FixtureRequest) -> Path:
    """The directory of a release's programs."""
    name = request.param
    interpreter = python(CORES[name])
    if not interpreter:
        pytest.skip(f"no Python {CORES[name]} here to run ansible-core {name} with")
    venv = REPO / ".cache/venvs" / f"hostile-{name}"
    if not (venv / ".done").exists():
        subprocess.run([interpreter, "-m", "venv", "--clear", venv], check=True)
        wanted = "ansible-core" if name == "newest" else f"ansible-core=={name}"
        subprocess.run(
            [venv / "bin/pip", "install", "--quiet", "--disable-pip-version-check", wanted,
             "--requirement", REPO / "meta/ee-requirements.txt"],
            check=True, capture_output=True,
        )  # fmt: skip
        (venv / ".done").touch()
    return venv / "bin"


def release(core: Path) -> str:
    out = subprocess.run([core / "ansible", "--version"], check=True, capture_output=True, text=True).stdout
    found = re.search(r"core ([0-9.a-z]+)", out)
    assert found, out
    return found[1]


def files(run: Path) -> dict[str, str]:
    """What the host has, by path below /etc and /run; the owner is nobody where EUCA_USER's files are."""
    # The check as its user can make it: a program that prints what that user likes.
    answer = {
        "definite": True, "local_state": "ENABLED", "enabled": True, "source": template("check-source"),
        "message": template("check-message"), "elapsed": 0.1, "remembered": False, template("check-key"): template("check-value"),
    }  # fmt: skip
    state = {
        "instance": template("state-instance"), "state": template("state-state"), "since": template("state-since"),
        "priority": template("state-priority"), "previous": template("state-previous"), "reason": template("state-reason"),
        "pid": template("state-pid"), template("state-key"): "x",
    }  # fmt: skip
    good = {"instance": "eucalyptus", "state": "MASTER", "since": "1", "reason": template("state-good-reason")}
    conf = {
        name: template(f"conf-{name}")
        for name in ("VNET_PRIVINTERFACE", "VNET_MODE", "VNET_PUBLICIPS", "EUCA_USER", "CC_PORT", "CC_ADDR", "NC_SERVICE")
    }
    return {
        "/etc/keepalived/keepalived.conf": f"""\
# eucalyptus.ha.keepalived
global_defs {{
    script_user {USER}
}}
vrrp_script cc_enabled {{
    script "/usr/bin/python3 /usr/libexec/keepalived/cc-enabled-check --cert {run}/garbage.pem"
}}
vrrp_instance eucalyptus {{
    interface lo
    virtual_router_id 45
    virtual_ipaddress {{
        10.0.0.10/32
    }}
}}
include {run}/{template("include")}
""",
        "/usr/libexec/keepalived/cc-enabled-check": f"print({json.dumps(answer)!r})\n",
        "/run/eucalyptus-ha/a.state": "".join(f"{key}={value}\n" for key, value in state.items()) + template("state-line"),
        "/run/eucalyptus-ha/eucalyptus.state": "".join(f"{key}={value}\n" for key, value in good.items()),
        f"/run/eucalyptus-ha/{template('state-name').replace('/', '_')}.state": "garbage",
        "/etc/eucalyptus-ha/maintenance": template("maintenance") + "\n",
        "/etc/eucalyptus/eucalyptus.conf": "".join(f'{name}="{value}"\n' for name, value in conf.items()),
        "/etc/eucalyptus/iptables-preload": f"# {template('preload')}\n*filter\nCOMMIT\n",
        "/run/eucalyptus-ha.lock": json.dumps(
            {"run": template("lock-run"), "what": template("lock-what"), "who": template("lock-who"), "since": 1e12, "longest": 9e9}
        ),
        f"{run}/garbage.pem": f"-----BEGIN CERTIFICATE-----\n{template('certificate')}\n-----END CERTIFICATE-----\n",
    }


# $1: where files and keys are; what follows is run. Nothing here outlives it.
STAGE = """\
set -e
ip link set lo up
mount -t tmpfs none /run
for place in etc usr/libexec; do
    mkdir -p /run/over/$place/up /run/over/$place/work
    mount -t overlay none -o lowerdir=/$place,upperdir=/run/over/$place/up,workdir=/run/over/$place/work /$place
done
mkdir -p /run/eucalyptus-ha /etc/eucalyptus /etc/eucalyptus-ha /etc/keepalived /usr/libexec/keepalived
# Not -a, which would give /tmp the mode that it has in there, and that outlives all of this.
cp -r "$1/files/." /
chown -R nobody /run/eucalyptus-ha /etc/eucalyptus
shift
exec "$@"
"""


class Host:
    """The hostile host, and a control node that asks it."""

    def __init__(self, folder: Path, guarded: bool) -> None:
        self.folder = folder
        for path, text in files(folder).items():
            place = folder / "files" / path.lstrip("/")
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")
        folder.chmod(0o755)
        keys.make(folder / "keys")
        # A copy of the collection: what git knows, so nothing of other tests.
        target = folder / "collections/ansible_collections/eucalyptus/ha"
        target.mkdir(parents=True)
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "plugins", "roles", "playbooks", "meta", "galaxy.yml"],
            cwd=REPO, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        for name in filter(None, listed.split("\0")):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            if (REPO / name).exists():
                shutil.copy(REPO / name, target / name)
        if not guarded:
            guard = target / "plugins/filter/_supported_core.py"
            text = guard.read_text(encoding="utf-8")
            assert "    if found:\n" in text
            guard.write_text(text.replace("    if found:\n", "    if False:\n"), encoding="utf-8")
        controller = {
            "ansible_connection": "local", "ansible_python_interpreter": "/usr/bin/python3", "ansible_become": False,
            "cc_gateway_vip": "10.0.0.10", "cc_gateway_address": "127.0.0.1", "cc_gateway_interface": "lo", "cc_gateway_verify": False,
            "cc_gateway_control_key": f"{folder}/keys/cloud-pk.pem", "cc_gateway_control_cert": f"{folder}/keys/cloud-cert.pem",
            "cc_gateway_control_cc_cert": f"{folder}/keys/cluster-cert.pem", "cc_gateway_preflight": {"listen_time": 0},
        }  # fmt: skip
        inventory = {"all": {"children": {"eucalyptus_cc": {"hosts": {"cc1": {}, "cc2": {}}, "vars": controller}, "eucalyptus_nc": {}}}}
        (folder / "inventory.json").write_text(json.dumps(inventory), encoding="utf-8")
        (folder / "modules.yml").write_text(MODULES, encoding="utf-8")

    def play(self, core: Path, playbook: str, *arguments: str, kinds: tuple[str, ...] = KINDS) -> tuple[int, str, list[str]]:
        """(exit status, output, fields whose template ran). Each kind of impostor has a port of its own, from 8774 on."""
        impostors = "".join(
            f"{sys.executable} {IMPOSTOR} --port {8774 + number} --text \"$(cat {self.folder}/text)\" {kind} > /run/ready.{number} &\n"
            f"until grep -qs ready /run/ready.{number}; do sleep 0.05; done\n"
            for number, kind in enumerate(kinds)
        )
        (self.folder / "text").write_text(TEMPLATE, encoding="utf-8")
        # The impostors end with the process namespace.
        run = f"{impostors}{core}/ansible-playbook \"$@\" < /dev/null; echo status=$?; ls {WON} 2>/dev/null | sed 's/^/ran=/'"
        done = subprocess.run(
            ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "--kill-child", "sh", "-c", STAGE, "sh", self.folder,
             "sh", "-c", run, "sh", "-i", self.folder / "inventory.json", playbook, *arguments],
            env={
                "PATH": f"{core}:{os.environ['PATH']}", "HOME": str(self.folder), "LC_ALL": "C.UTF-8",
                "ANSIBLE_COLLECTIONS_PATH": str(self.folder / "collections"), "ANSIBLE_LOCALHOST_WARNING": "false",
            },
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        found = re.search(r"^status=(\d+)$", done.stdout, re.MULTILINE)
        assert found, done.stdout + done.stderr
        return int(found[1]), done.stdout + done.stderr, re.findall(r"^ran=(.*)$", done.stdout, re.MULTILINE)


@pytest.fixture
def make_host() -> Iterator:
    with tempfile.TemporaryDirectory(prefix="hostile-") as name:
        before = Path(name).parent.stat().st_mode

        def make(guarded: bool = True) -> Host:
            folder = Path(name) / ("guarded" if guarded else "open")
            folder.mkdir()
            Path(name).chmod(0o755)
            return Host(folder, guarded)

        yield make
        assert Path(name).parent.stat().st_mode == before


# Every module that returns text of others, and the expressions that lose the mark. A command shows that they do.
MODULES = """\
- hosts: cc1
  gather_facts: false
  vars:
    controller: {host: 127.0.0.1, client_key: "{{ cc_gateway_control_key }}", client_cert: "{{ cc_gateway_control_cert }}"}
  tasks:
    - eucalyptus.ha.vip_facts:
      register: r_vip_facts
    - eucalyptus.ha.gateway_status_info: {controller: true, query: true, sources: {a: b}, vips: [10.0.0.10]}
      register: r_status
    - eucalyptus.ha.gateway_settings_info: {root: /, programs: []}
      register: r_settings
    - eucalyptus.ha.gateway_host_info:
        gateways: [{instance: eucalyptus, vip: 10.0.0.10, interface: lo, virtual_router_id: 45, address: 127.0.0.1}]
        listen_time: 0
        probe_timeout: 0
        user: nobody
        preload_file: /etc/eucalyptus/iptables-preload
        check_program: "{{ lookup('file', '/usr/libexec/keepalived/cc-enabled-check') }}"
        check_runs: [[]]
      register: r_host
    - eucalyptus.ha.client_keys_info: {client_key: "{{ playbook_dir }}/garbage.pem", client_cert: "{{ playbook_dir }}/garbage.pem"}
      register: r_keys
    - eucalyptus.ha.run_lock: {what: deploy, longest: 60}
      register: r_lock
      failed_when: false
    - eucalyptus.ha.safe_file: {path: /etc/eucalyptus/iptables-preload, content: "", as_owner: true, mode: "0644"}
      check_mode: true
      diff: true
      register: r_file
    - eucalyptus.ha.cc_service_info:
        host: 127.0.0.1
        port: "{{ item.0 }}"
        client_key: "{{ cc_gateway_control_key }}"
        client_cert: "{{ cc_gateway_control_cert }}"
        cc_cert: "{{ cc_gateway_control_cc_cert }}"
        verify_response: "{{ item.1 }}"
        timeout: 3
      vars:
        ansible_python_interpreter: "{{ ansible_playbook_python }}"
      loop: "{{ [8774, 8775, 8776, 8777, 8778] | product([true, false]) }}"
      register: r_cc
      failed_when: false
    - ansible.builtin.command: cat {{ playbook_dir }}/text
      register: r_command
      when: with_a_command | default(false) | bool
- hosts: localhost
  gather_facts: false
  tasks:
    - ansible.builtin.set_fact:
        one: "{{ ['cc1'] | map('extract', hostvars) | map(attribute=item, default={}) | list }}"
        two: "{{ dict(['cc1'] | zip(['cc1'] | map('extract', hostvars, item))) }}"
        three: "{{ ['cc1'] | map('extract', hostvars, item) | map('string') | join(' ') }}"
      loop: [r_vip_facts, r_status, r_settings, r_host, r_keys, r_lock, r_file, r_cc, r_command]
      register: facts
    - ansible.builtin.debug:
        msg: "{{ [one, two, three, facts] }}"
    - ansible.builtin.debug:
        msg: "{{ item.ansible_facts }}"
      loop: "{{ facts.results }}"
"""


def test_s2_no_module_returns_a_template(core: Path, make_host) -> None:
    host = make_host()
    status, output, ran = host.play(core, f"{host.folder}/modules.yml")
    assert status == 0, output
    # The texts were there, harmless: of a state file, the check, eucalyptus.conf, the lock, the controller.
    for field in ("state-reason", "check-message", "conf-VNET_MODE", "lock-who", "partition", "preload"):
        assert f"({{ lookup('pipe', 'mkdir -p {WON}; touch {WON}/{field}') }}}}" in output.replace('\\"', '"').replace("''", "'"), field
    assert ran == []


def test_s2_a_template_that_is_not_made_harmless_runs(core: Path, make_host) -> None:
    """What the test above is worth: a command's output runs on the releases that the playbooks reject.

    With map('string') it runs on 2.16.14 and 2.18.1 as well. From 2.19 on a text is no template unless it is trusted.
    """
    host = make_host()
    status, output, ran = host.play(core, f"{host.folder}/modules.yml", "-e", "with_a_command=true")
    assert status == 0, output
    assert ran == (["FIELD"] if tuple(map(int, release(core).split(".")[:2])) < (2, 19) else [])


# What root on a host can make of its interpreter: each text that a module returns becomes a template, or only those that are prose.
EVIL = """\
#!/usr/bin/python3
import json, os, re, subprocess, sys

done = subprocess.run(["/usr/bin/python3", *sys.argv[1:]], stdin=sys.stdin, capture_output=True, text=True)
kept = re.compile(PATTERN)

def worse(value, name):
    if isinstance(value, dict):
        return {key: worse(one, key) for key, one in value.items() if key != "invocation"}
    if isinstance(value, list):
        return [worse(one, name) for one in value]
    if isinstance(value, str) and not kept.fullmatch(value):
        return TEMPLATE.replace("FIELD", re.sub("[^A-Za-z_]", "", name))
    return value

try:
    print(json.dumps(worse(json.loads(done.stdout), "text")))
except ValueError:
    print(done.stdout, end="")
    print(done.stderr, end="", file=sys.stderr)
sys.exit(done.returncode)
"""
PROSE = {"every text": "", "prose": r"[A-Za-z0-9_./:-]*"}


@pytest.mark.parametrize("which", PROSE)
def test_s2_root_on_a_host_runs_nothing_on_the_control_node(core: Path, make_host, which: str) -> None:
    """No code of ours helps there, only ansible-core's mark: that is what the guard of the playbooks is for."""
    unsafe = _supported_core.problem(release(core))
    host = make_host()
    evil = host.folder / "evil"
    evil.write_text(EVIL.replace("PATTERN", repr(PROSE[which])).replace("TEMPLATE", repr(TEMPLATE)), encoding="utf-8")
    evil.chmod(0o755)
    for name in ("status", "gateway", "maintenance"):
        arguments = (*PLAYBOOKS[name], "-e", f"ansible_python_interpreter={evil}")
        _status, output, ran = host.play(core, f"eucalyptus.ha.{name}", *arguments)
        assert ("PLAY RECAP" in output) is not bool(unsafe), output
        assert ran == []


PLAYBOOKS = {
    "status": (),
    "status asked from the control node": ("-e", "cc_gateway_ask_from=control_node"),
    "gateway": ("--check", "--diff"),
    "maintenance": ("-e", "cc_gateway_maintenance=true", "--limit", "cc1"),
    "remove": ("--check", "-e", "cc_gateway_remove_confirm=true"),
}


@pytest.mark.parametrize("name", PLAYBOOKS)
def test_s2_no_template_runs_in_a_playbook(core: Path, make_host, name: str) -> None:
    playbook = f"eucalyptus.ha.{name.split(maxsplit=1)[0]}"
    if _supported_core.problem(release(core)):
        status, output, ran = make_host().play(core, playbook, *PLAYBOOKS[name])
        assert (status != 0, ran) == (True, [])
        assert "eucalyptus.ha: nothing was done. ansible-core must be" in output
        assert "PLAY RECAP" not in output
    host = make_host(guarded=False)
    _status, output, ran = host.play(core, playbook, *PLAYBOOKS[name])
    assert "PLAY RECAP" in output, output
    assert ran == []
