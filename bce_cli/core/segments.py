"""Rows parted by the words of columns into segments, each with sums and figures of its own."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Generic, Self, TypeAlias, TypeVar

from bce_cli.core.cuts import in_order
from bce_cli.core.groups import grouped
from bce_cli.core.report import LossReport, check_unit, loss_report
from bce_cli.core.state import State
from bce_cli.errors import DataError, argument, given

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.cuts import Cut
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Places, Rows
    from bce_cli.core.totals import LossTotals

    Names: TypeAlias = tuple[str, ...]

S = TypeVar("S", bound=State)

MOST_SEGMENTS = 10_000
"""A segment takes some kilobytes, and nobody reads a table of more."""

FEW = 30
"""Rows below which the figures of a segment are not to be trusted."""


@dataclass(frozen=True, slots=True)
class Segmented(State, Generic[S]):
    """A state for each segment: for the rows of the same words in the columns that part them.

    Attributes
    ----------
    totals : dict of tuple of str to State
        Row numbers in them count the rows of the segment.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.conventions import EXACT
    >>> from bce_cli.core.rows import Categories, Rows
    >>> from bce_cli.core.totals import LossTotals
    >>> sites = Categories(np.array([0, 1, 0], np.int32), ("a", "b"))
    >>> rows = Rows(np.array([True, True, False]), np.array([0.5, 0.25, 0.5]), segments=(sites,))
    >>> found = Segmented.of(rows, lambda part, _: LossTotals.of(part, EXACT.losses(part), EXACT))
    >>> {name: float(totals.losses) for name, totals in found.totals.items()}
    {('a',): 1.3862943611198906, ('b',): 1.3862943611198906}
    """

    totals: dict[Names, S] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Rows, totals_of: Callable[[Rows, Places], S]) -> Self:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
            Without segments there are none.
        totals_of : callable (Rows, ndarray of int) -> State
            Sums up the rows of one segment, which stand at these places of all rows.

        Raises
        ------
        DataError
            There are more than `MOST_SEGMENTS`.
        """
        found = cls()
        if not rows.segments or len(rows) == 0:
            return found
        order, starts, names = grouped(rows.words)
        if len(names) > MOST_SEGMENTS:
            raise too_many_segments()
        rows = replace(rows, ids=None, segments=()).at(order)
        for name, (start, stop) in zip(names, pairwise([*starts.tolist(), len(rows)]), strict=True):
            part = slice(start, stop)
            found._add(name, totals_of(rows.at(part), order[part]))
        return found

    def _add(self, name: Names, totals: S) -> None:
        if name in self.totals:
            self.totals[name] += totals
        else:
            self.totals[name] = totals

    def __iadd__(self, other: Self) -> Self:
        """Merge with the totals of the rows that follow.

        Raises
        ------
        DataError
            There are more than `MOST_SEGMENTS` now.
        """
        # By hand: segments meet by name, and there is a limit to them.
        for name, totals in other.totals.items():
            self._add(name, totals)
        if len(self.totals) > MOST_SEGMENTS:
            raise too_many_segments()
        return self


def too_many_segments() -> DataError:
    """Return the error of rows that are parted by the wrong column."""
    message = f"the rows fall into more than {MOST_SEGMENTS:,} segments"
    few = f"{argument('by')} is for columns of few different values"
    return DataError(message, f"{few}; {given(cut='quantile:5')} makes few intervals of numbers")


@dataclass(frozen=True, slots=True)
class SegmentReport:
    """One segment beside the others.

    Attributes
    ----------
    names : tuple of str
        Its words in the columns that part the rows.
    n : int
    report : LossReport or None
        None where all weights are 0. Its skill is over the base rate of the segment.
    share_of_total : float or None
        Of the sum of all losses; None where that is infinite or 0.
    is_small : bool
        Whether there are too few rows for its interval to be trusted.
    """

    names: tuple[str, ...]
    n: int
    report: LossReport | None
    share_of_total: float | None
    is_small: bool


def segment_reports(
    segments: Segmented[LossTotals],
    whole: LossReport,
    unit: Unit = "nats",
    cuts: Sequence[Cut | None] = (),
) -> tuple[SegmentReport, ...]:
    """Derive the figures of each segment that has rows.

    Parameters
    ----------
    segments : Segmented of LossTotals
    whole : LossReport
        Of all rows, in the same unit.
    unit : {"nats", "bits"}, default "nats"
    cuts : sequence of Cut or None, optional
        See `in_order`.

    Returns
    -------
    tuple of SegmentReport
        Highest total loss first, or in the order of the cuts.
    """
    check_unit(unit)
    found = {
        names: _report(names, totals, whole, unit)
        for names, totals in segments.totals.items()
        if totals.n
    }
    costs = {names: (_total(item), item.n) for names, item in found.items()}
    return tuple(found[names] for names in in_order(costs, cuts))


def _report(names: Names, totals: LossTotals, whole: LossReport, unit: Unit) -> SegmentReport:
    report = loss_report(totals, unit) if totals.weights.units else None
    share = None
    if report is not None and 0.0 < whole.total_loss < float("inf"):
        share = report.total_loss / whole.total_loss
    return SegmentReport(names, totals.n, report, share, totals.n < FEW)


def _total(item: SegmentReport) -> float:
    return 0.0 if item.report is None else item.report.total_loss
