# SPDX-License-Identifier: GPL-3.0-or-later
"""The verdicts: each situation by name, then every combination of what can be known against rules of their own."""

from __future__ import annotations

import copy
import itertools
import json

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_verdict import FilterModule
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter import gateway_cases, write_verdict_words
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.gateway_cases import OUTSIDE, cluster, gone, host, saw
from hypothesis import given, settings
from hypothesis import strategies as st

gateway_verdict = FilterModule().filters()["gateway_verdict"]

WORDS = yaml.safe_load(write_verdict_words.WORDS.read_text(encoding="utf-8"))
SEVERITIES = {
    "ok": {"ok", "warning"}, "maintenance": {"planned", "warning"}, "unknown": {"unknown"}, "no_standby": {"warning"},
    "certificate_expired": {"warning"}, "run_in_progress": {"planned"},
}  # fmt: skip


@pytest.mark.parametrize("name", gateway_cases.SCENARIOS)
def test_a_situation(name):
    given_cluster, verdict, severity, sentence, advice = gateway_cases.SCENARIOS[name]
    found = gateway_verdict(given_cluster)
    assert (found["verdict"], found["severity_name"]) == (verdict, severity), found["sentence"]
    for words in sentence:
        assert words in found["sentence"]
    for words in advice:
        assert words in found["advice"]


@pytest.mark.parametrize("name", write_verdict_words.CASES)
def test_the_words_to_the_letter(name):
    """Nobody reads a sentence again once it is written; a change of one shows in verdict_words.yml, for a reader."""
    found = gateway_verdict(write_verdict_words.CASES[name])
    assert {key: found[key] for key in WORDS[name]} == WORDS[name]


def test_all_words_have_their_case():
    assert list(WORDS) == list(write_verdict_words.CASES)


def held(one):
    return one["reachable"] and bool(one["vip_fact"]["vips"]) and one["vip_fact"]["vips"][0]["held"]


def in_maintenance(one):
    return one.get("maintenance") or bool(one["vip_fact"] and one["vip_fact"]["maintenance"])


def may_be_ok(given_cluster):
    """The rule of ok, as strict as can be: everybody was asked, and all report the same right thing."""
    hosts, views = given_cluster["hosts"], given_cluster["views"]
    if not all(one["reachable"] and one["local_state"] and one["vip_fact"]["vips"] for one in hosts.values()):
        return False
    holders = [name for name, one in hosts.items() if held(one)]
    enabled = [name for name, one in hosts.items() if one["local_state"] == "ENABLED"]
    if len(holders) != 1 or holders != enabled or any(map(in_maintenance, hosts.values())) or len(hosts) == 1:
        return False
    # A standby that could not take over is a verdict of its own.
    if any(one["local_state"] not in ("ENABLED", "DISABLED") for one in hosts.values()):
        return False
    asked = [view for view in views.values() if not view.get("unsupported")]
    if any(view["error"] or view.get("foreign_macs") or len(view["macs"]) != 1 for view in asked):
        return False
    names = [view["macs"] for view in asked if not view["holders"]]
    return all(view["holders"] in ([], holders) for view in asked) and all(one == names[0] for one in names)


def check(given_cluster):
    found = gateway_verdict(given_cluster)
    verdict, hosts, views = found["verdict"], given_cluster["hosts"], given_cluster["views"]
    holders = [name for name, one in hosts.items() if held(one)]
    enabled = [name for name, one in hosts.items() if one["local_state"] == "ENABLED"]
    crowded = [view for view in views.values() if len(view["macs"]) > 1]

    assert (verdict == "ok") == may_be_ok(given_cluster)
    if len(holders) > 1 or crowded:
        assert verdict == "split"
    if verdict == "split":
        assert len(holders) > 1 or views
    if len(enabled) > 1:
        assert verdict in ("split", "absent", "two_controllers_enabled", "wrong_holder", "unknown")
        if len(holders) == 1 and not views:
            assert verdict == "two_controllers_enabled"
    if verdict == "two_controllers_enabled":
        assert len(enabled) > 1
    if verdict == "no_controller_enabled":
        assert not enabled
        assert all(one["local_state"] for one in hosts.values())
    if verdict == "maintenance":
        assert any(map(in_maintenance, hosts.values()))
        assert len(found["holders"]) == 1
        assert not in_maintenance(hosts[found["holder"]])
    if verdict == "no_standby":
        assert (found["holders"], found["holders"]) == (enabled, holders)
        standby = [one for name, one in hosts.items() if name not in holders and not in_maintenance(one)]
        assert all(one["reachable"] and one["vip_fact"]["vips"] for one in standby)
        assert any(one["local_state"] not in ("ENABLED", "DISABLED") for one in standby)
    if verdict == "absent":
        asked = [view for view in views.values() if not view.get("unsupported") and not view["error"]]
        everybody = all(one["reachable"] and one["vip_fact"]["vips"] for one in hosts.values())
        assert any(not view["macs"] for view in asked) or (everybody and not holders)
    if not views and all(one["reachable"] and one["vip_fact"]["vips"] for one in hosts.values()) and not holders:
        assert verdict == "absent"

    # The words are fit to be read.
    assert found["severity_name"] in SEVERITIES.get(verdict, {"critical"})
    assert found["severity"] == {"ok": 0, "planned": 0, "warning": 1, "critical": 2, "unknown": 3}[found["severity_name"]]
    assert gateway_cases.VIP in found["sentence"]
    assert "ode controller" in found["sentence"] or "default gateway" in found["sentence"] or verdict == "no_standby"
    if not any(not view.get("unsupported") and not view["error"] for view in views.values()):
        assert "ode controllers have their gateway" not in found["sentence"]
    warnings = [text for one in found["warnings"] for text in one.values()]
    for text in (found["sentence"], found["advice"], *warnings, *found["notes"]):
        assert text == text.strip()
        assert "  " not in text
        assert "None" not in text
        assert ".." not in text
        assert not {"{", "}"} & set(text)
    assert found["sentence"].endswith(".")
    assert found["advice"].endswith((".", "?"))
    for name in found["holders"]:
        assert name in found["sentence"]
    assert found["holder"] in (None, *found["holders"])
    assert found["enabled"] == enabled
    assert [row["name"] for row in found["rows"]] == [*hosts, *views]
    return found


def test_every_combination():
    """Two cluster controllers in 30 states each, and 11 kinds of views."""
    verdicts = set()
    for cc1, cc2 in itertools.product(gateway_cases.HOSTS, repeat=2):
        for view in gateway_cases.VIEWS:
            verdicts.add(check(cluster(cc1, cc2, **({"nc1": view} if view else {})))["verdict"])
    assert verdicts == {
        "ok", "absent", "split", "wrong_holder", "no_controller_enabled", "two_controllers_enabled", "maintenance", "unknown", "no_standby",
    }  # fmt: skip


HOSTS = st.sampled_from(gateway_cases.HOSTS)
VIEWS = st.sampled_from([view for view in gateway_cases.VIEWS if view])


@settings(max_examples=400)
@given(st.lists(HOSTS, min_size=1, max_size=4), st.lists(VIEWS, max_size=3))
def test_more_controllers_and_more_views(hosts, views):
    given_cluster = {
        "name": "one",
        "vip": gateway_cases.VIP,
        "hosts": {f"cc{number}": one for number, one in enumerate(hosts, 1)},
        "views": {f"nc{number}": one for number, one in enumerate(views, 1)},
    }
    found = gateway_verdict(given_cluster)
    if found["verdict"] == "ok":
        assert may_be_ok(given_cluster)
    assert json.loads(json.dumps(found)) == found


@settings(max_examples=300)
@given(HOSTS, HOSTS, st.lists(VIEWS, max_size=2))
def test_the_order_of_the_hosts_plays_no_role(cc1, cc2, views):
    views = {f"nc{number}": one for number, one in enumerate(views, 1)}
    one = cluster(cc1, cc2, **views)
    other = {**one, "hosts": dict(reversed(one["hosts"].items()))}
    first, second = gateway_verdict(one), gateway_verdict(other)
    for key in ("verdict", "severity", "holder"):
        assert first[key] == second[key]
    assert sorted(first["holders"]) == sorted(second["holders"])


@settings(max_examples=300)
@given(HOSTS, HOSTS, st.lists(VIEWS, max_size=2), st.data())
def test_knowing_less_never_makes_it_ok(cc1, cc2, views, data):
    given_cluster = cluster(cc1, cc2, **{f"nc{number}": one for number, one in enumerate(views, 1)})
    less = copy.deepcopy(given_cluster)
    lost = data.draw(st.sampled_from(["reachable", "local_state", "vip_fact"]))
    less["hosts"][data.draw(st.sampled_from(["cc1", "cc2"]))][lost] = False if lost == "reachable" else None
    assert gateway_verdict(less)["verdict"] != "ok"


@settings(max_examples=200)
@given(HOSTS, HOSTS, st.lists(VIEWS, max_size=2))
def test_the_input_is_left_as_it_was(cc1, cc2, views):
    given_cluster = cluster(cc1, cc2, **{f"nc{number}": one for number, one in enumerate(views, 1)})
    before = copy.deepcopy(given_cluster)
    gateway_verdict(given_cluster)
    assert given_cluster == before


def test_an_unreachable_hosts_cached_fact_is_not_believed():
    stale = {**host("ENABLED", True), "reachable": False}
    found = gateway_verdict(cluster(stale, host()))
    assert (found["verdict"], found["holders"]) == ("unknown", [])


def test_a_fact_about_another_vip_is_no_fact():
    found = gateway_verdict(cluster(host("ENABLED", True, vip="10.0.0.100"), host()))
    assert (found["verdict"], found["holders"]) == ("unknown", [])
    assert "cc1 did not report whether it holds the VIP" in found["sentence"]


@pytest.mark.parametrize("state", ["enabled", "ENABLED ", "NOTENABLED", "ENABLED=false"])
def test_only_the_exact_word_is_enabled(state):
    assert gateway_verdict(cluster(host(state, True), host()))["enabled"] == []


def probe(**answer):
    """A whole eucalyptus_vip fact with a probe, as vip_facts returns it."""
    answer = {
        "vip": gateway_cases.VIP, "holders": [], "macs": [], "unnamed_macs": [], "foreign_macs": [], "self": False,
        "self_name": None, "error": None, "unsupported": None, **answer,
    }  # fmt: skip
    return {**gateway_cases.fact(), "probe": {"timeout": 1.0, "answers": [answer]}}


class TestWholeFactsAsViews:
    def verdict(self, view):
        return gateway_verdict(cluster(host("ENABLED", True), host(), nc1=view))

    def test_the_answer_for_this_vip_is_taken(self):
        assert self.verdict(probe(holders=["cc1"], macs=["52:54:00:00:00:01"]))["verdict"] == "ok"
        assert self.verdict(probe(holders=["cc1", "cc2"], macs=["a", "b"]))["verdict"] == "split"
        assert self.verdict(probe())["verdict"] == "absent"

    def test_one_holder_with_two_interfaces_is_no_split(self):
        assert self.verdict(probe(holders=["cc1"], macs=["a", "b"]))["verdict"] == "ok"

    @pytest.mark.parametrize(
        ("view", "words"),
        [
            ({**gateway_cases.fact(), "probe": None}, "it did not query (vip_facts without probe)"),
            (probe(vip="10.0.0.100", holders=["cc1"], macs=["a"]), "was queried about 10.0.0.100 (its nc_route_vip)"),
            (probe(vip=None), "it did not query for this VIP"),
            (probe(error="no interface"), "no interface"),
            (None, "it returned nothing"),
            ("unreachable", "it returned nothing"),
        ],
    )
    def test_without_an_answer_it_is_unknown(self, view, words):
        found = self.verdict(view)
        assert found["verdict"] == "unknown"
        assert words in found["sentence"]

    @pytest.mark.parametrize(
        ("may_be", "verdict"), [(None, "ok"), (["cc1"], "ok"), (["cc1", "cc2"], "ok"), (["cc2"], "unknown"), ([], "unknown")]
    )
    def test_a_nameless_answer_must_be_able_to_be_the_holders(self, may_be, verdict):
        found = self.verdict(probe(macs=["a"], unnamed_macs=["a"], unnamed_may_be=may_be))
        assert found["verdict"] == verdict
        words = "nc1 got an answer for 10.0.0.10 from MAC address a, which is not that of cc1"
        assert (words in found["sentence"]) == (verdict == "unknown")

    def test_whose_it_may_be_says_nothing_when_all_have_names(self):
        assert self.verdict(probe(holders=["cc1"], macs=["a"], unnamed_may_be=["cc2"]))["verdict"] == "ok"

    def test_answers_that_are_none_are_passed_over(self):
        fact = probe(holders=["cc1"], macs=["a"])
        fact["probe"]["answers"][:0] = [7, {"vip": "cc1"}, {"vip": "10.0.0.100", "holders": ["cc2"]}]
        assert self.verdict(fact)["verdict"] == "ok"
        fact["probe"]["answers"] = None
        assert "it did not query for this VIP" in self.verdict(fact)["sentence"]

    def test_a_view_that_holds_it_itself_is_one_holder(self):
        def holders(**view):
            return gateway_verdict(cluster(host("ENABLED"), host(), nc1=probe(self=True, **view)))["rows"][2]["holders"]

        assert holders() == ["nc1"]
        assert holders(holders=["nc1"]) == ["nc1"]
        assert holders(self_name="cc1", holders=["cc1"]) == ["cc1"]

    def test_a_controllers_own_view_counts_it_once(self):
        pair = cluster(host("ENABLED", True), host())
        named = {"cc1": probe(self=True, self_name="cc1", holders=["cc1"]), "cc2": probe(holders=["cc1"], macs=["a"])}
        assert gateway_verdict({**pair, "views": named})["verdict"] == "ok"
        assert gateway_verdict({**pair, "views": {"cc1": probe(self=True)}})["verdict"] == "ok"


@pytest.mark.parametrize(
    ("changes", "warning"),
    [
        ({"certificate_days_left": 29.9}, "the cloud's certificate on cc2 expires in 30 days"),
        ({"certificate_days_left": 1}, "the cloud's certificate on cc2 expires in 1 day"),
        ({"vip_state": "dadfailed"}, "cc2 has 10.0.0.10 but does not use it: another machine had it first (dadfailed)"),
        ({"vip_state": "tentative"}, "10.0.0.10 on cc2 is still tentative: cc2 does not answer for it"),
        ({"vip_state": "interface_down"}, "10.0.0.10 on cc2 is on an interface that is down: cc2 does not answer for it"),
        ({"maintenance": None}, "cc2 did not report whether it is in maintenance"),
        ({"problems": ["/run/x: cannot be read"]}, "cc2: /run/x: cannot be read"),
        ({"firewalld": True}, "firewalld is running on cc2 and rejects what node controllers send through it"),
        ({"lost_rules": ["nat: -A a"]}, "1 of the gateway's firewall rules is not in effect on cc2 (nat: -A a)"),
        ({"lost_rules": ["nat: -A a", "b"]}, "2 of the gateway's firewall rules are not in effect on cc2 (nat: -A a)"),
    ],
)
def test_o4_a_warning_is_no_verdict_but_has_a_sentence_advice_and_gravity(changes, warning):
    found = gateway_verdict(cluster(host("ENABLED", True), host(**changes)))
    assert (found["verdict"], found["severity_name"], found["warnings"]) == ("ok", "warning", [])
    assert f"but {warning}." in found["sentence"]
    assert found["advice"] != "Nothing to do."


def test_o4_of_several_warnings_the_first_is_in_the_sentence_and_the_others_beside_it():
    found = gateway_verdict(cluster(host("ENABLED", True, problems=["a"]), host(certificate_days_left=3)))
    assert "but cc1: a." in found["sentence"]
    (other,) = found["warnings"]
    assert other["text"] == "the cloud's certificate on cc2 expires in 3 days"
    assert other["advice"].startswith("Renew it")


@pytest.mark.parametrize("days", [30, 31, 4000, None])
def test_a_certificate_with_time_left_is_no_warning(days):
    assert gateway_verdict(cluster(host("ENABLED", True), host(certificate_days_left=days)))["severity_name"] == "ok"


@pytest.mark.parametrize(("days", "verdict"), [(0, "ok"), (-1, "certificate_expired"), (-400, "certificate_expired")])
def test_o4_a_certificate_that_has_expired_is_a_verdict(days, verdict):
    found = gateway_verdict(cluster(host("ENABLED", True), host(certificate_days_left=days)))
    assert (found["verdict"], found["severity_name"]) == (verdict, "warning")


@pytest.mark.parametrize(("warn_days", "severity"), [(60, "warning"), ("60", "warning"), (45, "ok"), (0, "ok"), ("", "ok"), (None, "ok")])
def test_o17_when_to_warn_of_a_certificate_is_the_sites_threshold(warn_days, severity):
    given_cluster = {**cluster(host("ENABLED", True), host(certificate_days_left=45)), "certificate_warn_days": warn_days}
    assert gateway_verdict(given_cluster)["severity_name"] == severity


def test_o18_all_advice_names_the_configured_unit():
    for name, case in write_verdict_words.CASES.items():
        found = gateway_verdict({**case, "keepalived_unit": "cc-vrrp"})
        text = json.dumps([found["advice"], found["warnings"]])
        assert "-u keepalived" not in text, name


def test_not_being_configured_is_not_said_when_the_configuration_could_not_be_read():
    found = gateway_verdict(cluster(host("ENABLED", True), host(configured=False, configuration_error="no")))
    assert (found["verdict"], found["severity_name"], found["warnings"]) == ("ok", "ok", [])


def test_o4_a_single_controller_has_no_standby():
    found = gateway_verdict({"name": "one", "vip": gateway_cases.VIP, "hosts": {"cc1": host("ENABLED", True)}})
    assert (found["verdict"], found["severity_name"]) == ("no_standby", "warning")
    assert "cc1 is the only cluster controller of one in the inventory" in found["sentence"]


def test_maintenance_is_planned_and_what_is_not_of_it_is_a_warning():
    """Planned work is no alarm; an expired certificate beside it is."""
    maintained = cluster(host("ENABLED", True), host(maintenance=True))
    assert gateway_verdict(maintained)["severity_name"] == "planned"
    maintained["hosts"]["cc1"]["certificate_days_left"] = 5
    found = gateway_verdict(maintained)
    assert (found["verdict"], found["severity_name"]) == ("maintenance", "warning")
    assert [one["text"] for one in found["warnings"]] == ["the cloud's certificate on cc1 expires in 5 days"]


@pytest.mark.parametrize("case", [one[0] for one in gateway_cases.SCENARIOS.values()])
def test_a3_a_run_in_progress_is_no_alarm_whatever_is_found(case):
    first, *_others = case["hosts"]
    hosts = {**case["hosts"], first: {**case["hosts"][first], "lock": gateway_cases.lock("deploy")}}
    found, without = gateway_verdict({**case, "hosts": hosts}), gateway_verdict(case)
    assert (found["verdict"], found["severity_name"]) == ("run_in_progress", "planned")
    assert found["sentence"].startswith("eucalyptus.ha.gateway is in progress on cc1")
    if without["verdict"] != "run_in_progress":
        assert without["sentence"] in found["sentence"]


def test_a3_a_stale_lock_hides_nothing_and_is_noted():
    case = cluster(host("ENABLED", True, lock=gateway_cases.lock(stale=True)), host(held=True), nc1=saw("cc1", "cc2"))
    found = gateway_verdict(case)
    assert found["verdict"] == "split"
    assert "A lock of eucalyptus.ha.drill is left on cc1" in found["notes"][0]


def test_a_run_at_work_is_told_from_a_lock_that_another_one_left():
    left, live = gateway_cases.lock(stale=True), gateway_cases.lock("deploy")
    found = gateway_verdict(cluster(host("ENABLED", True, lock=left), host(lock=live)))
    assert found["verdict"] == "run_in_progress"
    assert found["sentence"].startswith("eucalyptus.ha.gateway is in progress on cc2,")


@pytest.mark.parametrize(
    ("since", "words"),
    [(1795358405.3, "2026-11-22 14:40:05 UTC"), ("noon", "noon"), (True, "True"), ("", "an unknown time"), (None, "an unknown time")],
)
def test_since_when_a_run_is_at_work(since, words):
    case = cluster(host("ENABLED", True, lock={**gateway_cases.lock("deploy"), "since": since}), host())
    assert f"started by ann at control at {words}." in gateway_verdict(case)["sentence"]


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        ("Failed to connect to the host via ssh: ssh: connect to host cc2 port 22: Connection timed out",
         "ssh: connect to host cc2 port 22: Connection timed out"),
        ("Failed to connect to the host via ssh: Warning: Permanently added 'cc2' (ED25519) to the list of known hosts.\r\n"
         "root@cc2: Permission denied (publickey).\r\n",
         "root@cc2: Permission denied (publickey)"),
        ("Task failed: Timed out after 20 second(s).", "Timed out after 20 second(s)"),
        ("Task failed: Module failed: the VIP is odd", "the VIP is odd"),
        ("Warning: Permanently added 'cc2'", "Warning: Permanently added 'cc2'"),
        ("No route to HOSTX.", "No route to HOSTX"),
        ("  \n ", None),
        ("", None),
        (None, None),
    ],
)  # fmt: skip
def test_a12_the_reason_of_an_unreachable_host_is_clean(message, reason):
    row = gateway_verdict(cluster(host("ENABLED", True), gone(error=message)))["rows"][1]
    assert row["error"] == reason


def test_o24_the_deployed_check_is_used_and_that_another_one_waits_is_a_note():
    found = gateway_verdict(gateway_cases.SCENARIOS["O24: an older check is deployed"][0])
    (note,) = found["notes"]
    assert note.startswith("The check on cc1 is not the one of this version of the collection.")
    assert "eucalyptus.ha.gateway" in note


def test_whom_nobody_queried_is_said_of_both():
    found = gateway_verdict(cluster({**gone(), **OUTSIDE}, {**gone(), **OUTSIDE}))
    assert "cc1 and cc2 were not queried (outside --limit)" in found["sentence"]


def test_without_a_check_the_advice_is_to_install_it():
    """Whatever the controller's service does, nothing could get an answer from it."""
    missing = host(None, check={"installed": False})
    found = gateway_verdict(cluster(host("ENABLED", True), missing))
    assert found["verdict"] == "no_standby"
    assert "the check is not installed on cc2" in found["sentence"]
    # That its state is unknown follows from that.
    assert "is unknown" not in json.dumps([found["sentence"], found["warnings"]])
    found = gateway_verdict(cluster(missing, host(None, True, check={"installed": False})))
    assert "Run eucalyptus.ha.gateway" in found["advice"]
    assert "cluster controller service" not in json.dumps([found["advice"], found["warnings"]])


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        (host("ENABLED", True), host(held=False, state="MASTER"), True),
        (host("ENABLED"), host(held=False, state="MASTER"), False),
    ],
)
def test_a_second_master_without_the_vip_receives_no_adverts(first, second, said):
    found = gateway_verdict(cluster(first, second))
    text = json.dumps([found["sentence"], found["warnings"]])
    assert ("its keepalived is MASTER as well" in text) == said
    assert ("cc2 does not receive the VRRP adverts of cc1: " in text) == said


@pytest.mark.parametrize(("configured", "said"), [(True, True), (None, True), (False, False)])
def test_a_holder_that_is_backup_is_told_where_keepalived_has_the_vip(configured, said):
    found = gateway_verdict(cluster(host("ENABLED", True, state="BACKUP", configured=configured), host()))
    text = json.dumps([found["sentence"], found["warnings"]])
    assert ("cc1 holds 10.0.0.10 while keepalived's VRRP instance there is BACKUP" in text) == said


def test_gaps_beside_a_certain_fault_are_warnings():
    found = gateway_verdict(cluster(host("ENABLED", True), host(None, True), nc1=gateway_cases.ERROR))
    assert found["verdict"] == "split"
    warnings = [one["text"] for one in found["warnings"]]
    assert "the state of the cluster controller on cc2 is unknown" in warnings
    assert any("nc1 could not query" in warning for warning in warnings)


def test_rows_hold_what_was_said():
    found = gateway_verdict(cluster(host("ENABLED", True, state="MASTER", certificate_days_left=9), gone(), nc1=saw("cc1")))
    first, second, view = found["rows"]
    assert first == {
        "kind": "controller", "name": "cc1",
        "asked": True, "reachable": True, "error": None, "deployed": None, "local_state": "ENABLED", "state_source": None,
        "state_message": None, "held": True, "interface": "eth1", "since": "2026-11-22T14:40:05Z", "seen_by": ["nc1"],
        "keepalived_running": True, "keepalived_state": "MASTER", "maintenance": False, "certificate_days_left": 9.0,
    }  # fmt: skip
    assert (second["reachable"], second["held"], second["keepalived_running"], second["seen_by"]) == (False, None, None, [])
    assert view == {
        "kind": "view", "name": "nc1", "asked": True, "error": None, "holders": ["cc1"], "macs": ["52:54:00:00:00:01"],
        "foreign_macs": [],
    }  # fmt: skip


def test_where_and_since_when_is_told_of_holders_only():
    """An address that is configured and not there has an interface too."""
    standby = host(state="BACKUP")
    standby["vip_fact"]["vips"][0].update(interface="eth1", since="2026-11-22T14:40:05Z")
    row = gateway_verdict(cluster(host("ENABLED", True), standby))["rows"][1]
    assert (row["held"], row["interface"], row["since"]) == (False, None, None)


def test_rows_of_views_that_could_not_ask():
    found = gateway_verdict(cluster(host("ENABLED", True), host(), nc1=gateway_cases.ERROR, nc2=gateway_cases.UNSUPPORTED))
    assert [(row["asked"], row["error"]) for row in found["rows"][2:]] == [
        (False, "ssh: no route to host"), (False, "IPv6 VIPs are not probed"),
    ]  # fmt: skip


def test_who_knows_better_than_the_fact_is_believed():
    asked = {**host("ENABLED", True), "keepalived_running": False, "state_source": "soap", "state_message": "as it is", "maintenance": True}
    row = gateway_verdict(cluster(asked, host()))["rows"][0]
    assert (row["keepalived_running"], row["maintenance"], row["state_source"], row["state_message"]) == (False, True, "soap", "as it is")


def test_empty_strings_are_nothing():
    """As AWX and CSV files give them."""
    found = gateway_verdict(cluster(host("", certificate_days_left=""), host("ENABLED", True), nc1={**saw("cc2"), "error": ""}))
    assert found["rows"][0]["local_state"] is None
    assert found["rows"][0]["certificate_days_left"] is None
    assert found["rows"][2]["asked"] is True


def test_the_state_is_that_of_the_vips_own_instance():
    one = host("ENABLED", True)
    instances = [7, {"name": None, "state": "STOP"}, {"name": "other", "state": "FAULT"}, {"name": "eucalyptus", "state": "MASTER"}]
    one["vip_fact"]["keepalived"]["instances"] = instances
    assert gateway_verdict(cluster(one, host()))["rows"][0]["keepalived_state"] == "MASTER"
    one["vip_fact"]["vips"][0]["instance"] = None
    assert gateway_verdict(cluster(one, host()))["rows"][0]["keepalived_state"] is None


def test_the_whole_answer():
    found = gateway_verdict(cluster(host("ENABLED", True), host(maintenance=True), nc1=saw("cc1", foreign=("52:54:00:00:00:99",))))
    assert {key: value for key, value in found.items() if key not in ("rows", "sentence", "advice")} == {
        "cluster": "one", "vip": "10.0.0.10", "verdict": "split", "severity": 2, "severity_name": "critical", "holder": None,
        "holders": ["cc1"], "strangers": ["52:54:00:00:00:99"], "enabled": ["cc1"], "maintenance": ["cc2"],
        "warnings": [
            {"text": "cc2 is in maintenance", "advice": "End the maintenance when the work is done (eucalyptus.ha.maintenance)."}
        ],
        "notes": [],
    }  # fmt: skip


def test_a_list_gives_a_list_in_its_order():
    found = gateway_verdict([cluster(host("ENABLED", True), host(), name=name) for name in ("b", "a")])
    assert [one["cluster"] for one in found] == ["b", "a"]
    assert gateway_verdict([]) == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (None, "a cluster must be a dictionary, not NoneType"),
        ("one", "a cluster must be a dictionary, not str"),
        ({}, "a cluster has no name"),
        ({"name": "one", "vip": "gateway"}, "cluster one: vip: 'gateway' does not appear"),
        ({"name": "one", "vip": None}, "cluster one: vip: 'None' is not"),
        ({"name": "one", "vip": "10.0.0.10"}, "cluster one: hosts must be a dictionary with at least one"),
        ({"name": "one", "vip": "10.0.0.10", "hosts": {}}, "cluster one: hosts must be"),
        ({"name": "one", "vip": "10.0.0.10", "hosts": {"cc1": None}}, "cluster one: hosts: cc1 must be a dictionary"),
        (cluster(host(reachable="no"), host()), "cluster one: hosts: cc1: reachable must be true, false or null, not 'no'"),
        (cluster(host(certificate_days_left="soon"), host()), "cluster one: hosts: cc1: certificate_days_left must be a number"),
        (cluster({**host(), "maintenance": "no"}, host()), "hosts: cc1: maintenance must be true, false or null"),
        (cluster(host(), host(), nc1={"holders": "cc1"}), "cluster one: views: nc1: holders must be a list, not 'cc1'"),
        (cluster(host(), host(), nc1={"holders": 7}), "cluster one: views: nc1: holders must be a list, not 7"),
        ({**cluster(host(), host()), "views": ["nc1"]}, "cluster one: views must be a dictionary"),
        ({**cluster(host(), host()), "hosts": ["cc1"]}, "cluster one: hosts must be a dictionary"),
        (cluster(host(lock="drill"), host()), "cluster one: hosts: cc1: lock must be a dictionary or null, not 'drill'"),
        (cluster(host(check={"current": "no"}), host()), "cluster one: hosts: cc1: check: current must be true, false or null"),
        ({**cluster(host(), host()), "certificate_warn_days": "soon"}, "cluster one: certificate_warn_days must be a number or null"),
    ],
)
def test_bad_input_is_rejected_with_its_place(bad, message):
    with pytest.raises(AnsibleFilterError) as caught:
        gateway_verdict(bad)
    assert message in str(caught.value)
