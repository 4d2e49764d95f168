# SPDX-License-Identifier: GPL-3.0-or-later
"""Put a mutant into a module that is loaded already, wherever its parts have been taken to by `from … import …`.

Functions and methods keep their identity and get the mutant's code; other values are replaced in every module that has them.
"""

from __future__ import annotations

import sys
import types
from typing import Any

KEPT = ("__name__", "__file__", "__package__", "__spec__", "__loader__", "__path__", "__builtins__")


def put(module: types.ModuleType, source: bytes) -> None:
    """Make `module` what it would be if its file had this source. Raises what the source raises when it is run."""
    namespace = {name: module.__dict__[name] for name in KEPT if name in module.__dict__}
    exec(compile(source, module.__file__ or module.__name__, "exec", dont_inherit=True), namespace)  # noqa: S102  (that is its job)
    for name, new in namespace.items():
        if name in KEPT:
            continue
        old = module.__dict__.get(name)
        if not _merge(old, new, module.__name__):
            _replace(module, name, old, new)


def _merge(old: Any, new: Any, owner: str) -> bool:
    """Whether `old` could be turned into `new`, or is the same already."""
    if old is new:
        return True
    if isinstance(old, types.FunctionType) and isinstance(new, types.FunctionType):
        _code(old, new)
        return True
    inner, mutated = getattr(old, "__wrapped__", None), getattr(new, "__wrapped__", None)
    if isinstance(inner, types.FunctionType) and isinstance(mutated, types.FunctionType):
        _code(inner, mutated)
        if hasattr(old, "cache_clear"):
            old.cache_clear()
        return True
    if isinstance(old, type) and isinstance(new, type) and new.__module__ == owner:
        _methods(old, new, owner)
        return True
    try:
        return bool(type(old) is type(new) and old == new)
    except Exception:  # an == of its own may do anything
        return False


def _code(old: Any, new: Any) -> None:
    """The new function's code in the old one's place."""
    old.__code__ = new.__code__
    old.__defaults__, old.__kwdefaults__ = new.__defaults__, new.__kwdefaults__


def _methods(old: type, new: type, owner: str) -> None:
    for name, value in vars(new).items():
        there = vars(old).get(name)
        if isinstance(value, (staticmethod, classmethod)) and isinstance(there, type(value)):
            _code(there.__func__, value.__func__)
        elif isinstance(value, property) and isinstance(there, property):
            for part in ("fget", "fset", "fdel"):
                if isinstance(getattr(value, part), types.FunctionType):
                    _code(getattr(there, part), getattr(value, part))
        elif not _merge(there, value, owner) and not name.startswith("__"):
            setattr(old, name, value)


def _replace(module: types.ModuleType, name: str, old: Any, new: Any) -> None:
    module.__dict__[name] = new
    if old is None or isinstance(old, (bool, int)):
        return  # one object for everybody: who has it has not taken it from here
    for other in list(sys.modules.values()):
        for taken, value in list(getattr(other, "__dict__", {}).items()):
            if value is old and taken == name:
                setattr(other, taken, new)
