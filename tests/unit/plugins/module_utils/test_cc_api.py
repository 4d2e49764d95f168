# SPDX-License-Identifier: GPL-3.0-or-later
"""What a real Cluster Controller of release 3.4.2 answered, as the whole of cc_service_info's client takes it."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import calendar
import uuid
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_api, _cc_errors, _cc_http, _wsse
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys

pytestmark = pytest.mark.wall_clock

RECORDED = Path(__file__).resolve().parents[3] / "cc_simulator" / "recorded"
ANSWER = (RECORDED / "describe-signed-3.4.2.response.xml").read_bytes()
CERTIFICATE = (RECORDED / "keys" / "cluster-cert-3.4.2.pem").read_bytes()
RECORDED_AT = calendar.timegm((2026, 11, 28, 19, 58, 33))
MESSAGE_ID = "83c62f2b-f48e-48a8-8198-e1ed7cd62f03"


@pytest.fixture
def ask(monkeypatch, tmp_path_factory):
    """Ask a server that answers with these bytes, at this time, with a request of this identifier."""
    base = tmp_path_factory.getbasetemp()
    folder = keys.make_once((base.parent if base.name.startswith("popen-") else base) / "wsse-keys")

    def run(body=ANSWER, now=RECORDED_AT + 1, message_id=MESSAGE_ID, certificate=CERTIFICATE):
        monkeypatch.setattr(uuid, "uuid4", lambda: uuid.UUID(message_id))
        own = [(folder / "cloud-{}.pem".format(name)).read_bytes() for name in ("pk", "cert")]
        client = _cc_api.CcClient("127.0.0.1", 8774, 10, "admin", _wsse.CcSignature(*(list(own) + [certificate]), clock=lambda: now))
        client.post = lambda *_: _cc_http.HttpAnswer(200, "text/xml;charset=UTF-8", body)
        return client.describe_services()

    run.other_certificate = (folder / "cluster-cert.pem").read_bytes()
    return run


@pytest.mark.parametrize("seconds", [-19, 1, 299])
def test_verifies_at_the_time_of_its_recording(ask, seconds):
    """The Timestamp is from 19:58:33.389 to 20:03:33.389."""
    result = ask(now=RECORDED_AT + seconds)
    assert (result["enabled"], result["response_verified"]) == (True, True)
    assert result["cluster"] == {
        "partition": "PARTI01",
        "type": "cluster",
        "name": "cc1",
        "uris": ["http://10.0.0.1:8774/axis2/services/EucalyptusCC"],
        "local_state": "ENABLED",
        "local_epoch": 0,
        "details": ["ERRORS=0"],
    }
    assert len(result["services"]) == 1


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"now": RECORDED_AT + 301}, "timestamp_stale"),
        ({"now": RECORDED_AT - 21}, "timestamp_future"),
        ({"message_id": "83c62f2b-f48e-48a8-8198-e1ed7cd62f04"}, "relates_to"),
        ({"body": ANSWER.replace(b">ENABLED<", b">DISABLED<")}, "tampered"),
        ({"body": ANSWER.replace(b"cc1<", b"cc2<")}, "tampered"),
        ({"body": ANSWER.replace(b"T20:03:33", b"T20:13:33")}, "tampered"),
        ({"certificate": None}, "foreign_signed"),
    ],
)
def test_and_not_when_anything_is_changed(ask, change, reason):
    if "certificate" in change:
        change = {"certificate": ask.other_certificate}
    if "body" in change:
        assert change["body"] != ANSWER
    with pytest.raises(_cc_errors.CcError) as caught:
        ask(**change)
    assert caught.value.reason == reason
