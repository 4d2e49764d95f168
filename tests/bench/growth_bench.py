# SPDX-License-Identifier: GPL-3.0-or-later
"""How the cost of `status` and of a `gateway` run with nothing to change grows with the number of clusters.

    .venv/bin/python tests/bench/growth_bench.py [--clusters 1,5,20,50,100,200] [--forks N] [--keep]

Makes one lab and deploys it. An inventory of N clusters then names the lab's hosts N times under other names, so that every query is a
real one, over SSH, to a real gateway; but all answer from this one machine, which has to do the hosts' work too.

Writes build/bench/growth.json, .md and .png; --keep copies page and picture to docs/bench. Exit status 1 if a step costs more than in
proportion: more seconds, results or memory for a cluster than SLACK times what one of the step before costs.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / part) for part in (".cache/collections", "tests", "tests/lab", "tests/faults")]

from cluster import Cluster  # noqa: E402 - found by the line above
from lab import Lab, LabError  # noqa: E402 - as above
from table import machine  # noqa: E402 - as above

CLUSTERS = (1, 5, 20, 50, 100, 200)
PLAYBOOKS = ("status", "gateway")
# Of what the step before costs for each cluster: measured on a machine that does other things too.
SLACK = 1.25


def inventory(lab: dict[str, Any], number: int) -> dict[str, Any]:
    """The lab's groups `number` times, each time under other names, but for the names in keepalived.conf."""
    groups: dict[str, Any] = {}
    for cluster in range(1, number + 1):
        own = {"eucalyptus_cc": f"c{cluster:03}_cc", "eucalyptus_nc": f"c{cluster:03}_nc"}
        further = {
            "eucalyptus_cc": {"cc_gateway_group": own["eucalyptus_cc"], "cc_gateway_nc_group": own["eucalyptus_nc"]},
            "eucalyptus_nc": {"cc_gateway_group": own["eucalyptus_cc"]},
        }
        for group, name in own.items():
            found = lab["children"][group]
            groups[name] = {
                "hosts": {
                    f"c{cluster:03}-{host}": {**data, "keepalived_config": {"global_defs": {"router_id": host}}}
                    for host, data in found["hosts"].items()
                },
                "vars": {**found.get("vars", {}), **further[group]},
            }
    return {"all": {"vars": lab.get("vars", {}), "children": groups}}


class Memory:
    """The most memory (bytes) that the processes of a session have had together, read ten times a second."""

    def __init__(self, session: int) -> None:
        self.session = session
        self.most = 0
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Memory:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _now(self) -> int:
        total = 0
        for process in Path("/proc").glob("[0-9]*"):
            # One may end meanwhile.
            with contextlib.suppress(OSError):
                if os.getsid(int(process.name)) == self.session:
                    # Pss: a page that several processes have, as after a fork, counts once.
                    found = re.search(r"^Pss: +(\d+) kB", (process / "smaps_rollup").read_text(encoding="ascii"), re.MULTILINE)
                    total += 1024 * int(found[1]) if found else 0
        return total

    def _watch(self) -> None:
        while not self._ended.wait(0.1):
            self.most = max(self.most, self._now())


def run(place: Path, playbook: str, number: int, forks: int) -> dict[str, Any]:
    """One run over `number` clusters: seconds, tasks, results, bytes."""
    names = [f"c{cluster:03}" for cluster in range(1, number + 1)]
    command = ["ansible-playbook", "-i", str(place), "-f", str(forks), f"eucalyptus.ha.{playbook}"]
    command += ["-e", "cc_gateway_clusters=" + ",".join(f"{name}_cc" for name in names)]
    if playbook == "status":
        command += ["-e", "nc_route_group=" + ",".join(f"{name}_nc" for name in names)]
    log = ROOT / f"build/bench/growth-{playbook}-{number}.log"
    started = time.monotonic()
    with log.open("w", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, start_new_session=True,
            env={**os.environ, "ANSIBLE_NOCOLOR": "1"},
        )  # fmt: skip
        with Memory(process.pid) as memory:
            status = process.wait()
    seconds = time.monotonic() - started
    text = log.read_text(encoding="utf-8")
    if status:
        raise LabError(f"{playbook} over {number} clusters ended with {status}:\n{text[-3000:]}")
    recap = text.rpartition("PLAY RECAP")[2]
    results = sum(int(count) for count in re.findall(r"\b(?:ok|skipped)=(\d+)", recap))
    changed = sum(int(count) for count in re.findall(r"\bchanged=(\d+)", recap))
    if changed:
        raise LabError(f"{playbook} over {number} clusters changed something; see {log}")
    return {
        "playbook": playbook,
        "clusters": number,
        "seconds": round(seconds, 1),
        "tasks": len(re.findall(r"^TASK \[", text, re.MULTILINE)),
        "results": results,
        "bytes": memory.most,
    }


COSTS = {"seconds": "seconds", "results": "results", "bytes": "memory"}


def problems(runs: list[dict[str, Any]]) -> list[str]:
    """The steps that cost more than in proportion."""
    found = []
    for playbook in dict.fromkeys(one["playbook"] for one in runs):
        steps = sorted((one for one in runs if one["playbook"] == playbook), key=lambda one: one["clusters"])
        for before, after in zip(steps, steps[1:], strict=False):
            found += [
                f"{playbook}: {words} for each cluster grows from {before[cost] / before['clusters']:.3g} with {before['clusters']} "
                f"to {after[cost] / after['clusters']:.3g} with {after['clusters']}"
                for cost, words in COSTS.items()
                if after[cost] / after["clusters"] > SLACK * before[cost] / before["clusters"]
            ]
    return found


def page(runs: list[dict[str, Any]], about: dict[str, str], forks: int) -> str:
    lines = [
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "<!-- SPDX-License-Identifier: GPL-3.0-or-later -->",
        # REUSE-IgnoreEnd
        "# Measured: growth with the number of clusters",
        "",
        f"Each cluster has two CCs and one NC; {forks} forks.",
        "`gateway` had nothing to change. All clusters are the same lab under other names, so this machine does the work of the hosts as",
        "well as that of the control node: with hosts of its own each run is faster.",
        "",
        "| playbook | clusters | seconds | seconds a cluster | tasks | results | memory (MiB) |",
        "|---|---|---|---|---|---|---|",
        *(
            f"| {one['playbook']} | {one['clusters']} | {one['seconds']:.1f} | {one['seconds'] / one['clusters']:.2f} | {one['tasks']} "
            f"| {one['results']} | {one['bytes'] / 2**20:.0f} |"
            for one in runs
        ),
        "",
        "![Seconds and memory against the number of clusters](growth.png)",
        "",
        "Memory is that of all processes of the run together.",
        "",
        "---",
        "",
        f"*Written by `make bench-growth` on {about['when']}: {about['machine']}, load {about['load']}. Do not edit.*",
        "",
    ]
    return "\n".join(lines)


def plot(runs: list[dict[str, Any]], place: Path) -> None:
    import matplotlib  # noqa: PLC0415 - slow to import, and the backend comes first

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - as above

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.2))
    for playbook in dict.fromkeys(one["playbook"] for one in runs):
        steps = [one for one in runs if one["playbook"] == playbook]
        numbers = [one["clusters"] for one in steps]
        left.plot(numbers, [one["seconds"] for one in steps], marker="o", label=playbook)
        right.plot(numbers, [one["bytes"] / 2**20 for one in steps], marker="o", label=playbook)
    for axes, words in ((left, "seconds"), (right, "memory (MiB)")):
        axes.set_xlabel("clusters")
        axes.set_ylabel(words)
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=0)
        axes.legend()
    figure.tight_layout()
    figure.savefig(place, dpi=110)
    pyplot.close(figure)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clusters", default=",".join(map(str, CLUSTERS)), help="numbers of clusters (%(default)s)")
    parser.add_argument("--forks", type=int, default=10, help="of ansible-playbook (%(default)s)")
    parser.add_argument("--playbooks", default=",".join(PLAYBOOKS), help="(%(default)s)")
    parser.add_argument("--lab", default="growth", help="name of the lab to make (%(default)s)")
    parser.add_argument("--keep", action="store_true", help="copy page and picture to docs/bench")
    options = parser.parse_args()
    about = machine()
    stem = ROOT / "build/bench/growth"
    stem.parent.mkdir(parents=True, exist_ok=True)
    lab = Lab(options.lab)
    runs: list[dict[str, Any]] = []
    try:
        lab.down()
        lab.up(os.environ.get("LAB_RELEASE", "bookworm"))
        cluster = Cluster(lab)
        for playbook in ("gateway", "nc_route"):
            done = cluster.play(playbook)
            if done.status:
                raise LabError(f"{playbook} ended with {done.status}:\n{done.output[-3000:]}")
        for number in map(int, options.clusters.split(",")):
            place = stem.with_name(f"growth-{number}.json")
            place.write_text(json.dumps(inventory(cluster.data, number), indent=1), encoding="utf-8")
            for playbook in options.playbooks.split(","):
                runs.append(run(place, playbook, number, options.forks))
                print(json.dumps(runs[-1]), file=sys.stderr, flush=True)
    except LabError as error:
        print(f"growth_bench: {error}", file=sys.stderr)
        return 1
    finally:
        lab.down()
    runs.sort(key=lambda one: (PLAYBOOKS.index(one["playbook"]), one["clusters"]))
    stem.with_suffix(".json").write_text(json.dumps({"about": about, "runs": runs}, indent=1) + "\n", encoding="utf-8")
    stem.with_suffix(".md").write_text(page(runs, about, options.forks), encoding="utf-8")
    plot(runs, stem.with_suffix(".png"))
    if options.keep:
        for ending in (".md", ".png"):
            shutil.copy(stem.with_suffix(ending), ROOT / "docs/bench")
    print(page(runs, about, options.forks))
    wrong = problems(runs)
    for text in wrong:
        print(f"growth_bench: {text}", file=sys.stderr)
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
