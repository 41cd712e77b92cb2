"""Rows put together by the words of a column: by cluster, by segment, or by a bin they are in."""

from __future__ import annotations

import operator
from dataclasses import field
from functools import reduce
from itertools import chain, starmap
from operator import add, mul
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bce_cli.core.exact_sum import (
    UNIT_EXPONENT,
    UNITS_OF_ONE,
    ExactSum,
    trailing_zeros,
    two_product,
    units_by_group,
)
from bce_cli.core.state import State
from bce_cli.core.totals import Moments, finite_losses
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy.typing as npt

    from bce_cli.core.conventions import Convention
    from bce_cli.core.rows import Categories, FloatArray, Places, Rows

    Names: TypeAlias = tuple[str, ...]


def grouped(
    columns: tuple[Categories, ...],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], list[tuple[str, ...]]]:
    """Order rows by the words of at least one column.

    Parameters
    ----------
    columns : tuple of Categories, each of shape (n,)

    Returns
    -------
    order : ndarray of int, shape (n,)
        Places of the rows, group by group; within a group they keep their order.
    starts : ndarray of int, shape (m,)
        Where each group begins in `order`.
    names : list of tuple of str, shape (m,)
        The words of each group. Where a column names a word twice, groups may have the same words.

    Examples
    --------
    >>> from bce_cli.core.rows import Categories
    >>> column = Categories(np.array([1, 0, 1], np.int32), ("a", "b"))
    >>> order, starts, names = grouped((column,))
    >>> order.tolist(), starts.tolist(), names
    ([1, 0, 2], [0, 1], [('a',), ('b',)])
    """
    codes = columns[0].codes.astype(np.int64)
    for column in columns[1:]:
        codes *= len(column.names)
        codes += column.codes
    order, starts, found = ordered(codes)
    names = []
    for code in found:
        words, rest = [], code
        for column in reversed(columns[1:]):
            rest, place = divmod(rest, len(column.names))
            words.append(column.names[place])
        names.append((columns[0].names[rest], *reversed(words)))
    return order, starts, names


def ordered(
    codes: npt.NDArray[np.integer],
) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp], list[int]]:
    """Order rows by a code that is 0 or more; rows of one code keep their order.

    Returns
    -------
    order : ndarray of int, shape (n,)
    starts : ndarray of int, shape (m,)
        Where each code begins in `order`.
    found : list of int, shape (m,)
        The codes that occur, ascending.

    Examples
    --------
    >>> order, starts, found = ordered(np.array([7, 2, 7]))
    >>> order.tolist(), starts.tolist(), found
    ([1, 0, 2], [0, 1], [2, 7])
    """
    order = np.argsort(_narrowed(codes), kind="stable")
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
    return order, starts, sorted_codes[starts].tolist()


def _narrowed(codes: npt.NDArray[np.integer]) -> npt.NDArray[np.integer]:
    """Store small codes in 16 bits, which NumPy sorts by counting."""
    is_small = len(codes) > 0 and codes.max() < 2**16
    return codes.astype(np.uint16) if is_small else codes


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


_SHIFT = 774  # to multiples of 2**-300
_FINE_BITS = (1 << _SHIFT) - 1


@dataclass(frozen=True, slots=True)
class ClusterSums(State):
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
    >>> from bce_cli.core.rows import Categories
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
        order, starts, found = ordered(cluster.codes)
        units = units_by_group(values[order], starts)
        if divisors is None:
            counts = np.diff(starts, append=len(order)).tolist()
            parts = [count * UNITS_OF_ONE for count in counts]
        else:
            parts = units_by_group(divisors[order], starts)
        shift = 0
        if not any(unit & _FINE_BITS for unit in chain(units, parts)):
            shift = _SHIFT
            units, parts = ([unit >> shift for unit in some] for some in (units, parts))
        words = [cluster.names[code] for code in found]
        sums = dict(zip(words, zip(units, parts, strict=True), strict=True))
        if len(sums) == len(words):
            return cls(sums, shift)
        of_twofold_names = cls(shift=shift)
        of_twofold_names._take(zip(words, units, parts, strict=True))
        return of_twofold_names

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
        """Merge with the sums of other rows."""
        # By hand: clusters meet by name, in one unit, and may be too many for a call each.
        if self.shift != other.shift:
            self, other = self._finest(), other._finest()  # noqa: PLW0642
        self._take((name, *sums) for name, sums in other.sums.items())
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle integers without the zero bits that all of them have at the end."""
        values = [value for value, _ in self.sums.values()]
        divisors = [divisor for _, divisor in self.sums.values()]
        return _unpacked, (self.shift, list(self.sums), _packed(values), _packed(divisors))

    @property
    def n(self) -> int:
        """How many clusters have a divisor above 0."""
        return sum(1 for _, divisor in self.sums.values() if divisor)

    @property
    def effective_n(self) -> float:
        """How many clusters there are in effect; see `Moments.effective_n`."""
        pairs = ((0, divisor) for _, divisor in self.sums.values())
        return integer_moments(pairs, self.shift).effective_n

    @property
    def moments(self) -> Moments:
        """Moments in which each cluster with a divisor above 0 is one pair."""
        return integer_moments(self.sums.values(), self.shift)

    def less(self, other: ClusterSums) -> Moments:
        """Return moments of what these values are above others on the same rows, by cluster.

        Examples
        --------
        >>> from bce_cli.core.rows import Categories
        >>> days = Categories(np.array([0, 0, 1], np.int32), ("Mon", "Tue"))
        >>> left, right = (ClusterSums.of(days, np.array(x)) for x in ([1.0, 3.0, 5.0], [1.0] * 3))
        >>> left.less(right).ratio
        2.0
        """
        if self.shift != other.shift:
            return self._finest().less(other._finest())
        theirs = other.sums
        pairs = ((value - theirs[name][0], part) for name, (value, part) in self.sums.items())
        return integer_moments(pairs, self.shift)


def integer_moments(sums: Iterable[tuple[int, int]], shift: int = 0) -> Moments:
    """Return moments of pairs of integers, in units of 2**(shift - 1074).

    What is lost of sums of squares is below the smallest float64.
    """
    pairs = [pair for pair in sums if pair[1]]
    values, divisors = [value for value, _ in pairs], [divisor for _, divisor in pairs]
    own, mixed, others = (
        product_sum(zip(left, right, strict=True), shift)
        for left, right in ((values, values), (values, divisors), (divisors, divisors))
    )
    return Moments(
        len(pairs),
        ExactSum(sum(values) << shift),
        ExactSum(sum(divisors) << shift),
        own,
        mixed,
        others,
    )


def product_sum(pairs: Iterable[tuple[int, int]], shift: int = 0) -> ExactSum:
    """Return the sum of the products of pairs of integers, in units of 2**(shift - 1074)."""
    return ExactSum((sum(starmap(mul, pairs)) << (2 * shift)) >> -UNIT_EXPONENT)


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


def by_cluster(rows: Rows, values: FloatArray, divisors: FloatArray | None) -> ClusterSums | None:
    """Sum up values by cluster; None where rows have none."""
    return None if rows.cluster is None else ClusterSums.of(rows.cluster, values, divisors)


def losses_by_cluster(rows: Rows, losses: FloatArray, convention: Convention) -> ClusterSums | None:
    """Sum up losses under a convention, which holds the rows; see `by_cluster`."""
    if rows.cluster is None:
        return None
    finite, _ = finite_losses(losses, rows.weights)
    return by_cluster(rows, finite, divisors_of(rows, convention))


def divisors_of(rows: Rows, convention: Convention) -> FloatArray | None:
    """Return what each row adds to the divisor of a mean; None where that is 1 for every row."""
    if rows.weights is not None and convention.rule.mean_over == "weights":
        return rows.weights
    return _presence(rows)


def weights_of(rows: Rows) -> FloatArray | None:
    """Return the weight of each row, 0 for one left out; None where that is 1 for every row."""
    return _presence(rows) if rows.weights is None else rows.weights


def _presence(rows: Rows) -> FloatArray | None:
    return None if rows.missing is None else (~rows.missing).astype(np.float64)
