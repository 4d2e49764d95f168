# SPDX-License-Identifier: GPL-3.0-or-later
"""Leave a deployed pair alone for an hour, and then disturb it for an hour: what the controllers were asked, and whether the VIP moved.

    .venv/bin/python tests/bench/soak.py [--quiet MINUTES] [--trouble MINUTES] [--soap MINUTES] [--lab NAME] [--with JSON] [--keep]

Makes a lab of its own and deploys the gateway at its defaults. A cloud controller's heartbeats go to both controllers all the time,
one every 15 s. In each part the stand-in controllers count their requests, and for how much of the time they had a topology;
the kernels of both hosts report every move of the VIP:

- quiet: nothing else happens
- trouble: one after another, on the holder and on the standby, for as long as the part lasts: GET slow, one worker blocked by an
  idle connection, 1,000 changes of other fields of the state file, the controller restarted and resuming its state
- soap: as quiet, with cc_gateway_check_source=soap

Exit status 1 if the check sent a SOAP request in a part other than soap, the topology was away for more than a second in
one of them, or the VIP moved in any. Writes build/bench/NAME.json and .md; --keep copies the page to docs/bench.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in (".cache/collections", "tests", "tests/lab", "tests/faults")]

from cc_simulator.names import SimulatorError  # noqa: E402 - found by the line above
from cluster import Cluster  # noqa: E402 - as above
from lab import Lab, LabError  # noqa: E402 - as above
from measure import CONTROLLERS  # noqa: E402 - as above
from stage import Stage  # noqa: E402 - as above
from table import machine  # noqa: E402 - as above
from watch import AddressWatch  # noqa: E402 - as above

HEARTBEAT = 15.0
PARTITION = "PARTI00"
NAMES = {"cc1": "CC_01", "cc2": "CC_02"}


class Heartbeats:
    """The cloud controller's requests to both controllers, and how many were answered."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.answered = dict.fromkeys(CONTROLLERS, 0)
        self.failed = dict.fromkeys(CONTROLLERS, 0)
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._send, args=(host,), daemon=True) for host in CONTROLLERS]

    def __enter__(self) -> Heartbeats:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        for thread in self._threads:
            thread.join(timeout=60)

    def _send(self, host: str) -> None:
        while not self._ended.is_set():
            try:
                self.stage.clouds[host].heartbeat(PARTITION, NAMES[host])
                self.answered[host] += 1
            except SimulatorError:
                # A controller that is being restarted: the cloud controller tries again at its next round.
                self.failed[host] += 1
            self._ended.wait(HEARTBEAT)


def slow(stage: Stage, host: str) -> None:
    """GET takes 1.35 s, 90 % of the check's timeout."""
    stage.behave(host, "slow", "1350")
    time.sleep(20)
    stage.behave(host, "normal")


def blocked(stage: Stage, host: str) -> None:
    """Somebody's idle connection blocks one of the workers."""
    stage.behave(host, "idle", "1")
    time.sleep(20)
    stage.behave(host, "idle", "0")


def churn(stage: Stage, host: str) -> None:
    """1,000 changes of other fields, while the check reads."""
    for _dummy in range(20):
        stage.behave(host, "churn", "50")
    time.sleep(5)


def restart(stage: Stage, host: str) -> None:
    """The controller ends and comes back in the state that it had."""
    stage.cluster.sh(host, "systemctl restart cc-simulator")
    time.sleep(20)


TROUBLES = {
    "GET slow": slow,
    "one worker blocked": blocked,
    "other fields changed 1,000 times": churn,
    "controller restarted, resuming": restart,
}


def counted(stage: Stage) -> dict[str, dict]:
    return {host: json.loads(stage.cluster.control(host, "status")) for host in CONTROLLERS}


def disturb(stage: Stage, until: float, done: dict[str, int]) -> None:
    """Each trouble in turn on the holder and the standby, in whole rounds, until the time is over."""
    while time.monotonic() < until:
        for name, trouble in TROUBLES.items():
            for host in (stage.holder, stage.standby):
                trouble(stage, host)
                done[name] = done.get(name, 0) + 1
            print(f"{time.strftime('%T')} {name}", file=sys.stderr, flush=True)


def part(stage: Stage, name: str, minutes: float) -> dict:
    """Run one part; what was counted in it."""
    started = time.monotonic()
    done: dict[str, int] = {}
    with Heartbeats(stage) as heartbeats, AddressWatch(stage.lab, stage.cluster.vip, list(CONTROLLERS)) as watch:
        # The first heartbeat is there before the time with a topology is counted.
        time.sleep(2)
        for host in CONTROLLERS:
            stage.behave(host, "reset")
        before = dict(heartbeats.answered)
        if name == "trouble":
            disturb(stage, started + minutes * 60, done)
        else:
            while time.monotonic() < started + minutes * 60:
                time.sleep(min(10.0, max(0.1, started + minutes * 60 - time.monotonic())))
        reports = counted(stage)
        sent = {host: heartbeats.answered[host] - before[host] for host in CONTROLLERS}
    hosts = {}
    for host, report in reports.items():
        hosts[host] = {
            "get": report["arrived"]["GET"],
            "soap": report["arrived"]["SOAP"],
            "heartbeats": sent[host],
            "unsigned": report["arrived"]["unsigned"],
            "topology": report["topology"],
        }
    return {
        "part": name,
        "seconds": round(time.monotonic() - started),
        "hosts": hosts,
        "troubles": done,
        "heartbeats_failed": heartbeats.failed,
        "moves": [{"when": move.when, "host": move.host, "held": move.held} for move in watch.moves],
    }


def problems(one: dict) -> list[str]:
    found = [f"{one['part']}: the VIP moved: {one['moves']}"] if one["moves"] else []
    if one["part"] == "quiet":
        for host, counts in one["hosts"].items():
            # One heartbeat may be under way when the counts are read.
            if counts["soap"] > counts["heartbeats"] + 1:
                found.append(f"quiet: {host} had {counts['soap']} SOAP requests and {counts['heartbeats']} heartbeats")
            if counts["topology"]["share"] < 1.0:
                found.append(f"quiet: {host} had a topology for {counts['topology']} only")
    return found


def page(parts: list[dict], about: dict) -> str:
    lines = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "# Measured: an hour at the defaults, and an hour with faults",
        "",
        "A pair in a lab of containers (`tests/lab`). The cloud controller sends a heartbeat to both controllers every "
        f"{HEARTBEAT:g} s.",
        "`quiet`: nothing else happens. `trouble`: one fault after another on both hosts, none of which may move the VIP. `soap`: as",
        "`quiet`, with `cc_gateway_check_source: soap`.",
        "",
        "GET and SOAP are the requests that the controller got; SOAP requests beyond the heartbeats are the check's. Topology is",
        "present while the controller has one, which every SOAP request of the check empties until the next heartbeat. `trouble`",
        "restarts the controllers, which then count anew.",
        "",
        "| part | seconds | host | GET | SOAP | of them heartbeats | topology present | moves of the VIP |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in parts:
        for host, counts in one["hosts"].items():
            seen = [counts["get"], counts["soap"], counts["heartbeats"], f"{100 * counts['topology']['share']:.1f} %"]
            cells = " | ".join(map(str, ["-"] * 4 if one["troubles"] else seen))
            lines.append(f"| {one['part']} | {one['seconds']} | {host} | {cells} | {len(one['moves'])} |")
    for one in parts:
        if one["troubles"]:
            lines += ["", "In `trouble`: " + "; ".join(f"{name}: {number} times" for name, number in one["troubles"].items())
                      + "."]  # fmt: skip
    made = f"*Written by `make soak` on {about['when']}: {about['machine']}, load {about['load']} at the start. Do not edit.*"
    return "\n".join([*lines, "", "---", "", made, ""])


def deploy(stage: Stage, *args: str) -> None:
    done = stage.cluster.play("gateway", *args)
    if done.status:
        raise LabError(f"gateway with {args} ended with {done.status}:\n{done.output[-3000:]}")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    for name, default in (("quiet", 60.0), ("trouble", 60.0), ("soap", 10.0)):
        parser.add_argument(
            f"--{name}", type=float, default=default, metavar="MINUTES", help="0 leaves the part out (%(default)s)"
        )
    parser.add_argument("--keep", action="store_true", help="copy the page to docs/bench")
    parser.add_argument("--lab", default="soak", help="name of the lab to make (%(default)s)")
    parser.add_argument(
        "--with",
        dest="earlier",
        metavar="JSON",
        type=Path,
        help="the soak.json of another run, for the parts that are not run now",
    )
    options = parser.parse_args()
    about = machine()
    lab = Lab(options.lab)
    parts: list[dict] = []
    try:
        lab.down()
        lab.up(os.environ.get("LAB_RELEASE", "bookworm"))
        stage = Stage(Cluster(lab))
        deploy(stage)
        for host in CONTROLLERS:
            # What a real controller's restart does: it resumes the state of its file.
            stage.cluster.sh(
                host,
                "grep -q -- --resume /etc/default/cc-simulator || sed -i 's/$/ --resume/' /etc/default/cc-simulator",
            )
            stage.cluster.sh(host, "systemctl restart cc-simulator")
        for name, minutes in (("quiet", options.quiet), ("trouble", options.trouble), ("soap", options.soap)):
            if not minutes:
                continue
            if name == "soap":
                # A reload with the real-time priority kills keepalived here.
                stage.realtime(False)
                deploy(stage, "-e", "cc_gateway_check_source=soap")
            # As on a host: an hour on this machine is never without a moment in which other processes want both CPUs.
            stage.realtime(True)
            time.sleep(10)
            stage.holder, stage.standby = sorted(CONTROLLERS, key=lambda host: host not in stage.cluster.holders())
            parts.append(part(stage, name, minutes))
            print(json.dumps(parts[-1]), file=sys.stderr, flush=True)
    except LabError as error:
        print(f"soak: {error}", file=sys.stderr)
        return 1
    finally:
        lab.down()
    if options.earlier:
        ours = [one["part"] for one in parts]
        parts += [
            one for one in json.loads(options.earlier.read_text(encoding="utf-8"))["parts"] if one["part"] not in ours
        ]
        parts.sort(key=lambda one: ("quiet", "trouble", "soap").index(one["part"]))
    stem = ROOT / "build/bench" / options.lab
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".json").write_text(
        json.dumps({"about": about, "parts": parts}, indent=1) + "\n", encoding="utf-8"
    )
    stem.with_suffix(".md").write_text(page(parts, about), encoding="utf-8")
    if options.keep:
        shutil.copy(stem.with_suffix(".md"), ROOT / "docs/bench/soak.md")
    print(page(parts, about))
    wrong = [text for one in parts for text in problems(one)]
    for text in wrong:
        print(f"soak: {text}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
