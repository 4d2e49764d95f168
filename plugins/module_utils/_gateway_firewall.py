# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The rules of a gateway, in the controller's preload file and in effect. Private to the collection."""

from __future__ import absolute_import, division, print_function

# ruff: noqa: B904  (Python 2 has no `raise from`)

__metaclass__ = type

from ansible_collections.eucalyptus.ha.plugins.module_utils import _iptables_preload, _packet_filter, _safe_files


class FirewallError(Exception):
    """The rules cannot be read or set; the text has the file, the cause and the fix."""


def _preload(path, rules, comment, dry):
    """Bring the file up to date -> (changed, text before, text after)."""
    found = _safe_files.read(path)
    before = found.content.decode("utf-8") if found else ""
    after = _iptables_preload.edit(before, [rule for rule in rules if rule["table"] in _iptables_preload.FLUSHED], comment)
    if after == before:
        return False, before, after
    if after.strip():
        # The packages of Eucalyptus give this directory to EUCA_USER.
        wanted = _safe_files.Wanted(after.encode("utf-8"), found.mode if found else 0o644)
        _safe_files.write(path, wanted, as_owner=True, dry=dry)
    else:
        _safe_files.remove(path, as_owner=True, dry=dry)
    return True, before, after


def ensure(path, rules, comment, dry):
    """Set these rules, and no others with the comment -> what module gateway_firewall returns. Raises FirewallError."""
    try:
        changed, before, after = _preload(path, rules, comment, dry)
        # What the file had already is in effect but for the moment in which the controller loads it.
        missing, obsolete = (_packet_filter.plan if changed else _packet_filter.lasting_plan)(comment, rules)
        if (missing or obsolete) and not dry:
            _packet_filter.apply(comment, rules)
    except (_safe_files.FileError, _iptables_preload.PreloadError, _packet_filter.FilterError, UnicodeDecodeError) as error:
        raise FirewallError("%s: %s" % (path, getattr(error, "strerror", None) or error))
    return {
        "changed": bool(changed or missing or obsolete),
        "file_changed": changed,
        "missing": missing,
        "obsolete": obsolete,
        "diff": {"before": before, "after": after, "before_header": path, "after_header": path},
    }
