"""bce check: may this model pass?"""

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from bce_cli.cli.diagnostics import ExitCode, say
from bce_cli.cli.input import ScoredInput, SourcesArg, column_option, paths_or_help, refuse_column
from bce_cli.cli.options import EngineOptions, LossOptions
from bce_cli.cli.output import OutputOptions, quiet_option
from bce_cli.cli.parsing import OptionGroup, count_option, number_in
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate.limits import Limits
    from bce_cli.questions.inputs import Inputs

EXAMPLES = (
    ("bce check preds.csv --max-loss 0.65", "exit code 0 or 3"),
    ("bce check preds.csv --min-skill 0 --confident", "better than the base rate?"),
    ("bce check new.csv --against old.csv", "no worse than the old model"),
    ("bce check preds.csv --max-ece 0.05 -q", "nothing but the exit code"),
    ("bce check preds.csv --baseline saved.json", "no worse than a saved report"),
)
_USUAL_CONFIDENCE = 0.95
_CODES = {
    "passed": ExitCode.OK,
    "failed": ExitCode.GATE_FAILED,
    "undecided": ExitCode.GATE_UNDECIDED,
}


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
            Nothing is demanded, or what is impossible; or options contradict each other.
        DataError, InputError
            The baseline cannot be used.
        """
        if self.bins is not None and self.max_ece is None:
            message = "--bins goes with --max-ece"
            raise UsageError(message)
        if self.strategy is not None and self.max_ece is None:
            message = "--strategy goes with --max-ece"
            raise UsageError(message)
        for option, is_given in (
            ("--cluster", self.cluster is not None),
            ("--confidence", self.confidence != _USUAL_CONFIDENCE),
        ):
            if is_given and not self.confident:
                message = f"{option} goes with --confident"
                raise UsageError(message, "add --confident: without it there are no intervals")
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


def check(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    demanded: Demanded,
    inputs: ScoredInput,
    losses: LossOptions,
    out: OutputOptions,
    quiet: Annotated[
        bool,
        quiet_option("nothing but errors and doubts; a file of --output is written"),
    ] = False,
    engine: EngineOptions,
) -> None:
    """May this model pass? A gate for CI, by exit code.

    Give at least one limit. Exit code 0 means that every check has passed, 3 that one has failed,
    4 that none has failed but one is undecided, and 65 that the data are bad. An infinite loss
    never passes. --against pairs the rows of two models, and so tells smaller differences than
    --baseline.
    """
    paths = paths_or_help(ctx, sources)
    convention = losses.convention()
    limits = demanded.limits(convention)
    out.check()
    asked = demanded.asked(inputs.asked())
    data = asked.data(paths)
    saved = [] if demanded.baseline is None else [demanded.baseline]
    is_silent = quiet and out.path is None
    with engine.at_work(data, inputs, out, quiet=quiet, also_read=saved, is_silent=is_silent) as (
        job,
        stream,
    ):
        from bce_cli.questions.answers import check as judged  # noqa: PLC0415 -- not for --help

        document = judged(job, asked, paths, convention, losses.unit, limits)
        if not is_silent:
            stream.write(out.written(document))
    verdict = document.judgement.verdict
    out.tell([*(data.doubts if quiet else ()), *document.doubts], quiet=quiet)
    if not quiet and verdict != "passed" and not out.is_seen:
        say(f"check {verdict}: {document.reasons()}")
    raise typer.Exit(_CODES[verdict])
