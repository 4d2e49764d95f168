# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whether keepalived is installed and runs on this host, from /proc alone. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import subprocess
import time

# For deadlines: nobody sets it. Python 2.7 has none.
_clock = getattr(time, "monotonic", time.time)

# keepalived(8), --pid; older packages used /var/run, which need not be a link to /run everywhere.
PID_FILES = ("/run/keepalived.pid", "/var/run/keepalived.pid", "/run/keepalived/keepalived.pid")
SYSTEM_PATH = ("/usr/sbin", "/usr/local/sbin", "/sbin", "/usr/bin", "/usr/local/bin")
VERSION_TIMEOUT = 2.0  # seconds


def executable(path=None):
    """Where keepalived is installed, or None. path overrides the search path (list of directories)."""
    for directory in path or SYSTEM_PATH:
        candidate = os.path.join(directory, "keepalived")
        if os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return None


def version(program, seconds=VERSION_TIMEOUT):
    """The output of C(keepalived --version), e.g. '2.2.7', or None. It prints 'Keepalived v2.2.7 (01/16,2022)' on stderr."""
    try:
        process = subprocess.Popen(
            [program, "--version"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
    except (IOError, OSError):
        return None
    process.stdin.close()
    # Python 2.7's communicate() has no timeout, and a fact must not hang on a broken program.
    deadline = _clock() + seconds
    pause = 0.001
    while process.poll() is None:
        if _clock() > deadline:
            process.kill()
            process.wait()
            break
        time.sleep(pause)
        pause = min(pause * 2, 0.05)
    found = re.search(br"Keepalived v(\d+(?:\.\d+)+)", process.stdout.read(4096))
    process.stdout.close()
    return found.group(1).decode("ascii") if found else None


def _read(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(4096)
    except (IOError, OSError):
        return b""


def _namespace(proc, pid, kind):
    try:
        return os.readlink(os.path.join(proc, str(pid), "ns", kind))
    except (IOError, OSError):
        return None


def _stat(proc, pid):
    """(name, state, parent pid, start in clock ticks since boot) of a process, or None. See proc_pid_stat(5)."""
    data = _read(os.path.join(proc, str(pid), "stat"))
    start, end = data.find(b"("), data.rfind(b")")  # the name may hold spaces and brackets itself
    fields = data[end + 1 :].split()
    if start < 0 or end < 0 or len(fields) < 20:
        return None
    return data[start + 1 : end].decode("ascii", "replace"), fields[0].decode("ascii"), int(fields[1]), int(fields[19])


def _is_keepalived(proc, pid):
    stat = _stat(proc, pid)
    if stat is None or not stat[0].startswith("keepalived") or stat[1] in ("Z", "X"):
        return False
    # A container's keepalived is in this host's /proc as well, and is not this host's.
    here, there = _namespace(proc, "self", "pid"), _namespace(proc, pid, "pid")
    return here is None or there is None or here == there


def _started_at(proc, ticks):
    boot = re.search(br"^btime (\d+)", _read_all(os.path.join(proc, "stat")), re.M)
    if not boot:
        return None
    return int(boot.group(1)) + ticks / float(os.sysconf("SC_CLK_TCK"))


def _read_all(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (IOError, OSError):
        return b""


def find(proc="/proc", pid_files=PID_FILES):
    """keepalived's parent process -> dict pid (int or None), since (epoch seconds or None), pid_file (str or None).

    A pid file is used only if that process is a keepalived of this host: pids are used again, and a killed
    keepalived leaves its file behind. Without one, all of /proc is searched, since keepalived may run with another
    C(--pid).
    """
    for pid_file in pid_files:
        words = _read(pid_file).split()
        if words and words[0].isdigit() and _is_keepalived(proc, int(words[0])):
            return _found(proc, int(words[0]), pid_file)
    try:
        pids = [int(name) for name in os.listdir(proc) if name.isdigit()]
    except (IOError, OSError):
        pids = []
    # Cheapest test first: hosts have thousands of processes.
    named = [pid for pid in pids if _read(os.path.join(proc, str(pid), "comm")).startswith(b"keepalived")]
    ours = [pid for pid in sorted(named) if _is_keepalived(proc, pid)]
    for pid in ours:
        if _stat_parent(proc, pid) not in ours:
            return _found(proc, pid, None)
    return {"pid": None, "since": None, "pid_file": None}


def _stat_parent(proc, pid):
    stat = _stat(proc, pid)
    return stat[2] if stat else None


def _found(proc, pid, pid_file):
    stat = _stat(proc, pid)
    return {"pid": pid, "since": _started_at(proc, stat[3]) if stat else None, "pid_file": pid_file}


def belongs_to(pid, parent, proc="/proc"):
    """Whether a process is the keepalived with pid parent or one of its children."""
    stat = _stat(proc, pid)
    return pid == parent or (stat is not None and stat[2] == parent and stat[0].startswith("keepalived"))
