# SPDX-License-Identifier: GPL-3.0-or-later
"""The mutants of a Python source: small changes, one at a time, that a test should notice.

What is changed: comparisons, `and` and `or` and their operands, `not`, arithmetic, numbers, booleans, strings of one word,
conditions (forced to be true and to be false), statements (calls, raises, assignments to parts, returned values, break and
continue are taken out).

What is not: imports, annotations, docstrings and DOCUMENTATION, f-strings, and texts for people (strings with a space in
them), whose words the tests compare only as far as they matter.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

COMPARISONS: dict[type, type] = {
    ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq, ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
ARITHMETIC: dict[type, type] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.FloorDiv, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult, ast.Mod: ast.Mult,
    ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd, ast.LShift: ast.RShift, ast.RShift: ast.LShift,
}  # fmt: skip
DOCUMENTS = {"DOCUMENTATION", "EXAMPLES", "RETURN", "__metaclass__"}
SHOWN = 110  # characters of one side of a change in its key


@dataclass(frozen=True)
class Mutant:
    """One change. `key` names it whatever the line is on which it stands."""

    key: str
    line: int
    deferred: bool  # runs when a function is called, and not only when the module is imported
    source: bytes


@dataclass(frozen=True)
class _Change:
    node: ast.AST
    before: str
    after: str


def _text(node: ast.AST) -> str:
    return ast.unparse(node)


def _is_text(node: ast.AST) -> bool:
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, (str, bytes)))


def _with(node: ast.AST, **fields: object) -> ast.AST:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return changed


def _of_expression(node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Compare):
        for index, operator in enumerate(node.ops):
            yield _with(node, ops=[*node.ops[:index], COMPARISONS[type(operator)](), *node.ops[index + 1 :]])
    elif isinstance(node, ast.BoolOp):
        yield _with(node, op=ast.Or() if isinstance(node.op, ast.And) else ast.And())
        for index in range(len(node.values)):
            left = [*node.values[:index], *node.values[index + 1 :]]
            yield left[0] if len(left) == 1 else _with(node, values=left)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        # With text on one side these are formats and joints: another operator would be a TypeError and nothing else.
        if not _is_text(node.left) and not _is_text(node.right):
            yield _with(node, op=ARITHMETIC[type(node.op)]())
    elif isinstance(node, ast.Constant):
        yield from _of_constant(node.value)
    elif isinstance(node, ast.IfExp):
        yield node.body
        yield node.orelse


def _of_constant(value: object) -> Iterator[ast.AST]:
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, (int, float)):
        yield ast.Constant(value + 1)
    elif isinstance(value, str) and not any(letter.isspace() for letter in value.strip("\r\n\t")):
        yield ast.Constant("XX" + value)
    elif isinstance(value, bytes) and b" " not in value:
        yield ast.Constant(b"XX" + value)


def _of_statement(node: ast.stmt) -> Iterator[tuple[ast.AST, ast.AST]]:
    """(what is replaced, by what)"""
    if isinstance(node, (ast.Raise, ast.AugAssign)):
        yield node, ast.Pass()
    elif isinstance(node, ast.Expr):
        if isinstance(node.value, ast.Call):
            yield node, ast.Pass()
    elif isinstance(node, ast.Assign):
        if all(isinstance(target, (ast.Attribute, ast.Subscript)) for target in node.targets):
            yield node, ast.Pass()
    elif isinstance(node, ast.Return):
        if node.value is not None and _text(node.value) != "None":
            yield node, ast.Return(ast.Constant(None))
    elif isinstance(node, ast.Break):
        yield node, ast.Continue()
    elif isinstance(node, ast.Continue):
        yield node, ast.Break()
    elif isinstance(node, ast.If):
        yield node.test, ast.Constant(True)
        yield node.test, ast.Constant(False)
    elif isinstance(node, ast.While) and not (isinstance(node.test, ast.Constant)):
        yield node.test, ast.Constant(False)


class _Walk:
    """Goes through a module and notes changes with the name of the function they are in."""

    def __init__(self) -> None:
        self.found: list[tuple[str, bool, _Change]] = []

    def note(self, where: list[str], deferred: bool, old: ast.AST, new: ast.AST) -> None:
        before, after = _text(old), _text(new)
        if before != after:
            self.found.append((".".join(where) or "(module)", deferred, _Change(old, before, after)))

    def block(self, statements: list[ast.stmt], where: list[str], deferred: bool) -> None:
        for node in statements:
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                continue
            if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
                continue  # a docstring
            if isinstance(node, ast.Assign) and {_text(target) for target in node.targets} & DOCUMENTS:
                continue
            if isinstance(node, ast.If) and "__name__" in _text(node.test):
                continue
            self.statement(node, where, deferred)

    def statement(self, node: ast.stmt, where: list[str], deferred: bool) -> None:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            inner = [*where, node.name]
            if isinstance(node, ast.FunctionDef):
                for default in [*node.args.defaults, *(one for one in node.args.kw_defaults if one)]:
                    self.expression(default, inner, deferred)
            self.block(node.body, inner, deferred or isinstance(node, ast.FunctionDef))
            return
        for old, new in _of_statement(node):
            self.note(where, deferred, old, new)
        for name, value in ast.iter_fields(node):
            if name == "annotation":
                continue
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, ast.stmt):
                    self.block([one], where, deferred)
                elif isinstance(one, ast.ExceptHandler):
                    self.block(one.body, where, deferred)
                elif isinstance(one, ast.withitem):
                    self.expression(one.context_expr, where, deferred)
                elif isinstance(one, ast.expr):
                    self.expression(one, where, deferred)

    def expression(self, node: ast.AST, where: list[str], deferred: bool) -> None:
        if isinstance(node, ast.JoinedStr):
            return  # before 3.12, what is inside has no position
        for new in _of_expression(node):
            self.note(where, deferred, node, new)
        if isinstance(node, ast.comprehension):
            for test in node.ifs:
                self.note(where, deferred, test, ast.Constant(True))
                self.note(where, deferred, test, ast.Constant(False))
        # What a lambda does is done when it is called.
        inner = deferred or isinstance(node, ast.Lambda)
        for child in ast.iter_child_nodes(node):
            self.expression(child, where, inner)


def _short(text: str) -> str:
    text = " ".join(text.split())
    return text if len(text) <= SHOWN else text[: SHOWN // 2 - 2] + " … " + text[-SHOWN // 2 + 1 :]


def _apply(lines: list[bytes], change: _Change) -> bytes:
    node = change.node
    first, last = node.lineno - 1, node.end_lineno - 1  # type: ignore[attr-defined]
    after = change.after if isinstance(node, ast.stmt) else f"({change.after})"
    head = lines[first][: node.col_offset]  # type: ignore[attr-defined]
    tail = lines[last][node.end_col_offset :]  # type: ignore[attr-defined]
    # The lines that the change takes away stay as empty ones, so that those after it keep their numbers.
    gap = b"\n" * (last - first)
    return b"".join([*lines[:first], head, after.encode(), tail.rstrip(b"\n"), b"\n", gap, *lines[last + 1 :]])


def mutants_of(source: bytes, name: str) -> list[Mutant]:
    """All mutants of a source; `name` is the file's in the keys."""
    walk = _Walk()
    walk.block(ast.parse(source).body, [], False)
    lines = source.splitlines(keepends=True)
    found: list[Mutant] = []
    seen: dict[str, int] = {}
    sources = {source}
    for where, deferred, change in walk.found:
        key = f"{name} {where}: {_short(change.before)} → {_short(change.after)}"
        seen[key] = seen.get(key, 0) + 1
        if seen[key] > 1:
            key += f" (no. {seen[key]})"
        mutated = _apply(lines, change)
        try:
            compile(mutated, name, "exec", dont_inherit=True)
        except SyntaxError:
            continue  # a string beside another, or half of one: such a piece has no meaning by itself
        if mutated not in sources:
            sources.add(mutated)
            found.append(Mutant(key, change.node.lineno, deferred, mutated))  # type: ignore[attr-defined]
    return found
