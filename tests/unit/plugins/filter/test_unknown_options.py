# SPDX-License-Identifier: GPL-3.0-or-later
"""A misspelt option is told; and the roles that ask know every variable that this collection itself gives them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from ansible.errors import AnsibleFilterError
from ansible_collections.eucalyptus.ha.plugins.action.nc_route_step import NO_OPTIONS
from ansible_collections.eucalyptus.ha.plugins.filter.unknown_options import unknown_options

REPO = Path(__file__).resolve().parents[4]
PREFIX = "cc_gateway_"
SPECS = {
    "argument_specs": {
        "main": {"options": {"cc_gateway_vip": {}, "cc_gateway_check_fall": {}}},
        "state": {"options": {"cc_gateway_ask_timeout": {}}},
        "view": {},
        "report": {"options": None},
    }
}


def test_options_of_all_entry_points_are_known():
    assert unknown_options(["cc_gateway_vip", "cc_gateway_check_fall", "cc_gateway_ask_timeout"], SPECS, PREFIX) == []
    assert unknown_options([], SPECS, PREFIX) == []


def test_each_unknown_one_is_told_once_with_the_way_out():
    names = [
        "cc_gateway_contact",
        "keepalived_config",
        "cc_gateway_check_fal",
        "cc_gateway_vip",
        "cc_gateway_check_fal",
    ]
    assert unknown_options(names, SPECS, PREFIX) == [
        "cc_gateway_check_fal is not an option of this role. Did you mean cc_gateway_check_fall?",
        "cc_gateway_contact is not an option of this role. "
        "Remove it, or rename it if it is a variable of your own.",
    ]


def test_names_with_a_meaning_of_their_own_are_left():
    names = ["cc_gateway_verdicts", "cc_gateway_verdict"]
    assert [line.split(" ")[0] for line in unknown_options(names, SPECS, PREFIX, also=["cc_gateway_verdicts"])] == [
        "cc_gateway_verdict"
    ]


@pytest.mark.parametrize(
    ("names", "specs", "also", "said"),
    [
        ("cc_gateway_vip", SPECS, [], "the input is str, not a list of names"),
        ({"cc_gateway_vip": 1}, SPECS, [], "the input is dict, not a list of names"),
        (None, SPECS, [], "the input is NoneType, not a list of names"),
        ([], SPECS, "cc_gateway_verdicts", "also is str, not a list of names"),
        ([], {}, [], "specs is not what stands in a role's meta/argument_specs.yml"),
        ([], None, [], "specs is not what stands in a role's meta/argument_specs.yml"),
        ([], {"argument_specs": ["main"]}, [], "specs is not what stands in a role's meta/argument_specs.yml"),
        ([], {"argument_specs": {"main": None}}, [], "specs is not what stands in a role's meta/argument_specs.yml"),
    ],
)
def test_what_is_no_list_of_names_is_refused(names, specs, also, said):
    with pytest.raises(AnsibleFilterError, match=re.escape(said)):
        unknown_options(names, specs, PREFIX, also)


STATUS = yaml.safe_load((REPO / "roles/cc_gateway_status/meta/argument_specs.yml").read_text(encoding="utf-8"))["argument_specs"]["main"]
# What the action plugins let pass besides the options: see gateway_preflight and nc_route_step.
ALSO = {"cc_gateway": ["cc_gateway_verdicts", "cc_gateway_holder", *STATUS["options"]], "nc_route": [*NO_OPTIONS, "nc_route_step"]}


@pytest.mark.parametrize("role", ["cc_gateway", "nc_route", "drill"])
def test_no_variable_that_this_collection_sets_or_shows_would_be_refused(role):
    """Of surveys, playbooks, scenarios, labs and pages: `name:`, `variable: name`, `name=`, which are set and not only read."""
    specs = yaml.safe_load((REPO / f"roles/{role}/meta/argument_specs.yml").read_text(encoding="utf-8"))
    folders = ("awx", "docs", "extensions", "playbooks", "roles", "tests/lab", "tests/integration")
    files = [REPO / "README.md", *(file for folder in folders for file in sorted((REPO / folder).rglob("*")))]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files if file.suffix in (".md", ".yml", ".py"))
    names = set(re.findall(rf"\b({role}_[a-z0-9_]+)(?:: |:$|=)", text, re.MULTILINE))
    names |= set(re.findall(rf"variable: ({role}_[a-z0-9_]+)", text))
    assert len(names) > 3
    assert unknown_options(names, specs, f"{role}_", ALSO.get(role, [])) == []
