# SPDX-License-Identifier: GPL-3.0-or-later
"""Connections through the gateway that are watched: what becomes of downloads and of idle connections.

Server and client are processes of this machine in the network namespaces of `outside` and nc1, so that nothing runs on the hosts.

    with Load(cluster, downloads=20, idle=20) as load:
        … flips and the like …
    load.results        # one for each connection: kind, alive, stalls
"""

from __future__ import annotations

import json
import re
import selectors
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ != "__main__":
    from lab import LabError, podman
    from watch import pid_of, wait_until

PORT = 8081
CHUNK = b"x" * 4096
EVERY = 0.02  # seconds between two chunks of a download: 200 kB/s
NOTABLE = 0.05  # seconds; a shorter silence of a download is no stall
LAST_WORD = 6.0  # seconds that a connection has at the end to show that it lives
CONTROLLERS = ("cc1", "cc2")
CONFIG = "/etc/eucalyptus-ha/conntrackd.conf"
LIBERAL = "net.netfilter.nf_conntrack_tcp_be_liberal"


# --- the two processes ---


def serve() -> None:
    """Send to who has sent "d" a chunk every 20 ms, and echo anything else."""
    chooser = selectors.DefaultSelector()
    listener = socket.create_server(("", PORT), backlog=500)
    listener.setblocking(False)
    chooser.register(listener, selectors.EVENT_READ)
    downloads: set[socket.socket] = set()
    print("ready", flush=True)
    due = time.monotonic()

    def drop(connection: socket.socket) -> None:
        downloads.discard(connection)
        chooser.unregister(connection)
        connection.close()

    while True:
        for key, _events in chooser.select(max(0.0, due - time.monotonic())):
            if key.fileobj is listener:
                connection = listener.accept()[0]
                connection.setblocking(False)
                chooser.register(connection, selectors.EVENT_READ)
                continue
            connection = key.fileobj  # type: ignore[assignment]
            try:
                data = connection.recv(100)
                if data == b"d":
                    downloads.add(connection)
                elif data:
                    connection.send(data)
                else:
                    drop(connection)
            except OSError:
                drop(connection)
        if time.monotonic() >= due:
            due += EVERY
            for connection in list(downloads):
                try:
                    connection.send(CHUNK)
                except BlockingIOError:
                    pass
                except OSError:
                    drop(connection)


class _Watched:
    """A connection of the client."""

    def __init__(self, kind: str, address: str) -> None:
        self.kind = kind
        self.socket = socket.create_connection((address, PORT), timeout=5)
        self.socket.sendall(b"d" if kind == "download" else b"i")
        self.socket.setblocking(False)
        self.last, self.error, self.received = time.time(), "", 0
        self.stalls: list[tuple[float, float]] = []
        self.answered = False

    def read(self) -> None:
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionError("closed by the other end")
        now = time.time()
        if self.kind == "download" and self.received and now - self.last > NOTABLE:
            self.stalls.append((self.last, now - self.last))
        self.last, self.received, self.answered = now, self.received + len(data), True


def load(address: str, downloads: int, idle: int) -> None:
    """Open connections, watch them until standard input says "end", and print what became of them."""
    chooser = selectors.DefaultSelector()
    watched = [_Watched("download", address) for _number in range(downloads)] + [_Watched("idle", address) for _number in range(idle)]
    for one in watched:
        chooser.register(one.socket, selectors.EVENT_READ, one)
    chooser.register(sys.stdin, selectors.EVENT_READ)
    begun, ended, said = time.time(), 0.0, False
    while not ended or time.time() < ended + LAST_WORD:
        if not said and time.time() > begun + 0.5:
            # The first answer of each is there by now.
            said = True
            print(json.dumps({"open": sum(one.answered for one in watched)}), flush=True)
        for key, _events in chooser.select(0.1):
            one = key.data
            if one is None:
                chooser.unregister(sys.stdin)
                ended = time.time()
                for other in watched:
                    other.answered = False
                    if other.kind == "idle" and not other.error:
                        try:
                            other.socket.send(b"i")
                        except OSError as error:
                            other.error = str(error)
                continue
            try:
                one.read()
            except OSError as error:
                one.error = str(error)
                chooser.unregister(one.socket)
        if ended and all(one.answered or one.error for one in watched):
            break
    for one in watched:
        print(json.dumps({"kind": one.kind, "alive": one.answered and not one.error, "error": one.error, "stalls": one.stalls}))


# --- their use ---


@dataclass(frozen=True)
class Result:
    """What became of a connection."""

    kind: str
    alive: bool
    error: str
    stalls: list[tuple[float, float]]  # when it began, seconds

    def longest(self, since: float, until: float) -> float:
        """The longest stall that began in that time."""
        return max((seconds for when, seconds in self.stalls if since <= when < until), default=0.0)


class Load:
    """Connections of nc1 to the host outside, for as long as the block takes."""

    def __init__(self, cluster: Any, downloads: int, idle: int) -> None:
        self.cluster, self.counts = cluster, (downloads, idle)
        self.results: list[Result] = []

    def _start(self, host: str, *words: object) -> subprocess.Popen[str]:
        enter = ["nsenter", "--target", str(pid_of(self.cluster.lab, host)), "--net", sys.executable, str(Path(__file__).resolve())]
        return subprocess.Popen([*enter, *map(str, words)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def __enter__(self) -> Load:
        self.server = self._start("outside", "serve")
        assert self.server.stdout is not None
        self.server.stdout.readline()
        self.client = self._start("nc1", "load", self.cluster.address["outside"], *self.counts)
        assert self.client.stdout is not None
        line = self.client.stdout.readline()
        if not line or json.loads(line) != {"open": sum(self.counts)}:
            self._stop()
            raise LabError(f"the connections could not be opened: {line or 'the client ended'}")
        return self

    def __exit__(self, *exception: object) -> None:
        if exception[0] is None:
            output = self.client.communicate("end\n", timeout=LAST_WORD + 10)[0]
            self.results = [
                Result(one["kind"], one["alive"], one["error"], [tuple(stall) for stall in one["stalls"]])
                for one in map(json.loads, output.splitlines())
            ]
        self._stop()

    def _stop(self) -> None:
        for process in (self.client, self.server):
            process.kill()
            process.communicate()

    def alive(self, kind: str) -> int:
        """How many of the connections of a kind have survived."""
        return sum(one.alive for one in self.results if one.kind == kind)

    def stall(self, since: float, until: float) -> float:
        """The longest stall of a surviving download that began in that time."""
        return max((one.longest(since, until) for one in self.results if one.alive), default=0.0)


class Pair:
    """A deployed pair, and what is done to it. The host with the VIP is the one whose controller is ENABLED."""

    def __init__(self, cluster: Any) -> None:
        self.cluster = cluster
        self.holder, self.standby = CONTROLLERS
        self.outside_vip = f"{cluster.address['outside'].rpartition('.')[0]}.9"
        self.option = ("-e", f"cc_gateway_outside_vip={self.outside_vip}")

    def find(self) -> None:
        """Learn which host holds the VIP, after others have had the lab."""
        wait_until(lambda: len(self.cluster.holders()) == 1, 20, "one host holds the VIP")
        if self.cluster.holders() != [self.holder]:
            self._swap()

    def has(self, host: str, address: str) -> bool:
        return bool(self.cluster.status(host, f"ip -o -4 address show | grep -qF ' inet {address}/'") == 0)

    def holders(self) -> tuple[list[str], list[str]]:
        """The hosts that have the VIP, and those that have the outside VIP."""
        return self.cluster.holders(), [host for host in CONTROLLERS if self.has(host, self.outside_vip)]

    def _swap(self) -> None:
        self.holder, self.standby = self.standby, self.holder

    def flip(self) -> float:
        """The cloud makes the other controller the ENABLED one; waits for the VIP. The moment from which that was to be seen."""
        since: float = min(self.cluster.flip(self.holder, self.standby).values())
        self._swap()
        wait_until(lambda: self.cluster.holders() == [self.holder], 20, f"{self.holder} holds the VIP")
        return since

    def power_off(self) -> float:
        """The holder is gone at once; the other's controller is enabled when that has the VIP."""
        lost = self.holder
        self.cluster.sh(lost, "sed -i 's/--state [A-Z]*/--state DISABLED/' /etc/default/cc-simulator; sync")
        # A container's kernel is that of this machine, which would forward for as long as the network of the dead container is there.
        enter = ["nsenter", "--target", str(pid_of(self.cluster.lab, lost)), "--net", "ip", "-batch", "-"]
        since = time.time()
        subprocess.run(enter, input="link set eth0 down\nlink set eth1 down\n", text=True, check=True)
        podman("kill", "--signal", "KILL", self.cluster.lab.container(lost))
        self._swap()
        wait_until(lambda: self.has(self.holder, self.cluster.vip), 20, f"{self.holder} holds the VIP")
        self.cluster.control(self.holder, "set-state", "ENABLED")
        return since

    def power_on(self) -> float:
        """The host that was lost comes back as the standby."""
        since = time.time()
        podman("start", self.cluster.lab.container(self.standby))
        like_a_real_host(self.cluster, self.standby)
        started = "systemctl is-active -q keepalived && test -S /run/cc-simulator/control"
        wait_until(lambda: bool(self.cluster.status(self.standby, started) == 0), 60, f"{self.standby}: {started}")
        return since

    @contextmanager
    def without_outside(self, host: str) -> Iterator[None]:
        """The host's link to the outside is down. The default route, which goes with it, is restored as by a host's network service."""
        enter = ["nsenter", "--target", str(pid_of(self.cluster.lab, host)), "--net", "ip"]
        route = self.cluster.sh(host, "ip -4 route show default").split()
        subprocess.run([*enter, "link", "set", "eth1", "down"], check=True)
        try:
            yield
        finally:
            subprocess.run([*enter, "link", "set", "eth1", "up"], check=True)
            subprocess.run([*enter, "route", "replace", *route], check=True)

    def statistic(self, host: str, words: str) -> int | None:
        """A number of `conntrackd -s`: the first word of the line with these words; None where it does not answer."""
        done = self.cluster.sh(host, f"conntrackd -C {CONFIG} -s 2>/dev/null", check=False)
        found = re.search(rf"([0-9]+) {re.escape(words)}", done)
        return int(found[1]) if found else None

    def synchronised(self, host: str) -> bool:
        """Whether the host's conntrackd receives something within 1.5 s."""
        before = self.statistic(host, "Bytes recv")
        deadline = time.monotonic() + 1.5
        while before is not None and time.monotonic() < deadline:
            if self.statistic(host, "Bytes recv") not in (None, before):
                return True
        return False


def like_a_real_host(cluster: Any, host: str, value: str = "1") -> None:
    """What the unit of conntrackd does on a host, but cannot in a container, whose /proc/sys is read-only."""
    enter = ["nsenter", "--target", str(pid_of(cluster.lab, host)), "--net"]
    subprocess.run([*enter, "sysctl", "-q", "-w", f"{LIBERAL}={value}"], check=True)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve()
    else:
        load(sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
