# SPDX-License-Identifier: GPL-3.0-or-later
"""A small network of network namespaces on one bridge, for tests that need real addresses and real ARP."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import subprocess
import sys
import uuid

import pytest

NEEDS_ROOT = pytest.mark.skipif(
    os.geteuid() != 0 or sys.version_info < (3, 8), reason="network namespaces need root, and these tests Python 3.8"
)

REPOSITORY = os.path.abspath(os.path.join(os.path.dirname(__file__), *[os.pardir] * 4))
COLLECTIONS = os.path.join(REPOSITORY, ".cache", "collections")

_GATHER = """
from __future__ import print_function
import json, sys
sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
from ansible_collections.eucalyptus.ha.plugins.module_utils import _vip_facts
print(json.dumps(_vip_facts.gather(json.loads(sys.argv[2]))))
"""

DEFAULTS = {
    "vips": ["10.0.0.10"],
    "keepalived_conf": "/nonexistent/keepalived.conf",
    "state_dir": "/nonexistent/states",
    "maintenance_file": "/nonexistent/maintenance",
    "probe": False,
    "probe_interface": None,
    "probe_timeout": 0.3,
    "candidates": {},
}


def run(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, timeout=60).stdout


class Network:
    """Hosts (namespaces) with an eth0 each on a bridge of their own; gone without a trace after close()."""

    def __init__(self, *hosts):
        self.prefix = "vip{}-".format(uuid.uuid4().hex[:8])
        self.names = []
        self.bridge = self._namespace("bridge")
        run("ip", "-n", self.bridge, "link", "add", "br0", "type", "bridge")
        run("ip", "-n", self.bridge, "link", "set", "br0", "up")
        for host in hosts:
            name = self._namespace(host)
            self.cable(host, "eth0")
            run("ip", "-n", name, "link", "set", "lo", "up")

    def _namespace(self, host):
        name = self.prefix + host
        run("ip", "netns", "add", name)
        self.names.append(name)
        # No duplicate address detection, so that IPv6 addresses are usable at once.
        run("ip", "netns", "exec", name, "sysctl", "-qw", "net.ipv6.conf.default.accept_dad=0")
        return name

    def cable(self, host, interface):
        port = "p{}{}".format(len(self.names), uuid.uuid4().hex[:6])
        run("ip", "-n", self.prefix + host, "link", "add", interface, "type", "veth", "peer", "name", port,
            "netns", self.bridge)  # fmt: skip
        run("ip", "-n", self.bridge, "link", "set", port, "master", "br0", "up")
        run("ip", "-n", self.prefix + host, "link", "set", interface, "up")

    def ip(self, host, *arguments):
        return run("ip", "-n", self.prefix + host, *arguments)

    def mac(self, host, interface="eth0"):
        return json.loads(self.ip(host, "-j", "link", "show", interface))[0]["address"]

    def neighbours(self, host):
        """{address: (MAC address, states)}: the whole neighbour cache of a host."""
        entries = json.loads(self.ip(host, "-j", "neigh", "show") or "[]")
        return {one["dst"]: (one.get("lladdr", ""),) + tuple(one.get("state", [])) for one in entries if ":" not in one["dst"]}

    def gather(self, host, interpreter=sys.executable, collections=COLLECTIONS, **params):
        """What vip_facts finds on a host, run there by an interpreter of choice."""
        return json.loads(
            run("ip", "netns", "exec", self.prefix + host, interpreter, "-c", _GATHER, str(collections),
                json.dumps(dict(DEFAULTS, **params)))  # fmt: skip
        )

    def close(self):
        for name in self.names:
            subprocess.run(["ip", "netns", "del", name], check=False, capture_output=True)


def entry(facts, vip):
    return next(one for one in facts["vips"] if one["vip"] == vip)
