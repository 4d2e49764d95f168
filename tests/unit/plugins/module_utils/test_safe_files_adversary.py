# SPDX-License-Identifier: GPL-3.0-or-later
"""Root reads, writes and removes in directories of a user who exchanges names there all the time: 200 tries of each.

tests/system/test_adversary.py plays the same on the lab, with the roles.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("runs the adversary, which needs the Python of a control node", allow_module_level=True)

import itertools
import json
import os
import pwd
import signal
import stat
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.module_utils import _safe_files
from ansible_collections.eucalyptus.ha.tests.lab import adversary

pytestmark = pytest.mark.skipif(os.geteuid() != 0, reason="needs root, and a second user")

TRIES = 200
LIMIT = 5.0  # seconds that one try may take, on a busy machine too
SECRET = b"SECRET of root\n"
NOBODY = pwd.getpwnam("nobody")


class Stage:
    """A directory of nobody's, below one of nobody's, and root's secret."""

    def __init__(self, folder):
        self.folder = folder
        self.secret = folder / "root" / "file"
        self.secret.parent.mkdir()
        self.secret.write_bytes(SECRET)
        self.secret.chmod(0o600)
        (self.secret.parent / "kept").write_bytes(SECRET)
        self.outer = folder / "outer"
        self.theirs = self.outer / "theirs"
        self.theirs.mkdir(parents=True)
        for path in (self.outer, self.theirs):
            os.chown(path, NOBODY.pw_uid, NOBODY.pw_gid)
        self.file = self.theirs / "file"

    def untouched(self):
        about = self.secret.stat()
        return (
            self.secret.read_bytes() == SECRET
            and (about.st_uid, stat.S_IMODE(about.st_mode)) == (0, 0o600)
            and sorted(os.listdir(self.secret.parent)) == ["file", "kept"]
        )

    @contextmanager
    def attacked(self, *words):
        """nobody at work; at the end the dict has the counts."""
        reader, writer = os.pipe()
        # No new program: the interpreter may lie where only root may go.
        child = os.fork()
        if not child:
            attack(writer, ["--target", str(self.secret), "--marker", "SECRET"] + list(words))
        os.close(writer)
        counts = {}
        with os.fdopen(reader) as output:
            assert output.readline().startswith("ready")
            try:
                yield counts
            finally:
                os.kill(child, signal.SIGTERM)
                counts.update(json.loads(output.read()))
                os.waitpid(child, 0)


def attack(output, words):
    """In the child: become nobody, and do the worst."""
    try:
        os.setgroups([])
        os.setresgid(NOBODY.pw_gid, NOBODY.pw_gid, NOBODY.pw_gid)
        os.setresuid(NOBODY.pw_uid, NOBODY.pw_uid, NOBODY.pw_uid)
        os.dup2(output, 1)
        sys.stdout = os.fdopen(1, "w", closefd=False)
        adversary.main(words)
        sys.stdout.flush()
    finally:
        os._exit(0)


@pytest.fixture
def stage():
    # Not below pytest's directory, which is root's alone, and which every other session of pytest shuts again.
    with tempfile.TemporaryDirectory(prefix="adversary-") as name:
        Path(name).chmod(0o711)
        yield Stage(Path(name))


class Hung(Exception):
    pass


@contextmanager
def time_limit():
    def ring(*_ignored):
        raise Hung

    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, LIMIT)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


def tries(attempt, *met):
    """How often it hung, and what it returned or raised: at least TRIES times, and until each of `met` was true once.

    The two processes run as the machine lets them: a try between two moves of the adversary shows nothing.
    """
    hangs, results = 0, []
    end = time.monotonic() + 60
    while len(results) + hangs < TRIES or not all(any(map(one, results)) for one in met):
        assert time.monotonic() < end, "the adversary did not meet root"
        try:
            with time_limit():
                results.append(attempt())
        except Hung:
            hangs += 1
        except OSError as error:
            results.append(error)
    return hangs, results


def rejected(result):
    return isinstance(result, _safe_files.FileError)


def test_s6_root_reads_nothing_of_its_own_for_another_user(stage):
    def read():
        found = _safe_files.read(str(stage.file))
        return found and found.content

    with stage.attacked("--swap", str(stage.file)) as counts:
        hangs, results = tries(read, rejected, lambda result: result == b"mine\n")
    assert hangs == 0
    assert [result for result in results if isinstance(result, bytes) and result not in (b"mine\n", b"")] == []
    assert counts["swaps"] > 0


def test_the_adversary_wins_against_plain_reading(stage):
    """What the test above is worth: by path root reads its own secret, or waits for ever."""
    with stage.attacked("--swap", str(stage.file)):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                with time_limit():
                    if stage.file.read_bytes() == SECRET:
                        break
            except Hung:
                break
            except OSError:
                continue
        else:
            pytest.fail("the adversary never won against plain reading")


@pytest.mark.parametrize("as_owner", [True, False])
def test_s4_root_writes_nothing_but_the_owners_own(stage, as_owner):
    numbers = itertools.count()

    def written(result):
        return isinstance(result, tuple)

    def write():
        wanted = _safe_files.Wanted(b"root's %d\n" % next(numbers), 0o644, 0, 0)
        return _safe_files.write(str(stage.file), wanted, as_owner=as_owner)

    with stage.attacked("--swap", str(stage.file), "--watch", str(stage.theirs)) as counts:
        hangs, results = tries(write, rejected, *([written] if as_owner else []))
    assert hangs == 0
    assert stage.untouched()
    assert counts["swaps"] > 0
    assert any(map(written, results)) is as_owner
    # What is there is theirs: nothing of root's came into their directory.
    for path in stage.theirs.iterdir():
        assert path.lstat().st_uid == NOBODY.pw_uid or path.lstat().st_ino == stage.secret.stat().st_ino


def test_the_adversary_wins_against_writing_by_path(stage):
    """As Ansible's atomic move does it: a temporary file beside the old one, the owner by path, a rename."""

    def write():
        new = stage.theirs / ".ansible_tmp{}".format(os.urandom(4).hex())
        new.write_bytes(b"root's\n")
        os.chown(new, NOBODY.pw_uid, NOBODY.pw_gid)
        os.rename(new, stage.file)

    with stage.attacked("--watch", str(stage.theirs)):
        end = time.monotonic() + 60
        while time.monotonic() < end:
            try:
                write()
            except OSError:
                continue
            if not stage.untouched():
                break
        else:
            pytest.fail("the adversary never won against writing by path")


def test_s1_removing_another_users_directory_removes_nothing_else(stage):
    tree = stage.theirs / "tree"

    def remove():
        for folder in (tree, tree / "deeper"):
            folder.mkdir(exist_ok=True)
            os.chown(folder, NOBODY.pw_uid, NOBODY.pw_gid)
        return _safe_files.remove(str(tree), as_owner=True) and not tree.exists()

    with stage.attacked("--swap", str(tree / "deeper" / "file"), "--watch", str(tree)) as counts:
        hangs, results = tries(remove, lambda result: result is True)
    assert hangs == 0
    assert stage.untouched()
    assert counts["swaps"] > 0


def test_s3_nobody_reads_a_new_secret(stage):
    folder = stage.folder / "public"
    folder.mkdir(mode=0o755)
    numbers = itertools.count()

    def write():
        _safe_files.remove(str(folder / "file"))
        return _safe_files.write(str(folder / "file"), _safe_files.Wanted(SECRET + b"%d" % next(numbers), 0o640))

    # The adversary has to have its turn: it sees what is there while root does not run, on one processor too.
    enough = time.monotonic() + 2
    with stage.attacked("--watch", str(folder)) as counts:
        hangs, results = tries(write, lambda _result: time.monotonic() > enough)
    assert hangs == 0
    assert set(results) == {(True, None)}
    assert counts["seen"] > 0
    assert (counts["read"], counts["leaked"]) == (0, 0)
