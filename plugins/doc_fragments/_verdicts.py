# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

class ModuleDocFragment:
    # Filters that present what gateway_verdict says. When that was is an option of each: one shows it, another one counts with it.
    DOCUMENTATION = r"""
options:
  _input:
    description:
      - A verdict of P(eucalyptus.ha.gateway_verdict#filter), or a list of them. They are shown worst first.
    type: raw
    required: true
seealso:
  - plugin: eucalyptus.ha.gateway_verdict
    plugin_type: filter
"""
