# SPDX-License-Identifier: GPL-3.0-or-later
"""The lab itself: two beside each other, cut off from each other, and nothing left of either."""

from __future__ import annotations

import json
import re
import subprocess
import uuid
from collections.abc import Iterator

import pytest
from lab import TOPOLOGIES, Lab, LabError, podman


def output(*command: str) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def _rules() -> list[str]:
    # Counters, comments and dates differ from one call to the next.
    return sorted(line.split(" [")[0] for line in output("iptables-save").splitlines() if line[:1] not in "#")


def machine() -> dict[str, list[str]]:
    """All that a lab could leave behind."""
    return {
        "containers": sorted(podman("ps", "--all", "--format", "{{.Names}}").stdout.split()),
        "networks": sorted(podman("network", "ls", "--format", "{{.Name}}").stdout.split()),
        "links": sorted(f"{link['ifname']} {link.get('master')}" for link in json.loads(output("ip", "-json", "link"))),
        "routes": sorted(output("ip", "route", "show", "table", "all").splitlines()),
        "rules": _rules(),
        "volumes": sorted(podman("volume", "ls", "--quiet").stdout.split()),
    }


def marks(lab: Lab) -> list[re.Pattern[str]]:
    """How the names and addresses of what belongs to a lab are told from those of other labs, which come and go meanwhile."""
    networks = json.loads(podman("network", "inspect", lab.network("private"), lab.network("outside")).stdout)
    containers = json.loads(podman("inspect", *(lab.container(host.name) for host in TOPOLOGIES["cluster"])).stdout)
    mounts = [mount for container in containers for mount in container["Mounts"]]
    words = [network["network_interface"] for network in networks] + [
        one["Name"] for one in mounts if one["Type"] == "volume"
    ]
    # Of a network's address the first three numbers.
    starts = [f"{lab.name}-"] + [
        subnet["subnet"].rpartition(".")[0] + "." for one in networks for subnet in one["subnets"]
    ]
    return [re.compile(rf"(?<![\w.]){re.escape(word)}(?!\w)") for word in words] + [
        re.compile(rf"(?<![\w.]){re.escape(start)}") for start in starts
    ]


def found(marked: list[re.Pattern[str]]) -> list[str]:
    """What the machine has with one of these marks."""
    return [
        f"{kind}: {one}"
        for kind, those in machine().items()
        for one in those
        if any(mark.search(one) for mark in marked)
    ]


@pytest.fixture
def names() -> Iterator[list[str]]:
    names = [f"t{uuid.uuid4().hex[:6]}" for _dummy in range(2)]
    yield names
    for name in names:
        Lab(name).down()


def test_two_labs_live_side_by_side_and_leave_nothing(names: list[str]) -> None:
    first, second = Lab(names[0]), Lab(names[1])
    first.up("bookworm")
    second.up("bookworm")
    vips = [
        json.loads(lab.inventory.read_text())["all"]["children"]["eucalyptus_cc"]["vars"]["cc_gateway_vip"]
        for lab in (first, second)
    ]
    assert vips[0] != vips[1]
    # nc1 has no way out, not even to the other lab: whatever reaches it later came through the VIP.
    assert first.exec("nc1", "ip", "route", "show", "default").stdout == ""
    assert (
        first.exec("nc1", "ping", "-c", "1", "-W", "1", vips[1].rsplit(".", 1)[0] + ".11", check=False).returncode != 0
    )
    with pytest.raises(LabError, match="is there already"):
        first.up("bookworm")
    theirs = [marks(first), marks(second)]
    both = [found(one) for one in theirs]
    for kind in ("containers", "networks", "links", "routes", "rules"):
        assert all(any(line.startswith(kind) for line in lines) for lines in both), f"no {kind}: the marks are wrong"

    first.down()
    assert found(theirs[0]) == []
    assert found(theirs[1]) == both[1], "the other lab must stay"
    second.down()
    assert found(theirs[1]) == []


@pytest.mark.parametrize("name", ["", "a b", "x" * 21, "lab/../..", "läb"])
def test_a_bad_name_is_refused(name: str) -> None:
    with pytest.raises(LabError, match="letters, digits and hyphens"):
        Lab(name)
