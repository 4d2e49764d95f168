# SPDX-License-Identifier: GPL-3.0-or-later
"""Each job template as AWX runs it: by ansible-runner, from a private data directory like AWX's, on a lab.

The tests build on each other, in this order, on one lab, from a pair without a gateway to one without it again.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from lab import Lab, podman

from .conftest import PROJECT, REPO, load
from .private_data import Job, Launch, lay_out, run, run_in_container

# Beside the Python that runs the tests: with what cc_service_info needs.
PROGRAMS = Path(sys.executable).parent


@dataclass
class Site:
    """The lab as AWX sees it, and the jobs that ran on it."""

    lab: Lab
    launch: Launch
    runner: Path
    room: Path
    templates: dict[str, dict]
    jobs: list[str] = field(default_factory=list)

    def job(self, name: str, limit: str = "", **answers) -> Job:
        self.jobs.append(name)
        directory = self.room / f"{len(self.jobs)}-{name.replace(' ', '-')}"
        template = self.templates[name]
        lay_out(directory, self.launch, template, answers, limit=limit)
        return run(directory, template["playbook"], self.runner, PROGRAMS)

    def holders(self) -> list[str]:
        vip = self.launch.inventory["eucalyptus_cc"]["vars"]["cc_gateway_vip"]
        return [h for h in ("cc1", "cc2") if f" {vip}/" in self.lab.exec(h, "ip", "-o", "-4", "address", "show").stdout]


def inventory_of(lab: Lab) -> dict:
    """The lab's inventory as AWX would have it: without the keys and paths of this machine, which credentials give instead."""
    done = subprocess.run(
        [PROGRAMS / "ansible-inventory", "-i", lab.inventory, "--list", "--export"],
        check=True,
        capture_output=True,
        text=True,
    )
    found = json.loads(done.stdout)
    for name in [
        n for n in found["all"]["vars"] if n.startswith("ansible_ssh_") or n == "ansible_user" or n.startswith("lab_")
    ]:
        del found["all"]["vars"][name]
    for name in [n for n in found["eucalyptus_cc"]["vars"] if n.startswith("cc_gateway_control_")]:
        del found["eucalyptus_cc"]["vars"][name]
    assert found["eucalyptus_cc"]["vars"]["cc_gateway_ask_from"] == "control_node"
    return found


def galaxy(*words: str | Path) -> None:
    subprocess.run([PROGRAMS / "ansible-galaxy", "collection", *words], check=True, cwd=REPO, capture_output=True)


@pytest.fixture(scope="module")
def site(full_venv, tmp_path_factory) -> Iterator[Site]:
    room = tmp_path_factory.mktemp("awx")
    galaxy("build", "--output-path", room)
    # --force: the tree itself, on the path that the Makefile sets, would pass for an installation of the same release.
    galaxy("install", "--force", *room.glob("*.tar.gz"), "-p", room / "collections")
    assert (room / "collections/ansible_collections/eucalyptus/ha/playbooks/status.yml").is_file()
    lab = Lab("awx")
    lab.down()
    lab.up("bookworm")
    try:
        keys = {
            name: (lab.dir / "keys" / f"{name}.pem").read_text(encoding="ascii")
            for name in ("cloud-cert", "cloud-pk", "cluster-cert")
        }
        (kind,) = load(PROJECT / "config" / "access.yml")["awx_credential_types"]
        launch = Launch(
            project=PROJECT,
            collections=room / "collections",
            inventory=inventory_of(lab),
            ssh_key=(lab.dir / "id_ed25519").read_text(encoding="ascii"),
            credential={
                "client_cert": keys["cloud-cert"],
                "client_key": keys["cloud-pk"],
                "cc_cert": keys["cluster-cert"],
                "vrrp_password": "",
            },
            injectors=kind["injectors"],
        )
        templates = {
            t["name"].partition(": ")[2]: t for t in load(PROJECT / "config" / "jobs.yml")["awx_job_templates"]
        }
        yield Site(lab, launch, full_venv, room, templates)
    finally:
        lab.down()


def words(job: Job) -> str:
    """What a job printed, without colours and line breaks."""
    return re.sub(r"\s+", " ", re.sub(r"\x1b\[[0-9;]*m", "", job.output))


def files(site: Site) -> str:
    """What a deployment would change on cc1: files, services, addresses, rules."""
    look = (
        "find /etc/keepalived /etc/systemd/system /usr/libexec/keepalived /var/lib -type f 2>/dev/null | grep -v /var/lib/systemd"
        " | sort | xargs -r md5sum;"
        " systemctl is-active keepalived; ip -o -4 address show | cut -d' ' -f 2-7; iptables-save | grep -v '^[#:]'; true"
    )
    return site.lab.exec("cc1", "/bin/sh", "-c", look).stdout


def verdict(job: Job) -> dict:
    (found,) = job.artifacts["cc_gateway_verdicts"]
    return found


def test_status_before_the_deployment_fails_with_its_verdict(site):
    job = site.job("status")
    assert job.status != 0
    assert verdict(job)["verdict"] == "not_deployed", job.output


def test_a1_maintenance_deploys_nothing(site):
    before = files(site)
    job = site.job("maintenance", limit="cc1")
    assert job.status != 0
    assert "the gateway is not deployed on cc1" in words(job), job.output
    assert files(site) == before


def test_the_workflow_deploys_and_checks(site):
    deployed = site.job("deploy")
    assert deployed.status == 0, deployed.output
    # A workflow hands on what a node set with set_stats, as extra variables.
    after = site.job("status", **deployed.artifacts)
    assert after.status == 0, after.output
    assert verdict(after)["severity"] == 0, after.output
    assert site.holders() == ["cc1"]


def test_the_answers_were_verified_with_the_keys_of_the_credential(site):
    broken = {**site.launch.credential, "cc_cert": site.launch.credential["client_cert"]}
    other = Site(
        site.lab,
        Launch(**{**vars(site.launch), "credential": broken}),
        site.runner,
        site.room / "broken",
        site.templates,
    )
    job = other.job("status")
    assert job.status != 0
    assert "signed with another certificate" in re.sub(r"\s+", " ", job.output), job.output


def test_the_status_job_ends_the_same_in_the_execution_environment(site):
    image = "localhost/eucalyptus-ha-ee:latest"
    if podman("image", "exists", image, check=False).returncode:
        pytest.skip(f"{image} is not there: `make ee` builds it")
    directory = site.room / "in-the-execution-environment"
    template = site.templates["status"]
    lay_out(directory, site.launch, template, {}, root="/runner")
    job = run_in_container(directory, template["playbook"], image)
    assert job.status == 0, job.output
    assert verdict(job)["severity"] == 0
    assert verdict(job)["enabled"] == ["cc1"]
    assert "ok: [cc1 -> localhost]" in re.sub(r"\x1b\[[0-9;]*m", "", job.output), "asked from inside the image"


def test_numbers_and_booleans_may_be_texts(site):
    job = site.job("deploy", cc_gateway_settle_timeout="25", cc_gateway_alone="False", cc_gateway_restart="no")
    assert job.status == 0, job.output
    assert site.job("status", cc_gateway_status_fail_at="critical").status == 0


def test_node_controllers_are_routed(site):
    job = site.job("route node controllers")
    assert job.status == 0, job.output
    vip = site.launch.inventory["eucalyptus_cc"]["vars"]["cc_gateway_vip"]
    assert f"default via {vip} " in site.lab.exec("nc1", "ip", "route", "show", "default").stdout


def test_a_drill_needs_consent_and_moves_the_vip_and_back(site):
    refused = site.job("drill")
    assert refused.status != 0
    assert "drill_confirm" in refused.output
    assert site.holders() == ["cc1"]
    # The machine that runs the tests is shared: what is measured is not what this is about.
    job = site.job(
        "drill",
        drill_confirm="true",
        drill_limit_takeover=20.0,
        drill_limits={"gap": 20, "gap_beyond": 20, "overlap": 20},
    )
    assert job.status == 0, job.output
    looked = site.job("status")
    assert looked.status == 0, looked.output


def test_a2_a3_during_a_drill_a_deployment_fails_at_once_and_status_does_not(site):
    (holder,) = site.holders()
    with ThreadPoolExecutor(1) as pool:
        # It waits for a failover that nobody has provoked yet, so that there is time for the others.
        drill = pool.submit(site.job, "drill", drill_confirm="true", drill_trigger="operator", drill_times={"operator": 900})
        try:
            while "drill" not in site.lab.exec(holder, "cat", "/run/eucalyptus-ha.lock", check=False).stdout:
                assert not drill.done(), drill.result().output
                time.sleep(1)
            deploy = site.job("deploy")
            status = site.job("status")
        finally:
            site.lab.exec(holder, "systemctl", "stop", "keepalived")
            drilled = drill.result()
            site.lab.exec(holder, "systemctl", "start", "keepalived")
    assert deploy.status != 0
    assert re.search(r"nothing was changed\. .*drill.* admin \(AWX job 1\)", words(deploy)), deploy.output
    assert status.status == 0, status.output
    assert verdict(status)["verdict"] == "run_in_progress", status.output
    assert "admin (AWX job 1)" in verdict(status)["sentence"]
    assert "PLAY RECAP" in drilled.output


def test_maintenance_is_for_the_host_of_the_limit(site):
    (holder,) = site.holders()
    job = site.job("maintenance", limit=holder)
    assert job.status == 0, job.output
    (other,) = site.holders()
    assert other != holder
    job = site.job("maintenance", limit=holder, cc_gateway_maintenance="false")
    assert job.status == 0, job.output
    looked = site.job("status")
    assert looked.status == 0, looked.output


def test_removal_needs_consent_and_leaves_nothing(site):
    refused = site.job("remove")
    assert refused.status != 0
    assert "cc_gateway_remove_confirm=true" in refused.output
    assert len(site.holders()) == 1
    job = site.job("remove", cc_gateway_remove_confirm="true")
    assert job.status == 0, job.output
    assert site.holders() == []


@pytest.fixture(scope="module", autouse=True)
def _no_secrets_in_what_awx_shows(site) -> Iterator[Callable | None]:
    yield None
    shown = "".join(p.read_text(encoding="utf-8") for p in site.room.rglob("artifacts/1/stdout"))
    assert shown
    assert "PRIVATE KEY" not in shown
