# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filter that puts rules into, and takes them out of, Eucalyptus' iptables preload file."""

from __future__ import annotations

from typing import Any

from ansible.errors import AnsibleFilterError

DOCUMENTATION = r"""
name: iptables_preload
short_description: Put rules into the text of Eucalyptus' iptables preload file
version_added: 0.1.0
author: The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - >-
    The cluster controller flushes the filter and nat tables and feeds C(iptables-preload) to C(iptables-restore)
    (Eucalyptus 3.1 to 4.1, C(net/vnetwork.c), C(vnetLoadIPTables)), so only rules in that file stay.
  - >-
    C(iptables-restore) flushes a table each time it meets the table's line, so our rules must stand inside the section
    of the table that is there already. They come first in it, since a site's own section may end by rejecting the rest.
  - Rules of an earlier run, known by their marker lines, are replaced. Everything else in the file stays as it is.
positional: rules
options:
  _input:
    description: The text of the file; an empty string where there is none.
    type: str
    required: true
  rules:
    description:
      - >-
        The rules, in order, each a dictionary in the words of M(ansible.builtin.iptables): C(table), C(chain), C(source),
        C(destination), C(protocol), C(ctstate), C(comment), C(jump); so that one list serves the file and the running tables.
      - An empty list takes ours out.
    type: list
    elements: dict
    required: true
  marker:
    description: Word that tells our lines from those of others.
    type: str
    default: eucalyptus.ha
"""

EXAMPLES = r"""
- name: Show the preload file with a rule for the node controllers' network
  ansible.builtin.debug:
    msg: "{{ '' | eucalyptus.ha.iptables_preload(rules) }}"
  vars:
    rules:
      - table: nat
        chain: POSTROUTING
        source: 10.0.0.0/24
        destination: "!10.0.0.0/24"
        jump: MASQUERADE
"""

RETURN = r"""
_value:
  description: The text of the file with the rules in it.
  type: str
  sample: |
    *nat
    # BEGIN eucalyptus.ha
    -A POSTROUTING -s 10.0.0.0/24 ! -d 10.0.0.0/24 -j MASQUERADE
    # END eucalyptus.ha
    COMMIT
"""

# What ansible.builtin.iptables calls it, and how iptables-save writes it, in the order of the latter.
_OPTIONS = (
    ("source", "-s"),
    ("destination", "-d"),
    ("protocol", "-p"),
    ("ctstate", "-m conntrack --ctstate"),
    ("comment", "-m comment --comment"),
    ("jump", "-j"),
)
_NEEDED = {"table", "chain", "jump"}


def _line(number: int, rule: Any) -> str:
    where = f"iptables_preload: rules[{number}]"
    if not isinstance(rule, dict):
        raise AnsibleFilterError(f"{where}: wants a dictionary, got {type(rule).__name__}")
    missing = _NEEDED - set(rule)
    unknown = set(rule) - _NEEDED - {name for name, _flag in _OPTIONS}
    if missing or unknown:
        raise AnsibleFilterError(f"{where}: missing {sorted(missing)}, unknown {sorted(unknown)}")
    words = ["-A", str(rule["chain"])]
    for name, flag in _OPTIONS:
        value = rule.get(name)
        if not value:
            continue
        text = ",".join(value) if isinstance(value, (list, tuple)) else str(value)
        if not text.isprintable() or " " in text:
            raise AnsibleFilterError(f"{where}: {name}: {text!r} is not one word")
        words += ["!"] if text.startswith("!") else []
        words += [flag, text.lstrip("!")]
    return " ".join(words)


def _by_table(rules: Any, marker: str) -> dict[str, list[str]]:
    if not isinstance(rules, (list, tuple)):
        raise AnsibleFilterError(f"iptables_preload: rules: wants a list of rules, got {type(rules).__name__}")
    if not marker or "\n" in marker:
        raise AnsibleFilterError("iptables_preload: marker: wants one line of text")
    tables: dict[str, list[str]] = {}
    for number, rule in enumerate(rules):
        line = _line(number, rule)
        tables.setdefault(rule["table"], []).append(line)
    return tables


def _without_ours(lines: list[str], begin: str, end: str) -> list[str]:
    kept, inside = [], False
    for line in lines:
        if line.strip() == begin:
            inside = True
        elif line.strip() == end:
            inside = False
        elif not inside:
            kept.append(line)
    if inside:
        raise AnsibleFilterError(
            f"iptables_preload: {begin!r} has no {end!r} after it; mend the file by hand, nothing was changed"
        )
    return kept


def _without_hollow_sections(lines: list[str]) -> list[str]:
    """Drop sections with nothing left in them: loading one would flush the table for no gain."""
    kept: list[str] = []
    for line in lines:
        if line.strip() == "COMMIT" and kept and kept[-1].startswith("*"):
            kept.pop()
        else:
            kept.append(line)
    return kept


def iptables_preload(text: str, rules: list[dict], marker: str = "eucalyptus.ha") -> str:
    """The text of the preload file with our rules in it, and those of an earlier run out of it.

    :param text: the file's text, "" for none
    :param rules: [{table, chain, source, …, jump}, …]; [] takes ours out
    :param marker: word in the lines around our rules
    :raises AnsibleFilterError: for a rule it cannot write, or a file with half a marked block
    """
    wanted = _by_table(rules, marker)
    begin, end = f"# BEGIN {marker}", f"# END {marker}"
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
        if table in wanted and table not in seen:
            seen.add(table)
            # Chain declarations come before rules.
            while position < len(lines) and (lines[position].startswith((":", "#")) or not lines[position].strip()):
                result.append(lines[position])
                position += 1
            result += [begin, *wanted[table], end]
    for table, ours in wanted.items():
        if table not in seen:
            result += [f"*{table}", begin, *ours, end, "COMMIT"]
    return "".join(line + "\n" for line in result)


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Any]:
        return {"iptables_preload": iptables_preload}
