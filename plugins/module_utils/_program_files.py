# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Programs that root installs, and the directories that they need. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import functools
import os
import stat

from ansible_collections.eucalyptus.ha.plugins.module_utils import _safe_files


def directory(path, wanted, dry=False, label=None):
    """Make a directory be there with the wanted (mode, uid, gid) -> whether it was not so.

    Missing directories above it belong to root, with mode 0755. label and dry: as for install(). Raises FileError.
    """
    parent, name = os.path.split(path.rstrip("/"))
    try:
        above = _safe_files.Directory(parent)
    except _safe_files.FileError as e:
        if e.errno != errno.ENOENT:
            raise
        if dry:
            return True
        directory(parent, (0o755, 0, 0), label=label)
        above = _safe_files.Directory(parent)
    with above:
        status = above.status(name)
        if status is None and dry:
            return True
        try:
            if status is None:
                os.mkdir(above.at(name), 0o700)
                if label:
                    label(above.at(name), path)
            return _own(above.at(name), wanted, dry) or status is None
        except _safe_files.FileError:
            raise
        except EnvironmentError as e:
            raise _safe_files.FileError(e.errno, "%s: %s" % (path, e.strerror))  # noqa: B904 - Python 2.7 has no "from"


def _own(path, wanted, dry):
    """Give a directory its mode, uid and gid -> whether they were others. Opened without following a link, whoever puts one there."""
    handle = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(handle)
        if (stat.S_IMODE(found.st_mode), found.st_uid, found.st_gid) == wanted:
            return False
        if not dry:
            os.fchown(handle, wanted[1], wanted[2])
            os.fchmod(handle, wanted[0])
        return True
    finally:
        os.close(handle)


def install(directories, files, dry=False, label=None):
    """Make directories and files be as wanted -> the paths that were not.

    directories: (path, mode, uid, gid). files: (path, mode, content), root's. label: called with the path where something new is,
    and the path that it will have. dry: change nothing. Raises FileError.
    """
    changed = [one[0] for one in directories if directory(one[0], one[1:], dry, label)]
    for path, mode, content in files:
        prepare = functools.partial(label, path=path) if label else None
        if _safe_files.write(path, _safe_files.Wanted(content, mode, 0, 0, prepare), dry=dry)[0]:
            changed.append(path)
    return changed
