# SPDX-License-Identifier: GPL-3.0-or-later
"""The names a Cluster Controller puts on the wire: namespaces, algorithms, paths."""

from __future__ import annotations

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP_12 = "http://www.w3.org/2003/05/soap-envelope"
WSA = "http://www.w3.org/2005/08/addressing"
WSSE = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
DS = "http://www.w3.org/2000/09/xmldsig#"
EUCALYPTUS = "http://eucalyptus.ucsb.edu/"

EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
RSA_SHA1 = DS + "rsa-sha1"
SHA1 = DS + "sha1"
X509_V3 = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-x509-token-profile-1.0#X509v3"
BASE64_BINARY = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
REPLY_RELATION = "http://www.w3.org/2005/08/addressing/reply"

SERVICE_NAME = "EucalyptusCC"
SERVICES_PATH = "/axis2/services"
SERVICE_PATH = SERVICES_PATH + "/" + SERVICE_NAME
DEFAULT_PORT = 8774

OPERATIONS = (
    "DescribeServices",
    "StartService",
    "StopService",
    "EnableService",
    "DisableService",
    "ShutdownService",
)


# Which services.xml is deployed: the one with the policy, or upstream's services_noWS.xml.
SERVICES = ("WS", "noWS")
# Where the stand-in can be stricter than a real CC, for tests of clients; README.md says what each rejects.
STRICT = ("body", "dtd", "expires", "reply-to", "text", "zone")


def action(operation: str) -> str:
    """Return the wsa:Action (and soapAction) of an operation of the CC."""
    return f"{SERVICE_NAME}#{operation}"


class SimulatorError(Exception):
    """Something the person running the simulator has to put right; the text says what."""
