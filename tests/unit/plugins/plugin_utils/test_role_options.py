# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a role: converted, empty text as the default, and a sentence for what cannot be used."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible_collections.eucalyptus.ha.plugins.action.nc_route_step import NO_OPTIONS
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._role_options import (
    load_specs,
    option_names,
    read_options,
    sentences,
    suboptions_as_variables,
    unknown_options,
)

REPO = Path(__file__).resolve().parents[4]

OPTIONS = {
    "r_text": {"type": "str", "default": "d"},
    "r_choice": {"type": "str", "choices": ["a", "b"], "default": "a"},
    "r_int": {"type": "int", "default": 90},
    "r_float": {"type": "float", "default": 0.5},
    "r_bool": {"type": "bool", "default": True},
    "r_list": {"type": "list", "elements": "str", "default": []},
    "r_dict": {"type": "dict", "default": {}},
    "r_raw": {"type": "raw"},
}
DEFAULTS = {name: option.get("default") for name, option in OPTIONS.items()}


NESTED = {
    "r_vrrp": {
        "type": "dict", "default": {},
        "options": {
            "weight": {"type": "int", "default": 100}, "version": {"type": "int", "choices": [2, 3], "default": 3},
            "name": {"type": "str", "default": "n"}, "interval": {"type": "int"}, "only": {"type": "bool", "default": False},
        },
    }
}  # fmt: skip
COMPLETE = {"weight": 100, "version": 3, "name": "n", "interval": None, "only": False}


def read(**variables):
    return read_options(OPTIONS, variables, lambda value: value)


@pytest.mark.parametrize("empty", [None, "", "  "])
def test_what_is_empty_or_missing_is_the_default(empty):
    assert read() == (DEFAULTS, [])
    assert read(**dict.fromkeys(OPTIONS, empty)) == (DEFAULTS, [])


@pytest.mark.parametrize(
    ("name", "given", "value"),
    [
        ("r_text", 7, "7"),
        ("r_text", " x ", "x"),
        ("r_choice", "b", "b"),
        ("r_int", "30", 30),
        ("r_int", 0, 0),
        ("r_float", "1.5", 1.5),
        ("r_float", 2, 2.0),
        ("r_bool", "no", False),
        ("r_bool", False, False),
        ("r_list", "10.0.0.1, 10.0.0.2,", ["10.0.0.1", "10.0.0.2"]),
        ("r_list", ["a", 1], ["a", "1"]),
        ("r_dict", {"a": 1}, {"a": 1}),
        ("r_raw", ["x"], ["x"]),
    ],
)
def test_values_become_what_they_are(name, given, value):
    values, problems = read(**{name: given})
    assert (values[name], problems) == (value, [])
    assert type(values[name]) is type(value)


@pytest.mark.parametrize(
    ("name", "given", "problem"),
    [
        ("r_int", "soon", "r_int must be an integer (got 'soon')"),
        ("r_int", 1.5, "r_int must be an integer (got 1.5)"),
        ("r_int", True, "r_int must be an integer (got True)"),
        ("r_float", "fast", "r_float must be a number (got 'fast')"),
        ("r_bool", "perhaps", "r_bool must be true or false (got 'perhaps')"),
        ("r_choice", "c", "r_choice must be one of a, b (got 'c')"),
        ("r_text", ["x"], "r_text must be a string (got ['x'])"),
        ("r_list", {"a": 1}, "r_list must be a list (got {'a': 1})"),
        ("r_list", [["x"]], "r_list must be a list of strings (got [['x']])"),
        ("r_dict", 5, "r_dict must be a dictionary (got 5)"),
    ],
)
def test_what_cannot_be_used_is_named_with_what_was_given(name, given, problem):
    assert read(**{name: given})[1] == [problem]


@pytest.mark.parametrize(
    ("given", "changed"),
    [
        (None, {}),
        ("", {}),
        ({}, {}),
        ({"weight": 60}, {"weight": 60}),
        ({"weight": "60", "only": "yes"}, {"weight": 60, "only": True}),
        ({"weight": "", "name": None, "interval": " "}, {}),
        # As -e gives it.
        ('{"weight": 60}', {"weight": 60}),
        ("weight=60, interval=5", {"weight": 60, "interval": 5}),
    ],
)
def test_a_dictionary_keeps_the_defaults_of_what_it_does_not_name(given, changed):
    assert read_options(NESTED, {"r_vrrp": given}, lambda value: value) == ({"r_vrrp": {**COMPLETE, **changed}}, [])


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ({"weights": 60}, "r_vrrp.weights is not an option of this role. Did you mean r_vrrp.weight?"),
        (
            {"contact": "me", "weight": 60},
            "r_vrrp.contact is not an option of this role. Remove it; its suboptions are weight, version, name, interval, only.",
        ),
        ({1: 60}, "r_vrrp.1 is not an option of this role. Remove it; its suboptions are weight, version, name, interval, only."),
        ({"weight": "much"}, "r_vrrp.weight must be an integer (got 'much')"),
        ({"weight": True}, "r_vrrp.weight must be an integer (got True)"),
        ({"version": 4}, "r_vrrp.version must be one of 2, 3 (got 4)"),
        ({"only": "perhaps"}, "r_vrrp.only must be true or false (got 'perhaps')"),
        ({"name": ["x"]}, "r_vrrp.name must be a string (got ['x'])"),
        ([60], "r_vrrp must be a dictionary (got [60])"),
        ("much", "r_vrrp must be a dictionary (got 'much')"),
    ],
)
def test_what_is_wrong_in_a_dictionary_is_named_with_the_option(given, problem):
    values, problems = read_options(NESTED, {"r_vrrp": given}, lambda value: value)
    assert problems == [problem]
    expected = {**COMPLETE, "weight": 60} if isinstance(given, dict) and given.get("weight") == 60 else COMPLETE
    assert values["r_vrrp"] == expected, "complete, for what is evaluated besides"


def test_a_password_at_the_wrong_place_is_not_shown():
    problems = read_options(NESTED, {"r_vrrp": {"auth_pass": "hunter2"}}, lambda value: value)[1]
    assert "r_vrrp.auth_pass is not an option" in problems[0]
    assert "hunter2" not in problems[0]


def test_a_variable_that_cannot_be_evaluated_is_named():
    def template(value):
        raise AnsibleUndefinedVariable("'x' is undefined")

    problems = read_options({"r_text": {}}, {"r_text": "{{ x }}"}, template)[1]
    assert problems == ["r_text cannot be evaluated: 'x' is undefined"]


def test_a_default_is_evaluated_only_where_it_counts():
    def template(value):
        if value == "{{ x }}":
            raise AnsibleUndefinedVariable("'x' is undefined")
        return value

    options = {"r_text": {"default": "{{ x }}"}}
    assert read_options(options, {"r_text": "given"}, template) == ({"r_text": "given"}, [])


def test_a_required_option_that_is_empty_is_named():
    assert read_options({"r_text": {"required": True}}, {"r_text": ""}, lambda value: value)[1] == ["r_text must be set"]


PREFIX = "cc_gateway_"
KNOWN = ["cc_gateway_vip", "cc_gateway_check.fall", "cc_gateway_check", "cc_gateway_ask_timeout", "nc_route_vip"]


def test_options_are_those_of_all_entry_points():
    dictionary = {"type": "dict", "options": {"c": {}}}
    entry_points = {"main": {"options": {"r_a": dictionary}}, "view": {}, "report": {"options": None}, "state": {"options": {"r_b": {}}}}
    assert option_names({"argument_specs": entry_points}) == {"r_a", "r_a.c", "r_b"}


def test_each_unknown_variable_is_named_once_with_the_fix():
    names = ["cc_gateway_contact", "keepalived_config", "cc_gateway_vips", "cc_gateway_vip", "cc_gateway_vips"]
    assert unknown_options(names, KNOWN, PREFIX) == [
        "cc_gateway_contact is not an option of this role. Remove it, or rename it if it is a variable of your own.",
        "cc_gateway_vips is not an option of this role. Did you mean cc_gateway_vip?",
    ]
    assert unknown_options([name for name in KNOWN if "." not in name], KNOWN, PREFIX) == []


@pytest.mark.parametrize("name", ["cc_gateway_check_fal", "cc_gateway_fall"])
def test_a_suboption_is_found_by_either_name(name):
    assert unknown_options([name], KNOWN, PREFIX) == [
        f"{name} is not an option of this role. Did you mean suboption fall of cc_gateway_check?"
    ]


def test_a_suboption_is_not_a_variable():
    """-e cc_gateway_check.fall=2 is accepted by Ansible, and nothing would read it."""
    sentence = (
        "cc_gateway_check.fall is not a variable but suboption fall of cc_gateway_check, and would be ignored. "
        "Write cc_gateway_check: {fall: VALUE}."
    )
    assert unknown_options(["cc_gateway_check.fall", "cc_gateway_vip"], KNOWN, PREFIX) == [sentence]
    assert suboptions_as_variables(["cc_gateway_check.fall", "other.fall"], KNOWN) == [sentence]


def test_names_with_a_purpose_of_their_own_are_valid():
    names = ["cc_gateway_verdicts", "cc_gateway_verdict"]
    assert [line.split(" ")[0] for line in unknown_options(names, KNOWN, PREFIX, ["cc_gateway_verdicts"])] == ["cc_gateway_verdict"]


# What the action plugins let pass besides the options: see gateway_preflight and nc_route_step.
ALSO = {
    "cc_gateway": ["cc_gateway_verdicts", "cc_gateway_holder", *option_names(load_specs("cc_gateway_status"))],
    "nc_route": [*NO_OPTIONS, "nc_route_step"],
}


@pytest.mark.parametrize("role", ["cc_gateway", "nc_route", "drill"])
def test_no_variable_that_this_collection_sets_or_shows_would_be_rejected(role):
    """Of surveys, playbooks, scenarios, labs and pages: `name:`, `variable: name`, `name=`, which are set and not only read."""
    folders = ("awx", "docs", "extensions", "playbooks", "roles", "tests/lab", "tests/integration")
    files = [REPO / "README.md", *(file for folder in folders for file in sorted((REPO / folder).rglob("*")))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.suffix in (".md", ".yml", ".py"))
    names = set(re.findall(rf"\b({role}_[a-z0-9_]+)(?:: |:$|=)", text, re.MULTILINE))
    names |= set(re.findall(rf"variable: ({role}_[a-z0-9_]+)", text))
    assert len(names) > 3
    assert unknown_options(names, option_names(load_specs(role)), f"{role}_", ALSO.get(role, [])) == []


def test_specs_are_those_of_the_role():
    assert "nc_route_vip" in load_specs("nc_route")["argument_specs"]["main"]["options"]


def test_sentences_begin_large_and_end_with_one_full_stop():
    texts = ["no host answers", "", "nc_route_vip is x. Did you mean y?", "eucalyptus.ha.gateway first.", " the end "]
    assert sentences(texts) == "No host answers. nc_route_vip is x. Did you mean y? eucalyptus.ha.gateway first. The end."
