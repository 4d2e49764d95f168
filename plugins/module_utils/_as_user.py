# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Doing small things as another user, to see what that user may. Private to the collection.

Permission bits alone are not enough: directories above, ACLs and security modules count too. So a child process becomes
the user and tries.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import subprocess
import threading

ANSWER_LIMIT = 1 << 16
# A failure of the child before it becomes the program; Python 2.7 has no name for it.
START_ERRORS = (OSError, getattr(subprocess, "SubprocessError", OSError))
TIME_LIMIT = 10.0  # seconds; a hung file server or interpreter must not hang the run


class UserError(Exception):
    """There is no such user, or this process may not become it."""


def account(name):
    """The entry of the user database of a name. Raises UserError."""
    try:
        return pwd.getpwnam(name)
    except KeyError:
        pass
    raise UserError("there is no user '%s' on this host" % name)


def become(entry):
    """What makes this process the user; for a child between fork and exec. A process that already is, stays."""

    def change():
        if os.getuid() != entry.pw_uid:
            os.initgroups(entry.pw_name, entry.pw_gid)
            os.setgid(entry.pw_gid)
            os.setuid(entry.pw_uid)

    return change


def _may_become(entry):
    if os.geteuid() not in (0, entry.pw_uid):
        raise UserError("only root may try what user '%s' can do: use become" % entry.pw_name)


def run(name, argv, data=b"", time_limit=TIME_LIMIT):
    """Run a program as the user, without this process' environment -> (exit status, standard output, standard error).

    Output is bytes, cut at 64 KiB. A program that cannot be started has status 127. Raises UserError.
    """
    entry = account(name)
    _may_become(entry)
    try:
        child = subprocess.Popen(
            argv,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd="/",
            env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C"},
            preexec_fn=become(entry),  # noqa: PLW1509  (no thread runs here but timers that wait, and callers start theirs after this)
            close_fds=True,
        )
    except START_ERRORS as e:
        return 127, b"", str(getattr(e, "strerror", None) or e).encode("utf-8", "replace")
    timer = threading.Timer(time_limit, child.kill)
    timer.start()
    try:
        output, complaint = child.communicate(data)
    finally:
        timer.cancel()
    return child.returncode, output[:ANSWER_LIMIT], complaint[:ANSWER_LIMIT]


def unreadable(name, paths):
    """Which of several files the user cannot read -> {path: why}. Raises UserError."""
    # cat, as there is no other Python that the user is sure to be able to start.
    found = {}
    for path in paths:
        status, _output, complaint = run(name, ["/bin/sh", "-c", 'exec cat <"$1" >/dev/null', "sh", path])
        if status:
            cause = complaint.decode("utf-8", "replace").strip().rpartition(": ")[2]
            found[path] = cause or "exit status %d" % status
    return found
