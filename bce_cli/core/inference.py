"""Intervals, tests and power: what a value and its standard error say, by Student's t."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bce_cli.core.arguments import USUAL_CONFIDENCE
from bce_cli.core.report import NATS_PER, NORMAL_QUANTILE

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.report import LossReport
    from bce_cli.core.totals import Moments

ENOUGH_IN_EFFECT = 25
"""Clusters in effect (`Moments.effective_n`); with fewer, intervals by them are too narrow.

Those of 95 % may hold what they are for less often than 93 times in 100.
"""


def t_quantile(confidence: float, df: float) -> float:
    """Return how many standard errors an interval reaches to either side.

    Parameters
    ----------
    confidence : float
        In (0, 1), such as 0.95.
    df : float
        Degrees of freedom, above 0; infinite for the normal distribution.

    Examples
    --------
    >>> round(t_quantile(0.95, 10), 6), round(t_quantile(0.95, float("inf")), 6)
    (2.228139, 1.959964)
    """
    if confidence == USUAL_CONFIDENCE and math.isinf(df):
        return NORMAL_QUANTILE  # the same to the last bit, and without SciPy
    from scipy.special import ndtri, stdtrit

    tail = (1.0 - confidence) / 2.0  # the lower one, which does not round to 1
    return -float(ndtri(tail) if math.isinf(df) else stdtrit(df, tail))


def interval_of(value: float, error: float, confidence: float, df: float) -> tuple[float, float]:
    """Return the ends of the interval of a value with a standard error; see `t_quantile`.

    Examples
    --------
    >>> interval_of(1.0, 0.0, 0.95, 10)
    (1.0, 1.0)
    """
    reach = t_quantile(confidence, df) * error
    return value - reach, value + reach


def level_of(confidence: float) -> float:
    """Return the level of a test that goes with intervals: one minus theirs, in decimals.

    Examples
    --------
    >>> level_of(0.95), 1.0 - 0.95
    (0.05, 0.050000000000000044)
    """
    return round(1.0 - confidence, 15)


def at_confidence(
    report: LossReport, moments: Moments, clusters: ClusterSums | None, confidence: float
) -> LossReport:
    """Return a report with the interval of its mean at another level, or robust to clusters.

    Parameters
    ----------
    report : LossReport
        Its interval is that of independent rows, at 95 %.
    moments : Moments
        Of the losses of rows.
    clusters : ClusterSums or None
        Of the same losses, where rows of a cluster depend on each other.
    confidence : float
        In (0, 1).
    """
    if clusters is None and confidence == USUAL_CONFIDENCE:
        return report
    if clusters is not None:
        moments = clusters.moments
    error = None if math.isinf(report.mean_loss) else moments.standard_error()
    if error is None:
        return replace(report, std_error=None, ci_low=None, ci_high=None)
    error, mean = error / NATS_PER[report.unit], report.mean_loss
    df = math.inf if clusters is None else moments.n - 1
    low, high = interval_of(mean, error, confidence, df)
    return replace(report, std_error=error, ci_low=low, ci_high=high)


def two_sided_p(t: float, df: float) -> float:
    """Return the probability of a t at least as far from 0, if the mean is 0.

    Examples
    --------
    >>> round(two_sided_p(-2.228138852, 10), 9)
    0.05
    """
    from scipy.special import stdtr

    return 2.0 * float(stdtr(df, -abs(t)))


def holm_adjusted(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjust p values for having been several, by Holm's step-down procedure.

    With any of them below a level, the chance that one of those was no real difference is at most
    that level (Holm, Scand. J. Statist. 6, 1979). Undefined ones stay so, and are not counted.

    Examples
    --------
    >>> holm_adjusted([0.01, 0.5, 0.02, None])
    [0.03, 0.5, 0.04, None]
    """
    known = sorted((p, place) for place, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    least = 0.0
    for rank, (p, place) in enumerate(known):
        least = max(least, min(1.0, (len(known) - rank) * p))
        adjusted[place] = least
    return adjusted


LEVEL = 0.05
"""Of the two-sided test that power is that of."""

POWER = 0.8
"""The chance of telling a difference from none that is asked for."""

_MOST_ROWS = 10**15
FEWEST_CLUSTERS = 5
"""From whose spread rows needed are told."""
_MOST_STEPS = 50
_ROUNDING = 1e-15  # of a power


class Power(NamedTuple):
    """What rows can tell, and how many would tell what was seen.

    Attributes
    ----------
    detectable_difference : float or None
        The least true difference that as many rows, spread like these, tell from none with a
        chance of 80 %, by a two-sided test at 5 %. None where there is no standard error above 0.
    rows_needed : int or None
        Fewest rows for which that is the difference that was seen; None where none was, where
        they would be more than 10**15, and where rows come in fewer than 5 clusters, whose spread
        is too much of a guess.
    """

    detectable_difference: float | None = None
    rows_needed: int | None = None


def power_of(value: float | None, std_error: float | None, df: float, n: int) -> Power:
    """Return the power of the t-test of a mean difference, from what was seen of it.

    Parameters
    ----------
    value : float or None
        The difference that was seen.
    std_error : float or None
        Of that.
    df : float
        Of it: rows, or clusters, less one; infinite for a normal interval.
    n : int
        Rows, of which more would come in clusters as large as these.

    References
    ----------
    J. Cohen, "Statistical power analysis for the behavioral sciences" (1988): power by the
    noncentral t distribution, as TTestPower of statsmodels has it.

    Examples
    --------
    >>> power_of(0.5, 0.1, 99, 100).rows_needed  # an effect of half a standard deviation
    34
    """
    if std_error is None or not 0.0 < std_error < math.inf or df < 1.0:
        return Power()
    detectable = std_error * _noncentrality(df)
    if value is None or not math.isfinite(value) or value == 0.0:
        return Power(detectable)
    units = n if math.isinf(df) else df + 1.0
    effect = abs(value) / (std_error * math.sqrt(units))
    if effect * math.sqrt(_MOST_ROWS) < 1.0 or units < min(FEWEST_CLUSTERS, n):
        return Power(detectable)
    needed = _units_needed(effect, is_normal=math.isinf(df)) * (n / units)
    return Power(detectable, math.ceil(needed) if needed <= _MOST_ROWS else None)


@lru_cache(maxsize=1 << 10)
def _noncentrality(df: float) -> float:
    """Return how many standard errors a difference is that is told with a chance of `POWER`.

    By secants: power is next to linear there.
    """
    before = t_quantile(1.0 - LEVEL, df)
    here, lacking = before + 1.0, POWER - chance_of_telling(before, df)
    for _ in range(_MOST_STEPS):
        still_lacking = POWER - chance_of_telling(here, df)
        if abs(still_lacking) < _ROUNDING or still_lacking == lacking:
            break
        step = still_lacking * (here - before) / (lacking - still_lacking)
        before, here, lacking = here, here + step, still_lacking
    return here


def chance_of_telling(noncentrality: float, df: float) -> float:
    """Return the power of a two-sided t-test at 5 %.

    Parameters
    ----------
    noncentrality : float
        The true difference in standard errors; 0 or more.
    df : float
        Of the standard error; infinite for a normal test.

    Examples
    --------
    >>> round(chance_of_telling(2.8, float("inf")), 3), round(chance_of_telling(2.8, 9), 3)
    (0.8, 0.703)
    """
    from scipy.special import nctdtr, ndtr

    reach = t_quantile(1.0 - LEVEL, df)
    if df > _NORMAL_DF:
        return float(ndtr(noncentrality - reach) + ndtr(-noncentrality - reach))
    above = 1.0 - float(nctdtr(df, noncentrality, reach))
    if noncentrality > _FAR:
        return above
    return above + float(nctdtr(df, noncentrality, -reach))


def _units_needed(effect: float, *, is_normal: bool) -> float:
    """Return the fewest rows, or clusters, of which an effect in standard deviations is told."""
    normal = (_noncentrality(math.inf) / effect) ** 2
    if is_normal or normal > _NORMAL_DF:
        return normal
    units = max(math.floor(normal), 2)
    while chance_of_telling(effect * math.sqrt(units), units - 1.0) < POWER:
        units += 1
    return float(units)


_FAR = 7.0  # beyond, the other tail is below 1e-13, and SciPy may have no number for it
_NORMAL_DF = 1e5  # above that both distributions agree to five digits
