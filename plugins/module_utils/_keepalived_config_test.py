# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""A configuration tested by keepalived itself, and what else only its host can show. Private to the collection.

C(run) is run_command of a module, or what stands in for it: run(argv, ...) -> (exit status, standard output, standard error).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import contextlib
import os
import pwd
import signal
import stat
import tempfile

from ansible.module_utils.common.text.converters import to_bytes
from ansible_collections.eucalyptus.ha.plugins.module_utils import _as_user, _keepalived_unit

GROUP_WRITE, OTHERS_WRITE = stat.S_IWGRP, stat.S_IWOTH
# Of no user: keepalived's script_user is not known.
NOBODY = "-"


@contextlib.contextmanager
def _without_sigterm():
    """keepalived 2.2.7 sends it to itself in a config test as soon as a script runs as another user."""
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def config_test(run, tester, text, target):
    """Have a program test a text as the configuration that is to be in target -> (exit status, what it printed).

    The copy that it reads is gone afterwards; what it printed has the name of the target. Raises OSError.
    """
    directory = os.path.dirname(target)
    where = directory if os.path.isdir(directory) else "/tmp"  # noqa: S108  (mkstemp makes a new file of its own)
    handle, path = tempfile.mkstemp(prefix=".keepalived.conf.", dir=where)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(to_bytes(text))
        # What it prints to either, in its order.
        argv = ["/bin/sh", "-c", 'exec "$@" 2>&1', "sh", tester, "--config-test", "--use-file=" + path]
        with _without_sigterm():
            status, output, _nothing = run(argv, errors="replace", expand_user_and_vars=False)
    finally:
        os.remove(path)
    return status, output.rstrip("\n").replace(path, target)


class Checks(object):
    """What is to be checked on the host beside the config test, a line each; see filter keepalived_host_checks.

    Each finding is a line "@name sentence"; the name is that by which it can be accepted.
    """

    def __init__(self, run, directory):
        self.run = run
        self.directory = directory
        self.namespace = None
        self.found = []

    def report(self, name, sentence):
        self.found.append("@%s %s" % (name, sentence))

    def check(self, line):
        kind, _blank, rest = line.partition(" ")
        if kind == "namespace":
            self.namespace = rest
            return
        {"peer": self._peer, "source": self._source, "include": self._include, "program": self._program}[kind](rest)

    # --- addresses, in keepalived's own network namespace

    def _ip(self, *arguments):
        ip = _keepalived_unit.program("ip")
        return self.run([ip] + list(arguments), errors="replace", expand_user_and_vars=False)[1] if ip else None

    def _held(self, address):
        """Whether the host has the address; None when that cannot be known."""
        where = ["-n", self.namespace] if self.namespace else []
        output = self._ip(*(where + ["-o", "address", "show", "to", address]))
        return None if output is None else bool(output.strip())

    def _binds_to_any(self, address):
        path = "/proc/sys/net/%s/ip_nonlocal_bind" % ("ipv6" if ":" in address else "ipv4")
        if self.namespace:
            return (self._ip("netns", "exec", self.namespace, "cat", path) or "").strip() == "1"
        try:
            with open(path) as stream:
                return stream.read().strip() == "1"
        except (IOError, OSError):
            return False

    def _peer(self, address):
        if self._held(address):
            self.report("own_peer", "the peer %s is this host itself" % address)

    def _source(self, address):
        if self._held(address) is False and not self._binds_to_any(address):
            self.report("source_address", "the source address %s is not configured on this host" % address)

    # --- files

    def _include(self, name):
        path = name if name.startswith("/") else "%s/%s" % (self.directory, name)
        if not os.path.exists(path):
            self.report("missing_include", "the include file %s does not exist" % path)

    def _program(self, rest):
        user, _blank, program = rest.partition(" ")
        if user != NOBODY and not exists(user):
            self.report("unknown_user", "there is no user %s, who is to run %s" % (user, program))
        # Names without a path are resolved by keepalived.
        elif program.startswith("/"):
            self._file(user, program)

    def _file(self, user, program):
        if not os.path.exists(program):
            self.report("missing_program", "%s does not exist" % program)
            return
        if not os.path.isfile(program) or not os.access(program, os.X_OK):
            self.report("not_executable", "%s is not an executable file" % program)
        elif user not in (NOBODY, "root") and not _may_execute(user, program):
            self.report("not_executable", "%s cannot be executed by %s" % (program, user))
        path = os.path.realpath(program)
        while True:
            self._writable(path, user, program)
            if path == "/":
                return
            path = os.path.dirname(path)

    def _writable(self, path, user, program):
        try:
            about = os.stat(path)
        except (IOError, OSError):
            return
        way = "%s, on the way to %s, " % (path, program)
        if about.st_mode & OTHERS_WRITE:
            self.report("insecure_program", way + "can be written by everyone")
        elif about.st_mode & GROUP_WRITE and about.st_gid != 0:
            self.report("insecure_program", way + "can be written by its group")
        if about.st_uid != 0 and user in (NOBODY, "root"):
            self.report("insecure_program", "%s, on the way to %s, which root runs, belongs to another user" % (path, program))


def exists(user):
    """Whether there is such a user, by name or number."""
    try:
        pwd.getpwnam(user)
        return True
    except KeyError:
        pass
    try:
        return user.isdigit() and bool(pwd.getpwuid(int(user)))
    except (KeyError, OverflowError):
        return False


def _may_execute(user, program):
    try:
        return _as_user.run(user, ["/bin/sh", "-c", 'test -x "$1"', "sh", program])[0] == 0
    except _as_user.UserError:
        return False
