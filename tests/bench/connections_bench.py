# SPDX-License-Identifier: GPL-3.0-or-later
"""What becomes of connections through the gateway at flips and power-offs, with cc_gateway_outside_vip and without.

    .venv/bin/python tests/bench/connections_bench.py [--flips 10] [--power-offs 5] [--settings with,without] [--lab NAME] [--keep]

Makes a lab of its own (or takes --lab, which must be up). For each event nc1 opens 20 downloads of 200 kB/s and 20 idle connections to
the host outside; 3 s later the event happens, 6 s after it each connection has to transfer data. Then 20 downloads run for 60 s
through as many flips. With the option also: the CPU that conntrackd takes at new connections, its memory at 50,000 entries, and how long
a host that was rebooted takes until it has them.

Writes build/bench/connections.json and .md; --keep copies them to docs/bench/. --earlier JSON takes what is not measured now from an
earlier run. With --strict a figure of the issue that is missed is exit status 1. Numbers from a busy machine are worth nothing: the load
at the beginning is written down with them.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in (".cache/collections", "tests", "tests/lab", "tests/faults")]

from cluster import Cluster  # noqa: E402 - found by the line above
from connections import CONTROLLERS, Load, Pair, like_a_real_host  # noqa: E402 - as above
from lab import Lab, LabError  # noqa: E402 - as above
from table import machine  # noqa: E402 - as above
from watch import pid_of, wait_until  # noqa: E402 - as above

COUNT = 20
BEFORE, AFTER = 3.0, 6.0
THROUGH = 60.0
ENTRIES = 50_000
PER_SECOND = 2_000
SECONDS = 10
SETTINGS = ("with", "without")
EVENTS = {"flip": "flip", "power_off": "power-off of the holder", "through": "60-s downloads through flips"}
# Share of survivors and longest stall, in seconds.
FIGURES = {"flip": (0.99, 0.2), "power_off": (0.95, 0.8), "through": (0.99, 0.2)}


# --- events ---


def synchronised(pair: Pair) -> None:
    wait_until(lambda: all(pair.synchronised(host) for host in CONTROLLERS), 60, "conntrackd of both hosts receives from the other")


def survivors(load: Load) -> dict[str, Any]:
    return {"downloads": load.alive("download"), "idle": load.alive("idle"), "of": COUNT}


def one(pair: Pair, name: str) -> dict[str, Any]:
    """An event under new connections."""
    with Load(pair.cluster, COUNT, COUNT) as load:
        time.sleep(BEFORE + random.uniform(0, 1))  # noqa: S311 - not for secrets: a moment that no timer knows
        since = pair.flip() if name == "flip" else pair.power_off()
        time.sleep(AFTER)
    found = {"event": name, **survivors(load), "stall": load.stall(since, since + AFTER)}
    if name == "power_off":
        pair.power_on()
    return found


def through(pair: Pair, flips: int) -> dict[str, Any]:
    """Downloads for a minute, with a flip every few seconds."""
    with Load(pair.cluster, COUNT, COUNT) as load:
        until, stalls = time.time() + THROUGH, []
        for _number in range(flips):
            stalls.append(pair.flip())
            time.sleep(max(0.0, THROUGH / flips - 1.5))
        time.sleep(max(0.0, until - time.time()))
    longest = max((load.stall(since, since + 3) for since in stalls), default=0.0)
    return {"event": "through", **survivors(load), "stall": longest, "flips": flips}


def measure(pair: Pair, setting: str, counts: dict[str, int]) -> list[dict[str, Any]]:
    done = pair.cluster.play("gateway", *(pair.option if setting == "with" else ()))
    if done.status:
        raise LabError(done.output[-3000:])
    for host in CONTROLLERS:
        like_a_real_host(pair.cluster, host)
    found = []
    for name in ("flip", "power_off"):
        for number in range(counts[name]):
            if setting == "with":
                synchronised(pair)
            found.append({"setting": setting, **one(pair, name)})
            print(f"{setting}, {name} {number + 1}/{counts[name]}: {found[-1]}", file=sys.stderr, flush=True)
    if counts["flip"]:
        found.append({"setting": setting, **through(pair, counts["flip"])})
        print(f"{setting}, through: {found[-1]}", file=sys.stderr, flush=True)
    return found


# --- the cost ---

# Opens connections to a port, so many a second, and closes each at once. Arguments: address, port, number a second, seconds.
OPEN = """
import socket, sys, time
address, port, rate, seconds = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), float(sys.argv[4])
begun, done = time.monotonic(), 0
while time.monotonic() < begun + seconds:
    due = int((time.monotonic() - begun) * rate)
    while done < due:
        connection = socket.socket()
        # No TIME_WAIT here: ports would run out.
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\\1\\0\\0\\0\\0\\0\\0\\0")
        connection.connect((address, port))
        connection.close()
        done += 1
    time.sleep(0.002)
print(done)
"""
ACCEPT = """
import socket
listener = socket.create_server(("", 8082), backlog=4000)
print("ready", flush=True)
while True:
    listener.accept()[0].close()
"""
# Sends a datagram from each of many ports to two ports outside, which answer, and once more.
# Arguments: address, number.
DATAGRAMS = """
import socket, sys
address, number = sys.argv[1], int(sys.argv[2])
done = 0
for port in range(10000, 10000 + (number + 1) // 2):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as one:
        one.bind(("", port))
        one.settimeout(0.5)
        for target in (8083, 8084):
            for _time in range(2):
                one.sendto(b"x", (address, target))
                try:
                    one.recv(10)
                except TimeoutError:
                    pass
            done += 1
print(done)
"""
ECHO = """
import selectors, socket
chooser = selectors.DefaultSelector()
for port in (8083, 8084):
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4194304)
    one.bind(("", port))
    chooser.register(one, selectors.EVENT_READ)
print("ready", flush=True)
while True:
    for key, _events in chooser.select():
        data, sender = key.fileobj.recvfrom(10)
        key.fileobj.sendto(data, sender)
"""


def inside(pair: Pair, host: str, program: str, *words: object) -> subprocess.Popen[str]:
    enter = ["nsenter", "--target", str(pid_of(pair.cluster.lab, host)), "--net", sys.executable, "-c", program]
    return subprocess.Popen([*enter, *map(str, words)], stdout=subprocess.PIPE, text=True)


@contextmanager
def serving(pair: Pair, program: str) -> Iterator[None]:
    """A server on the host outside, which prints a line when it is ready."""
    server = inside(pair, "outside", program)
    try:
        assert server.stdout is not None
        server.stdout.readline()
        yield
    finally:
        server.kill()
        server.communicate()


def daemon(pair: Pair, host: str) -> int:
    """The number of the host's conntrackd, as this machine counts processes."""
    space = os.readlink(f"/proc/{pid_of(pair.cluster.lab, host)}/ns/pid")
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            if os.readlink(entry / "ns/pid") == space and (entry / "comm").read_text(encoding="ascii") == "conntrackd\n":
                return int(entry.name)
        except OSError:
            continue
    raise LabError(f"conntrackd does not run on {host}")


def cpu(number: int) -> float:
    """Seconds of CPU that a process has taken."""
    words = Path(f"/proc/{number}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(words[11]) + int(words[12])) / os.sysconf("SC_CLK_TCK")


def memory(number: int) -> float:
    """MB that a process has in memory."""
    found = re.search(r"^VmRSS:\s+([0-9]+) kB", Path(f"/proc/{number}/status").read_text(encoding="ascii"), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0


def entries(pair: Pair, host: str) -> int:
    return int(pair.cluster.sh(host, "cat /proc/sys/net/netfilter/nf_conntrack_count"))


def new_connections(pair: Pair) -> dict[str, Any]:
    numbers = {host: daemon(pair, host) for host in CONTROLLERS}
    before = {host: cpu(number) for host, number in numbers.items()}
    with serving(pair, ACCEPT):
        client = inside(pair, "nc1", OPEN, pair.cluster.address["outside"], 8082, PER_SECOND, SECONDS)
        output = client.communicate(timeout=SECONDS + 60)[0]
    # Their entries end 10 s after the connections.
    time.sleep(15)
    spent = {host: cpu(number) - before[host] for host, number in numbers.items()}
    shares = {"holder": spent[pair.holder] / SECONDS, "standby": spent[pair.standby] / SECONDS}
    return {"opened": int(output), "seconds": SECONDS, **shares}


def many_entries(pair: Pair) -> dict[str, Any]:
    """Memory with many entries, and how long a host that comes back takes until it has them."""
    for host in CONTROLLERS:
        # Entries of single datagrams end after 30 s, which is less than this takes.
        setting = ["sysctl", "-q", "-w", "net.netfilter.nf_conntrack_udp_timeout=600"]
        subprocess.run(["nsenter", "--target", str(pid_of(pair.cluster.lab, host)), "--net", *setting], check=True)
    with serving(pair, ECHO):
        inside(pair, "nc1", DATAGRAMS, pair.cluster.address["outside"], ENTRIES).communicate(timeout=120)
    found: dict[str, Any] = {"entries": entries(pair, pair.holder)}
    if found["entries"] < ENTRIES:
        raise LabError(f"there are {found['entries']} entries, not {ENTRIES}")
    wait_until(lambda: entries(pair, pair.standby) >= ENTRIES, 30, "the standby has the entries")
    found |= {"holder": memory(daemon(pair, pair.holder)), "standby": memory(daemon(pair, pair.standby))}
    lab, host = pair.cluster.lab, pair.standby
    subprocess.run(["podman", "kill", "--signal", "KILL", lab.container(host)], check=True, capture_output=True)
    since = pair.power_on()
    wait_until(lambda: entries(pair, host) >= ENTRIES, 60, f"{host} has the entries again")
    found["back"] = time.time() - since
    shown = pair.cluster.sh(host, "systemctl show -p InactiveExitTimestampMonotonic -p ActiveEnterTimestampMonotonic conntrackd")
    moments = dict(re.findall(r"(\w+)=([0-9]+)", shown))
    found["start"] = (int(moments["ActiveEnterTimestampMonotonic"]) - int(moments["InactiveExitTimestampMonotonic"])) / 1e6
    return found


# --- the page ---

EXPLAINED = """\
*With* is `cc_gateway_outside_vip`, *without* the default, where each host masquerades with its own address. For each event nc1 opens 20
downloads of 200 kB/s and 20 idle connections to a host beyond the gateway; 6 s after the event each has to transfer data. *Stall* is
the longest silence of a download that survived. [Connections survive a failover](../connections.md) has the setup and its limitations.
"""


def problems(name: str, rows: list[dict[str, Any]]) -> list[str]:
    share, stall = FIGURES[name]
    found = []
    for kind in ("downloads", "idle"):
        alive = sum(row[kind] for row in rows) / sum(row["of"] for row in rows)
        if alive < share:
            found.append(f"{kind} {alive:.1%}, not {share:.0%}")
    longest = max(row["stall"] for row in rows)
    return found + ([f"stall {longest:.2f} s, not {stall:g} s"] if longest > stall else [])


def table(rows: list[dict[str, Any]]) -> list[str]:
    lines = ["| setting | event | times | downloads that survived | idle ones | longest stall, s | to reach |", "|---" * 7 + "|"]
    for setting in SETTINGS:
        for name, words in EVENTS.items():
            own = [row for row in rows if row["setting"] == setting and row["event"] == name]
            if own:
                total = sum(row["of"] for row in own)
                times = own[0]["flips"] if name == "through" else len(own)
                alive = [f"{sum(row[kind] for row in own)} of {total}" for kind in ("downloads", "idle")]
                stall = f"{max(row['stall'] for row in own):.2f}" if sum(row["downloads"] for row in own) else "none survived"
                missed = problems(name, own)
                verdict = "baseline" if setting == "without" else "reached" if not missed else "missed: " + "; ".join(missed)
                lines.append(f"| {setting} | {words} | {times} | {alive[0]} | {alive[1]} | {stall} | {verdict} |")
    return lines


def page(found: dict[str, Any]) -> str:
    about = found["about"]
    lines = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "<!-- Written by tests/bench/connections_bench.py (make bench-connections); do not edit. -->",
        "# Measured: connections across a failover",
        "",
        EXPLAINED,
        *table(found["events"]),
        "",
    ]
    if found.get("new"):
        new, many = found["new"], found["many"]
        lines += [
            "## What it costs",
            "",
            f"- CPU of conntrackd at {new['opened'] / new['seconds']:,.0f} new connections a second for {new['seconds']} s, their end "
            f"included: {new['holder']:.0%} of a core on the holder, {new['standby']:.0%} on the standby.",
            f"- Memory of conntrackd at {many['entries']:,} entries: {many['holder']:.0f} MB on the holder, {many['standby']:.0f} MB "
            "on the standby.",
            f"- A standby that lost its power has the entries {many['back']:.1f} s after it was started, all of the start included. "
            f"conntrackd waits for them {many['start']:.1f} s; keepalived starts after it.",
            "",
        ]
    made = f"*Written by `make bench-connections` on {about['when']}: {about['machine']}, load {about['load']}. Do not edit.*"
    return "\n".join([*lines, made, ""])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=10)
    parser.add_argument("--power-offs", type=int, default=5)
    parser.add_argument("--settings", default=",".join(SETTINGS))
    parser.add_argument("--no-cost", action="store_true", help="leave CPU, memory and the time to come back out")
    parser.add_argument("--lab", help="a lab that is up, with the gateway and its routes; it is left as it is")
    parser.add_argument("--keep", action="store_true", help="copy the results to docs/bench/")
    parser.add_argument("--earlier", metavar="JSON", type=Path, help="the results of an earlier run, to be completed")
    parser.add_argument("--strict", action="store_true", help="a missed figure is exit status 1")
    options = parser.parse_args()
    names = options.settings.split(",")
    if set(names) - set(SETTINGS):
        parser.error(f"--settings: there are {', '.join(SETTINGS)}")
    counts = {"flip": options.flips, "power_off": options.power_offs}
    found: dict[str, Any] = {"about": machine(), "events": []}
    if options.earlier:
        found = {**json.loads(options.earlier.read_text(encoding="utf-8")), "about": found["about"]}
        again = {(name, event) for name in names for event in ("flip", "power_off", "through") if counts.get(event, counts["flip"])}
        found["events"] = [row for row in found["events"] if (row["setting"], row["event"]) not in again]
    lab = Lab(options.lab or "benchconn")
    try:
        if not options.lab:
            lab.down()
            lab.up(os.environ.get("LAB_RELEASE", "bookworm"))
        pair = Pair(Cluster(lab))
        if not options.lab:
            for playbook in ("gateway", "nc_route"):
                done = pair.cluster.play(playbook)
                if done.status:
                    raise LabError(done.output[-3000:])
        pair.find()
        for name in sorted(names):
            found["events"] += measure(pair, name, counts)
            if name == "with" and not options.no_cost:
                synchronised(pair)
                found["new"] = new_connections(pair)
                found["many"] = many_entries(pair)
                print(found["new"], found["many"], file=sys.stderr, flush=True)
    except LabError as error:
        print(f"connections_bench: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.lab:
            lab.down()
    stem = ROOT / "build/bench/connections"
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(page(found), encoding="utf-8")
    if options.keep:
        kept = ROOT / "docs/bench"
        kept.mkdir(parents=True, exist_ok=True)
        for ending in (".json", ".md"):
            shutil.copy(stem.with_suffix(ending), kept)
    print(page(found))
    missed = [
        text for name in FIGURES if (own := [row for row in found["events"] if row["setting"] == "with" and row["event"] == name])
        for text in problems(name, own)
    ]  # fmt: skip
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
