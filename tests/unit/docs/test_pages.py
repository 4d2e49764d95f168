# SPDX-License-Identifier: GPL-3.0-or-later
"""Every page can be found from the list of pages, every relative link in the repository leads somewhere, and the site gets the same."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).resolve().parents[3]


def load(name: str):
    """A module of tools/docs, which is no package."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / "docs" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    return module


markdown_links = load("markdown_links")
make_site = load("make_site")

LISTED = subprocess.run(["git", "ls-files", "-z", "*.md"], cwd=ROOT, check=True, capture_output=True, text=True)
# A file may be deleted but not yet committed as such.
PAGES = [path for path in LISTED.stdout.split("\0") if path and (ROOT / path).exists()]


def text_of(path: str) -> str:
    return (ROOT / path).read_text(encoding="utf-8")


def broken(page: str) -> list[str]:
    found = []
    for number, target in markdown_links.links(text_of(page)):
        path, dummy, anchor = target.partition("#")
        if make_site.is_external(target):
            continue
        meant = make_site.resolve(page, path) if path else page
        if page == make_site.INDEX and meant in make_site.GENERATED and not (ROOT / meant).exists():
            continue
        if not (ROOT / meant).exists():
            found.append(f"{page}:{number}: {target}: no such file")
        elif anchor and meant.endswith(".md") and anchor not in markdown_links.anchors(text_of(meant)):
            found.append(f"{page}:{number}: {target}: no such heading")
    return found


@pytest.mark.parametrize("page", PAGES)
def test_relative_links_lead_to_files_and_headings_that_exist(page):
    assert broken(page) == []


def test_every_page_is_in_the_navigation_exactly_once():
    listed = [page for _heading, entries in make_site.navigation(text_of(make_site.INDEX)) for _name, page in entries]
    expected = (set(make_site.pages()) | set(make_site.GENERATED)) - {make_site.INDEX}
    assert sorted(listed) == sorted(expected)


YAML_BLOCKS = [
    pytest.param(text, id=f"{page}:{number}")
    for page in PAGES
    for number, text in markdown_links.blocks(text_of(page), "yaml")
]
SPECS = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
# OPTION.SUBOPTION, of the options that are a dictionary.
SUBOPTIONS = {
    f"{name}.{part}"
    for spec in SPECS
    for entry in spec["argument_specs"].values()
    for name, option in (entry.get("options") or {}).items()
    for part in (option.get("options") or {} if option["type"] == "dict" else {})
}
VARIABLES = {name for spec in SPECS for entry in spec["argument_specs"].values() for name in entry.get("options") or {}}
# Names of the same form that are no variables of a role: plugins, roles, what only playbooks take or give, a file, a boolean of SELinux.
NO_VARIABLES = {path.stem for path in [*ROOT.glob("plugins/*/*.py"), *ROOT.glob("roles/*")]} | {
    "nc_route_group",
    "cc_gateway_verdicts",
    "cc_gateway_holder",
    "keepalived_waiting",
    "keepalived_full",
    "keepalived_connect_any",
}


@pytest.mark.parametrize("text", YAML_BLOCKS)
def test_yaml_in_pages_can_be_read(text):
    assert yaml.safe_load(text) is not None


@pytest.mark.parametrize("page", PAGES)
def test_variables_of_roles_in_pages_exist(page):
    named = set(re.findall(r"`((?:cc_gateway|nc_route|keepalived|drill)_[a-z0-9_]*[a-z0-9])\b[^`/]*`", text_of(page)))
    assert named - VARIABLES - NO_VARIABLES == set()


def texts_with_suboptions():
    """Pages, fragments of the changelog, and what speaks to people."""
    patterns = ("docs/**/*.md", "README.md", "roles/*/README.md", "changelogs/fragments/*.yml", "plugins/**/*.py", "roles/*/tasks/*.yml")
    return [path for pattern in patterns for path in ROOT.glob(pattern)]


def test_suboptions_that_are_named_exist():
    dictionaries = "|".join(sorted({name.partition(".")[0] for name in SUBOPTIONS}))
    named = {
        found: path.relative_to(ROOT)
        for path in texts_with_suboptions()
        for found in re.findall(rf"\b((?:{dictionaries})\.[a-z_]+)", path.read_text(encoding="utf-8"))
    }
    assert len(named) > 10
    assert {name: path for name, path in named.items() if name not in SUBOPTIONS} == {}


def test_every_role_has_a_page():
    roles = {f"roles/{path.name}/README.md" for path in (ROOT / "roles").iterdir() if path.is_dir()}
    assert roles <= set(make_site.ELSEWHERE)


def test_the_navigation_leaves_out_what_is_still_to_be_generated(monkeypatch):
    monkeypatch.setattr(make_site, "GENERATED", ("docs/not-yet.md", "docs/operating.md"))
    text = "## Run it\n\n- [Operating](operating.md)\n- [Not yet](not-yet.md): later\n"
    assert make_site.without_absent(text) == "## Run it\n\n- [Operating](operating.md)\n"


@pytest.mark.parametrize(
    ("page", "target", "expected"),
    [
        ("docs/operating.md", "tuning.md#the-knobs", "tuning.md#the-knobs"),
        ("docs/bench/check.md", "../../roles/drill/README.md", "../roles/drill.md"),
        ("docs/inventory.md", "../README.md", "https://example.org/blob/main/README.md"),
        ("roles/drill/README.md", "../../docs/drill/timeline.png", "../drill/timeline.png"),
        ("roles/drill/README.md", "../keepalived/README.md#secrets", "keepalived.md#secrets"),
        ("CHANGELOG.md", "docs/verdicts.md", "verdicts.md"),
        ("SECURITY.md", "docs/security.md", "security.md"),
        ("docs/security.md", "../SECURITY.md", "security-faults.md"),
        ("docs/awx.md", "../awx", "https://example.org/tree/main/awx"),
        ("docs/awx.md", "#traps", "#traps"),
        ("docs/awx.md", "https://www.ansible.com/x.md", "https://www.ansible.com/x.md"),
    ],
)
def test_a_link_of_a_page_is_turned_into_one_of_the_site(page, target, expected):
    assert make_site.convert(page, f"see [it]({target}).\n", "https://example.org") == f"see [it]({expected}).\n"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a [b](c.md) and ![d](e.png \"title\")\n", ["c.md", "e.png"]),
        ("[`x`](y.md#z)\n", ["y.md#z"]),
        ("`[not](a.md)` but [this](b.md)\n", ["b.md"]),
        ("```yaml\n[no](a.md)\n```\n[yes](b.md)\n", ["b.md"]),
        ("````\n```\n[no](a.md)\n````\n", []),
    ],
)  # fmt: skip
def test_links_are_found_in_prose_only(text, expected):
    assert [target for _number, target in markdown_links.links(text)] == expected


def test_blocks_are_told_by_their_language():
    text = "```yaml\na: 1\n```\n\n- x\n\n  ```yaml\n  b:\n    c: 2\n  ```\n\n```shell\nno\n```\n"
    assert markdown_links.blocks(text, "yaml") == [(1, "a: 1\n"), (7, "b:\n  c: 2\n")]


def test_headings_get_githubs_anchors():
    text = "# A & B\n\n## `hold` or `release`\n\n## C\n\n```\n# no heading\n```\n\n## C\n\n## See [this](x.md), now\n"
    assert markdown_links.anchors(text) == {"a--b", "hold-or-release", "c", "c-1", "see-this-now"}


def test_a_broken_link_is_found(tmp_path, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "ROOT", tmp_path)
    (tmp_path / "a.md").write_text("# A\n\n[b](b.md) [c](c.md) [d](b.md#bee) [e](b.md#no) [f](#a)\n", encoding="utf-8")
    (tmp_path / "b.md").write_text("# Bee\n", encoding="utf-8")
    assert broken("a.md") == ["a.md:3: c.md: no such file", "a.md:3: b.md#no: no such heading"]
