#!/usr/bin/python
# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

# The documentation of the action plugin of this name, which runs on the control node.

from __future__ import absolute_import, division, print_function

__metaclass__ = type

DOCUMENTATION = r"""
---
module: gateway_preflight
version_added: 0.2.0
short_description: "[INTERNAL] Validate the settings of a gateway and inspect its host"
description:
  - Internal to the collection C(eucalyptus.ha). It may change at any time without notice.
  - Gathers the settings of role P(eucalyptus.ha.cc_gateway#role) once, inspects the host, and fails with all errors in one message before
    anything is changed.
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
options: {}
extends_documentation_fragment:
  - eucalyptus.ha._attributes
  - eucalyptus.ha._attributes.info
"""

EXAMPLES = r"""
- name: Validate the settings and inspect the host
  eucalyptus.ha.gateway_preflight:
  become: true
"""

RETURN = r"""
ansible_facts:
  description: The fact C(__cc_gateway), all that the tasks of the role use.
  returned: success
  type: dict
  contains:
    __cc_gateway:
      description: Settings and findings, see C(plugins/plugin_utils/_gateway_settings.py).
      type: dict
"""
