# SPDX-License-Identifier: GPL-3.0-or-later
"""What a RETURN section promises and what a result has, as paths that can be compared."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type


def documented(contains, path=""):
    """{path: its entry} of a RETURN section."""
    found = {}
    for name, entry in contains.items():
        found[path + name] = entry
        found.update(documented(entry.get("contains", {}), "{}{}.".format(path, name)))
    return found


def returned(value, path=""):
    """All paths of a result, lists looked into."""
    paths = set()
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, dict):
            for name, inner in one.items():
                paths |= {path + name} | returned(inner, "{}{}.".format(path, name))
    return paths
