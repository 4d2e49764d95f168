# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Whether the keepalived of several hosts can be routers of one address together. Private to this collection.

The checksum of unicast adverts of VRRP version 3 over IPv4 changed after 1.3.6. Tried with 1.3.5 beside 2.2.7: the older one drops
the adverts of the newer one ("Invalid VRRPv3 checksum"), so both hold the address. The newer one detects the checksum of the
older one, but too late. With ``old_unicast_checksum`` on the newer one, with VRRP version 2 and with IPv6 all is well. VRRP
version 3 itself came with 1.2.17.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import release
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import truth

VERSION_3_SINCE = "1.2.17"
NEW_CHECKSUM_SINCE = "1.3.7"


@dataclass(frozen=True)
class Mix:
    """``fine``, ``fix`` (set ``old_unicast_checksum`` of the instance on ``hosts``) or ``reject``; with a sentence unless fine."""

    state: str
    hosts: tuple[str, ...] = ()
    message: str = ""


def compare(
    versions: Mapping[str, str],
    vrrp_version: int,
    unicast: bool,
    family: int,
    old_unicast_checksum: Mapping[str, Any] | None = None,
) -> Mix:
    """How the hosts of one virtual router fit together.

    :param versions: of keepalived, by host; empty for one that is not known, which is not compared.
    :param vrrp_version: 2 or 3.
    :param unicast: whether the instance has unicast peers.
    :param family: 4 or 6, of the instance's addresses.
    :param old_unicast_checksum: what the configuration has already, by host; null for nothing.
    """
    known = {host: version for host, version in versions.items() if release(version)}
    releases = ", ".join(f"{host} has {known[host]}" for host in sorted(known))
    if vrrp_version != 3:
        return Mix("fine")
    without = tuple(sorted(host for host in known if release(known[host]) < release(VERSION_3_SINCE)))
    if without:
        needed = f"VRRP version 3 needs keepalived {VERSION_3_SINCE} ({releases}). Use VRRP version 2, or update keepalived."
        return Mix("reject", without, needed)
    newer = tuple(sorted(host for host in known if release(known[host]) >= release(NEW_CHECKSUM_SINCE)))
    if not unicast or family != 4 or not newer or len(newer) == len(known):
        return Mix("fine")
    given = old_unicast_checksum or {}
    mix = f"keepalived before {NEW_CHECKSUM_SINCE} drops the adverts of newer ones, and both would hold the address ({releases})"
    # The other word that it takes is "never".
    contrary = tuple(host for host in newer if given.get(host) is not None and truth(given[host]) is None)
    if contrary:
        word = given[contrary[0]]
        return Mix("reject", contrary, f"old_unicast_checksum must not be {word} on {', '.join(contrary)}: {mix}. Leave it out.")
    missing = tuple(host for host in newer if not truth(given.get(host)))
    if missing:
        return Mix("fix", missing, f"{mix}: old_unicast_checksum is set on {', '.join(missing)}. Update the older one.")
    return Mix("fine")
