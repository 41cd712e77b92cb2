"""Where the loss comes from: totals of each of several segments of the rows."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import TYPE_CHECKING, Self, TypeAlias

from bce_cli.core.groups import grouped
from bce_cli.core.report import LossReport, loss_report
from bce_cli.core.totals import LossTotals
from bce_cli.errors import DataError

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Rows

    Names: TypeAlias = tuple[str, ...]

MOST_SEGMENTS = 10_000
"""A segment takes some kilobytes, and nobody reads a table of more."""

_FEW = 30


@dataclass(frozen=True, slots=True)
class SegmentTotals:
    """The totals of the rows that have the same words in the columns that part them.

    Attributes
    ----------
    totals : dict of tuple of str to LossTotals
        Row numbers in them count the rows of the segment.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.conventions import EXACT
    >>> from bce_cli.core.row_columns import Categories
    >>> from bce_cli.core.rows import Rows
    >>> sites = Categories(np.array([0, 1, 0], np.int32), ("a", "b"))
    >>> rows = Rows(np.array([True, True, False]), np.array([0.5, 0.25, 0.5]), segments=(sites,))
    >>> found = SegmentTotals.of(rows, EXACT.losses(rows), EXACT)
    >>> {name: float(totals.losses) for name, totals in found.totals.items()}
    {('a',): 1.3862943611198906, ('b',): 1.3862943611198906}
    """

    totals: dict[Names, LossTotals] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, convention: Convention) -> SegmentTotals:
        """Sum up some rows, given their losses under the convention.

        Raises
        ------
        DataError
            There are more than `MOST_SEGMENTS`.
        """
        found = cls()
        if not rows.segments or len(rows) == 0:
            return found
        order, starts, names = grouped(rows.segments)
        if len(names) > MOST_SEGMENTS:
            raise _too_many()
        rows = replace(rows, ids=None, rivals=(), cluster=None, segments=()).at(order)
        losses = losses[order]
        for name, (start, stop) in zip(names, pairwise([*starts.tolist(), len(rows)]), strict=True):
            part = slice(start, stop)
            found._add(name, LossTotals.of(rows.at(part), losses[part], convention))
        return found

    def _add(self, name: Names, totals: LossTotals) -> None:
        before = self.totals.get(name)
        self.totals[name] = totals if before is None else before + totals

    def __iadd__(self, other: SegmentTotals) -> Self:
        """Take in the totals of the rows that follow.

        Raises
        ------
        DataError
            There are more than `MOST_SEGMENTS` now.
        """
        for name, totals in other.totals.items():
            self._add(name, totals)
        if len(self.totals) > MOST_SEGMENTS:
            raise _too_many()
        return self


def _too_many() -> DataError:
    message = f"the rows fall into more than {MOST_SEGMENTS:,} segments"
    return DataError(message, "--by is for columns of few different values")


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
    segments: SegmentTotals, whole: LossReport, unit: Unit = "nats"
) -> tuple[SegmentReport, ...]:
    """Derive the figures of each segment that has rows.

    Parameters
    ----------
    segments : SegmentTotals
    whole : LossReport
        Of all rows, in the same unit.
    unit : {"nats", "bits"}, default "nats"

    Returns
    -------
    tuple of SegmentReport
        Highest total loss first.
    """
    found = [
        _report(names, totals, whole, unit) for names, totals in segments.totals.items() if totals.n
    ]
    return tuple(sorted(found, key=_rank))


def _report(names: Names, totals: LossTotals, whole: LossReport, unit: Unit) -> SegmentReport:
    report = loss_report(totals, unit) if totals.weights.units else None
    share = None
    if report is not None and 0.0 < whole.total_loss < float("inf"):
        share = report.total_loss / whole.total_loss
    return SegmentReport(names, totals.n, report, share, totals.n < _FEW)


def _rank(item: SegmentReport) -> tuple[float, int, Names]:
    total = 0.0 if item.report is None else item.report.total_loss
    return (-total, -item.n, item.names)
