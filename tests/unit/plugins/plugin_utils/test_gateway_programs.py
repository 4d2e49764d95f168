# SPDX-License-Identifier: GPL-3.0-or-later
"""What a host gets of programs: complete, root's, and the interpreter in the first line of the check."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter._gateway_programs import FilterModule
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _gateway_programs

FOLDER = "/usr/libexec/keepalived"


def by_path(connections=False):
    found = _gateway_programs.programs(_gateway_programs.check_program(), "/usr/bin/python9", "euca", connections)
    return found["directories"], {file["path"]: file for file in found["files"]}


def test_the_programs_and_what_they_need():
    directories, files = by_path()
    assert directories == [{"path": FOLDER}, {"path": "/etc/eucalyptus-ha"}, {"path": "/run/eucalyptus-ha", "owner": "euca"}]
    assert {path: file["mode"] for path, file in files.items()} == {
        "/etc/tmpfiles.d/eucalyptus-ha.conf": "0644",
        f"{FOLDER}/cc_enabled_check.py": "0644",
        f"{FOLDER}/cc-enabled-check": "0755",
        f"{FOLDER}/eucalyptus-ha-notify": "0755",
    }
    assert files["/etc/tmpfiles.d/eucalyptus-ha.conf"]["content"] == "d /run/eucalyptus-ha 0755 euca root -\n"
    assert files[f"{FOLDER}/cc-enabled-check"]["content"].startswith("#!/usr/bin/python9 -EsS\n")
    assert "def observe_state_file" in files[f"{FOLDER}/cc_enabled_check.py"]["content"]
    assert all(file["content"].endswith("\n") and not file["content"].endswith("\n\n") for file in files.values())


def test_with_connections_there_is_one_more():
    _directories, files = by_path(connections=True)
    assert set(files) - set(by_path()[1]) == {f"{FOLDER}/eucalyptus-ha-connections"}
    assert files[f"{FOLDER}/eucalyptus-ha-connections"]["mode"] == "0755"


def test_files_that_are_not_there_are_an_error_of_the_filter(monkeypatch, tmp_path):
    monkeypatch.setattr(_gateway_programs, "FILES", tmp_path)
    with pytest.raises(AnsibleFilterError, match=r"^_gateway_programs: .*there is no __init__\.py"):
        FilterModule().filters()["_gateway_programs"]({"python": "/usr/bin/python3", "user": "euca", "connections": None})
