# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The VRRP instances that a keepalived.conf configures. Private to the collection.

A tolerant reader of instances and their addresses as in keepalived.conf(5), not a validator: it follows
include files, conditional lines (C(@id)) and C($PARAMETER) definitions, skips what it does not know, and names what it
could not make sense of.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import glob
import os
import re

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _safe_files

SIZE_LIMIT = 8 << 20  # bytes of one file
INCLUDE_DEPTH = 20
FILE_LIMIT = 1000
INCLUDES = ("include", "includer", "includem", "includew", "includeb", "includea")

_DEFINITION = re.compile(r"\s*\$([A-Za-z_][A-Za-z0-9_]*)=(.*)\Z", re.S)
_PARAMETER = re.compile(r"\$(?:\{([A-Za-z_][A-Za-z0-9_]*)\}|([A-Za-z_][A-Za-z0-9_]*)(?=\s|\Z))")
_QUOTED_OR_COMMENT = re.compile(r"\"[^\"]*\"|'[^']*'|[!#].*")
_WORD = re.compile(r"\"([^\"]*)\"|'([^']*)'|([{}])(?=\s|\Z)|(\S+)")


def _strip_comment(line):
    return _QUOTED_OR_COMMENT.sub(lambda m: "" if m.group()[0] in "!#" else m.group(), line)


def _words(line):
    """The words of a line; a brace that stands alone is a word of its own, also at the end of another."""
    words = []
    for quoted, single, brace, plain in _WORD.findall(line):
        if plain and len(plain) > 1 and plain[-1] == "{" and "$" not in plain:
            words.extend([plain[:-1], "{"])
        else:
            words.append(quoted or single or brace or plain)
    return words


class _Reader(object):
    """Files -> a flat list of lines (lists of words), conditions and parameters applied."""

    def __init__(self, config_id):
        self.config_id = config_id
        self.parameters = {}
        self.files = []
        self.problems = []
        self.lines = []
        self.error = None

    def file(self, path, depth=0):
        if depth > INCLUDE_DEPTH or len(self.files) >= FILE_LIMIT:
            self.problems.append("%s: too many include files, or one that includes itself" % path)
            return
        self.files.append(path)
        text = self._text(path, depth)
        if text is None:
            return
        # A definition may go on over several lines, each but the last ending in a backslash.
        # Only a line feed ends a line: keepalived reads bytes, and knows no other separators of Unicode.
        for line in text.replace("\\\n", "\x00").split("\n"):
            self._line(_strip_comment(line) if "\x00" not in line else line, os.path.dirname(path), depth)

    def _text(self, path, depth):
        try:
            found = _safe_files.read(path, SIZE_LIMIT)
            if found is not None:
                return found.content.decode("utf-8", "replace")
            error = _safe_files.FileError(errno.ENOENT, "%s: No such file or directory" % path)
        except _safe_files.FileError as e:
            error = e
        if depth == 0:
            self.error = error
        else:
            self.problems.append("include file %s" % error.strerror)
        return None

    def _line(self, line, directory, depth):
        definition = _DEFINITION.match(line)
        if definition:
            self.parameters[definition.group(1)] = definition.group(2)
            return
        for one in self._substituted(line, 0).split("\x00"):
            self._plain_line(_strip_comment(one).strip(), directory, depth)

    def _plain_line(self, line, directory, depth):
        if line.startswith("@"):
            condition, _space, line = line[1:].partition(" ")
            negative = condition.startswith("^")
            if (condition.lstrip("^") == self.config_id) == negative:
                return
            self._line(line.strip(), directory, depth)
            return
        words = _words(line)
        if not words:
            return
        if words[0] in INCLUDES and len(words) > 1:
            pattern = os.path.join(directory, words[1])
            found = sorted(glob.glob(pattern))
            if not found and not glob.has_magic(pattern):
                self.problems.append("%s: the include file does not exist" % pattern)
            for path in found:
                if not os.path.isdir(path):
                    self.file(path, depth + 1)
            return
        self.lines.append(words)

    def _substituted(self, line, depth):
        if "$" not in line or depth > INCLUDE_DEPTH:
            return line
        replaced = _PARAMETER.sub(
            lambda m: self.parameters.get(m.group(1) or m.group(2), m.group()).rstrip("\x00"), line
        )
        return line if replaced == line else self._substituted(replaced, depth + 1)


def _blocks(lines):
    """Lines of words -> nested blocks: list of [words, children or None]."""
    root = []
    stack = [root]
    for words in lines:
        rest = []
        for word in words:
            if word == "{":
                if not rest and stack[-1] and stack[-1][-1][1] is None:
                    header = stack[-1][-1]  # the brace stands on the line after the keyword
                    header[1] = []
                    stack.append(header[1])
                else:
                    block = [rest, []]
                    stack[-1].append(block)
                    stack.append(block[1])
                rest = []
            elif word == "}":
                if rest:
                    stack[-1].append([rest, None])
                rest = []
                if len(stack) > 1:
                    stack.pop()
            else:
                rest.append(word)
        if rest:
            stack[-1].append([rest, None])
    return root


def _integer(text):
    try:
        return int(text)
    except ValueError:
        return None


def _instance(name, children, problems):
    instance = {
        "name": name,
        "interface": None,
        "virtual_router_id": None,
        "base_priority": 100,  # keepalived's own default, keepalived.conf(5)
        "vips": [],
    }
    for words, block in children:
        keyword, values = words[0] if words else "", words[1:]
        if keyword == "interface" and values:
            instance["interface"] = values[0]
        elif keyword == "virtual_router_id" and values:
            instance["virtual_router_id"] = _integer(values[0])
        elif keyword == "priority" and values:
            instance["base_priority"] = _integer(values[0])
        elif keyword in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
            for entry, _nested in block or []:
                try:
                    vip = _addresses.parse_vip(" ".join(entry))
                except _addresses.AddressError as e:
                    problems.append("VRRP instance %s, %s: %s" % (name, keyword, e))
                    continue
                vip["excluded"] = keyword == "virtual_ipaddress_excluded"
                instance["vips"].append(vip)
    for vip in instance["vips"]:
        vip["interface"] = vip["interface"] or instance["interface"]
    return instance


def parse(path, config_id=None):
    """Read a keepalived.conf and what it includes -> (blocks, source).

    blocks: nested, a list of [words, children or None]. source has files (paths read), error (the IOError or OSError of the main
    file, or None) and problems (list of str, to which may be added). config_id: as for read(). Never raises.
    """
    source = _Reader(config_id or os.uname()[1].split(".")[0])
    source.file(path)
    return _blocks(source.lines), source


def read(path, config_id=None):
    """Read a keepalived.conf -> dict.

    files: the files read (list of str). error: the IOError or OSError of the main file, or None. problems: what made no
    sense (list of str). instances: list of dicts with name, interface, virtual_router_id (int or None), base_priority
    (int or None), vips (dicts of _addresses.parse_vip, whose interface is the instance's unless C(dev) sets another one, and
    excluded, a bool). Never raises.

    config_id is what C(@id) lines are compared with; by default, as keepalived does, the node name up to the first dot.
    """
    blocks, source = parse(path, config_id)
    instances = []
    for words, block in blocks:
        if words and words[0] == "vrrp_instance" and block is not None:
            if len(words) < 2:
                source.problems.append("%s: a vrrp_instance without a name" % path)
                continue
            instances.append(_instance(words[1], block, source.problems))
    return {"files": source.files, "error": source.error, "problems": source.problems, "instances": instances}
