# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The key and the certificate that sign requests to a cluster controller: do they work, and for how long? Private to the collection.

Everything is done by the C(openssl) command, which the check on the hosts needs as well. Keys go to it by its standard
input, so that given content is not written anywhere.

Which files: cloud-pk.pem and cloud-cert.pem in $EUCALYPTUS/var/lib/eucalyptus/keys (Eucalyptus 3.1 to 5.1, util/euca_axis.c:
the cluster controller compares the certificate of a request with its own copy of cloud-cert.pem).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import hashlib
import os
import re
import ssl
import subprocess
import threading
import time

from ansible_collections.eucalyptus.ha.plugins.module_utils import _as_user, _safe_files

SIZE_LIMIT = 1 << 16  # bytes of a key or certificate file
TIME_LIMIT = 10.0  # seconds for one openssl
SEARCH_PATH = "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin"

_CERTIFICATE = re.compile("-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.S)
_PRIVATE_KEY = re.compile("-----BEGIN ((?:RSA |EC |DSA |ENCRYPTED )?PRIVATE KEY)-----.+?-----END \\1-----", re.S)
_PUBLIC_KEY = re.compile(b"-----BEGIN PUBLIC KEY-----(.+?)-----END PUBLIC KEY-----", re.S)
_RSA_OID = b"\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01"  # rsaEncryption, RFC 8017, appendix C


def find_openssl(path=None):
    """The openssl command, or None. The search path is that of keepalived's scripts, not of this login."""
    for folder in (path or os.environ.get("PATH", "") + ":" + SEARCH_PATH).split(":"):
        candidate = os.path.join(folder, "openssl")
        if folder and os.path.isfile(candidate) and os.access(candidate, os.X_OK):
            return candidate
    return None


def _openssl(program, arguments, data):
    """-> (exit status, standard output, the first line of standard error)."""
    child = subprocess.Popen(
        [program] + arguments,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        close_fds=True,
    )
    timer = threading.Timer(TIME_LIMIT, child.kill)
    timer.start()
    try:
        output, complaint = child.communicate(data.encode("utf-8"))
    finally:
        timer.cancel()
    return child.returncode, output, complaint.decode("utf-8", "replace").strip()


def _read(path):
    """(text or None, why not or None, mode or None) of a file."""
    try:
        found = _safe_files.read(path, SIZE_LIMIT)
    except _safe_files.FileError as e:
        return None, "cannot be read: %s" % e.strerror, None
    if found is None:
        return None, "does not exist", None
    return found.content.decode("utf-8", "replace"), None, found.mode


def _text(content):
    """What was given, as text: on Python 2.7 the options are bytes, and only the PEM blocks in them are sure to be ASCII."""
    return content.decode("utf-8", "replace") if isinstance(content, bytes) else content


def _public(data):
    """The DER of the public key in openssl's output, or None."""
    found = _PUBLIC_KEY.search(data)
    return base64.b64decode(b"".join(found.group(1).split())) if found else None


def fingerprint(text):
    """SHA-256 of the first certificate of a PEM text, in hexadecimal, or None."""
    found = _CERTIFICATE.search(text or "")
    if not found:
        return None
    try:
        return hashlib.sha256(ssl.PEM_cert_to_DER_cert(str(found.group()))).hexdigest()
    except ValueError:  # binascii's errors are ValueErrors
        return None


def _dates(output):
    dates = dict(re.findall(r"^(notBefore|notAfter)=(.*?)\s*$", output.decode("ascii", "replace"), re.M))
    return tuple(ssl.cert_time_to_seconds(dates[name]) for name in ("notBefore", "notAfter"))


def iso8601(epoch):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(epoch))


def look_at_certificate(program, text, now):
    """One certificate in PEM -> dict: error, fingerprint, not_before, not_after, days_left, expired, early; and its public key."""
    found = {
        "error": None,
        "fingerprint": None,
        "not_before": None,
        "not_after": None,
        "days_left": None,
        "expired": None,
        "early": None,
    }
    block = _CERTIFICATE.search(text)
    if not block:
        found["error"] = "holds no PEM certificate"
        return found, None
    arguments = ["x509", "-noout", "-startdate", "-enddate", "-pubkey"]
    status, output, complaint = _openssl(program, arguments, block.group() + "\n")
    if status:
        found["error"] = "is not a certificate that openssl can read (%s)" % complaint.partition("\n")[0]
        return found, None
    begins, ends = _dates(output)
    found["fingerprint"] = fingerprint(block.group())
    found["not_before"], found["not_after"] = iso8601(begins), iso8601(ends)
    found["days_left"] = int((ends - now) // 86400)
    found["expired"], found["early"] = now >= ends, now < begins
    return found, _public(output)


def look_at_key(program, text):
    """One private key in PEM -> dict: error, encrypted, rsa, sha1_error; and its public key.

    sha1_error is why openssl makes no SHA-1 signature, the only kind that a cluster controller accepts (cc-protocol,
    Basic256Rsa15): crypto policies, as that of EL 9, forbid them.
    """
    found = {"error": None, "encrypted": False, "rsa": None, "sha1_error": None}
    block = _PRIVATE_KEY.search(text)
    if not block:
        found["error"] = "holds no PEM private key"
        return found, None
    pem = block.group() + "\n"
    if "ENCRYPTED" in pem:
        found["encrypted"] = True
        found["error"] = "is encrypted with a passphrase"
        return found, None
    status, output, complaint = _openssl(program, ["pkey", "-pubout", "-passin", "pass:"], pem)
    public = _public(output)
    if status or public is None:
        found["error"] = "is not a private key that openssl can read (%s)" % complaint.partition("\n")[0]
        return found, None
    found["rsa"] = _RSA_OID in public
    if found["rsa"]:
        arguments = ["dgst", "-sha1", "-sign", "/dev/stdin", "-passin", "pass:", "/dev/null"]
        status, output, complaint = _openssl(program, arguments, pem)
        if status or not output:
            found["sha1_error"] = complaint.partition("\n")[0] or "exit status %d" % status
    return found, public


def _same_file(path, text, user):
    """Whether a deployed file is what it should be: that content, root's, and nobody's but the user's group to read."""
    try:
        found = _safe_files.read(path, SIZE_LIMIT)
        if found is None or not user:
            return False
        group = _as_user.account(user).pw_gid
    except (_safe_files.FileError, _as_user.UserError):
        return False
    return (found.content, found.uid, found.gid, found.mode) == (text.encode("utf-8"), os.geteuid(), group, 0o640)


def look(params, now=None):
    """Check a pair -> dict.

    params: client_key and client_cert, paths; client_key_content and client_cert_content, PEM texts that are, or are going
    to be, at these paths (None or empty: the files as they are); own_cert, the path of the cluster controller's own copy, or
    None; user, who has to be able to read the files, or None.
    """
    now = time.time() if now is None else now
    program = find_openssl()
    texts, modes, problems = {}, {}, {}
    given = bool(params.get("client_key_content"))
    for name in ("client_key", "client_cert"):
        if given:
            texts[name], problems[name], modes[name] = _text(params.get(name + "_content") or ""), None, None
        else:
            texts[name], problems[name], modes[name] = _read(params[name])
    own_path = params.get("own_cert")
    own_text, own_problem, _mode = _read(own_path) if own_path else (None, None, None)

    key = {"error": problems["client_key"], "encrypted": None, "rsa": None, "sha1_error": None}
    certificate = {"error": problems["client_cert"], "fingerprint": None, "not_before": None, "not_after": None}
    certificate.update({"days_left": None, "expired": None, "early": None})
    key_public = certificate_public = None
    if program and texts["client_key"] is not None:
        key, key_public = look_at_key(program, texts["client_key"])
    if program and texts["client_cert"] is not None:
        certificate, certificate_public = look_at_certificate(program, texts["client_cert"], now)
    key.update(
        {
            "path": params["client_key"],
            "given": given,
            "others_can_read": None if modes["client_key"] is None else bool(modes["client_key"] & 0o007),
        }
    )
    certificate.update({"path": params["client_cert"], "given": given})

    own_print = fingerprint(own_text)
    if own_text is not None and own_print is None:
        own_problem = "holds no PEM certificate"
    unreadable, user_error = {}, None
    if params.get("user") and not given:
        paths = [params[name] for name in ("client_key", "client_cert") if texts[name] is not None]
        try:
            unreadable = _as_user.unreadable(params["user"], paths)
        except _as_user.UserError as e:
            user_error = str(e)
    key["unreadable"] = unreadable.get(params["client_key"])
    certificate["unreadable"] = unreadable.get(params["client_cert"])
    deployed = None
    if given:
        deployed = all(_same_file(params[name], texts[name], params.get("user")) for name in texts)
    return {
        "openssl": program,
        "key": key,
        "certificate": certificate,
        "match": None if None in (key_public, certificate_public) else key_public == certificate_public,
        "own": {
            "path": own_path,
            "error": own_problem,
            "fingerprint": own_print,
            "same": None
            if None in (own_print, certificate["fingerprint"])
            else own_print == certificate["fingerprint"],
        },
        "user_error": user_error,
        "deployed": deployed,
    }


def days_left(path, now):
    """The certificate of a file -> dict of path, days_left (whole days, negative when it has expired) and error."""
    text, error, _mode = _read(path)
    program = find_openssl()
    found = {"path": path, "days_left": None, "error": error or ("openssl not found" if program is None else None)}
    if found["error"] is None:
        certificate, _public = look_at_certificate(program, text, now)
        found["days_left"], found["error"] = certificate["days_left"], certificate["error"]
    return found
