# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Filter: fail on releases of ansible-core that run templates which hosts send."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from ansible.errors import AnsibleFilterError
from ansible.release import __version__

DOCUMENTATION = r"""
name: _supported_core
short_description: "[INTERNAL] Fail on an ansible-core that is not safe"
version_added: 0.2.0
author:
  - The eucalyptus.ha developers (@eucalyptus-ha)
description:
  - B(This is an internal filter of the roles and playbooks.) It may change or go in any release.
  - Returns its input as it is, and fails on a release of ansible-core that runs templates in text that hosts send (CVE-2024-11079).
options:
  _input:
    description: Anything.
    type: raw
    required: true
"""

EXAMPLES = r"""
- name: Do something with what hosts have sent
  ansible.builtin.debug:
    msg: "{{ hostvars | eucalyptus.ha._supported_core }}"
"""

RETURN = r"""
_value:
  description: The input.
  type: raw
"""

# The first release of each that is safe. meta/runtime.yml has them as requires_ansible; a test compares.
SAFE = {(2, 16): 14, (2, 17): 7, (2, 18): 1}


def problem(version: str) -> str | None:
    """Why this release of ansible-core is not to be used, and which to take, or None."""
    major, minor, patch = (int(number) for number in (re.findall(r"\d+", version) + ["0", "0"])[:3])
    if (major, minor) > max(SAFE) or patch >= SAFE.get((major, minor), patch + 1):
        return None
    safe = SAFE.get((major, minor), SAFE[min(SAFE)])
    series = f"{major}.{minor}" if (major, minor) in SAFE else ".".join(map(str, min(SAFE)))
    return (
        f"ansible-core must be 2.16.14 or later, and not 2.17.0 to 2.17.6 or 2.18.0 (got {version}): older releases run templates "
        f"that hosts send (CVE-2024-11079). Install ansible-core {series}.{safe} or later."
    )


def supported_core(value: Any) -> Any:
    """The value, unless this ansible-core is not safe."""
    found = problem(__version__)
    if found:
        raise AnsibleFilterError(f"eucalyptus.ha: nothing was done. {found}")
    return value


class FilterModule:
    """Filters of this file."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        return {"_supported_core": supported_core}
