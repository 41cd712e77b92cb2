"""A gate: limits that predictions must keep, the figures that are held to them, and the verdict.

The intervals of loss, skill and Brier score are normal ones from standard errors by linearisation;
that of the calibration error is a band, which no bias can push off the true value. There is none
where a single row has all the weight, which says nothing of the spread; and no normal interval
where rows do not differ but by rounding, as those of a constant prediction at the base rate: it
would be of no width, and rounding would decide.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple, TypeAlias

import numpy as np

from bce_cli.core.arguments import check_kind, check_limit, check_whole
from bce_cli.core.calibration.bins import (
    MOST_BINS,
    ReliabilityTotals,
    expected_calibration_error,
    reliability_bins,
    uniform_edges,
)
from bce_cli.core.conventions import EXACT, Convention, check_convention
from bce_cli.core.cross_moments import CrossMoments, brier_error, skill_error
from bce_cli.core.exact_sum import UNIT_EXPONENT
from bce_cli.core.report import NATS_PER, NORMAL_QUANTILE, loss_report
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals, count_weightless
from bce_cli.errors import ArgumentError, DataError, argument, quoted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.rows import FloatArray, Rows


@dataclass(frozen=True, slots=True)
class Baseline:
    """The mean loss of other predictions, or of other rows, under the same convention.

    Attributes
    ----------
    source : str
        Path of the file that it was saved in.
    mean_loss : float
        Finite, in `unit`.
    unit : {"nats", "bits"}
    std_error : float, optional
        Standard error of `mean_loss`, in `unit`.
    float_type : str, optional
        What its predictions were stored as, where the limits of the convention depend on that.
    """

    source: str
    mean_loss: float
    unit: Unit
    std_error: float | None = None
    float_type: str | None = None

    def refuse_other_type(self, float_type: str | None) -> None:
        """Raise DataError if predictions that are held to it are stored in another type."""
        if self.float_type is None or float_type in (None, self.float_type):
            return
        message = (
            f"{quoted(self.source)}: its predictions were {self.float_type}, these are {float_type}"
        )
        raise DataError(message, "scikit-learn clips each type at limits of its own: store one")

    def loss_in(self, unit: Unit) -> float:
        """Return the mean loss in another unit: the largest that would have been saved as this one.

        Division by log 2 rounds, so several numbers of nats come to the same number of bits.
        Whoever saves a loss in bits and checks the same rows in nats must not fail by that.

        Examples
        --------
        >>> loss = 0.30000000000000004
        >>> Baseline("saved.json", loss / math.log(2.0), "bits").loss_in("nats") >= loss
        True
        """
        if unit == self.unit:
            return self.mean_loss
        if self.unit == "nats":
            return self.mean_loss / NATS_PER[unit]
        ln2 = NATS_PER[self.unit]
        loss = self.mean_loss * ln2
        while loss / ln2 > self.mean_loss:
            loss = math.nextafter(loss, -math.inf)
        while (above := math.nextafter(loss, math.inf)) / ln2 <= self.mean_loss:
            loss = above
        return loss

    def excess(self, loss: float, unit: Unit, budget: float) -> float:
        """Return how far a loss is above this one, rounded to the side of the budget it is on.

        The loss is within the budget where it is at most `loss_in(unit) + budget`, so that 0.37
        keeps 0.35 and 0.02, though the difference of the floats is above that. One that would have
        been saved as this one is above it by 0, in any unit.

        Parameters
        ----------
        loss : float
            In `unit`; may be infinite.
        unit : {"nats", "bits"}
        budget : float
            In `unit`; 0 or more.

        Examples
        --------
        >>> 0.37 - 0.35, Baseline("saved.json", 0.35, "nats").excess(0.37, "nats", 0.02)
        (0.020000000000000018, 0.02)
        """
        if unit == "nats" and loss / NATS_PER[self.unit] == self.mean_loss:
            return 0.0
        saved = self.loss_in(unit)
        difference = loss - saved
        if loss <= saved + budget:
            return min(difference, budget)
        return max(difference, math.nextafter(budget, math.inf))

    def std_error_in(self, unit: Unit) -> float:
        """Return the standard error in another unit; 0 where it is not known."""
        return (self.std_error or 0.0) * (NATS_PER[self.unit] / NATS_PER[unit])


DEFAULT_BINS = 10

_DOMAINS = {
    "max_loss": (0.0, math.inf, "0 or more"),
    "min_skill": (-math.inf, 1.0, "1 or less"),
    "max_brier": (0.0, 1.0, "in [0, 1]"),
    "max_ece": (0.0, 1.0, "in [0, 1]"),
    "min_rows": (1.0, math.inf, "1 or more"),
    "budget": (0.0, math.inf, "0 or more"),
}
"""Of each number that may be given: the least, the greatest, and both in words."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Limits to keep, each of them optional, but at least one.

    Parameters
    ----------
    max_loss : float, optional
        Highest mean loss, in the unit of the report; 0 or more.
    min_skill : float, optional
        Lowest skill; 1 or less.
    max_brier, max_ece : float, optional
        Highest Brier score and expected calibration error; in [0, 1].
    min_rows : int, optional
        Fewest rows; 1 or more.
    baseline : Baseline, optional
        The mean loss must not exceed that of the baseline by more than `budget`.
    budget : float, default 0
        In the unit of the report; 0 or more.
    n_bins : int, default 10
        Bins of equal width of the expected calibration error, 1 to 1000.
    confident : bool, default False
        Whether the whole 95 % interval must keep a limit, and not just the point.

    Raises
    ------
    ArgumentError
        There is no limit, or one is infinite, not a number, or outside what is possible.

    Examples
    --------
    >>> Limits(max_brier=1.5)
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: max_brier must be in [0, 1], got 1.5
    """

    max_loss: float | None = None
    min_skill: float | None = None
    max_brier: float | None = None
    max_ece: float | None = None
    min_rows: int | None = None
    baseline: Baseline | None = None
    budget: float = 0.0
    n_bins: int = DEFAULT_BINS
    confident: bool = False

    def __post_init__(self) -> None:
        for name, (low, high, domain) in _DOMAINS.items():
            limit = getattr(self, name)
            if limit is not None:
                check_limit(name, limit, low, high, domain)
        if self.min_rows is not None:
            check_whole("min_rows", self.min_rows, least=1)
        if self.baseline is not None:
            check_kind("baseline", self.baseline, Baseline)
        check_whole("n_bins", self.n_bins, least=1, most=MOST_BINS)
        limits = [name for name in (*_DOMAINS, "baseline") if name != "budget"]
        if all(getattr(self, name) is None for name in limits):
            *most, last = map(argument, limits)
            message = "there is nothing to check"
            raise ArgumentError(message, f"give a limit: {', '.join(most)} or {last}")


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


@dataclass(frozen=True, slots=True)
class GateTotals(State):
    """What is known of some rows, small and independent of how they were split.

    Attributes
    ----------
    losses : LossTotals
    n_weightless : int
        Rows of weight 0, which are in none of the weighted means.
    moments : CrossMoments
        Zero where no limit needs them.
    reliability : ReliabilityTotals, optional
        None where no limit needs it, or without rows.
    """

    losses: LossTotals = field(default_factory=LossTotals)
    n_weightless: int = 0
    moments: CrossMoments = field(default_factory=CrossMoments)
    reliability: ReliabilityTotals | None = None

    @classmethod
    def of(cls, rows: Rows, limits: Limits, convention: Convention = EXACT) -> GateTotals:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
        limits : Limits
            What the sums must suffice for.
        convention : Convention, default exact
        """
        check_convention(convention)
        rows = convention.held(rows)
        losses, reversed_losses = convention.losses_both_ways(rows)
        counted = convention.hardened(rows)
        needs_moments = limits.min_skill is not None or limits.max_brier is not None
        needs_bins = limits.max_ece is not None
        return cls(
            losses=LossTotals.of(rows, losses, convention, reversed_losses),
            n_weightless=count_weightless(rows),
            moments=(
                CrossMoments.of(counted, losses)
                if limits.confident and needs_moments
                else CrossMoments()
            ),
            reliability=(
                ReliabilityTotals.of(counted, uniform_edges(limits.n_bins)) if needs_bins else None
            ),
        )

    @property
    def n(self) -> int:
        """Rows that count."""
        return self.losses.n

    @property
    def n_weighted(self) -> int:
        """Rows of a weight above 0."""
        return self.losses.n - self.n_weightless


_ROUNDING = 1e-12
"""A standard error below this share of what it belongs to comes of rounding."""


class Figure(NamedTuple):
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


Verdict: TypeAlias = Literal["passed", "failed", "undecided"]
CheckName: TypeAlias = Literal[
    "max_loss", "min_skill", "max_brier", "max_ece", "min_rows", "baseline"
]


@dataclass(frozen=True, slots=True)
class Check:
    """One limit, and what was found.

    Attributes
    ----------
    name : str
        That of the option, with underscores.
    value : float or int or None
        May be infinite; None if undefined. For a baseline, the difference of the mean loss from
        it.
    ci_low, ci_high : float or None
        The 95 % interval of the value; None if none was asked for, or there is none.
    limit : float or int
        For a baseline, the budget.
    verdict : {"passed", "failed", "undecided"}
    """

    name: CheckName
    value: float | None
    ci_low: float | None
    ci_high: float | None
    limit: float
    verdict: Verdict

    @property
    def is_least(self) -> bool:
        """Whether the value must be at least the limit, rather than at most."""
        return self.name.startswith("min_")


@dataclass(frozen=True, slots=True)
class Judgement:
    """What all checks came to.

    Attributes
    ----------
    report : LossReport
    checks : tuple of Check
        At least one.
    """

    report: LossReport
    checks: tuple[Check, ...]

    @property
    def verdict(self) -> Verdict:
        """Failed if a check has failed; else undecided if one is; else passed."""
        verdicts = {check.verdict for check in self.checks}
        if "failed" in verdicts:
            return "failed"
        return "undecided" if "undecided" in verdicts else "passed"


def judge(totals: GateTotals, limits: Limits, unit: Unit = "nats") -> Judgement:
    """Hold some rows to their limits.

    Parameters
    ----------
    totals : GateTotals
        Made by `GateTotals.of` with the same limits.
    limits : Limits
    unit : {"nats", "bits"}, default "nats"
        Of the losses, and of the limits of losses.

    Raises
    ------
    DataError
        If there are no rows, or none with a weight; or the baseline is of predictions of another
        float type, on which the limits of the convention depend.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.gate import GateTotals, Limits
    >>> from bce_cli.core.rows import Rows
    >>> limits = Limits(max_brier=0.25, min_rows=3)
    >>> totals = GateTotals.of(Rows(np.array([True, False]), np.array([0.5, 0.5])), limits)
    >>> judgement = judge(totals, limits)
    >>> [check.verdict for check in judgement.checks], judgement.verdict
    (['passed', 'failed'], 'failed')
    """
    report = loss_report(totals.losses, unit)
    if limits.baseline is not None:
        limits.baseline.refuse_other_type(report.float_type)
    return Judgement(report, tuple(_checks(totals, limits, report)))


_FIGURES: dict[CheckName, Callable[[GateTotals, LossReport], Figure]] = {
    "max_loss": loss_figure,
    "min_skill": skill_figure,
    "max_brier": brier_figure,
    "max_ece": calibration_figure,
    "min_rows": rows_figure,
}
"""What is held to each limit that is a number of its own."""


def _checks(totals: GateTotals, limits: Limits, report: LossReport) -> Iterator[Check]:
    for name, figure_of in _FIGURES.items():
        limit = getattr(limits, name)
        if limit is not None:
            confident = limits.confident and name != "min_rows"
            yield _check(name, figure_of(totals, report), limit, confident)
    if limits.baseline is not None:
        figure = baseline_figure(totals, report, limits.baseline, limits.budget)
        yield _check("baseline", figure, limits.budget, limits.confident)


def _check(name: CheckName, figure: Figure, limit: float, confident: bool) -> Check:
    if not confident:
        figure = Figure(figure.value)
    is_least = name.startswith("min_")
    verdict = _verdict(figure, limit, is_least=is_least, confident=confident)
    return Check(name, *figure, limit, verdict)


def _verdict(figure: Figure, limit: float, *, is_least: bool, confident: bool) -> Verdict:
    """Judge by the interval or the point; what is infinite or undefined never passes."""
    value, low, high = figure
    if value is None or not math.isfinite(value):
        return "failed"
    if not confident:
        low = high = value
    if low is None or high is None:
        return "undecided"
    if is_least:
        low, high, limit = -high, -low, -limit
    if high <= limit:
        return "passed"
    return "failed" if low > limit else "undecided"
