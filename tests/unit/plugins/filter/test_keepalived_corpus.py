# SPDX-License-Identifier: GPL-3.0-or-later
"""Every block and keyword of keepalived 1.3.5 to 2.4.3 as data and as text: written, judged and checked alike."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_conf import keepalived_conf
from ansible_collections.eucalyptus.ha.plugins.filter.keepalived_problems import keepalived_problems
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_grammar import FIRST_RELEASE, release
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._keepalived_verdict import NAMED, name_of, verdict
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.keepalived_judge import (
    DATA,
    TEXT,
    VERSION,
    includes,
    judge,
    keywords,
    needed,
    tokens,
)

NEWEST = "2.4.3"
# What keepalived 2.2 counts as errors in them, by the names under which it can be accepted.
COMPLAINTS = {
    "global-iptables": {"iptables"},
    "instance-old-words": {"deprecated"},
    "lvs-check-http": {"deprecated"},
    "lvs-check-https": {"deprecated"},
    "lvs-groups-and-marks": {"server_port"},
    "main-the-article": {"script_security"},
    "notices-lvs": {"quorum", "server_default", "server_port"},
    "notices-vrrp": {"no_address", "one_member", "own_interface", "rule_preference", "untracked_route", "vmac_xmit_base"},
    "sync-group-global-tracking": {"deprecated"},
}
needs_keepalived = pytest.mark.skipif(not VERSION, reason="needs the program keepalived and a network namespace of its own")


def test_there_is_a_text_for_each_data() -> None:
    assert len(DATA) >= 60
    assert set(DATA) == set(TEXT)


def test_every_keyword_is_covered() -> None:
    covered = set().union(*(keywords(data) | includes(data) for data in DATA.values()))
    assert covered == set(FIRST_RELEASE)


@pytest.mark.parametrize("name", DATA)
def test_what_is_written_is_the_text_word_by_word(name: str) -> None:
    assert tokens(keepalived_conf(DATA[name])) == tokens(TEXT[name])


@pytest.mark.parametrize("name", DATA)
def test_our_checks_give_no_false_alarm(name: str) -> None:
    assert keepalived_problems(DATA[name]) == []
    assert keepalived_problems(DATA[name], NEWEST) == []


@pytest.mark.parametrize("name", [name for name in DATA if needed(DATA[name]) != "1.3.5"])
def test_p7_what_is_newer_than_the_host_is_rejected(name: str) -> None:
    """Each by the release before the first one that knows it; what only tunes is reported instead."""
    first = needed(DATA[name])
    major, minor, patch = release(first)
    before = f"{major}.{minor}.{patch - 1}" if patch else f"{major}.{minor - 1}.99" if minor else f"{major - 1}.99"
    found = keepalived_problems(DATA[name], before) + keepalived_problems(DATA[name], before, kind="warnings")
    assert any(f"needs keepalived {first} (this host has {before})" in problem for problem in found), found


@needs_keepalived
def test_keepalived_judges_data_and_text_alike(tmp_path: Path) -> None:
    written = {f"{name}.data": keepalived_conf(data) for name, data in DATA.items()}
    found = judge({**written, **{f"{name}.text": text for name, text in TEXT.items()}}, tmp_path)

    def judged(name: str) -> tuple[int, list[str]]:
        code, words = found[name]
        return code, [re.sub(r"Line \d+", "Line", word) for word in words]

    differences = {name: (judged(f"{name}.data"), judged(f"{name}.text")) for name in DATA}
    assert {name: both for name, both in differences.items() if both[0] != both[1]} == {}
    if not VERSION.startswith("2.2."):
        return
    # And the judge finds what is to be found, and nothing else.
    for name, data in DATA.items():
        code, words = found[f"{name}.text"]
        if release(needed(data)) > release(VERSION):
            assert any("Unknown keyword" in word for word in words), name
        elif keepalived_problems(data, VERSION):
            assert code == 5, name
        else:
            accepted = COMPLAINTS.get(name, set())
            assert {name_of(word) for word in words} == accepted, (name, words)
            assert verdict(code, "\n".join(words), VERSION, accepted)["state"] == "good", name
            assert (verdict(code, "\n".join(words), VERSION)["state"] == "good") == (not accepted), name


def test_the_names_of_complaints_are_those_of_the_notices() -> None:
    assert set().union(*COMPLAINTS.values()) <= set(NAMED)
