# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""All that the status report needs of one host, in one visit. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _client_keys,
    _connections,
    _deployed_check,
    _gateway_facts,
    _keepalived_conf,
    _packet_filter,
    _run_lock,
    _safe_files,
    _vip_facts,
)

# Where role cc_gateway and its notify script have them.
STATE_DIR = "/run/eucalyptus-ha"
MAINTENANCE_FILE = "/etc/eucalyptus-ha/maintenance"


def _check(params, now):
    """The deployed check, what it answers, and its certificate."""
    blocks, _source = _keepalived_conf.parse(params["keepalived_conf"])
    script = _deployed_check.script(blocks)
    program = os.path.exists(_deployed_check.PATH)
    argv = script["argv"] if script else []
    port = _deployed_check.value_of(argv, "--port") or ""
    check = {
        "program": program,
        # Only what keepalived runs counts.
        "installed": program and script is not None,
        "current": None,
        "argv": argv,
        "user": script["user"] if script else None,
        "when_none_enabled": None,
        "port": int(port) if port.isdigit() else None,
    }
    answer = certificate = None
    if program and params["sources"]:
        check["current"] = _deployed_check.sources(os.path.dirname(_deployed_check.PATH)) == params["sources"]
    if script:
        check["when_none_enabled"] = "hold" if script["weight"] else "release"
    path = _deployed_check.value_of(argv, "--cert")
    if path:
        certificate = _client_keys.days_left(path, now)
    if params["query"]:
        if check["installed"]:
            answer = _deployed_check.query(script)
        else:
            answer = _deployed_check.parse_answer("", "the check is not installed there (run eucalyptus.ha.gateway)")
    return check, answer, certificate


def _lost_rules(preload_file):
    """The gateway's firewall rules that are not in effect; None where it has none, or that cannot be read."""
    try:
        return _packet_filter.lost(_packet_filter.COMMENT, preload_file)
    except (_packet_filter.FilterError, _safe_files.FileError):
        return None


def gather(params, now=None):
    """The module's parameters -> what it returns. Raises VipFactsError, AddressError and ProbeError."""
    now = time.time() if now is None else now
    fact = _vip_facts.gather(
        {
            "vips": params["vips"],
            "keepalived_conf": params["keepalived_conf"],
            "state_dir": STATE_DIR,
            "maintenance_file": MAINTENANCE_FILE,
            "probe": params["probe"],
            "probe_interface": None,
            "probe_timeout": params["probe_timeout"],
            "candidates": params["candidates"],
        }
    )
    check = answer = certificate = deployed = None
    lost_rules = _lost_rules(params["preload_file"]) if params["preload_file"] else None
    if params["controller"]:
        check, answer, certificate = _check(params, now)
        readable = fact["keepalived"]["configuration"]["error"] is None
        deployed = check["program"] or any(vip["configured"] for vip in fact["vips"]) or (False if readable else None)
    return {
        "vip_fact": fact,
        "deployed": deployed,
        "check": check,
        "answer": answer,
        "certificate": certificate,
        "lost_rules": lost_rules,
        # Where the gateway has no rules, the site may have arranged it with firewalld.
        "firewalld": lost_rules is not None and _gateway_facts.firewalld(),
        "connections": _connections.status() if params["controller"] else None,
        "lock": _run_lock.read() if params["controller"] else None,
    }
