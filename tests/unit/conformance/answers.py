# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways for the simulator to answer other than it should.

Each function takes the response it would have sent, the exchange and the bench, and changes the response.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from ansible_collections.eucalyptus.ha.tests.cc_simulator import security, soap
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Exchange, Response, Simulator
from lxml import etree

RECORDED = Path(__file__).resolve().parents[2] / "cc_simulator" / "recorded"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
DS = "http://www.w3.org/2000/09/xmldsig#"
WSA = "http://www.w3.org/2005/08/addressing"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
MORE = "http://www.w3.org/2001/04/xmldsig-more#"


@dataclass
class Bench:
    """What an answer may be made with."""

    simulator: Simulator
    keys: Path
    foreign: Path
    memory: dict[str, bytes] = field(default_factory=dict)


Alter = Callable[[Response, Exchange, Bench], None]


def _entry(state: str, kind: str = "cluster", name: str = "CC_00", details: str = "ERRORS=0", partition: str = "PARTI00"):
    return (
        f"<n:serviceStatuses><n:serviceId><n:partition>{partition}</n:partition><n:type>{kind}</n:type><n:name>{name}</n:name>"
        f"<n:uris>http://10.0.0.1:8774/axis2/services/EucalyptusCC</n:uris></n:serviceId><n:localState>{state}</n:localState>"
        f"<n:localEpoch>0</n:localEpoch><n:details>{details}</n:details></n:serviceStatuses>"
    )


def says(*parts: str, ok: str = "<n:return>true</n:return>") -> Alter:
    """A signed answer whose element holds these ``parts`` after ``return``."""

    def alter(response: Response, exchange: Exchange, bench: Bench) -> None:
        envelope = bench.simulator.unsigned_answer(exchange, ok + "".join(parts))
        response.body = bench.simulator.signed_answer(envelope)

    return alter


entry = _entry


def signed_with(**choices: object) -> Alter:
    """The good answer, signed otherwise: see security.sign()."""

    def alter(response: Response, exchange: Exchange, bench: Bench) -> None:
        response.body = bench.simulator.signed_answer(bench.simulator.unsigned_answer(exchange), **choices)

    return alter


def unsigned(response: Response, exchange: Exchange, bench: Bench) -> None:
    """What anybody who sits in between can send."""
    response.body = bench.simulator.unsigned_answer(exchange)


def empty_security(response: Response, exchange: Exchange, bench: Bench) -> None:
    """A Security header with everything but a signature."""
    root = etree.fromstring(response.body)
    signature = next(root.iter(f"{{{DS}}}Signature"))
    signature.getparent().remove(signature)
    response.body = etree.tostring(root)


def foreign(response: Response, exchange: Exchange, bench: Bench) -> None:
    """Signed by another cluster."""
    signed_with(
        key=security.load_key(bench.foreign / "cluster-pk.pem"),
        certificate=security.load_certificate(bench.foreign / "cluster-cert.pem"),
    )(response, exchange, bench)


def cloud_signed(response: Response, exchange: Exchange, bench: Bench) -> None:
    """Signed with the client's own key: what zeep's stock verification accepts."""
    signed_with(
        key=security.load_key(bench.keys / "cloud-pk.pem"),
        certificate=security.load_certificate(bench.keys / "cloud-cert.pem"),
    )(response, exchange, bench)


def foreign_under_cc_certificate(response: Response, exchange: Exchange, bench: Bench) -> None:
    """The CC's certificate is public: send it along, and sign with another key."""
    signed_with(key=security.load_key(bench.foreign / "cluster-pk.pem"))(response, exchange, bench)


def replaced(old: bytes, new: bytes) -> Alter:
    """The signed answer with some bytes replaced."""

    def alter(response: Response, _exchange: Exchange, _bench: Bench) -> None:
        assert old in response.body, old
        response.body = response.body.replace(old, new)

    return alter


def _moved(response: Response, forged_id: bool) -> None:
    """Signature wrapping: the signed Body goes into the Header, a forged one takes its place."""
    root = etree.fromstring(response.body)
    body = root.find(f"{{{SOAP}}}Body")
    forged = etree.fromstring(etree.tostring(body).replace(b">DISABLED<", b">ENABLED<"))
    if not forged_id:
        for name in list(forged.attrib):
            del forged.attrib[name]
    root.replace(body, forged)
    etree.SubElement(root.find(f"{{{SOAP}}}Header"), "Wrapper").append(body)
    response.body = etree.tostring(root)


def moved(response: Response, exchange: Exchange, bench: Bench) -> None:
    """The forged Body without id."""
    _moved(response, False)


def moved_same_id(response: Response, exchange: Exchange, bench: Bench) -> None:
    """The forged Body with the id of the signed one."""
    _moved(response, True)


def moved_timestamp(response: Response, exchange: Exchange, bench: Bench) -> None:
    """The signed time stamp goes elsewhere, an unsigned one that never expires takes its place."""
    root = etree.fromstring(response.body)
    stamp = next(root.iter(security.TIMESTAMP))
    forged = etree.fromstring(re.sub(rb"20\d\d-", b"2099-", etree.tostring(stamp)))
    for name in list(forged.attrib):
        del forged.attrib[name]
    stamp.getparent().replace(stamp, forged)
    etree.SubElement(root.find(f"{{{SOAP}}}Header"), "Wrapper").append(stamp)
    response.body = etree.tostring(root)


def second_body(response: Response, exchange: Exchange, bench: Bench) -> None:
    """A forged Body before the signed one."""
    root = etree.fromstring(response.body)
    body = root.find(f"{{{SOAP}}}Body")
    forged = etree.fromstring(etree.tostring(body).replace(b">DISABLED<", b">ENABLED<"))
    for name in list(forged.attrib):
        del forged.attrib[name]
    body.addprevious(forged)
    response.body = etree.tostring(root)


def _without(tag: str) -> tuple[str, ...]:
    assert tag in security.ANSWER_PARTS
    return tuple(part for part in security.ANSWER_PARTS if part != tag)


body_unsigned = signed_with(parts=_without(security.BODY))
timestamp_unsigned = signed_with(parts=_without(security.TIMESTAMP))
relates_to_unsigned = signed_with(parts=_without(f"{{{WSA}}}RelatesTo"))
action_unsigned = signed_with(parts=_without(f"{{{WSA}}}Action"))


def stamped(created: int, expires: int) -> Alter:
    """Signed with a time stamp of so many seconds from now."""

    def alter(response: Response, exchange: Exchange, bench: Bench) -> None:
        texts = (time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(time.time() + offset)) for offset in (created, expires))
        signed_with(**dict(zip(("created", "expires"), texts, strict=True)))(response, exchange, bench)

    return alter


def to_another(response: Response, exchange: Exchange, bench: Bench) -> None:
    """Properly signed, but an answer to somebody else's request."""
    envelope = bench.simulator.unsigned_answer(exchange, message_id="urn:uuid:00000000-0000-4000-8000-000000000000")
    response.body = bench.simulator.signed_answer(envelope)


def replayed(response: Response, exchange: Exchange, bench: Bench) -> None:
    """A good ENABLED answer of yesterday's request, sent again while the CC is DISABLED."""
    asked = {**vars(exchange.addressing), "message_id": "urn:uuid:00000000-0000-4000-8000-000000000001"}
    content = f"<n:return>true</n:return>{_entry('ENABLED')}"
    envelope = soap.answer("DescribeServices", content, exchange.addressing.to, soap.Addressing(**asked))
    response.body = bench.simulator.signed_answer(envelope)


def other_operation(response: Response, exchange: Exchange, bench: Bench) -> None:
    """A properly signed answer with the Action of another operation."""
    envelope = bench.simulator.unsigned_answer(exchange).replace(b"#DescribeServices<", b"#StopService<")
    response.body = bench.simulator.signed_answer(envelope)


def extra_transform(response: Response, exchange: Exchange, bench: Bench) -> None:
    """An XPath transform can choose to sign nothing."""
    new = b'<ds:Transform Algorithm="http://www.w3.org/TR/1999/REC-xpath-19991116"/></ds:Transforms>'
    replaced(b"</ds:Transforms>", new)(response, exchange, bench)


def fault(name: str) -> Alter:
    """A recorded fault of the real server."""

    def alter(response: Response, _exchange: Exchange, _bench: Bench) -> None:
        response.status = 500
        response.body = (RECORDED / "faults" / f"{name}.response.xml").read_bytes()

    return alter


def fault_text(code: str, text: str, status: int = 500) -> Alter:
    """A fault of another text."""

    def alter(response: Response, _exchange: Exchange, _bench: Bench) -> None:
        response.status = status
        response.body = (
            f'<s:Envelope xmlns:s="{SOAP}"><s:Body><s:Fault><faultcode>{code}</faultcode><faultstring>{text}</faultstring>'
            "</s:Fault></s:Body></s:Envelope>"
        ).encode()

    return alter


def of_type(content_type: str) -> Alter:
    """The good answer under another Content-Type."""

    def alter(response: Response, _exchange: Exchange, _bench: Bench) -> None:
        response.content_type = content_type

    return alter


def encoded(encoding: str) -> Alter:
    """The good answer in another encoding, declared properly."""

    def alter(response: Response, _exchange: Exchange, _bench: Bench) -> None:
        text = response.body.decode("ascii")
        response.body = f'<?xml version="1.0" encoding="{encoding}"?>{text}'.encode(encoding)
        response.content_type = "text/xml"

    return alter


def with_doctype(response: Response, exchange: Exchange, bench: Bench) -> None:
    """A harmless DTD, before a good answer."""
    response.body = b"<!DOCTYPE soapenv:Envelope>" + response.body


def padded(response: Response, exchange: Exchange, bench: Bench) -> None:
    """A good answer, and a MiB of blanks behind it."""
    response.body += b" " * 1024 * 1024


def truncated(response: Response, exchange: Exchange, bench: Bench) -> None:
    """The connection ends in the middle."""
    response.truncate_to = len(response.body) // 2


def redirected(response: Response, exchange: Exchange, bench: Bench) -> None:
    """To another place with a good answer."""
    response.status = 302
    response.headers.append(("Location", "http://127.0.0.1:9/axis2/services/EucalyptusCC"))
