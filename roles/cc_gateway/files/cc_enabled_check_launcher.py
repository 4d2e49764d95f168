# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Starts cc_enabled_check.py, which lies beside this file, from its compiled form. (Here, the package of that name.)

Python compiles the file that it is given at every start, and an imported one only once: that is 4 of the check's
10 ms. Without __pycache__, or with one of another Python, the check works as well, and takes those 4 ms.
"""

from __future__ import absolute_import, division, print_function

import sys

try:
    from cc_enabled_check import run
except ImportError as error:
    sys.stdout.write("UNKNOWN: the check is not installed completely: %s\n" % error)
    sys.exit(1)

run()
