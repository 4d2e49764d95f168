# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys once per session, and a caller that can send bad requests as easily as good ones."""

from __future__ import annotations

import http.client
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys, security, soap
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import SERVICE_PATH, action
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator
from ansible_collections.eucalyptus.ha.tests.unit import wall_clock
from lxml import etree

NOW = datetime(2026, 11, 22, 11, 17, 1, tzinfo=timezone.utc)
BODY = "<n:correlationId>abc</n:correlationId><n:userId>admin</n:userId><n:epoch>3</n:epoch>"


@pytest.fixture(scope="session")
@wall_clock.harmless("these tests give their simulators a clock, and the dates of certificates are not looked at")
def key_directory(tmp_path_factory):
    """The cloud's and the cluster's keys, and a foreign pair, made once for all of xdist's processes."""
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if base.name.startswith("popen-") else base
    directory = keys.make_once(shared / "cc-keys")
    foreign = keys.make_once(shared / "foreign-keys")
    assert (directory / "cloud-pk.pem").read_bytes() != (foreign / "cloud-pk.pem").read_bytes()
    return directory


@dataclass
class Caller:
    """Makes requests and sends them to a simulator."""

    simulator: Simulator
    key_directory: Path

    def key(self, owner="cloud", directory=None):
        return security.load_key((directory or self.key_directory) / f"{owner}-pk.pem")

    def certificate(self, owner="cloud", directory=None):
        return security.load_certificate((directory or self.key_directory) / f"{owner}-cert.pem")

    @property
    def foreign(self):
        return self.key_directory.parent / "foreign-keys"

    def unsigned(self, operation="DescribeServices", content=BODY, message_id=None):
        return soap.request(operation, content, self.simulator.url, message_id)

    def sign(self, envelope, **choices):
        choices = {"key": self.key(), "certificate": self.certificate(), "now": self.simulator.now(), **choices}
        return security.sign_request(envelope, **choices)

    def signed(self, operation="DescribeServices", content=BODY, **choices):
        return self.sign(self.unsigned(operation, content), **choices)

    def post(self, body, headers=None, path=SERVICE_PATH, method="POST"):
        """Return the HTTP status and the body."""
        connection = http.client.HTTPConnection(self.simulator.host, self.simulator.port, timeout=60)
        if headers is None:
            headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{action("DescribeServices")}"'}
        try:
            connection.request(method, path, body, {**headers, "Connection": "close"})
            response = connection.getresponse()
            return response.status, response.read()
        finally:
            connection.close()

    def accepted(self, body):
        """Send a request that must be accepted; return the answer's Envelope."""
        status, answer = self.post(body)
        assert (status, self.simulator.last.refused) == (200, None), answer
        return etree.fromstring(answer)

    def fault(self, body):
        """Send a request that must be refused; return faultcode, faultstring and why the simulator says it was."""
        status, answer = self.post(body)
        assert status == 500, answer
        found = etree.fromstring(answer).find(".//{*}Fault")
        code = "".join(found.find("faultcode").xpath("text()"))
        return code, found.findtext("faultstring"), self.simulator.last.refused


@pytest.fixture
def simulator(key_directory):
    with Simulator(key_directory, clock=NOW, state="ENABLED") as running:
        yield running


@pytest.fixture
def caller(simulator, key_directory):
    return Caller(simulator, key_directory)


@pytest.fixture
def make_caller(key_directory):
    """Start further simulators: make_caller(**options of Simulator)."""
    started = []

    def start(**options):
        options = {"keys": key_directory, "clock": NOW, **options}
        started.append(Simulator(**options).start())
        return Caller(started[-1], key_directory)

    yield start
    for running in started:
        running.__exit__(None)


@pytest.fixture(scope="session")
def recorded():
    """The directory of what a real CC endpoint answered."""
    return Path(__file__).parents[2] / "cc_simulator" / "recorded"
