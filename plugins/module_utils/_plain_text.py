# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Text of others that can hold no template. Private to the collection.

Ansible marks what comes from hosts and does not run templates in it. Releases have lost that mark (CVE-2024-11079), and what a state
file, a controller or the network sends ran as a template on the control node. So the beginning of a template goes where such text
enters: a brace before another one, C(%) or C(#), and one at the end of a text, which may get company there.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

_TEXT = re.compile(u"\\{(?=[{%#]|\\Z)")
_BYTES = re.compile(b"\\{(?=[{%#]|\\Z)")


def plain(value):
    """A value with all that is in it, made so that no text in it holds or begins a template."""
    if isinstance(value, dict):
        return dict((plain(key), plain(one)) for key, one in value.items())
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(one) for one in value]
    if isinstance(value, bytes):
        return _BYTES.sub(b"(", value)
    if isinstance(value, type(u"")):
        return _TEXT.sub(u"(", value)
    return value
