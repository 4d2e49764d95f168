# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which run of ansible-playbook a lock belongs to, and whether that run is still there. Private to the collection."""

from __future__ import annotations

import os
import socket
from pathlib import Path


def _started(pid: int) -> str | None:
    """When a process of this machine started, in clock ticks since boot; None if it does not exist."""
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
