# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Source state_file: the CC's live configuration, and a GET that shows that the CC responds. No key, no side effect."""

# ruff: noqa: B904  (Python 2 has no `raise from`)

from __future__ import absolute_import, division, print_function

import posix
import time

from .common import STATES, Trouble, Waiting, is_number, now
from .decision import ANSWERED, ASK, FAILED, WAIT, request_needed, waiting
from .http import connect, exchange, http_request

__metaclass__ = type

# Where localState stands in the state file on x86-64, and the releases that have it there.
KNOWN_OFFSETS = {20624: "3.1", 24828: "3.2", 28924: "3.3 and 3.4", 28928: "4.0", 28932: "4.1 to 5.1"}
STATE_FILE_LIMIT = 1 << 22


def c_string(data):
    """The text before the first NUL, or None when there is no NUL or more than ASCII before it."""
    text, nul, _rest = data.partition(b"\0")
    try:
        return text.decode("ascii") if nul else None
    except UnicodeDecodeError:
        return None


def read_struct(data):
    """(offset of the service's status, localState) in the CC's configuration struct, by its content.

    The status is localState[32], int32 localEpoch, details[1024] beginning with ERRORS=, then the service's type.
    """
    errors = data.find(b"ERRORS=")
    if errors < 0:
        raise Trouble("the state file has no ERRORS=: it is not a CC's, or not filled in yet")
    if data.find(b"ERRORS=", errors + 1) >= 0:
        raise Trouble("the state file has ERRORS= more than once: which one is the CC's is not known")
    offset = errors - 36
    if offset < 0 or len(data) < errors + 1056:
        raise Trouble("the state file is too short around ERRORS=")
    state = c_string(data[offset:offset + 32])
    if state not in STATES:
        raise Trouble("the state file has no localState before ERRORS=")
    if not is_number((c_string(data[errors:errors + 1024]) or "")[7:]):
        raise Trouble("the state file has no number after ERRORS=")
    if offset not in KNOWN_OFFSETS:
        for known, release in KNOWN_OFFSETS.items():
            if c_string(data[known:known + 32]) in STATES:
                raise Trouble("the state file has one localState where release %s has it, and another" % release)
    # A CC that is not ENABLED may have no identity yet; one that is got its state by its identity.
    kind = c_string(data[errors + 1024:errors + 1056])
    if state == "ENABLED" and kind != "cluster":
        raise Trouble("the state file has ENABLED for a service that is no cluster")
    return offset, state


def open_state_file(path):
    handle = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK)
    status = posix.fstat(handle)
    if status.st_mode & 0o170000 != 0o100000:
        raise Trouble("the state file is not a regular file", "unreadable")
    if status.st_mode & 0o022:
        raise Trouble("the state file may be written by others than its owner", "unreadable")
    if posix.geteuid() not in (0, status.st_uid) and status.st_uid:
        raise Trouble("the state file belongs to another user", "unreadable")
    if status.st_size > STATE_FILE_LIMIT:
        raise Trouble("the state file has more than %d bytes" % STATE_FILE_LIMIT, "unreadable")
    return handle


def read_handle(handle):
    """(offset, localState), or (None, why it is not known)."""
    posix.lseek(handle, 0, 0)
    try:
        return read_struct(posix.read(handle, posix.fstat(handle).st_size))
    except Trouble as error:
        return None, "%s" % error


def get_services(options, deadline):
    """Eucalyptus' own liveness check, GET of the list of services; None, or Trouble."""
    def read(answer):
        if answer.status != 200:
            raise Trouble("the CC answers with HTTP status %s" % answer.reason)
        if b"EucalyptusCC" not in answer.body:
            raise Trouble("the service that answers there is not a CC")

    connection = connect(options["host"], options["port"], deadline)
    exchange(options, deadline, connection, http_request(options, "GET /axis2/services"), read)


def observe_state_file(options, deadline, memory, moment, observation):
    """Read the state file and, where it is due, verify that the CC responds; fills in the observation (decision.py), or raises Trouble."""
    path = options["state-file"]
    deadline.doing = "reading " + path
    before = responds = None
    try:
        handle = open_state_file(path)
        try:
            # The CC writes while we read: what counts is what two readings show alike, the second one of them taken after the
            # CC has responded.
            for _attempt in range(4):
                reading = read_handle(handle)
                offset, state = reading
                if reading == before and offset is not None:
                    break
                before = reading
                if offset is None:
                    time.sleep(0.005)  # torn, most likely
                elif responds != "now":
                    observation.update(seen=state, offset=offset)
                    need = request_needed(memory, state, moment, options["live-every"])
                    if need == WAIT:
                        raise Waiting(waiting(memory, moment))
                    if need == ASK:
                        observation["asked"] = FAILED  # unless an answer comes
                        get_services(options, deadline)
                        observation["asked"] = ANSWERED
                        responds = "now"
                        deadline.doing, deadline.why = "reading " + path, ""
                    else:
                        responds = "%.1f s ago" % (moment - memory["live"])
            else:
                raise Trouble("the state file keeps changing while it is read") if offset is not None else Trouble(state, "layout")
        finally:
            posix.close(handle)
    except EnvironmentError as error:
        kind = {2: "absent", 20: "absent", 13: "unreadable"}.get(error.errno)  # ENOENT, ENOTDIR, EACCES
        raise Trouble("--state-file %s: %s" % (path, error.strerror), kind)
    observation.update(
        seen=state, offset=offset, state=state, definite=True,
        message="localState in %s, layout of %s%s" % (
            path, KNOWN_OFFSETS.get(offset, "no known release"), "" if responds == "now" else "; httpd answered " + responds),
    )


def watch_state_file(path, observation, end):
    """Wait until `end`, or until the state file shows another state than in the observation: whether it does.

    No request is sent, and only these few bytes are read: the caller observes again if True.
    """
    offset, state = observation["offset"], observation["seen"]
    try:
        handle = open_state_file(path)
        try:
            status = identity(posix.fstat(handle))
            while True:
                posix.lseek(handle, offset, 0)
                if c_string(posix.read(handle, 32)) != state or identity(posix.stat(path)) != status:
                    return True
                left = end - now()
                if left <= 0:
                    return False
                time.sleep(min(left, 0.05))
        finally:
            posix.close(handle)
    except (Trouble, EnvironmentError):
        return True


def identity(status):
    """What changes when another file takes the place of the state file, or others may write to it."""
    return status.st_dev, status.st_ino, status.st_mode, status.st_uid, status.st_size
