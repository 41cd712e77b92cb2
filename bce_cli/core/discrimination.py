"""How well predictions tell the labels apart: the area under the ROC curve, with its interval.

It is the chance that of a positive and a negative, drawn at random by weight, the positive has the
higher prediction; equal ones count half. Only the order of predictions matters, so it says nothing
of calibration, and logits are ranked as logits.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import reduce
from itertools import product, starmap
from operator import add
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bce_cli.core.calibration.tally import Tally, total
from bce_cli.core.comparison import t_quantile
from bce_cli.core.exact_sum import UNIT_EXPONENT, ExactSum
from bce_cli.core.rows import as_floats

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import Parts
    from bce_cli.core.cluster_moments import ClusteredRows
    from bce_cli.core.rows import FloatArray, Rows


NoInterval: TypeAlias = Literal[
    "no positives", "no negatives", "one positive", "one negative", "separated", "no spread"
]
"""Why there is no interval.

- ``no positives``, ``no negatives``: nor is there a value.
- ``one positive``, ``one negative``: all weight of a label is that of one row, or of one cluster.
- ``separated``: every positive is above every negative, or every one below.
- ``no spread``: no row tells anything, as where all predictions are equal.
"""


@dataclass(frozen=True, slots=True)
class Discrimination:
    """Area under the ROC curve.

    Attributes
    ----------
    auc : float or None
        In [0, 1]; None without positives or without negatives.
    std_error : float or None
        None where it cannot be had, and where it would be 0.
    ci_low, ci_high : float or None
        The value and some standard errors to either side, within [0, 1].
    no_interval : NoInterval or None
        Why there is none.
    """

    auc: float | None
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None
    no_interval: NoInterval | None = None


def discrimination(
    rows: Rows,
    clusters: ClusteredRows | None = None,
    confidence: float = 0.95,
    tally: Tally | None = None,
) -> Discrimination:
    """Find the area under the ROC curve, and its interval.

    A row of label y and weight w is a positive of weight w y and a negative of weight w (1 - y),
    and with soft labels both; as such it makes a pair with itself, which is a tie. The area is
    exact and rounded once.

    Parameters
    ----------
    rows : Rows
        Those left out and those of weight 0 count for nothing.
    clusters : ClusteredRows, optional
        Of the same rows, for an interval that allows for rows that depend on each other.
    confidence : float, default 0.95
        In (0, 1).
    tally : Tally, optional
        Of the rows that count, where the caller has it.

    Notes
    -----
    Without clusters the variance is DeLong's (DeLong, DeLong and Clarke-Pearson, Biometrics 44,
    1988), in the time that sorting takes (Sun and Xu, IEEE Signal Processing Letters 21, 2014), and
    the interval that of the normal distribution. With g the share of the negatives below a
    prediction, h that of the positives, equal ones by half, and a and b the weights of a row as
    a positive and as a negative, of the sums A and B, each row contributes ::

        p = a (g - AUC) / A        q = b (1 - AUC - h) / B

    and the variance is the sum of (sqrt(u) p + sqrt(v) q)^2, where u = 1 / (1 - sum(a^2) / A^2),
    and v likewise. Equal weights make that m / (m - 1) and n / (n - 1) for m positives and n
    negatives, and the variance DeLong's. It does not change with the scale of the weights.

    With clusters it is Obuchowski's (Biometrics 53, 1997): P and Q, the sums of p and q over
    clusters, in place of p and q, and ::

        i / (i - 1) sum(P^2) + j / (j - 1) sum(Q^2) + 2 k / (k - 1) sum(P Q)

    for i clusters with positives, j with negatives, and k in all; the interval is that of Student's
    t with k - 1 degrees of freedom. Clusters of one row each have DeLong's variance; with weights,
    they differ from that of rows by the factors alone.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> labels = np.array([False, False, True, True])
    >>> found = discrimination(Rows(labels, np.array([0.1, 0.4, 0.35, 0.8])))
    >>> found.auc, round(found.std_error, 6), round(found.ci_low, 6), found.ci_high
    (0.75, 0.353553, 0.057048, 1.0)
    """
    if tally is None:
        counted = rows.counted()
        if not (len(counted) if counted.weights is None else counted.weights.any()):
            return Discrimination(None, no_interval="no positives")
        tally = Tally.of(counted)
    if clusters is None:
        return discrimination_of_tally(tally, confidence)
    ranks = _Ranks.of(tally)
    if isinstance(ranks, Discrimination):
        return ranks
    return _by_cluster(ranks, tally, rows, clusters, confidence)


def discrimination_of_tally(tally: Tally, confidence: float = 0.95) -> Discrimination:
    """Do the same for distinct predictions, without clusters.

    Parameters
    ----------
    tally : Tally
        Where it is of fine bins, all predictions of a bin are equal: any pair within one is a tie.
    confidence : float, default 0.95

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> tally = Tally.of(Rows(np.array([True, False]), np.array([0.75, 0.25])))
    >>> found = discrimination_of_tally(tally)
    >>> found.auc, found.ci_low, found.no_interval
    (1.0, None, 'one positive')
    """
    ranks = _Ranks.of(tally)
    if isinstance(ranks, Discrimination):
        return ranks
    return _by_row(ranks, tally, confidence)


@dataclass(frozen=True, slots=True)
class _Ranks:
    """What each distinct prediction says, and what comes of them all.

    Attributes
    ----------
    auc : float
    positives, negatives : float
        Sums of weights.
    of_positive, of_negative : ndarray of float64, shape (m,)
        What a positive, and a negative, of weight 1 contributes: (g - AUC) / A, and
        (1 - AUC - h) / B.
    """

    auc: float
    positives: float
    negatives: float
    of_positive: FloatArray
    of_negative: FloatArray

    @classmethod
    def of(cls, tally: Tally) -> _Ranks | Discrimination:
        """Rank the predictions; without positives or without negatives, there is no area."""
        positives, negatives = _sum(tally.positives), _sum(tally.negatives)
        if not positives.units:
            return Discrimination(None, no_interval="no positives")
        if not negatives.units:
            return Discrimination(None, no_interval="no negatives")
        ones, zeros = tally.positives, tally.negatives
        if tally.squares is not None:
            ones, zeros = _scaled(ones), _scaled(zeros)
        below = _twice_below(zeros)
        won = _sum_of_products(ones, below).units << -UNIT_EXPONENT
        pairs = 2 * _sum(ones).units * _sum(zeros).units
        auc, rest = won / pairs, (pairs - won) / pairs
        of_positive = _shares(below, zeros)
        of_positive -= auc
        of_positive /= float(positives)
        of_negative = _shares(_twice_below(ones), ones)
        np.subtract(rest, of_negative, out=of_negative)
        of_negative /= float(negatives)
        return cls(auc, float(positives), float(negatives), of_positive, of_negative)


_EXPONENT = 400  # of sums of weights: no product of any two weights is lost, or too large


def _scaled(parts: Parts) -> Parts:
    """Bring the sum of weights to a certain size, by a power of two."""
    exponent = _EXPONENT - math.frexp(float(_sum(parts)))[1]
    return tuple(np.ldexp(part, exponent) for part in parts)


def _twice_below(parts: Parts) -> Parts:
    """Return twice the weight below each prediction, and once that at it, exactly."""
    return tuple(2.0 * np.cumsum(part) - part for part in parts)


def _shares(twice_below: Parts, parts: Parts) -> FloatArray:
    """Return the share of the weight that is below, equal ones by half; 1 where all of it is."""
    whole = total(tuple(2.0 * part.sum(keepdims=True) for part in parts))
    return total(twice_below) / whole


def _sum(parts: Parts) -> ExactSum:
    return reduce(add, map(ExactSum.of, parts))


def _sum_of_products(left: Parts, right: Parts) -> ExactSum:
    return reduce(add, starmap(ExactSum.of_products, product(left, right)))


def _by_row(ranks: _Ranks, tally: Tally, confidence: float) -> Discrimination:
    """Take each row for itself."""
    if tally.squares is None:
        positives, negatives, mixed = tally.positives[0], tally.negatives[0], None
    else:
        squares = tally.squares
        positives, mixed = squares.label_squares, squares.labels - squares.label_squares
        negatives = np.maximum(squares.weights - squares.labels - mixed, 0.0)
    in_one = (
        _ratio(positives, ranks.positives),
        _ratio(negatives, ranks.negatives),
    )
    too_few = _too_few(*in_one)
    if too_few is not None:
        return Discrimination(ranks.auc, no_interval=too_few)
    of_positive = ranks.of_positive * math.sqrt(1.0 / (1.0 - in_one[0]))
    of_negative = ranks.of_negative * math.sqrt(1.0 / (1.0 - in_one[1]))
    squared = positives * of_positive * of_positive
    squared += negatives * of_negative * of_negative
    if mixed is not None:
        squared += 2.0 * mixed * of_positive * of_negative
    variance = float(ExactSum.of(squared))
    return _with_interval(ranks.auc, variance, sum(in_one), t_quantile(confidence, math.inf))


def _ratio(squares: FloatArray, weight: float) -> float:
    """Return how much of a weight is in one place: 1 over the effective number of rows."""
    return float(ExactSum.of(squares)) / weight / weight


def _by_cluster(
    ranks: _Ranks, tally: Tally, rows: Rows, clusters: ClusteredRows, confidence: float
) -> Discrimination:
    """Sum up what the rows of a cluster contribute."""
    labels, weights = as_floats(rows.labels), np.ones(len(rows))
    if rows.weights is not None:
        weights = rows.weights
    if rows.missing is not None:
        weights = np.where(rows.missing, 0.0, weights)
    keys, values = tally.predictions, rows.probabilities
    if tally.logits is not None and rows.logits is not None:
        keys, values = tally.logits, rows.logits
    places = np.minimum(np.searchsorted(keys, values), len(tally) - 1)  # of weight 0 are none
    positives = weights * labels
    negatives = weights * (1.0 - labels)
    of_positives = positives * ranks.of_positive[places]
    of_negatives = negatives * ranks.of_negative[places]
    ones = clusters.moments(of_positives, positives)
    zeros = clusters.moments(of_negatives, negatives)
    all_of_them = clusters.moments(of_positives + of_negatives, weights)
    too_few = _too_few(1.0 / ones.n, 1.0 / zeros.n)
    if too_few is not None:
        return Discrimination(ranks.auc, no_interval=too_few)
    factor = _factor(all_of_them.n)
    variance = (
        factor * float(all_of_them.value_squares)
        + (_factor(ones.n) - factor) * float(ones.value_squares)
        + (_factor(zeros.n) - factor) * float(zeros.value_squares)
    )
    in_one = 1.0 / ones.n + 1.0 / zeros.n
    return _with_interval(ranks.auc, variance, in_one, t_quantile(confidence, all_of_them.n - 1))


def _factor(n: int) -> float:
    return n / (n - 1)


_ALMOST_ALL = 1.0 - 1e-9


def _too_few(positives: float, negatives: float) -> NoInterval | None:
    """Tell whether all weight of a label is in one place; takes the greatest share of one."""
    if positives > _ALMOST_ALL:
        return "one positive"
    return "one negative" if negatives > _ALMOST_ALL else None


_ROUNDING = 4.0 * float(np.finfo(np.float64).eps)  # of a share, and of the area


def _with_interval(auc: float, variance: float, in_one: float, reach: float) -> Discrimination:
    """Put some standard errors to either side, unless there is nothing but rounding in them."""
    if variance <= _ROUNDING**2 * in_one:
        return Discrimination(auc, no_interval="separated" if auc in (0.0, 1.0) else "no spread")
    error = math.sqrt(variance)
    low, high = auc - reach * error, auc + reach * error
    return Discrimination(auc, error, max(low, 0.0), min(high, 1.0))
