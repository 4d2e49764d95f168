# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Rules of ours in the running tables of iptables, legacy or nft. Private to the collection.

What is wanted is compared with what is in effect: a rule that a firewall reload has taken away is set again. The controller
flushes its tables and loads its preload file meanwhile, a standby about every second, so every step may find another
state and is tried again.
"""

from __future__ import absolute_import, division, print_function

# ruff: noqa: B904  (Python 2 has no `raise from`)

__metaclass__ = type

import os
import subprocess
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _iptables_preload, _safe_files

COMMENT = "eucalyptus.ha"  # of the rules of role cc_gateway, and the mark around them in the controller's preload file
TABLES = ("filter", "nat", "mangle")
PATH = "/usr/sbin:/usr/bin:/sbin:/bin"
ATTEMPTS = 5
PAUSE = 0.4  # seconds; with ATTEMPTS longer than the second in which a standby controller flushes
# Wait for the lock of iptables, which the controller takes too (iptables(8), -w; from 1.4.20).
WAIT = ["-w", "5"]


class FilterError(Exception):
    """The tables cannot be read or changed; the text has the cause and the fix."""


def _run(arguments):
    """(exit status, standard output, standard error) as text."""
    environment = dict(os.environ, LC_ALL="C", PATH=PATH)
    try:
        child = subprocess.Popen(arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, close_fds=True)
    except (IOError, OSError) as error:
        raise FilterError("%s cannot be started (%s). Install the package iptables" % (arguments[0], error.strerror))
    output, complaint = child.communicate()
    return child.returncode, output.decode("utf-8", "replace"), complaint.decode("utf-8", "replace").strip()


def _saved(table, comment):
    """The rules with our comment in a table, as iptables-save prints them; [] where the kernel has no such table."""
    status, output, _complaint = _run(["iptables-save", "-t", table])
    if status:
        return []
    marks = ("--comment %s " % comment, '--comment "%s" ' % comment)
    return [line for line in output.splitlines() if line.startswith("-A ") and any(mark in line + " " for mark in marks)]


def _present(rule):
    """Whether exactly this rule is in effect."""
    return _run(["iptables"] + WAIT + ["-t", rule["table"], "-C", rule["chain"]] + _iptables_preload.arguments(rule))[0] == 0


def _insert(rule):
    """Put a rule first in its chain: the controller and firewalls end theirs with a rule that rejects the rest."""
    status, _output, complaint = _run(
        ["iptables"] + WAIT + ["-t", rule["table"], "-I", rule["chain"]] + _iptables_preload.arguments(rule)
    )
    if status:
        raise FilterError("iptables cannot set a rule in %s %s: %s" % (rule["table"], rule["chain"], complaint))


def _words(text):
    """A rule as iptables prints it, without what it adds: the modules' names, prefixes of single addresses, quotes."""
    words = text.replace('"', "").split()
    kept = []
    while words:
        word = words.pop(0)
        if word == "-m":
            words.pop(0)
        else:
            # iptables knows protocol 112 by its name where /etc/protocols does.
            kept.append("vrrp" if word == "112" else word[:-3] if word.endswith("/32") else word)
    return kept


def _spelled(rule):
    """A rule's words, as _words() gives those of a saved one."""
    return ["-A", rule["chain"]] + _words(" ".join(_iptables_preload.arguments(rule)))


def _same(saved, rule):
    return sorted(_spelled(rule)) == sorted(_words(saved))


def _obsolete(comment, rules):
    """(table, saved rule) for each rule with our comment that is not wanted, or is there more than once."""
    found = []
    for table in TABLES:
        left = [rule for rule in rules if rule["table"] == table]
        for saved in _saved(table, comment):
            match = [rule for rule in left if _same(saved, rule)]
            if match:
                left.remove(match[0])
            else:
                found.append((table, saved))
    return found


def _installed():
    return any(os.path.exists(os.path.join(folder, "iptables-save")) for folder in PATH.split(":"))


def plan(comment, rules):
    """What differs from the rules in effect -> (missing rules, obsolete rules as text)."""
    if not rules and not _installed():
        return [], []
    return [rule for rule in rules if not _present(rule)], ["%s: %s" % pair for pair in _obsolete(comment, rules)]


def lasting_plan(comment, rules):
    """As plan(), of what differs for longer than the moment in which a controller flushes its tables and loads its preload file."""
    return _lasting(lambda: plan(comment, rules))


def _lasting(inspect):
    """What inspect() finds for longer than a standby controller, about every second, takes to flush and load its rules."""
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE)
        found = inspect()
        if not any(found):
            break
    return found


def lost(comment, preload_file):
    """The rules of ours that the controller's preload file has and that are not in effect, as text; None without such rules.

    Raises FilterError, and FileError of _safe_files.
    """
    found = _safe_files.read(preload_file)
    wanted = _iptables_preload.ours(found.content.decode("utf-8", "replace"), comment) if found else []
    if not wanted:
        return None

    def missing():
        there = [(table, sorted(_words(line))) for table in TABLES for line in _saved(table, comment)]
        return ["%s: %s" % (table, line) for table, line in wanted if (table, sorted(_words(line))) not in there]

    return _lasting(missing)


def apply(comment, rules):
    """Set the rules that are missing, and remove those with our comment that are not wanted. Raises FilterError.

    Waits until both is so: between two steps the controller may flush the tables or load an old preload file.
    """
    for attempt in range(ATTEMPTS):
        if attempt:
            time.sleep(PAUSE)
        for rule in rules:
            if not _present(rule):
                _insert(rule)
        for table, saved in _obsolete(comment, rules):
            # It may be gone by now.
            _run(["iptables"] + WAIT + ["-t", table, "-D"] + saved.replace('"', "").split()[1:])
        missing, obsolete = plan(comment, rules)
        if not missing and not obsolete:
            return
    raise FilterError(
        "rules with the comment %s do not stay as they were set (%d missing, %d obsolete). Is another program changing them?"
        % (comment, len(missing), len(obsolete))
    )
