# SPDX-License-Identifier: GPL-3.0-or-later
"""Programs of a host, as a test wants them, and run_command of a module without a module."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import os
import subprocess

import pytest


def run_command(argv, **_options):
    """Without the options that say how the output is decoded: here it is UTF-8."""
    child = subprocess.Popen(argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    output, complaint = child.communicate()
    return child.returncode, output.decode("utf-8"), complaint.decode("utf-8")


class Programs(object):
    """Scripts of sh that come first on the PATH."""

    def __init__(self, directory):
        self.directory = directory

    def add(self, name, body):
        path = os.path.join(self.directory, name)
        with io.open(path, "w", encoding="utf-8") as stream:
            stream.write(u"#!/bin/sh\n" + body + u"\n")
        os.chmod(path, 0o755)
        return path


@pytest.fixture
def programs(tmp_path, monkeypatch):
    directory = tmp_path / "bin"
    directory.mkdir()
    monkeypatch.setenv("PATH", "%s:/usr/bin:/bin:/usr/sbin:/sbin" % directory)
    return Programs(str(directory))
