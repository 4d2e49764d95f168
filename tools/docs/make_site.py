# SPDX-License-Identifier: GPL-3.0-or-later
"""Lay the documentation out for Sphinx: make_site.py DIRECTORY

The pages are the Markdown files of docs/ and of the roles, as they are read in the repository. docs/README.md, the list of
pages, becomes the site's navigation: each of its headings a part, each link under it a page. Links to files that are not pages
lead to the repository. The reference of plugins and roles is made by antsibull-docs, from the collection as it is found by
ANSIBLE_COLLECTIONS_PATH.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path, PurePosixPath

import markdown_links
import yaml

ROOT = Path(__file__).resolve().parents[2]
INDEX = "docs/README.md"
# Written by `make bench-failover` and `make faults-all` on a quiet machine; a tree may not have them yet.
GENERATED = ("docs/bench/failover.md", "docs/faults.md")
# Pages outside of docs/, and where they are in the site.
ELSEWHERE = {
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    # docs/security.md is another page: how to run the gateway safely.
    "SECURITY.md": "security-faults.md",
    **{f"roles/{name}/README.md": f"roles/{name}.md" for name in ("cc_gateway", "cc_gateway_status", "drill", "keepalived", "nc_route")},
}
# Only the site has these.
REFERENCE = """
## Reference

- [Modules, filters, roles](reference/index.rst): every option, made from the plugins themselves.

"""
_CONTENTS = re.compile(r"^\.\. contents::\n(?: +:.*\n)+", re.MULTILINE)
# Two hyphens, which Sphinx would make a dash of, but for conf.py: in headings and lists of plugins only.
_DASH = re.compile(r"^(\* :ansplugin:.*?>`|eucalyptus\.ha\.\w+ \w+|Entry point ``\w+``) --(?= )", re.MULTILINE)
_INTERNAL = re.compile(r"^\* :ansplugin:`(\w+) (\w+) <.*>` .*\[INTERNAL\].*\n", re.MULTILINE)
_NO_PLUGINS = re.compile(r"^\.\. _\w+_plugins_in_[\w.]+:\n\n.+\n~+\n\s*\.\. toctree::\n(?: +:.*\n)+\n+(?=\.\. _)", re.MULTILINE)
_TOCTREE_ENTRY = re.compile(r"^    (\w+)_(module|filter|role)$", re.MULTILINE)
_ENTRY = re.compile(r"- \[([^\]]+)\]\(([^)]+)\)")


def where(path: str) -> str:
    """The place in the site of a file of the repository, or an empty string when it has none."""
    if path == INDEX:
        return "index.md"
    if path in ELSEWHERE:
        return ELSEWHERE[path]
    return path.removeprefix("docs/") if path.startswith("docs/") else ""


def resolve(page: str, target: str) -> str:
    """The file of the repository that a relative link of a page means."""
    return os.path.normpath(str(PurePosixPath(page).parent / target))


def is_external(target: str) -> bool:
    return "://" in target or target.startswith("mailto:")


def convert(page: str, text: str, repository: str) -> str:
    """The page with its links as they have to be in the site."""

    def new_target(target: str) -> str:
        path, hash_, anchor = target.partition("#")
        if not path or is_external(target):
            return target
        target = resolve(page, path)
        place = where(target)
        if not place:
            kind = "tree" if (ROOT / target).is_dir() else "blob"
            return f"{repository}/{kind}/main/{target}{hash_}{anchor}"
        return os.path.relpath(place, PurePosixPath(where(page)).parent) + hash_ + anchor

    return markdown_links.replace_links(text, new_target)


def without_absent(text: str) -> str:
    """The list of pages without the entries of those that are still to be generated."""
    absent = [path for path in GENERATED if not (ROOT / path).exists()]
    return "".join(
        line
        for line in text.splitlines(keepends=True)
        if not any(resolve(INDEX, target) in absent for _number, target in markdown_links.links(line))
    )


def navigation(text: str) -> list[tuple[str, list[tuple[str, str]]]]:
    """[(heading, [(name, page)])] of the list of pages, in its order; pages are files of the repository."""
    parts: list[tuple[str, list[tuple[str, str]]]] = []
    for line in text.splitlines():
        entry = _ENTRY.match(line)
        if line.startswith("## "):
            parts.append((line[3:], []))
        elif entry:
            parts[-1][1].append((entry.group(1), resolve(INDEX, entry.group(2))))
    return parts


def toctrees(parts: list[tuple[str, list[tuple[str, str]]]]) -> str:
    """The navigation in MyST's words; the page itself shows the list."""
    out = []
    for heading, entries in parts:
        names = [f"{name} <{PurePosixPath(where(page)).with_suffix('')}>" for name, page in entries]
        out.append("\n".join(["```{toctree}", ":hidden:", f":caption: {heading}", "", *names, "```", ""]))
    return "\n".join(out)


def pages() -> list[str]:
    """Every page, by its path in the repository."""
    docs = ROOT / "docs"
    found = [str(path.relative_to(ROOT)) for path in docs.rglob("*.md") if docs / "docsite" not in path.parents]
    return sorted(found) + sorted(ELSEWHERE)


def lay_out(destination: Path) -> None:
    shutil.rmtree(destination, ignore_errors=True)
    repository = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["repository"]
    shutil.copytree(
        ROOT / "docs",
        destination,
        ignore=lambda _folder, names: [n for n in names if n.endswith(".md") or n == "docsite"],
    )
    for page in pages():
        text = (ROOT / page).read_text(encoding="utf-8")
        if page == INDEX:
            text = without_absent(text) + REFERENCE
            text = convert(page, text, repository) + toctrees(navigation(text))
        else:
            text = convert(page, text, repository)
        place = destination / where(page)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_text(text, encoding="utf-8")


def public(index: str) -> str:
    """The index of the reference without what is marked as internal, whose pages are reached by links only."""
    for name, kind in _INTERNAL.findall(index):
        index = re.sub(rf"^    {name}_{kind}\n", "", index, flags=re.MULTILINE)
    return _NO_PLUGINS.sub("", _INTERNAL.sub("", index))


def reference(destination: Path) -> None:
    # antsibull-docs wants a directory that others cannot write to.
    destination.mkdir(mode=0o755)
    tool = Path(sys.executable).with_name("antsibull-docs")
    subprocess.run(
        [str(tool), "--config-file", str(Path(__file__).with_name("antsibull-docs.cfg")), "collection", "--use-current"]
        + ["--squash-hierarchy", "--fail-on-error", "--dest-dir", str(destination), "eucalyptus.ha"],
        env={**os.environ, "PATH": f"{tool.parent}:{os.environ['PATH']}"},
        check=True,
    )
    # An index of the environment variables that lookup plugins and the like declare; the collection has none.
    (destination / "environment_variables.rst").unlink()
    index = public((destination / "index.rst").read_text(encoding="utf-8"))
    (destination / "index.rst").write_text(index, encoding="utf-8")
    for page in destination.glob("*.rst"):
        text = page.read_text(encoding="utf-8")
        # The theme shows a page's contents at its side.
        text = _DASH.sub(r"\1 –", _CONTENTS.sub("", text))
        if page.name == "index.rst":
            # A whole sentence for each plugin is too much for the navigation.
            text = _TOCTREE_ENTRY.sub(r"    \1 (\2) <\1_\2>", text)
            text = text.replace(
                "\nEucalyptus.Ha\n=============\n", "\nModules, filters, roles\n=======================\n"
            )
        page.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    site = Path(sys.argv[1])
    lay_out(site)
    reference(site / "reference")
