# SPDX-License-Identifier: GPL-3.0-or-later
"""The demo: a lab from nothing, the playbooks, a failover, and what everybody saw of it."""

from __future__ import annotations

import os
import subprocess
import sys
import time

from cluster import Cluster
from lab import REPO, Lab, LabError
from watch import AddressWatch

NAME = os.environ.get("DEMO_NAME", "demo")
RELEASE = os.environ.get("LAB_RELEASE", "bookworm")


def step(text: str) -> None:
    print(f"\n\033[1m== {text}\033[0m" if sys.stdout.isatty() else f"\n== {text}", flush=True)


def playbook(lab: Lab, name: str, *args: str) -> None:
    command = ["ansible-playbook", "-i", str(lab.inventory), f"eucalyptus.ha.{name}", *args]
    print("$ " + " ".join(command), flush=True)
    done = subprocess.run(command, check=False, cwd=REPO)
    if done.returncode:
        raise LabError(
            f"eucalyptus.ha.{name} ended with {done.returncode}; the lab is left as it is (make demo-clean removes it)"
        )


def fetch(lab: Lab, url: str) -> str:
    done = lab.exec("nc1", "curl", "--silent", "--show-error", "--fail", "--max-time", "5", url, check=False)
    if done.returncode:
        raise LabError(f"nc1 cannot fetch {url}: {done.stdout.strip()}")
    return done.stdout.strip()


def main() -> int:
    lab = Lab(NAME)
    try:
        step(f"1. A lab named {NAME}: cluster controllers cc1 and cc2, node controller nc1, and a host outside")
        lab.down()
        lab.up(RELEASE)
        cluster = Cluster(lab)
        vip, url = cluster.vip, cluster.url

        step(f"2. eucalyptus.ha.gateway: both cluster controllers share the VIP {vip}; it goes to the ENABLED one")
        playbook(lab, "gateway")
        step("3. eucalyptus.ha.nc_route: nc1, which had no default route, gets the VIP as its default gateway")
        playbook(lab, "nc_route")
        step("4. eucalyptus.ha.status, before the failover")
        playbook(lab, "status")
        step(f"5. nc1 fetches {url} through the gateway")
        before = fetch(lab, url)
        print(before)

        step("6. The cloud controller disables cc1 and, as soon as that is answered, enables cc2 (signed SOAP calls)")
        with AddressWatch(lab, vip, ["cc1", "cc2"]) as watch:
            flip = cluster.flip("cc1", "cc2")
            arrived = watch.wait_for("cc2", True, flip["disable_sent"], 30)
            left = watch.wait_for("cc1", False, flip["disable_sent"], 30)
        print(
            f"cc1 disabled: answered {1000 * (flip['disable_answered'] - flip['disable_sent']):.0f} ms after the call"
        )
        print(f"cc2 enabled:  answered {1000 * (flip['enable_answered'] - flip['disable_sent']):.0f} ms after the call")
        print(
            f"The VIP was on cc2 {arrived.when - flip['disable_sent']:.2f} s and off cc1 {left.when - flip['disable_sent']:.2f} s after it."
        )

        step("7. eucalyptus.ha.status, after the failover")
        time.sleep(1)
        playbook(lab, "status")
        step("8. nc1 fetches the page again")
        after = fetch(lab, url)
        print(after)

        step("Summary")
        print(
            f"The VIP {vip} was on cc1, and moved to cc2 {arrived.when - flip['disable_sent']:.2f} s after the Disable call."
        )
        print(f"nc1 reached the outside before ({before.split('; ')[-1]}) and after ({after.split('; ')[-1]}).")
        print(f"The lab is still there: inventory {lab.inventory.relative_to(REPO)}. `make demo-clean` removes it.")
    except LabError as error:
        print(f"\ndemo: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
