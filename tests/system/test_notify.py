# SPDX-License-Identifier: GPL-3.0-or-later
"""P6: MASTER and BACKUP within 3 to 20 ms, a thousand times: the state file says in the end what keepalived is.

By a real keepalived, the one of this machine or the one that KEEPALIVED names, which another router's adverts drive back and forth; and by
a stand-in for it that starts scripts as 1.3 does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.tests.unit.roles.cc_gateway.files.test_eucalyptus_ha_notify import Place, race

TRIES = 1000
KEEPALIVED = os.environ.get("KEEPALIVED", "/usr/sbin/keepalived")

CONFIGURATION = """\
vrrp_instance gateway {{
    state BACKUP
    interface eth0
    virtual_router_id 45
    priority 254
    advert_int 1
    virtual_ipaddress {{
        10.0.0.10/32 dev eth0
    }}
    notify {script}
}}
"""

# $1: keepalived, $2: its configuration, $3...: what drives it. In namespaces of its own, with 10.0.0.2 at the other end of a cable.
SETTING = """
ip link add eth0 type veth peer name eth1
ip link set eth0 up && ip link set eth1 up && ip addr add 10.0.0.1/24 dev eth0
mount -t tmpfs none /run
"$1" --dont-fork --log-console --use-file="$2" > "$2.log" 2>&1 &
keepalived=$!
shift 2
"$@"
status=$?
kill "$keepalived"
wait "$keepalived"
exit "$status"
"""

# The other router. An advert of priority 255 makes keepalived BACKUP at once, one of 0 makes it MASTER (256 - 254) / 256 s later.
DRIVER = """
import glob, json, random, socket, struct, subprocess, sys, time

script, file, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
cable = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
cable.bind(("eth1", 0x0800))

def checksum(data):
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return struct.pack("!H", ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF)

def advert(priority):
    vrrp = struct.pack("!BBBBBBH", 0x21, 45, priority, 1, 0, 1, 0) + socket.inet_aton("10.0.0.10") + bytes(8)
    vrrp = vrrp[:6] + checksum(vrrp) + vrrp[8:]
    head = struct.pack("!BBHHHBBH", 0x45, 0xC0, 20 + len(vrrp), 1, 0, 255, 112, 0)
    head += socket.inet_aton("10.0.0.2") + socket.inet_aton("224.0.0.18")
    head = head[:10] + checksum(head) + head[12:]
    cable.send(bytes.fromhex("01005e000012" "525400000002" "0800") + head + vrrp)

def held():
    return b"10.0.0.10" in subprocess.run(["ip", "-o", "address"], capture_output=True, check=True).stdout

def running():
    for path in glob.glob("/proc/[0-9]*/cmdline"):
        try:
            if {script.encode(), b"INSTANCE"} <= set(open(path, "rb").read().split(b"\\0")):
                return True
        except OSError:
            pass
    return False

def recorded():
    return [line[6:-1] for line in open(file) if line.startswith("state=")]

end = time.monotonic() + 60
while not held():
    assert time.monotonic() < end, "keepalived never became MASTER"
    time.sleep(0.1)
wrong, moves = [], 0
for number in range(count):
    wanted = []
    for priority in random.choice(((255, 0), (255, 0, 255), (255, 0, 255, 0))):
        advert(priority)
        wanted.append(priority)
        time.sleep(random.uniform(0.003, 0.020))
    # keepalived is soon what the last advert asks for, and the file too. Three seconds without adverts make it MASTER by itself.
    end = time.monotonic() + 2.5
    while time.monotonic() < end:
        last = [held(), running(), recorded()]
        if last == [wanted[-1] == 0, False, ["BACKUP", "MASTER"][wanted[-1] == 0 :][:1]]:
            break
        time.sleep(0.01)
    else:
        wrong.append(f"try {number}, adverts {wanted}: VIP held, scripts running, recorded: {last}")
    moves += len(wanted)
print(json.dumps([wrong, moves]))
"""


@pytest.fixture
def place() -> Iterator[Place]:
    with tempfile.TemporaryDirectory(prefix="notify-") as name:
        yield Place(Path(name))


def test_p6_a_thousand_quick_transitions_of_a_real_keepalived(place: Place) -> None:
    configuration = place.script.with_name("keepalived.conf")
    configuration.write_text(CONFIGURATION.format(script=place.script), encoding="utf-8")
    done = subprocess.run(
        ["unshare", "--net", "--mount", "--pid", "--fork", "--mount-proc", "sh", "-c", SETTING, "sh", KEEPALIVED, configuration,
         sys.executable, "-c", DRIVER, place.script, place.file, str(TRIES)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr + configuration.with_name("keepalived.conf.log").read_text(encoding="utf-8")[-2000:]
    wrong, moves = json.loads(done.stdout)
    assert moves > 2 * TRIES
    assert wrong == []


def test_p6_a_thousand_quick_transitions_as_keepalived_1_3_starts_scripts(place: Place) -> None:
    assert race(place, "system", TRIES) == []
