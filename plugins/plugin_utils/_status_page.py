# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright: (c) 2026, The eucalyptus.ha developers
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Verdicts as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. Private to the collection.

Every state has a text and a shape besides its colour. The colours reach a contrast of 4.5:1 in light and dark. On a narrow screen
a table becomes a list, so that nothing is hidden.
"""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

from ansible_collections.eucalyptus.ha.plugins.plugin_utils import _status

DEFAULT_TITLE = "Gateways of the node controllers"
UNFOLDED = 3  # so many of the worst are shown in full from the start

# One shape for each state, drawn in a square of 16 by 16 in the colour of the text around it.
_SHAPES = {
    "ok": '<path d="M2.5 8.5l3.5 3.5 7.5-8" fill="none" stroke="currentColor" stroke-width="2.4" stroke-linecap="round" '
    'stroke-linejoin="round"/>',
    "planned": '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.8"/><path d="M8 4.2V8l2.6 1.9" '
    'fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>',
    "warning": '<path d="M8 1.6L15.2 14.4H.8z" fill="currentColor"/><path d="M8 6v4M8 12v.6" stroke="var(--shape)" stroke-width="1.8" '
    'stroke-linecap="round"/>',
    "critical": '<path d="M5 .8h6L15.2 5v6L11 15.2H5L.8 11V5z" fill="currentColor"/><path d="M5.4 5.4l5.2 5.2m0-5.2l-5.2 5.2" '
    'stroke="var(--shape)" stroke-width="1.8" stroke-linecap="round"/>',
    "unknown": '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.8"/><path d="M6 6.3a2 2 0 1 1 2.7 1.9'
    'c-.5.2-.7.5-.7 1.1M8 11.6v.3" fill="none" stroke="currentColor" stroke-width="1.6" stroke-linecap="round"/>',
}

_STYLE = """
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --text: #1b1f24; --soft: #57606a; --line: #d8dee4; --head: #f6f8fa; --link: #0550ae;
  --ok: #116329; --ok-back: #dff5e3; --warning: #7a4b00; --warning-back: #fff2cc; --critical: #a40e26; --critical-back: #ffe3e3;
  --unknown: #4b3f91; --unknown-back: #ebe7fb; --planned: #0b5394; --planned-back: #ddeefb; --shadow: 0 1px 2px rgb(27 31 36 / 8%);
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0d1117; --card: #161b22; --text: #e6edf3; --soft: #9aa4af; --line: #30363d; --head: #1c2229; --link: #79b8ff;
    --ok: #6fdd8b; --ok-back: #10311c; --warning: #f2cc60; --warning-back: #3a2d08; --critical: #ff9a9a; --critical-back: #4a1519;
    --unknown: #c4b5fd; --unknown-back: #2a2350; --planned: #8cc4ff; --planned-back: #10294a; --shadow: none;
  }
}
* { box-sizing: border-box; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto,
  "Noto Sans", "DejaVu Sans", sans-serif; }
main, header, footer { max-width: 64rem; margin: 0 auto; padding: 0 1.25rem; }
header { padding-top: 2rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 2.25rem 0 0; }
h3 { font-size: 1rem; margin: 0; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
a { color: var(--link); }
.time { color: var(--soft); margin: .25rem 0 0; }
.head { display: flex; flex-wrap: wrap; align-items: center; gap: .5rem 1.5rem; margin: 1.25rem 0 0; padding: 1rem 1.25rem;
  border-radius: .75rem; border: 1px solid; font-size: 1.1rem; font-weight: 600; }
.head svg { width: 1.5rem; height: 1.5rem; flex: none; }
.head .line { display: flex; align-items: center; gap: .75rem; flex: 1 1 18rem; }
.counts { display: flex; flex-wrap: wrap; gap: .5rem; list-style: none; margin: 0; padding: 0; font-size: 1rem; }
.ok { color: var(--ok); background: var(--ok-back); --shape: var(--ok-back); }
.warning { color: var(--warning); background: var(--warning-back); --shape: var(--warning-back); }
.critical { color: var(--critical); background: var(--critical-back); --shape: var(--critical-back); }
.planned { color: var(--planned); background: var(--planned-back); --shape: var(--planned-back); }
.unknown { color: var(--unknown); background: var(--unknown-back); --shape: var(--unknown-back); }
.state { display: inline-flex; align-items: center; gap: .4rem; padding: .1rem .6rem; border-radius: 1rem; font-size: .8125rem;
  font-weight: 650; white-space: nowrap; border: 1px solid transparent; }
.head .state { border-color: currentColor; }
.state svg { width: .85rem; height: .85rem; flex: none; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding: 0 0 .4rem; font-size: .875rem; }
th, td { text-align: left; padding: .45rem .9rem .45rem 0; border-top: 1px solid var(--line); vertical-align: top; }
thead th { border-top: 0; color: var(--soft); font-weight: 600; font-size: .8125rem; white-space: nowrap; }
tbody th { font-weight: 600; }
td:last-child, th:last-child { padding-right: 0; }
.list { background: var(--card); border: 1px solid var(--line); border-radius: .75rem; box-shadow: var(--shadow); overflow: hidden;
  margin-top: .75rem; }
.cols, .row > summary { display: grid; align-items: center; gap: .1rem 1rem; padding: .55rem 1.1rem .55rem .9rem;
  grid-template-columns: 7.2rem minmax(7rem, 1.5fr) 8rem minmax(7rem, 1.2fr) minmax(5rem, 1.2fr) minmax(5rem, 1.2fr) .8rem; }
.cols { color: var(--soft); font-weight: 600; font-size: .8125rem; border-left: .25rem solid transparent; }
.row { border-top: 1px solid var(--line); border-left: .25rem solid transparent; scroll-margin-top: 1rem; }
.list > .row:first-child { border-top: 0; }
.row.is-critical { border-left-color: var(--critical); } .row.is-warning { border-left-color: var(--warning); }
.row.is-unknown { border-left-color: var(--unknown); } .row.is-planned { border-left-color: var(--planned); }
.row > summary { cursor: pointer; font-size: .9375rem; font-variant-numeric: tabular-nums; list-style: none; }
.row > summary::-webkit-details-marker { display: none; }
.row > summary:hover { background: var(--head); }
.row > summary > span { overflow-wrap: anywhere; }
.row .arrow { width: .5rem; height: .5rem; border: solid var(--soft); border-width: 0 2px 2px 0; transform: rotate(45deg); grid-row: 1;
  grid-column: 7; margin-top: -.25rem; }
.row[open] .arrow { transform: rotate(225deg); margin-top: .25rem; }
.row .summary { grid-column: 2 / 7; color: var(--soft); margin: 0; padding-top: .1rem; }
.row[open] .summary { display: none; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
:focus-visible { outline: 3px solid var(--link); outline-offset: 2px; }
.row > summary:focus-visible { outline-offset: -3px; }
.body > p:first-child { margin-top: 0; }
.body { padding: .1rem 1.1rem 1.2rem 9.1rem; }
.sentence { overflow-wrap: anywhere; }
.todo { border-left: 4px solid; border-radius: .25rem .5rem .5rem .25rem; padding: .6rem .9rem; margin: .75rem 0; }
.todo b { display: block; }
.todo span { color: var(--text); overflow-wrap: anywhere; }
.also { margin: .75rem 0; padding-left: 1.2rem; overflow-wrap: anywhere; }
.also span { color: var(--soft); }
.yes { font-weight: 650; white-space: nowrap; }
.yes svg { width: .85rem; height: .85rem; margin-right: .35rem; vertical-align: -.05rem; }
.no { color: var(--soft); }
.hosts { margin-top: 1rem; }
footer { color: var(--soft); font-size: .875rem; padding-top: 1.5rem; padding-bottom: 2.5rem; }
@media (max-width: 48rem) {
  .cols, thead { display: none; }
  .row > summary { display: flex; flex-wrap: wrap; gap: .3rem .9rem; position: relative; padding-right: 2.2rem; }
  .row .summary { flex-basis: 100%; }
  .row .label { position: static; width: auto; height: auto; clip-path: none; color: var(--soft); }
  .row .arrow { position: absolute; right: 1rem; top: 1.2rem; }
  .body { padding-left: .9rem; }
  table, tbody, tr, th, td { display: block; }
  tr { border-top: 1px solid var(--line); padding: .5rem 0; }
  th, td { border-top: 0; padding: .1rem 0; overflow-wrap: anywhere; }
  td { display: flex; gap: .75rem; }
  td::before { content: attr(data-label); color: var(--soft); flex: 0 0 7rem; }
  td > span { min-width: 0; }
}
@media print {
  body { background: none; } .list { box-shadow: none; } .row { break-inside: avoid; }
}
""".strip()


def _text(value: Any) -> str:
    return html.escape(_status.plain(value), quote=True)


def _dash(text: str) -> str:
    return "\u2013" if text == "-" else text


def _shape(kind: str) -> str:
    return f'<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">{_SHAPES[kind]}</svg>'


def _pill(kind: str, words: str) -> str:
    return f'<span class="state {kind}">{_shape(kind)}{_text(words)}</span>'


def _table(label: str, header: list[str], rows: list[list[str]]) -> str:
    """Cells are HTML. Each carries its column's name, which shows where the table is too narrow for a head."""
    head = "".join(f'<th scope="col">{_text(one)}</th>' for one in header)
    body = ""
    for first, *others in rows:
        cells = "".join(
            f'<td data-label="{_text(name)}"><span>{cell}</span></td>' for name, cell in zip(header[1:], others, strict=True)
        )
        body += f'<tr><th scope="row">{first}</th>{cells}</tr>\n'
    return (
        f'<table class="hosts" aria-label="{_text(label)}">\n<thead><tr>{head}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>\n'
    )


def _holds(row: Mapping, words: str) -> str:
    if row.get("held"):
        return f'<span class="yes">{_shape("ok")}{_text(words)}</span>'
    return f'<span class="no">{_text(words)}</span>'


_COLUMNS = {
    "state": "CC state",
    "holds": "Holds the VIP",
    "since": "Since",
    "seen_by": "Confirmed by",
    "keepalived": "keepalived",
    "certificate": "Certificate",
    "notes": "Notes",
}


def _hosts(verdict: Mapping) -> str:
    rows = [row for row in verdict["rows"] if row.get("kind") == "controller"]
    if not rows:
        return ""
    cells = [_status.row_cells(row) for row in rows]
    used = [key for key in _COLUMNS if key in ("state", "holds") or any(cell[key] != "-" for cell in cells)]
    body = []
    for row, cell in zip(rows, cells, strict=True):
        line = {key: _text(_dash(cell[key])) for key in used}
        line["holds"] = _holds(row, cell["holds"])
        if "since" in line:
            line["since"] = line["since"].replace("T", " ").replace("Z", " UTC")
        body.append([_text(cell["name"]), *line.values()])
    return _table(f"Cluster controllers of {verdict['cluster']}", ["Host", *(_COLUMNS[key] for key in used)], body)


def _views(verdict: Mapping) -> str:
    rows = [row for row in verdict["rows"] if row.get("kind") == "view"]
    if not rows:
        return ""
    body = [[_text(row.get("name")), _text(_status.view_sentence(row))] for row in rows]
    return _table(f"ARP queries from other hosts of {verdict['cluster']}", ["Queried from", "Result"], body)


def _cell(label: str, words: str) -> str:
    """A cell of a row; its label is for those who do not see the columns."""
    return f'<span><span class="hidden label">{label} </span>{_text(words)}</span>'


def _row(verdict: Mapping, anchor: str, is_open: bool) -> str:
    """One cluster: a line that unfolds. While it is folded, its summary is in the line."""
    kind = verdict["severity_name"]
    line = (
        f"<span>{_pill(kind, _status.STATE_WORDS[kind])}</span><h3>{_text(verdict['cluster'])}</h3>"
        f"{_cell('Verdict', _status.verdict_words(verdict)[0])}{_cell('VIP', verdict['vip'])}"
        f"{_cell('Held by', _dash(_status.joined(_status.everybody(verdict))))}"
        f'{_cell("ENABLED", _dash(_status.joined(verdict["enabled"])))}<span class="arrow"></span>'
    )
    if kind != "ok":
        line += f'<p class="summary">{_text(_status.summary(verdict).partition(": ")[2])}</p>'
    body = f'<p class="sentence">{_text(verdict["sentence"])}</p>\n'
    if kind != "ok":
        body += f'<div class="todo {kind}"><b>What to do</b><span>{_text(verdict["advice"])}</span></div>\n'
    also = [f"{_text(one['text'])}. <span>{_text(one['advice'])}</span>" for one in verdict["warnings"]]
    also += [_text(note) for note in verdict["notes"]]
    if also:
        body += '<ul class="also">\n' + "".join(f"<li>{one}</li>\n" for one in also) + "</ul>\n"
    body += _hosts(verdict) + _views(verdict)
    return (
        f'<details class="row is-{kind}" id="{anchor}"{" open" if is_open else ""}>\n<summary>{line}</summary>\n'
        f'<div class="body">\n{body}</div>\n</details>\n'
    )


def _list(verdicts: list[Mapping]) -> str:
    """All clusters, worst first. The worst are unfolded, and a cluster that is alone."""
    head = "".join(f"<span>{one}</span>" for one in ("Status", "Cluster", "Verdict", "VIP", "Held by", "ENABLED"))
    rows = "".join(
        _row(one, f"g{number}", len(verdicts) == 1 or (number <= UNFOLDED and one["severity_name"] != "ok"))
        for number, one in enumerate(verdicts, 1)
    )
    return f'<div class="list">\n<div class="cols" aria-hidden="true">{head}</div>\n{rows}</div>\n'


def _banner(verdicts: list[Mapping]) -> str:
    kind = verdicts[0]["severity_name"] if verdicts else "unknown"
    counts = ""
    if len(verdicts) > 1:
        items = "".join(
            f"<li>{_pill(name, f'{number} {_status.STATE_WORDS[name]}')}</li>" for name, number in _status.counts(verdicts)
        )
        counts = f'<ul class="counts">{items}</ul>'
    words = _status.headline(verdicts)
    if counts:
        words = words.partition(":")[0].rstrip(".")  # the counts are beside it
    line = f'<span class="line">{_shape(kind)}<span>{_text(words)}</span></span>'
    return f'<div class="head {kind}" role="status">{line}{counts}</div>\n'


def render(verdicts: Any, generated_at: Any, title: str = DEFAULT_TITLE) -> str:
    """Verdicts -> the page. generated_at as for _status.moment. Raises ValueError."""
    found = _status.ordered(verdicts)
    when, _seconds = _status.moment(generated_at)
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="color-scheme" content="light dark">\n'
        "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        f"<title>{_text(_status.headline(found))} - {_text(title)}</title>\n<style>\n{_STYLE}\n</style>\n</head>\n<body>\n"
        f'<header>\n<h1>{_text(title)}</h1>\n<p class="time">As of {_text(when)}</p>\n{_banner(found)}</header>\n'
        f"<main>\n<h2>{'All clusters, worst first' if len(found) > 1 else 'Details'}</h2>\n{_list(found)}</main>\n"
        "<footer>Written by the Ansible collection eucalyptus.ha. This page does not refresh itself: run eucalyptus.ha.status again."
        "</footer>\n</body>\n</html>\n"
    )
