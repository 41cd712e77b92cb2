"""Curves: what is to be drawn, and a drawing made of characters."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.render.numbers import figure

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.render.look import Look

_HEIGHT = 13
_LABEL = 9
_WIDEST = 100
_MARKS, _ASCII_MARKS = "•∘×+◦", "*ox+."


@dataclass(frozen=True, slots=True)
class Series:
    """Points joined by straight lines, ascending in x."""

    name: str
    x: tuple[float, ...]
    y: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Curve:
    """Some series over one pair of axes."""

    title: str
    x_name: str
    y_name: str
    series: tuple[Series, ...]


def draw_curve(curve: Curve, look: Look) -> tuple[str, ...]:
    """Draw a curve with characters, as wide as the look allows."""
    width = max(min(look.width, _WIDEST) - _LABEL - 2, 20)
    xs = [x for series in curve.series for x in series.x]
    ys = [y for series in curve.series for y in series.y if math.isfinite(y)]
    left, right, low, high = min(xs), max(xs), min(ys), max(ys)
    canvas = [[" "] * width for _ in range(_HEIGHT)]
    marks = look.pick(_MARKS, _ASCII_MARKS)
    for mark, series in zip(marks, curve.series, strict=False):
        for column in range(width):
            y = _interpolated(series, left + (right - left) * column / (width - 1))
            if y is not None:
                height = (y - low) / ((high - low) or 1.0)
                canvas[round((1.0 - height) * (_HEIGHT - 1))][column] = mark
    return (
        f"{' ' * (_LABEL + 2)}{curve.y_name}",
        *_framed(canvas, (low, high), look),
        *_captions(curve, (left, right), marks, width),
    )


def _interpolated(series: Series, x: float) -> float | None:
    """Return the height of the straight line between the neighbours of x, where both are finite."""
    if not series.x[0] <= x <= series.x[-1]:
        return None
    after = next(i for i, value in enumerate(series.x) if value >= x)
    before = max(after - 1, 0)
    y0, y1 = series.y[before], series.y[after]
    if not (math.isfinite(y0) and math.isfinite(y1)):
        return None
    span = series.x[after] - series.x[before]
    return y1 if span == 0.0 else y0 + (y1 - y0) * (x - series.x[before]) / span


def _framed(canvas: list[list[str]], limits: tuple[float, float], look: Look) -> list[str]:
    low, high = limits
    labels = {0: high, len(canvas) // 2: (low + high) / 2.0, len(canvas) - 1: low}
    bar, corner, rule = look.pick("│", "|"), look.pick("└", "+"), look.pick("─", "-")
    lines = []
    for index, row in enumerate(canvas):
        label = figure(labels[index], 3) if index in labels else ""
        lines.append(f"{label:>{_LABEL}} {bar}{''.join(row)}".rstrip())
    return [*lines, " " * (_LABEL + 1) + corner + rule * len(canvas[0])]


def _captions(
    curve: Curve, limits: tuple[float, float], marks: Sequence[str], width: int
) -> list[str]:
    left, right = (figure(limit, 4) for limit in limits)
    indent = " " * (_LABEL + 2)
    middle = curve.x_name.center(width - len(left) - len(right))
    legend = "   ".join(
        f"{mark} {series.name}" for mark, series in zip(marks, curve.series, strict=False)
    )
    return [f"{indent}{left}{middle}{right}", f"{indent}{legend}"]
