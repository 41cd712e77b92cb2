"""The figures of merit, derived from exact totals."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.core.exact_sum import UNIT_EXPONENT
from bce_cli.errors import DataError

if TYPE_CHECKING:
    from bce_cli.core.totals import LossTotals

Unit: TypeAlias = Literal["nats", "bits"]

NATS_PER: dict[Unit, float] = {"nats": 1.0, "bits": math.log(2.0)}

NORMAL_QUANTILE = 1.959963984540054
"""97.5 % quantile of the standard normal distribution, for 95 % intervals."""


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
    base_rate : float
        Weighted share of label 1.
    unit : {"nats", "bits"}
    n_clipped : int
        Rows whose probability the convention changed.
    mean_loss : float
        Binary cross-entropy: `total_loss` over `weight_sum`.
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
        exp(-mean loss in nats): the geometric mean of the probabilities given to the labels.
    base_rate_loss : float
        The mean loss of predicting `base_rate` for every row.
    skill : float or None
        1 - mean_loss / base_rate_loss: 1 is perfect, 0 no better than the base rate. None when all
        labels are equal or the mean is infinite.
    brier : float
        Mean squared difference between label and probability.
    n_impossible : int
        Rows whose exact loss is infinite.
    first_impossible_row : int or None
        1-based.
    finite_mean_loss : float or None
        Mean loss over the other rows; None if there are none.
    """

    n: int
    n_positive: int
    weight_sum: float
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
    skill: float | None
    brier: float
    n_impossible: int
    first_impossible_row: int | None
    finite_mean_loss: float | None


def loss_report(totals: LossTotals, unit: Unit = "nats") -> LossReport:
    """Derive all figures from the totals of at least one row.

    Parameters
    ----------
    totals : LossTotals
    unit : {"nats", "bits"}, default "nats"

    Raises
    ------
    DataError
        If there are no rows, or none with a weight.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.rows import Rows
    >>> from bce_cli.core.totals import LossTotals
    >>> rows = Rows(np.array([True, False]), np.array([0.5, 0.5]))
    >>> report = loss_report(LossTotals.of(rows), "bits")
    >>> report.mean_loss, report.skill, report.std_error
    (1.0, 0.0, 0.0)
    """
    weight_sum = float(totals.weights)
    if weight_sum == 0.0:
        message = "the mean of no rows is undefined"
        raise DataError(message)
    total = math.inf if totals.n_infinite else float(totals.losses)
    mean = total / weight_sum
    base_rate = float(totals.positive_weights) / weight_sum
    base_rate_loss = _entropy(base_rate)
    error = None if totals.n_infinite else _standard_error(totals)
    nats = NATS_PER[unit]
    return LossReport(
        n=totals.n,
        n_positive=totals.n_positive,
        weight_sum=weight_sum,
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
        effective_probability=math.exp(-mean),
        base_rate_loss=base_rate_loss / nats,
        skill=_skill(mean, base_rate_loss),
        brier=float(totals.squared_errors) / weight_sum,
        n_impossible=totals.n_impossible,
        first_impossible_row=totals.first_impossible_row,
        finite_mean_loss=_finite_mean(totals, nats),
    )


def _entropy(probability: float) -> float:
    """Mean loss, in nats, of a constant prediction that equals the share of label 1."""
    if probability in (0.0, 1.0):
        return 0.0
    other = 1.0 - probability
    return 0.0 - probability * math.log(probability) - other * math.log1p(-probability)


def _skill(mean: float, base_rate_loss: float) -> float | None:
    if base_rate_loss == 0.0 or math.isinf(mean):
        return None
    return 1.0 - mean / base_rate_loss


def _finite_mean(totals: LossTotals, nats: float) -> float | None:
    weight = float(totals.weights - totals.impossible_weights)
    if weight == 0.0:
        return None
    return float(totals.losses - totals.impossible_losses) / weight / nats


def _standard_error(totals: LossTotals) -> float | None:
    """Return the standard error of the (weighted) mean, by linearisation of a ratio of sums.

    With u = weight times loss, m = sum(u) / sum(w):
    SE^2 = n / (n - 1) * sum((u - m w)^2) / sum(w)^2. Without weights this is the sample variance
    over n. The squares are expanded and the differences taken in integers, so nothing cancels.
    """
    n = totals.n
    if n < 2:  # noqa: PLR2004 -- a variance needs two
        return None
    losses, weights = totals.losses.units, totals.weights.units
    squares = (
        totals.loss_squares.units * weights**2
        - 2 * losses * totals.loss_weights.units * weights
        + losses**2 * totals.weight_squares.units
    )
    return math.sqrt(((n * max(squares, 0)) << -UNIT_EXPONENT) / ((n - 1) * weights**4))
