# SPDX-License-Identifier: GPL-3.0-or-later
"""Each demand of a CC on a request, and the fault that follows when it is not met."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import faults, security, soap
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import DS, EXCLUSIVE_C14N, SOAP, WSA, WSSE
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

UNSIGNED = ("soapenv:Client", "No Error")
UNKNOWN = ("soapenv:Sender", "Unknown Error :(")
BROKEN = ("wsse:InvalidSecurity", "Signature Verification failed.")
STAMP = ("wsse:FailedCheck", "Timestamp is not valid")
XML = {"Content-Type": "text/xml", "SOAPAction": '"EucalyptusCC#DescribeServices"'}
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"


def replaced(body, old, new):
    """Replace exactly one place, so that a test cannot pass because nothing was changed."""
    assert body.count(old) == 1, (old, body)
    return body.replace(old, new)


def with_header(envelope, xml):
    return replaced(envelope, b"</soapenv:Header>", xml + b"</soapenv:Header>")


# --- HTTP ---------------------------------------------------------------------------------------------------------


def test_no_soapaction_is_404(caller):
    assert caller.post(caller.signed(), {"Content-Type": "text/xml"})[0] == 404


@pytest.mark.parametrize("value", ['""', '"EucalyptusCC#DescribeServices"', "EucalyptusCC#DescribeServices"])
def test_any_soapaction_will_do(caller, value):
    assert caller.post(caller.signed(), {**XML, "SOAPAction": value})[0] == 200


@pytest.mark.parametrize("kind", ["application/xml", "application/soap+xml; charset=utf-8", "text/plain", ""])
def test_other_content_types_are_415(caller, kind):
    assert caller.post(caller.signed(), {**XML, "Content-Type": kind})[0] == 415


@pytest.mark.parametrize("path", ["/", "/axis2/services/Other", "/axis2/services"])
def test_other_paths_are_404(caller, path):
    assert caller.post(caller.signed(), XML, path)[0] == 404


# --- XML ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ENABLED",
        b"<a/>",
        b"<Envelope/>",
        f'<e:Envelope xmlns:e="{SOAP}"/>'.encode(),
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
)
def test_what_is_no_envelope(caller, body):
    assert caller.fault(body)[:2] == UNSIGNED


def test_document_type_declarations_are_refused(caller):
    code, text, why = caller.fault(b'<!DOCTYPE a [<!ENTITY b "c">]>' + caller.signed())
    assert (code, text, why) == (*UNSIGNED, "a document type declaration")


# --- WS-Addressing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["To", "Action", "MessageID"])
def test_a_doubled_address_header(caller, name):
    envelope = with_header(caller.unsigned(), f"<wsa:{name}>x</wsa:{name}>".encode())
    _status, answer = caller.post(caller.sign(envelope))
    assert f'<wsa:ProblemHeaderQName xmlns:wsa="{WSA}">wsa:{name}<' in answer.decode()


def test_reply_to_is_refused(caller):
    reply_to = b"<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>"
    code, text, why = caller.fault(caller.sign(with_header(caller.unsigned(), reply_to)))
    assert (code, text, why) == (*UNSIGNED, "a ReplyTo header")


def test_the_order_of_headers_does_not_matter(caller):
    envelope = etree.fromstring(caller.signed())
    header = envelope.find(f"{{{SOAP}}}Header")
    header[:] = reversed(header)
    assert header[0].tag == f"{{{WSSE}}}Security"
    caller.accepted(etree.tostring(envelope))


def test_the_operation_is_the_actions(caller):
    envelope = replaced(caller.unsigned(), b"#DescribeServices", b"#StopService")
    answer = caller.accepted(caller.sign(envelope))
    assert caller.simulator.state == "STOPPED"
    assert answer.find(".//{*}StopServiceResponse") is not None


def test_an_unknown_action(caller):
    envelope = replaced(caller.unsigned(), b"#DescribeServices", b"#DescribeEverything")
    assert caller.fault(caller.sign(envelope))[:2] == UNSIGNED


# --- the five parts, the certificate ------------------------------------------------------------------------------


@pytest.mark.parametrize("part", security.REQUEST_PARTS, ids=lambda part: part.partition("}")[2])
def test_each_part_must_be_signed(caller, part):
    code, text, why = caller.fault(caller.signed(parts=[other for other in security.REQUEST_PARTS if other != part]))
    assert (code, text, why) == (*UNKNOWN, f"not signed: {part.partition('}')[2]}")


def test_no_signature_in_the_security_header(caller):
    envelope = etree.fromstring(caller.signed())
    signature = envelope.find(f".//{{{DS}}}Signature")
    signature.getparent().remove(signature)
    assert caller.fault(etree.tostring(envelope))[:2] == UNKNOWN


def test_no_timestamp_at_all(caller):
    envelope = etree.fromstring(caller.signed(parts=[p for p in security.REQUEST_PARTS if p != security.TIMESTAMP]))
    stamp = envelope.find(f".//{security.TIMESTAMP}")
    stamp.getparent().remove(stamp)
    assert caller.fault(etree.tostring(envelope))[:2] == UNKNOWN


def test_a_signed_body_that_was_moved(caller):
    envelope = etree.fromstring(caller.signed())
    body = envelope.find(f"{{{SOAP}}}Body")
    holder = etree.SubElement(envelope.find(f"{{{SOAP}}}Header"), "holder")
    holder.append(body)
    envelope.append(etree.fromstring(caller.unsigned("StopService")).find(f"{{{SOAP}}}Body"))
    code, text, why = caller.fault(etree.tostring(envelope))
    assert (code, text, why) == (*UNKNOWN, "the signed Body is not the Envelope's")


def test_a_signed_action_that_was_moved(caller):
    envelope = etree.fromstring(caller.signed())
    header = envelope.find(f"{{{SOAP}}}Header")
    action = header.find(f"{{{WSA}}}Action")
    forged = etree.fromstring(f'<wsa:Action xmlns:wsa="{WSA}">EucalyptusCC#StopService</wsa:Action>')
    header.replace(action, forged)
    etree.SubElement(header, "holder").append(action)
    assert caller.fault(etree.tostring(envelope))[:2] == UNKNOWN
    assert caller.simulator.state == "ENABLED"


@pytest.mark.parametrize(
    "reference",
    [
        f'<wsse:KeyIdentifier ValueType="{security.X509_V3}">AAAA</wsse:KeyIdentifier>',
        "<wsse:Embedded><wsse:BinarySecurityToken>AAAA</wsse:BinarySecurityToken></wsse:Embedded>",
        f'<ds:X509Data xmlns:ds="{DS}"><ds:X509IssuerSerial><ds:X509IssuerName>CN=cloud</ds:X509IssuerName>'
        "<ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>",
        "",
    ],
    ids=["key identifier", "embedded", "issuer and serial", "nothing"],
)
def test_other_references_to_the_certificate(caller, reference):
    assert caller.fault(caller.signed(key_info=reference))[:2] == UNKNOWN


def test_a_reference_to_no_token(caller):
    code, text, _why = caller.fault(caller.signed(key_info='<wsse:Reference URI="#nowhere"/>'))
    assert (code, text) == ("wsse:InvalidSecurity", "Processing Direct Reference Failed .")


@pytest.mark.parametrize("data", [b"no certificate", b""])
def test_a_token_that_is_no_certificate(caller, data):
    assert caller.fault(caller.signed(certificate=data))[:2] == BROKEN


# --- signature ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"<n:userId>admin<", b"<n:userId>admim<"),
        (b">EucalyptusCC#DescribeServices<", b">EucalyptusCC#StopService<"),
        (b"/axis2/services/EucalyptusCC</wsa:To>", b"/axis2/services/Other</wsa:To>"),
        (b">urn:uuid:", b">urn:uuie:"),
        (b"<ds:SignatureValue>", b"<ds:SignatureValue>AAAA"),
    ],
)
def test_tampering(caller, old, new):
    assert caller.fault(replaced(caller.signed(), old, new))[:2] == BROKEN
    assert caller.simulator.state == "ENABLED"


@pytest.mark.parametrize(
    ("choices", "text"),
    [
        ({"signature_method": RSA_SHA256}, "Signed with Invalid algorithm"),
        ({"digest_method": SHA256}, "Digest created with Invalid algorithm"),
        ({"signature_method": RSA_SHA256, "digest_method": SHA256}, "Signed with Invalid algorithm"),
    ],
)
def test_newer_algorithms(caller, choices, text):
    assert caller.fault(caller.signed(**choices))[:2] == ("wsse:InvalidSecurity", text)


@pytest.mark.parametrize("place", ["CanonicalizationMethod", "Transform"])
def test_other_canonicalisation(caller, place):
    body = caller.signed().replace(
        f'<ds:{place} Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"'.encode(),
        f'<ds:{place} Algorithm="http://www.w3.org/TR/2001/REC-xml-c14n-20010315"'.encode(),
    )
    assert b"REC-xml-c14n" in body
    assert caller.fault(body)[:2] == BROKEN


def test_inclusive_prefixes(caller, monkeypatch):
    plain = security._reference
    inclusive = f'<c:InclusiveNamespaces xmlns:c="{EXCLUSIVE_C14N}" PrefixList=""/></ds:Transform>'
    monkeypatch.setattr(security, "_reference", lambda *_: plain(*_).replace("</ds:Transform>", inclusive))
    code, text, why = caller.fault(caller.signed())
    assert (code, text, why) == (*BROKEN, "a transform other than plain exclusive canonicalisation")


def test_two_elements_with_the_signed_id(caller):
    body = caller.signed()
    identity = re.search(rb"<soapenv:Body [^>]*(wsu:Id=\"[^\"]+\")", body).group(1)
    wsu = b'xmlns:wsu="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"'
    assert caller.fault(with_header(body, b"<x " + wsu + b" " + identity + b"/>"))[:2] == BROKEN


@pytest.mark.parametrize(
    "content",
    ["<n:userId>é</n:userId>", "<n:userId>a&#13;b</n:userId>", '<n:userId x="a&#9;b"/>', '<n:userId x="a&#10;b"/>'],
)
def test_text_that_the_cc_cannot_canonicalise(caller, content):
    assert caller.fault(caller.signed(content=content))[:2] == BROKEN


def test_such_text_is_no_trouble_where_nothing_is_signed(make_caller):
    caller = make_caller(ws_security=False)
    answer = caller.accepted(caller.unsigned(content="<n:userId>é</n:userId>"))
    assert answer.findtext(".//{*}userId") == "é"


# --- wsse:Security and its Timestamp ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "place", [b"<wsu:Timestamp", b"<wsse:BinarySecurityToken", b"<ds:Signature ", b"</wsse:Security>"]
)
@pytest.mark.parametrize("space", [b"\n", b" ", b"<!-- -->"])
def test_white_space_in_the_security_header(caller, place, space):
    assert caller.fault(replaced(caller.signed(), place, space + place))[:2] == UNSIGNED


def test_a_foreign_element_in_the_security_header(caller):
    body = replaced(caller.signed(), b"</wsse:Security>", b"<wsse:Other/></wsse:Security>")
    assert caller.fault(body)[:2] == UNSIGNED


CREATED = "<wsu:Created>2026-11-22T11:17:00Z</wsu:Created>"
EXPIRES = "<wsu:Expires>2026-11-22T11:22:00Z</wsu:Expires>"


@pytest.mark.parametrize(
    "stamp",
    [
        "",
        CREATED,
        EXPIRES,
        EXPIRES + CREATED,
        CREATED + CREATED + EXPIRES,
        CREATED + EXPIRES + EXPIRES,
        "\n" + CREATED + EXPIRES,
        CREATED + " " + EXPIRES,
        CREATED + EXPIRES + "\n",
        CREATED + "<wsu:Expires/>",
        "<wsu:Created> 2026-11-22T11:17:00Z</wsu:Created>" + EXPIRES,
        "<wsu:Created>2026-11-22T12:17:00+01:00</wsu:Created>" + EXPIRES,
        "<wsu:Created>2026-11-22T11:17:00</wsu:Created>" + EXPIRES,
        "<wsu:Created>2026-11-31T11:17:00Z</wsu:Created>" + EXPIRES,
        CREATED + "<wsu:Expires>2026-11-22T12:22:00+01:00</wsu:Expires>",
        CREATED + "<wsu:Expires>2026-11-22T11:17:00Z</wsu:Expires>",
    ],
)
def test_time_stamps_that_are_refused(caller, stamp):
    assert caller.fault(caller.signed(stamp=stamp))[:2] == STAMP


def test_the_plain_time_stamp_of_these_tests_is_good(caller):
    caller.accepted(caller.signed(stamp=CREATED + EXPIRES))


@pytest.mark.parametrize(("seconds", "good"), [(20, True), (20.001, False), (-279.999, True), (-280, False)])
def test_the_edges_of_time(caller, seconds, good):
    body = caller.signed(now=caller.simulator.now() + timedelta(seconds=seconds))
    if good:
        caller.accepted(body)
    else:
        assert caller.fault(body)[:2] == STAMP


def test_the_time_stamp_is_judged_before_a_signature_behind_it(caller):
    late = caller.simulator.now() + timedelta(hours=1)
    assert caller.fault(caller.signed(now=late, key=caller.key(directory=caller.foreign)))[:2] == STAMP


# --- the Body -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "content",
    [
        "<n:userId>a</n:userId><n:correlationId>b</n:correlationId>",
        "<n:serviceIds/><n:services/>",
        "<n:epoch>1</n:epoch><n:epoch>2</n:epoch>",
        "<n:other/>",
        "<userId>a</userId>",
        "<n:services><n:name>a</n:name><n:type>b</n:type></n:services>",
        "<n:serviceIds><n:uris/><n:partition/></n:serviceIds>",
    ],
)
def test_elements_out_of_order(caller, content):
    code, text, _why = caller.fault(caller.signed(content=content))
    assert (code, text) == ("soapenv:Sender", "Data element of the OM Node is NULL")
    assert caller.simulator.cc.last_overwritten == {}


def test_an_empty_body(caller):
    envelope = etree.fromstring(caller.unsigned())
    envelope.find(f"{{{SOAP}}}Body").clear()
    assert caller.fault(caller.sign(envelope))[0] == "soapenv:Sender"


def test_all_elements_in_order(caller):
    service = "<n:partition>p</n:partition><n:type>t</n:type><n:name>n</n:name><n:uris>u</n:uris><n:uris>v</n:uris>"
    names = ("services", "services", "disabledServices", "notreadyServices")
    content = (
        "<n:correlationId>c</n:correlationId><n:userId>u</n:userId><n:statusMessage/><n:return>true</n:return>"
        "<n:epoch>7</n:epoch>" + "".join(f"<n:{name}>{service}</n:{name}>" for name in names) + "<n:nodeName/>"
    )
    caller.accepted(caller.signed(content=content))
    assert len(caller.simulator.cc.lists["services"]) == 2
    assert caller.simulator.cc.lists["services"][1].uris == ["u", "v"]


# --- anything -----------------------------------------------------------------------------------------------------


@given(data=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_no_bytes_are_a_traceback(data):
    try:
        soap.addressing(soap.parse(data))
        status = 200
    except faults.Refused as refused:
        status = refused.status
    assert status in (200, 500)


@given(data=st.data())
@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_changed_byte_is_refused_or_changes_nothing(data, recorded):
    """One changed byte of the recorded request: the CC either refuses it or reads the very same message."""
    good = (recorded / "describe-signed.request.xml").read_bytes()
    at = data.draw(st.integers(0, len(good) - 1))
    byte = data.draw(st.integers(32, 126).filter(lambda value: value != good[at]))
    bad = good[:at] + bytes([byte]) + good[at + 1 :]
    now = security._utc("2026-11-22T11:17:01Z")
    trusted = security.load_certificate(recorded / "keys" / "cloud-cert.pem")
    try:
        envelope = soap.parse(bad)
        soap.addressing(envelope)
        security.verify_request(envelope, trusted, now)
    except faults.Refused:
        return
    original = etree.fromstring(good)
    for tag in (f"{{{SOAP}}}Body", f"{{{SOAP}}}Header/{{{WSA}}}Action"):
        assert security.canonical_part(envelope.find(tag)) == security.canonical_part(original.find(tag))
