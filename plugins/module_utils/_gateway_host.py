# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Inspects this host for the deployment of a gateway. Private to the collection.

Puts together what module gateway_host_info returns. The two probes of the network that take their time, who answers for
the VIP and which VRRP routers send adverts, are probed at the same time.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import grp
import os
import pwd
import threading
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _addresses,
    _arp_probe,
    _as_user,
    _cc_alive,
    _client_keys,
    _connections,
    _deployed_check,
    _gateway_firewall,
    _keepalived_process,
    _keepalived_setup,
    _program_files,
    _safe_files,
    _vip_probe,
    _vrrp_listen,
)

# Role keepalived: a configuration was written and is not loaded yet.
PENDING_MARK = "/run/eucalyptus.ha.keepalived.pending"
LISTEN_LIMIT = 60  # seconds
# What the check imports at its start; a Python without them cannot run it.
PYTHON_PROGRAM = (
    "import sys, posix, time, _socket, hashlib; import xml.parsers.expat; "
    "sys.stdout.write('%d.%d.%d' % sys.version_info[:3])"
)


class _Aside(threading.Thread):
    """A function in a thread of its own; result() waits for it and gives its value or raises its exception."""

    def __init__(self, function, *arguments):
        threading.Thread.__init__(self)
        self.daemon = True
        self.function, self.arguments = function, arguments
        self.value = self.problem = None
        self.start()

    def run(self):
        try:
            self.value = self.function(*self.arguments)
        except Exception as e:
            self.problem = e

    def result(self):
        self.join()
        if self.problem is not None:
            raise self.problem
        return self.value


def look_at_user(name):
    """-> dict: name, exists, uid, gid (of the user's own group), group_mates (who else is in that)."""
    try:
        entry = _as_user.account(name)
    except _as_user.UserError:
        return {"name": name, "exists": False, "uid": None, "gid": None, "group_mates": []}
    mates = set(other.pw_name for other in pwd.getpwall() if other.pw_gid == entry.pw_gid)
    try:
        mates.update(grp.getgrgid(entry.pw_gid).gr_mem)
    except KeyError:
        pass
    mates = sorted(mates - set([entry.pw_name, "root"]))
    return {"name": name, "exists": True, "uid": entry.pw_uid, "gid": entry.pw_gid, "group_mates": mates}


def look_at_python(name, executable):
    """Whether the user can run the check's interpreter -> dict: path, works, version, message."""
    found = {"path": executable, "works": None, "version": None, "message": None}
    try:
        status, output, complaint = _as_user.run(name, [executable, "-E", "-s", "-S", "-c", PYTHON_PROGRAM])
    except _as_user.UserError as e:
        found["message"] = str(e)
        return found
    found["works"] = status == 0
    if found["works"]:
        found["version"] = output.decode("ascii", "replace")
    else:
        cause = complaint.decode("utf-8", "replace").strip().rpartition("\n")[2]
        found["message"] = cause or "exit status %d" % status
    return found


def look_at_preload(path):
    """Why root cannot read and write that file safely, or None."""
    try:
        _safe_files.write(path, _safe_files.Wanted(b"", 0o644), as_owner=True, dry=True)
    except _safe_files.FileError as e:
        return e.strerror
    return None


def differing_programs(programs):
    """The paths of those that are not as wanted; None if they cannot be compared."""
    try:
        return _program_files.ensure(programs["directories"], programs["files"], dry=True)
    except _safe_files.FileError:
        return None  # the task that installs them names the cause


def rules_differ(path, rules, comment):
    """Whether the rules of the packet filter are other ones; None if they cannot be compared."""
    try:
        return _gateway_firewall.ensure(path, rules, comment, dry=True)["changed"]
    except _gateway_firewall.FirewallError:
        return None  # the task that sets them names the cause


def run_check(name, executable, program, arguments):
    """A run of the check, whose text goes in by standard input -> the object that it printed with --json.

    One that printed no object is not definite, and its message has the cause.
    """
    try:
        argv = [executable, "-E", "-s", "-S", "-"] + list(arguments)
        _status, output, complaint = _as_user.run(name, argv, program.encode("utf-8"))
    except _as_user.UserError as e:
        output, complaint = b"", str(e).encode("utf-8")
    return _deployed_check.parse_answer(output.decode("utf-8", "replace"), complaint.decode("utf-8", "replace"))


def _who_answers(vip, gateway, links, addresses, probe_timeout):
    """The answer of _vip_probe for a VIP, and who of the members is silent."""
    members = {}
    for text in [gateway["address"]] + list(gateway["peers"]):
        try:
            if _addresses.pack(text)[0] == 4:
                members[text] = text
        except _addresses.AddressError:
            continue  # the settings' own trouble, which filter gateway_problems names
    here = any(link["name"] == gateway["interface"] for link in links.values())
    options = {
        "probe_timeout": probe_timeout,
        "candidates": members,
        "probe_interface": gateway["interface"] if here else None,
    }
    found = _vip_probe.probe([vip], links, addresses, options)
    silent = [one["name"] for one in found["candidates"] if not one["self"] and not one["macs"]]
    return dict(found["answers"][0], silent=silent)


def look_at_vip(gateway, links, addresses, setup, probe_timeout):
    """A gateway's VIP on this host and in its network -> dict: vip, instance, here, interface, configured, answers."""
    found = {
        "vip": gateway["vip"],
        "instance": gateway["instance"],
        "here": False,
        "interface": None,
        "configured": False,
        "answers": None,
    }
    try:
        vip = _addresses.parse_vip(gateway["vip"] or "")
    except _addresses.AddressError:
        return found
    mine = _addresses.matches(addresses, vip)
    found["here"] = bool(mine)
    found["interface"] = mine[0]["interface"] if mine else None
    found["configured"] = any(vip["vip"] in instance["vips"] for instance in setup["instances"])
    if probe_timeout > 0:
        try:
            found["answers"] = _who_answers(vip, gateway, links, addresses, probe_timeout)
        except _arp_probe.ProbeError as e:
            found["answers"] = {"error": str(e)}
    return found


def look_at_outside_vip(gateway, links, addresses, setup, probe_timeout):
    """The outside VIP, as that of a gateway, as look_at_vip() has a VIP, and conntrackd."""
    found = look_at_vip(gateway, links, addresses, setup, probe_timeout)
    loaded = found["configured"] and setup["running"] and not os.path.exists(PENDING_MARK)
    return dict(found, loaded=loaded, **_connections.look())


def _speaks_already(gateway, setup):
    """Whether keepalived runs here with that VRID already: then others with it would have been trouble long ago."""
    return setup["running"] and any(
        instance["virtual_router_id"] == gateway["virtual_router_id"] and instance["interface"] == gateway["interface"]
        for instance in setup["instances"]
    )


def _listen(interface, seconds):
    return [dict(advert, interface=interface) for advert in _vrrp_listen.listen(interface, seconds)]


def look(params):
    """The module's parameters -> what it returns. Raises AddressError when the kernel does not list its addresses."""
    setup = _keepalived_setup.read(params["keepalived_conf"], params["check_path"], params["auth_pass_sha256"])
    setup["running"] = _keepalived_process.find()["pid"] is not None
    links = _addresses.links()
    addresses = _addresses.local_addresses(links)
    # Before the threads: a process with threads should not fork.
    result = {
        "time": int(time.time()),
        "user": look_at_user(params["user"]),
        "python": look_at_python(params["user"], params["python"]),
        "keepalived": setup,
        "openssl": _client_keys.find_openssl(),
        "client_keys": _client_keys.look(params) if params["client_key"] and params["client_cert"] else None,
        "preload_error": look_at_preload(params["preload_file"]) if params["preload_file"] else None,
        "check_answers": [
            run_check(params["user"], params["python"], params["check_program"], arguments)
            for arguments in params["check_runs"]
        ],
        "programs_differ": differing_programs(params["programs"]) if params.get("programs") else None,
        "rules_differ": None,
        "adverts": None,
        "listen_error": None,
    }
    if params.get("rules") is not None and params["preload_file"]:
        result["rules_differ"] = rules_differ(params["preload_file"], params["rules"], params["comment"])
    silent = [gateway for gateway in params["gateways"] if not _speaks_already(gateway, setup)]
    interfaces = sorted(set(gateway["interface"] for gateway in silent)) if params["listen_time"] > 0 else []
    listening = [_Aside(_listen, interface, params["listen_time"]) for interface in interfaces]
    probing = [
        _Aside(look_at_vip, gateway, links, addresses, setup, params["probe_timeout"]) for gateway in params["gateways"]
    ]
    outside = None
    if params.get("outside_vip"):
        # The pair's addresses in the outside network are not known. A Linux host answers there for its other ones, too, unless
        # arp_ignore is set.
        wanted = dict(params["gateways"][0], instance="", vip=params["outside_vip"], interface=params["outside_interface"])
        outside = _Aside(look_at_outside_vip, wanted, links, addresses, setup, params["probe_timeout"])
    result["cc"] = _cc_alive.ask(params["cc_host"], params["cc_port"])
    result["vips"] = [one.result() for one in probing]
    result["connections"] = outside.result() if outside else None
    for one in listening:
        try:
            result["adverts"] = (result["adverts"] or []) + one.result()
        except _vrrp_listen.ListenError as e:
            result["listen_error"] = str(e)
    return result
