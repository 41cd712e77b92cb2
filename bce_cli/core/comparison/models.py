"""Models set side by side on the same rows, and whether they differ by more than chance."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import combinations_with_replacement
from typing import TYPE_CHECKING

from bce_cli.core.arguments import check_confidence, number_in, shown
from bce_cli.core.comparison.cross_products import pair_products
from bce_cli.core.comparison.differences import (
    DifferenceReport,
    DifferenceTotals,
    adjusted,
    difference_report,
    weighted_differences,
)
from bce_cli.core.comparison.leader_board import Contest, Standing, standings
from bce_cli.core.comparison.segment_differences import segment_differences, segmented
from bce_cli.core.conventions import EXACT, Convention, check_convention
from bce_cli.core.extremes import ChangedRows
from bce_cli.core.groups import clusters_of, losses_by_cluster
from bce_cli.core.inference import at_confidence
from bce_cli.core.report import LossReport, check_unit, loss_report
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals, finite_losses
from bce_cli.errors import ArgumentError, argument
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.comparison.differences import Verdict
    from bce_cli.core.comparison.segment_differences import SegmentDifference, SegmentTotals
    from bce_cli.core.cuts import Cut
    from bce_cli.core.exact_sum import ExactSum
    from bce_cli.core.groups import Clusters, ClusterSums
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import FloatArray, Rows
    from bce_cli.core.segmented import Segmented


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
        cls,
        rows: Rows,
        losses: FloatArray,
        convention: Convention,
        reversed_losses: FloatArray,
        squares: ExactSum | None = None,
        *,
        clusters: Clusters | None,
    ) -> ModelTotals:
        """Sum up some rows, given their losses under the convention, and those of 1 - p."""
        totals = LossTotals.of(rows, losses, convention, reversed_losses, squares)
        return cls(totals, losses_by_cluster(clusters, rows, losses, convention))


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
    changed : tuple of tuple of ChangedRows
        The rows of each that gain most, and those that lose most.
    products : tuple of ExactSum
        Sums of products of the losses of each two models but the baseline, where rows are
        independent; see `bce_cli.core.comparison.leader_board.Contest`.
    segments : Segmented of SegmentTotals, or None

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
    changed: tuple[tuple[ChangedRows, ChangedRows], ...]
    products: tuple[ExactSum, ...]
    segments: Segmented[SegmentTotals] | None

    @classmethod
    def of(cls, rows: Rows, plan: ComparisonPlan) -> ComparisonTotals:
        """Sum up some rows."""
        convention = plan.convention
        held = [convention.held(model) for model in rows.under_models()]
        losses, reversed_losses = zip(*map(convention.losses_both_ways, held), strict=True)
        first, before = held[0], losses[0]
        products, clusters = _products(first, losses), clusters_of(first)
        squares = (products.get((place, place)) for place in range(len(held)))
        models = zip(held, losses, reversed_losses, squares, strict=True)
        differences, changed = [], []
        for rival, after in zip(held[1:], losses[1:], strict=True):
            found = weighted_differences(before, after, first.weights)
            differences.append(
                DifferenceTotals.of(first, before, after, found, convention, clusters=clusters)
            )
            changed.append(_changed(first, rival, found, plan.n_shown))
        return cls(
            tuple(
                ModelTotals.of(rows, own, convention, other, square, clusters=clusters)
                for rows, own, other, square in models
            ),
            tuple(differences),
            tuple(changed),
            tuple(total for (one, other), total in products.items() if 0 < one < other),
            segmented(first, losses, convention),
        )


def _changed(
    rows: Rows, rival: Rows, differences: FloatArray, limit: int
) -> tuple[ChangedRows, ChangedRows]:
    if not limit:
        return ChangedRows(0), ChangedRows(0)
    gained, lost = (
        ChangedRows.of(rows, rival, differences, sign=sign, limit=limit) for sign in (-1, 1)
    )
    return gained, lost


def _products(rows: Rows, losses: Sequence[FloatArray]) -> dict[tuple[int, int], ExactSum]:
    """Sum up products of the losses of two models, and squares, where any two may be compared.

    That is at the end, of more than two models; of clusters their sums do.
    """
    if len(losses) <= 2 or rows.cluster is not None:  # noqa: PLR2004 -- a pair
        return {}
    found = pair_products([finite_losses(each, rows.weights)[0] for each in losses])
    pairs = combinations_with_replacement(range(len(losses)), 2)
    return dict(zip(pairs, found, strict=True))


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
    standing : Standing or None
        Where it stands among all; None where that is not known.
    """

    name: str
    report: LossReport
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    standing: Standing | None = None

    @property
    def order(self) -> tuple[bool, float]:
        """By what models are sorted: the mean loss, of an infinite one that of the other rows."""
        mean, finite = self.report.mean_loss, self.report.finite_mean_loss
        return (True, math.inf if finite is None else finite) if math.isinf(mean) else (False, mean)


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
    effective_clusters : float or None
        Clusters, and how many there are in effect (`Moments.effective_n`); None where rows are
        taken to be independent.
    models : tuple of ModelReport
        The baseline first.
    comparisons : tuple of DifferenceReport
        One for each of the others.
    margin : float or None
        A difference up to which two models are equivalent, in `unit`.
    segments : tuple of SegmentDifference
        Model by model; none where rows are not parted.
    """

    n: int
    unit: Unit
    confidence: float
    n_clusters: int | None
    effective_clusters: float | None
    models: tuple[ModelReport, ...]
    comparisons: tuple[DifferenceReport, ...]
    margin: float | None = None
    segments: tuple[SegmentDifference, ...] = ()

    @property
    def best(self) -> ModelReport | None:
        """The first model of the lowest mean loss; None where all are infinite, or not ranked."""
        ranked = (model for model in self.models if model.standing is not None)
        return next((model for model in ranked if model.standing.is_best), None)  # type: ignore[union-attr]

    def verdict(self, item: DifferenceReport) -> Verdict:
        """Say whether a model is better than the first; see `DifferenceReport.verdict`."""
        return item.verdict(self.confidence, self.margin)


def check_margin(margin: object) -> None:
    """Raise ArgumentError unless a difference that is too small to matter is one.

    Examples
    --------
    >>> check_margin(0)
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: margin must be a finite number above 0, got 0
    """
    if margin is not None and not 0.0 < number_in(margin) < math.inf:
        message = f"{argument('margin')} must be a finite number above 0, got {shown(margin)}"
        raise ArgumentError(message, None, "margin")


def comparison_report(
    totals: ComparisonTotals,
    names: Sequence[str],
    unit: Unit = "nats",
    confidence: float = 0.95,
    margin: float | None = None,
    *,
    cuts: Sequence[Cut | None] = (),
) -> ComparisonReport:
    """Derive all figures from the totals of at least one row.

    Parameters
    ----------
    totals : ComparisonTotals
    names : sequence of str
        What the models are called, the baseline first.
    unit : {"nats", "bits"}, default "nats"
    confidence : float, default 0.95
    margin : float, optional
        A difference up to which two models are equivalent, in `unit`.
    cuts : sequence of Cut or None, optional
        How columns were cut whose intervals part the rows, and so order segments.

    Raises
    ------
    DataError
        If there are no rows, or none with a weight.
    ArgumentError
        `unit` is not known, `confidence` is not in (0, 1), or `margin` not above 0.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.comparison.models import ComparisonPlan, ComparisonTotals
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
    check_margin(margin)
    models = [
        _model_report(name, model, unit, confidence)
        for name, model in zip(names, totals.models, strict=True)
    ]
    comparisons = [
        difference_report(name, difference, unit, confidence, changed)
        for name, difference, changed in zip(
            names[1:], totals.differences, totals.changed, strict=True
        )
    ]
    of_first = totals.models[0].clusters
    clusters = None if of_first is None else of_first.moments
    return ComparisonReport(
        n=models[0].report.n,
        unit=unit,
        confidence=confidence,
        n_clusters=None if clusters is None else clusters.n,
        effective_clusters=None if clusters is None else clusters.effective_n,
        models=_ranked(models, totals, confidence),
        comparisons=tuple(
            replace(item, finite=item.finite.with_power()) for item in adjusted(comparisons)
        ),
        margin=margin,
        segments=segment_differences(totals.segments, names[1:], unit, confidence, cuts),
    )


def _ranked(
    models: Sequence[ModelReport], totals: ComparisonTotals, confidence: float
) -> tuple[ModelReport, ...]:
    clusters = [model.clusters for model in totals.models if model.clusters is not None]
    contest = Contest(
        [model.totals for model in totals.models],
        clusters or None,
        totals.differences,
        totals.products,
    )
    found = standings(contest, [model.order for model in models], confidence)
    pairs = zip(models, found, strict=True)
    return tuple(replace(model, standing=standing) for model, standing in pairs)


def _model_report(name: str, model: ModelTotals, unit: Unit, confidence: float) -> ModelReport:
    report = loss_report(model.totals, unit)
    found = at_confidence(report, model.totals.moments, model.clusters, confidence)
    return ModelReport(name, report, found.std_error, found.ci_low, found.ci_high)
