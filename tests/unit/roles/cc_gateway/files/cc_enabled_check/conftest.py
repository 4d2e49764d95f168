# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, a server that says what a test tells it, and ways to run the check."""

from __future__ import annotations

import contextlib
import importlib
import os
import re
import socket
import subprocess
import threading
from pathlib import Path
from types import SimpleNamespace

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from ansible_collections.eucalyptus.ha.tests.unit.raw_http import read_request
from cc_simulator import keys as simulator_keys

ROOT = Path(__file__).resolve().parents[6]
FILES = ROOT / "roles/cc_gateway/files"
PACKAGE = FILES / "cc_enabled_check"
CHECK = FILES / "cc_enabled_check_launcher.py"
# The tests use a part as check.NAME.
for _path in PACKAGE.glob("[a-z]*.py"):
    importlib.import_module(f"{check.__name__}.{_path.stem}")
PYTHON = "/usr/bin/python3"

ANSWER = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header '
    'xmlns:wsa="http://www.w3.org/2005/08/addressing"><wsa:Action>EucalyptusCC#DescribeServices</wsa:Action>'
    "<wsa:RelatesTo>{message_id}</wsa:RelatesTo></soapenv:Header><soapenv:Body>"
    '<n:DescribeServicesResponse xmlns:n="http://eucalyptus.ucsb.edu/"><n:correlationId>abc</n:correlationId>'
    "<n:userId>admin</n:userId><n:return>{good}</n:return>{statuses}</n:DescribeServicesResponse></soapenv:Body>"
    "</soapenv:Envelope>"
)
STATUS = (
    "<n:serviceStatuses><n:serviceId><n:partition>PARTI00</n:partition><n:type>{kind}</n:type><n:name>CC_00</n:name>"
    "<n:uris>http://127.0.0.1:8774/axis2/services/EucalyptusCC</n:uris></n:serviceId>"
    "<n:localState>{state}</n:localState><n:localEpoch>0</n:localEpoch><n:details>ERRORS=0</n:details>"
    "</n:serviceStatuses>"
)


def answer_xml(message_id="{message_id}", state="ENABLED", good="true", statuses=None):
    """An answer's Envelope; the server puts the request's MessageID into {message_id}."""
    return ANSWER.format(
        message_id=message_id, good=good, statuses=STATUS.format(kind="cluster", state=state) if statuses is None else statuses
    )


def http(body, status="200 OK", headers="Content-Type: text/xml; charset=UTF-8\r\n", length=True):
    """The bytes of an HTTP answer."""
    body = body.encode() if isinstance(body, str) else body
    size = f"Content-Length: {len(body)}\r\n" if length else ""
    return f"HTTP/1.1 {status}\r\n{headers}{size}\r\n".encode() + body


class Wire:
    """A server on loopback. `say` is what it sends once it has a whole request: bytes, or a function that is given
    the connection and the MessageID. Bytes may contain {message_id}, which has the length it stands for here."""

    def __init__(self, host="127.0.0.1"):
        self.listener = socket.create_server((host, 0), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
        self.port = self.listener.getsockname()[1]
        self.say = b""
        self.requests = []
        self.stopping = threading.Event()
        self.thread = threading.Thread(target=self.serve, daemon=True)
        self.thread.start()

    def serve(self):
        while not self.stopping.is_set():
            connection, dummy = self.listener.accept()
            with connection, contextlib.suppress(OSError):
                connection.settimeout(10)
                self.one(connection)

    def one(self, connection):
        request = read_request(connection)
        if request is None:
            return
        self.requests.append(request)
        found = re.search(rb"urn:uuid:[-0-9a-f]{36}", request[1])
        message_id = found[0] if found else b""
        if callable(self.say):
            self.say(connection, message_id)
        else:
            said = self.say
            if b"{message_id}" in said:
                old = re.search(rb"(?i)content-length: (\d+)", said)
                grown = len(message_id) - len(b"{message_id}")
                said = said.replace(b"{message_id}", message_id, 1)
                if old:
                    said = said.replace(old[0], b"Content-Length: %d" % (int(old[1]) + grown), 1)
            connection.sendall(said)

    def stop(self):
        self.stopping.set()
        with contextlib.suppress(OSError), socket.create_connection(self.listener.getsockname()[:2], 1):
            pass
        self.thread.join(5)
        self.listener.close()


def refusal(function, *arguments):
    """The text of the Trouble that this call raises."""
    with pytest.raises(check.common.Trouble) as caught:
        function(*arguments)
    return str(caught.value)


@pytest.fixture
def wire():
    server = Wire()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def keys(tmp_path_factory):
    """A directory with throw-away cloud-pk.pem, cloud-cert.pem, cluster-pk.pem, cluster-cert.pem."""
    base = tmp_path_factory.getbasetemp()
    return simulator_keys.make_once((base.parent if base.name.startswith("popen-") else base) / "cc-keys")


@pytest.fixture(scope="session")
def pair(keys):
    """The options that name the client's key and certificate."""
    return ["--key", str(keys / "cloud-pk.pem"), "--cert", str(keys / "cloud-cert.pem")]


@pytest.fixture
def ask(wire, pair):
    """Run the check in this process against `wire`; the object of --json as attributes."""

    def run(*arguments, port=None):
        words = ["--port", str(port or wire.port), *arguments]
        if "--timeout" not in arguments:
            words += ["--timeout", "20"]  # what is tested is not how busy this machine is
        if "state_file" not in arguments and "--key" not in arguments:
            words += pair
        result, notes = check.main.check(check.command_line.parse_arguments(words))
        return SimpleNamespace(notes=notes, **result)

    return run


@pytest.fixture
def run_check():
    """Run the check as keepalived does, as a process of its own."""

    def run(*arguments, python=PYTHON, script=CHECK, timeout=60, flags=("-B",), stdin=Path(os.devnull), **options):
        if "--port" in arguments and "--timeout" not in arguments:
            arguments += ("--timeout", "20")  # as above
        return subprocess.run(
            [str(python), *flags, "-E", "-s", "-S", str(script), *[str(word) for word in arguments]],
            capture_output=True, text=True, timeout=timeout, check=False, input=stdin.read_text(), **options,
        )

    return run


@pytest.fixture
def uptime(monkeypatch):
    """The seconds since boot, to be set by the test; starts at 1000."""
    clock = SimpleNamespace(value=1000.0, boot="b" * 36)
    real = check.memory.read_file

    def read_file(path, what, limit=1 << 16):
        if path == "/proc/uptime":
            return b"%.2f 1.00\n" % clock.value
        if path.endswith("boot_id"):
            return clock.boot.encode() + b"\n"
        return real(path, what, limit)

    monkeypatch.setattr(check.memory, "read_file", read_file)
    return clock


@pytest.fixture
def memory(tmp_path):
    directory = tmp_path / "run"
    directory.mkdir(mode=0o700)
    return directory / "cc"
