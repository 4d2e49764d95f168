# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""What an answer of a Cluster Controller (CC) must be before and after zeep parses it.

Anything that a CC never sends is rejected, also where XML and SOAP would allow it: each such freedom is a way to make
two readers of one message read two different things.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import (
    CcAnswerError,
    CcFault,
    CcOperationFailed,
    CcTransportError,
    quote,
)
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_wsdl import NAMESPACE

_SOAP = '{http://schemas.xmlsoap.org/soap/envelope/}'

#: Most markup in an answer: 1,024 node controllers, the most a CC manages, take 25,000 tags.
_MAX_TAGS = 40000

#: Most attributes in an answer: a real one has about 50. Older libxml2 takes quadratic time for the attributes of one tag.
_MAX_ATTRIBUTES = 4000

#: The type of the CC's own entry.
_OWN_TYPE = 'cluster'

#: The state of the active CC (cluster/handlers.c: it is one of LOADED, DISABLED, ENABLED,
#: STOPPED, NOTREADY, and in theory PRIMORDIAL, INITIALIZED).
ENABLED = 'ENABLED'

_NUMBER = re.compile(r'^\s*[-+]?[0-9]{1,10}\s*$')

_SIMPLE = {'return': re.compile(r'^\s*(?:true|false|0|1)\s*$'), 'epoch': _NUMBER, 'localEpoch': _NUMBER}

_LOG = 'unknown. See the log of the CC, axis2c.log below var/log/eucalyptus'

#: (fault code, beginning of the fault text): what it means, as tried against Rampart/C with the policy and the
#: authentication of Eucalyptus. The texts themselves do not contain it.
_CAUSES = (
    (
        'soapenv:Client',
        'No Error',
        'the CC found no WS-Security header in the request: something on the way alters requests',
    ),
    (
        'soapenv:MustUnderstand',
        '',
        'the CC did not process the WS-Security header: its services.xml was replaced, or does not engage Rampart. Restore the file '
        'of the Eucalyptus package',
    ),
    (
        'soapenv:Sender',
        'Unknown Error :(',
        'the CC does not know the certificate. client_cert must be its own copy of the cloud\'s cloud-cert.pem',
    ),
    (
        'wsse:InvalidSecurity',
        'Signature Verification failed.',
        'the CC finds the signature wrong: client_key and client_cert are not of this cloud, or something on the way alters requests',
    ),
    (
        'wsse:FailedCheck',
        'Timestamp is not valid',
        'the clocks of this host and of the CC differ: it takes requests at most 20 seconds ahead, and none that expired (300 seconds)',
    ),
    (
        'soapenv:Sender',
        'A header representing a Message Addressing Property is not valid',
        'a WS-Addressing header did not arrive: something on the way alters requests',
    ),
)

_HTTP_HINTS = {
    404: 'no Eucalyptus Cluster Controller is there, or something on the way removed the SOAPAction header',
    415: 'this is not the service of a Eucalyptus Cluster Controller',
    503: 'the server is too busy, or something else listens there',
}


def check_bytes(status, content_type, body):
    """Reject an answer by its bytes, before any parser sees them. I(status): HTTP status, I(content_type): header or None."""
    media_type, _semicolon, parameters = (content_type or '').partition(';')
    if media_type.strip().lower() != 'text/xml':
        if status != 200:
            raise http_error(status)
        raise CcTransportError(
            'content_type',
            'the answer is of type %s instead of text/xml: this is no Cluster Controller, or something in between answers'
            % quote(content_type or 'none'),
            http_status=status,
        )
    if not body:
        if status != 200:
            raise http_error(status)
        raise CcTransportError('empty', 'the answer is empty (HTTP status %d)' % status, http_status=status)
    charset = re.search(r'charset\s*=\s*"?([^\s";]*)', parameters, re.IGNORECASE)
    declared = re.match(br'(?:\xef\xbb\xbf)?\s*<\?xml\b[^>]*?\bencoding\s*=\s*["\']([^"\'>]*)["\']', body)
    names = [charset.group(1)] if charset else []
    if declared:
        names.append(declared.group(1).decode('ascii', 'replace'))
    for name in names:
        if name.lower() not in ('utf-8', 'utf8', 'us-ascii', 'ascii'):
            # In another encoding the checks below would search for the wrong bytes.
            raise CcAnswerError('encoding', 'the answer is encoded in %s instead of UTF-8' % quote(name))
    try:
        text = body.decode('utf-8')
    except UnicodeDecodeError:
        text = '\x00'
    if '\x00' in text:
        raise CcAnswerError('encoding', 'the answer is not UTF-8 text')
    if re.search(br'<!\s*(DOCTYPE|ENTITY)', body, re.IGNORECASE):
        raise CcAnswerError(
            'dtd', 'the answer contains a DTD or an entity declaration: a Cluster Controller sends none'
        )
    if b'<!' in body or re.search(br'<\?(?!xml\s)', body):
        raise CcAnswerError(
            'markup',
            'the answer contains a comment, a CDATA section or a processing instruction: '
            'a Cluster Controller sends none',
        )
    if body.count(b'<') > _MAX_TAGS or body.count(b'=') > _MAX_ATTRIBUTES:
        raise CcAnswerError(
            'too_much_markup', 'the answer has more than %d tags or %d attributes' % (_MAX_TAGS, _MAX_ATTRIBUTES)
        )


def check_document(status, root):
    """Reject an answer by its parsed form (lxml, I(root)) unless it is one DescribeServicesResponse in SOAP 1.1. Raises faults."""
    if root.tag != _SOAP + 'Envelope':
        if status != 200:
            raise http_error(status)
        raise CcAnswerError(
            'not_soap', 'the answer is XML, but not a SOAP 1.1 message: its root is %s' % quote(root.tag)
        )
    parts = [child.tag for child in root]
    if parts not in ([_SOAP + 'Header', _SOAP + 'Body'], [_SOAP + 'Body']):
        raise CcAnswerError('not_soap', 'the answer is not a SOAP 1.1 message of one Header and one Body')
    body = root[-1]
    if any(child.tag == _SOAP + 'Fault' for child in body):
        raise _fault(status, body)
    if status != 200:
        raise http_error(status)
    if [child.tag for child in body] != ['{%s}DescribeServicesResponse' % NAMESPACE]:
        raise CcAnswerError('not_soap', 'the Body of the answer is not one DescribeServicesResponse')
    for element in body[0].iter():
        if element.attrib:
            # xsi:type, xsi:nil, href: all change what a reader makes of an element.
            raise CcAnswerError('schema', 'the element %s of the answer has an attribute' % quote(element.tag))
        if len(element) and any((text or '').strip() for text in [element.text] + [child.tail for child in element]):
            raise CcAnswerError(
                'schema', 'the element %s of the answer holds text beside elements' % quote(element.tag)
            )
        _check_simple(element)


def _check_simple(element):
    """zeep takes what it cannot read as a number or truth value for nothing, or for false: reject it instead."""
    pattern = _SIMPLE.get(element.tag.rpartition('}')[2])
    if pattern is not None and not pattern.match(element.text or ''):
        name, value = quote(element.tag), quote(element.text or '')
        raise CcAnswerError('schema', 'the element %s of the answer has the value "%s"' % (name, value))


def http_error(status):
    """The message for an HTTP I(status) that came without a SOAP fault."""
    hint = _HTTP_HINTS.get(status, 'this is no answer of a Cluster Controller')
    return CcTransportError('http_status', 'HTTP status %d and no SOAP fault: %s' % (status, hint), http_status=status)


def _own_text(element):
    """Text directly in I(element), that between its children included, in one line."""
    if element is None:
        return ''
    return ' '.join(' '.join([element.text or ''] + [child.tail or '' for child in element]).split())


def _fault(status, body):
    fault = body.find(_SOAP + 'Fault')
    # SOAP 1.1 requires these without a namespace; be lenient, since all that is done with them is to show them.
    children = dict((child.tag.rpartition('}')[2], child) for child in reversed(list(fault)))
    code = _own_text(children.get('faultcode'))
    text = _own_text(children.get('faultstring'))
    cause = _LOG
    for known_code, beginning, meaning in _CAUSES:
        if code == known_code and text.startswith(beginning):
            cause = meaning
            break
    return CcFault(
        'fault',
        'the Cluster Controller rejected the request: %s: "%s" (HTTP status %d). Likely cause: %s'
        % (quote(code) or 'no code', quote(text), status, cause),
        fault=dict(code=quote(code), text=quote(text), http_status=status, cause=cause),
    )


def read_services(result):
    """The services of a DescribeServicesResponse as zeep read it: C(list of dict, own entry or None)."""
    if result['return'] is None:
        raise CcAnswerError('schema', 'the answer has no element return')
    if result['return'] is not True:
        raise CcOperationFailed(
            'operation_failed',
            'the Cluster Controller failed the request (return=false): %s. It has not initialised: check its log'
            % (quote(result.statusMessage or '') or 'no message'),
        )
    services = []
    for status in result.serviceStatuses:
        if status is None:
            raise CcAnswerError('schema', 'an element serviceStatuses of the answer is empty')
        identity = status.serviceId
        epoch = status.localEpoch
        if epoch is not None and not -(2**31) <= epoch < 2**31:
            raise CcAnswerError('schema', 'the localEpoch in the answer is no 32 bit number')
        services.append(
            dict(
                type=identity and identity.type,
                partition=identity and identity.partition,
                name=identity and identity.name,
                uris=[uri or '' for uri in identity.uris] if identity else [],
                local_state=status.localState,
                local_epoch=epoch,
                details=[detail or '' for detail in status.details],
            )
        )
    own = [service for service in services if service['type'] == _OWN_TYPE]
    if len(own) > 1:
        raise CcAnswerError(
            'several_clusters',
            'the answer has %d entries of type cluster: this Cluster Controller\'s own cannot be identified'
            % len(own),
        )
    return services, own[0] if own else None
