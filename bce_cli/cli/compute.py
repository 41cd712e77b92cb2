"""bce compute: how good are these predictions, row by row and on average?"""

from __future__ import annotations

import sys

import typer

from bce_cli.cli.compute_output import Wish, write_report, write_rows
from bce_cli.cli.diagnostics import ExitCode, note_data
from bce_cli.cli.input_options import (
    IdOpt,
    LogitsOpt,
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
from bce_cli.cli.rowwise import Rowwise
from bce_cli.errors import UsageError

_ROW_BLOCK_BYTES = 1 << 20  # rows as text take several times the room


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
    _check(
        quiet=quiet,
        per_example=per_example,
        worst=worst,
        compares=like == "all",
        excel_safe=excel_safe,
        is_csv=output_format == "csv",
    )
    from bce_cli.cli.conventions import chosen  # noqa: PLC0415 -- --help needs no NumPy
    from bce_cli.engine.local import default_workers  # noqa: PLC0415
    from bce_cli.engine.run import Job  # noqa: PLC0415

    convention, compared = chosen(like, clip)
    wish = Wish(
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
        labels_source=inputs.labels,
    )
    data = inputs.data(
        paths,
        weight=weight,
        row_id=id_column,
        soft_labels=soft_labels,
        logits=logits,
        block_bytes=_ROW_BLOCK_BYTES if per_example else None,
    )
    with (
        ProgressBar(enabled=not quiet) as progress,
        staged_output(output, inputs.paths_read(paths)) as stream,
    ):
        job = Job(data, workers or default_workers(), progress)
        if per_example:
            write_rows(job, convention, wish, stream)
        else:
            write_report(job, paths, convention, wish, stream)
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


def _check(
    *, quiet: bool, per_example: bool, worst: int, compares: bool, excel_safe: bool, is_csv: bool
) -> None:
    """Refuse options of the output that contradict each other."""
    if quiet and (per_example or worst):
        message = "--quiet prints one number alone; it goes with neither --per-example nor --worst"
        raise UsageError(message)
    if per_example and worst:
        message = "--per-example and --worst are two different outputs"
        raise UsageError(message)
    if compares and (quiet or per_example or worst):
        message = (
            "--like all is a table of its own; it goes with no --quiet, --per-example, --worst"
        )
        raise UsageError(message)
    if excel_safe and (not is_csv or not (per_example or worst)):
        message = "--excel-safe goes with --format csv and --per-example or --worst"
        raise UsageError(message)
