"""bce compute: how good are these predictions, row by row and on average?"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING

import typer

from bce_cli.cli.diagnostics import ExitCode, note_data
from bce_cli.cli.input_options import (
    IdOpt,
    LogitsOpt,
    Rowwise,
    SoftLabelsOpt,
    WeightOpt,
)
from bce_cli.cli.options import (
    ClipOpt,
    Color,
    ColorOpt,
    ExcelSafeOpt,
    FormatOpt,
    LikeOpt,
    OutputOpt,
    PerExampleOpt,
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


_ROW_BLOCK_BYTES = 1 << 20  # rows as text take several times the room


@dataclass(frozen=True, slots=True)
class _Wish:
    """The options that shape the output, and what the rows carry."""

    output_format: FormatOpt
    unit: UnitOpt
    n_first: int
    n_worst: int
    compared: tuple[Convention, ...]
    output: str | None
    quiet: bool
    color: Color
    excel_safe: bool
    has_ids: bool
    has_weights: bool
    soft_labels: bool
    logits: bool


def compute(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    inputs: Rowwise,
    weight: WeightOpt = None,
    id_column: IdOpt = None,
    soft_labels: SoftLabelsOpt = False,
    logits: LogitsOpt = False,
    unit: UnitOpt = "nats",
    like: LikeOpt = "exact",
    clip: ClipOpt = None,
    output_format: FormatOpt = "table",
    per_example: PerExampleOpt = False,
    rows: RowsOpt = 5,
    worst: WorstOpt = 0,
    excel_safe: ExcelSafeOpt = False,
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

      bce compute preds.parquet --format json

      bce compute submission.csv --labels solution.csv --on id

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
    if excel_safe and (output_format != "csv" or not (per_example or worst)):
        message = "--excel-safe goes with --format csv and --per-example or --worst"
        raise UsageError(message)
    from bce_cli.cli.conventions import chosen  # noqa: PLC0415 -- --help needs no NumPy
    from bce_cli.engine.local import default_workers  # noqa: PLC0415
    from bce_cli.engine.run import Job  # noqa: PLC0415

    convention, compared = chosen(like, clip)
    wish = _Wish(
        output_format,
        unit,
        rows,
        worst,
        compared,
        output,
        quiet,
        color,
        excel_safe,
        has_ids=id_column is not None,
        has_weights=weight is not None,
        soft_labels=soft_labels,
        logits=logits,
    )
    data = inputs.data(
        paths,
        weight=weight,
        row_id=id_column,
        soft_labels=soft_labels,
        logits=logits,
        block_bytes=_ROW_BLOCK_BYTES if per_example else None,
    )
    read = [*paths, *([inputs.labels] if inputs.labels else [])]
    with ProgressBar(enabled=not quiet) as progress, staged_output(output, read) as stream:
        job = Job(data, workers or default_workers(), progress)
        if per_example:
            _write_rows(job, convention, wish, stream)
        else:
            _write_report(job, paths, convention, wish, stream)
    if not quiet:
        note_data(data, inputs, is_told=not per_example and output_format not in ("json", "csv"))


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

    rows = RowStream(
        wish.output_format,
        wish.unit,
        has_ids=wish.has_ids,
        has_weights=wish.has_weights,
        soft_labels=wish.soft_labels,
        excel_safe=wish.excel_safe,
    )
    stream.write(rows.header())
    for lines in format_rows(job, convention, rows.rows):
        stream.write(lines)


def _write_report(
    job: Job, paths: list[str], convention: Convention, wish: _Wish, stream: IO[bytes]
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

    data = job.data
    document = Document(
        sources=tuple(paths),
        label_column=data.label_name,
        prediction_column=data.prediction_name,
        convention=convention,
        report=report,
        result=result,
        weight_column=data.columns.weight_name,
        of_logits=wish.logits,
        comparison=comparison(wish.compared, result, wish.unit),
        positive_label=data.labels.positive,
        negative_label=data.labels.other,
        n_missing=data.n_missing,
        n_unmatched=data.n_unmatched,
        excel_safe=wish.excel_safe,
    )
    text = write_report(document, wish.output_format, look_for(wish.output, wish.color))
    stream.write(text.encode(encoding_of(wish.output), "backslashreplace"))
