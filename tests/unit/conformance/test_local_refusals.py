# SPDX-License-Identifier: GPL-3.0-or-later
"""cc_service_info says what is wrong on this side, names the option, and does not wait for it."""

from __future__ import annotations

import pytest

from .clients import ask_module
from .local_cases import LOCAL_CASES

pytestmark = pytest.mark.today_only("what is rejected before anything is dated")

IDS = [case.name.replace(" ", "-") for case in LOCAL_CASES]


@pytest.fixture
def folder(tmp_path, key_directory):
    """A scratch folder beside the keys."""
    (tmp_path / "keys").symlink_to(key_directory)
    made = tmp_path / "made"
    made.mkdir()
    return made


@pytest.mark.parametrize("case", LOCAL_CASES, ids=IDS)
def test_local_refusal(case, folder, stand, key_directory):
    """The reason, the option's name, and one line of ASCII."""
    before = stand.hostile.requests
    stand.hostile.mode = "hang"
    with case.around():
        outcome = ask_module(stand.hostile.port, key_directory, **{"timeout": 30.0, **case.parameters(folder)})
    assert outcome.reason == case.reason, outcome
    assert outcome.elapsed < 20
    assert outcome.message.isprintable()
    if case.reason in ("options", "file_unreadable", "key_invalid", "cert_invalid", "key_mismatch"):
        assert any(option in outcome.message for option in case.change), outcome
        assert stand.hostile.requests == before
    assert "PRIVATE KEY-----\n" not in outcome.message


def test_way_out_of_forbidden_sha1(folder, stand, key_directory):
    """The message tells what to type."""
    case = next(case for case in LOCAL_CASES if case.reason == "sha1_forbidden")
    with case.around():
        message = ask_module(stand.hostile.port, key_directory).message
    assert "update-crypto-policies --set DEFAULT:SHA1" in message
    assert "OPENSSL_CONF" in message
    assert "rh-allow-sha1-signatures = yes" in message
