# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A role's options as its code uses them: typed, with defaults, and an error in one sentence for each that does not fit.

Private to the collection. Types, choices and defaults are those of the role's meta/argument_specs.yml. Optional text that arrives
empty (an AWX survey sends "" for an answer left out) counts as unset: this is the one place that knows.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

OWN = "Remove it, or rename it if it is a variable of your own."
CLOSE = 0.75  # of difflib's ratio, from 0 to 1


class _WrongTypeError(Exception):
    """The value is not of the type; the text says what it must be."""


def _integer(value: Any) -> int:
    number = _float(value)
    if number != int(number):
        raise _WrongTypeError
    return int(number)


def _float(value: Any) -> float:
    if isinstance(value, bool):  # YAML's yes; Python would count it as 1
        raise _WrongTypeError
    number = float(value)
    if not math.isfinite(number):
        raise _WrongTypeError
    return number


def _boolean(value: Any) -> bool:
    return boolean(value, strict=True)


def _string(value: Any) -> str:
    if isinstance(value, (Mapping, list, tuple)):
        raise _WrongTypeError
    return str(value)


def _list(value: Any) -> list[Any]:
    if isinstance(value, (str, Mapping)) or not isinstance(value, Iterable):
        raise _WrongTypeError
    return list(value)


def _words(value: Any) -> list[str]:
    """A list of str, for which Ansible and AWX surveys take one text with commas as well."""
    if isinstance(value, str):
        return [word.strip() for word in value.split(",") if word.strip()]
    return [_string(one) for one in _list(value)]


def _dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _WrongTypeError
    return dict(value)


_TYPES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "int": (_integer, "a whole number"),
    "float": (_float, "a number"),
    "bool": (_boolean, "true or false"),
    "str": (_string, "text"),
    "path": (_string, "a path"),
    "list": (_list, "a list"),
    "dict": (_dict, "a dictionary"),
    "raw": (lambda value: value, "anything"),
}
_NAMES = {str: "a string", bool: "a boolean", int: "a number", float: "a number", dict: "a dictionary", list: "a list"}


def _found(value: Any, secret: bool) -> str:
    kind = next((name for kind, name in _NAMES.items() if type(value) is kind or isinstance(value, kind)), type(value).__name__)
    shown = str(value)
    return kind if secret or isinstance(value, (dict, list)) or len(shown) > 60 else repr(shown) if isinstance(value, str) else shown


def _convert(name: str, spec: Mapping[str, Any], value: Any) -> Any:
    kind = spec.get("type", "str")
    convert, wanted = _TYPES[kind]
    if kind == "list" and spec.get("elements") == "dict":
        wanted = "a list of dictionaries"
    try:
        found = convert(value)
        if kind == "list" and spec.get("elements") == "dict" and not all(isinstance(one, Mapping) for one in found):
            raise _WrongTypeError
    except (_WrongTypeError, TypeError, ValueError, OverflowError):
        raise _WrongTypeError(f"{name} must be {wanted} (got {_found(value, bool(spec.get('no_log')))}).") from None
    choices = spec.get("choices")
    if choices and found not in choices:
        raise _WrongTypeError(f"{name} must be {', '.join(map(str, choices[:-1]))} or {choices[-1]} (got {_found(value, False)}).")
    return found


def read(
    specs: Mapping[str, Mapping[str, Any]], variables: Mapping[str, Any], template: Callable[[Any], Any]
) -> tuple[dict[str, Any], list[str]]:
    """(name: value, errors), for the options of one entry point.

    :param specs: its `options` in meta/argument_specs.yml
    :param variables: the variables of the host, not templated yet
    :param template: what templates one of them
    """
    values: dict[str, Any] = {}
    errors = []
    for name, spec in specs.items():
        value = template(variables[name]) if name in variables else None
        if value is None or value == "":
            value = template(spec.get("default"))
            if spec.get("required"):
                errors.append(f"{name} is not set. {first_sentence(spec)}")
        if value is None or value == "":
            values[name] = value
            continue
        try:
            values[name] = _convert(name, spec, value)
        except _WrongTypeError as error:
            values[name] = template(spec.get("default"))
            errors.append(str(error))
    return values, errors


def first_sentence(spec: Mapping[str, Any]) -> str:
    """The first sentence of an option's description."""
    description = spec.get("description") or ""
    text = description if isinstance(description, str) else str(description[0])
    return text.split(". ")[0].rstrip(".") + "."


def unknown(names: Iterable[str], known: Iterable[str], prefix: str) -> list[str]:
    """A sentence for each variable that looks like an option of the role and is not one: Ansible would ignore it silently."""
    options = {name for name in known if name.startswith(prefix)}
    # What all of them begin with is no hint.
    ends = [name.removeprefix(prefix) for name in sorted(options)]
    sentences = []
    for name in sorted(set(map(str, names)) - options):
        if name.startswith(prefix):
            close = get_close_matches(name.removeprefix(prefix), ends, n=1, cutoff=CLOSE)
            hint = f"Did you mean {prefix}{close[0]}?" if close else OWN
            sentences.append(f"{name} is not an option of this role. {hint}")
    return sentences
