"""bce check: may this model pass?"""

from typing import Annotated

import typer

from bce_cli.cli.demanded import Demanded, end_judged
from bce_cli.cli.input import ScoredInput, SourcesArg, paths_or_help
from bce_cli.cli.options import EngineOptions, LossOptions
from bce_cli.cli.output import OutputOptions, quiet_option
from bce_cli.errors import UsageError

EXAMPLES = (
    ("bce check preds.csv --max-loss 0.65", "exit code 0 or 3"),
    ("bce check preds.csv --min-skill 0 --confident", "better than the base rate?"),
    ("bce check new.csv --against old.csv", "no worse than the old model"),
    ("bce check preds.csv --max-ece 0.05 -q", "nothing but the exit code"),
    ("bce check preds.csv --baseline saved.json", "no worse than a saved report"),
)
_USUAL_CONFIDENCE = 0.95


def check(
    ctx: typer.Context,
    sources: SourcesArg = None,
    *,
    demanded: Demanded,
    inputs: ScoredInput,
    losses: LossOptions,
    out: OutputOptions,
    quiet: Annotated[
        bool,
        quiet_option("nothing but errors and doubts; a file of --output is written"),
    ] = False,
    engine: EngineOptions,
) -> None:
    """May this model pass? A gate for CI, by exit code.

    Give at least one limit. Exit code 0 means that every check has passed, 3 that one has failed,
    4 that none has failed but one is undecided, and 65 that the data are bad. An infinite loss
    never passes. --against pairs the rows of two models, and so tells smaller differences than
    --baseline.
    """
    paths = paths_or_help(ctx, sources)
    convention = losses.convention()
    _refuse_idle(demanded)
    limits = demanded.limits(convention)
    out.check()
    asked = demanded.asked(inputs.asked())
    data = asked.data(paths)
    saved = [] if demanded.baseline is None else [demanded.baseline]
    is_silent = quiet and out.path is None
    with engine.at_work(data, inputs, out, quiet=quiet, also_read=saved, is_silent=is_silent) as (
        job,
        stream,
    ):
        from bce_cli.questions.answers import check as judged  # noqa: PLC0415 -- not for --help

        document = judged(job, asked, paths, convention, losses.unit, limits)
        if not is_silent:
            stream.write(out.written(document))
    out.tell([*(data.doubts if quiet else ()), *document.doubts], quiet=quiet)
    end_judged(document, is_told=quiet or out.is_seen)


def _refuse_idle(demanded: Demanded) -> None:
    """Refuse options that would do nothing."""
    for option, is_given in (
        ("--bins", demanded.bins is not None),
        ("--strategy", demanded.strategy is not None),
    ):
        if is_given and demanded.max_ece is None:
            message = f"{option} goes with --max-ece"
            raise UsageError(message)
    for option, is_given in (
        ("--cluster", demanded.cluster is not None),
        ("--confidence", demanded.confidence != _USUAL_CONFIDENCE),
    ):
        if is_given and not demanded.confident:
            message = f"{option} goes with --confident"
            raise UsageError(message, "add --confident: without it there are no intervals")
