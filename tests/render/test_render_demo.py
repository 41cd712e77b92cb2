"""Pages of bce demo, byte by byte; see `test_render_compute` on how to make them anew."""

from __future__ import annotations

import io
import re
from itertools import combinations
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest

from bce_cli.cli.demo import STEP_NAMES, STEPS
from bce_cli.core.derivation import built_in_rows, drawn_rows, negative_log_step, underflow_step
from bce_cli.core.rows import Rows
from bce_cli.render import drawing
from bce_cli.render.demo import negative_log_page, page_sections, plot_pages, underflow_page
from bce_cli.render.drawing import Curve, Series, draw_curve
from bce_cli.render.layout import Look, Section, power_of_ten
from bce_cli.render.markdown import write_markdown
from bce_cli.render.terminal import draw
from tests.golden import assert_golden

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from bce_cli.render.demo import StepPage

GOLDEN = Path(__file__).parent / "golden"
LOOKS = {"60": Look(60), "80": Look(80), "ascii": Look(60, unicode=False)}


def sections(look: Look, *, brief: bool = False) -> list[Section]:
    """Return all pages but that of underflow, whose table is as long as this machine has types."""
    return [
        section
        for _, page, _ in pages_of(*(name for name in STEP_NAMES if name != "underflow"))
        for section in page_sections(page.in_brief() if brief else page, "", look)
    ]


@pytest.mark.parametrize("look", ["60", "80", "ascii"])
def test_all_pages_are_the_golden_file(look: str) -> None:
    assert_golden(GOLDEN / f"demo.{look}.txt", draw(sections(LOOKS[look]), LOOKS[look]).encode())


@pytest.mark.parametrize("look", ["60", "ascii"])
def test_brief_pages_are_the_golden_file(look: str) -> None:
    text = draw(sections(LOOKS[look], brief=True), LOOKS[look])
    assert max(map(len, text.splitlines())) <= 60
    assert_golden(GOLDEN / f"demo-brief.{look}.txt", text.encode())


def test_all_pages_in_markdown_are_the_golden_file() -> None:
    assert_golden(GOLDEN / "demo.md", write_markdown(sections(Look())).encode())


@pytest.mark.parametrize("look", ["60", "ascii"])
def test_formulas_and_drawings_fit_60_columns(look: str) -> None:
    lost = underflow_page(underflow_step(drawn_rows(2000, 0.7, 0)), LOOKS[look])
    laid_out = [*sections(LOOKS[look]), *page_sections(lost, "", LOOKS[look])]
    lines = [f"  {line}" for section in laid_out for line in section.formulas]
    lines += [line for section in laid_out for line in section.drawing]
    assert len(lines) > 100
    assert [line for line in lines if len(line) > 60] == []


def lost(page: StepPage) -> str:
    """Return the sentences on products that are not lost where they are due."""
    return " ".join(note for section in page.sections[1:] for note in section.notes)


def underflow_of(factors: list[float]) -> StepPage:
    return underflow_page(
        underflow_step(Rows(np.full(len(factors), True), np.array(factors))), Look()
    )


def test_a_product_that_is_lost_where_it_is_due_is_no_matter() -> None:
    page = underflow_of([0.5] * 1200)
    assert len(page.sections) == 1


def test_a_product_that_comes_to_rest_is_explained() -> None:
    page = underflow_of([0.9] * 200)
    assert page.sections[1].title == "Why the product in float16 is never lost, though due at 165"
    assert lost(page).endswith(
        "From row 142 on it is 4 steps, and a factor above 0.875 rounds back to that; none that "
        "follows is less."
    )
    assert [row[0] for row in page.sections[1].rows] == ["⋮", "142", "⋮", "165"]


def test_a_product_that_is_lost_early_is_explained() -> None:
    page = underflow_of([0.5**23, 0.7, 0.45, 0.5])
    assert page.sections[1].title == "Why the product in float16 is lost at row 3, though due at 4"
    assert lost(page).endswith(
        "From row 2 on it is 1 step, by roundings less than the likelihood; row 3 has the factor "
        "0.45, and 0.45 of a step rounds to 0."
    )


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """Return the pictures that were drawn, in place of writing them."""
    pictures: list[Figure] = []
    monkeypatch.setattr(drawing, "save_picture", lambda picture, *_: pictures.append(picture))
    return pictures


def pages_of(*names: str) -> list[tuple[str, StepPage, Rows]]:
    drawn, few = drawn_rows(2000, 0.7, 0), built_in_rows()
    chosen = [step for step in STEPS if step.name in names or not names]
    used = [(step, drawn if step.name == "underflow" else few) for step in chosen]
    return [(s.name, s.show(s.compute(rows, 3.0), Look()), rows) for s, rows in used]


def is_word(text: str) -> bool:
    """Whether a text is none of the numbers beside an axis."""
    return not re.fullmatch("\N{MINUS SIGN}?[\\d.]*", text)


def texts(picture: Figure) -> list[str]:
    return [text.get_text() for ax in picture.axes for text in ax.texts]


@pytest.mark.deep
def test_a_picture_of_all_steps_is_a_grid_of_equal_panels(drawn: list[Figure]) -> None:
    from matplotlib.text import Text

    plot_pages(pages_of(), io.BytesIO(), "png")
    (picture,) = drawn
    picture.draw_without_rendering()
    panels = [ax.get_window_extent() for ax in picture.axes if ax.lines]
    assert len(panels) == 10
    assert {round(panel.x0) for panel in panels} == {round(p.x0) for p in panels[:2]}
    assert {(round(p.width), round(p.height)) for p in panels} == {
        (round(panels[0].width), round(panels[0].height))
    }
    assert max(picture.get_size_inches() * 150.0) < 3400
    words = [text for ax in picture.axes for text in ax.findobj(Text) if is_word(text.get_text())]
    boxes = [text.get_window_extent() for text in words]
    assert len(boxes) > 40
    assert [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])] == []
    assert all(box.x0 > 0.0 and box.x1 < picture.bbox.x1 for box in boxes)


@pytest.mark.deep
def test_a_picture_says_of_what_it_is(drawn: list[Figure]) -> None:
    plot_pages(pages_of("scaling"), io.BytesIO(), "png")
    mean = "6 rows, mean loss 0.321662 nats (95 % interval 0.1883 to 0.4551)"
    seen = "The mean has the same minimum as the sum, and can be compared between data sets."
    assert texts(drawn[0]) == ["scaling", f"{mean}\n{seen}"]


@pytest.mark.parametrize(
    ("labels", "where"),
    [([1, 1, 0, 1], "0.75 in 30 iterations: the base rate"), ([0], "beside the base rate, 0")],
)
def test_a_descent_says_where_it_has_led(labels: list[int], where: str) -> None:
    rows = Rows(np.array(labels, bool), np.full(len(labels), 0.5))
    assert negative_log_page(negative_log_step(rows), Look()).seen.endswith(f" {where}.")


@pytest.mark.parametrize("unicode", [True, False])
def test_a_power_of_ten_stays_with_what_it_is_multiplied_by(unicode: bool) -> None:
    look = Look(30, unicode=unicode)
    number = power_of_ten(-4950.4377, look)
    text = draw([Section("t", notes=(f"The smallest longdouble is {number}.",))], look)
    assert text == f"t\nThe smallest longdouble is\n{number}.\n"


def test_a_place_outside_a_curve_is_drawn_at_its_end() -> None:
    curve = Curve("t", "x", "y", (Series("s", (0.0, 1.0), (0.0, 1.0)),), 2.0)
    lines = draw_curve(curve, Look(40, unicode=False))
    assert [line[-1] for line in lines[2:14]] == [":"] * 12
    assert {len(line) for line in lines[1:14]} == {40}


def test_an_axis_ends_at_0_where_nobody_can_see_the_difference() -> None:
    for low, shown in ((4e-9, "0"), (-4e-9, "0"), (0.004, "0.004")):
        curve = Curve("", "x", "y", (Series("s", (0.0, 1.0), (1.0, low)),))
        lowest = draw_curve(curve, Look())[-4]
        assert lowest.split()[0] == shown
