"""Moments of sums over clusters, exact, with no loop over the clusters however many there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.exact_sum import UNITS_OF_ONE, ExactSum, exact_parts, units_by_group
from bce_cli.core.exact_sums import products_of_parts, sum_of_parts
from bce_cli.core.groups import distinct, integer_moments, ordered, product_sum
from bce_cli.core.totals import Moments

if TYPE_CHECKING:
    import numpy.typing as npt

    from bce_cli.core.rows import Categories, FloatArray, Places


class ClusteredRows:
    """Rows put together by cluster once, to sum up one thing of them after the other.

    The sum of a cluster is held as a few float64 numbers which come to it exactly, so that sums of
    squares are exact sums of products. `bce_cli.core.groups.ClusterSums` has the same moments of
    rows that come in parts.

    Parameters
    ----------
    cluster : Categories, shape (n,)
        Of at least one row.
    parts : ndarray of int, shape (n,), optional
        What cuts clusters into several; each from 0.

    Attributes
    ----------
    parts : ndarray of int, shape (m,)
        The part that each cluster is of.

    Examples
    --------
    >>> from bce_cli.core.rows import Categories
    >>> rows = ClusteredRows(Categories(np.array([0, 1, 0], np.int32), ("Mon", "Tue")))
    >>> moments = rows.moments(np.array([1.0, 5.0, 3.0]))
    >>> len(rows), moments.ratio, moments.standard_error()
    (2, 3.0, 1.3333333333333333)
    """

    def __init__(self, cluster: Categories, parts: Places | None = None) -> None:
        codes: npt.NDArray[np.integer] = distinct(cluster).codes
        if parts is not None:
            codes = parts * len(cluster.names) + codes
        self._order: Places | None = None
        if np.any(codes[1:] < codes[:-1]):
            self._order, self._starts, _ = ordered(codes)
        else:
            self._starts = np.flatnonzero(np.diff(codes, prepend=-1))
        self._counts = np.diff(self._starts, append=len(codes)).astype(np.float64)
        firsts = self._starts if self._order is None else self._order[self._starts]
        self.parts = np.zeros(len(firsts), np.intp) if parts is None else parts[firsts]
        self._divisors: tuple[FloatArray, list[FloatArray] | None] | None = None

    def __len__(self) -> int:
        return len(self._starts)

    def moments(self, values: FloatArray, divisors: FloatArray | None = None) -> Moments:
        """Return moments in which each cluster with a divisor above 0 is one pair.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
            Finite.
        divisors : ndarray of float64, shape (n,), optional
            0 or more; all 1 by default.
        """
        own = self._parts(values)
        others = [self._counts] if divisors is None else self._parts_of_divisors(divisors)
        if own is None or others is None:
            return self._integer_moments(values, divisors)
        n = len(self) if divisors is None else int(np.count_nonzero(sum(others)))
        return Moments(
            n,
            sum_of_parts(own),
            sum_of_parts(others),
            products_of_parts(own, own),
            products_of_parts(own, others),
            products_of_parts(others, others),
        )

    def products(self, values: FloatArray, others: FloatArray) -> ExactSum:
        """Sum up the products of the sums of two finite values over each cluster.

        Examples
        --------
        >>> from bce_cli.core.rows import Categories
        >>> rows = ClusteredRows(Categories(np.array([0, 1, 0], np.int32), ("Mon", "Tue")))
        >>> float(rows.products(np.array([1.0, 5.0, 3.0]), np.ones(3)))
        13.0
        """
        left, right = self._parts(values), self._parts(others)
        if left is None or right is None:
            units = (units_by_group(self._sorted(each), self._starts) for each in (values, others))
            return product_sum(zip(*units, strict=True))
        return products_of_parts(left, right)

    def sums(self, values: FloatArray) -> FloatArray:
        """Return the sum of finite values over each cluster, exact but for one rounding.

        Examples
        --------
        >>> from bce_cli.core.rows import Categories
        >>> rows = ClusteredRows(Categories(np.array([0, 1, 0], np.int32), ("Mon", "Tue")))
        >>> rows.sums(np.array([1.0, 5.0, 3.0])).tolist()
        [4.0, 5.0]
        """
        own = self._parts(values)
        if own is None:
            units = units_by_group(self._sorted(values), self._starts)
            return np.array([float(ExactSum(each)) for each in units])
        return own[0]

    def _parts_of_divisors(self, divisors: FloatArray) -> list[FloatArray] | None:
        """Keep the last ones: much the same rows are summed up many times."""
        if self._divisors is None or self._divisors[0] is not divisors:
            self._divisors = divisors, self._parts(divisors)
        return self._divisors[1]

    def _parts(self, values: FloatArray) -> list[FloatArray] | None:
        return exact_parts(self._sorted(values), self._starts)

    def _sorted(self, values: FloatArray) -> FloatArray:
        return values if self._order is None else values[self._order]

    def _integer_moments(self, values: FloatArray, divisors: FloatArray | None) -> Moments:
        """Do the same for numbers so large or so small that products of them are not exact."""
        units = units_by_group(self._sorted(values), self._starts)
        if divisors is None:
            parts = [int(count) * UNITS_OF_ONE for count in self._counts.tolist()]
        else:
            parts = units_by_group(self._sorted(divisors), self._starts)
        return integer_moments(zip(units, parts, strict=True))
