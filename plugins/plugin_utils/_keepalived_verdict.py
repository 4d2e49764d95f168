# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""What ``keepalived --config-test`` means by its exit code and by what it prints. Private to this collection.

Source: ``lib/scheduler.h`` and ``keepalived/core/main.c`` of 2.0.10 to 2.4.3, the ChangeLog for 2.0.4 and 2.0.5, and
trying 2.0.19, 2.1.5, 2.2.4, 2.2.7, 2.3.3, 2.3.4 and 2.4.3. The manual page of 2.2 and 2.3 still names the codes of 2.0. 2.1.5
(Debian 11) exits with 0 whatever it finds, unless nothing at all is left to run; but it is silent when all is well. The
option came with 2.0.4, which always exits with 0 and reports to syslog only, so the test is of use from 2.0.5 on.

What is printed is printed by keepalived for a complaint only, and all complaints count as errors to it, also those that change
nothing. With 2.2 the exit code is that of the worst of them: 6 (scripts without script security) hides everything else; and from
2.2.5 on 6 is also the code for a configuration, or an include file, that is missing (before that 7).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import release

_CODES = {0: "good", 4: "fatal", 5: "errors", 6: "security", 7: "fatal"}
# The codes of 2.0.10 to 2.1.5, where they are not 0.
_OLD_CODES = {0: "good", 3: "fatal", 4: "errors", 5: "security", 6: "fatal"}
# Releases whose codes and words agree. Before, the words decide.
_RELIABLE_SINCE = (2, 2, 0)
_TESTS_SINCE = (2, 0, 5)

# Complaints that may be accepted by their name: keepalived counts them as errors, but runs the configuration unchanged.
NAMED = {
    "script_security": r"^SECURITY VIOLATION - ",
    "own_interface": r"[Ii]gnoring track_interface \S+ since own interface",
    "one_member": r"^Sync group .* has only 1 virtual router",
    "deprecated": r"\bdeprecated\b|^Please use global lvs_sync_daemon$|- please replace with keyword ",
    "iptables": r"^iptables not supported, using nftables|^Unknown keyword 'vrrp_ip(?:tables|sets)'",
    "link_local": r"the first IPv6 VIP address must be link local",
    "no_address": r"No VIP specified; at least one is sensible",
    "server_default": r"no (?:scheduler|forwarding method|protocol) set(?:, setting default| - defaulting)",
    "server_port": r"has port specified - (?:port will be ignored|clearing)|protocol specified for fwmark - protocol will be ignored",
    "quorum": r"exceeds total weight of real servers|: hysteresis \d+ >= quorum",
    "rule_preference": r"^Rule has no preference specified",
    "untracked_route": r"cannot track route .* with no interface specified",
    "vmac_xmit_base": r"unicast with use_vmac requires vmac_xmit_base - setting",
    "missing_program": r"Disabling track script .* since not found/accessible",
    "insecure_program": r"Disabling track script .* due to insecure",
    "missing_include": r"^Config files missing '|^Unable to find config file",
}
# The further ones are what the role itself checks on the host.
OURS = ("not_executable", "unknown_user", "own_peer", "source_address")
NAMES = (*NAMED, *OURS)

_SAY = {
    "good": "accepts this configuration",
    "errors": "would run with a part of this configuration only",
    "fatal": "would not run with this configuration",
    "security": "has scripts to run but script security is off: set enable_script_security and script_user in global_defs",
    "failed": "did not finish the test",
}
_PLACE = re.compile(r"^\((?:[^()]*: )?Line \d+\)\s+")
# keepalived repeats a line that it cannot read.
_SECRET = re.compile(r"\b((?:auth_pass|password|(?<!auth_hmac )key\s+\d+)\s+).*")
# What is wrong although keepalived exits with 0: words of a build without an option, and a file that is not there.
_WRONG = re.compile(r"^Unknown keyword|^Error reading config file|^(?:Config files missing|Unable to find config file\S*) '[^*?\[']*'")
# A finding of the role's own, beside keepalived's: "@name sentence".
_OUR_LINE = re.compile(r"@(\w+) (.*)")


def _lines(output: str) -> tuple[list[str], list[tuple[str, str]]]:
    """What keepalived printed, and what we found. The file is read more than once, and each time the same is printed."""
    printed: dict[str, str] = {}
    ours: dict[str, tuple[str, str]] = {}
    for line in output.splitlines():
        text = _SECRET.sub(r"\1********", line.strip())
        found = _OUR_LINE.match(text)
        if found:
            ours.setdefault(text, (found[1], found[2]))
        elif text:
            # Of two equal sentences the one that names the file and line last is the better.
            printed[_PLACE.sub("", text)] = text
    return list(printed.values()), list(ours.values())


def name_of(line: str) -> str | None:
    """The name by which a complaint of keepalived may be accepted."""
    text = _PLACE.sub("", line)
    return next((name for name, pattern in NAMED.items() if re.search(pattern, text)), None)


def unknown(accept: Iterable[str]) -> list[str]:
    """What of the accepted is neither a name nor a sentence."""
    return [item for item in accept if item not in NAMES and " " not in item.strip()]


def verdict(code: int, output: str, version: str, accept: Iterable[str] = ()) -> dict[str, Any]:
    """``state``, ``message`` and ``said`` for one run.

    :param code: exit code; -15 or 143 is a run that ended by a signal.
    :param output: what the run printed.
    :param version: of the keepalived that ran.
    :param accept: names of complaints, or whole sentences, that are no error.
    """
    wanted = {item.strip() for item in accept}
    printed, ours = _lines(output)
    reliable = release(version) >= _RELIABLE_SINCE
    state = (_CODES if reliable else _OLD_CODES).get(code, "failed")
    if state == "security" and not any(name_of(line) == "script_security" for line in printed):
        # The same code is that of a missing configuration.
        state = "fatal" if reliable else "errors"
    # With an exit code of 0 only some of it is wrong.
    complaints = [line for line in printed if state != "good" or not reliable or _WRONG.match(_PLACE.sub("", line))]
    left = [line for line in complaints if name_of(line) not in wanted and _PLACE.sub("", line) not in wanted]
    left_of_ours = [text for name, text in ours if name not in wanted and text not in wanted]
    if state not in ("fatal", "failed"):
        if left:
            state = "security" if {name_of(line) for line in left} == {"script_security"} else "errors"
        elif complaints or state == "good":
            state = "good"
    if () < release(version) < _TESTS_SINCE:
        message = f"keepalived {version} has no config test"
    else:
        message = f"keepalived {version} {_SAY[state]} (exit code {code})"
    if left_of_ours and state == "good":
        message += ", but the host does not fit it"
    message += "."
    if printed:
        message += f" It printed: {'; '.join(_named(line, name_of(line)) for line in printed)}."
    if ours:
        message += f" On the host: {'; '.join(_named(text, name) for name, text in ours)}."
    if left_of_ours and state in ("good", "security"):
        state = "errors"
    return {"state": state, "message": message, "said": printed + [text for _name, text in ours]}


def _named(line: str, name: str | None) -> str:
    return f"{line} [{name}]" if name else line
