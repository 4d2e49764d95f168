# SPDX-License-Identifier: GPL-3.0-or-later
"""A hostile server costs a client no more than its timeout and 64 MiB. Measured on whole processes."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time

import pytest

from . import hostile_server
from .clients import REPOSITORY, check_command, parameters

pytestmark = pytest.mark.today_only("time and memory of a process, whatever the date; test_conformance.py has the cases of time stamps")

LIMIT = 64 * 1024  # KiB beyond what a good answer takes
TIMEOUT = 0.5
STARTING = 20  # seconds: importing zeep takes 0.3 s, and on a busy machine many; what hangs, hangs for ever

# VmHWM is of this process alone, while ru_maxrss of a child begins with that of its parent.
_REPORT = """
def report():
    with open('/proc/self/status') as status:
        peak = [line.split()[1] for line in status if line.startswith('VmHWM:')][0]
    sys.stderr.write('PEAK %s KiB\\n' % peak)
"""
_MODULE = f"""
import sys
{_REPORT}
from ansible_collections.eucalyptus.ha.plugins.modules import cc_service_info
try:
    cc_service_info.main()
finally:
    report()
"""
_CHECK = f"""
import sys
{_REPORT}
sys.path.insert(0, sys.argv[1].rpartition('/')[0])
from cc_enabled_check.main import main
try:
    main(sys.argv[2:])
finally:
    report()
"""


def _run(client, port, keys):
    """The client's answer (dict), seconds and peak memory (KiB) of one process."""
    if client == "module":
        command = [sys.executable, "-c", _MODULE]
        arguments = json.dumps({"ANSIBLE_MODULE_ARGS": parameters(port, keys, True, TIMEOUT)})
    else:
        command = [sys.executable, "-B", "-E", "-s", "-S", "-c", _CHECK, *check_command(port, keys, TIMEOUT)]
        arguments = ""
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": str(REPOSITORY / ".cache" / "collections")}
    started = time.monotonic()
    done = subprocess.run(
        command, input=arguments, capture_output=True, text=True, check=False, timeout=30, env=environment
    )
    seconds = time.monotonic() - started
    peak = re.search(r"^PEAK (\d+) KiB$", done.stderr, re.MULTILINE)
    assert peak, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return json.loads(done.stdout), seconds, int(peak.group(1))


@pytest.fixture(scope="module")
def usual(key_directory):
    """Peak memory of each client for a good answer (KiB)."""
    from ansible_collections.eucalyptus.ha.tests.cc_simulator.server import Simulator  # noqa: PLC0415 (used here only)

    peaks = {}
    with Simulator(key_directory, state="ENABLED") as simulator:
        for client in ("module", "check"):
            answer, _seconds, peaks[client] = _run(client, simulator.port, key_directory)
            assert answer["enabled"]
    return peaks


#: The modes that cost something: time, or memory, or a second request.
COSTLY = [mode for mode in hostile_server.MODES if re.search("hang|stops|slow|endless|2 GB|bomb|loop|nesting|many|entity", mode)]


@pytest.mark.parametrize("mode", COSTLY)
@pytest.mark.parametrize("client", ["module", "check"])
def test_cost(client, mode, stand, usual):
    """Time and memory are bounded, and the answer is not believed."""
    stand.hostile.mode = mode
    before = stand.hostile.requests
    answer, seconds, peak = _run(client, stand.hostile.port, stand.keys)
    print(f"{client}: {mode}: {seconds:.3f} s, {peak - usual[client]} KiB beyond a good answer")
    assert not answer.get("enabled")
    assert "Traceback" not in json.dumps(answer)
    assert seconds < TIMEOUT + STARTING
    assert peak - usual[client] < LIMIT
    assert stand.hostile.requests <= before + 1
