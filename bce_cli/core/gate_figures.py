"""The figures that a gate holds to limits, each with its interval.

The intervals of loss, skill and Brier score are normal ones from standard errors by linearisation;
that of the calibration error is a band, which no bias can push off the true value. There is none
where a single row has all the weight, which says nothing of the spread; and no normal interval
where rows do not differ but by rounding, as those of a constant prediction at the base rate: it
would be of no width, and rounding would decide.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bce_cli.core.calibration.bins import expected_calibration_error, reliability_bins
from bce_cli.core.cross_moments import brier_error, skill_error
from bce_cli.core.differences import difference_report
from bce_cli.core.exact_sum import UNIT_EXPONENT
from bce_cli.core.report import NORMAL_QUANTILE

if TYPE_CHECKING:
    from bce_cli.core.calibration.bins import ReliabilityTotals
    from bce_cli.core.gate_limits import Baseline
    from bce_cli.core.gate_totals import GateTotals
    from bce_cli.core.report import LossReport
    from bce_cli.core.rows import FloatArray


_ROUNDING = 1e-12
"""A standard error below this share of what it belongs to comes of rounding."""


class Figure(NamedTuple):
    """A figure and its interval.

    Attributes
    ----------
    value : float or None
        May be infinite, of either sign; None if undefined.
    low, high : float or None
    """

    value: float | None
    low: float | None = None
    high: float | None = None


def loss_figure(totals: GateTotals, report: LossReport) -> Figure:
    """Return the mean loss, in the unit of the report.

    Parameters
    ----------
    totals : GateTotals
    report : LossReport
        Of the same rows.
    """
    if _usable(totals, report.std_error, report.mean_loss) is None:
        return Figure(report.mean_loss)
    return Figure(report.mean_loss, report.ci_low, report.ci_high)


def baseline_figure(
    totals: GateTotals, report: LossReport, baseline: Baseline, budget: float
) -> Figure:
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
    figure, mean = loss_figure(totals, report), report.mean_loss
    error = _usable(totals, report.std_error, mean)
    other_error = baseline.std_error_in(report.unit)
    if error is not None and other_error > 0.0:
        figure = _normal(mean, math.hypot(error, other_error))
    return Figure(
        *(
            None if bound is None else baseline.excess(bound, report.unit, budget)
            for bound in figure
        )
    )


def against_figure(totals: GateTotals, report: LossReport, confidence: float) -> Figure:
    """Return how far the mean loss is above that of the other model, paired row by row.

    That is the difference, and the interval, of a comparison with that model as its baseline; but
    there is no interval where the differences of the rows are none but one number. It is infinite
    where one mean is, and undefined where both are.

    Parameters
    ----------
    totals : GateTotals
        With a rival.
    report : LossReport
        Of the same rows.
    confidence : float
    """
    assert totals.rival is not None  # noqa: S101 -- made with a limit of it
    found = difference_report("", totals.rival.difference, report.unit, confidence)
    finite = found.finite
    has_spread = finite.t is not None or finite.value == 0.0
    if found.infinite is not None or not has_spread or not has_rows(totals):
        return Figure(found.value)
    return Figure(finite.value, finite.ci_low, finite.ci_high)


def skill_figure(totals: GateTotals, report: LossReport) -> Figure:
    """Return the share of the base-rate loss that the predictions remove."""
    skill = report.skill
    if skill is None:
        return Figure(None)
    error = skill_error(totals.losses, totals.moments, totals.n_weighted)
    return _normal(skill, _usable(totals, error, 1.0 - skill))


def brier_figure(totals: GateTotals, report: LossReport) -> Figure:
    """Return the mean squared difference between label and probability."""
    error = brier_error(totals.losses, totals.moments, totals.n_weighted)
    return _normal(report.brier, _usable(totals, error, report.brier))


def calibration_figure(totals: GateTotals, _: LossReport) -> Figure:
    """Return the expected calibration error in the bins of the totals; see `calibration_margin`."""
    assert totals.reliability is not None  # noqa: S101 -- made with a limit of it
    error = expected_calibration_error(reliability_bins(totals.reliability))
    if not has_rows(totals):
        return Figure(error)
    margin = calibration_margin(totals.reliability)
    return Figure(error, max(error - margin, 0.0), min(error + margin, 1.0))


def rows_figure(totals: GateTotals, _: LossReport) -> Figure:
    """Return the number of rows of some weight, which is what it is."""
    return Figure(totals.n_weighted)


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


def _normal(value: float, error: float | None) -> Figure:
    if error is None:
        return Figure(value)
    return Figure(value, value - NORMAL_QUANTILE * error, value + NORMAL_QUANTILE * error)


_DRAWS = 20_000


def calibration_margin(totals: ReliabilityTotals) -> float:
    """Return how far an expected calibration error may be from that of the true event rates.

    The error of a sample is biased upwards: gaps that are noise do not cancel, as their size is
    what counts. So neither a normal interval nor the percentiles of a bootstrap cover the true
    error, least of all where that is small. But by the triangle inequality the two errors differ by
    no more than the noise of the gaps, sum over bins of share * |event rate - true rate|, whatever
    the true gaps are. The 95 % quantile of that sum is a margin that holds at least that often.

    Given the predictions, the event rate of a bin is that of independent trials, so bins are
    independent of each other. Each is taken as normal, with the variance of a rate that is moved
    towards 1/2 by one trial of each kind (Laplace), so that a bin of equal labels has a spread,
    too; with weights, for the effective number of trials. The quantile is that of 20,000 draws
    from a fixed seed, within about 1 % of its own size.

    Parameters
    ----------
    totals : ReliabilityTotals
        With at least one row of some weight.

    Examples
    --------
    >>> from bce_cli.core.calibration.bins import ReliabilityTotals, uniform_edges
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.arange(400) % 2 == 0, np.full(400, 0.3))
    >>> margin = calibration_margin(ReliabilityTotals.of(rows, uniform_edges(10)))
    >>> round(margin, 2), round(1.96 * math.sqrt(0.25 / 400), 2)
    (0.05, 0.05)
    """
    random = np.random.Generator(np.random.PCG64(0))
    noise: FloatArray = np.zeros(_DRAWS)
    for scale in _noise_scales(totals):
        noise += scale * np.abs(random.standard_normal(_DRAWS))
    return float(np.quantile(noise, 0.95))


def _noise_scales(totals: ReliabilityTotals) -> list[float]:
    """Return the standard error of each event rate times the share of its bin."""
    whole = sum(weights.units for weights in totals.weights)
    scales = []
    columns = (totals.weights, totals.weight_squares, totals.label_weights)
    for weights, squares, labels in zip(*columns, strict=True):
        if squares.units:
            n = weights.units**2 / (squares.units << -UNIT_EXPONENT)
            rate = (n * (labels.units / weights.units) + 1.0) / (n + 2.0)
            scales.append(weights.units / whole * math.sqrt(rate * (1.0 - rate) / n))
    return scales
