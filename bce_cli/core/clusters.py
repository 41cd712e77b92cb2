"""Sums over clusters of rows that depend on each other."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field
from functools import reduce
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.exact_sum import ExactSum, trailing_zeros
from bce_cli.core.extraction import UNIT_EXPONENT, UNITS_OF_ONE
from bce_cli.core.groups import grouped
from bce_cli.core.moments import Moments

if TYPE_CHECKING:
    from collections.abc import Iterable

    from bce_cli.core.row_columns import Categories
    from bce_cli.core.rows import FloatArray


_SHIFT = 774  # to multiples of 2**-300
_FINE_BITS = (1 << _SHIFT) - 1


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """The sum of a value and of a divisor over the rows of each cluster, exact and mergeable.

    Attributes
    ----------
    sums : dict of str to tuple of int
        Of the values and of the divisors, in units of 2**(shift - 1074).
    shift : int
        Ordinary numbers have no bits that small, and integers without them are a fifth as long.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.row_columns import Categories
    >>> days = Categories(np.array([0, 0, 1], np.int32), ("Mon", "Tue"))
    >>> sums = ClusterSums.of(days, np.array([1.0, 3.0, 5.0]))
    >>> sums.moments.n, sums.moments.ratio, sums.moments.standard_error()
    (2, 3.0, 1.3333333333333333)
    """

    sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    shift: int = _SHIFT

    @classmethod
    def of(
        cls,
        cluster: Categories,
        values: FloatArray,
        divisors: FloatArray | None = None,
    ) -> ClusterSums:
        """Sum up finite values.

        Parameters
        ----------
        cluster : Categories, shape (n,)
        values : ndarray of float64, shape (n,)
        divisors : ndarray of float64, shape (n,), optional
            All 1 by default.
        """
        if len(values) == 0:
            return cls()
        order, starts, names = grouped((cluster,))
        totals = ExactSum.by_group(values[order], starts)
        if divisors is None:
            counts = np.diff(starts, append=len(order)).tolist()
            parts = [count * UNITS_OF_ONE for count in counts]
        else:
            parts = [part.units for part in ExactSum.by_group(divisors[order], starts)]
        units = [total.units for total in totals]
        is_ordinary = not any(unit & _FINE_BITS for unit in (*units, *parts))
        found = cls(shift=_SHIFT if is_ordinary else 0)
        found._take(
            (name, unit >> found.shift, part >> found.shift)
            for (name,), unit, part in zip(names, units, parts, strict=True)
        )
        return found

    def _take(self, sums: Iterable[tuple[str, int, int]]) -> None:
        mine = self.sums
        for name, value, divisor in sums:
            before = mine.get(name)
            if before is None:
                mine[name] = (value, divisor)
            else:
                mine[name] = (before[0] + value, before[1] + divisor)

    def _finest(self) -> ClusterSums:
        """Return the same sums in units of 2**-1074."""
        shift = self.shift
        sums = {name: (u << shift, d << shift) for name, (u, d) in self.sums.items()}
        return ClusterSums(sums, 0)

    def __iadd__(self, other: ClusterSums) -> ClusterSums:  # noqa: PYI034 -- or another, if finer
        """Take in the sums of other rows; there may be too many clusters to copy each time."""
        if self.shift != other.shift:
            merged = self._finest()
            merged += other._finest()
            return merged
        self._take((name, *sums) for name, sums in other.sums.items())
        return self

    def __add__(self, other: ClusterSums) -> ClusterSums:
        """Merge with the sums of other rows."""
        merged = ClusterSums(dict(self.sums), self.shift)
        merged += other
        return merged

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle integers without the zero bits that all of them have at the end."""
        values = [value for value, _ in self.sums.values()]
        divisors = [divisor for _, divisor in self.sums.values()]
        return _unpacked, (self.shift, list(self.sums), _packed(values), _packed(divisors))

    @property
    def moments(self) -> Moments:
        """Moments in which each cluster with a divisor above 0 is one pair."""
        pairs = [pair for pair in self.sums.values() if pair[1]]
        return Moments(
            len(pairs),
            ExactSum(sum(u for u, _ in pairs) << self.shift),
            ExactSum(sum(d for _, d in pairs) << self.shift),
            self._squares(sum(u * u for u, _ in pairs)),
            self._squares(sum(u * d for u, d in pairs)),
            self._squares(sum(d * d for _, d in pairs)),
        )

    def _squares(self, units: int) -> ExactSum:
        """From squares of units to units; what is lost is below the smallest float64."""
        return ExactSum((units << (2 * self.shift)) >> -UNIT_EXPONENT)


def _packed(integers: list[int]) -> tuple[int, list[int]]:
    """Return integers without the zero bits at their ends, and how many these were."""
    shift = trailing_zeros(reduce(operator.or_, integers, 0))
    return shift, [integer >> shift for integer in integers]


def _unpacked(
    shift: int, names: list[str], values: tuple[int, list[int]], divisors: tuple[int, list[int]]
) -> ClusterSums:
    pairs = zip(
        (value << values[0] for value in values[1]),
        (divisor << divisors[0] for divisor in divisors[1]),
        strict=True,
    )
    return ClusterSums(dict(zip(names, pairs, strict=True)), shift)
