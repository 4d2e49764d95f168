# SPDX-License-Identifier: GPL-3.0-or-later
"""A private data directory for ansible-runner, laid out as AWX 24 lays out that of a job, and what came of the run.

As in awx/main/tasks/jobs.py: project/ is a copy of the project, with the collections of its requirements beside it in
requirements_collections/; inventory/hosts is a program that prints the inventory; env/ has extravars (survey answers and
AWX's own variables), envvars, the SSH key of the machine credential, and the files and variables of the custom credential.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lab import podman

from . import awx_rules as rules


@dataclass(frozen=True)
class Job:
    """A finished job: its exit code, what it printed, and what it hands on to the next node of a workflow."""

    status: int
    output: str
    artifacts: dict[str, Any]


@dataclass(frozen=True)
class Launch:
    """What a launch needs beside its answers."""

    project: Path
    collections: Path
    inventory: dict[str, Any]
    ssh_key: str
    credential: dict[str, str]
    injectors: dict[str, Any]


def lay_out(
    directory: Path,
    launch: Launch,
    template: dict[str, Any],
    answers: dict[str, Any],
    *,
    limit: str = "",
    root: str = "",
) -> None:
    """Write the directory of one job. `root` is its name where the job runs, if that is in a container."""
    root = root or str(directory)
    env = directory / "env"
    env.mkdir(parents=True, mode=0o700)
    shutil.copytree(launch.project, directory / "project")
    collections = f"{root}/requirements_collections"
    if root == str(directory):
        (directory / "requirements_collections").symlink_to(launch.collections)
    else:
        collections += ":/usr/share/ansible/collections"
    hosts = directory / "inventory" / "hosts"
    hosts.parent.mkdir()
    hosts.write_text(
        f"#! /usr/bin/env python3\n# -*- coding: utf-8 -*-\nprint({json.dumps(launch.inventory)!r})\n", encoding="utf-8"
    )
    hosts.chmod(0o500)
    environment, variables = rules.inject(launch.injectors, launch.credential, env, f"{root}/env")
    own = {
        "awx_job_id": 1,
        "awx_job_launch_type": "manual",
        "awx_job_template_name": template["name"],
        "awx_user_name": "admin",
    }
    own |= {key.replace("awx_", "tower_"): value for key, value in own.items()}
    write(
        env / "extravars",
        {**template.get("extra_vars", {}), **rules.answers_by_default(template["survey_spec"]), **answers, **own},
    )
    write(env / "tmpvars", variables)
    write(
        env / "envvars",
        {
            "ANSIBLE_FORCE_COLOR": "True", "ANSIBLE_HOST_KEY_CHECKING": "False", "ANSIBLE_INVENTORY_UNPARSED_FAILED": "True",
            "ANSIBLE_RETRY_FILES_ENABLED": "False", "MAX_EVENT_RES": "700000", "JOB_ID": "1", "INVENTORY_ID": "1",
            "ANSIBLE_COLLECTIONS_PATH": collections, "HOME": root, "ANSIBLE_LOCAL_TEMP": f"{root}/tmp",
            "PROJECT_REVISION": "f" * 40, **environment,
        },
    )  # fmt: skip
    (env / "ssh_key").write_text(launch.ssh_key, encoding="ascii")
    (env / "ssh_key").chmod(0o600)
    words = ["-u", "root", *(["-l", limit] if limit else []), "-e", f"@{root}/env/tmpvars"]
    (env / "cmdline").write_text(" ".join(words), encoding="utf-8")
    write(env / "settings", {"suppress_ansible_output": False, "idle_timeout": 0, "job_timeout": template["timeout"]})


def write(path: Path, data: Any) -> None:
    path.write_text(json.dumps(data), encoding="utf-8")
    path.chmod(0o600)


def run(directory: Path, playbook: str, runner: Path, ansible: Path) -> Job:
    """Run the playbook as AWX does, with the programs in those two directories."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("ANSIBLE_", "EUCALYPTUS_"))}
    done = subprocess.run(
        [runner / "ansible-runner", "run", directory, "-p", playbook, "--ident", "1"], text=True, check=False,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL,
        env={**kept, "PATH": f"{ansible}:{kept['PATH']}"},
    )  # fmt: skip
    return finished(directory, done.returncode, done.stdout)


def run_in_container(directory: Path, playbook: str, image: str) -> Job:
    """Run it in the execution environment, with its collection and its programs; the directory is /runner there."""
    done = podman(
        "run", "--rm", "--network", "host", "--user", "root", "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=10000:10000",
        "--volume", f"{directory}:/runner", image, "ansible-runner", "run", "/runner", "-p", playbook, "--ident", "1", check=False,
    )  # fmt: skip
    return finished(directory, done.returncode, done.stdout)


def finished(directory: Path, status: int, output: str) -> Job:
    artifacts: dict[str, Any] = {}
    for event in (directory / "artifacts" / "1" / "job_events").glob("*.json"):
        found = json.loads(event.read_text(encoding="utf-8"))
        if found["event"] == "playbook_on_stats":
            artifacts = found["event_data"].get("artifact_data", {})
    return Job(status, output, artifacts)
