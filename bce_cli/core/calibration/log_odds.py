"""Log odds with labels, and where the likelihood of these is greatest along given columns."""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from bce_cli.core.calibration.tally import total
from bce_cli.core.exact_sum import slices
from bce_cli.core.rules import logit
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from bce_cli.core.calibration.tally import SquareSums, Tally
    from bce_cli.core.rows import FloatArray

    Columns: TypeAlias = Callable[[slice], Sequence[FloatArray | None]]
    """What log odds are linear in, over a block of them; None stands for a column of ones."""

Coefficients: TypeAlias = "tuple[float, ...]"

_BLOCK = 1 << 15  # keeps the intermediate values in cache
TOLERANCE = 1e-10
MOST_STEPS = 200
_MOST_HALVINGS = 30
_LEAST_RISE = 1e-10  # of the log-likelihood, for rows of average weight
_MOST_POLISHING = 8
_LAST_ERROR = 1e-14
_SLACK = 1e-13  # by which rounding may lower a log-likelihood that rises


@dataclass(frozen=True)
class LogOdds:
    """Finite logits, ascending, with the weights of both labels; arrays of shape (m,)."""

    logits: FloatArray
    positives: FloatArray
    negatives: FloatArray
    squares: SquareSums | None = None

    @classmethod
    def of(cls, tally: Tally) -> LogOdds:
        """Take the predictions that have a finite logit."""
        logits = logit(tally.predictions) if tally.logits is None else tally.logits
        positives, negatives = total(tally.positives), total(tally.negatives)
        squares = tally.squares
        finite = np.isfinite(logits)
        if finite.all():
            return cls(logits, positives, negatives, squares)
        return cls(
            logits[finite],
            positives[finite],
            negatives[finite],
            None if squares is None else squares.at(finite),
        )

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

    def columns(self, logits: FloatArray) -> Columns:
        """Return what a line over these is linear in: ones, and logits in the new unit."""
        return lambda block: (None, self(logits[block]))

    def there(self, intercept: float, slope: float) -> Coefficients:
        """Return a line over logits as one over their new unit."""
        return intercept + slope * (self.centre * self.scale), slope * (self.spread * self.scale)

    def back(self, intercept: float, slope: float) -> Coefficients:
        """Return a line over the new unit as one over logits."""
        return (
            intercept + slope * (-self.centre / self.spread),
            slope * (1.0 / (self.spread * self.scale)),
        )


@dataclass(frozen=True, slots=True)
class Point:
    """The log-likelihood of some coefficients, and how it changes around them.

    Attributes
    ----------
    log_likelihood : float
        In nats.
    gradient : tuple of float, shape (d,)
        By each coefficient.
    information : tuple of float, shape (d (d + 1) / 2,)
        The negative second derivatives, the upper triangle row by row.
    variance : tuple of float
        Of the gradient, in the same order, as the rows show it under weights or soft labels;
        without them, the information.
    """

    log_likelihood: float
    gradient: Coefficients
    information: Coefficients
    variance: Coefficients


def point_at(odds: LogOdds, columns: Columns, at: Coefficients) -> Point:
    """Look at the log-likelihood of log odds that are `at` times `columns`."""
    d = len(at)

    def sums_of(block: slice) -> list[float]:
        terms = columns(block)
        line = _combined(terms, at)
        tail, residuals, spreads = curvature(odds, block, line)
        ones, zeros = odds.positives[block], odds.negatives[block]
        losses = np.log1p(tail) * (ones + zeros)
        losses += np.maximum(-line, 0.0) * ones + np.maximum(line, 0.0) * zeros
        sums = [-float(losses.sum())]
        sums += [float(_times(residuals, term).sum()) for term in terms]
        for values in spreads:
            for place, term in enumerate(terms):
                moments = _times(values, term)
                sums += [float(_times(moments, other).sum()) for other in terms[place:]]
        return sums

    log_likelihood, *sums = over_blocks(odds, sums_of)
    gradient, second = tuple(sums[:d]), tuple(sums[d:])
    size = d * (d + 1) // 2
    information, variance = second[:size], second[size:]
    return Point(log_likelihood, gradient, information, variance or information)


def _combined(terms: Sequence[FloatArray | None], at: Coefficients) -> FloatArray:
    *first, last = terms
    line = _times(last, at[-1]) if last is not None else np.full(1, at[-1])
    for coefficient, term in zip(at, first, strict=False):
        line = line + (coefficient if term is None else term * coefficient)
    return line


def _times(values: FloatArray, factor: FloatArray | float | None) -> FloatArray:
    return values if factor is None else values * factor


def over_blocks(odds: LogOdds, sums_of: Callable[[slice], list[float]]) -> list[float]:
    """Add up what each block of logits comes to."""
    with np.errstate(under="ignore", over="ignore", invalid="ignore"):  # far from any maximum
        sums = [sums_of(block) for block in slices(len(odds.logits), _BLOCK)]
    return [math.fsum(column) for column in zip(*sums, strict=True)]


def curvature(
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


class Peak(NamedTuple):
    """Coefficients of the greatest log-likelihood, and a point less than a step away."""

    at: Coefficients
    point: Point


def climb(odds: LogOdds, columns: Columns, start: Coefficients, point: Point) -> Peak | None:
    """Maximise a log-likelihood by Newton's method; None if it does not converge.

    Steps that would lower the log-likelihood, which is concave, are halved.

    Parameters
    ----------
    odds : LogOdds
        For which a maximum exists.
    columns : callable (slice) -> sequence of ndarray or None
        Of about unit size; not linearly dependent.
    start : tuple of float
    point : Point
        There.
    """
    at = start
    for _ in range(MOST_STEPS):
        step = solved(point.information, point.gradient)
        if step is None:
            return None
        if _is_last(step, point, odds, at):
            return Peak(_moved(at, step), point)
        for _ in range(_MOST_HALVINGS):
            there = point_at(odds, columns, _moved(at, step))
            if there.log_likelihood >= point.log_likelihood * (1.0 + _SLACK):
                break
            step = tuple(length / 2.0 for length in step)
        else:
            return None
        point, at = there, _moved(at, step)
    return None


def _moved(at: Coefficients, step: Coefficients) -> Coefficients:
    return tuple(map(sum, zip(at, step, strict=True)))


def _is_last(step: Coefficients, point: Point, odds: LogOdds, at: Coefficients) -> bool:
    """Whether the maximum is one step away: it is small, and so is the rise that it promises."""
    rise = sum(length * slope for length, slope in zip(step, point.gradient, strict=True))
    weight = sum(odds.sums) / len(odds.logits)
    is_small = max(map(abs, step)) <= TOLERANCE * max(1.0, *map(abs, at))
    return is_small and rise <= _LEAST_RISE * weight


def solved(information: Coefficients, right: Coefficients) -> Coefficients | None:
    """Divide by an information, given as that of a `Point`; None where it is singular."""
    if len(right) == 1:
        (a,), (u,) = information, right
        return (u / a,) if a > 0.0 else None
    if len(right) > 2:  # noqa: PLR2004 -- more than a line
        return _solved_at_large(information, right)
    (a, b, c), (u, v) = information, right
    determinant = a * c - b * b
    if not determinant > 0.0:
        return None
    return (c * u - b * v) / determinant, (a * v - b * u) / determinant


def _solved_at_large(information: Coefficients, right: Coefficients) -> Coefficients | None:
    """Do the same for any number of coefficients, by elimination."""
    places, d = iter(information), len(right)
    upper = [[next(places) if column >= row else 0.0 for column in range(d)] for row in range(d)]
    solution = list(right)
    for row in range(d):
        pivot = upper[row][row]
        if not pivot > 0.0:
            return None
        for below in range(row + 1, d):
            share = upper[row][below] / pivot
            solution[below] -= share * solution[row]
            for column in range(below, d):
                upper[below][column] -= share * upper[row][column]
    for row in reversed(range(d)):
        known = sum(upper[row][column] * solution[column] for column in range(row + 1, d))
        solution[row] = (solution[row] - known) / upper[row][row]
    return tuple(solution)


def polish(
    odds: LogOdds, columns: Columns, start: Coefficients, fixed: FloatArray | None = None
) -> Coefficients | None:
    """Maximise a log-likelihood from a point near its maximum; None if that is not so near.

    It looks at derivatives alone, which takes half the time, and so has no other way to tell that
    it gets nearer than that its steps become shorter, each less than half of the one before.
    Their errors are about as the squares of these lengths.

    Parameters
    ----------
    odds : LogOdds
        Without squares.
    columns, start
        As for `climb`.
    fixed : ndarray of float64, shape (m,), optional
        What is added to log odds as it is.
    """
    at, before = start, 1.0
    for _ in range(_MOST_POLISHING):
        information, gradient = _derivatives(odds, columns, at, fixed)
        step = solved(information, gradient)
        if step is None:
            return None
        length = max(map(abs, step)) / max(1.0, *map(abs, at))
        if not length <= before / 2.0:
            return None
        at = _moved(at, step)
        if length * (length / before) ** 2 <= _LAST_ERROR:
            return at
        before = length
    return None


def _derivatives(
    odds: LogOdds, columns: Columns, at: Coefficients, fixed: FloatArray | None
) -> tuple[Coefficients, Coefficients]:
    """Return the information and the gradient of a log-likelihood."""

    def sums_of(block: slice) -> list[float]:
        terms = columns(block)
        line = _combined(terms, at)
        if fixed is not None:
            line = line + fixed[block]
        weights = odds.positives[block] + odds.negatives[block]
        rates = np.exp(-line)
        rates += 1.0
        np.divide(1.0, rates, out=rates)
        residuals = odds.positives[block] - weights * rates
        weights *= rates
        weights *= np.subtract(1.0, rates, out=rates)
        sums = [float(_times(residuals, term).sum()) for term in terms]
        for place, term in enumerate(terms):
            moments = _times(weights, term)
            sums += [float(_times(moments, other).sum()) for other in terms[place:]]
        return sums

    d = len(at)
    sums = over_blocks(odds, sums_of)
    return tuple(sums[d:]), tuple(sums[:d])


def fit_line(odds: LogOdds, axis: Axis, start: Coefficients) -> Peak | None:
    """Fit intercept and slope over an axis of the logits; None if that does not converge.

    Parameters
    ----------
    odds : LogOdds
        For which a maximum exists.
    axis : Axis
        Of its logits.
    start : tuple of float
        Intercept and slope over logits, to start from unless the base rate is better.

    Examples
    --------
    >>> odds = LogOdds(np.array([-1.0, 1.0]), np.array([1.0, 3.0]), np.array([3.0, 1.0]))
    >>> axis = Axis.of(odds)
    >>> intercept, slope = axis.back(*fit_line(odds, axis, (0.0, 1.0)).at)
    >>> round(slope, 6) == round(math.log(3.0), 6), abs(intercept) < 1e-12
    (True, True)
    """
    columns = axis.columns(odds.logits)
    at = axis.there(*start)
    point = point_at(odds, columns, at)
    if not point.log_likelihood > odds.base_log_likelihood:
        at = odds.of_base_rate, 0.0
        point = point_at(odds, columns, at)
    return climb(odds, columns, at, point)


def fit_slope(odds: LogOdds, near: float | None = None) -> float | None:
    """Fit a slope without an intercept; None if that does not converge.

    Parameters
    ----------
    odds : LogOdds
        With a logit other than 0, and rows on the wrong side of 0 under either sign of the slope.
    near : float, optional
        A slope that may be near.

    Examples
    --------
    >>> odds = LogOdds(np.array([-1.0, 1.0]), np.array([1.0, 3.0]), np.array([3.0, 1.0]))
    >>> round(fit_slope(odds), 6)
    1.098612
    """
    scale = max(abs(float(odds.logits[0])), abs(float(odds.logits[-1])))

    def columns(block: slice) -> Sequence[FloatArray | None]:
        return (odds.logits[block] / scale,)

    polished = None if near is None else polish(odds, columns, (near * scale,))
    if polished is not None:
        return polished[0] / scale
    at: Coefficients = (scale,)
    point = point_at(odds, columns, at)
    if not point.log_likelihood > -math.log(2.0) * sum(odds.sums):
        at = (0.0,)
        point = point_at(odds, columns, at)
    peak = climb(odds, columns, at, point)
    return None if peak is None else peak.at[0] / scale


class Shift(NamedTuple):
    """The best intercept for the slope 1.

    Attributes
    ----------
    value : float
    information : float
        The negative second derivative of the log-likelihood, less than a step away.
    variance : float
        Of the gradient; the information, without weights and soft labels.
    """

    value: float
    information: float
    variance: float

    @property
    def std_error(self) -> float:
        """The standard error of the value."""
        return math.sqrt(self.variance) / self.information


def fit_shift(odds: LogOdds) -> Shift | None:
    """Fit an intercept, the slope being 1; None if that does not converge.

    The root of the gradient, which falls, by Newton's method; halves the interval that holds the
    root where a step would leave it or is slow (Press et al., "Numerical recipes", section 9.4).

    Parameters
    ----------
    odds : LogOdds
        With both labels.

    Examples
    --------
    >>> odds = LogOdds(np.array([0.0]), np.array([3.0]), np.array([1.0]))
    >>> shift = fit_shift(odds)
    >>> round(shift.value, 6), round(shift.std_error, 6)
    (1.098612, 1.154701)
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
            return Shift(shift, information, variance)
    return None


def _gradient(odds: LogOdds, shift: float) -> tuple[float, float, float]:
    """Return the slope of the log-likelihood, minus its curvature, and the slope's variance."""

    def sums_of(block: slice) -> list[float]:
        _, residuals, spreads = curvature(odds, block, odds.logits[block] + shift)
        return [float(values.sum()) for values in (residuals, *spreads)]

    gradient, information, *variance = over_blocks(odds, sums_of)
    return gradient, information, variance[0] if variance else information


Obstacle: TypeAlias = Literal[
    "no rows", "one label", "one prediction", "separated", "reversed", "diverged"
]
"""Why there is no fit."""


def obstacle_of(odds: LogOdds) -> Obstacle | None:
    """Say why no line fits best, if none does.

    One does unless some logit has all labels 1 on one side and all labels 0 on the other (Albert
    and Anderson, Biometrika 71, 1984); labels of both kinds at that logit itself change nothing.

    Examples
    --------
    >>> ones, zeros = np.array([0.0, 1.0]), np.array([1.0, 0.0])
    >>> logits = np.array([-1.0, 1.0])
    >>> obstacle_of(LogOdds(logits, ones, zeros)), obstacle_of(LogOdds(logits, zeros, ones))
    ('separated', 'reversed')
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
