# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The check as it is deployed on this host: where it is, how keepalived runs it, and what it answers. Private to the collection.

What counts is the command line in keepalived.conf, not the one that this version of the collection would write: after an
upgrade of the collection the hosts keep the old check until the next run of eucalyptus.ha.gateway.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import hashlib
import io
import json
import os
import re
import shlex

from ansible_collections.eucalyptus.ha.plugins.module_utils import _as_user
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_text import plain

PATH = "/usr/libexec/keepalived/cc-enabled-check"
FILES = "cc_enabled_check"  # the program's module, one file on a host
SIZE_LIMIT = 1 << 20  # bytes of one file

VALUE_LIMIT = 32  # of an answer
LINE_LIMIT = 400  # characters of one; the check's own lines have 303 at the most
_UNPRINTABLE = re.compile(u"[^ -~]")
_STATE = re.compile(r"[A-Z_]{1,32}\Z")

# These connect one run with the next. Without them a run queries the controller again, and changes nothing on the host.
_MEMORY_OPTIONS = ("--memory", "--grace", "--rest", "--watch", "--live-every")
# The second script of keepalived, which queries nobody.
_OTHER_MODE = "--newly-enabled"


def sources(folder):
    """The program's files in a folder -> dict of their names, relative to the folder, to SHA-256 sums."""
    names = [name for name in (FILES + ".py",) if os.path.isfile(os.path.join(folder, name))]
    return dict((name, _sum(os.path.join(folder, name))) for name in names)


def _sum(path):
    try:
        with io.open(path, "rb") as stream:
            return hashlib.sha256(stream.read(SIZE_LIMIT)).hexdigest()
    except (IOError, OSError):
        return None


def _words(values):
    text = values[0] if len(values) == 1 else " ".join(values)
    if str is bytes:  # Python 2's shlex reads bytes
        text = text.encode("utf-8")
    try:
        return shlex.split(text)
    except ValueError:
        return []


def script(blocks):
    """The vrrp_script that runs the check -> dict of argv, user (None: keepalived's default) and weight (0: none), or None.

    blocks: as of _keepalived_conf.parse.
    """
    default_user = None
    found = None
    for words, block in blocks:
        if words[:1] == ["global_defs"]:
            for entry, _nested in block or []:
                if entry[:1] == ["script_user"] and len(entry) > 1:
                    default_user = entry[1]
        if words[:1] != ["vrrp_script"] or found is not None:
            continue
        values = dict((entry[0], entry[1:]) for entry, _nested in block or [] if entry)
        argv = _words(values.get("script") or [""])
        if PATH not in argv or _OTHER_MODE in argv:
            continue
        weight = (values.get("weight") or ["0"])[0]
        found = {
            "argv": argv,
            "user": (values.get("user") or [None])[0],
            "weight": int(weight) if weight.lstrip("-").isdigit() else 0,
        }
    if found is not None and found["user"] is None:
        found["user"] = default_user
    return found


def value_of(argv, option):
    """The value of an option of the check's command line, or None."""
    for position, word in enumerate(argv[:-1]):
        if word == option:
            return argv[position + 1]
        if word.startswith(option + "="):
            return word[len(option) + 1 :]
    return None


def query_argv(argv):
    """The command line that queries the controller once, as keepalived's does, and prints JSON."""
    kept = []
    skip = False
    for word in argv:
        if skip:
            skip = False
        elif word in _MEMORY_OPTIONS:
            skip = True
        elif word.partition("=")[0] not in _MEMORY_OPTIONS:
            kept.append(word)
    return kept + ["--json"]


def parse_answer(output, complaint="", otherwise=""):
    """What a run of the check with --json printed -> dict with at least definite, local_state and message. Never raises.

    output, complaint: its standard output and standard error, text. otherwise: the message when it printed nothing. The check's user may
    make a run of it print anything: values that are no line of text, number, boolean or null are left out, and no text holds a template.
    """
    try:
        answer = json.loads(output)
    except (ValueError, RuntimeError):  # RuntimeError: lists in lists without end
        answer = None
    found = {"local_state": None, "message": ""}
    if isinstance(answer, dict) and isinstance(answer.get("definite"), bool):
        for key, value in sorted(answer.items())[:VALUE_LIMIT]:
            if isinstance(value, type(u"")):
                found[_line(key)] = _line(value)
            elif value is None or isinstance(value, bool) or (isinstance(value, (int, float)) and abs(value) < 1e12):
                found[_line(key)] = value
        if not isinstance(found["message"], type(u"")):
            found["message"] = ""
        if found["local_state"] is None or (isinstance(found["local_state"], type(u"")) and _STATE.match(found["local_state"])):
            return found
    texts = [(text or "").strip() for text in (complaint, output, otherwise, "the check printed nothing")]
    return {"definite": False, "local_state": None, "message": _line([text for text in texts if text][0].splitlines()[-1])}


def _line(text):
    """A line of printable ASCII that holds no template."""
    return plain(_UNPRINTABLE.sub("?", text[:LINE_LIMIT]))


def query(found):
    """Run the check that script() found, as its user -> as of parse_answer()."""
    if not found["user"]:
        return parse_answer("", "keepalived.conf names no user for the check (script_user)")
    try:
        _status, output, complaint = _as_user.run(found["user"], query_argv(found["argv"]))
    except _as_user.UserError as e:
        return parse_answer("", str(e))
    return parse_answer(output.decode("utf-8", "replace"), complaint.decode("utf-8", "replace"))
