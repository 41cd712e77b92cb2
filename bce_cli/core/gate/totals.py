"""Exact, mergeable sums of some rows, from which each figure of a gate and its spread follow."""

from __future__ import annotations

from dataclasses import field
from typing import TYPE_CHECKING

from bce_cli.core.calibration.bins import ReliabilityTotals, uniform_edges
from bce_cli.core.comparison.differences import DifferenceTotals, weighted_differences
from bce_cli.core.conventions import EXACT, Convention, check_convention
from bce_cli.core.cross_moments import CrossMoments
from bce_cli.core.gate.clusters import GateClusters, label_sums_in_bins
from bce_cli.core.groups import clusters_of
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals, count_weightless
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.groups import ClusterSums
    from bce_cli.core.rows import FloatArray, Rows


@dataclass(frozen=True, slots=True)
class RivalTotals(State):
    """What another model comes to on the same rows, and what the judged one costs beyond it.

    Attributes
    ----------
    losses : LossTotals
        Of the other model.
    difference : DifferenceTotals
        From the other model, as its baseline, to the judged one.
    """

    losses: LossTotals
    difference: DifferenceTotals

    @classmethod
    def of(cls, rows: Rows, losses: FloatArray, rival: Rows, convention: Convention) -> RivalTotals:
        """Sum up some rows, as the convention holds them, under the judged model and the other."""
        others, reversed_losses = convention.losses_both_ways(rival)
        differences = weighted_differences(others, losses, rows.weights)
        return cls(
            LossTotals.of(rival, others, convention, reversed_losses),
            DifferenceTotals.of(
                rows, others, losses, differences, convention, clusters=clusters_of(rows)
            ),
        )


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
    rival : RivalTotals, optional
        None where nothing is held against another model, or without rows.
    clusters : GateClusters, optional
        None where rows are taken to be independent, or without rows.
    in_bins : ClusterSums, optional
        Labels and weights of each cluster in each bin; None where no limit needs them.
    """

    losses: LossTotals = field(default_factory=LossTotals)
    n_weightless: int = 0
    moments: CrossMoments = field(default_factory=CrossMoments)
    reliability: ReliabilityTotals | None = None
    rival: RivalTotals | None = None
    clusters: GateClusters | None = None
    in_bins: ClusterSums | None = None

    @classmethod
    def of(cls, rows: Rows, limits: Limits, convention: Convention = EXACT) -> GateTotals:
        """Sum up some rows.

        Parameters
        ----------
        rows : Rows
            With a rival, where limits need one; others count for nothing.
        limits : Limits
            What the sums must suffice for.
        convention : Convention, default exact
        """
        check_convention(convention)
        rows, *rivals = map(convention.held, rows.under_models()[: 1 + limits.against])
        losses, reversed_losses = convention.losses_both_ways(rows)
        counted = convention.hardened(rows)
        has_clusters = limits.confident and rows.cluster is not None
        needs_moments = limits.confident and not has_clusters
        needs_moments &= limits.min_skill is not None or limits.max_brier is not None
        edges = None
        if limits.max_ece is not None and limits.strategy == "uniform":
            edges = uniform_edges(limits.n_bins)
        totals = LossTotals.of(rows, losses, convention, reversed_losses)
        return cls(
            losses=totals,
            n_weightless=count_weightless(rows),
            moments=CrossMoments.of(counted, losses, totals) if needs_moments else CrossMoments(),
            reliability=None if edges is None else ReliabilityTotals.of(counted, edges),
            rival=RivalTotals.of(rows, losses, rivals[0], convention) if rivals else None,
            clusters=GateClusters.of(counted, losses, convention, limits) if has_clusters else None,
            in_bins=None
            if edges is None or not has_clusters
            else label_sums_in_bins(counted, edges),
        )

    @property
    def n(self) -> int:
        """Rows that count."""
        return self.losses.n

    @property
    def n_weighted(self) -> int:
        """Rows of a weight above 0."""
        return self.losses.n - self.n_weightless
