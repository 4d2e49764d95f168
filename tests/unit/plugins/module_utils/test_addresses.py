# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Addresses and VIPs as every Python of a host must read them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import socket
import struct

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _addresses
from hypothesis import given
from hypothesis import strategies as st

LINKS = {2: {"name": "eth0", "mac": b"\x02" * 6, "up": True, "carrier": True, "loopback": False, "ethernet": True}}


@pytest.mark.parametrize(
    ("text", "vip", "prefix", "interface"),
    [
        ("10.0.0.10", "10.0.0.10", None, None),
        (u"10.0.0.10/32", "10.0.0.10", 32, None),
        ("10.0.0.10/24 brd 10.0.0.255 dev eth1", "10.0.0.10", 24, "eth1"),
        ("FD00:0:0::0010/64", "fd00::10", 64, None),
        ("fe80::1%eth0", "fe80::1", None, "eth0"),
    ],
)
def test_a_vip_is_read_as_people_write_it(text, vip, prefix, interface):
    parsed = _addresses.parse_vip(text)
    assert (parsed["vip"], parsed["prefix"], parsed["interface"]) == (vip, prefix, interface)


@pytest.mark.parametrize("text", ["", "cc1", u"gr\xfcn", "10.0.0.256", "10.0.0.010", "10.0.0.10/33", "fd00::/129", "::g"])
def test_what_is_no_vip_is_refused(text):
    with pytest.raises(_addresses.AddressError):
        _addresses.parse_vip(text)


@given(st.binary(min_size=4, max_size=4), st.binary(min_size=4, max_size=4))
def test_two_addresses_are_equal_only_if_they_are_the_same(one, other):
    vips = [_addresses.parse_vip(socket.inet_ntoa(packed))["packed"] for packed in (one, other)]
    assert (vips[0] == vips[1]) == (one == other)


@given(st.binary(min_size=16, max_size=16))
def test_an_ipv6_address_comes_back_as_it_was(packed):
    text = _addresses.unpack(packed)
    assert _addresses.pack(text) == (6, packed)
    assert _addresses.pack(text.upper()) == (6, packed)


def test_a_network_is_told_from_its_neighbour():
    network = _addresses.pack("10.0.0.0")[1]
    assert _addresses.in_network(_addresses.pack("10.0.0.255")[1], network, 24)
    assert not _addresses.in_network(_addresses.pack("10.0.1.0")[1], network, 24)
    assert not _addresses.in_network(_addresses.pack("fd00::1")[1], network, 0)


def test_what_the_kernel_says_of_an_address():
    body = struct.pack("=BBBBi", socket.AF_INET, 32, 0x80, 0, 2)
    body += _addresses.attribute(_addresses.IFA_ADDRESS, _addresses.pack("192.0.2.1")[1])
    body += _addresses.attribute(_addresses.IFA_LOCAL, _addresses.pack("10.0.0.10")[1])
    found = _addresses.decode_address(body, LINKS, 1000.0, 500.0)
    assert (found["address"], found["interface"], found["prefix"], found["state"]) == ("10.0.0.10", "eth0", 32, "usable")


@given(st.binary(max_size=64))
def test_damaged_attributes_are_no_endless_loop(data):
    assert isinstance(_addresses.attributes(data, 0), dict)


@pytest.mark.wall_clock
def test_this_host_has_its_loopback():
    links = _addresses.links()
    assert [link["name"] for link in links.values() if link["loopback"]] == ["lo"]
    found = _addresses.matches(_addresses.local_addresses(links), _addresses.parse_vip("127.0.0.1"))
    assert [(one["interface"], one["prefix"]) for one in found] == [("lo", 8)]
