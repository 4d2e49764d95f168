# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Secrets in the text of a keepalived.conf, hidden for people to read. Private to this collection.

Any keepalived.conf, not only one that this collection wrote: a secret may stand in a comment, in a block on one line, in a
definition ($NAME=VALUE) or on a line that continues another. Rather too much is hidden than too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

# As patterns; a number stands between auth_hmac's key and its secret, and none behind the key of SSL, which is a file.
KEYWORDS = ("auth_pass", "password", r"key\s+\d+")
MASK = "********"
# A shorter secret stands by chance in other words.
SHORTEST = 4

_DEFINITION = re.compile(r"[\s#!]*\$([A-Za-z_]\w*)=")
_REFERENCE = re.compile(r"\$\{?([A-Za-z_]\w*)")
_CONTINUED = re.compile(r"\\\s*\Z")
_LAST = re.compile(r"(?:(?<!\S)\}(?:\s+\})*)?\s*\\?\s*\Z")


def _after(keywords: Iterable[str]) -> re.Pattern[str]:
    """Finds one of the keywords; what stands behind it on the line is a secret."""
    words = "|".join(sorted(keywords, key=len, reverse=True))
    return re.compile(rf"""(?<![\w$])["']?(?:{words})["']?(?=[\s\\]|\Z)""")


def _definitions(text: str) -> Iterator[tuple[str, str]]:
    """Names and values, continued lines joined."""
    for line in re.sub(r"\\[ \t]*\n", " ", text).splitlines():
        found = _DEFINITION.match(line)
        if found:
            yield found[1], line[found.end() :]


def _rules(text: str) -> tuple[re.Pattern[str], set[str]]:
    """What a secret stands behind: a keyword, or a name that is defined as one; and the names whose values are secrets."""
    defined = list(_definitions(text))
    keyword = _after(KEYWORDS)
    words = [*KEYWORDS, *(rf"\$\{{?{name}\}}?" for name, value in defined if keyword.search(value))]
    keyword = _after(words)
    names: set[str] = set()
    for line in re.sub(r"\\[ \t]*\n", " ", text).splitlines():
        found = keyword.search(line)
        if found and not _DEFINITION.match(line):
            names.update(_REFERENCE.findall(line[found.end() :]))
    while True:
        more = {other for name, value in defined if name in names for other in _REFERENCE.findall(value)} - names
        if not more:
            return keyword, names
        names |= more


def _hidden(text: str) -> str:
    """A mask with the blanks before it, and with what ends the line or a block behind it."""
    start = len(text) - len(text.lstrip())
    found = _LAST.search(text, start)
    end = found.start() if found else len(text)
    secret = text[start:end].rstrip()
    return text[:start] + (MASK if secret else "") + text[start + len(secret) :]


def _split(text: str) -> Iterator[tuple[str, str]]:
    """Each line, as what may be shown and the secret behind it."""
    keyword, names = _rules(text)
    continued = False
    for line in text.split("\n"):
        definition = _DEFINITION.match(line)
        found = keyword.search(line)
        if continued:
            shown = 0
        elif definition and definition[1] in names:
            shown = definition.end()
        elif found:
            shown = found.end()
        else:
            yield line, ""
            continue
        yield line[:shown], line[shown:]
        continued = bool(_CONTINUED.search(line))


def secrets(text: str) -> set[str]:
    """The secrets themselves, as far as they can be distinguished from other words."""
    found = set()
    for shown, hidden in _split(text):
        # In prose after a keyword any word would count.
        prose = re.match(r"\s*[#!]", shown) and (len(hidden.split()) > 1 or len(shown.strip("#! \t").split()) > 1)
        if hidden and not prose:
            word = re.match(r"""\s*(?:"([^"]*)"|'([^']*)'|([^\s"'{}\\]\S*))""", hidden)
            found.add(next((one for one in word.groups() if one), "") if word else "")
    return {one for one in found if len(one) >= SHORTEST}


def mask(text: str, *others: str) -> str:
    """The text with its secrets replaced, and with those of other texts that stand in it too."""
    lines = [shown + _hidden(hidden) for shown, hidden in _split(text)]
    masked = "\n".join(lines)
    for secret in sorted(set().union(*map(secrets, (text, *others))), key=len, reverse=True):
        masked = masked.replace(secret, MASK)
    return masked
