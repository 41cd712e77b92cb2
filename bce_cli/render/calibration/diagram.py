"""The reliability diagram, made of characters."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.calibration.bins import N_HISTOGRAM_BINS
from bce_cli.render.numbers import figure
from bce_cli.render.section import Section

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.render.look import Look

    Canvas = list[list[str]]

_HEIGHT = 21  # so that every fifth row is a quarter
_BARS = 4
_WIDTHS = (100, 50, 25, 20)  # each a whole number of the histogram's bins
_LABEL = 9
_BLOCKS = " ▁▂▃▄▅▆▇█"


def diagram_section(report: CalibrationReport, look: Look) -> Section:
    """Draw event rates over predictions, and how often each prediction was made."""
    width = next((w for w in _WIDTHS if w + _LABEL + 3 <= look.width), _WIDTHS[-1])
    return Section(
        title="Reliability diagram: what happened, over what was predicted",
        drawing=(
            f"{' ' * (_LABEL + 2)}event rate",
            *_framed(_canvas(report, width, look), look),
            *_histogram(report.histogram, width, look),
            *_captions(report, width, look),
        ),
    )


def counted(report: CalibrationReport) -> str:
    """Say what the histogram's bars are shares of."""
    return "rows" if report.weight_sum == report.n else "weight"


def _canvas(report: CalibrationReport, width: int, look: Look) -> Canvas:
    """Draw the diagonal, over it the isotonic curve, over that the bins with their intervals."""
    diagonal, isotonic, bar, point = _marks(look)
    canvas = [[" "] * width for _ in range(_HEIGHT)]
    for column in range(width):
        middle = (column + 0.5) / width
        canvas[_row(middle)][column] = diagonal
        rate = report.curve(middle)
        if rate is not None:
            canvas[_row(rate)][column] = isotonic
    shown = [each for each in report.bins if each.event_rate is not None]
    for each in shown:
        for row in range(_row(each.ci_high), _row(each.ci_low) + 1):
            canvas[row][_column(each.mean_prediction, width)] = bar
    for each in shown:
        canvas[_row(each.event_rate)][_column(each.mean_prediction, width)] = point
    return canvas


def _marks(look: Look) -> Sequence[str]:
    return look.pick("·∘│●", ".+|O")


def _row(rate: float | None) -> int:
    return round((1.0 - (rate or 0.0)) * (_HEIGHT - 1))


def _column(prediction: float | None, width: int) -> int:
    return min(int((prediction or 0.0) * width), width - 1)


def _framed(canvas: Canvas, look: Look) -> list[str]:
    bar = look.pick("│", "|")
    lines = []
    for index, row in enumerate(canvas):
        rate = 1.0 - index / (_HEIGHT - 1)
        label = figure(rate, 3) if index % 5 == 0 else ""
        lines.append(f"{label:>{_LABEL}} {bar}{''.join(row)}".rstrip())
    return [*lines, _rule(len(canvas[0]), look)]


def _histogram(heights: Sequence[float], width: int, look: Look) -> list[str]:
    """Draw bars of so many lines; whatever is there is seen, however little it is."""
    per_column = N_HISTOGRAM_BINS // width
    sums = [math.fsum(heights[i : i + per_column]) for i in range(0, len(heights), per_column)]
    blocks = look.pick(_BLOCKS, " #")
    steps = len(blocks) - 1
    levels = [math.ceil(value / max(sums) * _BARS * steps) for value in sums]
    bar = look.pick("│", "|")
    lines = []
    for line in reversed(range(_BARS)):
        cells = (blocks[min(max(level - line * steps, 0), steps)] for level in levels)
        label = figure(max(sums) / math.fsum(sums) * 100.0, 3) + " %" if line == _BARS - 1 else ""
        lines.append(f"{label:>{_LABEL}} {bar}{''.join(cells)}".rstrip())
    return [*lines, _rule(width, look)]


def _rule(width: int, look: Look) -> str:
    return " " * (_LABEL + 1) + look.pick("└", "+") + look.pick("─", "-") * width


def _captions(report: CalibrationReport, width: int, look: Look) -> list[str]:
    diagonal, isotonic, bar, point = _marks(look)
    indent = " " * (_LABEL + 2)
    legend = f"{point}{bar} bin, 95 % interval   {isotonic} isotonic curve   {diagonal} calibrated"
    bars = f"% beside the bars: share of {counted(report)} in the tallest one"
    axis = f"0{'prediction'.center(width - 2)}1"
    return [f"{indent}{line}" for line in (axis, legend, bars)]
