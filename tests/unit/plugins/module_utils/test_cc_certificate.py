# SPDX-License-Identifier: GPL-3.0-or-later
"""Dates of certificates."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses subprocess and socket as later Pythons have them", allow_module_level=True)

import calendar
import subprocess
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_certificate import Certificate, _validity
from hypothesis import given
from hypothesis import strategies as st

pytestmark = pytest.mark.wall_clock


def make(folder, *arguments):
    """A self-signed certificate by the openssl command."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=x", "-keyout", key, "-out", cert] + list(arguments)
    subprocess.run(command, check=True, capture_output=True)
    return cert.read_bytes()


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    return make(tmp_path_factory.mktemp("certificate"), "-days", "3650")


@pytest.mark.parametrize("days", ["1", "3650", "36500"])
def test_dates_are_those_that_openssl_tells(tmp_path, days):
    """Before and after 2050, when the form of dates in certificates changes."""
    certificate = Certificate(make(tmp_path, "-days", days))
    told = subprocess.run(
        ["openssl", "x509", "-in", tmp_path / "cert.pem", "-noout", "-dates"], check=True, capture_output=True, text=True
    ).stdout.splitlines()
    expected = [calendar.timegm(time.strptime(line.split("=")[1], "%b %d %H:%M:%S %Y GMT")) for line in told]
    assert [certificate.not_before, certificate.not_after] == expected


def test_der_is_what_openssl_makes(tmp_path):
    """The bytes that go into the request, with text and Windows line ends around them in the file."""
    pem = make(tmp_path)
    der = subprocess.run(["openssl", "x509", "-in", tmp_path / "cert.pem", "-outform", "DER"], check=True, capture_output=True).stdout
    certificate = Certificate(b"Bag Attributes\r\n" + pem.replace(b"\n", b"\r\n") + b"trailer")
    assert certificate.der == der
    assert Certificate(certificate.pem).der == der
    assert certificate.pem == pem


@given(data=st.data())
def test_damage_is_a_value_error(pem, data):
    """Truncated and altered certificates."""
    der = Certificate(pem).der
    cut = data.draw(st.integers(0, len(der)))
    place = data.draw(st.integers(0, 200))
    altered = bytearray(der[:cut])
    if place < len(altered):
        altered[place] = data.draw(st.integers(0, 255))
    try:
        before, after = _validity(bytes(altered))
    except (IndexError, ValueError):
        return
    assert isinstance(before, int)
    assert isinstance(after, int)


@pytest.mark.parametrize(
    "text", [b"", b"x", b"-----BEGIN CERTIFICATE-----\n!!\n-----END CERTIFICATE-----", b"-----BEGIN CERTIFICATE-----\nMII"]
)
def test_no_certificate(text):
    """Said in words that make sense after the name of an option."""
    with pytest.raises(ValueError, match="^(there is no|its) PEM certificate"):
        Certificate(text)
