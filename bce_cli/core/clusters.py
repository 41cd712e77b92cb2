"""Sums over clusters of rows that depend on each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.extraction import UNIT_EXPONENT
from bce_cli.core.groups import grouped
from bce_cli.core.moments import Moments

if TYPE_CHECKING:
    from bce_cli.core.row_columns import Categories
    from bce_cli.core.rows import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class ClusterSums:
    """The sum of a value and of a divisor over the rows of each cluster, exact and mergeable.

    Attributes
    ----------
    sums : dict of str to tuple of int
        Of the values and of the divisors, in units of 2**-1074.

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

    @classmethod
    def of(
        cls,
        cluster: Categories,
        values: FloatArray,
        divisors: FloatArray | None = None,
        left_out: BoolArray | None = None,
    ) -> ClusterSums:
        """Sum up finite values.

        Parameters
        ----------
        cluster : Categories, shape (n,)
        values : ndarray of float64, shape (n,)
        divisors : ndarray of float64, shape (n,), optional
            All 1 by default.
        left_out : ndarray of bool, shape (n,), optional
            Rows that count for nothing, so that a cluster of such rows alone is none.
        """
        if left_out is not None and left_out.any():
            places = np.flatnonzero(~left_out)
            cluster, values = cluster.at(places), values[places]
            divisors = None if divisors is None else divisors[places]
        found = cls()
        if len(values) == 0:
            return found
        order, starts, names = grouped((cluster,))
        totals = ExactSum.by_group(values[order], starts)
        if divisors is None:
            counts = np.diff(starts, append=len(order)).tolist()
            parts = [ExactSum.of_count(count) for count in counts]
        else:
            parts = ExactSum.by_group(divisors[order], starts)
        for (name,), total, part in zip(names, totals, parts, strict=True):
            found._add(name, total.units, part.units)
        return found

    def _add(self, name: str, value: int, divisor: int) -> None:
        before = self.sums.get(name, (0, 0))
        self.sums[name] = (before[0] + value, before[1] + divisor)

    def __iadd__(self, other: ClusterSums) -> Self:
        """Take in the sums of other rows; there may be too many clusters to copy each time."""
        for name, sums in other.sums.items():
            self._add(name, *sums)
        return self

    def __add__(self, other: ClusterSums) -> ClusterSums:
        """Merge with the sums of other rows."""
        merged = ClusterSums(dict(self.sums))
        merged += other
        return merged

    @property
    def moments(self) -> Moments:
        """Moments in which each cluster is one pair."""
        pairs = list(self.sums.values())
        return Moments(
            len(pairs),
            ExactSum(sum(u for u, _ in pairs)),
            ExactSum(sum(d for _, d in pairs)),
            *(_scaled(sum(products)) for products in _products(pairs)),
        )


def _products(pairs: list[tuple[int, int]]) -> tuple[list[int], list[int], list[int]]:
    return [u * u for u, _ in pairs], [u * d for u, d in pairs], [d * d for _, d in pairs]


def _scaled(units: int) -> ExactSum:
    """From squares of units to units; what is lost is below the smallest float64."""
    return ExactSum(units >> -UNIT_EXPONENT)
