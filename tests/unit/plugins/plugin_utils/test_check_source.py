# SPDX-License-Identifier: GPL-3.0-or-later
"""Which source the check uses: the state file wherever it can serve, SOAP where it cannot, or on request."""

from __future__ import annotations

import pytest
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _check_source


def read(state: str) -> dict:
    return {"definite": True, "local_state": state, "message": f"{state}: said so"}


def failed(message: str, trouble: str | None = None) -> dict:
    return {"definite": False, "local_state": None, "message": message, "trouble": trouble}


LAYOUT = failed("UNKNOWN: the state file has no ERRORS=", "layout")
ABSENT = failed("UNKNOWN: --state-file: No such file or directory", "absent")
SILENT = failed("UNKNOWN: timed out", "timeout")
NO_KEY = failed("UNKNOWN: --key: No such file or directory")


@pytest.mark.parametrize(
    ("before", "soap", "after", "source", "level", "words"),
    [
        (read("ENABLED"), read("ENABLED"), read("ENABLED"), "state_file", "ok", "agrees with the controller's SOAP answer (ENABLED)"),
        (read("ENABLED"), NO_KEY, read("ENABLED"), "state_file", "ok", "not compared with a SOAP answer (UNKNOWN: --key"),
        (ABSENT, NO_KEY, ABSENT, "state_file", "ok", "not there yet: the controller writes it at the cloud controller's first heartbeat"),
        # Our own query has made the controller write it.
        (ABSENT, read("LOADED"), read("LOADED"), "state_file", "ok", "agrees"),
        (SILENT, SILENT, SILENT, "state_file", "warning", "the controller does not respond now"),
        (LAYOUT, read("ENABLED"), LAYOUT, "soap", "warning", "the layout of the state file is not recognised"),
        (LAYOUT, NO_KEY, LAYOUT, "soap", "warning", "empties the controller's topology"),
        (read("DISABLED"), read("ENABLED"), read("DISABLED"), "soap", "warning", "the state file contains DISABLED and the controller "
            "answers ENABLED"),
        # It changed between the readings: either of them agrees.
        (read("DISABLED"), read("ENABLED"), read("ENABLED"), "state_file", "ok", "agrees"),
        (read("DISABLED"), read("NOTREADY"), read("ENABLED"), "state_file", "ok", "the state changed meanwhile"),
    ],
)  # fmt: skip
def test_auto_uses_the_state_file_wherever_it_can_serve(before, soap, after, source, level, words):  # noqa: PLR0917 - a table
    found = _check_source.decide("auto", before, soap, after)
    assert (found.source, found.level) == (source, level)
    assert words in found.evidence


def test_a_state_file_of_another_user_is_an_error_that_names_the_option():
    found = _check_source.decide("auto", *[failed("it belongs to another user", "unreadable")] * 3)
    assert found.level == "error"
    assert found.evidence.startswith("cc_gateway_controller.user must be")


def test_soap_on_request_is_a_warning_that_names_the_cost():
    found = _check_source.decide("soap", {}, {}, {})
    assert (found.source, found.level) == ("soap", "warning")
    assert _check_source.COST in found.evidence


@pytest.mark.parametrize(("before", "soap"), [(LAYOUT, read("ENABLED")), (read("DISABLED"), read("ENABLED"))])
def test_a_state_file_that_cannot_serve_is_an_error_where_it_was_requested(before, soap):
    found = _check_source.decide("state_file", before, soap, before)
    assert (found.source, found.level) == ("state_file", "error")
    assert "must be auto or soap on this host" in found.evidence
