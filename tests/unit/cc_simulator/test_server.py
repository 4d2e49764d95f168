# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP: the services page, the eight workers, kept connections, misbehaviour, hooks."""

from __future__ import annotations

import http.client
import socket
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import security
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import SERVICE_PATH, WSA, SimulatorError
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator
from lxml import etree

HEADERS = {"Content-Type": "text/xml", "SOAPAction": '"EucalyptusCC#DescribeServices"'}


def connect(simulator, timeout=60):
    return socket.create_connection((simulator.host, simulator.port), timeout)


def idle(simulator, timeout=60):
    """A connection that a worker is certainly busy with: it has answered once, and keeps it open."""
    connection = http.client.HTTPConnection(simulator.host, simulator.port, timeout=timeout)
    connection.request("GET", "/axis2/services")
    assert connection.getresponse().read()
    return connection


# --- the services page --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/axis2/services", "/axis2/services/"])
def test_the_services_page_names_the_cc(caller, path):
    status, page = caller.post(None, {}, path, "GET")
    assert status == 200
    assert b"EucalyptusCC" in page


def test_another_page(caller):
    assert caller.post(None, {}, "/", "GET")[0] == 404


# --- connections --------------------------------------------------------------------------------------------------


def test_one_idle_connection_keeps_the_only_worker(make_caller):
    caller = make_caller(max_clients=1, keep_alive=0.5)
    started = time.monotonic()
    connection = idle(caller.simulator)
    caller.accepted(caller.signed())
    assert time.monotonic() - started > 0.4
    connection.close()


def test_eight_are_served_at_once_and_the_ninth_waits(simulator):
    connections = [idle(simulator) for _dummy in range(8)]
    with connect(simulator, 0.3) as ninth:
        ninth.sendall(b"GET /axis2/services HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        with pytest.raises(socket.timeout):
            ninth.recv(1)
        connections[3].close()
        ninth.settimeout(60)
        assert ninth.recv(12) == b"HTTP/1.1 200"
    for connection in connections:
        connection.close()


def test_a_kept_connection_is_served_again(caller):
    connection = idle(caller.simulator)
    for _dummy in range(3):
        connection.request("POST", SERVICE_PATH, caller.signed(), HEADERS)
        response = connection.getresponse()
        assert (response.status, response.getheader("Connection")) == (200, None)
        response.read()
    connection.close()


def test_many_callers(caller):
    body = caller.signed()
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(lambda _: caller.post(body)[0], range(48)))
    assert answers == [200] * 48
    assert caller.simulator.counts["DescribeServices"] == 48


def test_a_chunked_request(caller):
    connection = http.client.HTTPConnection(caller.simulator.host, caller.simulator.port, timeout=60)
    body = caller.signed()
    connection.request("POST", SERVICE_PATH, iter([body[:100], body[100:]]), HEADERS, encode_chunked=True)
    assert connection.getresponse().status == 200
    connection.close()


@pytest.mark.parametrize(
    "head",
    [
        b"Content-Length: x",
        b"Content-Length: 999999999999",
        b"Transfer-Encoding: chunked\r\n\r\nzz",
        b"Content-Length: -1",
    ],
)
def test_nonsense_about_the_length(caller, head):
    with connect(caller.simulator) as connection:
        connection.sendall(b"POST " + SERVICE_PATH.encode() + b" HTTP/1.1\r\nHost: x\r\n" + head + b"\r\n\r\n")
        assert connection.recv(12) == b"HTTP/1.1 400"
    caller.accepted(caller.signed())


def test_ipv6(make_caller):
    caller = make_caller(host="::1")
    assert caller.simulator.url == f"http://[::1]:{caller.simulator.port}{SERVICE_PATH}"
    caller.accepted(caller.signed())


def test_the_ipv6_wildcard_takes_ipv4_too(make_caller):
    simulator = make_caller(host="::").simulator
    with (
        socket.create_connection(("127.0.0.1", simulator.port), 5),
        socket.create_connection(("::1", simulator.port), 5),
    ):
        pass


def test_a_taken_port(simulator, key_directory):
    with pytest.raises(SimulatorError, match=f"cannot listen on 127.0.0.1 port {simulator.port}"):
        Simulator(key_directory, port=simulator.port).start()


def test_keys_that_are_not_there(tmp_path):
    with pytest.raises(SimulatorError, match="cloud-cert.pem"):
        Simulator(tmp_path)


def test_a_key_that_is_none(key_directory, tmp_path):
    for name in ("cloud-cert.pem", "cluster-cert.pem"):
        (tmp_path / name).write_bytes((key_directory / name).read_bytes())
    (tmp_path / "cluster-pk.pem").write_text("no key")
    with pytest.raises(SimulatorError, match="private key .*cluster-pk.pem"):
        Simulator(tmp_path)


def test_a_host_that_forbids_sha1_is_told_what_to_do(monkeypatch, key_directory):
    def forbidden(*_):
        raise security.xmlsec.Error("digest not allowed")

    monkeypatch.setattr(security, "_sign_bytes", forbidden)
    with pytest.raises(SimulatorError, match="update-crypto-policies --set DEFAULT:SHA1"):
        Simulator(key_directory)


# --- misbehaviour -------------------------------------------------------------------------------------------------


def test_hang_and_back_to_normal(caller):
    caller.simulator.set_behaviour("hang")
    with connect(caller.simulator, 0.3) as hung:
        hung.sendall(b"GET /axis2/services HTTP/1.1\r\nHost: x\r\n\r\n")
        with pytest.raises(socket.timeout):
            hung.recv(1)
        caller.simulator.set_behaviour("normal")
        hung.settimeout(60)
        assert hung.recv(1) == b""
    caller.accepted(caller.signed())


def test_garbage(caller):
    caller.simulator.set_behaviour("garbage")
    status, body = caller.post(caller.signed())
    assert status == 200
    with pytest.raises(etree.XMLSyntaxError):
        etree.fromstring(body)


def test_slow(caller):
    caller.simulator.set_behaviour("slow", 300)
    started = time.monotonic()
    caller.accepted(caller.signed())
    assert time.monotonic() - started >= 0.3


def test_truncated(caller):
    caller.simulator.set_behaviour("truncate")
    with pytest.raises(http.client.IncompleteRead):
        caller.post(caller.signed())


def test_refuse_and_back_on_the_same_port(caller):
    port = caller.simulator.port
    kept = idle(caller.simulator)
    caller.simulator.set_behaviour("refuse")
    with pytest.raises(ConnectionRefusedError):
        connect(caller.simulator)
    # The listening socket is gone, and the connection that was kept is closed with it.
    assert kept.sock.recv(1) == b""
    kept.close()
    caller.simulator.set_behaviour("normal")
    caller.accepted(caller.signed())
    assert caller.simulator.port == port


@pytest.mark.parametrize(("mode", "delay"), [("mad", 0), ("slow", -1)])
def test_unknown_misbehaviour(simulator, mode, delay):
    with pytest.raises(SimulatorError):
        simulator.set_behaviour(mode, delay)


def test_stopping_does_not_wait_for_what_hangs(key_directory):
    started = time.monotonic()
    with Simulator(key_directory) as simulator:
        connections = [connect(simulator) for _dummy in range(3)]
        simulator.set_behaviour("slow", 60000)
        connections[0].sendall(b"GET /axis2/services HTTP/1.1\r\nHost: x\r\n\r\n")
        time.sleep(0.1)
    assert time.monotonic() - started < 30
    for connection in connections:
        connection.close()


# --- hooks --------------------------------------------------------------------------------------------------------


def test_a_hook_changes_the_answer(caller):
    def teapot(response, exchange):
        assert exchange.operation == "DescribeServices"
        response.status = 418
        response.body = b"ENABLED"
        response.headers.append(("Retry-After", "1"))

    caller.simulator.alter = teapot
    assert caller.post(caller.signed()) == (418, b"ENABLED")


def test_a_hook_sends_raw_bytes(caller):
    caller.simulator.alter = lambda response, exchange: setattr(response, "raw", b"no http at all")
    with pytest.raises(http.client.BadStatusLine):
        caller.post(caller.signed())


def test_a_hook_that_fails_is_heard_of(key_directory):
    def broken(response, exchange):
        raise ZeroDivisionError("in the hook")

    def use(simulator):
        with simulator, connect(simulator) as connection:
            connection.sendall(b"GET /axis2/services HTTP/1.1\r\nHost: x\r\n\r\n")
            assert connection.recv(1) == b""

    with pytest.raises(ZeroDivisionError, match="in the hook"):
        use(Simulator(key_directory, alter=broken))


def test_a_signed_answer_with_chosen_contents(caller):
    simulator = caller.simulator

    def another_message(response, exchange):
        content = "<n:return>true</n:return>"
        envelope = simulator.unsigned_answer(exchange, content, message_id="urn:uuid:other")
        response.body = simulator.signed_answer(envelope, parts=[security.BODY])

    simulator.alter = another_message
    answer = caller.accepted(caller.signed())
    assert answer.findtext(f".//{{{WSA}}}RelatesTo") == "urn:uuid:other"
    assert len(answer.findall(".//{*}Reference[@URI]")) == 2  # the Body's, and the token's
    assert answer.find(".//{*}serviceStatuses") is None


def test_the_answer_a_hook_builds_by_default_is_the_cc_s_own(caller):
    simulator = caller.simulator
    simulator.alter = lambda response, exchange: setattr(
        response, "body", simulator.signed_answer(simulator.unsigned_answer(exchange))
    )
    answer = caller.accepted(caller.signed())
    assert answer.findtext(".//{*}localState") == "ENABLED"


def test_what_is_noted_of_a_request(caller):
    caller.accepted(caller.signed())
    last = caller.simulator.last
    assert (last.method, last.path, last.operation) == ("POST", SERVICE_PATH, "DescribeServices")
    assert last.headers["connection"] == "close"
    assert last.request.epoch == 3
    assert last.addressing.message_id.startswith("urn:uuid:")
    report = caller.simulator.report()
    assert report["requests"] == {"DescribeServices": 1}
    assert report["last"]["overwrote"]["epoch"] == {"before": 0, "after": 3}
