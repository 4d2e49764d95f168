# SPDX-License-Identifier: GPL-3.0-or-later
"""What the parts of the check share."""

from __future__ import annotations

import time

import pytest
from ansible_collections.eucalyptus.ha.roles.cc_gateway.files import cc_enabled_check as check


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("plain ~ text", "plain ~ text"),
        ("", ""),
        ("\x1f \x7f\u00e9\n", "? ???"),
        ("x" * 300, "x" * 300),
        ("x" * 301, "x" * 300 + "..."),
        ("x" * 9000, "x" * 300 + "..."),
        # S2: the line reaches the control node.
        ("{{ lookup('pipe', 'id') }}", "({ lookup('pipe', 'id') }}"),
        ("{{{% x %}{#", "(((% x %}(#"),
        ("half of one {", "half of one ("),
        ("{'a': {'b': 1}}", "{'a': {'b': 1}}"),
    ],
)
def test_a_line_is_printable_and_short(text, line):
    assert check.common.clean(text) == line


@pytest.mark.parametrize(
    ("text", "good"),
    [
        ("0", True), ("0123456789", True), ("01234567890", False), ("", False), ("1a", False), ("X1", False), ("-1", False), ("1 ", False),
    ],
)  # fmt: skip
def test_numbers_of_a_protocol_are_few_digits(text, good):
    assert check.common.is_number(text) is good


def test_the_clock_is_one_that_nobody_sets():
    assert check.common.now is time.monotonic
