"""All sums that the checks need, exact and mergeable."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bce_cli.core.calibration.bins import ReliabilityTotals, uniform_edges
from bce_cli.core.conventions import EXACT, Convention
from bce_cli.core.gate.cross_moments import CrossMoments
from bce_cli.core.row_sums import count_weightless
from bce_cli.core.totals import LossTotals

if TYPE_CHECKING:
    from bce_cli.core.gate.limits import Limits
    from bce_cli.core.rows import Rows


@dataclass(frozen=True, slots=True)
class GateTotals:
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
        rows = convention.held(rows)
        losses = convention.losses(rows)
        counted = convention.hardened(rows)
        needs_moments = limits.min_skill is not None or limits.max_brier is not None
        needs_bins = limits.max_ece is not None
        return cls(
            losses=LossTotals.of(rows, losses, convention),
            n_weightless=count_weightless(rows, rows.weights),
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

    def __add__(self, other: GateTotals) -> GateTotals:
        """Merge with the totals of the rows that follow."""
        reliability = self.reliability
        if reliability is None or other.reliability is None:
            reliability = reliability or other.reliability
        else:
            reliability += other.reliability
        return GateTotals(
            self.losses + other.losses,
            self.n_weightless + other.n_weightless,
            self.moments + other.moments,
            reliability,
        )
