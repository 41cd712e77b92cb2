"""The parts of the mean loss in samples that are drawn from the rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.calibration.cells import Cells
from bce_cli.core.calibration.consistency import calibrated_miscalibration
from bce_cli.core.calibration.decomposition import (
    PARTS,
    Decomposition,
    decompose_brier,
    decompose_log_loss,
)
from bce_cli.core.calibration.percentiles import quantile
from bce_cli.core.calibration.pooling import pool_adjacent_violators

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.core.calibration.consistency import CalibratedMiscalibration
    from bce_cli.core.calibration.tally import Tally
    from bce_cli.core.rows import Rows

Intervals: TypeAlias = dict[str, tuple[float, float]]
"""By the name of a part, as `Decomposition` has them."""

_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The middle 95 % of the parts of both scores over replicates.

    For `miscalibration` and `discrimination` these are no confidence intervals: a sample repeats
    rows, and recalibration takes that for a pattern, so both are greater in samples than in the
    rows they are drawn from. `calibrated_q95` tells how much miscalibration chance alone makes.

    Attributes
    ----------
    n, seed : int
        Replicates, and the seed they were drawn with.
    log_loss, brier : dict of str to (float, float)
        Low and high end for each part; losses in nats, infinite where too many replicates are.
    calibrated_q95 : CalibratedMiscalibration or None
        The 95 % quantile of the miscalibration of labels drawn from the predictions, over as many
        replicates; None with soft labels.
    """

    n: int
    seed: int
    log_loss: Intervals
    brier: Intervals
    calibrated_q95: CalibratedMiscalibration | None

    def per(self, unit: float) -> Bootstrap:
        """Return losses in another unit."""
        scaled = {name: (low / unit, high / unit) for name, (low, high) in self.log_loss.items()}
        chance = self.calibrated_q95
        return replace(
            self, log_loss=scaled, calibrated_q95=None if chance is None else chance.per(unit)
        )


def bootstrap(rows: Rows, n: int, seed: int) -> Bootstrap:
    """Resample rows with replacement, with their weights, and decompose the losses of each sample.

    Equal rows are drawn together, from a multinomial distribution over all that occur, in their
    own order: the order of the rows does not matter.

    Parameters
    ----------
    rows : Rows
        None of them left out; those of weight 0 are never drawn.
    n : int
        Replicates, at least one.
    seed : int

    References
    ----------
    Efron and Tibshirani, "An introduction to the bootstrap" (1993), chapter 13.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, False, True]), np.array([0.2, 0.4, 0.6, 0.8]))
    >>> [round(limit, 4) for limit in bootstrap(rows, 200, 0).brier["mean"]]
    [0.1, 0.57]
    """
    samples = [
        (decompose_log_loss(tally, pools), decompose_brier(tally, pools))
        for tally in _resampled(rows, n, np.random.Generator(np.random.PCG64(seed)))
        for pools in [pool_adjacent_violators(tally)]
    ]
    log_losses, briers = zip(*samples, strict=True)
    chance = calibrated_miscalibration(rows, n, seed)
    return Bootstrap(n, seed, _intervals(log_losses), _intervals(briers), chance)


def _resampled(rows: Rows, n: int, random: np.random.Generator) -> Iterator[Tally]:
    """Yield the tallies of random samples."""
    cells = Cells.of(rows)
    n_rows = int(cells.counts.sum())
    shares = cells.counts / n_rows
    for _ in range(n):
        yield cells.tally(random.multinomial(n_rows, shares))


def _intervals(samples: Sequence[Decomposition]) -> Intervals:
    intervals = {}
    for part in PARTS:
        values = sorted(getattr(sample, part) for sample in samples)
        intervals[part] = (quantile(values, _TAIL), quantile(values, 1.0 - _TAIL))
    return intervals
