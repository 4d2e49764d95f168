# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""conntrackd on this host: what is there before a deployment, and how it is now. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re
import subprocess
import time

DAEMON = "/usr/sbin/conntrackd"
UNIT = "conntrackd"
CONFIG = "/etc/eucalyptus-ha/conntrackd.conf"
DROP_IN = "/etc/systemd/system/conntrackd.service.d/50-eucalyptus-ha.conf"
# The package's own configuration, in Debian and in EL.
STOCK_CONFIG = "/etc/conntrackd/conntrackd.conf"
SOCKET = "/run/eucalyptus-ha-conntrackd.ctl"
# The checksum of the configuration and the addition to the unit that it was started with.
APPLIED = "/run/eucalyptus-ha-conntrackd.applied"
LOCK_FILE = "/run/lock/eucalyptus-ha-conntrackd.lock"
PROC = "/proc/sys/net/netfilter"
# Seconds. Without anything to report each conntrackd sends the other a datagram once a second (ALIVE_INT of its sync-ftfw.c).
HEARD_WITHIN = 2.5
PAUSE = 0.1
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"

_VERSION = re.compile(r"\bv?([0-9]+\.[0-9]+(?:\.[0-9]+)?)")
_RECEIVED = re.compile(r"^\s*([0-9]+) Bytes sent\s+([0-9]+) Bytes recv", re.MULTILINE)
_CACHED = re.compile(r"^cache internal:\s*\n\s*current active connections:\s*([0-9]+)", re.MULTILINE)
_SYNC = re.compile(r"^\s*Sync\s*\{", re.MULTILINE)


def run(arguments):
    """(exit status, standard output and error as text); (None, reason) where it cannot be started."""
    environment = dict(os.environ, LC_ALL="C", PATH=PATH)
    try:
        child = subprocess.Popen(
            arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, env=environment, close_fds=True
        )
    except (IOError, OSError) as error:
        return None, "%s: %s" % (arguments[0], error.strerror)
    output = child.communicate(b"")[0]
    return child.returncode, output.decode("utf-8", "replace")


def _text(path):
    try:
        with open(path, "rb") as stream:
            return stream.read(65536).decode("utf-8", "replace")
    except (IOError, OSError):
        return None


def _number(path):
    text = (_text(path) or "").strip()
    return int(text) if text.isdigit() else None


# --- before a deployment ---


def default_interface(path="/proc/net/route"):
    """The interface of the IPv4 default route with the lowest metric; empty if there is no default route."""
    found = []
    for line in (_text(path) or "").splitlines()[1:]:
        words = line.split()
        # Iface Destination Gateway Flags RefCnt Use Metric Mask …; flag 1 is up.
        if len(words) > 7 and words[1] == words[7] == "00000000" and int(words[3], 16) & 1:
            found.append((int(words[6]), words[0]))
    return min(found)[1] if found else ""


def version(program=DAEMON):
    """The release of conntrackd, such as 1.4.7; None when it is not installed."""
    status, output = run([program, "-v"])
    if status is None:
        return None
    match = _VERSION.search(output)
    return match.group(1) if match else ""


def package():
    """What its package is called here."""
    return "conntrackd" if any(os.path.exists(one) for one in ("/usr/bin/apt-get", "/bin/apt-get")) else "conntrack-tools"


def candidate(name):
    """Whether the package sources have it; None where that is not known without the network."""
    status, output = run(["apt-cache", "policy", name])
    if status != 0:
        return None
    if "Candidate: (none)" in output:
        return False
    if "Candidate:" in output:
        return True
    # A host without any package list has no answer to any question.
    status, output = run(["apt-cache", "policy", "bash"])
    known = [line for line in output.splitlines() if "http" in line or "file:" in line]
    return False if status == 0 and known else None


def foreign_conf(path=STOCK_CONFIG, drop_in=DROP_IN):
    """The configuration of somebody else's synchronisation, or None. The package's own is one for statistics."""
    text = _text(path)
    return path if text and _SYNC.search(text) and not os.path.exists(drop_in) else None


def deployed(drop_in=DROP_IN):
    """Whether this collection has set conntrackd up on this host."""
    return os.path.exists(drop_in)


def look():
    """What a deployment has to know -> dict: version, package, candidate, foreign_conf, applied (a checksum, or empty)."""
    name, found = package(), version()
    return {
        "version": found,
        "package": name,
        "candidate": candidate(name) if found is None else True,
        "foreign_conf": foreign_conf(),
        "applied": (_text(APPLIED) or "").strip(),
    }


# --- now ---


def _statistics(program, config):
    """(bytes received from the peer, entries in the internal cache); None each when conntrackd does not answer."""
    status, output = run([program, "-C", config, "-s"])
    received, cached = _RECEIVED.search(output), _CACHED.search(output)
    if status != 0 or not received:
        return None, None
    return int(received.group(2)), int(cached.group(1)) if cached else None


def status(program=DAEMON, config=CONFIG, proc=PROC, drop_in=DROP_IN, within=HEARD_WITHIN):
    """How conntrackd is -> dict, or None where this collection has not set it up.

    Waits for a datagram of the peer, at most that many seconds. running; synchronised (the peer was heard meanwhile); age (seconds
    until then, so the time between two datagrams is no longer; None when it was not); entries (of the kernel), own (those of them
    that this host sends to the other); liberal (whether the kernel lets packets through whose sequence numbers it did not follow).
    """
    if not deployed(drop_in):
        return None
    started = time.time()
    before, own = _statistics(program, config)
    found = {
        "running": before is not None,
        "synchronised": False,
        "age": None,
        "entries": _number(os.path.join(proc, "nf_conntrack_count")),
        "own": own,
        "liberal": None,
    }
    liberal = _number(os.path.join(proc, "nf_conntrack_tcp_be_liberal"))
    found["liberal"] = None if liberal is None else liberal == 1
    while before is not None and time.time() - started < within:
        time.sleep(PAUSE)
        now = _statistics(program, config)[0]
        if now is None:
            found["running"] = False
            break
        if now != before:
            found["synchronised"], found["age"] = True, round(time.time() - started, 1)
            break
    return found
