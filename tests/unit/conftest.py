# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lets the same tests run by pytest in the work tree and by ansible-test, which brings its own pytest configuration.

In Python 2.7's words too: ansible-test reads it before it runs tests/unit/plugins/modules and module_utils there.
"""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import os
import sys

import hypothesis
import pytest

# How long one example takes is for the machine's load to say.
hypothesis.settings.register_profile("any load", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow])
hypothesis.settings.load_profile("any load")

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
BY_ANSIBLE_TEST = "ANSIBLE_CONTROLLER_MIN_PYTHON_VERSION" in os.environ

if BY_ANSIBLE_TEST:
    # As pyproject.toml has it.
    sys.path.insert(0, TESTS)
    # Tests that start processes of their own hand them the collection by this path, which `make setup` makes elsewhere.
    link = os.path.join(os.path.dirname(TESTS), ".cache", "collections")
    try:
        os.makedirs(os.path.dirname(link))
    except OSError:  # another of xdist's workers was first
        pass
    try:
        os.symlink(os.environ["ANSIBLE_COLLECTIONS_PATH"], link)
    except OSError:  # as above
        pass
else:
    # Before any test is imported: what is bound as a default argument is to be watched too.
    from ansible_collections.eucalyptus.ha.tests.unit import wall_clock

    GUARD = wall_clock.Guard()


def pytest_configure(config):
    config.addinivalue_line("markers", "interpreters: runs other Python interpreters (pyenv); slower")
    config.addinivalue_line("markers", "wall_clock: uses the date of this host; see wall_clock.py")
    config.addinivalue_line("markers", "today_only(reason): uses the date of this host; see wall_clock.py")
    if not BY_ANSIBLE_TEST:
        config.pluginmanager.register(GUARD)


def pytest_collection_modifyitems(items):
    if BY_ANSIBLE_TEST:
        for item in items:
            if item.get_closest_marker("interpreters"):
                item.add_marker(pytest.mark.skip(reason="looks for all interpreters itself: make interpreters"))
