# SPDX-License-Identifier: GPL-3.0-or-later
"""The last lines of a deployment."""

from __future__ import annotations

import re
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.filter._run_summary import _CHANGES, run_summary

ROLES = Path(__file__).resolve().parents[4] / "roles"

VARS = {
    "cc1": {
        "__cc_gateway": {"warnings": ["the certificate expires in 12 days"]},
        "__keepalived_written": {"changed": True},
        "__keepalived_admitted": {"changed": False},
        "__keepalived_extras": {"changed": True, "results": [{"changed": True, "dest": "/etc/a"}, {"changed": False, "dest": "/etc/b"}]},
        "__keepalived_extras_gone": {"changed": True, "results": [{"changed": True, "path": "/etc/c", "state": "absent"}]},
        "__cc_gateway_check_files": {"changed": True, "paths": ["/usr/libexec/keepalived/cc-enabled-check"]},
        "__cc_gateway_forwarding": {"skipped": True, "changed": False},
    },
    "cc2": {"__cc_gateway_check_files": {"changed": False, "paths": []}},
}


def test_both_deployed():
    assert run_summary(["cc1", "cc2"], ["cc1", "cc2"], ["cc1", "cc2"], {"cc1": {}, "cc2": {}}, False) == "Gateway deployed on cc1, cc2."


def test_o6_check_mode_lists_what_would_change():
    lines = run_summary(["cc1", "cc2"], ["cc1", "cc2"], ["cc1", "cc2"], VARS, True).splitlines()
    assert lines == [
        "Check mode: nothing was changed. A real run would deploy the gateway on cc1, cc2.",
        "cc1: would change keepalived.conf, /etc/a, /etc/c, /usr/libexec/keepalived/cc-enabled-check.",
        "cc2: nothing to change.",
        "WARNING: cc1: the certificate expires in 12 days",
    ]
    assert len(run_summary([], ["cc1"], ["cc1"], {"cc1": {}}, True).splitlines()) == 2, "no host, and the one that failed"


def test_o6_what_the_summary_reads_is_registered_by_the_roles():
    files = [path.read_text(encoding="utf-8") for role in ("keepalived", "cc_gateway") for path in (ROLES / role / "tasks").glob("*.yml")]
    registered = set(re.findall(r"register: (\w+)", "\n".join(files)))
    assert set(_CHANGES) <= registered


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
