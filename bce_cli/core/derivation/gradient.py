"""The gradient of the loss of a logit, beside that of a squared error."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.derivation.trials import SHOWN
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

_STEP = 1e-5


@dataclass(frozen=True, slots=True)
class GradientPoint:
    """One logit and one label, with both losses, both gradients, and these measured.

    Attributes
    ----------
    label : int
    logit, p : float
    loss, squared_error : float
        In nats, and (p - y)^2.
    gradient, squared_error_gradient : float
        With respect to the logit.
    finite_difference, squared_error_finite_difference : float
        The same as central finite differences.
    """

    label: int
    logit: float
    p: float
    loss: float
    squared_error: float
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


def _sigmoid(logit: float) -> float:
    """Return 1 / (1 + exp(-z)), without overflow.

    Examples
    --------
    >>> _sigmoid(0.0), _sigmoid(-1000.0), _sigmoid(1000.0)
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
    p = _sigmoid(logit)
    # p - y, and 1 - p by the sigmoid of the opposite logit, so that no digit cancels
    gradient = -_sigmoid(-logit) if label else p
    above, below = logit + _STEP, logit - _STEP
    width = above - below
    squares = [(_sigmoid(-z) if label else _sigmoid(z)) ** 2 for z in (above, below)]
    return GradientPoint(
        label=label,
        logit=logit,
        p=p,
        loss=loss_of_logit(label, logit),
        squared_error=gradient**2,
        gradient=gradient,
        finite_difference=(loss_of_logit(label, above) - loss_of_logit(label, below)) / width,
        squared_error_gradient=2.0 * gradient * p * _sigmoid(-logit),
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
