"""Logistic recalibration: the line through the logits that fits the labels best."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

import numpy as np

from bce_cli.core.calibration.exact_parts import total
from bce_cli.core.calibration.log_odds import LogOdds, fit_line
from bce_cli.core.calibration.shift import fit_shift
from bce_cli.core.report import NORMAL_QUANTILE

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import Tally

Obstacle: TypeAlias = Literal["no rows", "one label", "one prediction", "separated", "diverged"]
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
    """

    slope: Estimate | None
    intercept: Estimate | None
    calibration_in_the_large: Estimate | None
    n_in_fit: int
    obstacle: Obstacle | None = None
    obstacle_in_the_large: Obstacle | None = None


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
        return LogisticRecalibration(None, None, None, n_in_fit, obstacle, obstacle)
    shift = fit_shift(odds)
    line = None if obstacle else fit_line(odds, shift[0] if shift else 0.0)
    return LogisticRecalibration(
        None if line is None else _estimate(line.slope, line.std_errors[1]),
        None if line is None else _estimate(line.intercept, line.std_errors[0]),
        None if shift is None else _estimate(*shift),
        n_in_fit,
        obstacle or ("diverged" if line is None else None),
        "diverged" if shift is None else None,
    )


def _log_odds(tally: Tally) -> LogOdds:
    """Take the predictions that have a finite logit."""
    logits = tally.logits
    if logits is None:
        with np.errstate(divide="ignore"):
            logits = np.log(tally.predictions)
            logits -= np.log1p(-tally.predictions)
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
    if x[ones[0]] >= x[zeros[-1]] or x[zeros[0]] >= x[ones[-1]]:
        return "separated"
    return None


def _estimate(value: float, error: float) -> Estimate:
    half = NORMAL_QUANTILE * error
    return Estimate(value, value - half, value + half)
