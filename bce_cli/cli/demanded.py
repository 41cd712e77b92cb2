"""The options that say what predictions must keep to pass, for commands that judge them so."""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal, NoReturn

import typer

from bce_cli.cli.diagnostics import ExitCode, say
from bce_cli.cli.input import column_option, refuse_column
from bce_cli.cli.parsing import OptionGroup, count_option, number_in
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate.limits import Limits
    from bce_cli.questions.inputs import Inputs
    from bce_cli.render.check import CheckDocument

_CODES = {
    "passed": ExitCode.OK,
    "failed": ExitCode.GATE_FAILED,
    "undecided": ExitCode.GATE_UNDECIDED,
}
"""How a command ends that has judged."""
_LIMITS = (
    *("max_loss", "min_skill", "max_brier", "min_auc", "max_miscalibration", "max_ece"),
    *("min_rows", "baseline", "against", "against_column"),
)


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
    number = number_in(text)
    if number is None or not math.isfinite(number):
        message = "must be a finite number"
        raise typer.BadParameter(message)
    return number


def _limit(name: str, what: str, metavar: str = "X") -> Any:  # noqa: ANN401 -- as Typer has it
    return typer.Option(name, parser=finite_number, metavar=metavar, help=what)


class Demanded(OptionGroup):
    """What predictions must keep to pass."""

    max_loss: Annotated[
        float | None, _limit("--max-loss", "Mean loss must be at most X, in --unit.")
    ] = None
    min_skill: Annotated[
        float | None,
        _limit(
            "--min-skill",
            "Skill, 1 - loss / base-rate loss, must be at least X.",
        ),
    ] = None
    max_brier: Annotated[float | None, _limit("--max-brier", "Brier score must be at most X.")] = (
        None
    )
    min_auc: Annotated[
        float | None, _limit("--min-auc", "Area under the ROC curve must be at least X.")
    ] = None
    max_miscalibration: Annotated[
        float | None,
        _limit(
            "--max-miscalibration",
            "What recalibration could take off the mean loss must be at most X, in --unit.",
        ),
    ] = None
    max_ece: Annotated[
        float | None,
        _limit(
            "--max-ece",
            "Expected calibration error must be at most X.",
        ),
    ] = None
    bins: Annotated[
        int | None,
        count_option("--bins", "Bins for --max-ece. Else 10.", 1000, least=1),
    ] = None
    strategy: Annotated[
        Literal["uniform", "quantile"] | None,
        typer.Option(
            "--strategy",
            metavar="RULE",
            help="Their kind: of equal width (uniform), or of about as many rows each (quantile). "
            "Else uniform.",
            show_default=False,
        ),
    ] = None
    min_rows: Annotated[
        int | None,
        count_option("--min-rows", "There must be at least N rows of weight above 0.", least=1),
    ] = None
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="Mean loss must be at most that of bce compute -o FILE.",
        ),
    ] = None
    against: Annotated[
        str | None,
        typer.Option(
            "--against",
            metavar="SOURCE",
            help="Mean loss must be at most that of these predictions, paired row by row, in one "
            "order or by --on.",
        ),
    ] = None
    against_column: Annotated[
        str | None,
        typer.Option(
            "--against-column",
            metavar="COLUMN",
            help="Of those predictions; without --against, a column of SOURCE itself.",
        ),
    ] = None
    budget: Annotated[
        float | None,
        _limit(
            "--budget",
            "What it may be more than --against or the baseline, in --unit. Else 0.",
            "D",
        ),
    ] = None
    confident: Annotated[
        bool,
        typer.Option(
            "--confident",
            help="Judge by intervals: if some of it keeps the limit and some does not, it is "
            "undecided.",
        ),
    ] = False
    cluster: Annotated[
        str | None,
        column_option("--cluster", what="With --confident: rows of one user or day, say, depend."),
    ] = None
    confidence: Annotated[
        float,
        typer.Option(
            "--confidence", metavar="LEVEL", help="With --confident: of intervals, in (0, 1)."
        ),
    ] = 0.95

    def limits(self, convention: "Convention") -> "Limits":
        """Return the same, as the core has it; reads the baseline.

        Parameters
        ----------
        convention : Convention
            That of the losses, which the baseline must share.

        Raises
        ------
        UsageError
            Nothing is demanded, or what is impossible; or a budget is that of nothing.
        DataError, InputError
            The baseline cannot be used.
        """
        if self.budget is not None and self.baseline is None and not self.has_rival:
            message = "--budget goes with --against, --against-column or --baseline"
            raise UsageError(message)
        if self.baseline == "":
            message = "--baseline must not be empty"
            raise UsageError(message)
        from bce_cli.core.gate.limits import DEFAULT_BINS, Limits  # noqa: PLC0415 -- not for --help
        from bce_cli.readers.saved import read_baseline  # noqa: PLC0415

        path = self.baseline
        limits = Limits(
            max_loss=self.max_loss,
            min_skill=self.min_skill,
            max_brier=self.max_brier,
            max_ece=self.max_ece,
            min_rows=self.min_rows,
            baseline=None if path is None else read_baseline(path, convention),
            budget=self.budget or 0.0,
            n_bins=self.bins or DEFAULT_BINS,
            confident=self.confident,
            against=self.has_rival,
            confidence=self.confidence,
            strategy=self.strategy or "uniform",
            min_auc=self.min_auc,
            max_miscalibration=self.max_miscalibration,
        )
        limits.check_convention(convention)
        return limits

    @property
    def has_any(self) -> bool:
        """Whether anything is demanded."""
        return any(getattr(self, name) is not None for name in _LIMITS)

    @property
    def has_rival(self) -> bool:
        """Whether the predictions are held against others, row by row."""
        return self.against is not None or self.against_column is not None

    def asked(self, inputs: "Inputs") -> "Inputs":
        """Return what is to be read, with the predictions that are held against.

        Raises
        ------
        InputError
            They are not there, and seem to be those of a column.
        """
        if self.against:
            refuse_column(self.against, "--against-column")
        against = () if self.against is None else (self.against,)
        return replace(
            inputs, against=against, against_column=self.against_column, cluster=self.cluster
        )


def end_judged(document: "CheckDocument", *, is_told: bool) -> NoReturn:
    """End a command with the exit code of its verdict.

    Parameters
    ----------
    document : CheckDocument
    is_told : bool
        Whether the reasons are read already, or nobody wants them; else they are told.

    Raises
    ------
    typer.Exit
        Always.
    """
    verdict = document.judgement.verdict
    if not is_told and verdict != "passed":
        say(f"check {verdict}: {document.reasons()}")
    raise typer.Exit(_CODES[verdict])
