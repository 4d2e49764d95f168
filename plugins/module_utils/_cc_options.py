# -*- coding: utf-8 -*-
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
# ruff: noqa: B904 (Python 2.7, which ansible-test compiles this with, has no "raise from")

# This file is private to the collection eucalyptus.ha: it may change at any time without notice.
"""The options of modules that talk to a Cluster Controller, documented in the fragment C(_cc_connection), and what becomes of them."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import errno
import os
import re
import stat

from ansible.module_utils.basic import env_fallback
from ansible.module_utils.common.text.converters import to_bytes, to_native
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_api import CcClient
from ansible_collections.eucalyptus.ha.plugins.module_utils._cc_errors import CcOptionError
from ansible_collections.eucalyptus.ha.plugins.module_utils._wsse import CcSignature

#: Environment variables with the paths, as a credential type of AWX sets them.
ENVIRONMENT = {
    'client_cert': 'EUCALYPTUS_CC_CLIENT_CERT',
    'client_key': 'EUCALYPTUS_CC_CLIENT_KEY',
    'cc_cert': 'EUCALYPTUS_CC_CERT',
}

#: A PEM file is a few KiB.
_MAX_FILE = 65536


def argument_spec():
    """Argument spec shared by the modules that talk to a Cluster Controller."""
    return dict(
        host=dict(type='str', required=True),
        port=dict(type='int', default=8774),
        client_cert=dict(type='path', fallback=(env_fallback, [ENVIRONMENT['client_cert']])),
        client_key=dict(type='path', no_log=False, fallback=(env_fallback, [ENVIRONMENT['client_key']])),
        client_cert_content=dict(type='str', no_log=True),
        client_key_content=dict(type='str', no_log=True),
        cc_cert=dict(type='path', fallback=(env_fallback, [ENVIRONMENT['cc_cert']])),
        cc_cert_content=dict(type='str'),
        verify_response=dict(type='bool', default=True),
        timeout=dict(type='float', default=10),
        user_id=dict(type='str', default='admin'),
    )


def _text(params, name):
    """The text of an option, or None: AWX surveys send what was left empty as an empty string."""
    value = params.get(name)
    return value if value is not None and value.strip() else None


def _read_file(path, option):
    """Bytes of the file at I(path). Not of a pipe or device: reading one can wait forever."""
    try:
        # A pipe that takes the place of the file after it was checked would hang an open() that waits.
        with os.fdopen(os.open(to_bytes(path), os.O_RDONLY | os.O_NONBLOCK), 'rb') as handle:
            if not stat.S_ISREG(os.fstat(handle.fileno()).st_mode):
                raise CcOptionError('file_unreadable', '%s: %s is not a file' % (option, path))
            data = handle.read(_MAX_FILE + 1)
    except (IOError, OSError) as exc:
        way_out = ''
        if exc.errno == errno.EACCES:
            way_out = '. Run the task as the owner of the file (become), or pass its text in %s_content' % option
        elif exc.errno == errno.ENOENT:
            way_out = '. The path is one of the host where the module runs'
        raise CcOptionError(
            'file_unreadable', '%s: %s cannot be read: %s%s' % (option, path, to_native(exc.strerror or exc), way_out)
        )
    if len(data) > _MAX_FILE:
        raise CcOptionError(
            'file_unreadable', '%s: %s is longer than %d KiB, so it is no PEM file' % (option, path, _MAX_FILE // 1024)
        )
    return data


def _pem(params, option):
    """C(bytes, name of the option that gave them) of I(option) or its I(_content) twin; C(None, option) if neither is given."""
    content = _text(params, option + '_content')
    from_environment = (os.environ.get(ENVIRONMENT[option]) or '').strip()
    path = _text(params, option)
    if content is not None:
        if path is not None and path != os.path.expanduser(os.path.expandvars(from_environment)):
            raise CcOptionError('options', '%s and %s_content are mutually exclusive: set only one of them' % (option, option))
        return to_bytes(content), option + '_content'
    path = path or from_environment
    if path:
        return _read_file(path, option), option
    return None, option


def _host(params):
    host = (params['host'] or '').strip()
    if host.startswith('[') and host.endswith(']'):
        host = host[1:-1]
    # It becomes part of a URL, of a header and of a signed text: in the last a CC understands ASCII only.
    if not re.match(r'^(?:[A-Za-z0-9_.-]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*(?:%[A-Za-z0-9_.-]+)?)$', host):
        raise CcOptionError(
            'options',
            'host: it must be a host name or an address, without port or path (an internationalised name in its xn-- form)',
        )
    return host


def make_client(params):
    """A L(CcClient) from module parameters: C(client, warnings). Raises CcOptionError that names the option; nothing is sent."""
    host = _host(params)
    if not 1 <= params['port'] <= 65535:
        raise CcOptionError('options', 'port: it must be 1 to 65535')
    if not 0 < params['timeout'] <= 3600:
        raise CcOptionError('options', 'timeout: it must be more than 0 and at most 3600 seconds')
    user_id = _text(params, 'user_id') or 'admin'
    if not re.match(r'^[ -~]{1,255}$', user_id):
        raise CcOptionError(
            'options',
            'user_id: it must be 1 to 255 characters of printable ASCII, the CC\'s signature check breaks on others',
        )
    key, key_option = _pem(params, 'client_key')
    cert, cert_option = _pem(params, 'client_cert')
    for option, value in (('client_key', key), ('client_cert', cert)):
        if value is None:
            raise CcOptionError(
                'options',
                '%s (or %s_content, or the environment variable %s) is needed to sign the request: the cloud\'s %s'
                % (option, option, ENVIRONMENT[option], 'cloud-pk.pem' if option == 'client_key' else 'cloud-cert.pem'),
            )
    cc_cert, cc_option = _pem(params, 'cc_cert')
    if params['verify_response'] and cc_cert is None:
        raise CcOptionError(
            'options',
            'cc_cert (or cc_cert_content, or the environment variable %s) is needed to verify the answer: the CC\'s '
            'cluster-cert.pem. verify_response=false goes without' % ENVIRONMENT['cc_cert'],
        )
    signature = CcSignature(
        key, cert, cc_cert if params['verify_response'] else None, names=(key_option, cert_option, cc_option)
    )
    return CcClient(host, params['port'], params['timeout'], user_id, signature), signature.expired()
