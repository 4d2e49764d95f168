# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""One run of the check: memory, observation, decision, report."""

# ruff: noqa: PLC0415  (imports inside of functions: see common.py)

from __future__ import absolute_import, division, print_function

import posix
import sys
import time

from .command_line import HELP, parse_arguments
from .common import TimedOut, Trouble, Waiting, WrongCall, clean, now
from .deadline import Deadline
from .decision import (
    FAILED,
    NOTHING,
    RECENT,
    TIMED_OUT,
    decide,
    grace_left,
    may_watch,
    newly_enabled_left,
)
from .memory import MemoryFile, moment
from .soap import observe_soap
from .state_file import observe_state_file, watch_state_file

__metaclass__ = type


def write(text):
    """To standard output."""
    try:
        posix.write(1, (text + "\n").encode("ascii"))
    except EnvironmentError:
        pass  # the exit status still counts


def observe(options, memory, since_boot):
    """The observation (decision.py). Never raises, never takes longer than the timeout."""
    observation = {"seen": None, "state": None, "definite": False, "asked": None, "message": "", "trouble": None}
    try:
        deadline = Deadline(options["timeout"])
        try:
            if options["source"] == "soap":
                observe_soap(options, deadline, memory, since_boot, observation)
            else:
                observe_state_file(options, deadline, memory, since_boot, observation)
        finally:
            deadline.disarm()
    except (TimedOut, Waiting) as error:  # what the state file shows counts nevertheless
        observation.update(state=None, definite=False, message="%s" % error)
        if observation["asked"] == FAILED:
            observation["asked"] = TIMED_OUT
    except Trouble as error:
        observation.update(seen=None, state=None, definite=False, message="%s" % error, trouble=error.kind)
    except Exception as error:
        observation.update(seen=None, state=None, definite=False, message="fault of the check: %s: %s" % (type(error).__name__, error))
    observation["message"] = clean(observation["message"])
    return observation


def look(options, memory, since_boot):
    """(new memory, result, seconds since boot) of a run with a memory, which watches while there is nothing new to report."""
    start = now()
    grace, recent = options["grace"], RECENT[options["source"]]
    observation = observe(options, memory, since_boot)
    since_boot = moment()
    new, result = decide(memory, observation, since_boot, grace, recent)
    new["session"] = posix.getsid(0)
    end = start + options["watch"]
    if result["remembered"]:
        end = min(end, now() + grace_left(memory, since_boot, grace))
    if now() >= end or not may_watch(memory, new, observation):
        return new, result, since_boot
    changed = watch_state_file(options["state-file"], observation, end)
    since_boot = moment()
    if changed:
        observation = observe(dict(options, timeout=max(start + options["timeout"] - now(), 0.1)), new, since_boot)
        if observation["asked"] == TIMED_OUT:
            observation["asked"] = FAILED  # it had less time than a request has: the next run need not wait for one
        memory, since_boot = new, moment()
    new, result = decide(memory, observation, since_boot, grace, recent)
    return new, result, since_boot


def check_enabled(options):
    """The result of a run that reports the CC's state, and further lines for --verbose."""
    try:
        memory_file = MemoryFile(options) if options["memory"] else None
        memory, since_boot = memory_file.recall() if memory_file else (NOTHING, 0)
    except (Trouble, ValueError) as error:
        memory_file, notes = None, ["no memory: %s" % error]
    else:
        notes = ["remembered: %s" % memory] if memory_file else []
    if not memory_file:
        observation = observe(options, NOTHING, 0)
        result = decide(NOTHING, observation, 0, 0, 0)[1]
        result.update(message=clean(result["message"]), trouble=observation["trouble"])
        return result, notes
    memory, result, since_boot = look(options, memory, since_boot)
    result["message"] = clean(result["message"])
    trouble = memory_file.store(memory, since_boot, result["message"])
    if trouble:
        result["message"] = clean("%s (%s)" % (result["message"], trouble))
    return result, notes


def check_newly_enabled(options):
    """The result of a run with --newly-enabled, which only reads the memory."""
    seconds, end = options["newly-enabled"], now() + options["watch"]
    memory_file = MemoryFile(options)
    mark = memory_file.change_mark()
    memory, since_boot = memory_file.recall(any_source=True)
    left = newly_enabled_left(memory, since_boot, seconds)
    # The first runs after the change report it at once; later ones watch for its end.
    if left == 0 or since_boot - memory["enabled"] > options["watch"] + 1:
        before, booted = left == 0, since_boot - now()
        while now() < end and (left == 0) == before:
            time.sleep(0.02)
            if memory_file.change_mark() != mark:
                mark = memory_file.change_mark()
                memory = memory_file.recall(any_source=True)[0]
            since_boot = booted + now()
            left = newly_enabled_left(memory, since_boot, seconds)
    age = since_boot - memory["enabled"]
    if left == 0:
        message = "NO: localState has not changed to ENABLED" + (" for %.1f s" % age if memory["enabled"] else "")
    else:
        message = "YES: localState changed to ENABLED %.1f s ago" % age
    return {
        "local_state": memory["answer"], "enabled": left != 0, "definite": False, "message": message, "remembered": False,
    }, []  # fmt: skip


def check(options):
    """Returns the object that --json prints, and further lines for --verbose."""
    start = now()
    if options["newly-enabled"] is None:
        result, notes = check_enabled(options)
    else:
        try:
            result, notes = check_newly_enabled(options)
        except (Trouble, ValueError) as error:
            result, notes = failure("no memory: %s" % error), []
    result.update(source=options["source"], elapsed=round(now() - start, 6))
    return result, notes


def failure(message):
    return {
        "local_state": None, "enabled": False, "definite": False, "source": "soap",
        "message": clean("UNKNOWN: %s" % message), "elapsed": 0.0, "remembered": False,
    }  # fmt: skip


def main(words):
    """The exit status; one line or more on standard output."""
    notes = []
    try:
        options = parse_arguments(words)
    except WrongCall as error:
        options = {"json": "--json" in words, "verbose": False, "help": "--help" in words}
        result = failure("invalid arguments: %s" % error)
    else:
        if not options["help"]:
            result, notes = check(options)
    if options["help"]:
        write(HELP)
        return 1
    if options["json"]:
        import json

        write(json.dumps(result, sort_keys=True))
    else:
        write(result["message"])
    if options["verbose"] and not options["json"]:
        notes += ["%s: %s" % (name, result[name]) for name in ("source", "definite", "remembered", "elapsed")]
        for note in notes:
            write(clean("  " + note))
    return 0 if result["enabled"] is True else 1


def run():
    """The whole program. The interpreter's orderly end is skipped: it takes a millisecond, and there is nothing to save."""
    posix._exit(main(sys.argv[1:]))
