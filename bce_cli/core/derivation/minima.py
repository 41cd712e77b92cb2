"""Where losses are least: convex curves, a descent along one, and factors that change nothing."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.errors import ArgumentError, argument
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

_GRID = 1000
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


@dataclass(frozen=True, slots=True)
class ScalingStep:
    """Two curves and their multiples.

    Attributes
    ----------
    k : float
        The factor, greater than 0.
    x, squares, scaled_squares : tuple of float
        A grid, x^2 and k x^2.
    minimum_of_squares, minimum_of_scaled : float
        Where on the grid each is least.
    n, n_positive : int
    base_rate : float
        Share of label 1: the minimum by setting the slope to zero.
    predictions, sums, means : tuple of float
        Constant predictions, and the negative log-likelihood of all rows under each, in nats, as a
        sum and divided by n.
    minimum_of_sum, minimum_of_mean : float
        The constant prediction at which each is least, on a grid of 1,000 intervals.
    """

    k: float
    x: tuple[float, ...]
    squares: tuple[float, ...]
    scaled_squares: tuple[float, ...]
    minimum_of_squares: float
    minimum_of_scaled: float
    n: int
    n_positive: int
    base_rate: float
    predictions: tuple[float, ...]
    sums: tuple[float, ...]
    means: tuple[float, ...]
    minimum_of_sum: float
    minimum_of_mean: float


def scaling_step(rows: Rows, k: float) -> ScalingStep:
    """Compute the step `scaling`.

    Raises
    ------
    ArgumentError
        If `k` is not a positive number.
    """
    if not 0.0 < k < float("inf"):
        message = f"{argument('k')} must be greater than 0, got {k!r}"
        raise ArgumentError(message, "a negative factor would turn the minimum into a maximum")
    x = np.arange(-30, 31) / 10.0
    n, n_positive = len(rows), int(np.count_nonzero(rows.labels))
    base_rate = n_positive / n
    grid = [i / _GRID for i in range(1, _GRID)]
    means = [constant_loss(base_rate, prediction) for prediction in grid]
    sums = [n * mean for mean in means]
    return ScalingStep(
        k=k,
        x=tuple(x.tolist()),
        squares=tuple((x**2).tolist()),
        scaled_squares=tuple((k * x**2).tolist()),
        minimum_of_squares=float(x[np.argmin(x**2)]),
        minimum_of_scaled=float(x[np.argmin(k * x**2)]),
        n=n,
        n_positive=n_positive,
        base_rate=base_rate,
        predictions=tuple(grid[_GRID // 100 - 1 :: _GRID // 100]),
        sums=tuple(sums[_GRID // 100 - 1 :: _GRID // 100]),
        means=tuple(means[_GRID // 100 - 1 :: _GRID // 100]),
        minimum_of_sum=grid[int(np.argmin(sums))],
        minimum_of_mean=grid[int(np.argmin(means))],
    )
