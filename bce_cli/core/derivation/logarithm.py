"""Product rule and power rule, checked on numbers."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.conventions import EXACT
from bce_cli.core.exact_sum import ExactSum

if TYPE_CHECKING:
    from bce_cli.core.rows import FloatArray, Rows


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
    log_of_product = math.log(product) if product > 0.0 else -math.inf
    is_infinite = bool(np.isinf(losses[:n].max()))
    sum_of_logs = -math.inf if is_infinite else 0.0 - float(ExactSum.of(losses[:n]))
    comparable = math.isfinite(log_of_product) and not is_infinite
    return ProductRule(
        n,
        product,
        log_of_product,
        sum_of_logs,
        log_of_product - sum_of_logs if comparable else None,
    )
