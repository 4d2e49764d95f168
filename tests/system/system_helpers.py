# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system tests share beside their fixtures."""

import re
import time

# The system's own bookkeeping, which changes with the day and with installed packages.
NOT_OURS = "-e /etc/ssh/ -e /etc/resolv.conf -e /etc/hosts -e /etc/mtab -e ld.so.cache -e /etc/alternatives -e '\\.pyc'"

# A standby controller flushes the packet filter and loads it again all the time: one look may fall between the two.
RULES = "for n in 1 2 3 4; do iptables-save | grep '^-A'; sleep 0.3; done | sort -u"


def wait_for(condition, limit=15.0):
    """Wait until the condition holds; an assertion error when it does not within `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {limit:g} s"
        time.sleep(0.2)


def files(cluster, host):
    """Everything under /etc and /usr/libexec with mode, owner and contents, and the packet filter over a second."""
    return cluster.sh(
        host,
        "for d in /etc /usr/libexec/keepalived /var/lib/eucalyptus-ha; do [ -d $d ] &&"
        " find $d -xdev -type f -printf '%p %m %u %g ' -exec sha256sum {} \\; ; done | sort"
        f" | grep -v {NOT_OURS};"
        f"{RULES}; systemctl is-enabled keepalived 2>/dev/null; ip -4 route",
        check=False,
    )


class Pings:
    """Pings from nc1 to the host beyond the gateway, 20 a second; how many got no answer, and the longest gap in seconds."""

    def __init__(self, cluster, target):
        self.cluster, self.target = cluster, target

    def __enter__(self):
        self.cluster.sh(
            "nc1",
            f"rm -f /tmp/pings; nohup ping -n -D -i 0.05 {self.target} > /tmp/pings 2>&1 & echo $! > /tmp/ping.pid",
        )
        time.sleep(0.5)
        return self

    def __exit__(self, *_exception):
        time.sleep(0.5)
        # ping sums up when it is interrupted, which takes it a moment.
        self.cluster.sh(
            "nc1",
            "kill -INT $(cat /tmp/ping.pid); for try in $(seq 50); do grep -q transmitted /tmp/pings && break; sleep 0.1; done",
        )
        output = self.cluster.sh("nc1", "cat /tmp/pings")
        times = [float(found) for found in re.findall(r"^\[([\d.]+)\].*bytes from", output, re.MULTILINE)]
        summary = re.search(r"(\d+) packets transmitted, (\d+) received", output)
        assert summary, output
        sent, received = map(int, summary.groups())
        assert received > 10, output
        # The ping that was under way when we stopped has no answer yet.
        self.lost = max(0, sent - received - 1)
        self.gap = max(b - a for a, b in zip(times, times[1:], strict=False))


def both_for(moves, holders):
    """The longest time for which two hosts held the address, given who held it at first."""
    held, longest, since = set(holders), 0.0, None
    for move in moves:
        (held.add if move.held else held.discard)(move.host)
        if len(held) > 1 and since is None:
            since = move.when
        elif len(held) < 2 and since is not None:
            longest, since = max(longest, move.when - since), None
    assert since is None, "two hosts hold the address for good"
    return longest
