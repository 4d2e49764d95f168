# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B904 (Python 2.7, which ansible-test compiles this with, has no "raise from")

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""What is needed of an X.509 certificate in PEM form: its bytes, and how long it is valid.

Neither zeep nor xmlsec returns a certificate's dates, and a further library for two dates would be one more to install
on every control node, so they are read from the DER bytes (RFC 5280, 4.1) here.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import base64
import calendar
import re
import time

_PEM = re.compile(br'-----BEGIN (?:X509 |TRUSTED )?CERTIFICATE-----(.*?)-----END ', re.DOTALL)

_SEQUENCE = 0x30
_CONTEXT_0 = 0xA0
_UTC_TIME = 0x17
_GENERALIZED_TIME = 0x18


class Certificate:
    """The first certificate of a PEM text: I(der) (bytes), I(pem) (bytes), I(not_before), I(not_after) (Unix seconds)."""

    def __init__(self, pem):
        match = _PEM.search(pem)
        if match is None:
            raise ValueError('there is no PEM certificate (BEGIN CERTIFICATE) in it')
        try:
            self.der = base64.b64decode(b''.join(match.group(1).split()))
        except (TypeError, ValueError):
            raise ValueError('its PEM certificate is not Base64')
        try:
            self.not_before, self.not_after = _validity(self.der)
        except (IndexError, ValueError):
            raise ValueError('its PEM certificate is not an X.509 certificate')
        text = base64.b64encode(self.der)
        lines = [text[start : start + 64] for start in range(0, len(text), 64)]
        self.pem = b'\n'.join([b'-----BEGIN CERTIFICATE-----'] + lines + [b'-----END CERTIFICATE-----', b''])


def _element(data, start):
    """Tag, first byte of the content and first byte after it of the DER element at I(start)."""
    data = bytearray(data)
    tag, length, start = data[start], data[start + 1], start + 2
    if length & 0x80:
        count = length & 0x7F
        if not 1 <= count <= 4:
            raise ValueError('length')
        length = 0
        for byte in data[start : start + count]:
            length = length * 256 + byte
        start += count
    if start + length > len(data):
        raise ValueError('short')
    return tag, start, start + length


def _enter(data, start):
    tag, first, _end = _element(data, start)
    if tag != _SEQUENCE:
        raise ValueError('no sequence')
    return first


def _time(data, start):
    tag, first, end = _element(data, start)
    text = data[first:end].decode('ascii')
    if tag == _UTC_TIME:
        # RFC 5280: years 50 to 99 are of the 20th century, 00 to 49 of the 21st.
        text = ('19' if int(text[:2]) >= 50 else '20') + text
    elif tag != _GENERALIZED_TIME:
        raise ValueError('no time')
    return calendar.timegm(time.strptime(text, '%Y%m%d%H%M%SZ')), end


def _validity(der):
    position = _enter(der, _enter(der, 0))
    tag, _first, end = _element(der, position)
    if tag == _CONTEXT_0:  # version
        position = end
    for _field in ('serialNumber', 'signature', 'issuer'):
        position = _element(der, position)[2]
    not_before, position = _time(der, _enter(der, position))
    return not_before, _time(der, position)[0]
