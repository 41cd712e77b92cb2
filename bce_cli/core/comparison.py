"""Models set side by side on the same rows, and whether they differ by more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bce_cli.core.arguments import check_confidence
from bce_cli.core.conventions import EXACT, Convention, check_convention
from bce_cli.core.extremes import ChangedRows
from bce_cli.core.groups import ClusterSums
from bce_cli.core.report import NATS_PER, LossReport, check_unit, loss_report
from bce_cli.core.rows import weighted
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals, Moments, finite_losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.cluster_moments import ClusteredRows
    from bce_cli.core.conventions import Convention
    from bce_cli.core.extremes import ChangedRow
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import BoolArray, FloatArray, Rows


def t_quantile(confidence: float, df: float) -> float:
    """Return how many standard errors an interval reaches to either side.

    Parameters
    ----------
    confidence : float
        In (0, 1), such as 0.95.
    df : float
        Degrees of freedom, above 0; infinite for the normal distribution.

    Examples
    --------
    >>> round(t_quantile(0.95, 10), 6), round(t_quantile(0.95, float("inf")), 6)
    (2.228139, 1.959964)
    """
    from scipy.special import ndtri, stdtrit

    tail = (1.0 - confidence) / 2.0  # the lower one, which does not round to 1
    return -float(ndtri(tail) if math.isinf(df) else stdtrit(df, tail))


def two_sided_p(t: float, df: float) -> float:
    """Return the probability of a t at least as far from 0, if the mean is 0.

    Examples
    --------
    >>> round(two_sided_p(-2.228138852, 10), 9)
    0.05
    """
    from scipy.special import stdtr

    return 2.0 * float(stdtr(df, -abs(t)))


def holm_adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p values for having been several, by Holm's step-down procedure.

    With any of them below a level, the chance that one of those was no real difference is at most
    that level (Holm, Scand. J. Statist. 6, 1979). Undefined ones stay so, and are not counted.

    Examples
    --------
    >>> holm_adjusted([0.01, 0.5, 0.02, None])
    [0.03, 0.5, 0.04, None]
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        adjusted[place] = least
    return adjusted


@dataclass(frozen=True, slots=True)
class ModelTotals(State):
    """What one model comes to.

    Attributes
    ----------
    totals : LossTotals
    clusters : ClusterSums or None
        Weighted losses, and what the mean divides by.
    """

    totals: LossTotals
    clusters: ClusterSums | None

    @classmethod
    def of(
        cls, rows: Rows, losses: FloatArray, convention: Convention, reversed_losses: FloatArray
    ) -> ModelTotals:
        """Sum up some rows, given their losses under the convention, and those of 1 - p."""
        finite, _ = finite_losses(losses, rows.weights)
        clusters = _by_cluster(rows, finite, _divisors(rows, convention))
        return cls(LossTotals.of(rows, losses, convention, reversed_losses), clusters)


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
    gained, lost : ChangedRows
    """

    n_better: int
    n_worse: int
    n_tied: int
    n_only_baseline_infinite: int
    n_only_model_infinite: int
    n_both_infinite: int
    moments: Moments
    clusters: ClusterSums | None
    gained: ChangedRows
    lost: ChangedRows

    @classmethod
    def of(
        cls,
        baseline: tuple[Rows, FloatArray],
        model: tuple[Rows, FloatArray],
        convention: Convention,
        n_shown: int,
    ) -> DifferenceTotals:
        """Sum up some rows.

        Parameters
        ----------
        baseline, model : tuple of Rows and ndarray of float64, shape (n,)
            The same rows under either model, as the convention holds them, and their losses.
        convention : Convention
        n_shown : int
            Rows to keep in either direction.
        """
        (rows, before), (rival, after) = baseline, model
        divisors = _divisors(rows, convention)
        counted = np.ones(len(rows), np.bool_) if divisors is None else divisors > 0.0
        n_better, n_worse = _count(counted & (after < before)), _count(counted & (after > before))
        lone_before, lone_after, both = _infinite_rows(before, after, rows.weights)
        differences = _differences(before, after, rows.weights)
        finite, divisors = _finite(differences, divisors, lone_before | lone_after | both)
        return cls(
            n_better=n_better,
            n_worse=n_worse,
            n_tied=_count(counted) - n_better - n_worse,
            n_only_baseline_infinite=_count(lone_before),
            n_only_model_infinite=_count(lone_after),
            n_both_infinite=_count(both),
            moments=Moments.of(finite, divisors),
            clusters=_by_cluster(rows, finite, divisors),
            gained=ChangedRows.of(rows, rival, differences, sign=-1, limit=n_shown),
            lost=ChangedRows.of(rows, rival, differences, sign=1, limit=n_shown),
        )


def _infinite_rows(
    before: FloatArray, after: FloatArray, weights: FloatArray | None
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Return the rows that cost infinity under the first model alone, the second, and both."""
    first, second = np.isinf(before), np.isinf(after)
    if weights is not None:  # a row of weight 0 counts for nothing
        first, second = first & (weights > 0.0), second & (weights > 0.0)
    both = first & second
    return first & ~both, second & ~both, both


def _differences(before: FloatArray, after: FloatArray, weights: FloatArray | None) -> FloatArray:
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
    finite, divisors = _finite(_differences(before, after, rows.weights), rows.weights, excluded)
    moments = (Moments.of if clusters is None else clusters.moments)(finite, divisors)
    are_both = bool(both.any())
    return moments, _infinite(
        baseline=are_both or bool(lone_before.any()), model=are_both or bool(lone_after.any())
    )


def _by_cluster(rows: Rows, values: FloatArray, divisors: FloatArray | None) -> ClusterSums | None:
    return None if rows.cluster is None else ClusterSums.of(rows.cluster, values, divisors)


def _divisors(rows: Rows, convention: Convention) -> FloatArray | None:
    """Return what each row adds to the divisor of a mean; None where that is 1 for every row."""
    if rows.weights is not None and convention.rule.mean_over == "weights":
        return rows.weights
    return None if rows.missing is None else (~rows.missing).astype(np.float64)


def _count(mask: BoolArray) -> int:
    return int(np.count_nonzero(mask))


@dataclass(frozen=True, slots=True)
class ComparisonPlan:
    """What to find out about the rows.

    Attributes
    ----------
    convention : Convention
    n_shown : int
        Rows to keep of those that gain, and of those that lose, most.
    """

    convention: Convention = EXACT
    n_shown: int = 0

    def __post_init__(self) -> None:
        check_convention(self.convention)


@dataclass(frozen=True, slots=True)
class ComparisonTotals(State):
    """What some rows come to under every model.

    Attributes
    ----------
    models : tuple of ModelTotals
        The baseline first.
    differences : tuple of DifferenceTotals
        One for each model but the baseline.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Predictions, Rows
    >>> rival = Predictions(np.array([0.5, 0.5]))
    >>> rows = Rows(np.array([True, False]), np.array([0.25, 0.75]), rivals=(rival,))
    >>> totals = ComparisonTotals.of(rows, ComparisonPlan())
    >>> totals.differences[0].moments.ratio, totals.differences[0].n_better
    (-0.6931471805599453, 2)
    """

    models: tuple[ModelTotals, ...]
    differences: tuple[DifferenceTotals, ...]

    @classmethod
    def of(cls, rows: Rows, plan: ComparisonPlan) -> ComparisonTotals:
        """Sum up some rows."""
        convention = plan.convention
        held = [convention.held(model) for model in rows.under_models()]
        losses, reversed_losses = zip(*map(convention.losses_both_ways, held), strict=True)
        baseline, *rivals = zip(held, losses, strict=True)
        models = zip(held, losses, reversed_losses, strict=True)
        return cls(
            tuple(ModelTotals.of(rows, own, convention, other) for rows, own, other in models),
            tuple(
                DifferenceTotals.of(baseline, rival, convention, plan.n_shown) for rival in rivals
            ),
        )


_ROUNDING = 2.0**-40
"""A standard error below this share of the mean is that of differences equal but for rounding."""

Infinite: TypeAlias = Literal["baseline", "model", "both"]

INFINITE_VALUES: dict[Infinite, float | None] = {
    "baseline": -math.inf,
    "model": math.inf,
    "both": None,
}
"""The mean difference where that mean loss is infinite."""


@dataclass(frozen=True, slots=True)
class ModelReport:
    """One model by itself.

    Attributes
    ----------
    name : str
    report : LossReport
        Its own `std_error`, `ci_low` and `ci_high` take rows to be independent.
    std_error, ci_low, ci_high : float or None
        Of the mean, at the confidence of the comparison; with clusters, robust to them.
    """

    name: str
    report: LossReport
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None


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
        `p_value` adjusted by Holm's procedure for the number of models.
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


@dataclass(frozen=True, slots=True)
class ComparisonReport:
    """Every model by itself, and against the first.

    Attributes
    ----------
    n : int
    unit : {"nats", "bits"}
    confidence : float
        Of every interval.
    n_clusters : int or None
        None where rows are taken to be independent.
    models : tuple of ModelReport
        The baseline first.
    comparisons : tuple of DifferenceReport
        One for each of the others.
    """

    n: int
    unit: Unit
    confidence: float
    n_clusters: int | None
    models: tuple[ModelReport, ...]
    comparisons: tuple[DifferenceReport, ...]


def comparison_report(
    totals: ComparisonTotals, names: Sequence[str], unit: Unit = "nats", confidence: float = 0.95
) -> ComparisonReport:
    """Derive all figures from the totals of at least one row.

    Parameters
    ----------
    totals : ComparisonTotals
    names : sequence of str
        What the models are called, the baseline first.
    unit : {"nats", "bits"}, default "nats"
    confidence : float, default 0.95

    Raises
    ------
    DataError
        If there are no rows, or none with a weight.
    ArgumentError
        `unit` is not known, or `confidence` is not in (0, 1).

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.comparison import ComparisonPlan, ComparisonTotals
    >>> from bce_cli.core.rows import Predictions, Rows
    >>> rival = Predictions(np.array([0.5, 0.5, 0.5]))
    >>> labels = np.array([True, False, True])
    >>> rows = Rows(labels, np.array([0.25, 0.75, 0.5]), rivals=(rival,))
    >>> totals = ComparisonTotals.of(rows, ComparisonPlan())
    >>> (found,) = comparison_report(totals, ["a", "b"], "bits").comparisons
    >>> found.value, found.n_better, found.n_tied, round(found.finite.p_value, 6)
    (-0.6666666666666666, 2, 1, 0.183503)
    """
    check_unit(unit)
    check_confidence(confidence)
    models = tuple(
        _model_report(name, model, unit, confidence)
        for name, model in zip(names, totals.models, strict=True)
    )
    comparisons = [
        difference_report(name, difference, unit, confidence)
        for name, difference in zip(names[1:], totals.differences, strict=True)
    ]
    adjusted = holm_adjusted([item.finite.p_value for item in comparisons])
    clusters = totals.models[0].clusters
    return ComparisonReport(
        n=models[0].report.n,
        unit=unit,
        confidence=confidence,
        n_clusters=None if clusters is None else clusters.moments.n,
        models=models,
        comparisons=tuple(
            replace(item, finite=replace(item.finite, p_adjusted=p))
            for item, p in zip(comparisons, adjusted, strict=True)
        ),
    )


def _model_report(name: str, model: ModelTotals, unit: Unit, confidence: float) -> ModelReport:
    report = loss_report(model.totals, unit)
    moments = model.totals.moments if model.clusters is None else model.clusters.moments
    error = None if math.isinf(report.mean_loss) else moments.standard_error()
    if error is None:
        return ModelReport(name, report)
    error /= NATS_PER[unit]
    df = math.inf if model.clusters is None else moments.n - 1
    reach = t_quantile(confidence, df) * error
    return ModelReport(name, report, error, report.mean_loss - reach, report.mean_loss + reach)


def difference_report(
    name: str, totals: DifferenceTotals, unit: Unit, confidence: float
) -> DifferenceReport:
    """Derive the figures of one model against the baseline from their totals."""
    moments = totals.moments if totals.clusters is None else totals.clusters.moments
    nats = NATS_PER[unit]
    gained, lost = (
        tuple(replace(row, difference=row.difference / nats) for row in extremes.rows)
        for extremes in (totals.gained, totals.lost)
    )
    return DifferenceReport(
        model=name,
        infinite=_infinite_means(totals),
        finite=difference_of(totals.moments.n, moments, nats, confidence),
        n_better=totals.n_better,
        n_worse=totals.n_worse,
        n_tied=totals.n_tied,
        n_only_baseline_infinite=totals.n_only_baseline_infinite,
        n_only_model_infinite=totals.n_only_model_infinite,
        n_both_infinite=totals.n_both_infinite,
        gained=gained,
        lost=lost,
    )


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
    reach = t_quantile(confidence, df) * error
    t = value / error if error > _ROUNDING * abs(value) else None
    p_value = None if t is None else two_sided_p(t, df)
    return Difference(n, value, error, value - reach, value + reach, t, df, p_value)
