# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the system tests: labs, bare or with the gateway deployed."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

import pytest
from cluster import Cluster
from lab import Lab
from system_helpers import wait_for

RELEASE = os.environ.get("LAB_RELEASE", "bookworm")


@pytest.fixture(scope="module")
def cluster(request) -> Iterator[Cluster]:
    """A fresh lab for each module; removed at the end whatever happens."""
    name = "s" + re.sub(r"[^a-z]", "", request.module.__name__.rpartition("test_")[2])[:12]
    lab = Lab(name)
    lab.down()
    lab.up(RELEASE)
    try:
        yield Cluster(lab)
    finally:
        lab.down()


@pytest.fixture(scope="module")
def deployed(cluster) -> Cluster:
    """The lab with the gateway and the node controller's way through it, at their defaults; cc1 has the VIP."""
    for playbook in ("gateway", "nc_route"):
        run = cluster.play(playbook)
        assert run.status == 0, run.output
    wait_for(lambda: cluster.holders() == ["cc1"])
    return cluster
