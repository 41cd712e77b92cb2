"""Logarithms are concave, their negatives convex: a maximum becomes a minimum to descend to."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

_REACHED = 1e-9
_MOST_ITERATIONS = 100_000
_LEAST_RATE = 1e-3
_EDGE = 1e-12


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """Both logarithms at one p, their slopes, and the same of their negatives (in nats)."""

    p: float
    log_p: float
    slope_log_p: float
    log_other: float
    slope_log_other: float
    loss_of_1: float
    slope_loss_of_1: float
    loss_of_0: float
    slope_loss_of_0: float


@dataclass(frozen=True, slots=True)
class Iterate:
    """One point of the descent: the constant prediction, its mean loss in nats, and the slope."""

    iteration: int
    prediction: float
    mean_loss: float
    slope: float


@dataclass(frozen=True, slots=True)
class NegativeLogStep:
    """The curves, and a descent to the base rate.

    Attributes
    ----------
    points : tuple of CurvePoint
        For p from 0.01 to 0.99.
    log_is_concave, negative_is_convex : bool
        Whether every second difference on the grid is negative, or positive.
    base_rate : float
        Share of label 1.
    rate : float
        Step size of the descent.
    iterates : tuple of Iterate
        From 0.5 to the last one; all of them.
    """

    points: tuple[CurvePoint, ...]
    log_is_concave: bool
    negative_is_convex: bool
    base_rate: float
    rate: float
    iterates: tuple[Iterate, ...]


def negative_log_step(rows: Rows) -> NegativeLogStep:
    """Compute the step `negative-log`."""
    points = tuple(_point(p) for p in (i / 100 for i in range(1, 100)))
    logs = np.log(np.linspace(0.05, 0.95, 19))
    base_rate = int(np.count_nonzero(rows.labels)) / len(rows)
    rate = max(base_rate * (1.0 - base_rate), _LEAST_RATE) / 2.0
    return NegativeLogStep(
        points=points,
        log_is_concave=bool(np.all(np.diff(logs, 2) < 0.0)),
        negative_is_convex=bool(np.all(np.diff(-logs, 2) > 0.0)),
        base_rate=base_rate,
        rate=rate,
        iterates=descend(base_rate, rate),
    )


def constant_loss(base_rate: float, prediction: float) -> float:
    """Mean loss, in nats, of one prediction for every row.

    Examples
    --------
    >>> constant_loss(0.5, 0.5) == math.log(2.0)
    True
    """
    positive = base_rate * math.log(prediction) if base_rate else 0.0
    negative = (1.0 - base_rate) * math.log1p(-prediction) if base_rate < 1.0 else 0.0
    return 0.0 - positive - negative


def descend(base_rate: float, rate: float) -> tuple[Iterate, ...]:
    """Go down the slope of the mean loss of one constant prediction, from 0.5.

    Parameters
    ----------
    base_rate : float
        In [0, 1]; the minimum.
    rate : float
        Step size.
    """
    prediction = 0.5
    iterates = []
    for iteration in range(_MOST_ITERATIONS):
        slope = (prediction - base_rate) / (prediction * (1.0 - prediction))
        loss = constant_loss(base_rate, prediction)
        iterates.append(Iterate(iteration, prediction, loss, slope))
        if abs(prediction - base_rate) <= _REACHED:
            break
        prediction = min(max(prediction - rate * slope, _EDGE), 1.0 - _EDGE)
    return tuple(iterates)


def _point(p: float) -> CurvePoint:
    log_p, log_other = math.log(p), math.log1p(-p)
    slope_p, slope_other = 1.0 / p, -1.0 / (1.0 - p)
    return CurvePoint(
        p, log_p, slope_p, log_other, slope_other, -log_p, -slope_p, -log_other, -slope_other
    )
