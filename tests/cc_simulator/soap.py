# SPDX-License-Identifier: GPL-3.0-or-later
"""Envelopes: reading requests as the CC's Axis2/C does, writing requests and answers."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from xml.sax.saxutils import escape

from lxml import etree

from . import faults
from .names import EUCALYPTUS, REPLY_RELATION, SOAP, SOAP_12, WSA, action

NEXT = "http://schemas.xmlsoap.org/soap/actor/next"
# Each may stand once at most; Axis2/C 1.6 refuses a second one.
_ADDRESSING = ("To", "Action", "MessageID", "From", "ReplyTo", "FaultTo")


@dataclass
class Addressing:
    """The WS-Addressing properties of a request; None where the header is absent."""

    to: str | None = None
    action: str | None = None
    message_id: str | None = None


def parse(data: bytes, strict: frozenset[str] = frozenset()) -> etree._Element:
    """Parse untrusted bytes into an Envelope; Refused when they are no SOAP 1.1 envelope with a Body."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise faults.no_envelope(f"not XML: {error}") from error
    if "dtd" in strict and root.getroottree().docinfo.doctype:
        raise faults.handler_failed("a document type declaration")
    if root.tag == f"{{{SOAP_12}}}Envelope":
        raise faults.other_version("a SOAP 1.2 envelope")
    if root.tag != f"{{{SOAP}}}Envelope":
        raise faults.no_envelope("no SOAP 1.1 envelope")
    if root.find(f"{{{SOAP}}}Body") is None:
        raise faults.handler_failed("no Body")
    return root


def addressing(envelope: etree._Element, strict: frozenset[str] = frozenset()) -> Addressing:
    """Read the WS-Addressing headers, refusing what Axis2/C's addressing handler refuses."""
    header = envelope.find(f"{{{SOAP}}}Header")
    blocks = [] if header is None else header.findall(f"{{{WSA}}}*")
    found = Addressing()
    seen = set()
    for block in blocks:
        name = etree.QName(block).localname
        if name in seen and name in _ADDRESSING:
            raise faults.bad_addressing(name, f"wsa:{name} stands there twice")
        seen.add(name)
        text = (block.text or "").strip()
        if name == "To":
            found.to = text
        elif name == "Action":
            found.action = text
        elif name == "MessageID":
            found.message_id = text
        elif name == "ReplyTo" and "reply-to" in strict:
            raise faults.handler_failed("a ReplyTo header")
    if blocks and not found.action:
        raise faults.bad_addressing("Action", "no wsa:Action")
    return found


def check_understood(envelope: etree._Element, processed: tuple[str, ...]) -> None:
    """Refused when a header must be understood that is of none of the namespaces ``processed``."""
    header = envelope.find(f"{{{SOAP}}}Header")
    for block in [] if header is None else header.iterchildren(etree.Element):
        name = etree.QName(block)
        must = (block.get(f"{{{SOAP}}}mustUnderstand") or "").strip() in ("1", "true")
        if must and name.namespace not in processed and block.get(f"{{{SOAP}}}actor") != NEXT:
            raise faults.not_understood(f"nothing here processes the header {name.localname}")


def body_root(envelope: etree._Element) -> etree._Element | None:
    """Return the first element in the Body, or None."""
    for child in envelope.find(f"{{{SOAP}}}Body"):
        if isinstance(child.tag, str):
            return child
    return None


def new_message_id() -> str:
    """Return a fresh wsa:MessageID."""
    return f"urn:uuid:{uuid.uuid4()}"


def element(name: str, content: str) -> str:
    """Return one element of Eucalyptus' namespace; ``content`` is XML already."""
    return f"<n:{name}>{content}</n:{name}>"


def text_element(name: str, text: str) -> str:
    """Return one element of Eucalyptus' namespace holding ``text``."""
    return element(name, escape(text))


def envelope(headers: str, operation: str, content: str) -> bytes:
    """Return an unsigned envelope; ``headers`` and ``content`` are XML with the prefixes wsa and n."""
    return (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP}"><soapenv:Header xmlns:wsa="{WSA}">{headers}</soapenv:Header>'
        f'<soapenv:Body><n:{operation} xmlns:n="{EUCALYPTUS}">{content}</n:{operation}></soapenv:Body>'
        "</soapenv:Envelope>"
    ).encode()


def request(operation: str, content: str, to: str, message_id: str | None = None) -> bytes:
    """Return the unsigned envelope of a request for ``operation``, with the headers a cloud controller sends."""
    headers = (
        f"<wsa:To>{escape(to)}</wsa:To><wsa:Action>{action(operation)}</wsa:Action>"
        f"<wsa:MessageID>{escape(message_id or new_message_id())}</wsa:MessageID>"
    )
    return envelope(headers, operation, content)


def answer(operation: str, content: str, sender: str, asked: Addressing, message_id: str | None = None) -> bytes:
    """Return the unsigned envelope of an answer to a request whose addressing was ``asked``.

    ``sender`` is the URI in wsa:From.
    """
    headers = (
        f"<wsa:Action>{action(operation)}</wsa:Action>"
        f"<wsa:From><wsa:Address>{escape(sender)}</wsa:Address></wsa:From>"
        f"<wsa:MessageID>{escape(message_id or new_message_id())}</wsa:MessageID>"
        f'<wsa:RelatesTo wsa:RelationshipType="{REPLY_RELATION}">{escape(asked.message_id or "")}</wsa:RelatesTo>'
    )
    return envelope(headers, operation + "Response", content)
