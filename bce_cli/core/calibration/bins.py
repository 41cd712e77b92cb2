"""Predictions in bins: what was said, what happened, and how far apart the two are."""

from __future__ import annotations

import math
from dataclasses import field
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bce_cli.core.cuts import even_cuts
from bce_cli.core.exact_sum import UNIT_EXPONENT, ExactSum
from bce_cli.core.groups import GroupedRows
from bce_cli.core.inference import t_quantile
from bce_cli.core.report import NORMAL_QUANTILE
from bce_cli.core.rows import as_floats
from bce_cli.core.state import FIRST, State
from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from bce_cli.core.rows import FloatArray, Rows


def wilson_interval(
    rate: float, n: float, quantile: float = NORMAL_QUANTILE
) -> tuple[float, float]:
    """Return the score interval of a rate seen in `n` rows, by default that of 95 %.

    It never leaves [0, 1], and is no point where the rate is 0 or 1 (Wilson, "Probable inference,
    the law of succession, and statistical inference", J. Am. Stat. Assoc. 22, 1927).

    Examples
    --------
    >>> [round(limit, 4) for limit in wilson_interval(0.1, 10)]
    [0.0179, 0.4042]
    """
    z2 = quantile**2 / n
    above = rate + z2 / 2.0 + math.sqrt(z2 * (rate * (1.0 - rate) + z2 / 4.0))
    low = rate * rate / above  # a difference of both terms would cancel
    high = above / (1.0 + z2)
    return min(low, rate), max(min(high, 1.0), rate)


def quantile_edges(predictions: FloatArray, n_bins: int) -> tuple[float, ...]:
    """Return edges that put about as many predictions into every bin, and equal ones into one.

    They are the quantiles, as scikit-learn has them, where these make all the bins that can be had:
    as many as were asked for, or one for each different prediction. Where they do not, because
    many predictions are equal, each bin ends with the prediction to which `even_cuts` leads.

    Parameters
    ----------
    predictions : ndarray of float64, shape (n,)
        At least one.
    n_bins : int

    Examples
    --------
    >>> quantile_edges(np.array([0.125, 0.25, 0.5, 0.75]), 2)
    (0.125, 0.375, 0.75)
    >>> quantile_edges(np.array([0.5] * 4 + [0.75] * 5), 2)
    (0.5, 0.5, 0.75)
    """
    # The same to the last bit.
    shares = np.linspace(0.0, 1.0, n_bins + 1)
    edges = np.unique(np.percentile(predictions, shares * 100.0)).tolist()
    edges = edges if len(edges) > 1 else [edges[0], edges[0]]
    n_made = int(np.count_nonzero(np.bincount(bins_of(predictions, edges))))
    if n_made == n_bins:
        return tuple(edges)
    distinct, counts = np.unique(predictions, return_counts=True)
    if n_made == len(distinct):
        return tuple(edges)
    firsts = even_cuts(counts.tolist(), n_bins)
    lasts = [place - 1 for place in (*firsts[1:], len(distinct))]
    return (float(distinct[0]), *distinct[lasts].tolist())


MOST_BINS = 1000
"""Of a reliability table."""

N_HISTOGRAM_BINS = 100
"""Of the predictions of a report, whatever bins its table has."""


def uniform_edges(n_bins: int) -> tuple[float, ...]:
    """Return the edges of so many bins of equal width.

    Examples
    --------
    >>> uniform_edges(4)
    (0.0, 0.25, 0.5, 0.75, 1.0)
    """
    return tuple(np.linspace(0.0, 1.0, n_bins + 1).tolist())


@dataclass(frozen=True, slots=True)
class ReliabilityTotals(State):
    """What is known of the rows of each bin, independent of how they were split.

    Bins hold what is above their lower edge and up to their upper one; the first holds its lower
    edge, too. Rows that are left out count for nothing.

    Attributes
    ----------
    edges : tuple of float
        Ascending; one more than there are bins.
    n : tuple of int
        Rows of each bin.
    weights, weight_squares : tuple of ExactSum
        Sums of the weights of each bin, and of their squares.
    label_weights, prediction_weights : tuple of ExactSum
        Sums of weights times labels, and of weights times predictions.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.25, 0.75]))
    >>> totals = ReliabilityTotals.of(rows, uniform_edges(4))
    >>> totals.n, (totals + totals).n
    ((1, 0, 1, 0), (2, 0, 2, 0))
    """

    edges: tuple[float, ...] = field(metadata=FIRST)
    n: tuple[int, ...]
    weights: tuple[ExactSum, ...]
    weight_squares: tuple[ExactSum, ...]
    label_weights: tuple[ExactSum, ...]
    prediction_weights: tuple[ExactSum, ...]

    @classmethod
    def of(cls, rows: Rows, edges: Sequence[float]) -> ReliabilityTotals:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
        edges : sequence of float
            Ascending; no prediction is outside of them.
        """
        n_bins = len(edges) - 1
        bins = bins_of(rows.probabilities, edges)
        counted = rows.present(bins)
        counts = tuple(np.bincount(counted, minlength=n_bins).tolist())
        sums = GroupedRows(bins, n_bins)
        labels, predictions = as_floats(rows.labels), rows.probabilities
        if rows.weights is None:
            n = tuple(map(ExactSum.of_count, counts))
            if rows.labels.dtype == np.bool_:
                positives = np.bincount(bins[rows.labels], minlength=n_bins)
                label_sums = tuple(map(ExactSum.of_count, positives.tolist()))
            else:
                label_sums = sums.of(labels)
            return cls(tuple(edges), counts, n, n, label_sums, sums.of(predictions))
        return cls(
            tuple(edges),
            counts,
            sums.of(rows.weights),
            *(
                sums.of_products(rows.weights, factors)
                for factors in (rows.weights, labels, predictions)
            ),
        )


def bins_of(predictions: FloatArray, edges: Sequence[float]) -> npt.NDArray[np.intp]:
    """Return the bin of each prediction; those on an inner edge belong to the bin below it."""
    return np.searchsorted(np.asarray(edges[1:-1]), predictions, side="left")


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """What was said and what happened in one bin.

    Attributes
    ----------
    low, high : float
        Its edges.
    n : int
        Rows.
    weight_sum : float
        Sum of their weights; n without weights.
    mean_prediction, event_rate : float or None
        Weighted means of predictions and labels; None without rows of any weight.
    ci_low, ci_high : float or None
        Interval of the event rate (Wilson, J. Am. Stat. Assoc. 22, 1927); under weights for the
        effective number of rows, (sum of weights)^2 over the sum of their squares; with clusters,
        see `bce_cli.core.calibration.clustered.spreads_of_bins`.
    """

    low: float
    high: float
    n: int
    weight_sum: float
    mean_prediction: float | None
    event_rate: float | None
    ci_low: float | None
    ci_high: float | None


class Spread(NamedTuple):
    """What the interval of an event rate is made of.

    Attributes
    ----------
    n : float
        So many independent rows would pin the rate down as well.
    df : float
        Degrees of freedom of Student's t; infinite for the normal distribution.
    """

    n: float
    df: float = math.inf


def reliability_bins(
    totals: ReliabilityTotals,
    confidence: float = 0.95,
    spreads: Sequence[Spread | None] | None = None,
) -> tuple[ReliabilityBin, ...]:
    """Derive the figures of each bin, empty ones included.

    Parameters
    ----------
    totals : ReliabilityTotals
    confidence : float, default 0.95
        Of the intervals.
    spreads : sequence of Spread or None, optional
        Of each bin, where rows depend on each other; None for a bin that gives no interval.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.25, 0.75]))
    >>> for b in reliability_bins(ReliabilityTotals.of(rows, uniform_edges(2))):
    ...     print(b.low, b.high, b.n, b.mean_prediction, b.event_rate, round(b.ci_low, 4))
    0.0 0.5 1 0.25 1.0 0.2065
    0.5 1.0 1 0.75 0.0 0.0
    """
    if spreads is None:
        pairs = zip(totals.weights, totals.weight_squares, strict=True)
        spreads = [_independent(*pair) for pair in pairs]
    bins = []
    for index, (edges, spread) in enumerate(zip(pairwise(totals.edges), spreads, strict=True)):
        reach = None if spread is None else (spread.n, t_quantile(confidence, spread.df))
        bins.append(_bin(edges, totals, index, reach))
    return tuple(bins)


def _independent(weights: ExactSum, squares: ExactSum) -> Spread | None:
    """Return the effective number of rows; None where none has a weight."""
    return Spread(weights.units**2 / (squares.units << -UNIT_EXPONENT)) if weights.units else None


def _bin(
    edges: tuple[float, float],
    totals: ReliabilityTotals,
    index: int,
    reach: tuple[float, float] | None,
) -> ReliabilityBin:
    n, weights = totals.n[index], totals.weights[index]
    if not weights.units:
        return ReliabilityBin(*edges, n, 0.0, None, None, None, None)
    rate = totals.label_weights[index].units / weights.units
    ends = (None, None) if reach is None else wilson_interval(rate, *reach)
    mean = totals.prediction_weights[index].units / weights.units
    return ReliabilityBin(*edges, n, float(weights), mean, rate, *ends)


def expected_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Mean distance between mean prediction and event rate, by the weight of the bins.

    Naeini, Cooper and Hauskrecht, "Obtaining well calibrated probabilities using Bayesian
    binning", AAAI 2015; Guo et al., "On calibration of modern neural networks", ICML 2017. It
    depends on the bins.

    Raises
    ------
    DataError
        If there are no rows of any weight.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.25, 0.5]))
    >>> expected_calibration_error(reliability_bins(ReliabilityTotals.of(rows, uniform_edges(4))))
    0.625
    """
    shares = math.fsum(each.weight_sum for each in bins)
    if shares == 0.0:
        message = "all weights are 0, so there is no calibration error"
        raise DataError(message)
    mean = math.fsum(each.weight_sum * _gap(each) for each in bins) / shares
    return min(mean, maximum_calibration_error(bins))  # rounding must not lift it above


def maximum_calibration_error(bins: Sequence[ReliabilityBin]) -> float:
    """Greatest distance between mean prediction and event rate in any bin; needs one with rows."""
    return max(_gap(each) for each in bins)


def _gap(each: ReliabilityBin) -> float:
    if each.mean_prediction is None or each.event_rate is None:
        return 0.0
    return abs(each.mean_prediction - each.event_rate)
