# SPDX-License-Identifier: GPL-3.0-or-later
"""The filters keepalived_verdict, keepalived_diff and keepalived_file_changes."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_diff import FilterModule as Diff
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_file_changes import FilterModule as FileChanges
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_verdict import FilterModule as Verdict
from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_config_test
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_verdict import NAMES, OURS

verdict = Verdict().filters()["keepalived_verdict"]
diff = Diff().filters()["keepalived_diff"]
file_changes = FileChanges().filters()["keepalived_file_changes"]

EQUAL = "(/etc/keepalived/keepalived.conf: Line 12) (i) unknown state 'EQUAL', defaulting to BACKUP"
INSECURE = "SECURITY VIOLATION - scripts are being executed but script_security not enabled."
MISSING = "Disabling track script cc since not found/accessible"


def state(code: int, output: str, version: str) -> str:
    return verdict({"rc": code, "stdout": "", "stderr": output}, version)["state"]


# Exit codes and words as recorded from keepalived 2.1.5, 2.2.7 and 2.3.3.
@pytest.mark.parametrize(
    ("version", "code", "output", "expected"),
    [
        ("2.3.3", 0, "", "good"),
        ("2.3.3", 5, EQUAL, "errors"),
        ("2.3.3", 6, INSECURE, "security"),
        ("2.3.3", 4, "Configuration file 'x' is not a regular file", "fatal"),
        ("2.2.7", 0, "", "good"),
        ("2.2.7", 5, EQUAL, "errors"),
        ("2.2.7", 6, INSECURE, "security"),
        ("2.2.7", 5, MISSING, "errors"),
        ("2.2.7", 0, "(Line 13) Unknown keyword 'vrrp_ipsets'", "errors"),
        ("2.2.7", 143, "", "failed"),
        ("2.2.7", -15, "", "failed"),
        ("2.2.7", 139, "", "failed"),
        ("2.2.7", 1, "", "failed"),
        # 2.1.5 exits with 0 whatever it says.
        ("2.1.5", 0, "", "good"),
        ("2.1.5", 0, EQUAL, "errors"),
        ("2.1.5", 0, INSECURE, "security"),
        ("2.1.5", 0, f"{INSECURE}\n{MISSING}", "errors"),
        ("2.1.5", 0, MISSING, "errors"),
        ("2.1.5", 4, "(/tmp/x.conf: Line 13) Unexpected '{' - ignoring", "errors"),
        # 6 is also a configuration that is missing, and 7 in the first releases of 2.2.
        ("2.2.7", 6, "(Line 1) Config files missing 'none.conf'.", "fatal"),
        ("2.2.4", 7, "(Line 1) Config files missing 'none.conf'.", "fatal"),
        # The codes of the first releases with the option, as in their manual page.
        ("2.0.10", 0, "", "good"),
        ("2.0.10", 3, "no config", "fatal"),
        ("2.0.10", 4, EQUAL, "errors"),
        ("2.0.10", 5, INSECURE, "security"),
        ("2.0.10", 5, "", "errors"),
        ("2.0.10", 139, "", "failed"),
    ],
)
def test_state(version: str, code: int, output: str, expected: str) -> None:
    assert state(code, output, version) == expected


def test_the_message_has_keepalived_own_words_once() -> None:
    result = verdict(
        {"rc": 5, "stdout": f"(Line 12) {EQUAL.partition(') ')[2]}\n{EQUAL}\n{EQUAL}\n", "stderr": ""}, "2.2.7"
    )
    assert result["said"] == [EQUAL]
    assert result["message"] == (
        f"keepalived 2.2.7 would run with a part of this configuration only (exit code 5). It printed: {EQUAL}."
    )


def test_the_message_has_no_secret() -> None:
    result = verdict({"rc": 5, "stdout": "", "stderr": "(x: Line 3) Unmatched quote: 'auth_pass \"abc'"}, "2.2.7")
    assert "abc" not in str(result)
    assert "Unmatched quote" in result["message"]
    for line, shown in (("Unmatched quote: 'key 1 \"abc'", "key 1 ********"), ("(a) auth_hmac key 1 length 3 not in range", "length 3")):
        result = verdict({"rc": 5, "stdout": line, "stderr": ""}, "2.4.3")
        assert "abc" not in str(result)
        assert shown in result["message"]


def test_what_we_found_makes_a_good_test_a_bad_one() -> None:
    result = verdict(
        {"rc": 0, "stdout": "@not_executable /bin/x is not an executable file\n@own_peer the peer 10.0.0.1 is this host itself"}, "2.2.7"
    )
    assert result["state"] == "errors"
    assert (
        "(exit code 0), but the host does not fit it. On the host: /bin/x is not an executable file [not_executable]; the peer 10.0.0.1"
        in result["message"]
    )
    assert verdict({"rc": 6, "stdout": f"{INSECURE}\n@own_peer x"}, "2.2.7")["state"] == "errors"
    assert verdict({"rc": 4, "stdout": "y\n@own_peer x"}, "2.2.7")["state"] == "fatal"


@pytest.mark.parametrize("result", [None, {}, "text", {"skipped": True}])
def test_not_a_result(result: object) -> None:
    with pytest.raises(AnsibleFilterError, match="registered result"):
        verdict(result, "2.2.7")


def test_diff_is_masked() -> None:
    old = "a {\n    auth_pass one\n    priority 1\n}\n"
    new = "a {\n    auth_pass two\n    priority 2\n}\n"
    lines = diff(old, new)
    assert "-    priority 1" in lines
    assert "+    priority 2" in lines
    assert "one" not in "".join(lines)
    assert "two" not in "".join(lines)
    assert diff(old, old) == []
    assert diff(old, old.replace("one", "two")) == ["Only secrets differ."]


def test_file_changes() -> None:
    wanted = [
        {"path": "/a", "text": "x\n", "mode": "0644"},
        {"path": "/b", "text": "", "mode": "0644"},
        {"paths": ["/c", "/d"], "text": "y\n", "mode": "0755", "use": "z"},
    ]
    digest = {text: hashlib.sha256(text.encode()).hexdigest() for text in ("x\n", "y\n")}
    right = {"/a": f"{digest['x' + chr(10)]} 644 root root", "/c": f"{digest['y' + chr(10)]} 755 root root"}
    right["/d"] = right["/c"]

    def paths(seen: dict[str, str]) -> list[str]:
        return [file["path"] for file in file_changes(wanted, seen)]

    assert paths(right) == []
    assert paths({}) == ["/a", "/c", "/d"]
    assert paths({**right, "/b": "anything"}) == ["/b"]
    assert paths({**right, "/a": right["/a"].replace("644", "666")}) == ["/a"]
    assert paths({**right, "/a": right["/a"].replace("root root", "root staff")}) == ["/a"]
    assert paths({**right, "/d": right["/a"]}) == ["/d"]
    assert file_changes(wanted, {**right, "/d": ""}) == [{"path": "/d", "text": "y\n", "mode": "0755", "use": "z"}]


def test_every_finding_of_the_host_has_a_name_that_can_be_accepted():
    """What module keepalived_config_test reports, and the names in the filter."""
    found = set(re.findall(r'report\("(\w+)"', Path(_keepalived_config_test.__file__).read_text(encoding="utf-8")))
    assert found == {*OURS, "missing_program", "insecure_program", "missing_include"}
    assert found <= set(NAMES)
