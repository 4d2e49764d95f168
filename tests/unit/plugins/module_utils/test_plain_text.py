# -*- coding: utf-8 -*-
# SPDX-License-Identifier: GPL-3.0-or-later
"""S2: text of others that can hold no template, by every Python of a host."""

from __future__ import absolute_import, division, print_function

__metaclass__ = type

import itertools

import pytest
from ansible_collections.eucalyptus.ha.plugins.module_utils._plain_text import plain

MARKS = (u"{{", u"{%", u"{#")


@pytest.mark.parametrize(
    ("text", "left"),
    [
        (u"{{ lookup('pipe', 'id') }}", u"({ lookup('pipe', 'id') }}"),
        (u"{% for x in y %}{{ x }}{% endfor %}", u"(% for x in y %}({ x }}(% endfor %}"),
        (u"{# \xe9 #}", u"(# \xe9 #}"),
        (u"{{{", u"((("),
        (u"half of one {", u"half of one ("),
        (u'{"a": {"b": 1}}\n', u'{"a": {"b": 1}}\n'),
        (u"${NAME} {x}", u"${NAME} {x}"),
        (u"", u""),
    ],
)
def test_a_template_loses_its_beginning_and_nothing_else(text, left):
    assert plain(text) == left
    assert plain(text.encode("utf-8")) == left.encode("utf-8")


def test_all_that_is_in_a_value_is_made_plain():
    value = {u"{{ a }}": [u"{{ b }}", (u"{%", 1, None, True, 1.5), {u"c": {u"d": u"x {"}}]}
    assert plain(value) == {u"({ a }}": [u"({ b }}", [u"(%", 1, None, True, 1.5], {u"c": {u"d": u"x ("}}]}


def test_no_text_and_no_two_of_them_together_hold_a_template():
    texts = [u"".join(letters) for size in range(5) for letters in itertools.product(u"{%#a", repeat=size)]
    for text in texts:
        made = plain(text)
        assert len(made) == len(text)
        for following in (u"{", u"%", u"#"):
            assert not any(mark in made + following for mark in MARKS)
