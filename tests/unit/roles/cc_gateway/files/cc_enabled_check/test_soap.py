# SPDX-License-Identifier: GPL-3.0-or-later
"""What the check takes for an answer, and what it says of everything else."""

from __future__ import annotations

import gzip
import json
import time

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from lxml import etree

from .conftest import ROOT, STATUS, Wire, answer_xml, http, refusal

pytestmark = pytest.mark.today_only("how an answer is read, whatever the date; the tests of signing have the dates")

FAULT = (
    '<soapenv:Envelope xmlns:soapenv="http://schemas.xmlsoap.org/soap/envelope/"><soapenv:Header></soapenv:Header>'
    "<soapenv:Body><soapenv:Fault><faultcode>{}</faultcode><faultstring>{}</faultstring></soapenv:Fault></soapenv:Body>"
    "</soapenv:Envelope>"
)
RECORDED = ROOT / "tests/cc_simulator/recorded"
XML = "Content-Type: text/xml\r\n"
ENABLED = STATUS.format(kind="cluster", state="ENABLED")


def chunked(*chunks, end="0\r\n\r\n"):
    body = "".join(f"{len(chunk):x}\r\n{chunk}\r\n" for chunk in chunks) + end
    return f"HTTP/1.1 200 OK\r\n{XML}Transfer-Encoding: chunked\r\n\r\n{body}".encode()


# --- good answers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", check.common.STATES)
def test_every_state_is_told_and_only_enabled_is_enabled(wire, ask, state):
    wire.say = http(answer_xml(state=state))
    result = ask()
    assert (result.local_state, result.definite, result.enabled) == (state, True, state == "ENABLED")
    assert result.message == f"{state}: 127.0.0.1:{wire.port}: localState of cluster PARTI00/CC_00"


def message_id_known(monkeypatch):
    """Chunk sizes must be right, so the server cannot put the MessageID in: make it known beforehand."""
    monkeypatch.setattr(check.common.posix, "urandom", lambda size: b"\0" * size)
    return "urn:uuid:00000000-0000-4000-a000-000000000000"


def test_chunked_answer(wire, ask, monkeypatch):
    text = answer_xml(message_id_known(monkeypatch))
    wire.say = chunked(text[:1], text[1:100], text[100:])
    assert ask().enabled


def test_chunk_with_extension_and_capitals(wire, ask, monkeypatch):
    text = answer_xml(message_id_known(monkeypatch)).encode()
    wire.say = (
        f"HTTP/1.1 200 OK\r\n{XML}Transfer-Encoding: Chunked\r\n\r\n00{len(text):X};a=b\r\n".encode() + text + b"\r\n0\r\nX: y\r\n\r\n"
    )
    assert ask().enabled


def test_answer_that_ends_with_the_connection(wire, ask):
    wire.say = http(answer_xml(), length=False).replace(b"HTTP/1.1", b"HTTP/1.0")
    assert ask().enabled


def test_server_that_keeps_the_connection_open_is_not_waited_for(wire, ask):
    wire.say = lambda connection, message_id: (
        connection.sendall(http(answer_xml(message_id.decode()))), connection.recv(1)
    )
    result = ask()
    assert result.enabled
    assert result.elapsed < 9, "the server waits for 10 s"


@pytest.mark.parametrize("host", ["::1", "localhost"])
def test_other_ways_to_name_the_host(host, ask):
    server = Wire("::1" if host == "::1" else "127.0.0.1")
    try:
        server.say = http(answer_xml())
        result = ask("--host", host, port=server.port)
        assert result.enabled
        authority = f"[::1]:{server.port}" if host == "::1" else f"localhost:{server.port}"
        assert f"Host: {authority}\r\n".encode() in server.requests[0][0] + b"\r\n"
        assert f">http://{authority}/axis2/services/EucalyptusCC</wsa:To>".encode() in server.requests[0][1]
    finally:
        server.stop()


def test_entries_of_other_types_do_not_count(wire, ask):
    nodes = STATUS.format(kind="node", state="ENABLED") * 3
    wire.say = http(answer_xml(statuses=nodes + STATUS.format(kind="cluster", state="DISABLED") + nodes))
    assert ask().local_state == "DISABLED"


def test_recorded_plain_answer(wire, ask, monkeypatch):
    text = (RECORDED / "describe-plain.response.xml").read_text()
    message_id = message_id_known(monkeypatch)
    wire.say = http(text.replace("urn:uuid:a8e4ed38-e663-1f11-2255-02fc00000001", message_id))
    assert ask().enabled


def test_initialisation_failed_is_a_definite_no(wire, ask):
    text = answer_xml(good="false").replace(
        "<n:return>", "<n:statusMessage>ERROR: could not initialize</n:statusMessage><n:return>"
    )
    wire.say = http(text)
    result = ask()
    assert (result.local_state, result.definite, result.enabled) == (None, True, False)
    assert result.message == f"UNKNOWN: 127.0.0.1:{wire.port}: the CC could not initialise: return is false, ERROR: could not initialize"


# --- everything else ----------------------------------------------------------------------------------

REFUSED = {
    "no bytes": (b"", "the connection was closed without an answer (httpd stops or restarts)"),
    "not HTTP": (b"SSH-2.0-OpenSSH_9.2p1\r\n", "the answer is not HTTP"),
    "HTTP/2": (b"HTTP/2 200\r\n\r\n", "the answer is not HTTP"),
    "no status": (b"HTTP/1.1 OK\r\n\r\n", "the answer is not HTTP"),
    "superscript in the status": (b"HTTP/1.1 20\xb2 OK\r\n\r\n", "the answer is not HTTP"),
    "header without colon": (b"HTTP/1.1 200 OK\r\nContent-Type text/xml\r\n\r\n", "a bad HTTP header"),
    "folded header": (b"HTTP/1.1 200 OK\r\nA: b\r\n c: d\r\n\r\n", "a bad HTTP header"),
    "two lengths": (http("x", headers=XML + "Content-Length: 2\r\n"), "two different HTTP headers content-length"),
    "two types": (http("x", headers=XML + "Content-Type: text/html\r\n"), "two different HTTP headers content-type"),
    "bad length": (http("", headers=XML + "Content-Length: -1\r\n", length=False), "a bad HTTP header"),
    "superscript length": (b"HTTP/1.1 200 OK\r\nContent-Length: \xb2\r\n\r\n", "a bad HTTP header"),
    "huge length": (http("", headers="Content-Length: 2147483648\r\n", length=False), "more than 1048576 bytes"),
    "length of 5000 digits": (http("", headers=f"Content-Length: {'9' * 5000}\r\n", length=False), "a bad HTTP header"),
    "length and chunks": (http("0\r\n\r\n", headers=XML + "Transfer-Encoding: chunked\r\n"), "a bad HTTP header"),
    "unknown coding": (http("", headers="Transfer-Encoding: gzip, chunked\r\n", length=False), "a bad HTTP header"),
    "chunk size not a number": (chunked(end="zz\r\n"), "a bad chunk"),
    "chunk size negative": (chunked(end="-1\r\n"), "a bad chunk"),
    "chunk longer than it says": (chunked(end="1\r\nab\r\n0\r\n\r\n"), "a bad chunk"),
    "huge chunk": (chunked(end="7fffffff\r\n"), "more than 1048576 bytes"),
    "chunks cut short": (chunked("<a/>", end=""), "the answer was cut short"),
    "body cut short": (http(answer_xml())[:-9], "the answer was cut short"),
    "head cut short": (b"HTTP/1.1 200 OK\r\nContent-Ty", "the answer was cut short"),
    "no end of body, cut short": (http(answer_xml()[:-9], length=False), "the answer is not XML"),
    "gzip": (http(gzip.compress(b"a" * 10**6), headers=XML + "Content-Encoding: gzip\r\n"), "the answer is encoded as gzip"),
    "redirect": (http("", "301 Moved", "Location: http://127.0.0.1/\r\n"), "a redirect (HTTP 301 Moved), which is not followed"),
    "404": (http("ENABLED", "404 Not Found"), "HTTP status 404 Not Found"),
    "202": (http("", "202 Accepted"), "HTTP status 202 Accepted"),
    "500 without XML": (http("ENABLED", "500 Oops", "Content-Type: text/html\r\n"), "HTTP status 500 Oops"),
    "500 with a good answer": (http(answer_xml(), "500 Oops"), "HTTP status 500 Oops"),
    "no type": (http(answer_xml(), headers=""), "content type is none instead of text/xml"),
    "HTML": (http(answer_xml(), headers="Content-Type: text/html\r\n"), "content type is text/html instead of text/xml"),
    "not XML": (http("ENABLED"), "the answer is not XML"),
    "empty body": (http(""), "the answer is not XML"),
    "binary": (http(bytes(range(256))), "the answer is not XML"),
    "UTF-16": (http('<?xml version="1.0" encoding="UTF-16"?>'.encode("utf-16")), "the answer is not XML"),
    "something after it": (http(answer_xml() + "<more/>"), "the answer is not XML"),
    "DTD": (http("<!DOCTYPE a>" + answer_xml()), "the answer has a DTD, which is rejected"),
    "entities": (
        http('<!DOCTYPE a [<!ENTITY e "ENABLED">]>' + answer_xml(state="&e;")), "the answer has a DTD, which is rejected"
    ),
    "entity from afar": (
        http('<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + answer_xml(state="&e;")), "a DTD, which is rejected"
    ),
    "entity undeclared": (http(answer_xml(state="&e;")), "the answer is not XML"),
    "too many elements": (http("<a>" + "<a/>" * 30000 + "</a>"), "more than 20000 elements"),
    "other root": (http("<ENABLED/>"), "0 elements Envelope where one belongs"),
    "SOAP 1.2": (http(answer_xml().replace(check.signing.SOAP, "http://www.w3.org/2003/05/soap-envelope")), "0 elements Envelope"),
    "no Body": (http(answer_xml().replace("soapenv:Body", "soapenv:Boddy")), "0 elements Body where one belongs"),
    "two Bodies": (http(answer_xml().replace("</soapenv:Envelope>", "<soapenv:Body/></soapenv:Envelope>")), "2 elements Body"),
    "empty Body": (http(answer_xml().split("<soapenv:Body>")[0] + "<soapenv:Body/></soapenv:Envelope>"), "Body has 0 elements"),
    "two in the Body": (http(answer_xml().replace("</soapenv:Body>", "<x/></soapenv:Body>")), "Body has 2 elements"),
    "other namespace": (http(answer_xml().replace("ucsb.edu", "example.com")), "0 elements DescribeServicesResponse"),
    "other response": (
        http(answer_xml().replace("DescribeServicesResponse", "StopServiceResponse")), "0 elements DescribeServicesResponse"
    ),
    "replayed": (http(answer_xml("urn:uuid:c6eadbff-630c-49ad-bc0e-f481ac8d0f33")), "RelatesTo differs"),
    "no RelatesTo": (http(answer_xml().replace("wsa:RelatesTo", "wsa:Relates")), "0 elements RelatesTo"),
    "two RelatesTo": (
        http(answer_xml().replace("</soapenv:Header>", "<wsa:RelatesTo>x</wsa:RelatesTo></soapenv:Header>")), "2 elements RelatesTo"
    ),
    "no return": (http(answer_xml().replace("<n:return>true</n:return>", "")), "0 elements return where one belongs"),
    "two returns": (
        http(answer_xml().replace("<n:return>", "<n:return>false</n:return><n:return>")), "2 elements return where one belongs"
    ),
    "no entry": (http(answer_xml(statuses="")), "0 entries of type cluster where one belongs"),
    "only a node": (http(answer_xml(statuses=STATUS.format(kind="node", state="ENABLED"))), "0 entries of type cluster"),
    "two clusters": (http(answer_xml(statuses=ENABLED * 2)), "2 entries of type cluster where one belongs"),
    "cluster and its double": (
        http(answer_xml(statuses=STATUS.format(kind="cluster", state="DISABLED") + ENABLED)), "2 entries of type cluster"
    ),
    "two states": (
        http(answer_xml(state="DISABLED</n:localState><n:localState>ENABLED")), "2 elements localState where one belongs"
    ),
    "no state": (http(answer_xml().replace("n:localState", "n:locaIState")), "0 elements localState where one belongs"),
    "state in another namespace": (
        http(answer_xml().replace("<n:localState>", '<localState xmlns="urn:x">').replace("</n:localState>", "</localState>")),
        "0 elements localState",
    ),
    "state inside of an element": (http(answer_xml(state="<b>ENABLED</b>")), "has elements inside of localState"),
    "status outside of the Body": (
        http(answer_xml(statuses="").replace("</soapenv:Header>", f'<n:x xmlns:n="{check.signing.CC}">{ENABLED}</n:x></soapenv:Header>')),
        "0 entries of type cluster",
    ),
    "status too deep": (http(answer_xml(statuses=f"<n:x>{ENABLED}</n:x>")), "0 entries of type cluster"),
}
for _word in ("enabled", "Enabled", "ENABLED ", " ENABLED", "\nENABLED\n", "NOTENABLED", "ENABLEDX", "", "&#69;NABLED&#160;", "ENABLEÐ"):
    REFUSED[f"state {_word!r}"] = (http(answer_xml(state=_word)), "is not a known state")


@pytest.mark.parametrize(("said", "message"), REFUSED.values(), ids=REFUSED)
def test_refused(wire, ask, said, message):
    wire.say = said
    result = ask()
    assert (result.local_state, result.enabled, result.definite) == (None, False, False)
    assert result.message.startswith("UNKNOWN: ")
    assert message in result.message
    assert "fault of the check" not in result.message


@pytest.mark.parametrize(
    "fault",
    [
        ("soapenv:Client", "No Error", "the CC found no signature in the request"),
        ("soapenv:Sender", "Unknown Error :(", "does --cert equal the CC's own cloud-cert.pem?"),
        ("wsse:InvalidSecurity", "Signature Verification failed.", "does --key belong to --cert?"),
        ("wsse:FailedCheck", "Timestamp is not valid", "is the clock right?"),
        (
            "soapenv:MustUnderstand", "Header not understood",
            "the CC did not process the WS-Security header: its services.xml was replaced, or has no Rampart",
        ),
    ],
)
@pytest.mark.parametrize("status", ["500 Internal Server Error", "200 OK"])
def test_fault_is_told_with_code_text_and_likely_cause(wire, ask, status, fault):
    code, text, hint = fault
    wire.say = http(FAULT.format(code, text), status)
    result = ask()
    assert result.message == f"UNKNOWN: 127.0.0.1:{wire.port}: the CC answers with the fault {code}: {text} ({hint})"
    assert not result.definite


@pytest.mark.parametrize("path", sorted(RECORDED.glob("faults/*.xml")), ids=lambda path: path.stem)
def test_recorded_faults(wire, ask, path):
    wire.say = http(path.read_bytes(), "500 Internal Server Error")
    assert ask().message.startswith(f"UNKNOWN: 127.0.0.1:{wire.port}: the CC answers with the fault ")


def test_encoding_other_than_utf_8(wire, ask, monkeypatch):
    text = '<?xml version="1.0" encoding="UTF-16"?>' + answer_xml(message_id_known(monkeypatch))
    wire.say = http(text.encode("utf-16"))
    assert "the answer is not XML" in ask().message


def test_hostile_text_does_not_reach_the_terminal_or_a_second_line(wire, ask):
    wire.say = http(FAULT.format("a\nENABLED: yes", "\u009b2J\u2028" + "x" * 5000), "500 Oops")
    message = ask().message
    assert message.isprintable()
    assert message.isascii()
    assert len(message) < 320


def test_refused_connection(ask, wire):
    port = wire.port
    wire.stop()
    assert ask(port=port).message == f"UNKNOWN: cannot connect to 127.0.0.1 port {port}: Connection refused (httpd is not running)"


def test_verbose_and_json(wire, run_check, pair):
    wire.say = http(answer_xml())
    done = run_check("--port", wire.port, *pair, "--verbose")
    lines = done.stdout.splitlines()
    assert lines[0].startswith("ENABLED: ")
    assert "  definite: True" in lines
    done = run_check("--port", wire.port, *pair, "--json", "--verbose")
    result = json.loads(done.stdout)
    assert list(result) == ["definite", "elapsed", "enabled", "local_state", "message", "remembered", "source", "trouble"]
    assert result["local_state"] == "ENABLED"
    assert result["enabled"] is True
    assert 0 < result["elapsed"] < 20


def test_a_message_id_is_a_random_uuid(ask, wire):
    """Version 4; the server takes two of the same for one sent again."""
    for _number in range(3):
        ask()
    found = [etree.fromstring(body).findtext(".//{*}MessageID") for _head, body in wire.requests]
    assert len(set(found)) == 3
    for one in found:
        assert len(one) == 45
        assert one.startswith("urn:uuid:")
        assert [len(part) for part in one[9:].split("-")] == [8, 4, 4, 4, 12]
        assert one[9:].split("-")[2][0] == "4"
        assert one[9:].split("-")[3][0] == "a"


# --- XML ----------------------------------------------------------------------------------------------


LONG = "a" * 5000 + "\n" + "b" * 5000  # longer than expat's buffer, which a line's end fills: it comes in pieces


def test_as_many_elements_as_the_limit_and_not_one_more():
    assert check.soap.parse_xml(b"<a>%s</a>" % (b"<b/>" * 19999))[1]
    assert refusal(check.soap.parse_xml, b"<a>%s</a>" % (b"<b/>" * 20000)) == "the answer has more than 20000 elements"


def test_long_text_is_put_together_as_it_was():
    assert check.soap.text_of(check.soap.parse_xml(f"<a>{LONG}</a>".encode()), "a") == LONG
    fault = FAULT.format(LONG, LONG)
    assert refusal(check.soap.read_services, fault.encode(), "id") == f"the CC answers with the fault {LONG}: {LONG}"
    failed = answer_xml("id", good="false").replace(
        "<n:return>", f"<n:statusMessage>{LONG}</n:statusMessage><n:return>"
    )
    assert check.soap.read_services(failed.encode(), "id")[1].endswith(f"return is false, {LONG}")
    named = answer_xml("id", statuses=STATUS.format(kind="cluster", state="ENABLED").replace("CC_00", LONG))
    assert check.soap.read_services(named.encode(), "id") == ("ENABLED", f"localState of cluster PARTI00/{LONG}")


def test_true_has_two_spellings():
    assert check.soap.read_services(answer_xml("id", good="1").encode(), "id")[0] == "ENABLED"


# --- how often ----------------------------------------------------------------------------------------------


def test_after_time_outs_requests_come_further_apart(wire, ask, memory, uptime):
    """A CC whose lock is held is not buried in waiting requests."""
    asked = []

    def run(*arguments):
        before = len(wire.requests)
        result = ask("--memory", str(memory), *arguments)
        uptime.value += 1
        asked.append(len(wire.requests) - before)
        return result

    wire.say = lambda connection, message_id: connection.recv(1)
    for _number in range(16):
        result = run("--timeout", "0.5")
    assert [number for number, one in enumerate(asked) if one] == [0, 2, 6, 14]
    assert result.message.startswith("UNKNOWN: timed out after 0.5 s while waiting for an answer from 127.0.0.1:")
    assert result.message.endswith("; next request in 15.0 s")
    wire.say = http(answer_xml())
    uptime.value += 15
    assert run().enabled
    assert run().enabled
    assert asked[-2:] == [1, 1]


def test_a_refused_connection_is_tried_again_at_once(wire, ask, memory, uptime):
    port = wire.port
    wire.stop()
    for _number in range(3):
        assert "Connection refused" in ask("--memory", str(memory), port=port).message
        uptime.value += 1


def test_openssl_that_hangs_costs_no_request_and_so_no_pause(wire, ask, memory, uptime, monkeypatch):
    """Before the connection is made, there is nobody to be spared."""
    real = check.soap.certificate_of
    monkeypatch.setattr(check.soap, "certificate_of", lambda path: (time.sleep(5), real(path)))
    assert "timed out after 0.3 s" in ask("--memory", str(memory), "--timeout", "0.3").message
    monkeypatch.setattr(check.soap, "certificate_of", real)
    uptime.value += 1
    wire.say = http(answer_xml())
    assert ask("--memory", str(memory)).enabled


def test_newly_enabled_with_soap(wire, ask, memory, uptime):
    for state, enabled in (("DISABLED", 0), ("ENABLED", 1010.0), ("ENABLED", 1010.0)):
        wire.say = http(answer_xml(state=state))
        ask("--memory", str(memory))
        assert f"enabled {enabled:.2f}\n" in memory.read_text()
        uptime.value += 10
