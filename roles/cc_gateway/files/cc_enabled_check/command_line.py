# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""The command line of the check."""

from __future__ import absolute_import, division, print_function

from .common import WrongCall

__metaclass__ = type

HELP = """\
Is this host's Eucalyptus Cluster Controller (CC) ENABLED? A check for keepalived's vrrp_script.

Usage: python3 -E -s -S cc-enabled-check [ARGUMENTS]

Exit status 0: the CC's own localState is ENABLED. 1: anything else, a wrong call and --help included.
One line on standard output reports what was found. Never takes longer than --timeout.

  --host HOST          where the CC listens; a name or an IPv4 or IPv6 address (default 127.0.0.1)
  --port PORT          CC_PORT of eucalyptus.conf (default 8774)
  --timeout SECONDS    for the whole check, 0.1 to 60 (default 1.5)
  --source soap        query the CC with DescribeServices (default), signed with the two files below. Each query empties
                       the CC's topology until its cloud controller's next heartbeat: do this seldom
  --key FILE           cloud-pk.pem, PEM, unencrypted (default /var/lib/eucalyptus/keys/cloud-pk.pem)
  --cert FILE          cloud-cert.pem, PEM (default /var/lib/eucalyptus/keys/cloud-cert.pem)
  --source state_file  read the CC's live configuration, and verify by GET that the CC responds: no key, no side effect
  --state-file FILE    (default /var/lib/eucalyptus/CC/eucalyptusCCConfig)
  --memory FILE        remember here what later runs need; the directory belongs to the user of the check
  --grace SECONDS      without an answer, the last one, if ENABLED, holds for so long, 0 to 3600 (default 0)
  --live-every SECONDS with state_file: no GET while the last one that was answered is less old than this and the state
                       stays the same, 0 to 60 (default 0: a GET in every run)
  --watch SECONDS      while there is nothing new to report, wait so long for a change (of the state file; of the memory
                       with --newly-enabled) and report it at once, 0 to 10 and less than --timeout (default 0)
  --newly-enabled SECONDS  another check, which sends no request: exit status 0 only while the memory shows that localState
                       changed to ENABLED less than so long ago, 0 to 3600 (0: as long as it stays ENABLED)
  --verbose            more lines about what was done
  --json               one JSON object instead of the line: local_state (string or null), enabled (boolean),
                       definite (boolean: the CC itself shows it now), source, message, elapsed (seconds),
                       remembered (boolean: ENABLED by --grace); without --memory also trouble (absent, unreadable, layout or
                       null: what is wrong with the state file)
  --help               this text

After a request that timed out, the next one is made 2 s later, then 4, 8, 16 and 30 s (with --memory). A change in the
state file ends the wait, and begins anew. Meanwhile the check reports that there is no answer.

The memory file has eleven lines, ASCII, mode 0600, replaced as a whole by every run that reports a state. Times are
seconds since boot, 0 for none:

  cc-enabled-check memory 2
  boot <kernel's boot ID>
  source <what was queried: source, host, port, and the state file if any>
  answer <last definite localState, or "none"> <when it was observed>
  seen <localState that the last run saw, or "none"> <when another than ENABLED was seen last, nothing unknown since>
  enabled <when the change from such a state to ENABLED was observed, while it stays ENABLED>
  live <when a request was answered last, 0 after one that failed>
  failed <number of timeouts in a row> <no request before> <what the last one was waiting for>
  run <exit status of the last run> <when> <UTC, ISO 8601> <its session: with another, nothing is watched>
  message <the line that the last run reported>
  end

A notify script takes its reason from the line `message`.
"""

VALUES = {
    "host": "127.0.0.1",
    "port": "8774",
    "timeout": "1.5",
    "source": "soap",
    "key": "/var/lib/eucalyptus/keys/cloud-pk.pem",
    "cert": "/var/lib/eucalyptus/keys/cloud-cert.pem",
    "state-file": "/var/lib/eucalyptus/CC/eucalyptusCCConfig",
    "memory": "",
    "grace": "0",
    "live-every": "0",
    "watch": "0",
    "newly-enabled": "",
}
FLAGS = ("verbose", "json", "help")


def number(kind, options, name, low, high):
    try:
        value = kind(options[name])
    except ValueError:
        value = None
    if value is None or not low <= value <= high:
        raise WrongCall("--%s must be a number from %s to %s (got '%s')" % (name, low, high, options[name]))
    options[name] = value


def parse_arguments(words):
    """The options as a dict; the text of WrongCall is what is wrong with them."""
    options = dict(VALUES)
    options.update((name, False) for name in FLAGS)
    seen = set()
    words = iter(words)
    for word in words:
        name, equals, value = word[2:].partition("=")
        if word[:2] != "--" or name not in options or (equals and name in FLAGS):
            raise WrongCall("unknown argument '%s'; --help lists them" % word)
        if name in seen:
            raise WrongCall("--%s is given twice" % name)
        seen.add(name)
        if name in FLAGS:
            options[name] = True
            continue
        if not equals:
            value = next(words, "--")
            if value[:2] == "--":
                raise WrongCall("--%s needs a value" % name)
        if not value:
            raise WrongCall("--%s has an empty value" % name)
        options[name] = value
    number(int, options, "port", 1, 65535)
    number(float, options, "timeout", 0.1, 60)
    number(float, options, "grace", 0, 3600)
    number(float, options, "live-every", 0, 60)
    number(float, options, "watch", 0, 10)
    newly = "newly-enabled" in seen
    if newly:
        number(float, options, "newly-enabled", 0, 3600)
    else:
        options["newly-enabled"] = None
    if options["source"] not in ("soap", "state_file"):
        raise WrongCall("--source must be soap or state_file (got '%s')" % options["source"])
    # The host stands in signed text and in an HTTP header: nothing may need escaping there.
    if options["host"].strip("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_:%"):
        raise WrongCall("--host must be a host name or an address (got '%s')" % options["host"])
    for name in ("grace", "live-every", "watch"):
        if options[name] and not options["memory"]:
            raise WrongCall("--%s needs --memory FILE" % name)
    if newly and not options["memory"]:
        raise WrongCall("--newly-enabled needs --memory FILE")
    if options["source"] != "state_file":
        if options["watch"] and not newly:
            raise WrongCall("--watch needs --source state_file or --newly-enabled")
        if options["live-every"]:
            raise WrongCall("--live-every needs --source state_file")
    if options["watch"] >= options["timeout"]:
        raise WrongCall("--watch must be less than --timeout (%g)" % options["timeout"])
    return options
