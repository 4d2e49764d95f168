# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The steps of role nc_route. The module of the same name does on the host what is decided here; it has the documentation.

A plan holds the host's network files, which may hold passwords. It never gets into a task's result: the step that
carries a change out inspects the host again.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.plugins.action import ActionBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._clusters import ClusterVips, cluster_vips
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_inspection import Inspection
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_plan import Plan, make_plan
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_script import NOT_RESTORED
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._nc_route_settings import Settings, read_settings
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._role_options import (
    load_specs,
    option_names,
    read_options,
    sentences,
    unknown_options,
)

MODULE = "eucalyptus.ha.nc_route_step"
# Variables of this prefix that are the playbooks' own.
NO_OPTIONS = ("nc_route_group", "nc_route_restored")


class _Failed(Exception):
    """A step failed; the message is for people."""


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """One step of the role for one host."""

    _requires_connection = True
    _supports_check_mode = True

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """The step's result."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        self._variables = task_vars or {}
        self._host = self._variables.get("inventory_hostname", "")
        step = self._task.args.get("step")
        steps: dict[Any, Callable[[Settings], dict[str, Any]]] = {
            "plan": self._plan,
            "change": self._change,
            "prove": self._prove,
            "confirm": self._confirm,
            "rollback": self._rollback,
        }
        try:
            if step not in steps:
                raise _Failed(f"step must be one of {', '.join(steps)} (got {step})")
            settings, warnings = self._settings()
            result.update(steps[step](settings))
            if step == "plan":
                result["warnings"] = warnings + result.get("warnings", [])
        except _Failed as failed:
            result.update(failed=True, msg=f"{self._host}: {failed}")
        return result

    # --- steps -----------------------------------------------------------------------------------------------------

    def _plan(self, settings: Settings) -> dict[str, Any]:
        plan = self._make_plan(settings)
        result: dict[str, Any] = {"needed": plan.needed, "state": settings.state, "warnings": plan.warnings}
        if not plan.needed:
            return {**result, "msg": f"{self._host}: nothing has to change"}
        result["msg"] = f"{self._host}: {plan.sentence(settings.present)}"
        if self._task.check_mode:
            result.update(changed=True, msg=f"Check mode: nothing was changed. {result['msg']}", **self._diff(plan))
        # Shown at any verbosity: it is what is about to happen.
        return {**result, "_ansible_verbose_always": True}

    def _change(self, settings: Settings) -> dict[str, Any]:
        plan = self._make_plan(settings)
        try:
            done = self._on_host("change", plan=plan.payload(settings.revert_after))
        except AnsibleConnectionFailure as error:
            # Not "unreachable", for which nothing would be taken back: the host may well be there again in a moment.
            raise _Failed(f"the connection was lost during the change: {error}") from error
        warnings = [line for line in done["output"] if NOT_RESTORED in line]
        return {"changed": True, "warnings": warnings, **self._diff(plan)}

    def _prove(self, settings: Settings) -> dict[str, Any]:
        found = self._on_host(
            "prove",
            vip=settings.vip,
            address=settings.prove_address,
            url=settings.prove_url,
            sources=list(settings.prove_sources),
        )
        return {"msg": f"{self._host}: {sentences(found['proof'])}", "_ansible_verbose_always": True}

    def _confirm(self, _settings: Settings) -> dict[str, Any]:
        self._on_host("confirm")
        return {"msg": f"{self._host}: the change is confirmed"}

    def _rollback(self, settings: Settings) -> dict[str, Any]:
        reason = str(self._task.args.get("reason") or "the new route failed its test").removeprefix(f"{self._host}: ")
        by = self._on_host("rollback")["by"]
        if by == "host":
            reason = (
                "The host restored it itself, because Ansible did not reconnect and confirm the change within nc_route_revert_after "
                f"({settings.revert_after} s). If the run was just slow, raise it. {sentences([reason])}"
            )
        done = "nothing was changed" if by == "nothing" else "the previous default route has been restored"
        raise _Failed(f"{done}. {sentences([reason])}")

    # --- parts -------------------------------------------------------------------------------------------------------

    def _settings(self) -> tuple[Settings, list[str]]:
        specs = load_specs("nc_route")
        template = self._templar.template
        options, problems = read_options(specs["argument_specs"]["main"]["options"], self._variables, template)
        if options.get("nc_route_state") != "absent":
            # What is removed does not depend on them.
            problems = unknown_options(self._variables, option_names(specs), "nc_route_", NO_OPTIONS) + problems
        if not problems:
            settings, problems, warnings = read_settings(options, self._cluster(template))
        if problems:
            raise _Failed(f"nothing was changed. {sentences(problems)}")
        return settings, warnings

    def _cluster(self, template: Callable[[Any], Any]) -> ClusterVips:
        try:
            return cluster_vips(self._variables, template)
        except AnsibleError as error:  # of variables of the cluster controllers, which a host that has nc_route_vip does not need
            return ClusterVips(problem=str(error))

    def _make_plan(self, settings: Settings) -> Plan:
        found = self._on_host(
            "plan",
            vip=settings.vip if settings.present else "",
            interface=settings.interface,
            control_address=settings.control_address,
        )
        plan = make_plan(Inspection.read(found["inspection"]), settings)
        if plan.problems:
            raise _Failed(f"nothing was changed. {sentences(plan.problems)}")
        return plan

    def _on_host(self, step: str, **arguments: Any) -> dict[str, Any]:
        """Run the module. What it prints is in no log, however verbose: files of the host are in it."""
        # The connection may have a play context of its own, and ssh uses that one.
        contexts = [self._play_context, self._connection._play_context]
        before = [self._task.no_log, *(one.no_log for one in contexts)]
        for one in [self._task, *contexts]:
            one.no_log = True
        try:
            result: dict[str, Any] = self._execute_module(
                module_name=MODULE, module_args={"step": step, **arguments}, task_vars=self._variables
            )
        finally:
            for one, no_log in zip([self._task, *contexts], before, strict=True):
                one.no_log = no_log
        if result.get("failed"):
            raise _Failed(": ".join(str(result[key]).strip() for key in ("msg", "module_stderr") if result.get(key)))
        return result

    def _diff(self, plan: Plan) -> dict[str, Any]:
        return {"diff": plan.diff()} if self._task.diff else {}
