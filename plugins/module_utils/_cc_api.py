# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B904 (Python 2.7, which ansible-test compiles this with, has no "raise from")

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""DescribeServices of one Cluster Controller (CC): zeep makes the request and reads the answer, the neighbours of this file do the rest."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import io
import traceback
import uuid

from ansible_collections.eucalyptus.ha.plugins.module_utils import _cc_answer, _cc_http
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import CcAnswerError, CcSignatureError, quote
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_wsdl import ACTION, BINDING, SERVICE_PATH, WSDL
from ansible_collections.eucalyptus.ha.plugins.module_utils._wsse import XMLSEC_IMPORT_ERROR

ZEEP_IMPORT_ERROR = None
try:
    import zeep
    import zeep.exceptions
    import zeep.wsa
    import zeep.wsdl
except Exception:  # not only ImportError: a library that does not fit its neighbour raises others
    ZEEP_IMPORT_ERROR = traceback.format_exc()

_WSA = '{http://www.w3.org/2005/08/addressing}'


def missing_library():
    """C(name, traceback) of the first Python library that cannot be imported, or None."""
    if ZEEP_IMPORT_ERROR is not None:
        return 'zeep', ZEEP_IMPORT_ERROR
    if XMLSEC_IMPORT_ERROR is not None:
        return 'xmlsec', XMLSEC_IMPORT_ERROR
    return None


class _Response:
    """What zeep needs of an HTTP answer."""

    encoding = 'utf-8'

    def __init__(self, answer):
        self.status_code = answer.status
        self.content = answer.body
        self.headers = {'Content-Type': 'text/xml'}


class _NoNetwork:
    """Transport for reading our own WSDL: it is whole, so nothing is ever loaded."""

    def load(self, url):
        raise CcAnswerError('external', 'a message refers to %s: nothing is loaded' % quote(url))


class _Transport(_NoNetwork):
    """zeep's way to the network, for one call."""

    def __init__(self, client, deadline):
        self._client = client
        self._deadline = deadline
        self.status = None

    def post_xml(self, _address, envelope, headers):
        message = zeep.wsdl.utils.etree_to_string(envelope)
        headers = dict(headers)
        headers['User-Agent'] = 'eucalyptus.ha'
        answer = self._client.post(self._client.server, SERVICE_PATH, headers, message, self._deadline)
        _cc_answer.check_bytes(answer.status, answer.content_type, answer.body)
        self.status = answer.status
        return _Response(answer)


class _Security:
    """Where zeep hands over each message: signs the request, checks the answer's form and, unless disabled, its signature."""

    def __init__(self, transport, signature):
        self._transport = transport
        self._signature = signature
        self._message_id = None
        self.verified = False

    def apply(self, envelope, headers):
        self._message_id = envelope.findtext('.//%sMessageID' % _WSA)
        self._signature.apply(envelope, headers)
        return envelope, headers

    def verify(self, envelope):
        _cc_answer.check_document(self._transport.status, envelope)
        if self._signature.verifies:
            self._signature.verify(envelope, self._message_id)
            self.verified = True
            return
        for relates_to in envelope.findall('./*/%sRelatesTo' % _WSA):
            # Without verification this keeps out mistakes, not attackers.
            if relates_to.text != self._message_id:
                raise CcSignatureError(
                    'relates_to',
                    'the answer is to another request (RelatesTo %s, request %s)'
                    % (quote(relates_to.text), quote(self._message_id)),
                )


_PARSED = []


def _document():
    """Our WSDL, parsed once in a process."""
    if not _PARSED:
        settings = zeep.Settings(
            strict=True,
            xml_huge_tree=False,
            forbid_dtd=True,
            forbid_entities=True,
            forbid_external=True,
            force_https=False,
        )
        _PARSED.append(
            (zeep.wsdl.Document(io.BytesIO(WSDL.encode('utf-8')), _NoNetwork(), settings=settings), settings)
        )
    return _PARSED[0]


class CcClient:
    """Queries one CC.

    I(host): name or address (IPv6 too), I(port): int, I(timeout): seconds for the whole call, I(user_id): ASCII text.
    I(signature): C(_wsse.CcSignature). If it knows the CC's certificate, the answer is verified.
    """

    #: The way to the network.
    post = staticmethod(_cc_http.post)

    def __init__(self, host, port, timeout, user_id, signature):
        self.server = (host, port)
        self.timeout = timeout
        self.user_id = user_id
        self.signature = signature
        #: HOST:PORT as in a URL.
        self.address = _cc_http.host_and_port(host, port)

    def describe_services(self):
        """Query once. Returns C(services), C(cluster), C(enabled), C(response_verified), C(elapsed) (seconds). Raises CcError."""
        document, settings = _document()
        deadline = _cc_http.Deadline(self.timeout)
        transport = _Transport(self, deadline)
        client = zeep.Client(document, transport=transport, settings=settings, plugins=[zeep.wsa.WsAddressingPlugin()])
        client.wsse = _Security(transport, self.signature)
        service = client.create_service(BINDING, 'http://%s%s' % (self.address, SERVICE_PATH))
        try:
            # epoch 0 and no list of services: what the CC takes over of a request is then the mildest.
            result = service.DescribeServices(correlationId=str(uuid.uuid4()), userId=self.user_id, epoch=0)
            services, own = _cc_answer.read_services(result)
        except zeep.exceptions.TransportError as exc:
            # zeep's name for an answer that is no XML; its text quotes the whole answer.
            reason = str(exc).partition('with invalid XML: ')[2].partition('\nContent:')[0]
            reason = reason.replace('Invalid XML content received ', '')
            if transport.status != 200:
                raise _cc_answer.http_error(transport.status)
            raise CcAnswerError(
                'not_xml', 'the answer is not XML, or not all of it: %s' % quote(reason or 'unreadable')
            )
        except (zeep.exceptions.Error, ValueError, TypeError, AttributeError, LookupError) as exc:
            raise CcAnswerError('schema', 'the answer is no DescribeServicesResponse that can be read: %s' % quote(exc))
        return dict(
            services=services,
            cluster=own,
            enabled=own is not None and own['local_state'] == _cc_answer.ENABLED,
            response_verified=client.wsse.verified,
            elapsed=round(deadline.elapsed(), 4),
        )


__all__ = ['ACTION', 'CcClient', 'missing_library']
