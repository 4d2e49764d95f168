# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab: hosts of a small Eucalyptus HA cluster as systemd containers, reached over SSH like real ones.

    lab.py up NAME [--release bookworm] [--topology cluster]
                                          make the hosts of lab NAME and wait until SSH answers
    lab.py down NAME                      remove them, their networks and everything else of theirs
    lab.py image [--release bookworm]     the image of their hosts alone, where it is not there yet
    lab.py list                           the labs that are there
    lab.py purge                          remove the images as well (no lab may be left)

`up` prints the path of the inventory. Hosts of the topology `cluster`: cc1 and cc2 (cluster controllers), nc1 (node
controller, on the private network alone, without any default route), outside (an HTTP server beyond the gateway: Walrus
and the world).
Topology `platforms`: debian11, debian12 and debian13, for role keepalived alone. Topology `pair`: two hosts of whatever
LAB_BASE_IMAGE is, for the same; LAB_FAMILY=el where that is an Enterprise Linux.
Several labs of different names can run side by side; each has networks of its own.

Needs root, podman and, where no base image is given by LAB_BASE_IMAGE, debootstrap. Only the standard library is used,
so that it runs before anything is installed.
"""

from __future__ import annotations

import argparse
import fcntl
import hashlib
import ipaddress
import json
import os
import shlex
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
REPO = HERE.parent.parent
CACHE = Path(os.environ.get("LAB_CACHE", REPO / ".cache" / "lab"))
LABEL = "eucalyptus-ha-lab"
IMAGE = "localhost/eucalyptus-ha-lab"
# From the ranges that RFC 2544 sets apart for test networks, so that no network of the machine's own is hidden.
PRIVATE_POOL = ipaddress.IPv4Network("198.18.0.0/16")
OUTSIDE_POOL = ipaddress.IPv4Network("198.19.0.0/16")
VIP_HOST_PART = 10


class LabError(Exception):
    """Something a person has to look at; the message says what."""


@dataclass(frozen=True)
class Host:
    """One host of the lab: its place in the networks (host parts of the addresses) and what it is."""

    name: str
    group: str
    private: int | None = None
    outside: int | None = None
    cc_name: str | None = None
    cc_state: str | None = None
    sysctls: tuple[str, ...] = field(default_factory=tuple)
    release: str | None = None

    def address(self, private: ipaddress.IPv4Network, outside: ipaddress.IPv4Network) -> ipaddress.IPv4Address:
        """Where it is reached: in the private network if it is there, else outside."""
        if self.private:
            return private[self.private]
        if self.outside:
            return outside[self.outside]
        raise LabError(f"{self.name} is in neither network")


# The one definition of the labs; molecule, the system tests and the demo all come here.
TOPOLOGIES = {
    "cluster": (
        # The CC itself switches forwarding on at start (cc-protocol.md); in a container /proc/sys is read-only.
        Host("cc1", "eucalyptus_cc", 11, 11, "CC_01", "ENABLED", ("net.ipv4.ip_forward=1",)),
        Host("cc2", "eucalyptus_cc", 12, 12, "CC_02", "DISABLED", ("net.ipv4.ip_forward=1",)),
        Host("nc1", "eucalyptus_nc", private=21),
        Host("outside", "eucalyptus_outside", outside=80),
    ),
    # keepalived alone, as three releases of Debian have it. They reach their package archives over the network `outside`.
    "platforms": (
        Host("debian11", "keepalived", 31, 31, release="bullseye"),
        Host("debian12", "keepalived", 32, 32, release="bookworm"),
        Host("debian13", "keepalived", 33, 33, release="trixie"),
    ),
    # The same, on a distribution's own image.
    "pair": (
        Host("left", "keepalived", 41, 41),
        Host("right", "keepalived", 42, 42),
    ),
}


def run(
    *args: object, check: bool = True, quiet: bool = True, apart: bool = False, **kwargs: Any
) -> subprocess.CompletedProcess[str]:
    """Run a program; a failure becomes a LabError with what the program said. `apart` keeps its errors out of its output."""
    done = subprocess.run(
        [str(a) for a in args], text=True, check=False, stdout=subprocess.PIPE if quiet else None,
        stderr=(subprocess.PIPE if apart else subprocess.STDOUT) if quiet else None, **kwargs,
    )  # fmt: skip
    if check and done.returncode:
        said = (done.stdout or "") + (done.stderr or "")
        raise LabError(f"`{' '.join(str(a) for a in args)}` ended with {done.returncode}:\n{said[-4000:]}")
    return done


def commit() -> str:
    """The commit of this tree, and whether other files than pages were changed since: what a page says of the code that it measured."""
    git = ("git", "-C", REPO)
    changed = run(*git, "status", "--porcelain", "--untracked-files=no", "--", ":!docs").stdout.strip()
    return f"commit {run(*git, 'rev-parse', '--short', 'HEAD').stdout.strip()}{' with changes' if changed else ''}"


def podman(*args: object, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    """podman, with the runtime that this machine's control groups ask for. Its warnings are not part of what it lists."""
    base = ["podman"]
    if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
        # Hybrid control groups: crun and the systemd manager refuse them.
        base += ["--runtime", "runc", "--cgroup-manager", "cgroupfs"]
    return run(*base, *args, apart=args[0] != "exec", **kwargs)


@contextmanager
def locked(what: str) -> Iterator[None]:
    """One lab command at a time where they would step on each other (subnets, images), those of other checkouts too."""
    with open(f"/run/lock/eucalyptus-ha-lab-{what}", "w", encoding="ascii") as handle:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield


# --- image -------------------------------------------------------------------------------------------


def image_for(release: str) -> str:
    """The lab image of a Debian release; built when it is not there or its Containerfile has changed."""
    base = os.environ.get("LAB_BASE_IMAGE", "")
    family = os.environ.get("LAB_FAMILY", "debian")
    containerfile = HERE / {"debian": "Containerfile", "el": "Containerfile.el"}[family]
    if family != "debian" and not base:
        raise LabError(f"LAB_FAMILY={family} wants an image in LAB_BASE_IMAGE: debootstrap makes Debian only")
    recipe = containerfile.read_bytes() + base.encode()
    tag = f"{IMAGE}:{release}-{hashlib.sha256(recipe).hexdigest()[:12]}"
    with locked("image"):
        if podman("image", "exists", tag, check=False).returncode == 0:
            return tag
        if not base:
            base = f"{IMAGE}-base:{release}"
            if podman("image", "exists", base, check=False).returncode:
                debootstrap(release, base)
        say(f"building the image {tag}")
        podman(
            "build",
            "--quiet",
            "--ulimit",
            "nofile=1024:1024",
            "--build-arg",
            f"BASE={base}",
            "--label",
            f"{LABEL}-image=1",
            "--tag",
            tag,
            "--file",
            containerfile,
            HERE,
        )
    return tag


def debootstrap(release: str, tag: str) -> None:
    say(f"debootstrap of Debian {release}, as no base image is named (LAB_BASE_IMAGE)")
    CACHE.mkdir(parents=True, exist_ok=True)
    root = CACHE / f"root-{release}"
    shutil.rmtree(root, ignore_errors=True)
    run("debootstrap", "--variant=minbase", release, root)
    archive = CACHE / f"root-{release}.tar"
    run("tar", "-C", root, "-cf", archive, ".")
    podman("import", "--change", f"LABEL {LABEL}-image=1", archive, tag)
    shutil.rmtree(root)
    archive.unlink()


# --- a lab -------------------------------------------------------------------------------------------


def say(text: str) -> None:
    print(f"lab: {text}", file=sys.stderr, flush=True)


class Lab:
    """A lab of a given name, there or not."""

    def __init__(self, name: str):
        if not (name.isascii() and name.replace("-", "").isalnum() and len(name) <= 20):
            raise LabError(f"lab name {name!r}: letters, digits and hyphens, at most 20, please")
        self.name = name
        self.dir = CACHE / name
        self.inventory = self.dir / "inventory.yml"

    def container(self, host: str) -> str:
        return f"{self.name}-{host}"

    def network(self, side: str) -> str:
        return f"{self.name}-{side}"

    # up

    def up(self, release: str, topology: str = "cluster") -> None:
        if self.containers():
            raise LabError(f"lab {self.name} is there already: `lab.py down {self.name}` first")
        remember_netavark_chains()
        self.hosts = TOPOLOGIES[topology]
        images = {host.name: image_for(host.release or release) for host in self.hosts}
        say(f"lab {self.name}: networks and hosts")
        shutil.rmtree(self.dir, ignore_errors=True)
        self.dir.mkdir(parents=True)
        private, outside = self._networks()
        self._keys()
        for host in self.hosts:
            self._host(host, images[host.name], private, outside)
        self._inventory(private, outside)
        for host in self.hosts:
            self._furnish(host, private, outside)
        self.wait_for_ssh()

    def _networks(self) -> tuple[ipaddress.IPv4Network, ipaddress.IPv4Network]:
        with locked("networks"):
            taken = _subnets_in_use()
            number = next(
                (
                    n
                    for n in range(256)
                    if not any(_nth(pool, n).overlaps(net) for pool in (PRIVATE_POOL, OUTSIDE_POOL) for net in taken)
                ),
                None,
            )
            if number is None:
                raise LabError("no free subnet left in 198.18.0.0/15; `lab.py list` shows the labs that are there")
            private, outside = _nth(PRIVATE_POOL, number), _nth(OUTSIDE_POOL, number)
            common = ("--disable-dns", "--label", f"{LABEL}={self.name}")
            podman(
                "network",
                "create",
                *common,
                "--internal",
                "--subnet",
                private,
                "--gateway",
                private[254],
                self.network("private"),
            )
            podman(
                "network", "create", *common, "--subnet", outside, "--gateway", outside[254], self.network("outside")
            )
        return private, outside

    def _keys(self) -> None:
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", f"lab {self.name}", "-f", self.dir / "id_ed25519")
        # The cloud's and the cluster's identity, as Eucalyptus would have made them; throw-away.
        run(
            sys.executable,
            "-m",
            "cc_simulator",
            "keys",
            self.dir / "keys",
            env={**os.environ, "PYTHONPATH": str(REPO / "tests")},
        )

    def _host(self, host: Host, image: str, private: ipaddress.IPv4Network, outside: ipaddress.IPv4Network) -> None:
        networks = []
        if host.private:
            networks += ["--network", f"{self.network('private')}:ip={private[host.private]},interface_name=eth0"]
        if host.outside:
            name = "eth1" if host.private else "eth0"
            networks += ["--network", f"{self.network('outside')}:ip={outside[host.outside]},interface_name={name}"]
        podman(
            "run", "--detach", "--systemd=always", "--name", self.container(host.name), "--hostname", host.name,
            "--label", f"{LABEL}={self.name}",
            "--cap-add", "NET_ADMIN", "--cap-add", "NET_RAW", "--cap-add", "SYS_NICE",
            "--ulimit", "nofile=1024:1024", "--ulimit", "nproc=10000:10000", "--stop-timeout", "5",
            *[part for sysctl in host.sysctls for part in ("--sysctl", sysctl)], *networks, image,
        )  # fmt: skip

    def _inventory(self, private: ipaddress.IPv4Network, outside: ipaddress.IPv4Network) -> None:
        groups: dict[str, dict] = {}
        for host in self.hosts:
            address = host.address(private, outside)
            groups.setdefault(host.group, {"hosts": {}})["hosts"][host.name] = {"ansible_host": str(address)}
        if "eucalyptus_cc" in groups:
            self._cluster_variables(groups, private)
        known = self.dir / "known_hosts"
        variables = {
            "ansible_user": "root",
            "ansible_ssh_private_key_file": str(self.dir / "id_ed25519"),
            "ansible_ssh_common_args": f"-o UserKnownHostsFile={known} -o StrictHostKeyChecking=accept-new "
            f"-o ControlPath={self._control_path()}",
            "ansible_python_interpreter": "/usr/bin/python3",
            "lab_name": self.name,
            "lab_directory": str(self.dir),
        }
        for host in self.hosts:
            if host.group == "eucalyptus_outside":
                variables["lab_outside_url"] = f"http://{host.address(private, outside)}/"
        # JSON is YAML; Ansible reads it by either name.
        inventory = {"all": {"vars": variables, "children": groups}}
        self.inventory.write_text(json.dumps(inventory, indent=2) + "\n", encoding="utf-8")

    def _cluster_variables(self, groups: dict[str, dict], private: ipaddress.IPv4Network) -> None:
        keys = self.dir / "keys"
        groups["eucalyptus_cc"]["vars"] = {
            "cc_gateway_vip": str(private[VIP_HOST_PART]),
            # The control node asks the controllers itself, with copies of the keys; see the role's README.
            "cc_gateway_ask_from": "control_node",
            "cc_gateway_control_key": str(keys / "cloud-pk.pem"),
            "cc_gateway_control_cert": str(keys / "cloud-cert.pem"),
            "cc_gateway_control_cc_cert": str(keys / "cluster-cert.pem"),
        }

    def _control_path(self) -> str:
        # Unix sockets have short names (108 bytes): not below the repository, which may be deep.
        return f"/tmp/lab-{self.name}-%C"  # ssh makes it mode 0600 itself

    def _furnish(self, host: Host, private: ipaddress.IPv4Network, outside: ipaddress.IPv4Network) -> None:
        """Files and services of the host, as the operating system and Eucalyptus would have them."""
        put = {"/root/.ssh/authorized_keys": (self.dir / "id_ed25519.pub").read_text(encoding="ascii")}
        # Units can be started once systemd has come up; it says "degraded" where one of the container's failed.
        script = ["set -e", "timeout 30 systemctl is-system-running --wait >/dev/null || [ $? -ne 124 ]"]
        if host.cc_name:
            cc_address = host.address(private, outside)
            put["/etc/eucalyptus/eucalyptus.conf"] = (
                'EUCALYPTUS="/"\nEUCA_USER="eucalyptus"\nCC_PORT="8774"\nVNET_MODE="MANAGED-NOVLAN"\n'
                f'VNET_PRIVINTERFACE="eth0"\nVNET_PUBINTERFACE="eth1"\nVNET_PUBLICIPS="{outside[200]}-{outside[210]}"\n'
                'VNET_SUBNET="172.30.0.0"\nVNET_NETMASK="255.255.0.0"\n'
            )
            put["/etc/default/cc-simulator"] = (
                f"CC_SIMULATOR_ARGS=--keys /var/lib/eucalyptus/keys --name {host.cc_name} --state {host.cc_state} "
                f"--service-uri http://{cc_address}:8774/axis2/services/EucalyptusCC "
                "--state-file /var/lib/eucalyptus/CC/eucalyptusCCConfig --control /run/cc-simulator/control\n"
            )
            for name in ("cloud-pk.pem", "cloud-cert.pem", "cluster-pk.pem", "cluster-cert.pem"):
                put[f"/var/lib/eucalyptus/keys/{name}"] = (self.dir / "keys" / name).read_text(encoding="ascii")
            self._copy(REPO / "tests" / "cc_simulator", host.name, "/opt/cc_simulator")
            put["/etc/systemd/system/cc-simulator.service"] = (
                REPO / "tests/cc_simulator/cc-simulator.service"
            ).read_text(encoding="utf-8")
            put["/opt/cc_network.py"] = (HERE / "cc_network.py").read_text(encoding="utf-8")
            put["/etc/systemd/system/cc-network.service"] = _unit(
                "What a cluster controller does to the packet filter",
                "/usr/bin/python3 /opt/cc_network.py",
                "on-failure",
            )
            script += [
                "install -d -o eucalyptus -g eucalyptus -m 0700 /var/lib/eucalyptus/CC /var/lib/eucalyptus/keys",
                "chown eucalyptus:eucalyptus /var/lib/eucalyptus /var/lib/eucalyptus/keys/*",
                "chmod 0600 /var/lib/eucalyptus/keys/*-pk.pem",
                "systemctl daemon-reload", "systemctl enable --quiet --now cc-simulator.service cc-network.service",
            ]  # fmt: skip
        if host.group == "eucalyptus_outside":
            put["/opt/outside.py"] = (HERE / "outside.py").read_text(encoding="utf-8")
            put["/etc/systemd/system/outside.service"] = _unit(
                "Web server beyond the gateway", "/usr/bin/python3 /opt/outside.py", "on-failure"
            )
            script += ["systemctl daemon-reload", "systemctl enable --quiet --now outside.service"]
        for path, text in put.items():
            # Nobody else's business: keys and the like; owners and finer modes are set above.
            self.exec(host.name, "sh", "-c", f"umask 022; mkdir -p {os.path.dirname(path)}; cat > {path}", input=text)
        self.exec(host.name, "sh", "-c", "\n".join(script))

    def _copy(self, source: Path, host: str, target: str) -> None:
        packed = subprocess.run(
            ["tar", "-C", str(source), "--exclude=__pycache__", "-cf", "-", "."], check=True, capture_output=True
        ).stdout
        args = [
            "podman",
            "exec",
            "-i",
            self.container(host),
            "sh",
            "-c",
            f"mkdir -p {target} && tar -C {target} --no-same-owner -xf -",
        ]
        subprocess.run(args, input=packed, check=True)

    def exec(self, host: str, *command: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
        return podman("exec", "-i", self.container(host), *command, **kwargs)

    def wait_for_ssh(self, limit: float = 60) -> None:
        deadline = time.monotonic() + limit
        hosts = json.loads(self.inventory.read_text(encoding="utf-8"))["all"]
        for group in hosts["children"].values():
            for name, data in group["hosts"].items():
                while True:
                    done = run(
                        "ssh", "-i", self.dir / "id_ed25519", "-o", "BatchMode=yes", "-o", "ConnectTimeout=2",
                        "-o", f"UserKnownHostsFile={self.dir / 'known_hosts'}",
                        "-o", "StrictHostKeyChecking=accept-new",
                        f"root@{data['ansible_host']}", "true", check=False, stdin=subprocess.DEVNULL,
                    )  # fmt: skip
                    if done.returncode == 0:
                        break
                    if time.monotonic() > deadline:
                        raise LabError(
                            f"{name} ({data['ansible_host']}) does not answer over SSH after {limit:.0f} s:\n"
                            f"{done.stdout}"
                        )
                    time.sleep(0.3)

    def close_ssh(self) -> None:
        """End the shared connections to the hosts; the next one is made anew."""
        for socket in Path("/tmp").glob(f"lab-{self.name}-*"):
            run("ssh", "-o", f"ControlPath={socket}", "-O", "exit", "none", check=False)

    # down

    def containers(self) -> list[str]:
        listed = podman("ps", "--all", "--filter", f"label={LABEL}={self.name}", "--format", "{{.Names}}").stdout
        return listed.split()

    def down(self) -> None:
        with locked("networks"):
            # They outlive the hosts by a minute otherwise.
            self.close_ssh()
            for attempt in range(3):
                names = self.containers()
                if names:
                    # A container that ends at this very moment cannot be stopped, which podman 4.3 takes for a failure.
                    podman("rm", "--force", "--time", "2", *names, check=attempt == 2)
            listed = podman("network", "ls", "--filter", f"label={LABEL}={self.name}", "--format", "{{.Name}}").stdout
            for network in listed.split():
                podman("network", "rm", "--force", network)
            shutil.rmtree(self.dir, ignore_errors=True)
            forget_netavark_chains()


# --- what podman's network program leaves on the machine ----------------------------------------------

NETAVARK_BEFORE = CACHE / "netavark-chains.json"


def _netavark_rules() -> dict[str, list[str]]:
    """Lines of iptables-save that declare or jump to netavark's general chains, by table."""
    found: dict[str, list[str]] = {}
    table = ""
    for line in run("iptables-save").stdout.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif "NETAVARK" in line:
            found.setdefault(table, []).append(line.split(" [")[0])
    return found


def remember_netavark_chains() -> None:
    """Before the first lab: netavark makes chains of its own at its first use, and never removes them."""
    with locked("networks"):
        if not labs() and not NETAVARK_BEFORE.exists():
            CACHE.mkdir(parents=True, exist_ok=True)
            NETAVARK_BEFORE.write_text(json.dumps(_netavark_rules()), encoding="utf-8")


def forget_netavark_chains() -> None:
    """After the last lab: remove those chains, unless they were there before or somebody else's container may need them."""
    if labs() or not NETAVARK_BEFORE.exists() or podman("ps", "--quiet").stdout.strip():
        return
    before = json.loads(NETAVARK_BEFORE.read_text(encoding="utf-8"))
    for table, lines in _netavark_rules().items():
        new = [line for line in lines if line not in before.get(table, [])]
        for line in new:
            if line.startswith("-A"):
                run("iptables", "-w", "-t", table, "-D", *shlex.split(line)[1:])
        chains = [line[1:].split()[0] for line in new if line.startswith(":")]
        for action in ("-F", "-X"):
            for chain in chains:
                run("iptables", "-w", "-t", table, action, chain)
    NETAVARK_BEFORE.unlink()


def _unit(description: str, command: str, restart: str) -> str:
    return (
        f"[Unit]\nDescription={description}\n[Service]\nExecStart={command}\nRestart={restart}\n"
        "[Install]\nWantedBy=multi-user.target\n"
    )


def _nth(pool: ipaddress.IPv4Network, number: int) -> ipaddress.IPv4Network:
    return ipaddress.IPv4Network((int(pool.network_address) + (number << 8), 24))


def _subnets_in_use() -> list[ipaddress.IPv4Network]:
    """Subnets that podman has given out or the machine routes: a new lab must not shadow them."""
    found = []
    # Not `inspect` of each: one that goes away meanwhile would be an error.
    for network in json.loads(podman("network", "ls", "--format", "json").stdout or "[]"):
        found += [ipaddress.ip_network(s["subnet"]) for s in network.get("subnets") or []]
    for route in json.loads(run("ip", "-json", "-4", "route", "show", "table", "all").stdout):
        if route["dst"] != "default":
            found.append(ipaddress.ip_network(route["dst"], strict=False))
    return [net for net in found if net.version == 4]


def labs() -> list[str]:
    listed = podman("ps", "--all", "--filter", f"label={LABEL}", "--format", f'{{{{index .Labels "{LABEL}"}}}}').stdout
    return sorted(set(listed.split()))


def purge() -> None:
    if labs():
        raise LabError(f"labs are still there: {' '.join(labs())}")
    listed = podman("image", "ls", "--filter", f"label={LABEL}-image", "--format", "{{.Id}}").stdout.split()
    if listed:
        podman("rmi", "--force", *dict.fromkeys(listed))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    up = commands.add_parser("up", help="make a lab")
    up.add_argument("name")
    image = commands.add_parser("image", help="make the image of a release, where it is not there yet")
    for command in (up, image):
        command.add_argument(
            "--release", default=os.environ.get("LAB_RELEASE", "bookworm"), help="Debian release (default: %(default)s)"
        )
    up.add_argument(
        "--topology", default="cluster", choices=sorted(TOPOLOGIES), help="which hosts (default: %(default)s)"
    )
    down = commands.add_parser("down", help="remove a lab")
    down.add_argument("name")
    commands.add_parser("list", help="the labs that are there")
    commands.add_parser("purge", help="remove the images")
    args = parser.parse_args()
    if args.command == "list":
        print("\n".join(labs()))
        return 0
    try:
        if os.geteuid() != 0:
            raise LabError("needs root: the hosts have networks of their own")
        if args.command == "purge":
            purge()
        elif args.command == "image":
            image_for(args.release)
        elif args.command == "up":
            lab = Lab(args.name)
            lab.up(args.release, args.topology)
            print(lab.inventory)
        else:
            Lab(args.name).down()
    except LabError as error:
        say(str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
