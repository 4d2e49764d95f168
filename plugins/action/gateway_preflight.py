# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Gathers the settings of a gateway, inspects the host, and fails with one message before anything is changed.

Sets the fact __cc_gateway, all that the tasks of role cc_gateway use.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.plugins.action import ActionBase
from ansible.utils.vars import load_extra_vars
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_problems import gateway_problems
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import (
    _check_source,
    _clusters,
    _gateway_programs,
    _gateway_settings,
    _role_options,
)

GATEWAY_KEYS = ("instance", "vip", "interface", "virtual_router_id", "address", "peers")


def message(host: str, errors: list[str], warnings: list[str]) -> str:
    """All that is wrong, a line each."""
    count = "this error" if len(errors) == 1 else f"these {len(errors)} errors"
    lines = [f"{host}: nothing was changed; fix {count} first:", *(f"- {error}" for error in errors)]
    if warnings:
        lines += ["Warnings:", *(f"- {warning}" for warning in warnings)]
    return "\n".join(lines)


def _conf_path(variables: dict[str, Any]) -> str:
    return str(variables.get("keepalived_config_file") or "/etc/keepalived/keepalived.conf")


def _extra_variable_errors(names: Iterable[str]) -> list[str]:
    """Extra variables override everything, also what role cc_gateway passes to role keepalived."""
    if "keepalived_config" not in names:
        return []
    return [
        "keepalived_config was given with -e (or in an AWX survey), which would override the configuration this role generates. Set it in "
        "the inventory"
    ]


def _keepalived_errors(variables: dict[str, Any], template: Callable[[Any], Any]) -> list[str]:
    """What is wrong with the site's options of role keepalived, which would find it only after the first changes."""
    options = _role_options.load_specs("keepalived")["argument_specs"]["main"]["options"]
    # Its value may hold passwords, and it is evaluated below.
    options.pop("keepalived_config")
    dotted = _role_options.suboptions_as_variables(variables, _role_options.names_of(options))
    return dotted + _role_options.read_options(options, variables, template)[1]


def _answer(settings: _gateway_settings.Settings, found: dict[str, Any]) -> dict[str, Any]:
    """What the check answered with the source that was chosen, in the time that it has; empty if there is no such answer."""
    _before, soap, state_file = found.get("check_answers") or [{}, {}, {}]
    answer = soap if settings.uses_soap else state_file
    in_time = answer.get("definite") and answer.get("elapsed", 0) <= settings.check_timeout
    return dict(answer) if in_time else {}


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """See above."""

    _requires_connection = True

    def _inventory(self, variables: dict[str, Any], options: dict[str, Any]) -> _gateway_settings.Inventory:
        hostvars, groups = variables["hostvars"], variables["groups"]
        group = options["cc_gateway_group"]
        wanted = (
            "ansible_host", "cc_gateway_address", *(f"cc_gateway_{name.partition('.')[0]}" for name in _gateway_settings.COMMON),
        )  # fmt: skip
        members = {
            name: {key: hostvars[name][key] for key in wanted if key in hostvars[name]} for name in groups.get(group) or []
        }
        ncs = groups.get(options.get("cc_gateway_nc_group") or _clusters.NC_GROUP) or []
        return _gateway_settings.Inventory(
            host=variables["inventory_hostname"],
            group=group,
            members=members,
            node_controllers={name: hostvars[name].get("ansible_host", "") for name in ncs},
            in_run=tuple(variables.get("ansible_play_hosts") or ()),
            keepalived_unit=str(variables.get("keepalived_service_name") or "keepalived"),
        )

    def _inspect(self, settings: _gateway_settings.Settings, options: dict[str, Any], variables: dict[str, Any]) -> dict[str, Any]:
        password = str(options.get("cc_gateway_auth_pass") or "")[:8]
        source = options.get("cc_gateway_check_source")
        probes = [] if source not in ("auto", "state_file") else ["state_file", "soap", "state_file"]
        check = _gateway_programs.check_program()
        found: dict[str, Any] = self._execute_module(
            module_name="eucalyptus.ha.gateway_host_info",
            module_args={
                "gateways": [{key: gateway[key] for key in GATEWAY_KEYS} for gateway in settings.gateways],
                "listen_time": settings.preflight["listen_time"],
                "keepalived_conf": _conf_path(variables),
                "check_path": _gateway_settings.CHECK_PATH,
                "auth_pass_sha256": hashlib.sha256(password.encode()).hexdigest(),
                "user": settings.user,
                "python": settings.host.python,
                "cc_host": settings.cc_host,
                "cc_port": settings.cc_port,
                "client_key": settings.key,
                "client_cert": settings.cert,
                "client_key_content": options.get("cc_gateway_client_key_content") or None,
                "client_cert_content": options.get("cc_gateway_client_cert_content") or None,
                "own_cert": settings.own_cert,
                "preload_file": options.get("cc_gateway_preload_file"),
                "check_program": check,
                "outside_vip": options.get("cc_gateway_outside_vip") or None,
                "outside_interface": settings.outside_interface,
                "check_runs": [settings.probe_arguments(probe) for probe in probes],
                "programs": _gateway_programs.programs(check, settings.host.python, settings.user, bool(settings.connections)),
                # Which rules there are with an outside VIP depends on who holds it.
                "rules": None if settings.connections else settings.firewall_rules,
                "comment": _gateway_settings.FIREWALL_COMMENT,
            },
            task_vars=variables,
        )
        return found

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        specs = _role_options.load_specs("cc_gateway")
        host = variables["inventory_hostname"]
        options, errors = _role_options.read_options(specs["argument_specs"]["main"]["options"], variables, self._templar.template)
        errors += _keepalived_errors(variables, self._templar.template)
        # AWX hands the status job's verdicts on to the jobs after it; role cc_gateway_status has options that begin alike.
        status = _role_options.load_specs("cc_gateway_status")["argument_specs"]["main"]["options"]
        also = ["cc_gateway_verdicts", "cc_gateway_holder", *status]
        # Unlike a wrong value, it does not keep the host from being inspected.
        unknown = _role_options.unknown_options(variables, _role_options.option_names(specs), "cc_gateway_", also)
        unknown += _extra_variable_errors(load_extra_vars(self._loader))
        facts = self._execute_module(
            module_name="eucalyptus.ha.gateway_settings_info",
            module_args={
                "root": options["cc_gateway_eucalyptus_root"],
                "programs": _gateway_settings.programs(options),
            },
            task_vars=variables,
        )
        if not facts.get("failed") and not facts["is_root"]:
            facts = {"failed": True, "msg": "ansible_become must be true, or the connection that of root. Set it in the play or the "
                     "inventory."}
        if facts.get("failed"):
            # Why it failed comes first, then what is wrong with the options; the rest would be its consequences.
            cause = facts.get("msg") or "the module returned nothing"
            lost = facts.get("unreachable", False)
            return {**result, "failed": True, "unreachable": lost, "msg": message(host, [str(cause), *unknown, *errors], [])}
        settings = _gateway_settings.Settings(
            options,
            facts["conf"],
            self._inventory(variables, options),
            _gateway_settings.Host(facts["interfaces"], facts["python"], facts["firewalld"], tuple(facts["conf_files"]),
                                   facts["default_interface"]),
        )
        found: dict[str, Any] = {}
        if not errors:
            try:
                found = self._inspect(settings, options, variables)
            except AnsibleFilterError as error:
                errors.append(str(error))
        answers = found.get("check_answers") or []
        if options["cc_gateway_check_source"] == "soap" or answers:
            settings.source = _check_source.decide(options["cc_gateway_check_source"], *(answers or [{}, {}, {}])).as_dict()
        site = self._templar.template(variables.get("keepalived_config") or {})
        problems = {"errors": errors, "warnings": [], "incompatible": []}
        if not errors:
            problems = gateway_problems(
                {
                    **settings.problems(),
                    "outside": settings.outside_problems(found.get("connections")),
                    "findings": None if found.get("failed") else found,
                    "findings_error": str(found.get("msg") or "the module returned nothing") if found.get("failed") else "",
                    "keepalived_conf": _conf_path(variables),
                    "site_instances": list(site.get("vrrp_instance") or {}),
                    "site_tracks_old_check": "CCclient" in str(site),
                }
            )
        if unknown or problems["errors"]:
            return {**result, "failed": True, "msg": message(host, unknown + problems["errors"], problems["warnings"])}
        result["ansible_facts"] = {"__cc_gateway": self._fact(settings, facts, found, problems)}
        result["msg"] = settings.source.get("evidence", "")
        result["warnings"] = [f"{host}: {warning}" for warning in problems["warnings"]]
        result["changed"] = False
        return result

    @staticmethod
    def _fact(
        settings: _gateway_settings.Settings, facts: dict[str, Any], found: dict[str, Any], problems: dict[str, Any]
    ) -> dict[str, Any]:
        keys_differ = settings.deploys_keys and not (found.get("client_keys") or {}).get("deployed")
        programs_differ = found["programs_differ"] != []
        return {
            "user": settings.user,
            "gid": found["user"]["gid"],
            "python": settings.host.python,
            "keys_differ": keys_differ,
            "source": settings.source,
            "check_argv": settings.check_argv,
            # Without passwords, which would be in the run's output; they are filled in where the file is written.
            "composition": {
                **settings.composition,
                "gateways": [{key: value for key, value in gateway.items() if key != "auth_pass"} for gateway in settings.gateways],
            },
            "firewall_rules": settings.firewall_rules,
            **settings.connections_fact(found.get("connections"), facts["connections_deployed"]),
            "keepalived": found["keepalived"],
            "time": found["time"],
            "keepalived_version": facts["keepalived_version"],
            "programs_installed": not facts["missing"],
            "programs_differ": programs_differ,
            "rules_differ": found["rules_differ"] is not False,
            "answer": {} if keys_differ or programs_differ else _answer(settings, found),
            "incompatible": problems["incompatible"],
            "warnings": problems["warnings"],
        }
