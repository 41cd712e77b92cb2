"""bce compute: how good are these predictions, row by row and on average?"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import typer

from bce_cli.cli.diagnostics import ExitCode, note_columns
from bce_cli.cli.options import (
    ClipOpt,
    Color,
    ColorOpt,
    FormatOpt,
    IdOpt,
    LabelOpt,
    LikeOpt,
    OutputOpt,
    PerExampleOpt,
    PredictionOpt,
    QuietOpt,
    RowsOpt,
    SourcesArg,
    UnitOpt,
    WorkersOpt,
    WorstOpt,
)
from bce_cli.cli.output import staged_output
from bce_cli.cli.progress import ProgressBar
from bce_cli.cli.terminal import encoding_of, look_for
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.core.conventions import Convention
    from bce_cli.engine.run import Job
    from bce_cli.readers.columns import Columns


_ROW_BLOCK_BYTES = 1 << 20  # rows as text take several times the room


@dataclass(frozen=True, slots=True)
class _Wish:
    """The options that shape the output."""

    output_format: FormatOpt
    unit: UnitOpt
    n_first: int
    n_worst: int
    compared: tuple[Convention, ...]
    output: str | None
    quiet: bool
    color: Color


def compute(
    ctx: typer.Context,
    sources: SourcesArg = None,
    label: LabelOpt = None,
    prediction: PredictionOpt = None,
    id_column: IdOpt = None,
    unit: UnitOpt = "nats",
    like: LikeOpt = "exact",
    clip: ClipOpt = None,
    output_format: FormatOpt = "table",
    per_example: PerExampleOpt = False,
    rows: RowsOpt = 5,
    worst: WorstOpt = 0,
    output: OutputOpt = None,
    quiet: QuietOpt = False,
    workers: WorkersOpt = None,
    color: ColorOpt = Color.AUTO,
) -> None:
    """Judge predictions, row by row and on average.

    Computes the binary cross-entropy (log loss) of every row and their mean, exactly. The report
    shows the mean with its 95 % interval, what the base rate would have cost, the raw
    likelihood product underflowing beside the stable sum of logarithms, and rows of the data.

    Examples:

      bce compute preds.csv

      zcat preds.csv.gz | bce compute --format json

      bce compute preds.csv --per-example -f csv -o losses.csv
    """
    paths = _paths_or_help(ctx, sources)
    output = None if output == "-" else output
    if quiet and (per_example or worst):
        message = "--quiet prints one number alone; it goes with neither --per-example nor --worst"
        raise UsageError(message)
    if per_example and worst:
        message = "--per-example and --worst are two different outputs"
        raise UsageError(message)
    if like == "all" and (quiet or per_example or worst):
        message = (
            "--like all is a table of its own; it goes with no --quiet, --per-example, --worst"
        )
        raise UsageError(message)
    from bce_cli.cli.conventions import chosen  # noqa: PLC0415 -- --help needs no NumPy
    from bce_cli.engine.local import default_workers  # noqa: PLC0415
    from bce_cli.engine.run import Job  # noqa: PLC0415
    from bce_cli.readers.columns import ColumnChoice  # noqa: PLC0415
    from bce_cli.readers.csv_blocks import BLOCK_BYTES  # noqa: PLC0415

    convention, compared = chosen(like, clip)
    wish = _Wish(output_format, unit, rows, worst, compared, output, quiet, color)
    found: list[Columns] = []
    with ProgressBar(enabled=not quiet) as progress, staged_output(output, paths) as stream:
        job = Job(
            paths=paths,
            choice=ColumnChoice(label, prediction, id_column),
            n_workers=workers or default_workers(),
            announce=found.append,
            progress=progress,
            block_bytes=_ROW_BLOCK_BYTES if per_example else BLOCK_BYTES,
        )
        if per_example:
            _write_rows(job, convention, wish, stream)
        else:
            _write_report(job, convention, wish, found, stream)
        if not quiet and (per_example or output_format in ("json", "csv")):
            note_columns(found[0], job.choice)  # the other formats tell


def _paths_or_help(ctx: typer.Context, sources: list[str] | None) -> list[str]:
    """Return the sources; in a pipe, standard input; on a terminal, show help and stop."""
    if sources:
        return sources
    if sys.stdin is not None and not sys.stdin.isatty():
        return ["-"]
    typer.echo(ctx.get_help(), err=True)
    raise typer.Exit(ExitCode.USAGE)


def _write_rows(job: Job, convention: Convention, wish: _Wish, stream: IO[bytes]) -> None:
    from bce_cli.engine.run import format_rows  # noqa: PLC0415
    from bce_cli.render.row_stream import RowStream  # noqa: PLC0415

    rows = RowStream(wish.output_format, wish.unit, has_ids=job.choice.id is not None)
    stream.write(rows.header())
    for lines in format_rows(job, convention, rows.rows):
        stream.write(lines)


def _write_report(
    job: Job, convention: Convention, wish: _Wish, found: list[Columns], stream: IO[bytes]
) -> None:
    from bce_cli.core.evaluation import Plan  # noqa: PLC0415
    from bce_cli.core.report import loss_report  # noqa: PLC0415
    from bce_cli.engine.run import evaluate  # noqa: PLC0415

    is_table = wish.output_format in ("table", "markdown")
    has_product = not (wish.quiet or wish.compared)
    plan = Plan(
        convention,
        with_product=has_product,
        n_first=wish.n_first if is_table and has_product else None,
        n_worst=wish.n_worst,
        compared=wish.compared,
        n_differing=5 if is_table else 100,
    )
    result = evaluate(job, plan)
    report = loss_report(result.totals, wish.unit)
    if wish.quiet:
        stream.write(f"{report.mean_loss!r}\n".encode())
        return
    from bce_cli.cli.conventions import comparison  # noqa: PLC0415
    from bce_cli.render.document import Document  # noqa: PLC0415
    from bce_cli.render.report import write_report  # noqa: PLC0415

    (columns,) = found  # announced before the first row
    document = Document(
        sources=tuple(job.paths),
        label_column=columns.label_name,
        prediction_column=columns.prediction_name,
        convention=convention,
        report=report,
        result=result,
        comparison=comparison(wish.compared, result, wish.unit),
    )
    text = write_report(document, wish.output_format, look_for(wish.output, wish.color))
    stream.write(text.encode(encoding_of(wish.output), "backslashreplace"))
