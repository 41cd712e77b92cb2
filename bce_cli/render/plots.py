"""What a command found as a picture, drawn from its JSON: what `plot` of a result returns."""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from bce_cli.errors import DataError, safe_text
from bce_cli.render.crown import PLAIN, crown, lay_out, take_away
from bce_cli.render.diagram import (
    MOST_MODELS,
    of_models,
    plot_rates,
    plot_rates_of_several,
)
from bce_cli.render.dots import (
    DIGITS,
    GREY,
    TITLE_NAME,
    draw_dots,
    names_that_differ,
    new_axes,
    number,
    refuse_other_axes,
)
from bce_cli.render.dots_of_losses import conventions, segments, summary, worst_rows
from bce_cli.render.dots_of_verdicts import checks, differences, maps
from bce_cli.render.drawing import drawable
from bce_cli.render.layout import count, figure, how_many, percent

if TYPE_CHECKING:
    from collections.abc import Sequence

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes

    from bce_cli.render.dots import Record

_SQUARE = 6.0  # inches
_UNNAMED = "prediction"
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
    named = partial(names_that_differ, ax=ax)
    if record.get("conventions"):
        return draw_dots(conventions(record), ax)
    if record.get("segments"):
        return draw_dots(segments(record, named), ax)
    if record.get("worst_rows"):
        return draw_dots(worst_rows(record, named), ax)
    return draw_dots(summary(record, named), ax)


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
    return draw_dots(differences(record, partial(names_that_differ, ax=ax)), ax)


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

    Drawn into axes that have a diagram already, all are there, each in a colour of its own.

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
    return _plot_diagrams([record], ax)


def plot_calibrations(record: Record, ax: Axes | None = None) -> Axes:
    """Draw the reliability diagrams of the first few models over each other.

    Parameters
    ----------
    record : mapping
        The JSON of `bce calibration` with several models.
    ax : matplotlib.axes.Axes, optional
        Where to draw; by default in a new figure.

    Raises
    ------
    UsageError, ArgumentError, DataError
        As `plot_calibration`.
    """
    rows = {key: value for key, value in record.items() if key != "models"}
    models = record["models"]
    named = ({**rows, **each, "prediction_column": each["name"]} for each in models[:MOST_MODELS])
    start = f"{of_models(len(models)).capitalize()}. " if len(models) > MOST_MODELS else ""
    return _plot_diagrams([*named], ax, start)


def _plot_diagrams(added: Sequence[Record], ax: Axes | None, start: str = "") -> Axes:
    refuse_other_axes(ax)
    if not all(record.get("bins") for record in added):
        message = "there are no bins to draw: the report was saved in brief"
        raise DataError(message)
    drawn = new_axes(_SQUARE) if ax is None else ax
    records = (*take_away(drawn), *added)
    before = {*drawn.get_children()}
    if len(records) == 1:
        title, handles = _draw_one(drawn, records[0])
    else:
        title, handles = _draw_several(drawn, records)
    artists = [artist for artist in drawn.get_children() if artist not in before]
    lay_out(drawn)
    fitted = crown(drawn, f"{start}{title}", handles, is_new=ax is None)
    fitted.diagrams, fitted.artists = records, artists
    return drawn


def _pools(record: Record) -> list[list[Any]] | None:
    curve = record.get("isotonic")
    if not curve:
        return None
    return [[pool[name] for pool in curve] for name in ("low", "high", "recalibrated")]


def _draw_one(ax: Axes, record: Record) -> tuple[str, list[Artist]]:
    """Draw the diagram of a model, and return a title and what a legend explains."""
    plot_rates(ax, record["bins"], _pools(record), record.get("confidence", 0.95))
    handles: list[Artist] = [*ax.get_legend_handles_labels()[0], _draw_sizes(ax, record)]
    name = safe_text(_model(record), TITLE_NAME)
    what = _UNNAMED if name == _UNNAMED else f"{_UNNAMED}: {name}"
    ax.set_xlabel(drawable(what), **PLAIN)
    return _calibration_title(record), handles


def _draw_several(ax: Axes, records: Sequence[Record]) -> tuple[str, list[Artist]]:
    """Draw diagrams over each other, and return a title and what a legend explains."""
    names = names_that_differ([_model(record) for record in records], ax)
    plot_rates_of_several(
        ax,
        names,
        [record["bins"] for record in records],
        [*map(_pools, records)],
        [record.get("confidence", 0.95) for record in records],
    )
    ax.set_xlabel(_UNNAMED, **PLAIN)
    words = {True: "looks calibrated", False: "not calibrated", None: "cannot be told"}
    told = [
        f"{name}: {words[record['calibrated']]}"
        for name, record in zip(names, records, strict=True)
    ]
    return "; ".join(told), ax.get_legend_handles_labels()[0]


def _model(record: Record) -> str:
    return str(record.get("prediction_column", _UNNAMED))


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
