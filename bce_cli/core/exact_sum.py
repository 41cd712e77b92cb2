"""A sum of floating-point numbers that does not depend on order or grouping.

Every float64 is a whole multiple of 2**-1074, so a sum of them is a whole number of such units.
Python integers hold it exactly; adding two of them is associative and commutative, and one division
at the end rounds once. What is left is to get from an array to that integer without a loop over its
elements.

That is done by extraction, as in Rump, Ogita and Oishi, "Accurate floating-point summation part I",
SIAM J. Sci. Comput. 31 (2008): adding and subtracting one large constant rounds all values to a
grid so coarse that sums of `_SEGMENT` of them are exact in float64, whatever the order. The
remainders are exact too, and are extracted on the next, finer grid until nothing is left. Losses of
ordinary predictions need two or three grids.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray


UNIT_EXPONENT = -1074
"""The smallest subnormal float64 is 2**UNIT_EXPONENT."""

_ONE = 1 << -UNIT_EXPONENT
_SEGMENT = 4096  # 2**12 values of 40 bits each add up within 53 bits
_GRID_BITS = 40
_BLOCK = 1 << 16  # bounds the scratch memory
_CHUNK = 1 << 14  # keeps the intermediate values of a product in cache
_LARGE = 2.0**900  # beyond this the extraction constant or a product could overflow
_LARGE_SHIFT = 200
_SPLITTER = 2.0**27 + 1.0
_NOT_FINITE = "only finite numbers can be summed"


@dataclass(frozen=True, slots=True)
class ExactSum:
    """The exact sum of some float64 numbers.

    Attributes
    ----------
    units : int
        The sum, in units of 2**-1074.

    Examples
    --------
    >>> import numpy as np
    >>> total = ExactSum.of(np.array([1e16, 1.0, -1e16]))
    >>> float(total)
    1.0
    >>> float(ExactSum.of(np.array([0.1] * 10)))
    1.0
    >>> total + ExactSum.of(np.array([2.0])) == ExactSum.of(np.array([3.0]))
    True
    """

    units: int = 0

    @classmethod
    def of(cls, values: FloatArray) -> ExactSum:
        """Sum finite numbers.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            If a value is infinite or not a number.
        """
        return cls(
            sum(
                _block_units(values[start : start + _BLOCK])
                for start in range(0, len(values), _BLOCK)
            )
        )

    @classmethod
    def of_products(cls, left: FloatArray, right: FloatArray) -> ExactSum:
        """Sum ``left[i] * right[i]`` exactly, but for at most two units of 2**-1074 a product.

        Each product is split into its rounded value and its rounding error, which is a float64
        itself (Dekker, Numer. Math. 18, 1971), and both are summed.

        Parameters
        ----------
        left, right : ndarray of float64, shape (n,)

        Raises
        ------
        ValueError
            If a value is infinite or not a number.

        Examples
        --------
        >>> import numpy as np
        >>> tenth = np.array([0.1])
        >>> from fractions import Fraction
        >>> exact = ExactSum.of_products(tenth, tenth)
        >>> Fraction(exact.units, 2**1074) == Fraction(0.1) ** 2
        True
        """
        total = 0
        for start in range(0, len(left), _BLOCK):
            block = slice(start, start + _BLOCK)
            total += _product_units(left[block], right[block])
        return cls(total)

    @classmethod
    def of_count(cls, n: int) -> ExactSum:
        """Sum `n` ones."""
        return cls(n * _ONE)

    def __add__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.units + other.units)

    def __sub__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.units - other.units)

    def scaled(self, factor: float) -> ExactSum:
        """Return the sum times a finite number, to less than one unit of 2**-1074.

        Examples
        --------
        >>> float(ExactSum.of_count(3).scaled(-0.5))
        -1.5
        """
        numerator, denominator = factor.as_integer_ratio()
        return ExactSum(self.units * numerator // denominator)

    def __float__(self) -> float:
        """Return the nearest float64, ties to even; infinite beyond the largest one."""
        try:
            return self.units / _ONE
        except OverflowError:
            return float("inf") if self.units > 0 else float("-inf")


def _block_units(values: FloatArray) -> int:
    rest = values
    total = 0
    first_peak = 0.0
    while len(rest):
        peak = _peak(rest)
        if peak == 0.0:
            break
        if not np.isfinite(peak):
            raise ValueError(_NOT_FINITE)
        if peak >= _LARGE:
            large = np.abs(rest) >= _LARGE
            total += _block_units(np.ldexp(rest[large], -_LARGE_SHIFT)) << _LARGE_SHIFT
            rest = np.where(large, 0.0, rest)
            continue
        grid = max(int(np.frexp(peak)[1]) - _GRID_BITS, UNIT_EXPONENT)
        anchor = float(np.ldexp(1.5, grid + 52))
        on_grid = rest + anchor
        on_grid -= anchor
        segments = np.add.reduceat(on_grid, np.arange(0, len(rest), _SEGMENT))
        counts = np.ldexp(segments, -grid).astype(np.int64)
        total += int(counts.sum()) << (grid - UNIT_EXPONENT)
        rest = np.subtract(rest, on_grid, out=on_grid)
        if peak < first_peak:  # from the second grid on, few are left
            rest = rest[rest != 0.0]
        first_peak = max(first_peak, peak)
    return total


def _product_units(left: FloatArray, right: FloatArray) -> int:
    """Sum one block of products; the arrays are as large as the scratch memory allows."""
    n = len(left)
    products, errors = np.empty(n), np.empty(n)
    for start in range(0, n, _CHUNK):
        chunk = slice(start, start + _CHUNK)
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            _two_product(left[chunk], right[chunk], products[chunk], errors[chunk])
    total = 0
    if n and not max(_peak(left), _peak(right), _peak(products)) < _LARGE:
        small = (np.abs(left) < _LARGE) & (np.abs(right) < _LARGE) & (np.abs(products) < _LARGE)
        total = _large_product_units(left[~small], right[~small])
        products, errors = products[small], errors[small]
    return total + _block_units(products) + _block_units(errors)


def two_product(left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each product, rounded, and what rounding took away, of numbers below 2**900.

    Examples
    --------
    >>> import numpy as np
    >>> product, error = two_product(np.array([0.1]), np.array([0.1]))
    >>> from fractions import Fraction
    >>> Fraction(float(product[0])) + Fraction(float(error[0])) == Fraction(0.1) ** 2
    True
    """
    products, errors = np.empty(len(left)), np.empty(len(left))
    for start in range(0, len(left), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        with np.errstate(under="ignore"):
            _two_product(left[chunk], right[chunk], products[chunk], errors[chunk])
    return products, errors


def _peak(values: FloatArray) -> float:
    return max(float(values.max()), -float(values.min()))


def _two_product(
    left: FloatArray, right: FloatArray, product: FloatArray, error: FloatArray
) -> None:
    """Fill `product` with the rounded products and `error` with what rounding took away."""
    left_high, left_low = _split(left)
    right_high, right_low = (left_high, left_low) if right is left else _split(right)
    np.multiply(left, right, out=product)
    np.multiply(left_high, right_high, out=error)
    error -= product
    cross = left_high * right_low
    error += cross
    error += np.multiply(left_low, right_high, out=cross)
    error += np.multiply(left_low, right_low, out=cross)


def _split(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split each value into two halves of at most 26 bits (Veltkamp)."""
    high = values * _SPLITTER
    low = high - values
    high -= low
    return high, np.subtract(values, high, out=low)


def _large_product_units(left: FloatArray, right: FloatArray) -> int:
    """Do the same in integers, for products too large for float64 arithmetic."""
    return sum(
        (_units(a) * _units(b)) >> -UNIT_EXPONENT
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    )


def _units(value: float) -> int:
    if not math.isfinite(value):
        raise ValueError(_NOT_FINITE)
    numerator, denominator = value.as_integer_ratio()
    return numerator * (_ONE // denominator)
