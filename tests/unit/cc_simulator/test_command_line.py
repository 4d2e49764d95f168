# SPDX-License-Identifier: GPL-3.0-or-later
"""The commands, as a lab host and the playbooks' tests run them."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import cloud, control
from ansible_collections.eucalyptus.ha.tests.cc_simulator.__main__ import main
from ansible_collections.eucalyptus.ha.tests.cc_simulator.behaviour import MODES
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import SimulatorError
from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator

pytestmark = pytest.mark.today_only("proves the commands; those about time are run at other dates")

TESTS = Path(__file__).parents[2]


@contextlib.contextmanager
def serve(*arguments):
    """Run ``python -m cc_simulator serve`` from another directory; gives the process and its port."""
    command = [
        sys.executable,
        "-m",
        "cc_simulator",
        "serve",
        "--host",
        "127.0.0.1",
        "--port",
        "0",
        *map(str, arguments),
    ]
    process = subprocess.Popen(
        command, cwd=TESTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env={**os.environ, "LANG": "C"}
    )
    try:
        line = process.stdout.readline()
        assert line.startswith("listening on 127.0.0.1:"), line + process.stderr.read()
        yield process, int(line.rpartition(":")[2])
    finally:
        process.kill()
        process.communicate()


@pytest.fixture
def two(key_directory):
    """Two CCs that go by the host's clock: the first ENABLED, the second DISABLED."""
    with Simulator(key_directory, state="ENABLED") as first, Simulator(key_directory) as second:
        yield first, second


def wait_for(condition, seconds=60):
    """Wait until ``condition()`` is true."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def run(capsys, *arguments):
    status = main([str(argument) for argument in arguments])
    captured = capsys.readouterr()
    return status, captured.out, captured.err


@pytest.mark.wall_clock
def test_serve_from_start_to_sigterm(key_directory, tmp_path, capsys):
    options = ("--keys", key_directory, "--control", tmp_path / "control", "--state-file", tmp_path / "state")
    with serve(*options, "--state", "ENABLED", "--name", "CC_09") as (process, port):
        there = ("--host", "127.0.0.1", "--port", port, "--keys", key_directory)
        assert run(capsys, "cloud", "describe", *there) == (0, "ENABLED\n", "")
        assert run(capsys, "cloud", "disable", *there) == (0, "DISABLED\n", "")
        status, out, _err = run(capsys, "control", "--control", tmp_path / "control", "status")
        report = json.loads(out)
        assert status == 0
        assert (report["state"], report["identity"]["name"]) == ("DISABLED", "CC_09")
        assert report["requests"] == {"DescribeServices": 2, "DisableService": 1}
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
        assert not (tmp_path / "control").exists()
        assert "DisableService" in process.stderr.read()


def test_die_is_a_kill_9(key_directory, tmp_path, capsys):
    with serve("--keys", key_directory, "--control", tmp_path / "control") as (process, _port):
        assert run(capsys, "control", "--control", tmp_path / "control", "die") == (0, "", "")
        assert process.wait(60) == -signal.SIGKILL
        assert (tmp_path / "control").exists()
        status, _out, err = run(capsys, "control", "--control", tmp_path / "control", "status")
        assert (status, "no simulator answers" in err) == (1, True)
    # The socket that a killed simulator left is no obstacle to the next one.
    with serve("--keys", key_directory, "--control", tmp_path / "control"):
        assert run(capsys, "control", "--control", tmp_path / "control", "status")[0] == 0


@pytest.mark.parametrize("release", ["3.1", "4.2", "4.4", "5.1"])
def test_serve_resumes(tmp_path, key_directory, capsys, release):
    options = ("--keys", key_directory, "--release", release, "--state-file", tmp_path / "state", "--resume")
    for state in ("ENABLED", "DISABLED"):
        with serve(*options, "--state", state) as (_process, port):
            out = run(capsys, "cloud", "describe", "--port", port, "--keys", key_directory)[1]
            assert out == "ENABLED\n"


def test_serve_starts_clean(tmp_path, key_directory, capsys):
    (tmp_path / "state").write_text("old")
    with serve("--keys", key_directory, "--state-file", tmp_path / "state", "--clean-start", "--state", "ENABLED") as (
        _process,
        port,
    ):
        assert not (tmp_path / "state").exists()
        assert run(capsys, "cloud", "describe", "--port", port, "--keys", key_directory)[1] == "LOADED\n"
        assert b"LOADED" in (tmp_path / "state").read_bytes()


def test_serve_with_fewer_workers(key_directory):
    with serve("--keys", key_directory, "--max-clients", 1, "--keep-alive", 60) as (_process, port):
        there = ("127.0.0.1", port)
        ask = b"GET /axis2/services HTTP/1.1\r\nHost: x\r\n\r\n"
        with socket.create_connection(there, 5) as kept:
            kept.sendall(ask)
            assert kept.recv(12) == b"HTTP/1.1 200"
            with socket.create_connection(there, 0.3) as other:
                other.sendall(ask)
                with pytest.raises(TimeoutError):
                    other.recv(1)
                kept.close()
                other.settimeout(60)
                assert other.recv(12) == b"HTTP/1.1 200"


@pytest.mark.wall_clock
def test_the_clock_that_stands_still(tmp_path, key_directory, recorded):
    keys = tmp_path / "keys"
    keys.mkdir()
    for path in key_directory.glob("*.pem"):
        (keys / path.name).write_bytes(path.read_bytes())
    (keys / "cloud-cert.pem").write_bytes((recorded / "keys" / "cloud-cert.pem").read_bytes())
    with serve("--keys", keys, "--clock", "2026-11-22T11:17:01Z") as (_process, port):
        client = cloud.CloudController("127.0.0.1", port, key_directory)
        status, body = client.post((recorded / "describe-signed.request.xml").read_bytes(), "any")
        assert client.read(status, body).findtext(".//{*}localState") == "DISABLED"


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--clock", "noon"], "no ISO 8601 time"),
        (["--state", "AWAKE"], "state 'AWAKE' is none of"),
        (["--release", "1.0"], "no state API"),
        (["--resume"], "state_file must be given"),
        (["--clean-start"], "state_file must be given"),
        (["--max-clients", "0"], "max_clients must be at least 1 (got 0)"),
        (["--keep-alive", "0"], "keep_alive must be more than 0 seconds (got 0.0)"),
        (["--strict", "dtd,none"], "strict must be some of body, dtd, expires, reply-to, text, zone (got none)"),
        (["--host", "192.0.2.1"], "cannot listen on 192.0.2.1"),
        (["--state-file", "/nonexistent/file"], "cannot open the state file"),
        (["--control", "/nonexistent/socket", "--host", "127.0.0.1"], "control socket"),
    ],
)
def test_serve_says_what_is_wrong(key_directory, options, message):
    command = [sys.executable, "-m", "cc_simulator", "serve", "--keys", str(key_directory), "--port", "0", *options]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_a_missing_library_is_named(tmp_path):
    # An interpreter that sees no site-packages is one without lxml and xmlsec.
    command = [sys.executable, "-S", "-m", "cc_simulator", "serve", "--keys", str(tmp_path)]
    done = subprocess.run(command, cwd=TESTS, capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "install python3-lxml and python3-xmlsec" in done.stderr


def test_keys(tmp_path, capsys):
    assert run(capsys, "keys", tmp_path / "keys", "--days", 1) == (0, "", "")
    assert (tmp_path / "keys" / "cluster-pk.pem").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("action", "state"),
    [
        ("describe", "LOADED"),
        ("enable", "ENABLED"),
        ("disable", "DISABLED"),
        ("start", "DISABLED"),
        ("stop", "STOPPED"),
        ("shutdown", "NOTREADY"),
    ],
)
def test_cloud(key_directory, capsys, action, state):
    with Simulator(key_directory, state="LOADED") as simulator:
        options = ("--host", "127.0.0.1", "--port", simulator.port, "--keys", key_directory)
        assert run(capsys, "cloud", action, *options) == (0, f"{state}\n", "")


def test_cloud_says_what_the_fault_was(key_directory, capsys):
    with Simulator(key_directory) as simulator:
        there = ("--host", "127.0.0.1", "--port", simulator.port)
        foreign = key_directory.parent / "foreign-keys"
        status, out, err = run(capsys, "cloud", "enable", *there, "--keys", foreign)
        assert (status, out) == (1, "")
        assert err == f"cc_simulator: {simulator.url} refused: HTTP 500, soapenv:Sender: Unknown Error :(\n"
        assert simulator.state == "DISABLED"


def test_keys_must_be_given(capsys):
    for words in (["serve"], ["cloud", "describe"], ["flip", "--from", "a", "--to", "b"]):
        with pytest.raises(SystemExit):
            main(words)
        assert "the following arguments are required: --keys" in capsys.readouterr().err


def test_serve_stricter_and_without_a_policy(key_directory, capsys):
    for options, fault in (("--strict all", ""), ("--services noWS", "soapenv:MustUnderstand: Header not understood")):
        with serve("--keys", key_directory, *options.split()) as (_process, port):
            _status, out, err = run(capsys, "cloud", "describe", "--port", port, "--keys", key_directory)
            assert (out, fault in err) == ("" if fault else "DISABLED\n", True)


def test_cloud_and_a_cc_that_could_not_initialise(key_directory, capsys):
    with Simulator(key_directory) as simulator:
        simulator.cc.init_failure = "no network"
        options = ("--port", simulator.port, "--keys", key_directory)
        status, _out, err = run(capsys, "cloud", "describe", *options)
        assert (status, "return=false: no network" in err) == (1, True)


@pytest.mark.parametrize("mode", ["garbage", "truncate", "refuse", "hang"])
def test_cloud_and_a_cc_that_is_not_well(key_directory, capsys, mode):
    with Simulator(key_directory) as simulator:
        simulator.set_behaviour(mode)
        options = ("--port", simulator.port, "--keys", key_directory, "--timeout", "0.3")
        status, out, err = run(capsys, "cloud", "describe", *options)
        assert (status, out, err.count("\n")) == (1, "", 1)


def test_cloud_over_ipv6(key_directory, capsys):
    with Simulator(key_directory, host="::1") as simulator:
        options = ("--host", "::1", "--port", simulator.port, "--keys", key_directory)
        assert run(capsys, "cloud", "enable", *options) == (0, "ENABLED\n", "")


def test_heartbeat_sets_the_topology_and_names_the_cc(key_directory, capsys):
    with Simulator(key_directory, name="self", state="ENABLED") as simulator:
        there = (
            "--port",
            simulator.port,
            "--keys",
            key_directory,
            "--partition",
            "PARTI01",
            "--name",
            "CC_09",
            "--epoch",
            7,
        )
        assert run(capsys, "cloud", "heartbeat", *there) == (0, "ENABLED\n", "")
        assert (simulator.cc.identity.name, simulator.cc.epoch) == ("CC_09", 7)
        assert [service.type for service in simulator.cc.lists["services"]] == [
            "eucalyptus",
            "walrusbackend",
            "storage",
            "cluster",
        ]
        assert run(capsys, "cloud", "describe", *there[:4]) == (0, "ENABLED\n", "")
        assert simulator.report()["topology"]["emptied"] == 1
        assert run(capsys, "cloud", "heartbeat", *there) == (0, "ENABLED\n", "")
        assert simulator.report()["topology"]["present"]
        assert simulator.report()["topology"]["restored"] == 2


def test_heartbeat_goes_on_until_it_is_told_to_end(key_directory):
    with Simulator(key_directory) as simulator:
        command = [sys.executable, "-m", "cc_simulator", "cloud", "heartbeat", "--interval", "0.05"]
        command += ["--port", str(simulator.port), "--keys", str(key_directory)]
        process = subprocess.Popen(command, cwd=TESTS, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            assert process.stdout.readline() == "DISABLED\n"
            simulator.set_behaviour("refuse")
            assert "no answer from" in process.stderr.readline()
            simulator.state = "ENABLED"
            simulator.set_behaviour("normal")
            assert "ENABLED\n" in iter(process.stdout.readline, "")
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0
        finally:
            process.kill()
            process.communicate()


@pytest.mark.wall_clock
def test_flip(two, key_directory, capsys):
    first, second = two
    seen = []
    first.cc.changed = lambda: seen.append((first.state, second.state))
    second.cc.changed = lambda: seen.append((first.state, second.state))
    ends = ("--from", f"127.0.0.1:{first.port}", "--to", f"127.0.0.1:{second.port}", "--keys", key_directory)
    before = time.time()
    status, out, _err = run(capsys, "flip", *ends, "--gap", "0.2")
    times = json.loads(out)
    assert (status, out.count("\n")) == (0, 1)
    assert seen == [("DISABLED", "DISABLED"), ("DISABLED", "ENABLED")]
    assert list(times) == ["disable_sent", "disable_answered", "enable_sent", "enable_answered"]
    assert before < times["disable_sent"] < times["disable_answered"] < times["enable_sent"] < times["enable_answered"]
    assert times["enable_sent"] - times["disable_answered"] >= 0.2


def test_flip_with_overlap(two, key_directory, capsys):
    first, second = two
    seen = []
    first.cc.changed = second.cc.changed = lambda: seen.append((first.state, second.state))
    ends = ("--from", f"127.0.0.1:{first.port}", "--to", f"127.0.0.1:{second.port}", "--keys", key_directory)
    times = json.loads(run(capsys, "flip", *ends, "--overlap")[1])
    assert seen == [("ENABLED", "ENABLED"), ("DISABLED", "ENABLED")]
    assert times["enable_answered"] <= times["disable_sent"]


def test_flip_stops_when_the_first_half_fails(two, key_directory, capsys):
    first, second = two
    first.set_behaviour("refuse")
    ends = ("--from", f"127.0.0.1:{first.port}", "--to", f"127.0.0.1:{second.port}", "--keys", key_directory)
    status, out, err = run(capsys, "flip", *ends)
    assert (status, out) == (1, "")
    assert "no answer from" in err
    assert second.state == "DISABLED"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cc1", ("cc1", 8774)),
        ("cc1:1", ("cc1", 1)),
        ("10.0.0.1:2", ("10.0.0.1", 2)),
        ("[::1]", ("::1", 8774)),
        ("[::1]:3", ("::1", 3)),
        ("fe80::1", ("fe80::1", 8774)),
    ],
)
def test_hosts_and_ports(text, expected):
    assert cloud.host_and_port(text) == expected


@pytest.mark.parametrize("text", ["cc1:http", "[::1]:x"])
def test_no_host_and_port(text):
    with pytest.raises(SimulatorError, match="is not HOST"):
        cloud.host_and_port(text)


# --- the control socket, in this process --------------------------------------------------------------------------


@pytest.fixture
def steered(simulator, tmp_path):
    deaths = []
    with control.ControlSocket(tmp_path / "control", simulator, die=lambda: deaths.append(1)):
        simulator.deaths = deaths
        yield tmp_path / "control"


@pytest.mark.parametrize("mode", [mode for mode in MODES if mode != "slow"])
def test_modes(steered, simulator, mode):
    assert control.ask(steered, [mode])["behaviour"] == mode
    assert simulator.behaviour.mode == mode


def test_slow_and_set_state_take_an_argument(steered, simulator):
    assert control.ask(steered, ["slow", "250"])["delay_ms"] == 250
    assert control.ask(steered, ["normal"])["delay_ms"] == 0
    assert control.ask(steered, ["set-state", "STOPPED"])["state"] == "STOPPED"
    assert simulator.state == "STOPPED"


@pytest.mark.parametrize(
    "words",
    [
        ["dance"],
        [],
        ["slow"],
        ["slow", "soon"],
        ["slow", "-5"],
        ["hang", "long"],
        ["set-state", "AWAKE"],
        ["arbitrator", "soon"],
        ["arbitrator", "0"],
        ["arbitrator", "nan"],
        ["arbitrator", "1", "2", "3"],
        ["idle"],
        ["idle", "many"],
        ["churn", "1.5"],
        ["reset", "all"],
    ],
)
def test_nonsense_is_answered_with_an_error(steered, simulator, words):
    with pytest.raises(SimulatorError):
        control.ask(steered, words)
    assert (simulator.state, simulator.behaviour.mode) == ("ENABLED", "normal")
    assert control.ask(steered, ["status"])["state"] == "ENABLED"


def test_the_other_actions(steered, simulator):
    assert control.ask(steered, ["arbitrator", "30", "1"])["behaviour"] == "arbitrator"
    assert control.ask(steered, ["normal"])["behaviour"] == "normal"
    control.ask(steered, ["idle", "2"])
    wait_for(lambda: control.ask(steered, ["status"])["workers"]["busy"] == 2)
    control.ask(steered, ["idle", "0"])
    wait_for(lambda: control.ask(steered, ["status"])["workers"]["busy"] == 0)
    assert control.ask(steered, ["churn", "10"])["epoch"] == 0


def test_what_was_asked_is_counted_until_a_reset(steered, caller):
    for body in (caller.signed(), caller.signed("EnableService"), caller.unsigned()):
        caller.post(body)
    caller.post(None, {}, "/axis2/services", "GET")
    caller.post(None, {}, "/other", "GET")
    report = control.ask(steered, ["status"])
    assert report["requests"] == {"DescribeServices": 1, "EnableService": 1, "refused": 2, "services page": 1}
    assert report["arrived"] == {"SOAP": 3, "GET": 2, "signed": 2, "unsigned": 1}
    report = control.ask(steered, ["reset"])
    assert (report["requests"], set(report["arrived"].values())) == ({}, {0})


def test_die_calls_what_it_was_given(steered, simulator):
    control.ask(steered, ["die"])
    assert simulator.deaths == [1]


def test_a_socket_that_is_not_there(tmp_path):
    with pytest.raises(SimulatorError, match="no simulator answers"):
        control.ask(tmp_path / "nothing", ["status"])
