# SPDX-License-Identifier: GPL-3.0-or-later
"""Every fault of the catalogue: who holds the VIP afterwards, how soon, and how long two hosts or nobody did.

pytest tests/faults                                     the short set, once (make test)
pytest tests/faults --all-faults --fault-runs 5 --fault-docs   all of it, and the table in docs (make test-full); an hour and more
     … --fault-continue                                        what was broken off, or failed, and the rest from before
pytest tests/faults --fault-lab demo -k flip-gap        one, on a lab that is up
"""

from __future__ import annotations

import outcome


def test_fault(stage, setting, fault, keep, pytestconfig):
    trouble = []
    played = fault.with_slack(pytestconfig.getoption("--fault-slack"))
    for number in range(1 if fault.once else pytestconfig.getoption("--fault-runs")):
        for found in outcome.run(stage, setting, played):
            keep(found.as_dict())
            trouble += [f"run {number + 1}, {found.step}: {words}" for words in found.trouble]
    assert not trouble, "\n".join(trouble)
