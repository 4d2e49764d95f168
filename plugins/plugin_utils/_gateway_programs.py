# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The programs that a gateway's host gets, with their directories, as options of module program_files. Private to the collection."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.module_utils import _deployed_check
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import (
    _connections,
    _gateway_settings,
    _python_bundle,
    _role_options,
)

FILES = _role_options.ROLES / "cc_gateway" / "files"


def check_program() -> str:
    """The check as one text. Hosts get it so: replaced at once while keepalived runs it."""
    return _python_bundle.python_bundle(str(FILES / _deployed_check.FILES))


def _text(name: str) -> str:
    return (FILES / name).read_text(encoding="utf-8")


def programs(check: str, python: str, user: str, connections: bool) -> dict[str, Any]:
    """directories and files of module program_files.

    :param check: as of check_program()
    :param python: the interpreter that the check runs with, a path on the host
    :param user: the user that runs the check
    :param connections: whether connections are synchronised
    """
    folder = _gateway_settings.CHECK_DIRECTORY
    files = [
        # Creates the directory at boot.
        {"path": "/etc/tmpfiles.d/eucalyptus-ha.conf", "content": f"d {_gateway_settings.RUN_DIRECTORY} 0755 {user} root -\n"},
        # The launcher imports it, so that Python compiles it once and not in every run: a third of its cost.
        {"path": str(Path(folder, f"{_deployed_check.FILES}.py")), "content": check},
        # keepalived calls it with an interpreter in front; the first line is for eucalyptus.ha.status and people, who call it by its name.
        {
            "path": _gateway_settings.CHECK_PATH, "mode": "0755",
            "content": f"#!{python} -EsS\n{_text('cc_enabled_check_launcher.py')}",
        },
        {"path": _gateway_settings.NOTIFY_PATH, "mode": "0755", "content": _text("eucalyptus-ha-notify")},
    ]  # fmt: skip
    if connections:
        files.append({"path": _connections.PROGRAM, "mode": "0755", "content": _text("eucalyptus-ha-connections")})
    return {
        # keepalived disables a script when anybody but root may write to a directory on its path.
        "directories": [
            {"path": folder}, {"path": _gateway_settings.ETC_DIRECTORY}, {"path": _gateway_settings.RUN_DIRECTORY, "owner": user}
        ],
        "files": [{"mode": "0644", **file} for file in files],
    }  # fmt: skip
