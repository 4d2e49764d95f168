# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys, users and the cluster controller of a host, looked at by every Python of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import pwd
import socket
import subprocess
import threading

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils import _as_user, _cc_alive, _client_keys, _gateway_host

pytestmark = pytest.mark.wall_clock

USER = pwd.getpwuid(os.getuid()).pw_name
NEEDS_OPENSSL = pytest.mark.skipif(_client_keys.find_openssl() is None, reason="the openssl command is missing")


@pytest.fixture
def pair(tmp_path):
    """The options of a key and its certificate, valid for ten days."""
    paths = dict((name, str(tmp_path / name)) for name in ("key.pem", "cert.pem"))
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-sha256", "-nodes", "-days", "10", "-subj", "/CN=cloud"]
    child = subprocess.Popen(
        command + ["-keyout", paths["key.pem"], "-out", paths["cert.pem"]], stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    )
    said = child.communicate()[0]
    assert child.returncode == 0, said
    os.chmod(paths["key.pem"], 0o600)
    return {
        "client_key": paths["key.pem"],
        "client_cert": paths["cert.pem"],
        "own_cert": paths["cert.pem"],
        "client_key_content": None,
        "client_cert_content": None,
        "user": USER,
    }


@NEEDS_OPENSSL
def test_a_good_pair(pair):
    found = _client_keys.look(pair)
    assert found["match"] is True
    assert found["own"]["same"] is True
    assert found["key"]["rsa"] is True
    assert found["key"]["error"] is found["key"]["unreadable"] is None
    assert found["certificate"]["days_left"] in (9, 10)
    assert len(found["certificate"]["fingerprint"]) == 64


@NEEDS_OPENSSL
def test_a_certificate_that_is_over(pair):
    begins = _client_keys.look(pair)["certificate"]["not_before"]
    found = _client_keys.look(pair, now=4102444800.0)["certificate"]  # 2100
    assert found["expired"] is True
    assert found["days_left"] < 0
    assert found["not_before"] == begins


@NEEDS_OPENSSL
def test_what_is_no_key(pair):
    found = _client_keys.look(dict(pair, client_key=pair["client_cert"], own_cert="/nonexistent/cert.pem"))
    assert found["key"]["error"] == "holds no PEM private key"
    assert found["match"] is None
    assert found["own"]["same"] is None


def test_a_program_is_run_as_a_user():
    status, output, complaint = _as_user.run(USER, ["/bin/sh", "-c", "cat; echo no >&2; exit 3"], b"yes")
    assert (status, output, complaint) == (3, b"yes", b"no\n")
    assert _as_user.run(USER, ["/nonexistent/program"])[0] == 127


def test_a_user_that_there_is_not():
    with pytest.raises(_as_user.UserError, match="there is no user 'nosuchuser'"):
        _as_user.run("nosuchuser", ["/bin/true"])
    assert _gateway_host.look_at_user("nosuchuser") == {"name": "nosuchuser", "exists": False, "uid": None, "gid": None, "group_mates": []}


def test_an_interpreter_is_tried():
    found = _gateway_host.look_at_python(USER, "/nonexistent/python")
    assert (found["works"], found["version"]) == (False, None)
    assert found["message"]


@pytest.mark.parametrize(
    ("said", "alive"), [(b"HTTP/1.1 200 OK\r\n\r\n<h2>EucalyptusCC</h2>", True), (b"HTTP/1.1 404 Not Found\r\n\r\n", False)]
)
def test_what_answers_is_a_controller_or_not(said, alive):
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(1)

    def serve():
        connection = listener.accept()[0]
        connection.recv(4096)
        connection.sendall(said)
        connection.close()

    thread = threading.Thread(target=serve)
    thread.daemon = True
    thread.start()
    found = _cc_alive.ask("127.0.0.1", listener.getsockname()[1], 5)
    thread.join(5)
    listener.close()
    assert found["alive"] is alive
    if not alive:
        assert "404 Not Found" in found["message"]


def test_nobody_answers():
    taken = socket.socket()
    taken.bind(("127.0.0.1", 0))
    assert _cc_alive.ask("127.0.0.1", taken.getsockname()[1])["message"].endswith("Connection refused")
    taken.close()
