"""Rows parted by the words of columns, and what each part of them comes to, side by side.

A table of ten thousand segments has as many rows, and a block of rows has a few of each: so figures
are columns, one number for each segment, which are made and merged without a loop over segments.
"""

from __future__ import annotations

from dataclasses import field, replace
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Any, Generic, Self, TypeAlias, TypeVar

import numpy as np

from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.exact_sums import ExactSums
from bce_cli.core.groups import distinct, grouped
from bce_cli.core.state import State, merged
from bce_cli.errors import DataError, argument, given
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.exact_sum import IntArray
    from bce_cli.core.groups import Clusters
    from bce_cli.core.rows import BoolArray, FloatArray, Places, Rows

    Names: TypeAlias = tuple[str, ...]
    Figures: TypeAlias = dict[str, Any]
    Column: TypeAlias = IntArray | ExactSums | list[Any]

S = TypeVar("S", bound=State)

MOST_SEGMENTS = 10_000
"""A segment takes some kilobytes, and nobody reads a table of more."""

FIRST = "first "
"""Of columns of row numbers: 1-based within the rows of the segment, or 0 for none."""


class PartedRows:
    """Rows put together by segment, to sum up several things of them.

    Parameters
    ----------
    rows : Rows
        At least one, and with segments.

    Attributes
    ----------
    names : list of tuple of str, shape (m,)
    order : ndarray of int, shape (n,)
        Places of the rows, segment by segment.
    rows : Rows
        In that order.
    sizes : ndarray of int, shape (m,)
        Rows of each segment.
    """

    def __init__(self, rows: Rows) -> None:
        self.order, self._starts, self.names = grouped(tuple(map(distinct, rows.words)))
        self._bounds = np.append(self._starts, len(rows))
        self.rows = replace(rows, ids=None, segments=()).at(self.order)
        self.sizes = np.diff(self._bounds)

    def count(self, chosen: BoolArray) -> IntArray:
        """Count the chosen rows, a mask in the new order, of each segment."""
        return self.count_at(np.flatnonzero(chosen))

    def count_at(self, places: Places) -> IntArray:
        """Count the rows at some places, ascending."""
        return np.diff(np.searchsorted(places, self._bounds))

    def first(self, places: Places) -> IntArray:
        """Return the first of the rows at some places, ascending, as `FIRST` has it."""
        if not len(places):
            return np.zeros(len(self.sizes), np.int64)
        found = np.searchsorted(places, self._starts)
        firsts = places[np.minimum(found, len(places) - 1)] - self._starts
        return np.where((firsts >= 0) & (firsts < self.sizes), firsts + 1, 0)

    def sums(self, values: FloatArray) -> ExactSums:
        """Sum up finite values, in the new order."""
        return ExactSums.of(values, self._starts)

    def products(self, left: FloatArray, right: FloatArray) -> ExactSums:
        """Sum up products, in the new order."""
        return ExactSums.of_products(left, right, self._starts)

    def each(self, of: Callable[[slice], Any]) -> list[Any]:
        """Return what each segment comes to, where nothing is known for all of them."""
        return [of(slice(start, stop)) for start, stop in pairwise(self._bounds.tolist())]

    def by_cluster(
        self, clusters: Sequence[Clusters], values: FloatArray, divisors: FloatArray | None
    ) -> list[Any]:
        """Sum up finite values by the clusters of each segment."""
        waiting = iter(clusters)
        return self.each(
            lambda part: next(waiting).sums(
                values[part], None if divisors is None else divisors[part]
            )
        )

    def moments(self, name: str, values: FloatArray, divisors: FloatArray | None) -> Figures:
        """Return the columns that `bce_cli.core.totals.Moments` of each segment are made of."""
        sums = self.sums(values)
        if divisors is None:
            found: tuple[Column, ...] = (
                self.sizes,
                sums,
                ExactSums.of_counts(self.sizes),
                self.products(values, values),
                sums.at(slice(None)),
                ExactSums.of_counts(self.sizes),
            )
        else:
            found = (
                self.count(divisors != 0.0),
                sums,
                self.sums(divisors),
                self.products(values, values),
                self.products(values, divisors),
                self.products(divisors, divisors),
            )
        return {f"{name} {place}": column for place, column in enumerate(found)}


def moments_in(figures: Figures, name: str) -> list[Any]:
    """Return what `bce_cli.core.totals.Moments` of a segment are made of."""
    return [figures.get(f"{name} {place}", 0) for place in range(6)]


@dataclass(frozen=True, slots=True, eq=False)
class Segmented(State, Generic[S]):
    """A state for each segment: for the rows of the same words in the columns that part them.

    Attributes
    ----------
    totals_of : callable (Figures) -> State, or None
        Makes the state of a segment of its figures by column; None without segments.
    names : dict of tuple of str to int
        The place of each segment in the columns.
    sizes : ndarray of int, shape (m,)
        Rows of each, those that are left out among them.
    columns : dict of str to ndarray of int, ExactSums or list of State, each of shape (m,)
        Counts that are all 0 are left out.

    Examples
    --------
    >>> from operator import itemgetter
    >>> from bce_cli.core.rows import Categories, Rows
    >>> sites = Categories(np.array([0, 1, 0], np.int32), ("a", "b"))
    >>> rows = Rows(np.array([True, True, False]), np.array([0.5, 0.25, 0.5]), segments=(sites,))
    >>> found = Segmented.of(
    ...     rows, lambda parted: {"p": parted.sums(parted.rows.probabilities)}, itemgetter("p")
    ... )
    >>> {name: float(total) for name, total in found.totals().items()}
    {('a',): 1.0, ('b',): 0.25}
    """

    totals_of: Callable[[Figures], S] | None = None
    names: dict[Names, int] = field(default_factory=dict)
    sizes: IntArray = field(default_factory=lambda: np.zeros(0, np.int64))
    columns: dict[str, Column] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        rows: Rows,
        columns_of: Callable[[PartedRows], dict[str, Column]],
        totals_of: Callable[[Figures], S],
    ) -> Self:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
            Without segments there are none.
        columns_of : callable (PartedRows) -> columns
            Sums up the rows of each segment.
        totals_of : callable (Figures) -> State
            A function that other processes know, too.

        Raises
        ------
        DataError
            There are more than `MOST_SEGMENTS`.
        """
        if not rows.segments or len(rows) == 0:
            return cls()
        parted = PartedRows(rows)
        _refuse_many(len(parted.names))
        found = columns_of(parted)
        columns = {
            name: column
            for name, column in found.items()
            if not isinstance(column, np.ndarray) or column.any()
        }
        places = dict(zip(parted.names, range(len(parted.names)), strict=True))
        return cls(totals_of, places, parted.sizes, columns)

    def __iadd__(self, other: Self) -> Self:
        """Merge with the totals of the rows that follow.

        Raises
        ------
        DataError
            There are more than `MOST_SEGMENTS` now.
        """
        # By hand: segments meet by name, and there is a limit to them.
        names = self.names
        places = np.array([names.setdefault(name, len(names)) for name in other.names], np.intp)
        _refuse_many(len(names))
        sizes = _longer(self.sizes, len(names))
        columns = {
            name: _together(
                self.columns.get(name),
                other.columns.get(name),
                places,
                len(names),
                before=sizes[places] if name.startswith(FIRST) else None,
            )
            for name in self.columns | other.columns
        }
        sizes[places] += other.sizes
        totals_of = self.totals_of or other.totals_of
        return type(self)(totals_of, names, sizes, columns)

    def totals(self) -> dict[Names, S]:
        """Return the state of each segment."""
        columns = [_numbers(column) for column in self.columns.values()]
        rows = zip(*columns, strict=True) if columns else [()] * len(self.names)
        return {
            name: self._totals(dict(zip(self.columns, row, strict=True)))
            for name, row in zip(self.names, rows, strict=True)
        }

    def together(self, names: Sequence[Names]) -> S:
        """Return the state of the rows of some segments, one after the other."""
        places = [self.names[name] for name in names]
        sizes = self.sizes[places].tolist()
        return self._totals(
            {
                name: _joined([numbers[place] for place in places], name, sizes)
                for name, numbers in zip(
                    self.columns, map(_numbers, self.columns.values()), strict=True
                )
            }
        )

    def _totals(self, figures: Figures) -> S:
        assert self.totals_of is not None  # noqa: S101 -- there are segments
        return self.totals_of(figures)

    def __eq__(self, other: object) -> bool:
        """Whether segments of the same names have the same states."""
        return isinstance(other, Segmented) and self.totals() == other.totals()

    __hash__ = None  # type: ignore[assignment]  # they change


def _refuse_many(n: int) -> None:
    if n > MOST_SEGMENTS:
        raise too_many_segments()


def too_many_segments() -> DataError:
    """Return the error of rows that are parted by the wrong column."""
    message = f"the rows fall into more than {MOST_SEGMENTS:,} segments"
    few = f"{argument('by')} is for columns of few different values"
    return DataError(message, f"{few}; {given(cut='quantile:5')} makes few intervals of numbers")


def _longer(numbers: IntArray, n: int) -> IntArray:
    return np.append(numbers, np.zeros(n - len(numbers), np.int64))


def _together(mine: Any, theirs: Any, places: Places, n: int, before: IntArray | None) -> Column:  # noqa: ANN401
    """Merge a column of n segments with one of the segments at some places.

    A column that is None has zeros. The numbers of first rows count those `before`, too.
    """
    either = theirs if mine is None else mine
    if isinstance(either, ExactSums):
        sums = ExactSums(n) if mine is None else mine.resized(n)
        if theirs is not None:
            sums.add(places, theirs)
        return sums
    if isinstance(either, list):
        states = [*(mine or ()), *[None] * (n - len(mine or ()))]
        for place, state in zip(places.tolist(), theirs or (), strict=False):
            states[place] = merged(states[place], state)
        return states
    counts = _longer(np.zeros(0, np.int64) if mine is None else mine, n)
    if theirs is not None and before is not None:
        later = np.where(theirs, theirs + before, 0)
        counts[places] = np.where(counts[places], counts[places], later)
    elif theirs is not None:
        counts[places] += theirs
    return counts


def _numbers(column: Column) -> list[Any]:
    if isinstance(column, ExactSums):
        return column.totals()
    return column if isinstance(column, list) else column.tolist()


def _joined(numbers: list[Any], name: str, sizes: list[int]) -> Any:  # noqa: ANN401
    """Merge the numbers of some segments, of so many rows, that follow each other."""
    if isinstance(numbers[0], ExactSum):
        return ExactSum(sum(number.units for number in numbers))
    if not isinstance(numbers[0], int):
        whole = None
        for state in numbers:
            whole = merged(whole, state)
        return whole
    if name.startswith(FIRST):
        before = accumulate(sizes, initial=0)
        return next((row + n for row, n in zip(numbers, before, strict=False) if row), 0)
    return sum(numbers)
