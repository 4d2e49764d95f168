# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The state files that the notify script of role cc_gateway leaves for each VRRP instance. Private to the collection.

keepalived has no question that it answers without being disturbed (its JSON dump takes a signal and a file in /tmp), so
the notify script writes down every transition, and C(vip_facts) reads it.

One file per VRRP instance, C(STATE_DIR/NAME.state), C(STATE_DIR) being /run/eucalyptus-ha. C(NAME) is the instance's
name in which every byte outside C([A-Za-z0-9_.-]), and a leading dot, is written as C(%XX); what counts is the name in the
file. UTF-8 text, one C(KEY=VALUE) per line, no quoting, no spaces around C(=), control characters in values replaced by
spaces, at most 8 KiB. Lines that begin with C(#) and unknown keys are ignored. The keys:

=========== ======== ==============================================================================================
instance    required the VRRP instance's name
state       required MASTER, BACKUP, FAULT, STOP or DELETED, as keepalived gives it to a notify script (third argument)
since       required the time of the transition, epoch seconds with a fraction, e.g. 1795358405.120
priority    optional the effective priority at that time, 0-255 (keepalived's fourth argument)
previous    optional the state before, as in state; empty when there was none
reason      optional one line for people, e.g. the last message of the check
pid         optional the process that ran the notify script ($PPID in it): with it a file left by a keepalived that was
                     killed is distinguished from one that is current, whatever the clock did
=========== ======== ==============================================================================================

The directory belongs to the user that keepalived's scripts run as, so root reads there with care (_safe_files): regular files that
this user may read, no links, and at most FILE_LIMIT of them.

The writer makes the file under another name that does not end in C(.state), in the same directory, and renames it over
the old one, so a reader never gets half of it. Mode 0644: it holds nothing secret. If one is damaged nevertheless,
the reader reports that; it never fails.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.eucalyptus.ha.plugins.module_utils import _safe_files

STATES = ("MASTER", "BACKUP", "FAULT", "STOP", "DELETED")
SUFFIX = ".state"
SIZE_LIMIT = 8192  # bytes
FILE_LIMIT = 100
FUTURE_TOLERANCE = 60.0  # seconds that `since` may be ahead of the clock before it is reported

_CONTROL = re.compile(u"[\x00-\x1f\x7f-\x9f]")


def file_name(instance):
    """The name of an instance's state file, without the directory."""
    encoded = []
    for position, byte in enumerate(bytearray(instance.encode("utf-8"))):
        char = chr(byte)
        plain = re.match(r"[A-Za-z0-9_.-]\Z", char) and not (position == 0 and char == ".")
        encoded.append(char if plain else "%%%02X" % byte)
    return "".join(encoded) + SUFFIX


def _number(text, convert):
    try:
        value = convert(text)
    except (ValueError, OverflowError):
        return None
    # NaN and the infinities are floats too, but no times.
    return value if abs(value) < 1e12 else None


def parse(text, now):
    """The text of a state file -> dict of instance, state, priority, since, previous, reason, pid and problems.

    now is the time in epoch seconds. Every value that is missing or makes no sense is None and named in problems (list of
    str); nothing is raised.
    """
    found = {}
    problems = []
    for number, line in enumerate(text.split(u"\n"), 1):
        if not line.strip() or line.startswith(u"#"):
            continue
        key, equals, value = line.partition(u"=")
        if not equals:
            problems.append("line %d is not KEY=VALUE" % number)
        elif key in found:
            problems.append("%s is given twice" % _CONTROL.sub(u"?", key))
        else:
            found[key] = _CONTROL.sub(u"?", value).strip()

    result = {"instance": found.get(u"instance") or None, "reason": found.get(u"reason") or None}
    if result["instance"] is None:
        problems.append("instance is missing")
    for key, required in (("state", True), ("previous", False)):
        value = found.get(key, u"").upper()
        if not value and required:
            problems.append("%s is missing" % key)
        elif value and value not in STATES:
            problems.append("%s is '%s', not one of %s" % (key, value, ", ".join(STATES)))
        result[key] = value if value in STATES else None
    for key, convert, low, high, required in (
        ("since", float, 1.0, now + FUTURE_TOLERANCE, True),
        ("priority", int, 0, 255, False),
        ("pid", int, 1, 1 << 22, False),
    ):
        value = found.get(key, u"")
        number = _number(value, convert) if value else None
        if not value and required:
            problems.append("%s is missing" % key)
        elif value and (number is None or number < low):
            problems.append("%s is '%s', which makes no sense" % (key, value))
            number = None
        elif number is not None and number > high:
            problems.append("%s is '%s', which is %s" % (key, value, "in the future" if key == "since" else "too much"))
            number = None
        result[key] = number
    result["problems"] = problems
    return result


def _unreadable(problem, now):
    return dict(parse(u"", now), problems=["cannot be read: %s" % problem])


def _read(directory, name, now):
    """Read one state file of an opened directory; see parse(). A file that cannot be read is a problem as well."""
    try:
        found = directory.read(name, SIZE_LIMIT)
    except _safe_files.FileError as e:
        return _unreadable(e.strerror, now)
    if found is None:
        return _unreadable("it was removed meanwhile", now)
    return parse(found.content.decode("utf-8", "replace"), now)


def read_directory(path, now):
    """All state files of a directory -> (list of dicts as of parse() with path added, list of problems).

    A directory that does not exist is no problem: no transition has been recorded.
    """
    try:
        with _safe_files.Directory(path) as directory:
            return _read_directory(directory, now)
    except _safe_files.FileError as e:
        if e.errno in _safe_files.MISSING:
            return [], []
        return [], ["%s: cannot be read: %s" % (path, e.strerror)]


def _read_directory(directory, now):
    states = []
    problems = []
    names = [name for name in directory.names() if name.endswith(SUFFIX)]
    if len(names) > FILE_LIMIT:
        problems.append("%s: has %d state files, of which %d are read" % (directory.path, len(names), FILE_LIMIT))
    for name in names[:FILE_LIMIT]:
        path = os.path.join(directory.path, name)
        state = _read(directory, name, now)
        state["path"] = path
        problems.extend("%s: %s" % (path, problem) for problem in state["problems"])
        if any(state["instance"] is not None and state["instance"] == other["instance"] for other in states):
            problems.append("%s: a second file for VRRP instance %s is ignored" % (path, state["instance"]))
            continue
        states.append(state)
    return states, problems
