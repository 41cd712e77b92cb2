"""Through a sigmoid, the gradient of the loss is p - y; that of the squared error vanishes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.derivation.samples import SHOWN

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class GradientPoint:
    """One logit and one label, with both gradients, and both as central finite differences."""

    label: int
    logit: float
    p: float
    gradient: float
    finite_difference: float
    squared_error_gradient: float
    squared_error_finite_difference: float


@dataclass(frozen=True, slots=True)
class GradientStep:
    """Gradients with respect to the logit.

    Attributes
    ----------
    grid : tuple of GradientPoint
        Label 1 over logits from -10 (certain, wrong) to 10 (certain, right).
    trials : tuple of GradientPoint
        The first rows whose prediction is neither 0 nor 1.
    largest_error : float
        Greatest distance between p - y and the finite difference, over all points.
    mean_gradient : float
        Mean of p - y over all rows: the slope of the mean loss in a bias.
    """

    grid: tuple[GradientPoint, ...]
    trials: tuple[GradientPoint, ...]
    largest_error: float
    mean_gradient: float


def sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-z)), without overflow.

    Examples
    --------
    >>> sigmoid(0.0), sigmoid(-1000.0), sigmoid(1000.0)
    (0.5, 0.0, 1.0)
    """
    if logit >= 0.0:
        return 1.0 / (1.0 + math.exp(-logit))
    power = math.exp(logit)
    return power / (1.0 + power)


def loss_of_logit(label: int, logit: float) -> float:
    """Binary cross-entropy of one logit in nats: softplus of the logit against the label.

    Examples
    --------
    >>> loss_of_logit(1, -1000.0)
    1000.0
    """
    against = -logit if label else logit
    return max(against, 0.0) + math.log1p(math.exp(-abs(against)))


def gradient_point(label: int, logit: float) -> GradientPoint:
    """Compute both gradients at one logit.

    Examples
    --------
    >>> point = gradient_point(1, 0.0)
    >>> point.gradient, point.squared_error_gradient
    (-0.5, -0.25)
    """
    p = sigmoid(logit)
    # p - y, and 1 - p by the sigmoid of the opposite logit, so that no digit cancels
    gradient = -sigmoid(-logit) if label else p
    above, below = logit + _STEP, logit - _STEP
    width = above - below
    squares = [(sigmoid(-z) if label else sigmoid(z)) ** 2 for z in (above, below)]
    return GradientPoint(
        label=label,
        logit=logit,
        p=p,
        gradient=gradient,
        finite_difference=(loss_of_logit(label, above) - loss_of_logit(label, below)) / width,
        squared_error_gradient=2.0 * gradient * p * sigmoid(-logit),
        squared_error_finite_difference=(squares[0] - squares[1]) / width,
    )


def gradient_step(rows: Rows) -> GradientStep:
    """Compute the step `gradient`."""
    grid = tuple(gradient_point(1, z / 2.0) for z in range(-20, 21))
    inside = np.flatnonzero((rows.probabilities > 0.0) & (rows.probabilities < 1.0))[:SHOWN]
    trials = []
    for index in inside:
        p = float(rows.probabilities[index])
        trials.append(gradient_point(int(rows.labels[index]), math.log(p) - math.log1p(-p)))
    points = (*grid, *trials)
    return GradientStep(
        grid=grid,
        trials=tuple(trials),
        largest_error=max(abs(point.gradient - point.finite_difference) for point in points),
        mean_gradient=float(np.mean(rows.probabilities - rows.labels)),
    )
