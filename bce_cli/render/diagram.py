"""The reliability diagram, made of characters and as a picture."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import N_HISTOGRAM_BINS
from bce_cli.errors import safe_text
from bce_cli.render.drawing import INDENT, framed, save_picture
from bce_cli.render.layout import Section, figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.axes import Axes

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.layout import Look

_HEIGHT = 21  # so that every fifth row is a quarter
_LINES = 4  # of the bars of the histogram
_WIDTHS = (100, 50, 25, 20)  # each a whole number of the histogram's bins
_PICTURE_BARS = 50
_LONGEST_NAME = 40


def diagram_section(report: CalibrationReport, look: Look) -> Section:
    """Draw event rates over predictions, and how often each prediction was made."""
    width = next((w for w in _WIDTHS if w + len(INDENT) + 1 <= look.width), _WIDTHS[-1])
    marks = diagonal, isotonic, bar, point = tuple(look.pick("·∘│●", ".+|O"))
    labels = {row: figure(1.0 - row / (_HEIGHT - 1), 3) for row in range(0, _HEIGHT, 5)}
    legend = (
        f"{point}{bar} bin, 95 % interval",
        f"{isotonic} isotonic curve",
        f"{diagonal} calibrated",
    )
    beside = "% beside the bars:", f"share of {_whole(report)} in the tallest one"
    return Section(
        title="Reliability diagram: what happened, over what was predicted",
        drawing=(
            f"{INDENT}event rate",
            *framed(_rates(report, width, marks), labels, look),
            *_histogram(report.histogram, width, look),
            f"{INDENT}0{'prediction'.center(width - 2)}1",
            *_filled(legend, "   ", look),
            *_filled(beside, " ", look),
        ),
    )


def _filled(parts: Sequence[str], gap: str, look: Look) -> list[str]:
    """Put parts of a legend on one line, or on one each where it is too narrow for all."""
    whole = f"{INDENT}{gap.join(parts)}"
    return [whole] if len(whole) <= look.width else [f"  {part}" for part in parts]


def _whole(report: CalibrationReport) -> str:
    """Say what the histogram's bars are shares of."""
    return "rows" if report.weight_sum == report.n else "weight"


def _rates(report: CalibrationReport, width: int, marks: Sequence[str]) -> list[str]:
    """Draw the diagonal, over it the isotonic curve, over that the bins with their intervals."""
    diagonal, isotonic, bar, point = marks
    canvas = [[" "] * width for _ in range(_HEIGHT)]

    def row_of(rate: float | None) -> int:
        return round((1.0 - (rate or 0.0)) * (_HEIGHT - 1))

    for column in range(width):
        middle = (column + 0.5) / width
        canvas[row_of(middle)][column] = diagonal
        rate = report.curve(middle)
        if rate is not None:
            canvas[row_of(rate)][column] = isotonic
    shown = [each for each in report.bins if each.event_rate is not None]
    columns = [min(int((each.mean_prediction or 0.0) * width), width - 1) for each in shown]
    for column, each in zip(columns, shown, strict=True):
        for row in range(row_of(each.ci_high), row_of(each.ci_low) + 1):
            canvas[row][column] = bar
    for column, each in zip(columns, shown, strict=True):
        canvas[row_of(each.event_rate)][column] = point
    return ["".join(row) for row in canvas]


def _histogram(heights: Sequence[float], width: int, look: Look) -> list[str]:
    """Draw bars of so many lines; whatever is there is seen, however little it is."""
    per_column = N_HISTOGRAM_BINS // width
    sums = [math.fsum(heights[i : i + per_column]) for i in range(0, len(heights), per_column)]
    blocks = look.pick(" ▁▂▃▄▅▆▇█", " #")
    steps = len(blocks) - 1
    levels = [math.ceil(value / max(sums) * _LINES * steps) for value in sums]
    lines = [
        "".join(blocks[min(max(level - line * steps, 0), steps)] for level in levels)
        for line in reversed(range(_LINES))
    ]
    return framed(lines, {0: f"{figure(max(sums) / math.fsum(sums) * 100.0, 3)} %"}, look)


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
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.4, 7.6), layout="constrained")
    above, below = drawn.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    name = _drawable(safe_text(prediction_column, _LONGEST_NAME))
    above.set_title(f"Reliability diagram: {name}", parse_math=False)
    _plot_rates(above, report)
    shares = np.array(report.histogram).reshape(_PICTURE_BARS, -1).sum(axis=1)
    shares = shares / math.fsum(report.histogram) * 100.0
    lefts, width = np.arange(_PICTURE_BARS) / _PICTURE_BARS, 1.0 / _PICTURE_BARS
    below.bar(lefts, shares, width=width, align="edge", color="C0")
    below.set(xlabel="prediction", ylabel=f"% of {_whole(report)}")
    below.grid(visible=True, alpha=0.3)
    save_picture(drawn, stream, picture)


def _drawable(text: str) -> str:
    """Show characters that the font lacks as escapes, not as boxes and a warning for each."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    return "".join(
        c if font.get_char_index(ord(c)) else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def _plot_rates(ax: Axes, report: CalibrationReport) -> None:
    curve = report.curve
    shown = [each for each in report.bins if each.event_rate is not None]
    means, rates, lows, highs = np.array(
        [(each.mean_prediction, each.event_rate, each.ci_low, each.ci_high) for each in shown],
        dtype=np.float64,
    ).T
    ax.plot((0.0, 1.0), (0.0, 1.0), color="0.6", linestyle="--", label="calibrated")
    x = np.column_stack([curve.lows, curve.highs]).ravel()
    ax.plot(x, np.repeat(curve.rates, 2), color="C1", label="isotonic curve")
    errors = (rates - lows, highs - rates)
    label = "bins, 95 % intervals"
    ax.errorbar(means, rates, errors, fmt="o", color="C0", capsize=3.0, label=label)
    ax.set(ylabel="event rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.grid(visible=True, alpha=0.3)
    ax.legend(loc="upper left")
