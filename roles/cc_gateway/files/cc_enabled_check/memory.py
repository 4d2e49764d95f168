# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The file in which the check keeps what one run has to know of those before. Its form is in --help."""

from __future__ import absolute_import, division, print_function

import posix
import time

from .common import STATES, clean, read_file
from .decision import NOTHING

__metaclass__ = type

MEMORY_HEAD = "cc-enabled-check memory 2"
# decision.PAUSES, and the time that a run takes.
LONGEST_WAIT = 100


def moment():
    """Seconds since boot: a clock that never jumps, and goes on during a suspend."""
    return float(read_file("/proc/uptime", "", 64).split()[0])


class MemoryFile:
    """The memory at options["memory"]; Trouble or ValueError without /proc."""

    def __init__(self, options):
        self.path = options["memory"]
        self.source = "%s %s %d" % (options["source"], options["host"], options["port"])
        if options["source"] == "state_file":
            self.source = clean("%s %s" % (self.source, options["state-file"]))
        self.boot = read_file("/proc/sys/kernel/random/boot_id", "", 64).decode("ascii").strip()

    def recall(self, any_source=False):
        """(memory, seconds since boot). NOTHING unless the file is ours, whole, of this boot, and about the same source."""
        try:
            handle = posix.open(self.path, posix.O_RDONLY | posix.O_NONBLOCK | posix.O_NOFOLLOW)
            try:
                status = posix.fstat(handle)
                text = posix.read(handle, 4096).decode("ascii")
            finally:
                posix.close(handle)
        except (EnvironmentError, ValueError):
            return NOTHING, moment()
        now = moment()  # after reading, so that the file never comes from the future
        good = status.st_mode & 0o170022 == 0o100000 and status.st_uid == posix.geteuid() and status.st_nlink == 1
        try:
            return (self.parse(text.split("\n"), now, any_source) if good else NOTHING), now
        except (ValueError, KeyError):
            return NOTHING, now

    def parse(self, lines, now, any_source):
        """The memory of these lines; ValueError or KeyError if they are not valid."""
        values = dict(line.split(" ", 1) for line in lines[1:10])
        if (
            len(lines) != 12
            or lines[0] != MEMORY_HEAD
            or values["boot"] != self.boot
            or not (any_source or values["source"] == self.source)
            or lines[10:] != ["end", ""]
        ):
            return NOTHING

        def since_boot(text, limit=now):
            value = float(text)
            if not 0 <= value <= limit:
                raise ValueError(text)
            return value

        def state_and_time(text):
            state, when = text.split(" ")
            if state not in STATES and state != "none":
                raise ValueError(text)
            return (None if state == "none" else state), since_boot(when)

        answer, answered = state_and_time(values["answer"])
        seen, other = state_and_time(values["seen"])
        if answer and not answered:
            raise ValueError(values["answer"])
        timeouts, wait_until, reason = values["failed"].split(" ", 2)
        run = values["run"].split(" ")
        return {
            "answer": answer, "answered": answered, "seen": seen, "other": other,
            "enabled": since_boot(values["enabled"]), "live": since_boot(values["live"]),
            "timeouts": int(since_boot(timeouts, 99)), "wait_until": since_boot(wait_until, now + LONGEST_WAIT), "reason": reason,
            "exit": int(run[0]), "session": int(run[3]) if len(run) > 3 else 0,
        }  # fmt: skip

    def store(self, memory, now, message):
        """None, or why the memory could not be written."""
        lines = [
            MEMORY_HEAD,
            "boot " + self.boot,
            "source " + self.source,
            "answer %s %.2f" % (memory["answer"] or "none", memory["answered"]),
            "seen %s %.2f" % (memory["seen"] or "none", memory["other"]),
            "enabled %.2f" % memory["enabled"],
            "live %.2f" % memory["live"],
            "failed %d %.2f %s" % (memory["timeouts"], memory["wait_until"], memory["reason"]),
            "run %d %.2f %s %d" % (memory["exit"], now, time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()), memory["session"]),
            "message " + message,
            "end\n",
        ]
        data = "\n".join(lines).encode("ascii")
        new = "%s.%d" % (self.path, posix.getpid())
        try:
            handle = posix.open(new, posix.O_WRONLY | posix.O_CREAT | posix.O_EXCL | posix.O_NOFOLLOW, 0o600)
            try:
                written = posix.write(handle, data)
            finally:
                posix.close(handle)
            if written == len(data):
                posix.rename(new, self.path)
                return None
            trouble = "disk full"
        except EnvironmentError as error:
            trouble = error.strerror
        # An older ENABLED must not outlive an answer that is another.
        for name in (new, self.path):
            try:
                posix.unlink(name)
            except EnvironmentError:
                pass
        return "--memory %s: %s" % (self.path, trouble)

    def change_mark(self):
        """What differs when the file was replaced."""
        try:
            status = posix.stat(self.path)
        except EnvironmentError:
            return None
        return status.st_ino, status.st_mtime
