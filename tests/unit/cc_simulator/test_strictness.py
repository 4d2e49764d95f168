# SPDX-License-Identifier: GPL-3.0-or-later
"""Each demand of a CC on a request, and the fault that follows when it is not met: beyond the 72 requests of test_real.py.

The last part is about the option that makes the stand-in stricter than a real CC.
"""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import faults, security, soap
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import (
    DS,
    EXCLUSIVE_C14N,
    SOAP,
    STRICT,
    WSA,
    WSSE,
    SimulatorError,
)
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

UNSIGNED = ("soapenv:Client", "No Error")
UNKNOWN = ("soapenv:Sender", "Unknown Error :(")
BROKEN = ("wsse:InvalidSecurity", "Signature Verification failed.")
STAMP = ("wsse:FailedCheck", "Timestamp is not valid")
NO_STAMP = ("wsse:FailedCheck", "Timestamp token required. Cannot find in the security header")
NO_ENVELOPE = ("soapenv:Client", "SOAP message does not contain a SOAP envelope element")
NOT_READ = ("soapenv:Sender", "Data element of the OM Node is NULL")
NOT_UNDERSTOOD = ("soapenv:MustUnderstand", "Header not understood")
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
def test_other_content_types_get_a_fault_of_soap_1_2(caller, kind):
    status, body = caller.post(caller.signed(), {**XML, "Content-Type": kind})
    assert (status, b"http://www.w3.org/2003/05/soap-envelope" in body) == (500, True)


@pytest.mark.parametrize("path", ["/", "/axis2/services", "/other/axis2/services/EucalyptusCC"])
def test_other_paths_are_404(caller, path):
    assert caller.post(caller.signed(), XML, path)[0] == 404


def test_the_service_is_found_by_wsa_to_or_by_the_path(caller):
    elsewhere = caller.sign(replaced(caller.unsigned(), b"/EucalyptusCC</wsa:To>", b"/Other</wsa:To>"))
    assert caller.post(caller.signed(), XML, "/axis2/services/Other")[0] == 200
    assert caller.post(elsewhere, XML)[0] == 200
    assert caller.post(elsewhere, XML, "/axis2/services/Other")[0] == 404


# --- XML ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"ENABLED",
        b"<a/>",
        b"<Envelope/>",
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<?xml version="1.0" encoding="nonsense"?><a/>',
    ],
)
def test_what_is_no_envelope(caller, body):
    assert caller.fault(body)[:2] == NO_ENVELOPE


def test_an_envelope_without_a_body(caller):
    assert caller.fault(f'<e:Envelope xmlns:e="{SOAP}"/>'.encode())[:2] == UNSIGNED


def test_entities_are_not_expanded(caller):
    bomb = b'<!DOCTYPE a [<!ENTITY b "c">]>' + replaced(caller.signed(), b"<n:userId>admin<", b"<n:userId>&b;<")
    assert caller.fault(bomb)[:2] == BROKEN


# --- WS-Addressing ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["To", "Action", "MessageID"])
def test_a_doubled_address_header(caller, name):
    envelope = with_header(caller.unsigned(), f"<wsa:{name}>x</wsa:{name}>".encode())
    _status, answer = caller.post(caller.sign(envelope))
    assert f'<wsa:ProblemHeaderQName xmlns:wsa="{WSA}">wsa:{name}<' in answer.decode()


def test_the_order_of_headers_does_not_matter(caller):
    envelope = etree.fromstring(caller.signed())
    header = envelope.find(f"{{{SOAP}}}Header")
    header[:] = reversed(header)
    assert header[0].tag == f"{{{WSSE}}}Security"
    caller.accepted(etree.tostring(envelope))


def test_the_operation_is_the_actions_if_the_body_is_too(caller):
    assert caller.fault(caller.sign(replaced(caller.unsigned(), b"#DescribeServices", b"#StopService")))[:2] == NOT_READ
    assert caller.simulator.state == "ENABLED"
    # The SOAPAction header still says DescribeServices.
    answer = caller.accepted(caller.signed("StopService"))
    assert caller.simulator.state == "STOPPED"
    assert answer.find(".//{*}StopServiceResponse") is not None


@pytest.mark.parametrize(
    ("soap_action", "root"),
    [("EucalyptusCC#StopService", "StopService"), ("EucalyptusCC#Unknown", "StopService"), ("", "StopService")],
)
def test_an_unknown_action_leaves_it_to_the_soapaction_and_then_to_the_body(caller, soap_action, root):
    envelope = caller.unsigned(root).replace(f"#{root}<".encode(), b"#Unknown<")
    assert caller.post(caller.sign(envelope), {**XML, "SOAPAction": f'"{soap_action}"'})[0] == 200
    assert caller.simulator.state == "STOPPED"


def test_no_operation_at_all(caller):
    envelope = caller.unsigned().replace(b"DescribeServices", b"DescribeEverything")
    headers = {**XML, "SOAPAction": '"EucalyptusCC#DescribeEverything"'}
    assert caller.post(caller.sign(envelope), headers)[0] == 500
    assert caller.simulator.last.refused.startswith("no operation for")


# --- mustUnderstand, and a CC without a security policy ------------------------------------------------------------


@pytest.mark.parametrize(
    ("attributes", "understood"),
    [
        ('s:mustUnderstand="1"', False),
        ('s:mustUnderstand="true"', False),
        ('s:mustUnderstand="0"', True),
        ("", True),
        ('s:mustUnderstand="1" s:actor="http://schemas.xmlsoap.org/soap/actor/next"', True),
        ('s:mustUnderstand="1" s:actor="urn:other"', False),
    ],
)
def test_a_header_that_nobody_processes(caller, attributes, understood):
    block = f'<x:Other xmlns:x="urn:x" xmlns:s="{SOAP}" {attributes}/>'.encode()
    body = caller.sign(with_header(caller.unsigned(), block))
    if understood:
        caller.accepted(body)
    else:
        assert caller.fault(body)[:2] == NOT_UNDERSTOOD
        # What Rampart/C rejects is found first.
        assert caller.fault(replaced(body, b"<n:userId>admin<", b"<n:userId>admim<"))[:2] == BROKEN


def test_with_services_nows_nobody_is_let_in(make_caller):
    caller = make_caller(services="noWS", state="ENABLED")
    assert caller.fault(caller.unsigned())[:2] == UNKNOWN
    assert caller.fault(caller.signed())[:2] == NOT_UNDERSTOOD
    plain = replaced(caller.signed(), b' soapenv:mustUnderstand="1"', b"")
    assert caller.fault(plain)[:2] == UNKNOWN
    assert caller.post(None, {}, "/axis2/services", "GET")[0] == 200
    assert caller.simulator.cc.last_overwritten == {}


def test_unknown_services(key_directory):
    with pytest.raises(SimulatorError, match="one of WS, noWS .got 'none'."):
        Simulator(key_directory, services="none")


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


def test_what_is_wrong_with_the_signature_is_found_before_a_missing_timestamp(caller):
    parts = [part for part in security.REQUEST_PARTS if part != security.TIMESTAMP]
    envelope = etree.fromstring(caller.signed(parts=parts, key=caller.key(directory=caller.foreign)))
    stamp = envelope.find(f".//{security.TIMESTAMP}")
    stamp.getparent().remove(stamp)
    assert caller.fault(etree.tostring(envelope))[:2] == BROKEN


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


def test_a_reference_to_the_certificate_that_is_empty(caller):
    assert caller.fault(caller.signed(key_info=""))[:2] == UNSIGNED


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
        EXPIRES,
        EXPIRES + CREATED,
        CREATED + CREATED + EXPIRES,
        CREATED + EXPIRES + EXPIRES,
        "\n" + CREATED + EXPIRES,
        CREATED + " " + EXPIRES,
        CREATED + EXPIRES + "\n",
        CREATED + "<wsu:Expires/>",
        "<wsu:Created>2026-11-22 11:17:00Z</wsu:Created>" + EXPIRES,
        "<wsu:Created>2026-11-31T11:17:00Z</wsu:Created>" + EXPIRES,
        "<wsu:Created>2026-11-22T12:17:00+01:00</wsu:Created><wsu:Expires>2026-11-22T12:22:00+01:00</wsu:Expires>",
        CREATED + "<wsu:Expires>2026-11-22T11:17:00Z</wsu:Expires>",
    ],
)
def test_time_stamps_that_are_refused(caller, stamp):
    assert caller.fault(caller.signed(stamp=stamp))[:2] == STAMP


@pytest.mark.parametrize("stamp", [CREATED, "<wsu:Created>2020-01-01T00:00:00Z</wsu:Created>"])
def test_a_time_stamp_that_never_expires(caller, stamp):
    assert caller.fault(caller.signed(stamp=stamp))[:2] == NO_STAMP


def test_the_plain_time_stamp_of_these_tests_is_good(caller):
    caller.accepted(caller.signed(stamp=CREATED + EXPIRES))


@pytest.mark.parametrize(("seconds", "good"), [(20, True), (20.001, False), (-280, True), (-100000, True)])
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


SERVICE = "<n:services><n:type>t</n:type><n:name>n</n:name></n:services>"


@pytest.mark.parametrize(
    ("content", "read"),
    [
        (f"<n:epoch>7</n:epoch>{SERVICE}<n:userId>late</n:userId>", ("7", 1, None)),
        (f"<n:userId>a</n:userId><n:correlationId>late</n:correlationId><n:epoch>7</n:epoch>{SERVICE}", ("0", 0, "a")),
        (f"<n:other/><n:userId>a</n:userId><n:epoch>7</n:epoch>{SERVICE}", ("0", 0, None)),
        (f"<userId>a</userId><n:epoch>7</n:epoch>{SERVICE}", ("0", 0, None)),
        (f"<n:epoch>7</n:epoch><n:epoch>8</n:epoch>{SERVICE}", ("7", 0, None)),
        (f"<n:serviceIds/>{SERVICE}", (None, 0, None)),
        (f"{SERVICE}{SERVICE}<n:epoch>7</n:epoch>", ("0", 2, None)),
    ],
)
def test_an_element_that_is_unknown_or_late_ends_the_reading(caller, content, read):
    """Epoch, services, and the userId that is answered."""
    answer = caller.accepted(caller.signed(content=content))
    services = caller.simulator.cc.lists["services"]
    assert (answer.findtext(".//{*}localEpoch"), len(services), answer.findtext(".//{*}userId")) == read


def test_in_a_service_too(caller):
    content = "<n:services><n:name>n</n:name><n:type>late</n:type><n:uris>u</n:uris></n:services>"
    caller.accepted(caller.signed(content=content))
    service = caller.simulator.cc.lists["services"][0]
    assert (service.name, service.type, service.uris) == ("n", "", [])


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


# --- stricter than a real CC --------------------------------------------------------------------------------------

REPLY_TO = b"<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>"


def content(text):
    return lambda caller: caller.signed(content=text)


def stamp(text):
    return lambda caller: caller.signed(stamp=text)


def late(seconds):
    return lambda caller: caller.signed(now=caller.simulator.now() + timedelta(seconds=seconds))


#: What a real CC answers and one that is stricter in this does not, and the fault.
STRICTER = {
    "body": (
        NOT_READ,
        [
            content("<n:userId>a</n:userId><n:correlationId>b</n:correlationId>"),
            content("<n:serviceIds/><n:services/>"),
            content("<n:epoch>1</n:epoch><n:epoch>2</n:epoch>"),
            content("<n:other/>"),
            content("<userId>a</userId>"),
            content("<n:services><n:name>a</n:name><n:type>b</n:type></n:services>"),
            content("<n:serviceIds><n:type>cluster</n:type><n:uris/><n:partition/></n:serviceIds>"),
        ],
    ),
    "dtd": (UNSIGNED, [lambda caller: b'<!DOCTYPE a [<!ENTITY b "c">]>' + caller.signed()]),
    "expires": (STAMP, [late(-280), late(-301), late(-100000)]),
    "reply-to": (UNSIGNED, [lambda caller: caller.sign(with_header(caller.unsigned(), REPLY_TO))]),
    "text": (
        BROKEN,
        [
            content("<n:userId>\u00e9</n:userId>"),
            content("<n:userId>a&#13;b</n:userId>"),
            content('<n:userId x="a&#9;b"/>'),
            content('<n:userId x="a&#10;b"/>'),
        ],
    ),
    "zone": (
        STAMP,
        [
            stamp("<wsu:Created>2026-11-22T11:17:00+00:00</wsu:Created>" + EXPIRES),
            stamp(CREATED + "<wsu:Expires>2026-11-22T12:22:00+01:00</wsu:Expires>"),
            stamp("<wsu:Created>2026-11-22T11:17:00</wsu:Created>" + EXPIRES),
            stamp("<wsu:Created> 2026-11-22T11:17:00Z</wsu:Created>" + EXPIRES),
        ],
    ),
}
CASES = [(name, number) for name, (_fault, requests) in STRICTER.items() for number in range(len(requests))]


def test_every_strictness_is_tested():
    assert sorted(STRICTER) == sorted(STRICT)


@pytest.mark.parametrize(("name", "number"), CASES)
def test_a_strictness_is_off_by_default_and_rejects_nothing_else(make_caller, name, number):
    fault, requests = STRICTER[name]
    for strict, accepts in (((), True), ((name,), False), (set(STRICT) - {name}, True), (STRICT, False)):
        caller = make_caller(state="ENABLED", strict=strict)
        body = requests[number](caller)
        if accepts:
            caller.accepted(body)
        else:
            assert caller.fault(body)[:2] == fault
            assert caller.simulator.cc.last_overwritten == {}


def test_the_strictest_one_accepts_a_good_request(make_caller):
    caller = make_caller(state="ENABLED", strict=STRICT)
    caller.accepted(caller.signed())
    caller.accepted(caller.signed(now=caller.simulator.now() - timedelta(seconds=279.999)))


def test_unknown_strictness(key_directory):
    with pytest.raises(SimulatorError, match="some of body, dtd, .* .got everything."):
        Simulator(key_directory, strict=["dtd", "everything"])


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
    now = security._time("2026-11-22T11:17:01Z", True)
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
