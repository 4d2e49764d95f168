# SPDX-License-Identifier: GPL-3.0-or-later
"""A user who wants to be root: exchanges names in directories of his own while root works there, and watches others.

    adversary.py --target SECRET [--swap FILE]… [--watch DIRECTORY]… [--marker TEXT]

SECRET is a file of root's that this user may not read. --swap: FILE, in a directory of this user's, becomes a link to SECRET, a
FIFO, a second name of SECRET, a file of this user's and, with its whole directory, a link to SECRET's directory, again and again. --watch:
every new name in DIRECTORY is read, and exchanged for a link to SECRET, as soon as it is there; several times for the same name.

Prints "ready" with its process ID, runs until SIGTERM, then prints one line of JSON: rounds (how often it went through everything), swaps,
seen (new names), read (those of them that could be read), leaked (those that had the marker in them).

Only the standard library, for hosts of the lab.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import signal
from collections.abc import Callable
from pathlib import Path

PREFIX = "adversary"  # of names that are this program's own
READ_LIMIT = 1 << 16


class Adversary:
    def __init__(self, target: Path, marker: str) -> None:
        self.target, self.marker = target, marker.encode()
        self.counts = {"rounds": 0, "swaps": 0, "seen": 0, "read": 0, "leaked": 0}
        self.known: set[tuple[str, int]] = set()

    def put(self, path: Path, make: Callable[[Path], object]) -> None:
        """Make something under a name of our own and rename it over `path`."""
        new = path.parent / f"{PREFIX}-{os.getpid()}-{random.getrandbits(48):x}"
        with contextlib.suppress(OSError):
            make(new)
            os.rename(new, path)
            self.counts["swaps"] += 1
        with contextlib.suppress(OSError):
            new.unlink()

    def swap(self, file: Path) -> None:
        what = random.choice(("link", "fifo", "second name", "file", "directory"))  # noqa: S311 (not for secrets)
        if what == "link":
            self.put(file, lambda new: new.symlink_to(self.target))
        elif what == "fifo":
            self.put(file, os.mkfifo)
        elif what == "second name":
            self.put(file, lambda new: os.link(self.target, new))
        elif what == "file":
            self.put(file, lambda new: new.write_bytes(b"mine\n"))
        else:
            folder, moved = file.parent, file.parent.with_name(f"{PREFIX}-moved")
            with contextlib.suppress(OSError):
                os.rename(folder, moved)
                try:
                    folder.symlink_to(self.target.parent)
                    self.counts["swaps"] += 1
                    os.sched_yield()
                    folder.unlink()
                finally:
                    os.rename(moved, folder)

    def watch(self, folder: Path) -> None:
        try:
            entries = list(os.scandir(folder))
        except OSError:
            return
        for entry in entries:
            if entry.name.startswith(PREFIX):
                continue
            with contextlib.suppress(OSError):
                key = entry.path, entry.inode()
                if key in self.known:
                    continue
                self.known.add(key)
                self.counts["seen"] += 1
                self.put(Path(entry.path), lambda new: new.symlink_to(self.target))
                handle = os.open(entry.path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW)
                try:
                    text = os.read(handle, READ_LIMIT)
                finally:
                    os.close(handle)
                self.counts["read"] += 1
                if self.marker and self.marker in text:
                    self.counts["leaked"] += 1


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=Path, required=True)
    parser.add_argument("--swap", type=Path, action="append", default=[])
    parser.add_argument("--watch", type=Path, action="append", default=[])
    parser.add_argument("--marker", default="")
    options = parser.parse_args(words)
    stop: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, _frame: stop.append(number))
    adversary = Adversary(options.target, options.marker)
    print(f"ready {os.getpid()}", flush=True)
    while not stop:
        for file in options.swap:
            adversary.swap(file)
        for folder in options.watch:
            adversary.watch(folder)
        adversary.counts["rounds"] += 1
    print(json.dumps(adversary.counts), flush=True)


if __name__ == "__main__":
    main()
