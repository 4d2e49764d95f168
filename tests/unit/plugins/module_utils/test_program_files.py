# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs and their directories: what is not as wanted is changed and named, and nothing else."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import stat

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _program_files, _safe_files

ME = (os.geteuid(), os.getegid())
pytestmark = pytest.mark.skipif(ME[0] != 0, reason="installs files of root's, which only root may")


@pytest.fixture
def box(tmp_path):
    path = str(tmp_path / "box")
    os.mkdir(path, 0o755)
    return path


def facts(path):
    status = os.lstat(path)
    return stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid


def read(path):
    with open(path, "rb") as stream:
        return stream.read()


def install(box, dry=False, mode=0o755, content=b"new", label=None, uid=12):
    return _program_files.install(
        [(box + "/a/lib", 0o755, 0, 0), (box + "/run", 0o755, uid, 0)], [(box + "/a/lib/program", mode, content)], dry, label
    )


def test_all_is_made_and_named_and_the_second_run_changes_nothing(box):
    assert install(box) == [box + "/a/lib", box + "/run", box + "/a/lib/program"]
    assert facts(box + "/a") == facts(box + "/a/lib") == facts(box + "/a/lib/program") == (0o755, 0, 0)
    assert facts(box + "/run") == (0o755, 12, 0)
    assert read(box + "/a/lib/program") == b"new"
    assert install(box) == []


def test_check_mode_names_the_same_and_makes_nothing(box):
    assert install(box, dry=True) == [box + "/a/lib", box + "/run", box + "/a/lib/program"]
    assert os.listdir(box) == []
    install(box)
    assert install(box, dry=True) == []
    assert install(box, dry=True, content=b"newer", uid=13) == [box + "/run", box + "/a/lib/program"]
    assert read(box + "/a/lib/program") == b"new"
    assert facts(box + "/run") == (0o755, 12, 0)


@pytest.mark.parametrize("change", ["content", "mode of the file", "mode of the directory", "owner of the directory", "group"])
def test_what_is_not_as_wanted_is_repaired(box, change):
    install(box)
    path = box + ("/a/lib/program" if change in ("content", "mode of the file") else "/run")
    if change == "content":
        with open(path, "ab") as stream:
            stream.write(b"!")
    elif change.startswith("mode"):
        os.chmod(path, 0o700)
    else:
        os.chown(path, *((13, -1) if change.startswith("owner") else (-1, 13)))
    assert install(box) == [path]
    assert install(box) == []


def test_what_is_new_gets_its_label_before_it_has_its_name(box):
    labelled = []
    install(box, label=lambda new, path: labelled.append((os.path.exists(new), path)))
    assert labelled == [(True, path) for path in (box + "/a", box + "/a/lib", box + "/run", box + "/a/lib/program")]


def test_a_link_or_file_in_place_of_a_directory_is_an_error(box):
    os.symlink("/etc", box + "/run")
    with pytest.raises(_safe_files.FileError) as caught:
        install(box)
    assert box + "/run" in caught.value.strerror
    assert facts("/etc") == (0o755, 0, 0)
    os.unlink(box + "/run")
    with open(box + "/run", "wb"):
        pass
    with pytest.raises(_safe_files.FileError) as caught:
        install(box)
    assert box + "/run" in caught.value.strerror
