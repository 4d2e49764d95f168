# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be done to a lab's hosts, and how it is all undone.

Processes are signalled from outside, by their numbers on this machine: that takes microseconds and is the moment that counts,
where a command inside of the container takes a tenth of a second to start.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from pathlib import Path

from cc_simulator import cloud
from certificates import expired_certificate
from lab import LabError, podman
from measure import CONTROLLERS, Measurement
from watch import pid_of, wait_until

GROUPS = Path("/sys/fs/cgroup/cpu")  # there with version 1 only
POLL = 2.0  # seconds between two probes to a controller that is ENABLED; the longest there are
STANDBY_POLL = 1.0  # seconds between two probes to one that is not
UNIT = "/etc/systemd/system/keepalived.service.d"
OTHER_UNIT = "/etc/systemd/system/keepalived.service"
# What matters in the unit of EL 7 to 9: a daemon of its own, whose children systemd leaves alone.
EL_UNIT = """[Unit]
Description=LVS and VRRP High Availability Monitor
After=network-online.target syslog.target
Wants=network-online.target

[Service]
Type=forking
PIDFile=/run/keepalived.pid
KillMode=process
ExecStart=/usr/sbin/keepalived -D
ExecReload=/bin/kill -HUP $MAINPID

[Install]
WantedBy=multi-user.target
"""
CERTIFICATE = "/var/lib/eucalyptus/keys/cloud-cert.pem"
RUN_DIR = "/run/eucalyptus-ha"
# The file is named by whoever wrote keepalived.conf.
MEMORY = "cat $(sed -n 's/.*--memory \\([^\" ]*\\).*/\\1/p' /etc/keepalived/keepalived.conf) 2>/dev/null || true"
# The tables that a cluster controller flushes are filter and nat.
BLOCK = "iptables -w -t mangle {} PREROUTING -p 112 -j DROP"


def processes(pid: int, words: str) -> list[int]:
    """This machine's numbers of the processes in a container (of which `pid` is one) whose command line has these words."""
    space = os.readlink(f"/proc/{pid}/ns/pid")
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            if os.readlink(entry / "ns/pid") == space:
                line = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if words in line:
                    found.append(int(entry.name))
    return sorted(found)


class Stage:
    """A lab, with one holder of the VIP and one standby, to which things are done."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.lab = cluster.lab
        self.holder, self.standby = CONTROLLERS
        self.measured: Measurement | None = None
        self._realtime = False
        self.clouds = {
            host: cloud.CloudController(cluster.address[host], cloud.DEFAULT_PORT, str(self.lab.dir / "keys"))
            for host in CONTROLLERS
        }

    def be_like_a_real_host(self) -> None:
        """Undo a way in which a container on version 1 of control groups is unlike a host.

        Its systemd is never told that the last process of a unit has ended, so that after a kill it waits for its 90 s time-out
        before it starts the unit again.
        """
        if not GROUPS.exists():
            return
        for host in CONTROLLERS:
            self.cluster.sh(
                host,
                f"mkdir -p {UNIT}; printf '[Service]\\nKillMode=process\\n' > {UNIT}/90-lab.conf; systemctl daemon-reload",
            )

    def realtime(self, on: bool) -> None:
        """Let both hosts' keepalived have the real-time priority that it is configured for, which a container may not by itself.

        Not for longer than a fault needs it: without CAP_SYS_RESOURCE keepalived 2.2.7 sets RLIMIT_RTTIME to 0 at a reload, and
        the kernel kills it (lib/process.c resets to a limit that it never read).
        """
        if not GROUPS.exists() or on is self._realtime:
            return
        for host in (self.standby, self.holder):
            self.cluster.sh(host, "systemctl stop keepalived")
            lines = Path(f"/proc/{pid_of(self.lab, host)}/cgroup").read_text(encoding="ascii").splitlines()
            own = next(Path(line.split(":", 2)[2].lstrip("/")) for line in lines if line.split(":")[1] == "cpu")
            parents = [place for place in reversed(own.parents) if place != Path()]
            for place, share in [*[(parent, 800000) for parent in parents if on], (own, 150000 if on else 0)]:
                runtime = GROUPS / place / "cpu.rt_runtime_us"
                if not on or int(runtime.read_text(encoding="ascii")) < share:
                    runtime.write_text(str(share), encoding="ascii")
            self.cluster.sh(host, "systemctl start keepalived")
            time.sleep(2 * POLL)
        self._realtime = on

    def hosts(self, roles: tuple[str, ...]) -> set[str]:
        return {getattr(self, role) for role in roles}

    # --- the cluster controllers

    def enable(self, host: str) -> float:
        return self._act(host, "EnableService")

    def disable(self, host: str) -> float:
        return self._act(host, "DisableService")

    def _act(self, host: str, operation: str) -> float:
        one = self.clouds[host]
        body = one.envelope(operation)
        sent = time.time()
        one.read(*one.post(body, cloud.action(operation)))
        return sent

    def flip(self, gap: float = 0.0, overlap: bool = False) -> float:
        """The cloud makes the standby's controller the ENABLED one; the moment from which that was to be seen."""
        times = cloud.flip(self.clouds[self.holder], self.clouds[self.standby], gap, overlap)
        self.swap()
        return times["enable_sent"] if gap else min(times.values())

    def swap(self) -> None:
        """From now on the standby is the one that must hold."""
        self.holder, self.standby = self.standby, self.holder

    def controller(self, host: str, number: signal.Signals) -> float:
        """Send a signal to the host's cluster controller."""
        return self._signal(host, "cc_simulator serve", number)

    def behave(self, host: str, *action: str) -> float:
        now = time.time()
        self.cluster.control(host, *action)
        return now

    def wrong_clock(self, host: str, hours: int) -> float:
        """The host's controller goes on with another idea of the time than whoever asks it."""
        clock = datetime.now(timezone.utc) + timedelta(hours=hours)
        self.cluster.sh(host, f"sed -i 's/$/ --clock {clock:%Y-%m-%dT%H:%M:%SZ}/' /etc/default/cc-simulator")
        return self._restart(host, "ENABLED" if host == self.holder else "DISABLED")

    def expire_certificates(self) -> float:
        """The cloud's certificate on both hosts is one whose time is over; its key is the same."""
        expired = expired_certificate(self.lab.dir / "keys" / "cloud-pk.pem")
        now = time.time()
        for host in (self.standby, self.holder):
            self.lab.exec(host, "sh", "-c", f"cat > {CERTIFICATE}", input=expired)
            self._restart(host, "ENABLED" if host == self.holder else "DISABLED")
        return now

    def resume(self, host: str, state: str) -> float:
        """The host's controller comes back in the state that it was in, without an order of the cloud."""
        return self._restart(host, state)

    def _restart(self, host: str, state: str) -> float:
        now = time.time()
        self.cluster.restart_controller(host, state)
        return now

    def _untamper(self, host: str) -> None:
        certificate = (self.lab.dir / "keys" / "cloud-cert.pem").read_text(encoding="ascii")
        found = self.cluster.sh(host, f"cat {CERTIFICATE}; grep -o -e --clock /etc/default/cc-simulator || true")
        if found != certificate:
            self.lab.exec(host, "sh", "-c", f"cat > {CERTIFICATE}", input=certificate)
            self.cluster.sh(
                host, "sed -i 's/ --clock [^ ]*//' /etc/default/cc-simulator; systemctl restart cc-simulator"
            )

    def set_state(self, host: str, state: str) -> float:
        """Past the cloud, whose requests a controller with another certificate does not take."""
        now = time.time()
        self.cluster.control(host, "set-state", state)
        return now

    def check_says(self, host: str) -> str:
        """The line that the check on the host said last."""
        lines = self.cluster.sh(host, MEMORY).splitlines()
        return next((line.removeprefix("message ") for line in lines if line.startswith("message ")), "")

    # --- keepalived and the hosts

    def keepalived(self, host: str, number: signal.Signals) -> float:
        """Send a signal to all processes of the host's keepalived."""
        return self._signal(host, "/usr/sbin/keepalived", number)

    def keepalived_parent(self, host: str, number: signal.Signals) -> float:
        """Send a signal to the process that started the others of the host's keepalived."""
        found = processes(pid_of(self.lab, host), "/usr/sbin/keepalived")
        parents = {pid: int(Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[1]) for pid in found}
        (first,) = [pid for pid, parent in parents.items() if parent not in found]
        now = time.time()
        os.kill(first, number)
        return now

    def unit(self, el: bool) -> None:
        """Both hosts' keepalived as a unit like that of Enterprise Linux, or as the distribution's own."""
        for host in CONTROLLERS:
            there = self.cluster.status(host, f"test -e {OTHER_UNIT}") == 0
            if there is el:
                continue
            self.cluster.sh(host, "systemctl stop keepalived")
            if el:
                self.lab.exec(host, "sh", "-c", f"cat > {OTHER_UNIT}", input=EL_UNIT)
            else:
                self.cluster.sh(host, f"rm {OTHER_UNIT}")
            self.cluster.sh(host, "systemctl daemon-reload; systemctl start keepalived")

    def _signal(self, host: str, words: str, number: signal.Signals) -> float:
        found = processes(pid_of(self.lab, host), words)
        if not found:
            raise LabError(f"no process `{words}` on {host} to be signalled")
        now = time.time()
        for pid in found:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, number)
        return now

    def freeze(self, host: str) -> float:
        """All processes of the host stand still; its kernel, and so its addresses, do not."""
        now = time.time()
        podman("pause", self.lab.container(host))
        return now

    def thaw(self, host: str) -> float:
        now = time.time()
        podman("unpause", self.lab.container(host))
        return now

    def power_off(self, host: str) -> float:
        """The host is gone at once, network and all. When it comes back, its CC is DISABLED until the cloud says otherwise."""
        self.cluster.sh(host, "sed -i 's/--state [A-Z]*/--state DISABLED/' /etc/default/cc-simulator; sync")
        now = time.time()
        podman("kill", "--signal", "KILL", self.lab.container(host))
        self.measured.holders.gone(host, time.time())
        return now

    def power_on(self, host: str) -> float:
        now = time.time()
        podman("start", self.lab.container(host))
        if self.measured:
            self.measured.holders.back(host)
        return now

    def link(self, host: str, state: str) -> float:
        pid = pid_of(self.lab, host)  # asks podman, which may take seconds while it makes other containers
        now = time.time()
        subprocess.run(["nsenter", "--target", str(pid), "--net", "ip", "link", "set", "eth0", state], check=True)
        return now

    def block_vrrp(self, on: bool) -> float:
        for host in CONTROLLERS:
            self.cluster.sh(host, BLOCK.format("-A" if on else "-D"))
        return time.time()

    def fill(self, host: str) -> float:
        """No room where the check keeps its memory; a file system of its own, as the real disk is everybody's."""
        enter = ["nsenter", "--target", str(pid_of(self.lab, host)), "--mount"]
        subprocess.run([*enter, "mount", "-t", "tmpfs", "-o", "size=16k,mode=0777", "full", RUN_DIR], check=True)
        now = time.time()
        full = subprocess.run(
            [*enter, "dd", "if=/dev/zero", f"of={RUN_DIR}/rest", "bs=1k"], check=False, capture_output=True
        )
        if full.returncode == 0:
            raise LabError(f"the small file system on {host} took all that was written")
        return now

    def unfill(self, host: str) -> float:
        now = time.time()
        subprocess.run(
            ["nsenter", "--target", str(pid_of(self.lab, host)), "--mount", "umount", RUN_DIR], check=False,
            capture_output=True,
        )  # fmt: skip
        return now

    @contextlib.contextmanager
    def starved(self, seconds: float) -> Iterator[None]:
        """Both hosts full of processes that want the CPU, more than this machine has.

        In a unit, where they compete with keepalived's as another service of the host does. Started by `podman exec` they would be beside
        all services together, and with this process's own niceness.
        """
        count = 2 * (os.cpu_count() or 1)
        burn = f"for i in $(seq {count}); do timeout {seconds} sh -c 'while :; do :; done' & done; wait"
        for host in CONTROLLERS:
            # A file, since systemd would expand what begins with a dollar.
            self.lab.exec(host, "sh", "-c", "cat > /run/starve.sh", input=burn)
            self.cluster.sh(host, "systemd-run --quiet --collect --property=Nice=0 sh /run/starve.sh")
        yield

    def neighbour(self) -> str:
        """The MAC address that nc1 has for the VIP."""
        shown = self.cluster.sh("nc1", f"ip -json neigh show {self.cluster.vip}")
        return next((entry["lladdr"] for entry in json.loads(shown or "[]") if "lladdr" in entry), "")

    def mac(self, host: str) -> str:
        return self.cluster.sh(host, "cat /sys/class/net/eth0/address").strip()

    # --- back to where everything is well

    def make_well(self, settle: float = 2.5) -> None:
        """Undo whatever was done; then the one that holds the VIP is ENABLED, the other DISABLED, and both checks know it."""
        for host in CONTROLLERS:
            state = podman("inspect", "--format", "{{.State.Status}}", self.lab.container(host)).stdout.strip()
            if state == "paused":
                self.thaw(host)
            elif state != "running":
                podman("start", self.lab.container(host))
                wait_until(
                    lambda h=host: self.cluster.status(h, "systemctl is-active -q keepalived") == 0,
                    60,
                    f"{host} started",
                )
            self.unfill(host)
            self._untamper(host)
            for number in processes(pid_of(self.lab, host), "cc_simulator serve"):
                os.kill(number, signal.SIGCONT)
            for number in processes(pid_of(self.lab, host), "while :; do :; done"):
                os.kill(number, signal.SIGKILL)
            self.link(host, "up")
            self.cluster.sh(host, BLOCK.format("-D") + " 2>/dev/null || true")
            self.cluster.sh(
                host, "systemctl reset-failed; systemctl is-active -q cc-simulator || systemctl start cc-simulator"
            )
            self.cluster.sh(
                host, "systemctl is-active -q keepalived || { rm -f /run/keepalived*.pid; systemctl start keepalived; }"
            )
        self.realtime(False)
        holders = self.cluster.holders()
        self.holder = holders[0] if len(holders) == 1 else CONTROLLERS[0]
        self.standby = next(host for host in CONTROLLERS if host != self.holder)
        for host, state in ((self.holder, "ENABLED"), (self.standby, "DISABLED")):
            wait_until(
                lambda h=host: self.cluster.status(h, "test -S /run/cc-simulator/control") == 0,
                30,
                f"{host}'s controller",
            )
            self.cluster.control(host, "normal")
            self.cluster.control(host, "set-state", state)
        wait_until(lambda: self.cluster.holders() == [self.holder], 30, f"{self.holder} alone holds the VIP")
        for host, state in ((self.holder, "ENABLED"), (self.standby, "DISABLED")):
            wait_until(lambda h=host, s=state: self.check_says(h).startswith(f"{s}: ") and "--grace" not in self.check_says(h),
                       30, f"the check on {host} says {state}")  # fmt: skip
        # The check's word must have reached keepalived, and the peers each other.
        time.sleep(settle)
