# SPDX-License-Identifier: GPL-3.0-or-later
"""Our rules in the running tables, against the real iptables in a network namespace of the test's own."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("uses subprocess and socket as later Pythons have them", allow_module_level=True)

import json
import os
import shutil
import subprocess
from pathlib import Path

from ansible_collections.eucalyptus.ha.plugins.module_utils import _iptables_preload, _packet_filter

COLLECTIONS = Path(__file__).resolve().parents[4] / ".cache" / "collections"
pytestmark = pytest.mark.skipif(
    os.geteuid() != 0 or not shutil.which("iptables") or not shutil.which("unshare"),
    reason="needs root, iptables and a network namespace",
)

COMMENT = "eucalyptus.ha"
MASQUERADE = {
    "table": "nat", "chain": "POSTROUTING", "source": "10.0.0.0/24", "destination": "!10.0.0.0/24", "comment": COMMENT,
    "jump": "MASQUERADE",
}  # fmt: skip
ANSWERS = {
    "table": "filter", "chain": "FORWARD", "destination": "10.0.0.0/24", "ctstate": ["RELATED", "ESTABLISHED"], "comment": COMMENT,
    "jump": "ACCEPT",
}  # fmt: skip
VRRP = {"table": "filter", "chain": "INPUT", "source": "10.0.0.2", "protocol": "vrrp", "comment": COMMENT, "jump": "ACCEPT"}
STRANGERS = {
    "table": "filter", "chain": "INPUT", "source": "!10.0.0.2", "destination": "10.0.0.1", "protocol": "vrrp", "comment": COMMENT,
    "jump": "DROP",
}  # fmt: skip
RULES = [VRRP, STRANGERS, MASQUERADE, ANSWERS]

PROGRAM = """
import json, subprocess, sys
from ansible_collections.eucalyptus.ha.plugins.module_utils import _packet_filter as filter_
for step, argument in json.load(sys.stdin):
    if step == "run":
        subprocess.check_call(argument, shell=True)
    elif step == "apply":
        filter_.apply("eucalyptus.ha", argument)
    elif step == "lost":
        print(json.dumps(filter_.lost("eucalyptus.ha", argument)))
    else:
        print(json.dumps(filter_.plan("eucalyptus.ha", argument)))
"""


def steps(*given):
    """What each `plan` among the steps found."""
    done = subprocess.run(
        ["unshare", "--net", sys.executable, "-c", PROGRAM],
        input=json.dumps(given),
        env=dict(os.environ, PYTHONPATH=os.pathsep.join([str(COLLECTIONS)] + list(sys.path))),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_rules_are_set_once_and_a_second_run_finds_nothing_to_do():
    before, after, again = steps(("plan", RULES), ("apply", RULES), ("plan", RULES), ("apply", RULES), ("plan", RULES))
    assert [len(part) for part in before] == [len(RULES), 0]
    assert after == again == [[], []]


@pytest.mark.parametrize("table", ["filter", "nat"])
def test_p8_rules_that_a_flush_has_taken_are_set_again(table):
    flushed, repaired = steps(
        ("apply", RULES), ("run", "iptables -t {} -F".format(table)), ("plan", RULES), ("apply", RULES), ("plan", RULES)
    )
    assert flushed[0] == [rule for rule in RULES if rule["table"] == table]
    assert repaired == [[], []]


def test_rules_of_former_peers_and_doubles_go_and_those_of_others_stay():
    former = dict(VRRP, source="10.0.0.9")
    foreign = "iptables -A INPUT -s 10.0.0.9/32 -p vrrp -m comment --comment mine -j ACCEPT"
    double = "iptables -A INPUT -s 10.0.0.2/32 -p vrrp -m comment --comment eucalyptus.ha -j ACCEPT"
    listed = "iptables-save -t filter | grep -c 10.0.0.9 | xargs test 1 -eq"
    found, after = steps(
        ("apply", [former]), ("run", foreign), ("apply", RULES + [former]), ("run", double), ("plan", RULES), ("apply", RULES),
        ("plan", RULES), ("run", listed),
    )  # fmt: skip
    assert len(found[1]) == 2, found
    assert after == [[], []]


def test_o21_no_rules_wanted_removes_ours_and_reports_only_those_in_effect():
    found, after = steps(
        ("apply", RULES), ("plan", []), ("apply", []), ("plan", []), ("run", "! iptables-save | grep -q eucalyptus.ha")
    )
    assert (len(found[0]), len(found[1])) == (0, len(RULES))
    assert after == [[], []]


@pytest.mark.parametrize("table", ["filter", "nat"])
def test_p4_rules_that_a_flush_has_taken_are_reported_by_status(table, tmp_path):
    preload = tmp_path / "iptables-preload"
    preload.write_text(_iptables_preload.edit("*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n", RULES, COMMENT), encoding="ascii")
    whole, flushed = steps(
        ("apply", RULES), ("lost", str(preload)), ("run", "iptables -t {} -F".format(table)), ("lost", str(preload))
    )
    assert whole == []
    assert len(flushed) == len([rule for rule in RULES if rule["table"] == table])
    assert all(line.startswith("{}: -A ".format(table)) for line in flushed)


@pytest.mark.parametrize("text", [None, "*filter\n-A INPUT -p tcp --dport 22 -j ACCEPT\nCOMMIT\n"])
def test_p4_without_rules_of_the_gateway_nothing_is_lost(text, tmp_path):
    preload = tmp_path / "iptables-preload"
    if text:
        preload.write_text(text, encoding="ascii")
    assert steps(("lost", str(preload))) == [None]


@pytest.mark.parametrize(
    ("plans", "found"),
    [
        ([([VRRP], []), ([], [])], ([], [])),
        ([([], ["filter: double"]), ([VRRP], []), ([], [])], ([], [])),
        ([([VRRP], [])] * _packet_filter.ATTEMPTS, ([VRRP], [])),
    ],
)
def test_a_controller_that_loads_its_preload_file_right_now_has_lost_no_rule(monkeypatch, plans, found):
    left = list(plans)
    monkeypatch.setattr(_packet_filter, "plan", lambda comment, rules: left.pop(0))
    monkeypatch.setattr(_packet_filter.time, "sleep", lambda seconds: None)
    assert _packet_filter.lasting_plan(COMMENT, [VRRP]) == found
    assert left == []
