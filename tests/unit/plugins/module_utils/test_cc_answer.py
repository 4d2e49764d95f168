# SPDX-License-Identifier: GPL-3.0-or-later
"""Answers of any bytes: never a traceback, and never ENABLED from bytes that do not say so."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import functools
import re
from datetime import datetime, timezone
from pathlib import Path
from xml.etree import ElementTree

from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_answer, _cc_api, _cc_errors, _cc_http, _wsse
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys, security
from ansible_collections.eucalyptus.ha.tests.unit import wall_clock
from hypothesis import given, settings
from hypothesis import strategies as st

NOW = datetime(2026, 11, 22, 11, 17, 1, tzinfo=timezone.utc)
RECORDED = Path(__file__).resolve().parents[3] / "cc_simulator" / "recorded"
GOOD = (RECORDED / "describe-plain.response.xml").read_bytes()
RELATES_TO = b"urn:uuid:a8e4ed38-e663-1f11-2255-02fc00000001"
assert RELATES_TO in GOOD
DISABLED = GOOD.replace(b">ENABLED<", b">DISABLED<")
N = "{http://eucalyptus.ucsb.edu/}"
S = "{http://schemas.xmlsoap.org/soap/envelope/}"

#: What an attacker would put somewhere.
PIECES = st.sampled_from(
    [b"ENABLED", b"DISABLED", b"<n:localState>ENABLED</n:localState>", b"<n:localState>", b"</n:localState>", b"cluster", b"node",
     b"<n:type>cluster</n:type>", b"<n:serviceStatuses>", b"</n:serviceStatuses>", b"<!--", b"-->", b"<![CDATA[", b"]]>", b"<?x?>",
     b"<!DOCTYPE a [<!ENTITY e 'ENABLED'>]>", b"&e;", b"&#69;", b"&#0;", b"\x00", b"\xff", b"<", b">", b'"', b"&", b" ", b"\n",
     b'<?xml version="1.0" encoding="UTF-16"?>', b"<soapenv:Body>", b"</soapenv:Body>", b"<soapenv:Fault>", b"</soapenv:Fault>",
     b"<n:return>false</n:return>", b"<n:return>true</n:return>", b"true", b"0", b"99999999999999999999", b"xmlns:n=''", b"n:x='y'",
     b' xsi:nil="true"', b"</soapenv:Envelope>", b"</n:DescribeServicesResponse>", "\u00e9\u4e2d".encode()]
)  # fmt: skip


@st.composite
def mutations(draw):
    """A few edits, as (kind, position between 0 and 1, length, piece)."""
    edit = st.tuples(
        st.sampled_from(["insert", "replace", "delete", "double", "cut"]),
        st.floats(0, 1),
        st.integers(1, 60),
        PIECES | st.binary(max_size=4),
    )
    return draw(st.lists(edit, max_size=4))


def mutate(body, edits):
    for kind, place, length, piece in edits:
        start = int(place * len(body))
        end = start + length
        body = {
            "insert": body[:start] + piece + body[start:],
            "replace": body[:start] + piece + body[end:],
            "delete": body[:start] + body[end:],
            "double": body[:end] + body[start:],
            "cut": body[:start],
        }[kind]
    return body


def says_enabled(body):
    """Whether another parser (expat), read strictly, finds the CC's own entry ENABLED."""
    root = ElementTree.fromstring(body)  # noqa: S314 (entities make it fail, and that is right)
    (content,) = root.findall("{}Body".format(S))
    (response,) = content
    statuses = response.findall("{}serviceStatuses".format(N))
    own = [entry for entry in statuses if entry.findtext("{0}serviceId/{0}type".format(N)) == "cluster"]
    return (
        response.tag == "{}DescribeServicesResponse".format(N)
        and len(own) == 1
        and [state.text for state in own[0].findall("{}localState".format(N))] == ["ENABLED"]
        and (response.findtext("{}return".format(N)) or "").strip() in ("true", "1")
    )


class NoSignature:
    """In place of a signature: nothing is signed and nothing verified."""

    verifies = False

    def apply(self, envelope, headers):
        """Leaves the request as it is."""


def ask(body, status=200, content_type="text/xml", signature=None, answer=None):
    """What the client makes of ``body``: its result, or None when it refuses. Any other exception is a failure."""
    client = _cc_api.CcClient("127.0.0.1", 8774, 10, "admin", signature or NoSignature())

    def post(_server, _path, _headers, request, _deadline):
        message_id = re.search(br"urn:uuid:[-0-9a-f]+", request).group()
        return _cc_http.HttpAnswer(status, content_type, answer(message_id) if answer else body.replace(RELATES_TO, message_id))

    client.post = post
    try:
        return client.describe_services()
    except _cc_errors.CcError as error:
        said = error.message
    assert said.isprintable()
    assert said.isascii()
    assert len(said) < 1000
    return None


def test_unchanged():
    """The harness itself: without a change, the recorded answer is believed."""
    assert ask(GOOD)["enabled"]
    assert says_enabled(GOOD)
    assert not ask(DISABLED)["enabled"]


@settings(max_examples=300, deadline=None)
@given(
    st.binary(max_size=2000),
    st.sampled_from([200, 202, 302, 404, 500]),
    st.sampled_from(["text/xml", "text/xml; charset=utf-8", "text/html", "", None]),
)
def test_any_bytes(body, status, content_type):
    """Random bytes are refused."""
    assert ask(body, status, content_type) is None


@settings(max_examples=600, deadline=None)
@given(mutations(), st.sampled_from([GOOD, DISABLED]), st.sampled_from([200, 200, 200, 500]))
def test_mutated_answer(edits, good, status):
    """ENABLED only if another parser agrees."""
    body = mutate(good, edits)
    result = ask(body, status)
    if result is not None:
        assert status == 200
        if result["enabled"]:
            assert says_enabled(body)


@pytest.fixture(scope="module")
@wall_clock.harmless("its clock stands still, and the dates of certificates are not looked at")
def signer(tmp_path_factory):
    """Signs answers as the CC does, to any MessageID, with the client's signature object."""
    base = tmp_path_factory.getbasetemp()
    folder = keys.make_once((base.parent if base.name.startswith("popen-") else base) / "cc-keys")
    key = security.load_key(folder / "cluster-pk.pem")
    certificate = security.load_certificate(folder / "cluster-cert.pem")

    def sign(message_id, envelope=DISABLED):
        return security.sign_answer(envelope.replace(RELATES_TO, message_id), key, certificate, NOW)

    files = [(folder / name).read_bytes() for name in ("cloud-pk.pem", "cloud-cert.pem", "cluster-cert.pem")]
    return sign, functools.partial(_wsse.CcSignature, *files, clock=NOW.timestamp)


def test_unchanged_signed(signer):
    """The harness itself: a signed answer is believed."""
    sign, signature = signer
    result = ask(None, signature=signature(), answer=sign)
    assert result["response_verified"]
    assert result["cluster"]["local_state"] == "DISABLED"


@settings(max_examples=400, deadline=None)
@given(edits=mutations())
def test_mutated_signed_answer(signer, edits):
    """Whatever is done to a signed DISABLED answer, it is refused, or says DISABLED still."""
    sign, signature = signer
    result = ask(None, signature=signature(), answer=lambda message_id: mutate(sign(message_id), edits))
    if result is not None:
        assert result["response_verified"]
        assert [service["local_state"] for service in result["services"]] == ["DISABLED"]
        assert result["cluster"] == result["services"][0]


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=300), st.text(max_size=300), st.sampled_from([200, 500, 400]))
def test_any_fault(code, text, status):
    """Fault codes and texts of any characters are one line in the message, and the reason is always the same."""
    from xml.sax.saxutils import escape  # noqa: PLC0415 (used here only)

    body = (
        '<e:Envelope xmlns:e="{}"><e:Body><e:Fault><faultcode>{}</faultcode><faultstring>{}</faultstring>'
        "</e:Fault></e:Body></e:Envelope>".format(S[1:-1], escape(code), escape(text))
    ).encode("utf-8", "replace")
    assert ask(body, status) is None


@pytest.mark.parametrize("name", sorted(path.name for path in (RECORDED / "faults").glob("*.xml")))
def test_recorded_faults(name):
    """Code, text, HTTP status and a likely cause of every fault that the real server sent."""
    body = (RECORDED / "faults" / name).read_bytes()
    _cc_answer.check_bytes(500, "text/xml;charset=UTF-8", body)
    from lxml import etree  # noqa: PLC0415 (used here only)

    with pytest.raises(_cc_errors.CcFault) as caught:
        _cc_answer.check_document(500, etree.fromstring(body))
    fault = caught.value.details["fault"]
    assert fault["code"].encode() in body
    assert fault["text"].encode() in body
    assert fault["http_status"] == 500
    assert "log" not in fault["cause"]
    assert fault["cause"] in caught.value.message
