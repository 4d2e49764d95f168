# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Our rules in the cluster controller's iptables preload file. Private to the collection.

The controller flushes its tables and loads this file (iptables-restore) at each change of its state, a standby about every second
(cluster/vnetwork.c), so what shall stay in effect must be in it. Everything else in the file stays as it is.

A rule is a dictionary in the words of M(ansible.builtin.iptables): C(table), C(chain), C(source), C(destination), C(protocol),
C(ctstate), C(comment), C(jump). A value that begins with C(!) is negated.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re


# What the controller flushes. Loading the file flushes every table that it names, with the rules of others in it, so that no other table
# may be in it.
FLUSHED = ("filter", "nat")


class PreloadError(Exception):
    """A rule cannot be written, or the file is damaged; the text has the cause and the fix."""


# What ansible.builtin.iptables calls it, and how iptables-save writes it, in the order of the latter.
_OPTIONS = (
    ("source", ["-s"]),
    ("destination", ["-d"]),
    ("out_interface", ["-o"]),
    ("protocol", ["-p"]),
    ("destination_port", ["--dport"]),
    ("ctstate", ["-m", "conntrack", "--ctstate"]),
    ("comment", ["-m", "comment", "--comment"]),
    ("jump", ["-j"]),
    ("to_source", ["--to-source"]),
)
_NEEDED = set(["table", "chain", "jump"])
# No blank, quote or control character, which the file could not hold.
_WORD = re.compile(r"[!#-&(-\[\]-~]+\Z")


def arguments(rule):
    """A rule's words for iptables after its chain, and for the file. Raises PreloadError."""
    missing = _NEEDED - set(rule)
    unknown = set(rule) - _NEEDED - set(name for name, _flags in _OPTIONS)
    if missing or unknown:
        raise PreloadError("rule %s: missing %s, unknown %s" % (rule, sorted(missing), sorted(unknown)))
    words = []
    for name, flags in _OPTIONS:
        value = rule.get(name)
        if not value:
            continue
        text = ",".join(value) if isinstance(value, (list, tuple)) else "%s" % value
        if not _WORD.match(text):
            raise PreloadError("rule %s: %s must be one word (got '%s')" % (rule, name, text))
        negated = text.startswith("!")
        # The negation stands before the option that takes the value, which is the last of its flags.
        words += flags[:-1] + (["!"] if negated else []) + [flags[-1], text.lstrip("!")]
    return words


def _by_table(rules):
    tables = []
    for rule in rules:
        line = " ".join(["-A", rule["chain"]] + arguments(rule))
        for table, lines in tables:
            if table == rule["table"]:
                lines.append(line)
                break
        else:
            tables.append((rule["table"], [line]))
    return tables


def _without_ours(lines, begin, end):
    kept, inside = [], False
    for line in lines:
        if line.strip() == begin:
            inside = True
        elif line.strip() == end:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise PreloadError("'%s' has no '%s' after it. Correct the file by hand; nothing was changed" % (begin, end))
    return kept


def _without_hollow_sections(lines):
    """Drop sections with nothing left in them: loading one would flush the table for no gain."""
    kept = []
    for line in lines:
        if line.strip() == "COMMIT" and kept and kept[-1].startswith("*"):
            kept.pop()
        else:
            kept.append(line)
    return kept


def ours(text, marker):
    """[(table, line)] of the rules that are between our marks."""
    found, table, inside = [], None, False
    for line in (one.strip() for one in text.splitlines()):
        if line.startswith("*"):
            table = line[1:]
        elif line in ("# BEGIN %s" % marker, "# END %s" % marker):
            inside = line.startswith("# BEGIN")
        elif inside:
            found.append((table, line))
    return found


def edit(text, rules, marker):
    """The text of the file with our rules in it, and those of an earlier run out of it; [] takes ours out. Raises PreloadError."""
    wanted = _by_table(rules)
    begin, end = "# BEGIN %s" % marker, "# END %s" % marker
    before = text.splitlines()
    lines = _without_ours(before, begin, end)
    if len(lines) != len(before):
        # Sections that held our rules alone were ours too.
        lines = _without_hollow_sections(lines)

    result, seen, position = [], set(), 0
    while position < len(lines):
        line = lines[position]
        result.append(line)
        position += 1
        table = line.strip()[1:] if line.startswith("*") else None
        for name, ours in wanted:
            if name != table or name in seen:
                continue
            seen.add(name)
            # Chain declarations come before rules.
            while position < len(lines) and (lines[position].startswith((":", "#")) or not lines[position].strip()):
                result.append(lines[position])
                position += 1
            result += [begin] + ours + [end]
    for name, ours in wanted:
        if name not in seen:
            result += ["*" + name, begin] + ours + [end, "COMMIT"]
    return "".join(line + "\n" for line in result)
