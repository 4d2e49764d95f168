# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a deployment."""

from __future__ import annotations

from ansible_collections.eucalyptus.ha.plugins.filter._run_summary import run_summary

VARS = {
    "cc1": {"__cc_gateway": {"warnings": ["the certificate expires in 12 days"]}},
    "cc2": {},
}


def test_both_deployed():
    assert run_summary(["cc1", "cc2"], ["cc1", "cc2"], ["cc1", "cc2"], {"cc1": {}, "cc2": {}}, False) == "Gateway deployed on cc1, cc2."


def test_o6_check_mode_names_where_the_changes_are_listed():
    lines = run_summary(["cc1", "cc2"], ["cc1", "cc2"], ["cc1", "cc2"], VARS, True).splitlines()
    assert lines[0] == "Check mode: nothing was changed. A real run would deploy the gateway on cc1, cc2."
    assert lines[1:] == [
        "The tasks that are marked as changed above are those that would change something.",
        "WARNING: cc1: the certificate expires in 12 days",
    ]
    assert len(run_summary([], ["cc1"], ["cc1"], {"cc1": {}}, True).splitlines()) == 2, "no host, and the one that failed"


def test_o15_a_host_outside_limit_is_not_left_to_do():
    text = run_summary(["cc1"], ["cc1"], ["cc1", "cc2"], {"cc1": {}}, False)
    assert text == "Gateway deployed on cc1.\nOutside --limit, left as it was: cc2."


def test_a_host_that_failed_is_named_with_what_to_do():
    text = run_summary(["cc1"], ["cc1", "cc2"], ["cc1", "cc2"], {"cc1": {}}, False)
    assert "NOT deployed on cc2 (failed or unreachable), so the VIP cannot fail over to it" in text
    assert "--limit cc2" in text


def test_o19_warnings_are_repeated_at_the_end_a_line_each():
    lines = run_summary(["cc1"], ["cc1"], ["cc1"], VARS, False).splitlines()
    assert lines[-1] == "WARNING: cc1: the certificate expires in 12 days"
