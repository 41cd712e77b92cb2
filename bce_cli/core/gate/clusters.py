"""Sums by cluster: what a gate takes the spread of figures from where rows are not independent.

They are exact and merge, so rows are read once and not held. What they take grows with the clusters
alone, or with the clusters and the bins that these have rows in.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from bce_cli.core.calibration.bins import bins_of
from bce_cli.core.cross_moments import skill_error_of_sums
from bce_cli.core.groups import (
    Clusters,
    ClusterSums,
    divisors_of,
    moments_of,
    product_of,
    weights_of,
)
from bce_cli.core.rows import Categories, as_floats, weighted
from bce_cli.core.state import State
from bce_cli.core.totals import finite_losses, squared_errors
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.rows import FloatArray, Rows
    from bce_cli.core.totals import LossTotals

_BETWEEN = " "  # a bin and the name of a cluster


@dataclass(frozen=True, slots=True)
class GateClusters(State):
    """Sums over the rows of each cluster.

    Attributes
    ----------
    losses : ClusterSums
        Weighted losses, and what the mean divides by.
    labels, errors : ClusterSums or None
        Weighted labels and squared errors, and weights; None where no limit needs them.
    """

    losses: ClusterSums
    labels: ClusterSums | None
    errors: ClusterSums | None

    @classmethod
    def of(
        cls, rows: Rows, losses: FloatArray, convention: Convention, limits: Limits
    ) -> GateClusters:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
            In clusters; weights and labels as the convention counts them.
        losses : ndarray of float64, shape (n,)
            Those that are infinite count for nothing.
        convention : Convention
        limits : Limits
        """
        assert rows.cluster is not None  # noqa: S101 -- as asked for
        finite, _ = finite_losses(losses, rows.weights)
        clusters, weights = Clusters(rows.cluster), weights_of(rows)
        labels = errors = None
        if limits.min_skill is not None:
            labels = clusters.sums(weighted(as_floats(rows.labels), weights), weights)
        if limits.max_brier is not None:
            errors = clusters.sums(weighted(squared_errors(rows), weights), weights)
        return cls(clusters.sums(finite, divisors_of(rows, convention)), labels, errors)

    def brier_error(self) -> float | None:
        """Return the standard error of the Brier score."""
        return None if self.errors is None else self.errors.moments.standard_error()

    def skill_error(self, totals: LossTotals) -> float | None:
        """Return the standard error of the skill; see `bce_cli.core.cross_moments.skill_error`.

        Parameters
        ----------
        totals : LossTotals
            Without infinite losses, and with both labels.
        """
        if self.labels is None:
            return None
        labels, weights = self.labels.values, self.labels.divisors
        losses = self.labels.values_of(self.losses)
        return skill_error_of_sums(
            totals,
            moments_of(losses, weights),
            moments_of(labels, weights),
            product_of(losses, labels),
        )


def label_sums_in_bins(rows: Rows, edges: Sequence[float]) -> ClusterSums:
    """Sum up weighted labels, and weights, over the rows of each cluster in each bin.

    Parameters
    ----------
    rows : Rows
        In clusters.
    edges : sequence of float
        See `bce_cli.core.calibration.bins.bins_of`.

    Examples
    --------
    >>> days = Categories(np.array([0, 0, 1], np.int32), ("Mon", "Tue"))
    >>> from bce_cli.core.rows import Rows
    >>> rows = Rows(np.array([True, False, True]), np.array([0.1, 0.9, 0.9]), cluster=days)
    >>> sorted(label_sums_in_bins(rows, (0.0, 0.5, 1.0)).sums)
    ['0 Mon', '1 Mon', '1 Tue']
    """
    cluster = rows.cluster
    assert cluster is not None  # noqa: S101 -- as above
    n_bins = len(edges) - 1
    both = cluster.codes.astype(np.int64) * n_bins + bins_of(rows.probabilities, edges)
    found, codes = np.unique(both, return_inverse=True)
    places = (divmod(code, n_bins) for code in found.tolist())
    names = tuple(f"{place}{_BETWEEN}{cluster.names[code]}" for code, place in places)
    in_bins = Categories(codes.astype(np.int32), names)
    labels, weights = as_floats(rows.labels), weights_of(rows)
    return ClusterSums.of(in_bins, weighted(labels, weights), weights)


def rate_covariance(sums: ClusterSums, n_bins: int) -> tuple[FloatArray, int]:
    """Return the covariance of the noise of the bins, and from how many clusters it is.

    The noise of a bin is its event rate less the true one, times the share of the bin. A cluster
    adds the sum of w (y - r) over its rows there, r being the rate of the bin, over the sum of all
    weights; with k clusters of some weight the squares and products of what they add are summed up,
    times k / (k - 1).

    Parameters
    ----------
    sums : ClusterSums
        As `label_sums_in_bins` makes them.
    n_bins : int

    Returns
    -------
    covariance : ndarray of float64, shape (n_bins, n_bins)
        0 for one cluster.
    n_clusters : int
    """
    from scipy.sparse import csr_array

    of_labels, of_weights = [0] * n_bins, [0] * n_bins
    parts: list[tuple[str, int, int, int]] = []
    for key, (label, weight) in sums.sums.items():
        if weight:
            place, _, name = key.partition(_BETWEEN)
            bin_at = int(place)
            of_labels[bin_at] += label
            of_weights[bin_at] += weight
            parts.append((name, bin_at, label, weight))
    parts.sort()  # sums of floats depend on the order, which must not be that of the blocks
    whole = sum(of_weights)
    moves = [
        (label * of_weights[at] - weight * of_labels[at]) / (of_weights[at] * whole)
        for _, at, label, weight in parts
    ]
    names = {name: number for number, name in enumerate(dict.fromkeys(part[0] for part in parts))}
    places = [names[part[0]] for part in parts], [part[1] for part in parts]
    k = len(names)
    if k < 2:  # noqa: PLR2004 -- a variance needs two
        return np.zeros((n_bins, n_bins)), k
    noise = csr_array((moves, places), shape=(k, n_bins))
    covariance: FloatArray = (noise.T @ noise).toarray() * (k / (k - 1))
    return covariance, k
