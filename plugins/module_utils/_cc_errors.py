# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""What can go wrong when a Cluster Controller (CC) is queried for its state.

Every error has a C(reason) that playbooks can compare, listed with its message in docs/cc-error-messages.md.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import re

#: How much of a text that came from the network is quoted in a message (characters).
QUOTE_LENGTH = 200


def quote(text):
    """Make a text that a server sent safe to print: one line, ASCII, at most I(QUOTE_LENGTH) characters."""
    text = re.sub(r'\s+', ' ', '%s' % (text,)).strip()
    shown = text[: QUOTE_LENGTH + 1].encode('ascii', 'backslashreplace').decode('ascii')
    shown = re.sub(r'[\x00-\x1f\x7f]', '?', shown)
    return shown if len(shown) <= QUOTE_LENGTH else shown[:QUOTE_LENGTH] + ' ...'


class CcError(Exception):
    """Base of all errors of this client. I(reason) is for comparison, I(details) more for the module's result."""

    def __init__(self, reason, message, **details):
        super(CcError, self).__init__(message)
        self.reason = reason
        self.message = message
        self.details = details


class CcOptionError(CcError):
    """An option, or the file that it names, cannot be used. Nothing was sent."""


class CcCryptoPolicyError(CcError):
    """This host forbids SHA-1 signatures, the only ones a CC understands."""


class CcTransportError(CcError):
    """No answer, or one that is not an HTTP answer with a SOAP message in it."""


class CcAnswerError(CcError):
    """The answer is no well-formed DescribeServicesResponse."""


class CcSignatureError(CcError):
    """The answer is not proven to be the CC's answer to this request."""


class CcFault(CcError):
    """The CC answered with a SOAP fault. Faults are never signed."""


class CcOperationFailed(CcError):
    """The CC answered I(return=false)."""
