"""The pictures of a page: of each answer what is to be seen, in marks, in words and in numbers."""

from __future__ import annotations

import math
import unicodedata
from itertools import accumulate, chain, pairwise
from typing import TYPE_CHECKING

from bce_cli.core.calibration.bins import N_HISTOGRAM_BINS
from bce_cli.core.likelihood import FLOAT_TYPES
from bce_cli.errors import safe_text
from bce_cli.render.calibration_verdict import calibration_verdict
from bce_cli.render.diagram import MOST_MODELS, of_models
from bce_cli.render.dots import BLUE, ORANGE, Dots, is_on_scale, span_of
from bce_cli.render.dots_of_losses import segments as dots_of_segments
from bce_cli.render.dots_of_verdicts import checks as dots_of_checks
from bce_cli.render.dots_of_verdicts import differences as dots_of_models
from bce_cli.render.dots_of_verdicts import maps as dots_of_maps
from bce_cli.render.layout import (
    Look,
    Section,
    count,
    figure,
    how_many,
    interval_title,
    percent,
    power_of_ten,
    table,
)
from bce_cli.render.page.material import MOST_TOLD
from bce_cli.render.page.picture import (
    Boxes,
    Level,
    Panel,
    Picture,
    Polyline,
    Remark,
    Scale,
    Shape,
    Spots,
)
from bce_cli.render.page.scales import linear, names, powers, shares

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.core.distribution import LossBin
    from bce_cli.core.likelihood import FloatType, LikelihoodProduct, LogProduct
    from bce_cli.core.report import Unit
    from bce_cli.render.check import CheckDocument
    from bce_cli.render.compare import CompareDocument
    from bce_cli.render.compute import ComputeDocument
    from bce_cli.render.dots import Mark
    from bce_cli.render.page.picture import XY, PictureMark
    from bce_cli.render.recalibrate import RecalibrateDocument

_LONGEST_NAME, _BRIEF = 400, 40
_FROM_LEFT_TO_RIGHT = "\N{LEFT-TO-RIGHT MARK}"
_QUARTERS = ((0.0, "0"), (0.25, "0.25"), (0.5, "0.5"), (0.75, "0.75"), (1.0, "1"))
_SHAPES: tuple[Shape, ...] = ("circle", "square", "triangle", "diamond", "cross")
_SIGNS: dict[str, Shape] = {
    "o": "circle",
    "s": "square",
    "D": "diamond",
    "X": "cross",
    "x": "cross",
    "|": "bar",
}
_BARS = 50
_MOST_ROOMY, _ROOMY, _TIGHT = 12, 26, 20
"""Rows up to which each has so many pixels, and what it has where there are more."""
_LONG_BIN = 1.3
_POINTS = 16
"""Of a curve, in a table."""
_LEAST: dict[FloatType, float] = {"float16": 2.0**-24, "float32": 2.0**-149, "float64": 2.0**-1074}
"""The least number above 0 (IEEE 754)."""


def reliability(models: Sequence[tuple[str, CalibrationReport]]) -> Picture | None:
    """Return event rates over predictions, and below them how often each prediction was made.

    Parameters
    ----------
    models : sequence of tuple of str and CalibrationReport
        What each is called, and what was found of it; of more than five the first are drawn. None
        have bins if they were saved in brief, and there is no picture.
    """
    drawn = [(name, report) for name, report in models if report.bins][:MOST_MODELS]
    if not drawn:
        return None
    reports = [report for _, report in drawn]
    levels = {interval_title(report.confidence) for report in reports}
    level = levels.pop() if len(levels) == 1 else "interval"
    rates, histogram = _of_several(drawn)
    what, seen = "each bin", [str(calibration_verdict(reports[0]))]
    if len(drawn) == 1:
        rates, histogram = _of_one(reports[0], level)
    else:
        what = f"each bin of {of_models(len(models))}"
        seen = [
            f"{safe_text(name, _BRIEF)}: {calibration_verdict(report)}" for name, report in drawn
        ]
    highest = max(max(_heights(report)) for report in reports)
    whole = "rows" if all(r.weight_sum == r.n for r in reports) else "weight"
    return Picture(
        name="picture-reliability",
        title="Reliability diagram: what happened, over what was predicted",
        description=(
            f"The event rate of {what} over its mean prediction, with {level}s. Bins on the "
            "diagonal are calibrated; above it, predictions are too low. Below, how often each "
            f"prediction was made. {' '.join(seen)}"
        ),
        x=Scale("prediction", 0.0, 1.0, _QUARTERS),
        y=Scale("event rate", 0.0, 1.0, _QUARTERS),
        marks=(Polyline("calibrated", ((0.0, 0.0), (1.0, 1.0)), -1, "dashed"), *rates),
        below=Panel(shares(f"share of {whole}", highest), tuple(histogram)),
        height=340,
    )


def _of_one(report: CalibrationReport, level: str) -> tuple[list[PictureMark], list[PictureMark]]:
    """Return the marks of a model: its curve over its bins, and bars."""
    bars = tuple(
        (place / _BARS, (place + 1) / _BARS, height)
        for place, height in enumerate(_heights(report))
    )
    rates: list[PictureMark] = [
        Polyline("isotonic curve", _curve(report), 1),
        _bins(report, f"bin, {level}", 0, "circle"),
    ]
    return rates, [Boxes("", bars, 0)]


def _of_several(
    models: Sequence[tuple[str, CalibrationReport]],
) -> tuple[list[PictureMark], list[PictureMark]]:
    """Return the marks of models, each in a colour and with a shape of its own, and outlines."""
    rates: list[PictureMark] = []
    outlines: list[PictureMark] = []
    for place, (name, report) in enumerate(models):
        rates.append(_bins(report, _whole(name), place, _SHAPES[place]))
        steps = (
            ((bar / _BARS, height), ((bar + 1) / _BARS, height))
            for bar, height in enumerate(_heights(report))
        )
        outlines.append(Polyline("", tuple(chain.from_iterable(steps)), place))
    return rates, outlines


def _bins(report: CalibrationReport, name: str, color: int, shape: Shape) -> Spots:
    shown = [
        (each, (each.mean_prediction, each.event_rate))
        for each in report.bins
        if each.mean_prediction is not None and each.event_rate is not None
    ]
    ends = [
        None if each.ci_low is None or each.ci_high is None else (each.ci_low, each.ci_high)
        for each, _ in shown
    ]
    return Spots(name, tuple(spot for _, spot in shown), color, shape, tuple(ends))


def _curve(report: CalibrationReport) -> tuple[XY, ...]:
    curve = report.curve
    pools = zip(curve.lows.tolist(), curve.highs.tolist(), curve.rates.tolist(), strict=True)
    return tuple(chain.from_iterable(((low, rate), (high, rate)) for low, high, rate in pools))


def _heights(report: CalibrationReport) -> list[float]:
    """Return the share of all rows of each bar."""
    n, whole = N_HISTOGRAM_BINS // _BARS, math.fsum(report.histogram) or 1.0
    starts = range(0, N_HISTOGRAM_BINS, n)
    return [math.fsum(report.histogram[start : start + n]) / whole for start in starts]


def models(document: CompareDocument) -> Picture | None:
    """Return how much more each model costs than the first."""
    record = document.record()
    if not record["comparisons"]:
        return None
    return _of_dots(
        "picture-models",
        "How much more each model costs than the first",
        dots_of_models(record, _named),
        "Left of the line of no difference a model is better, right of it worse.",
    )


def segments(document: ComputeDocument) -> Picture | None:
    """Return the mean loss of each segment, beside the loss of its base rate."""
    record = document.record()
    if not record.get("segments"):
        return None
    return _of_dots(
        "picture-segments",
        "Mean loss of each segment",
        dots_of_segments(record, _named, MOST_TOLD),
        "Left of the loss of its base rate a segment has skill, right of it none.",
    )


def maps(document: RecalibrateDocument) -> Picture | None:
    """Return how much less or more each map costs rows that it has not seen."""
    record = document.record()
    if len(record["methods"]) == 1:
        return None
    return _of_dots(
        "picture-maps",
        "What each recalibration would change",
        dots_of_maps(record),
        "Left of the line of no difference a map is better than predictions as they are.",
    )


def checks(document: CheckDocument) -> Picture | None:
    """Return each interval, on the side of its limit that it is on, or on both.

    A value alone would stand at an end of its scale, whatever its limit; so there is no picture.
    """
    record = document.record()
    if not record["confident"]:
        return None
    return _of_dots(
        "picture-checks",
        "Each check beside its limit",
        dots_of_checks(record),
        "Right of the line a value keeps its limit, left of it it breaks it.",
    )


def _of_dots(name: str, title: str, dots: Dots, reading: str) -> Picture:
    """Return rows of points as a picture."""
    places = [*range(len(dots.rows))]
    labels = [row.label[0] for row in dots.rows]
    if dots.n_rows > len(places):
        labels.append(dots.rest(places))
    low, high = span_of(dots.rows, dots)
    x = linear(dots.x_name, low, high)
    if dots.ticks:
        x = Scale(dots.x_name, low, high, tuple(zip((-1.0, 0.0, 1.0), dots.ticks, strict=True)))
    line = () if dots.line is None else (Level(dots.line[1], dots.line[0], "x"),)
    begin = low + 0.01 * (high - low)
    remarks = (Remark(row.word, (begin, at)) for at, row in enumerate(dots.rows) if row.word)
    return Picture(
        name=name,
        title=title,
        description=f"{_sentence(dots.title)} {reading}",
        x=x,
        y=names(dots.y_name, labels),
        marks=(*line, *_spots(dots), *remarks),
        height=len(labels) * (_ROOMY if len(labels) <= _MOST_ROOMY else _TIGHT),
    )


def _sentence(text: str) -> str:
    return text if text.endswith(".") else f"{text}."


def _spots(dots: Dots) -> Iterator[Spots]:
    """Yield the points of each kind."""
    found: dict[Mark, list[tuple[XY, XY | None]]] = {}
    for at, row in enumerate(dots.rows):
        for point in row.points:
            ends = None
            if point.low is not None and point.high is not None and is_on_scale(point.value):
                ends = (point.low, point.high)
            found.setdefault(point.mark, []).append(((point.value, float(at)), ends))
    colors = {BLUE: 0, ORANGE: 1}
    for mark, pairs in found.items():
        spots, intervals = zip(*pairs, strict=True)
        yield Spots(
            mark.meaning,
            spots,
            colors.get(mark.color, -1),
            _SIGNS[mark.sign],
            intervals,
            "x",
            is_open=not mark.is_filled,
        )


def _named(found: Sequence[str]) -> list[str]:
    """Return names that are fit to be shown, with what follows on their right."""
    return [_whole(name) for name in found]


def _whole(name: str) -> str:
    shown = safe_text(name, _LONGEST_NAME)
    is_mixed = any(unicodedata.bidirectional(letter) in ("R", "AL", "AN") for letter in shown)
    return shown + _FROM_LEFT_TO_RIGHT * is_mixed


def losses(bins: Sequence[LossBin], unit: Unit = "nats") -> Picture | None:
    """Return how many rows cost how much, and what these cost together.

    Parameters
    ----------
    bins : sequence of LossBin
        Of the highest probability first.
    unit : {"nats", "bits"}
        Of the losses.
    """
    if not any(each.n for each in bins):
        return None
    if bins[-1].high == 0.0 and not bins[-1].n:
        bins = bins[:-1]
    has_shares = any(each.share_of_loss is not None for each in bins)
    ends = [*accumulate((_width_of(each) for each in bins), initial=0.0)]
    rows, parts = [], []
    for each, (start, end) in zip(bins, pairwise(ends), strict=True):
        gap, middle = 0.1 * (end - start), (start + end) / 2.0
        rows.append((start + gap, middle if has_shares else end - gap, each.share_of_rows))
        if each.share_of_loss is not None:
            parts.append((middle, end - gap, each.share_of_loss))
    numbers = (bins[0].high, *(each.low for each in bins))
    ticks = [(end, figure(number)) for end, number in zip(ends, numbers, strict=True)]
    if bins[-1].high == 0.0:  # which has no other end
        ticks[-2:] = [((ends[-2] + ends[-1]) / 2.0, "0")]
    highest = max(height for *_, height in (*rows, *parts))
    whole = f"share of {_counted(bins)}"
    marks = [Boxes(whole, tuple(rows), 0), Boxes("share of the loss", tuple(parts), 1)]
    return Picture(
        name="picture-losses",
        title="How losses are distributed",
        description=_of_losses(bins, unit),
        x=Scale("probability given to what happened", 0.0, ends[-1], tuple(ticks)),
        y=shares("", highest),
        marks=tuple(marks if has_shares else marks[:1]),
        numbers=_losses_table(bins, unit),
        height=220,
    )


def _width_of(each: LossBin) -> float:
    """Return how wide a bin is drawn: wider where its end takes more letters."""
    return 1.0 if len(figure(each.low)) <= len("0.1") else _LONG_BIN


def _counted(bins: Sequence[LossBin]) -> str:
    """Return what shares are of: rows, where none has more weight than another."""
    n = sum(each.n for each in bins)
    are_rows = all(math.isclose(each.share_of_rows, each.n / n) for each in bins)
    return "rows" if are_rows else "weight"


def _of_losses(bins: Sequence[LossBin], unit: Unit) -> str:
    """Say where most rows are, and where most of the loss."""
    most = max(bins, key=lambda each: each.share_of_rows)
    whole = _counted(bins)
    have = "were given" if whole == "rows" else "is of rows that were given"
    text = (
        "For each range of the probability that was given to what happened, the share of "
        f"{whole} and {'their' if whole == 'rows' else 'its'} share of the loss. "
        f"{percent(most.share_of_rows)} of all {whole} {have} {_range(most)}."
    )
    impossible = bins[-1]
    if impossible.high == 0.0 and impossible.share_of_rows:
        were = "was" if impossible.n == 1 else "were"
        return f"{text} {how_many(impossible.n)} {were} held impossible, so the loss is infinite."
    dearest = max(bins, key=lambda each: each.share_of_loss or 0.0)
    if not dearest.share_of_loss:
        return text
    have = "rows that" if whole == "rows" else "weight whose rows"
    return (
        f"{text} {percent(dearest.share_of_loss)} of the loss is of the "
        f"{percent(dearest.share_of_rows)} of {have} were given {_range(dearest)}, and cost "
        f"{figure(min(dearest.loss_low, dearest.loss_high), 3)} {unit} or more."
    )


def _range(each: LossBin) -> str:
    """Say in which range the probability given to what happened is."""
    if each.high == 0.0:
        return "0"
    return f"more than {figure(each.low)} up to {figure(each.high)}"


def _losses_table(bins: Sequence[LossBin], unit: Unit) -> Section:
    return Section(
        "How losses are distributed",
        *table(
            bins,
            ("probability given to what happened", _range),
            (f"loss, {unit}", _loss_text),
            ("rows", lambda each: count(each.n)),
            (f"share of {_counted(bins)}", lambda each: percent(each.share_of_rows)),
            ("share of the loss", lambda each: percent(each.share_of_loss)),
        ),
    )


def _loss_text(each: LossBin) -> str:
    low, high = sorted((each.loss_low, each.loss_high))
    if math.isinf(low):
        return "infinite"
    least = figure(low, 3)
    return f"{least} or more" if math.isinf(high) else f"{least} to {figure(high, 3)}"


def log_product(
    found: LogProduct | None, products: Sequence[LikelihoodProduct] = ()
) -> Picture | None:
    """Return how the logarithm of the product of likelihoods falls, and where floats give up.

    Parameters
    ----------
    found : LogProduct or None
    products : sequence of LikelihoodProduct, optional
        What became of the raw product, in whichever float types.
    """
    if found is None or len(found.rows) < 2:  # noqa: PLR2004 -- one point is no line
        return None
    spots = [(float(rows), log10) for rows, log10 in zip(found.rows, found.log10, strict=True)]
    lowest = min(log10 for _, log10 in spots)
    last = found.rows[-1]
    title = "rows multiplied"
    if last < found.n:
        title = f"rows multiplied, the first {count(last)} of {count(found.n)}"
    lost = [(each, each.zero_row) for each in products if each.zero_row is not None]
    marks: list[PictureMark] = [Polyline("product, as a sum of logarithms", tuple(spots), 0)]
    bottom = min(lowest * 1.05, -1.0)
    for place, name in enumerate(FLOAT_TYPES):
        limit = math.log10(_LEAST[name])
        if limit >= bottom:
            text = f"{name}: nothing below {power_of_ten(limit, Look())}"
            marks.append(Level(text, limit, "y", place + 1, ("dotted", "dashed", "solid")[place]))
    zeros = tuple((float(row), _at(spots, row)) for _, row in lost if row <= last)
    if zeros:
        marks.append(Spots("the raw product is 0 from here on", zeros, -1, "cross"))
    return Picture(
        name="picture-product",
        title="The product that underflows beside the sum of logarithms",
        description=_of_product(found, spots, lost),
        x=linear(title, 0.0, float(last), 5),
        y=powers("product of the likelihoods", bottom, 0.0),
        marks=tuple(marks),
        numbers=_product_table(found),
    )


def _at(spots: Sequence[XY], row: int) -> float:
    """Return the logarithm after so many rows, on a straight line between those that are known."""
    for (before, high), (after, low) in pairwise(spots):
        if before <= row <= after:
            return high + (low - high) * (row - before) / (after - before)
    return spots[-1][1]


def _of_product(
    found: LogProduct, spots: Sequence[XY], lost: Sequence[tuple[LikelihoodProduct, int]]
) -> str:
    """Say what the product is in the end, and from which row on a float type calls it 0."""
    rows, log10 = spots[-1]
    text = (
        f"The product of the likelihoods of the first {how_many(round(rows))} is "
        f"{power_of_ten(log10, Look())}, as the sum of their logarithms tells."
    )
    last = found.rows[-1]  # a product that underflows is followed beyond the row that loses it
    gone = [f"in {each.dtype} from row {count(row)} on" for each, row in lost if row <= last]
    if gone:
        text += f" Multiplied row by row it is 0 {', '.join(gone)}."
    impossible = next((row for _, row in lost if row > last), None)
    if impossible is not None:
        text += f" Row {count(impossible)} was held impossible, so the product is 0 from there on."
    return text


def _product_table(found: LogProduct) -> Section:
    """Show some of the points: the first, the last, and as many between as a reader looks at."""
    pairs = [*zip(found.rows, found.log10, strict=True)]
    last = len(pairs) - 1
    places = sorted({round(n * last / (_POINTS - 1)) for n in range(_POINTS)})
    return Section(
        "The product of the likelihoods, row by row",
        *table(
            [pairs[place] for place in places],
            ("rows multiplied", lambda pair: count(pair[0])),
            ("log10 of the product", lambda pair: figure(pair[1])),
            ("product", lambda pair: power_of_ten(pair[1], Look())),
        ),
    )
