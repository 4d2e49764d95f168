# SPDX-License-Identifier: GPL-3.0-or-later
"""How long a flip of the cluster controllers takes to reach a node controller, by settings; the article's are the baseline.

    .venv/bin/python tests/bench/failover_bench.py [--flips 30] [--settings article,soap] [--lab NAME] [--keep]

Makes a lab of its own (or takes --lab, which must be up), deploys each setting with eucalyptus.ha.gateway, and flips the controllers
back and forth at moments that no timer knows. For each flip, from the first of the cloud's two requests on:

- noticed: the first of the two keepalived logs another effective priority
- moved: the kernel of the new host has the VIP
- page: nc1, fetching a page from beyond the gateway every 20 ms, gets the first one that came through the new host
- gap: the longest silence of the VIP, and of the host outside, towards nc1, which asks both every 10 ms

Writes build/bench/failover.json, .md and, if matplotlib is there, .svg and .png; --keep copies them to docs/bench/.
With --strict a figure of the design that is missed is exit status 1. Numbers from a busy machine are worth nothing: the load
at the beginning is written down with them.
"""

from __future__ import annotations

import argparse
import functools
import json
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in (".cache/collections", "tests", "tests/lab", "tests/faults")]

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _drill, _timeline  # noqa: E402 - found by the line above
from cluster import Cluster  # noqa: E402 - as above
from lab import Lab, LabError  # noqa: E402 - as above
from measure import CONTROLLERS, Measurement  # noqa: E402 - as above
from stage import Stage  # noqa: E402 - as above
from table import machine  # noqa: E402 - as above
from watch import pid_of  # noqa: E402 - as above

# Extra variables of eucalyptus.ha.gateway. The settings of the manual keepalived setup, but the check of this collection.
SETTINGS: dict[str, dict[str, object]] = {
    "article": {
        "cc_gateway_auth_pass": "article1",
        "cc_gateway_check": {"interval": 5, "grace": 0},
        "cc_gateway_vrrp": {"version": 2, "advert_interval": 1, "weight": 2, "rt_priority": 0, "garp_master_delay": 5},
    },
    "soap": {"cc_gateway_check_source": "soap"},
    "state_file": {},
    "state_file_0.05": {"cc_gateway_vrrp": {"advert_interval": 0.05}},
}
# The goals: median and longest of `moved`, median of `gap`, in seconds.
FIGURES = {"state_file": (0.35, 0.6, 0.1)}
EXPLAINED = """\
`article` is the baseline: the settings of the manual keepalived setup (EUCA-2412) with this collection's check, in the same lab. `soap` and
`state_file` are the defaults with that `cc_gateway_check_source`, `state_file_0.05` with `cc_gateway_vrrp.advert_interval` 0.05 s.
*Detected*: the first of the two keepalived logs another effective priority. *Moved*: the new host's kernel has the VIP. *Page*: nc1, which
fetches one from beyond the gateway every 20 ms, gets the first that came through the new host. *Gap*: the longest time in which nc1 got no
answer from the VIP, and from a host outside; it pings both every 10 ms.

![How many of the flips had moved the VIP after how many seconds](failover.png)
"""
COLUMNS = {
    "noticed": "detected",
    "moved": "VIP moved",
    "page": "first page through the new host",
    "gap_vip": "gap, VIP",
    "gap_outside": "gap, outside",
    "two": "two holders",
}
FETCH_EVERY = 0.02
FETCH_TIMEOUT = 0.15


def fetch_for_ever(address: str) -> None:
    """Print, until killed, when each request for the page was sent, when it was answered, and from where it seemed to come."""
    while True:
        sent = time.time()
        try:
            # A connection that was under way during the move never ends well, as the hosts share no NAT state: give it up soon.
            with socket.create_connection((address, 80), timeout=FETCH_TIMEOUT) as connection:
                connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
                page = b"".join(iter(functools.partial(connection.recv, 4096), b"")).decode("ascii", "replace")
            came_from = page.split()[-1]
        except OSError:
            came_from = None
        print(json.dumps([sent, time.time(), came_from]), flush=True)
        time.sleep(max(0.0, sent + FETCH_EVERY - time.time()))


class Pages:
    """nc1's fetches during a measurement."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self.address = re.sub(r"^http://|/$", "", cluster.url)
        self.fetched: list[tuple[float, float, str | None]] = []

    def __enter__(self) -> Pages:
        self.process = subprocess.Popen(
            ["nsenter", "--target", str(pid_of(self.cluster.lab, "nc1")), "--net", sys.executable, __file__, "--fetch", self.address],
            stdout=subprocess.PIPE, text=True,
        )  # fmt: skip
        return self

    def __exit__(self, *_exception: object) -> None:
        self.process.terminate()
        output, _dummy = self.process.communicate()
        self.fetched = [json.loads(line) for line in output.splitlines(keepends=True) if line.endswith("]\n")]

    def first_through(self, host: str, since: float) -> float | None:
        """Seconds after `since` at which the first page that came through the host was there."""
        wanted = self.cluster.address[host].rsplit(".", 1)[1]  # both networks have the same host parts
        for sent, answered, came_from in self.fetched:
            if sent >= since and came_from and came_from.rsplit(".", 1)[1] == wanted:
                return answered - since
        return None


def noticed(stage: Stage, since: float) -> float | None:
    """Seconds after `since` at which one of the keepalived logged another effective priority."""
    moments = []
    for host in CONTROLLERS:
        lines = stage.cluster.sh(host, f"journalctl --no-pager -q -o short-unix -u keepalived --since=@{int(since)}").splitlines()
        moments += [when for when, text in _drill.log_events(lines) if when >= since and "effective priority" in text]
    return min(moments) - since if moments else None


def one_flip(stage: Stage) -> dict:
    with Measurement(stage.cluster) as measured, Pages(stage.cluster) as pages:
        stage.measured = measured
        time.sleep(random.uniform(0.2, 2.2))  # noqa: S311 - not for secrets: a moment that no timer knows
        since = stage.flip()
        new = stage.holder
        moved = measured.holders.wait({new}, 20.0, stable=1.0)
    stage.measured = None
    if not moved:
        raise LabError(f"the VIP did not come to {new} within 20 s of the flip")
    timeline = _timeline.within(measured.timeline, since, measured.end)
    return {
        "since": since,
        "to": new,
        "noticed": noticed(stage, since),
        "moved": _timeline.first_held(timeline, since, new),
        "page": pages.first_through(new, since),
        "gap_vip": measured.longest_gap("vip", since, measured.end),
        "gap_outside": measured.longest_gap("outside", since, measured.end),
        "two": _timeline.time_with(timeline, at_least=2),
    }


def deploy(stage: Stage, variables: dict) -> None:
    done = stage.cluster.play("gateway", "-e", json.dumps(variables))
    if done.status:
        raise LabError(f"eucalyptus.ha.gateway with {variables} ended with {done.status}:\n{done.output[-3000:]}")


def measure(stage: Stage, name: str, variables: dict, flips: int) -> list[dict]:
    stage.make_well()
    deploy(stage, variables)
    stage.make_well()
    found = []
    for number in range(flips):
        found.append({"setting": name, **one_flip(stage)})
        print(f"{name} {number + 1}/{flips}: moved after {found[-1]['moved']:.2f} s", file=sys.stderr, flush=True)
    return found


def figures(flips: list[dict], column: str) -> tuple[float, float, float] | None:
    values = [one[column] for one in flips if one[column] is not None]
    return (statistics.median(values), min(values), max(values)) if values else None


def page(flips: list[dict], about: dict) -> str:
    names = list(dict.fromkeys(one["setting"] for one in flips))
    lines = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "<!-- Written by tests/bench/failover_bench.py (make bench-failover); do not edit. -->",
        "# Measured: failover time",
        "",
        "Seconds after the cloud's first request to change the ENABLED controller: median (least to most).",
        "",
        "| settings | flips | " + " | ".join(COLUMNS.values()) + " | design |",
        "|---|---|" + "---|" * (len(COLUMNS) + 1),
    ]
    for name in names:
        own = [one for one in flips if one["setting"] == name]
        cells = []
        for column in COLUMNS:
            found = figures(own, column)
            cells.append("not seen" if found is None else f"{found[0]:.2f} ({found[1]:.2f} to {found[2]:.2f})")
        missed = problems(name, own)
        verdict = "baseline" if name not in FIGURES else "reached" if not missed else "missed: " + "; ".join(missed)
        lines.append(f"| {name} | {len(own)} | " + " | ".join(cells) + f" | {verdict} |")
    made = f"*Written by `make bench-failover` on {about['when']}: {about['machine']}, load {about['load']}. Do not edit.*"
    return "\n".join([*lines, "", EXPLAINED, "---", "", made, ""])


def problems(name: str, flips: list[dict]) -> list[str]:
    if name not in FIGURES:
        return []
    median, longest, gap = FIGURES[name]
    moved, gaps = figures(flips, "moved"), figures(flips, "gap_vip")
    found: list[str] = []
    if not moved or not gaps:
        return ["nothing was measured"]
    if moved[0] > median:
        found.append(f"median {moved[0]:.2f} s, not {median:g} s")
    if moved[2] > longest:
        found.append(f"longest {moved[2]:.2f} s, not {longest:g} s")
    if gaps[0] > gap:
        found.append(f"median gap {gaps[0]:.2f} s, not {gap:g} s")
    return found


def plot(flips: list[dict], stem: Path) -> bool:
    try:
        import matplotlib  # noqa: PLC0415 - the figures stand without a picture
    except ImportError:
        return False
    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - the backend first

    names = list(dict.fromkeys(one["setting"] for one in flips))
    figure, axes = pyplot.subplots(figsize=(8, 4.5))
    for name in names:
        values = sorted(one["moved"] for one in flips if one["setting"] == name)
        share = [100 * (number + 1) / len(values) for number in range(len(values))]
        axes.step([0, *values], [0, *share], where="post", label=f"{name} (median {statistics.median(values):.2f} s)")
    axes.set_xlabel("seconds from the cloud's first request until the new host has the VIP")
    axes.set_ylabel("% of the flips")
    axes.set_xlim(left=0)
    axes.legend()
    figure.tight_layout()
    for ending in (".svg", ".png"):
        figure.savefig(stem.with_suffix(ending), dpi=120)
    pyplot.close(figure)
    return True


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--flips", type=int, default=30)
    parser.add_argument("--settings", default=",".join(SETTINGS))
    parser.add_argument("--lab", help="a lab that is up, with the gateway and its routes; it is left as it is")
    parser.add_argument("--keep", action="store_true", help="copy the results to docs/bench/")
    parser.add_argument(
        "--with", dest="earlier", metavar="JSON", type=Path,
        help="failover.json of an earlier run: the settings that are not measured now are taken from there",
    )  # fmt: skip
    parser.add_argument("--strict", action="store_true", help="a missed figure is exit status 1")
    parser.add_argument("--fetch", metavar="ADDRESS", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.fetch:
        fetch_for_ever(options.fetch)
    names = options.settings.split(",")
    unknown = [name for name in names if name not in SETTINGS]
    if unknown:
        parser.error(f"--settings: {', '.join(unknown)} unknown; there are {', '.join(SETTINGS)}")
    about = machine()
    lab = Lab(options.lab or "benchfo")
    flips = []
    if options.earlier:
        earlier = json.loads(options.earlier.read_text(encoding="utf-8"))
        flips = [one for one in earlier["flips"] if one["setting"] not in names]
    try:
        if not options.lab:
            lab.down()
            lab.up(os.environ.get("LAB_RELEASE", "bookworm"))
        stage = Stage(Cluster(lab))
        stage.be_like_a_real_host()
        if not options.lab:
            deploy(stage, {})
            done = stage.cluster.play("nc_route")
            if done.status:
                raise LabError(done.output[-3000:])
        for name in names:
            flips += measure(stage, name, SETTINGS[name], options.flips)
    except LabError as error:
        print(f"failover_bench: {error}", file=sys.stderr)
        return 1
    finally:
        if not options.lab:
            lab.down()
    flips.sort(key=lambda one: list(SETTINGS).index(one["setting"]))
    stem = ROOT / "build/bench/failover"
    stem.parent.mkdir(parents=True, exist_ok=True)
    stem.with_suffix(".json").write_text(json.dumps({"about": about, "flips": flips}, indent=1) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(page(flips, about), encoding="utf-8")
    endings = [".json", ".md"] + ([".svg", ".png"] if plot(flips, stem) else [])
    if options.keep:
        kept = ROOT / "docs/bench"
        kept.mkdir(parents=True, exist_ok=True)
        for ending in endings:
            shutil.copy(stem.with_suffix(ending), kept)
    print(page(flips, about))
    missed = [text for name in names for text in problems(name, [one for one in flips if one["setting"] == name])]
    return 1 if missed and options.strict else 0


if __name__ == "__main__":
    sys.exit(main())
