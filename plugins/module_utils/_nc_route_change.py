# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Changes a node controller's default route so that the host takes the change back by itself. Private to the collection.

The order is what protects the host: first the script that restores everything and the timer that runs it, then the files, then
the commands. What each of them is was decided on the control node (plugin_utils/_nc_route_plan).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import os
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _safe_files

# The script holds the network files as they were, and with them perhaps passwords: root's alone.
DIRECTORY = "/run/eucalyptus-ha-nc-route"
# The script makes it when it begins.
MARKER = "rolled-back"
UNIT = "eucalyptus-nc-route-rollback"
ROLLBACK_LIMIT = 60  # seconds


class ChangeError(Exception):
    """The change cannot be made or confirmed; the message has the cause."""


class Changer(object):
    """Changes one host, confirms the change or takes it back.

    run: called with an argument list, gives (exit status, standard output, standard error).
    label: called with a new file's path and the one that it will have, sets its SELinux label; None without SELinux.
    """

    def __init__(self, run, label=None, directory=DIRECTORY):
        self.run = run
        self.label = label
        self.directory = directory
        self.script = os.path.join(directory, "rollback")
        self.marker = os.path.join(directory, MARKER)

    def change(self, plan):
        """Carry out a plan (files, directories, apply, rollback, rollback_after) -> the lines that its commands printed."""
        self._arm(plan["rollback"], plan["rollback_after"])
        for path in plan["directories"]:
            if not os.path.isdir(path):
                os.makedirs(path)
                os.chmod(path, 0o755)  # noqa: S103 (a directory of configuration files)
                if self.label is not None:
                    self.label(path, path)
        for one in plan["files"]:
            if one["content"] is None:
                _safe_files.remove(one["path"])
            else:
                # A link of root's to the file stays one.
                path = os.path.realpath(one["path"])
                content, mode = base64.b64decode(one["content"]), int(one["mode"], 8)
                _safe_files.write(path, _safe_files.Wanted(content, mode, prepare=self._labelled(path)))
        status, output, complaint = self.run(["/bin/sh", "-ec", plan["apply"]])
        if status:
            raise ChangeError("a command of the change failed with exit status %d: %s" % (status, (complaint or output).strip()))
        return output.splitlines()

    def confirm(self):
        """Cancel the timer. Raises ChangeError if it was faster."""
        self._systemctl("stop", UNIT + ".timer")
        if self._timer_was_faster():
            raise ChangeError("the host restored its previous default route before the change was confirmed")
        _safe_files.remove(self.directory)

    def rollback(self):
        """Take the change back -> 'host' if the timer was faster, 'run' if not, 'nothing' if nothing was changed."""
        self._systemctl("stop", UNIT + ".timer")
        if not os.path.exists(self.script):
            return "nothing"
        by = "host" if self._timer_was_faster() else "run"
        if by == "run":
            self.run(["/bin/sh", self.script])
        else:
            deadline = time.time() + ROLLBACK_LIMIT
            while self._is_running() and time.time() < deadline:
                time.sleep(0.5)
        _safe_files.remove(self.directory)
        return by

    def _arm(self, script, seconds):
        self._systemctl("stop", UNIT + ".timer")
        self._systemctl("reset-failed", UNIT + ".service")
        _safe_files.remove(self.directory)
        os.mkdir(self.directory, 0o700)
        _safe_files.write(self.script, _safe_files.Wanted(script.encode("utf-8"), 0o600))
        if not seconds:
            return
        # A timer of the host's own: it works although Ansible can no longer log in.
        timer = ["--unit=" + UNIT, "--on-active=%d" % seconds, "--timer-property=AccuracySec=1s"]
        status, output, complaint = self.run(["systemd-run", "--quiet"] + timer + ["/bin/sh", self.script])
        if status:
            _safe_files.remove(self.directory)
            raise ChangeError("cannot start the rollback timer: %s" % (complaint or output).strip())

    def _labelled(self, path):
        return None if self.label is None else lambda new: self.label(new, path)

    def _systemctl(self, *arguments):
        return self.run(["systemctl"] + list(arguments))

    def _is_running(self):
        return self._systemctl("is-active", UNIT + ".service")[1].strip() in ("active", "activating")

    def _timer_was_faster(self):
        # It may have started the script just now, which has not come to its first line yet.
        return self._is_running() or os.path.exists(self.marker)
