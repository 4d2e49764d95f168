# SPDX-License-Identifier: GPL-3.0-or-later
"""The tools of `make mutation`: which mutants there are, that they get into a loaded module, and that survivors need reasons."""

from __future__ import annotations

import ast
import sys
import textwrap
import types

import pytest
from ansible_collections.eucalyptus.ha.tests.mutants import operators, patching


def changes(text):
    """The keys of the mutants of a text without its name, as (where, change)."""
    found = [one.key for one in operators.mutants_of(textwrap.dedent(text).encode(), "f.py")]
    assert all(key.startswith("f.py ") for key in found)
    return [tuple(key[5:].split(": ", 1)) for key in found]


def of(text):
    return {change for where, change in changes(text) if where == "f"}


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("x = a < b", {"a < b → a <= b"}),
        ("x = 0 < a <= b", {"0 < a <= b → 0 <= a <= b", "0 < a <= b → 0 < a < b", "0 → 1"}),
        ("x = a in b", {"a in b → a not in b"}),
        ("x = a is None", {"a is None → a is not None"}),
        ("x = a and b", {"a and b → a or b", "a and b → a", "a and b → b"}),
        ("x = not a", {"not a → a"}),
        ("x = a - b", {"a - b → a + b"}),
        ("x = 'n: %s' % a", set()),
        ("x = f'{a - 1} b'", set()),
        ("x = 'two words'", set()),
        ("x = 'word'", {"'word' → 'XXword'"}),
        ("x = b'word'", {"b'word' → b'XXword'"}),
        ("x = True", {"True → False"}),
        ("x = 1.5", {"1.5 → 2.5"}),
        ("x = None", set()),
        ("go()", {"go() → pass"}),
        ("a.b = c", {"a.b = c → pass"}),
        ("a += b", {"a += b → pass"}),
        ("raise a", {"raise a → pass"}),
        ("return a", {"return a → return None"}),
        ("return", set()),
        ("return None", set()),
        ("x = b if a else c", {"b if a else c → b", "b if a else c → c"}),
        ("x = [b for b in c if b]", {"b → True", "b → False"}),
        ("if a: pass", {"a → True", "a → False"}),
        ("while a: break", {"a → False", "break → continue"}),
        ("for a in b: continue", {"continue → break"}),
        ("import a", set()),
        ("'''A docstring.'''", set()),
        ("with a(1): pass", {"1 → 2"}),
        ("x: int = 1", {"1 → 2"}),
    ],
)  # fmt: skip
def test_what_is_changed(line, expected):
    assert of(f"def f(a, b, c):\n    {line}\n") == expected


def test_every_mutant_is_python_and_another_program_on_the_same_lines():
    source = b'def f(a):\n    return g(\n        a == 1,  # why\n        "x" "y",\n    ) and (a or\n           2)\n'
    clean = ast.dump(ast.parse(source))
    found = operators.mutants_of(source, "f.py")
    assert len(found) >= 8
    for mutant in found:
        assert ast.dump(ast.parse(mutant.source)) != clean
        assert mutant.source.count(b"\n") == source.count(b"\n")
    assert len({mutant.source for mutant in found}) == len(found)


def test_letters_outside_of_ascii_do_not_shift_a_change():
    [mutant] = operators.mutants_of('x = f(": é →") or 1\n'.encode(), "f.py")[-1:]
    assert mutant.source.decode() == 'x = f(": é →") or (2)\n'


def test_a_key_stays_when_lines_are_added_and_tells_twins_apart():
    text = "class C:\n    def m(self):\n        one(1)\n        two(1)\n"
    before = [one.key for one in operators.mutants_of(text.encode(), "f.py")]
    assert [one.key for one in operators.mutants_of(b"import os\n\n\n" + text.encode(), "f.py")] == before
    assert "f.py C.m: 1 → 2" in before
    assert "f.py C.m: 1 → 2 (no. 2)" in before


def test_documents_and_the_call_of_main_are_left_alone():
    text = "DOCUMENTATION = 'x'\n__metaclass__ = type\nif __name__ == '__main__':\n    main()\nLIMIT = 5\n"
    assert changes(text) == [("(module)", "5 → 6")]


def test_what_runs_at_import_is_told_from_what_is_called():
    found = operators.mutants_of(b"A = 1\nB = lambda: 2\ndef f(x=3):\n    return 4\nclass C:\n    D = 5\n", "f.py")
    assert {one.source.split(b"\n")[one.line - 1]: one.deferred for one in found if "return" not in one.key.split(": ")[1]} == {
        b"A = (2)": False, b"B = lambda: (3)": True, b"def f(x=(4)):": False, b"    return (5)": True, b"    D = (6)": False,
    }  # fmt: skip


CLEAN = """
import functools
LIMIT = 5
TABLE = {"a": 1}

def limited(x, most=10):
    return min(x, LIMIT, most)

@functools.lru_cache(None)
def remembered(x):
    return x + 1

class Base(Exception):
    KIND = "one"

    def __init__(self, text):
        super().__init__(text)
        self.text = text + "!"

    @staticmethod
    def static():
        return 1

    @classmethod
    def made(cls):
        return cls("made")

    @property
    def length(self):
        return len(self.text)
"""


@pytest.fixture
def loaded(monkeypatch):
    """A module, and another that has taken things from it."""
    module = types.ModuleType("mutated_module")
    module.__file__ = "mutated_module.py"
    exec(CLEAN, module.__dict__)  # noqa: S102  (a module for the test)
    taker = types.ModuleType("taker")
    taker.__dict__.update(limited=module.limited, LIMIT=module.LIMIT, TABLE=module.TABLE, Base=module.Base, remembered=module.remembered)
    monkeypatch.setitem(sys.modules, "mutated_module", module)
    monkeypatch.setitem(sys.modules, "taker", taker)
    return module, taker


def put(module, old, new):
    assert CLEAN.count(old) == 1
    patching.put(module, CLEAN.replace(old, new).encode())


def test_a_function_that_was_taken_elsewhere_is_mutated_too(loaded):
    module, taker = loaded
    assert taker.limited(100) == 5
    put(module, "min(x, LIMIT, most)", "max(x, LIMIT, most)")
    assert taker.limited(100) == 100
    put(module, "most=10", "most=2")
    assert taker.limited(100) == 2


def test_values_are_mutated_wherever_they_went(loaded):
    module, taker = loaded
    put(module, '"a": 1', '"a": 2')
    assert taker.TABLE == {"a": 2}
    put(module, "LIMIT = 5", "LIMIT = 6")
    assert taker.limited(100) == 6


def test_classes_stay_themselves_with_other_methods(loaded):
    module, taker = loaded
    base, error = taker.Base, taker.Base("x")
    put(module, 'text + "!"', 'text + "?"')
    assert module.Base is base
    assert isinstance(error, module.Base)
    assert taker.Base("x").text == "x?"
    put(module, "return 1", "return 2")
    assert base.static() == 2
    put(module, 'cls("made")', 'cls("mad")')
    assert base.made().text == "mad!"
    put(module, "len(self.text)", "-len(self.text)")
    assert error.length == -2
    put(module, 'KIND = "one"', 'KIND = "two"')
    assert base.KIND == "two"


def test_what_was_remembered_is_forgotten(loaded):
    module, taker = loaded
    assert taker.remembered(1) == 2
    put(module, "x + 1", "x - 1")
    assert taker.remembered(1) == 0


def test_the_clean_source_puts_everything_back(loaded):
    module, taker = loaded
    put(module, "min(x, LIMIT, most)", "max(x, LIMIT, most)")
    patching.put(module, CLEAN.encode())
    assert taker.limited(100) == 5


def test_a_mutant_that_does_not_load_says_so(loaded):
    module, _taker = loaded
    with pytest.raises(NameError):
        patching.put(module, CLEAN.replace("LIMIT = 5", "LIMIT = nothing").encode())
