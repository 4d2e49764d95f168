# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B904 (Python 2.7, which ansible-test compiles this with, has no "raise from")

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""WS-Security as a Cluster Controller (CC) uses it: Rampart/C with the policy Basic256Rsa15.

The signatures of zeep are not enough for it. They sign the Body and a Timestamp if there is one; the CC demands five
signed parts. They verify with the client's own certificate, raise AttributeError on unsigned messages, and do not check
at what was signed: an answer whose signed Body was moved elsewhere and replaced passes.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import calendar
import hashlib
import re
import time
import traceback

from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_certificate import Certificate
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import (
    CcCryptoPolicyError,
    CcOptionError,
    CcSignatureError,
    quote,
)
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_wsdl import ACTION

XMLSEC_IMPORT_ERROR = None
try:
    import xmlsec
    from lxml import etree
    from zeep.wsse.signature import MemorySignature
    from zeep.wsse.utils import ensure_id
except Exception:  # not only ImportError: xmlsec and lxml built with different libxml2 raise xmlsec.InternalError
    XMLSEC_IMPORT_ERROR = traceback.format_exc()
    MemorySignature = object

SOAP = 'http://schemas.xmlsoap.org/soap/envelope/'
WSA = 'http://www.w3.org/2005/08/addressing'
_OASIS = 'http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-'
WSSE = _OASIS + 'wssecurity-secext-1.0.xsd'
WSU = _OASIS + 'wssecurity-utility-1.0.xsd'
DS = 'http://www.w3.org/2000/09/xmldsig#'

_X509V3 = _OASIS + 'x509-token-profile-1.0#X509v3'
_BASE64 = _OASIS + 'soap-message-security-1.0#Base64Binary'

# The only algorithms of Basic256Rsa15 that the CC uses, in any release (tools/*policy*.xml).
_EXC_C14N = 'http://www.w3.org/2001/10/xml-exc-c14n#'
_RSA_SHA1 = DS + 'rsa-sha1'
_SHA1 = DS + 'sha1'

#: Lifetime of a request (seconds), that of the cloud controller's own. Some builds of the CC do not compare Expires with
#: the clock, others require it more than 20 s ahead.
LIFETIME = 300

#: How far ahead of this host's clock a time stamp may be (seconds): what the CC itself allows.
MAX_AHEAD = 20

#: A real answer has six references.
_MAX_REFERENCES = 32

_TIME = re.compile(r'^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.\d{1,9})?Z$')

SHA1_FORBIDDEN = (
    'this host forbids SHA-1 signatures, and a Cluster Controller understands no others, in any release. '
    'Enterprise Linux 9 forbids them by its crypto policy, and so do execution environments built on it. '
    'Fix, on the host or in the image where the module runs: '
    '"update-crypto-policies --set DEFAULT:SHA1" as root; '
    'or, for one process only, the environment variable OPENSSL_CONF with the name of a file that contains '
    '"openssl_conf = init", "[init]", "alg_section = evp", "[evp]", "rh-allow-sha1-signatures = yes" (a line each); '
    'or xmlsec as a wheel from PyPI, which brings its own OpenSSL; or delegate_to a host that allows them'
)


def _tag(namespace, name):
    return '{%s}%s' % (namespace, name)


def _stamp(moment):
    """Unix seconds as the CC requires it: UTC with Z (zone offsets are ignored by it), milliseconds."""
    return time.strftime('%Y-%m-%dT%H:%M:%S', time.gmtime(moment)) + '.%03dZ' % (int(moment * 1000) % 1000)


def read_key(pem, option):
    """The private key of a PEM text (bytes) as xmlsec.Key. Raises CcOptionError that names I(option)."""
    if b'PRIVATE KEY-----' not in pem:
        raise CcOptionError(
            'key_invalid', '%s: there is no PEM private key (BEGIN PRIVATE KEY or BEGIN RSA PRIVATE KEY) in it' % option
        )
    if b'ENCRYPTED' in pem:
        # OpenSSL would prompt for it on the terminal, and wait.
        raise CcOptionError(
            'key_invalid', '%s: the key is locked with a passphrase. Eucalyptus keeps it without one' % option
        )
    try:
        return xmlsec.Key.from_memory(pem, xmlsec.KeyFormat.PEM, None)
    except (xmlsec.Error, TypeError, ValueError):
        raise CcOptionError('key_invalid', '%s: its PEM private key is damaged or of an unknown kind' % option)


def read_certificate(pem, option):
    """The certificate of a PEM text (bytes): C(Certificate, xmlsec.Key). Raises CcOptionError that names I(option)."""
    try:
        certificate = Certificate(pem)
    except ValueError as exc:
        raise CcOptionError('cert_invalid', '%s: %s' % (option, exc))
    try:
        return certificate, xmlsec.Key.from_memory(certificate.pem, xmlsec.KeyFormat.CERT_PEM, None)
    except (xmlsec.Error, TypeError, ValueError):
        raise CcOptionError(
            'cert_invalid', '%s: its PEM certificate is not an X.509 certificate with an RSA key' % option
        )


class CcSignature(MemorySignature):
    """Signs one request and verifies the answer to it.

    I(key_data), I(cert_data): PEM bytes of the cloud's key and certificate. I(cc_cert_data): PEM bytes of the CC's
    certificate, or None to accept any answer. I(names): what the three are called in messages.
    """

    def __init__(
        self, key_data, cert_data, cc_cert_data=None, names=('client_key', 'client_cert', 'cc_cert'), clock=time.time
    ):
        super(CcSignature, self).__init__(key_data, cert_data)
        self._names = names
        self._clock = clock
        self._key = read_key(key_data, names[0])
        self._cert, self._cert_key = read_certificate(cert_data, names[1])
        self._cc_cert = self._cc_key = None
        #: Whether answers can be verified.
        self.verifies = cc_cert_data is not None
        if cc_cert_data is not None:
            self._cc_cert, self._cc_key = read_certificate(cc_cert_data, names[2])

    def expired(self):
        """Sentences on certificates outside their dates: no errors, since the CC compares certificates and ignores their dates."""
        now = self._clock()
        sentences = []
        for option, certificate in ((self._names[1], self._cert), (self._names[2], self._cc_cert)):
            if certificate is None:
                continue
            if certificate.not_after < now:
                sentences.append('%s: the certificate expired on %s' % (option, _stamp(certificate.not_after)[:10]))
            elif certificate.not_before > now:
                sentences.append(
                    '%s: the certificate is not valid before %s; is the clock of this host right?'
                    % (option, _stamp(certificate.not_before)[:10])
                )
        return sentences

    # --- the request ------------------------------------------------------------------------------

    def apply(self, envelope, headers):
        """Add the Security header with the five signatures to I(envelope). No white space between its elements: the CC stumbles over it."""
        header = envelope.find(_tag(SOAP, 'Header'))
        security = etree.SubElement(header, _tag(WSSE, 'Security'), nsmap={'wsse': WSSE, 'wsu': WSU})
        security.set(_tag(SOAP, 'mustUnderstand'), '1')
        token = etree.SubElement(security, _tag(WSSE, 'BinarySecurityToken'), EncodingType=_BASE64, ValueType=_X509V3)
        token.text = base64.b64encode(self._cert.der).decode('ascii')
        timestamp = etree.SubElement(security, _tag(WSU, 'Timestamp'))
        now = self._clock()
        etree.SubElement(timestamp, _tag(WSU, 'Created')).text = _stamp(now)
        etree.SubElement(timestamp, _tag(WSU, 'Expires')).text = _stamp(now + LIFETIME)

        parts = [envelope.find(_tag(SOAP, 'Body')), timestamp]
        parts.extend(header.find(_tag(WSA, name)) for name in ('To', 'Action', 'MessageID'))
        signature = etree.SubElement(security, _tag(DS, 'Signature'), nsmap={'ds': DS})
        signed_info = etree.SubElement(signature, _tag(DS, 'SignedInfo'))
        etree.SubElement(signed_info, _tag(DS, 'CanonicalizationMethod'), Algorithm=_EXC_C14N)
        etree.SubElement(signed_info, _tag(DS, 'SignatureMethod'), Algorithm=_RSA_SHA1)
        context = xmlsec.SignatureContext()
        context.key = self._key
        for part in parts:
            reference = etree.SubElement(signed_info, _tag(DS, 'Reference'), URI='#' + ensure_id(part))
            transforms = etree.SubElement(reference, _tag(DS, 'Transforms'))
            etree.SubElement(transforms, _tag(DS, 'Transform'), Algorithm=_EXC_C14N)
            etree.SubElement(reference, _tag(DS, 'DigestMethod'), Algorithm=_SHA1)
            etree.SubElement(reference, _tag(DS, 'DigestValue'))
            context.register_id(part, 'Id', WSU)
        value = etree.SubElement(signature, _tag(DS, 'SignatureValue'))
        self._sign(context, signature)
        value.text = ''.join(value.text.split())
        # After signing, since xmlsec does not know this kind of reference to a key.
        key_info = etree.SubElement(signature, _tag(DS, 'KeyInfo'))
        token_reference = etree.SubElement(key_info, _tag(WSSE, 'SecurityTokenReference'))
        etree.SubElement(token_reference, _tag(WSSE, 'Reference'), URI='#' + ensure_id(token), ValueType=_X509V3)
        return envelope, headers

    def _sign(self, context, signature):
        try:
            context.sign(signature)
        except xmlsec.Error:
            if self._signs_with_sha256():
                raise CcCryptoPolicyError('sha1_forbidden', SHA1_FORBIDDEN)
            raise CcOptionError('key_invalid', '%s: no RSA signature can be made with this key' % self._names[0])
        # Which attributes are ids is known to the document since it was signed.
        own = xmlsec.SignatureContext()
        own.key = self._cert_key
        try:
            own.verify(signature)
        except xmlsec.Error:
            # The CC would only return "Signature Verification failed."
            raise CcOptionError('key_mismatch', '%s is not the key of the certificate in %s' % self._names[:2])

    def _signs_with_sha256(self):
        context = xmlsec.SignatureContext()
        context.key = self._key
        try:
            context.sign_binary(b'probe', xmlsec.Transform.RSA_SHA256)
        except xmlsec.Error:
            return False
        return True

    # --- the answer -------------------------------------------------------------------------------

    def verify(self, envelope, message_id=None):
        """Raise CcSignatureError unless I(envelope) is the CC's own, fresh answer to I(message_id), and what is signed is what is read."""
        header, security, timestamp, signature = _parts_of(envelope)
        references = _references(signature)
        self._check_token(envelope, security, signature)
        by_id = _elements_by_id(envelope)
        context = xmlsec.SignatureContext()
        context.key = self._cc_key
        signed = []
        for _reference, identifier, _digest in references:
            entry = by_id.get(identifier)
            if entry is None:
                raise CcSignatureError(
                    'signature_structure',
                    'the signature of the answer covers a part that is not there (%s)' % quote(identifier),
                )
            element, attribute = entry
            if attribute != _tag(WSU, 'Id'):
                raise CcSignatureError(
                    'signature_structure', 'the signature of the answer covers a part by another attribute than wsu:Id'
                )
            context.register_id(element, 'Id', WSU)
            signed.append(element)
        body = envelope.find(_tag(SOAP, 'Body'))
        if body not in signed:
            if any(element.tag == body.tag for element in signed):
                raise CcSignatureError(
                    'body_moved',
                    'the signed Body of the answer is not the one that would be read: the answer was rearranged '
                    'on the way (signature wrapping)',
                )
            raise CcSignatureError('body_unsigned', 'the Body of the answer is not signed')
        if timestamp not in signed:
            raise CcSignatureError('timestamp_unsigned', 'the time stamp of the answer is not signed')
        relates_to = _signed_header(header, 'RelatesTo', signed)
        action = _signed_header(header, 'Action', signed)
        try:
            context.verify(signature)
        except xmlsec.Error:
            raise CcSignatureError(
                'tampered', 'the signature of the answer is wrong: %s' % _what_is_wrong(references, signed)
            )
        if message_id is not None and relates_to != message_id:
            raise CcSignatureError(
                'relates_to',
                'the answer is to another request (RelatesTo %s, request %s): an old answer sent again?'
                % (quote(relates_to), quote(message_id)),
            )
        if action != ACTION:
            raise CcSignatureError('action', 'the answer is to another operation (Action %s)' % quote(action))
        self._check_time(timestamp)
        return envelope

    def _check_token(self, envelope, security, signature):
        """The certificate sent along must be the CC's; it is never used as a key itself."""
        references = signature.findall(
            '/'.join((_tag(DS, 'KeyInfo'), _tag(WSSE, 'SecurityTokenReference'), _tag(WSSE, 'Reference')))
        )
        tokens = security.findall(_tag(WSSE, 'BinarySecurityToken'))
        if (
            len(references) != 1
            or len(tokens) != 1
            or references[0].get('URI') != '#%s' % tokens[0].get(_tag(WSU, 'Id'))
        ):
            raise CcSignatureError(
                'signature_structure', 'the answer does not name its certificate the way a Cluster Controller does'
            )
        try:
            der = base64.b64decode(''.join((tokens[0].text or '').split()).encode('ascii'))
        except (TypeError, ValueError):
            raise CcSignatureError('signature_structure', 'the certificate in the answer is not Base64')
        if der != self._cc_cert.der:
            raise CcSignatureError(
                'foreign_signed',
                'the answer is signed with another certificate than the one in %s (SHA-256 %s, expected %s): not this '
                'Cluster Controller, or its keys were made anew'
                % (
                    self._names[2],
                    hashlib.sha256(der).hexdigest()[:16],
                    hashlib.sha256(self._cc_cert.der).hexdigest()[:16],
                ),
            )

    def _check_time(self, timestamp):
        moments = []
        for name in ('Created', 'Expires'):
            found = timestamp.findall(_tag(WSU, name))
            match = _TIME.match(found[0].text or '') if len(found) == 1 else None
            try:
                moments.append(calendar.timegm(time.strptime(match.group(1), '%Y-%m-%dT%H:%M:%S')))
            except (AttributeError, ValueError):
                raise CcSignatureError(
                    'timestamp_invalid', 'the time stamp of the answer has no readable %s in UTC' % name
                )
        now = self._clock()
        if moments[1] <= now:
            raise CcSignatureError(
                'timestamp_stale',
                'the answer is stale: it expired at %s and it is %s here. Are the clocks of this host and the '
                'Cluster Controller right?' % (_stamp(moments[1]), _stamp(now)),
            )
        if moments[0] > now + MAX_AHEAD:
            raise CcSignatureError(
                'timestamp_future',
                'the answer is from the future: it was made at %s and it is %s here. Are the clocks of this host '
                'and the Cluster Controller right?' % (_stamp(moments[0]), _stamp(now)),
            )


def _parts_of(envelope):
    """Header, Security, Timestamp (or None) and Signature of an answer."""
    headers = envelope.findall(_tag(SOAP, 'Header'))
    securities = headers[0].findall(_tag(WSSE, 'Security')) if len(headers) == 1 else []
    signatures = securities[0].findall(_tag(DS, 'Signature')) if len(securities) == 1 else []
    if not signatures:
        if len(securities) > 1:
            raise CcSignatureError('signature_structure', 'the answer has %d Security headers' % len(securities))
        raise CcSignatureError('unsigned', 'the answer is not signed')
    if len(signatures) > 1:
        raise CcSignatureError('signature_structure', 'the answer has %d signatures' % len(signatures))
    timestamps = securities[0].findall(_tag(WSU, 'Timestamp'))
    if len(timestamps) > 1:
        raise CcSignatureError('signature_structure', 'the answer has %d time stamps' % len(timestamps))
    return headers[0], securities[0], timestamps[0] if timestamps else None, signatures[0]


def _demand(element, algorithm, purpose):
    found = element.get('Algorithm')
    if found != algorithm or len(element):
        raise CcSignatureError(
            'algorithm',
            'the answer uses a weak or unknown algorithm for its %s: %s. A Cluster Controller uses %s'
            % (purpose, quote(found or 'none'), algorithm),
        )


def _references(signature):
    """The references of a I(signature): list of (element, id, digest). Raises unless each is of the one kind that a CC makes."""
    infos = signature.findall(_tag(DS, 'SignedInfo'))
    if len(infos) != 1:
        raise CcSignatureError(
            'signature_structure', 'the signature of the answer is malformed: %d SignedInfo' % len(infos)
        )
    info = infos[0]
    if [child.tag for child in info[:2]] != [_tag(DS, 'CanonicalizationMethod'), _tag(DS, 'SignatureMethod')]:
        raise CcSignatureError(
            'signature_structure', 'the signature of the answer is malformed: it does not begin with its methods'
        )
    _demand(info[0], _EXC_C14N, 'canonical form')
    _demand(info[1], _RSA_SHA1, 'signature')
    found = info[2:]
    if not found or len(found) > _MAX_REFERENCES or any(child.tag != _tag(DS, 'Reference') for child in found):
        raise CcSignatureError(
            'signature_structure',
            'the signature of the answer is malformed: it does not consist of 1 to %d references' % _MAX_REFERENCES,
        )
    result = []
    for reference in found:
        uri = reference.get('URI') or ''
        if [child.tag for child in reference] != [
            _tag(DS, name) for name in ('Transforms', 'DigestMethod', 'DigestValue')
        ] or not re.match('#.', uri):
            raise CcSignatureError(
                'signature_structure',
                'the signature of the answer is malformed: a reference is not to a part by its id',
            )
        transforms = reference[0]
        if len(transforms) != 1 or transforms[0].tag != _tag(DS, 'Transform'):
            raise CcSignatureError(
                'algorithm',
                'the answer uses a weak or unknown algorithm for its references: %d transforms instead of one'
                % len(transforms),
            )
        _demand(transforms[0], _EXC_C14N, 'references')
        _demand(reference[1], _SHA1, 'digests')
        result.append((reference, uri[1:], reference[2].text or ''))
    return result


def _elements_by_id(envelope):
    """Every id of the message, whatever attribute it is in: {id: (element, attribute)}. None may stand there twice: so wrapping works."""
    found = {}
    for element in envelope.iter(etree.Element):
        for name, value in element.items():
            if name.rpartition('}')[2].lower() == 'id':
                if value in found:
                    raise CcSignatureError(
                        'duplicate_id',
                        'the answer has two parts with the same id (%s): it was rearranged on the way' % quote(value),
                    )
                found[value] = (element, name)
    return found


def _signed_header(header, name, signed):
    found = header.findall(_tag(WSA, name))
    if len(found) != 1 or found[0] not in signed:
        problem = 'is not signed' if len(found) == 1 else 'is there %d times' % len(found)
        raise CcSignatureError(
            '%s_unsigned' % ('relates_to' if name == 'RelatesTo' else 'action'),
            'the header wsa:%s of the answer %s' % (name, problem),
        )
    return found[0].text or ''


def _what_is_wrong(references, signed):
    """xmlsec only reports that something is wrong: compare the digests to find where."""
    for (_reference, _identifier, digest), element in zip(references, signed):  # noqa: B905 (not in Python 2.7)
        canonical = etree.tostring(element, method='c14n', exclusive=True, with_comments=False)
        if base64.b64encode(hashlib.sha1(canonical).digest()).decode('ascii') != ''.join(digest.split()):  # noqa: S324 (the CC's algorithm)
            return '%s was altered on the way' % quote(etree.QName(element).localname)
    return 'it was not made with the key of this certificate, or was altered on the way'
