"""A report printed: on A4, with all that it has to say, and nothing folded or cut off."""

from __future__ import annotations

import io
import re
import unicodedata
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import WIDTH, WIDTH_BETWEEN_MARGINS, evaluated

if TYPE_CHECKING:
    from pypdf import PageObject

    from tests.browser.chromium import Shown
    from tests.browser.conftest import Report, Show

pytestmark = pytest.mark.deep

A4 = (595, 842)
"""Width and height in points, 1/72 of an inch."""
TEXTS = """() => [...document.querySelectorAll("h1, h2, h3, figcaption, p, th, td, text")].map(
  element => [...element.childNodes].filter(node => node.nodeName != "title")
    .map(node => node.textContent).join(""))"""
ROW_HEADS = """() => [...document.querySelectorAll("#making tbody th, #terms tbody th")].map(
  cell => cell.textContent)"""
FOLDED = "() => document.querySelector('#figures pre').textContent"


def sheets_of(shown: Shown) -> list[PageObject]:
    """Print a page as its own style says."""
    from pypdf import PdfReader  # noqa: PLC0415 -- an extra

    return list(PdfReader(io.BytesIO(shown.page.pdf(prefer_css_page_size=True))).pages)


def spelled(text: str) -> str:
    """Undo ligatures."""
    return unicodedata.normalize("NFKC", text)


def squeezed(text: str) -> str:
    """Leave out spaces, where lines are broken among them."""
    return re.sub(r"\s", "", spelled(text))


def test_all_texts_are_printed_on_a4(show: Show, report: Report) -> None:
    shown = show(report())
    sheets = sheets_of(shown)
    assert {(round(sheet.mediabox.width), round(sheet.mediabox.height)) for sheet in sheets} == {A4}
    texts = [sheet.extract_text() for sheet in sheets]
    numbers = [f"{i}/{len(sheets)}" for i, _ in enumerate(sheets, start=1)]
    assert all(map(str.startswith, map(squeezed, texts), numbers))
    printed = "".join(map(str.removeprefix, map(squeezed, texts), numbers))
    assert [text for text in evaluated(shown, TEXTS) if squeezed(text) not in printed] == []
    pieces = evaluated(shown, FOLDED).split(",")
    parted = [piece for piece in pieces if squeezed(piece) not in printed]
    assert len(parted) < len(sheets)  # each of them by the end of a sheet
    words = {*spelled("\n".join(texts)).split()}
    heads = spelled(" ".join(evaluated(shown, ROW_HEADS))).split()
    assert [word for word in heads if word not in words] == []


def test_nothing_is_wider_than_the_sheet_and_no_sheet_is_dark(show: Show, report: Report) -> None:
    shown = show(report(), scheme="dark", width=WIDTH_BETWEEN_MARGINS)
    shown.page.emulate_media(media="print")
    assert evaluated(shown, WIDTH) == WIDTH_BETWEEN_MARGINS
    assert (
        evaluated(shown, "() => getComputedStyle(document.body).backgroundColor")
        == "rgb(255, 255, 255)"
    )
