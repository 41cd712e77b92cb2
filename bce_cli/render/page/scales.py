"""Axes that fit their numbers: where they end, where they are marked, and with what."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.render.layout import ten_to
from bce_cli.render.page.picture import Scale

if TYPE_CHECKING:
    from collections.abc import Iterable

_NICE = (1.0, 2.0, 2.5, 5.0, 10.0)
_FIRST_STEP, _LAST_STEP = 1e-5, 1e6
"""Between these, numbers are written out."""
_DUST = 1e-9  # of a step


def linear(title: str, low: float, high: float, most: int = 6, *, is_round: bool = False) -> Scale:
    """Return an axis from one number to a greater one, marked at round numbers.

    Parameters
    ----------
    title : str
    low, high : float
        Finite.
    most : int, optional
        Marks, at the most.
    is_round : bool, default False
        Whether to let it end with round numbers, at `low` and `high` or beyond.

    Examples
    --------
    >>> linear("loss", 0.13, 0.52).ticks
    ((0.2, '0.2'), (0.3, '0.3'), (0.4, '0.4'), (0.5, '0.5'))
    >>> linear("rows", 0, 8710, is_round=True).high
    10000.0
    """
    step = nice_step(high - low, most)
    if is_round:
        low = math.floor(low / step + _DUST) * step
        high = math.ceil(high / step - _DUST) * step
    return Scale(
        title, low, high, tuple((at, written(at, step)) for at in multiples(low, high, step))
    )


def powers(title: str, low: float, high: float, most: int = 6) -> Scale:
    """Return an axis of decimal logarithms, marked at powers of ten.

    Parameters
    ----------
    title : str
    low, high : float
        The logarithms at its ends.
    most : int, optional
        Marks, at the most.

    Examples
    --------
    >>> powers("product", -250.0, 0.0).ticks[2:]
    ((-150.0, '10⁻¹⁵⁰'), (-100.0, '10⁻¹⁰⁰'), (-50.0, '10⁻⁵⁰'), (0.0, '1'))
    """
    step = max(nice_step(high - low, most), 1.0)
    step = math.ceil(step - _DUST)  # no powers between whole ones
    ticks = ((at, ten_to(round(at))) for at in multiples(low, high, step))
    return Scale(title, low, high, tuple(ticks))


def shares(title: str, highest: float) -> Scale:
    """Return an axis of percents from 0 up, marked at least at its end.

    Examples
    --------
    >>> shares("% of rows", 0.37).ticks
    ((0.0, '0 %'), (0.2, '20 %'), (0.4, '40 %'))
    """
    found = linear(title, 0.0, (highest or 1.0) * 100.0, 4, is_round=True)
    ticks = tuple((at / 100.0, f"{text} %") for at, text in found.ticks)
    return Scale(title, 0.0, found.high / 100.0, ticks)


def names(title: str, rows: Iterable[str]) -> Scale:
    """Return an axis of rows from above, each with a name, at 0, 1 and so on.

    Examples
    --------
    >>> names("model", ["a", "b"])
    Scale(title='model', low=1.5, high=-0.5, ticks=((0.0, 'a'), (1.0, 'b')))
    """
    ticks = tuple((float(at), name) for at, name in enumerate(rows))
    return Scale(title, len(ticks) - 0.5, -0.5, ticks)


def nice_step(span: float, most: int) -> float:
    """Return the least round step by which a span has no more marks than that.

    Examples
    --------
    >>> nice_step(1.0, 6), nice_step(8710, 6), nice_step(0.0, 6)
    (0.2, 2000.0, 1.0)
    """
    if not span > 0.0:
        return 1.0
    least = span / max(most - 1, 1)
    power_below = math.floor(math.log10(least))
    unit = 10.0**power_below
    return next(
        float(f"{factor}e{power_below}") for factor in _NICE if factor * unit >= least * (1 - _DUST)
    )


def multiples(low: float, high: float, step: float) -> list[float]:
    """Return the multiples of a step from one number to another.

    Examples
    --------
    >>> multiples(0.0, 0.3, 0.1)
    [0.0, 0.1, 0.2, 0.3]
    """
    first, last = math.ceil(low / step - _DUST), math.floor(high / step + _DUST)
    return [float(f"{n * step:.12g}") for n in range(first, last + 1)]


def written(value: float, step: float) -> str:
    """Write a mark with as many decimals as its step has.

    Examples
    --------
    >>> written(0.5, 0.25), written(20000.0, 5000.0), written(-2.0, 1.0), written(3e-9, 1e-9)
    ('0.50', '20,000', '-2', '3e-09')
    """
    if not _FIRST_STEP <= step <= _LAST_STEP:
        return f"{value:.3g}"
    digits = f"{step:.10f}".rstrip("0").partition(".")[2]
    return f"{value:,.{len(digits)}f}"
