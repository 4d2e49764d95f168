# SPDX-License-Identifier: GPL-3.0-or-later
"""What stops cc_service_info before a Cluster Controller has answered anything. It is not for the check, whose options differ."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from unittest import mock

import xmlsec
from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_http, _wsse


@contextlib.contextmanager
def sha1_forbidden() -> Iterator[None]:
    """As with OpenSSL on Enterprise Linux 9: everything works but signatures with SHA-1."""

    class Context(xmlsec.SignatureContext):
        def sign(self, node):
            raise xmlsec.Error("failed to sign")

        def sign_binary(self, data, transform, *more):
            if transform == xmlsec.Transform.RSA_SHA1:
                raise xmlsec.Error("failed to sign")
            return super().sign_binary(data, transform, *more)

    with mock.patch.object(_wsse.xmlsec, "SignatureContext", Context):
        yield


@contextlib.contextmanager
def look_up(found: object) -> Iterator[None]:
    """Names are looked up to ``found``: an exception, seconds to wait, or a list; addresses as ever."""
    real = socket.getaddrinfo

    def getaddrinfo(host, port, family=0, type=0, proto=0, flags=0):  # noqa: PLR0917 (as the real one)
        if flags & socket.AI_NUMERICHOST or isinstance(found, list):
            return found if isinstance(found, list) else real(host, port, family, type, proto, flags)
        if isinstance(found, Exception):
            raise found
        time.sleep(found)
        return real("127.0.0.1", port, family, type, proto, flags)

    with mock.patch.object(_cc_http.socket, "getaddrinfo", getaddrinfo):
        yield


def _file(name: str, content: bytes) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        path = folder / name
        path.write_bytes(content)
        return str(path)

    return make


def _openssl(name: str, *arguments: str) -> Callable[[Path], str]:
    def make(folder: Path) -> str:
        subprocess.run(["openssl", *arguments, "-out", str(folder / name)], check=True, capture_output=True)
        return str(folder / name)

    return make


def _of_cluster(name: str) -> Callable[[Path], str]:
    return lambda folder: str(folder.parent / "keys" / name)


@dataclass(frozen=True)
class LocalCase:
    """``change``: parameters, each a value or a function of a scratch folder. ``around``: a context manager to run it in."""

    name: str
    reason: str
    change: dict[str, object] = field(default_factory=dict)
    around: Callable[[], contextlib.AbstractContextManager] = contextlib.nullcontext
    refusal: str | None = None

    def parameters(self, folder: Path) -> dict[str, object]:
        """The parameters to change; ``folder`` is for files, beside it stands the directory of keys."""
        return {name: value(folder) if callable(value) else value for name, value in self.change.items()}


_REFUSED = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", 1))]

LOCAL_CASES = [
    LocalCase("no client_key", "options", {"client_key": ""}, refusal="a secret is not given"),
    LocalCase("no client_cert", "options", {"client_cert": "  "}),
    LocalCase("no cc_cert", "options", {"cc_cert": None}, refusal="nothing to verify the answer with"),
    LocalCase("path and content", "options", {"client_key_content": "x"}, refusal="a path and a text are given"),
    LocalCase("a URL as host", "options", {"host": "http://cc1:8774/"}, refusal="host is no host"),
    LocalCase("host with a line feed", "options", {"host": "cc1\r\nX-A: b"}),
    LocalCase("host beyond ASCII", "options", {"host": "k\u00f6ln"}),
    LocalCase("port 0", "options", {"port": 0}, refusal="port out of range"),
    LocalCase("timeout 0", "options", {"timeout": 0.0}, refusal="timeout out of range"),
    LocalCase("timeout not a number", "options", {"timeout": float("nan")}),
    LocalCase("user_id beyond ASCII", "options", {"user_id": "\u00e4dmin"}, refusal="text that breaks the CC's signature check"),
    LocalCase("user_id with a tab", "options", {"user_id": "ad\tmin"}),
    LocalCase("no such file", "file_unreadable", {"client_key": "/nonexistent/cloud-pk.pem"}, refusal="a file is not there"),
    LocalCase("a directory", "file_unreadable", {"client_key": "/etc"}, refusal="a directory, pipe or device instead of a file"),
    LocalCase("a device that never ends", "file_unreadable", {"cc_cert": "/dev/zero"}),
    LocalCase("a file of 1 MB", "file_unreadable", {"cc_cert": _file("long.pem", b"x" * 1000000)}, refusal="a file that is too long"),
    LocalCase("no key in the file", "key_invalid", {"client_key": _of_cluster("cloud-cert.pem")}, refusal="a file without a key"),
    LocalCase("damaged key", "key_invalid",
              {"client_key": None, "client_key_content": "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"},
              refusal="a damaged key"),
    LocalCase("key with a passphrase", "key_invalid",
              {"client_key": _openssl("locked.pem", "genpkey", "-algorithm", "RSA", "-aes256", "-pass", "pass:x")},
              refusal="a key with a passphrase"),
    LocalCase("key of another kind", "key_invalid",
              {"client_key": _openssl("ec.pem", "genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256")},
              refusal="a key of another kind than RSA"),
    LocalCase("key of another certificate", "key_mismatch", {"client_key": _of_cluster("cluster-pk.pem")},
              refusal="key and certificate do not match"),
    LocalCase("key in place of a certificate", "cert_invalid", {"cc_cert": _of_cluster("cloud-pk.pem")},
              refusal="a file without a certificate"),
    LocalCase("damaged certificate", "cert_invalid",
              {"cc_cert": None, "cc_cert_content": "-----BEGIN CERTIFICATE-----\nMAMCAQE=\n-----END CERTIFICATE-----\n"},
              refusal="a damaged certificate"),
    LocalCase("SHA-1 forbidden", "sha1_forbidden", {}, sha1_forbidden, refusal="this host forbids SHA-1"),
    LocalCase("connection refused", "refused", {"host": "cc1"}, lambda: look_up(_REFUSED), refusal="nobody listens"),
    LocalCase("unknown name", "unresolvable", {"host": "cc1"}, lambda: look_up(socket.gaierror(-2, "Name or service not known")),
              refusal="the name cannot be resolved"),
    LocalCase("name server that hangs", "timeout", {"host": "cc1", "timeout": 0.3}, lambda: look_up(60.0), refusal="name server that "
              "hangs"),
    LocalCase("no route", "unreachable", {"host": "cc1"},
              lambda: look_up([(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("255.255.255.255", 1))]), refusal="no way there"),
]
assert len({case.name for case in LOCAL_CASES}) == len(LOCAL_CASES)
