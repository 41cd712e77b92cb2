"""A report in a browser: it asks for nothing, and can be read as it is, dark, narrow and bare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser.chromium import ADDRESS, WIDTH, evaluated, visit

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Browser
    from typer.testing import Result

    from tests.browser.chromium import Scheme, Shown
    from tests.browser.conftest import Report, Show

pytestmark = pytest.mark.deep

JENKINS = "sandbox allow-same-origin; default-src 'none'; img-src 'self'; style-src 'self'"
"""What Jenkins has pages of builds do without: styles of their own and all scripts."""

CANCER = str(Path(__file__).parents[2] / "sample_data" / "breast_cancer.csv")

GEOMETRY = """() => [...document.body.querySelectorAll("*")].map(element => {
  const box = element.getBoundingClientRect();
  return [element.tagName, box.x, box.y, box.width, box.height];
})"""
COLORS_OF_PICTURES = """() => [...document.querySelectorAll("svg path, svg text")].map(element => {
  const style = getComputedStyle(element);
  return [element.tagName, style.fill, style.stroke, style.opacity];
})"""


@pytest.mark.parametrize("pictures", ["svg", "png"])
def test_a_report_from_a_file_asks_for_nothing_and_says_nothing(
    browser: Browser, report: Report, pictures: str
) -> None:
    Path("a report.html").write_text(report("--picture-format", pictures), encoding="utf-8")
    address = Path("a report.html").absolute().as_uri()
    context = browser.new_context()
    shown = visit(context, address)
    sizes = evaluated(shown, "() => [...document.images].map(image => image.naturalWidth)")
    context.close()
    assert (shown.messages, shown.requests) == ([], [address])
    assert all(sizes)
    assert bool(sizes) == (pictures == "png")


def test_without_scripts_all_of_it_is_where_it_was(show: Show, report: Report) -> None:
    shown, bare = show(report()), show(report(), scripts=False)
    assert shown.text == bare.text
    assert evaluated(shown, GEOMETRY) == evaluated(bare, GEOMETRY)
    assert evaluated(shown, "() => document.scripts.length") == 0


def test_it_can_be_read_where_styles_are_refused(show: Show, report: Report) -> None:
    shown, bare = show(report()), show(report(), policy=JENKINS)
    (message,) = bare.messages
    assert "inline style violates" in message
    assert bare.requests == [ADDRESS]
    assert (
        evaluated(bare, "() => getComputedStyle(document.querySelector('main')).maxWidth") == "none"
    )
    assert bare.text.split() == shown.text.split()
    assert evaluated(bare, WIDTH) == 1280
    assert evaluated(shown, "() => document.querySelectorAll('[style]').length") == 0


def test_the_list_of_contents_leads_to_each_topic_and_the_figures_unfold(
    show: Show, report: Report
) -> None:
    page = show(report(), scripts=False).page
    links = page.locator("nav a").evaluate_all("links => links.map(link => link.hash)")
    topics = page.locator("main > section").evaluate_all("all => all.map(each => '#' + each.id)")
    assert links == topics
    page.click("nav a[href='#figures']")
    assert page.url == f"{ADDRESS}#figures"
    folded = page.locator("#figures pre")
    assert not folded.is_visible()
    page.click("#figures summary")
    assert folded.is_visible()
    assert json.loads(folded.inner_text())["n"] == 240


@pytest.mark.parametrize("width", [390, 1280])
def test_nothing_but_tables_is_wider_than_the_window(
    show: Show, report: Report, width: int
) -> None:
    shown = show(report(), width=width)
    assert evaluated(shown, WIDTH) == width


def violations(shown: Shown) -> dict[str, Any]:
    """Return what axe-core finds fault with: its rules, and what breaks them."""
    from axe_playwright_python.sync_playwright import Axe  # noqa: PLC0415 -- an extra

    found = Axe().run(shown.page).response["violations"]
    return {rule["id"]: [node["html"] for node in rule["nodes"]] for rule in found}


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(show: Show, report: Report, scheme: Scheme, width: int) -> None:
    found = violations(show(report(), scheme=scheme, width=width))
    assert found == {}, json.dumps(found, indent=2)


def test_axe_finds_nothing_where_styles_are_refused(show: Show, report: Report) -> None:
    found = violations(show(report(), policy="style-src 'self'"))
    assert found == {}, json.dumps(found, indent=2)


def test_axe_finds_nothing_on_the_page_of_a_command(show: Show, bce: Callable[..., Result]) -> None:
    html = bce("calibration", CANCER, "-p", "logistic", "-p", "forest", "-f", "html").stdout
    shown = show(html, width=390)
    found = violations(shown)
    assert (shown.messages, shown.requests) == ([], [ADDRESS])
    assert found == {}, json.dumps(found, indent=2)


def channels(color: str) -> list[float]:
    """Split up a colour as browsers give it: red, green, blue and how opaque, up to 1."""
    found = [float(part) for part in color.partition("(")[2].rstrip(")").split(",")]
    return [*(value / 255.0 for value in found[:3]), *(found[3:] or [1.0])]


def luminance(rgb: list[float]) -> float:
    """How bright a colour is (WCAG 2.2, "relative luminance")."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in rgb]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(color: str, opacity: float, back: str) -> float:
    """Return the ratio of contrast of what is drawn upon a colour (WCAG 2.2)."""
    *rgb, alpha = channels(color)
    behind = channels(back)[:3]
    share = alpha * opacity
    seen = [share * c + (1.0 - share) * b for c, b in zip(rgb, behind, strict=True)]
    low, high = sorted([luminance(seen), luminance(behind)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_pictures_draw_stands_out(show: Show, report: Report, scheme: Scheme) -> None:
    shown = show(report(), scheme=scheme)
    back = evaluated(shown, "() => getComputedStyle(document.body).backgroundColor")
    assert back == {"light": "rgb(255, 255, 255)", "dark": "rgb(22, 22, 22)"}[scheme]
    found = set(map(tuple, evaluated(shown, COLORS_OF_PICTURES)))
    bad = []
    for tag, fill, stroke, opacity in found:
        is_grid = tag == "path" and float(opacity) == 0.15
        for color in {fill, stroke} - {"none"}:
            enough = 4.5 if tag == "text" else 3.0
            if not is_grid and contrast(color, float(opacity), back) < enough:
                bad.append((tag, color, opacity))
    assert bad == []
    assert {tag for tag, *_ in found} == {"path", "text"}
