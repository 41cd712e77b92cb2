"""The page: what it is made of, what it must never hold, and the same bytes every time."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import TYPE_CHECKING

import pytest

from bce_cli.core.calibration.report import calibration_report
from bce_cli.render.calibration import CalibrationDocument
from bce_cli.render.layout import Column, Judged, Look, Section
from bce_cli.render.origin import Origin
from bce_cli.render.page.page import html_fragment, write_html
from bce_cli.render.write import write_document

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.render.compute import ComputeDocument

HOSTILE = "</title><script>alert(1)</script>\"'&<img src=x onerror=y>"
VOID = {"meta"}
CELLS = ("td", "th")
ENDED_BY = {
    **dict.fromkeys(CELLS, CELLS),
    **dict.fromkeys(("tr", "thead", "tbody"), (*CELLS, "tr")),
}
"""Cells and rows need no end of their own."""


class Page(HTMLParser):
    """All tags, with their text; whether each is closed where it should be."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[tuple[str, str]] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.end_cells(*ENDED_BY.get(tag, ()))
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def end_cells(self, *tags: str) -> None:
        while self.open and self.open[-1] in tags:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        self.end_cells(*ENDED_BY.get(tag, ()))
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if data.strip():
            self.texts.append((self.open[-1], data))

    def of(self, tag: str) -> list[dict[str, str | None]]:
        return [attributes for name, attributes in self.tags if name == tag]

    def inside(self, tag: str) -> list[str]:
        return [text for name, text in self.texts if name == tag]


SECTION = Section(
    "Scores",
    (Column("model", is_text=True), Column("loss"), Column("verdict", is_text=True, wraps=True)),
    (("a", "0.5", Judged("passed", "passed")), ("b", "0.7", Judged("FAILED", "failed"))),
    notes=("A note.", Judged("It cannot be told.", "undecided")),
    marked=(1,),
    formulas=("p < q", "q & r"),
    drawing=("│ ●", "└──"),
)


def test_a_section_is_a_table_with_a_caption_and_heads() -> None:
    page = Page(write_html([SECTION], "Page"))
    assert page.inside("title") == page.inside("h1") == ["Page"]
    assert page.inside("h2") == page.inside("caption") == ["Scores"]
    assert page.of("th") == [
        {"scope": "col", "class": "text"},
        {"scope": "col"},
        {"scope": "col", "class": "words"},
        {"scope": "row"},
        {"scope": "row"},
    ]
    assert page.of("td") == [
        {},
        {"class": "words passed"},
        {},
        {"class": "words failed"},
    ]
    assert page.inside("td") == ["0.5", " passed", "0.7", " FAILED"]
    assert page.of("tr") == [{}, {}, {"class": "marked"}]
    assert page.inside("mark") == ["b"]
    assert page.inside("pre") == ["p < q\nq & r", "│ ●\n└──"]
    assert page.of("p") == [{}, {"class": "undecided"}]
    assert page.inside("p") == ["A note.", " It cannot be told."]
    assert page.inside("span") == ["✓", "✗", "?"]
    assert page.of("span") == [{"aria-hidden": "true"}] * 3


def test_the_head_allows_nothing_but_its_own_style() -> None:
    text = write_html([SECTION], "Page")
    assert text.startswith('<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n')
    assert {
        "http-equiv": "Content-Security-Policy",
        "content": "default-src 'none'; style-src 'unsafe-inline'; "
        "base-uri 'none'; form-action 'none'",
    } in Page(text).of("meta")
    assert "color-scheme:light dark" in text
    allowed = {"html", "head", "meta", "title", "style", "body", "main", "h1", "h2", "section"}
    allowed |= {
        "div",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "pre",
        "p",
        "span",
        "mark",
    }
    assert {tag for tag, _ in Page(text).tags} <= allowed
    assert "http:" not in text
    assert "https:" not in text
    assert "url(" not in text


def test_text_from_outside_stays_text() -> None:
    hostile = Section(
        HOSTILE,
        (Column(HOSTILE, is_text=True), Column(HOSTILE)),
        ((HOSTILE, Judged(HOSTILE, "failed")),),
        notes=(HOSTILE,),
        formulas=(HOSTILE,),
        drawing=(HOSTILE,),
    )
    text = write_html([hostile, hostile], "Page")
    page = Page(text)
    plain = Page(write_html([SECTION], "Page"))
    assert {tag for tag, _ in page.tags} == {tag for tag, _ in plain.tags} - {"mark"}
    assert "<script" not in text
    assert [words.strip() for _, words in page.texts].count(HOSTILE) == 18
    assert Page(write_html([], HOSTILE)).inside("title") == [HOSTILE]
    fragment = html_fragment([hostile])
    assert "<script" not in fragment
    assert {words.strip() for _, words in Page(fragment).texts} == {HOSTILE, "✗"}


def test_a_fragment_for_a_notebook_looks_after_itself() -> None:
    text = html_fragment([SECTION, Section("Second")])
    page = Page(text)
    assert text.startswith('<div class="tex2jax_ignore mathjax_ignore">\n<section>\n<p style=')
    assert text.endswith("</section>\n</div>\n")
    cell, words = "text-align:{};white-space:nowrap", "text-align:left;white-space:normal"
    left, right, bold = cell.format("left"), cell.format("right"), "font-weight:bold"
    assert page.of("th") == [
        {"scope": "col", "style": left},
        {"scope": "col", "style": right},
        {"scope": "col", "style": words},
        {"scope": "row", "style": f"{left};font-weight:inherit"},
        {"scope": "row", "style": f"{left};font-weight:inherit"},
    ]
    assert page.of("td") == [
        {"style": right},
        {"style": f"{words};{bold}"},
        {"style": right},
        {"style": f"{words};{bold}"},
    ]
    assert page.of("tr") == [{}, {}, {"style": bold}]
    assert page.of("p") == [{"style": bold}, {}, {"style": bold}, {"style": bold}]
    assert page.inside("p") == ["Scores", "A note.", " It cannot be told.", "Second"]
    assert page.of("pre") == [
        {"style": "white-space:pre-wrap"},
        {"style": "line-height:1.15;white-space:pre"},
    ]
    kinds = {"div", "section", "table", "thead", "tbody", "tr", "th", "td", "pre", "p", "span"}
    assert {tag for tag, _ in page.tags} == kinds
    assert {name for _, found in page.tags for name in found} == {
        *("aria-hidden", "class", "scope", "style")
    }


def test_a_fragment_says_what_the_page_says() -> None:
    page, fragment = (write_html([SECTION], ""), html_fragment([SECTION]))
    without = {"h2", "caption", "style"}
    said = [words for tag, words in Page(page).texts if tag not in without]
    assert [words for _, words in Page(fragment).texts] == ["Scores", *said]


def test_a_report_begins_with_its_answer_and_does_not_repeat_its_title(
    preds: Callable[..., str], document: Callable[..., ComputeDocument]
) -> None:
    built = document(preds("y,p\n1,0.9\n0,0.2\n1,0.7\n"), n_worst=1)
    page = Page(write_document(built, "html", Look()))
    title = "preds.csv: 3 rows, 2 with label 1 (66.7 %)"
    assert page.inside("title") == [title]
    shown = title.replace(" %", "\N{NO-BREAK SPACE}%")
    assert page.inside("h1") == [shown]
    assert page.inside("h2") == [section.title for section in built.sections(Look())[1:]]
    assert page.inside("caption") == [
        shown,
        *(section.title for section in built.sections(Look())[1:]),
    ]
    brief = Page(write_document(built, "html", Look(), brief=True))
    assert brief.inside("caption") == [shown, "The row that costs most"]
    assert brief.inside("h2") == ["The row that costs most"]


@pytest.mark.parametrize(
    "look", [Look(width=40, color=True), Look(unicode=False, encoding="ascii")]
)
def test_the_bytes_are_the_same_every_time_and_for_every_terminal(look: Look) -> None:
    report = calibration_report([1, 0, 1, 0], [0.9, 0.2, 0.7, 0.6])
    built = CalibrationDocument(Origin(("preds.csv",), "y", ("p",)), report)
    page = write_document(built, "html", look)
    assert page == write_document(built, "html", Look())
    assert "●│ bin, 95 % interval   ∘ isotonic curve   · calibrated" in page
    assert Page(page).of("p")[0] == {"class": "undecided"}
