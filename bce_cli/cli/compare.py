"""bce compare: which model is better, by how much, and is the difference real?"""

from __future__ import annotations

import math
from functools import partial
from typing import TYPE_CHECKING

import typer

from bce_cli.cli.compared_input import ComparedInput
from bce_cli.cli.diagnostics import note_data
from bce_cli.cli.engine_options import EngineOptions
from bce_cli.cli.loss_options import LossOptions
from bce_cli.cli.options import ChangedRowsOpt, ConfidenceOpt, DifferenceQuietOpt, ModelSourcesArg
from bce_cli.cli.output_options import OutputOptions
from bce_cli.cli.progress import ProgressBar
from bce_cli.cli.sources import paths_or_help, paths_read
from bce_cli.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from bce_cli.core.comparison import ComparisonReport
    from bce_cli.core.conventions import Convention
    from bce_cli.readers.open_data import Data


def compare(
    ctx: typer.Context,
    sources: ModelSourcesArg = None,
    *,
    inputs: ComparedInput,
    losses: LossOptions,
    confidence: ConfidenceOpt = 0.95,
    rows: ChangedRowsOpt = 3,
    out: OutputOptions,
    quiet: DifferenceQuietOpt = False,
    engine: EngineOptions,
) -> None:
    """Compare models on the same rows.

    Models are columns of one data set, or files of their own with the same rows. Each is compared
    with the first: the mean difference of losses, paired row by row, with its interval and t-test,
    adjusted by Holm's procedure where there are several.

    Examples:

      bce compare preds.csv -p old -p new

      bce compare old.csv new.csv

      bce compare a.csv b.csv --labels truth.csv --on id

      bce compare preds.csv -p old -p new --cluster user
    """
    paths = paths_or_help(ctx, sources)
    if not 0.0 < confidence < 1.0:
        message = f"--confidence must lie between 0 and 1, got {confidence:g}"
        raise UsageError(message, "such as 0.95 or 0.99")
    data = inputs.models(paths)
    convention = losses.convention()
    with (
        ProgressBar(enabled=not quiet) as progress,
        out.staged(paths_read(data)) as stream,
    ):
        from bce_cli.core.comparison import (  # noqa: PLC0415 -- not for --help
            ComparisonPlan,
            ComparisonTotals,
            comparison_report,
        )
        from bce_cli.engine.run import fold_rows  # noqa: PLC0415

        plan = ComparisonPlan(convention, n_shown=0 if quiet else rows)
        job = engine.job(data, progress)
        totals = fold_rows(job, partial(ComparisonTotals.of, plan=plan))
        names = _names(data, inputs, paths)
        report = comparison_report(totals, names, losses.unit, confidence)
        if quiet:
            stream.write(_differences(report).encode())
        else:
            stream.write(out.encode(_text(report, data, inputs, paths, convention, out)))
    if not quiet:
        note_data(data, inputs, is_told=out.is_prose)


def _names(data: Data, inputs: ComparedInput, paths: Sequence[str]) -> list[str]:
    """Call models by their columns, or by their files as briefly as can be."""
    from bce_cli.readers.storage.addresses import file_name, without_secrets  # noqa: PLC0415

    if inputs.has_columns:
        names, given = list(data.prediction_names), inputs.predictions
    else:
        names = ["standard input" if path == "-" else file_name(path) for path in paths]
        given = [without_secrets(path) for path in paths]
    return names if len(set(names)) == len(names) else given


def _differences(report: ComparisonReport) -> str:
    values = (found.value for found in report.comparisons)
    return "".join(f"{math.nan if value is None else value!r}\n" for value in values)


def _text(
    report: ComparisonReport,
    data: Data,
    inputs: ComparedInput,
    paths: Sequence[str],
    convention: Convention,
    out: OutputOptions,
) -> str:
    from bce_cli.cli.origin import origin_of  # noqa: PLC0415
    from bce_cli.render.models.document import ModelsDocument  # noqa: PLC0415
    from bce_cli.render.models.page import models_page  # noqa: PLC0415
    from bce_cli.render.page import write_page  # noqa: PLC0415

    document = ModelsDocument(
        origin_of(data, inputs, paths), convention, report, data.columns.cluster_name
    )
    return write_page(models_page(document), out.output_format, out.look)
