# SPDX-License-Identifier: GPL-3.0-or-later
"""What ``?wsdl`` answers: an interface with the operations and messages that the stand-in has."""

from __future__ import annotations

from xml.sax.saxutils import quoteattr

from .names import EUCALYPTUS, OPERATIONS, SERVICE_NAME, action

_MESSAGE = (
    ("correlationId", "string", False),
    ("userId", "string", False),
    ("statusMessage", "string", False),
    ("return", "boolean", False),
    ("epoch", "int", False),
    ("services", "t:serviceInfoType", True),
    ("disabledServices", "t:serviceInfoType", True),
    ("notreadyServices", "t:serviceInfoType", True),
    ("nodeName", "string", False),
)
_SERVICE = (
    ("partition", "string", False),
    ("type", "string", False),
    ("name", "string", False),
    ("uris", "string", True),
)
_STATUS = (
    ("serviceId", "t:serviceInfoType", False),
    ("localState", "string", False),
    ("localEpoch", "int", False),
    ("details", "string", True),
)


def _type(name: str, fields: tuple[tuple[str, str, bool], ...]) -> str:
    elements = "".join(
        f'<element name="{field}" type="{kind}" minOccurs="0" maxOccurs="{"unbounded" if many else 1}"/>'
        for field, kind, many in fields
    )
    return f'<complexType name="{name}"><sequence>{elements}</sequence></complexType>'


def document(uri: str) -> bytes:
    """Return the WSDL of the service at ``uri``."""
    types = _type("serviceInfoType", _SERVICE) + _type("serviceStatusType", _STATUS)
    messages = ports = bindings = ""
    for name in OPERATIONS:
        answer = (
            (*_MESSAGE, ("serviceStatuses", "t:serviceStatusType", True)) if name == "DescribeServices" else _MESSAGE
        )
        types += _type(f"{name}Type", (*_MESSAGE, ("serviceIds", "t:serviceInfoType", True)))
        types += _type(f"{name}ResponseType", answer)
        for message in (name, f"{name}Response"):
            types += f'<element name="{message}" type="t:{message}Type"/>'
            messages += f'<w:message name="{message}"><w:part name="{message}" element="t:{message}"/></w:message>'
        ends = f'<w:input message="t:{name}"/><w:output message="t:{name}Response"/>'
        ports += f'<w:operation name="{name}">{ends}</w:operation>'
        literal = '<s:body use="literal"/>'
        bindings += (
            f'<w:operation name="{name}"><s:operation soapAction="{action(name)}"/>'
            f"<w:input>{literal}</w:input><w:output>{literal}</w:output></w:operation>"
        )
    return (
        f'<w:definitions xmlns:w="http://schemas.xmlsoap.org/wsdl/" xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/"'
        f' xmlns:t="{EUCALYPTUS}" xmlns="http://www.w3.org/2001/XMLSchema" targetNamespace="{EUCALYPTUS}"'
        f' name="{SERVICE_NAME}"><w:types><schema targetNamespace="{EUCALYPTUS}" elementFormDefault="qualified">'
        f'{types}</schema></w:types>{messages}<w:portType name="{SERVICE_NAME}PortType">{ports}</w:portType>'
        f'<w:binding name="{SERVICE_NAME}SOAP" type="t:{SERVICE_NAME}PortType">'
        f'<s:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>{bindings}</w:binding>'
        f'<w:service name="{SERVICE_NAME}"><w:port name="{SERVICE_NAME}" binding="t:{SERVICE_NAME}SOAP">'
        f"<s:address location={quoteattr(uri)}/></w:port></w:service></w:definitions>\n"
    ).encode()
