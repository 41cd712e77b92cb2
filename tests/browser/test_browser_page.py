"""A page in a browser: it asks for nothing, and can be read as it is, dark, narrow and bare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.chromium import ADDRESS, evaluated, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser
    from typer.testing import Result

    from tests.browser.chromium import Shown
    from tests.browser.conftest import Scheme, Show

    Bce = Callable[..., Result]

pytestmark = pytest.mark.deep

JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self'"
SAMPLES = Path(__file__).parents[2] / "sample_data"
PAGES = {
    "calibration": ("calibration", str(SAMPLES / "flights.csv"), "-p", "boosting"),
    "check": (
        "check",
        str(SAMPLES / "breast_cancer.csv"),
        "-p",
        "forest",
        "--max-loss",
        "0.2",
        "--confident",
    ),
}


@pytest.fixture(params=PAGES)
def html(request: pytest.FixtureRequest, bce: Bce) -> str:
    found = bce(*PAGES[request.param], "-f", "html")
    assert found.exit_code in {0, 3}, found.stderr
    return found.stdout


def test_a_page_from_a_file_asks_for_nothing_and_says_nothing(browser: Browser, html: str) -> None:
    Path("a page.html").write_text(html)
    address = Path("a page.html").absolute().as_uri()
    context = browser.new_context()
    shown = visit(context, address)
    context.close()
    assert (shown.messages, shown.requests) == ([], [address])


def test_without_scripts_it_is_the_same_to_the_pixel(show: Show, html: str) -> None:
    shown, bare = show(html), show(html, scripts=False)
    assert shown.text == bare.text
    assert shown.page.screenshot(full_page=True) == bare.page.screenshot(full_page=True)


def test_it_can_be_read_where_styles_are_refused(show: Show, html: str) -> None:
    shown, bare = show(html), show(html, policy=JENKINS)
    (message,) = bare.messages
    assert "inline style violates" in message
    assert bare.requests == [ADDRESS]
    assert evaluated(bare, "() => getComputedStyle(document.body).maxWidth") == "none"
    assert bare.text.split() == shown.text.split()


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_but_tables_is_wider_than_the_window(show: Show, html: str, width: int) -> None:
    shown = show(html, width=width)
    assert evaluated(shown, "() => document.documentElement.scrollWidth") == width


def violations(shown: Shown) -> dict[str, Any]:
    """Return what axe-core finds fault with: its rules, and what breaks them."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 -- an extra

    found = Axe().run(shown.page).response["violations"]
    return {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found}


@pytest.mark.parametrize("width", [1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show: Show, html: str, scheme: Scheme, width: int) -> None:
    found = violations(show(html, scheme=scheme, width=width))
    assert found == {}, json.dumps(found, indent=2)


def test_axe_finds_nothing_where_styles_are_refused(show: Show, html: str) -> None:
    found = violations(show(html, policy="style-src 'self'"))
    assert found == {}, json.dumps(found, indent=2)
