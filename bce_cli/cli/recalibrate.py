"""bce recalibrate: would another map of the probabilities do better on new rows, and which?"""

from dataclasses import replace
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from bce_cli.cli.diagnostics import say
from bce_cli.cli.input import ScoredInput, SourcesArg, paths_or_help, paths_read
from bce_cli.cli.options import ConfidenceOpt, EngineOptions, UnitOpt
from bce_cli.cli.output import OutputOptions, quiet_option
from bce_cli.cli.parsing import OptionGroup
from bce_cli.cli.staging import are_same, staged_output
from bce_cli.errors import UsageError, quoted

if TYPE_CHECKING:
    from bce_cli.core.recalibration.choice import RecalibrationPlan
    from bce_cli.questions.inputs import Inputs

EXAMPLES = (
    ("bce recalibrate preds.csv", "would another map do better?"),
    ("bce recalibrate preds.csv --save map.json", "and keep it"),
    ("bce apply map.json new.csv -o out.csv", "recalibrate new rows with it"),
    ("bce recalibrate preds.csv --cluster user", "rows of a user stay together"),
    ("bce recalibrate preds.csv --order day", "judge on what came after"),
)


class RecalibratedInput(ScoredInput):
    """Labels and predictions, rows that depend on each other, and which of them came before."""

    cluster: Annotated[
        str | None,
        typer.Option(
            "--cluster",
            metavar="COLUMN",
            help="Rows of one user or day, say, depend on each other: they stay in one fold, and "
            "intervals allow for it.",
        ),
    ] = None
    order: Annotated[
        str | None,
        typer.Option(
            "--order",
            metavar="COLUMN",
            help="Fit to what came before, judge on what came after: by numbers, or dates such as "
            "2026-01-31.",
        ),
    ] = None

    def asked(self) -> "Inputs":
        """Return the same, as questions have it."""
        return replace(super().asked(), cluster=self.cluster, order=self.order)


class Wanted(OptionGroup):
    """What is to be found out."""

    unit: UnitOpt = "nats"
    folds: Annotated[
        int | None,
        typer.Option(
            "--folds",
            metavar="N",
            help="Judge each row by maps fitted to the other folds of so many: 10, or fewer where "
            "--order has fewer values.",
        ),
    ] = None
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            metavar="SEED",
            min=0,
            help="Deal rows into folds by chance, with this seed. Else they take turns.",
        ),
    ] = None
    method: Annotated[
        Literal[
            "as-is",
            "offset",
            "temperature",
            "logistic",
            "platt",
            "beta",
            "isotonic",
            "centred",
        ]
        | None,
        typer.Option(
            "--method",
            metavar="NAME",
            help="Set one alone beside as-is: offset, temperature, logistic, platt, beta, isotonic "
            "or centred.",
            show_default=False,
        ),
    ] = None
    confidence: ConfidenceOpt = 0.95
    save: Annotated[
        str | None,
        typer.Option(
            "--save",
            metavar="FILE",
            help="Keep the recommended map, or that of --method, for bce apply.",
        ),
    ] = None

    def plan(self, *, has_order: bool) -> "RecalibrationPlan":
        """Return the same, as the core has it.

        Raises
        ------
        ArgumentError
            An option is outside its domain, or two contradict each other.
        """
        from bce_cli.core.recalibration.choice import (  # noqa: PLC0415 -- not for --help
            RecalibrationPlan,
        )

        return RecalibrationPlan(
            self.folds,
            self.method,
            self.seed,
            self.confidence,
            self.unit,
            has_order=has_order,
        )

    def check_save(self, output: str | None) -> None:
        """Refuse a file for the map that is none, or that of the report.

        Raises
        ------
        UsageError
            As said.
        """
        if self.save is None:
            return
        if self.save in ("", "-"):
            message = f"--save must name a file, got {quoted(self.save)}"
            raise UsageError(message, "such as --save map.json")
        if are_same(self.save, output):
            other = "standard output" if output is None else "--output"
            message = f"--save and {other} are the same file, {quoted(self.save)}"
            raise UsageError(message)


def recalibrate(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    inputs: RecalibratedInput,
    wanted: Wanted,
    out: OutputOptions,
    quiet: Annotated[
        bool,
        quiet_option("the recommended method alone"),
    ] = False,
    engine: EngineOptions,
) -> None:
    """Would another map of the probabilities do better, and which?

    Fits maps from simple to flexible, judges each by rows that it was not fitted to, and recommends
    the simplest that no other clearly beats; often that is to leave predictions as they are. --save
    keeps the map, and bce apply recalibrates new predictions with it.
    """
    paths = paths_or_help(ctx, sources)
    out.check(is_number=quiet)
    wanted.check_save(out.path)
    asked, plan = inputs.asked(), wanted.plan(has_order=inputs.order is not None)
    data = asked.data(paths)
    with engine.at_work(data, inputs, out, quiet=quiet) as (job, stream):
        from bce_cli.questions.answers import recalibrate as recalibrated  # noqa: PLC0415

        document = replace(recalibrated(job, asked, paths, plan), saved_in=wanted.save)
        if quiet:
            stream.write(f"{document.report.recommended}\n".encode())
        else:
            stream.write(out.written(document))
        if wanted.save is not None:
            text = document.saved_map(document.chosen).to_json()
            with staged_output(wanted.save, paths_read(data), "--save") as file:
                file.write(text)
    out.tell([*data.doubts, *document.doubts] if quiet else document.notes, quiet=quiet)
    if wanted.save is not None and not quiet and not out.is_prose:
        say(f"the {document.chosen} map is in {quoted(wanted.save)}")
