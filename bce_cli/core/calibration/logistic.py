"""Logistic recalibration: the line through the logits that fits the labels best."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.clustered import ClusteredOdds
from bce_cli.core.calibration.log_odds import (
    Axis,
    LogOdds,
    Obstacle,
    Point,
    Shift,
    curvature,
    fit_line,
    fit_shift,
    obstacle_of,
    over_blocks,
    solved,
)
from bce_cli.core.inference import t_quantile, two_sided_p
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.tally import Tally
    from bce_cli.core.rows import Rows

_ROUNDING = 1e-12  # what is closer to its value under calibration may be rounding alone
_SPREAD_OF_ROUNDING = 1e-7  # the root of a variance that is rounding
_LEAST_CLUSTERS = 3  # for a plane of intercept and slope


@dataclass(frozen=True, slots=True)
class Line:
    """A fitted line, the standard errors of intercept and slope, and a p value of 0 and 1."""

    intercept: float
    slope: float
    std_errors: tuple[float, float]
    p_value: float | None


def _fitted_line(odds: LogOdds, shift: float, rows: ClusteredOdds | None) -> Line | None:
    """Fit a line of which `shift` is the best intercept for the slope 1."""
    axis = Axis.of(odds)
    peak = fit_line(odds, axis, (shift, 1.0))
    if peak is None:
        return None
    at, point = peak
    intercept, slope = axis.back(*at)
    if rows is not None:
        variance = rows.of_line(axis, at)
        if variance is None:
            return Line(intercept, slope, (math.inf, math.inf), None)
        point = replace(point, variance=variance)
    errors = (
        _std_error(point, (1.0, -axis.centre / axis.spread)),
        _std_error(point, (0.0, 1.0)) * (1.0 / (axis.spread * axis.scale)),
    )
    calibrated = axis.there(0.0, 1.0)
    off = (at[0] - calibrated[0], at[1] - calibrated[1])
    is_rounding = max(map(abs, off)) < _ROUNDING * max(1.0, axis.scale)
    is_rounding = is_rounding and max(errors) < _SPREAD_OF_ROUNDING
    p_value = None if is_rounding else _wald_p(point, off, None if rows is None else len(rows))
    return Line(intercept, slope, errors, p_value)


def _wald_p(point: Point, off: tuple[float, float], n_clusters: int | None) -> float | None:
    r"""Test whether a line differs from another; None where its variance is singular.

    :math:`W = d^T V^{-1} d` with :math:`V = I^{-1} M I^{-1}` of the information I and the variance
    M of the gradient, so :math:`W = (I d)^T M^{-1} (I d)`. It has two degrees of freedom, for which
    the chi-squared distribution leaves :math:`e^{-W/2}`. With n clusters, W is Hotelling's
    :math:`T^2` of n sums, which leaves :math:`(1 + W/(n-1))^{-(n-2)/2}`, and less than three tell
    nothing.
    """
    (a, b, c), (m0, m1, m2), (u, v) = point.information, point.variance, off
    left, right = a * u + b * v, b * u + c * v
    determinant = m0 * m2 - m1 * m1
    if not determinant > 0.0:
        return None
    wald = (m2 * left * left - 2.0 * m1 * left * right + m0 * right * right) / determinant
    if not math.isfinite(wald):
        return None
    wald = max(wald, 0.0)
    if n_clusters is None:
        return math.exp(-wald / 2.0)
    if n_clusters < _LEAST_CLUSTERS:
        return None
    return math.exp(-(n_clusters - 2) / 2.0 * math.log1p(wald / (n_clusters - 1)))


def _std_error(point: Point, direction: tuple[float, float]) -> float:
    """Return the standard error of a combination of intercept and slope."""
    left, right = solved(point.information, direction) or (
        0.0,
        0.0,
    )  # a step was solved there before
    m0, m1, m2 = point.variance
    return math.sqrt(max(left * left * m0 + 2.0 * left * right * m1 + right * right * m2, 0.0))


@dataclass(frozen=True, slots=True)
class Estimate:
    """A number with its interval."""

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
    shift_p : float or None
        The p value of the test that calibration in the large is 0; None where it has no spread.
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
    shift_p: float | None = None
    mean_p: float | None = None


def recalibrate_logistically(
    tally: Tally, n_in_fit: int, rows: Rows | None = None, confidence: float = 0.95
) -> LogisticRecalibration:
    """Fit labels to the logits of their predictions by maximum likelihood.

    Parameters
    ----------
    tally : Tally
    n_in_fit : int
        Rows whose prediction has a finite logit.
    rows : Rows, optional
        Those of the tally, each of some weight and in a cluster.
    confidence : float, default 0.95
        Of the intervals.

    Returns
    -------
    LogisticRecalibration
        Intervals are Wald's, from the information matrix. With weights or soft labels they are from
        the sandwich estimate, which does not change if all weights are multiplied by a number. In
        clusters they are from the sandwich of the clusters' gradients, times n / (n - 1) for n of
        them, by Student's t with n - 1 degrees of freedom, and infinite for one.

    References
    ----------
    D. R. Cox, "Two further applications of a model for binary regression", Biometrika 45 (1958).
    K.-Y. Liang and S. L. Zeger, "Longitudinal data analysis using generalized linear models",
    Biometrika 73 (1986), 13-22.

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
    odds = LogOdds.of(tally)
    clustered = None if rows is None else ClusteredOdds.of(rows)
    obstacle = obstacle_of(odds)
    if obstacle in {"no rows", "one label"}:
        mean_p = _mean_p(odds, clustered) if obstacle == "one label" else None
        return LogisticRecalibration(None, None, None, n_in_fit, obstacle, obstacle, mean_p=mean_p)
    df = math.inf if clustered is None else len(clustered) - 1.0
    reach = t_quantile(confidence, df) if df > 0.0 else math.nan
    found = fit_shift(odds)
    shift = (
        None
        if found is None
        else _estimate(found.value, _shift_error(found, clustered), reach, 0.0)
    )
    line = None if obstacle else _fitted_line(odds, found.value if found else 0.0, clustered)
    return LogisticRecalibration(
        None if line is None else _estimate(line.slope, line.std_errors[1], reach, 1.0),
        None if line is None else _estimate(line.intercept, line.std_errors[0], reach, 0.0),
        shift,
        n_in_fit,
        obstacle or ("diverged" if line is None else None),
        "diverged" if shift is None else None,
        None if line is None else line.p_value,
        None if shift is None else shift_p(shift, reach, df),
        _mean_p(odds, clustered) if shift is None else None,
    )


def _shift_error(shift: Shift, rows: ClusteredOdds | None) -> float:
    """Return the standard error of calibration in the large; infinite for one cluster."""
    if rows is None:
        return shift.std_error
    variance = rows.of_shift(shift.value)
    return math.inf if variance is None else math.sqrt(variance) / shift.information


def shift_p(shift: Estimate, reach: float, df: float = math.inf) -> float | None:
    """Return the p value of a calibration in the large of 0; None where it has no spread.

    Parameters
    ----------
    shift : Estimate
    reach : float
        How many standard errors its interval reaches to either side.
    df : float
        Of Student's t.
    """
    error = (shift.ci_high - shift.ci_low) / (2.0 * reach)
    if not 0.0 < error < math.inf:
        return None
    if math.isinf(df):
        return math.erfc(abs(shift.value) / error / math.sqrt(2.0))
    return two_sided_p(shift.value / error, df)


def _mean_p(odds: LogOdds, rows: ClusteredOdds | None) -> float | None:
    r"""Test whether the mean of labels is that of predictions; None where nothing varies.

    :math:`z = \sum w (y - p) / \sqrt{\sum w^2 p (1 - p)}`, which needs no fit.
    """
    if rows is not None:
        found = rows.mean_test()
        return None if found is None else found.p_value
    squares = odds.positives + odds.negatives
    if odds.squares is not None:
        squares = odds.squares.weights

    def sums_of(block: slice) -> list[float]:
        _, residuals, _ = curvature(odds, block, odds.logits[block])
        tail = np.exp(-np.abs(odds.logits[block]))
        return [float(residuals.sum()), float((squares[block] * tail / (1.0 + tail) ** 2).sum())]

    off, variance = over_blocks(odds, sums_of)
    return math.erfc(abs(off) / math.sqrt(2.0 * variance)) if variance > 0.0 else None


def _estimate(value: float, error: float, reach: float, calibrated: float) -> Estimate:
    """Give an estimate its interval; soft labels that are the predictions leave but rounding."""
    if abs(value - calibrated) < _ROUNDING and error < _SPREAD_OF_ROUNDING:
        return Estimate(calibrated, calibrated, calibrated)
    half = reach * error if error < math.inf else math.inf
    return Estimate(value, value - half, value + half)
