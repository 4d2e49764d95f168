# SPDX-License-Identifier: GPL-3.0-or-later
"""A compromised EUCA_USER, and somebody with an account on the host, against the roles: 200 tries of each kind, 0 wins, 0 hangs.

On each cluster controller's host run two adversaries (tests/lab/adversary.py): EUCA_USER exchanges files and directories of its
own for links, FIFOs and second names while root works there, and mallory, who has no rights at all, reads whatever becomes readable.
On one host mallory also answers on port 8774 (tests/lab/impostor.py). ADVERSARY_TRIES sets another number of tries.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import Cluster
from system_helpers import wait_for

HERE = Path(__file__).resolve().parent
TRIES = int(os.environ.get("ADVERSARY_TRIES", "200"))
HOSTS = ("cc1", "cc2")
LIMIT = 60  # seconds for one task
PLAYBOOK_LIMIT = 600
IMPOSTOR = "python3 /opt/impostor.py --text '{{ 7 * 191 }}'"
# Root's own, in all the forms in which something of EUCA_USER's is read: of a state file, of eucalyptus.conf, of a key, of a preload file.
MARK = "SECRET-OF-ROOT"
SECRET = f"""\
instance={MARK}
state=MASTER
since=1
reason={MARK}
VNET_PRIVINTERFACE="{MARK}"
# {MARK}
-----BEGIN CERTIFICATE-----
{MARK}
-----END CERTIFICATE-----
*filter
COMMIT
"""
# What is done again and again: each as a role does it, on both hosts.
TASKS = """\
- name: keys
  ansible.builtin.include_role:
    name: eucalyptus.ha.cc_gateway
    tasks_from: keys
  vars:
    cc_gateway_client_key_content: "{{ '# ' ~ number ~ '\\n' ~ lookup('file', keys ~ '/cloud-pk.pem') }}"
    cc_gateway_client_cert_content: "{{ lookup('file', keys ~ '/cloud-cert.pem') }}"
    keepalived_secure_logging: false
    __cc_gateway: {gid: "{{ gid }}"}
- name: preload file
  eucalyptus.ha.safe_file:
    path: /etc/eucalyptus/iptables-preload
    content: "{{ ('# ' ~ number ~ '\\n*filter\\nCOMMIT\\n') | b64encode }}"
    mode: "0644"
    as_owner: true
  register: r_preload
  timeout: LIMIT
  failed_when: false
- name: preload file, read
  eucalyptus.ha.safe_file: {path: /etc/eucalyptus/iptables-preload, state: read}
  register: r_preload_read
  timeout: LIMIT
  failed_when: false
- name: run directory, removed and made again
  eucalyptus.ha.safe_file: {path: /run/eucalyptus-ha, state: absent}
  register: r_remove
  timeout: LIMIT
  failed_when: false
- name: run directory
  ansible.builtin.file: {path: /run/eucalyptus-ha, state: directory, owner: eucalyptus, group: root, mode: "0755"}
  register: r_directory
  timeout: LIMIT
  failed_when: false
- name: settings
  eucalyptus.ha.gateway_settings_info: {root: /, programs: []}
  register: r_settings
  timeout: LIMIT
  failed_when: false
- name: status
  eucalyptus.ha.gateway_status_info: {controller: true, query: true, sources: {}, vips: [192.0.2.1]}
  register: r_status
  timeout: LIMIT
  failed_when: false
- name: keys of the controller
  eucalyptus.ha.client_keys_info: {user: eucalyptus}
  register: r_keys
  timeout: LIMIT
  failed_when: false
- name: what came of it
  ansible.builtin.debug:
    msg: >-
      RESULT {{ [r_preload, r_preload_read, r_remove, r_directory, r_settings, r_status, r_keys] | to_json }}
""".replace("LIMIT", str(LIMIT))
PLAY = """\
- hosts: eucalyptus_cc
  gather_facts: false
  tasks:
    - name: The group of EUCA_USER
      ansible.builtin.command: id -g eucalyptus
      register: id
    - ansible.builtin.include_tasks: tries.yml
      loop: "{{ range(tries | int) | list }}"
      loop_control: {loop_var: number}
      vars: {gid: "{{ id.stdout }}"}
"""
# What EUCA_USER exchanges, or may.
FILES = "/etc/eucalyptus /var/lib/eucalyptus/CC /var/lib/eucalyptus/keys"
# As the role did it before: by path, in a directory of EUCA_USER's.
BY_PATH = """\
- hosts: cc1
  gather_facts: false
  tasks:
    - ansible.builtin.copy:
        {dest: /var/lib/eucalyptus/CC/attacked/file, content: "{{ item }}", owner: eucalyptus, group: root, mode: "0600"}
      loop: "{{ range(tries | int) | list }}"
      timeout: 20
      failed_when: false
"""


class Adversaries:
    """Two on each host; what they are after, and what they got."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        for host in HOSTS:
            for name in ("adversary", "impostor"):
                text = (HERE.parent / "lab" / f"{name}.py").read_text(encoding="utf-8")
                cluster.lab.exec(host, "sh", "-c", f"cat > /opt/{name}.py", input=text)
            cluster.sh(host, "id mallory >/dev/null 2>&1 || useradd --system --no-create-home mallory")
            # As Eucalyptus' packages have it.
            cluster.sh(host, "chown eucalyptus:eucalyptus /etc/eucalyptus /var/lib/eucalyptus/CC /var/lib/eucalyptus/keys")
            self.hide_secret(host)
        self.before = {host: self.secret(host) for host in HOSTS}

    def hide_secret(self, host: str) -> None:
        make = "rm -rf /root/secret; umask 077; mkdir /root/secret; cd /root/secret; cat > file; ln file kept; ln file x.state"
        self.cluster.lab.exec(host, "sh", "-c", make, input=SECRET)

    def secret(self, host: str) -> str:
        # Second names that the adversary may have made change the number of links alone.
        look = "stat -c '%n %U %G %a' . * /etc/shadow /etc/passwd && sha256sum *"
        return self.cluster.sh(host, f"cd /root/secret && {look}")

    @contextlib.contextmanager
    def at_work(self, *swapped: str, watched: tuple[str, ...] = ()) -> Iterator[dict[str, dict[str, int]]]:
        """EUCA_USER exchanges `swapped`, and both watch `watched`. At the end the dict has their counts, by host and user.

        Afterwards all of EUCA_USER's files are there again: a FIFO in their place would stop whoever reads it, the stand-ins of this
        lab too.
        """
        counts: dict[str, dict[str, int]] = {}
        processes: dict[tuple[str, str], subprocess.Popen[str]] = {}
        numbers = {}
        for host in HOSTS:
            self.cluster.sh(host, f"tar -cf /root/kept.tar {FILES}")
            for user in ("eucalyptus", "mallory"):
                words = [f"--swap={file}" for file in swapped if user == "eucalyptus"] + [f"--watch={folder}" for folder in watched]
                processes[host, user] = subprocess.Popen(
                    ["podman", "exec", "-i", self.cluster.lab.container(host), "runuser", "-u", user, "--",
                     "python3", "/opt/adversary.py", "--target=/root/secret/file", "--marker=PRIVATE KEY", *words],
                    stdout=subprocess.PIPE, text=True,
                )  # fmt: skip
        for key, process in processes.items():
            assert process.stdout
            numbers[key] = int(process.stdout.readline().removeprefix("ready "))
        try:
            yield counts
        finally:
            for (host, user), process in processes.items():
                self.cluster.sh(host, f"kill {numbers[host, user]}")
                output, _errors = process.communicate(timeout=60)
                counts[f"{host} {user}"] = json.loads(output.splitlines()[-1])
            for host in HOSTS:
                self.cluster.sh(host, f"rm -rf {' '.join(swapped)}; tar -xf /root/kept.tar --recursive-unlink")

    def won(self) -> list[str]:
        """What the adversaries got that was root's."""
        return [host for host in HOSTS if self.secret(host) != self.before[host]]


@pytest.fixture(scope="module")
def adversaries(cluster: Cluster) -> Adversaries:
    return Adversaries(cluster)


def played(cluster: Cluster, playbook: str, *arguments: str, limit: int = PLAYBOOK_LIMIT) -> tuple[int, str]:
    """As Cluster.play, with a limit: a run that hangs is killed, and fails the test."""
    done = subprocess.run(
        ["timeout", "--kill-after=10", str(limit), *cluster._command(playbook, *arguments)["args"]],
        cwd=HERE.parents[1], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False,
        env={**os.environ, "ANSIBLE_NOCOLOR": "1", "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
    )  # fmt: skip
    assert done.returncode not in (124, 137), f"{playbook} hung:\n{done.stdout[-3000:]}"
    return done.returncode, done.stdout


def report(name: str, line: dict) -> None:
    folder = HERE.parents[1] / "build"
    folder.mkdir(exist_ok=True)
    with (folder / "adversary.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(json.dumps({"what": name, **line}) + "\n")


def test_s1_what_the_roles_do_again_and_again(cluster: Cluster, adversaries: Adversaries, tmp_path: Path) -> None:
    """Change of keys, preload file, removal of the run directory, eucalyptus.conf, status."""
    (tmp_path / "tries.yml").write_text(TASKS, encoding="utf-8")
    (tmp_path / "play.yml").write_text(PLAY, encoding="utf-8")
    rounds = max(TRIES // len(HOSTS), 1)
    swapped = ("/etc/eucalyptus/iptables-preload", "/etc/eucalyptus/eucalyptus.local.conf", "/run/eucalyptus-ha/x.state",
               "/var/lib/eucalyptus/keys/cloud-pk.pem")  # fmt: skip
    watched = ("/etc/eucalyptus-ha", "/etc/eucalyptus-ha/keys", "/etc/eucalyptus", "/run/eucalyptus-ha", "/run", "/tmp")
    with adversaries.at_work(*swapped, watched=watched) as counts:
        status, output = played(
            cluster, str(tmp_path / "play.yml"), "-e", json.dumps({"tries": rounds, "keys": str(cluster.lab.dir / "keys")}),
            limit=PLAYBOOK_LIMIT + rounds * LIMIT,
        )  # fmt: skip
    results = [json.loads(json.loads(found)[7:]) for found in re.findall(r'"msg": ("RESULT .*")', output)]
    hangs = [result["msg"] for one in results for result in one if "timed out" in str(result.get("msg", "")).lower()]
    report("roles' tasks", {"tries": len(results), "wins": len(adversaries.won()), "hangs": len(hangs), "adversaries": counts})
    assert status == 0, output[-3000:]
    assert len(results) == rounds * len(HOSTS)
    assert adversaries.won() == []
    assert hangs == []
    assert MARK not in output
    for host in HOSTS:
        assert counts[f"{host} eucalyptus"]["swaps"] > TRIES
        assert counts[f"{host} mallory"]["leaked"] == 0


def test_the_adversary_wins_against_copy(cluster: Cluster, adversaries: Adversaries, tmp_path: Path) -> None:
    """What the tests here are worth: Ansible's copy, by path, gives it a file of root's within a few tries."""
    (tmp_path / "play.yml").write_text(BY_PATH, encoding="utf-8")
    for host in HOSTS:
        cluster.sh(host, "install -d -o eucalyptus -g eucalyptus -m 0700 /var/lib/eucalyptus/CC/attacked")
    with adversaries.at_work("/var/lib/eucalyptus/CC/attacked/file"):
        for _attempt in range(20):
            status, output = played(cluster, str(tmp_path / "play.yml"), "-e", "tries=10")
            assert status == 0, output
            if adversaries.won():
                break
    assert adversaries.won() == ["cc1"]
    # As it was, for the other tests.
    adversaries.hide_secret("cc1")
    assert adversaries.won() == []


def test_whole_runs(cluster: Cluster, adversaries: Adversaries, tmp_path: Path) -> None:
    """First deployment, change of keys, route of the node controller, status with an impostor, removal."""
    keys = {name: (cluster.lab.dir / "keys" / f"cloud-{name}.pem").read_text(encoding="utf-8") for name in ("pk", "cert")}

    def deploy(number: int) -> tuple[str, ...]:
        given = {"cc_gateway_client_key_content": f"# {number}\n{keys['pk']}", "cc_gateway_client_cert_content": keys["cert"],
                 "cc_gateway_check_source": "soap"}  # fmt: skip
        file = tmp_path / f"keys-{number}.json"
        file.write_text(json.dumps(given), encoding="utf-8")
        return "gateway", "-e", f"@{file}"

    page = tmp_path / "status.html"
    steps = [
        deploy(1),
        deploy(2),
        ("nc_route",),
        ("status", "-e", json.dumps({"cc_gateway_status_html": str(page), "cc_gateway_status_json": str(tmp_path / "status.json")})),
        ("remove", "-e", "cc_gateway_remove_confirm=true"),
    ]
    # Not in /etc/eucalyptus: a link there is an error in the first step, as the first test shows.
    swapped = ("/run/eucalyptus-ha/x.state", "/var/lib/eucalyptus/keys/cloud-pk.pem")
    watched = ("/etc/eucalyptus-ha", "/etc/keepalived", "/run", "/tmp", "/var/backups")
    with adversaries.at_work(*swapped, watched=watched) as counts:
        outputs = []
        for number, (playbook, *arguments) in enumerate(steps):
            impostor = playbook == "status"
            if impostor:
                cluster.sh("cc2", "systemctl stop cc-simulator")
                cluster.sh("cc2", f"runuser -u mallory -- {IMPOSTOR} > /tmp/impostor 2>&1 < /dev/null &")
                wait_for(lambda: "ready" in cluster.sh("cc2", "cat /tmp/impostor"))
            status, output = played(cluster, playbook, *arguments)
            outputs.append(output)
            if impostor:
                assert "1337" not in output
                cluster.sh("cc2", "kill $(sed -n 's/^ready //p' /tmp/impostor); systemctl start cc-simulator")
            else:
                assert status == 0, f"step {number}:\n{output}"
    report("whole runs", {"tries": len(steps), "wins": len(adversaries.won()), "hangs": 0, "adversaries": counts})
    assert adversaries.won() == []
    written = page.read_text(encoding="utf-8") + (tmp_path / "status.json").read_text(encoding="utf-8")
    for text in (*outputs, written):
        assert MARK not in text
        assert "PRIVATE KEY" not in text
    for host in HOSTS:
        assert counts[f"{host} mallory"]["leaked"] == 0
        assert counts[f"{host} mallory"]["seen"] > 0
