"""bce compute: how good are these predictions, row by row and on average?"""

from collections.abc import Sequence
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Annotated, cast

import typer

from bce_cli.cli.input import (
    ByOpt,
    ClusterOpt,
    CutOpt,
    IdOpt,
    ScoredInput,
    SourcesArg,
    parted,
    paths_or_help,
)
from bce_cli.cli.options import ConfidenceOpt, EngineOptions, SideBySideLossOptions
from bce_cli.cli.output import MOST_ROWS, RowOutputOptions, quiet_option
from bce_cli.cli.parsing import OptionGroup, count_option
from bce_cli.core.arguments import check_confidence
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.core.evaluation import Plan
    from bce_cli.core.report import LossReport
    from bce_cli.engine.run import Job
    from bce_cli.questions.inputs import Inputs
    from bce_cli.render.rows import RowFormat

EXAMPLES = (
    ("bce compute preds.csv", "columns y and p"),
    ("bce compute preds.csv -l bought -p score_b", "other columns"),
    ("bce compute sub.csv --labels sol.csv --on id --like kaggle", "as Kaggle scores"),
    ("bce compute preds.csv --by country", "for each country"),
    ("bce compute preds.csv --by age --cut 18,30,65", "for each interval"),
    ("bce compute preds.csv --worst 10", "the costliest rows"),
    ("bce compute preds.csv -o report.json", "for programs"),
)
_ROW_BLOCK_BYTES = 1 << 20  # rows as text take several times the room


class NamedInput(ScoredInput):
    """Labels and predictions to score, and what names their rows or puts them together."""

    id_column: IdOpt = None
    cluster: ClusterOpt = None

    def asked(self) -> "Inputs":
        """Return the same, as questions have it."""
        return replace(super().asked(), id=self.id_column, cluster=self.cluster)


class Shown(OptionGroup):
    """Which rows, or groups of rows, are shown."""

    rows: Annotated[
        int,
        count_option("--rows", "First rows to show in the table.", MOST_ROWS),
    ] = 5
    worst: Annotated[
        int,
        count_option(
            "--worst",
            "Rows of highest loss to show as well; in csv, alone.",
            MOST_ROWS,
        ),
    ] = 0
    by: ByOpt = None
    cut: CutOpt = None


def compute(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    inputs: NamedInput,
    losses: SideBySideLossOptions,
    confidence: ConfidenceOpt = 0.95,
    shown: Shown,
    out: RowOutputOptions,
    quiet: Annotated[bool, quiet_option("the mean loss alone")] = False,
    engine: EngineOptions,
) -> None:
    """How good are these predictions, row by row and on average?

    The mean binary cross-entropy (log loss), exactly, with its interval; what the base rate
    would cost; the likelihood, a product that underflows, beside the sum of logs that does not.
    """
    paths = paths_or_help(ctx, sources)
    _check(shown, losses, out, engine, quiet=quiet, cluster=inputs.cluster)
    conventions = losses.conventions()
    asked = parted(inputs.asked(), shown.by, shown.cut)
    data = asked.data(paths, _row_block_bytes(out) if out.per_example else None)
    is_told = not out.per_example
    doubtful: Sequence[str] = ()
    with engine.at_work(data, inputs, out, quiet=quiet, is_told=is_told) as (job, stream):
        if out.per_example:
            _write_rows(job, conventions[0], losses, inputs, out, stream)
        elif quiet:
            from bce_cli.questions.answers import mean_loss  # noqa: PLC0415

            check_confidence(confidence)
            mean, report = mean_loss(job, conventions[0], losses.unit)
            doubtful = _doubts(report)
            stream.write(f"{mean!r}\n".encode())
        else:
            from bce_cli.questions.answers import compute as evaluated  # noqa: PLC0415

            plan = _plan(conventions, shown, out)
            found = evaluated(job, asked, plan, losses.unit, confidence)
            doubtful = _doubts(found.report)
            stream.write(out.written(found.document(job, paths)))
    out.tell([*(data.doubts if quiet else ()), *doubtful], quiet=quiet)


def _check(
    shown: Shown,
    losses: SideBySideLossOptions,
    out: RowOutputOptions,
    engine: EngineOptions,
    *,
    quiet: bool,
    cluster: str | None,
) -> None:
    """Refuse options of the output that contradict each other."""
    every, worst, by, like_all = out.per_example, shown.worst, shown.by, losses.like == "all"
    others = "--quiet, --per-example, --worst"
    message = ""
    if quiet and (every or worst):
        message = "--quiet prints one number alone; it goes with neither --per-example nor --worst"
    elif every and worst:
        message = "--per-example and --worst are two different outputs"
    elif like_all and (quiet or every or worst):
        message = f"--like all is a table of its own; it goes with no {others}"
    elif by and (quiet or every or worst or like_all):
        message = f"--by is a table of its own; it goes with no {others}, --like all"
    elif every and cluster is not None:
        message = "--cluster is for intervals, and --per-example writes none"
    if message:
        raise UsageError(message)
    if every:
        _check_rows(out, engine)
    out.check(is_number=quiet)


def _check_rows(out: RowOutputOptions, engine: EngineOptions) -> None:
    """Refuse what does not go with every row."""
    if out.brief:
        message = "--per-example writes every row, and --brief none"
        raise UsageError(message)
    if engine.engine == "dask":
        message = "--per-example writes rows in their order, which --engine dask does not keep"
        raise UsageError(message, "--engine local writes them")


def _row_block_bytes(out: RowOutputOptions) -> int:
    return _ROW_BLOCK_BYTES * (2 if out.text_format in ("csv", "parquet") else 1)


def _write_rows(
    job: "Job",
    convention: "Convention",
    losses: SideBySideLossOptions,
    inputs: NamedInput,
    out: RowOutputOptions,
    stream: IO[bytes],
) -> None:
    """Write every row with its loss."""
    from bce_cli.engine.run import format_rows  # noqa: PLC0415

    has_ids, has_weights = inputs.id_column is not None, inputs.weight is not None
    if out.is_parquet:
        from bce_cli.render.rows import RowTable, parquet_writer  # noqa: PLC0415

        table = RowTable(losses.unit, has_ids, has_weights, inputs.soft_labels)
        with parquet_writer(stream, table.schema, whole=table.whole) as writer:
            for rows in format_rows(job, convention, table.rows):
                writer.write_table(rows)
        return
    from bce_cli.render.rows import RowStream  # noqa: PLC0415

    text = RowStream(
        cast("RowFormat", out.text_format),
        losses.unit,
        has_ids=has_ids,
        has_weights=has_weights,
        soft_labels=inputs.soft_labels,
        excel_safe=out.excel_safe,
        width=out.look.width,
    )
    stream.write(text.header())
    for lines in format_rows(job, convention, text.rows):
        stream.writelines(lines)


def _plan(
    conventions: "tuple[Convention, tuple[Convention, ...]]",
    shown: Shown,
    out: RowOutputOptions,
) -> "Plan":
    """Return what is to be found out; what is not shown is not looked for."""
    from bce_cli.core.evaluation import Plan  # noqa: PLC0415 -- --help needs no NumPy

    convention, compared = conventions
    is_short = out.brief and out.is_prose
    has_product = not (compared or shown.by or is_short)
    return Plan(
        convention,
        with_product=has_product,
        n_first=(shown.rows or None) if out.is_prose and has_product else None,
        n_worst=shown.worst,
        compared=compared,
    )


def _doubts(report: "LossReport | None") -> "Sequence[str]":
    """Say what makes a report look like one that was not meant."""
    if report is None or not (report.are_classes or report.is_reversed):
        return ()
    from bce_cli.render.origin import doubts  # noqa: PLC0415 -- rarely needed

    return doubts(report)
