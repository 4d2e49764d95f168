# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

class ModuleDocFragment:
    # Modules that record for some time.
    DOCUMENTATION = r"""
options:
  seconds:
    description:
      - How long to record, in seconds, at most 3600.
    type: float
    required: true
  stop_file:
    description:
      - Stop earlier, as soon as this file exists.
    type: path
"""
