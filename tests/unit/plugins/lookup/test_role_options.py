# SPDX-License-Identifier: GPL-3.0-or-later
"""The lookup that gives a role its options; how each is read is tested with plugin_utils/_role_options."""

from __future__ import annotations

from types import SimpleNamespace

from ansible_collections.eucalyptus.ha.plugins.lookup.role_options import LookupModule


def options(role="drill", **variables):
    [found] = LookupModule(templar=SimpleNamespace(template=lambda value: value)).run([role], variables)
    return found["options"], found["problems"]


def test_options_have_names_without_the_prefix_and_dictionaries_are_complete():
    found, problems = options(drill_limits={"gap": "1"}, drill_times={"operator": 900}, drill_limit_takeover="")
    assert problems == []
    assert found["limits"] == {"gap": 1.0, "gap_beyond": 0.5, "overlap": 0.3}
    assert found["times"] == {"interval": 0.05, "failover": 30, "operator": 900, "record": 3}
    assert (found["limit_takeover"], found["trigger"], found["beyond"]) == (2.7, "keepalived", [])


def test_each_problem_is_a_sentence():
    problems = options(drill_limit_takover=1, drill_trigger="cable", drill_report={"pictures": False}, other=1)[1]
    assert problems == [
        "drill_limit_takover is not an option of this role. Did you mean drill_limit_takeover?",
        "drill_trigger must be one of operator, keepalived, maintenance, command (got 'cable').",
        "drill_report.pictures is not an option of this role. Did you mean drill_report.picture?",
    ]
