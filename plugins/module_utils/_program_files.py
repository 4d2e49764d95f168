# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Programs that root installs, and the directories that they need. Private to the collection."""

from __future__ import absolute_import, division, print_function

# ruff: noqa: B904  (Python 2 has no `raise from`)

__metaclass__ = type

import errno
import functools

from ansible_collections.eucalyptus.ha.plugins.module_utils import _as_user, _safe_files


def ensure(directories, files, dry=False, label=None):
    """As install(), of what module program_files has as options."""
    return install(
        [(one["path"], 0o755, _uid(one.get("owner") or "root"), 0) for one in directories],
        [(one["path"], int(one["mode"], 8), _bytes(one["content"])) for one in files],
        dry,
        label,
    )


def _bytes(text):
    return text if isinstance(text, bytes) else text.encode("utf-8")


def _uid(name):
    try:
        return _as_user.account(name).pw_uid
    except _as_user.UserError:
        raise _safe_files.FileError(errno.EINVAL, "owner must be a user of this host (got '%s')" % name)


def install(directories, files, dry=False, label=None):
    """Make directories and files be as wanted -> the paths that were not.

    directories: (path, mode, uid, gid). files: (path, mode, content), root's. label: called with the path where something new is,
    and the path that it will have. dry: change nothing. Raises FileError.
    """
    changed = [one[0] for one in directories if _safe_files.make_directory(one[0], one[1:], dry, label)]
    for path, mode, content in files:
        prepare = functools.partial(label, path=path) if label else None
        if _safe_files.write(path, _safe_files.Wanted(content, mode, 0, 0, prepare), dry=dry)[0]:
            changed.append(path)
    return changed
