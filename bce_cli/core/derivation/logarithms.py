"""What logarithms do: they keep the place of a maximum, and turn products into sums."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.conventions import EXACT
from bce_cli.core.derivation.trials import SHOWN, log_of
from bce_cli.core.exact_sum import ExactSum
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows

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
    log_of_product = log_of(product)
    is_infinite = bool(np.isinf(losses[:n].max()))
    sum_of_logs = -math.inf if is_infinite else 0.0 - float(ExactSum.of(losses[:n]))
    comparable = math.isfinite(log_of_product) and not is_infinite
    difference = log_of_product - sum_of_logs if comparable else None
    return ProductRule(n, product, log_of_product, sum_of_logs, difference)
