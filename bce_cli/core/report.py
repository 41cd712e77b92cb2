"""The figures of merit, derived from exact totals."""

from __future__ import annotations

import math
from typing import Literal, TypeAlias

from bce_cli.core.arguments import check_choice, check_kind
from bce_cli.core.mean_loss import mean_of
from bce_cli.core.totals import LossTotals
from bce_cli.lean_dataclass import dataclass

Unit: TypeAlias = Literal["nats", "bits"]

NATS_PER: dict[Unit, float] = {"nats": 1.0, "bits": math.log(2.0)}
"""What is to be divided by; `check_unit` comes first where a unit is taken."""

NORMAL_QUANTILE = 1.959963984540054
"""97.5 % quantile of the standard normal distribution, for 95 % intervals."""

FEW = 30
"""Rows or clusters below which the normal approximation of an interval is not to be trusted."""


_OF_ARRAYS = "bce_cli.compute(labels, predictions) takes arrays"
_LEAST_CLASSES = 3
_LEAST_REVERSED = 10.0
_CLEAR_ERRORS = 4.0  # of the mean; those of a difference to 1 - p are twice as large at the most

_ROUNDING = 2.0**-50
"""Of the base-rate loss, and so of the skill of always predicting the base rate, which is 0."""


@dataclass(frozen=True, slots=True)
class LossReport:
    """What a set of predictions is worth.

    Losses and log-likelihoods are in `unit`. Numbers that are infinite are infinite here; those
    that are undefined are None.

    Attributes
    ----------
    n, n_positive : int
        Rows, and rows with label 1.
    weight_sum : float
        Sum of the weights; n without weights.
    effective_n : float
        Effective number of rows, (sum of weights)^2 over the sum of their squares (Kish, "Survey
        Sampling", 1965): how many rows of equal weight would pin the mean down as well.
    base_rate : float
        Weighted share of label 1; with soft labels, their weighted mean.
    unit : {"nats", "bits"}
    n_clipped : int
        Rows that a limit of the convention touches.
    mean_loss : float
        Binary cross-entropy: `total_loss` over `weight_sum`, or over `n` under a convention that
        does so (torch).
    std_error : float or None
        Standard error of `mean_loss`, from the sample variance of the losses; None for fewer than
        two rows or an infinite mean.
    ci_low, ci_high : float or None
        95 % interval of `mean_loss` by the normal approximation.
    total_loss, log_likelihood : float
        Weighted sum of the losses, and its negative.
    log10_likelihood : float
        Decimal logarithm of the likelihood, whatever the unit.
    effective_probability : float
        exp(-total loss in nats / weight_sum): the (weighted) geometric mean of the probabilities
        given to the labels.
    base_rate_loss : float
        The mean loss of predicting `base_rate` for every row.
    label_entropy, kl_divergence : float or None
        The parts of `mean_loss` with soft labels: what a perfect prediction would cost, and what
        is lost to it (Kullback-Leibler divergence). None if every label is 0 or 1.
    skill : float or None
        1 - mean_loss / base_rate_loss: 1 is perfect, 0 no better than the base rate. None when all
        labels are equal or the mean is infinite.
    brier : float
        Mean squared difference between label and probability.
    n_impossible : int
        Rows whose exact loss is infinite.
    first_impossible_row : int or None
        1-based.
    impossible_share : float or None
        Share of these rows in the total under the convention; None if that is infinite or 0.
    finite_mean_loss : float or None
        Mean loss over the other rows; None if there are none.
    float_type : str or None
        What predictions were stored as, where the limits of the convention depend on that.
    n_certain : int or None
        Predictions of exactly 0 or 1, unless they are logits. None where nobody has counted them.
    reversed_loss : float or None
        The mean loss of 1 - p in place of p; None where that is not known.
    """

    n: int
    n_positive: int
    weight_sum: float
    effective_n: float
    base_rate: float
    unit: Unit
    n_clipped: int
    mean_loss: float
    std_error: float | None
    ci_low: float | None
    ci_high: float | None
    total_loss: float
    log_likelihood: float
    log10_likelihood: float
    effective_probability: float
    base_rate_loss: float
    label_entropy: float | None
    kl_divergence: float | None
    skill: float | None
    brier: float
    n_impossible: int
    first_impossible_row: int | None
    impossible_share: float | None
    finite_mean_loss: float | None
    float_type: str | None = None
    n_certain: int | None = None
    reversed_loss: float | None = None

    @property
    def are_classes(self) -> bool:
        """Whether all predictions are 0 or 1, as those of a classifier that gives no chances."""
        return self.n_certain == self.n >= _LEAST_CLASSES

    @property
    def is_reversed(self) -> bool:
        """Whether 1 - p would cost so much less that p must be the chance of the other label.

        The mean is above that of the base rate. For 1 - p it is below, or less than half; the
        difference is a fifth of the mean at least, and beyond chance.
        """
        mean, other, base = self.mean_loss, self.reversed_loss, self.base_rate_loss
        if other is None or self.effective_n < _LEAST_REVERSED or mean <= base:
            return False
        if math.isinf(mean):
            finite = self.finite_mean_loss
            return other < base and (finite is None or other < finite / 2.0)
        is_clear = mean - other > _CLEAR_ERRORS * (self.std_error or 0.0)
        return is_clear and other < 0.8 * mean and (other < base or other < mean / 2.0)


def check_unit(unit: object) -> None:
    """Raise ArgumentError unless a value is a unit of losses."""
    check_choice("unit", unit, NATS_PER)


def loss_report(totals: LossTotals, unit: Unit = "nats") -> LossReport:
    """Derive all figures from the totals of at least one row.

    Parameters
    ----------
    totals : LossTotals
    unit : {"nats", "bits"}, default "nats"

    Raises
    ------
    DataError
        If there are no rows, or none with a weight; or predictions were stored in several types,
        and the limits of the convention depend on that.
    ArgumentError
        If these are no totals, or the unit is not known.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False]), np.array([0.5, 0.5]))
    >>> report = loss_report(LossTotals.of(rows), "bits")
    >>> report.mean_loss, report.skill, report.std_error
    (1.0, 0.0, 0.0)
    """
    check_kind("totals", totals, LossTotals, _OF_ARRAYS)
    check_unit(unit)
    mean = mean_of(totals)
    weight_sum, divisor = float(totals.weights), float(totals.mean_divisor)
    total = math.inf if totals.n_infinite else float(totals.losses)
    base_rate = float(totals.positive_weights) / weight_sum
    base_rate_loss = constant_loss(base_rate) * (weight_sum / divisor)
    error = None if totals.n_infinite else totals.moments.standard_error()
    nats = NATS_PER[unit]
    return LossReport(
        n=totals.n,
        n_positive=totals.n_positive,
        weight_sum=weight_sum,
        effective_n=totals.effective_n,
        base_rate=base_rate,
        unit=unit,
        n_clipped=totals.n_clipped,
        mean_loss=mean / nats,
        std_error=None if error is None else error / nats,
        ci_low=None if error is None else (mean - NORMAL_QUANTILE * error) / nats,
        ci_high=None if error is None else (mean + NORMAL_QUANTILE * error) / nats,
        total_loss=total / nats,
        log_likelihood=(0.0 - total) / nats,
        log10_likelihood=(0.0 - total) / math.log(10.0),
        effective_probability=math.exp(-total / weight_sum),
        base_rate_loss=base_rate_loss / nats,
        label_entropy=float(totals.label_entropies) / divisor / nats if totals.n_soft else None,
        kl_divergence=_divergence(totals) / nats if totals.n_soft else None,
        skill=skill_of(mean, base_rate_loss),
        brier=float(totals.squared_errors) / weight_sum,
        n_impossible=totals.n_impossible,
        first_impossible_row=totals.first_impossible_row,
        impossible_share=_impossible_share(totals),
        finite_mean_loss=_finite_mean(totals, nats),
        float_type=totals.float_type,
        n_certain=None if totals.doubts is None else totals.doubts.n_certain,
        reversed_loss=_reversed_mean(totals, nats),
    )


def constant_loss(probability: float) -> float:
    """Mean loss, in nats, of a constant prediction that equals the share of label 1."""
    if probability in (0.0, 1.0):
        return 0.0
    other = 1.0 - probability
    return 0.0 - probability * math.log(probability) - other * math.log1p(-probability)


def skill_of(mean: float, base_rate_loss: float) -> float | None:
    """Return the share of the loss of the base rate that is removed; None where there is none."""
    if base_rate_loss == 0.0 or math.isinf(mean):
        return None
    skill = 1.0 - mean / base_rate_loss
    return skill if abs(skill) > _ROUNDING else 0.0


def _divergence(totals: LossTotals) -> float:
    """Return the mean loss that goes beyond the entropy of the labels."""
    beyond = totals.losses - totals.label_entropies
    return math.inf if totals.n_infinite else beyond.over(totals.mean_divisor)


def _impossible_share(totals: LossTotals) -> float | None:
    if totals.n_infinite or not totals.losses.units:
        return None
    return totals.impossible_losses.over(totals.losses)


def _reversed_mean(totals: LossTotals, nats: float) -> float | None:
    doubts = totals.doubts
    if doubts is None:
        return None
    return math.inf if doubts.n_infinite else doubts.losses.over(totals.mean_divisor) / nats


def _finite_mean(totals: LossTotals, nats: float) -> float | None:
    divisors = totals.mean_divisor - totals.impossible_divisors
    if not divisors.units:
        return None
    return (totals.losses - totals.impossible_losses).over(divisors) / nats
