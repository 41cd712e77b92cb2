"""Maximum likelihood for labels whose log odds are a line in the logits of their predictions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import SquareSums
    from bce_cli.core.rows import FloatArray

_BLOCK = 1 << 15  # keeps the intermediate values in cache
TOLERANCE = 1e-10
MOST_STEPS = 200
_MOST_HALVINGS = 30
_LEAST_RISE = 1e-10  # of the log-likelihood, for rows of average weight
_SLACK = 1e-13  # by which rounding may lower a log-likelihood that rises


@dataclass(frozen=True)
class LogOdds:
    """Finite logits, ascending, with the weights of both labels; arrays of shape (m,)."""

    logits: FloatArray
    positives: FloatArray
    negatives: FloatArray
    squares: SquareSums | None = None

    @cached_property
    def sums(self) -> tuple[float, float]:
        """The weights of both labels, 1 and 0."""
        return float(self.positives.sum()), float(self.negatives.sum())

    @property
    def of_base_rate(self) -> float:
        """The log odds that are the best constant."""
        ones, zeros = self.sums
        return math.log(ones) - math.log(zeros)

    @property
    def base_log_likelihood(self) -> float:
        """The log-likelihood of that constant."""
        ones, zeros = self.sums
        return ones * math.log(ones / (ones + zeros)) + zeros * math.log(zeros / (ones + zeros))


@dataclass(frozen=True, slots=True)
class Axis:
    """A change of the unit of logits, (x / scale - centre) / spread, that suits the arithmetic."""

    scale: float = 1.0
    centre: float = 0.0
    spread: float = 1.0

    @classmethod
    def of(cls, odds: LogOdds) -> Axis:
        """Standardise logits of which there are at least two."""
        scale = max(abs(float(odds.logits[0])), abs(float(odds.logits[-1])))
        weights = odds.positives + odds.negatives
        shares = weights / weights.max()
        values = odds.logits / scale
        centre = float(np.sum(shares * values) / np.sum(shares))
        values -= centre
        values *= values
        return cls(scale, centre, math.sqrt(float(np.sum(shares * values) / np.sum(shares))))

    def __call__(self, logits: FloatArray) -> FloatArray:
        """Return logits in the new unit."""
        return (logits / self.scale - self.centre) / self.spread


@dataclass(frozen=True, slots=True)
class Point:
    """The log-likelihood of intercept and slope, and how it changes around them.

    Attributes
    ----------
    log_likelihood : float
        In nats.
    gradient : tuple of float
        By the intercept, and by the slope.
    information : tuple of float
        The negative second derivatives: by the intercept, by both, by the slope.
    variance : tuple of float
        Of the gradient, in the same order, as the rows show it under weights or soft labels;
        without them, the information.
    """

    log_likelihood: float
    gradient: tuple[float, float]
    information: tuple[float, float, float]
    variance: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Line:
    """A fitted line and the standard errors of intercept and slope."""

    intercept: float
    slope: float
    std_errors: tuple[float, float]


def point_at(odds: LogOdds, axis: Axis, intercept: float, slope: float) -> Point:
    """Look at the log-likelihood of log odds that are ``intercept + slope * axis(logit)``."""
    blocks = (slice(start, start + _BLOCK) for start in range(0, len(odds.logits), _BLOCK))
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):  # far from any maximum
        sums = [_block_sums(odds, block, axis, intercept, slope) for block in blocks]
    log_likelihood, g0, g1, *second = (math.fsum(column) for column in zip(*sums, strict=True))
    information, variance = tuple(second[:3]), tuple(second[3:])
    return Point(log_likelihood, (g0, g1), information, variance or information)  # type: ignore[arg-type]


def _block_sums(
    odds: LogOdds, block: slice, axis: Axis, intercept: float, slope: float
) -> list[float]:
    x = axis(odds.logits[block])
    ones, zeros = odds.positives[block], odds.negatives[block]
    line = intercept + slope * x
    tail = np.exp(-np.abs(line))
    rest = 1.0 / (1.0 + tail)
    rates, others = np.where(line >= 0.0, 1.0, tail) * rest, np.where(line >= 0.0, tail, 1.0) * rest
    losses = np.log1p(tail) * (ones + zeros)
    losses += np.maximum(-line, 0.0) * ones + np.maximum(line, 0.0) * zeros
    residuals = ones * others - zeros * rates
    sums = [-float(losses.sum()), float(residuals.sum()), float((residuals * x).sum())]
    spreads = [(ones + zeros) * rates * others]
    if odds.squares is not None:
        spreads.append(odds.squares.residuals(block, rates))
    for values in spreads:
        moments = values * x
        sums += [float(values.sum()), float(moments.sum()), float((moments * x).sum())]
    return sums


def fit_line(odds: LogOdds, shift: float) -> Line | None:
    """Fit intercept and slope by Newton's method; None if it does not converge.

    Steps that would lower the log-likelihood, which is concave, are halved.

    Parameters
    ----------
    odds : LogOdds
        For which a maximum exists.
    shift : float
        The best intercept for the slope 1, to start from unless the base rate is better.
    """
    axis = Axis.of(odds)
    slope = axis.spread * axis.scale
    intercept = shift + axis.centre * axis.scale
    point = point_at(odds, axis, intercept, slope)
    if not point.log_likelihood > odds.base_log_likelihood:
        intercept, slope = odds.of_base_rate, 0.0
        point = point_at(odds, axis, intercept, slope)
    for _ in range(MOST_STEPS):
        step = _newton_step(point)
        if step is None:
            return None
        if _is_last(step, point, odds, (intercept, slope)):
            return _line(axis, point, intercept + step[0], slope + step[1])
        for _ in range(_MOST_HALVINGS):
            there = point_at(odds, axis, intercept + step[0], slope + step[1])
            if there.log_likelihood >= point.log_likelihood * (1.0 + _SLACK):
                break
            step = (step[0] / 2.0, step[1] / 2.0)
        else:
            return None
        point, intercept, slope = there, intercept + step[0], slope + step[1]
    return None


def _is_last(
    step: tuple[float, float], point: Point, odds: LogOdds, at: tuple[float, float]
) -> bool:
    """Whether the maximum is one step away: it is small, and so is the rise that it promises."""
    rise = step[0] * point.gradient[0] + step[1] * point.gradient[1]
    weight = sum(odds.sums) / len(odds.logits)
    is_small = max(map(abs, step)) <= TOLERANCE * max(1.0, *map(abs, at))
    return is_small and rise <= _LEAST_RISE * weight


def _newton_step(point: Point) -> tuple[float, float] | None:
    a, b, c = point.information
    determinant = a * c - b * b
    if not determinant > 0.0:
        return None
    g0, g1 = point.gradient
    return (c * g0 - b * g1) / determinant, (a * g1 - b * g0) / determinant


def _line(axis: Axis, point: Point, intercept: float, slope: float) -> Line | None:
    """Go back to the unit of the logits."""
    a, b, c = point.information
    determinant = a * c - b * b
    if not determinant > 0.0:
        return None
    per_slope = 1.0 / (axis.spread * axis.scale)
    per_intercept = -axis.centre / axis.spread
    errors = (
        _std_error(point, determinant, (1.0, per_intercept)),
        _std_error(point, determinant, (0.0, 1.0)) * per_slope,
    )
    return Line(intercept + slope * per_intercept, slope * per_slope, errors)


def _std_error(point: Point, determinant: float, direction: tuple[float, float]) -> float:
    """Return the standard error of a combination of intercept and slope."""
    a, b, c = point.information
    u, v = direction
    left, right = (c * u - b * v) / determinant, (a * v - b * u) / determinant
    m0, m1, m2 = point.variance
    return math.sqrt(max(left * left * m0 + 2.0 * left * right * m1 + right * right * m2, 0.0))
