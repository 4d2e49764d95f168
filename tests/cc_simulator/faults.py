# SPDX-License-Identifier: GPL-3.0-or-later
"""What the CC answers when it refuses a request, byte for byte where that has been recorded (recorded/faults)."""

from __future__ import annotations

from .names import SERVICE_NAME, SOAP, SOAP_12, WSA, WSSE

XML_TYPE = "text/xml;charset=UTF-8"
SOAP_12_TYPE = "application/soap+xml;charset=UTF-8"
OTHER_VERSION = "Transport identified SOAP version does not match with SOAP message version"
_ENVELOPE = (
    '<soapenv:Envelope xmlns:soapenv="{soap}">{header}<soapenv:Body><soapenv:Fault><faultcode>{code}</faultcode>'
    "<faultstring>{text}</faultstring>{detail}</soapenv:Fault></soapenv:Body></soapenv:Envelope>"
)
_EMPTY_HEADER = "<soapenv:Header></soapenv:Header>"


class Refused(Exception):
    """A request that the CC does not carry out.

    ``status`` is the HTTP status, ``body`` the bytes to answer, ``why`` a word for the simulator's own log:
    the real fault does not tell the cause.
    """

    def __init__(self, status: int, body: bytes, why: str, content_type: str = XML_TYPE):
        super().__init__(why)
        self.status = status
        self.body = body
        self.why = why
        self.content_type = content_type


def fault(code: str, text: str, why: str, detail: str = "", header: str = _EMPTY_HEADER) -> Refused:
    """Build a SOAP fault. Faults of the CC are never signed and always come with HTTP 500."""
    body = _ENVELOPE.format(
        soap=SOAP, header=header, code=code, text=text, detail=f"<detail>{detail}</detail>" if detail else ""
    )
    return Refused(500, body.encode("utf-8"), why)


def no_envelope(why: str) -> Refused:
    """Axis2/C finds no SOAP envelope in what was sent."""
    return fault("soapenv:Client", "SOAP message does not contain a SOAP envelope element", why)


def other_version(why: str) -> Refused:
    """A SOAP 1.2 envelope under a content type of SOAP 1.1."""
    return fault("soapenv:Client", OTHER_VERSION, why)


def soap_12(text: str, why: str) -> Refused:
    """A fault as a SOAP 1.2 envelope, which is what Axis2/C answers to every content type but text/xml."""
    body = (
        f'<soapenv:Envelope xmlns:soapenv="{SOAP_12}"><soapenv:Header></soapenv:Header><soapenv:Body><soapenv:Fault>'
        "<soapenv:Code><soapenv:Value>soapenv:Sender</soapenv:Value></soapenv:Code><soapenv:Reason>"
        f'<soapenv:Text xml:lang="en">{text}</soapenv:Text></soapenv:Reason></soapenv:Fault></soapenv:Body>'
        "</soapenv:Envelope>"
    )
    return Refused(500, body.encode("utf-8"), why, SOAP_12_TYPE)


def not_understood(why: str) -> Refused:
    """A header with mustUnderstand that nothing has processed (axis2_engine_check_must_understand_headers())."""
    return fault("soapenv:MustUnderstand", "Header not understood", why)


def handler_failed(why: str) -> Refused:
    """Axis2/C's answer when one of its handlers fails without saying why: an unsigned request, for one."""
    return fault("soapenv:Client", "No Error", why)


def not_authenticated(why: str) -> Refused:
    """Eucalyptus' own authentication (util/euca_axis.c) said no."""
    return _operation_failed("Unknown Error :(", why)


def not_deserialised(why: str) -> Refused:
    """The code that ADB generated cannot read the Body."""
    return _operation_failed("Data element of the OM Node is NULL", why)


def _operation_failed(text: str, why: str) -> Refused:
    detail = f"<fault>{SERVICE_NAME}|http://eucalyptus.ucsb.edu/ failed</fault>"
    return fault("soapenv:Sender", text, why, detail)


def _security(code: str, text: str, place: str, why: str) -> Refused:
    detail = f'<wsse:ProblemSecurityHeader xmlns:wsse="{WSSE}">{place}</wsse:ProblemSecurityHeader>'
    return fault(code, text, why, detail)


def bad_signature(why: str, text: str = "Signature Verification failed.") -> Refused:
    """Rampart/C cannot verify the signature; other texts come from its checks of the algorithms."""
    return _security("wsse:InvalidSecurity", text, "ds:Signature", why)


def token_elsewhere(why: str) -> Refused:
    """The certificate is not named by a direct reference to a token in the message."""
    return bad_signature(why, "Token is not in the message .")


def bad_timestamp(why: str) -> Refused:
    """Rampart/C rejects the Timestamp."""
    return _security("wsse:FailedCheck", "Timestamp is not valid", "wsse:Timestamp", why)


def no_timestamp(why: str) -> Refused:
    """Rampart/C has found no Timestamp, or one without Expires, when everything else was good."""
    text = "Timestamp token required. Cannot find in the security header"
    return _security("wsse:FailedCheck", text, "wsse:InvalidSecurity", why)


def bad_addressing(name: str, why: str) -> Refused:
    """WS-Addressing property ``name`` (such as ``Action``) is missing or stands there twice."""
    subcodes = "".join(
        f"<Subcode><Value>wsa:{value}</Value></Subcode>" for value in ("InvalidAddressingHeader", "InvalidCardinality")
    )
    text = "A header representing a Message Addressing Property is not valid and the message cannot be processed"
    detail = f'<wsa:ProblemHeaderQName xmlns:wsa="{WSA}">wsa:{name}</wsa:ProblemHeaderQName>'
    return fault(subcodes + "soapenv:Sender", text, why, detail, header="")


def http_error(status: int, reason: str, why: str) -> Refused:
    """Refused before any SOAP was looked at: an HTML page with the HTTP status."""
    page = f"<html><head><title>{status} {reason}</title></head><body><h2>{reason}</h2></body></html>\n"
    return Refused(status, page.encode("ascii"), why, content_type="text/html")
