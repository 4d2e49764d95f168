# SPDX-License-Identifier: GPL-3.0-or-later
"""Row P5 of the cases: keepalived of different releases on the hosts of one pair."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_pair import Mix, compare

PAIR = {"cc1": "1.3.5", "cc2": "2.2.8"}


@pytest.mark.parametrize(
    ("versions", "vrrp_version", "unicast", "family"),
    [
        pytest.param(PAIR, 2, True, 4, id="VRRP version 2"),
        pytest.param(PAIR, 3, True, 6, id="IPv6"),
        pytest.param(PAIR, 3, False, 4, id="multicast"),
        pytest.param({"cc1": "1.3.5", "cc2": "1.3.6"}, 3, True, 4, id="both old"),
        pytest.param({"cc1": "1.3.7", "cc2": "2.4.3"}, 3, True, 4, id="both new"),
        pytest.param({"cc1": "2.2.7"}, 3, True, 4, id="alone"),
        pytest.param({"cc1": "1.3.5", "cc2": ""}, 3, True, 4, id="one is not known"),
        pytest.param({"cc1": "", "cc2": ""}, 3, True, 4, id="none is known"),
        pytest.param({"cc1": "1.2.13", "cc2": "2.2.7"}, 2, True, 4, id="before VRRP version 3"),
    ],
)
def test_p5_fine(versions: dict[str, str], vrrp_version: int, unicast: bool, family: int) -> None:
    assert compare(versions, vrrp_version, unicast, family) == Mix("fine")


@pytest.mark.parametrize("given", [None, {}, {"cc2": None}, {"cc2": False}, {"cc1": True}])
def test_p5_the_newer_host_takes_the_old_checksum(given: dict[str, Any] | None) -> None:
    mix = compare(PAIR, 3, True, 4, given)
    assert (mix.state, mix.hosts) == ("fix", ("cc2",))
    assert mix.message == (
        "keepalived before 1.3.7 drops the adverts of newer ones, and both would hold the address (cc1 has 1.3.5, cc2 has 2.2.8):"
        " old_unicast_checksum is set on cc2. Update the older one."
    )


def test_p5_every_newer_host_does() -> None:
    mix = compare({"a": "2.2.7", "b": "1.3.6", "c": "1.3.7"}, 3, True, 4, {"a": "yes"})
    assert (mix.state, mix.hosts) == ("fix", ("c",))
    assert compare({"a": "2.2.7", "b": "1.3.6", "c": "1.3.7"}, 3, True, 4, {"a": True, "c": True}) == Mix("fine")


def test_p5_never_is_rejected() -> None:
    mix = compare(PAIR, 3, True, 4, {"cc2": "never"})
    assert (mix.state, mix.hosts) == ("reject", ("cc2",))
    assert mix.message.startswith("old_unicast_checksum must not be never on cc2: ")
    assert compare(PAIR, 3, True, 4, {"cc1": "never", "cc2": True}) == Mix("fine")


def test_p5_without_version_3_is_rejected() -> None:
    mix = compare({"cc1": "1.2.16", "cc2": "2.2.7"}, 3, True, 6)
    assert (mix.state, mix.hosts) == ("reject", ("cc1",))
    assert "VRRP version 3 needs keepalived 1.2.17 (cc1 has 1.2.16, cc2 has 2.2.7)" in mix.message
