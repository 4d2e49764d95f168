# SPDX-License-Identifier: GPL-3.0-or-later
"""Verdicts as an HTML page: well-formed, self-contained, escaped, legible."""

from __future__ import annotations

import html.parser
import re
import time

import pytest
from ansible_collections.eucalyptus.ha.plugins.filter.gateway_verdict import gateway_verdict
from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status_page, _verdict
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter import gateway_cases
from ansible_collections.eucalyptus.ha.tests.unit.plugins.filter.gateway_cases import cluster, host, saw
from hypothesis import given
from hypothesis import strategies as st

render = _status_page.render
NOW = "2026-11-22T14:40:05Z"
VOID = {"meta", "path", "circle"}
ALL = [gateway_verdict({**one[0], "name": name}) for name, one in gateway_cases.SCENARIOS.items()]


class Page(html.parser.HTMLParser):
    """Elements in order; complains of tags that do not match."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.elements: list[tuple[str, dict]] = []
        self.words: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] != "style":
            self.words.append(data)

    @property
    def text(self):
        return " ".join(" ".join(self.words).split())

    def named(self, tag, **attributes):
        return [one for name, one in self.elements if name == tag and all(one.get(key) == value for key, value in attributes.items())]


def test_the_page_needs_nothing_else():
    text = render(ALL, NOW)
    page = Page(text)
    tags = {tag for tag, _attributes in page.elements}
    assert not tags & {"script", "link", "img", "iframe", "object", "base", "form"}
    for tag, attributes in page.elements:
        assert not any(name.startswith("on") or name in ("src", "style", "srcset", "xlink:href") for name in attributes), tag
        assert re.fullmatch(r"#g\d+", attributes.get("href", "#g1"))
    assert "url(" not in text
    assert "@import" not in text
    assert "default-src 'none'" in page.named("meta", **{"http-equiv": "Content-Security-Policy"})[0]["content"]


def test_every_cluster_has_its_row_with_all_that_is_known():
    page = Page(render(ALL, NOW))
    assert len(page.named("details")) == len(ALL)
    for one in ALL:
        assert one["cluster"] in page.text
        assert one["sentence"] in page.text
        if one["severity_name"] != "ok":
            assert one["advice"] in page.text
        for warning in one["warnings"]:
            assert f"{warning['text']}. {warning['advice']}" in page.text
        for note in one["notes"]:
            assert note in page.text
    assert "As of 2026-11-22 14:40:05 UTC" in page.text


def test_worst_first_and_the_worst_unfolded():
    page = Page(render(ALL, NOW))
    rows = page.named("details")
    kinds = [row["class"].split("is-")[1] for row in rows]
    assert kinds == sorted(kinds, key=["critical", "unknown", "warning", "planned", "ok"].index)
    assert [("open" in row) for row in rows] == [True] * _status_page.UNFOLDED + [False] * (len(rows) - _status_page.UNFOLDED)
    assert len({row["id"] for row in rows}) == len(rows)


def test_a_cluster_alone_is_unfolded_and_those_in_order_are_not():
    one = gateway_verdict(cluster(host("ENABLED", True), host(), nc1=saw("cc1")))
    assert "open" in Page(render(one, NOW)).named("details")[0]
    assert not any("open" in row for row in Page(render([one, {**one, "cluster": "two"}], NOW)).named("details"))


def test_a_state_is_told_by_a_word_and_a_shape_besides_its_colour():
    shapes = set()
    for kind in _verdict.GRAVITY:
        pill = _status_page._pill(kind, kind.upper())
        assert f">{kind.upper()}</span>" in pill.replace("</svg>", ">", 1)
        shapes.add(re.search(r"<svg.*</svg>", pill).group())
    assert len(shapes) == 5
    page = Page(render(ALL, NOW))
    assert all(one.get("aria-hidden") == "true" for one in page.named("svg"))


def test_structure_for_those_who_do_not_see_it():
    page = Page(render(ALL, NOW))
    assert page.named("html", lang="en")
    assert len(page.named("h1")) == 1
    assert page.named("main")
    assert all(one.get("scope") in ("col", "row") for one in page.named("th"))
    assert all(one["aria-label"] for one in page.named("table"))


def test_o23_nothing_is_there_twice():
    """A cluster alone, which is unfolded: sentence, advice and each warning once."""
    for name, (case, *_expected) in gateway_cases.SCENARIOS.items():
        one = gateway_verdict(case)
        text = Page(render(one, NOW)).text
        assert text.count(one["sentence"]) == 1, name
        if one["severity_name"] != "ok":
            assert text.count(one["advice"]) == 1, name
            assert text.count("What to do") == 1, name
        for warning in one["warnings"]:
            assert text.count(f"{warning['text']}.") == 1, name
            assert warning["text"] not in one["sentence"], name


def test_o23_a_warning_has_what_to_do():
    text = Page(render(gateway_verdict(cluster(host("ENABLED", True, certificate_days_left=5), host(), nc1=saw("cc1"))), NOW)).text
    assert "WARNING: the gateway works, but something needs attention" in text
    assert "What to do Renew it before then" in text


def test_o23_on_a_narrow_screen_no_cell_is_out_of_sight():
    """A table wider than the screen would be cut without a hint: there its cells stand below each other, each with its column's name."""
    page = Page(render(ALL, NOW))
    assert all(one["data-label"] for one in page.named("td"))
    narrow = _status_page._STYLE.partition("@media (max-width: 48rem) {")[2].partition("@media print")[0]
    assert "table, tbody, tr, th, td { display: block; }" in narrow
    assert "td::before { content: attr(data-label);" in narrow
    assert "overflow-x" not in _status_page._STYLE


EVIL = "<script>alert(1)</script>\"'&<img src=x onerror=y>\x1b"


def test_every_text_is_escaped():
    given_cluster = {
        "name": EVIL,
        "vip": gateway_cases.VIP,
        "hosts": {
            EVIL: host("ENABLED", True, problems=[EVIL], certificate_days_left=1),
            "cc2": host(None, state_message=EVIL),
            "cc3": host(EVIL),
        },
        "views": {EVIL: {"holders": [EVIL], "macs": [EVIL], "foreign_macs": [EVIL]}, "b": {"error": EVIL}},
    }
    text = render(gateway_verdict(given_cluster), EVIL, title=EVIL)
    page = Page(text)
    assert not page.named("script")
    assert not page.named("img")
    assert "<script" not in text
    assert "\x1b" not in text
    assert page.text.count("alert(1)") > 10


@given(st.text(max_size=40))
def test_any_name_gives_a_sound_page(name):
    page = Page(render(gateway_verdict(cluster(host("ENABLED", True), host(), name=f"c{name}")), NOW))
    assert len(page.named("details")) == 1


def colours(block):
    return dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block))


def luminance(colour):
    channels = [int(colour[number : number + 2], 16) / 255 for number in (1, 3, 5)]
    linear = [one / 12.92 if one <= 0.04045 else ((one + 0.055) / 1.055) ** 2.4 for one in channels]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    low, high = sorted([luminance(one), luminance(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_colours_are_legible(scheme):
    """WCAG 2.2, 1.4.3: at least 4.5:1 for text."""
    blocks = re.findall(r":root \{(.*?)\}", _status_page._STYLE, re.S)
    assert len(blocks) == 2
    found = colours(blocks[0]) if scheme == "light" else {**colours(blocks[0]), **colours(blocks[1])}
    pairs = [("text", back) for back in ("page", "card", "head", "ok-back", "warning-back", "critical-back", "unknown-back",
                                         "planned-back")]
    pairs += [("soft", back) for back in ("page", "card", "head")]
    pairs += [(kind, f"{kind}-back") for kind in _verdict.GRAVITY]
    pairs += [("link", "card"), ("link", "page")]
    for front, back in pairs:
        assert contrast(found[front], found[back]) >= 4.5, (front, back)


def test_a_hundred_clusters_are_quick_and_small():
    names = list(gateway_cases.SCENARIOS)
    clusters = [{**gateway_cases.SCENARIOS[names[number % len(names)]][0], "name": f"cluster{number}"} for number in range(100)]
    begin = time.process_time()
    text = render(gateway_verdict(clusters), NOW)
    assert time.process_time() - begin < 2
    assert len(text) < 1_000_000
    assert len(Page(text).named("details")) == 100


def test_no_clusters_is_a_page_as_well():
    assert "No gateways." in Page(render([], NOW)).text


@pytest.mark.parametrize(
    ("verdicts", "moment", "message"),
    [(ALL, None, "the time of the report is missing"), (ALL, "", "the time of"), ("x", NOW, "expected verdicts"), ([{}], NOW, "expected")],
)
def test_bad_input_is_rejected(verdicts, moment, message):
    with pytest.raises(ValueError, match=message):
        render(verdicts, moment)
