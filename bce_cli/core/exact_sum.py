"""A sum of floating-point numbers that does not depend on order or grouping.

Every float64 is a whole multiple of 2**-1074, so a sum of them is a whole number of such units.
Python integers hold it exactly; adding two of them is associative and commutative, and one division
at the end rounds once.

From an array to that integer there is no loop over the elements. Adding and subtracting one large
constant rounds all values to a grid so coarse that sums of `SEGMENT` of them are exact in float64,
whatever the order; as in Rump, Ogita and Oishi, "Accurate floating-point summation part I", SIAM J.
Sci. Comput. 31 (2008). The remainders are exact too. All are multiples of the last bit of the
smallest value, so that once they are small enough they can be added up as they are; until then,
they are extracted on the next, finer grid. Losses of ordinary predictions need one grid and their
remainders.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray

    IntArray = npt.NDArray[np.int64]


UNIT_EXPONENT = -1074
"""The smallest subnormal float64 is 2**UNIT_EXPONENT."""

UNITS_OF_ONE = 1 << -UNIT_EXPONENT
BLOCK = 1 << 17  # bounds the scratch memory
SEGMENT = 1 << 10
_GROUPED_BLOCK = 1 << 15  # of which a cache holds all that is made of it
_MOST_BITS = 53 - 10  # of values, 2**43 itself among them, of which a segment can be added up
_FEW = 8  # are added up one by one
_LARGE_EXPONENT = 900  # beyond this the extraction constant or a product could overflow
_LARGE = 2.0**_LARGE_EXPONENT
_LARGE_SHIFT = 200
_SPLITTER = 2.0**27 + 1.0
_NOT_FINITE = "only finite numbers can be summed"


class _Span(NamedTuple):
    """Bounds of some values: none is beyond 2**bound, and but for zeros none below 2**least."""

    bound: int
    least: int

    @property
    def finest(self) -> int:
        """All values are multiples of 2**finest."""
        return max(self.least - 52, UNIT_EXPONENT)


def slices(n: int, size: int = BLOCK) -> Iterator[slice]:
    """Cut `n` values into blocks of a size that bounds the scratch memory.

    Examples
    --------
    >>> [(block.start, block.stop) for block in slices(5, 2)]
    [(0, 2), (2, 4), (4, 6)]
    """
    return (slice(start, start + size) for start in range(0, n, size))


_NOTHING = _Span(UNIT_EXPONENT, UNIT_EXPONENT)
_LEAST_BOUND = UNIT_EXPONENT + 4  # of products and their errors, where rounding is all there is


def block_units(values: FloatArray) -> int:
    """Sum one block of finite values, of any size."""
    if len(values) <= _FEW and np.isfinite(values).all():
        ratios = map(float.as_integer_ratio, values.tolist())
        return sum(n << (1 - UNIT_EXPONENT - of.bit_length()) for n, of in ratios)
    span = _span(values)
    return _units_within(values, span.bound, span.finest)


def _units_within(values: FloatArray, bound: int, finest: int) -> int:
    total = 0
    for on_grid, exponent, shift in _grids(values, bound, finest):
        counts = _counts(on_grid, np.arange(0, len(on_grid), SEGMENT), exponent)
        total += int(counts.sum()) << shift
    return total


def units_by_group(values: FloatArray, starts: npt.NDArray[np.intp]) -> list[int]:
    """Sum groups as `ExactSum.by_group` does, in units of 2**-1074."""
    units = [0] * len(starts)
    for groups, counts, shift in group_counts(values, starts):
        found = zip(units[groups], counts.tolist(), strict=True)
        units[groups] = [unit + (count << shift) for unit, count in found]
    return units


def groups_within(
    starts: npt.NDArray[np.intp], first: int, n: int
) -> tuple[slice, npt.NDArray[np.intp]]:
    """Return which groups have values among n from the first on, and where these begin there.

    Examples
    --------
    >>> groups_within(np.array([0, 3, 5]), 2, 3)
    (slice(0, 2, None), array([0, 1]))
    """
    earliest = int(np.searchsorted(starts, first, "right")) - 1
    groups = slice(earliest, int(np.searchsorted(starts, first + n)))
    return groups, np.maximum(starts[groups] - first, 0)


def group_counts(
    values: FloatArray, starts: npt.NDArray[np.intp]
) -> Iterator[tuple[slice, IntArray, int]]:
    """Sum groups that stand one after the other, a block and a grid at a time.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
    starts : ndarray of int, shape (m,)
        Where each group begins, ascending, from 0; none is empty.

    Yields
    ------
    groups : slice
        Those that the block has values of.
    counts : ndarray of int64, each below 2**59
        What each of them has there.
    shift : int
        A count stands for ``2**shift`` units of 2**-1074.
    """
    values = _checked(values)
    for block in slices(len(values), _GROUPED_BLOCK):
        some = values[block]
        groups, begins = groups_within(starts, block.start, len(some))
        cuts, places = begins, None
        if max((begins[1:] - begins[:-1]).max(initial=0), len(some) - begins[-1]) > SEGMENT:
            cuts = np.union1d(begins, np.arange(0, len(some), SEGMENT))
            places = np.searchsorted(cuts, begins)
        span = _span(some)
        for on_grid, exponent, shift in _grids(some, span.bound, span.finest, keeps_places=True):
            counts = _counts(on_grid, cuts, exponent)
            if places is not None:
                counts = np.add.reduceat(counts, places)
            yield groups, counts, shift


_PRODUCT_EXPONENT = 400  # within 2**±400 products, and what rounding takes off them, are exact


def exact_parts(values: FloatArray, starts: npt.NDArray[np.intp]) -> list[FloatArray] | None:
    """Sum groups that stand one after the other, each to a few numbers that come to its sum.

    Parameters
    ----------
    values : ndarray of float64, shape (n,)
        Finite; at least one.
    starts : ndarray of int, shape (m,)
        Where each group begins, ascending, from 0; none is empty.

    Returns
    -------
    list of ndarray of float64, shape (m,), or None
        At least one, the first of which has the rounded sums; any two have an exact product for
        `ExactSum.of_products`. None where values are too large or too small for that.

    Examples
    --------
    >>> import numpy as np
    >>> [part.tolist() for part in exact_parts(np.array([0.5, 1e16, 1.0]), np.array([0, 1]))]
    [[0.5, 1e+16], [0.0, 1.0]]
    """
    span = _span(values)
    if span.bound > _PRODUCT_EXPONENT or span.finest < -_PRODUCT_EXPONENT:
        return None if span is not _NOTHING else [np.zeros(len(starts))]
    return distilled(_group_parts(values, starts, span))


def _group_parts(values: FloatArray, starts: npt.NDArray[np.intp], span: _Span) -> list[FloatArray]:
    if len(starts) == len(values):
        return [values]
    counts = np.diff(starts, append=len(values))
    segments = -(-counts // SEGMENT)  # of each group
    firsts = np.cumsum(segments) - segments
    cuts = np.repeat(starts - SEGMENT * firsts, segments) + SEGMENT * np.arange(segments.sum())
    grids = _grids(values, span.bound, span.finest, keeps_places=True)
    parts = [np.add.reduceat(on_grid, cuts) for on_grid, _, _ in grids]
    if len(cuts) == len(starts):
        return parts
    return [whole for part in parts for whole in _group_parts(part, firsts, _span(part))]


def distilled(parts: list[FloatArray]) -> list[FloatArray]:
    """Return the rounded sums of parts, and then those of what rounding took away, but for 0.

    Parameters
    ----------
    parts : list of ndarray of float64, shape (n,)
        At least one.

    Examples
    --------
    >>> import numpy as np
    >>> [part.tolist() for part in distilled([np.array([1e16]), np.array([1.0]), np.array([2.0])])]
    [[1.0000000000000002e+16], [1.0]]
    """
    total, *others = parts
    rests = []
    for part in others:
        total, rest = _two_sum(total, part)
        if rest.any():
            rests.append(rest)
    return [total, *distilled(rests)] if rests else [total]


def _two_sum(left: FloatArray, right: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return each sum, rounded, and what rounding took away (Knuth)."""
    total = left + right
    shifted = total - left
    return total, (left - (total - shifted)) + (right - shifted)


def _span(values: FloatArray) -> _Span:
    """Find bounds of finite values, of any size."""
    if len(values) == 0:
        return _NOTHING
    highest, lowest = float(values.max()), float(values.min())
    if not (math.isfinite(highest) and math.isfinite(lowest)):
        raise ValueError(_NOT_FINITE)
    if highest == lowest == 0.0:
        return _NOTHING
    least = lowest if lowest > 0.0 else -highest
    if least <= 0.0:
        magnitudes = np.abs(values)
        least = float(magnitudes[magnitudes != 0.0].min())
    return _Span(math.frexp(max(highest, -lowest))[1], math.frexp(least)[1] - 1)


def _grids(
    values: FloatArray, bound: int, finest: int, *, keeps_places: bool = False
) -> Iterator[tuple[FloatArray, int, int]]:
    """Take finite values apart into multiples of which a segment can be added up.

    Parameters
    ----------
    values : ndarray of float64
    bound, finest : int
        All are multiples of ``2**finest``, and none is beyond ``2**bound``.
    keeps_places : bool, default False

    Yields
    ------
    on_grid : ndarray of float64
        Multiples of ``2**exponent``; where places need not be kept, zeros may be left out.
    exponent, shift : int
        ``2**exponent`` stands for ``2**shift`` units.
    """
    rest = values
    if bound > _LARGE_EXPONENT:
        large = np.abs(rest) >= _LARGE
        scaled = np.ldexp(np.where(large, rest, 0.0), -_LARGE_SHIFT)
        shifted = bound - _LARGE_SHIFT, UNIT_EXPONENT
        for on_grid, exponent, shift in _grids(scaled, *shifted, keeps_places=keeps_places):
            yield on_grid, exponent, shift + _LARGE_SHIFT
        rest = np.where(large, 0.0, rest)
        bound = _bound(rest)
    is_first = True
    while bound - finest > _MOST_BITS:
        exponent = bound - _MOST_BITS
        anchor = math.ldexp(1.5, exponent + 52)
        on_grid = rest + anchor
        on_grid -= anchor
        yield on_grid, exponent, exponent - UNIT_EXPONENT
        rest = np.subtract(rest, on_grid, out=on_grid)
        bound = exponent - 1
        if bound - finest > _MOST_BITS and not is_first:  # from the second grid on, few are left
            rest = rest if keeps_places else rest.take(np.flatnonzero(rest))
            bound = _bound(rest)
        is_first = False
    if bound >= UNIT_EXPONENT:  # what is left of a cut may be a unit, which is no less than that
        yield rest, finest, finest - UNIT_EXPONENT


def peak_of(values: FloatArray) -> float:
    """Return the greatest magnitude among finite values; 0 without any."""
    return max(float(values.max(initial=0.0)), -float(values.min(initial=0.0)))


def _bound(values: FloatArray) -> int:
    """Return the exponent of a power of two that no value is beyond."""
    peak = peak_of(values)
    return math.frexp(peak)[1] if peak else UNIT_EXPONENT


def _counts(on_grid: FloatArray, cuts: IntArray, exponent: int) -> IntArray:
    """Sum multiples of 2**exponent from each cut to the next, which are a segment at the most."""
    return np.ldexp(np.add.reduceat(on_grid, cuts), -exponent).astype(np.int64)


def product_units(left: FloatArray, right: FloatArray) -> int:
    """Sum one block of products; the arrays are as large as the scratch memory allows."""
    left_span = _span(left)
    right_span = left_span if right is left else _span(right)
    if _NOTHING in (left_span, right_span):
        return 0
    bound = max(left_span.bound + right_span.bound, _LEAST_BOUND)
    if max(left_span.bound, right_span.bound, bound) > _LARGE_EXPONENT:
        return _any_product_units(left, right)
    products, errors = two_product(left, right)
    least_product = _Span(bound, left_span.least + right_span.least)
    # An error is half a last bit at the most; below 2**-1074 all are rounded.
    errors_bound = max(bound - 53, _LEAST_BOUND)
    finest_error = max(left_span.finest + right_span.finest, UNIT_EXPONENT)
    return _units_within(products, bound, least_product.finest) + _units_within(
        errors, errors_bound, finest_error
    )


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
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        for chunk in slices(len(left)):
            if left is right:
                _two_square(left[chunk], products[chunk], errors[chunk])
            else:
                _two_product(left[chunk], right[chunk], products[chunk], errors[chunk])
    return products, errors


def _two_product(
    left: FloatArray, right: FloatArray, product: FloatArray, error: FloatArray
) -> None:
    """Fill `product` with the rounded products and `error` with what rounding took away."""
    left_high, left_low = _split(left)
    right_high, right_low = _split(right)
    np.multiply(left, right, out=product)
    np.multiply(left_high, right_high, out=error)
    error -= product
    error += np.multiply(left_high, right_low, out=left_high)
    error += np.multiply(right_high, left_low, out=right_high)
    error += np.multiply(left_low, right_low, out=left_low)


def _two_square(values: FloatArray, square: FloatArray, error: FloatArray) -> None:
    """Do the same for squares."""
    high, low = _split(values)
    np.multiply(values, values, out=square)
    np.multiply(high, high, out=error)
    error -= square
    high *= low
    error += high
    error += high
    error += np.multiply(low, low, out=low)


def _split(values: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split each value into two halves of at most 26 bits (Veltkamp)."""
    high = values * _SPLITTER
    low = high - values
    high -= low
    return high, np.subtract(values, high, out=low)


def _any_product_units(left: FloatArray, right: FloatArray) -> int:
    """Do the same where some products may be too large for float64 arithmetic."""
    products, errors = two_product(left, right)
    small = (np.abs(left) < _LARGE) & (np.abs(right) < _LARGE) & (np.abs(products) < _LARGE)
    large = ~small
    return (
        _large_product_units(left[large], right[large])
        + block_units(products[small])
        + block_units(errors[small])
    )


def _large_product_units(left: FloatArray, right: FloatArray) -> int:
    """Do the same in integers."""
    return sum(
        (_units(a) * _units(b)) >> -UNIT_EXPONENT
        for a, b in zip(left.tolist(), right.tolist(), strict=True)
    )


def _units(value: float) -> int:
    numerator, denominator = value.as_integer_ratio()
    return numerator * (UNITS_OF_ONE // denominator)


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
            If a value is infinite, masked or not a number.
        """
        values = _checked(values)
        return cls(sum(block_units(values[block]) for block in slices(len(values))))

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
            If a value is infinite, masked or not a number.

        Examples
        --------
        >>> import numpy as np
        >>> tenth = np.array([0.1])
        >>> from fractions import Fraction
        >>> exact = ExactSum.of_products(tenth, tenth)
        >>> Fraction(exact.units, 2**1074) == Fraction(0.1) ** 2
        True
        """
        is_square = right is left
        left = _checked(left)
        right = left if is_square else _checked(right)
        total = 0
        for block in slices(len(left)):
            some = left[block]
            total += product_units(some, some if right is left else right[block])
        return cls(total)

    @classmethod
    def by_group(cls, values: FloatArray, starts: npt.NDArray[np.intp]) -> list[ExactSum]:
        """Sum each of several groups that stand one after the other.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
        starts : ndarray of int, shape (m,)
            Where each group begins, ascending, from 0; none is empty.

        Raises
        ------
        ValueError
            If a value is infinite, masked or not a number.

        Examples
        --------
        >>> import numpy as np
        >>> values = np.array([0.1, 0.2, 1e100, -1e100])
        >>> [float(total) for total in ExactSum.by_group(values, np.array([0, 2]))]
        [0.30000000000000004, 0.0]
        """
        return [cls(total) for total in units_by_group(values, starts)]

    @classmethod
    def of_count(cls, n: int) -> ExactSum:
        """Sum `n` ones."""
        return cls(n * UNITS_OF_ONE)

    def __add__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.units + other.units)

    def __sub__(self, other: ExactSum) -> ExactSum:
        return ExactSum(self.units - other.units)

    def over(self, divisor: ExactSum) -> float:
        """Return the quotient of two sums; `divisor` is not 0.

        Each is rounded before they are divided. Where the dividend is beyond the range of float64
        the quotient need not be; it is rounded once, then.

        Examples
        --------
        >>> huge = ExactSum.of(np.array([1.5e308, 1.5e308]))
        >>> float(huge), huge.over(ExactSum.of_count(2))
        (inf, 1.5e+308)
        """
        total = float(self)
        if math.isfinite(total):
            return total / float(divisor)
        try:
            return self.units / divisor.units
        except OverflowError:
            return total

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
            return self.units / UNITS_OF_ONE
        except OverflowError:
            return float("inf") if self.units > 0 else float("-inf")

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle without the zero bits at the end; ordinary numbers leave a thousand of them."""
        shift = trailing_zeros(self.units)
        return _shifted, (self.units >> shift, shift)


_EXACT_INTEGER = 1 << 53  # float64 holds those between this and its negative


def _checked(values: npt.ArrayLike) -> FloatArray:
    """Return values as float64, shape (n,), if that is what they are.

    Raises
    ------
    ValueError
        They are masked, have another shape, or are integers that float64 does not hold.
    """
    if type(values) is np.ndarray and values.dtype == np.float64 and values.ndim == 1:
        return values
    if np.ma.is_masked(values):
        message = "values are masked: leave them out first"
        raise ValueError(message)
    array = np.asarray(values)
    if array.ndim != 1:
        message = f"values must be one-dimensional, got shape {array.shape}"
        raise ValueError(message)
    if array.dtype.kind not in "biuf":
        message = f"values must be numbers, not of type {array.dtype}"
        raise ValueError(message)
    if array.dtype.kind in "iu" and len(array):
        greatest = max(abs(int(array.max())), abs(int(array.min())))
        if greatest > _EXACT_INTEGER:
            message = "integers beyond 2**53 are not exact in float64"
            raise ValueError(message)
    return array.astype(np.float64)


def _shifted(units: int, shift: int) -> ExactSum:
    return ExactSum(units << shift)


def trailing_zeros(number: int) -> int:
    """Count the zero bits at the end of an integer; 0 for 0.

    Examples
    --------
    >>> trailing_zeros(24), trailing_zeros(-1), trailing_zeros(0)
    (3, 0, 0)
    """
    return max((number & -number).bit_length() - 1, 0)
