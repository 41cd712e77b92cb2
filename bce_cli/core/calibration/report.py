"""All that is found out about the calibration of predictions."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import (
    ReliabilityBin,
    ReliabilityTotals,
    expected_calibration_error,
    maximum_calibration_error,
    reliability_bins,
)
from bce_cli.core.calibration.bootstrap import Bootstrap, bootstrap
from bce_cli.core.calibration.curve import IsotonicCurve, histogram, isotonic_curve
from bce_cli.core.calibration.decomposition import (
    Decomposition,
    decompose_brier,
    decompose_log_loss,
)
from bce_cli.core.calibration.logistic import LogisticRecalibration, recalibrate_logistically
from bce_cli.core.calibration.plan import CalibrationPlan
from bce_cli.core.calibration.pooling import pool_adjacent_violators
from bce_cli.core.calibration.quantiles import quantile_edges
from bce_cli.core.calibration.spiegelhalter import SpiegelhalterTest, spiegelhalter_test
from bce_cli.core.calibration.tally import Tally
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.report import NATS_PER, loss_report
from bce_cli.core.validate import check_rows

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from bce_cli.core.calibration.plan import CalibrationTotals, Strategy
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Rows

_BLOCK = 1 << 16  # bounds the scratch memory


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
    return report_of_rows(rows, [plan.totals_of(block) for block in _blocks(rows)], plan)


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
    in_bins = _in_quantiles(rows, plan.n_bins) if whole.bins is None else whole.bins
    bins = tuple(each for each in reliability_bins(in_bins) if each.n or plan.strategy == "uniform")
    tally = Tally.of(rows)
    pools = pool_adjacent_violators(tally)
    nats = NATS_PER[plan.unit]
    samples = bootstrap(rows, plan.n_bootstrap, plan.seed) if plan.n_bootstrap else None
    return CalibrationReport(
        n=losses.n,
        n_weighted=len(rows) if rows.weights is None else int(np.count_nonzero(rows.weights)),
        n_positive=losses.n_positive,
        weight_sum=losses.weight_sum,
        base_rate=losses.base_rate,
        mean_prediction=_mean_prediction(in_bins),
        unit=plan.unit,
        log_loss=replace(decompose_log_loss(tally, pools).per(nats), mean=losses.mean_loss),
        brier=replace(decompose_brier(tally, pools), mean=losses.brier),
        bootstrap=None if samples is None else samples.per(nats),
        strategy=plan.strategy,
        bins=bins,
        ece=expected_calibration_error(bins),
        mce=maximum_calibration_error(bins),
        curve=isotonic_curve(tally, pools),
        histogram=histogram(tally),
        logistic=recalibrate_logistically(tally, _count_finite(rows)),
        spiegelhalter=spiegelhalter_test(tally),
        n_impossible=losses.n_impossible,
        first_impossible_row=losses.first_impossible_row,
        has_soft_labels=tally.has_soft_labels,
    )


def _blocks(rows: Rows) -> Iterator[Rows]:
    """Yield views of runs of rows."""
    for start in range(0, max(len(rows), 1), _BLOCK):
        yield rows.at(slice(start, start + _BLOCK))


def _in_quantiles(rows: Rows, n_bins: int) -> ReliabilityTotals:
    edges = quantile_edges(rows.probabilities, n_bins)
    return reduce(add, (ReliabilityTotals.of(block, edges) for block in _blocks(rows)))


def _mean_prediction(totals: ReliabilityTotals) -> float:
    weights = sum(totals.weights, ExactSum())
    return sum(totals.prediction_weights, ExactSum()).units / weights.units


def _count_finite(rows: Rows) -> int:
    """Count the rows of some weight whose prediction has a finite logit."""
    if rows.logits is None:
        finite = (rows.probabilities > 0.0) & (rows.probabilities < 1.0)
    else:
        finite = np.isfinite(rows.logits)
    if rows.weights is not None:
        finite &= rows.weights > 0.0
    return int(np.count_nonzero(finite))
