"""bce calibration: where does the loss come from?"""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING

import typer

from bce_cli.cli.calibration_options import CalibrationOptions, DiagramOpt, QuietPartOpt
from bce_cli.cli.diagnostics import note_data
from bce_cli.cli.engine_options import EngineOptions
from bce_cli.cli.options import SourcesArg, UnitOpt
from bce_cli.cli.output import staged_output
from bce_cli.cli.output_options import OutputOptions
from bce_cli.cli.picture import checked_picture
from bce_cli.cli.progress import ProgressBar
from bce_cli.cli.scored_input import ScoredInput
from bce_cli.cli.sources import paths_or_help, paths_read

if TYPE_CHECKING:
    from bce_cli.core.calibration.plan import CalibrationPlan
    from bce_cli.core.calibration.report import CalibrationReport
    from bce_cli.engine.run import Job
    from bce_cli.render.origin import Origin


def calibration(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    inputs: ScoredInput,
    unit: UnitOpt = "nats",
    wish: CalibrationOptions,
    plot: DiagramOpt = None,
    out: OutputOptions,
    quiet: QuietPartOpt = False,
    engine: EngineOptions,
) -> None:
    """Tell miscalibration from lack of discrimination and plain uncertainty.

    Splits the mean log loss and the Brier score into what recalibration would remove, what telling
    rows apart saves, and what the base rate costs; says whether predictions are too high, too low
    or too extreme; and shows what happened at every level of prediction, as a table and a diagram.

    Holds all rows in memory: about 100 bytes each, up to 260 with weights, logits and soft labels;
    10 million rows take a gigabyte. --fine-bins holds none of them, however many there are. Losses
    are exact: nothing is clipped.

    Examples:

      bce calibration preds.csv

      bce calibration preds.csv --bootstrap 1000 --plot reliability.png

      bce calibration preds.parquet --strategy quantile --format json

      bce calibration log/*.parquet --fine-bins
    """
    paths = paths_or_help(ctx, sources)
    picture = checked_picture(plot, out.path)
    from bce_cli.cli.origin import origin_of  # noqa: PLC0415 -- --help needs no NumPy

    data, plan = inputs.data(paths), wish.plan(unit)
    read = paths_read(data)
    with ProgressBar(enabled=not quiet) as progress, ExitStack() as outputs:
        stream = outputs.enter_context(out.staged(read))
        report = _report(engine.job(data, progress), plan)
        origin = origin_of(data, inputs, paths)
        text = _text(report, origin, out, quiet=quiet)
        stream.write(out.encode(text))
        if plot is not None:
            from bce_cli.render.diagram import plot_calibration  # noqa: PLC0415

            image = outputs.enter_context(staged_output(plot, read))
            plot_calibration(report, origin.prediction_columns[0], image, picture)
    if not quiet:
        note_data(data, inputs, is_told=out.is_prose)


def _report(job: Job, plan: CalibrationPlan) -> CalibrationReport:
    from bce_cli.core.calibration.report import (  # noqa: PLC0415 -- --help needs no NumPy
        report_of_fine_bins,
        report_of_rows,
    )
    from bce_cli.engine.run import collect_with, fold_rows  # noqa: PLC0415

    if plan.with_fine_bins:
        return report_of_fine_bins(fold_rows(job, plan.totals_of), plan)
    rows, totals = collect_with(job, plan.totals_of)
    return report_of_rows(rows, totals, plan)


def _text(report: CalibrationReport, origin: Origin, out: OutputOptions, *, quiet: bool) -> str:
    if quiet:
        return f"{report.log_loss.miscalibration!r}\n"
    from bce_cli.render.calibration import CalibrationDocument  # noqa: PLC0415
    from bce_cli.render.write import write_document  # noqa: PLC0415

    return write_document(CalibrationDocument(origin, report), out.output_format, out.look)
