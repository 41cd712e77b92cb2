"""Exact sums of many groups side by side, in arrays, with no Python integer for each.

Every sum is a whole number of units of 2**-1088. Its digits to the base 2**32 stand in arrays, one
for each place that any of the sums needs; sums of ordinary losses need three or four.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import (
    UNIT_EXPONENT,
    ExactSum,
    distilled,
    group_counts,
    peak_of,
    two_product,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from bce_cli.core.exact_sum import IntArray
    from bce_cli.core.rows import FloatArray, Places

_BITS = 32
_MASK = (1 << _BITS) - 1
_HALF = 1 << (_BITS - 1)
_FINEST = UNIT_EXPONENT // _BITS  # the place of the smallest units
_BELOW = UNIT_EXPONENT - _FINEST * _BITS  # a unit of 2**-1074 is 2**_BELOW of these
_PRODUCT_EXPONENT = 400  # within 2**±400 products, and what rounding takes off them, are exact
_LARGE = 2.0**440  # beyond, products may need integers


class ExactSums:
    """The exact sums of m groups, which are added up group by group.

    Parameters
    ----------
    n : int
        Groups; all sums are 0.
    digits : list of ndarray of int64, shape (m,), optional
        The lowest first, each in [0, 2**32) but for the last, which has the sign.
    lowest : int, default 0
        The first digits count ``2**(32 * lowest)``.

    Examples
    --------
    >>> import numpy as np
    >>> sums = ExactSums.of(np.array([1e16, 1.0, -1e16, 0.1]), np.array([0, 3]))
    >>> [float(total) for total in sums.totals()]
    [1.0, 0.1]
    >>> sums.add(np.array([1]), ExactSums.of_counts(np.array([2])))
    >>> [float(total) for total in sums.totals()]
    [1.0, 2.1]
    """

    __slots__ = ("_digits", "_lowest", "_n")

    def __init__(self, n: int, digits: list[IntArray] | None = None, lowest: int = 0) -> None:
        self._n = n
        self._digits = [] if digits is None else digits
        self._lowest = lowest

    def __len__(self) -> int:
        return self._n

    def __eq__(self, other: object) -> bool:
        """Whether all sums are the same, however many digits are held."""
        return isinstance(other, ExactSums) and self.units() == other.units()

    __hash__ = None  # type: ignore[assignment]  # they change

    @classmethod
    def of(cls, values: FloatArray, starts: Places) -> ExactSums:
        """Sum up groups; see `ExactSum.by_group`."""
        sums = cls(len(starts))
        for groups, counts, shift in group_counts(values, starts):
            sums._take(groups, counts, shift + _BELOW)
        sums._carry()
        return sums

    @classmethod
    def of_products(cls, left: FloatArray, right: FloatArray, starts: Places) -> ExactSums:
        """Sum up products by group; see `ExactSum.of_products`."""
        if max(peak_of(left), peak_of(right)) > _LARGE:
            ends = [*starts.tolist()[1:], len(left)]
            parts = map(slice, starts.tolist(), ends)
            return cls.of_units([ExactSum.of_products(left[p], right[p]).units for p in parts])
        products, errors = two_product(left, right)
        sums = cls.of(products, starts)
        sums.add(slice(None), cls.of(errors, starts))
        return sums

    @classmethod
    def of_counts(cls, counts: IntArray) -> ExactSums:
        """Sum up so many ones in each group."""
        sums = cls(len(counts), [counts.astype(np.int64)])
        sums._carry()
        return sums

    @classmethod
    def of_units(cls, units: list[int]) -> ExactSums:
        """Take sums in units of 2**-1074."""
        width = max((unit.bit_length() for unit in units), default=0) + _BELOW
        n_digits = width // _BITS + 1  # one bit is for the sign
        size = n_digits * _BITS // 8
        data = b"".join((unit << _BELOW).to_bytes(size, "little", signed=True) for unit in units)
        table = np.frombuffer(data, "<u4").reshape(len(units), n_digits).astype(np.int64)
        return cls(len(units), [*table.T[:-1], _signed(table.T[-1])], _FINEST)

    def _take(self, groups: slice, counts: IntArray, shift: int) -> None:
        """Add counts of 2**shift units each below 2**59 to some groups, without carrying."""
        place, bits = divmod(shift, _BITS)
        low, high = (counts & _MASK) << bits, (counts >> _BITS) << bits
        self._cover(place + _FINEST, 3)
        first = place + _FINEST - self._lowest
        self._digits[first][groups] += low & _MASK
        self._digits[first + 1][groups] += ((low >> _BITS) & _MASK) + (high & _MASK)
        self._digits[first + 2][groups] += high >> _BITS

    def _cover(self, lowest: int, n_digits: int) -> None:
        """Hold digits at these places, too."""
        if not self._digits:
            self._lowest = lowest
        below = self._lowest - lowest
        if below > 0:
            self._digits[:0] = self._zeros(below)
            self._lowest = lowest
        if not self._digits:
            self._digits = self._zeros(n_digits)
        for _ in range(lowest + n_digits - self._lowest - len(self._digits)):
            last = self._digits[-1]  # which has the sign
            self._digits[-1:] = last & _MASK, last >> _BITS

    def _zeros(self, n_digits: int) -> list[IntArray]:
        return [np.zeros(self._n, np.int64) for _ in range(n_digits)]

    def _carry(self) -> None:
        self._digits = _carried(self._digits)

    def add(self, places: Places | slice, others: ExactSums) -> None:
        """Add the sums of others to those of the groups at some places, each of which is another.

        Parameters
        ----------
        places : ndarray of int, shape (k,), or slice
            Of each of the others.
        others : ExactSums of k groups
        """
        if not others._digits:
            return
        self._cover(others._lowest, len(others._digits))
        first = others._lowest - self._lowest
        changed = [digits[places] for digits in self._digits[first:]]
        changed = _carried(_plus(changed, others._digits))
        self._cover(others._lowest, len(changed))
        for mine, now in zip(self._digits[first:], changed, strict=True):
            mine[places] = now

    def less(self, others: ExactSums) -> ExactSums:
        """Return the differences to others, group by group."""
        found = ExactSums(self._n, [-digits for digits in others._digits], others._lowest)
        found._cover(self._lowest, len(self._digits))
        first = self._lowest - found._lowest
        found._digits[first:] = _plus(found._digits[first:], self._digits)
        found._carry()
        return found

    def at(self, places: Places | slice) -> ExactSums:
        """Return copies of some sums, in that order."""
        digits = [each[places].copy() for each in self._digits]
        n = len(digits[0]) if digits else len(np.arange(self._n)[places])
        return ExactSums(n, digits, self._lowest)

    def resized(self, n: int) -> ExactSums:
        """Return the sums of so many more groups, which are 0, and give these away."""
        more = np.zeros(n - self._n, np.int64)
        return ExactSums(n, [np.append(each, more) for each in self._digits], self._lowest)

    @property
    def exponent(self) -> int:
        """The greatest up to 0 for which digits show that sums are multiples of 2**exponent."""
        used = (place for place, digits in enumerate(self._digits, self._lowest) if digits.any())
        return max(min(next(used, 0) * _BITS, 0), UNIT_EXPONENT)

    def units(self, exponent: int = UNIT_EXPONENT) -> list[int]:
        """Return the sums in units of 2**exponent, of which they are multiples."""
        digits = self._digits or self._zeros(1)
        if len(digits) % 2:
            digits = [*digits[:-1], digits[-1] & _MASK, digits[-1] >> _BITS]
        # Two at a time are a number of 64 bits, the last of which has the sign.
        pairs = [low + (high << _BITS) for low, high in zip(digits[::2], digits[1::2], strict=True)]
        whole: list[int] = pairs[-1].tolist()
        for pair in reversed(pairs[:-1]):
            lower = pair.view(np.uint64).tolist()
            whole = [(unit << 2 * _BITS) + low for unit, low in zip(whole, lower, strict=True)]
        shift = self._lowest * _BITS - exponent
        if shift < 0:
            return [unit >> -shift for unit in whole]
        return [unit << shift for unit in whole] if shift else whole

    def floats(self) -> FloatArray:
        """Return each sum as `ExactSum` rounds it; shape (m,)."""
        if len(self._digits) == 1:
            with np.errstate(over="ignore"):
                return np.ldexp(self._digits[0].astype(np.float64), self._lowest * _BITS)
        exponent = self.exponent
        one = 1 << -exponent
        try:
            return np.array([unit / one for unit in self.units(exponent)])
        except OverflowError:
            return np.array([float(total) for total in self.totals()])

    def totals(self) -> list[ExactSum]:
        """Return each sum."""
        return [ExactSum(unit) for unit in self.units()]

    def parts(self) -> list[FloatArray] | None:
        """Return a few numbers for each group that come to its sum; see `exact_parts`."""
        held = [
            (digits.astype(np.float64), place * _BITS)
            for place, digits in enumerate(self._digits, self._lowest)
            if digits.any()
        ]
        if not held:
            return [np.zeros(self._n)]
        if held[0][1] < -_PRODUCT_EXPONENT or held[-1][1] + _BITS > _PRODUCT_EXPONENT:
            return None
        return distilled([np.ldexp(digits, exponent) for digits, exponent in reversed(held)])

    def nonzero(self) -> npt.NDArray[np.bool_]:
        """Return which sums are not 0; shape (m,)."""
        found = np.zeros(self._n, np.bool_)
        for digits in self._digits:
            found |= digits != 0
        return found

    def __reduce__(self) -> tuple[object, ...]:
        """Pickle digits as 32 bits, and of places that few sums need those few alone."""
        used = [place for place, digits in enumerate(self._digits) if digits.any()]
        if not used:
            return ExactSums, (self._n,)
        held = self._digits[used[0] : used[-1] + 1]
        if held[-1].max() >= _HALF or held[-1].min() < -_HALF:  # the sign stands above
            held = self._digits[used[0] :][: len(held) + 1]
        return _unpacked, (self._n, [*map(_packed, held)], self._lowest + used[0])


def _packed(digits: IntArray) -> tuple[bytes, bytes]:
    """Return digits and their places; none of these where nearly all are other than 0."""
    places = np.flatnonzero(digits)
    if 2 * len(places) > len(digits):
        return digits.astype("<u4").tobytes(), b""
    return digits[places].astype("<u4").tobytes(), places.astype("<u4").tobytes()


def _unpacked(n: int, packed: list[tuple[bytes, bytes]], lowest: int) -> ExactSums:
    digits = []
    for values, places in packed:
        each = np.zeros(n, np.int64)
        where = np.frombuffer(places, "<u4") if places or not values else slice(None)
        each[where] = np.frombuffer(values, "<u4")
        digits.append(each)
    digits[-1] = _signed(digits[-1])
    return ExactSums(n, digits, lowest)


def _signed(digits: IntArray) -> IntArray:
    """Return the last digits as numbers from -2**31 to 2**31 - 1."""
    return digits.astype(np.uint32).astype(np.int32).astype(np.int64)


def _plus(digits: list[IntArray], others: list[IntArray]) -> list[IntArray]:
    """Add as many digits of others, or fewer, without carrying."""
    return [*map(np.add, digits, others), *digits[len(others) :]]


def _carried(digits: list[IntArray]) -> list[IntArray]:
    """Bring digits below 2**62 into their ranges, with as many more as that takes."""
    found = []
    carry: IntArray | int = 0
    for each in digits:
        whole = each + carry
        found.append(whole & _MASK)
        carry = whole >> _BITS
    while found and isinstance(carry, np.ndarray):
        # The last one has the sign: it is done where its own upper bit says what is above it.
        if np.array_equal(carry, -(found[-1] >> (_BITS - 1))):
            found[-1] += carry << _BITS
            break
        found.append(carry & _MASK)
        carry = carry >> _BITS
    return found


def sum_of_parts(parts: Iterable[FloatArray]) -> ExactSum:
    """Sum up what groups come to, given as `ExactSums.parts` has it."""
    return sum(map(ExactSum.of, parts), ExactSum())


def products_of_parts(left: list[FloatArray], right: list[FloatArray]) -> ExactSum:
    """Sum up products of sums; of equal ones, each pair of parts once."""
    total = ExactSum()
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            if left is not right or i == j:
                total += ExactSum.of_products(one, other)
            elif i < j:
                mixed = ExactSum.of_products(one, other)
                total += mixed + mixed
    return total
