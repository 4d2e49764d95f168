# SPDX-License-Identifier: GPL-3.0-or-later
"""The HTTP side: a handful of workers, as httpd with MaxClients 8 and KeepAliveTimeout 30 has them."""

from __future__ import annotations

import contextlib
import os
import re
import socket
import sys
import threading
import time
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timezone
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from socketserver import BaseServer
from typing import Any, cast
from urllib.parse import urlsplit

from lxml import etree

from . import faults, operations, security, soap, state_file, wsdl
from .behaviour import Behaviour, ConfigLock
from .monitor import PING, ROUND, SilentArbitrator
from .names import (
    OPERATIONS,
    SERVICE_NAME,
    SERVICE_PATH,
    SERVICES,
    SERVICES_PATH,
    STRICT,
    WSA,
    WSSE,
    SimulatorError,
)
from .state_file import StateFile

MAX_CLIENTS = 8
KEEP_ALIVE = 30.0  # seconds
LARGEST_REQUEST = 8 * 1024 * 1024  # bytes
_LISTING = (
    "<html><head><title>Axis2C :: Services</title></head><body><h2>Deployed Services</h2>"
    f'<h3><a href="{SERVICE_PATH}?wsdl">{SERVICE_NAME}</a></h3><p>Available Operations</p><ul>'
    + "".join(f"<li>{operation}</li>" for operation in OPERATIONS)
    + "</ul></body></html>\n"
)


@dataclass
class Response:
    """An answer about to be sent; an ``alter`` hook may change it or return another.

    ``truncate_to``: bytes of the body to send before the connection is cut (the Content-Length stays whole).
    ``raw``: bytes to send instead of everything else, after which the connection is closed.
    """

    status: int
    body: bytes
    content_type: str = faults.XML_TYPE
    headers: list[tuple[str, str]] = field(default_factory=list)
    truncate_to: int | None = None
    raw: bytes | None = None


@dataclass
class Exchange:
    """One request and what became of it. ``operation`` and ``addressing`` are None when it did not get that far."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    operation: str | None = None
    addressing: soap.Addressing | None = None
    request: operations.Request | None = None
    refused: str | None = None
    response: Response | None = None


class Simulator:
    """A Cluster Controller in threads of this process; a context manager.

    :arg keys: directory with cloud-cert.pem, cluster-pk.pem, cluster-cert.pem.
    :arg host: address to listen on; ``::`` takes IPv4 too. :arg port: 0 takes a free one.
    :arg services: "WS"; "noWS" is a CC with upstream's services_noWS.xml, which answers nobody.
    :arg strict: some of names.STRICT. :arg clock: callable or aware datetime used for time stamps, default the host's clock.
    :arg service_uri: the CC's own URI in its answers, default from host and port.
    :arg state_file: path of the stand-in for eucalyptusCCConfig. :arg resume: go on with what is found there.
    :arg clean_start: remove that file; it comes back, and with it state LOADED, with the first SOAP request.
    :arg max_clients: connections served at once. :arg keep_alive: seconds an idle connection is kept.
    :arg alter: callable(Response, Exchange) that may change the Response, or return another one.
    """

    def __init__(
        self,
        keys: str | os.PathLike,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        partition: str = "PARTI00",
        name: str = "CC_00",
        release: str = "5.1",
        state: str = "DISABLED",
        services: str = "WS",
        strict: Iterable[str] = (),
        clock: Callable[[], datetime] | datetime | None = None,
        service_uri: str | None = None,
        state_file: str | os.PathLike | None = None,
        resume: bool = False,
        clean_start: bool = False,
        max_clients: int = MAX_CLIENTS,
        keep_alive: float = KEEP_ALIVE,
        alter: Callable[[Response, Exchange], Response | None] | None = None,
        log: Callable[[str], None] | None = None,
    ):
        self.cc = operations.ClusterController(release, partition, name, state)
        self.host, self.port = host, port
        self.services, self.strict = services, frozenset(strict)
        self.alter = alter
        self.behaviour = Behaviour()
        self.config_lock = ConfigLock()
        self.exchanges: list[Exchange] = []
        self.counts: Counter[str] = Counter()
        self.arrived: Counter[str] = Counter()
        self._counting = threading.Lock()
        self.log = log or (lambda line: None)
        self.keep_alive = keep_alive
        self.service_uri = service_uri
        self._clock = clock
        self.failures: list[Exception] = []
        self._state_file_options = (state_file, resume, clean_start)
        self._state_file: StateFile | None = None
        self._arbitrator: SilentArbitrator | None = None
        self._idle: IdleConnections | None = None
        self._workers: list[threading.Thread] = []
        self._max_clients = max_clients
        self._listener: socket.socket | None = None
        self._listening = threading.Condition()
        self._stopping = False
        self._connections: set[socket.socket] = set()
        if (resume or clean_start) and not state_file:
            raise SimulatorError("state_file must be given with resume and clean_start")
        if resume and clean_start:
            raise SimulatorError("resume and clean_start exclude each other")
        if max_clients < 1:
            raise SimulatorError(f"max_clients must be at least 1 (got {max_clients})")
        if keep_alive <= 0:
            raise SimulatorError(f"keep_alive must be more than 0 seconds (got {keep_alive})")
        if services not in SERVICES:
            raise SimulatorError(f"services must be one of {', '.join(SERVICES)} (got {services!r})")
        if self.strict - set(STRICT):
            unknown = ", ".join(sorted(self.strict - set(STRICT)))
            raise SimulatorError(f"strict must be some of {', '.join(STRICT)} (got {unknown})")
        directory = Path(keys)
        self.trusted = security.load_certificate(directory / "cloud-cert.pem")
        self.key = security.load_key(directory / "cluster-pk.pem")
        self.certificate = security.load_certificate(directory / "cluster-cert.pem")
        security.require_sha1(self.key)

    # --- life -----------------------------------------------------------------------------------------------------

    def start(self) -> Simulator:
        """Listen and serve; returns at once."""
        try:
            self._listen()
        except OSError as error:
            raise SimulatorError(f"cannot listen on {self.host} port {self.port}: {error}") from error
        if self.service_uri is None:
            self.service_uri = self.url
        self.cc.identity.uris = [self.service_uri]
        try:
            self._start_state_file()
        except SimulatorError:
            self._close_listener()
            raise
        for number in range(self._max_clients):
            worker = threading.Thread(target=self._work, name=f"cc-worker-{number}", daemon=True)
            worker.start()
            self._workers.append(worker)
        return self

    def _start_state_file(self) -> None:
        path, resume, clean_start = self._state_file_options
        if not path:
            return
        if clean_start:
            state_file.forget(path)
            self.cc.identity.name, self.cc.identity.partition = operations.SELF, operations.unnamed().partition
            self.cc.resume("LOADED", 0, self.cc.identity, {}, False)
            self.cc.changed = lambda: self._keep(state_file.initial(self.cc, path))
        else:
            self._keep((state_file.resumed if resume else state_file.initial)(self.cc, path))

    def _keep(self, kept: StateFile) -> None:
        self._state_file = kept
        self.cc.changed = kept.update

    def stop(self) -> None:
        """Close every connection and wait for the workers; can be called twice."""
        self._stopping = True
        self.config_lock.end()
        self.set_idle_connections(0)
        self._stop_arbitrator()
        self.behaviour.set("normal")
        self._close_listener()
        self._cut_connections()
        for worker in self._workers:
            worker.join(5)
        if self._state_file:
            self._state_file.close()

    def __enter__(self) -> Simulator:
        return self.start()

    def __exit__(self, kind: type | None, *_: object) -> None:
        self.stop()
        if self.failures and kind is None:
            raise self.failures[0]

    # --- what tests use -------------------------------------------------------------------------------------------

    @property
    def url(self) -> str:
        """The URL of the service, as a client on this host would call it."""
        return f"http://{self.netloc}{SERVICE_PATH}"

    @property
    def netloc(self) -> str:
        """HOST:PORT for a URL; a wildcard address is replaced by loopback."""
        host = {"0.0.0.0": "127.0.0.1", "::": "::1", "": "127.0.0.1"}.get(self.host, self.host)
        return f"[{host}]:{self.port}" if ":" in host else f"{host}:{self.port}"

    @property
    def state(self) -> str:
        """The CC's localState; may be set."""
        return self.cc.state

    @state.setter
    def state(self, value: str) -> None:
        self.cc.state = value

    @property
    def last(self) -> Exchange:
        """The latest exchange."""
        return self.exchanges[-1]

    @property
    def own_uri(self) -> str:
        """The CC's own URI in its answers: as given, or where it listens."""
        return self.service_uri or self.url

    def now(self) -> datetime:
        """The time by which time stamps are made and judged."""
        if self._clock is None:
            return datetime.now(timezone.utc)
        return self._clock() if callable(self._clock) else self._clock

    def set_behaviour(self, mode: str, milliseconds: int = 0, ping: float = PING, round_: float = ROUND) -> None:
        """Misbehave from now on, in one of behaviour.MODES; or normal.

        ``milliseconds`` are of mode slow, ``ping`` and ``round_`` (monitor.py) of mode arbitrator.
        """
        if self.behaviour.mode == "die-port-open" != mode:
            # Whoever starts httpd again gets a new listening socket; what waits at the old one is reset.
            self._close_listener()
        self.behaviour.set(mode, milliseconds)
        self._stop_arbitrator()
        if mode == "lock":
            self.config_lock.hold()
        else:
            self.config_lock.release()
        if mode == "arbitrator":
            self._arbitrator = SilentArbitrator(self.cc, self.config_lock, ping, round_)
            self._arbitrator.start()
        if mode == "refuse":
            self._close_listener()
        if mode in ("refuse", "die-port-open"):
            self._cut_connections()
        if mode != "refuse" and not self._stopping:
            self._listen()

    def _stop_arbitrator(self) -> None:
        if self._arbitrator:
            self._arbitrator.stop()
            self._arbitrator = None

    def set_idle_connections(self, count: int) -> None:
        """Have ``count`` workers blocked by connections on which nothing is asked; a new one for each that is closed."""
        if self._idle:
            self._idle.close()
        self._idle = IdleConnections(self, count) if count else None

    def reset_counts(self) -> None:
        """Count requests, and the time with a topology, from now on."""
        with self._counting:
            self.counts.clear()
            self.arrived.clear()
        self.cc.topology.reset()

    def unsigned_answer(self, exchange: Exchange, content: str | None = None, **addressing: str) -> bytes:
        """Build the envelope that answers ``exchange``; ``content`` is the XML inside the answer's element.

        ``addressing`` may name another message_id (of the request, so RelatesTo) than the request's own.
        """
        asked = soap.Addressing(**{**vars(exchange.addressing), **addressing})
        if content is None:
            content = "".join(
                [
                    soap.text_element(
                        "correlationId", (exchange.request.correlation_id if exchange.request else None) or ""
                    ),
                    soap.text_element("return", "true"),
                    self.cc.status().xml(),
                ]
            )
        return soap.answer(exchange.operation or "", content, asked.to or self.own_uri, asked)

    def signed_answer(self, envelope: bytes, **choices: Any) -> bytes:
        """Sign ``envelope`` with the CC's key at the CC's time; ``choices`` as in security.sign()."""
        choices = {"key": self.key, "certificate": self.certificate, "now": self.now(), **choices}
        return security.sign_answer(envelope, **choices)

    def report(self) -> dict[str, object]:
        """What ``control status`` prints."""
        last = self.exchanges[-1] if self.exchanges else None
        return {
            "state": self.cc.state,
            "epoch": self.cc.epoch,
            "errors": self.cc.errors,
            "release": "{}.{}".format(*self.cc.release),
            "identity": vars(self.cc.identity),
            "services": self.services,
            "strict": sorted(self.strict),
            "behaviour": self.behaviour.mode,
            "delay_ms": self.behaviour.milliseconds,
            "listening": f"{self.host}:{self.port}",
            "requests": dict(self.counts),
            "arrived": {name: self.arrived[name] for name in ("SOAP", "GET", "signed", "unsigned")},
            "topology": self.cc.topology.report(),
            "workers": {
                "number": self._max_clients,
                "busy": len(self._connections),
                "waiting": self.config_lock.waiting,
                "idle_connections_made": self._idle.made if self._idle else 0,
            },
            "last": {
                "operation": last.operation if last else None,
                "refused": last.refused if last else None,
                "overwrote": self.cc.last_overwritten,
            },
        }

    # --- sockets --------------------------------------------------------------------------------------------------

    def _listen(self) -> None:
        with self._listening:
            if self._listener is not None:
                return
            family, _kind, _protocol, _name, address = socket.getaddrinfo(
                self.host or "0.0.0.0", self.port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
            )[0]
            listener = socket.socket(family, socket.SOCK_STREAM)
            try:
                listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                if family == socket.AF_INET6:
                    listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, int(address[0] != "::"))
                listener.bind(address)
                listener.listen(511)
            except OSError:
                listener.close()
                raise
            self.port = listener.getsockname()[1]
            self._listener = listener
            self._listening.notify_all()

    def _close_listener(self) -> None:
        with self._listening:
            listener, self._listener = self._listener, None
            self._listening.notify_all()
        if listener is not None:
            # shutdown() is what wakes the workers that sit in accept()
            with contextlib.suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()

    def _cut_connections(self) -> None:
        for connection in list(self._connections):
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def _work(self) -> None:
        while not self._stopping:
            with self._listening:
                if self._listener is None:
                    self._listening.wait(1)
                    continue
                listener = self._listener
            try:
                connection, peer = listener.accept()
            except OSError:
                continue
            self._connections.add(connection)
            try:
                # Where httpd is gone nobody accepts; who connects cannot tell that from a connection that is only kept.
                if self.behaviour.wait_while("die-port-open"):
                    _Handler(connection, peer, cast(BaseServer, self))
            except OSError as error:
                self.log(f"{peer[0]}: {error}")
            except Exception as error:  # a bug here or in a hook: raised again where the simulator is stopped
                self.failures.append(error)
                self.log(traceback.format_exc())
            finally:
                self._connections.discard(connection)
                connection.close()

    # --- one request ----------------------------------------------------------------------------------------------

    def note_arrival(self, exchange: Exchange) -> None:
        """Count a request that has come in whole, whatever becomes of it."""
        names = ["GET"]
        if exchange.method != "GET":
            names = ["SOAP", "signed" if b"SignatureValue" in exchange.body else "unsigned"]
        with self._counting:
            self.arrived.update(names)

    def answer(self, exchange: Exchange) -> Response:
        """Find the answer to a request, note it, and pass it through the ``alter`` hook."""
        try:
            response = self._dispatch(exchange)
        except faults.Refused as refused:
            exchange.refused = refused.why
            response = Response(refused.status, refused.body, refused.content_type)
        with self._counting:
            self.counts[self._counted_as(exchange)] += 1
        exchange.response = response
        self.exchanges.append(exchange)
        del self.exchanges[:-1000]
        if self.alter is not None:
            response = self.alter(response, exchange) or response
            exchange.response = response
        return response

    @staticmethod
    def _counted_as(exchange: Exchange) -> str:
        if exchange.refused:
            return "refused"
        return exchange.operation or "services page"

    def _dispatch(self, exchange: Exchange) -> Response:
        path, _mark, query = exchange.path.partition("?")
        path = path.rstrip("/")
        if exchange.method == "GET" and path == SERVICES_PATH:
            return Response(200, _LISTING.encode("ascii"), "text/html")
        if exchange.method == "GET" and path == SERVICE_PATH and query == "wsdl":
            return Response(200, wsdl.document(self.own_uri), "text/xml")
        if exchange.method != "POST" or not path.startswith(SERVICES_PATH + "/"):
            raise faults.http_error(404, "Not Found", f"{exchange.method} {exchange.path}")
        content_type = exchange.headers.get("content-type", "")
        soap_action = exchange.headers.get("soapaction")
        if "application/soap+xml" in content_type:
            raise faults.soap_12(faults.OTHER_VERSION, f"content type {content_type!r}")
        if "text/xml" not in content_type:
            raise faults.soap_12("No Error", f"content type {content_type!r}")
        if soap_action is None:
            raise faults.http_error(404, "Not Found", "no SOAPAction header")
        envelope = soap.parse(exchange.body, self.strict)
        exchange.addressing = soap.addressing(envelope, self.strict)
        if not any(str(uri).endswith(SERVICE_PATH) for uri in (exchange.addressing.to, path)):
            raise faults.http_error(404, "Not Found", f"no service for {exchange.addressing.to!r} and {path!r}")
        root = soap.body_root(envelope)
        operation = self._operation(exchange.addressing.action, soap_action.strip('"'), root)
        self._let_in(envelope)
        exchange.request = operations.read_request(root, operation, self.strict)
        exchange.operation = operation
        if not self.config_lock.wait():
            raise ConnectionAbortedError("the CC ended before its CONFIG lock was free")
        content = self.cc.perform(operation, exchange.request)
        sender = exchange.addressing.to or self.own_uri
        body = soap.answer(operation, content, sender, exchange.addressing)
        return Response(200, self.signed_answer(body))

    def _let_in(self, envelope: etree._Element) -> None:
        """Raise faults.Refused when WS-Security or Eucalyptus' own authentication does not let the request in."""
        engaged = self.services == "WS"
        found = security.verify_signature(envelope, self.now(), self.strict) if engaged else None
        soap.check_understood(envelope, (WSA, WSSE) if engaged else (WSA,))
        security.authenticate(envelope, found, self.trusted)

    @staticmethod
    def _operation(action: str | None, soap_action: str, root: etree._Element | None) -> str:
        """Pick the operation as Axis2/C's dispatchers do: by wsa:Action, by SOAPAction, by the Body."""
        for candidate in (action, soap_action):
            service, _mark, operation = (candidate or "").partition("#")
            if service == SERVICE_NAME and operation in OPERATIONS:
                return operation
        name = root.tag.rpartition("}")[2] if root is not None else ""
        if name not in OPERATIONS:
            raise faults.handler_failed(f"no operation for {action!r}, {soap_action!r} and {name!r}")
        return name


class _Handler(BaseHTTPRequestHandler):
    """One connection; ``self.server`` is the Simulator."""

    protocol_version = "HTTP/1.1"
    server_version = "Apache/2.2.15"
    sys_version = ""

    # http.server keeps the head of an answer here until it is sent.
    _headers_buffer: list[bytes]

    @property
    def simulator(self) -> Simulator:
        return cast("Simulator", self.server)

    def setup(self) -> None:
        super().setup()
        self.connection.settimeout(self.simulator.keep_alive)
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def do_GET(self) -> None:
        self._serve(b"")

    def do_POST(self) -> None:
        body = self._body()
        if body is None:
            self.close_connection = True
            self.send_error(400)
        else:
            self._serve(body)

    def log_message(self, format: str, *args: object) -> None:  # the base class's name for it
        self.simulator.log(f"{self.client_address[0]} {format % args}")

    def _body(self) -> bytes | None:
        """Read the body; None when it is too long or its length makes no sense."""
        if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
            return self._chunks()
        length = self.headers.get("Content-Length", "0")
        if not length.isdigit() or int(length) > LARGEST_REQUEST:
            return None
        return self.rfile.read(int(length))

    def _chunks(self) -> bytes | None:
        data = b""
        while True:
            size = self.rfile.readline(100).split(b";")[0].strip()
            if not re.fullmatch(rb"[0-9A-Fa-f]{1,8}", size) or len(data) + int(size, 16) > LARGEST_REQUEST:
                return None
            data += self.rfile.read(int(size, 16))
            self.rfile.readline(100)
            if not int(size, 16):
                return data

    def _serve(self, body: bytes) -> None:
        simulator = self.simulator
        behaviour = simulator.behaviour
        started = time.monotonic()
        headers = {name.lower(): value for name, value in self.headers.items()}
        exchange = Exchange(self.command, self.path, headers, body)
        simulator.note_arrival(exchange)
        if not behaviour.wait_while("hang"):
            self.close_connection = True
            return
        response = simulator.answer(exchange)
        behaviour.spoil(response)
        spent = (time.monotonic() - started) * 1000
        note = exchange.refused or exchange.operation or "services page"
        simulator.log(f"{self.client_address[0]} {self.command} {response.status} {note} {spent:.1f} ms")
        behaviour.delay()
        self._send(response)

    def _send(self, response: Response) -> None:
        if response.raw is not None:
            self.wfile.write(response.raw)
            self.close_connection = True
            return
        self.send_response_only(response.status)
        self.send_header("Date", self.date_time_string())
        self.send_header("Server", self.server_version)
        self.send_header("Content-Type", response.content_type)
        self.send_header("Content-Length", str(len(response.body)))
        for name, value in response.headers:
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        head = b"".join(self._headers_buffer) + b"\r\n"
        self._headers_buffer = []
        body = response.body
        if response.truncate_to is not None:
            body = body[: response.truncate_to]
            self.close_connection = True
        self.wfile.write(head + body)


class IdleConnections:
    """Somebody's connections to the CC on which nothing is asked. One that the CC closes is made again."""

    def __init__(self, simulator: Simulator, count: int):
        self.made = 0
        self._simulator = simulator
        self._over = threading.Event()
        self._sockets: set[socket.socket] = set()
        self._threads = [threading.Thread(target=self._run, name="cc-idle", daemon=True) for _dummy in range(count)]
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Close them all."""
        self._over.set()
        for one in list(self._sockets):
            with contextlib.suppress(OSError):
                one.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(5)

    def _run(self) -> None:
        while not self._over.is_set():
            address = urlsplit(self._simulator.url)
            with (
                contextlib.suppress(OSError),
                socket.create_connection((address.hostname or "", address.port or 0), 5) as one,
            ):
                self._sockets.add(one)
                self.made += 1
                one.settimeout(None)
                if not self._over.is_set():
                    one.recv(1)
                self._sockets.discard(one)
            self._over.wait(0.05)


def log_to_stderr(line: str) -> None:
    """A ``log`` for the command line: systemd's journal adds the time."""
    print(line, file=sys.stderr, flush=True)
