"""The figures that are held to limits, with their 95 % intervals.

Those of loss, skill and Brier score are normal intervals from standard errors by linearisation;
that of the calibration error is a band, which no bias can push off the true value. There is none
where a single row has all the weight, which says nothing of the spread.
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
    from bce_cli.core.gate.totals import GateTotals
    from bce_cli.core.report import LossReport


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


def loss_estimate(totals: GateTotals, report: LossReport, other_error: float = 0.0) -> Estimate:
    """Return the mean loss, in the unit of the report.

    Parameters
    ----------
    totals : GateTotals
    report : LossReport
        Of the same rows.
    other_error : float, default 0
        Standard error of the loss it is compared with, which comes from an independent sample.
    """
    error = report.std_error
    if error is None or not has_spread(totals):
        return Estimate(report.mean_loss)
    if other_error == 0.0:
        return Estimate(report.mean_loss, report.ci_low, report.ci_high)
    return _normal(totals, report.mean_loss, math.hypot(error, other_error))


def skill_estimate(totals: GateTotals, report: LossReport) -> Estimate:
    """Return the share of the base-rate loss that the predictions remove."""
    if report.skill is None:
        return Estimate(None)
    return _normal(totals, report.skill, skill_error(totals.losses, totals.moments))


def brier_estimate(totals: GateTotals, report: LossReport) -> Estimate:
    """Return the mean squared difference between label and probability."""
    return _normal(totals, report.brier, brier_error(totals.losses, totals.moments))


def calibration_estimate(totals: GateTotals) -> Estimate:
    """Return the expected calibration error in the bins of the totals; see `calibration_margin`."""
    assert totals.reliability is not None  # noqa: S101 -- made with a limit of it
    error = expected_calibration_error(reliability_bins(totals.reliability))
    if not has_spread(totals):
        return Estimate(error)
    margin = calibration_margin(totals.reliability)
    return Estimate(error, max(error - margin, 0.0), min(error + margin, 1.0))


def _normal(totals: GateTotals, value: float, error: float | None) -> Estimate:
    if error is None or not has_spread(totals):
        return Estimate(value)
    return Estimate(value, value - NORMAL_QUANTILE * error, value + NORMAL_QUANTILE * error)


def has_spread(totals: GateTotals) -> bool:
    """Whether at least two rows have a weight worth the name."""
    return totals.losses.effective_n > 1.0
