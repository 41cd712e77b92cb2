"""How the losses of two models differ on the same rows, and whether by more than chance."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from bce_cli.core.extremes import ChangedRows
from bce_cli.core.groups import divisors_of
from bce_cli.core.inference import holm_adjusted, interval_of, level_of, power_of, two_sided_p
from bce_cli.core.report import NATS_PER
from bce_cli.core.rows import weighted
from bce_cli.core.state import State
from bce_cli.core.totals import Moments
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.cluster_moments import ClusteredRows
    from bce_cli.core.conventions import Convention
    from bce_cli.core.extremes import ChangedRow
    from bce_cli.core.groups import Clusters, ClusterSums
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import BoolArray, FloatArray, Rows


@dataclass(frozen=True, slots=True)
class DifferenceTotals(State):
    """How the losses of a model differ from those of the baseline, row by row.

    Each difference is the float64 loss under the model minus that under the baseline; sums of
    differences and of their squares are exact.

    Attributes
    ----------
    n_better, n_worse, n_tied : int
        Rows on which the model's loss is lower, higher and the same; rows of weight 0 are none.
    n_only_baseline_infinite, n_only_model_infinite, n_both_infinite : int
        Rows that are in no sum, since a loss is infinite.
    moments : Moments
        Differences times weights over what the mean divides by, on the other rows.
    clusters : ClusterSums or None
        The same by cluster.
    """

    n_better: int
    n_worse: int
    n_tied: int
    n_only_baseline_infinite: int
    n_only_model_infinite: int
    n_both_infinite: int
    moments: Moments
    clusters: ClusterSums | None

    @classmethod
    def of(
        cls,
        rows: Rows,
        before: FloatArray,
        after: FloatArray,
        differences: FloatArray,
        convention: Convention,
        *,
        clusters: Clusters | None,
    ) -> DifferenceTotals:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
            As the convention holds them; what they say of predictions does not matter.
        before, after : ndarray of float64, shape (n,)
            Losses under the baseline, and under the model.
        differences : ndarray of float64, shape (n,)
            What `weighted_differences` makes of these.
        convention : Convention
        clusters : Clusters or None
            Of these rows.
        """
        found = row_differences(rows, before, after, differences, convention)
        finite, divisors = found.finite, found.divisors
        return cls(
            **{name: _count(mask) for name, mask in found.masks.items()},
            moments=Moments.of(finite, divisors),
            clusters=None if clusters is None else clusters.sums(finite, divisors),
        )

    @property
    def pairs(self) -> Moments:
        """Moments of what is independent: rows or, where there are any, clusters."""
        return self.moments if self.clusters is None else self.clusters.moments


class RowDifferences(NamedTuple):
    """How a model differs from the baseline, by row.

    Attributes
    ----------
    masks : dict of str to ndarray of bool, shape (n,)
        Which rows each count of `DifferenceTotals` has.
    finite : ndarray of float64, shape (n,)
        Differences times weights, 0 where a loss is infinite.
    divisors : ndarray of float64, shape (n,), or None
        What each adds to the divisor of the mean; None where that is 1 for every row.
    """

    masks: dict[str, BoolArray]
    finite: FloatArray
    divisors: FloatArray | None


def row_differences(
    rows: Rows,
    before: FloatArray,
    after: FloatArray,
    differences: FloatArray,
    convention: Convention,
) -> RowDifferences:
    """Tell apart what `DifferenceTotals.of`, which has these parameters, counts and sums up."""
    divisors = divisors_of(rows, convention)
    counted = np.ones(len(rows), np.bool_) if divisors is None else divisors > 0.0
    better, worse = counted & (after < before), counted & (after > before)
    lone_before, lone_after, both = _infinite_rows(before, after, rows.weights)
    finite, divisors = _finite(differences, divisors, lone_before | lone_after | both)
    masks = {
        "n_better": better,
        "n_worse": worse,
        "n_tied": counted & ~(better | worse),
        "n_only_baseline_infinite": lone_before,
        "n_only_model_infinite": lone_after,
        "n_both_infinite": both,
    }
    return RowDifferences(masks, finite, divisors)


def _infinite_rows(
    before: FloatArray, after: FloatArray, weights: FloatArray | None
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Return the rows that cost infinity under the first model alone, the second, and both."""
    first, second = np.isinf(before), np.isinf(after)
    if weights is not None:  # a row of weight 0 counts for nothing
        first, second = first & (weights > 0.0), second & (weights > 0.0)
    both = first & second
    return first & ~both, second & ~both, both


def weighted_differences(
    before: FloatArray, after: FloatArray, weights: FloatArray | None
) -> FloatArray:
    """Return weight times difference; 0 where both losses are infinite."""
    differences = np.zeros(len(before))
    np.subtract(after, before, out=differences, where=after != before)
    return weighted(differences, weights)


def _finite(
    differences: FloatArray, divisors: FloatArray | None, excluded: BoolArray
) -> tuple[FloatArray, FloatArray | None]:
    """Let rows of an infinite loss count for nothing."""
    if not excluded.any():
        return differences, divisors
    rest = np.where(excluded, 0.0, 1.0 if divisors is None else divisors)
    return np.where(excluded, 0.0, differences), rest


def paired_moments(
    rows: Rows, before: FloatArray, after: FloatArray, clusters: ClusteredRows | None
) -> tuple[Moments, Infinite | None]:
    """Sum up differences of losses alone, where all rows are at hand and put into clusters.

    Parameters
    ----------
    rows : Rows
    before, after : ndarray of float64, shape (n,)
        Losses, whose mean divides by the weights.
    clusters : ClusteredRows or None
        Of these rows.

    Returns
    -------
    moments : Moments
        Of the rows on which both losses are finite, or of their clusters.
    infinite : {"baseline", "model", "both"} or None
        Whose mean loss is infinite.
    """
    lone_before, lone_after, both = _infinite_rows(before, after, rows.weights)
    excluded = lone_before | lone_after | both
    finite, divisors = _finite(
        weighted_differences(before, after, rows.weights), rows.weights, excluded
    )
    moments = (Moments.of if clusters is None else clusters.moments)(finite, divisors)
    are_both = bool(both.any())
    return moments, _infinite(
        baseline=are_both or bool(lone_before.any()), model=are_both or bool(lone_after.any())
    )


def _count(mask: BoolArray) -> int:
    return int(np.count_nonzero(mask))


_ROUNDING = 2.0**-40
"""A standard error below this share of the mean is that of differences equal but for rounding."""

Infinite: TypeAlias = Literal["baseline", "model", "both"]

Verdict: TypeAlias = Literal["better", "worse", "equivalent", "undecided"]
"""On a model, against the baseline."""

INFINITE_VALUES: dict[Infinite, float | None] = {
    "baseline": -math.inf,
    "model": math.inf,
    "both": None,
}
"""The mean difference where that mean loss is infinite."""


@dataclass(frozen=True, slots=True)
class Difference:
    """A mean difference of losses, model minus baseline, so below 0 the model is better.

    Attributes
    ----------
    n : int
        Rows on which both losses are finite.
    value : float or None
        Their (weighted) mean difference; None if there are none.
    std_error : float or None
        Of that mean, from the sample variance of the differences or, with clusters, of their sums.
    ci_low, ci_high : float or None
        Interval by Student's t distribution.
    t, p_value : float or None
        Paired t-test of no difference; None if all differences are the same, but for rounding.
    df : int or None
        Degrees of freedom: rows, or clusters, less one.
    p_adjusted : float or None
        `p_value` adjusted by Holm's procedure for the number of models, or of segments; see
        `adjusted`.
    detectable_difference : float or None
    rows_needed : int or None
        See `bce_cli.core.inference.Power`.
    """

    n: int
    value: float | None = None
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    t: float | None = None
    df: int | None = None
    p_value: float | None = None
    p_adjusted: float | None = None
    detectable_difference: float | None = None
    rows_needed: int | None = None

    def with_power(self) -> Difference:
        """Return the same with the power of these rows."""
        found = power_of(self.value, self.std_error, self.df or 0, self.n)
        return replace(self, **found._asdict())

    def verdict(self, confidence: float, margin: float | None = None) -> Verdict:
        """Say whether the model is better on these rows; see `DifferenceReport.verdict`."""
        value, low, high = self.value, self.ci_low, self.ci_high
        if value is None or low is None or high is None:
            return "undecided"
        if margin is not None and -margin <= low and high <= margin:
            return "equivalent"
        if self.t is None:  # differences do not vary, so that no test applies
            return "undecided" if value == 0.0 else "better" if value < 0.0 else "worse"
        if self.p_adjusted is None or self.p_adjusted > level_of(confidence):
            return "undecided"
        return "better" if value < 0.0 else "worse"


@dataclass(frozen=True, slots=True)
class DifferenceReport:
    """One model against the baseline.

    Attributes
    ----------
    model : str
    infinite : {"baseline", "model", "both"} or None
        Whose mean loss is infinite.
    finite : Difference
        Over the rows on which both losses are finite: all of them, if `infinite` is None.
    n_better, n_worse, n_tied : int
        Rows on which the model's loss is lower, higher and the same.
    n_only_baseline_infinite, n_only_model_infinite, n_both_infinite : int
    gained, lost : tuple of ChangedRow
        The rows of greatest change, in the unit of the report.
    """

    model: str
    infinite: Infinite | None
    finite: Difference
    n_better: int
    n_worse: int
    n_tied: int
    n_only_baseline_infinite: int
    n_only_model_infinite: int
    n_both_infinite: int
    gained: tuple[ChangedRow, ...]
    lost: tuple[ChangedRow, ...]

    @property
    def value(self) -> float | None:
        """Mean difference over all rows: infinite, or None where both means are."""
        return self.finite.value if self.infinite is None else INFINITE_VALUES[self.infinite]

    def verdict(self, confidence: float, margin: float | None = None) -> Verdict:
        """Say whether the model is better than the baseline, by the mean over all rows.

        Parameters
        ----------
        confidence : float
            Of the test, whose p value is adjusted, and of the interval, which is not.
        margin : float, optional
            A difference up to that is too small to matter: where both ends of the interval are
            within it, models are equivalent, whichever is better. That is two one-sided tests, each
            at half of what the confidence leaves (Schuirmann, J. Pharmacokinet. Biopharm. 15,
            1987).
        """
        if self.infinite is not None:
            return _BY_INFINITY[self.infinite]
        return self.finite.verdict(confidence, margin)


_BY_INFINITY: dict[Infinite, Verdict] = {
    "baseline": "better",
    "model": "worse",
    "both": "undecided",
}


def difference_report(
    name: str,
    totals: DifferenceTotals,
    unit: Unit,
    confidence: float,
    changed: tuple[ChangedRows, ChangedRows] | None = None,
) -> DifferenceReport:
    """Derive the figures of one model against the baseline from their totals.

    Parameters
    ----------
    name : str
        Of the model.
    totals : DifferenceTotals
    unit : {"nats", "bits"}
    confidence : float
    changed : tuple of two ChangedRows, optional
        The rows that gained most, and those that lost most.
    """
    nats = NATS_PER[unit]
    gained, lost = (
        tuple(replace(row, difference=row.difference / nats) for row in extremes.rows)
        for extremes in changed or (ChangedRows(0), ChangedRows(0))
    )
    return DifferenceReport(
        model=name,
        infinite=_infinite_means(totals),
        finite=difference_of(totals.moments.n, totals.pairs, nats, confidence),
        n_better=totals.n_better,
        n_worse=totals.n_worse,
        n_tied=totals.n_tied,
        n_only_baseline_infinite=totals.n_only_baseline_infinite,
        n_only_model_infinite=totals.n_only_model_infinite,
        n_both_infinite=totals.n_both_infinite,
        gained=gained,
        lost=lost,
    )


def adjusted(items: Sequence[DifferenceReport]) -> list[DifferenceReport]:
    """Adjust p values for the number of tests, by Holm's procedure.

    A difference that is infinite, or of two infinite means, is told without a test, and so none of
    those that others are adjusted for. What it comes to over the other rows is a further test, and
    adjusted for all.
    """
    p_values = [item.finite.p_value for item in items]
    of_all = holm_adjusted(p_values)
    of_tested = holm_adjusted(
        [None if item.infinite else p for item, p in zip(items, p_values, strict=True)]
    )
    return [
        replace(item, finite=replace(item.finite, p_adjusted=rest if item.infinite else own))
        for item, own, rest in zip(items, of_tested, of_all, strict=True)
    ]


def _infinite_means(totals: DifferenceTotals) -> Infinite | None:
    n_baseline = totals.n_only_baseline_infinite + totals.n_both_infinite
    n_model = totals.n_only_model_infinite + totals.n_both_infinite
    return _infinite(baseline=n_baseline > 0, model=n_model > 0)


def _infinite(*, baseline: bool, model: bool) -> Infinite | None:
    if baseline and model:
        return "both"
    if baseline:
        return "baseline"
    return "model" if model else None


def difference_of(n: int, moments: Moments, nats: float, confidence: float) -> Difference:
    """Derive a mean difference over n rows, and its interval, from their moments."""
    value, error = moments.ratio, moments.standard_error()
    if value is None:
        return Difference(n)
    value /= nats
    if error is None:
        return Difference(n, value)
    error /= nats
    df = moments.n - 1
    low, high = interval_of(value, error, confidence, df)
    t = value / error if error > _ROUNDING * abs(value) else None
    p_value = None if t is None else two_sided_p(t, df)
    return Difference(n, value, error, low, high, t, df, p_value)
