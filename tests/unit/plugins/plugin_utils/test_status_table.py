# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts as text for a terminal."""

from __future__ import annotations

import re
import time

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_verdict import gateway_verdict
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status, _status_table
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter import gateway_cases
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.gateway_cases import cluster, gone, host, saw
from hypothesis import given
from hypothesis import strategies as st

render = _status_table.render

OK = gateway_verdict(cluster(host("ENABLED", True, state="MASTER"), host(state="BACKUP"), nc1=saw("cc1")))
ALL = [gateway_verdict({**one[0], "name": name}) for name, one in gateway_cases.SCENARIOS.items()]


def test_one_cluster_in_order():
    assert render(OK) == (
        "one (10.0.0.10): OK: the gateway works\n"
        "  cc1 is ENABLED and holds 10.0.0.10, confirmed by nc1. Node controllers have their gateway.\n"
        "\n"
        "  HOST  CC STATE  HOLDS VIP  CONFIRMED BY  KEEPALIVED\n"
        "  cc1   ENABLED   yes, eth1  nc1           MASTER\n"
        "  cc2   DISABLED  no         -             BACKUP\n"
        "  nc1 gets an answer from cc1 (52:54:00:00:00:01)\n"
    )


def test_what_is_wrong_comes_with_what_to_do_and_what_is_not_known_is_unknown():
    text = render(gateway_verdict(cluster(host("ENABLED", True, certificate_days_left=5), gone(), nc1=gateway_cases.ERROR)))
    assert text.startswith("one (10.0.0.10): UNKNOWN: not everything could be checked\n")
    assert "  What to do: Check that cc2 is up" in text
    assert "  Also: the cloud's certificate on cc1 expires in 5 days. Renew it before then" in text
    assert re.search(r"^  cc2 +unknown +unknown +unknown +- +unreachable$", text, re.M)
    assert "  nc1 could not be queried: ssh: no route to host\n" in text


def test_o4_a_warning_has_advice_and_does_not_say_ok():
    text = render(gateway_verdict(cluster(host("ENABLED", True, certificate_days_left=5), host(), nc1=saw("cc1"))))
    assert text.startswith("one (10.0.0.10): WARNING: the gateway works, but something needs attention\n")
    assert "  What to do: Renew it before then" in text
    assert " ".join(text.split()).count("expires in 5 days") == 1
    assert "WARNING, ok" not in text


def test_o24_a_note_is_shown_and_is_no_alarm():
    text = render(gateway_verdict(cluster(host("ENABLED", True), {**host(), "check": {"current": False}}, nc1=saw("cc1"))))
    assert "one (10.0.0.10): OK: the gateway works\n" in text
    assert "  Note: The check on cc2 is not the one of this version of the collection." in text


def test_worst_first_and_a_line_for_each():
    lines = render(ALL).splitlines()
    head = next(number for number, line in enumerate(lines) if line.startswith("STATUS "))
    rows = lines[head + 1 : head + 1 + len(ALL)]
    order = [line.split()[0] for line in rows]
    assert order == sorted(order, key=["CRITICAL", "UNKNOWN", "WARNING", "PLANNED", "OK"].index)
    names = [line[lines[head].index("CLUSTER") : lines[head].index("  VIP")].strip() for line in rows]
    assert len(set(names)) == len(ALL)


@pytest.mark.parametrize("width", [60, 80, 100, 132])
def test_the_width_is_kept_and_columns_are_aligned(width):
    text = render(ALL, width=width)
    for line in text.splitlines():
        # A word longer than the line, as a command, is not broken.
        assert len(line) <= width or len(max(line.split(), key=len)) > width - 12, line
        assert line == line.rstrip()


def test_clusters_are_sorted_as_people_count():
    verdicts = [gateway_verdict(cluster(host("ENABLED", True), host(), name=name)) for name in ("c10", "c9", "C1")]
    found = [line.split()[1] for line in render(verdicts).splitlines() if line.startswith("OK ")]
    assert found == ["C1", "c9", "c10"]


def test_of_many_only_those_not_in_order_are_told_in_full():
    verdicts = [gateway_verdict(cluster(host("ENABLED", True), host(), name=f"c{number}")) for number in range(4)]
    assert "HOST" not in render(verdicts)
    assert render(verdicts[:3]).count("HOST") == 3
    assert render([*verdicts, ALL[2]]).count("HOST") == 1


@pytest.mark.parametrize(
    ("verdicts", "line"),
    [
        ([], "No gateways."),
        ([OK], "one (10.0.0.10): OK: the gateway works"),
        ([OK, {**OK, "cluster": "two"}], "All 2 gateways work."),
        ([{**ALL[2], "cluster": "two"}], "two (10.0.0.10): PROBLEM: nobody holds the VIP"),
        ([OK, ALL[2]], "1 of 2 gateways needs attention: 1 critical."),
        ([OK, ALL[2], ALL[-2]], "2 of 3 gateways need attention: 1 critical, 1 warning."),
    ],
)
def test_the_first_line_is_the_summary(verdicts, line):
    assert render(verdicts).splitlines()[0] == line


@pytest.mark.parametrize("evil", ["\x1b[2J", "a\nb", "a\rb", "\u202egnp.exe", "\x9b31m", "a\u2028b"])
def test_names_and_messages_play_no_tricks_on_the_terminal(evil):
    given_cluster = cluster(host("ENABLED", True), host(None, state_message=evil), name=f"x{evil}")
    given_cluster["views"] = {f"nc{evil}": {"holders": [], "macs": [], "error": evil}}
    text = render(gateway_verdict(given_cluster))
    assert evil not in text
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u2028\u202a-\u202e]", text)
    assert "\ufffd" in text


@given(st.text(max_size=30), st.text(max_size=60))
def test_any_text_is_shown(name, message):
    given_cluster = cluster(host("ENABLED", True), host(None, state_message=message), name=f"c{name}")
    text = render(gateway_verdict(given_cluster))
    text.encode("utf-8")
    assert "\nWARNING" in text or ": WARNING: " in text


def test_wide_characters_keep_the_columns():
    lines = _status_table.grid(["A", "B"], [["東京", "x"], ["ab", "y"]], 40)
    assert [_status_table.text_width(line[: line.index(cell)]) for line, cell in zip(lines, "Bxy", strict=True)] == [6, 6, 6]


def test_columns_too_wide_are_cut_and_say_so():
    lines = _status_table.grid(["A", "B"], [["a" * 50, "b" * 10]], 40)
    assert lines[1] == "a" * 25 + "...  " + "b" * 10


def many(count):
    names = list(gateway_cases.SCENARIOS)
    return [{**gateway_cases.SCENARIOS[names[number % len(names)]][0], "name": f"cluster{number}"} for number in range(count)]


def test_a_hundred_clusters_are_quick():
    begin = time.process_time()
    text = render(gateway_verdict(many(100)))
    assert time.process_time() - begin < 1
    assert text.count("cluster99") >= 1


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (None, "expected verdicts of eucalyptus.ha.gateway_verdict, got NoneType"),
        ("ok", "got str"),
        ([{}], "got something else"),
        ([None], "got something else"),
        ([{**OK, "severity_name": "bad"}], "cluster one: severity_name must be one of ok, planned, warning, unknown, critical (got 'bad')"),
    ],
)
def test_what_is_no_verdict_is_rejected(bad, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        render(bad)


@pytest.mark.parametrize("width", [39, 0, -1])
def test_a_width_that_is_too_small_is_rejected(width):
    with pytest.raises(ValueError, match=f"width must be at least 40 .got {width}"):
        render(OK, width=width)


@pytest.mark.parametrize(
    ("value", "text", "seconds"),
    [
        (1795358405, "2026-11-22 14:40:05 UTC", 1795358405.0),
        # ansible_facts['date_time']['epoch'] is a text.
        ("1795358405", "2026-11-22 14:40:05 UTC", 1795358405.0),
        (" 1795358405.25\n", "2026-11-22 14:40:05 UTC", 1795358405.25),
        ("2026", "2026", None),
        ("2026-11-22T14:40:05Z", "2026-11-22 14:40:05 UTC", 1795358405.0),
        ("2026-11-22T15:40:05.5+01:00", "2026-11-22 14:40:05 UTC", 1795358405.5),
        ("2026-11-22T14:40:05", "2026-11-22 14:40:05", None),
        ("this morning", "this morning", None),
    ],
)
def test_moments(value, text, seconds):
    assert _status.moment(value) == (text, seconds)
