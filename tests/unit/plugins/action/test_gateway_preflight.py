# SPDX-License-Identifier: GPL-3.0-or-later
"""Action plugin gateway_preflight: what the site has set for role keepalived is read before anything is changed."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.action.gateway_preflight import _keepalived_errors


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
