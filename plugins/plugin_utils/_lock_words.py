# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a lock of module_utils/_run_lock.py reads. Private to the collection."""

from __future__ import annotations

import time
from typing import Any

NAMES = {
    "deploy": "eucalyptus.ha.gateway",
    "maintenance": "eucalyptus.ha.maintenance",
    "drill": "eucalyptus.ha.drill",
    "nc_route": "eucalyptus.ha.nc_route",
    "remove": "eucalyptus.ha.remove",
}


def describe(lock: dict[str, Any]) -> str:
    """Who, what and since when, in one sentence without its full stop."""
    what = NAMES.get(str(lock["what"]), str(lock["what"]))
    since = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(float(lock["since"])))
    return f"{what} is under way, started by {lock['who']} at {since} ({float(lock['age']):.0f} s ago)"
