# SPDX-License-Identifier: GPL-3.0-or-later
"""The core of it against the simulator, as a whole process, on every Python that the check is for."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from cc_simulator import cloud
from cc_simulator.server import Simulator

from .conftest import CHECK, PYTHON, answer_xml, http

VERSIONS = ("2.7", "3.6", "3.7", "3.8", "3.9", "3.10", "3.11", "3.12", "3.13")
PYENV = Path(os.environ.get("PYENV_ROOT", "/root/.pyenv")) / "versions"


def find(version):
    """The interpreter of this version, pyenv's first; None when there is none."""
    for python in sorted(PYENV.glob(f"{version}.*/bin/python")):
        return str(python)
    return shutil.which(f"python{version}", path="/usr/local/bin:/usr/bin")


@pytest.fixture(params=[pytest.param("system", id="system"), *[pytest.param(v, marks=pytest.mark.interpreters) for v in VERSIONS]])
def python(request):
    found = PYTHON if request.param == "system" else find(request.param)
    if not found:
        # Not an error on a developer's machine; CI names those that must be there, and so cannot lose one in silence.
        assert request.param not in os.environ.get("CC_CHECK_INTERPRETERS", "").split(), f"no Python {request.param} here"
        pytest.skip(f"no Python {request.param} here")
    return found


@pytest.fixture
def simulator(keys, tmp_path):
    with Simulator(str(keys), state_file=str(tmp_path / "eucalyptusCCConfig")) as running:
        yield running


@pytest.fixture
def run(python, run_check, simulator, keys, tmp_path):
    """Run the check with this Python; (exit status, line)."""

    def run(*arguments, source="soap", script=CHECK):
        words = ["--port", simulator.port, "--source", source]
        if source == "soap":
            words += ["--key", keys / "cloud-pk.pem", "--cert", keys / "cloud-cert.pem"]
        else:
            words += ["--state-file", tmp_path / "eucalyptusCCConfig"]
        done = run_check(*words, *arguments, python=python, script=script)
        assert done.stderr == ""
        return done.returncode, done.stdout.rstrip("\n")

    return run


def set_state(simulator, state):
    simulator.cc.state = state
    simulator.cc.changed()


@pytest.mark.parametrize("source", ["soap", "state_file"])
def test_states_and_troubles(run, simulator, source):
    for state in ("LOADED", "DISABLED", "ENABLED", "STOPPED", "NOTREADY"):
        set_state(simulator, state)
        status, line = run(source=source)
        assert (status, line.partition(":")[0]) == (0 if state == "ENABLED" else 1, state)
    set_state(simulator, "ENABLED")
    simulator.behaviour.set("hang")
    status, line = run("--timeout", "0.4", source=source)
    assert (status, line.partition(" while ")[0]) == (1, "UNKNOWN: timed out after 0.4 s")
    simulator.behaviour.set("truncate")
    assert run(source=source) == (1, f"UNKNOWN: 127.0.0.1:{simulator.port}: the answer was cut short")
    simulator.behaviour.set("normal")
    assert run(source=source)[0] == 0
    simulator.stop()
    status, line = run(source=source)
    assert status == 1
    assert line.endswith("Connection refused")


def test_every_operation_of_a_cloud_controller_is_followed(run, simulator, keys):
    controller = cloud.CloudController("127.0.0.1", simulator.port, str(keys), 5)
    for action, state in (("enable", "ENABLED"), ("disable", "DISABLED"), ("enable", "ENABLED")):
        cloud.act(controller, action)
        assert run()[1].partition(":")[0] == state


def test_faults(run, simulator, keys, tmp_path):
    status, line = run("--no-ws-security")
    assert (status, line) == (
        1,
        f"UNKNOWN: 127.0.0.1:{simulator.port}: the CC answers with the fault soapenv:Client: No Error "
        "(the CC wants a signed request)",
    )


def test_unsigned_json_name_grace(python, run_check, wire, tmp_path):
    wire.say = http(answer_xml())
    words = ("--host", "localhost", "--port", wire.port, "--no-ws-security", "--memory", tmp_path / "memory", "--grace", 60)
    done = run_check(*words, "--json", python=python)
    assert done.stderr == ""
    assert json.loads(done.stdout)["enabled"] is True
    wire.say = b""
    done = run_check(*words, python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ENABLED: for ")
    assert run_check("--host", "h\xe4", python=python).returncode == 1
    assert run_check("--state-file", tmp_path / "\xe4\udcff", "--source", "state_file", python=python).returncode == 1


def test_launcher_runs_the_compiled_check(run, python, run_check, tmp_path, simulator):
    shutil.copy(CHECK, tmp_path)
    launcher = shutil.copy(CHECK.with_name("cc_enabled_check_launcher.py"), tmp_path / "cc-enabled-check")
    set_state(simulator, "ENABLED")
    assert run(script=launcher)[0] == 0
    compiled = [*tmp_path.glob("__pycache__/*.pyc"), *tmp_path.glob("*.pyc")]
    assert len(compiled) == 1
    # A compiled file of another Python, or a damaged one, is not used and does no harm.
    compiled[0].write_bytes(b"\0" * 100)
    assert run(script=launcher)[0] == 0
    # Nor does a half installation pass for ENABLED.
    (tmp_path / "cc_enabled_check.py").unlink()
    compiled[0].unlink(missing_ok=True)
    done = run_check(script=launcher, python=python)
    assert done.returncode == 1
    assert done.stdout.startswith("UNKNOWN: the check is not installed completely: ")


def test_check_has_no_syntax_that_only_new_pythons_read():
    text = Path(check.__file__).read_text()
    assert text.isascii()
