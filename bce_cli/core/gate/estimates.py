"""The figures that are held to limits, with their 95 % intervals.

Those of loss, skill and Brier score are normal intervals from standard errors by linearisation;
that of the calibration error is a band, which no bias can push off the true value. There is none
where a single row has all the weight, which says nothing of the spread; and no normal interval
where rows do not differ but by rounding, as those of a constant prediction at the base rate: it
would be of no width, and rounding would decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from bce_cli.core.calibration.bins import expected_calibration_error, reliability_bins
from bce_cli.core.gate.calibration_margin import calibration_margin
from bce_cli.core.gate.cross_moments import brier_error, skill_error
from bce_cli.core.report import NORMAL_QUANTILE

if TYPE_CHECKING:
    from bce_cli.core.gate.baseline import Baseline
    from bce_cli.core.gate.totals import GateTotals
    from bce_cli.core.report import LossReport

_ROUNDING = 1e-12
"""A standard error below this share of what it belongs to comes of rounding."""


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure and its interval.

    Attributes
    ----------
    value : float or None
        May be infinite; None if undefined.
    low, high : float or None
    """

    value: float | None
    low: float | None = None
    high: float | None = None


def loss_estimate(totals: GateTotals, report: LossReport) -> Estimate:
    """Return the mean loss, in the unit of the report.

    Parameters
    ----------
    totals : GateTotals
    report : LossReport
        Of the same rows.
    """
    if _usable(totals, report.std_error, report.mean_loss) is None:
        return Estimate(report.mean_loss)
    return Estimate(report.mean_loss, report.ci_low, report.ci_high)


def baseline_estimate(
    totals: GateTotals, report: LossReport, baseline: Baseline, budget: float
) -> Estimate:
    """Return how far the mean loss is above that of a baseline, an independent sample.

    Parameters
    ----------
    totals : GateTotals
    report : LossReport
        Of the same rows.
    baseline : Baseline
    budget : float
        In the unit of the report; see `Baseline.excess`.
    """
    estimate, mean = loss_estimate(totals, report), report.mean_loss
    error = _usable(totals, report.std_error, mean)
    other_error = baseline.std_error_in(report.unit)
    if error is not None and other_error > 0.0:
        estimate = _normal(mean, math.hypot(error, other_error))
    bounds = (estimate.value, estimate.low, estimate.high)
    return Estimate(*(_excess(bound, report, baseline, budget) for bound in bounds))


def _excess(
    loss: float | None, report: LossReport, baseline: Baseline, budget: float
) -> float | None:
    return None if loss is None else baseline.excess(loss, report.unit, budget)


def skill_estimate(totals: GateTotals, report: LossReport) -> Estimate:
    """Return the share of the base-rate loss that the predictions remove."""
    skill = report.skill
    if skill is None:
        return Estimate(None)
    error = skill_error(totals.losses, totals.moments, totals.n_weighted)
    return _normal(skill, _usable(totals, error, 1.0 - skill))


def brier_estimate(totals: GateTotals, report: LossReport) -> Estimate:
    """Return the mean squared difference between label and probability."""
    error = brier_error(totals.losses, totals.moments, totals.n_weighted)
    return _normal(report.brier, _usable(totals, error, report.brier))


def calibration_estimate(totals: GateTotals) -> Estimate:
    """Return the expected calibration error in the bins of the totals; see `calibration_margin`."""
    assert totals.reliability is not None  # noqa: S101 -- made with a limit of it
    error = expected_calibration_error(reliability_bins(totals.reliability))
    if not has_rows(totals):
        return Estimate(error)
    margin = calibration_margin(totals.reliability)
    return Estimate(error, max(error - margin, 0.0), min(error + margin, 1.0))


def has_rows(totals: GateTotals) -> bool:
    """Whether at least two rows have a weight worth the name."""
    return totals.losses.effective_n > 1.0


def _usable(totals: GateTotals, error: float | None, scale: float) -> float | None:
    """Return a standard error; None where there are no rows, or no spread, to have one from.

    Parameters
    ----------
    totals : GateTotals
    error : float or None
    scale : float
        The mean that the error belongs to, in the same unit.
    """
    if error is None or not has_rows(totals) or error <= _ROUNDING * abs(scale):
        return None
    return error


def _normal(value: float, error: float | None) -> Estimate:
    if error is None:
        return Estimate(value)
    return Estimate(value, value - NORMAL_QUANTILE * error, value + NORMAL_QUANTILE * error)
