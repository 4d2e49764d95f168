# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The AnsibleModule of this collection's modules. Private to the collection."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

from ansible.module_utils.basic import AnsibleModule
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_text import plain


class PlainModule(AnsibleModule):
    """An AnsibleModule whose results hold no template, whether it fails or not."""

    def _return_formatted(self, kwargs):
        AnsibleModule._return_formatted(self, plain(kwargs))
