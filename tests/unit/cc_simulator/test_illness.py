# SPDX-License-Identifier: GPL-3.0-or-later
"""A CC that is ill in the ways that were seen in real ones: lock held, httpd gone, arbitrator silent, workers busy."""

from __future__ import annotations

import contextlib
import http.client
import socket
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as NotYet

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import monitor
from ansible_collections.eucalyptus.ha.tests.cc_simulator.behaviour import ConfigLock
from ansible_collections.eucalyptus.ha.tests.cc_simulator.operations import ClusterController

GET = b"GET /axis2/services HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


def connect(simulator, timeout=60):
    return socket.create_connection((simulator.host, simulator.port), timeout)


def page(caller):
    return caller.post(None, {}, "/axis2/services", "GET")[0]


def wait_for(condition, seconds=60):
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.fixture
def pool():
    with ThreadPoolExecutor(16) as executor:
        yield executor


# --- the CONFIG lock ----------------------------------------------------------------------------------------------


def test_a_held_lock_blocks_every_operation_and_nothing_else(caller, pool):
    caller.simulator.set_behaviour("lock")
    bodies = [caller.signed(operation) for operation in ("DescribeServices", "DisableService")]
    calls = [pool.submit(caller.post, body) for body in bodies]
    wait_for(lambda: caller.simulator.report()["workers"]["waiting"] == 2)
    for call in calls:
        with pytest.raises(NotYet):
            call.result(0.1)
    assert page(caller) == 200
    assert caller.post(caller.unsigned())[0] == 500  # refused before it would need the lock
    assert caller.simulator.state == "ENABLED"
    caller.simulator.set_behaviour("normal")
    assert [call.result(10)[0] for call in calls] == [200, 200]
    assert caller.simulator.state == "DISABLED"


def test_what_waits_for_the_lock_is_carried_out_though_its_client_has_left(caller):
    simulator = caller.simulator
    simulator.set_behaviour("lock")
    connection = http.client.HTTPConnection(simulator.host, simulator.port, timeout=0.2)
    headers = {"Content-Type": "text/xml", "SOAPAction": '"EucalyptusCC#DisableService"'}
    connection.request("POST", "/axis2/services/EucalyptusCC", caller.signed("DisableService"), headers)
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()
    wait_for(lambda: simulator.report()["workers"]["waiting"] == 1)
    simulator.set_behaviour("normal")
    wait_for(lambda: simulator.state == "DISABLED")


def test_stuck_calls_starve_the_services_page(caller, pool):
    simulator = caller.simulator
    simulator.set_behaviour("lock")
    calls = []
    for number in range(8):
        assert page(caller) == 200
        calls.append(pool.submit(caller.post, caller.signed()))
        wait_for(lambda: simulator.report()["workers"]["waiting"] == number + 1)  # noqa: B023 - called at once
    with connect(simulator, 0.3) as ninth:
        ninth.sendall(GET)
        with pytest.raises(TimeoutError):
            ninth.recv(1)
        assert simulator.report()["workers"] == {"number": 8, "busy": 8, "waiting": 8, "idle_connections_made": 0}
        simulator.set_behaviour("normal")
        ninth.settimeout(60)
        assert ninth.recv(12) == b"HTTP/1.1 200"
    assert [call.result(10)[0] for call in calls] == [200] * 8


def test_a_simulator_can_be_stopped_while_its_lock_is_held(make_caller, pool):
    caller = make_caller(state="ENABLED")
    caller.simulator.set_behaviour("lock")
    call = pool.submit(caller.post, caller.signed("DisableService"))
    wait_for(lambda: caller.simulator.report()["workers"]["waiting"] == 1)
    caller.simulator.stop()
    with pytest.raises((OSError, http.client.HTTPException)):
        call.result(10)
    assert caller.simulator.state == "ENABLED"


# --- httpd gone, the port still open ------------------------------------------------------------------------------


def test_httpd_gone_while_the_monitor_keeps_the_port_open(make_caller, tmp_path):
    caller = make_caller(state="ENABLED", state_file=tmp_path / "config")
    simulator, port = caller.simulator, caller.simulator.port
    with connect(simulator) as kept:
        wait_for(lambda: simulator.report()["workers"]["busy"] == 1)
        simulator.set_behaviour("die-port-open")
        assert kept.recv(1) == b""
    waiting = [connect(simulator, 0.3) for _dummy in range(10)]  # more than there are workers
    for connection in waiting:
        connection.sendall(GET)
    for connection in waiting:
        with pytest.raises(TimeoutError):
            connection.recv(1)
    assert b"ENABLED" in (tmp_path / "config").read_bytes()
    simulator.set_behaviour("normal")
    # Whoever starts httpd again gets a socket of its own; what waited at the old one is gone.
    for connection in waiting:
        connection.settimeout(60)
        with contextlib.suppress(ConnectionResetError):
            assert connection.recv(1) == b""
        connection.close()
    assert page(caller) == 200
    assert simulator.port == port


# --- a silent arbitrator ------------------------------------------------------------------------------------------


class Rounds:
    """Stands in for the monitor's event and clock: notes what it waits for, and ends after so many waits."""

    def __init__(self, count, between=lambda number: None):
        self.count, self.between, self.now, self.waits = count, between, 1000.0, []

    def is_set(self):
        return len(self.waits) >= self.count

    def wait(self, seconds):
        self.waits.append(seconds)
        self.now += seconds
        self.between(len(self.waits))
        return False


@pytest.fixture
def monitored(monkeypatch):
    """Run the monitor's rounds in no time; returns the monitor and what it waited for: 10 a ping, 1 the pause after a round."""

    def run(release, waits, state="ENABLED", between=lambda cc, number: None):
        cc, lock = ClusterController(release=release, state=state), ConfigLock()
        arbitrator = monitor.SilentArbitrator(cc, lock)
        held = []

        def note(number):
            held.append(lock.held)
            between(cc, number)

        rounds = arbitrator._over = Rounds(waits, note)
        monkeypatch.setattr(monitor.time, "monotonic", lambda: rounds.now)
        arbitrator._run()
        # The lock is held during a ping and never otherwise.
        assert held == [seconds == 10 for seconds in rounds.waits]
        return arbitrator, rounds.waits

    return run


@pytest.mark.parametrize("release", ["3.1", "3.4", "4.0", "4.1"])
def test_up_to_4_1_the_lock_is_held_in_every_sixth_round(monitored, release):
    """10 of 16 s: cc-protocol.md measured 9 of 16 s without an answer."""
    _arbitrator, waits = monitored(release, 21)
    assert waits == [10, 1, 1, 1, 1, 1, 1] * 3


@pytest.mark.parametrize("release", ["4.2", "4.4", "5.1"])
def test_from_4_2_on_in_every_round_since_a_ping_takes_longer_than_six_seconds(monitored, release):
    _arbitrator, waits = monitored(release, 6)
    assert waits == [10, 1] * 3


@pytest.mark.parametrize(("disabled_at", "waits"), [(1, [10, 1, 10, 1, 10, 1]), (3, [10, 1, 1, 1, 1, 1])])
def test_the_counter_stands_still_while_the_cc_is_not_enabled(monitored, disabled_at, waits):
    """Disabled in the round of the ping: it pings in every round. In another one: never."""

    def between(cc, number):
        if number == disabled_at:
            cc.state = "DISABLED"

    assert monitored("4.1", 6, between=between)[1] == waits


def test_a_cc_that_never_was_enabled_does_not_ping(monitored):
    assert monitored("4.1", 8, state="DISABLED")[1] == [1] * 8


def test_after_more_than_ten_failures_in_a_row_it_is_not_ready(monitored):
    states = []
    arbitrator, _waits = monitored("4.4", 24, between=lambda cc, number: states.append((cc.state, cc.errors)))
    # Twelve rounds of a ping and a pause; the eleventh failure is known after the ping of the eleventh round.
    assert states == [("ENABLED", 0)] * 21 + [("NOTREADY", 1)] * 3
    arbitrator._thread = threading.Thread(target=lambda: None)
    arbitrator._over = threading.Event()
    arbitrator.start()
    arbitrator.stop()
    assert (arbitrator.cc.state, arbitrator.cc.errors) == ("DISABLED", 0)


def test_a_silent_arbitrator_blocks_operations_but_not_the_page(caller, pool):
    caller.simulator.set_behaviour("arbitrator", ping=60)
    call = pool.submit(caller.post, caller.signed())
    wait_for(lambda: caller.simulator.report()["workers"]["waiting"] == 1)
    assert page(caller) == 200
    caller.simulator.set_behaviour("normal")
    assert call.result(10)[0] == 200
    assert caller.simulator.state == "ENABLED"


def test_between_the_pings_operations_are_answered(caller):
    caller.simulator.set_behaviour("arbitrator", ping=0.05, round_=0.01)
    for _dummy in range(20):
        caller.accepted(caller.signed())


# --- idle connections ---------------------------------------------------------------------------------------------


def test_an_idle_connection_blocks_the_only_worker(make_caller):
    simulator = make_caller(max_clients=1, keep_alive=60).simulator
    simulator.set_idle_connections(1)
    wait_for(lambda: simulator.report()["workers"]["busy"] == 1)
    with connect(simulator, 0.3) as other:
        other.sendall(GET)
        with pytest.raises(TimeoutError):
            other.recv(1)
        simulator.set_idle_connections(0)
        other.settimeout(60)
        assert other.recv(12) == b"HTTP/1.1 200"


def test_an_idle_connection_is_dropped_and_made_again(make_caller):
    caller = make_caller(max_clients=1, keep_alive=0.1)
    caller.simulator.set_idle_connections(1)
    wait_for(lambda: caller.simulator.report()["workers"]["idle_connections_made"] > 2)
    assert page(caller) == 200
    caller.simulator.set_idle_connections(0)
    wait_for(lambda: caller.simulator.report()["workers"]["busy"] == 0)


def test_one_idle_connection_leaves_seven_workers(caller):
    caller.simulator.set_idle_connections(1)
    wait_for(lambda: caller.simulator.report()["workers"]["busy"] == 1)
    caller.accepted(caller.signed())
    assert page(caller) == 200
    assert caller.simulator.report()["arrived"]["GET"] == 1  # the idle connection asks nothing
