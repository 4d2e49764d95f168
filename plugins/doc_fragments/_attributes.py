# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

class ModuleDocFragment:
    # Attributes that all modules share.
    DOCUMENTATION = r"""
options: {}
attributes:
  check_mode:
    description: Can run in C(check_mode) and return changed status prediction without modifying the target.
  diff_mode:
    description: Will return details on what has changed (or possibly needs changing in C(check_mode)), when in diff mode.
  idempotent:
    description: When run twice in a row outside check mode, with the same arguments, the second invocation indicates no change.
"""

    # Modules that only gather information.
    INFO = r"""
options: {}
attributes:
  check_mode:
    support: full
    details:
      - This module only gathers information, so it does the same in check mode.
  diff_mode:
    support: N/A
    details:
      - This module changes nothing that could be shown.
  idempotent:
    support: full
    details:
      - It never reports a change.
"""

    # Modules that give facts of the host.
    FACTS = r"""
options: {}
attributes:
  facts:
    description: Returns an C(ansible_facts) dictionary that updates existing facts of the host.
    support: full
  platform:
    description: The platforms it runs on.
    support: full
    platforms: Linux
"""
