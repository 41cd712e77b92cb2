"""Samples drawn from the rows, and from their predictions: how far chance moves the parts."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.calibration.decomposition import (
    PARTS,
    Decomposition,
    decompose_brier,
    decompose_log_loss,
    pool_adjacent_violators,
)
from bce_cli.core.calibration.tally import Tally, is_new, run_starts
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.inference import level_of
from bce_cli.core.progress import Stage, silent
from bce_cli.core.rows import Rows, as_floats
from bce_cli.core.validate import positive_labels
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import numpy.typing as npt

    from bce_cli.core.progress import Progress
    from bce_cli.core.rows import Categories, FloatArray, Places, Rows


def quantile(values: Sequence[float], share: float) -> float:
    """Return a quantile of sorted numbers, between neighbours on a straight line, as NumPy does.

    Examples
    --------
    >>> quantile([1.0, 2.0, 4.0], 0.75), quantile([1.0, math.inf, math.inf], 0.75)
    (3.0, inf)
    """
    place = share * (len(values) - 1)
    below = math.floor(place)
    low, high = values[below], values[min(below + 1, len(values) - 1)]
    return low if low == high or place == below else low + (high - low) * (place - below)


@dataclass(frozen=True, slots=True)
class DistinctRows:
    """Distinct rows, sorted, and how often each occurs: samples are drawn of all of them at once.

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
    clusters : ndarray of int, shape (m,), optional
        The cluster that each is in, by the order of their words; rows of several are distinct.
    """

    counts: npt.NDArray[np.int64]
    positives: FloatArray
    negatives: FloatArray
    label_spreads: FloatArray
    starts: Places
    predictions: FloatArray
    logits: FloatArray | None
    clusters: Places | None = None

    @classmethod
    def of(cls, rows: Rows) -> DistinctRows:
        """Find the distinct rows among some; those of weight 0 are left out."""
        if rows.weights is not None:
            rows = rows.at(np.flatnonzero(rows.weights))
        keys = rows.probabilities if rows.logits is None else rows.logits
        weights = np.ones(len(rows)) if rows.weights is None else rows.weights
        clusters = None if rows.cluster is None else _numbered(rows.cluster)
        others = () if clusters is None else (clusters,)
        order = np.lexsort((*others, weights, rows.labels, keys))
        columns = keys[order], as_floats(rows.labels[order]), weights[order]
        are_new = [is_new(column[order]) for column in others]
        are_new += [is_new(column) for column in columns]
        firsts = np.flatnonzero(np.any(are_new, axis=0))
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
            clusters=None if clusters is None else clusters[order[firsts]],
        )

    def tally(self, counts: npt.NDArray[np.int64]) -> Tally:
        """Tally distinct rows that occur so often; predictions that do not occur are left out."""
        spread = ExactSum.of(counts * self.label_spreads)
        return self._tally(counts * self.positives, counts * self.negatives, spread)

    def relabelled(self, ones: npt.NDArray[np.int64]) -> Tally:
        """Tally all rows, where so many of each cell have label 1 and the others have label 0."""
        weights = self.positives + self.negatives
        return self._tally(ones * weights, (self.counts - ones) * weights)

    def _tally(
        self, positives: FloatArray, negatives: FloatArray, spread: ExactSum | None = None
    ) -> Tally:
        positives = np.add.reduceat(positives, self.starts)
        negatives = np.add.reduceat(negatives, self.starts)
        seen = positives + negatives > 0.0
        return Tally(
            self.predictions[seen],
            None if self.logits is None else self.logits[seen],
            (positives[seen],),
            (negatives[seen],),
            label_spread=spread,
        )


def _numbered(cluster: Categories) -> Places:
    """Give clusters numbers in the order of their words, whatever order the rows are in."""
    words = sorted(set(cluster.names))
    places = {word: place for place, word in enumerate(words)}
    numbers = np.array([places[name] for name in cluster.names], np.intp)[cluster.codes]
    return np.unique(numbers, return_inverse=True)[1]


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
    p_value : float
        Share of the samples whose log loss shows as much miscalibration as that of the rows, which
        count as one of them.
    """

    log_loss: float
    brier: float
    p_value: float

    def per(self, unit: float) -> CalibratedMiscalibration:
        """Return that of the log loss in another unit."""
        return replace(self, log_loss=self.log_loss / unit)


def calibrated_miscalibration(
    rows: Rows, n: int, seed: int, tell: Callable[[], None] = lambda: None
) -> CalibratedMiscalibration | None:
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
    tell : callable () -> None, optional
        Called after each replicate.

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
    counted = _of_some_weight(rows)
    if _are_soft(counted):
        return None
    seeds = np.random.SeedSequence(seed, spawn_key=_STREAM)
    log_losses, briers = [], []
    for tally in _redrawn(counted, n, np.random.Generator(np.random.PCG64(seeds))):
        pools = pool_adjacent_violators(tally)
        log_losses.append(decompose_log_loss(tally, pools).miscalibration)
        briers.append(decompose_brier(tally, pools).miscalibration)
        tell()
    tally = Tally.of(counted)
    found = decompose_log_loss(tally, pool_adjacent_violators(tally)).miscalibration
    n_as_much = sum(value >= found for value in log_losses)
    return CalibratedMiscalibration(
        quantile(sorted(log_losses), _LEVEL),
        quantile(sorted(briers), _LEVEL),
        (1 + n_as_much) / (1 + n),
    )


def _of_some_weight(rows: Rows) -> Rows:
    return rows if rows.weights is None else rows.at(np.flatnonzero(rows.weights))


def _are_soft(rows: Rows) -> bool:
    """Whether a label is neither 0 nor 1."""
    return rows.labels.dtype != np.bool_ and positive_labels(as_floats(rows.labels)) is None


def _redrawn(rows: Rows, n: int, random: np.random.Generator) -> Iterator[Tally]:
    """Yield the tallies of the same predictions with random labels."""
    distinct = DistinctRows.of(replace(rows, labels=np.ones(len(rows), np.bool_)))
    chances = np.repeat(distinct.predictions, np.diff(distinct.starts, append=len(distinct.counts)))
    for _ in range(n):
        yield distinct.relabelled(random.binomial(distinct.counts, chances))


Intervals: TypeAlias = dict[str, tuple[float, float]]
"""By the name of a part, as `Decomposition` has them."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """The middle of the parts of both scores over replicates: 95 % of them, or another share.

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
        replicates; None with soft labels, and with clusters, as nothing is known of how labels
        would depend on each other.
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


def bootstrap(
    rows: Rows, n: int, seed: int, progress: Progress = silent, confidence: float = 0.95
) -> Bootstrap:
    """Resample rows with replacement, with their weights, and decompose the losses of each sample.

    Equal rows are drawn together, from a multinomial distribution over all that occur, in their
    own order: the order of the rows does not matter. Where rows are in clusters, these are drawn,
    whole, and as many as there are (Davison and Hinkley, "Bootstrap methods and their
    application", 1997, section 3.8).

    Parameters
    ----------
    rows : Rows
        None of them left out; those of weight 0 are never drawn.
    n : int
        Replicates, at least one.
    seed : int
    progress : callable (Stage) -> None, optional
    confidence : float, default 0.95
        The share of replicates that is told.

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
    # Samples of rows come first, then labels of as many samples: each is half of a replicate.
    n_rounds = 2 if rows.cluster is None and not _are_soft(_of_some_weight(rows)) else 1
    n_done = 0

    def tell() -> None:
        nonlocal n_done
        n_done += 1
        progress(Stage("resampling", n_done // n_rounds, n, "samples"))

    progress(Stage("resampling", 0, n, "samples"))
    log_losses, briers = [], []
    for tally in _resampled(rows, n, np.random.Generator(np.random.PCG64(seed))):
        pools = pool_adjacent_violators(tally)
        log_losses.append(decompose_log_loss(tally, pools))
        briers.append(decompose_brier(tally, pools))
        tell()
    chance = calibrated_miscalibration(rows, n, seed, tell) if n_rounds > 1 else None
    tail = level_of(confidence) / 2.0
    return Bootstrap(n, seed, _intervals(log_losses, tail), _intervals(briers, tail), chance)


def _resampled(rows: Rows, n: int, random: np.random.Generator) -> Iterator[Tally]:
    """Yield the tallies of random samples."""
    distinct = DistinctRows.of(rows)
    if distinct.clusters is not None:
        n_clusters = int(distinct.clusters.max()) + 1
        even = np.full(n_clusters, 1.0 / n_clusters)
        for _ in range(n):
            times = random.multinomial(n_clusters, even)
            yield distinct.tally(distinct.counts * times[distinct.clusters])
        return
    n_rows = int(distinct.counts.sum())
    shares = distinct.counts / n_rows
    for _ in range(n):
        yield distinct.tally(random.multinomial(n_rows, shares))


def _intervals(samples: Sequence[Decomposition], tail: float) -> Intervals:
    intervals = {}
    for part in PARTS:
        values = sorted(getattr(sample, part) for sample in samples)
        intervals[part] = (quantile(values, tail), quantile(values, 1.0 - tail))
    return intervals
