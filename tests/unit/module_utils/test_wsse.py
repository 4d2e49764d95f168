# SPDX-License-Identifier: GPL-3.0-or-later
"""The recorded answer of a real server is believed at its time, by its certificate, for its request, and not otherwise."""

from __future__ import annotations

import calendar
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _wsse
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import CcSignatureError
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys
from lxml import etree

RECORDED = Path(__file__).resolve().parents[2] / "cc_simulator" / "recorded"
WIRE_CERTIFICATE = "BinarySecurityToken"
MESSAGE_ID = "urn:uuid:c6eadbff-630c-49ad-bc0e-f481ac8d0f33"
RECORDED_AT = calendar.timegm((2026, 11, 22, 11, 17, 0))
ANSWER = (RECORDED / "describe-signed.response.xml").read_bytes()


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    base = tmp_path_factory.getbasetemp()
    return keys.make_once((base.parent if base.name.startswith("popen-") else base) / "wsse-keys")


def certificate_of(message):
    """PEM of the certificate that a recorded message carries; the real server signed with its key."""
    token = next(etree.fromstring(message).iter("{*}" + WIRE_CERTIFICATE))
    return b"-----BEGIN CERTIFICATE-----\n" + token.text.encode() + b"\n-----END CERTIFICATE-----\n"


def signature(folder, now=RECORDED_AT + 1, cc_cert=None):
    return _wsse.CcSignature(
        (folder / "cloud-pk.pem").read_bytes(),
        (folder / "cloud-cert.pem").read_bytes(),
        cc_cert or certificate_of(ANSWER),
        clock=lambda: now,
    )


def test_recorded_answer(folder):
    """Accepted on the day of recording."""
    root = etree.fromstring(ANSWER)
    assert signature(folder).verify(root, MESSAGE_ID) is root


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"now": RECORDED_AT + 301}, "timestamp_stale"),
        ({"now": RECORDED_AT - 21}, "timestamp_future"),
        ({"message_id": "urn:uuid:c6eadbff-630c-49ad-bc0e-f481ac8d0f34"}, "relates_to"),
        ({"body": ANSWER.replace(b">ENABLED<", b">DISABLED<")}, "tampered"),
        ({"body": ANSWER.replace(b">ERRORS=0<", b"> ERRORS=0<")}, "tampered"),
        ({"body": ANSWER.replace(b"<ds:SignatureValue>Ce", b"<ds:SignatureValue>Cf")}, "tampered"),
    ],
)
def test_recorded_answer_changed(folder, change, reason):
    """Refused with its own reason."""
    with pytest.raises(CcSignatureError) as caught:
        signature(folder, change.get("now", RECORDED_AT + 1)).verify(
            etree.fromstring(change.get("body", ANSWER)), change.get("message_id", MESSAGE_ID)
        )
    assert caught.value.reason == reason


def test_recorded_answer_with_the_wrong_certificate(folder):
    """The client's own certificate, with which zeep's stock class verifies, is not the CC's."""
    with pytest.raises(CcSignatureError) as caught:
        signature(folder, cc_cert=(folder / "cloud-cert.pem").read_bytes()).verify(etree.fromstring(ANSWER), MESSAGE_ID)
    assert caught.value.reason == "foreign_signed"


def test_limits_of_the_clock(folder):
    """To the second: 20 s ahead, and until it expires."""
    for now in (RECORDED_AT - 20 + 1, RECORDED_AT + 299):
        signature(folder, now).verify(etree.fromstring(ANSWER), MESSAGE_ID)


def test_dates_are_said_and_do_not_refuse(folder):
    """Neither the CC nor the module goes by the dates of certificates, but a user wants to know."""
    assert signature(folder, RECORDED_AT + 86400).expired() == []
    later = signature(folder, RECORDED_AT + 20 * 366 * 86400).expired()
    assert [line.split(":")[0] for line in later] == ["client_cert", "cc_cert"]
    assert all("expired on 20" in line for line in later)
    earlier = signature(folder, 0).expired()
    assert all("not valid before" in line for line in earlier)
    assert len(earlier) == 2


def test_milliseconds():
    """As the cloud controller writes them."""
    assert _wsse._stamp(0.5) == "1970-01-01T00:00:00.500Z"
    assert _wsse._stamp(1795346220.9999) == "2026-11-22T11:17:00.999Z"
