# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules run in this process."""

from __future__ import annotations

import json

import pytest
from ansible.module_utils.testing import patch_module_args


@pytest.fixture
def run_module(capsys):
    """run_module(module, option=value, …) -> what it prints; its exit status agrees with `failed`."""

    def run(module, **params):
        with patch_module_args(params), pytest.raises(SystemExit) as caught:
            module.main()
        result = json.loads(capsys.readouterr().out)
        assert bool(caught.value.code) == bool(result.get("failed"))
        assert not result.get("changed")
        return result

    return run
