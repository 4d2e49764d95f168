# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the check said, or why it said nothing."""

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.check_answer import check_answer


def test_an_answer():
    answer = check_answer({"stdout": '{"definite": true, "local_state": "ENABLED", "message": "ENABLED"}', "rc": 0})
    assert (answer["definite"], answer["local_state"]) == (True, "ENABLED")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"stdout": "UNKNOWN: wrong call"}, "UNKNOWN: wrong call"),
        ({"stdout": "", "stderr": "runuser: user x does not exist"}, "runuser: user x does not exist"),
        ({"msg": "non-zero return code"}, "non-zero return code"),
        ({"stdout": "[]"}, "[]"),
        ({"stdout": "{}"}, "{}"),
        ({}, "the check said nothing"),
        ({"stdout": "  ", "stderr": "\n"}, "the check said nothing"),
        ({"stdout": "UNKNOWN: wrong call", "stderr": "\n"}, "UNKNOWN: wrong call"),
    ],
)
def test_no_answer(result, message):
    assert check_answer(result) == {"definite": False, "local_state": None, "message": message}
