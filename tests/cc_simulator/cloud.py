# SPDX-License-Identifier: GPL-3.0-or-later
"""The cloud controller's side: signed requests to a CC, and the flip from one CC to another."""

from __future__ import annotations

import http.client
import time
from datetime import datetime, timezone
from pathlib import Path

from lxml import etree

from . import operations, security, soap
from .names import DEFAULT_PORT, EUCALYPTUS, SERVICE_PATH, SOAP, SimulatorError, action

CLOUD = "http://192.0.2.1:8773"  # where the topology of a heartbeat says that the cloud's own services are
ACTIONS = {
    "describe": "DescribeServices",
    "start": "StartService",
    "stop": "StopService",
    "enable": "EnableService",
    "disable": "DisableService",
    "shutdown": "ShutdownService",
}


class CloudController:
    """Sends requests to the CC at ``host`` and ``port``.

    :arg keys: directory with cloud-pk.pem, cloud-cert.pem.
    :arg timeout: seconds for each step of a request.
    """

    def __init__(self, host: str, port: int, keys: str | Path, timeout: float = 10.0):
        self.host, self.port, self.timeout = host, port, timeout
        self.key = security.load_key(Path(keys) / "cloud-pk.pem")
        self.certificate = security.load_certificate(Path(keys) / "cloud-cert.pem")
        security.require_sha1(self.key)

    @property
    def url(self) -> str:
        """The URL of the CC's service."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}{SERVICE_PATH}"

    def envelope(self, operation: str, content: str | None = None) -> bytes:
        """Build a signed request; ``content`` is the XML inside the operation's element.

        The default content is the mildest one: no lists, epoch 0.
        """
        if content is None:
            content = "".join(
                [
                    soap.text_element("correlationId", soap.new_message_id()),
                    soap.text_element("userId", "eucalyptus"),
                    soap.text_element("epoch", "0"),
                ]
            )
        unsigned = soap.request(operation, content, self.url)
        return security.sign_request(unsigned, self.key, self.certificate, datetime.now(timezone.utc))

    def post(self, body: bytes, soap_action: str) -> tuple[int, bytes]:
        """Send bytes; return the HTTP status and the body. SimulatorError when nobody answers."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=self.timeout)
        headers = {
            "Content-Type": "text/xml; charset=utf-8",
            "SOAPAction": f'"{soap_action}"',
            "Connection": "close",
        }
        try:
            connection.request("POST", SERVICE_PATH, body, headers)
            response = connection.getresponse()
            return response.status, response.read()
        except (OSError, http.client.HTTPException) as error:
            raise SimulatorError(f"no answer from {self.url}: {str(error) or type(error).__name__}") from error
        finally:
            connection.close()

    def call(self, operation: str, content: str | None = None) -> etree._Element:
        """Carry out an operation; return the answer's element. SimulatorError on a fault or ``return=false``."""
        return self.read(*self.post(self.envelope(operation, content), action(operation)))

    def read(self, status: int, body: bytes) -> etree._Element:
        """Return the element in the Body of an answer; SimulatorError says what is wrong with it."""
        try:
            envelope = etree.fromstring(body, etree.XMLParser(resolve_entities=False, no_network=True))
        except etree.XMLSyntaxError as error:
            raise SimulatorError(f"{self.url} answered HTTP {status} and no XML: {error}") from error
        fault = envelope.find(f"{{{SOAP}}}Body/{{{SOAP}}}Fault")
        if fault is not None:
            code = "".join(fault.find("faultcode").xpath("text()"))
            raise SimulatorError(f"{self.url} refused: HTTP {status}, {code}: {fault.findtext('faultstring')}")
        answers = envelope.findall(f"{{{SOAP}}}Body/{{{EUCALYPTUS}}}*")
        if status != http.client.OK or not answers:
            raise SimulatorError(f"{self.url} answered HTTP {status} and nothing of a CC")
        if answers[0].findtext(f"{{{EUCALYPTUS}}}return") != "true":
            message = answers[0].findtext(f"{{{EUCALYPTUS}}}statusMessage") or "no message"
            raise SimulatorError(f"{self.url} answered return=false: {message}")
        return answers[0]

    def local_state(self, content: str | None = None) -> str:
        """Ask DescribeServices and return the CC's localState."""
        answer = self.call("DescribeServices", content)
        state = answer.findtext(f"{{{EUCALYPTUS}}}serviceStatuses/{{{EUCALYPTUS}}}localState")
        if state is None:
            raise SimulatorError(f"{self.url} told no localState")
        return str(state)

    def heartbeat(self, partition: str, name: str, epoch: int = 1) -> str:
        """Send what the cloud controller sends every 10 to 20 s, with the topology; return the CC's localState."""
        cluster = operations.Service("cluster", name, partition, [self.url])
        services = [
            operations.Service("eucalyptus", "clc-1", "eucalyptus", [f"{CLOUD}/services/Eucalyptus"]),
            operations.Service("walrusbackend", "walrus-1", "walrus", [f"{CLOUD}/services/WalrusBackend"]),
            operations.Service("storage", "sc-1", partition, [f"{CLOUD}/services/Storage"]),
            cluster,
        ]
        content = [
            soap.text_element("correlationId", soap.new_message_id()),
            soap.text_element("userId", "eucalyptus"),
            soap.text_element("epoch", str(epoch)),
            *(soap.element("services", service.xml()) for service in services),
            soap.element("serviceIds", cluster.xml()),
        ]
        return self.local_state("".join(content))


def act(cloud: CloudController, verb: str) -> str:
    """Carry out one of ACTIONS and return the localState that the CC tells afterwards."""
    if verb != "describe":
        cloud.call(ACTIONS[verb])
    return cloud.local_state()


def flip(source: CloudController, target: CloudController, gap: float = 0.0, overlap: bool = False) -> dict[str, float]:
    """Make ``source`` DISABLED and ``target`` ENABLED; return the times of each step (seconds since 1970).

    ``gap`` seconds lie between the two; with ``overlap`` the target is enabled first, so both are for a moment.
    """
    # Requests are built beforehand: signing is not part of what the times measure.
    disable = ("disable", source, "DisableService", source.envelope("DisableService"))
    enable = ("enable", target, "EnableService", target.envelope("EnableService"))
    times: dict[str, float] = {}
    for name, cloud, operation, body in [enable, disable] if overlap else [disable, enable]:
        if times and gap:
            time.sleep(gap)
        times[f"{name}_sent"] = time.time()
        status, answer = cloud.post(body, action(operation))
        times[f"{name}_answered"] = time.time()
        cloud.read(status, answer)
    return times


def host_and_port(text: str) -> tuple[str, int]:
    """Split H, H:P, [V6] or [V6]:P; a bare IPv6 address is taken whole."""
    if text.startswith("["):
        host, dummy, rest = text[1:].partition("]")
        port = rest[1:]
    elif text.count(":") == 1:
        host, port = text.split(":")
    else:
        host, port = text, ""
    if port and not port.isdigit():
        raise SimulatorError(f"{text!r} is not HOST or HOST:PORT")
    return host, int(port or DEFAULT_PORT)
