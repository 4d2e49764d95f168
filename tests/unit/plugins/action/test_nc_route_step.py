# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin nc_route_step: what each step asks of the host, what it returns, and that no file of the host gets into a result."""

from __future__ import annotations

import base64
import json
from types import SimpleNamespace

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleUndefinedVariable
from ansible_collections.eucalyptus.ha.plugins.action.nc_route_step import MODULE, ActionModule
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._role_options import load_specs

VIP = "10.0.0.10"
DEFAULTS = {
    name: option.get("default") for name, option in load_specs("nc_route")["argument_specs"]["main"]["options"].items()
}
INSPECTION = {
    "systemd": True,
    "addresses": ["10.0.0.21"],
    "default_routes": ["default via 10.0.0.1 dev eth0"],
    "default_route": "192.0.2.1 via 10.0.0.1 dev eth0",
    "to_vip": f"{VIP} dev eth0",
    "interface": "eth0",
    "control": "10.0.0.254",
    "way_back": ["10.0.0.0/24 dev eth0"],
    "active": ["systemd-networkd"],
    "network_file": "/etc/systemd/network/lan.network",
    "networkctl_reload": True,
    "answers": {"macs": ["02:00:00:00:00:01"], "error": None},
    "files": {
        "/etc/systemd/network/lan.network": {
            "mode": "0640",
            "content": base64.b64encode(b"# hunter2\n[Network]\nGateway=10.0.0.1\n").decode(),
        }
    },
}


class Host:
    """Answers the module's calls, and notes them."""

    def __init__(self):
        self.calls = []
        self.answers = {
            "plan": {"inspection": INSPECTION},
            "change": {"output": []},
            "prove": {"proof": ["the default route goes through 10.0.0.10 dev eth0 (MAC address x)"]},
            "confirm": {},
            "rollback": {"by": "run"},
        }
        self.hidden = []

    def run(self, step, variables=None, check_mode=False, diff=False, **arguments):
        task = SimpleNamespace(args={"step": step, **arguments}, check_mode=check_mode, diff=diff, no_log=False, async_val=0)
        # ssh prints what a module returned, at -vvv, unless the connection's own play context says no_log.
        context, connections = SimpleNamespace(no_log=False), SimpleNamespace(no_log=False)
        action = ActionModule(
            task=task,
            connection=SimpleNamespace(_shell=SimpleNamespace(tmpdir=None), _play_context=connections),
            play_context=context,
            loader=None,
            templar=SimpleNamespace(template=lambda value: value),
            shared_loader_obj=None,
        )

        def execute(module_name, module_args, task_vars):
            assert module_name == MODULE
            assert task_vars["inventory_hostname"] == "nc1"
            self.calls.append(module_args)
            self.hidden.append((task.no_log, context.no_log, connections.no_log))
            answer = self.answers[module_args["step"]]
            if isinstance(answer, Exception):
                raise answer
            return answer

        action._execute_module = execute
        known = {
            "inventory_hostname": "nc1",
            "groups": {"eucalyptus_cc": ["cc1"]},
            "hostvars": {"cc1": {"cc_gateway_vip": VIP}},
            **DEFAULTS,
            **(variables or {}),
        }
        result = action.run(task_vars=known)
        assert [one.no_log for one in (task, context, connections)] == [False] * 3, "results of the step itself are shown"
        assert "hunter2" not in json.dumps(result)
        return result


@pytest.fixture
def host():
    return Host()


def test_a_plan_says_what_is_about_to_happen(host):
    result = host.run("plan")
    assert (result["needed"], result["state"], result.get("changed", False)) == (True, "present", False)
    assert result["msg"].startswith("nc1: the default route will become 10.0.0.10 dev eth0, set by networkd (systemd-networkd manages eth0")
    assert host.calls == [{"step": "plan", "vip": VIP, "interface": "", "control_address": ""}]
    assert host.hidden == [(True, True, True)], "what the module prints is in no log"


def test_in_check_mode_a_plan_is_a_change_with_its_lines(host):
    result = host.run("plan", check_mode=True, diff=True)
    assert result["changed"] is True
    assert result["msg"].startswith("Check mode: nothing was changed. nc1: the default route will become")
    assert "-Gateway=10.0.0.1\n+#eucalyptus.ha# Gateway=10.0.0.1\n" in "".join(one["prepared"] for one in result["diff"])
    assert "diff" not in host.run("plan", check_mode=True)


def test_nothing_to_do(host):
    host.answers["plan"] = {"inspection": {**INSPECTION, "files": {}}}
    result = host.run("plan", {"nc_route_state": "absent"})
    assert (result["needed"], result["msg"], result["state"]) == (False, "nc1: nothing has to change", "absent")
    assert host.calls[0]["vip"] == "", "a removal needs no VIP"


def test_a_change_gives_the_module_the_plan_alone(host):
    result = host.run("change", {"nc_route_revert_after": "30"}, diff=True)
    assert (result["changed"], result["warnings"]) == (True, [])
    payload = json.loads(host.calls[1]["plan"])
    assert payload["rollback_after"] == 30
    assert {one["path"] for one in payload["files"]} > {"/etc/systemd/network/lan.network"}
    assert result["diff"]


def test_a_route_that_could_not_be_restored_is_a_warning(host):
    host.answers["change"] = {"output": ["could not restore: default via 10.9.9.9 dev eth9", "other words"]}
    assert host.run("change")["warnings"] == ["could not restore: default via 10.9.9.9 dev eth9"]


def test_a_connection_that_is_lost_during_the_change_fails_so_that_it_is_taken_back(host):
    host.answers["change"] = AnsibleConnectionFailure("Connection timed out")
    result = host.run("change")
    assert result["failed"] is True
    assert "unreachable" not in result
    assert result["msg"] == "nc1: the connection was lost during the change: Connection timed out"


def test_a_host_that_cannot_be_reached_stays_unreachable(host):
    host.answers["plan"] = AnsibleConnectionFailure("No route to host")
    with pytest.raises(AnsibleConnectionFailure):
        host.run("plan")


def test_a_proof_gets_its_settings_and_is_shown(host):
    result = host.run(
        "prove", {"nc_route_prove": {"url": "http://x/", "sources": "203.0.113.1", "address": "x"}}
    )
    assert host.calls == [{"step": "prove", "vip": VIP, "address": "x", "url": "http://x/", "sources": ["203.0.113.1"]}]
    assert result["msg"] == "nc1: The default route goes through 10.0.0.10 dev eth0 (MAC address x)."
    assert result["_ansible_verbose_always"] is True


def test_a_partial_proof_keeps_the_other_defaults(host):
    host.run("prove", {"nc_route_prove": {"address": "x"}})
    assert host.calls == [{"step": "prove", "vip": VIP, "address": "x", "url": "", "sources": []}]


def test_a_confirmation(host):
    assert host.run("confirm")["msg"] == "nc1: the change is confirmed"
    host.answers["confirm"] = {"failed": True, "msg": "too late"}
    assert host.run("confirm")["msg"] == "nc1: too late"


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("run", "nc1: the previous default route has been restored. The page does not answer."),
        (
            "host",
            "nc1: the previous default route has been restored. The host restored it itself, because Ansible did not reconnect and confirm "
            "the change within nc_route_revert_after (90 s). If the run was just slow, raise it. The page does not answer.",
        ),
        ("nothing", "nc1: nothing was changed. The page does not answer."),
    ],
)
def test_a_rollback_fails_with_the_reason_and_says_who_restored_the_route(host, by, words):
    host.answers["rollback"] = {"by": by}
    result = host.run("rollback", reason="nc1: the page does not answer")
    assert (result["failed"], result["msg"]) == (True, words)


def test_a_rollback_without_a_reason(host):
    assert host.run("rollback")["msg"].endswith("restored. The new route failed its test.")


@pytest.mark.parametrize(
    ("variables", "words"),
    [
        ({"nc_route_backnd": "unit"}, "nc_route_backend?"),
        ({"nc_route_backend": "wicked"}, "nc_route_backend must be one of auto, networkd"),
        (
            {"nc_route_prove": {"ulr": "http://x/"}},
            "nc_route_prove.ulr is not an option of this role. Did you mean nc_route_prove.url?",
        ),
        ({"nc_route_prove": {"url": ["http://x/"]}}, "nc_route_prove.url must be a string (got ['http://x/'])."),
        ({"nc_route_vip": "elsewhere"}, "nc_route_vip must be an IPv4 address (got elsewhere)."),
        ({"hostvars": {"cc1": {}}}, "no host of inventory group eucalyptus_cc has cc_gateway_vip"),
    ],
)
def test_settings_that_are_wrong_end_the_run_before_the_host_is_asked(host, variables, words):
    result = host.run("plan", variables)
    assert result["failed"] is True
    assert result["msg"].startswith("nc1: nothing was changed. ")
    assert words in result["msg"]
    assert not result["msg"].endswith("..")
    assert host.calls == []


def test_o10_variables_of_the_cluster_that_cannot_be_evaluated_matter_only_where_they_are_needed(host):
    class Broken(dict):
        def __getitem__(self, name):
            raise AnsibleUndefinedVariable("'site' is undefined")

    broken = {"hostvars": Broken()}
    assert "failed" not in host.run("plan", {**broken, "nc_route_vip": VIP})
    assert "failed" not in host.run("plan", {**broken, "nc_route_state": "absent"})
    assert "this host's cluster ('site' is undefined)" in host.run("plan", broken)["msg"]


def test_variables_of_the_playbooks_are_no_unknown_options(host):
    assert "failed" not in host.run("plan", {"nc_route_group": "a", "nc_route_restored": True})


def test_an_unknown_variable_does_not_keep_a_removal_from_its_work(host):
    assert "failed" not in host.run("plan", {"nc_route_old_option": 1, "nc_route_state": "absent"})


def test_n2_what_the_host_cannot_ask_is_a_warning_and_what_nobody_answers_an_error(host):
    host.answers["plan"] = {"inspection": {**INSPECTION, "answers": {"macs": [], "error": "tun0 is not an Ethernet interface"}}}
    assert "tun0 is not an Ethernet interface" in host.run("plan")["warnings"][0]
    host.answers["plan"] = {"inspection": {**INSPECTION, "answers": {"macs": [], "error": None}}}
    assert host.run("plan")["msg"].startswith("nc1: nothing was changed. No host answers ARP for the VIP 10.0.0.10 on eth0;")


def test_a_module_that_fails_is_quoted_with_what_it_printed_on_standard_error(host):
    host.answers["plan"] = {"failed": True, "msg": "MODULE FAILURE", "module_stderr": "SyntaxError: x", "module_stdout": "hunter2"}
    assert host.run("plan")["msg"] == "nc1: MODULE FAILURE: SyntaxError: x"


def test_a_step_that_does_not_exist(host):
    assert "step must be one of plan, change, prove, confirm, rollback (got None)" in host.run(None)["msg"]
