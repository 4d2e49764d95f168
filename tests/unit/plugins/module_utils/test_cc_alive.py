# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a cluster controller lives, against the stand-in and against what is none."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import socket
import threading
import time
from contextlib import contextmanager

from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_alive
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator


@contextmanager
def server(pieces, pause=0.0, hang=False):
    """Sends this to its first client, and then hangs up, or not until the client does."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        connection, _peer = listener.accept()
        with connection:
            connection.recv(4096)
            try:
                for piece in pieces:
                    connection.sendall(piece)
                    time.sleep(pause)
                while hang and connection.recv(4096):
                    pass
            except OSError:
                return  # who asked has gone: that is the point

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    yield listener.getsockname()[1]
    listener.close()
    thread.join(timeout=5)


@pytest.mark.wall_clock
def test_a_controller(tmp_path_factory):
    with Simulator(keys.make_once(tmp_path_factory.getbasetemp() / "keys")) as cc:
        found = _cc_alive.ask(cc.host, cc.port)
        assert found == {"alive": True, "message": "{} port {} answers".format(cc.host, cc.port)}
        assert cc.counts["DescribeServices"] == 0, "it asks for no state"


def test_something_else():
    with server([b"HTTP/1.1 404 Not Found\r\n\r\n"]) as port:
        found = _cc_alive.ask("127.0.0.1", port)
    assert found["alive"] is False
    assert "is no cluster controller (HTTP/1.1 404 Not Found)" in found["message"]


def test_nobody():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    assert _cc_alive.ask("127.0.0.1", port)["message"] == "127.0.0.1 port {}: Connection refused".format(port)


@pytest.mark.parametrize("pieces", [[], [b"x"] * 1200])
def test_it_waits_no_longer_than_its_time(pieces):
    """For nothing at all, and for what drips for a minute."""
    with server(pieces, pause=0.05, hang=True) as port:
        started = time.monotonic()
        found = _cc_alive.ask("127.0.0.1", port, 0.3)
        assert time.monotonic() - started < 30
    assert found["message"].endswith("within 0.3 s")


def test_a_page_without_end_is_read_up_to_a_limit():
    with server([b"x" * (1 << 16)] * 8) as port:
        assert _cc_alive.ask("127.0.0.1", port, 5)["alive"] is False


def test_a_host_that_is_no_host():
    assert _cc_alive.ask("no host", 1)["alive"] is False
