# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Is the Cluster Controller on this host ENABLED? The check that role cc_gateway deploys; main.py puts its parts together.

A host gets it as one file (filter _python_bundle): replaced at once while keepalived runs it, and one import in place of
eleven. For that, the names of the parts are unique, and each is imported by its own name.
"""

from __future__ import absolute_import, division, print_function

from .main import run

__metaclass__ = type

__all__ = ["run"]
