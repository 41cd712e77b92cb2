"""The options that say what predictions must keep to pass.

=================  ==========================================================
option             meaning
=================  ==========================================================
--max-loss         highest mean loss
--min-skill        lowest skill
--max-brier        highest Brier score
--max-ece, --bins  highest expected calibration error, and its bins
--min-rows         fewest rows
--baseline, --budget
                   a saved report, and how much above its loss is allowed
--confident        judge by intervals
=================  ==========================================================
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from bce_cli.errors import UsageError
from bce_cli.safe_text import quoted

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate import Limits


def finite_number(text: str) -> float:
    """Read a limit.

    Raises
    ------
    typer.BadParameter
        It is no number, or none that is finite.

    Examples
    --------
    >>> finite_number("6.5e-1")
    0.65
    """
    number = _number(text)
    if number is None:
        point = text.replace(",", ".")
        hint = "" if _number(point) is None else f"; write {point}"
        message = f"{quoted(text)} is not a number{hint}"
        raise typer.BadParameter(message)
    if not math.isfinite(number):
        message = f"{quoted(text)} is not a finite number"
        raise typer.BadParameter(message)
    return number


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


MaxLossOpt = Annotated[
    float | None,
    typer.Option(
        "--max-loss",
        parser=finite_number,
        metavar="X",
        help="The mean loss must be at most X, in --unit.",
    ),
]
MinSkillOpt = Annotated[
    float | None,
    typer.Option(
        "--min-skill",
        parser=finite_number,
        metavar="X",
        help="The skill, the share of the base-rate loss that the model removes, must be at least "
        "X: 0 is no better than the base rate, 1 perfect.",
    ),
]
MaxBrierOpt = Annotated[
    float | None,
    typer.Option(
        "--max-brier",
        parser=finite_number,
        metavar="X",
        help="The Brier score must be at most X.",
    ),
]
MaxEceOpt = Annotated[
    float | None,
    typer.Option(
        "--max-ece",
        parser=finite_number,
        metavar="X",
        help="The expected calibration error, the mean distance between prediction and event rate "
        "over bins of equal width, must be at most X.",
    ),
]
BinsOpt = Annotated[
    int | None,
    typer.Option("--bins", metavar="N", min=1, max=1000, help="Bins of --max-ece: 10 by default."),
]
MinRowsOpt = Annotated[
    int | None,
    typer.Option(
        "--min-rows", metavar="N", min=1, help="There must be at least N rows, of weight above 0."
    ),
]
BaselineOpt = Annotated[
    str | None,
    typer.Option(
        "--baseline",
        metavar="FILE",
        help="The mean loss must be at most that in FILE, saved by bce compute --format json -o "
        "FILE under the same convention, plus --budget.",
    ),
]
BudgetOpt = Annotated[
    float | None,
    typer.Option(
        "--budget",
        parser=finite_number,
        metavar="D",
        help="How much above the baseline is allowed, in --unit: 0 by default.",
    ),
]
ConfidentOpt = Annotated[
    bool,
    typer.Option(
        "--confident",
        help="Judge by the 95 % interval: a check passes if all of it keeps the limit, fails if "
        "none of it does, and is undecided otherwise.",
    ),
]


@dataclass(frozen=True, slots=True)
class GateOptions:
    """What is to be checked."""

    max_loss: MaxLossOpt = None
    min_skill: MinSkillOpt = None
    max_brier: MaxBrierOpt = None
    max_ece: MaxEceOpt = None
    bins: BinsOpt = None
    min_rows: MinRowsOpt = None
    baseline: BaselineOpt = None
    budget: BudgetOpt = None
    confident: ConfidentOpt = False

    def limits(self, convention: Convention) -> Limits:
        """Return what is demanded; reads the baseline.

        Parameters
        ----------
        convention : Convention
            That of the losses, which the baseline must share.

        Raises
        ------
        UsageError
            Nothing is demanded, or what is impossible; or options contradict each other.
        DataError, InputError
            The baseline cannot be used.
        """
        if self.bins is not None and self.max_ece is None:
            message = "--bins goes with --max-ece"
            raise UsageError(message)
        if self.budget is not None and self.baseline is None:
            message = "--budget goes with --baseline"
            raise UsageError(message)
        from bce_cli.core.gate import DEFAULT_BINS, Limits  # noqa: PLC0415 -- not for --help
        from bce_cli.readers.saved_report import read_baseline  # noqa: PLC0415

        path = self.baseline
        return Limits(
            max_loss=self.max_loss,
            min_skill=self.min_skill,
            max_brier=self.max_brier,
            max_ece=self.max_ece,
            min_rows=self.min_rows,
            baseline=None if path is None else read_baseline(path, convention),
            budget=self.budget or 0.0,
            n_bins=self.bins or DEFAULT_BINS,
            confident=self.confident,
        )

    def paths_read(self) -> list[str]:
        """Return all paths that are read, and must not be overwritten."""
        return [] if self.baseline is None else [self.baseline]
