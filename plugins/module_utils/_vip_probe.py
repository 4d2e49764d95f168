# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The part C(probe) of what vip_facts returns: which machines answer this host for the VIPs. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses, _arp_probe

TIMEOUT_LIMIT = 60.0  # seconds


def _candidates(named):
    """The option candidates -> list of (name, packed IPv4 address). Raises ProbeError."""
    parsed = []
    for name in sorted(named or {}):
        text = named[name]
        problem = None
        try:
            family, packed = _addresses.pack(text.strip() if hasattr(text, "strip") else text)
            if family != 4:
                problem = "'%s' is not an IPv4 address, which ARP needs" % text
        except _addresses.AddressError as e:
            problem = e
        if problem is not None:
            raise _arp_probe.ProbeError(
                "candidates: %s: %s. Give each name the IPv4 address of that host on the VIP's network." % (name, problem)
            )
        parsed.append((name, packed))
    return parsed


def choose_interface(vip, links, addresses, wanted):
    """The index of the interface on which to query a VIP. Raises ProbeError."""
    if wanted:
        for index, link in links.items():
            if link["name"] == wanted:
                return index
        raise _arp_probe.ProbeError("probe_interface: this host has no interface %s" % wanted)
    # The VIP's own /32 would match only itself; the network it lies in is another address's.
    networks = [
        (one["prefix"], -one["index"])
        for one in addresses
        if one["prefix"] < 32
        and one["index"] in links
        and links[one["index"]]["up"]
        and not links[one["index"]]["loopback"]
        and _addresses.in_network(vip["packed"], one["packed"], one["prefix"])
    ]
    if networks:
        return -max(networks)[1]
    index = None
    held = [one["index"] for one in addresses if one["packed"] == vip["packed"]]
    if held:
        index = held[0]
    else:
        try:
            index = _addresses.route_interface(vip["packed"])
        except _addresses.AddressError:
            index = None
    if index is None or index not in links or links[index]["loopback"]:
        raise _arp_probe.ProbeError(
            "no interface of this host is in the network of %s; set probe_interface" % vip["vip"]
        )
    return index


def _answer(vip, **values):
    result = {
        "vip": vip["vip"],
        "interface": None,
        "asked_as": None,
        "self": False,
        "self_name": None,
        "holders": [],
        "macs": [],
        "unnamed_macs": [],
        "unnamed_may_be": None,
        "foreign_macs": [],
        "virtual_mac": False,
        "state": None,
        "error": None,
        "unsupported": None,
    }
    result.update(values)
    return result


def _evaluate(vip, heard, self_held, self_name):
    """What came back for one VIP -> its entry of the list of answers.

    heard: dict of interface (its name), asked_as, answered (as of _arp_probe.ask), candidates (as of name_holders).
    """
    macs = heard["answered"][vip["packed"]]
    holders, unnamed, foreign, possible = _arp_probe.name_holders(macs, heard["candidates"])
    if self_held and self_name is not None and self_name not in holders:
        holders.insert(0, self_name)
    count = len(holders) + len(unnamed) + len(foreign) + (1 if self_held and self_name is None else 0)
    return _answer(
        vip,
        interface=heard["interface"],
        asked_as=heard["asked_as"],
        self=self_held,
        self_name=self_name if self_held else None,
        holders=holders,
        macs=[_addresses.format_mac(mac) for mac in macs],
        unnamed_macs=[_addresses.format_mac(mac) for mac in unnamed],
        unnamed_may_be=possible,
        foreign_macs=[_addresses.format_mac(mac) for mac in foreign],
        virtual_mac=any(_arp_probe.is_virtual_router(mac) for mac in macs),
        state="absent" if count == 0 else "held" if count == 1 else "split",
    )


def probe(vips, links, addresses, params):
    """Query all VIPs -> dict of timeout, candidates and answers, one for each VIP in their order.

    vips are dicts of _addresses.parse_vip, links and addresses as of _addresses, params the module's parameters. A VIP that
    cannot be queried has an error in its answer. Raises ProbeError when nothing can be queried at all.
    """
    timeout = params["probe_timeout"]
    if not 0 < timeout <= TIMEOUT_LIMIT:
        raise _arp_probe.ProbeError("probe_timeout must be more than 0 and at most 60 seconds (got %s)" % timeout)
    candidates = _candidates(params["candidates"])
    usable = set(one["packed"] for one in addresses if one["state"] == "usable")
    self_name = next((name for name, packed in candidates if packed in usable), None)

    results = {}
    by_interface = {}
    for vip in vips:
        if vip["family"] == 6:
            results[vip["vip"]] = _answer(vip, unsupported=_arp_probe.IPV6_UNSUPPORTED)
            continue
        try:
            index = choose_interface(vip, links, addresses, params["probe_interface"])
            _arp_probe.check_link(links[index])
        except _arp_probe.ProbeError as e:
            if params["probe_interface"]:
                raise
            results[vip["vip"]] = _answer(vip, error=str(e), self=vip["packed"] in usable)
            continue
        by_interface.setdefault(index, []).append(vip)

    seen = dict((name, []) for name, _packed in candidates)
    for index in sorted(by_interface):
        link = links[index]
        targets = [vip["packed"] for vip in by_interface[index]] + [packed for _name, packed in candidates]
        answered, asked_as = _arp_probe.ask(index, link, targets, timeout)
        # This host does not receive its own probe: its own entry is known without a probe.
        named = [(name, [link["mac"]] if name == self_name else answered[packed]) for name, packed in candidates]
        for name, macs in named:
            seen[name].extend(mac for mac in macs if mac not in seen[name])
        heard = {"interface": link["name"], "asked_as": asked_as, "answered": answered, "candidates": named}
        for vip in by_interface[index]:
            results[vip["vip"]] = _evaluate(vip, heard, vip["packed"] in usable, self_name)
    return {
        "timeout": timeout,
        "candidates": [
            {
                "name": name,
                "address": _addresses.unpack(packed),
                "self": name == self_name,
                "macs": [_addresses.format_mac(mac) for mac in seen[name]],
            }
            for name, packed in candidates
        ],
        "answers": [results[vip["vip"]] for vip in vips],
    }
