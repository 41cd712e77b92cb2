"""What a report on calibration is to find out, and the sums that need no order of the rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypeAlias, get_args

from bce_cli.core.arguments import check_choice, check_confidence, check_whole
from bce_cli.core.calibration.bins import MOST_BINS, ReliabilityTotals, uniform_edges
from bce_cli.core.calibration.decomposition import OwnLosses
from bce_cli.core.calibration.fine_bins import FineBins
from bce_cli.core.conventions import EXACT
from bce_cli.core.cross_moments import CrossMoments
from bce_cli.core.report import check_unit
from bce_cli.core.state import State
from bce_cli.core.totals import LossTotals
from bce_cli.errors import ArgumentError, argument
from bce_cli.lean_dataclass import dataclass

if TYPE_CHECKING:
    from bce_cli.core.report import Unit
    from bce_cli.core.rows import Rows

Strategy: TypeAlias = Literal["uniform", "quantile"]

_MOST_REPLICATES = 10_000


@dataclass(frozen=True, slots=True)
class CalibrationPlan:
    """What to find out.

    Attributes
    ----------
    unit : {"nats", "bits"}
        Of the log loss and its parts.
    n_bins : int
        Of the reliability table, 1 to 1000.
    strategy : {"uniform", "quantile"}
        Bins of equal width, or of about as many rows each; of these there are fewer where there
        are fewer different predictions.
    n_bootstrap : int
        Replicates, at most 10,000; 0 for none.
    seed : int
        For these; 0 or more.
    with_fine_bins : bool
        Whether to sum up rows in fine bins rather than to hold and sort them; without bootstrap.
    confidence : float
        Of every interval, in (0, 1); what strays beyond it is judged to be no chance.

    Raises
    ------
    ArgumentError
        One of them is outside its domain.

    Examples
    --------
    >>> CalibrationPlan(strategy="quantil")
    Traceback (most recent call last):
    ...
    bce_cli.errors.ArgumentError: strategy 'quantil' is not known; did you mean 'quantile'?
    known are uniform, quantile
    """

    unit: Unit = "nats"
    n_bins: int = 10
    strategy: Strategy = "uniform"
    n_bootstrap: int = 0
    seed: int = 0
    with_fine_bins: bool = False
    confidence: float = 0.95

    def __post_init__(self) -> None:
        check_unit(self.unit)
        check_whole("n_bins", self.n_bins, least=1, most=MOST_BINS)
        check_choice("strategy", self.strategy, get_args(Strategy))
        check_whole("n_bootstrap", self.n_bootstrap, least=0, most=_MOST_REPLICATES)
        check_whole("seed", self.seed, least=0)
        check_confidence(self.confidence)
        if self.with_fine_bins and self.n_bootstrap:
            samples, fine = argument("n_bootstrap"), argument("with_fine_bins")
            message = f"{samples} draws samples of the rows, and {fine} does not hold them"
            raise ArgumentError(message)

    def totals_of(self, rows: Rows) -> CalibrationTotals:
        """Sum up some rows."""
        losses, reversed_losses = EXACT.losses_both_ways(rows)
        totals = LossTotals.of(rows, losses, EXACT, reversed_losses)
        own = None if self.with_fine_bins else OwnLosses.of(rows, losses, totals)
        is_uniform = self.strategy == "uniform"
        return CalibrationTotals(
            totals,
            ReliabilityTotals.of(rows, uniform_edges(self.n_bins)) if is_uniform else None,
            FineBins.of(rows) if self.with_fine_bins else None,
            CrossMoments.of(rows, losses, totals) if rows.cluster is None else CrossMoments(),
            own,
        )


@dataclass(frozen=True, slots=True)
class CalibrationTotals(State):
    """What is known of some rows without sorting them, as a mergeable state.

    Attributes
    ----------
    losses : LossTotals
        Of exact losses.
    bins : ReliabilityTotals or None
        None where the edges of the bins depend on all rows.
    fine : FineBins or None
        None where the rows are held.
    moments : CrossMoments
        What standard errors are made of; zero where rows are in clusters.
    own : OwnLosses or None
        None where no rows are held.
    """

    losses: LossTotals
    bins: ReliabilityTotals | None
    fine: FineBins | None
    moments: CrossMoments
    own: OwnLosses | None
