"""bce calibration: where does the loss come from?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bce_cli.cli.input import (
    ByOpt,
    ClusterOpt,
    CutOpt,
    ModelsInput,
    SourcesArg,
    parted,
    paths_or_help,
    paths_read,
)
from bce_cli.cli.options import ConfidenceOpt, EngineOptions, UnitOpt
from bce_cli.cli.output import OutputOptions, checked_picture, plot_option, quiet_option
from bce_cli.cli.parsing import OptionGroup, count_option
from bce_cli.cli.staging import staged_output
from bce_cli.errors import UsageError, safe_text

if TYPE_CHECKING:
    from bce_cli.core.calibration.plan import CalibrationPlan

EXAMPLES = (
    ("bce calibration preds.csv", "can one believe these predictions?"),
    ("bce calibration preds.csv --bootstrap 1000", "and is it more than chance?"),
    ("bce calibration preds.csv -p old -p new", "models in one table and diagram"),
    ("bce calibration preds.csv --by country", "for each country"),
    ("bce calibration preds.csv --cluster user", "rows of a user are not independent"),
    ("bce calibration log/*.parquet --fine-bins", "any number of rows"),
)


class Wanted(OptionGroup):
    """What is to be found out."""

    unit: UnitOpt = "nats"
    bins: Annotated[
        int,
        count_option("--bins", "Bins of the reliability table.", 1000, least=1),
    ] = 10
    strategy: Annotated[
        Literal["uniform", "quantile"],
        typer.Option(
            "--strategy",
            metavar="RULE",
            help="Bins of equal width (uniform), or of about as many rows each (quantile).",
        ),
    ] = "uniform"
    bootstrap: Annotated[
        int,
        count_option(
            "--bootstrap",
            "Resample the rows N times, 1000, say: how much miscalibration is chance.",
            10_000,
        ),
    ] = 0
    seed: Annotated[
        int,
        typer.Option("--seed", metavar="SEED", min=0, help="Resample them with this seed."),
    ] = 0
    fine_bins: Annotated[
        bool,
        typer.Option(
            "--fine-bins",
            help="Hold no rows, but bins of predictions whose odds differ by 6.25 % at most: for "
            "any number of rows.",
        ),
    ] = False
    by: ByOpt = None
    cut: CutOpt = None
    cluster: ClusterOpt = None
    confidence: ConfidenceOpt = 0.95
    plot: Annotated[str | None, plot_option("the reliability diagram")] = None

    def plan(self) -> "CalibrationPlan":
        """Return the same, as the core has it.

        Raises
        ------
        UsageError
            The options contradict each other.
        """
        from bce_cli.core.calibration.plan import CalibrationPlan  # noqa: PLC0415 -- not for help

        return CalibrationPlan(
            self.unit,
            self.bins,
            self.strategy,
            self.bootstrap,
            self.seed,
            self.fine_bins,
            self.confidence,
        )


def calibration(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    inputs: ModelsInput,
    wanted: Wanted,
    out: OutputOptions,
    quiet: Annotated[
        bool,
        quiet_option("the miscalibration of the log loss alone"),
    ] = False,
    engine: EngineOptions,
) -> None:
    """Where does the loss come from, and are predictions calibrated?

    Splits log loss and Brier score into what recalibration would remove, what telling rows apart
    saves, and what the base rate costs; says whether predictions are too high, too low or too
    extreme. 10 million rows take a gigabyte of memory; --fine-bins holds none.
    """
    paths = paths_or_help(ctx, sources)
    _check(wanted, quiet=quiet)
    out.check(is_number=quiet)
    picture = checked_picture(wanted.plot, out.path)
    plan = wanted.plan()
    asked = replace(parted(inputs.asked(), wanted.by, wanted.cut), cluster=wanted.cluster)
    data = asked.data(paths)
    with engine.at_work(data, inputs, out, quiet=quiet) as (job, stream):
        from bce_cli.questions import answers  # noqa: PLC0415

        if quiet and wanted.plot is None and not wanted.fine_bins:
            from bce_cli.render.origin import doubts  # noqa: PLC0415

            found = answers.miscalibrations(job, plan)
            stream.write("".join(f"{each.miscalibration!r}\n" for each in found).encode())
            names = asked.model_names(data, paths) if len(found) > 1 else [""]
            pairs = zip(found, names, strict=True)
            told = [
                doubt
                for each, name in pairs
                if each.losses is not None
                for doubt in doubts(each.losses, safe_text(name))
            ]
        else:
            document = answers.calibration(job, asked, paths, plan, with_gain=not quiet)
            models = document.named_reports
            if quiet:
                lines = [f"{report.log_loss.miscalibration!r}\n" for _, report in models]
                stream.write("".join(lines).encode())
            else:
                stream.write(out.written(document))
            if wanted.plot is not None:
                from bce_cli.render.diagram import plot_models  # noqa: PLC0415

                with staged_output(wanted.plot, paths_read(data), "--plot") as image:
                    plot_models(models, image, picture)
            told = [*(document.doubts if quiet else document.notes)]
    out.tell([*data.doubts, *told] if quiet else told, quiet=quiet)


def _check(wanted: Wanted, *, quiet: bool) -> None:
    """Refuse options that contradict each other."""
    if wanted.by and quiet:
        message = "--by is a table of its own, and --quiet prints one number alone"
        raise UsageError(message)
