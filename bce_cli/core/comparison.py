"""Models set side by side on the same rows, and whether they differ by more than chance."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from bce_cli.core.arguments import check_confidence
from bce_cli.core.conventions import EXACT, Convention, check_convention
from bce_cli.core.differences import (
    DifferenceReport,
    DifferenceTotals,
    by_cluster,
    difference_report,
    divisors_of,
)
from bce_cli.core.inference import holm_adjusted, t_quantile
from bce_cli.core.report import NATS_PER, LossReport, check_unit, loss_report
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals, finite_losses

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Rows


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
        clusters = by_cluster(rows, finite, divisors_of(rows, convention))
        return cls(LossTotals.of(rows, losses, convention, reversed_losses), clusters)


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
