# SPDX-License-Identifier: GPL-3.0-or-later
"""Options of a role: converted, empty text as the default, and a sentence for what cannot be used."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleUndefinedVariable
from ansible_collections.eucalyptus.ha.plugins.plugin_utils._role_options import load_specs, read_options, sentences

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


def test_a_variable_that_cannot_be_evaluated_is_named():
    def template(value):
        raise AnsibleUndefinedVariable("'x' is undefined")

    problems = read_options({"r_text": {}}, {"r_text": "{{ x }}"}, template)[1]
    assert problems == ["r_text cannot be evaluated: 'x' is undefined"]


def test_a_required_option_that_is_empty_is_named():
    assert read_options({"r_text": {"required": True}}, {"r_text": ""}, lambda value: value)[1] == ["r_text must be set"]


def test_specs_are_those_of_the_role():
    assert "nc_route_vip" in load_specs("nc_route")["argument_specs"]["main"]["options"]


def test_sentences_begin_large_and_end_with_one_full_stop():
    texts = ["no host answers", "", "nc_route_vip is x. Did you mean y?", "eucalyptus.ha.gateway first.", " the end "]
    assert sentences(texts) == "No host answers. nc_route_vip is x. Did you mean y? eucalyptus.ha.gateway first. The end."
