"""What a mean loss is made of: miscalibration, discrimination and uncertainty."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from bce_cli.core.calibration.exact_parts import total
from bce_cli.core.calibration.pooling import Pools, pool_all
from bce_cli.core.costs import Costs, exact_costs, exact_logit_costs
from bce_cli.core.exact_sum import ExactSum

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.calibration.exact_parts import Parts
    from bce_cli.core.calibration.tally import Tally
    from bce_cli.core.rows import FloatArray

    CostRule: TypeAlias = Callable[[FloatArray], Costs]
    LossSum: TypeAlias = tuple[ExactSum, int]

PARTS = ("mean", "miscalibration", "discrimination", "uncertainty", "recalibrated")
"""Of every decomposition, as `Decomposition` has them."""

_BLOCK = 1 << 16  # bounds the scratch memory
_ROUNDING = 2.0**-50  # more than the roundings of a spread, or of squares, come to


@dataclass(frozen=True, slots=True)
class Decomposition:
    """A mean loss and its parts: mean = miscalibration - discrimination + uncertainty.

    The CORP decomposition of Dimitriadis, Gneiting and Jordan, "Stable reliability diagrams for
    probabilistic classifiers", PNAS 118 (2021), with isotonic recalibration. It needs no bins.
    Where rows were summed up in fine ones, miscalibration and discrimination are those of the mean
    predictions of the bins, and `within_bins` is added to the sum.

    Attributes
    ----------
    mean : float
        Infinite with an impossible row, and `miscalibration` with it.
    miscalibration : float
        What recalibrating would take away: `mean` minus `recalibrated`; never negative.
    discrimination : float
        What recalibrated predictions are better than the base rate; never negative.
    uncertainty : float
        What predicting the base rate costs.
    recalibrated : float
        Mean loss of the recalibrated predictions.
    within_bins : float or None
        What the predictions lose to the mean predictions of their fine bins; below 0 where they
        tell rows of one bin apart. None without such bins, or if the mean is infinite.

    References
    ----------
    Stephenson, Coelho and Jolliffe, "Two extra components in the Brier score decomposition",
    Weather and Forecasting 23 (2008), 752-757: what bins do to a decomposition.
    """

    mean: float
    miscalibration: float
    discrimination: float
    uncertainty: float
    recalibrated: float
    within_bins: float | None = None

    def per(self, unit: float) -> Decomposition:
        """Return all of it in another unit."""
        return Decomposition(
            self.mean / unit,
            self.miscalibration / unit,
            self.discrimination / unit,
            self.uncertainty / unit,
            self.recalibrated / unit,
            None if self.within_bins is None else self.within_bins / unit,
        )


def decompose_log_loss(tally: Tally, pools: Pools, of_rows: LossSum | None = None) -> Decomposition:
    """Decompose the mean binary cross-entropy, in nats.

    Parameters
    ----------
    tally : Tally
    pools : Pools
        Of that tally.
    of_rows : (ExactSum, int), optional
        Where the tally is one of fine bins: the sum of the finite losses of all rows, and how many
        are infinite.

    Examples
    --------
    >>> from bce_cli.core.calibration.pooling import pool_adjacent_violators
    >>> from bce_cli.core.calibration.tally import Tally
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([False, True, False, True]), np.array([0.1, 0.2, 0.3, 0.9]))
    >>> tally = Tally.of(rows)
    >>> parts = decompose_log_loss(tally, pool_adjacent_violators(tally))
    >>> round(parts.miscalibration, 6), round(parts.discrimination, 6)
    (0.197635, 0.346574)
    """
    if tally.logits is None:
        own = loss_sum(tally.positives, tally.negatives, tally.predictions, exact_costs)
    else:
        own = loss_sum(tally.positives, tally.negatives, tally.logits, exact_logit_costs)
    return _decompose(tally, pools, own, exact_costs, of_rows=of_rows)


def decompose_brier(tally: Tally, pools: Pools, of_rows: ExactSum | None = None) -> Decomposition:
    """Decompose the Brier score, (y - p)^2; see `decompose_log_loss`.

    For a soft label that is y (1 - p)^2 + (1 - y) p^2 but for the spread y (1 - y), which no
    prediction changes.
    """
    spread = tally.label_spread or ExactSum()
    own = loss_sum(tally.positives, tally.negatives, tally.predictions, squared_costs)
    with_spread = None if of_rows is None else (of_rows + spread, 0)
    return _decompose(tally, pools, own, squared_costs, of_rows=with_spread, spread=spread)


def squared_costs(probabilities: FloatArray) -> Costs:
    """(1 - p)^2 and p^2: the Brier score of either label."""
    rest = 1.0 - probabilities
    return Costs(positive=rest * rest, negative=probabilities * probabilities)


def _decompose(
    tally: Tally,
    pools: Pools,
    own: LossSum,
    rule: CostRule,
    *,
    of_rows: LossSum | None,
    spread: ExactSum = ExactSum(),
) -> Decomposition:
    """Compare the losses of the predictions, of the pools and of the base rate.

    Each is a sum of exact products, so a forecast that was recalibrated loses exactly what its
    pools lose. Rounded losses may leave less than nothing of a difference; that is nothing.
    """
    own_sum, _ = own
    rows_sum, n_infinite = of_rows or own
    best, _ = loss_sum(pools.positives, pools.negatives, pools.means, rule)
    whole = pool_all(tally)
    base, _ = loss_sum(whole.positives, whole.negatives, whole.means, rule)
    weights = _sum_of(whole.positives) + _sum_of(whole.negatives)
    is_infinite = n_infinite > 0
    return Decomposition(
        mean=math.inf if is_infinite else _ratio(rows_sum - spread, weights),
        miscalibration=math.inf if is_infinite else _ratio(own_sum - best, weights),
        discrimination=_ratio(base - best, weights),
        uncertainty=_ratio(_without(spread, base), weights),
        recalibrated=_ratio(_without(spread, best), weights),
        within_bins=(
            None if of_rows is None or is_infinite else float(rows_sum - own_sum) / float(weights)
        ),
    )


def _without(spread: ExactSum, loss: ExactSum) -> ExactSum:
    """Take a spread away from a loss; no more is left of one that is all spread than rounding."""
    rest = loss - spread
    return ExactSum() if float(rest) <= _ROUNDING * float(spread) else rest


def loss_sum(
    positives: Parts, negatives: Parts, predictions: FloatArray, rule: CostRule
) -> LossSum:
    """Sum up losses, and count the predictions whose loss is infinite and in no sum."""
    result, n_infinite = ExactSum(), 0
    for start in range(0, len(predictions), _BLOCK):
        block = slice(start, start + _BLOCK)
        costs = rule(predictions[block])
        for parts, side in ((positives, costs.positive), (negatives, costs.negative)):
            finite = np.isfinite(side)
            if not finite.all():
                shares = total(tuple(part[block] for part in parts))
                n_infinite += int(np.count_nonzero(~finite & (shares > 0.0)))
                side[~finite] = 0.0
            for part in parts:
                result += ExactSum.of_products(part[block], side.astype(np.float64, copy=False))
    return result, n_infinite


def _sum_of(parts: Parts) -> ExactSum:
    return sum((ExactSum.of(part) for part in parts), ExactSum())


def _ratio(loss: ExactSum, weights: ExactSum) -> float:
    return max(float(loss) / float(weights), 0.0)
