# SPDX-License-Identifier: GPL-3.0-or-later
"""Write verdict_words.yml anew from what gateway_verdict returns now; read the difference before it is committed.

PYTHONPATH=.cache/collections python -m ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.write_verdict_words
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _verdict
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter import gateway_cases

WORDS = Path(__file__).with_name("verdict_words.yml")
CASES = {**{name: one[0] for name, one in gateway_cases.SCENARIOS.items()}, **gateway_cases.FURTHER}


def words() -> dict[str, Any]:
    return {
        name: {key: found[key] for key in ("verdict", "severity_name", "sentence", "advice", "warnings", "notes")}
        for name, found in ((name, _verdict.judge(case)) for name, case in CASES.items())
    }


class Dumper(yaml.SafeDumper):
    """Lists are indented, as everywhere here."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)


if __name__ == "__main__":
    text = yaml.dump(words(), Dumper=Dumper, sort_keys=False, width=130, allow_unicode=True)
    WORDS.write_text(
        # REUSE-IgnoreStart: the licence of what is written, not of this file
        "# SPDX-License-Identifier: GPL-3.0-or-later\n---\n"
        # REUSE-IgnoreEnd
        "# Written by write_verdict_words.py: what gateway_verdict returns for each case of gateway_cases.py, to the letter.\n" + text,
        encoding="utf-8",
    )
