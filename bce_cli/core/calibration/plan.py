"""What is to be found out about calibration, and what is summed up before all rows are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, TypeAlias

from bce_cli.core.calibration.bins import ReliabilityTotals, uniform_edges
from bce_cli.core.calibration.fine_bins import FineBins
from bce_cli.core.totals import LossTotals
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Rows

Strategy: TypeAlias = Literal["uniform", "quantile"]


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """What to find out.

    Attributes
    ----------
    unit : {"nats", "bits"}
        Of the log loss and its parts.
    n_bins : int
        Of the reliability table, at least one.
    strategy : {"uniform", "quantile"}
        Bins of equal width, or of about as many rows each.
    n_bootstrap : int
        Replicates; 0 for none.
    seed : int
        For these.
    with_fine_bins : bool
        Whether to sum up rows in fine bins rather than to hold and sort them; without bootstrap.
    """

    unit: Unit = "nats"
    n_bins: int = 10
    strategy: Strategy = "uniform"
    n_bootstrap: int = 0
    seed: int = 0
    with_fine_bins: bool = False

    def __post_init__(self) -> None:
        if self.with_fine_bins and self.n_bootstrap:
            message = "--bootstrap draws samples of the rows, and --fine-bins does not hold them"
            raise UsageError(message)

    def totals_of(self, rows: Rows) -> CalibrationTotals:
        """Sum up some rows."""
        is_uniform = self.strategy == "uniform"
        return CalibrationTotals(
            LossTotals.of(rows),
            ReliabilityTotals.of(rows, uniform_edges(self.n_bins)) if is_uniform else None,
            FineBins.of(rows) if self.with_fine_bins else None,
        )


@dataclass(frozen=True, slots=True)
class CalibrationTotals:
    """What is known of some rows without sorting them, as a mergeable state.

    Attributes
    ----------
    losses : LossTotals
        Of exact losses.
    bins : ReliabilityTotals or None
        None where the edges of the bins depend on all rows.
    fine : FineBins or None
        None where the rows are held.
    """

    losses: LossTotals
    bins: ReliabilityTotals | None
    fine: FineBins | None = None

    def __add__(self, other: CalibrationTotals) -> CalibrationTotals:
        """Merge with the totals of the rows that follow."""
        has_bins = self.bins is not None and other.bins is not None
        is_fine = self.fine is not None and other.fine is not None
        return CalibrationTotals(
            self.losses + other.losses,
            self.bins + other.bins if has_bins else None,  # type: ignore[operator]
            self.fine + other.fine if is_fine else None,  # type: ignore[operator]
        )
