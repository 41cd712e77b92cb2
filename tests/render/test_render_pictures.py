"""Pictures of a page: what stands where, that words keep apart, and that names can do nothing."""

from __future__ import annotations

import base64
import builtins
import math
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import bce_cli
from bce_cli.core.distribution import LossBin
from bce_cli.core.likelihood import FLOAT_TYPES, LogProduct, likelihood_product
from bce_cli.errors import UsageError
from bce_cli.render.page import pictures
from bce_cli.render.page.drawn import img_of, png_of, svg_of
from bce_cli.render.page.letters import fitted, fitted_name, fitted_names, lines_of, width_of
from bce_cli.render.page.picture import (
    Boxes,
    Level,
    Panel,
    Picture,
    Polyline,
    Remark,
    Scale,
    Spots,
)
from bce_cli.render.page.placed import COLORS, GREY, place
from bce_cli.render.page.scales import linear, names, powers, shares
from tests.budgets import examples

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.render.page.picture import PictureMark, Shape

SVG = "{http://www.w3.org/2000/svg}"
ALLOWED = {
    *("role", "aria-labelledby", "width", "height", "viewBox", "preserveAspectRatio"),
    *("id", "d", "fill", "stroke", "stroke-width", "stroke-dasharray", "opacity"),
    *("font-family", "font-size", "x", "y", "text-anchor"),
}
HOSTILE = (
    "<script>alert(1)</script>",
    '" onload="alert(1)',
    "javascript:alert(1)",
    "]]>&lt;&amp;",
    "\u202egnp",
    "a\nb\x1b[31m\x00",
    "W" * 3000,
    "漢字" * 40,
    "שלום עולם",
    "نموذج العربية",
    "e\u0301" * 60,
    "",
)


def flat_picture(*marks: PictureMark, **rest: Any) -> Picture:  # noqa: ANN401
    """Return a picture of some marks, 100 pixels to each 1, from (8, 208) to the upper right."""
    x, y = linear("x", 0.0, 4.0), Scale("", 0.0, 2.0, ())
    return Picture("it", "It", "All.", x, y, marks, width=418, height=200, **rest)


def parsed(picture: Picture) -> ET.Element:
    return ET.fromstring(svg_of(picture))  # noqa: S314 -- made here


def found_in(result: Any) -> Any:  # noqa: ANN401 -- any document
    """Return the document of a result."""
    return result._document  # noqa: SLF001 -- a page is made of it


def words(picture: Picture) -> list[str]:
    return [each.text for each in place(picture).words]


def paths(picture: Picture) -> list[str]:
    """Return what is drawn besides grid and axis."""
    return [stroke.path for stroke in place(picture).strokes[2:]]


def rows(*columns: str, n: int = 240) -> str:
    """Return CSV of some rows: a label, what columns say by the number of a row, and no chance."""
    lines = [",".join(("label", *columns))]
    for row in range(n):
        share = (row * 7 % 100 + 0.5) / 100.0
        label = int((row * 31 % 97) / 97.0 < share)
        cells = [f"{share ** (1.0 + 0.2 * place):.6f}" for place in range(len(columns))]
        lines.append(",".join((str(label), *cells)))
    return "\n".join(lines) + "\n"


def with_segments(text: str, named: Sequence[str]) -> str:
    """Add a column `part` of these names in turn."""
    head, *lines = text.splitlines()
    cells = [
        '"{}"'.format(named[place % len(named)].replace('"', '""')) for place in range(len(lines))
    ]
    added = [f"{line},{cell}" for line, cell in zip(lines, cells, strict=True)]
    return "\n".join([f"{head},part", *added]) + "\n"


def segments_of(named: Sequence[str], preds: Callable[..., str], **rest: Any) -> Picture:  # noqa: ANN401
    path = preds(with_segments(rows("p", **rest), named))
    found = pictures.segments(found_in(bce_cli.compute(path, prediction="p", by="part")))
    assert found is not None
    return found


def models_of(named: Sequence[str], preds: Callable[..., str]) -> tuple[Picture, Picture]:
    """Return what is drawn of several models: how they differ, and their diagram."""
    columns = [f"m{place}" for place in range(len(named))]
    path = preds(rows(*columns))
    compared = found_in(bce_cli.compare(path, predictions=columns))
    calibration = found_in(bce_cli.calibration(path, prediction=columns))
    report = compared.report
    told = dict(zip(columns, named, strict=True))
    report = replace(
        report,
        models=tuple(replace(each, name=told[each.name]) for each in report.models),
        comparisons=tuple(replace(each, model=told[each.model]) for each in report.comparisons),
    )
    differences = pictures.models(replace(compared, report=report))
    diagram = pictures.reliability(
        [(told[name], found) for name, found in calibration.named_reports]
    )
    assert differences is not None
    assert diagram is not None
    return differences, diagram


def checks_of(preds: Callable[..., str], text: str, **limits: Any) -> Picture:  # noqa: ANN401
    found = bce_cli.check(preds(text), prediction="p", confident=True, **limits)
    picture = pictures.checks(found_in(found))
    assert picture is not None
    return picture


def assert_apart(picture: Picture) -> None:
    """Assert that no words overlap others, nor leave the picture."""
    placed = place(picture)
    boxes = []
    for each in placed.words:
        width = width_of(each.text)
        left = each.x - width * {"start": 0.0, "middle": 0.5, "end": 1.0}[each.anchor]
        assert left >= -0.01, each
        assert left + width <= placed.width + 0.01, each
        assert 9.0 <= each.y <= placed.height - 4.0, each
        boxes.append((left, left + width, each.y - 9.0, each.y + 3.0, each.text))
    for one, other in combinations(boxes, 2):
        is_beside = one[1] <= other[0] or other[1] <= one[0]
        is_above = one[3] <= other[2] or other[3] <= one[2]
        assert is_beside or is_above, (one, other)


# The drawing


GOLDEN = """\
<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="it-title it-text" \
width="100%" height="150" viewBox="0 0 118 150" preserveAspectRatio="xMinYMin" fill="none">
<title id="it-title">A &lt; B</title>
<desc id="it-text">Say &#34;it&#34;.</desc>
<path d="M8 8v100" stroke="currentColor" opacity="0.15"/>
<path d="M8 108h100" stroke="currentColor" opacity="0.6"/>
<path d="M8 108l50-100h50" stroke="#1A7FC4" stroke-width="2"/>
<g fill="currentColor" font-family="system-ui, sans-serif" font-size="13">
<text x="8" y="126" text-anchor="middle">0</text>
<text x="58" y="144" text-anchor="middle">x &amp; y</text>
</g>
</svg>"""


def test_a_picture_is_one_element_that_needs_nothing_else() -> None:
    x, y = Scale("x & y", 0.0, 1.0, ((0.0, "0"),)), Scale("", 0.0, 1.0, ())
    line = Polyline("", ((0.0, 0.0), (0.5, 1.0), (1.0, 1.0)))
    drawn = svg_of(Picture("it", "A < B", 'Say "it".', x, y, (line,), width=118, height=100))
    assert drawn == GOLDEN


def test_lines_and_levels_have_dashes_and_colours() -> None:
    marks = (
        Polyline("", ((0.0, 0.0), (2.0, 1.0), (2.0, 2.0), (4.0, 2.0)), 1),
        Level("", 1.0, "x", 0, "dotted"),
        Level("", 1.0, "y"),
    )
    picture = flat_picture(*marks)
    drawn = place(picture).strokes[2:]
    assert [stroke.color for stroke in drawn] == [COLORS[1], COLORS[0], GREY]
    assert [stroke.dash for stroke in drawn] == ["", "1.5 3.5", "6 4"]
    assert drawn[0].runs == (((8.0, 208.0), (208.0, 108.0), (208.0, 8.0), (408.0, 8.0)),)
    assert drawn[1].runs == (((108.0, 8.0), (108.0, 208.0)),)
    assert drawn[2].runs == (((8.0, 108.0), (408.0, 108.0)),)


def test_a_line_has_a_gap_where_it_is_infinite_and_leaves_out_what_nobody_sees() -> None:
    spots = ((0.0, 0.0), (0.001, 0.0), (1.0, math.inf), (2.0, 1.0), (3.0, 1.0), (3.0001, 1.0))
    (path,) = paths(flat_picture(Polyline("", spots)))
    assert path == "M8 208h0.1M208 108h100h0"


@pytest.mark.parametrize(
    ("shape", "path"),
    [
        ("circle", "M103.8 108a4.2 4.2 0 1 0 8.4 0a4.2 4.2 0 1 0-8.4 0z"),
        ("square", "M104.2 104.2h7.6v7.6h-7.6z"),
        ("diamond", "M108 102.6l5.4 5.4l-5.4 5.4l-5.4-5.4z"),
        ("triangle", "M108 103l4.8 8.8h-9.6z"),
        ("cross", "M104 104l8 8M104 112l8-8"),
        ("bar", "M108 101.5v13"),
    ],
)
def test_spots_have_shapes(shape: Shape, path: str) -> None:
    picture = flat_picture(Spots("", ((1.0, 1.0),), shape=shape))
    assert paths(picture) == [path]
    is_line = shape in ("cross", "bar")
    assert place(picture).strokes[2].width == (2.4 if is_line else 0.0)
    outline = place(flat_picture(Spots("", ((1.0, 1.0),), shape=shape, is_open=True))).strokes[2]
    assert outline.width == (2.4 if is_line else 1.8)


def test_intervals_are_whiskers_that_end_where_axes_do() -> None:
    spots = ((1.0, 1.0), (2.0, 1.0))
    upright, _ = paths(flat_picture(Spots("", spots, intervals=((0.5, 3.0), None))))
    assert upright == "M108 158v-150M105 158h6M105 8h6"
    level, _ = paths(flat_picture(Spots("", spots, intervals=(None, (1.0, 9.0)), along="x")))
    assert level == "M108 108h300M108 105v6M408 105v6"


def test_boxes_stand_on_0_and_the_least_is_seen() -> None:
    boxes = ((0.0, 1.0, 1.0), (1.0, 2.0, 0.0), (2.0, 3.0, 1e-9), (3.0, 4.0, 9.0))
    (path,) = paths(flat_picture(Boxes("", boxes)))
    assert path == "M8 208v-100h100v100zM208 208v-1h100v1zM308 208v-200h100v200z"
    assert paths(flat_picture(Boxes("", ((0.0, 1.0, 0.0),)))) == []


@pytest.mark.parametrize(
    ("spot", "said", "anchor"),
    [
        ((math.inf, 1.0), "infinite", "end"),
        ((-math.inf, 1.0), "infinite", "start"),
        ((1e200, 1.0), "1e+200", "end"),
        ((0.0, math.inf), "infinite", "start"),
        ((4.0, -math.inf), "infinite", "end"),
    ],
)
def test_what_is_beyond_an_axis_is_an_arrowhead_at_its_end_with_a_word(
    spot: tuple[float, float], said: str, anchor: str
) -> None:
    picture = flat_picture(Spots("", (spot,), 3))
    (found,) = [each for each in place(picture).words if each.text == said]
    assert found.anchor == anchor
    (stroke,) = place(picture).strokes[2:]
    assert (len(stroke.runs[0]), stroke.is_closed, stroke.color) == (3, True, COLORS[3])
    assert_apart(picture)


def test_an_axis_may_run_down() -> None:
    picture = replace(flat_picture(Spots("", ((0.0, 0.0), (0.0, 1.0)))), y=names("", ["a", "b"]))
    (stroke,) = place(picture).strokes[2:]
    assert [y for _, y in stroke.runs[0]] == [58.0, 158.0]
    beyond = replace(picture, marks=(Spots("", ((1.0, -math.inf),)),))
    (arrow,) = place(beyond).strokes[2:]
    assert arrow.runs[0][0][1] == 8.0


def test_a_panel_below_shares_the_axis_across() -> None:
    below = Panel(shares("share", 0.1), (Boxes("", ((0.0, 4.0, 0.1),)),), height=50)
    picture = flat_picture(below=below)
    assert words(picture) == [
        *("share", "0 %", "5 %", "10 %", "0", "1", "2", "3", "4", "x"),
    ]
    box = place(picture).strokes[-1].runs[0]
    assert [y for _, y in box] == [293.0, 243.0, 243.0, 293.0]
    assert_apart(picture)


def test_a_legend_explains_marks_that_have_a_name_in_lines_that_hold_them() -> None:
    marks = (
        Polyline("a line", ((0.0, 0.0), (1.0, 1.0))),
        Spots("spots", ((1.0, 1.0),), 1, intervals=((0.0, 2.0),)),
        Boxes("boxes", ((0.0, 1.0, 1.0),)),
        Level("a level", 1.0, "x"),
        Level("another level, which has a long name", 1.0, "y"),
        Level("", 1.0, "y"),
        Remark("said", (0.0, 0.5)),
    )
    picture = flat_picture(*marks)
    found = words(picture)
    assert found[:5] == ["a line", "spots", "boxes", "a level", marks[4].name]
    assert found[-7] == "said"
    heights = [each.y for each in place(picture).words[:5]]
    assert heights == [18.0, 18.0, 18.0, 18.0, 36.0]
    assert_apart(picture)


def test_words_that_have_no_room_are_left_out_or_cut_with_the_whole_in_a_title() -> None:
    ticks = tuple((place / 100.0, f"{place / 100.0:.4f}") for place in range(101))
    crowded = replace(linear("x", 0.0, 1.0), ticks=ticks)
    picture = Picture("it", "", "", crowded, replace(crowded, title="W" * 100))
    assert_apart(picture)
    cut = next(each for each in parsed(picture).iter(f"{SVG}text") if len(each))
    assert cut[0].text == "W" * 100
    assert cut[0].tail == "W" * 35 + "…"
    assert_apart(replace(picture, marks=(Remark("W" * 100, (0.5, 0.5)),), y=linear("", 0.0, 1.0)))


def test_colours_are_seen_on_white_and_on_black() -> None:
    def luminance(color: str) -> float:
        parts = [int(color[at : at + 2], 16) / 255.0 for at in (1, 3, 5)]
        linear_parts = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(w * c for w, c in zip((0.2126, 0.7152, 0.0722), linear_parts, strict=True))

    for color in (*COLORS, GREY):
        assert 1.05 / (luminance(color) + 0.05) >= 3.0
        assert (luminance(color) + 0.05) / (luminance("#161616") + 0.05) >= 3.0
    assert len({*COLORS, GREY}) == 9


# Scales and letters


@pytest.mark.deep
@given(st.floats(-1e6, 1e6), st.floats(1e-3, 1e9), st.integers(2, 9), st.booleans())
@settings(max_examples=examples(300))
def test_ticks_are_round_few_and_between_the_ends(
    low: float, span: float, most: int, is_round: bool
) -> None:
    scale = linear("", low, low + span, most, is_round=is_round)
    assert len(scale.ticks) <= most + is_round
    slack = 1e-6 * span
    assert all(scale.low - slack <= at <= scale.high + slack for at, _ in scale.ticks)
    assert scale.low <= low + slack
    assert scale.high >= low + span - slack
    assert len({text for _, text in scale.ticks}) == len(scale.ticks)


def test_axes_say_their_numbers() -> None:
    assert [text for _, text in linear("", 0.0, 0.0).ticks] == ["0"]
    assert [text for _, text in linear("", -0.03, 0.05).ticks] == ["-0.02", "0.00", "0.02", "0.04"]
    assert [text for _, text in linear("", 0, 2e7, 3).ticks] == ["0", "1e+07", "2e+07"]
    assert [text for _, text in powers("", -3.0, 0.0).ticks] == ["10⁻³", "10⁻²", "10⁻¹", "1"]
    assert [text for _, text in powers("", -0.5, 0.0).ticks] == ["1"]
    assert [text for _, text in shares("", 0.0).ticks] == ["0 %", "50 %", "100 %"]


@pytest.mark.deep
@given(st.text(max_size=40), st.floats(13.0, 300.0))
@settings(max_examples=examples(300))
def test_what_is_cut_has_room(text: str, room: float) -> None:
    for shown in (fitted(text, room), fitted_name(text, room)):
        assert width_of(shown) <= room + 1e-6
        assert shown == text or "…" in shown
    for line in lines_of(text, room):
        assert width_of(line) <= room + 1e-6


def test_what_is_cut_keeps_letters_with_their_accents() -> None:
    assert fitted_name("e\u0301" * 30, 60.0) == "e\u0301e\u0301…e\u0301e\u0301"
    assert lines_of("mean loss (95 % interval)", 140.0) == ["mean loss", "(95 % interval)"]


def test_of_names_that_begin_alike_is_left_where_they_part() -> None:
    long = [f"segment number {at} of a long list{'x' * 60} ({at}.5 %)" for at in range(3)]
    assert fitted_names([*long, "short", "another one, and long as well, too"], 216.0) == [
        *(f"segm…{at} of a long lis…xx ({at}.5 %)" for at in range(3)),
        "short",
        "another one, a…ng as well, too",
    ]
    assert fitted_names(["x" * 50, "x" * 50], 100.0) == ["xxxxx…xxxxx"] * 2
    ends = fitted_names([f"{'x' * 50}{at}" for at in range(2)], 100.0)
    assert ends == ["xxxxx…xxxx0", "xxxxx…xxxx1"]


@given(st.lists(st.text("ab e\u0301", max_size=40), max_size=4), st.floats(60.0, 300.0))
@settings(max_examples=examples(100))
def test_names_beside_each_other_have_room(found: list[str], room: float) -> None:
    for name, shown in zip(found, fitted_names(found, room), strict=True):
        assert width_of(shown) <= room + 1e-6
        assert shown == name or "…" in shown


# The pictures


def test_a_diagram_of_one_model_has_its_bins_its_curve_and_how_often_it_said_what(
    preds: Callable[..., str],
) -> None:
    report = found_in(bce_cli.calibration(preds(rows("p")), prediction="p")).report
    picture = pictures.reliability([("p", report)])
    assert picture is not None
    diagonal, curve, bins = picture.marks
    assert diagonal == Polyline("calibrated", ((0.0, 0.0), (1.0, 1.0)), -1, "dashed")
    assert isinstance(curve, Polyline)
    assert curve.spots[::2] == (*zip(report.curve.lows, report.curve.rates, strict=True),)
    assert isinstance(bins, Spots)
    assert bins.spots == tuple((each.mean_prediction, each.event_rate) for each in report.bins)
    assert bins.intervals == tuple((each.ci_low, each.ci_high) for each in report.bins)
    assert picture.below is not None
    (histogram,) = picture.below.marks
    assert isinstance(histogram, Boxes)
    assert math.fsum(height for *_, height in histogram.boxes) == pytest.approx(1.0, abs=1e-12)
    assert histogram.boxes[0] == (0.0, 0.02, 5 / 240)
    assert picture.description.startswith(
        "The event rate of each bin over its mean prediction, with 95 % intervals. Bins on the "
        "diagonal are calibrated; above it, predictions are too low. Below, how often each "
        "prediction was made. Is it calibrated? "
    )
    assert pictures.reliability([("p", replace(report, bins=()))]) is None
    assert pictures.reliability([]) is None


@pytest.mark.deep
def test_eight_models_are_told_apart_by_shape_and_colour_and_the_first_five_drawn(
    preds: Callable[..., str],
) -> None:
    differences, diagram = models_of("abcdefgh", preds)
    marks = [mark for mark in diagram.marks if isinstance(mark, Spots)]
    assert [mark.name for mark in marks] == ["a", "b", "c", "d", "e"]
    assert len({(mark.shape) for mark in marks}) == len({mark.color for mark in marks}) == 5
    assert "each bin of the first 5 of 8 models over its mean" in diagram.description
    assert differences.y.ticks[0][1].startswith("b: ")
    assert len(differences.y.ticks) == 7
    assert differences.description.startswith("7 models beside a")
    assert differences.height == 7 * 26


def test_segments_have_their_means_intervals_and_base_rates(preds: Callable[..., str]) -> None:
    path = preds(with_segments(rows("p"), ["a", "b", "b"]))
    document = found_in(bce_cli.compute(path, prediction="p", by="part"))
    picture = pictures.segments(document)
    assert picture is not None
    line, means, bases = picture.marks
    reports = [each.report for each in document.segments]
    assert line == Level(
        f"all rows: {document.report.mean_loss:.4g}", document.report.mean_loss, "x"
    )
    assert isinstance(means, Spots)
    assert means.name == "mean loss, 95 % interval"
    assert means.spots == tuple((each.mean_loss, at) for at, each in enumerate(reports))
    assert means.intervals == tuple((each.ci_low, each.ci_high) for each in reports)
    assert isinstance(bases, Spots)
    assert bases.spots == tuple((each.base_rate_loss, at) for at, each in enumerate(reports))
    assert (means.shape, bases.shape, bases.along) == ("circle", "bar", "x")
    shares_of = [each.share_of_total for each in document.segments]
    shown = [
        f"{name} ({share:.1%})".replace("%", " %")
        for name, share in zip("ba", shares_of, strict=True)
    ]
    assert [text for _, text in picture.y.ticks] == shown
    assert pictures.segments(replace(document, segments=())) is None


def test_intervals_of_segments_say_their_level(preds: Callable[..., str]) -> None:
    path = preds(with_segments(rows("p"), ["a"]))
    found = found_in(bce_cli.compute(path, prediction="p", by="part", confidence=0.9))
    picture = pictures.segments(found)
    assert picture is not None
    assert picture.marks[1].name == "mean loss, 90 % interval"  # type: ignore[union-attr]


@pytest.mark.deep
def test_of_many_segments_fifty_are_drawn_and_the_others_summed_up(
    preds: Callable[..., str],
) -> None:
    picture = segments_of([f"s{place}" for place in range(120)], preds, n=240)
    assert len(picture.y.ticks) == 51
    assert re.fullmatch(r"70 more \(\d+\.\d %\)", picture.y.ticks[-1][1])
    assert picture.height == 51 * 20
    assert_apart(picture)
    assert len(svg_of(picture)) < 13_000
    fifty = segments_of([f"s{place}" for place in range(50)], preds)
    assert [text.partition(" ")[0] for _, text in fifty.y.ticks].count("s49") == 1
    assert len(fifty.y.ticks) == 50


def test_an_infinite_segment_is_an_arrowhead_beside_the_mean_of_its_other_rows(
    preds: Callable[..., str],
) -> None:
    path = preds(with_segments("label,p\n" + "1,0\n1,0.5\n0,0.5\n0,0.25\n" * 10, ["a", "b"]))
    picture = pictures.segments(found_in(bce_cli.compute(path, prediction="p", by="part")))
    assert picture is not None
    assert words(picture).count("infinite") == 1
    assert "'a' costs most" not in picture.description
    assert picture.description.startswith("a costs most: an infinite loss.")
    assert_apart(picture)


def test_models_of_infinite_loss_are_marked_at_the_end_they_are_beyond(
    preds: Callable[..., str],
) -> None:
    path = preds("label,good,bad\n" + "1,0.5,0\n0,0.25,0.5\n1,0.75,0.5\n" * 4)
    for columns, word in ((["good", "bad"], "worse"), (["bad", "good"], "better")):
        picture = pictures.models(found_in(bce_cli.compare(path, predictions=columns)))
        assert picture is not None
        assert words(picture).count("infinite") == 1
        assert f"{columns[1]}: {word}" in words(picture)
        assert_apart(picture)


def test_maps_are_beside_predictions_as_they_are(preds: Callable[..., str]) -> None:
    path = preds(rows("p"))
    document = found_in(bce_cli.recalibrate(path, prediction="p"))
    picture = pictures.maps(document)
    assert picture is not None
    methods = document.report.methods[1:]
    found = {
        (value, at) for mark in picture.marks if isinstance(mark, Spots) for value, at in mark.spots
    }
    assert found == {(each.difference.value, at) for at, each in enumerate(methods)}
    assert picture.marks[0] == Level("no difference", 0.0, "x")
    assert_apart(picture)
    alone = replace(document, report=replace(document.report, methods=document.report.methods[:1]))
    assert pictures.maps(alone) is None


def test_maps_that_were_not_judged_say_so(preds: Callable[..., str]) -> None:
    path = preds("label,p\n" + "1,0.5\n0,0.5\n" * 10)
    with pytest.warns(bce_cli.DoubtWarning, match="There is no map for logistic"):
        picture = pictures.maps(found_in(bce_cli.recalibrate(path, prediction="p")))
    assert picture is not None
    assert words(picture).count("not judged") == 3
    assert_apart(picture)


def test_verdicts_of_checks_are_told_by_shape_word_and_side(preds: Callable[..., str]) -> None:
    limits = {"max_loss": 0.2, "min_auc": 0.5, "max_brier": 0.17, "min_rows": 100}
    picture = checks_of(preds, rows("p"), **limits)
    told = {
        mark.name: (mark.shape, mark.is_open, [at for _, at in mark.spots])
        for mark in picture.marks
        if isinstance(mark, Spots)
    }
    assert told == {
        "FAILED": ("cross", False, [0.0]),
        "undecided": ("diamond", True, [1.0]),
        "passed": ("circle", False, [2.0, 3.0]),
    }
    assert [text for _, text in picture.x.ticks] == ["breaks it", "limit", "keeps it"]
    assert [text for _, text in picture.y.ticks] == [
        *("mean loss: FAILED", "Brier score: undecided", "AUC: passed", "rows: passed"),
    ]
    assert picture.description.startswith("Failed: mean loss. Right of the line")
    assert_apart(picture)


def test_an_infinite_loss_breaks_its_limit_at_the_end(preds: Callable[..., str]) -> None:
    picture = checks_of(preds, "label,p\n1,0\n0,0.5\n1,0.5\n", max_loss=0.6)
    assert "infinite" in words(picture)
    (failed,) = [mark for mark in picture.marks if isinstance(mark, Spots)]
    assert failed.spots == ((-math.inf, 0.0),)
    assert_apart(picture)


def test_a_segment_whose_name_is_blank_is_told_in_quotes(preds: Callable[..., str]) -> None:
    picture = segments_of([" ", "", "a"], preds)
    assert sorted(text.partition(" (")[0] for _, text in picture.y.ticks) == ["' '", "(empty)", "a"]


def test_the_map_to_take_is_told_in_full() -> None:
    scale = names("", ["temperature (recommended): better", "beta: cannot be told"])
    picture = Picture("it", "It", "All.", linear("x", 0.0, 4.0), scale)
    assert words(picture)[:2] == ["temperature (recommended): better", "beta: cannot be told"]


BINS = (
    LossBin(0.9, 1.0, 0.10536, 0.0, 60, 0.6, 0.1),
    LossBin(0.1, 0.9, 2.302585, 0.10536, 30, 0.3, 0.4),
    LossBin(0.001, 0.1, 6.907755, 2.302585, 10, 0.1, 0.5),
    LossBin(0.0, 0.001, math.inf, 6.907755, 0, 0.0, 0.0),
    LossBin(0.0, 0.0, math.inf, math.inf, 0, 0.0, 0.0),
)


def test_losses_are_shares_of_rows_beside_what_these_cost() -> None:
    picture = pictures.losses(BINS)
    assert picture is not None
    of_rows, of_loss = picture.marks
    assert isinstance(of_rows, Boxes)
    assert isinstance(of_loss, Boxes)
    assert [height for *_, height in of_rows.boxes] == [0.6, 0.3, 0.1, 0.0]
    assert [height for *_, height in of_loss.boxes] == [0.1, 0.4, 0.5, 0.0]
    assert picture.x.ticks == ((0.0, "1"), (1.0, "0.9"), (2.0, "0.1"), (3.3, "0.001"), (4.3, "0"))
    assert picture.description == (
        "For each range of the probability that was given to what happened, the share of rows and "
        "their share of the loss. 60.0 % of all rows were given more than 0.9 up to 1. 50.0 % of "
        "the loss is of the 10.0 % of rows that were given more than 0.001 up to 0.1, and cost "
        "2.3 nats or more."
    )
    assert picture.numbers is not None
    assert picture.numbers.rows == (
        ("more than 0.9 up to 1", "0 to 0.105", "60", "60.0 %", "10.0 %"),
        ("more than 0.1 up to 0.9", "0.105 to 2.3", "30", "30.0 %", "40.0 %"),
        ("more than 0.001 up to 0.1", "2.3 to 6.91", "10", "10.0 %", "50.0 %"),
        ("more than 0 up to 0.001", "6.91 or more", "0", "0.0 %", "0.0 %"),
    )
    assert_apart(picture)


def test_of_an_infinite_loss_no_row_has_a_share() -> None:
    bins = [replace(each, share_of_loss=None) for each in BINS]
    bins[0] = replace(bins[0], n=58, share_of_rows=0.58)
    bins[-1] = replace(bins[-1], n=2, share_of_rows=0.02)
    picture = pictures.losses(bins, "bits")
    assert picture is not None
    (of_rows,) = picture.marks
    assert isinstance(of_rows, Boxes)
    assert of_rows.boxes[0] == (0.1, 0.9, 0.58)
    assert picture.x.ticks[-2:] == ((3.3, "0.001"), (4.8, "0"))
    assert picture.description.endswith("2 rows were held impossible, so the loss is infinite.")
    assert picture.numbers is not None
    assert picture.numbers.rows[-1] == ("0", "infinite", "2", "2.0 %", "-")
    assert picture.numbers.columns[1].title == "loss, bits"
    assert_apart(picture)
    bins[:1] = [replace(bins[0], n=59, share_of_rows=0.59)]
    bins[-1] = replace(bins[-1], n=1, share_of_rows=0.01)
    one = pictures.losses(bins)
    assert one is not None
    assert one.description.endswith("1 row was held impossible, so the loss is infinite.")
    assert pictures.losses([replace(each, n=0) for each in BINS]) is None
    assert pictures.losses([]) is None


def test_shares_are_of_the_weight_where_rows_have_some() -> None:
    bins = [*BINS[:2], replace(BINS[2], n=30), BINS[3], replace(BINS[4], n=1)]
    picture = pictures.losses(bins)
    assert picture is not None
    assert [mark.name for mark in picture.marks] == [  # type: ignore[union-attr]
        "share of weight",
        "share of the loss",
    ]
    assert picture.numbers is not None
    assert [column.title for column in picture.numbers.columns[2:]] == [
        "rows",
        "share of weight",
        "share of the loss",
    ]
    assert picture.numbers.rows[-1][2:] == ("1", "0.0 %", "0.0 %")
    assert picture.description == (  # the row that was held impossible has no weight
        "For each range of the probability that was given to what happened, the share of weight "
        "and its share of the loss. 60.0 % of all weight is of rows that were given more than 0.9 "
        "up to 1. 50.0 % of the loss is of the 10.0 % of weight whose rows were given more than "
        "0.001 up to 0.1, and cost 2.3 nats or more."
    )
    assert_apart(picture)


def test_the_product_falls_through_the_limits_of_floats() -> None:
    found = LogProduct((0, 1000, 1100), (0.0, -301.03, -331.13), 2000)
    lost = [likelihood_product([1] * 1100, [0.5] * 1100, dtype=t) for t in ("float32", "float64")]
    picture = pictures.log_product(found, lost)
    assert picture is not None
    line, *levels, zeros = picture.marks
    assert isinstance(line, Polyline)
    assert line.spots == ((0.0, 0.0), (1000.0, -301.03), (1100.0, -331.13))
    assert [level.name for level in levels] == [  # type: ignore[union-attr]
        "float16: nothing below 5.96 \N{MULTIPLICATION SIGN} 10⁻⁸",
        "float32: nothing below 1.4 \N{MULTIPLICATION SIGN} 10⁻⁴⁵",
        "float64: nothing below 4.94 \N{MULTIPLICATION SIGN} 10⁻³²⁴",
    ]
    assert isinstance(zeros, Spots)
    assert zeros.spots == ((150.0, -301.03 * 150.0 / 1000.0), (1075.0, -323.605))
    assert picture.x.title == "rows multiplied, the first 1,100 of 2,000"
    assert picture.description == (
        "The product of the likelihoods of the first 1,100 rows is 7.41 \N{MULTIPLICATION SIGN} "
        "10⁻³³², as the sum of their logarithms tells. Multiplied row by row it is 0 in float32 "
        "from row 150 on, in float64 from row 1,075 on."
    )
    assert picture.numbers is not None
    assert picture.numbers.rows == (
        ("0", "0", "1"),
        ("1,000", "-301.03", "9.33 \N{MULTIPLICATION SIGN} 10⁻³⁰²"),
        ("1,100", "-331.13", "7.41 \N{MULTIPLICATION SIGN} 10⁻³³²"),
    )
    assert_apart(picture)


def test_a_product_of_few_rows_and_one_that_is_0_are_drawn_as_far_as_they_go() -> None:
    short = pictures.log_product(LogProduct((0, 1, 2), (0.0, -0.3, -0.6), 2))
    assert short is not None
    assert [type(mark) for mark in short.marks] == [Polyline]
    assert short.x.title == "rows multiplied"
    assert short.y.low == -1.0
    assert_apart(short)
    lost = [likelihood_product([1, 1, 1], [0.9, 0.6, 0.0], dtype=t) for t in FLOAT_TYPES]
    zero = pictures.log_product(LogProduct((0, 1, 2), (0.0, -0.05, -0.27), 3), lost)
    assert zero is not None
    assert zero.description == (
        "The product of the likelihoods of the first 2 rows is 0.537, as the sum of their "
        "logarithms tells. Row 3 was held impossible, so the product is 0 from there on."
    )
    assert_apart(zero)
    assert pictures.log_product(None) is None
    assert pictures.log_product(LogProduct((0,), (0.0,), 0)) is None


# Names from outside


@pytest.mark.deep
def test_names_do_nothing_and_keep_apart(preds: Callable[..., str]) -> None:
    drawn = [
        segments_of([name for name in HOSTILE if "\0" not in name], preds),
        *models_of(HOSTILE, preds),
    ]
    for picture in drawn:
        text = svg_of(picture)
        root = parsed(picture)
        assert {tag.tag for tag in root.iter()} == {
            f"{SVG}{name}" for name in ("svg", "title", "desc", "path", "g", "text")
        }
        assert {key for tag in root.iter() for key in tag.attrib} <= ALLOWED
        assert "<script" not in text
        assert "\u202e" not in text
        assert "\x1b" not in text
        assert "\0" not in text
        assert "W" * 401 not in text
        assert_apart(picture)
    whole = {title.text for title in parsed(drawn[1]).iter(f"{SVG}title")}
    assert any(title and title.startswith("W" * 400 + "...: ") for title in whole)
    shown = [text for _, text in drawn[0].y.ticks]
    assert any(text.startswith("שלום עולם\u200e (") for text in shown)


def test_all_lengths_have_a_decimal_at_most_and_ids_are_of_the_name(
    preds: Callable[..., str],
) -> None:
    for picture in (*models_of("abc", preds), segments_of("abc", preds)):
        root = parsed(picture)
        lengths = [str(tag.get(key)) for tag in root.iter() for key in ("d", "x", "y", "height")]
        assert not re.search(r"\.\d\d|\de", " ".join(lengths))
        ids = [str(tag.get("id")) for tag in root.iter() if tag.get("id")]
        assert ids == [f"{picture.name}-title", f"{picture.name}-text"]
        assert root.get("aria-labelledby") == " ".join(ids)
        assert svg_of(picture) == svg_of(picture)


# PNG


@pytest.mark.deep
def test_png_has_two_pixels_for_one_and_the_same_bytes() -> None:
    marks = (
        Polyline("$line$", ((0.0, 0.0), (4.0, 2.0)), 0, "dashed"),
        Spots("שלום", ((1.0, 1.0),), 1, intervals=((0.5, 1.5),)),
        Boxes("boxes", ((0.0, 1.0, 1.0),), 2),
    )
    picture = flat_picture(*marks)
    found = png_of(picture)
    assert found[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = (int.from_bytes(found[at : at + 4], "big") for at in (16, 20))
    assert (width, height) == (836, 552)
    assert len(found) < 20_000
    assert png_of(picture) == found


@pytest.mark.deep
def test_png_has_room_for_letters_that_are_written_as_escapes() -> None:
    picture = replace(flat_picture(Remark("漢", (1.0, 1.0))), y=names("漢", ["漢字" * 20, "b"]))
    escaped = replace(
        flat_picture(Remark("\\u6f22", (1.0, 1.0))),
        y=names("\\u6f22", ["\\u6f22\\u5b57" * 20, "b"]),
    )
    assert_apart(escaped)
    assert png_of(picture) == png_of(escaped)


def test_an_image_has_its_words_beside_it() -> None:
    picture = replace(flat_picture(), title='<b> & "c"')
    found = ET.fromstring(f"{img_of(picture)}</img>")  # noqa: S314 -- made here
    assert found.tag == "img"
    assert found.get("alt") == '<b> & "c". All.'
    assert (found.get("width"), found.get("height")) == ("418", "250")
    head, _, data = str(found.get("src")).partition(",")
    assert head == "data:image/png;base64"
    assert base64.b64decode(data, validate=True) == png_of(picture)


def test_png_needs_matplotlib(monkeypatch: pytest.MonkeyPatch) -> None:
    load = builtins.__import__

    def without_it(name: str, *args: Any, **rest: Any) -> Any:  # noqa: ANN401
        if name.startswith("matplotlib"):
            message = "No module named 'matplotlib'"
            raise ModuleNotFoundError(message, name="matplotlib")
        return load(name, *args, **rest)

    monkeypatch.setattr(builtins, "__import__", without_it)
    with pytest.raises(UsageError) as raised:
        png_of(flat_picture())
    assert str(raised.value) == (
        "a picture as PNG needs matplotlib, which is not installed\n"
        "install it: pip install 'bce-cli[plot]'"
    )
