# SPDX-License-Identifier: GPL-3.0-or-later
"""What AWX 24 accepts: surveys and their answers, credential types, schedules, notification templates, playbooks of a project.

Each function returns the complaints as a list of texts; none is good. The rules are AWX's own, as its sources have them
(awx/api/views/__init__.py: JobTemplateSurveySpec; awx/main/models/mixins.py: SurveyJobTemplateMixin; awx/main/fields.py:
CredentialTypeInputField and CredentialTypeInjectorField; awx/api/serializers.py: SchedulePreviewSerializer and
NotificationTemplateSerializer; awx/main/utils/ansible.py), told in other words. Where AWX lets something pass that cannot be
meant, the rule here is stricter and says so.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

import jinja2
import jinja2.sandbox

ENCRYPTED = "$encrypted$"
NAME_LENGTH = 512
VARIABLE = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

# --- surveys -----------------------------------------------------------------------------------------

DEFAULT_TYPES: dict[str, type] = {
    "text": str, "textarea": str, "password": str, "multiplechoice": str, "multiselect": str, "integer": int, "float": float,
}  # fmt: skip
QUESTION_KEYS = {
    "question_name", "question_description", "variable", "type", "required", "default", "min", "max", "choices",
}  # fmt: skip


def survey_errors(spec: Any) -> list[str]:
    """Complaints about the body of a POST to …/survey_spec/."""
    if not isinstance(spec, dict):
        return ["the survey is not a dictionary"]
    errors = []
    for key, kind in (("name", str), ("description", str), ("spec", list)):
        if not isinstance(spec.get(key), kind):
            errors.append(f"{key} is missing, or no {kind.__name__}")
    if not errors and not spec["spec"]:
        errors.append("spec has no questions")
    if errors:
        return errors
    seen: set[str] = set()
    for number, question in enumerate(spec["spec"]):
        errors += [f"question {number}: {text}" for text in _question_errors(question)]
        variable = question.get("variable", "")
        if variable in seen:
            errors.append(f"question {number}: variable {variable} is there twice")
        seen.add(variable)
    return errors


def _question_errors(question: dict) -> list[str]:
    errors = []
    for key, kind in (("type", str), ("question_name", str), ("variable", str), ("required", bool)):
        if not isinstance(question.get(key), kind):
            errors.append(f"{key} is missing, or no {kind.__name__}")
    if errors:
        return errors
    kind = question["type"]
    if kind not in DEFAULT_TYPES:
        return [f"type {kind} is not one of {', '.join(DEFAULT_TYPES)}"]
    # AWX takes any text; Ansible does not.
    if not VARIABLE.fullmatch(question["variable"]):
        errors.append(f"variable {question['variable']!r} is no name of a variable")
    # AWX keeps unknown keys, which do nothing.
    errors += [f"unknown key {key}" for key in sorted(set(question) - QUESTION_KEYS)]
    default = question.get("default", "")
    # A bool is an int to Python, and so to AWX; it is never meant.
    if default != "" and (not isinstance(default, DEFAULT_TYPES[kind]) or isinstance(default, bool)):
        errors.append(f"default {default!r} is no {DEFAULT_TYPES[kind].__name__}")
    for key in ("min", "max"):
        value = question.get(key)
        if value is not None and (not isinstance(value, int) or isinstance(value, bool)):
            errors.append(f"{key} is no integer")
    if kind in ("multiplechoice", "multiselect") and isinstance(default, str):
        errors += _choice_errors(question)
    if isinstance(default, str) and default.startswith(ENCRYPTED):
        errors.append(f"default may not be {ENCRYPTED}")
    if not errors and default != "" and kind != "multiselect":
        errors += answer_errors({"spec": [question]}, {question["variable"]: default})
    return errors


def _choice_errors(question: dict) -> list[str]:
    if "choices" not in question:
        return ["choices are missing"]
    choices = choices_of(question)
    if not choices or not all(isinstance(choice, str) and choice for choice in choices):
        return ["choices must be texts, and not empty"]
    defaults = question.get("default", "").splitlines()
    if question["type"] == "multiplechoice" and len(defaults) > 1:
        return ["only one default is possible"]
    return [f"default {default!r} is not one of the choices" for default in defaults if default not in choices]


def choices_of(question: dict) -> list[str]:
    choices = question["choices"]
    return [c for c in choices.splitlines() if c.strip()] if isinstance(choices, str) else choices


def answer_errors(spec: dict, answers: dict[str, Any], check_required: bool = True) -> list[str]:
    """Complaints about a launch with these answers."""
    errors = []
    for question in spec["spec"]:
        name, kind = question["variable"], question["type"]
        if name not in answers:
            # Also where there is a default: that is for launches in the browser, which fills it in.
            if question["required"] and check_required:
                errors.append(f"'{name}' value missing")
            continue
        errors += [f"{name}: {text}" for text in _answer_errors(question, kind, answers[name])]
    return errors


def _answer_errors(question: dict, kind: str, value: Any) -> list[str]:
    low, high = question.get("min"), question.get("max")
    if kind in ("text", "textarea", "password"):
        if not isinstance(value, str):
            return [f"{value!r} is no text"]
        size: float = len(value)
    elif kind in ("integer", "float"):
        allowed = (int,) if kind == "integer" else (int, float)
        if type(value) not in allowed:
            return [f"{value!r} is no {kind}"]
        size = value
    elif kind == "multiplechoice":
        return [] if value in choices_of(question) else [f"{value!r} is not one of the choices"]
    else:
        if not isinstance(value, list):
            return [f"{value!r} is no list"]
        return [f"{v!r} is not one of the choices" for v in value if v not in choices_of(question)]
    if low is not None and size < low:
        return [f"{value!r} is too small"]
    if high is not None and size > high:
        return [f"{value!r} is too large"]
    return []


def answers_by_default(spec: dict) -> dict[str, Any]:
    """The variables that a launch without answers gets: AWX fills in each default that is itself a good answer."""
    found = {}
    for question in spec["spec"]:
        if "default" in question and not _answer_errors(question, question["type"], question["default"]):
            found[question["variable"]] = question["default"]
    return found


# --- credential types --------------------------------------------------------------------------------

FIELD_KEYS = {
    "type", "format", "choices", "id", "label", "help_text", "multiline", "secret", "ask_at_runtime", "default",
}  # fmt: skip
# AWX's list of names that would change how Ansible or Python runs; all that start with ANSIBLE_ as well.
ENV_BLOCKED = {
    "VIRTUAL_ENV", "PATH", "PYTHONPATH", "JOB_ID", "INVENTORY_ID", "INVENTORY_SOURCE_ID", "INVENTORY_UPDATE_ID",
    "AD_HOC_COMMAND_ID", "REST_API_URL", "REST_API_TOKEN", "MAX_EVENT_RES", "CALLBACK_QUEUE", "CALLBACK_CONNECTION",
    "CACHE", "JOB_CALLBACK_DEBUG", "INVENTORY_HOSTVARS", "AWX_HOST", "PROJECT_REVISION", "SUPERVISOR_CONFIG_PATH",
}  # fmt: skip


def credential_type_errors(inputs: Any, injectors: Any) -> list[str]:
    """Complaints about a credential type of a site's own."""
    errors = _input_errors(inputs)
    return errors or _injector_errors(inputs, injectors)


def _input_errors(inputs: Any) -> list[str]:
    if not isinstance(inputs, dict) or set(inputs) - {"fields", "required"}:
        return ["inputs has fields and required, nothing else"]
    errors, seen = [], set()
    for field in inputs.get("fields", []):
        name = field.get("id", "")
        errors += [f"field {name}: unknown key {key}" for key in sorted(set(field) - FIELD_KEYS)]
        if not VARIABLE.fullmatch(name) or not isinstance(field.get("label"), str):
            errors.append(f"field {name!r}: id must be a name of a variable, and label a text")
        if name == "tower":
            errors.append("tower is a reserved name")
        if name in seen:
            errors.append(f"field {name} is there twice")
        seen.add(name)
        kind = field.get("type", "string")
        if kind not in ("string", "boolean"):
            errors.append(f"field {name}: type is string or boolean")
        for key in ("multiline", "secret", "ask_at_runtime"):
            if not isinstance(field.get(key, False), bool):
                errors.append(f"field {name}: {key} is true or false")
        errors += [
            f"field {name}: {key} is for type string only"
            for key in ("choices", "multiline", "format", "secret")
            if kind != "string" and key in field
        ]
        if "default" in field and not isinstance(field["default"], {"string": str, "boolean": bool}.get(kind, ())):
            errors.append(f"field {name}: the default is no {kind}")
    unknown = set(inputs.get("required", [])) - seen
    return errors + [f"required field {name} is none of the fields" for name in sorted(unknown)]


class _Names:
    """The namespace `tower` of injectors: only what a file injector makes is there."""


def _injector_errors(inputs: dict, injectors: Any) -> list[str]:
    if not isinstance(injectors, dict) or set(injectors) - {"file", "env", "extra_vars"}:
        return ["injectors has file, env and extra_vars, nothing else"]
    errors = []
    files = list(injectors.get("file", {}))
    errors += [f"file {n}: no name of a file" for n in files if not re.fullmatch(r"template(\.[a-zA-Z_]+\w*)?", n)]
    if "template" in files and len(files) > 1:
        errors.append("several files: all need the form template.NAME")
    for name in injectors.get("env", {}):
        if not VARIABLE.fullmatch(name):
            errors.append(f"env {name}: no name of a variable")
        if name.startswith("ANSIBLE_") or name in ENV_BLOCKED:
            errors.append(f"env {name}: not allowed in credentials")
    errors += [
        f"extra_vars {n}: no name of a variable" for n in injectors.get("extra_vars", {}) if not VARIABLE.fullmatch(n)
    ]
    tower: Any = _Names()
    if "template" in files:
        tower.filename = "/file"
    elif files:
        tower.filename = _Names()
        for name in files:
            setattr(tower.filename, name.partition(".")[2], "/file")
    names = {field["id"]: "EXAMPLE" for field in inputs.get("fields", [])} | {"tower": tower}
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.StrictUndefined)
    for kind, templates in injectors.items():
        for name, template in templates.items():
            if not isinstance(template, str):
                errors.append(f"{kind} {name}: no text")
                continue
            try:
                sandbox.from_string(template).render(names)
            except jinja2.exceptions.TemplateError as error:
                errors.append(f"{kind} {name}: {error}")
    return errors


def inject(
    injectors: dict, inputs: dict[str, str], directory: Path, shown: str
) -> tuple[dict[str, str], dict[str, str]]:
    """What a job gets from a credential: (environment, extra variables). Files are written to `directory`, named as below `shown`.

    As inject_credential of AWX does it: an empty field is not defined, and what is not defined renders as nothing.
    """
    names: dict[str, Any] = {key: value for key, value in inputs.items() if value}
    tower: Any = _Names()
    tower.filename = _Names()
    names["tower"] = tower
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment()
    for label, template in injectors.get("file", {}).items():
        name = label.partition(".")[2]
        path = directory / f"tmp{name}"
        path.write_text(sandbox.from_string(template).render(names), encoding="utf-8")
        path.chmod(0o600)
        setattr(tower.filename, name, f"{shown}/{path.name}")

    def rendered(kind: str) -> dict[str, str]:
        return {key: sandbox.from_string(template).render(names) for key, template in injectors.get(kind, {}).items()}

    return rendered("env"), rendered("extra_vars")


# --- schedules ---------------------------------------------------------------------------------------


def rrule_errors(text: str) -> list[str]:
    starts = re.findall(r".*?(DTSTART(;[^:]+)?:[0-9]+T[0-9]+Z?)", text)
    rules = re.findall(r".*?(RULE:[^\s]*)", text)
    errors = []
    if not starts:
        errors.append("DTSTART:YYYYMMDDTHHMMSSZ is missing")
    if re.search(r"DTSTART:[0-9]+T[0-9]+ ", text):
        errors.append("DTSTART needs a time zone (Z)")
    if len(starts) > 1:
        errors.append("DTSTART is there more than once")
    if "rrule:" not in text.lower():
        errors.append("RRULE is missing")
    errors += [f"{word} is not allowed" for word in ("EXDATE", "RDATE") if f"{word}:" in text.upper()]
    for rule in rules:
        if "interval" not in rule.lower():
            errors.append(f"{rule}: INTERVAL is missing")
        if "secondly" in rule.lower():
            errors.append(f"{rule}: SECONDLY is not supported")
        if re.match(r".*?BYDAY[:=][0-9]+[a-zA-Z]{2}", rule):
            errors.append(f"{rule}: BYDAY with a number is not supported")
        if "COUNT" in rule and "UNTIL" in rule:
            errors.append(f"{rule}: COUNT and UNTIL exclude each other")
        count = re.match(r".*?COUNT=([0-9]+)", rule)
        if count and int(count[1]) > 999:
            errors.append(f"{rule}: COUNT is at most 999")
    return errors


# --- notification templates --------------------------------------------------------------------------

_TYPES: dict[str, tuple[type, ...]] = {
    "string": (str,), "password": (str,), "int": (int,), "bool": (bool,), "list": (list,), "object": (dict,),
}  # fmt: skip
# name: (type, default); no default means that it must be given.
NOTIFICATION_FIELDS: dict[str, dict[str, tuple]] = {
    "email": {
        "host": ("string",), "port": ("int",), "username": ("string",), "password": ("password",), "use_tls": ("bool",),
        "use_ssl": ("bool",), "sender": ("string",), "recipients": ("list",), "timeout": ("int", 30),
    },
    "webhook": {
        "url": ("string",), "http_method": ("string", "POST"), "disable_ssl_verification": ("bool", False),
        "username": ("string", ""), "password": ("password", ""), "headers": ("object", {}),
    },
    "slack": {"token": ("password",), "channels": ("list",), "hex_color": ("string", "")},
}  # fmt: skip


def notification_errors(kind: str, config: dict[str, Any]) -> list[str]:
    """Complaints about notification_configuration; what has a default is added to it, as AWX does."""
    fields = NOTIFICATION_FIELDS.get(kind)
    if fields is None:
        return [f"notification_type {kind} is not known here"]
    errors = []
    for name, (field_type, *default) in fields.items():
        if name not in config:
            if default:
                config[name] = default[0]
            else:
                errors.append(f"{name} is missing")
            continue
        value = config[name]
        if not isinstance(value, _TYPES[field_type]) or (field_type == "int" and isinstance(value, bool)):
            errors.append(f"{name}: {value!r} is no {field_type}")
        elif field_type == "list" and not value:
            errors.append(f"{name} has no values")
    # AWX hands unknown ones to the program that sends, which then fails.
    return errors + [f"{name} is not known" for name in sorted(set(config) - set(fields))]


# A job as AWX offers it to messages, with values for the check of a template.
_JOB_FOR_THE_CHECK: dict[str, Any] = {
    **dict.fromkeys(
        ("type", "url", "created", "modified", "name", "description", "job_type", "playbook", "limit", "job_tags", "skip_tags",
         "start_at_task", "launch_type", "status", "started", "job_explanation", "execution_node", "controller_node", "scm_revision",
         "custom_virtualenv", "scm_branch"), ""),
    **dict.fromkeys(("force_handlers", "use_fact_cache", "failed", "finished", "allow_simultaneous", "diff_mode"), False),
    **dict.fromkeys(("id", "forks", "verbosity", "timeout", "elapsed", "job_slice_number", "job_slice_count"), 1),
    "artifacts": {}, "host_status_counts": {}, "summary_fields": {},
}  # fmt: skip
MESSAGE_EVENTS = ("started", "success", "error", "workflow_approval")
_DEFAULT_MESSAGE = "{{ job_friendly_name }} #{{ job.id }} '{{ job.name }}' {{ job.status }}: {{ url }}"
_DEFAULT_BODY = "{{ job_friendly_name }} #{{ job.id }} had status {{ job.status }}, view details at {{ url }}\n\n{{ job_metadata }}"


class _NamedUndefined(jinja2.StrictUndefined):
    """Nothing may be done with what is not there, not even a test whether it is empty."""

    __repr__ = __str__ = jinja2.StrictUndefined._fail_with_undefined_error


def message_errors(messages: Any) -> list[str]:
    """Complaints about the messages of a notification template: AWX renders each with a job that has no artifacts."""
    if messages is None:
        return []
    if not isinstance(messages, dict):
        return [f"Expected dict for 'messages' field, found {type(messages)}"]
    errors = []
    for event, texts in messages.items():
        if event not in MESSAGE_EVENTS:
            errors.append(f"Event '{event}' invalid, must be one of {', '.join(MESSAGE_EVENTS)}")
        elif event != "workflow_approval" and texts is not None:
            errors += _text_errors(event, texts)
    return errors


def _text_errors(event: str, texts: Any) -> list[str]:
    if not isinstance(texts, dict):
        return [f"Expected dict for event '{event}', found {type(texts)}"]
    errors = []
    for kind, text in texts.items():
        if kind not in ("message", "body"):
            errors.append(f"Message type '{kind}' invalid, must be either 'message' or 'body'")
        elif text is not None and not isinstance(text, str):
            errors.append(f"Expected string for '{kind}', found {type(text)}")
        elif text is not None and kind == "message" and "\n" in text:
            errors.append(f"Messages cannot contain newlines (found newline in {event} event)")
        elif text is not None:
            errors += _rendering_errors(text)
    return errors


def _rendering_errors(text: str) -> list[str]:
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=_NamedUndefined)
    names = {"job": _JOB_FOR_THE_CHECK, "job_friendly_name": "Job", "url": "https://awx/", "job_metadata": "{}"}
    try:
        sandbox.from_string(text).render(names)
    except jinja2.exceptions.TemplateSyntaxError as error:
        return [f"Unable to render message '{text}': {error.message}"]
    except jinja2.exceptions.UndefinedError as error:
        return [f"Field '{error.message}' unavailable"]
    except jinja2.exceptions.SecurityError as error:
        return [f"Security error due to field '{error.message}'"]
    return []


def message(messages: dict | None, event: str, job: dict[str, Any], friendly_name: str) -> tuple[str, str]:
    """(subject, body) of a mail about a job. What the job does not have renders as nothing."""
    texts = (messages or {}).get(event) or {}
    sandbox = jinja2.sandbox.ImmutableSandboxedEnvironment(undefined=jinja2.ChainableUndefined)
    known = {key: value for key, value in job.items() if key in _JOB_FOR_THE_CHECK}
    names = {"job": known, "job_friendly_name": friendly_name, "url": f"https://awx/#/jobs/{job['id']}", "job_metadata": "{}"}
    subject, body = (
        sandbox.from_string(texts.get(kind) or default).render(names)
        for kind, default in (("message", _DEFAULT_MESSAGE), ("body", _DEFAULT_BODY))
    )
    return subject, body


# --- projects ----------------------------------------------------------------------------------------

_PLAYBOOK_LINE = re.compile(r"^\s*?-?\s*?(?:hosts|include|import_playbook):\s*?.*?$")


def _skipped(parts: tuple[str, ...]) -> bool:
    return any(part.startswith(".") or part in ("roles", "tasks", "group_vars", "host_vars") for part in parts)


def playbooks(project: Path) -> list[str]:
    """The files of a project that AWX takes for playbooks."""
    found = []
    for path in sorted(project.rglob("*")):
        relative = path.relative_to(project)
        if path.suffix not in (".yml", ".yaml") or _skipped(relative.parts[:-1]):
            continue
        if any(_PLAYBOOK_LINE.match(line) for line in path.read_text(encoding="utf-8").splitlines()):
            found.append(str(relative))
    return found


def inventories(project: Path) -> list[str]:
    """The files of a project that AWX offers as inventories: by name, or without an extension and with a first line that could be one."""
    found = []
    for path in sorted(project.rglob("*")):
        relative = path.relative_to(project)
        if not path.is_file() or _skipped(relative.parts[:-1]):
            continue
        if path.name in ("inventory", "hosts") or path.suffix == ".ini" or os.access(path, os.X_OK):
            found.append(str(relative))
        elif not path.suffix:
            lines = path.read_text(encoding="utf-8", errors="ignore").splitlines()[:11]
            if any(re.match(r"[a-zA-Z0-9_.=\[\]]", line) for line in lines):
                found.append(str(relative))
    return found
