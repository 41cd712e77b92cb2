"""Sums over the differences of two models' losses on the same rows, exact and mergeable."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from bce_cli.core.clusters import ClusterSums
from bce_cli.core.comparison.changes import ChangedRows
from bce_cli.core.moments import Moments
from bce_cli.core.row_sums import finite_losses
from bce_cli.core.rows import weighted
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.rows import BoolArray, FloatArray, Rows


@dataclass(frozen=True, slots=True)
class ModelTotals:
    """What one model comes to.

    Attributes
    ----------
    totals : LossTotals
    clusters : ClusterSums or None
        Weighted losses, and what the mean divides by.
    """

    totals: LossTotals
    clusters: ClusterSums | None

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, convention: Convention) -> ModelTotals:
        """Sum up some rows, given their losses under the convention."""
        finite, _ = finite_losses(losses, rows.weights)
        clusters = _by_cluster(rows, finite, _divisors(rows, convention))
        return cls(LossTotals.of(rows, losses, convention), clusters)

    def __iadd__(self, other: ModelTotals) -> Self:
        """Merge with what the rows that follow come to; the clusters on the left are used up."""
        return type(self)(self.totals + other.totals, _merged(self.clusters, other.clusters))


@dataclass(frozen=True, slots=True)
class DifferenceTotals:
    """How the losses of a model differ from those of the baseline, row by row.

    Each difference is the float64 loss under the model minus that under the baseline; sums of
    differences and of their squares are exact.

    Attributes
    ----------
    n_better, n_worse, n_tied : int
        Rows on which the model's loss is lower, higher and the same; rows of weight 0 are none.
    n_only_baseline_infinite, n_only_model_infinite, n_both_infinite : int
        Rows that are in no sum, since a loss is infinite.
    moments : Moments
        Differences times weights over what the mean divides by, on the other rows.
    clusters : ClusterSums or None
        The same by cluster.
    gained, lost : ChangedRows
    """

    n_better: int
    n_worse: int
    n_tied: int
    n_only_baseline_infinite: int
    n_only_model_infinite: int
    n_both_infinite: int
    moments: Moments
    clusters: ClusterSums | None
    gained: ChangedRows
    lost: ChangedRows

    @classmethod
    def of(
        cls,
        baseline: tuple[Rows, FloatArray],
        model: tuple[Rows, FloatArray],
        convention: Convention,
        n_shown: int,
    ) -> DifferenceTotals:
        """Sum up some rows.

        Parameters
        ----------
        baseline, model : tuple of Rows and ndarray of float64, shape (n,)
            The same rows under either model, as the convention holds them, and their losses.
        convention : Convention
        n_shown : int
            Rows to keep in either direction.
        """
        (rows, before), (rival, after) = baseline, model
        lone_before, lone_after, both = _infinite(before, after, rows.weights)
        excluded = lone_before | lone_after | both
        differences = _differences(before, after, rows.weights)
        finite = np.where(excluded, 0.0, differences)
        divisors = _divisors(rows, convention)
        counted = np.ones(len(rows), np.bool_) if divisors is None else divisors > 0.0
        n_better, n_worse = _count(counted & (after < before)), _count(counted & (after > before))
        if excluded.any():
            divisors = np.where(excluded, 0.0, 1.0 if divisors is None else divisors)
        return cls(
            n_better=n_better,
            n_worse=n_worse,
            n_tied=_count(counted) - n_better - n_worse,
            n_only_baseline_infinite=_count(lone_before),
            n_only_model_infinite=_count(lone_after),
            n_both_infinite=_count(both),
            moments=Moments.of(finite, divisors),
            clusters=_by_cluster(rows, finite, divisors),
            gained=ChangedRows.of(rows, rival, differences, sign=-1, limit=n_shown),
            lost=ChangedRows.of(rows, rival, differences, sign=1, limit=n_shown),
        )

    def __iadd__(self, other: DifferenceTotals) -> Self:
        """Merge with the rows that follow; the clusters on the left are used up."""
        return type(self)(
            n_better=self.n_better + other.n_better,
            n_worse=self.n_worse + other.n_worse,
            n_tied=self.n_tied + other.n_tied,
            n_only_baseline_infinite=self.n_only_baseline_infinite + other.n_only_baseline_infinite,
            n_only_model_infinite=self.n_only_model_infinite + other.n_only_model_infinite,
            n_both_infinite=self.n_both_infinite + other.n_both_infinite,
            moments=self.moments + other.moments,
            clusters=_merged(self.clusters, other.clusters),
            gained=self.gained + other.gained,
            lost=self.lost + other.lost,
        )


def _infinite(
    before: FloatArray, after: FloatArray, weights: FloatArray | None
) -> tuple[BoolArray, BoolArray, BoolArray]:
    """Return the rows that cost infinity under the first model alone, the second, and both."""
    first, second = np.isinf(before), np.isinf(after)
    if weights is not None:  # a row of weight 0 counts for nothing
        first, second = first & (weights > 0.0), second & (weights > 0.0)
    both = first & second
    return first & ~both, second & ~both, both


def _differences(before: FloatArray, after: FloatArray, weights: FloatArray | None) -> FloatArray:
    """Return weight times difference; 0 where both losses are infinite."""
    differences = np.zeros(len(before))
    np.subtract(after, before, out=differences, where=after != before)
    return weighted(differences, weights)


def _by_cluster(rows: Rows, values: FloatArray, divisors: FloatArray | None) -> ClusterSums | None:
    return None if rows.cluster is None else ClusterSums.of(rows.cluster, values, divisors)


def _divisors(rows: Rows, convention: Convention) -> FloatArray | None:
    """Return what each row adds to the divisor of a mean; None where that is 1 for every row."""
    if rows.weights is not None and convention.rule.mean_over == "weights":
        return rows.weights
    return None if rows.missing is None else (~rows.missing).astype(np.float64)


def _count(mask: BoolArray) -> int:
    return int(np.count_nonzero(mask))


def _merged(left: ClusterSums | None, right: ClusterSums | None) -> ClusterSums | None:
    if left is None or right is None:
        return left or right
    left += right
    return left
