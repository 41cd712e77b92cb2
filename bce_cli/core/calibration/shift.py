"""The one number which, added to all logits, fits the labels best."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.log_odds import MOST_STEPS, TOLERANCE

if TYPE_CHECKING:
    from bce_cli.core.calibration.log_odds import LogOdds

_BLOCK = 1 << 15  # keeps the intermediate values in cache


def fit_shift(odds: LogOdds) -> tuple[float, float] | None:
    """Fit an intercept, the slope being 1; None if that does not converge.

    The root of the gradient, which falls, by Newton's method; halves the interval that holds the
    root where a step would leave it or is slow (Press et al., "Numerical recipes", section 9.4).

    Parameters
    ----------
    odds : LogOdds
        With both labels.

    Returns
    -------
    tuple of float
        The shift and its standard error.
    """
    low = odds.of_base_rate - float(odds.logits[-1])
    high = odds.of_base_rate - float(odds.logits[0])
    shift = min(max(0.0, low), high)
    previous = high - low
    for _ in range(MOST_STEPS):
        gradient, information, variance = _gradient(odds, shift)
        low, high = (shift, high) if gradient > 0.0 else (low, shift)
        step = gradient / information if information > 0.0 else math.inf
        if not low <= shift + step <= high or abs(2.0 * step) > abs(previous):
            step = low / 2.0 + high / 2.0 - shift
        shift, previous = shift + step, step
        if abs(step) <= TOLERANCE * max(1.0, abs(shift)) and information > 0.0:
            return shift, math.sqrt(variance) / information
    return None


def _gradient(odds: LogOdds, shift: float) -> tuple[float, float, float]:
    """Return the slope of the log-likelihood, minus its curvature, and the slope's variance."""
    sums = []
    with np.errstate(under="ignore", over="ignore"):
        for start in range(0, len(odds.logits), _BLOCK):
            block = slice(start, start + _BLOCK)
            ones, zeros = odds.positives[block], odds.negatives[block]
            line = odds.logits[block] + shift
            tail = np.exp(-np.abs(line))
            rest = 1.0 / (1.0 + tail)
            tail *= rest
            rates, others = np.where(line < 0.0, (tail, rest), (rest, tail))
            information = float(((ones + zeros) * rates * others).sum())
            variance = information
            if odds.squares is not None:
                variance = float(odds.squares.residuals(block, rates).sum())
            sums.append((float((ones * others - zeros * rates).sum()), information, variance))
    gradient, information, variance = (math.fsum(column) for column in zip(*sums, strict=True))
    return gradient, information, variance
