# SPDX-License-Identifier: GPL-3.0-or-later
"""cc_service_info and cc-enabled-check put the same request on the wire, but for what must differ from call to call."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import security
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator
from lxml import etree

from .clients import ask_check, ask_module

pytestmark = pytest.mark.wall_clock

RECORDED = Path(__file__).resolve().parents[2] / "cc_simulator" / "recorded"
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
TIME = re.compile(r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
BASE64 = re.compile(r"[A-Za-z0-9+/=\s]{27,}")
WSU_ID = f"{{{security.WSU}}}Id"


def canonical(message: bytes) -> list:
    """The message as nested lists of names, attributes and texts, without prefixes.

    Left out is what differs between calls (identifiers, times, digests, the signature) and what has no meaning
    (order of headers, of References, and of what stands in the Security header).
    """
    root = etree.fromstring(message)
    names = {}
    for element in root.iter():
        if element.get(WSU_ID):
            names[element.get(WSU_ID)] = etree.QName(element).localname

    def text(value: str | None) -> str:
        value = UUID.sub("UUID", (value or "").strip())
        return TIME.sub("TIME", value)

    def node(element: etree._Element) -> list:
        attributes = []
        for name, value in sorted(element.attrib.items()):
            named = names.get(value.removeprefix("#")) if name in ("URI", WSU_ID) else None
            attributes.append((name, f"id of {named}" if named else value))
        children = [node(child) for child in element]
        local = etree.QName(element).localname
        if local in ("Header", "SignedInfo", "Security"):
            children.sort(key=str)
        content = "BASE64" if local in ("DigestValue", "SignatureValue") else text(element.text)
        return [element.tag, attributes, content, children]

    return node(root)


@pytest.fixture
def requests(stand, simulator, key_directory):
    """What each client sent to a simulator, signed: {client: exchange}."""
    sent = {}
    for name, ask in (("module", ask_module), ("check", ask_check)):
        assert ask(simulator.port, key_directory).enabled
        sent[name] = simulator.last
    return sent


def test_signed_requests_are_the_same(requests):
    """Signed parts, algorithms, token, contents."""
    assert canonical(requests["module"].body) == canonical(requests["check"].body)


def test_http_headers_are_the_same(requests):
    """All but the client's name."""
    heads = []
    for exchange in requests.values():
        headers = dict(exchange.headers)
        assert headers.pop("user-agent")
        headers.pop("accept-encoding", None)
        headers.pop("content-length")
        headers["content-type"] = headers["content-type"].lower()
        heads.append((exchange.method, exchange.path, headers))
    assert heads[0] == heads[1]
    assert heads[0][2]["connection"] == "close"
    assert heads[0][2]["soapaction"] == '"EucalyptusCC#DescribeServices"'


@pytest.mark.parametrize("client", ["module", "check"])
def test_exactly_the_five_parts_are_signed(requests, client):
    """Body, Timestamp, To, Action, MessageID: each digest is right, and there is no sixth."""
    root = etree.fromstring(requests[client].body)
    by_id = {element.get(WSU_ID): element for element in root.iter() if element.get(WSU_ID)}
    signed = []
    for reference in root.iter(f"{{{security.DS}}}Reference"):
        part = by_id[reference.get("URI")[1:]]
        digest = hashlib.sha1(security.canonical(part)).digest()  # noqa: S324 (the CC's algorithm)
        assert base64.b64decode(reference.findtext(f"{{{security.DS}}}DigestValue")) == digest
        signed.append(part.tag)
    assert sorted(signed) == sorted(security.REQUEST_PARTS)


@pytest.mark.parametrize("client", ["module", "check"])
def test_nothing_that_the_cc_stumbles_over(requests, client):
    """No white space in Security and Timestamp, ASCII, no ReplyTo, Z times 300 s apart, nothing for the CC to adopt."""
    body = requests[client].body
    body.decode("ascii")
    root = etree.fromstring(body)
    security_header = next(root.iter(f"{{{security.WSSE}}}Security"))
    stamp = next(root.iter(security.TIMESTAMP))
    for element in (security_header, stamp):
        assert not element.text
        assert not any(child.tail for child in element)
    assert [etree.QName(child).localname for child in stamp] == ["Created", "Expires"]
    assert all(TIME.fullmatch(child.text) for child in stamp)
    assert b"ReplyTo" not in body
    described = root[1][0]
    assert [(etree.QName(child).localname, child.text) for child in described][1:] == [("userId", "admin"), ("epoch", "0")]


def test_recorded_request_differs_only_in_its_epoch(requests):
    """The request that the real server accepted is ours, but for the epoch of its sender (and its order of headers)."""
    recorded = canonical((RECORDED / "describe-signed.request.xml").read_bytes())
    ours = canonical(requests["module"].body)
    body = [child for child in ours[3] if child[0] == security.BODY][0]
    recorded_body = [child for child in recorded[3] if child[0] == security.BODY][0]
    changes = [
        (one[0], one[2], other[2]) for one, other in zip(recorded_body[3][0][3], body[3][0][3], strict=True) if one != other
    ]
    namespace = "{http://eucalyptus.ucsb.edu/}"
    assert [(name.removeprefix(namespace), old) for name, old, _new in changes] == [("correlationId", "abc"), ("epoch", "3")]

    def without_token_and_body(message: list) -> str:
        text = str([child for child in message[3] if child[0] != security.BODY])
        text = re.sub(r"'MII[A-Za-z0-9+/=]+'", "'CERTIFICATE'", text)
        return re.sub(r"http://127\.0\.0\.1:\d+/", "http://CC/", text)

    assert without_token_and_body(recorded) == without_token_and_body(ours)


@pytest.mark.parametrize("ask", [ask_module, ask_check])
def test_a_cc_without_a_security_policy_answers_nobody(ask, key_directory):
    """With upstream's services_noWS.xml: the fault is explained, and the request has changed nothing."""
    with Simulator(key_directory, state="ENABLED", services="noWS") as simulator:
        outcome = ask(simulator.port, key_directory)
        assert (outcome.state, outcome.enabled) == (None, False)
        assert "MustUnderstand" in outcome.message
        assert "services.xml" in outcome.message
        assert simulator.cc.last_overwritten == {}
        assert simulator.counts == {"refused": 1}
