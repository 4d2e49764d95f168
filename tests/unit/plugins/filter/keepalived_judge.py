# SPDX-License-Identifier: GPL-3.0-or-later
"""Configurations of keepalived as data and as text (keepalived_corpus/), and keepalived's own test as their judge."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import GRAMMAR, release
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_render import INCLUDES

DIRECTORY = Path(__file__).with_name("keepalived_corpus")
DATA: dict[str, Any] = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in sorted(DIRECTORY.glob("*.yml"))
}
TEXT = {file.stem: file.read_text(encoding="utf-8") for file in sorted(DIRECTORY.glob("*.conf"))}

KEEPALIVED = shutil.which("keepalived", path="/usr/sbin:/usr/bin")


def can_unshare() -> bool:
    return (
        os.geteuid() == 0
        and subprocess.run(["unshare", "--net", "true"], check=False, capture_output=True).returncode == 0
    )


def version() -> str:
    """The version of keepalived here; empty without one that can be tried."""
    if KEEPALIVED is None or not can_unshare():
        return ""
    said = subprocess.run([KEEPALIVED, "--version"], check=True, capture_output=True, text=True).stderr
    return re.findall(r"v([\d.]+)", said)[0]


VERSION = version()


def read_words(line: str) -> list[str]:
    """A line as keepalived splits it: double quotes hold together and protect; a mark starts a comment."""
    words, word, quoted, started = [], "", False, False
    for char in line:
        if char == '"':
            quoted, started = not quoted, True
        elif quoted:
            word += char
        elif char in "#!":
            break
        elif char.isspace():
            if started:
                words.append(word)
            word, started = "", False
        else:
            word, started = word + char, True
    assert not quoted, line
    if started:
        words.append(word)
    return words


def tokens(text: str) -> list[list[str]]:
    """The words of each line that has any. Only a line feed ends a line for keepalived, which knows bytes and no Unicode."""
    return [words for line in text.split("\n") if (words := read_words(line))]


# Four links and two addresses, and a file to include; then every *.conf of the directory, two at a time.
_JUDGE = """
cd "$1" || exit 1
ip link set lo up
for pair in 'e0 e1' 'e2 e3'; do
    set -- "$1" "$2" $pair
    ip link add "$3" type veth peer name "$4" && ip link set "$3" up && ip link set "$4" up || exit 1
done
ip address add 10.0.0.1/24 dev e0 && ip address add 10.0.1.1/24 dev e1 || exit 1
: > wanted.conf
export keepalived="$2" directory="$1"
ls ./*.test.conf | xargs -n 1 -P 2 sh -c '
    file="$directory/${0#./}"
    trap "" TERM
    "$keepalived" --config-test -f "$file" > "$file.out" 2>&1
    echo "$?" > "$file.code"
'
"""


def judge(texts: Mapping[str, str], directory: Path) -> dict[str, tuple[int, list[str]]]:
    """Exit code and words of keepalived's config test for each text, in a network namespace with the links e0 to e3.

    The words are without the name of the file, sorted, each once.
    """
    assert KEEPALIVED
    # A config test writes some of the files that it reads the names of, so each text has its own: they are tested side by side.
    # keepalived 2.2.7 overruns a buffer when they are long.
    with tempfile.TemporaryDirectory(prefix="corpus-") as short:
        own = {name: f"{short}/{number}" for number, name in enumerate(texts)}
        for name, text in texts.items():
            (directory / f"{name}.test.conf").write_text(text.replace("/tmp/corpus", own[name]), encoding="utf-8")
        subprocess.run(
            ["unshare", "--net", "sh", "-c", _JUDGE, "sh", str(directory), KEEPALIVED],
            check=True,
            timeout=300,
            stdin=subprocess.DEVNULL,
        )
    found = {}
    for name in texts:
        file = directory / f"{name}.test.conf"
        words = Path(f"{file}.out").read_text(encoding="utf-8").replace(str(file), "keepalived.conf").replace(own[name], "/tmp/c")
        found[name] = (int(Path(f"{file}.code").read_text(encoding="utf-8")), sorted(set(words.splitlines())))
    return found


def keywords(data: Any, table: str = "main") -> set[tuple[str, str]]:
    """The keywords used, each with its block."""
    found: set[tuple[str, str]] = set()
    for key in data:
        rule = GRAMMAR[table].get(key)
        if rule is None:
            continue
        found.add((table, key))
        if rule.kind in ("block", "named"):
            value = data[key]
            for item in value if isinstance(value, list) else list(value.values()) if rule.kind == "named" else [value]:
                if isinstance(item, dict):
                    found |= keywords(item, rule.argument)
    return found


def includes(data: Any) -> set[tuple[str, str]]:
    """The kinds of include files used, wherever they stand."""
    if isinstance(data, dict):
        return {("main", key) for key in data if key in INCLUDES}.union(*map(includes, data.values()))
    return set().union(*map(includes, data)) if isinstance(data, list) else set()


def needed(data: Any) -> str:
    """The first release that knows every keyword."""
    return max((GRAMMAR[table][key].since for table, key in keywords(data)), key=release, default="1.3.5")
