# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's options: typed, empty text is unset, and one sentence for each that does not fit."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _role_options

SPECS = {
    "x_vip": {"type": "str", "required": True, "description": "The VIP; a free address in their network. Without a prefix it is a /32."},
    "x_count": {"type": "int", "default": 3},
    "x_seconds": {"type": "float", "default": 0.5},
    "x_on": {"type": "bool", "default": True},
    "x_mode": {"type": "str", "choices": ["hold", "release"], "default": "hold"},
    "x_peers": {"type": "list", "elements": "str", "default": []},
    "x_more": {"type": "list", "elements": "dict", "default": []},
    "x_map": {"type": "dict"},
}


def read(**given):
    return _role_options.read(SPECS, {"x_vip": "10.0.0.10", **given}, lambda value: value)


def test_defaults_and_types():
    values, errors = read(x_count="5", x_seconds="1", x_on="no")
    assert errors == []
    assert values == {
        "x_vip": "10.0.0.10", "x_count": 5, "x_seconds": 1.0, "x_on": False, "x_mode": "hold", "x_peers": [], "x_more": [], "x_map": None,
    }  # fmt: skip
    assert type(values["x_count"]) is int


@pytest.mark.parametrize("name", [name for name in SPECS if name != "x_vip"])
@pytest.mark.parametrize("empty", ["", None])
def test_an_answer_left_out_of_an_awx_survey_is_the_default(name, empty):
    values, errors = read(**{name: empty})
    assert errors == []
    assert values[name] == SPECS[name].get("default")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"x_vip": ""}, "x_vip is not set. The VIP; a free address in their network."),
        ({"x_count": "many"}, "x_count must be a whole number (got 'many')."),
        ({"x_count": 1.5}, "x_count must be a whole number (got 1.5)."),
        ({"x_count": True}, "x_count must be a whole number (got True)."),
        ({"x_seconds": "inf"}, "x_seconds must be a number (got 'inf')."),
        ({"x_on": "perhaps"}, "x_on must be true or false (got 'perhaps')."),
        ({"x_mode": "drop"}, "x_mode must be hold or release (got 'drop')."),
        ({"x_vip": ["10.0.0.10"]}, "x_vip must be text (got a list)."),
        ({"x_more": "eucalyptus6"}, "x_more must be a list of dictionaries (got 'eucalyptus6')."),
        ({"x_more": ["eucalyptus6"]}, "x_more must be a list of dictionaries (got a list)."),
        ({"x_map": [1]}, "x_map must be a dictionary (got a list)."),
        ({"x_peers": {"a": 1}}, "x_peers must be a list (got a dictionary)."),
    ],
)
def test_o8_o13_a_missing_or_mistyped_option_is_one_sentence(given, sentence):
    assert read(**given)[1] == [sentence]


def test_a_secret_is_not_shown():
    specs = {"x_key": {"type": "int", "no_log": True}}
    assert _role_options.read(specs, {"x_key": "hunter2"}, lambda value: value)[1] == ["x_key must be a whole number (got a string)."]


def test_unknown_options_with_what_may_have_been_meant():
    found = _role_options.unknown(["x_vipp", "x_vip", "x_zzz", "other"], SPECS, "x_")
    assert found == [
        "x_vipp is not an option of this role. Did you mean x_vip?",
        f"x_zzz is not an option of this role. {_role_options.OWN}",
    ]
