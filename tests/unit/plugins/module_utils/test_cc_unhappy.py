# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes wrong between the module and a CC below the level of messages: sockets, files, users, certificates."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses lxml, which needs the Python of a control node", allow_module_level=True)

import base64
import os
import pwd
import socket
from unittest import mock

from ansible_collections.eucalyptus.ha.plugins.module_utils import (
    _arp_probe,
    _as_user,
    _cc_alive,
    _cc_answer,
    _cc_api,
    _cc_http,
    _cc_options,
    _client_keys,
    _vip_facts,
)
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_certificate import Certificate
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import (
    CcAnswerError,
    CcOptionError,
    CcTransportError,
)
from lxml import etree


class Sock:
    """A connection whose parts do what a test tells them."""

    def __init__(self, sendall=None, received=b""):
        self.error = sendall
        self.received = received

    def settimeout(self, seconds):
        assert seconds > 0

    def sendall(self, data):
        if self.error:
            raise self.error

    def recv_into(self, buffer):
        if isinstance(self.received, Exception):
            raise self.received
        piece, self.received = self.received[: len(buffer)], self.received[len(buffer) :]
        buffer[: len(piece)] = piece
        return len(piece)


def exchange(sock, seconds=5):
    return _cc_http._exchange(sock, b"POST", _cc_http.Deadline(seconds))


PIPE = BrokenPipeError(32, "Broken pipe")
REFUSAL = b"HTTP/1.1 503 Service Unavailable\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbusy"


def test_a_server_that_refuses_before_it_has_read_all_is_heard():
    answer = exchange(Sock(PIPE, REFUSAL))
    assert (answer.status, answer.body) == (503, b"busy")


@pytest.mark.parametrize(
    ("sock", "reason", "message"),
    [
        (Sock(PIPE), "disconnected", "the connection broke: "),
        (Sock(TimeoutError("timed out")), "timeout", "it ran out while sending the request"),
        (Sock(received=TimeoutError("timed out")), "timeout", "no complete answer within 5 s"),
        (Sock(received=ConnectionResetError(104, "Connection reset by peer")), "disconnected", "Connection reset by peer"),
        (Sock(received=b"HTTP/1.1 200 OK\r\nA: " + b"b" * 70000), "head_too_large", _cc_http.HEAD_TOO_LARGE),
        (Sock(received=b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 200 + b"\r\n"), "head_too_large", "the head of the answer is too long"),
        (Sock(received=b"SSH-2.0-OpenSSH_9.2\r\n"), "not_http", "the answer is not HTTP"),
        (Sock(), "disconnected", "closed the connection without an answer"),
    ],
    ids=["pipe", "sending", "receiving", "reset", "line", "lines", "ssh", "nothing"],
)
def test_a_connection_that_breaks_has_its_reason(sock, reason, message):
    with pytest.raises(CcTransportError) as caught:
        exchange(sock)
    assert caught.value.reason == reason
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("error", "reason"),
    [(OSError(97, "Address family not supported by protocol"), "Address family"), (TimeoutError("timed out"), "no connection within 5 s")],
)
def test_a_host_without_the_family_of_an_address(error, reason):
    addresses = [(socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", 1))]
    with (
        mock.patch.object(_cc_http, "_look_up", return_value=addresses),
        mock.patch.object(_cc_http.socket, "socket", side_effect=error),
        pytest.raises(CcTransportError, match=reason),
    ):
        _cc_http._connect("cc1", 1, _cc_http.Deadline(5))


def test_an_alive_check_that_gets_its_answer_too_slowly_ends(monkeypatch):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        late = {"alive": False, "message": "no answer from 127.0.0.1 port {} within 0.2 s".format(port)}
        assert _cc_alive.ask("127.0.0.1", port, 0.2) == late
        clock = iter([100.0, 100.05, 200.0, 200.0, 200.0])
        monkeypatch.setattr(_cc_alive.time, "time", lambda: next(clock))
        assert _cc_alive.ask("127.0.0.1", port, 0.2) == late


@pytest.mark.parametrize(("status", "error"), [(200, CcAnswerError), (404, CcTransportError)])
def test_xml_that_is_no_soap(status, error):
    with pytest.raises(error) as caught:
        _cc_answer.check_document(status, etree.fromstring("<html/>"))
    assert caught.value.reason == ("not_soap" if status == 200 else "http_status")


def test_a_fault_without_a_text():
    namespace = "http://schemas.xmlsoap.org/soap/envelope/"
    body = etree.fromstring('<s:Body xmlns:s="{}"><s:Fault><faultcode>s:Client</faultcode></s:Fault></s:Body>'.format(namespace))
    fault = _cc_answer._fault(500, body)
    assert (fault.details["fault"]["code"], fault.details["fault"]["text"]) == ("s:Client", "")
    assert 'rejected the request: s:Client: "" (HTTP status 500)' in fault.message


@pytest.mark.parametrize(("epoch", "good"), [(2**31 - 1, True), (2**31, False), (-(2**31), True), (-(2**31) - 1, False), (None, True)])
def test_the_epoch_is_a_number_of_32_bits(epoch, good):
    class Result(dict):
        __getattr__ = dict.get

    status = Result(serviceId=None, localEpoch=epoch, localState="ENABLED", details=[None, "x"])
    result = Result({"return": True, "serviceStatuses": [status]})
    if good:
        services, own = _cc_answer.read_services(result)
        assert (services[0]["local_epoch"], services[0]["details"], services[0]["uris"], own) == (epoch, ["", "x"], [], None)
    else:
        with pytest.raises(CcAnswerError, match="no 32 bit number"):
            _cc_answer.read_services(result)


def test_nothing_is_ever_loaded_by_a_message():
    with pytest.raises(CcAnswerError, match="a message refers to http://example.org/a.xsd: nothing is loaded"):
        _cc_api._NoNetwork().load("http://example.org/a.xsd")


def pem(der):
    return b"-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n" % base64.b64encode(der)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (b"-----BEGIN CERTIFICATE-----\nQUJ\n-----END CERTIFICATE-----\n", "is not Base64"),
        (pem(b"\x30\x85\0\0\0\0\0"), "is not an X.509 certificate"),
        (pem(b"\x30\x80\0\0"), "is not an X.509 certificate"),
        (pem(b"\x30\x7f"), "is not an X.509 certificate"),
        (pem(b"\x31\0"), "is not an X.509 certificate"),
        # Fields as in a certificate without version, but the dates are integers.
        (pem(b"\x30\x14\x30\x12" + b"\x02\x01\x01" + b"\x30\0\x30\0" + b"\x30\x09\x02\x01\x01\x02\x01\x01" + b"\0\0\0"), "not an X.509"),
    ],
    ids=["base64", "length of 5 bytes", "no length", "short", "no sequence", "no dates"],
)
def test_damaged_certificates_are_refused(text, message):
    with pytest.raises(ValueError, match=message):
        Certificate(text)


def test_a_certificate_that_is_none_has_no_fingerprint():
    assert _client_keys.fingerprint("-----BEGIN CERTIFICATE-----\nQUJ\n-----END CERTIFICATE-----\n") is None
    assert _client_keys.fingerprint("nothing") is None


@pytest.mark.parametrize(
    ("number", "message"),
    [
        (13, "Run the task as the owner of the file (become), or pass its text in client_key_content"),
        (2, "The path is one of the host where the module runs"),
        (5, "Input/output error"),
    ],
)
def test_a_key_that_cannot_be_read_is_told_with_the_way_out(number, message):
    error = OSError(number, os.strerror(number))
    with mock.patch.object(_cc_options.os, "open", side_effect=error), pytest.raises(CcOptionError) as caught:
        _cc_options._read_file("/key", "client_key")
    assert str(caught.value).startswith("client_key: ")
    assert message in str(caught.value)
    assert ("Run the task" in str(caught.value)) == (number == 13)


def test_only_root_tries_what_another_user_can_do():
    other = pwd.getpwuid(1)
    with mock.patch.object(_as_user.os, "geteuid", return_value=4711), pytest.raises(_as_user.UserError) as caught:
        _as_user.run(other.pw_name, ["true"])
    assert str(caught.value) == "only root may try what user '{}' can do: use become".format(other.pw_name)


def test_a_child_becomes_the_user_with_its_groups_first_and_its_uid_last():
    entry = pwd.getpwuid(1)
    with mock.patch.object(_as_user, "os") as system:
        system.getuid.return_value = 0
        _as_user.become(entry)()
        assert system.mock_calls == [
            mock.call.getuid(), mock.call.initgroups(entry.pw_name, entry.pw_gid), mock.call.setgid(entry.pw_gid),
            mock.call.setuid(entry.pw_uid),
        ]  # fmt: skip
        system.reset_mock()
        system.getuid.return_value = entry.pw_uid
        _as_user.become(entry)()
        assert system.mock_calls == [mock.call.getuid()]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become another user")
def test_a_program_runs_as_the_user():
    other = pwd.getpwuid(1)
    status, output, _complaint = _as_user.run(other.pw_name, ["/bin/sh", "-c", "id -u; id -g; echo $HOME"])
    assert (status, output.split()) == (0, [b"%d" % other.pw_uid, b"%d" % other.pw_gid])


@pytest.mark.parametrize(
    ("number", "message"),
    [(1, "ARP queries need root"), (13, "ARP queries need root"), (19, "cannot open a raw socket on interface eth9: No such device")],
)
@pytest.mark.parametrize("late", [False, True])
def test_a_raw_socket_that_is_refused_is_told_and_not_left_open(number, message, late):
    error = OSError(number, os.strerror(number))
    opened = mock.Mock()
    opened.bind.side_effect = error
    given = {"return_value": opened} if late else {"side_effect": error}
    with mock.patch.object(_arp_probe.socket, "socket", **given), pytest.raises(_arp_probe.ProbeError, match=message):
        _arp_probe.open_socket(1, "eth9", b"\x02" * 6, b"\x04" * 6)
    assert opened.close.called == late


@pytest.mark.parametrize("number", [13, 20, 2])
def test_a_maintenance_file_that_cannot_be_looked_for(number):
    with mock.patch.object(_vip_facts.os, "stat", side_effect=OSError(number, os.strerror(number))):
        found = _vip_facts._maintenance("/etc/keepalived/maintenance")
    if number == 13:
        assert found == (None, None, "/etc/keepalived/maintenance: cannot determine whether it exists: Permission denied")
    else:
        assert found == (False, None, None)


def test_a_maintenance_file_that_cannot_be_read_is_maintenance_all_the_same(tmp_path):
    assert _vip_facts._maintenance("/") == (True, None, None)
    os.mkfifo(tmp_path / "maintenance")
    assert _vip_facts._maintenance(str(tmp_path / "maintenance")) == (True, None, None)
