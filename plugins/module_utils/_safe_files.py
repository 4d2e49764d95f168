# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# ruff: noqa: B904 (Python 2.7, which ansible-test compiles this with, has no "raise from")

"""Reading and writing files as root where other users may write as well. Private to the collection.

A path that root uses is only as good as its weakest directory: whoever may write there can exchange a name for a link, a FIFO
or another file at any moment. So every directory of a path is opened relative to the one before it, and all that follows
is done relative to the opened directory, whatever its name is by then. Names relative to an opened directory are written
as C(/proc/self/fd/NUMBER/NAME), since Python 2.7 has no C(dir_fd).

Three kinds of directories:

- root's (or this process' user's) own: nobody else may write in it, nor in any above. Links of root's are followed.
- another user's: from there on no link is followed. Root reads only what that user may read too, and writes with that user's
  rights, if at all.
- one that several users may write: rejected. A directory with the sticky bit (C(/tmp)) may be passed through.

Files have their owner and mode before they have their name, and never more rights than in the end.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import binascii
import errno
import fcntl
import grp
import os
import pwd
import stat
from collections import namedtuple
from contextlib import contextmanager

READ_LIMIT = 1 << 20  # bytes
LINK_LIMIT = 40
DEPTH_LIMIT = 40  # directories in directories that remove() goes into

MISSING = (errno.ENOENT, errno.ENOTDIR)


class FileError(IOError):
    """A file or directory cannot be used, or must not be. strerror has the cause and the fix, errno is the kernel's or EPERM."""


def _rejected(text):
    return FileError(errno.EPERM, text)


def _failed(error, path):
    text = "%s: %s" % (path, error.strerror or error)
    if error.errno in (errno.EACCES, errno.EPERM):
        text += ". Usually only root may do this: use become"
    return FileError(error.errno, text)


def _ours(uid):
    return uid in (0, os.geteuid())


def _account(uid):
    """The entry of the user database, or None."""
    try:
        return pwd.getpwuid(uid)
    except KeyError:
        return None


def user_name(uid):
    """The name of a user, or its number in text."""
    entry = _account(uid)
    return entry.pw_name if entry else str(uid)


def group_name(gid):
    try:
        return grp.getgrgid(gid).gr_name
    except KeyError:
        return str(gid)


def _shared(status):
    """Who may write besides the owner: 'everyone', a group, or None."""
    if status.st_mode & stat.S_IWOTH:
        return "everyone"
    if not status.st_mode & stat.S_IWGRP or status.st_gid == 0:
        return None
    # A user's private group, as useradd makes it, is the user.
    entry = _account(status.st_uid)
    return None if entry and entry.pw_gid == status.st_gid else "group %s" % group_name(status.st_gid)


def _allowed(status, uid, everyone):
    """Whether a user may do what the bit of `everyone` (S_IROTH or S_IXOTH) stands for."""
    if status.st_uid == uid or status.st_mode & everyone:
        return True
    entry = _account(uid)
    return bool(entry and entry.pw_gid == status.st_gid and status.st_mode & (everyone << 3))


def _kind(status):
    for test, name in (
        (stat.S_ISLNK, "symbolic link"),
        (stat.S_ISDIR, "directory"),
        (stat.S_ISFIFO, "FIFO"),
        (stat.S_ISSOCK, "socket"),
    ):
        if test(status.st_mode):
            return name
    return "device"


def _open(path, flags, mode=0o600):
    handle = os.open(path, flags | os.O_NOFOLLOW, mode)
    # Python 2.7 knows no O_CLOEXEC, and modules start programs.
    fcntl.fcntl(handle, fcntl.F_SETFD, fcntl.fcntl(handle, fcntl.F_GETFD) | fcntl.FD_CLOEXEC)
    return handle


class Directory:
    """An opened directory.

    path: as it was given. owner: None, or the uid of the other user who may write in it or in one above. sticky: whether
    everyone may create names in it.
    """

    def __init__(self, path):
        """Opens it; raises FileError."""
        self.path = path
        self.owner = None
        self.sticky = False
        self.handle = None
        parts = self._parts(path)
        links = 0
        where = "/"
        try:
            self._enter("/", where)
            while parts:
                name = parts.pop(0)
                status = os.lstat(self.at(name))
                if stat.S_ISLNK(status.st_mode):
                    links += 1
                    self._check_link(os.path.join(where, name), status, links)
                    target = os.readlink(self.at(name))
                    parts = self._parts(target) + parts
                    if target.startswith("/"):
                        where = "/"
                        self._enter("/", where)
                    continue
                where = os.path.join(where, name)
                if not stat.S_ISDIR(status.st_mode):
                    raise FileError(errno.ENOTDIR, "%s must be a directory (got a %s)" % (where, _kind(status)))
                self._enter(self.at(name), where)
        except FileError:
            self.close()
            raise
        except EnvironmentError as e:
            self.close()
            raise _failed(e, path)

    @staticmethod
    def _parts(path):
        return [part for part in path.split("/") if part not in ("", ".")]

    def _check_link(self, where, status, links):
        if self.owner is not None or self.sticky or not _ours(status.st_uid):
            raise _rejected("%s must not be a symbolic link of another user" % where)
        if links > LINK_LIMIT:
            raise FileError(errno.ELOOP, "%s: too many symbolic links" % where)

    def _enter(self, path, where):
        """Makes a directory below the present one, or the root directory, the present one."""
        handle = _open(path, os.O_RDONLY | os.O_DIRECTORY)
        self.close()
        self.handle = handle
        status = os.fstat(handle)
        shared = _shared(status)
        self.sticky = bool(shared and status.st_mode & stat.S_ISVTX and _ours(status.st_uid))
        if shared and not self.sticky:
            raise _rejected("%s must not be writable by %s. Run: chmod go-w %s" % (where, shared, where))
        if not _ours(status.st_uid):
            if self.owner not in (None, status.st_uid):
                raise _rejected(
                    "%s must belong to root or %s, like the directories above it (got %s)"
                    % (where, user_name(self.owner), user_name(status.st_uid))
                )
            self.owner = status.st_uid
        elif self.owner is not None and not _allowed(status, self.owner, stat.S_IXOTH):
            raise _rejected("%s must be accessible to %s, who owns a directory above it" % (where, user_name(self.owner)))

    def at(self, name):
        """What to call a name in this directory, wherever the directory is by now."""
        return "/proc/self/fd/%d/%s" % (self.handle, name)

    def names(self):
        """The names in it, sorted."""
        try:
            return sorted(os.listdir("/proc/self/fd/%d" % self.handle))
        except EnvironmentError as e:
            raise _failed(e, self.path)

    def close(self):
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self.close()

    def status(self, name):
        """os.lstat of a name, or None."""
        try:
            return os.lstat(self.at(name))
        except EnvironmentError as e:
            if e.errno in MISSING:
                return None
            raise _failed(e, os.path.join(self.path, name))

    def read(self, name, limit=READ_LIMIT):
        """The File of a name, or None if there is no such file. Raises FileError."""
        path = os.path.join(self.path, name)
        status = self.status(name)
        if status is None:
            return None
        # An open FIFO wakes the other side, an open device may do anything: check first.
        if not stat.S_ISREG(status.st_mode):
            raise _rejected("%s must be a regular file (got a %s)" % (path, _kind(status)))
        try:
            handle = _open(self.at(name), os.O_RDONLY | os.O_NONBLOCK)
        except EnvironmentError as e:
            raise _failed(e, path)
        try:
            status = os.fstat(handle)
            self._check_readable(path, status)
            content = _read_all(handle, limit + 1)
        except FileError:
            raise
        except EnvironmentError as e:
            raise _failed(e, path)
        finally:
            os.close(handle)
        if len(content) > limit:
            raise FileError(errno.EFBIG, "%s must have at most %d bytes" % (path, limit))
        return File(content, status)

    def _check_readable(self, path, status):
        if not stat.S_ISREG(status.st_mode):
            raise _rejected("%s must be a regular file (got a %s)" % (path, _kind(status)))
        if status.st_mode & stat.S_IWOTH:
            raise _rejected("%s must not be writable by everyone. Run: chmod o-w %s" % (path, path))
        # Root's file under a name that another user chose: a second link, or moved there.
        if self.sticky and _ours(status.st_uid) and status.st_nlink > 1:
            raise _rejected("%s must have no other name (got %d hard links)" % (path, status.st_nlink))
        if self.owner is not None and not _allowed(status, self.owner, stat.S_IROTH):
            raise _rejected(
                "%s must be readable by %s, who owns a directory above it (got owner %s, mode %04o)"
                % (path, user_name(self.owner), user_name(status.st_uid), stat.S_IMODE(status.st_mode))
            )


class File:
    """What was read: content (bytes), uid, gid, mode."""

    def __init__(self, content, status):
        self.content = content
        self.uid, self.gid = status.st_uid, status.st_gid
        self.mode = stat.S_IMODE(status.st_mode)


def _read_all(handle, limit):
    parts = []
    while limit > 0:
        part = os.read(handle, min(limit, 1 << 16))
        if not part:
            break
        parts.append(part)
        limit -= len(part)
    return b"".join(parts)


def _write_all(handle, content):
    while content:
        content = content[os.write(handle, content) :]


def _split(path):
    path = path.rstrip("/")
    if not path.startswith("/") or os.path.basename(path) in ("", ".", ".."):
        raise _rejected("%s must be the absolute path of a file" % path)
    return os.path.split(path)


def read(path, limit=READ_LIMIT):
    """The File at a path, or None if there is no such file. Never waits, follows no link of others. Raises FileError."""
    links = 0
    while True:
        parent, name = _split(path)
        try:
            directory = Directory(parent)
        except FileError as e:
            if e.errno in MISSING:
                return None
            raise
        with directory:
            status = directory.status(name)
            if status is None or not stat.S_ISLNK(status.st_mode):
                return directory.read(name, limit)
            links += 1
            directory._check_link(os.path.join(parent, name), status, links)
            path = os.path.join(parent, os.readlink(directory.at(name)))


@contextmanager
def _rights_of(uid):
    """Do something with another user's rights. The real user stays root, so the other can neither trace nor kill this process."""
    if uid is None or os.geteuid() != 0:
        yield
        return
    entry = _account(uid)
    if entry is None:
        raise _rejected("user %d, who owns a directory, must be in the user database of this host" % uid)
    groups, gid = os.getgroups(), os.getegid()
    try:
        os.setgroups([entry.pw_gid])
        os.setegid(entry.pw_gid)
        os.seteuid(uid)
        yield
    finally:
        os.seteuid(0)
        os.setegid(gid)
        os.setgroups(groups)


def _open_to_change(parent, as_owner):
    """The Directory to change something in. as_owner: accept another user's, see write()."""
    directory = Directory(parent)
    problem = None
    if directory.sticky:
        problem = "%s must not be writable by everyone" % parent
    elif directory.owner is not None and not as_owner:
        owner = user_name(directory.owner)
        problem = "%s and all directories above it must be writable by root alone (got one that belongs to %s)" % (parent, owner)
    if problem:
        directory.close()
        raise _rejected(problem)
    return directory


# What a file shall be: content (bytes), mode; uid and gid, or None: those of this process, or of the file that is there; and a
# function that is called with the path of the new file before it gets its name.
Wanted = namedtuple("Wanted", "content mode uid gid prepare")
Wanted.__new__.__defaults__ = (None, None, None)


def write(path, wanted, as_owner=False, dry=False):
    """Make a file be as Wanted -> (changed, content before or None).

    With as_owner the directory may belong to another user: then the file is written with that user's rights, and uid and gid
    mean nothing. dry: change nothing. Raises FileError.
    """
    parent, name = _split(path)
    try:
        directory = _open_to_change(parent, as_owner)
    except FileError as e:
        if dry and e.errno in MISSING:
            return True, None
        raise
    with directory:
        before = _before(directory, name)
        if directory.owner is not None:
            wanted = wanted._replace(uid=None, gid=None)
        changed = before is None or any(
            getattr(wanted, field) not in (None, getattr(before, field)) for field in ("content", "mode", "uid", "gid")
        )
        if changed and not dry:
            if before is not None and directory.owner is None:
                kept = dict((field, getattr(before, field)) for field in ("uid", "gid") if getattr(wanted, field) is None)
                wanted = wanted._replace(**kept)
            with _rights_of(directory.owner):
                _replace(directory, name, wanted)
        return changed, before.content if before else None


def _before(directory, name):
    """The File that is to be replaced, or None if there is no such file, or one that cannot be compared."""
    status = directory.status(name)
    if status is None:
        return None
    if not stat.S_ISREG(status.st_mode):
        path = os.path.join(directory.path, name)
        raise _rejected("%s must be a regular file (got a %s). Remove it" % (path, _kind(status)))
    try:
        return directory.read(name)
    except FileError as e:
        # In a directory of root's it gets another content, mode and owner anyway.
        if e.errno != errno.EFBIG and directory.owner is not None:
            raise
        return None


def _replace(directory, name, wanted):
    path = os.path.join(directory.path, name)
    # Hidden, and with no suffix that a program would load.
    new = ".%s.%s" % (name, binascii.hexlify(os.urandom(8)).decode("ascii"))
    handle = None
    try:
        handle = _open(directory.at(new), os.O_WRONLY | os.O_CREAT | os.O_EXCL)
        _write_all(handle, wanted.content)
        if (wanted.uid, wanted.gid) != (None, None):
            os.fchown(handle, *(-1 if one is None else one for one in (wanted.uid, wanted.gid)))
        # A change of the owner takes rights away: the mode comes last.
        os.fchmod(handle, wanted.mode)
        os.fsync(handle)
        if wanted.prepare is not None:
            wanted.prepare(directory.at(new))
        os.rename(directory.at(new), directory.at(name))
        os.fsync(directory.handle)
    except EnvironmentError as e:
        try:
            os.unlink(directory.at(new))
        except EnvironmentError:
            pass
        raise _failed(e, path)
    finally:
        if handle is not None:
            os.close(handle)


def make_directory(path, wanted, dry=False, label=None):
    """Make a directory be there with the wanted (mode, uid, gid) -> whether it was not so.

    Missing directories above it belong to root, with mode 0755. label: called with the path where a new one is, and the path that it
    was given. dry: change nothing. Raises FileError.
    """
    parent, name = _split(path)
    try:
        above = Directory(parent)
    except FileError as e:
        if e.errno != errno.ENOENT:
            raise
        if dry:
            return True
        make_directory(parent, (0o755, 0, 0), label=label)
        above = Directory(parent)
    with above:
        made = above.status(name) is None
        if made and dry:
            return True
        try:
            if made:
                os.mkdir(above.at(name), 0o700)
                if label:
                    label(above.at(name), path)
            return _own(above.at(name), wanted, dry) or made
        except EnvironmentError as e:
            raise _failed(e, path)


def _own(path, wanted, dry):
    """Give a directory its mode, uid and gid -> whether they were others."""
    handle = _open(path, os.O_RDONLY | os.O_DIRECTORY)
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


def remove(path, as_owner=False, dry=False):
    """Remove a file, or a directory with all that is in it -> whether there was anything. Follows no link. Raises FileError."""
    parent, name = _split(path)
    try:
        directory = _open_to_change(parent, as_owner)
    except FileError as e:
        if e.errno in MISSING:
            return False
        raise
    with directory:
        status = directory.status(name)
        if status is not None and not dry:
            with _rights_of(directory.owner):
                try:
                    _remove(directory.handle, name, DEPTH_LIMIT)
                except EnvironmentError as e:
                    raise _failed(e, path)
        return status is not None


def _remove(handle, name, depth):
    path = "/proc/self/fd/%d/%s" % (handle, name)
    try:
        if not stat.S_ISDIR(os.lstat(path).st_mode):
            os.unlink(path)
            return
        inner = _open(path, os.O_RDONLY | os.O_DIRECTORY)
    except EnvironmentError as e:
        if e.errno == errno.ENOENT:  # somebody else was first
            return
        raise
    try:
        if not depth:
            raise FileError(errno.ELOOP, "too many directories in one another")
        if os.geteuid() == 0 and os.fstat(inner).st_uid != 0:
            # Its owner shall not fill it again meanwhile.
            os.fchown(inner, 0, 0)
            os.fchmod(inner, 0o700)
        for one in os.listdir("/proc/self/fd/%d" % inner):
            _remove(inner, one, depth - 1)
    finally:
        os.close(inner)
    os.rmdir(path)
