# SPDX-License-Identifier: GPL-3.0-or-later
"""Keys and certificates of all kinds, looked at with the real openssl."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses the stand-in controller, which needs the Python of a control node", allow_module_level=True)

import os
import pwd
import shutil
import subprocess

from ansible_collections.eucalyptus.ha.plugins.module_utils import _as_user, _client_keys
from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys

pytestmark = pytest.mark.today_only("how keys are read; those about dates are run at other dates")

USER = pwd.getpwuid(os.getuid()).pw_name
NEEDS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")


def openssl(*arguments):
    return subprocess.run(["openssl"] + list(arguments), check=True, capture_output=True, text=True, timeout=60).stdout


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Two pairs and odd ones, made once."""
    base = tmp_path_factory.mktemp("pairs")
    keys.make(base / "one")
    keys.make(base / "two", days=10)
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", str(base / "ec.pem"))
    openssl(
        "req",
        "-new",
        "-x509",
        "-key",
        str(base / "ec.pem"),
        "-subj",
        "/CN=ec",
        "-days",
        "5",
        "-out",
        str(base / "ec-cert.pem"),
    )
    openssl(
        "rsa",
        "-aes128",
        "-passout",
        "pass:secret",
        "-in",
        str(base / "one/cloud-pk.pem"),
        "-out",
        str(base / "encrypted.pem"),
    )
    openssl("rsa", "-traditional", "-in", str(base / "one/cloud-pk.pem"), "-out", str(base / "traditional.pem"))
    (base / "garbage.pem").write_text("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
    (base / "garbage-cert.pem").write_text("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
    (base / "empty.pem").write_text("")
    return base


def look(pairs, key="one/cloud-pk.pem", cert="one/cloud-cert.pem", own="one/cloud-cert.pem", now=None, **changes):
    params = dict(
        {
            "client_key": str(pairs / key), "client_cert": str(pairs / cert), "client_key_content": None, "client_cert_content": None,
            "own_cert": str(pairs / own) if own else None, "user": None,
        }, **changes
    )  # fmt: skip
    return _client_keys.look(params, now)


@pytest.mark.wall_clock
def test_a_good_pair(pairs):
    found = look(pairs, user=USER)
    assert found["match"] is True
    assert found["own"]["same"] is True
    assert found["key"] == {
        "path": str(pairs / "one/cloud-pk.pem"), "given": False, "error": None, "encrypted": False, "rsa": True, "sha1_error": None,
        "unreadable": None, "others_can_read": False,
    }  # fmt: skip
    assert found["certificate"]["days_left"] in (3649, 3650)
    assert found["certificate"]["expired"] is found["certificate"]["early"] is False
    shown = openssl("x509", "-in", str(pairs / "one/cloud-cert.pem"), "-noout", "-fingerprint", "-sha256")
    assert found["certificate"]["fingerprint"] == shown.strip().partition("=")[2].replace(":", "").lower()
    assert found["deployed"] is found["user_error"] is None


def test_a_key_in_the_old_form_and_text_around_it(pairs, tmp_path):
    assert look(pairs, key="traditional.pem")["match"] is True
    talk = tmp_path / "talk.pem"
    talk.write_text(
        "Bag Attributes\n" + (pairs / "one/cloud-cert.pem").read_text() + (pairs / "two/cloud-cert.pem").read_text()
    )
    assert look(pairs, cert=talk)["own"]["same"] is True


def test_pieces_of_different_pairs(pairs):
    found = look(pairs, cert="two/cloud-cert.pem")
    assert found["match"] is False
    assert found["own"]["same"] is False


@pytest.mark.wall_clock
@pytest.mark.parametrize(
    ("days", "left", "expired", "early"),
    [(0, 9, False, False), (10, -1, True, False), (12, -3, True, False), (-1, 10, False, True)],
)
def test_time(pairs, days, left, expired, early):
    begins = _client_keys.ssl.cert_time_to_seconds(
        openssl("x509", "-in", str(pairs / "two/cloud-cert.pem"), "-noout", "-startdate").strip().partition("=")[2]
    )
    certificate = look(pairs, "two/cloud-pk.pem", "two/cloud-cert.pem", now=begins + days * 86400 + 60)["certificate"]
    assert (certificate["days_left"], certificate["expired"], certificate["early"]) == (left, expired, early)


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("encrypted.pem", "is encrypted with a passphrase"),
        ("garbage.pem", "is not a private key that openssl can read"),
        ("empty.pem", "holds no PEM private key"),
        ("one/cloud-cert.pem", "holds no PEM private key"),
        ("missing.pem", "does not exist"),
        ("empty.pem/missing.pem", "does not exist"),
        (".", "must be a regular file (got a directory)"),
    ],
)
def test_keys_that_are_none(pairs, key, words):
    found = look(pairs, key=key)
    assert words in found["key"]["error"]
    assert found["match"] is None


@pytest.mark.parametrize(
    ("cert", "words"),
    [
        ("garbage-cert.pem", "is not a certificate that openssl can read"),
        ("one/cloud-pk.pem", "holds no PEM certificate"),
        ("missing.pem", "does not exist"),
    ],
)
def test_certificates_that_are_none(pairs, cert, words):
    found = look(pairs, cert=cert)
    assert words in found["certificate"]["error"]
    assert found["certificate"]["days_left"] is found["match"] is found["own"]["same"] is None


def test_the_controllers_own_copy(pairs):
    assert look(pairs, own="missing.pem")["own"]["error"] == "does not exist"
    assert look(pairs, own="empty.pem")["own"]["error"] == "holds no PEM certificate"
    assert look(pairs, own=None)["own"] == {"path": None, "error": None, "fingerprint": None, "same": None}


def test_a_key_that_controllers_do_not_know(pairs):
    found = look(pairs, "ec.pem", "ec-cert.pem")
    assert found["key"]["rsa"] is False
    assert found["match"] is True


def test_a_host_that_makes_no_sha1_signatures(pairs, tmp_path, monkeypatch):
    wrapper = tmp_path / "openssl"
    wrapper.write_text(
        '#!/bin/sh\ncase "$*" in dgst*) echo "Error setting digest" >&2; exit 1;; esac\nexec {} "$@"\n'.format(shutil.which("openssl"))
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", "{}:{}".format(tmp_path, os.environ["PATH"]))
    found = look(pairs)
    assert found["openssl"] == str(wrapper)
    assert found["key"]["sha1_error"] == "Error setting digest"
    assert found["match"] is True


def test_a_host_without_openssl(pairs, monkeypatch):
    monkeypatch.setattr(_client_keys, "find_openssl", lambda: None)
    found = look(pairs)
    assert found["openssl"] is found["match"] is None
    assert found["key"]["error"] is None


def test_where_openssl_is_looked_for(tmp_path):
    assert _client_keys.find_openssl("{}:".format(tmp_path)) is None
    (tmp_path / "openssl").write_text("")
    assert _client_keys.find_openssl(str(tmp_path)) is None, "not executable"
    (tmp_path / "openssl").chmod(0o755)
    assert _client_keys.find_openssl(str(tmp_path)) == str(tmp_path / "openssl")


def test_a_key_that_everybody_can_read(pairs, tmp_path):
    shutil.copy(pairs / "one/cloud-pk.pem", tmp_path / "pk.pem")
    (tmp_path / "pk.pem").chmod(0o644)
    assert look(pairs, key=tmp_path / "pk.pem")["key"]["others_can_read"] is True


@NEEDS_ROOT
def test_files_that_the_user_cannot_reach(pairs, tmp_path):
    shutil.copytree(pairs / "one", tmp_path / "keys")
    (tmp_path / "keys/cloud-cert.pem").chmod(0o644)
    found = look(pairs, tmp_path / "keys/cloud-pk.pem", tmp_path / "keys/cloud-cert.pem", user="nobody")
    assert found["key"]["unreadable"] == "Permission denied"
    # pytest's directories are root's alone, and a readable file in such a directory is not readable.
    assert found["certificate"]["unreadable"] == "Permission denied"
    assert look(pairs, user="no-such-user")["user_error"] == "there is no user 'no-such-user' on this host"


def content(pairs, name="one"):
    return {
        "client_key_content": (pairs / name / "cloud-pk.pem").read_text(),
        "client_cert_content": (pairs / name / "cloud-cert.pem").read_text(),
    }


def test_given_content_is_judged_before_it_is_anywhere(pairs, tmp_path):
    found = look(pairs, tmp_path / "key.pem", tmp_path / "cert.pem", user=USER, **content(pairs))
    assert found["match"] is found["key"]["given"] is found["certificate"]["given"] is True
    assert found["deployed"] is False
    assert found["key"]["unreadable"] is found["key"]["others_can_read"] is None
    assert list(tmp_path.iterdir()) == []
    mixed = content(pairs)
    mixed.update(client_cert_content=content(pairs, "two")["client_cert_content"])
    assert look(pairs, tmp_path / "key.pem", tmp_path / "cert.pem", **mixed)["match"] is False


def test_given_content_that_is_there_already(pairs, tmp_path):
    files = {name: tmp_path / "{}.pem".format(name) for name in ("key", "cert")}
    given = content(pairs)
    for name, file in files.items():
        file.write_text(given["client_{}_content".format(name)])
        os.chown(file, -1, pwd.getpwnam(USER).pw_gid)
        file.chmod(0o640)

    def deployed(user=USER, **changes):
        return look(pairs, files["key"], files["cert"], user=user, **dict(given, **changes))["deployed"]

    assert deployed() is True
    # Python 2.7's texts are bytes, and what stands around the PEM blocks need not be ASCII.
    files["key"].write_text("Schl\u00fcssel\n" + given["client_key_content"], encoding="utf-8")
    assert deployed(client_key_content=files["key"].read_bytes(), client_cert_content=files["cert"].read_bytes()) is True
    files["key"].write_text(given["client_key_content"])
    assert deployed(**content(pairs, "two")) is False
    assert deployed(user="no-such-user") is False
    files["key"].chmod(0o600)
    assert deployed() is False


@NEEDS_ROOT
def test_s1_files_that_the_user_owns_are_not_deployed(pairs, tmp_path):
    nobody = pwd.getpwnam("nobody")

    def deployed(uid, gid, mode):
        for name in ("key", "cert"):
            (tmp_path / name).write_text(content(pairs)["client_{}_content".format(name)])
            os.chown(tmp_path / name, uid, gid)
            (tmp_path / name).chmod(mode)
        return look(pairs, tmp_path / "key", tmp_path / "cert", user="nobody", **content(pairs))["deployed"]

    assert deployed(0, nobody.pw_gid, 0o640) is True
    for uid, gid, mode in (
        (nobody.pw_uid, nobody.pw_gid, 0o640),
        (nobody.pw_uid, 0, 0o600),
        (0, 0, 0o640),
        (0, nobody.pw_gid, 0o644),
    ):
        assert deployed(uid, gid, mode) is False


def test_s5_a_fifo_in_place_of_a_key_does_not_hang(pairs, tmp_path):
    os.mkfifo(tmp_path / "key.pem")
    found = look(pairs, key=tmp_path / "key.pem", own=tmp_path / "key.pem")
    assert found["key"]["error"] == "cannot be read: {}/key.pem must be a regular file (got a FIFO)".format(tmp_path)
    assert found["own"]["error"] == found["key"]["error"]


@NEEDS_ROOT
def test_programs_run_as_the_user_with_nothing_of_ours():
    status, output, _complaint = _as_user.run("nobody", ["/bin/sh", "-c", "id -un; id -Gn; env; cat"], b"given")
    assert status == 0
    lines = output.decode().splitlines()
    assert lines[0] == "nobody"
    assert "root" not in lines[1].split()
    assert {line.partition("=")[0] for line in lines[2:-1]} <= {"PATH", "LC_ALL", "PWD", "_", "SHLVL", "OLDPWD"}
    assert lines[-1] == "given"


def test_programs_that_cannot_be_started_or_hang():
    assert _as_user.run(USER, ["/no/such/program"])[0] == 127
    assert _as_user.run(USER, ["/bin/sleep", "60"], time_limit=0.1)[0] == -9
