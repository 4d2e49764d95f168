# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""eucalyptus.conf as the cluster controller reads it. Private to the collection.

The rules are those of the C parser of Eucalyptus 3.1 to 5.1 (util/config.c): the first assignment of a name counts, spaces around C(=) are
allowed, a value is one bare word or stands in double quotes, and nothing is expanded.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import re

from ansible_collections.eucalyptus.ha.plugins.module_utils import _safe_files

# In the order in which the controller reads them, so that the first one wins.
FILES = ("eucalyptus.local.conf", "eucalyptus.conf")

# An unquoted value ends at white space: what follows is ignored, as sscanf's %s does.
_SETTING = re.compile(r'^[ \t]*([A-Za-z_][A-Za-z0-9_]*)[ \t]*=[ \t]*(?:"([^"\n]*)"|([^\s"#]\S*))?', re.MULTILINE)


def parse(texts):
    """Settings by name, every value a string; texts in reading order."""
    found = {}
    for text in texts:
        for name, quoted, bare in _SETTING.findall(text):
            found.setdefault(name, quoted or bare)
    return found


def read(root):
    """(settings, paths of the files that are there) of the installation below C(root). Raises FileError."""
    texts, paths = [], []
    for name in FILES:
        path = os.path.join(root, "etc/eucalyptus", name)
        found = _safe_files.read(path)
        if found is not None:
            paths.append(path)
            texts.append(found.content.decode("utf-8", "replace"))
    return parse(texts), paths
