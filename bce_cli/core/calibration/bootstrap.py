"""How far the parts of the mean loss would move in other samples of as many rows."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.calibration.decomposition import (
    Decomposition,
    decompose_brier,
    decompose_log_loss,
)
from bce_cli.core.calibration.pooling import pool_adjacent_violators
from bce_cli.core.calibration.tally import Tally, run_starts
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.rows import Rows, as_floats

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import numpy.typing as npt

    from bce_cli.core.calibration.exact_parts import Places
    from bce_cli.core.rows import BoolArray, FloatArray

Intervals: TypeAlias = dict[str, tuple[float, float]]
"""By the name of a part, as `Decomposition` has them."""

_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """95 % intervals of the parts of both scores, by the percentiles of replicates.

    Attributes
    ----------
    n, seed : int
        Replicates, and the seed they were drawn with.
    log_loss, brier : dict of str to (float, float)
        Low and high end for each part; losses in nats, infinite where too many replicates are.
    """

    n: int
    seed: int
    log_loss: Intervals
    brier: Intervals

    def per(self, unit: float) -> Bootstrap:
        """Return losses in another unit."""
        scaled = {name: (low / unit, high / unit) for name, (low, high) in self.log_loss.items()}
        return replace(self, log_loss=scaled)


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
    return Bootstrap(n, seed, _intervals(log_losses), _intervals(briers))


def _resampled(rows: Rows, n: int, random: np.random.Generator) -> Iterator[Tally]:
    """Yield the tallies of random samples."""
    cells = _Cells.of(rows)
    n_rows = int(cells.counts.sum())
    shares = cells.counts / n_rows
    for _ in range(n):
        yield cells.tally(random.multinomial(n_rows, shares))


@dataclass(frozen=True, slots=True)
class _Cells:
    """Distinct rows, sorted, and how often each occurs.

    Attributes
    ----------
    counts : ndarray of int64, shape (m,)
    positives, negatives : ndarray of float64, shape (m,)
        Weight times label, and the rest of the weight.
    label_spreads : ndarray of float64, shape (m,)
        Weight times label times one minus the label.
    starts : ndarray of intp, shape (k,)
        Where a new prediction begins.
    predictions, logits : ndarray of float64, shape (k,)
    """

    counts: npt.NDArray[np.int64]
    positives: FloatArray
    negatives: FloatArray
    label_spreads: FloatArray
    starts: Places
    predictions: FloatArray
    logits: FloatArray | None

    @classmethod
    def of(cls, rows: Rows) -> _Cells:
        if rows.weights is not None:
            rows = rows.at(np.flatnonzero(rows.weights))
        keys = rows.probabilities if rows.logits is None else rows.logits
        weights = np.ones(len(rows)) if rows.weights is None else rows.weights
        order = np.lexsort((weights, rows.labels, keys))
        columns = keys[order], as_floats(rows.labels[order]), weights[order]
        firsts = np.flatnonzero(np.any([_is_new(column) for column in columns], axis=0))
        keys, labels, weights = (column[firsts] for column in columns)
        starts = run_starts(keys)
        chosen = order[firsts[starts]]
        return cls(
            counts=np.diff(firsts, append=len(order)),
            positives=weights * labels,
            negatives=weights * (1.0 - labels),
            label_spreads=weights * (labels * (1.0 - labels)),
            starts=starts,
            predictions=rows.probabilities[chosen],
            logits=None if rows.logits is None else rows.logits[chosen],
        )

    def tally(self, counts: npt.NDArray[np.int64]) -> Tally:
        """Tally distinct rows that occur so often; predictions that do not occur are left out."""
        positives = np.add.reduceat(counts * self.positives, self.starts)
        negatives = np.add.reduceat(counts * self.negatives, self.starts)
        seen = positives + negatives > 0.0
        return Tally(
            self.predictions[seen],
            None if self.logits is None else self.logits[seen],
            (positives[seen],),
            (negatives[seen],),
            label_spread=ExactSum.of(counts * self.label_spreads),
        )


def _is_new(values: FloatArray) -> BoolArray:
    is_new = np.ones(len(values), np.bool_)
    np.not_equal(values[1:], values[:-1], out=is_new[1:])
    return is_new


def _intervals(samples: Sequence[Decomposition]) -> Intervals:
    intervals = {}
    for field in fields(Decomposition):
        values = sorted(getattr(sample, field.name) for sample in samples)
        intervals[field.name] = (_quantile(values, _TAIL), _quantile(values, 1.0 - _TAIL))
    return intervals


def _quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of sorted numbers, between neighbours on a straight line, as NumPy does.

    Examples
    --------
    >>> _quantile([1.0, 2.0, 4.0], 0.75), _quantile([1.0, math.inf, math.inf], 0.75)
    (3.0, inf)
    """
    place = share * (len(values) - 1)
    below = math.floor(place)
    low, high = values[below], values[min(below + 1, len(values) - 1)]
    return low if low == high or place == below else low + (high - low) * (place - below)
