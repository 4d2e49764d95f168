# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The lock by which runs that act on a cluster exclude each other. Private to the collection.

A file on each of the cluster's hosts, C(/run/eucalyptus-ha.lock), which only root can write: a JSON object of the keys of C(KEYS).
/run is empty after a boot, so a host that was rebooted has no lock. A lock is stale when it is older than C(longest).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import fcntl
import json
import os
import time

PATH = "/run/eucalyptus-ha.lock"
SIZE_LIMIT = 4096  # bytes

# run: who holds it, unlike any other run; what: deploy, maintenance, drill, nc_route or remove; who: a user and where, for people;
# since: seconds since 1970, by this host's clock; longest: seconds after which nobody can still be at work.
KEYS = ("run", "what", "who", "since", "longest")


def parse(text, now):
    """The lock that a file's text describes, with C(age) and C(stale); None when the text is no lock."""
    try:
        found = json.loads(text)
        lock = dict((key, found[key]) for key in KEYS)
        lock["since"], lock["longest"] = float(lock["since"]), float(lock["longest"])
    except (ValueError, KeyError, TypeError):
        return None
    lock["age"] = max(now - lock["since"], 0.0)
    lock["stale"] = lock["age"] > lock["longest"]
    return lock


def read(path=PATH, now=None):
    """The lock on this host, or None. A damaged file counts as no lock: writing is atomic, so nobody holds it."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | getattr(os, "O_NOFOLLOW", 0))
    except (IOError, OSError) as error:
        if error.errno in (errno.ENOENT, errno.ELOOP, errno.ENXIO):
            return None
        raise
    try:
        text = os.read(handle, SIZE_LIMIT).decode("utf-8", "replace")
    finally:
        os.close(handle)
    return parse(text, time.time() if now is None else now)


_now = getattr(time, "monotonic", time.time)  # Python 2 has no monotonic clock


class _Guard:
    """One process at a time reads the lock and changes it."""

    def __init__(self, path):
        self.path = path + ".guard"

    def __enter__(self):
        self.handle = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0), 0o600)
        fcntl.flock(self.handle, fcntl.LOCK_EX)

    def __exit__(self, *_error):
        os.close(self.handle)


def acquire(run, what, who, longest, replace=None, wait=0, path=PATH):  # noqa: PLR0917  (Python 2 has no keyword-only ones)
    """Take the lock for C(run). Returns the lock that is in force afterwards; it is ours when its C(run) is.

    A lock of the same run is renewed, a stale one is replaced, and so is the one whose run is C(replace): the caller knows it has ended.
    Another one is waited for, C(wait) seconds.
    """
    end = _now() + wait
    while True:
        found = _try(run, what, who, longest, replace, path)
        if found["run"] == run or _now() >= end:
            return found
        time.sleep(0.1)


def _try(run, what, who, longest, replace, path):  # noqa: PLR0917  (as above)
    with _Guard(path):
        now = time.time()
        found = read(path, now)
        if found and not found["stale"] and found["run"] not in (run, replace):
            return found
        since = found["since"] if found and found["run"] == run else now
        text = json.dumps(dict(run=run, what=what, who=who, since=since, longest=longest), sort_keys=True)
        new = "%s.new" % path
        handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | getattr(os, "O_NOFOLLOW", 0), 0o644)
        try:
            os.write(handle, text.encode("utf-8"))
        finally:
            os.close(handle)
        os.rename(new, path)
        return parse(text, now)


def release(run, path=PATH):
    """Give the lock back if C(run) holds it: whether it did."""
    with _Guard(path):
        found = read(path)
        if not found or found["run"] != run:
            return False
        os.unlink(path)
        return True
