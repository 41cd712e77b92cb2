"""bce compare: which model is better, by how much, and is the difference real?"""

import math
from collections.abc import Sequence
from functools import partial
from typing import TYPE_CHECKING, Annotated

import typer

from bce_cli.cli.input import ComparedInput, ComparedSourcesArg, paths_or_help
from bce_cli.cli.options import EngineOptions, LossOptions
from bce_cli.cli.output import MOST_ROWS, OutputOptions, quiet_option
from bce_cli.cli.parsing import count_option
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from bce_cli.data.data import Data

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
    confidence: Annotated[
        float,
        typer.Option(
            "--confidence",
            metavar="LEVEL",
            help="Of every interval and verdict, between 0 and 1.",
        ),
    ] = 0.95,
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
    if not 0.0 < confidence < 1.0:
        message = f"--confidence must lie between 0 and 1, got {confidence:g}"
        raise UsageError(message, "such as 0.95 or 0.99")
    out.check(is_number=quiet)
    data = inputs.models(paths)
    convention = losses.convention()
    with engine.at_work(data, inputs, out, quiet=quiet) as (job, stream):
        from bce_cli.core.comparison import (  # noqa: PLC0415
            ComparisonPlan,
            ComparisonTotals,
            comparison_report,
        )
        from bce_cli.engine.run import fold_rows  # noqa: PLC0415
        from bce_cli.render.compare import CompareDocument, model_doubts  # noqa: PLC0415

        plan = ComparisonPlan(convention, n_shown=0 if quiet or out.brief else rows)
        totals = fold_rows(job, partial(ComparisonTotals.of, plan=plan))
        names = _names(data, inputs, paths)
        report = comparison_report(totals, names, losses.unit, confidence)
        if quiet:
            values = (found.value for found in report.comparisons)
            lines = [f"{math.nan if value is None else value!r}\n" for value in values]
            stream.write("".join(lines).encode())
        else:
            origin, cluster = inputs.origin(data, paths), data.cluster_name
            document = CompareDocument(origin, convention, report, cluster)
            stream.write(out.written(document))
    out.tell([*(data.doubts if quiet else ()), *model_doubts(report)], quiet=quiet)


def _names(data: "Data", inputs: ComparedInput, paths: Sequence[str]) -> list[str]:
    """Call models by their columns, or by their files as briefly as can be."""
    from bce_cli.storage.paths import file_name, without_secrets  # noqa: PLC0415

    if inputs.has_columns:
        names, given = list(data.prediction_names), inputs.predictions
    else:
        names = ["standard input" if path == "-" else file_name(path) for path in paths]
        given = [without_secrets(path) for path in paths]
    return names if len(set(names)) == len(names) else given
