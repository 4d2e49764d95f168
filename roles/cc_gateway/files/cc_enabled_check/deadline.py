# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The time that a run may take."""

# ruff: noqa: PLC0415  (imports inside of functions: see common.py)

from __future__ import absolute_import, division, print_function

from .common import TimedOut, now

__metaclass__ = type


class Deadline:
    """SIGALRM raises TimedOut wherever the check hangs; `doing` names the place, `why` what this usually means."""

    def __init__(self, seconds):
        # A little is kept back for the start of the interpreter and for the report.
        self.seconds = seconds
        self.end = now() + seconds - min(0.05, seconds / 4)
        self.doing = "starting"
        self.why = ""
        self.armed = True
        try:
            import _signal as signal  # signal itself builds enums, 3 ms
        except ImportError:  # Python 2
            import signal
        self.signal = signal
        if hasattr(signal, "pthread_sigmask"):  # a blocked signal is inherited from whoever started the check
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signal.SIGALRM])
        signal.signal(signal.SIGALRM, self.ring)
        # Rings again and again, in case Python swallows the first one in a place that cannot raise.
        signal.setitimer(signal.ITIMER_REAL, max(self.left(), 0.001), 0.02)

    def left(self):
        return self.end - now()

    def ring(self, *ignored):
        if self.armed:
            self.disarm()
            raise self.passed()

    def disarm(self):
        self.armed = False
        self.signal.setitimer(self.signal.ITIMER_REAL, 0)

    def passed(self):
        return TimedOut("timed out after %g s while %s%s" % (self.seconds, self.doing, self.why and " (%s)" % self.why))
