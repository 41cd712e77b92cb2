"""How much miscalibration chance alone would show, were the predictions calibrated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.cells import Cells
from bce_cli.core.calibration.decomposition import decompose_brier, decompose_log_loss
from bce_cli.core.calibration.percentiles import quantile
from bce_cli.core.calibration.pooling import pool_adjacent_violators
from bce_cli.core.rows import as_floats
from bce_cli.core.validate import positive_labels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from bce_cli.core.calibration.tally import Tally
    from bce_cli.core.rows import Rows

_LEVEL = 0.95
_STREAM = (1,)  # of random numbers, apart from those that draw the bootstrap's samples


@dataclass(frozen=True, slots=True)
class CalibratedMiscalibration:
    """Miscalibration that calibrated predictions stay below in 95 % of samples.

    Attributes
    ----------
    log_loss : float
        In nats.
    brier : float
    """

    log_loss: float
    brier: float

    def per(self, unit: float) -> CalibratedMiscalibration:
        """Return that of the log loss in another unit."""
        return replace(self, log_loss=self.log_loss / unit)


def calibrated_miscalibration(rows: Rows, n: int, seed: int) -> CalibratedMiscalibration | None:
    """Draw labels from their own predictions, again and again, and decompose the losses.

    Isotonic recalibration finds a pattern in any labels, so even calibrated predictions show some
    miscalibration; more than this is unlikely to be chance. Predictions and weights stay as they
    are. Rows of one prediction and one weight are drawn together, as a binomial number of ones.

    Parameters
    ----------
    rows : Rows
        None of them left out; those of weight 0 count for nothing.
    n : int
        Replicates, at least one.
    seed : int

    Returns
    -------
    CalibratedMiscalibration or None
        None if a label is neither 0 nor 1: nothing is known of how it would vary.

    References
    ----------
    Bröcker and Smith, "Increasing the reliability of reliability diagrams", Weather and Forecasting
    22 (2007), 651-661, call this consistency resampling.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, False, True]), np.array([0.2, 0.4, 0.6, 0.8]))
    >>> round(calibrated_miscalibration(rows, 200, 0).brier, 4)
    0.3
    """
    counted = rows if rows.weights is None else rows.at(np.flatnonzero(rows.weights))
    if counted.labels.dtype != np.bool_ and positive_labels(as_floats(counted.labels)) is None:
        return None
    seeds = np.random.SeedSequence(seed, spawn_key=_STREAM)
    log_losses, briers = [], []
    for tally in _redrawn(counted, n, np.random.Generator(np.random.PCG64(seeds))):
        pools = pool_adjacent_violators(tally)
        log_losses.append(decompose_log_loss(tally, pools).miscalibration)
        briers.append(decompose_brier(tally, pools).miscalibration)
    return CalibratedMiscalibration(
        quantile(sorted(log_losses), _LEVEL), quantile(sorted(briers), _LEVEL)
    )


def _redrawn(rows: Rows, n: int, random: np.random.Generator) -> Iterator[Tally]:
    """Yield the tallies of the same predictions with random labels."""
    cells = Cells.of(replace(rows, labels=np.ones(len(rows), np.bool_)))
    chances = np.repeat(cells.predictions, np.diff(cells.starts, append=len(cells.counts)))
    for _ in range(n):
        yield cells.relabelled(random.binomial(cells.counts, chances))
