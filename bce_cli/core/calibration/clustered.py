"""Rows that depend on each other: how fits, tests and event rates vary by cluster.

Sums over clusters take the place of rows (Liang and Zeger, "Longitudinal data analysis using
generalized linear models", Biometrika 73, 1986). Variances of what was fitted are multiplied by
n / (n - 1) for n clusters, as those of means are, and intervals are by Student's t with n - 1
degrees of freedom.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from bce_cli.core.calibration.bins import Spread, bins_of
from bce_cli.core.calibration.decomposition import SpiegelhalterTest
from bce_cli.core.calibration.log_odds import LogOdds, curvature
from bce_cli.core.cluster_moments import ClusteredRows
from bce_cli.core.exact_sum import ExactSum, slices
from bce_cli.core.inference import two_sided_p
from bce_cli.core.rows import as_floats, weighted
from bce_cli.core.rules import logit, sigmoid
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Callable

    from bce_cli.core.calibration.bins import ReliabilityTotals
    from bce_cli.core.calibration.log_odds import Axis, Coefficients
    from bce_cli.core.rows import FloatArray, Rows

_TWO = 2
_ROUNDING = 1e-12


def by_cluster(rows: Rows) -> tuple[Rows, ClusteredRows]:
    """Return the rows of some weight, and these put together by the clusters that they have."""
    rows = replace(rows, ids=None, rivals=(), segments=(), order=None)
    if rows.weights is not None and not rows.weights.all():
        rows = rows.at(np.flatnonzero(rows.weights))
    assert rows.cluster is not None  # noqa: S101 -- as is said above
    return rows, ClusteredRows(rows.cluster)


@dataclass(frozen=True, slots=True)
class ClusteredOdds:
    """The rows of a fit, by cluster: how much the gradient of their likelihood varies.

    Attributes
    ----------
    odds : LogOdds
        Of each row whose prediction has a finite logit, in the order of the rows.
    clusters : ClusteredRows or None
        Of these rows; None where there are none.
    """

    odds: LogOdds
    clusters: ClusteredRows | None

    @classmethod
    def of(cls, rows: Rows) -> ClusteredOdds:
        """Take rows of some weight, which are in clusters."""
        logits = logit(rows.probabilities) if rows.logits is None else rows.logits
        finite = np.isfinite(logits)
        if not finite.all():
            places = np.flatnonzero(finite)
            rows, logits = rows.at(places), logits[places]
        labels = as_floats(rows.labels)
        weights = np.ones(len(rows)) if rows.weights is None else rows.weights
        odds = LogOdds(logits, weights * labels, weights * (1.0 - labels))
        assert rows.cluster is not None  # noqa: S101 -- as is said above
        return cls(odds, ClusteredRows(rows.cluster) if len(rows) else None)

    def __len__(self) -> int:
        return 0 if self.clusters is None else len(self.clusters)

    def of_line(self, axis: Axis, at: Coefficients) -> Coefficients | None:
        """Return the variance of the gradient by intercept and slope of a line over an axis.

        Returns
        -------
        tuple of float, shape (3,), or None
            The upper triangle row by row; None for fewer than two clusters.
        """

        def line(logits: FloatArray) -> FloatArray:
            return at[0] + at[1] * axis(logits)

        if len(self) < _TWO:
            return None
        left, right = self._gradients(line, axis)
        pairs = ((left, left), (left, right), (right, right))
        return tuple(self._factor * float(ExactSum.of_products(*pair)) for pair in pairs)

    def of_shift(self, shift: float) -> float | None:
        """Return the variance of the gradient by a shift; None for fewer than two clusters."""
        if len(self) < _TWO:
            return None
        (sums,) = self._gradients(lambda logits: logits + shift)
        return self._factor * float(ExactSum.of_products(sums, sums))

    def mean_test(self) -> Deviation | None:
        """Test whether the mean of the labels is that of the predictions."""
        if len(self) < _TWO:
            return None
        (sums,) = self._gradients(lambda logits: logits)
        return deviation_of(sums)

    @property
    def _factor(self) -> float:
        return len(self) / (len(self) - 1.0)

    def _gradients(
        self, line: Callable[[FloatArray], FloatArray], axis: Axis | None = None
    ) -> list[FloatArray]:
        """Return what each cluster adds to the gradient by a shift, and by a slope over an axis."""
        assert self.clusters is not None  # noqa: S101 -- there are two
        odds = self.odds
        by_shift = np.empty(len(odds.logits))
        with np.errstate(under="ignore"):
            for block in slices(len(odds.logits)):
                by_shift[block] = curvature(odds, block, line(odds.logits[block]))[1]
            found = [self.clusters.sums(by_shift)]
            if axis is not None:
                found.append(self.clusters.sums(by_shift * axis(odds.logits)))
        return found


class Deviation(NamedTuple):
    """How far a sum is from the 0 that is expected of it.

    Attributes
    ----------
    z : float
        The sum over the root of the sum of the squares of its clusters: its standard error, if 0 is
        what is expected of each.
    p_value : float
        That of Student's t of the mean of the clusters, as few of them make no normal z.
    """

    z: float
    p_value: float


def deviation_of(sums: FloatArray) -> Deviation | None:
    """Test whether sums over clusters are 0 on average.

    With z the sum over the root of the sum of squares, Student's t of n sums is
    z sqrt((n - 1) / (n - z^2)).

    Parameters
    ----------
    sums : ndarray of float64, shape (n,)

    Returns
    -------
    Deviation or None
        None for fewer than two clusters, or if they do not differ but by rounding.

    Examples
    --------
    >>> found = deviation_of(np.array([3.0, 1.0, 2.0]))
    >>> round(found.z, 6), round(found.p_value, 6)
    (1.603567, 0.07418)
    """
    n, total = len(sums), float(ExactSum.of(sums))
    squares = float(ExactSum.of_products(sums, sums))
    if n < _TWO or not squares > 0.0:
        return None
    z = total / math.sqrt(squares)
    rest = n - z * z
    if not rest > _ROUNDING * n:
        return None
    return Deviation(z, two_sided_p(z * math.sqrt((n - 1.0) / rest), n - 1.0))


def clustered_spiegelhalter(rows: Rows, clusters: ClusteredRows) -> SpiegelhalterTest | None:
    r"""Test whether predictions are calibrated, for labels of a cluster that depend on each other.

    With :math:`e = w (y - p)(1 - 2p)` for each row, as in `spiegelhalter_test`, and E the sums of
    these over clusters, :math:`z = \sum E / \sqrt{\sum E^2}`; the p value is that of
    `deviation_of`.

    Parameters
    ----------
    rows : Rows
        Of some weight each, with labels of 0 or 1.
    clusters : ClusteredRows
        Of these rows.
    """
    p, labels = rows.probabilities, as_floats(rows.labels)
    rest = 1.0 - p if rows.logits is None else sigmoid(-rows.logits)
    excess = (labels * rest - (1.0 - labels) * p) * (rest - p)
    found = deviation_of(clusters.sums(weighted(excess, rows.weights)))
    return None if found is None else SpiegelhalterTest(*found)


def spreads_of_bins(rows: Rows, totals: ReliabilityTotals) -> list[Spread | None]:
    """Return how well clusters pin the event rate of each bin down.

    The variance of the rate r of a bin, of the weight W, is g / (g - 1) times the sum over the g
    clusters in it of (sum of w (y - r))^2, over W^2. As many independent rows have the same
    variance as r (1 - r) goes into it, or rather no more than there are: that is the number for
    Wilson's interval, with Student's t of g - 1 degrees of freedom (after Korn and Graubard, Survey
    Methodology 24, 1998). Where all labels are the same, clusters show no spread, and each counts
    for one row. One cluster gives no interval.

    Parameters
    ----------
    rows : Rows
        Of some weight each, and in clusters.
    totals : ReliabilityTotals
        Of these rows.
    """
    assert rows.cluster is not None  # noqa: S101 -- as is said above
    bins = bins_of(rows.probabilities, totals.edges)
    sums = zip(totals.label_weights, totals.weights, strict=True)
    rates = np.array([label.units / (whole.units or 1) for label, whole in sums])
    cells = ClusteredRows(rows.cluster, bins)
    ones = np.ones(len(rows)) if rows.weights is None else rows.weights
    off = cells.sums(ones * (as_floats(rows.labels) - rates[bins]))
    weights, squares = cells.sums(ones), cells.sums(ones * ones)
    found: list[Spread | None] = []
    ends = np.searchsorted(cells.parts, np.arange(len(rates) + 1)).tolist()  # they ascend
    for rate, (start, end) in zip(rates.tolist(), pairwise(ends), strict=True):
        mine, n = slice(start, end), end - start
        if n < _TWO:
            found.append(None)
            continue
        whole = math.fsum(weights[mine]) ** 2
        variance = n / (n - 1.0) * math.fsum(off[mine] ** 2)
        most = whole / math.fsum(squares[mine])
        if variance > 0.0 and 0.0 < rate < 1.0:
            n_rows = min(most, rate * (1.0 - rate) * whole / variance)
        else:
            n_rows = whole / math.fsum(weights[mine] ** 2)
        found.append(Spread(n_rows, n - 1.0))
    return found
