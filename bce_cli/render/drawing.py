"""Curves: what is to be drawn, drawn with characters or as a picture."""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import PurePath
from typing import IO, TYPE_CHECKING

from bce_cli.errors import UsageError, quoted, shortage
from bce_cli.render.layout import figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from matplotlib.figure import Figure

    from bce_cli.render.layout import Look

LABEL = 9  # characters before the axis
INDENT = " " * (LABEL + 2)
_HEIGHT = 13
_WIDEST = 100
_PICTURES = ("png", "svg", "pdf")


@dataclass(frozen=True, slots=True)
class Series:
    """Points joined by straight lines, ascending in x."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]

    def at(self, x: float) -> float | None:
        """Return the height of the line between the neighbours of x, where both are finite."""
        if not self.x[0] <= x <= self.x[-1]:
            return None
        after = next(i for i, value in enumerate(self.x) if value >= x)
        before = max(after - 1, 0)
        y0, y1 = self.y[before], self.y[after]
        if not (math.isfinite(y0) and math.isfinite(y1)):
            return None
        span = self.x[after] - self.x[before]
        return y1 if span == 0.0 else y0 + (y1 - y0) * (x - self.x[before]) / span


@dataclass(frozen=True, slots=True)
class Curve:
    """Some series over one pair of axes."""

    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...]


def draw_curve(curve: Curve, look: Look) -> tuple[str, ...]:
    """Draw a curve with characters, as wide as the look allows."""
    width = max(min(look.width, _WIDEST) - len(INDENT), 20)
    xs = [x for series in curve.series for x in series.x]
    ys = [y for series in curve.series for y in series.y if math.isfinite(y)]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    canvas = [[" "] * width for _ in range(_HEIGHT)]
    marked = list(zip(look.pick("•∘×+◦", "*ox+."), curve.series, strict=False))
    for mark, series in marked:
        for column in range(width):
            y = series.at(left + (right - left) * column / (width - 1))
            if y is not None:
                height = (y - low) / ((high - low) or 1.0)
                canvas[round((1.0 - height) * (_HEIGHT - 1))][column] = mark
    heights = {0: high, _HEIGHT // 2: (low + high) / 2.0, _HEIGHT - 1: low}
    labels = {row: figure(height, 3) for row, height in heights.items()}
    ends = figure(left, 4), figure(right, 4)
    axis = curve.x_name.center(width - sum(map(len, ends))).join(ends)
    legend = "   ".join(f"{mark} {series.name}" for mark, series in marked)
    return (
        f"{INDENT}{curve.y_name}",
        *framed(["".join(row) for row in canvas], labels, look),
        f"{INDENT}{axis}",
        f"{INDENT}{legend}",
    )


def framed(rows: Sequence[str], labels: Mapping[int, str], look: Look) -> list[str]:
    """Draw axes on the left of rows of characters and below them, with labels at some rows."""
    bar, corner, rule = tuple(look.pick("│└─", "|+-"))
    lines = [f"{labels.get(i, ''):>{LABEL}} {bar}{row}".rstrip() for i, row in enumerate(rows)]
    return [*lines, " " * (LABEL + 1) + corner + rule * len(rows[0])]


def picture_format(path: str) -> str:
    """Return the format that the ending of a path asks for, before any work is done.

    Raises
    ------
    UsageError
        Another ending, or matplotlib is missing.
    """
    ending = PurePath(path).suffix.lower().removeprefix(".")
    if ending not in _PICTURES:
        message = f"--plot {quoted(path)} must end in .png, .svg or .pdf"
        raise UsageError(message)
    try:
        import matplotlib as mpl  # noqa: F401 -- an extra
    except ImportError as error:
        message = "--plot needs matplotlib, which is not installed"
        hint = "install matplotlib: pip install matplotlib"
        raise shortage(error) or UsageError(message, hint) from None
    return ending


def plot_curves(curves: Sequence[Curve], stream: IO[bytes], picture: str) -> None:
    """Draw curves side by side, as a picture.

    Parameters
    ----------
    curves : sequence of Curve
        At least one.
    stream : binary stream
    picture : {"png", "svg", "pdf"}
    """
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(6.4 * len(curves), 4.4), layout="constrained")
    axes = drawn.subplots(1, len(curves), squeeze=False)[0]
    for ax, curve in zip(axes, curves, strict=True):
        for series in curve.series:
            ax.plot(series.x, series.y, label=series.name)
        ax.set(title=curve.title, xlabel=curve.x_name, ylabel=curve.y_name)
        ax.grid(visible=True, alpha=0.3)
        ax.legend()
    save_picture(drawn, stream, picture)


def save_picture(drawn: Figure, stream: IO[bytes], picture: str) -> None:
    """Write a picture; the same one is the same bytes, whenever it is written."""
    import matplotlib as mpl

    undated = {"png": {}, "svg": {"Date": None}, "pdf": {"CreationDate": None}}
    with mpl.rc_context({"svg.hashsalt": "bce"}):
        drawn.savefig(stream, format=picture, dpi=150, metadata=undated[picture])
