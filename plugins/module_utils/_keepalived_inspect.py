# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What role keepalived has to know of a host before it changes anything. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import grp
import hashlib
import os
import pwd
import re
import shlex
import stat

from ansible_collections.eucalyptus.ha.plugins.module_utils import _keepalived_process, _keepalived_unit

OS_RELEASE = "/etc/os-release"
INIT_STATUS = "/proc/1/status"
# A host that is busy with something else is not one without keepalived.
VERSION_TIMEOUT = 30.0  # seconds
ASSIGNMENT = re.compile(r"([A-Z_]+)=(.*)")


def gather(run, unit, files):
    """What is on the host -> dict of texts, with files by their paths; what is not there has no key.

    :param run: see _keepalived_unit
    :param files: the configuration first
    """
    program = _keepalived_process.executable()
    found = {"version": program and _keepalived_process.version(program, VERSION_TIMEOUT) or "", "capabilities": capabilities()}
    found.update(platform())
    found.update(_keepalived_unit.properties(run, unit))
    if _keepalived_unit.program("apt-get"):
        found["apt"] = "yes"
    if os.path.isdir(os.path.dirname(files[0])):
        found["directory"] = "yes"
    if os.path.exists(_keepalived_unit.PENDING):
        found["pending"] = "yes"
    found.update((path, fingerprint(path)) for path in files if os.path.isfile(path))
    found["waiting"] = _keepalived_unit.waiting(found.get("ActiveState", ""), files[0])
    return found


def platform():
    """Names of the distribution, as os-release(5) has them."""
    try:
        with open(OS_RELEASE) as stream:
            lines = stream.read().splitlines()
    except (IOError, OSError, ValueError):
        return {}
    values = {}
    for line in lines:
        matched = ASSIGNMENT.match(line)
        if matched:
            values[matched.group(1)] = _unquoted(matched.group(2))
    name, release = values.get("ID", ""), values.get("VERSION_ID", "")
    like = "%s %s" % (name, values.get("ID_LIKE", ""))
    return {"id": name, "like": like, "major": release.split(".")[0], "release": release}


def _unquoted(text):
    try:
        return "".join(shlex.split(text)[:1])
    except ValueError:
        return text


def capabilities():
    """The capabilities that a service without limits of its own has, as a hexadecimal number; empty when it is not known."""
    try:
        with open(INIT_STATUS) as stream:
            found = re.search(r"^CapBnd:\s*(\w+)", stream.read(), re.M)
    except (IOError, OSError, ValueError):
        return ""
    return found.group(1) if found else ""


def fingerprint(path):
    """SHA-256, mode, owner and group of a file, with blanks between."""
    about = os.lstat(path)
    try:
        with open(path, "rb") as stream:
            digest = hashlib.sha256(stream.read()).hexdigest()
    except (IOError, OSError):
        digest = ""
    mode = "%o" % stat.S_IMODE(about.st_mode)
    return " ".join([digest, mode, _name(pwd.getpwuid, about.st_uid), _name(grp.getgrgid, about.st_gid)])


def _name(find, number):
    try:
        return find(number)[0]
    except KeyError:
        return "UNKNOWN"
