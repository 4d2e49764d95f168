# SPDX-License-Identifier: GPL-3.0-or-later
"""For the Pythons of `make other-dates`: they import this when they start.

libfaketime 0.9.10 fails each clock_nanosleep() of the monotonic clock, which it is told to leave alone, with EINVAL; since Python 3.11
that is time.sleep(). So who had to wait failed, and who need not passed. select() is left alone.
"""

import select
import time


def sleep(seconds):
    select.select([], [], [], seconds)


time.sleep = sleep
