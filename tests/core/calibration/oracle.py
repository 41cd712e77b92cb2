"""The decomposition once more, in fractions and with fifty digits, as slowly as it is written."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from typing import TYPE_CHECKING

import mpmath

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.rows import Rows

    Loss = Callable[["Prediction", Fraction], mpmath.mpf]

mpmath.mp.dps = 50
INFINITY = mpmath.inf


@dataclass(frozen=True, order=True)
class Prediction:
    """A probability, or a logit, or both labels' weights of a pool."""

    value: float | Fraction
    is_logit: bool = False


@dataclass(frozen=True)
class Pool:
    """Some distinct predictions, with the weights of both labels."""

    predictions: tuple[Prediction, ...]
    positives: Fraction
    negatives: Fraction

    @property
    def rate(self) -> Fraction:
        return self.positives / (self.positives + self.negatives)

    def with_(self, other: Pool) -> Pool:
        return Pool(
            self.predictions + other.predictions,
            self.positives + other.positives,
            self.negatives + other.negatives,
        )


def distinct_predictions(rows: Rows) -> list[Pool]:
    """Sum up the rows of every prediction."""
    keys = rows.probabilities if rows.logits is None else rows.logits
    weights = [1.0] * len(rows) if rows.weights is None else rows.weights.tolist()
    table = sorted(zip(keys.tolist(), rows.labels.tolist(), weights, strict=True))
    pools = []
    for key, group in groupby(table, key=lambda row: row[0]):
        members = [(Fraction(y), Fraction(w)) for _, y, w in group]
        ones = sum((w * y for y, w in members), Fraction(0))
        zeros = sum((w * (1 - y) for y, w in members), Fraction(0))
        if ones + zeros:
            pools.append(Pool((Prediction(key, rows.logits is not None),), ones, zeros))
    return pools


def pool_adjacent_violators(pools: list[Pool]) -> list[Pool]:
    """Merge neighbours until rates rise strictly."""
    stack: list[Pool] = []
    for pool in pools:
        stack.append(pool)
        while len(stack) > 1 and stack[-2].rate >= stack[-1].rate:
            last = stack.pop()
            stack[-1] = stack[-1].with_(last)
    return stack


def log_loss(prediction: Prediction, label: Fraction) -> mpmath.mpf:
    """Loss of one label, 0 or 1, in nats."""
    if prediction.is_logit:
        x = -mpmath.mpf(prediction.value) if label else mpmath.mpf(prediction.value)
        return INFINITY if x == INFINITY else mpmath.log1p(mpmath.exp(x))
    p = mpmath.mpf(Fraction(prediction.value).numerator) / Fraction(prediction.value).denominator
    share = p if label else 1 - p
    return -mpmath.log(share) if share else INFINITY


def squared_error(prediction: Prediction, label: Fraction) -> mpmath.mpf:
    """Brier score of one label, of the probability in float64."""
    p = mpmath.mpf(Fraction(prediction.value).numerator) / Fraction(prediction.value).denominator
    return (p - label) ** 2


def mean_loss(pools: list[tuple[Prediction, Pool]], loss: Loss) -> mpmath.mpf:
    """Mean over the rows of some pools that were given these predictions."""
    total, weight = mpmath.mpf(0), Fraction(0)
    for prediction, pool in pools:
        for label, share in ((Fraction(1), pool.positives), (Fraction(0), pool.negatives)):
            if share:
                total += _mpf(share) * loss(prediction, label)
        weight += pool.positives + pool.negatives
    return total / _mpf(weight)


def label_spread(rows: Rows) -> mpmath.mpf:
    """Mean of y (1 - y), by which the Brier score of a soft label is less than that of a draw."""
    weights = [1.0] * len(rows) if rows.weights is None else rows.weights.tolist()
    total = Fraction(0)
    for y, w in zip(rows.labels.tolist(), weights, strict=True):
        total += Fraction(w) * Fraction(y) * (1 - Fraction(y))
    return _mpf(total / sum(map(Fraction, weights)))


def recalibrated(pools: list[Pool]) -> list[tuple[Prediction, Pool]]:
    """Predict the rate of every pool."""
    return [(Prediction(pool.rate), pool) for pool in pools]


def _mpf(value: Fraction) -> mpmath.mpf:
    return mpmath.mpf(value.numerator) / value.denominator
