"""Rows parted by the words of columns into segments, each with sums and figures of its own."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from functools import reduce
from itertools import pairwise
from operator import iadd
from typing import TYPE_CHECKING, Generic, Self, TypeAlias, TypeVar

from bce_cli.core.cuts import in_order
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.groups import clusters_of, grouped, losses_by_cluster, weights_of
from bce_cli.core.inference import at_confidence, interval_of, t_quantile
from bce_cli.core.report import FEW, LossReport, check_unit, loss_report
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals, Moments
from bce_cli.errors import DataError, argument, given

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.conventions import Convention
    from bce_cli.core.cuts import Cut
    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Places, Rows

    Names: TypeAlias = tuple[str, ...]

S = TypeVar("S", bound=State)

MOST_SEGMENTS = 10_000
"""A segment takes some kilobytes, and nobody reads a table of more."""


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
class SegmentSums(State):
    """What the rows of a segment come to, beside what those of all come to.

    Attributes
    ----------
    losses : LossTotals
    predictions : ExactSum
        Of the predictions as they were given, times weights.
    errors : Moments
        Of label minus prediction, times weight, over the weights.
    loss_clusters, error_clusters : ClusterSums or None
        Losses and these errors by cluster, where rows have such.
    """

    losses: LossTotals
    predictions: ExactSum
    errors: Moments
    loss_clusters: ClusterSums | None
    error_clusters: ClusterSums | None

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, convention: Convention) -> SegmentSums:
        """Sum up some rows, given their losses under the convention, which holds them."""
        weights, given, divisors = rows.weights, rows.probabilities, weights_of(rows)
        errors = weighted(as_floats(convention.hardened(rows).labels) - given, weights)
        if weights is None:
            predictions = ExactSum.of(given)
        else:
            predictions = ExactSum.of_products(given, weights)
        clusters = clusters_of(rows)
        return cls(
            LossTotals.of(rows, losses, convention),
            predictions,
            Moments.of(errors, divisors),
            losses_by_cluster(clusters, rows, losses, convention),
            None if clusters is None else clusters.sums(errors, divisors),
        )

    def gap(self, confidence: float) -> Gap:
        """Return how far the predictions are off on average, where there is a weight."""
        promised = 0.0  # of shares, which are not spread as events are
        if not self.losses.n_soft:
            promised = promised_error(self.mean_prediction, self.errors.effective_n)
        if self.error_clusters is None:
            return gap_of(self.errors, confidence, promised=promised)
        moments = self.error_clusters.moments
        return gap_of(moments, confidence, promised=promised, are_clusters=True)

    @property
    def mean_prediction(self) -> float:
        """By weight, where there is one."""
        return self.predictions.units / self.losses.weights.units


@dataclass(frozen=True, slots=True)
class Gap:
    """How far predictions are off on average.

    Attributes
    ----------
    value : float
        Weighted mean of label minus prediction: above 0, predictions are too low.
    std_error, ci_low, ci_high : float or None
        By linearisation, and robust to clusters where there are any; None for want of rows.
    promised_error : float
        What the standard error may be at most if the predictions are true; see `promised_error`.
    df : float
        Degrees of freedom of the interval.

    Examples
    --------
    >>> gap = Gap(-0.004, 0.001, -0.006, -0.002, promised_error=0.003)  # of next to no events
    >>> gap.is_off(0.95), Gap(-0.004, 0.001).is_off(0.95)
    (False, True)
    """

    value: float
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    promised_error: float = 0.0
    df: float = math.inf

    @property
    def certainty(self) -> float:
        """How many standard errors, the larger of the two, it is away from 0."""
        error = max(self.std_error or 0.0, self.promised_error)
        return abs(self.value) / error if error else math.inf if self.value else 0.0

    def is_off(self, confidence: float) -> bool:
        """Whether predictions that are true would hardly have it, by the larger standard error.

        The spread of events that are rare is told by those few that happened: where they are
        fewer than was to be expected, it is too small, and so is the interval.

        Parameters
        ----------
        confidence : float
            In (0, 1).
        """
        if self.std_error is None:
            return False
        return self.certainty > t_quantile(confidence, self.df)


def off_beyond_chance(gaps: Sequence[Gap | None], confidence: float) -> list[int]:
    """Return the places of gaps that chance alone hardly makes among so many; the widest first.

    With true predictions, the chance that there are any is at most one minus the confidence, as
    far as gaps are normally distributed (Bonferroni).

    Parameters
    ----------
    gaps : sequence of Gap or None
    confidence : float
        In (0, 1).

    Examples
    --------
    >>> off_beyond_chance([Gap(0.1, 0.02), None, Gap(-0.2, 0.05), Gap(0.1, 0.05)], 0.95)
    [2, 0]
    """
    known = [(place, gap) for place, gap in enumerate(gaps) if gap and gap.std_error is not None]
    each = 1.0 - (1.0 - confidence) / max(len(known), 1)
    off = [(place, gap) for place, gap in known if gap.is_off(each)]
    return [place for place, _ in sorted(off, key=lambda pair: -abs(pair[1].value))]


def promised_error(mean_prediction: float, effective_n: float) -> float:
    """Return the most that the standard error of a gap may be if all predictions are true.

    The variance of labels is then the mean of p (1 - p), which is at most that of the mean
    prediction, for p (1 - p) is concave.

    Parameters
    ----------
    mean_prediction : float
        In [0, 1].
    effective_n : float
        Rows, or how many of equal weight say as much; 0 where that underflows.

    Examples
    --------
    >>> promised_error(0.5, 100)
    0.05
    """
    if not effective_n:
        return math.inf
    return math.sqrt(max(mean_prediction * (1.0 - mean_prediction), 0.0) / effective_n)


def gap_of(
    moments: Moments,
    confidence: float = 0.95,
    *,
    promised: float = 0.0,
    are_clusters: bool = False,
) -> Gap:
    """Return the mean of label minus prediction, and its interval.

    Parameters
    ----------
    moments : Moments
        Of weight times that difference, over the weight; of rows, or of clusters. Some weight is
        above 0.
    confidence : float, default 0.95
        In (0, 1).
    promised : float, optional
        See `promised_error`.
    are_clusters : bool, default False
    """
    value, error = moments.ratio, moments.standard_error()
    assert value is not None  # noqa: S101 -- there is a weight
    if error is None:
        return Gap(value)
    df = moments.n - 1 if are_clusters else math.inf
    return Gap(value, error, *interval_of(value, error, confidence, df), promised, df)


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
    mean_prediction : float or None
        Weighted mean of the predictions as they were given, whatever the convention; None, as the
        gap is, where all weights are 0, or an older version has saved no such thing.
    gap : Gap or None
        The base rate, as the convention counts labels, minus that mean.
    n_clusters : int or None
    effective_clusters : float or None
        Those with a weight, and how many there are in effect (`Moments.effective_n`); None where
        rows are taken to be independent.
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
    mean_prediction: float | None = None
    gap: Gap | None = None
    n_clusters: int | None = None
    effective_clusters: float | None = None


def segment_reports(
    segments: Segmented[SegmentSums],
    whole: LossReport,
    unit: Unit = "nats",
    cuts: Sequence[Cut | None] = (),
    confidence: float = 0.95,
) -> tuple[SegmentReport, ...]:
    """Derive the figures of each segment that has rows.

    Parameters
    ----------
    segments : Segmented of SegmentSums
    whole : LossReport
        Of all rows, in the same unit.
    unit : {"nats", "bits"}, default "nats"
    cuts : sequence of Cut or None, optional
        See `in_order`.
    confidence : float, default 0.95
        Of every interval.

    Returns
    -------
    tuple of SegmentReport
        Highest total loss first, or in the order of the cuts.
    """
    check_unit(unit)
    found = {
        names: _report(names, sums, whole, unit, confidence)
        for names, sums in segments.totals.items()
        if sums.losses.n
    }
    costs = {names: (_total(item), item.n) for names, item in found.items()}
    return tuple(found[names] for names in in_order(costs, cuts))


@dataclass(frozen=True, slots=True)
class OtherSegments:
    """The segments that cost less than some others, taken together.

    Attributes
    ----------
    names : frozenset of tuple of str
        Their words.
    report : SegmentReport
        Of all their rows; it has no words.
    """

    names: frozenset[Names]
    report: SegmentReport


def other_segments(
    segments: Segmented[SegmentSums],
    found: Sequence[SegmentReport],
    most: int,
    whole: LossReport,
    confidence: float = 0.95,
) -> OtherSegments | None:
    """Take together all segments but the costliest; None where there are no others.

    Parameters
    ----------
    segments : Segmented of SegmentSums
        Used up.
    found : sequence of SegmentReport
        The figures of each, from `segment_reports`.
    most : int
        How many count as the costliest; of equal costs, those of more rows.
    whole : LossReport
        Of all rows, in the same unit.
    confidence : float, default 0.95
        Of every interval.
    """
    costs = {item.names: (_total(item), item.n) for item in found}
    rest = in_order(costs)[most:]
    if not rest:
        return None
    sums = reduce(iadd, (segments.totals[names] for names in rest))
    return OtherSegments(frozenset(rest), _report((), sums, whole, whole.unit, confidence))


def _report(
    names: Names, sums: SegmentSums, whole: LossReport, unit: Unit, confidence: float
) -> SegmentReport:
    totals, clusters = sums.losses, sums.loss_clusters
    told = (None, None) if clusters is None else (clusters.n, clusters.effective_n)
    if not totals.weights.units:
        return SegmentReport(names, totals.n, None, None, totals.n < FEW, None, None, *told)
    report = at_confidence(loss_report(totals, unit), totals.moments, clusters, confidence)
    share = None
    if 0.0 < whole.total_loss < math.inf:
        share = report.total_loss / whole.total_loss
    return SegmentReport(
        names,
        totals.n,
        report,
        share,
        totals.n < FEW,
        sums.mean_prediction,
        sums.gap(confidence),
        *told,
    )


def _total(item: SegmentReport) -> float:
    return 0.0 if item.report is None else item.report.total_loss
