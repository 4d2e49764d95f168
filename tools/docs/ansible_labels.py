# SPDX-License-Identifier: GPL-3.0-or-later
"""The labels of Ansible's own documentation that the reference links to: ansible_labels.py REFERENCE INVENTORY

Sphinx would fetch the list of all of them (objects.inv) from docs.ansible.com at every build. These pages are built where there
is no network too, so the few that are used are written into an inventory of the same form.
"""

from __future__ import annotations

import re
import sys
import zlib
from pathlib import Path

PAGES = {
    "action_plugins": "plugins/action.html",
    "common_return_values": "reference_appendices/common_return_values.html",
}
_BUILTIN = re.compile(r"\bansible_collections\.ansible\.builtin\.\w+?_(?:module|filter|test|lookup|inventory)\b")


def labels(reference: Path) -> dict[str, str]:
    """{label: address} of what the pages in the directory may link to."""
    used = {label for page in reference.glob("*.rst") for label in _BUILTIN.findall(page.read_text(encoding="utf-8"))}
    builtin = {
        label: label.replace("ansible_collections.", "collections/", 1).replace(".", "/") + ".html" for label in used
    }
    return {**PAGES, **builtin}


def write(found: dict[str, str], inventory: Path) -> None:
    """An objects.inv, version 2."""
    head = b"# Sphinx inventory version 2\n# Project: Ansible\n# Version: devel\n"
    head += b"# The remainder of this file is compressed using zlib.\n"
    lines = [f"{label} std:label -1 {page}#{re.sub('[._]', '-', label)} -\n" for label, page in sorted(found.items())]
    inventory.write_bytes(head + zlib.compress("".join(lines).encode()))


if __name__ == "__main__":
    write(labels(Path(sys.argv[1])), Path(sys.argv[2]))
