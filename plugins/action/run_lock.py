# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Names this run to module run_lock, and tells a lock whose run is gone. Its options are in plugins/modules/_run_lock.py."""

from __future__ import annotations

import getpass
import os
import socket
from pathlib import Path
from typing import Any

from ansible.plugins.action import ActionBase
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _lock_words

MODULE = "eucalyptus.ha.run_lock"


def _started(pid: int) -> str | None:
    """When a process of this machine started, in clock ticks since boot; None when there is none."""
    try:
        # Field 22 of /proc/PID/stat (proc(5)); the second is the name in brackets, which may contain blanks.
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()[19]
    except (OSError, IndexError):
        return None


def _node() -> str:
    """This control node, unlike any other: a container that AWX makes for one job has an ID of its own."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        boot = ""
    return f"{socket.gethostname()}/{boot[:8]}/{os.stat('/proc/self/ns/pid').st_ino}"


def this_run(pid: int) -> str:
    """The run that process `pid`, ansible-playbook, is."""
    return f"{_node()}:{pid}:{_started(pid)}"


def is_gone(run: str) -> bool:
    """Whether a run was one of this control node and its process is not there any more."""
    node, pid, started = [*run.rsplit(":", 2), "", ""][:3]
    return node == _node() and pid.isdigit() and _started(int(pid)) != started


class ActionModule(ActionBase):
    """Runs the module of the same name on the host."""

    _requires_connection = True

    def run(self, tmp: Any = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        variables = task_vars or {}
        result = super().run(tmp, task_vars)
        arguments = dict(self._task.args)
        replace = arguments.pop("break", False)
        # The parent of this worker process is ansible-playbook itself.
        arguments["run"] = this_run(os.getppid())
        job = variables.get("awx_job_id")
        who = variables.get("awx_user_name") or getpass.getuser()
        arguments["who"] = f"{who} (AWX job {job})" if job else f"{who} at {socket.gethostname()}"
        found = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=variables)
        lock = found.get("lock") or {}
        if found.get("acquired") is False and lock and (str(replace).lower() in ("true", "yes", "1") or is_gone(str(lock["run"]))):
            arguments["replace"] = lock["run"]
            found = self._execute_module(module_name=MODULE, module_args=arguments, task_vars=variables)
            lock = found.get("lock") or {}
        if found.get("acquired") is False and lock and arguments.get("state", "present") == "present":
            found["blocked_by"] = _lock_words.describe(lock)
        result.update(found)
        return result
