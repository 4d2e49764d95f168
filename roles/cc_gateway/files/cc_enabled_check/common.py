# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the parts of the check share: errors, the clock, the states, and how to read a small file."""

# ruff: noqa: B904  (Python 2 has no `raise from`)

from __future__ import absolute_import, division, print_function

# os, subprocess, argparse, http.client, xml and their like cost milliseconds each, in every run; the C modules
# below them do not. What only some runs need is imported there, the other parts of the check too.
import posix
import time

__metaclass__ = type

# The states of a CC (cluster/ of releases 3.1 to 5.1).
STATES = ("PRIMORDIAL", "INITIALIZED", "LOADED", "DISABLED", "ENABLED", "STOPPED", "NOTREADY")

now = getattr(time, "monotonic", time.time)


class Trouble(Exception):
    """There is no definite answer; the text is the reason.

    kind, of the state file: absent, unreadable or layout (not recognised); else None.
    """

    def __init__(self, text, kind=None):
        Exception.__init__(self, text)
        self.kind = kind


class TimedOut(Trouble):
    """The deadline has passed."""


class Waiting(Trouble):
    """No request is made now, after others that timed out."""


class WrongCall(Exception):
    """The command line is not valid."""


def clean(text):
    """One line of printable ASCII that holds no template of Ansible's, whatever a server or a caller sent."""
    text = "".join([letter if " " <= letter <= "~" else "?" for letter in text[:301]])
    if "{" in text:
        # As in module_utils/_plain_text.py: no beginning of a template, nor of one that what follows would complete.
        for mark in ("{{", "{%", "{#"):
            while mark in text:
                text = text.replace(mark, "(" + mark[1])
        text = text[:-1] + "(" if text[-1] == "{" else text
    return text if len(text) <= 300 else text[:300] + "..."


def is_number(text):
    """Decimal digits only, and few: int() takes more than a protocol does."""
    return 0 < len(text) <= 10 and not text.strip("0123456789")


def read_file(path, what, limit=1 << 16):
    """The bytes of a regular file; a FIFO or a device in its place does not hang the check."""
    try:
        handle = posix.open(path, posix.O_RDONLY | posix.O_NONBLOCK)
        try:
            data = posix.read(handle, limit)
        finally:
            posix.close(handle)
    except EnvironmentError as error:
        raise Trouble("%s %s: %s" % (what, path, error.strerror))
    return data
