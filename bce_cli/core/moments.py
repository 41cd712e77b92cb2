"""First and second moments of a ratio of sums: all that its standard error needs."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.extraction import UNIT_EXPONENT

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray


@dataclass(frozen=True, slots=True)
class Moments:
    """Sums over pairs of a value u and a divisor d, exact and mergeable.

    Attributes
    ----------
    n : int
        Pairs whose divisor is above 0; the others count for nothing.
    values, divisors : ExactSum
        Sums of u and of d.
    value_squares, value_divisors, divisor_squares : ExactSum
        Sums of u u, of u d and of d d.

    Examples
    --------
    >>> import numpy as np
    >>> moments = Moments.of(np.array([1.0, 2.0, 6.0]))
    >>> moments.ratio, round(moments.standard_error() ** 2, 12)
    (3.0, 2.333333333333)
    """

    n: int = 0
    values: ExactSum = ExactSum()
    divisors: ExactSum = ExactSum()
    value_squares: ExactSum = ExactSum()
    value_divisors: ExactSum = ExactSum()
    divisor_squares: ExactSum = ExactSum()

    @classmethod
    def of(cls, values: FloatArray, divisors: FloatArray | None = None) -> Moments:
        """Sum up finite values.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
            0 where the divisor is.
        divisors : ndarray of float64, shape (n,), optional
            0 or more; all 1 by default.
        """
        total = ExactSum.of(values)
        squares = ExactSum.of_products(values, values)
        if divisors is None:
            count = ExactSum.of_count(len(values))
            return cls(len(values), total, count, squares, total, count)
        return cls(
            int(np.count_nonzero(divisors)),
            total,
            ExactSum.of(divisors),
            squares,
            ExactSum.of_products(values, divisors),
            ExactSum.of_products(divisors, divisors),
        )

    def __add__(self, other: Moments) -> Moments:
        return Moments(
            self.n + other.n,
            self.values + other.values,
            self.divisors + other.divisors,
            self.value_squares + other.value_squares,
            self.value_divisors + other.value_divisors,
            self.divisor_squares + other.divisor_squares,
        )

    @property
    def ratio(self) -> float | None:
        """Sum of the values over the sum of the divisors; None where that is 0."""
        divisor = float(self.divisors)
        return None if divisor == 0.0 else float(self.values) / divisor

    def standard_error(self) -> float | None:
        """Return the standard error of the ratio, by linearisation; None for fewer than two pairs.

        With r the ratio: SE^2 = n / (n - 1) * sum((u - r d)^2) / sum(d)^2. With d = 1 that is the
        sample variance over n; with d = weight and u = weight times loss, it is that of a weighted
        mean; with sums over clusters in their place, it is the cluster-robust one (Liang and Zeger,
        Biometrika 73, 1986). The squares are expanded and the differences taken in integers, so
        nothing cancels.
        """
        divisors = self.divisors.units
        if self.n < 2 or divisors == 0:  # noqa: PLR2004 -- a variance needs two
            return None
        values = self.values.units
        squares = (
            self.value_squares.units * divisors**2
            - 2 * values * self.value_divisors.units * divisors
            + values**2 * self.divisor_squares.units
        )
        return _square_root(
            (self.n * max(squares, 0)) << -UNIT_EXPONENT, (self.n - 1) * divisors**4
        )


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
