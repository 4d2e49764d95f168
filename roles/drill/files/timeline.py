# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Draw the timeline of a drill: timeline.py REPORT.json PICTURE...

Runs on the control node with Ansible's own Python; the extensions of the pictures' names select their formats. Exit status 3
means that matplotlib is not there.
"""

from __future__ import absolute_import, division, print_function

import io
import json
import sys

__metaclass__ = type

COLOURS = ("#3b6ea5", "#c8781e", "#5a8f3c", "#7d5ba6")
LOST = "#b3261e"
MARGIN = 1.0  # seconds shown beyond the first and last thing that happened


def window(report):
    """From where to where to draw: all that happened, not the long whiles before and after."""
    happened = [0.0] + [one["begin"] for one in report["timeline"][1:]]
    if report["back"]:
        happened.append(report["back"]["since"] - report["since"])
    begin, end = report["timeline"][0]["begin"], report["timeline"][-1]["end"]
    return max(begin, min(happened) - MARGIN), min(end, max(happened) + 2 * MARGIN)


def draw_holders(axes, report, hosts):
    for row, host in enumerate(hosts):
        bars = [(one["begin"], one["end"] - one["begin"]) for one in report["timeline"] if host in one["holders"]]
        axes.broken_barh(bars, (row - 0.35, 0.7), color=COLOURS[row % len(COLOURS)])
        seen = [(one["begin"], max(one["end"] - one["begin"], 0.01)) for one in report["answers"] if one["host"] == host]
        axes.broken_barh(seen, (row + 0.36, 0.1), color="black")
    axes.set_title("black: answers ARP requests of %s" % report["observer"], loc="right", fontsize=10)
    axes.set_yticks(range(len(hosts)))
    axes.set_yticklabels(["%s has the VIP" % host for host in hosts])
    axes.set_ylim(-0.6, len(hosts) - 0.3)


def draw_samples(axes, name, samples, since):
    answered = [(sent - since, rtt * 1000) for sent, rtt in samples if rtt is not None]
    lost = [sent - since for sent, rtt in samples if rtt is None]
    if answered:
        axes.plot(*zip(*answered), linestyle="none", marker=".", markersize=3, color="#444444")  # noqa: B905 - pairs
    for when in lost:
        axes.axvline(when, color=LOST, linewidth=1.2)
    axes.set_ylabel("%s\nms" % name, rotation=0, ha="right", va="center")
    axes.set_ylim(bottom=0)


def draw(data, paths):
    import matplotlib  # noqa: PLC0415 - the caller reports when it is missing

    matplotlib.use("Agg")
    from matplotlib import pyplot  # noqa: PLC0415 - the backend first

    report, samples = data["report"], data["samples"]
    hosts = sorted(set(host for one in report["timeline"] for host in one["holders"]))
    figure, rows = pyplot.subplots(
        1 + len(samples), 1, sharex=True, figsize=(10, 1.6 + 1.1 * (len(samples) + 1)),
        gridspec_kw={"height_ratios": [1.4] + [1] * len(samples)}, squeeze=False,
    )  # fmt: skip
    rows = [row[0] for row in rows]
    draw_holders(rows[0], report, hosts)
    for axes, name in zip(rows[1:], sorted(samples, key=lambda name: name != "VIP")):  # noqa: B905 - one row each
        draw_samples(axes, name, samples[name], report["since"])
    marks = [(0.0, "trigger")] + ([(report["back"]["since"] - report["since"], "restored")] if report["back"] else [])
    for axes in rows:
        for when, _words in marks:
            axes.axvline(when, color="black", linewidth=0.8, linestyle="--")
    for when, words in marks:
        rows[0].annotate(words, (when, 1), xycoords=("data", "axes fraction"), xytext=(4, -12), textcoords="offset points", fontsize=10)
    rows[0].set_xlim(*window(report))
    rows[-1].set_xlabel("seconds after the trigger (%s); dots: round-trip time; red: no answer" % report["when"])
    figure.suptitle(report["sentence"], fontsize=11, wrap=True)
    figure.tight_layout()
    for path in paths:
        figure.savefig(path, dpi=120)


def main():
    with io.open(sys.argv[1], encoding="utf-8") as handle:
        data = json.load(handle)
    try:
        draw(data, sys.argv[2:])
    except ImportError as error:
        print("No picture: %s. `pip install matplotlib` for %s, then: %s" % (error, sys.executable, " ".join(sys.argv)))
        return 3
    print("Pictures: " + " ".join(sys.argv[2:]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
