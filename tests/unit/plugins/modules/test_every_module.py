# SPDX-License-Identifier: GPL-3.0-or-later
"""Every module: what its documentation takes from the fragments is there, and says that it changes nothing."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import sys

import pytest

if sys.version_info < (3, 10):
    pytest.skip("reads documentation, as the control node does", allow_module_level=True)

import importlib
from pathlib import Path

import yaml

BASE = "ansible_collections.eucalyptus.ha.plugins"
MODULES = sorted(path.stem for path in (Path(__file__).resolve().parents[4] / "plugins" / "modules").glob("*.py"))


@pytest.mark.parametrize("name", MODULES)
def test_fragments_are_there_and_the_attributes_are_told(name):
    module = importlib.import_module("{}.modules.{}".format(BASE, name))
    documented = yaml.safe_load(module.DOCUMENTATION)
    attributes = {attribute: dict(told) for attribute, told in documented.get("attributes", {}).items()}
    for reference in documented["extends_documentation_fragment"]:
        parts = reference.split(".")
        fragment, part = parts[2], parts[3:]
        assert parts[:2] == ["eucalyptus", "ha"]
        found = importlib.import_module("{}.doc_fragments.{}".format(BASE, fragment)).ModuleDocFragment
        text = getattr(found, part[0].upper() if part else "DOCUMENTATION")
        for attribute, told in yaml.safe_load(text).get("attributes", {}).items():
            attributes.setdefault(attribute, {}).update(told)
    # A step after the plan has nothing to look at in check mode: the plan is not carried out.
    assert attributes["check_mode"]["support"] == ("partial" if name == "nc_route_step" else "full")
    assert {"check_mode", "diff_mode", "idempotent"} <= set(attributes)
    assert all({"description", "support"} <= set(told) for told in attributes.values())
    assert documented["module"] == name
    assert "eucalyptus.ha.{}:".format(name) in module.EXAMPLES
