# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in this process."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import json
import os
import sys
from contextlib import contextmanager

import ansible
import pytest
from _pytest.monkeypatch import MonkeyPatch
from ansible.module_utils import basic
from ansible.module_utils.common.process import get_bin_path


def program(name):
    # ansible-test has no programs beside its Python, and the ones of the core that is tested on the path.
    try:
        return get_bin_path(name, opt_dirs=[os.path.dirname(sys.executable)])
    except ValueError:  # on Pythons that only hosts have
        return None


PLAYBOOK = program("ansible-playbook")
NEEDS_ANSIBLE = pytest.mark.skipif(
    not os.path.isdir(os.path.join(os.path.dirname(ansible.__file__), "cli")),
    reason="ansible-test gives the tests of modules what modules have, and no ansible-playbook: make unit runs this",
)


def python_path(collections):
    """PYTHONPATH for a process of one's own: the collection, and what this one has, where ansible-test puts ansible itself."""
    return os.pathsep.join(filter(None, [str(collections), os.environ.get("PYTHONPATH")]))


@contextmanager
def module_arguments(params):
    """What ansible.module_utils.testing.patch_module_args does, which ansible-core has from 2.19 on."""
    patch = MonkeyPatch()
    patch.setattr(basic, "_ANSIBLE_ARGS", json.dumps({"ANSIBLE_MODULE_ARGS": params}).encode())
    patch.setattr(basic, "_ANSIBLE_PROFILE", "legacy", raising=False)
    try:
        yield
    finally:
        patch.undo()


@pytest.fixture
def run_module(capsys):
    """run_module(module, option=value, …) -> what it prints; its exit status agrees with `failed`."""

    def run(module, **params):
        with module_arguments(params), pytest.raises(SystemExit) as caught:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert bool(caught.value.code) == bool(result.get("failed"))
        assert not result.get("changed")
        return result

    return run
