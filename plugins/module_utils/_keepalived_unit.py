# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""keepalived's systemd unit, and what waits for its next reload. Private to the collection.

C(run) is run_command of a module, or what stands in for it: run(argv, ...) -> (exit status, standard output, standard error).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import time

from ansible.module_utils.common.process import get_bin_path

# Written by role keepalived before it replaces the configuration of a running keepalived; it ends with the reload.
PENDING = "/run/eucalyptus.ha.keepalived.pending"
PROPERTIES = ("ActiveState", "UnitFileState", "CapabilityBoundingSet", "Type", "KillMode")
RUNNING = ("active", "reloading")
# A unit that fails right after a reload is active for a moment.
TIMES_ACTIVE = 3
PAUSE = 0.2  # seconds
# The lines that peers must agree on to receive each other at all. In our files they stand one a line.
_BLOCK = re.compile(br" *(virtual_ipaddress|unicast_peer|authentication) ")
_LINE = re.compile(br" *(vrrp_instance|advert_int|version|vrrp_version|virtual_router_id|unicast_src_ip|interface) ")


def properties(run, unit, names=PROPERTIES):
    """Properties of the unit, by name; nothing where there is no systemd."""
    systemctl = program("systemctl")
    argv = [systemctl, "show", unit] + ["--property=" + name for name in names]
    output = run(argv, errors="replace", expand_user_and_vars=False)[1] if systemctl else ""
    return dict(line.split("=", 1) for line in output.splitlines() if "=" in line)


def program(name):
    """The path of a program, sbin included, or None."""
    try:
        return get_bin_path(name)
    except ValueError:
        return None


def wait(run, unit, seconds, sleep=time.sleep):
    """Wait until the unit has been active several times in a row; the pending mark ends with it -> None, or what is wrong."""
    state, seen = "", 0
    for _attempt in range(int(seconds * 5)):
        state = properties(run, unit, ("ActiveState",)).get("ActiveState", "")
        if state == "failed":
            break
        seen = seen + 1 if state == "active" else 0
        if seen >= TIMES_ACTIVE:
            if os.path.lexists(PENDING):
                os.remove(PENDING)
            return None
        sleep(PAUSE)
    journalctl = program("journalctl")
    argv = [journalctl, "--unit=" + unit, "--lines=20", "--no-pager"]
    journal = run(argv, errors="replace", expand_user_and_vars=False)[1] if journalctl else ""
    return "%s is not active: ActiveState=%s\n%s" % (unit, state, journal)


def wire(text):
    """Of a keepalived.conf (bytes), the lines that decide what is on the wire."""
    found, inside = [], False
    for line in text.split(b"\n"):
        inside = inside or bool(_BLOCK.match(line))
        if inside or _LINE.match(line):
            found.append(line)
        if b"}" in line:
            inside = False
    return found


def waiting(active_state, conf):
    """What a reload would bring: nothing, start (keepalived does not run), in_turn, or together.

    Together is for changes after which the hosts of a pair do not receive each other's adverts until both have them.
    """
    if active_state not in RUNNING:
        return "start"
    if not os.path.exists(PENDING):
        return "nothing"
    previous = conf + ".previous"
    if os.path.exists(previous) and wire(_read(conf)) == wire(_read(previous)):
        return "in_turn"
    return "together"


def _read(path):
    try:
        with open(path, "rb") as stream:
            return stream.read()
    except (IOError, OSError):
        return b""
