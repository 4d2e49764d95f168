# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The signed request: DescribeServices with WS-Security, as the CC's policy demands it."""

# ruff: noqa: B904, B905, PLC0415  (Python 2 has no `raise from` and no `strict`; imports inside of functions: see common.py)

from __future__ import absolute_import, division, print_function

import posix
import time

from .common import Trouble, read_file

__metaclass__ = type

ACTION = "EucalyptusCC#DescribeServices"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
CC = "http://eucalyptus.ucsb.edu/"
WSA = "http://www.w3.org/2005/08/addressing"
DS = "http://www.w3.org/2000/09/xmldsig#"
EXC_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
WSS = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-"
WSSE = WSS + "wssecurity-secext-1.0.xsd"
WSU = WSS + "wssecurity-utility-1.0.xsd"
X509 = WSS + "x509-token-profile-1.0#X509v3"
BASE64 = WSS + "soap-message-security-1.0#Base64Binary"


def body(message_id, soap=' xmlns:soapenv="' + SOAP + '"'):
    """The Body, canonical unless `soap` is empty, as it is inside of the Envelope."""
    return (
        '<soapenv:Body%s xmlns:wsu="%s" wsu:Id="id-body">'
        '<n:DescribeServices xmlns:n="%s"><n:correlationId>%s</n:correlationId><n:userId>admin</n:userId>'
        "<n:epoch>0</n:epoch></n:DescribeServices></soapenv:Body>"
        % (soap, WSU, CC, message_id[9:])
    )


def timestamp(seconds):
    """A wsu:Timestamp from `seconds` (since the epoch) on, valid as long as the cloud controller's own, 300 s."""
    created, expires = (
        "%s.%03dZ" % (time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(moment)), int(seconds * 1000) % 1000)
        for moment in (seconds, seconds + 300)
    )
    return (
        '<wsu:Timestamp xmlns:wsu="%s" wsu:Id="id-timestamp"><wsu:Created>%s</wsu:Created>'
        "<wsu:Expires>%s</wsu:Expires></wsu:Timestamp>" % (WSU, created, expires)
    )


def addressing(url, message_id):
    """The headers To, Action and MessageID; the same text in the document and in canonical form."""
    return [
        '<wsa:%s xmlns:wsa="%s" xmlns:wsu="%s" wsu:Id="id-%s">%s</wsa:%s>' % (name, WSA, WSU, name.lower(), value, name)
        for name, value in (("To", url), ("Action", ACTION), ("MessageID", message_id))
    ]


def signed_info(parts, namespace=' xmlns:ds="' + DS + '"'):
    """ds:SignedInfo over `parts` (id and canonical text); canonical unless `namespace` is empty."""
    from binascii import b2a_base64

    try:  # the bare C module: hashlib loads libcrypto, which takes 2 ms
        from _sha1 import sha1
    except ImportError:
        from hashlib import sha1
    # SHA-1 throughout: the CC's policy (Basic256Rsa15) accepts nothing else.
    references = [
        '<ds:Reference URI="#id-%s"><ds:Transforms><ds:Transform Algorithm="%s"></ds:Transform></ds:Transforms>'
        '<ds:DigestMethod Algorithm="%ssha1"></ds:DigestMethod><ds:DigestValue>%s</ds:DigestValue></ds:Reference>'
        % (name, EXC_C14N, DS, b2a_base64(sha1(text.encode("ascii")).digest()).decode("ascii").strip())  # noqa: S324  (see above)
        for name, text in parts
    ]
    return (
        '<ds:SignedInfo%s><ds:CanonicalizationMethod Algorithm="%s"></ds:CanonicalizationMethod>'
        '<ds:SignatureMethod Algorithm="%srsa-sha1"></ds:SignatureMethod>%s</ds:SignedInfo>'
        % (namespace, EXC_C14N, DS, "".join(references))
    )


def signed_request(url, message_id, seconds, sign, certificate):
    """The request with the five parts signed that the CC's policy demands, and no others.

    `sign` starts the signature over some bytes and returns a function that waits for it; `certificate` is called
    in between and returns the certificate in Base64.
    """
    headers = addressing(url, message_id)
    stamp = timestamp(seconds)
    parts = list(zip(("to", "action", "messageid"), headers))
    parts += [("timestamp", stamp), ("body", body(message_id))]
    signature = sign(signed_info(parts).encode("ascii"))
    token = certificate()
    from binascii import b2a_base64

    return (
        '<soapenv:Envelope xmlns:soapenv="%s"><soapenv:Header>%s<wsse:Security xmlns:wsse="%s" soapenv:mustUnderstand="1">'
        '<wsse:BinarySecurityToken xmlns:wsu="%s" EncodingType="%s" ValueType="%s" wsu:Id="id-token">%s'
        "</wsse:BinarySecurityToken>%s"
        '<ds:Signature xmlns:ds="%s">%s<ds:SignatureValue>%s</ds:SignatureValue>'
        '<ds:KeyInfo><wsse:SecurityTokenReference><wsse:Reference URI="#id-token" ValueType="%s"></wsse:Reference>'
        "</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature></wsse:Security></soapenv:Header>%s</soapenv:Envelope>"
        % (SOAP, "".join(headers), WSSE, WSU, BASE64, X509, token, stamp, DS, signed_info(parts, ""),
           b2a_base64(signature()).decode("ascii").strip(), X509, body(message_id, ""))
    )


def certificate_of(path):
    """The first certificate of a PEM file, as the Base64 text that it is."""
    pem = read_file(path, "--cert").decode("latin-1")
    text = "".join(pem.partition("-----BEGIN CERTIFICATE-----")[2].partition("-----END CERTIFICATE-----")[0].split())
    if not text or text.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="):
        raise Trouble("--cert %s holds no PEM certificate" % path)
    return text


class Openssl:
    """`openssl dgst -sha1 -sign` in a child: started at once, waited for later."""

    pid = 0

    def __init__(self, key):
        self.key = key

    def start(self, data):
        read_file(self.key, "--key", 1)
        # dgst, and not pkeyutl with a hand-made DigestInfo: that costs as much, and would bypass the
        # system's crypto policy where that forbids SHA-1 signatures.
        arguments = ["openssl", "dgst", "-sha1", "-sign", self.key, "-passin", "pass:"]
        (inner_in, outer_in), (outer_out, inner_out), (outer_err, inner_err) = posix.pipe(), posix.pipe(), posix.pipe()
        inner = inner_in, inner_out, inner_err
        self.outputs = outer_out, outer_err
        program = find_program("openssl")
        posix.write(outer_in, data)  # less than a pipe holds
        posix.close(outer_in)
        if hasattr(posix, "posix_spawn"):
            moves = [(posix.POSIX_SPAWN_DUP2, handle, number) for number, handle in enumerate(inner)]
            try:
                self.pid = posix.posix_spawn(program, arguments, posix.environ, file_actions=moves)
            except EnvironmentError as error:
                raise Trouble("cannot start %s: %s" % (program, error.strerror))
        else:
            self.pid = posix.fork()
            if not self.pid:
                try:
                    for number, handle in enumerate(inner):
                        posix.dup2(handle, number)
                    for handle in inner + self.outputs:
                        if handle > 2:
                            posix.close(handle)
                    posix.execv(program, arguments)
                finally:
                    posix._exit(127)
        for handle in inner:
            posix.close(handle)
        return self.finish

    def finish(self):
        signature, complaint = (read_all(handle) for handle in self.outputs)
        status = posix.waitpid(self.pid, 0)[1]
        self.pid = 0
        if status or not signature:
            raise Trouble(self.explain(complaint.decode("latin-1")))
        return signature

    def explain(self, complaint):
        first = complaint.strip().splitlines()[:1]
        if "invalid digest" in complaint or "digest not allowed" in complaint or "generic_fetch" in complaint:
            return (
                "openssl may not make SHA-1 signatures here, and the CC accepts no others: "
                "allow them (EL9: update-crypto-policies --set DEFAULT:SHA1) or use --source state_file"
            )
        return "openssl cannot sign with --key %s: %s" % (self.key, first[0] if first else "no message")

    def stop(self):
        if self.pid:
            try:
                posix.kill(self.pid, 9)
                posix.waitpid(self.pid, posix.WNOHANG)
            except EnvironmentError:
                pass


def read_all(handle):
    pieces = []
    while True:
        piece = posix.read(handle, 65536)
        if not piece:
            posix.close(handle)
            return b"".join(pieces)
        pieces.append(piece)


def find_program(name):
    path = posix.environ.get(b"PATH", b"").decode("latin-1") + ":/usr/bin:/bin"
    for folder in path.split(":"):
        candidate = folder + "/" + name
        if folder[:1] == "/" and posix.access(candidate, posix.X_OK):
            return candidate
    raise Trouble("%s not found; install it" % name)
