"""bce compare: which model is better, by how much, and is the difference real?"""

import math
from typing import Annotated

import typer

from bce_cli.cli.input import ComparedInput, ComparedSourcesArg, paths_or_help
from bce_cli.cli.options import ConfidenceOpt, EngineOptions, LossOptions
from bce_cli.cli.output import MOST_ROWS, OutputOptions, quiet_option
from bce_cli.cli.parsing import count_option

EXAMPLES = (
    ("bce compare preds.csv -p old -p new", "two columns of one file"),
    ("bce compare old.csv new.csv", "two files, rows in the same order"),
    ("bce compare old.csv new.csv --on id", "rows joined by id"),
    ("bce compare preds.csv -p a -p b --cluster user", "rows of a user depend"),
)


def compare(
    ctx: typer.Context,
    sources: ComparedSourcesArg = None,
    *,
    inputs: ComparedInput,
    losses: LossOptions,
    confidence: ConfidenceOpt = 0.95,
    rows: Annotated[
        int,
        count_option(
            "--rows",
            "Rows to show of those that gained most, and of those that lost most.",
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
    adjusted by Holm's procedure where there are several.
    """
    paths = paths_or_help(ctx, sources)
    out.check(is_number=quiet)
    asked, convention = inputs.asked(), losses.convention()
    data, sources_read = inputs.models(asked, paths)
    with engine.at_work(data, inputs, out, quiet=quiet) as (job, stream):
        from bce_cli.questions.answers import compare as compared  # noqa: PLC0415 -- not for --help

        n_shown = 0 if quiet or out.brief else rows
        document = compared(
            job,
            asked,
            sources_read,
            convention,
            losses.unit,
            confidence=confidence,
            n_shown=n_shown,
        )
        if quiet:
            values = (found.value for found in document.report.comparisons)
            lines = [f"{math.nan if value is None else value!r}\n" for value in values]
            stream.write("".join(lines).encode())
        else:
            stream.write(out.written(document))
    out.tell([*(data.doubts if quiet else ()), *document.doubts], quiet=quiet)
