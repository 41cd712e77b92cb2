"""Mean loss, skill and Brier score of a report, each with its interval."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from bce_cli.core.conventions import EXACT
from bce_cli.core.cross_moments import brier_error, skill_error, skill_error_of_sums
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.totals import finite_losses, squared_errors
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.cluster_moments import ClusteredRows
    from bce_cli.core.cross_moments import CrossMoments
    from bce_cli.core.report import LossReport
    from bce_cli.core.rows import Rows
    from bce_cli.core.totals import LossTotals

_ROUNDING = 1e-12
"""A standard error below this share of what it belongs to comes of rounding."""


@dataclass(frozen=True, slots=True)
class StandardErrors:
    """Standard errors of what a report says of the losses, and what intervals are made by.

    Attributes
    ----------
    mean_loss, skill, brier : float or None
        The first in nats. None where there is none: of an infinite mean, of fewer than two rows or
        clusters, and of the skill where all labels are the same.
    df : float
        Degrees of freedom: clusters less one; infinite without them.
    effective_clusters : float or None
        How many clusters there are in effect; see `Moments.effective_n`.
    """

    mean_loss: float | None
    skill: float | None
    brier: float | None
    df: float = math.inf
    effective_clusters: float | None = None

    @property
    def n_clusters(self) -> int | None:
        """Clusters of some weight; None where rows are taken to be independent."""
        return None if math.isinf(self.df) else int(self.df) + 1


def errors_of_totals(
    totals: LossTotals, moments: CrossMoments, report: LossReport
) -> StandardErrors:
    """Take rows to be independent.

    Parameters
    ----------
    totals : LossTotals
    moments : CrossMoments
    report : LossReport
        All of the same rows.
    """
    n, skill = totals.n_weighted, None
    if report.skill is not None:
        skill = _beyond_rounding(skill_error(totals, moments, n), 1.0 - report.skill)
    return StandardErrors(
        mean_loss=None if totals.n_infinite else totals.moments.standard_error(),
        skill=skill,
        brier=_beyond_rounding(brier_error(totals, moments, n), report.brier),
    )


def errors_by_cluster(
    rows: Rows, clusters: ClusteredRows, totals: LossTotals, report: LossReport
) -> StandardErrors:
    """Allow for rows of a cluster to depend on each other (Liang and Zeger, Biometrika 73, 1986).

    The mean, the skill and the Brier score are ratios of sums, or move with each row as such a
    ratio does; sums over clusters take the place of rows. For the skill, see
    `bce_cli.core.cross_moments.skill_error`.

    Parameters
    ----------
    rows : Rows
        None left out.
    clusters : ClusteredRows
    totals : LossTotals
    report : LossReport
        All of these rows.

    Examples
    --------
    >>> import numpy as np
    >>> from bce_cli.core.cluster_moments import ClusteredRows
    >>> from bce_cli.core.report import loss_report
    >>> from bce_cli.core.rows import Categories, Rows
    >>> from bce_cli.core.totals import LossTotals
    >>> rows = Rows(np.array([True, False, True]), np.array([0.5, 0.5, 0.25]))
    >>> days = Categories(np.array([0, 0, 1], np.int32), ("Mon", "Tue"))
    >>> totals = LossTotals.of(rows)
    >>> found = errors_by_cluster(rows, ClusteredRows(days), totals, loss_report(totals))
    >>> found.df, round(found.brier, 6)
    (1, 0.138889)
    """
    weights = rows.weights
    losses, _ = finite_losses(EXACT.losses(rows), weights)
    of_losses = clusters.moments(losses, weights)
    of_errors = clusters.moments(weighted(squared_errors(rows), weights), weights)
    skill = None
    if report.skill is not None:
        labels = weighted(as_floats(rows.labels), weights)
        of_labels, products = clusters.moments(labels, weights), clusters.products(losses, labels)
        error = skill_error_of_sums(totals, of_losses, of_labels, products)
        skill = _beyond_rounding(error, 1.0 - report.skill)
    return StandardErrors(
        mean_loss=None if math.isinf(report.mean_loss) else of_losses.standard_error(),
        skill=skill,
        brier=_beyond_rounding(of_errors.standard_error(), report.brier),
        df=of_losses.n - 1,
        effective_clusters=of_losses.effective_n,
    )


def ends_of(
    value: float | None,
    error: float | None,
    reach: float,
    unit: float = 1.0,
    *,
    least: float = -math.inf,
    most: float = math.inf,
) -> tuple[float | None, float | None]:
    """Return the ends of the interval of a value; two times None without an error.

    Parameters
    ----------
    value, error : float or None
    reach : float
        How many errors it reaches to either side.
    unit : float, optional
        That ends are to be in.
    least, most : float, optional
        What such a value can be; no end is beyond that.

    Examples
    --------
    >>> ends_of(0.5, 0.125, 2.0)
    (0.25, 0.75)
    """
    if value is None or error is None:
        return None, None
    low, high = (value - reach * error) / unit, (value + reach * error) / unit
    return max(low, least), min(high, most)


def _beyond_rounding(error: float | None, scale: float) -> float | None:
    """Return an error; 0 in place of one that comes of rounding."""
    return 0.0 if error is not None and error <= _ROUNDING * abs(scale) else error
