# SPDX-License-Identifier: GPL-3.0-or-later
"""The core of it against the simulator, as a whole process, on every Python that the check is for."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._python_bundle import python_bundle
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check
from cc_simulator import cloud
from cc_simulator.server import Simulator

from .conftest import CHECK, PACKAGE, PYTHON, answer_xml, http

pytestmark = pytest.mark.today_only("other interpreters; the tests of signing have the dates")

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

    def run(*arguments, source="soap", **how):
        words = ["--port", simulator.port, "--source", source]
        if source == "soap":
            words += ["--key", keys / "cloud-pk.pem", "--cert", keys / "cloud-cert.pem"]
        else:
            words += ["--state-file", tmp_path / "eucalyptusCCConfig"]
        done = run_check(*words, *arguments, python=python, **how)
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
    assert line.endswith("Connection refused (httpd is not running)")


def test_every_operation_of_a_cloud_controller_is_followed(run, simulator, keys):
    controller = cloud.CloudController("127.0.0.1", simulator.port, str(keys), 5)
    for action, state in (("enable", "ENABLED"), ("disable", "DISABLED"), ("enable", "ENABLED")):
        cloud.act(controller, action)
        assert run()[1].partition(":")[0] == state


def test_json_name_grace(python, run_check, wire, pair, tmp_path):
    wire.say = http(answer_xml())
    words = ("--host", "localhost", "--port", wire.port, *pair, "--memory", tmp_path / "memory", "--grace", 60)
    done = run_check(*words, "--json", python=python)
    assert done.stderr == ""
    assert json.loads(done.stdout)["enabled"] is True
    wire.say = b""
    done = run_check(*words, python=python)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("ENABLED: for ")
    assert run_check("--host", "h\xe4", python=python).returncode == 1
    assert run_check("--state-file", tmp_path / "\xe4\udcff", "--source", "state_file", python=python).returncode == 1


@pytest.fixture
def installed(tmp_path):
    """The check as the role installs it, but for the compiled form; the launcher's path."""
    (tmp_path / "cc_enabled_check.py").write_text(python_bundle(str(PACKAGE)))
    return shutil.copy(CHECK, tmp_path / "cc-enabled-check")


def test_launcher_runs_the_compiled_check(run, run_check, python, installed, simulator):
    directory = Path(installed).parent
    set_state(simulator, "ENABLED")
    assert run(script=installed, flags=())[0] == 0
    compiled = [*directory.glob("__pycache__/*.pyc"), *directory.glob("*.pyc")]
    assert len(compiled) == 1
    # A compiled file of another Python, or a damaged one, is not used and does no harm.
    compiled[0].write_bytes(b"\0" * 100)
    assert run(script=installed, flags=())[0] == 0
    # Nor does a half installation pass for ENABLED.
    (directory / "cc_enabled_check.py").unlink()
    compiled[0].unlink(missing_ok=True)
    done = run_check(script=installed, python=python)
    assert done.returncode == 1
    assert done.stdout.startswith("UNKNOWN: the check is not installed completely: ")


@pytest.mark.parametrize("source", ["soap", "state_file"])
def test_the_bundle_behaves_as_the_package(run, installed, simulator, tmp_path, source):
    """As a file, and by standard input, as preflight runs it on a host that has no check yet."""
    forms = {"package": {}, "file": {"script": installed}, "stdin": {"script": "-", "stdin": tmp_path / "cc_enabled_check.py"}}
    for state in ("DISABLED", "ENABLED", "NOTREADY", "ENABLED"):
        set_state(simulator, state)
        told = []
        for name, how in forms.items():
            memory = tmp_path / name
            told.append(run("--memory", memory, source=source, **how))
            words = [line.split(" ") for line in memory.read_text().splitlines()]
            assert [line[0] for line in words][3:8] == ["answer", "seen", "enabled", "live", "failed"]
            assert words[3][1] == words[4][1] == state
            assert (words[5][1] != "0.00") == (state == "ENABLED")
        assert told[0][0] == (0 if state == "ENABLED" else 1)
        assert told == [told[0]] * 3
    set_state(simulator, "DISABLED")
    for name, how in forms.items():
        assert run("--help", source=source, **how) == (1, check.command_line.HELP.rstrip("\n"))
        assert run("--newly-enabled", "60", "--memory", tmp_path / name, source=source, **how)[1].startswith("YES: ")


def test_check_has_no_syntax_that_only_new_pythons_read():
    for path in [CHECK, *PACKAGE.glob("*.py")]:
        assert path.read_text().isascii()
