# SPDX-License-Identifier: GPL-3.0-or-later
"""Every filter: the options that its documentation has, with the same defaults, are those that its function takes."""

from __future__ import annotations

import importlib
import inspect
from pathlib import Path

import pytest
import yaml

FILTERS = sorted(path.stem for path in (Path(__file__).resolve().parents[4] / "plugins" / "filter").glob("*.py"))


@pytest.mark.parametrize("name", FILTERS)
def test_the_options_documented_are_those_it_takes(name):
    module = importlib.import_module(f"ansible_collections.eucalyptus.ha.plugins.filter.{name}")
    documentation = yaml.safe_load(module.DOCUMENTATION)
    options = dict(documentation.get("options") or {})
    for fragment in documentation.get("extends_documentation_fragment") or []:
        shared = importlib.import_module(f"ansible_collections.eucalyptus.ha.plugins.doc_fragments.{fragment.rpartition('.')[2]}")
        options.update(yaml.safe_load(shared.ModuleDocFragment.DOCUMENTATION)["options"])
    assert options.pop("_input")["required"] is True
    _input, *taken = inspect.signature(module.FilterModule().filters()[name]).parameters.values()
    assert {one.name for one in taken} == set(options)
    for one in taken:
        needed = one.default is inspect.Parameter.empty
        assert needed is bool(options[one.name].get("required")), one.name
        # An empty list is documented where the code has a tuple, which nobody can change.
        assert needed or (one.default == () and options[one.name]["default"] == []) or one.default == options[one.name].get("default")
    positional = [word.strip() for word in (documentation.get("positional") or "").split(",") if word.strip()]
    assert positional == [one.name for one in taken][: len(positional)]
    assert positional or not any(one.default is inspect.Parameter.empty for one in taken)
