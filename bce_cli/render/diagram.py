"""The reliability diagram, made of characters and as a picture."""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import asdict
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.calibration.bins import N_HISTOGRAM_BINS
from bce_cli.errors import safe_text
from bce_cli.render.calibration_verdict import calibration_verdict
from bce_cli.render.drawing import (
    LABEL,
    drawable,
    framed,
    header_height,
    packed,
    plain_axes,
    roomy,
    rows_and_mean,
    save_picture,
    subtitle_within,
    write_header,
)
from bce_cli.render.layout import Section, figure, how_many, interval_title, wrapped

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import numpy.typing as npt
    from matplotlib.axes import Axes

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.layout import Look

_HEIGHT = 21  # so that every fifth row is a quarter
_QUARTERS = {row: figure(1.0 - row / (_HEIGHT - 1), 3) for row in range(0, _HEIGHT, 5)}
_LINES = 4  # of the bars of the histogram
_SIZES = ((100, LABEL), (50, LABEL), (50, 7), (25, LABEL), (20, LABEL))
"""Columns, each a number that the histogram's bins are a multiple of, and those for labels."""
_BESIDE = 3  # the axis, and a space on each side
_PICTURE_BARS = 50
_LONGEST_NAME = 40
_SIGNS = "os^Dv"
MOST_MODELS = len(_SIGNS)
"""Of more models in one diagram, nobody could tell which is which."""
_WIDTH = 6.4  # of a picture, in inches


def diagram_section(report: CalibrationReport, look: Look) -> Section:
    """Draw event rates over predictions, and how often each prediction was made."""
    width, label, indent, room = _room(look)
    marks = diagonal, isotonic, bar, point = tuple(look.pick("·∘│●", ".+|O"))
    legend = (
        f"{point}{bar} bin, {interval_title(report.confidence)}",
        f"{isotonic} isotonic curve",
        f"{diagonal} calibrated",
    )
    shares = f"% beside the bars: share of {_whole(report)} in the tallest one"
    bars, tallest = _histogram(report.histogram, width, look)
    return Section(
        title="Reliability diagram: what happened, over what was predicted",
        drawing=(
            f"{indent}event rate",
            *framed(_rates(report, width, marks), _QUARTERS, look, label),
            *framed(bars, {0: tallest}, look, label),
            f"{indent}0{'prediction'.center(width - 2)}1",
            *packed(legend, room, indent),
            *(f"{indent}{line}" for line in wrapped(shares, room)),
        ),
    )


def models_section(models: Sequence[tuple[str, CalibrationReport]], look: Look) -> Section:
    """Draw the event rates of several models over their predictions, each with a sign of its own.

    Parameters
    ----------
    models : sequence of tuple of str and CalibrationReport
        Names that are fit to be shown, and reports with bins; of more than `MOST_MODELS` the first
        are drawn.
    look : Look
    """
    width, label, indent, room = _room(look)
    diagonal, several, *signs = tuple(look.pick("·◎●■▲◆▼", ".@ox*#%"))
    canvas = [[" "] * width for _ in range(_HEIGHT)]
    for column in range(width):
        canvas[_row_of((column + 0.5) / width)][column] = diagonal
    pairs = list(zip(models, signs, strict=False))
    taken: dict[tuple[int, int], set[str]] = {}
    for (_, report), sign in pairs:
        for place in _places(report, width):
            taken.setdefault(place, set()).add(sign)
    for (row, column), found in taken.items():
        canvas[row][column] = several if len(found) > 1 else min(found)
    legend = [f"{sign} {name}" for (name, _), sign in pairs]
    legend += [f"{several} several"] * any(len(found) > 1 for found in taken.values())
    legend += [f"{diagonal} calibrated"]
    first = (f"The first {len(pairs)} models are drawn.",)
    return Section(
        title="Reliability diagram: event rates of the bins of each model, over its predictions",
        drawing=(
            f"{indent}event rate",
            *framed(["".join(row) for row in canvas], _QUARTERS, look, label),
            f"{indent}0{'prediction'.center(width - 2)}1",
            *packed(legend, room, indent),
        ),
        notes=first if len(pairs) < len(models) else (),
    )


def _room(look: Look) -> tuple[int, int, str, int]:
    """Return the width of a diagram, of the labels beside it, an indent, and room for words."""
    width, label = next((size for size in _SIZES if sum(size) + _BESIDE <= look.width), _SIZES[-1])
    indent = " " * (label + 2)
    return width, label, indent, max(look.width - len(indent), width)


def _places(report: CalibrationReport, width: int) -> list[tuple[int, int]]:
    """Return the row and the column of each bin that has an event rate."""
    return [
        (_row_of(each.event_rate), min(int((each.mean_prediction or 0.0) * width), width - 1))
        for each in report.bins
        if each.event_rate is not None
    ]


def _row_of(rate: float | None) -> int:
    return round((1.0 - (rate or 0.0)) * (_HEIGHT - 1))


def _whole(report: CalibrationReport) -> str:
    """Say what the histogram's bars are shares of."""
    return "rows" if report.weight_sum == report.n else "weight"


def _rates(report: CalibrationReport, width: int, marks: Sequence[str]) -> list[str]:
    """Draw the diagonal, over it the isotonic curve, over that the bins with their intervals."""
    diagonal, isotonic, bar, point = marks
    canvas = [[" "] * width for _ in range(_HEIGHT)]
    for column in range(width):
        middle = (column + 0.5) / width
        canvas[_row_of(middle)][column] = diagonal
        rate = report.curve(middle)
        if rate is not None:
            canvas[_row_of(rate)][column] = isotonic
    places = _places(report, width)
    shown = [each for each in report.bins if each.event_rate is not None]
    for (_, column), each in zip(places, shown, strict=True):
        low, high = each.ci_low, each.ci_high
        for row in range(_row_of(high), _row_of(low) + 1) if low is not None else ():
            canvas[row][column] = bar
    for row, column in places:
        canvas[row][column] = point
    return ["".join(row) for row in canvas]


def _histogram(heights: Sequence[float], width: int, look: Look) -> tuple[list[str], str]:
    """Draw bars of so many lines, and say what the tallest is.

    Whatever is there is seen, however little it is.
    """
    per_column = N_HISTOGRAM_BINS // width
    sums = [math.fsum(heights[i : i + per_column]) for i in range(0, len(heights), per_column)]
    blocks = look.pick(" ▁▂▃▄▅▆▇█", " #")
    steps = len(blocks) - 1
    levels = [math.ceil(value / max(sums) * _LINES * steps) for value in sums]
    lines = [
        "".join(blocks[min(max(level - line * steps, 0), steps)] for level in levels)
        for line in reversed(range(_LINES))
    ]
    return lines, f"{figure(max(sums) / math.fsum(sums) * 100.0, 3)} %"


def plot_calibration(
    report: CalibrationReport, prediction_column: str, stream: IO[bytes], picture: str
) -> None:
    """Draw event rates over predictions, and how often each prediction was made, as a picture.

    Parameters
    ----------
    report : CalibrationReport
    prediction_column : str
        Whose predictions they are.
    stream : binary stream
    picture : {"png", "svg", "pdf"}
    """
    name = drawable(safe_text(prediction_column, _LONGEST_NAME))
    with _picture(f"Reliability diagram: {name}", subtitle_of(report), stream, picture) as panels:
        above, below = panels
        curve = report.curve
        plot_rates(
            above,
            [asdict(each) for each in report.bins],
            (curve.lows, curve.highs, curve.rates),
            report.confidence,
        )
        above.legend(loc="upper left", edgecolor="none")
        shares = _shares(report)
        lefts, width = np.arange(_PICTURE_BARS) / _PICTURE_BARS, 1.0 / _PICTURE_BARS
        below.bar(lefts, shares, width=width, align="edge", color="C0")
        below.set(ylabel=f"% of {_whole(report)}")


def plot_models(
    models: Sequence[tuple[str, CalibrationReport]], stream: IO[bytes], picture: str
) -> None:
    """Draw the same of the first few models, each in a colour and with a sign of its own.

    Parameters
    ----------
    models : sequence of tuple of str and CalibrationReport
        What each model is called, and what was found of it.
    stream : binary stream
    picture : {"png", "svg", "pdf"}
    """
    if len(models) == 1:
        plot_calibration(models[0][1], models[0][0], stream, picture)
        return
    drawn = models[:MOST_MODELS]
    shown = [drawable(safe_text(name, _LONGEST_NAME)) for name, _ in drawn]
    reports = [report for _, report in drawn]
    lines = [
        f"{name}: mean loss {figure(report.mean_loss)} {report.unit}, "
        f"recalibration would remove {figure(report.log_loss.miscalibration, 4)}"
        for name, report in zip(shown, reports, strict=True)
    ]
    what = f"{of_models(len(models))} on {how_many(reports[0].n)}"
    title = f"Reliability diagram: {what}"
    with _picture(title, "\n".join(lines), stream, picture) as panels:
        above, below = panels
        bins = [[asdict(each) for each in report.bins] for report in reports]
        curves = [(each.curve.lows, each.curve.highs, each.curve.rates) for each in reports]
        plot_rates_of_several(above, shown, bins, curves, {r.confidence for r in reports})
        legend = above.legend(  # above all data
            loc="lower left",
            bbox_to_anchor=(0.0, 1.0),
            ncols=3 if max(map(len, shown)) <= _LONGEST_NAME // 2 else 1,
            frameon=False,
            fontsize="small",
        )
        for text in legend.get_texts():
            text.set_parse_math(False)
        edges = np.linspace(0.0, 1.0, _PICTURE_BARS + 1)
        for at, report in enumerate(reports):
            below.stairs(_shares(report), edges, color=f"C{at}")
        below.set(ylabel=f"% of {_whole(reports[0])}")


def of_models(n: int) -> str:
    """Say how many models there are, and how many of them a diagram has.

    Examples
    --------
    >>> of_models(3), of_models(20)
    ('3 models', 'the first 5 of 20 models')
    """
    models = how_many(n, "model")
    return models if n <= MOST_MODELS else f"the first {MOST_MODELS} of {models}"


@contextmanager
def _picture(title: str, text: str, stream: IO[bytes], picture: str) -> Iterator[tuple[Axes, Axes]]:
    """Provide a panel for a diagram, and one below it for how often predictions were made."""
    from matplotlib.figure import Figure

    subtitle = subtitle_within(text, _WIDTH)
    heights = (header_height(subtitle), 5.6, 1.5)
    drawn = Figure(figsize=(_WIDTH, sum(heights)), layout=roomy())
    header, above, below = drawn.subplots(3, 1, height_ratios=heights)
    write_header(header, title, subtitle)
    yield above, below
    above.tick_params(labelbottom=False)
    below.set(xlabel="prediction", xlim=above.get_xlim())
    plain_axes(below)
    save_picture(drawn, stream, picture)


def _shares(report: CalibrationReport) -> npt.NDArray[np.float64]:
    """Return how much of all rows each bar of a picture stands for, in percent."""
    sums: npt.NDArray[np.float64] = (
        np.array(report.histogram).reshape(_PICTURE_BARS, -1).sum(axis=1)
    )
    return sums / math.fsum(report.histogram) * 100.0


def subtitle_of(report: CalibrationReport) -> str:
    """Say in words how many rows there were, what they cost, and what recalibration would do."""
    low, high = (None, None) if report.bootstrap is None else report.bootstrap.log_loss["mean"]
    rows = rows_and_mean(report, low, high, report.confidence)
    return f"{rows}\n{calibration_verdict(report)}"


def plot_rates(
    ax: Axes,
    bins: Sequence[Mapping[str, Any]],
    curve: Sequence[npt.ArrayLike] | None,
    confidence: float = 0.95,
) -> None:
    """Draw the diagonal, the isotonic curve, and the bins with their intervals, into axes.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    bins : sequence of mapping
        As JSON has them.
    curve : sequence of three array-likes of float, optional
        Least and greatest prediction of each pool, and the share of label 1 there.
    confidence : float, default 0.95
        Of the intervals.
    """
    _start_diagram(ax)
    if curve is not None:
        _draw_curve(ax, curve, color="C1", label="isotonic curve")
    _draw_bins(ax, bins, fmt="o", color="C0", label=f"bins, {interval_title(confidence)}s")


def plot_rates_of_several(
    ax: Axes,
    names: Sequence[str],
    bins: Sequence[Sequence[Mapping[str, Any]]],
    curves: Sequence[Sequence[npt.ArrayLike] | None],
    confidences: Collection[float] = (0.95,),
) -> None:
    """Draw the diagonal once, and the curve and the bins of each model in a colour of its own.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
    names : sequence of str
        What the legend says, a text for each model.
    bins, curves : sequence
        Of each model, as `plot_rates` takes them.
    confidences : collection of float, optional
        Of the intervals.
    """
    _start_diagram(ax)
    for at, (name, its_bins, curve) in enumerate(zip(names, bins, curves, strict=True)):
        color = f"C{at}"
        if curve is not None:
            _draw_curve(ax, curve, color=color, alpha=0.6)
        sign = _SIGNS[at % len(_SIGNS)]  # tells models apart without colours
        label = f" {name}" if name.startswith("_") else name  # which legends would leave out
        _draw_bins(ax, its_bins, fmt=sign, color=color, label=label)
    levels = {interval_title(confidence) for confidence in confidences}
    ax.set_ylabel(f"event rate (bins with {levels.pop() if len(levels) == 1 else 'interval'}s)")


def _start_diagram(ax: Axes) -> None:
    ax.plot((0.0, 1.0), (0.0, 1.0), color="0.6", linestyle="--", label="calibrated")
    ax.set(ylabel="event rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    plain_axes(ax)


def _draw_curve(ax: Axes, curve: Sequence[npt.ArrayLike], **style: Any) -> None:  # noqa: ANN401
    x = np.column_stack(curve[:2]).ravel()
    mark = "_" if x[0] == x[-1] else None  # a line of no length is not seen
    ax.plot(x, np.repeat(curve[2], 2), marker=mark, ms=16, **style)


def _draw_bins(ax: Axes, bins: Sequence[Mapping[str, Any]], **style: Any) -> None:  # noqa: ANN401
    ends = ("mean_prediction", "event_rate", "ci_low", "ci_high")
    shown = [[each[name] for name in ends] for each in bins if each["event_rate"] is not None]
    shown = [[p, y, *(y if end is None else end for end in others)] for p, y, *others in shown]
    means, rates, lows, highs = np.array(shown, dtype=np.float64).reshape(-1, len(ends)).T
    ax.errorbar(means, rates, (rates - lows, highs - rates), capsize=3.0, **style)
