"""Rows put together by the words of a column: by cluster, by segment, or by a bin they are in."""

from __future__ import annotations

from dataclasses import field
from functools import partial
from itertools import starmap
from operator import add, mul
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bce_cli.core.exact_sum import UNIT_EXPONENT, ExactSum, two_product
from bce_cli.core.exact_sums import ExactSums, products_of_parts, sum_of_parts
from bce_cli.core.rows import Categories
from bce_cli.core.state import State
from bce_cli.core.totals import Moments, finite_losses
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import numpy.typing as npt

    from bce_cli.core.conventions import Convention
    from bce_cli.core.rows import FloatArray, Places, Rows

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
    if len(columns) == 1:
        words = columns[0].names
        return order, starts, [(words[code],) for code in found]
    names = []
    for code in found:
        parts, rest = [], code
        for column in reversed(columns[1:]):
            rest, place = divmod(rest, len(column.names))
            parts.append(column.names[place])
        names.append((columns[0].names[rest], *reversed(parts)))
    return order, starts, names


def distinct(column: Categories) -> Categories:
    """Give the same word the same code, wherever it came from."""
    if len({*column.names}) == len(column.names):
        return column
    first: dict[str, int] = {}
    codes = [first.setdefault(name, code) for code, name in enumerate(column.names)]
    return Categories(np.array(codes, np.int32)[column.codes], column.names)


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
    order = _order(codes)
    sorted_codes = codes[order]
    starts = np.flatnonzero(np.diff(sorted_codes, prepend=-1))
    return order, starts, sorted_codes[starts].tolist()


def _order(codes: npt.NDArray[np.integer]) -> npt.NDArray[np.intp]:
    """Sort codes by 16 bits at a time, which NumPy does by counting; the lowest first."""
    order = np.argsort(codes.astype(np.uint16), kind="stable")
    rest = codes >> 16
    while rest.any():
        order = order[np.argsort(rest[order].astype(np.uint16), kind="stable")]
        rest >>= 16
    return order


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


class ClusterNames:
    """The names of clusters, each at a place; several sums over the same rows share them.

    Parameters
    ----------
    names : sequence of str
        No name is there twice.
    """

    __slots__ = ("_places", "_taken")

    def __init__(self, names: Sequence[str] = ()) -> None:
        self._places = dict(zip(names, range(len(names)), strict=True))
        self._taken: tuple[ClusterNames, int, Places] | None = None

    def __len__(self) -> int:
        return len(self._places)

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def taking(self, others: ClusterNames) -> Places:
        """Take in further names, and return the places of all of the others."""
        # Sums that share names are merged one after the other: the last answer serves them all.
        if self._taken is None or self._taken[0] is not others or self._taken[1] != len(others):
            mine = self._places
            new = [name for name in others if name not in mine]
            mine.update(zip(new, range(len(mine), len(mine) + len(new)), strict=True))
            places = np.fromiter(map(mine.__getitem__, others), np.intp, len(others))
            self._taken = others, len(others), places
        return self._taken[2]

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the names in their order."""
        return ClusterNames, (list(self._places),)


@dataclass(frozen=True, slots=True, eq=False)
class ClusterSums(State):
    """The sum of a value and of a divisor over the rows of each cluster, exact and mergeable.

    Attributes
    ----------
    names : ClusterNames
        Of the clusters; sums of other rows may have added some.
    values, divisors : ExactSums
        One for each name in its place; sums beyond the names are 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Categories
    >>> days = Categories(np.array([0, 0, 1], np.int32), ("Mon", "Tue"))
    >>> sums = ClusterSums.of(days, np.array([1.0, 3.0, 5.0]))
    >>> sums.moments.n, sums.moments.ratio, sums.moments.standard_error()
    (2, 3.0, 1.3333333333333333)
    """

    names: ClusterNames = field(default_factory=ClusterNames)
    values: ExactSums = field(default_factory=partial(ExactSums, 0))
    divisors: ExactSums = field(default_factory=partial(ExactSums, 0))

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
        return Clusters(cluster).sums(values, divisors)

    def __iadd__(self, other: ClusterSums) -> ClusterSums:  # noqa: PYI034 -- see below
        """Merge with the sums of other rows."""
        # By hand: clusters meet by name.
        places = self.names.taking(other.names)
        values, divisors = self.values, self.divisors
        if len(values) < len(self.names):
            most = len(self.names) * 5 // 4  # so that few of many blocks copy them
            values, divisors = values.resized(most), divisors.resized(most)
        n = len(places)
        values.add(places, other.values.at(slice(n)))
        divisors.add(places, other.divisors.at(slice(n)))
        return ClusterSums(self.names, values, divisors)

    def __eq__(self, other: object) -> bool:
        """Whether clusters of the same names have the same sums."""
        return isinstance(other, ClusterSums) and self.sums == other.sums

    __hash__ = None  # type: ignore[assignment]  # they change

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickle the sums of names alone."""
        n = slice(len(self.names))
        return ClusterSums, (self.names, self.values.at(n), self.divisors.at(n))

    @property
    def sums(self) -> dict[str, tuple[int, int]]:
        """Those of the values and of the divisors, in units of 2**-1074."""
        pairs = zip(self.values.units(), self.divisors.units(), strict=True)
        return dict(zip(self.names, pairs, strict=False))

    @property
    def n(self) -> int:
        """How many clusters have a divisor above 0."""
        return int(np.count_nonzero(self.divisors.nonzero()))

    @property
    def effective_n(self) -> float:
        """How many clusters there are in effect; see `Moments.effective_n`."""
        return moments_of(self.divisors, self.divisors).effective_n

    @property
    def moments(self) -> Moments:
        """Moments in which each cluster with a divisor above 0 is one pair."""
        return moments_of(self.values, self.divisors)

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
        return moments_of(self.values.less(self.values_of(other)), self.divisors)

    def values_of(self, other: ClusterSums) -> ExactSums:
        """Return the values of others on the same rows, in the order of these clusters."""
        theirs, n = ExactSums(len(self.values)), slice(len(other.names))
        are_ours = other.names is self.names
        theirs.add(n if are_ours else self.names.taking(other.names), other.values.at(n))
        return theirs


class Clusters:
    """Rows put together by cluster once, to sum up several things of them.

    Parameters
    ----------
    cluster : Categories, shape (n,)
    """

    def __init__(self, cluster: Categories) -> None:
        self._order, self._starts, found = ordered(cluster.codes)
        names = [cluster.names[code] for code in found]
        if len(set(names)) < len(names):
            self._order, self._starts, found = ordered(distinct(cluster).codes)
            names = [cluster.names[code] for code in found]
        self._names = ClusterNames(names)
        self._divisors: tuple[FloatArray | None, ExactSums] | None = None

    def sums(self, values: FloatArray, divisors: FloatArray | None = None) -> ClusterSums:
        """Sum up finite values; see `ClusterSums.of`."""
        found = ExactSums.of(values[self._order], self._starts)
        return ClusterSums(self._names, found, self._sums_of_divisors(divisors))

    def _sums_of_divisors(self, divisors: FloatArray | None) -> ExactSums:
        """Keep the last ones: most sums have the same."""
        if self._divisors is None or self._divisors[0] is not divisors:
            if divisors is None:
                sums = ExactSums.of_counts(np.diff(self._starts, append=len(self._order)))
            else:
                sums = ExactSums.of(divisors[self._order], self._starts)
            self._divisors = divisors, sums
        return self._divisors[1].at(slice(None))


def moments_of(values: ExactSums, divisors: ExactSums) -> Moments:
    """Return moments of sums of values over sums of divisors, where these are above 0.

    What is lost of sums of squares is below the smallest float64.
    """
    counted = divisors.nonzero()
    if not counted.all():
        places = np.flatnonzero(counted)
        values, divisors = values.at(places), divisors.at(places)
    own, others = values.parts(), divisors.parts()
    if own is None or others is None:
        return integer_moments(zip(values.units(), divisors.units(), strict=True))
    return Moments(
        len(values),
        sum_of_parts(own),
        sum_of_parts(others),
        products_of_parts(own, own),
        products_of_parts(own, others),
        products_of_parts(others, others),
    )


def product_of(left: ExactSums, right: ExactSums) -> ExactSum:
    """Return the sum of the products of the sums of the same groups."""
    own, others = left.parts(), right.parts()
    if own is None or others is None:
        return product_sum(zip(left.units(), right.units(), strict=True))
    return products_of_parts(own, others)


def integer_moments(sums: Iterable[tuple[int, int]]) -> Moments:
    """Return moments of pairs of integers, in units of 2**-1074; see `moments_of`."""
    pairs = [pair for pair in sums if pair[1]]
    values, divisors = [value for value, _ in pairs], [divisor for _, divisor in pairs]
    own, mixed, others = (
        product_sum(zip(left, right, strict=True))
        for left, right in ((values, values), (values, divisors), (divisors, divisors))
    )
    return Moments(len(pairs), ExactSum(sum(values)), ExactSum(sum(divisors)), own, mixed, others)


def product_sum(pairs: Iterable[tuple[int, int]]) -> ExactSum:
    """Return the sum of the products of pairs of integers, in units of 2**-1074."""
    return ExactSum(sum(starmap(mul, pairs)) >> -UNIT_EXPONENT)


def clusters_of(rows: Rows) -> Clusters | None:
    """Put rows together by cluster; None where they have none."""
    return None if rows.cluster is None else Clusters(rows.cluster)


def losses_by_cluster(
    clusters: Clusters | None, rows: Rows, losses: FloatArray, convention: Convention
) -> ClusterSums | None:
    """Sum up losses under a convention, which holds the rows, by their clusters, if any."""
    if clusters is None:
        return None
    finite, _ = finite_losses(losses, rows.weights)
    return clusters.sums(finite, divisors_of(rows, convention))


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
