"""Exact sums over rows by the group that each of them is in."""

from __future__ import annotations

from operator import add
from typing import TYPE_CHECKING

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.extraction import two_product
from bce_cli.core.groups import ordered

if TYPE_CHECKING:
    from bce_cli.core.calibration.exact_parts import Places
    from bce_cli.core.rows import FloatArray


class GroupedRows:
    """Sums numbers of rows by the group that each row is in; empty groups have sums, too.

    Parameters
    ----------
    groups : ndarray of int, shape (n,)
        Each from 0 to ``n_groups - 1``.
    n_groups : int

    Examples
    --------
    >>> import numpy as np
    >>> sums = GroupedRows(np.array([2, 0, 2]), 3).of(np.array([0.1, 0.2, 0.3]))
    >>> [float(total) for total in sums]
    [0.2, 0.0, 0.4]
    """

    def __init__(self, groups: Places, n_groups: int) -> None:
        self._order, self._starts, self._found = ordered(groups)
        self._n_groups = n_groups

    def of(self, values: FloatArray) -> tuple[ExactSum, ...]:
        """Sum up finite values; shape (n_groups,)."""
        sums = [ExactSum()] * self._n_groups
        totals = ExactSum.by_group(values[self._order], self._starts)
        for place, total in zip(self._found, totals, strict=True):
            sums[place] = total
        return tuple(sums)

    def of_products(self, left: FloatArray, right: FloatArray) -> tuple[ExactSum, ...]:
        """Sum up products of numbers below 2**900, exactly; shape (n_groups,)."""
        return tuple(map(add, *(self.of(part) for part in two_product(left, right))))
