# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in this process."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

import pytest
from ansible.module_utils import basic

# ansible-test has no programs beside its Python, and the ones of the core that is tested on the path.
BESIDE = Path(sys.executable).parent / "ansible-playbook"
PLAYBOOK = str(BESIDE) if BESIDE.exists() else shutil.which("ansible-playbook")


def python_path(collections: Path) -> str:
    """PYTHONPATH for a process of one's own: the collection, and what this one has, where ansible-test puts ansible itself."""
    return os.pathsep.join(filter(None, [str(collections), os.environ.get("PYTHONPATH")]))


@contextmanager
def module_arguments(params: dict) -> Iterator[None]:
    """What ansible.module_utils.testing.patch_module_args does, which ansible-core has from 2.19 on."""
    given = json.dumps({"ANSIBLE_MODULE_ARGS": params}).encode()
    with mock.patch.object(basic, "_ANSIBLE_ARGS", given), mock.patch.object(basic, "_ANSIBLE_PROFILE", "legacy", create=True):
        yield


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
