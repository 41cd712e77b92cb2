"""A page printed: on A4, with all that it has to say, and nothing cut off."""

from __future__ import annotations

import io
import re
import unicodedata
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.browser.chromium import evaluated

if TYPE_CHECKING:
    from collections.abc import Callable

    from typer.testing import Result

    from tests.browser.chromium import Shown
    from tests.browser.conftest import Show

    Bce = Callable[..., Result]

pytestmark = pytest.mark.deep

SAMPLES = Path(__file__).parents[2] / "sample_data"
TABLES = """() => [...document.querySelectorAll("table")].map(
  table => [...table.querySelectorAll("th, td")].map(cell => cell.textContent))"""


def printed(shown: Shown) -> str:
    """Print a page on A4; return its letters and signs without spaces."""
    from pypdf import PdfReader  # noqa: PLC0415 -- an extra

    sheets = PdfReader(io.BytesIO(shown.page.pdf(format="A4"))).pages
    return squeezed("".join(sheet.extract_text() for sheet in sheets))


def squeezed(text: str) -> str:
    """Leave out spaces, where lines are broken among them, and undo ligatures."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", text))


def test_all_cells_of_tables_are_printed(show: Show, bce: Bce) -> None:
    limits = ("--max-loss", "0.2", "--confident")
    found = bce("check", str(SAMPLES / "breast_cancer.csv"), "-p", "forest", *limits, "-f", "html")
    shown = show(found.stdout)
    text = printed(shown)
    tables = evaluated(shown, TABLES)
    assert len(tables) == 1
    assert [cell for table in tables for cell in table if squeezed(cell) not in text] == []
