"""bce report: all that can be told of predictions, on one page."""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Any

import typer

from bce_cli.cli.demanded import Demanded, end_judged
from bce_cli.cli.input import (
    ByOpt,
    ClusterOpt,
    CutOpt,
    ModelsInput,
    SourcesArg,
    column_option,
    parted,
    paths_or_help,
)
from bce_cli.cli.options import ConfidenceOpt, EngineOptions, UnitOpt
from bce_cli.cli.output import PageOptions, quiet_option
from bce_cli.cli.parsing import OptionGroup, count_option
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from bce_cli.questions.inputs import Inputs
    from bce_cli.questions.report import ReportPlan
    from bce_cli.storage.sources import Source

EXAMPLES = (
    ("bce report preds.csv -o report.html", "a page to send or to print"),
    ("bce report preds.csv -p new -p old -o r.html", "models compared"),
    ("bce report preds.csv --by country -o r.html", "for each country"),
    ("bce report preds.csv --max-loss 0.6 -o r.html", "with checks: exit code 0, 3"),
    ("bce report new.csv --against old.csv -o r.md", "short, for a pull request"),
    ("bce report log/*.parquet --fine-bins -o r.html", "any number of rows"),
)
_NOT_ASKED = frozenset(
    (
        *("sources", "output_format", "output", "picture_format", "stamp", "quiet"),
        *("workers", "engine", "scheduler"),
    )
)
"""What a page does not tell of its command line."""
_MOST_WORST = 1000
"""Rows that a page may show; more would make it large."""


class PageDemands(Demanded):
    """What predictions are held to, where intervals and bins are those of the whole page."""

    bins: Annotated[
        int | None,
        count_option(
            "--bins", "Bins of the reliability table, and for --max-ece. Else 10.", 1000, least=1
        ),
    ] = None
    cluster: ClusterOpt = None
    confidence: ConfidenceOpt = 0.95

    def check(self, predictions: "Sequence[str]") -> None:
        """Refuse options that contradict each other, or would do nothing."""
        if self.confident and not self.has_any:
            message = "--confident is for checks, and there is none"
            raise UsageError(message, "give a limit, such as --max-loss 0.65")
        if self.against is not None and len(predictions) > 1:
            message = "--against adds one model to one, and -p was given more than once"
            raise UsageError(message, "give -p once, or name all models of SOURCE by -p")


class Wanted(OptionGroup):
    """What else is to stand on the page."""

    unit: UnitOpt = "nats"
    fine_bins: Annotated[
        bool,
        typer.Option(
            "--fine-bins",
            help="Hold no rows, but bins of predictions whose odds differ by 6.25 % at most; "
            "without advice on recalibration.",
        ),
    ] = False
    id_column: Annotated[
        str | None, column_option("--id", what="Names of the rows that --worst shows.")
    ] = None
    by: ByOpt = None
    cut: CutOpt = None
    worst: Annotated[
        int,
        count_option(
            "--worst",
            "Show the N costliest rows. Else no row of the data is on the page.",
            _MOST_WORST,
        ),
    ] = 0
    stamp: Annotated[
        bool, typer.Option("--stamp", help="Tell when the page was made; each is another then.")
    ] = False

    def check(self, inputs: ModelsInput, *, has_rival: bool) -> None:
        """Refuse names of rows that are neither shown nor compared with those of another file."""
        has_files = has_rival or inputs.labels is not None
        if self.id_column is not None and not (self.worst or has_files):
            message = "--id goes with --worst"
            raise UsageError(message, "without it no row is shown")

    def asked(self, inputs: "Inputs") -> "Inputs":
        """Return what is to be read, with the names and the segments of rows."""
        return parted(replace(inputs, id=self.id_column), self.by, self.cut)


def report(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    inputs: ModelsInput,
    wanted: Wanted,
    demanded: PageDemands,
    out: PageOptions,
    quiet: Annotated[
        bool,
        quiet_option("nothing but errors and doubts on standard error; the page is written"),
    ] = False,
    engine: EngineOptions,
) -> None:
    """What can be told of predictions, on one page to send or print?

    The loss and what it is made of, models compared, calibration, advice, segments and checks, in
    words, tables and pictures. The page is one small file without scripts; it loads nothing and
    shows no row of the data but with --worst. Of several models the first is judged; with limits
    the exit code is that of bce check.
    """
    paths = paths_or_help(ctx, sources)
    demanded.check(inputs.predictions)
    wanted.check(inputs, has_rival=demanded.against is not None)
    out.check()
    saved = _saved(demanded)
    plan = _plan(wanted, demanded)
    asked = _asked(inputs, wanted, demanded)
    data = asked.data(paths)
    also_read = [source.local_path or source.path for source in saved]
    with engine.at_work(data, inputs, out, quiet=quiet, also_read=also_read) as (job, stream):
        from bce_cli.questions.making import making_of, now  # noqa: PLC0415 -- not for --help
        from bce_cli.questions.report import report as reported  # noqa: PLC0415

        document = reported(job, asked, paths, plan)
        command = " ".join(_command(ctx, paths))
        making = making_of(data, saved, command, now() if wanted.stamp else None)
        document = replace(document, making=making)
        stream.write(out.page(document))
    out.tell([*(data.doubts if quiet else ()), *document.doubts], quiet=quiet)
    if document.check is not None:
        end_judged(document.check, is_told=quiet or out.is_seen)


def _asked(inputs: ModelsInput, wanted: Wanted, demanded: PageDemands) -> "Inputs":
    """Return what is to be read: columns of models, or one beside that which it is held against."""
    asked = demanded.asked(wanted.asked(inputs.asked()))
    return replace(asked, least_models=None) if demanded.against is not None else asked


def _saved(demanded: PageDemands) -> "list[Source]":
    """Return the report that predictions are held to, as it is now; none without one."""
    if not demanded.baseline:
        return []
    from bce_cli.storage.sources import Source  # noqa: PLC0415 -- not for --help

    return [Source(demanded.baseline).looked_at()]


def _plan(wanted: Wanted, demanded: PageDemands) -> "ReportPlan":
    """Return what is to be found out; reads the baseline.

    Raises
    ------
    UsageError, ArgumentError
        Options contradict each other, or are outside their domains.
    DataError, InputError
        The baseline cannot be used.
    """
    from bce_cli.core.calibration.plan import CalibrationPlan  # noqa: PLC0415 -- not for --help
    from bce_cli.core.conventions import EXACT  # noqa: PLC0415 -- as above
    from bce_cli.questions.report import ReportPlan  # noqa: PLC0415 -- as above

    is_held = demanded.has_any or demanded.budget is not None
    limits = demanded.limits(EXACT) if is_held else None
    calibration = CalibrationPlan(
        wanted.unit,
        strategy=demanded.strategy or "uniform",
        with_fine_bins=wanted.fine_bins,
        confidence=demanded.confidence,
    )
    if demanded.bins is not None:
        calibration = replace(calibration, n_bins=demanded.bins)
    return ReportPlan(wanted.unit, demanded.confidence, wanted.worst, calibration, limits)


def _command(ctx: typer.Context, paths: "Sequence[str]") -> "Iterator[str]":
    """Yield the words of a command line that asks the same of the same rows, without secrets.

    Left out is what is as usual, where the page goes, and what does the work: pages that differ in
    these alone are the same.
    """
    from shlex import quote  # noqa: PLC0415 -- not for --help

    from bce_cli.questions.making import MOST_LISTED  # noqa: PLC0415 -- as above
    from bce_cli.storage.paths import without_secrets  # noqa: PLC0415 -- as above

    named = [quote(without_secrets(f"./{p}" if p[:1] == "-" < p else p)) for p in paths]
    yield ctx.command_path
    yield from named if len(named) <= MOST_LISTED else (named[0], "...", named[-1])
    options: list[Any] = ctx.command.params
    for option in options:
        value = ctx.params.get(option.name)
        if option.name in _NOT_ASKED or value in (option.default, None, (), []):
            continue
        name = min(option.opts, key=len)
        if option.is_flag:
            yield name
            continue
        for each in value if isinstance(value, list | tuple) else [value]:
            yield name
            yield quote(without_secrets(str(each).removesuffix(".0" * isinstance(each, float))))
