# SPDX-License-Identifier: GPL-3.0-or-later
"""The site's reference has what users may rely on."""

from __future__ import annotations

import importlib.util
from pathlib import Path

REPO = Path(__file__).resolve().parents[4]
INDEX = """\
.. _module_plugins_in_a.b:

Modules
~~~~~~~

* :ansplugin:`one module <a.b.one#module>` -- Query one
* :ansplugin:`two module <a.b.two#module>` -- [INTERNAL] Query two

.. toctree::
    :maxdepth: 1
    :hidden:

    one_module
    two_module


.. _lookup_plugins_in_a.b:

Lookup Plugins
~~~~~~~~~~~~~~

* :ansplugin:`two lookup <a.b.two#lookup>` -- [INTERNAL] Find two

.. toctree::
    :maxdepth: 1
    :hidden:

    two_lookup


.. _role_plugins_in_a.b:

Role Index
----------
"""


def test_what_is_internal_is_not_in_the_index_of_the_reference(monkeypatch):
    monkeypatch.syspath_prepend(REPO / "tools/docs")
    spec = importlib.util.spec_from_file_location("make_site", REPO / "tools/docs/make_site.py")
    site = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(site)
    assert site.public(INDEX) == INDEX[: INDEX.index("* :ansplugin:`two module")] + """
.. toctree::
    :maxdepth: 1
    :hidden:

    one_module


""" + INDEX[INDEX.index(".. _role_plugins") :]
