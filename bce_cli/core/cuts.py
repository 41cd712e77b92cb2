"""Intervals that numbers fall into: at what they are cut, what each is called, and quantiles."""

from __future__ import annotations

import math
from dataclasses import replace
from decimal import ROUND_FLOOR, Context, Decimal
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from bce_cli.core.rows import Categories
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray

    Names: TypeAlias = tuple[str, ...]

MOST_QUANTILES = 1000

_DIGITS = 17
"""That no float64 takes more than."""

_MOST = np.finfo(np.float64).max

_IN_FULL = Decimal(10) ** 40
"""Whole numbers from here on are written with an exponent, as those of the cells are."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Where the numbers of a column are cut into intervals, each with its lower end.

    Attributes
    ----------
    edges : tuple of Decimal or None
        Finite and ascending; None for quantiles that are not known yet.
    quantiles : int or None
        Into so many intervals of about as many rows each.

    Examples
    --------
    >>> cut = Cut((Decimal(18), Decimal("65.5")))
    >>> cut.names
    ('below 18', '18 to below 65.5', '65.5 or more')
    >>> cut.categories(np.array([18.0, 17.9, np.nan])).codes.tolist()
    [1, 0, 3]
    """

    edges: tuple[Decimal, ...] | None = None
    quantiles: int | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What the intervals are called, in their order."""
        texts = [_text(edge) for edge in self.edges or ()]
        if not texts:
            return ("any number",)
        between = (f"{low} to below {high}" for low, high in pairwise(texts))
        return (f"below {texts[0]}", *between, f"{texts[-1]} or more")

    @property
    def numbers(self) -> list[int | float]:
        """The edges, as JSON has numbers."""
        whole = (edge == edge.to_integral_value() for edge in self.edges or ())
        pairs = zip(self.edges or (), whole, strict=True)
        return [int(edge) if is_whole else float(edge) for edge, is_whole in pairs]

    @property
    def words(self) -> tuple[str, ...]:
        """The words of a column that is cut, by the codes of its cells: no number is the last."""
        return (*self.names, "")

    def categories(
        self, values: npt.NDArray[Any], nulls: npt.NDArray[np.bool_] | None = None
    ) -> Categories:
        """Put numbers into their intervals.

        Parameters
        ----------
        values : ndarray of int or float of any size, shape (n,)
            A float counts as the fewest digits that read back as it, in its own type: that is its
            text. NaN is no number.
        nulls : ndarray of bool, shape (n,), optional
            What is no number besides.
        """
        edges, kind = self.edges or (), values.dtype
        none = len(edges) + 1
        if kind.kind == "f":
            limits = np.array([_least_float(edge, kind) for edge in edges], kind)
            codes = np.searchsorted(limits, values, side="right")
            codes[np.isnan(values)] = none
        else:
            info = np.iinfo(kind)
            whole = [math.ceil(edge) for edge in edges]
            n_below = sum(limit <= info.min for limit in whole)
            held = [limit for limit in whole[n_below:] if limit <= info.max]
            codes = n_below + np.searchsorted(np.array(held, kind), values, side="right")
        if nulls is not None:
            codes[nulls] = none
        return Categories(codes.astype(np.int32), self.words)

    def at_quantiles(self, values: FloatArray) -> Cut:
        """Return the same with its edges, once all numbers are known.

        They are put where `even_cuts` puts them: equal numbers are never parted, and there are as
        many intervals as were asked for, or one for each different number. An edge is the number of
        fewest digits that parts what is to be parted.

        Parameters
        ----------
        values : ndarray of float64, shape (n,)
            NaN is no number, and is not counted. They are sorted in place, for they may be many.

        Examples
        --------
        >>> Cut(quantiles=3).at_quantiles(np.array([5.0, 1.0, 2.0, 1.0, 4.0, 3.0])).numbers
        [2, 4]
        """
        values.sort()  # NaN comes last
        found = values[: len(values) - int(np.count_nonzero(np.isnan(values)))]
        if len(found) and np.isinf(found[-1]) and (found == _MOST).any():
            found[found == _MOST] = np.inf  # which no edge can part
        starts = np.append(0, np.flatnonzero(found[1:] != found[:-1]) + 1)
        firsts = even_cuts(np.diff(starts, append=len(found)), self.quantiles or 1)[1:]
        edges = (_between(*found[at - 1 : at + 1].tolist()) for at in starts[firsts].tolist())
        return replace(self, edges=tuple(edges))


def even_cuts(counts: Sequence[int] | npt.NDArray[np.intp], n_bins: int) -> list[int]:
    """Cut groups of rows that stay together into bins of about as many rows each.

    There are as many bins as asked for, or one for each group where there are fewer of these. A cut
    that would best stand behind so many rows, as the quantile does, stands behind the group that
    comes nearest to that, the first of two, but leaves a group at least for every other bin.

    Parameters
    ----------
    counts : sequence or ndarray of int, shape (m,)
        Rows of each group, ascending; at least one group, and none is empty.
    n_bins : int

    Returns
    -------
    list of int, shape (min(m, n_bins),)
        The first group of each bin.

    Examples
    --------
    >>> even_cuts([4, 5], 2), even_cuts([1, 1, 20], 3), even_cuts([9, 1, 1, 1], 2)
    ([0, 1], [0, 1, 2], [0, 1])
    """
    ends = np.cumsum(counts)
    n = int(ends[-1])
    n_bins = min(n_bins, len(counts))
    firsts = [0]
    for k in range(1, n_bins):
        wanted = (n - 1) * k // n_bins + 1
        least, most = firsts[-1] + 1, len(counts) - (n_bins - k)
        place = int(np.searchsorted(ends, wanted))  # the first group that ends there, or behind
        if place and wanted - ends[place - 1] <= ends[place] - wanted:
            place -= 1
        firsts.append(min(max(place + 1, least), most))
    return firsts


def _between(low: float, high: float) -> Decimal:
    """Return a number of few digits that is above one number, and not above another; finite.

    Examples
    --------
    >>> [float(_between(*ends)) for ends in ((1.9876, 2.0345), (17.0, 18.0), (-0.25, 0.0))]
    [2.0, 18.0, 0.0]
    >>> [float(_between(low, math.inf)) for low in (1.0, 1.9876, 17.0, 0.0, -math.inf)]
    [2.0, 2.0, 20.0, 1.0, 0.0]
    """
    if high == math.inf:
        high = _above(low)
    least, most = Decimal(repr(low)), Decimal(repr(high + 0.0))
    shorter = (Context(prec=n, rounding=ROUND_FLOOR).plus(most) for n in range(1, _DIGITS))
    return next((number for number in shorter if number > least), most)


def _above(low: float) -> float:
    """Return a number of few digits that is greater than one that is not the greatest."""
    if low in (0.0, -math.inf):
        return float(low == 0.0)
    exact = Decimal(repr(low))
    shorter = (float(Context(prec=n).next_plus(exact)) for n in range(1, _DIGITS))
    return next((n for n in shorter if low < n < math.inf), math.nextafter(low, math.inf))


def in_order(
    costs: Mapping[Names, tuple[float, int]], cuts: Sequence[Cut | None] = ()
) -> list[Names]:
    """Order segments as every table has them.

    Those that cost most come first. Where a column is cut, segments are in the order of its
    intervals instead, and no number is last; of several columns, the first comes first, and words
    are ordered by what all of their segments cost.

    Parameters
    ----------
    costs : mapping of tuple of str to tuple of float and int
        What each segment costs, by its words; of equal costs, more rows come first.
    cuts : sequence of Cut or None, optional
        One for each column, None where its words part the rows.

    Examples
    --------
    >>> costs = {("", "f"): (3.0, 1), ("below 1", "f"): (1.0, 1), ("below 1", "m"): (2.0, 1)}
    >>> in_order(costs, (Cut((Decimal(1),)), None))
    [('below 1', 'f'), ('below 1', 'm'), ('', 'f')]
    >>> in_order(costs)
    [('', 'f'), ('below 1', 'm'), ('below 1', 'f')]
    """
    if not any(cuts):
        return sorted(costs, key=lambda names: (-costs[names][0], -costs[names][1], names))
    places: list[dict[str, int]] = []
    for at, cut in enumerate(cuts):
        if cut is not None:
            words: Sequence[str] = cut.words
        else:
            by_word: dict[tuple[str, ...], tuple[float, int]] = {}
            for names, (cost, n) in costs.items():
                before, n_before = by_word.get((names[at],), (0.0, 0))
                by_word[names[at],] = (before + cost, n_before + n)
            words = [word for (word,) in in_order(by_word)]
        places.append({word: place for place, word in enumerate(words)})
    return sorted(costs, key=lambda names: tuple(map(dict.__getitem__, places, names)))


def _least_float(edge: Decimal, kind: np.dtype[Any]) -> Any:  # noqa: ANN401 -- of that kind
    """Return the least float whose text is the edge, or a greater number."""
    with np.errstate(over="ignore", under="ignore"):
        near = kind.type(str(edge))
        if Decimal(str(near)) >= edge:
            return near
        return np.nextafter(near, kind.type(np.inf))


def _text(edge: Decimal) -> str:
    """Write a number as cells of its value are written."""
    if abs(edge) < _IN_FULL and edge == edge.to_integral_value():
        return str(int(edge))
    near = repr(float(edge))
    return near if Decimal(near) == edge else str(edge.normalize())
