"""How binary cross-entropy comes about, step by step: plain functions of rows, frozen results.

Each function that ends in `_step` is a step of `bce demo`. It takes validated rows and returns
numbers computed with the same code as `bce compute`; nothing here draws or prints.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from itertools import pairwise
from random import Random
from typing import TYPE_CHECKING, Any

import numpy as np

from bce_cli.core.conventions import EXACT
from bce_cli.core.exact_sum import ExactSum
from bce_cli.core.likelihood import FLOAT_TYPES, FloatType, Prefix, RunningProduct, example_rows
from bce_cli.core.report import loss_report
from bce_cli.core.rows import Rows
from bce_cli.core.rules import losses_of
from bce_cli.core.totals import LossTotals
from bce_cli.errors import ArgumentError

if TYPE_CHECKING:
    from bce_cli.core.likelihood import ExampleRow, LikelihoodProduct
    from bce_cli.core.rows import FloatArray, ScoredRows


SHOWN = 8
"""Rows of the user's data that a step shows one by one."""


def built_in_rows() -> Rows:
    """Six predictions: four events that happened, and two that did not."""
    return Rows(
        labels=np.array([True, False, True, True, False, True]),
        probabilities=np.array([0.9, 0.2, 0.7, 0.6, 0.4, 0.8]),
    )


def drawn_rows(n: int, p: float, seed: int) -> Rows:
    """Draw labels from one Bernoulli trial each, all predicted with its true probability.

    Parameters
    ----------
    n : int
        Rows, at least 1.
    p : float
        Probability of label 1, in [0, 1], and the prediction of every row.
    seed : int
        Of Python's generator, at least 0.

    Raises
    ------
    ArgumentError
        A parameter is outside its domain.

    Examples
    --------
    >>> drawn_rows(4, 1.0, seed=0).labels.tolist()
    [True, True, True, True]
    """
    if n < 1:
        message = f"n must be at least 1, got {n}"
        raise ArgumentError(message, None, "n")
    if not 0.0 <= p <= 1.0:
        message = f"p must be in [0, 1], got {p!r}"
        raise ArgumentError(message, "it is the probability of label 1", "p")
    if seed < 0:
        message = f"seed must be at least 0, got {seed}"
        raise ArgumentError(message, None, "seed")
    draw = Random(seed).random  # noqa: S311 -- no secret; repeats on every machine and version
    labels = np.array([draw() < p for _ in range(n)])
    return Rows(labels=labels, probabilities=np.full(n, p))


def bernoulli_likelihood(label: int, p: float) -> float:
    """Return p^y (1-p)^(1-y), by the powers as they are written.

    Examples
    --------
    >>> bernoulli_likelihood(1, 0.75), bernoulli_likelihood(0, 0.75)
    (0.75, 0.25)
    """
    return float(p**label * (1.0 - p) ** (1 - label))


@dataclass(frozen=True, slots=True)
class GridTrial:
    """The likelihood of both labels under one prediction."""

    p: float
    likelihood_of_1: float
    likelihood_of_0: float


@dataclass(frozen=True, slots=True)
class Trial:
    """One row of data: its likelihood, the logarithm of that by both terms, the loss in nats."""

    row: int
    label: int
    p: float
    likelihood: float
    log_likelihood: float
    label_times_log_p: float
    other_times_log_other: float
    loss: float


@dataclass(frozen=True, slots=True)
class BernoulliStep:
    """One trial in one expression, over a grid of p and on the first rows.

    Attributes
    ----------
    grid : tuple of GridTrial
    best_p_for_1, best_p_for_0 : float
        Where on the grid each likelihood is greatest.
    trials : tuple of Trial
    """

    grid: tuple[GridTrial, ...]
    best_p_for_1: float
    best_p_for_0: float
    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class SingleTrialStep:
    """The loss of one row, on the first rows."""

    trials: tuple[Trial, ...]


@dataclass(frozen=True, slots=True)
class ManyTrialsStep:
    """Independent trials: their product, and the sum of their logarithms, in nats.

    Attributes
    ----------
    n : int
    rows : tuple of ExampleRow
        The first rows and the last one, with product and sum so far.
    likelihood_product : float
        Raw, in float64.
    log_likelihood, log10_likelihood, negative_log_likelihood : float
        From exact sums.
    mean_loss : float
    """

    n: int
    rows: tuple[ExampleRow, ...]
    likelihood_product: float
    log_likelihood: float
    log10_likelihood: float
    negative_log_likelihood: float
    mean_loss: float


def bernoulli_step(rows: Rows) -> BernoulliStep:
    """Compute the step `bernoulli`."""
    grid = tuple(
        GridTrial(p, bernoulli_likelihood(1, p), bernoulli_likelihood(0, p))
        for p in (i / 10 for i in range(11))
    )
    return BernoulliStep(
        grid=grid,
        best_p_for_1=max(grid, key=lambda trial: trial.likelihood_of_1).p,
        best_p_for_0=max(grid, key=lambda trial: trial.likelihood_of_0).p,
        trials=first_trials(rows),
    )


def single_trial_step(rows: Rows) -> SingleTrialStep:
    """Compute the step `single-trial`."""
    return SingleTrialStep(first_trials(rows))


def first_trials(rows: Rows) -> tuple[Trial, ...]:
    """Look at the first rows one by one."""
    losses = losses_of(rows.labels[:SHOWN], rows.probabilities[:SHOWN])
    trials = []
    for index, loss in enumerate(losses.tolist()):
        label, p = int(rows.labels[index]), float(rows.probabilities[index])
        likelihood = bernoulli_likelihood(label, p)
        trials.append(
            Trial(
                row=index + 1,
                label=label,
                p=p,
                likelihood=likelihood,
                log_likelihood=_log(likelihood),
                label_times_log_p=_log(p) if label else 0.0,
                other_times_log_other=0.0 if label else (math.log1p(-p) if p < 1.0 else -math.inf),
                loss=loss,
            )
        )
    return tuple(trials)


def many_trials_step(rows: Rows) -> ManyTrialsStep:
    """Compute the steps `likelihood` and `many-trials`."""
    scored = EXACT.score(rows)
    running = RunningProduct("float64")
    running.extend(scored.likelihoods)
    report = loss_report(LossTotals.of(rows, scored.losses))
    indices = sorted({*range(min(SHOWN, len(rows))), len(rows) - 1})
    return ManyTrialsStep(
        n=len(rows),
        rows=tuple(example_rows(scored, Prefix(0, 1.0, ExactSum(), is_infinite=False), indices)),
        likelihood_product=running.value,
        log_likelihood=report.log_likelihood,
        log10_likelihood=report.log10_likelihood,
        negative_log_likelihood=report.total_loss,
        mean_loss=report.mean_loss,
    )


def _log(value: float) -> float:
    return math.log(value) if value > 0.0 else -math.inf


_GRID = 1000
_ORDERED = (0.001, 0.01, 0.1, 0.5, 1.0)


@dataclass(frozen=True, slots=True)
class LogPoint:
    """A number, its logarithm, and the slope of the logarithm there."""

    x: float
    log_x: float
    slope: float


@dataclass(frozen=True, slots=True)
class ConstantTrial:
    """The likelihood of rows that are all predicted with q, and the logarithm of that number."""

    q: float
    likelihood: float
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class MonotoneStep:
    """The logarithm rises everywhere, so it keeps the place of a maximum.

    Attributes
    ----------
    order : tuple of LogPoint
        Ascending.
    n, n_positive : int
        The first rows, few enough that no product underflows, and those with label 1.
    points : tuple of ConstantTrial
        For q from 0.01 to 0.99.
    best_q_of_likelihood, best_q_of_log : float
        Where each is greatest, on a grid of 1,000 intervals.
    n_both_rise, n_both_fall, n_differ : int
        Neighbours on that grid of which the second is greater in both, less in both, or neither.
    """

    order: tuple[LogPoint, ...]
    n: int
    n_positive: int
    points: tuple[ConstantTrial, ...]
    best_q_of_likelihood: float
    best_q_of_log: float
    n_both_rise: int
    n_both_fall: int
    n_differ: int


def monotone_step(rows: Rows) -> MonotoneStep:
    """Compute the step `monotone`."""
    n, n_positive = min(SHOWN, len(rows)), int(np.count_nonzero(rows.labels[:SHOWN]))
    grid = [_constant_trial(i / _GRID, n_positive, n - n_positive) for i in range(1, _GRID)]
    rises = [
        (after.likelihood > before.likelihood, after.log_likelihood > before.log_likelihood)
        for before, after in pairwise(grid)
    ]
    both_rise, both_fall = rises.count((True, True)), rises.count((False, False))
    return MonotoneStep(
        order=tuple(LogPoint(x, math.log(x), 1.0 / x) for x in _ORDERED),
        n=n,
        n_positive=n_positive,
        points=tuple(grid[_GRID // 100 - 1 :: _GRID // 100]),
        best_q_of_likelihood=max(grid, key=lambda trial: trial.likelihood).q,
        best_q_of_log=max(grid, key=lambda trial: trial.log_likelihood).q,
        n_both_rise=both_rise,
        n_both_fall=both_fall,
        n_differ=len(rises) - both_rise - both_fall,
    )


def _constant_trial(q: float, n_positive: int, n_negative: int) -> ConstantTrial:
    likelihood = q**n_positive * (1.0 - q) ** n_negative
    return ConstantTrial(q, likelihood, math.log(likelihood))


@dataclass(frozen=True, slots=True)
class PowerRule:
    """log(p^y) beside y log p."""

    p: float
    y: int
    log_of_power: float
    y_times_log: float


@dataclass(frozen=True, slots=True)
class ProductRule:
    """The log of a raw product of the first rows beside the sum of their logs, in nats."""

    n: int
    product: float
    log_of_product: float
    sum_of_logs: float
    difference: float | None


@dataclass(frozen=True, slots=True)
class LogarithmStep:
    """Both rules on numbers."""

    power_rule: tuple[PowerRule, ...]
    product_rule: tuple[ProductRule, ...]


def logarithm_step(rows: Rows) -> LogarithmStep:
    """Compute the step `logarithm`: the product rule on 1, 2, 4, ... and all rows."""
    scored = EXACT.score(rows)
    with np.errstate(under="ignore"):
        products = np.multiply.accumulate(scored.likelihoods)
    sizes = sorted({*(1 << i for i in range(len(rows).bit_length())), len(rows)})
    p = float(rows.probabilities[0])
    powers = [(p, 1), (p, 0), (0.5, 1), (0.5, 3)]
    return LogarithmStep(
        power_rule=tuple(_power_rule(base, y) for base, y in powers if base > 0.0),
        product_rule=tuple(_product_rule(products, scored.losses, n) for n in sizes),
    )


def _power_rule(p: float, y: int) -> PowerRule:
    return PowerRule(p, y, math.log(p**y), 0.0 + y * math.log(p))  # 0, not -0


def _product_rule(products: FloatArray, losses: FloatArray, n: int) -> ProductRule:
    product = float(products[n - 1])
    log_of_product = _log(product)
    is_infinite = bool(np.isinf(losses[:n].max()))
    sum_of_logs = -math.inf if is_infinite else 0.0 - float(ExactSum.of(losses[:n]))
    comparable = math.isfinite(log_of_product) and not is_infinite
    difference = log_of_product - sum_of_logs if comparable else None
    return ProductRule(n, product, log_of_product, sum_of_logs, difference)


_PATH_POINTS = 120
_LOST_POINTS = 100
_ROWS_BEFORE = 2
_CLOSE = 1e-6  # nats; far more than the rounding of a running sum, decided exactly below


@dataclass(frozen=True, slots=True)
class UnderflowProduct:
    """The raw product of all rows in one float type.

    Attributes
    ----------
    dtype : str
    smallest_normal, smallest_subnormal : float
        Limits of that type.
    subnormal_row, zero_row : int or None
        1-based rows at which the product left the normal range, and became 0.
    true_row : int or None
        First row at which the exact likelihood is no more than half of `smallest_subnormal`, from
        where a single rounding would give 0.
    product : float
    log_of_product : float
        In nats; -inf once the product is 0.
    held_row : int or None
        First of the rows after which the product was as it was before it became 0, or as it is in
        the end, 0 if it was so before the first; None where it never left the normal range.
    held_at : float or None
        What it was from there on.
    last_factor : float or None
        What made it 0, in that type.
    """

    dtype: str
    smallest_normal: float
    smallest_subnormal: float
    subnormal_row: int | None
    zero_row: int | None
    true_row: int | None
    product: float
    log_of_product: float
    held_row: int | None
    held_at: float | None
    last_factor: float | None


@dataclass(frozen=True, slots=True)
class LostRow:
    """One row near the end of a float type, where numbers are whole steps above 0.

    Attributes
    ----------
    row : int
    factor : float
        In that type.
    product_steps, true_steps : float
        The product so far and the likelihood, over the smallest number above 0.
    """

    row: int
    factor: float
    product_steps: float
    true_steps: float


@dataclass(frozen=True, slots=True)
class UnderflowStep:
    """What becomes of the likelihood of all rows.

    Attributes
    ----------
    n : int
    steps : tuple of UnderflowProduct
        One for each float type.
    log_likelihood : float
        In nats, from the exact sum of the losses.
    log10_likelihood, mean_loss : float
    path_rows : tuple of int
        Rows at which the running values below were taken.
    path_log10 : tuple of float
        Decimal logarithm of the likelihood up to there, from the running sum.
    lost_dtype : str or None
        The first float type whose product is not lost at the row where it is due.
    lost_rows : tuple of LostRow
        Rows from before its product came to rest to where it is lost and was due; at most 101.
    """

    n: int
    steps: tuple[UnderflowProduct, ...]
    log_likelihood: float
    log10_likelihood: float
    mean_loss: float
    path_rows: tuple[int, ...]
    path_log10: tuple[float, ...]
    lost_dtype: str | None
    lost_rows: tuple[LostRow, ...]


def float_types() -> tuple[FloatType, ...]:
    """Return the float types of this machine: longdouble only where its range differs."""
    wider = np.finfo(np.longdouble).smallest_normal != np.finfo(np.float64).smallest_normal
    return (*FLOAT_TYPES, "longdouble") if wider else FLOAT_TYPES


def underflow_step(rows: Rows) -> UnderflowStep:
    """Compute the step `underflow`."""
    scored = EXACT.score(rows)
    sums = np.cumsum(scored.losses)
    report = loss_report(LossTotals.of(rows, scored.losses))
    last = len(rows) - 1
    path = sorted({last * point // _PATH_POINTS for point in range(_PATH_POINTS + 1)})
    steps = tuple(_product(dtype, scored, sums) for dtype in float_types())
    odd = next((p for p in steps if p.true_row is not None and p.zero_row != p.true_row), None)
    return UnderflowStep(
        n=len(rows),
        steps=steps,
        log_likelihood=report.log_likelihood,
        log10_likelihood=report.log10_likelihood,
        mean_loss=report.mean_loss,
        path_rows=tuple(i + 1 for i in path),
        path_log10=tuple(0.0 - float(sums[i]) / math.log(10.0) for i in path),
        lost_dtype=None if odd is None else odd.dtype,
        lost_rows=() if odd is None else _lost_rows(odd, scored.likelihoods, sums),
    )


def _lost_rows(
    product: UnderflowProduct, likelihoods: FloatArray, sums: FloatArray
) -> tuple[LostRow, ...]:
    """Look at a product that is not lost where it is due, row by row."""
    ends = (product.held_row, product.zero_row, product.true_row)
    known = [row for row in ends if row is not None]
    first, last = max(min(known) - _ROWS_BEFORE, 1), max(known)
    span = last - first
    shown = sorted({first + span * i // _LOST_POINTS for i in range(_LOST_POINTS + 1)})
    with np.errstate(under="ignore"):
        factors = likelihoods[:last].astype(product.dtype)
        products = np.multiply.accumulate(factors)
    unit = product.smallest_subnormal
    log_unit = float(np.log(unit))
    return tuple(
        LostRow(
            row=row,
            factor=float(factors[row - 1]),
            product_steps=float(type(unit)(products[row - 1]) / unit),
            true_steps=math.exp(-float(sums[row - 1]) - log_unit),
        )
        for row in shown
    )


def _product(dtype: FloatType, scored: ScoredRows, sums: FloatArray) -> UnderflowProduct:
    running = RunningProduct(dtype)
    running.extend(scored.likelihoods)
    result = running.result()
    held_row, held_at, last_factor = None, None, None
    if result.subnormal_row is not None:
        held_row, held_at, last_factor = _held(scored.likelihoods, result)
    return UnderflowProduct(
        **asdict(result),
        true_row=_true_row(scored.rows, sums, result.smallest_subnormal),
        log_of_product=result.log_of_product,
        held_row=held_row,
        held_at=held_at,
        last_factor=last_factor,
    )


def _held(likelihoods: FloatArray, result: LikelihoodProduct) -> tuple[int, float, float | None]:
    """Return from which row on a product stood still before it became 0, where, and what ended it.

    Without a 0, it is the end of the rows up to which it stood still.
    """
    zero_row = result.zero_row
    with np.errstate(under="ignore"):
        factors = likelihoods[:zero_row].astype(result.dtype)
        products = np.multiply.accumulate(np.append(factors.dtype.type(1.0), factors))
    number = type(result.product)
    before = products if zero_row is None else products[:-1]
    is_still = before[::-1] == before[-1]
    n_still = len(before) if is_still.all() else int(np.argmin(is_still))
    last_factor = None if zero_row is None else number(factors[-1])
    return len(before) - n_still, number(before[-1]), last_factor


def _true_row(rows: Rows, sums: FloatArray, smallest: Any) -> int | None:  # noqa: ANN401 -- any float
    """Find the first row at which the exact product is no more than half of `smallest`."""
    limit = -float(np.log(smallest)) + math.log(2.0)
    sure = int(np.searchsorted(sums, limit + _CLOSE))
    maybe = int(np.searchsorted(sums, limit - _CLOSE))
    if sure == maybe:
        return sure + 1 if sure < len(rows) else None
    # Floats are whole numbers over powers of two, so the exact product is one as well.
    end = _exponent(smallest) - 1
    numerator, exponent = 1, 0
    for index in range(min(sure + 1, len(rows))):
        over, under = float(rows.probabilities[index]).as_integer_ratio()
        numerator *= over if rows.labels[index] else under - over
        exponent += under.bit_length() - 1
        is_due = numerator == 0 or (numerator - 1).bit_length() <= exponent + end
        if index >= maybe and is_due:
            return index + 1
    return None


def _exponent(smallest: Any) -> int:  # noqa: ANN401 -- any float
    """Return e of the subnormal number 2**e."""
    _, under = smallest.as_integer_ratio()
    return 1 - int(under).bit_length()


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
        message = f"k must be greater than 0, got {k!r}"
        raise ArgumentError(message, "a negative factor would turn the minimum into a maximum", "k")
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
