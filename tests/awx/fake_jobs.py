# SPDX-License-Identifier: GPL-3.0-or-later
"""The jobs of the stand-in for AWX: launched, held back, run on a clock of their own, and mailed about.

As AWX's task manager does it (awx/main/scheduler): a job waits for updates of its project and of its inventory, which are made
at its launch unless the last one is younger than its cache timeout; a failed update fails the job. What runs is held back by a
job of the same template only, if that template allows no simultaneous jobs. No job runs Ansible: `outcome` gives how it ends.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from . import awx_rules as rules

if TYPE_CHECKING:
    from .fake_awx import FakeAwx

START = datetime(2026, 1, 1, tzinfo=timezone.utc)
ACTIVE = ("pending", "running")
UPDATE_SECONDS = 5
MODEL_OF = {
    "job": "job_templates", "workflow_job": "workflow_job_templates", "project_update": "projects", "inventory_update": "inventory_sources",
}  # fmt: skip
FRIENDLY = {
    "job": "Job", "workflow_job": "Workflow Job", "project_update": "Project Update", "inventory_update": "Inventory Update",
}  # fmt: skip


@dataclass(frozen=True)
class Outcome:
    """How a job ends, and after how long."""

    status: str = "successful"
    artifacts: dict[str, Any] = field(default_factory=dict)
    seconds: float = 60


@dataclass
class Run:
    """A job, an update or a workflow: what the API shows of it, and what only the stand-in knows."""

    shown: dict[str, Any]
    template: dict[str, Any]
    waits_for: list[Run] | None = None
    ends: float = 0
    workflow: Run | None = None
    node: dict[str, Any] | None = None
    inventory: Any = None  # what the inventory had when the job started
    outcome: Outcome = Outcome()
    handed_on: dict[str, Any] = field(default_factory=dict)  # of a workflow: artifacts of the nodes so far
    lost: bool = False  # of a workflow: a node failed that nothing follows

    @property
    def kind(self) -> str:
        return self.shown["type"]

    @property
    def status(self) -> str:
        return self.shown["status"]

    @property
    def active(self) -> bool:
        return self.status in ACTIVE


class Jobs:
    """All jobs of one AWX. `repository` has the inventory of each commit of the project's repository."""

    def __init__(self, awx: FakeAwx) -> None:
        self.awx = awx
        self.now = 0.0
        self.repository: list[Any] = ["the first inventory"]
        self.sync_error = ""
        self.outcome: Callable[[dict[str, Any]], Outcome] = lambda job: Outcome()
        self.mails: list[tuple[str, str]] = []
        self.runs: list[Run] = []
        self.read: dict[int, Any] = {}  # inventory by source

    # --- time

    def time(self, seconds: float | None = None) -> str:
        moment = START + timedelta(seconds=self.now if seconds is None else seconds)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.%fZ")

    def advance(self, seconds: float) -> None:
        """Let time pass: what is due starts and ends in its order."""
        end = self.now + seconds
        self._start_what_may()
        while True:
            moments = [run.ends for run in self.runs if run.status == "running" and run.kind != "workflow_job"]
            moments += [moment for moment, dummy in self._due()]
            moment = min(moments, default=end + 1)
            if moment > end:
                break
            due = [schedule for at, schedule in self._due() if at == moment]
            self.now = moment
            for run in [r for r in self.runs if r.status == "running" and r.kind != "workflow_job" and r.ends <= moment]:
                self._finish(run)
            for schedule in due:
                self.launch(self.awx.find("unified_job_templates", schedule["unified_job_template"])["name"], launch_type="scheduled")
            self._start_what_may()
        self.now = end

    def _due(self) -> Iterator[tuple[float, dict[str, Any]]]:
        """The next moment of each schedule that is enabled."""
        for schedule in self.awx.objects["schedules"].values():
            rule = re.search(r"FREQ=MINUTELY;INTERVAL=(\d+)", schedule["rrule"])
            assert rule, "the stand-in knows schedules of so many minutes"
            if schedule["enabled"]:
                interval = int(rule[1]) * 60
                yield (self.now // interval + 1) * interval, schedule

    # --- launches

    def launch(
        self, name: str, *, answers: dict[str, Any] | None = None, launch_type: str = "manual", workflow: Run | None = None,
        node: dict[str, Any] | None = None,
    ) -> Run:  # fmt: skip
        """Launch a template by its name."""
        (kind, template), *rest = [
            (kind, item)
            for kind in ("job", "workflow_job")
            for item in self.awx.objects[f"{kind}_templates"].values()
            if item["name"] == name
        ]
        assert not rest
        spec = self.awx.surveys.get(template["id"]) if template["survey_enabled"] else None
        given = answers or {}
        if spec:
            known = {question["variable"] for question in spec["spec"]}
            # AWX ignores what nothing asks for.
            given = {key: value for key, value in given.items() if key in known}
            errors = rules.answer_errors(spec, given)
            assert not errors, errors
            given = rules.answers_by_default(spec) | given
        run = self._add(kind, template, launch_type)
        run.shown["extra_vars"] = given
        if kind == "job":
            run.shown |= {"artifacts": {}, "job_type": template["job_type"]}
        run.workflow, run.node = workflow, node
        return run

    def _add(self, kind: str, template: dict[str, Any], launch_type: str) -> Run:
        self.awx.last_id += 1
        shown = {
            "id": self.awx.last_id, "type": kind, "name": template["name"], "unified_job_template": template["id"],
            "status": "pending", "failed": False, "launch_type": launch_type, "job_explanation": "", "result_traceback": "",
            "created": self.time(), "started": None, "finished": None, "elapsed": 0.0, "event_processing_finished": False,
            "url": f"/api/v2/{kind}s/{self.awx.last_id}/",
        }  # fmt: skip
        run = Run(shown, template)
        self.runs.append(run)
        return run

    def update_project(self, number: int, launch_type: str = "manual") -> Run:
        project = self.awx.objects["projects"][number]
        project["status"] = "pending"
        run = self._add("project_update", project, launch_type)
        run.shown |= {"project": number, "scm_revision": project["scm_revision"], "job_type": "check"}
        return run

    def update_source(self, name: str) -> Run:
        """The button "Sync" of an inventory source."""
        (source,) = [s for s in self.awx.objects["inventory_sources"].values() if s["name"] == name]
        return self._add("inventory_update", source, "manual")

    # --- what is made and waited for at a launch

    def _last(self, template: dict[str, Any]) -> Run | None:
        return next((run for run in reversed(self.runs) if run.template is template), None)

    def _too_old(self, last: Run | None, timeout: int) -> bool:
        if last is None or last.status == "failed":
            return True
        if last.active:
            return False
        return last.ends + timeout <= self.now

    def _dependencies(self, run: Run) -> list[Run]:
        found = []
        if run.kind == "job":
            sources = [s for s in self.awx.objects["inventory_sources"].values() if s["inventory"] == run.template["inventory"]]
            found += self._project_dependency(run.template["project"])
            for source in sources:
                if source["update_on_launch"]:
                    last = self._last(source)
                    if last is None or self._too_old(last, source["update_cache_timeout"]):
                        last = self._add("inventory_update", source, "dependency")
                    found.append(last)
        elif run.kind == "inventory_update" and run.template["source"] == "scm":
            found += self._project_dependency(run.template["source_project"])
        return found

    def _project_dependency(self, number: int) -> list[Run]:
        project = self.awx.objects["projects"][number]
        if not project["scm_update_on_launch"]:
            return []
        last = self._last(project)
        if last is None or self._too_old(last, project["scm_update_cache_timeout"]):
            last = self.update_project(number, "dependency")
        return [last]

    # --- starting and ending

    def _start_what_may(self) -> None:
        while any(run.waits_for is None for run in self.runs):
            for run in [r for r in self.runs if r.waits_for is None]:
                run.waits_for = self._dependencies(run)
        for run in [r for r in self.runs if r.status == "pending"]:
            failed = next((other for other in run.waits_for or [] if other.status == "failed"), None)
            if failed:
                about = {"job_type": failed.kind, "job_name": failed.shown["name"], "job_id": str(failed.shown["id"])}
                run.shown["job_explanation"] = f"Previous Task Failed: {json.dumps(about)}"
                self._end(run, "failed")
            elif not self._held_back(run):
                self._start(run)

    def _held_back(self, run: Run) -> bool:
        if any(other.active for other in run.waits_for or []):
            return True
        running = [other for other in self.runs if other.status == "running"]
        if run.kind in ("job", "workflow_job"):
            alone = not run.template["allow_simultaneous"]
            inventories = [r.template["inventory"] for r in running if r.kind == "inventory_update"]
            updates = [r.template["id"] for r in running if r.kind == "project_update"]
            return (
                any(other.template is run.template for other in running if alone)
                or run.template.get("project") in updates
                or run.template.get("inventory") in inventories
            )
        return any(other.template is run.template for other in running)

    def _start(self, run: Run) -> None:
        run.shown |= {"status": "running", "started": self.time()}
        run.ends = self.now + UPDATE_SECONDS
        if run.kind == "job":
            sources = [s for s in self.awx.objects["inventory_sources"].values() if s["inventory"] == run.template["inventory"]]
            run.inventory = [self.read.get(source["id"]) for source in sources]
            run.outcome = self.outcome(run.shown)
            run.ends = self.now + run.outcome.seconds
        elif run.kind == "workflow_job":
            children = {n for ns in self._edges(run.template).values() for n in ns}
            for node in self._nodes(run.template):
                if node["id"] not in children:
                    self._start_node(run, node)
            self._start_what_may()

    def _finish(self, run: Run) -> None:
        status = "successful"
        if run.kind == "project_update":
            status = "failed" if self.sync_error else "successful"
            if not self.sync_error:
                run.template["scm_revision"] = f"{len(self.repository):040x}"
            run.template["status"] = status
            run.shown["scm_revision"] = run.template["scm_revision"]
        elif run.kind == "inventory_update":
            revision = self.awx.objects["projects"][run.template["source_project"]]["scm_revision"]
            self.read[run.template["id"]] = self.repository[int(revision, 16) - 1]
        else:
            status = run.outcome.status
            run.shown["artifacts"] = run.outcome.artifacts
        self._end(run, status)

    def _end(self, run: Run, status: str) -> None:
        run.ends = self.now
        run.shown |= {"status": status, "failed": status == "failed", "finished": self.time(), "event_processing_finished": True}
        self._mail(run, "error" if status == "failed" else "success")
        if run.workflow and run.node:
            self._go_on(run.workflow, run.node, run)

    # --- workflows

    def _nodes(self, template: dict[str, Any]) -> list[dict[str, Any]]:
        return [n for n in self.awx.objects["workflow_job_template_nodes"].values() if n["workflow_job_template"] == template["id"]]

    def _edges(self, template: dict[str, Any]) -> dict[tuple[int, str], list[int]]:
        mine = {n["id"] for n in self._nodes(template)}
        return {
            (number, link): targets
            for (model, number, link), targets in self.awx.links.items()
            if model == "workflow_job_template_nodes" and number in mine
        }

    def _start_node(self, workflow: Run, node: dict[str, Any]) -> None:
        name = self.awx.find("unified_job_templates", node["unified_job_template"])["name"]
        run = self.launch(name, answers=workflow.handed_on | node["extra_data"], launch_type="workflow", workflow=workflow, node=node)
        run.shown["extra_vars"] = workflow.handed_on | run.shown["extra_vars"]

    def _go_on(self, workflow: Run, node: dict[str, Any], run: Run) -> None:
        workflow.handed_on = workflow.handed_on | run.shown["artifacts"]
        edges = self._edges(workflow.template)
        kinds = ("always_nodes", "failure_nodes" if run.status == "failed" else "success_nodes")
        following = [n for kind in kinds for n in edges.get((node["id"], kind), [])]
        for number in following:
            self._start_node(workflow, self.awx.objects["workflow_job_template_nodes"][number])
        workflow.lost = workflow.lost or (run.status == "failed" and not following)
        if not any(other.active for other in self.runs if other.workflow is workflow):
            self._end(workflow, "failed" if workflow.lost else "successful")

    # --- mails

    def _mail(self, run: Run, event: str) -> None:
        model = MODEL_OF[run.kind]
        for number in self.awx.links.get((model, run.template["id"], f"notification_templates_{event}"), []):
            template = self.awx.objects["notification_templates"][number]
            self.mails.append(rules.message(template["messages"], event, run.shown, FRIENDLY[run.kind]))

    # --- the API

    def listed(self, kind: str, query: dict[str, str]) -> list[dict[str, Any]]:
        """The jobs of a kind, as AWX filters and orders them."""
        query = dict(query)
        order = query.pop("order_by", "id")
        size = int(query.pop("page_size", "25"))
        found = [run.shown for run in self.runs if run.kind == kind and all(self._matches(run, k, v) for k, v in query.items())]
        found.sort(key=lambda shown: (shown[order.lstrip("-")] is None, shown[order.lstrip("-")]), reverse=order.startswith("-"))
        return found[:size]

    @staticmethod
    def _matches(run: Run, name: str, wanted: str) -> bool:
        if name in ("unified_job_template__name", "job_template__name", "project__name"):
            return run.template["name"] == wanted
        if name in ("job_template__organization__name", "project__organization__name"):
            return True  # the stand-in's jobs are all of one organization
        assert name in run.shown, f"the stand-in knows no filter {name}"
        return str(run.shown[name]) == wanted

    def events(self, number: int) -> list[dict[str, Any]]:
        """What failed in an update of a project."""
        (run,) = [r for r in self.runs if r.shown["id"] == number]
        if run.status != "failed":
            return []
        result = {"changed": False, "msg": self.sync_error, "cmd": "/usr/bin/git ls-remote", "rc": 128, "stderr": self.sync_error}
        data = {"task": "Update project using git", "task_action": "ansible.builtin.git", "host": "localhost", "res": result}
        return [{"event": "runner_on_failed", "failed": True, "event_data": data}]
