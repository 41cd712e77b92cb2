"""All that is found out about the calibration of predictions."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import reduce
from operator import iadd
from typing import TYPE_CHECKING

from bce_cli.core.arguments import check_kind
from bce_cli.core.calibration.basis import Basis, stretches
from bce_cli.core.calibration.bins import expected_calibration_error, maximum_calibration_error
from bce_cli.core.calibration.decomposition import (
    isotonic_curve,
    pool_adjacent_violators,
)
from bce_cli.core.calibration.discrimination import Discrimination
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.scores import ends_of
from bce_cli.core.inference import t_quantile
from bce_cli.core.progress import Stage, silent
from bce_cli.core.report import NATS_PER, loss_report
from bce_cli.core.validate import check_rows
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bce_cli.core.calibration.bins import ReliabilityBin
    from bce_cli.core.calibration.bootstrap import Bootstrap
    from bce_cli.core.calibration.decomposition import (
        Decomposition,
        IsotonicCurve,
        SpiegelhalterTest,
    )
    from bce_cli.core.calibration.fine_bins import UsedBins
    from bce_cli.core.calibration.logistic import LogisticRecalibration
    from bce_cli.core.calibration.plan import CalibrationTotals, Strategy
    from bce_cli.core.progress import Progress
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.rows import Rows


_NO_AREA = Discrimination(None)
_ROUNDING = 2.0**-50


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """Where the loss of predictions comes from, and whether they mean what they say.

    Attributes
    ----------
    n, n_weighted, n_positive : int
        Rows, rows of some weight, and rows with label 1.
    weight_sum, effective_n, base_rate, mean_prediction : float
        The last two are weighted means of labels and predictions; `effective_n` as in `LossReport`.
    unit : {"nats", "bits"}
    log_loss, brier : Decomposition
        The first in that unit.
    bootstrap : Bootstrap or None
        In that unit, too.
    strategy : {"uniform", "quantile"}
    n_bins : int
        As many were asked for.
    bins : tuple of ReliabilityBin
        With `uniform`, empty ones as well.
    ece, mce : float
        Expected and maximum calibration error over the bins.
    curve : IsotonicCurve
        The recalibrated predictions.
    histogram : tuple of float
        Weights of the predictions over bins of equal width.
    logistic : LogisticRecalibration
    spiegelhalter : SpiegelhalterTest or None
    n_impossible : int
        Rows whose loss is infinite.
    first_impossible_row : int or None
        1-based.
    has_soft_labels : bool
    are_classes, is_reversed : bool
    reversed_loss : float or None
        As in `LossReport`.
    fine_bins : UsedBins or None
        Those that rows were summed up in; None where rows were held.
    confidence : float
        Of every interval.
    n_clusters : int or None
    effective_clusters : float or None
        Clusters, and how many there are in effect, as their sizes differ (`Moments.effective_n`);
        None where rows are taken to be independent.
    std_error, ci_low, ci_high : float or None
        Of the mean of the log loss; None where that is infinite, or there are too few rows.
    skill, skill_ci_low, skill_ci_high : float or None
        As in `LossReport`, with its interval.
    brier_ci_low, brier_ci_high : float or None
        Interval of the mean of the Brier score.
    discrimination : Discrimination
        The area under the ROC curve.
    """

    n: int
    n_weighted: int
    n_positive: int
    weight_sum: float
    effective_n: float
    base_rate: float
    mean_prediction: float
    unit: Unit
    log_loss: Decomposition
    brier: Decomposition
    bootstrap: Bootstrap | None
    strategy: Strategy
    n_bins: int
    bins: tuple[ReliabilityBin, ...]
    ece: float
    mce: float
    curve: IsotonicCurve
    histogram: tuple[float, ...]
    logistic: LogisticRecalibration
    spiegelhalter: SpiegelhalterTest | None
    n_impossible: int
    first_impossible_row: int | None
    has_soft_labels: bool
    are_classes: bool
    is_reversed: bool
    reversed_loss: float | None
    fine_bins: UsedBins | None = None
    confidence: float = 0.95
    n_clusters: int | None = None
    effective_clusters: float | None = None
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    skill: float | None = None
    skill_ci_low: float | None = None
    skill_ci_high: float | None = None
    brier_ci_low: float | None = None
    brier_ci_high: float | None = None
    discrimination: Discrimination = _NO_AREA

    @property
    def mean_loss(self) -> float:
        """Mean of the log loss."""
        return self.log_loss.mean

    @property
    def brier_skill(self) -> float | None:
        """Share of the Brier score of always predicting the base rate that is removed.

        1 - Brier score / its uncertainty, the variance of the labels: that is base rate (1 - base
        rate), where labels are 0 or 1. None where all are the same.
        """
        base = self.brier.uncertainty
        skill = 1.0 - self.brier.mean / base if base > 0.0 else None
        return 0.0 if skill is not None and abs(skill) <= _ROUNDING else skill


def calibration_report(
    labels: npt.ArrayLike,
    probabilities: npt.ArrayLike,
    *,
    weights: npt.ArrayLike | None = None,
    logits: bool = False,
    soft_labels: bool = False,
    plan: CalibrationPlan | None = None,
) -> CalibrationReport:
    """Judge the calibration of predictions.

    Parameters
    ----------
    labels, probabilities : array-like, shape (n,)
    weights : array-like, shape (n,), optional
    logits, soft_labels : bool, default False
        As for `mean_binary_cross_entropy`.
    plan : CalibrationPlan, optional

    Raises
    ------
    LabelError, ProbabilityError, WeightError
        Names the first value outside its domain.
    DataError
        The lengths differ, there are no rows, or all weights are 0.
    ArgumentError
        `plan` is none.

    Examples
    --------
    >>> report = calibration_report([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.9])
    >>> round(report.brier.mean, 4), round(report.brier.miscalibration, 4)
    (0.1875, 0.0625)
    """
    plan = CalibrationPlan() if plan is None else plan
    check_kind("plan", plan, CalibrationPlan, "such as CalibrationPlan(strategy='quantile')")
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    totals = [plan.totals_of(block) for block in stretches(rows)]
    if plan.with_fine_bins:
        return report_of_fine_bins(reduce(iadd, totals), plan)
    return report_of_rows(rows, totals, plan)


def report_of_rows(
    rows: Rows,
    totals: Sequence[CalibrationTotals],
    plan: CalibrationPlan,
    progress: Progress = silent,
) -> CalibrationReport:
    """Judge the calibration of rows of which none is left out.

    Parameters
    ----------
    rows : Rows
    totals : sequence of CalibrationTotals
        Of the same rows, in their order; rows that were left out may be among them.
    plan : CalibrationPlan
    progress : callable (Stage) -> None, optional
    """
    progress(Stage("fitting"))
    whole = reduce(iadd, totals)
    losses = loss_report(whole.losses, plan.unit)
    basis = Basis.of_rows_held(rows, whole, losses, plan, progress)
    progress(Stage("fitting"))
    return _report(basis, whole, losses, plan)


def report_of_fine_bins(totals: CalibrationTotals, plan: CalibrationPlan) -> CalibrationReport:
    """Judge the calibration of rows that were summed up in fine bins, by a plan with these.

    Sums over all rows stay what they are: the mean of either score, uncertainty, reliability bins
    of equal width and their errors, Spiegelhalter's test, the histogram. For isotonic and logistic
    recalibration, and bins of about as many rows each, all predictions of a fine bin are their
    mean.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, True]), np.array([0.25, 0.2501, 0.75]))
    >>> plan = CalibrationPlan(with_fine_bins=True)
    >>> report = report_of_fine_bins(plan.totals_of(rows), plan)
    >>> report.fine_bins.n, round(report.brier.within_bins, 9)
    (2, 3.3335e-05)
    """
    losses, fine = loss_report(totals.losses, plan.unit), totals.fine
    assert fine is not None  # noqa: S101 -- the plan says so
    return _report(Basis.of_fine(fine, totals, losses, plan), totals, losses, plan)


def _report(
    basis: Basis, totals: CalibrationTotals, losses: LossReport, plan: CalibrationPlan
) -> CalibrationReport:
    tally = basis.tally
    bins = tuple(each for each in basis.bins if each.n or plan.strategy == "uniform")
    pools = pool_adjacent_violators(tally)
    nats = NATS_PER[plan.unit]
    log_loss, brier = basis.decompositions(pools)
    errors, confidence = basis.errors, plan.confidence
    reach = t_quantile(confidence, errors.df) if errors.df > 0.0 else math.nan
    mean = (
        None if math.isinf(losses.mean_loss) else totals.losses.losses.over(totals.losses.weights)
    )
    ci_low, ci_high = ends_of(mean, errors.mean_loss, reach, nats)
    skill_low, skill_high = ends_of(losses.skill, errors.skill, reach, most=1.0)
    brier_low, brier_high = ends_of(losses.brier, errors.brier, reach, least=0.0, most=1.0)
    return CalibrationReport(
        n=losses.n,
        n_weighted=totals.losses.n_weighted,
        n_positive=losses.n_positive,
        weight_sum=losses.weight_sum,
        effective_n=losses.effective_n,
        base_rate=losses.base_rate,
        mean_prediction=basis.mean_prediction,
        unit=plan.unit,
        log_loss=replace(log_loss.per(nats), mean=losses.mean_loss),
        brier=replace(brier, mean=losses.brier),
        bootstrap=None if basis.bootstrap is None else basis.bootstrap.per(nats),
        strategy=plan.strategy,
        n_bins=plan.n_bins,
        bins=bins,
        ece=expected_calibration_error(bins),
        mce=maximum_calibration_error(bins),
        curve=isotonic_curve(tally, pools),
        histogram=basis.histogram,
        logistic=basis.logistic,
        spiegelhalter=basis.spiegelhalter,
        n_impossible=losses.n_impossible,
        first_impossible_row=losses.first_impossible_row,
        has_soft_labels=tally.has_soft_labels,
        are_classes=losses.are_classes,
        is_reversed=losses.is_reversed,
        reversed_loss=losses.reversed_loss,
        fine_bins=basis.fine_bins,
        confidence=confidence,
        n_clusters=errors.n_clusters,
        effective_clusters=errors.effective_clusters,
        std_error=None if errors.mean_loss is None else errors.mean_loss / nats,
        ci_low=ci_low,
        ci_high=ci_high,
        skill=losses.skill,
        skill_ci_low=skill_low,
        skill_ci_high=skill_high,
        brier_ci_low=brier_low,
        brier_ci_high=brier_high,
        discrimination=basis.discrimination,
    )
