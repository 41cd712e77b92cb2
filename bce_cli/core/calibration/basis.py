"""What a report on calibration rests on: rows that were sorted, or fine bins."""

from __future__ import annotations

from dataclasses import dataclass
from functools import reduce
from operator import add
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import ReliabilityTotals
from bce_cli.core.calibration.bootstrap import Bootstrap, bootstrap
from bce_cli.core.calibration.curve import histogram
from bce_cli.core.calibration.decomposition import (
    Decomposition,
    decompose_brier,
    decompose_log_loss,
)
from bce_cli.core.calibration.fine_tally import UsedBins, fine_quantiles, fine_tally
from bce_cli.core.calibration.quantiles import quantile_edges
from bce_cli.core.calibration.spiegelhalter import SpiegelhalterTest, spiegelhalter_test
from bce_cli.core.calibration.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Self

    from bce_cli.core.calibration.fine_bins import FineBins
    from bce_cli.core.calibration.plan import CalibrationPlan, CalibrationTotals
    from bce_cli.core.calibration.pooling import Pools
    from bce_cli.core.rows import Rows
    from bce_cli.core.totals import LossTotals

_BLOCK = 1 << 16  # bounds the scratch memory


@dataclass(frozen=True, slots=True)
class Basis:
    """What is known of predictions and labels, besides the sums that need no order.

    Attributes
    ----------
    tally : Tally
        Of the predictions; with fine bins, of the mean predictions of these.
    in_bins : ReliabilityTotals
    histogram : tuple of float
    n_in_fit : int
        Rows of some weight whose prediction has a finite logit.
    spiegelhalter : SpiegelhalterTest or None
    bootstrap : Bootstrap or None
        In nats.
    of_rows : LossTotals or None
        With fine bins, the losses of the rows themselves.
    fine_bins : UsedBins or None
    """

    tally: Tally
    in_bins: ReliabilityTotals
    histogram: tuple[float, ...]
    n_in_fit: int
    spiegelhalter: SpiegelhalterTest | None
    bootstrap: Bootstrap | None = None
    of_rows: LossTotals | None = None
    fine_bins: UsedBins | None = None

    @classmethod
    def of_all(cls, rows: Rows, in_bins: ReliabilityTotals | None, plan: CalibrationPlan) -> Self:
        """Sort rows, of which at least one has a weight and none is left out."""
        tally = Tally.of(rows)
        return cls(
            tally=tally,
            in_bins=in_bins or _in_quantiles(rows, plan.n_bins),
            histogram=histogram(tally),
            n_in_fit=_count_finite(rows),
            spiegelhalter=spiegelhalter_test(tally),
            bootstrap=bootstrap(rows, plan.n_bootstrap, plan.seed) if plan.n_bootstrap else None,
        )

    @classmethod
    def of_fine(cls, fine: FineBins, totals: CalibrationTotals, plan: CalibrationPlan) -> Self:
        """Take fine bins in place of rows, of which at least one has a weight."""
        tally = fine_tally(fine)
        return cls(
            tally=tally,
            in_bins=totals.bins or fine_quantiles(fine, plan.n_bins),
            histogram=tuple(map(float, fine.heights["weights"])),
            n_in_fit=fine.n_in_fit,
            spiegelhalter=None if tally.has_soft_labels else fine.spiegelhalter.test(),
            of_rows=totals.losses,
            fine_bins=UsedBins.of(fine),
        )

    def decompositions(self, pools: Pools) -> tuple[Decomposition, Decomposition]:
        """Decompose log loss, in nats, and Brier score."""
        tally, rows = self.tally, self.of_rows
        if rows is None:
            return decompose_log_loss(tally, pools), decompose_brier(tally, pools)
        return (
            decompose_log_loss(tally, pools, (rows.losses, rows.n_infinite)),
            decompose_brier(tally, pools, rows.squared_errors),
        )


def blocks_of(rows: Rows) -> Iterator[Rows]:
    """Yield views of runs of rows, at least one."""
    for start in range(0, max(len(rows), 1), _BLOCK):
        yield rows.at(slice(start, start + _BLOCK))


def _in_quantiles(rows: Rows, n_bins: int) -> ReliabilityTotals:
    edges = quantile_edges(rows.probabilities, n_bins)
    return reduce(add, (ReliabilityTotals.of(block, edges) for block in blocks_of(rows)))


def _count_finite(rows: Rows) -> int:
    """Count the rows of some weight whose prediction has a finite logit."""
    if rows.logits is None:
        finite = (rows.probabilities > 0.0) & (rows.probabilities < 1.0)
    else:
        finite = np.isfinite(rows.logits)
    if rows.weights is not None:
        finite &= rows.weights > 0.0
    return int(np.count_nonzero(finite))
