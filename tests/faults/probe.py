# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorder that the collection's modules use, run in the network of a lab's host: probe.py OPTIONS, JSON on both sides.

Stops when its standard input is closed, and prints the recording. All hosts of a lab have one clock.
"""

from __future__ import annotations

import json
import select
import sys

from ansible_collections.eucalyptus.ha.plugins.module_utils import _reachability


def main() -> None:
    options = json.loads(sys.argv[1])
    targets = {name: _reachability.Ping(address, options["timeout"]) for name, address in options["targets"].items()}
    answerers = _reachability.Answerers(options["vip"], _reachability.interface_of(options["vip"]), options["interval"])
    print("ready", flush=True)
    begin, end = _reachability.record(
        [*targets.values(), answerers],
        options["interval"],
        _reachability.LONGEST,
        lambda: bool(select.select([sys.stdin], [], [], 0)[0]),
    )
    json.dump(
        {
            "begin": begin,
            "end": end,
            "interval": options["interval"],
            "samples": {name: one.result() for name, one in targets.items()},
            "answers": answerers.result(),
        },
        sys.stdout,
    )


if __name__ == "__main__":
    main()
