"""What a simple map removes on rows it was not fitted to, told beside a report on calibration."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.conventions import EXACT
from bce_cli.core.progress import silent
from bce_cli.core.recalibration.choice import Contest, RecalibrationPlan
from bce_cli.core.recalibration.cross_fit import Cells, cross_fit
from bce_cli.core.recalibration.fitting import Fit, fit_whole
from bce_cli.core.recalibration.folds import deal
from bce_cli.core.recalibration.maps import RecalibrationMap
from bce_cli.errors import DataError
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.calibration.logistic import LogisticRecalibration
    from bce_cli.core.recalibration.fitting import Fits
    from bce_cli.core.recalibration.maps import Method
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Places, Rows

_SIMPLE: tuple[Method, ...] = ("as-is", "offset", "temperature", "logistic")
_MANY, MOST = 50_000, 1_000_000
_FOLDS, _FOLDS_OF_MANY, _LEAST_FOLDS = 10, 2, 2


@dataclass(frozen=True, slots=True)
class SimpleGain:
    """What the best simple map is worth on rows that it was not fitted to.

    Attributes
    ----------
    method : str
        "offset", "temperature" or "logistic".
    n : int
        Rows that were judged: all of some weight, or as many as `MOST`, drawn by chance.
    folds : int
    loss : float
        Mean cross-fitted loss, in the unit of the report.
    removed : float
        The mean loss as it is less that; below 0 where the map does harm, and infinite where
        predictions cost infinity as they are.
    ci_low, ci_high : float or None
        Its interval; None where it is infinite.
    """

    method: Method
    n: int
    folds: int
    loss: float
    removed: float
    ci_low: float | None = None
    ci_high: float | None = None

    @property
    def is_sure(self) -> bool:
        """Whether it removes something, by its interval."""
        return self.removed > 0.0 if self.ci_low is None else self.ci_low > 0.0


def simple_gain(
    rows: Rows, known: LogisticRecalibration, unit: Unit, confidence: float = 0.95
) -> SimpleGain | None:
    """Judge the simplest maps by rows that they were not fitted to, in little time.

    Of more than 50,000 rows there are 2 folds, as half of them are many, and the logistic map
    alone, of which the slope and intercept of all rows are known; else 10 folds, and an offset and
    a temperature, too. Of more than 1,000,000 rows so many are drawn, one from each stretch of rows
    of about equal length: the interval is wide enough for that, and narrow enough for any use.
    Rows of a cluster stay in one fold, of which there are no more than clusters, and the interval
    allows for them.

    Parameters
    ----------
    rows : Rows
        None left out.
    known : LogisticRecalibration
        Of the same rows.
    unit : {"nats", "bits"}
    confidence : float, default 0.95
        Of the interval.

    Returns
    -------
    SimpleGain or None
        None where there is one label only, or too little for the folds.

    Examples
    --------
    >>> from bce_cli.core.calibration.logistic import recalibrate_logistically
    >>> from bce_cli.core.calibration.tally import Tally
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.arange(80) % 4 > 0, np.tile([0.5, 0.5, 0.5, 0.25], 20))
    >>> gain = simple_gain(rows, recalibrate_logistically(Tally.of(rows), 80), "nats")
    >>> gain.method, gain.folds, gain.is_sure
    ('offset', 10, True)
    """
    rows = replace(rows, ids=None, rivals=(), segments=(), order=None)
    if rows.weights is not None and not rows.weights.all():
        rows = rows.at(np.flatnonzero(rows.weights))
    if len(rows) > MOST:
        rows = rows.at(drawn_places(len(rows), MOST))
    has_many = len(rows) > _MANY
    n = _FOLDS_OF_MANY if has_many else _FOLDS
    if rows.cluster is not None:
        n = min(n, len(ClusteredRows(rows.cluster)))
        if n < _LEAST_FOLDS:
            return None
    try:
        folds = deal(rows, n)
        whole = _known(known) if has_many else fit_whole(rows, _SIMPLE)
    except DataError:
        return None
    cells = Cells.of(rows, folds)
    del rows
    losses, obstacles = cross_fit(cells, whole, silent)
    if not losses:
        return None
    judged = cells.rows.at(cells.judged)
    all_losses = {"as-is": EXACT.losses(judged), **losses}
    plan = RecalibrationPlan(folds=n, confidence=confidence, unit=unit)
    contest = Contest(judged, all_losses, obstacles, plan)
    best = min(losses, key=lambda method: contest.means[method])
    removed = contest.difference("as-is", best)
    assert removed.value is not None  # noqa: S101 -- no loss of a fitted map is infinite
    n_judged, loss = len(judged), contest.means[best]
    return SimpleGain(best, n_judged, n, loss, removed.value, removed.ci_low, removed.ci_high)


def drawn_places(n: int, most: int) -> Places:
    """Draw a place from each of so many stretches of n places; the same at every run.

    Examples
    --------
    >>> places = drawn_places(10, 5)
    >>> (places // 2).tolist()
    [0, 1, 2, 3, 4]
    """
    ends = np.arange(most + 1) * n // most
    chances = np.random.default_rng(0).random(most)
    places: Places = ends[:-1] + (chances * np.diff(ends)).astype(np.intp)
    return places


def _known(known: LogisticRecalibration) -> Fits:
    """Return the logistic map of all rows, to start from."""
    if known.slope is None or known.intercept is None:
        return {}
    line = {"a": known.intercept.value, "b": known.slope.value}
    return {"logistic": Fit(RecalibrationMap("logistic", line, 0.5, 0.5))}
