"""The figures that a gate holds to limits, each with its interval.

The intervals of loss, skill and Brier score are normal ones from standard errors by linearisation;
with clusters these are robust to rows of one depending on each other, and intervals by Student's t
distribution. That of the calibration error is a band, which no bias can push off the true value.
There is none where a single row has all the weight, which says nothing of the spread; and no normal
interval where rows do not differ but by rounding, as those of a constant prediction at the base
rate: it would be of no width, and rounding would decide. Differences from another model are those
of a comparison, whose interval has no width where they are all the same.
"""

from __future__ import annotations

import math
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.arguments import USUAL_CONFIDENCE
from bce_cli.core.calibration.bins import (
    ReliabilityTotals,
    expected_calibration_error,
    quantile_edges,
    reliability_bins,
)
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.comparison.differences import difference_report
from bce_cli.core.cross_moments import brier_error, skill_error
from bce_cli.core.exact_sum import UNIT_EXPONENT
from bce_cli.core.gate.clusters import label_sums_in_bins, rate_covariance
from bce_cli.core.inference import Power, power_of, t_quantile
from bce_cli.core.report import NATS_PER
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.discrimination import Discrimination
    from bce_cli.core.comparison.differences import Difference
    from bce_cli.core.gate.limits import Baseline, Limits
    from bce_cli.core.gate.totals import GateTotals
    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.report import LossReport
    from bce_cli.core.rows import Rows
    from bce_cli.core.totals import Moments


_ROUNDING = 1e-12
"""A standard error below this share of what it belongs to comes of rounding."""
_NO_POWER = Power()


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure and its interval.

    Attributes
    ----------
    value : float or None
        May be infinite, of either sign; None if undefined.
    low, high : float or None
    power : Power
        What rows like these can tell from the limit; unknown where there is no standard error.
    rest : Figure, optional
        Where a difference is infinite, or undefined by that: the same of all other rows, if any.
    """

    value: float | None
    low: float | None = None
    high: float | None = None
    power: Power = _NO_POWER
    rest: Figure | None = None


@dataclass(frozen=True)
class Evidence:
    """All that figures are made of.

    Attributes
    ----------
    totals : GateTotals
    report : LossReport
    limits : Limits
    rows : Rows or None
        Held, with labels and weights as the convention counts them, where limits need them; none is
        left out.
    judged_rows : Rows or None
        The same, with predictions as the convention clips them.
    """

    totals: GateTotals
    report: LossReport
    limits: Limits
    rows: Rows | None = None
    judged_rows: Rows | None = None

    @property
    def confidence(self) -> float | None:
        """Of intervals; None where none is asked for."""
        return self.limits.confidence if self.limits.confident else None

    @property
    def n_clusters(self) -> int | None:
        """Clusters of some weight; None where rows are taken to be independent."""
        return None if self._by_cluster is None else self._by_cluster.n

    @property
    def effective_clusters(self) -> float | None:
        """How many clusters there are in effect; see `Moments.effective_n`."""
        return None if self._by_cluster is None else self._by_cluster.effective_n

    @cached_property
    def _by_cluster(self) -> Moments | None:
        """Moments of the losses by cluster."""
        clusters = self.totals.clusters
        return None if clusters is None else clusters.losses.moments

    @property
    def df(self) -> float:
        """Degrees of freedom of intervals; infinite for normal ones."""
        return math.inf if self.n_clusters is None else self.n_clusters - 1.0

    @cached_property
    def reach(self) -> float:
        """How many standard errors an interval reaches to either side."""
        return t_quantile(self.limits.confidence, self.df) if self.df > 0.0 else math.inf

    @cached_property
    def mean_error(self) -> float | None:
        """The standard error of the mean loss, in nats."""
        losses = self.totals.losses
        if losses.n_infinite:
            return None
        return (self._by_cluster or losses.moments).standard_error()

    @cached_property
    def clustered(self) -> ClusteredRows | None:
        """The rows that are held, put together by cluster."""
        if not self.limits.confident or self.rows is None or self.rows.cluster is None:
            return None
        return ClusteredRows(self.rows.cluster)

    @cached_property
    def discrimination(self) -> Discrimination:
        """The area under the ROC curve, of rows that are held for it."""
        from bce_cli.core.calibration.discrimination import (  # noqa: PLC0415 -- not every check
            discrimination,
        )

        assert self.rows is not None  # noqa: S101 -- held for that
        return discrimination(self.rows, self.clustered, self.limits.confidence)

    @property
    def auc_ci_is_too_narrow(self) -> bool | None:
        """Whether the interval of AUC tends to be; None where none was asked for."""
        is_asked = self.limits.confident and self.limits.min_auc is not None
        return self.discrimination.is_too_narrow if is_asked else None

    def usable(self, error: float | None, scale: float) -> float | None:
        """Return a standard error; None where there are no rows, or no spread, to have one from.

        Parameters
        ----------
        error : float or None
        scale : float
            The mean that the error belongs to, in the same unit.
        """
        if self.confidence is None or error is None or not has_rows(self.totals):
            return None
        return None if error <= _ROUNDING * abs(scale) else error

    def figure(
        self, value: float, error: float | None, limit: float | None, least: float = -math.inf
    ) -> Figure:
        """Return a value with its interval and power, from a standard error that is usable.

        No value is below the least, or above 1, so that the interval is not.
        """
        if error is None:
            return Figure(value)
        low, high = value - self.reach * error, value + self.reach * error
        return Figure(value, max(low, least), min(high, 1.0), self.power(value, error, limit))

    def power(self, value: float, error: float, limit: float | None) -> Power:
        """Return what rows like these can tell from a limit."""
        if limit is None:
            return Power()
        return power_of(value - limit, error, self.df, self.totals.n_weighted)


def loss_figure(of: Evidence) -> Figure:
    """Return the mean loss, in the unit of the report."""
    report, losses = of.report, of.totals.losses
    error = of.usable(of.mean_error, report.mean_loss * NATS_PER[report.unit])
    if error is None:
        return Figure(report.mean_loss)
    mean, nats = losses.losses.over(losses.mean_divisor), NATS_PER[report.unit]
    ends = (mean - of.reach * error) / nats, (mean + of.reach * error) / nats
    return Figure(
        report.mean_loss, *ends, of.power(report.mean_loss, error / nats, of.limits.max_loss)
    )


def baseline_figure(of: Evidence, baseline: Baseline) -> Figure:
    """Return how far the mean loss is above that of a baseline, an independent sample.

    See `Baseline.excess` for how it is rounded.
    """
    report, budget = of.report, of.limits.budget
    own, mean = loss_figure(of), report.mean_loss
    bounds = own.value, own.low, own.high
    if own.low is not None and of.mean_error is not None:
        error, other = of.mean_error / NATS_PER[report.unit], baseline.std_error_in(report.unit)
        power = _power_beside(of, mean - baseline.loss_in(report.unit) - budget, error, other)
        if other > 0.0:
            reach = of.reach * math.hypot(error, other)
            bounds = mean, mean - reach, mean + reach
    else:
        power = Power()
    value, low, high = (
        None if bound is None else baseline.excess(bound, report.unit, budget) for bound in bounds
    )
    return Figure(value, low, high, power)


def _power_beside(of: Evidence, difference: float, error: float, other: float) -> Power:
    """Return the power where more rows would narrow one of two errors, and the other stays."""
    n = of.totals.n_weighted
    if other == 0.0:
        return power_of(difference, error, of.df, n)
    detectable = power_of(None, math.hypot(error, other), of.df, n).detectable_difference
    unit = power_of(None, 1.0, of.df, n).detectable_difference
    if unit is None or not math.isfinite(difference):
        return Power(detectable)
    room = (difference / unit) ** 2 - other**2
    return Power(detectable, math.ceil(n * error**2 / room) if room > 0.0 else None)


def against_figure(of: Evidence) -> Figure:
    """Return how far the mean loss is above that of the other model, paired row by row.

    That is the difference, and the interval, of a comparison with that model as its baseline; of no
    width where it is the same on every row. It is infinite where one mean is, and undefined where
    both are; then `rest` is that of the rows on which both losses are finite, if there are any.
    """
    totals, limits = of.totals, of.limits
    assert totals.rival is not None  # noqa: S101 -- made with a limit of it
    found = difference_report("", totals.rival.difference, of.report.unit, limits.confidence)
    rest = _paired_figure(of, found.finite)
    if found.infinite is None:
        return rest
    return Figure(found.value, rest=None if rest.value is None else rest)


def _paired_figure(of: Evidence, found: Difference) -> Figure:
    """Return a difference over rows on which both losses are finite."""
    if of.confidence is None or found.value is None or found.df is None or not has_rows(of.totals):
        return Figure(found.value)
    power = power_of(found.value - of.limits.budget, found.std_error, found.df, found.n)
    return Figure(found.value, found.ci_low, found.ci_high, power)


def skill_figure(of: Evidence) -> Figure:
    """Return the share of the base-rate loss that the predictions remove."""
    skill, totals = of.report.skill, of.totals
    if skill is None:
        return Figure(None)
    error = None
    if of.confidence is not None:
        error = (
            skill_error(totals.losses, totals.moments, totals.n_weighted)
            if totals.clusters is None
            else totals.clusters.skill_error(totals.losses)
        )
    return of.figure(skill, of.usable(error, 1.0 - skill), of.limits.min_skill)


def brier_figure(of: Evidence) -> Figure:
    """Return the mean squared difference between label and probability."""
    brier, totals, error = of.report.brier, of.totals, None
    if of.confidence is not None:
        error = (
            brier_error(totals.losses, totals.moments, totals.n_weighted)
            if totals.clusters is None
            else totals.clusters.brier_error()
        )
    return of.figure(brier, of.usable(error, brier), of.limits.max_brier, least=0.0)


def auc_figure(of: Evidence) -> Figure:
    """Return the area under the ROC curve; undefined where all labels are the same."""
    found = of.discrimination
    if found.auc is None or of.confidence is None or found.std_error is None:
        return Figure(found.auc)
    limit = of.limits.min_auc
    power = Power() if limit is None else of.power(found.auc, found.std_error, limit)
    return Figure(found.auc, found.ci_low, found.ci_high, power)


def miscalibration_figure(of: Evidence) -> Figure:
    """Return what the best recalibration would remove of the mean loss."""
    from bce_cli.core.gate.miscalibration import miscalibration  # noqa: PLC0415 -- not every check

    assert of.judged_rows is not None  # noqa: S101 -- held for that
    found = miscalibration(of.judged_rows, of.report.unit, of.confidence)
    if not has_rows(of.totals):
        return Figure(found.value)
    return Figure(found.value, found.low, found.high)


def calibration_figure(of: Evidence) -> Figure:
    """Return the expected calibration error in the bins; see `calibration_margin`."""
    reliability, in_bins = of.totals.reliability, of.totals.in_bins
    if reliability is None:
        assert of.rows is not None  # noqa: S101 -- held for that
        edges = quantile_edges(of.rows.probabilities, of.limits.n_bins)
        reliability = ReliabilityTotals.of(of.rows, edges)
        if of.clustered is not None:
            in_bins = label_sums_in_bins(of.rows, edges)
    error = expected_calibration_error(reliability_bins(reliability))
    if of.confidence is None or not has_rows(of.totals) or of.n_clusters == 1:
        return Figure(error)
    margin = calibration_margin(reliability, of.confidence, in_bins)
    return Figure(error, max(error - margin, 0.0), min(error + margin, 1.0))


def rows_figure(of: Evidence) -> Figure:
    """Return the number of rows of some weight, which is what it is."""
    return Figure(of.totals.n_weighted)


def has_rows(totals: GateTotals) -> bool:
    """Whether at least two rows have a weight worth the name."""
    return totals.losses.effective_n > 1.0


_DRAWS, _DRAWS_AT_ONCE = 20_000, 1_000


def calibration_margin(
    totals: ReliabilityTotals,
    confidence: float = USUAL_CONFIDENCE,
    in_bins: ClusterSums | None = None,
) -> float:
    """Return how far an expected calibration error may be from that of the true event rates.

    The error of a sample is biased upwards: gaps that are noise do not cancel, as their size is
    what counts. So neither a normal interval nor the percentiles of a bootstrap cover the true
    error, least of all where that is small. But by the triangle inequality the two errors differ by
    no more than the noise of the gaps, sum over bins of share * |event rate - true rate|, whatever
    the true gaps are. A quantile of that sum is a margin that holds at least that often.

    Given the predictions, the event rate of a bin is that of independent trials, so bins are
    independent of each other. Each is taken as normal, with the variance of a rate that is moved
    towards 1/2 by one trial of each kind (Laplace), so that a bin of equal labels has a spread,
    too; with weights, for the effective number of trials. The quantile is that of 20,000 draws
    from a fixed seed, within about 1 % of its own size.

    Rows of a cluster depend on each other, and so do bins that the same clusters have rows in. Then
    noise is drawn with the covariance of what clusters add to the bins, see `rate_covariance`; but
    no bin has less of it than if its rows were independent, as a few clusters may agree by chance.
    The margin is as much longer as an interval of Student's t is than a normal one.

    Parameters
    ----------
    totals : ReliabilityTotals
        With at least one row of some weight.
    confidence : float, default 0.95
    in_bins : ClusterSums, optional
        Labels and weights of the same rows by cluster and bin; of at least two clusters.

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
    scales, noise = _noise_scales(totals), np.zeros(_DRAWS)
    if in_bins is None:
        for scale in scales.values():
            noise += scale * np.abs(random.standard_normal(_DRAWS))
        return float(np.quantile(noise, confidence))
    covariance, n_clusters = rate_covariance(in_bins, len(totals.n))
    filled = np.array([*scales])
    covariance = covariance[np.ix_(filled, filled)]
    least = np.array([*scales.values()]) ** 2
    np.fill_diagonal(covariance, np.maximum(np.diagonal(covariance), least))
    values, vectors = np.linalg.eigh(covariance)
    root = (vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T  # whatever the vectors' signs
    for start in range(0, _DRAWS, _DRAWS_AT_ONCE):
        drawn = random.standard_normal((_DRAWS_AT_ONCE, len(root))) @ root
        noise[start : start + _DRAWS_AT_ONCE] = np.abs(drawn).sum(axis=1)
    longer = t_quantile(confidence, n_clusters - 1) / t_quantile(confidence, math.inf)
    return float(np.quantile(noise, confidence)) * longer


def _noise_scales(totals: ReliabilityTotals) -> dict[int, float]:
    """Return the standard error of each event rate times the share of its bin, if it has any."""
    whole = sum(weights.units for weights in totals.weights)
    scales = {}
    columns = (totals.weights, totals.weight_squares, totals.label_weights)
    for place, (weights, squares, labels) in enumerate(zip(*columns, strict=True)):
        if squares.units:
            n = weights.units**2 / (squares.units << -UNIT_EXPONENT)
            rate = (n * (labels.units / weights.units) + 1.0) / (n + 2.0)
            scales[place] = weights.units / whole * math.sqrt(rate * (1.0 - rate) / n)
    return scales
