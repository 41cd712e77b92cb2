"""bce check: may this model pass?"""

from __future__ import annotations

from contextlib import nullcontext
from functools import partial
from typing import IO, TYPE_CHECKING

import typer

from bce_cli.cli.diagnostics import ExitCode, note_data, report_verdict
from bce_cli.cli.engine_options import EngineOptions
from bce_cli.cli.gate_options import GateOptions
from bce_cli.cli.loss_options import LossOptions
from bce_cli.cli.options import SilentOpt, SourcesArg
from bce_cli.cli.output_options import OutputOptions
from bce_cli.cli.progress import ProgressBar
from bce_cli.cli.scored_input import ScoredInput
from bce_cli.cli.sources import paths_or_help, paths_read

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

    from bce_cli.core.conventions import Convention
    from bce_cli.core.gate import Judgement, Limits
    from bce_cli.core.report import Unit
    from bce_cli.engine.run import Job

_CODES = {
    "passed": ExitCode.OK,
    "failed": ExitCode.GATE_FAILED,
    "undecided": ExitCode.GATE_UNDECIDED,
}


def check(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    gate: GateOptions,
    inputs: ScoredInput,
    losses: LossOptions,
    out: OutputOptions,
    quiet: SilentOpt = False,
    engine: EngineOptions,
) -> None:
    """Hold predictions to limits, and tell by the exit code.

    Give at least one limit. Exit code 0 means that every check has passed, 3 that one has failed,
    4 that none has failed but one is undecided. A loss that is infinite, or a skill that is
    undefined because all labels are the same, never passes. Every row is read, and bad data is an
    error, whatever the checks say.

    With --confident the intervals are judged, with rows taken as independent: of loss, skill and
    Brier score by the normal approximation, of the calibration error by a band that allows for its
    bias. Where rows show no spread, as a constant prediction may, there is no interval, and the
    check is undecided. Against a baseline the difference of the mean losses is judged, as of
    independent samples; for two models on the same rows, bce compare tells smaller ones.

    Examples:

      bce check preds.csv --max-loss 0.65 --min-skill 0.02

      bce check preds.csv --baseline baseline.json --budget 0.005

      bce check preds.parquet --max-ece 0.05 --min-rows 1000 --confident -q
    """
    paths = paths_or_help(ctx, sources)
    convention = losses.convention()
    limits = gate.limits(convention)
    data = inputs.data(paths)
    read = [*paths_read(data), *gate.paths_read()]
    with ProgressBar(enabled=not quiet) as progress, _staged(out, read, quiet=quiet) as stream:
        judgement = _judged(engine.job(data, progress), limits, convention, losses.unit)
        from bce_cli.cli.origin import origin_of  # noqa: PLC0415 -- not for --help
        from bce_cli.render.gate import GateDocument, reasons, write_gate  # noqa: PLC0415

        origin = origin_of(data, inputs, paths)
        document = GateDocument(origin, convention, limits, judgement)
        if stream is not None:
            stream.write(out.encode(write_gate(document, out.output_format, out.look)))
    verdict = judgement.verdict
    if not quiet:
        note_data(data, inputs, is_told=out.is_prose)
        if verdict != "passed":
            report_verdict(verdict, reasons(document))
    raise typer.Exit(_CODES[verdict])


def _staged(
    out: OutputOptions, inputs: list[str], *, quiet: bool
) -> AbstractContextManager[IO[bytes] | None]:
    """Provide the stream of the report; none where it would be standard output, which is quiet."""
    return nullcontext() if quiet and out.path is None else out.staged(inputs)


def _judged(job: Job, limits: Limits, convention: Convention, unit: Unit) -> Judgement:
    from bce_cli.core.gate import GateTotals, judge  # noqa: PLC0415 -- not for --help
    from bce_cli.engine.run import fold_rows  # noqa: PLC0415

    totals = fold_rows(job, partial(GateTotals.of, limits=limits, convention=convention))
    return judge(totals, limits, unit)
