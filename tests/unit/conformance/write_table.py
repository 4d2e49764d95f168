# SPDX-License-Identifier: GPL-3.0-or-later
"""Writes docs/cc-error-messages.md: every refusal, the test that proves it, and what a user reads. Nothing in it is typed in.

Run it as ``python -m tests.unit.conformance.write_table`` from the repository, in the development environment, with
.cache/collections on PYTHONPATH; ``make setup`` makes both. test_refusal_table.py fails when the file is out of date.
"""

from __future__ import annotations

import contextlib
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ansible_collections.eucalyptus.ha.tests.cc_simulator import keys as simulator_keys

from .bench import Stand
from .cases import CASES, Case
from .clients import REPOSITORY, ask_check, ask_module
from .local_cases import LOCAL_CASES, LocalCase

TABLE = REPOSITORY / "docs" / "cc-error-messages.md"
TEST = "tests/unit/conformance/test_conformance.py"
LOCAL_TEST = "tests/unit/conformance/test_local_refusals.py"

_HEAD = """\
<!-- SPDX-License-Identifier: GPL-3.0-or-later -->
<!-- Written by tests/unit/conformance/write_table.py from the messages of the clients in its tests. Do not edit. -->

# CC error messages

The error messages of the two clients that query a Cluster Controller (CC). Module `cc_service_info` queries over the network and
verifies each answer; it fails with the message, and with the value in column *reason* for comparison. The check `cc-enabled-check`
queries the CC on its own host and does not verify signatures: an answer in which only the signature is wrong is accepted, with the
state in the table. The errors of a deployment are in [Preflight checks](preflight.md).

`cc_service_info` puts `Cluster Controller HOST:PORT:` before the messages of a call. Times, identifiers and lengths are placeholders.

## Answers

Each line is one case of `{test}`, run against both clients:

    pytest '{test}::test_module[CASE]' '{test}::test_check[CASE]'

"""
_LOCAL_HEAD = """
## Before there is an answer

Each line is one case of `{test}`:

    pytest '{test}::test_local_refusal[CASE]'

"""
_FOOT = "\n---\n\n*Written by `python -m tests.unit.conformance.write_table` from the messages in its tests. Do not edit.*\n"
_LOCAL_TABLE_HEAD = ["error", "case", "reason", "message of `cc_service_info`"]
_TABLE_HEAD = ["error", "case", "reason", "message of `cc_service_info`", "message of `cc-enabled-check`"]
#: What differs from run to run, and what stands in the table for it.
_VOLATILE = (
    (r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", "UUID"),
    (r"20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z", "TIME"),
    (r"SHA-256 [0-9a-f]{16}, expected [0-9a-f]{16}", "SHA-256 XXXX, expected YYYY"),
    (r"127\.0\.0\.1( port |:)\d+", r"127.0.0.1\g<1>8774"),
    (r"(?<=reading the answer, )\d+", "N"),
    (r"\d+(?= bytes of the body)", "N"),
    (r"\d+ of N", "N of N"),
    (r"(?<=announces )\d+", "N"),
    (r"(?<=not all of it: ).*", "WHERE"),
    (r"(?<=is not XML: ).*", "WHERE"),
    (r"[^ ]*/made/", "/"),
    (r"(?<=no connection: )[^.]*", "WHY"),
)


def steady(message: str) -> str:
    """The message without what differs from run to run."""
    for pattern, replacement in _VOLATILE:
        message = re.sub(pattern, replacement, message)
    return message


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "&lt;")


def _row(stand: Stand, case: Case) -> list[str]:
    module = ask_module(stand.port(case), stand.keys, case.verify, case.timeout)
    check = ask_check(stand.port(case), stand.keys, case.timeout)
    return [
        str(case.refusal),
        f"`{case.name.replace(' ', '-')}`",
        f"`{module.reason}`",
        _cell(steady(module.message)),
        _cell(steady(check.message)),
    ]


def _local_row(stand: Stand, case: LocalCase) -> list[str]:
    with tempfile.TemporaryDirectory() as scratch, case.around():
        (Path(scratch) / "keys").symlink_to(stand.keys)
        made = Path(scratch) / "made"
        made.mkdir()
        stand.hostile.mode = "hang"
        outcome = ask_module(stand.hostile.port, stand.keys, **{"timeout": 3.0, **case.parameters(made)})
    name = f"`{case.name.replace(' ', '-')}`"
    return [str(case.refusal), name, f"`{outcome.reason}`", _cell(steady(outcome.message))]


def _lines(rows: list[list[str]]) -> str:
    rows.insert(1, ["---"] * len(rows[0]))
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


@contextlib.contextmanager
def a_stand() -> Iterator[Stand]:
    """Servers with keys of their own."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        yield Stand(stack, simulator_keys.make(folder / "keys"), simulator_keys.make(folder / "foreign"))


def table(stand: Stand) -> str:
    """The text of the file, from a fresh run of every case that is a refusal."""
    answers = _lines([_TABLE_HEAD, *(_row(stand, case) for case in CASES if case.refusal)])
    local = _lines([_LOCAL_TABLE_HEAD, *(_local_row(stand, case) for case in LOCAL_CASES if case.refusal)])
    return _HEAD.format(test=TEST) + answers + _LOCAL_HEAD.format(test=LOCAL_TEST) + local + _FOOT


def main() -> None:
    """Write the file."""
    with a_stand() as stand:
        TABLE.write_text(table(stand), encoding="ascii")
    print(f"wrote {TABLE}")


if __name__ == "__main__":
    main()
