"""bce compare: which model is better, by how much, and is the difference real?"""

import math
from dataclasses import replace
from typing import Annotated, Literal, TypeAlias

import typer

from bce_cli.cli.input import ComparedInput, ComparedSourcesArg, paths_or_help
from bce_cli.cli.options import ConfidenceOpt, EngineOptions, LossOptions
from bce_cli.cli.output import MOST_ROWS, OutputOptions, quiet_option
from bce_cli.cli.parsing import count_option
from bce_cli.errors import UsageError

EXAMPLES = (
    ("bce compare preds.csv -p old -p new", "two columns of one file"),
    ("bce compare old.csv new.csv", "two files in the same order"),
    ("bce compare old.csv new.csv --on id", "rows joined by id"),
    ("bce compare preds.csv -p 'p_*' --sort", "each so called, best first"),
    ("bce compare preds.csv -p a -p b --cluster user", "rows of a user depend"),
    ("bce compare preds.csv -p a -p b --by site", "for whom is b better?"),
)

_MarginOpt: TypeAlias = Annotated[
    float | None,
    typer.Option(
        "--margin",
        metavar="D",
        help="Differences of up to D do not matter: with the whole interval within, models are "
        "equivalent.",
        show_default=False,
    ),
]
_TableOpt: TypeAlias = Annotated[
    Literal["models", "comparisons", "segments"] | None,
    typer.Option(
        "--table",
        metavar="TABLE",
        help="In csv and markdown: models, comparisons or segments.",
        show_default=False,
    ),
]


def compare(
    ctx: typer.Context,
    sources: ComparedSourcesArg = None,
    *,
    inputs: ComparedInput,
    losses: LossOptions,
    confidence: ConfidenceOpt = 0.95,
    margin: _MarginOpt = None,
    sort: Annotated[
        bool, typer.Option("--sort", help="Show models by their mean loss, the lowest first.")
    ] = False,
    table: _TableOpt = None,
    rows: Annotated[
        int,
        count_option(
            "--rows",
            "Rows to show of those that gained and that lost most.",
            MOST_ROWS,
        ),
    ] = 3,
    out: OutputOptions,
    quiet: Annotated[bool, quiet_option("the mean differences alone")] = False,
    engine: EngineOptions,
) -> None:
    """Which model is better, by how much, and is the difference real?

    Models are columns of one data set, or files of their own with the same rows. Each is compared
    with the first: the mean difference of losses, paired row by row, with its interval and t-test,
    adjusted by Holm's procedure. Of several, the best is marked, and what cannot be told from it.
    """
    paths = paths_or_help(ctx, sources)
    out.check(is_number=quiet)
    _refuse_unnamed(quiet=quiet, sort=sort)
    _check_table(table, inputs, out, quiet=quiet)
    asked, convention = inputs.asked(), losses.convention()
    data, models = inputs.models(asked, paths)
    with engine.at_work(data, inputs, out, quiet=quiet) as (job, stream):
        from bce_cli.questions import answers  # noqa: PLC0415 -- not for --help

        question = job, asked, models, convention, losses.unit
        if quiet:
            values, doubts = answers.mean_differences(
                *question, confidence=confidence, margin=margin
            )
            lines = [f"{math.nan if value is None else value!r}\n" for value in values]
            stream.write("".join(lines).encode())
        else:
            document = answers.compare(
                *question,
                confidence=confidence,
                margin=margin,
                n_shown=0 if out.brief else rows,
                is_sorted=sort,
            )
            doubts = document.doubts
            stream.write(out.written(replace(document, table=table)))
    out.tell([*(data.doubts if quiet else ()), *doubts], quiet=quiet)


def _refuse_unnamed(*, quiet: bool, sort: bool) -> None:
    """Refuse to print numbers in an order that nobody can know, without names.

    Raises
    ------
    UsageError
        The options contradict each other.
    """
    if quiet and sort:
        message = (
            "--sort puts models in the order of their loss, and --quiet leaves out their names"
        )
        raise UsageError(
            message, "--format csv --sort has both; without --sort they stand as named"
        )


def _check_table(
    table: str | None, inputs: ComparedInput, out: OutputOptions, *, quiet: bool
) -> None:
    """Refuse a table that would not be there, or beside others anyway.

    Raises
    ------
    UsageError
        The options contradict each other.
    """
    if table is None:
        return
    if quiet or out.text_format not in ("csv", "markdown"):
        message = "--table goes with --format csv or markdown"
        raise UsageError(message, "json, html and the terminal have all tables")
    if table == "segments" and not inputs.by:
        message = "--table segments goes with --by"
        raise UsageError(message, "such as --by site")
