"""From arrays of float64 to whole numbers of units of 2**-1074, without a loop over the elements.

Adding and subtracting one large constant rounds all values to a grid so coarse that sums of
`SEGMENT` of them are exact in float64, whatever the order; as in Rump, Ogita and Oishi, "Accurate
floating-point summation part I", SIAM J. Sci. Comput. 31 (2008). The remainders are exact too, and
are extracted on the next, finer grid until nothing is left. Losses of ordinary predictions need two
or three grids.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray

    IntArray = npt.NDArray[np.int64]


UNIT_EXPONENT = -1074
"""The smallest subnormal float64 is 2**UNIT_EXPONENT."""

UNITS_OF_ONE = 1 << -UNIT_EXPONENT
SEGMENT = 4096  # 2**12 values of 40 bits each add up within 53 bits
BLOCK = 1 << 16  # bounds the scratch memory
_GRID_BITS = 40
_CHUNK = 1 << 14  # keeps the intermediate values of a product in cache
_LARGE = 2.0**900  # beyond this the extraction constant or a product could overflow
_LARGE_SHIFT = 200
_SPLITTER = 2.0**27 + 1.0
_NOT_FINITE = "only finite numbers can be summed"


def block_units(values: FloatArray) -> int:
    """Sum one block of finite values, of any size."""
    total = 0
    for on_grid, exponent, shift in _grids(values):
        counts = _counts(on_grid, np.arange(0, len(on_grid), SEGMENT), exponent)
        total += int(counts.sum()) << shift
    return total


def group_units(values: FloatArray, groups: IntArray) -> tuple[list[int], list[int]]:
    """Sum one block of finite values by group.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        At least one.
    groups : ndarray of int, shape (n,)
        Of each value; those of one group stand together.

    Returns
    -------
    groups, units : list of int, shape (m,)
        The groups in their order, and the sum of each.
    """
    begins = np.diff(groups, prepend=-1) != 0
    first_cuts = begins.copy()
    begins[::SEGMENT] = True
    cuts = np.flatnonzero(begins)
    firsts = np.flatnonzero(first_cuts[cuts])
    units = [0] * len(firsts)
    for on_grid, exponent, shift in _grids(values, keeps_places=True):
        sums = np.add.reduceat(_counts(on_grid, cuts, exponent), firsts).tolist()
        units = [a + (b << shift) for a, b in zip(units, sums, strict=True)]
    return groups[first_cuts].tolist(), units


def _grids(
    values: FloatArray, *, keeps_places: bool = False
) -> Iterator[tuple[FloatArray, int, int]]:
    """Take finite values apart into what is on ever finer grids, until nothing is left.

    Yields
    ------
    on_grid : ndarray of float64
        Multiples of ``2**exponent``; where places need not be kept, zeros may be left out.
    exponent, shift : int
        ``2**exponent`` stands for ``2**shift`` units.
    """
    rest = values
    first_peak = 0.0
    while len(rest) and (peak := _peak(rest)) != 0.0:
        if not np.isfinite(peak):
            raise ValueError(_NOT_FINITE)
        if peak >= _LARGE:
            large = np.abs(rest) >= _LARGE
            scaled = np.ldexp(np.where(large, rest, 0.0), -_LARGE_SHIFT)
            for on_grid, exponent, shift in _grids(scaled, keeps_places=keeps_places):
                yield on_grid, exponent, shift + _LARGE_SHIFT
            rest = np.where(large, 0.0, rest)
            continue
        exponent = max(int(np.frexp(peak)[1]) - _GRID_BITS, UNIT_EXPONENT)
        anchor = float(np.ldexp(1.5, exponent + 52))
        on_grid = rest + anchor
        on_grid -= anchor
        yield on_grid, exponent, exponent - UNIT_EXPONENT
        rest = np.subtract(rest, on_grid, out=on_grid)
        if peak < first_peak and not keeps_places:  # from the second grid on, few are left
            rest = rest[rest != 0.0]
        first_peak = max(first_peak, peak)


def _counts(on_grid: FloatArray, cuts: IntArray, exponent: int) -> IntArray:
    """Sum multiples of 2**exponent from each cut to the next, which are a segment at the most."""
    return np.ldexp(np.add.reduceat(on_grid, cuts), -exponent).astype(np.int64)


def product_units(left: FloatArray, right: FloatArray) -> int:
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
    return total + block_units(products) + block_units(errors)


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
    return numerator * (UNITS_OF_ONE // denominator)
