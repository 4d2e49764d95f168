# SPDX-License-Identifier: GPL-3.0-or-later
"""The two clients, asked in the same way and answering in the same form."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_errors, _cc_options

REPOSITORY = Path(__file__).resolve().parents[3]
CHECK = REPOSITORY / "roles" / "cc_gateway" / "files" / "cc_enabled_check_launcher.py"


@dataclass
class Outcome:
    """What a client made of an answer. ``reason`` is the module's word, None for the check and when there is no trouble."""

    state: str | None
    enabled: bool
    message: str
    elapsed: float
    reason: str | None = None
    verified: bool = False


def parameters(port: int, keys: Path, verify: bool, timeout: float, /, **more: object) -> dict[str, object]:
    """The module's parameters as Ansible would hand them over."""
    params = {name: option.get("default") for name, option in _cc_options.argument_spec().items()}
    files = {"client_key": "cloud-pk.pem", "client_cert": "cloud-cert.pem", "cc_cert": "cluster-cert.pem"}
    params.update({option: str(keys / name) for option, name in files.items()})
    params.update(host="127.0.0.1", port=port, verify_response=verify, timeout=timeout)
    params.update(more)
    return params


def ask_module(port: int, keys: Path, /, verify: bool = True, timeout: float = 10, **more: object) -> Outcome:
    """The backend of cc_service_info, in this process."""
    started = time.monotonic()
    try:
        client, _warnings = _cc_options.make_client(parameters(port, keys, verify, timeout, **more))
        result = client.describe_services()
    except _cc_errors.CcError as error:
        return Outcome(None, False, error.message, time.monotonic() - started, error.reason)
    state = result["cluster"] and result["cluster"]["local_state"]
    message = f"localState {state}" if state else "no entry of type cluster"
    return Outcome(state, result["enabled"], message, time.monotonic() - started, verified=result["response_verified"])


def check_command(port: int, keys: Path, timeout: float = 10) -> list[str]:
    """The arguments of the check, without the interpreter."""
    return [
        str(CHECK), "--host", "127.0.0.1", "--port", str(port), "--timeout", str(timeout), "--json",
        "--key", str(keys / "cloud-pk.pem"), "--cert", str(keys / "cloud-cert.pem"),
    ]  # fmt: skip


def ask_check(port: int, keys: Path, timeout: float = 10, python: str = sys.executable) -> Outcome:
    """The check, as keepalived runs it."""
    started = time.monotonic()
    done = subprocess.run(
        [python, "-B", "-E", "-s", "-S", *check_command(port, keys, timeout)],
        capture_output=True, text=True, check=False, timeout=90, env={"PATH": os.environ["PATH"]},
    )
    elapsed = time.monotonic() - started
    assert not done.stderr, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 1, done.stdout
    said = json.loads(lines[0])
    assert done.returncode == (0 if said["enabled"] else 1)
    return Outcome(said["local_state"], said["enabled"], said["message"], elapsed)
