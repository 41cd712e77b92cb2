"""Logistic recalibration: the line through the logits that fits the labels best."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bce_cli.core.calibration.tally import total
from bce_cli.core.exact_sum import slices
from bce_cli.core.report import NORMAL_QUANTILE
from bce_cli.core.rules import logit

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.calibration.tally import SquareSums, Tally
    from bce_cli.core.rows import FloatArray


_BLOCK = 1 << 15  # keeps the intermediate values in cache
TOLERANCE = 1e-10
MOST_STEPS = 200
_MOST_HALVINGS = 30
_LEAST_RISE = 1e-10  # of the log-likelihood, for rows of average weight
_SLACK = 1e-13  # by which rounding may lower a log-likelihood that rises
_ROUNDING = 1e-12  # what is closer to its value under calibration may be rounding alone
_SPREAD_OF_ROUNDING = 1e-7  # the root of a variance that is rounding


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
    """A fitted line, the standard errors of intercept and slope, and a p value of 0 and 1."""

    intercept: float
    slope: float
    std_errors: tuple[float, float]
    p_value: float | None


def point_at(odds: LogOdds, axis: Axis, intercept: float, slope: float) -> Point:
    """Look at the log-likelihood of log odds that are ``intercept + slope * axis(logit)``."""

    def sums_of(block: slice) -> list[float]:
        x = axis(odds.logits[block])
        line = intercept + slope * x
        tail, residuals, spreads = _curvature(odds, block, line)
        ones, zeros = odds.positives[block], odds.negatives[block]
        losses = np.log1p(tail) * (ones + zeros)
        losses += np.maximum(-line, 0.0) * ones + np.maximum(line, 0.0) * zeros
        sums = [-float(losses.sum()), float(residuals.sum()), float((residuals * x).sum())]
        for values in spreads:
            moments = values * x
            sums += [float(values.sum()), float(moments.sum()), float((moments * x).sum())]
        return sums

    log_likelihood, g0, g1, *second = _over_blocks(odds, sums_of)
    information, variance = tuple(second[:3]), tuple(second[3:])
    return Point(log_likelihood, (g0, g1), information, variance or information)  # type: ignore[arg-type]


def _over_blocks(odds: LogOdds, sums_of: Callable[[slice], list[float]]) -> list[float]:
    """Add up what each block of logits comes to."""
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):  # far from any maximum
        sums = [sums_of(block) for block in slices(len(odds.logits), _BLOCK)]
    return [math.fsum(column) for column in zip(*sums, strict=True)]


def _curvature(
    odds: LogOdds, block: slice, line: FloatArray
) -> tuple[FloatArray, FloatArray, list[FloatArray]]:
    """Return what the derivatives of the log-likelihood at some log odds are made of.

    Returns
    -------
    tail : ndarray of float64, shape (n,)
        The odds of the less likely label.
    residuals : ndarray of float64, shape (n,)
        Their sum is the slope in a shift.
    spreads : list of ndarray of float64, shape (n,)
        Their sums are the negative curvature, and, under weights or soft labels, the variance of
        the slope, which is the same without them.
    """
    ones, zeros = odds.positives[block], odds.negatives[block]
    tail = np.exp(-np.abs(line))
    rest = 1.0 / (1.0 + tail)
    less = tail * rest
    rates, others = np.where(line >= 0.0, (rest, less), (less, rest))
    spreads = [(ones + zeros) * rates * others]
    if odds.squares is not None:
        spreads.append(odds.squares.residuals(block, rates))
    return tail, ones * others - zeros * rates, spreads


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
        step = _solved(point, point.gradient)
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


def _solved(point: Point, right: tuple[float, float]) -> tuple[float, float] | None:
    """Divide by the information; None where it is singular."""
    (a, b, c), (u, v) = point.information, right
    determinant = a * c - b * b
    if not determinant > 0.0:
        return None
    return (c * u - b * v) / determinant, (a * v - b * u) / determinant


def _line(axis: Axis, point: Point, intercept: float, slope: float) -> Line:
    """Go back to the unit of the logits."""
    per_slope = 1.0 / (axis.spread * axis.scale)
    per_intercept = -axis.centre / axis.spread
    errors = (
        _std_error(point, (1.0, per_intercept)),
        _std_error(point, (0.0, 1.0)) * per_slope,
    )
    off = (intercept - axis.centre * axis.scale, slope - axis.spread * axis.scale)
    is_rounding = max(map(abs, off)) < _ROUNDING * max(1.0, axis.scale)
    is_rounding = is_rounding and max(errors) < _SPREAD_OF_ROUNDING
    p_value = None if is_rounding else _wald_p(point, off)
    return Line(intercept + slope * per_intercept, slope * per_slope, errors, p_value)


def _wald_p(point: Point, off: tuple[float, float]) -> float | None:
    r"""Test whether a line differs from another; None where its variance is singular.

    :math:`W = d^T V^{-1} d` with :math:`V = I^{-1} M I^{-1}` of the information I and the variance
    M of the gradient, so :math:`W = (I d)^T M^{-1} (I d)`. It has two degrees of freedom, for which
    the chi-squared distribution leaves :math:`e^{-W/2}`.
    """
    (a, b, c), (m0, m1, m2), (u, v) = point.information, point.variance, off
    left, right = a * u + b * v, b * u + c * v
    determinant = m0 * m2 - m1 * m1
    if not determinant > 0.0:
        return None
    wald = (m2 * left * left - 2.0 * m1 * left * right + m0 * right * right) / determinant
    return math.exp(-max(wald, 0.0) / 2.0) if math.isfinite(wald) else None


def _std_error(point: Point, direction: tuple[float, float]) -> float:
    """Return the standard error of a combination of intercept and slope."""
    left, right = _solved(point, direction) or (0.0, 0.0)  # a step was solved there before
    m0, m1, m2 = point.variance
    return math.sqrt(max(left * left * m0 + 2.0 * left * right * m1 + right * right * m2, 0.0))


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

    def sums_of(block: slice) -> list[float]:
        _, residuals, spreads = _curvature(odds, block, odds.logits[block] + shift)
        return [float(values.sum()) for values in (residuals, *spreads)]

    gradient, information, *variance = _over_blocks(odds, sums_of)
    return gradient, information, variance[0] if variance else information


Obstacle: TypeAlias = Literal[
    "no rows", "one label", "one prediction", "separated", "reversed", "diverged"
]
"""Why there is no fit."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its 95 % interval."""

    value: float
    ci_low: float
    ci_high: float


@dataclass(frozen=True, slots=True)
class LogisticRecalibration:
    """How logits would have to be shifted and stretched to fit the labels.

    Attributes
    ----------
    slope, intercept : Estimate or None
        Of logit P(label = 1) = intercept + slope * logit(prediction); 1 and 0 for calibrated
        predictions. A slope below 1 says that predictions are too extreme.
    calibration_in_the_large : Estimate or None
        The intercept if the slope is held at 1: above 0 where predictions are too low.
    n_in_fit : int
        Rows whose prediction is neither 0 nor 1; only they have a logit.
    obstacle, obstacle_in_the_large : str or None
        Why there is no slope, and why there is no calibration in the large.
    line_p : float or None
        The p value of Wald's test that slope is 1 and intercept 0, of two degrees of freedom.
    mean_p : float or None
        Where there is no calibration in the large: the p value of the score test that the mean of
        the labels is that of the predictions.
    """

    slope: Estimate | None
    intercept: Estimate | None
    calibration_in_the_large: Estimate | None
    n_in_fit: int
    obstacle: Obstacle | None = None
    obstacle_in_the_large: Obstacle | None = None
    line_p: float | None = None
    mean_p: float | None = None


def recalibrate_logistically(tally: Tally, n_in_fit: int) -> LogisticRecalibration:
    """Fit labels to the logits of their predictions by maximum likelihood.

    Parameters
    ----------
    tally : Tally
    n_in_fit : int
        Rows whose prediction has a finite logit.

    Returns
    -------
    LogisticRecalibration
        Intervals are Wald's, from the information matrix. With weights or soft labels they are from
        the sandwich estimate, which does not change if all weights are multiplied by a number.

    References
    ----------
    D. R. Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958).

    Examples
    --------
    >>> from bce_cli.core.calibration.tally import Tally
    >>> from bce_cli.core.rows import Rows
    >>> labels = np.array([True, False, False, True, True, False, True, False])
    >>> rows = Rows(labels, np.array([0.9, 0.9, 0.1, 0.1, 0.8, 0.2, 0.8, 0.2]))
    >>> fit = recalibrate_logistically(Tally.of(rows), 8)
    >>> round(fit.slope.value, 4), round(abs(fit.intercept.value), 4)
    (0.4363, 0.0)
    """
    odds = _log_odds(tally)
    obstacle = _obstacle(odds)
    if obstacle in {"no rows", "one label"}:
        mean_p = _mean_p(odds) if obstacle == "one label" else None
        return LogisticRecalibration(None, None, None, n_in_fit, obstacle, obstacle, mean_p=mean_p)
    shift = fit_shift(odds)
    line = None if obstacle else fit_line(odds, shift[0] if shift else 0.0)
    return LogisticRecalibration(
        None if line is None else _estimate(line.slope, line.std_errors[1], 1.0),
        None if line is None else _estimate(line.intercept, line.std_errors[0], 0.0),
        None if shift is None else _estimate(*shift, 0.0),
        n_in_fit,
        obstacle or ("diverged" if line is None else None),
        "diverged" if shift is None else None,
        None if line is None else line.p_value,
        _mean_p(odds) if shift is None else None,
    )


def _mean_p(odds: LogOdds) -> float | None:
    r"""Test whether the mean of labels is that of predictions; None where nothing varies.

    :math:`z = \sum w (y - p) / \sqrt{\sum w^2 p (1 - p)}`, which needs no fit.
    """
    squares = odds.positives + odds.negatives
    if odds.squares is not None:
        squares = odds.squares.weights

    def sums_of(block: slice) -> list[float]:
        _, residuals, _ = _curvature(odds, block, odds.logits[block])
        tail = np.exp(-np.abs(odds.logits[block]))
        return [float(residuals.sum()), float((squares[block] * tail / (1.0 + tail) ** 2).sum())]

    off, variance = _over_blocks(odds, sums_of)
    return math.erfc(abs(off) / math.sqrt(2.0 * variance)) if variance > 0.0 else None


def _log_odds(tally: Tally) -> LogOdds:
    """Take the predictions that have a finite logit."""
    logits = logit(tally.predictions) if tally.logits is None else tally.logits
    positives, negatives = total(tally.positives), total(tally.negatives)
    squares = tally.squares
    finite = np.isfinite(logits)
    if finite.all():
        return LogOdds(logits, positives, negatives, squares)
    return LogOdds(
        logits[finite],
        positives[finite],
        negatives[finite],
        None if squares is None else squares.at(finite),
    )


def _obstacle(odds: LogOdds) -> Obstacle | None:
    """Say why no line fits best, if none does.

    One does unless some logit has all labels 1 on one side and all labels 0 on the other (Albert
    and Anderson, Biometrika 71, 1984); labels of both kinds at that logit itself change nothing.
    """
    if not len(odds.logits):
        return "no rows"
    ones, zeros = np.flatnonzero(odds.positives > 0.0), np.flatnonzero(odds.negatives > 0.0)
    if not (len(ones) and len(zeros)):
        return "one label"
    if odds.logits[0] == odds.logits[-1]:
        return "one prediction"
    x = odds.logits
    if x[ones[0]] >= x[zeros[-1]]:
        return "separated"
    return "reversed" if x[zeros[0]] >= x[ones[-1]] else None


def _estimate(value: float, error: float, calibrated: float) -> Estimate:
    """Give an estimate its interval; soft labels that are the predictions leave but rounding."""
    if abs(value - calibrated) < _ROUNDING and error < _SPREAD_OF_ROUNDING:
        return Estimate(calibrated, calibrated, calibrated)
    half = NORMAL_QUANTILE * error
    return Estimate(value, value - half, value + half)
