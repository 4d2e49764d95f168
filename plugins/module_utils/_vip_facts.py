# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What module vip_facts returns, put together from its sources. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _addresses,
    _keepalived_conf,
    _keepalived_process,
    _keepalived_state,
    _safe_files,
    _vip_probe,
)

# A notify script starts a moment after the daemon; /proc counts its start in hundredths and the boot time in seconds.
START_TOLERANCE = 2.0


class VipFactsError(Exception):
    """An option makes no sense, or cannot be satisfied here. The message names the fix."""


def iso8601(epoch):
    """Epoch seconds -> '2026-11-22T14:40:05Z' (UTC), or None for None."""
    if epoch is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def parse_vips(texts):
    """The option vips -> list of dicts of _addresses.parse_vip, each address once. Empty texts count as not given."""
    parsed, seen = [], set()
    for text in texts or []:
        if not text.strip():
            continue
        problem = None
        try:
            vip = _addresses.parse_vip(text)
        except _addresses.AddressError as e:
            problem = e
        if problem is not None:
            raise VipFactsError("vips: %s. Give addresses such as 10.0.0.10 or fd00::10." % problem)
        # The prefix plays no role; on another interface it may be another address.
        if (vip["packed"], vip["interface"]) not in seen:
            seen.add((vip["packed"], vip["interface"]))
            parsed.append(vip)
    return parsed


def _maintenance(path):
    """-> (in maintenance: bool, or None if that cannot be known; first line of the file or None; problem or None)."""
    try:
        os.stat(path)
    except (IOError, OSError) as e:
        if e.errno in (errno.ENOENT, errno.ENOTDIR):
            return False, None, None
        return None, None, "%s: cannot determine whether it exists: %s" % (path, e.strerror)
    try:
        found = _safe_files.read(path, 4096)
    except _safe_files.FileError:
        found = None
    reason = found.content.decode("utf-8", "replace").partition("\n")[0][:1000].strip() if found else ""
    return True, reason or None, None


def _is_current(state, process):
    """Whether the keepalived that runs now recorded this state."""
    if process["pid"] is None:
        return False
    if state["pid"] is not None:
        return _keepalived_process.belongs_to(state["pid"], process["pid"])
    if state["since"] is None or process["since"] is None:
        return True
    return state["since"] >= process["since"] - START_TOLERANCE


def _instances(configured, states, process):
    """Join the VRRP instances of the configuration with the state files."""
    merged = []
    recorded = dict((state["instance"], state) for state in states if state["instance"] is not None)
    for instance in configured:
        merged.append((instance, recorded.pop(instance["name"], None)))
    for name in sorted(recorded):
        merged.append((None, recorded[name]))
    result = []
    for instance, state in merged:
        current = state is not None and _is_current(state, process)
        result.append(
            {
                "name": instance["name"] if instance else state["instance"],
                "configured": instance is not None,
                "interface": instance["interface"] if instance else None,
                "virtual_router_id": instance["virtual_router_id"] if instance else None,
                "base_priority": instance["base_priority"] if instance else None,
                "vips": [vip["vip"] for vip in instance["vips"]] if instance else [],
                "recorded": state is not None,
                "current": current,
                "state": state["state"] if current else None,
                "last_state": state["state"] if state else None,
                "priority": state["priority"] if current else None,
                "since": iso8601(state["since"]) if state else None,
                "since_epoch": state["since"] if state else None,
                "previous": state["previous"] if state else None,
                "reason": state["reason"] if state else None,
            }
        )
    return result


def _vip_fact(vip, addresses, links, instances, configured):
    """One entry of the list of VIPs."""
    found = _addresses.matches(addresses, vip)
    if vip["interface"] and vip.get("given"):  # given as ADDRESS%INTERFACE: elsewhere it is another address
        found = [one for one in found if one["interface"] == vip["interface"]]
    best = found[0] if found else None
    usable = [one for one in found if one["state"] == "usable"]
    owners = [
        (instance["name"], other)
        for instance in configured
        for other in instance["vips"]
        if other["packed"] == vip["packed"]
    ]
    owner = next((one for one in instances if owners and one["name"] == owners[0][0]), None)
    since = best["since"] if best else None
    if best is None and owner is not None and owner["state"] not in (None, "MASTER"):
        since = owner["since_epoch"]
    return {
        "vip": vip["vip"],
        "family": vip["family"],
        "held": bool(usable),
        "state": "held" if usable else (best["state"] if best else "absent"),
        "interface": best["interface"] if best else None,
        "prefix": best["prefix"] if best else None,
        "carrier": links[best["index"]]["carrier"] if best and best["index"] in links else None,
        "interfaces": [one["interface"] for one in usable],
        "since": iso8601(since),
        "since_epoch": round(since, 2) if since is not None else None,
        "configured": bool(owners),
        "configured_interface": owners[0][1]["interface"] if owners else None,
        "configured_prefix": owners[0][1]["prefix"] if owners else None,
        "instance": owners[0][0] if owners else None,
    }


def _configuration(path, configuration):
    error = configuration["error"]
    missing = error is not None and error.errno in (errno.ENOENT, errno.ENOTDIR)
    text = None
    if error is not None and not missing:
        text = "%s." % error.strerror
    return {
        "path": path,
        "exists": None if text else not missing,
        "readable": error is None,
        "error": text,
        "files": configuration["files"] if error is None else [],
    }


def gather(params):
    """The module's parameters -> the value of C(ansible_facts['eucalyptus_vip']).

    Raises VipFactsError, AddressError and ProbeError.
    """
    now = time.time()
    vips = parse_vips(params["vips"])
    for vip in vips:
        vip["given"] = True

    configuration = _keepalived_conf.read(params["keepalived_conf"])
    configured = configuration["instances"]
    states, problems = _keepalived_state.read_directory(params["state_dir"], now)
    problems = configuration["problems"] + problems
    process = _keepalived_process.find()
    instances = _instances(configured, states, process)
    maintenance, maintenance_reason, problem = _maintenance(params["maintenance_file"])
    if problem:
        problems.append(problem)

    described = _configuration(params["keepalived_conf"], configuration)
    if described["error"]:
        problems.append(described["error"])
    if not vips:
        seen = set()
        for instance in configured:
            for vip in instance["vips"]:
                if vip["packed"] not in seen:
                    seen.add(vip["packed"])
                    vips.append(vip)

    links = _addresses.links()
    addresses = _addresses.local_addresses(links)
    program = _keepalived_process.executable()
    return {
        "vips": [_vip_fact(vip, addresses, links, instances, configured) for vip in vips],
        "keepalived": {
            "installed": program is not None,
            "executable": program,
            "version": _keepalived_process.version(program) if program else None,
            "running": process["pid"] is not None,
            "pid": process["pid"],
            "since": iso8601(process["since"]),
            "configuration": described,
            "instances": instances,
            "not_running": [one["name"] for one in instances if one["configured"] and process["pid"] is None],
        },
        "maintenance": maintenance,
        "maintenance_reason": maintenance_reason,
        "problems": problems,
        "probe": _vip_probe.probe(vips, links, addresses, params) if params["probe"] else None,
    }
