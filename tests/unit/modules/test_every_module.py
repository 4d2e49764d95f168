# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module: what its documentation takes from the fragments is there, and says that it changes nothing."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

BASE = "ansible_collections.eucalyptus.ha.plugins"
MODULES = sorted(path.stem for path in (Path(__file__).resolve().parents[3] / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_fragments_are_there_and_the_attributes_are_told(name):
    module = importlib.import_module(f"{BASE}.modules.{name}")
    documented = yaml.safe_load(module.DOCUMENTATION)
    attributes = {attribute: dict(told) for attribute, told in documented.get("attributes", {}).items()}
    for reference in documented["extends_documentation_fragment"]:
        namespace, collection, fragment, *part = reference.split(".")
        assert (namespace, collection) == ("eucalyptus", "ha")
        found = importlib.import_module(f"{BASE}.doc_fragments.{fragment}").ModuleDocFragment
        text = getattr(found, part[0].upper() if part else "DOCUMENTATION")
        for attribute, told in yaml.safe_load(text).get("attributes", {}).items():
            attributes.setdefault(attribute, {}).update(told)
    # A step after the plan has nothing to look at in check mode: the plan is not carried out.
    assert attributes["check_mode"]["support"] == ("partial" if name == "nc_route_step" else "full")
    assert {"check_mode", "diff_mode", "idempotent"} <= set(attributes)
    assert all({"description", "support"} <= set(told) for told in attributes.values())
    assert documented["module"] == name
    assert f"eucalyptus.ha.{name}:" in module.EXAMPLES
