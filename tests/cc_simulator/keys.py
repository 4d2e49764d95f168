# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away keys and certificates, made with the openssl command."""

from __future__ import annotations

import base64
import fcntl
import os
import re
import subprocess
import sys
from pathlib import Path

from .names import SimulatorError

OWNERS = ("cloud", "cluster")
BITS = 2048


def make(directory: str | os.PathLike, days: int = 3650) -> Path:
    """Make cloud-{pk,cert}.pem and cluster-{pk,cert}.pem in ``directory``, valid for ``days`` days; overwrite old ones.

    RSA 2048, certificate signed with SHA-256, as the keys of a real cloud are. Keys get mode 0600, certificates 0644.
    """
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    for owner in OWNERS:
        make_pair(directory, owner, days)
    return directory


def make_pair(directory: str | os.PathLike, owner: str, days: int = 3650) -> None:
    """Make OWNER-pk.pem and OWNER-cert.pem; tests use it for a foreign key too."""
    key, cert = Path(directory) / f"{owner}-pk.pem", Path(directory) / f"{owner}-cert.pem"
    # The key must never be readable by others, not even while openssl is still writing it.
    key.unlink(missing_ok=True)
    os.close(os.open(key, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600))
    command = ["openssl", "req", "-x509", "-newkey", f"rsa:{BITS}", "-sha256", "-nodes", "-days", str(days)]
    command += ["-subj", f"/C=US/ST=CA/L=Goleta/O=Eucalyptus Systems/OU=Eucalyptus/CN={owner}-localhost"]
    command += ["-keyout", str(key), "-out", str(cert)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise SimulatorError("the openssl command is missing: install the package openssl") from error
    if done.returncode:
        raise SimulatorError(f"openssl could not make {key}: {done.stderr.strip()}")
    key.chmod(0o600)
    cert.chmod(0o644)


def make_once(directory: str | os.PathLike, days: int = 3650) -> Path:
    """Like make(), but keep the keys that are there: for a test session, shared by pytest-xdist's processes."""
    # For tests that watch who uses the date: the certificates begin today, whoever made them.
    sys.audit("cc_simulator.keys", str(directory))
    directory = Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with open(directory / ".lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        finished = directory / ".made"
        if not finished.exists():
            make(directory, days)
            finished.touch()
    return directory


def certificate_der(pem: str | bytes) -> bytes:
    """Return the DER bytes of the first certificate in PEM text; SimulatorError when there is none."""
    text = pem.decode("ascii", "replace") if isinstance(pem, bytes) else pem
    found = re.search(r"-----BEGIN CERTIFICATE-----(.+?)-----END CERTIFICATE-----", text, re.DOTALL)
    if not found:
        raise SimulatorError("no certificate in PEM text")
    return base64.b64decode("".join(found.group(1).split()))


def certificate_pem(der: bytes) -> bytes:
    """Return PEM for DER bytes."""
    text = base64.encodebytes(der).decode("ascii")
    return f"-----BEGIN CERTIFICATE-----\n{text}-----END CERTIFICATE-----\n".encode("ascii")
