# SPDX-License-Identifier: GPL-3.0-or-later
"""What a cluster controller (MANAGED modes, up to 4.1) does to its host's packet filter, once a second.

Not ENABLED: flush the filter and nat tables, FORWARD ACCEPT, load the preload file again. On becoming ENABLED: FORWARD DROP
and MASQUERADE but for the instances' network. Rules put anywhere but into the preload file do not survive it, which is
what the gateway's own rules must cope with.
"""

import os
import subprocess
import sys
import time

STATE_FILE = "/var/lib/eucalyptus/CC/eucalyptusCCConfig"
PRELOAD = "/etc/eucalyptus/iptables-preload"
INSTANCES = "172.30.0.0/16"


def iptables(*args: str) -> None:
    subprocess.run(["iptables", "-w", *args], check=True)


def local_state() -> str | None:
    try:
        with open(STATE_FILE, "rb") as handle:
            data = handle.read()
    except FileNotFoundError:
        return None
    found = data.find(b"ERRORS=")
    return data[found - 36 : found - 4].split(b"\0")[0].decode() if found >= 36 else None


def reload_tables(forward: str) -> None:
    iptables("-t", "filter", "-F")
    iptables("-t", "nat", "-F")
    if os.path.exists(PRELOAD):
        with open(PRELOAD, "rb") as rules:
            subprocess.run(["iptables-restore"], stdin=rules, check=True)
    iptables("-P", "FORWARD", forward)
    if forward == "DROP":
        iptables("-A", "FORWARD", "-s", INSTANCES, "-j", "ACCEPT")
        iptables(
            "-A", "FORWARD", "-d", INSTANCES, "-m", "conntrack", "--ctstate", "ESTABLISHED,RELATED", "-j", "ACCEPT"
        )
        iptables("-t", "nat", "-A", "POSTROUTING", "-s", INSTANCES, "-j", "MASQUERADE")


def main() -> None:
    before = None
    while True:
        state = local_state()
        try:
            if state != "ENABLED":
                reload_tables("ACCEPT")
            elif before != "ENABLED":
                reload_tables("DROP")
            before = state
        except subprocess.CalledProcessError as error:
            # As the CC: it logs and tries again at the next round.
            print(error, file=sys.stderr, flush=True)
        time.sleep(1)


if __name__ == "__main__":
    main()
