# SPDX-License-Identifier: GPL-3.0-or-later
"""Throw-away keys."""

from __future__ import annotations

import stat
import subprocess

import pytest
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys
from ansible_collections.eucalyptus.ha.tests.cc_simulator.names import SimulatorError

pytestmark = pytest.mark.today_only("how keys are kept, whatever the date")


def openssl(*arguments):
    return subprocess.run(["openssl", *arguments], capture_output=True, text=True, check=True).stdout


@pytest.mark.wall_clock
def test_what_is_made(tmp_path):
    keys.make(tmp_path / "new" / "keys", days=2)
    found = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "new" / "keys").iterdir()}
    assert found == {
        "cloud-pk.pem": 0o600,
        "cloud-cert.pem": 0o644,
        "cluster-pk.pem": 0o600,
        "cluster-cert.pem": 0o644,
    }
    text = openssl("x509", "-in", str(tmp_path / "new/keys/cloud-cert.pem"), "-noout", "-text")
    assert "sha256WithRSAEncryption" in text
    assert "(2048 bit)" in text
    openssl("x509", "-in", str(tmp_path / "new/keys/cloud-cert.pem"), "-noout", "-checkend", str(47 * 3600))
    with pytest.raises(subprocess.CalledProcessError):
        openssl("x509", "-in", str(tmp_path / "new/keys/cloud-cert.pem"), "-noout", "-checkend", str(49 * 3600))


def test_make_replaces_and_make_once_does_not(tmp_path):
    keys.make_once(tmp_path)
    first = (tmp_path / "cloud-pk.pem").read_bytes()
    keys.make_once(tmp_path)
    assert (tmp_path / "cloud-pk.pem").read_bytes() == first
    keys.make(tmp_path)
    assert (tmp_path / "cloud-pk.pem").read_bytes() != first


def test_der_and_back(tmp_path):
    keys.make_pair(tmp_path, "any")
    der = keys.certificate_der((tmp_path / "any-cert.pem").read_bytes())
    assert keys.certificate_der(keys.certificate_pem(der)) == der
    with pytest.raises(SimulatorError, match="no certificate"):
        keys.certificate_der("-----BEGIN NOTHING-----")


def test_openssl_complains(tmp_path):
    with pytest.raises(SimulatorError, match="openssl could not make"):
        keys.make_pair(tmp_path, "any", days="soon")


def test_no_openssl(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorError, match="install the package openssl"):
        keys.make_pair(tmp_path, "any")
