# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What the check concludes: pure functions, without files, network and clock.

(memory, observation, now) -> (memory, result). `now` and all times in the memory are seconds since boot; 0 means none.

memory:
  answer, answered    the last definite localState (None: none), and when it was observed
  seen                the localState that the last run saw (None: none): in the state file, also while httpd does not answer
  other               when a state other than ENABLED was seen last, with nothing unknown since
  enabled             when the change from such a state to ENABLED was observed ("newly enabled")
  live                when a request was answered last, 0 after one that failed
  timeouts, wait_until, reason    requests in a row that timed out, when the next one may be made, what the last one was waiting for
  exit                exit status of the last run (None: none)

observation:
  seen, state, definite, message    as above, and whether `state` is what the CC itself shows now; state None and definite: it could
                                    not initialise
  asked               None (no request was sent), ANSWERED, FAILED or TIMED_OUT

Why a resumed controller never counts as newly enabled (cluster/handlers.c, 3.1.2 to 4.4): init_config() writes LOADED only into a
new file; on one that is there already (`config->initialized`), as after a crash, a faststart or a boot, it changes nothing, so
that a file with ENABLED never shows another state in between. A clean start (tools/eucalyptus-cc.in `start`; 4.3 on the wrapper
eucalyptus-cluster) removes the file, which is unknown, and LOADED -> ENABLED is then an order of the cloud controller
(doEnableService is the only place that sets ENABLED, and the kick_enabled that makes the monitor repeat it).
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

ENABLED = "ENABLED"

# What came of a request.
ANSWERED, FAILED, TIMED_OUT = "answered", "failed", "timed out"
# Whether one is needed.
ASK, KNOWN, WAIT = "ask", "known", "wait"

# Seconds without a request after one that timed out, after two in a row, and so on: each of them keeps one of the CC's 8 httpd
# processes waiting, and when all of them wait, its cloud controller gets no answer either.
PAUSES = (2, 4, 8, 16, 30)

# A change to ENABLED counts as one if the other state was seen so many seconds ago at most. Timeouts may lie in between where the
# state file shows the change, but no time in which the cloud could have enabled the other CC meanwhile (heartbeats come every
# 10 to 20 s). With soap nothing unknown may lie in between, and runs are further apart.
RECENT = {"state_file": 10, "soap": 120}

NOTHING = {
    "answer": None, "answered": 0, "seen": None, "other": 0, "enabled": 0, "live": 0,
    "timeouts": 0, "wait_until": 0, "reason": "", "exit": None, "session": 0,
}  # fmt: skip


def request_needed(memory, seen, now, every):
    """ASK, KNOWN (the last answer is less than `every` seconds old) or WAIT (after timeouts)."""
    if seen != memory["seen"]:
        return ASK
    if now < memory["wait_until"]:
        return WAIT
    return KNOWN if memory["live"] and now - memory["live"] < every else ASK


def waiting(memory, now):
    """Why there is no request now."""
    return "%s; next request in %.1f s" % (memory["reason"], memory["wait_until"] - now)


def grace_left(memory, now, grace):
    """How long the last answer, if ENABLED, still holds."""
    if memory["answer"] != ENABLED:
        return 0
    return max(memory["answered"] + grace - now, 0)


def decide(memory, observation, now, grace, recent):
    """(the new memory, what to report)"""
    new = dict(memory)
    _requests(new, observation, now)
    state, definite, message = observation["state"], observation["definite"], observation["message"]
    remembered = not definite and grace_left(memory, now, grace) > 0
    if definite:
        new.update(answer=state, answered=now if state else 0)
    _newly_enabled(new, observation, now, recent, keep=remembered or (definite and state == ENABLED))
    line = "%s: %s" % (state or "UNKNOWN", message)
    if remembered:
        line = "ENABLED: for %.1f s more by --grace; now %s" % (grace_left(memory, now, grace), message)
    enabled = remembered or (definite and state == ENABLED)
    new["exit"] = 0 if enabled else 1
    return new, {
        "local_state": state if definite else None, "enabled": enabled, "definite": definite, "message": line, "remembered": remembered,
    }  # fmt: skip


def _requests(new, observation, now):
    """What the next run may request."""
    outcome = observation["asked"]
    if outcome == ANSWERED:
        new.update(live=now, timeouts=0, wait_until=0, reason="")
    elif outcome == FAILED:
        new.update(live=0, timeouts=0, wait_until=0, reason="")
    elif outcome == TIMED_OUT:
        # A change in the state file begins anew: what it shows is to be confirmed while it still counts as a change.
        before = new["timeouts"] if observation["seen"] == new["seen"] else 0
        pause = PAUSES[min(before, len(PAUSES) - 1)]
        new.update(live=0, timeouts=min(before + 1, 99), wait_until=now + pause, reason=observation["message"])


def _newly_enabled(new, observation, now, recent, keep):
    """Follow the state that is seen, and set or clear `enabled`."""
    seen = new["seen"] = observation["seen"]
    if not keep:
        new["enabled"] = 0
    if seen is None:
        new["other"] = 0
    elif seen != ENABLED:
        new["other"] = now
    elif observation["definite"]:
        if new["other"] and now - new["other"] <= recent:
            new["enabled"] = now
        new["other"] = 0  # once for each change


def may_watch(memory, new, observation):
    """Whether the run may go on watching, since it has nothing to report that the last run did not.

    A keepalived that has just started knows of no run before: its session is another (systemd makes one for each start).
    """
    return (
        observation["seen"] is not None
        and observation["seen"] == memory["seen"]
        and new["exit"] == memory["exit"]
        and new["session"] == memory["session"]
        and new["enabled"] == memory["enabled"]
    )


def newly_enabled_left(memory, now, seconds):
    """How long ENABLED still counts as new: 0 not any more, None forever (seconds = 0)."""
    if not memory["enabled"]:
        return 0
    return max(memory["enabled"] + seconds - now, 0) if seconds else None
