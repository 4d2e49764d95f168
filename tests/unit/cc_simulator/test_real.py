# SPDX-License-Identifier: GPL-3.0-or-later
"""The 72 requests of recorded/real-3.4.2.tsv: the stand-in answers each as the real Cluster Controller did."""

from __future__ import annotations

import copy
import csv
import http.client
from datetime import timedelta
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import security
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import (
    DS,
    SERVICE_PATH,
    SOAP,
    SOAP_12,
    WSA,
    WSSE,
)
from ansible_collections.eucalyptus.ha.tests.cc_simulator.operations import LISTS, Service
from lxml import etree

TABLE = Path(__file__).parents[2] / "cc_simulator" / "recorded" / "real-3.4.2.tsv"
ROWS = list(csv.DictReader(TABLE.open(encoding="ascii"), delimiter="\t", quoting=csv.QUOTE_NONE))
NAMES = [row["request"] for row in ROWS]
XML = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": '"EucalyptusCC#DescribeServices"'}
SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
BODY = "<n:correlationId>abc</n:correlationId><n:userId>admin</n:userId><n:epoch>0</n:epoch>"
TOPOLOGY = [Service("storage", "sc-1", "PARTI00", ["http://192.0.2.1:8773/services/Storage"])]


class Request:
    """One request: what is POSTed or asked, where to, with which headers."""

    def __init__(self, body=None, headers=None, path=SERVICE_PATH, method="POST"):
        self.body, self.path, self.method = body, path, method
        self.headers = XML if headers is None else headers


def get(path):
    return lambda caller: Request(None, {}, path, "GET")


def signed(**choices):
    """The good request, signed otherwise or with another content."""
    return lambda caller: Request(caller.signed(**{"content": BODY, **choices}))


def with_headers(**headers):
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    merged = {name: value for name, value in {**XML, **changed}.items() if value is not None}
    return lambda caller: Request(caller.signed(content=BODY), merged)


def raw(body):
    return lambda caller: Request(body)


def unsigned_changed(change):
    """The request is changed, then signed."""

    def make(caller):
        envelope = etree.fromstring(caller.unsigned(content=BODY))
        change(envelope)
        return Request(caller.sign(etree.tostring(envelope)))

    return make


def signed_changed(change, **choices):
    """The request is signed, then changed; ``change`` gets the parsed Envelope."""

    def make(caller):
        envelope = etree.fromstring(caller.signed(content=BODY, **choices))
        change(envelope)
        return Request(etree.tostring(envelope))

    return make


def replaced(old, new):
    """The request is signed, then bytes of it are replaced."""

    def make(caller):
        body = caller.signed(content=BODY)
        assert body.count(old) == 1, (old, body)
        return Request(body.replace(old, new))

    return make


def header_of(envelope):
    return envelope.find(f"{{{SOAP}}}Header")


def without(name):
    def change(envelope):
        header = header_of(envelope)
        header.remove(header.find(f"{{{WSA}}}{name}"))

    return unsigned_changed(change)


def twice(name):
    def change(envelope):
        header = header_of(envelope)
        header.append(copy.deepcopy(header.find(f"{{{WSA}}}{name}")))

    return unsigned_changed(change)


def not_signed(*tags):
    return signed(parts=[part for part in security.REQUEST_PARTS if part not in tags])


def stamped(created, expires):
    """Times of so many seconds from now."""

    def make(caller):
        times = [security.utc_text(caller.simulator.now() + timedelta(seconds=s)) for s in (created, expires)]
        return Request(caller.signed(content=BODY, created=times[0], expires=times[1]))

    return make


def stamp(form):
    """The inside of the Timestamp, from {created} and {expires}."""

    def make(caller):
        now = caller.simulator.now()
        words = {
            "created": f"<wsu:Created>{security.utc_text(now)}</wsu:Created>",
            "expires": f"<wsu:Expires>{security.utc_text(now + security.LIFETIME)}</wsu:Expires>",
        }
        return Request(caller.signed(content=BODY, stamp=form.format(**words)))

    return make


def timed(change):
    """Both times in another form."""

    def make(caller):
        now = caller.simulator.now()
        created, expires = (change(security.utc_text(moment)) for moment in (now, now + security.LIFETIME))
        return Request(caller.signed(content=BODY, created=created, expires=expires))

    return make


def remove_timestamp(envelope):
    found = envelope.find(f".//{security.TIMESTAMP}")
    found.getparent().remove(found)


def remove_security(envelope):
    header = header_of(envelope)
    header.remove(header.find(f"{{{WSSE}}}Security"))


def move_body(envelope):
    body = envelope.find(f"{{{SOAP}}}Body")
    envelope.replace(body, etree.fromstring(f'<soapenv:Body xmlns:soapenv="{SOAP}"><a/></soapenv:Body>'))
    etree.SubElement(header_of(envelope), "Wrapper").append(body)


def inclusive_c14n(caller):
    body = caller.signed(content=BODY)
    old = f'<ds:CanonicalizationMethod Algorithm="{security.EXCLUSIVE_C14N}"'.encode()
    assert body.count(old) == 1
    return Request(body.replace(old, old.replace(b"2001/10/xml-exc-c14n#", b"TR/2001/REC-xml-c14n-20010315")))


def foreign(caller):
    own = {"key": caller.key(directory=caller.foreign), "certificate": caller.certificate("cloud", caller.foreign)}
    return Request(caller.signed(content=BODY, **own))


def operations(action, root):
    """wsa:Action names one operation, the Body another; the SOAPAction header goes with the Action."""

    def make(caller):
        envelope = caller.unsigned(root, BODY)
        envelope = envelope.replace(f">EucalyptusCC#{root}<".encode(), f">EucalyptusCC#{action}<".encode())
        return Request(caller.sign(envelope), {**XML, "SOAPAction": f'"EucalyptusCC#{action}"'})

    return make


def soap_12(caller):
    return Request(caller.signed(content=BODY).replace(SOAP.encode(), SOAP_12.encode()))


def in_front(text):
    return lambda caller: Request(text + caller.signed(content=BODY))


GOOD = signed()
SERVICE_IDS = "<n:serviceIds><n:type>cc</n:type><n:name>self</n:name></n:serviceIds>"
X509_DATA = (
    f'<ds:X509Data xmlns:ds="{DS}"><ds:X509IssuerSerial><ds:X509IssuerName>CN=cloud</ds:X509IssuerName>'
    "<ds:X509SerialNumber>1</ds:X509SerialNumber></ds:X509IssuerSerial></ds:X509Data>"
)
REPLY_TO = "<wsa:ReplyTo><wsa:Address>http://www.w3.org/2005/08/addressing/anonymous</wsa:Address></wsa:ReplyTo>"

REQUESTS = {
    "good": GOOD,
    "good, mustUnderstand=1": GOOD,  # as every request of the simulator's own
    "no SOAPAction header": with_headers(SOAPAction=None),
    'empty SOAPAction ""': with_headers(SOAPAction='""'),
    "other SOAPAction (StopService), wsa:Action Describe": with_headers(SOAPAction='"EucalyptusCC#StopService"'),
    "content type application/xml": with_headers(Content_Type="application/xml"),
    "content type application/soap+xml": with_headers(Content_Type="application/soap+xml; charset=utf-8"),
    "no XML": raw(b"no XML"),
    "empty body": raw(b""),
    "SOAP 1.2 envelope": soap_12,
    "DTD": in_front(b"<!DOCTYPE soapenv:Envelope>"),
    "XML declaration": in_front(b'<?xml version="1.0" encoding="UTF-8"?>'),
    "XML declaration + newline": in_front(b'<?xml version="1.0" encoding="UTF-8"?>\n'),
    "no Action": without("Action"),
    "no To": without("To"),
    "no MessageID": without("MessageID"),
    "no Timestamp": signed_changed(
        remove_timestamp, parts=[part for part in security.REQUEST_PARTS if part != security.TIMESTAMP]
    ),
    "two Action": twice("Action"),
    "two To": twice("To"),
    "two MessageID": twice("MessageID"),
    "ReplyTo anonymous": unsigned_changed(
        lambda envelope: header_of(envelope).append(etree.fromstring(REPLY_TO.replace(">", f' xmlns:wsa="{WSA}">', 1)))
    ),
    "unknown operation": operations("DescribeEverything", "DescribeServices"),
    "no Security header": signed_changed(remove_security),
    "no Header at all": signed_changed(lambda envelope: envelope.remove(header_of(envelope))),
    "white space between elements of Security": replaced(b"<wsu:Timestamp", b"\n<wsu:Timestamp"),
    "unknown element in Security": replaced(b"</wsse:Security>", b"<wsse:Other/></wsse:Security>"),
    "Body not signed": not_signed(security.BODY),
    "Timestamp not signed": not_signed(security.TIMESTAMP),
    "To not signed": not_signed(f"{{{WSA}}}To"),
    "Action not signed": not_signed(f"{{{WSA}}}Action"),
    "MessageID not signed": not_signed(f"{{{WSA}}}MessageID"),
    "foreign certificate and key": foreign,
    "wrong key": lambda caller: Request(caller.signed(content=BODY, key=caller.key(directory=caller.foreign))),
    "tampered Body": replaced(b"<n:userId>admin<", b"<n:userId>admim<"),
    "rsa-sha256": signed(signature_method=RSA_SHA256),
    "digest sha256": signed(digest_method=SHA256),
    "inclusive c14n": inclusive_c14n,
    "non-ASCII userId": signed(content="<n:userId>\u00e9</n:userId>"),
    "&#13; in userId": signed(content="<n:userId>a&#13;b</n:userId>"),
    "tab in attribute": signed(content='<n:userId x="a&#9;b">admin</n:userId>'),
    "line feed between Body elements": signed(content=BODY.replace("><n:userId", ">\n<n:userId")),
    "Timestamp Created +15 s": stamped(15, 315),
    "Timestamp Created +25 s": stamped(25, 325),
    "Timestamp Created -10 min, Expires -5 min": stamped(-600, -300),
    "Timestamp Created -295 s, Expires +5 s": stamped(-295, 5),
    "Timestamp Created -270 s, Expires +30 s": stamped(-270, 30),
    "Timestamp Expires before Created": stamped(0, -1),
    "Timestamp +00:00 instead of Z": timed(lambda text: text.replace("Z", "+00:00")),
    "Timestamp without fraction": timed(lambda text: text[: text.index(".")] + "Z"),
    "Timestamp Created only": stamp("{created}"),
    "Timestamp Expires only": stamp("{expires}"),
    "Timestamp Expires first": stamp("{expires}{created}"),
    "Timestamp with white space": stamp("{created}\n{expires}"),
    "Body: unknown element": signed(content=BODY + "<n:other/>"),
    "Body: out of order": signed(content="<n:userId>admin</n:userId><n:correlationId>abc</n:correlationId>"),
    "Body: no userId, correlationId": signed(content="<n:epoch>0</n:epoch>"),
    "Body: empty DescribeServices": signed(content=""),
    "Body: wrong root EnableService, Action Describe": operations("DescribeServices", "EnableService"),
    "Body: serviceIds type cc": signed(content=BODY + SERVICE_IDS),
    "signed Body moved into Header": signed_changed(move_body),
    "certificate by key identifier": signed(
        key_info=f'<wsse:KeyIdentifier ValueType="{security.X509_V3}">AAAA</wsse:KeyIdentifier>'
    ),
    "certificate embedded": signed(
        key_info="<wsse:Embedded><wsse:BinarySecurityToken>AAAA</wsse:BinarySecurityToken></wsse:Embedded>"
    ),
    "certificate by issuer and serial": signed(key_info=X509_DATA),
    "replay: the same request twice (1)": GOOD,
    "replay first": GOOD,
    "replay second": GOOD,  # sent twice by the test
    "POST elsewhere /axis2/services/Nope": lambda caller: Request(
        caller.signed(content=BODY), path="/axis2/services/Nope"
    ),
    "GET /axis2/services": get("/axis2/services"),
    "GET /axis2/services/": get("/axis2/services/"),
    "GET /": get("/"),
    "GET /axis2/services/EucalyptusCC?wsdl": get("/axis2/services/EucalyptusCC?wsdl"),
    "Action StopService, Body DescribeServices": operations("StopService", "DescribeServices"),
}


def send(simulator, request):
    """Return HTTP status, content type without its parameters, and the body."""
    connection = http.client.HTTPConnection(simulator.host, simulator.port, timeout=10)
    try:
        connection.request(request.method, request.path, request.body, {**request.headers, "Connection": "close"})
        response = connection.getresponse()
        return response.status, response.getheader("Content-Type").partition(";")[0], response.read()
    finally:
        connection.close()


def described(kind, body):
    """An answer in the table's words."""
    if kind == "text/html":
        return "HTML list of services, names EucalyptusCC" if b"EucalyptusCC" in body else "httpd page"
    root = etree.fromstring(body)
    if root.tag == f"{{{SOAP_12}}}Envelope":
        assert kind == "application/soap+xml"
        assert root.find(f"{{{SOAP_12}}}Body/{{{SOAP_12}}}Fault") is not None
        return "fault as a SOAP 1.2 envelope"
    assert kind == "text/xml"
    if etree.QName(root).localname == "definitions":
        return "the WSDL"
    content = root.find(f"{{{SOAP}}}Body")[0]
    if content.tag == f"{{{SOAP}}}Fault":
        return f"fault: {content.findtext('faultcode')} / {content.findtext('faultstring')}".replace("  ", " ")
    state = content.findtext("{*}serviceStatuses/{*}localState") or "(no status)"
    return f"{etree.QName(content).localname}, localState {state}"


def test_the_requests_are_those_of_the_table():
    assert len(NAMES) == len(set(NAMES)) == 72
    assert set(REQUESTS) == set(NAMES)


@pytest.fixture(scope="module")
def answers(key_directory):
    """All requests, each sent to a CC that is ENABLED, has a topology and epoch 0: what came, and what the CC was afterwards."""
    from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator  # noqa: PLC0415 (used here only)

    from .conftest import NOW, Caller  # noqa: PLC0415 (as above)

    found = {}
    with Simulator(key_directory, clock=NOW, state="ENABLED", release="3.4") as simulator:
        for name in NAMES:
            simulator.cc.lists = {key: list(TOPOLOGY) for key in LISTS}
            request = REQUESTS[name](Caller(simulator, key_directory))
            if name == "replay second":
                send(simulator, request)
            status, kind, body = send(simulator, request)
            after = simulator.state, any(simulator.cc.lists.values())
            found[name] = {"HTTP status": str(status), "answer": described(kind, body), "after": after}
    return found


@pytest.mark.parametrize("row", ROWS, ids=NAMES)
def test_each_is_answered_as_the_real_one_does(answers, row):
    found = answers[row["request"]]
    assert {name: found[name] for name in ("HTTP status", "answer")} == {
        name: row[name] for name in ("HTTP status", "answer")
    }
    # A DescribeServices that is answered has emptied the topology; nothing else has changed anything.
    assert found["after"] == ("ENABLED", not row["answer"].startswith("DescribeServicesResponse"))
