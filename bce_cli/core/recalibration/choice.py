"""Which map to choose: each is judged by rows that it was not fitted to, beside what there is."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.arguments import check_choice, check_confidence, check_whole, shown
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.comparison.differences import INFINITE_VALUES, difference_of, paired_moments
from bce_cli.core.conventions import EXACT
from bce_cli.core.progress import Stage, silent
from bce_cli.core.recalibration.cross_fit import Cells, cross_fit, mean_loss
from bce_cli.core.recalibration.fitting import fit_whole
from bce_cli.core.recalibration.folds import deal, default_folds
from bce_cli.core.recalibration.maps import METHODS, Method
from bce_cli.core.report import NATS_PER, check_unit, loss_report
from bce_cli.core.totals import LossTotals
from bce_cli.errors import ArgumentError, argument, did_you_mean
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    from bce_cli.core.calibration.log_odds import Obstacle
    from bce_cli.core.progress import Progress
    from bce_cli.core.recalibration.fitting import Fits
    from bce_cli.core.recalibration.maps import RecalibrationMap
    from bce_cli.core.report import LossReport, Unit
    from bce_cli.core.rows import FloatArray, Rows

_ROUNDING = 2.0**-40
"""A difference below this share of the loss is that of maps that are the same but for rounding."""


@dataclass(frozen=True, slots=True)
class RecalibrationPlan:
    """What to find out.

    Attributes
    ----------
    folds : int, optional
        At least 2; with `has_order`, at least 1. As `default_folds` has it by default.
    method : str, optional
        The one of `METHODS` to set beside *as-is*; all of them by default.
    seed : int, optional
        For folds by chance; else rows take turns in their order.
    confidence : float
        Of every interval, in (0, 1).
    unit : {"nats", "bits"}
    has_order : bool
        Whether rows are judged by maps that were fitted to what came before them.

    Raises
    ------
    ArgumentError
        One of them is outside its domain, or two contradict each other.

    Examples
    --------
    >>> RecalibrationPlan(method="plat")
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: method 'plat' is not known; did you mean 'platt'?
    known are as-is, offset, temperature, logistic, platt, beta, isotonic, centred
    """

    folds: int | None = None
    method: str | None = None
    seed: int | None = None
    confidence: float = 0.95
    unit: Unit = "nats"
    has_order: bool = False

    def __post_init__(self) -> None:
        if self.folds is not None:
            check_whole("folds", self.folds, least=1 if self.has_order else 2)
        if self.method is not None:
            check_choice("method", self.method, METHODS)
        check_confidence(self.confidence)
        check_unit(self.unit)
        if self.seed is not None:
            check_whole("seed", self.seed, least=0)
        if self.seed is not None and self.has_order:
            chance, time = argument("seed"), argument("order")
            message = f"{chance} deals rows by chance, and {time} by what came before"
            raise ArgumentError(message, "give one of them")

    @property
    def methods(self) -> tuple[Method, ...]:
        """The methods to look at, from the simplest on, *as-is* among them."""
        return tuple(m for m in METHODS if self.method is None or m in ("as-is", self.method))


@dataclass(frozen=True, slots=True)
class PairedDifference:
    """A mean difference of cross-fitted losses; below 0, the first map is better.

    Attributes
    ----------
    value : float or None
        Infinite where one of the maps costs infinity; None where both do.
    std_error, ci_low, ci_high : float or None
        From the sample variance of the differences, or of their sums over clusters, by Student's t
        distribution; None where the value is infinite.

    Examples
    --------
    >>> found = PairedDifference(-0.25, 0.0625, -0.5, -0.125)
    >>> found.reversed.exceeds(0.0), found.reversed.exceeds(0.2)
    (True, False)
    """

    value: float | None
    std_error: float | None = None
    ci_low: float | None = None
    ci_high: float | None = None

    @property
    def reversed(self) -> PairedDifference:
        """The second map's loss less that of the first."""
        low, high = (None if end is None else 0.0 - end for end in (self.ci_high, self.ci_low))
        value = None if self.value is None else 0.0 - self.value
        return PairedDifference(value, self.std_error, low, high)

    def exceeds(self, least: float) -> bool:
        """Whether the interval lies wholly above some number; an infinite difference does."""
        if self.value is not None and math.isinf(self.value):
            return self.value > 0.0
        return self.ci_low is not None and self.ci_low > least


@dataclass(frozen=True, slots=True)
class MethodReport:
    """One method, fitted to all rows and judged by folds.

    Losses and differences are in the unit of the report; None where there is no map to judge.

    Attributes
    ----------
    method : str
        One of `METHODS`.
    map : RecalibrationMap or None
        Fitted to all rows.
    obstacle : str or None
        Why there is no map: `one label`, `one prediction` (all alike), `separated` (the slope is
        infinite), `reversed` (separated, the wrong way round), `diverged`. With a map, `no rows`:
        all predictions are exactly 0 or 1, and there is nothing to the map but its levels.
    fold_obstacle : str or None
        Why there is a map of all rows, and none of the rows that some fold is fitted to.
    fitted_loss : float or None
        Mean loss of the rows that the map was fitted to. It flatters.
    cross_fitted_loss : float or None
        Mean loss of rows by maps that were fitted to others.
    difference : PairedDifference or None
        Of the latter, less that of *as-is* on the same rows; None for *as-is*.
    n_infinite : int or None
        Rows that cost infinity among those of `cross_fitted_loss`. None but with *as-is*.
    is_reversed : bool
        Whether the map turns the order of predictions round: its slope is negative.
    falls_at_0, falls_at_1 : bool
        Whether the level of predictions of exactly 0 is above what the map makes of the lowest
        other prediction, and whether that of exactly 1 is below.
    against_recommended : PairedDifference or None
        Its cross-fitted loss, less that of the recommended method; None for that one.
    beaten_by : tuple of str
        Methods with a cross-fitted loss that is clearly lower; only known of the recommended one
        and of those that are simpler. These are not recommended because of it, or because they do
        not clearly beat *as-is*.
    """

    method: Method
    map: RecalibrationMap | None
    obstacle: Obstacle | None = None
    fold_obstacle: Obstacle | None = None
    fitted_loss: float | None = None
    cross_fitted_loss: float | None = None
    difference: PairedDifference | None = None
    n_infinite: int | None = None
    is_reversed: bool = False
    falls_at_0: bool = False
    falls_at_1: bool = False
    against_recommended: PairedDifference | None = None
    beaten_by: tuple[Method, ...] = ()


@dataclass(frozen=True, slots=True)
class RecalibrationReport:
    """What each map would make of new rows, and which to choose.

    Attributes
    ----------
    losses : LossReport
        Of all rows as they are, in the same unit: `n`, `n_positive`, `base_rate` and so on.
    n_at_0, n_at_1 : int
        Rows whose prediction is exactly 0, and exactly 1.
    n_judged : int
        Rows in the cross-fitted figures: all of some weight, but with an order for those before
        the first fold.
    folds : int
    n_clusters : int or None
    effective_clusters : float or None
        Among the rows that were judged: clusters, and how many there are in effect
        (`Moments.effective_n`).
    n_cut_clusters : int
        Clusters whose rows an order has put into several blocks, so that a map may have been fitted
        to rows of a cluster that it is judged by.
    seed : int or None
    in_order : bool
    confidence : float
    unit : {"nats", "bits"}
    methods : tuple of MethodReport
        From the simplest on; *as-is* first.
    recommended : str
    """

    losses: LossReport
    n_at_0: int
    n_at_1: int
    n_judged: int
    folds: int
    n_clusters: int | None
    effective_clusters: float | None
    n_cut_clusters: int
    seed: int | None
    in_order: bool
    confidence: float
    unit: Unit
    methods: tuple[MethodReport, ...]
    recommended: Method

    def of(self, method: str) -> MethodReport:
        """Return what was found of one method.

        Raises
        ------
        ArgumentError
            There is no such method, or it was not looked at.
        """
        for found in self.methods:
            if found.method == method:
                return found
        known = [found.method for found in self.methods]
        message = f"there is no method {shown(method)} here{did_you_mean(method, known)}"
        raise ArgumentError(message, f"there are {', '.join(known)}", "method")

    @property
    def recommended_difference(self) -> PairedDifference | None:
        """Cross-fitted loss of the recommended method less that of *as-is*; None for the latter."""
        return self.of(self.recommended).difference

    @property
    def told_apart(self) -> tuple[Method, ...]:
        """Methods but the recommended one whose loss is clearly another than its."""
        return tuple(f.method for f in self.methods if _is_apart(f.against_recommended))

    @property
    def not_told_apart(self) -> tuple[Method, ...]:
        """Methods but *as-is* and the recommended one whose loss may be the same as its."""
        return tuple(
            found.method
            for found in self.methods
            if found.method != "as-is"
            and found.against_recommended is not None
            and not _is_apart(found.against_recommended)
        )


def _is_apart(difference: PairedDifference | None) -> bool:
    if difference is None or difference.value is None:
        return False
    if math.isinf(difference.value):
        return True
    low, high = difference.ci_low, difference.ci_high
    return low is not None and high is not None and not low <= 0.0 <= high


def recalibration_report(
    rows: Rows,
    plan: RecalibrationPlan | None = None,
    order: npt.ArrayLike | None = None,
    progress: Progress = silent,
) -> RecalibrationReport:
    """Fit all maps, judge them by rows that they were not fitted to, and recommend one.

    Parameters
    ----------
    rows : Rows
        None left out. Rows of weight 0 count for nothing.
    plan : RecalibrationPlan, optional
    order : array-like, shape (n,), optional
        Numbers or times; rows of a smaller one came before. As the plan says.
    progress : callable (Stage) -> None, optional

    Raises
    ------
    DataError
        There are no rows, or none of some weight, one label only, or too few rows or clusters for
        the folds.
    ArgumentError
        `order` is not given though the plan has one, or the other way round, or is no order.

    Notes
    -----
    Each row is judged by a map that was fitted to the rows of other folds; see
    `bce_cli.core.recalibration.folds.deal`. One method beats another clearly if the interval of
    their paired difference lies wholly on its side; a map with infinite losses is beaten by any
    without. Of the methods that clearly beat *as-is*, the simplest in the order of `METHODS` that
    none of them clearly beats is recommended; where there are none, *as-is* itself. That is the
    simplest that no other clearly beats, but that a map which does not clearly do better than what
    there is, or even worse, is never chosen for being simple and hard to judge.

    Every map is compared with up to seven others, and that is not corrected for: cross-fitting
    does it. A map loses about 1 / (2 n) on new rows for each parameter that is not needed, so for
    an offset to come out clearly better by chance at 95 %, the labels must be off by more than four
    standard errors. Of 300 draws of 500 calibrated rows and 200 of 1,000 all were left as they are,
    of 400 draws of 100 or 200 all but 3; of 200 draws of 1,000 rows with slope 0.5 all were found,
    of 500 rows 190.

    Examples
    --------
    >>> from bce_cli.core.rows import Rows
    >>> rng = np.random.default_rng(1)
    >>> p = np.linspace(0.01, 0.99, 500)
    >>> report = recalibration_report(Rows(rng.random(500) < 0.25 + p / 2.0, p))
    >>> report.recommended, round(report.of("temperature").map.parameters["temperature"], 1)
    ('temperature', 3.1)
    """
    plan = plan or RecalibrationPlan()
    if (order is not None) != plan.has_order:
        message = "order is given, and has_order is False"
        if order is None:
            message = "has_order is True, and no order is given"
        raise ArgumentError(message, None, "order")
    losses = loss_report(LossTotals.of(rows), plan.unit)
    rows = replace(rows, ids=None, rivals=(), segments=())
    if rows.weights is not None and not rows.weights.all():
        places = np.flatnonzero(rows.weights)
        rows = rows.at(places)
        order = None if order is None else np.asarray(order)[places]
    n_folds = default_folds(rows, order) if plan.folds is None else plan.folds
    progress(Stage("fitting", 0, n_folds + 1, "folds"))
    whole = fit_whole(rows, plan.methods)
    folds = deal(rows, n_folds, seed=plan.seed, order=order)
    progress(Stage("fitting", 1, n_folds + 1, "folds"))
    cells = Cells.of(rows, folds)
    del rows
    n_at_0, n_at_1 = cells.n_certain
    found = {method: _fitted(cells, whole, method, plan.unit) for method in plan.methods}
    judged = cells.rows.at(cells.judged)
    cross_fitted, obstacles = cross_fit(cells, whole, progress)
    del cells
    contest = Contest(judged, {"as-is": EXACT.losses(judged), **cross_fitted}, obstacles, plan)
    del judged, cross_fitted
    methods, recommended = _concluded(found, contest)
    as_is = replace(methods[0], fitted_loss=losses.mean_loss)
    if not folds.in_order:
        as_is = replace(as_is, cross_fitted_loss=losses.mean_loss)
    return RecalibrationReport(
        losses=losses,
        n_at_0=n_at_0,
        n_at_1=n_at_1,
        n_judged=len(contest.rows),
        folds=folds.n,
        n_clusters=contest.n_clusters,
        effective_clusters=contest.effective_clusters,
        n_cut_clusters=folds.n_cut,
        seed=plan.seed,
        in_order=folds.in_order,
        confidence=plan.confidence,
        unit=plan.unit,
        methods=(as_is, *methods[1:]),
        recommended=recommended,
    )


def _fitted(cells: Cells, whole: Fits, method: Method, unit: Unit) -> MethodReport:
    """Report on the map that was fitted to all rows."""
    fit = whole[method]
    if fit.map is None:
        return MethodReport(method, None, fit.obstacle)
    if method == "as-is":
        return MethodReport(method, fit.map)
    logits = fit.map.logits_at(cells.points)
    falls = [False, False]
    inner = logits[cells.sample.inner]
    if len(inner) and fit.map.level_at_0 is not None:
        falls[0] = bool(cells.sample.inner.start > 0 and logits[0] > inner[0])
        falls[1] = bool(cells.sample.inner.stop < len(logits) and logits[-1] < inner[-1])
    mean = mean_loss(cells.losses(logits), cells.rows.weights) / NATS_PER[unit]
    return MethodReport(
        method,
        fit.map,
        fit.obstacle,
        fitted_loss=mean,
        is_reversed=fit.map.is_reversed,
        falls_at_0=falls[0],
        falls_at_1=falls[1],
    )


class Contest:
    """Cross-fitted losses of the methods, set beside each other two by two.

    Attributes
    ----------
    rows : Rows
        Those that were judged.
    losses : dict of str to ndarray of float64, shape (n,)
        Of each method that has any, in nats.
    means : dict of str to float
        In the unit of the plan.
    obstacles : mapping of str to str
        Of methods that some fold has no map of.
    """

    def __init__(
        self,
        rows: Rows,
        losses: dict[Method, FloatArray],
        obstacles: Mapping[Method, Obstacle | None],
        plan: RecalibrationPlan,
    ) -> None:
        self.rows = rows
        self.losses = losses
        self.obstacles = obstacles
        nats = NATS_PER[plan.unit]
        self.means = {m: mean_loss(own, rows.weights) / nats for m, own in losses.items()}
        self._plan = plan
        self._clusters = None if rows.cluster is None else ClusteredRows(rows.cluster)
        self._known: dict[tuple[Method, Method], PairedDifference] = {}

    @property
    def n_clusters(self) -> int | None:
        """How many clusters the rows are from."""
        return None if self._clusters is None else len(self._clusters)

    @property
    def effective_clusters(self) -> float | None:
        """How many clusters there are in effect, as their sizes differ."""
        if self._clusters is None:
            return None
        none = np.zeros(len(self.rows))
        return self._clusters.moments(none, self.rows.weights).effective_n

    @property
    def n_infinite(self) -> int:
        """Rows that cost infinity as they are."""
        return int(np.count_nonzero(np.isinf(self.losses["as-is"])))

    def difference(self, method: Method, other: Method) -> PairedDifference:
        """Return the loss of one method less that of another."""
        pair = (method, other)
        if (other, method) in self._known:
            return self._known[other, method].reversed
        if pair not in self._known:
            self._known[pair] = self._difference(self.losses[method], self.losses[other])
        return self._known[pair]

    def _difference(self, after: FloatArray, before: FloatArray) -> PairedDifference:
        """Compare losses; an infinite difference has no interval."""
        moments, infinite = paired_moments(self.rows, before, after, self._clusters)
        if infinite is not None:
            return PairedDifference(INFINITE_VALUES[infinite])
        plan = self._plan
        found = difference_of(moments.n, moments, NATS_PER[plan.unit], plan.confidence)
        return PairedDifference(found.value, found.std_error, found.ci_low, found.ci_high)

    def beaten_by(self, method: Method) -> tuple[Method, ...]:
        """Return the methods that clearly beat one."""
        mean = self.means[method]
        return tuple(
            other
            for other, their_mean in self.means.items()
            if their_mean < mean
            and self.difference(method, other).exceeds(_ROUNDING * abs(their_mean))
        )


def _concluded(
    found: Mapping[Method, MethodReport], contest: Contest
) -> tuple[list[MethodReport], Method]:
    """Choose a method, and say how the others stand to it."""
    recommended, beaten = _chosen(contest)
    reports = []
    for method, report in found.items():
        if method in contest.means:
            report = replace(  # noqa: PLW2901 -- the same one, completed
                report,
                cross_fitted_loss=contest.means[method],
                difference=None if method == "as-is" else contest.difference(method, "as-is"),
                n_infinite=contest.n_infinite if method == "as-is" else 0,
                against_recommended=(
                    None if method == recommended else contest.difference(method, recommended)
                ),
                beaten_by=beaten.get(method, ()),
            )
        reports.append(replace(report, fold_obstacle=contest.obstacles.get(method)))
    return reports, recommended


def _chosen(contest: Contest) -> tuple[Method, dict[Method, tuple[Method, ...]]]:
    """Return the method to take, and what beats it and those that are simpler."""
    beaten: dict[Method, tuple[Method, ...]] = {"as-is": contest.beaten_by("as-is")}
    better = beaten["as-is"]
    recommended: Method = "as-is"
    for method in (method for method in contest.means if better and method != "as-is"):
        beaten[method] = contest.beaten_by(method)
        recommended = method
        if method in better and not set(beaten[method]) & set(better):
            break
    return recommended, beaten
