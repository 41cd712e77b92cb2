"""What rows, held and sorted or summed up in fine bins, say of their predictions."""

from __future__ import annotations

from functools import reduce
from operator import iadd
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import ReliabilityTotals, quantile_edges, reliability_bins
from bce_cli.core.calibration.bootstrap import bootstrap
from bce_cli.core.calibration.clustered import by_cluster, clustered_spiegelhalter, spreads_of_bins
from bce_cli.core.calibration.decomposition import (
    decompose_brier,
    decompose_log_loss,
    spiegelhalter_test,
)
from bce_cli.core.calibration.discrimination import discrimination, discrimination_of_tally
from bce_cli.core.calibration.fine_bins import UsedBins, fine_quantiles, fine_tally
from bce_cli.core.calibration.logistic import recalibrate_logistically
from bce_cli.core.calibration.scores import errors_by_cluster, errors_of_totals
from bce_cli.core.calibration.tally import Tally, histogram
from bce_cli.core.exact_sum import ExactSum, slices
from bce_cli.core.progress import silent
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from bce_cli.core.calibration.bins import ReliabilityBin
    from bce_cli.core.calibration.bootstrap import Bootstrap
    from bce_cli.core.calibration.decomposition import (
        Decomposition,
        OwnLosses,
        Pools,
        SpiegelhalterTest,
    )
    from bce_cli.core.calibration.discrimination import Discrimination
    from bce_cli.core.calibration.fine_bins import FineBins
    from bce_cli.core.calibration.logistic import LogisticRecalibration
    from bce_cli.core.calibration.plan import CalibrationPlan, CalibrationTotals
    from bce_cli.core.calibration.scores import StandardErrors
    from bce_cli.core.progress import Progress
    from bce_cli.core.report import LossReport
    from bce_cli.core.rows import Rows
    from bce_cli.core.totals import LossTotals


@dataclass(frozen=True, slots=True)
class Basis:
    """What is known of predictions and labels, besides the sums that need no order.

    Attributes
    ----------
    tally : Tally
        Of the predictions; with fine bins, of the mean predictions of these.
    bins : tuple of ReliabilityBin
        Empty ones included.
    mean_prediction : float
    histogram : tuple of float
    logistic : LogisticRecalibration
    spiegelhalter : SpiegelhalterTest or None
    discrimination : Discrimination
    errors : StandardErrors
    bootstrap : Bootstrap or None
        In nats.
    of_rows : LossTotals or None
        With fine bins, the losses of the rows themselves.
    fine_bins : UsedBins or None
    own : OwnLosses or None
        Without fine bins, what the rows lose.
    """

    tally: Tally
    bins: tuple[ReliabilityBin, ...]
    mean_prediction: float
    histogram: tuple[float, ...]
    logistic: LogisticRecalibration
    spiegelhalter: SpiegelhalterTest | None
    discrimination: Discrimination
    errors: StandardErrors
    bootstrap: Bootstrap | None = None
    of_rows: LossTotals | None = None
    fine_bins: UsedBins | None = None
    own: OwnLosses | None = None

    @classmethod
    def of_rows_held(
        cls,
        rows: Rows,
        totals: CalibrationTotals,
        losses: LossReport,
        plan: CalibrationPlan,
        progress: Progress = silent,
    ) -> Self:
        """Sort rows, of which at least one has a weight and none is left out."""
        tally, n_in_fit, confidence = Tally.of(rows), _count_finite(rows), plan.confidence
        in_bins = totals.bins or _in_quantiles(rows, plan.n_bins)
        if rows.cluster is None:
            spreads, area = None, discrimination_of_tally(tally, confidence)
            fit = recalibrate_logistically(tally, n_in_fit, confidence=confidence)
            test = spiegelhalter_test(tally)
            errors = errors_of_totals(totals.losses, totals.moments, losses)
        else:
            (kept, clusters), is_soft = by_cluster(rows), tally.has_soft_labels
            spreads = spreads_of_bins(kept, in_bins)
            area = discrimination(kept, clusters, confidence, tally)
            fit = recalibrate_logistically(tally, n_in_fit, kept, confidence)
            test = None if is_soft else clustered_spiegelhalter(kept, clusters)
            errors = errors_by_cluster(kept, clusters, totals.losses, losses)
        return cls(
            tally=tally,
            bins=reliability_bins(in_bins, confidence, spreads),
            mean_prediction=_mean_prediction(in_bins),
            histogram=histogram(tally),
            logistic=fit,
            spiegelhalter=test,
            discrimination=area,
            errors=errors,
            bootstrap=bootstrap(rows, plan.n_bootstrap, plan.seed, progress, confidence)
            if plan.n_bootstrap
            else None,
            own=totals.own,
        )

    @classmethod
    def of_fine(
        cls, fine: FineBins, totals: CalibrationTotals, losses: LossReport, plan: CalibrationPlan
    ) -> Self:
        """Take fine bins in place of rows, of which at least one has a weight."""
        tally, confidence = fine_tally(fine), plan.confidence
        in_bins = totals.bins or fine_quantiles(fine, plan.n_bins)
        return cls(
            tally=tally,
            bins=reliability_bins(in_bins, confidence),
            mean_prediction=_mean_prediction(in_bins),
            histogram=tuple(map(float, fine.heights["weights"])),
            logistic=recalibrate_logistically(tally, fine.n_in_fit, confidence=confidence),
            spiegelhalter=None if tally.has_soft_labels else fine.spiegelhalter.test(),
            discrimination=discrimination_of_tally(tally, confidence),
            errors=errors_of_totals(totals.losses, totals.moments, losses),
            of_rows=totals.losses,
            fine_bins=UsedBins.of(fine),
        )

    def decompositions(self, pools: Pools) -> tuple[Decomposition, Decomposition]:
        """Decompose log loss, in nats, and Brier score."""
        tally, rows, own = self.tally, self.of_rows, self.own
        if rows is None:
            return (
                decompose_log_loss(tally, pools, own=own),
                decompose_brier(tally, pools, own=own),
            )
        return (
            decompose_log_loss(tally, pools, (rows.losses, rows.n_infinite)),
            decompose_brier(tally, pools, rows.squared_errors),
        )


def _mean_prediction(totals: ReliabilityTotals) -> float:
    weights = sum(totals.weights, ExactSum())
    return sum(totals.prediction_weights, ExactSum()).units / weights.units


def stretches(rows: Rows) -> Iterator[Rows]:
    """Yield views of runs of rows, at least one."""
    return map(rows.at, slices(max(len(rows), 1)))


def _in_quantiles(rows: Rows, n_bins: int) -> ReliabilityTotals:
    edges = quantile_edges(rows.probabilities, n_bins)
    return reduce(iadd, (ReliabilityTotals.of(block, edges) for block in stretches(rows)))


def _count_finite(rows: Rows) -> int:
    """Count the rows of some weight whose prediction has a finite logit."""
    if rows.logits is None:
        finite = (rows.probabilities > 0.0) & (rows.probabilities < 1.0)
    else:
        finite = np.isfinite(rows.logits)
    if rows.weights is not None:
        finite &= rows.weights > 0.0
    return int(np.count_nonzero(finite))
