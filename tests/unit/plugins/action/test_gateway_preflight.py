# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin gateway_preflight: what the site has set for role keepalived is read before anything is changed."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from ansible_collections.eucalyptus.ha.plugins.action.gateway_preflight import (
    _answer,
    _extra_variable_errors,
    _keepalived_errors,
)


def errors(**variables):
    return _keepalived_errors(variables, lambda value: value)


def test_what_is_not_set_or_partly_set_is_right():
    assert errors() == []
    assert errors(keepalived_unit={"hardening": "yes"}, keepalived_package={"manage": False}, keepalived_networkd="") == []


@pytest.mark.parametrize(
    ("variables", "error"),
    [
        (
            {"keepalived_unit": {"hardenning": True}},
            "keepalived_unit.hardenning is not an option of this role. Did you mean keepalived_unit.hardening?",
        ),
        (
            {"keepalived_unit.hardening": True},
            "keepalived_unit.hardening is not a variable but suboption hardening of keepalived_unit, and would be ignored. "
            "Write keepalived_unit: {hardening: VALUE}.",
        ),
        ({"keepalived_reload": {"timeout": "soon"}}, "keepalived_reload.timeout must be an integer (got 'soon')"),
        ({"keepalived_firewall": "iptables"}, "keepalived_firewall must be a dictionary (got 'iptables')"),
        (
            {"keepalived_firewall": {"backend": "ufw"}},
            "keepalived_firewall.backend must be one of empty, firewalld, nftables, iptables (got 'ufw')",
        ),
    ],
)
def test_a_wrong_suboption_is_an_error_of_the_preflight(variables, error):
    assert errors(**variables) == [error]


def test_the_configuration_is_in_no_message():
    assert errors(keepalived_config="auth_pass hunter2") == []


def test_the_configuration_may_not_be_an_extra_variable():
    assert _extra_variable_errors({"cc_gateway_vip": "10.0.0.10"}) == []
    [error] = _extra_variable_errors({"keepalived_config": {}})
    assert error.startswith("keepalived_config was given with -e")


SOAP = {"definite": True, "local_state": "DISABLED", "elapsed": 0.2}
STATE_FILE = {"definite": True, "local_state": "ENABLED", "elapsed": 0.1}


@pytest.mark.parametrize(
    ("uses_soap", "answers", "answer"),
    [
        (False, [{}, SOAP, STATE_FILE], STATE_FILE),
        (True, [{}, SOAP, STATE_FILE], SOAP),
        # With cc_gateway_check_source=soap the controller is not queried twice.
        (True, [], {}),
        (False, [STATE_FILE, SOAP, {"definite": False, "message": "refused"}], {}),
        # keepalived's check has less time than the inspection.
        (False, [STATE_FILE, SOAP, {**STATE_FILE, "elapsed": 2.5}], {}),
    ],
)
def test_the_answer_is_that_of_the_source_in_the_time_that_the_check_has(uses_soap, answers, answer):
    settings = SimpleNamespace(uses_soap=uses_soap, check_timeout=2)
    assert _answer(settings, {"check_answers": answers}) == answer
