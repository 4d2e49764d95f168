# SPDX-License-Identifier: GPL-3.0-or-later
"""What the system tests share beside their fixtures."""

import time


def wait_for(condition, limit=15.0):
    """Wait until the condition holds; an assertion error when it does not within `limit` seconds."""
    deadline = time.monotonic() + limit
    while not condition():
        assert time.monotonic() < deadline, f"did not happen within {limit:g} s"
        time.sleep(0.2)
