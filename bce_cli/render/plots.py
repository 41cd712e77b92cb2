"""What a command found as a picture, drawn from its JSON: what `plot` of a result returns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, cast

from bce_cli.errors import DataError, safe_text
from bce_cli.render.crown import PLAIN, crown, lay_out
from bce_cli.render.diagram import plot_rates
from bce_cli.render.dots import (
    DIGITS,
    GREY,
    TITLE_NAME,
    draw_dots,
    new_axes,
    number,
    refuse_other_axes,
)
from bce_cli.render.dots_of_losses import conventions, segments, summary, worst_rows
from bce_cli.render.dots_of_verdicts import checks, differences, maps
from bce_cli.render.drawing import drawable
from bce_cli.render.layout import count, figure, how_many, percent

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from bce_cli.render.dots import Record

_SQUARE = 6.0  # inches
_BAR = 0.15  # of the height of axes, at the most


def plot_compute(record: Record, ax: Axes | None = None) -> Axes:
    """Draw the mean loss beside that of the base rate; or what was asked for.

    That is the means of conventions, the segments or the rows that cost most, where there are any.

    Parameters
    ----------
    record : mapping
        The JSON of `bce compute`; infinite numbers may be null.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Raises
    ------
    UsageError
        matplotlib is missing.
    ArgumentError
        `ax` is anything but axes.
    """
    refuse_other_axes(ax)
    if record.get("conventions"):
        return draw_dots(conventions(record), ax)
    if record.get("segments"):
        return draw_dots(segments(record, ax), ax)
    if record.get("worst_rows"):
        return draw_dots(worst_rows(record, ax), ax)
    return draw_dots(summary(record, ax), ax)


def plot_compare(record: Record, ax: Axes | None = None) -> Axes:
    """Draw how much more each model costs than the baseline, with intervals.

    Parameters
    ----------
    record : mapping
        The JSON of `bce compare`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Raises
    ------
    UsageError, ArgumentError
        As `plot_compute`.
    """
    refuse_other_axes(ax)
    return draw_dots(differences(record, ax), ax)


def plot_recalibrate(record: Record, ax: Axes | None = None) -> Axes:
    """Draw how much less or more each map costs rows that it has not seen, with intervals.

    Parameters
    ----------
    record : mapping
        The JSON of `bce recalibrate`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Raises
    ------
    UsageError, ArgumentError
        As `plot_compute`.
    """
    refuse_other_axes(ax)
    return draw_dots(maps(record), ax)


def plot_check(record: Record, ax: Axes | None = None) -> Axes:
    """Draw each value, with its interval, on the side of its limit that it is on.

    Parameters
    ----------
    record : mapping
        The JSON of `bce check`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Raises
    ------
    UsageError, ArgumentError
        As `plot_compute`.
    """
    refuse_other_axes(ax)
    return draw_dots(checks(record), ax)


def plot_calibration(record: Record, ax: Axes | None = None) -> Axes:
    """Draw the reliability diagram: event rates over predictions, and how many rows there are.

    Parameters
    ----------
    record : mapping
        The JSON of `bce calibration`.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Raises
    ------
    UsageError, ArgumentError
        As `plot_compute`.
    DataError
        The record was saved in brief, without its bins.
    """
    refuse_other_axes(ax)
    bins, curve = record.get("bins"), record.get("isotonic")
    if not bins:
        message = "there are no bins to draw: the report was saved in brief"
        raise DataError(message)
    drawn = new_axes(_SQUARE) if ax is None else ax
    pools = None
    if curve:
        pools = [[pool[name] for pool in curve] for name in ("low", "high", "recalibrated")]
    plot_rates(drawn, bins, pools)
    handles: list[Artist] = [*drawn.get_legend_handles_labels()[0], _draw_sizes(drawn, record)]
    name = safe_text(str(record.get("prediction_column", "prediction")), TITLE_NAME)
    what = "prediction" if name == "prediction" else f"prediction: {name}"
    drawn.set_xlabel(drawable(what), **PLAIN)
    lay_out(drawn)
    crown(drawn, _calibration_title(record), handles, is_new=ax is None)
    return drawn


def _calibration_title(record: Record) -> str:
    """Say whether predictions are calibrated, and what recalibration would remove."""
    calibrated, unit, parts = record["calibrated"], record["unit"], record["log_loss"]
    rows = how_many(record["n"])
    answers = {
        True: f"Calibrated, as far as {rows} can tell",
        False: "Not calibrated",
        None: f"{rows} cannot tell whether it is calibrated",
    }
    mean, removed = number(record["mean_loss"]), number(parts["miscalibration"])
    if mean is None or math.isinf(mean) or removed is None:
        left = f"{figure(parts['recalibrated_loss'], DIGITS)} {unit}"
        return f"{answers[calibrated]}: recalibration would leave {left} of an infinite loss"
    if not removed:
        return f"{answers[calibrated]}: recalibration would remove nothing"
    cost = f"{figure(removed, DIGITS)} of {figure(mean, DIGITS)} {unit}"
    return f"{answers[calibrated]}: recalibration would remove {cost} ({percent(removed / mean)})"


def _draw_sizes(ax: Axes, record: Record) -> Artist:
    """Draw how many rows each bin has, or what they weigh, as bars along the bottom."""
    bins = record["bins"]
    is_weighted = record["weight_sum"] != record["n"]
    sizes = [each["weight_sum" if is_weighted else "n"] for each in bins]
    most = max(sizes)
    what = f"weight in a bin, at most {figure(most, DIGITS)}"
    if not is_weighted:
        what = f"rows in a bin, at most {count(most)}"
    drawn = ax.bar(
        [each["low"] for each in bins],
        [size / most * _BAR for size in sizes],
        [each["high"] - each["low"] for each in bins],
        align="edge",
        color=GREY,
        edgecolor=GREY,
        linewidth=0.5,
        alpha=0.35,
        label=what,
        zorder=0.5,
    )
    return cast("Artist", drawn)  # a group of some, which legends take for one
