"""bce compute: how good are these predictions, row by row and on average?"""

from __future__ import annotations

from dataclasses import replace

import typer

from bce_cli.cli.compute_output import Wish, write_report, write_rows
from bce_cli.cli.diagnostics import note_data
from bce_cli.cli.engine_options import EngineOptions
from bce_cli.cli.input_options import IdOpt
from bce_cli.cli.loss_options import SideBySideLossOptions
from bce_cli.cli.options import (
    ByOpt,
    ExcelSafeOpt,
    PerExampleOpt,
    QuietOpt,
    RowsOpt,
    SourcesArg,
    WorstOpt,
)
from bce_cli.cli.output_options import RowOutputOptions
from bce_cli.cli.progress import ProgressBar
from bce_cli.cli.scored_input import ScoredInput
from bce_cli.cli.sources import paths_or_help, paths_read
from bce_cli.errors import UsageError

_ROW_BLOCK_BYTES = 1 << 20  # rows as text take several times the room


def compute(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    inputs: ScoredInput,
    id_column: IdOpt = None,
    losses: SideBySideLossOptions,
    per_example: PerExampleOpt = False,
    rows: RowsOpt = 5,
    worst: WorstOpt = 0,
    by: ByOpt = None,
    out: RowOutputOptions,
    excel_safe: ExcelSafeOpt = False,
    quiet: QuietOpt = False,
    engine: EngineOptions,
) -> None:
    """Judge predictions, row by row and on average.

    Computes the binary cross-entropy (log loss) of every row and their mean, exactly. The report
    shows the mean with its 95 % interval, what the base rate would have cost, the raw
    likelihood product underflowing beside the stable sum of logarithms, and rows of the data.

    Examples:

      bce compute preds.csv

      bce compute preds.parquet --format json

      bce compute preds.csv --by country

      bce compute submission.csv --labels solution.csv --on id

      bce compute preds.csv --per-example -f csv -o losses.csv
    """
    paths = paths_or_help(ctx, sources)
    _check(
        quiet=quiet,
        per_example=per_example,
        worst=worst,
        compares=losses.like == "all",
        has_segments=bool(by),
        excel_safe=excel_safe,
        is_csv=out.output_format == "csv",
    )
    if per_example and engine.engine == "dask":
        message = "--per-example writes rows in their order, which --engine dask does not keep"
        raise UsageError(message, "--engine local writes them")
    if out.is_parquet:
        _check_parquet(out, per_example=per_example)
    from bce_cli.cli.conventions import chosen  # noqa: PLC0415 -- --help needs no NumPy

    convention, compared = chosen(losses.like, losses.clip)
    wish = Wish(
        inputs,
        out,
        losses.unit,
        rows,
        worst,
        compared,
        quiet,
        excel_safe,
        id_column is not None,
        bool(by),
    )
    data = inputs.data(
        paths,
        columns=replace(inputs.columns(), id=id_column, segments=tuple(by or ())),
        block_bytes=_row_block_bytes(out) if per_example else None,
    )
    with (
        ProgressBar(enabled=not quiet) as progress,
        out.staged(paths_read(data)) as stream,
    ):
        job = engine.job(data, progress)
        if per_example:
            write_rows(job, convention, wish, stream)
        else:
            write_report(job, paths, convention, wish, stream)
    if not quiet:
        note_data(data, inputs, is_told=out.is_prose and not per_example)


def _row_block_bytes(out: RowOutputOptions) -> int:
    return _ROW_BLOCK_BYTES * (2 if out.is_parquet else 1)  # readers like larger row groups


def _check_parquet(out: RowOutputOptions, *, per_example: bool) -> None:
    if not per_example:
        message = "--format parquet goes with --per-example"
        raise UsageError(message, "it holds rows, not a report")
    out.refuse_terminal()


def _check(
    *,
    quiet: bool,
    per_example: bool,
    worst: int,
    compares: bool,
    has_segments: bool,
    excel_safe: bool,
    is_csv: bool,
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
    if has_segments and (quiet or per_example or worst or compares):
        message = "--by is a table of its own; it goes with no --quiet, --per-example, --worst, "
        raise UsageError(message + "--like all")
    if excel_safe and (not is_csv or not (per_example or worst or has_segments)):
        message = "--excel-safe goes with --format csv and --per-example, --worst or --by"
        raise UsageError(message)
