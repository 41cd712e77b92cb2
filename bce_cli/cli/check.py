"""bce check: may this model pass?"""

import math
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bce_cli.cli.diagnostics import ExitCode, say
from bce_cli.cli.input import ScoredInput, SourcesArg, paths_or_help
from bce_cli.cli.options import EngineOptions, LossOptions
from bce_cli.cli.output import OutputOptions, quiet_option
from bce_cli.cli.parsing import OptionGroup, count_option
from bce_cli.errors import UsageError, quoted

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate import Limits

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


def _limit(name: str, what: str, metavar: str = "X") -> Any:  # noqa: ANN401 -- as Typer has it
    return typer.Option(name, parser=finite_number, metavar=metavar, help=what)


class Demanded(OptionGroup):
    """What predictions must keep to pass."""

    max_loss: Annotated[
        float | None, _limit("--max-loss", "The mean loss must be at most X, in --unit.")
    ] = None
    min_skill: Annotated[
        float | None,
        _limit(
            "--min-skill",
            "The skill, the share of the base-rate loss that the model removes, must be at least "
            "X: 0 is no better than the base rate, 1 perfect.",
        ),
    ] = None
    max_brier: Annotated[
        float | None, _limit("--max-brier", "The Brier score must be at most X.")
    ] = None
    max_ece: Annotated[
        float | None,
        _limit(
            "--max-ece",
            "The expected calibration error, the mean distance between prediction and event rate "
            "over bins of equal width, must be at most X.",
        ),
    ] = None
    bins: Annotated[
        int | None,
        count_option("--bins", "Bins of --max-ece: 10 by default.", 1000, least=1),
    ] = None
    min_rows: Annotated[
        int | None,
        count_option("--min-rows", "There must be at least N rows, of weight above 0.", least=1),
    ] = None
    baseline: Annotated[
        str | None,
        typer.Option(
            "--baseline",
            metavar="FILE",
            help="The mean loss must be at most that in FILE, saved by bce compute --format json "
            "-o FILE under the same convention, plus --budget.",
        ),
    ] = None
    budget: Annotated[
        float | None,
        _limit("--budget", "How much above the baseline is allowed, in --unit: 0 by default.", "D"),
    ] = None
    confident: Annotated[
        bool,
        typer.Option(
            "--confident",
            help="Judge by the 95 % interval: a check passes if all of it keeps the limit, fails "
            "if none of it does, and is undecided otherwise.",
        ),
    ] = False

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
        if self.budget is not None and self.baseline is None:
            message = "--budget goes with --baseline"
            raise UsageError(message)
        if self.baseline == "":
            message = "--baseline must not be empty"
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
        quiet_option("nothing but errors: the exit code tells. A file of --output is written"),
    ] = False,
    engine: EngineOptions,
) -> None:
    """Hold predictions to limits, and tell by the exit code.

    Give at least one limit. Exit code 0 means that every check has passed, 3 that one has failed,
    4 that none has failed but one is undecided. A loss that is infinite, or a skill that is
    undefined because all labels are the same, never passes. Every row is read, and bad data is an
    error, whatever the checks say.

    With --confident the intervals are judged, with rows taken as independent: of loss, skill and
    Brier score by the normal approximation, of the calibration error by a band that allows for its
    bias. Where rows show no spread, as a constant prediction may, there is no interval, and the
    check is undecided. Against a baseline the difference of the mean losses is judged, as of
    independent samples; for two models on the same rows, bce compare tells smaller ones.

    Examples:

      bce check preds.csv --max-loss 0.65 --min-skill 0.02

      bce check preds.csv --baseline baseline.json --budget 0.005

      bce check preds.parquet --max-ece 0.05 --min-rows 1000 --confident -q
    """
    paths = paths_or_help(ctx, sources)
    convention = losses.convention()
    limits = demanded.limits(convention)
    data = inputs.data(paths)
    saved = [] if demanded.baseline is None else [demanded.baseline]
    is_silent = quiet and out.path is None
    with engine.at_work(data, inputs, out, quiet=quiet, also_read=saved, is_silent=is_silent) as (
        job,
        stream,
    ):
        from bce_cli.core.gate import GateTotals, judge  # noqa: PLC0415 -- not for --help
        from bce_cli.engine.run import fold_rows  # noqa: PLC0415
        from bce_cli.render.check import CheckDocument  # noqa: PLC0415

        totals = fold_rows(job, partial(GateTotals.of, limits=limits, convention=convention))
        judgement = judge(totals, limits, losses.unit)
        origin = inputs.origin(data, paths)
        document = CheckDocument(origin, convention, limits, judgement)
        if not is_silent:
            stream.write(out.written(document))
    verdict = judgement.verdict
    if not quiet:
        out.tell(document.doubts, quiet=False)
    if not quiet and verdict != "passed":
        say(f"check {verdict}: {document.reasons()}")
    raise typer.Exit(_CODES[verdict])
