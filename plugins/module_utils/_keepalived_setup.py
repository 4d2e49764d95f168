# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Whose setup keepalived.conf is, and what its VRRP instances would send to others. Private to the collection.

Distinguishes this collection's configuration from the manual keepalived setup (EUCA-2412; Tom Ellis, Keepalived and Eucalyptus,
2012: C(vrrp_script) with CCclient-enabled-check.sh around CCclient_full, C(state EQUAL), C(lvs_id)) and from anybody else's.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import glob
import hashlib
import os
import re

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _keepalived_conf, _safe_files

# keepalived.conf(5): adverts every second, VRRP version 2, unless configured otherwise.
DEFAULT_INTERVAL, DEFAULT_VERSION = 1.0, 2
HEADER = "eucalyptus.ha.keepalived"  # what role keepalived writes into the first lines
OLD_CHECK = re.compile(r"CCclient", re.I)
OLD_FILES = ("/usr/local/bin/CCclient*",)


def _number(text, kind):
    try:
        return kind(text)
    except ValueError:
        return None


def _addresses_of(block):
    """The first words of a block's lines that are addresses, canonical."""
    found = []
    for words, _nested in block or []:
        try:
            found.append(_addresses.parse_vip(" ".join(words))["vip"])
        except _addresses.AddressError:
            continue
    return found


def _instance(name, block, version, auth_pass_sha256):
    instance = {
        "name": name,
        "state": None,
        "interface": None,
        "virtual_router_id": None,
        "version": version,
        "advert_interval": DEFAULT_INTERVAL,
        "vips": [],
        "excluded": [],
        "peers": [],
        "auth_type": None,
        "same_auth_pass": None,
        "track_scripts": [],
    }
    for words, nested in block:
        keyword, value = words[0] if words else "", words[1] if len(words) > 1 else ""
        if keyword == "state":
            instance["state"] = value
        elif keyword == "interface":
            instance["interface"] = value
        elif keyword == "virtual_router_id":
            instance["virtual_router_id"] = _number(value, int)
        elif keyword == "version":
            instance["version"] = _number(value, int)
        elif keyword == "advert_int":
            instance["advert_interval"] = _number(value, float)
        elif keyword in ("virtual_ipaddress", "virtual_ipaddress_excluded"):
            instance["vips"] += _addresses_of(nested)
            if keyword == "virtual_ipaddress_excluded":
                instance["excluded"] += _addresses_of(nested)
        elif keyword == "unicast_peer":
            instance["peers"] += _addresses_of(nested)
        elif keyword == "track_script":
            instance["track_scripts"] += [line[0] for line, _more in nested or [] if line]
        elif keyword == "authentication":
            settings = dict((line[0], line[1]) for line, _more in nested or [] if len(line) > 1)
            instance["auth_type"] = settings.get("auth_type")
            # keepalived itself cuts at 8 bytes.
            password = settings.get("auth_pass", "").encode("utf-8")[:8]
            instance["same_auth_pass"] = hashlib.sha256(password).hexdigest() == auth_pass_sha256
    return instance


def _files(paths, scripts):
    """What a backup should hold: the configuration, its scripts, and what the article has in /usr/local/bin."""
    named = list(paths) + [text.split()[0] for text in scripts.values() if text.split()]
    for pattern in OLD_FILES:
        named += sorted(glob.glob(pattern))
    found = []
    for path in named:
        if path.startswith("/") and os.path.isfile(path) and path not in found:
            found.append(path)
    return found


def _header(path):
    try:
        found = _safe_files.read(path, _keepalived_conf.SIZE_LIMIT)
    except _safe_files.FileError:
        return ""
    return found.content[:2000].decode("utf-8", "replace") if found else ""


def read(path, check_path, auth_pass_sha256=None):
    """What keepalived.conf sets up -> dict. Never raises.

    check_path is where this collection's check is, auth_pass_sha256 what passwords are compared with (hexadecimal). Gives kind
    (none, ours, article or other), reasons (why it is the manual setup's), error (str or None), files (those that a backup should
    hold), scripts (of the C(vrrp_script) blocks, by name), and instances: name, state, interface, virtual_router_id, version,
    advert_interval (seconds), vips, excluded (of the adverts), peers, auth_type, same_auth_pass, track_scripts, article (bool).
    """
    blocks, source = _keepalived_conf.parse(path)
    found = {"kind": "none", "reasons": [], "error": None, "files": [], "scripts": {}, "instances": []}
    if source.error is not None:
        if os.path.exists(path):
            found["kind"], found["error"] = "other", str(source.error.strerror or source.error)
        return found
    version, lvs_id = DEFAULT_VERSION, False
    for words, block in blocks:
        if words and words[0] == "global_defs":
            for line, _nested in block or []:
                lvs_id = lvs_id or line[:1] == ["lvs_id"]
                if line[:1] == ["vrrp_version"] and len(line) > 1:
                    version = _number(line[1], int)
        elif words and words[0] == "vrrp_script" and len(words) > 1:
            for line, _nested in block or []:
                if line[:1] == ["script"]:
                    found["scripts"][words[1]] = " ".join(line[1:])
    for words, block in blocks:
        if words and words[0] == "vrrp_instance" and len(words) > 1 and block is not None:
            found["instances"].append(_instance(words[1], block, version, auth_pass_sha256))

    old_scripts = sorted(name for name, text in found["scripts"].items() if OLD_CHECK.search(text))
    found["reasons"] = ["vrrp_script %s runs %s" % (name, found["scripts"][name]) for name in old_scripts]
    for instance in found["instances"]:
        # Equality of state is an invention of the article; keepalived knows MASTER and BACKUP.
        equal = instance["state"] == "EQUAL"
        instance["article"] = bool(set(instance["track_scripts"]) & set(old_scripts)) or (equal and lvs_id)
        if equal:
            found["reasons"].append("vrrp_instance %s has state EQUAL" % instance["name"])
    if lvs_id and found["reasons"]:
        found["reasons"].append("global_defs has lvs_id")
    ours = HEADER in _header(path) or any(check_path in text.split() for text in found["scripts"].values())
    if ours:
        found["kind"] = "ours"
    elif old_scripts or any(instance["article"] for instance in found["instances"]):
        found["kind"] = "article"
    else:
        found["kind"] = "other"
    found["files"] = _files(source.files, found["scripts"])
    return found
