# SPDX-License-Identifier: GPL-3.0-or-later
"""What a run of the check printed, from the result of a task."""

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.check_answer import check_answer


def test_an_answer():
    answer = check_answer({"stdout": '{"definite": true, "local_state": "ENABLED", "message": "ENABLED"}', "rc": 0})
    assert (answer["definite"], answer["local_state"]) == (True, "ENABLED")


@pytest.mark.parametrize(
    ("result", "message"),
    [
        ({"stdout": "UNKNOWN: invalid arguments", "stderr": "\n"}, "UNKNOWN: invalid arguments"),
        ({"stdout": "", "stderr": "runuser: user x does not exist"}, "runuser: user x does not exist"),
        ({"msg": "non-zero return code"}, "non-zero return code"),
        ({}, "the check printed nothing"),
    ],
)
def test_the_result_of_a_task_that_printed_no_answer(result, message):
    """How the answer is read is tested with module_utils/_deployed_check."""
    assert check_answer(result) == {"definite": False, "local_state": None, "message": message}
