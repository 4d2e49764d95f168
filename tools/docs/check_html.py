# SPDX-License-Identifier: GPL-3.0-or-later
"""Does every link of a site lead to something? check_html.py DIRECTORY

Files and anchors inside the directory only. Addresses of other sites are counted, not requested: that is `make docs-links-external`.
"""

from __future__ import annotations

import sys
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    def __init__(self, path: Path):
        super().__init__()
        self.targets: list[str] = []
        self.anchors: set[str] = set()
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name == "id" or (name == "name" and tag == "a"):
                self.anchors.add(value or "")
            elif name in ("href", "src") and value:
                self.targets.append(value)


def main(root: Path) -> int:
    pages = {path: Page(path) for path in root.rglob("*.html")}
    inside, outside, broken = 0, set(), []
    for path, page in pages.items():
        for target in page.targets:
            parts = urlsplit(target)
            if parts.scheme or parts.netloc:
                outside.add(target)
                continue
            inside += 1
            linked = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchor = unquote(parts.fragment)
            if not linked.exists():
                broken.append(f"{path.relative_to(root)}: {target}: no such file")
            elif anchor and linked in pages and anchor not in pages[linked].anchors:
                broken.append(f"{path.relative_to(root)}: {target}: no such anchor")
    print("\n".join(sorted(set(broken))), end="\n" if broken else "")
    print(
        f"{len(pages)} pages, {inside} links inside, {len(broken)} broken; {len(outside)} addresses outside, not requested"
    )
    return 1 if broken or not pages else 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]).resolve()))
