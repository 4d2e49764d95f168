# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Reading and writing files where other users may write: every kind of directory, file and link."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import pwd
import stat

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _safe_files

Wanted = _safe_files.Wanted
NOBODY = pwd.getpwnam("nobody")
OTHER = 64321  # in no user database
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="makes files of other users, which only root may")


@pytest.fixture
def box(tmp_path):
    """A directory that nobody else may write, nor any above it but for /tmp, which is sticky."""
    path = str(tmp_path / "box")
    os.mkdir(path, 0o755)
    return path


def put(path, content=b"old", mode=0o644, uid=None, gid=None):
    with open(path, "wb") as stream:
        stream.write(content)
    os.chmod(path, mode)
    if uid is not None:
        os.chown(path, uid, -1 if gid is None else gid)
        os.chmod(path, mode)
    return path


def make(path, mode=0o755, uid=-1, gid=-1):
    os.mkdir(path)
    os.chown(path, uid, gid)
    os.chmod(path, mode)
    return path


def facts(path):
    status = os.lstat(path)
    return status.st_uid, status.st_gid, stat.S_IMODE(status.st_mode)


def refused(function, *arguments, **options):
    with pytest.raises(_safe_files.FileError) as caught:
        function(*arguments, **options)
    return caught.value.strerror


def content(path):
    with open(path, "rb") as stream:
        return stream.read()


# --- reading ------------------------------------------------------------------------------------------


def test_reads_a_file_with_owner_and_mode(box):
    found = _safe_files.read(put(box + "/a", b"text", 0o640))
    assert (found.content, found.uid, found.mode) == (b"text", os.geteuid(), 0o640)


@pytest.mark.parametrize("name", ["/none", "/none/none", "/file/none"])
def test_what_is_not_there_is_none(box, name):
    put(box + "/file")
    assert _safe_files.read(box + name) is None


@pytest.mark.parametrize("path", ["relative", "/", "/..", "/tmp/."])
def test_a_path_that_names_no_file_is_rejected(path):
    assert "must be the absolute path of a file" in refused(_safe_files.read, path)


def test_a_file_larger_than_the_limit_is_rejected_and_not_cut(box):
    path = put(box + "/a", b"x" * 11)
    assert _safe_files.read(path, 11).content == b"x" * 11
    assert "must have at most 10 bytes" in refused(_safe_files.read, path, 10)


def test_s5_a_fifo_or_a_directory_is_no_file_and_nothing_waits(box):
    os.mkfifo(box + "/fifo")
    os.mkdir(box + "/directory")
    assert "must be a regular file (got a FIFO)" in refused(_safe_files.read, box + "/fifo")
    assert "must be a regular file (got a directory)" in refused(_safe_files.read, box + "/directory")
    assert "must be a regular file (got a device)" in refused(_safe_files.read, "/dev/null")


def test_a_file_that_everybody_may_write_is_rejected(box):
    assert "must not be writable by everyone. Run: chmod o-w" in refused(_safe_files.read, put(box + "/a", mode=0o666))


def test_a_link_of_ones_own_is_followed(box):
    put(box + "/a", b"text")
    os.mkdir(box + "/inner")
    os.symlink("../a", box + "/inner/relative")
    os.symlink(box + "/inner/relative", box + "/absolute")
    os.symlink("inner", box + "/way")
    assert _safe_files.read(box + "/absolute").content == b"text"
    assert _safe_files.read(box + "/way/relative").content == b"text"
    os.symlink("nowhere/a", box + "/dangling")
    assert _safe_files.read(box + "/dangling") is None


@pytest.mark.parametrize("name", ["/loop", "/loop/file", "/one"])
def test_links_in_a_circle_end(box, name):
    os.symlink("loop", box + "/loop")
    os.symlink("two", box + "/one")
    os.symlink("one", box + "/two")
    assert "too many symbolic links" in refused(_safe_files.read, box + name)


@pytest.mark.parametrize(("mode", "who"), [(0o777, "everyone"), (0o775, "group nogroup"), (0o775, "group 64321")])
@needs_root
def test_a_directory_that_several_may_write_is_rejected(box, mode, who):
    gid = OTHER if "64321" in who else NOBODY.pw_gid
    if who == "group nogroup":
        who = "group " + _safe_files.group_name(gid)
    inner = make(box + "/inner", mode, gid=gid)
    put(inner + "/a")
    os.mkdir(inner + "/deeper")
    for path in ("/a", "/deeper/none"):
        assert "/inner must not be writable by %s. Run: chmod go-w" % who in refused(_safe_files.read, inner + path)


@needs_root
def test_the_group_of_root_and_a_private_group_are_nobody_else(box):
    assert _safe_files.read(put(make(box + "/root", 0o775, gid=0) + "/a")).content == b"old"
    theirs = make(box + "/theirs", 0o775, NOBODY.pw_uid, NOBODY.pw_gid)
    assert _safe_files.read(put(theirs + "/a", uid=NOBODY.pw_uid)).content == b"old"


@needs_root
def test_s6_what_the_owner_of_the_directory_may_not_read_root_does_not_read_for_them(box):
    theirs = make(box + "/theirs", uid=NOBODY.pw_uid)
    # A file of root's comes there by a second link, or had been there before and got another name.
    assert "must be readable by nobody" in refused(_safe_files.read, put(theirs + "/secret", mode=0o600))
    assert "must be readable by nobody" in refused(_safe_files.read, put(theirs + "/of a group", mode=0o640))
    assert "must be readable by nobody" in refused(_safe_files.read, put(theirs + "/other's", mode=0o600, uid=OTHER))
    locked = make(theirs + "/locked", 0o700)
    assert "must be accessible to nobody" in refused(_safe_files.read, put(locked + "/a"))
    assert _safe_files.read(put(theirs + "/own", mode=0o600, uid=NOBODY.pw_uid)).content == b"old"
    assert _safe_files.read(put(theirs + "/public")).content == b"old"
    assert _safe_files.read(put(theirs + "/group", mode=0o640, uid=0, gid=NOBODY.pw_gid)).content == b"old"


@needs_root
def test_s6_links_below_another_users_directory_are_not_followed(box):
    secret = put(box + "/secret", mode=0o600)
    theirs = make(box + "/theirs", uid=NOBODY.pw_uid)
    os.symlink(secret, theirs + "/a")
    os.symlink(box, theirs + "/way")
    below = make(theirs + "/roots")
    os.symlink(secret, below + "/a")
    for path in ("/a", "/way/secret", "/roots/a"):
        assert "must not be a symbolic link" in refused(_safe_files.read, theirs + path)
    # Nor one of theirs in a directory of root's, nor one in a sticky directory.
    os.lchown(theirs + "/a", NOBODY.pw_uid, -1)
    os.rename(theirs + "/a", box + "/a")
    assert "must not be a symbolic link" in refused(_safe_files.read, box + "/a")
    sticky = make(box + "/sticky", 0o1777)
    os.symlink(secret, sticky + "/a")
    assert "must not be a symbolic link" in refused(_safe_files.read, sticky + "/a")


@needs_root
def test_a_third_user_below_anothers_directory_is_rejected(box):
    theirs = make(box + "/theirs", uid=NOBODY.pw_uid)
    third = make(theirs + "/third", uid=OTHER)
    assert "must belong to root or nobody" in refused(_safe_files.read, put(third + "/a"))


@needs_root
def test_in_a_sticky_directory_a_file_with_a_second_name_is_rejected(box):
    sticky = make(box + "/sticky", 0o1777)
    secret = put(box + "/secret", mode=0o600)
    os.link(secret, sticky + "/a")
    assert "must have no other name (got 2 hard links)" in refused(_safe_files.read, sticky + "/a")
    assert _safe_files.read(put(sticky + "/b")).content == b"old"


# --- writing ------------------------------------------------------------------------------------------


def test_writes_a_file_once(box):
    path = box + "/a"
    assert _safe_files.write(path, Wanted(b"new", 0o640)) == (True, None)
    assert (content(path), facts(path)[2]) == (b"new", 0o640)
    assert _safe_files.write(path, Wanted(b"new", 0o640)) == (False, b"new")
    assert _safe_files.write(path, Wanted(b"newer", 0o640)) == (True, b"new")
    assert _safe_files.write(path, Wanted(b"newer", 0o600)) == (True, b"newer")
    assert facts(path)[2] == 0o600
    assert os.listdir(box) == ["a"]


def test_dry_changes_nothing(box):
    assert _safe_files.write(box + "/none/a", Wanted(b"new", 0o600), dry=True) == (True, None)
    assert _safe_files.write(box + "/a", Wanted(b"new", 0o600), dry=True) == (True, None)
    assert _safe_files.remove(box + "/a", dry=True) is False
    put(box + "/a")
    assert _safe_files.write(box + "/a", Wanted(b"new", 0o600), dry=True) == (True, b"old")
    assert _safe_files.remove(box + "/a", dry=True) is True
    assert (content(box + "/a"), os.listdir(box)) == (b"old", ["a"])


def test_a_directory_that_is_missing_is_an_error(box):
    with pytest.raises(_safe_files.FileError) as caught:
        _safe_files.write(box + "/none/a", Wanted(b"new", 0o600))
    assert caught.value.errno == errno.ENOENT


def test_s4_a_link_is_neither_followed_nor_replaced(box):
    put(box + "/target")
    os.symlink("target", box + "/a")
    assert "/a must be a regular file (got a symbolic link). Remove it" in refused(_safe_files.write, box + "/a", Wanted(b"new", 0o600))
    assert content(box + "/target") == b"old"
    os.mkfifo(box + "/fifo")
    assert "(got a FIFO)" in refused(_safe_files.write, box + "/fifo", Wanted(b"new", 0o600))


def test_s3_a_new_file_never_has_more_rights_than_in_the_end(box, monkeypatch):
    seen = []

    def watched(call):
        original = getattr(os, call)

        def instead(*arguments):
            result = original(*arguments)
            seen.append((call, [facts(os.path.join(box, name))[2] for name in os.listdir(box)]))
            return result

        monkeypatch.setattr(os, call, instead)

    for call in ("open", "write", "fchown", "fchmod", "fsync", "rename"):
        watched(call)
    old = os.umask(0)
    try:
        _safe_files.write(box + "/a", Wanted(b"new", 0o640, os.geteuid(), os.getegid()))
    finally:
        os.umask(old)
    assert {"write", "fchown", "fchmod", "rename"} <= set(call for call, _modes in seen)
    until = [call for call, _modes in seen].index("fchmod")
    assert set(mode for _call, modes in seen[:until] for mode in modes) == {0o600}
    assert set(mode for _call, modes in seen[until:] for mode in modes) == {0o640}


def test_a_write_that_fails_leaves_nothing_behind(box, monkeypatch):
    put(box + "/a")

    def full(_handle, _data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "write", full)
    assert "No space left" in refused(_safe_files.write, box + "/a", Wanted(b"new", 0o600))
    assert (content(box + "/a"), os.listdir(box)) == (b"old", ["a"])


def test_the_new_file_is_prepared_before_it_has_its_name(box):
    def prepare(new):
        assert content(new) == b"new"
        assert not os.path.exists(box + "/a")

    assert _safe_files.write(box + "/a", Wanted(b"new", 0o600, prepare=prepare))[0] is True
    assert content(box + "/a") == b"new"


@needs_root
def test_owner_and_group_are_compared_and_set(box):
    path = put(box + "/a", b"new", 0o640)
    assert _safe_files.write(path, Wanted(b"new", 0o640, 0, NOBODY.pw_gid)) == (True, b"new")
    assert facts(path) == (0, NOBODY.pw_gid, 0o640)
    assert _safe_files.write(path, Wanted(b"new", 0o640, 0, NOBODY.pw_gid)) == (False, b"new")
    # Not given, they stay.
    assert _safe_files.write(path, Wanted(b"newer", 0o640)) == (True, b"new")
    assert facts(path) == (0, NOBODY.pw_gid, 0o640)


@needs_root
def test_a_file_of_another_user_in_a_directory_of_roots_is_replaced(box):
    path = put(box + "/a", mode=0o666, uid=NOBODY.pw_uid)
    before = os.stat(path).st_ino
    held = open(path, "r+b")
    assert _safe_files.write(path, Wanted(b"new", 0o600, 0, 0))[0] is True
    assert facts(path) == (0, 0, 0o600)
    held.write(b"theirs")
    held.close()
    assert content(path) == b"new"
    assert os.stat(path).st_ino != before


@pytest.mark.parametrize("mode", [0o777, 0o1777])
def test_nothing_is_written_where_everybody_may_write(box, mode):
    shared = make(box + "/shared", mode)
    assert "must not be writable by everyone" in refused(_safe_files.write, shared + "/a", Wanted(b"new", 0o600), as_owner=True)
    assert "must not be writable by everyone" in refused(_safe_files.remove, shared + "/a")
    assert os.listdir(shared) == []


@needs_root
def test_s1_nothing_is_written_in_another_users_directory(box):
    theirs = make(box + "/theirs", uid=NOBODY.pw_uid)
    inner = make(theirs + "/inner")
    for where in (theirs, inner):
        assert "must be writable by root alone (got one that belongs to nobody)" in refused(
            _safe_files.write, where + "/a", Wanted(b"new", 0o600)
        )
        assert "must be writable by root alone" in refused(_safe_files.remove, where + "/a")
    assert os.listdir(theirs) == ["inner"]


@needs_root
def test_s4_as_the_owner_root_writes_with_the_owners_rights(box):
    theirs = make(box + "/theirs", uid=NOBODY.pw_uid, gid=NOBODY.pw_gid)
    put(theirs + "/a", mode=0o644)
    groups = os.getgroups()
    assert _safe_files.write(theirs + "/a", Wanted(b"new", 0o644, 0, 0), as_owner=True) == (True, b"old")
    assert (content(theirs + "/a"), facts(theirs + "/a")) == (b"new", (NOBODY.pw_uid, NOBODY.pw_gid, 0o644))
    assert (os.geteuid(), os.getegid(), os.getgroups()) == (0, 0, groups)
    # What is right already need not belong to the owner.
    put(theirs + "/b", b"new")
    assert _safe_files.write(theirs + "/b", Wanted(b"new", 0o644), as_owner=True) == (False, b"new")
    assert "must be readable by nobody" in refused(
        _safe_files.write, put(theirs + "/c", mode=0o600), Wanted(b"new", 0o644), as_owner=True
    )
    # A directory of root's below it: theirs are the rights, and they do not suffice.
    inner = make(theirs + "/inner")
    assert "Permission denied" in refused(_safe_files.write, inner + "/a", Wanted(b"new", 0o644), as_owner=True)
    assert "Permission denied" in refused(_safe_files.remove, put(inner + "/b"), as_owner=True)
    assert (os.geteuid(), os.getegid()) == (0, 0)
    assert _safe_files.remove(theirs + "/a", as_owner=True) is True
    assert not os.path.exists(theirs + "/a")


@needs_root
def test_an_owner_who_is_no_user_of_the_host_is_rejected(box):
    theirs = make(box + "/theirs", uid=OTHER)
    assert "must be in the user database" in refused(_safe_files.write, theirs + "/a", Wanted(b"new", 0o644), as_owner=True)


@needs_root
def test_without_root_the_kernel_has_the_last_word(box):
    put(box + "/a", mode=0o600)
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(NOBODY.pw_gid)
            os.setuid(NOBODY.pw_uid)
            try:
                _safe_files.read(box + "/a")
            except _safe_files.FileError as e:
                os.write(writer, e.strerror.encode("utf-8"))
        finally:
            os._exit(0)
    os.close(writer)
    output = os.read(reader, 4096).decode("utf-8")
    os.close(reader)
    os.waitpid(child, 0)
    assert output.endswith("Permission denied. Usually only root may do this: use become")


# --- removing -----------------------------------------------------------------------------------------


def test_removes_files_links_and_directories_and_nothing_that_a_link_names(box):
    kept = make(box + "/kept")
    put(kept + "/file")
    tree = make(box + "/tree")
    os.symlink(kept, tree + "/link")
    os.mkfifo(tree + "/fifo")
    os.makedirs(tree + "/one/two")
    put(tree + "/one/two/file")
    assert _safe_files.remove(tree) is True
    assert _safe_files.remove(tree) is False
    assert _safe_files.remove(box + "/none/none") is False
    os.symlink(kept, box + "/link")
    assert _safe_files.remove(box + "/link") is True
    assert (os.listdir(box), os.listdir(kept)) == (["kept"], ["file"])


def test_directories_without_end_are_left_to_people(box):
    path = make(box + "/deep")
    for _number in range(_safe_files.DEPTH_LIMIT + 1):
        path += "/d"
        os.mkdir(path)
    assert "too many directories" in refused(_safe_files.remove, box + "/deep")


@needs_root
def test_s1_the_owner_of_a_directory_that_is_removed_can_no_longer_fill_it(box):
    theirs = make(box + "/theirs", uid=NOBODY.pw_uid)
    put(theirs + "/a", uid=NOBODY.pw_uid)
    seen = []
    original = os.listdir

    def instead(path):
        seen.append(facts(theirs))
        return original(path)

    os.listdir = instead
    try:
        assert _safe_files.remove(theirs) is True
    finally:
        os.listdir = original
    assert seen == [(0, 0, 0o700)]
