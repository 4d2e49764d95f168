# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options of a role as it uses them, read from the variables of a task by the role's argument specs.

The one place where an empty text, which AWX sends for a question of a survey that nobody answered, becomes the default,
where a dictionary gets the defaults of the suboptions that it does not have, and where numbers and booleans that arrive as
text become what they are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ansible.errors import AnsibleError
from ansible.module_utils.common.validation import (
    check_type_bool,
    check_type_dict,
    check_type_float,
    check_type_int,
    check_type_list,
)
from ansible.module_utils.common.yaml import yaml_load

OWN = "Remove it, or rename it if it is a variable of your own."
CLOSE = 0.65  # of difflib's ratio, from 0 to 1
ROLES = Path(__file__).resolve().parents[2] / "roles"
# How each type is converted, and what it is called in a message.
_TYPES: dict[str, tuple[Callable[[Any], Any], str]] = {
    "int": (check_type_int, "an integer"),
    "float": (check_type_float, "a number"),
    "bool": (check_type_bool, "true or false"),
    "list": (check_type_list, "a list"),
    "dict": (check_type_dict, "a dictionary"),
}


def load_specs(role: str) -> dict[str, Any]:
    """What stands in the role's meta/argument_specs.yml."""
    # A tenth of the time of yaml.safe_load, where libyaml is there.
    specs: dict[str, Any] = yaml_load((ROLES / role / "meta" / "argument_specs.yml").read_text(encoding="utf-8"))
    return specs


def option_names(specs: Mapping[str, Any]) -> set[str]:
    """The options of all entry points, and OPTION.SUBOPTION for those that are a dictionary."""
    return {name for entry_point in specs["argument_specs"].values() for name in names_of(entry_point.get("options") or {})}


def read_options(
    options: Mapping[str, Any], variables: Mapping[str, Any], template: Callable[[Any], Any]
) -> tuple[dict[str, Any], list[str]]:
    """Values by option, and a sentence for each that cannot be used; such a one has its default, for what is evaluated besides.

    A dictionary with suboptions has all of them: those that are not given have their defaults.

    :param options: those of an entry point, as in the argument specs
    :param variables: the task's variables, not templated yet
    :param template: gives the value of a variable
    """
    values, problems = {}, []
    for name, option in options.items():
        try:
            given, wrong = template(variables.get(name)), []
        except AnsibleError as error:
            given, wrong = None, [f"{name} cannot be evaluated: {error}"]
        values[name], more = _read(name, option, given, template)
        problems += wrong or more
    return values, problems


def _read(name: str, option: Mapping[str, Any], given: Any, template: Callable[[Any], Any]) -> tuple[Any, list[str]]:
    """(the value of an option, a sentence for each thing that is wrong with it)"""
    problems = []
    try:
        value = _default(option, template) if _empty(given) else _value(option, given)
        if option.get("required") and value is None:
            problems.append(f"{name} must be set")
    except (TypeError, ValueError) as error:
        value = _default(option, template)
        problems.append(f"{name} must be {error} (got {_shown(given)})")
    parts = _suboptions(option)
    if parts and value is not None:
        # The values of those that are unknown are not shown: one may be a password.
        known, fix = [f"{name}.{part}" for part in parts], f"Remove it; its suboptions are {', '.join(parts)}."
        problems += [_not_an_option(f"{name}.{other}", known, f"{name}.", fix) for other in sorted(set(map(str, value)) - set(parts))]
        read = {part: _read(f"{name}.{part}", suboption, value.get(part), template) for part, suboption in parts.items()}
        problems += [problem for _value_of, wrong in read.values() for problem in wrong]
        value = {part: found for part, (found, _wrong) in read.items()}
    return value, problems


def _suboptions(option: Mapping[str, Any]) -> Mapping[str, Any]:
    return (option.get("options") or {}) if option.get("type") == "dict" else {}


def names_of(options: Mapping[str, Any]) -> set[str]:
    """The names of options, and OPTION.SUBOPTION for those that are a dictionary."""
    return set(options) | {f"{name}.{part}" for name, option in options.items() for part in _suboptions(option)}


def unknown_options(names: Iterable[str], options: Iterable[str], prefix: str, also: Iterable[str] = ()) -> list[str]:
    """A sentence for each variable that resembles an option of a role but is not one: Ansible would ignore it silently.

    :param names: names of variables
    :param options: the role's options, as option_names() returns them
    :param prefix: what they begin with; other variables are ignored
    :param also: names that are not options but are valid
    """
    options = {name for name in options if name.startswith(prefix)}
    dotted = suboptions_as_variables(names, options)
    others = {name for name in map(str, names) if name.startswith(prefix)} - options - set(also)
    return dotted + [_not_an_option(name, options, prefix, OWN, as_variable=True) for name in sorted(others)]


def suboptions_as_variables(names: Iterable[str], options: Iterable[str]) -> list[str]:
    """A sentence for each variable that is named like a suboption (-e OPTION.SUBOPTION=…): Ansible accepts it, and nothing reads it."""
    found = sorted({name for name in map(str, names) if "." in name} & set(options))
    return [
        f"{name} is not a variable but {_suboption(name)}, and would be ignored. Write {name.replace('.', ': {')}: VALUE}}."
        for name in found
    ]


def _suboption(name: str) -> str:
    option, _dot, part = name.partition(".")
    return f"suboption {part} of {option}"


def _not_an_option(name: str, options: Iterable[str], prefix: str, otherwise: str, as_variable: bool = False) -> str:
    # The common prefix would make every option similar.
    known = {option.removeprefix(prefix): option for option in sorted(options)}
    # A suboption is found by its own name, too.
    known = {end.rpartition(".")[2]: option for end, option in known.items()} | known
    close = get_close_matches(name.removeprefix(prefix), known, n=1, cutoff=CLOSE)
    if not close:
        return f"{name} is not an option of this role. {otherwise}"
    # A variable cannot be renamed to OPTION.SUBOPTION.
    option = known[close[0]]
    return f"{name} is not an option of this role. Did you mean {_suboption(option) if as_variable and '.' in option else option}?"


def _empty(given: Any) -> bool:
    return given is None or (isinstance(given, str) and not given.strip())


def _default(option: Mapping[str, Any], template: Callable[[Any], Any]) -> Any:
    default = option.get("default")
    return template(default) if isinstance(default, str) and "{{" in default else default


def _value(option: Mapping[str, Any], given: Any) -> Any:
    kind, choices = option.get("type", "str"), option.get("choices")
    if kind in _TYPES:
        convert, wanted = _TYPES[kind]
        if kind in ("int", "float") and isinstance(given, bool):
            raise TypeError(wanted)
        try:
            value = convert(given)
        except (TypeError, ValueError):
            raise TypeError(wanted) from None
        if kind == "list" and option.get("elements") == "dict" and not all(isinstance(one, Mapping) for one in value):
            raise TypeError("a list of dictionaries")
        if kind == "list" and option.get("elements", "str") == "str":
            return _texts(value)
    elif kind == "raw":
        return given
    elif isinstance(given, (list, dict)):
        raise TypeError("a string")
    else:
        value = str(given).strip()
    if choices and value not in choices:
        raise ValueError("one of " + ", ".join(str(choice) or "empty" for choice in choices))
    return value


def _shown(given: Any) -> str:
    """A value in a message; of what is long, only what it is."""
    text = repr(given)
    return text if len(text) <= 60 else f"a {type(given).__name__} of {len(given)}" if hasattr(given, "__len__") else text[:60]


def _texts(elements: list[Any]) -> list[str]:
    if any(isinstance(element, (list, dict)) for element in elements):
        raise TypeError("a list of strings")
    return [text for text in (str(element).strip() for element in elements) if text]


def sentences(texts: list[str]) -> str:
    """Problems or results as sentences, one after the other."""
    found = []
    for text in (text.strip() for text in texts):
        if not text:
            continue
        first = text.split(maxsplit=1)[0]
        # Names of options and programs stay as they are.
        start = text if "_" in first or "." in first or ":" in first else text[0].upper() + text[1:]
        found.append(start if start.endswith((".", "?", "!")) else f"{start}.")
    return " ".join(found)
