"""How well the rows pin the mean down."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.core.exact_sum import UNIT_EXPONENT, ExactSum

if TYPE_CHECKING:
    from bce_cli.core.totals import LossTotals


@dataclass(frozen=True, slots=True)
class Moments:
    """What the spread of a ratio of sums is computed from, over n rows with a u and a d each.

    Attributes
    ----------
    n : int
    values, divisors : ExactSum
        Sums of u and of d, whose quotient is the mean.
    value_squares, value_divisors, divisor_squares : ExactSum
        Sums of u * u, u * d and d * d.
    """

    n: int
    values: ExactSum
    divisors: ExactSum
    value_squares: ExactSum
    value_divisors: ExactSum
    divisor_squares: ExactSum


def effective_n(totals: LossTotals) -> float:
    """Return (sum of weights)^2 over the sum of their squares, rounded once."""
    return totals.weights.units**2 / (totals.weight_squares.units << -UNIT_EXPONENT)


def standard_error(moments: Moments) -> float | None:
    """Return the standard error of a (weighted) mean, by linearisation of a ratio of sums.

    With u = weight times value and d = weight, m = sum(u) / sum(d):
    SE^2 = n / (n - 1) * sum((u - m d)^2) / sum(d)^2. Without weights this is the sample variance
    over n, and with d = 1 that of the weighted values. The squares are expanded and the
    differences taken in integers, so nothing cancels. None for fewer than two rows.
    """
    n = moments.n
    if n < 2:  # noqa: PLR2004 -- a variance needs two
        return None
    values, divisors = moments.values.units, moments.divisors.units
    squares = (
        moments.value_squares.units * divisors**2
        - 2 * values * moments.value_divisors.units * divisors
        + values**2 * moments.divisor_squares.units
    )
    return _square_root((n * max(squares, 0)) << -UNIT_EXPONENT, (n - 1) * divisors**4)


def _square_root(numerator: int, denominator: int) -> float:
    """Return the root of a quotient whose size need not fit into a float.

    Examples
    --------
    >>> _square_root(10**800, 10**200), _square_root(2, 8)
    (1e+300, 0.5)
    """
    if numerator == 0:
        return 0.0
    shift = (denominator.bit_length() - numerator.bit_length() + 120) // 2
    scaled = (numerator << max(2 * shift, 0)) // (denominator << max(-2 * shift, 0))
    return math.ldexp(math.isqrt(scaled), -shift)
