"""The miscalibration of the log loss alone, which needs few sums and few pools."""

from __future__ import annotations

from functools import reduce
from operator import iadd
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.basis import stretches
from bce_cli.core.calibration.decomposition import (
    OwnLosses,
    decompose_log_loss,
    pool_adjacent_violators,
    pool_runs,
)
from bce_cli.core.calibration.tally import Tally, tally_of_runs
from bce_cli.core.conventions import EXACT
from bce_cli.core.mean_loss import MeanTotals, mean_of
from bce_cli.core.report import NATS_PER, loss_report
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.rows import Rows


@dataclass(frozen=True, slots=True)
class BriefTotals(State):
    """What the miscalibration of rows that are held needs, and no order.

    Attributes
    ----------
    mean : MeanTotals
    own : OwnLosses
        Without squared errors, but for soft labels.
    """

    mean: MeanTotals
    own: OwnLosses

    @classmethod
    def of(cls, rows: Rows) -> BriefTotals:
        """Sum up some rows."""
        losses = EXACT.losses(rows)
        mean = MeanTotals.of(rows, losses=losses)
        return cls(mean, OwnLosses.of(rows, losses, mean))


@dataclass(frozen=True, slots=True)
class BriefCalibration:
    """The miscalibration of the log loss alone.

    Attributes
    ----------
    miscalibration : float
        As in the report, in its unit.
    losses : LossReport or None
        None where these are beyond doubt.
    """

    miscalibration: float
    losses: LossReport | None

    @classmethod
    def of_rows(cls, rows: Rows, totals: BriefTotals, unit: Unit) -> BriefCalibration:
        """Judge rows as `report_of_rows` does.

        Raises
        ------
        DataError
            All weights are 0.

        Examples
        --------
        >>> from bce_cli.core.rows import Rows
        >>> rows = Rows(np.array([True, False]), np.array([0.5, 0.5]))
        >>> BriefCalibration.of_rows(rows, BriefTotals.of(rows), "nats").miscalibration
        0.0
        """
        mean_of(totals.mean)  # raises where there is none
        losses = None
        if totals.mean.are_in_doubt:
            losses = loss_report(reduce(iadd, map(LossTotals.of, stretches(rows))), unit)
        runs = tally_of_runs(rows)
        if runs is None:
            tally = Tally.of(rows, with_squares=False)
            pools = pool_adjacent_violators(tally)
        else:
            tally, pools = runs, pool_runs(runs, np.arange(len(runs)))
        parts = decompose_log_loss(tally, pools, own=totals.own)
        return cls(parts.per(NATS_PER[unit]).miscalibration, losses)
