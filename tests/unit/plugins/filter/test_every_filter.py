# SPDX-License-Identifier: GPL-3.0-or-later
"""Every file of plugins/filter: one filter of its name, or its documentation would not be found; and examples that can be read."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest
import yaml

FILTERS = sorted(path.stem for path in (Path(__file__).resolve().parents[4] / "plugins" / "filter").glob("*.py"))


@pytest.mark.parametrize("name", FILTERS)
def test_a_file_offers_the_filter_of_its_name_and_documents_it(name):
    module = importlib.import_module(f"ansible_collections.eucalyptus.ha.plugins.filter.{name}")
    offered = module.FilterModule().filters()
    assert list(offered) == [name]
    assert callable(offered[name])
    assert yaml.safe_load(module.DOCUMENTATION)["name"] == name
    assert f"eucalyptus.ha.{name}" in module.EXAMPLES
    assert yaml.safe_load(module.EXAMPLES)
    assert yaml.safe_load(module.RETURN)["_value"]["description"]
