"""The reliability diagram as a picture."""

from __future__ import annotations

import math
from typing import IO, TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.curve import N_HISTOGRAM_BINS
from bce_cli.errors import safe_text
from bce_cli.render.calibration.diagram import counted
from bce_cli.render.plot import save_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from bce_cli.core.calibration.report import CalibrationReport

_BARS = 50
_LONGEST_NAME = 40


def plot_calibration(
    report: CalibrationReport, prediction_column: str, stream: IO[bytes], picture: str
) -> None:
    """Draw event rates over predictions, and how often each prediction was made.

    Parameters
    ----------
    report : CalibrationReport
    prediction_column : str
        Whose predictions they are.
    stream : binary stream
    picture : {"png", "svg", "pdf"}
    """
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6.4, 7.6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(4, 1))
    name = _drawable(safe_text(prediction_column, _LONGEST_NAME))
    above.set_title(f"Reliability diagram: {name}", parse_math=False)
    _draw_rates(above, report)
    _draw_histogram(below, report)
    save_figure(figure, stream, picture)


def _drawable(text: str) -> str:
    """Show characters that the font lacks as escapes, not as boxes and a warning for each."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    font = get_font(findfont(FontProperties()))
    return "".join(
        c if font.get_char_index(ord(c)) else c.encode("unicode_escape").decode("ascii")
        for c in text
    )


def _draw_rates(ax: Axes, report: CalibrationReport) -> None:
    curve = report.curve
    shown = [each for each in report.bins if each.event_rate is not None]
    means, rates, lows, highs = np.array(
        [(each.mean_prediction, each.event_rate, each.ci_low, each.ci_high) for each in shown],
        dtype=np.float64,
    ).T
    ax.plot((0.0, 1.0), (0.0, 1.0), color="0.6", linestyle="--", label="calibrated")
    x = np.column_stack([curve.lows, curve.highs]).ravel()
    ax.plot(x, np.repeat(curve.rates, 2), color="C1", label="isotonic curve")
    ax.errorbar(
        means,
        rates,
        (rates - lows, highs - rates),
        fmt="o",
        color="C0",
        capsize=3.0,
        label="bins, 95 % intervals",
    )
    ax.set(ylabel="event rate", xlim=(-0.02, 1.02), ylim=(-0.02, 1.02))
    ax.grid(visible=True, alpha=0.3)
    ax.legend(loc="upper left")


def _draw_histogram(ax: Axes, report: CalibrationReport) -> None:
    step = N_HISTOGRAM_BINS // _BARS
    total = math.fsum(report.histogram)
    shares = np.array(report.histogram).reshape(-1, step).sum(axis=1) / total
    lefts = np.arange(_BARS) / _BARS
    ax.bar(lefts, shares * 100.0, width=1.0 / _BARS, align="edge", color="C0")
    ax.set(xlabel="prediction", ylabel=f"% of {counted(report)}")
    ax.grid(visible=True, alpha=0.3)
