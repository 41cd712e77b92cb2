"""A positive factor moves no minimum, so the sum may be divided by n."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.derivation.negative_log import constant_loss
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.rows import Rows

_GRID = 1000


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
    UsageError
        If `k` is not a positive number.
    """
    if not 0.0 < k < float("inf"):
        message = f"--k must be greater than 0, got {k!r}"
        raise UsageError(message, "a negative factor would turn the minimum into a maximum")
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
