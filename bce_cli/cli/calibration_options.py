"""The options of `bce calibration` alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from bce_cli.core.calibration.report import CalibrationPlan
    from bce_cli.core.report import Unit

_MOST_BINS = 1000
_MOST_REPLICATES = 10_000

BinsOpt = Annotated[
    int,
    typer.Option(
        "--bins", metavar="N", min=1, max=_MOST_BINS, help="Bins of the reliability table."
    ),
]
StrategyOpt = Annotated[
    Literal["uniform", "quantile"],
    typer.Option("--strategy", help="Bins of equal width, or of about as many rows each."),
]
BootstrapOpt = Annotated[
    int,
    typer.Option(
        "--bootstrap",
        metavar="N",
        min=0,
        max=_MOST_REPLICATES,
        help="Resample the rows N times, 1000, say: how the parts of the loss vary, and how much "
        "miscalibration is chance.",
    ),
]
ReplicateSeedOpt = Annotated[
    int,
    typer.Option("--seed", metavar="SEED", min=0, help="Resample them with this seed."),
]
FineBinsOpt = Annotated[
    bool,
    typer.Option(
        "--fine-bins",
        help="Hold no rows, but sum them up in bins of predictions whose odds differ by 6.25 % at "
        "the most (by more only about one in a million or nearer to 0 or 1), and recalibrate the "
        "mean predictions of these. Memory is the same for any number of rows, on either engine.",
    ),
]
DiagramOpt = Annotated[
    str | None,
    typer.Option(
        "--plot",
        metavar="FILE",
        help="Draw the reliability diagram into FILE as well: .png, .svg or .pdf (needs "
        "matplotlib).",
    ),
]
QuietPartOpt = Annotated[
    bool,
    typer.Option(
        "--quiet", "-q", help="Print the miscalibration of the log loss alone, and no notes."
    ),
]


@dataclass(frozen=True, slots=True)
class CalibrationOptions:
    """What is to be found out."""

    bins: BinsOpt = 10
    strategy: StrategyOpt = "uniform"
    bootstrap: BootstrapOpt = 0
    seed: ReplicateSeedOpt = 0
    fine_bins: FineBinsOpt = False

    def plan(self, unit: Unit) -> CalibrationPlan:
        """Return the same, as the core has it.

        Raises
        ------
        UsageError
            The options contradict each other.
        """
        from bce_cli.core.calibration.report import CalibrationPlan  # noqa: PLC0415 -- not for help

        return CalibrationPlan(
            unit, self.bins, self.strategy, self.bootstrap, self.seed, self.fine_bins
        )
