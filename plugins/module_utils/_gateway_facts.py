# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the settings of a gateway are derived from on a host. Private to the collection.

eucalyptus.conf, the interfaces with their addresses, and the interpreter that the check runs with. Changes nothing, queries no host.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _connections, _eucalyptus_conf, _keepalived_process

# The operating system's own, so that the choice does not depend on which control node deploys: EL 8 and 9 have the second where
# python3 is not installed, EL 7 has the third.
PYTHONS = ("/usr/bin/python3", "/usr/libexec/platform-python", "/usr/bin/python", "/usr/bin/python2")


def python(candidates=PYTHONS):
    """The interpreter that the check runs with."""
    for path in candidates:
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    return sys.executable


def interfaces():
    """{name: [address/prefix, ...]} of all interfaces. Raises AddressError."""
    links = _addresses.links()
    found = dict((link["name"], []) for link in links.values())
    for one in _addresses.local_addresses(links):
        found.setdefault(one["interface"], []).append("%s/%d" % (one["address"], one["prefix"]))
    return found


def firewalld(proc="/proc"):
    """Whether firewalld runs. It is a Python program, so its name is an argument."""
    for name in os.listdir(proc):
        if name.isdigit():
            try:
                with open(os.path.join(proc, name, "cmdline"), "rb") as stream:
                    words = stream.read(4096).split(b"\0")
            except (IOError, OSError):
                continue  # it has ended
            if any(word.rsplit(b"/", 1)[-1] == b"firewalld" for word in words[:4]):
                return True
    return False


def keepalived_version():
    """The release of keepalived, such as 2.2.7; empty when it is not installed."""
    program = _keepalived_process.executable()
    return (_keepalived_process.version(program) or "") if program else ""


def gather(root, programs):
    """-> dict: conf, conf_files, interfaces, python, is_root, firewalld, keepalived_version, systemd, missing,
    default_interface, connections_deployed.

    Raises AddressError and FileError.
    """
    conf, files = _eucalyptus_conf.read(root)
    return {
        "conf": conf,
        "conf_files": files,
        "interfaces": interfaces(),
        "python": python(),
        "missing": [path for path in programs if not os.path.exists(path)],
        "firewalld": firewalld(),
        "keepalived_version": keepalived_version(),
        "is_root": os.geteuid() == 0,
        # sd_booted(3)
        "default_interface": _connections.default_interface(),
        "connections_deployed": _connections.deployed(),
        "systemd": os.path.isdir("/run/systemd/system"),
    }
