# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Security as the CC does it: what it accepts in a request, and how it signs an answer.

Requests pass two gates, in this order, as on the real server: Rampart/C walks the children of wsse:Security in
document order (Timestamp, signature), then Eucalyptus' own code (util/euca_axis.c) compares the certificate and looks
at which parts the signature covers. Order and texts are those of Rampart/C 1.3.0 (rampart_sec_header_processor.c,
rampart_timestamp_token.c, rampart_policy_validator.c).
"""

from __future__ import annotations

import base64
import hashlib
import re
import uuid
from collections.abc import Iterable
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import xmlsec
from lxml import etree

from . import faults, keys
from .names import (
    BASE64_BINARY,
    DS,
    EXCLUSIVE_C14N,
    RSA_SHA1,
    SHA1,
    SOAP,
    WSA,
    WSSE,
    WSU,
    X509_V3,
    SimulatorError,
)

CLOCK_SKEW = timedelta(seconds=20)
LIFETIME = timedelta(seconds=300)

BODY = f"{{{SOAP}}}Body"
TIMESTAMP = f"{{{WSU}}}Timestamp"
REQUEST_PARTS = (BODY, TIMESTAMP, f"{{{WSA}}}To", f"{{{WSA}}}Action", f"{{{WSA}}}MessageID")
# In the order of the References in a recorded answer.
ANSWER_PARTS = (
    f"{{{WSA}}}Action",
    f"{{{WSA}}}From",
    f"{{{WSA}}}MessageID",
    f"{{{WSA}}}RelatesTo",
    BODY,
    TIMESTAMP,
)
_ID = f"{{{WSU}}}Id"
_SIGNATURE_METHODS = {
    RSA_SHA1: xmlsec.Transform.RSA_SHA1,
    "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256": xmlsec.Transform.RSA_SHA256,
}
_DIGESTS = {SHA1: hashlib.sha1, "http://www.w3.org/2001/04/xmlenc#sha256": hashlib.sha256}
_NO_SHA1 = (
    "this host's xmlsec or OpenSSL refuses RSA-SHA1 signatures, which a Cluster Controller needs; "
    "on EL9 allow them with 'update-crypto-policies --set DEFAULT:SHA1'"
)


# --- keys ---------------------------------------------------------------------------------------------------------


def load_key(path: str | Path) -> xmlsec.Key:
    """Load a PEM private key; SimulatorError names the file when that fails."""
    return _load(path, xmlsec.KeyFormat.PEM, "private key")


def load_certificate(path: str | Path) -> bytes:
    """Load a PEM certificate and return its DER bytes; SimulatorError names the file when that fails."""
    try:
        return keys.certificate_der(Path(path).read_bytes())
    except (OSError, SimulatorError) as error:
        raise SimulatorError(f"cannot load the certificate {path}: {error}") from error


def _load(path: str | Path, form: Any, what: str) -> xmlsec.Key:
    try:
        return xmlsec.Key.from_memory(Path(path).read_bytes(), form)
    except (OSError, xmlsec.Error, TypeError, ValueError) as error:
        raise SimulatorError(f"cannot load the {what} {path}: {error}") from error


def require_sha1(key: xmlsec.Key) -> None:
    """Sign a few bytes with RSA-SHA1; SimulatorError says what to do where the host's policy forbids it."""
    try:
        _sign_bytes(b"probe", key, RSA_SHA1)
    except xmlsec.Error as error:
        raise SimulatorError(f"{_NO_SHA1} ({error})") from error


# --- accepting a request ------------------------------------------------------------------------------------------


def verify_request(
    envelope: etree._Element, trusted: bytes, now: datetime, strict: frozenset[str] = frozenset()
) -> None:
    """Return quietly when the CC would accept ``envelope``; raise faults.Refused with its fault otherwise.

    ``trusted`` is the DER of cloud-cert.pem, ``now`` an aware datetime, ``strict`` some of names.STRICT.
    """
    authenticate(envelope, verify_signature(envelope, now, strict), trusted)


def verify_signature(
    envelope: etree._Element, now: datetime, strict: frozenset[str] = frozenset()
) -> tuple[etree._Element | None, bytes]:
    """What Rampart/C 1.3.0 checks. Return the signature, if there is one, and the certificate that it names."""
    security = _security_header(envelope)
    if security is None:
        raise faults.handler_failed("no wsse:Security header")
    if security.text:
        raise faults.handler_failed("text between the elements of wsse:Security")
    signature, token, stamped = None, b"", False
    for child in security:
        name = etree.QName(child).localname if isinstance(child.tag, str) else None
        if name == "Timestamp":
            stamped = _check_timestamp(child, now, strict)
        elif name == "Signature":
            if signature is not None:
                raise faults.bad_signature("a second signature")
            signature, token = child, _check_signature(child, security, envelope, strict)
        elif name not in ("BinarySecurityToken", "SecurityTokenReference"):
            raise faults.handler_failed(f"{name or 'a comment'} in wsse:Security")
        if child.tail:
            raise faults.handler_failed("text between the elements of wsse:Security")
    if not stamped:
        raise faults.no_timestamp("no wsu:Timestamp, or one without Expires")
    return signature, token


def authenticate(envelope: etree._Element, found: tuple[etree._Element | None, bytes] | None, trusted: bytes) -> None:
    """What Eucalyptus' own code checks, of what verify_signature() has ``found``; None where Rampart/C is not engaged."""
    if _security_header(envelope) is None:
        raise faults.not_authenticated("no wsse:Security header")
    if found is None:
        raise faults.not_authenticated("Rampart/C has processed nothing")
    signature, token = found
    if signature is None:
        raise faults.not_authenticated("no ds:Signature")
    if token != trusted:
        raise faults.not_authenticated("the certificate is not cloud-cert.pem")
    _check_signed_parts(signature, envelope)


def _security_header(envelope: etree._Element) -> etree._Element | None:
    header = envelope.find(f"{{{SOAP}}}Header")
    return None if header is None else header.find(f"{{{WSSE}}}Security")


def _check_timestamp(stamp: etree._Element, now: datetime, strict: frozenset[str]) -> bool:
    """Return whether it has an Expires: rampart_timestamp_token_validate() is content without, the policy is not."""
    if stamp.text or any(child.tail for child in stamp):
        raise faults.bad_timestamp("text between the elements of wsu:Timestamp")
    tags = [child.tag for child in stamp]
    if tags not in ([f"{{{WSU}}}Created"], [f"{{{WSU}}}Created", f"{{{WSU}}}Expires"]):
        raise faults.bad_timestamp("wsu:Timestamp does not hold one Created, then at most one Expires")
    times = [_time(child.text, "zone" in strict) for child in stamp]
    created, expires = times[0], times[-1]
    if created is None or expires is None:
        raise faults.bad_timestamp("a time that cannot be read" + (", or not UTC with Z" if "zone" in strict else ""))
    if created > now + CLOCK_SKEW:
        raise faults.bad_timestamp("Created lies in the future")
    if len(times) == 1:
        return False
    if expires <= created:
        raise faults.bad_timestamp("Expires is not later than Created")
    if "expires" in strict and expires <= now + CLOCK_SKEW:
        raise faults.bad_timestamp("expired, or about to")
    return True


def _time(text: str | None, strict: bool) -> datetime | None:
    """Read a time as axutil_date_time_deserialize_date_time() does: what follows the seconds is not looked at."""
    found = re.match(r"\s*(\d+)-(\d+)-(\d+)T(\d+):(\d+):(\d+)(\.\d*)?", text or "", re.ASCII)
    if not found or (strict and not re.fullmatch(r"\d{4}(-\d\d){2}T\d\d(:\d\d){2}(\.\d{1,6})?Z", text or "", re.ASCII)):
        return None
    year, month, day, hour, minute, second = (int(number) for number in found.groups()[:6])
    try:
        moment = datetime(year, month, day, hour, minute, second, tzinfo=timezone.utc)
    except ValueError:
        return None
    return moment + timedelta(seconds=float("0" + (found[7] or "")))


def _check_signature(
    signature: etree._Element, security: etree._Element, envelope: etree._Element, strict: frozenset[str]
) -> bytes:
    """Verify as Rampart/C does and return the DER of the certificate the request names."""
    info = signature.find(f"{{{DS}}}SignedInfo")
    if info is None:
        raise faults.bad_signature("no ds:SignedInfo", "Sign info node not found.")
    if _algorithm(info, "SignatureMethod") != RSA_SHA1:
        raise faults.bad_signature("not RSA-SHA1", "Signed with Invalid algorithm")
    references = info.findall(f"{{{DS}}}Reference")
    if any(_algorithm(reference, "DigestMethod") != SHA1 for reference in references):
        raise faults.bad_signature("a digest other than SHA-1", "Digest created with Invalid algorithm")
    token = _token(signature, security)
    if _algorithm(info, "CanonicalizationMethod") != EXCLUSIVE_C14N:
        raise faults.bad_signature("SignedInfo not in exclusive canonical form")
    for reference in references:
        _check_reference(reference, envelope, strict)
    try:
        context = xmlsec.SignatureContext()
        context.key = xmlsec.Key.from_memory(keys.certificate_pem(token), xmlsec.KeyFormat.CERT_PEM)
        for part in _identified(envelope):
            context.register_id(part, "Id", WSU)
        context.verify(signature)
    except (xmlsec.Error, ValueError, TypeError) as error:
        raise faults.bad_signature(f"verification: {error}") from error
    return token


def _algorithm(parent: etree._Element, name: str) -> str | None:
    found = parent.find(f"{{{DS}}}{name}")
    return None if found is None else found.get("Algorithm")


def _token(signature: etree._Element, security: etree._Element) -> bytes:
    holder = signature.find(f"{{{DS}}}KeyInfo/{{{WSSE}}}SecurityTokenReference")
    if holder is None:
        raise faults.not_authenticated("no wsse:SecurityTokenReference")
    kinds = [child for child in holder if isinstance(child.tag, str)]
    if not kinds:
        raise faults.handler_failed("an empty wsse:SecurityTokenReference")
    if etree.QName(kinds[0]).localname != "Reference":
        raise faults.token_elsewhere("the certificate is not named by a direct wsse:Reference")
    wanted = (kinds[0].get("URI") or "")[1:]
    for token in security.findall(f"{{{WSSE}}}BinarySecurityToken"):
        if token.get(_ID) == wanted:
            try:
                return base64.b64decode("".join((token.text or "").split()), validate=True)
            except ValueError as error:
                raise faults.bad_signature(f"token: {error}", "Processing Direct Reference Failed .") from error
    raise faults.bad_signature("the token is not in wsse:Security", "Processing Direct Reference Failed .")


def _check_reference(reference: etree._Element, envelope: etree._Element, strict: frozenset[str]) -> None:
    transforms = reference.findall(f"{{{DS}}}Transforms/{{{DS}}}Transform")
    if [transform.get("Algorithm") for transform in transforms] != [EXCLUSIVE_C14N] or len(transforms[0]):
        raise faults.bad_signature("a transform other than plain exclusive canonicalisation")
    part = _referenced(reference, envelope)
    if part is None:
        raise faults.bad_signature(f"nothing has the Id of Reference {reference.get('URI')!r}")
    if "text" in strict:
        _check_text(part)


def _check_text(part: etree._Element) -> None:
    """Reject what an earlier build of oxs, Rampart/C's own canonicaliser, got wrong."""
    for node in part.iter():
        texts = [node.text or "", "" if node is part else node.tail or ""]
        attributes = list(node.attrib.values())
        if not "".join(texts + attributes).isascii():
            raise faults.bad_signature("text beyond ASCII in a signed part")
        if any("\r" in text for text in texts) or any(re.search(r"[\t\r\n]", value) for value in attributes):
            raise faults.bad_signature("a control character in a signed part that the CC cannot canonicalise")


def _referenced(reference: etree._Element, envelope: etree._Element) -> etree._Element | None:
    uri = reference.get("URI") or ""
    found = [part for part in _identified(envelope) if uri == "#" + part.get(_ID)]
    return found[0] if found else None


def _identified(envelope: etree._Element) -> list[etree._Element]:
    return [part for part in envelope.iter(etree.Element) if part.get(_ID) is not None]


def _check_signed_parts(signature: etree._Element, envelope: etree._Element) -> None:
    """Eucalyptus' verify_references(): five parts, known by local name, each where it belongs."""
    missing = {etree.QName(tag).localname for tag in REQUEST_PARTS}
    for reference in signature.iterfind(f"{{{DS}}}SignedInfo/{{{DS}}}Reference"):
        part = _referenced(reference, envelope)
        if part is None:  # found when its digest was compared
            raise faults.not_authenticated("a signed part is not there")
        name = etree.QName(part).localname
        path = [etree.QName(parent).localname for parent in part.iterancestors()]
        if name == "Body" and path != ["Envelope"]:
            raise faults.not_authenticated("the signed Body is not the Envelope's")
        if name in ("Action", "To", "MessageID") and path != ["Header", "Envelope"]:
            raise faults.not_authenticated(f"the signed {name} is not a header")
        missing.discard(name)
    if missing:
        raise faults.not_authenticated(f"not signed: {', '.join(sorted(missing))}")


# --- signing ------------------------------------------------------------------------------------------------------


def sign_answer(
    envelope: bytes | etree._Element, key: xmlsec.Key, certificate: bytes, now: datetime, **choices: Any
) -> bytes:
    """Sign an answer as the CC does. ``choices`` are those of sign(), for building answers that are wrong."""
    choices.setdefault("parts", ANSWER_PARTS)
    choices.setdefault("prefix", "SigID-")
    return sign(envelope, key, certificate, now, **choices)


def sign_request(
    envelope: bytes | etree._Element, key: xmlsec.Key, certificate: bytes, now: datetime, **choices: Any
) -> bytes:
    """Sign a request as the cloud controller does. ``choices`` are those of sign()."""
    choices.setdefault("parts", REQUEST_PARTS)
    return sign(envelope, key, certificate, now, **choices)


def sign(
    envelope: bytes | etree._Element,
    key: xmlsec.Key,
    certificate: bytes,
    now: datetime,
    *,
    parts: Iterable[str] = REQUEST_PARTS,
    created: str | None = None,
    expires: str | None = None,
    stamp: str | None = None,
    key_info: str | None = None,
    signature_method: str = RSA_SHA1,
    digest_method: str = SHA1,
    prefix: str = "id-",
) -> bytes:
    """Add a wsse:Security header to an unsigned envelope and return the bytes.

    The defaults make a good message; the rest is for tests that need a bad one.

    :arg envelope: bytes, or a parsed tree, which is left alone; must have a Header.
    :arg key: the private key that signs. :arg certificate: DER of the certificate sent along, of any key.
    :arg now: aware datetime; Created, and Expires 300 s later.
    :arg parts: tags in Clark notation; those of them that the envelope has are signed.
    :arg created: text of Created instead of ``now``. :arg expires: text of Expires.
    :arg stamp: XML between ``<wsu:Timestamp …>`` and its end, instead of Created and Expires; "" leaves it empty.
    :arg key_info: XML of the child of wsse:SecurityTokenReference, instead of the direct reference.
    :arg signature_method: RSA_SHA1, or rsa-sha256. :arg digest_method: SHA1, or sha256.
    :arg prefix: how wsu:Id values begin.
    """
    source = envelope if isinstance(envelope, bytes) else etree.tostring(envelope)
    root = etree.fromstring(source)
    header = root.find(f"{{{SOAP}}}Header")
    token_id = f"CertID-{uuid.uuid4()}"
    if stamp is None:
        stamp = (
            f"<wsu:Created>{created or utc_text(now)}</wsu:Created>"
            f"<wsu:Expires>{expires or utc_text(now + LIFETIME)}</wsu:Expires>"
        )
    if key_info is None:
        key_info = f'<wsse:Reference URI="#{token_id}" ValueType="{X509_V3}"></wsse:Reference>'
    header.append(
        etree.fromstring(
            f'<wsse:Security xmlns:wsse="{WSSE}" xmlns:soapenv="{SOAP}" soapenv:mustUnderstand="1">'
            f'<wsse:BinarySecurityToken EncodingType="{BASE64_BINARY}" xmlns:wsu="{WSU}" wsu:Id="{token_id}"'
            f' ValueType="{X509_V3}">{base64.b64encode(certificate).decode("ascii")}</wsse:BinarySecurityToken>'
            f'<wsu:Timestamp xmlns:wsu="{WSU}">{stamp}</wsu:Timestamp>'
            "</wsse:Security>"
        )
    )
    signed = []
    for tag in parts:
        for part in list(root.iter(tag)):
            signed.append(_with_id(part, f"{prefix}{uuid.uuid4()}"))
    references = "".join(_reference(part, digest_method) for part in signed)
    signature = etree.fromstring(
        f'<ds:Signature xmlns:ds="{DS}" Id="{prefix}{uuid.uuid4()}"><ds:SignedInfo>'
        f'<ds:CanonicalizationMethod Algorithm="{EXCLUSIVE_C14N}"></ds:CanonicalizationMethod>'
        f'<ds:SignatureMethod Algorithm="{signature_method}"></ds:SignatureMethod>{references}</ds:SignedInfo>'
        f'<ds:SignatureValue></ds:SignatureValue><ds:KeyInfo><wsse:SecurityTokenReference xmlns:wsse="{WSSE}">'
        f"{key_info}</wsse:SecurityTokenReference></ds:KeyInfo></ds:Signature>"
    )
    root.find(f"{{{SOAP}}}Header/{{{WSSE}}}Security").append(signature)
    octets = _sign_bytes(canonical(signature[0]), key, signature_method)
    signature[1].text = base64.b64encode(octets).decode("ascii")
    return bytes(etree.tostring(root))


def utc_text(moment: datetime) -> str:
    """Return an aware datetime in the form of a wsu:Timestamp, with milliseconds."""
    moment = moment.astimezone(timezone.utc)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"


def canonical(node: etree._Element) -> bytes:
    """Return the exclusive canonical form of ``node``, without comments."""
    return bytes(etree.tostring(node, method="c14n", exclusive=True, with_comments=False))


def _with_id(part: etree._Element, identity: str) -> etree._Element:
    """Give ``part`` a wsu:Id with the prefix wsu declared on the element itself, as the recorded messages have it."""
    name = etree.QName(part)
    twin = etree.Element(part.tag, dict(part.attrib), nsmap={part.prefix: name.namespace, "wsu": WSU})
    twin.set(_ID, identity)
    twin.text, twin.tail = part.text, part.tail
    twin.extend(list(part))
    part.getparent().replace(part, twin)
    return twin


def _reference(part: etree._Element, digest_method: str) -> str:
    digest = base64.b64encode(_DIGESTS[digest_method](canonical_part(part)).digest()).decode("ascii")
    return (
        f'<ds:Reference URI="#{part.get(_ID)}"><ds:Transforms><ds:Transform Algorithm="{EXCLUSIVE_C14N}">'
        f'</ds:Transform></ds:Transforms><ds:DigestMethod Algorithm="{digest_method}"></ds:DigestMethod>'
        f"<ds:DigestValue>{digest}</ds:DigestValue></ds:Reference>"
    )


def canonical_part(part: etree._Element) -> bytes:
    """Like canonical(), without the white space that may follow the element."""
    tail, part.tail = part.tail, None
    try:
        return canonical(part)
    finally:
        part.tail = tail


def _sign_bytes(data: bytes, key: xmlsec.Key, method: str) -> bytes:
    context = xmlsec.SignatureContext()
    context.key = key
    return bytes(context.sign_binary(data, _SIGNATURE_METHODS[method]))
