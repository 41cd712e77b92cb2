"""The figures of a comparison, derived from exact totals."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.core.report import NATS_PER, LossReport, loss_report
from bce_cli.core.student import holm_adjusted, t_quantile, two_sided_p

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.comparison.changes import ChangedRow
    from bce_cli.core.comparison.plan import ComparisonTotals
    from bce_cli.core.comparison.totals import DifferenceTotals, ModelTotals
    from bce_cli.core.moments import Moments
    from bce_cli.core.report import Unit

_ROUNDING = 2.0**-40
"""A standard error below this share of the mean is that of differences equal but for rounding."""

Infinite: TypeAlias = Literal["baseline", "model", "both"]


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
    std_error: float | None
    ci_low: float | None
    ci_high: float | None


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
    value: float | None
    std_error: float | None
    ci_low: float | None
    ci_high: float | None
    t: float | None
    df: int | None
    p_value: float | None
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
        The rows of greatest change, in nats whatever the unit.
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
        if self.infinite is None:
            return self.finite.value
        return {"baseline": -math.inf, "model": math.inf, "both": None}[self.infinite]


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

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.comparison.plan import ComparisonPlan, ComparisonTotals
    >>> from bce_cli.core.row_columns import Predictions
    >>> from bce_cli.core.rows import Rows
    >>> rival = Predictions(np.array([0.5, 0.5, 0.5]))
    >>> labels = np.array([True, False, True])
    >>> rows = Rows(labels, np.array([0.25, 0.75, 0.5]), rivals=(rival,))
    >>> totals = ComparisonTotals.of(rows, ComparisonPlan())
    >>> (found,) = comparison_report(totals, ["a", "b"], "bits").comparisons
    >>> found.value, found.n_better, found.n_tied, round(found.finite.p_value, 6)
    (-0.6666666666666666, 2, 1, 0.183503)
    """
    models = tuple(
        _model_report(name, model, unit, confidence)
        for name, model in zip(names, totals.models, strict=True)
    )
    comparisons = [
        _difference_report(name, difference, unit, confidence)
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
    if math.isinf(report.mean_loss):
        return ModelReport(name, report, None, None, None)
    moments = model.totals.moments if model.clusters is None else model.clusters.moments
    error = moments.standard_error()
    if error is None:
        return ModelReport(name, report, None, None, None)
    error /= NATS_PER[unit]
    df = math.inf if model.clusters is None else moments.n - 1
    reach = t_quantile(confidence, df) * error
    return ModelReport(name, report, error, report.mean_loss - reach, report.mean_loss + reach)


def _difference_report(
    name: str, totals: DifferenceTotals, unit: Unit, confidence: float
) -> DifferenceReport:
    moments = totals.moments if totals.clusters is None else totals.clusters.moments
    return DifferenceReport(
        model=name,
        infinite=_infinite(totals),
        finite=_difference(totals.moments.n, moments, NATS_PER[unit], confidence),
        n_better=totals.n_better,
        n_worse=totals.n_worse,
        n_tied=totals.n_tied,
        n_only_baseline_infinite=totals.n_only_baseline_infinite,
        n_only_model_infinite=totals.n_only_model_infinite,
        n_both_infinite=totals.n_both_infinite,
        gained=totals.gained.rows,
        lost=totals.lost.rows,
    )


def _infinite(totals: DifferenceTotals) -> Infinite | None:
    n_baseline = totals.n_only_baseline_infinite + totals.n_both_infinite
    n_model = totals.n_only_model_infinite + totals.n_both_infinite
    if n_baseline and n_model:
        return "both"
    if n_baseline:
        return "baseline"
    return "model" if n_model else None


def _difference(n: int, moments: Moments, nats: float, confidence: float) -> Difference:
    value, error = moments.ratio, moments.standard_error()
    if value is None:
        return Difference(n, None, None, None, None, None, None, None)
    value /= nats
    if error is None:
        return Difference(n, value, None, None, None, None, None, None)
    error /= nats
    df = moments.n - 1
    reach = t_quantile(confidence, df) * error
    t = value / error if error > _ROUNDING * abs(value) else None
    p_value = None if t is None else two_sided_p(t, df)
    return Difference(n, value, error, value - reach, value + reach, t, df, p_value)
