# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

class ModuleDocFragment:
    # Modules that check the keys by plugins/module_utils/_client_keys.py. Each documents its own default paths.
    DOCUMENTATION = r"""
options:
  client_key_content:
    description:
      - The private key itself, which is to be at O(client_key). The file is then only compared with it.
    type: str
  client_cert_content:
    description: The certificate itself, which is to be at O(client_cert).
    type: str
"""
