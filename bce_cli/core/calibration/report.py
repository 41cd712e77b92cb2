"""All that is found out about the calibration of predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

from bce_cli.core.calibration.basis import Basis, blocks_of
from bce_cli.core.calibration.bins import (
    ReliabilityBin,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_bins,
)
from bce_cli.core.calibration.curve import IsotonicCurve, isotonic_curve
from bce_cli.core.calibration.logistic import LogisticRecalibration, recalibrate_logistically
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.pooling import pool_adjacent_violators
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.report import NATS_PER, loss_report
from bce_cli.core.validate import check_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bce_cli.core.calibration.bins import ReliabilityTotals
    from bce_cli.core.calibration.bootstrap import Bootstrap
    from bce_cli.core.calibration.decomposition import Decomposition
    from bce_cli.core.calibration.fine_tally import UsedBins
    from bce_cli.core.calibration.plan import CalibrationTotals, Strategy
    from bce_cli.core.calibration.spiegelhalter import SpiegelhalterTest
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.rows import Rows


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """Where the loss of predictions comes from, and whether they mean what they say.

    Attributes
    ----------
    n, n_weighted, n_positive : int
        Rows, rows of some weight, and rows with label 1.
    weight_sum, base_rate, mean_prediction : float
        The last two are weighted means of labels and predictions.
    unit : {"nats", "bits"}
    log_loss, brier : Decomposition
        The first in that unit.
    bootstrap : Bootstrap or None
        In that unit, too.
    strategy : {"uniform", "quantile"}
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
    fine_bins : UsedBins or None
        Those that rows were summed up in; None where rows were held.
    """

    n: int
    n_weighted: int
    n_positive: int
    weight_sum: float
    base_rate: float
    mean_prediction: float
    unit: Unit
    log_loss: Decomposition
    brier: Decomposition
    bootstrap: Bootstrap | None
    strategy: Strategy
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
    fine_bins: UsedBins | None = None


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

    Examples
    --------
    >>> report = calibration_report([0, 1, 0, 1], [0.1, 0.2, 0.3, 0.9])
    >>> round(report.brier.mean, 4), round(report.brier.miscalibration, 4)
    (0.1875, 0.0625)
    """
    rows = check_rows(labels, probabilities, weights, logits=logits, soft_labels=soft_labels)
    plan = plan or CalibrationPlan()
    totals = [plan.totals_of(block) for block in blocks_of(rows)]
    if plan.with_fine_bins:
        return report_of_fine_bins(reduce(add, totals), plan)
    return report_of_rows(rows, totals, plan)


def report_of_rows(
    rows: Rows, totals: Sequence[CalibrationTotals], plan: CalibrationPlan
) -> CalibrationReport:
    """Judge the calibration of rows of which none is left out.

    Parameters
    ----------
    rows : Rows
    totals : sequence of CalibrationTotals
        Of the same rows, piece by piece in their order; rows that were left out may be among them.
    plan : CalibrationPlan
    """
    whole = reduce(add, totals)
    losses = loss_report(whole.losses, plan.unit)
    return _report(Basis.of_all(rows, whole.bins, plan), whole, losses, plan)


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
    return _report(Basis.of_fine(fine, totals, plan), totals, losses, plan)


def _report(
    basis: Basis, totals: CalibrationTotals, losses: LossReport, plan: CalibrationPlan
) -> CalibrationReport:
    tally, in_bins = basis.tally, basis.in_bins
    bins = tuple(each for each in reliability_bins(in_bins) if each.n or plan.strategy == "uniform")
    pools = pool_adjacent_violators(tally)
    nats = NATS_PER[plan.unit]
    log_loss, brier = basis.decompositions(pools)
    return CalibrationReport(
        n=losses.n,
        n_weighted=totals.losses.n_weighted,
        n_positive=losses.n_positive,
        weight_sum=losses.weight_sum,
        base_rate=losses.base_rate,
        mean_prediction=_mean_prediction(in_bins),
        unit=plan.unit,
        log_loss=replace(log_loss.per(nats), mean=losses.mean_loss),
        brier=replace(brier, mean=losses.brier),
        bootstrap=None if basis.bootstrap is None else basis.bootstrap.per(nats),
        strategy=plan.strategy,
        bins=bins,
        ece=expected_calibration_error(bins),
        mce=maximum_calibration_error(bins),
        curve=isotonic_curve(tally, pools),
        histogram=basis.histogram,
        logistic=recalibrate_logistically(tally, basis.n_in_fit),
        spiegelhalter=basis.spiegelhalter,
        n_impossible=losses.n_impossible,
        first_impossible_row=losses.first_impossible_row,
        has_soft_labels=tally.has_soft_labels,
        fine_bins=basis.fine_bins,
    )


def _mean_prediction(totals: ReliabilityTotals) -> float:
    weights = sum(totals.weights, ExactSum())
    return sum(totals.prediction_weights, ExactSum()).units / weights.units
