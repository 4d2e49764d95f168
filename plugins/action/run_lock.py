# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names this run to module run_lock, and recognises a lock whose run has ended. Its options are in plugins/modules/run_lock.py."""

from __future__ import annotations

import getpass
import os
import socket
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _lock_words, _run_identity

MODULE = "eucalyptus.ha.run_lock"


class ActionModule(ActionBase):  # type: ignore[misc]  # Ansible has no types
    """Runs the module of the same name on the host."""

    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result: dict[str, Any] = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        replace = arguments.pop("break", False)
        # The parent of this worker process is ansible-playbook itself.
        arguments["run"] = _run_identity.this_run(os.getppid())
        job = variables.get("awx_job_id")
        who = variables.get("awx_user_name") or getpass.getuser()
        arguments["who"] = f"{who} (AWX job {job})" if job else f"{who} at {socket.gethostname()}"
        found = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=variables)
        lock = found.get("lock") or {}
        forced = str(replace).lower() in ("true", "yes", "1")
        if found.get("acquired") is False and lock and (forced or _run_identity.is_gone(str(lock["run"]))):
            arguments["replace"] = lock["run"]
            found = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=variables)
            lock = found.get("lock") or {}
        if found.get("acquired") is False and lock and arguments.get("state", "present") == "present":
            found["blocked_by"] = _lock_words.describe(lock)
        result.update(found)
        return result
